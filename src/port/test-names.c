/* SPDX-License-Identifier: Apache-2.0 */
#include <mach/notify.h>

#include "port/names.h"
#include "port/pset.h"
#include "port/test-support.h"

#define SEND MACH_PORT_RIGHT_SEND
#define RECEIVE MACH_PORT_RIGHT_RECEIVE
#define SEND_ONCE MACH_PORT_RIGHT_SEND_ONCE
#define PORT_SET MACH_PORT_RIGHT_PORT_SET
#define DEAD_NAME MACH_PORT_RIGHT_DEAD_NAME
#define NOBODY 0x7654303u

static PortName make_set(void)
{
	PortName name;

	ASSERT_EQ(mach_port_allocate(mach_task_self(), PORT_SET, &name), 0);
	return name;
}

static PortName make_dead(unsigned urefs)
{
	PortName name;

	ASSERT_EQ(mach_port_allocate(mach_task_self(), DEAD_NAME, &name), 0);
	ASSERT_OK(LOCKED(name_mod_refs(name, DEAD_NAME, (int)urefs - 1)));
	return name;
}

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
	ASSERT_EQ(type_of(name), 0);
}

PORT_TEST(deallocate)
{
	PortName name = make_receive(NULL), once;

	ASSERT_EQ(LOCKED(name_deallocate(NOBODY)), KERN_INVALID_NAME);
	ASSERT_EQ(LOCKED(name_deallocate(name)), KERN_INVALID_RIGHT);
	add_send(name, 2);
	ASSERT_OK(LOCKED(name_deallocate(name)));
	ASSERT_EQ(urefs_of(name), 1);
	ASSERT_OK(LOCKED(name_deallocate(name)));
	ASSERT_EQ(type_of(name), ENTRY_RECEIVE);
	once = make_once(name);
	ASSERT_OK(LOCKED(name_deallocate(once)));
	ASSERT_EQ(type_of(once), 0);
	/* It notified. */
	ASSERT_EQ(pop_id(LOCKED(space_find(name))->port), MACH_NOTIFY_SEND_ONCE);
	drop(name);
	name = make_dead(2);
	ASSERT_OK(LOCKED(name_deallocate(name)));
	ASSERT_EQ(urefs_of(name), 1);
	ASSERT_OK(LOCKED(name_deallocate(name)));
	ASSERT_EQ(type_of(name), 0);
	name = make_set();
	ASSERT_EQ(LOCKED(name_deallocate(name)), KERN_INVALID_RIGHT);
	drop(name);
}

PORT_TEST(destroy)
{
	Port *port;
	PortName receive = make_receive(&port), once = make_once(receive);

	ASSERT_EQ(LOCKED(name_destroy(NOBODY)), KERN_INVALID_NAME);
	drop(once);
	add_send(receive, 3);
	port->flags |= PORT_F_GUARDED;
	ASSERT_EQ(LOCKED(name_destroy(receive)), KERN_INVALID_RIGHT);
	port->flags &= (uint16_t)~PORT_F_GUARDED;
	/* All of it goes, and no dead name stays for the send right. */
	drop(receive);
	drop(make_set());
	drop(make_dead(7));
}

PORT_TEST(send_rights_of_a_dead_port)
{
	PortName receive = make_receive(NULL);

	add_send(receive, 4);
	ASSERT_OK(LOCKED(name_mod_refs(receive, RECEIVE, -1)));
	ASSERT_EQ(type_of(receive), ENTRY_DEAD_NAME);
	ASSERT_EQ(urefs_of(receive), 4);
	ASSERT_OK(LOCKED(name_mod_refs(receive, DEAD_NAME, -4)));
	ASSERT_EQ(type_of(receive), 0);
}

PORT_TEST(mod_refs_codes)
{
	PortName receive = make_receive(NULL), set = make_set(), once = make_once(receive);

	ASSERT_EQ(LOCKED(name_mod_refs(receive, MACH_PORT_RIGHT_NUMBER, 0)), KERN_INVALID_VALUE);
	ASSERT_EQ(LOCKED(name_mod_refs(NOBODY, SEND, 1)), KERN_INVALID_NAME);
	ASSERT_EQ(LOCKED(name_mod_refs(receive, SEND, 1)), KERN_INVALID_RIGHT);
	ASSERT_EQ(LOCKED(name_mod_refs(receive, RECEIVE, 1)), KERN_INVALID_VALUE);
	ASSERT_EQ(LOCKED(name_mod_refs(receive, RECEIVE, -2)), KERN_INVALID_VALUE);
	ASSERT_OK(LOCKED(name_mod_refs(receive, RECEIVE, 0)));
	ASSERT_EQ(LOCKED(name_mod_refs(set, PORT_SET, 1)), KERN_INVALID_VALUE);
	ASSERT_EQ(LOCKED(name_mod_refs(once, SEND_ONCE, 1)), KERN_INVALID_VALUE);
	ASSERT_OK(LOCKED(name_mod_refs(once, SEND_ONCE, -1)));
	ASSERT_OK(LOCKED(name_mod_refs(set, PORT_SET, -1)));
	ASSERT_OK(LOCKED(name_mod_refs(receive, RECEIVE, -1)));
	ASSERT_EQ(type_of(once), 0);
	ASSERT_EQ(type_of(set), 0);
	ASSERT_EQ(type_of(receive), 0);
}

PORT_TEST(mod_refs_counts)
{
	PortName name = make_receive(NULL);

	add_send(name, 1);
	ASSERT_OK(LOCKED(name_mod_refs(name, SEND, 99)));
	ASSERT_EQ(urefs_of(name), 100);
	ASSERT_EQ(LOCKED(name_mod_refs(name, SEND, -101)), KERN_INVALID_VALUE);
	ASSERT_OK(LOCKED(name_mod_refs(name, SEND, -99)));
	ASSERT_EQ(urefs_of(name), 1);
	ASSERT_OK(LOCKED(name_mod_refs(name, SEND, 70000)));
	ASSERT_EQ(urefs_of(name), SPACE_UREFS_MAX);
	/* Stuck, but for dropping all at once. */
	ASSERT_OK(LOCKED(name_mod_refs(name, SEND, -5)));
	ASSERT_EQ(urefs_of(name), SPACE_UREFS_MAX);
	ASSERT_OK(LOCKED(name_mod_refs(name, SEND, -(int)SPACE_UREFS_MAX)));
	ASSERT_EQ(type_of(name), ENTRY_RECEIVE);
	drop(name);
}

PORT_TEST(guards_hold_against_mod_refs)
{
	Port *port;
	PortName name = make_receive(&port);

	port->flags |= PORT_F_GUARDED;
	ASSERT_EQ(LOCKED(name_mod_refs(name, RECEIVE, -1)), KERN_INVALID_RIGHT);
	port->flags &= (uint16_t)~PORT_F_GUARDED;
	drop(name);
}

PORT_TEST(get_refs)
{
	PortName receive = make_receive(NULL), set = make_set(), dead = make_dead(9);
	PortName once = make_once(receive);
	uint32_t refs = 77;

	ASSERT_EQ(LOCKED(name_get_refs(receive, 6, &refs)), KERN_INVALID_VALUE);
	ASSERT_EQ(LOCKED(name_get_refs(NOBODY, SEND, &refs)), KERN_INVALID_NAME);
	ASSERT_EQ(refs, 77);
	ASSERT_OK(LOCKED(name_get_refs(receive, SEND, &refs)));
	ASSERT_EQ(refs, 0);
	ASSERT_OK(LOCKED(name_get_refs(receive, RECEIVE, &refs)));
	ASSERT_EQ(refs, 1);
	ASSERT_OK(LOCKED(name_get_refs(once, SEND_ONCE, &refs)));
	ASSERT_EQ(refs, 1);
	ASSERT_OK(LOCKED(name_get_refs(set, PORT_SET, &refs)));
	ASSERT_EQ(refs, 1);
	ASSERT_OK(LOCKED(name_get_refs(dead, DEAD_NAME, &refs)));
	ASSERT_EQ(refs, 9);
	drop(once);
	drop(receive);
	drop(set);
	drop(dead);
}

PORT_TEST(insert_right)
{
	PortName receive = make_receive(NULL), other = make_receive(NULL);
	const PortName chosen = 0x5432103, taken = make_dead(1);

	/* A send right has the receive right's name, and no other. */
	ASSERT_EQ(LOCKED(name_insert_right(chosen, receive, MACH_MSG_TYPE_MAKE_SEND)),
		KERN_RIGHT_EXISTS);
	ASSERT_OK(LOCKED(name_insert_right(receive, receive, MACH_MSG_TYPE_MAKE_SEND)));
	ASSERT_EQ(urefs_of(receive), 1);
	/* A send-once right has one of its own. */
	ASSERT_EQ(LOCKED(name_insert_right(taken, receive, MACH_MSG_TYPE_MAKE_SEND_ONCE)),
		KERN_NAME_EXISTS);
	ASSERT_OK(LOCKED(name_insert_right(chosen, receive, MACH_MSG_TYPE_MAKE_SEND_ONCE)));
	ASSERT_EQ(type_of(chosen), ENTRY_SEND_ONCE);
	ASSERT_EQ(LOCKED(name_insert_right(chosen + 4, NOBODY, MACH_MSG_TYPE_MAKE_SEND)),
		KERN_INVALID_NAME);
	ASSERT_EQ(LOCKED(name_insert_right(chosen + 4, taken, MACH_MSG_TYPE_MAKE_SEND)),
		KERN_INVALID_RIGHT);
	/* Renamed: moved out of one name, into another. */
	ASSERT_OK(LOCKED(name_insert_right(chosen + 0x100, other, MACH_MSG_TYPE_MOVE_RECEIVE)));
	ASSERT_EQ(type_of(other), 0);
	ASSERT_EQ(type_of(chosen + 0x100), ENTRY_RECEIVE);
	drop(chosen);
	drop(chosen + 0x100);
	drop(taken);
	drop(receive);
}

PORT_TEST(destruct)
{
	Port *port;
	PortName name = make_receive(&port), set = make_set();

	ASSERT_EQ(LOCKED(name_destruct(NOBODY, 0, 0)), KERN_INVALID_NAME);
	ASSERT_EQ(LOCKED(name_destruct(set, 0, 0)), KERN_INVALID_RIGHT);
	ASSERT_EQ(LOCKED(name_destruct(name, 1, 0)), KERN_INVALID_VALUE);
	ASSERT_EQ(LOCKED(name_destruct(name, -1, 0)), KERN_INVALID_RIGHT);
	add_send(name, 3);
	ASSERT_EQ(LOCKED(name_destruct(name, -4, 0)), KERN_INVALID_VALUE);
	port->flags |= PORT_F_GUARDED;
	port->context = 12;
	ASSERT_EQ(LOCKED(name_destruct(name, -2, 13)), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(urefs_of(name), 3);
	ASSERT_OK(LOCKED(name_destruct(name, -2, 12)));
	ASSERT_EQ(type_of(name), ENTRY_DEAD_NAME);
	ASSERT_EQ(urefs_of(name), 1);
	drop(name);
	name = make_receive(NULL);
	add_send(name, 1);
	ASSERT_OK(LOCKED(name_destruct(name, -1, 0)));
	ASSERT_EQ(type_of(name), 0);
	drop(set);
}

PORT_TEST(rights_of_a_remote_port)
{
	Remote remote = remote_make();
	PortName name = remote_name(&remote);

	ASSERT_EQ(type_of(name), ENTRY_SEND);
	ASSERT_OK(LOCKED(name_mod_refs(name, SEND, 2)));
	ASSERT_OK(LOCKED(name_deallocate(name)));
	ASSERT_EQ(urefs_of(name), 2);
	/* Another right to it comes under the same name. */
	ASSERT_EQ(remote_name(&remote), name);
	ASSERT_EQ(urefs_of(name), 3);
	drop(name);
	remote_free(&remote);
}
