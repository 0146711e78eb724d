/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that are no cancellation points, and otherwise what their namesakes are. In a process with
 * several threads libc surrounds those that are with two atomic exchanges, which is a tenth of a short
 * call; and the lock of a task is no place to end a thread in.
 *
 * Under a sanitizer they are their namesakes: it must see what is read and written, and who waits for
 * whom.
 */
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

ssize_t uncancelled_sendmsg(int fd, const struct msghdr *msg, int flags);

/* `to`: NULL, where the socket is connected. */
ssize_t uncancelled_sendto(int fd, const void *bytes, size_t size, int flags,
	const struct sockaddr *to, socklen_t to_size);

ssize_t uncancelled_recvmsg(int fd, struct msghdr *msg, int flags);

int uncancelled_close(int fd);

int uncancelled_fallocate(int fd, int mode, off_t offset, off_t size);
