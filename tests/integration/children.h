/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of children, with and without exec: what both kinds need. */
#pragma once

#include "tests/integration/integration.h"

enum { GIVE = 1, GO, DONE, PING, BOOT = 100, WORD = 1000 };

static Buffer received;

/* For LeakSanitizer: in a fork child nobody has the stacks of the parent's other threads any more, and
 * what they alone knew of is no leak. */
__attribute__((__visibility__("default"))) int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
	return getpid() != unit_state.pid;
}

__attribute__((__unused__)) static void set_bootstrap(mach_port_t port)
{
	ASSERT_EQ(task_set_bootstrap_port(SELF, port), KERN_SUCCESS);
}

/* The registered ports, looked up as a program does it. */
__attribute__((__unused__)) static void look_up(mach_port_t ports[3])
{
	mach_port_array_t array = NULL;
	mach_msg_type_number_t n = 0;

	ASSERT_EQ(mach_ports_lookup(SELF, &array, &n), KERN_SUCCESS);
	ASSERT_EQ(n, 3);
	memcpy(ports, array, 3 * sizeof(*ports));
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)array, n * sizeof(*array)), KERN_SUCCESS);
}

/* Ends a child that the harness does not know. */
__attribute__((__unused__)) static void reap(pid_t pid, int status)
{
	ASSERT_CHILD_EXITS(pid, status);
}

/* A child of the plain kind: no peer, no harness. Runs fn and exits with 0. */
__attribute__((__unused__)) static pid_t fork_child(void (*fn)(void *argument), void *argument)
{
	pid_t pid;

	fflush(stdout);
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		fn(argument);
		_exit(0);
	}
	return pid;
}

/* Uses the bootstrap port that it was given, and is without one then. */
__attribute__((__unused__)) static void bootstrap_user(void *argument)
{
	(void)argument;
	tell(bootstrap_port, BOOT);
	set_bootstrap(MACH_PORT_NULL);
}
