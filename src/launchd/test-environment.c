/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/environment.h"

#include "tests/lib/unit.h"

TEST(the_last_one_wins)
{
	_cleanup_environment_ Environment env = ENVIRONMENT_INIT;

	ASSERT_NULL(environment_find(&env, "A"));
	ASSERT_OK(environment_add(&env, "A=1"));
	ASSERT_OK(environment_add(&env, "AB=2"));
	ASSERT_OK(environment_add_value(&env, "A", "3=4"));
	ASSERT_EQ(env.n, 2);
	ASSERT_STREQ(env.items[0], "A=3=4");
	ASSERT_STREQ(env.items[1], "AB=2");
	ASSERT_NULL(env.items[2]);
	ASSERT_STREQ(environment_find(&env, "A"), "3=4");
	ASSERT_NULL(environment_find(&env, "B"));
}

TEST(many)
{
	_cleanup_environment_ Environment env = ENVIRONMENT_INIT;
	char *more[] = {(char *)(uintptr_t) "V7=seven", (char *)(uintptr_t) "W=w", NULL};
	char name[16];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "V%d", i);
		ASSERT_OK(environment_add_value(&env, name, name));
		ASSERT_NULL(env.items[env.n]);
	}
	ASSERT_OK(environment_add_all(&env, more));
	ASSERT_OK(environment_add_all(&env, NULL));
	ASSERT_EQ(env.n, 101);
	ASSERT_STREQ(environment_find(&env, "V7"), "seven");
	ASSERT_STREQ(environment_find(&env, "V99"), "V99");
}
