/* SPDX-License-Identifier: Apache-2.0 */
#include <mach/mach.h>
#include <mach/notify.h>
#include <mach/semaphore.h>
#include <mach_debug/ipc_info.h>
#include <sys/fileport.h>

#include "port/names.h"
#include "port/test-support.h"
#include "tests/lib/fault.h"

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

static void deallocate(void *address, size_t size)
{
	if (size > 0)
		ASSERT_EQ(vm_deallocate(mach_task_self(), (vm_address_t)address, size), 0);
}

/* The type of a name in the list of all; 0: it is not in it. */
static mach_port_type_t listed_type(PortName name)
{
	mach_port_name_array_t names = NULL;
	mach_port_type_array_t types = NULL;
	mach_msg_type_number_t n = 0, n_types = 0;
	mach_port_type_t type = 0;

	ASSERT_EQ(mach_port_names(mach_task_self(), &names, &n, &types, &n_types), 0);
	ASSERT_EQ(n, n_types);
	ASSERT_EQ(n, portcheck_names() + 2);
	for (unsigned i = 0; i < n; i++)
		if (names[i] == name)
			type = types[i];
	deallocate(names, n * sizeof(*names));
	deallocate(types, n * sizeof(*types));
	return type;
}

PORT_TEST(names_and_types)
{
	mach_port_t self = mach_task_self(), previous;
	PortName name = make_receive(NULL), set, dead;
	unsigned total = 9, used = 9;

	ASSERT_EQ(mach_port_allocate(self, MACH_PORT_RIGHT_PORT_SET, &set), 0);
	ASSERT_EQ(mach_port_allocate(self, MACH_PORT_RIGHT_DEAD_NAME, &dead), 0);
	add_send(name, 1);
	ASSERT_EQ(listed_type(name), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(listed_type(set), MACH_PORT_TYPE_PORT_SET);
	ASSERT_EQ(listed_type(dead), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(listed_type(0x7654303), 0);
	ASSERT_EQ(mach_port_dnrequest_info(self, name, &total, &used), 0);
	ASSERT_EQ(total, 0);
	ASSERT_EQ(mach_port_request_notification(self, name, MACH_NOTIFY_DEAD_NAME, 0, name,
			  MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		0);
	ASSERT_EQ(mach_port_dnrequest_info(self, name, &total, &used), 0);
	ASSERT_EQ(total, 1);
	ASSERT_EQ(used, 1);
	ASSERT_EQ(listed_type(name), MACH_PORT_TYPE_SEND_RECEIVE | MACH_PORT_TYPE_DNREQUEST);
	ASSERT_EQ(mach_port_dnrequest_info(self, set, &total, &used), KERN_INVALID_RIGHT);
	ASSERT_EQ(mach_port_dnrequest_info(self, 0x7654303, &total, &used), KERN_INVALID_NAME);
	ASSERT_EQ(mach_port_dnrequest_info(self, 0, &total, &used), KERN_INVALID_NAME);
	drop(name);
	drop(set);
	drop(dead);
}

/* A remote port that died is found out by looking. */
PORT_TEST(looking_finds_the_dead)
{
	Remote remote = remote_make();
	PortName name = remote_name(&remote);

	ASSERT_EQ(listed_type(name), MACH_PORT_TYPE_SEND);
	LOCKED_DO(port_mark_dead(space_find(name)->port));
	ASSERT_EQ(listed_type(name), MACH_PORT_TYPE_DEAD_NAME);
	drop(name);
	remote_free(&remote);
}

PORT_TEST(the_whole_space)
{
	mach_port_t self = mach_task_self();
	PortName name = make_receive(NULL), once = make_once(name);
	ipc_info_space_t space;
	ipc_info_space_basic_t basic;
	ipc_info_name_array_t table = NULL;
	ipc_info_tree_name_array_t tree = NULL;
	mach_msg_type_number_t n = 0, n_tree = 9;
	natural_t object_of_name = 0, object_of_once = 1;

	add_send(name, 2);
	ASSERT_EQ(mach_port_space_info(self, &space, &table, &n, &tree, &n_tree), 0);
	ASSERT_EQ(mach_port_space_basic_info(self, &basic), 0);
	ASSERT_EQ(basic.iisb_table_inuse, n);
	ASSERT_EQ(basic.iisb_table_size, space.iis_table_size);
	ASSERT_NULL(tree);
	ASSERT_EQ(n_tree, 0);
	for (unsigned i = 0; i < n; i++) {
		if (table[i].iin_name == name) {
			ASSERT_EQ(table[i].iin_type, MACH_PORT_TYPE_SEND_RECEIVE);
			ASSERT_EQ(table[i].iin_urefs, 2);
			object_of_name = table[i].iin_object;
		}
		if (table[i].iin_name == once)
			object_of_once = table[i].iin_object;
	}
	/* The same port. */
	ASSERT_EQ(object_of_once, object_of_name);
	deallocate(table, n * sizeof(*table));
	drop(once);
	drop(name);
}

static void names_or_not(void *arg)
{
	mach_port_name_array_t names = NULL;
	mach_port_type_array_t types = NULL;
	mach_msg_type_number_t n = 99, n_types = 99;
	int r;

	r = mach_port_names(mach_task_self(), &names, &n, &types, &n_types);
	if (r) {
		ASSERT_EQ(r, KERN_RESOURCE_SHORTAGE);
		ASSERT_NULL(names);
		ASSERT_NULL(types);
		ASSERT_EQ(n, 99);
		++*(unsigned *)arg;
	} else {
		deallocate(names, n * sizeof(*names));
		deallocate(types, n * sizeof(*types));
	}
}

static void table_or_not(void *arg)
{
	ipc_info_space_t space;
	ipc_info_name_array_t table = NULL;
	ipc_info_tree_name_array_t tree = NULL;
	mach_msg_type_number_t n = 99, n_tree = 99;
	int r;

	r = mach_port_space_info(mach_task_self(), &space, &table, &n, &tree, &n_tree);
	if (r) {
		ASSERT_EQ(r, KERN_RESOURCE_SHORTAGE);
		ASSERT_NULL(table);
		ASSERT_EQ(n, 99);
		++*(unsigned *)arg;
	} else {
		deallocate(table, n * sizeof(*table));
	}
}

PORT_TEST(without_memory)
{
	unsigned n_refused = 0;

	ASSERT_GE(fault_run_all(FAULT_MMAP, names_or_not, &n_refused), 2);
	ASSERT_EQ(n_refused, 2);
	ASSERT_GE(fault_run_all(FAULT_MMAP, table_or_not, &n_refused), 1);
	ASSERT_EQ(n_refused, 3);
}

static void check_object(PortName name, natural_t type, const char *description)
{
	mach_port_t self = mach_task_self();
	kobject_description_t text;
	natural_t found = 99;
	mach_vm_address_t address = 99;
	unsigned narrow = 99;

	memset(text, 'x', sizeof(text));
	ASSERT_EQ(mach_port_kobject_description(self, name, &found, &address, text), 0);
	ASSERT_EQ(found, type);
	ASSERT_EQ(address, 0);
	ASSERT_STREQ(text, description);
	found = 99;
	ASSERT_EQ(mach_port_kobject(self, name, &found, &address), 0);
	ASSERT_EQ(found, type);
	found = 99;
	ASSERT_EQ(mach_port_kernel_object(self, name, &found, &narrow), 0);
	ASSERT_EQ(found, type);
	ASSERT_EQ(narrow, 0);
}

/* A thread's own name goes when it ends. */
static void *check_thread(void *arg)
{
	mach_port_t thread = mach_thread_self();

	check_object(thread, IPC_OTYPE_THREAD_CONTROL, "thread");
	ASSERT_EQ(mach_port_deallocate(mach_task_self(), thread), 0);
	return arg;
}

PORT_TEST(what_is_behind_a_name)
{
	mach_port_t self = mach_task_self(), host = mach_host_self();
	PortName name = make_receive(NULL), once = make_once(name), dead;
	semaphore_t semaphore;
	fileport_t fileport;
	pthread_t thread;
	natural_t type;
	mach_vm_address_t address;
	unsigned narrow;

	ASSERT_EQ(semaphore_create(self, &semaphore, 0, 0), 0);
	ASSERT_SYS(fileport_makeport(0, &fileport));
	check_object(self, IPC_OTYPE_TASK_CONTROL, "task");
	check_object(host, IPC_OTYPE_HOST, "host");
	ASSERT_OK(pthread_create(&thread, NULL, check_thread, NULL));
	ASSERT_OK(pthread_join(thread, NULL));
	check_object(semaphore, IPC_OTYPE_SEMAPHORE, "semaphore");
	check_object(fileport, IPC_OTYPE_FILEPORT, "fileport");
	check_object(name, IPC_OTYPE_NONE, "");
	ASSERT_EQ(mach_port_kobject(self, once, &type, &address), KERN_INVALID_RIGHT);
	ASSERT_EQ(mach_port_allocate(self, MACH_PORT_RIGHT_DEAD_NAME, &dead), 0);
	ASSERT_EQ(mach_port_kobject(self, dead, &type, &address), KERN_INVALID_RIGHT);
	ASSERT_EQ(mach_port_kobject(self, 0x7654303, &type, &address), KERN_INVALID_NAME);
	ASSERT_EQ(mach_port_kobject(self, MACH_PORT_DEAD, &type, &address), KERN_INVALID_NAME);
	ASSERT_EQ(mach_port_kernel_object(self, 0, &type, &narrow), KERN_INVALID_NAME);
	ASSERT_EQ(semaphore_destroy(self, semaphore), 0);
	ASSERT_EQ(mach_port_deallocate(self, fileport), 0);
	ASSERT_EQ(mach_port_deallocate(self, host), 0);
	drop(dead);
	drop(once);
	drop(name);
}

PORT_TEST(of_no_other_task)
{
	mach_port_t other = mach_host_self();
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t n;
	ipc_info_space_t space;
	ipc_info_space_basic_t basic;
	ipc_info_name_array_t table;
	ipc_info_tree_name_array_t tree;
	natural_t type;
	mach_vm_address_t address;
	unsigned narrow;

	ASSERT_EQ(mach_port_names(other, &names, &n, &types, &n), KERN_INVALID_TASK);
	ASSERT_EQ(mach_port_space_info(other, &space, &table, &n, &tree, &n), KERN_INVALID_TASK);
	ASSERT_EQ(mach_port_space_basic_info(other, &basic), KERN_INVALID_TASK);
	ASSERT_EQ(mach_port_dnrequest_info(other, other, &narrow, &narrow), KERN_INVALID_TASK);
	ASSERT_EQ(mach_port_kobject(other, other, &type, &address), KERN_INVALID_TASK);
	ASSERT_EQ(mach_port_kernel_object(other, other, &type, &narrow), KERN_INVALID_TASK);
	ASSERT_EQ(mach_port_deallocate(mach_task_self(), other), 0);
}
