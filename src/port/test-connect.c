/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "port/connect.h"
#include "port/ident.h"
#include "port/portdir.h"
#include "port/test-bounded.h"
#include "tests/lib/hostile.h"
#include "tests/lib/unit.h"

#define CANNOT 77

__attribute__((__constructor__)) static void warm_up(void)
{
	Ident ident;
	int sock, addr;

	connect_prepare();
	if (portdir_mint(&sock, &addr, &ident) == 0) {
		close(sock);
		close(addr);
	}
}

static void check_connected(int sock, int receiver)
{
	char bytes[8];

	ASSERT_FD_CLOEXEC(sock);
	ASSERT_GE(sock, 3);
	ASSERT_EQ(send(sock, "hello", 5, MSG_DONTWAIT | MSG_NOSIGNAL), 5);
	ASSERT_EQ(recv(receiver, bytes, sizeof(bytes), MSG_DONTWAIT), 5);
	close(sock);
}

static void check_both_ways(void)
{
	Ident ident;
	int receiver, addr, sock;

	ASSERT_OK(portdir_mint(&receiver, &addr, &ident));
	for (int known = 0; known < 2; known++) {
		ASSERT_OK(connect_dgram(addr, known, &sock));
		check_connected(sock, receiver);
	}
	close(receiver);
	close(addr);
}

TEST(connects_both_ways)
{
	check_both_ways();
}

TEST(dead_port_refuses_both_ways)
{
	Ident ident;
	int receiver, addr, sock = 42;

	ASSERT_OK(portdir_mint(&receiver, &addr, &ident));
	close(receiver);
	ASSERT_EQ(connect_dgram(addr, true, &sock), KERN_INVALID_CAPABILITY);
	ASSERT_EQ(connect_dgram(addr, false, &sock), KERN_INVALID_CAPABILITY);
	ASSERT_EQ(sock, 42);
	close(addr);
}

TEST(sockets_of_other_types_are_no_proof)
{
	Hostile h;
	int r, sock;

	r = hostile_make(HOSTILE_SEQPACKET_PATH, &h);
	ASSERT_OK(r);
	ASSERT_EQ(connect_dgram(h.fd, true, &sock), KERN_NO_ACCESS);
	hostile_deinit(&h);
}

TEST(changed_mode_is_no_proof)
{
	pid_t pid = ASSERT_SYS(fork());
	char path[64];
	Ident ident;
	int receiver, addr, sock;

	if (pid == 0) {
		if (geteuid() == 0)
			ASSERT_SYS(setresuid(65534, 65534, 65534));
		ASSERT_OK(portdir_mint(&receiver, &addr, &ident));
		snprintf(path, sizeof(path), "/proc/self/fd/%d", addr);
		ASSERT_SYS(chmod(path, 0));
		ASSERT_EQ(connect_dgram(addr, true, &sock), KERN_NO_ACCESS);
		child_exit(0);
	}
	ASSERT_CHILD_EXITS(pid, 0);
}

TEST(full_port_connects_at_once)
{
	Hostile h;
	int sock;

	ASSERT_OK(hostile_make(HOSTILE_DGRAM_FULL, &h));
	ASSERT_OK(connect_dgram(h.fd, true, &sock));
	close(sock);
	connect_poke(h.fd);
	hostile_deinit(&h);
}

TEST(poke_wakes)
{
	struct pollfd p;
	char byte;
	Ident ident;
	int receiver, addr;

	ASSERT_OK(portdir_mint(&receiver, &addr, &ident));
	connect_poke(addr);
	p = (struct pollfd){.fd = receiver, .events = POLLIN};
	ASSERT_EQ(poll(&p, 1, 0), 1);
	ASSERT_EQ(recv(receiver, &byte, 1, MSG_DONTWAIT), 0);
	close(receiver);
	connect_poke(addr);
	close(addr);
}

typedef struct Connecting {
	int addr;
	int r;
	int sock;
} Connecting;

static void connect_it(void *arg)
{
	Connecting *c = arg;

	c->r = connect_dgram(c->addr, false, &c->sock);
}

TEST(fuse_socket_costs_its_deadline_at_most)
{
	Hostile h;
	Connecting c;
	Bounded bounded;
	uint64_t start, took;
	int r, n_open = ASSERT_SYS(fd_count_open());
	bool in_time;

	r = hostile_make(HOSTILE_FUSE_SOCKET, &h);
	if (r == HOSTILE_E_SKIP)
		SKIP(h.reason);
	ASSERT_OK(r);
	c.addr = h.fd;
	start = clock_now_ns();
	in_time = bounded_run(&bounded, connect_it, &c);
	took = clock_now_ns() - start;
	/* Others are not held up meanwhile. */
	check_both_ways();
	hostile_deinit(&h);
	if (!in_time)
		bounded_join(&bounded);
	ASSERT_TRUE(in_time);
	ASSERT_EQ(c.r, MACH_SEND_TIMED_OUT);
	ASSERT_GE(took, CONNECT_DEADLINE_MS * CLOCK_NS_PER_MS);
	/* The helper comes back and gives up what it owns. */
	for (int i = 0; i < 3000 && fd_count_open() > n_open; i++)
		(void)poll(NULL, 0, 10);
}

/* The two ways in which /proc gets out of reach. */

static void enter_root(void)
{
	if (chroot("/dev/shm") < 0)
		child_exit(CANNOT);
	ASSERT_SYS(chdir("/"));
}

static void hide_proc(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/proc", "tmpfs", 0, NULL) < 0)
		child_exit(CANNOT);
}

/* As the task's handlers do it. */
static pid_t fork_task(void)
{
	pid_t pid;

	connect_before_fork();
	pid = fork();
	if (pid == 0)
		connect_after_fork();
	else
		connect_after_fork_parent();
	return pid;
}

static void connect_without_proc(void (*leave_proc)(void))
{
	Ident ident;
	pid_t pid;
	int status, receiver, addr, sock;

	ASSERT_OK(portdir_mint(&receiver, &addr, &ident));
	leave_proc();
	for (int i = 0; i < 3; i++) {
		ASSERT_OK(connect_dgram(addr, i & 1, &sock));
		check_connected(sock, receiver);
	}
	connect_poke(addr);
	ASSERT_EQ(recv(receiver, &status, sizeof(status), MSG_DONTWAIT), 0);
	close(receiver);
	ASSERT_EQ(connect_dgram(addr, true, &sock), KERN_INVALID_CAPABILITY);
	/* And in a child: it is another /proc/self. */
	pid = ASSERT_SYS(fork_task());
	if (pid == 0) {
		ASSERT_EQ(connect_dgram(addr, true, &sock), KERN_INVALID_CAPABILITY);
		child_exit(0);
	}
	ASSERT_CHILD_EXITS(pid, 0);
	child_exit(0);
}

static void check_without_proc(void (*leave_proc)(void))
{
	pid_t pid = ASSERT_SYS(fork_task());
	int status;

	if (pid == 0)
		connect_without_proc(leave_proc);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
		SKIP("this is for root");
	ASSERT_EQ(status, 0);
}

TEST(works_after_chroot)
{
	check_without_proc(enter_root);
}

TEST(works_with_proc_hidden)
{
	check_without_proc(hide_proc);
}

static void *connect_many(void *arg)
{
	int *addr = arg, sock;

	for (int i = 0; i < 50; i++) {
		ASSERT_OK(connect_dgram(*addr, i & 1, &sock));
		close(sock);
	}
	return NULL;
}

TEST(threads_connect_at_once)
{
	pthread_t threads[8];
	Ident ident;
	int receiver, addr;

	ASSERT_OK(portdir_mint(&receiver, &addr, &ident));
	for (int i = 0; i < 8; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, connect_many, &addr));
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	close(receiver);
	close(addr);
}
