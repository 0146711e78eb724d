/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server of workshop.defs: server CLIENT [ARGUMENT ...]
 *
 * It makes a port, starts the client with a send right to it as its bootstrap port, and serves until
 * nobody can send any more. What mig(1) generated unpacks each request, calls the do_*() below, and
 * packs the answer; they see C arguments only. What a request brought, rights and memory, is theirs.
 *
 *	$ server ./client
 */
#include <bsm/libbsm.h>
#include <ctype.h>
#include <mach/mach.h>
#include <mach/mach_vm.h>
#include <mach/notify.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring.h"
#include "workshopServer.h"

static bool is_over;

static void check(kern_return_t kr, const char *what)
{
	if (kr == KERN_SUCCESS)
		return;
	fprintf(stderr, "server: %s: %s\n", what, mach_error_string(kr));
	exit(1);
}

static void release(mach_port_t port)
{
	(void)mach_port_deallocate(mach_task_self(), port);
}

static void release_memory(vm_offset_t address, mach_msg_type_number_t size)
{
	(void)mach_vm_deallocate(mach_task_self(), address, size);
}

kern_return_t do_values(mach_port_t server, char letter, short small, int number, int64_t large,
	double real, boolean_t flag, char *next, int64_t *sum, double *half, int *counter)
{
	(void)server;
	printf("server: values: '%c', %d, %d, %lld, %g, %s, and a counter at %d\n", letter, small,
		number, (long long)large, real, flag ? "true" : "false", *counter);
	*next = (char)(letter + 1);
	*sum = (int64_t)small + number + large;
	*half = real / 2;
	*counter += 1;
	return KERN_SUCCESS;
}

kern_return_t do_fixed(mach_port_t server, path_t path, board_t board, label_t label, point_t *last,
	board_t mirrored, label_t shouted)
{
	(void)server;
	printf("server: fixed: a path to (%lld, %lld), a board, the label \"%s\"\n",
		(long long)path.points[2].x, (long long)path.points[2].y, label);
	*last = path.points[2];
	for (size_t i = 0; i < sizeof(board_t); i++)
		mirrored[i] = board[sizeof(board_t) - 1 - i];
	memset(shouted, 0, sizeof(label_t));
	for (size_t i = 0; label[i]; i++)
		shouted[i] = (char)toupper((unsigned char)label[i]);
	return KERN_SUCCESS;
}

static int compare(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

kern_return_t do_variable(mach_port_t server, title_t title, samples_t samples,
	mach_msg_type_number_t samplesCnt, samples_t weights, title_t greeting, samples_t sorted,
	mach_msg_type_number_t *sortedCnt, samples_t places)
{
	(void)server;
	printf("server: variable: \"%s\" with %u samples; the client has room for %u\n", title,
		samplesCnt, *sortedCnt);
	if (*sortedCnt < samplesCnt)
		return MIG_ARRAY_TOO_LARGE;
	(void)snprintf(greeting, sizeof(title_t), "welcome, %.50s", title);
	memcpy(sorted, samples, samplesCnt * sizeof(*sorted));
	qsort(sorted, samplesCnt, sizeof(*sorted), compare);
	for (unsigned i = 0; i < samplesCnt; i++)
		places[i] = samples[i] * weights[i];
	*sortedCnt = samplesCnt;
	return KERN_SUCCESS;
}

static int64_t add_bytes(vm_offset_t address, mach_msg_type_number_t size)
{
	const uint8_t *bytes = (const uint8_t *)address;
	int64_t sum = 0;

	for (mach_msg_type_number_t i = 0; i < size; i++)
		sum += bytes[i];
	return sum;
}

/* The answer's memory is given away: out arguments with `dealloc` move. */
kern_return_t do_out_of_line(mach_port_t server, vm_offset_t blob, mach_msg_type_number_t blobCnt,
	tape_t tape, mach_msg_type_number_t tapeCnt, picture_ptr_t picture, vm_offset_t given,
	mach_msg_type_number_t givenCnt, vm_offset_t maybe, mach_msg_type_number_t maybeCnt,
	vm_offset_t *reversed, mach_msg_type_number_t *reversedCnt, int64_t *total)
{
	mach_vm_address_t address = 0;
	kern_return_t kr;

	(void)server;
	printf("server: out_of_line: %u, %u and %u bytes, a tape of %u, a picture of %zu\n",
		blobCnt, givenCnt, maybeCnt, tapeCnt, sizeof(*picture));
	*total = add_bytes(blob, blobCnt) + add_bytes(given, givenCnt) +
		 add_bytes(maybe, maybeCnt) + add_bytes((vm_offset_t)picture, sizeof(*picture));
	for (mach_msg_type_number_t i = 0; i < tapeCnt; i++)
		*total += tape[i];
	kr = mach_vm_allocate(mach_task_self(), &address, blobCnt, VM_FLAGS_ANYWHERE);
	if (kr != KERN_SUCCESS)
		return kr;
	for (mach_msg_type_number_t i = 0; i < blobCnt; i++)
		((uint8_t *)address)[i] = ((const uint8_t *)blob)[blobCnt - 1 - i];
	*reversed = (vm_offset_t)address;
	*reversedCnt = blobCnt;
	release_memory(blob, blobCnt);
	release_memory((vm_offset_t)tape, tapeCnt * (mach_msg_type_number_t)sizeof(*tape));
	release_memory((vm_offset_t)picture, sizeof(*picture));
	release_memory(given, givenCnt);
	release_memory(maybe, maybeCnt);
	return KERN_SUCCESS;
}

/* Rings a bell behind each right, which the client hears at the other end. */
kern_return_t do_rights(mach_port_t server, mach_port_t make, mach_port_t copied, mach_port_t moved,
	mach_port_t once, mach_port_t once_moved, mach_port_t receive, mach_port_t any,
	mach_msg_type_name_t anyPoly, mach_port_t either, mach_port_name_t name, int *found,
	mach_port_t *fresh, mach_port_t *back, mach_msg_type_name_t *backPoly)
{
	(void)server;
	printf("server: rights: four send rights, two send-once rights, a receive right, and %s; "
	       "the client calls something %#x\n",
		anyPoly == MACH_MSG_TYPE_PORT_SEND ? "another send right" : "something else", name);
	ring(make, MACH_MSG_TYPE_MOVE_SEND);
	ring(copied, MACH_MSG_TYPE_MOVE_SEND);
	ring(moved, MACH_MSG_TYPE_MOVE_SEND);
	ring(either, MACH_MSG_TYPE_MOVE_SEND);
	ring(once, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	ring(once_moved, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	ring(any, MACH_MSG_TYPE_COPY_SEND);
	*found = listen_once(receive);
	check(mach_port_mod_refs(mach_task_self(), receive, MACH_PORT_RIGHT_RECEIVE, -1),
		"mod_refs");
	check(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, fresh), "allocate");
	ring(*fresh, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	*back = any;
	*backPoly = MACH_MSG_TYPE_MOVE_SEND;
	return KERN_SUCCESS;
}

static int ring_all(const mach_port_t *ports, mach_msg_type_number_t n)
{
	for (mach_msg_type_number_t i = 0; i < n; i++)
		ring(ports[i], MACH_MSG_TYPE_MOVE_SEND);
	return (int)n;
}

kern_return_t do_right_arrays(mach_port_t server, pair_t pair, few_t few,
	mach_msg_type_number_t fewCnt, crowd_t crowd, mach_msg_type_number_t crowdCnt, many_t many,
	mach_msg_type_number_t manyCnt, int *reached, many_t *made, mach_msg_type_number_t *madeCnt)
{
	vm_address_t address;

	printf("server: right_arrays: a pair, %u, %u and %u\n", fewCnt, crowdCnt, manyCnt);
	*reached = ring_all(pair, 2) + ring_all(few, fewCnt) + ring_all(crowd, crowdCnt) +
		   ring_all(many, manyCnt);
	release_memory((vm_offset_t)crowd, crowdCnt * (mach_msg_type_number_t)sizeof(*crowd));
	release_memory((vm_offset_t)many, manyCnt * (mach_msg_type_number_t)sizeof(*many));
	mig_allocate(&address, 3 * sizeof(**made));
	if (!address)
		return KERN_RESOURCE_SHORTAGE;
	/* Send rights are made of these receive rights as the answer is sent. */
	*made = (many_t)address;
	for (*madeCnt = 0; *madeCnt < 3; ++*madeCnt)
		(*made)[*madeCnt] = server;
	return KERN_SUCCESS;
}

kern_return_t do_natives(mach_port_t server, struct workshop_options *options,
	struct workshop_options *wish, struct workshop_options *nothing,
	struct workshop_version version, int *seen)
{
	(void)server;
	printf("server: natives: level %d, mode \"%.8s\", version %u.%u, %s\n", options->level,
		options->mode, version.major, version.minor,
		wish && !nothing ? "one wish" : "other wishes");
	*seen = options->level + (wish ? wish->level : 0) + (nothing ? 1000 : 0) + version.minor;
	return KERN_SUCCESS;
}

/* The tickets: what a client calls 101 is the second of these. */
struct ticket {
	unsigned users;
};

static struct ticket tickets[10];

Ticket ticket_find(ticket_number_t number)
{
	if (number < 100 || number >= 110)
		return NULL;
	tickets[number - 100].users++;
	return &tickets[number - 100];
}

ticket_number_t ticket_number(Ticket ticket)
{
	return ticket ? 100 + (ticket_number_t)(ticket - tickets) : 0;
}

void ticket_done(Ticket ticket)
{
	if (ticket)
		ticket->users--;
}

/* What this returns is the result of the client's function. */
kern_return_t do_tickets(mach_port_t server, Ticket ticket, Ticket *next)
{
	(void)server;
	if (!ticket || ticket == &tickets[9])
		return KERN_INVALID_ARGUMENT;
	printf("server: tickets: number %u, in use %u times\n", ticket_number(ticket),
		ticket->users);
	*next = ticket + 1;
	return KERN_SUCCESS;
}

kern_return_t do_sender(mach_port_t server, audit_token_t who, security_token_t owner,
	mach_port_seqno_t number, mach_port_context_t context, int *pid, int *uid)
{
	(void)server;
	printf("server: sender: uid %u, message %u, context %#lx\n", owner.val[0], number,
		(unsigned long)context);
	*pid = audit_token_to_pid(who);
	*uid = (int)owner.val[0];
	return KERN_SUCCESS;
}

kern_return_t do_goodbye(mach_port_t server, title_t words)
{
	(void)server;
	printf("server: goodbye: \"%s\"\n", words);
	return KERN_SUCCESS;
}

/* The library's own word, not a client's: see rpc-server.c. */
static bool is_no_senders(const mach_msg_header_t *in)
{
	const mach_msg_security_trailer_t *trailer = (const void *)((const char *)in +
								    round_msg(in->msgh_size));

	return in->msgh_id == MACH_NOTIFY_NO_SENDERS &&
	       !memcmp(&trailer->msgh_sender, &KERNEL_SECURITY_TOKEN,
		       sizeof(KERNEL_SECURITY_TOKEN));
}

static boolean_t dispatch(mach_msg_header_t *in, mach_msg_header_t *out)
{
	if (!is_no_senders(in))
		return workshop_server(in, out);
	is_over = true;
	mig_reply_setup(in, out);
	((mig_reply_error_t *)out)->RetCode = MIG_NO_REPLY;
	return TRUE;
}

/* A port, and a send right to it under the same name, which children inherit. */
static mach_port_t make_service(void)
{
	mach_port_t port, previous;

	check(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), "allocate");
	check(mach_port_set_context(mach_task_self(), port, 0x5e11), "set_context");
	check(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		"insert_right");
	check(task_set_bootstrap_port(mach_task_self(), port), "set_bootstrap_port");
	check(mach_port_request_notification(mach_task_self(), port, MACH_NOTIFY_NO_SENDERS, 0,
		      port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		"request_notification");
	return port;
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	return pid;
}

int main(int argc, char **argv)
{
	/* The trailer that the tokens of the interface are in. */
	const mach_msg_options_t options = MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0) |
					   MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_CTX);
	mach_port_t port;
	pid_t child;
	int status;

	if (argc < 2) {
		fputs("usage: server CLIENT [ARGUMENT ...]\n", stderr);
		return 64;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	port = make_service();
	child = start(argv + 1);
	/* Our own send rights would keep no-senders away: the child has its own by now. */
	check(task_set_bootstrap_port(mach_task_self(), MACH_PORT_NULL), "set_bootstrap_port");
	release(port);
	while (!is_over)
		check(mach_msg_server_once(dispatch, do_workshop_subsystem.maxsize, port, options),
			"server");
	if (waitpid(child, &status, 0) < 0)
		return 1;
	printf("server: nobody is left who could ask for anything\n");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
