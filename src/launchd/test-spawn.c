/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/spawn.h"

#include <poll.h>
#include <pwd.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "launchd/test-job.h"

#define OUT "<key>StandardOutPath</key><string>%s/out</string>"

typedef struct Run {
	TestDir dir;
	SpawnExtra extra;
	int stdio_fd;
	int result; /* of spawn_job(), then of spawn_read_failure() */
	char *problem;
	char *said; /* its standard output */
	siginfo_t info;
} Run;

static void run_init(Run *run)
{
	*run = (Run){.stdio_fd = -EBADF};
	dir_init(&run->dir);
	spawn_extra_init(&run->extra);
}

static void run_deinit(Run *run)
{
	dir_deinit(&run->dir);
	spawn_extra_deinit(&run->extra);
	free(run->problem);
	free(run->said);
}

static void wait_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	ASSERT_EQ(poll(&p, 1, DEADLINE_MS), 1);
}

/* Start, and wait for the end. Owns the spec. */
static void run_job(Run *run, JobSpec *spec)
{
	SpawnRequest request = {
		.spec = spec,
		.label = spec->label,
		.extra = &run->extra,
		.stdio_fd = run->stdio_fd,
		.group_fd = -EBADF,
	};
	Spawned spawned = SPAWNED_INIT;
	SpawnFailure failure;

	run->result = spawn_job(&request, &spawned, &run->problem);
	if (run->result == 0) {
		wait_readable(spawned.failure_fd);
		run->result = spawn_read_failure(spawned.failure_fd, &failure);
		if (run->result == SPAWN_E_FAILED)
			run->problem = spawn_failure_format(spec, &failure);
		ASSERT_SYS(waitid(P_PIDFD, (id_t)spawned.process.fd, &run->info, WEXITED));
		fd_close(spawned.failure_fd);
		pidref_done(&spawned.process);
	}
	run->said = file_read(dir_at(&run->dir, "out"));
	spec_free(spec);
}

static void assert_fails(JobSpec *spec, int result, const char *problem)
{
	Run run;

	run_init(&run);
	run_job(&run, spec);
	ASSERT_EQ(run.result, result);
	ASSERT_STRSTR(run.problem, problem);
	if (result == SPAWN_E_FAILED) {
		ASSERT_EQ(run.info.si_code, CLD_EXITED);
		ASSERT_EQ(run.info.si_status, SPAWN_EXIT_FAILED);
	}
	run_deinit(&run);
}

TEST(environment)
{
	Run run;

	run_init(&run);
	ASSERT_SYS(setenv("OF_LAUNCHD", "1", 1));
	ASSERT_OK(environment_add(&run.extra.environment, "EXTRA=extra"));
	ASSERT_OK(environment_add(&run.extra.environment, "MINE=not"));
	run_job(&run, spec_of_shell("com.example.env", "env; echo; pwd; umask",
			      OUT "<key>EnvironmentVariables</key><dict><key>MINE</key>"
				  "<string>mine</string></dict>",
			      run.dir.path));
	ASSERT_EQ(run.result, 0);
	ASSERT_STRSTR(run.said, "PATH=" SPAWN_PATH_DEFAULT "\n");
	ASSERT_STRSTR(run.said, "XPC_SERVICE_NAME=com.example.env\n");
	ASSERT_STRSTR(run.said, "EXTRA=extra\n");
	ASSERT_STRSTR(run.said, "MINE=mine\n");
	ASSERT_NULL(strstr(run.said, "OF_LAUNCHD"));
	ASSERT_NULL(strstr(run.said, "MINE=not"));
	ASSERT_NULL(strstr(run.said, "HOME="));
	ASSERT_STRSTR(run.said, "\n/\n0022\n");
	run_deinit(&run);
}

TEST(session_and_signals)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	int pid = 0, ppid = 0, group = 0, session = 0, tty = 1;
	sigset_t blocked, before;
	Run run;

	run_init(&run);
	ASSERT_SYS(sigaction(SIGUSR1, &ignore, &old));
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	/* exec: the shell has handlers of its own. */
	run_job(&run, spec_of_shell("com.example.signals",
			      "cat /proc/$$/stat; exec grep -E 'SigBlk|SigIgn' /proc/self/status",
			      OUT, run.dir.path));
	sigprocmask(SIG_SETMASK, &before, NULL);
	ASSERT_SYS(sigaction(SIGUSR1, &old, NULL));
	ASSERT_EQ(
		sscanf(run.said, "%d %*s %*c %d %d %d %d", &pid, &ppid, &group, &session, &tty), 5);
	ASSERT_EQ(ppid, getpid());
	ASSERT_EQ(group, pid);
	ASSERT_EQ(session, pid);
	ASSERT_EQ(tty, 0);
	ASSERT_STRSTR(run.said, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	run_deinit(&run);
}

TEST(descriptors)
{
	char expected[64];
	int p[2];
	Run run;

	run_init(&run);
	/* One without close-on-exec, as some library has; one that is to be passed on. */
	ASSERT_SYS(pipe2(p, 0));
	ASSERT_OK(fd_set_cloexec(p[1], true));
	ASSERT_OK(fdlist_add_borrow(&run.extra.fds, p[1]));
	run_job(&run, spec_of_shell("com.example.fds",
			      "ls -x /proc/$$/fd; readlink /proc/$$/fd/0 /proc/$$/fd/2", OUT,
			      run.dir.path));
	snprintf(expected, sizeof(expected), "0  1  2  %d\n/dev/null\n/dev/null\n", p[1]);
	ASSERT_STREQ(run.said, expected);
	ASSERT_FD_CLOEXEC(p[1]);
	close(p[0]);
	close(p[1]);
	run_deinit(&run);
}

TEST(attributes)
{
	Run run;

	run_init(&run);
	run_job(&run,
		spec_of_shell("com.example.attributes",
			"umask; pwd; nice; ulimit -Sn; ulimit -Hn; ulimit -Sc; cat; echo error >&2",
			OUT "<key>Umask</key><integer>23</integer>"
			    "<key>WorkingDirectory</key><string>%s</string>"
			    "<key>Nice</key><integer>7</integer>"
			    "<key>SoftResourceLimits</key><dict><key>NumberOfFiles</key>"
			    "<integer>50</integer></dict>"
			    "<key>HardResourceLimits</key><dict><key>NumberOfFiles</key>"
			    "<integer>60</integer><key>Core</key><integer>0</integer></dict>"
			    "<key>StandardInPath</key><string>/etc/hostname</string>"
			    "<key>StandardErrorPath</key><string>%s/out</string>",
			run.dir.path, run.dir.path, run.dir.path));
	ASSERT_EQ(run.result, 0);
	ASSERT_STRSTR(run.said, "0027\n");
	ASSERT_STRSTR(run.said, run.dir.path);
	ASSERT_STRSTR(run.said, "\n7\n50\n60\n0\n");
	ASSERT_STRSTR(run.said, "error\n");
	run_deinit(&run);
}

/* Both append, and a new file has the permissions that the umask leaves. */
TEST(output_is_appended)
{
	struct stat st;
	Run run;

	run_init(&run);
	run_job(&run, spec_of_shell("com.example.a", "echo one", OUT, run.dir.path));
	ASSERT_STREQ(run.said, "one\n");
	free(run.said);
	ASSERT_SYS(stat(dir_at(&run.dir, "out"), &st));
	ASSERT_EQ(st.st_mode & 07777, 0644);
	run_job(&run, spec_of_shell("com.example.a", "echo two", OUT, run.dir.path));
	ASSERT_STREQ(run.said, "one\ntwo\n");
	run_deinit(&run);
}

TEST(program_in_path)
{
	Run run;
	char *keys = NULL;

	run_init(&run);
	file_write(dir_at(&run.dir, "hello"), "#!/bin/sh\necho $0 $1\n", 0755);
	ASSERT_GT(asprintf(&keys,
			  "<key>ProgramArguments</key><array><string>hello</string><string>you"
			  "</string></array><key>EnvironmentVariables</key><dict><key>PATH</key>"
			  "<string>/nope::%s</string></dict>" OUT,
			  run.dir.path, run.dir.path),
		0);
	run_job(&run, spec_of("com.example.path", keys));
	ASSERT_EQ(run.result, 0);
	ASSERT_STRSTR(run.said, "/hello you\n");
	free(keys);
	run_deinit(&run);
}

TEST(program_and_first_argument)
{
	Run run;
	char *keys = NULL;

	run_init(&run);
	ASSERT_GT(asprintf(&keys,
			  "<key>Program</key><string>/bin/sh</string><key>ProgramArguments</key>"
			  "<array><string>other</string><string>-c</string><string>echo $0</string>"
			  "</array>" OUT,
			  run.dir.path),
		0);
	run_job(&run, spec_of("com.example.argv", keys));
	ASSERT_EQ(run.result, 0);
	ASSERT_STREQ(run.said, "other\n");
	free(keys);
	run_deinit(&run);
}

TEST(stdio_is_a_socket)
{
	char text[8] = "";
	int s[2];
	Run run;

	run_init(&run);
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	ASSERT_EQ(write(s[0], "ping\n", 5), 5);
	run.stdio_fd = s[1];
	run_job(&run, spec_of_shell("com.example.stdio", "read x; echo $x", " "));
	ASSERT_EQ(read(s[0], text, sizeof(text)), 5);
	ASSERT_STREQ(text, "ping\n");
	close(s[0]);
	close(s[1]);
	run_deinit(&run);
}

TEST(failures_say_what)
{
	TestDir dir;
	char *keys = NULL;

	dir_init(&dir);
	assert_fails(spec_of_shell("a", ":", "<key>WorkingDirectory</key><string>/nope</string>"),
		SPAWN_E_FAILED,
		"cannot change to WorkingDirectory \"/nope\": No such file or directory");
	assert_fails(spec_of_shell("a", ":", "<key>StandardOutPath</key><string>/nope/x</string>"),
		SPAWN_E_FAILED, "cannot open StandardOutPath \"/nope/x\": No such file");
	assert_fails(spec_of_shell("a", ":", "<key>StandardInPath</key><string>/nope</string>"),
		SPAWN_E_FAILED, "cannot open StandardInPath \"/nope\"");
	assert_fails(spec_of_shell("a", ":", "<key>StandardErrorPath</key><string>/</string>"),
		SPAWN_E_FAILED, "cannot open StandardErrorPath \"/\": Is a directory");
	assert_fails(spec_of("a", "<key>Program</key><string>/nope/nope</string>"), SPAWN_E_FAILED,
		"cannot execute \"/nope/nope\": No such file or directory");
	assert_fails(spec_of("a", "<key>ProgramArguments</key><array><string>nope-nope</string>"
				  "</array>"),
		SPAWN_E_FAILED, "cannot find in PATH and execute \"nope-nope\": No such file");
	file_write(dir_at(&dir, "plain"), "#!/bin/sh\n", 0644);
	ASSERT_GT(asprintf(&keys, "<key>Program</key><string>%s/plain</string>", dir.path), 0);
	assert_fails(spec_of("a", keys), SPAWN_E_FAILED, "Permission denied");
	free(keys);
	file_write(dir_at(&dir, "script"), "#!/nope/interpreter\n", 0755);
	ASSERT_GT(asprintf(&keys, "<key>Program</key><string>%s/script</string>", dir.path), 0);
	assert_fails(spec_of("a", keys), SPAWN_E_FAILED, "cannot find the interpreter of");
	free(keys);
	dir_deinit(&dir);
}

TEST(confinement_is_never_left_out)
{
	assert_fails(
		spec_of_shell("a", ":", "<key>Linux</key><dict><key>Confined</key><true/></dict>"),
		SPAWN_E_REFUSED, "never runs unconfined");
}

/* Says which phases there were, on a descriptor of its own. */
static int confine(void *userdata, SpawnConfinePhase phase)
{
	char c = (char)('0' + phase);

	return write(*(int *)userdata, &c, 1) == 1 ? 0 : -errno;
}

static int confine_in_vain(void *userdata, SpawnConfinePhase phase)
{
	return phase == SPAWN_CONFINE_AS_USER ? -EPERM : 0;
}

TEST(confine_step)
{
	char phases[4] = "";
	int p[2];
	Run run;

	for (int i = 0; i < 2; i++) {
		run_init(&run);
		ASSERT_SYS(pipe2(p, O_CLOEXEC | O_NONBLOCK));
		run.extra.confine = i == 0 ? confine : confine_in_vain;
		run.extra.confine_userdata = &p[1];
		run_job(&run, spec_of_shell("a", "echo ran",
				      OUT "<key>Linux</key><dict><key>Confined</key><true/></dict>",
				      run.dir.path));
		if (i == 0) {
			ASSERT_EQ(run.result, 0);
			ASSERT_STREQ(run.said, "ran\n");
			ASSERT_EQ(read(p[0], phases, sizeof(phases)), 2);
			ASSERT_STREQ(phases, "01");
		} else {
			ASSERT_EQ(run.result, SPAWN_E_FAILED);
			ASSERT_STRSTR(run.problem, "cannot be confined (Linux.Confined): ");
			ASSERT_STREQ(run.said, "");
		}
		close(p[0]);
		close(p[1]);
		run_deinit(&run);
	}
}

TEST(unknown_user_or_group)
{
	assert_fails(spec_of_shell("a", ":", "<key>UserName</key><string>no-such-user</string>"),
		SPAWN_E_REFUSED, "there is no user \"no-such-user\" (UserName)");
	assert_fails(spec_of_shell("a", ":", "<key>GroupName</key><string>no-such-group</string>"),
		SPAWN_E_REFUSED, "there is no group \"no-such-group\" (GroupName)");
}

TEST(other_user_needs_root)
{
	if (geteuid() == 0)
		SKIP("is root");
	assert_fails(spec_of_shell("a", ":", "<key>UserName</key><string>root</string>"),
		SPAWN_E_REFUSED, "only root can run it as user \"root\" (UserName)");
	assert_fails(spec_of_shell("a", ":", "<key>RootDirectory</key><string>/tmp</string>"),
		SPAWN_E_FAILED, "cannot change to RootDirectory \"/tmp\": Operation not permitted");
	assert_fails(spec_of_shell("a", ":", "<key>Nice</key><integer>-20</integer>"),
		SPAWN_E_FAILED, "cannot set Nice: Permission denied");
}

/* Files are opened, and directories entered, as the user. */
TEST(other_user)
{
	struct passwd *nobody = getpwuid(65534);
	char expected[128];
	struct stat st;
	Run run;

	if (geteuid() != 0 || !nobody)
		SKIP("needs root, and a user 65534");
	run_init(&run);
	run_job(&run, spec_of_shell("com.example.nobody",
			      "id -u; id -ru; id -g; id -G; echo $USER $LOGNAME $HOME $SHELL; "
			      "grep CapEff /proc/$$/status",
			      OUT "<key>UserName</key><string>%s</string>"
				  "<key>InitGroups</key><false/>",
			      run.dir.path, nobody->pw_name));
	ASSERT_EQ(run.result, 0);
	snprintf(expected, sizeof(expected), "65534\n65534\n%d\n%d\n%s %s %s %s\n",
		(int)nobody->pw_gid, (int)nobody->pw_gid, nobody->pw_name, nobody->pw_name,
		nobody->pw_dir, nobody->pw_shell);
	ASSERT_STRSTR(run.said, expected);
	ASSERT_STRSTR(run.said, "CapEff:\t0000000000000000\n");
	ASSERT_SYS(stat(dir_at(&run.dir, "out"), &st));
	ASSERT_EQ(st.st_uid, 65534);
	ASSERT_SYS(mkdir(dir_at(&run.dir, "closed"), 0700));
	free(run.said);
	run_job(&run, spec_of_shell("a", ":",
			      "<key>UserName</key><string>%s</string>"
			      "<key>WorkingDirectory</key><string>%s/closed</string>",
			      nobody->pw_name, run.dir.path));
	ASSERT_EQ(run.result, SPAWN_E_FAILED);
	ASSERT_STRSTR(run.problem, "/closed\": Permission denied");
	run_deinit(&run);
}

TEST(root_directory)
{
	Run run;

	if (geteuid() != 0)
		SKIP("needs root");
	run_init(&run);
	run_job(&run, spec_of_shell("a", ":",
			      "<key>RootDirectory</key><string>%s</string>"
			      "<key>StandardOutPath</key><string>/out</string>"
			      "<key>WorkingDirectory</key><string>/dev</string>",
			      run.dir.path));
	ASSERT_EQ(run.result, SPAWN_E_FAILED);
	/* All paths are within it. */
	ASSERT_STRSTR(run.problem, "WorkingDirectory \"/dev\": No such file");
	run_deinit(&run);
}

/* Nobody reads the FIFO: the child hangs, and we do not. */
TEST(output_that_hangs)
{
	Spawned spawned = SPAWNED_INIT;
	SpawnFailure failure;
	JobSpec *spec;
	Run run;

	run_init(&run);
	ASSERT_SYS(mkfifo(dir_at(&run.dir, "out"), 0666));
	spec = spec_of_shell("com.example.fifo", "echo here", OUT, run.dir.path);
	SpawnRequest request = {
		.spec = spec,
		.label = "x",
		.extra = &run.extra,
		.stdio_fd = -EBADF,
		.group_fd = -EBADF,
	};
	ASSERT_OK(spawn_job(&request, &spawned, &run.problem));
	ASSERT_EQ(spawn_read_failure(spawned.failure_fd, &failure), SPAWN_E_AGAIN);
	ASSERT_SYS(pidfd_send_signal(spawned.process.fd, SIGTERM, NULL, 0));
	ASSERT_SYS(waitid(P_PIDFD, (id_t)spawned.process.fd, &run.info, WEXITED));
	ASSERT_EQ(run.info.si_code, CLD_KILLED);
	ASSERT_EQ(run.info.si_status, SIGTERM);
	ASSERT_EQ(spawn_read_failure(spawned.failure_fd, &failure), 0);
	fd_close(spawned.failure_fd);
	pidref_done(&spawned.process);
	spec_free(spec);
	run_deinit(&run);
}
