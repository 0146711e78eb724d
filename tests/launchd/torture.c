/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server when memory, descriptors and the kernel fail it, once, at every point at which they can.
 *
 * The server runs in this process, where the n-th call of a kind fails (tests/lib/fault.h). A driver in
 * a fork child arms it, has a client (another child) go through a dialogue, disarms it, and has a second
 * client do the same in a world where nothing fails. Of the first client at most one call may fail, and
 * the same call again succeeds; of the second none. When both are gone the server has what it had
 * before: descriptors, names, services, clients, namespaces, jobs.
 */
#include <dirent.h>
#include <stdatomic.h>

#include "base/loop.h"
#include "base/pidref.h"
#include "job_server.h"
#include "launchd/client.h"
#include "launchd/domain.h"
#include "launchd/namespace.h"
#include "tests/launchd/session.h"
#include "tests/lib/fault.h"

/* A second of the supervisor's is so short here. */
#define SECOND_NS 2000000
#define RUNS_MAX 3000

/* --- The server --- */

typedef struct Order {
	enum { ORDER_ARM, ORDER_DISARM, ORDER_COUNT } what;
	FaultKind kind;
	unsigned n;
} Order;

typedef struct Count {
	unsigned fds, names, services, clients, namespaces, jobs, processes, users;
	bool struck;
	long site; /* from main on */
} Count;

static Loop *loop;
static int orders; /* here: of the server; in a child: of the driver */

/* But for folders, of which libmach opens another one to make ports in when the first one fails it, and
 * keeps it. */
static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	unsigned n = 0;
	struct stat st;

	ASSERT_NOT_NULL(dir);
	while ((entry = readdir(dir)))
		n += fstat(atoi(entry->d_name), &st) == 0 && !S_ISDIR(st.st_mode);
	(void)closedir(dir);
	return n;
}

static unsigned count_names(void)
{
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t n, n_types;

	ASSERT_KR(mach_port_names(SELF, &names, &n, &types, &n_types));
	ASSERT_KR(vm_deallocate(SELF, (vm_address_t)names, n * sizeof(*names)));
	ASSERT_KR(vm_deallocate(SELF, (vm_address_t)types, n_types * sizeof(*types)));
	return n;
}

static Count count(void)
{
	return (Count){.fds = count_fds(),
		.names = count_names(),
		.services = server.root->n_services,
		.clients = HASH_COUNT(server.clients),
		.namespaces = HASH_COUNT(server.by_port),
		.jobs = (unsigned)supervisor_n_jobs(domain.supervisor),
		.processes = (unsigned)supervisor_n_processes(domain.supervisor),
		.users = (unsigned)quota_n_users(&server.quota)};
}

static int on_order(void *userdata, uint32_t events)
{
	Order order;
	Count c = {.fds = 0};

	(void)userdata;
	(void)events;
	fault_pause();
	if (recv(orders, &order, sizeof(order), 0) != sizeof(order)) {
		loop_quit(loop);
	} else {
		if (order.what == ORDER_COUNT)
			c = count();
		if (order.what == ORDER_DISARM) {
			c.struck = fault_disarm();
			c.site = (const char *)fault_site() - (const char *)(uintptr_t)count;
		}
		if (order.what == ORDER_ARM)
			fault_arm(order.kind, order.n);
		ASSERT_EQ(send(orders, &c, sizeof(c), MSG_NOSIGNAL), (ssize_t)sizeof(c));
	}
	fault_resume();
	return 0;
}

/* A lease of a client that is gone is closed some time later, with others: libmach's own tests see to
 * that. */
static bool has_leases(void)
{
	const char *text = getenv("PORTCULLIS_LEASES");

	return !text || strcmp(text, "0") != 0;
}

/* --- Clients --- */

typedef struct Witness {
	unsigned n_refused; /* calls that failed */
	bool may_fail;
	const char *what; /* the call that did */
	kern_return_t how;
} Witness;

/* What a client saw last, for the driver's message. */
static Witness *seen;

static void refused(const char *what, kern_return_t kr)
{
	seen->what = what;
	seen->how = kr;
	if (!seen->may_fail || ++seen->n_refused > 1)
		FAIL("%s: %d (%#x)%s", what, kr, (unsigned)kr,
			seen->may_fail ? ", for the second time" : "");
}

/* One failure is borne, and has to be over when the call is made again. */
#define CALL_OR(expression, other)                                                                 \
	do {                                                                                       \
		kern_return_t kr_ = (expression);                                                  \
		if (kr_ != KERN_SUCCESS && kr_ != (other)) {                                       \
			refused(#expression, kr_);                                                 \
			kr_ = (expression);                                                        \
			if (kr_ != KERN_SUCCESS && kr_ != (other))                                 \
				FAIL("%s: %d (%#x) when tried again", #expression, kr_,            \
					(unsigned)kr_);                                            \
		}                                                                                  \
	} while (0)
#define CALL(expression) CALL_OR(expression, KERN_SUCCESS)

/* --- The dialogues --- */

static void names_dialogue(void)
{
	mach_port_t receive, send, own = port_new();
	mach_msg_type_number_t n, n_jobs, n_active;
	name_array_t names, jobs;
	bootstrap_status_array_t active;
	bootstrap_status_t status;
	char name[64];

	(void)snprintf(name, sizeof(name), "torture.%d", (int)getpid());
	CALL(bootstrap_check_in(bootstrap(), name, &receive));
	CALL(bootstrap_status(bootstrap(), name, &status));
	ASSERT_EQ(status, BOOTSTRAP_STATUS_ACTIVE);
	CALL(bootstrap_look_up(bootstrap(), name, &send));
	ASSERT_KR(tell(send, 7));
	ASSERT_EQ(hear(receive), 7);
	CALL(bootstrap_info(bootstrap(), &names, &n, &jobs, &n_jobs, &active, &n_active, 0));
	ASSERT_EQ(n, 1u);
	ASSERT_STREQ(names[0], name);
	/* An answer that got lost may have been a success. */
	CALL_OR(bootstrap_register(bootstrap(), (char *)"torture.own", own),
		BOOTSTRAP_SERVICE_ACTIVE);
	CALL(bootstrap_look_up(bootstrap(), "torture.own", &send));
	ASSERT_KR(tell(send, 8));
	ASSERT_EQ(hear(own), 8);
	CALL_OR(bootstrap_register(bootstrap(), (char *)"torture.own", MACH_PORT_NULL),
		BOOTSTRAP_UNKNOWN_SERVICE);
	CALL_OR(bootstrap_look_up(bootstrap(), "torture.own", &send), BOOTSTRAP_UNKNOWN_SERVICE);
	CALL(bootstrap_create_service(bootstrap(), "torture.made", &send));
}

static void subset_dialogue(void)
{
	mach_port_t subset, receive, send, inner, requestor = port_new();
	mach_port_array_t ports;
	name_array_t names;
	bootstrap_property_array_t properties;
	mach_msg_type_number_t n;

	CALL(bootstrap_check_in(bootstrap(), "torture.outer", &receive));
	CALL(bootstrap_subset(bootstrap(), requestor, &subset));
	CALL(bootstrap_check_in(subset, "torture.inner", &inner));
	CALL(bootstrap_look_up(subset, "torture.outer", &send));
	ASSERT_KR(tell(send, 9));
	ASSERT_EQ(hear(receive), 9);
	CALL(bootstrap_look_up(subset, "torture.inner", &send));
	CALL(bootstrap_lookup_children(bootstrap(), &ports, &names, &properties, &n));
	ASSERT_GE(n, 1u);
	destroy_receive(requestor);
	EVENTUALLY(bootstrap_look_up(subset, "torture.outer", &send) != BOOTSTRAP_SUCCESS);
}

static kern_return_t try_load(const char *list)
{
	mach_msg_type_number_t n = 0;
	kern_return_t outcome = KERN_SUCCESS, kr;
	job_text_t problems;
	job_label_t label;

	kr = job_mig_load(bootstrap(), (job_text_t)list, (mach_msg_type_number_t)strlen(list),
		(job_text_t) "test", 4, 0, label, &outcome, &problems, &n);
	if (n)
		ASSERT_KR(vm_deallocate(SELF, (vm_address_t)problems, n));
	return kr == KERN_SUCCESS ? outcome : kr;
}

/* What was asked for before, without an answer, is under way. */
static kern_return_t try_unload(job_label_t label)
{
	kern_return_t kr = job_mig_unload(bootstrap(), label, 0);

	return kr == JOB_ALREADY ? KERN_SUCCESS : kr;
}

static void jobs_dialogue(void)
{
	job_label_t label = "torture.job";
	char list[1024];
	mach_msg_type_number_t n;
	job_lines_t lines;
	job_text_t text;
	mach_port_t port;
	int32_t pid;
	int first, second;

	(void)snprintf(list, sizeof(list),
		PLIST("<key>Label</key><string>%s</string><key>ProgramArguments</key><array>"
		      "<string>%s</string><string>%s</string></array>"
		      "<key>EnvironmentVariables</key><dict><key>PORTCULLIS_LEASES</key>"
		      "<string>%d</string></dict><key>ThrottleInterval</key><integer>0</integer>"
		      "<key>MachServices</key><dict><key>%s</key><true/></dict>"),
		label, getenv("ECHO_SERVICE"), label, has_leases(), label);
	CALL_OR(try_load(list), JOB_EXISTS);
	CALL(bootstrap_look_up(bootstrap(), label, &port));
	/* Its start may fail, and is tried again: who asks waits, and is answered. */
	first = ask(port, 1);
	ASSERT_GT(first, 0);
	CALL(job_mig_list(bootstrap(), &lines, &n));
	ASSERT_EQ(n, 1u);
	CALL(job_mig_describe(bootstrap(), label, &text, &n));
	CALL_OR(job_mig_kill_job(bootstrap(), label, SIGKILL), JOB_NOT_RUNNING);
	EVENTUALLY((second = ask(port, 2)) != MACH_NOTIFY_SEND_ONCE);
	ASSERT_NE(first, second);
	CALL(job_mig_start(bootstrap(), label, JOB_KICKSTART_KILL, &pid));
	EVENTUALLY(ask(port, 3) != MACH_NOTIFY_SEND_ONCE);
	CALL(job_mig_set_environment(bootstrap(), (job_text_t) "T", 1, (job_text_t) "x", 1, FALSE));
	CALL(job_mig_set_environment(bootstrap(), (job_text_t) "T", 1, NULL, 0, TRUE));
	CALL_OR(try_unload(label), JOB_UNKNOWN);
	EVENTUALLY(job_mig_unload(bootstrap(), label, 0) == JOB_UNKNOWN);
}

/* --- The driver --- */

static Count order(int what, FaultKind kind, unsigned n)
{
	const Order o = {.what = what, .kind = kind, .n = n};
	Count c;

	ASSERT_EQ(send(orders, &o, sizeof(o), MSG_NOSIGNAL), (ssize_t)sizeof(o));
	ASSERT_EQ(recv(orders, &c, sizeof(c), 0), (ssize_t)sizeof(c));
	return c;
}

static int client(void (*dialogue)(void), bool may_fail)
{
	int status;
	pid_t pid;

	*seen = (Witness){.may_fail = may_fail};
	fflush(stdout);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (pid == 0) {
		(void)close(orders);
		(void)alarm(PATIENCE_MS / 1000);
		dialogue();
		fflush(stdout);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

static bool is_same(const Count *a, const Count *b)
{
	Count c = *b;

	/* What was about to be closed may have been counted in the beginning. */
	if (has_leases() || c.fds < a->fds)
		c.fds = a->fds;
	return memcmp(a, &c, sizeof(*a)) == 0;
}

static void expect_count(const Count *before, FaultKind kind, unsigned n, long site)
{
	Count now;

	for (unsigned i = 0; i < PATIENCE_MS / 4; i++) {
		now = order(ORDER_COUNT, 0, 0);
		if (is_same(before, &now))
			return;
		(void)poll(NULL, 0, 1);
	}
	FAIL("after %s call %u (at %+ld): fds %u, %u; names %u, %u; services %u, %u; clients %u, "
	     "%u; namespaces %u, %u; jobs %u, %u; processes %u, %u; users %u, %u",
		fault_kind_name(kind), n, site, before->fds, now.fds, before->names, now.names,
		before->services, now.services, before->clients, now.clients, before->namespaces,
		now.namespaces, before->jobs, now.jobs, before->processes, now.processes,
		before->users, now.users);
}

static void drive_kind(void (*dialogue)(void), FaultKind kind, const Count *before)
{
	for (unsigned n = 1; n < RUNS_MAX; n++) {
		int status, next;
		Count c;

		(void)order(ORDER_ARM, kind, n);
		status = client(dialogue, true);
		c = order(ORDER_DISARM, 0, 0);
		if (getenv("FAULT_VERBOSE"))
			fprintf(stderr, "%s call %u: at %+ld: %s: %d\n", fault_kind_name(kind), n,
				c.site, seen->what ? seen->what : "", seen->how);
		next = client(dialogue, false);
		if (status != 0 || next != 0)
			FAIL("status %#x, then %#x, of %s call %u, %s, at %+ld: %s: %d",
				(unsigned)status, (unsigned)next, fault_kind_name(kind), n,
				c.struck ? "struck" : "not struck", c.site,
				seen->what ? seen->what : "", seen->how);
		expect_count(before, kind, n, c.site);
		if (!c.struck)
			return;
	}
	FAIL("more than %u calls", RUNS_MAX);
}

static void drive(void (*dialogue)(void))
{
	Count before;

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(seen != MAP_FAILED);
	/* What is made once is there after the first. */
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(client(dialogue, false), 0);
	EVENTUALLY(order(ORDER_COUNT, 0, 0).clients == 0);
	before = order(ORDER_COUNT, 0, 0);
	for (FaultKind kind = 0; kind < _FAULT_N; kind++)
		drive_kind(dialogue, kind, &before);
}

static void torture(void (*dialogue)(void))
{
	const DomainOptions options = {
		.nofile = {.rlim_cur = 1024, .rlim_max = 1024}, .second_ns = SECOND_NS};
	LoopSource *source;
	int pair[2], status;
	pid_t driver;

	/* A job's process that cannot start is started again, and would fail again. */
	fault_spare_children();
	ASSERT_EQ(loop_new(&loop), 0);
	ASSERT_EQ(server_init(loop, getuid(), "torture"), 0);
	ASSERT_EQ(domain_init(&options), 0);
	server.control = job_server;
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	fflush(stdout);
	driver = fork();
	ASSERT_GE(driver, 0);
	orders = pair[driver == 0];
	(void)close(pair[driver != 0]);
	if (driver == 0) {
		drive(dialogue);
		fflush(stdout);
		_exit(0);
	}
	ASSERT_EQ(loop_add_fd(loop, orders, EPOLLIN, on_order, NULL, &source), 0);
	ASSERT_EQ(server_run(), 0);
	ASSERT_EQ(waitpid(driver, &status, 0), driver);
	ASSERT_EQ(status, 0);
	loop_source_remove(source);
	(void)close(orders);
	domain_deinit();
	server_deinit();
	loop = loop_free(loop);
}

CASE(names)
{
	torture(names_dialogue);
}

CASE(subset)
{
	torture(subset_dialogue);
}

CASE(jobs)
{
	torture(jobs_dialogue);
}
