/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/test-supervisor.h"

#define OUT "<key>StandardOutPath</key><string>%s/out</string>"
#define QUICK "<key>ThrottleInterval</key><integer>0</integer>"

TEST(texts)
{
	for (int i = 0; i < _JOB_STATE_N; i++)
		ASSERT_TRUE(strcmp(job_state_text((JobState)i), "?") != 0);
	for (int i = 0; i < _JOB_REASON_N; i++)
		ASSERT_TRUE(strcmp(job_reason_text((JobReason)i), "?") != 0);
	ASSERT_STREQ(job_state_text(_JOB_STATE_N), "?");
	ASSERT_STREQ(job_reason_text(_JOB_REASON_N), "?");
}

TEST(runs_on_demand)
{
	char *said;
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "echo $FROM_HOOK; exit 7", OUT, f.dir.path));
	settle(&f);
	ASSERT_EQ(f.n_spawned, 0);
	ASSERT_FALSE(job_status(job)->has_exited);
	ASSERT_GT(job_status(job)->loaded_at.tv_sec, 0);
	ASSERT_EQ(job_status(job)->started_at.tv_sec, 0);
	ASSERT_OK(job_demand(job, JOB_REASON_MESSAGE));
	/* It starts already. */
	ASSERT_OK(job_demand(job, JOB_REASON_SOCKET));
	RUN_UNTIL(f.loop, f.n_exited == 1);
	ASSERT_EQ(STATE(job), JOB_WAITING);
	ASSERT_EQ(job_status(job)->reason, JOB_REASON_MESSAGE);
	ASSERT_EQ(job_status(job)->n_runs, 1);
	ASSERT_TRUE(job_status(job)->has_exited);
	ASSERT_EQ(job_status(job)->last.value, 7);
	ASSERT_GT(job_status(job)->exited_at.tv_sec, 0);
	said = file_read(dir_at(&f.dir, "out"));
	ASSERT_STREQ(said, "yes\n");
	free(said);
	settle(&f);
	ASSERT_EQ(f.n_spawned, 1);
	fixture_deinit(&f);
}

TEST(run_at_load_happens_later)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", ":", "<key>RunAtLoad</key><true/>"));
	ASSERT_EQ(f.n_before, 0);
	RUN_UNTIL(f.loop, f.n_exited == 1);
	ASSERT_EQ(job_status(job)->reason, JOB_REASON_LOAD);
	settle(&f);
	ASSERT_EQ(STATE(job), JOB_WAITING);
	fixture_deinit(&f);
}

/* Somebody wants it before that: it runs once. */
TEST(demand_before_run_at_load)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", ":", QUICK "<key>RunAtLoad</key><true/>"));
	ASSERT_OK(job_demand(job, JOB_REASON_MESSAGE));
	RUN_UNTIL(f.loop, f.n_exited == 1);
	settle(&f);
	ASSERT_EQ(f.n_spawned, 1);
	ASSERT_EQ(job_status(job)->reason, JOB_REASON_MESSAGE);
	fixture_deinit(&f);
}

/* A crash loop: no two starts within the interval of the job. */
TEST(crash_loops_are_throttled)
{
	uint64_t begin, ns;
	Job *job;
	Fixture f;

	fixture_init(&f);
	begin = clock_now_ns();
	job = add(&f, spec_of_shell("a", "kill -SEGV $$", "<key>KeepAlive</key><true/>"));
	RUN_UNTIL(f.loop, f.n_exited == 1);
	ASSERT_TRUE(f.last.crashed);
	ASSERT_EQ(f.last.value, SIGSEGV);
	ASSERT_EQ(STATE(job), JOB_THROTTLED);
	ASSERT_GT(job_status(job)->next_start, 0);
	/* A demand changes nothing. */
	ASSERT_OK(job_demand(job, JOB_REASON_MESSAGE));
	ASSERT_EQ(STATE(job), JOB_THROTTLED);
	RUN_UNTIL(f.loop, f.n_exited == 3);
	ns = clock_now_ns() - begin;
	ASSERT_GE(ns, 2 * SPEC_THROTTLE_DEFAULT_S * SECOND_MS * CLOCK_NS_PER_MS);
	ASSERT_EQ(job_status(job)->reason, JOB_REASON_KEEP_ALIVE);
	/* Somebody who says "now" need not wait. */
	ASSERT_OK(job_start(job));
	ASSERT_EQ(STATE(job), JOB_STARTING);
	ASSERT_EQ(job_status(job)->reason, JOB_REASON_REQUEST);
	RUN_UNTIL(f.loop, f.n_exited == 4);
	fixture_deinit(&f);
}

TEST(throttled_start_is_cancelled)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exit 0", "<key>KeepAlive</key><true/>"));
	RUN_UNTIL(f.loop, STATE(job) == JOB_THROTTLED);
	job_set_enabled(job, false);
	ASSERT_EQ(STATE(job), JOB_WAITING);
	settle(&f);
	ASSERT_EQ(STATE(job), JOB_WAITING);
	ASSERT_EQ(job_demand(job, JOB_REASON_MESSAGE), JOB_E_DISABLED);
	ASSERT_EQ(job_start(job), JOB_E_DISABLED);
	job_set_enabled(job, true);
	RUN_UNTIL(f.loop, f.n_exited == 2);
	fixture_deinit(&f);
}

TEST(disabled_at_load)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exit 0",
			      "<key>RunAtLoad</key><true/><key>Disabled</key><true/>"));
	settle(&f);
	ASSERT_EQ(f.n_before, 0);
	ASSERT_FALSE(job_status(job)->is_enabled);
	job_set_enabled(job, true);
	RUN_UNTIL(f.loop, f.n_exited == 1);
	fixture_deinit(&f);
}

TEST(launch_only_once)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exit 0",
			      "<key>LaunchOnlyOnce</key><true/><key>KeepAlive</key><true/>" QUICK));
	RUN_UNTIL(f.loop, f.n_exited == 1);
	ASSERT_EQ(STATE(job), JOB_DONE);
	ASSERT_EQ(job_demand(job, JOB_REASON_MESSAGE), JOB_E_DONE);
	ASSERT_EQ(job_start(job), JOB_E_DONE);
	settle(&f);
	ASSERT_EQ(f.n_spawned, 1);
	fixture_deinit(&f);
}

TEST(stop)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exec sleep 1000", QUICK));
	ASSERT_EQ(job_stop(job), JOB_E_NOT_RUNNING);
	ASSERT_OK(job_start(job));
	ASSERT_OK(job_stop(job));
	ASSERT_OK(job_stop(job));
	ASSERT_EQ(STATE(job), JOB_EXITING);
	/* A demand meanwhile is kept. */
	ASSERT_OK(job_demand(job, JOB_REASON_MESSAGE));
	UNTIL_STATE(&f, job, JOB_RUNNING);
	ASSERT_EQ(f.n_exited, 1);
	ASSERT_EQ(f.last.value, SIGTERM);
	ASSERT_EQ(job_status(job)->reason, JOB_REASON_MESSAGE);
	fixture_deinit(&f);
}

/* Stop it and start it: not throttled. */
TEST(restart)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exec sleep 1000",
			      "<key>ThrottleInterval</key><integer>1000000</integer>"));
	ASSERT_OK(job_start(job));
	UNTIL_STATE(&f, job, JOB_RUNNING);
	ASSERT_OK(job_start(job));
	ASSERT_OK(job_stop(job));
	ASSERT_OK(job_start(job));
	UNTIL_STATE(&f, job, JOB_RUNNING);
	ASSERT_EQ(f.n_exited, 1);
	ASSERT_EQ(job_status(job)->n_runs, 2);
	fixture_deinit(&f);
}

TEST(kill_and_start)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exec sleep 1000",
			      "<key>ThrottleInterval</key><integer>1000000</integer>"));
	ASSERT_OK(job_start(job));
	UNTIL_STATE(&f, job, JOB_RUNNING);
	ASSERT_OK(job_kill(job, SIGKILL));
	ASSERT_EQ(STATE(job), JOB_EXITING);
	ASSERT_OK(job_start(job));
	UNTIL_STATE(&f, job, JOB_RUNNING);
	ASSERT_EQ(f.n_exited, 1);
	/* Other signals are the job's own business. */
	ASSERT_OK(job_kill(job, SIGCONT));
	ASSERT_EQ(STATE(job), JOB_RUNNING);
	fixture_deinit(&f);
}

TEST(exit_timeout)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "trap '' TERM; echo ready; while :; do sleep 1000; done",
			      "<key>ExitTimeOut</key><integer>2</integer>" OUT, f.dir.path));
	ASSERT_OK(job_start(job));
	RUN_UNTIL(f.loop, count_lines(dir_at(&f.dir, "out")) == 1);
	ASSERT_OK(job_stop(job));
	RUN_UNTIL(f.loop, f.n_exited == 1);
	ASSERT_EQ(f.last.value, SIGKILL);
	ASSERT_FALSE(f.last.crashed);
	fixture_deinit(&f);
}

static pid_t pid_in(const char *path)
{
	char *text = file_read(path);
	pid_t pid = (pid_t)atoi(text);

	free(text);
	return pid;
}

/* What the process left behind in its group. */
TEST(process_group_is_ended)
{
	pid_t left;
	Job *job;
	Fixture f;

	for (int abandon = 0; abandon < 2; abandon++) {
		fixture_init(&f);
		job = add(&f, spec_of_shell("a", "sleep 1000 >/dev/null & echo $!",
				      "<key>AbandonProcessGroup</key><%s/>" OUT,
				      abandon ? "true" : "false", f.dir.path));
		ASSERT_OK(job_start(job));
		RUN_UNTIL(f.loop, f.n_exited == 1);
		left = pid_in(dir_at(&f.dir, "out"));
		ASSERT_GT(left, 1);
		if (abandon) {
			ASSERT_FALSE(is_dead(left));
			ASSERT_SYS(kill(left, SIGKILL));
		}
		/* It is not our child: there is no event to wait for. */
		while (!is_dead(left))
			poll(NULL, 0, 1);
		fixture_deinit(&f);
	}
}

TEST(keep_alive_by_exit)
{
	/* N is the number of the run. */
	static const struct {
		const char *keys, *script;
		unsigned n_runs;
	} cases[] = {
		{"<key>SuccessfulExit</key><false/>", "test $N -ge 3", 3},
		{"<key>SuccessfulExit</key><true/>", "test $N -lt 3", 3},
		{"<key>Crashed</key><true/>", "test $N -ge 3 || kill -ABRT $$", 3},
		{"<key>Crashed</key><false/>", "test $N -lt 3 || kill -ABRT $$", 3},
	};
	char script[512];
	Job *job;
	Fixture f;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fixture_init(&f);
		snprintf(script, sizeof(script),
			"set -- %s/n; echo x >>$1; N=$(wc -l <$1); ulimit -c 0; %s", f.dir.path,
			cases[i].script);
		job = add(&f, spec_of_shell("a", script,
				      QUICK "<key>KeepAlive</key><dict>%s</dict>", cases[i].keys));
		RUN_UNTIL(f.loop, f.n_exited == (int)cases[i].n_runs);
		settle(&f);
		ASSERT_EQ(STATE(job), JOB_WAITING);
		ASSERT_EQ(job_status(job)->n_runs, cases[i].n_runs);
		fixture_deinit(&f);
	}
}

TEST(keep_alive_after_initial_demand)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exit 1",
			      QUICK "<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/>"
				    "<key>AfterInitialDemand</key><true/></dict>"));
	settle(&f);
	ASSERT_EQ(f.n_spawned, 0);
	ASSERT_OK(job_demand(job, JOB_REASON_MESSAGE));
	RUN_UNTIL(f.loop, f.n_exited == 3);
	fixture_deinit(&f);
}

TEST(keep_alive_by_path)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exec sleep 1000",
			      QUICK "<key>KeepAlive</key><dict><key>PathState</key><dict>"
				    "<key>%s/dir/flag</key><true/></dict></dict>",
			      f.dir.path));
	settle(&f);
	ASSERT_EQ(STATE(job), JOB_WAITING);
	ASSERT_SYS(mkdir(dir_at(&f.dir, "dir"), 0755));
	settle(&f);
	ASSERT_EQ(STATE(job), JOB_WAITING);
	file_write(dir_at(&f.dir, "dir/flag"), "", 0644);
	UNTIL_STATE(&f, job, JOB_RUNNING);
	ASSERT_EQ(job_status(job)->reason, JOB_REASON_KEEP_ALIVE);
	ASSERT_OK(job_kill(job, SIGKILL));
	RUN_UNTIL(f.loop, f.n_spawned == 2);
	ASSERT_SYS(unlink(dir_at(&f.dir, "dir/flag")));
	settle(&f);
	ASSERT_OK(job_kill(job, SIGKILL));
	RUN_UNTIL(f.loop, f.n_exited == 2);
	settle(&f);
	ASSERT_EQ(STATE(job), JOB_WAITING);
	fixture_deinit(&f);
}

TEST(keep_alive_by_other_jobs)
{
	Job *active, *enabled, *other;
	Fixture f;

	fixture_init(&f);
	active = add(&f, spec_of_shell("active", "exec sleep 1000",
				 QUICK "<key>KeepAlive</key><dict><key>OtherJobActive</key><dict>"
				       "<key>other</key><true/></dict></dict>"));
	enabled = add(&f, spec_of_shell("enabled", "exec sleep 1000",
				  QUICK "<key>KeepAlive</key><dict><key>OtherJobEnabled</key><dict>"
					"<key>other</key><true/></dict></dict>"));
	settle(&f);
	ASSERT_EQ(f.n_spawned, 0);
	other = add(&f, spec_of_shell("other", "exec sleep 1000", " "));
	UNTIL_STATE(&f, enabled, JOB_RUNNING);
	ASSERT_EQ(STATE(active), JOB_WAITING);
	ASSERT_OK(job_start(other));
	UNTIL_STATE(&f, active, JOB_RUNNING);
	/* It ends, and they need not be alive any more. */
	job_remove(other);
	RUN_UNTIL(f.loop, f.n_removed == 1);
	ASSERT_OK(job_stop(active));
	ASSERT_OK(job_stop(enabled));
	RUN_UNTIL(f.loop, f.n_exited == 3);
	settle(&f);
	ASSERT_EQ(STATE(active), JOB_WAITING);
	ASSERT_EQ(STATE(enabled), JOB_WAITING);
	fixture_deinit(&f);
}

TEST(start_interval)
{
	uint64_t begin = clock_now_ns();
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f,
		spec_of_shell("a", "exit 0", QUICK "<key>StartInterval</key><integer>5</integer>"));
	RUN_UNTIL(f.loop, f.n_exited == 3);
	ASSERT_GE(clock_now_ns() - begin, 15 * SECOND_MS * CLOCK_NS_PER_MS);
	ASSERT_EQ(job_status(job)->reason, JOB_REASON_INTERVAL);
	fixture_deinit(&f);
}

TEST(watch_paths)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exit 0",
			      QUICK "<key>WatchPaths</key><array><string>%s/x/y</string>"
				    "<string>%s/z</string></array>",
			      f.dir.path, f.dir.path));
	settle(&f);
	ASSERT_EQ(f.n_spawned, 0);
	ASSERT_SYS(mkdir(dir_at(&f.dir, "x"), 0755));
	settle(&f);
	ASSERT_EQ(f.n_spawned, 0);
	ASSERT_SYS(mkdir(dir_at(&f.dir, "x/y"), 0755));
	RUN_UNTIL(f.loop, f.n_exited == 1);
	ASSERT_EQ(job_status(job)->reason, JOB_REASON_PATH);
	file_write(dir_at(&f.dir, "x/y/entry"), "", 0644);
	RUN_UNTIL(f.loop, f.n_exited == 2);
	file_write(dir_at(&f.dir, "z"), "", 0644);
	RUN_UNTIL(f.loop, f.n_exited == 3);
	fixture_deinit(&f);
}

/* The program comes while the job waits for it. */
TEST(program_that_is_missing)
{
	char *keys = NULL;
	Job *job;
	Fixture f;

	fixture_init(&f);
	ASSERT_GT(asprintf(&keys,
			  QUICK "<key>KeepAlive</key><true/><key>Program</key>"
				"<string>%s/bin/program</string>",
			  f.dir.path),
		0);
	job = add(&f, spec_of("a", keys));
	free(keys);
	UNTIL_STATE(&f, job, JOB_FAILED);
	ASSERT_STRSTR(job_status(job)->problem, "cannot execute \"");
	ASSERT_STRSTR(job_status(job)->problem, "/bin/program\": No such file or directory");
	ASSERT_EQ(f.n_spawned, 1);
	ASSERT_EQ(f.n_exited, 1);
	ASSERT_TRUE(f.last.never_ran);
	ASSERT_EQ(job_status(job)->n_runs, 0);
	ASSERT_EQ(job_status(job)->n_failures, 1);
	ASSERT_FALSE(job_status(job)->has_exited);
	settle(&f);
	ASSERT_EQ(STATE(job), JOB_FAILED);
	/* Somebody who demands it gets another try, but not at once. */
	ASSERT_OK(job_demand(job, JOB_REASON_MESSAGE));
	ASSERT_EQ(STATE(job), JOB_THROTTLED);
	RUN_UNTIL(f.loop, f.n_exited == 2);
	settle(&f);
	ASSERT_EQ(STATE(job), JOB_FAILED);
	ASSERT_SYS(mkdir(dir_at(&f.dir, "bin"), 0755));
	settle(&f);
	ASSERT_EQ(STATE(job), JOB_FAILED);
	file_write(dir_at(&f.dir, "bin/program"), "#!/bin/sh\nexec sleep 1000\n", 0755);
	UNTIL_STATE(&f, job, JOB_RUNNING);
	ASSERT_NULL(job_status(job)->problem);
	ASSERT_EQ(job_status(job)->n_runs, 1);
	fixture_deinit(&f);
}

/* Even without a throttle interval, and kept alive, it does not keep anybody busy. */
TEST(failures_are_throttled)
{
	uint64_t begin = clock_now_ns();
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", ":",
			      QUICK "<key>KeepAlive</key><true/><key>WorkingDirectory</key>"
				    "<string>/nope</string>"));
	RUN_UNTIL(f.loop, f.n_exited == 4);
	ASSERT_GE(clock_now_ns() - begin, 3 * SECOND_MS * CLOCK_NS_PER_MS);
	ASSERT_EQ(job_status(job)->n_failures, 4);
	ASSERT_STRSTR(job_status(job)->problem, "cannot change to WorkingDirectory \"/nope\"");
	fixture_deinit(&f);
}

TEST(failures_before_the_fork)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", ":",
			      QUICK "<key>KeepAlive</key><true/><key>UserName</key>"
				    "<string>no-such-user</string>"));
	UNTIL_STATE(&f, job, JOB_FAILED);
	ASSERT_STRSTR(job_status(job)->problem, "there is no user \"no-such-user\"");
	RUN_UNTIL(f.loop, job_status(job)->n_failures == 3);
	ASSERT_EQ(f.n_spawned, 0);
	job_remove(job);
	f.refuse = -ENOSPC;
	job = add(&f, spec_of_shell("b", ":", " "));
	ASSERT_OK(job_demand(job, JOB_REASON_MESSAGE));
	ASSERT_EQ(STATE(job), JOB_FAILED);
	ASSERT_STREQ(job_status(job)->problem, "cannot start: No space left on device");
	fixture_deinit(&f);
}

TEST(confined_is_refused)
{
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f,
		spec_of_shell("a", ":", "<key>Linux</key><dict><key>Confined</key><true/></dict>"));
	ASSERT_OK(job_demand(job, JOB_REASON_MESSAGE));
	ASSERT_EQ(STATE(job), JOB_FAILED);
	ASSERT_STRSTR(job_status(job)->problem, "never runs unconfined");
	ASSERT_EQ(f.n_spawned, 0);
	fixture_deinit(&f);
}

/* A thousand runs, each killed: nothing leaks, every one is told of. */
TEST(killed_a_thousand_times)
{
	Job *job;
	Fixture f;
	int n = 1000;

	fixture_init(&f);
	job = add(&f,
		spec_of("a", QUICK "<key>KeepAlive</key><true/><key>ProgramArguments</key><array>"
				   "<string>/bin/sleep</string><string>1000</string></array>"));
	for (int i = 0; i < n; i++) {
		RUN_UNTIL(f.loop, f.n_spawned == i + 1);
		if (i % 2)
			UNTIL_STATE(&f, job, JOB_RUNNING);
		ASSERT_OK(job_kill(job, SIGKILL));
		RUN_UNTIL(f.loop, f.n_exited == i + 1);
	}
	ASSERT_GE(job_status(job)->n_runs, n);
	fixture_deinit(&f);
}
