/* SPDX-License-Identifier: Apache-2.0 */

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/memfd.h"
#include "base/pidref.h"
#include "tests/lib/unit.h"

/* A child that waits for its end of a pipe to be closed, then exits. */
typedef struct Child {
	pid_t pid;
	int leash;
} Child;

static Child child_new(void)
{
	int p[2];
	pid_t pid;

	ASSERT_SYS(pipe2(p, O_CLOEXEC));
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		char c;

		close(p[1]);
		_exit(read(p[0], &c, 1) == 0 ? 0 : 1);
	}
	close(p[0]);
	return (Child){pid, p[1]};
}

/* Let it exit; it stays a zombie. */
static void child_end(Child *child)
{
	siginfo_t info;

	child->leash = fd_close(child->leash);
	ASSERT_SYS(waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT));
}

TEST(self)
{
	_cleanup_pidref_ PidRef self = PIDREF_NULL, again = PIDREF_NULL, unset = PIDREF_NULL;

	ASSERT_FALSE(pidref_is_set(&unset));
	ASSERT_FALSE(pidref_is_alive(&unset));
	ASSERT_EQ(pidref_verify(&unset), PIDREF_E_GONE);
	ASSERT_OK(pidref_set_self(&self));
	ASSERT_OK(pidref_set_pid(&again, getpid()));
	ASSERT_TRUE(pidref_is_set(&self));
	ASSERT_EQ(self.pid, getpid());
	ASSERT_FD_CLOEXEC(self.fd);
	ASSERT_GE(self.fd, FD_ABOVE_STDIO);
	ASSERT_NE(self.fd, again.fd);
	ASSERT_TRUE(pidref_equal(&self, &again));
	ASSERT_FALSE(pidref_equal(&self, &unset));
	ASSERT_FALSE(pidref_equal(&unset, &unset));
	ASSERT_TRUE(pidref_is_alive(&self));
	ASSERT_OK(pidref_verify(&self));
}

TEST(life_and_death_of_a_child)
{
	_cleanup_pidref_ PidRef ref = PIDREF_NULL, zombie = PIDREF_NULL, gone = PIDREF_NULL,
				late = PIDREF_NULL;
	Child child = child_new();

	ASSERT_OK(pidref_set_pid(&ref, child.pid));
	ASSERT_TRUE(pidref_is_alive(&ref));
	ASSERT_OK(pidref_verify(&ref));

	child_end(&child);
	ASSERT_FALSE(pidref_is_alive(&ref));
	ASSERT_OK(pidref_verify(&ref));
	ASSERT_OK(pidref_set_pid(&zombie, child.pid));
	ASSERT_TRUE(pidref_equal(&ref, &zombie));

	ASSERT_CHILD_EXITS(child.pid, 0);
	ASSERT_FALSE(pidref_is_alive(&ref));
	ASSERT_EQ(pidref_verify(&ref), PIDREF_E_GONE);
	ASSERT_TRUE(pidref_is_set(&ref));
	/* The pidfd of a process that is no more still tells which one it was, but not its pid. */
	ASSERT_OK(pidref_set_pidfd_consume(&late, ASSERT_FD(fd_dup(ref.fd))));
	ASSERT_TRUE(pidref_equal(&ref, &late));
	ASSERT_EQ(late.pid, 0);
	ASSERT_EQ(pidref_verify(&late), PIDREF_E_GONE);
	ASSERT_FALSE(pidref_is_set(&gone));
}

TEST(no_such_process)
{
	PidRef ref = PIDREF_NULL;

	ASSERT_EQ(pidref_set_pid(&ref, 0), PIDREF_E_GONE);
	ASSERT_EQ(pidref_set_pid(&ref, -1), PIDREF_E_GONE);
	ASSERT_EQ(pidref_set_pid(&ref, INT32_MAX), PIDREF_E_GONE);
	ASSERT_FALSE(pidref_is_set(&ref));
}

TEST(ids_differ)
{
	_cleanup_pidref_ PidRef self = PIDREF_NULL, other = PIDREF_NULL;
	Child child = child_new();

	ASSERT_OK(pidref_set_self(&self));
	ASSERT_OK(pidref_set_pid(&other, child.pid));
	ASSERT_FALSE(pidref_equal(&self, &other));
	ASSERT_NE(self.id, other.id);
	child_end(&child);
	ASSERT_CHILD_EXITS(child.pid, 0);
}

TEST(from_pidfd)
{
	_cleanup_pidref_ PidRef self = PIDREF_NULL, taken = PIDREF_NULL;
	int fd = ASSERT_SYS(pidfd_open(getpid(), 0));

	ASSERT_OK(pidref_set_self(&self));
	ASSERT_OK(pidref_set_pidfd_take(&taken, fd));
	ASSERT_EQ(taken.fd, fd);
	ASSERT_EQ(taken.pid, getpid());
	ASSERT_TRUE(pidref_equal(&self, &taken));
	pidref_done(&taken);
	ASSERT_FD_CLOSED(fd);
	ASSERT_FALSE(pidref_is_set(&taken));
}

TEST(not_a_pidfd)
{
	PidRef ref = PIDREF_NULL;
	int kinds[3], p[2];

	ASSERT_SYS(pipe2(p, O_CLOEXEC));
	close(p[1]);
	kinds[0] = p[0];
	kinds[1] = ASSERT_SYS(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
	kinds[2] = ASSERT_FD(memfd_new("not a process"));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		ASSERT_EQ(pidref_set_pidfd_take(&ref, kinds[i]), PIDREF_E_KIND);
		ASSERT_FD_OPEN(kinds[i]);
		ASSERT_EQ(pidref_set_pidfd_consume(&ref, kinds[i]), PIDREF_E_KIND);
		ASSERT_FD_CLOSED(kinds[i]);
		ASSERT_FALSE(pidref_is_set(&ref));
	}
	ASSERT_LT(pidref_set_pidfd_take(&ref, -EBADF), 0);
}

TEST(verify_without_permission)
{
	_cleanup_pidref_ PidRef ref = PIDREF_NULL;
	Child child = child_new();
	pid_t pid;

	/* As root: a child that gave up root must still be able to tell that ours exists. */
	if (geteuid() != 0) {
		child_end(&child);
		ASSERT_CHILD_EXITS(child.pid, 0);
		SKIP("only root can change its uid");
	}
	ASSERT_OK(pidref_set_pid(&ref, child.pid));
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		ASSERT_SYS(setresuid(65534, 65534, 65534));
		ASSERT_EQ(pidfd_send_signal(ref.fd, 0, NULL, 0), -1);
		ASSERT_EQ(errno, EPERM);
		ASSERT_OK(pidref_verify(&ref));
		exit(0);
	}
	ASSERT_CHILD_EXITS(pid, 0);
	child_end(&child);
	ASSERT_CHILD_EXITS(child.pid, 0);
}

/* Let one system call fail in this process from now on. Returns false where that is impossible. */
static bool forbid(unsigned number, unsigned error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {ARRAY_SIZE(code), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* The kernels of the floor have no ioctl that tells the pid of a pidfd. */
TEST(pid_without_the_ioctl)
{
	_cleanup_pidref_ PidRef ref = PIDREF_NULL;
	Child child = child_new();
	pid_t pid;

	ASSERT_OK(pidref_set_pid(&ref, child.pid));
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		PidRef self = PIDREF_NULL, other = PIDREF_NULL;

		if (!forbid(SYS_ioctl, ENOTTY))
			exit(0);
		ASSERT_OK(pidref_set_pidfd_take(&self, ASSERT_SYS(pidfd_open(getpid(), 0))));
		ASSERT_EQ(self.pid, getpid());
		ASSERT_OK(pidref_set_pidfd_take(&other, ref.fd));
		ASSERT_EQ(other.pid, ref.pid);
		exit(0);
	}
	ASSERT_CHILD_EXITS(pid, 0);
	child_end(&child);
	ASSERT_CHILD_EXITS(child.pid, 0);
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		PidRef late = PIDREF_NULL;

		if (!forbid(SYS_ioctl, ENOTTY))
			exit(0);
		ASSERT_OK(pidref_set_pidfd_take(&late, ref.fd));
		ASSERT_EQ(late.pid, 0);
		exit(0);
	}
	ASSERT_CHILD_EXITS(pid, 0);
}

static void assert_setters_fail(unsigned number, unsigned error)
{
	pid_t pid = ASSERT_SYS(fork());

	if (pid == 0) {
		int fd = ASSERT_SYS(pidfd_open(getpid(), 0));
		PidRef ref = PIDREF_NULL;

		if (!forbid(number, error))
			exit(0);
		ASSERT_EQ(pidref_set_self(&ref), -(int)error);
		ASSERT_EQ(pidref_set_pidfd_take(&ref, fd), -(int)error);
		ASSERT_FALSE(pidref_is_set(&ref));
		exit(0);
	}
	ASSERT_CHILD_EXITS(pid, 0);
}

TEST(kernel_says_no)
{
	assert_setters_fail(SYS_statx, ENOMEM);
}
