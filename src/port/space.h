/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name space of this task: a table from 32-bit names to rights.
 *
 * A name is index << 8 | generation; the generation steps by four and its low bits are
 * set, as in the original. A freed slot goes to the end of a queue and is used again only
 * when SPACE_RESERVE others are free too, so that a stale name meets another object only
 * after tens of thousands of allocations, never after the next one.
 *
 * One name stands for all send rights and the receive right of a port: the port itself
 * remembers it (port->name). Send-once rights and sets have a name each.
 */
#pragma once

#include "port/types.h"

#define SPACE_CHUNK 512u
#define SPACE_MAX_INDEX (1u << 24)
#define SPACE_RESERVE 2048u
#define SPACE_UREFS_MAX 65535u

/* The kinds of right that a name can stand for: MACH_PORT_TYPE_* >> 16. */
enum {
	ENTRY_SEND = 1,
	ENTRY_RECEIVE = 2,
	ENTRY_SEND_ONCE = 4,
	ENTRY_PORT_SET = 8,
	ENTRY_DEAD_NAME = 16,
};

enum {
	ENTRY_F_QUEUED = 1, /* free, and in the queue of free slots */
	ENTRY_F_REQUEST = 2, /* a dead-name or send-possible request is armed */
	ENTRY_F_HIDDEN = 4, /* the library's own: no routine lists it */
};

struct Entry {
	union {
		void *object;
		Port *port; /* SEND, RECEIVE, DEAD_NAME (may be NULL then): one reference */
		SendOnce *once;
		PortSet *set;
		struct {
			uint32_t next;
			uint32_t prev;
		};
	};
	uint32_t name; /* while free: the last name it had, 0 if none */
	uint16_t urefs; /* of SEND, or of DEAD_NAME, or 1 for SEND_ONCE */
	uint8_t type; /* ENTRY_*, 0 when free */
	uint8_t flags;
};

/* Never NULL for a used name; NULL when the name denotes nothing now. A name whose port has
 * died meanwhile is turned into a dead name here, as ipc_right_check does. */
Entry *space_find(PortName name);

/* As above, without looking whether the port has died. */
Entry *space_find_raw(PortName name);

/* A free slot under a fresh name: type 0, urefs 0; the caller fills it at once.
 * Returns 0, KERN_NO_SPACE or KERN_RESOURCE_SHORTAGE. */
int space_alloc(Entry **ret);

/* The slot of a name chosen by the caller. Returns 0, KERN_INVALID_VALUE (not a legal
 * name), KERN_NAME_EXISTS, KERN_FAILURE (index 0, or in use with another generation),
 * KERN_RESOURCE_SHORTAGE. */
int space_alloc_name(PortName name, Entry **ret);

/* Frees a slot whose object the caller has already disposed of. */
void space_release(Entry *entry);

/* Adds user references to a SEND or DEAD_NAME entry; sticks at SPACE_UREFS_MAX. */
void entry_urefs_add(Entry *entry, uint32_t n);

/* Walks all used entries: call with *index = 0, then again until NULL. */
Entry *space_next(uint32_t *index);

/* Numbers for mach_port_space_info: slots in the table, slots in use. */
uint32_t space_size(void);
uint32_t space_used(void);

/* For lsmp: the root of the table as other processes may read it. */
const void *space_chunks(void);

/* In a fork child: the table is emptied without touching the objects. */
void space_forget(void);
