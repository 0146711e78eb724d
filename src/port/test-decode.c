/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Valid datagrams with one thing wrong: each bit of them flipped, each length cut, each descriptor
 * missing or of another kind. Whatever comes of it, there is as much afterwards as there was before.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "base/memfd.h"
#include "port/answer.h"
#include "port/carrier.h"
#include "port/kport.h"
#include "port/names.h"
#include "port/region.h"
#include "port/semaphore.h"
#include "port/test-bounded.h"
#include "port/test-stuck.h"
#include "port/test-transit.h"

static PortName target;
static Port *target_port;

/* Decodes and disposes. Returns the code. */
static int try(const Packet *p, size_t n_bytes, bool cut)
{
	Message *m;
	int r;

	task_lock();
	r = packet_decode(p, n_bytes, target_port, cut, &m);
	message_free(m);
	task_unlock();
	return r;
}

static void begin(void)
{
	target = make_receive(&target_port);
	ASSERT_OK(LOCKED(port_need_extra(target_port)));
}

static void end(void)
{
	ASSERT_OK(LOCKED(name_destroy(target)));
}

/* One message of each shape, whose rights are not of this process. */
typedef enum Shape {
	SHAPE_BYTES,
	SHAPE_SEND,
	SHAPE_ONCE,
	SHAPE_RECEIVE,
	SHAPE_MEMORY,
	SHAPE_MEMORY_FD,
	SHAPE_PORTS,
	SHAPE_OBJECT,
	SHAPE_BODY,
	SHAPE_CARRIER,
	_SHAPE_N,
} Shape;

static uint8_t blob[WIRE_MAX_DATAGRAM + 4096];

static void fill_ports(Message *m, const Remote *remote, unsigned n)
{
	m->items[0].type = MACH_MSG_OOL_PORTS_DESCRIPTOR;
	m->items[0].rights = calloc(n, sizeof(Right));
	m->items[0].count = n;
	for (unsigned i = 0; i < n; i++)
		m->items[0].rights[i] = remote_right(remote);
}

static PortName fill_receive(Message *m)
{
	PortName name = make_receive(NULL);
	Message *queued = make_message(5);
	PortName once = make_once(name);

	LOCKED_DO(queue_append_take(space_find_raw(name)->port, queued));
	ASSERT_OK(LOCKED(right_copyin(name, MACH_MSG_TYPE_MOVE_RECEIVE, &m->items[0].right)));
	return once;
}

static void fill_object(Message *m)
{
	semaphore_t semaphore;

	ASSERT_EQ(semaphore_create(mach_task_self(), &semaphore, SYNC_POLICY_FIFO, 0), 0);
	ASSERT_OK(LOCKED(right_copyin(semaphore, MACH_MSG_TYPE_MOVE_SEND, &m->items[0].right)));
	/* Or its pipe would be kept for those who get it. */
	semaphore_object_destroy(m->items[0].right.port->kobject);
}

static void fill(Message *m, Shape shape, const Remote *remote)
{
	Item *item = m->items;

	switch (shape) {
	case SHAPE_SEND:
		item->right = remote_right(remote);
		break;
	case SHAPE_PORTS:
	case SHAPE_CARRIER:
		fill_ports(m, remote, shape == SHAPE_PORTS ? 3 : 130);
		break;
	case SHAPE_OBJECT:
		fill_object(m);
		break;
	case SHAPE_MEMORY:
	case SHAPE_MEMORY_FD:
		item->type = MACH_MSG_OOL_DESCRIPTOR;
		item->address = (uint64_t)(uintptr_t)blob;
		item->size = shape == SHAPE_MEMORY ? 20 : WIRE_MEMORY_INLINE + 1;
		break;
	default:
		break;
	}
}

/* The packet; all that it was made of is gone from this process. */
static Packet *make_packet(Shape shape, Remote *remote)
{
	static Packet packet;
	PortName once = 0;
	Message m;
	int near = -EBADF;

	message_init(&m);
	m.id = 77;
	m.tail = blob;
	m.tail_size = shape == SHAPE_BODY ? sizeof(blob) : 8;
	m.complex = shape != SHAPE_BYTES;
	if (m.complex) {
		ASSERT_OK(message_alloc_items(&m, 1));
		m.items[0].type = MACH_MSG_PORT_DESCRIPTOR;
	}
	if (shape == SHAPE_ONCE)
		m.reply = pair_right(&near);
	if (shape == SHAPE_RECEIVE)
		once = fill_receive(&m);
	else
		fill(&m, shape, remote);
	ASSERT_OK(LOCKED(packet_encode(&packet, &m)));
	task_lock();
	if (packet.has_receive)
		move_commit_message(&m);
	message_clear_sent(&m);
	task_unlock();
	if (once)
		ASSERT_OK(LOCKED(name_destroy(once)));
	fd_close(near);
	return &packet;
}

#define FOR_ALL_SHAPES(shape, packet, block)                                                       \
	do {                                                                                       \
		Remote remote_ = remote_make();                                                    \
		begin();                                                                           \
		for (Shape shape = 0; shape < _SHAPE_N; shape++) {                                 \
			Packet *packet = make_packet(shape, &remote_);                             \
			block;                                                                     \
			LOCKED_DO(packet_close(packet));                                           \
			ASSERT_IN_ORDER();                                                         \
		}                                                                                  \
		end();                                                                             \
		remote_free(&remote_);                                                             \
	} while (0)

PORT_TEST(as_they_are)
{
	FOR_ALL_SHAPES(shape, packet, { ASSERT_OK(try(packet, packet->n_bytes, false)); });
}

PORT_TEST(truncated)
{
	FOR_ALL_SHAPES(shape, packet, {
		for (size_t n = 0; n < packet->n_bytes; n++)
			ASSERT_NE(try(packet, n, false), 0);
	});
}

/* Bytes that nobody spoke of. */
PORT_TEST(prolonged)
{
	FOR_ALL_SHAPES(shape, packet, { (void)try(packet, packet->n_bytes + 64, false); });
}

PORT_TEST(every_bit_flipped)
{
	FOR_ALL_SHAPES(shape, packet, {
		size_t n = MIN(packet->n_bytes, sizeof(WireHeader) + 4 * sizeof(WireRecord));

		for (size_t bit = 0; bit < 8 * n; bit++) {
			packet->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			(void)try(packet, packet->n_bytes, bit & 1);
			packet->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	});
}

/* Every 32-bit field with the values at which sums go wrong. */
PORT_TEST(every_word_at_its_limits)
{
	static const uint32_t values[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc,
		WIRE_MAX_RECORDS, MESSAGE_MAX_SIZE};

	FOR_ALL_SHAPES(shape, packet, {
		size_t n = MIN(packet->n_bytes, sizeof(WireHeader) + 4 * sizeof(WireRecord));

		for (size_t at = 8; at + 4 <= n; at += 4) {
			for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
				uint32_t saved;

				memcpy(&saved, packet->bytes + at, 4);
				memcpy(packet->bytes + at, &values[i], 4);
				(void)try(packet, packet->n_bytes, i & 1);
				memcpy(packet->bytes + at, &saved, 4);
			}
		}
	});
}

/* Without the last descriptors: refused, or, if the kernel says that it cut them, rights are lost. */
PORT_TEST(descriptors_missing)
{
	FOR_ALL_SHAPES(shape, packet, {
		unsigned n = packet->n_fds;

		for (packet->n_fds = 0; packet->n_fds < n; packet->n_fds++) {
			ASSERT_NE(try(packet, packet->n_bytes, false), 0);
			(void)try(packet, packet->n_bytes, true);
		}
	});
}

PORT_TEST(descriptors_too_many)
{
	FOR_ALL_SHAPES(shape, packet, {
		packet->fds[packet->n_fds++] = ASSERT_SYS(eventfd(0, EFD_CLOEXEC));
		ASSERT_NE(try(packet, packet->n_bytes, false), 0);
	});
}

static int other_kind(unsigned kind)
{
	int pair[2];

	switch (kind) {
	case 0:
		return ASSERT_SYS(eventfd(0, EFD_CLOEXEC));
	case 1:
		return ASSERT_SYS(open("/dev/null", O_RDWR | O_CLOEXEC));
	case 2:
		return ASSERT_SYS(open("/", O_PATH | O_CLOEXEC));
	case 3:
		return ASSERT_FD(memfd_new("unsealed"));
	case 4:
		return ASSERT_SYS(epoll_create1(EPOLL_CLOEXEC));
	case 5:
		return ASSERT_SYS(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	case 6:
		ASSERT_SYS(pipe2(pair, O_CLOEXEC));
		close(pair[1]);
		return pair[0];
	default:
		ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
		close(pair[1]);
		return pair[0];
	}
}

PORT_TEST(descriptors_of_other_kinds)
{
	FOR_ALL_SHAPES(shape, packet, {
		for (unsigned i = 0; i < packet->n_fds; i++) {
			int saved = packet->fds[i];

			for (unsigned kind = 0; kind < 8; kind++) {
				packet->fds[i] = other_kind(kind);
				(void)try(packet, packet->n_bytes, false);
				close(packet->fds[i]);
			}
			packet->fds[i] = saved;
		}
	});
}

/* Two messages with the same receive right: somebody kept a duplicate and passes it on. */
PORT_TEST(a_receive_right_that_is_here_already)
{
	Remote remote = remote_make();
	Packet *packet = make_packet(SHAPE_RECEIVE, &remote);
	Message *m;

	begin();
	ASSERT_OK(LOCKED(packet_decode(packet, packet->n_bytes, target_port, false, &m)));
	ASSERT_EQ(try(packet, packet->n_bytes, false), KERN_INVALID_ARGUMENT);
	LOCKED_DO(message_free(m));
	LOCKED_DO(packet_close(packet));
	end();
	remote_free(&remote);
}

/* A descriptor of the program's has 32 bits for the size of memory. */
PORT_TEST(memory_larger_than_can_be_said)
{
	Remote remote = remote_make();
	Packet *packet = make_packet(SHAPE_MEMORY_FD, &remote);
	WireRecord *record = (WireRecord *)(void *)(packet->bytes + sizeof(WireHeader));
	int fd;

	begin();
	fd = ASSERT_FD(memfd_new("huge"));
	ASSERT_SYS(ftruncate(fd, (off_t)1 << 33));
	ASSERT_OK(memfd_seal(fd));
	close(packet->fds[0]);
	packet->fds[0] = fd;
	record->size = (uint64_t)1 << 32;
	ASSERT_EQ(try(packet, packet->n_bytes, false), KERN_INVALID_ARGUMENT);
	record->size = WIRE_MEMORY_INLINE;
	ASSERT_OK(try(packet, packet->n_bytes, false));
	LOCKED_DO(packet_close(packet));
	end();
	remote_free(&remote);
}

/* Sizes that are not Mach's are refused, whoever says them. */
PORT_TEST(sizes)
{
	Remote remote = remote_make();
	Packet *packet = make_packet(SHAPE_BYTES, &remote);
	WireHeader *h = (WireHeader *)(void *)packet->bytes;

	begin();
	for (h->tail_size = 0; h->tail_size <= 8; h->tail_size++)
		ASSERT_EQ(
			try(packet, sizeof(*h) + h->tail_size, false) == 0, h->tail_size % 4 == 0);
	h->tail_size = 8;
	h->flags |= WIRE_F_BODY; /* but there is none */
	ASSERT_NE(try(packet, packet->n_bytes, false), 0);
	h->flags = WIRE_F_CARRIER;
	ASSERT_NE(try(packet, packet->n_bytes, false), 0);
	LOCKED_DO(packet_close(packet));
	end();
	remote_free(&remote);
}

PORT_TEST(headers)
{
	WireHeader h = {.magic = WIRE_MAGIC, .version = WIRE_VERSION};
	const uint8_t *bytes = (const uint8_t *)&h;

	ASSERT_NOT_NULL(decode_header(bytes, sizeof(h)));
	ASSERT_NULL(decode_header(bytes, sizeof(h) - 1));
	ASSERT_NULL(decode_header(bytes, 0));
	h.version++;
	ASSERT_NULL(decode_header(bytes, sizeof(h)));
	h.version--;
	h.n_records = WIRE_MAX_RECORDS + 1;
	ASSERT_NULL(decode_header(bytes, sizeof(h)));
	h.n_records = 0;
	h.tail_size = MESSAGE_MAX_SIZE + 1;
	ASSERT_NULL(decode_header(bytes, sizeof(h)));
	h.tail_size = 0;
	h.magic ^= 1;
	ASSERT_NULL(decode_header(bytes, sizeof(h)));
}

typedef struct Trial {
	const Packet *packet;
	int r;
} Trial;

static void try_packet(void *arg)
{
	Trial *t = arg;

	t->r = try(t->packet, t->packet->n_bytes, false);
}

/* The sender took the packets out of the carrier himself, and is stuck in reading them. The carrier
 * blocks whoever accepts, too. */
PORT_TEST(a_carrier_that_its_sender_is_stuck_in)
{
	static Packet packet;
	int writer, carrier, taken, r;
	Bounded bounded;
	Remote remote;
	bool in_time;
	Stuck stuck;
	Trial t;
	pid_t pid;

	r = stuck_make(&stuck);
	if (r == STUCK_E_SKIP)
		SKIP("no FUSE");
	ASSERT_OK(r);
	remote = remote_make();
	packet = *make_packet(SHAPE_BYTES, &remote);
	begin();
	ASSERT_OK(carrier_new(&writer, &carrier));
	ASSERT_OK(carrier_write(writer, NULL, 0, NULL, 0));
	taken = ASSERT_SYS(accept4(carrier, NULL, NULL, SOCK_CLOEXEC));
	ASSERT_OK(fd_set_nonblock(carrier, false));
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		(void)recv(taken, stuck.page, 1, 0);
		child_exit(0);
	}
	ASSERT_TRUE(stuck_wait_asleep(pid));
	((WireHeader *)(void *)packet.bytes)->flags |= WIRE_F_CARRIER;
	packet.fds[packet.n_fds++] = carrier;
	t = (Trial){.packet = &packet};
	in_time = bounded_run(&bounded, try_packet, &t);
	(void)kill(pid, SIGKILL);
	stuck_deinit(&stuck);
	(void)waitpid(pid, NULL, 0);
	if (!in_time)
		bounded_join(&bounded);
	ASSERT_TRUE(in_time);
	ASSERT_EQ(t.r, KERN_INVALID_ARGUMENT);
	close(taken);
	close(writer);
	LOCKED_DO(packet_close(&packet));
	end();
	remote_free(&remote);
}

/* A carrier that never ends is read to its end, and no further. */
PORT_TEST(a_carrier_with_much_in_it)
{
	Remote remote = remote_make();
	Packet *packet = make_packet(SHAPE_BYTES, &remote);
	WireHeader *h = (WireHeader *)(void *)packet->bytes;
	int near, far, event = ASSERT_SYS(eventfd(0, EFD_CLOEXEC));
	struct iovec iov = {(void *)(uintptr_t) "", 1};
	int fds[200];

	begin();
	ASSERT_OK(carrier_new(&far, &near));
	for (unsigned i = 0; i < 200; i++)
		fds[i] = event;
	for (unsigned i = 0; i < 8; i++)
		if (carrier_write(far, &iov, 1, fds, 200) == -EAGAIN)
			break;
	h->flags |= WIRE_F_CARRIER;
	packet->fds[packet->n_fds++] = near;
	ASSERT_EQ(try(packet, packet->n_bytes, false), KERN_INVALID_ARGUMENT);
	close(far);
	close(event);
	LOCKED_DO(packet_close(packet));
	end();
	remote_free(&remote);
}
