/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: memory of which a page is never filled. Whoever reads from it or writes to it stays in
 * the fault, and so does the kernel when it copies from there, with all the locks that it holds at
 * that moment. It is a mapping of a FUSE file whose server answers everything but reads.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

typedef struct Stuck {
	pid_t server;
	int fd; /* of the file, for those who want to map it themselves */
	void *page; /* readable and writable, private */
} Stuck;

/* No FUSE here. */
#define STUCK_E_SKIP 1

static inline void stuck_answer(int dev, const struct fuse_in_header *in)
{
	struct {
		struct fuse_out_header header;
		union {
			struct fuse_init_out init;
			struct fuse_open_out open;
			struct fuse_attr_out attr;
		} body;
	} out;
	size_t len = 0;

	memset(&out, 0, sizeof(out));
	out.header.unique = in->unique;
	if (in->opcode == FUSE_READ || in->opcode == FUSE_FORGET)
		return;
	if (in->opcode == FUSE_INIT) {
		out.body.init.major = FUSE_KERNEL_VERSION;
		out.body.init.minor = 31;
		out.body.init.max_write = 4096;
		len = sizeof(out.body.init);
	} else if (in->opcode == FUSE_OPEN) {
		len = sizeof(out.body.open);
	} else if (in->opcode == FUSE_GETATTR) {
		out.body.attr.attr_valid = 3600;
		out.body.attr.attr.ino = 1;
		out.body.attr.attr.mode = S_IFREG | 0777;
		out.body.attr.attr.nlink = 1;
		out.body.attr.attr.size = 1 << 20;
		len = sizeof(out.body.attr);
	} else if (in->opcode != FUSE_FLUSH && in->opcode != FUSE_RELEASE) {
		out.header.error = -ENOSYS;
	}
	out.header.len = (uint32_t)(sizeof(out.header) + len);
	(void)!write(dev, &out, out.header.len);
}

static inline void stuck_serve(int dev)
{
	static _Alignas(struct fuse_in_header) char request[1 << 17];

	for (;;) {
		ssize_t n = read(dev, request, sizeof(request));

		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			stuck_answer(dev, (const void *)request);
		else if (n < 0 && errno != EINTR && errno != ENOENT)
			_exit(0);
	}
}

static inline void stuck_send_fd(int sock, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = {.iov_base = (void *)(uintptr_t) "f", .iov_len = 1};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	(void)sendmsg(sock, &msg, MSG_NOSIGNAL);
}

static inline int stuck_receive_fd(int sock)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd = -EBADF;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* In a process of its own: mounts, opens and passes the file with a child, and serves. */
static inline void stuck_server(int sock, pid_t parent)
{
	char options[100];
	struct stat st;
	int dev, fd;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Nothing of the test's must stay open because of us. */
	if (sock != 3 && dup3(sock, 3, O_CLOEXEC) < 0)
		_exit(1);
	sock = 3;
	(void)syscall(SYS_close_range, 4, ~0u, 0);
	if (getppid() != parent || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0)
		_exit(1);
	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	fd = open("/tmp/stuck", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (dev < 0 || fd < 0)
		_exit(1);
	close(fd);
	snprintf(options, sizeof(options), "fd=%d,rootmode=100777,user_id=0,group_id=0,allow_other",
		dev);
	if (mount("stuck", "/tmp/stuck", "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		_exit(1);
	if (fork() == 0) {
		close(dev);
		fd = open("/tmp/stuck", O_RDWR | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &st) == 0)
			stuck_send_fd(sock, fd);
		_exit(0);
	}
	close(sock);
	(void)signal(SIGCHLD, SIG_IGN);
	stuck_serve(dev);
}

static inline void stuck_deinit(Stuck *stuck)
{
	/* The kernel then aborts the connection, and all faults end in an error. */
	if (stuck->server > 0) {
		(void)kill(stuck->server, SIGKILL);
		(void)waitpid(stuck->server, NULL, 0);
	}
	if (stuck->page)
		(void)munmap(stuck->page, 4096);
	if (stuck->fd >= 0)
		close(stuck->fd);
	*stuck = (Stuck){.fd = -EBADF};
}

static inline int stuck_make(Stuck *ret)
{
	Stuck stuck = {.fd = -EBADF};
	pid_t parent = getpid();
	int pair[2];

	*ret = stuck;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	stuck.server = fork();
	if (stuck.server == 0) {
		close(pair[0]);
		stuck_server(pair[1], parent);
		_exit(1);
	}
	close(pair[1]);
	stuck.fd = stuck_receive_fd(pair[0]);
	close(pair[0]);
	if (stuck.fd < 0) {
		stuck_deinit(&stuck);
		return STUCK_E_SKIP;
	}
	stuck.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, stuck.fd, 0);
	if (stuck.page == MAP_FAILED) {
		stuck.page = NULL;
		stuck_deinit(&stuck);
		return STUCK_E_SKIP;
	}
	*ret = stuck;
	return 0;
}

/* The thread or process is asleep in the kernel: its state is S or D for a while. */
static inline bool stuck_wait_asleep(pid_t pid)
{
	char path[64], text[256];
	int asleep = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (int i = 0; i < 5000 && asleep < 20; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		const char *state;

		if (fd >= 0)
			close(fd);
		if (n <= 0)
			return false;
		text[n] = '\0';
		state = strrchr(text, ')');
		asleep = state && (state[2] == 'S' || state[2] == 'D') ? asleep + 1 : 0;
		(void)poll(NULL, 0, 1);
	}
	return asleep >= 20;
}
