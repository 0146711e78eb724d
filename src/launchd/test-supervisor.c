/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/prctl.h>

#include "launchd/test-supervisor.h"

TEST(labels)
{
	char *problem = NULL;
	JobSpec *spec;
	Job *a, *b, *none = NULL;
	Fixture f;

	fixture_init(&f);
	ASSERT_NULL(supervisor_next_job(f.supervisor, NULL));
	a = add(&f, spec_of_shell("a", ":", " "));
	b = add(&f, spec_of_shell("b", ":", " "));
	ASSERT_PTR_EQ(supervisor_find_job(f.supervisor, "a"), a);
	ASSERT_PTR_EQ(supervisor_find_job(f.supervisor, "b"), b);
	ASSERT_NULL(supervisor_find_job(f.supervisor, "c"));
	ASSERT_PTR_EQ(supervisor_next_job(f.supervisor, NULL), a);
	ASSERT_PTR_EQ(supervisor_next_job(f.supervisor, a), b);
	ASSERT_NULL(supervisor_next_job(f.supervisor, b));
	spec = spec_of_shell("a", ":", " ");
	ASSERT_EQ(supervisor_add_job_take(f.supervisor, spec, NULL, &none, &problem),
		SUPERVISOR_E_EXISTS);
	ASSERT_NULL(none);
	job_remove(a);
	ASSERT_EQ(f.n_removed, 1);
	ASSERT_NULL(supervisor_find_job(f.supervisor, "a"));
	/* At once, though the old one is still in memory. */
	a = NULL;
	ASSERT_OK(supervisor_add_job_take(f.supervisor, spec, &f, &a, &problem));
	ASSERT_PTR_EQ(job_get_userdata(a), &f);
	ASSERT_STREQ(job_label(a), "a");
	ASSERT_PTR_EQ(job_spec(a), spec);
	ASSERT_EQ(supervisor_n_jobs(f.supervisor), 2);
	settle(&f);
	fixture_deinit(&f);
}

TEST(processes)
{
	pid_t pid;
	uint32_t version;
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exec sleep 1000", " "));
	settle(&f);
	ASSERT_EQ(STATE(job), JOB_WAITING);
	ASSERT_OK(job_demand(job, JOB_REASON_MESSAGE));
	ASSERT_EQ(STATE(job), JOB_STARTING);
	pid = job_status(job)->pid;
	version = (uint32_t)job_process(job)->id;
	ASSERT_PTR_EQ(supervisor_find_process(f.supervisor, pid, version), job);
	ASSERT_NULL(supervisor_find_process(f.supervisor, pid, version + 1));
	ASSERT_NULL(supervisor_find_process(f.supervisor, getpid(), version));
	UNTIL_STATE(&f, job, JOB_RUNNING);
	ASSERT_EQ(supervisor_n_processes(f.supervisor), 1);
	ASSERT_OK(job_kill(job, SIGKILL));
	/* It is dead by now or soon, and still found: nobody else can have the number. */
	ASSERT_PTR_EQ(supervisor_find_process(f.supervisor, pid, version), job);
	UNTIL_STATE(&f, job, JOB_WAITING);
	ASSERT_NULL(supervisor_find_process(f.supervisor, pid, version));
	ASSERT_EQ(f.n_spawned, 1);
	ASSERT_EQ(f.n_exited, 1);
	ASSERT_TRUE(f.last.by_signal);
	ASSERT_EQ(f.last.value, SIGKILL);
	ASSERT_FALSE(f.last.crashed);
	ASSERT_EQ(supervisor_n_processes(f.supervisor), 0);
	ASSERT_EQ(job_kill(job, SIGTERM), JOB_E_NOT_RUNNING);
	fixture_deinit(&f);
}

static int on_done(void *userdata, uint32_t events)
{
	Fixture *f = userdata;

	f->is_done = true;
	return 0;
}

TEST(shutdown_of_nothing)
{
	Fixture f;

	fixture_init(&f);
	ASSERT_OK(supervisor_shutdown(f.supervisor, on_done, &f));
	ASSERT_FALSE(f.is_done);
	RUN_UNTIL(f.loop, f.is_done);
	fixture_deinit(&f);
}

/* One goes when asked, one has to be killed, one is kept alive, one waits for its throttle. */
TEST(shutdown)
{
	Job *good, *bad, *kept, *soon, *throttled;
	char *problem = NULL;
	JobSpec *spec;
	Job *late = NULL;
	unsigned n_soon;
	Fixture f;

	fixture_init(&f);
	good = add(&f, spec_of_shell("good", "exec sleep 1000", "<key>RunAtLoad</key><true/>"));
	kept = add(&f, spec_of_shell("kept", "exec sleep 1000", "<key>KeepAlive</key><true/>"));
	/* Its time comes while the one that has to be killed is still there. */
	soon = add(&f, spec_of_shell("soon", "exit 0",
			       "<key>KeepAlive</key><true/><key>ThrottleInterval</key>"
			       "<integer>20</integer>"));
	throttled = add(&f, spec_of_shell("throttled", "exit 0",
				    "<key>KeepAlive</key><true/><key>ThrottleInterval</key>"
				    "<integer>100000</integer>"));
	bad = add(
		&f, spec_of_shell("bad", "trap '' TERM; echo ready; while :; do sleep 1000; done",
			    "<key>RunAtLoad</key><true/><key>ExitTimeOut</key><integer>40</integer>"
			    "<key>StandardOutPath</key><string>%s/ready</string>",
			    f.dir.path));
	UNTIL_STATE(&f, good, JOB_RUNNING);
	UNTIL_STATE(&f, kept, JOB_RUNNING);
	UNTIL_STATE(&f, throttled, JOB_THROTTLED);
	RUN_UNTIL(f.loop, count_lines(dir_at(&f.dir, "ready")) == 1);
	UNTIL_STATE(&f, soon, JOB_THROTTLED);
	n_soon = job_status(soon)->n_runs;
	ASSERT_EQ(supervisor_n_processes(f.supervisor), 3);
	ASSERT_OK(supervisor_shutdown(f.supervisor, on_done, &f));
	ASSERT_EQ(job_demand(throttled, JOB_REASON_MESSAGE), JOB_E_REMOVED);
	spec = spec_of_shell("late", ":", " ");
	ASSERT_EQ(supervisor_add_job_take(f.supervisor, spec, NULL, &late, &problem),
		SUPERVISOR_E_SHUTDOWN);
	spec_free(spec);
	RUN_UNTIL(f.loop, f.is_done);
	ASSERT_EQ(supervisor_n_processes(f.supervisor), 0);
	ASSERT_EQ(job_status(good)->last.value, SIGTERM);
	ASSERT_EQ(job_status(bad)->last.value, SIGKILL);
	ASSERT_EQ(job_status(kept)->last.value, SIGTERM);
	ASSERT_EQ(job_status(kept)->n_runs, 1);
	ASSERT_EQ(job_status(soon)->n_runs, n_soon);
	ASSERT_EQ(supervisor_n_jobs(f.supervisor), 5);
	fixture_deinit(&f);
}

/* Without a shutdown before, processes are killed. */
TEST(free_kills)
{
	pid_t pid;
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "trap '' TERM; while :; do sleep 1000; done", " "));
	ASSERT_OK(job_start(job));
	UNTIL_STATE(&f, job, JOB_RUNNING);
	pid = job_status(job)->pid;
	fixture_deinit(&f);
	ASSERT_TRUE(is_dead(pid));
}

TEST(removal_waits_for_the_exit)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exec sleep 1000", "<key>KeepAlive</key><true/>"));
	UNTIL_STATE(&f, job, JOB_RUNNING);
	job_remove(job);
	job_remove(job);
	ASSERT_EQ(STATE(job), JOB_EXITING);
	ASSERT_TRUE(job_status(job)->is_removing);
	ASSERT_PTR_EQ(supervisor_find_job(f.supervisor, "a"), job);
	ASSERT_EQ(job_demand(job, JOB_REASON_REQUEST), JOB_E_REMOVED);
	RUN_UNTIL(f.loop, f.n_removed == 1);
	ASSERT_EQ(f.n_exited, 1);
	ASSERT_EQ(supervisor_n_jobs(f.supervisor), 0);
	fixture_deinit(&f);
}

static void remove_it(Fixture *f, Job *job)
{
	job_remove(job);
}

/* Any hook may remove the job that it is called for. */
TEST(removal_within_hooks)
{
	Fixture f;

	for (int i = 0; i < 3; i++) {
		fixture_init(&f);
		if (i == 0)
			f.on_before = remove_it;
		else if (i == 1)
			f.on_spawned = remove_it;
		else
			f.on_exited = remove_it;
		add(&f, spec_of_shell("a", "exit 0", "<key>KeepAlive</key><true/>"));
		RUN_UNTIL(f.loop, f.n_removed == 1);
		ASSERT_EQ(f.n_spawned, i > 0);
		ASSERT_EQ(f.n_exited, i > 0);
		settle(&f);
		fixture_deinit(&f);
	}
}

static void demand_it(Fixture *f, Job *job)
{
	ASSERT_OK(job_demand(job, JOB_REASON_MESSAGE));
}

/* A message came while it ran: the hook says so, and nothing is lost or started twice. */
TEST(demand_within_hooks)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	f.on_before = f.on_spawned = f.on_exited = demand_it;
	job = add(&f,
		spec_of_shell("a", "exit 0", "<key>ThrottleInterval</key><integer>0</integer>"));
	ASSERT_OK(job_demand(job, JOB_REASON_SOCKET));
	RUN_UNTIL(f.loop, f.n_exited == 5);
	ASSERT_EQ(job_status(job)->reason, JOB_REASON_MESSAGE);
	ASSERT_EQ(f.n_spawned, 6);
	ASSERT_EQ(job_status(job)->n_runs, 6);
	fixture_deinit(&f);
}

/* Children are ours to reap, whatever we inherited. */
TEST(sigchld_is_heeded)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	Job *job;
	Fixture f;

	ASSERT_SYS(sigaction(SIGCHLD, &ignore, &old));
	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exit 3", " "));
	ASSERT_OK(job_start(job));
	RUN_UNTIL(f.loop, f.n_exited == 1);
	ASSERT_EQ(job_status(job)->last.value, 3);
	fixture_deinit(&f);
	ASSERT_SYS(sigaction(SIGCHLD, &old, NULL));
}

/* What a job leaves behind becomes our child, where nobody else adopts it. */
TEST(orphans)
{
	pid_t spare, orphan;
	siginfo_t info;
	char *text;
	Job *job, *other;
	Fixture f;

	fixture_init(&f);
	ASSERT_SYS(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	job = add(&f, spec_of_shell("a", "sleep 1000 >/dev/null & echo $!",
			      "<key>AbandonProcessGroup</key><true/>"
			      "<key>StandardOutPath</key><string>%s/out</string>",
			      f.dir.path));
	other = add(&f, spec_of_shell("b", "exec sleep 1000", " "));
	ASSERT_OK(job_start(job));
	ASSERT_OK(job_start(other));
	RUN_UNTIL(f.loop, f.n_exited == 1);
	UNTIL_STATE(&f, other, JOB_RUNNING);
	text = file_read(dir_at(&f.dir, "out"));
	orphan = (pid_t)atoi(text);
	free(text);
	ASSERT_GT(orphan, 1);
	supervisor_reap_orphans(f.supervisor, 0);
	ASSERT_EQ(f.n_exited, 1);
	/* The process of a job and the orphan end; the first is treated as always. */
	ASSERT_OK(job_kill(other, SIGKILL));
	ASSERT_SYS(kill(orphan, SIGKILL));
	ASSERT_SYS(waitid(P_PID, (id_t)orphan, &info, WEXITED | WNOWAIT));
	ASSERT_SYS(waitid(P_PID, (id_t)job_status(other)->pid, &info, WEXITED | WNOWAIT));
	supervisor_reap_orphans(f.supervisor, 0);
	ASSERT_EQ(f.n_exited, 2);
	ASSERT_EQ(STATE(other), JOB_WAITING);
	ASSERT_EQ(waitpid(orphan, NULL, WNOHANG), -1);
	/* A child that is somebody else's. */
	spare = ASSERT_SYS(fork());
	if (spare == 0)
		_exit(5);
	ASSERT_SYS(waitid(P_PID, (id_t)spare, &info, WEXITED | WNOWAIT));
	supervisor_reap_orphans(f.supervisor, spare);
	ASSERT_CHILD_EXITS(spare, 5);
	ASSERT_SYS(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0));
	settle(&f);
	fixture_deinit(&f);
}

TEST(sockets_that_cannot_be_made)
{
	char *problem = NULL;
	JobSpec *spec;
	Job *job = NULL;
	Fixture f;

	fixture_init(&f);
	spec = spec_of_shell("a", ":",
		"<key>Sockets</key><dict><key>s</key><dict>"
		"<key>SockPathName</key><string>/nope/s</string></dict></dict>");
	ASSERT_EQ(supervisor_add_job_take(f.supervisor, spec, NULL, &job, &problem),
		SUPERVISOR_E_REFUSED);
	ASSERT_STRSTR(problem, "socket \"s\": cannot open the directory \"/nope\"");
	free(problem);
	spec_free(spec);
	ASSERT_EQ(supervisor_n_jobs(f.supervisor), 0);
	fixture_deinit(&f);
}
