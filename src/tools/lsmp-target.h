/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that is looked at from outside.
 *
 * Everything goes through one descriptor of /proc/PID, so that a pid that is used again is noticed,
 * and through /proc/PID/mem, never process_vm_readv(): the former is permitted once, when it is
 * opened, and belongs to that address space for good. The process goes on running meanwhile, and
 * may be an enemy: whatever is read from its memory is a claim. A read may also never return (a
 * page behind FUSE or userfaultfd), so this is for workers that can be given up.
 */
#pragma once

#include "port/anchor.h"
#include "tools/lsmp-model.h"

typedef struct Target {
	pid_t pid;
	int dir; /* /proc/PID */
	int mem;
	Anchor anchor;
} Target;

#define TARGET_NULL ((Target){.dir = -EBADF, .mem = -EBADF})

/* Opens the process and finds its space. Fills *head: comm, uid, and where the result, which is
 * head->outcome too, is not OUTCOME_OK, the detail. */
Outcome target_init(Target *t, pid_t pid, ModelHead *head);
void target_deinit(Target *t);

#define _cleanup_target_ _cleanup_(target_deinit)

/* All n bytes, or false. */
bool target_read(const Target *t, uint64_t address, void *p, size_t n);

/* The inode of the socket that the process has under this descriptor; 0: it is no socket. */
uint64_t target_socket(const Target *t, int fd);

/* The process or thread whose pidfd the process has under this descriptor; 0: it is none, or one of
 * another pid namespace. */
pid_t target_pidfd(const Target *t, int fd);

/* The identity of the port whose address is this descriptor; KEY_NONE: it is no such thing. */
PortKey target_key(const Target *t, int fd);
