/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <portcullis/child_port.h>: the object's life, and the two calls that wait.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <mach/mach.h>
#include <portcullis/child_port.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "childport/handshake.h"

/* For a client whose server's queue is full of a stranger's messages. */
#define SEND_TIMEOUT_MS 5000

int handshake_watch(Handshake *h, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events};

	return epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? error_origin(-errno) : 0;
}

kern_return_t handshake_end(Handshake *h, kern_return_t outcome)
{
	h->pipe = fd_close(h->pipe);
	h->service_fd = fd_close(h->service_fd);
	h->epoll = fd_close(h->epoll);
	if (MACH_PORT_VALID(h->service) && h->owner == getpid())
		(void)mach_port_mod_refs(mach_task_self(), h->service, MACH_PORT_RIGHT_RECEIVE, -1);
	h->service = MACH_PORT_NULL;
	h->token = 0;
	h->outcome = outcome;
	return outcome;
}

static void let_go(mach_port_t port, mach_msg_type_name_t type)
{
	if (type == MACH_MSG_TYPE_PORT_RECEIVE)
		(void)mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	else
		(void)mach_port_deallocate(mach_task_self(), port);
}

_public_ void portcullis_handshake_destroy(portcullis_handshake_t h)
{
	if (!h)
		return;
	(void)handshake_end(h, h->outcome);
	if (MACH_PORT_VALID(h->port) && h->owner == getpid())
		let_go(h->port, h->type);
	free(h);
}

static void handshake_destroyp(Handshake **h)
{
	portcullis_handshake_destroy(*h);
}

/* The descriptor is the object's, or closed. */
static Handshake *handshake_new_consume(mach_port_t bootstrap, int fd)
{
	_cleanup_(handshake_destroyp) Handshake *h = alloc_zero(sizeof(*h));

	if (!h) {
		(void)close(fd);
		return NULL;
	}
	h->owner = getpid();
	h->bootstrap = bootstrap;
	h->outcome = PORTCULLIS_HANDSHAKE_PENDING;
	h->pipe = fd_above_stdio_consume(fd);
	h->service_fd = -EBADF;
	h->epoll = fd_above_stdio_consume(epoll_create1(EPOLL_CLOEXEC));
	if (h->pipe < 0 || h->epoll < 0 || fd_set_cloexec(h->pipe, true) < 0)
		return NULL;
	return TAKE_PTR(h);
}

/* A descriptor that is none is told before anything is done: it would be closed. */
static bool is_open(int fd)
{
	struct pollfd p = {.fd = fd};

	return fd >= 0 && poll(&p, 1, 0) >= 0 && !(p.revents & POLLNVAL);
}

static bool is_kind_of_right(mach_msg_type_name_t type)
{
	return type == PORTCULLIS_HANDSHAKE_ANY_RIGHT || type == MACH_MSG_TYPE_PORT_RECEIVE ||
	       type == MACH_MSG_TYPE_PORT_SEND || type == MACH_MSG_TYPE_PORT_SEND_ONCE;
}

_public_ kern_return_t portcullis_handshake_pipe(int *server_fd, int *client_fd)
{
	if (!server_fd || !client_fd)
		return KERN_INVALID_ARGUMENT;
	return birthpipe_make(server_fd, client_fd) ? KERN_RESOURCE_SHORTAGE : KERN_SUCCESS;
}

_public_ kern_return_t portcullis_handshake_start_server(mach_port_t bootstrap, int server_fd,
	mach_msg_type_name_t expected, portcullis_handshake_t *handshake)
{
	_cleanup_(handshake_destroyp) Handshake *h = NULL;
	kern_return_t kr;

	if (!is_open(server_fd))
		return KERN_INVALID_ARGUMENT;
	h = handshake_new_consume(bootstrap, server_fd);
	if (!h)
		return KERN_RESOURCE_SHORTAGE;
	if (!handshake || !is_kind_of_right(expected))
		return KERN_INVALID_ARGUMENT;
	h->is_server = true;
	h->expected = expected;
	kr = handshake_server_begin(h);
	if (kr)
		return kr;
	*handshake = TAKE_PTR(h);
	return KERN_SUCCESS;
}

_public_ kern_return_t portcullis_handshake_start_client(mach_port_t bootstrap, int client_fd,
	mach_port_t port, mach_msg_type_name_t disposition, portcullis_handshake_t *handshake)
{
	_cleanup_(handshake_destroyp) Handshake *h = NULL;

	if (!is_open(client_fd))
		return KERN_INVALID_ARGUMENT;
	h = handshake_new_consume(bootstrap, client_fd);
	if (!h)
		return KERN_RESOURCE_SHORTAGE;
	if (!handshake || !MACH_MSG_TYPE_PORT_ANY(disposition))
		return KERN_INVALID_ARGUMENT;
	h->given = port;
	h->disposition = disposition;
	/* A regular file would do for reading, but not for waiting. */
	if (handshake_watch(h, h->pipe, EPOLLIN))
		return KERN_INVALID_ARGUMENT;
	*handshake = TAKE_PTR(h);
	return KERN_SUCCESS;
}

_public_ int portcullis_handshake_fd(portcullis_handshake_t h)
{
	return h && h->epoll >= 0 ? h->epoll : -1;
}

static kern_return_t step(Handshake *h, unsigned timeout_ms)
{
	if (h->outcome != PORTCULLIS_HANDSHAKE_PENDING)
		return h->outcome;
	if (h->owner != getpid())
		return KERN_INVALID_ARGUMENT;
	return h->is_server ? handshake_server_step(h) : handshake_client_step(h, timeout_ms);
}

_public_ kern_return_t portcullis_handshake_step(portcullis_handshake_t h)
{
	return h ? step(h, SEND_TIMEOUT_MS) : KERN_INVALID_ARGUMENT;
}

_public_ kern_return_t portcullis_handshake_get_port(
	portcullis_handshake_t h, mach_port_t *port, mach_msg_type_name_t *type)
{
	if (!h || !port || !MACH_PORT_VALID(h->port) || h->owner != getpid())
		return KERN_INVALID_ARGUMENT;
	*port = h->port;
	if (type)
		*type = h->type;
	h->port = MACH_PORT_NULL;
	return KERN_SUCCESS;
}

_public_ kern_return_t portcullis_handshake_get_peer(portcullis_handshake_t h, audit_token_t *peer)
{
	if (!h || !peer || !h->has_peer)
		return KERN_INVALID_ARGUMENT;
	*peer = h->peer;
	return KERN_SUCCESS;
}

static kern_return_t run(Handshake *h, int timeout_ms)
{
	Deadline end = timeout_ms < 0 ? DEADLINE_NONE : deadline_after_ms((uint64_t)timeout_ms);
	kern_return_t kr;

	for (;;) {
		int left = deadline_to_poll_ms(end);
		struct pollfd p = {.fd = h->epoll, .events = POLLIN};

		kr = step(h, left < 0 ? SEND_TIMEOUT_MS : (unsigned)left);
		if (kr != PORTCULLIS_HANDSHAKE_PENDING)
			return kr;
		if (deadline_is_past(end))
			return KERN_OPERATION_TIMED_OUT;
		if (poll(&p, 1, deadline_to_poll_ms(end)) < 0 && errno != EINTR)
			return KERN_RESOURCE_SHORTAGE;
	}
}

_public_ kern_return_t portcullis_handshake_serve(mach_port_t bootstrap, int server_fd,
	mach_msg_type_name_t expected, int timeout_ms, mach_port_t *port,
	mach_msg_type_name_t *type)
{
	_cleanup_(handshake_destroyp) Handshake *h = NULL;
	kern_return_t kr;

	if (port)
		*port = MACH_PORT_NULL;
	kr = portcullis_handshake_start_server(
		bootstrap, server_fd, port ? expected : (mach_msg_type_name_t)-1, &h);
	if (!kr)
		kr = run(h, timeout_ms);
	return kr ? kr : portcullis_handshake_get_port(h, port, type);
}

_public_ kern_return_t portcullis_handshake_check_in(mach_port_t bootstrap, int client_fd,
	mach_port_t port, mach_msg_type_name_t disposition, int timeout_ms)
{
	_cleanup_(handshake_destroyp) Handshake *h = NULL;
	kern_return_t kr;

	kr = portcullis_handshake_start_client(bootstrap, client_fd, port, disposition, &h);
	return kr ? kr : run(h, timeout_ms);
}
