/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on a thread: see task_threads() and mach_thread_self() for how to get a port of one. */
#ifndef _MACH_THREAD_ACT_H_
#define _MACH_THREAD_ACT_H_

#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/thread_info.h>
#include <mach/thread_special_ports.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Look at a thread: flavor is one of THREAD_*_INFO, and says which structure of
 * <mach/thread_info.h> thread_info_out becomes. *thread_info_outCnt says how many integers there
 * is room for, and then how many were filled. Times have the resolution of sysconf(_SC_CLK_TCK).
 * KERN_INVALID_ARGUMENT: no thread, no such flavor, or too little room.
 * MACH_SEND_INVALID_DEST: the thread has ended; its name is a dead one.
 * KERN_FAILURE: its process cannot be seen (hidepid). KERN_RESOURCE_SHORTAGE.
 */
kern_return_t thread_info(thread_inspect_t target_act, thread_flavor_t flavor,
	thread_info_t thread_info_out, mach_msg_type_number_t *thread_info_outCnt);

/*
 * Get another port of a thread: which_port is THREAD_KERNEL_PORT (its control port), THREAD_READ_PORT
 * or THREAD_INSPECT_PORT. The caller owns a send right in *special_port. There are no others: the ports
 * of a thread's exceptions are not special ports.
 * KERN_INVALID_ARGUMENT: no thread, or no such port. KERN_INVALID_CAPABILITY: it is of a greater
 * flavour than thr_act. MACH_SEND_INVALID_DEST: the thread has ended. KERN_RESOURCE_SHORTAGE.
 */
kern_return_t thread_get_special_port(
	thread_inspect_t thr_act, int which_port, mach_port_t *special_port);

/*
 * None of them can be set: KERN_NO_ACCESS for THREAD_KERNEL_PORT, KERN_INVALID_ARGUMENT for all
 * others and for what is no thread, KERN_INVALID_CAPABILITY if thr_act is no control port,
 * MACH_SEND_INVALID_DEST: the thread has ended. The caller keeps its right.
 */
kern_return_t thread_set_special_port(
	thread_act_t thr_act, int which_port, mach_port_t special_port);

#ifdef __cplusplus
}
#endif

#endif
