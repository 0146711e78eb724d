/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of jobs: what launch_activate_socket() gives, to whom, and how often. This program is the job
 * too: `sockets serve NAME` activates NAME, and tells whoever connects to it what came of that.
 */
#include <errno.h>
#include <fcntl.h>
#include <launch.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/launchd/session.h"

#define MAX_ANSWER 512

/* --- The job --- */

static int activate(const char *name)
{
	size_t n = 7;
	int *fds = NULL;
	int r = launch_activate_socket(name, &fds, &n);

	if (r == 0) {
		while (n > 0)
			(void)close(fds[--n]);
		free(fds);
	}
	return r != 0 && (fds || n != 7) ? -1 : r;
}

static int activate_in_child(const char *name)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(activate(name));
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* To one client, who is told all; then the run is over. */
static int serve(const char *name)
{
	const char *secure = getenv("TEST_SOCKET");
	int *fds = NULL, connection, child, r;
	size_t n = 0;

	/* Not for a child: it is no job. */
	child = activate_in_child(name);
	r = launch_activate_socket(name, &fds, &n);
	if (r != 0)
		return 1;
	connection = accept(fds[0], NULL, NULL);
	if (connection < 0)
		return 2;
	(void)dprintf(connection, "%zu %d %d %d %d %s", n,
		(fcntl(fds[0], F_GETFD) & FD_CLOEXEC) != 0, child == ESRCH,
		activate(name) == EALREADY, activate("nothing") == ENOENT,
		secure ? secure : "none");
	return 0;
}

__attribute__((__constructor__)) static void look_who_we_are(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		_exit(serve(argv[2]));
}

/* --- The tests --- */

static char folder[64], path[96], list[4096];

static void folder_make(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/portcullis-sockets.XXXXXX");
	ASSERT_NOT_NULL(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
}

static void folder_remove(void)
{
	EVENTUALLY(access(path, F_OK) < 0);
	ASSERT_EQ(rmdir(folder), 0);
}

static void load_job(const char *label, const char *sockets)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ASSERT_GT(n, 0);
	self[n] = '\0';
	ASSERT_LT((size_t)snprintf(list, sizeof(list),
			  PLIST("<key>Label</key><string>%s</string>"
				"<key>ProgramArguments</key><array><string>%s</string>"
				"<string>serve</string><string>s</string></array>"
				"<key>ThrottleInterval</key><integer>0</integer>"
				"<key>Sockets</key><dict><key>s</key>%s</dict>"),
			  label, self, sockets),
		sizeof(list));
	load(list);
}

static void unload(const char *label)
{
	ASSERT_KR(job_mig_unload(bootstrap(), (char *)label, 0));
	EVENTUALLY(job_mig_unload(bootstrap(), (char *)label, 0) == JOB_UNKNOWN);
}

/* Connects, which starts the job, and takes what it tells. */
static void ask_job(const char *at, char *answer)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t size = 0;
	ssize_t n;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ASSERT_LT(strlen(at), sizeof(address.sun_path));
	strcpy(address.sun_path, at);
	ASSERT_EQ(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	while ((n = read(fd, answer + size, MAX_ANSWER - 1 - size)) > 0)
		size += (size_t)n;
	answer[size] = '\0';
	(void)close(fd);
}

CASE(a_connection_starts_a_job_which_takes_its_socket)
{
	char socket[256], answer[MAX_ANSWER];

	folder_make();
	(void)snprintf(socket, sizeof(socket),
		"<dict><key>SockPathName</key><string>%s</string></dict>", path);
	load_job("test.socket", socket);
	ask_job(path, answer);
	ASSERT_STREQ(answer, "1 1 1 1 1 none");
	/* Once for each run. */
	ask_job(path, answer);
	ASSERT_STREQ(answer, "1 1 1 1 1 none");
	unload("test.socket");
	folder_remove();
}

CASE(several_sockets_may_have_one_name)
{
	char sockets[512], answer[MAX_ANSWER];

	folder_make();
	(void)snprintf(sockets, sizeof(sockets),
		"<array><dict><key>SockPathName</key><string>%s</string></dict>"
		"<dict><key>SockNodeName</key><string>127.0.0.1</string>"
		"<key>SockServiceName</key><string>0</string></dict></array>",
		path);
	load_job("test.several", sockets);
	ask_job(path, answer);
	ASSERT_STREQ(answer, "2 1 1 1 1 none");
	unload("test.several");
	folder_remove();
}

/* What launchd says of a variable; "": it is not set. */
static void variable(const char *name, char *value, size_t size)
{
	mach_msg_type_number_t n;
	job_text_t text;

	*value = '\0';
	if (job_mig_get_environment(bootstrap(), (char *)name, (mach_msg_type_number_t)strlen(name),
		    &text, &n) != KERN_SUCCESS)
		return;
	ASSERT_LT(n, size);
	memcpy(value, text, n);
	value[n] = '\0';
	if (n)
		ASSERT_KR(vm_deallocate(SELF, (vm_address_t)text, n));
}

CASE(a_socket_may_be_where_launchd_likes)
{
	char secure[108], answer[MAX_ANSWER], expected[MAX_ANSWER], *slash;
	struct stat st;

	folder_make();
	load_job("test.secure",
		"<dict><key>SecureSocketWithKey</key><string>TEST_SOCKET</string></dict>");
	variable("TEST_SOCKET", secure, sizeof(secure));
	ASSERT_EQ(*secure, '/');
	ask_job(secure, answer);
	(void)snprintf(expected, sizeof(expected), "1 1 1 1 1 %s", secure);
	ASSERT_STREQ(answer, expected);
	/* Other jobs know of it as well. */
	(void)snprintf(answer, sizeof(answer),
		"<dict><key>SockPathName</key><string>%s</string></dict>", path);
	load_job("test.other", answer);
	ask_job(path, answer);
	ASSERT_STREQ(answer, expected);
	/* Nobody else gets near it. */
	slash = strrchr(secure, '/');
	*slash = '\0';
	ASSERT_EQ(stat(secure, &st), 0);
	ASSERT_EQ(st.st_mode & 07777, 0700u);
	ASSERT_EQ(st.st_uid, geteuid());
	unload("test.secure");
	ASSERT_NE(access(secure, F_OK), 0);
	variable("TEST_SOCKET", answer, sizeof(answer));
	ASSERT_STREQ(answer, "");
	unload("test.other");
	folder_remove();
}

CASE(a_variable_that_was_set_to_something_else_stays)
{
	char value[108];

	load_job("test.override",
		"<dict><key>SecureSocketWithKey</key><string>TEST_OVERRIDE</string></dict>");
	ASSERT_KR(job_mig_set_environment(
		bootstrap(), (job_text_t) "TEST_OVERRIDE", 13, (job_text_t) "mine", 4, FALSE));
	unload("test.override");
	variable("TEST_OVERRIDE", value, sizeof(value));
	ASSERT_STREQ(value, "mine");
}

CASE(who_is_no_job_has_no_sockets)
{
	char name[256];
	size_t n;
	int *fds;

	ASSERT_EQ(activate("s"), ESRCH);
	bootstrap_port = MACH_PORT_NULL;
	ASSERT_EQ(activate("s"), ESRCH);
	/* Nor is there a name of any length, or a place for nothing. */
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ASSERT_EQ(activate(name), EINVAL);
	ASSERT_EQ(activate(""), EINVAL);
	ASSERT_EQ(launch_activate_socket(NULL, &fds, &n), EINVAL);
	ASSERT_EQ(launch_activate_socket("s", NULL, &n), EINVAL);
	ASSERT_EQ(launch_activate_socket("s", &fds, NULL), EINVAL);
}

/* --- A server that lies --- */

static void *lie(void *arg)
{
	struct {
		mach_msg_header_t header;
		char rest[1024];
	} m;
	mach_port_t port = *(mach_port_t *)arg;
	mig_reply_error_t reply = {.RetCode = KERN_SUCCESS, .NDR = NDR_record};

	ASSERT_KR(mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), port,
		PATIENCE_MS, MACH_PORT_NULL));
	/* Success, and no sockets behind it. */
	reply.Head = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(m.header.msgh_bits), 0),
		.msgh_remote_port = m.header.msgh_remote_port,
		.msgh_size = sizeof(reply),
		.msgh_id = m.header.msgh_id + 100};
	ASSERT_KR(mach_msg(
		&reply.Head, MACH_SEND_MSG, sizeof(reply), 0, MACH_PORT_NULL, 0, MACH_PORT_NULL));
	return NULL;
}

CASE(an_answer_that_makes_no_sense)
{
	mach_port_t port = port_new();
	pthread_t thread;

	bootstrap_port = port;
	ASSERT_EQ(pthread_create(&thread, NULL, lie, &port), 0);
	ASSERT_EQ(activate("s"), EIO);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	destroy_receive(port);
	/* And a server that is gone. */
	ASSERT_EQ(activate("s"), ESRCH);
}
