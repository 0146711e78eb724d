/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private directory in which sockets are bound for the instant that it takes to open
 * them by O_PATH and unlink them: /dev/shm/portcullis-<uid>/, mode 0700, owner checked,
 * made again when a cleaner took it. One file system for all uids, so that the device of
 * a genuine address is nearly always one that this process knows.
 */
#pragma once

#include "port/types.h"

/* A fresh blank port: *ret_sock is a bound AF_UNIX SOCK_DGRAM socket with SO_PASSCRED on,
 * *ret_addr an O_PATH descriptor of its inode (mode 0777, already unlinked). Both are
 * close-on-exec and above stdio; the caller owns them. `ret_ident` gets dev, ino, btime.
 * Needs no lock. Returns 0 or -errno. */
int portdir_mint(int *ret_sock, int *ret_addr, Ident *ret_ident);

/* Whether `dev` is the device of a port directory that this process has used or can see
 * at the usual place. Never touches the file system of `dev` itself. */
bool portdir_knows_device(uint64_t dev);

/* Removes sockets that a crash left in the directories in use: those whose names are older than
 * that many seconds. Done by itself, with PORTDIR_STALE_S, when a directory is first used. Returns
 * how many. A mint of another process that this disturbs makes its port again. */
#define PORTDIR_STALE_S 30
unsigned portdir_sweep(unsigned older_than_s);

/* Around a fork: the first before it, then one of the others in the parent, the other in the child,
 * where it forgets descriptors that were closed. Below the task's lock; nothing is locked beneath. */
void portdir_before_fork(void);
void portdir_after_fork_parent(void);
void portdir_after_fork(void);
