/* SPDX-License-Identifier: Apache-2.0 */
#include "task/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mach/kern_return.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memfd.h"
#include "tests/lib/harness.h"

#define LONG_MS harness_scale_ms(10000)
#define SHORT_MS 30

static int make_file(const char *text)
{
	int fd = memfd_new("guard");

	ASSERT_GE(fd, 0);
	ASSERT_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

TEST(reads_a_file_by_its_path)
{
	int n_fds = fd_count_open();
	char buffer[64] = "/proc/self/comm";
	GuardCall call = {GUARD_READ_FILE, -EBADF, 0, buffer, sizeof(buffer)};
	ssize_t n = 0;

	ASSERT_OK(guard_run(&call, LONG_MS, &n));
	ASSERT_GT(n, 1);
	ASSERT_EQ(buffer[n - 1], '\n');
	strcpy(buffer, "/proc/self/nothing");
	ASSERT_OK(guard_run(&call, LONG_MS, &n));
	ASSERT_EQ(n, -ENOENT);
	ASSERT_EQ(fd_count_open(), n_fds);
}

/* A call that never comes back: nothing is ever put before this supervisor. */
static GuardCall make_silent(struct seccomp_notif *buffer)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};
	int fd;

	ASSERT_SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	fd = ASSERT_SYS((int)syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
	memset(buffer, 0, sizeof(*buffer));
	return (GuardCall){GUARD_IOCTL, fd, SECCOMP_IOCTL_NOTIF_RECV, buffer, sizeof(*buffer)};
}

TEST(reads_and_writes)
{
	int fd = make_file("portcullis"), n_fds = fd_count_open();
	char buffer[16] = "";
	GuardCall call = {GUARD_READ, fd, 4, buffer, 4};
	ssize_t n = 0;

	ASSERT_OK(guard_run(&call, LONG_MS, &n));
	ASSERT_EQ(n, 4);
	ASSERT_STREQ(buffer, "cull");
	call.op = GUARD_WRITE;
	memcpy(buffer, "CULL", 4);
	ASSERT_OK(guard_run(&call, LONG_MS, &n));
	ASSERT_EQ(n, 4);
	ASSERT_EQ(pread(fd, buffer, 10, 0), 10);
	ASSERT_EQ(memcmp(buffer, "portCULLis", 10), 0);
	ASSERT_EQ(fd_count_open(), n_fds);
	fd_close(fd);
}

TEST(short_reads_and_errors)
{
	int fd = make_file("abc"), w = ASSERT_SYS(open("/dev/null", O_WRONLY | O_CLOEXEC));
	char buffer[16];
	GuardCall call = {GUARD_READ, fd, 0, buffer, sizeof(buffer)};
	ssize_t n = 0;

	ASSERT_OK(guard_run(&call, LONG_MS, &n));
	ASSERT_EQ(n, 3);
	call.where = 3;
	ASSERT_OK(guard_run(&call, LONG_MS, &n));
	ASSERT_EQ(n, 0);
	call.fd = w;
	ASSERT_OK(guard_run(&call, LONG_MS, &n));
	ASSERT_EQ(n, -EBADF);
	call = (GuardCall){GUARD_IOCTL, fd, TCGETS, buffer, sizeof(buffer)};
	ASSERT_OK(guard_run(&call, LONG_MS, &n));
	ASSERT_EQ(n, -ENOTTY);
	fd_close(fd);
	fd_close(w);
}

TEST(bad_memory_of_the_caller)
{
	int fd = make_file("abc");
	void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	GuardCall call = {GUARD_READ, fd, 0, hole, 3};
	ssize_t n = 0;

	ASSERT_OK(guard_run(&call, LONG_MS, &n));
	ASSERT_EQ(n, -EFAULT);
	call.op = GUARD_WRITE;
	ASSERT_OK(guard_run(&call, LONG_MS, &n));
	ASSERT_EQ(n, -EFAULT);
	ASSERT_SYS(munmap(hole, 4096));
	fd_close(fd);
}

TEST(the_deadline_passes)
{
	struct seccomp_notif buffer;
	GuardCall call = make_silent(&buffer);
	int n_fds = fd_count_open();
	uint64_t start = clock_now_ns();
	ssize_t n = 0;

	ASSERT_EQ(guard_run(&call, SHORT_MS, &n), KERN_OPERATION_TIMED_OUT);
	ASSERT_GE(clock_now_ns() - start, SHORT_MS * CLOCK_NS_PER_MS);
	ASSERT_EQ(fd_count_open(), n_fds);
	fd_close(call.fd);
}

/* It is nobody's business that there was a process. */
TEST(no_child_is_seen)
{
	int fd = make_file("abc");
	char buffer[4];
	GuardCall call = {GUARD_READ, fd, 0, buffer, 3};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	ssize_t n = 0;

	ASSERT_SYS(sigaction(SIGCHLD, &ignore, &old));
	ASSERT_OK(guard_run(&call, LONG_MS, &n));
	ASSERT_SYS(sigaction(SIGCHLD, &old, NULL));
	ASSERT_EQ(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	ASSERT_EQ(errno, ECHILD);
	fd_close(fd);
}

/* Descriptors of ours must not live on in a process that is stuck. */
typedef struct Stuck {
	GuardCall call;
	atomic_bool is_over;
} Stuck;

/* Whether the disposable process has been started by some thread of ours. */
static bool has_child(void)
{
	siginfo_t info = {0};

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

static void *be_stuck(void *arg)
{
	Stuck *stuck = arg;
	ssize_t n = 0;

	ASSERT_EQ(guard_run(&stuck->call, LONG_MS / 10, &n), KERN_OPERATION_TIMED_OUT);
	atomic_store(&stuck->is_over, true);
	return NULL;
}

TEST(keeps_no_descriptors_alive)
{
	struct seccomp_notif buffer;
	Stuck stuck = {.call = make_silent(&buffer)};
	struct pollfd p = {.events = POLLHUP};
	pthread_t thread;
	int pipes[2];

	ASSERT_SYS(pipe2(pipes, O_CLOEXEC));
	p.fd = pipes[0];
	ASSERT_EQ(pthread_create(&thread, NULL, be_stuck, &stuck), 0);
	while (poll(NULL, 0, 1) == 0 && !has_child())
		;
	fd_close(pipes[1]);
	ASSERT_EQ(poll(&p, 1, (int)LONG_MS), 1);
	ASSERT_FALSE(atomic_load(&stuck.is_over));
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	fd_close(pipes[0]);
	fd_close(stuck.call.fd);
}

static void *read_often(void *arg)
{
	char buffer[4];
	GuardCall call = {GUARD_READ, *(int *)arg, 0, buffer, 3};
	ssize_t n;

	for (int i = 0; i < 50; i++) {
		n = 0;
		ASSERT_OK(guard_run(&call, LONG_MS, &n));
		ASSERT_EQ(n, 3);
	}
	return NULL;
}

TEST(many_threads)
{
	int fd = make_file("abc");
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(pthread_create(&threads[i], NULL, read_often, &fd), 0);
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(pthread_join(threads[i], NULL), 0);
	fd_close(fd);
}

TEST(works_in_a_fork_child)
{
	int fd = make_file("abc"), status;
	pid_t pid = ASSERT_SYS(fork());

	if (pid == 0) {
		(void)read_often(&fd);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	fd_close(fd);
}
