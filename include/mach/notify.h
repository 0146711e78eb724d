/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications: the messages that the library itself sends to ports that asked for them with
 * mach_port_request_notification(). No peer can forge one: the audit token in its trailer is all
 * zero and the sender is {0, 1}, which no process can have.
 */
#ifndef _MACH_NOTIFY_H_
#define _MACH_NOTIFY_H_

#include <mach/message.h>
#include <mach/ndr.h>
#include <mach/port.h>

#define MACH_NOTIFY_FIRST 0100
#define MACH_NOTIFY_PORT_DELETED (MACH_NOTIFY_FIRST + 001)
#define MACH_NOTIFY_SEND_POSSIBLE (MACH_NOTIFY_FIRST + 002)
#define MACH_NOTIFY_PORT_DESTROYED (MACH_NOTIFY_FIRST + 005)
#define MACH_NOTIFY_NO_SENDERS (MACH_NOTIFY_FIRST + 006)
#define MACH_NOTIFY_SEND_ONCE (MACH_NOTIFY_FIRST + 007)
#define MACH_NOTIFY_DEAD_NAME (MACH_NOTIFY_FIRST + 010)
#define MACH_NOTIFY_LAST (MACH_NOTIFY_FIRST + 015)

typedef mach_port_t notify_port_t;

#pragma pack(push, 4)

/* The last reference of a name went that a notification was asked for on. */
typedef struct {
	mach_msg_header_t not_header;
	NDR_record_t NDR;
	mach_port_name_t not_port; /* the former name */
	mach_msg_format_0_trailer_t trailer;
} mach_port_deleted_notification_t;

/* The queue of a port has room again. */
typedef struct {
	mach_msg_header_t not_header;
	NDR_record_t NDR;
	mach_port_name_t not_port; /* the name of the send right */
	mach_msg_format_0_trailer_t trailer;
} mach_send_possible_notification_t;

/* A receive right would have been destroyed; it is here instead, with all that is queued. */
typedef struct {
	mach_msg_header_t not_header;
	mach_msg_body_t not_body;
	mach_msg_port_descriptor_t not_port; /* owned by whoever receives this */
	mach_msg_format_0_trailer_t trailer;
} mach_port_destroyed_notification_t;

/* No send right to the port is left. */
typedef struct {
	mach_msg_header_t not_header;
	NDR_record_t NDR;
	mach_msg_type_number_t not_count; /* the make-send count at that time */
	mach_msg_format_0_trailer_t trailer;
} mach_no_senders_notification_t;

/* A send-once right was given up unused. */
typedef struct {
	mach_msg_header_t not_header;
	mach_msg_format_0_trailer_t trailer;
} mach_send_once_notification_t;

/* A name became a dead name; it has one user reference more, which the receiver must drop. */
typedef struct {
	mach_msg_header_t not_header;
	NDR_record_t NDR;
	mach_port_name_t not_port; /* the dead name */
	mach_msg_format_0_trailer_t trailer;
} mach_dead_name_notification_t;

#pragma pack(pop)

#endif
