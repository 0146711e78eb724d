/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds rights to which port, over all processes that were examined.
 *
 * Send and receive rights meet by the key of their port. A send-once right that went to another
 * process is one end of a socket pair, or a turn on one, of which the port's owner has the other
 * end: the kernel knows which ends belong together. Send-once rights have no key of their own, so the
 * key of the port that they lead to is looked up here.
 *
 * Borrows the processes, which must not change meanwhile.
 */
#pragma once

#include "tools/lsmp-diag.h"
#include "tools/lsmp-worker.h"

/* One row of one process. */
typedef struct RowRef {
	uint32_t process;
	uint32_t row;
} RowRef;

typedef struct KeyEntry {
	PortKey key;
	RowRef ref;
} KeyEntry;

typedef struct SocketEntry {
	uint64_t inode;
	RowRef ref;
} SocketEntry;

typedef struct Match {
	const Process *processes;
	size_t n_processes;
	KeyEntry *keys; /* in order of the keys */
	size_t n_keys;
	SocketEntry *answers; /* ends on which rows await answers, in order of the inodes */
	size_t n_answers;
	SocketEntry *onces; /* ends that send-once rows are */
	size_t n_onces;
	Diag diag;
} Match;

/* Returns 0 or -errno. */
int match_init(Match *m, const Process *processes, size_t n) _warn_unused_;
void match_deinit(Match *m);

#define _cleanup_match_ _cleanup_(match_deinit)

/* What is known of a row beyond the row itself. */
typedef struct Facts {
	PortKey key; /* the row's own, or that of the port that a send-once right leads to */
	const Row *owner; /* SEND_ONCE: the row of that port's receive right, or NULL */
	uint32_t owner_process;
	bool proven; /* its descriptors are what it says */
	bool queue_known; /* RECEIVE: whether anything waits in the kernel is known */
	uint32_t queued_bytes; /* of the first message there; 0: none waits */
} Facts;

Facts match_facts(const Match *m, RowRef ref);

/* A right to the same port in another process. */
typedef struct Holder {
	uint32_t process;
	uint8_t type; /* ENTRY_* */
} Holder;

/* Calls fn for each right that another examined process has to the port of this row. */
typedef void (*HolderFn)(void *ctx, const Holder *holder);
void match_others(const Match *m, RowRef ref, HolderFn fn, void *ctx);
