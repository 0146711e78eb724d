/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See portcheck.h. The walk starts at the names and follows every right in every queue; what it
 * finds of a port is noted in a Seen, and compared with what the port says of itself at the end.
 */
#include "tests/lib/portcheck.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mach/mach.h>

#include "base/fd.h"
#include "base/hash.h"
#include "port/answer.h"
#include "port/backing.h"
#include "port/budget.h"
#include "port/lease_client.h"
#include "port/lease_server.h"
#include "port/message.h"
#include "port/names.h"
#include "port/once.h"
#include "port/port.h"
#include "port/pset.h"
#include "port/reaper.h"
#include "port/request.h"
#include "port/space.h"
#include "port/task.h"

#define REAPER_MS 60000

/* What was found of a port; `refs` and `srights` are those that somebody was seen to hold. */
typedef struct Seen {
	Port *port;
	uint32_t refs;
	uint32_t srights;
	uint32_t receivers;
	struct Seen *next; /* in the order of finding: the walk goes on until the end */
	UT_hash_handle hh;
} Seen;

typedef struct Check {
	Seen *ports;
	Seen *first, *last;
	char *text;
	size_t size;
	bool failed;
} Check;

__attribute__((__format__(__printf__, 2, 3))) static void wrong(Check *c, const char *format, ...)
{
	va_list ap;

	if (c->failed)
		return;
	c->failed = true;
	va_start(ap, format);
	vsnprintf(c->text, c->size, format, ap);
	va_end(ap);
}

static Seen *see(Check *c, Port *port)
{
	Seen *seen;

	HASH_FIND(hh, c->ports, &port, sizeof(port), seen);
	if (seen)
		return seen;
	seen = calloc(1, sizeof(*seen));
	if (!seen)
		abort();
	seen->port = port;
	HASH_ADD(hh, c->ports, port, sizeof(seen->port), seen);
	if (c->last)
		c->last->next = seen;
	else
		c->first = seen;
	c->last = seen;
	return seen;
}

static void see_right(Check *c, const Right *right)
{
	Seen *seen;

	switch (right->kind) {
	case RIGHT_SEND:
		seen = see(c, right->port);
		seen->refs++;
		seen->srights++;
		break;
	case RIGHT_RECEIVE:
		seen = see(c, right->port);
		seen->refs++;
		seen->receivers++;
		if (!(right->port->flags & PORT_F_TRANSIT))
			wrong(c, "a receive right in a message is not in transit");
		break;
	case RIGHT_SEND_ONCE:
		if (right->once->name)
			wrong(c, "a send-once right in a message has the name %#x",
				right->once->name);
		if (right->once->kind == ONCE_LOCAL)
			(void)see(c, right->once->port);
		break;
	default:
		break;
	}
}

/* In a message that waits at `dest`: what finds circles of receive rights must know of it. */
static void see_waiting_right(Check *c, const Right *right, const Port *dest)
{
	see_right(c, right);
	if (right->kind == RIGHT_RECEIVE &&
		(!right->port->extra || right->port->extra->transit_to != dest))
		wrong(c, "a receive right waits at port %#x and does not know it", dest->name);
}

static void see_message(Check *c, const Message *m, const Port *dest)
{
	if (!m->heap)
		wrong(c, "a message that waits is not on the heap");
	see_right(c, &m->reply);
	for (uint32_t i = 0; i < m->n_items; i++) {
		const Item *item = &m->items[i];

		see_waiting_right(c, &item->right, dest);
		for (uint32_t k = 0; item->rights && k < item->count; k++)
			see_waiting_right(c, &item->rights[k], dest);
	}
}

static uint32_t see_queue(Check *c, Seen *seen, const MessageQueue *queue)
{
	const Message *m;
	uint32_t n = 0;

	TAILQ_FOREACH (m, queue, link) {
		see_message(c, m, seen->port);
		/* The right that it was sent with lives as long as it waits. */
		seen->srights += m->holds_dest;
		n++;
	}
	return n;
}

/* Names. */

static void check_port_entry(Check *c, const Entry *entry)
{
	Port *port = entry->port;
	Seen *seen = see(c, port);

	seen->refs++;
	if (port->name != entry->name)
		wrong(c, "name %#x: its port says %#x", entry->name, port->name);
	if (entry->type & ENTRY_SEND) {
		seen->srights++;
		if (entry->urefs == 0)
			wrong(c, "name %#x: a send right without user references", entry->name);
		if (port->state == PORT_DEAD)
			wrong(c, "name %#x: a send right to a dead port", entry->name);
	} else if (entry->urefs != 0) {
		wrong(c, "name %#x: %u user references of no send right", entry->name,
			entry->urefs);
	}
	if (!(entry->type & ENTRY_RECEIVE))
		return;
	seen->receivers++;
	if (!port_is_receivable(port))
		wrong(c, "name %#x: a receive right of state %u, flags %#x", entry->name,
			port->state, port->flags);
}

static void check_set_entry(Check *c, const Entry *entry)
{
	const PortSet *set = entry->set;
	const Membership *member;
	uint32_t n = 0;

	if (set->name != entry->name || set->refs != 1)
		wrong(c, "set %#x: name %#x, %u references", entry->name, set->name, set->refs);
	TAILQ_FOREACH (member, &set->members, by_set) {
		n++;
		(void)see(c, member->port);
		if (member->set != set || !pset_is_member(set, member->port))
			wrong(c, "set %#x: a member that does not know it", entry->name);
		if (!port_is_receivable(member->port) || !member->port->name)
			wrong(c, "set %#x: a member without a receive right", entry->name);
	}
	if (n != set->n_members)
		wrong(c, "set %#x: %u members, it says %u", entry->name, n, set->n_members);
}

static void check_entry(Check *c, Entry *entry)
{
	if ((entry->name & 3) != 3 || space_find_raw(entry->name) != entry)
		wrong(c, "name %#x is not one", entry->name);
	if (!(entry->flags & ENTRY_F_REQUEST) != !request_count(entry->name))
		wrong(c, "name %#x: flags %#x, requests %u", entry->name, entry->flags,
			request_count(entry->name));
	switch (entry->type) {
	case ENTRY_SEND:
	case ENTRY_RECEIVE:
	case ENTRY_SEND | ENTRY_RECEIVE:
		check_port_entry(c, entry);
		break;
	case ENTRY_SEND_ONCE:
		if (entry->once->name != entry->name || entry->urefs != 1)
			wrong(c, "name %#x: a send-once right of name %#x, %u references",
				entry->name, entry->once->name, entry->urefs);
		if (entry->once->kind == ONCE_LOCAL)
			(void)see(c, entry->once->port);
		break;
	case ENTRY_PORT_SET:
		check_set_entry(c, entry);
		break;
	case ENTRY_DEAD_NAME:
		if (entry->object || entry->urefs == 0)
			wrong(c, "dead name %#x: %u references", entry->name, entry->urefs);
		break;
	default:
		wrong(c, "name %#x: type %#x", entry->name, entry->type);
	}
}

static void check_names(Check *c)
{
	uint32_t index = 0, n = 0;
	Entry *entry;

	while ((entry = space_next(&index)) != NULL && !c->failed) {
		check_entry(c, entry);
		n++;
	}
	if (n != space_used())
		wrong(c, "%u names, the space says %u", n, space_used());
	for (unsigned i = 0; i < TASK_N_SLOTS; i++)
		see_right(c, &task.slots[i]);
	see_right(c, &task.debug_control);
	for (unsigned i = 0; i < TASK_N_FLAVORS; i++)
		see_right(c, &task.flavors[i]);
}

/* Ports. */

static void check_leases(Check *c, Port *port)
{
	const LeaseClient *client;
	const LeaseServer *server, *next;
	uint32_t n = 0;

	TAILQ_FOREACH (client, &port->extra->leases, link) {
		see(c, client->dest)->refs++;
		if (client->reply != port)
			wrong(c, "port %#x: a lease of another port", port->name);
	}
	HASH_ITER (hh, port->extra->lease_table, server, next) {
		n++;
		if (server->port != port || server->refs == 0)
			wrong(c, "port %#x: a lease that does not know it", port->name);
		if (server->parked)
			see_message(c, server->parked, port);
	}
	if (n != port->extra->n_leases)
		wrong(c, "port %#x: %u leases, it says %u", port->name, n, port->extra->n_leases);
}

static void check_extra(Check *c, Seen *seen)
{
	Port *port = seen->port;
	const Membership *member;
	const SendOnce *once;
	const Answer *answer;
	uint32_t onces = 0, answers = 0;

	TAILQ_FOREACH (once, &port->extra->onces, link) {
		onces++;
		if (once->kind != ONCE_LOCAL || once->port != port)
			wrong(c, "port %#x: a send-once right of another port", port->name);
	}
	TAILQ_FOREACH (answer, &port->extra->answers, link) {
		answers++;
		if (answer->port != port || !answer->linked)
			wrong(c, "port %#x: an answer of another port", port->name);
	}
	TAILQ_FOREACH (member, &port->extra->sets, by_port) {
		if (member->port != port)
			wrong(c, "port %#x: a membership of another port", port->name);
	}
	seen->refs += onces;
	if (answers != port->extra->n_answers)
		wrong(c, "port %#x: %u answers, it says %u", port->name, answers,
			port->extra->n_answers);
	if (port->state == PORT_LOCAL && port->sorights != onces + answers)
		wrong(c, "port %#x: %u send-once rights here and %u elsewhere, it says %u",
			port->name, onces, answers, port->sorights);
	check_leases(c, port);
	see_right(c, &port->extra->nsrequest);
	see_right(c, &port->extra->pdrequest);
}

static void walk_port(Check *c, Seen *seen)
{
	Port *port = seen->port;
	uint32_t n = 0;

	if (port->kobject_type)
		see_right(c, &port->kobject->companion);
	if (port->backing && port->backing->port != port)
		wrong(c, "port %#x: a backing of another port", port->name);
	if (port->extra)
		check_extra(c, seen);
	if (port->state == PORT_REMOTE && !port->backing)
		wrong(c, "port %#x is remote, without descriptors", port->name);
	if (port->state != PORT_LOCAL || port->kobject_type)
		return;
	n = see_queue(c, seen, &port->queue);
	if (port->extra)
		n += see_queue(c, seen, &port->extra->late);
	if (n != port->msgcount)
		wrong(c, "port %#x: %u messages, it says %u", port->name, n, port->msgcount);
}

static bool is_served(const Port *port)
{
	const Entry *entry = port->name ? space_find_raw(port->name) : NULL;

	return entry && entry->flags & ENTRY_F_HIDDEN;
}

static void check_balance(Check *c, const Seen *seen)
{
	const Port *port = seen->port;

	/* The thread that serves a port of the library's own waits there at any moment, or does not. */
	if (seen->refs != port->refs && !(is_served(port) && seen->refs + 1 == port->refs))
		wrong(c, "port %#x, state %u: %u references, it says %u", port->name, port->state,
			seen->refs, port->refs);
	if (seen->srights != port->srights)
		wrong(c, "port %#x, state %u: %u send rights, it says %u", port->name, port->state,
			seen->srights, port->srights);
	if (seen->receivers > 1)
		wrong(c, "port %#x: %u receive rights", port->name, seen->receivers);
}

bool portcheck(char *text, size_t size)
{
	Check c = {.text = text, .size = size};
	Seen *seen, *next;

	task_lock();
	check_names(&c);
	for (seen = c.first; seen; seen = seen->next)
		walk_port(&c, seen);
	for (seen = c.first; seen; seen = seen->next)
		check_balance(&c, seen);
	task_unlock();
	HASH_CLEAR(hh, c.ports);
	for (seen = c.first; seen; seen = next) {
		next = seen->next;
		free(seen);
	}
	return !c.failed;
}

/* What every task has, and what its threads keep of their own ports. */
static bool is_own(const Entry *entry)
{
	PortName name = entry->name;

	if (entry->type == ENTRY_SEND && entry->port->kobject_type == KOBJECT_THREAD)
		return entry->urefs == 1;
	return name == task.self_name || name == task.host_name || name == bootstrap_port ||
	       entry->flags & ENTRY_F_HIDDEN;
}

unsigned portcheck_names(void)
{
	uint32_t index = 0;
	unsigned n = 0;
	Entry *entry;

	task_lock();
	while ((entry = space_next(&index)) != NULL)
		n += !is_own(entry);
	task_unlock();
	return n;
}

unsigned portcheck_own_ports(void)
{
	uint32_t index = 0;
	unsigned n = 0;
	Entry *entry;

	task_lock();
	while ((entry = space_next(&index)) != NULL)
		n += entry->flags & ENTRY_F_HIDDEN && entry->port && entry->port->backing;
	task_unlock();
	return n;
}

void portcheck_clear(void)
{
	uint32_t index = 0;
	Entry *entry;

	task_lock();
	while ((entry = space_next(&index)) != NULL) {
		if (is_own(entry))
			continue;
		if (entry->type & ENTRY_RECEIVE)
			entry->port->flags &= (uint16_t)~PORT_F_GUARDED;
		(void)name_destroy(entry->name);
		index = 0; /* a notification may have made what is behind us */
	}
	task_unlock();
}

int portcheck_fds(void)
{
	task_lock();
	budget_sweep();
	task_unlock();
	return reaper_wait(REAPER_MS) ? fd_count_open() : -1;
}

static void warm_up_port(Port *port)
{
	Port *other = port_new_local();
	Right right = {.kind = RIGHT_SEND_ONCE};

	if (!other)
		abort();
	right.once = once_new_local(other);
	if (!right.once || backing_make(port))
		abort();
	/* The watcher's epoll set, and its thread. */
	if (request_no_senders(port, UINT32_MAX, &right, &(Right){.kind = RIGHT_NONE}))
		abort();
	port_destroy_receive(other);
	port_unref(other);
}

void portcheck_warm_up(void)
{
	Port *port;

	task_init();
	task_lock();
	port = port_new_local();
	if (!port)
		abort();
	warm_up_port(port);
	port_destroy_receive(port);
	port_unref(port);
	task_unlock();
	(void)portcheck_fds();
}
