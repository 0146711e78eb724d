/* SPDX-License-Identifier: Apache-2.0 */
/* Names and namespaces: each call of <servers/bootstrap.h>, with every code that it documents. */
#include "tests/launchd/session.h"

static mach_port_t look_up(mach_port_t bp, const char *name)
{
	mach_port_t port;

	ASSERT_KR(bootstrap_look_up(bp, name, &port));
	return port;
}

static bool is_known(mach_port_t bp, const char *name)
{
	mach_port_t port;
	kern_return_t kr = bootstrap_look_up(bp, name, &port);

	if (kr == KERN_SUCCESS)
		drop(port);
	else
		ASSERT_EQ(kr, BOOTSTRAP_UNKNOWN_SERVICE);
	return kr == KERN_SUCCESS;
}

static bootstrap_status_t status_of(mach_port_t bp, const char *name)
{
	bootstrap_status_t status;

	ASSERT_KR(bootstrap_status(bp, name, &status));
	return status;
}

CASE(check_in_gives_the_receive_right)
{
	mach_port_t bp = bootstrap(), port, other, found;

	ASSERT_KR(bootstrap_check_in(bp, "test.check-in", &port));
	found = look_up(bp, "test.check-in");
	/* Both are names of one port. */
	ASSERT_EQ(found, port);
	ASSERT_EQ(tell(found, 7), MACH_MSG_SUCCESS);
	ASSERT_EQ(hear(port), 7);
	ASSERT_EQ(bootstrap_check_in(bp, "test.check-in", &other), BOOTSTRAP_SERVICE_ACTIVE);
	ASSERT_EQ(status_of(bp, "test.check-in"), BOOTSTRAP_STATUS_ACTIVE);
	drop(found);
	destroy_receive(port);
}

CASE(names_that_cannot_be)
{
	static const char *const names[] = {"", "line\nfeed", "\x7f", "\xff\xfe"};
	char name[200];
	mach_port_t bp = bootstrap(), port;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ASSERT_EQ(bootstrap_check_in(bp, names[i], &port), BOOTSTRAP_UNKNOWN_SERVICE);
	memset(name, 'n', sizeof(name));
	name[128] = '\0';
	ASSERT_EQ(bootstrap_check_in(bp, name, &port), BOOTSTRAP_UNKNOWN_SERVICE);
	ASSERT_EQ(bootstrap_look_up(bp, name, &port), BOOTSTRAP_UNKNOWN_SERVICE);
	name[127] = '\0';
	ASSERT_KR(bootstrap_check_in(bp, name, &port));
	destroy_receive(port);
}

CASE(strict_check_in_is_for_what_was_declared)
{
	mach_port_t port;

	ASSERT_EQ(bootstrap_check_in2(bootstrap(), "test.strict", &port, BOOTSTRAP_STRICT_CHECKIN),
		BOOTSTRAP_UNKNOWN_SERVICE);
}

static void hijack(void *arg)
{
	mach_port_t bp = bootstrap(), port = port_new();

	(void)arg;
	ASSERT_EQ(bootstrap_check_in(bp, "test.mine", &port), BOOTSTRAP_NOT_PRIVILEGED);
	ASSERT_EQ(bootstrap_register(bp, "test.mine", port), BOOTSTRAP_NOT_PRIVILEGED);
	ASSERT_EQ(bootstrap_register(bp, "test.mine", MACH_PORT_NULL), BOOTSTRAP_NOT_PRIVILEGED);
	ASSERT_EQ(tell(look_up(bp, "test.mine"), 5), MACH_MSG_SUCCESS);
}

CASE(a_name_is_its_owners)
{
	mach_port_t port;

	ASSERT_KR(bootstrap_check_in(bootstrap(), "test.mine", &port));
	child_run(hijack, NULL);
	ASSERT_EQ(hear(port), 5);
	destroy_receive(port);
}

static void check_in_and_end(void *arg)
{
	mach_port_t port;

	ASSERT_KR(bootstrap_check_in(bootstrap(), arg, &port));
	ASSERT_KR(bootstrap_register(bootstrap(), "test.also-gone", port_new()));
}

CASE(names_go_with_the_process)
{
	mach_port_t bp = bootstrap();

	child_run(check_in_and_end, (void *)"test.gone");
	EVENTUALLY(!is_known(bp, "test.gone") && !is_known(bp, "test.also-gone"));
}

CASE(register_and_take_back)
{
	mach_port_t bp = bootstrap(), port = port_new(), other = port_new(), found;

	ASSERT_KR(bootstrap_register(bp, "test.registered", port));
	found = look_up(bp, "test.registered");
	ASSERT_EQ(found, port);
	drop(found);
	ASSERT_EQ(bootstrap_register(bp, "test.registered", other), BOOTSTRAP_SERVICE_ACTIVE);
	ASSERT_KR(bootstrap_register(bp, "test.registered", MACH_PORT_NULL));
	ASSERT_FALSE(is_known(bp, "test.registered"));
	ASSERT_EQ(bootstrap_register(bp, "test.registered", MACH_PORT_DEAD), BOOTSTRAP_NO_MEMORY);
	/* The name of a port that dies goes too. */
	ASSERT_KR(bootstrap_register(bp, "test.dies", other));
	destroy_receive(other);
	EVENTUALLY(!is_known(bp, "test.dies"));
	drop(other);
	destroy_receive(port);
	drop(port);
}

CASE(a_created_service_waits_for_its_server)
{
	mach_port_t bp = bootstrap(), send, receive;

	ASSERT_KR(bootstrap_create_service(bp, "test.created", &send));
	ASSERT_EQ(status_of(bp, "test.created"), BOOTSTRAP_STATUS_INACTIVE);
	ASSERT_EQ(tell(send, 9), MACH_MSG_SUCCESS);
	ASSERT_KR(bootstrap_check_in(bp, "test.created", &receive));
	ASSERT_EQ(receive, send);
	ASSERT_EQ(hear(receive), 9);
	destroy_receive(receive);
	drop(send);
}

CASE(namespaces_nest)
{
	mach_port_t bp = bootstrap(), requestor = port_new(), sub, deeper, port, inner, found;

	ASSERT_KR(bootstrap_check_in(bp, "test.outer", &port));
	ASSERT_EQ(bootstrap_subset(bp, MACH_PORT_NULL, &sub), BOOTSTRAP_NOT_PRIVILEGED);
	ASSERT_KR(bootstrap_subset(bp, requestor, &sub));
	ASSERT_KR(bootstrap_subset(sub, requestor, &deeper));
	/* Upwards, and not down. */
	found = look_up(deeper, "test.outer");
	ASSERT_EQ(found, port);
	drop(found);
	ASSERT_KR(bootstrap_check_in(sub, "test.inner", &inner));
	ASSERT_TRUE(is_known(deeper, "test.inner"));
	ASSERT_FALSE(is_known(bp, "test.inner"));
	/* The same name may be in both; the nearest is found. */
	ASSERT_KR(bootstrap_check_in(deeper, "test.outer", &found));
	ASSERT_NE(found, port);
	ASSERT_EQ(look_up(deeper, "test.outer"), found);
	ASSERT_EQ(look_up(sub, "test.outer"), port);
	/* The requestor takes everything along. */
	destroy_receive(requestor);
	EVENTUALLY(tell(deeper, 0) == MACH_SEND_INVALID_DEST &&
		   tell(sub, 0) == MACH_SEND_INVALID_DEST);
	ASSERT_EQ(bootstrap_look_up(sub, "test.outer", &found), MACH_SEND_INVALID_DEST);
	destroy_receive(port);
}

static void subset_and_end(void *arg)
{
	mach_port_t sub, port;

	ASSERT_KR(bootstrap_subset(bootstrap(), SELF, &sub));
	ASSERT_KR(bootstrap_check_in(sub, "test.in-subset", &port));
	ASSERT_KR(bootstrap_register(bootstrap(), arg, sub));
}

CASE(a_task_is_a_requestor)
{
	mach_port_t sub, found;

	ASSERT_KR(bootstrap_subset(bootstrap(), SELF, &sub));
	ASSERT_KR(bootstrap_check_in(sub, "test.own", &found));
	ASSERT_TRUE(is_known(sub, "test.own"));
	child_run(subset_and_end, (void *)"test.subset");
	EVENTUALLY(!is_known(bootstrap(), "test.subset"));
}

CASE(namespaces_are_so_deep_and_no_deeper)
{
	mach_port_t bp = bootstrap(), requestor = port_new(), next;
	unsigned depth = 0;

	while (bootstrap_subset(bp, requestor, &next) == KERN_SUCCESS) {
		bp = next;
		depth++;
		ASSERT_LE(depth, 100u);
	}
	ASSERT_EQ(depth, 100u);
	ASSERT_EQ(bootstrap_subset(bp, requestor, &next), BOOTSTRAP_NO_MEMORY);
	destroy_receive(requestor);
}

CASE(parents_are_for_root)
{
	mach_port_t bp = bootstrap(), sub, port;

	ASSERT_KR(bootstrap_subset(bp, SELF, &sub));
	if (geteuid() != 0) {
		ASSERT_EQ(bootstrap_parent(sub, &port), BOOTSTRAP_NOT_PRIVILEGED);
		ASSERT_EQ(bootstrap_get_root(sub, &port), BOOTSTRAP_NOT_PRIVILEGED);
		return;
	}
	ASSERT_KR(bootstrap_parent(sub, &port));
	ASSERT_EQ(port, bp);
	ASSERT_KR(bootstrap_parent(bp, &port));
	ASSERT_EQ(port, bp);
	ASSERT_KR(bootstrap_get_root(sub, &port));
	ASSERT_EQ(port, bp);
}

static bool listed(mach_port_t bp, const char *name, bootstrap_status_t *ret)
{
	mach_msg_type_number_t n_names, n_jobs, n_active;
	bootstrap_status_array_t active;
	name_array_t names, jobs;
	bool found = false;

	ASSERT_KR(bootstrap_info(bp, &names, &n_names, &jobs, &n_jobs, &active, &n_active, 0));
	ASSERT_EQ(n_names, n_jobs);
	ASSERT_EQ(n_names, n_active);
	for (unsigned i = 0; i < n_names; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		found = true;
		*ret = active[i];
		ASSERT_NOT_NULL(strstr(jobs[i], ".anonymous"));
	}
	if (n_names > 0) {
		ASSERT_KR(vm_deallocate(SELF, (vm_address_t)names, n_names * sizeof(*names)));
		ASSERT_KR(vm_deallocate(SELF, (vm_address_t)jobs, n_names * sizeof(*jobs)));
		ASSERT_KR(vm_deallocate(SELF, (vm_address_t)active, n_names * sizeof(*active)));
	}
	return found;
}

CASE(a_namespace_can_be_listed)
{
	mach_port_t bp = bootstrap(), sub, port;
	bootstrap_status_t status;

	ASSERT_KR(bootstrap_subset(bp, SELF, &sub));
	ASSERT_FALSE(listed(sub, "test.listed", &status));
	ASSERT_KR(bootstrap_check_in(sub, "test.listed", &port));
	ASSERT_TRUE(listed(sub, "test.listed", &status));
	ASSERT_EQ(status, BOOTSTRAP_STATUS_ACTIVE);
	ASSERT_FALSE(listed(bp, "test.listed", &status));
	/* Nothing was checked in by asking. */
	ASSERT_EQ(status_of(sub, "test.listed"), BOOTSTRAP_STATUS_ACTIVE);
}

CASE(children_have_names)
{
	mach_port_t bp = bootstrap(), sub, leaf;
	bootstrap_property_array_t properties;
	mach_port_array_t ports;
	mach_msg_type_number_t n;
	name_array_t names;
	bool found = false;

	ASSERT_KR(bootstrap_subset(bp, SELF, &sub));
	ASSERT_KR(bootstrap_subset(sub, SELF, &leaf));
	ASSERT_EQ(bootstrap_lookup_children(leaf, &ports, &names, &properties, &n),
		BOOTSTRAP_NO_CHILDREN);
	ASSERT_KR(bootstrap_lookup_children(sub, &ports, &names, &properties, &n));
	for (unsigned i = 0; i < n; i++) {
		found |= ports[i] == leaf && strstr(names[i], ".subset.") &&
			 properties[i] == BOOTSTRAP_PROPERTY_EXPLICITSUBSET;
		drop(ports[i]);
	}
	ASSERT_TRUE(found);
	ASSERT_KR(vm_deallocate(SELF, (vm_address_t)ports, n * sizeof(*ports)));
	ASSERT_KR(vm_deallocate(SELF, (vm_address_t)names, n * sizeof(*names)));
	ASSERT_KR(vm_deallocate(SELF, (vm_address_t)properties, n * sizeof(*properties)));
}

static void inherits(void *arg)
{
	ASSERT_TRUE(is_known(bootstrap(), arg));
}

CASE(children_are_born_into_the_namespace)
{
	mach_port_t bp = bootstrap(), sub, port;

	ASSERT_KR(bootstrap_subset(bp, SELF, &sub));
	ASSERT_KR(bootstrap_check_in(sub, "test.inherited", &port));
	ASSERT_KR(task_set_bootstrap_port(SELF, sub));
	child_run(inherits, (void *)"test.inherited");
	ASSERT_KR(task_set_bootstrap_port(SELF, bp));
	destroy_receive(port);
}

CASE(codes_have_words)
{
	ASSERT_STREQ(bootstrap_strerror(BOOTSTRAP_SUCCESS), "Success");
	ASSERT_STREQ(bootstrap_strerror(BOOTSTRAP_NOT_PRIVILEGED), "Permission denied");
	ASSERT_STREQ(bootstrap_strerror(BOOTSTRAP_UNKNOWN_SERVICE), "Unknown service name");
	ASSERT_STREQ(bootstrap_strerror(BOOTSTRAP_SERVICE_ACTIVE), "Service name already exists");
	ASSERT_STREQ(bootstrap_strerror(BOOTSTRAP_NO_MEMORY), "Out of memory");
	ASSERT_NOT_NULL(bootstrap_strerror(12345678));
}
