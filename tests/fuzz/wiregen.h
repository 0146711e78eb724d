/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of a fuzzer to what a peer sends: datagrams with records that fit together, with the
 * descriptors that belong to them, and then with a few things wrong. A fuzzer that had to find the
 * magic number, the sizes and the order of descriptors by itself would never get beyond them.
 *
 * An input is read from its start as a program; what it does not have reads as 0, so every input
 * means something and a prefix of one means nearly the same.
 *
 *	datagram := mode [header] [reply] items tail patches swaps
 *	item     := kind arguments
 *
 * See wiregen.c for each. WireGen is the peer: it has ports of its own, and keeps the other ends of
 * what it sends.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port/wire.h"

#define GEN_MAX_BYTES 16384u
#define GEN_MAX_FDS 250u
#define GEN_MAX_KEPT 24u
#define GEN_REMOTES 3u

typedef struct Input {
	const uint8_t *p;
	const uint8_t *end;
} Input;

uint8_t input_u8(Input *in);
uint16_t input_u16(Input *in);
uint32_t input_u32(Input *in);
uint64_t input_u64(Input *in);

static inline bool input_is_over(const Input *in)
{
	return in->p == in->end;
}

/* The mode of a datagram. */
enum {
	GEN_RAW = 1 << 0, /* behind the header come bytes, not items */
	GEN_RAW_HEADER = 1 << 1, /* the header is bytes too */
	GEN_CARRIER = 1 << 2,
	GEN_BODY = 1 << 3,
	GEN_REPLY = 1 << 4,
	GEN_HEADER = 1 << 5, /* type, flags, lease: else a plain message */
	GEN_NO_SECRET = 1 << 6,
	GEN_PATCHED = 1 << 7, /* patches and swaps follow at the end */
};

/* Items, and the right in a reply. */
typedef enum GenItem {
	GEN_NULL,
	GEN_DEAD,
	GEN_SEND_OWN, /* a right to the port that it is sent to, coming home */
	GEN_SEND_REMOTE, /* one of the peer's ports */
	GEN_SEND_FRESH,
	GEN_SEND_ONCE,
	GEN_RECEIVE_REMOTE, /* the receive right of one of the peer's ports */
	GEN_RECEIVE_FRESH,
	GEN_SEMAPHORE,
	GEN_FILEPORT,
	GEN_MEMORY,
	GEN_MEMORY_FD,
	GEN_PORTS,
	GEN_GUARDED,
	GEN_RECORD, /* any record at all, with any descriptors */
	GEN_SEND_OLD, /* a right with a secret that is another's */
	_GEN_ITEM_N,
} GenItem;

/* Kinds of descriptors, right and wrong ones. */
typedef enum GenFd {
	GEN_FD_SEQPACKET, /* the other end is kept */
	GEN_FD_SEQPACKET_ENDED, /* it is closed */
	GEN_FD_SEQPACKET_FULL, /* with something to read */
	GEN_FD_SEQPACKET_FDS, /* with descriptors to read */
	GEN_FD_SEQPACKET_LISTENING,
	GEN_FD_DGRAM,
	GEN_FD_STREAM,
	GEN_FD_PIPE_R,
	GEN_FD_PIPE_W,
	GEN_FD_PIPE_RW,
	GEN_FD_ADDR,
	GEN_FD_ADDR_OWN,
	GEN_FD_PATH, /* O_PATH of something else */
	GEN_FD_MEMFD,
	GEN_FD_MEMFD_SMALL,
	GEN_FD_MEMFD_UNSEALED,
	GEN_FD_MEMFD_HUGE, /* a hole of many terabytes */
	GEN_FD_MEMFD_PAGE, /* size sealed only: a semaphore's */
	GEN_FD_EVENTFD,
	GEN_FD_NULL,
	GEN_FD_DIRECTORY,
	GEN_FD_EPOLL,
	GEN_FD_PIDFD,
	GEN_FD_REMOTE_SOCK, /* the socket of one of the peer's ports */
	GEN_FD_CARRIER, /* two descriptors in it; the writer is kept */
	GEN_FD_CARRIER_TAKEN, /* nothing is in there any more */
	_GEN_FD_N,
} GenFd;

/* A port of the peer. */
typedef struct GenRemote {
	int sock;
	int addr;
	int pipe_r;
	int pipe_w;
	uint8_t secret[16];
} GenRemote;

typedef struct WireGen {
	int addr; /* of the port that datagrams go to; borrowed */
	uint8_t secret[16];
	GenRemote remotes[GEN_REMOTES];
	int kept[GEN_MAX_KEPT];
	unsigned n_kept;
	unsigned depth;
} WireGen;

typedef struct Datagram {
	uint8_t bytes[GEN_MAX_BYTES];
	size_t n_bytes;
	int fds[GEN_MAX_FDS];
	unsigned n_fds;
} Datagram;

void wiregen_init(WireGen *gen);
void wiregen_deinit(WireGen *gen);

/* Makes the peer's port if it was not there. */
GenRemote *wiregen_remote(WireGen *gen, unsigned i);

/* The peer keeps a descriptor; the oldest one goes when there are too many. */
void wiregen_keep(WireGen *gen, int fd_consumed);

/* A descriptor of any kind; owned by the caller. */
int wiregen_fd(WireGen *gen, unsigned kind);

/* Reads one datagram; its descriptors are the caller's. */
void wiregen_datagram(WireGen *gen, Input *in, Datagram *ret);

void datagram_deinit(Datagram *d);

/* Sends it on a connected socket, without blocking. False: nothing was sent. */
bool datagram_send(const Datagram *d, int sock);
