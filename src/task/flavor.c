/* SPDX-License-Identifier: Apache-2.0 */
#include "task/flavor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "port/kport.h"
#include "port/port.h"
#include "port/task.h"
#include "task/agentcall.h"
#include "task/own.h"

int flavor_copy(const TaskRef *ref, unsigned n, KportArrival *a)
{
	const Kobject *object = ref->port->kobject;

	memcpy(a->id, object->id, sizeof(a->id));
	memcpy(a->facts, object->facts, sizeof(a->facts));
	while (a->n_fds < n) {
		int fd = fd_dup(object->fds[a->n_fds]);

		if (fd < 0)
			return KERN_RESOURCE_SHORTAGE;
		a->fds[a->n_fds++] = fd;
	}
	return 0;
}

/* Where the kernel lets this process open the target's memory anyway: the file must be the one of the
 * image that the right is for, so the pin is asked afterwards. */
static int open_memory(const TaskRef *ref, int *ret)
{
	char path[64];
	pid_t pid;
	int r, fd;

	r = task_ref_pid(ref, &pid);
	if (r)
		return r;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = fd_above_stdio_consume(open(path, O_RDONLY | O_CLOEXEC));
	if (fd < 0)
		return task_ref_is_dead(ref) ? MACH_SEND_INVALID_DEST : KERN_NOT_SUPPORTED;
	if (task_ref_is_dead(ref)) {
		fd_close(fd);
		return MACH_SEND_INVALID_DEST;
	}
	*ret = fd;
	return 0;
}

int flavor_adopt_consume(KportArrival *a, Right *ret)
{
	Port *port = NULL;
	int r;

	task_lock();
	r = kport_adopt_consume(a, &port);
	if (!r) {
		port_srights_add(port, 1);
		*ret = (Right){.kind = RIGHT_SEND, .port = port};
	}
	task_unlock();
	return r;
}

static int derive(TaskRef *ref, TaskFlavor flavor, Right *ret)
{
	KportArrival a = {.type = bundle_type(flavor)};
	unsigned common = MIN(bundle_size(flavor), (unsigned)BUNDLE_MEM);
	int r;

	if (flavor == TASK_IS_READ && ref->port->kobject->companion.kind == RIGHT_SEND)
		return agent_call_read_port(ref, ret);
	r = flavor_copy(ref, common, &a);
	if (!r && flavor == TASK_IS_READ) {
		r = open_memory(ref, &a.fds[BUNDLE_MEM]);
		a.n_fds += !r;
	}
	if (!r)
		return flavor_adopt_consume(&a, ret);
	while (a.n_fds > 0)
		fd_close(a.fds[--a.n_fds]);
	return r;
}

int flavor_right(TaskRef *ref, TaskFlavor flavor, Right *ret)
{
	int r = 0;

	if (flavor < ref->flavor)
		return KERN_INVALID_CAPABILITY;
	if (flavor > ref->flavor && !ref->is_self)
		return derive(ref, flavor, ret);
	task_lock();
	if (ref->is_self) {
		r = own_port(flavor, ret);
	} else if (ref->port->state == PORT_DEAD) {
		r = MACH_SEND_INVALID_DEST;
	} else {
		port_srights_add(ref->port, 1);
		*ret = (Right){.kind = RIGHT_SEND, .port = port_ref(ref->port)};
	}
	task_unlock();
	return r;
}

int flavor_name(TaskRef *ref, TaskFlavor flavor, PortName *ret)
{
	Right right = RIGHT_NULL;
	int r;

	r = flavor_right(ref, flavor, &right);
	if (r)
		return r;
	task_lock();
	r = right_copyout(&right, ret);
	right_drop(&right);
	task_unlock();
	return r ? KERN_RESOURCE_SHORTAGE : 0;
}
