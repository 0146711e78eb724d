/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity of a port: what the kernel says of the inode that its socket was bound
 * to. An inode number alone is not one: on tmpfs it is a 32-bit counter that wraps and
 * can be driven round on purpose within hours; a birth time in the past can not be made
 * again. The epoch secret is part of the key, so that a peer that passes a genuine
 * address with a wrong secret makes a port of its own and cannot spoil the genuine one.
 */
#pragma once

#include "port/types.h"

struct Ident {
	uint64_t dev;
	uint64_t ino;
	uint64_t btime_ns;
	uint8_t secret[16];
};

/* Reads dev, ino and btime of an O_PATH descriptor without ever asking its file system
 * (AT_STATX_DONT_SYNC). The secret is left as it is.
 * Returns 0, -errno, or KERN_INVALID_ARGUMENT: not a socket inode, or no birth time. */
int ident_read(int addr_fd, Ident *ident);

bool ident_equal(const Ident *a, const Ident *b);
