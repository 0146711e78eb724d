/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with an extension that it does not trust. The extension is a process of its own, and gets
 * one thing from its host: the host's read port. With that it looks at a list in the host's memory,
 * as it is at that moment; the host copies nothing and answers no questions. The extension cannot
 * change anything: the descriptor behind the port was opened for reading, and the kernel keeps it so.
 *
 * That holds because the extension is in a Landlock domain. Without one a process of the same user
 * could attach to the host as a debugger does, whatever it was given; see mach_tasks(7).
 *
 *	extension-host PATH-OF-EXTENSION
 */
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "extension.h"

static Note notes[3] = {
	{.number = 1, .text = "water the plants"},
	{.number = 2, .text = "answer Ada's letter"},
	{.number = 3, .text = "buy bread"},
};
static uint64_t first;

static void check(kern_return_t kr, const char *what)
{
	if (kr == KERN_SUCCESS)
		return;
	fprintf(stderr, "extension-host: %s: %s\n", what, mach_error_string(kr));
	exit(1);
}

/* From here on the process, and what it executes, may neither signal nor look into processes outside
 * the domain. The fields of the structure are those of Linux 6.12. */
static void enter_domain(void)
{
	struct {
		uint64_t files, network, scoped;
	} rules = {.scoped = 1 << 1 /* LANDLOCK_SCOPE_SIGNAL */};
	long fd = syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);

	if (fd >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		syscall(SYS_landlock_restrict_self, fd, 0) == 0)
		return;
	perror("extension-host: no Landlock domain");
	_exit(1);
}

static pid_t start_extension(mach_port_t desk, char *path)
{
	char *argv[] = {path, NULL};
	pid_t child;

	/* The one right that the child begins with. */
	check(task_set_bootstrap_port(mach_task_self(), desk), "set the bootstrap port");
	child = fork();
	if (child == 0) {
		enter_domain();
		execv(path, argv);
		perror("extension-host: exec");
		_exit(1);
	}
	return child;
}

static void give_list(mach_port_t to)
{
	ListMessage message = {
		.header.msgh_bits = MACH_MSGH_BITS_COMPLEX |
				    MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
		.header.msgh_size = sizeof(message),
		.header.msgh_remote_port = to,
		.header.msgh_id = LIST_ID,
		.body.msgh_descriptor_count = 1,
		.task.disposition = MACH_MSG_TYPE_MOVE_SEND,
		.task.type = MACH_MSG_PORT_DESCRIPTOR,
		.first = (uint64_t)(uintptr_t)&first,
	};
	mach_port_t read;

	check(task_get_special_port(mach_task_self(), TASK_READ_PORT, &read), "get the read port");
	message.task.name = read;
	check(mach_msg_send(&message.header), "send");
}

int main(int argc, char **argv)
{
	mach_msg_empty_rcv_t hello = {.header.msgh_size = sizeof(hello)};
	mach_port_t desk;
	int status = 0;
	pid_t child;

	if (argc != 2) {
		fprintf(stderr, "usage: extension-host EXTENSION\n");
		return 64;
	}
	notes[0].next = (uint64_t)(uintptr_t)&notes[1];
	notes[1].next = (uint64_t)(uintptr_t)&notes[2];
	first = (uint64_t)(uintptr_t)&notes[0];
	check(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &desk), "allocate");
	check(mach_port_insert_right(mach_task_self(), desk, desk, MACH_MSG_TYPE_MAKE_SEND),
		"make a send right");
	child = start_extension(desk, argv[1]);
	/* Twice: the second time, the list is shorter. */
	for (int i = 0; i < 2; i++) {
		hello.header.msgh_local_port = desk;
		hello.header.msgh_size = sizeof(hello);
		check(mach_msg_receive(&hello.header), "receive");
		if (i == 1)
			first = notes[0].next;
		give_list(hello.header.msgh_remote_port);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
		return 1;
	printf("extension-host: the notes are as they were: \"%s\"\n", notes[1].text);
	return strcmp(notes[1].text, "answer Ada's letter") == 0 ? 0 : 1;
}
