/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing a file while something fails: each allocation; each system call that matters, with each of
 * some errors; the machine, for which a killed process must do; the disk, which is full. The old file
 * stays, byte by byte, or the new one is there, whole; and nothing else is left in the directory. So it
 * is with a detached signature, and with the two files of a new identity.
 *
 * System calls fail in a child whose filter asks this process about each of them (seccomp(2),
 * SECCOMP_RET_USER_NOTIF). It counts, and lets the n-th one fail.
 */
#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "codesign/identity.h"
#include "codesign/test-support.h"
#include "tests/lib/fault.h"

#define KILL (-1)
#define CALLS_MAX 1000

static const ElfKind KIND = {.has_interpreter = true, .text_size = 40000};
static ElfImage image;
static char path[200];

/* A directory of its own, with one file in it. */
static void prepare(const char *name)
{
	const char *dir = in_dir(name);

	(void)mkdir(dir, 0755); /* it may be there */
	snprintf(path, sizeof(path), "%s/file", dir);
	free(image.data);
	image = make_elf(&KIND);
	write_file(path, image.data, image.size);
}

static unsigned count_files(void)
{
	_cleanup_free_ char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned n = 0;

	ASSERT_NOT_NULL(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
	closedir(d);
	return n;
}

/* What a killed process may leave: one file with the name that it had before the rename. */
static unsigned remove_leftovers(void)
{
	_cleanup_free_ char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned n = 0;

	ASSERT_NOT_NULL(d);
	while ((e = readdir(d))) {
		if (strncmp(e->d_name, ".file.", 6) == 0) {
			ASSERT_SYS(unlinkat(dirfd(d), e->d_name, 0));
			n++;
		}
	}
	closedir(d);
	return n;
}

static bool is_old(void)
{
	size_t size;
	_cleanup_free_ uint8_t *data = read_file(path, &size);

	return size == image.size && memcmp(data, image.data, size) == 0;
}

static int sign(void)
{
	SignerSpec spec = SUPPORT_SPEC;
	CodeProblem problem = {0};

	spec.keep_times = true;
	return signer_embed(&spec, path, &problem);
}

static void sign_or_not(void *arg)
{
	int r;

	(void)arg;
	fault_pause();
	write_file(path, image.data, image.size);
	fault_resume();
	r = sign();
	fault_pause();
	ASSERT_EQ(count_files(), 1);
	if (r == 0)
		ASSERT_OK(check_file(path));
	else
		ASSERT_TRUE(is_old());
	fault_resume();
}

TEST(each_allocation_and_each_open_fails_once)
{
	prepare("faults");
	fault_run_kinds(sign_or_not, NULL);
}

static void check_or_not(void *arg)
{
	StaticCode *code = NULL;
	CodeProblem problem = {0};
	int r;

	(void)arg;
	r = staticcode_new(path, &code, &problem);
	if (r == 0) {
		r = staticcode_check_contents(code, true, NULL, NULL, &problem);
		/* What failed for want of memory is not remembered as a verdict. */
		if (r < 0)
			r = staticcode_check_contents(code, true, NULL, NULL, &problem);
		ASSERT_OK(r);
	}
	staticcode_free(code);
	ASSERT_LE(r, 0);
}

TEST(a_verification_that_fails_can_be_repeated)
{
	prepare("verify");
	ASSERT_OK(sign());
	fault_run_kinds(check_or_not, NULL);
}

/* The calls that signing depends on; all others pass. */
static const int CALLS[] = {
	SYS_openat,
	SYS_pread64,
	SYS_pwrite64,
	SYS_write,
	SYS_mkdirat,
	SYS_copy_file_range,
	SYS_fsync,
	SYS_linkat,
	SYS_renameat,
	SYS_unlinkat,
	SYS_fchmod,
	SYS_fchown,
	SYS_flistxattr,
	SYS_fgetxattr,
	SYS_fsetxattr,
	SYS_utimensat,
	SYS_statx,
	SYS_newfstatat,
	SYS_fcntl,
};

/* Every call of CALLS asks. Returns the descriptor on which. */
static int install_filter(void)
{
	struct sock_filter filter[2 * ARRAY_SIZE(CALLS) + 2];
	struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};
	size_t n = 0;

	filter[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_SIZE(CALLS); i++) {
		filter[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)CALLS[i], 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void send_fd(int socket_fd, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	if (sendmsg(socket_fd, &m, 0) != 1)
		_exit(9);
}

static int receive_fd(int socket_fd)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	int fd;

	if (recvmsg(socket_fd, &m, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (!c)
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

/* What is done to the directory. */
typedef struct Job {
	void (*reset)(void);
	int (*act)(void);
	/* @code: 0: done, 1: an outcome, 2: an unexpected error, -1: it was killed. @struck: the call. */
	void (*judge)(int code, int struck);
} Job;

/* Ends with the code; 3: no filter here. */
_Noreturn static void be_child(const Job *job, int socket_fd)
{
	int fd = install_filter(), r;

	if (fd < 0)
		_exit(3);
	send_fd(socket_fd, fd);
	close(fd);
	r = job->act();
	_exit(r == 0 ? 0 : r > 0 ? 1 : 2);
}

/* Answers until the child ends; the @n-th call fails with @error. Returns how many there were. */
static unsigned answer(int listener, pid_t child, unsigned n, int error, int *ret_struck)
{
	unsigned seen = 0;

	*ret_struck = -1;
	for (;;) {
		struct pollfd p = {.fd = listener, .events = POLLIN};
		struct seccomp_notif ask = {0};
		struct seccomp_notif_resp reply = {.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};

		if (poll(&p, 1, -1) < 0 && errno == EINTR)
			continue;
		if (!(p.revents & POLLIN)) /* the last thread of the child is gone */
			return seen;
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &ask) < 0)
			continue;
		reply.id = ask.id;
		if (++seen == n) {
			*ret_struck = ask.data.nr;
			if (error == KILL) {
				kill(child, SIGKILL);
				return seen;
			}
			reply.flags = 0;
			reply.error = -error;
		}
		(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply); /* it may be gone */
	}
}

/* The n-th call fails. Returns false where there are fewer. */
static bool run(const Job *job, unsigned n, int error)
{
	int fds[2], listener, status, struck = -1, code;
	pid_t child;

	job->reset();
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	child = ASSERT_SYS(fork());
	if (child == 0)
		be_child(job, fds[1]);
	close(fds[1]);
	listener = receive_fd(fds[0]);
	close(fds[0]);
	if (listener >= 0) {
		(void)answer(listener, child, n, error, &struck);
		close(listener);
	}
	ASSERT_EQ(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
		SKIP("there are no filters of system calls here");
	ASSERT_GE(listener, 0);
	code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (error != KILL || struck < 0)
		ASSERT_TRUE(code >= 0 && code <= 2);
	job->judge(code, struck);
	return struck >= 0;
}

static void run_all(const Job *job, int error, unsigned n_min)
{
	unsigned n = 1;

	while (n < CALLS_MAX && run(job, n, error))
		n++;
	ASSERT_GT(n, n_min);
	ASSERT_LT(n, CALLS_MAX);
}

static void run_errors(const Job *job, unsigned n_min)
{
	static const int errors[] = {EIO, ENOSPC, EINTR, EPERM};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		run_all(job, errors[i], n_min);
}

/* A process that ends between link and rename leaves a name; so does a removal that fails. */
static void check_leftovers(int code, int struck, unsigned n_files)
{
	if (code < 0 || struck == SYS_unlinkat)
		ASSERT_LE(remove_leftovers(), 1);
	ASSERT_EQ(count_files(), n_files);
}

static void reset_file(void)
{
	write_file(path, image.data, image.size);
}

static void judge_file(int code, int struck)
{
	if (code == 0 || !is_old()) {
		/* The new file. After its rename only the directory can fail. */
		ASSERT_OK(check_file(path));
		if (code > 0)
			ASSERT_EQ(struck, SYS_fsync);
	}
	check_leftovers(code, struck, 1);
}

static const Job SIGN = {reset_file, sign, judge_file};

TEST(each_system_call_fails_once)
{
	prepare("calls");
	run_errors(&SIGN, 20);
}

TEST(a_process_that_is_killed_at_each_system_call)
{
	prepare("killed");
	run_all(&SIGN, KILL, 20);
}

/* A signature beside the file, in place of an older one. */
static const char NEW_SIGNATURE[] = "these are the bytes of the new signature";

static const char *beside(void)
{
	static char name[sizeof(path) + sizeof(DETACHED_SUFFIX)];

	snprintf(name, sizeof(name), "%s" DETACHED_SUFFIX, path);
	return name;
}

static void reset_beside(void)
{
	write_file(beside(), "old", 3);
}

static int write_beside(void)
{
	CodeProblem problem = {0};

	return detached_write_beside(
		path, (const uint8_t *)NEW_SIGNATURE, sizeof(NEW_SIGNATURE), &problem);
}

static void judge_beside(int code, int struck)
{
	size_t size;
	_cleanup_free_ uint8_t *data = read_file(beside(), &size);
	bool is_new = size == sizeof(NEW_SIGNATURE) && memcmp(data, NEW_SIGNATURE, size) == 0;

	ASSERT_TRUE(is_new || (size == 3 && memcmp(data, "old", 3) == 0));
	if (code == 0)
		ASSERT_TRUE(is_new);
	if (code > 0 && is_new)
		ASSERT_EQ(struck, SYS_fsync);
	check_leftovers(code, struck, 2);
}

TEST(a_detached_signature_is_the_old_or_the_new_one)
{
	static const Job job = {reset_beside, write_beside, judge_beside};

	prepare("beside");
	run_errors(&job, 5);
	run_all(&job, KILL, 5);
}

/* Beside the file, in the database, and away again. */
static void detach_or_not(void *arg)
{
	const char *database = arg;
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_free_ uint8_t *found = NULL;
	CodeProblem problem = {0};
	size_t size = 0;
	int r;

	fault_pause();
	reset_beside();
	fault_resume();
	r = write_beside();
	fault_pause();
	judge_beside(r == 0 ? 0 : 2, r == 0 ? -1 : SYS_fsync);
	fault_resume();
	if (r == 0)
		r = codefile_open_at(AT_FDCWD, path, false, &file, &problem);
	if (r == 0)
		r = detached_write_database(database, &file, (const uint8_t *)NEW_SIGNATURE,
			sizeof(NEW_SIGNATURE), &problem);
	if (r == 0)
		r = detached_read_database(database, &file, &found, &size, &problem);
	if (r == 0) {
		ASSERT_EQ(size, sizeof(NEW_SIGNATURE));
		r = detached_remove_database(database, &file, &problem);
	}
	ASSERT_LE(r, 0);
}

TEST(each_allocation_of_a_detached_signature_fails_once)
{
	const char *database = in_dir("database");

	prepare("detach");
	ASSERT_SYS(mkdir(database, 0755));
	fault_run_kinds(detach_or_not, (void *)(uintptr_t)database);
}

/* The two files of an identity, and the directories for them. */
static void identity_path(char *ret, size_t size, const char *file)
{
	snprintf(ret, size, "%s/%s", in_dir("config"), file);
}

static void reset_identity(void)
{
	static const char *const names[] = {"identities/me.pem", "anchors.d/user/me.pem",
		"identities", "anchors.d/user", "anchors.d", ""};
	char name[300];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		identity_path(name, sizeof(name), names[i]);
		(void)remove(name); /* it may not be there */
	}
}

static int make_identity(void)
{
	CodeProblem problem = {0};

	return identity_make(in_dir("config"), "me", &problem);
}

/* Whether the file is there, which is whole then; what else is there is removed and counted. */
static bool look_at(const char *directory, unsigned *n_others)
{
	char name[300];
	bool is_there = false;
	struct dirent *e;
	DIR *d;

	identity_path(name, sizeof(name), directory);
	d = opendir(name);
	while (d && (e = readdir(d))) {
		if (strcmp(e->d_name, "me.pem") == 0) {
			is_there = true;
		} else if (strncmp(e->d_name, ".me", 3) == 0) {
			ASSERT_SYS(unlinkat(dirfd(d), e->d_name, 0));
			++*n_others;
		}
	}
	if (d)
		closedir(d);
	return is_there;
}

static void judge_identity(int code, int struck)
{
	_cleanup_identity_ Identity *identity = NULL;
	CodeProblem problem = {0};
	unsigned n_others = 0;
	bool has_key = look_at("identities", &n_others);
	bool has_anchor = look_at("anchors.d/user", &n_others);

	if (has_key)
		ASSERT_OK(identity_load_name(in_dir("config"), "me", NULL, &identity, &problem));
	ASSERT_TRUE(has_key || !has_anchor);
	if (code == 0)
		ASSERT_TRUE(has_anchor);
	if (code > 0)
		ASSERT_FALSE(has_key);
	ASSERT_LE(n_others, code < 0 || struck == SYS_unlinkat ? 1 : 0);
}

TEST(an_identity_is_made_or_not)
{
	static const Job job = {reset_identity, make_identity, judge_identity};

	run_errors(&job, 10);
	run_all(&job, KILL, 10);
}

static bool write_map(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC);
	bool is_written = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return is_written;
}

/* In a mount namespace of its own, with a user namespace where this is not root. */
static bool enter_small_disk(const char *at)
{
	char users[40], groups[40];

	snprintf(users, sizeof(users), "%u %u 1", geteuid(), geteuid());
	snprintf(groups, sizeof(groups), "%u %u 1", getegid(), getegid());
	if (unshare(CLONE_NEWNS) < 0 && (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
						!write_map("/proc/self/setgroups", "deny") ||
						!write_map("/proc/self/uid_map", users) ||
						!write_map("/proc/self/gid_map", groups)))
		return false;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	return mount("tmpfs", at, "tmpfs", 0, "size=64k") == 0;
}

TEST(a_full_disk_leaves_the_old_file)
{
	const char *dir = in_dir("disk");
	int status;
	pid_t child;

	prepare("disk");
	child = ASSERT_SYS(fork());
	if (child == 0) {
		if (!enter_small_disk(dir))
			_exit(3);
		write_file(path, image.data, image.size);
		if (sign() != -ENOSPC || !is_old() || count_files() != 1)
			_exit(1);
		_exit(0);
	}
	ASSERT_EQ(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
		SKIP("nothing can be mounted here");
	ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
