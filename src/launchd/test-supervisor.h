/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_TEST_SUPERVISOR_H
#define PORTCULLIS_LAUNCHD_TEST_SUPERVISOR_H

/* A supervisor whose seconds are short, and counts of what its hooks were told. */

#include <poll.h>

#include "launchd/job.h"
#include "launchd/test-job.h"

#define SECOND_MS 20

typedef struct Fixture {
	TestDir dir;
	Loop *loop;
	Supervisor *supervisor;
	SupervisorHooks hooks;
	int n_before, n_spawned, n_exited, n_removed, n_changed;
	JobExit last;
	int refuse; /* what before_spawn returns */
	bool is_done;
	/* Called by the hooks, if set. */
	void (*on_before)(struct Fixture *f, Job *job);
	void (*on_exited)(struct Fixture *f, Job *job);
	void (*on_spawned)(struct Fixture *f, Job *job);
} Fixture;

__attribute__((__unused__)) static int count_before(void *userdata, Job *job, SpawnExtra *extra)
{
	Fixture *f = userdata;

	f->n_before++;
	if (f->on_before)
		f->on_before(f, job);
	if (f->refuse)
		return f->refuse;
	return environment_add(&extra->environment, "FROM_HOOK=yes");
}

__attribute__((__unused__)) static void count_spawned(void *userdata, Job *job)
{
	Fixture *f = userdata;

	f->n_spawned++;
	ASSERT_GT(job_status(job)->pid, 0);
	ASSERT_TRUE(pidref_is_set(job_process(job)));
	ASSERT_PTR_EQ(supervisor_find_process(f->supervisor, job_status(job)->pid,
			      (uint32_t)job_status(job)->process_id),
		job);
	if (f->on_spawned)
		f->on_spawned(f, job);
}

__attribute__((__unused__)) static void count_exited(void *userdata, Job *job, const JobExit *exit)
{
	Fixture *f = userdata;

	f->n_exited++;
	f->last = *exit;
	ASSERT_EQ(job_status(job)->pid, 0);
	if (f->on_exited)
		f->on_exited(f, job);
}

__attribute__((__unused__)) static void count_changed(void *userdata, Job *job)
{
	((Fixture *)userdata)->n_changed++;
}

__attribute__((__unused__)) static void count_removed(void *userdata, Job *job)
{
	((Fixture *)userdata)->n_removed++;
	ASSERT_NULL(supervisor_find_job(job_supervisor(job), job_label(job)));
}

__attribute__((__unused__)) static void fixture_init_with(Fixture *f, SupervisorOptions options)
{
	*f = (Fixture){.n_spawned = 0};
	dir_init(&f->dir);
	ASSERT_OK(loop_new(&f->loop));
	f->hooks = (SupervisorHooks){
		.before_spawn = count_before,
		.spawned = count_spawned,
		.exited = count_exited,
		.state_changed = count_changed,
		.removed = count_removed,
	};
	options.second_ns = SECOND_MS * CLOCK_NS_PER_MS;
	options.loop = f->loop;
	options.hooks = &f->hooks;
	options.userdata = f;
	options.socket_directory = f->dir.path;
	ASSERT_OK(supervisor_new(&options, &f->supervisor));
}

__attribute__((__unused__)) static void fixture_init(Fixture *f)
{
	fixture_init_with(f, (SupervisorOptions){.has_groups = false});
}

__attribute__((__unused__)) static void fixture_deinit(Fixture *f)
{
	size_t n = supervisor_n_jobs(f->supervisor);

	f->n_removed = 0;
	supervisor_free(f->supervisor);
	ASSERT_EQ(f->n_removed, n);
	loop_free(f->loop);
	dir_deinit(&f->dir);
	/* Nobody is left. */
	ASSERT_EQ(waitpid(-1, NULL, WNOHANG), -1);
	ASSERT_EQ(errno, ECHILD);
}

__attribute__((__unused__)) static Job *add(Fixture *f, JobSpec *spec)
{
	char *problem = NULL;
	Job *job = NULL;
	int r = supervisor_add_job_take(f->supervisor, spec, NULL, &job, &problem);

	if (r != 0)
		FAIL("not added: %d %s", r, problem ? problem : "");
	return job;
}

#define STATE(job) (job_status(job)->state)
#define UNTIL_STATE(f, job, wanted) RUN_UNTIL((f)->loop, STATE(job) == (wanted))

/* What can be done without waiting is done. */
__attribute__((__unused__)) static void settle(Fixture *f)
{
	for (int i = 0; i < 5; i++)
		ASSERT_OK(loop_run_once(f->loop, 0));
}

/* Whether somebody reaped, or is about to reap, the process of that number. */
__attribute__((__unused__)) static bool is_dead(pid_t pid)
{
	char path[32], text[256] = "";
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	in = fopen(path, "re");
	if (!in)
		return true;
	if (!fgets(text, sizeof(text), in))
		text[0] = '\0';
	fclose(in);
	return text[0] == '\0' || strstr(text, ") Z ") || strstr(text, ") X ");
}

#endif
