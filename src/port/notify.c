/* SPDX-License-Identifier: Apache-2.0 */
#include "port/notify.h"

#include <string.h>

#include <mach/ndr.h>
#include <mach/notify.h>

#include "port/deliver.h"
#include "port/message.h"
#include "port/once.h"
#include "port/port.h"
#include "port/queue.h"
#include "port/task.h"

static void notification_init(Message *m, int id)
{
	message_init(m);
	m->id = id;
	m->size = sizeof(mach_msg_header_t);
	m->dest_disposition = MACH_MSG_TYPE_PORT_SEND_ONCE;
	m->creds = (Creds){.pid = 0, .uid = 0, .gid = 1};
}

void notify_number(Right *notify, int id, uint32_t number)
{
	uint8_t body[sizeof(NDR_record_t) + sizeof(number)];
	Message m;

	if (task.forgetting || notify->kind != RIGHT_SEND_ONCE) {
		right_drop(notify);
		return;
	}
	notification_init(&m, id);
	memcpy(body, &NDR_record, sizeof(NDR_record_t));
	memcpy(body + sizeof(NDR_record_t), &number, sizeof(number));
	m.tail = body;
	m.tail_size = sizeof(body);
	m.size += m.tail_size;
	if (deliver_once(notify, &m))
		right_drop(notify);
}

void notify_fill_send_once(Message *m)
{
	notification_init(m, MACH_NOTIFY_SEND_ONCE);
}

bool notify_is_send_once(const Message *m)
{
	return m->id == MACH_NOTIFY_SEND_ONCE && m->creds.pid == 0 &&
	       m->dest_disposition == MACH_MSG_TYPE_PORT_SEND_ONCE;
}

void notify_send_once(Port *port)
{
	Message m, *heap;

	if (task.forgetting || port->state != PORT_LOCAL)
		return;
	notify_fill_send_once(&m);
	heap = message_to_heap(&m);
	if (heap)
		queue_append_take(port, heap);
	else if (port_need_extra(port) == 0)
		queue_owe_send_once(port);
}

void notify_port_destroyed(Right *notify, Port *port)
{
	Message m;

	notification_init(&m, MACH_NOTIFY_PORT_DESTROYED);
	(void)message_alloc_items(&m, 1); /* one fits in line */
	m.complex = true;
	m.items[0].type = MACH_MSG_PORT_DESCRIPTOR;
	m.items[0].disposition = MACH_MSG_TYPE_PORT_RECEIVE;
	m.items[0].right = (Right){.kind = RIGHT_RECEIVE, .port = port_ref(port)};
	m.size = sizeof(mach_msg_base_t) + sizeof(mach_msg_port_descriptor_t);
	if (deliver_once(notify, &m)) {
		right_drop(notify);
		message_clear(&m);
	}
}
