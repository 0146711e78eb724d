/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_FD_H
#define PORTCULLIS_BASE_FD_H

/*
 * Single descriptors. Every descriptor of ours is close-on-exec from birth and lies above stdio, so
 * that a program that closes 0, 1 or 2, or writes to them, never hits a capability.
 */

#include <stdbool.h>

#include "base/cleanup.h" /* fd_closep(), _cleanup_close_, TAKE_FD() */

/* The lowest number that a descriptor of ours may have. */
#define FD_ABOVE_STDIO 3

/* Close @fd unless it is negative; a mistaken close of a number that is not open is caught by an
 * assertion. Always returns -EBADF: fd = fd_close(fd). Preserves errno. */
int fd_close(int fd);

/* A duplicate of @fd, close-on-exec and above stdio. Returns the descriptor or -errno. */
int fd_dup(int fd) _warn_unused_;

/* @fd itself if it lies above stdio, else a duplicate that does; @fd is then closed. A negative @fd
 * is passed through, so that fd_above_stdio_consume(open(...)) needs one check only: but open()'s
 * -1 must be turned into -errno by the caller. Returns the descriptor or -errno. */
int fd_above_stdio_consume(int fd) _warn_unused_;

int fd_set_cloexec(int fd, bool on) _warn_unused_;

/* Mind that O_NONBLOCK belongs to the open file, so that every holder of a duplicate sees it. */
int fd_set_nonblock(int fd, bool on) _warn_unused_;

/* Raise the soft RLIMIT_NOFILE to the hard one. The first call does it, later ones return the
 * first one's result. The kernel counts descriptors in flight against the soft limit. */
int fd_raise_nofile(void) _warn_unused_;

/* All of it, whatever the kernel takes at a time. Returns 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t size) _warn_unused_;

/* Up to the end, or until @max bytes have come. Returns 0 with how many, or -errno. */
int fd_read_up_to(int fd, void *data, size_t max, size_t *ret) _warn_unused_;

/* How many descriptors this process has open. Returns the number, or -errno where /proc cannot be
 * read. One system call, no descriptor needed (since kernel 6.2, a directory of /proc/PID/fd has
 * the count as its size). */
int fd_count_open(void) _warn_unused_;

/* The soft RLIMIT_NOFILE (at most INT_MAX), as read first or as raised by fd_raise_nofile(). */
int fd_limit(void);

#endif
