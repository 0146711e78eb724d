/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <mach/notify.h>

#include "base/clock.h"
#include "port/connect.h"
#include "port/names.h"
#include "port/receive.h"
#include "port/test-support.h"

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

static void append(Port *port, int32_t id)
{
	Message *m = make_message(id);

	LOCKED_DO(queue_append_take(port, m));
}

PORT_TEST(first_in_first_out)
{
	Port *port;
	PortName name = make_receive(&port);

	ASSERT_EQ(pop_id(port), -1);
	for (int32_t i = 0; i < 10; i++)
		append(port, i);
	ASSERT_EQ(port->msgcount, 10);
	ASSERT_TRUE(LOCKED(port_has_queued(port)));
	for (int32_t i = 0; i < 10; i++)
		ASSERT_EQ(pop_id(port), i);
	ASSERT_EQ(port->msgcount, 0);
	ASSERT_FALSE(LOCKED(port_has_queued(port)));
	drop(name);
}

PORT_TEST(what_is_put_back_comes_first)
{
	Port *port;
	PortName name = make_receive(&port);
	Message *m = make_message(1);

	append(port, 2);
	LOCKED_DO(queue_prepend_take(port, m));
	ASSERT_EQ(pop_id(port), 1);
	ASSERT_EQ(pop_id(port), 2);
	drop(name);
}

PORT_TEST(room)
{
	Port *port;
	PortName name = make_receive(&port);

	for (int32_t i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++) {
		ASSERT_TRUE(LOCKED(queue_has_room(port)));
		ASSERT_OK(LOCKED(queue_wait_room(port, 0)));
		append(port, i);
	}
	ASSERT_FALSE(LOCKED(queue_has_room(port)));
	ASSERT_EQ(LOCKED(queue_wait_room(port, 0)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(LOCKED(queue_wait_room(port, deadline_after_ms(1))), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(pop_id(port), 0);
	ASSERT_TRUE(LOCKED(queue_has_room(port)));
	drop(name);
}

typedef struct Sleeper {
	Port *port;
	pthread_t thread;
	int result;
	int ready; /* an eventfd: it holds the lock and is about to sleep */
} Sleeper;

static void *wait_for_room(void *arg)
{
	Sleeper *s = arg;

	task_lock();
	port_ref(s->port);
	(void)eventfd_write(s->ready, 1);
	s->result = queue_wait_room(s->port, DEADLINE_NONE);
	port_unref(s->port);
	task_unlock();
	return NULL;
}

static void *wait_for_message(void *arg)
{
	Sleeper *s = arg;

	task_lock();
	(void)eventfd_write(s->ready, 1);
	s->result = waiter_sleep(&s->port->extra->receivers, DEADLINE_NONE);
	task_unlock();
	return NULL;
}

/* When this returns the thread sleeps, or will before anybody else gets the lock. */
static void sleeper_start(Sleeper *s, Port *port, void *(*run)(void *))
{
	eventfd_t value;

	s->port = port;
	s->result = -1;
	s->ready = ASSERT_SYS(eventfd(0, EFD_CLOEXEC));
	ASSERT_OK(pthread_create(&s->thread, NULL, run, s));
	ASSERT_SYS(eventfd_read(s->ready, &value));
	close(s->ready);
}

static void fill(Port *port)
{
	for (int32_t i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
		append(port, i);
}

PORT_TEST(a_sender_gets_the_slot_that_comes_free)
{
	Port *port;
	PortName name = make_receive(&port);
	Sleeper s;

	fill(port);
	sleeper_start(&s, port, wait_for_room);
	/* Nobody may be quicker than who waits. */
	ASSERT_FALSE(LOCKED(queue_has_room(port)));
	ASSERT_EQ(pop_id(port), 0);
	ASSERT_OK(pthread_join(s.thread, NULL));
	ASSERT_OK(s.result);
	drop(name);
}

PORT_TEST(raising_the_limit_lets_senders_go)
{
	Port *port;
	PortName name = make_receive(&port);
	Sleeper s[3];

	fill(port);
	for (unsigned i = 0; i < 3; i++)
		sleeper_start(&s[i], port, wait_for_room);
	LOCKED_DO(port->qlimit += 3; queue_room_made(port));
	for (unsigned i = 0; i < 3; i++) {
		ASSERT_OK(pthread_join(s[i].thread, NULL));
		ASSERT_OK(s[i].result);
	}
	drop(name);
}

PORT_TEST(a_sender_learns_that_the_port_died)
{
	Port *port;
	PortName name = make_receive(&port);
	Sleeper s;

	fill(port);
	sleeper_start(&s, port, wait_for_room);
	drop(name);
	ASSERT_OK(pthread_join(s.thread, NULL));
	ASSERT_EQ(s.result, MACH_SEND_INVALID_DEST);
}

PORT_TEST(one_message_wakes_one_receiver)
{
	Port *port;
	PortName name = make_receive(&port);
	Sleeper s[2];

	ASSERT_OK(LOCKED(port_need_extra(port)));
	sleeper_start(&s[0], port, wait_for_message);
	sleeper_start(&s[1], port, wait_for_message);
	append(port, 1);
	ASSERT_OK(pthread_join(s[0].thread, NULL));
	ASSERT_OK(s[0].result);
	ASSERT_FALSE(LOCKED(TAILQ_EMPTY(&port->extra->receivers)));
	append(port, 2);
	ASSERT_OK(pthread_join(s[1].thread, NULL));
	ASSERT_OK(s[1].result);
	drop(name);
}

PORT_TEST(sleep_ends_with_time)
{
	Port *port;
	PortName name = make_receive(&port);

	ASSERT_OK(LOCKED(port_need_extra(port)));
	ASSERT_EQ(LOCKED(waiter_sleep(&port->extra->receivers, deadline_after_ms(2))), ETIMEDOUT);
	ASSERT_TRUE(TAILQ_EMPTY(&port->extra->receivers));
	drop(name);
}

static bool is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

PORT_TEST(the_event_says_what_the_queue_holds)
{
	Port *port;
	PortName name = make_receive(&port);

	append(port, 1);
	ASSERT_OK(LOCKED(receive_need_epoll(port)));
	ASSERT_TRUE(is_readable(port->extra->event_fd));
	ASSERT_TRUE(is_readable(port->extra->epoll_fd));
	ASSERT_EQ(pop_id(port), 1);
	ASSERT_FALSE(is_readable(port->extra->epoll_fd));
	append(port, 2);
	append(port, 3);
	ASSERT_TRUE(is_readable(port->extra->epoll_fd));
	ASSERT_EQ(pop_id(port), 2);
	ASSERT_TRUE(is_readable(port->extra->epoll_fd));
	ASSERT_EQ(pop_id(port), 3);
	ASSERT_FALSE(is_readable(port->extra->epoll_fd));
	ASSERT_OK(LOCKED(receive_need_epoll(port)));
	drop(name);
}

/* A datagram as a peer with a send right would send it. */
static void send_datagram(const Port *port, int32_t id)
{
	WireHeader h = {
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .type = WIRE_MESSAGE, .id = id};
	int sock = -EBADF;

	memcpy(h.secret, port->backing->ident.secret, sizeof(h.secret));
	ASSERT_OK(connect_dgram(port->backing->addr, true, &sock));
	ASSERT_EQ(send(sock, &h, sizeof(h), MSG_DONTWAIT), (ssize_t)sizeof(h));
	close(sock);
}

/* One queue over memory and kernel: what came first is received first. */
PORT_TEST(the_kernels_messages_are_older)
{
	Port *port;
	PortName name = make_receive(&port);

	ASSERT_OK(LOCKED(backing_make(port)));
	append(port, 1);
	send_datagram(port, 2);
	send_datagram(port, 3);
	ASSERT_TRUE(LOCKED(port_has_queued(port)));
	append(port, 4);
	ASSERT_EQ(port->msgcount, 4);
	for (int32_t i = 1; i <= 4; i++)
		ASSERT_EQ(pop_id(port), i);
	send_datagram(port, 5);
	ASSERT_EQ(pop_id(port), -1);
	LOCKED_DO(queue_pull(port, 1));
	ASSERT_EQ(pop_id(port), 5);
	drop(name);
}

/* While a thread is in recvmsg() it may have what nobody else has seen: see queue.h. */
PORT_TEST(late_messages_wait_for_the_thread_in_the_kernel)
{
	Port *port;
	PortName name = make_receive(&port);
	char byte;

	ASSERT_OK(LOCKED(port_need_extra(port)));
	ASSERT_OK(LOCKED(backing_make(port)));
	port->extra->direct = 1;
	append(port, 2);
	ASSERT_EQ(port->msgcount, 1);
	ASSERT_EQ(pop_id(port), -1);
	/* The thread was woken, by a datagram without content. */
	ASSERT_EQ(recv(port->backing->sock, &byte, 1, MSG_DONTWAIT | MSG_TRUNC), 0);
	send_datagram(port, 1);
	port->extra->direct = 0;
	LOCKED_DO(queue_settle_late(port));
	ASSERT_EQ(pop_id(port), 1);
	ASSERT_EQ(pop_id(port), 2);
	drop(name);
}

/* What the next message is, as a receiver sees it. */
static int32_t receive_id(PortName name)
{
	struct {
		mach_msg_header_t header;
		mach_msg_max_trailer_t trailer;
	} msg;

	if (mach_msg(&msg.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(msg), name, 0, 0))
		return -1;
	return msg.header.msgh_id;
}

/* Send-once notifications for which there was no memory come all the same, once each. */
PORT_TEST(notifications_that_are_owed)
{
	Port *port;
	PortName name = make_receive(&port), set;

	ASSERT_OK(LOCKED(port_need_extra(port)));
	ASSERT_OK(LOCKED(receive_need_epoll(port)));
	append(port, 1);
	LOCKED_DO(queue_owe_send_once(port));
	LOCKED_DO(queue_owe_send_once(port));
	ASSERT_EQ(port->msgcount, 3);
	ASSERT_EQ(receive_id(name), 1);
	ASSERT_TRUE(LOCKED(port_has_queued(port)));
	ASSERT_TRUE(port->extra->event_set);
	ASSERT_EQ(receive_id(name), MACH_NOTIFY_SEND_ONCE);
	/* Too large for the receiver, who lets it wait: it is owed no more, it is there. */
	ASSERT_EQ(mach_msg(&(mach_msg_header_t){0},
			  MACH_RCV_MSG | MACH_RCV_LARGE | MACH_RCV_TIMEOUT, 0, 0, name, 0, 0),
		MACH_RCV_TOO_LARGE);
	ASSERT_EQ(port->extra->once_due, 0);
	ASSERT_EQ(receive_id(name), MACH_NOTIFY_SEND_ONCE);
	ASSERT_EQ(receive_id(name), -1);
	ASSERT_EQ(port->msgcount, 0);
	ASSERT_FALSE(port->extra->event_set);
	/* Through a set, and by a port that is about to move. */
	ASSERT_OK(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set));
	ASSERT_OK(mach_port_insert_member(mach_task_self(), name, set));
	LOCKED_DO(queue_owe_send_once(port));
	ASSERT_EQ(receive_id(set), MACH_NOTIFY_SEND_ONCE);
	LOCKED_DO(queue_owe_send_once(port));
	ASSERT_OK(LOCKED(queue_settle_owed(port)));
	ASSERT_EQ(pop_id(port), MACH_NOTIFY_SEND_ONCE);
	LOCKED_DO(queue_owe_send_once(port));
	drop(set);
	drop(name);
}

PORT_TEST(clearing)
{
	Port *port;
	PortName name = make_receive(&port), moved = make_receive(NULL);
	Message *m = make_message(1);

	ASSERT_OK(message_alloc_items(m, 1));
	ASSERT_OK(LOCKED(right_copyin(moved, MACH_MSG_TYPE_MOVE_RECEIVE, &m->items[0].right)));
	LOCKED_DO(queue_append_take(port, m));
	append(port, 2);
	LOCKED_DO(queue_clear(port));
	ASSERT_EQ(port->msgcount, 0);
	ASSERT_EQ(pop_id(port), -1);
	drop(name);
}

/* A queued message is a sender until it is received. */
PORT_TEST(queued_messages_count_as_senders)
{
	Port *port;
	PortName name = make_receive(&port);
	Message *m = make_message(1);

	LOCKED_DO(m->holds_dest = true; port_srights_add(port, 1); queue_append_take(port, m));
	ASSERT_IN_ORDER();
	ASSERT_EQ(port->srights, 1);
	ASSERT_EQ(pop_id(port), 1);
	ASSERT_EQ(port->srights, 0);
	drop(name);
}
