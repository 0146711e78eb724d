/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory entries: memory that a right stands for, as an object of kport.h. It is a memfd of final
 * size, and nothing else: what its holder may do is what the kernel lets him do with the
 * descriptor. So a read-only entry is of a memfd that nobody can map for writing any more,
 * whatever his user; its maker's own mapping, which is older, stays writable.
 *
 * An entry is all of its memfd: a part of one could not be told from the whole by who holds it.
 */
#pragma once

#include "base/cleanup.h"
#include "port/kobject.h"

/* Finishes the memfd (its size, and without `is_writable` its future) and makes an object of it.
 * Consumes the descriptor. Returns 0, KERN_NOT_SUPPORTED (memory of which there is an entry of the
 * other kind) or -errno. */
int entry_new_consume(int memfd, bool is_writable, Kobject **ret) _warn_unused_;

typedef struct MemoryEntry {
	int fd; /* the object's */
	uint64_t size;
	int prot; /* PROT_READ, and PROT_WRITE where a shared mapping may be written to */
} MemoryEntry;

/* What it is. Returns 0 or -errno. */
int entry_look(const Kobject *object, MemoryEntry *ret) _warn_unused_;
