/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the façade share.
 */
#pragma once

#include <mach/mach.h>

#include "base/cleanup.h"
#include "port/port.h"
#include "port/space.h"
#include "port/task.h"

/* A negative errno of the core as the public API says it. */
static inline kern_return_t api_code(int r)
{
	return r >= 0 ? r : KERN_RESOURCE_SHORTAGE;
}

/* Most routines work on this task's own space only. */
static inline bool api_is_self(mach_port_t target)
{
	return target != MACH_PORT_NULL && target == task.self_name;
}

/* Those that work on other tasks' too, for who holds the control port: the layer `task` has them. */
typedef struct ApiOther {
	kern_return_t (*names)(ipc_space_t, mach_port_name_array_t *, mach_msg_type_number_t *,
		mach_port_type_array_t *, mach_msg_type_number_t *);
	kern_return_t (*type)(ipc_space_t, mach_port_name_t, mach_port_type_t *);
	kern_return_t (*allocate)(ipc_space_t, mach_port_right_t, mach_port_name_t *);
	kern_return_t (*deallocate)(ipc_space_t, mach_port_name_t);
	kern_return_t (*destroy)(ipc_space_t, mach_port_name_t);
	kern_return_t (*get_refs)(
		ipc_space_t, mach_port_name_t, mach_port_right_t, mach_port_urefs_t *);
	kern_return_t (*mod_refs)(
		ipc_space_t, mach_port_name_t, mach_port_right_t, mach_port_delta_t);
	kern_return_t (*insert_right)(
		ipc_space_t, mach_port_name_t, mach_port_t, mach_msg_type_name_t);
	kern_return_t (*extract_right)(ipc_space_t, mach_port_name_t, mach_msg_type_name_t,
		mach_port_t *, mach_msg_type_name_t *);
	kern_return_t (*semaphore_create)(task_t, semaphore_t *, int, int);
} ApiOther;

extern const ApiOther api_other;

/* The entry of a name that must denote a receive right. With the lock. NULL or DEAD names yield
 * `null_code`. */
kern_return_t api_receive_right(mach_port_name_t name, kern_return_t null_code, Port **ret);
