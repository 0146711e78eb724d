/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launchd as a program: its path, who is let in by it, and what it makes of COMMAND. It runs without a
 * session of its own; each test starts the daemons that it needs in a folder that goes with it.
 */
#include <grp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bootstrap/contact.h"
#include "tests/launchd/session.h"

#define NOBODY 65534

static char folder[64], path[96];

static void folder_make(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/portcullis-listener.XXXXXX");
	ASSERT_NOT_NULL(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/portcullis/bootstrap", folder);
}

static void folder_remove(void)
{
	char inner[80];

	(void)unlink(path);
	(void)snprintf(inner, sizeof(inner), "%s/portcullis", folder);
	(void)rmdir(inner);
	ASSERT_EQ(rmdir(folder), 0);
}

/* launchd with these arguments, which end with NULL, and this descriptor as its standard input. */
static pid_t start(int in, ...)
{
	const char *argv[16] = {getenv("LAUNCHD")};
	unsigned n = 1;
	va_list args;
	pid_t pid;

	va_start(args, in);
	while (n < 15 && (argv[n] = va_arg(args, const char *)))
		n++;
	va_end(args);
	fflush(stdout);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (pid > 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* What runs the tests may ignore it, and a shell cannot trap what was ignored when it began. */
	(void)signal(SIGHUP, SIG_DFL);
	if (in >= 0)
		(void)dup2(in, 0);
	(void)setenv("XDG_RUNTIME_DIR", folder, 1);
	(void)setenv("XDG_CONFIG_HOME", folder, 1);
	(void)execv(argv[0], (char *const *)argv);
	_exit(UNIT_CHILD_FAILED);
}

static int end_of(pid_t pid)
{
	int status;

	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_TRUE(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool answers(void)
{
	mach_port_t port;

	if (contact_path(path, PATIENCE_MS, &port) < 0)
		return false;
	drop(port);
	return true;
}

static void kill_hard(pid_t pid)
{
	int status;

	ASSERT_EQ(kill(pid, SIGKILL), 0);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
}

/* --- COMMAND --- */

TEST(the_status_is_that_of_the_command)
{
	ASSERT_EQ(end_of(start(-1, "--session", "--", "/bin/sh", "-c", "exit 7", NULL)), 7);
	ASSERT_EQ(end_of(start(-1, "--session", "--", "/bin/sh", "-c", "kill -9 $$", NULL)), 137);
	ASSERT_EQ(end_of(start(-1, "--session", "--", "/no/such/command", NULL)), 127);
	ASSERT_EQ(end_of(start(-1, "--session", "--", "/dev/null", NULL)), 126);
	ASSERT_EQ(end_of(start(-1, "--session", NULL)), 64);
	ASSERT_EQ(end_of(start(-1, "--user", "--", "true", NULL)), 64);
}

CASE(signals_are_passed_on)
{
	static const int numbers[] = {SIGTERM, SIGHUP};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int in[2];
		pid_t pid;

		folder_make();
		ASSERT_EQ(pipe2(in, O_CLOEXEC), 0);
		/* The path is there before the command is. What it makes says that it listens. */
		pid = start(in[0], "--session", "--path", path, "--", "/bin/sh", "-c",
			"trap 'exit 9' TERM HUP; mkdir \"$XDG_RUNTIME_DIR/ready\"; read x", NULL);
		(void)snprintf(path, sizeof(path), "%s/ready", folder);
		EVENTUALLY(access(path, F_OK) == 0);
		ASSERT_EQ(kill(pid, numbers[i]), 0);
		ASSERT_EQ(end_of(pid), 9);
		ASSERT_EQ(rmdir(path), 0);
		folder_remove();
		(void)close(in[0]);
		(void)close(in[1]);
	}
}

/* --- The path --- */

CASE(a_session_may_have_a_path)
{
	int in[2];
	pid_t pid;

	folder_make();
	ASSERT_EQ(pipe2(in, O_CLOEXEC), 0);
	pid = start(
		in[0], "--session", "--path", path, "--", "/bin/sh", "-c", "read x; exit 3", NULL);
	EVENTUALLY(answers());
	(void)close(in[0]);
	(void)close(in[1]);
	ASSERT_EQ(end_of(pid), 3);
	ASSERT_NE(access(path, F_OK), 0);
	folder_remove();
}

CASE(one_server_at_a_path)
{
	mach_port_t port;
	pid_t pid;

	folder_make();
	pid = start(-1, "--user", NULL);
	EVENTUALLY(answers());
	ASSERT_EQ(end_of(start(-1, "--user", NULL)), 1);
	ASSERT_TRUE(answers());
	/* What is left of one that was killed is taken over. */
	kill_hard(pid);
	ASSERT_EQ(access(path, F_OK), 0);
	ASSERT_FALSE(answers());
	pid = start(-1, "--user", NULL);
	EVENTUALLY(answers());
	ASSERT_EQ(contact_path(path, PATIENCE_MS, &port), 0);
	ASSERT_EQ(bootstrap_look_up(port, "test.nothing", &port), BOOTSTRAP_UNKNOWN_SERVICE);
	ASSERT_EQ(kill(pid, SIGTERM), 0);
	ASSERT_EQ(end_of(pid), 0);
	ASSERT_NE(access(path, F_OK), 0);
	folder_remove();
}

CASE(what_is_no_socket_is_left_alone)
{
	char inner[80];
	int fd;

	folder_make();
	(void)snprintf(inner, sizeof(inner), "%s/portcullis", folder);
	ASSERT_EQ(mkdir(inner, 0700), 0);
	fd = open(path, O_CREAT | O_CLOEXEC | O_WRONLY, 0600);
	ASSERT_GE(fd, 0);
	(void)close(fd);
	ASSERT_EQ(end_of(start(-1, "--user", NULL)), 1);
	ASSERT_EQ(access(path, F_OK), 0);
	folder_remove();
}

static void as_nobody(unused_ void *arg)
{
	ASSERT_EQ(setgroups(0, NULL), 0);
	ASSERT_EQ(setresgid(NOBODY, NOBODY, NOBODY), 0);
	ASSERT_EQ(setresuid(NOBODY, NOBODY, NOBODY), 0);
	ASSERT_EQ(answers(), arg != NULL);
}

CASE(a_users_domain_is_for_that_user)
{
	char inner[80];
	pid_t pid;

	/* Only root can be another user. */
	if (geteuid() != 0)
		return;
	folder_make();
	pid = start(-1, "--user", NULL);
	EVENTUALLY(answers());
	child_run(as_nobody, NULL);
	/* Not by file permissions alone. */
	(void)snprintf(inner, sizeof(inner), "%s/portcullis", folder);
	ASSERT_EQ(chmod(folder, 0755), 0);
	ASSERT_EQ(chmod(inner, 0755), 0);
	ASSERT_EQ(chmod(path, 0666), 0);
	child_run(as_nobody, NULL);
	ASSERT_TRUE(answers());
	kill_hard(pid);
	/* That of the machine is for all. */
	pid = start(-1, "--system", "--path", path, NULL);
	EVENTUALLY(answers());
	child_run(as_nobody, path);
	kill_hard(pid);
	folder_remove();
}

/* --- Crowds --- */

static void connect_for_ever(unused_ void *arg)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	strcpy(address.sun_path, path);
	for (unsigned i = 0;; i++) {
		static int kept[256];
		int *fd = &kept[i % 256];

		if (*fd > 0)
			(void)close(*fd);
		*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(*fd, (struct sockaddr *)&address, sizeof(address));
	}
}

CASE(a_flood_of_connections)
{
	pid_t pid, crowd[3];
	int status;

	folder_make();
	pid = start(-1, "--user", NULL);
	EVENTUALLY(answers());
	for (int i = 0; i < 3; i++)
		crowd[i] = child_start(connect_for_ever, NULL);
	/* The queue of connections may be full at the moment. */
	for (int i = 0; i < 50; i++)
		EVENTUALLY(answers());
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(kill(crowd[i], SIGKILL), 0);
		ASSERT_EQ(waitpid(crowd[i], &status, 0), crowd[i]);
	}
	ASSERT_EQ(kill(pid, SIGTERM), 0);
	ASSERT_EQ(end_of(pid), 0);
	folder_remove();
}

/* --- Sockets that are handed in --- */

static void activated(void *arg)
{
	int fd = *(int *)arg;
	char pid[16];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	ASSERT_EQ(dup2(fd, 3), 3);
	(void)fcntl(3, F_SETFD, 0);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)setenv("LISTEN_PID", pid, 1);
	(void)setenv("LISTEN_FDS", "1", 1);
	(void)setenv("XDG_CONFIG_HOME", folder, 1);
	(void)execl(getenv("LAUNCHD"), "launchd", "--user", NULL);
}

CASE(a_socket_of_the_service_manager)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	pid_t pid;
	int fd;

	folder_make();
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ASSERT_EQ(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ASSERT_EQ(listen(fd, 16), 0);
	pid = child_start(activated, &fd);
	ASSERT_TRUE(answers());
	ASSERT_EQ(kill(pid, SIGTERM), 0);
	ASSERT_EQ(end_of(pid), 0);
	/* It is not ours to remove, and listens again for the next. */
	ASSERT_EQ(access(path, F_OK), 0);
	pid = child_start(activated, &fd);
	ASSERT_TRUE(answers());
	kill_hard(pid);
	(void)close(fd);
	folder_remove();
}
