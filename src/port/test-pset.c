/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>

#include "port/names.h"
#include "port/pset.h"
#include "port/source.h"
#include "port/test-support.h"

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

static PortName make_set(PortSet **ret)
{
	PortName name;

	ASSERT_EQ(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &name), 0);
	*ret = LOCKED(space_find(name))->set;
	return name;
}

static void append(Port *port, int32_t id)
{
	Message *m = make_message(id);

	LOCKED_DO(queue_append_take(port, m));
}

static int32_t set_pop_id(PortSet *set, Port **ret_port)
{
	Message *m = LOCKED(pset_pop(set, NULL, ret_port));
	int32_t id = m ? m->id : -1;

	LOCKED_DO(message_free(m));
	return id;
}

static bool is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

PORT_TEST(membership)
{
	PortSet *a, *b;
	Port *port;
	PortName set_a = make_set(&a), set_b = make_set(&b), name = make_receive(&port);

	ASSERT_FALSE(LOCKED(pset_is_member(a, port)));
	ASSERT_EQ(LOCKED(pset_remove(a, port)), KERN_NOT_IN_SET);
	ASSERT_FALSE(LOCKED(pset_remove_all(port)));
	ASSERT_OK(LOCKED(pset_insert(a, port)));
	ASSERT_EQ(LOCKED(pset_insert(a, port)), KERN_ALREADY_IN_SET);
	ASSERT_OK(LOCKED(pset_insert(b, port)));
	ASSERT_TRUE(LOCKED(pset_is_member(a, port)));
	ASSERT_TRUE(LOCKED(pset_is_member(b, port)));
	ASSERT_EQ(a->n_members, 1);
	LOCKED_DO(pset_remove_others(b, port));
	ASSERT_FALSE(LOCKED(pset_is_member(a, port)));
	ASSERT_TRUE(LOCKED(pset_is_member(b, port)));
	ASSERT_OK(LOCKED(pset_remove(b, port)));
	ASSERT_OK(LOCKED(pset_insert(a, port)));
	ASSERT_OK(LOCKED(pset_insert(b, port)));
	ASSERT_IN_ORDER();
	ASSERT_TRUE(LOCKED(pset_remove_all(port)));
	ASSERT_EQ(a->n_members + b->n_members, 0);
	drop(name);
	drop(set_a);
	drop(set_b);
}

PORT_TEST(a_member_that_dies_leaves)
{
	PortSet *set;
	Port *port;
	PortName set_name = make_set(&set), name = make_receive(&port);

	ASSERT_OK(LOCKED(pset_insert(set, port)));
	drop(name);
	ASSERT_EQ(set->n_members, 0);
	drop(set_name);
}

PORT_TEST(a_set_that_dies_sets_its_members_free)
{
	PortSet *set;
	Port *port;
	PortName set_name = make_set(&set), name = make_receive(&port);

	ASSERT_OK(LOCKED(pset_insert(set, port)));
	LOCKED_DO(pset_ref(set));
	drop(set_name);
	ASSERT_EQ(set->name, 0);
	ASSERT_FALSE(LOCKED(pset_remove_all(port)));
	ASSERT_NULL(LOCKED(pset_unref(set)));
	drop(name);
}

PORT_TEST(members_take_turns)
{
	PortSet *set;
	Port *ports[3], *from;
	PortName set_name = make_set(&set), names[3];

	for (int32_t i = 0; i < 3; i++) {
		names[i] = make_receive(&ports[i]);
		ASSERT_OK(LOCKED(pset_insert(set, ports[i])));
		append(ports[i], 10 * i);
		append(ports[i], 10 * i + 1);
	}
	for (int32_t i = 0; i < 6; i++) {
		ASSERT_EQ(set_pop_id(set, &from), 10 * (i % 3) + i / 3);
		ASSERT_PTR_EQ(from, ports[i % 3]);
	}
	ASSERT_EQ(set_pop_id(set, &from), -1);
	for (unsigned i = 0; i < 3; i++)
		drop(names[i]);
	drop(set_name);
}

PORT_TEST(a_set_that_is_watched)
{
	PortSet *set;
	Port *port, *from;
	PortName set_name = make_set(&set), name = make_receive(&port);

	append(port, 1);
	ASSERT_OK(LOCKED(pset_insert(set, port)));
	ASSERT_FALSE(LOCKED(pset_has_sources(set)));
	ASSERT_OK(LOCKED(pset_need_epoll(set)));
	ASSERT_OK(LOCKED(pset_need_epoll(set)));
	ASSERT_TRUE(is_readable(set->epoll_fd));
	ASSERT_EQ(set_pop_id(set, &from), 1);
	ASSERT_EQ(set_pop_id(set, &from), -1);
	ASSERT_FALSE(is_readable(set->epoll_fd));
	append(port, 2);
	ASSERT_TRUE(is_readable(set->epoll_fd));
	ASSERT_EQ(set_pop_id(set, &from), 2);
	/* A socket that comes into being is watched at once. */
	ASSERT_OK(LOCKED(backing_make(port)));
	ASSERT_TRUE(LOCKED(pset_has_sources(set)));
	(void)set_pop_id(set, &from);
	ASSERT_FALSE(is_readable(set->epoll_fd));
	LOCKED_DO(port_ref(port); port->extra->direct = 1; port_poke(port); port->extra->direct = 0;
		  port_unref(port));
	ASSERT_TRUE(is_readable(set->epoll_fd));
	drop(name);
	drop(set_name);
}

/* A member with a socket makes the set watch descriptors. */
PORT_TEST(insertion_of_a_port_with_a_socket)
{
	PortSet *set;
	Port *port;
	PortName set_name = make_set(&set), name = make_receive(&port);

	ASSERT_OK(LOCKED(backing_make(port)));
	ASSERT_OK(LOCKED(pset_insert(set, port)));
	ASSERT_GE(set->epoll_fd, 3);
	ASSERT_FD_CLOEXEC(set->epoll_fd);
	LOCKED_DO(pset_forget_threads(set));
	drop(set_name);
	drop(name);
}
