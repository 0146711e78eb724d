/* SPDX-License-Identifier: Apache-2.0 */
#include "port/right.h"

#include <assert.h>

#include "base/cleanup.h"
#include "port/backing.h"
#include "port/once.h"
#include "port/names.h"
#include "port/port.h"
#include "port/probe.h"
#include "port/request.h"
#include "port/space.h"

Right right_take(Right *right)
{
	Right taken = *right;

	*right = RIGHT_NULL;
	return taken;
}

int right_adopt_send_consume(int addr, const Ident *ident, int pipe_w, uid_t uid, Right *ret)
{
	Backing *backing;
	Port *port;

	if (backing_adopt_send_take(addr, ident, pipe_w, uid, &backing)) {
		probe_close_consume(addr);
		probe_close_consume(pipe_w);
		return KERN_RESOURCE_SHORTAGE;
	}
	if (!backing) {
		*ret = (Right){.kind = RIGHT_DEAD};
		return 0;
	}
	port = backing->port ? port_ref(backing->port) : port_new_remote(backing);
	if (!port) {
		backing_free(backing);
		return KERN_RESOURCE_SHORTAGE;
	}
	port_srights_add(port, 1);
	*ret = (Right){.kind = RIGHT_SEND, .port = port};
	return 0;
}

Right right_copy_send(const Right *right)
{
	if (right->kind != RIGHT_SEND)
		return RIGHT_NULL;
	port_srights_add(right->port, 1);
	return (Right){.kind = RIGHT_SEND, .port = port_ref(right->port)};
}

void right_swap(Right *a, Right *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		Right t = a[i];

		a[i] = b[i];
		b[i] = t;
	}
}

void right_drop_real(Right *right)
{
	Right r = right_take(right);

	switch (r.kind) {
	case RIGHT_NONE:
	case RIGHT_DEAD:
		break;
	case RIGHT_SEND:
		port_srights_drop(r.port, 1);
		port_unref(r.port);
		break;
	case RIGHT_SEND_ONCE:
		once_die(r.once);
		break;
	case RIGHT_RECEIVE:
		if (r.port->state == PORT_LOCAL)
			port_destroy_receive(r.port);
		port_unref(r.port);
		break;
	}
}

void right_forget(Right *right)
{
	Right r = right_take(right);

	if (r.kind == RIGHT_SEND)
		port_srights_drop(r.port, 1);
	if (r.kind == RIGHT_SEND || r.kind == RIGHT_RECEIVE)
		port_unref(r.port);
	else if (r.kind == RIGHT_SEND_ONCE)
		once_free(r.once);
}

bool right_is_dead(const Right *right)
{
	switch (right->kind) {
	case RIGHT_DEAD:
		return true;
	case RIGHT_SEND:
	case RIGHT_RECEIVE:
		return right->port->state == PORT_DEAD;
	case RIGHT_SEND_ONCE:
		return once_is_dead(right->once);
	default:
		return false;
	}
}

unsigned right_disposition(const Right *right, unsigned fallback)
{
	switch (right->kind) {
	case RIGHT_SEND:
		return MACH_MSG_TYPE_PORT_SEND;
	case RIGHT_SEND_ONCE:
		return MACH_MSG_TYPE_PORT_SEND_ONCE;
	case RIGHT_RECEIVE:
		return MACH_MSG_TYPE_PORT_RECEIVE;
	default:
		return fallback;
	}
}

static int copyin_make(Entry *entry, unsigned disposition, Right *ret)
{
	Port *port = entry->port;

	if (!(entry->type & ENTRY_RECEIVE))
		return KERN_INVALID_RIGHT;
	if (disposition == MACH_MSG_TYPE_MAKE_SEND) {
		if (port->flags & PORT_F_REPLY)
			return KERN_INVALID_CAPABILITY;
		port_make_send(port);
		*ret = (Right){.kind = RIGHT_SEND, .port = port_ref(port)};
		return 0;
	}
	/* A reply port has one send-once right at a time. */
	if (port->flags & PORT_F_REPLY && port->sorights > 0)
		return KERN_INVALID_CAPABILITY;
	*ret = (Right){.kind = RIGHT_SEND_ONCE, .once = once_new_local(port)};
	if (!ret->once) {
		*ret = RIGHT_NULL;
		return KERN_RESOURCE_SHORTAGE;
	}
	return 0;
}

static int copyin_send(Entry *entry, bool move, Right *ret)
{
	Port *port = entry->port;

	if (!(entry->type & ENTRY_SEND))
		return KERN_INVALID_RIGHT;
	if (!move) {
		port_srights_add(port, 1);
		*ret = (Right){.kind = RIGHT_SEND, .port = port_ref(port)};
		return 0;
	}
	*ret = (Right){.kind = RIGHT_SEND, .port = port_ref(port)};
	if (entry->urefs < SPACE_UREFS_MAX && --entry->urefs == 0) {
		/* The name's own count goes over to the value. */
		name_remove_send(entry);
	} else {
		port_srights_add(port, 1);
	}
	return 0;
}

static int copyin_dead(Entry *entry, unsigned disposition, Right *ret)
{
	switch (disposition) {
	case MACH_MSG_TYPE_MOVE_SEND:
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		name_consume_dead(entry);
		break;
	case MACH_MSG_TYPE_COPY_SEND:
		break;
	default:
		return KERN_INVALID_RIGHT;
	}
	*ret = (Right){.kind = RIGHT_DEAD};
	return 0;
}

static int copyin_receive(Entry *entry, Right *ret)
{
	Port *port = entry->port;

	if (!(entry->type & ENTRY_RECEIVE))
		return KERN_INVALID_RIGHT;
	if (port->flags & (PORT_F_IMMOVABLE | PORT_F_REPLY))
		return KERN_INVALID_CAPABILITY;
	port->flags |= PORT_F_TRANSIT;
	*ret = (Right){.kind = RIGHT_RECEIVE, .port = port_ref(port)};
	name_remove_receive(entry);
	/* May drop the lock; the entry is not looked at any more. */
	port_leave_name(port);
	return 0;
}

int right_copyin(PortName name, unsigned disposition, Right *ret)
{
	Entry *entry = space_find(name);

	if (disposition < MACH_MSG_TYPE_MOVE_RECEIVE || disposition > MACH_MSG_TYPE_MAKE_SEND_ONCE)
		return KERN_INVALID_VALUE;
	if (!entry)
		return KERN_INVALID_NAME;
	if (entry->type & ENTRY_DEAD_NAME)
		return copyin_dead(entry, disposition, ret);
	switch (disposition) {
	case MACH_MSG_TYPE_MAKE_SEND:
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return copyin_make(entry, disposition, ret);
	case MACH_MSG_TYPE_COPY_SEND:
	case MACH_MSG_TYPE_MOVE_SEND:
		return copyin_send(entry, disposition == MACH_MSG_TYPE_MOVE_SEND, ret);
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		return copyin_receive(entry, ret);
	default:
		if (!(entry->type & ENTRY_SEND_ONCE))
			return KERN_INVALID_RIGHT;
		*ret = (Right){.kind = RIGHT_SEND_ONCE, .once = name_take_once(entry)};
		return 0;
	}
}

/* The name went with its last reference: it comes back as it was. */
static void restore_name(PortName name, Right *right)
{
	Entry *entry;

	if (space_alloc_name(name, &entry)) {
		right_drop(right);
		return;
	}
	entry->urefs = 1;
	if (right->kind == RIGHT_SEND_ONCE) {
		entry->type = ENTRY_SEND_ONCE;
		entry->once = right->once;
		entry->once->name = name;
	} else if (right->kind == RIGHT_DEAD) {
		entry->type = ENTRY_DEAD_NAME;
		entry->object = NULL;
	} else {
		entry->type = right->kind == RIGHT_SEND ? ENTRY_SEND : ENTRY_RECEIVE;
		entry->urefs = right->kind == RIGHT_SEND;
		entry->port = right->port;
		entry->port->name = name;
		entry->port->flags &= (uint16_t)~PORT_F_TRANSIT;
	}
	*right = RIGHT_NULL;
}

void right_undo_copyin(PortName name, unsigned disposition, Right *right)
{
	PortName given;

	switch (disposition) {
	case MACH_MSG_TYPE_MAKE_SEND:
		if (right->kind == RIGHT_SEND) {
			right->port->mscount--;
			right->port->srights--;
			port_unref(right->port);
		}
		*right = RIGHT_NULL;
		break;
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		right_forget(right);
		break;
	default:
		if (right->kind == RIGHT_NONE || disposition == MACH_MSG_TYPE_COPY_SEND)
			right_drop(right);
		else if (space_find_raw(name) && right->kind != RIGHT_DEAD)
			(void)right_copyout(right, &given);
		else if (space_find_raw(name))
			entry_urefs_add(space_find_raw(name), 1);
		else
			restore_name(name, right);
		right_drop(right);
	}
}

bool right_is_reply_only(PortName name, unsigned disposition)
{
	const Entry *entry = space_find(name);

	if (!entry || (disposition != MACH_MSG_TYPE_MAKE_SEND_ONCE &&
			      disposition != MACH_MSG_TYPE_MOVE_SEND_ONCE))
		return false;
	if (entry->type & ENTRY_RECEIVE)
		return entry->port->flags & PORT_F_REPLY;
	return entry->type == ENTRY_SEND_ONCE && entry->once->kind == ONCE_LOCAL &&
	       entry->once->port->flags & PORT_F_REPLY;
}

static int check_make(const Entry *entry, unsigned disposition)
{
	if (!(entry->type & ENTRY_RECEIVE))
		return KERN_INVALID_RIGHT;
	if (entry->port->flags & PORT_F_REPLY &&
		(disposition == MACH_MSG_TYPE_MAKE_SEND || entry->port->sorights > 0))
		return KERN_INVALID_CAPABILITY;
	return 0;
}

int right_check_copyin(PortName name, unsigned disposition)
{
	Entry *entry = space_find(name);
	bool fits;

	if (!entry)
		return KERN_INVALID_NAME;
	switch (disposition) {
	case MACH_MSG_TYPE_MAKE_SEND:
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return check_make(entry, disposition);
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		if (!(entry->type & ENTRY_RECEIVE))
			return KERN_INVALID_RIGHT;
		return entry->port->flags & (PORT_F_IMMOVABLE | PORT_F_REPLY)
			       ? KERN_INVALID_CAPABILITY
			       : 0;
	case MACH_MSG_TYPE_COPY_SEND:
	case MACH_MSG_TYPE_MOVE_SEND:
		fits = entry->type & (ENTRY_SEND | ENTRY_DEAD_NAME);
		break;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		fits = entry->type & (ENTRY_SEND_ONCE | ENTRY_DEAD_NAME);
		break;
	default:
		return KERN_INVALID_VALUE;
	}
	return fits ? 0 : KERN_INVALID_RIGHT;
}

static int copyout_send(Right *right, PortName *ret_name)
{
	Port *port = right->port;
	Entry *entry;
	int r;

	if (port->name) {
		entry = space_find_raw(port->name);
		if (entry->type & ENTRY_SEND) {
			entry_urefs_add(entry, 1);
			port_srights_drop(port, 1);
		} else {
			entry->type |= ENTRY_SEND;
			entry->urefs = 1;
		}
		port_unref(port);
	} else {
		r = space_alloc(&entry);
		if (r)
			return r;
		entry->type = ENTRY_SEND;
		entry->urefs = 1;
		entry->port = port;
		port->name = entry->name;
	}
	*ret_name = port->name;
	*right = RIGHT_NULL;
	return 0;
}

static int copyout_receive(Right *right, PortName *ret_name)
{
	Port *port = right->port;
	Entry *entry;
	int r;

	if (port->name) {
		entry = space_find_raw(port->name);
		entry->type |= ENTRY_RECEIVE;
		port_unref(port);
	} else {
		r = space_alloc(&entry);
		if (r)
			return r;
		entry->type = ENTRY_RECEIVE;
		entry->port = port;
		port->name = entry->name;
	}
	port->flags &= (uint16_t)~PORT_F_TRANSIT;
	if (port->extra)
		port->extra->transit_to = NULL;
	*ret_name = port->name;
	*right = RIGHT_NULL;
	return 0;
}

static int copyout_once(Right *right, PortName *ret_name)
{
	Entry *entry;
	int r;

	r = space_alloc(&entry);
	if (r)
		return r;
	entry->type = ENTRY_SEND_ONCE;
	entry->urefs = 1;
	entry->once = right->once;
	right->once->name = entry->name;
	*ret_name = entry->name;
	*right = RIGHT_NULL;
	return 0;
}

int right_copyout(Right *right, PortName *ret_name)
{
	switch (right->kind) {
	case RIGHT_NONE:
		*ret_name = MACH_PORT_NULL;
		return 0;
	case RIGHT_RECEIVE:
		return copyout_receive(right, ret_name);
	case RIGHT_SEND:
		if (right->port->state != PORT_DEAD)
			return copyout_send(right, ret_name);
		break;
	case RIGHT_SEND_ONCE:
		if (right->once->kind != ONCE_DEAD &&
			!(right->once->kind == ONCE_LOCAL && once_is_dead(right->once)))
			return copyout_once(right, ret_name);
		break;
	case RIGHT_DEAD:
		break;
	}
	right_drop(right);
	*ret_name = MACH_PORT_DEAD;
	return 0;
}
