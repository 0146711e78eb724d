/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on a thread: see task_threads() and mach_thread_self() for how to get a port of one. */
#ifndef _MACH_THREAD_ACT_H_
#define _MACH_THREAD_ACT_H_

#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/thread_info.h>

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

#ifdef __cplusplus
}
#endif

#endif
