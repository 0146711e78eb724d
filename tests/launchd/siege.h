/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TESTS_LAUNCHD_SIEGE_H
#define PORTCULLIS_TESTS_LAUNCHD_SIEGE_H

/*
 * A siege: attackers, who are processes of another user where the test is root, an honest client beside
 * them whose look-ups must all be answered in time, and launchd as it was before and after: as many
 * descriptors and names, and not much more memory.
 *
 * What the attackers and the honest client have done is counted in memory that all share, so that a
 * siege lasts until enough has happened and not for some time.
 */

#include <grp.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/launchd/session.h"

#define NOBODY 65534
/* A look-up of the honest client that takes longer has not been answered in time. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IN_TIME_MS 20000
#define GROWTH_KB (256 * 1024) /* freed memory is kept for a while to find its use */
#else
#define IN_TIME_MS 5000
#define GROWTH_KB (4 * 1024)
#endif
#define ATTACKERS 3
#define HONEST_NAME "test.honest"

typedef struct Siege {
	_Atomic uint64_t n_attacks, n_look_ups, worst_us;
	_Atomic uint64_t n_made, n_refused; /* for the attackers' own use */
	_Atomic bool stop;
} Siege;

static Siege *siege;

/* --- launchd, from outside --- */

typedef struct State {
	unsigned n_fds;
	unsigned n_names;
	long rss_kb;
} State;

unused_ static pid_t launchd_pid(void)
{
	job_label_t name;
	uint32_t uid;
	int32_t pid;

	ASSERT_KR(job_mig_manager(bootstrap(), &pid, &uid, name));
	return pid;
}

unused_ static unsigned count_fds(pid_t pid)
{
	char path[64];
	unsigned n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	ASSERT_NOT_NULL(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n;
}

unused_ static long rss_of(pid_t pid)
{
	char path[64], line[128];
	long kb = -1;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	ASSERT_NOT_NULL(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	}
	(void)fclose(f);
	ASSERT_GT(kb, 0);
	return kb;
}

/* What lsmp says of its names: how many, and as many of them as there is room for. */
unused_ static unsigned list_names(pid_t pid, mach_port_t *ret, unsigned room)
{
	static const char key[] = "\"name\":";
	char command[512], *text = NULL;
	size_t size = 0;
	unsigned n = 0;
	FILE *f;

	(void)snprintf(command, sizeof(command), "%s -j %d", getenv("LSMP"), (int)pid);
	f = popen(command, "re");
	ASSERT_NOT_NULL(f);
	if (getdelim(&text, &size, '\0', f) > 0) {
		for (char *p = text; (p = strstr(p, key)); n++) {
			p += sizeof(key) - 1;
			p += strspn(p, " \"");
			if (n < room)
				ret[n] = (mach_port_t)strtoul(p, NULL, 0);
		}
	}
	free(text);
	ASSERT_EQ(pclose(f), 0);
	ASSERT_GT(n, 0u);
	return n;
}

unused_ static State state_of_launchd(void)
{
	pid_t pid = launchd_pid();

	return (State){.n_fds = count_fds(pid),
		.n_names = list_names(pid, NULL, 0),
		.rss_kb = rss_of(pid)};
}

/* --- Who takes part --- */

unused_ static uint64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static bool is_other_user; /* than launchd's */

/* Another user, where that can be had. */
unused_ static void become(uid_t uid)
{
	if (geteuid() != 0)
		return;
	is_other_user = true;
	ASSERT_EQ(setgroups(0, NULL), 0);
	ASSERT_EQ(setresgid(uid, uid, uid), 0);
	ASSERT_EQ(setresuid(uid, uid, uid), 0);
	ASSERT_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
}

typedef struct Attacker {
	void (*run)(void *);
	void *arg;
} Attacker;

static void attacker_main(void *arg)
{
	const Attacker *a = arg;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	become(NOBODY);
	a->run(a->arg);
}

unused_ static pid_t attacker_start(void (*run)(void *), void *arg)
{
	Attacker a = {run, arg};

	return child_start(attacker_main, &a);
}

static void honest_main(unused_ void *arg)
{
	mach_port_t bp = bootstrap(), port;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!atomic_load(&siege->stop)) {
		uint64_t us = now_us();

		(void)alarm(IN_TIME_MS / 1000 + 1);
		ASSERT_KR(bootstrap_look_up(bp, HONEST_NAME, &port));
		us = now_us() - us;
		drop(port);
		ASSERT_LE(us, IN_TIME_MS * 1000u);
		if (us > atomic_load(&siege->worst_us))
			atomic_store(&siege->worst_us, us);
		siege->n_look_ups++;
	}
}

/* --- The siege --- */

/* Leases of clients that are gone are looked for now and then, when there are many; a user has no more than
 * an eighth of the descriptors. Without leases there are only some sockets that are closed lazily. */
#define LAZY_FDS 100
static unsigned spare_fds(void)
{
	const char *leases = getenv("PORTCULLIS_LEASES");
	struct rlimit limit;

	if (leases && *leases == '0')
		return LAZY_FDS;
	ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	return (unsigned)(limit.rlim_max < 65536 ? limit.rlim_max : 65536) / 8;
}

/* With each answer the library looks whether earlier ones have been read, or never will be. */
static void use_launchd(void)
{
	mach_port_t port;

	for (int i = 0; i < 50; i++) {
		ASSERT_KR(bootstrap_look_up(bootstrap(), HONEST_NAME, &port));
		drop(port);
	}
}

static void settle(const State *before)
{
	unsigned n_fds = before->n_fds + spare_fds();
	pid_t pid = launchd_pid();
	State now = {0};

	for (unsigned tries = 0; tries < 500; tries++) {
		use_launchd();
		now = (State){count_fds(pid), 0, rss_of(pid)};
		if (now.n_fds <= n_fds) {
			now.n_names = list_names(pid, NULL, 0);
			if (now.n_names <= before->n_names)
				break;
		}
		(void)poll(NULL, 0, 10);
	}
	printf("note: descriptors %u to %u, names %u to %u, memory %ld to %ld KiB\n", before->n_fds,
		now.n_fds, before->n_names, now.n_names, before->rss_kb, now.rss_kb);
	ASSERT_LE(now.n_fds, n_fds);
	ASSERT_LE(now.n_names, before->n_names);
	ASSERT_LE(now.rss_kb, before->rss_kb + GROWTH_KB);
}

static void end_of(pid_t pid, bool by_force)
{
	int status;

	if (by_force)
		(void)kill(pid, SIGKILL);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) || !by_force)
		ASSERT_EQ(status, 0);
}

/* A fork child gives the library back what its parent had: it has no part in the count. */
static void besiege(void (*run)(void *), void *arg, uint64_t n_attacks, uint64_t n_look_ups)
{
	pid_t pids[ATTACKERS], honest = child_start(honest_main, NULL);
	uint64_t attacks = siege->n_attacks + n_attacks, look_ups = siege->n_look_ups + n_look_ups;
	int status;

	for (int i = 0; i < ATTACKERS; i++)
		pids[i] = attacker_start(run, arg);
	/* An attacker that ends by itself has nothing more to do. */
	EVENTUALLY(waitpid(honest, &status, WNOHANG) != 0 ||
		   (siege->n_attacks >= attacks && siege->n_look_ups >= look_ups));
	for (int i = 0; i < ATTACKERS; i++)
		end_of(pids[i], true);
	atomic_store(&siege->stop, true);
	end_of(honest, false);
	atomic_store(&siege->stop, false);
}

/* With a first short one: what the library keeps from then on is not the attackers'. */
unused_ static void lay_siege(
	void (*run)(void *), void *arg, uint64_t n_attacks, uint64_t n_look_ups)
{
	mach_port_t port;
	State before;

	siege = mmap(
		NULL, sizeof(*siege), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_KR(bootstrap_check_in(bootstrap(), HONEST_NAME, &port));
	besiege(run, arg, n_attacks / 10 + 1, 20);
	before = state_of_launchd();
	besiege(run, arg, n_attacks, n_look_ups);
	printf("note: %" PRIu64 " attacks, %" PRIu64
	       " look-ups beside them, the slowest in %" PRIu64 " us\n",
		siege->n_attacks, siege->n_look_ups, siege->worst_us);
	settle(&before);
	destroy_receive(port);
	ASSERT_EQ(munmap(siege, sizeof(*siege)), 0);
}

#endif
