/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The speed of libmach, by its public interface, beside the raw kernel primitives in the
 * same run: what the table of doc/performance.md is made of.
 *
 * In the two-process measures the port is registered with mach_ports_register() before
 * the fork and found by the child with mach_ports_lookup(). The parent measures: it is the
 * receiver of a stream, and the client of a round trip.
 */
#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mach/mach.h>

#include "bench/bench.h"
#include "bench/peers.h"
#include "bench/raw.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MACH(x)                                                                                    \
	do {                                                                                       \
		kern_return_t mach_r_ = (x);                                                       \
		if (mach_r_ != KERN_SUCCESS)                                                       \
			bench_die("%s:%d: %s: %s (%#x)", __FILE__, __LINE__, #x,                   \
				mach_error_string(mach_r_), (unsigned)mach_r_);                    \
	} while (0)

/* 64 bytes with the header. */
typedef struct PlainMessage {
	mach_msg_header_t header;
	char bytes[64 - sizeof(mach_msg_header_t)];
} PlainMessage;

typedef struct RightMessage {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t right;
} RightMessage;

typedef struct MemoryMessage {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_ool_descriptor_t memory;
} MemoryMessage;

typedef union Buffer {
	mach_msg_header_t header;
	PlainMessage plain;
	RightMessage right;
	MemoryMessage memory;
	char bytes[256]; /* with room for a trailer */
} Buffer;

static mach_port_t make_receive_right(void)
{
	mach_port_t port;

	MACH(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port));
	return port;
}

static void end_receive_right(mach_port_t port)
{
	MACH(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1));
}

/* A port of ours to which every child forked from now on finds a send right. */
static mach_port_t make_public_port(void)
{
	mach_port_t port = make_receive_right();

	MACH(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND));
	MACH(mach_ports_register(mach_task_self(), &port, 1));
	return port;
}

static mach_port_t find_public_port(void)
{
	mach_port_array_t ports;
	mach_msg_type_number_t n;
	mach_port_t port;

	MACH(mach_ports_lookup(mach_task_self(), &ports, &n));
	if (n < 1 || ports[0] == MACH_PORT_NULL)
		bench_die("the registered port did not come through the fork");
	port = ports[0];
	MACH(vm_deallocate(mach_task_self(), (vm_address_t)ports, n * sizeof(*ports)));
	return port;
}

static void receive(mach_port_t port, Buffer *buffer)
{
	MACH(mach_msg(&buffer->header, MACH_RCV_MSG, 0, sizeof(*buffer), port,
		MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL));
}

static void send_message(mach_msg_header_t *header, mach_port_t to, mach_msg_size_t size)
{
	header->msgh_bits = (header->msgh_bits & MACH_MSGH_BITS_COMPLEX) |
			    MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	header->msgh_size = size;
	header->msgh_remote_port = to;
	header->msgh_local_port = MACH_PORT_NULL;
	MACH(mach_msg(header, MACH_SEND_MSG, size, 0, MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE,
		MACH_PORT_NULL));
}

/* Streams. */

static void send_plain_for_ever(void *arg)
{
	mach_port_t to = find_public_port();
	PlainMessage message = {};

	for (;;)
		send_message(&message.header, to, sizeof(message));
}

static double one_way(void)
{
	BenchLoop loop = {.warm = 1000, .stride = 256};
	mach_port_t port = make_public_port();
	pid_t pid = bench_fork(send_plain_for_ever, NULL);
	Buffer buffer;

	while (bench_loop(&loop))
		receive(port, &buffer);
	bench_end(pid);
	return bench_loop_ns(&loop);
}

static void send_right(mach_port_t to, mach_port_t right, mach_msg_type_name_t disposition)
{
	RightMessage message = {
		.header.msgh_bits = MACH_MSGH_BITS_COMPLEX,
		.body.msgh_descriptor_count = 1,
		.right =
			{
				.name = right,
				.disposition = disposition,
				.type = MACH_MSG_PORT_DESCRIPTOR,
			},
	};

	send_message(&message.header, to, sizeof(message));
}

static void send_same_right_for_ever(void *arg)
{
	mach_port_t to = find_public_port();
	mach_port_t right = make_receive_right();

	MACH(mach_port_insert_right(mach_task_self(), right, right, MACH_MSG_TYPE_MAKE_SEND));
	for (;;)
		send_right(to, right, MACH_MSG_TYPE_COPY_SEND);
}

static void send_new_rights_for_ever(void *arg)
{
	mach_port_t to = find_public_port();

	for (;;) {
		mach_port_t right = make_receive_right();

		send_right(to, right, MACH_MSG_TYPE_MAKE_SEND);
		end_receive_right(right);
	}
}

static mach_port_t receive_right(mach_port_t port)
{
	Buffer buffer;

	receive(port, &buffer);
	if (buffer.right.body.msgh_descriptor_count != 1)
		bench_die("no right in the message");
	return buffer.right.right.name;
}

/* With `keep_first` the receiver holds the right already, and only its references change. */
static double stream_of_rights(void (*sender)(void *arg), bool keep_first)
{
	BenchLoop loop = {.warm = 1000, .stride = 64};
	mach_port_t port = make_public_port();
	pid_t pid = bench_fork(sender, NULL);

	if (keep_first)
		(void)receive_right(port);
	while (bench_loop(&loop))
		MACH(mach_port_deallocate(mach_task_self(), receive_right(port)));
	bench_end(pid);
	return bench_loop_ns(&loop);
}

static double pass_right(void)
{
	return stream_of_rights(send_same_right_for_ever, false);
}

static double pass_known_right(void)
{
	return stream_of_rights(send_same_right_for_ever, true);
}

static double port_life(void)
{
	return stream_of_rights(send_new_rights_for_ever, false);
}

/* Round trips. */

/* Sends a right to a port of its own, and then answers what comes there: one answer and the next
 * request in each call. */
static void server_main(void *arg)
{
	mach_port_t port = make_receive_right();
	mach_msg_option_t options = MACH_RCV_MSG;
	mach_msg_size_t size = 0;
	Buffer buffer;

	send_right(find_public_port(), port, MACH_MSG_TYPE_MAKE_SEND);
	for (;;) {
		mach_msg_header_t *h = &buffer.header;

		MACH(mach_msg(h, options, size, sizeof(buffer), port, MACH_MSG_TIMEOUT_NONE,
			MACH_PORT_NULL));
		h->msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(h->msgh_bits), 0);
		h->msgh_local_port = MACH_PORT_NULL;
		h->msgh_id += 100;
		options = MACH_SEND_MSG | MACH_RCV_MSG;
		size = sizeof(PlainMessage);
		h->msgh_size = size;
	}
}

static void call_server(mach_port_t to, mach_port_t reply)
{
	Buffer buffer;
	mach_msg_header_t *h = &buffer.header;

	memset(&buffer.plain, 0, sizeof(buffer.plain));
	h->msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	h->msgh_size = sizeof(PlainMessage);
	h->msgh_remote_port = to;
	h->msgh_local_port = reply;
	h->msgh_id = 1000;
	MACH(mach_msg(h, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(PlainMessage), sizeof(buffer), reply,
		MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL));
	if (h->msgh_id != 1100)
		bench_die("not an answer: id %d", h->msgh_id);
}

static double round_trip(void)
{
	BenchLoop loop = {.warm = 1000, .stride = 64};
	mach_port_t port = make_public_port();
	pid_t pid = bench_fork(server_main, NULL);
	mach_port_t to = receive_right(port);
	mach_port_t reply = mach_reply_port();

	while (bench_loop(&loop))
		call_server(to, reply);
	bench_end(pid);
	return bench_loop_ns(&loop);
}

/* Out-of-line memory. */

typedef struct Move {
	size_t size;
	bool move; /* with `deallocate`, from vm_allocate(); else copied from where it is */
	bool touch; /* written to before it is sent */
	bool read; /* the receiver looks at each page, which counts */
	int start[2];
	int done[2];
} Move;

/* Fills the pages with something that no system page would have. */
static void touch_pages(char *p, size_t size)
{
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
}

static unsigned read_pages(const volatile char *p, size_t size)
{
	unsigned sum = 0;

	for (size_t i = 0; i < size; i += 4096)
		sum += (unsigned char)p[i];
	return sum;
}

static char *allocate_memory(size_t size)
{
	vm_address_t address;

	MACH(vm_allocate(mach_task_self(), &address, size, VM_FLAGS_ANYWHERE));
	return (char *)address;
}

/* Memory that libmach knows nothing of. */
static char *map_memory(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		bench_die("mmap: %m");
	touch_pages(p, size);
	return p;
}

/* One message at a time; tells when it began to send, and when it was done with it. */
static void send_memory_main(void *arg)
{
	const Move *m = arg;
	mach_port_t to = find_public_port();
	char *kept = m->move ? NULL : map_memory(m->size);
	char byte;

	while (read(m->start[0], &byte, 1) == 1) {
		MemoryMessage message = {
			.header.msgh_bits = MACH_MSGH_BITS_COMPLEX,
			.body.msgh_descriptor_count = 1,
			.memory =
				{
					.size = (mach_msg_size_t)m->size,
					.deallocate = m->move,
					.copy = m->move ? MACH_MSG_VIRTUAL_COPY
							: MACH_MSG_PHYSICAL_COPY,
					.type = MACH_MSG_OOL_DESCRIPTOR,
				},
		};
		char *address = m->move ? allocate_memory(m->size) : kept;
		double times[2];

		if (m->move && m->touch)
			touch_pages(address, m->size);
		message.memory.address = address;
		times[0] = bench_now();
		send_message(&message.header, to, sizeof(message));
		times[1] = bench_now();
		BENCH_SYS(write(m->done[1], times, sizeof(times)));
	}
}

/* From the beginning of the send until both sides are done; the best, or the mean. Making the
 * memory, filling it and giving it back are not in it. */
static double move_memory(Move m, size_t n)
{
	mach_port_t port = make_public_port();
	double best = INFINITY, sum = 0;
	pid_t pid;

	BENCH_SYS(pipe2(m.start, O_CLOEXEC));
	BENCH_SYS(pipe2(m.done, O_CLOEXEC));
	pid = bench_fork(send_memory_main, &m);
	for (size_t i = 0; i < n; i++) {
		double times[2], end;
		Buffer buffer;
		char *memory;

		BENCH_SYS(write(m.start[1], "g", 1));
		receive(port, &buffer);
		memory = buffer.memory.memory.address;
		if (m.read && read_pages(memory, m.size) == 0)
			bench_die("memory without contents");
		end = bench_now();
		if (read(m.done[0], times, sizeof(times)) != sizeof(times))
			bench_die("the sender is gone");
		end = (end > times[1] ? end : times[1]) - times[0];
		sum += end;
		best = fmin(best, end);
		MACH(vm_deallocate(mach_task_self(), (vm_address_t)memory, m.size));
	}
	bench_end(pid);
	return bench_pick(best, sum / (double)n);
}

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static double move_64k(void)
{
	return move_memory((Move){.size = 64 * KIB, .move = true}, 1000);
}

static double move_64k_touched(void)
{
	return move_memory((Move){.size = 64 * KIB, .move = true, .touch = true}, 1000);
}

static double move_1g(void)
{
	return move_memory((Move){.size = 1024 * MIB, .move = true}, 200);
}

static double move_1g_touched(void)
{
	return move_memory((Move){.size = 1024 * MIB, .move = true, .touch = true}, 4);
}

static double copy_64m(void)
{
	return move_memory((Move){.size = 64 * MIB}, 10);
}

static double copy_64m_read(void)
{
	return move_memory((Move){.size = 64 * MIB, .read = true}, 10);
}

/* In one process. */

static double local_port(void)
{
	BenchLoop loop = {.warm = 1000, .stride = 4096};

	while (bench_loop(&loop))
		end_receive_right(make_receive_right());
	return bench_loop_ns(&loop);
}

#define N_LOOK_UPS ((size_t)131072)

/* Names in an order that no cache expects, read from a list that is as long for few names as for
 * many. */
static double look_up(unsigned n)
{
	BenchLoop loop = {.warm = 2 * N_LOOK_UPS, .stride = N_LOOK_UPS};
	mach_port_t *order = calloc(N_LOOK_UPS, sizeof(*order));
	mach_port_t *names = calloc(n, sizeof(*names));
	unsigned random = 1;
	size_t i = 0;

	for (i = 0; i < n; i++)
		names[i] = make_receive_right();
	for (i = 0; i < N_LOOK_UPS; i++) {
		random = random * 1664525 + 1013904223;
		order[i] = names[(uint64_t)random * n >> 32];
	}
	while (bench_loop(&loop)) {
		mach_port_urefs_t refs;

		MACH(mach_port_get_refs(
			mach_task_self(), order[i++ % N_LOOK_UPS], MACH_PORT_RIGHT_RECEIVE, &refs));
	}
	free(order);
	free(names);
	return bench_loop_ns(&loop);
}

static double look_up_100(void)
{
	return look_up(100);
}

static double look_up_100000(void)
{
	return look_up(100000);
}

/* Bytes that this process has of its own: the heap, and what was mapped apart from it. */
static double own_bytes(bool resident)
{
	struct mallinfo2 info = mallinfo2();
	char line[128];
	double kib = 0;
	FILE *file;

	if (!resident)
		return (double)(info.uordblks + info.hblkhd);
	file = fopen("/proc/self/status", "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "RssAnon: %lf kB", &kib) == 1)
			break;
	if (file != NULL)
		(void)fclose(file);
	return kib * 1024;
}

#define N_RIGHTS 100000

/* Receive rights only, or each with a send right to it, which is a right more. */
static double bytes_per_right(bool with_send, bool resident)
{
	mach_port_t *names = calloc(N_RIGHTS, sizeof(*names));
	double before;

	/* Whatever the first port brings with it, and the pages of our own array. */
	end_receive_right(make_receive_right());
	memset(names, 1, N_RIGHTS * sizeof(*names));
	before = own_bytes(resident);
	for (size_t i = 0; i < N_RIGHTS; i++) {
		names[i] = make_receive_right();
		if (with_send)
			MACH(mach_port_insert_right(
				mach_task_self(), names[i], names[i], MACH_MSG_TYPE_MAKE_SEND));
	}
	return (own_bytes(resident) - before) / (N_RIGHTS * (with_send ? 2.0 : 1.0));
}

static double bytes_receive(void)
{
	return bytes_per_right(false, false);
}

static double bytes_both(void)
{
	return bytes_per_right(true, false);
}

static double bytes_receive_resident(void)
{
	return bytes_per_right(false, true);
}

static void send_many_rights(void *arg)
{
	mach_port_t to = find_public_port();
	size_t n = *(const size_t *)arg;

	for (size_t i = 0; i < n; i++)
		send_right(to, make_receive_right(), MACH_MSG_TYPE_MAKE_SEND);
	/* They would be dead names else. */
	for (;;)
		pause();
}

/* Send rights to ports of another process: as many as both have descriptors for. */
static double bytes_remote(void)
{
	mach_port_t port = make_public_port();
	struct rlimit limit;
	double before;
	size_t n;
	pid_t pid;

	BENCH_SYS(getrlimit(RLIMIT_NOFILE, &limit));
	n = limit.rlim_max / 8;
	if (n > 10000)
		n = 10000;
	if (n < 100)
		bench_skip("a hard limit of %llu descriptors", (unsigned long long)limit.rlim_max);
	pid = bench_fork(send_many_rights, &n);
	(void)receive_right(port);
	before = own_bytes(false);
	for (size_t i = 1; i < n; i++)
		(void)receive_right(port);
	before = (own_bytes(false) - before) / (double)(n - 1);
	bench_end(pid);
	return before;
}

static const BenchMeasure measures[] = {
	{"one-way", one_way},
	{"round-trip", round_trip},
	{"pass-right", pass_right},
	{"pass-known-right", pass_known_right},
	{"port-life", port_life},
	{"local-port", local_port},
	{"move-64k", move_64k},
	{"move-64k-touched", move_64k_touched},
	{"move-1g", move_1g},
	{"move-1g-touched", move_1g_touched},
	{"copy-64m", copy_64m},
	{"copy-64m-read", copy_64m_read},
	{"look-up-100", look_up_100},
	{"look-up-100000", look_up_100000},
	{"bytes-receive", bytes_receive},
	{"bytes-both", bytes_both},
	{"bytes-remote", bytes_remote},
	{"bytes-receive-resident", bytes_receive_resident},
	{"raw-one-way", raw_one_way},
	{"raw-round-trip", raw_round_trip},
	{"raw-round-trip-pair", raw_round_trip_pair},
	{"raw-pass-right", raw_pass_right},
	{"raw-port-life", raw_port_life},
	{"raw-getppid", raw_getppid},
	{"raw-memcpy", raw_memcpy_64m},
	{"raw-memcpy-warm", raw_memcpy_64m_warm},
	{"raw-port-mint", raw_port_mint},
	{"raw-pipe", raw_pipe},
	{"raw-connect", raw_connect},
	{"raw-pair", raw_seqpacket_pair},
	{"sd-bus", peer_sdbus_direct},
	{"dbus-daemon", peer_sdbus_daemon},
	{"dbus-broker", peer_sdbus_broker},
	{"zeromq", peer_zeromq},
	{"nng", peer_nng},
};

static const BenchRow rows[] = {
	{"one-way 64-byte messages / connected datagrams", "one-way", "raw-one-way", BENCH_RATE,
		0.80, 0.95},
	{"RPC, send-once reply right, general form / round trip", "round-trip", "raw-round-trip",
		BENCH_US, 2.8, 2.5, .no_lease = true},
	{"RPC, send-once reply right, lease / round trip", "round-trip", "raw-round-trip", BENCH_US,
		1.3, 1.05},
	{"sending a port right / the same descriptors", "pass-right", "raw-pass-right", BENCH_US,
		1.5, 1.2},
	{"port made, right given away, destroyed / the calls", "port-life", "raw-port-life",
		BENCH_US, 1.4, 1.15},
	{"port made and destroyed in its process / getppid", "local-port", "raw-getppid", BENCH_NS,
		4, 1.5, .pinned_only = true},
	{"out-of-line 1 GiB moved / 64 KiB, untouched", "move-1g", "move-64k", BENCH_US, 2, 1},
	{"out-of-line 1 GiB moved / 64 KiB, all touched", "move-1g-touched", "move-64k-touched",
		BENCH_US, 2, 1},
	{"out-of-line 64 MiB copied / memcpy to new memory", "copy-64m", "raw-memcpy", BENCH_US,
		1.6, 1.2},
	{"get_refs at 100,000 names / at 100", "look-up-100000", "look-up-100", BENCH_NS, 2, 1,
		.pinned_only = true},
	{"memory for a right: 100,000 receive", "bytes-receive", NULL, BENCH_BYTES, 256, 128,
		.pinned_only = true},
	{"memory for a right: 100,000 receive and send", "bytes-both", NULL, BENCH_BYTES, 256, 128,
		.pinned_only = true},
	{"memory for a right: send, to another process", "bytes-remote", NULL, BENCH_BYTES, 256,
		128, .pinned_only = true},
	/* For information. */
	{"memory for a right: 100,000 receive, resident", "bytes-receive-resident", NULL,
		BENCH_BYTES, .pinned_only = true},
	{"  the right is held already / the same descriptors", "pass-known-right", "raw-pass-right",
		BENCH_US},
	{"  64 MiB copied / memcpy to memory in use", "copy-64m", "raw-memcpy-warm", BENCH_US},
	{"  64 MiB copied and each page read / memcpy to new", "copy-64m-read", "raw-memcpy",
		BENCH_US},
	{"  raw: a fresh SEQPACKET pair per RPC / round trip", "raw-round-trip-pair",
		"raw-round-trip", BENCH_US},
	{"  raw: bind, O_PATH, unlink, close / round trip", "raw-port-mint", "raw-round-trip",
		BENCH_US},
	{"  raw: a one-page pipe / round trip", "raw-pipe", "raw-round-trip", BENCH_US},
	{"  raw: connect by /proc/self/fd / round trip", "raw-connect", "raw-round-trip", BENCH_US},
	{"  raw: a SEQPACKET pair / round trip", "raw-pair", "raw-round-trip", BENCH_US},
	{"  sd-bus, socket pair / round trip", "sd-bus", "raw-round-trip", BENCH_US},
	{"  sd-bus through dbus-daemon / round trip", "dbus-daemon", "raw-round-trip", BENCH_US},
	{"  sd-bus through dbus-broker / round trip", "dbus-broker", "raw-round-trip", BENCH_US},
	{"  ZeroMQ ipc REQ/REP / round trip", "zeromq", "raw-round-trip", BENCH_US},
	{"  nng ipc REQ/REP / round trip", "nng", "raw-round-trip", BENCH_US},
};

int main(int argc, char **argv)
{
	static const BenchSuite suite = {
		.name = "bench-port",
		.measures = measures,
		.n_measures = ARRAY_SIZE(measures),
		.rows = rows,
		.n_rows = ARRAY_SIZE(rows),
	};

	return bench_main(&suite, argc, argv);
}
