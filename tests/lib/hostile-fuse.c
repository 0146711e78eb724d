/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FUSE inodes whose server has stopped to answer. A helper process mounts /dev/fuse by
 * itself in a mount namespace of its own (as root, or in a user namespace where that is
 * allowed), serves until its child has opened the file and passed the descriptor to us,
 * and from then on reads each request and answers none. It reads them because a request
 * that was read can no longer be interrupted, not even by SIGKILL of who waits for it.
 *
 * The helper holds no descriptor of the test but its end of the control socket. When it
 * is killed the kernel aborts the connection and lets everybody go who hangs in it.
 */
#include "tests/lib/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HELPER_CTL = 3, HELPER_DEV = 4, HELPER_DEADLINE_MS = 20000, FILE_SIZE = 65536 };

static const char helper_file[] = "/tmp/inode";

/* One packet: the first byte says what it is. */
enum { PACKET_SKIP = 's', PACKET_FD = 'f', PACKET_ARMED = 'a' };

static void helper_skip(const char *what)
{
	char packet[100];
	int n;

	n = snprintf(packet, sizeof(packet), "%c%s: %s", PACKET_SKIP, what, strerror(errno));
	if (n >= (int)sizeof(packet))
		n = (int)sizeof(packet) - 1;
	(void)send(HELPER_CTL, packet, (size_t)n + 1, MSG_NOSIGNAL);
	_exit(0);
}

static void helper_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		helper_skip(path);
	close(fd);
}

/* A mount namespace in which we may mount; the caller's is never touched. */
static void helper_enter_namespace(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWNS) < 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			helper_skip("no mount namespace");
		helper_write("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1\n", uid);
		helper_write("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1\n", gid);
		helper_write("/proc/self/gid_map", map);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		helper_skip("private mounts");
	if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0)
		helper_skip("mount of a tmpfs");
}

static void helper_mount(HostileKind kind)
{
	bool sock = kind == HOSTILE_FUSE_SOCKET;
	char options[128];
	int dev, fd;

	helper_enter_namespace();
	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		helper_skip("/dev/fuse");
	if (dup3(dev, HELPER_DEV, O_CLOEXEC) < 0 && errno != EINVAL)
		helper_skip("dup3");
	fd = open(helper_file, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	if (fd < 0)
		helper_skip("mount point");
	close(fd);
	/* The mode 0777 of whatever type the root inode is said to have. With default_permissions
	 * the kernel asks for attributes before it lets anybody connect. */
	snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=0,group_id=0,allow_other%s",
		HELPER_DEV, (sock ? S_IFSOCK : S_IFREG) | 0777u,
		sock ? ",default_permissions" : "");
	if (mount("hostile", helper_file, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		helper_skip("mount of FUSE");
}

static int helper_send_fd(int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	char byte = PACKET_FD;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
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
	return sendmsg(HELPER_CTL, &msg, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/* The child of the helper: what it asks, the helper still answers. */
static void opener_main(HostileKind kind)
{
	int flags = kind == HOSTILE_FUSE_FILE ? O_RDONLY : O_PATH;
	struct stat st;
	int fd;

	close(HELPER_DEV);
	fd = open(helper_file, flags | O_CLOEXEC);
	if (fd < 0)
		helper_skip("open of the FUSE file");
	/* So that the kernel knows how large it is: whoever maps it shall wait for its pages. */
	if (kind == HOSTILE_FUSE_FILE)
		(void)fstat(fd, &st);
	_exit(helper_send_fd(fd) < 0 ? 1 : 0);
}

/* Answers one request as a well-behaved server of a single inode would. */
static void helper_answer(const struct fuse_in_header *in, HostileKind kind)
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
	switch (in->opcode) {
	case FUSE_INIT:
		out.body.init.major = FUSE_KERNEL_VERSION;
		out.body.init.minor = 31;
		out.body.init.max_write = 4096;
		len = sizeof(out.body.init);
		break;
	case FUSE_OPEN:
		/* Whoever maps it waits, with the map of his memory locked, for pages that are read. */
		if (kind == HOSTILE_FUSE_FILE)
			out.body.open.open_flags = FOPEN_DIRECT_IO;
		len = sizeof(out.body.open);
		break;
	case FUSE_GETATTR:
		out.body.attr.attr.ino = 1;
		out.body.attr.attr.mode = (kind == HOSTILE_FUSE_SOCKET ? S_IFSOCK : S_IFREG) |
					  0777u;
		out.body.attr.attr.nlink = 1;
		out.body.attr.attr.size = FILE_SIZE;
		len = sizeof(out.body.attr);
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		break;
	default:
		out.header.error = -ENOSYS;
	}
	out.header.len = (uint32_t)(sizeof(out.header) + len);
	(void)!write(HELPER_DEV, &out, out.header.len);
}

static void helper_serve(HostileKind kind, pid_t opener, int opener_pidfd)
{
	/* FUSE wants room for its largest request, whatever comes. */
	static _Alignas(struct fuse_in_header) char request[1 << 17];
	bool armed = false;

	for (;;) {
		struct pollfd p[2] = {
			{.fd = HELPER_DEV, .events = POLLIN},
			{.fd = armed ? -1 : opener_pidfd, .events = POLLIN},
		};

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		if ((p[0].revents & POLLIN) != 0) {
			ssize_t n = read(HELPER_DEV, request, sizeof(request));

			if (n >= (ssize_t)sizeof(struct fuse_in_header) && !armed)
				helper_answer((const void *)request, kind);
			else if (n < 0 && errno == ENODEV)
				_exit(0);
			continue;
		}
		if ((p[0].revents & (POLLERR | POLLHUP)) != 0)
			_exit(0);
		if (p[1].revents != 0) {
			char byte = PACKET_ARMED;

			armed = true;
			(void)waitpid(opener, NULL, 0);
			(void)send(HELPER_CTL, &byte, 1, MSG_NOSIGNAL);
		}
	}
}

static void helper_main(HostileKind kind, int ctl, pid_t parent)
{
	sigset_t none;
	pid_t opener;
	int pidfd;

	if (dup3(ctl, HELPER_CTL, O_CLOEXEC) < 0 && errno != EINVAL)
		_exit(1);
	(void)syscall(SYS_close_range, HELPER_CTL + 1, ~0u, 0);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	helper_mount(kind);
	/* Without the fork handlers of libraries, whose descriptors are closed. */
	opener = _Fork();
	if (opener < 0)
		helper_skip("fork");
	if (opener == 0)
		opener_main(kind);
	pidfd = (int)syscall(SYS_pidfd_open, opener, 0);
	if (pidfd < 0)
		helper_skip("pidfd_open");
	helper_serve(kind, opener, pidfd);
}

/* The next packet of the helper; its descriptor, if it brings one, goes to h->fd. */
static int maker_receive(int ctl, Hostile *h)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char packet[sizeof(h->reason)];
	struct iovec iov = {.iov_base = packet, .iov_len = sizeof(packet) - 1};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct pollfd p = {.fd = ctl, .events = POLLIN};
	struct cmsghdr *cmsg;
	ssize_t n;

	if (poll(&p, 1, HELPER_DEADLINE_MS) != 1)
		return -ETIMEDOUT;
	n = recvmsg(ctl, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n <= 0)
		return n < 0 ? -errno : -ECHILD;
	packet[n] = '\0';
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg != NULL && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(&h->fd, CMSG_DATA(cmsg), sizeof(int));
	if (packet[0] == PACKET_SKIP)
		memcpy(h->reason, packet + 1, (size_t)n);
	return packet[0];
}

int hostile_fuse_make(Hostile *h)
{
	int ctl[2], r;
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ctl) < 0)
		return -errno;
	h->helper = fork();
	if (h->helper == 0) {
		helper_main(h->kind, ctl[1], parent);
		_exit(1);
	}
	r = h->helper < 0 ? -errno : 0;
	close(ctl[1]);
	if (h->helper > 0) {
		do {
			r = maker_receive(ctl[0], h);
		} while (r == PACKET_FD);
	}
	close(ctl[0]);
	if (r == PACKET_ARMED)
		return h->fd >= 0 ? 0 : -EPROTO;
	return r == PACKET_SKIP ? HOSTILE_E_SKIP : r < 0 ? r : -EPROTO;
}
