/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls on a task: the caller's own, mach_task_self(), or another one whose port it was given. A
 * task has a port of each flavour, and the type of an argument says which it has to be at least:
 * task_t is the control port, task_read_t, task_inspect_t and task_name_t one of those or a greater
 * one. A task's ports die when it exits, and when it executes another program; a fork child has
 * others.
 *
 * What a port of a flavour stands for is descriptors that the kernel holds it to, whoever has them:
 * see task_get_special_port(3). A call on another task works in the caller. Where only the target
 * itself can do it, a thread of the target is asked, its agent; that costs a message and an answer.
 *
 * Results of every call that takes a task, besides those that are listed:
 * KERN_INVALID_ARGUMENT: that is no task port.
 * KERN_INVALID_CAPABILITY: it is one of too small a flavour.
 * MACH_SEND_INVALID_DEST: the task is gone, or this image of it; the name is a dead name now.
 * KERN_NOT_SUPPORTED: the target would have to do it, and has no agent: task_for_pid() made the
 * port.
 * KERN_OPERATION_TIMED_OUT: the target's agent does not answer.
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
 * Get a send right to one of the task's special ports. The caller owns one reference in
 * *special_port, or finds MACH_PORT_NULL there if that port is not set.
 *
 * TASK_KERNEL_PORT is the control port itself. TASK_READ_PORT, TASK_INSPECT_PORT and TASK_NAME_PORT
 * are the task's ports of lesser flavours, which the holder of a port of that flavour or a greater
 * one gets. All others, TASK_HOST_PORT, TASK_BOOTSTRAP_PORT, TASK_ACCESS_PORT and
 * TASK_DEBUG_CONTROL_PORT, take the control port.
 * KERN_INVALID_ARGUMENT: there is no such special port, too.
 * KERN_INVALID_CAPABILITY: it is more than `task` may have.
 * KERN_NOT_SUPPORTED: see above; and a read port, of a control port without an agent, whose memory
 * this process may not open.
 * KERN_RESOURCE_SHORTAGE.
 */
kern_return_t task_get_special_port(task_inspect_t task, int which_port, mach_port_t *special_port);

/*
 * Set one. The bootstrap port is what fork children and new images get, and the access port too;
 * the debug control port is nobody's but the task's. The caller keeps its right; the task holds
 * another one, until the port is set again. MACH_PORT_NULL unsets it.
 * KERN_INVALID_ARGUMENT: there is no such special port, or it is no longer one that can be set.
 * KERN_INVALID_RIGHT: special_port denotes no send right, or one that must not leave the task.
 * KERN_NO_ACCESS: that special port cannot be set: the kernel and the host port; the access port,
 * once it is.
 */
kern_return_t task_set_special_port(task_t task, int which_port, mach_port_t special_port);

/*
 * Register up to TASK_PORT_REGISTER_MAX send rights, in place of those registered before; children
 * and new images inherit them. A null port leaves a slot empty. The caller keeps its rights and
 * the array. A task port cannot be inherited, and therefore not be registered.
 * KERN_INVALID_ARGUMENT: there are too many ports, or one of them is such a port.
 * KERN_INVALID_RIGHT: one of them is not a send right. Nothing was registered.
 */
kern_return_t mach_ports_register(
	task_t task, mach_port_array_t init_port_set, mach_msg_type_number_t init_port_setCnt);

/*
 * Get what is registered: always TASK_PORT_REGISTER_MAX ports, empty slots being MACH_PORT_NULL.
 * The caller owns one reference of each, and the array, which it must vm_deallocate().
 * KERN_RESOURCE_SHORTAGE.
 */
kern_return_t mach_ports_lookup(
	task_t task, mach_port_array_t *init_port_set, mach_msg_type_number_t *init_port_setCnt);

/*
 * An identity token of the task: a send right that says which process, in which image, and with
 * which nothing can be done to it. It does not keep the task alive, and becomes a dead name with
 * it. All tokens of a task are one right; the caller owns one reference in *token.
 * KERN_RESOURCE_SHORTAGE.
 */
kern_return_t task_create_identity_token(task_t task, task_id_token_t *token);

/*
 * From a token to a port of the task, TASK_FLAVOR_*, as far as the caller may have that without
 * being given it: its own ports of whatever flavour, the name port of any task, and others as
 * task_for_pid() and its like give them. The caller owns one reference in *task_port.
 * KERN_INVALID_ARGUMENT: token is none, or there is no such flavour.
 * KERN_NOT_FOUND: the task is gone, or this image of it.
 * KERN_DENIED: the caller would have to be given that port. KERN_RESOURCE_SHORTAGE.
 */
kern_return_t task_identity_token_get_task_port(
	task_id_token_t token, task_flavor_t flavor, mach_port_t *task_port);

/*
 * Ends the task's process at once, as SIGKILL does.
 * KERN_FAILURE: the kernel does not let the caller, and the target has no agent.
 */
kern_return_t task_terminate(task_t target_task);

/*
 * Send rights to the threads of a task. The caller owns one reference of each, and the array, which
 * it must vm_deallocate(). The order means nothing.
 * KERN_RESOURCE_SHORTAGE.
 */
kern_return_t task_threads(task_inspect_t target_task, thread_act_array_t *act_list,
	mach_msg_type_number_t *act_listCnt);

/*
 * Stops all threads of a task and lets them go on; each task_resume() undoes one task_suspend() of
 * the same process. It takes a control port of a task that has a control group of its own (a job
 * that launchd started in one), whose cgroup.freeze came with the port; if it does not,
 * KERN_NOT_SUPPORTED: signals are no substitute, which the target's user can undo and its parent
 * sees. A holder that dies leaves the task as it is then.
 * KERN_FAILURE: it is not suspended.
 */
kern_return_t task_suspend(task_read_t target_task);
kern_return_t task_resume(task_read_t target_task);

/*
 * The same with a token, of which the caller owns one reference: the task stays suspended until
 * task_resume2(), which consumes it, or until the last right to it is gone. Here a token is a send
 * right.
 * KERN_INVALID_ARGUMENT: suspend_token is none.
 */
kern_return_t task_suspend2(task_read_t target_task, task_suspension_token_t *suspend_token);
kern_return_t task_resume2(task_suspension_token_t suspend_token);

/*
 * Create a semaphore (see <mach/semaphore.h>) that the task owns, which may be another one. The
 * caller owns one send right in *semaphore; the semaphore lives until it is destroyed, its last
 * right is gone or its task ends.
 * KERN_INVALID_ARGUMENT: there is no such policy, or value is negative.
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

/*
 * Look at a task: flavor is one of TASK_*_INFO, TASK_AUDIT_TOKEN, TASK_SECURITY_TOKEN, and says
 * which structure of <mach/task_info.h> task_info_out becomes. *task_info_outCnt says how many
 * integers there is room for, and then how many were filled: TASK_VM_INFO may be cut short. Linux
 * fills these: BASIC_INFO in all its forms, EVENTS (faults, pageins, csw), THREAD_TIMES,
 * ABSOLUTETIME (in nanoseconds), VM, FLAGS, and the tokens. Times have the resolution of
 * sysconf(_SC_CLK_TCK).
 * KERN_INVALID_ARGUMENT: no such flavor, or too little room.
 * KERN_FAILURE: the holder of a name port cannot see the process (hidepid).
 */
kern_return_t task_info(task_name_t target_task, task_flavor_t flavor, task_info_t task_info_out,
	mach_msg_type_number_t *task_info_outCnt);

#ifdef __cplusplus
}
#endif

#endif
