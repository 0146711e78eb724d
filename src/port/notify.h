/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications. They are made by the library of the process in which the event is seen and
 * bear creds.pid 0, which no message from another process can have.
 */
#pragma once

#include "port/right.h"
#include "port/types.h"

/* A notification of one number: PORT_DELETED, SEND_POSSIBLE, DEAD_NAME (a name), NO_SENDERS (a
 * count). Consumes the send-once right; without memory the right dies instead, which is a
 * notification too. */
void notify_number(Right *notify, int id, uint32_t number);

/* MACH_NOTIFY_SEND_ONCE to a local port. */
void notify_send_once(Port *port);

/* MACH_NOTIFY_PORT_DESTROYED: the receive right moves to the notify port. */
void notify_port_destroyed(Right *notify, Port *port);

/* The message that MACH_NOTIFY_SEND_ONCE is, for a receiver that finds one out by itself. */
void notify_fill_send_once(Message *m);

/* Whether this is one; no message from outside looks like it. */
bool notify_is_send_once(const Message *m);
