/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_info(): one row of a table for each flavor, with what it needs to know and how it is laid
 * out.
 *
 * Times: Mach has those of threads that have ended in one flavor and those of threads that live in
 * another, and programs add the two. Linux counts for the process as a whole; what lives is taken
 * off that, and where threads cannot be listed all of it counts as ended, so that the sum is
 * right.
 */
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <mach/task.h>

#include "task/api_vm.h"
#include "task/info.h"

typedef void (*FillFn)(const TaskInfo *info, integer_t *out);

typedef struct Flavor {
	task_flavor_t flavor;
	uint16_t count; /* integers */
	uint16_t least; /* a shorter form that is still served; 0: none */
	unsigned what; /* INFO_* */
	FillFn fill;
} Flavor;

static uint64_t ticks_to_us(uint64_t ticks)
{
	return ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

static time_value_t time_of(uint64_t ticks)
{
	uint64_t us = ticks_to_us(ticks);

	return (time_value_t){
		.seconds = (integer_t)(us / TIME_MICROS_MAX),
		.microseconds = (integer_t)(us % TIME_MICROS_MAX),
	};
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static time_value_t ended_user(const TaskInfo *info)
{
	return time_of(less(info->stat.user_ticks, info->live_user_ticks));
}

static time_value_t ended_system(const TaskInfo *info)
{
	return time_of(less(info->stat.system_ticks, info->live_system_ticks));
}

static integer_t saturate(uint64_t n)
{
	return n > INT_MAX ? INT_MAX : (integer_t)n;
}

static natural_t saturate_natural(uint64_t n)
{
	return n > UINT_MAX ? UINT_MAX : (natural_t)n;
}

static policy_t policy_of(const TaskInfo *info)
{
	switch (info->stat.policy) {
	case SCHED_FIFO:
		return POLICY_FIFO;
	case SCHED_RR:
		return POLICY_RR;
	default:
		return POLICY_TIMESHARE;
	}
}

static integer_t suspend_count_of(const TaskInfo *info)
{
	return info->stat.state == 'T' || info->stat.state == 't';
}

static uint64_t resident_of(const TaskInfo *info)
{
	return info->stat.resident_pages * (uint64_t)vm_page_size;
}

static void fill_basic_32(const TaskInfo *info, integer_t *out)
{
	*(struct task_basic_info_32 *)out = (struct task_basic_info_32){
		.suspend_count = suspend_count_of(info),
		.virtual_size = saturate_natural(info->stat.virtual_size),
		.resident_size = saturate_natural(resident_of(info)),
		.user_time = ended_user(info),
		.system_time = ended_system(info),
		.policy = policy_of(info),
	};
}

static void fill_basic_64(const TaskInfo *info, integer_t *out)
{
	*(struct task_basic_info_64 *)out = (struct task_basic_info_64){
		.suspend_count = suspend_count_of(info),
		.virtual_size = info->stat.virtual_size,
		.resident_size = resident_of(info),
		.user_time = ended_user(info),
		.system_time = ended_system(info),
		.policy = policy_of(info),
	};
}

static void fill_mach_basic(const TaskInfo *info, integer_t *out)
{
	*(struct mach_task_basic_info *)out = (struct mach_task_basic_info){
		.virtual_size = info->status.virtual_size,
		.resident_size = info->status.resident_size,
		.resident_size_max = info->status.resident_peak,
		.user_time = ended_user(info),
		.system_time = ended_system(info),
		.policy = policy_of(info),
		.suspend_count = suspend_count_of(info),
	};
}

static void fill_events(const TaskInfo *info, integer_t *out)
{
	*(struct task_events_info *)out = (struct task_events_info){
		.faults = saturate(info->stat.minor_faults + info->stat.major_faults),
		.pageins = saturate(info->stat.major_faults),
		.csw = saturate(info->switches),
	};
}

static void fill_thread_times(const TaskInfo *info, integer_t *out)
{
	*(struct task_thread_times_info *)out = (struct task_thread_times_info){
		.user_time = time_of(info->live_user_ticks),
		.system_time = time_of(info->live_system_ticks),
	};
}

static void fill_absolute(const TaskInfo *info, integer_t *out)
{
	*(struct task_absolutetime_info *)out = (struct task_absolutetime_info){
		.total_user = ticks_to_us(info->stat.user_ticks) * 1000,
		.total_system = ticks_to_us(info->stat.system_ticks) * 1000,
		.threads_user = ticks_to_us(info->live_user_ticks) * 1000,
		.threads_system = ticks_to_us(info->live_system_ticks) * 1000,
	};
}

static void fill_security_token(const TaskInfo *info, integer_t *out)
{
	*(security_token_t *)out = (security_token_t){{info->status.euid, info->status.egid}};
}

static void fill_audit_token(const TaskInfo *info, integer_t *out)
{
	const ProcStatus *s = &info->status;

	/* Nobody and no session, as in the trailers of messages. */
	*(audit_token_t *)out = (audit_token_t){{UINT32_MAX, s->euid, s->egid, s->ruid, s->rgid,
		(unsigned)info->pid, 0, info->pidversion}};
}

static void fill_flags(const TaskInfo *info, integer_t *out)
{
	*(struct task_flags_info *)out = (struct task_flags_info){
		.flags = sizeof(void *) == 8 ? TF_LP64 | TF_64B_DATA : 0,
	};
}

static void fill_vm(const TaskInfo *info, integer_t *out)
{
	const ProcStatus *s = &info->status;

	*(struct task_vm_info *)out = (struct task_vm_info){
		.virtual_size = s->virtual_size,
		.region_count = saturate(info->n_areas),
		.page_size = (integer_t)vm_page_size,
		.resident_size = s->resident_size,
		.resident_size_peak = s->resident_peak,
		.internal = s->anonymous,
		.external = s->file + s->shared,
		.compressed = s->swapped,
		.phys_footprint = s->anonymous + s->swapped + s->page_tables,
		.min_address = info->min_address,
		.max_address = info->max_address,
	};
}

static const Flavor flavors[] = {
	{TASK_ABSOLUTETIME_INFO, TASK_ABSOLUTETIME_INFO_COUNT, 0, INFO_THREADS, fill_absolute},
	{TASK_EVENTS_INFO, TASK_EVENTS_INFO_COUNT, 0, INFO_SWITCHES, fill_events},
	{TASK_THREAD_TIMES_INFO, TASK_THREAD_TIMES_INFO_COUNT, 0, INFO_THREADS, fill_thread_times},
	{TASK_BASIC_INFO_32, TASK_BASIC_INFO_32_COUNT, 0, INFO_THREADS, fill_basic_32},
	{TASK_BASIC_INFO_64, TASK_BASIC_INFO_64_COUNT, 0, INFO_THREADS, fill_basic_64},
	{TASK_BASIC_INFO_64_2, TASK_BASIC_INFO_64_COUNT, 0, INFO_THREADS, fill_basic_64},
	{MACH_TASK_BASIC_INFO, MACH_TASK_BASIC_INFO_COUNT, 0, INFO_THREADS | INFO_STATUS,
		fill_mach_basic},
	{TASK_SECURITY_TOKEN, TASK_SECURITY_TOKEN_COUNT, 0, INFO_STATUS, fill_security_token},
	{TASK_AUDIT_TOKEN, TASK_AUDIT_TOKEN_COUNT, 0, INFO_STATUS, fill_audit_token},
	{TASK_FLAGS_INFO, TASK_FLAGS_INFO_COUNT, 0, 0, fill_flags},
	{TASK_VM_INFO, TASK_VM_INFO_COUNT, TASK_VM_INFO_REV0_COUNT, INFO_STATUS | INFO_AREAS,
		fill_vm},
};

static const Flavor *find_flavor(task_flavor_t flavor)
{
	for (size_t i = 0; i < ARRAY_SIZE(flavors); i++)
		if (flavors[i].flavor == flavor)
			return &flavors[i];
	return NULL;
}

/* The revisions of a structure end where the next one begins. */
static mach_msg_type_number_t vm_count(mach_msg_type_number_t room)
{
	static const mach_msg_type_number_t revisions[] = {TASK_VM_INFO_REV5_COUNT,
		TASK_VM_INFO_REV4_COUNT, TASK_VM_INFO_REV3_COUNT, TASK_VM_INFO_REV2_COUNT,
		TASK_VM_INFO_REV1_COUNT};

	for (size_t i = 0; i < ARRAY_SIZE(revisions); i++)
		if (room >= revisions[i])
			return revisions[i];
	return TASK_VM_INFO_REV0_COUNT;
}

static kern_return_t get_info(VmTask *task, unsigned what, TaskInfo *ret)
{
	int r;

	/* The plain name of the task itself: see VmTask. */
	if (!task->ref.port)
		task->ref = (TaskRef){.is_self = true,
			.pidfd = -EBADF,
			.maps = -EBADF,
			.stat = -EBADF,
			.status = -EBADF,
			.mem = -EBADF};
	r = info_get(&task->ref, &task->access, what, ret);
	return r == KERN_NO_ACCESS ? KERN_FAILURE : vm_task_result(task, r);
}

_public_ kern_return_t task_info(task_name_t target_task, task_flavor_t flavor,
	task_info_t task_info_out, mach_msg_type_number_t *task_info_outCnt)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	const Flavor *f = find_flavor(flavor);
	integer_t out[TASK_VM_INFO_COUNT];
	mach_msg_type_number_t count;
	TaskInfo info;
	kern_return_t kr;

	if (!f || !task_info_out || !task_info_outCnt)
		return KERN_INVALID_ARGUMENT;
	count = *task_info_outCnt;
	if (count < (f->least ? f->least : f->count))
		return KERN_INVALID_ARGUMENT;
	count = flavor == TASK_VM_INFO ? vm_count(count) : f->count;
	kr = vm_task_get(target_task, TASK_IS_NAME, &task);
	if (kr == KERN_SUCCESS)
		kr = get_info(&task, f->what, &info);
	if (kr != KERN_SUCCESS)
		return kr;
	f->fill(&info, out);
	memcpy(task_info_out, out, count * sizeof(integer_t));
	*task_info_outCnt = count;
	return KERN_SUCCESS;
}
