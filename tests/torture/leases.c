/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Torture of calls, which go by leases from the second one on: as the client, and as the server. Each
 * call has one outcome, the answer or the notification that it will not come.
 */
#include "tests/torture/messages.h"

#define N_CALLS 4
#define CALLS 90
#define CALL_ID 91
#define DONE 92

static mach_port_t new_reply_port(void)
{
	mach_port_options_t options = {.flags = MPO_REPLY_PORT};
	mach_port_t port;

	CALL(mach_port_construct(SELF, &options, 0, &port));
	return port;
}

TORTURE_WITH_MIRROR(as_the_client)
{
	mach_port_t server = *(mach_port_t *)arg, reply = new_reply_port();
	Buffer buffer;

	for (int i = 0; i < N_CALLS; i++) {
		mach_msg_header_t m = make_header(server, COPY, reply, MAKE_ONCE, 80 + i);

		torture_send(&m);
		(void)torture_receive(reply, 80 + i, &buffer);
	}
	destroy(reply);
}

/* The same with a right in each direction, on the same lease. */
TORTURE_WITH_MIRROR(as_the_client_with_rights)
{
	mach_port_t server = *(mach_port_t *)arg, reply = new_reply_port(), port;
	Buffer buffer;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	for (int i = 0; i < N_CALLS; i++) {
		PortMessage m = make_port_message(server, port, MAKE_ONCE);

		m.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY, MAKE_ONCE);
		m.header.msgh_local_port = reply;
		m.header.msgh_id = 80 + i;
		torture_send(&m);
		if (torture_receive(reply, 80 + i, &buffer))
			mach_msg_destroy(&buffer.header);
	}
	while (receive_now(port, &buffer) == MACH_MSG_SUCCESS)
		mach_msg_destroy(&buffer.header);
	destroy(reply);
	destroy(port);
}

/* The request dies with the port that it waits at. */
TORTURE(as_the_client_of_nobody)
{
	mach_port_t server, reply = new_reply_port();
	Buffer buffer;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &server));
	CALL(mach_port_insert_right(SELF, server, server, MACH_MSG_TYPE_MAKE_SEND));
	{
		mach_msg_header_t m = make_header(server, COPY, reply, MAKE_ONCE, 80);

		torture_send(&m);
	}
	destroy(server);
	if (receive_now(reply, &buffer) != MACH_MSG_SUCCESS)
		ASSERT_NOT_NULL(fault_site());
	destroy(reply);
}

/* A peer that calls whom it is told to. */
static void caller_peer(PeerCtx *ctx)
{
	mach_port_t hub, own = peer_begin_with_port(ctx, &hub);
	Buffer buffer;

	for (;;) {
		mach_port_t server, reply;

		ASSERT_EQ(receive_with(own, &buffer, 0, 100000), MACH_MSG_SUCCESS);
		if (buffer.header.msgh_id != CALLS)
			break;
		server = received_port(&buffer);
		reply = new_reply_port();
		for (unsigned i = 0; i < N_CALLS; i++) {
			mach_msg_header_t m = make_header(server, COPY, reply, MAKE_ONCE, CALL_ID);

			ASSERT_EQ(send_patiently(&m, sizeof(m)), MACH_MSG_SUCCESS);
			receive_any(reply, &buffer);
			ASSERT_TRUE(buffer.header.msgh_id == CALL_ID + 100 ||
				    buffer.header.msgh_id == MACH_NOTIFY_SEND_ONCE);
		}
		tell(server, DONE);
		deallocate(server);
		destroy(reply);
	}
	destroy(own);
	EVENTUALLY(portcheck_fds() <= (int)peer_scope.n_fds);
	peer_end();
}

/* Answers until the peer has made all its calls; at most one of them may get lost. */
static void serve(mach_port_t server)
{
	unsigned n = 0;
	Buffer buffer;

	for (;;) {
		mach_msg_return_t mr = receive_with(server, &buffer, 0, PATIENCE_MS);
		mach_msg_header_t m;

		if ((mr & ~MACH_MSG_MASK) == MACH_RCV_HEADER_ERROR) {
			refused_at(HARNESS_HERE, "receiving a request", mr, true);
			continue;
		}
		if (mr != MACH_MSG_SUCCESS)
			FAIL("serving: %#x, %s call %u", mr, torture.kind, torture.n);
		if (buffer.header.msgh_id == DONE)
			break;
		n++;
		m = make_header(buffer.header.msgh_remote_port, MOVE_ONCE, MACH_PORT_NULL, 0,
			CALL_ID + 100);
		torture_send(&m);
	}
	if (n < N_CALLS)
		ASSERT_NOT_NULL(fault_site());
	ASSERT_GE(n + 1, N_CALLS);
}

static void torture_server(void *arg)
{
	mach_port_t caller = *(mach_port_t *)arg, server;
	PortMessage m;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &server));
	m = make_port_message(caller, server, MAKE);
	m.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY, 0);
	m.header.msgh_id = CALLS;
	torture_send(&m);
	serve(server);
	destroy(server);
}

TEST(as_the_server)
{
	Mirror caller;

	stage_begin(&caller.stage);
	harness_set_deadline(caller.stage.h, 100);
	(void)stage_spawn_with_port(&caller.stage, "caller", caller_peer, NULL, &caller.port);
	torture_run(torture_server, &caller.port);
	mirror_end(&caller);
}
