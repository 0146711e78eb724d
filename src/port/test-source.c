/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "port/answer.h"
#include "port/connect.h"
#include "port/names.h"
#include "port/pset.h"
#include "port/receive.h"
#include "port/source.h"
#include "port/test-support.h"

static uint64_t next_event(int epoll_fd)
{
	struct epoll_event event = {.data.u64 = 0};

	return epoll_wait(epoll_fd, &event, 1, 0) == 1 ? event.data.u64 : 0;
}

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

PORT_TEST(an_event_names_an_id)
{
	int epoll_fd = ASSERT_SYS(epoll_create1(EPOLL_CLOEXEC));
	Source source = SOURCE_INIT(SOURCE_EVENT, ASSERT_SYS(eventfd(1, EFD_CLOEXEC)), NULL);
	uint64_t id;

	ASSERT_EQ(source.id, 0);
	ASSERT_OK(LOCKED(source_add(&source, epoll_fd)));
	id = source.id;
	ASSERT_NE(id, 0);
	/* Twice does no harm. */
	ASSERT_OK(LOCKED(source_add(&source, epoll_fd)));
	ASSERT_EQ(next_event(epoll_fd), id);
	ASSERT_PTR_EQ(LOCKED(source_find(id)), &source);
	LOCKED_DO(source_remove(&source, epoll_fd));
	ASSERT_EQ(next_event(epoll_fd), 0);
	LOCKED_DO(source_deinit(&source));
	ASSERT_NULL(LOCKED(source_find(id)));
	LOCKED_DO(source_deinit(&source));
	ASSERT_LT(LOCKED(source_add(&source, -1)), 0);
	LOCKED_DO(source_deinit(&source));
	close(source.fd);
	close(epoll_fd);
}

/* All that a port can be heard on is in its epoll set and in those of its sets. */
PORT_TEST(a_port_publishes_what_it_gets)
{
	Port *port;
	PortName name = make_receive(&port), set_name;
	int far, mine;
	PortSet *set;
	Answer *answer;

	ASSERT_EQ(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set_name), 0);
	set = LOCKED(space_find(set_name))->set;
	ASSERT_OK(LOCKED(pset_insert(set, port)));
	ASSERT_OK(LOCKED(receive_need_epoll(port)));
	mine = port->extra->epoll_fd;
	ASSERT_EQ(next_event(mine), 0);
	LOCKED_DO(port->sorights++);
	ASSERT_OK(LOCKED(answer_make(port, &answer, &far)));
	ASSERT_NE(answer->source.id, 0);
	close(far);
	ASSERT_EQ(next_event(mine), answer->source.id);
	ASSERT_PTR_EQ(LOCKED(source_find(answer->source.id))->answer, answer);
	LOCKED_DO(answer_free(answer));
	ASSERT_EQ(next_event(mine), 0);
	ASSERT_OK(LOCKED(backing_make(port)));
	LOCKED_DO(queue_event(port, false)); /* whoever sleeps was to look again */
	connect_poke(port->backing->addr);
	ASSERT_EQ(LOCKED(source_find(next_event(mine)))->kind, SOURCE_SOCKET);
	/* Out of the set again. */
	ASSERT_OK(LOCKED(pset_remove(set, port)));
	LOCKED_DO(source_remove_port(port, mine); queue_event(port, false));
	ASSERT_EQ(next_event(mine), 0);
	drop(name);
	drop(set_name);
}

/* A port that is in a set before anything was watched. */
PORT_TEST(a_set_starts_to_watch_when_it_must)
{
	Port *port;
	PortName name = make_receive(&port), set_name;
	PortSet *set;

	ASSERT_EQ(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set_name), 0);
	set = LOCKED(space_find(set_name))->set;
	ASSERT_OK(LOCKED(pset_insert(set, port)));
	ASSERT_LT(set->epoll_fd, 0);
	ASSERT_OK(LOCKED(backing_make(port)));
	ASSERT_GE(set->epoll_fd, 3);
	connect_poke(port->backing->addr);
	/* The set's own event came first, to have its threads look. */
	ASSERT_NE(next_event(set->epoll_fd), 0);
	drop(name);
	drop(set_name);
}

PORT_TEST(nothing_is_free_to_end)
{
	ASSERT_NULL(LOCKED(source_free(NULL)));
}
