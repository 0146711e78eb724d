/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host and its guest have agreed on: the structure that is looked at, and two messages.
 */
#ifndef HOUSE_H
#define HOUSE_H

#include <stdint.h>

#include <mach/mach.h>
#include <portcullis/child_port.h>

/* The host's, in its own memory. Pointers are the host's, too. */
typedef struct Room {
	struct Room *next;
	uint64_t clock; /* goes on all the time */
	char name[16];
} Room;

typedef struct House {
	uint64_t magic;
	Room *rooms;
	char motto[48];
} House;

#define HOUSE_MAGIC UINT64_C(0x65756f6820656874)

/* Bounds for somebody who walks a structure that is not its own. */
#define ROOMS_MAX 64

enum { MESSAGE_VISIT = 1, MESSAGE_DONE };

/* From the host: where the house is. */
typedef struct Visit {
	mach_msg_header_t header;
	mach_vm_address_t house;
	mach_msg_max_trailer_t trailer; /* received only */
} Visit;

#define VISIT_SIZE ((mach_msg_size_t)offsetof(Visit, trailer))

/* From the guest: it has seen what it wanted. */
typedef struct Done {
	mach_msg_header_t header;
	mach_msg_max_trailer_t trailer;
} Done;

#define PATIENCE_MS 20000

/* Take the handshake to its end, as a program without an event loop does. */
kern_return_t handshake_wait(portcullis_handshake_t handshake);

#endif
