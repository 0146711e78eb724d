/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receiving where descriptors are short: every message is received, without the rights that find no
 * room, so that whoever waits for messages makes progress.
 */
#include "port/pull.h"

#include <sys/resource.h>

#include "port/answer.h"
#include "port/carrier.h"
#include "port/connect.h"
#include "port/names.h"
#include "port/pset.h"
#include "port/source.h"
#include "port/test-support.h"

typedef struct Inbox {
	Port *port;
	PortName name;
	int sender;
} Inbox;

static Inbox inbox_make(void)
{
	Inbox in = {.sender = -EBADF};

	in.name = make_receive(&in.port);
	ASSERT_OK(LOCKED(backing_make(in.port)));
	ASSERT_OK(connect_dgram(in.port->backing->addr, true, &in.sender));
	return in;
}

static void inbox_end(Inbox *in)
{
	fd_close(in->sender);
	ASSERT_OK(LOCKED(name_destroy(in->name)));
}

static WireHeader header_for(const Inbox *in, int32_t id)
{
	WireHeader h = {
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .type = WIRE_MESSAGE, .id = id};

	memcpy(h.secret, in->port->backing->ident.secret, sizeof(h.secret));
	return h;
}

static void send_plain(const Inbox *in, int32_t id)
{
	WireHeader h = header_for(in, id);
	struct iovec iov = {&h, sizeof(h)};

	ASSERT_OK(carrier_write(in->sender, &iov, 1, NULL, 0));
}

/* A port descriptor with a send right to some port. */
static void send_right(const Inbox *in, int32_t id)
{
	WireHeader h = header_for(in, id);
	WireRecord record = {.kind = WIRE_SEND, .type = MACH_MSG_PORT_DESCRIPTOR, .n_fds = 2};
	struct iovec iov[2] = {{&h, sizeof(h)}, {&record, sizeof(record)}};
	Remote remote = remote_make();
	int fds[2] = {remote.addr, remote.pipe_w};

	h.flags = WIRE_F_COMPLEX;
	h.n_records = 1;
	memcpy(record.value, remote.ident.secret, sizeof(record.value));
	ASSERT_OK(carrier_write(in->sender, iov, 2, fds, 2));
	remote_free(&remote);
}

/* A request; returns the near end, on which the answer would come. */
static int send_request(const Inbox *in, int32_t id)
{
	WireHeader h = header_for(in, id);
	WireRecord record = {.kind = WIRE_SEND_ONCE, .n_fds = 1};
	struct iovec iov[2] = {{&h, sizeof(h)}, {&record, sizeof(record)}};
	int near, far;

	h.flags = WIRE_F_REPLY;
	h.n_records = 1;
	ASSERT_OK(answer_pair(&near, &far));
	ASSERT_OK(carrier_write(in->sender, iov, 2, &far, 1));
	close(far);
	return near;
}

typedef struct Incoming {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t right;
	uint8_t trailer[64];
} Incoming;

static mach_msg_return_t receive(PortName name, Incoming *ret)
{
	return mach_msg(&ret->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(*ret), name, 0, 0);
}

/* No descriptor is to be had while this is in force. */
static struct rlimit take_all(void)
{
	struct rlimit before, none;

	ASSERT_SYS(getrlimit(RLIMIT_NOFILE, &before));
	none = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &none));
	return before;
}

static void give_back(const struct rlimit *before)
{
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, before));
}

PORT_TEST(bytes_need_no_descriptors)
{
	Inbox in = inbox_make();
	struct rlimit before;
	Incoming got;

	send_plain(&in, 5);
	before = take_all();
	ASSERT_EQ(receive(in.name, &got), MACH_MSG_SUCCESS);
	give_back(&before);
	ASSERT_EQ(got.header.msgh_id, 5);
	inbox_end(&in);
}

PORT_TEST(a_right_that_finds_no_room)
{
	Inbox in = inbox_make();
	struct rlimit before;
	Incoming got;

	send_right(&in, 6);
	send_right(&in, 7);
	before = take_all();
	ASSERT_EQ(receive(in.name, &got), MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE);
	give_back(&before);
	ASSERT_EQ(got.header.msgh_id, 6);
	ASSERT_EQ(got.right.name, MACH_PORT_NULL);
	/* It is gone, and the next is as good as ever. */
	ASSERT_EQ(receive(in.name, &got), MACH_MSG_SUCCESS);
	ASSERT_EQ(got.header.msgh_id, 7);
	ASSERT_TRUE(MACH_PORT_VALID(got.right.name));
	mach_msg_destroy(&got.header);
	ASSERT_EQ(receive(in.name, &got), MACH_RCV_TIMED_OUT);
	inbox_end(&in);
}

/* Nobody could answer: the message is lost, and its sender told so. */
PORT_TEST(a_right_to_answer_with_that_finds_no_room)
{
	Inbox in = inbox_make();
	int near = send_request(&in, 8);
	struct rlimit before = take_all();
	Incoming got;
	char byte;

	ASSERT_EQ(receive(in.name, &got), MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_SPACE);
	ASSERT_EQ(receive(in.name, &got), MACH_RCV_TIMED_OUT);
	give_back(&before);
	ASSERT_EQ(recv(near, &byte, 1, 0), 0);
	close(near);
	inbox_end(&in);
}

/* Where there is more than one thing to wait for there is no epoll set to be had. */
PORT_TEST(waiting_without_descriptors)
{
	Inbox in = inbox_make(), other = inbox_make();
	mach_port_name_t set;
	struct rlimit before;
	Incoming got;

	ASSERT_EQ(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set), 0);
	ASSERT_EQ(mach_port_insert_member(mach_task_self(), in.name, set), 0);
	ASSERT_EQ(mach_port_insert_member(mach_task_self(), other.name, set), 0);
	LOCKED_DO(({
		PortSet *s = space_find(set)->set;

		source_deinit(&s->event);
		for (Membership *m = TAILQ_FIRST(&s->members); m; m = TAILQ_NEXT(m, by_set))
			source_remove_port(m->port, s->epoll_fd);
		s->event_fd = fd_close(s->event_fd);
		s->epoll_fd = fd_close(s->epoll_fd);
	}));
	send_plain(&other, 9);
	send_plain(&in, 10);
	before = take_all();
	ASSERT_EQ(receive(set, &got), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive(set, &got), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive(set, &got), MACH_RCV_TIMED_OUT);
	ASSERT_EQ(
		mach_msg(&got.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(got), set, 30, 0),
		MACH_RCV_TIMED_OUT);
	give_back(&before);
	ASSERT_OK(LOCKED(name_destroy(set)));
	inbox_end(&in);
	inbox_end(&other);
}
