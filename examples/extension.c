/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An extension: it gets its host's read port, and walks a list in the host's memory with it. Started by
 * extension-host, which it finds at its bootstrap port.
 *
 * What it reads may change under its hands, so it believes nothing: a list that does not end is not
 * walked for ever, and text need not end either.
 */
#include <mach/mach_vm.h>
#include <stdio.h>
#include <stdlib.h>

#include "extension.h"

static void check(kern_return_t kr, const char *what)
{
	if (kr == KERN_SUCCESS)
		return;
	fprintf(stderr, "extension: %s: %s\n", what, mach_error_string(kr));
	exit(1);
}

static void look(mach_port_t host, uint64_t where, void *to, mach_vm_size_t size)
{
	mach_vm_size_t got = 0;

	check(mach_vm_read_overwrite(host, where, size, (mach_vm_address_t)(uintptr_t)to, &got),
		"read");
	if (got != size) {
		fprintf(stderr, "extension: only %llu bytes\n", (unsigned long long)got);
		exit(1);
	}
}

static int walk(mach_port_t host, uint64_t where)
{
	uint64_t at;
	int n = 0;

	look(host, where, &at, sizeof(at));
	for (; at != 0 && n < NOTES_MAX; n++) {
		Note note;

		look(host, at, &note, sizeof(note));
		printf("extension: note %u: %.*s\n", note.number, (int)sizeof(note.text),
			note.text);
		at = note.next;
	}
	return n;
}

/* Asks the host for the list: its read port, and the address. */
static mach_port_t ask(uint64_t *first)
{
	struct {
		ListMessage list;
		mach_msg_max_trailer_t trailer;
	} answer = {0};
	mach_msg_header_t *hello = &answer.list.header;

	hello->msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	hello->msgh_remote_port = bootstrap_port;
	hello->msgh_local_port = mig_get_reply_port();
	hello->msgh_id = HELLO_ID;
	check(mach_msg(hello, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(*hello), sizeof(answer),
		      mig_get_reply_port(), MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL),
		"ask for the list");
	if (hello->msgh_id != LIST_ID || answer.list.task.type != MACH_MSG_PORT_DESCRIPTOR) {
		fprintf(stderr, "extension: that is no list\n");
		exit(1);
	}
	*first = answer.list.first;
	return answer.list.task.name;
}

static int refused(kern_return_t kr, const char *what)
{
	printf("extension: %s: %s\n", what, mach_error_string(kr));
	return kr == KERN_SUCCESS;
}

int main(void)
{
	uint64_t first = 0, zero = 0;
	mach_port_t host = ask(&first), again, control;
	int failed = 0;

	failed |= walk(host, first) != 3;
	/* The same right, so the same name: and what the host has changed is seen. */
	again = ask(&first);
	failed |= again != host;
	failed |= walk(host, first) != 2;

	failed |= refused(mach_vm_write(host, first, (vm_offset_t)(uintptr_t)&zero, sizeof(zero)),
		"writing to the list");
	failed |= refused(
		task_get_special_port(host, TASK_KERNEL_PORT, &control), "a port that can do more");
	failed |= refused(task_terminate(host), "ending the host");
	mach_port_deallocate(mach_task_self(), host);
	mach_port_deallocate(mach_task_self(), again);
	return failed;
}
