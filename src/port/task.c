/* SPDX-License-Identifier: Apache-2.0 */
#include "port/task.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/log.h"
#include "port/anchor.h"
#include "port/budget.h"
#include "port/connect.h"
#include "port/creds.h"
#include "port/hold.h"
#include "port/inherit.h"
#include "port/keeper.h"
#include "port/kport.h"
#include "port/names.h"
#include "port/port.h"
#include "port/pairclose.h"
#include "port/portdir.h"
#include "port/probe.h"
#include "port/pset.h"
#include "port/pull.h"
#include "port/reaper.h"
#include "port/region.h"
#include "port/request.h"
#include "port/space.h"
#include "port/watch.h"

Task task = {.lock = PTHREAD_MUTEX_INITIALIZER, .leases = true};

/* The two names that everybody knows from the start. */
_public_ PortName mach_task_self_;
_public_ PortName bootstrap_port;

/* Without memory the name is MACH_PORT_NULL, which every call on it refuses: a fork child is not
 * ended for that, as most only exec. */
static void make_own_object(KobjectType type, PortName *ret_name)
{
	Kobject *object;

	*ret_name = MACH_PORT_NULL;
	if (kobject_new_consume(type, NULL, 0, &object) ||
		kport_insert_locked_consume(object, ret_name))
		log_warning("no memory for the task's own names");
}

static void (*at_fork[TASK_AT_FORK_MAX])(void);
static unsigned n_at_fork;

void task_at_fork(void (*in_child)(void))
{
	assert(n_at_fork < TASK_AT_FORK_MAX);
	at_fork[n_at_fork++] = in_child;
}

/* The names of a new space, and the rights that it starts with. With the lock. */
static void space_begin(void)
{
	PortName name = MACH_PORT_NULL;
	Right copy;

	task.pid = getpid();
	creds_begin();
	make_own_object(KOBJECT_TASK, &task.self_name);
	mach_task_self_ = task.self_name;
	make_own_object(KOBJECT_HOST, &task.host_name);
	bootstrap_port = MACH_PORT_NULL;
	if (task.slots[TASK_SLOT_BOOTSTRAP].kind == RIGHT_SEND) {
		copy = right_copy_send(&task.slots[TASK_SLOT_BOOTSTRAP]);
		if (right_copyout(&copy, &name))
			right_drop(&copy);
		bootstrap_port = name;
	}
	anchor_publish();
}

static void before_fork(void)
{
	pthread_mutex_lock(&task.lock);
	kobject_before_fork();
	region_before_fork();
	connect_before_fork();
	portdir_before_fork();
	reaper_before_fork(); /* the last: all others may hand it something */
}

static void after_fork_parent(void)
{
	reaper_after_fork_parent();
	portdir_after_fork_parent();
	connect_after_fork_parent();
	region_after_fork_parent();
	kobject_after_fork_parent();
	pthread_mutex_unlock(&task.lock);
}

/*
 * The child's space is empty. All that the parent had is let go of without any of what that would
 * mean in the parent: nothing is read from its sockets, no notification is made, nobody's
 * connection is shut. Rights that other threads of the parent had in their hands at that moment
 * stay open here until exec or exit: nobody is left who knows them.
 */
static void let_go(void)
{
	uint32_t index = 0;
	Entry *entry;

	task.forgetting = true;
	hold_after_fork();
	probe_close_plainly(true);
	pair_close_plainly(true);
	watch_after_fork();
	request_forget_all();
	budget_forget_all();
	keeper_forget_all();
	while ((entry = space_next(&index)) != NULL) {
		if (entry->type & (ENTRY_SEND | ENTRY_RECEIVE)) {
			entry->port->flags &= (uint16_t)~PORT_F_GUARDED;
			port_forget_threads(entry->port);
		} else if (entry->type == ENTRY_PORT_SET) {
			pset_forget_threads(entry->set);
		}
		entry->flags = 0;
		(void)name_destroy(entry->name);
	}
	for (unsigned i = 0; i < TASK_N_SLOTS; i++)
		right_drop(&task.slots[i]);
	right_drop(&task.debug_control);
	for (unsigned i = 0; i < TASK_N_FLAVORS; i++)
		right_drop(&task.flavors[i]);
	for (unsigned i = 0; i < n_at_fork; i++)
		at_fork[i]();
	space_forget();
	pair_close_plainly(false);
	probe_close_plainly(false);
	task.forgetting = false;
}

static void after_fork_child(void)
{
	region_after_fork_child();
	pthread_mutex_init(&task.lock, NULL);
	pthread_mutex_lock(&task.lock);
	task.generation++;
	reaper_after_fork();
	kobject_after_fork();
	connect_after_fork();
	portdir_after_fork();
	pull_after_fork();
	anchor_after_fork();
	let_go();
	inherit_reimport();
	space_begin();
	pthread_mutex_unlock(&task.lock);
}

static void task_begin(void)
{
	const char *trace = secure_getenv("PORTCULLIS_TRACE");
	const char *leases = secure_getenv("PORTCULLIS_LEASES");

	if (kernel_check_floor()) {
		static const char text[] =
			"portcullis: this kernel is older than Linux 6.12, which ports need\n";

		(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
		_exit(70);
	}
	if (fd_raise_nofile() < 0)
		log_info("the descriptor limit stays as it is");
	connect_prepare();
	task.trace = trace && strstr(trace, "msg");
	task.leases = !leases || strcmp(leases, "0") != 0;
	pthread_mutex_lock(&task.lock);
	inherit_import();
	space_begin();
	pthread_mutex_unlock(&task.lock);
	(void)pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

void task_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, task_begin);
}

/* Before the constructors of programs that are linked statically, which may make ports. */
__attribute__((constructor(101))) static void task_constructor(void)
{
	task_init();
}
