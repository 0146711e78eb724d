/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in a datagram. doc/protocol.md has the same in prose; both ends are on one machine,
 * so numbers are in its byte order. A receiver believes nothing of it: see decode.c.
 *
 *	WireHeader | WireRecord * n_records | tail (the bytes behind the descriptors) | memory
 *
 * The first record is the reply right if there is one, the others are the descriptors of the
 * message in order. Descriptors (of files) come in the order of the records that own them;
 * when there are more than WIRE_MAX_FDS they travel in a carrier (see carrier.h), into which they
 * were written before, at most WIRE_MAX_FDS a packet. What does not fit in a datagram
 * travels in a sealed memfd, all of it but the header.
 */
#pragma once

#include "port/types.h"

#define WIRE_MAGIC 0x31554350u /* "PCU1" */
#define WIRE_VERSION 1
#define WIRE_MAX_FDS 253u
#define WIRE_MAX_DATAGRAM (64u * 1024u)
#define WIRE_MAX_RECORDS (2u * 16383u)
#define WIRE_MAX_BODY (64u * 1024u * 1024u)
#define WIRE_MEMORY_INLINE 4096u /* out-of-line memory up to this size travels in the datagram */

typedef enum WireType {
	WIRE_MESSAGE = 1,
	WIRE_DIED = 2, /* lease: the send-once right of request `lease_seq` died unused */
	WIRE_MOVED = 3, /* lease: it was passed on; one descriptor: the carrier to wait at now */
	WIRE_EVICT = 4, /* lease: over; `lease_seq` is the last request taken */
	WIRE_TAKEOVER = 5, /* port: see lease_client.h; one descriptor: the new end */
} WireType;

enum {
	WIRE_F_COMPLEX = 1 << 0,
	WIRE_F_CARRIER = 1 << 1, /* the only descriptor is a carrier */
	WIRE_F_BODY = 1 << 2, /* all behind the header is in a sealed memfd: the last descriptor */
	WIRE_F_ONCE = 1 << 3, /* sent with a send-once right */
	WIRE_F_REPLY = 1 << 4, /* records[0] is the reply right */
	WIRE_F_LEASE = 1 << 5, /* the reply right is (lease_id, lease_seq) */
	WIRE_F_OFFER = 1 << 6, /* the reply right's pair may be kept as lease lease_id */
};

typedef struct WireHeader {
	uint32_t magic;
	uint8_t version;
	uint8_t type;
	uint16_t flags;
	uint32_t lane; /* reserved for a shared-memory lane, as are the next two: 0 */
	uint32_t seq;
	uint32_t after;
	int32_t id;
	uint32_t n_records;
	uint32_t tail_size;
	uint8_t secret[16]; /* authority over a send right; zero on a send-once right */
	uint64_t lease_id;
	uint64_t lease_seq;
	uint8_t reply_disposition;
	uint8_t pad[7];
} WireHeader;

_Static_assert(sizeof(WireHeader) == 72, "no padding");

typedef enum WireKind {
	WIRE_NULL, /* MACH_PORT_NULL */
	WIRE_DEAD, /* MACH_PORT_DEAD */
	WIRE_SEND, /* addr, pipe write end; value: secret */
	WIRE_SEND_ONCE, /* SEQPACKET end */
	WIRE_RECEIVE, /* sock, addr, pipes, answers, carriers: see move.h */
	WIRE_KOBJECT, /* type in `aux`; descriptors by type; value: id; `companion`: see below */
	WIRE_MEMORY, /* size; either inline or one memfd and an offset in value */
	WIRE_PORTS, /* `count` records follow, one for each port */
} WireKind;

enum {
	WIRE_RF_DEALLOCATE = 1 << 0,
	WIRE_RF_INLINE = 1 << 1,
	WIRE_RF_GUARDED = 1 << 2,
	WIRE_RF_SUPERVISED = 1 << 3,
	WIRE_RF_COMPANION = 1 << 4, /* KOBJECT: the last two descriptors are a send right's */
};

typedef struct WireRecord {
	uint8_t kind;
	uint8_t type; /* MACH_MSG_*_DESCRIPTOR */
	uint8_t disposition;
	uint8_t flags;
	uint8_t copy;
	uint8_t aux;
	uint16_t guard_flags;
	uint32_t n_fds;
	uint32_t count; /* PORTS: ports; RECEIVE: qlimit */
	union {
		struct {
			/* MEMORY: bytes; RECEIVE: n_pipes | n_answers << 16 | n_carriers << 32 */
			uint64_t size;
			uint64_t context;
		};
		uint8_t companion[16]; /* KOBJECT, which has neither: secret of its companion */
	};
	uint8_t value[16]; /* secret, id, or offset */
} WireRecord;

_Static_assert(sizeof(WireRecord) == 48, "no padding");
