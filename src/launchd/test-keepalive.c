/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/keepalive.h"

#include "launchd/throttle.h"

#include "tests/lib/unit.h"

static const JobExit exit_good = {.value = 0};
static const JobExit exit_bad = {.value = 1};
static const JobExit exit_killed = {.by_signal = true, .value = SIGKILL};
static const JobExit exit_crashed = {.by_signal = true, .value = SIGSEGV, .crashed = true};

static bool is_a(void *userdata, const char *label)
{
	return strcmp(label, "a") == 0;
}

static bool wants(const SpecKeepAlive *keep_alive, const JobExit *last, bool demanded)
{
	KeepAliveFacts facts = {
		.last = last,
		.demanded = demanded,
		.job_is_enabled = is_a,
		.job_is_active = is_a,
	};

	return keepalive_wants_job(keep_alive, &facts);
}

TEST(crashes)
{
	static const int signals[] = {SIGILL, SIGABRT, SIGFPE, SIGBUS, SIGSEGV, SIGSYS, SIGTRAP};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		ASSERT_TRUE(keepalive_is_crash(signals[i]));
	ASSERT_FALSE(keepalive_is_crash(SIGTERM));
	ASSERT_FALSE(keepalive_is_crash(SIGKILL));
}

TEST(always_or_never)
{
	SpecKeepAlive keep_alive = {.always = true};

	ASSERT_TRUE(wants(&keep_alive, NULL, false));
	ASSERT_TRUE(wants(&keep_alive, &exit_good, false));
	keep_alive.always = false;
	ASSERT_FALSE(wants(&keep_alive, NULL, true));
	ASSERT_FALSE(wants(&keep_alive, &exit_bad, true));
}

TEST(successful_exit)
{
	SpecKeepAlive keep_alive = {.successful_exit = SPEC_TRI_TRUE};

	ASSERT_FALSE(wants(&keep_alive, NULL, true));
	ASSERT_TRUE(wants(&keep_alive, &exit_good, true));
	ASSERT_FALSE(wants(&keep_alive, &exit_bad, true));
	ASSERT_FALSE(wants(&keep_alive, &exit_killed, true));
	keep_alive.successful_exit = SPEC_TRI_FALSE;
	ASSERT_FALSE(wants(&keep_alive, &exit_good, true));
	ASSERT_TRUE(wants(&keep_alive, &exit_bad, true));
	ASSERT_TRUE(wants(&keep_alive, &exit_killed, true));
}

TEST(crashed)
{
	SpecKeepAlive keep_alive = {.crashed = SPEC_TRI_TRUE};

	ASSERT_TRUE(wants(&keep_alive, &exit_crashed, true));
	ASSERT_FALSE(wants(&keep_alive, &exit_killed, true));
	ASSERT_FALSE(wants(&keep_alive, &exit_bad, true));
	keep_alive.crashed = SPEC_TRI_FALSE;
	ASSERT_FALSE(wants(&keep_alive, &exit_crashed, true));
	ASSERT_TRUE(wants(&keep_alive, &exit_bad, true));
}

TEST(conditions_are_ored)
{
	SpecKeepAlive keep_alive = {
		.crashed = SPEC_TRI_TRUE,
		.successful_exit = SPEC_TRI_TRUE,
	};

	ASSERT_TRUE(wants(&keep_alive, &exit_crashed, true));
	ASSERT_TRUE(wants(&keep_alive, &exit_good, true));
	ASSERT_FALSE(wants(&keep_alive, &exit_bad, true));
}

TEST(paths_and_other_jobs)
{
	SpecCondition there = {.subject = (char *)(uintptr_t) "/", .value = true};
	SpecCondition not_there = {.subject = (char *)(uintptr_t) "/", .value = false};
	SpecCondition a = {.subject = (char *)(uintptr_t) "a", .value = true};
	SpecCondition not_b = {.subject = (char *)(uintptr_t) "b", .value = false};
	SpecCondition b = {.subject = (char *)(uintptr_t) "b", .value = true};
	SpecKeepAlive keep_alive = {.path_state = {&there, 1}};

	ASSERT_TRUE(wants(&keep_alive, NULL, false));
	keep_alive.path_state.items = &not_there;
	ASSERT_FALSE(wants(&keep_alive, NULL, false));
	keep_alive = (SpecKeepAlive){.other_job_enabled = {&a, 1}};
	ASSERT_TRUE(wants(&keep_alive, NULL, false));
	keep_alive.other_job_enabled.items = &b;
	ASSERT_FALSE(wants(&keep_alive, NULL, false));
	keep_alive = (SpecKeepAlive){.other_job_active = {&not_b, 1}};
	ASSERT_TRUE(wants(&keep_alive, NULL, false));
	keep_alive.after_initial_demand = SPEC_TRI_TRUE;
	ASSERT_FALSE(wants(&keep_alive, NULL, false));
	ASSERT_TRUE(wants(&keep_alive, NULL, true));
}

TEST(throttle)
{
	Throttle throttle;

	throttle_init(&throttle, 1000);
	ASSERT_EQ(throttle_left_ns(&throttle, 5), 0);
	throttle_note_start(&throttle, 100);
	ASSERT_EQ(throttle_left_ns(&throttle, 100), 1000);
	ASSERT_EQ(throttle_left_ns(&throttle, 600), 500);
	ASSERT_EQ(throttle_left_ns(&throttle, 1100), 0);
	/* The failure of a start does not make the interval shorter. */
	throttle_note_failure(&throttle, 200, 10);
	ASSERT_EQ(throttle_left_ns(&throttle, 200), 900);
	throttle_init(&throttle, 0);
	throttle_note_start(&throttle, 100);
	ASSERT_EQ(throttle_left_ns(&throttle, 100), 0);
	throttle_note_failure(&throttle, 100, 10);
	ASSERT_EQ(throttle_left_ns(&throttle, 100), 10);
	throttle_init(&throttle, UINT64_MAX - 5);
	throttle_note_start(&throttle, 100);
	ASSERT_GT(throttle_left_ns(&throttle, 100), UINT64_MAX / 2);
}
