/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job can be suspended by whoever has its control port, and ends as a whole, where launchd may make
 * control groups. Without an argument the tests; with the name of a service, that service, which answers
 * with its control port and goes on counting.
 */
#define UNIT_NO_MAIN
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <mach/mach_vm.h>

#include "base/cgroup.h"
#include "base/fd.h"
#include "tests/launchd/session.h"

#define HELP 17 /* a request: fork a child that stays */

typedef struct Answer {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t task;
	mach_vm_address_t counter;
	mach_msg_max_trailer_t trailer;
} Answer;

/* --- The job --- */

static volatile uint64_t counter;

static void *count(void *arg)
{
	(void)arg;
	for (;;)
		counter++;
	return NULL;
}

static void answer(mach_port_t to)
{
	Answer a = {
		.header = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0) |
					MACH_MSGH_BITS_COMPLEX,
			.msgh_size = offsetof(Answer, trailer),
			.msgh_remote_port = to},
		.body = {1},
		.task = {.name = mach_task_self(),
			.disposition = MACH_MSG_TYPE_COPY_SEND,
			.type = MACH_MSG_PORT_DESCRIPTOR},
		.counter = (mach_vm_address_t)(uintptr_t)&counter,
	};

	ASSERT_KR(mach_msg_send(&a.header));
}

static int be_job(const char *name)
{
	mach_port_t service;
	pthread_t thread;

	ASSERT_KR(bootstrap_check_in(bootstrap(), name, &service));
	ASSERT_EQ(pthread_create(&thread, NULL, count, NULL), 0);
	for (;;) {
		Empty m;

		ASSERT_KR(mach_msg(
			&m.header, MACH_RCV_MSG, 0, sizeof(m), service, 0, MACH_PORT_NULL));
		if (m.header.msgh_id == HELP && fork() == 0) {
			setsid();
			for (;;)
				pause();
		}
		answer(m.header.msgh_remote_port);
	}
}

/* --- The tests --- */

static char list[4096];

static void load_job(const char *label, const char *extra)
{
	char self[1024] = "";

	ASSERT_SYS(readlink("/proc/self/exe", self, sizeof(self) - 1));
	(void)snprintf(list, sizeof(list),
		PLIST("<key>Label</key><string>%s</string><key>ProgramArguments</key><array>"
		      "<string>%s</string><string>%s</string></array>"
		      "<key>ExitTimeOut</key><integer>1</integer>"
		      "<key>MachServices</key><dict><key>%s</key><true/></dict>%s"),
		label, self, label, label, extra);
	load(list);
}

static void unload(const char *label)
{
	ASSERT_KR(job_mig_unload(bootstrap(), (char *)label, 0));
	EVENTUALLY(job_mig_unload(bootstrap(), (char *)label, 0) == JOB_UNKNOWN);
}

/* The job's control port, and where it counts. */
static Answer ask_job(const char *label, int id)
{
	Answer a = {.header = {.msgh_id = id}};

	a.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	a.header.msgh_size = sizeof(a.header);
	a.header.msgh_local_port = mig_get_reply_port();
	ASSERT_KR(bootstrap_look_up(bootstrap(), (char *)label, &a.header.msgh_remote_port));
	ASSERT_KR(mach_msg(&a.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT,
		sizeof(a.header), sizeof(a), a.header.msgh_local_port, PATIENCE_MS,
		MACH_PORT_NULL));
	ASSERT_EQ(a.body.msgh_descriptor_count, 1);
	return a;
}

static uint64_t look(const Answer *a)
{
	mach_vm_size_t n = 0;
	uint64_t now = 0;

	ASSERT_KR(mach_vm_read_overwrite(
		a->task.name, a->counter, sizeof(now), (mach_vm_address_t)(uintptr_t)&now, &n));
	return now;
}

static bool goes_on(const Answer *a)
{
	uint64_t before = look(a);

	for (unsigned i = 0; i < 50 && look(a) == before; i++)
		(void)poll(NULL, 0, 1);
	return look(a) != before;
}

/* Whether a group can be made in the one that launchd is in, which is the test's as well. */
static void need_groups(void)
{
	_cleanup_close_ int own = cgroup_open_own();
	char name[64];

	snprintf(name, sizeof(name), "portcullis-test-%d", (int)getpid());
	if (own < 0 || mkdirat(own, name, 0755) < 0)
		SKIP("launchd may make no control groups here");
	ASSERT_SYS(unlinkat(own, name, AT_REMOVEDIR));
}

static void suspend_and_resume(const char *label)
{
	Answer a = ask_job(label, 1);
	task_suspension_token_t token;

	EVENTUALLY(goes_on(&a));
	ASSERT_KR(task_suspend(a.task.name));
	EVENTUALLY(!goes_on(&a));
	ASSERT_KR(task_suspend2(a.task.name, &token));
	ASSERT_KR(task_resume(a.task.name));
	ASSERT_FALSE(goes_on(&a));
	ASSERT_KR(task_resume2(token));
	EVENTUALLY(goes_on(&a));
	drop(a.task.name);
}

static void suspend_case(void *arg)
{
	load_job("test.suspend", arg);
	suspend_and_resume("test.suspend");
	unload("test.suspend");
}

TEST(a_job_is_suspended)
{
	need_groups();
	child_run(suspend_case, (void *)"");
}

/* Who has the port need not be the one who may write to the group. */
static void as_nobody(void *arg)
{
	mach_port_t port;

	/* Its own look-up, as the user that it is. */
	ASSERT_KR(task_get_bootstrap_port(SELF, &port));
	ASSERT_SYS(setgid(65534));
	ASSERT_SYS(setuid(65534));
	suspend_and_resume(arg);
}

static void other_user_case(void *arg)
{
	load_job("test.other", arg);
	child_run(as_nobody, (void *)"test.other");
	unload("test.other");
}

TEST(by_another_user)
{
	if (geteuid() != 0)
		SKIP("only root can have processes of several users");
	need_groups();
	child_run(other_user_case, (void *)"");
}

static void can_be_run_by_nobody(void *arg)
{
	char self[1024] = "";

	(void)arg;
	ASSERT_SYS(readlink("/proc/self/exe", self, sizeof(self) - 1));
	ASSERT_SYS(setuid(65534));
	_exit(access(self, X_OK) == 0 ? 0 : 1);
}

TEST(a_job_of_another_user)
{
	int status = 0;
	pid_t pid;

	if (geteuid() != 0)
		SKIP("only root can have processes of several users");
	need_groups();
	pid = child_start(can_be_run_by_nobody, NULL);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	if (status != 0)
		SKIP("this program is where other users may not go");
	child_run(suspend_case, (void *)"<key>UserName</key><string>nobody</string>");
}

/* What is frozen or killed with it is not its own: so it is not alone, and its port brings no group. */
static void not_alone_case(void *arg)
{
	Answer a, b;

	(void)arg;
	load_job("test.parent", "");
	a = ask_job("test.parent", HELP);
	b = ask_job("test.parent", 1);
	ASSERT_EQ(b.task.name, a.task.name);
	ASSERT_EQ(task_suspend(a.task.name), KERN_NOT_SUPPORTED);
	drop(a.task.name);
	drop(b.task.name);
	unload("test.parent");
}

TEST(one_with_children_is_not)
{
	child_run(not_alone_case, NULL);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strncmp(argv[1], "test.", 5) == 0)
		return be_job(argv[1]);
	return unit_main(argc, argv);
}
