/* SPDX-License-Identifier: Apache-2.0 */
#include "port/copyout.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "port/creds.h"
#include "port/pidversion.h"
#include "port/port.h"
#include "port/region.h"
#include "port/space.h"

#define ROUND4(n) (((n) + 3u) & ~3u)

mach_msg_size_t trailer_size(mach_msg_option_t options)
{
	return REQUESTED_TRAILER_SIZE(options);
}

int copyout_right(Right *right, PortName *ret_name)
{
	int r = right_copyout(right, ret_name);

	if (!r)
		return 0;
	*ret_name = MACH_PORT_NULL;
	right_drop(right);
	return r == KERN_RESOURCE_SHORTAGE ? MACH_MSG_IPC_KERNEL : MACH_MSG_IPC_SPACE;
}

static int copyout_port(Item *item, uint8_t **p)
{
	mach_msg_port_descriptor_t d = {
		.disposition = item->disposition,
		.type = MACH_MSG_PORT_DESCRIPTOR,
	};
	PortName name;
	int bits;

	bits = copyout_right(&item->right, &name);
	d.name = name;
	memcpy(*p, &d, sizeof(d));
	*p += sizeof(d);
	return bits;
}

/* The receiver finds the port guarded with the address of the descriptor. */
static int copyout_guarded(Item *item, uint8_t **p)
{
	mach_msg_guarded_port_descriptor_t d = {
		.flags = item->guard_flags,
		.disposition = item->disposition,
		.type = MACH_MSG_GUARDED_PORT_DESCRIPTOR,
	};
	Port *port = item->right.kind == RIGHT_RECEIVE ? item->right.port : NULL;
	PortName name;
	int bits;

	bits = copyout_right(&item->right, &name);
	if (port && MACH_PORT_VALID(name)) {
		d.context = (mach_port_context_t)(uintptr_t)*p;
		port->context = d.context;
		port->flags |= PORT_F_GUARDED | PORT_F_CONTEXT_SET;
		if (item->guard_flags & MACH_MSG_GUARD_FLAGS_IMMOVABLE_RECEIVE)
			port->flags |= PORT_F_IMMOVABLE;
	}
	d.name = name;
	memcpy(*p, &d, sizeof(d));
	*p += sizeof(d);
	return bits;
}

/* Memory of the message's own, mapped here. */
static int item_map(Item *item)
{
	uint64_t copy = 0;

	if (item->owned || item->size == 0)
		return 0;
	if (item->deallocate && item->address) {
		copy = item->address; /* never left the program, but as a copy */
	} else if (item->fd >= 0) {
		if (region_map_consume(TAKE_FD(item->fd), item->fd_offset, item->size, &copy))
			return MACH_MSG_VM_SPACE;
	} else if (region_allocate(&copy, item->size, true, false)) {
		return MACH_MSG_VM_SPACE;
	} else if (region_copy_in((void *)(uintptr_t)copy, item->address, item->size)) {
		(void)region_deallocate(copy, item->size);
		return MACH_MSG_VM_SPACE;
	}
	item->address = copy;
	item->owned = true;
	return 0;
}

static int copyout_memory(Item *item, uint8_t **p)
{
	mach_msg_ool_descriptor_t d = {
		.copy = item->copy,
		.deallocate = true,
		.type = item->type,
	};
	int bits = item_map(item);

	if (!bits && item->size > 0) {
		d.address = (void *)(uintptr_t)item->address;
		d.size = (mach_msg_size_t)item->size;
		item->owned = false; /* the program's from here on */
		item->size = 0;
	}
	memcpy(*p, &d, sizeof(d));
	*p += sizeof(d);
	return bits;
}

static int copyout_ports(Item *item, uint8_t **p)
{
	mach_msg_ool_ports_descriptor_t d = {
		.copy = item->copy,
		.deallocate = true,
		.disposition = item->disposition,
		.type = MACH_MSG_OOL_PORTS_DESCRIPTOR,
	};
	uint64_t address = 0;
	int bits = 0;

	if (item->count > 0 &&
		region_allocate(&address, item->count * sizeof(PortName), true, false)) {
		bits = MACH_MSG_VM_SPACE;
		for (uint32_t i = 0; i < item->count; i++)
			right_drop(&item->rights[i]);
	} else if (item->count > 0) {
		PortName *names = (PortName *)(uintptr_t)address;

		for (uint32_t i = 0; i < item->count; i++)
			bits |= copyout_right(&item->rights[i], &names[i]);
		d.address = names;
		d.count = item->count;
	}
	memcpy(*p, &d, sizeof(d));
	*p += sizeof(d);
	return bits;
}

int copyout_items(Message *m, uint8_t *body)
{
	mach_msg_body_t count = {.msgh_descriptor_count = m->n_items};
	uint8_t *p = body + sizeof(count);
	int bits = 0;

	memcpy(body, &count, sizeof(count));
	for (uint32_t i = 0; i < m->n_items; i++) {
		Item *item = &m->items[i];

		if (item->type == MACH_MSG_PORT_DESCRIPTOR)
			bits |= copyout_port(item, &p);
		else if (item->type == MACH_MSG_GUARDED_PORT_DESCRIPTOR)
			bits |= copyout_guarded(item, &p);
		else if (item->type == MACH_MSG_OOL_PORTS_DESCRIPTOR)
			bits |= copyout_ports(item, &p);
		else
			bits |= copyout_memory(item, &p);
	}
	return bits;
}

/* A message of our own: what we are now is what we were. */
static const Creds *creds_of(Message *m)
{
	if (m->creds.uid == CREDS_SELF && m->creds.pid != 0) {
		creds_of_self(&m->creds.uid, &m->creds.gid);
		m->creds.pidversion = pidversion_self();
	}
	return &m->creds;
}

static void fill_long_trailer(
	const Port *port, Message *m, uint32_t seqno, uint8_t *at, mach_msg_option_t options)
{
	mach_msg_size_t size = trailer_size(options);
	bool wants_creds = size > sizeof(mach_msg_seqno_trailer_t);
	const Creds *c = wants_creds ? creds_of(m) : &m->creds;
	mach_msg_mac_trailer_t t = {
		.msgh_trailer_type = MACH_MSG_TRAILER_FORMAT_0,
		.msgh_trailer_size = size,
		.msgh_seqno = seqno,
		.msgh_sender.val = {c->uid, c->gid},
		.msgh_context = port->context,
	};

	/* Of a notification: nobody, of no process. */
	if (wants_creds && c->pid != 0) {
		uint32_t audit[8] = {UINT32_MAX, c->uid, c->gid, c->uid, c->gid, (uint32_t)c->pid,
			0, c->pidversion};

		memcpy(&t.msgh_audit, audit, sizeof(audit));
	}
	memcpy(at, &t, size);
}

void fill_trailer(
	const Port *port, Message *m, uint32_t seqno, uint8_t *at, mach_msg_option_t options)
{
	mach_msg_size_t size = trailer_size(options);

	/* The usual one, which says nothing. */
	if (likely(size == sizeof(mach_msg_trailer_t))) {
		memcpy(at,
			&(mach_msg_trailer_t){
				MACH_MSG_TRAILER_FORMAT_0, sizeof(mach_msg_trailer_t)},
			sizeof(mach_msg_trailer_t));
		return;
	}
	fill_long_trailer(port, m, seqno, at, options);
}
int copyout(Received *received, mach_msg_header_t *h, mach_msg_option_t options)
{
	Message *m = received->m;
	uint8_t *p = (uint8_t *)(h + 1);
	PortName reply;
	int bits, error = MACH_MSG_SUCCESS;

	bits = m->reply_lost ? MACH_MSG_IPC_SPACE : copyout_right(&m->reply, &reply);
	if (bits) {
		/* Without the reply right the message would be a riddle: it is lost as a whole. */
		copyout_too_large(received, h, sizeof(*h) + trailer_size(options), options);
		return MACH_RCV_HEADER_ERROR | bits;
	}
	h->msgh_bits = MACH_MSGH_BITS(m->reply_disposition, m->dest_disposition) |
		       (m->complex ? MACH_MSGH_BITS_COMPLEX : 0);
	h->msgh_size = m->size;
	h->msgh_remote_port = reply;
	h->msgh_local_port = received->port->name;
	h->msgh_voucher_port = MACH_PORT_NULL;
	h->msgh_id = m->id;
	if (m->complex) {
		bits = copyout_items(m, p);
		if (m->rights_lost)
			bits |= MACH_MSG_IPC_SPACE;
		if (bits && !error)
			error = MACH_RCV_BODY_ERROR | bits;
	}
	p = (uint8_t *)h + m->size - m->tail_size;
	if (m->tail_size > 0)
		memcpy(p, m->tail, m->tail_size);
	fill_trailer(received->port, m, received->seqno, (uint8_t *)h + ROUND4(m->size), options);
	return error;
}

void copyout_too_large(
	Received *received, mach_msg_header_t *h, mach_msg_size_t room, mach_msg_option_t options)
{
	mach_msg_size_t trailer = trailer_size(options);

	if (room < sizeof(*h))
		return;
	*h = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(0, received->m->dest_disposition),
		.msgh_size = received->m->size,
		.msgh_local_port = received->port->name,
		.msgh_id = received->m->id,
	};
	if (room >= sizeof(*h) + trailer)
		fill_trailer(
			received->port, received->m, received->seqno, (uint8_t *)(h + 1), options);
}
