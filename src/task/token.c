/* SPDX-License-Identifier: Apache-2.0 */
#include "task/token.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "port/kport.h"
#include "port/port.h"
#include "port/task.h"
#include "task/bundle.h"
#include "task/flavor.h"
#include "task/forpid.h"
#include "task/own.h"

static int close_all(KportArrival *a, int r)
{
	while (a->n_fds > 0)
		fd_close(a->fds[--a->n_fds]);
	return r;
}

int token_right(const TaskRef *ref, Right *ret)
{
	KportArrival a = {.type = KOBJECT_TASK_ID_TOKEN};
	int r;

	r = ref->is_self ? own_describe(&a) : flavor_copy(ref, BUNDLE_PIDFD + 1, &a);
	return r ? close_all(&a, r) : flavor_adopt_consume(&a, ret);
}

static int name_port(const TaskRef *ref, Right *ret)
{
	KportArrival a = {.type = KOBJECT_TASK_NAME};
	int r = flavor_copy(ref, BUNDLE_PIDFD + 1, &a);

	return r ? close_all(&a, r) : flavor_adopt_consume(&a, ret);
}

static int privileged_port(const TaskRef *ref, TaskFlavor flavor, Right *ret)
{
	PidRef target = PIDREF_NULL; /* the descriptor is the token's */
	int r;

	if (pidref_set_pidfd_take(&target, ref->pidfd))
		return KERN_NOT_FOUND;
	r = forpid_right(&target, flavor, ret);
	/* What was opened is of the token's image only if that is still there. */
	if (!r && kobject_is_dead(ref->port->kobject)) {
		task_lock();
		right_drop(ret);
		task_unlock();
		return KERN_NOT_FOUND;
	}
	return r == KERN_FAILURE ? KERN_DENIED : r;
}

static int port_of(const TaskRef *ref, TaskFlavor flavor, Right *ret)
{
	pid_t pid = 0;
	int r;

	if (kobject_is_dead(ref->port->kobject) || task_ref_pid(ref, &pid))
		return KERN_NOT_FOUND;
	if (pid == getpid()) {
		task_lock();
		r = own_port(flavor, ret);
		task_unlock();
		return r;
	}
	return flavor == TASK_IS_NAME ? name_port(ref, ret) : privileged_port(ref, flavor, ret);
}

int token_port(PortName token, TaskFlavor flavor, Right *ret)
{
	TaskRef ref = {.port = NULL};
	Port *port = NULL;
	int r;

	r = kport_get(token, KOBJECT_TASK_ID_TOKEN, &port);
	if (r)
		return r == KERN_TERMINATED ? KERN_NOT_FOUND : KERN_INVALID_ARGUMENT;
	task_lock();
	task_ref_port(port, &ref);
	task_unlock();
	r = port_of(&ref, flavor, ret);
	task_ref_done(&ref);
	kport_put(port);
	return r;
}
