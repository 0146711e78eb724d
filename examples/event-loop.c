/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port in an event loop: portcullis_port_fd() gives a descriptor that polls readable while a
 * message waits, so that a port is served beside sockets, timers and children. Here: a child sends
 * some messages and ends, and poll() watches both the port and the child.
 *
 * The descriptor may be readable when there is nothing for us (a malformed message was refused,
 * say): so receive with a time-out of 0 until nothing is left, and go back to the loop.
 */
#include <mach/mach.h>
#include <poll.h>
#include <portcullis/port.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_MESSAGES 20

static void check(kern_return_t kr, const char *what)
{
	if (kr == KERN_SUCCESS)
		return;
	fprintf(stderr, "event-loop: %s: %s\n", what, mach_error_string(kr));
	exit(1);
}

static void send_number(mach_port_t port, int number)
{
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_size = sizeof(message),
		.msgh_remote_port = port,
		.msgh_id = number,
	};

	check(mach_msg(&message, MACH_SEND_MSG, sizeof(message), 0, MACH_PORT_NULL,
		      MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL),
		"send");
}

/* Takes all that waits; returns how much that was. */
static int drain(mach_port_t port, int expected)
{
	mach_msg_empty_rcv_t message;
	int n = 0;

	for (;;) {
		mach_msg_return_t r = mach_msg(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
			sizeof(message), port, 0, MACH_PORT_NULL);

		if (r == MACH_RCV_TIMED_OUT)
			return n;
		check(r, "receive");
		if (message.header.msgh_id != expected + n) {
			fprintf(stderr, "event-loop: out of order: %d\n", message.header.msgh_id);
			exit(1);
		}
		n++;
	}
}

static pid_t start_sender(mach_port_t port)
{
	pid_t child;

	/* Children start with their bootstrap port, and no other right of ours. */
	check(task_set_bootstrap_port(mach_task_self(), port), "set_bootstrap_port");
	child = fork();
	if (child == 0) {
		for (int i = 0; i < N_MESSAGES; i++)
			send_number(bootstrap_port, i);
		_exit(0);
	}
	return child;
}

int main(void)
{
	struct pollfd polls[2];
	mach_port_t port;
	int n = 0, wakeups = 0, status;
	pid_t child;

	check(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), "allocate");
	check(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		"insert_right");
	child = start_sender(port);
	polls[0] = (struct pollfd){.fd = portcullis_port_fd(port), .events = POLLIN};
	polls[1] = (struct pollfd){.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
	if (child < 0 || polls[0].fd < 0 || polls[1].fd < 0) {
		perror("event-loop");
		return 1;
	}
	for (;;) {
		if (poll(polls, 2, -1) < 0)
			return 1;
		wakeups++;
		if (polls[0].revents)
			n += drain(port, n);
		else if (polls[1].revents) /* nothing waits, and nobody is left to send */
			break;
	}
	close(polls[0].fd);
	close(polls[1].fd);
	if (waitpid(child, &status, 0) < 0 || status != 0)
		return 1;
	printf("event-loop: %d messages in %d wake-ups, then the end of the child\n", n, wakeups);
	return n == N_MESSAGES ? 0 : 1;
}
