/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two ends of a handshake at birth, as the object behind <portcullis/child_port.h>.
 *
 * A server has a receive right that is checked in under a random name, and the end of the pipe to
 * write to. It is over with the first message that has the token, or when the other end of the pipe
 * is closed and what was sent before that has been looked at: the client's message is in the queue
 * before its end closes, but others may be in front of it. A client has the other end of the pipe
 * and borrows the caller's right.
 *
 * The attacks that this stops: somebody who finds the service by listing names, or who floods it
 * (no token: the message and its rights are destroyed, a bounded number in each step); a client
 * that dies, or never says anything; a stranger's pipe with garbage. What it does not stop is
 * another holder of the pipe: who has that is the client.
 */
#pragma once

#include <portcullis/child_port.h>

#include "childport/birthpipe.h"

typedef struct portcullis_handshake Handshake;

struct portcullis_handshake {
	pid_t owner; /* in a fork child the names mean nothing, or something else */
	mach_port_t bootstrap; /* borrowed */
	int pipe;
	int epoll;
	bool is_server;
	bool pipe_closed; /* server: seen closed, so this is the last look */
	kern_return_t outcome; /* PENDING until it is over */

	/* server */
	mach_port_t service; /* receive right */
	int service_fd; /* says when it has a message */
	mach_msg_type_name_t expected;
	uint64_t token;
	mach_port_t port;
	mach_msg_type_name_t type;
	bool has_peer;
	audit_token_t peer;

	/* client */
	BirthReader reader;
	mach_port_t given; /* borrowed */
	mach_msg_type_name_t disposition;
};

/* Closes what only the running handshake needs, and keeps the outcome, which it returns. */
kern_return_t handshake_end(Handshake *h, kern_return_t outcome);

/* Checks in, writes into the pipe, watches. On failure the caller destroys the object. */
kern_return_t handshake_server_begin(Handshake *h);
kern_return_t handshake_server_step(Handshake *h);

/* Milliseconds for the message, if the service's queue should be full. */
kern_return_t handshake_client_step(Handshake *h, unsigned timeout_ms);

/* 0 or -errno. */
int handshake_watch(Handshake *h, int fd, uint32_t events);
