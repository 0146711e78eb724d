/* SPDX-License-Identifier: Apache-2.0 */
#include "task/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <mach/kern_return.h>
#include <mach/message.h>

#include "base/fd.h"
#include "tests/lib/harness.h"

static const char stat_text[] =
	"42 (a) R 7 (b\\n) S 1 2 3 0 -1 4194304 101 0 5 0 11 12 0 0 20 0 3 0 2437782 3133440 383 "
	"18446744073709551615 94392211718144 94392211738025 140732574345760 0 0 0 0 0 0 0 0 0 17 1 "
	"9 2 0 0 0 94392211754032 94392211755648 94393068421120 1 2 3 4 0\n";

TEST(stat_is_parsed)
{
	ProcStat stat;

	ASSERT_TRUE(procfile_parse_stat(stat_text, &stat));
	ASSERT_STREQ(stat.name, "a) R 7 (b\\n");
	ASSERT_EQ(stat.minor_faults, 101);
	ASSERT_EQ(stat.major_faults, 5);
	ASSERT_EQ(stat.user_ticks, 11);
	ASSERT_EQ(stat.system_ticks, 12);
	ASSERT_EQ(stat.priority, 20);
	ASSERT_EQ(stat.n_threads, 3);
	ASSERT_EQ(stat.start_ticks, 2437782);
	ASSERT_EQ(stat.virtual_size, 3133440);
	ASSERT_EQ(stat.resident_pages, 383);
	ASSERT_EQ(stat.processor, 1);
	ASSERT_EQ(stat.rt_priority, 9);
	ASSERT_EQ(stat.policy, 2);
}

TEST(what_is_no_stat)
{
	static const char *const bad[] = {
		"", "1", "1 (a)", "1 (a) ", "1 )a( S 1", "1 (a) S 1 2 3", "1 (a) S x"};
	char text[sizeof(stat_text)];
	ProcStat stat;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT_FALSE(procfile_parse_stat(bad[i], &stat));
	for (size_t n = 0; n < sizeof(text); n++) {
		memcpy(text, stat_text, n);
		text[n] = '\0';
		(void)procfile_parse_stat(text, &stat);
	}
}

TEST(status_is_parsed)
{
	ProcStatus status;

	ASSERT_TRUE(procfile_parse_status(
		"Name:\tUid:\t1\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n"
		"VmPeak:\t 30 kB\nVmSize:\t 20 kB\nVmHWM:\t 15 kB\nVmRSS:\t 12 kB\n"
		"RssAnon:\t 6 kB\nRssFile:\t 4 kB\nRssShmem:\t 2 kB\nVmSwap:\t 1 kB\n"
		"VmPTE:\t 3 kB\nvoluntary_ctxt_switches:\t9\n"
		"nonvoluntary_ctxt_switches:\t8\n",
		&status));
	ASSERT_EQ(status.ruid, 1);
	ASSERT_EQ(status.euid, 2);
	ASSERT_EQ(status.suid, 3);
	ASSERT_EQ(status.egid, 6);
	ASSERT_EQ(status.virtual_peak, 30 * 1024);
	ASSERT_EQ(status.virtual_size, 20 * 1024);
	ASSERT_EQ(status.resident_peak, 15 * 1024);
	ASSERT_EQ(status.resident_size, 12 * 1024);
	ASSERT_EQ(status.anonymous, 6 * 1024);
	ASSERT_EQ(status.file, 4 * 1024);
	ASSERT_EQ(status.shared, 2 * 1024);
	ASSERT_EQ(status.swapped, 1024);
	ASSERT_EQ(status.page_tables, 3 * 1024);
	ASSERT_EQ(status.switches, 17);
	ASSERT_FALSE(procfile_parse_status("", &status));
	ASSERT_FALSE(procfile_parse_status("Uid:\t1\t2\t3\n", &status));
	ASSERT_FALSE(procfile_parse_status("Uid:\t1\nGid:\t5\t6\t7\t8\n", &status));
	ASSERT_TRUE(procfile_parse_status("Uid:\t1\t2\t3\nGid:\t5\t6\t7\t8\nVmRSS:", &status));
	ASSERT_EQ(status.resident_size, 0);
}

TEST(this_process)
{
	ProcStatus status;
	ProcStat stat;

	ASSERT_OK(procfile_stat(-EBADF, NULL, &stat));
	ASSERT_EQ(stat.state, 'R');
	ASSERT_GT(stat.virtual_size, 0);
	ASSERT_OK(procfile_status(-EBADF, NULL, &status));
	ASSERT_EQ(status.euid, geteuid());
	ASSERT_EQ(status.rgid, getgid());
	ASSERT_GT(status.resident_size, 0);
	ASSERT_OK(procfile_thread(-EBADF, getpid(), gettid(), &stat));
	ASSERT_EQ(procfile_thread(-EBADF, getpid(), 1, &stat), MACH_SEND_INVALID_DEST);
}

/* By the descriptors, where the path does not lead there: here because the number is not known. */
TEST(by_descriptor)
{
	ProcFallback fallback = {.timeout_ms = harness_scale_ms(10000)};
	int pidfd = ASSERT_SYS(pidfd_open(getpid(), 0));
	ProcStat stat, own;

	fallback.fd = ASSERT_SYS(open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
	ASSERT_OK(procfile_stat(pidfd, &fallback, &stat));
	/* A sanitizer may have one of its own. */
	ASSERT_OK(procfile_stat(-EBADF, NULL, &own));
	ASSERT_EQ(stat.n_threads, own.n_threads);
	fd_close(fallback.fd);
	fd_close(pidfd);
}

static void idle(PeerCtx *ctx)
{
	peer_reach(ctx, "idle");
}

TEST(another_process_and_its_end)
{
	Harness *h = harness_new();
	Peer *peer = peer_spawn(h, "idle", idle, NULL);
	ProcFallback fallback = {.timeout_ms = harness_scale_ms(10000)};
	ProcStatus status;
	ProcStat stat;
	char path[64];

	harness_wait(h, peer, "idle");
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)peer_pid(peer));
	fallback.fd = ASSERT_SYS(open(path, O_RDONLY | O_CLOEXEC));
	ASSERT_OK(procfile_stat(peer_pidfd(peer), &fallback, &stat));
	ASSERT_OK(procfile_status(peer_pidfd(peer), NULL, &status));
	ASSERT_EQ(status.ruid, getuid());
	ASSERT_OK(procfile_thread(peer_pidfd(peer), peer_pid(peer), peer_pid(peer), &stat));
	harness_kill(peer);
	ASSERT_EQ(procfile_stat(peer_pidfd(peer), &fallback, &stat), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(procfile_status(peer_pidfd(peer), NULL, &status), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(procfile_thread(peer_pidfd(peer), peer_pid(peer), peer_pid(peer), &stat),
		MACH_SEND_INVALID_DEST);
	fd_close(fallback.fd);
	harness_finish(h);
}

typedef struct Seen {
	unsigned n;
	pid_t tids[8];
	uint64_t switches;
	bool has_name;
} Seen;

static void see(void *arg, pid_t tid, const ProcStat *stat, const ProcStatus *status)
{
	Seen *seen = arg;

	ASSERT_LT(seen->n, 8);
	seen->tids[seen->n++] = tid;
	seen->has_name = seen->has_name || strcmp(stat->name, "a (thread)") == 0;
	if (status)
		seen->switches += status->switches;
}

static void *wait_for_end(void *arg)
{
	int *pipes = arg;
	char byte;

	ASSERT_SYS(prctl(PR_SET_NAME, "a (thread)", 0, 0, 0));
	ASSERT_EQ(write(pipes[3], "x", 1), 1);
	ASSERT_EQ(read(pipes[0], &byte, 1), 0);
	return NULL;
}

TEST(threads_are_listed)
{
	Seen seen = {0};
	pthread_t thread;
	int pipes[4];
	char byte;

	ASSERT_SYS(pipe2(pipes, O_CLOEXEC));
	ASSERT_SYS(pipe2(pipes + 2, O_CLOEXEC));
	ASSERT_EQ(pthread_create(&thread, NULL, wait_for_end, pipes), 0);
	ASSERT_EQ(read(pipes[2], &byte, 1), 1);
	ASSERT_OK(procfile_threads(-EBADF, true, see, &seen));
	ASSERT_GE(seen.n, 2); /* a sanitizer may have one of its own */
	ASSERT_TRUE(seen.has_name);
	seen.n = 0;
	ASSERT_OK(procfile_threads(-EBADF, false, see, &seen));
	ASSERT_GE(seen.n, 2);
	fd_close(pipes[1]);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	fd_close(pipes[0]);
	fd_close(pipes[2]);
	fd_close(pipes[3]);
}
