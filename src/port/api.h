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

/* Routines work on this task's own space: there is no right to another's in this release. */
static inline bool api_is_self(mach_port_t target)
{
	return target != MACH_PORT_NULL && target == task.self_name;
}

/* The entry of a name that must denote a receive right. With the lock. NULL or DEAD names yield
 * `null_code`. */
kern_return_t api_receive_right(mach_port_name_t name, kern_return_t null_code, Port **ret);
