/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of workshop.defs, which server starts: calls each routine as if it were a function of
 * this program, says in plain words what came of it, and fails if anything came back wrong.
 */
#include <mach/mach.h>
#include <mach/mach_vm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring.h"
#include "workshop.h"

static void check(kern_return_t kr, const char *what)
{
	if (kr == KERN_SUCCESS)
		return;
	fprintf(stderr, "client: %s: %s\n", what, mach_error_string(kr));
	exit(1);
}

static void expect(int truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "client: not so: %s\n", what);
	exit(1);
}

static void try_values(mach_port_t server)
{
	int counter = 41;
	double half;
	int64_t sum;
	char next;

	check(ws_values(server, 'a', -2, 40, 1LL << 40, 2.5, TRUE, &next, &sum, &half, &counter),
		"values");
	expect(next == 'b' && sum == (1LL << 40) + 38 && half == 1.25 && counter == 42, "values");
	printf("client: values: after 'a' comes '%c', the sum is %lld, half of 2.5 is %g, and the "
	       "counter is at %d\n",
		next, (long long)sum, half, counter);
}

static void try_fixed(mach_port_t server)
{
	path_t path = {{{1, 2}, {3, 4}, {5, -6}}};
	board_t board = {1, 2, 3, 4, 5, 6, 7, 8}, mirrored;
	label_t label = "on the shelf", shouted;
	point_t last;

	check(ws_fixed(server, path, board, label, &last, mirrored, shouted), "fixed");
	expect(last.x == 5 && last.y == -6, "the last point");
	expect(mirrored[0] == 8 && mirrored[7] == 1, "the board");
	expect(!strcmp(shouted, "ON THE SHELF"), "the label");
	printf("client: fixed: the path ends at (%lld, %lld), the board begins with %u, the label "
	       "says \"%s\"\n",
		(long long)last.x, (long long)last.y, mirrored[0], shouted);
}

static void try_variable(mach_port_t server)
{
	int samples[] = {3, 1, 2}, weights[] = {10, 20, 30}, sorted[16], places[16];
	mach_msg_type_number_t n = 16;
	title_t title = "Ms Moore", greeting;

	check(ws_variable(server, title, samples, 3, weights, greeting, sorted, &n, places),
		"variable");
	expect(n == 3 && sorted[0] == 1 && sorted[1] == 2 && sorted[2] == 3, "the sorted samples");
	expect(places[0] == 30 && places[1] == 20 && places[2] == 60, "the weighted samples");
	printf("client: variable: \"%s\", and %u samples from %d to %d\n", greeting, n, sorted[0],
		sorted[2]);
	n = 2;
	expect(ws_variable(server, title, samples, 3, weights, greeting, sorted, &n, places) ==
			MIG_ARRAY_TOO_LARGE,
		"no room");
	printf("client: variable: with room for two samples only, the three are refused\n");
}

static vm_offset_t make_blob(size_t size, int byte)
{
	mach_vm_address_t address = 0;

	check(mach_vm_allocate(mach_task_self(), &address, size, VM_FLAGS_ANYWHERE), "allocate");
	memset((void *)address, byte, size);
	return (vm_offset_t)address;
}

static void try_out_of_line(mach_port_t server)
{
	enum { SIZE = 1 << 20 };
	static Picture picture = {.bytes = {[0] = 7}};
	vm_offset_t blob = make_blob(SIZE, 1), given = make_blob(100, 2), maybe = make_blob(50, 3);
	vm_offset_t reversed;
	mach_msg_type_number_t n;
	int tape[] = {1000, 2000};
	int64_t total;

	((char *)blob)[0] = 9;
	check(ws_out_of_line(server, blob, SIZE, tape, 2, &picture, given, 100, maybe, 50, TRUE,
		      &reversed, &n, &total),
		"out_of_line");
	/* given has left this process, and so has maybe, as asked. */
	expect(total == SIZE + 8 + 200 + 150 + 7 + 3000, "the total");
	expect(n == SIZE && ((const char *)reversed)[SIZE - 1] == 9, "the blob from its end");
	printf("client: out_of_line: a megabyte came back from its end; all bytes add up to %lld\n",
		(long long)total);
	check(mach_vm_deallocate(mach_task_self(), reversed, n), "deallocate");
	check(mach_vm_deallocate(mach_task_self(), blob, SIZE), "deallocate");
}

static mach_port_t make_port(void)
{
	mach_port_t port;

	check(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), "allocate");
	return port;
}

static void add_send_right(mach_port_t port)
{
	check(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		"insert_right");
}

static void destroy(mach_port_t port)
{
	check(mach_port_destroy(mach_task_self(), port), "destroy");
}

static void try_rights(mach_port_t server)
{
	enum { MAKE, COPIED, MOVED, ONCE, ONCE_MOVED, ANY, EITHER, N };
	mach_port_t ports[N], receive = make_port(), once, fresh, back;
	mach_msg_type_name_t type;
	int found;

	for (int i = 0; i < N; i++)
		ports[i] = make_port();
	add_send_right(ports[COPIED]);
	add_send_right(ports[MOVED]);
	add_send_right(ports[EITHER]);
	check(mach_port_extract_right(mach_task_self(), ports[ONCE_MOVED],
		      MACH_MSG_TYPE_MAKE_SEND_ONCE, &once, &type),
		"extract_right");
	ring(receive, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	check(ws_rights(server, ports[MAKE], ports[COPIED], ports[MOVED], ports[ONCE], once,
		      receive, ports[ANY], MACH_MSG_TYPE_MAKE_SEND, ports[EITHER], ports[MAKE],
		      &found, &fresh, &back, &type),
		"rights");
	for (int i = 0; i < N; i++)
		expect(listen_once(ports[i]), "it rang at each port");
	expect(found == 1, "the receive right brought its message");
	expect(listen_once(fresh), "so did the one that came back");
	expect(back == ports[ANY] && type == MACH_MSG_TYPE_PORT_SEND, "a right that comes home");
	printf("client: rights: it rang at %d ports; a receive right left with a message in it, "
	       "another came; a right that came home has the port's own name\n",
		N);
	for (int i = 0; i < N; i++)
		destroy(ports[i]);
	destroy(fresh);
}

static void try_right_arrays(mach_port_t server)
{
	mach_port_t port[4] = {make_port(), make_port(), make_port(), make_port()};
	pair_t pair = {port[0], port[0]};
	mach_port_t few[] = {port[1], port[1], port[1]}, crowd[] = {port[2], port[2]};
	mach_port_t many[] = {port[3], port[3], port[3], port[3]};
	const int n_rings[4] = {2, 3, 2, 4};
	mach_msg_type_number_t n;
	mach_port_t *made;
	int reached;

	check(ws_right_arrays(server, pair, few, 3, crowd, 2, many, 4, &reached, &made, &n),
		"right_arrays");
	expect(reached == 11, "all rights arrived");
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < n_rings[i]; k++)
			expect(listen_once(port[i]), "it rang so many times");
		destroy(port[i]);
	}
	expect(n == 3 && made[0] == server && made[1] == server && made[2] == server,
		"three rights to the server");
	printf("client: right_arrays: %d rights went, in four kinds of arrays; %u came back, all "
	       "of "
	       "them to the server\n",
		reached, n);
	check(mach_port_mod_refs(mach_task_self(), server, MACH_PORT_RIGHT_SEND, -3), "mod_refs");
	check(mach_vm_deallocate(mach_task_self(), (vm_offset_t)made, n * sizeof(*made)),
		"deallocate");
}

static void try_natives(mach_port_t server)
{
	struct workshop_options options = {.level = 3, .mode = "plain"};
	struct workshop_options wish = {.level = 30, .mode = "fine"};
	struct workshop_version version = {.major = 1, .minor = 300};
	int seen;

	check(ws_natives(server, &options, &wish, NULL, version, &seen), "natives");
	expect(seen == 333, "natives");
	printf("client: natives: the server saw what is behind two pointers, and that a third is "
	       "NULL\n");
}

static void try_tickets(mach_port_t server)
{
	ticket_number_t next;

	check(ws_tickets(server, 101, &next), "tickets");
	expect(next == 102, "the next ticket");
	expect(ws_tickets(server, 7, &next) == KERN_INVALID_ARGUMENT, "there is no ticket 7");
	printf("client: tickets: after 101 comes %u, and 7 is none\n", next);
}

static void try_sender(mach_port_t server)
{
	int pid, uid;

	check(ws_sender(server, 20000, &pid, &uid), "sender");
	expect(pid == (int)getpid() && uid == (int)geteuid(), "the kernel's word");
	printf("client: sender: the server knows from the kernel who sent this\n");
}

int main(void)
{
	mach_port_t server = bootstrap_port;
	title_t words = "it was a pleasure";

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (server == MACH_PORT_NULL) {
		fputs("client: nobody gave me a port: run server ./client\n", stderr);
		return 1;
	}
	try_values(server);
	try_fixed(server);
	try_variable(server);
	try_out_of_line(server);
	try_rights(server);
	try_right_arrays(server);
	try_natives(server);
	try_tickets(server);
	try_sender(server);
	check(ws_goodbye(server, words), "goodbye");
	return 0;
}
