/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_FDLIST_H
#define PORTCULLIS_BASE_FDLIST_H

/*
 * A list of descriptors that cannot leak: what the list owns when it dies is closed.
 *
 * The storage is laid out as the SCM_RIGHTS control message that sendmsg(2) wants, so that sending
 * a list copies nothing. Up to FDLIST_INLINE descriptors need no heap.
 *
 * Slots are numbered in the order of adding. A slot is owned (closed by deinit), borrowed (never
 * closed), or empty (-EBADF, after a steal). Slots never move: the index by which a message body
 * names a descriptor stays right while others are stolen. A list with an empty slot cannot be sent
 * (-EBADF).
 *
 * The struct holds no pointer into itself: it may be moved by plain assignment, after which the
 * source must be initialised again or forgotten. Not thread-safe.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define FDLIST_MAX 253 /* SCM_MAX_FD: the kernel's limit for one message */
#define FDLIST_INLINE 8

enum {
	_FDLIST_E_SUCCESS,
	FDLIST_E_FULL, /* the list holds FDLIST_MAX descriptors */
	_FDLIST_E_N,
};

/* A struct cmsghdr with its data, spelled out because the real one may not be embedded. */
typedef struct FdListCmsg {
	size_t len;
	int level;
	int type;
	int fds[];
} FdListCmsg;

typedef struct FdList {
	uint16_t n; /* slots in use */
	uint16_t n_heap; /* room in heap, 0 while the list is in line */
	FdListCmsg *heap; /* NULL while the list is in line */
	uint64_t borrowed[4]; /* one bit for each slot */
	struct {
		size_t len;
		int level;
		int type;
		int fds[FDLIST_INLINE];
	} small; /* as FdListCmsg */
} FdList;

#define FDLIST_INIT                                                                                \
	{                                                                                          \
		.n = 0, .n_heap = 0, .heap = NULL, .borrowed = { 0 }                               \
	}

static inline void fdlist_init(FdList *list)
{
	list->n = 0;
	list->n_heap = 0;
	list->heap = NULL;
	for (size_t i = 0; i < 4; i++)
		list->borrowed[i] = 0;
}

/* Close all that the list still owns. The list is empty and usable afterwards. */
void fdlist_deinit(FdList *list);

/* The same, but every owned descriptor goes to @dispose, which consumes it: for descriptors of a
 * stranger, which must not be closed by a thread that has other things to do. */
void fdlist_deinit_by(FdList *list, void (*dispose)(int fd));

#define _cleanup_fdlist_ _cleanup_(fdlist_deinit)

/* Add @fd to the list, which owns it from now on; on any failure it is closed.
 * Returns 0, FDLIST_E_FULL, or -ENOMEM. */
int fdlist_add_consume(FdList *list, int fd) _warn_unused_;

/* Add a duplicate of @fd. Returns 0, FDLIST_E_FULL, -ENOMEM, or -errno of the dup. */
int fdlist_add_dup(FdList *list, int fd) _warn_unused_;

/* Add @fd itself, which stays the caller's and must stay open while it is listed.
 * Returns 0, FDLIST_E_FULL, or -ENOMEM. */
int fdlist_add_borrow(FdList *list, int fd) _warn_unused_;

/* Add @n descriptors at once, in order; on any failure none is added and all are closed.
 * Returns 0, FDLIST_E_FULL, or -ENOMEM. */
int fdlist_add_array_consume(FdList *list, const int *fds, size_t n) _warn_unused_;

/* The control message as sendmsg(2) wants it, and its length; NULL and 0 for an empty list.
 * Valid until the list is changed or moved. */
struct cmsghdr *fdlist_cmsg(const FdList *list, size_t *ret_len);

/* How many slots there are, empty ones included. */
static inline size_t fdlist_count(const FdList *list)
{
	return list->n;
}

/* The descriptors, fdlist_count() of them, -EBADF where a slot is empty. */
static inline const int *fdlist_array(const FdList *list)
{
	return list->heap ? list->heap->fds : list->small.fds;
}

static inline bool fdlist_is_borrowed(const FdList *list, size_t i)
{
	return i < FDLIST_MAX && (list->borrowed[i / 64] >> (i % 64) & 1);
}

/* The descriptor in slot @i, still the list's; -EBADF if there is none. */
static inline int fdlist_get(const FdList *list, size_t i)
{
	return i < list->n ? fdlist_array(list)[i] : -EBADF;
}

/* Take the descriptor out of slot @i, which becomes empty. The caller owns it. -EBADF if the slot
 * is out of range or empty, or only borrows its descriptor. */
int fdlist_steal(FdList *list, size_t i);

#endif
