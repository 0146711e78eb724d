/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is this descriptor that a peer sent? Until that is known it is touched only by calls that
 * take no lock which a peer can hold on to: SO_DOMAIN, SO_TYPE, F_GETFL, F_GET_SEALS,
 * statx(AT_STATX_DONT_SYNC), and fallocate() of a range that the kernel refuses. A FUSE file blocks
 * whoever stats or closes it, a lingering TCP socket whoever closes it.
 *
 * F_GETPIPE_SZ is not among them: it takes the pipe's mutex, and whoever reads or writes a pipe
 * with a buffer that lies in a FUSE file holds that mutex as long as the FUSE server pleases. So do
 * read(), write() and the last close() of an end. The same trick, with the mutex of an epoll set in
 * which a duplicate once was, makes the last close() of anything that can be polled block: a socket,
 * a pipe, an eventfd. Therefore nothing that a peer has had a hand in is ever closed by a thread
 * that has better things to do, but for addresses, which can neither be polled nor read.
 */
#pragma once

#include "port/types.h"

typedef enum ProbeKind {
	PROBE_ADDR, /* O_PATH descriptor of a socket inode */
	PROBE_PIPE_R, /* a pipe (not a FIFO), open for reading only */
	PROBE_PIPE_W, /* a pipe, open for writing only */
	PROBE_DGRAM, /* AF_UNIX SOCK_DGRAM */
	PROBE_SEQPACKET, /* AF_UNIX SOCK_SEQPACKET, not listening */
	PROBE_LISTENER, /* AF_UNIX SOCK_SEQPACKET, listening: see carrier.h */
	PROBE_MEMFD, /* shmem memfd (F_GET_SEALS answers) */
	PROBE_EVENTFD,
	PROBE_OTHER, /* anything else: never touch it, close it on the reaper */
} ProbeKind;

/* Never blocks. */
ProbeKind probe_kind(int fd);

/* Either end of a pipe; of a FIFO only one that is open for writing. One system call for a write end. Never
 * blocks. */
bool probe_is_pipe(int fd);

/* Closes a descriptor that came from a peer, of whatever kind, without ever blocking the caller:
 * addresses are closed here, all else by the reaper, at once. Always returns -EBADF. May be called
 * with or without the task's lock.
 *
 * Use it for descriptors of our own making too, once the open file behind them was passed to a peer
 * (the read end of a pipe whose write end was), or where messages of peers may lie unread in them:
 * those may hold descriptors that block whoever closes them. */
int probe_close_consume(int fd);

/* As probe_close_consume() for a descriptor whose kind is already known. */
int probe_close_kind_consume(int fd, ProbeKind kind);

/* As probe_close_consume(), but nobody waits for the end of it: see reaper_close_lazily_consume(). */
int probe_close_lazily_consume(int fd);

/* The same, on account of the uid that the descriptor came from, and perhaps together with others of the
 * same kin: see reaper.h. */
int probe_close_blaming_consume(int fd, uid_t uid, uint32_t kin);

/* probe_close_consume() as a callback. */
void probe_dispose(int fd);

/* While on, everything is closed by close() alone: in a fork child, whose descriptors are the parent's
 * too. */
void probe_close_plainly(bool on);
