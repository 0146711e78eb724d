/* SPDX-License-Identifier: Apache-2.0 */
#include "port/names.h"

#include <assert.h>

#include "base/cleanup.h"
#include "port/once.h"
#include "port/port.h"
#include "port/pset.h"
#include "port/request.h"
#include "port/space.h"
#include "port/watch.h"

/* The name is freed; the entry's reference on the port goes with it. */
static void name_free_port(Entry *entry)
{
	Port *port = entry->port;

	request_name_deleted(entry);
	port->name = MACH_PORT_NULL;
	space_release(entry);
	port_unref(port);
}

void name_remove_send(Entry *entry)
{
	entry->type &= (uint8_t)~ENTRY_SEND;
	entry->urefs = 0;
	if (!entry->type)
		name_free_port(entry);
}

void name_remove_receive(Entry *entry)
{
	entry->type &= (uint8_t)~ENTRY_RECEIVE;
	if (!entry->type)
		name_free_port(entry);
}

static void name_free_dead(Entry *entry)
{
	request_name_deleted(entry);
	space_release(entry);
}

void name_consume_dead(Entry *entry)
{
	if (entry->urefs < SPACE_UREFS_MAX && --entry->urefs == 0)
		name_free_dead(entry);
}

SendOnce *name_take_once(Entry *entry)
{
	SendOnce *once = entry->once;

	watch_forget_once(once);
	request_name_deleted(entry);
	once->name = MACH_PORT_NULL;
	space_release(entry);
	return once;
}

static void name_turn_dead(Entry *entry)
{
	entry->type = ENTRY_DEAD_NAME;
	entry->object = NULL;
	if (entry->flags & ENTRY_F_REQUEST)
		request_name_died(entry);
}

void name_check(Entry *entry)
{
	if (entry->type == ENTRY_SEND) {
		Port *port = entry->port;

		if (likely(port->state != PORT_DEAD))
			return;
		port->name = MACH_PORT_NULL;
		name_turn_dead(entry);
		port_srights_drop(port, 1);
		port_unref(port);
	} else if (entry->type == ENTRY_SEND_ONCE) {
		SendOnce *once = entry->once;

		if (once->kind != ONCE_DEAD &&
			!(once->kind == ONCE_LOCAL && once->port->state == PORT_DEAD))
			return;
		watch_forget_once(once);
		once->name = MACH_PORT_NULL;
		name_turn_dead(entry);
		once_free(once);
	}
}

/* Drops `n` user references of the send right, all of them if n is SPACE_UREFS_MAX. */
static void send_drop(Entry *entry, uint32_t n)
{
	Port *port = entry->port;

	if (n < entry->urefs) {
		if (entry->urefs < SPACE_UREFS_MAX)
			entry->urefs -= (uint16_t)n;
		return;
	}
	port_ref(port);
	name_remove_send(entry);
	port_srights_drop(port, 1);
	port_unref(port);
}

static void receive_drop(Entry *entry)
{
	Port *port = port_ref(entry->port);

	name_remove_receive(entry);
	/* May drop the lock: the entry is not looked at any more. */
	port_destroy_receive(port);
	port_unref(port);
}

static void set_drop(Entry *entry)
{
	PortSet *set = entry->set;

	space_release(entry);
	pset_destroy(set);
	pset_unref(set);
}

int name_deallocate(PortName name)
{
	Entry *entry = space_find(name);

	if (!entry)
		return KERN_INVALID_NAME;
	if (entry->type & ENTRY_SEND)
		send_drop(entry, 1);
	else if (entry->type == ENTRY_DEAD_NAME)
		name_consume_dead(entry);
	else if (entry->type == ENTRY_SEND_ONCE)
		once_die(name_take_once(entry));
	else
		return KERN_INVALID_RIGHT;
	return 0;
}

int name_destroy(PortName name)
{
	Entry *entry = space_find(name);

	if (!entry)
		return KERN_INVALID_NAME;
	if (entry->type == ENTRY_DEAD_NAME) {
		name_free_dead(entry);
		return 0;
	}
	if (entry->type == ENTRY_SEND_ONCE) {
		once_die(name_take_once(entry));
		return 0;
	}
	if (entry->type == ENTRY_PORT_SET) {
		set_drop(entry);
		return 0;
	}
	if (entry->type & ENTRY_RECEIVE && entry->port->flags & PORT_F_GUARDED)
		return KERN_INVALID_RIGHT;
	if (entry->type == ENTRY_SEND) {
		send_drop(entry, SPACE_UREFS_MAX);
		return 0;
	}
	if (entry->type & ENTRY_SEND) {
		/* No name is left for its user references to become a dead name. */
		port_srights_drop(entry->port, 1);
		entry->type = ENTRY_RECEIVE;
	}
	receive_drop(entry);
	return 0;
}

/* Adds delta to user references, sticking at the maximum. KERN_INVALID_VALUE: below zero. */
static int urefs_add(Entry *entry, int delta, bool *ret_none_left)
{
	int urefs = entry->urefs;

	*ret_none_left = false;
	if (urefs == (int)SPACE_UREFS_MAX && delta != -(int)SPACE_UREFS_MAX)
		return 0;
	if (delta < -urefs)
		return KERN_INVALID_VALUE;
	if (delta == -urefs)
		*ret_none_left = true;
	else if (delta > 0)
		entry_urefs_add(entry, (uint32_t)delta);
	else
		entry->urefs = (uint16_t)(urefs + delta);
	return 0;
}

static int mod_refs_counted(Entry *entry, uint8_t type, int delta)
{
	bool none_left;
	int r;

	r = urefs_add(entry, delta, &none_left);
	if (r || !none_left)
		return r;
	if (type == ENTRY_SEND)
		send_drop(entry, SPACE_UREFS_MAX);
	else
		name_free_dead(entry);
	return 0;
}

int name_mod_refs(PortName name, unsigned right, int delta)
{
	Entry *entry = space_find(name);
	uint8_t type;

	if (right >= MACH_PORT_RIGHT_NUMBER)
		return KERN_INVALID_VALUE;
	if (!entry)
		return KERN_INVALID_NAME;
	type = (uint8_t)(1u << right);
	if (!(entry->type & type))
		return KERN_INVALID_RIGHT;
	if (type & (ENTRY_SEND | ENTRY_DEAD_NAME))
		return mod_refs_counted(entry, type, delta);
	if (delta == 0)
		return 0;
	if (delta != -1)
		return KERN_INVALID_VALUE;
	if (type == ENTRY_SEND_ONCE) {
		once_die(name_take_once(entry));
	} else if (type == ENTRY_PORT_SET) {
		set_drop(entry);
	} else {
		if (entry->port->flags & PORT_F_GUARDED)
			return KERN_INVALID_RIGHT;
		receive_drop(entry);
	}
	return 0;
}

int name_get_refs(PortName name, unsigned right, uint32_t *ret_refs)
{
	Entry *entry = space_find(name);
	uint8_t type;

	if (right >= MACH_PORT_RIGHT_NUMBER)
		return KERN_INVALID_VALUE;
	if (!entry)
		return KERN_INVALID_NAME;
	type = (uint8_t)(1u << right);
	if (!(entry->type & type))
		*ret_refs = 0;
	else if (type & (ENTRY_SEND | ENTRY_DEAD_NAME))
		*ret_refs = entry->urefs;
	else
		*ret_refs = 1;
	return 0;
}

static int insert_port(PortName name, Right *right)
{
	Port *port = right->port;
	PortName given;
	Entry *entry;
	int r;

	if (port->name) {
		if (port->name != name)
			return KERN_RIGHT_EXISTS;
		return right_copyout(right, &given);
	}
	r = space_alloc_name(name, &entry);
	if (r)
		return r;
	entry->port = port;
	entry->type = right->kind == RIGHT_SEND ? ENTRY_SEND : ENTRY_RECEIVE;
	entry->urefs = right->kind == RIGHT_SEND;
	port->name = name;
	if (right->kind == RIGHT_RECEIVE)
		port->flags &= (uint16_t)~PORT_F_TRANSIT;
	*right = RIGHT_NULL;
	return 0;
}

int name_insert_right(PortName name, PortName poly, unsigned disposition)
{
	Right right = RIGHT_NULL;
	Entry *entry;
	int r;

	if (right_is_reply_only(poly, disposition))
		return KERN_INVALID_CAPABILITY;
	r = right_copyin(poly, disposition, &right);
	if (r)
		return r;
	if (right_is_dead(&right)) {
		r = KERN_INVALID_CAPABILITY;
	} else if (right.kind == RIGHT_SEND_ONCE) {
		r = space_alloc_name(name, &entry);
		if (!r) {
			entry->type = ENTRY_SEND_ONCE;
			entry->urefs = 1;
			entry->once = right.once;
			entry->once->name = name;
			right = RIGHT_NULL;
		}
	} else {
		r = insert_port(name, &right);
	}
	if (r)
		right_undo_copyin(poly, disposition, &right);
	return r;
}

int name_destruct(PortName name, int srdelta, uint64_t guard)
{
	Entry *entry = space_find(name);
	bool none_left;
	int r;

	if (!entry)
		return KERN_INVALID_NAME;
	if (!(entry->type & ENTRY_RECEIVE))
		return KERN_INVALID_RIGHT;
	if (srdelta > 0)
		return KERN_INVALID_VALUE;
	if (srdelta && !(entry->type & ENTRY_SEND))
		return KERN_INVALID_RIGHT;
	if (entry->port->flags & PORT_F_GUARDED ? entry->port->context != guard : guard != 0)
		return KERN_INVALID_ARGUMENT;
	if (srdelta) {
		r = urefs_add(entry, srdelta, &none_left);
		if (r)
			return r;
		if (none_left)
			send_drop(entry, SPACE_UREFS_MAX);
	}
	receive_drop(entry);
	return 0;
}
