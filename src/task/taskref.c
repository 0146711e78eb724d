/* SPDX-License-Identifier: Apache-2.0 */
#include "task/taskref.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/pidref.h"
#include "port/kport.h"
#include "port/names.h"
#include "port/port.h"
#include "port/space.h"
#include "port/task.h"
#include "task/access.h"
#include "task/bundle.h"
#include "task/trust.h"

static int find_port(PortName name, TaskFlavor least, Port **ret, TaskFlavor *ret_flavor)
{
	Entry *entry = space_find(name);

	if (!entry)
		return KERN_INVALID_ARGUMENT;
	if (entry->type == ENTRY_DEAD_NAME)
		return MACH_SEND_INVALID_DEST;
	if (!(entry->type & ENTRY_SEND) || !bundle_flavor(entry->port->kobject_type, ret_flavor))
		return KERN_INVALID_ARGUMENT;
	if (*ret_flavor > least)
		return KERN_INVALID_CAPABILITY;
	*ret = entry->port;
	return 0;
}

static int fd_at(const Kobject *object, unsigned i)
{
	return i < object->n_fds ? object->fds[i] : -EBADF;
}

void task_ref_port(Port *port, TaskRef *ret)
{
	const Kobject *object = port->kobject;

	*ret = (TaskRef){
		.port = port_ref(port),
		.is_self = object->n_fds == 0,
		.pidfd = fd_at(object, BUNDLE_PIDFD),
		.maps = fd_at(object, BUNDLE_MAPS),
		.stat = fd_at(object, BUNDLE_STAT),
		.status = fd_at(object, BUNDLE_STATUS),
		.mem = fd_at(object, BUNDLE_MEM),
		.freeze = fd_at(object, BUNDLE_FREEZE),
		.kill = fd_at(object, BUNDLE_KILL),
	};
	(void)bundle_flavor(object->type, &ret->flavor);
}

int task_ref_get(PortName name, TaskFlavor least, TaskRef *ret)
{
	TaskFlavor flavor;
	Port *port = NULL;
	int r;

	if (!MACH_PORT_VALID(name))
		return name == MACH_PORT_DEAD ? MACH_SEND_INVALID_DEST : KERN_INVALID_ARGUMENT;
	task_lock();
	r = find_port(name, least, &port, &flavor);
	if (!r)
		task_ref_port(port, ret);
	task_unlock();
	return r;
}

void task_ref_done(TaskRef *ref)
{
	if (!ref->port)
		return;
	task_lock();
	if (ref->agent)
		(void)name_deallocate(ref->agent);
	port_unref(ref->port);
	task_unlock();
	ref->port = NULL;
	ref->agent = MACH_PORT_NULL;
}

/* The kernel answers for as long as the memory that the descriptor was opened on is somebody's. */
static bool is_image_gone(const TaskRef *ref)
{
	Access access;

	return ref->maps >= 0 && trust_access(ref, &access) == 0 && access_is_gone(&access);
}

bool task_ref_is_dead(const TaskRef *ref)
{
	bool dead = ref->port->state == PORT_DEAD;

	if (ref->is_self)
		return false;
	if (!dead)
		dead = kobject_is_dead(ref->port->kobject) || is_image_gone(ref);
	if (dead) {
		task_lock();
		kport_mark_dead(ref->port);
		task_unlock();
	}
	return dead;
}

int task_ref_pid(const TaskRef *ref, pid_t *ret)
{
	PidRef target = PIDREF_NULL; /* the descriptor is the port's */

	if (ref->is_self) {
		*ret = getpid();
		return 0;
	}
	if (pidref_set_pidfd_take(&target, ref->pidfd) || target.pid <= 0) {
		(void)task_ref_is_dead(ref);
		return MACH_SEND_INVALID_DEST;
	}
	*ret = target.pid;
	return 0;
}

/* Where nobody had that name before; a program that was given such a right may use it as it likes. */
static void hide(PortName name)
{
	Entry *entry = space_find_raw(name);

	if (entry && entry->type == ENTRY_SEND && entry->urefs == 1)
		entry->flags |= ENTRY_F_HIDDEN;
}

int task_ref_agent(TaskRef *ref, PortName *ret)
{
	Right right;
	int r;

	if (!ref->agent) {
		task_lock();
		right = right_copy_send(&ref->port->kobject->companion);
		r = right.kind == RIGHT_SEND ? right_copyout(&right, &ref->agent)
					     : KERN_NOT_SUPPORTED;
		if (!r)
			hide(ref->agent);
		right_drop(&right);
		task_unlock();
		if (r)
			return r == KERN_NOT_SUPPORTED ? r : KERN_RESOURCE_SHORTAGE;
	}
	*ret = ref->agent;
	return 0;
}
