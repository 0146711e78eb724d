/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the façade that have to do with memory share: whose memory a call is about, and
 * how to get there.
 */
#pragma once

#include <mach/mach_init.h>
#include <mach/mach_types.h>
#include <mach/mach_vm.h>
#include <mach/vm_map.h>
#include <mach/vm_page_size.h>

#include "base/cleanup.h"
#include "task/access.h"
#include "task/agentcall.h"
#include "task/taskref.h"

/* Get it with VM_TASK_NULL in it; it is released at the end of the scope. */
typedef struct VmTask {
	TaskRef ref; /* .port is NULL for the task itself under its plain name: no lock is taken */
	Access access; /* not of the task itself */
	bool is_self;
} VmTask;

#define VM_TASK_NULL                                                                               \
	{                                                                                          \
		.ref = {.port = NULL }                                                             \
	}

/* KERN_INVALID_ARGUMENT: no task; KERN_INVALID_CAPABILITY: can do less than `least`;
 * MACH_SEND_INVALID_DEST: gone; KERN_RESOURCE_SHORTAGE. */
kern_return_t vm_task_get(vm_map_t name, TaskFlavor least, VmTask *ret);
void vm_task_done(VmTask *task);

/* The result of a core function as the API says it; of a target that is gone the names die. */
kern_return_t vm_task_result(const VmTask *task, int r);

#define _cleanup_vm_task_ _cleanup_(vm_task_done)

/* A send right to the agent of another task: see task_ref_agent(). */
kern_return_t vm_task_agent(VmTask *task, mach_port_t *ret);

/* The result of a routine of agent.defs, asked of the task's agent. */
#define ASK_AGENT(task, routine, ...)                                                              \
	({                                                                                         \
		mach_port_t agent_ = MACH_PORT_NULL;                                               \
		kern_return_t agent_kr_ = vm_task_agent((task), &agent_);                          \
		agent_kr_ == KERN_SUCCESS                                                          \
			? vm_fold(agent_call_code(&(task)->ref, routine(agent_, __VA_ARGS__)))     \
			: agent_kr_;                                                               \
	})

static inline kern_return_t vm_fold(int r)
{
	return r < 0 ? KERN_RESOURCE_SHORTAGE : r;
}

static inline void *vm_pointer(mach_vm_address_t address)
{
	return (void *)(uintptr_t)address;
}

static inline mach_vm_address_t vm_page_trunc(mach_vm_address_t address)
{
	return address & ~(mach_vm_address_t)vm_page_mask;
}

/* The whole pages that a range touches. Returns false if it wraps around. */
bool vm_page_range(mach_vm_address_t address, mach_vm_size_t size, mach_vm_address_t *ret_start,
	mach_vm_size_t *ret_size);

/* PROT_* of VM_PROT_*, and back. */
int vm_prot_to_posix(vm_prot_t protection);
vm_prot_t vm_prot_from_posix(int prot);
