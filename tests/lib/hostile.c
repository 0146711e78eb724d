/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See hostile.h. One maker for each kind, in a table. A maker fills h->fd, h->aux and,
 * when it cannot, h->reason; hostile_make() cleans up after one that failed half-way.
 * Sockets are bound in a fresh directory of the file system on which ports live, so that
 * an address made here has a device that the receiver knows.
 */
#include "tests/lib/hostile.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

#define SEALS_ALL (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Long enough for any deadline of a test to be seen to hold. */
#define LINGER_SECONDS 30

__attribute__((format(printf, 2, 3))) static int skip(Hostile *h, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(h->reason, sizeof(h->reason), format, ap);
	va_end(ap);
	return HOSTILE_E_SKIP;
}

/* Above stdio, whatever was closed there: a maker's descriptor must not be 0. */
static int keep(int fd, int *ret)
{
	int high;

	if (fd < 0)
		return -errno;
	if (fd < 3) {
		high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		close(fd);
		fd = high;
		if (fd < 0)
			return -errno;
	}
	*ret = fd;
	return 0;
}

static void set_nonblock(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	(void)fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

/* Memory. */

static int memfd_make(Hostile *h, unsigned flags, off_t size, int seals)
{
	int fd, r;

	fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
	r = keep(fd, &h->fd);
	if (r < 0)
		return r;
	if (ftruncate(h->fd, size) < 0 || fcntl(h->fd, F_ADD_SEALS, seals) < 0)
		return -errno;
	return 0;
}

static int make_memfd_unsealed(Hostile *h)
{
	return memfd_make(h, 0, 1 << 20, 0);
}

static int make_memfd_shrink(Hostile *h)
{
	return memfd_make(h, 0, 1 << 20, F_SEAL_GROW | F_SEAL_WRITE);
}

static int make_memfd_sparse(Hostile *h)
{
	return memfd_make(h, 0, (off_t)1 << 46, SEALS_ALL);
}

static int make_memfd_empty(Hostile *h)
{
	return memfd_make(h, 0, 0, SEALS_ALL);
}

static int make_memfd_hugetlb(Hostile *h)
{
	int r = memfd_make(h, MFD_HUGETLB, (off_t)1 << 40, SEALS_ALL);

	return r < 0 ? skip(h, "no memfd of huge pages: %s", strerror(-r)) : r;
}

static int make_memfd_write_only(Hostile *h)
{
	char path[64];
	int fd, r;

	r = memfd_make(h, 0, 1 << 16, 0);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", h->fd);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return skip(h, "reopening through /proc: %s", strerror(errno));
	close(h->fd);
	h->fd = fd;
	return fcntl(h->fd, F_ADD_SEALS, SEALS_ALL) < 0 ? -errno : 0;
}

/* Files. */

static int make_proc_mem(Hostile *h)
{
	int r = keep(open("/proc/self/mem", O_RDONLY | O_CLOEXEC), &h->fd);

	return r < 0 ? skip(h, "/proc/self/mem: %s", strerror(-r)) : 0;
}

static int make_proc_maps(Hostile *h)
{
	int r = keep(open("/proc/self/maps", O_RDONLY | O_CLOEXEC), &h->fd);

	return r < 0 ? skip(h, "/proc/self/maps: %s", strerror(-r)) : 0;
}

static int make_directory(Hostile *h)
{
	return keep(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), &h->fd);
}

static int make_directory_path(Hostile *h)
{
	return keep(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), &h->fd);
}

static int make_device(Hostile *h)
{
	return keep(open("/dev/zero", O_RDWR | O_CLOEXEC), &h->fd);
}

static int make_epoll(Hostile *h)
{
	return keep(epoll_create1(EPOLL_CLOEXEC), &h->fd);
}

static int make_io_uring(Hostile *h)
{
	/* struct io_uring_params, which Debian 12's libc headers need not have: 120 bytes. */
	uint32_t params[30] = {};
	int r;

	r = keep((int)syscall(SYS_io_uring_setup, 4, params), &h->fd);
	if (r < 0)
		return skip(h, "io_uring_setup: %s", strerror(-r));
	(void)fcntl(h->fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

static int make_pidfd(Hostile *h)
{
	return keep((int)syscall(SYS_pidfd_open, getpid(), 0), &h->fd);
}

static int make_eventfd_full(Hostile *h)
{
	uint64_t most = UINT64_MAX - 1;
	int r;

	r = keep(eventfd(0, EFD_CLOEXEC), &h->fd);
	if (r < 0)
		return r;
	return write(h->fd, &most, sizeof(most)) < 0 ? -errno : 0;
}

/* Pipes. */

static int pipe_make(Hostile *h, int end)
{
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	r = keep(fds[end], &h->fd);
	return r < 0 ? (close(fds[!end]), r) : keep(fds[!end], &h->aux[0]);
}

static void pipe_stuff(int fd)
{
	static const char page[4096];

	set_nonblock(fd, 1);
	while (write(fd, page, sizeof(page)) > 0)
		;
	while (write(fd, page, 1) > 0)
		;
	set_nonblock(fd, 0);
}

static int make_pipe_read(Hostile *h)
{
	int r = pipe_make(h, 0);

	if (r == 0)
		pipe_stuff(h->aux[0]);
	return r;
}

static int make_pipe_full(Hostile *h)
{
	int r = pipe_make(h, 1);

	if (r == 0)
		pipe_stuff(h->fd);
	return r;
}

static int make_pipe_orphan(Hostile *h)
{
	int r = pipe_make(h, 1);

	if (r == 0) {
		close(h->aux[0]);
		h->aux[0] = -EBADF;
	}
	return r;
}

static int make_pipe_rdwr(Hostile *h)
{
	char path[64];
	int r;

	r = pipe_make(h, 1);
	if (r < 0)
		return r;
	close(h->fd);
	h->fd = -EBADF;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", h->aux[0]);
	r = keep(open(path, O_RDWR | O_CLOEXEC), &h->fd);
	return r < 0 ? skip(h, "reopening through /proc: %s", strerror(-r)) : 0;
}

/* Sockets. */

/* Binds `sock` to a fresh name where ports live; an O_PATH descriptor of its inode goes
 * to *ret_path. No name is left. */
static int socket_bind(int sock, int *ret_path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char dir[] = "/dev/shm/hostile-XXXXXX";
	int r = 0;

	if (mkdtemp(dir) == NULL)
		return -errno;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/s", dir);
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		r = -errno;
	} else {
		(void)chmod(addr.sun_path, 0777);
		r = keep(open(addr.sun_path, O_PATH | O_CLOEXEC), ret_path);
		(void)unlink(addr.sun_path);
	}
	(void)rmdir(dir);
	return r;
}

static int bound_make(int type, int *ret_sock, int *ret_path)
{
	int r;

	r = keep(socket(AF_UNIX, type | SOCK_CLOEXEC, 0), ret_sock);
	if (r == 0)
		r = socket_bind(*ret_sock, ret_path);
	if (r == 0 && type == SOCK_SEQPACKET && listen(*ret_sock, 1) < 0)
		r = -errno;
	return r;
}

static int make_dgram_bound(Hostile *h)
{
	return bound_make(SOCK_DGRAM, &h->fd, &h->aux[0]);
}

static int make_dgram_path(Hostile *h)
{
	return bound_make(SOCK_DGRAM, &h->aux[0], &h->fd);
}

static int make_seqpacket_listener(Hostile *h)
{
	return bound_make(SOCK_SEQPACKET, &h->fd, &h->aux[0]);
}

static int make_seqpacket_path(Hostile *h)
{
	return bound_make(SOCK_SEQPACKET, &h->aux[0], &h->fd);
}

static void socket_stuff(int sock)
{
	static const char bytes[64];

	while (send(sock, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
}

static int make_dgram_full(Hostile *h)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int r;

	r = make_dgram_path(h);
	if (r < 0)
		return r;
	r = keep(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), &h->aux[1]);
	if (r < 0)
		return r;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d", h->fd);
	if (connect(h->aux[1], (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return skip(h, "connect through /proc: %s", strerror(errno));
	socket_stuff(h->aux[1]);
	return 0;
}

static int pair_make(Hostile *h, int type)
{
	int fds[2], r;

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	r = keep(fds[0], &h->fd);
	return r < 0 ? (close(fds[1]), r) : keep(fds[1], &h->aux[0]);
}

static int make_seqpacket_full(Hostile *h)
{
	int r = pair_make(h, SOCK_SEQPACKET);

	if (r == 0)
		socket_stuff(h->fd);
	return r;
}

static int make_seqpacket_shut(Hostile *h)
{
	int r = pair_make(h, SOCK_SEQPACKET);

	return r < 0 ? r : shutdown(h->fd, SHUT_RDWR) < 0 ? -errno : 0;
}

static int make_stream(Hostile *h)
{
	return pair_make(h, SOCK_STREAM);
}

/* A connection over the loopback whose far end (aux[0]) reads nothing, filled up. */
static int make_tcp_linger(Hostile *h)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct linger linger = {.l_onoff = 1, .l_linger = LINGER_SECONDS};
	socklen_t len = sizeof(addr);
	static const char bytes[65536];
	int small = 4096, r;

	r = keep(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), &h->aux[1]);
	if (r < 0)
		return skip(h, "no TCP: %s", strerror(-r));
	(void)setsockopt(h->aux[1], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (bind(h->aux[1], (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		listen(h->aux[1], 1) < 0 ||
		getsockname(h->aux[1], (struct sockaddr *)&addr, &len) < 0)
		return skip(h, "no loopback: %s", strerror(errno));
	r = keep(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), &h->fd);
	if (r < 0)
		return r;
	if (connect(h->fd, (struct sockaddr *)&addr, len) < 0)
		return skip(h, "no loopback: %s", strerror(errno));
	r = keep(accept4(h->aux[1], NULL, NULL, SOCK_CLOEXEC), &h->aux[0]);
	if (r < 0)
		return r;
	while (send(h->fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	if (setsockopt(h->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0)
		return -errno;
	return 0;
}

static int send_fd(int sock, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	char byte = 0;
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
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/* The TCP socket's only reference lies in the queue of h->fd. Its far end is aux[0]: once
 * that is closed, nothing lingers. */
static int make_socket_nested(Hostile *h)
{
	Hostile tcp = HOSTILE_NULL;
	int pair[2], r;

	r = make_tcp_linger(&tcp);
	if (r == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		r = -errno;
	if (r != 0) {
		memcpy(h->reason, tcp.reason, sizeof(h->reason));
		hostile_deinit(&tcp);
		return r;
	}
	h->fd = pair[1];
	h->aux[0] = tcp.aux[0];
	h->aux[1] = tcp.aux[1];
	r = send_fd(pair[0], tcp.fd);
	close(pair[0]);
	close(tcp.fd);
	return r;
}

static const struct {
	const char *name;
	int (*make)(Hostile *h);
} makers[_HOSTILE_N] = {
	[HOSTILE_FUSE_PATH] = {"fuse-path", hostile_fuse_make},
	[HOSTILE_FUSE_SOCKET] = {"fuse-socket", hostile_fuse_make},
	[HOSTILE_FUSE_FILE] = {"fuse-file", hostile_fuse_make},
	[HOSTILE_TCP_LINGER] = {"tcp-linger", make_tcp_linger},
	[HOSTILE_SOCKET_NESTED] = {"socket-nested", make_socket_nested},
	[HOSTILE_MEMFD_UNSEALED] = {"memfd-unsealed", make_memfd_unsealed},
	[HOSTILE_MEMFD_SHRINK] = {"memfd-shrink", make_memfd_shrink},
	[HOSTILE_MEMFD_SPARSE] = {"memfd-sparse", make_memfd_sparse},
	[HOSTILE_MEMFD_EMPTY] = {"memfd-empty", make_memfd_empty},
	[HOSTILE_MEMFD_HUGETLB] = {"memfd-hugetlb", make_memfd_hugetlb},
	[HOSTILE_MEMFD_WRITE_ONLY] = {"memfd-write-only", make_memfd_write_only},
	[HOSTILE_PROC_MEM] = {"proc-mem", make_proc_mem},
	[HOSTILE_PROC_MAPS] = {"proc-maps", make_proc_maps},
	[HOSTILE_DIRECTORY] = {"directory", make_directory},
	[HOSTILE_DIRECTORY_PATH] = {"directory-path", make_directory_path},
	[HOSTILE_EPOLL] = {"epoll", make_epoll},
	[HOSTILE_IO_URING] = {"io-uring", make_io_uring},
	[HOSTILE_DGRAM_BOUND] = {"dgram-bound", make_dgram_bound},
	[HOSTILE_DGRAM_PATH] = {"dgram-path", make_dgram_path},
	[HOSTILE_DGRAM_FULL] = {"dgram-full", make_dgram_full},
	[HOSTILE_SEQPACKET_LISTENER] = {"seqpacket-listener", make_seqpacket_listener},
	[HOSTILE_SEQPACKET_PATH] = {"seqpacket-path", make_seqpacket_path},
	[HOSTILE_SEQPACKET_FULL] = {"seqpacket-full", make_seqpacket_full},
	[HOSTILE_SEQPACKET_SHUT] = {"seqpacket-shut", make_seqpacket_shut},
	[HOSTILE_STREAM] = {"stream", make_stream},
	[HOSTILE_PIPE_READ] = {"pipe-read", make_pipe_read},
	[HOSTILE_PIPE_FULL] = {"pipe-full", make_pipe_full},
	[HOSTILE_PIPE_ORPHAN] = {"pipe-orphan", make_pipe_orphan},
	[HOSTILE_PIPE_RDWR] = {"pipe-rdwr", make_pipe_rdwr},
	[HOSTILE_EVENTFD_FULL] = {"eventfd-full", make_eventfd_full},
	[HOSTILE_PIDFD] = {"pidfd", make_pidfd},
	[HOSTILE_DEVICE] = {"device", make_device},
};

const char *hostile_kind_name(HostileKind kind)
{
	return (unsigned)kind < _HOSTILE_N ? makers[kind].name : "?";
}

int hostile_make(HostileKind kind, Hostile *ret)
{
	Hostile h = HOSTILE_NULL;
	int r;

	h.kind = kind;
	r = makers[kind].make(&h);
	if (r != 0)
		hostile_deinit(&h);
	/* The reason must reach the caller in this case too. */
	*ret = h;
	return r;
}

void hostile_release(Hostile *h)
{
	if (h->fd < 0 || h->kind == HOSTILE_FUSE_FILE)
		return;
	close(h->fd);
	h->fd = -EBADF;
}

void hostile_spring(Hostile *h)
{
	static const char bytes[4096] = {1};

	if (h->kind == HOSTILE_MEMFD_UNSEALED) {
		(void)!pwrite(h->fd, bytes, sizeof(bytes), 0);
		(void)!ftruncate(h->fd, 0);
	}
	if (h->kind == HOSTILE_MEMFD_SHRINK)
		(void)!ftruncate(h->fd, 0);
}

void hostile_deinit(Hostile *h)
{
	siginfo_t info;

	/* The order matters: what makes a close block goes before the close. */
	if (h->helper > 0) {
		(void)kill(h->helper, SIGKILL);
		(void)waitid(P_PID, (id_t)h->helper, &info, WEXITED);
		h->helper = 0;
	}
	for (int i = 0; i < 2; i++) {
		if (h->aux[i] >= 0)
			close(h->aux[i]);
		h->aux[i] = -EBADF;
	}
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -EBADF;
}
