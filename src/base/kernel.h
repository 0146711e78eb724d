/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_KERNEL_H
#define PORTCULLIS_BASE_KERNEL_H

/*
 * Kernel interfaces that are newer than the headers of the oldest system that we build on (Debian
 * 12: Linux 6.1, glibc 2.36), each with the kernel that brought it. Constants are guarded one by one.
 * Structs cannot be: they carry a Kernel prefix and our spelling, and the layout is checked in
 * kernel.c.
 *
 * What is newer than the floor, 6.12, may be missing at run time and needs a fallback where it is
 * used; these are marked [probe].
 */

#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/cleanup.h"

#define KERNEL_FLOOR_MAJOR 6
#define KERNEL_FLOOR_MINOR 12

enum {
	_KERNEL_E_SUCCESS,
	KERNEL_E_TOO_OLD, /* older than the floor, or its version cannot be told */
	_KERNEL_E_N,
};

/* Whether this kernel is at least the floor. Asked once by whoever starts: an older kernel is
 * refused, never worked around. Returns 0 or KERNEL_E_TOO_OLD. */
int kernel_check_floor(void) _warn_unused_;

/* Whether this kernel is that version or newer: for what cannot be found out by trying. */
bool kernel_is_at_least(int major, int minor);

/* The same as kernel_check_floor() for a version as uname(2) spells it. */
int kernel_check_release(const char *release) _warn_unused_;

/* Sockets */

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76 /* 6.5 */
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* 6.5 */
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* 6.16 [probe] */
#endif
#ifndef SCM_SECURITY
#define SCM_SECURITY 0x03 /* 2.6.18; glibc never named it */
#endif
#ifndef SCM_PIDFD
#define SCM_PIDFD 0x04 /* 6.5 */
#endif

/* Descriptors and memory */

#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY (1024 + 3) /* 6.10: are both descriptors of one open file? */
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* 5.1 */
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020 /* 6.3 */
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* 6.3 */
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* 6.3 */
#endif
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18 /* 4.14 */
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* 6.13 [probe] */
#endif
#ifndef MADV_GUARD_REMOVE
#define MADV_GUARD_REMOVE 103 /* 6.13 [probe] */
#endif
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65 /* 6.3 */
#define PR_MDWE_REFUSE_EXEC_GAIN (1UL << 0)
#endif

#define KERNEL_HUGETLBFS_MAGIC 0x958458f6L
#define KERNEL_TMPFS_MAGIC 0x01021994L
#define KERNEL_PIDFS_MAGIC 0x50494446L /* 6.9 */

/* Processes */

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* 6.9 */
#endif

#define KERNEL_PIDFS_IOCTL 0xFF
#ifndef PIDFD_GET_MNT_NAMESPACE /* 6.11 */
#define PIDFD_GET_CGROUP_NAMESPACE _IO(KERNEL_PIDFS_IOCTL, 1)
#define PIDFD_GET_IPC_NAMESPACE _IO(KERNEL_PIDFS_IOCTL, 2)
#define PIDFD_GET_MNT_NAMESPACE _IO(KERNEL_PIDFS_IOCTL, 3)
#define PIDFD_GET_NET_NAMESPACE _IO(KERNEL_PIDFS_IOCTL, 4)
#define PIDFD_GET_PID_NAMESPACE _IO(KERNEL_PIDFS_IOCTL, 5)
#define PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE _IO(KERNEL_PIDFS_IOCTL, 6)
#define PIDFD_GET_TIME_NAMESPACE _IO(KERNEL_PIDFS_IOCTL, 7)
#define PIDFD_GET_TIME_FOR_CHILDREN_NAMESPACE _IO(KERNEL_PIDFS_IOCTL, 8)
#define PIDFD_GET_USER_NAMESPACE _IO(KERNEL_PIDFS_IOCTL, 9)
#define PIDFD_GET_UTS_NAMESPACE _IO(KERNEL_PIDFS_IOCTL, 10)
#endif

#ifndef PIDFD_INFO_PID
#define PIDFD_INFO_PID (1ULL << 0)
#define PIDFD_INFO_CREDS (1ULL << 1)
#define PIDFD_INFO_CGROUPID (1ULL << 2)
#endif
#ifndef PIDFD_INFO_EXIT
#define PIDFD_INFO_EXIT (1ULL << 3) /* 6.15 [probe] */
#endif

/* The first 64 bytes, which every kernel with the ioctl has. */
typedef struct KernelPidfdInfo {
	uint64_t mask; /* in: what is wanted; out: what was found */
	uint64_t cgroupid;
	uint32_t pid;
	uint32_t tgid;
	uint32_t ppid;
	uint32_t ruid;
	uint32_t rgid;
	uint32_t euid;
	uint32_t egid;
	uint32_t suid;
	uint32_t sgid;
	uint32_t fsuid;
	uint32_t fsgid;
	int32_t exit_code;
} KernelPidfdInfo;

#define KERNEL_PIDFD_GET_INFO _IOWR(KERNEL_PIDFS_IOCTL, 11, KernelPidfdInfo) /* 6.13 [probe] */

/* Mappings of a process, on a descriptor of /proc/PID/maps */

typedef struct KernelProcmapQuery {
	uint64_t size; /* in: sizeof of this struct */
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start;
	uint64_t vma_end;
	uint64_t vma_flags;
	uint64_t vma_page_size;
	uint64_t vma_offset;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t vma_name_size;
	uint32_t build_id_size;
	uint64_t vma_name_addr;
	uint64_t build_id_addr;
} KernelProcmapQuery;

#define KERNEL_PROCMAP_QUERY _IOWR('f', 17, KernelProcmapQuery) /* 6.11 */

#define KERNEL_PROCMAP_VMA_READABLE 0x01
#define KERNEL_PROCMAP_VMA_WRITABLE 0x02
#define KERNEL_PROCMAP_VMA_EXECUTABLE 0x04
#define KERNEL_PROCMAP_VMA_SHARED 0x08
#define KERNEL_PROCMAP_COVERING_OR_NEXT 0x10
#define KERNEL_PROCMAP_FILE_BACKED 0x20

/* Pages of a process, on a descriptor of /proc/PID/pagemap */

typedef struct KernelPageRegion {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
} KernelPageRegion;

typedef struct KernelPagemapScan {
	uint64_t size; /* in: sizeof of this struct */
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t vec;
	uint64_t vec_len;
	uint64_t max_pages;
	uint64_t category_inverted;
	uint64_t category_mask;
	uint64_t category_anyof_mask;
	uint64_t return_mask;
} KernelPagemapScan;

#define KERNEL_PAGEMAP_SCAN _IOWR('f', 16, KernelPagemapScan) /* 6.7 */

#define KERNEL_PAGE_IS_WPALLOWED (1 << 0)
#define KERNEL_PAGE_IS_WRITTEN (1 << 1)
#define KERNEL_PAGE_IS_FILE (1 << 2)
#define KERNEL_PAGE_IS_PRESENT (1 << 3)
#define KERNEL_PAGE_IS_SWAPPED (1 << 4)
#define KERNEL_PAGE_IS_PFNZERO (1 << 5)
#define KERNEL_PAGE_IS_HUGE (1 << 6)

/* Mounts */

#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x00004000U /* 6.8 */
#endif
#ifndef SYS_statmount
#define SYS_statmount 457 /* 6.8; the same number on every architecture that we know */
#endif
#ifndef SYS_listmount
#define SYS_listmount 458 /* 6.8 */
#endif

typedef struct KernelMntIdReq {
	uint32_t size; /* in: sizeof of this struct */
	uint32_t spare;
	uint64_t mnt_id; /* the unique one */
	uint64_t param; /* statmount: KERNEL_STATMOUNT_* that are wanted */
	uint64_t mnt_ns_id; /* 6.11; 0: the caller's */
} KernelMntIdReq;

/* The part that does not vary; strings follow it at offsets from its end. */
typedef struct KernelStatmount {
	uint32_t size;
	uint32_t mnt_opts;
	uint64_t mask;
	uint32_t sb_dev_major;
	uint32_t sb_dev_minor;
	uint64_t sb_magic;
	uint32_t sb_flags;
	uint32_t fs_type;
	uint64_t mnt_id;
	uint64_t mnt_parent_id;
	uint32_t mnt_id_old;
	uint32_t mnt_parent_id_old;
	uint64_t mnt_attr;
	uint64_t mnt_propagation;
	uint64_t mnt_peer_group;
	uint64_t mnt_master;
	uint64_t propagate_from;
	uint32_t mnt_root;
	uint32_t mnt_point;
	uint64_t mnt_ns_id;
	uint64_t spare[49];
} KernelStatmount;

#define KERNEL_STATMOUNT_SB_BASIC 0x00000001U
#define KERNEL_STATMOUNT_MNT_BASIC 0x00000002U
#define KERNEL_STATMOUNT_PROPAGATE_FROM 0x00000004U
#define KERNEL_STATMOUNT_MNT_ROOT 0x00000008U
#define KERNEL_STATMOUNT_MNT_POINT 0x00000010U
#define KERNEL_STATMOUNT_FS_TYPE 0x00000020U

/* Landlock */

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* 6.2 */
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15) /* 6.10 */
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0) /* 6.7 */
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0) /* 6.12 */
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

/* As of 6.12. */
typedef struct KernelLandlockRulesetAttr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
} KernelLandlockRulesetAttr;

/* Namespaces */

#ifndef NS_GET_MNTNS_ID
#define NS_GET_MNTNS_ID _IOR(0xb7, 0x5, uint64_t) /* 6.11 */
#endif

#endif
