/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makers of the descriptors that a hostile peer would send: ones that block whoever
 * stats, connects or closes them, ones that change while they are read, ones that look
 * like what is expected and are not. An attack test sends each kind in each place where
 * a descriptor may stand.
 *
 * A Hostile owns `fd` and all that keeps it hostile (the other end, the process that
 * does not answer). Send `fd`, then hostile_release() if the receiver's copy shall be
 * the last one, and at the end hostile_deinit(), which never blocks and disarms first:
 * a victim that hangs in the descriptor goes on then. So deinit before you wait for a
 * peer that got it.
 */
#pragma once

#include <errno.h>
#include <sys/types.h>

typedef enum HostileKind {
	HOSTILE_FUSE_PATH, /* O_PATH of a FUSE file: fstat, fstatfs block for ever */
	HOSTILE_FUSE_SOCKET, /* O_PATH of a FUSE socket inode: connect blocks too */
	HOSTILE_FUSE_FILE, /* an open FUSE file: its close blocks */
	HOSTILE_TCP_LINGER, /* a TCP socket with unsent data: its last close blocks */
	HOSTILE_SOCKET_NESTED, /* a socket with the former in its queue */
	HOSTILE_MEMFD_UNSEALED, /* can be written while it is read */
	HOSTILE_MEMFD_SHRINK, /* all seals but F_SEAL_SHRINK: hostile_spring() cuts it */
	HOSTILE_MEMFD_SPARSE, /* all seals, 64 TiB */
	HOSTILE_MEMFD_EMPTY, /* all seals, no byte */
	HOSTILE_MEMFD_HUGETLB, /* all seals, but no huge page behind it: SIGBUS */
	HOSTILE_MEMFD_WRITE_ONLY, /* all seals, opened O_WRONLY: cannot be mapped */
	HOSTILE_PROC_MEM, /* /proc/self/mem of the maker */
	HOSTILE_PROC_MAPS,
	HOSTILE_DIRECTORY, /* open: the way out of a chroot */
	HOSTILE_DIRECTORY_PATH,
	HOSTILE_EPOLL,
	HOSTILE_IO_URING,
	HOSTILE_DGRAM_BOUND, /* somebody's bound SOCK_DGRAM socket */
	HOSTILE_DGRAM_PATH, /* O_PATH of its inode: looks like the address of a port */
	HOSTILE_DGRAM_FULL, /* O_PATH of a SOCK_DGRAM socket whose queue is full */
	HOSTILE_SEQPACKET_LISTENER,
	HOSTILE_SEQPACKET_PATH, /* O_PATH of a listener's inode */
	HOSTILE_SEQPACKET_FULL, /* an end to which nothing can be written any more */
	HOSTILE_SEQPACKET_SHUT, /* an end after shutdown(SHUT_RDWR) */
	HOSTILE_STREAM,
	HOSTILE_PIPE_READ, /* a read end with unread bytes, where a write end is due */
	HOSTILE_PIPE_FULL, /* the write end of a full pipe, in blocking mode */
	HOSTILE_PIPE_ORPHAN, /* a write end that nobody reads: POLLERR from birth */
	HOSTILE_PIPE_RDWR, /* both ends in one: a liveness pipe that never ends */
	HOSTILE_EVENTFD_FULL, /* a further write to it blocks */
	HOSTILE_PIDFD,
	HOSTILE_DEVICE, /* /dev/zero: reads for ever */
	_HOSTILE_N,
} HostileKind;

/* This machine or user cannot make the kind; Hostile.reason says why. */
#define HOSTILE_E_SKIP 1

typedef struct Hostile {
	HostileKind kind;
	int fd;
	int aux[2];
	pid_t helper; /* 0: none */
	char reason[128];
} Hostile;

#define HOSTILE_NULL                                                                               \
	{                                                                                          \
		.fd = -EBADF, .aux = { -EBADF, -EBADF }                                            \
	}

/* Returns 0, HOSTILE_E_SKIP (with ret->reason, and nothing to deinit) or -errno. */
int hostile_make(HostileKind kind, Hostile *ret);

/* Closes the maker's copy of `fd`, once somebody else has one. Where already that would block, nothing
 * is done, and
 * nothing is needed: there each close blocks, not only the last one. */
void hostile_release(Hostile *h);

/* What the maker does once the victim has looked: cuts the memfd, changes its bytes, makes
 * room in nothing. No effect on kinds that have no such trick. */
void hostile_spring(Hostile *h);

void hostile_deinit(Hostile *h);

const char *hostile_kind_name(HostileKind kind);

/* Of hostile-fuse.c. */
int hostile_fuse_make(Hostile *h);
