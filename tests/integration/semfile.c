/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semaphores and files as rights: they travel like any other right, coalesce like any other, and end
 * with whoever owns them, or whoever holds the last one.
 */
#include <signal.h>
#include <sys/socket.h>

#include <mach/semaphore.h>
#include <sys/fileport.h>

#include "tests/integration/integration.h"

enum { GIVE = 1, GO, DONE, WORD = 1000 };

static Buffer received;

static semaphore_t semaphore_new(int value)
{
	semaphore_t semaphore = MACH_PORT_NULL;

	ASSERT_EQ(semaphore_create(SELF, &semaphore, SYNC_POLICY_FIFO, value), KERN_SUCCESS);
	return semaphore;
}

static void semaphore_end(semaphore_t semaphore)
{
	ASSERT_EQ(semaphore_destroy(SELF, semaphore), KERN_SUCCESS);
}

static mach_timespec_t ms(unsigned n)
{
	return (mach_timespec_t){.tv_sec = n / 1000, .tv_nsec = (int)(n % 1000 * 1000000)};
}

/* Waits, but not for ever. */
static kern_return_t wait_patiently(semaphore_t semaphore)
{
	return semaphore_timedwait(semaphore, ms(PATIENCE_MS));
}

static void expect_count(semaphore_t semaphore, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ASSERT_EQ(semaphore_timedwait(semaphore, ms(0)), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait(semaphore, ms(0)), KERN_OPERATION_TIMED_OUT);
}

/* Ping and pong. */
#define N_ROUNDS 1000

static void ponger(PeerCtx *ctx)
{
	mach_port_t hub, ping, pong;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	ping = take(own, GIVE);
	pong = take(own, GIVE);
	ASSERT_EQ(type_of(ping), MACH_PORT_TYPE_SEND);
	for (int i = 0; i < N_ROUNDS; i++) {
		ASSERT_EQ(wait_patiently(ping), KERN_SUCCESS);
		ASSERT_EQ(semaphore_signal(pong), KERN_SUCCESS);
	}
	deallocate(ping);
	deallocate(pong);
	destroy(own);
	peer_end();
}

STAGE(two_processes_take_turns)
{
	semaphore_t ping = semaphore_new(0), pong = semaphore_new(0);
	mach_port_t own;
	Peer *peer = stage_spawn_with_port(s, "ponger", ponger, NULL, &own);

	give(own, GIVE, ping, COPY);
	give(own, GIVE, pong, COPY);
	for (int i = 0; i < N_ROUNDS; i++) {
		ASSERT_EQ(semaphore_timedwait(pong, ms(0)), KERN_OPERATION_TIMED_OUT);
		ASSERT_EQ(semaphore_timedwait_signal(pong, ping, ms(PATIENCE_MS)), KERN_SUCCESS);
	}
	expect_count(ping, 0);
	expect_count(pong, 0);
	harness_expect_exit(peer, 0);
	semaphore_end(ping);
	semaphore_end(pong);
	deallocate(own);
}

/* One name, whatever way it took. */
static void mirror(PeerCtx *ctx)
{
	mach_port_t hub, right;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	right = take(own, GIVE);
	ASSERT_EQ(take(own, GIVE), right);
	ASSERT_EQ(send_refs(right), 2);
	give(hub, GIVE, right, COPY);
	give(hub, GIVE, right, MOVE);
	give(hub, GIVE, right, MOVE);
	ASSERT_EQ(type_of(right), MACH_PORT_TYPE_NONE);
	destroy(own);
	peer_end();
}

STAGE(a_semaphore_that_comes_home_is_the_same)
{
	semaphore_t semaphore = semaphore_new(2);
	mach_port_t own;
	Peer *peer = stage_spawn_with_port(s, "mirror", mirror, NULL, &own);

	give(own, GIVE, semaphore, COPY);
	give(own, GIVE, semaphore, COPY);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(take(s->hub, GIVE), semaphore);
	ASSERT_EQ(send_refs(semaphore), 4);
	drop_refs(semaphore, MACH_PORT_RIGHT_SEND, 3);
	expect_count(semaphore, 2);
	harness_expect_exit(peer, 0);
	semaphore_end(semaphore);
	deallocate(own);
}

/* A third process has it from the second. */
static void forwarder(PeerCtx *ctx)
{
	mach_port_t hub, to;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	to = take(own, GO);
	give(to, GIVE, take(own, GIVE), MOVE);
	deallocate(to);
	destroy(own);
	peer_end();
}

static void waiter(PeerCtx *ctx)
{
	mach_port_t hub, right;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	right = take(own, GIVE);
	tell(hub, DONE);
	ASSERT_EQ(wait_patiently(right), KERN_SUCCESS);
	tell(hub, DONE);
	/* Then it is gone. */
	ASSERT_EQ(wait_patiently(right), KERN_TERMINATED);
	ASSERT_EQ(semaphore_signal(right), KERN_TERMINATED);
	ASSERT_EQ(semaphore_timedwait(right, ms(0)), KERN_TERMINATED);
	tell(hub, DONE);
	deallocate(right);
	destroy(own);
	peer_end();
}

STAGE(a_semaphore_is_forwarded_and_destroyed)
{
	semaphore_t semaphore = semaphore_new(0);
	mach_port_t via, to;

	(void)stage_spawn_with_port(s, "forwarder", forwarder, NULL, &via);
	(void)stage_spawn_with_port(s, "waiter", waiter, NULL, &to);
	give(via, GO, to, COPY);
	give(via, GIVE, semaphore, COPY);
	hear(s->hub, DONE);
	ASSERT_EQ(semaphore_signal(semaphore), KERN_SUCCESS);
	hear(s->hub, DONE);
	semaphore_end(semaphore);
	hear(s->hub, DONE);
	deallocate(via);
	deallocate(to);
}

/* Signals are neither lost nor doubled. */
#define N_SIGNALS 3000
#define N_THREADS 3

typedef struct Worker {
	semaphore_t semaphore;
	pthread_t thread;
	unsigned n;
} Worker;

static void *wait_until_terminated(void *argument)
{
	Worker *w = argument;
	kern_return_t kr;

	while ((kr = semaphore_wait(w->semaphore)) == KERN_SUCCESS)
		w->n++;
	ASSERT_EQ(kr, KERN_TERMINATED);
	return NULL;
}

static void *signal_many(void *argument)
{
	Worker *w = argument;

	for (int i = 0; i < N_SIGNALS; i++)
		ASSERT_EQ(semaphore_signal(w->semaphore), KERN_SUCCESS);
	return NULL;
}

static void waiting_crowd(PeerCtx *ctx)
{
	mach_port_t hub, right;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	Worker workers[N_THREADS];
	unsigned n = 0;

	right = take(own, GIVE);
	for (int i = 0; i < N_THREADS; i++) {
		workers[i] = (Worker){.semaphore = right};
		ASSERT_OK(pthread_create(
			&workers[i].thread, NULL, wait_until_terminated, &workers[i]));
	}
	for (int i = 0; i < N_THREADS; i++) {
		ASSERT_OK(pthread_join(workers[i].thread, NULL));
		n += workers[i].n;
	}
	peer_send_u64(ctx, n);
	deallocate(right);
	destroy(own);
}

static void signalling_crowd(PeerCtx *ctx)
{
	mach_port_t hub, right;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	Worker workers[N_THREADS];

	right = take(own, GIVE);
	for (int i = 0; i < N_THREADS; i++) {
		workers[i] = (Worker){.semaphore = right};
		ASSERT_OK(pthread_create(&workers[i].thread, NULL, signal_many, &workers[i]));
	}
	for (int i = 0; i < N_THREADS; i++)
		ASSERT_OK(pthread_join(workers[i].thread, NULL));
	tell(hub, DONE);
	deallocate(right);
	destroy(own);
	peer_end();
}

STAGE(each_signal_lets_one_go)
{
	semaphore_t semaphore = semaphore_new(0);
	Worker here[2];
	Peer *crowds[4];
	mach_port_t own[4];
	uint64_t n = 0;

	for (int i = 0; i < 4; i++)
		crowds[i] = stage_spawn_with_port(
			s, "crowd", i < 2 ? waiting_crowd : signalling_crowd, NULL, &own[i]);
	for (int i = 0; i < 4; i++) {
		give(own[i], GIVE, semaphore, COPY);
		deallocate(own[i]);
	}
	here[0] = here[1] = (Worker){.semaphore = semaphore};
	ASSERT_OK(pthread_create(&here[0].thread, NULL, wait_until_terminated, &here[0]));
	ASSERT_OK(pthread_create(&here[1].thread, NULL, signal_many, &here[1]));
	hear(s->hub, DONE);
	hear(s->hub, DONE);
	ASSERT_OK(pthread_join(here[1].thread, NULL));
	/* When nothing is left in the count, all signals have been taken. */
	for (;;) {
		kern_return_t kr = semaphore_timedwait(semaphore, ms(20));

		if (kr == KERN_OPERATION_TIMED_OUT)
			break;
		ASSERT_EQ(kr, KERN_SUCCESS);
		n++;
	}
	semaphore_end(semaphore);
	ASSERT_OK(pthread_join(here[0].thread, NULL));
	n += here[0].n;
	for (int i = 0; i < 2; i++)
		n += harness_recv_u64(crowds[i]);
	ASSERT_EQ(n, (2 * N_THREADS + 1) * N_SIGNALS);
}

/* All at once. */
static void one_wait(PeerCtx *ctx)
{
	mach_port_t hub, right;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	right = take(own, GIVE);
	tell(hub, DONE);
	ASSERT_EQ(semaphore_wait(right), KERN_SUCCESS);
	deallocate(right);
	destroy(own);
	peer_end();
}

static void wait_until_asleep_in(Peer *peer)
{
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)peer_pid(peer));
	for (unsigned seen = 0; seen < 20;) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, line, sizeof(line) - 1);
		const char *state;

		close(fd);
		ASSERT_GT(n, 0);
		line[n] = '\0';
		state = strrchr(line, ')');
		seen = state && state[2] == 'S' ? seen + 1 : 0;
		(void)poll(NULL, 0, 1);
	}
}

STAGE(signal_all_lets_all_go)
{
	semaphore_t semaphore = semaphore_new(0);
	Peer *peers[4];

	for (int i = 0; i < 4; i++) {
		mach_port_t own;

		peers[i] = stage_spawn_with_port(s, "waiter", one_wait, NULL, &own);
		give(own, GIVE, semaphore, COPY);
		hear(s->hub, DONE);
		wait_until_asleep_in(peers[i]);
		deallocate(own);
	}
	ASSERT_EQ(semaphore_signal_all(semaphore), KERN_SUCCESS);
	for (int i = 0; i < 4; i++)
		harness_expect_exit(peers[i], 0);
	expect_count(semaphore, 0);
	semaphore_end(semaphore);
}

/* Ends. */
STAGE(a_waiter_that_is_killed_takes_no_signal_with_it)
{
	semaphore_t semaphore = semaphore_new(0);
	Peer *peers[3];

	for (int i = 0; i < 3; i++) {
		mach_port_t own;

		peers[i] = stage_spawn_with_port(s, "waiter", one_wait, NULL, &own);
		give(own, GIVE, semaphore, COPY);
		hear(s->hub, DONE);
		wait_until_asleep_in(peers[i]);
		destroy(own);
	}
	harness_stop(peers[0]);
	harness_kill(peers[0]);
	harness_kill(peers[1]);
	ASSERT_EQ(semaphore_signal(semaphore), KERN_SUCCESS);
	harness_expect_exit(peers[2], 0);
	expect_count(semaphore, 0);
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(semaphore_signal(semaphore), KERN_SUCCESS);
	expect_count(semaphore, 5);
	semaphore_end(semaphore);
}

/* Owns a semaphore and gives it away. */
static void owner(PeerCtx *ctx)
{
	mach_port_t hub = peer_begin(ctx);
	semaphore_t semaphore = semaphore_new(1);

	give(hub, GIVE, semaphore, COPY);
	peer_reach(ctx, "given");
	if (ctx->arg)
		semaphore_end(semaphore);
	else
		deallocate(semaphore);
	peer_reach(ctx, "gone");
}

static void *wait_once(void *argument)
{
	Worker *w = argument;

	w->n = (unsigned)semaphore_wait(w->semaphore);
	return NULL;
}

typedef enum OwnerEnd { KILLED, EXITS, DESTROYS } OwnerEnd;

static void owner_ends(Stage *s, OwnerEnd end)
{
	Peer *peer = stage_spawn(s, "owner", owner, (void *)(uintptr_t)(end == DESTROYS));
	semaphore_t semaphore = take(s->hub, GIVE);
	Worker w = {.semaphore = semaphore};

	expect_count(semaphore, 1);
	ASSERT_OK(pthread_create(&w.thread, NULL, wait_once, &w));
	harness_wait(s->h, peer, "given");
	if (end == KILLED) {
		harness_kill(peer);
	} else {
		harness_release(peer);
		harness_wait(s->h, peer, "gone");
		if (end == EXITS) {
			/* Its own right is gone, but there is one more. */
			ASSERT_EQ(semaphore_timedwait(semaphore, ms(0)), KERN_OPERATION_TIMED_OUT);
		}
		harness_release(peer);
		harness_expect_exit(peer, 0);
	}
	ASSERT_OK(pthread_join(w.thread, NULL));
	ASSERT_EQ(w.n, KERN_TERMINATED);
	ASSERT_EQ(semaphore_signal(semaphore), KERN_TERMINATED);
	ASSERT_EQ(semaphore_signal_all(semaphore), KERN_TERMINATED);
	ASSERT_EQ(wait_patiently(semaphore), KERN_TERMINATED);
	destroy(semaphore);
}

STAGE(a_semaphore_ends_when_its_owner_is_killed)
{
	owner_ends(s, KILLED);
}

STAGE(a_semaphore_outlives_the_rights_of_its_owner_but_not_the_owner)
{
	owner_ends(s, EXITS);
}

STAGE(a_semaphore_ends_when_its_owner_destroys_it)
{
	owner_ends(s, DESTROYS);
}

STAGE(a_fork_child_of_the_owner_does_not_keep_it)
{
	Peer *peer = stage_spawn(s, "owner", owner, NULL);
	semaphore_t semaphore = take(s->hub, GIVE), mine = semaphore_new(0);
	Peer *child;
	mach_port_t own;

	/* A child of this process, which holds both; it holds neither. */
	child = stage_spawn_with_port(s, "waiter", waiter, NULL, &own);
	harness_wait(s->h, peer, "given");
	harness_kill(peer);
	EVENTUALLY(semaphore_timedwait(semaphore, ms(0)) == KERN_TERMINATED);
	destroy(semaphore);
	give(own, GIVE, mine, COPY);
	hear(s->hub, DONE);
	ASSERT_EQ(semaphore_signal(mine), KERN_SUCCESS);
	hear(s->hub, DONE);
	semaphore_end(mine);
	hear(s->hub, DONE);
	harness_expect_exit(child, 0);
	deallocate(own);
}

static void on_signal(int number)
{
	(void)number;
}

STAGE(a_signal_ends_a_wait_for_a_semaphore_of_another_process)
{
	struct sigaction action = {.sa_handler = on_signal};
	Peer *peer = stage_spawn(s, "owner", owner, NULL);
	semaphore_t semaphore = take(s->hub, GIVE);
	Worker w = {.semaphore = semaphore, .n = 0xdead};

	ASSERT_SYS(sigaction(SIGUSR1, &action, NULL));
	expect_count(semaphore, 1);
	ASSERT_OK(pthread_create(&w.thread, NULL, wait_once, &w));
	/* Until it is seen: it may not be asleep yet. */
	while (pthread_tryjoin_np(w.thread, NULL) == EBUSY) {
		ASSERT_OK(pthread_kill(w.thread, SIGUSR1));
		(void)poll(NULL, 0, 1);
	}
	ASSERT_EQ(w.n, KERN_ABORTED);
	harness_wait(s->h, peer, "given");
	harness_kill(peer);
	destroy(semaphore);
}

STAGE(time_outs_of_a_semaphore_of_another_process)
{
	Peer *peer = stage_spawn(s, "owner", owner, NULL);
	semaphore_t semaphore = take(s->hub, GIVE);
	uint64_t begin;

	expect_count(semaphore, 1);
	begin = now_ms();
	ASSERT_EQ(semaphore_timedwait(semaphore, ms(60)), KERN_OPERATION_TIMED_OUT);
	ASSERT_GE(now_ms() - begin, 60);
	harness_wait(s->h, peer, "given");
	harness_kill(peer);
	destroy(semaphore);
}

/* Files. */

static int new_file(const char *text)
{
	int fd = ASSERT_SYS(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));

	ASSERT_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ASSERT_EQ(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static mach_port_t port_of(int fd)
{
	fileport_t port = FILEPORT_NULL;

	ASSERT_SYS(fileport_makeport(fd, &port));
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND);
	return port;
}

static int fd_of(mach_port_t port)
{
	int fd = fileport_makefd(port);

	ASSERT_FD(fd);
	ASSERT_FD_CLOEXEC(fd);
	return fd;
}

static void file_user(PeerCtx *ctx)
{
	mach_port_t hub, port;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	char text[16] = "";
	int fd[2];

	port = take(own, GIVE);
	ASSERT_EQ(take(own, GIVE), port);
	ASSERT_EQ(send_refs(port), 2);
	fd[0] = fd_of(port);
	fd[1] = fd_of(port);
	destroy(port);
	/* One open file: one offset. */
	ASSERT_EQ(read(fd[0], text, 3), 3);
	ASSERT_EQ(read(fd[1], text + 3, 3), 3);
	ASSERT_STREQ(text, "abcdef");
	ASSERT_EQ(pwrite(fd[1], "X", 1, 0), 1);
	close(fd[0]);
	close(fd[1]);
	errno = 0;
	ASSERT_EQ(fileport_makefd(port), -1);
	ASSERT_EQ(errno, EINVAL);
	destroy(own);
	peer_end();
}

STAGE(a_file_is_the_same_open_file_elsewhere)
{
	int fd = new_file("abcdefghi");
	mach_port_t port = port_of(fd), own;
	Peer *peer = stage_spawn_with_port(s, "user", file_user, NULL, &own);
	char text[16] = "";

	give(own, GIVE, port, COPY);
	give(own, GIVE, port, MOVE);
	harness_expect_exit(peer, 0);
	ASSERT_EQ(lseek(fd, 0, SEEK_CUR), 6);
	ASSERT_EQ(pread(fd, text, 9, 0), 9);
	ASSERT_STREQ(text, "Xbcdefghi");
	close(fd);
	deallocate(own);
}

/* Holds what it gets; of the two ends of a pipe, the test has the other. */
static void file_holder(PeerCtx *ctx)
{
	mach_port_t hub, right, to;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	right = take(own, GIVE);
	tell(hub, DONE);
	receive_any(own, &received);
	if (received.header.msgh_id == GO) {
		to = received_port(&received);
		give(to, GIVE, right, MOVE);
		deallocate(to);
	} else {
		deallocate(right);
	}
	tell(hub, DONE);
	peer_reach(ctx, "done");
}

static bool has_hung_up(int fd, int patience)
{
	struct pollfd p = {.fd = fd};

	return ASSERT_SYS(poll(&p, 1, patience)) == 1 && p.revents & POLLHUP;
}

STAGE(a_file_is_open_as_long_as_somebody_has_a_right_to_it)
{
	mach_port_t own[2], port;
	Peer *holders[2];
	int ends[2];

	for (int round = 0; round < 3; round++) {
		ASSERT_SYS(pipe2(ends, O_CLOEXEC));
		port = port_of(ends[1]);
		close(ends[1]);
		for (int i = 0; i < 2; i++)
			holders[i] = stage_spawn_with_port(s, "holder", file_holder, NULL, &own[i]);
		give(own[0], GIVE, port, COPY);
		hear(s->hub, DONE);
		ASSERT_FALSE(has_hung_up(ends[0], 0));
		deallocate(port);
		wait_for_closes();
		ASSERT_FALSE(has_hung_up(ends[0], 0));
		switch (round) {
		case 0: /* given up */
			tell(own[0], WORD);
			hear(s->hub, DONE);
			break;
		case 1: /* killed */
			harness_kill(holders[0]);
			break;
		default: /* passed on, and killed before it was read */
			harness_stop(holders[1]);
			give(own[0], GO, own[1], COPY);
			hear(s->hub, DONE);
			harness_kill(holders[0]);
			ASSERT_FALSE(has_hung_up(ends[0], 0));
			break;
		}
		if (round == 2)
			harness_kill(holders[1]);
		ASSERT_TRUE(has_hung_up(ends[0], (int)PATIENCE_MS));
		close(ends[0]);
		if (round == 0) {
			harness_wait(s->h, holders[0], "done");
			harness_kill(holders[0]);
		}
		if (round < 2)
			harness_kill(holders[1]);
		destroy(own[0]);
		destroy(own[1]);
	}
}

/* Any kind of file, and a socket with something in it. */
static void any_file_user(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	for (int i = 0; i < 5; i++) {
		mach_port_t port = take(own, GIVE);
		int fd = fd_of(port);
		struct stat st;

		ASSERT_SYS(fstat(fd, &st));
		peer_send_u64(ctx, st.st_ino);
		close(fd);
		deallocate(port);
	}
	destroy(own);
	peer_end();
}

STAGE(files_of_any_kind)
{
	mach_port_t own;
	Peer *peer = stage_spawn_with_port(s, "user", any_file_user, NULL, &own);
	int pair[2], ends[2], fds[5];

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	fds[0] = ASSERT_SYS(open("/dev/null", O_RDWR | O_CLOEXEC));
	fds[1] = ASSERT_SYS(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	fds[2] = pair[0];
	fds[3] = ends[0];
	fds[4] = ASSERT_SYS(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
	for (int i = 0; i < 5; i++) {
		mach_port_t port = port_of(fds[i]);
		struct stat st;

		ASSERT_SYS(fstat(fds[i], &st));
		give(own, GIVE, port, MOVE);
		ASSERT_EQ(harness_recv_u64(peer), st.st_ino);
		close(fds[i]);
	}
	close(pair[1]);
	close(ends[1]);
	harness_expect_exit(peer, 0);
	deallocate(own);
}
