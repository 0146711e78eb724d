/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program asked to be told: no-senders and port-destroyed of its receive rights,
 * dead-name and send-possible of its names (one slot for both, as in the original).
 */
#pragma once

#include "port/right.h"
#include "port/types.h"

/* Registers; on success `notify` has been consumed (it may be RIGHT_NONE: cancel) and
 * *ret_previous is the right that was registered before. The codes are those of
 * mach_port_request_notification. */
int request_no_senders(Port *port, uint32_t sync, Right *notify, Right *ret_previous);
int request_port_destroyed(Port *port, Right *notify, Right *ret_previous);
int request_name(
	PortName name, bool send_possible, bool immediate, Right *notify, Right *ret_previous);

/* Fires no-senders if it is due. */
void request_check_no_senders(Port *port);

/* The name goes away with its request armed: MACH_NOTIFY_PORT_DELETED. */
void request_name_deleted(Entry *entry);

/* The name turned into a dead name: MACH_NOTIFY_DEAD_NAME, and one user reference more. */
void request_name_died(Entry *entry);

/* A slot came free at the port: MACH_NOTIFY_SEND_POSSIBLE to whoever armed it. */
void request_send_possible(Port *port);

/* MACH_SEND_NOTIFY: the send timed out; an existing send-possible request is armed now. Returns
 * false when there is none for this name. */
bool request_arm_send_possible(PortName name);

/* Bits of mach_port_type: MACH_PORT_TYPE_DNREQUEST, SPREQUEST, SPREQUEST_DELAYED. */
uint32_t request_type_bits(PortName name);

/* What the name stands for has moved to another process: it is watched there from now on. Where that
 * fails, for want of a descriptor perhaps, it is tried again by the watcher, and when the next request
 * is made. */
void request_moved_away(PortName name);

/* Tries again. Returns whether something is left to be tried. With the lock, which it may leave. */
bool request_watch_again(void);

/* For dnrequest_info and lsmp. */
uint32_t request_count(PortName name);

/* In a fork child: the slots go, the rights in them are not looked at. */
void request_forget_all(void);
