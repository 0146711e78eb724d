/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "launchd/test-supervisor.h"

#define QUICK "<key>ThrottleInterval</key><integer>0</integer>"
#define SOCKET                                                                                     \
	"<key>Sockets</key><dict><key>s</key><dict><key>SockPathName</key>"                        \
	"<string>%s/sock</string></dict></dict>"
#define INETD(wait) SOCKET "<key>inetdCompatibility</key><dict><key>Wait</key><" wait "/>%s</dict>"

static int connect_to(Fixture *f)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = ASSERT_SYS(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", dir_at(&f->dir, "sock"));
	ASSERT_SYS(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

/* What comes in, while the loop runs. */
static void assert_reply(Fixture *f, int fd, const char *expected)
{
	char text[64] = "";
	size_t n = 0;

	while (n < strlen(expected)) {
		ssize_t got = recv(fd, text + n, sizeof(text) - 1 - n, MSG_DONTWAIT);

		if (got == 0)
			break;
		if (got > 0)
			n += (size_t)got;
		else
			ASSERT_OK(loop_run_once(f->loop, 1));
	}
	ASSERT_STREQ(text, expected);
}

/* A connection starts the job; while it runs its sockets are its own; what is left starts it anew. */
TEST(activity_starts_the_job)
{
	_cleanup_close_ int a = -EBADF, b = -EBADF;
	FdList fds = FDLIST_INIT;
	int connection;
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exec sleep 1000", QUICK SOCKET, f.dir.path));
	settle(&f);
	ASSERT_EQ(f.n_spawned, 0);
	ASSERT_EQ(job_take_sockets(job, "s", &fds), JOB_E_NOT_RUNNING);
	a = connect_to(&f);
	UNTIL_STATE(&f, job, JOB_RUNNING);
	ASSERT_EQ(job_status(job)->reason, JOB_REASON_SOCKET);
	ASSERT_EQ(job_take_sockets(job, "t", &fds), JOB_E_NO_SOCKET);
	ASSERT_OK(job_take_sockets(job, "s", &fds));
	ASSERT_EQ(job_take_sockets(job, "s", &fds), JOB_E_TAKEN);
	/* What the job would do, if it were not us. */
	connection = ASSERT_FD(accept4(fdlist_get(&fds, 0), NULL, NULL, SOCK_CLOEXEC));
	close(connection);
	fdlist_deinit(&fds);
	ASSERT_OK(job_kill(job, SIGKILL));
	UNTIL_STATE(&f, job, JOB_WAITING);
	settle(&f);
	ASSERT_EQ(f.n_spawned, 1);
	b = connect_to(&f);
	UNTIL_STATE(&f, job, JOB_RUNNING);
	ASSERT_OK(job_take_sockets(job, "s", &fds));
	fdlist_deinit(&fds);
	job_remove(job);
	RUN_UNTIL(f.loop, f.n_removed == 1);
	ASSERT_FALSE(file_exists(dir_at(&f.dir, "sock")));
	fixture_deinit(&f);
}

/* The socket stays readable, and nobody spins: each of these states has it disarmed. */
TEST(unread_activity_is_throttled)
{
	_cleanup_close_ int a = -EBADF;
	Job *job;
	Fixture f;
	int n = 0;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exit 0", SOCKET, f.dir.path));
	settle(&f);
	a = connect_to(&f);
	RUN_UNTIL(f.loop, f.n_exited == 1);
	RUN_UNTIL(f.loop, STATE(job) == JOB_THROTTLED);
	for (; f.n_exited < 2; n++)
		ASSERT_OK(loop_run_once(f.loop, 1000));
	ASSERT_LT(n, 50);
	UNTIL_STATE(&f, job, JOB_THROTTLED);
	/* Nor when it may not start. */
	job_set_enabled(job, false);
	settle(&f);
	for (n = 0; n < 5; n++)
		ASSERT_OK(loop_run_once(f.loop, 0));
	ASSERT_EQ(f.n_spawned, 2);
	job_set_enabled(job, true);
	RUN_UNTIL(f.loop, f.n_exited == 3);
	fixture_deinit(&f);
}

TEST(secure_key_is_in_the_environment)
{
	char *said;
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "test -S $SOCK && echo yes",
			      "<key>Sockets</key><dict><key>s</key><dict><key>SecureSocketWithKey"
			      "</key><string>SOCK</string></dict></dict>"
			      "<key>StandardOutPath</key><string>%s/out</string>",
			      f.dir.path));
	ASSERT_OK(job_start(job));
	RUN_UNTIL(f.loop, f.n_exited == 1);
	said = file_read(dir_at(&f.dir, "out"));
	ASSERT_STREQ(said, "yes\n");
	free(said);
	fixture_deinit(&f);
}

TEST(inetd_waiting)
{
	_cleanup_close_ int a = -EBADF;
	char link[64], target[64] = "";
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exec sleep 1000", QUICK INETD("true"), f.dir.path, ""));
	settle(&f);
	a = connect_to(&f);
	UNTIL_STATE(&f, job, JOB_RUNNING);
	snprintf(link, sizeof(link), "/proc/%d/fd/0", (int)job_status(job)->pid);
	ASSERT_GT(readlink(link, target, sizeof(target) - 1), 0);
	ASSERT_STRSTR(target, "socket:");
	ASSERT_EQ(supervisor_n_jobs(f.supervisor), 1);
	fixture_deinit(&f);
}

/* An instance for each connection, at the same time, each with the connection as its stdio. */
TEST(inetd_instances)
{
	_cleanup_close_ int a = -EBADF, b = -EBADF;
	Job *job, *instance;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "while read x; do echo \"<$x>\"; done", INETD("false"),
			      f.dir.path, ""));
	settle(&f);
	ASSERT_EQ(job_demand(job, JOB_REASON_MESSAGE), JOB_E_INETD);
	ASSERT_EQ(job_start(job), JOB_E_INETD);
	a = connect_to(&f);
	b = connect_to(&f);
	RUN_UNTIL(f.loop, f.n_spawned == 2);
	ASSERT_EQ(supervisor_n_jobs(f.supervisor), 3);
	instance = supervisor_find_job(f.supervisor, "a.1");
	ASSERT_NOT_NULL(instance);
	ASSERT_PTR_EQ(job_parent(instance), job);
	ASSERT_NULL(job_parent(job));
	ASSERT_EQ(write(a, "1\n", 2), 2);
	ASSERT_EQ(write(b, "2\n", 2), 2);
	assert_reply(&f, a, "<1>\n");
	assert_reply(&f, b, "<2>\n");
	a = fd_close(a);
	RUN_UNTIL(f.loop, f.n_removed == 1);
	ASSERT_EQ(supervisor_n_jobs(f.supervisor), 2);
	ASSERT_EQ(STATE(job), JOB_WAITING);
	/* The parent goes when its last instance has. */
	job_remove(job);
	ASSERT_EQ(f.n_removed, 1);
	RUN_UNTIL(f.loop, f.n_removed == 3);
	ASSERT_EQ(supervisor_n_jobs(f.supervisor), 0);
	assert_reply(&f, b, "");
	fixture_deinit(&f);
}

TEST(inetd_instances_are_limited)
{
	int fds[5];
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "read x; echo $x", INETD("false"), f.dir.path,
			      "<key>Instances</key><integer>2</integer>"));
	settle(&f);
	for (int i = 0; i < 5; i++)
		fds[i] = connect_to(&f);
	RUN_UNTIL(f.loop, f.n_spawned == 2);
	settle(&f);
	ASSERT_EQ(f.n_spawned, 2);
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(write(fds[i], "hello\n", 6), 6);
	for (int i = 0; i < 5; i++) {
		assert_reply(&f, fds[i], "hello\n");
		close(fds[i]);
	}
	RUN_UNTIL(f.loop, f.n_removed == 5);
	ASSERT_EQ(job_status(job)->n_runs, 5);
	fixture_deinit(&f);
}

/* A program that cannot be started costs its connection, and no more. */
TEST(inetd_instances_that_fail)
{
	_cleanup_close_ int a = -EBADF;
	char c;
	Job *job;
	Fixture f;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", ":",
			      "<key>WorkingDirectory</key><string>/nope</string>" INETD("false"),
			      f.dir.path, ""));
	settle(&f);
	a = connect_to(&f);
	RUN_UNTIL(f.loop, f.n_removed == 1);
	ASSERT_TRUE(f.last.never_ran);
	ASSERT_EQ(read(a, &c, 1), 0);
	ASSERT_EQ(supervisor_n_jobs(f.supervisor), 1);
	a = fd_close(a);
	job_remove(job);
	job = add(&f, spec_of_shell("b", ":",
			      "<key>UserName</key><string>no-such-user</string>" INETD("false"),
			      f.dir.path, ""));
	settle(&f);
	a = connect_to(&f);
	RUN_UNTIL(f.loop, f.n_removed == 3);
	ASSERT_EQ(read(a, &c, 1), 0);
	fixture_deinit(&f);
}

/* Let no more than @n descriptors be opened. */
static void limit_descriptors(int n, struct rlimit *ret_before)
{
	struct rlimit limit;
	int highest = ASSERT_FD(dup(STDOUT_FILENO));

	close(highest);
	ASSERT_SYS(getrlimit(RLIMIT_NOFILE, &limit));
	*ret_before = limit;
	/* Only what is above the highest is free, as there are no holes below the lowest free one. */
	limit.rlim_cur = (rlim_t)highest + (rlim_t)n;
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &limit));
}

/* Nobody spins while there are no descriptors; the connection is served when there are. */
TEST(inetd_without_descriptors)
{
	_cleanup_close_ int a = -EBADF;
	struct rlimit before;
	Job *job;
	Fixture f;
	int n;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "echo hello", INETD("false"), f.dir.path, ""));
	settle(&f);
	a = connect_to(&f);
	limit_descriptors(0, &before);
	for (n = 0; n < 3; n++)
		ASSERT_OK(loop_run_once(f.loop, 1000));
	ASSERT_EQ(f.n_before, 0);
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &before));
	assert_reply(&f, a, "hello\n");
	ASSERT_EQ(job_status(job)->n_runs, 1);
	fixture_deinit(&f);
}

/* With so few descriptors, each step of a start fails once; none leaves anything behind. */
TEST(start_without_descriptors)
{
	struct rlimit before;
	JobState state = JOB_FAILED;
	Job *job;
	Fixture f;
	int n;

	fixture_init(&f);
	job = add(&f, spec_of_shell("a", "exec sleep 1000", QUICK));
	settle(&f);
	for (n = 0; state == JOB_FAILED; n++) {
		ASSERT_LT(n, 10);
		limit_descriptors(n, &before);
		ASSERT_OK(job_start(job));
		state = STATE(job);
		ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &before));
		if (state == JOB_FAILED)
			ASSERT_STREQ(job_status(job)->problem, "cannot start: Too many open files");
	}
	ASSERT_GE(n, 3);
	ASSERT_EQ(job_status(job)->n_failures, (unsigned)n - 1);
	ASSERT_EQ(supervisor_n_processes(f.supervisor), 1);
	fixture_deinit(&f);
}
