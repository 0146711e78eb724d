/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confined jobs, and their attempts to get out.
 *
 * This program plays three parts. Run by the tests it is the audience: for each attack, and in each way
 * in which a job can be confined (by a launchd of root's, by one of an ordinary user's), it runs a
 * `launchd --session` with a path. COMMAND of that is the program again, as the session (ROLE=session):
 * it loads a job and waits for its verdict. That job is the program once more, as the guest (ROLE=guest),
 * which attacks. A guest's verdict is a message, so each test also shows that its ports work.
 *
 * LAUNCHD in the environment is the program under test.
 */
#include <ftw.h>
#include <linux/sched.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <sys/fileport.h>

#include "tests/launchd/session.h"

#define NOBODY 65534
#define LABEL "test.guest"
#define VERDICT "test.verdict"
#define GIFT "test.gift"
/* The verdict of a guest that has not found a way; else the line of the test that did. */
#define RESISTED 1000000

/* Fails an attack that has succeeded. */
#define MUST_FAIL(call)                                                                            \
	do {                                                                                       \
		if ((call) >= 0) {                                                                 \
			printf("%s:%d: got through: %s\n", __FILE__, __LINE__, #call);             \
			return __LINE__;                                                           \
		}                                                                                  \
	} while (0)
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("%s:%d: not true: %s (%s)\n", __FILE__, __LINE__, #condition,       \
				strerror(errno));                                                  \
			return __LINE__;                                                           \
		}                                                                                  \
	} while (0)

typedef struct Attack {
	const char *name;
	int (*run)(void); /* the guest's part */
	void (*prepare)(void); /* the session's part, or NULL */
} Attack;

/* --- What all parts know --- */

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static pid_t pid_variable(const char *name)
{
	return (pid_t)strtol(variable(name), NULL, 10);
}

static bool is_by_root(void)
{
	return strcmp(variable("BY"), "root") == 0;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), r;

	if (strlen(path) >= sizeof(address.sun_path))
		r = -1;
	else
		r = connect(fd, (struct sockaddr *)&address, sizeof(address));
	if (r < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int connect_below(const char *folder, const char *path)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "%s%s", folder, path);
	return connect_to(text);
}

/* --- The attacks --- */

static int attack_connect(void)
{
	const char *path = variable("SERVER_PATH"), *slash = strrchr(path, '/');
	char text[256];

	MUST(slash);
	MUST_FAIL(connect_to(path));
	MUST_FAIL(connect_below("/proc/self/root", path));
	MUST_FAIL(connect_below("/proc/self/cwd", path));
	MUST_FAIL(connect_below("/proc/thread-self/root", path));
	(void)snprintf(text, sizeof(text), "%s/portcullis/bootstrap", variable("FOLDER"));
	MUST_FAIL(connect_to(text));
	MUST_FAIL(connect_to("/run/portcullis/bootstrap"));
	(void)snprintf(text, sizeof(text), "%.*s", (int)(slash - path), path);
	if (chdir(text) == 0)
		MUST_FAIL(connect_to(slash + 1));
	return 0;
}

/* The kernel looks up a name before it looks whether the kinds of the sockets agree. */
static bool is_visible_to(int fd, const char *path)
{
	struct sockaddr_un address = address_of(path);
	struct iovec io = {.iov_base = (char[]){"x"}, .iov_len = 1};
	struct msghdr m = {.msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = &io,
		.msg_iovlen = 1};

	return sendmsg(fd, &m, MSG_NOSIGNAL) >= 0 || errno == EPROTOTYPE;
}

static int take_gift(void)
{
	mach_port_t port;

	if (bootstrap_look_up(bootstrap(), GIFT, &port) != KERN_SUCCESS)
		return -1;
	return fileport_makefd(port);
}

static void give(int fd)
{
	fileport_t port;

	ASSERT_EQ(fileport_makeport(fd, &port), 0);
	ASSERT_KR(bootstrap_register(bootstrap(), (char *)GIFT, port));
}

static void prepare_datagram(void)
{
	int pair[2];

	/* As the socket of a port is: of another process, and connected. */
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
	give(pair[0]);
}

static int attack_send_by_name(void)
{
	const char *path = variable("SERVER_PATH");
	int own = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), passed = take_gift();

	MUST(own >= 0 && passed >= 0);
	MUST(!is_visible_to(own, path));
	MUST(!is_visible_to(passed, path));
	/* The ports that we have are such sockets too. To one that is connected as a stream is, names
	 * mean nothing. */
	for (int fd = 3; fd < 256; fd++) {
		int kind = 0;
		socklen_t size = sizeof(kind);

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_DGRAM)
			MUST(!is_visible_to(fd, path));
	}
	return 0;
}

/* Whoever hands a directory to a guest shows what is in it. Then it is the server that refuses. */
static void prepare_directory(void)
{
	char *path = strdup(variable("SERVER_PATH"));
	int fd;

	*strrchr(path, '/') = '\0';
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	give(fd);
	/* So that it is for being a guest that root's server refuses. */
	ASSERT_SYS(chmod(variable("SERVER_PATH"), 0666));
	free(path);
}

static int attack_passed_directory(void)
{
	struct pollfd p = {.events = POLLIN};
	char path[64], c;
	int fd = take_gift();

	MUST(fd >= 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/bootstrap", fd);
	p.fd = connect_to(path);
	/* Permissions of root's path, or a mount that does not leave its namespace. */
	if (p.fd < 0)
		return 0;
	MUST(poll(&p, 1, PATIENCE_MS) == 1);
	MUST(recv(p.fd, &c, 1, 0) <= 0);
	return 0;
}

static int attack_mounts(void)
{
	const char *path = variable("SERVER_PATH");
	char folder[256];

	(void)snprintf(folder, sizeof(folder), "%s/out/m", variable("FOLDER"));
	MUST(mkdir(folder, 0700) == 0 || errno == EEXIST);
	MUST_FAIL(mount("none", folder, "tmpfs", 0, NULL));
	MUST_FAIL(mount("/", folder, NULL, MS_BIND, NULL));
	MUST_FAIL(mount("/", folder, NULL, MS_BIND | MS_REC, NULL));
	MUST_FAIL(mount("none", folder, "proc", 0, NULL));
	MUST_FAIL(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL));
	MUST_FAIL(umount2("/run/portcullis", MNT_DETACH));
	MUST_FAIL(umount2("/run/user", MNT_DETACH));
	MUST_FAIL(umount2(path, MNT_DETACH));
	MUST_FAIL(umount2(variable("XDG"), MNT_DETACH));
	MUST_FAIL(umount2("/dev/shm", MNT_DETACH));
	MUST_FAIL(syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */));
	MUST_FAIL(syscall(SYS_fsopen, "tmpfs", 0));
	MUST_FAIL(syscall(SYS_move_mount, AT_FDCWD, variable("XDG"), AT_FDCWD, folder, 0));
	MUST_FAIL(syscall(SYS_pivot_root, "/", folder));
	MUST_FAIL(chroot("/"));
	/* Nor is it away from its place, or by another name. */
	(void)snprintf(folder, sizeof(folder), "%s/out/link", variable("FOLDER"));
	MUST_FAIL(link(path, folder));
	MUST_FAIL(rename(path, folder));
	MUST_FAIL(rename(variable("XDG"), folder));
	(void)rmdir(folder);
	return attack_connect();
}

/* Threads of the kernel, and who has ended or is about to: there is neither memory nor files, and
 * whoever asks for them is given nothing. */
static bool has_nothing(pid_t pid)
{
	char path[64], text[512] = "";
	unsigned flags = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return true;
	if (!fgets(text, sizeof(text), f))
		*text = '\0';
	(void)fclose(f);
	if (!strrchr(text, ')') ||
		sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) != 1)
		return true;
	return flags & (0x200000 | 4); /* PF_KTHREAD, PF_EXITING */
}

static bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* What the kernel tells of a process outside: nothing that leads to its files or its memory. */
static int attack_process(pid_t pid)
{
	/* Which descriptors there are may be seen, but not what they are. */
	static const char *const entries[] = {"root", "cwd", "exe", "fd/0", "fd/1", "fd/2", "fd/3",
		"fd/4", "ns/mnt", "ns/user", "mem", "maps", "environ"};
	char path[128];

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, entries[i]);
		if (access(path, F_OK) < 0 && errno == ENOENT)
			continue;
		if (can_open(path, O_RDONLY) && !has_nothing(pid)) {
			printf("got through: %s\n", path);
			return __LINE__;
		}
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	MUST_FAIL(connect_below(path, variable("SERVER_PATH")));
	(void)snprintf(path, sizeof(path), "/proc/%d/cwd/..", (int)pid);
	MUST(!can_open(path, O_PATH));
	return 0;
}

static int attack_proc(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int r = 0;

	MUST(dir);
	while (r == 0 && (entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && pid != getpid() && !has_nothing(pid))
			r = attack_process(pid);
	}
	closedir(dir);
	return r ? r : attack_process(pid_variable("LAUNCHD_PID"));
}

/* Every descriptor that the guest was born with leads nowhere. */
static int attack_descriptors(void)
{
	const char *server = variable("SERVER_PATH");
	char path[512];
	struct stat st;
	int top;

	for (int fd = 0; fd < 256; fd++) {
		struct {
			uint64_t flags, mode, resolve;
		} how = {.flags = O_PATH | O_CLOEXEC};

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		/* The library has directories of its own open, but none from outside. */
		(void)snprintf(path, sizeof(path), "../../../../../..%s", server);
		top = (int)syscall(SYS_openat2, fd, path, &how, sizeof(how));
		MUST(top < 0 || fstat(top, &st) < 0 || !S_ISSOCK(st.st_mode));
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/../../../../../..", fd);
		MUST_FAIL(connect_below(path, server));
	}
	return 0;
}

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

static int attack_unshare(void)
{
	struct clone_args args = {.flags = CLONE_NEWUSER | CLONE_NEWNS, .exit_signal = SIGCHLD};
	char map[40];

	MUST_FAIL(unshare(CLONE_NEWNS));
	MUST_FAIL(unshare(CLONE_NEWPID));
	if (!is_by_root()) {
		MUST_FAIL(unshare(CLONE_NEWUSER));
		MUST_FAIL(unshare(CLONE_NEWUSER | CLONE_NEWNS));
		MUST_FAIL(syscall(SYS_clone3, &args, sizeof(args)));
		MUST_FAIL(write_to("/proc/sys/user/max_user_namespaces", "100"));
		return attack_mounts();
	}
	/* A user namespace can be made, and is of no use: mounts are locked in it, and the domain
	 * keeps us from all others. */
	(void)snprintf(map, sizeof(map), "0 %u 1\n", (unsigned)getuid());
	if (unshare(CLONE_NEWUSER) < 0)
		return attack_mounts();
	(void)write_to("/proc/self/setgroups", "deny");
	(void)write_to("/proc/self/uid_map", map);
	MUST(unshare(CLONE_NEWNS) < 0 || chdir("/") == 0);
	MUST_FAIL(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	MUST_FAIL(umount2("/run/portcullis", MNT_DETACH));
	MUST_FAIL(umount2(variable("XDG"), MNT_DETACH));
	MUST_FAIL(umount2(variable("SERVER_PATH"), MNT_DETACH));
	MUST_FAIL(syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */));
	MUST_FAIL(mount("/", "/mnt", NULL, MS_BIND, NULL));
	return attack_connect();
}

static int attack_setns_to(pid_t pid)
{
	int fd = pidfd_open(pid, 0);

	MUST(fd >= 0);
	MUST_FAIL(setns(fd, CLONE_NEWNS));
	MUST_FAIL(setns(fd, CLONE_NEWUSER));
	MUST_FAIL(setns(fd, CLONE_NEWUSER | CLONE_NEWNS));
	MUST_FAIL(ioctl(fd, _IO(0xFF, 3), 0)); /* PIDFD_GET_MNT_NAMESPACE */
	MUST_FAIL(ioctl(fd, _IO(0xFF, 9), 0)); /* PIDFD_GET_USER_NAMESPACE */
	close(fd);
	return 0;
}

static int attack_setns(void)
{
	int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), r;
	int user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC), fd;

	MUST(own >= 0 && user >= 0);
	MUST_FAIL(setns(own, CLONE_NEWNS));
	MUST_FAIL(setns(user, CLONE_NEWUSER));
	/* The user namespace above ours, and the one that owns our mounts. */
	MUST_FAIL(ioctl(user, _IO(0xb7, 2), 0)); /* NS_GET_PARENT */
	fd = ioctl(own, _IO(0xb7, 1), 0); /* NS_GET_USERNS */
	if (fd >= 0)
		MUST_FAIL(setns(fd, CLONE_NEWUSER));
	/* The next one in the list of mount namespaces. */
	MUST_FAIL(ioctl(own,
		_IOR(
			0xb7, 11, struct { uint32_t v[4]; }),
		NULL));
	r = attack_setns_to(pid_variable("LAUNCHD_PID"));
	return r ? r : attack_setns_to(pid_variable("SESSION_PID"));
}

static void abstract_address(struct sockaddr_un *address, socklen_t *size, pid_t pid)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	*size = (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 +
		(socklen_t)snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1,
			"launchd-test-%d", (int)pid);
}

static void prepare_abstract(void)
{
	static const int kinds[] = {SOCK_SEQPACKET};
	struct sockaddr_un address;
	socklen_t size;

	abstract_address(&address, &size, getpid());
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int fd = socket(AF_UNIX, kinds[i] | SOCK_CLOEXEC, 0);

		ASSERT_SYS(bind(fd, (struct sockaddr *)&address, size));
		ASSERT_SYS(listen(fd, 8));
		/* It is there for who is not confined. */
		ASSERT_SYS(connect(socket(AF_UNIX, kinds[i] | SOCK_CLOEXEC, 0),
			(struct sockaddr *)&address, size));
	}
}

static int attack_abstract(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	socklen_t size;

	abstract_address(&address, &size, pid_variable("SESSION_PID"));
	MUST_FAIL(connect(fd, (struct sockaddr *)&address, size));
	MUST(errno == EPERM);
	close(fd);
	return 0;
}

static int attack_launchd(void)
{
	static const char *const names[] = {"LAUNCHD_PID", "SESSION_PID"};
	char byte;
	struct iovec local = {.iov_base = &byte, .iov_len = 1},
		     remote = {.iov_base = &byte, .iov_len = 1};

	for (size_t i = 0; i < 2; i++) {
		pid_t pid = pid_variable(names[i]);
		int fd = pidfd_open(pid, 0);

		MUST(pid > 0 && fd >= 0);
		MUST_FAIL(kill(pid, 0));
		MUST_FAIL(kill(pid, SIGTERM));
		MUST_FAIL(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
		MUST_FAIL(syscall(SYS_tgkill, pid, pid, SIGTERM));
		MUST_FAIL(ptrace(PTRACE_ATTACH, pid, NULL, NULL));
		MUST_FAIL(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
		MUST_FAIL(process_vm_readv(pid, &local, 1, &remote, 1, 0));
		MUST_FAIL(process_vm_writev(pid, &local, 1, &remote, 1, 0));
		for (int n = 3; n < 32; n++)
			MUST_FAIL(syscall(SYS_pidfd_getfd, fd, n, 0));
		close(fd);
	}
	return 0;
}

static int attack_server_as_we_are(void)
{
	static char plist[] = PLIST("<key>Label</key><string>test.free</string><key>Program</key>"
				    "<string>/bin/true</string><key>RunAtLoad</key><true/>");
	mach_port_t port = MACH_PORT_NULL;
	mach_msg_type_number_t n;
	kern_return_t outcome;
	job_text_t problems;
	job_label_t label;
	job_lines_t lines;

	MUST(bootstrap_parent(bootstrap(), &port) == BOOTSTRAP_NOT_PRIVILEGED);
	MUST(bootstrap_get_root(bootstrap(), &port) == BOOTSTRAP_NOT_PRIVILEGED);
	MUST(job_mig_load(bootstrap(), plist, (mach_msg_type_number_t)strlen(plist),
		     (job_text_t) "x", 1, 0, label, &outcome, &problems,
		     &n) == BOOTSTRAP_NOT_PRIVILEGED);
	MUST(job_mig_list(bootstrap(), &lines, &n) == BOOTSTRAP_NOT_PRIVILEGED);
	MUST(job_mig_unload(bootstrap(), (char *)LABEL, 0) == BOOTSTRAP_NOT_PRIVILEGED);
	return 0;
}

/* Whether the server is asked by the job itself or by a child of it. */
static int attack_server(void)
{
	int r = attack_server_as_we_are(), status;
	pid_t pid;

	if (r)
		return r;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		r = setsid() < 0 ? __LINE__ : attack_server_as_we_are();
		fflush(stdout);
		_exit(r ? 1 : 0);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	MUST(status == 0);
	return 0;
}

static int attack_privileges(void)
{
	static const char *const lines[] = {"CapInh:\t0000000000000000",
		"CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
		"CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1"};
	static char text[8192];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	MUST(n > 0);
	text[n] = '\0';
	close(fd);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		MUST(strstr(text, lines[i]));
	MUST(getuid() != 0 && geteuid() != 0);
	MUST_FAIL(setuid(0));
	MUST_FAIL(syscall(SYS_bpf, 0, NULL, 0));
	return 0;
}

/* By the control groups of the user who made the server, which are files of his. */
static int attack_groups(void)
{
	static const char *const files[] = {
		"/sys/fs/cgroup/cgroup.procs",
		"/sys/fs/cgroup/unified/cgroup.procs",
		"/sys/fs/cgroup/freezer/tasks",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);

		MUST_FAIL(fd);
	}
	MUST_FAIL(mkdir("/sys/fs/cgroup/portcullis-test", 0755));
	return 0;
}

/* The directory in which others make their ports is not the one that we see. */
static int attack_ports(void)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/dev/shm/portcullis-%s", variable("OUTSIDE_UID"));
	MUST(strcmp(variable("PORTS"), "") != 0);
	if (stat(path, &st) == 0)
		MUST(st.st_ino != strtoull(variable("PORTS"), NULL, 10));
	return 0;
}

/* What a job needs goes on working: its service, new ports, children, files. */
static int works(void)
{
	mach_port_t service, port;
	char path[256];
	int fd, status;
	pid_t pid;

	MUST(bootstrap_check_in(bootstrap(), "test.guest.service", &service) == KERN_SUCCESS);
	port = port_new();
	MUST(tell(port, 7) == MACH_MSG_SUCCESS);
	MUST(hear(port) == 7);
	MUST(bootstrap_register(bootstrap(), (char *)"test.guest.port", port) == KERN_SUCCESS);
	pid = fork();
	if (pid == 0)
		execl("/bin/sh", "sh", "-c", "kill -0 $$ && sleep 0 | cat", NULL);
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	(void)snprintf(path, sizeof(path), "%s/out/a", variable("FOLDER"));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	MUST(fd >= 0);
	close(fd);
	(void)snprintf(path, sizeof(path), "%s/out/sub", variable("FOLDER"));
	MUST(mkdir(path, 0700) == 0);
	(void)snprintf(path, sizeof(path), "%s/out/a", variable("FOLDER"));
	MUST(chdir(variable("FOLDER")) == 0 && chdir("out") == 0);
	MUST(rename("a", "sub/a") == 0);
	MUST(unlink("sub/a") == 0);
	return 0;
}

/* Not confined: to see that the attacks are aimed well. */
static int get_out(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), connection;

	connection = connect_to(variable("SERVER_PATH"));
	MUST(connection >= 0);
	MUST(is_visible_to(fd, variable("SERVER_PATH")));
	MUST(is_visible_to(take_gift(), variable("SERVER_PATH")));
	MUST(kill(pid_variable("SESSION_PID"), 0) == 0);
	MUST(attack_process(pid_variable("SESSION_PID")) != 0);
	MUST(attack_ports() != 0);
	MUST(attack_abstract() != 0);
	return 0;
}

static void prepare_get_out(void)
{
	prepare_datagram();
	prepare_abstract();
}

static const Attack attacks[] = {
	{"connect", attack_connect, NULL},
	{"send_by_name", attack_send_by_name, prepare_datagram},
	{"passed_directory", attack_passed_directory, prepare_directory},
	{"mounts", attack_mounts, NULL},
	{"proc", attack_proc, NULL},
	{"descriptors", attack_descriptors, NULL},
	{"unshare", attack_unshare, NULL},
	{"setns", attack_setns, NULL},
	{"abstract", attack_abstract, prepare_abstract},
	{"launchd", attack_launchd, NULL},
	{"server", attack_server, NULL},
	{"privileges", attack_privileges, NULL},
	{"groups", attack_groups, NULL},
	{"ports", attack_ports, NULL},
	{"works", works, NULL},
	{"get_out", get_out, prepare_get_out},
};

static const Attack *find_attack(void)
{
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (strcmp(attacks[i].name, variable("ATTACK")) == 0)
			return &attacks[i];
	return NULL;
}

/* --- The guest --- */

static int guest_main(void)
{
	mach_port_t verdict;
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (bootstrap_look_up(bootstrap(), VERDICT, &verdict) != KERN_SUCCESS)
		return 1;
	r = find_attack()->run();
	fflush(stdout);
	return tell(verdict, r ? r : RESISTED) == MACH_MSG_SUCCESS ? 0 : 2;
}

/* --- The session --- */

static pid_t launchd_pid(void)
{
	job_label_t name;
	uint32_t uid;
	int32_t pid;

	ASSERT_KR(job_mig_manager(bootstrap(), &pid, &uid, name));
	return pid;
}

static void load_guest(bool confined)
{
	static char list[8192];
	char ports[64];
	struct stat st = {.st_ino = 0};

	(void)snprintf(ports, sizeof(ports), "/dev/shm/portcullis-%u", (unsigned)getuid());
	(void)stat(ports, &st);
	(void)snprintf(list, sizeof(list),
		PLIST("<key>Label</key><string>" LABEL "</string>"
		      "<key>Program</key><string>%s</string>%s"
		      "<key>RunAtLoad</key><true/><key>LaunchOnlyOnce</key><true/>"
		      "<key>StandardOutPath</key><string>%s/out/log</string>"
		      "<key>StandardErrorPath</key><string>%s/out/log</string>"
		      "<key>MachServices</key><dict><key>test.guest.service</key><true/></dict>"
		      "<key>EnvironmentVariables</key><dict>"
		      "<key>ROLE</key><string>guest</string>"
		      "<key>ATTACK</key><string>%s</string>"
		      "<key>BY</key><string>%s</string>"
		      "<key>FOLDER</key><string>%s</string>"
		      "<key>XDG</key><string>%s</string>"
		      "<key>SERVER_PATH</key><string>%s</string>"
		      "<key>SESSION_PID</key><string>%d</string>"
		      "<key>LAUNCHD_PID</key><string>%d</string>"
		      "<key>PORTS</key><string>%llu</string>"
		      "<key>OUTSIDE_UID</key><string>%u</string>"
		      "</dict>%s"),
		variable("PROGRAM"),
		getuid() == 0 ? "<key>UserName</key><string>nobody</string>" : "",
		variable("FOLDER"), variable("FOLDER"), variable("ATTACK"), variable("BY"),
		variable("FOLDER"), variable("XDG_RUNTIME_DIR"), variable("SERVER_PATH"),
		(int)getpid(), (int)launchd_pid(), (unsigned long long)st.st_ino,
		(unsigned)getuid(),
		confined ? "<key>Linux</key><dict><key>Confined</key><true/></dict>" : "");
	load(list);
}

/* What the guest has written, or launchd. Valid until the next call. */
static const char *read_log(const char *name)
{
	static char text[65536];
	char path[256];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/out/%s", variable("FOLDER"), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

/* Where root's path lies in a directory of its own, no guest gets as far as the server. */
static bool is_refused_by_server(void)
{
	if (getuid() == 0 && strstr(variable("SERVER_PATH"), "/runtime/"))
		return true;
	return strstr(read_log("launchd"), "is confined as job " LABEL) != NULL;
}

/* What `launchctl print` has of the job, or of the domain: where that says something, or NULL. Valid
 * until the next call. */
static const char *find_in_print(const char *label, const char *words)
{
	static char copy[65536];
	mach_msg_type_number_t n;
	job_text_t text;

	ASSERT_KR(job_mig_describe(bootstrap(), (char *)label, &text, &n));
	(void)snprintf(copy, sizeof(copy), "%.*s", (int)n, text);
	ASSERT_KR(vm_deallocate(SELF, (vm_address_t)text, n));
	return strstr(copy, words);
}

/* The guest's verdict, or -1 with the reason when there cannot be one. */
static int await_verdict(mach_port_t port)
{
	Empty m;

	for (unsigned tries = 0; tries < PATIENCE_MS / 50; tries++) {
		mach_msg_return_t mr = mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
			sizeof(m), port, 50, MACH_PORT_NULL);
		const char *problem;

		if (mr == MACH_MSG_SUCCESS)
			return m.header.msgh_id;
		ASSERT_EQ(mr, MACH_RCV_TIMED_OUT);
		problem = find_in_print(LABEL, "never runs unconfined");
		if (problem) {
			printf("NOTE %.*s\n", (int)strcspn(problem, "<\n"), problem);
			return -1;
		}
	}
	FAIL("no verdict");
}

static int session_main(void)
{
	const Attack *attack = find_attack();
	mach_port_t verdict = port_new();
	int said;

	ASSERT_KR(bootstrap_register(bootstrap(), (char *)VERDICT, verdict));
	if (attack->prepare)
		attack->prepare();
	load_guest(attack->run != get_out);
	said = await_verdict(verdict);
	if (said < 0)
		return 77;
	if (said != RESISTED) {
		fputs(read_log("log"), stdout);
		fputs(read_log("launchd"), stdout);
	}
	if (said == RESISTED && attack->run == attack_passed_directory)
		ASSERT_TRUE(is_refused_by_server());
	if (said == RESISTED && attack->run == works)
		ASSERT_TRUE(find_in_print("", "mount namespace, Landlock"));
	return said == RESISTED ? 0 : 1;
}

static int refused_main(void)
{
	load_guest(true);
	EVENTUALLY(find_in_print(LABEL, "never runs unconfined"));
	ASSERT_TRUE(find_in_print(LABEL, "namespaces cannot be made"));
	ASSERT_TRUE(find_in_print("", "impossible: namespaces cannot be made"));
	return 0;
}

/* The library is there already: it is initialised before the program is. */
__attribute__((__constructor__)) static void play(void)
{
	const char *role = variable("ROLE");

	unit_state.name = variable("ATTACK");
	if (strcmp(role, "guest") == 0)
		_exit(guest_main());
	if (strcmp(role, "session") == 0 || strcmp(role, "refused") == 0) {
		int r = strcmp(role, "session") == 0 ? session_main() : refused_main();

		fflush(stdout);
		_exit(r);
	}
}

/* --- The audience --- */

typedef enum By { BY_ROOT, BY_USER } By;

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static bool forbid_namespaces(void)
{
	char map[40];

	if (getuid() == 0)
		return prctl(PR_CAPBSET_DROP, 21 /* CAP_SYS_ADMIN */, 0, 0, 0) == 0;
	(void)snprintf(map, sizeof(map), "%u %u 1\n", (unsigned)getuid(), (unsigned)getuid());
	return unshare(CLONE_NEWUSER) == 0 && write_to("/proc/self/uid_map", map) == 0 &&
	       write_to("/proc/sys/user/max_user_namespaces", "0") == 0;
}

static void run_launchd(const char *role, By by, const char *folder, const char *path)
{
	char program[4096] = "", log[256];
	int fd;

	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		_exit(80);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (by == BY_USER && getuid() == 0 &&
		(setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0 ||
			prctl(PR_SET_DUMPABLE, 1) < 0))
		_exit(81);
	if (strcmp(role, "refused") == 0 && !forbid_namespaces())
		_exit(77);
	if (chdir("/") < 0)
		_exit(82);
	(void)snprintf(log, sizeof(log), "%s/out/launchd", folder);
	fd = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(84);
	(void)setenv("ROLE", role, 1);
	(void)setenv("PORTCULLIS_LOG", "warning", 1);
	(void)setenv("BY", by == BY_ROOT ? "root" : "user", 1);
	(void)setenv("FOLDER", folder, 1);
	(void)setenv("PROGRAM", program, 1);
	(void)setenv("SERVER_PATH", path, 1);
	(void)execl(getenv("LAUNCHD"), "launchd", "--session", "--path", path, "--", program, NULL);
	_exit(83);
}

/* in_runtime: the server's path is the well-known one of a user; else it lies elsewhere. */
static int run_role(const char *role, const char *attack, By by, bool in_runtime)
{
	char folder[] = "/tmp/launchd-test.XXXXXX", path[64], text[64];
	uid_t uid = by == BY_USER && getuid() == 0 ? NOBODY : getuid();
	int status;
	pid_t pid;

	ASSERT_TRUE(mkdtemp(folder) != NULL);
	ASSERT_SYS(chmod(folder, 0755));
	(void)snprintf(text, sizeof(text), "%s/out", folder);
	ASSERT_SYS(mkdir(text, 0777));
	ASSERT_SYS(chmod(text, 0777));
	(void)snprintf(text, sizeof(text), "%s/elsewhere", folder);
	ASSERT_SYS(mkdir(text, 0755));
	ASSERT_SYS(chown(text, uid, (gid_t)-1));
	(void)snprintf(text, sizeof(text), "%s/runtime", folder);
	ASSERT_SYS(mkdir(text, 0700));
	ASSERT_SYS(chown(text, uid, (gid_t)-1));
	(void)snprintf(path, sizeof(path), "%s/%s/bootstrap", folder,
		in_runtime ? "runtime/portcullis" : "elsewhere");
	fflush(stdout);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (pid == 0) {
		(void)setenv("XDG_RUNTIME_DIR", text, 1);
		(void)setenv("ATTACK", attack, 1);
		run_launchd(role, by, folder, path);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return status;
}

static void attack(const char *name)
{
	for (By by = getuid() == 0 ? BY_ROOT : BY_USER; by <= BY_USER; by++) {
		for (unsigned in_runtime = 0; in_runtime < 2; in_runtime++) {
			int status = run_role("session", name, by, in_runtime);

			if (status == 77 << 8)
				SKIP("nothing can be confined here, for the reason noted above");
			ASSERT_EQ(status, 0);
		}
	}
}

TEST(guest_works)
{
	attack("works");
}

TEST(guest_connects)
{
	attack("connect");
}

TEST(guest_names_the_path)
{
	attack("send_by_name");
}

TEST(guest_is_given_the_directory)
{
	attack("passed_directory");
}

TEST(guest_mounts)
{
	attack("mounts");
}

TEST(guest_goes_through_proc)
{
	attack("proc");
}

TEST(guest_goes_through_descriptors)
{
	attack("descriptors");
}

TEST(guest_unshares)
{
	attack("unshare");
}

TEST(guest_enters_namespaces)
{
	attack("setns");
}

TEST(guest_connects_to_abstract_names)
{
	attack("abstract");
}

TEST(guest_traces_and_signals)
{
	attack("launchd");
}

TEST(guest_asks_its_server)
{
	attack("server");
}

TEST(guest_has_no_privileges)
{
	attack("privileges");
}

TEST(guest_looks_for_groups)
{
	attack("groups");
}

TEST(guest_has_a_directory_of_ports)
{
	attack("ports");
}

/* As another user it would be refused for being that. */
TEST(who_is_not_confined_gets_in)
{
	ASSERT_EQ(run_role("session", "get_out", BY_USER, true), 0);
	ASSERT_EQ(run_role("session", "get_out", BY_USER, false), 0);
}

TEST(refused_where_it_cannot_be_had)
{
	for (By by = getuid() == 0 ? BY_ROOT : BY_USER; by <= BY_USER; by++) {
		int status = run_role("refused", "", by, true);

		if (status == 77 << 8)
			SKIP("this needs a user namespace to take them away in");
		ASSERT_EQ(status, 0);
	}
}
