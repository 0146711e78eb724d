/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends of a program that gets everything wrong: any bits, any names out of a space that has every kind
 * of right, any descriptors with any addresses. A send returns a documented code at once, a message
 * that was refused for its header has consumed nothing, and the space is in order all the time.
 *
 *	input   := message...
 *	message := how bits dest reply n descriptor... size
 *
 * Memory that may be given away lies in a range of its own, since the program (this one) may give
 * away whatever is at an address.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mach/notify.h>
#include <mach/semaphore.h>
#include <sys/fileport.h>

#include "base/cleanup.h"
#include "port/space.h"
#include "port/task.h"

#define MAX_MESSAGES 6
#define MAX_DESCRIPTORS 6
#define BUFFER_SIZE (1u << 20)
#define N_NAMES 32
#define RANGE 0x550000000000u /* free, and a program's with every sanitizer */
#define RANGE_SIZE (256u * 1024u)
#define HOLE (RANGE + 0x400000000u)
#define NOT_CANONICAL 0xffff800000001000u

enum {
	HOW_ANY_BITS = 1 << 0, /* all 32 bits of msgh_bits are the input's */
	HOW_SIZE = 1 << 1, /* so is the size */
	HOW_RECEIVE = 1 << 2, /* afterwards, what waits is received */
	HOW_KEEP = 1 << 3, /* and kept */
	HOW_NOTIFY = 1 << 4,
	HOW_COUNT = 1 << 5, /* a wrong count of descriptors */
	HOW_VOUCHER = 1 << 6,
};

typedef struct Scene {
	WireGen gen;
	mach_port_t names[N_NAMES];
	unsigned n_names;
} Scene;

static uint8_t message[4096] __attribute__((__aligned__(16)));
static uint8_t buffer[BUFFER_SIZE] __attribute__((__aligned__(16)));

static void add(Scene *s, mach_port_t name)
{
	MUST(s->n_names < N_NAMES);
	s->names[s->n_names++] = name;
}

static mach_port_t receive_right(unsigned n_sends)
{
	mach_port_t name;

	MUST(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name) == 0);
	while (n_sends-- > 0)
		MUST(mach_port_insert_right(
			     mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND) == 0);
	return name;
}

static mach_port_t once_right(mach_port_t receive)
{
	mach_port_t name;
	mach_msg_type_name_t type;

	MUST(mach_port_extract_right(
		     mach_task_self(), receive, MACH_MSG_TYPE_MAKE_SEND_ONCE, &name, &type) == 0);
	return name;
}

static mach_port_t constructed(uint32_t flags)
{
	mach_port_options_t options = {.flags = flags};
	mach_port_t name;

	MUST(mach_port_construct(mach_task_self(), &options, 99, &name) == 0);
	return name;
}

/* A send-once right whose port is gone. */
static mach_port_t dead_once(void)
{
	mach_port_t receive = receive_right(0);
	mach_port_t once = once_right(receive);

	MUST(mach_port_mod_refs(mach_task_self(), receive, MACH_PORT_RIGHT_RECEIVE, -1) == 0);
	return once;
}

static void add_objects(Scene *s)
{
	semaphore_t semaphore;
	mach_port_t fileport;

	MUST(semaphore_create(mach_task_self(), &semaphore, SYNC_POLICY_FIFO, 1) == 0);
	add(s, semaphore);
	MUST(fileport_makeport(STDIN_FILENO, &fileport) == 0);
	add(s, fileport);
	add(s, task.self_name);
	add(s, task.host_name);
}

static void scene_init(Scene *s)
{
	mach_port_t name, set;

	wiregen_init(&s->gen);
	s->n_names = 0;
	add(s, MACH_PORT_NULL);
	add(s, MACH_PORT_DEAD);
	add(s, 0x12345603);
	for (unsigned i = 0; i < 3; i++)
		add(s, receive_right(i));
	add(s, once_right(s->names[4]));
	add(s, once_right(s->names[4]));
	name = receive_right(1);
	MUST(mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1) == 0);
	add(s, name);
	add(s, dead_once());
	MUST(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set) == 0);
	MUST(mach_port_insert_member(mach_task_self(), s->names[4], set) == 0);
	add(s, set);
	name = fuzz_remote_right(&s->gen, 0);
	add(s, name);
	name = fuzz_remote_right(&s->gen, 1);
	MUST(mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_SEND, 1) == 0);
	add(s, name);
	add(s, fuzz_remote_once(&s->gen));
	add(s, fuzz_remote_once(&s->gen));
	add(s, constructed(MPO_CONTEXT_AS_GUARD | MPO_INSERT_SEND_RIGHT));
	add(s, constructed(MPO_IMMOVABLE_RECEIVE | MPO_INSERT_SEND_RIGHT));
	add(s, constructed(MPO_REPLY_PORT));
	add(s, constructed(MPO_REPLY_PORT));
	add_objects(s);
}

static mach_port_t pick(Scene *s, Input *in)
{
	return s->names[input_u8(in) % s->n_names];
}

/* Mostly what means something. */
static unsigned pick_disposition(Input *in)
{
	unsigned v = input_u8(in);

	return v & 0x80 ? v & 0x7f : MACH_MSG_TYPE_MOVE_RECEIVE + v % 6;
}

static void *pick_address(Input *in)
{
	unsigned v = input_u8(in);

	switch (v >> 5) {
	case 0:
		return NULL;
	case 1:
		return (void *)HOLE;
	case 2:
		return (void *)NOT_CANONICAL;
	case 3:
		return (void *)(uintptr_t)(RANGE + RANGE_SIZE - (v & 31) * 16);
	default:
		return (void *)(uintptr_t)(RANGE + (v & 31) * 4096);
	}
}

static mach_msg_size_t pick_size(Input *in)
{
	unsigned v = input_u8(in);

	if (v < 128)
		return v;
	return v < 250 ? (v - 127) * 2048 : UINT32_MAX - (255 - v);
}

static uint8_t *add_port(Scene *s, Input *in, uint8_t *p, bool guarded)
{
	mach_msg_guarded_port_descriptor_t g = {.type = MACH_MSG_GUARDED_PORT_DESCRIPTOR};
	mach_msg_port_descriptor_t d = {.type = MACH_MSG_PORT_DESCRIPTOR};

	d.name = g.name = pick(s, in);
	d.disposition = g.disposition = pick_disposition(in);
	if (!guarded) {
		memcpy(p, &d, sizeof(d));
		return p + sizeof(d);
	}
	g.flags = input_u8(in);
	g.context = g.flags & 0x80 ? 99 : 0;
	g.flags &= 7;
	memcpy(p, &g, sizeof(g));
	return p + sizeof(g);
}

static uint8_t *add_memory(Input *in, uint8_t *p, unsigned type)
{
	mach_msg_ool_descriptor_t d = {.address = pick_address(in), .size = pick_size(in)};
	unsigned how = input_u8(in);

	d.type = type;
	d.deallocate = how & 1;
	d.copy = how >> 1 & 3;
	memcpy(p, &d, sizeof(d));
	return p + sizeof(d);
}

static uint8_t *add_ports(Scene *s, Input *in, uint8_t *p)
{
	mach_msg_ool_ports_descriptor_t d = {.type = MACH_MSG_OOL_PORTS_DESCRIPTOR};
	mach_port_t *names = (mach_port_t *)RANGE;
	unsigned how = input_u8(in);

	d.deallocate = how & 1;
	d.copy = how >> 1 & 3;
	d.disposition = pick_disposition(in);
	d.address = how & 8 ? pick_address(in) : names;
	d.count = how & 16 ? pick_size(in) : how >> 5;
	for (unsigned i = 0; i < how >> 5; i++)
		names[i] = pick(s, in);
	memcpy(p, &d, sizeof(d));
	return p + sizeof(d);
}

static uint8_t *add_descriptor(Scene *s, Input *in, uint8_t *p)
{
	unsigned type = input_u8(in);

	switch (type % 8) {
	case MACH_MSG_OOL_DESCRIPTOR:
	case MACH_MSG_OOL_VOLATILE_DESCRIPTOR:
		return add_memory(in, p, type % 8);
	case MACH_MSG_OOL_PORTS_DESCRIPTOR:
		return add_ports(s, in, p);
	case MACH_MSG_GUARDED_PORT_DESCRIPTOR:
		return add_port(s, in, p, true);
	case 7:
		memset(p, 0, 12);
		p[11] = (uint8_t)type;
		return p + 12;
	default:
		return add_port(s, in, p, false);
	}
}

/* The range is whole and ours again, with all pages of its own. */
static void restore_range(void)
{
	vm_address_t at = RANGE;

	(void)vm_deallocate(mach_task_self(), RANGE, RANGE_SIZE);
	MUST(vm_allocate(mach_task_self(), &at, RANGE_SIZE, VM_FLAGS_FIXED) == 0);
}

static mach_msg_size_t build(Scene *s, Input *in, unsigned how)
{
	mach_msg_base_t *base = (mach_msg_base_t *)(void *)message;
	mach_msg_header_t *h = &base->header;
	uint8_t *p = (uint8_t *)(base + 1);
	unsigned n;

	memset(message, 0, sizeof(message));
	if (how & HOW_ANY_BITS)
		h->msgh_bits = input_u32(in);
	else
		h->msgh_bits = MACH_MSGH_BITS(pick_disposition(in), pick_disposition(in));
	h->msgh_remote_port = pick(s, in);
	h->msgh_local_port = pick(s, in);
	if (!MACH_PORT_VALID(h->msgh_local_port) && !(how & HOW_ANY_BITS))
		h->msgh_bits &= MACH_MSGH_BITS_REMOTE_MASK;
	if (how & HOW_VOUCHER)
		h->msgh_voucher_port = pick(s, in);
	n = input_u8(in);
	if (n % (MAX_DESCRIPTORS + 1) > 0) {
		if (!(how & HOW_ANY_BITS))
			h->msgh_bits |= MACH_MSGH_BITS_COMPLEX;
		base->body.msgh_descriptor_count = n % (MAX_DESCRIPTORS + 1);
	} else {
		p = (uint8_t *)(h + 1);
	}
	for (n %= MAX_DESCRIPTORS + 1; n > 0; n--)
		p = add_descriptor(s, in, p);
	if (how & HOW_COUNT)
		base->body.msgh_descriptor_count += input_u8(in) - 128u;
	if (how & HOW_SIZE)
		return input_u16(in) % sizeof(message);
	return (mach_msg_size_t)(p - message) + 8;
}

/* What is under the names, as a number. */
static uint64_t digest(void)
{
	uint64_t sum = 14695981039346656037u;
	uint32_t index = 0;
	Entry *entry;

	task_lock();
	while ((entry = space_next(&index)) != NULL) {
		(void)space_find(entry->name); /* it may turn into a dead name only now */
		sum = (sum ^ entry->name) * 1099511628211u;
		sum = (sum ^ entry->type) * 1099511628211u;
		sum = (sum ^ entry->urefs) * 1099511628211u;
	}
	task_unlock();
	return sum;
}

static bool is_documented(mach_msg_return_t r)
{
	static const mach_msg_return_t codes[] = {MACH_MSG_SUCCESS, MACH_SEND_INVALID_DATA,
		MACH_SEND_INVALID_DEST, MACH_SEND_TIMED_OUT, MACH_SEND_INVALID_VOUCHER,
		MACH_SEND_INTERRUPTED, MACH_SEND_MSG_TOO_SMALL, MACH_SEND_INVALID_REPLY,
		MACH_SEND_INVALID_RIGHT, MACH_SEND_INVALID_NOTIFY, MACH_SEND_INVALID_MEMORY,
		MACH_SEND_NO_BUFFER, MACH_SEND_TOO_LARGE, MACH_SEND_INVALID_TYPE,
		MACH_SEND_INVALID_HEADER, MACH_SEND_INVALID_TRAILER};

	for (unsigned i = 0; i < ARRAY_SIZE(codes); i++) {
		if ((r & ~MACH_MSG_MASK) == codes[i])
			return true;
	}
	return false;
}

static bool consumes_nothing(mach_msg_return_t r)
{
	return r == MACH_SEND_INVALID_HEADER || r == MACH_SEND_INVALID_REPLY ||
	       r == MACH_SEND_INVALID_VOUCHER || r == MACH_SEND_INVALID_TRAILER;
}

static void receive_all(Scene *s, bool keep)
{
	mach_msg_header_t *msg = (mach_msg_header_t *)(void *)buffer;

	for (unsigned i = 0; i < s->n_names; i++) {
		while (mach_msg(msg, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(buffer),
			       s->names[i], 0, 0) == MACH_MSG_SUCCESS) {
			if (keep)
				fuzz_keep_rights(msg);
			else
				mach_msg_destroy(msg);
		}
	}
}

static void send_one(Scene *s, Input *in)
{
	unsigned how = input_u8(in);
	mach_msg_option_t options = MACH_SEND_MSG | MACH_SEND_TIMEOUT;
	mach_msg_size_t size;
	mach_msg_return_t r;
	uint64_t before;

	if (how & HOW_NOTIFY)
		options |= MACH_SEND_NOTIFY;
	restore_range();
	size = build(s, in, how);
	before = digest();
	r = mach_msg((mach_msg_header_t *)(void *)message, options, size, 0, 0, 0, 0);
	MUST(is_documented(r));
	if (consumes_nothing(r))
		MUST(digest() == before);
	must_be_in_order();
	if (how & HOW_RECEIVE) {
		receive_all(s, how & HOW_KEEP);
		must_be_in_order();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input in = {data, data + size};
	unsigned n = 0;
	Scene s;

	fuzz_begin();
	scene_init(&s);
	while (!input_is_over(&in) && n++ < MAX_MESSAGES)
		send_one(&s, &in);
	(void)vm_deallocate(mach_task_self(), RANGE, RANGE_SIZE);
	portcheck_clear();
	wiregen_deinit(&s.gen);
	must_be_empty();
	return 0;
}
