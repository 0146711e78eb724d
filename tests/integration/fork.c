/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children that execute nothing: what they have from their parent (the bootstrap port and the registered
 * ports) and what they have not (all else); and that nothing they do, end in or leave undone is noticed in
 * the parent.
 */
#include <signal.h>

#include "tests/integration/children.h"

/* What is inherited over fork. */

typedef struct Names {
	mach_port_t registered[3];
	mach_port_t bootstrap;
	mach_port_t others[20];
} Names;

static void inheritor(PeerCtx *ctx)
{
	const Names *parent = ctx->arg;
	mach_port_t ports[3], own;
	unsigned n_names = count_names();

	/* The task, the host, and the bootstrap port, which has a name from the start. */
	ASSERT_EQ(n_names, 3);
	ASSERT_NE(bootstrap_port, MACH_PORT_NULL);
	ASSERT_EQ(type_of(bootstrap_port), MACH_PORT_TYPE_SEND);
	look_up(ports);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(type_of(ports[i]), MACH_PORT_TYPE_SEND);
		ASSERT_NE(ports[i], bootstrap_port);
	}
	ASSERT_EQ(count_names(), n_names + 3);
	own = make_receive();
	give(bootstrap_port, BOOT, own, MAKE);
	tell(ports[0], HELLO);
	tell(ports[1], WORD + 1);
	tell(ports[2], WORD + 2);
	hear(own, GO);
	for (int i = 0; i < 20; i++) {
		mach_port_type_t type;

		/* A name may be in use again; but none is what it was. */
		if (mach_port_type(SELF, parent->others[i], &type) == KERN_SUCCESS)
			ASSERT_EQ(type & MACH_PORT_TYPE_PORT_SET, 0);
	}
	destroy(own);
}

STAGE(a_child_has_special_ports_and_nothing_else)
{
	mach_port_t one = make_send_receive(), two = make_send_receive(),
		    boot = make_send_receive();
	mach_port_t child;
	Names names = {.registered = {s->hub, one, two}, .bootstrap = boot};
	Peer *peer;

	ASSERT_EQ(mach_ports_register(SELF, names.registered, 3), KERN_SUCCESS);
	set_bootstrap(boot);
	for (int i = 0; i < 20; i++)
		names.others[i] = make_set();
	peer = stage_spawn(s, "child", inheritor, &names);
	child = take(boot, BOOT);
	hear(one, WORD + 1);
	hear(two, WORD + 2);
	tell(child, GO);
	harness_expect_exit(peer, 0);
	ASSERT_EQ(mach_ports_register(SELF, &s->hub, 1), KERN_SUCCESS);
	set_bootstrap(MACH_PORT_NULL);
	for (int i = 0; i < 20; i++)
		drop_set(names.others[i]);
	destroy(one);
	destroy(two);
	destroy(boot);
	deallocate(child);
}

/* No descriptor of the parent's ports is open in a child. */
static void fd_counter(PeerCtx *ctx)
{
	peer_send_u64(ctx, count_fds());
}

static uint64_t fds_in_a_child(Stage *s)
{
	Peer *peer;
	uint64_t n;

	/* What is yet to be closed is open in the child, too. */
	wait_for_closes();
	peer = peer_spawn(s->h, "counter", fd_counter, NULL);
	n = harness_recv_u64(peer);
	harness_expect_exit(peer, 0);
	return n;
}

static void idler(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	for (;;) {
		receive_any(own, &received);
		if (received.header.msgh_id == GO)
			break;
		if (MACH_PORT_VALID(received.header.msgh_remote_port))
			ASSERT_EQ(send_empty(received.header.msgh_remote_port, MOVE_ONCE,
					  received.header.msgh_id + WORD),
				MACH_MSG_SUCCESS);
	}
	destroy(own);
}

static void call(mach_port_t to, mach_port_t reply)
{
	mach_msg_header_t header = make_header(to, COPY, reply, MAKE_ONCE, PING);

	ASSERT_EQ(send_patiently(&header, sizeof(header)), MACH_MSG_SUCCESS);
	hear(reply, PING + WORD);
}

STAGE(a_child_has_no_descriptors_of_the_parents_ports)
{
	uint64_t before = fds_in_a_child(s);
	mach_port_t ports[10], set = make_set(), notify = make_receive(), own, reply;
	mach_port_t deaths = make_receive();
	portcullis_keeper_t keepers[10];
	Peer *peer;
	int fds[2];

	peer = stage_spawn_with_port(s, "idler", idler, NULL, &own);
	reply = mach_reply_port();
	call(own, reply);
	call(own, reply);
	request_new(own, MACH_NOTIFY_DEAD_NAME, 0, deaths);
	for (int i = 0; i < 10; i++) {
		ports[i] = make_send_receive();
		ASSERT_EQ(portcullis_keeper_create(ports[i], &keepers[i]), KERN_SUCCESS);
		request_new(ports[i], MACH_NOTIFY_NO_SENDERS, 0, notify);
		ASSERT_EQ(mach_port_insert_member(SELF, ports[i], set), KERN_SUCCESS);
		post(ports[i], WORD);
	}
	fds[0] = ASSERT_SYS(portcullis_port_fd(set));
	fds[1] = ASSERT_SYS(portcullis_port_fd(ports[0]));
	/* Two more peers' channels, which are the harness's, and closed in peers; the two descriptors
	 * that are ours by the contract of portcullis_port_fd() are in the child. */
	ASSERT_EQ(fds_in_a_child(s), before + 2);
	for (int i = 0; i < 10; i++) {
		portcullis_keeper_destroy(keepers[i]);
		destroy(ports[i]);
	}
	close(fds[0]);
	close(fds[1]);
	drop_set(set);
	drop_receive(reply);
	tell(own, GO);
	harness_expect_exit(peer, 0);
	await_dead_name(deaths, own);
	destroy(notify);
	destroy(deaths);
	destroy(own);
}

/* What children must not disturb. */

static void watcher(PeerCtx *ctx)
{
	mach_port_t hub, right, once, notify = make_receive();
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	/* A right to a port of the test, and a port that the test has rights to. */
	right = take(own, GIVE);
	request_new(right, MACH_NOTIFY_DEAD_NAME, 0, notify);
	give(hub, GIVE, own, MAKE_ONCE);
	request_new(own, MACH_NOTIFY_NO_SENDERS, 0, notify);
	tell(hub, DONE);
	/* The test gives up what it has: first the right to answer, then its port, then the right. */
	await_send_once(own);
	tell(hub, DONE);
	await_dead_name(notify, right);
	tell(hub, DONE);
	await_no_senders(notify, 1);
	tell(hub, DONE);
	once = MACH_PORT_NULL;
	(void)once;
	destroy(right);
	destroy(own);
	destroy(notify);
}

static void stand(PeerCtx *ctx)
{
	peer_reach(ctx, "standing");
}

/* Children that are alive keep nothing of the parent's alive. */
STAGE(a_child_keeps_nothing_alive)
{
	mach_port_t port = make_receive(), notify = make_receive(), own, once;
	portcullis_keeper_t keeper;
	Peer *peer, *children[3];

	ASSERT_EQ(portcullis_keeper_create(port, &keeper), KERN_SUCCESS);
	peer = stage_spawn_with_port(s, "watcher", watcher, NULL, &own);
	give(own, GIVE, port, MAKE);
	once = take(s->hub, GIVE);
	hear(s->hub, DONE);
	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	for (int i = 0; i < 3; i++) {
		children[i] = peer_spawn(s->h, "child", stand, NULL);
		harness_wait(s->h, children[i], "standing");
	}
	deallocate(once);
	hear(s->hub, DONE);
	hear_nothing(notify);
	portcullis_keeper_destroy(keeper);
	destroy(port);
	await_send_once(notify);
	hear(s->hub, DONE);
	deallocate(own);
	hear(s->hub, DONE);
	harness_expect_exit(peer, 0);
	for (int i = 0; i < 3; i++) {
		harness_release(children[i]);
		harness_expect_exit(children[i], 0);
	}
	hear_nothing(notify);
	destroy(notify);
}

/* Children of every kind of end. */
static void child_exits(void *argument)
{
	(void)argument;
	exit(0);
}

static void child_uses_ports(void *argument)
{
	mach_port_t port = make_send_receive(), set = make_set(), names[3];

	(void)argument;
	ASSERT_EQ(mach_port_insert_member(SELF, port, set), KERN_SUCCESS);
	post(port, WORD);
	hear(set, WORD);
	look_up(names);
	tell(names[0], PING);
}

static void child_execs(void *argument)
{
	(void)argument;
	execlp("true", "true", (char *)NULL);
	_exit(9);
}

static void child_dies(void *argument)
{
	(void)argument;
	(void)raise(SIGKILL);
}

static void child_vanishes(void *argument)
{
	(void)argument;
}

static void many_children(Stage *s)
{
	static void (*const kinds[])(void *) = {
		child_exits, child_uses_ports, child_execs, child_dies, child_vanishes};

	for (int i = 0; i < 10; i++) {
		pid_t pid = fork_child(kinds[i % 5], NULL);
		int status;

		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		if (i % 5 == 3)
			ASSERT_TRUE(WIFSIGNALED(status));
		else
			ASSERT_EQ(status, 0);
		if (i % 5 == 1)
			hear(s->hub, PING);
	}
}

static bool is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return ASSERT_SYS(poll(&p, 1, 0)) == 1;
}

static void sender_peer(PeerCtx *ctx)
{
	mach_port_t hub, port;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	port = take(own, GIVE);
	for (int i = 0; i < 3; i++) {
		tell(port, WORD + i);
		tell(hub, DONE);
		hear(own, GO);
	}
	destroy(port);
	hear(own, GO);
	destroy(own);
}

STAGE(children_leave_queues_and_sets_as_they_were)
{
	mach_port_t port = make_send_receive(), set = make_set(), local = make_receive(), own;
	Peer *peer = stage_spawn_with_port(s, "sender", sender_peer, NULL, &own);
	int fd, fd_local;

	ASSERT_EQ(mach_port_insert_member(SELF, port, set), KERN_SUCCESS);
	give(own, GIVE, port, MAKE);
	hear(s->hub, DONE);
	fd = ASSERT_SYS(portcullis_port_fd(set));
	fd_local = ASSERT_SYS(portcullis_port_fd(local));
	ASSERT_TRUE(is_readable(fd));
	ASSERT_FALSE(is_readable(fd_local));
	many_children(s);
	ASSERT_TRUE(is_readable(fd));
	hear(set, WORD);
	ASSERT_FALSE(is_readable(fd));
	many_children(s);
	ASSERT_FALSE(is_readable(fd));
	ASSERT_FALSE(is_readable(fd_local));
	tell(own, GO);
	hear(s->hub, DONE);
	ASSERT_TRUE(is_readable(fd));
	hear(set, WORD + 1);
	post(local, WORD);
	post(port, WORD + 10);
	ASSERT_TRUE(is_readable(fd_local));
	many_children(s);
	ASSERT_TRUE(is_readable(fd_local));
	ASSERT_TRUE(is_readable(fd));
	hear(local, WORD);
	hear(set, WORD + 10);
	/* It may say once too often that there is something, but not again and again. */
	hear_nothing(local);
	hear_nothing(set);
	ASSERT_FALSE(is_readable(fd_local));
	ASSERT_FALSE(is_readable(fd));
	tell(own, GO);
	hear(s->hub, DONE);
	hear(port, WORD + 2);
	hear_nothing(set);
	tell(own, GO);
	tell(own, GO);
	harness_expect_exit(peer, 0);
	close(fd);
	close(fd_local);
	drop_set(set);
	destroy(port);
	destroy(local);
	deallocate(own);
}

STAGE(children_leave_notifications_as_they_were)
{
	mach_port_t port = make_receive(), notify = make_receive(), deaths = make_receive(), own;
	Peer *peer = stage_spawn_with_port(s, "sender", sender_peer, NULL, &own);

	give(own, GIVE, port, MAKE);
	hear(s->hub, DONE);
	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	request_new(own, MACH_NOTIFY_DEAD_NAME, 0, deaths);
	many_children(s);
	hear_nothing(notify);
	hear_nothing(deaths);
	for (int i = 0; i < 3; i++) {
		hear(port, WORD + i);
		tell(own, GO);
		if (i < 2)
			hear(s->hub, DONE);
	}
	await_no_senders(notify, 1);
	many_children(s);
	hear_nothing(deaths);
	harness_kill(peer);
	await_dead_name(deaths, own);
	destroy(port);
	destroy(notify);
	destroy(deaths);
	destroy(own);
}

STAGE(children_leave_leases_as_they_were)
{
	mach_port_t own, reply = mach_reply_port();
	Peer *peer = stage_spawn_with_port(s, "idler", idler, NULL, &own);
	mach_msg_header_t header;

	for (int i = 0; i < 3; i++) {
		call(own, reply);
		many_children(s);
		call(own, reply);
		/* And with a request that is under way. */
		harness_stop(peer);
		header = make_header(own, COPY, reply, MAKE_ONCE, PING);
		ASSERT_EQ(send_patiently(&header, sizeof(header)), MACH_MSG_SUCCESS);
		many_children(s);
		hear_nothing(reply);
		harness_continue(peer);
		hear(reply, PING + WORD);
		call(own, mig_get_reply_port());
	}
	drop_receive(reply);
	mig_dealloc_reply_port(mig_get_reply_port());
	tell(own, GO);
	harness_expect_exit(peer, 0);
	deallocate(own);
}

/* The server forks in the middle, with what its clients left with it. */
static void forking_server(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	for (;;) {
		mach_port_t reply;
		pid_t pid;

		receive_any(own, &received);
		if (received.header.msgh_id == GO)
			break;
		reply = received.header.msgh_remote_port;
		pid = fork_child(child_uses_ports, NULL);
		reap(pid, 0);
		ASSERT_EQ(send_empty(reply, MOVE_ONCE, PING + WORD), MACH_MSG_SUCCESS);
	}
	destroy(own);
}

STAGE(a_server_that_forks_keeps_its_clients)
{
	mach_port_t own, reply = mach_reply_port(), ordinary = make_receive();
	Peer *peer = stage_spawn_with_port(s, "server", forking_server, NULL, &own);

	for (int i = 0; i < 5; i++) {
		call(own, reply);
		hear(s->hub, PING);
		call(own, ordinary);
		hear(s->hub, PING);
	}
	tell(own, GO);
	harness_expect_exit(peer, 0);
	drop_receive(reply);
	destroy(ordinary);
	deallocate(own);
}

/* A thread that waits while the process forks. */
STAGE(a_thread_that_waits_goes_on_waiting)
{
	mach_port_t ports[3], set = make_set(), reply = mach_reply_port(), own;
	Peer *peer = stage_spawn_with_port(s, "idler", idler, NULL, &own);
	static Buffer buffers[4];
	static mach_msg_header_t request;
	Caller callers[4];

	for (int i = 0; i < 3; i++)
		ports[i] = make_send_receive();
	ASSERT_EQ(mach_port_insert_member(SELF, ports[2], set), KERN_SUCCESS);
	/* One in memory, one in the kernel, one in a set, one for an answer. */
	give(s->hub, GIVE, ports[1], COPY);
	give(s->hub, GIVE, ports[2], COPY);
	give(own, DONE, ports[1], COPY);
	give(own, DONE, ports[2], COPY);
	for (int i = 0; i < 2; i++)
		deallocate(take(s->hub, GIVE));
	call(own, reply);
	harness_stop(peer);
	for (int i = 0; i < 3; i++) {
		callers[i] = (Caller)CALLER_RECEIVE(&buffers[i], i == 2 ? set : ports[i]);
		caller_start_blocked(&callers[i]);
	}
	request = make_header(own, COPY, reply, MAKE_ONCE, PING);
	ASSERT_EQ(send_patiently(&request, sizeof(request)), MACH_MSG_SUCCESS);
	callers[3] = (Caller)CALLER_RECEIVE(&buffers[3], reply);
	caller_start_blocked(&callers[3]);
	many_children(s);
	for (int i = 0; i < 4; i++)
		ASSERT_FALSE(atomic_load(&callers[i].done));
	harness_continue(peer);
	for (int i = 0; i < 3; i++)
		tell(ports[i], WORD + i);
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(caller_join(&callers[i]), MACH_MSG_SUCCESS);
		ASSERT_EQ(buffers[i].header.msgh_id, i == 3 ? PING + WORD : WORD + i);
	}
	drop_set(set);
	drop_receive(reply);
	for (int i = 0; i < 3; i++)
		destroy(ports[i]);
	tell(own, GO);
	harness_expect_exit(peer, 0);
	deallocate(own);
}

/* Threads that do RPCs all the time while the process forks. */
#define N_THREADS 4

typedef struct Caller2 {
	mach_port_t server;
	atomic_bool *is_over;
	pthread_t thread;
	unsigned n;
} Caller2;

static void *calling_thread(void *argument)
{
	Caller2 *c = argument;
	mach_port_t reply = mach_reply_port(), ordinary = make_receive();

	while (!atomic_load(c->is_over)) {
		mach_port_t port = make_send_receive();

		call(c->server, reply);
		call(c->server, ordinary);
		destroy(port);
		c->n++;
	}
	drop_receive(reply);
	drop_receive(ordinary);
	return NULL;
}

static void child_calls(void *argument)
{
	mach_port_t ports[3], reply = mach_reply_port();

	(void)argument;
	look_up(ports);
	for (int i = 0; i < 3; i++)
		call(ports[1], reply);
}

STAGE(a_process_with_threads_forks)
{
	atomic_bool is_over = false;
	Caller2 threads[N_THREADS];
	mach_port_t own, registered[2];
	Peer *peer = stage_spawn_with_port(s, "server", idler, NULL, &own);

	registered[0] = s->hub;
	registered[1] = own;
	ASSERT_EQ(mach_ports_register(SELF, registered, 2), KERN_SUCCESS);
	for (int i = 0; i < N_THREADS; i++) {
		threads[i] = (Caller2){.server = own, .is_over = &is_over};
		ASSERT_OK(pthread_create(&threads[i].thread, NULL, calling_thread, &threads[i]));
	}
	for (int i = 0; i < 30; i++)
		reap(fork_child(child_calls, NULL), 0);
	atomic_store(&is_over, true);
	for (int i = 0; i < N_THREADS; i++) {
		ASSERT_OK(pthread_join(threads[i].thread, NULL));
		ASSERT_GT(threads[i].n, 0);
	}
	ASSERT_EQ(mach_ports_register(SELF, &s->hub, 1), KERN_SUCCESS);
	tell(own, GO);
	harness_expect_exit(peer, 0);
	deallocate(own);
}

/* Chains. */
static void chain(void *argument)
{
	uintptr_t left = (uintptr_t)argument;
	mach_port_t ports[3], own, reply = mach_reply_port();

	look_up(ports);
	call(ports[1], reply);
	call(bootstrap_port, reply);
	if (left == 0) {
		tell(ports[0], DONE);
		return;
	}
	/* One of the three is the child's own from here on; nobody reads from it. */
	own = make_send_receive();
	ports[2] = own;
	ASSERT_EQ(mach_ports_register(SELF, ports, 3), KERN_SUCCESS);
	reap(fork_child(chain, (void *)(left - 1)), 0);
	call(ports[1], reply);
}

STAGE(a_chain_of_children)
{
	mach_port_t own, registered[2];
	Peer *peer = stage_spawn_with_port(s, "server", idler, NULL, &own);
	pid_t pid;

	registered[0] = s->hub;
	registered[1] = own;
	ASSERT_EQ(mach_ports_register(SELF, registered, 2), KERN_SUCCESS);
	set_bootstrap(own);
	pid = fork_child(chain, (void *)(uintptr_t)20);
	hear(s->hub, DONE);
	reap(pid, 0);
	ASSERT_EQ(mach_ports_register(SELF, &s->hub, 1), KERN_SUCCESS);
	set_bootstrap(MACH_PORT_NULL);
	tell(own, GO);
	harness_expect_exit(peer, 0);
	deallocate(own);
}

STAGE(each_child_has_the_bootstrap_port_of_its_birth)
{
	mach_port_t boots[3];

	for (int i = 0; i < 3; i++) {
		mach_port_t got = MACH_PORT_NULL;

		boots[i] = make_send_receive();
		set_bootstrap(boots[i]);
		ASSERT_EQ(task_get_bootstrap_port(SELF, &got), KERN_SUCCESS);
		ASSERT_EQ(got, boots[i]);
		deallocate(got);
		reap(fork_child(bootstrap_user, NULL), 0);
		for (int k = 0; k <= i; k++) {
			if (k == i)
				hear(boots[k], BOOT);
			hear_nothing(boots[k]);
		}
	}
	set_bootstrap(MACH_PORT_NULL);
	for (int i = 0; i < 3; i++)
		destroy(boots[i]);
}

/* Registered ports that are null, dead, or die. */
static void odd_inheritor(PeerCtx *ctx)
{
	mach_port_t ports[3];

	look_up(ports);
	ASSERT_EQ(type_of(ports[0]), MACH_PORT_TYPE_SEND);
	ASSERT_EQ(ports[1], MACH_PORT_NULL);
	tell(ports[0], HELLO);
	peer_reach(ctx, "ready");
	if (MACH_PORT_VALID(ports[2])) {
		ASSERT_EQ(try_tell(ports[2], WORD), MACH_SEND_INVALID_DEST);
		ASSERT_EQ(type_of(ports[2]), MACH_PORT_TYPE_DEAD_NAME);
	}
	look_up(ports);
	ASSERT_FALSE(MACH_PORT_VALID(ports[2]));
}

STAGE(registered_ports_that_are_null_or_die)
{
	mach_port_t mortal = make_send_receive();
	Peer *peer;

	ASSERT_EQ(mach_ports_register(SELF, (mach_port_t[]){s->hub, MACH_PORT_NULL, mortal}, 3),
		KERN_SUCCESS);
	peer = stage_spawn(s, "child", odd_inheritor, NULL);
	harness_wait(s->h, peer, "ready");
	destroy(mortal);
	harness_release(peer);
	harness_expect_exit(peer, 0);
	ASSERT_EQ(mach_ports_register(SELF, &s->hub, 1), KERN_SUCCESS);
}
