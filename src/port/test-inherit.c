/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/prctl.h>

#include "port/inherit.h"
#include "port/names.h"
#include "port/probe.h"
#include "port/test-support.h"
#include "tests/lib/fault.h"

/* Runs in a fork child, where nothing that the parent has may be missed. */
#define IN_CHILD(block)                                                                            \
	do {                                                                                       \
		pid_t child_;                                                                      \
		fflush(stdout);                                                                    \
		child_ = ASSERT_SYS(fork());                                                       \
		if (child_ == 0) {                                                                 \
			block;                                                                     \
			_exit(0);                                                                  \
		}                                                                                  \
		ASSERT_CHILD_EXITS(child_, 0);                                                     \
	} while (0)

/* Takes the place of what was in the slot before. */
static int put_slot(unsigned slot, Right right)
{
	Right old = RIGHT_NULL;
	int r;

	task_lock();
	old = right_take(&task.slots[slot]);
	task.slots[slot] = right;
	r = inherit_publish();
	right_drop(&old);
	task_unlock();
	return r;
}

static Right send_right(PortName name)
{
	Right right = RIGHT_NULL;

	ASSERT_OK(LOCKED(right_copyin(name, MACH_MSG_TYPE_MAKE_SEND, &right)));
	return right;
}

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

PORT_TEST(a_child_has_the_slots_and_nothing_else)
{
	Port *port;
	PortName name = make_receive(&port);
	Ident ident;

	ASSERT_NULL(getenv(INHERIT_VARIABLE));
	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, send_right(name)));
	ASSERT_NOT_NULL(getenv(INHERIT_VARIABLE));
	ident = port->backing->ident;
	IN_CHILD({
		const Right *slot = &task.slots[TASK_SLOT_BOOTSTRAP];

		ASSERT_EQ(slot->kind, RIGHT_SEND);
		ASSERT_EQ(slot->port->state, PORT_REMOTE);
		ASSERT_TRUE(ident_equal(&slot->port->backing->ident, &ident));
		ASSERT_EQ(slot->port->name, bootstrap_port);
		ASSERT_EQ(portcheck_names(), 0);
		ASSERT_IN_ORDER();
	});
	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, RIGHT_NULL));
	ASSERT_NULL(getenv(INHERIT_VARIABLE));
	drop(name);
}

static void child_has_registered(void)
{
	IN_CHILD({ ASSERT_EQ(task.slots[TASK_SLOT_REGISTERED].kind, RIGHT_SEND); });
}

PORT_TEST(registered_ports)
{
	PortName names[TASK_REGISTERED_MAX];

	for (unsigned i = 0; i < TASK_REGISTERED_MAX; i++)
		names[i] = make_receive(NULL);
	LOCKED_DO(task.n_registered = TASK_REGISTERED_MAX);
	/* One of them may be missing. */
	ASSERT_OK(put_slot(TASK_SLOT_REGISTERED, send_right(names[0])));
	ASSERT_OK(put_slot(TASK_SLOT_REGISTERED + 2, send_right(names[2])));
	IN_CHILD({
		ASSERT_EQ(task.n_registered, TASK_REGISTERED_MAX);
		ASSERT_EQ(task.slots[TASK_SLOT_REGISTERED].kind, RIGHT_SEND);
		ASSERT_EQ(task.slots[TASK_SLOT_REGISTERED + 1].kind, RIGHT_NONE);
		ASSERT_EQ(task.slots[TASK_SLOT_REGISTERED + 2].kind, RIGHT_SEND);
		/* And so has a child of the child. */
		child_has_registered();
	});
	ASSERT_OK(put_slot(TASK_SLOT_REGISTERED, RIGHT_NULL));
	ASSERT_OK(put_slot(TASK_SLOT_REGISTERED + 2, RIGHT_NULL));
	LOCKED_DO(task.n_registered = 0);
	for (unsigned i = 0; i < TASK_REGISTERED_MAX; i++)
		drop(names[i]);
}

PORT_TEST(rights_to_others_are_passed_on)
{
	Remote remote = remote_make();

	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, remote_right(&remote)));
	IN_CHILD({ ASSERT_TRUE(ident_equal(&task.slots[0].port->backing->ident, &remote.ident)); });
	/* A dead one is as none. */
	LOCKED_DO(port_mark_dead(task.slots[0].port));
	ASSERT_OK(LOCKED(inherit_publish()));
	ASSERT_NULL(getenv(INHERIT_VARIABLE));
	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, RIGHT_NULL));
	remote_free(&remote);
}

PORT_TEST(what_cannot_be_inherited)
{
	Right right = RIGHT_NULL;

	ASSERT_OK(LOCKED(right_copyin(mach_task_self(), MACH_MSG_TYPE_COPY_SEND, &right)));
	ASSERT_EQ(put_slot(TASK_SLOT_BOOTSTRAP, right), KERN_INVALID_ARGUMENT);
	ASSERT_NULL(getenv(INHERIT_VARIABLE));
	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, RIGHT_NULL));
}

/* The variable may name anything: a number that means something else by now, or nothing. */
PORT_TEST(a_variable_that_lies)
{
	static const char *const values[] = {"", "x", "5", "5:", "5:zz", ":", "-1:0", "0:0", "1:1",
		"99999999999999999999:1", "4000:1234", "3:0000000000000000"};
	PortName name = make_receive(NULL);
	const char *value;
	char changed[64];

	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, send_right(name)));
	value = getenv(INHERIT_VARIABLE);
	ASSERT_NOT_NULL(value);
	/* The right number with a cookie that is another's. */
	snprintf(changed, sizeof(changed), "%s", value);
	changed[strlen(changed) - 1] ^= 1;
	IN_CHILD({
		for (unsigned i = 0; i <= sizeof(values) / sizeof(values[0]); i++) {
			bool last = i == sizeof(values) / sizeof(values[0]);

			LOCKED_DO(right_drop(&task.slots[0]));
			setenv(INHERIT_VARIABLE, last ? changed : values[i], 1);
			LOCKED_DO(inherit_import());
			ASSERT_EQ(task.slots[0].kind, RIGHT_NONE);
		}
		ASSERT_EQ(task.n_registered, 0);
	});
	/* And the true one. */
	snprintf(changed, sizeof(changed), "%s", value);
	IN_CHILD({
		LOCKED_DO(right_drop(&task.slots[0]));
		setenv(INHERIT_VARIABLE, changed, 1);
		LOCKED_DO(inherit_import());
		ASSERT_EQ(task.slots[0].kind, RIGHT_SEND);
	});
	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, RIGHT_NULL));
	drop(name);
}

/* Descriptors of the block that a program in between has closed, or put others in their place. */
PORT_TEST(a_block_with_holes)
{
	PortName name = make_receive(NULL);

	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, send_right(name)));
	for (unsigned which = 0; which < 3; which++) {
		IN_CHILD({
			for (int fd = 200; fd < 1000; fd++) {
				ProbeKind kind = probe_kind(fd);

				if (which == 0 && kind == PROBE_ADDR)
					close(fd);
				if (which == 1 && kind == PROBE_PIPE_W)
					close(fd);
				if (which == 2 && kind == PROBE_ADDR)
					dup2(STDIN_FILENO, fd);
			}
			LOCKED_DO(right_drop(&task.slots[0]));
			LOCKED_DO(inherit_import());
			ASSERT_EQ(task.slots[0].kind, RIGHT_NONE);
		});
	}
	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, RIGHT_NULL));
	drop(name);
}

/* Both descriptors are closed once: a second close would be somebody else's, and is an abort. */
PORT_TEST(a_right_that_was_renewed_since)
{
	IN_CHILD({
		Port *port;
		PortName name = make_receive(&port);

		ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, send_right(name)));
		ASSERT_OK(LOCKED(backing_renew(port->backing)));
		LOCKED_DO(right_drop(&task.slots[TASK_SLOT_BOOTSTRAP]));
		LOCKED_DO(inherit_import());
		ASSERT_TRUE(reaper_wait(WAIT_MS));
		ASSERT_EQ(task.slots[TASK_SLOT_BOOTSTRAP].kind, RIGHT_NONE);
		drop(name);
	});
}

/* Whatever is missing: it is published or not, and nothing is left over. */
static void publish_or_not(void *arg)
{
	PortName name;
	int r;

	fault_pause();
	name = make_receive(NULL);
	fault_resume();
	r = put_slot(TASK_SLOT_BOOTSTRAP, send_right(name));
	fault_pause();
	ASSERT_TRUE(r == 0 || r == KERN_RESOURCE_SHORTAGE);
	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, RIGHT_NULL));
	ASSERT_NULL(getenv(INHERIT_VARIABLE));
	drop(name);
	fault_resume();
	(void)arg;
}

PORT_TEST(publishing_fails)
{
	ASSERT_GE(fault_run_all(FAULT_PIPE, publish_or_not, NULL), 1);
	ASSERT_GE(fault_run_all(FAULT_MEMFD, publish_or_not, NULL), 1);
	ASSERT_GE(fault_run_all(FAULT_SOCKET, publish_or_not, NULL), 1);
	ASSERT_GE(fault_run_all(FAULT_MALLOC, publish_or_not, NULL), 1);
}

/* Of another process: one that has what this one has, and then something else. */

typedef struct Other {
	pid_t pid;
	int go; /* it waits for a byte, or the end */
	PidRef ref;
} Other;

static Other other_start(void (*run)(void))
{
	Other o = {.ref = PIDREF_NULL};
	int to[2], from[2];
	char byte;

	ASSERT_SYS(pipe2(to, O_CLOEXEC));
	ASSERT_SYS(pipe2(from, O_CLOEXEC));
	fflush(stdout);
	o.pid = ASSERT_SYS(fork());
	if (o.pid == 0) {
		close(to[1]);
		if (run)
			run();
		ASSERT_EQ(write(from[1], "x", 1), 1);
		(void)!read(to[0], &byte, 1);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	ASSERT_EQ(read(from[0], &byte, 1), 1);
	close(from[0]);
	o.go = to[1];
	ASSERT_OK(pidref_set_pid(&o.ref, o.pid));
	return o;
}

static void other_end(Other *o)
{
	close(o->go);
	ASSERT_CHILD_EXITS(o->pid, 0);
	pidref_done(&o->ref);
}

static void take_another(void)
{
	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, send_right(make_receive(NULL))));
}

static void have_none(void)
{
	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, RIGHT_NULL));
}

/* As a program does that knows of no ports and closes what it does not know. */
static void lose_address(void)
{
	for (int fd = 200; fd < 1000; fd++) {
		if (probe_kind(fd) == PROBE_ADDR)
			close(fd);
	}
}

PORT_TEST(the_port_of_another_process)
{
	PortName name = make_receive(NULL), found = 0;
	Other o;

	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, send_right(name)));
	/* The very port. */
	o = other_start(NULL);
	ASSERT_OK(inherit_dup_bootstrap(&o.ref, &found));
	ASSERT_EQ(found, name);
	ASSERT_OK(mach_port_deallocate(mach_task_self(), found));
	other_end(&o);
	ASSERT_EQ(inherit_dup_bootstrap(&o.ref, &found), KERN_TERMINATED);
	/* What it has taken since. */
	o = other_start(take_another);
	ASSERT_OK(inherit_dup_bootstrap(&o.ref, &found));
	ASSERT_NE(found, name);
	drop(found);
	other_end(&o);
	o = other_start(have_none);
	ASSERT_EQ(inherit_dup_bootstrap(&o.ref, &found), KERN_FAILURE);
	other_end(&o);
	o = other_start(lose_address);
	ASSERT_EQ(inherit_dup_bootstrap(&o.ref, &found), KERN_FAILURE);
	other_end(&o);
	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, RIGHT_NULL));
	drop(name);
}

static void become_undumpable(void)
{
	ASSERT_SYS(prctl(PR_SET_DUMPABLE, 0));
}

/* Who could not debug it gets nothing. */
PORT_TEST(the_port_of_a_protected_process)
{
	PortName name = make_receive(NULL);
	Other o;

	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, send_right(name)));
	o = other_start(become_undumpable);
	IN_CHILD({
		PortName found;

		if (geteuid() == 0)
			ASSERT_SYS(setresuid(65534, 65534, 65534));
		ASSERT_EQ(inherit_dup_bootstrap(&o.ref, &found), KERN_NO_ACCESS);
	});
	other_end(&o);
	ASSERT_OK(put_slot(TASK_SLOT_BOOTSTRAP, RIGHT_NULL));
	drop(name);
}
