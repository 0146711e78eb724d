/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Task ports on their way: to other processes and home again, from one holder to the next, from one
 * flavour to a lesser one; and their end.
 */
#include <mach_debug/ipc_info.h>

#include "tests/task/task.h"

enum { GIVE = 1, GO, DONE, ASK };

static const struct {
	int which;
	natural_t kind;
} flavors[] = {
	{TASK_KERNEL_PORT, IPC_OTYPE_TASK_CONTROL},
	{TASK_READ_PORT, IPC_OTYPE_TASK_READ},
	{TASK_INSPECT_PORT, IPC_OTYPE_TASK_INSPECT},
	{TASK_NAME_PORT, IPC_OTYPE_TASK_NAME},
};
#define N_FLAVORS 4

static volatile uint64_t treasure = UINT64_C(0x1122334455667788);

static uint64_t peek(mach_port_t task_port, const volatile void *where)
{
	TaskRef ref = {.port = NULL};
	uint64_t value = 0;

	ASSERT_OK(task_ref_get(task_port, TASK_IS_READ, &ref));
	ASSERT_EQ(pread(ref.mem, &value, sizeof(value), (off_t)(uintptr_t)where),
		(ssize_t)sizeof(value));
	task_ref_done(&ref);
	return value;
}

static void holder(PeerCtx *ctx)
{
	mach_port_t names[N_FLAVORS], hub;
	mach_port_t own = task_peer_begin(ctx, &hub);

	for (unsigned i = 0; i < N_FLAVORS; i++) {
		names[i] = take(own, GIVE);
		ASSERT_EQ(type_of(names[i]), MACH_PORT_TYPE_SEND);
		ASSERT_EQ(kind_of(names[i]), flavors[i].kind);
		ASSERT_EQ(pid_of(names[i]), getppid());
		ASSERT_FALSE(mach_task_is_self(names[i]));
		for (unsigned j = 0; j < i; j++)
			ASSERT_NE(names[i], names[j]);
	}
	/* A second arrival is the same right. */
	for (unsigned i = 0; i < N_FLAVORS; i++) {
		ASSERT_EQ(take(own, GIVE), names[i]);
		ASSERT_EQ(send_refs(names[i]), 2);
	}
	ASSERT_EQ(peek(names[0], &treasure), treasure + 1);
	ASSERT_EQ(peek(names[1], &treasure), treasure + 1);
	for (unsigned i = 0; i < N_FLAVORS; i++) {
		give(hub, GIVE, names[i], COPY);
		drop_refs(names[i], MACH_PORT_RIGHT_SEND, 2);
	}
	destroy(own);
	deallocate(hub);
}

STAGE(every_flavor_goes_out_and_comes_home)
{
	mach_port_t names[N_FLAVORS], own;
	Peer *peer = stage_spawn_with_port(s, "holder", holder, NULL, &own);

	treasure++;
	for (unsigned i = 0; i < N_FLAVORS; i++)
		names[i] = own_flavor(flavors[i].which);
	ASSERT_EQ(names[0], SELF);
	for (unsigned i = 0; i < 2 * N_FLAVORS; i++)
		give(own, GIVE, names[i % N_FLAVORS], COPY);
	for (unsigned i = 0; i < N_FLAVORS; i++) {
		ASSERT_EQ(take(s->hub, GIVE), names[i]);
		ASSERT_TRUE(mach_task_is_self(names[i]));
	}
	harness_expect_exit(peer, 0);
	treasure--;
	for (unsigned i = 1; i < N_FLAVORS; i++)
		drop_refs(names[i], MACH_PORT_RIGHT_SEND, 2);
	drop_refs(SELF, MACH_PORT_RIGHT_SEND, 2);
	deallocate(own);
}

/* A process that gives what it is asked for. */
static void target(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = task_peer_begin(ctx, &hub);
	Buffer buffer;

	for (;;) {
		receive_any(own, &buffer);
		if (buffer.header.msgh_id == DONE)
			break;
		give(hub, GIVE, own_flavor(buffer.header.msgh_id - ASK), MOVE);
	}
	destroy(own);
	deallocate(hub);
}

static mach_port_t ask(Stage *s, mach_port_t own, int which)
{
	tell(own, ASK + which);
	return take(s->hub, GIVE);
}

static mach_port_t special(mach_port_t from, int which, kern_return_t expected)
{
	mach_port_t port = MACH_PORT_NULL;

	ASSERT_EQ(task_get_special_port(from, which, &port), expected);
	return port;
}

STAGE(flavors_only_go_down)
{
	mach_port_t own, got[N_FLAVORS];
	Peer *peer = stage_spawn_with_port(s, "target", target, NULL, &own);

	/* What is derived here is what the target gives. */
	for (unsigned i = 0; i < N_FLAVORS; i++)
		got[i] = ask(s, own, flavors[i].which);
	for (unsigned from = 0; from + 1 < N_FLAVORS; from++) {
		for (unsigned to = 0; to < N_FLAVORS; to++) {
			bool up = to < from;
			mach_port_t port = special(got[from], flavors[to].which,
				up ? KERN_INVALID_CAPABILITY : KERN_SUCCESS);

			ASSERT_EQ(port, up ? MACH_PORT_NULL : got[to]);
			if (!up)
				deallocate(port);
		}
		special(got[from], 77, KERN_INVALID_ARGUMENT);
	}
	for (unsigned i = 0; i < N_FLAVORS; i++)
		special(got[3], flavors[i].which, KERN_INVALID_CAPABILITY);
	for (unsigned i = 1; i < N_FLAVORS; i++)
		ASSERT_EQ(task_set_special_port(got[i], TASK_BOOTSTRAP_PORT, s->hub),
			KERN_INVALID_CAPABILITY);
	special(got[1], TASK_BOOTSTRAP_PORT, KERN_INVALID_CAPABILITY);
	special(got[1], TASK_HOST_PORT, KERN_INVALID_CAPABILITY);
	forget_reply_port();
	for (unsigned i = 0; i < N_FLAVORS; i++)
		deallocate(got[i]);
	tell(own, DONE);
	harness_expect_exit(peer, 0);
	deallocate(own);
}

STAGE(derived_ports_come_home)
{
	mach_port_t own, read, inspect;
	Peer *peer = stage_spawn_with_port(s, "target", target, NULL, &own);

	read = ask(s, own, TASK_READ_PORT);
	inspect = special(read, TASK_INSPECT_PORT, KERN_SUCCESS);
	deallocate(read);
	ASSERT_EQ(ask(s, own, TASK_INSPECT_PORT), inspect);
	ASSERT_EQ(send_refs(inspect), 2);
	drop_refs(inspect, MACH_PORT_RIGHT_SEND, 2);
	tell(own, DONE);
	harness_expect_exit(peer, 0);
	deallocate(own);
}

STAGE(a_control_port_reaches_the_special_ports)
{
	mach_port_t own, control, port;
	mach_port_array_t ports = NULL;
	mach_msg_type_number_t n = 0;
	Peer *peer = stage_spawn_with_port(s, "target", target, NULL, &own);

	control = ask(s, own, TASK_KERNEL_PORT);
	special(control, TASK_DEBUG_CONTROL_PORT, KERN_SUCCESS);
	ASSERT_EQ(task_set_special_port(control, TASK_DEBUG_CONTROL_PORT, s->hub), KERN_SUCCESS);
	port = special(control, TASK_DEBUG_CONTROL_PORT, KERN_SUCCESS);
	ASSERT_EQ(port, s->hub);
	ASSERT_EQ(task_set_special_port(control, TASK_ACCESS_PORT, s->hub), KERN_SUCCESS);
	ASSERT_EQ(task_set_special_port(control, TASK_ACCESS_PORT, s->hub), KERN_NO_ACCESS);
	ASSERT_EQ(task_set_special_port(control, TASK_KERNEL_PORT, s->hub), KERN_NO_ACCESS);
	ASSERT_EQ(task_set_special_port(control, 77, s->hub), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_ports_lookup(control, &ports, &n), KERN_SUCCESS);
	ASSERT_EQ(n, TASK_PORT_REGISTER_MAX);
	ASSERT_EQ(ports[0], s->hub);
	ASSERT_EQ(ports[1], MACH_PORT_NULL);
	ASSERT_EQ(mach_ports_register(control, ports, 0), KERN_SUCCESS);
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)ports, n * sizeof(*ports)), KERN_SUCCESS);
	drop_refs(s->hub, MACH_PORT_RIGHT_SEND, 2);
	deallocate(control);
	tell(own, DONE);
	harness_expect_exit(peer, 0);
	deallocate(own);
	forget_reply_port();
}

/* Children would have our memory among their descriptors, and so would whatever they run. */
TEST(task_ports_are_not_inherited)
{
	mach_port_array_t ports = NULL;
	mach_msg_type_number_t n = 0;

	for (unsigned i = 0; i < N_FLAVORS; i++) {
		mach_port_t port = own_flavor(flavors[i].which);

		ASSERT_EQ(mach_ports_register(SELF, &port, 1), KERN_INVALID_ARGUMENT);
		ASSERT_EQ(task_set_special_port(SELF, TASK_BOOTSTRAP_PORT, port),
			KERN_INVALID_ARGUMENT);
		deallocate(port);
	}
	ASSERT_EQ(mach_ports_lookup(SELF, &ports, &n), KERN_SUCCESS);
	ASSERT_EQ(ports[0], MACH_PORT_NULL);
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)ports, n * sizeof(*ports)), KERN_SUCCESS);
}

/* It ends, or becomes another program. */
static void mortal(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = task_peer_begin(ctx, &hub);
	char *argv[] = {(char *)"sleep", (char *)"1000", NULL};

	for (unsigned i = 0; i < N_FLAVORS; i++)
		give(hub, GIVE, own_flavor(flavors[i].which), MOVE);
	peer_send_u64(ctx, 1);
	hear(own, GO);
	execvp(argv[0], argv);
	FAIL("no sleep");
}

static void take_and_watch(Stage *s, mach_port_t names[N_FLAVORS])
{
	for (unsigned i = 0; i < N_FLAVORS; i++) {
		names[i] = take(s->hub, GIVE);
		request_new(names[i], MACH_NOTIFY_DEAD_NAME, 0, s->hub);
	}
}

static void expect_dead(Stage *s, mach_port_t names[N_FLAVORS])
{
	TaskRef ref;

	for (unsigned i = 0; i < N_FLAVORS; i++) {
		Buffer buffer;
		unsigned name;

		receive_id(s->hub, MACH_NOTIFY_DEAD_NAME, &buffer);
		name = ((mach_dead_name_notification_t *)(void *)&buffer)->not_port;
		for (unsigned k = 0; k < N_FLAVORS; k++) {
			if (names[k] != name)
				continue;
			ASSERT_EQ(type_of(name), MACH_PORT_TYPE_DEAD_NAME);
			ASSERT_EQ(task_ref_get(name, TASK_IS_NAME, &ref), MACH_SEND_INVALID_DEST);
			special(name, TASK_NAME_PORT, MACH_SEND_INVALID_DEST);
			deallocate(name);
			deallocate(name);
		}
	}
}

STAGE(the_end_of_the_target_is_told)
{
	mach_port_t own, names[N_FLAVORS];
	Peer *peer = stage_spawn_with_port(s, "mortal", mortal, NULL, &own);

	take_and_watch(s, names);
	harness_kill(peer);
	expect_dead(s, names);
	deallocate(own);
}

STAGE(the_exec_of_the_target_is_told)
{
	mach_port_t own, names[N_FLAVORS];
	Peer *peer = stage_spawn_with_port(s, "mortal", mortal, NULL, &own);

	take_and_watch(s, names);
	tell(own, GO);
	expect_dead(s, names);
	harness_kill(peer);
	deallocate(own);
}

/* Without a request it is found out by whoever asks. */
STAGE(a_dead_target_is_found_out)
{
	mach_port_t own, names[N_FLAVORS];
	Peer *peer = stage_spawn_with_port(s, "mortal", mortal, NULL, &own);
	TaskRef ref = {.port = NULL};

	for (unsigned i = 0; i < N_FLAVORS; i++)
		names[i] = take(s->hub, GIVE);
	harness_kill(peer);
	for (unsigned i = 0; i < N_FLAVORS; i++) {
		ASSERT_OK(task_ref_get(names[i], TASK_IS_NAME, &ref));
		ASSERT_TRUE(task_ref_is_dead(&ref));
		task_ref_done(&ref);
		ASSERT_EQ(type_of(names[i]), MACH_PORT_TYPE_DEAD_NAME);
		deallocate(names[i]);
	}
	deallocate(own);
}

/* A dead task's port that is still on its way. */
STAGE(the_port_of_a_dead_task_is_a_dead_name)
{
	mach_port_t own;
	Peer *peer = stage_spawn_with_port(s, "mortal", mortal, NULL, &own);

	ASSERT_EQ(harness_recv_u64(peer), 1);
	harness_kill(peer);
	for (unsigned i = 0; i < N_FLAVORS; i++)
		ASSERT_EQ(take(s->hub, GIVE), MACH_PORT_DEAD);
	deallocate(own);
}

static void courier(PeerCtx *ctx)
{
	mach_port_t hub, port;
	mach_port_t own = task_peer_begin(ctx, &hub);

	port = take(own, GIVE);
	give(hub, GIVE, port, MOVE);
	destroy(own);
	deallocate(hub);
}

STAGE(a_holder_passes_it_on)
{
	mach_port_t own, courier_port, control, other;
	Peer *peer = stage_spawn_with_port(s, "target", target, NULL, &own);
	Peer *second = stage_spawn_with_port(s, "courier", courier, NULL, &courier_port);

	control = ask(s, own, TASK_KERNEL_PORT);
	give(courier_port, GIVE, control, COPY);
	ASSERT_EQ(take(s->hub, GIVE), control);
	harness_expect_exit(second, 0);
	other = special(control, TASK_READ_PORT, KERN_SUCCESS);
	ASSERT_EQ(pid_of(other), peer_pid(peer));
	deallocate(other);
	drop_refs(control, MACH_PORT_RIGHT_SEND, 2);
	tell(own, DONE);
	harness_expect_exit(peer, 0);
	deallocate(own);
	deallocate(courier_port);
	forget_reply_port();
}

/* A child is another task, and has nothing of its parent's. */
TEST(fork_child_is_another_task)
{
	mach_port_t read = own_flavor(TASK_READ_PORT);
	pid_t pid;

	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		mach_port_t mine = own_flavor(TASK_READ_PORT);

		ASSERT_EQ(pid_of(mine), getpid());
		ASSERT_EQ(pid_of(SELF), getpid());
		ASSERT_EQ(type_of(mine), MACH_PORT_TYPE_SEND);
		deallocate(mine);
		_exit(0);
	}
	ASSERT_CHILD_EXITS(pid, 0);
	ASSERT_EQ(pid_of(read), getpid());
	deallocate(read);
}
