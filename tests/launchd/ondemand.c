/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs that their first message starts, and what is queued for them when they crash. The great test is
 * the last: a service is killed over and over while several clients ask it, and no request is lost but
 * those that it had received.
 */
#include <stdatomic.h>

#include "tests/launchd/session.h"

#define LOG_SIZE (1 << 20)
#define CRASH 666
#define LAST 667
#define ANSWERED 0x80
#define N_CLIENTS 3

static char list[4096];

/* A job around the echo service. */
static void load_echo(const char *label, const char *extra)
{
	(void)snprintf(list, sizeof(list),
		PLIST("<key>Label</key><string>%s</string><key>ProgramArguments</key><array>"
		      "<string>%s</string><string>%s</string></array>"
		      "<key>ThrottleInterval</key><integer>0</integer>"
		      "<key>MachServices</key><dict><key>%s</key><true/></dict>%s"),
		label, getenv("ECHO_SERVICE"), label, label, extra);
	load(list);
}

static mach_port_t service(const char *name)
{
	mach_port_t port;

	ASSERT_KR(bootstrap_look_up(bootstrap(), name, &port));
	return port;
}

static bootstrap_status_t status_of(const char *name)
{
	bootstrap_status_t status;

	ASSERT_KR(bootstrap_status(bootstrap(), name, &status));
	return status;
}

static pid_t pid_of(const char *label)
{
	mach_msg_type_number_t n;
	job_lines_t lines;
	pid_t pid = 0;

	ASSERT_KR(job_mig_list(bootstrap(), &lines, &n));
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(lines[i].label, label) == 0)
			pid = lines[i].pid;
	}
	if (n)
		ASSERT_KR(vm_deallocate(SELF, (vm_address_t)lines, n * sizeof(*lines)));
	return pid;
}

static void unload(const char *label)
{
	ASSERT_KR(job_mig_unload(bootstrap(), (char *)label, 0));
	EVENTUALLY(job_mig_unload(bootstrap(), (char *)label, 0) == JOB_UNKNOWN);
}

CASE(the_first_message_starts_it)
{
	mach_port_t port;
	int pid;

	load_echo("test.first", "");
	port = service("test.first");
	ASSERT_EQ(status_of("test.first"), BOOTSTRAP_STATUS_ON_DEMAND);
	ASSERT_EQ(pid_of("test.first"), 0);
	pid = ask(port, 1);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(pid_of("test.first"), pid);
	ASSERT_EQ(status_of("test.first"), BOOTSTRAP_STATUS_ACTIVE);
	ASSERT_EQ(ask(port, 2), pid);
	unload("test.first");
	/* Its port died with it. */
	EVENTUALLY(tell(port, 3) == MACH_SEND_INVALID_DEST);
	drop(port);
}

CASE(a_look_up_starts_nothing)
{
	mach_port_t port;

	load_echo("test.idle", "");
	port = service("test.idle");
	ASSERT_EQ(status_of("test.idle"), BOOTSTRAP_STATUS_ON_DEMAND);
	ASSERT_EQ(pid_of("test.idle"), 0);
	unload("test.idle");
	drop(port);
}

CASE(clients_see_nothing_of_a_crash)
{
	mach_port_t port;
	int first;

	load_echo("test.crash", "");
	port = service("test.crash");
	first = ask(port, 1);
	/* It had this one. */
	ASSERT_EQ(ask(port, CRASH), MACH_NOTIFY_SEND_ONCE);
	ASSERT_NE(ask(port, 2), first);
	unload("test.crash");
	drop(port);
}

static bool is_stopped(pid_t pid)
{
	char path[64], line[512] = "";
	char *end;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	(void)fclose(f);
	end = strrchr(line, ')');
	return end && strlen(end) > 2 && end[2] == 'T';
}

CASE(what_was_queued_reaches_the_next_run)
{
	mach_port_t port, done = port_new();
	pid_t pid;

	load_echo("test.queue", "");
	port = service("test.queue");
	pid = ask(port, 1);
	ASSERT_EQ(kill(pid, SIGSTOP), 0);
	/* It may be receiving until then. */
	EVENTUALLY(is_stopped(pid));
	for (int i = 0; i < 5; i++) {
		mach_msg_header_t m = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
					       MACH_MSG_TYPE_MAKE_SEND_ONCE),
			.msgh_size = sizeof(m),
			.msgh_remote_port = port,
			.msgh_local_port = done,
			.msgh_id = 10 + i};

		ASSERT_EQ(mach_msg(&m, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(m), 0,
				  MACH_PORT_NULL, PATIENCE_MS, MACH_PORT_NULL),
			MACH_MSG_SUCCESS);
	}
	ASSERT_EQ(kill(pid, SIGKILL), 0);
	for (int i = 0; i < 5; i++) {
		int by = hear(done);

		ASSERT_NE(by, pid);
		ASSERT_NE(by, MACH_NOTIFY_SEND_ONCE);
	}
	unload("test.queue");
	drop(port);
	destroy_receive(done);
	drop(done);
}

static void send_request(mach_port_t port, int id)
{
	mach_msg_header_t m = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_size = sizeof(m),
		.msgh_remote_port = port,
		.msgh_local_port = mig_get_reply_port(),
		.msgh_id = id};

	ASSERT_EQ(mach_msg(&m, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(m), 0, MACH_PORT_NULL,
			  PATIENCE_MS, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
}

/*
 * A request that waits when its service is killed is answered by a run that ends with the answer. By then
 * its client, which waits, has said where the answer is to go; and that lies in the queue behind the
 * request, where such a run never comes.
 */
CASE(the_last_answer_of_a_run_arrives)
{
	mach_port_t port;

	load_echo("test.last", "");
	port = service("test.last");
	for (int i = 0; i < 20; i++) {
		/* The second one has a lease. */
		pid_t pid = ask(port, 1);
		int by;

		ASSERT_EQ(ask(port, 2), pid);
		ASSERT_EQ(kill(pid, SIGSTOP), 0);
		EVENTUALLY(is_stopped(pid));
		send_request(port, LAST);
		ASSERT_EQ(kill(pid, SIGKILL), 0);
		by = hear(mig_get_reply_port());
		ASSERT_NE(by, MACH_NOTIFY_SEND_ONCE);
		ASSERT_NE(by, pid);
	}
	unload("test.last");
	drop(port);
}

static void impostor(void *arg)
{
	mach_port_t port;

	ASSERT_EQ(bootstrap_check_in(bootstrap(), arg, &port), BOOTSTRAP_NOT_PRIVILEGED);
	port = port_new();
	ASSERT_EQ(bootstrap_register(bootstrap(), arg, port), BOOTSTRAP_NOT_PRIVILEGED);
}

CASE(nobody_else_may_serve_it)
{
	load_echo("test.declared", "");
	child_run(impostor, (void *)"test.declared");
	impostor((void *)"test.declared");
	unload("test.declared");
}

/* The first run ends at once. What started it is what starts the next. */
CASE(a_run_that_ends_before_it_checks_in)
{
	char mark[] = "/tmp/portcullis-ondemand.XXXXXX";
	mach_port_t port;

	ASSERT_NOT_NULL(mkdtemp(mark));
	(void)snprintf(list, sizeof(list),
		PLIST("<key>Label</key><string>test.early</string><key>ProgramArguments</"
		      "key><array>"
		      "<string>/bin/sh</string><string>-c</string>"
		      "<string>rmdir %s &amp;&amp; exit 1; exec %s test.early</string></array>"
		      "<key>ThrottleInterval</key><integer>0</integer>"
		      "<key>MachServices</key><dict><key>test.early</key><true/></dict>"),
		mark, getenv("ECHO_SERVICE"));
	load(list);
	port = service("test.early");
	ASSERT_GT(ask(port, 1), 0);
	ASSERT_NE(access(mark, F_OK), 0);
	unload("test.early");
	drop(port);
}

CASE(a_list_that_is_wrong_is_refused_whole)
{
	static const char wrong[] = PLIST(
		"<key>Label</key><string>test.wrong</string><key>Program</key><integer>3</integer>"
		"<key>NoSuchKey</key><true/>");
	mach_msg_type_number_t n;
	kern_return_t outcome;
	job_text_t problems;
	job_label_t label;

	ASSERT_KR(job_mig_load(bootstrap(), (job_text_t)wrong, sizeof(wrong) - 1,
		(job_text_t) "w.plist", 7, 0, label, &outcome, &problems, &n));
	ASSERT_EQ(outcome, JOB_INVALID);
	ASSERT_GT(n, 0u);
	ASSERT_NOT_NULL(problems);
	ASSERT_NOT_NULL(memmem(problems, n, "Program", 7));
	ASSERT_NOT_NULL(memmem(problems, n, "NoSuchKey", 9));
	ASSERT_KR(vm_deallocate(SELF, (vm_address_t)problems, n));
	ASSERT_EQ(job_mig_stop(bootstrap(), (char *)"test.wrong"), JOB_UNKNOWN);
}

CASE(jobs_are_managed_at_the_root_alone)
{
	mach_port_t sub;
	int32_t pid;

	load_echo("test.managed", "");
	ASSERT_KR(bootstrap_subset(bootstrap(), SELF, &sub));
	ASSERT_EQ(job_mig_start(sub, (char *)"test.managed", 0, &pid), BOOTSTRAP_NOT_PRIVILEGED);
	ASSERT_EQ(job_mig_unload(sub, (char *)"test.managed", 0), BOOTSTRAP_NOT_PRIVILEGED);
	ASSERT_KR(job_mig_start(bootstrap(), (char *)"test.managed", 0, &pid));
	ASSERT_GT(pid, 0);
	ASSERT_KR(job_mig_kill_job(bootstrap(), (char *)"test.managed", SIGKILL));
	unload("test.managed");
}

CASE(a_disabled_job_is_not_started)
{
	mach_port_t port;
	int32_t pid;

	load_echo("test.disabled", "");
	ASSERT_KR(job_mig_enable(bootstrap(), (char *)"test.disabled", FALSE));
	ASSERT_EQ(job_mig_start(bootstrap(), (char *)"test.disabled", 0, &pid), JOB_DISABLED);
	port = service("test.disabled");
	ASSERT_EQ(tell(port, 1), MACH_MSG_SUCCESS);
	/* What waited is heard when it may run again. */
	ASSERT_KR(job_mig_enable(bootstrap(), (char *)"test.disabled", TRUE));
	ASSERT_GT(ask(port, 2), 0);
	unload("test.disabled");
	drop(port);
}

CASE(the_environment_is_for_jobs)
{
	mach_msg_type_number_t n;
	job_text_t value;

	ASSERT_KR(job_mig_set_environment(
		bootstrap(), (job_text_t) "COLOUR", 6, (job_text_t) "blue", 4, FALSE));
	ASSERT_KR(job_mig_get_environment(bootstrap(), (job_text_t) "COLOUR", 6, &value, &n));
	ASSERT_EQ(n, 4u);
	ASSERT_EQ(memcmp(value, "blue", 4), 0);
	ASSERT_KR(vm_deallocate(SELF, (vm_address_t)value, n));
	ASSERT_KR(job_mig_set_environment(bootstrap(), (job_text_t) "COLOUR", 6, NULL, 0, TRUE));
	ASSERT_EQ(job_mig_get_environment(bootstrap(), (job_text_t) "COLOUR", 6, &value, &n),
		JOB_UNKNOWN);
	ASSERT_EQ(job_mig_set_environment(bootstrap(), (job_text_t) "A=B", 3, NULL, 0, FALSE),
		JOB_INVALID);
}

/* --- The great test --- */

typedef struct Shared {
	_Atomic unsigned n_answers, n_notifications, n_unreceived, n_answered, n_twice;
	_Atomic int pid; /* of the run that answered last */
	_Atomic bool stop;
} Shared;

static Shared *shared;
static _Atomic unsigned char *received;

static void ask_for_ever(void *arg)
{
	int client = (int)(intptr_t)arg;
	mach_port_t port = service("test.killed");

	for (int id = 1000 + client; !atomic_load(&shared->stop) && id < LOG_SIZE;
		id += N_CLIENTS) {
		int answer = ask(port, id);

		if (answer != MACH_NOTIFY_SEND_ONCE) {
			atomic_store(&shared->pid, answer);
			shared->n_answers++;
			continue;
		}
		shared->n_notifications++;
		/* Not noted: it was killed while the message was on its way to its memory. */
		if (!received[id])
			shared->n_unreceived++;
		shared->n_answered += (received[id] & ANSWERED) != 0;
		shared->n_twice += (received[id] & ~ANSWERED) > 1;
	}
}

static void ask_for_the_last(void *arg)
{
	mach_port_t port = service("test.once");
	unsigned n = *(unsigned *)arg;

	while (n-- > 0) {
		if (ask(port, LAST) == MACH_NOTIFY_SEND_ONCE)
			shared->n_notifications++;
		else
			shared->n_answers++;
	}
}

/* A run for each answer: whatever else waits when it ends is for the next one. */
CASE(runs_that_end_with_their_answer)
{
	unsigned n = getenv("N_RUNS") ? (unsigned)atoi(getenv("N_RUNS")) : 100;
	pid_t clients[N_CLIENTS];

	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	load_echo("test.once", "");
	for (int i = 0; i < N_CLIENTS; i++)
		clients[i] = child_start(ask_for_the_last, &n);
	for (int i = 0; i < N_CLIENTS; i++)
		child_wait(clients[i]);
	printf("note: %u answers, %u told of the end\n", shared->n_answers,
		shared->n_notifications);
	/* Who is kept from running for longer than the next run waits for it cannot tell whether its request
	 * was lost with the run that has ended. */
	ASSERT_LE(50 * shared->n_notifications, shared->n_answers);
	unload("test.once");
	ASSERT_EQ(munmap(shared, sizeof(*shared)), 0);
}

static void kill_often(unsigned n_kills)
{
	int last = 0;

	for (unsigned n = 0; n < n_kills; n++) {
		int pid;

		EVENTUALLY((pid = atomic_load(&shared->pid)) != last && pid > 0);
		/* It may have been killed by nobody else, and is reaped by launchd only: a pid that is
		 * reused meanwhile is a run of the same service, or nobody of ours. */
		(void)kill(pid, SIGKILL);
		last = pid;
	}
}

CASE(no_request_is_lost_but_those_it_had_received)
{
	unsigned n_kills = getenv("N_KILLS") ? (unsigned)atoi(getenv("N_KILLS")) : 200;
	char path[] = "/tmp/portcullis-ondemand.XXXXXX", extra[256];
	int fd = mkstemp(path);
	pid_t clients[N_CLIENTS];

	ASSERT_GE(fd, 0);
	ASSERT_EQ(ftruncate(fd, LOG_SIZE), 0);
	received = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	close(fd);
	(void)snprintf(extra, sizeof(extra),
		"<key>EnvironmentVariables</key><dict><key>LOG</key><string>%s</string></dict>",
		path);
	load_echo("test.killed", extra);
	for (int i = 0; i < N_CLIENTS; i++)
		clients[i] = child_start(ask_for_ever, (void *)(intptr_t)i);
	kill_often(n_kills);
	atomic_store(&shared->stop, true);
	for (int i = 0; i < N_CLIENTS; i++)
		child_wait(clients[i]);
	printf("note: %u kills, %u answers, %u told of the end: %u of these not noted as "
	       "received, %u as answered\n",
		n_kills, shared->n_answers, shared->n_notifications, shared->n_unreceived,
		shared->n_answered);
	/* One at a time is received, and so no more than one is lost with each run. */
	ASSERT_LE(shared->n_notifications, n_kills);
	ASSERT_EQ(shared->n_twice, 0u);
	/* An answer to a request of a former run needs a way back, which its client gives it. The next run
	 * waits for that, but not for ever. Without leases it has one from the start. */
	if (getenv("PORTCULLIS_LEASES"))
		ASSERT_EQ(shared->n_answered, 0u);
	unload("test.killed");
	(void)unlink(path);
	ASSERT_EQ(munmap((void *)received, LOG_SIZE), 0);
	ASSERT_EQ(munmap(shared, sizeof(*shared)), 0);
}
