/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TESTS_TASK_H
#define PORTCULLIS_TESTS_TASK_H

/*
 * What the tests of task ports share: processes as in the integration tests, and a look behind the
 * names, at the descriptors of a bundle. They are linked with the inside of libmach.
 */
#include "tests/integration/integration.h"

#include "port/backing.h"
#include "port/port.h"
#include "port/task.h"
#include "task/bundle.h"
#include "task/own.h"
#include "task/taskref.h"

/* What is opened once when a task port first leaves: so that it is no leak later. */
unused_ static void make_familiar_with_tasks(void)
{
	int fds[KOBJECT_MAX_FDS];
	Right right = {.kind = RIGHT_NONE};
	unsigned n = 0;
	int r;

	task_lock();
	r = own_port(TASK_IS_CONTROL, &right);
	if (!r)
		r = own_open(right.port, fds, &n);
	if (!r)
		r = backing_make(right.port->kobject->companion.port);
	right_drop(&right);
	task_unlock();
	ASSERT_OK(r);
	while (n > 0)
		close(fds[--n]);
}

__attribute__((__constructor__, __unused__)) static void task_test_warm_up(void)
{
	make_familiar_with_tasks();
}

/* As peer_begin() and peer_begin_with_port(). */
unused_ static mach_port_t task_peer_begin(PeerCtx *ctx, mach_port_t *ret_hub)
{
	make_familiar_with_tasks();
	return peer_begin_with_port(ctx, ret_hub);
}

/* The port that agents answered at is this thread's for as long as it lives. */
unused_ static void forget_reply_port(void)
{
	mig_dealloc_reply_port(mig_get_reply_port());
}

/* This process's port of a flavour: one reference. */
unused_ static mach_port_t own_flavor(int which)
{
	mach_port_t port = MACH_PORT_NULL;

	ASSERT_EQ(task_get_special_port(SELF, which, &port), KERN_SUCCESS);
	return port;
}

unused_ static natural_t kind_of(mach_port_t name)
{
	mach_vm_address_t address;
	natural_t kind = 0;

	ASSERT_EQ(mach_port_kobject(SELF, name, &kind, &address), KERN_SUCCESS);
	return kind;
}

unused_ static pid_t pid_of(mach_port_t name)
{
	TaskRef ref = {.port = NULL};
	pid_t pid = 0;

	ASSERT_OK(task_ref_get(name, TASK_IS_NAME, &ref));
	ASSERT_OK(task_ref_pid(&ref, &pid));
	task_ref_done(&ref);
	return pid;
}

#endif
