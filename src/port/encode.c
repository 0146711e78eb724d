/* SPDX-License-Identifier: Apache-2.0 */
#include "port/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/memfd.h"
#include "port/backing.h"
#include "port/carrier.h"
#include "port/message.h"
#include "port/move.h"
#include "port/once.h"
#include "port/port.h"
#include "port/probe.h"
#include "port/region.h"

void encoder_init(Encoder *e)
{
	memset(&e->header, 0, sizeof(e->header));
	e->header.magic = WIRE_MAGIC;
	e->header.version = WIRE_VERSION;
	e->header.type = WIRE_MESSAGE;
	e->records = e->stack_records;
	e->n_records = 0;
	e->cap_records = ENCODE_STACK_RECORDS;
	e->fds = e->stack_fds;
	e->n_fds = e->n_carried = 0;
	e->cap_fds = ENCODE_STACK_FDS;
	e->own = NULL;
	e->n_own = e->cap_own = 0;
	e->n_plain = 0;
	e->body = -EBADF;
	e->n_iov = 0;
	e->n_bytes = 0;
	e->has_receive = false;
}

void encoder_deinit(Encoder *e)
{
	/* Once they are out ours may be the last ones, of pipes and sockets that the receiver has let
	 * go with a lock of theirs held. */
	for (uint32_t i = 0; i < e->n_own; i++)
		probe_close_lazily_consume(e->own[i]);
	for (uint32_t i = 0; i < e->n_plain; i++)
		fd_close(e->plain[i]);
	free(e->own);
	fd_close(e->body);
	if (e->fds != e->stack_fds)
		free(e->fds);
	if (e->records != e->stack_records)
		free(e->records);
}

/* Doubles an array that starts in the encoder itself. */
static int grow(void **array, const void *stack, uint32_t *cap, size_t size)
{
	void *old = *array == stack ? NULL : *array;
	void *bigger = reallocarray(old, *cap * 2, size);

	if (!bigger)
		return -ENOMEM;
	if (!old)
		memcpy(bigger, stack, *cap * size);
	*array = bigger;
	*cap *= 2;
	return 0;
}

int encode_new_record(Encoder *e, WireRecord **ret)
{
	if (e->n_records == e->cap_records) {
		void *records = e->records;
		int r = grow(&records, e->stack_records, &e->cap_records, sizeof(WireRecord));

		if (r)
			return r;
		e->records = records;
	}
	*ret = &e->records[e->n_records++];
	memset(*ret, 0, sizeof(**ret));
	return 0;
}

int encode_add_fd(Encoder *e, int fd)
{
	if (e->n_fds == e->cap_fds) {
		void *fds = e->fds;
		int r = grow(&fds, e->stack_fds, &e->cap_fds, sizeof(int));

		if (r)
			return r;
		e->fds = fds;
	}
	e->fds[e->n_fds++] = fd;
	return 0;
}

int encode_own_fd(Encoder *e, int fd)
{
	if (e->n_own == e->cap_own) {
		uint32_t cap = e->cap_own ? e->cap_own * 2 : 4;
		int *own = reallocarray(e->own, cap, sizeof(int));

		if (!own) {
			fd_close(fd);
			return -ENOMEM;
		}
		e->own = own;
		e->cap_own = cap;
	}
	e->own[e->n_own++] = fd;
	return encode_add_fd(e, fd);
}

static int encode_port(Encoder *e, uint8_t secret[16], Port *port)
{
	bool owned;
	int r, fd;

	r = backing_make(port);
	if (r)
		return r;
	memcpy(secret, port->backing->ident.secret, sizeof(port->backing->ident.secret));
	r = encode_add_fd(e, port->backing->addr);
	if (r)
		return r;
	r = backing_export_pipe(port->backing, &fd, &owned);
	if (r)
		return r;
	return owned ? encode_own_fd(e, fd) : encode_add_fd(e, fd);
}

static int encode_opened_fd(Encoder *e, int fd, bool is_plain)
{
	/* There is room for those of one object; a message seldom has two. */
	if (!is_plain || e->n_plain == KOBJECT_MAX_FDS)
		return encode_own_fd(e, fd);
	e->plain[e->n_plain++] = fd;
	return encode_add_fd(e, fd);
}

/* Of an object that keeps none: they are closed when the message is out. A fork child, which gets copies
 * of all that is open, is not to find them. */
static int encode_opened(Encoder *e, Port *port)
{
	const KobjectClass *class = kobject_class(port->kobject_type);
	int fds[KOBJECT_MAX_FDS];
	unsigned n = 0;
	int r;

	r = class->open(port, fds, &n);
	for (unsigned i = 0; i < n; i++) {
		if (r)
			fd_close(fds[i]);
		else
			r = encode_opened_fd(e, fds[i], class->plain_fds & 1u << i);
	}
	return r;
}

static int encode_kobject(Encoder *e, WireRecord *record, Port *port)
{
	Kobject *object = port->kobject;
	Right *companion = &object->companion;
	int r = 0;

	if (!kobject_may_travel(object))
		return MACH_SEND_INVALID_RIGHT;
	if (port->state == PORT_DEAD) {
		record->kind = WIRE_DEAD;
		return 0;
	}
	record->kind = WIRE_KOBJECT;
	record->aux = object->type;
	object->has_travelled = true;
	if (object->n_fds == 0)
		r = encode_opened(e, port);
	if (r == KERN_TERMINATED) {
		record->kind = WIRE_DEAD;
		return 0;
	}
	for (unsigned i = 0; i < object->n_fds && !r; i++)
		r = kobject_travels(object, i) ? encode_add_fd(e, object->fds[i]) : 0;
	memcpy(record->value, object->id, sizeof(record->value));
	if (r || companion->kind != RIGHT_SEND || companion->port->state == PORT_DEAD)
		return r;
	record->flags |= WIRE_RF_COMPANION;
	return encode_port(e, record->companion, companion->port);
}

static int encode_send(Encoder *e, WireRecord *record, Port *port)
{
	if (port->kobject_type)
		return encode_kobject(e, record, port);
	if (port->state == PORT_DEAD) {
		record->kind = WIRE_DEAD;
		return 0;
	}
	record->kind = WIRE_SEND;
	return encode_port(e, record->value, port);
}

static int encode_once(Encoder *e, WireRecord *record, SendOnce *once)
{
	int r;

	if (once_is_dead(once)) {
		record->kind = WIRE_DEAD;
		return 0;
	}
	r = once_make_pair(once);
	if (r)
		return r;
	record->kind = WIRE_SEND_ONCE;
	return encode_add_fd(e, once->fd);
}

int encode_right(Encoder *e, WireRecord *record, Right *right)
{
	uint32_t before = e->n_fds;
	int r = 0;

	switch (right->kind) {
	case RIGHT_NONE:
		record->kind = WIRE_NULL;
		break;
	case RIGHT_DEAD:
		record->kind = WIRE_DEAD;
		break;
	case RIGHT_SEND:
		r = encode_send(e, record, right->port);
		break;
	case RIGHT_SEND_ONCE:
		r = encode_once(e, record, right->once);
		break;
	case RIGHT_RECEIVE:
		e->has_receive = true;
		r = move_encode(e, record, right->port);
		break;
	}
	record->n_fds = e->n_fds - before;
	return r;
}

/* Memory as a descriptor: taken whole where it can be, copied otherwise. */
static int memory_to_fd(Item *item)
{
	int r = KERN_FAILURE;

	if (item->fd >= 0)
		return 0;
	if (item->deallocate || item->owned)
		r = region_extract(item->address, item->size, &item->fd, &item->fd_offset);
	if (r == 0) {
		item->owned = false;
		item->address = 0;
		return 0;
	}
	item->fd_offset = 0;
	r = region_copy_to_memfd(item->address, item->size, &item->fd);
	return r > 0 ? MACH_SEND_INVALID_MEMORY : r;
}

static int encode_memory(Encoder *e, WireRecord *record, Item *item, size_t room)
{
	int r;

	record->kind = WIRE_MEMORY;
	record->size = item->size;
	record->copy = item->copy;
	if (item->deallocate)
		record->flags |= WIRE_RF_DEALLOCATE;
	if (item->size == 0)
		return 0;
	if (item->fd < 0 && item->size <= WIRE_MEMORY_INLINE && item->size <= room &&
		e->n_iov < ENCODE_MAX_IOV) {
		record->flags |= WIRE_RF_INLINE;
		e->iov[e->n_iov++] = (struct iovec){(void *)(uintptr_t)item->address, item->size};
		return 0;
	}
	r = memory_to_fd(item);
	if (r)
		return r;
	memcpy(record->value, &item->fd_offset, sizeof(item->fd_offset));
	record->n_fds = 1;
	return encode_add_fd(e, item->fd);
}

static int encode_ports(Encoder *e, Item *item)
{
	WireRecord *record;
	int r;

	for (uint32_t i = 0; i < item->count; i++) {
		r = encode_new_record(e, &record);
		if (r)
			return r;
		r = encode_right(e, record, &item->rights[i]);
		if (r)
			return r;
	}
	return 0;
}

static int encode_item(Encoder *e, Item *item, size_t *room)
{
	uint32_t iov = e->n_iov;
	WireRecord *record;
	int r;

	r = encode_new_record(e, &record);
	if (r)
		return r;
	record->type = item->type;
	record->disposition = item->disposition;
	switch (item->type) {
	case MACH_MSG_OOL_DESCRIPTOR:
	case MACH_MSG_OOL_VOLATILE_DESCRIPTOR:
		r = encode_memory(e, record, item, *room);
		if (e->n_iov > iov)
			*room -= item->size;
		return r;
	case MACH_MSG_OOL_PORTS_DESCRIPTOR:
		record->kind = WIRE_PORTS;
		record->count = item->count;
		record->copy = item->copy;
		if (item->deallocate)
			record->flags |= WIRE_RF_DEALLOCATE;
		return encode_ports(e, item);
	case MACH_MSG_GUARDED_PORT_DESCRIPTOR:
		record->guard_flags = item->guard_flags;
		record->context = item->context;
		record->flags |= WIRE_RF_GUARDED;
		return encode_right(e, record, &item->right);
	default:
		return encode_right(e, record, &item->right);
	}
}

/* Everything behind the header goes into a sealed memfd. */
static int body_to_memfd(Encoder *e)
{
	_cleanup_close_ int fd = memfd_new("portcullis-body");
	int r;

	if (fd < 0)
		return fd;
	for (uint32_t i = 1; i < e->n_iov; i++) {
		r = fd_write_all(fd, e->iov[i].iov_base, e->iov[i].iov_len);
		if (r)
			return r == -EFAULT ? MACH_SEND_INVALID_MEMORY : r;
	}
	r = memfd_seal(fd);
	if (r)
		return r;
	e->header.flags |= WIRE_F_BODY;
	e->n_iov = 1;
	e->body = TAKE_FD(fd);
	return encode_add_fd(e, e->body);
}

/* More descriptors than one datagram may have travel in a carrier. */
static int fds_to_carrier(Encoder *e)
{
	_cleanup_close_ int writer = -EBADF, carrier = -EBADF;
	int r;

	r = carrier_new(&writer, &carrier);
	if (r)
		return r;
	for (uint32_t i = 0; i < e->n_fds; i += WIRE_MAX_FDS) {
		r = carrier_write(writer, NULL, 0, e->fds + i, MIN(e->n_fds - i, WIRE_MAX_FDS));
		/* Not a queue that somebody could make room in. */
		if (r)
			return r == -EAGAIN ? -ENOBUFS : r;
	}
	e->header.flags |= WIRE_F_CARRIER;
	e->n_carried = e->n_fds;
	e->n_fds = 0;
	return encode_own_fd(e, TAKE_FD(carrier));
}

static size_t iov_total(const Encoder *e)
{
	size_t total = 0;

	for (uint32_t i = 0; i < e->n_iov; i++)
		total += e->iov[i].iov_len;
	return total;
}

int encode_message(Encoder *e, Message *m)
{
	size_t room = WIRE_MAX_DATAGRAM / 2;
	WireRecord *record;
	int r;

	e->iov[0] = (struct iovec){&e->header, sizeof(e->header)};
	e->n_iov = 3;
	e->header.id = m->id;
	e->header.tail_size = m->tail_size;
	if (m->complex)
		e->header.flags |= WIRE_F_COMPLEX;
	e->header.reply_disposition = m->reply_disposition;
	if (m->reply.kind != RIGHT_NONE) {
		e->header.flags |= WIRE_F_REPLY;
		r = encode_new_record(e, &record);
		if (!r)
			r = encode_right(e, record, &m->reply);
		if (r)
			return r;
	}
	for (uint32_t i = 0; i < m->n_items; i++) {
		r = encode_item(e, &m->items[i], &room);
		if (r)
			return r;
	}
	e->header.n_records = e->n_records;
	e->iov[1] = (struct iovec){e->records, e->n_records * sizeof(WireRecord)};
	e->iov[2] = (struct iovec){(void *)(uintptr_t)m->tail, m->tail_size};
	e->n_bytes = iov_total(e);
	if (e->n_bytes > WIRE_MAX_DATAGRAM)
		r = body_to_memfd(e);
	else
		r = 0;
	if (!r && e->n_fds > WIRE_MAX_FDS)
		r = fds_to_carrier(e);
	return r;
}
