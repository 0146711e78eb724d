/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of <servers/bootstrap.h> against a server that does as it is told: a child, which answers
 * by the name that it is asked for, and lies when `shared->lie` says so. The rules of a true server
 * are launchd's, and are tested there.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <bootstrap.h>
#include <bsm/libbsm.h>
#include <mach/mach.h>
#include <mach/mig_errors.h>

#include "base/sanitizer.h"
#include "bootstrap/contact.h"
#include "bootstrap/bootstrap_server.h"
#include "port/handoff.h"
#include "port/names.h"
#include "port/test-support.h"

#define NOBODY 65534
#define N_SERVICES 3
#define UNTOUCHED ((mach_port_t)0x7777)

typedef enum Lie {
	LIE_NOT,
	LIE_ID, /* another message's number */
	LIE_SIZE,
	LIE_KIND, /* of the first right */
	LIE_SUCCESS, /* and nothing with it */
	LIE_NULL, /* a right that is none */
	LIE_SILENCE, /* the answer is thrown away */
	LIE_DEATH,
} Lie;

/* Between the test and the server. The test writes `lie` and the counts, the server all else. */
typedef struct Shared {
	Lie lie;
	unsigned n_names, n_jobs, n_active, n_ports; /* of an answer with arrays */
	unsigned n_calls;
	char name[2 * BOOTSTRAP_MAX_NAME_LEN];
	uint64_t flags;
	pid_t pid; /* of the caller */
	int32_t target;
	bool is_null; /* the port that came */
	mach_port_t requestor; /* the server's name for it */
} Shared;

static Shared *shared;
/* The server's: where it says that a requestor is dead, and its port. */
static int deaths;
static mach_port_t served;

static mach_port_t new_port(void)
{
	mach_port_t port;

	ASSERT_OK(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port));
	return port;
}

/* "code.N": that code. */
static kern_return_t note(const char *name, uint64_t flags, const audit_token_t *token)
{
	shared->n_calls++;
	snprintf(shared->name, sizeof(shared->name), "%s", name);
	shared->flags = flags;
	shared->pid = audit_token_to_pid(*token);
	if (shared->lie == LIE_DEATH)
		_exit(0);
	return strncmp(name, "code.", 5) == 0 ? atoi(name + 5) : KERN_SUCCESS;
}

static mach_port_t answer_port(void)
{
	return shared->lie == LIE_NULL ? MACH_PORT_NULL : new_port();
}

kern_return_t bootstrap_do_check_in(mach_port_t bootstrap, service_name_t name, uint64_t flags,
	audit_token_t token, mach_port_t *service)
{
	kern_return_t kr = note(name, flags, &token);

	if (kr == KERN_SUCCESS)
		*service = answer_port();
	return kr;
}

kern_return_t bootstrap_do_declare(
	mach_port_t bootstrap, service_name_t name, audit_token_t token, mach_port_t *service)
{
	kern_return_t kr = note(name, 0, &token);

	if (kr != KERN_SUCCESS)
		return kr;
	*service = answer_port();
	/* It goes out as a copy of what the server has. */
	if (*service != MACH_PORT_NULL)
		ASSERT_OK(mach_port_insert_right(
			mach_task_self(), *service, *service, MACH_MSG_TYPE_MAKE_SEND));
	return KERN_SUCCESS;
}

kern_return_t bootstrap_do_look_up(mach_port_t bootstrap, service_name_t name, int32_t pid,
	uint64_t flags, audit_token_t token, mach_port_t *service, mach_msg_type_name_t *poly,
	service_owner_t *owner)
{
	kern_return_t kr = note(name, flags, &token);

	if (kr != KERN_SUCCESS)
		return kr;
	shared->target = pid;
	*owner = (service_owner_t){0};
	*service = strcmp(name, "dead") == 0 ? MACH_PORT_DEAD : answer_port();
	*poly = MACH_MSG_TYPE_MAKE_SEND;
	if (strcmp(name, "receive") == 0)
		*poly = MACH_MSG_TYPE_MOVE_RECEIVE;
	if (strcmp(name, "once") == 0)
		*poly = MACH_MSG_TYPE_MAKE_SEND_ONCE;
	if (strcmp(name, "dead") == 0)
		*poly = MACH_MSG_TYPE_COPY_SEND;
	return KERN_SUCCESS;
}

kern_return_t bootstrap_do_register_port(mach_port_t bootstrap, service_name_t name,
	mach_port_t service, uint64_t flags, audit_token_t token)
{
	kern_return_t kr = note(name, flags, &token);

	shared->is_null = service == MACH_PORT_NULL;
	if (kr == KERN_SUCCESS && MACH_PORT_VALID(service))
		(void)mach_port_deallocate(mach_task_self(), service);
	return kr;
}

kern_return_t bootstrap_do_subset(
	mach_port_t bootstrap, mach_port_t requestor, audit_token_t token, mach_port_t *subset)
{
	kern_return_t kr = note("", 0, &token);
	mach_port_t previous;

	shared->is_null = requestor == MACH_PORT_NULL;
	shared->requestor = requestor;
	if (shared->is_null)
		return BOOTSTRAP_NOT_PRIVILEGED;
	ASSERT_OK(mach_port_request_notification(mach_task_self(), requestor, MACH_NOTIFY_DEAD_NAME,
		0, served, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous));
	*subset = answer_port();
	return kr;
}

kern_return_t bootstrap_do_parent(mach_port_t bootstrap, audit_token_t token, mach_port_t *parent)
{
	*parent = answer_port();
	return note("", 0, &token);
}

kern_return_t bootstrap_do_root(mach_port_t bootstrap, audit_token_t token, mach_port_t *root)
{
	*root = answer_port();
	return note("", 0, &token);
}

kern_return_t bootstrap_do_status(
	mach_port_t bootstrap, service_name_t name, audit_token_t token, bootstrap_status_t *active)
{
	*active = BOOTSTRAP_STATUS_ON_DEMAND;
	return note(name, 0, &token);
}

static void *new_array(size_t size)
{
	vm_address_t address = 0;

	if (size)
		ASSERT_OK(vm_allocate(mach_task_self(), &address, size, VM_FLAGS_ANYWHERE));
	return (void *)address;
}

/* Full to the last byte: they end where the client says that they do. */
static name_array_t new_names(unsigned n, char first)
{
	name_array_t names = new_array(n * sizeof(name_t));

	for (unsigned i = 0; names && i < n; i++)
		memset(names[i], first + (int)i, sizeof(name_t));
	return names;
}

static uint32_t *new_numbers(unsigned n)
{
	uint32_t *numbers = new_array(n * sizeof(*numbers));

	for (unsigned i = 0; i < n; i++)
		numbers[i] = i;
	return numbers;
}

kern_return_t bootstrap_do_info(mach_port_t bootstrap, uint64_t flags, audit_token_t token,
	name_array_t *names, mach_msg_type_number_t *n_names, name_array_t *jobs,
	mach_msg_type_number_t *n_jobs, bootstrap_status_array_t *active,
	mach_msg_type_number_t *n_active)
{
	*names = new_names(*n_names = shared->n_names, 'a');
	*jobs = new_names(*n_jobs = shared->n_jobs, 'A');
	*active = (bootstrap_status_array_t)new_numbers(*n_active = shared->n_active);
	return note("", flags, &token);
}

kern_return_t bootstrap_do_children(mach_port_t bootstrap, audit_token_t token,
	mach_port_array_t *ports, mach_msg_type_number_t *n_ports, name_array_t *names,
	mach_msg_type_number_t *n_names, bootstrap_property_array_t *properties,
	mach_msg_type_number_t *n_properties)
{
	kern_return_t kr = note("", 0, &token);

	*ports = new_array(shared->n_ports * sizeof(mach_port_t));
	for (unsigned i = 0; i < shared->n_ports; i++)
		(*ports)[i] = answer_port();
	*n_ports = shared->n_ports;
	*names = new_names(*n_names = shared->n_names, 'a');
	*properties = new_numbers(*n_properties = shared->n_active);
	return kr;
}

kern_return_t bootstrap_do_describe(
	mach_port_t bootstrap, audit_token_t token, name_t name, bootstrap_property_t *property)
{
	return MIG_BAD_ID;
}

static void distort(const mach_msg_header_t *in, mach_msg_header_t *out)
{
	mig_reply_error_t *error = (mig_reply_error_t *)out;
	/* Of a right, and of an array of them: at the same place. */
	mach_msg_port_descriptor_t *right = (mach_msg_port_descriptor_t *)((mach_msg_base_t *)out +
									   1);

	switch (shared->lie) {
	case LIE_ID:
		out->msgh_id = 12345;
		break;
	case LIE_SIZE:
		out->msgh_size += 4;
		break;
	case LIE_KIND:
		/* What has no right at this place gets shorter. */
		if (out->msgh_bits & MACH_MSGH_BITS_COMPLEX &&
			right->type != MACH_MSG_OOL_DESCRIPTOR)
			right->disposition = MACH_MSG_TYPE_MAKE_SEND_ONCE;
		else
			out->msgh_size -= 4;
		break;
	case LIE_SUCCESS:
		out->msgh_bits &= ~MACH_MSGH_BITS_COMPLEX;
		out->msgh_size = sizeof(*error);
		error->RetCode = KERN_SUCCESS;
		break;
	case LIE_SILENCE:
		out->msgh_bits &= ~MACH_MSGH_BITS_COMPLEX;
		error->RetCode = MIG_NO_REPLY;
		ASSERT_OK(mach_port_deallocate(mach_task_self(), in->msgh_remote_port));
		break;
	default:
		break;
	}
}

static boolean_t demux(mach_msg_header_t *in, mach_msg_header_t *out)
{
	if (in->msgh_id == MACH_NOTIFY_DEAD_NAME) {
		mach_dead_name_notification_t *dead = (mach_dead_name_notification_t *)in;

		ASSERT_EQ(write(deaths, &dead->not_port, sizeof(dead->not_port)),
			sizeof(dead->not_port));
		((mig_reply_error_t *)out)->RetCode = MIG_NO_REPLY;
		return TRUE;
	}
	if (!bootstrap_server(in, out))
		return FALSE;
	distort(in, out);
	return TRUE;
}

/* The server as the test sees it. */
typedef struct Server {
	pid_t pid;
	mach_port_t bp;
	int deaths; /* the server's names of dead requestors */
} Server;

static void become_nobody(void)
{
	ASSERT_SYS(setgid(NOBODY));
	ASSERT_SYS(setuid(NOBODY));
	ASSERT_SYS(prctl(PR_SET_DUMPABLE, 1));
}

__attribute__((__noreturn__)) static void serve(int sock, bool as_nobody)
{
	const mach_msg_options_t options = MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0) |
					   MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT);

	/* Not if the test fails. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (as_nobody)
		become_nobody();
	served = new_port();
	ASSERT_OK(
		mach_port_insert_right(mach_task_self(), served, served, MACH_MSG_TYPE_MAKE_SEND));
	ASSERT_OK(handoff_send(sock, served));
	ASSERT_OK(mach_msg_server(demux, 4096, served, options));
	_exit(1);
}

static Server server_start(bool as_nobody)
{
	Server server = {0};
	int pair[2], ends[2], r;

	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(shared != MAP_FAILED);
	*shared = (Shared){.n_names = N_SERVICES,
		.n_jobs = N_SERVICES,
		.n_active = N_SERVICES,
		.n_ports = N_SERVICES};
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	fflush(stdout);
	server.pid = ASSERT_SYS(fork());
	if (server.pid == 0) {
		deaths = ends[1];
		serve(pair[1], as_nobody);
	}
	close(pair[1]);
	close(ends[1]);
	while ((r = handoff_receive(pair[0], &server.bp)) == HANDOFF_E_EMPTY)
		sched_yield();
	ASSERT_OK(r);
	close(pair[0]);
	server.deaths = ends[0];
	return server;
}

static void kill_server(Server *server)
{
	if (server->pid > 0) {
		ASSERT_SYS(kill(server->pid, SIGKILL));
		ASSERT_EQ(waitpid(server->pid, NULL, 0), server->pid);
	}
	server->pid = 0;
}

static void server_end(Server *server)
{
	kill_server(server);
	ASSERT_OK(LOCKED(name_destroy(server->bp)));
	close(server->deaths);
	munmap(shared, sizeof(*shared));
	mig_dealloc_reply_port(mig_get_reply_port());
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

static void drop(mach_port_t port)
{
	ASSERT_OK(mach_port_deallocate(mach_task_self(), port));
}

static void drop_array(const void *array, size_t size)
{
	if (size)
		ASSERT_OK(vm_deallocate(mach_task_self(), (vm_address_t)array, size));
}

/* Each call once: a success is released, and a failure writes nothing. */

static kern_return_t took(kern_return_t kr, mach_port_t port)
{
	if (kr == KERN_SUCCESS) {
		ASSERT_EQ(type_of(port), ENTRY_SEND);
		drop(port);
	} else {
		ASSERT_EQ(port, UNTOUCHED);
	}
	return kr;
}

static kern_return_t call_check_in(mach_port_t bp, const char *name)
{
	mach_port_t port = UNTOUCHED;
	kern_return_t kr = bootstrap_check_in(bp, name, &port);

	if (kr != KERN_SUCCESS)
		return took(kr, port);
	ASSERT_EQ(type_of(port), ENTRY_RECEIVE);
	ASSERT_OK(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1));
	return KERN_SUCCESS;
}

static kern_return_t call_look_up(mach_port_t bp, const char *name)
{
	mach_port_t port = UNTOUCHED;
	kern_return_t kr = bootstrap_look_up(bp, name, &port);

	return took(kr, port);
}

static kern_return_t call_create_service(mach_port_t bp, const char *name)
{
	mach_port_t port = UNTOUCHED;
	kern_return_t kr = bootstrap_create_service(bp, (char *)name, &port);

	return took(kr, port);
}

static kern_return_t call_status(mach_port_t bp, const char *name)
{
	bootstrap_status_t status = 99;
	kern_return_t kr = bootstrap_status(bp, (char *)name, &status);

	ASSERT_EQ(status, kr == KERN_SUCCESS ? BOOTSTRAP_STATUS_ON_DEMAND : 99);
	return kr;
}

static kern_return_t call_register(mach_port_t bp, const char *name)
{
	return bootstrap_register(bp, (char *)name, bp);
}

static kern_return_t call_subset(mach_port_t bp, const char *name)
{
	mach_port_t port = UNTOUCHED;
	kern_return_t kr = bootstrap_subset(bp, bp, &port);

	return took(kr, port);
}

static kern_return_t call_parent(mach_port_t bp, const char *name)
{
	mach_port_t port = UNTOUCHED;
	kern_return_t kr = bootstrap_parent(bp, &port);

	return took(kr, port);
}

static kern_return_t call_root(mach_port_t bp, const char *name)
{
	mach_port_t port = UNTOUCHED;
	kern_return_t kr = bootstrap_get_root(bp, &port);

	return took(kr, port);
}

static void assert_names(name_array_t names, unsigned n, char first)
{
	for (unsigned i = 0; i < n; i++) {
		ASSERT_EQ(strlen(names[i]), sizeof(name_t) - 1);
		ASSERT_EQ(names[i][0], first + (int)i);
	}
	drop_array(names, n * sizeof(name_t));
}

static kern_return_t call_info(mach_port_t bp, const char *name)
{
	name_array_t names = (name_array_t)shared, jobs = (name_array_t)shared;
	bootstrap_status_array_t active = (bootstrap_status_array_t)shared;
	mach_msg_type_number_t n_names = 77, n_jobs = 77, n_active = 77;
	kern_return_t kr = bootstrap_info(
		bp, &names, &n_names, &jobs, &n_jobs, &active, &n_active, 5);

	if (kr == KERN_SUCCESS) {
		ASSERT_EQ(n_names, shared->n_names);
		ASSERT_EQ(n_jobs, n_names);
		ASSERT_EQ(n_active, n_names);
		assert_names(names, n_names, 'a');
		assert_names(jobs, n_jobs, 'A');
		for (unsigned i = 0; i < n_active; i++)
			ASSERT_EQ(active[i], (int)i);
		drop_array(active, n_active * sizeof(*active));
	} else {
		ASSERT_TRUE(n_names == 77 && n_jobs == 77 && n_active == 77);
		ASSERT_PTR_EQ(names, shared);
		ASSERT_PTR_EQ(jobs, shared);
		ASSERT_PTR_EQ(active, shared);
	}
	return kr;
}

static kern_return_t call_children(mach_port_t bp, const char *name)
{
	mach_port_array_t ports = (mach_port_array_t)shared;
	name_array_t names = (name_array_t)shared;
	bootstrap_property_array_t properties = (bootstrap_property_array_t)shared;
	mach_msg_type_number_t n = 77;
	kern_return_t kr = bootstrap_lookup_children(bp, &ports, &names, &properties, &n);

	if (kr == KERN_SUCCESS) {
		ASSERT_EQ(n, shared->n_ports);
		for (unsigned i = 0; i < n; i++) {
			ASSERT_EQ(properties[i], i);
			if (shared->lie == LIE_NULL)
				ASSERT_EQ(ports[i], MACH_PORT_NULL);
			else
				drop(ports[i]);
		}
		drop_array(ports, n * sizeof(*ports));
		assert_names(names, n, 'a');
		drop_array(properties, n * sizeof(*properties));
	} else {
		ASSERT_EQ(n, 77);
		ASSERT_PTR_EQ(ports, shared);
		ASSERT_PTR_EQ(names, shared);
		ASSERT_PTR_EQ(properties, shared);
	}
	return kr;
}

typedef struct Call {
	kern_return_t (*make)(mach_port_t bp, const char *name);
	bool has_name;
	bool gives_port;
	bool gives_nothing;
} Call;

static const Call calls[] = {
	{call_check_in, true, true, false},
	{call_look_up, true, true, false},
	{call_create_service, true, true, false},
	{call_register, true, false, true},
	{call_status, true, false, false},
	{call_subset, false, true, false},
	{call_parent, false, true, false},
	{call_root, false, true, false},
	{call_info, false, false, false},
	{call_children, false, false, false},
};

#define FOR_EACH_CALL(c)                                                                           \
	for (const Call *c = calls; c < calls + sizeof(calls) / sizeof(calls[0]); c++)

PORT_TEST(every_call_succeeds)
{
	Server server = server_start(false);

	FOR_EACH_CALL(c)
	{
		unsigned before = shared->n_calls;

		ASSERT_OK(c->make(server.bp, "org.example.service"));
		ASSERT_EQ(shared->n_calls, before + 1);
		ASSERT_EQ(shared->pid, getpid());
		if (c->has_name)
			ASSERT_STREQ(shared->name, "org.example.service");
	}
	ASSERT_EQ(urefs_of(server.bp), 1);
	server_end(&server);
}

PORT_TEST(codes_of_the_server)
{
	static const int codes[] = {BOOTSTRAP_NOT_PRIVILEGED, BOOTSTRAP_NAME_IN_USE,
		BOOTSTRAP_UNKNOWN_SERVICE, BOOTSTRAP_SERVICE_ACTIVE, BOOTSTRAP_BAD_COUNT,
		BOOTSTRAP_NO_MEMORY, BOOTSTRAP_NO_CHILDREN, KERN_FAILURE, -1};
	Server server = server_start(false);
	char name[32];

	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		snprintf(name, sizeof(name), "code.%d", codes[i]);
		FOR_EACH_CALL(c)
		{
			if (c->has_name)
				ASSERT_EQ(c->make(server.bp, name), codes[i]);
		}
	}
	server_end(&server);
}

PORT_TEST(names_that_cannot_be)
{
	Server server = server_start(false);
	char longest[BOOTSTRAP_MAX_NAME_LEN + 1];

	memset(longest, 'n', sizeof(longest));
	longest[BOOTSTRAP_MAX_NAME_LEN] = '\0';
	FOR_EACH_CALL(c)
	{
		unsigned before = shared->n_calls;

		if (!c->has_name)
			continue;
		ASSERT_EQ(c->make(server.bp, NULL), BOOTSTRAP_UNKNOWN_SERVICE);
		ASSERT_EQ(c->make(server.bp, ""), BOOTSTRAP_UNKNOWN_SERVICE);
		ASSERT_EQ(c->make(server.bp, longest), BOOTSTRAP_UNKNOWN_SERVICE);
		/* It was not troubled. */
		ASSERT_EQ(shared->n_calls, before);
		ASSERT_OK(c->make(server.bp, longest + 1));
		ASSERT_STREQ(shared->name, longest + 1);
	}
	server_end(&server);
}

PORT_TEST(flags_are_passed_on)
{
	Server server = server_start(false);
	const uint64_t flags = BOOTSTRAP_STRICT_CHECKIN | BOOTSTRAP_FORCE_LOCAL |
			       (UINT64_C(1) << 40);
	mach_port_t port;

	ASSERT_OK(bootstrap_check_in2(server.bp, "a", &port, flags));
	ASSERT_EQ(shared->flags, flags);
	ASSERT_OK(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1));
	ASSERT_OK(bootstrap_look_up2(server.bp, "a", &port, 77, flags));
	ASSERT_EQ(shared->flags, flags);
	ASSERT_EQ(shared->target, 77);
	drop(port);
	ASSERT_OK(bootstrap_register2(server.bp, (char[]){"a"}, server.bp, flags));
	ASSERT_EQ(shared->flags, flags);
	ASSERT_OK(call_info(server.bp, NULL));
	ASSERT_EQ(shared->flags, 5);
	server_end(&server);
}

/* The kernel says who answered, not the server. */
PORT_TEST(a_privileged_server)
{
	bool is_root = getuid() == 0;

	for (unsigned as_nobody = 0; as_nobody <= is_root; as_nobody++) {
		Server server = server_start(as_nobody);
		mach_port_t port = UNTOUCHED;
		kern_return_t kr = bootstrap_look_up2(
			server.bp, "a", &port, 0, BOOTSTRAP_PRIVILEGED_SERVER);

		ASSERT_EQ(took(kr, port),
			is_root && !as_nobody ? KERN_SUCCESS : BOOTSTRAP_NOT_PRIVILEGED);
		ASSERT_OK(call_look_up(server.bp, "a"));
		server_end(&server);
	}
}

PORT_TEST(rights_of_another_kind)
{
	Server server = server_start(false);
	mach_port_t port = MACH_PORT_NULL;

	ASSERT_EQ(call_look_up(server.bp, "receive"), MIG_TYPE_ERROR);
	ASSERT_EQ(call_look_up(server.bp, "once"), MIG_TYPE_ERROR);
	/* It has died a moment ago: that is the truth. */
	ASSERT_OK(bootstrap_look_up(server.bp, "dead", &port));
	ASSERT_EQ(port, MACH_PORT_DEAD);
	server_end(&server);
}

PORT_TEST(a_server_that_lies)
{
	static const kern_return_t expected[] = {
		[LIE_ID] = MIG_REPLY_MISMATCH,
		[LIE_SIZE] = MIG_TYPE_ERROR,
		[LIE_KIND] = MIG_TYPE_ERROR,
		[LIE_SUCCESS] = MIG_TYPE_ERROR,
		[LIE_NULL] = MIG_TYPE_ERROR,
		[LIE_SILENCE] = MIG_SERVER_DIED,
	};
	Server server = server_start(false);

	for (Lie lie = LIE_ID; lie <= LIE_SILENCE; lie++) {
		FOR_EACH_CALL(c)
		{
			kern_return_t kr;

			/* The truth, for them. */
			if ((lie == LIE_SUCCESS && c->gives_nothing) ||
				(lie == LIE_NULL && !c->gives_port))
				continue;
			shared->lie = lie;
			kr = c->make(server.bp, "a");
			shared->lie = LIE_NOT;
			/* A stub has no room for more than it expects. */
			if (kr != expected[lie] && !(lie == LIE_SIZE && kr == MACH_RCV_TOO_LARGE))
				FAIL("lie %u, call %td: %d", lie, c - calls, kr);
			/* One bad answer spoils nothing. */
			ASSERT_OK(c->make(server.bp, "a"));
		}
	}
	server_end(&server);
}

PORT_TEST(arrays_that_do_not_match)
{
	static const unsigned counts[][4] = {
		{2, 3, 3, 3}, {3, 2, 3, 3}, {3, 3, 2, 3}, {3, 3, 3, 2}, {0, 3, 3, 3}, {3, 3, 0, 0}};
	Server server = server_start(false);

	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const unsigned *n = counts[i];

		shared->n_names = n[0];
		shared->n_jobs = n[1];
		shared->n_active = n[2];
		shared->n_ports = n[3];
		ASSERT_EQ(call_info(server.bp, NULL),
			n[0] == n[1] && n[1] == n[2] ? 0 : BOOTSTRAP_BAD_COUNT);
		ASSERT_EQ(call_children(server.bp, NULL),
			n[0] == n[2] && n[2] == n[3] ? 0 : BOOTSTRAP_BAD_COUNT);
	}
	/* Nothing at all is no lie. */
	shared->n_names = shared->n_jobs = shared->n_active = shared->n_ports = 0;
	ASSERT_OK(call_info(server.bp, NULL));
	ASSERT_OK(call_children(server.bp, NULL));
	/* More than a message has room for by itself. */
	shared->n_names = shared->n_jobs = shared->n_active = 20;
	ASSERT_OK(call_info(server.bp, NULL));
	server_end(&server);
}

PORT_TEST(a_server_that_dies)
{
	FOR_EACH_CALL(c)
	{
		Server server = server_start(false);
		kern_return_t kr;

		shared->lie = LIE_DEATH;
		ASSERT_EQ(c->make(server.bp, "a"), MIG_SERVER_DIED);
		kill_server(&server);
		/* Whether it is known before the request is on its way depends on what is in it. */
		kr = c->make(server.bp, "a");
		ASSERT_TRUE(kr == MACH_SEND_INVALID_DEST || kr == MIG_SERVER_DIED);
		/* call_register() registers it, too. */
		ASSERT_EQ(c->make(MACH_PORT_DEAD, "a"),
			c->gives_nothing ? BOOTSTRAP_NO_MEMORY : MACH_SEND_INVALID_DEST);
		server_end(&server);
	}
}

PORT_TEST(what_is_registered)
{
	Server server = server_start(false);
	mach_port_t port = new_port();
	char name[] = "a";

	ASSERT_OK(bootstrap_register(server.bp, name, MACH_PORT_NULL));
	ASSERT_TRUE(shared->is_null);
	ASSERT_EQ(bootstrap_register(server.bp, name, MACH_PORT_DEAD), BOOTSTRAP_NO_MEMORY);
	/* A receive right is no send right. */
	ASSERT_EQ(bootstrap_register(server.bp, name, port), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(shared->n_calls, 1);
	add_send(port, 1);
	ASSERT_OK(bootstrap_register(server.bp, name, port));
	ASSERT_FALSE(shared->is_null);
	ASSERT_EQ(urefs_of(port), 1);
	ASSERT_OK(LOCKED(name_destroy(port)));
	server_end(&server);
}

PORT_TEST(unprivileged_is_the_same)
{
	Server server = server_start(false);
	mach_port_t port = UNTOUCHED;

	ASSERT_OK(bootstrap_unprivileged(server.bp, &port));
	ASSERT_EQ(port, server.bp);
	ASSERT_EQ(urefs_of(port), 2);
	drop(port);
	port = UNTOUCHED;
	ASSERT_NE(bootstrap_unprivileged(MACH_PORT_DEAD, &port), KERN_SUCCESS);
	ASSERT_NE(bootstrap_unprivileged(0x12345, &port), KERN_SUCCESS);
	ASSERT_EQ(port, UNTOUCHED);
	server_end(&server);
}

/* Clients in processes of their own, which inherit the server. */

static pid_t fork_client(void)
{
	fflush(stdout);
	return ASSERT_SYS(fork());
}

static void bequeath(mach_port_t bp)
{
	ASSERT_OK(task_set_bootstrap_port(mach_task_self(), bp));
}

static mach_port_t next_death(const Server *server)
{
	mach_port_t name;

	ASSERT_EQ(read(server->deaths, &name, sizeof(name)), sizeof(name));
	return name;
}

/* A subset for as long as this task lives. Returns the server's name of the requestor. */
static mach_port_t own_subset(void)
{
	mach_port_t subset = UNTOUCHED;

	ASSERT_OK(bootstrap_subset(MACH_PORT_NULL, mach_task_self(), &subset));
	drop(subset);
	ASSERT_NE(shared->requestor, MACH_PORT_NULL);
	return shared->requestor;
}

PORT_TEST(a_requestor_is_required)
{
	Server server = server_start(false);
	mach_port_t port = UNTOUCHED;

	ASSERT_EQ(bootstrap_subset(server.bp, MACH_PORT_NULL, &port), BOOTSTRAP_NOT_PRIVILEGED);
	ASSERT_TRUE(shared->is_null);
	ASSERT_EQ(port, UNTOUCHED);
	server_end(&server);
}

/* Of a task and its children, each has a port that ends with it, whoever else lives on. */
PORT_TEST(a_task_is_its_own_requestor)
{
	Server server = server_start(false);
	int hold[2];
	pid_t client;

	ASSERT_SYS(pipe2(hold, O_CLOEXEC));
	bequeath(server.bp);
	client = fork_client();
	if (client == 0) {
		mach_port_t mine, its;
		pid_t child;
		char byte;

		mine = own_subset();
		/* One port for all of them. */
		ASSERT_EQ(own_subset(), mine);
		child = fork_client();
		if (child == 0) {
			ASSERT_NE(own_subset(), mine);
			_exit(0);
		}
		ASSERT_CHILD_EXITS(child, 0);
		its = next_death(&server);
		ASSERT_NE(its, mine);
		ASSERT_EQ(own_subset(), mine);
		/* Whoever only inherited does not keep it alive. */
		if (fork_client() == 0) {
			close(hold[1]);
			(void)!read(hold[0], &byte, 1);
			_exit(0);
		}
		ASSERT_EQ(portcheck_names(), 2); /* that port, and one for answers */
		_exit(0);
	}
	ASSERT_CHILD_EXITS(client, 0);
	(void)next_death(&server);
	close(hold[0]);
	close(hold[1]);
	bequeath(MACH_PORT_NULL);
	server_end(&server);
}

PORT_TEST(null_is_the_port_of_the_task)
{
	Server server = server_start(false);
	pid_t client;

	bequeath(server.bp);
	client = fork_client();
	if (client == 0) {
		ASSERT_TRUE(MACH_PORT_VALID(bootstrap_port));
		FOR_EACH_CALL(c)
		{
			if (c->make != call_register && c->make != call_subset)
				ASSERT_OK(c->make(MACH_PORT_NULL, "a"));
		}
		/* A program may forget it. */
		bootstrap_port = MACH_PORT_NULL;
		ASSERT_OK(call_look_up(MACH_PORT_NULL, "a"));
		ASSERT_TRUE(MACH_PORT_VALID(bootstrap_port));
		ASSERT_IN_ORDER();
		_exit(0);
	}
	ASSERT_CHILD_EXITS(client, 0);
	bequeath(MACH_PORT_NULL);
	server_end(&server);
}

/* The path. */

typedef struct Door {
	char folder[64];
	char inner[80];
	char path[112];
	int sock;
} Door;

static Door door_open(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	Door door = {.folder = "/tmp/bootstrap-XXXXXX"};

	ASSERT_NOT_NULL(mkdtemp(door.folder));
	snprintf(door.inner, sizeof(door.inner), "%s/portcullis", door.folder);
	ASSERT_SYS(mkdir(door.inner, 0700));
	snprintf(door.path, sizeof(door.path), "%s/" CONTACT_USER_NAME, door.folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", door.path);
	door.sock = ASSERT_SYS(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	ASSERT_SYS(bind(door.sock, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_SYS(listen(door.sock, 16));
	return door;
}

static void door_close(Door *door)
{
	close(door->sock);
	ASSERT_SYS(unlink(door->path));
	ASSERT_SYS(rmdir(door->inner));
	ASSERT_SYS(rmdir(door->folder));
}

static int door_accept(const Door *door)
{
	return ASSERT_SYS(accept4(door->sock, NULL, NULL, SOCK_CLOEXEC));
}

static void *look_up_once(void *result)
{
	*(kern_return_t *)result = call_look_up(MACH_PORT_NULL, "a");
	return NULL;
}

#define N_THREADS 4

typedef struct Keeper {
	const Door *door;
	mach_port_t port;
} Keeper;

/* Lets one in. */
static void *keep_door(void *arg)
{
	const Keeper *keeper = arg;
	int fd = door_accept(keeper->door);
	char byte;

	ASSERT_OK(handoff_send(fd, keeper->port));
	(void)recv(fd, &byte, 1, 0);
	close(fd);
	return NULL;
}

static void assert_nobody_came(const Door *door)
{
	ASSERT_SYS(fcntl(door->sock, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(accept4(door->sock, NULL, NULL, SOCK_CLOEXEC), -1);
	ASSERT_EQ(errno, EAGAIN);
}

/* All of them wait for one connection. */
PORT_TEST(threads_find_the_server_together)
{
	const char *before = getenv("XDG_RUNTIME_DIR");
	_cleanup_free_ char *kept = before ? strdup(before) : NULL;
	Server server = server_start(false);
	Door door = door_open();
	Keeper keeper = {.door = &door, .port = server.bp};
	pthread_t threads[N_THREADS], keeping;
	kern_return_t results[N_THREADS];

	ASSERT_SYS(setenv("XDG_RUNTIME_DIR", door.folder, 1));
	ASSERT_OK(pthread_create(&keeping, NULL, keep_door, &keeper));
	for (unsigned i = 0; i < N_THREADS; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, look_up_once, &results[i]));
	for (unsigned i = 0; i < N_THREADS; i++) {
		ASSERT_OK(pthread_join(threads[i], NULL));
		ASSERT_OK(results[i]);
	}
	ASSERT_OK(pthread_join(keeping, NULL));
	assert_nobody_came(&door);
	ASSERT_EQ(bootstrap_port, server.bp);
	ASSERT_EQ(urefs_of(server.bp), 2);
	/* As if it had not been. */
	ASSERT_OK(task_set_bootstrap_port(mach_task_self(), MACH_PORT_NULL));
	bootstrap_port = MACH_PORT_NULL;
	if (kept)
		ASSERT_SYS(setenv("XDG_RUNTIME_DIR", kept, 1));
	else
		ASSERT_SYS(unsetenv("XDG_RUNTIME_DIR"));
	door_close(&door);
	server_end(&server);
}

PORT_TEST(a_task_without_one_finds_the_server)
{
	Server server = server_start(false);
	Door door = door_open();
	pid_t client = fork_client();
	int fd;

	if (client == 0) {
		mach_port_t port;

		ASSERT_EQ(bootstrap_port, MACH_PORT_NULL);
		ASSERT_SYS(setenv("XDG_RUNTIME_DIR", door.folder, 1));
		ASSERT_OK(call_look_up(MACH_PORT_NULL, "a"));
		ASSERT_OK(call_look_up(MACH_PORT_NULL, "a"));
		/* It is the task's from now on, and its children's. */
		ASSERT_OK(task_get_bootstrap_port(mach_task_self(), &port));
		ASSERT_EQ(port, bootstrap_port);
		client = fork_client();
		if (client == 0) {
			ASSERT_TRUE(MACH_PORT_VALID(bootstrap_port));
			ASSERT_OK(call_look_up(MACH_PORT_NULL, "a"));
			_exit(0);
		}
		ASSERT_CHILD_EXITS(client, 0);
		_exit(0);
	}
	/* All of that is one connection. */
	fd = door_accept(&door);
	ASSERT_OK(handoff_send(fd, server.bp));
	ASSERT_CHILD_EXITS(client, 0);
	assert_nobody_came(&door);
	close(fd);
	door_close(&door);
	server_end(&server);
}

PORT_TEST(there_is_no_server)
{
	Door door = door_open();
	pid_t client = fork_client();

	if (client == 0) {
		ASSERT_SYS(setenv("XDG_RUNTIME_DIR", door.folder, 1));
		FOR_EACH_CALL(c)
		{
			if (c->make != call_info && c->make != call_children)
				ASSERT_EQ(c->make(MACH_PORT_NULL, "a"), BOOTSTRAP_NOT_PRIVILEGED);
		}
		ASSERT_EQ(bootstrap_port, MACH_PORT_NULL);
		/* But for a machine that has one. */
		ASSERT_SYS(setenv("XDG_RUNTIME_DIR", "/nowhere", 1));
		if (access(CONTACT_SYSTEM_PATH, F_OK) < 0)
			ASSERT_EQ(call_look_up(MACH_PORT_NULL, "a"), MACH_SEND_INVALID_DEST);
		ASSERT_IN_ORDER();
		ASSERT_EQ(portcheck_names(), 0);
		_exit(0);
	}
	/* It is there, and wants nobody: once for each of the calls. */
	for (unsigned i = 0; i + 2 < sizeof(calls) / sizeof(calls[0]); i++)
		close(door_accept(&door));
	ASSERT_CHILD_EXITS(client, 0);
	door_close(&door);
}

/* A fork while another thread waits for the server. */
PORT_TEST(a_fork_in_the_middle)
{
	pid_t client, child;
	pthread_t thread;
	kern_return_t result;
	Door door;
	int fd;

	if (UNDER_TSAN)
		SKIP("no threads in a fork child under ThreadSanitizer");
	door = door_open();
	client = fork_client();
	if (client == 0) {
		ASSERT_SYS(setenv("XDG_RUNTIME_DIR", door.folder, 1));
		ASSERT_OK(pthread_create(&thread, NULL, look_up_once, &result));
		/* The thread holds the lock now. */
		fd = door_accept(&door);
		child = fork_client();
		if (child == 0) {
			/* A path that leads nowhere. It is the return that counts. */
			ASSERT_SYS(setenv("XDG_RUNTIME_DIR", "/nowhere", 1));
			(void)bootstrap_look_up(MACH_PORT_NULL, "a", &(mach_port_t){0});
			_exit(0);
		}
		ASSERT_CHILD_EXITS(child, 0);
		close(fd);
		ASSERT_OK(pthread_join(thread, NULL));
		ASSERT_EQ(result, BOOTSTRAP_NOT_PRIVILEGED);
		_exit(0);
	}
	ASSERT_CHILD_EXITS(client, 0);
	door_close(&door);
}

PORT_TEST(every_code_has_a_text)
{
	ASSERT_STREQ(bootstrap_strerror(BOOTSTRAP_SUCCESS), "Success");
	ASSERT_STREQ(bootstrap_strerror(BOOTSTRAP_NOT_PRIVILEGED), "Permission denied");
	ASSERT_STREQ(bootstrap_strerror(BOOTSTRAP_NAME_IN_USE), "Service name already exists");
	ASSERT_STREQ(bootstrap_strerror(BOOTSTRAP_SERVICE_ACTIVE), "Service name already exists");
	ASSERT_STREQ(bootstrap_strerror(BOOTSTRAP_UNKNOWN_SERVICE), "Unknown service name");
	ASSERT_STREQ(bootstrap_strerror(BOOTSTRAP_NO_MEMORY), "Out of memory");
	ASSERT_STREQ(bootstrap_strerror(MIG_SERVER_DIED), mach_error_string(MIG_SERVER_DIED));
	for (int code = -400; code < 1200; code++)
		ASSERT_NOT_NULL(bootstrap_strerror(code));
}

/* Programs have them compiled in. */
PORT_TEST(numbers_are_as_elsewhere)
{
	static const int codes[] = {BOOTSTRAP_NOT_PRIVILEGED, BOOTSTRAP_NAME_IN_USE,
		BOOTSTRAP_UNKNOWN_SERVICE, BOOTSTRAP_SERVICE_ACTIVE, BOOTSTRAP_BAD_COUNT,
		BOOTSTRAP_NO_MEMORY, BOOTSTRAP_NO_CHILDREN};
	static const int flags[] = {BOOTSTRAP_PER_PID_SERVICE, BOOTSTRAP_ALLOW_LOOKUP,
		BOOTSTRAP_DENY_JOB_CREATION, BOOTSTRAP_PRIVILEGED_SERVER, BOOTSTRAP_FORCE_LOCAL,
		BOOTSTRAP_SPECIFIC_INSTANCE, BOOTSTRAP_STRICT_CHECKIN, BOOTSTRAP_STRICT_LOOKUP};
	static const int properties[] = {BOOTSTRAP_PROPERTY_EXPLICITSUBSET,
		BOOTSTRAP_PROPERTY_IMPLICITSUBSET, BOOTSTRAP_PROPERTY_MOVEDSUBSET,
		BOOTSTRAP_PROPERTY_PERUSER, BOOTSTRAP_PROPERTY_XPC_DOMAIN,
		BOOTSTRAP_PROPERTY_XPC_SINGLETON};

	ASSERT_EQ(BOOTSTRAP_SUCCESS, 0);
	for (int i = 0; i < 7; i++)
		ASSERT_EQ(codes[i], 1100 + i);
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(flags[i], 1 << i);
	for (int i = 0; i < 6; i++)
		ASSERT_EQ(properties[i], 1 << i);
	ASSERT_EQ(BOOTSTRAP_STATUS_INACTIVE, 0);
	ASSERT_EQ(BOOTSTRAP_STATUS_ACTIVE, 1);
	ASSERT_EQ(BOOTSTRAP_STATUS_ON_DEMAND, 2);
	ASSERT_EQ(sizeof(name_t), 128);
	ASSERT_EQ(sizeof(cmd_t), 512);
	ASSERT_EQ(BOOTSTRAP_MAX_LOOKUP_COUNT, 20);
}
