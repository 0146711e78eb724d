/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of this process's own memory: its mappings, and whether a private mapping of
 * a file still shows the file. Nothing is cached, since programs map and unmap behind our back.
 */
#pragma once

#include "port/types.h"

typedef struct VmArea {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in the file */
	uint64_t ino;
	uint64_t dev;
	int prot; /* PROT_* */
	bool is_shared;
} VmArea;

/* A descriptor for vmarea_find(), which the caller closes after a few calls. Or -errno: /proc cannot
 * be reached. */
int vmarea_open(void);

/* The mapping that covers the address, or else the next one above it. Returns 0,
 * KERN_INVALID_ADDRESS (there is none) or -errno. */
int vmarea_find(int vmarea_fd, uint64_t address, VmArea *ret);

/* Whether no page of a private file mapping was written to since it was made: all that is in
 * [start, end) is what is in the file. False if that cannot be told. */
bool vmarea_is_pristine(uint64_t start, uint64_t end);
