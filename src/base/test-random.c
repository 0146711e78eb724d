/* SPDX-License-Identifier: Apache-2.0 */

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/kernel.h"
#include "base/random.h"
#include "tests/lib/unit.h"

#define N_VALUES 200

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void assert_all_differ(uint64_t *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	for (size_t i = 1; i < n; i++)
		ASSERT_NE(values[i - 1], values[i]);
}

static void fill(uint64_t *values)
{
	for (size_t i = 0; i < N_VALUES; i++)
		values[i] = random_u64();
}

TEST(bytes_are_all_filled)
{
	uint8_t data[1000] = {0}, seen[1000] = {0};

	/* A byte that is never written stays 0; one that is, is 0 eight times in a row with a
	 * chance of 2^-64. */
	for (int round = 0; round < 8; round++) {
		ASSERT_OK(random_bytes(data, sizeof(data) - 1));
		for (size_t i = 0; i < sizeof(data); i++)
			seen[i] |= data[i];
	}
	for (size_t i = 0; i < sizeof(data) - 1; i++)
		ASSERT_NE(seen[i], 0);
	ASSERT_EQ(seen[sizeof(data) - 1], 0);
	ASSERT_OK(random_bytes(NULL, 0));
}

TEST(values_differ)
{
	uint64_t values[N_VALUES];

	fill(values);
	assert_all_differ(values, N_VALUES);
}

static void *fill_thread(void *values)
{
	fill(values);
	return NULL;
}

TEST(threads_differ)
{
	static uint64_t values[4 * N_VALUES];
	pthread_t threads[4];

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, fill_thread, values + i * N_VALUES));
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_OK(pthread_join(threads[i], NULL));
	assert_all_differ(values, ARRAY_SIZE(values));
}

/* Values of a child, a grandchild and the parent, made the way @make_child makes children. */
static void assert_children_differ(pid_t (*make_child)(void))
{
	uint64_t values[3 * N_VALUES];
	int p[2];
	pid_t pid;

	ASSERT_SYS(pipe2(p, O_CLOEXEC));
	(void)random_u64(); /* the buffer that must not be inherited */
	pid = make_child();
	if (pid == 0) {
		(void)random_u64();
		pid = make_child();
		fill(values);
		if (write(p[1], values, N_VALUES * sizeof(*values)) < 0)
			_exit(1);
		if (pid == 0)
			_exit(0);
		_exit(waitpid(pid, NULL, 0) == pid ? 0 : 1);
	}
	fill(values);
	close(p[1]);
	for (size_t done = N_VALUES * sizeof(*values); done < sizeof(values);) {
		ssize_t n = read(p[0], (char *)values + done, sizeof(values) - done);

		ASSERT_GT(n, 0);
		done += (size_t)n;
	}
	close(p[0]);
	ASSERT_CHILD_EXITS(pid, 0);
	assert_all_differ(values, ARRAY_SIZE(values));
}

static pid_t make_by_fork(void)
{
	return ASSERT_SYS(fork());
}

static pid_t make_by_raw_clone(void)
{
	return (pid_t)ASSERT_SYS(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0));
}

TEST(fork_children_differ)
{
	assert_children_differ(make_by_fork);
}

TEST(raw_clone_children_differ)
{
	assert_children_differ(make_by_raw_clone);
}

/* Where no page can be marked, every number is a system call, and children differ all the same. A
 * program of its own, since the page is made once. */
TEST(without_the_page)
{
	const size_t advice = offsetof(struct seccomp_data, args[2]); /* its low half */
	const size_t low = __BYTE_ORDER == __LITTLE_ENDIAN ? 0 : 4;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(advice + low)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_WIPEONFORK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {ARRAY_SIZE(code), code};
	pid_t pid = ASSERT_SYS(fork());

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
			exit(0);
		execl("/proc/self/exe", "test-random", "values_differ", "fork_children_differ",
			(char *)NULL);
		exit(1);
	}
	ASSERT_CHILD_EXITS(pid, 0);
}
