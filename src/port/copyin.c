/* SPDX-License-Identifier: Apache-2.0 */
#include "port/copyin.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "port/copyout.h"
#include "port/names.h"
#include "port/once.h"
#include "port/port.h"
#include "port/region.h"
#include "port/space.h"

#define IS_SEND_TYPE(t) ((t) >= MACH_MSG_TYPE_MOVE_SEND && (t) <= MACH_MSG_TYPE_MAKE_SEND_ONCE)
#define IS_PORT_TYPE(t) ((t) >= MACH_MSG_TYPE_MOVE_RECEIVE && (t) <= MACH_MSG_TYPE_MAKE_SEND_ONCE)

typedef struct HeaderPorts {
	PortName dest, reply;
	unsigned dest_type, reply_type;
} HeaderPorts;

void outgoing_clear(Outgoing *out)
{
	message_clear(&out->m);
	right_drop(&out->dest);
	if (out->dest_port)
		out->dest_port = port_unref(out->dest_port);
}

static int check_sizes(const mach_msg_header_t *h, mach_msg_size_t size)
{
	const mach_msg_base_t *base = (const mach_msg_base_t *)h;

	if (size < sizeof(*h) || size % 4)
		return MACH_SEND_MSG_TOO_SMALL;
	if (size > MESSAGE_MAX_SIZE)
		return MACH_SEND_TOO_LARGE;
	if (!(h->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return 0;
	if (size < sizeof(*base) ||
		base->body.msgh_descriptor_count >
			(size - sizeof(*base)) / sizeof(mach_msg_port_descriptor_t))
		return MACH_SEND_MSG_TOO_SMALL;
	return 0;
}

static int check_bits(const mach_msg_header_t *h, HeaderPorts *p)
{
	p->dest = h->msgh_remote_port;
	p->reply = h->msgh_local_port;
	p->dest_type = MACH_MSGH_BITS_REMOTE(h->msgh_bits);
	p->reply_type = MACH_MSGH_BITS_LOCAL(h->msgh_bits);
	if (h->msgh_bits & ~MACH_MSGH_BITS_USER || !IS_SEND_TYPE(p->dest_type))
		return MACH_SEND_INVALID_HEADER;
	if (p->reply_type == 0 ? p->reply != MACH_PORT_NULL : !IS_SEND_TYPE(p->reply_type))
		return MACH_SEND_INVALID_HEADER;
	/* There are no vouchers to be had, so none can be passed on. */
	if (MACH_PORT_VALID(h->msgh_voucher_port))
		return MACH_SEND_INVALID_VOUCHER;
	if (!MACH_PORT_VALID(p->dest))
		return MACH_SEND_INVALID_DEST;
	return 0;
}

/* A reply to somebody who has gone is no error, unless the program asked to be told. */
static bool is_dead_once(PortName name, unsigned type)
{
	Entry *entry = space_find_raw(name);

	return type == MACH_MSG_TYPE_MOVE_SEND_ONCE && entry && entry->type == ENTRY_SEND_ONCE &&
	       !(entry->flags & ENTRY_F_REQUEST) &&
	       (entry->once->kind == ONCE_DEAD ||
		       (entry->once->kind == ONCE_LOCAL && entry->once->port->state == PORT_DEAD));
}

static bool is_dead_name(PortName name)
{
	Entry *entry = space_find(name);

	return entry && entry->type & ENTRY_DEAD_NAME;
}

static int check_same_name(const HeaderPorts *p)
{
	Entry *entry = space_find(p->dest);

	if (p->dest_type == MACH_MSG_TYPE_MOVE_SEND_ONCE ||
		p->reply_type == MACH_MSG_TYPE_MOVE_SEND_ONCE)
		return MACH_SEND_INVALID_DEST;
	if (p->dest_type == MACH_MSG_TYPE_MOVE_SEND && p->reply_type == MACH_MSG_TYPE_MOVE_SEND &&
		entry->urefs < 2)
		return MACH_SEND_INVALID_DEST;
	return 0;
}

static int check_header_ports(const HeaderPorts *p, bool swallowed)
{
	if (!swallowed && (right_check_copyin(p->dest, p->dest_type) || is_dead_name(p->dest)))
		return MACH_SEND_INVALID_DEST;
	if (!MACH_PORT_VALID(p->reply))
		return 0;
	if (p->reply == p->dest && check_same_name(p))
		return MACH_SEND_INVALID_DEST;
	if (right_check_copyin(p->reply, p->reply_type) || is_dead_name(p->reply))
		return MACH_SEND_INVALID_REPLY;
	return 0;
}

static int take_header_ports(const HeaderPorts *p, Outgoing *out)
{
	int r;

	/* A copied destination first, then the reply right, then a moved destination: where both
	 * are of one name, the last user reference may go with either. */
	if (!out->swallowed && p->dest_type == MACH_MSG_TYPE_COPY_SEND)
		out->dest_port = port_ref(space_find_raw(p->dest)->port);
	if (MACH_PORT_VALID(p->reply)) {
		r = right_copyin(p->reply, p->reply_type, &out->m.reply);
		if (r)
			return r == KERN_RESOURCE_SHORTAGE ? MACH_SEND_NO_BUFFER
							   : MACH_SEND_INVALID_REPLY;
		out->m.reply_disposition = (uint8_t)right_disposition(&out->m.reply, p->reply_type);
	} else if (p->reply == MACH_PORT_DEAD) {
		out->m.reply = (Right){.kind = RIGHT_DEAD};
		out->m.reply_disposition = MACH_MSG_TYPE_PORT_SEND;
	}
	if (out->swallowed) {
		once_free(name_take_once(space_find_raw(p->dest)));
		return 0;
	}
	if (out->dest_port)
		return 0;
	r = right_copyin(p->dest, p->dest_type, &out->dest);
	if (r == KERN_RESOURCE_SHORTAGE) {
		if (MACH_PORT_VALID(p->reply))
			right_undo_copyin(p->reply, p->reply_type, &out->m.reply);
		return MACH_SEND_NO_BUFFER;
	}
	return r ? MACH_SEND_INVALID_DEST : 0;
}

static int take_right(PortName name, unsigned type, Right *ret)
{
	int r;

	if (!MACH_PORT_VALID(name)) {
		*ret = (Right){.kind = name == MACH_PORT_DEAD ? RIGHT_DEAD : RIGHT_NONE};
		return 0;
	}
	if (right_is_reply_only(name, type))
		return MACH_SEND_INVALID_RIGHT;
	r = right_copyin(name, type, ret);
	if (r == KERN_RESOURCE_SHORTAGE)
		return MACH_SEND_NO_BUFFER;
	return r ? MACH_SEND_INVALID_RIGHT : 0;
}

static int take_port(const uint8_t *p, Item *item)
{
	mach_msg_port_descriptor_t d;
	int r;

	memcpy(&d, p, sizeof(d));
	if (!IS_PORT_TYPE(d.disposition))
		return MACH_SEND_INVALID_TYPE;
	r = take_right(d.name, d.disposition, &item->right);
	item->disposition = (uint8_t)right_disposition(&item->right, copyin_type(d.disposition));
	return r;
}

static int take_guarded(const uint8_t *p, Item *item)
{
	const unsigned known = MACH_MSG_GUARD_FLAGS_IMMOVABLE_RECEIVE |
			       MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND;
	mach_msg_guarded_port_descriptor_t d;
	uint16_t flags;
	Entry *entry;
	int r;

	memcpy(&d, p, sizeof(d));
	if (d.disposition != MACH_MSG_TYPE_MOVE_RECEIVE || d.flags == 0 || d.flags & ~known)
		return MACH_SEND_INVALID_TYPE;
	item->guard_flags = (uint16_t)d.flags;
	item->context = d.context;
	item->disposition = MACH_MSG_TYPE_PORT_RECEIVE;
	if (!MACH_PORT_VALID(d.name))
		return take_right(d.name, d.disposition, &item->right);
	entry = space_find(d.name);
	if (!entry || !(entry->type & ENTRY_RECEIVE))
		return MACH_SEND_INVALID_RIGHT;
	flags = entry->port->flags;
	if (d.flags & MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND) {
		if (flags & PORT_F_GUARDED)
			return MACH_SEND_INVALID_RIGHT;
	} else if (!(flags & PORT_F_GUARDED) || entry->port->context != item->context) {
		return MACH_SEND_INVALID_RIGHT;
	}
	/* Whoever knows the guard may move what it guards. */
	entry->port->flags &= (uint16_t)~PORT_F_IMMOVABLE;
	r = take_right(d.name, d.disposition, &item->right);
	if (r)
		entry->port->flags = flags;
	return r;
}

static int take_memory(const uint8_t *p, Item *item)
{
	mach_msg_ool_descriptor_t d;

	memcpy(&d, p, sizeof(d));
	if (d.copy != MACH_MSG_PHYSICAL_COPY && d.copy != MACH_MSG_VIRTUAL_COPY)
		return MACH_SEND_INVALID_TYPE;
	if (d.size > 0 && !d.address)
		return MACH_SEND_INVALID_MEMORY;
	item->copy = (uint8_t)d.copy;
	item->deallocate = d.deallocate;
	item->size = d.size;
	item->address = d.size ? (uint64_t)(uintptr_t)d.address : 0;
	return 0;
}

/* Of an item that has no rights in it any more. */
static void array_free(Item *item)
{
	free(item->rights);
	item->rights = NULL;
}

/* No memory for the last one: the others of the array are where they were. */
static void undo_ports(const PortName *names, unsigned disposition, Item *item)
{
	while (item->count > 0) {
		item->count--;
		if (MACH_PORT_VALID(names[item->count]))
			right_undo_copyin(
				names[item->count], disposition, &item->rights[item->count]);
	}
}

static int take_ports(const uint8_t *p, Item *item)
{
	_cleanup_free_ PortName *names = NULL;
	mach_msg_ool_ports_descriptor_t d;
	uint64_t address;
	int r = 0;

	memcpy(&d, p, sizeof(d));
	address = (uint64_t)(uintptr_t)d.address;
	if ((d.copy != MACH_MSG_PHYSICAL_COPY && d.copy != MACH_MSG_VIRTUAL_COPY) ||
		!IS_PORT_TYPE(d.disposition))
		return MACH_SEND_INVALID_TYPE;
	if (d.count > MESSAGE_MAX_PORTS)
		return MACH_SEND_TOO_LARGE;
	item->copy = (uint8_t)d.copy;
	item->deallocate = d.deallocate;
	item->disposition = (uint8_t)copyin_type(d.disposition);
	if (d.count == 0)
		return 0;
	names = calloc(d.count, sizeof(*names));
	item->rights = calloc(d.count, sizeof(Right));
	if (!names || !item->rights)
		return MACH_SEND_NO_BUFFER;
	if (region_copy_in(names, address, d.count * sizeof(*names)))
		return MACH_SEND_INVALID_MEMORY;
	for (uint32_t i = 0; i < d.count && !r; i++) {
		r = take_right(names[i], d.disposition, &item->rights[i]);
		item->count += !r;
	}
	if (!r && d.deallocate)
		(void)region_deallocate(address, d.count * sizeof(*names));
	if (r == MACH_SEND_NO_BUFFER)
		undo_ports(names, d.disposition, item);
	return r;
}

unsigned copyin_type(unsigned disposition)
{
	switch (disposition) {
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		return MACH_MSG_TYPE_PORT_RECEIVE;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return MACH_MSG_TYPE_PORT_SEND_ONCE;
	default:
		return MACH_MSG_TYPE_PORT_SEND;
	}
}

static size_t descriptor_size(unsigned type)
{
	switch (type) {
	case MACH_MSG_PORT_DESCRIPTOR:
		return sizeof(mach_msg_port_descriptor_t);
	case MACH_MSG_OOL_DESCRIPTOR:
	case MACH_MSG_OOL_VOLATILE_DESCRIPTOR:
	case MACH_MSG_OOL_PORTS_DESCRIPTOR:
	case MACH_MSG_GUARDED_PORT_DESCRIPTOR:
		return sizeof(mach_msg_ool_descriptor_t);
	default:
		return 0;
	}
}

static unsigned descriptor_type(const uint8_t *p)
{
	return p[offsetof(mach_msg_port_descriptor_t, pad1) + 7];
}

/* How many ports the descriptor brings, in line or in an array. */
static uint64_t descriptor_ports(const uint8_t *p)
{
	mach_msg_ool_ports_descriptor_t d;

	switch (descriptor_type(p)) {
	case MACH_MSG_PORT_DESCRIPTOR:
	case MACH_MSG_GUARDED_PORT_DESCRIPTOR:
		return 1;
	case MACH_MSG_OOL_PORTS_DESCRIPTOR:
		memcpy(&d, p, sizeof(d));
		return d.count;
	default:
		return 0;
	}
}

/* The length of all descriptors; looks at types, counts and bounds only, before anything is taken. */
static int measure(const uint8_t *p, const uint8_t *end, uint32_t n, size_t *ret)
{
	const uint8_t *start = p;
	uint64_t n_ports = 0;

	while (n-- > 0) {
		size_t size;

		if ((size_t)(end - p) < sizeof(mach_msg_type_descriptor_t))
			return MACH_SEND_MSG_TOO_SMALL;
		size = descriptor_size(descriptor_type(p));
		if (!size)
			return MACH_SEND_INVALID_TYPE;
		if ((size_t)(end - p) < size)
			return MACH_SEND_MSG_TOO_SMALL;
		n_ports += descriptor_ports(p);
		p += size;
	}
	if (n_ports > MESSAGE_MAX_PORTS)
		return MACH_SEND_TOO_LARGE;
	*ret = (size_t)(p - start);
	return 0;
}

/* MACH_SEND_NO_BUFFER: the items of the message are those that were taken until then. */
static int take_body(const mach_msg_header_t *h, mach_msg_size_t size, Message *m)
{
	const mach_msg_base_t *base = (const mach_msg_base_t *)h;
	const uint8_t *end = (const uint8_t *)h + size;
	const uint8_t *p = (const uint8_t *)(base + 1);
	uint32_t n = base->body.msgh_descriptor_count;
	size_t length;
	int r;

	r = measure(p, end, n, &length);
	if (r)
		return r;
	m->tail = p + length;
	m->tail_size = (uint32_t)(end - m->tail);
	if (message_alloc_items(m, n))
		return MACH_SEND_NO_BUFFER;
	for (uint32_t i = 0; i < n && !r; i++) {
		Item *item = &m->items[i];

		item->type = (uint8_t)descriptor_type(p);
		if (item->type == MACH_MSG_PORT_DESCRIPTOR)
			r = take_port(p, item);
		else if (item->type == MACH_MSG_GUARDED_PORT_DESCRIPTOR)
			r = take_guarded(p, item);
		else if (item->type == MACH_MSG_OOL_PORTS_DESCRIPTOR)
			r = take_ports(p, item);
		else
			r = take_memory(p, item);
		p += descriptor_size(item->type);
		if (r == MACH_SEND_NO_BUFFER) {
			array_free(item);
			m->n_items = i;
		}
	}
	return r;
}

int copyin(mach_msg_header_t *h, mach_msg_size_t size, Outgoing *out)
{
	HeaderPorts ports;
	int r;

	message_init(&out->m);
	out->dest = RIGHT_NULL;
	out->dest_port = NULL;
	out->swallowed = false;
	r = check_sizes(h, size);
	if (!r)
		r = check_bits(h, &ports);
	if (r)
		return r;
	out->swallowed = is_dead_once(ports.dest, ports.dest_type);
	r = check_header_ports(&ports, out->swallowed);
	if (!r)
		r = take_header_ports(&ports, out);
	if (r) {
		outgoing_clear(out);
		return r;
	}
	out->m.id = h->msgh_id;
	out->m.size = size;
	if (h->msgh_bits & MACH_MSGH_BITS_COMPLEX) {
		out->m.complex = true;
		r = take_body(h, size, &out->m);
		if (r == MACH_SEND_NO_BUFFER && !out->swallowed)
			r |= copyin_return(out, h);
		else if (r)
			outgoing_clear(out);
		return r;
	}
	out->m.tail = (const uint8_t *)(h + 1);
	out->m.tail_size = size - (mach_msg_size_t)sizeof(*h);
	return 0;
}

void copyin_undo_simple(Outgoing *out)
{
	Right reply = right_take(&out->m.reply);

	if (reply.kind == RIGHT_SEND_ONCE && reply.once->kind == ONCE_LOCAL)
		once_free(reply.once);
	else
		right_drop(&reply);
	outgoing_clear(out);
}

int copyin_return(Outgoing *out, mach_msg_header_t *h)
{
	Message *m = &out->m;
	mach_msg_bits_t complex = h->msgh_bits & MACH_MSGH_BITS_COMPLEX;
	unsigned dest_type;
	PortName name;
	int bits = 0;

	if (out->dest_port) {
		port_srights_add(out->dest_port, 1);
		out->dest.kind = RIGHT_SEND;
		out->dest.port = TAKE_PTR(out->dest_port);
	}
	dest_type = right_disposition(&out->dest, MACH_MSG_TYPE_PORT_SEND);
	bits |= copyout_right(&out->dest, &name);
	h->msgh_remote_port = name;
	bits |= copyout_right(&m->reply, &name);
	h->msgh_local_port = name;
	h->msgh_bits = complex | MACH_MSGH_BITS(dest_type, (unsigned)m->reply_disposition);
	if (complex) {
		mach_msg_base_t *base = (mach_msg_base_t *)h;
		uint32_t n = base->body.msgh_descriptor_count;

		/* Copy-in may have got to the first few only. */
		bits |= copyout_items(m, (uint8_t *)(h + 1));
		base->body.msgh_descriptor_count = n;
	}
	outgoing_clear(out);
	return bits;
}
