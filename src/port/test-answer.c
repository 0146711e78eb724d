/* SPDX-License-Identifier: Apache-2.0 */
#include "port/answer.h"
#include "port/names.h"
#include "port/test-support.h"
#include "tests/lib/fault.h"

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

/* With the send-once right that it stands for. */
static int make(Port *port, Answer **ret, int *ret_far)
{
	int r;

	task_lock();
	r = answer_make(port, ret, ret_far);
	if (!r)
		port->sorights++;
	task_unlock();
	return r;
}

static bool has_ended(int fd)
{
	char byte;

	(void)reaper_wait(WAIT_MS);
	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

PORT_TEST(both_ends)
{
	Port *port;
	PortName name = make_receive(&port);
	int far, on = 0;
	socklen_t len = sizeof(on);
	Answer *answer;

	ASSERT_OK(make(port, &answer, &far));
	ASSERT_FD_CLOEXEC(answer->fd);
	ASSERT_FD_CLOEXEC(far);
	ASSERT_SYS(getsockopt(answer->fd, SOL_SOCKET, SO_PASSCRED, &on, &len));
	ASSERT_EQ(on, 1);
	ASSERT_EQ(port->extra->n_answers, 1);
	ASSERT_FALSE(answer->foreign);
	ASSERT_PTR_EQ(LOCKED(answer_find(port, answer->serial)), answer);
	ASSERT_NULL(LOCKED(answer_find(port, answer->serial + 1)));
	ASSERT_NULL(LOCKED(answer_free(answer)));
	ASSERT_EQ(port->extra->n_answers, 0);
	ASSERT_EQ(port->sorights, 0);
	ASSERT_TRUE(has_ended(far));
	ASSERT_NULL(answer_free(NULL));
	close(far);
	drop(name);
}

PORT_TEST(a_reader_is_interrupted)
{
	Port *port;
	PortName name = make_receive(&port);
	Answer *answer;
	char byte;
	int far;

	ASSERT_OK(make(port, &answer, &far));
	LOCKED_DO(answer_interrupt(answer));
	/* The end, although the other one is open: and whoever sends there is told. */
	ASSERT_EQ(recv(answer->fd, &byte, 1, 0), 0);
	ASSERT_EQ(send(far, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT), -1);
	LOCKED_DO(answer_free(answer));
	close(far);
	drop(name);
}

PORT_TEST(one_that_came_with_a_receive_right)
{
	Port *port;
	PortName name = make_receive(&port);
	int pair[2], on = 0;
	socklen_t len = sizeof(on);
	Answer *answer;

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	LOCKED_DO(port->sorights++);
	ASSERT_OK(LOCKED(answer_adopt_take(port, pair[0], &answer)));
	ASSERT_TRUE(answer->foreign);
	ASSERT_SYS(getsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, &len));
	ASSERT_EQ(on, 1);
	/* It is the notification, as soon as nobody can answer any more. */
	close(pair[1]);
	LOCKED_DO(answer_free(answer));
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_FD_CLOSED(pair[0]);
	drop(name);
}

static void make_or_not(void *arg)
{
	Port *port = arg;
	unsigned n_before = port->extra ? port->extra->n_answers : 0, sorights = port->sorights;
	int far = -EBADF, r;
	Answer *answer = NULL;

	r = make(port, &answer, &far);
	if (r) {
		ASSERT_TRUE(r < 0 || r == KERN_RESOURCE_SHORTAGE);
		ASSERT_NULL(answer);
		ASSERT_EQ(far, -EBADF);
	} else {
		LOCKED_DO(answer_free(answer));
		fd_close(far);
	}
	ASSERT_EQ(port->extra ? port->extra->n_answers : 0, n_before);
	ASSERT_EQ(port->sorights, sorights);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

static void make_on_a_new_port(void *arg)
{
	Port *port;
	PortName name;

	fault_pause();
	name = make_receive(&port);
	fault_resume();
	make_or_not(port);
	fault_pause();
	drop(name);
	fault_resume();
	(void)arg;
}

PORT_TEST(want_of_something)
{
	ASSERT_GE(fault_run_kinds(make_on_a_new_port, NULL), 3);
}

/* In a set that threads wait for: the answer has to be made known there. */
PORT_TEST(want_of_something_in_a_set)
{
	mach_port_t self = mach_task_self();
	PortName set, name;
	mach_msg_header_t msg;
	Answer *answer;
	Port *port;
	int far;

	name = make_receive(&port);
	ASSERT_EQ(mach_port_allocate(self, MACH_PORT_RIGHT_PORT_SET, &set), 0);
	ASSERT_EQ(mach_port_insert_member(self, name, set), 0);
	ASSERT_OK(make(port, &answer, &far));
	ASSERT_EQ(mach_msg(&msg, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(msg), set, 0, 0),
		MACH_RCV_TIMED_OUT);
	ASSERT_GE(fault_run_kinds(make_or_not, port), 3);
	LOCKED_DO(answer_free(answer));
	close(far);
	drop(set);
	drop(name);
}

static void adopt_or_not(void *arg)
{
	Port *port = arg;
	Answer *answer;
	int pair[2], r;

	fault_pause();
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	fault_resume();
	task_lock();
	r = answer_adopt_take(port, pair[0], &answer);
	if (!r) {
		port->sorights++;
		answer_free(answer);
	}
	task_unlock();
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	if (r) /* ours still */
		close(pair[0]);
	ASSERT_FD_CLOSED(pair[0]);
	close(pair[1]);
}

PORT_TEST(adopted_without_memory)
{
	Port *port;
	PortName name = make_receive(&port);

	ASSERT_GE(fault_run_all(FAULT_MALLOC, adopt_or_not, port), 1);
	drop(name);
}
