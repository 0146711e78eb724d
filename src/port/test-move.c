/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sys/eventfd.h>

#include <mach/notify.h>
#include <portcullis/port.h>

#include "base/sockmsg.h"
#include "port/carrier.h"
#include "port/connect.h"
#include "port/move.h"
#include "port/names.h"
#include "port/pset.h"
#include "port/test-transit.h"

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

static void append(Port *port, int32_t id)
{
	Message *m = make_message(id);

	LOCKED_DO(queue_append_take(port, m));
}

/* Out of this process and back: the port is another object unless we keep a send right. */
static PortName move_around(PortName name)
{
	PortName via = make_receive(NULL), given;
	Message m, *back;
	Port *port = LOCKED(space_find(via))->port;

	message_init(&m);
	m.complex = true;
	ASSERT_OK(message_alloc_items(&m, 1));
	m.items[0].type = MACH_MSG_PORT_DESCRIPTOR;
	ASSERT_OK(LOCKED(right_copyin(name, MACH_MSG_TYPE_MOVE_RECEIVE, &m.items[0].right)));
	back = message_travel(&m, port);
	given = name_right(right_take(&back->items[0].right));
	LOCKED_DO(message_free(back));
	drop(via);
	return given;
}

PORT_TEST(carriers_take_what_fits)
{
	static const char bytes[1000];
	struct iovec iov = {(void *)(uintptr_t)bytes, sizeof(bytes)};
	int near, far, fds[2] = {STDIN_FILENO, STDOUT_FILENO}, r, n = 0;

	ASSERT_OK(carrier_new(&far, &near));
	ASSERT_OK(carrier_write(far, NULL, 0, NULL, 0));
	ASSERT_OK(carrier_write(far, NULL, 0, fds, 2));
	ASSERT_OK(carrier_write(far, &iov, 1, fds, 2));
	while ((r = carrier_write(far, &iov, 1, NULL, 0)) == 0)
		n++;
	ASSERT_EQ(r, -EAGAIN);
	ASSERT_GT(n, 10);
	close(near);
	ASSERT_LT(carrier_write(far, &iov, 1, NULL, 0), 0);
	close(far);
}

/* The queue moves with the port, in its order: memory first, then what is in the socket. */
PORT_TEST(the_queue_moves)
{
	Port *port;
	PortName name = make_receive(&port), given;

	LOCKED_DO(port->qlimit = 1024);
	for (int32_t i = 0; i < 900; i++)
		append(port, i);
	given = move_around(name);
	ASSERT_EQ(type_of(name), 0);
	port = LOCKED(space_find(given))->port;
	ASSERT_GT(port->extra->n_carriers, 1);
	ASSERT_TRUE(LOCKED(port_has_queued(port)));
	for (int32_t i = 0; i < 900; i++)
		ASSERT_EQ(pop_id(port), i);
	ASSERT_EQ(pop_id(port), -1);
	ASSERT_EQ(port->extra->n_carriers, 0);
	drop(given);
}

/* Again, with a carrier that was not read yet. */
PORT_TEST(a_backlog_moves_on)
{
	Port *port;
	PortName name = make_receive(&port);

	append(port, 1);
	name = move_around(name);
	port = LOCKED(space_find(name))->port;
	append(port, 2); /* behind what is in the carrier */
	name = move_around(name);
	port = LOCKED(space_find(name))->port;
	ASSERT_EQ(pop_id(port), 1);
	ASSERT_EQ(pop_id(port), 2);
	drop(name);
}

/* Again, with a carrier that was read in part. */
PORT_TEST(a_backlog_that_was_begun_moves_on)
{
	Port *port;
	PortName name = make_receive(&port);

	LOCKED_DO(port->qlimit = 1024);
	for (int32_t i = 0; i < 900; i++)
		append(port, i);
	name = move_around(name);
	port = LOCKED(space_find(name))->port;
	ASSERT_GT(port->extra->n_carriers, 2);
	for (int32_t i = 0; i < 5; i++)
		ASSERT_EQ(pop_id(port), i);
	ASSERT_TRUE(port->extra->carrier_open);
	append(port, 900);
	name = move_around(name);
	port = LOCKED(space_find(name))->port;
	ASSERT_FALSE(port->extra->carrier_open);
	for (int32_t i = 5; i <= 900; i++)
		ASSERT_EQ(pop_id(port), i);
	ASSERT_EQ(pop_id(port), -1);
	drop(name);
}

PORT_TEST(an_unread_backlog_dies_with_the_port)
{
	Port *port;
	PortName name = make_receive(&port), notify = make_receive(NULL);
	Message *m = make_message(1);

	m->reply = once_right(notify);
	LOCKED_DO(queue_append_take(port, m));
	name = move_around(name);
	drop(name);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	/* The right in it said so. */
	ASSERT_EQ(mach_msg(&(mach_msg_header_t){0}, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, 0, notify,
			  0, 0),
		MACH_RCV_TOO_LARGE);
	drop(notify);
}

/* Messages with rights and memory go into carriers like any other. */
PORT_TEST(rights_in_the_queue)
{
	Port *port;
	PortName name = make_receive(&port), inner = make_receive(NULL), other = make_receive(NULL);
	Message *m = make_message(1);

	m->complex = true;
	ASSERT_OK(message_alloc_items(m, 2));
	ASSERT_OK(LOCKED(right_copyin(inner, MACH_MSG_TYPE_MOVE_RECEIVE, &m->items[0].right)));
	ASSERT_OK(LOCKED(right_copyin(other, MACH_MSG_TYPE_MAKE_SEND, &m->items[1].right)));
	LOCKED_DO(queue_append_take(port, m));
	name = move_around(name);
	port = LOCKED(space_find(name))->port;
	m = LOCKED(queue_pop(port));
	ASSERT_NOT_NULL(m);
	ASSERT_EQ(m->items[0].right.kind, RIGHT_RECEIVE);
	ASSERT_PTR_EQ(m->items[1].right.port, LOCKED(space_find(other))->port);
	LOCKED_DO(message_free(m));
	drop(name);
	drop(other);
}

PORT_TEST(what_does_not_travel)
{
	Port *port;
	PortName name = make_receive(&port), set_name, notify = make_receive(NULL);
	PortName previous = 0;
	PortSet *set;

	add_send(name, 1);
	ASSERT_EQ(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set_name), 0);
	set = LOCKED(space_find(set_name))->set;
	ASSERT_OK(LOCKED(pset_insert(set, port)));
	LOCKED_DO(port->context = 5; port->flags |= PORT_F_CONTEXT_SET; port->seqno = 9);
	ASSERT_EQ(mach_port_request_notification(mach_task_self(), name, MACH_NOTIFY_NO_SENDERS, 0,
			  notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		0);
	ASSERT_EQ(move_around(name), name);
	ASSERT_PTR_EQ(LOCKED(space_find(name))->port, port);
	ASSERT_EQ(port->context, 0);
	ASSERT_EQ(port->seqno, 0);
	ASSERT_EQ(port->mscount, 0);
	ASSERT_EQ(port->flags, 0);
	ASSERT_EQ(set->n_members, 0);
	/* The request died with the move, which its right says. */
	ASSERT_EQ(pop_id(LOCKED(space_find(notify))->port), MACH_NOTIFY_SEND_ONCE);
	drop(name);
	drop(set_name);
	drop(notify);
}

/* To another process: we are a sender like any other from then on. */
PORT_TEST(the_port_is_elsewhere)
{
	Remote remote = remote_make();
	Port *port;
	PortName name = make_receive(&port), dest = remote_name(&remote);
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_port_descriptor_t port;
	} msg = {
		.header = {.msgh_bits = MACH_MSGH_BITS_COMPLEX |
					MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
			.msgh_remote_port = dest},
		.body = {.msgh_descriptor_count = 1},
		.port = {.name = name,
			.disposition = MACH_MSG_TYPE_MOVE_RECEIVE,
			.type = MACH_MSG_PORT_DESCRIPTOR},
	};
	WireHeader h[2];
	WireRecord *record = (WireRecord *)&h[1];
	struct iovec iov = {h, sizeof(h)};
	SockMsg sm;
	int sock;

	add_send(name, 1);
	ASSERT_OK(
		mach_msg(&msg.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, 0, 0, 0));
	ASSERT_EQ(type_of(name), ENTRY_SEND);
	ASSERT_EQ(port->state, PORT_REMOTE);
	ASSERT_IN_ORDER();
	ASSERT_OK(sockmsg_recv(remote.sock, &iov, 1, &sm, MSG_DONTWAIT));
	ASSERT_EQ(record->kind, WIRE_RECEIVE);
	ASSERT_EQ(fdlist_count(&sm.fds), record->n_fds);
	sock = fdlist_get(&sm.fds, 0);
	msg.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	msg.header.msgh_remote_port = name;
	ASSERT_OK(mach_msg(
		&msg.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg.header), 0, 0, 0, 0));
	ASSERT_EQ(recv(sock, h, sizeof(h), MSG_DONTWAIT), (ssize_t)sizeof(WireHeader));
	/* Its end is seen here. */
	for (size_t i = 0; i < fdlist_count(&sm.fds); i++)
		close(fdlist_steal(&sm.fds, i));
	sockmsg_deinit(&sm);
	ASSERT_EQ(mach_msg(&msg.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg.header), 0, 0,
			  0, 0),
		MACH_SEND_INVALID_DEST);
	ASSERT_EQ(type_of(name), ENTRY_DEAD_NAME);
	drop(name);
	drop(dest);
	remote_free(&remote);
}

typedef struct Receiver {
	pthread_t thread;
	PortName name;
	int result;
} Receiver;

static void *receive(void *arg)
{
	Receiver *r = arg;
	mach_msg_header_t msg[8];

	r->result = mach_msg(msg, MACH_RCV_MSG, 0, sizeof(msg), r->name, 0, 0);
	return NULL;
}

/* A thread that waits is sent away, wherever it waits: in memory or in the kernel. */
PORT_TEST(receivers_are_sent_away)
{
	for (unsigned in_kernel = 0; in_kernel < 2; in_kernel++) {
		Port *port;
		Receiver r = {.name = make_receive(&port)};
		bool waits = false;
		PortName given;

		if (in_kernel)
			ASSERT_OK(LOCKED(backing_make(port)));
		ASSERT_OK(LOCKED(port_need_extra(port)));
		ASSERT_OK(pthread_create(&r.thread, NULL, receive, &r));
		while (!waits) {
			waits = LOCKED(
				port->extra->direct > 0 || !TAILQ_EMPTY(&port->extra->receivers));
			sched_yield();
		}
		given = move_around(r.name);
		ASSERT_OK(pthread_join(r.thread, NULL));
		ASSERT_EQ(r.result, MACH_RCV_PORT_DIED);
		drop(given);
	}
}

static int send_right_to(PortName dest, unsigned type, PortName name)
{
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_port_descriptor_t port;
	} msg = {
		.header = {.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(type, 0),
			.msgh_remote_port = dest},
		.body = {.msgh_descriptor_count = 1},
		.port = {.name = name,
			.disposition = MACH_MSG_TYPE_MOVE_RECEIVE,
			.type = MACH_MSG_PORT_DESCRIPTOR},
	};

	return mach_msg(&msg.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, 0, 0, 0);
}

/* A port that would be in its own queue can never come out: it is destroyed, however long the way. */
PORT_TEST(circles)
{
	for (unsigned length = 1; length <= 5; length++) {
		PortName names[5], innermost;

		for (unsigned i = 0; i < length; i++)
			names[i] = make_receive(NULL);
		innermost = names[length - 1];
		add_send(innermost, 1);
		for (unsigned i = length - 1; i > 0; i--)
			ASSERT_OK(send_right_to(names[i - 1], MACH_MSG_TYPE_MAKE_SEND, names[i]));
		ASSERT_IN_ORDER();
		ASSERT_OK(send_right_to(innermost, MACH_MSG_TYPE_MOVE_SEND, names[0]));
		ASSERT_EQ(portcheck_names(), 0);
		ASSERT_IN_ORDER();
	}
}

/* The receive right of `remote`, as its owner sends it to a port of ours. */
static void arrive_at(Port *port, const Remote *remote)
{
	_cleanup_close_ int sock = -EBADF;
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;
	struct {
		WireHeader header;
		WireRecord record;
	} m = {.header = {.magic = WIRE_MAGIC,
		       .version = WIRE_VERSION,
		       .type = WIRE_MESSAGE,
		       .flags = WIRE_F_COMPLEX,
		       .n_records = 1},
		.record = {.kind = WIRE_RECEIVE,
			.type = MACH_MSG_PORT_DESCRIPTOR,
			.disposition = MACH_MSG_TYPE_PORT_RECEIVE,
			.n_fds = 2,
			.count = 5}};
	struct iovec iov = {&m, sizeof(m)};

	memcpy(m.header.secret, port->backing->ident.secret, sizeof(m.header.secret));
	memcpy(m.record.value, remote->ident.secret, sizeof(m.record.value));
	ASSERT_OK(fdlist_add_consume(&fds, ASSERT_FD(fd_dup(remote->sock))));
	ASSERT_OK(fdlist_add_consume(&fds, ASSERT_FD(fd_dup(remote->addr))));
	ASSERT_OK(connect_dgram(port->backing->addr, true, &sock));
	ASSERT_OK(sockmsg_send(sock, &iov, 1, &fds, MSG_DONTWAIT));
}

/* The same where one of them came from another process: taken over into memory, or put back by a
 * receive that had no room for it. */
PORT_TEST(circles_that_came_from_elsewhere)
{
	for (unsigned put_back = 0; put_back < 2; put_back++) {
		Remote remote = remote_make();
		Port *port;
		PortName name = make_receive(&port), dest = remote_name(&remote);
		mach_msg_header_t msg = {0};

		ASSERT_OK(LOCKED(backing_make(port)));
		arrive_at(port, &remote);
		if (put_back)
			ASSERT_EQ(mach_msg(&msg, MACH_RCV_MSG | MACH_RCV_LARGE | MACH_RCV_TIMEOUT,
					  0, 0, name, 0, 0),
				MACH_RCV_TOO_LARGE);
		else
			LOCKED_DO(queue_pull(port, UINT32_MAX));
		ASSERT_IN_ORDER();
		ASSERT_EQ(port->msgcount, 1);
		ASSERT_OK(send_right_to(dest, MACH_MSG_TYPE_MOVE_SEND, name));
		ASSERT_EQ(portcheck_names(), 0);
		ASSERT_TRUE(reaper_wait(WAIT_MS));
		remote_free(&remote);
	}
}

/* Ports within ports within ports: their end needs no deep stack. */
PORT_TEST(a_deep_nest)
{
	PortName outer = make_receive(NULL);

	for (unsigned i = 0; i < 20000; i++) {
		PortName next = make_receive(NULL);

		ASSERT_OK(send_right_to(next, MACH_MSG_TYPE_MAKE_SEND, outer));
		outer = next;
	}
	drop(outer);
}

PORT_TEST(counts_that_cannot_be)
{
	static const struct {
		uint64_t size;
		uint32_t n_fds;
	} cases[] = {
		{0, 1},
		{1, 2},
		{0, 3},
		{MOVE_MAX_PIPES + 1, MOVE_MAX_PIPES + 3},
		{(uint64_t)(MOVE_MAX_ANSWERS + 1) << 16, MOVE_MAX_ANSWERS + 3},
		{(uint64_t)(MOVE_MAX_CARRIERS + 1) << 32, MOVE_MAX_CARRIERS + 3},
		{UINT64_MAX, UINT32_MAX},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		WireRecord record = {
			.kind = WIRE_RECEIVE, .size = cases[i].size, .n_fds = cases[i].n_fds};
		Remote remote = remote_make();
		int fds[2] = {ASSERT_FD(fd_dup(remote.sock)), ASSERT_FD(fd_dup(remote.addr))};
		Right right;

		ASSERT_EQ(arrive(&record, fds, 2, &right), KERN_INVALID_ARGUMENT);
		remote_free(&remote);
	}
}

/* Keepers. */

PORT_TEST(a_kept_port)
{
	portcullis_keeper_t keeper, second;
	Port *port;
	PortName name = make_receive(&port), given;

	ASSERT_EQ(portcullis_keeper_create(0x7654303, &keeper), KERN_INVALID_NAME);
	ASSERT_EQ(portcullis_keeper_create(mach_task_self(), &keeper), KERN_INVALID_RIGHT);
	ASSERT_OK(portcullis_keeper_create(name, &keeper));
	ASSERT_OK(portcullis_keeper_create(name, &second));
	portcullis_keeper_destroy(second);
	ASSERT_EQ(portcullis_keeper_reclaim(keeper, &given), KERN_RIGHT_EXISTS);
	add_send(name, 1);
	/* The receive right is destroyed, the port is not. */
	ASSERT_OK(LOCKED(name_mod_refs(name, MACH_PORT_RIGHT_RECEIVE, -1)));
	ASSERT_EQ(type_of(name), ENTRY_SEND);
	ASSERT_EQ(port->state, PORT_REMOTE);
	ASSERT_OK(mach_msg(
		&(mach_msg_header_t){.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
			.msgh_remote_port = name,
			.msgh_id = 3},
		MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(mach_msg_header_t), 0, 0, 0, 0));
	ASSERT_OK(portcullis_keeper_reclaim(keeper, &given));
	ASSERT_EQ(given, name);
	ASSERT_EQ(type_of(name), ENTRY_SEND | ENTRY_RECEIVE);
	LOCKED_DO(queue_pull(port, UINT32_MAX));
	ASSERT_EQ(pop_id(port), 3);
	drop(name);
	portcullis_keeper_destroy(keeper);
	portcullis_keeper_destroy(NULL);
}

/* With the keeper goes what is queued, and the port. */
PORT_TEST(a_keeper_that_gives_up)
{
	portcullis_keeper_t keeper;
	PortName name = make_receive(NULL);
	mach_msg_header_t msg = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0), .msgh_remote_port = name};

	add_send(name, 1);
	ASSERT_OK(portcullis_keeper_create(name, &keeper));
	ASSERT_OK(LOCKED(name_mod_refs(name, MACH_PORT_RIGHT_RECEIVE, -1)));
	ASSERT_OK(mach_msg(&msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, 0, 0, 0));
	portcullis_keeper_destroy(keeper);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_EQ(mach_msg(&msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, 0, 0, 0),
		MACH_SEND_INVALID_DEST);
	drop(name);
}

/* What was in the memory of who gave it up is lost; its rights say so. */
PORT_TEST(a_kept_port_with_messages_in_memory)
{
	portcullis_keeper_t keeper;
	Port *port;
	PortName name = make_receive(&port), notify = make_receive(NULL), given;
	Message *m = make_message(1);

	m->reply = once_right(name);
	LOCKED_DO(queue_append_take(port, m));
	m = make_message(2);
	m->reply = once_right(notify);
	LOCKED_DO(queue_append_take(port, m));
	ASSERT_OK(portcullis_keeper_create(name, &keeper));
	drop(name);
	ASSERT_EQ(pop_id(LOCKED(space_find(notify))->port), MACH_NOTIFY_SEND_ONCE);
	ASSERT_OK(portcullis_keeper_reclaim(keeper, &given));
	drop(given);
	portcullis_keeper_destroy(keeper);
	drop(notify);
}
