/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls beneath the others. Elsewhere these enter the kernel; here they are the plain forms of
 * the calls that have a nicer face in <mach/message.h>, <mach/mach_init.h> and <mach/semaphore.h>.
 */
#ifndef _MACH_MACH_TRAPS_H_
#define _MACH_MACH_TRAPS_H_

#include <stdint.h>
#include <mach/clock_types.h>
#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/port.h>
#include <mach/std_types.h>
#include <mach/vm_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A new receive right for answers, which the caller must release with
 * mach_port_mod_refs(MACH_PORT_RIGHT_RECEIVE, -1). MACH_PORT_NULL if none could be made.
 */
mach_port_name_t mach_reply_port(void);

/*
 * The calling thread's special reply port; a borrowed name that lasts as long as the thread. On
 * Linux it is a reply port like any other: it passes no priority on.
 */
mach_port_name_t thread_get_special_reply_port(void);

/* What mach_task_self() gives, with one reference more that the caller must drop. */
mach_port_name_t task_self_trap(void);

/* What mach_thread_self() gives. */
mach_port_name_t thread_self_trap(void);

/* What mach_host_self() gives. */
mach_port_name_t host_self_trap(void);

/*
 * The control port of the process that has this number: one reference in *t. A process gets its own;
 * a privileged one (CAP_SYS_PTRACE in effect) that of any process of its pid namespace that it may look
 * into, even of one that knows nothing of ports; that port has no agent, so that what only the target
 * can do (<mach/task.h>) fails with KERN_NOT_SUPPORTED. Everybody else is to be given the port by its
 * task. target_tport is mach_task_self().
 * KERN_FAILURE, with MACH_PORT_NULL in *t: not allowed, no such process, or a zombie.
 * KERN_INVALID_ARGUMENT: target_tport is another. KERN_RESOURCE_SHORTAGE.
 */
kern_return_t task_for_pid(mach_port_name_t target_tport, int pid, mach_port_name_t *t);

/* The same with the read and the inspect port. */
kern_return_t task_read_for_pid(mach_port_name_t target_tport, int pid, mach_port_name_t *t);
kern_return_t task_inspect_for_pid(mach_port_name_t target_tport, int pid, mach_port_name_t *t);

/* The same with the name port, which also processes of the same user get: real, effective and saved uid
 * of the target are the caller's effective one. */
kern_return_t task_name_for_pid(mach_port_name_t target_tport, int pid, mach_port_name_t *tn);

/*
 * The number of a task's process, by a task port of any flavour.
 * KERN_FAILURE, with -1 in *x: that is no task port, or its task is gone.
 */
kern_return_t pid_for_task(mach_port_name_t t, int *x);

/* mach_msg(), but a call that a signal interrupts is never repeated. */
mach_msg_return_t mach_msg_trap(mach_msg_header_t *msg, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_name_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_name_t notify);

/* mach_msg_overwrite(), but a call that a signal interrupts is never repeated. */
mach_msg_return_t mach_msg_overwrite_trap(mach_msg_header_t *msg, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_name_t rcv_name,
	mach_msg_timeout_t timeout, mach_msg_priority_t priority, mach_msg_header_t *rcv_msg,
	mach_msg_size_t rcv_limit);

/* The calls of <mach/semaphore.h>, with the time in two words; same results. */
kern_return_t semaphore_signal_trap(mach_port_name_t signal_name);
kern_return_t semaphore_signal_all_trap(mach_port_name_t signal_name);
kern_return_t semaphore_signal_thread_trap(
	mach_port_name_t signal_name, mach_port_name_t thread_name);
kern_return_t semaphore_wait_trap(mach_port_name_t wait_name);
kern_return_t semaphore_wait_signal_trap(mach_port_name_t wait_name, mach_port_name_t signal_name);
kern_return_t semaphore_timedwait_trap(
	mach_port_name_t wait_name, unsigned int sec, clock_res_t nsec);
kern_return_t semaphore_timedwait_signal_trap(mach_port_name_t wait_name,
	mach_port_name_t signal_name, unsigned int sec, clock_res_t nsec);

#ifdef __cplusplus
}
#endif

#endif
