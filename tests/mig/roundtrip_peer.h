/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TESTS_MIG_ROUNDTRIP_PEER_H
#define PORTCULLIS_TESTS_MIG_ROUNDTRIP_PEER_H

/*
 * A server of roundtrip.defs in a process of its own, and a client, the test. play_begin() to
 * play_end() is one play: at the end both have as many names and descriptors as at the beginning,
 * and the server ends in peace.
 */

#include "tests/integration/integration.h"

#include "tests/mig/roundtrip_server.h"

#include "roundtrip.h"

#define OK(call) ASSERT_EQ((call), KERN_SUCCESS)

/* More than any request or answer has. */
#define MESSAGE_MAX 4096

typedef struct Play {
	Peer *peer;
	mach_port_t server;
	Scope scope; /* of the client, in the middle of the play */
	natural_t names, fds; /* of the server */
} Play;

/* Connections of clients' reply ports for quick answers: the server looks through them when there are
 * 64, or twice as many as there were then. */
#define KEPT_MAX 128u

static mach_port_t serve_port;

/* The request and the answer in memory that ends where they end: a sanitizer sees every byte that is
 * read behind it. The answer's has the room that mach_msg_server() gives. */
unused_ static boolean_t serve_demux(mach_msg_header_t *in, mach_msg_header_t *out)
{
	size_t size = round_msg(in->msgh_size) +
		      ((mach_msg_trailer_t *)(void *)((char *)in + round_msg(in->msgh_size)))
			      ->msgh_trailer_size;
	mach_msg_header_t *copy;
	boolean_t known;

	if (in->msgh_id == ROUNDTRIP_QUIT) {
		out->msgh_remote_port = MACH_PORT_NULL;
		OK(mach_port_mod_refs(mach_task_self(), serve_port, MACH_PORT_RIGHT_RECEIVE, -1));
		return TRUE;
	}
	copy = malloc(size);
	ASSERT_NOT_NULL(copy);
	memcpy(copy, in, size);
	known = roundtrip_server(copy, out);
	memcpy(in, copy, size);
	free(copy);
	return known;
}

/* Ends when it has no receive right any more. */
unused_ static void serve_with(PeerCtx *ctx, mach_msg_options_t options)
{
	mach_port_t hub;

	serve_port = peer_begin_with_port(ctx, &hub);
	ASSERT_EQ(mach_msg_server(serve_demux, MESSAGE_MAX, serve_port, options),
		MACH_RCV_INVALID_NAME);
	ASSERT_EQ(count_names(), peer_scope.n_names);
	wait_for_closes();
	EVENTUALLY(count_fds() <= peer_scope.n_fds + KEPT_MAX);
}

unused_ static void serve(PeerCtx *ctx)
{
	serve_with(ctx, AUDIT_TRAILER | MACH_RCV_LARGE);
}

unused_ static void play_settle(Play *p)
{
	natural_t names, fds, lit;
	uint64_t end = now_ms() + PATIENCE_MS;

	wait_for_closes();
	do {
		OK(call_census(p->server, &names, &fds, &lit));
		ASSERT_EQ(lit, 0);
	} while ((names != p->names || fds > p->fds + KEPT_MAX || count_fds() > p->scope.n_fds) &&
		 now_ms() < end);
	ASSERT_EQ(names, p->names);
	ASSERT_LE(fds, p->fds + KEPT_MAX);
	ASSERT_EQ(count_names(), p->scope.n_names);
	ASSERT_LE(count_fds(), p->scope.n_fds);
}

/* All that either side keeps from its first calls on is there. */
unused_ static Play play_begin_as(Stage *s, PeerFn fn)
{
	Play p = {0};
	natural_t lit;

	p.peer = stage_spawn_with_port(s, "server", fn, NULL, &p.server);
	for (int i = 0; i < 20; i++)
		OK(call_nothing(p.server));
	OK(call_census(p.server, &p.names, &p.fds, &lit));
	p.scope = scope_begin();
	OK(call_census(p.server, &p.names, &p.fds, &lit));
	return p;
}

#define play_begin(s) play_begin_as((s), serve)

unused_ static void play_leave(Play *p)
{
	deallocate(p->server);
	mig_dealloc_reply_port(mig_get_reply_port());
}

unused_ static void play_end(Play *p)
{
	play_settle(p);
	tell(p->server, ROUNDTRIP_QUIT);
	harness_expect_exit(p->peer, 0);
	play_leave(p);
}

#endif
