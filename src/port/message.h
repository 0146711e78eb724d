/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message between copy-in and copy-out: rights as values, memory as owned regions, the
 * bytes behind the descriptors as they were. It owns everything in it; message_free()
 * disposes of what was not taken out, with all the notifications that this entails.
 *
 * A message that goes straight to a socket, or comes from one, lives on the stack and
 * borrows its bytes; one that must wait in a queue is made heap-owned by
 * message_to_heap().
 */
#pragma once

#include "base/list.h"
#include "port/right.h"
#include "port/types.h"

#define MESSAGE_INLINE_ITEMS 2
#define MESSAGE_MAX_SIZE (48u * 1024u * 1024u - 68u)
#define MESSAGE_MAX_PORTS 16383u

struct Item {
	uint8_t type; /* MACH_MSG_*_DESCRIPTOR */
	uint8_t disposition; /* MACH_MSG_TYPE_PORT_*: what a receiver sees */
	uint8_t copy;
	bool deallocate; /* memory: the sender's is gone */
	uint16_t guard_flags;
	uint32_t count; /* ports of an array */
	uint64_t size; /* bytes of memory */
	uint64_t address; /* memory owned by the message, mapped here; or the sender's (borrowed) */
	uint64_t context; /* guarded port */
	uint64_t fd_offset;
	int fd; /* memory that is a sealed memfd and not mapped; else -EBADF */
	bool owned; /* address is the message's own region */
	bool inlined; /* bytes travel inside the datagram */
	Right right; /* PORT, GUARDED_PORT */
	Right *rights; /* OOL_PORTS: heap array of `count` */
};

/* Creds.uid of a message from this very process: looked up when a trailer asks. */
#define CREDS_SELF ((uid_t)-1)

struct Creds {
	pid_t pid; /* 0: made by this library */
	uid_t uid;
	gid_t gid;
	uint32_t pidversion;
};

struct Message {
	TAILQ_ENTRY(Message) link;
	int32_t id;
	uint32_t size; /* header, body, descriptors, bytes: without trailer */
	uint8_t dest_disposition; /* MACH_MSG_TYPE_PORT_SEND or PORT_SEND_ONCE */
	uint8_t reply_disposition;
	bool complex;
	bool holds_dest; /* in a queue: the send right it was sent with counts as a sender */
	bool heap; /* the struct itself */
	bool tail_heap; /* free(tail_buffer) */
	bool tail_mapped; /* tail_buffer is a region */
	bool rights_lost; /* the kernel had no slots for all descriptors */
	bool reply_lost; /* the reply right is among them */
	Creds creds;
	Right reply;
	Item *items;
	uint32_t n_items;
	uint32_t tail_size; /* bytes behind header and descriptors */
	const uint8_t *tail;
	uint8_t *tail_buffer;
	uint64_t tail_region_size;
	Item inline_items[MESSAGE_INLINE_ITEMS];
	uint8_t storage[]; /* heap: the bytes */
};

/* An empty message on the stack. */
void message_init(Message *m);

/* Room for n items, all empty. Returns 0 or KERN_RESOURCE_SHORTAGE. */
int message_alloc_items(Message *m, uint32_t n);

/* A heap message with everything that `m` has; m becomes empty. NULL: no memory, m is as
 * it was. Memory that was borrowed must have been made owned before. */
Message *message_to_heap(Message *m);

/* Disposes of all that is left in it, and of itself if it is on the heap. May drop and retake
 * the lock when it holds receive rights. */
void message_free(Message *m);

/* Memory that was to be given away, and is the program's so far: a message that is as good as sent has
 * taken it along, whether it was copied or nobody gets it. */
void message_drop_memory(Message *m);

/* Disposes of the contents only. */
void message_clear(Message *m);

/* As message_clear(), but rights that have left through their descriptors die silently. */
void message_clear_sent(Message *m);

/* Number of rights with descriptors of their own, and whether one is a receive right. */
bool message_has_receive(const Message *m);

/* Notes of every receive right in it that it waits at `dest` from now on. -ELOOP: one of them would
 * wait in its own queue, of which it could never come out; -ENOMEM. */
int message_note_transit(Message *m, Port *dest);
