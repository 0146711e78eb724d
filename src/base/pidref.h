/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_PIDREF_H
#define PORTCULLIS_BASE_PIDREF_H

/*
 * A reference to one process, which no other process can ever answer to.
 *
 * A pid is reused; a pidfd is not, and its inode number on pidfs names the process for as long as
 * the system is up (kernel 6.9). So: decide by `id`, act by `fd`, print `pid`. Mind that all three
 * survive exec: a PidRef says which process, never which program.
 *
 * States of a PidRef:
 *	unset	PIDREF_NULL
 *	set	fd is an owned pidfd, id its inode number; pid is the number by which this pid
 *		namespace knew the process when the PidRef was made, or 0 if it had been reaped by
 *		then or lives outside this pid namespace
 * A set PidRef stays valid, and equal to others of the same process, after the process is gone.
 * Not thread-safe; may be moved by plain assignment.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

enum {
	_PIDREF_E_SUCCESS,
	PIDREF_E_GONE, /* there is no such process (any more) */
	PIDREF_E_KIND, /* the descriptor is not a pidfd */
	_PIDREF_E_N,
};

typedef struct PidRef {
	pid_t pid;
	int fd;
	uint64_t id;
} PidRef;

#define PIDREF_NULL                                                                                \
	((PidRef){                                                                                 \
		.pid = 0,                                                                          \
		.fd = -EBADF,                                                                      \
		.id = 0,                                                                           \
	})

/* All setters fill *ret, which must be unset, and leave it untouched on failure. */

/* The process that has @pid now. Safe only for a child of ours that is not reaped, or where the
 * caller can tell afterwards that it got the right one. Returns 0, PIDREF_E_GONE, or -errno. */
int pidref_set_pid(PidRef *ret, pid_t pid) _warn_unused_;

/* From a pidfd, which may come from a stranger: it is not touched by anything that can block until
 * it is known to be a pidfd. _take owns @fd on success, _consume always.
 * Returns 0, PIDREF_E_KIND, or -errno. */
int pidref_set_pidfd_take(PidRef *ret, int fd) _warn_unused_;
int pidref_set_pidfd_consume(PidRef *ret, int fd) _warn_unused_;

int pidref_set_self(PidRef *ret) _warn_unused_;

/* Give up the reference; *@ref is unset afterwards. */
void pidref_done(PidRef *ref);

#define _cleanup_pidref_ _cleanup_(pidref_done)

static inline bool pidref_is_set(const PidRef *ref)
{
	return ref->fd >= 0;
}

/* Whether both are set and name the same process. */
static inline bool pidref_equal(const PidRef *a, const PidRef *b)
{
	return pidref_is_set(a) && pidref_is_set(b) && a->id == b->id;
}

/* Whether the process still runs; a zombie does not. Racy by nature when true, final when false. */
bool pidref_is_alive(const PidRef *ref);

/* Whether `pid` still belongs to the process (a zombie's does): call it after something was read by
 * pid, for example from /proc, to know that it was this process. Returns 0, PIDREF_E_GONE (also for
 * a PidRef without a pid), or -errno. */
int pidref_verify(const PidRef *ref) _warn_unused_;

#endif
