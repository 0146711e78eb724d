/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/server.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "bootstrap_server.h"
#include "launchd/client.h"
#include "launchd/guest.h"
#include "launchd/service.h"
#include <mach/notify.h>
#include <portcullis/port.h>

#define SELF mach_task_self()
#define TRAILER                                                                                    \
	(MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0) |                                        \
		MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT))

Server server;

/* --- Who asks --- */

Caller server_caller(const audit_token_t *token)
{
	Caller c = {.pid = (pid_t)token->val[5], .version = token->val[7], .uid = token->val[1]};
	Client *client;

	if (server.find_job)
		c.owner = server.find_job(server.find_job_data, c.pid, c.version);
	client = c.owner ? NULL : client_find(c.pid, c.version);
	if (client)
		c.owner = &client->owner;
	return c;
}

int server_owner_of(const Caller *caller, Owner **ret)
{
	Client *client;
	int r;

	if (caller->owner) {
		*ret = caller->owner;
		return 0;
	}
	r = client_get(caller, &client);
	if (r)
		return r;
	*ret = &client->owner;
	return 0;
}

bool server_is_privileged(const Caller *caller)
{
	if (caller->uid != 0 && caller->uid != server.uid)
		return false;
	/* A confined job may be of our own user, and must not have what is not confined started. */
	return !guest_is_process(caller->pid, caller->version);
}

int server_charge(const Caller *caller, unsigned kind, QuotaCharge *ret)
{
	/* Who could end the server anyway is not held back. */
	if (!caller || server_is_privileged(caller))
		return 0;
	return quota_charge(&server.quota, caller->uid, kind, 1, ret) ? SERVER_E_FULL : 0;
}

/* --- Notifications --- */

static void on_dead_name(mach_port_t name)
{
	Namespace *ns;
	Service *s;

	while ((s = service_find_registered(name)))
		service_free(s);
	while ((ns = namespace_find_requestor(name)))
		namespace_free(ns);
	/* The notification's own reference to the name. */
	(void)mach_port_deallocate(SELF, name);
}

/* They are believed at this port alone, to which nobody else has a right. */
static void notification(mach_msg_header_t *request)
{
	if (request->msgh_id == MACH_NOTIFY_DEAD_NAME)
		on_dead_name(((mach_dead_name_notification_t *)request)->not_port);
	else
		mach_msg_destroy(request);
}

/* --- Requests --- */

/* What was to leave with an answer that nobody gets. */
static void answer_lost(mach_msg_header_t *reply)
{
	Service *s = server.handed_out;

	mach_msg_destroy(reply);
	if (s)
		service_take_back(s, false);
}

static void answer(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	mig_reply_error_t *error = (mig_reply_error_t *)reply;
	bool bare = !(reply->msgh_bits & MACH_MSGH_BITS_COMPLEX);
	mach_msg_return_t mr;

	if (bare && error->RetCode == MIG_NO_REPLY)
		return;
	if (bare && error->RetCode != KERN_SUCCESS) {
		/* What came with it is nobody's; its reply right is still to be used. */
		request->msgh_remote_port = MACH_PORT_NULL;
		mach_msg_destroy(request);
	}
	if (reply->msgh_remote_port == MACH_PORT_NULL) {
		answer_lost(reply);
		return;
	}
	mr = mach_msg(reply, MACH_SEND_MSG | MACH_SEND_TIMEOUT, reply->msgh_size, 0, MACH_PORT_NULL,
		0, MACH_PORT_NULL);
	if (mr != MACH_MSG_SUCCESS)
		answer_lost(reply);
}

static void request(mach_msg_header_t *in)
{
	mach_msg_header_t *out = (mach_msg_header_t *)server.reply;

	server.handed_out = NULL;
	if (!bootstrap_server(in, out) && server.control)
		(void)server.control(in, out);
	answer(in, out);
	server.handed_out = NULL;
}

static int on_requests(void *userdata, uint32_t events)
{
	mach_msg_header_t *in = (mach_msg_header_t *)server.buffer;

	(void)userdata;
	(void)events;
	for (unsigned n = 0; n < SERVER_BATCH; n++) {
		mach_msg_return_t mr = mach_msg(in, MACH_RCV_MSG | MACH_RCV_TIMEOUT | TRAILER, 0,
			sizeof(server.buffer), server.requests, 0, MACH_PORT_NULL);

		if (mr == MACH_RCV_TIMED_OUT)
			return 0;
		if (mr != MACH_MSG_SUCCESS)
			continue; /* it was too large, or made of what cannot be had: gone */
		if (in->msgh_local_port == server.notify)
			notification(in);
		else
			request(in);
	}
	return 0;
}

/* --- Life --- */

static int set_open(mach_port_t *ret_set, int *ret_fd, LoopFn fn, LoopSource **ret)
{
	if (mach_port_allocate(SELF, MACH_PORT_RIGHT_PORT_SET, ret_set) != KERN_SUCCESS)
		return error_origin(-ENOMEM);
	*ret_fd = portcullis_port_fd(*ret_set);
	if (*ret_fd < 0)
		return error_origin(-errno);
	return loop_add_fd(server.loop, *ret_fd, EPOLLIN, fn, NULL, ret);
}

static int ports_open(void)
{
	int r = set_open(
		&server.requests, &server.requests_fd, on_requests, &server.requests_source);

	if (r < 0)
		return r;
	if (mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &server.notify) != KERN_SUCCESS ||
		mach_port_insert_member(SELF, server.notify, server.requests) != KERN_SUCCESS)
		return error_origin(-ENOMEM);
	return 0;
}

/* @fds: that one may cost; @part: of all descriptors that all of a user's may. */
static uint64_t maximum(uint64_t limit, unsigned fds, unsigned part)
{
	return MAX(MIN(limit, (uint64_t)fd_limit() / (fds * part)), 1u);
}

int server_init(Loop *loop, uid_t uid, const char *root_name)
{
	const uint64_t maxima[_SERVER_QUOTA_N] = {
		[SERVER_QUOTA_SERVICES] = maximum(SERVER_MAX_SERVICES, 5, 8),
		[SERVER_QUOTA_NAMESPACES] = maximum(SERVER_MAX_NAMESPACES, 8, 16),
		[SERVER_QUOTA_CLIENTS] = maximum(SERVER_MAX_CLIENTS, 1, 16),
	};
	int r;

	server = (Server){.loop = loop, .uid = uid, .requests_fd = -EBADF};
	quota_init(&server.quota, maxima, _SERVER_QUOTA_N);
	owner_init(&server.self, OWNER_SERVER, uid, "launchd");
	r = ports_open();
	if (r < 0)
		return r;
	return namespace_new_take(NULL, root_name, NULL, MACH_PORT_NULL, &server.root);
}

static void set_close(mach_port_t *set, int *fd, LoopSource **source)
{
	*source = loop_source_remove(*source);
	*fd = fd_close(*fd);
	if (MACH_PORT_VALID(*set))
		(void)mach_port_mod_refs(SELF, *set, MACH_PORT_RIGHT_PORT_SET, -1);
	*set = MACH_PORT_NULL;
}

void server_deinit(void)
{
	Client *c, *next;

	server.root = namespace_free(server.root);
	HASH_ITER (hh, server.clients, c, next)
		client_free(c);
	owner_deinit(&server.self);
	set_close(&server.requests, &server.requests_fd, &server.requests_source);
	if (MACH_PORT_VALID(server.notify))
		(void)mach_port_mod_refs(SELF, server.notify, MACH_PORT_RIGHT_RECEIVE, -1);
	quota_deinit(&server.quota);
}
