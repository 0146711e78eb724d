/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task's own names, and the host's.
 */
#include <unistd.h>

#include "port/api.h"
#include "port/right.h"

static PortName one_more(PortName name)
{
	Right right = RIGHT_NULL;
	PortName given = MACH_PORT_NULL;

	task_lock();
	if (right_copyin(name, MACH_MSG_TYPE_COPY_SEND, &right) == 0 &&
		right_copyout(&right, &given))
		right_drop(&right);
	task_unlock();
	return given;
}

_public_ mach_port_name_t task_self_trap(void)
{
	return one_more(task.self_name);
}

_public_ mach_port_t mach_host_self(void)
{
	return one_more(task.host_name);
}

_public_ mach_port_name_t host_self_trap(void)
{
	return mach_host_self();
}

_public_ kern_return_t host_page_size(host_t host, vm_size_t *size)
{
	if (!MACH_PORT_VALID(host) || !size)
		return KERN_INVALID_ARGUMENT;
	*size = (vm_size_t)sysconf(_SC_PAGESIZE);
	return KERN_SUCCESS;
}
