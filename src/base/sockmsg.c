/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message on an AF_UNIX socket.
 *
 * This is the hottest path there is, so each function is its system call and next to nothing else:
 * the control buffer of a receive lies on the stack, is big enough for whatever the kernel may put
 * there, and is never cleared, since the kernel says how much of it it wrote.
 *
 * A receive must account for every descriptor that the kernel installed, or a peer could fill our
 * table. There are only two kinds of control message that install any: SCM_RIGHTS (which becomes
 * the FdList) and SCM_PIDFD (-> pidfd). All others are data, and skipped. What the kernel could not
 * install, it dropped itself; then it says MSG_CTRUNC.
 *
 * Stateless, hence thread-safe.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/sockmsg.h"
#include "base/uncancelled.h"

/* The kernel's name for "no uid": what a message carries that was sent before anybody asked for
 * credentials. Together with pid 0 it means nobody. */
#define OVERFLOW_UID ((uid_t)65534)

/* SCM_SECURITY is the one variable part, and comes before the descriptors. */
#define SECURITY_LABEL_MAX 512

typedef union ControlBuffer {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDLIST_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)) +
		   CMSG_SPACE(sizeof(int)) + CMSG_SPACE(SECURITY_LABEL_MAX)];
} ControlBuffer;

void sockmsg_init(SockMsg *m)
{
	m->n_bytes = 0;
	fdlist_init(&m->fds);
	m->has_cred = false;
	m->pid = 0;
	m->uid = (uid_t)-1;
	m->gid = (gid_t)-1;
	m->pidfd = -EBADF;
	m->data_truncated = false;
	m->fds_truncated = false;
}

void sockmsg_deinit(SockMsg *m)
{
	fdlist_deinit(&m->fds);
	fd_close(m->pidfd);
	sockmsg_init(m);
}

int sockmsg_send(int sock, const struct iovec *iov, int n_iov, const FdList *fds, int flags)
{
	struct msghdr msg = {
		.msg_iov = (struct iovec *)iov, /* only read */
		.msg_iovlen = (size_t)n_iov,
	};
	ssize_t n;

	if (fds) {
		size_t len;

		msg.msg_control = fdlist_cmsg(fds, &len);
		msg.msg_controllen = len;
	}
	/* Without a header to copy in, the kernel needs a twentieth less time for a message. */
	if (n_iov == 1 && !msg.msg_control)
		n = uncancelled_sendto(
			sock, iov->iov_base, iov->iov_len, flags | MSG_NOSIGNAL, NULL, 0);
	else
		n = uncancelled_sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
	return likely(n >= 0) ? 0 : -errno;
}

/* Returns false if a descriptor was lost. */
static bool take_rights(SockMsg *m, struct cmsghdr *cmsg)
{
	int *fds = (int *)(void *)CMSG_DATA(cmsg);
	size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	bool complete = true;

	for (size_t i = 0; i < n; i++) {
		if (likely(fds[i] >= FD_ABOVE_STDIO))
			continue;
		/* Happens in programs that closed stdio. The slot stays, so that those behind it
		 * keep their numbers. */
		fds[i] = fd_above_stdio_consume(fds[i]);
		if (fds[i] < 0) {
			fds[i] = -EBADF;
			complete = false;
		}
	}
	if (fdlist_add_array_consume(&m->fds, fds, n) != 0)
		complete = false; /* out of memory: all are closed */
	return complete;
}

static void take_pidfd(SockMsg *m, const struct cmsghdr *cmsg)
{
	int fd;

	/* If the kernel could not make one, its error code stands here. */
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	if (fd < 0)
		return;
	fd = fd_above_stdio_consume(fd);
	fd_close(m->pidfd);
	m->pidfd = fd < 0 ? -EBADF : fd;
}

static void take_cred(SockMsg *m, const struct cmsghdr *cmsg)
{
	struct ucred cred;

	memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
	m->has_cred = cred.pid != 0 || cred.uid != OVERFLOW_UID;
	m->pid = cred.pid;
	m->uid = cred.uid;
	m->gid = cred.gid;
}

static void take_control(SockMsg *m, struct msghdr *msg)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (unlikely(cmsg->cmsg_level != SOL_SOCKET))
			continue;
		if (cmsg->cmsg_type == SCM_CREDENTIALS) {
			take_cred(m, cmsg);
		} else if (cmsg->cmsg_type == SCM_RIGHTS) {
			if (!take_rights(m, cmsg))
				m->fds_truncated = true;
		} else if (cmsg->cmsg_type == SCM_PIDFD) {
			take_pidfd(m, cmsg);
		}
	}
}

static inline int recv_with(int sock, struct iovec *iov, int n_iov, SockMsg *m, int flags, bool all)
{
	ControlBuffer control;
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = (size_t)n_iov,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	sockmsg_init(m);
	if (unlikely(!all)) {
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
	}
	n = uncancelled_recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	if (unlikely(n < 0))
		return -errno;
	m->n_bytes = (size_t)n;
	m->data_truncated = msg.msg_flags & MSG_TRUNC;
	m->fds_truncated = (msg.msg_flags & MSG_CTRUNC) && all;
	if (msg.msg_controllen > 0)
		take_control(m, &msg);
	return 0;
}

int sockmsg_recv(int sock, struct iovec *iov, int n_iov, SockMsg *m, int flags)
{
	return recv_with(sock, iov, n_iov, m, flags, !(flags & MSG_PEEK));
}

int sockmsg_peek_all(int sock, struct iovec *iov, int n_iov, SockMsg *m)
{
	return recv_with(sock, iov, n_iov, m, MSG_PEEK | MSG_DONTWAIT, true);
}
