/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carriers: packets that travel by a single descriptor. What one datagram has no room for (more than
 * WIRE_MAX_FDS descriptors), the messages that were in the memory of a receive right's last owner,
 * and the answer to a send-once right that was passed on go by them.
 *
 * A receiver must not read a socket of which somebody else may have a duplicate: whoever is stuck in
 * a recvmsg() on it, because his buffer lies in a FUSE file, holds a mutex of the socket that
 * everybody else's recvmsg() waits for, MSG_DONTWAIT or not, signal or not. So what travels is not
 * the socket with the packets in it but a listening one, with one connection that nobody has accepted
 * yet. Its packets are there already; the open file through which they are read comes into being with
 * the receiver's accept(), as his alone, and what was accepted by somebody else is not there to be
 * accepted again. Nor can accept() be made to wait: a listening socket that was shut down has nothing
 * to wait for, and is never undone.
 *
 * The listening socket needs a name for as long as it takes to connect to it. It has a random one in
 * the abstract name space, and room for one connection: if it is ours it is the only one, if it is
 * not (somebody watches /proc/net/unix, and was fast) another socket is made.
 *
 * No state: safe from any thread. A carrier of a peer's is closed by the reaper as all else.
 */
#pragma once

#include <sys/uio.h>

#include "port/types.h"

/* *ret_writer is written to; *ret_carrier is what travels. Nothing but carrier_open_consume() and
 * carrier_accept_consume() may be done with the latter. Returns 0 or -errno. */
int carrier_new(int *ret_writer, int *ret_carrier);

/* One packet, without blocking. Without an iovec it is one byte. -EAGAIN: full. */
int carrier_write(int fd, const struct iovec *iov, unsigned n_iov, const int *fds, unsigned n_fds);

/* The end on which the packets are read, credentials included, from a carrier that anybody may have
 * sent (of kind PROBE_LISTENER). Open: the writer may go on, and this is one end of a connection.
 * Returns the descriptor, which is read by nobody else; -EBADF if there is no connection (any more),
 * or -errno. Never blocks. */
int carrier_accept_consume(int carrier);

/* The same, and nothing more can be written: reading it comes to an end. */
int carrier_open_consume(int carrier);
