/* SPDX-License-Identifier: Apache-2.0 */
/* Audit tokens: each word read by its function, also where the number has the top bit set. */
#include <limits.h>

#include <bsm/libbsm.h>
#include <mach/message.h>

#include "tests/lib/unit.h"

TEST(each_word_is_read_by_its_function)
{
	audit_token_t token = {{1, 2, 3, 4, 5, 6, 7, 8}};

	ASSERT_EQ(audit_token_to_auid(token), 1);
	ASSERT_EQ(audit_token_to_euid(token), 2);
	ASSERT_EQ(audit_token_to_egid(token), 3);
	ASSERT_EQ(audit_token_to_ruid(token), 4);
	ASSERT_EQ(audit_token_to_rgid(token), 5);
	ASSERT_EQ(audit_token_to_pid(token), 6);
	ASSERT_EQ(audit_token_to_asid(token), 7);
	ASSERT_EQ(audit_token_to_pidversion(token), 8);
}

TEST(all_words_are_read_at_once)
{
	audit_token_t token = {{1, 2, 3, 4, 5, 6, 7, 8}};
	uid_t auid = 0, euid = 0, ruid = 0;
	gid_t egid = 0, rgid = 0;
	pid_t pid = 0;
	au_asid_t asid = 0;
	au_tid_t tid = {.port = 9, .machine = 9};

	audit_token_to_au32(token, &auid, &euid, &egid, &ruid, &rgid, &pid, &asid, &tid);
	ASSERT_EQ(auid, 1);
	ASSERT_EQ(euid, 2);
	ASSERT_EQ(egid, 3);
	ASSERT_EQ(ruid, 4);
	ASSERT_EQ(rgid, 5);
	ASSERT_EQ(pid, 6);
	ASSERT_EQ(asid, 7);
	ASSERT_EQ(tid.port, 0);
	ASSERT_EQ(tid.machine, 0);
}

TEST(what_nobody_asked_for_is_not_stored)
{
	audit_token_t token = {{1, 2, 3, 4, 5, 6, 7, 8}};
	pid_t pid = 0;

	audit_token_to_au32(token, NULL, NULL, NULL, NULL, NULL, &pid, NULL, NULL);
	ASSERT_EQ(pid, 6);
}

TEST(an_invalid_token_is_nobody)
{
	audit_token_t token = INVALID_AUDIT_TOKEN_VALUE;

	ASSERT_EQ(audit_token_to_pid(token), -1);
	ASSERT_EQ(audit_token_to_pidversion(token), -1);
	ASSERT_EQ(audit_token_to_euid(token), UINT_MAX);
}

TEST(the_token_of_a_notification_is_all_zero)
{
	ASSERT_EQ(audit_token_to_pid(KERNEL_AUDIT_TOKEN), 0);
	ASSERT_EQ(audit_token_to_pidversion(KERNEL_AUDIT_TOKEN), 0);
	ASSERT_EQ(KERNEL_SECURITY_TOKEN.val[0], 0);
	ASSERT_EQ(KERNEL_SECURITY_TOKEN.val[1], 1);
}
