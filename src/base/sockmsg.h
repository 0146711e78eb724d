/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_SOCKMSG_H
#define PORTCULLIS_BASE_SOCKMSG_H

/*
 * One message on an AF_UNIX socket, with descriptors and the kernel's word on who sent it.
 *
 * Each function is one system call, does not retry on EINTR, and touches no heap for messages of up
 * to FDLIST_INLINE descriptors. Every descriptor that the kernel installed ends up in the SockMsg,
 * however the message was cut: a caller that always calls sockmsg_deinit() cannot leak one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/fdlist.h"

typedef struct SockMsg {
	size_t n_bytes; /* what was received; with MSG_TRUNC in the flags, what was sent */
	FdList fds; /* all owned, close-on-exec, above stdio */
	bool has_cred; /* false: nobody, the sender's kernel had no credentials to give */
	pid_t pid; /* 0 with has_cred: a process that this pid namespace cannot see */
	uid_t uid;
	gid_t gid;
	int pidfd; /* owned; -EBADF unless SO_PASSPIDFD gave one */
	bool data_truncated; /* the message was longer than the iovec */
	bool fds_truncated; /* at least one descriptor was lost: no free slots, or no memory */
} SockMsg;

#define SOCKMSG_INIT                                                                               \
	{                                                                                          \
		.fds = FDLIST_INIT, .pidfd = -EBADF                                                \
	}

/* An empty message, for a SockMsg that may be deinit'ed before anything was received. */
void sockmsg_init(SockMsg *m);

/* Close all that is left of the message, which is empty and usable afterwards. */
void sockmsg_deinit(SockMsg *m);

#define _cleanup_sockmsg_ _cleanup_(sockmsg_deinit)

/* Send the bytes of @iov and, unless it is NULL or empty, the descriptors of @fds, which stay the
 * caller's. MSG_NOSIGNAL is implied. Returns 0 or -errno; all of a datagram was taken, or nothing.
 */
int sockmsg_send(
	int sock, const struct iovec *iov, int n_iov, const FdList *fds, int flags) _warn_unused_;

/* Receive one message. @m need not be initialised, and must not hold an earlier message; it is
 * always valid for sockmsg_deinit() afterwards, and empty on failure. MSG_CMSG_CLOEXEC is implied.
 * With MSG_PEEK no control message is looked at (the kernel would duplicate every descriptor).
 * The end of a SEQPACKET stream is a message of 0 bytes without has_cred on a socket with
 * SO_PASSCRED. Returns 0 or -errno. */
int sockmsg_recv(int sock, struct iovec *iov, int n_iov, SockMsg *m, int flags) _warn_unused_;

/* Look at one message with all that comes with it, without waiting: the descriptors are duplicates, and it
 * stays in the queue. Which one SO_PEEK_OFF says. Otherwise as above. */
int sockmsg_peek_all(int sock, struct iovec *iov, int n_iov, SockMsg *m) _warn_unused_;

#endif
