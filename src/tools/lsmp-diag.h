/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel tells about the AF_UNIX sockets of this network namespace: who is connected to
 * whom, what waits in a queue, and the inode that a socket was bound to. Anybody may ask, by
 * NETLINK_SOCK_DIAG; a kernel without it leaves the table empty.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define DIAG_MAX_SOCKETS (1u << 20)

typedef struct DiagSocket {
	uint32_t inode; /* of the socket itself, as /proc/PID/fd shows it */
	uint32_t peer; /* 0: none, or unknown */
	uint32_t queued; /* bytes of the first message that waits; 0: none waits */
	uint32_t bound_inode; /* 0: not bound to a name in a file system */
} DiagSocket;

typedef struct Diag {
	DiagSocket *sockets; /* by inode */
	size_t n;
} Diag;

/* Asks for all sockets. What cannot be had is left out: an error is an empty table. */
void diag_init(Diag *diag);
void diag_deinit(Diag *diag);

#define _cleanup_diag_ _cleanup_(diag_deinit)

/* NULL: the kernel did not tell of it. */
const DiagSocket *diag_find(const Diag *diag, uint64_t inode);
