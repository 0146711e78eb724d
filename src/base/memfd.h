/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_MEMFD_H
#define PORTCULLIS_BASE_MEMFD_H

/*
 * Memory that travels: memfds, and the question whether one that a stranger sent can be trusted to
 * stay as it is.
 *
 * The checks may be given any descriptor whatever. They use nothing that can leave the kernel before
 * F_GET_SEALS has proved that the file is shared memory.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

enum {
	_MEMFD_E_SUCCESS,
	MEMFD_E_NOT_SEALED, /* shared memory, but a seal that was asked for is missing */
	MEMFD_E_KIND, /* not shared memory of ordinary pages, or not open for reading */
	_MEMFD_E_N,
};

/* An empty memfd that can be sealed, never be executed, and is close-on-exec and above stdio. @name
 * shows up in /proc/PID/maps. Returns the descriptor or -errno. */
int memfd_new(const char *name) _warn_unused_;

/* The same, holding a copy of @size bytes at @data, fully sealed. */
int memfd_new_sealed(const char *name, const void *data, size_t size) _warn_unused_;

/* Make content and size final. -EBUSY while a writable shared mapping exists. Returns 0 or -errno. */
int memfd_seal(int fd) _warn_unused_;

/* Make the size final, and leave the content writable: for pages that two sides share. */
int memfd_seal_size(int fd) _warn_unused_;

/* Whether neither size nor content can ever change again. Mind that reading a hole allocates a page
 * on the reader's account: *ret_size is what must be charged. Returns 0, MEMFD_E_NOT_SEALED,
 * MEMFD_E_KIND, or -errno. @ret_size may be NULL. */
int memfd_check_sealed(int fd, uint64_t *ret_size) _warn_unused_;

/* Whether the size can never change again, so that a shared mapping of it cannot fault. */
int memfd_check_size_sealed(int fd, uint64_t *ret_size) _warn_unused_;

#endif
