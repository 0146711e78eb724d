/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>

#include "base/cgroup.h"
#include "base/fd.h"
#include "launchd/jobgroup.h"
#include "launchd/test-supervisor.h"

#define OUT "<key>StandardOutPath</key><string>%s/out</string>"
#define QUICK "<key>ThrottleInterval</key><integer>0</integer>"
#define SOON "<key>ExitTimeOut</key><integer>2</integer>"

/* A process that leaves its process group, and says who it is. */
#define RUNAWAY "setsid sh -c 'echo $$; exec sleep 1000' & "

static void begin(Fixture *f)
{
	JobGroups groups;
	JobGroup *group;
	Loop *loop = NULL;

	ASSERT_OK(loop_new(&loop));
	jobgroups_init(&groups, loop, true);
	group = jobgroup_new(&groups, "trial");
	ASSERT_NULL(jobgroup_leave(group, DEADLINE_NONE));
	jobgroups_deinit(&groups);
	loop_free(loop);
	if (!group)
		SKIP("launchd may make no control groups here");
	fixture_init_with(f, (SupervisorOptions){.has_groups = true});
}

/* Of the process; on the heap. */
static char *group_of(pid_t pid)
{
	char path[64], *text, *line;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	text = file_read(path);
	line = strstr(text, "0::/");
	ASSERT_NOT_NULL(line);
	line[strcspn(line, "\n")] = '\0';
	memmove(text, line + 3, strlen(line + 3) + 1);
	return text;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* Whether launchd's own group has one of ours in it. */
static bool is_place_of(pid_t pid)
{
	int own = cgroup_open_own();
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;
	bool is_there = false;
	char name[64];

	if (!dir)
		return false;
	snprintf(name, sizeof(name), "portcullis.%d-", (int)pid);
	while ((entry = readdir(dir)))
		is_there |= strncmp(entry->d_name, name, strlen(name)) == 0;
	closedir(dir);
	return is_there;
}

static bool is_place_there(void)
{
	return is_place_of(getpid());
}

static void end(Fixture *f)
{
	fixture_deinit(f);
	ASSERT_FALSE(is_place_there());
}

static pid_t wait_for_pid(Fixture *f)
{
	char *text;
	pid_t pid;

	RUN_UNTIL(f->loop, count_lines(dir_at(&f->dir, "out")) == 1);
	text = file_read(dir_at(&f->dir, "out"));
	pid = (pid_t)atoi(text);
	free(text);
	ASSERT_GT(pid, 1);
	return pid;
}

TEST(each_run_has_a_group)
{
	char *first, *second, *own = group_of(getpid());
	Job *job;
	Fixture f;

	begin(&f);
	ASSERT_FALSE(is_place_there());
	job = add(&f, spec_of_shell("com.example.a b", "exec sleep 1000", QUICK));
	ASSERT_OK(job_start(job));
	first = group_of(job_status(job)->pid);
	ASSERT_TRUE(ends_with(first, "/job-com.example.a_b:1/run-1"));
	ASSERT_EQ(strncmp(first, own, strlen(own)), 0);
	ASSERT_TRUE(is_place_there());
	ASSERT_OK(job_kill(job, SIGKILL));
	ASSERT_OK(job_start(job));
	RUN_UNTIL(f.loop, f.n_spawned == 2);
	second = group_of(job_status(job)->pid);
	ASSERT_TRUE(ends_with(second, "/job-com.example.a_b:1/run-2"));
	free(first);
	free(second);
	free(own);
	end(&f);
}

TEST(groups_are_for_who_asks)
{
	char *group, *own = group_of(getpid());
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exec sleep 1000", " "));
	ASSERT_OK(job_start(job));
	group = group_of(job_status(job)->pid);
	ASSERT_STREQ(group, own);
	free(group);
	free(own);
	end(&f);
}

/* What has left the process group hears nothing when the job's process ends, nor when it is started anew. */
TEST(a_runaway_ends_with_its_job)
{
	pid_t runaway;
	Job *job;
	Fixture f;

	begin(&f);
	job = add(&f, spec_of_shell("a", RUNAWAY "exec sleep 1000", QUICK SOON OUT, f.dir.path));
	ASSERT_OK(job_start(job));
	runaway = wait_for_pid(&f);
	ASSERT_OK(job_kill(job, SIGKILL));
	RUN_UNTIL(f.loop, f.n_exited == 1);
	settle(&f);
	ASSERT_FALSE(is_dead(runaway));
	job_remove(job);
	ASSERT_EQ(f.n_removed, 1);
	ASSERT_FALSE(is_dead(runaway));
	RUN_UNTIL(f.loop, is_dead(runaway));
	end(&f);
}

TEST(it_may_stay_if_the_job_says_so)
{
	pid_t runaway;
	Job *job;
	Fixture f;

	begin(&f);
	job = add(&f, spec_of_shell("a", RUNAWAY "exec sleep 1000",
			      "<key>AbandonProcessGroup</key><true/>" SOON OUT, f.dir.path));
	ASSERT_OK(job_start(job));
	runaway = wait_for_pid(&f);
	job_remove(job);
	RUN_UNTIL(f.loop, f.n_removed == 1);
	for (int i = 0; i < 3; i++)
		ASSERT_OK(loop_run_once(f.loop, 2 * SECOND_MS));
	ASSERT_FALSE(is_dead(runaway));
	ASSERT_TRUE(is_place_there());
	/* Its group goes with it, whenever that is. */
	ASSERT_SYS(kill(runaway, SIGKILL));
	RUN_UNTIL(f.loop, is_dead(runaway));
	end(&f);
}

TEST(at_the_end_all_end)
{
	pid_t runaway;
	Job *job;
	Fixture f;

	begin(&f);
	job = add(&f, spec_of_shell("a", RUNAWAY "exec sleep 1000", OUT, f.dir.path));
	ASSERT_OK(job_start(job));
	runaway = wait_for_pid(&f);
	end(&f);
	ASSERT_TRUE(is_dead(runaway));
}

/* A group that the kernel has frozen gets its SIGKILL all the same. */
TEST(a_job_that_stands_still_is_ended)
{
	_cleanup_close_ int freeze = -EBADF;
	const char *place = cgroup_find_place();
	char path[512], *group;
	Job *job;
	Fixture f;

	begin(&f);
	job = add(&f, spec_of_shell("a", "trap '' TERM; echo ready; while :; do sleep 1000; done",
			      SOON OUT, f.dir.path));
	ASSERT_OK(job_start(job));
	RUN_UNTIL(f.loop, count_lines(dir_at(&f.dir, "out")) == 1);
	group = group_of(job_status(job)->pid);
	snprintf(path, sizeof(path), "%s%s/cgroup.freeze", place, group);
	freeze = ASSERT_SYS(open(path, O_WRONLY | O_CLOEXEC));
	ASSERT_EQ(write(freeze, "1", 1), 1);
	job_remove(job);
	RUN_UNTIL(f.loop, f.n_removed == 1);
	ASSERT_EQ(f.last.value, SIGKILL);
	free(group);
	end(&f);
}

TEST(its_user_may_freeze_it)
{
	const char *place = cgroup_find_place();
	char path[512], *group;
	struct stat st;
	Job *job;
	Fixture f;

	if (geteuid() != 0)
		SKIP("only root can have a job of another user");
	begin(&f);
	job = add(&f, spec_of_shell("a", "exec sleep 1000",
			      "<key>UserName</key><string>nobody</string>"));
	ASSERT_OK(job_start(job));
	UNTIL_STATE(&f, job, JOB_RUNNING);
	group = group_of(job_status(job)->pid);
	snprintf(path, sizeof(path), "%s%s/cgroup.freeze", place, group);
	ASSERT_SYS(stat(path, &st));
	ASSERT_NE(st.st_uid, 0);
	snprintf(path, sizeof(path), "%s%s/cgroup.procs", place, group);
	ASSERT_SYS(stat(path, &st));
	ASSERT_EQ(st.st_uid, 0);
	free(group);
	end(&f);
}

/* A launchd that was killed: what it left is removed by the next, what lives is not. */
TEST(what_is_left_is_removed)
{
	JobGroups theirs, ours;
	JobGroup *group;
	Loop *loop = NULL;
	Fixture f;
	int status;
	pid_t pid;

	begin(&f);
	fflush(stdout);
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		ASSERT_OK(loop_new(&loop));
		jobgroups_init(&theirs, loop, true);
		group = jobgroup_new(&theirs, "left");
		_exit(jobgroup_open_run(group) >= 0 ? 0 : 1);
	}
	ASSERT_OK(loop_new(&loop));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	ASSERT_TRUE(is_place_of(pid));
	jobgroups_init(&ours, loop, true);
	group = jobgroup_new(&ours, "a");
	ASSERT_NOT_NULL(group);
	ASSERT_FALSE(is_place_of(pid));
	/* One that lives, though it has no jobs at the moment, is left alone. */
	ASSERT_NULL(jobgroup_leave(group, DEADLINE_NONE));
	ASSERT_TRUE(is_place_there());
	jobgroups_init(&theirs, loop, true);
	ASSERT_NULL(jobgroup_leave(jobgroup_new(&theirs, "b"), DEADLINE_NONE));
	jobgroups_deinit(&theirs);
	ASSERT_TRUE(is_place_there());
	jobgroups_deinit(&ours);
	loop_free(loop);
	end(&f);
}

TEST(labels_of_any_length)
{
	char label[256];
	JobGroups groups;
	Loop *loop = NULL;
	int run;

	memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	ASSERT_OK(loop_new(&loop));
	jobgroups_init(&groups, loop, true);
	for (unsigned i = 0; i < 3; i++) {
		JobGroup *group = jobgroup_new(&groups, label);

		run = jobgroup_open_run(group);
		ASSERT_EQ(run >= 0, group != NULL);
		fd_close(run);
		jobgroup_sweep(group);
		ASSERT_NULL(jobgroup_leave(group, DEADLINE_NONE));
	}
	jobgroups_deinit(&groups);
	loop_free(loop);
	ASSERT_FALSE(is_place_there());
}
