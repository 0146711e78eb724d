/* SPDX-License-Identifier: Apache-2.0 */
/* mach_port_construct: the flags MPO_*. Those of reply ports are in reply_ports.c. */
#include "tests/conformance/conformance.h"

#define CONTEXT 0x55aa55aa12345678u

static mach_port_t construct(unsigned flags, mach_port_context_t context)
{
	mach_port_options_t options = {.flags = flags};
	mach_port_t name = MACH_PORT_NULL;

	ASSERT_EQ(mach_port_construct(SELF, &options, context, &name), KERN_SUCCESS);
	ASSERT_TRUE(MACH_PORT_VALID(name));
	return name;
}

static mach_port_context_t context_of(mach_port_t name)
{
	mach_port_context_t context = 99;

	ASSERT_EQ(mach_port_get_context(SELF, name, &context), KERN_SUCCESS);
	return context;
}

RULE(no_flags_make_a_bare_receive_right)
{
	mach_port_t port = construct(0, 0);

	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(status_of(port).mps_flags, 0);
	ASSERT_EQ(status_of(port).mps_qlimit, MACH_PORT_QLIMIT_DEFAULT);
	ASSERT_EQ(context_of(port), 0);
	drop_receive(port);
}

RULE(context_is_set)
{
	mach_port_t port = construct(0, CONTEXT);

	ASSERT_EQ(context_of(port), CONTEXT);
	ASSERT_EQ(status_of(port).mps_flags, 0);
	drop_receive(port);
}

RULE(context_as_guard_guards)
{
	mach_port_t port = construct(MPO_CONTEXT_AS_GUARD, CONTEXT);

	ASSERT_EQ(status_of(port).mps_flags, MACH_PORT_STATUS_FLAG_GUARDED);
	ASSERT_EQ(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_INVALID_RIGHT);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, 0), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, CONTEXT), KERN_SUCCESS);
}

RULE(strict_guards_strictly)
{
	mach_port_t port = construct(MPO_CONTEXT_AS_GUARD | MPO_STRICT, CONTEXT);

	ASSERT_EQ(status_of(port).mps_flags,
		MACH_PORT_STATUS_FLAG_GUARDED | MACH_PORT_STATUS_FLAG_STRICT_GUARD);
	ASSERT_EQ(context_of(port), 0);
	ASSERT_EQ(mach_port_set_context(SELF, port, 1), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, CONTEXT), KERN_SUCCESS);
}

RULE(qlimit_sets_the_limit)
{
	static const unsigned limits[] = {0, 1, 16, 1024};

	for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		mach_port_options_t options = {
			.flags = MPO_QLIMIT, .mpl = {.mpl_qlimit = limits[i]}};
		mach_port_t port = MACH_PORT_NULL;

		ASSERT_EQ(mach_port_construct(SELF, &options, 0, &port), KERN_SUCCESS);
		ASSERT_EQ(status_of(port).mps_qlimit, limits[i]);
		drop_receive(port);
	}
}

RULE(limit_without_its_flag_is_ignored)
{
	mach_port_options_t options = {.mpl = {.mpl_qlimit = 100}};
	mach_port_t port = MACH_PORT_NULL;

	ASSERT_EQ(mach_port_construct(SELF, &options, 0, &port), KERN_SUCCESS);
	ASSERT_EQ(status_of(port).mps_qlimit, MACH_PORT_QLIMIT_DEFAULT);
	drop_receive(port);
}

RULE(qlimit_above_1024_is_invalid_value)
{
	mach_port_options_t options = {.flags = MPO_QLIMIT, .mpl = {.mpl_qlimit = 1025}};
	mach_port_t port = 0xdead;

	ASSERT_EQ(mach_port_construct(SELF, &options, 0, &port), KERN_INVALID_VALUE);
	ASSERT_EQ(port, 0xdead);
}

RULE(insert_send_right_makes_one)
{
	mach_port_t port = construct(MPO_INSERT_SEND_RIGHT, 0);

	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(port), 1);
	ASSERT_EQ(status_of(port).mps_mscount, 1);
	ASSERT_EQ(status_of(port).mps_srights, TRUE);
	ASSERT_EQ(send_empty(port, MACH_MSG_TYPE_COPY_SEND, 4), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(port), 4);
	ASSERT_EQ(mach_port_destruct(SELF, port, -1, 0), KERN_SUCCESS);
}

RULE(immovable_receive_right_stays)
{
	mach_port_t port = construct(MPO_IMMOVABLE_RECEIVE, 0), to = make_receive(), right;
	mach_msg_type_name_t kind;

	ASSERT_EQ(send_port(to, port, MACH_MSG_TYPE_MOVE_RECEIVE), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(mach_port_extract_right(SELF, port, MACH_MSG_TYPE_MOVE_RECEIVE, &right, &kind),
		KERN_INVALID_CAPABILITY);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	drop_receive(port);
	drop_receive(to);
}

RULE(temporary_owner_is_told_by_the_flags)
{
	mach_port_t port = construct(MPO_TEMPOWNER, 0);

	ASSERT_TRUE(status_of(port).mps_flags & MACH_PORT_STATUS_FLAG_TEMPOWNER);
	drop_receive(port);
}

RULE(flags_without_effect_are_accepted)
{
	mach_port_t port = construct(
		MPO_IMPORTANCE_RECEIVER | MPO_DENAP_RECEIVER | MPO_FILTER_MSG | MPO_QLIMIT, 0);

	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(status_of(port).mps_qlimit, 0);
	drop_receive(port);
}

RULE(unknown_flags_are_refused)
{
	mach_port_options_t options = {.flags = 0x40000000};
	mach_port_t port = 0xdead;
	kern_return_t kr = mach_port_construct(SELF, &options, 0, &port);

	ASSERT_TRUE(kr == KERN_INVALID_VALUE || kr == KERN_INVALID_ARGUMENT);
	ASSERT_EQ(port, 0xdead);
}

RULE(all_at_once_work_together)
{
	mach_port_options_t options = {.flags = MPO_CONTEXT_AS_GUARD | MPO_STRICT | MPO_QLIMIT |
						MPO_INSERT_SEND_RIGHT | MPO_IMMOVABLE_RECEIVE,
		.mpl = {.mpl_qlimit = 3}};
	mach_port_t port = MACH_PORT_NULL;
	mach_port_status_t status;

	ASSERT_EQ(mach_port_construct(SELF, &options, CONTEXT, &port), KERN_SUCCESS);
	status = status_of(port);
	ASSERT_EQ(status.mps_qlimit, 3);
	ASSERT_EQ(status.mps_srights, TRUE);
	ASSERT_EQ(status.mps_flags & 7,
		MACH_PORT_STATUS_FLAG_GUARDED | MACH_PORT_STATUS_FLAG_STRICT_GUARD);
	ASSERT_EQ(mach_port_destruct(SELF, port, -1, CONTEXT), KERN_SUCCESS);
}
