/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See raw.h. What the figures have in common: the receiver of messages asks for
 * credentials and has room for them, as any receiver does that must know its peer.
 */
#include "bench/raw.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/bench.h"

#define MESSAGE_SIZE 64
#define FDS_MAX 4

typedef union Control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX) + CMSG_SPACE(sizeof(struct ucred))];
} Control;

static char directory[64];

/* A sender that was killed between bind and unlink has left a name. */
static void remove_directory(void)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	(void)rmdir(directory);
}

/* Private, where ports are made. */
static const char *get_directory(void)
{
	if (directory[0] == '\0') {
		snprintf(directory, sizeof(directory), "/dev/shm/portcullis-bench-XXXXXX");
		if (mkdtemp(directory) == NULL)
			bench_die("mkdtemp: %m");
		bench_at_end(remove_directory);
	}
	return directory;
}

/* A bound and unlinked datagram socket, and an O_PATH descriptor of its inode. */
static int mint(int *ret_addr)
{
	static unsigned serial;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int on = 1;
	int sock = BENCH_SYS(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	BENCH_SYS(setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%d.%u", get_directory(), getpid(),
		serial++);
	BENCH_SYS(bind(sock, (struct sockaddr *)&addr, sizeof(addr)));
	BENCH_SYS(chmod(addr.sun_path, 0777));
	*ret_addr = BENCH_SYS(open(addr.sun_path, O_PATH | O_CLOEXEC | O_NOFOLLOW));
	BENCH_SYS(unlink(addr.sun_path));
	return sock;
}

static int connect_to(int addr_fd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = BENCH_SYS(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d", addr_fd);
	BENCH_SYS(connect(sock, (struct sockaddr *)&addr, sizeof(addr)));
	return sock;
}

static void send_with(int sock, const int *fds, size_t n)
{
	static char bytes[MESSAGE_SIZE];
	struct iovec iov = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	Control control;

	if (n > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * n);
	}
	BENCH_SYS(sendmsg(sock, &msg, MSG_NOSIGNAL));
}

/* One message, its credentials looked at; returns how many descriptors came. */
static size_t receive_with(int sock, int *fds)
{
	char bytes[2 * MESSAGE_SIZE];
	struct iovec iov = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	Control control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct ucred cred = {};
	size_t n = 0;

	BENCH_SYS(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC));
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_type == SCM_RIGHTS) {
			n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(fds, CMSG_DATA(c), n * sizeof(int));
		} else if (c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
		}
	}
	if (cred.pid <= 0)
		bench_die("no credentials");
	return n;
}

/* What the sender of a one-way measure does for each message. */
typedef struct Sender {
	void (*send)(int sock);
	int addr;
} Sender;

static void sender_main(void *arg)
{
	const Sender *s = arg;
	int sock = connect_to(s->addr);

	for (;;)
		s->send(sock);
}

/* Time from one arrival to the next, of messages that another process sends as fast as it can. */
static double one_way(void (*send)(int sock))
{
	BenchLoop loop = {.warm = 1000, .stride = 256};
	Sender s = {.send = send};
	int sock = mint(&s.addr);
	pid_t pid = bench_fork(sender_main, &s);

	while (bench_loop(&loop)) {
		int fds[FDS_MAX];
		size_t n_fds = receive_with(sock, fds);

		for (size_t k = 0; k < n_fds; k++)
			close(fds[k]);
	}
	bench_end(pid);
	return bench_loop_ns(&loop);
}

static void send_plain(int sock)
{
	send_with(sock, NULL, 0);
}

double raw_one_way(void)
{
	return one_way(send_plain);
}

static void send_same_right(int sock)
{
	static int fds[2] = {-1, -1};
	static int ends[2];

	if (fds[0] < 0) {
		(void)mint(&fds[0]);
		BENCH_SYS(pipe2(ends, O_CLOEXEC));
		fds[1] = ends[1];
	}
	send_with(sock, fds, 2);
}

double raw_pass_right(void)
{
	return one_way(send_same_right);
}

static void make_pipe(int ends[2])
{
	BENCH_SYS(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	(void)fcntl(ends[1], F_SETPIPE_SZ, 4096);
}

/* Socket, address and liveness pipe of a port are made, sent to another process, and closed. */
static void send_new_right(int sock)
{
	int fds[2], ends[2];
	int port = mint(&fds[0]);

	make_pipe(ends);
	fds[1] = ends[1];
	send_with(sock, fds, 2);
	close(port);
	close(fds[0]);
	close(ends[0]);
	close(ends[1]);
}

double raw_port_life(void)
{
	(void)get_directory();
	return one_way(send_new_right);
}

typedef struct Server {
	int sock;
	int client_addr;
	void (*answer)(struct Server *s, const int *fds, size_t n_fds);
	int back;
} Server;

static void server_main(void *arg)
{
	Server *s = arg;
	int fds[FDS_MAX];

	s->back = connect_to(s->client_addr);
	for (;;) {
		size_t n_fds = receive_with(s->sock, fds);

		s->answer(s, fds, n_fds);
	}
}

static void answer_to_socket(Server *s, const int *fds, size_t n_fds)
{
	send_with(s->back, NULL, 0);
}

double raw_round_trip(void)
{
	BenchLoop loop = {.warm = 1000, .stride = 64};
	Server s = {.answer = answer_to_socket};
	int server_addr, fds[FDS_MAX];
	int own = mint(&s.client_addr);
	pid_t pid;
	int to;

	s.sock = mint(&server_addr);
	to = connect_to(server_addr);
	pid = bench_fork(server_main, &s);
	while (bench_loop(&loop)) {
		send_with(to, NULL, 0);
		(void)receive_with(own, fds);
	}
	bench_end(pid);
	return bench_loop_ns(&loop);
}

static void answer_to_pair(Server *s, const int *fds, size_t n_fds)
{
	send_with(fds[0], NULL, 0);
	close(fds[0]);
}

double raw_round_trip_pair(void)
{
	BenchLoop loop = {.warm = 1000, .stride = 64};
	Server s = {.answer = answer_to_pair};
	int server_addr, fds[FDS_MAX], on = 1;
	pid_t pid;
	int to;

	(void)mint(&s.client_addr);
	s.sock = mint(&server_addr);
	to = connect_to(server_addr);
	pid = bench_fork(server_main, &s);
	while (bench_loop(&loop)) {
		int pair[2];

		BENCH_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
		BENCH_SYS(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
		send_with(to, &pair[1], 1);
		close(pair[1]);
		(void)receive_with(pair[0], fds);
		close(pair[0]);
	}
	bench_end(pid);
	return bench_loop_ns(&loop);
}

double raw_getppid(void)
{
	BenchLoop loop = {.warm = 1000, .stride = 4096};

	while (bench_loop(&loop))
		(void)syscall(SYS_getppid);
	return bench_loop_ns(&loop);
}

#define COPY_SIZE ((size_t)64 << 20)

static char *map_memory(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		bench_die("mmap: %m");
	return p;
}

static double memcpy_64m(bool warm)
{
	const size_t n = 10;
	char *from = map_memory(COPY_SIZE);
	double best = INFINITY, sum = 0;

	memset(from, 1, COPY_SIZE);
	for (size_t i = 0; i < n; i++) {
		char *to = map_memory(COPY_SIZE);
		double span;

		if (warm)
			memset(to, 2, COPY_SIZE);
		span = bench_now();
		memcpy(to, from, COPY_SIZE);
		__asm__ volatile("" : : "r"(to) : "memory");
		span = bench_now() - span;
		sum += span;
		best = fmin(best, span);
		munmap(to, COPY_SIZE);
	}
	munmap(from, COPY_SIZE);
	return bench_pick(best, sum / (double)n);
}

double raw_memcpy_64m(void)
{
	return memcpy_64m(false);
}

double raw_memcpy_64m_warm(void)
{
	return memcpy_64m(true);
}

double raw_port_mint(void)
{
	BenchLoop loop = {.warm = 100, .stride = 64};

	while (bench_loop(&loop)) {
		int addr, sock = mint(&addr);

		close(sock);
		close(addr);
	}
	return bench_loop_ns(&loop);
}

double raw_pipe(void)
{
	BenchLoop loop = {.warm = 100, .stride = 64};

	while (bench_loop(&loop)) {
		int ends[2];

		make_pipe(ends);
		close(ends[0]);
		close(ends[1]);
	}
	return bench_loop_ns(&loop);
}

double raw_connect(void)
{
	BenchLoop loop = {.warm = 100, .stride = 64};
	int addr, sock = mint(&addr);

	while (bench_loop(&loop))
		close(connect_to(addr));
	close(sock);
	close(addr);
	return bench_loop_ns(&loop);
}

double raw_seqpacket_pair(void)
{
	BenchLoop loop = {.warm = 100, .stride = 64};

	while (bench_loop(&loop)) {
		int pair[2];

		BENCH_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
		close(pair[0]);
		close(pair[1]);
	}
	return bench_loop_ns(&loop);
}
