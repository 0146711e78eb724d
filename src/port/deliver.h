/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message on its way to its destination, wherever that is.
 */
#pragma once

#include "base/clock.h"
#include "port/budget.h"
#include "port/right.h"
#include "port/types.h"

/* Sends with a send-once right. Consumes the right and the contents of the message in every case
 * (a right whose port is gone swallows the message, as on Mach), but MACH_SEND_NO_BUFFER: then
 * both are left as they were. Never blocks. Keeps the lock. */
int deliver_once(Right *once, Message *m);

/* Sends to a port, for which the caller holds a reference (not the lock's protection: the lock is
 * dropped while the thread blocks). `deadline` 0: do not block. On success the contents are
 * consumed; otherwise they are left, but for out-of-line memory that may have moved.
 * 0; MACH_SEND_TIMED_OUT, MACH_SEND_INTERRUPTED, MACH_SEND_NO_BUFFER, MACH_SEND_TOO_LARGE,
 * MACH_SEND_INVALID_MEMORY; MACH_SEND_INVALID_DEST: dead before anything was done. */
int deliver_port(Port *port, Message *m, Deadline deadline);

/* The answer to a send-once right, on its pair; `seq` is the request's number on a lease, 0 in the
 * general form. Descriptors in it are charged to that user and process. Consumes the contents on success. 0,
 * MACH_SEND_NO_BUFFER, MACH_SEND_INVALID_MEMORY, or -errno: nobody reads there. */
int deliver_answer_on(int fd, Message *m, BudgetCharge *charge, uid_t uid, pid_t pid, uint64_t seq);
