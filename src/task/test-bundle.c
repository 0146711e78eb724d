/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles that are what they should be, and all others: nothing that a peer puts together is taken, and
 * nothing makes the examination wait.
 */
#include "task/bundle.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

#include "base/kernel.h"
#include "base/sockmsg.h"
#include "port/test-bounded.h"
#include "port/test-support.h"
#include "task/own.h"
#include "tests/lib/hostile.h"

typedef struct Bundle {
	int fds[KOBJECT_MAX_FDS];
	unsigned n;
	TaskFlavor flavor;
} Bundle;

static int open_own(TaskFlavor flavor, int *fds, unsigned *n)
{
	Right right = RIGHT_NULL;
	int r;

	task_lock();
	r = own_port(flavor, &right);
	if (!r)
		r = own_open(right.port, fds, n);
	right_drop(&right);
	task_unlock();
	return r;
}

__attribute__((__constructor__)) static void keep_life(void)
{
	int fds[KOBJECT_MAX_FDS];
	unsigned n = 0;

	if (open_own(TASK_IS_CONTROL, fds, &n))
		abort();
	while (n > 0)
		close(fds[--n]);
}

static Bundle own_bundle(TaskFlavor flavor)
{
	Bundle b = {.flavor = flavor};

	for (unsigned i = 0; i < KOBJECT_MAX_FDS; i++)
		b.fds[i] = -EBADF;
	ASSERT_OK(open_own(flavor, b.fds, &b.n));
	return b;
}

static void bundle_close(Bundle *b)
{
	while (b->n > 0)
		close(b->fds[--b->n]);
}

static int examine(const Bundle *b)
{
	uint64_t facts[2];

	return kobject_examine(bundle_type(b->flavor), b->fds, b->n, facts);
}

static void replace(Bundle *b, unsigned i, int fd)
{
	close(b->fds[i]);
	b->fds[i] = ASSERT_FD(fd);
}

TEST(own_bundles_are_good)
{
	for (unsigned f = 0; f < _TASK_FLAVOR_N; f++) {
		Bundle b = own_bundle(f);

		ASSERT_EQ(b.n, bundle_size(f));
		for (unsigned i = 0; i < b.n; i++) {
			ASSERT_GE(b.fds[i], FD_ABOVE_STDIO);
			ASSERT_EQ(fcntl(b.fds[i], F_GETFD), FD_CLOEXEC);
		}
		ASSERT_OK(examine(&b));
		/* One less, and one more. */
		b.n--;
		ASSERT_EQ(examine(&b), KERN_INVALID_ARGUMENT);
		b.n++;
		bundle_close(&b);
	}
}

/* Each as each other. */
TEST(a_flavor_is_no_other)
{
	for (unsigned f = 0; f < _TASK_FLAVOR_N; f++) {
		Bundle b = own_bundle(f);

		for (unsigned g = 0; g < _TASK_FLAVOR_N; g++) {
			b.flavor = g;
			ASSERT_EQ(examine(&b), f == g ? 0 : KERN_INVALID_ARGUMENT);
		}
		bundle_close(&b);
	}
}

TEST(opened_in_other_ways)
{
	static const struct {
		unsigned i;
		const char *path;
		int flags;
	} wrong[] = {
		{BUNDLE_MEM, "/proc/self/mem", O_RDWR},
		{BUNDLE_MEM, "/proc/self/mem", O_WRONLY},
		{BUNDLE_MEM, "/proc/self/mem", O_PATH},
		{BUNDLE_MEM, "/proc/self/maps", O_RDONLY},
		{BUNDLE_MEM, "/proc/self/smaps", O_RDONLY},
		{BUNDLE_MEM, "/proc/self/environ", O_RDONLY},
		{BUNDLE_MEM, "/proc/thread-self/mem", O_RDONLY},
		{BUNDLE_MAPS, "/proc/self/maps", O_PATH},
		{BUNDLE_MAPS, "/proc/self/smaps", O_RDONLY},
		{BUNDLE_MAPS, "/proc/thread-self/maps", O_RDONLY},
		{BUNDLE_STAT, "/proc/self/status", O_RDONLY},
		{BUNDLE_STATUS, "/proc/self/stat", O_RDONLY},
		{BUNDLE_STAT, "/proc/self", O_RDONLY | O_DIRECTORY},
		{BUNDLE_STATUS, "/dev/null", O_RDONLY},
		{BUNDLE_PIDFD, "/proc/self", O_RDONLY | O_DIRECTORY},
		{BUNDLE_LIFE, "/dev/null", O_RDONLY},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		Bundle b = own_bundle(TASK_IS_READ);

		replace(&b, wrong[i].i, open(wrong[i].path, wrong[i].flags | O_CLOEXEC));
		if (examine(&b) != KERN_INVALID_ARGUMENT)
			FAIL("%s is taken", wrong[i].path);
		bundle_close(&b);
	}
}

static pid_t start_child(void)
{
	pid_t pid = ASSERT_SYS(fork());

	if (pid == 0) {
		for (;;)
			pause();
	}
	return pid;
}

static void end_child(pid_t pid)
{
	ASSERT_SYS(kill(pid, SIGKILL));
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
}

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, flags | O_CLOEXEC);
}

/* Parts of two processes. */
TEST(mixed_bundles)
{
	static const char *const names[] = {
		[BUNDLE_MAPS] = "maps",
		[BUNDLE_STAT] = "stat",
		[BUNDLE_STATUS] = "status",
		[BUNDLE_MEM] = "mem",
	};
	pid_t pid = start_child();

	for (unsigned i = BUNDLE_PIDFD; i <= BUNDLE_MEM; i++) {
		Bundle b = own_bundle(TASK_IS_READ);
		int fd = i == BUNDLE_PIDFD ? pidfd_open(pid, 0) : open_of(pid, names[i], O_RDONLY);

		replace(&b, i, fd);
		ASSERT_EQ(examine(&b), KERN_INVALID_ARGUMENT);
		bundle_close(&b);
	}
	end_child(pid);
}

TEST(pidfds_of_other_kinds)
{
	Bundle b = own_bundle(TASK_IS_NAME);
	pid_t pid = start_child();

	replace(&b, BUNDLE_PIDFD, pidfd_open(getpid(), PIDFD_THREAD));
	ASSERT_EQ(examine(&b), KERN_INVALID_ARGUMENT);
	/* A second pidfd stands in for the pipe, if it is of the same process. */
	replace(&b, BUNDLE_PIDFD, pidfd_open(pid, 0));
	replace(&b, BUNDLE_LIFE, pidfd_open(pid, 0));
	ASSERT_OK(examine(&b));
	replace(&b, BUNDLE_LIFE, pidfd_open(getpid(), 0));
	ASSERT_EQ(examine(&b), KERN_INVALID_ARGUMENT);
	replace(&b, BUNDLE_LIFE, fd_dup(b.fds[BUNDLE_PIDFD]));
	end_child(pid);
	ASSERT_EQ(examine(&b), KERN_TERMINATED);
	bundle_close(&b);
}

static void send_fd(int sock, int fd)
{
	char byte = 0;
	struct iovec iov = {&byte, 1};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	(void)!sendmsg(sock, &msg, 0);
}

static int receive_fd(int sock)
{
	char byte;
	struct iovec iov = {&byte, 1};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	int fd = -EBADF;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) > 0 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* With a mount namespace one's own file can bear another's name. */
static void bind_and_send(int sock, pid_t victim)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)victim);
	if (unshare(CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("/proc/self/mem", path, NULL, MS_BIND, NULL) < 0)
		_exit(2);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		_exit(2);
	send_fd(sock, fd);
	for (;;)
		pause();
}

TEST(a_file_under_another_ones_name)
{
	Bundle b = own_bundle(TASK_IS_READ);
	char path[64], name[64] = "";
	int pair[2], fd;
	pid_t pid;

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	pid = ASSERT_SYS(fork());
	if (pid == 0)
		bind_and_send(pair[1], getppid());
	close(pair[1]);
	fd = receive_fd(pair[0]);
	close(pair[0]);
	if (fd < 0) {
		ASSERT_EQ(waitpid(pid, NULL, 0), pid);
		bundle_close(&b);
		SKIP("no namespaces to be had");
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ASSERT_GT(readlink(path, name, sizeof(name) - 1), 0);
	ASSERT_NOT_NULL(strstr(name, "/mem"));
	replace(&b, BUNDLE_MEM, fd);
	ASSERT_EQ(examine(&b), KERN_INVALID_ARGUMENT);
	bundle_close(&b);
	end_child(pid);
}

static void examine_it(void *arg)
{
	Bundle *b = arg;

	b->n = examine(b) == KERN_INVALID_ARGUMENT ? b->n : 0;
}

/* Whatever stands in whatever place. */
TEST(hostile_descriptors_are_refused_without_waiting)
{
	for (unsigned kind = 0; kind < _HOSTILE_N; kind++) {
		Hostile h;

		/* These may well be right. */
		if (kind == HOSTILE_PIPE_READ || kind == HOSTILE_PIDFD ||
			kind == HOSTILE_PROC_MEM || kind == HOSTILE_PROC_MAPS)
			continue;
		if (hostile_make(kind, &h) != 0) {
			printf("no %s: %s\n", hostile_kind_name(kind), h.reason);
			continue;
		}
		for (unsigned i = 0; i <= BUNDLE_MEM; i++) {
			Bundle b = own_bundle(TASK_IS_READ);
			int good = b.fds[i];
			Bounded bounded;
			bool in_time;

			b.fds[i] = h.fd;
			in_time = bounded_run(&bounded, examine_it, &b);
			if (!in_time) {
				hostile_deinit(&h);
				bounded_join(&bounded);
				FAIL("%s at %u: hangs", hostile_kind_name(kind), i);
			}
			if (b.n == 0)
				FAIL("%s at %u: taken", hostile_kind_name(kind), i);
			b.fds[i] = good;
			bundle_close(&b);
		}
		hostile_deinit(&h);
	}
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

TEST(control_groups_are_looked_at)
{
	Bundle b = own_bundle(TASK_IS_CONTROL);

	b.fds[b.n++] = ASSERT_FD(open("/dev/null", O_RDWR | O_CLOEXEC));
	ASSERT_EQ(examine(&b), KERN_INVALID_ARGUMENT);
	replace(&b, BUNDLE_FREEZE, open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	ASSERT_EQ(examine(&b), KERN_INVALID_ARGUMENT);
	bundle_close(&b);
}
