/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server of a handshake. The stubs' routine has no argument for whose message it is; the
 * handshake at work is therefore the thread's own variable for as long as one message is looked at.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <mach/mach.h>
#include <portcullis/port.h>
#include <servers/bootstrap.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/random.h"
#include "childport/child_port_server.h"
#include "childport/handshake.h"

/* What strangers have sent is not gone through without end in one step, nor after the pipe was
 * closed: a queue holds fewer. */
#define MESSAGES_OF_STEP 16
#define MESSAGES_OF_LAST_LOOK 1024

#define TRAILER                                                                                    \
	(MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0) |                                        \
		MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT))

typedef union Request {
	mach_msg_header_t header;
	union __RequestUnion__handshake_do_child_port_subsystem requests;
	uint8_t room[sizeof(union __RequestUnion__handshake_do_child_port_subsystem) +
		     MAX_TRAILER_SIZE];
} Request;

static _Thread_local Handshake *at_work;

static kern_return_t make_service(Handshake *h, BirthPaper *paper)
{
	paper->token = h->token = random_u64();
	(void)snprintf(paper->name, sizeof(paper->name),
		"portcullis.child_port_handshake.%d.%d.%016" PRIx64 "%016" PRIx64, (int)getpid(),
		(int)gettid(), random_u64(), random_u64());
	return bootstrap_check_in(h->bootstrap, paper->name, &h->service);
}

static int watch_service(Handshake *h)
{
	_cleanup_close_ int fd = portcullis_port_fd(h->service);
	int r;

	if (fd < 0)
		return -errno;
	/* The set keeps what it watches only while a descriptor of it is open; the handshake has
	 * two. */
	r = handshake_watch(h, fd, EPOLLIN);
	if (r < 0)
		return r;
	h->service_fd = TAKE_FD(fd);
	return 0;
}

kern_return_t handshake_server_begin(Handshake *h)
{
	BirthPaper paper;
	kern_return_t kr;
	int r;

	/* Nobody is there to be asked for: the bootstrap server is left alone. */
	if (birthpipe_is_closed(h->pipe))
		return PORTCULLIS_HANDSHAKE_NO_CLIENT;
	kr = make_service(h, &paper);
	if (kr)
		return kr;
	r = birthpipe_write(h->pipe, &paper);
	explicit_bzero(&paper, sizeof(paper));
	if (r == BIRTHPIPE_E_CLOSED)
		return PORTCULLIS_HANDSHAKE_NO_CLIENT;
	if (r == -EBADF || r == -EINVAL)
		return KERN_INVALID_ARGUMENT;
	if (r)
		return KERN_RESOURCE_SHORTAGE;
	r = watch_service(h);
	if (!r)
		r = handshake_watch(h, h->pipe, 0);
	return r ? KERN_RESOURCE_SHORTAGE : KERN_SUCCESS;
}

static bool is_expected(const Handshake *h, mach_port_t port, mach_msg_type_name_t type)
{
	if (!MACH_PORT_VALID(port))
		return false;
	return h->expected == PORTCULLIS_HANDSHAKE_ANY_RIGHT || h->expected == type;
}

/* Whatever is not KERN_SUCCESS has the caller destroy the message with the right in it. */
kern_return_t handshake_do_check_in(mach_port_t server, uint64_t token, mach_port_t port,
	mach_msg_type_name_t type, audit_token_t peer)
{
	Handshake *h = at_work;

	(void)server;
	if (token != h->token) {
		log_notice("child_port: pid %u sent a wrong token", peer.val[5]);
		return KERN_INVALID_ARGUMENT;
	}
	h->peer = peer;
	h->has_peer = true;
	if (!is_expected(h, port, type)) {
		h->outcome = PORTCULLIS_HANDSHAKE_WRONG_RIGHT;
		return KERN_INVALID_ARGUMENT;
	}
	h->port = port;
	h->type = type;
	h->outcome = KERN_SUCCESS;
	return KERN_SUCCESS;
}

static void look_at(Handshake *h, Request *request)
{
	union {
		mach_msg_header_t header;
		mig_reply_error_t error;
		union __ReplyUnion__handshake_do_child_port_subsystem replies;
	} reply;

	reply.error.RetCode = KERN_SUCCESS;
	at_work = h;
	(void)child_port_server(&request->header, &reply.header);
	at_work = NULL;
	if (reply.error.RetCode != KERN_SUCCESS && reply.error.RetCode != MIG_NO_REPLY)
		mach_msg_destroy(&request->header);
}

/* False: there is no (usable) message. */
static bool take_one(Handshake *h, kern_return_t *ret)
{
	Request request;
	kern_return_t kr = mach_msg(&request.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT | TRAILER, 0,
		sizeof(request), h->service, 0, MACH_PORT_NULL);

	*ret = kr;
	if (kr == KERN_SUCCESS)
		look_at(h, &request);
	return kr != MACH_RCV_TIMED_OUT;
}

kern_return_t handshake_server_step(Handshake *h)
{
	bool last_look = birthpipe_is_closed(h->pipe);
	unsigned n = last_look ? MESSAGES_OF_LAST_LOOK : MESSAGES_OF_STEP;
	kern_return_t kr;

	while (h->outcome == PORTCULLIS_HANDSHAKE_PENDING && n-- > 0) {
		if (!take_one(h, &kr))
			break;
		if (kr == MACH_RCV_INVALID_NAME || kr == MACH_RCV_PORT_DIED ||
			kr == MACH_RCV_PORT_CHANGED)
			return handshake_end(h, KERN_INVALID_ARGUMENT);
	}
	if (h->outcome != PORTCULLIS_HANDSHAKE_PENDING)
		return handshake_end(h, h->outcome);
	if (last_look)
		return handshake_end(h, PORTCULLIS_HANDSHAKE_NO_CLIENT);
	return PORTCULLIS_HANDSHAKE_PENDING;
}
