/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TESTS_LAUNCHD_SESSION_H
#define PORTCULLIS_TESTS_LAUNCHD_SESSION_H

/*
 * What the tests of launchd share. Each program runs as the command of a private session of its own
 * (`launchd --session -- PROGRAM`), so that they neither meet nor need an installation; peers are fork
 * children, which inherit the bootstrap port as any program does.
 */

#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>

#include <mach/mach.h>
#include <mach/notify.h>
#include <servers/bootstrap.h>

#include "job_user.h"
#include "tests/lib/unit.h"

#define SELF mach_task_self()
#define unused_ __attribute__((__unused__))
/* What must come may take this long; only a failure waits for it. */
#define PATIENCE_MS 20000

#define ASSERT_KR(expression) ASSERT_EQ(expression, KERN_SUCCESS)

typedef struct Empty {
	mach_msg_header_t header;
	mach_msg_max_trailer_t trailer;
} Empty;

/* The task's own bootstrap port; `bootstrap_port` says the same. */
unused_ static mach_port_t bootstrap(void)
{
	mach_port_t port;

	ASSERT_KR(task_get_bootstrap_port(SELF, &port));
	ASSERT_TRUE(MACH_PORT_VALID(port));
	return port;
}

unused_ static void drop(mach_port_t port)
{
	ASSERT_KR(mach_port_deallocate(SELF, port));
}

unused_ static void destroy_receive(mach_port_t port)
{
	ASSERT_KR(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1));
}

unused_ static mach_port_t port_new(void)
{
	mach_port_t port;

	ASSERT_KR(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	ASSERT_KR(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
	return port;
}

unused_ static mach_msg_return_t tell(mach_port_t port, int id)
{
	mach_msg_header_t m = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_size = sizeof(m),
		.msgh_remote_port = port,
		.msgh_id = id};

	return mach_msg(&m, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(m), 0, MACH_PORT_NULL,
		PATIENCE_MS, MACH_PORT_NULL);
}

unused_ static int hear(mach_port_t port)
{
	Empty m;

	ASSERT_EQ(mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), port,
			  PATIENCE_MS, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	return m.header.msgh_id;
}

/* A request and its answer's id; MACH_NOTIFY_SEND_ONCE if its receiver died. */
unused_ static int ask(mach_port_t port, int id)
{
	Empty m = {.header = {.msgh_bits = MACH_MSGH_BITS(
				      MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
			   .msgh_size = sizeof(m.header),
			   .msgh_remote_port = port,
			   .msgh_local_port = mig_get_reply_port(),
			   .msgh_id = id}};

	ASSERT_EQ(mach_msg(&m.header,
			  MACH_SEND_MSG | MACH_RCV_MSG | MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT,
			  sizeof(m.header), sizeof(m), m.header.msgh_local_port, PATIENCE_MS,
			  MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	return m.header.msgh_id;
}

/* Runs a function in a fork child, and waits for it. Its failure is ours. */
unused_ static pid_t child_start(void (*run)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (pid == 0) {
		run(arg);
		fflush(stdout);
		_exit(0);
	}
	return pid;
}

unused_ static void child_wait(pid_t pid)
{
	int status;

	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
}

unused_ static void child_run(void (*run)(void *), void *arg)
{
	child_wait(child_start(run, arg));
}

/* A test in a process of its own: what it has made in the session goes with it, and the library is new. */
#define CASE(name)                                                                                 \
	static void case_##name(void *unused_ arg);                                                \
	TEST(name)                                                                                 \
	{                                                                                          \
		child_run(case_##name, NULL);                                                      \
	}                                                                                          \
	static void case_##name(void *unused_ arg)

/* Until something becomes true that nobody tells of. */
#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		for (unsigned tries_ = 0; !(condition); tries_++) {                                \
			if (tries_ > PATIENCE_MS)                                                  \
				FAIL("never: %s", #condition);                                     \
			(void)poll(NULL, 0, 1);                                                    \
		}                                                                                  \
	} while (0)

/* A property list that must be taken. */
unused_ static void load(const char *plist)
{
	mach_msg_type_number_t n;
	kern_return_t outcome;
	job_text_t problems;
	job_label_t label;

	ASSERT_KR(
		job_mig_load(bootstrap(), (job_text_t)plist, (mach_msg_type_number_t)strlen(plist),
			(job_text_t) "test", 4, 0, label, &outcome, &problems, &n));
	if (outcome != KERN_SUCCESS)
		printf("%.*s\n", (int)n, problems);
	ASSERT_EQ(outcome, KERN_SUCCESS);
	if (n)
		ASSERT_KR(vm_deallocate(SELF, (vm_address_t)problems, n));
}

#define PLIST(keys)                                                                                \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>" keys             \
	"</dict></plist>"

#endif
