/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/fd.h"
#include "port/connect.h"
#include "port/ident.h"
#include "port/portdir.h"
#include "port/test-bounded.h"
#include "port/test-support.h"
#include "tests/lib/unit.h"

#define UNPRIVILEGED 65534

__attribute__((__constructor__)) static void warm_up(void)
{
	Ident ident;
	int sock, addr;

	if (portdir_mint(&sock, &addr, &ident) == 0) {
		close(sock);
		close(addr);
	}
}

typedef struct Minted {
	int sock;
	int addr;
	Ident ident;
} Minted;

static int mint(Minted *m)
{
	memset(m, 0, sizeof(*m));
	return portdir_mint(&m->sock, &m->addr, &m->ident);
}

static void minted_close(Minted *m)
{
	close(m->sock);
	close(m->addr);
}

static int send_through(const Minted *m, const char *text)
{
	ssize_t n;
	int sock, r;

	r = connect_dgram(m->addr, true, &sock);
	if (r != 0)
		return r;
	n = send(sock, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	close(sock);
	return n < 0 ? -errno : 0;
}

TEST(port_is_complete_and_nameless)
{
	struct sockaddr_un name = {};
	socklen_t len = sizeof(name);
	char byte[8];
	struct stat st;
	Minted m;
	int on = 0;

	ASSERT_OK(mint(&m));
	ASSERT_FD_CLOEXEC(m.sock);
	ASSERT_FD_CLOEXEC(m.addr);
	ASSERT_GE(m.sock, 3);
	ASSERT_GE(m.addr, 3);
	ASSERT_SYS(fstat(m.addr, &st));
	ASSERT_EQ(st.st_mode, S_IFSOCK | 0777);
	ASSERT_EQ(st.st_nlink, 0);
	ASSERT_EQ(st.st_uid, geteuid());
	ASSERT_EQ(m.ident.ino, st.st_ino);
	ASSERT_EQ(m.ident.dev, st.st_dev);
	ASSERT_TRUE(portdir_knows_device(st.st_dev));
	len = sizeof(on);
	ASSERT_SYS(getsockopt(m.sock, SOL_SOCKET, SO_PASSCRED, &on, &len));
	ASSERT_EQ(on, 1);
	len = sizeof(name);
	ASSERT_SYS(getsockname(m.sock, (struct sockaddr *)&name, &len));
	ASSERT_EQ(access(name.sun_path, F_OK), -1);
	ASSERT_OK(send_through(&m, "hello"));
	ASSERT_EQ(recv(m.sock, byte, sizeof(byte), MSG_DONTWAIT), 5);
	minted_close(&m);
}

TEST(names_do_not_repeat)
{
	struct sockaddr_un name[2] = {};
	socklen_t len;
	Minted m[2];

	for (int i = 0; i < 2; i++) {
		ASSERT_OK(mint(&m[i]));
		len = sizeof(name[i]);
		ASSERT_SYS(getsockname(m[i].sock, (struct sockaddr *)&name[i], &len));
	}
	ASSERT_NE(strcmp(name[0].sun_path, name[1].sun_path), 0);
	minted_close(&m[0]);
	minted_close(&m[1]);
}

TEST(dead_port_refuses)
{
	Minted m;
	int sock;

	ASSERT_OK(mint(&m));
	close(m.sock);
	ASSERT_EQ(connect_dgram(m.addr, true, &sock), KERN_INVALID_CAPABILITY);
	close(m.addr);
}

TEST(devices_of_strangers_are_unknown)
{
	struct stat st;

	ASSERT_FALSE(portdir_knows_device(0));
	ASSERT_FALSE(portdir_knows_device(UINT64_MAX));
	ASSERT_SYS(stat("/proc", &st));
	ASSERT_FALSE(portdir_knows_device(st.st_dev));
}

static void *mint_many(void *arg)
{
	Minted m;

	(void)arg;
	for (int i = 0; i < 200; i++) {
		ASSERT_OK(mint(&m));
		minted_close(&m);
	}
	return NULL;
}

TEST(threads_mint_at_once)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, mint_many, NULL));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

TEST(want_of_descriptors_is_told)
{
	struct rlimit old, low;
	Minted m;
	int r;

	ASSERT_SYS(getrlimit(RLIMIT_NOFILE, &old));
	low = old;
	low.rlim_cur = 3;
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &low));
	r = mint(&m);
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &old));
	ASSERT_EQ(r, -EMFILE);
}

TEST(stdio_is_never_used)
{
	pid_t pid = ASSERT_SYS(fork());
	Minted m;

	if (pid == 0) {
		close(0);
		ASSERT_OK(mint(&m));
		ASSERT_GE(m.sock, 3);
		ASSERT_GE(m.addr, 3);
		ASSERT_FD_CLOSED(0);
		child_exit(0);
	}
	ASSERT_CHILD_EXITS(pid, 0);
}

TEST(umask_does_not_matter)
{
	mode_t old = umask(0777);
	struct stat st;
	Minted m;
	int r;

	r = mint(&m);
	umask(old);
	ASSERT_OK(r);
	ASSERT_SYS(fstat(m.addr, &st));
	ASSERT_EQ(st.st_mode & 0777, 0777);
	minted_close(&m);
}

/*
 * What follows happens in a child with a /dev/shm and /tmp of its own: as root in a mount namespace,
 * as anybody else in a user namespace where that is allowed.
 */

#define CANNOT 77

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		child_exit(CANNOT);
	close(fd);
}

static void enter_namespace(void)
{
	char uid_map[32], gid_map[32];

	snprintf(uid_map, sizeof(uid_map), "%u %u 1\n", geteuid(), geteuid());
	snprintf(gid_map, sizeof(gid_map), "%u %u 1\n", getegid(), getegid());
	if (unshare(CLONE_NEWNS) < 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			child_exit(CANNOT);
		write_file("/proc/self/setgroups", "deny");
		write_file("/proc/self/uid_map", uid_map);
		write_file("/proc/self/gid_map", gid_map);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777") < 0 ||
		mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777") < 0)
		child_exit(CANNOT);
	unsetenv("XDG_RUNTIME_DIR");
}

static void in_namespace(void (*run)(void))
{
	pid_t pid = ASSERT_SYS(fork());
	int status;

	if (pid == 0) {
		/* The directory that was opened before lies in the outer file system. */
		enter_namespace();
		run();
		child_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
		SKIP("no mount namespace");
	ASSERT_EQ(status, 0);
}

static const char *shm_path(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/dev/shm/portcullis-%u", (unsigned)geteuid());
	return path;
}

static const char *tmp_path(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/portcullis-%u", (unsigned)geteuid());
	return path;
}

static unsigned count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;
	struct dirent *entry;

	if (!dir)
		return ~0u;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* The device of the minted port is that of `path`'s file system. */
static void assert_mints_on(const char *path)
{
	struct stat st;
	Minted m;

	ASSERT_OK(mint(&m));
	ASSERT_SYS(stat(path, &st));
	ASSERT_EQ(m.ident.dev, st.st_dev);
	ASSERT_TRUE(portdir_knows_device(st.st_dev));
	ASSERT_OK(send_through(&m, "x"));
	minted_close(&m);
}

static void run_directory_is_made(void)
{
	struct stat st;

	assert_mints_on("/dev/shm");
	ASSERT_SYS(stat(shm_path(), &st));
	ASSERT_EQ(st.st_mode, S_IFDIR | 0700);
	ASSERT_EQ(st.st_uid, geteuid());
	ASSERT_EQ(count_entries(shm_path()), 0);
}

TEST(directory_is_made)
{
	in_namespace(run_directory_is_made);
}

static void run_directory_is_made_again(void)
{
	for (int i = 0; i < 3; i++) {
		assert_mints_on("/dev/shm");
		ASSERT_SYS(rmdir(shm_path()));
	}
	umask(0777);
	assert_mints_on("/dev/shm");
}

TEST(directory_is_made_again)
{
	in_namespace(run_directory_is_made_again);
}

static void run_link_is_refused(void)
{
	ASSERT_SYS(mkdir("/dev/shm/trap", 0700));
	ASSERT_SYS(symlink("/dev/shm/trap", shm_path()));
	assert_mints_on("/tmp");
	ASSERT_EQ(count_entries("/dev/shm/trap"), 0);
}

TEST(link_is_refused)
{
	in_namespace(run_link_is_refused);
}

static void run_link_put_there_later_is_refused(void)
{
	ASSERT_SYS(mkdir("/dev/shm/trap", 0700));
	assert_mints_on("/dev/shm");
	ASSERT_SYS(rmdir(shm_path()));
	ASSERT_SYS(symlink("/dev/shm/trap", shm_path()));
	assert_mints_on("/tmp");
	ASSERT_EQ(count_entries("/dev/shm/trap"), 0);
}

TEST(link_put_there_later_is_refused)
{
	in_namespace(run_link_put_there_later_is_refused);
}

static void run_open_directory_is_refused(void)
{
	ASSERT_SYS(mkdir(shm_path(), 0700));
	ASSERT_SYS(chmod(shm_path(), 0770));
	assert_mints_on("/tmp");
}

TEST(open_directory_is_refused)
{
	in_namespace(run_open_directory_is_refused);
}

static void run_directory_of_another_is_refused(void)
{
	if (geteuid() != 0)
		child_exit(CANNOT);
	ASSERT_SYS(mkdir(shm_path(), 0700));
	ASSERT_SYS(chown(shm_path(), UNPRIVILEGED, UNPRIVILEGED));
	assert_mints_on("/tmp");
	ASSERT_EQ(count_entries(shm_path()), 0);
}

TEST(directory_of_another_is_refused)
{
	in_namespace(run_directory_of_another_is_refused);
}

static void run_mount_is_refused(void)
{
	char options[64];

	/* As whoever mounts FUSE there: owner and mode can be made to look right. */
	ASSERT_SYS(mkdir(shm_path(), 0700));
	snprintf(options, sizeof(options), "mode=0700,uid=%u", (unsigned)geteuid());
	ASSERT_SYS(mount("tmpfs", shm_path(), "tmpfs", 0, options));
	assert_mints_on("/tmp");
}

TEST(mount_is_refused)
{
	in_namespace(run_mount_is_refused);
}

static void run_all_places_squatted(void)
{
	Minted m;

	ASSERT_SYS(mkdir(shm_path(), 0777));
	ASSERT_SYS(chmod(shm_path(), 0777));
	ASSERT_SYS(symlink("/etc", tmp_path()));
	ASSERT_EQ(mint(&m), -EPERM);
	ASSERT_EQ(mint(&m), -EPERM);
}

TEST(all_places_squatted)
{
	in_namespace(run_all_places_squatted);
}

/* A port of another process lives on, whatever keeps us from giving away a right to one of ours: the
 * code that stands for it is EPERM, which a socket says too that takes from nobody. */
static void run_send_with_all_places_squatted(void)
{
	Remote remote = remote_make();
	PortName dest = remote_name(&remote), own = make_receive(NULL);
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_port_descriptor_t port;
	} msg = {
		.body = {1},
		.port = {.name = own,
			.disposition = MACH_MSG_TYPE_MAKE_SEND,
			.type = MACH_MSG_PORT_DESCRIPTOR},
	};

	if (access(shm_path(), F_OK) == 0) /* of what the namespace made */
		ASSERT_SYS(rmdir(shm_path()));
	ASSERT_SYS(mkdir(shm_path(), 0777));
	ASSERT_SYS(chmod(shm_path(), 0777));
	ASSERT_SYS(symlink("/etc", tmp_path()));
	msg.header.msgh_remote_port = dest;
	msg.header.msgh_bits =
		MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	ASSERT_EQ(mach_msg(&msg.header, MACH_SEND_MSG, sizeof(msg), 0, 0, 0, 0),
		MACH_SEND_NO_BUFFER);
	mach_msg_destroy(&msg.header);
	ASSERT_EQ(type_of(dest), ENTRY_SEND);
	msg.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0), .msgh_remote_port = dest};
	ASSERT_EQ(mach_msg(&msg.header, MACH_SEND_MSG, sizeof(msg.header), 0, 0, 0, 0), 0);
	remote_free(&remote);
}

TEST(send_with_all_places_squatted)
{
	in_namespace(run_send_with_all_places_squatted);
}

static void run_full_place_is_passed_over(void)
{
	ASSERT_SYS(mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777,nr_inodes=2"));
	assert_mints_on("/tmp");
	ASSERT_SYS(umount2("/dev/shm", MNT_DETACH));
	ASSERT_SYS(mkdir("/tmp/run", 0700));
	ASSERT_SYS(mount("tmpfs", "/tmp/run", "tmpfs", 0, "mode=0700"));
	ASSERT_SYS(mount("tmpfs", "/dev/shm", "tmpfs", MS_RDONLY, ""));
	setenv("XDG_RUNTIME_DIR", "/tmp/run", 1);
	assert_mints_on("/tmp/run");
	ASSERT_EQ(count_entries("/tmp/run"), 1);
}

TEST(full_place_is_passed_over)
{
	in_namespace(run_full_place_is_passed_over);
}

static void run_runtime_directory_of_another_is_refused(void)
{
	ASSERT_SYS(mount("tmpfs", "/dev/shm", "tmpfs", MS_RDONLY, ""));
	ASSERT_SYS(mkdir("/tmp/run", 0777));
	ASSERT_SYS(chmod("/tmp/run", 0777));
	setenv("XDG_RUNTIME_DIR", "/tmp/run", 1);
	assert_mints_on("/tmp");
	ASSERT_EQ(count_entries("/tmp/run"), 0);
}

TEST(runtime_directory_of_another_is_refused)
{
	in_namespace(run_runtime_directory_of_another_is_refused);
}

static void leave_socket(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int sock = ASSERT_SYS(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", shm_path(), name);
	ASSERT_SYS(bind(sock, (struct sockaddr *)&address, sizeof(address)));
	close(sock);
}

static void run_leftovers_are_swept(void)
{
	char path[128];

	assert_mints_on("/dev/shm");
	leave_socket("crashed");
	snprintf(path, sizeof(path), "%s/file", shm_path());
	close(ASSERT_SYS(open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600)));
	/* Young names may be those of a mint at work. */
	ASSERT_EQ(portdir_sweep(PORTDIR_STALE_S), 0);
	ASSERT_EQ(count_entries(shm_path()), 2);
	ASSERT_EQ(portdir_sweep(0), 1);
	ASSERT_EQ(count_entries(shm_path()), 1);
}

TEST(leftovers_are_swept)
{
	in_namespace(run_leftovers_are_swept);
}

static atomic_bool sweeping;

static void *sweep_all(void *arg)
{
	(void)arg;
	while (atomic_load(&sweeping)) {
		DIR *dir = opendir(shm_path());
		struct dirent *entry;

		while (dir && (entry = readdir(dir)))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
		if (dir)
			closedir(dir);
	}
	return NULL;
}

static void run_sweeper_at_work_does_no_harm(void)
{
	pthread_t thread;
	unsigned n_failed = 0;
	Minted m;

	assert_mints_on("/dev/shm");
	atomic_store(&sweeping, true);
	ASSERT_OK(pthread_create(&thread, NULL, sweep_all, NULL));
	for (int i = 0; i < 2000; i++) {
		if (mint(&m) != 0) {
			n_failed++;
			continue;
		}
		ASSERT_OK(send_through(&m, "x"));
		minted_close(&m);
	}
	atomic_store(&sweeping, false);
	pthread_join(thread, NULL);
	ASSERT_EQ(n_failed, 0);
}

TEST(sweeper_at_work_does_no_harm)
{
	in_namespace(run_sweeper_at_work_does_no_harm);
}

static void run_uid_changes(void)
{
	struct stat st;
	Minted m;

	if (geteuid() != 0)
		child_exit(CANNOT);
	assert_mints_on("/dev/shm");
	ASSERT_SYS(setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED));
	ASSERT_SYS(seteuid(UNPRIVILEGED));
	for (int i = 0; i < 3; i++) {
		uid_t uid = i == 1 ? 0 : UNPRIVILEGED;

		ASSERT_SYS(seteuid(0));
		ASSERT_SYS(seteuid(uid));
		ASSERT_OK(mint(&m));
		ASSERT_SYS(fstat(m.addr, &st));
		ASSERT_EQ(st.st_uid, uid);
		ASSERT_OK(send_through(&m, "x"));
		minted_close(&m);
		ASSERT_SYS(stat(shm_path(), &st));
		ASSERT_EQ(st.st_uid, uid);
	}
}

TEST(uid_changes)
{
	in_namespace(run_uid_changes);
}

static void run_fork_child_has_its_own(void)
{
	pid_t pid;
	Minted m;

	assert_mints_on("/dev/shm");
	portdir_before_fork();
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		/* As a careful program does, or the task's handler. */
		(void)syscall(SYS_close_range, 3, ~0u, 0);
		portdir_after_fork();
		close(ASSERT_SYS(open("/", O_PATH | O_CLOEXEC)));
		assert_mints_on("/dev/shm");
		portdir_before_fork();
		pid = ASSERT_SYS(fork());
		if (pid == 0) {
			portdir_after_fork();
			assert_mints_on("/dev/shm");
			child_exit(0);
		}
		portdir_after_fork_parent();
		ASSERT_CHILD_EXITS(pid, 0);
		child_exit(0);
	}
	portdir_after_fork_parent();
	ASSERT_OK(mint(&m));
	minted_close(&m);
	ASSERT_CHILD_EXITS(pid, 0);
}

TEST(fork_child_has_its_own)
{
	in_namespace(run_fork_child_has_its_own);
}
