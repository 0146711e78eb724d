/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/ipcname.h"
#include "tests/lib/unit.h"

TEST(names_are_exact)
{
	ASSERT_NOT_NULL(ipcname_find("MACH_MSG_TYPE_INTEGER_32"));
	ASSERT_NULL(ipcname_find("mach_msg_type_integer_32"));
	ASSERT_NULL(ipcname_find("MACH_MSG_TYPE_INTEGER_33"));
	ASSERT_NULL(ipcname_find(""));
}

TEST(polymorphic_is_a_word)
{
	const IpcName *n = ipcname_find("Polymorphic");

	ASSERT_NOT_NULL(n);
	ASSERT_STREQ(n->text, "MACH_MSG_TYPE_POLYMORPHIC");
	ASSERT_PTR_EQ(n, ipcname_find("MACH_MSG_TYPE_POLYMORPHIC"));
	ASSERT_PTR_EQ(n, ipcname_find_number(IPC_NAME_POLYMORPHIC));
	ASSERT_TRUE(n->port);
}

TEST(rights_arrive_as_what_they_are)
{
	const IpcName *n = ipcname_find("MACH_MSG_TYPE_MAKE_SEND_ONCE");

	ASSERT_EQ(n->in, IPC_NAME_MAKE_SEND_ONCE);
	ASSERT_EQ(n->out, IPC_NAME_MOVE_SEND_ONCE);
	ASSERT_STREQ(n->out_text, "MACH_MSG_TYPE_PORT_SEND_ONCE");
	ASSERT_EQ(n->bits, 32u);
	n = ipcname_find("MACH_MSG_TYPE_COPY_SEND");
	ASSERT_EQ(n->in, IPC_NAME_COPY_SEND);
	ASSERT_EQ(n->out, IPC_NAME_MOVE_SEND);
	n = ipcname_find("MACH_MSG_TYPE_PORT_SEND");
	ASSERT_EQ(n->in, IPC_NAME_POLYMORPHIC);
	ASSERT_EQ(n->out, IPC_NAME_MOVE_SEND);
}

TEST(a_name_of_a_port_is_data)
{
	ASSERT_FALSE(ipcname_find("MACH_MSG_TYPE_PORT_NAME")->port);
	ASSERT_FALSE(ipcname_find("MACH_MSG_TYPE_REAL_64")->port);
	ASSERT_EQ(ipcname_find("MACH_MSG_TYPE_REAL_64")->bits, 64u);
}

TEST(numbers_are_found_and_written)
{
	ASSERT_STREQ(ipcname_find_number(2)->text, "MACH_MSG_TYPE_INTEGER_32");
	ASSERT_STREQ(ipcname_text(20), "MACH_MSG_TYPE_MAKE_SEND");
	ASSERT_NULL(ipcname_find_number(99));
	ASSERT_NULL(ipcname_find_number(INT64_MAX));
}
