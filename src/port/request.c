/* SPDX-License-Identifier: Apache-2.0 */
#include "port/request.h"

#include <stdlib.h>

#include <mach/notify.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "port/backing.h"
#include "port/names.h"
#include "port/notify.h"
#include "port/once.h"
#include "port/port.h"
#include "port/queue.h"
#include "port/reaper.h"
#include "port/sender.h"
#include "port/space.h"
#include "port/task.h"
#include "port/watch.h"

#define SETTLE_MS 100

/* A dead-name or send-possible request; a name has one slot for both. */
typedef struct NameRequest {
	PortName name;
	bool send_possible;
	bool armed; /* send-possible: a send found the queue full since */
	bool unwatched; /* moved away, and could not be watched there */
	unsigned round; /* of request_watch_again(), the last that it was tried in */
	Right notify;
	UT_hash_handle hh;
} NameRequest;

static NameRequest *requests;
static unsigned n_unwatched;

static NameRequest *request_find(PortName name)
{
	NameRequest *request;

	HASH_FIND(hh, requests, &name, sizeof(name), request);
	return request;
}

static NameRequest *request_new(Entry *entry)
{
	NameRequest *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->name = entry->name;
	HASH_ADD(hh, requests, name, sizeof(request->name), request);
	if (!request->hh.tbl) {
		free(request);
		return NULL;
	}
	entry->flags |= ENTRY_F_REQUEST;
	return request;
}

/* The slot goes; its right is the caller's. */
static Right request_take(Entry *entry, NameRequest *request)
{
	Right notify = right_take(&request->notify);

	entry->flags &= (uint8_t)~ENTRY_F_REQUEST;
	n_unwatched -= request->unwatched;
	HASH_DEL(requests, request);
	free(request);
	return notify;
}

void request_check_no_senders(Port *port)
{
	PortExtra *x = port->extra;
	Right notify;

	if (!x || x->nsrequest.kind == RIGHT_NONE || x->no_senders_settling || port->srights > 0)
		return;
	if (port->backing && !backing_no_senders(port->backing))
		return;
	/* A right that a message was sent with counts until the message is received. */
	x->no_senders_due = port_has_queued(port);
	if (x->no_senders_due)
		return;
	watch_forget_kind(port, WATCH_NO_SENDERS);
	if (port->backing)
		(void)backing_renew(port->backing);
	notify = right_take(&x->nsrequest);
	notify_number(&notify, MACH_NOTIFY_NO_SENDERS, port->mscount);
}

/*
 * The request is for the next time: whoever has a send right now counts, but if there is nobody it takes
 * one that is made from now on. Our own end of the pipes must not be taken for one, and its close is
 * what would look as if the last sender went: so it is waited for. It does not come within the time only
 * if somebody else has that pipe in hand, who is a sender then.
 */
static void count_senders_from_here(Port *port)
{
	int own = backing_take_own_end(port->backing);
	uint32_t mscount = port->mscount;

	port_ref(port);
	if (own >= 0) {
		port->extra->no_senders_settling++;
		task_unlock();
		(void)reaper_close_timed_consume(own, SETTLE_MS);
		task_lock();
		port->extra->no_senders_settling--;
	}
	if (port->state == PORT_LOCAL)
		backing_remove_ended(port->backing);
	/* One was made meanwhile, and may be gone already. */
	if (port->state == PORT_LOCAL && port->mscount != mscount)
		request_check_no_senders(port);
	port_unref(port);
}

int request_no_senders(Port *port, uint32_t sync, Right *notify, Right *ret_previous)
{
	int r;

	r = port_need_extra(port);
	if (r)
		return r;
	if (port->flags & PORT_F_REPLY)
		return KERN_INVALID_RIGHT;
	if (port->backing && notify->kind != RIGHT_NONE) {
		r = watch_port(port, WATCH_NO_SENDERS);
		if (r)
			return KERN_RESOURCE_SHORTAGE;
	}
	*ret_previous = right_take(&port->extra->nsrequest);
	port->extra->nsrequest = right_take(notify);
	if (port->extra->nsrequest.kind == RIGHT_NONE)
		watch_forget_kind(port, WATCH_NO_SENDERS);
	else if (sync <= port->mscount)
		request_check_no_senders(port);
	else if (port->backing)
		count_senders_from_here(port);
	return 0;
}

int request_port_destroyed(Port *port, Right *notify, Right *ret_previous)
{
	int r;

	if (port->flags & PORT_F_REPLY)
		return KERN_INVALID_RIGHT;
	r = port_need_extra(port);
	if (r)
		return r;
	/* One registration for the life of the port, cancelling included. */
	if (port->flags & PORT_F_PD_DONE)
		return KERN_FAILURE;
	if (port->flags & PORT_F_IMMOVABLE && notify->kind != RIGHT_NONE)
		return KERN_INVALID_CAPABILITY;
	*ret_previous = RIGHT_NULL;
	if (notify->kind != RIGHT_NONE)
		port->flags |= PORT_F_PD_DONE;
	port->extra->pdrequest = right_take(notify);
	return 0;
}

static bool entry_has_room(Entry *entry)
{
	if (entry->type == ENTRY_SEND_ONCE)
		return true;
	return port_is_local(entry->port) && entry->port->msgcount < entry->port->qlimit;
}

/* Starts to watch what the request is about, where that is in another process. It may leave the
 * lock: entries and requests are to be looked up again. */
static int request_watch(const Entry *entry, bool send_possible, bool armed)
{
	Port *port;
	int r = 0;

	if (entry->type == ENTRY_SEND_ONCE)
		return entry->once->kind == ONCE_LOCAL ? 0 : watch_once(entry->once);
	if (entry->port->kobject_type)
		return watch_port(entry->port, WATCH_DEAD);
	if (entry->port->state != PORT_REMOTE)
		return 0;
	port = port_ref(entry->port);
	if (send_possible && armed)
		r = watch_port(port, WATCH_ROOM);
	if (!r && port->state == PORT_REMOTE)
		r = watch_port(port, WATCH_DEAD);
	port_unref(port);
	return r;
}

/* The request of a name whose right has moved away. */
static void watch_there(PortName name)
{
	Entry *entry = space_find_raw(name);
	NameRequest *request = request_find(name);
	int r;

	r = request_watch(entry, request->send_possible, request->armed);
	request = request_find(name);
	if (!request || request->unwatched == (r != 0))
		return;
	request->unwatched = r != 0;
	if (r) {
		n_unwatched++;
		watch_again_later();
	} else {
		n_unwatched--;
	}
}

/* One that was not tried in this round: where the lock is left, the others may be gone. */
static NameRequest *find_unwatched(unsigned round)
{
	NameRequest *request, *next;

	HASH_ITER (hh, requests, request, next) {
		if (request->unwatched && request->round != round)
			return request;
	}
	return NULL;
}

bool request_watch_again(void)
{
	static unsigned rounds;
	unsigned round = ++rounds;
	NameRequest *request;

	while (n_unwatched > 0 && (request = find_unwatched(round)) != NULL) {
		request->round = round;
		watch_there(request->name);
	}
	return n_unwatched > 0;
}

int request_name(
	PortName name, bool send_possible, bool immediate, Right *notify, Right *ret_previous)
{
	NameRequest *request;
	Entry *entry;

	(void)request_watch_again();
	entry = space_find(name);
	if (!entry)
		return KERN_INVALID_NAME;
	if (entry->type == ENTRY_PORT_SET)
		return KERN_INVALID_RIGHT;
	if (entry->type == ENTRY_DEAD_NAME) {
		if (!send_possible || notify->kind == RIGHT_NONE)
			return KERN_INVALID_ARGUMENT;
		if (entry->urefs == SPACE_UREFS_MAX)
			return KERN_UREFS_OVERFLOW;
		entry_urefs_add(entry, 1);
		notify_number(notify, MACH_NOTIFY_DEAD_NAME, name);
		*ret_previous = RIGHT_NULL;
		return 0;
	}
	request = entry->flags & ENTRY_F_REQUEST ? request_find(name) : NULL;
	if (notify->kind == RIGHT_NONE) {
		*ret_previous = request ? request_take(entry, request) : RIGHT_NULL;
		return 0;
	}
	if (send_possible && immediate && entry_has_room(entry)) {
		*ret_previous = request ? request_take(entry, request) : RIGHT_NULL;
		notify_number(notify, MACH_NOTIFY_SEND_POSSIBLE, name);
		return 0;
	}
	if (request_watch(entry, send_possible, immediate))
		return KERN_RESOURCE_SHORTAGE;
	entry = space_find(name);
	if (!entry || !(entry->type & (ENTRY_SEND | ENTRY_RECEIVE | ENTRY_SEND_ONCE)))
		return KERN_INVALID_ARGUMENT; /* it died, or went, while the lock was left */
	request = entry->flags & ENTRY_F_REQUEST ? request_find(name) : request_new(entry);
	if (!request)
		return KERN_RESOURCE_SHORTAGE;
	*ret_previous = right_take(&request->notify);
	request->send_possible = send_possible;
	request->armed = send_possible && immediate;
	request->notify = right_take(notify);
	return 0;
}

void request_name_deleted(Entry *entry)
{
	NameRequest *request;
	Right notify;

	if (!(entry->flags & ENTRY_F_REQUEST))
		return;
	request = request_find(entry->name);
	notify = request_take(entry, request);
	notify_number(&notify, MACH_NOTIFY_PORT_DELETED, entry->name);
}

void request_name_died(Entry *entry)
{
	NameRequest *request = request_find(entry->name);
	Right notify;

	if (!request)
		return;
	notify = request_take(entry, request);
	entry_urefs_add(entry, 1);
	notify_number(&notify, MACH_NOTIFY_DEAD_NAME, entry->name);
}

void request_send_possible(Port *port)
{
	NameRequest *request;
	Entry *entry;
	Right notify;

	if (!port->name)
		return;
	entry = space_find_raw(port->name);
	if (!entry || !(entry->flags & ENTRY_F_REQUEST))
		return;
	request = request_find(port->name);
	if (!request || !request->send_possible || !request->armed)
		return;
	notify = request_take(entry, request);
	notify_number(&notify, MACH_NOTIFY_SEND_POSSIBLE, port->name);
}

bool request_arm_send_possible(PortName name)
{
	Entry *entry = space_find_raw(name);
	NameRequest *request;

	if (!entry || !(entry->flags & ENTRY_F_REQUEST))
		return false;
	request = request_find(name);
	if (!request->send_possible)
		return false;
	request->armed = true;
	return entry->type == ENTRY_SEND_ONCE || request_watch(entry, true, true) == 0;
}

void request_moved_away(PortName name)
{
	const Entry *entry = name ? space_find_raw(name) : NULL;

	if (entry && entry->flags & ENTRY_F_REQUEST)
		watch_there(name);
}

uint32_t request_type_bits(PortName name)
{
	NameRequest *request = request_find(name);

	if (!request)
		return 0;
	if (!request->send_possible)
		return MACH_PORT_TYPE_DNREQUEST;
	return request->armed ? MACH_PORT_TYPE_SPREQUEST : MACH_PORT_TYPE_SPREQUEST_DELAYED;
}

uint32_t request_count(PortName name)
{
	return request_find(name) ? 1 : 0;
}

void request_forget_all(void)
{
	NameRequest *request, *next;

	HASH_ITER (hh, requests, request, next) {
		HASH_DEL(requests, request);
		free(request);
	}
	n_unwatched = 0;
}
