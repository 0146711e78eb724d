/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving a receive right to another process: the socket with all that is queued in it, the
 * address, the epoch pipes, the answers that are awaited, and what is still in this process's
 * memory, which goes into carriers (see carrier.h; one packet a message) that the new owner reads
 * first.
 *
 * A carrier was written to the end before it was sent, and nothing comes in once it is being read.
 */
#pragma once

#include "port/decode.h"
#include "port/encode.h"
#include "port/types.h"

#define MOVE_MAX_PIPES 4096u
#define MOVE_MAX_ANSWERS 4096u
#define MOVE_MAX_CARRIERS 256u

/* Appends the descriptors of a local port in transit. Local send-once rights become pairs,
 * leases that clients hold are evicted, messages in memory go into carriers (which the port
 * then has as its own, so that nothing is lost if the send fails). */
int move_encode(Encoder *e, WireRecord *record, Port *port);

/* The right has left: this process keeps at most send rights. */
void move_commit(Port *port);

/* The receive right is destroyed here while a keeper has a duplicate: the port lives on without a
 * receiver. What was in this process's memory goes. False: no memory, nothing was done. */
bool move_give_up(Port *port);

/* move_commit() for every receive right in a message that has been sent. */
void move_commit_message(Message *m);

/* A port whose receive right arrives on `sock`, which it takes. Returns 0 or sock if that is an error. */
int move_become_local(Port *port, int sock, uint32_t qlimit, bool supervised);

/* Makes a receive right of what arrived; coalesces with send rights that are here. */
int move_decode(Decoder *d, const WireRecord *record, Right *ret);

/* The kernel frees a cycle of sockets in flight only when some AF_UNIX socket is closed. */
void move_kick_collector(void);
