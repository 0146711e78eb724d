/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/lsmp-space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "port/pset.h"
#include "task/bundle.h"

#define TRIES 4
#define MAX_MEMBERS 4096u
#define MAX_SETS 256u
#define MAX_ANSWERS 1024u
#define MAX_MESSAGES 1100u

/* The address that a pointer of the other process stands for. */
#define ADDRESS(p) ((uint64_t)(uintptr_t)(p))

typedef struct Walk {
	const Target *t;
	ModelWriter *w;
	Deadline deadline;
	bool want_messages;
} Walk;

/* Where the arrays of the writer end: a row that is read again begins anew. */
typedef struct Mark {
	size_t sockets, messages, names;
} Mark;

static Mark mark_get(const ModelWriter *w)
{
	return (Mark){w->sockets.used, w->messages.used, w->names.used};
}

static void mark_rewind(ModelWriter *w, Mark mark)
{
	w->sockets.used = mark.sockets;
	w->messages.used = mark.messages;
	w->names.used = mark.names;
}

static void span_begin(Span *span, const ByteWriter *pool, size_t size)
{
	*span = (Span){.first = (uint32_t)(pool->used / size)};
}

/* Appends to a span that is the last one of its pool. No room: the row says that there is more. */
static bool span_add(Row *row, Span *span, ByteWriter *pool, const void *item, size_t size)
{
	if (bytes_put_blob(pool, item, size)) {
		/* One row too long is no reason to give up on others. */
		pool->failed = false;
		row->notes |= ROW_MORE;
		return false;
	}
	span->n++;
	return true;
}

static bool read_name_of_port(Walk *k, const Port *port, uint32_t *ret)
{
	return target_read(k->t, ADDRESS(port) + offsetof(Port, name), ret, sizeof(*ret));
}

static bool read_members(Walk *k, const PortSet *set, uint64_t address, Row *row)
{
	uint64_t back = address + offsetof(PortSet, members);
	uint64_t next = ADDRESS(set->members.tqh_first);
	Membership m;
	uint32_t name;

	span_begin(&row->names, &k->w->names, sizeof(name));
	for (unsigned i = 0; next; i++) {
		if (i == MAX_MEMBERS) {
			row->notes |= ROW_MORE;
			break;
		}
		if (!target_read(k->t, next, &m, sizeof(m)) || ADDRESS(m.set) != address ||
			ADDRESS(m.by_set.tqe_prev) != back || !read_name_of_port(k, m.port, &name))
			return false;
		if (!span_add(row, &row->names, &k->w->names, &name, sizeof(name)))
			break;
		back = next + offsetof(Membership, by_set);
		next = ADDRESS(m.by_set.tqe_next);
	}
	return true;
}

/* The sets that a port is in. */
static bool read_sets(Walk *k, const PortExtra *x, uint64_t x_address, uint64_t port, Row *row)
{
	uint64_t back = x_address + offsetof(PortExtra, sets);
	uint64_t next = ADDRESS(x->sets.tqh_first);
	Membership m;
	uint32_t name;

	span_begin(&row->names, &k->w->names, sizeof(name));
	for (unsigned i = 0; next; i++) {
		row->notes |= ROW_IN_SETS;
		if (i == MAX_SETS) {
			row->notes |= ROW_MORE;
			break;
		}
		if (!target_read(k->t, next, &m, sizeof(m)) || ADDRESS(m.port) != port ||
			ADDRESS(m.by_port.tqe_prev) != back ||
			!target_read(k->t, ADDRESS(m.set) + offsetof(PortSet, name), &name,
				sizeof(name)))
			return false;
		if (!span_add(row, &row->names, &k->w->names, &name, sizeof(name)))
			break;
		back = next + offsetof(Membership, by_port);
		next = ADDRESS(m.by_port.tqe_next);
	}
	return true;
}

/* The near ends of the send-once rights that other processes hold. */
static bool read_answers(Walk *k, const PortExtra *x, uint64_t x_address, uint64_t port, Row *row)
{
	uint64_t back = x_address + offsetof(PortExtra, answers);
	uint64_t next = ADDRESS(x->answers.tqh_first);
	Answer a;

	span_begin(&row->sockets, &k->w->sockets, sizeof(uint64_t));
	for (unsigned i = 0; next; i++) {
		uint64_t inode;

		if (i == MAX_ANSWERS) {
			row->notes |= ROW_MORE;
			break;
		}
		if (!target_read(k->t, next, &a, sizeof(a)) || ADDRESS(a.port) != port ||
			ADDRESS(a.link.tqe_prev) != back)
			return false;
		inode = target_socket(k->t, a.fd);
		if (inode == 0)
			row->notes |= ROW_UNPROVEN;
		else if (!span_add(row, &row->sockets, &k->w->sockets, &inode, sizeof(inode)))
			break;
		back = next + offsetof(Answer, link);
		next = ADDRESS(a.link.tqe_next);
	}
	return true;
}

static bool read_queue(Walk *k, const MessageQueue *queue, uint64_t head, Row *row)
{
	uint64_t next = ADDRESS(queue->tqh_first);
	uint64_t back = head;
	Message m;

	while (next) {
		QueuedMessage q;

		if (row->messages.n == MAX_MESSAGES) {
			row->notes |= ROW_MORE;
			break;
		}
		if (!target_read(k->t, next, &m, sizeof(m)) || ADDRESS(m.link.tqe_prev) != back)
			return false;
		q = (QueuedMessage){.id = m.id, .size = m.size, .n_items = m.n_items};
		if (m.creds.uid != CREDS_SELF)
			q.pid = (uint32_t)m.creds.pid;
		if (!span_add(row, &row->messages, &k->w->messages, &q, sizeof(q)))
			break;
		back = next + offsetof(Message, link);
		next = ADDRESS(m.link.tqe_next);
	}
	return true;
}

static bool read_extra(Walk *k, uint64_t address, uint64_t port, Row *row, PortExtra *x)
{
	if (!target_read(k->t, address, x, sizeof(*x)))
		return false;
	row->n_carriers = x->n_carriers;
	row->n_leases = x->n_leases;
	row->dropped = x->dropped;
	if (x->nsrequest.kind != RIGHT_NONE)
		row->notes |= ROW_NO_SENDERS;
	if (x->pdrequest.kind != RIGHT_NONE)
		row->notes |= ROW_PORT_DESTROYED;
	return read_sets(k, x, address, port, row) && read_answers(k, x, address, port, row);
}

/* The front of a backing is the port's secret, which nobody is to read, lsmp included. */
static bool read_backing(Walk *k, uint64_t address, uint64_t port, Backing *ret)
{
	const size_t front = offsetof(Backing, port);

	_Static_assert(offsetof(Backing, ident) == 0 && offsetof(Backing, port) >= sizeof(Ident),
		"the secret is read by nobody");
	memset(ret, 0, front);
	return target_read(k->t, address + front, (uint8_t *)ret + front, sizeof(*ret) - front) &&
	       ADDRESS(ret->port) == port;
}

static bool fill_backing(Walk *k, uint64_t address, uint64_t port, Row *row)
{
	int32_t sender;
	Backing b;

	if (!read_backing(k, address, port, &b))
		return false;
	row->fds[ROW_FD_ADDRESS] = b.addr;
	row->fds[ROW_FD_PIPE] = b.pipe_w;
	row->fds[ROW_FD_SOCKET] = b.sock;
	row->n_pipes = b.n_pipes;
	if (b.supervised)
		row->notes |= ROW_SUPERVISED;
	if (b.sender && target_read(k->t, ADDRESS(b.sender) + offsetof(Sender, fd), &sender,
				sizeof(sender)))
		row->fds[ROW_FD_SENDER] = sender;
	row->key = target_key(k->t, b.addr);
	if (row->key.kind == KEY_NONE)
		row->notes |= ROW_UNPROVEN;
	if (b.sock >= 0) {
		row->socket = target_socket(k->t, b.sock);
		if (row->socket == 0)
			row->notes |= ROW_UNPROVEN;
	}
	return true;
}

/* The process that a task port is about; in a thread port, the thread. */
static void fill_task(Walk *k, const Kobject *object, Row *row)
{
	switch (object->type) {
	case KOBJECT_TASK:
	case KOBJECT_TASK_READ:
	case KOBJECT_TASK_INSPECT:
	case KOBJECT_TASK_NAME:
	case KOBJECT_TASK_ID_TOKEN:
		/* The process's own has no descriptors. */
		row->task = (uint32_t)(object->n_fds == 0
					       ? k->t->pid
					       : target_pidfd(k->t, object->fds[BUNDLE_PIDFD]));
		break;
	case KOBJECT_THREAD:
	case KOBJECT_THREAD_READ:
	case KOBJECT_THREAD_INSPECT:
		/* Of its own threads it keeps the number. */
		row->task = (uint32_t)(object->n_fds == 0 ? (int32_t)object->facts[1]
							  : target_pidfd(k->t, object->fds[0]));
		break;
	default:
		break;
	}
}

static bool fill_object(Walk *k, const Port *p, Row *row)
{
	static const uint64_t none[2];
	uint64_t id[2];
	Kobject object;

	row->kobject_type = p->kobject_type;
	if (!target_read(k->t, ADDRESS(p->kobject), &object, sizeof(object)))
		return false;
	memcpy(id, object.id, sizeof(id));
	fill_task(k, &object, row);
	/* An object that never leaves its process has no id. */
	if (memcmp(id, none, sizeof(id)) != 0)
		row->key = (PortKey){KEY_OBJECT,
			{p->kobject_type, id[0] ^ object.facts[0], id[1] ^ object.facts[1]}};
	return true;
}

static bool fill_queue(Walk *k, const Port *p, uint64_t address, Row *row)
{
	PortExtra x;

	span_begin(&row->messages, &k->w->messages, sizeof(QueuedMessage));
	if (p->extra && !read_extra(k, ADDRESS(p->extra), address, row, &x))
		return false;
	if (!k->want_messages || p->state != PORT_LOCAL || p->kobject_type)
		return true;
	if (!read_queue(k, &p->queue, address + offsetof(Port, queue), row))
		return false;
	return !p->extra ||
	       read_queue(k, &x.late, ADDRESS(p->extra) + offsetof(PortExtra, late), row);
}

static void fill_numbers(const Port *p, Row *row)
{
	row->has_port = true;
	row->state = p->state;
	row->flags = p->flags;
	row->qlimit = p->qlimit;
	row->msgcount = p->msgcount;
	row->srights = p->srights;
	row->mscount = p->mscount;
	row->seqno = p->seqno;
	row->sorights = p->sorights;
	if (p->state == PORT_LOCAL && !(p->flags & PORT_F_GUARDED))
		row->context = p->context;
	/* The library turns the name into a dead one when it next looks at it. */
	if (p->state == PORT_DEAD && row->type == ENTRY_SEND)
		row->type = ENTRY_DEAD_NAME;
}

static bool fill_port(Walk *k, uint64_t address, Row *row)
{
	Port p, again;

	if (!target_read(k->t, address, &p, sizeof(p)) || p.name != row->name)
		return false;
	fill_numbers(&p, row);
	if (p.kobject_type && !fill_object(k, &p, row))
		return false;
	if (p.backing && !fill_backing(k, ADDRESS(p.backing), address, row))
		return false;
	if (!fill_queue(k, &p, address, row))
		return false;
	/* What was read in one piece needs no second look. */
	if (!p.kobject_type && !p.backing && !p.extra)
		return true;
	return target_read(k->t, address, &again, sizeof(again)) && again.name == p.name &&
	       again.state == p.state && again.extra == p.extra && again.backing == p.backing;
}

/* A send-once right to a port of the process itself: which one. */
static bool fill_once_local(Walk *k, const Port *port, Row *row)
{
	Port p;
	Backing b;

	if (!target_read(k->t, ADDRESS(port), &p, sizeof(p)))
		return false;
	row->target = p.name;
	if (p.state == PORT_DEAD)
		row->type = ENTRY_DEAD_NAME;
	if (!p.backing)
		return true;
	if (!read_backing(k, ADDRESS(p.backing), ADDRESS(port), &b))
		return false;
	row->key = target_key(k->t, b.addr);
	return true;
}

static bool fill_once(Walk *k, uint64_t address, Row *row)
{
	SendOnce once;
	int32_t fd = -EBADF;

	if (!target_read(k->t, address, &once, sizeof(once)) || once.name != row->name)
		return false;
	switch (once.kind) {
	case ONCE_LOCAL:
		return fill_once_local(k, once.port, row);
	case ONCE_PAIR:
		fd = once.fd;
		break;
	case ONCE_LEASE:
		if (!target_read(
			    k->t, ADDRESS(once.lease) + offsetof(LeaseServer, fd), &fd, sizeof(fd)))
			return false;
		break;
	case ONCE_DEAD:
		row->type = ENTRY_DEAD_NAME;
		return true;
	default:
		return false;
	}
	row->fds[ROW_FD_ONCE] = fd;
	row->socket = target_socket(k->t, fd);
	/* A lease may be without an end until its client comes forward. */
	if (row->socket == 0 && fd >= 0)
		row->notes |= ROW_UNPROVEN;
	return true;
}

static bool fill_set(Walk *k, uint64_t address, Row *row)
{
	PortSet set;

	return target_read(k->t, address, &set, sizeof(set)) && set.name == row->name &&
	       read_members(k, &set, address, row);
}

static bool fill_row(Walk *k, const Entry *entry, Row *row)
{
	*row = (Row){
		.name = entry->name,
		.urefs = entry->urefs,
		.type = entry->type,
		.fds = {-EBADF, -EBADF, -EBADF, -EBADF, -EBADF},
	};
	if (entry->flags & ENTRY_F_REQUEST)
		row->notes |= ROW_REQUEST;
	switch (entry->type) {
	case ENTRY_SEND:
	case ENTRY_RECEIVE:
	case ENTRY_SEND | ENTRY_RECEIVE:
		return fill_port(k, ADDRESS(entry->port), row);
	case ENTRY_SEND_ONCE:
		return fill_once(k, ADDRESS(entry->once), row);
	case ENTRY_PORT_SET:
		return fill_set(k, ADDRESS(entry->set), row);
	case ENTRY_DEAD_NAME:
		return true;
	default:
		return false;
	}
}

/* One name. False: there is no room for more. */
static bool read_entry(Walk *k, uint64_t address, Entry entry)
{
	Mark mark = mark_get(k->w);
	bool steady = false;
	Row row;

	for (unsigned i = 0; i < TRIES && !steady; i++) {
		mark_rewind(k->w, mark);
		/* What the entry points to bears the same name: then it still is that. */
		steady = fill_row(k, &entry, &row);
		if (!steady && !target_read(k->t, address, &entry, sizeof(entry)))
			return true;
		if (!entry.type)
			break;
	}
	if (!entry.type) {
		/* Freed while we looked: then it is not there. */
		mark_rewind(k->w, mark);
		return true;
	}
	if (!steady)
		row.notes |= ROW_CHANGING;
	return !bytes_put_blob(&k->w->rows, &row, sizeof(row));
}

static bool read_chunk(Walk *k, uint64_t address)
{
	Entry entries[SPACE_CHUNK];

	/* The chunk may have gone with an exec since. */
	if (!target_read(k->t, address, entries, sizeof(entries)))
		return true;
	for (unsigned i = 0; i < SPACE_CHUNK; i++) {
		if (!entries[i].type)
			continue;
		if (deadline_is_past(k->deadline) ||
			!read_entry(k, address + i * sizeof(Entry), entries[i])) {
			k->w->head.truncated = true;
			return false;
		}
	}
	return true;
}

Outcome space_read(const Target *t, bool want_messages, Deadline deadline, ModelWriter *w)
{
	const size_t n = t->anchor.n_chunks;
	_cleanup_free_ uint64_t *chunks = calloc(n, sizeof(*chunks));
	Walk k = {.t = t, .w = w, .deadline = deadline, .want_messages = want_messages};

	if (!chunks || !target_read(t, t->anchor.chunks, chunks, n * sizeof(*chunks)))
		return OUTCOME_BROKEN;
	for (size_t i = 0; i < n; i++) {
		if (chunks[i] && !read_chunk(&k, chunks[i]))
			break;
	}
	return OUTCOME_OK;
}
