/* SPDX-License-Identifier: Apache-2.0 */
/* What generated code calls: bounded copies, the head of an answer, vouchers. */
#include <limits.h>
#include <string.h>

#include <mach/mach.h>
#include <mach/mig_errors.h>

#include "tests/lib/unit.h"

/* A buffer whose bytes are all 'x', so that what was written shows. */
#define DIRTY(name, size)                                                                          \
	char name[size];                                                                           \
	memset(name, 'x', sizeof(name))

TEST(strncpy_copies_what_fits)
{
	DIRTY(buffer, 8);

	ASSERT_EQ(mig_strncpy(buffer, "abc", 8), 4);
	ASSERT_MEMEQ(buffer, "abc\0xxxx", 8);
	ASSERT_EQ(mig_strncpy(buffer, "abcdefg", 8), 8);
	ASSERT_STREQ(buffer, "abcdefg");
	ASSERT_EQ(mig_strncpy(buffer, "", 8), 1);
	ASSERT_STREQ(buffer, "");
}

TEST(strncpy_always_ends_the_string)
{
	DIRTY(buffer, 8);

	ASSERT_EQ(mig_strncpy(buffer, "abcdefghij", 8), 8);
	ASSERT_STREQ(buffer, "abcdefg");
	ASSERT_EQ(mig_strncpy(buffer, "abc", 1), 1);
	ASSERT_STREQ(buffer, "");
}

TEST(strncpy_writes_nothing_without_room)
{
	DIRTY(buffer, 2);

	ASSERT_EQ(mig_strncpy(buffer, "abc", 0), 0);
	ASSERT_EQ(mig_strncpy(buffer, "abc", -1), 0);
	ASSERT_EQ(mig_strncpy_zerofill(buffer, "abc", 0), 0);
	ASSERT_EQ(mig_strncpy_zerofill(buffer, "abc", INT_MIN), 0);
	ASSERT_MEMEQ(buffer, "xx", 2);
	ASSERT_EQ(mig_strncpy_zerofill(NULL, "abc", 4), 0);
}

TEST(zerofill_leaves_no_stale_bytes)
{
	DIRTY(buffer, 8);

	ASSERT_EQ(mig_strncpy_zerofill(buffer, "abc", 8), 4);
	ASSERT_MEMEQ(buffer, "abc\0\0\0\0\0", 8);
	memset(buffer, 'x', sizeof(buffer));
	ASSERT_EQ(mig_strncpy_zerofill(buffer, NULL, 4), 0);
	ASSERT_MEMEQ(buffer, "\0\0\0\0xxxx", 8);
	ASSERT_EQ(mig_strncpy_zerofill(buffer, "abcdefghij", 8), 8);
	ASSERT_STREQ(buffer, "abcdefg");
}

TEST(an_answer_goes_where_the_request_says)
{
	mach_msg_header_t request = {
		.msgh_bits = MACH_MSGH_BITS_SET(MACH_MSG_TYPE_MOVE_SEND_ONCE,
			MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MOVE_SEND, MACH_MSGH_BITS_COMPLEX),
		.msgh_size = 1234,
		.msgh_remote_port = 0x103,
		.msgh_local_port = 0x203,
		.msgh_voucher_port = 0x303,
		.msgh_id = 400,
	};
	mig_reply_error_t reply;

	memset(&reply, 0xff, sizeof(reply));
	mig_reply_setup(&request, &reply.Head);
	ASSERT_EQ(reply.Head.msgh_bits, MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0));
	ASSERT_EQ(reply.Head.msgh_size, 36);
	ASSERT_EQ(reply.Head.msgh_remote_port, 0x103);
	ASSERT_EQ(reply.Head.msgh_local_port, MACH_PORT_NULL);
	ASSERT_EQ(reply.Head.msgh_voucher_port, MACH_PORT_NULL);
	ASSERT_EQ(reply.Head.msgh_id, 500);
	ASSERT_MEMEQ(&reply.NDR, &NDR_record, sizeof(NDR_record));
	ASSERT_EQ(reply.RetCode, MIG_BAD_ID);
}

TEST(an_answer_to_any_id_is_defined)
{
	mach_msg_header_t request = {.msgh_id = INT_MAX};
	mig_reply_error_t reply;

	mig_reply_setup(&request, &reply.Head);
	ASSERT_EQ(reply.Head.msgh_id, INT_MIN + 99);
}

TEST(the_ndr_record_says_what_this_machine_is)
{
	static const unsigned char little_endian[8] = {0, 0, 0, 0, 1, 0, 0, 0};
	static const unsigned int one = 1;

	if (*(const unsigned char *)&one == 1)
		ASSERT_MEMEQ(&NDR_record, little_endian, sizeof(little_endian));
	else
		ASSERT_EQ(NDR_record.int_rep, NDR_INT_BIG_ENDIAN);
}

TEST(there_are_no_vouchers)
{
	mach_msg_header_t msg = {.msgh_id = 1};
	mach_msg_header_t before = msg;

	ASSERT_FALSE(voucher_mach_msg_set(&msg));
	voucher_mach_msg_clear(&msg);
	voucher_mach_msg_revert(voucher_mach_msg_adopt(&msg));
	ASSERT_MEMEQ(&msg, &before, sizeof(msg));
	ASSERT_EQ(mach_voucher_deallocate(MACH_PORT_NULL), KERN_SUCCESS);
}
