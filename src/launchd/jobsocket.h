/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_JOBSOCKET_H
#define PORTCULLIS_LAUNCHD_JOBSOCKET_H

/*
 * The sockets that launchd has for a job (the key Sockets): made when the job is loaded, watched while
 * it does not run, and handed to it when it asks.
 *
 * A Unix socket appears at its path complete, with its mode and owner and listening, and replaces only
 * a socket that nobody has open; when the job goes, it is removed if it is still the same. Hosts are
 * numeric addresses, none, or "localhost": launchd never waits for DNS. A description may stand for
 * several sockets, one for each family of addresses; one of them is enough.
 *
 * The open files are shared with the job, and are blocking, as launch_activate_socket(3) gives them
 * elsewhere; but listeners of which launchd itself accepts connections (inetd's way) are not.
 */

#include <sys/stat.h>

#include "base/fdlist.h"
#include "base/loop.h"
#include "launchd/environment.h"
#include "launchd/spec.h"

enum {
	_JOBSOCKET_E_SUCCESS,
	JOBSOCKET_E_REFUSED, /* it cannot be made: *ret_problem says why */
	JOBSOCKET_E_UNKNOWN, /* there is no socket of that name */
	JOBSOCKET_E_TAKEN, /* this run has had it already */
	JOBSOCKET_E_TOO_MANY, /* more than fit into a list */
	_JOBSOCKET_E_N,
};

typedef struct JobSocket {
	const SpecSocket *spec;
	int fds[2]; /* -EBADF where there is none */
	char *path; /* to be removed: the spec's, or of our own choice (secure_key) */
	char *directory; /* of that choice, to be removed too */
	dev_t dev; /* of the inode that we made at the path */
	ino_t ino;
	bool is_taken;
} JobSocket;

typedef struct JobSockets {
	JobSocket *items;
	size_t n;
	LoopSource **sources; /* while armed */
	size_t n_sources;
} JobSockets;

/* Make what @spec, which must stay, describes. @directory (may be NULL) is where sockets with a
 * secure_key go. On failure nothing is left behind. Returns 0, JOBSOCKET_E_REFUSED with the reason on
 * the heap, or -errno. */
int jobsockets_init(JobSockets *sockets, const JobSpec *spec, const char *directory,
	char **ret_problem) _warn_unused_;
/* Accepts a zeroed struct. */
void jobsockets_deinit(JobSockets *sockets);

/* Call @fn for each one that has something to read or accept, until disarmed. Arming what is armed, or
 * disarming what is not, does nothing. */
int jobsockets_arm(JobSockets *sockets, Loop *loop, LoopFn fn, void *userdata) _warn_unused_;
void jobsockets_disarm(JobSockets *sockets);

/* Duplicates of all sockets of that name, once in each run. Returns 0, JOBSOCKET_E_UNKNOWN,
 * JOBSOCKET_E_TAKEN, JOBSOCKET_E_TOO_MANY, or -errno; @ret is unchanged unless 0. */
int jobsockets_dup(JobSockets *sockets, const char *name, FdList *ret) _warn_unused_;
/* Whether those of that name may be taken in this run. */
void jobsockets_set_taken(JobSockets *sockets, const char *name, bool is_taken);
/* A new run: all may be taken. */
void jobsockets_reset(JobSockets *sockets);

/* The paths of the sockets with a secure_key, under these names. */
int jobsockets_add_environment(const JobSockets *sockets, Environment *env) _warn_unused_;

/* The first descriptor, for inetd's way with wait; -EBADF if there is none. */
int jobsockets_get_first(const JobSockets *sockets);
/* Whether launchd accepts connections itself, and starts an instance for each. */
bool jobsockets_is_accepting(const JobSpec *spec);
/* A connection of any of them. Returns the descriptor (blocking), -EAGAIN when there is none, or -errno.
 */
int jobsockets_accept(JobSockets *sockets) _warn_unused_;

#endif
