/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bsm/libbsm.h>
#include <mach/mach.h>
#include <mach/task.h>
#include <mach/vm_page_size.h>

#include "port/test-support.h"

#define SELF mach_task_self()

static void get(task_flavor_t flavor, void *out, mach_msg_type_number_t count)
{
	mach_msg_type_number_t n = count;

	ASSERT_EQ(task_info(SELF, flavor, out, &n), KERN_SUCCESS);
	ASSERT_EQ(n, count);
}

PORT_TEST(basic)
{
	struct mach_task_basic_info basic;
	struct task_basic_info_64 wide;
	struct task_basic_info_32 narrow;

	get(MACH_TASK_BASIC_INFO, &basic, MACH_TASK_BASIC_INFO_COUNT);
	ASSERT_GT(basic.virtual_size, basic.resident_size);
	ASSERT_GE(basic.resident_size_max, basic.resident_size);
	ASSERT_GT(basic.resident_size, 0);
	ASSERT_EQ(basic.policy, POLICY_TIMESHARE);
	ASSERT_EQ(basic.suspend_count, 0);
	get(TASK_BASIC_INFO_64, &wide, TASK_BASIC_INFO_64_COUNT);
	ASSERT_EQ(wide.virtual_size % vm_page_size, 0);
	get(TASK_BASIC_INFO_32, &narrow, TASK_BASIC_INFO_32_COUNT);
	ASSERT_GT(narrow.resident_size, 0);
}

/* Whatever Linux says of it, in hundredths of a second. */
static void burn(void)
{
	struct rusage usage;

	do
		ASSERT_SYS(getrusage(RUSAGE_SELF, &usage));
	while (usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec +
			usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec <
		60000);
}

static uint64_t us(time_value_t t)
{
	return (uint64_t)t.seconds * TIME_MICROS_MAX + (uint64_t)t.microseconds;
}

PORT_TEST(times)
{
	struct task_thread_times_info live;
	struct task_absolutetime_info all;

	burn();
	get(TASK_THREAD_TIMES_INFO, &live, TASK_THREAD_TIMES_INFO_COUNT);
	ASSERT_GT(us(live.user_time) + us(live.system_time), 0);
	get(TASK_ABSOLUTETIME_INFO, &all, TASK_ABSOLUTETIME_INFO_COUNT);
	ASSERT_GE(all.total_user + all.total_system, 20000000);
	ASSERT_GE(all.total_user + all.total_system, all.threads_user + all.threads_system);
}

PORT_TEST(tokens)
{
	security_token_t security;
	audit_token_t audit;

	get(TASK_AUDIT_TOKEN, &audit, TASK_AUDIT_TOKEN_COUNT);
	ASSERT_EQ(audit_token_to_pid(audit), getpid());
	ASSERT_EQ(audit_token_to_euid(audit), geteuid());
	ASSERT_EQ(audit_token_to_rgid(audit), getgid());
	ASSERT_NE(audit_token_to_pidversion(audit), 0);
	get(TASK_SECURITY_TOKEN, &security, TASK_SECURITY_TOKEN_COUNT);
	ASSERT_EQ(security.val[0], geteuid());
	ASSERT_EQ(security.val[1], getegid());
}

PORT_TEST(events_and_flags)
{
	struct task_events_info events;
	struct task_flags_info flags;

	get(TASK_EVENTS_INFO, &events, TASK_EVENTS_INFO_COUNT);
	ASSERT_GT(events.faults, 0);
	get(TASK_FLAGS_INFO, &flags, TASK_FLAGS_INFO_COUNT);
	ASSERT_EQ((flags.flags & TF_LP64) != 0, sizeof(void *) == 8);
}

PORT_TEST(vm_in_its_revisions)
{
	const mach_msg_type_number_t rooms[] = {TASK_VM_INFO_REV0_COUNT, TASK_VM_INFO_REV1_COUNT,
		TASK_VM_INFO_REV2_COUNT, TASK_VM_INFO_REV3_COUNT, TASK_VM_INFO_REV4_COUNT,
		TASK_VM_INFO_REV5_COUNT};
	struct task_vm_info vm;
	mach_msg_type_number_t n;

	for (unsigned i = 0; i < 6; i++) {
		memset(&vm, 0xa5, sizeof(vm));
		n = rooms[i] + (i < 4);
		ASSERT_EQ(task_info(SELF, TASK_VM_INFO, (task_info_t)&vm, &n), KERN_SUCCESS);
		ASSERT_EQ(n, rooms[i]);
		ASSERT_EQ(vm.page_size, vm_page_size);
		ASSERT_GT(vm.region_count, 10);
		ASSERT_EQ(vm.phys_footprint == UINT64_C(0xa5a5a5a5a5a5a5a5), i < 1);
		ASSERT_EQ(vm.decompressions == 0, i == 5);
	}
	ASSERT_GT(vm.max_address, vm.min_address);
	ASSERT_GE(vm.resident_size, vm.internal);
	n = TASK_VM_INFO_REV0_COUNT - 1;
	ASSERT_EQ(task_info(SELF, TASK_VM_INFO, (task_info_t)&vm, &n), KERN_INVALID_ARGUMENT);
}

PORT_TEST(what_is_wrong)
{
	integer_t out[TASK_INFO_MAX];
	mach_msg_type_number_t n = TASK_BASIC_INFO_64_COUNT - 1;

	ASSERT_EQ(task_info(SELF, TASK_BASIC_INFO_64, out, &n), KERN_INVALID_ARGUMENT);
	n = TASK_INFO_MAX;
	ASSERT_EQ(task_info(SELF, 9999, out, &n), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_info(SELF, TASK_FLAGS_INFO, NULL, &n), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_info(SELF, TASK_FLAGS_INFO, out, NULL), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_info(MACH_PORT_NULL, TASK_FLAGS_INFO, out, &n), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_info(MACH_PORT_DEAD, TASK_FLAGS_INFO, out, &n), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(task_info(task.host_name, TASK_FLAGS_INFO, out, &n), KERN_INVALID_ARGUMENT);
}
