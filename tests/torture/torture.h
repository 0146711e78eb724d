/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the torture programs share: they link the inside of libmach through tests/lib/fault.h, and run
 * a scenario with its first call of a kind failing, then its second, until nothing is struck.
 *
 *	TORTURE(names)
 *	{
 *		mach_port_t name;
 *		CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &name));
 *		destroy(name);
 *	}
 *
 * A scenario is written as if nothing failed, in terms of CALL(), torture_send() and
 * torture_receive(). Each of them allows one failure in a run, with the documented code and only after
 * a fault has struck, and then repeats the call, which must succeed: so a call that fails has changed
 * nothing, and nothing that it needs is broken for good.
 *
 * After each run the name space is in order (portcheck.h), and there are as many names and descriptors
 * as before. Memory that is lost is what the leak checker of an AddressSanitizer build finds.
 *
 * Peers are forked before anything is armed. The mirror sends what it gets back to where it is asked
 * to.
 */
#pragma once

#include "tests/integration/integration.h"

#include "tests/lib/fault.h"
#include "tests/lib/portcheck.h"

/* Scenarios are long, and their own set-up is no part of what is to fail. */
#define CALM(statement)                                                                            \
	do {                                                                                       \
		fault_pause();                                                                     \
		statement;                                                                         \
		fault_resume();                                                                    \
	} while (0)

typedef struct Torture {
	const char *kind;
	unsigned n; /* which call fails */
	unsigned n_refused; /* calls of this run that failed */
	bool struck_elsewhere; /* in a child that went on with the count */
	Scope before;
} Torture;

static Torture torture;

/* A call failed. It may, once in a run, and because of the fault. */
unused_ static void refused_at(HarnessWhere where, const char *what, int code, bool is_documented)
{
	if (getenv("FAULT_VERBOSE") != NULL)
		fprintf(stderr, "%s: %#x, %s call %u, from main%+td\n", what, (unsigned)code,
			torture.kind, torture.n,
			(const char *)fault_site() - (const char *)(uintptr_t)main);
	if (fault_site() == NULL)
		harness_unit_fail(
			where.file, where.line, "%s: %#x without a fault", what, (unsigned)code);
	if (!is_documented || ++torture.n_refused > 1)
		harness_unit_fail(where.file, where.line, "%s: %#x after %s call %u%s", what,
			(unsigned)code, torture.kind, torture.n,
			is_documented ? ", for the second time" : ", which is not documented");
}

#define CALL_OR(expression, other)                                                                 \
	do {                                                                                       \
		kern_return_t call_ = (expression);                                                \
		if (call_ != KERN_SUCCESS) {                                                       \
			refused_at(HARNESS_HERE, #expression, call_,                               \
				call_ == KERN_RESOURCE_SHORTAGE || call_ == (other));              \
			call_ = (expression);                                                      \
			if (call_ != KERN_SUCCESS)                                                 \
				FAIL("%s: %#x when tried again, %s call %u", #expression, call_,   \
					torture.kind, torture.n);                                  \
		}                                                                                  \
	} while (0)

#define CALL(expression) CALL_OR(expression, KERN_RESOURCE_SHORTAGE)
/* The address space is full. */
#define CALL_VM(expression) CALL_OR(expression, KERN_NO_SPACE)

/* What was received, or given back, is guarded, and goes on without. */
unused_ static void unguard_first(void *message)
{
	GuardedMessage *m = message;

	if (m->header.msgh_bits & MACH_MSGH_BITS_COMPLEX && m->body.msgh_descriptor_count == 1 &&
		m->port.type == MACH_MSG_GUARDED_PORT_DESCRIPTOR && MACH_PORT_VALID(m->port.name))
		(void)mach_port_unguard(SELF, m->port.name, m->port.context);
}

/* What was not sent is the caller's again, all of it, as a message that can be sent as it is. */
unused_ static void torture_send_at(HarnessWhere where, void *message, size_t size)
{
	mach_msg_return_t mr = send_patiently(message, size);

	if (mr == MACH_MSG_SUCCESS)
		return;
	refused_at(where, "sending", mr, mr == MACH_SEND_NO_BUFFER);
	unguard_first(message);
	mr = send_patiently(message, size);
	if (mr != MACH_MSG_SUCCESS)
		harness_unit_fail(where.file, where.line, "sending again: %#x, %s call %u",
			(unsigned)mr, torture.kind, torture.n);
}

#define torture_send(message) torture_send_at(HARNESS_HERE, (message), sizeof(*(message)))

/* Receives what is there or on its way. True: all of it. False: something is missing, and the message
 * has been destroyed, or it is the notification that its send-once right died. */
unused_ static bool torture_receive_at(HarnessWhere where, mach_port_t from, int id, Buffer *buffer)
{
	mach_msg_return_t mr = receive_with(from, buffer, 0, PATIENCE_MS);
	mach_msg_return_t code = mr & ~MACH_MSG_MASK;

	if (code == MACH_RCV_HEADER_ERROR) {
		/* There is no right to answer with in these, so that nothing is lost. */
		refused_at(where, "receiving", mr, true);
		mr = code = receive_with(from, buffer, 0, PATIENCE_MS);
	}
	if (code == MACH_RCV_BODY_ERROR) {
		refused_at(where, "receiving", mr, (mr & MACH_MSG_MASK) != 0);
		mach_msg_destroy(&buffer->header);
		return false;
	}
	if (mr != MACH_MSG_SUCCESS)
		harness_unit_fail(where.file, where.line, "receiving: %#x, %s call %u",
			(unsigned)mr, torture.kind, torture.n);
	if (buffer->header.msgh_id == MACH_NOTIFY_SEND_ONCE && id != MACH_NOTIFY_SEND_ONCE) {
		refused_at(where, "the answer", 0, true);
		return false;
	}
	if (buffer->header.msgh_id != id)
		harness_unit_fail(where.file, where.line, "message %d instead of %d, %s call %u",
			buffer->header.msgh_id, id, torture.kind, torture.n);
	return true;
}

#define torture_receive(from, id, buffer) torture_receive_at(HARNESS_HERE, (from), (id), (buffer))

/* The library looks for another place for its sockets when there is no room in the first one, and
 * keeps it open. */
__attribute__((__constructor__)) static void find_other_places(void)
{
	mach_port_t port = MACH_PORT_NULL;

	(void)mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port);
	(void)mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND);
	fault_arm(FAULT_BIND, 1);
	(void)task_set_bootstrap_port(SELF, port);
	(void)fault_disarm();
	(void)task_set_bootstrap_port(SELF, MACH_PORT_NULL);
	(void)mach_port_destroy(SELF, port);
}

/* The runner. */

unused_ static void torture_check(void)
{
	char text[256];
	uint64_t end = now_ms() + PATIENCE_MS;

	if (!portcheck(text, sizeof(text)))
		FAIL("%s, %s call %u", text, torture.kind, torture.n);
	if (count_names() != torture.before.n_names)
		FAIL("%u names instead of %u, %s call %u", count_names(), torture.before.n_names,
			torture.kind, torture.n);
	while ((unsigned)portcheck_fds() != torture.before.n_fds) {
		if (now_ms() > end) {
			list_fds();
			FAIL("%d descriptors instead of %u, %s call %u", portcheck_fds(),
				torture.before.n_fds, torture.kind, torture.n);
		}
		(void)poll(NULL, 0, 1);
	}
}

unused_ static void torture_run_calmly(void (*fn)(void *arg), void *arg)
{
	torture.kind = "no";
	torture.n = torture.n_refused = 0;
	fault_arm(FAULT_MALLOC, 0);
	fn(arg);
	(void)fault_disarm();
}

unused_ static void torture_run_kind(FaultKind kind, void (*fn)(void *arg), void *arg)
{
	bool verbose = getenv("FAULT_VERBOSE") != NULL;
	bool struck = true;

	torture.kind = fault_kind_name(kind);
	for (torture.n = 1; struck; torture.n++) {
		torture.n_refused = 0;
		torture.struck_elsewhere = false;
		if (verbose)
			fprintf(stderr, "%s %u\n", torture.kind, torture.n);
		fault_arm(kind, torture.n);
		fn(arg);
		struck = fault_disarm() || torture.struck_elsewhere;
		torture_check();
	}
}

/* Every kind, every call. */
unused_ static void torture_run(void (*fn)(void *arg), void *arg)
{
	alarm(harness_scale_ms(100000) / 1000);
	/* Caches fill. */
	torture_run_calmly(fn, arg);
	torture_run_calmly(fn, arg);
	torture.before = (Scope){.n_names = count_names(), .n_fds = (unsigned)portcheck_fds()};
	for (int kind = 0; kind < _FAULT_N; kind++)
		torture_run_kind((FaultKind)kind, fn, arg);
	torture_run_calmly(fn, arg);
	torture_check();
}

#define TORTURE(name)                                                                              \
	static void torture_##name(void *arg);                                                     \
	TEST(name)                                                                                 \
	{                                                                                          \
		torture_run(torture_##name, NULL);                                                 \
	}                                                                                          \
	static void torture_##name(unused_ void *arg)

/*
 * The mirror: a peer that answers each message with that message. What it received it moves on, so
 * that in the end it has nothing.
 */
#define MIRROR_END 0x656e64

typedef struct Mirror {
	Stage stage;
	mach_port_t port;
} Mirror;

unused_ static void mirror_answer(Buffer *buffer)
{
	mach_msg_header_t *h = &buffer->header;

	h->msgh_bits = (h->msgh_bits & MACH_MSGH_BITS_COMPLEX) |
		       MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(h->msgh_bits), 0);
	h->msgh_local_port = MACH_PORT_NULL;
	unguard_first(buffer);
	/* The other side may have given up. */
	if (send_patiently(buffer, h->msgh_size) != MACH_MSG_SUCCESS)
		mach_msg_destroy(h);
}

unused_ static void mirror_main(PeerCtx *ctx)
{
	static Buffer buffer;
	mach_port_t hub, own;
	Scope scope;

	own = peer_begin_with_port(ctx, &hub);
	scope = scope_begin();
	for (;;) {
		mach_msg_return_t mr = mach_msg(
			&buffer.header, MACH_RCV_MSG, 0, sizeof(buffer), own, 0, MACH_PORT_NULL);

		ASSERT_EQ(mr, MACH_MSG_SUCCESS);
		if (buffer.header.msgh_id == MIRROR_END)
			break;
		mirror_answer(&buffer);
	}
	/* Nothing has stuck to it. */
	ASSERT_EQ(count_names(), scope.n_names);
	destroy(own);
	EVENTUALLY(portcheck_fds() <= (int)peer_scope.n_fds);
	peer_end();
}

unused_ static void mirror_begin(Mirror *m)
{
	stage_begin(&m->stage);
	harness_set_deadline(m->stage.h, 100);
	(void)stage_spawn_with_port(&m->stage, "mirror", mirror_main, NULL, &m->port);
}

unused_ static void mirror_end(Mirror *m)
{
	tell(m->port, MIRROR_END);
	deallocate(m->port);
	stage_end(&m->stage);
}

/* A scenario that is given the mirror's port. */
#define TORTURE_WITH_MIRROR(name)                                                                  \
	static void torture_##name(void *arg);                                                     \
	TEST(name)                                                                                 \
	{                                                                                          \
		Mirror mirror;                                                                     \
		mirror_begin(&mirror);                                                             \
		torture_run(torture_##name, &mirror.port);                                         \
		mirror_end(&mirror);                                                               \
	}                                                                                          \
	static void torture_##name(void *arg)
