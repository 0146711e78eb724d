/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers and layouts of kernel.h, held against the kernel that runs. */

#include <linux/landlock.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/kernel.h"
#include "base/cleanup.h"
#include "tests/lib/unit.h"

static int n_variables = 1; /* in a writable mapping of this program */

TEST(releases)
{
	ASSERT_OK(kernel_check_floor());
	ASSERT_OK(kernel_check_release("6.12"));
	ASSERT_OK(kernel_check_release("6.12.0-rc1"));
	ASSERT_OK(kernel_check_release("6.18.44-amd64"));
	ASSERT_OK(kernel_check_release("7.0"));
	ASSERT_OK(kernel_check_release("10.1"));
	ASSERT_EQ(kernel_check_release("6.11.99"), KERNEL_E_TOO_OLD);
	ASSERT_EQ(kernel_check_release("5.15"), KERNEL_E_TOO_OLD);
	ASSERT_EQ(kernel_check_release("6"), KERNEL_E_TOO_OLD);
	ASSERT_EQ(kernel_check_release("6."), KERNEL_E_TOO_OLD);
	ASSERT_EQ(kernel_check_release(""), KERNEL_E_TOO_OLD);
	ASSERT_EQ(kernel_check_release("six"), KERNEL_E_TOO_OLD);
	ASSERT_TRUE(kernel_is_at_least(KERNEL_FLOOR_MAJOR, KERNEL_FLOOR_MINOR));
	ASSERT_TRUE(kernel_is_at_least(5, 999));
	ASSERT_FALSE(kernel_is_at_least(1000, 0));
}

TEST(procmap_query)
{
	_cleanup_close_ int maps = ASSERT_SYS(open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
	KernelProcmapQuery q = {
		.size = sizeof(q),
		.query_addr = (uintptr_t)&n_variables,
	};
	uint64_t here = (uintptr_t)&n_variables;

	ASSERT_SYS(ioctl(maps, KERNEL_PROCMAP_QUERY, &q));
	ASSERT_LE(q.vma_start, here);
	ASSERT_GT(q.vma_end, here);
	ASSERT_EQ(
		q.vma_flags, (uint64_t)(KERNEL_PROCMAP_VMA_READABLE | KERNEL_PROCMAP_VMA_WRITABLE));
	ASSERT_EQ(q.vma_page_size, (uint64_t)sysconf(_SC_PAGESIZE));

	q = (KernelProcmapQuery){
		.size = sizeof(q),
		.query_addr = (uintptr_t)kernel_check_floor,
		.query_flags = KERNEL_PROCMAP_VMA_EXECUTABLE | KERNEL_PROCMAP_FILE_BACKED,
	};
	ASSERT_SYS(ioctl(maps, KERNEL_PROCMAP_QUERY, &q));
	ASSERT_NE(q.vma_flags & KERNEL_PROCMAP_VMA_EXECUTABLE, 0u);
	ASSERT_NE(q.inode, 0u);
}

TEST(pagemap_scan)
{
	_cleanup_close_ int pagemap = ASSERT_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	KernelPageRegion region = {0};
	KernelPagemapScan scan = {
		.size = sizeof(scan),
		.vec = (uintptr_t)&region,
		.vec_len = 1,
		.category_mask = KERNEL_PAGE_IS_PRESENT,
		.return_mask = KERNEL_PAGE_IS_PRESENT | KERNEL_PAGE_IS_FILE,
	};

	*(volatile int *)&n_variables = 2; /* now the page is a private copy */
	scan.start = (uintptr_t)&n_variables & ~(page - 1);
	scan.end = scan.start + page;
	ASSERT_EQ(ASSERT_SYS(ioctl(pagemap, KERNEL_PAGEMAP_SCAN, &scan)), 1);
	ASSERT_EQ(region.start, scan.start);
	ASSERT_EQ(region.end, scan.end);
	ASSERT_EQ(region.categories, (uint64_t)KERNEL_PAGE_IS_PRESENT);
	ASSERT_EQ(scan.walk_end, scan.end);
}

TEST(pidfd_info)
{
	_cleanup_close_ int fd = ASSERT_SYS(pidfd_open(getpid(), 0)), ns = -EBADF;
	KernelPidfdInfo info = {.mask = PIDFD_INFO_PID | PIDFD_INFO_CREDS};
	struct stat by_pidfd, by_proc;
	struct statfs fs;

	ASSERT_SYS(fstatfs(fd, &fs));
	ASSERT_EQ(fs.f_type, KERNEL_PIDFS_MAGIC);
	ns = ioctl(fd, PIDFD_GET_USER_NAMESPACE, 0);
	ASSERT_SYS(ns);
	ASSERT_SYS(fstat(ns, &by_pidfd));
	ASSERT_SYS(stat("/proc/self/ns/user", &by_proc));
	ASSERT_EQ(by_pidfd.st_ino, by_proc.st_ino);
	if (ioctl(fd, KERNEL_PIDFD_GET_INFO, &info) < 0) {
		ASSERT_EQ(errno, ENOTTY);
		SKIP("kernel before 6.13");
	}
	ASSERT_EQ(info.pid, (uint32_t)getpid());
	ASSERT_EQ(info.tgid, (uint32_t)getpid());
	ASSERT_EQ(info.ppid, (uint32_t)getppid());
	ASSERT_EQ(info.ruid, getuid());
	ASSERT_EQ(info.euid, geteuid());
	ASSERT_EQ(info.egid, getegid());
}

TEST(statmount)
{
	struct statx stx;
	struct {
		KernelStatmount fixed;
		char strings[512];
	} m;
	KernelMntIdReq req = {
		.size = sizeof(req),
		.param = KERNEL_STATMOUNT_SB_BASIC | KERNEL_STATMOUNT_MNT_BASIC |
			 KERNEL_STATMOUNT_FS_TYPE | KERNEL_STATMOUNT_MNT_POINT,
	};
	struct statfs fs;

	ASSERT_SYS(statx(AT_FDCWD, "/proc", 0, STATX_MNT_ID_UNIQUE, &stx));
	ASSERT_NE(stx.stx_mask & STATX_MNT_ID_UNIQUE, 0u);
	ASSERT_SYS(statfs("/proc", &fs));
	req.mnt_id = stx.stx_mnt_id;
	memset(&m, 0, sizeof(m));
	if (syscall(SYS_statmount, &req, &m, sizeof(m), 0) < 0) {
		ASSERT_TRUE(errno == EPERM || errno == ENOENT);
		SKIP("the mount is out of reach");
	}
	ASSERT_EQ(m.fixed.mnt_id, req.mnt_id);
	ASSERT_EQ(m.fixed.sb_magic, (uint64_t)fs.f_type);
	ASSERT_EQ(makedev(m.fixed.sb_dev_major, m.fixed.sb_dev_minor),
		makedev(stx.stx_dev_major, stx.stx_dev_minor));
	ASSERT_STREQ(m.strings + m.fixed.fs_type, "proc");
	ASSERT_STREQ(m.strings + m.fixed.mnt_point, "/proc");
}

TEST(landlock_scopes)
{
	KernelLandlockRulesetAttr attr = {
		.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP |
				      LANDLOCK_ACCESS_NET_CONNECT_TCP,
		.handled_access_fs = LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_IOCTL_DEV,
		.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL,
	};
	long fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (fd < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
		SKIP("no Landlock");
	ASSERT_SYS(fd);
	close((int)fd);
}

TEST(dupfd_query)
{
	_cleanup_close_ int a = ASSERT_SYS(open("/dev/null", O_RDONLY | O_CLOEXEC)), b = -EBADF,
			    c = -EBADF;

	b = ASSERT_SYS(fcntl(a, F_DUPFD_CLOEXEC, 3));
	c = ASSERT_SYS(open("/dev/null", O_RDONLY | O_CLOEXEC));
	ASSERT_EQ(fcntl(a, F_DUPFD_QUERY, b), 1);
	ASSERT_EQ(fcntl(a, F_DUPFD_QUERY, c), 0);
}

TEST(socket_options)
{
	static const int options[] = {SO_PASSPIDFD, SO_PASSRIGHTS};
	int fds[2], one = 1;
	socklen_t size = sizeof(int);
	int pidfd = -1;

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		/* SO_PASSRIGHTS is newer than the floor. */
		if (setsockopt(fds[0], SOL_SOCKET, options[i], &one, sizeof(one)) < 0)
			ASSERT_EQ(errno, ENOPROTOOPT);
	}
	ASSERT_SYS(getsockopt(fds[0], SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size));
	ASSERT_SYS(pidfd);
	close(pidfd);
	close(fds[0]);
	close(fds[1]);
}
