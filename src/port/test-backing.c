/* SPDX-License-Identifier: Apache-2.0 */
#include <mach/notify.h>
#include <poll.h>
#include <sys/stat.h>

#include "port/connect.h"
#include "port/names.h"
#include "port/registry.h"
#include "port/sender.h"
#include "port/test-support.h"
#include "tests/lib/fault.h"

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

static bool has_hung_up(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR);
}

/* What is closed on the way is closed by the reaper. */
static bool no_senders(Backing *b)
{
	(void)LOCKED(backing_no_senders(b));
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	return LOCKED(backing_no_senders(b));
}

PORT_TEST(made_once)
{
	Port *port;
	PortName name = make_receive(&port);
	Backing *b;
	Ident ident = {0};

	ASSERT_OK(LOCKED(backing_make(port)));
	b = port->backing;
	ASSERT_OK(LOCKED(backing_make(port)));
	ASSERT_PTR_EQ(port->backing, b);
	ASSERT_FD_CLOEXEC(b->sock);
	ASSERT_FD_CLOEXEC(b->addr);
	ASSERT_FD_CLOEXEC(b->pipe_w);
	ASSERT_EQ(b->n_pipes, 1);
	ASSERT_FD_CLOEXEC(backing_pipe(b, 0));
	ASSERT_TRUE(b->known_device);
	ASSERT_OK(ident_read(b->addr, &ident));
	memcpy(ident.secret, b->ident.secret, sizeof(ident.secret));
	ASSERT_PTR_EQ(LOCKED(registry_find(&ident)), b);
	ident.secret[3] ^= 1;
	ASSERT_NULL(LOCKED(registry_find(&ident)));
	drop(name);
}

/* A right that comes home is one to the port that is here. */
PORT_TEST(a_right_comes_home)
{
	Port *port;
	PortName name = make_receive(&port);
	Remote self;
	int ends[2];

	ASSERT_OK(LOCKED(backing_make(port)));
	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	self = (Remote){.sock = -EBADF, .pipe_r = ends[0], .pipe_w = ends[1]};
	self.addr = ASSERT_FD(fd_dup(port->backing->addr));
	self.ident = port->backing->ident;
	ASSERT_EQ(remote_name(&self), name);
	ASSERT_EQ(type_of(name), ENTRY_SEND | ENTRY_RECEIVE);
	remote_free(&self);
	drop(name);
}

PORT_TEST(a_right_with_a_renewed_secret_is_dead)
{
	Port *port;
	PortName name = make_receive(&port);
	Right right;
	Remote self;
	int ends[2];

	ASSERT_OK(LOCKED(backing_make(port)));
	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	self = (Remote){.sock = -EBADF, .pipe_r = ends[0], .pipe_w = ends[1]};
	self.addr = ASSERT_FD(fd_dup(port->backing->addr));
	self.ident = port->backing->ident;
	ASSERT_OK(LOCKED(backing_renew(port->backing)));
	ASSERT_FALSE(ident_equal(&self.ident, &port->backing->ident));
	ASSERT_PTR_EQ(LOCKED(registry_find(&port->backing->ident)), port->backing);
	ASSERT_TRUE(LOCKED(registry_was_renewed(&self.ident)));
	right = remote_right(&self);
	ASSERT_EQ(right.kind, RIGHT_DEAD);
	/* Twice renewed is noted once. */
	ASSERT_OK(LOCKED(backing_renew(port->backing)));
	drop(name);
	ASSERT_FALSE(LOCKED(registry_was_renewed(&self.ident)));
	remote_free(&self);
}

PORT_TEST(remote_rights)
{
	Remote remote = remote_make();
	Right a = remote_right(&remote), b = remote_right(&remote);
	Remote forged = remote;

	ASSERT_EQ(a.kind, RIGHT_SEND);
	ASSERT_PTR_EQ(a.port, b.port);
	ASSERT_EQ(a.port->state, PORT_REMOTE);
	ASSERT_EQ(a.port->srights, 2);
	ASSERT_EQ(a.port->backing->uid, getuid());
	/* The genuine address with another secret is another port. */
	memset(forged.ident.secret, 'f', sizeof(forged.ident.secret));
	LOCKED_DO(right_drop(&b));
	b = remote_right(&forged);
	ASSERT_TRUE(a.port != b.port);
	/* Our pipe end is open as long as there is a right. */
	remote.pipe_w = fd_close(remote.pipe_w);
	ASSERT_FALSE(has_hung_up(remote.pipe_r));
	LOCKED_DO(right_drop(&b));
	LOCKED_DO(right_drop(&a));
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_TRUE(has_hung_up(remote.pipe_r));
	remote_free(&remote);
}

PORT_TEST(no_senders_is_when_every_pipe_has_hung_up)
{
	Port *port;
	PortName name = make_receive(&port);
	int fds[2];
	bool owned;
	Backing *b;

	ASSERT_OK(LOCKED(backing_make(port)));
	b = port->backing;
	/* Unarmed, the owner's end is what goes out, as a duplicate. */
	ASSERT_OK(LOCKED(backing_export_pipe(b, &fds[0], &owned)));
	ASSERT_FALSE(owned);
	fds[0] = ASSERT_FD(fd_dup(fds[0]));
	ASSERT_FALSE(no_senders(b));
	ASSERT_LT(b->pipe_w, 0);
	/* The next one gets a pipe of its own. */
	ASSERT_OK(LOCKED(backing_export_pipe(b, &fds[1], &owned)));
	ASSERT_EQ(b->n_pipes, 2);
	if (!owned)
		fds[1] = ASSERT_FD(fd_dup(fds[1]));
	ASSERT_FALSE(no_senders(b));
	close(fds[0]);
	ASSERT_FALSE(no_senders(b));
	ASSERT_EQ(b->n_pipes, 1);
	close(fds[1]);
	ASSERT_TRUE(no_senders(b));
	ASSERT_EQ(b->n_pipes, 0);
	drop(name);
}

PORT_TEST(many_pipes)
{
	Port *port;
	PortName name = make_receive(&port);
	int ends[2];
	Backing *b;

	ASSERT_OK(LOCKED(backing_make(port)));
	b = port->backing;
	for (unsigned i = 0; i < 5; i++) {
		ASSERT_SYS(pipe2(ends, O_CLOEXEC));
		close(ends[1]);
		ASSERT_OK(LOCKED(backing_add_pipe_take(b, ends[0])));
		ASSERT_EQ(backing_pipe(b, i + 1), ends[0]);
	}
	/* All of them have hung up, and so has ours once it is dropped. */
	ASSERT_TRUE(no_senders(b));
	ASSERT_EQ(b->n_pipes, 0);
	drop(name);
}

PORT_TEST(the_senders_socket)
{
	Remote remote = remote_make();
	Right right = remote_right(&remote);
	Sender *a, *b;
	char text[8];

	ASSERT_OK(LOCKED(sender_get(right.port, &a)));
	ASSERT_OK(LOCKED(sender_get(right.port, &b)));
	ASSERT_PTR_EQ(a, b);
	ASSERT_FALSE(sender_has_unread(a));
	ASSERT_EQ(send(a->fd, "hello", 5, 0), 5);
	ASSERT_TRUE(sender_has_unread(a));
	ASSERT_EQ(recv(remote.sock, text, sizeof(text), MSG_DONTWAIT), 5);
	ASSERT_FALSE(sender_has_unread(a));
	LOCKED_DO(sender_unref(a));
	sender_put(b);
	ASSERT_OK(LOCKED(sender_connect(right.port, &b)));
	ASSERT_TRUE(b != right.port->backing->sender);
	sender_put(b);
	/* The last reference is the one that closes. */
	ASSERT_OK(LOCKED(sender_get(right.port, &a)));
	LOCKED_DO(right_drop(&right));
	ASSERT_EQ(send(a->fd, "hello", 5, 0), 5);
	sender_put(a);
	remote_free(&remote);
}

PORT_TEST(a_sender_to_a_dead_port)
{
	Remote remote = remote_make();
	Right right = remote_right(&remote);
	Sender *sender;

	remote_die(&remote);
	ASSERT_EQ(LOCKED(sender_get(right.port, &sender)), KERN_INVALID_CAPABILITY);
	LOCKED_DO(port_mark_dead(right.port));
	LOCKED_DO(port_mark_dead(right.port));
	ASSERT_TRUE(LOCKED(right_is_dead(&right)));
	LOCKED_DO(right_drop(&right));
	remote_free(&remote);
}

/* Whoever has a hundred rights finds each of them again. */
PORT_TEST(the_registry_grows)
{
	Right rights[150];
	Remote remotes[150];

	for (unsigned i = 0; i < 150; i++) {
		remotes[i] = remote_make();
		rights[i] = remote_right(&remotes[i]);
		ASSERT_EQ(rights[i].kind, RIGHT_SEND);
	}
	for (unsigned i = 0; i < 150; i++)
		ASSERT_PTR_EQ(LOCKED(registry_find(&remotes[i].ident)), rights[i].port->backing);
	for (unsigned i = 0; i < 150; i++) {
		LOCKED_DO(right_drop(&rights[i]));
		ASSERT_NULL(LOCKED(registry_find(&remotes[i].ident)));
		remote_free(&remotes[i]);
	}
}

/* What is in the socket when the port dies dies as messages do, with its rights. */
PORT_TEST(closing_drains)
{
	WireHeader h = {.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.type = WIRE_MESSAGE,
		.flags = WIRE_F_REPLY,
		.n_records = 1};
	WireRecord record = {.kind = WIRE_SEND_ONCE, .n_fds = 1};
	struct iovec iov[2] = {{&h, sizeof(h)}, {&record, sizeof(record)}};
	FdList fds = FDLIST_INIT;
	int pair[2], sock;
	Port *port;
	PortName name = make_receive(&port);
	char byte;

	ASSERT_OK(LOCKED(backing_make(port)));
	memcpy(h.secret, port->backing->ident.secret, sizeof(h.secret));
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	ASSERT_OK(fdlist_add_consume(&fds, pair[0]));
	ASSERT_OK(connect_dgram(port->backing->addr, true, &sock));
	ASSERT_OK(sockmsg_send(sock, iov, 2, &fds, 0));
	fdlist_deinit(&fds);
	close(sock);
	drop(name);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	/* The send-once right died unused, which is what its maker reads. */
	ASSERT_EQ(recv(pair[1], &byte, 1, MSG_DONTWAIT), 0);
	close(pair[1]);
}

/* The second place for ports stays open once it was needed. */
__attribute__((__constructor__)) static void open_second_place(void)
{
	Ident ident;
	int sock, addr;

	fault_arm(FAULT_BIND, 1);
	if (portdir_mint(&sock, &addr, &ident) == 0) {
		close(sock);
		close(addr);
	}
	(void)fault_disarm();
}

/* With a no-senders request and a set, which both have to be told of it. */
static void make_or_not(void *arg)
{
	mach_port_t self = mach_task_self(), previous;
	PortName name, notify, set;
	mach_msg_header_t msg;
	Port *port;
	int r;

	fault_pause();
	name = make_receive(&port);
	notify = make_receive(NULL);
	ASSERT_EQ(mach_port_allocate(self, MACH_PORT_RIGHT_PORT_SET, &set), 0);
	ASSERT_EQ(mach_port_insert_member(self, name, set), 0);
	ASSERT_EQ(mach_port_request_notification(self, name, MACH_NOTIFY_NO_SENDERS, 9, notify,
			  MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		0);
	fault_resume();
	r = LOCKED(backing_make(port));
	fault_pause();
	ASSERT_LE(r, 0);
	ASSERT_EQ(port->backing == NULL, r != 0);
	ASSERT_IN_ORDER();
	/* The port works on. */
	ASSERT_EQ(mach_msg(&msg, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(msg), set, 0, 0),
		MACH_RCV_TIMED_OUT);
	ASSERT_OK(LOCKED(backing_make(port)));
	drop(set);
	drop(name);
	drop(notify);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	fault_resume();
	(void)arg;
}

PORT_TEST(making_fails)
{
	ASSERT_GE(fault_run_kinds(make_or_not, NULL), 6);
}

static void export_or_not(void *arg)
{
	mach_port_t self = mach_task_self(), previous;
	PortName name, notify;
	bool owned = false;
	int fd = -EBADF, r;
	Port *port;

	fault_pause();
	name = make_receive(&port);
	add_send(name, 1);
	notify = make_receive(NULL);
	ASSERT_OK(LOCKED(backing_make(port)));
	ASSERT_EQ(mach_port_request_notification(self, name, MACH_NOTIFY_NO_SENDERS, 9, notify,
			  MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		0);
	ASSERT_TRUE(no_senders(port->backing));
	fault_resume();
	r = LOCKED(backing_export_pipe(port->backing, &fd, &owned));
	fault_pause();
	if (r) {
		ASSERT_EQ(fd, -EBADF);
		ASSERT_TRUE(no_senders(port->backing));
	} else {
		/* The receiver's alone. */
		ASSERT_TRUE(owned);
		ASSERT_FALSE(no_senders(port->backing));
		close(fd);
		ASSERT_TRUE(no_senders(port->backing));
	}
	drop(name);
	drop(notify);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	fault_resume();
	(void)arg;
}

PORT_TEST(exporting_fails)
{
	ASSERT_GE(fault_run_kinds(export_or_not, NULL), 3);
}
