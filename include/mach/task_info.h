/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of task_info(): an array of integers, and the flavor that says which structure it
 * is. Types and constants only: the call is in <mach/task.h>.
 */
#ifndef _MACH_TASK_INFO_H_
#define _MACH_TASK_INFO_H_

#include <stdint.h>
#include <mach/machine/vm_types.h>
#include <mach/message.h>
#include <mach/policy.h>
#include <mach/time_value.h>

typedef natural_t task_flavor_t;
typedef integer_t *task_info_t;

#define TASK_INFO_MAX 1024
typedef integer_t task_info_data_t[TASK_INFO_MAX];

#define TASK_ABSOLUTETIME_INFO 1
#define TASK_EVENTS_INFO 2
#define TASK_THREAD_TIMES_INFO 3
#define TASK_BASIC_INFO_32 4
#define TASK_BASIC_INFO_64 5
#define TASK_KERNELMEMORY_INFO 7
#define TASK_SCHED_TIMESHARE_INFO 10
#define TASK_SCHED_RR_INFO 11
#define TASK_SCHED_FIFO_INFO 12
#define TASK_SECURITY_TOKEN 13
#define TASK_AUDIT_TOKEN 15
#define TASK_AFFINITY_TAG_INFO 16
#define TASK_DYLD_INFO 17
#define TASK_BASIC_INFO_64_2 18
#define TASK_EXTMOD_INFO 19
#define MACH_TASK_BASIC_INFO 20
#define TASK_POWER_INFO 21
#define TASK_VM_INFO 22
#define TASK_VM_INFO_PURGEABLE 23
#define TASK_TRACE_MEMORY_INFO 24
#define TASK_WAIT_STATE_INFO 25
#define TASK_POWER_INFO_V2 26
#define TASK_FLAGS_INFO 28
#define TASK_DEBUG_INFO_INTERNAL 29
#define TASK_SUSPEND_STATS_INFO 30
#define TASK_SUSPEND_SOURCES_INFO 31

#if defined(__LP64__)
#define TASK_BASIC_INFO TASK_BASIC_INFO_64
#else
#define TASK_BASIC_INFO TASK_BASIC_INFO_32
#endif

#pragma pack(push, 4)

struct task_basic_info_32 {
	integer_t suspend_count;
	natural_t virtual_size; /* bytes, as the next */
	natural_t resident_size;
	time_value_t user_time; /* of threads that have ended, as the next */
	time_value_t system_time;
	policy_t policy;
};
typedef struct task_basic_info_32 task_basic_info_32_data_t;
typedef struct task_basic_info_32 *task_basic_info_32_t;

struct task_basic_info_64 {
	integer_t suspend_count;
	mach_vm_size_t virtual_size;
	mach_vm_size_t resident_size;
	time_value_t user_time;
	time_value_t system_time;
	policy_t policy;
};
typedef struct task_basic_info_64 task_basic_info_64_data_t;
typedef struct task_basic_info_64 *task_basic_info_64_t;

struct task_basic_info {
	integer_t suspend_count;
	vm_size_t virtual_size;
	vm_size_t resident_size;
	time_value_t user_time;
	time_value_t system_time;
	policy_t policy;
};
typedef struct task_basic_info task_basic_info_data_t;
typedef struct task_basic_info *task_basic_info_t;

struct mach_task_basic_info {
	mach_vm_size_t virtual_size;
	mach_vm_size_t resident_size;
	mach_vm_size_t resident_size_max;
	time_value_t user_time;
	time_value_t system_time;
	policy_t policy;
	integer_t suspend_count;
};
typedef struct mach_task_basic_info mach_task_basic_info_data_t;
typedef struct mach_task_basic_info *mach_task_basic_info_t;

struct task_events_info {
	integer_t faults;
	integer_t pageins;
	integer_t cow_faults;
	integer_t messages_sent;
	integer_t messages_received;
	integer_t syscalls_mach;
	integer_t syscalls_unix;
	integer_t csw; /* context switches */
};
typedef struct task_events_info task_events_info_data_t;
typedef struct task_events_info *task_events_info_t;

struct task_thread_times_info {
	time_value_t user_time; /* of threads that live */
	time_value_t system_time;
};
typedef struct task_thread_times_info task_thread_times_info_data_t;
typedef struct task_thread_times_info *task_thread_times_info_t;

struct task_absolutetime_info {
	uint64_t total_user;
	uint64_t total_system;
	uint64_t threads_user;
	uint64_t threads_system;
};
typedef struct task_absolutetime_info task_absolutetime_info_data_t;
typedef struct task_absolutetime_info *task_absolutetime_info_t;

struct task_flags_info {
	uint32_t flags; /* TF_* */
};
typedef struct task_flags_info task_flags_info_data_t;
typedef struct task_flags_info *task_flags_info_t;

/* What Linux knows nothing of is 0. */
struct task_vm_info {
	mach_vm_size_t virtual_size;
	integer_t region_count; /* 0 for the holder of a name port */
	integer_t page_size;
	mach_vm_size_t resident_size;
	mach_vm_size_t resident_size_peak;
	mach_vm_size_t device;
	mach_vm_size_t device_peak;
	mach_vm_size_t internal; /* anonymous memory, resident */
	mach_vm_size_t internal_peak;
	mach_vm_size_t external; /* of files and shared memory, resident */
	mach_vm_size_t external_peak;
	mach_vm_size_t reusable;
	mach_vm_size_t reusable_peak;
	mach_vm_size_t purgeable_volatile_pmap;
	mach_vm_size_t purgeable_volatile_resident;
	mach_vm_size_t purgeable_volatile_virtual;
	mach_vm_size_t compressed; /* swapped out */
	mach_vm_size_t compressed_peak;
	mach_vm_size_t compressed_lifetime;
	/* Revision 1. */
	mach_vm_size_t
		phys_footprint; /* anonymous memory, resident or swapped out, and page tables */
	/* Revision 2. */
	mach_vm_address_t min_address; /* of what is mapped; 0 for the holder of a name port */
	mach_vm_address_t max_address;
	/* Revision 3. */
	int64_t ledger_phys_footprint_peak;
	int64_t ledger_purgeable_nonvolatile;
	int64_t ledger_purgeable_novolatile_compressed;
	int64_t ledger_purgeable_volatile;
	int64_t ledger_purgeable_volatile_compressed;
	int64_t ledger_tag_network_nonvolatile;
	int64_t ledger_tag_network_nonvolatile_compressed;
	int64_t ledger_tag_network_volatile;
	int64_t ledger_tag_network_volatile_compressed;
	int64_t ledger_tag_media_footprint;
	int64_t ledger_tag_media_footprint_compressed;
	int64_t ledger_tag_media_nofootprint;
	int64_t ledger_tag_media_nofootprint_compressed;
	int64_t ledger_tag_graphics_footprint;
	int64_t ledger_tag_graphics_footprint_compressed;
	int64_t ledger_tag_graphics_nofootprint;
	int64_t ledger_tag_graphics_nofootprint_compressed;
	int64_t ledger_tag_neural_footprint;
	int64_t ledger_tag_neural_footprint_compressed;
	int64_t ledger_tag_neural_nofootprint;
	int64_t ledger_tag_neural_nofootprint_compressed;
	/* Revision 4. */
	uint64_t limit_bytes_remaining;
	/* Revision 5. */
	integer_t decompressions;
};
typedef struct task_vm_info task_vm_info_data_t;
typedef struct task_vm_info *task_vm_info_t;

#pragma pack(pop)

#define TF_LP64 0x00000001 /* 64-bit addresses */
#define TF_64B_DATA 0x00000002 /* 64-bit registers */

#define TASK_BASIC_INFO_32_COUNT (sizeof(task_basic_info_32_data_t) / sizeof(natural_t))
#define TASK_BASIC_INFO_64_COUNT (sizeof(task_basic_info_64_data_t) / sizeof(natural_t))
#define TASK_BASIC_INFO_COUNT (sizeof(task_basic_info_data_t) / sizeof(natural_t))
#define MACH_TASK_BASIC_INFO_COUNT (sizeof(mach_task_basic_info_data_t) / sizeof(natural_t))
#define TASK_EVENTS_INFO_COUNT (sizeof(task_events_info_data_t) / sizeof(natural_t))
#define TASK_THREAD_TIMES_INFO_COUNT (sizeof(task_thread_times_info_data_t) / sizeof(natural_t))
#define TASK_ABSOLUTETIME_INFO_COUNT (sizeof(task_absolutetime_info_data_t) / sizeof(natural_t))
#define TASK_VM_INFO_COUNT (sizeof(task_vm_info_data_t) / sizeof(natural_t))
#define TASK_VM_INFO_REV5_COUNT TASK_VM_INFO_COUNT
#define TASK_VM_INFO_REV4_COUNT (TASK_VM_INFO_REV5_COUNT - 1)
#define TASK_VM_INFO_REV3_COUNT (TASK_VM_INFO_REV4_COUNT - 2)
#define TASK_VM_INFO_REV2_COUNT (TASK_VM_INFO_REV3_COUNT - 42)
#define TASK_VM_INFO_REV1_COUNT (TASK_VM_INFO_REV2_COUNT - 4)
#define TASK_VM_INFO_REV0_COUNT (TASK_VM_INFO_REV1_COUNT - 2)
#define TASK_FLAGS_INFO_COUNT (sizeof(task_flags_info_data_t) / sizeof(natural_t))
#define TASK_SECURITY_TOKEN_COUNT (sizeof(security_token_t) / sizeof(natural_t))
#define TASK_AUDIT_TOKEN_COUNT (sizeof(audit_token_t) / sizeof(natural_t))

/* What becomes of a task that violates a guard. */
typedef uint32_t task_exc_guard_behavior_t;

#define TASK_EXC_GUARD_NONE 0x00
#define TASK_EXC_GUARD_VM_DELIVER 0x01 /* of memory: an exception is raised */
#define TASK_EXC_GUARD_VM_ONCE 0x02 /* ... the first time only */
#define TASK_EXC_GUARD_VM_CORPSE 0x04
#define TASK_EXC_GUARD_VM_FATAL 0x08 /* ... and the task ends */
#define TASK_EXC_GUARD_VM_ALL 0x0f
#define TASK_EXC_GUARD_MP_DELIVER 0x10 /* of ports, likewise */
#define TASK_EXC_GUARD_MP_ONCE 0x20
#define TASK_EXC_GUARD_MP_CORPSE 0x40
#define TASK_EXC_GUARD_MP_FATAL 0x80
#define TASK_EXC_GUARD_MP_ALL 0xf0
#define TASK_EXC_GUARD_ALL 0xff

typedef uint32_t task_corpse_forking_behavior_t;

#endif
