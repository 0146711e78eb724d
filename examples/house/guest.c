/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest: see host.c. It is started with the ends of two pipes, is another user than its host
 * or lives in a Landlock domain, and has no other bootstrap server than the namespace that its
 * host made for it.
 *
 *	house-guest INBOX-PIPE READ-PIPE	the guest
 *	house-guest --impostor			a stranger in the same namespace
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsm/libbsm.h>
#include <mach/mach_error.h>
#include <mach/mach_vm.h>
#include <mach/notify.h>
#include <portcullis/child_port.h>
#include <servers/bootstrap.h>

#include "attempts.h"
#include "house.h"

static void must(const char *what, kern_return_t kr)
{
	if (kr == KERN_SUCCESS)
		return;
	printf("guest:    %s: %s\n", what, mach_error_string(kr));
	exit(1);
}

/* The guest's own port, to which the host gets the send right. */
static mach_port_t give_inbox(int pipe)
{
	mach_port_t inbox;

	must("a port", mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &inbox));
	must("to hand the host a port", portcullis_handshake_check_in(MACH_PORT_NULL, pipe, inbox,
						MACH_MSG_TYPE_MAKE_SEND, PATIENCE_MS));
	return inbox;
}

static mach_port_t take_read_port(int pipe, audit_token_t *ret_host)
{
	portcullis_handshake_t handshake;
	mach_port_t port;

	must("to be the server of a handshake", portcullis_handshake_start_server(MACH_PORT_NULL,
							pipe, MACH_MSG_TYPE_PORT_SEND, &handshake));
	must("the handshake", handshake_wait(handshake));
	must("the host's port", portcullis_handshake_get_port(handshake, &port, NULL));
	must("whose it is", portcullis_handshake_get_peer(handshake, ret_host));
	portcullis_handshake_destroy(handshake);
	return port;
}

static kern_return_t look(mach_port_t task, const void *there, void *here, size_t size)
{
	mach_vm_size_t n;

	return mach_vm_read_overwrite(
		task, (mach_vm_address_t)there, size, (mach_vm_address_t)here, &n);
}

/* Believes nothing: the host may be about to change it, or mean no good itself. */
static const Room *walk(mach_port_t task, mach_vm_address_t where)
{
	const Room *first;
	House house;
	Room room;
	unsigned n = 0;

	must("to read the house", look(task, (void *)where, &house, sizeof(house)));
	if (house.magic != HOUSE_MAGIC) {
		printf("guest:    that is no house\n");
		exit(1);
	}
	printf("guest:    over the door is written: %.*s\n", (int)sizeof(house.motto), house.motto);
	first = house.rooms;
	for (const Room *r = first; r && n < ROOMS_MAX; r = room.next, n++) {
		must("to read a room", look(task, r, &room, sizeof(room)));
		printf("guest:    %-10.*s its clock says %llu\n", (int)sizeof(room.name), room.name,
			(unsigned long long)room.clock);
	}
	return first;
}

/* Not a copy: the host's clocks go on. */
static void watch_clock(mach_port_t task, const Room *r)
{
	Room before, now;

	must("to look at a clock", look(task, r, &before, sizeof(before)));
	do
		must("to look again", look(task, r, &now, sizeof(now)));
	while (now.clock == before.clock);
	printf("guest:    the clock there has gone on while we looked: it is the host's memory "
	       "itself\n");
}

static void try_to_write(mach_port_t task, pid_t host, const Room *r)
{
	char nought = 0;
	kern_return_t kr = mach_vm_write(
		task, (mach_vm_address_t)&r->clock, (vm_offset_t)&nought, sizeof(nought));

	printf("guest:    %-46s %s\n", "mach_vm_write", mach_error_string(kr));
	if (!attempts_all_refused(host, (void *)&r->clock) || kr != KERN_INVALID_CAPABILITY) {
		printf("guest:    NOT everything was refused\n");
		exit(1);
	}
}

static void tell_done(mach_port_t inbox, mach_port_t host)
{
	mach_msg_header_t m = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_size = sizeof(m),
		.msgh_remote_port = host,
		.msgh_local_port = inbox,
		.msgh_id = MESSAGE_DONE};

	must("to tell the host", mach_msg_send(&m));
}

/* The host's second life says nothing; that its first has ended comes as a notification. */
static void await_end(mach_port_t task)
{
	mach_port_t port, previous;
	struct {
		mach_dead_name_notification_t message;
		mach_msg_max_trailer_t trailer;
	} in;
	House house;
	kern_return_t kr;

	must("a port", mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port));
	must("to be told of the end",
		mach_port_request_notification(mach_task_self(), task, MACH_NOTIFY_DEAD_NAME, 1,
			port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous));
	kr = mach_msg(&in.message.not_header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(in), port,
		PATIENCE_MS, MACH_PORT_NULL);
	must("a notification", kr);
	if (in.message.not_header.msgh_id != MACH_NOTIFY_DEAD_NAME || in.message.not_port != task) {
		printf("guest:    that is another notification\n");
		exit(1);
	}
	printf("guest:    a dead-name notification for the read port has come\n");
	kr = look(task, &house, &house, sizeof(house));
	printf("guest:    %-46s %s\n", "to read once more", mach_error_string(kr));
	if (kr == KERN_SUCCESS)
		exit(1);
}

static mach_port_t hear_of_visit(mach_port_t inbox, mach_vm_address_t *ret)
{
	Visit in;

	must("to hear from the host", mach_msg(&in.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
					      sizeof(in), inbox, PATIENCE_MS, MACH_PORT_NULL));
	if (in.header.msgh_id != MESSAGE_VISIT || in.header.msgh_size != VISIT_SIZE) {
		printf("guest:    that is no invitation\n");
		exit(1);
	}
	*ret = in.house;
	return in.header.msgh_remote_port;
}

/* Knows the name of the host's service, which anybody in the namespace may list, but not the
 * token. */
static int impostor(void)
{
	mach_msg_type_number_t n, n_jobs, n_active;
	bootstrap_status_array_t active;
	name_array_t names, jobs;
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_port_descriptor_t port;
		NDR_record_t ndr;
		uint32_t token[2];
	} m = {.header = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0) |
				       MACH_MSGH_BITS_COMPLEX,
		       .msgh_size = sizeof(m),
		       .msgh_id = 10011},
		.body = {1},
		.port = {.name = mach_task_self(),
			.disposition = MACH_MSG_TYPE_COPY_SEND,
			.type = MACH_MSG_PORT_DESCRIPTOR}};

	m.ndr = NDR_record;
	must("to list the names",
		bootstrap_info(bootstrap_port, &names, &n, &jobs, &n_jobs, &active, &n_active, 0));
	for (mach_msg_type_number_t i = 0; i < n; i++) {
		if (strncmp(names[i], "portcullis.child_port_handshake.", 32))
			continue;
		must("to look it up",
			bootstrap_look_up(bootstrap_port, names[i], &m.header.msgh_remote_port));
		printf("impostor: found %.44s..., and has sent a port with a token of its own\n",
			names[i]);
		return mach_msg_send(&m.header) == MACH_MSG_SUCCESS ? 0 : 1;
	}
	printf("impostor: found no service to try\n");
	return 1;
}

int main(int argc, char **argv)
{
	mach_vm_address_t house;
	mach_port_t inbox, task, host;
	audit_token_t token;
	const Room *first;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && !strcmp(argv[1], "--impostor"))
		return impostor();
	if (argc != 3) {
		fprintf(stderr,
			"usage: house-guest INBOX-PIPE READ-PIPE\n       house-guest --impostor\n");
		return 2;
	}
	inbox = give_inbox(atoi(argv[1]));
	task = take_read_port(atoi(argv[2]), &token);
	printf("guest:    a port has come from pid %d, user %d, as the kernel says; our parent is "
	       "%d\n",
		(int)audit_token_to_pid(token), (int)audit_token_to_euid(token), (int)getppid());
	if (audit_token_to_pid(token) != getppid())
		return 1;
	host = hear_of_visit(inbox, &house);
	printf("\n== The guest walks through the host's memory, by mach_vm_read_overwrite()\n");
	first = walk(task, house);
	watch_clock(task, first);
	printf("\n== The guest tries to write. The library says no; without it, the kernel does\n");
	try_to_write(task, getppid(), first);
	tell_done(inbox, host);
	await_end(task);
	return 0;
}
