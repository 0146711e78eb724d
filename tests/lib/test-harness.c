/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The harness is tested from both sides: what it gives to a test that goes well, and that
 * it fails one that does not. The latter run in a process of their own ("a trial"), whose
 * output and status are looked at.
 */
#include "tests/lib/harness.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Trials. */

typedef struct Trial {
	char text[65536];
	int status;
} Trial;

/* Runs fn as a test of its own. Its deadline is that much shorter. */
static void trial_run(Trial *trial, const char *scale, void (*fn)(void))
{
	int out[2];
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	ASSERT_SYS(pipe2(out, O_CLOEXEC));
	fflush(stdout);
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		(void)setenv("TEST_TIMEOUT_SCALE", scale, 1);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)dup2(out[1], STDERR_FILENO);
		close(out[0]);
		close(out[1]);
		fn();
		fflush(stdout);
		_exit(0);
	}
	close(out[1]);
	while (n < sizeof(trial->text) - 1 &&
		(got = read(out[0], trial->text + n, sizeof(trial->text) - 1 - n)) > 0)
		n += (size_t)got;
	trial->text[n] = '\0';
	close(out[0]);
	ASSERT_EQ(waitpid(pid, &trial->status, 0), pid);
}

static void trial_failed(const Trial *trial, const char *part)
{
	if (!WIFEXITED(trial->status) || WEXITSTATUS(trial->status) != UNIT_CHILD_FAILED)
		FAIL("wait status %#x, output: %s", trial->status, trial->text);
	ASSERT_STRSTR(trial->text, part);
}

/* Whole trials in one line. The second kind does not leave a leak much time to go away. */
static void trial_must_fail(void (*fn)(void), const char *part)
{
	static Trial trial;

	trial_run(&trial, "1", fn);
	trial_failed(&trial, part);
}

static void trial_must_leak(void (*fn)(void), const char *part)
{
	static Trial trial;

	trial_run(&trial, "0.3", fn);
	trial_failed(&trial, part);
}

/* What works. */

static void nothing(PeerCtx *ctx)
{
}

TEST(a_harness_without_peers)
{
	Harness *h = harness_new();

	harness_finish(h);
}

TEST(peers_run_and_end)
{
	Harness *h = harness_new();
	Peer *a = peer_spawn(h, "a", nothing, NULL);
	Peer *b = peer_spawn(h, "b", nothing, NULL);

	ASSERT_NE(peer_pid(a), peer_pid(b));
	ASSERT_FD_CLOEXEC(peer_pidfd(a));
	harness_expect_exit(a, 0);
	harness_finish(h);
}

static void echo(PeerCtx *ctx)
{
	char bytes[64];
	int fd;
	size_t n;

	ASSERT_STREQ(ctx->name, "echo");
	ASSERT_STREQ((const char *)ctx->arg, "argument");
	peer_send_u64(ctx, peer_recv_u64(ctx) + 1);
	n = peer_recv_bytes(ctx, bytes, sizeof(bytes));
	peer_send_bytes(ctx, bytes, n);
	peer_recv_fds(ctx, &fd, 1);
	ASSERT_FD_CLOEXEC(fd);
	ASSERT_EQ(write(fd, "x", 1), 1);
	peer_send_fds(ctx, &fd, 1);
	close(fd);
}

TEST(values_bytes_and_descriptors_pass)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "echo", echo, (void *)"argument");
	char bytes[64];
	int ends[2], fd;

	/* In an order other than that in which the peer asks. */
	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	harness_send_fds(p, &ends[1], 1);
	harness_send_bytes(p, "bytes", 5);
	harness_send_u64(p, UINT64_MAX - 1);
	harness_recv_fds(p, &fd, 1);
	ASSERT_EQ(harness_recv_u64(p), UINT64_MAX);
	ASSERT_EQ(harness_recv_bytes(p, bytes, sizeof(bytes)), 5);
	ASSERT_MEMEQ(bytes, "bytes", 5);
	ASSERT_FD_CLOEXEC(fd);
	ASSERT_EQ(read(ends[0], bytes, sizeof(bytes)), 1);
	close(fd);
	close(ends[0]);
	close(ends[1]);
	harness_finish(h);
}

static void two_points(PeerCtx *ctx)
{
	_Atomic int *step = ctx->arg;

	*step = 1;
	peer_reach(ctx, "one");
	*step = 2;
	peer_reach(ctx, "two");
	*step = 3;
}

TEST(a_peer_stands_at_a_sync_point)
{
	Harness *h = harness_new();
	_Atomic int *step = mmap(
		NULL, sizeof(*step), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	Peer *p;

	ASSERT_TRUE(step != MAP_FAILED);
	p = peer_spawn(h, "p", two_points, (void *)step);
	harness_wait(h, p, "one");
	ASSERT_EQ(*step, 1);
	harness_release(p);
	harness_wait(h, p, "two");
	ASSERT_EQ(*step, 2);
	harness_release(p);
	harness_finish(h);
	ASSERT_EQ(*step, 3);
	munmap((void *)step, sizeof(*step));
}

static void hold(PeerCtx *ctx)
{
	int fd;

	peer_recv_fds(ctx, &fd, 1);
	peer_reach(ctx, "holding");
	FAIL("released");
}

TEST(killed_at_a_sync_point)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "p", hold, NULL);
	int ends[2];
	char byte;

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	harness_send_fds(p, &ends[1], 1);
	close(ends[1]);
	harness_kill_when(h, p, "holding");
	/* Reaped, so its descriptors are closed: this is the end of file, without a wait. */
	ASSERT_EQ(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	harness_finish(h);
}

static void exits_with_three(PeerCtx *ctx)
{
	_exit(3);
}

static void dies_of_sigterm(PeerCtx *ctx)
{
	raise(SIGTERM);
}

TEST(the_end_of_a_peer_is_checked)
{
	Harness *h = harness_new();
	Peer *a = peer_spawn(h, "a", exits_with_three, NULL);
	Peer *b = peer_spawn(h, "b", dies_of_sigterm, NULL);

	harness_expect_signal(b, SIGTERM);
	harness_expect_exit(a, 3);
	harness_finish(h);
}

static void asserts_wrongly(PeerCtx *ctx)
{
	ASSERT_EQ(1 + 1, 3);
}

TEST(an_expected_failure)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "p", asserts_wrongly, NULL);

	harness_expect_failure(p, "1 + 1 == 3");
	harness_finish(h);
}

TEST(stopped_and_continued)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "p", hold, NULL);
	struct pollfd ended = {.fd = peer_pidfd(p), .events = POLLIN};

	harness_stop(p);
	ASSERT_EQ(poll(&ended, 1, 0), 0);
	harness_continue(p);
	harness_kill(p);
	harness_finish(h);
}

static void is_nobody(PeerCtx *ctx)
{
	if (!ctx->is_other_uid)
		return;
	ASSERT_EQ(geteuid(), HARNESS_NOBODY);
	ASSERT_EQ(getgid(), HARNESS_NOBODY);
	ASSERT_EQ(getgroups(0, NULL), 0);
	ASSERT_NE(setuid(0), 0);
	/* Dumpable, so its /proc is its own. */
	close(ASSERT_SYS(open("/proc/self/maps", O_RDONLY | O_CLOEXEC)));
	ASSERT_SYS(access("/proc/self/fd/1", F_OK));
}

TEST(a_peer_of_another_uid)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn_as(h, HARNESS_NOBODY, "nobody", is_nobody, NULL);

	harness_expect_exit(p, 0);
	harness_finish(h);
}

/* The program that the next test executes: this one, told to run only this. */
TEST(attached)
{
	PeerCtx *ctx = peer_attach();

	if (ctx == NULL)
		return;
	peer_send_u64(ctx, peer_recv_u64(ctx) * 2);
	peer_reach(ctx, "executed");
}

TEST(an_executed_peer)
{
	const char *const argv[] = {"/proc/self/exe", "attached", NULL};
	Harness *h = harness_new();
	Peer *p = peer_spawn_exec(h, "executed", argv);

	harness_send_u64(p, 21);
	ASSERT_EQ(harness_recv_u64(p), 42);
	harness_wait(h, p, "executed");
	harness_release(p);
	harness_finish(h);
}

/* What must fail. */

static void trial_peer_asserts(void)
{
	Harness *h = harness_new();

	peer_spawn(h, "wrong", asserts_wrongly, NULL);
	harness_finish(h);
}

TEST(a_peers_failure_is_reported)
{
	static Trial trial;

	trial_run(&trial, "1", trial_peer_asserts);
	trial_failed(&trial, "peer wrong: 1 + 1 == 3: 2");
	ASSERT_STRSTR(trial.text, "test-harness.c:");
}

static void *thread_asserts(void *arg)
{
	ASSERT_TRUE(arg != NULL);
	return NULL;
}

static void asserts_in_a_thread(PeerCtx *ctx)
{
	pthread_t thread;

	ASSERT_EQ(pthread_create(&thread, NULL, thread_asserts, NULL), 0);
	pthread_join(thread, NULL);
}

static void trial_thread_of_a_peer_asserts(void)
{
	Harness *h = harness_new();

	peer_spawn(h, "threaded", asserts_in_a_thread, NULL);
	harness_finish(h);
}

TEST(a_failure_in_a_peers_thread_is_reported)
{
	trial_must_fail(trial_thread_of_a_peer_asserts, "peer threaded: not true: arg");
}

static void stands(PeerCtx *ctx)
{
	peer_reach(ctx, "there");
}

static void trial_another_peer_asserts(void)
{
	Harness *h = harness_new();
	Peer *stuck = peer_spawn(h, "stuck", stands, NULL);

	harness_wait(h, stuck, "there");
	peer_spawn(h, "wrong", asserts_wrongly, NULL);
	/* Never comes: "stuck" stands still. */
	(void)harness_recv_u64(stuck);
}

TEST(the_failure_of_another_peer_ends_the_wait)
{
	trial_must_fail(trial_another_peer_asserts, "peer wrong: 1 + 1 == 3");
}

static void trial_test_asserts(void)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "p", stands, NULL);

	harness_wait(h, p, "there");
	ASSERT_STREQ("this", "that");
}

TEST(a_failure_of_the_test_ends_its_peers)
{
	/* The trial's pipe comes to its end only when the peer is gone as well. */
	trial_must_fail(trial_test_asserts, "\"this\" and \"that\"");
}

static void trial_wrong_end(void)
{
	Harness *h = harness_new();

	peer_spawn(h, "early", exits_with_three, NULL);
	harness_finish(h);
}

TEST(an_unexpected_end_is_detected)
{
	trial_must_fail(trial_wrong_end, "peer early exited with status 3, expected exit status 0");
}

static void trial_ends_before(void)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "early", exits_with_three, NULL);

	harness_wait(h, p, "never");
}

TEST(an_end_before_the_sync_point_is_detected)
{
	trial_must_fail(
		trial_ends_before, "peer early exited with status 3 before sync point \"never\"");
}

static void trial_other_point(void)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "p", stands, NULL);

	harness_wait(h, p, "elsewhere");
}

TEST(another_sync_point_is_detected)
{
	trial_must_fail(trial_other_point, "at sync point \"there\" instead of \"elsewhere\"");
}

static void trial_never_released(void)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "p", stands, NULL);

	harness_wait(h, p, "there");
	harness_finish(h);
}

TEST(a_peer_that_was_never_released_is_detected)
{
	trial_must_fail(trial_never_released, "still at sync point \"there\"");
}

static void trial_leaks_fd(void)
{
	Harness *h = harness_new();

	(void)!dup(STDIN_FILENO);
	harness_finish(h);
}

TEST(a_leaked_descriptor_is_detected)
{
	trial_must_leak(trial_leaks_fd, "leaked descriptor");
}

static void trial_leaks_child(void)
{
	Harness *h = harness_new();

	if (fork() == 0)
		_exit(0);
	harness_finish(h);
}

TEST(a_child_that_nobody_reaped_is_detected)
{
	trial_must_leak(trial_leaks_child, "child not reaped");
}

static void leaves_a_child(PeerCtx *ctx)
{
	if (fork() == 0)
		for (;;)
			pause();
}

static void trial_outlived(void)
{
	Harness *h = harness_new();

	peer_spawn(h, "parent", leaves_a_child, NULL);
	harness_finish(h);
}

TEST(a_descendant_that_outlives_its_peer_is_detected)
{
	trial_must_leak(trial_outlived, "outlived its peer");
}

static void leaves_a_dead_child(PeerCtx *ctx)
{
	int ends[2];
	char byte;

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	if (fork() == 0)
		_exit(0);
	close(ends[1]);
	/* The child is dead, and a zombie of ours: we cannot be asked to have reaped it if we are
	 * killed. */
	ASSERT_EQ(read(ends[0], &byte, 1), 0);
	peer_reach(ctx, "with a zombie");
}

TEST(the_zombie_of_a_killed_peer_is_no_leak)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "p", leaves_a_dead_child, NULL);

	harness_kill_when(h, p, "with a zombie");
	harness_finish(h);
}

static void port_file_path(char *path, size_t size)
{
	snprintf(path, size, "/dev/shm/portcullis-%u", (unsigned)geteuid());
	(void)mkdir(path, 0700);
	snprintf(path, size, "/dev/shm/portcullis-%u/harness-test-%d", (unsigned)geteuid(),
		getpid());
}

static void trial_leaves_file(void)
{
	Harness *h = harness_new();
	char path[128];

	port_file_path(path, sizeof(path));
	close(ASSERT_SYS(open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600)));
	printf("made %s\n", path);
	harness_finish(h);
}

TEST(a_file_left_behind_is_detected)
{
	static Trial trial;
	char path[128];
	const char *made;

	trial_run(&trial, "0.3", trial_leaves_file);
	made = strstr(trial.text, "made ");
	ASSERT_NOT_NULL(made);
	ASSERT_EQ(sscanf(made, "made %127s", path), 1);
	ASSERT_SYS(unlink(path));
	*strrchr(path, '/') = '\0';
	/* Not if a library keeps it for its ports, or another test is just using it. */
	(void)rmdir(path);
	trial_failed(&trial, "left behind: /dev/shm/portcullis-");
}

static void trial_waits_for_ever(void)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "silent", stands, NULL);

	harness_wait(h, p, "there");
	(void)harness_recv_u64(p);
}

TEST(a_deadline_is_kept_and_states_are_shown)
{
	static Trial trial;

	trial_run(&trial, "0.02", trial_waits_for_ever);
	trial_failed(&trial, "deadline: peer silent: waiting for a u64");
	ASSERT_STRSTR(trial.text, "silent: pid ");
	ASSERT_STRSTR(trial.text, "last at sync point there");
	ASSERT_STRSTR(trial.text, "State:");
	ASSERT_STRSTR(trial.text, "fd 1 -> ");
}

static void trial_hangs(void)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "silent", stands, NULL);

	harness_wait(h, p, "there");
	for (;;)
		pause();
}

TEST(a_test_that_hangs_is_killed_with_its_peers)
{
	static Trial trial;

	/* Ends only when all who have the pipe are dead. */
	trial_run(&trial, "0.02", trial_hangs);
	ASSERT_TRUE(WIFSIGNALED(trial.status));
	ASSERT_EQ(WTERMSIG(trial.status), SIGKILL);
	ASSERT_STRSTR(trial.text, "the test hangs");
	ASSERT_STRSTR(trial.text, "last at sync point there");
}

static void trial_dies(void)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "orphan", stands, NULL);

	harness_wait(h, p, "there");
	printf("ready\n");
	fflush(stdout);
	raise(SIGKILL);
}

TEST(no_peer_outlives_a_dead_test)
{
	static Trial trial;

	trial_run(&trial, "1", trial_dies);
	ASSERT_TRUE(WIFSIGNALED(trial.status));
	ASSERT_STREQ(trial.text, "ready\n");
}

static void skips(PeerCtx *ctx)
{
	SKIP("no such thing here");
}

static void trial_skips(void)
{
	Harness *h = harness_new();

	peer_spawn(h, "p", skips, NULL);
	harness_finish(h);
}

TEST(a_peer_can_skip_the_test)
{
	static Trial trial;

	trial_run(&trial, "1", trial_skips);
	ASSERT_TRUE(WIFEXITED(trial.status));
	ASSERT_EQ(WEXITSTATUS(trial.status), 0);
	ASSERT_STRSTR(trial.text, "SKIP ");
	ASSERT_STRSTR(trial.text, "no such thing here");
}

static void trial_no_program(void)
{
	const char *const argv[] = {"/nonexistent/program", NULL};
	Harness *h = harness_new();

	peer_spawn_exec(h, "p", argv);
	harness_finish(h);
}

TEST(a_failed_exec_is_reported)
{
	trial_must_fail(trial_no_program, "exec of /nonexistent/program");
}

/* Failures in the runner's own process leave nothing behind for the next test. */
TEST(abandoned_harness_leaves_nothing)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "p", stands, NULL);
	pid_t pid = peer_pid(p);

	harness_wait(h, p, "there");
	harness_abandon();
	ASSERT_EQ(kill(pid, 0), -1);
	ASSERT_EQ(waitpid(-1, NULL, WNOHANG), -1);
	ASSERT_EQ(errno, ECHILD);
}
