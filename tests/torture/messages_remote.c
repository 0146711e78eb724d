/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Torture of messages to another process and back from it: descriptors are sent and arrive.
 */
#include "tests/torture/messages.h"

#define TO_AND_FRO(name, step)                                                                     \
	TORTURE_WITH_MIRROR(name)                                                                  \
	{                                                                                          \
		Route route_ = route_begin(arg), *route = &route_;                                 \
		step;                                                                              \
		route_end(route);                                                                  \
	}

TO_AND_FRO(bytes, pass_bytes(route))
TO_AND_FRO(a_made_send_right, pass_port(route, MAKE))
TO_AND_FRO(a_copied_send_right, pass_port(route, COPY))
TO_AND_FRO(a_moved_send_right, pass_port(route, MOVE))
TO_AND_FRO(a_send_once_right, pass_port(route, MAKE_ONCE))
TO_AND_FRO(a_receive_right, pass_port(route, MOVE_RECEIVE))
TO_AND_FRO(a_guarded_receive_right, pass_guarded(route))
TO_AND_FRO(little_memory, pass_memory(route, 100, false))
TO_AND_FRO(memory_given_away, pass_memory(route, BIG, true))
TO_AND_FRO(memory_copied, pass_memory(route, BIG, false))
TO_AND_FRO(an_array_of_send_rights, pass_ports(route, 20, MAKE))
TO_AND_FRO(an_array_of_send_once_rights, pass_ports(route, 20, MAKE_ONCE))
TO_AND_FRO(an_array_that_needs_a_carrier, pass_ports(route, MANY, MAKE))
