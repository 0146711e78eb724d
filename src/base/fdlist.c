/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of descriptors in the shape of a control message.
 *
 * The control message's header is kept up to date with each change, so that a const list can be
 * sent. A list begins in line; the ninth descriptor moves it to the heap, in a block that doubles up
 * to the kernel's limit. It never moves back.
 *
 * Invariants: n <= FDLIST_MAX; len of the header in force covers exactly n slots; the bit in
 * `borrowed` of a slot at or above n is 0. Memory that does not yet hold a slot is never read.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/fdlist.h"

_Static_assert(offsetof(FdListCmsg, fds) == CMSG_LEN(0), "data directly behind the header");
_Static_assert(offsetof(FdListCmsg, len) == offsetof(struct cmsghdr, cmsg_len), "cmsg_len");
_Static_assert(offsetof(FdListCmsg, level) == offsetof(struct cmsghdr, cmsg_level), "cmsg_level");
_Static_assert(offsetof(FdListCmsg, type) == offsetof(struct cmsghdr, cmsg_type), "cmsg_type");
_Static_assert(offsetof(FdList, small.fds) - offsetof(FdList, small) == CMSG_LEN(0), "in line");
_Static_assert(FDLIST_MAX <= 64 * ARRAY_SIZE(((FdList *)0)->borrowed), "one bit for each slot");

static int *slots(FdList *list)
{
	return list->heap ? list->heap->fds : list->small.fds;
}

static void set_count(FdList *list, size_t n)
{
	size_t len = CMSG_LEN(n * sizeof(int));

	list->n = (uint16_t)n;
	if (list->heap) {
		list->heap->len = len;
		list->heap->level = SOL_SOCKET;
		list->heap->type = SCM_RIGHTS;
	} else {
		list->small.len = len;
		list->small.level = SOL_SOCKET;
		list->small.type = SCM_RIGHTS;
	}
}

/* Make room for @n more slots. */
static int reserve(FdList *list, size_t n)
{
	size_t room = list->heap ? list->n_heap : FDLIST_INLINE;
	FdListCmsg *heap;

	if (n > (size_t)FDLIST_MAX - list->n)
		return FDLIST_E_FULL;
	if (likely(list->n + n <= room))
		return 0;
	room = MIN(MAX(list->n + n, room * 2), (size_t)FDLIST_MAX);
	heap = realloc(list->heap, CMSG_SPACE(room * sizeof(int)));
	if (!heap)
		return error_origin(-ENOMEM);
	if (!list->heap)
		memcpy(heap->fds, list->small.fds, list->n * sizeof(int));
	list->heap = heap;
	list->n_heap = (uint16_t)room;
	return 0;
}

static void dispose_by_close(int fd)
{
	fd_close(fd);
}

void fdlist_deinit_by(FdList *list, void (*dispose)(int fd))
{
	const int *fds = fdlist_array(list);

	for (size_t i = 0; i < list->n; i++)
		if (fds[i] >= 0 && !fdlist_is_borrowed(list, i))
			dispose(fds[i]);
	free(list->heap);
	fdlist_init(list);
}

void fdlist_deinit(FdList *list)
{
	fdlist_deinit_by(list, dispose_by_close);
}

int fdlist_add_array_consume(FdList *list, const int *fds, size_t n)
{
	int r = reserve(list, n);

	if (unlikely(r != 0)) {
		for (size_t i = 0; i < n; i++)
			fd_close(fds[i]);
		return r;
	}
	if (n > 0) {
		memcpy(slots(list) + list->n, fds, n * sizeof(int));
		set_count(list, list->n + n);
	}
	return 0;
}

int fdlist_add_consume(FdList *list, int fd)
{
	assert(fd >= 0);
	return fdlist_add_array_consume(list, &fd, 1);
}

int fdlist_add_dup(FdList *list, int fd)
{
	int copy = fd_dup(fd);

	if (copy < 0)
		return error_trace(copy);
	return fdlist_add_consume(list, copy);
}

int fdlist_add_borrow(FdList *list, int fd)
{
	size_t i = list->n;
	int r;

	assert(fd >= 0);
	r = reserve(list, 1);
	if (r != 0)
		return r;
	slots(list)[i] = fd;
	list->borrowed[i / 64] |= UINT64_C(1) << (i % 64);
	set_count(list, i + 1);
	return 0;
}

struct cmsghdr *fdlist_cmsg(const FdList *list, size_t *ret_len)
{
	if (list->n == 0) {
		*ret_len = 0;
		return NULL;
	}
	*ret_len = CMSG_LEN(list->n * sizeof(int));
	/* sendmsg() only reads it, but takes no const. */
	return list->heap ? (struct cmsghdr *)list->heap : (struct cmsghdr *)&list->small;
}

int fdlist_steal(FdList *list, size_t i)
{
	int fd;

	if (i >= list->n || fdlist_is_borrowed(list, i))
		return -EBADF;
	fd = slots(list)[i];
	slots(list)[i] = -EBADF;
	return fd;
}
