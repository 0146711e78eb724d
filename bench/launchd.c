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
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mach/mach.h>
#include <mach/notify.h>
#include <servers/bootstrap.h>

#include "bench/bench.h"
#include "bench/peers.h"
#include "job_user.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SELF mach_task_self()
#define NAME "bench.service"
#define MANY_SERVICES 10000
#define MANY_CLIENTS 1000
#define N_OBJECTS 500
#define N_IDLE 2000

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

#define N_PROBES 10

static void name_of(unsigned i, char *name, size_t size)
{
	(void)snprintf(name, size, "bench.service.%u", i);
}

/* So many services, which launchd has the ports of. */
static void declare_names(unsigned n)
{
	mach_port_t port;
	char name[64];

	for (unsigned i = 0; i < n; i++) {
		name_of(i, name, sizeof(name));
		MACH(bootstrap_create_service(bootstrap_port, name, &port));
		MACH(mach_port_deallocate(SELF, port));
	}
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
	(void)arg;
	MACH(bootstrap_register(bootstrap_port, NAME, port_new()));
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

/* The figure of something that is done a few times between two looks at the clock. */
typedef struct Rounds {
	double best, sum;
	unsigned n;
} Rounds;

static void rounds_add(Rounds *r, double ns)
{
	r->best = r->n == 0 || ns < r->best ? ns : r->best;
	r->sum += ns;
	r->n++;
}

static double rounds_ns(const Rounds *r)
{
	return bench_pick(r->best, r->sum / r->n);
}

/* Different services each time, as a program asks for one once; that it drops them is not counted. */
static double look_up_among(unsigned n)
{
	BenchLoop loop = {.warm = 30, .stride = 4};
	char names[N_PROBES][64];
	mach_port_t ports[N_PROBES];
	Rounds rounds = {.n = 0};

	begin();
	declare_names(n);
	for (unsigned i = 0; i < N_PROBES; i++)
		name_of(i * (n / N_PROBES), names[i], sizeof(names[i]));
	while (bench_loop(&loop)) {
		double start = bench_now();

		for (unsigned i = 0; i < N_PROBES; i++)
			MACH(bootstrap_look_up(bootstrap_port, names[i], &ports[i]));
		if (loop.n > loop.warm)
			rounds_add(&rounds, (bench_now() - start) / N_PROBES);
		for (unsigned i = 0; i < N_PROBES; i++)
			MACH(mach_port_deallocate(SELF, ports[i]));
	}
	return rounds_ns(&rounds);
}

/* The same one over and over. */
static double look_up_and_drop(void)
{
	BenchLoop loop = {.warm = 300, .stride = 32};
	pid_t pid;

	begin();
	pid = bench_fork(own_names, NULL);
	wait_for("bench.ready");
	while (bench_loop(&loop))
		look_up();
	bench_end(pid);
	return bench_loop_ns(&loop);
}

static double look_up_10(void)
{
	return look_up_among(N_PROBES);
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

/* Nanoseconds for each round that all of them do. */
static double crowd_watch(Crowd *crowd, unsigned n)
{
	uint64_t first;
	double start;

	while (crowd->n_ready < n)
		usleep(10000);
	atomic_store(&crowd->go, true);
	usleep(300000);
	first = crowd->n_look_ups;
	start = bench_now();
	usleep(1500000);
	return (bench_now() - start) / (double)(crowd->n_look_ups - first);
}

static double crowd_of(unsigned n)
{
	Crowd *crowd = bench_shared(sizeof(*crowd));
	static pid_t pids[MANY_CLIENTS];
	pid_t names;
	double ns;

	begin();
	names = bench_fork(own_names, NULL);
	wait_for("bench.ready");
	for (unsigned i = 0; i < n; i++)
		pids[i] = bench_fork(ask_for_ever, crowd);
	ns = crowd_watch(crowd, n);
	for (unsigned i = 0; i < n; i++)
		bench_end(pids[i]);
	bench_end(names);
	return ns;
}

static double one_client(void)
{
	return crowd_of(1);
}

static double many_clients(void)
{
	return crowd_of(MANY_CLIENTS);
}

/* What the kernel makes of so many processes: the same round trips on bare sockets, requests into one
 * queue (which is bounded in bytes, where a port's is in messages), answers on a pair of each client's
 * own. */

typedef struct RawCrowd {
	Crowd *crowd;
	int requests[2];
	int (*pairs)[2];
	unsigned at;
} RawCrowd;

static void raw_serve(void *arg)
{
	const RawCrowd *c = arg;
	char bytes[128];
	unsigned at;

	for (;;) {
		if (recv(c->requests[0], bytes, sizeof(bytes), 0) != sizeof(bytes))
			_exit(1);
		memcpy(&at, bytes, sizeof(at));
		(void)send(c->pairs[at][0], bytes, sizeof(bytes), MSG_DONTWAIT);
	}
}

static void raw_ask_for_ever(void *arg)
{
	const RawCrowd *c = arg;
	char bytes[128] = "";

	c->crowd->n_ready++;
	while (!atomic_load(&c->crowd->go))
		usleep(10000);
	for (;;) {
		memcpy(bytes, &c->at, sizeof(c->at));
		BENCH_SYS(send(c->requests[1], bytes, sizeof(bytes), 0));
		BENCH_SYS(recv(c->pairs[c->at][1], bytes, sizeof(bytes), 0));
		c->crowd->n_look_ups++;
	}
}

static double raw_crowd_of(unsigned n)
{
	static pid_t pids[MANY_CLIENTS];
	static int pairs[MANY_CLIENTS][2];
	RawCrowd c = {.crowd = bench_shared(sizeof(*c.crowd)), .pairs = pairs};
	pid_t server;
	double ns;

	BENCH_SYS(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, c.requests));
	for (unsigned i = 0; i < n; i++)
		BENCH_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pairs[i]));
	server = bench_fork(raw_serve, &c);
	for (c.at = 0; c.at < n; c.at++)
		pids[c.at] = bench_fork(raw_ask_for_ever, &c);
	ns = crowd_watch(c.crowd, n);
	for (unsigned i = 0; i < n; i++)
		bench_end(pids[i]);
	bench_end(server);
	return ns;
}

static double raw_one_client(void)
{
	return raw_crowd_of(1);
}

static double raw_many_clients(void)
{
	return raw_crowd_of(MANY_CLIENTS);
}

/* --- Starting --- */

#define COLD_NAME "bench.cold"

static void plist_load(const char *plist)
{
	mach_msg_type_number_t n;
	kern_return_t outcome;
	job_text_t problems;
	job_label_t label;

	MACH(job_mig_load(bootstrap_port, (job_text_t)plist, (mach_msg_type_number_t)strlen(plist),
		(job_text_t) "bench", 5, 0, label, &outcome, &problems, &n));
	if (outcome != KERN_SUCCESS)
		bench_die("%.*s", (int)n, problems);
	if (n)
		MACH(vm_deallocate(SELF, (vm_address_t)problems, n));
}

static void own_path(char *path, size_t size)
{
	ssize_t n = BENCH_SYS(readlink("/proc/self/exe", path, size - 1));

	path[n] = '\0';
}

static void load_cold_job(void)
{
	char path[256], plist[1024];

	own_path(path, sizeof(path));
	(void)snprintf(plist, sizeof(plist),
		"<plist version=\"1.0\"><dict><key>Label</key><string>" COLD_NAME "</string>"
		"<key>ProgramArguments</key><array><string>%s</string><string>--serve-one</string>"
		"</array><key>ThrottleInterval</key><integer>0</integer>"
		"<key>MachServices</key><dict><key>" COLD_NAME
		"</key><true/></dict></dict></plist>",
		path);
	plist_load(plist);
}

/* The job: answers one message, and ends. */
static int serve_one(void)
{
	RightMessage m;
	mach_port_t port;

	MACH(task_get_bootstrap_port(SELF, &bootstrap_port));
	MACH(bootstrap_check_in(bootstrap_port, COLD_NAME, &port));
	MACH(mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), port, 0, MACH_PORT_NULL));
	m.header.msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(m.header.msgh_bits), 0);
	m.header.msgh_local_port = MACH_PORT_NULL;
	m.header.msgh_size = sizeof(m.header);
	MACH(mach_msg(
		&m.header, MACH_SEND_MSG, sizeof(m.header), 0, MACH_PORT_NULL, 0, MACH_PORT_NULL));
	return 0;
}

static void ask_cold(mach_port_t port)
{
	RightMessage m = {.header = {.msgh_bits = MACH_MSGH_BITS(
					     MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
				  .msgh_remote_port = port,
				  .msgh_local_port = mig_get_reply_port()}};

	MACH(mach_msg(&m.header, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(m.header), sizeof(m),
		m.header.msgh_local_port, 0, MACH_PORT_NULL));
	if (m.header.msgh_id == MACH_NOTIFY_SEND_ONCE)
		bench_die("the job did not answer");
}

static double cold_job(void)
{
	BenchLoop loop = {.warm = 5, .stride = 1};
	Rounds rounds = {.n = 0};
	mach_port_t port;

	begin();
	load_cold_job();
	MACH(bootstrap_look_up(bootstrap_port, COLD_NAME, &port));
	while (bench_loop(&loop)) {
		bootstrap_status_t status;
		double start = bench_now();

		ask_cold(port);
		if (loop.n > loop.warm)
			rounds_add(&rounds, bench_now() - start);
		do
			MACH(bootstrap_status(bootstrap_port, COLD_NAME, &status));
		while (status == BOOTSTRAP_STATUS_ACTIVE);
		/* A lease that was good so recently is used unseen; the job ends without ever
		 * looking for what would tell it that this one is another's. */
		usleep(2000);
	}
	return rounds_ns(&rounds);
}

/* The same program, which says that it is there. */
static double bare_spawn(void)
{
	BenchLoop loop = {.warm = 5, .stride = 1};
	Rounds rounds = {.n = 0};
	char path[256], fd[16], byte;
	int ends[2];

	own_path(path, sizeof(path));
	BENCH_SYS(pipe(ends));
	(void)snprintf(fd, sizeof(fd), "%d", ends[1]);
	while (bench_loop(&loop)) {
		double start = bench_now();
		pid_t pid = BENCH_SYS(fork());

		if (pid == 0) {
			(void)execl(path, path, "--say", fd, (char *)NULL);
			_exit(127);
		}
		if (read(ends[0], &byte, 1) != 1)
			bench_die("nothing was said");
		if (loop.n > loop.warm)
			rounds_add(&rounds, bench_now() - start);
		BENCH_SYS(waitpid(pid, NULL, 0));
	}
	return rounds_ns(&rounds);
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

/* A job with so many services. */
static void load_idle_job(unsigned which)
{
	char *plist = NULL;
	size_t size;
	FILE *f = open_memstream(&plist, &size);

	fprintf(f,
		"<plist version=\"1.0\"><dict><key>Label</key><string>bench.idle.%u</string>"
		"<key>Program</key><string>/bin/true</string><key>MachServices</key><dict>",
		which);
	for (unsigned i = 0; i < N_IDLE; i++)
		fprintf(f, "<key>bench.idle.%u.%u</key><true/>", which, i);
	fputs("</dict></dict></plist>", f);
	BENCH_SYS(fclose(f));
	plist_load(plist);
	free(plist);
}

/* What reading the first list took is there for the second one. */
static double bytes_service(void)
{
	long kb;

	begin();
	load_idle_job(0);
	kb = anonymous_kb();
	load_idle_job(1);
	return (double)(anonymous_kb() - kb) * 1024 / N_IDLE;
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
	{"raw-one", raw_one_client},
	{"raw-many", raw_many_clients},
	{"look-up-drop", look_up_and_drop},
	{"cold-job", cold_job},
	{"bare-spawn", bare_spawn},
	{"dbus-activation", peer_dbus_activation},
	{"bytes-service", bytes_service},
	{"bytes-client", bytes_client},
};

static const BenchRow rows[] = {
	{"look-up / bare RPC to a trivial server", "look-up", "rpc-bare", BENCH_US, 1.5, 1.3,
		.pinned_only = false},
	{"look-up and drop / RPC that is answered with a right", "look-up-drop", "rpc-right",
		BENCH_US, 0, 0, .pinned_only = false},
	{"look-up among 10,000 services / among 10", "look-up-10000", "look-up", BENCH_US, 1.2, 1.1,
		.pinned_only = false},
	{"look-ups of 1,000 clients / of one", "many-clients", "one-client", BENCH_RATE, 0.7, 0.8,
		.pinned_only = true},
	{"raw round trips of 1,000 clients / of one", "raw-many", "raw-one", BENCH_RATE, 0, 0,
		.pinned_only = true},
	{"look-ups of 1,000 clients / raw round trips of them", "many-clients", "raw-many",
		BENCH_RATE, 0, 0, .pinned_only = true},
	{"first message to the answer of a cold job / fork and exec", "cold-job", "bare-spawn",
		BENCH_US, 2, 1.5, .pinned_only = false},
	{"the same, activated by dbus-daemon", "dbus-activation", "bare-spawn", BENCH_US, 0, 0,
		.pinned_only = false},
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

	if (argc == 2 && strcmp(argv[1], "--serve-one") == 0)
		return serve_one();
	if (argc == 2 && strcmp(argv[1], "--serve-dbus") == 0)
		return peer_dbus_serve();
	if (argc == 3 && strcmp(argv[1], "--say") == 0)
		return write(atoi(argv[2]), "", 1) != 1;
	return bench_main(&suite, argc, argv);
}
