/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mach_msg_server(): receive, let the demultiplexer fill in the answer, send it. Buffers are
 * max_size plus the largest trailer; with MACH_RCV_LARGE they grow to what comes.
 */
#include <stdbool.h>
#include <stdlib.h>

#include <mach/mach.h>

#include "base/cleanup.h"

typedef boolean_t (*Demux)(mach_msg_header_t *, mach_msg_header_t *);

typedef struct Server {
	Demux demux;
	mach_port_t port;
	mach_msg_options_t options;
	mach_msg_size_t max_size; /* of an answer */
	mach_msg_size_t room; /* of the request buffer */
	mach_msg_header_t *request;
	mig_reply_error_t *reply;
} Server;

static void server_deinit(Server *s)
{
	free(s->request);
	free(s->reply);
}

static kern_return_t server_init(Server *s)
{
	s->room = round_msg(s->max_size + MAX_TRAILER_SIZE);
	s->request = calloc(1, s->room);
	s->reply = calloc(1, s->room < sizeof(*s->reply) ? sizeof(*s->reply) : s->room);
	return s->request && s->reply ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
}

static mach_msg_return_t server_grow(Server *s)
{
	mach_msg_size_t room = round_msg(s->request->msgh_size + MAX_TRAILER_SIZE);
	mach_msg_header_t *bigger = realloc(s->request, room);

	if (!bigger)
		return KERN_RESOURCE_SHORTAGE;
	s->request = bigger;
	s->room = room;
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t server_receive(Server *s)
{
	mach_msg_return_t r;

	for (;;) {
		r = mach_msg(s->request, MACH_RCV_MSG | s->options, 0, s->room, s->port,
			MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
		if (r != MACH_RCV_TOO_LARGE || !(s->options & MACH_RCV_LARGE))
			return r;
		r = server_grow(s);
		if (r)
			return r;
	}
}

/* Whether there is an answer to send. */
static bool server_demux(Server *s)
{
	mach_msg_header_t *request = s->request;
	mig_reply_error_t *reply = s->reply;

	reply->Head.msgh_bits = 0;
	reply->RetCode = KERN_SUCCESS;
	(void)s->demux(request, &reply->Head);
	if (!(reply->Head.msgh_bits & MACH_MSGH_BITS_COMPLEX)) {
		if (reply->RetCode == MIG_NO_REPLY) {
			/* The routine has taken everything, the reply right included. */
			reply->Head.msgh_remote_port = MACH_PORT_NULL;
		} else if (reply->RetCode != KERN_SUCCESS &&
			   request->msgh_bits & MACH_MSGH_BITS_COMPLEX) {
			/* It has taken nothing; the reply right is needed for the answer. */
			request->msgh_remote_port = MACH_PORT_NULL;
			mach_msg_destroy(request);
		}
	}
	if (reply->Head.msgh_remote_port != MACH_PORT_NULL)
		return true;
	if (reply->Head.msgh_bits & MACH_MSGH_BITS_COMPLEX)
		mach_msg_destroy(&reply->Head);
	return false;
}

/* A client that does not read its answers is not waited for, unless it holds a send-once right, of
 * which there is always room for the one message. */
static mach_msg_return_t server_reply(Server *s)
{
	mach_msg_header_t *reply = &s->reply->Head;
	mach_msg_option_t option = MACH_SEND_MSG | (s->options & ~MACH_RCV_LARGE);
	mach_msg_return_t r;

	option &= ~(MACH_RCV_MSG | MACH_RCV_TIMEOUT);
	if (MACH_MSGH_BITS_REMOTE(reply->msgh_bits) != MACH_MSG_TYPE_MOVE_SEND_ONCE)
		option |= MACH_SEND_TIMEOUT;
	r = mach_msg(reply, option, reply->msgh_size, 0, MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE,
		MACH_PORT_NULL);
	if (r == MACH_SEND_INVALID_DEST || r == MACH_SEND_TIMED_OUT) {
		mach_msg_destroy(reply);
		r = MACH_MSG_SUCCESS;
	}
	return r;
}

static mach_msg_return_t server_run(Server *s, bool once)
{
	mach_msg_return_t r = server_init(s);

	while (!r) {
		r = server_receive(s);
		if (r)
			break;
		if (server_demux(s))
			r = server_reply(s);
		if (once)
			break;
	}
	server_deinit(s);
	return r;
}

_public_ mach_msg_return_t mach_msg_server(
	Demux demux, mach_msg_size_t max_size, mach_port_t rcv_name, mach_msg_options_t options)
{
	return server_run(&(Server){demux, rcv_name, options, max_size, 0, NULL, NULL}, false);
}

_public_ mach_msg_return_t mach_msg_server_once(
	Demux demux, mach_msg_size_t max_size, mach_port_t rcv_name, mach_msg_options_t options)
{
	return server_run(&(Server){demux, rcv_name, options, max_size, 0, NULL, NULL}, true);
}

/* There is no importance to donate here. */
_public_ mach_msg_return_t mach_msg_server_importance(
	Demux demux, mach_msg_size_t max_size, mach_port_t rcv_name, mach_msg_options_t options)
{
	return mach_msg_server(demux, max_size, rcv_name, options);
}
