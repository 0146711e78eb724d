/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Task ports that are found by name: registered with a bootstrap server, which holds them as it holds
 * any right, and looked up by whoever may. Runs as the command of a session.
 */
#include <mach/mach.h>
#include <mach_debug/ipc_info.h>
#include <poll.h>
#include <servers/bootstrap.h>

#include "task/taskref.h"
#include "tests/lib/portcheck.h"
#include "tests/lib/unit.h"

#define SELF mach_task_self()
#define PATIENCE_MS 20000

static volatile uint64_t treasure = UINT64_C(0x77);

/* What the library opens once and keeps, is open after this. */
__attribute__((__constructor__)) static void warm_up(void)
{
	char name[BOOTSTRAP_MAX_NAME_LEN] = "org.example.warm";
	mach_port_t port = MACH_PORT_NULL;

	portcheck_warm_up();
	if (task_get_special_port(SELF, TASK_READ_PORT, &port) == KERN_SUCCESS &&
		bootstrap_register(bootstrap_port, name, port) == BOOTSTRAP_SUCCESS)
		(void)bootstrap_register(bootstrap_port, name, MACH_PORT_NULL);
	(void)mach_port_deallocate(SELF, port);
	(void)portcheck_fds();
}

static mach_port_t own_flavor(int which)
{
	mach_port_t port = MACH_PORT_NULL;

	ASSERT_EQ(task_get_special_port(SELF, which, &port), KERN_SUCCESS);
	return port;
}

static mach_port_t find(const char *name)
{
	mach_port_t port = MACH_PORT_NULL;

	ASSERT_EQ(bootstrap_look_up(bootstrap_port, name, &port), BOOTSTRAP_SUCCESS);
	return port;
}

TEST(a_read_port_is_found_by_its_name)
{
	char name[BOOTSTRAP_MAX_NAME_LEN] = "org.example.host.read";
	mach_port_t read = own_flavor(TASK_READ_PORT);
	uint64_t before = treasure;
	pid_t child;

	ASSERT_EQ(bootstrap_register(bootstrap_port, name, read), BOOTSTRAP_SUCCESS);
	ASSERT_EQ(find(name), read);
	treasure = 0x1234567;
	child = ASSERT_SYS(fork());
	if (child == 0) {
		mach_port_t port = find(name);
		TaskRef ref = {.port = NULL};
		uint64_t word = 0;

		mach_vm_address_t address;
		natural_t kind = 0;
		int pid = 0;

		ASSERT_EQ(mach_port_kobject(SELF, port, &kind, &address), KERN_SUCCESS);
		ASSERT_EQ(kind, IPC_OTYPE_TASK_READ);
		ASSERT_EQ(pid_for_task(port, &pid), KERN_SUCCESS);
		ASSERT_EQ(pid, getppid());
		ASSERT_OK(task_ref_get(port, TASK_IS_READ, &ref));
		ASSERT_EQ(pread(ref.mem, &word, sizeof(word), (off_t)(uintptr_t)&treasure),
			(ssize_t)sizeof(word));
		ASSERT_EQ(word, 0x1234567);
		_exit(0);
	}
	ASSERT_CHILD_EXITS(child, 0);
	treasure = before;
	ASSERT_EQ(bootstrap_register(bootstrap_port, name, MACH_PORT_NULL), BOOTSTRAP_SUCCESS);
	ASSERT_EQ(mach_port_mod_refs(SELF, read, MACH_PORT_RIGHT_SEND, -2), KERN_SUCCESS);
	ASSERT_GE(portcheck_fds(), 0);
}

static bool is_unknown(const char *name)
{
	mach_port_t port = MACH_PORT_NULL;

	if (bootstrap_look_up(bootstrap_port, name, &port) == BOOTSTRAP_UNKNOWN_SERVICE)
		return true;
	if (MACH_PORT_VALID(port))
		ASSERT_EQ(mach_port_deallocate(SELF, port), KERN_SUCCESS);
	return false;
}

/* What a server holds of a task that is gone is a dead name. */
TEST(a_dead_task_is_not_found)
{
	char name[BOOTSTRAP_MAX_NAME_LEN] = "org.example.gone.name";
	pid_t child = ASSERT_SYS(fork());

	if (child == 0) {
		ASSERT_EQ(bootstrap_register(bootstrap_port, name, own_flavor(TASK_NAME_PORT)),
			BOOTSTRAP_SUCCESS);
		_exit(0);
	}
	ASSERT_CHILD_EXITS(child, 0);
	for (unsigned i = 0; !is_unknown(name); i++) {
		ASSERT_LT(i, PATIENCE_MS);
		(void)poll(NULL, 0, 1);
	}
	ASSERT_GE(portcheck_fds(), 0);
}
