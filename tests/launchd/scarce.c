/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session whose launchd may have few descriptors (the test starts it under a low RLIMIT_NOFILE): what
 * clients declare costs none, what they ask for costs some while they have it, and when they have it all,
 * launchd refuses, without more work than that, until something is given back.
 */
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/launchd/session.h"

#define N_DECLARED 1000
#define N_FLOODERS 6
#define FLOOD_MAX 60
/* How long launchd is looked at, and what it may work meanwhile: a fifth. */
#define LOOK_MS 500

static bool has_leases(void)
{
	const char *leases = getenv("PORTCULLIS_LEASES");

	return !leases || strcmp(leases, "0") != 0;
}

static pid_t launchd_pid(void)
{
	job_label_t name;
	uint32_t uid;
	int32_t pid;

	ASSERT_KR(job_mig_manager(bootstrap(), &pid, &uid, name));
	return pid;
}

static unsigned fds_of(pid_t pid)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	ASSERT_EQ(stat(path, &st), 0);
	return (unsigned)st.st_size;
}

static unsigned limit(void)
{
	struct rlimit l;

	ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &l), 0);
	return (unsigned)l.rlim_max;
}

/* Clock ticks that a process has worked. */
static unsigned long work_of(pid_t pid)
{
	char path[64], line[1024] = "";
	unsigned long user = 0, system = 0;
	char *end;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	ASSERT_NOT_NULL(f);
	ASSERT_NOT_NULL(fgets(line, sizeof(line), f));
	(void)fclose(f);
	end = strrchr(line, ')');
	ASSERT_NOT_NULL(end);
	ASSERT_EQ(sscanf(end, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			  &system),
		2);
	return user + system;
}

static void load_declared(void)
{
	char *plist = NULL;
	size_t size;
	FILE *f = open_memstream(&plist, &size);

	ASSERT_NOT_NULL(f);
	fputs("<plist version=\"1.0\"><dict><key>Label</key><string>test.many</string>"
	      "<key>Program</key><string>/bin/true</string><key>MachServices</key><dict>",
		f);
	for (unsigned i = 0; i < N_DECLARED; i++)
		fprintf(f, "<key>test.many.%u</key><true/>", i);
	fputs("</dict></dict></plist>", f);
	ASSERT_EQ(fclose(f), 0);
	load(plist);
	free(plist);
}

static void unload_declared(void)
{
	ASSERT_KR(job_mig_unload(bootstrap(), (char *)"test.many", 0));
	EVENTUALLY(job_mig_unload(bootstrap(), (char *)"test.many", 0) == JOB_UNKNOWN);
}

CASE(what_is_declared_costs_no_descriptors)
{
	pid_t pid = launchd_pid();
	unsigned before = fds_of(pid);

	ASSERT_LT(limit(), (unsigned)N_DECLARED);
	load_declared();
	ASSERT_LE(fds_of(pid), before + 2);
	unload_declared();
}

/* Far more than there are descriptors for at a time. Who is too fast for launchd to find out what he has
 * dropped already is refused, and may try again. */
CASE(all_of_many_services_can_be_looked_up)
{
	mach_port_t port;
	char name[64];

	load_declared();
	for (unsigned i = 0; i < N_DECLARED; i++) {
		(void)snprintf(name, sizeof(name), "test.many.%u", i);
		EVENTUALLY(bootstrap_look_up(bootstrap(), name, &port) == KERN_SUCCESS);
		drop(port);
	}
	unload_declared();
}

/* --- A flood --- */

typedef struct Flood {
	atomic_uint n_registered;
	atomic_uint n_done;
} Flood;

/* Ports, each of which costs launchd descriptors. */
static void flood(void *arg)
{
	Flood *f = arg;
	char name[64];

	ASSERT_EQ(prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
	for (unsigned i = 0; i < FLOOD_MAX; i++) {
		(void)snprintf(name, sizeof(name), "test.flood.%d.%u", (int)getpid(), i);
		if (bootstrap_register(bootstrap(), name, port_new()) == KERN_SUCCESS)
			f->n_registered++;
	}
	f->n_done++;
	for (;;)
		pause();
}

static bool is_answered(void)
{
	bootstrap_status_t status;

	return bootstrap_status(bootstrap(), "test.nobody", &status) == BOOTSTRAP_UNKNOWN_SERVICE;
}

static void seek(void *unused_ arg)
{
	EVENTUALLY(is_answered());
}

CASE(without_descriptors_it_refuses_and_does_not_spin)
{
	Flood *f = mmap(
		NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t flooders[N_FLOODERS], pid = launchd_pid();
	unsigned long work;
	int status;

	ASSERT_TRUE(f != MAP_FAILED);
	ASSERT_TRUE(is_answered());
	for (unsigned i = 0; i < N_FLOODERS; i++)
		flooders[i] = child_start(flood, f);
	EVENTUALLY(f->n_done == N_FLOODERS);
	ASSERT_LT(f->n_registered, (unsigned)(N_FLOODERS * FLOOD_MAX));
	work = work_of(pid);
	(void)poll(NULL, 0, LOOK_MS);
	ASSERT_LE(work_of(pid) - work, (unsigned long)sysconf(_SC_CLK_TCK) * LOOK_MS / 1000 / 5);
	/* Whoever has asked before needs nothing new to be answered. */
	if (has_leases())
		ASSERT_TRUE(is_answered());
	for (unsigned i = 0; i < N_FLOODERS; i++) {
		ASSERT_EQ(kill(flooders[i], SIGKILL), 0);
		ASSERT_EQ(waitpid(flooders[i], &status, 0), flooders[i]);
	}
	/* And when there is room again, everybody is. */
	child_run(seek, NULL);
	(void)munmap(f, sizeof(*f));
}
