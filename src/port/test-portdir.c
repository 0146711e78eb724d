/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
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
#include "port/test-namespace.h"
#include "tests/lib/fault.h"
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

/* Whatever fails, and wherever: a whole port, or none and nothing left over. */
static void mint_or_not(void *arg)
{
	Minted m = {.sock = -1, .addr = -1};
	int r = portdir_mint(&m.sock, &m.addr, &m.ident);

	if (r) {
		ASSERT_LT(r, 0);
		ASSERT_EQ(m.sock, -1);
		ASSERT_EQ(m.addr, -1);
	} else {
		fault_pause();
		ASSERT_OK(send_through(&m, "x"));
		minted_close(&m);
		fault_resume();
	}
	*(unsigned *)arg += r == 0;
}

static void run_faults(void)
{
	unsigned n_made = 0;

	/* The directories are opened too. */
	ASSERT_GE(fault_run_kinds(mint_or_not, &n_made), 3);
	ASSERT_EQ(count_entries(shm_path()), 0);
	/* An error of the place is made good in the next one, want of descriptors is not. */
	n_made = 0;
	fault_arm_errno(FAULT_BIND, 1, EROFS);
	mint_or_not(&n_made);
	ASSERT_TRUE(fault_disarm());
	ASSERT_EQ(n_made, 1);
	fault_arm_errno(FAULT_BIND, 1, EADDRINUSE);
	mint_or_not(&n_made);
	ASSERT_TRUE(fault_disarm());
	ASSERT_EQ(n_made, 2);
	fault_arm_errno(FAULT_SOCKET, 1, ENFILE);
	mint_or_not(&n_made);
	ASSERT_TRUE(fault_disarm());
	ASSERT_EQ(n_made, 2);
	fault_arm_errno(FAULT_OPEN, 1, EACCES);
	mint_or_not(&n_made);
	ASSERT_TRUE(fault_disarm());
	ASSERT_EQ(n_made, 3);
	assert_mints_on("/dev/shm");
}

TEST(faults)
{
	in_namespace(run_faults);
}

static void run_long_runtime_directory(void)
{
	char path[128] = "/tmp/";

	ASSERT_SYS(mount("tmpfs", "/dev/shm", "tmpfs", MS_RDONLY, ""));
	memset(path + 5, 'x', 100);
	ASSERT_SYS(mkdir(path, 0700));
	setenv("XDG_RUNTIME_DIR", path, 1);
	assert_mints_on("/tmp");
	ASSERT_EQ(count_entries(path), 0);
	setenv("XDG_RUNTIME_DIR", "tmp", 1);
	assert_mints_on("/tmp");
}

TEST(long_runtime_directory_is_passed_over)
{
	in_namespace(run_long_runtime_directory);
}
