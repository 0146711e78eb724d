/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity of a port, read off its address.
 *
 * AT_STATX_DONT_SYNC is what makes this safe for a descriptor that a stranger chose: the kernel
 * answers from the inode that it has, and a FUSE server is not asked. Such a server may still have
 * put any type and inode number there, but not the device: that is the kernel's own. Birth times
 * are asked for too, because an inode number of tmpfs can be made to come round again.
 *
 * Stateless, hence thread-safe.
 */
#include "port/ident.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"

#define NS_PER_S UINT64_C(1000000000)

int ident_read(int addr_fd, Ident *ident)
{
	struct statx stx;

	if (statx(addr_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		    STATX_TYPE | STATX_INO | STATX_BTIME, &stx) < 0)
		return error_origin(-errno);
	/* A socket that is open, rather than named by O_PATH, has no birth time: sockfs keeps none. */
	if (!S_ISSOCK(stx.stx_mode) ||
		(stx.stx_mask & (STATX_INO | STATX_BTIME)) != (STATX_INO | STATX_BTIME))
		return KERN_INVALID_ARGUMENT;
	ident->dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	ident->ino = stx.stx_ino;
	ident->btime_ns = (uint64_t)stx.stx_btime.tv_sec * NS_PER_S + stx.stx_btime.tv_nsec;
	return 0;
}

bool ident_equal(const Ident *a, const Ident *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->btime_ns == b->btime_ns &&
	       memcmp(a->secret, b->secret, sizeof(a->secret)) == 0;
}
