/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces and services in this process, without a daemon: what is found from where, what goes with
 * what, and what is charged to whom.
 */
#include "launchd/namespace.h"
#include "launchd/service.h"
#include "tests/lib/unit.h"

#define SELF mach_task_self()

static const Caller stranger = {.uid = 12345}, another = {.uid = 12346};
static Loop *loop;

/* In a process of its own: there is one server in each, and the library closes late. */
#define CASE(name)                                                                                 \
	static void case_##name(void);                                                             \
	TEST(name)                                                                                 \
	{                                                                                          \
		run_case(case_##name);                                                             \
	}                                                                                          \
	static void case_##name(void)

static void run_case(void (*run)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (pid == 0) {
		run();
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
}

static void begin(void)
{
	ASSERT_EQ(loop_new(&loop), 0);
	ASSERT_EQ(server_init(loop, getuid(), "test"), 0);
}

static void end(void)
{
	server_deinit();
	loop = loop_free(loop);
	ASSERT_NULL(server.by_port);
	ASSERT_NULL(server.registered);
}

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
	service_check_in(hidden);
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
