/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where lsmp finds the space of another process: a page of a memfd by the name of
 * "portcullis-space", which /proc/PID/maps shows, holds the addresses and sizes of what it must
 * read. The structures themselves are read from the process's memory as they are, so tool and library
 * must be of one layout version; a process of another version is reported, not guessed at.
 *
 * `layout` sums up where each field is that lsmp looks at, so that a change of layout is noticed
 * also where ANCHOR_VERSION was forgotten. A field that lsmp begins to read belongs into the list.
 */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"
#include "port/answer.h"
#include "port/backing.h"
#include "port/kobject.h"
#include "port/lease_server.h"
#include "port/message.h"
#include "port/once.h"
#include "port/port.h"
#include "port/pset.h"
#include "port/sender.h"
#include "port/space.h"
#include "port/types.h"

#define ANCHOR_NAME "portcullis-space"
#define ANCHOR_MAGIC UINT64_C(0x31636170734d4350)
#define ANCHOR_VERSION 1

typedef struct Anchor {
	uint64_t magic;
	uint32_t version;
	uint32_t pid;
	uint64_t chunks; /* address of the table of chunks */
	uint32_t n_chunks;
	uint32_t entries_in_chunk;
	uint32_t entry_size, port_size, extra_size, backing_size, once_size, set_size;
	uint64_t layout;
} Anchor;

/* Makes the page; without memory there is none, and lsmp says so. */
void anchor_publish(void);
void anchor_after_fork(void);

static inline uint64_t anchor_layout(void)
{
	static const uint32_t places[] = {
		offsetof(Entry, object),
		offsetof(Entry, name),
		offsetof(Entry, urefs),
		offsetof(Entry, type),
		offsetof(Entry, flags),
		offsetof(Port, name),
		offsetof(Port, srights),
		offsetof(Port, mscount),
		offsetof(Port, seqno),
		offsetof(Port, sorights),
		offsetof(Port, qlimit),
		offsetof(Port, msgcount),
		offsetof(Port, state),
		offsetof(Port, kobject_type),
		offsetof(Port, flags),
		offsetof(Port, context),
		offsetof(Port, queue),
		offsetof(Port, kobject),
		offsetof(Port, extra),
		offsetof(Port, backing),
		offsetof(PortExtra, late),
		offsetof(PortExtra, sets),
		offsetof(PortExtra, n_carriers),
		offsetof(PortExtra, answers),
		offsetof(PortExtra, n_leases),
		offsetof(PortExtra, nsrequest),
		offsetof(PortExtra, pdrequest),
		offsetof(PortExtra, dropped),
		offsetof(Backing, port),
		offsetof(Backing, sender),
		offsetof(Backing, addr),
		offsetof(Backing, sock),
		offsetof(Backing, pipe_w),
		offsetof(Backing, n_pipes),
		offsetof(Backing, supervised),
		offsetof(SendOnce, kind),
		offsetof(SendOnce, name),
		offsetof(SendOnce, port),
		offsetof(SendOnce, fd),
		offsetof(SendOnce, lease),
		offsetof(PortSet, name),
		offsetof(PortSet, members),
		offsetof(Membership, by_set),
		offsetof(Membership, by_port),
		offsetof(Membership, set),
		offsetof(Membership, port),
		sizeof(Membership),
		offsetof(Answer, link),
		offsetof(Answer, port),
		offsetof(Answer, fd),
		sizeof(Answer),
		offsetof(Message, link),
		offsetof(Message, id),
		offsetof(Message, size),
		offsetof(Message, creds),
		offsetof(Message, n_items),
		sizeof(Message),
		offsetof(Kobject, id),
		offsetof(Kobject, n_fds),
		offsetof(Kobject, fds),
		offsetof(Kobject, facts),
		sizeof(Kobject),
		offsetof(LeaseServer, fd),
		offsetof(Sender, fd),
	};
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		sum = (sum ^ places[i]) * UINT64_C(0x100000001b3);
	return sum;
}
