/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A send right over a connected AF_UNIX socket (datagram or SEQPACKET), between two processes that do
 * not yet have a port in common: how a bootstrap server gives its port to whoever connects to its
 * path. One message of fixed size with two descriptors, the port's address and the end of its pipe. So
 * ordinary ports only: task ports and other objects of the library travel in messages, to a port.
 */
#pragma once

#include "port/types.h"

/* What came over the socket is no right, or is one that cannot be used. */
#define HANDOFF_E_BAD 1
/* Nothing has come, and the other end is gone. */
#define HANDOFF_E_CLOSED 2
/* Nothing has come yet. */
#define HANDOFF_E_EMPTY 3

/* A copy of the send right that name denotes. Does not wait. 0, a KERN_ code for a name that denotes no
 * send right, or -errno of the socket. Takes the lock. */
int handoff_send(int sock, PortName name);

/* Does not wait, and believes nothing: whoever is at the other end may send what it likes. A name with
 * one more user reference, HANDOFF_E_*, or -errno (-ENOSPC: no more names). Takes the lock. */
int handoff_receive(int sock, PortName *ret);
