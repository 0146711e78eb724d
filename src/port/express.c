/* SPDX-License-Identifier: Apache-2.0 */
#include "port/express.h"

#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/uncancelled.h"
#include "port/backing.h"
#include "port/creds.h"
#include "port/port.h"
#include "port/sender.h"
#include "port/space.h"
#include "port/task.h"
#include "port/wire.h"

typedef struct Express {
	WireHeader header;
	uint8_t bytes[EXPRESS_MAX];
} Express;

/* The sender for a name, with a reference; the header gets the authority to use it. */
static Sender *look_up(PortName name, WireHeader *header)
{
	Sender *sender = NULL;
	const Entry *entry;
	const Port *port;

	task_lock();
	entry = space_find_raw(name);
	if (likely(entry && entry->type == ENTRY_SEND)) {
		port = entry->port;
		if (likely(port->state == PORT_REMOTE && port->backing->sender)) {
			sender = sender_ref(port->backing->sender);
			memcpy(header->secret, port->backing->ident.secret, sizeof(header->secret));
		}
	}
	task_unlock();
	return sender;
}

bool express_send(const mach_msg_header_t *msg, mach_msg_size_t size)
{
	uint32_t tail = size - (uint32_t)sizeof(*msg);
	Sender *sender;
	ssize_t n;
	Express e;

	if (msg->msgh_bits != MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0) ||
		msg->msgh_local_port != MACH_PORT_NULL ||
		msg->msgh_voucher_port != MACH_PORT_NULL || size < sizeof(*msg) || size % 4 ||
		tail > EXPRESS_MAX || creds_are_told())
		return false;
	sender = look_up(msg->msgh_remote_port, &e.header);
	if (!sender)
		return false;
	e.header.magic = WIRE_MAGIC;
	e.header.version = WIRE_VERSION;
	e.header.type = WIRE_MESSAGE;
	e.header.flags = 0;
	e.header.lane = e.header.seq = e.header.after = 0;
	e.header.id = msg->msgh_id;
	e.header.n_records = 0;
	e.header.tail_size = tail;
	e.header.lease_id = e.header.lease_seq = 0;
	e.header.reply_disposition = 0;
	memset(e.header.pad, 0, sizeof(e.header.pad));
	memcpy(e.bytes, msg + 1, tail);
	n = uncancelled_sendto(
		sender->fd, &e, sizeof(e.header) + tail, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
	sender_put(sender);
	return n >= 0;
}
