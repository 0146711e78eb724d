/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile clients of launchd: they flood it, never read its answers, send garbage and requests that are
 * right but for one word, die at every step, and make it hold what they can. See siege.h for what must
 * hold all the while.
 *
 * The program is linked with the inside of libmach and with --wrap=mach_msg: requests are taken from the
 * client's stubs as bytes, before they are sent.
 */
#include <pthread.h>

#include "bootstrap_types.h"
#include "tests/launchd/siege.h"
#include "tests/lib/fault.h"

#define N_THREADS 2
#define REQUESTS_MAX 40
#define REQUEST_SIZE 1024

/* Of bootstrap_user.h, which names some types as job_user.h does. */
kern_return_t bootstrap_mig_register_port(
	mach_port_t bootstrap, service_name_t name, mach_port_t service, uint64_t flags);
kern_return_t bootstrap_mig_status(
	mach_port_t bootstrap, service_name_t name, bootstrap_status_t *active);

/* --- Requests as bytes --- */

typedef struct Request {
	uint8_t bytes[REQUEST_SIZE] __attribute__((__aligned__(8)));
	mach_msg_size_t size;
} Request;

static Request requests[REQUESTS_MAX];
static unsigned n_requests;
static bool capturing;

mach_msg_return_t __real_mach_msg(mach_msg_header_t *, mach_msg_option_t, mach_msg_size_t,
	mach_msg_size_t, mach_port_t, mach_msg_timeout_t, mach_port_t);
mach_msg_return_t __wrap_mach_msg(mach_msg_header_t *, mach_msg_option_t, mach_msg_size_t,
	mach_msg_size_t, mach_port_t, mach_msg_timeout_t, mach_port_t);

mach_msg_return_t __wrap_mach_msg(mach_msg_header_t *m, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t limit, mach_port_t name,
	mach_msg_timeout_t timeout, mach_port_t notify)
{
	Request *r = &requests[n_requests];

	if (!capturing)
		return __real_mach_msg(m, option, send_size, limit, name, timeout, notify);
	ASSERT_LT(n_requests, (unsigned)REQUESTS_MAX);
	ASSERT_LE(send_size, sizeof(r->bytes));
	memcpy(r->bytes, m, send_size);
	r->size = send_size;
	n_requests++;
	return MACH_SEND_INVALID_DEST;
}

static void capture_bootstrap(mach_port_t bp, mach_port_t right)
{
	mach_msg_type_number_t n;
	bootstrap_property_array_t properties;
	bootstrap_status_array_t active;
	mach_port_array_t ports;
	name_array_t names, jobs;
	bootstrap_status_t status;
	mach_port_t port;

	(void)bootstrap_look_up(bp, HONEST_NAME, &port);
	(void)bootstrap_look_up2(bp, "test.nothing", &port, 7, ~0ull);
	(void)bootstrap_check_in(bp, "test.check-in", &port);
	(void)bootstrap_create_service(bp, "test.created", &port);
	(void)bootstrap_register(bp, "test.registered", right);
	(void)bootstrap_subset(bp, right, &port);
	(void)bootstrap_parent(bp, &port);
	(void)bootstrap_get_root(bp, &port);
	(void)bootstrap_status(bp, HONEST_NAME, &status);
	(void)bootstrap_info(bp, &names, &n, &jobs, &n, &active, &n, 0);
	(void)bootstrap_lookup_children(bp, &ports, &names, &properties, &n);
}

static void capture_jobs(mach_port_t bp)
{
	static char label[] = "test.label", list[] = "no property list";
	mach_msg_type_number_t n;
	job_label_t name;
	job_lines_t lines;
	job_ports_t sockets;
	job_text_t text;
	kern_return_t code;
	uint32_t uid;
	int32_t pid;

	(void)job_mig_load(bp, list, sizeof(list), label, sizeof(label), 0, name, &code, &text, &n);
	(void)job_mig_unload(bp, label, 0);
	(void)job_mig_start(bp, label, 0, &pid);
	(void)job_mig_stop(bp, label);
	(void)job_mig_kill_job(bp, label, 15);
	(void)job_mig_list(bp, &lines, &n);
	(void)job_mig_describe(bp, label, &text, &n);
	(void)job_mig_set_environment(bp, label, sizeof(label) - 1, list, 4, FALSE);
	(void)job_mig_get_environment(bp, label, sizeof(label) - 1, &text, &n);
	(void)job_mig_activate_socket(bp, label, &sockets, &n);
	(void)job_mig_manager(bp, &pid, &uid, name);
}

/* Each routine once. The last one is no part of it: its request cannot be told from others. */
static void capture(mach_port_t right)
{
	mach_port_t bp = bootstrap();

	n_requests = 0;
	capturing = true;
	capture_bootstrap(bp, right);
	capture_jobs(bp);
	capturing = false;
	ASSERT_GE(n_requests, 22u);
}

/* One that was captured, to be answered at `reply`. The memory that it refers to stays ours. */
static mach_msg_return_t post(const Request *original, mach_port_t reply, unsigned timeout_ms)
{
	Request r = *original;
	mach_msg_header_t *h = (mach_msg_header_t *)(void *)r.bytes;

	h->msgh_local_port = reply;
	return mach_msg(h, MACH_SEND_MSG | MACH_SEND_TIMEOUT, r.size, 0, MACH_PORT_NULL, timeout_ms,
		MACH_PORT_NULL);
}

static void discard_answers(mach_port_t reply)
{
	struct {
		mach_msg_header_t header;
		char room[4096];
	} m;

	while (mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), reply, 0,
		       MACH_PORT_NULL) != MACH_RCV_TIMED_OUT)
		mach_msg_destroy(&m.header);
}

static mach_port_t receive_new(void)
{
	mach_port_t port;

	ASSERT_KR(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	return port;
}

/* Different in each process and thread, and the same whenever. */
static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* --- Floods --- */

static void in_threads(void *(*run)(void *))
{
	pthread_t threads[N_THREADS];

	for (int i = 0; i < N_THREADS; i++)
		ASSERT_EQ(pthread_create(&threads[i], NULL, run, NULL), 0);
	for (int i = 0; i < N_THREADS; i++)
		(void)pthread_join(threads[i], NULL);
}

/* Whatever there is, as fast as it goes; nothing is ever read, so that the reply port is full. */
static void *flood_thread(unused_ void *arg)
{
	mach_port_t reply = receive_new();

	for (unsigned i = 0;; i++) {
		(void)post(&requests[i % n_requests], reply, 10);
		siege->n_attacks++;
	}
	return NULL;
}

static void flood(unused_ void *arg)
{
	capture(port_new());
	in_threads(flood_thread);
}

CASE(a_flood_whose_answers_nobody_reads)
{
	lay_siege(flood, NULL, 20000, 500);
}

#define REPLY_PORTS 256

/* Each port has room for some answers, and answers hold descriptors and memory. */
static void *hoard_thread(unused_ void *arg)
{
	mach_port_t replies[REPLY_PORTS] = {0};

	for (unsigned i = 0;; i++) {
		mach_port_t *reply = &replies[i % REPLY_PORTS];

		if (*reply)
			destroy_receive(*reply);
		*reply = receive_new();
		for (unsigned n = 0; n < 4; n++)
			(void)post(&requests[(i + n) % n_requests], *reply, 10);
		siege->n_attacks += 4;
	}
	return NULL;
}

static void hoard(unused_ void *arg)
{
	capture(port_new());
	in_threads(hoard_thread);
}

CASE(answers_that_are_kept_unread_at_many_ports)
{
	lay_siege(hoard, NULL, 8000, 500);
}

static void talk(unused_ void *arg)
{
	mach_port_t bp = bootstrap(), port;

	for (;;) {
		if (bootstrap_look_up(bp, HONEST_NAME, &port) == KERN_SUCCESS)
			drop(port);
		siege->n_attacks++;
	}
}

CASE(a_crowd_that_asks_for_ever)
{
	lay_siege(talk, NULL, 5000, 500);
}

/* --- Garbage --- */

typedef struct Garbage {
	mach_msg_base_t base;
	uint8_t rest[12000];
} Garbage;

static uint8_t dump[1 << 16];

static size_t random_descriptor(uint8_t *p, uint32_t *seed, mach_port_t bait)
{
	static const uint8_t dispositions[] = {MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_MSG_TYPE_MOVE_SEND, 0, 99};
	static mach_port_t many[64];
	mach_msg_descriptor_t *d = (mach_msg_descriptor_t *)(void *)p;
	uint8_t disposition = dispositions[random_next(seed) % 6];

	memset(d, 0, sizeof(*d));
	switch (random_next(seed) % 3) {
	case 0:
		d->port.type = MACH_MSG_PORT_DESCRIPTOR;
		d->port.name = bait;
		d->port.disposition = disposition;
		return sizeof(d->port);
	case 1:
		d->out_of_line.type = MACH_MSG_OOL_DESCRIPTOR;
		d->out_of_line.address = dump;
		d->out_of_line.size = random_next(seed) % sizeof(dump);
		return sizeof(d->out_of_line);
	default:
		for (unsigned i = 0; i < 64; i++)
			many[i] = bait;
		d->ool_ports.type = MACH_MSG_OOL_PORTS_DESCRIPTOR;
		d->ool_ports.address = many;
		d->ool_ports.count = random_next(seed) % 64;
		d->ool_ports.disposition = disposition;
		return sizeof(d->ool_ports);
	}
}

static int random_id(uint32_t *seed)
{
	static const int bases[] = {395, 495, 60, 0, 1 << 30};

	return bases[random_next(seed) % 5] + (int)(random_next(seed) % 30);
}

static void send_garbage(uint32_t *seed, mach_port_t bait, mach_port_t reply)
{
	static Garbage g;
	uint8_t *p = g.rest;
	size_t size;

	g.base.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = bootstrap(),
		.msgh_local_port = reply,
		.msgh_id = random_id(seed)};
	for (size_t i = 0; i < 300; i += 4)
		memcpy(g.rest + i, &(uint32_t){random_next(seed)}, 4);
	size = sizeof(g.base) + random_next(seed) % 300;
	if (random_next(seed) % 2) {
		unsigned n = random_next(seed) % 12;

		g.base.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
		g.base.body.msgh_descriptor_count = n;
		while (n-- > 0)
			p += random_descriptor(p, seed, bait);
		size += (size_t)(p - g.rest);
	}
	if (random_next(seed) % 32 == 0)
		size = sizeof(g);
	(void)mach_msg(&g.base.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT,
		(mach_msg_size_t)size & ~3u, 0, MACH_PORT_NULL, 1000, MACH_PORT_NULL);
}

/* Sending may have taken references, or the receive right itself. */
static mach_port_t stock(mach_port_t port)
{
	mach_port_urefs_t refs = 0;

	ASSERT_KR(mach_port_get_refs(SELF, port, MACH_PORT_RIGHT_SEND, &refs));
	if (refs < 2000)
		ASSERT_KR(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
	if (refs < 2000)
		ASSERT_KR(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 2000));
	return port;
}

static void throw_garbage(unused_ void *arg)
{
	mach_port_t bait = port_new(), reply = receive_new();
	uint32_t seed = (uint32_t)getpid();

	for (;;) {
		send_garbage(&seed, stock(bait), reply);
		discard_answers(reply);
		siege->n_attacks++;
	}
}

CASE(garbage)
{
	lay_siege(throw_garbage, NULL, 10000, 300);
}

/* The first word behind the header and the descriptors: what these say is our own memory. */
static unsigned first_word(const Request *r)
{
	const mach_msg_base_t *base = (const mach_msg_base_t *)(const void *)r->bytes;
	size_t at = sizeof(*base);

	if (!(base->header.msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return sizeof(base->header) / 4;
	for (unsigned n = base->body.msgh_descriptor_count; n > 0; n--) {
		const mach_msg_descriptor_t *d =
			(const mach_msg_descriptor_t *)(const void *)(r->bytes + at);

		at += d->type.type == MACH_MSG_PORT_DESCRIPTOR ? sizeof(d->port)
							       : sizeof(d->out_of_line);
	}
	return (unsigned)at / 4;
}

/* Right but for a word, and at times the size. */
static void mutate(Request *r, uint32_t *seed)
{
	static const uint32_t values[] = {0, 1, 4, 127, 128, 129, 0xff, 0xffff, 0x7fffffff, ~0u};
	unsigned first = first_word(r), n = r->size / 4;
	uint32_t x = random_next(seed) % 3 ? values[random_next(seed) % 10] : random_next(seed);

	if (n > first)
		memcpy(r->bytes + (size_t)4 * (first + random_next(seed) % (n - first)), &x, 4);
	if (random_next(seed) % 8 == 0)
		r->size = (4 * first + random_next(seed) % (REQUEST_SIZE - 4 * first)) & ~3u;
}

static void send_mutations(unused_ void *arg)
{
	mach_port_t bait = port_new(), reply = receive_new();
	uint32_t seed = (uint32_t)getpid();

	capture(stock(bait));
	for (unsigned i = 0;; i++) {
		Request r = requests[i % n_requests];

		mutate(&r, &seed);
		(void)stock(bait);
		(void)post(&r, reply, 1000);
		discard_answers(reply);
		siege->n_attacks++;
	}
}

CASE(requests_that_are_right_but_for_one_word)
{
	lay_siege(send_mutations, NULL, 10000, 300);
}

CASE(names_of_any_bytes)
{
	mach_port_t bp = bootstrap(), port = port_new();
	bootstrap_status_t status;

	/* The stubs are asked: bootstrap_check_in() looks at names itself. A text ends at its NUL. */
	for (unsigned byte = 1; byte < 256; byte++) {
		service_name_t name = {'a', (char)byte, 'z'};
		bool is_good = byte >= ' ' && byte <= '~';
		kern_return_t kr = bootstrap_mig_register_port(bp, name, port, 0);

		if (kr != (is_good ? KERN_SUCCESS : BOOTSTRAP_UNKNOWN_SERVICE) && !(byte >= 0x80))
			FAIL("byte %u: code %d", byte, kr);
		kr = bootstrap_mig_status(bp, name, &status);
		ASSERT_TRUE(kr == KERN_SUCCESS || kr == BOOTSTRAP_UNKNOWN_SERVICE);
	}
}

/* --- Death at every step --- */

static void one_of_each(void)
{
	mach_port_t bp = bootstrap(), port = port_new(), got, sub;
	mach_msg_type_number_t n;
	bootstrap_status_array_t active;
	name_array_t names, jobs;
	char name[64];

	(void)snprintf(name, sizeof(name), "test.step.%d", (int)getpid());
	(void)bootstrap_look_up(bp, HONEST_NAME, &got);
	(void)bootstrap_check_in(bp, name, &got);
	(void)bootstrap_subset(bp, port, &sub);
	(void)bootstrap_check_in(sub, name, &got);
	(void)bootstrap_register(sub, "test.registered", port);
	(void)bootstrap_info(sub, &names, &n, &jobs, &n, &active, &n, 0);
}

static bool dies_at(FaultKind kind, unsigned n)
{
	pid_t pid = fork();
	int status;

	ASSERT_GE(pid, 0);
	if (pid == 0) {
		fault_arm_errno(kind, n, FAULT_KILL);
		one_of_each();
		_exit(fault_disarm() ? 1 : 0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_TRUE(status == 0 || WIFSIGNALED(status));
	return WIFSIGNALED(status);
}

static void die_everywhere(unused_ void *arg)
{
	static const FaultKind kinds[] = {FAULT_SENDMSG, FAULT_RECVMSG, FAULT_SOCKETPAIR,
		FAULT_PIPE, FAULT_CONNECT, FAULT_BIND, FAULT_OPEN, FAULT_MEMFD, FAULT_MMAP};

	for (;;) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			for (unsigned n = 1; dies_at(kinds[i], n); n++)
				siege->n_attacks++;
		}
		siege->n_made++;
	}
}

CASE(clients_that_are_killed_at_every_step)
{
	lay_siege(die_everywhere, NULL, 400, 500);
}

/* --- What has no end --- */

typedef struct Endless {
	const char *what;
	kern_return_t (*make)(unsigned n);
	unsigned max; /* that another user may have */
} Endless;

static kern_return_t make_name(unsigned n)
{
	char name[64];
	mach_port_t port;
	kern_return_t kr;

	(void)snprintf(name, sizeof(name), "test.endless.%d.%u", (int)getpid(), n);
	kr = bootstrap_create_service(bootstrap(), name, &port);
	if (kr == KERN_SUCCESS)
		drop(port);
	return kr;
}

static kern_return_t make_registration(unsigned n)
{
	static mach_port_t port;
	char name[64];

	if (!port)
		port = port_new();
	(void)snprintf(name, sizeof(name), "test.endless.%d.%u", (int)getpid(), n);
	return bootstrap_register(bootstrap(), name, port);
}

static kern_return_t make_subset(unsigned n)
{
	mach_port_t port;
	kern_return_t kr = bootstrap_subset(bootstrap(), SELF, &port);

	(void)n;
	if (kr == KERN_SUCCESS)
		drop(port);
	return kr;
}

/* Of the same user there are no limits, and so a number. */
static void make_endlessly(void *arg)
{
	const Endless *e = arg;
	kern_return_t kr = KERN_SUCCESS;
	unsigned n = 0;

	while (n < 300 || is_other_user) {
		kr = e->make(n);
		if (kr != KERN_SUCCESS)
			break;
		n++;
	}
	siege->n_attacks += n;
	if (is_other_user && kr != BOOTSTRAP_NO_MEMORY)
		FAIL("%s: code %d after %u", e->what, kr, n);
	if (is_other_user)
		ASSERT_LE(n, e->max);
	siege->n_refused++;
	/* Its user stays where it is until the siege is over. */
	while (is_other_user && !atomic_load(&siege->stop)) {
		siege->n_attacks++;
		ASSERT_EQ(e->make(n + 1), BOOTSTRAP_NO_MEMORY);
	}
}

static void a_third_user(void *arg)
{
	const Endless *e = arg;

	become(NOBODY - 1);
	for (unsigned n = 0; n < 50; n++)
		ASSERT_KR(e->make(n));
}

static void another_of_the_same(void *arg)
{
	ASSERT_KR(((const Endless *)arg)->make(0));
}

static void without_end(Endless *e)
{
	mach_port_t port;
	State before;
	pid_t pid;

	siege = mmap(
		NULL, sizeof(*siege), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_KR(bootstrap_check_in(bootstrap(), HONEST_NAME, &port));
	/* The memory that the most takes is had once, and kept. */
	pid = attacker_start(make_endlessly, e);
	EVENTUALLY(siege->n_refused == 1);
	end_of(pid, true);
	EVENTUALLY(count_fds(launchd_pid()) < 200 + spare_fds());
	before = state_of_launchd();
	pid = attacker_start(make_endlessly, e);
	EVENTUALLY(siege->n_refused == 2);
	child_run(a_third_user, e);
	child_run(another_of_the_same, e);
	end_of(pid, true);
	settle(&before);
	destroy_receive(port);
}

/* clang-format off */
CASE(names_without_end)
{
	without_end(&(Endless){"names", make_name, 4096});
}

CASE(registrations_without_end)
{
	without_end(&(Endless){"registrations", make_registration, 4096});
}

CASE(namespaces_without_end)
{
	without_end(&(Endless){"namespaces", make_subset, 256});
}
/* clang-format on */

/* --- Ports that die --- */

static void register_the_dying(unused_ void *arg)
{
	mach_port_t bp = bootstrap();

	for (unsigned n = 0;; n++) {
		mach_port_t port = port_new();
		char name[64];

		(void)snprintf(name, sizeof(name), "test.dying.%d.%u", (int)getpid(), n % 7);
		/* The one before may not have been noticed to have died. */
		(void)bootstrap_register(bp, name, port);
		destroy_receive(port);
		drop(port);
		siege->n_attacks++;
	}
}

CASE(registered_ports_that_die_at_once)
{
	lay_siege(register_the_dying, NULL, 2000, 300);
}

static void ask_for_the_dying(unused_ void *arg)
{
	mach_port_t bp = bootstrap();

	for (;;) {
		mach_port_t requestor = port_new(), sub, deeper, port;

		if (bootstrap_subset(bp, requestor, &sub) == KERN_SUCCESS) {
			(void)bootstrap_create_service(sub, "test.in-subset", &port);
			(void)bootstrap_register(sub, "test.registered", requestor);
			if (bootstrap_subset(sub, sub, &deeper) == KERN_SUCCESS)
				drop(deeper);
			drop(sub);
		}
		destroy_receive(requestor);
		drop(requestor);
		siege->n_attacks++;
	}
}

CASE(requestors_that_die_at_once)
{
	lay_siege(ask_for_the_dying, NULL, 1000, 300);
}

/* --- Those who are not what they say --- */

static void forge_one(mach_port_t bp, int id, mach_port_t name)
{
	mach_dead_name_notification_t m = {
		.not_header = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
			.msgh_remote_port = bp,
			.msgh_id = id},
		.NDR = NDR_record,
		.not_port = name};

	ASSERT_EQ(mach_msg(&m.not_header, MACH_SEND_MSG, sizeof(m) - sizeof(m.trailer), 0,
			  MACH_PORT_NULL, 0, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
}

#define NAMES_MAX 512

static mach_port_t known[NAMES_MAX];
static unsigned n_known;

static void forge(unused_ void *arg)
{
	static const int ids[] = {MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS,
		MACH_NOTIFY_PORT_DELETED, MACH_NOTIFY_PORT_DESTROYED, MACH_NOTIFY_SEND_ONCE};
	mach_port_t bp = bootstrap();

	for (unsigned i = 0; i < n_known; i++) {
		for (size_t k = 0; k < sizeof(ids) / sizeof(ids[0]); k++)
			forge_one(bp, ids[k], known[i]);
	}
}

CASE(forged_notifications_are_ignored)
{
	mach_port_t bp = bootstrap(), port = port_new(), sub, found;

	ASSERT_KR(bootstrap_register(bp, "test.not-dead", port));
	ASSERT_KR(bootstrap_subset(bp, port, &sub));
	n_known = list_names(launchd_pid(), known, NAMES_MAX);
	ASSERT_LT(n_known, (unsigned)NAMES_MAX);
	child_wait(attacker_start(forge, NULL));
	ASSERT_KR(bootstrap_look_up(sub, "test.not-dead", &found));
	ASSERT_EQ(found, port);
	drop(found);
	destroy_receive(port);
	EVENTUALLY(tell(sub, 0) == MACH_SEND_INVALID_DEST);
}

/* --- Receive rights that wander --- */

static void check_in_and_pass_on(void *arg)
{
	struct {
		mach_msg_base_t base;
		mach_msg_port_descriptor_t port;
	} m = {.base = {.body = {1}}};
	mach_port_t bp = bootstrap(), mailbox, port;

	(void)arg;
	ASSERT_KR(bootstrap_look_up(bp, "test.mailbox", &mailbox));
	ASSERT_KR(bootstrap_check_in(bp, "test.wanders", &port));
	m.base.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0) | MACH_MSGH_BITS_COMPLEX,
		.msgh_remote_port = mailbox};
	m.port = (mach_msg_port_descriptor_t){.name = port,
		.disposition = MACH_MSG_TYPE_MOVE_RECEIVE,
		.type = MACH_MSG_PORT_DESCRIPTOR};
	ASSERT_EQ(mach_msg(&m.base.header, MACH_SEND_MSG, sizeof(m), 0, MACH_PORT_NULL, 0,
			  MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	/* Until somebody has looked it up. */
	ASSERT_KR(bootstrap_register(bp, "test.passed", port_new()));
	for (;;)
		(void)pause();
}

CASE(a_receive_right_that_is_passed_on)
{
	struct {
		mach_msg_base_t base;
		mach_msg_port_descriptor_t port;
		mach_msg_max_trailer_t trailer;
	} m;
	mach_port_t bp = bootstrap(), mailbox = port_new(), found, again;
	pid_t pid;

	/* The sender's user must not matter, and does where rights of other users are refused. */
	ASSERT_KR(bootstrap_register(bp, "test.mailbox", mailbox));
	pid = child_start(check_in_and_pass_on, NULL);
	ASSERT_EQ(mach_msg(&m.base.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), mailbox,
			  PATIENCE_MS, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	ASSERT_KR(bootstrap_look_up(bp, "test.wanders", &found));
	ASSERT_EQ(found, m.port.name);
	ASSERT_EQ(tell(found, 1), MACH_MSG_SUCCESS);
	/* The name is still that of the process that checked in, and goes with it. */
	ASSERT_EQ(bootstrap_check_in(bp, "test.wanders", &again), BOOTSTRAP_NOT_PRIVILEGED);
	end_of(pid, true);
	EVENTUALLY(bootstrap_check_in(bp, "test.wanders", &again) == KERN_SUCCESS);
	ASSERT_NE(again, found);
	/* The port is whose it is. */
	ASSERT_EQ(hear(found), 1);
	ASSERT_EQ(tell(found, 2), MACH_MSG_SUCCESS);
	ASSERT_EQ(hear(found), 2);
	destroy_receive(found);
	destroy_receive(again);
	destroy_receive(mailbox);
}

/* --- Jobs that crash --- */

static void tell_crashing(unused_ void *arg)
{
	mach_port_t port;

	ASSERT_KR(bootstrap_look_up(bootstrap(), "test.crashes", &port));
	for (;;) {
		/* What makes the echo service abort. */
		(void)tell(port, 666);
		siege->n_attacks++;
	}
}

static void crash_under_siege(const char *options, uint64_t n_attacks)
{
	static char list[1024];

	(void)snprintf(list, sizeof(list),
		PLIST("<key>Label</key><string>test.crashes</string><key>ProgramArguments</key>"
		      "<array><string>%s</string><string>test.crashes</string></array>"
		      "<key>ThrottleInterval</key><integer>0</integer>"
		      "<key>MachServices</key><dict><key>test.crashes</key>%s</dict>"),
		getenv("ECHO_SERVICE"), options);
	load(list);
	lay_siege(tell_crashing, NULL, n_attacks, 300);
	ASSERT_KR(job_mig_unload(bootstrap(), (char *)"test.crashes", 0));
	EVENTUALLY(job_mig_unload(bootstrap(), (char *)"test.crashes", 0) == JOB_UNKNOWN);
}

CASE(a_job_that_crashes_with_each_message)
{
	crash_under_siege("<true/>", 30);
}

/* What is taken out of the queue after a crash comes in again as fast. */
CASE(a_queue_that_is_drained_and_fills)
{
	crash_under_siege("<dict><key>DrainMessagesOnCrash</key><string>All</string></dict>", 100);
}
