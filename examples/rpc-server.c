/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that adds: rpc-server CLIENT [ARGUMENT ...]
 *
 * It makes a port, starts the client with a send right to it as its bootstrap port, and answers
 * requests until nobody can send any more: then the kernel says so, also when the client was
 * killed, and the no-senders notification arrives as a message like any other.
 *
 *	$ rpc-server rpc-client 40 2
 */
#include <mach/mach.h>
#include <mach/notify.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST_ADD 1000

typedef struct {
	mach_msg_header_t header;
	int32_t a, b;
} Request;

typedef struct {
	mach_msg_header_t header;
	int64_t sum;
} Reply;

static void check(kern_return_t kr, const char *what)
{
	if (kr == KERN_SUCCESS)
		return;
	fprintf(stderr, "rpc-server: %s: %s\n", what, mach_error_string(kr));
	exit(1);
}

/* A port, and a send right to it under the same name, which children inherit. */
static mach_port_t make_service(void)
{
	mach_port_t port, previous;

	check(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), "allocate");
	check(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		"insert_right");
	check(task_set_bootstrap_port(mach_task_self(), port), "set_bootstrap_port");
	check(mach_port_request_notification(mach_task_self(), port, MACH_NOTIFY_NO_SENDERS, 0,
		      port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		"request_notification");
	return port;
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	return pid;
}

static void answer(const Request *request)
{
	Reply reply = {
		.header =
			{
				/* The right to answer, which came with the request, is used up by this. */
				.msgh_bits = MACH_MSGH_BITS(
					MACH_MSGH_BITS_REMOTE(request->header.msgh_bits), 0),
				.msgh_size = sizeof(reply),
				.msgh_remote_port = request->header.msgh_remote_port,
				.msgh_id = REQUEST_ADD + 100,
			},
		.sum = (int64_t)request->a + request->b,
	};

	/* Never wait for a client: one that does not take its answer loses it. */
	if (mach_msg(&reply.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(reply), 0,
		    MACH_PORT_NULL, 0, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		mach_msg_destroy(&reply.header);
}

/* Anybody can choose this id, but only the library itself can be the sender that the trailer names. */
static int is_no_senders(const mach_no_senders_notification_t *message)
{
	return message->not_header.msgh_id == MACH_NOTIFY_NO_SENDERS &&
	       message->not_header.msgh_size == offsetof(mach_no_senders_notification_t, trailer) &&
	       !memcmp(&message->trailer.msgh_sender, &KERNEL_SECURITY_TOKEN,
		       sizeof(KERNEL_SECURITY_TOKEN));
}

/* Returns how many requests were answered. */
static unsigned serve(mach_port_t port)
{
	union {
		Request request;
		mach_no_senders_notification_t no_senders;
		uint8_t room[512];
	} in;
	const mach_msg_option_t options = MACH_RCV_MSG |
					  MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0) |
					  MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_SENDER);
	unsigned n = 0;

	for (;;) {
		check(mach_msg(&in.request.header, options, 0, sizeof(in), port,
			      MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL),
			"receive");
		if (is_no_senders(&in.no_senders))
			return n;
		if (in.request.header.msgh_id == REQUEST_ADD &&
			in.request.header.msgh_size == sizeof(Request) &&
			!(in.request.header.msgh_bits & MACH_MSGH_BITS_COMPLEX)) {
			answer(&in.request);
			n++;
		} else {
			mach_msg_destroy(&in.request.header);
		}
	}
}

int main(int argc, char **argv)
{
	mach_port_t port = make_service();
	unsigned n;
	int status;
	pid_t child;

	if (argc < 2) {
		fputs("usage: rpc-server CLIENT [ARGUMENT ...]\n", stderr);
		return 64;
	}
	child = start(argv + 1);
	/* Our own send rights would keep no-senders away: the child has its own by now. */
	check(task_set_bootstrap_port(mach_task_self(), MACH_PORT_NULL), "set_bootstrap_port");
	check(mach_port_deallocate(mach_task_self(), port), "deallocate");
	n = serve(port);
	if (waitpid(child, &status, 0) < 0)
		return 1;
	printf("rpc-server: answered %u requests; nobody is left who could send one\n", n);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
