/* SPDX-License-Identifier: Apache-2.0 */
#include "port/decode.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/memfd.h"
#include "base/sockmsg.h"
#include "port/backing.h"
#include "port/carrier.h"
#include "port/kport.h"
#include "port/lease_server.h"
#include "port/message.h"
#include "port/move.h"
#include "port/once.h"
#include "port/port.h"
#include "port/portdir.h"
#include "port/probe.h"
#include "port/region.h"

#define MALFORMED KERN_INVALID_ARGUMENT

/* Where the parts of a body are, after the sizes were checked. */
typedef struct Body {
	const uint8_t *bytes;
	size_t n_bytes;
	size_t memory; /* offset of the next piece of inline memory */
	const WireRecord *records;
	uint32_t n_records;
	uint32_t next_record;
	bool reply_taken;
} Body;

const WireHeader *decode_header(const uint8_t *bytes, size_t n_bytes)
{
	const WireHeader *h = (const WireHeader *)(const void *)bytes;

	if (n_bytes < sizeof(*h) || h->magic != WIRE_MAGIC || h->version != WIRE_VERSION)
		return NULL;
	if (h->n_records > WIRE_MAX_RECORDS || h->tail_size > MESSAGE_MAX_SIZE)
		return NULL;
	return h;
}

void decoder_deinit(Decoder *d)
{
	for (uint32_t i = d->next_fd; i < d->n_fds; i++)
		d->fds[i] = probe_close_consume(d->fds[i]);
	d->next_fd = d->n_fds;
	if (d->fds_heap)
		free(d->fds);
	d->fds = NULL;
	d->n_fds = 0;
}

int decode_take_fd(Decoder *d)
{
	int fd;

	if (d->next_fd >= d->n_fds) {
		/* The kernel cut the list for want of room: a right is lost, the message is not. */
		if (d->cut)
			d->rights_lost = true;
		return -EBADF;
	}
	fd = d->fds[d->next_fd];
	d->fds[d->next_fd++] = -EBADF;
	return fd;
}

int decode_take_kind(Decoder *d, ProbeKind kind)
{
	int fd = decode_take_fd(d);

	if (fd < 0)
		return fd;
	if (probe_kind(fd) != kind)
		return probe_close_consume(fd);
	return fd;
}

/* The address and pipe end of a send right, looked at with as few calls as will do: on a file system
 * of ours a socket inode is an address and nothing else, and any pipe will do for the end. */
static int take_send(
	Decoder *d, const WireRecord *record, Ident *ident, int *ret_addr, int *ret_pipe)
{
	int addr = decode_take_fd(d);
	int pipe_w = decode_take_fd(d);
	bool good = record->n_fds == 2 && addr >= 0 && pipe_w >= 0;

	if (good)
		good = ident_read(addr, ident) == 0 && probe_is_pipe(pipe_w);
	if (good && !portdir_knows_device(ident->dev))
		good = probe_kind(addr) == PROBE_ADDR;
	if (!good) {
		probe_close_consume(addr);
		probe_close_consume(pipe_w);
		return MALFORMED;
	}
	memcpy(ident->secret, record->value, sizeof(ident->secret));
	*ret_addr = addr;
	*ret_pipe = pipe_w;
	return 0;
}

static int decode_send(Decoder *d, const WireRecord *record, Right *ret)
{
	int addr, pipe_w, r;
	Ident ident;

	r = take_send(d, record, &ident, &addr, &pipe_w);
	return r ? r : right_adopt_send_consume(addr, &ident, pipe_w, d->creds->uid, ret);
}

/* Whether it is the end of a pair is found out when an answer is sent: see send_datagram(). Until then
 * it is enough that nothing of it can block. */
static bool is_unix_socket(int fd)
{
	socklen_t size = sizeof(int);
	int domain;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

static int decode_once(Decoder *d, const WireRecord *record, Right *ret)
{
	int fd = decode_take_fd(d);
	SendOnce *once;

	if (record->n_fds != 1 || fd < 0 || !is_unix_socket(fd)) {
		probe_close_consume(fd);
		return MALFORMED;
	}
	once = once_new_pair_take(fd, d->creds);
	if (!once) {
		probe_close_lazily_consume(fd);
		return KERN_RESOURCE_SHORTAGE;
	}
	*ret = (Right){.kind = RIGHT_SEND_ONCE, .once = once};
	return 0;
}

/* The descriptors of an object that came, so far as they are those of one. */
static int take_object(Decoder *d, const WireRecord *record, KportArrival *a)
{
	const KobjectClass *class = kobject_class(record->aux);
	bool companion = record->flags & WIRE_RF_COMPANION;
	unsigned own = record->n_fds - (companion ? 2 : 0);
	WireRecord of_companion = {.n_fds = 2};
	int r;

	if (!class || own > class->max_fds || (companion && !class->may_have_companion))
		return MALFORMED;
	a->type = record->aux;
	memcpy(a->id, record->value, sizeof(a->id));
	while (a->n_fds < own) {
		a->fds[a->n_fds] = decode_take_fd(d);
		if (a->fds[a->n_fds] < 0)
			return MALFORMED;
		a->n_fds++;
	}
	r = kobject_examine(a->type, a->fds, a->n_fds, a->facts);
	if (!companion || (r && r != KERN_TERMINATED))
		return r;
	memcpy(of_companion.value, record->companion, sizeof(of_companion.value));
	return decode_send(d, &of_companion, &a->companion) ? MALFORMED : r;
}

static int decode_kobject(Decoder *d, const WireRecord *record, Right *ret)
{
	KportArrival arrival = {0};
	Port *port;
	int r;

	r = take_object(d, record, &arrival);
	if (r) {
		while (arrival.n_fds > 0)
			probe_close_consume(arrival.fds[--arrival.n_fds]);
		right_drop(&arrival.companion);
		*ret = (Right){.kind = RIGHT_DEAD};
		return r == KERN_TERMINATED ? 0 : r;
	}
	r = kport_adopt_consume(&arrival, &port);
	if (r)
		return r;
	port_srights_add(port, 1);
	*ret = (Right){.kind = RIGHT_SEND, .port = port};
	return 0;
}

int decode_right(Decoder *d, const WireRecord *record, Right *ret)
{
	bool lost = d->rights_lost;
	int r;

	switch (record->kind) {
	case WIRE_NULL:
		*ret = RIGHT_NULL;
		return 0;
	case WIRE_DEAD:
		*ret = (Right){.kind = RIGHT_DEAD};
		return 0;
	case WIRE_SEND:
		r = decode_send(d, record, ret);
		break;
	case WIRE_SEND_ONCE:
		r = decode_once(d, record, ret);
		break;
	case WIRE_RECEIVE:
		r = move_decode(d, record, ret);
		break;
	case WIRE_KOBJECT:
		r = decode_kobject(d, record, ret);
		break;
	default:
		return MALFORMED;
	}
	if (r && !lost && d->rights_lost) {
		*ret = RIGHT_NULL;
		return 0;
	}
	return r;
}

/* What a receiver is told of a right: what it is, not what the sender said. */
static uint8_t normal_disposition(const Right *right, uint8_t claimed)
{
	if (right->kind == RIGHT_NONE || right->kind == RIGHT_DEAD) {
		if (claimed < MACH_MSG_TYPE_PORT_RECEIVE || claimed > MACH_MSG_TYPE_PORT_SEND_ONCE)
			return MACH_MSG_TYPE_PORT_SEND;
		return claimed;
	}
	return (uint8_t)right_disposition(right, 0);
}

static int decode_memory(Decoder *d, Body *b, const WireRecord *record, Item *item)
{
	uint64_t offset;
	int r, fd;

	if (record->kind != WIRE_MEMORY)
		return MALFORMED;
	item->copy = record->copy;
	item->deallocate = record->flags & WIRE_RF_DEALLOCATE;
	/* A descriptor of the program's has 32 bits for it. */
	if (record->size > UINT32_MAX)
		return MALFORMED;
	item->size = record->size;
	if (record->size == 0)
		return 0;
	if (record->flags & WIRE_RF_INLINE) {
		if (record->size > WIRE_MEMORY_INLINE || record->size > b->n_bytes - b->memory)
			return MALFORMED;
		item->address = 0;
		r = region_allocate(&item->address, record->size, true, false);
		if (r)
			return KERN_RESOURCE_SHORTAGE;
		memcpy((void *)(uintptr_t)item->address, b->bytes + b->memory, record->size);
		b->memory += record->size;
		item->owned = true;
		return 0;
	}
	fd = decode_take_fd(d);
	if (fd < 0)
		return MALFORMED;
	memcpy(&offset, record->value, sizeof(offset));
	r = region_map_consume(fd, offset, record->size, &item->address);
	if (r)
		return r < 0 || r == KERN_NO_SPACE ? KERN_RESOURCE_SHORTAGE : MALFORMED;
	item->owned = true;
	return 0;
}

static int decode_ports(Decoder *d, Body *b, const WireRecord *record, Item *item)
{
	int r;

	if (record->kind != WIRE_PORTS || record->count > MESSAGE_MAX_PORTS ||
		record->count > b->n_records - b->next_record)
		return MALFORMED;
	item->copy = record->copy;
	item->deallocate = record->flags & WIRE_RF_DEALLOCATE;
	if (record->count > 0) {
		item->rights = calloc(record->count, sizeof(Right));
		if (!item->rights)
			return KERN_RESOURCE_SHORTAGE;
	}
	item->count = record->count;
	for (uint32_t i = 0; i < record->count; i++) {
		r = decode_right(d, &b->records[b->next_record++], &item->rights[i]);
		if (r)
			return r;
		if (item->rights[i].kind > RIGHT_DEAD)
			item->disposition = normal_disposition(&item->rights[i], 0);
	}
	if (!item->disposition)
		item->disposition = normal_disposition(
			&(Right){.kind = RIGHT_NONE}, record->disposition);
	return 0;
}

static int decode_item(Decoder *d, Body *b, Item *item)
{
	const WireRecord *record;
	int r;

	if (b->next_record >= b->n_records)
		return MALFORMED;
	record = &b->records[b->next_record++];
	item->type = record->type;
	switch (record->type) {
	case MACH_MSG_OOL_DESCRIPTOR:
	case MACH_MSG_OOL_VOLATILE_DESCRIPTOR:
		return decode_memory(d, b, record, item);
	case MACH_MSG_OOL_PORTS_DESCRIPTOR:
		return decode_ports(d, b, record, item);
	case MACH_MSG_GUARDED_PORT_DESCRIPTOR:
	case MACH_MSG_PORT_DESCRIPTOR:
		item->context = record->context;
		item->guard_flags = record->guard_flags;
		r = decode_right(d, record, &item->right);
		item->disposition = normal_disposition(&item->right, record->disposition);
		return r;
	default:
		return MALFORMED;
	}
}

static size_t item_wire_size(const Item *item)
{
	return item->type == MACH_MSG_PORT_DESCRIPTOR ? sizeof(mach_msg_port_descriptor_t)
						      : sizeof(mach_msg_ool_descriptor_t);
}

/* How many records are items, arrays not counted twice. */
static int count_items(const Body *b, uint32_t *ret)
{
	uint32_t n = 0, n_ports = 0;

	for (uint32_t i = b->next_record; i < b->n_records; n++) {
		const WireRecord *record = &b->records[i++];

		if (record->type == MACH_MSG_OOL_PORTS_DESCRIPTOR) {
			if (record->count > b->n_records - i)
				return MALFORMED;
			i += record->count;
			n_ports += record->count;
		} else if (record->kind != WIRE_MEMORY) {
			n_ports++;
		}
	}
	if (n_ports > MESSAGE_MAX_PORTS)
		return MALFORMED;
	*ret = n;
	return 0;
}

static int decode_items(Decoder *d, Body *b, Message *m)
{
	uint32_t n;
	int r;

	r = count_items(b, &n);
	if (r)
		return r;
	r = message_alloc_items(m, n);
	if (r)
		return r;
	for (uint32_t i = 0; i < n; i++) {
		r = decode_item(d, b, &m->items[i]);
		if (r)
			return r;
		m->size += item_wire_size(&m->items[i]);
	}
	return 0;
}

static int decode_reply(Decoder *d, Body *b, const WireHeader *h, Port *port, Message *m)
{
	int r;

	m->reply_disposition = 0;
	if (h->flags & WIRE_F_LEASE && !(h->flags & WIRE_F_REPLY)) {
		r = lease_server_request(port, h, d->creds, &m->reply);
		if (r)
			return r;
	} else if (h->flags & WIRE_F_REPLY) {
		if (b->n_records == 0)
			return MALFORMED;
		r = decode_right(d, &b->records[b->next_record++], &m->reply);
		if (r)
			return r;
		m->reply_lost = d->rights_lost;
		/* A receive right is nothing to reply to. */
		if (m->reply.kind == RIGHT_RECEIVE)
			return MALFORMED;
		if (h->flags & WIRE_F_OFFER && m->reply.kind == RIGHT_SEND_ONCE)
			lease_server_offer(port, h, d->creds, &m->reply);
	} else {
		return 0;
	}
	m->reply_disposition = normal_disposition(&m->reply, h->reply_disposition);
	return 0;
}

/* How many descriptors a carrier may bring: one message must not take the last that a process has. */
static uint32_t carrier_room(void)
{
	int limit = fd_limit(), open = fd_count_open();
	int room = open < 0 ? limit / 2 : limit - limit / 16 - open;

	return (uint32_t)MIN(MAX(room, 0), (int)(WIRE_MAX_RECORDS + MESSAGE_MAX_PORTS));
}

/* The list in *fds becomes as long as that. */
static bool grow_list(int **fds, uint32_t *cap, uint32_t n)
{
	uint32_t bigger = MAX(*cap * 2, 1024u);
	int *grown;

	if (n <= *cap)
		return true;
	grown = reallocarray(*fds, bigger, sizeof(int));
	if (!grown)
		return false;
	*fds = grown;
	*cap = bigger;
	return true;
}

/* One packet of a carrier: more for the list in *fds. False: that was all, or all that is taken. */
static bool read_carrier(Decoder *d, int carrier, int **fds, uint32_t *n, uint32_t *cap)
{
	uint8_t byte[1];
	struct iovec iov = {byte, sizeof(byte)};
	SockMsg sm;
	uint32_t count;

	if (sockmsg_recv(carrier, &iov, 1, &sm, MSG_DONTWAIT) < 0)
		return false;
	count = (uint32_t)fdlist_count(&sm.fds);
	/* What is left in there dies with it. */
	if (count > d->room - *n || !grow_list(fds, cap, *n + count)) {
		d->cut = true;
		count = 0;
	}
	d->cut |= sm.fds_truncated;
	for (uint32_t i = 0; i < count; i++)
		(*fds)[(*n)++] = fdlist_steal(&sm.fds, i);
	/* Strangers' descriptors: not by a plain close. */
	fdlist_deinit_by(&sm.fds, probe_dispose);
	fd_close(sm.pidfd);
	return count > 0;
}

/* The descriptors that came in a carrier take the place of the carrier. */
static int open_carrier(Decoder *d)
{
	int carrier = decode_take_kind(d, PROBE_LISTENER);
	uint32_t cap = 0, n = 0;
	int *fds = NULL;

	if (carrier < 0 || d->next_fd != d->n_fds) {
		probe_close_lazily_consume(carrier);
		return MALFORMED;
	}
	carrier = carrier_open_consume(carrier);
	if (carrier < 0)
		return carrier == -EBADF ? MALFORMED : KERN_RESOURCE_SHORTAGE;
	d->room = carrier_room();
	while (read_carrier(d, carrier, &fds, &n, &cap))
		;
	probe_close_lazily_consume(carrier);
	if (d->fds_heap)
		free(d->fds);
	d->fds = fds;
	d->fds_heap = true;
	d->n_fds = n;
	d->next_fd = 0;
	return 0;
}

/* Maps the memfd that holds everything behind the header; it is the last descriptor. */
static int map_body(Decoder *d, Message *m, Body *b)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t size;
	void *p;

	if (d->n_fds == d->next_fd)
		return MALFORMED;
	fd = d->fds[--d->n_fds];
	if (memfd_check_sealed(fd, &size) != 0) {
		fd = probe_close_consume(TAKE_FD(fd));
		return MALFORMED;
	}
	if (size == 0 || size > WIRE_MAX_BODY)
		return MALFORMED;
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return KERN_RESOURCE_SHORTAGE;
	m->tail_buffer = p;
	m->tail_region_size = size;
	m->tail_mapped = true;
	b->bytes = p;
	b->n_bytes = size;
	return 0;
}

static int decode_body(Decoder *d, const WireHeader *h, Port *port, Message *m)
{
	Body b = {.bytes = d->bytes + sizeof(*h), .n_bytes = d->n_bytes - sizeof(*h)};
	size_t records = (size_t)h->n_records * sizeof(WireRecord);
	int r = 0;

	/* encode_message() makes the body first, so a carrier holds it as its last descriptor. */
	if (h->flags & WIRE_F_CARRIER)
		r = open_carrier(d);
	if (!r && h->flags & WIRE_F_BODY)
		r = map_body(d, m, &b);
	if (r)
		return r;
	if (records > b.n_bytes || h->tail_size > b.n_bytes - records)
		return MALFORMED;
	b.records = (const WireRecord *)(const void *)b.bytes;
	b.n_records = h->n_records;
	b.memory = records + h->tail_size;
	m->tail = b.bytes + records;
	m->tail_size = h->tail_size;
	m->size = sizeof(mach_msg_header_t) + h->tail_size;
	m->complex = h->flags & WIRE_F_COMPLEX;
	if (m->complex)
		m->size += sizeof(mach_msg_body_t);
	r = decode_reply(d, &b, h, port, m);
	if (!r)
		r = decode_items(d, &b, m);
	if (r)
		return r;
	if (!m->complex && m->n_items > 0)
		return MALFORMED;
	/* Sizes are what a receiver trusts most: they must be Mach's. */
	if (m->size % 4 || m->size > MESSAGE_MAX_SIZE)
		return MALFORMED;
	return d->next_fd == d->n_fds || d->cut ? 0 : MALFORMED;
}

static int decode_plain(const Decoder *d, const WireHeader *h, Message *m)
{
	m->tail = d->bytes + sizeof(*h);
	m->tail_size = h->tail_size;
	m->size = (uint32_t)sizeof(mach_msg_header_t) + h->tail_size;
	return h->tail_size != d->n_bytes - sizeof(*h) || m->size % 4 ? MALFORMED : 0;
}

int decode_message(Decoder *d, const WireHeader *h, Port *port, Message *m)
{
	int r;

	message_init(m);
	m->id = h->id;
	m->creds = *d->creds;
	m->dest_disposition = h->flags & WIRE_F_ONCE ? MACH_MSG_TYPE_PORT_SEND_ONCE
						     : MACH_MSG_TYPE_PORT_SEND;
	/* Most messages are bytes and nothing else. */
	if (likely(h->n_records == 0 && !(h->flags & ~(WIRE_F_ONCE | WIRE_F_OFFER)) &&
		    d->n_fds == 0))
		return decode_plain(d, h, m);
	r = decode_body(d, h, port, m);
	if (r) {
		message_clear(m);
		if (h->flags & WIRE_F_LEASE && !(h->flags & WIRE_F_REPLY))
			lease_server_refuse(port, h);
		return r;
	}
	m->rights_lost = d->rights_lost;
	if (port->flags & PORT_F_BY_REPLY && m->reply.kind == RIGHT_SEND_ONCE)
		m->creds.pidversion = once_maker_version(m->reply.once, m->creds.pid);
	return 0;
}
