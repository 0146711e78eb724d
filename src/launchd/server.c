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
#include "port/serve.h"
#include <mach/notify.h>

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

bool server_is_watching(mach_port_t port)
{
	return service_find_registered(port) || namespace_find_requestor(port);
}

static bool is_dead(mach_port_t name)
{
	mach_port_type_t type;

	return MACH_PORT_VALID(name) && mach_port_type(SELF, name, &type) == KERN_SUCCESS &&
	       (type & MACH_PORT_TYPE_DEAD_NAME);
}

static mach_port_t find_dead_name(void)
{
	Service *s, *next_service;
	Namespace *ns, *next;

	HASH_ITER (hh, server.by_port, ns, next) {
		if (is_dead(ns->requestor))
			return ns->requestor;
	}
	HASH_ITER (hh_port, server.registered, s, next_service) {
		if (is_dead(s->port))
			return s->port;
	}
	return MACH_PORT_NULL;
}

/* The reference of a notification that got lost, where nothing else has the name any more. */
static void drop_dead_names(void)
{
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t n, n_types;
	mach_port_urefs_t refs;

	if (mach_port_names(SELF, &names, &n, &types, &n_types) != KERN_SUCCESS)
		return;
	for (mach_msg_type_number_t i = 0; i < n; i++) {
		if ((types[i] & MACH_PORT_TYPE_DEAD_NAME) &&
			mach_port_get_refs(SELF, names[i], MACH_PORT_RIGHT_DEAD_NAME, &refs) ==
				KERN_SUCCESS)
			(void)mach_port_mod_refs(SELF, names[i], MACH_PORT_RIGHT_DEAD_NAME,
				-(mach_port_delta_t)refs);
	}
	(void)vm_deallocate(SELF, (vm_address_t)names, n * sizeof(*names));
	(void)vm_deallocate(SELF, (vm_address_t)types, n_types * sizeof(*types));
}

/* They are believed at this port alone, to which nobody else has a right. One that there was no memory
 * for comes as the end of the right that it was to be sent with, and does not say whose name died. */
static void notification(mach_msg_header_t *request)
{
	mach_port_t name;

	if (request->msgh_id == MACH_NOTIFY_DEAD_NAME) {
		on_dead_name(((mach_dead_name_notification_t *)request)->not_port);
		return;
	}
	if (request->msgh_id == MACH_NOTIFY_SEND_ONCE) {
		while ((name = find_dead_name()) != MACH_PORT_NULL)
			on_dead_name(name);
		drop_dead_names();
	}
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

/* Something that came with it could not be had: it is not the request that was made. */
static void refuse(mach_msg_header_t *in)
{
	mig_reply_error_t *out = (mig_reply_error_t *)server.reply;

	mig_reply_setup(in, &out->Head);
	out->RetCode = BOOTSTRAP_NO_MEMORY;
	answer(in, &out->Head);
	services_sweep();
}

static void take(mach_msg_header_t *in)
{
	server.is_resting = false;
	if (in->msgh_local_port == server.notify)
		notification(in);
	else
		request(in);
}

/* There is no memory to have requests in, which asking again and again would not change. */
static int rest(void)
{
	if (!server.is_resting)
		log_warning("there is no memory: requests wait until there is");
	server.is_resting = true;
	services_sweep();
	return loop_run_once(server.loop, SERVER_REST_MS);
}

/* Requests, until something else wants to be done. */
static int take_requests(void)
{
	mach_msg_header_t *in = (mach_msg_header_t *)server.buffer;

	for (;;) {
		mach_msg_return_t mr = mach_msg(in, MACH_RCV_MSG | MACH_RCV_INTERRUPT | TRAILER, 0,
			sizeof(server.buffer), server.requests, 0, MACH_PORT_NULL);

		if (likely(mr == MACH_MSG_SUCCESS))
			take(in);
		else if (mr == MACH_RCV_INTERRUPTED)
			return loop_run_once(server.loop, 0);
		else if (mr == (MACH_RCV_HEADER_ERROR | MACH_MSG_VM_KERNEL))
			return rest();
		else if ((mr & ~MACH_MSG_MASK) == MACH_RCV_BODY_ERROR)
			refuse(in);
		else
			services_sweep(); /* it is gone, and who sent it was told so */
	}
}

int server_run(void)
{
	while (!loop_take_quit(server.loop)) {
		int r = take_requests();

		if (r < 0)
			return error_trace(r);
	}
	return 0;
}

/* --- What is tried again --- */

static int on_retry(void *userdata, uint32_t events)
{
	Namespace *ns, *next_ns;
	Service *s, *next;

	(void)userdata;
	(void)events;
	HASH_ITER (hh, server.by_port, ns, next_ns) {
		HASH_ITER (hh, ns->services, s, next) {
			if (s->deaf || s->lost)
				service_retry(s);
		}
	}
	return 0;
}

void server_retry_later(void)
{
	int r = loop_source_set_deadline(server.retry, deadline_after_ms(SERVER_RETRY_MS));

	(void)r; /* fails only if the timer cannot be set, which is no question of memory */
}

/* --- Life --- */

static int ports_open(void)
{
	int r;

	if (mach_port_allocate(SELF, MACH_PORT_RIGHT_PORT_SET, &server.requests) != KERN_SUCCESS ||
		mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &server.notify) != KERN_SUCCESS ||
		mach_port_insert_member(SELF, server.notify, server.requests) != KERN_SUCCESS)
		return error_origin(-ENOMEM);
	r = serve_identify_by_reply(server.requests);
	if (!r)
		r = serve_watch(server.requests, loop_fd(server.loop));
	return r < 0 ? r
		     : loop_add_timer(server.loop, DEADLINE_NONE, on_retry, NULL, &server.retry);
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

	server = (Server){.loop = loop, .uid = uid};
	quota_init(&server.quota, maxima, _SERVER_QUOTA_N);
	owner_init(&server.self, OWNER_SERVER, uid, "launchd");
	r = services_init();
	if (!r)
		r = ports_open();
	if (r < 0)
		return r;
	return namespace_new_take(NULL, root_name, NULL, MACH_PORT_NULL, &server.root);
}

void server_deinit(void)
{
	Client *c, *next;

	server.root = namespace_free(server.root);
	HASH_ITER (hh, server.clients, c, next)
		client_free(c);
	owner_deinit(&server.self);
	server.retry = loop_source_remove(server.retry);
	services_deinit();
	if (MACH_PORT_VALID(server.requests))
		(void)mach_port_mod_refs(SELF, server.requests, MACH_PORT_RIGHT_PORT_SET, -1);
	if (MACH_PORT_VALID(server.notify))
		(void)mach_port_mod_refs(SELF, server.notify, MACH_PORT_RIGHT_RECEIVE, -1);
	quota_deinit(&server.quota);
}
