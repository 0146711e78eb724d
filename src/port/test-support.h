/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the unit tests of this layer share. PORT_TEST() is TEST() with more conditions: afterwards no
 * name is left, every count is right, and no descriptor is on its way to be closed.
 *
 * Most core functions want the task's lock: LOCKED() takes it around one expression, so that an
 * assertion never fails while it is held.
 *
 * A Remote is a port of another process, made of raw descriptors.
 */
#pragma once

#include <sys/socket.h>

#include <mach/mach.h>

#include "base/fd.h"
#include "base/sockmsg.h"
#include "port/backing.h"
#include "port/decode.h"
#include "port/ident.h"
#include "port/message.h"
#include "port/once.h"
#include "port/port.h"
#include "port/portdir.h"
#include "port/queue.h"
#include "port/reaper.h"
#include "port/right.h"
#include "port/space.h"
#include "port/task.h"
#include "port/wire.h"
#include "tests/lib/portcheck.h"
#include "tests/lib/unit.h"

#define WAIT_MS 20000

#define PORT_TEST(name)                                                                            \
	static void port_test_##name(void);                                                        \
	TEST(name)                                                                                 \
	{                                                                                          \
		port_test_##name();                                                                \
		ASSERT_IN_ORDER();                                                                 \
		ASSERT_EQ(portcheck_names(), 0);                                                   \
		ASSERT_GE(portcheck_fds(), 0);                                                     \
	}                                                                                          \
	static void port_test_##name(void)

#define ASSERT_IN_ORDER()                                                                          \
	do {                                                                                       \
		char in_order_[256];                                                               \
		if (!portcheck(in_order_, sizeof(in_order_)))                                      \
			FAIL("%s", in_order_);                                                     \
	} while (0)

#define LOCKED(expression)                                                                         \
	({                                                                                         \
		task_lock();                                                                       \
		__typeof__(expression) locked_ = (expression);                                     \
		task_unlock();                                                                     \
		locked_;                                                                           \
	})

#define LOCKED_DO(statement)                                                                       \
	do {                                                                                       \
		task_lock();                                                                       \
		statement;                                                                         \
		task_unlock();                                                                     \
	} while (0)

__attribute__((__constructor__, __unused__)) static void port_test_warm_up(void)
{
	portcheck_warm_up();
}

/* A receive right under a name, and the port (borrowed). */
__attribute__((__unused__)) static PortName make_receive(Port **ret_port)
{
	Right right = RIGHT_NULL;
	PortName name = 0;
	Port *port;
	int r;

	task_lock();
	port = port_new_local();
	right = (Right){.kind = RIGHT_RECEIVE, .port = port};
	r = port ? right_copyout(&right, &name) : -1;
	task_unlock();
	ASSERT_OK(r);
	if (ret_port)
		*ret_port = port;
	return name;
}

__attribute__((__unused__)) static void add_send(PortName name, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		Right right;
		PortName given = 0;
		int r;

		task_lock();
		r = right_copyin(name, MACH_MSG_TYPE_MAKE_SEND, &right);
		if (!r)
			r = right_copyout(&right, &given);
		task_unlock();
		ASSERT_OK(r);
		ASSERT_EQ(given, name);
	}
}

/* A send-once right to a port of ours, under a name. */
__attribute__((__unused__)) static PortName make_once(PortName receive)
{
	Right right;
	PortName name = 0;
	int r;

	task_lock();
	r = right_copyin(receive, MACH_MSG_TYPE_MAKE_SEND_ONCE, &right);
	if (!r)
		r = right_copyout(&right, &name);
	task_unlock();
	ASSERT_OK(r);
	return name;
}

/* A send-once right as a value. */
__attribute__((__unused__)) static Right once_right(PortName receive)
{
	Right right = RIGHT_NULL;

	ASSERT_OK(LOCKED(right_copyin(receive, MACH_MSG_TYPE_MAKE_SEND_ONCE, &right)));
	return right;
}

__attribute__((__unused__)) static uint8_t type_of(PortName name)
{
	const Entry *entry = LOCKED(space_find(name));

	return entry ? entry->type : 0;
}

__attribute__((__unused__)) static unsigned urefs_of(PortName name)
{
	const Entry *entry = LOCKED(space_find(name));

	return entry ? entry->urefs : 0;
}

/* The next message of a port, as a heap object, without waiting. */
__attribute__((__unused__)) static int32_t pop_id(Port *port)
{
	Message *m = LOCKED(queue_pop(port));
	int32_t id = m ? m->id : -1;

	LOCKED_DO(message_free(m));
	return id;
}

__attribute__((__unused__)) static Message *make_message(int32_t id)
{
	Message m;
	Message *heap;

	message_init(&m);
	m.id = id;
	m.size = sizeof(mach_msg_header_t);
	m.dest_disposition = MACH_MSG_TYPE_PORT_SEND_ONCE;
	heap = message_to_heap(&m);
	ASSERT_NOT_NULL(heap);
	return heap;
}

/* A port of another process. */
typedef struct Remote {
	int sock;
	int addr;
	int pipe_r;
	int pipe_w;
	Ident ident;
} Remote;

__attribute__((__unused__)) static Remote remote_make(void)
{
	Remote remote = {.sock = -EBADF};
	int ends[2];

	ASSERT_OK(portdir_mint(&remote.sock, &remote.addr, &remote.ident));
	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	remote.pipe_r = ends[0];
	remote.pipe_w = ends[1];
	memset(remote.ident.secret, 'r', sizeof(remote.ident.secret));
	return remote;
}

/* The port dies. */
__attribute__((__unused__)) static void remote_die(Remote *remote)
{
	remote->sock = fd_close(remote->sock);
	remote->pipe_r = fd_close(remote->pipe_r);
}

__attribute__((__unused__)) static void remote_free(Remote *remote)
{
	remote_die(remote);
	remote->addr = fd_close(remote->addr);
	remote->pipe_w = fd_close(remote->pipe_w);
}

/* Decodes one right that comes with these descriptors, which it takes. */
__attribute__((__unused__)) static int arrive(
	const WireRecord *record, int *fds, unsigned n_fds, Right *ret)
{
	Creds creds = {.pid = 1000, .uid = getuid(), .gid = getgid()};
	Decoder d = {.fds = fds, .n_fds = n_fds, .creds = &creds};
	int r;

	*ret = RIGHT_NULL;
	task_lock();
	r = decode_right(&d, record, ret);
	decoder_deinit(&d);
	task_unlock();
	return r;
}

/* A send right to it comes in a message. */
__attribute__((__unused__)) static Right remote_right(const Remote *remote)
{
	WireRecord record = {.kind = WIRE_SEND, .n_fds = 2};
	int fds[2] = {ASSERT_FD(fd_dup(remote->addr)), ASSERT_FD(fd_dup(remote->pipe_w))};
	Right right;

	memcpy(record.value, remote->ident.secret, sizeof(record.value));
	ASSERT_OK(arrive(&record, fds, 2, &right));
	return right;
}

__attribute__((__unused__)) static PortName name_right(Right right)
{
	PortName name = 0;

	ASSERT_OK(LOCKED(right_copyout(&right, &name)));
	return name;
}

__attribute__((__unused__)) static PortName remote_name(const Remote *remote)
{
	return name_right(remote_right(remote));
}

/* A send-once right in the general form; *ret_near is what its maker keeps. */
__attribute__((__unused__)) static Right pair_right(int *ret_near)
{
	WireRecord record = {.kind = WIRE_SEND_ONCE, .n_fds = 1};
	int pair[2];
	Right right;

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	*ret_near = pair[1];
	ASSERT_OK(arrive(&record, pair, 1, &right));
	return right;
}
