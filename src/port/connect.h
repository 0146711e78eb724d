/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connecting a socket to an address that is known only as an O_PATH descriptor.
 */
#pragma once

#include "port/types.h"

/* How long a connect to an address on an unknown file system may take. */
#define CONNECT_DEADLINE_MS 2000
/* The same while an earlier one has not come back. */
#define CONNECT_HURRY_MS 50

/* A fresh AF_UNIX SOCK_DGRAM socket connected to addr_fd through /proc/self/fd.
 * `known_device` says that the file system is one of ours: then the connect cannot hang
 * and runs here; otherwise it runs on a helper thread with CONNECT_DEADLINE_MS (the
 * helper owns a duplicate of addr_fd; the caller waits at most that long).
 * Where /proc is not reachable (chroot, hidden), a helper thread with a file system
 * context of its own, whose working directory is a /proc/self/fd opened earlier, does it.
 * Returns 0 and the socket (close-on-exec, caller owns it), KERN_INVALID_CAPABILITY when
 * nobody receives there any more (ECONNREFUSED), KERN_NO_ACCESS when the address refuses us but is
 * not proven to be dead (its mode was changed, or it is no datagram socket), MACH_SEND_TIMED_OUT on
 * the deadline, or -errno. Call without the task's lock when known_device is false. */
int connect_dgram(int addr_fd, bool known_device, int *ret_sock);

/* Sends one empty datagram to addr_fd without blocking: wakes a receiver of one's own
 * port. Best effort. */
void connect_poke(int addr_fd);

/* Opens /proc early, so that a later chroot or a hidden /proc does no harm. */
void connect_prepare(void);

/* Around a fork, below the task's lock: nothing is locked beneath. */
void connect_before_fork(void);
void connect_after_fork_parent(void);
void connect_after_fork(void);
