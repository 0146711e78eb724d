/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces and services in this process, without a daemon: what is found from where, what goes with
 * what, and what is charged to whom.
 */
#include "launchd/client.h"
#include "launchd/namespace.h"
#include "launchd/service.h"
#include "launchd/test-in-child.h"
#include <mach/notify.h>

#define SELF mach_task_self()

static const Caller stranger = {.uid = 12345}, another = {.uid = 12346};

static mach_port_t port_new(void)
{
	mach_port_t port;

	ASSERT_EQ(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port), KERN_SUCCESS);
	ASSERT_EQ(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	return port;
}

static void port_end(mach_port_t port)
{
	ASSERT_EQ(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
}

static uint64_t charged(const Caller *caller, unsigned kind)
{
	return quota_usage(&server.quota, caller->uid, kind);
}

/* Another reference to the requestor's name for each, as a request brings one. */
static Namespace *subset(Namespace *parent, mach_port_t requestor, const Caller *caller)
{
	Namespace *ns;

	ASSERT_EQ(mach_port_mod_refs(SELF, requestor, MACH_PORT_RIGHT_SEND, 1), KERN_SUCCESS);
	ASSERT_EQ(namespace_new_take(parent, "sub", caller, requestor, &ns), 0);
	return ns;
}

CASE(names_are_found_upwards)
{
	mach_port_t requestor;
	Service *outer, *inner, *hidden;
	Namespace *sub;

	begin();
	requestor = port_new();
	sub = subset(server.root, requestor, NULL);
	ASSERT_EQ(service_declare(server.root, "a", &server.self, NULL, &outer), 0);
	ASSERT_EQ(service_declare(sub, "b", &server.self, NULL, &inner), 0);
	ASSERT_EQ(service_declare(sub, "b", &server.self, NULL, &inner), SERVER_E_ACTIVE);
	ASSERT_EQ(service_declare(sub, "\n", &server.self, NULL, &inner), SERVER_E_UNKNOWN);
	ASSERT_TRUE(namespace_look_up(sub, "a", false) == outer);
	ASSERT_NULL(namespace_look_up(sub, "a", true));
	ASSERT_NULL(namespace_look_up(server.root, "b", false));
	/* What is hidden does not stand in the way of what is above. */
	ASSERT_EQ(service_declare(sub, "a", &server.self, NULL, &hidden), 0);
	hidden->hide_until_check_in = true;
	ASSERT_TRUE(namespace_look_up(sub, "a", false) == outer);
	ASSERT_EQ(service_check_in(hidden), 0);
	ASSERT_TRUE(namespace_look_up(sub, "a", false) == hidden);
	hidden->held = true;
	ASSERT_TRUE(namespace_find(sub->port) == sub);
	ASSERT_TRUE(namespace_find_requestor(requestor) == sub);
	namespace_free(sub);
	ASSERT_NULL(namespace_find_requestor(requestor));
	ASSERT_EQ(server.root->n_children, 0u);
	end();
	port_end(requestor);
	ASSERT_EQ(mach_port_deallocate(SELF, requestor), KERN_SUCCESS);
}

CASE(each_user_has_so_much_and_no_more)
{
	char name[32];
	unsigned n = 0;
	Service *s;
	int r;

	begin();
	do {
		snprintf(name, sizeof(name), "name.%u", n);
		r = service_declare(server.root, name, &server.self, &stranger, &s);
		n += !r;
	} while (!r);
	ASSERT_EQ(r, SERVER_E_FULL);
	ASSERT_GT(n, 0u);
	ASSERT_LE(n, (unsigned)SERVER_MAX_SERVICES);
	ASSERT_EQ(charged(&stranger, SERVER_QUOTA_SERVICES), n);
	/* That is nobody else's loss, and what is given back can be had again. */
	ASSERT_EQ(service_declare(server.root, "another", &server.self, &another, &s), 0);
	service_free(namespace_find_service(server.root, "name.0"));
	ASSERT_EQ(service_declare(server.root, "again", &server.self, &stranger, &s), 0);
	/* What the server declares itself is charged to nobody. */
	ASSERT_EQ(service_declare(server.root, "own", &server.self, NULL, &s), 0);
	namespace_free(server.root);
	server.root = NULL;
	ASSERT_EQ(charged(&stranger, SERVER_QUOTA_SERVICES), 0u);
	ASSERT_EQ(quota_n_users(&server.quota), 0u);
	end();
}

CASE(namespaces_end_with_all_that_is_below)
{
	mach_port_t requestor;
	Namespace *top, *ns;
	Service *s;

	begin();
	requestor = port_new();
	top = ns = subset(server.root, requestor, &stranger);
	while (ns->depth < SERVER_MAX_DEPTH)
		ns = subset(ns, requestor, &stranger);
	ASSERT_EQ(namespace_new_take(ns, "deep", &stranger, requestor, &ns), SERVER_E_FULL);
	ASSERT_EQ(service_declare(ns, "deep", &server.self, &stranger, &s), 0);
	ASSERT_EQ(charged(&stranger, SERVER_QUOTA_NAMESPACES), SERVER_MAX_DEPTH);
	namespace_free(top);
	ASSERT_EQ(quota_n_users(&server.quota), 0u);
	end();
	port_end(requestor);
	ASSERT_EQ(mach_port_deallocate(SELF, requestor), KERN_SUCCESS);
}

CASE(only_registered_names_depend_on_a_port)
{
	Service *declared;
	mach_port_t port;

	begin();
	ASSERT_EQ(service_declare(server.root, "declared", &server.self, NULL, &declared), 0);
	port = declared->port;
	ASSERT_EQ(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 1), KERN_SUCCESS);
	ASSERT_EQ(service_register_take(server.root, "alias", &server.self, NULL, port), 0);
	ASSERT_STREQ(service_find_registered(port)->name, "alias");
	service_free(service_find_registered(port));
	ASSERT_NULL(service_find_registered(port));
	ASSERT_TRUE(namespace_find_service(server.root, "declared") == declared);
	end();
}

/* --- Clients --- */

static void wait_for_signal(void)
{
	for (;;)
		pause();
}

static Caller caller_of(pid_t pid, uid_t uid)
{
	_cleanup_pidref_ PidRef ref = PIDREF_NULL;

	ASSERT_EQ(pidref_set_pid(&ref, pid), 0);
	return (Caller){.pid = pid, .version = (uint32_t)ref.id, .uid = uid};
}

static int run_once(void *userdata, uint32_t events)
{
	(void)userdata;
	(void)events;
	loop_quit(loop);
	return 0;
}

/* Until what has happened so far was seen. */
static void run_loop(void)
{
	LoopSource *timer;

	ASSERT_EQ(loop_add_timer(loop, deadline_after_ms(1), run_once, NULL, &timer), 0);
	ASSERT_EQ(server_run(), 0);
	loop_source_remove(timer);
}

CASE(each_user_may_be_so_many_clients)
{
	pid_t pids[16];
	unsigned n = 0;
	Client *client;
	Caller caller;
	int r, status;

	begin();
	ASSERT_GT(server.quota.maxima[SERVER_QUOTA_CLIENTS], 0u);
	ASSERT_LE(server.quota.maxima[SERVER_QUOTA_CLIENTS], (unsigned)SERVER_MAX_CLIENTS);
	server.quota.maxima[SERVER_QUOTA_CLIENTS] = 8;
	do {
		pids[n] = in_child(wait_for_signal);
		caller = caller_of(pids[n], stranger.uid);
		r = client_get(&caller, &client);
		n++;
	} while (!r && n < sizeof(pids) / sizeof(pids[0]));
	ASSERT_EQ(r, SERVER_E_FULL);
	ASSERT_EQ(n, 9u);
	ASSERT_EQ(charged(&stranger, SERVER_QUOTA_CLIENTS), n - 1);
	/* Whoever is one stays one. That is nobody else's loss, nor the user's whose domain it is. */
	caller = caller_of(pids[0], stranger.uid);
	ASSERT_EQ(client_get(&caller, &client), 0);
	ASSERT_TRUE(client == client_find(pids[0], caller.version));
	caller = caller_of(pids[n - 1], getuid());
	ASSERT_EQ(client_get(&caller, &client), 0);
	client_free(client);
	/* Its end is seen, and makes room. */
	ASSERT_EQ(kill(pids[0], SIGKILL), 0);
	ASSERT_EQ(waitpid(pids[0], &status, 0), pids[0]);
	while (charged(&stranger, SERVER_QUOTA_CLIENTS) == n - 1)
		run_loop();
	caller = caller_of(pids[n - 1], stranger.uid);
	ASSERT_EQ(client_get(&caller, &client), 0);
	/* One that is gone is none, nor one whose number another has by now. */
	caller.pid = pids[0];
	caller.uid = another.uid;
	ASSERT_EQ(client_get(&caller, &client), SERVER_E_DENIED);
	caller = caller_of(pids[1], another.uid);
	caller.version++;
	ASSERT_EQ(client_get(&caller, &client), SERVER_E_DENIED);
	for (unsigned i = 1; i < n; i++) {
		ASSERT_EQ(kill(pids[i], SIGKILL), 0);
		ASSERT_EQ(waitpid(pids[i], &status, 0), pids[i]);
	}
	while (quota_n_users(&server.quota) > 0)
		run_loop();
	end();
}

/* A notification that there was no memory for says only that there was one. */
CASE(a_notification_that_got_lost_is_made_up_for)
{
	mach_port_t requestor, port, previous = MACH_PORT_NULL;
	Namespace *sub;

	begin();
	requestor = port_new();
	port = port_new();
	sub = subset(server.root, requestor, NULL);
	ASSERT_EQ(service_register_take(server.root, "name", &server.self, NULL, port), 0);
	/* They do not reach the server, but die. */
	ASSERT_EQ(mach_port_request_notification(SELF, requestor, MACH_NOTIFY_DEAD_NAME, 0,
			  MACH_PORT_NULL, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		KERN_SUCCESS);
	port_end(requestor);
	port_end(port);
	ASSERT_TRUE(namespace_find_requestor(requestor) == sub);
	/* That of the requestor's ends unused. */
	ASSERT_EQ(mach_port_mod_refs(SELF, requestor, MACH_PORT_RIGHT_DEAD_NAME, 1), KERN_SUCCESS);
	ASSERT_EQ(mach_port_deallocate(SELF, previous), KERN_SUCCESS);
	run_loop();
	ASSERT_NULL(namespace_find_requestor(requestor));
	ASSERT_NULL(namespace_find_service(server.root, "name"));
	/* No dead name is left, the test's own included. */
	ASSERT_EQ(mach_port_deallocate(SELF, requestor), KERN_INVALID_NAME);
	ASSERT_EQ(mach_port_deallocate(SELF, port), KERN_INVALID_NAME);
	end();
}
