/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The speed of launchd as its clients see it: `launchd --session -- bench-launchd`. launchd runs where
 * the measure does, so that pinned means all of it.
 *
 * Memory that launchd has had once it keeps: the figures of memory are those of a session of their own
 * with --repeats 1 and --only.
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <mach/mach.h>
#include <servers/bootstrap.h>

#include "bench/bench.h"
#include "job_user.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SELF mach_task_self()
#define NAME "bench.service"
#define MANY_SERVICES 10000
#define MANY_CLIENTS 1000
#define N_OBJECTS 500

#define MACH(x)                                                                                    \
	do {                                                                                       \
		kern_return_t mach_r_ = (x);                                                       \
		if (mach_r_ != KERN_SUCCESS)                                                       \
			bench_die("%s:%d: %s: %s (%#x)", __FILE__, __LINE__, #x,                   \
				bootstrap_strerror(mach_r_), (unsigned)mach_r_);                   \
	} while (0)

typedef struct RightMessage {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t right;
	mach_msg_max_trailer_t trailer;
} RightMessage;

static pid_t launchd_pid(void)
{
	job_label_t name;
	uint32_t uid;
	int32_t pid;

	MACH(job_mig_manager(bootstrap_port, &pid, &uid, name));
	return pid;
}

static void begin(void)
{
	cpu_set_t cpus;

	MACH(task_get_bootstrap_port(SELF, &bootstrap_port));
	BENCH_SYS(sched_getaffinity(0, sizeof(cpus), &cpus));
	BENCH_SYS(sched_setaffinity(launchd_pid(), sizeof(cpus), &cpus));
}

static mach_port_t port_new(void)
{
	mach_port_t port;

	MACH(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	MACH(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
	return port;
}

/* So many names of one port: what is looked for is the last. */
static void register_names(unsigned n)
{
	mach_port_t port = port_new();
	char name[64];

	for (unsigned i = 1; i < n; i++) {
		snprintf(name, sizeof(name), "bench.other.%u", i);
		MACH(bootstrap_register(bootstrap_port, name, port));
	}
	MACH(bootstrap_register(bootstrap_port, NAME, port));
}

static void look_up(void)
{
	mach_port_t port;

	MACH(bootstrap_look_up(bootstrap_port, NAME, &port));
	MACH(mach_port_deallocate(SELF, port));
}

/* The names are another process's, as a service's are. */
static void own_names(void *arg)
{
	register_names(*(unsigned *)arg);
	MACH(bootstrap_register(bootstrap_port, "bench.ready", port_new()));
	for (;;)
		pause();
}

static void wait_for(const char *name)
{
	mach_port_t port;

	while (bootstrap_look_up(bootstrap_port, name, &port) != KERN_SUCCESS)
		usleep(1000);
	MACH(mach_port_deallocate(SELF, port));
}

static double look_up_among(unsigned n)
{
	BenchLoop loop = {.warm = 300, .stride = 32};
	pid_t pid;

	begin();
	pid = bench_fork(own_names, &n);
	wait_for("bench.ready");
	while (bench_loop(&loop))
		look_up();
	bench_end(pid);
	return bench_loop_ns(&loop);
}

static double look_up_10(void)
{
	return look_up_among(10);
}

static double look_up_10000(void)
{
	return look_up_among(MANY_SERVICES);
}

/* --- A trivial server --- */

static void serve(void *arg)
{
	mach_port_t port, gift = *(bool *)arg ? port_new() : MACH_PORT_NULL;

	MACH(bootstrap_check_in(bootstrap_port, "bench.trivial", &port));
	for (;;) {
		RightMessage m;

		MACH(mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), port, 0, MACH_PORT_NULL));
		m.header.msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(m.header.msgh_bits), 0);
		m.header.msgh_local_port = MACH_PORT_NULL;
		m.header.msgh_size = sizeof(m.header);
		if (gift) {
			m.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
			m.header.msgh_size = sizeof(m) - sizeof(m.trailer);
			m.body.msgh_descriptor_count = 1;
			m.right = (mach_msg_port_descriptor_t){.name = gift,
				.disposition = MACH_MSG_TYPE_COPY_SEND,
				.type = MACH_MSG_PORT_DESCRIPTOR};
		}
		MACH(mach_msg(&m.header, MACH_SEND_MSG, m.header.msgh_size, 0, MACH_PORT_NULL, 0,
			MACH_PORT_NULL));
	}
}

static double ask_trivial(bool gift)
{
	BenchLoop loop = {.warm = 300, .stride = 32};
	mach_port_t port;
	pid_t pid;

	begin();
	pid = bench_fork(serve, &gift);
	wait_for("bench.trivial");
	MACH(bootstrap_look_up(bootstrap_port, "bench.trivial", &port));
	while (bench_loop(&loop)) {
		RightMessage m = {.header = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
						     MACH_MSG_TYPE_MAKE_SEND_ONCE),
					  .msgh_remote_port = port,
					  .msgh_local_port = mig_get_reply_port()}};

		MACH(mach_msg(&m.header, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(m.header), sizeof(m),
			m.header.msgh_local_port, 0, MACH_PORT_NULL));
		if (gift)
			MACH(mach_port_deallocate(SELF, m.right.name));
	}
	bench_end(pid);
	return bench_loop_ns(&loop);
}

static double rpc_bare(void)
{
	return ask_trivial(false);
}

static double rpc_right(void)
{
	return ask_trivial(true);
}

/* --- Many clients --- */

typedef struct Crowd {
	_Atomic uint64_t n_look_ups;
	_Atomic unsigned n_ready;
	_Atomic bool go;
} Crowd;

static void ask_for_ever(void *arg)
{
	Crowd *crowd = arg;

	look_up();
	crowd->n_ready++;
	while (!atomic_load(&crowd->go))
		usleep(10000);
	for (;;) {
		look_up();
		crowd->n_look_ups++;
	}
}

/* Nanoseconds for each look-up that all of them do. */
static double crowd_of(unsigned n)
{
	Crowd *crowd = bench_shared(sizeof(*crowd));
	static pid_t pids[MANY_CLIENTS];
	unsigned ten = 10;
	double start;
	uint64_t first;
	pid_t names;

	begin();
	names = bench_fork(own_names, &ten);
	wait_for("bench.ready");
	for (unsigned i = 0; i < n; i++)
		pids[i] = bench_fork(ask_for_ever, crowd);
	while (crowd->n_ready < n)
		usleep(10000);
	atomic_store(&crowd->go, true);
	usleep(300000);
	first = crowd->n_look_ups;
	start = bench_now();
	usleep(1500000);
	start = (bench_now() - start) / (double)(crowd->n_look_ups - first);
	for (unsigned i = 0; i < n; i++)
		bench_end(pids[i]);
	bench_end(names);
	return start;
}

static double one_client(void)
{
	return crowd_of(1);
}

static double many_clients(void)
{
	return crowd_of(MANY_CLIENTS);
}

/* --- Memory --- */

static long anonymous_kb(void)
{
	char path[64], line[128];
	long kb = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)launchd_pid());
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f) && sscanf(line, "RssAnon: %ld", &kb) != 1)
		;
	if (f)
		fclose(f);
	return kb;
}

static double bytes_service(void)
{
	long kb;

	begin();
	kb = anonymous_kb();
	for (unsigned i = 0; i < N_OBJECTS; i++) {
		mach_port_t port;
		char name[64];

		snprintf(name, sizeof(name), "bench.idle.%u", i);
		MACH(bootstrap_create_service(bootstrap_port, name, &port));
		MACH(mach_port_deallocate(SELF, port));
	}
	return (double)(anonymous_kb() - kb) * 1024 / N_OBJECTS;
}

static void connect_and_stay(void *arg)
{
	Crowd *crowd = arg;
	mach_port_t port;

	(void)bootstrap_look_up(bootstrap_port, NAME, &port);
	crowd->n_ready++;
	for (;;)
		pause();
}

static double bytes_client(void)
{
	Crowd *crowd = bench_shared(sizeof(*crowd));
	static pid_t pids[N_OBJECTS];
	double bytes;
	long kb;

	begin();
	kb = anonymous_kb();
	for (unsigned i = 0; i < N_OBJECTS; i++)
		pids[i] = bench_fork(connect_and_stay, crowd);
	while (crowd->n_ready < N_OBJECTS)
		usleep(10000);
	bytes = (double)(anonymous_kb() - kb) * 1024 / N_OBJECTS;
	for (unsigned i = 0; i < N_OBJECTS; i++)
		bench_end(pids[i]);
	return bytes;
}

static const BenchMeasure measures[] = {
	{"look-up", look_up_10},
	{"look-up-10000", look_up_10000},
	{"rpc-bare", rpc_bare},
	{"rpc-right", rpc_right},
	{"one-client", one_client},
	{"many-clients", many_clients},
	{"bytes-service", bytes_service},
	{"bytes-client", bytes_client},
};

static const BenchRow rows[] = {
	{"look-up / bare RPC to a trivial server", "look-up", "rpc-bare", BENCH_US, 1.5, 1.3,
		.pinned_only = false},
	{"look-up / RPC that is answered with a right", "look-up", "rpc-right", BENCH_US, 0, 0,
		.pinned_only = false},
	{"look-up among 10,000 services / among 10", "look-up-10000", "look-up", BENCH_US, 1.2, 1.1,
		.pinned_only = false},
	{"look-ups of 1,000 clients / of one", "many-clients", "one-client", BENCH_RATE, 0.7, 0.8,
		.pinned_only = true},
	{"memory of an idle declared service", "bytes-service", NULL, BENCH_BYTES, 1024, 768,
		.pinned_only = true},
	{"memory of a connected client", "bytes-client", NULL, BENCH_BYTES, 2048, 1024,
		.pinned_only = true},
};

int main(int argc, char **argv)
{
	static const BenchSuite suite = {
		.name = "bench-launchd",
		.measures = measures,
		.n_measures = ARRAY_SIZE(measures),
		.rows = rows,
		.n_rows = ARRAY_SIZE(rows),
	};

	return bench_main(&suite, argc, argv);
}
