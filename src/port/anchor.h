/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where lsmp finds the space of another process: a page of a memfd by the name of
 * "portcullis-space", which /proc/PID/maps shows, holds the addresses and sizes of what it must
 * read. The structures themselves are read from the process's memory as they are, so tool and library
 * must be of one layout version; a process of another version is reported, not guessed at.
 */
#pragma once

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
} Anchor;

/* Makes the page; without memory there is none, and lsmp says so. */
void anchor_publish(void);
void anchor_after_fork(void);
