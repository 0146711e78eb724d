/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TESTS_ATTACK_H
#define PORTCULLIS_TESTS_ATTACK_H

/*
 * What the hostile_*.c programs share: a service that uses libmach by its public interface, an honest
 * client (the test itself), and an attacker of another user (of the same user where the test is not
 * root), who holds a send right to the service's port and does with its descriptors what no
 * library would.
 *
 *	static unsigned bad_magic(PeerCtx *ctx, const Target *t) { ... }
 *
 *	STAGE(...) { attack(s, bad_magic); }
 *
 * attack() asks the service all the time and wants each answer within PROMPT_MS: while the
 * attacker is at work, after that, and once it has gone. In the end the service must have dropped as
 * many messages as the attacker says, and have no more names and descriptors than before.
 *
 * The attacker finds the bare right in what children inherit: see src/port/inherit.c.
 */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "port/ident.h"
#include "port/wire.h"

#include "tests/lib/hostile.h"

#include "tests/integration/integration.h"

enum {
	DONE = 2,
	NOISE = 500,
	PING = 0x70696e67,
	PING_RIGHT,
	REPORT,
	QUIET_REPORT,
	LEAVE,
	WORD = 1000
};

/* How long an honest client may have to wait, whatever others do. */
#define PROMPT_MS harness_scale_ms(4000)

/* The service. */

typedef struct Report {
	mach_msg_header_t header;
	uint64_t dropped;
	uint32_t n_names;
	uint32_t n_fds;
	uint32_t n_strange; /* messages of no known kind, and those that could not be received */
	uint32_t n_notified; /* notifications of nobody */
	char trailer[128];
} Report;

#define REPORT_SIZE offsetof(Report, trailer)

typedef struct Answer {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t right;
	char trailer[128];
} Answer;

/* A server that means well: it answers with what the client gave it, and waits for nobody. */
static void service_answer(const Buffer *request, mach_port_t own, bool with_right)
{
	unsigned kind = MACH_MSGH_BITS_REMOTE(request->header.msgh_bits);
	Answer answer = {
		.header = make_header(request->header.msgh_remote_port, kind, MACH_PORT_NULL, 0,
			request->header.msgh_id + WORD),
		.body = {with_right},
		.right = {.name = own, .disposition = MAKE, .type = MACH_MSG_PORT_DESCRIPTOR},
	};
	size_t size = with_right ? offsetof(Answer, trailer) : sizeof(answer.header);

	if (with_right)
		answer.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	answer.header.msgh_size = (mach_msg_size_t)size;
	if (send_message(&answer, size) != MACH_MSG_SUCCESS)
		mach_msg_destroy(&answer.header);
}

static void service_report(const Buffer *request, mach_port_t own, Report *report)
{
	/* A quiet one comes when what is closed late is closed: not while closes hang. */
	if (request->header.msgh_id == QUIET_REPORT)
		wait_for_closes();
	report->header = make_header(request->header.msgh_remote_port,
		MACH_MSGH_BITS_REMOTE(request->header.msgh_bits), MACH_PORT_NULL, 0,
		request->header.msgh_id + WORD);
	report->header.msgh_size = REPORT_SIZE;
	ASSERT_EQ(portcullis_port_dropped(own, &report->dropped), KERN_SUCCESS);
	report->n_names = count_names();
	report->n_fds = count_fds();
	ASSERT_EQ(send_message(report, REPORT_SIZE), MACH_MSG_SUCCESS);
}

/* What was not sent comes back as if it had been received. */
static void service_try(mach_port_t right)
{
	mach_msg_header_t header = make_header(right, COPY, MACH_PORT_NULL, 0, NOISE);

	if (send_message(&header, sizeof(header)) != MACH_MSG_SUCCESS)
		mach_msg_destroy(&header);
}

/* All of the memory is read, and every right is used. */
static void service_use(const Buffer *message)
{
	const uint8_t *p = (const uint8_t *)(&message->body + 1);
	unsigned sum = 0;

	if (!(message->header.msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	for (unsigned i = 0; i < message->body.msgh_descriptor_count; i++) {
		const mach_msg_ool_descriptor_t *ool = (const void *)p;
		const mach_msg_port_descriptor_t *port = (const void *)p;

		if (port->type == MACH_MSG_PORT_DESCRIPTOR) {
			if (MACH_PORT_VALID(port->name) && port->disposition == MOVE)
				service_try(port->name);
			p += sizeof(*port);
			continue;
		}
		for (unsigned k = 0; ool->type == MACH_MSG_OOL_DESCRIPTOR && k < ool->size; k++)
			sum += ((const uint8_t *)ool->address)[k];
		p += sizeof(*ool);
	}
	(void)*(volatile unsigned *)&sum;
}

/* The thread that watches the ports of others stays once it is there. */
static void start_watching(void)
{
	mach_port_t hub = hub_find(), notify = make_receive(), previous = MACH_PORT_NULL;

	request_new(hub, MACH_NOTIFY_DEAD_NAME, 0, notify);
	ASSERT_EQ(mach_port_request_notification(SELF, hub, MACH_NOTIFY_DEAD_NAME, 0,
			  MACH_PORT_NULL, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		KERN_SUCCESS);
	deallocate(previous);
	destroy(notify);
}

/* With as many descriptors more than at the beginning as the test says. */
static void service_end(PeerCtx *ctx)
{
	unsigned slack = (unsigned)peer_recv_u64(ctx);

	if (slack == 0) {
		peer_end();
		return;
	}
	ASSERT_EQ(count_names(), peer_scope.n_names);
	wait_for_closes();
	EVENTUALLY(count_fds() <= peer_scope.n_fds + slack);
}

static void service(PeerCtx *ctx)
{
	pid_t test = getppid(), pid;
	mach_port_t hub, own;
	Report report = {};
	static Buffer b;

	start_watching();
	own = peer_begin_with_port(ctx, &hub);

	do {
		mach_msg_return_t mr = receive_with(own, &b, AUDIT_TRAILER, LONG_MS);

		pid = 0;
		if (mr != MACH_MSG_SUCCESS) {
			ASSERT_NE(mr, MACH_RCV_TIMED_OUT);
			ASSERT_NE(mr, MACH_RCV_INVALID_NAME);
			report.n_strange++;
			continue;
		}
		pid = audit_token_to_pid(audit_of(&b));
		if (pid == 0)
			report.n_notified++;
		if (b.header.msgh_id == PING || b.header.msgh_id == PING_RIGHT) {
			service_answer(&b, own, b.header.msgh_id == PING_RIGHT);
			b.header.msgh_remote_port = MACH_PORT_NULL;
		} else if ((b.header.msgh_id == REPORT || b.header.msgh_id == QUIET_REPORT) &&
			   pid == test) {
			service_report(&b, own, &report);
			b.header.msgh_remote_port = MACH_PORT_NULL;
		} else {
			report.n_strange++;
			service_use(&b);
		}
		mach_msg_destroy(&b.header);
	} while (b.header.msgh_id != LEAVE || pid != test);
	destroy(own);
	service_end(ctx);
}

/* The honest client. */

typedef struct Siege {
	Stage *s;
	mach_port_t to;
	mach_port_t reply;
	Peer *service;
	Report before;
	unsigned slack; /* descriptors that the service may keep for a while */
	void (*disarm)(void); /* so that the attacker itself can end */
} Siege;

unused_ static void ask_at(
	HarnessWhere where, const Siege *siege, int id, void *answer, size_t size)
{
	mach_msg_header_t *header = answer;
	uint64_t start = now_ms();
	mach_msg_return_t mr;

	*header = make_header(siege->to, COPY, siege->reply, MAKE_ONCE, id);
	mr = mach_msg(header, MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_RCV_MSG | MACH_RCV_TIMEOUT,
		sizeof(*header), (mach_msg_size_t)size, siege->reply, PROMPT_MS, MACH_PORT_NULL);
	if (mr == MACH_RCV_TIMED_OUT || mr == MACH_SEND_TIMED_OUT)
		look_for_the_reason(where);
	if (mr != MACH_MSG_SUCCESS || header->msgh_id != id + WORD)
		harness_unit_fail(where.file, where.line, "asking: %#x, message %d", (unsigned)mr,
			header->msgh_id);
	if (now_ms() - start > PROMPT_MS)
		harness_unit_fail(where.file, where.line, "the answer took %u ms",
			(unsigned)(now_ms() - start));
}

#define ping(siege)                                                                                \
	do {                                                                                       \
		Answer ping_answer_;                                                               \
		ask_at(HARNESS_HERE, siege, PING, &ping_answer_, sizeof(ping_answer_));            \
	} while (0)

unused_ static Report report_of(const Siege *siege)
{
	Report report;

	ask_at(HARNESS_HERE, siege, REPORT, &report, sizeof(report));
	return report;
}

unused_ static Report quiet_report_of(const Siege *siege)
{
	Report report;

	ask_at(HARNESS_HERE, siege, QUIET_REPORT, &report, sizeof(report));
	return report;
}

unused_ static Siege siege_begin(Stage *s)
{
	Siege siege = {.s = s};

	siege.service = stage_spawn_with_port(s, "service", service, NULL, &siege.to);
	siege.reply = mach_reply_port();
	ASSERT_EQ(task_set_bootstrap_port(SELF, siege.to), KERN_SUCCESS);
	ping(&siege);
	siege.before = quiet_report_of(&siege);
	return siege;
}

/* A right in an answer, on a pair of its own. */
static void ask_for_right(const Siege *siege)
{
	Siege other = *siege;
	Answer answer;

	other.reply = make_receive();
	ask_at(HARNESS_HERE, &other, PING_RIGHT, &answer, sizeof(answer));
	mach_msg_destroy(&answer.header);
	drop_receive(other.reply);
}

/* What was kept for peers that have gone is looked at when others are served: each answer with a right
 * has two older ones looked at, and a new lease once in a while all others. */
static void make_it_look(const Siege *siege)
{
	Siege other = *siege;

	for (int i = 0; i < 32; i++)
		ask_for_right(siege);
	other.reply = mach_reply_port();
	ping(&other);
	drop_receive(other.reply);
}

static bool is_clean(const Siege *siege)
{
	Report now;

	if (siege->slack > 0)
		make_it_look(siege);
	now = quiet_report_of(siege);
	return now.n_names == siege->before.n_names && now.n_fds >= siege->before.n_fds &&
	       now.n_fds <= siege->before.n_fds + siege->slack;
}

/* Nothing is left of the attackers. */
unused_ static void siege_end(Siege *siege)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	while (!is_clean(siege)) {
		Report now = quiet_report_of(siege);

		if (now_ms() > end)
			FAIL("left behind: %d names, %d descriptors",
				(int)(now.n_names - siege->before.n_names),
				(int)(now.n_fds - siege->before.n_fds));
		if (siege->slack == 0)
			(void)poll(NULL, 0, 1);
	}
	harness_send_u64(siege->service, siege->slack);
	tell(siege->to, LEAVE);
	stage_witness = NULL;
	harness_expect_exit(siege->service, 0);
	ASSERT_EQ(task_set_bootstrap_port(SELF, MACH_PORT_NULL), KERN_SUCCESS);
	destroy(siege->reply);
	deallocate(siege->to);
}

/* The attacker. */

/* The bare right. */
typedef struct Target {
	int addr;
	int pipe_w;
	uint8_t secret[16];
	int sock; /* connected to it */
	mach_port_t name; /* the same right, by the rules */
} Target;

/* As in src/port/inherit.c. */
typedef struct InheritedSlot {
	uint32_t present;
	int32_t addr;
	int32_t pipe_w;
	uint32_t pad;
	Ident ident;
} InheritedSlot;

unused_ static int raw_connect(int addr)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int sock = ASSERT_SYS(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d", addr);
	ASSERT_SYS(connect(sock, (struct sockaddr *)&to, sizeof(to)));
	return sock;
}

/* The bootstrap port's is the first slot. */
unused_ static void target_find(Target *ret)
{
	const char *value = getenv("PORTCULLIS_PORTS");
	struct {
		uint32_t magic, n_registered;
		uint64_t cookie;
		InheritedSlot first;
	} block;

	ASSERT_NOT_NULL(value);
	ASSERT_EQ(pread(atoi(value), &block, sizeof(block), 0), (ssize_t)sizeof(block));
	ASSERT_EQ(block.first.present, 1);
	ret->addr = block.first.addr;
	ret->pipe_w = block.first.pipe_w;
	memcpy(ret->secret, block.first.ident.secret, sizeof(ret->secret));
	ret->sock = raw_connect(ret->addr);
	ASSERT_EQ(task_get_bootstrap_port(SELF, &ret->name), KERN_SUCCESS);
}

unused_ static WireHeader raw_header(const Target *t)
{
	WireHeader h = {
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .type = WIRE_MESSAGE, .id = NOISE};

	memcpy(h.secret, t->secret, sizeof(h.secret));
	return h;
}

/* Returns whether it was sent. Waits for room. */
unused_ static bool raw_send(
	int sock, const void *bytes, size_t size, const int *fds, unsigned n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(WIRE_MAX_FDS * sizeof(int))];
	} control = {};
	struct iovec iov = {(void *)(uintptr_t)bytes, size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, n_fds * sizeof(int));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == (ssize_t)size;
}

/* Returns how many messages must be dropped. */
typedef unsigned (*AttackFn)(PeerCtx *ctx, const Target *t);

#define AT_LEAST (1u << 31)

/* Does its worst, says so, and stays with all that it has open until it is released. */
static void attacker(PeerCtx *ctx)
{
	AttackFn fn = *(const AttackFn *)ctx->arg;
	mach_port_t hub = peer_begin(ctx);
	Target t;

	target_find(&t);
	peer_send_u64(ctx, fn(ctx, &t));
	tell(hub, DONE);
	peer_reach(ctx, "done");
}

/* Asks the service until the attacker has said that it is done. */
static void hold_out(Siege *siege)
{
	Buffer buffer;
	mach_msg_return_t mr;

	do {
		ping(siege);
		mr = receive_now(siege->s->hub, &buffer);
	} while (mr == MACH_RCV_TIMED_OUT);
	ASSERT_EQ(mr, MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, DONE);
	for (int i = 0; i < 3; i++)
		ping(siege);
}

static Report attack_with(Siege *siege, AttackFn fn)
{
	Peer *peer = stage_spawn_as(siege->s, HARNESS_NOBODY, "attacker", attacker, &fn);
	Report after;
	uint64_t n;

	hold_out(siege);
	n = harness_recv_u64(peer);
	harness_wait(siege->s->h, peer, "done");
	after = report_of(siege);
	if (siege->disarm)
		siege->disarm();
	if (n & AT_LEAST)
		ASSERT_GE(after.dropped - siege->before.dropped, n & ~AT_LEAST);
	else
		ASSERT_EQ(after.dropped - siege->before.dropped, n);
	harness_release(peer);
	harness_expect_exit(peer, 0);
	stage_witness = siege->service;
	ping(siege);
	return after;
}

unused_ static void attack_leaving(Stage *s, AttackFn fn, unsigned slack)
{
	Siege siege = siege_begin(s);

	siege.slack = slack;
	(void)attack_with(&siege, fn);
	siege_end(&siege);
}

unused_ static void attack(Stage *s, AttackFn fn)
{
	attack_leaving(s, fn, 0);
}

#endif
