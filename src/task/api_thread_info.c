/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread_info(): what /proc says of one thread, by the numbers of thread and process. Whose numbers they
 * are is asked of the pidfd afterwards.
 *
 * No state.
 */
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mach/thread_act.h>

#include "task/api_vm.h"
#include "task/procfile.h"
#include "task/threadref.h"

#define NS_PER_SEC UINT64_C(1000000000)

static uint64_t ticks_to_ns(uint64_t ticks)
{
	return ticks * NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
}

static time_value_t time_of(uint64_t ticks)
{
	uint64_t us = ticks_to_ns(ticks) / 1000;

	return (time_value_t){
		.seconds = (integer_t)(us / TIME_MICROS_MAX),
		.microseconds = (integer_t)(us % TIME_MICROS_MAX),
	};
}

/* On average, since the thread began. */
static integer_t usage_of(const ProcStat *stat)
{
	uint64_t used = ticks_to_ns(stat->user_ticks + stat->system_ticks),
		 start = ticks_to_ns(stat->start_ticks), now;
	struct timespec boot;

	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	now = (uint64_t)boot.tv_sec * NS_PER_SEC + (uint64_t)boot.tv_nsec;
	if (now <= start || used >= now - start)
		return used == 0 ? 0 : TH_USAGE_SCALE;
	return (integer_t)(used / ((now - start) / TH_USAGE_SCALE + 1));
}

static policy_t policy_of(const ProcStat *stat)
{
	switch (stat->policy) {
	case SCHED_FIFO:
		return POLICY_FIFO;
	case SCHED_RR:
		return POLICY_RR;
	default:
		return POLICY_TIMESHARE;
	}
}

static integer_t state_of(const ProcStat *stat)
{
	switch (stat->state) {
	case 'R':
		return TH_STATE_RUNNING;
	case 'D':
		return TH_STATE_UNINTERRUPTIBLE;
	case 'T':
	case 't':
		return TH_STATE_STOPPED;
	case 'Z':
	case 'X':
		return TH_STATE_HALTED;
	default:
		return TH_STATE_WAITING;
	}
}

/* Linux's nice values, 0 to 39 there with 20 for the default, below the real-time priorities. */
static int32_t priority_of(const ProcStat *stat)
{
	return 51 + (stat->rt_priority ? (int32_t)stat->rt_priority : -(int32_t)stat->priority);
}

static kern_return_t fill_basic(
	const ProcStat *stat, thread_info_t out, mach_msg_type_number_t *count)
{
	if (*count < THREAD_BASIC_INFO_COUNT)
		return KERN_INVALID_ARGUMENT;
	*(struct thread_basic_info *)out = (struct thread_basic_info){
		.user_time = time_of(stat->user_ticks),
		.system_time = time_of(stat->system_ticks),
		.cpu_usage = usage_of(stat),
		.policy = policy_of(stat),
		.run_state = state_of(stat),
		.suspend_count = state_of(stat) == TH_STATE_STOPPED,
	};
	*count = THREAD_BASIC_INFO_COUNT;
	return KERN_SUCCESS;
}

static kern_return_t fill_identifier(pid_t tid, thread_info_t out, mach_msg_type_number_t *count)
{
	if (*count < THREAD_IDENTIFIER_INFO_COUNT)
		return KERN_INVALID_ARGUMENT;
	*(struct thread_identifier_info *)out = (struct thread_identifier_info){
		.thread_id = (uint64_t)tid};
	*count = THREAD_IDENTIFIER_INFO_COUNT;
	return KERN_SUCCESS;
}

static kern_return_t fill_extended(
	const ProcStat *stat, thread_info_t out, mach_msg_type_number_t *count)
{
	struct thread_extended_info info = {
		.pth_user_time = ticks_to_ns(stat->user_ticks),
		.pth_system_time = ticks_to_ns(stat->system_ticks),
		.pth_cpu_usage = usage_of(stat),
		.pth_policy = policy_of(stat),
		.pth_run_state = state_of(stat),
		.pth_curpri = priority_of(stat),
		.pth_priority = priority_of(stat),
		.pth_maxpriority = priority_of(stat),
	};

	if (*count < THREAD_EXTENDED_INFO_COUNT)
		return KERN_INVALID_ARGUMENT;
	_Static_assert(sizeof(info.pth_name) == sizeof(stat->name), "both end in a zero");
	memcpy(info.pth_name, stat->name, sizeof(info.pth_name));
	memcpy(out, &info, sizeof(info));
	*count = THREAD_EXTENDED_INFO_COUNT;
	return KERN_SUCCESS;
}

static int look(const ThreadRef *ref, ProcStat *ret)
{
	int r = procfile_thread(ref->pidfd, ref->pid, ref->tid, ret);

	/* A number alone is the thread's only as long as that lives. */
	return r == 0 && thread_ref_is_dead(ref) ? MACH_SEND_INVALID_DEST : r;
}

_public_ kern_return_t thread_info(thread_inspect_t target_act, thread_flavor_t flavor,
	thread_info_t thread_info_out, mach_msg_type_number_t *thread_info_outCnt)
{
	ProcStat stat;
	ThreadRef ref;
	int r;

	if (!thread_info_out || !thread_info_outCnt || flavor < THREAD_BASIC_INFO ||
		flavor > THREAD_EXTENDED_INFO)
		return KERN_INVALID_ARGUMENT;
	r = thread_ref_get(target_act, &ref);
	if (r != 0)
		return vm_fold(r);
	r = look(&ref, &stat);
	if (r == 0 && flavor == THREAD_BASIC_INFO)
		r = fill_basic(&stat, thread_info_out, thread_info_outCnt);
	else if (r == 0 && flavor == THREAD_IDENTIFIER_INFO)
		r = fill_identifier(ref.tid, thread_info_out, thread_info_outCnt);
	else if (r == 0)
		r = fill_extended(&stat, thread_info_out, thread_info_outCnt);
	thread_ref_done(&ref);
	return r == KERN_NO_ACCESS ? KERN_FAILURE : vm_fold(r);
}
