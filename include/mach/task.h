/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls on a task. In this release the task must be the caller's own: mach_task_self().
 */
#ifndef _MACH_TASK_H_
#define _MACH_TASK_H_

#include <mach/kern_return.h>
#include <mach/mach_param.h>
#include <mach/mach_types.h>
#include <mach/port.h>
#include <mach/task_special_ports.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Get a send right to one of the task's special ports (TASK_*_PORT). The caller owns one reference
 * in *special_port, or finds MACH_PORT_NULL there if that port is not set.
 * KERN_INVALID_ARGUMENT: task is not the caller's, or there is no such special port.
 * KERN_RESOURCE_SHORTAGE.
 */
kern_return_t task_get_special_port(task_t task, int which_port, mach_port_t *special_port);

/*
 * Set one: the bootstrap port is what fork children and new images get. The caller keeps its
 * right; the task holds another one, until the port is set again. MACH_PORT_NULL unsets it.
 * KERN_INVALID_ARGUMENT: task is not the caller's, or there is no such special port.
 * KERN_INVALID_RIGHT: special_port denotes no send right, or one that must not leave the task.
 * KERN_NO_ACCESS: that special port cannot be set, as the kernel and the host port.
 */
kern_return_t task_set_special_port(task_t task, int which_port, mach_port_t special_port);

/*
 * Register up to TASK_PORT_REGISTER_MAX send rights, in place of those registered before; children
 * and new images inherit them. A null port leaves a slot empty. The caller keeps its rights and
 * the array.
 * KERN_INVALID_ARGUMENT: task is not the caller's, or there are too many ports.
 * KERN_INVALID_RIGHT: one of them is not a send right. Nothing was registered.
 */
kern_return_t mach_ports_register(
	task_t task, mach_port_array_t init_port_set, mach_msg_type_number_t init_port_setCnt);

/*
 * Get what is registered: always TASK_PORT_REGISTER_MAX ports, empty slots being MACH_PORT_NULL.
 * The caller owns one reference of each, and the array, which it must vm_deallocate().
 * KERN_INVALID_ARGUMENT: task is not the caller's. KERN_RESOURCE_SHORTAGE.
 */
kern_return_t mach_ports_lookup(
	task_t task, mach_port_array_t *init_port_set, mach_msg_type_number_t *init_port_setCnt);

/*
 * Create a semaphore (see <mach/semaphore.h>) that the task owns. The caller owns one send right in
 * *semaphore; the semaphore lives until it is destroyed, its last right is gone or its task ends.
 * KERN_INVALID_ARGUMENT: task is not the caller's, there is no such policy, or value is negative.
 * KERN_RESOURCE_SHORTAGE.
 */
kern_return_t semaphore_create(task_t task, semaphore_t *semaphore, int policy, int value);

/*
 * Destroy a semaphore: all its waiters return KERN_TERMINATED, and so do all later calls on it. One
 * reference of the caller's name is consumed. A semaphore that the task does not own stays alive;
 * the reference is consumed all the same.
 * KERN_INVALID_ARGUMENT: task is not the caller's, or that is not a semaphore.
 */
kern_return_t semaphore_destroy(task_t task, semaphore_t semaphore);

#ifdef __cplusplus
}
#endif

#endif
