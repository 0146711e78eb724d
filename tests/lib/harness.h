/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The harness of tests that need several processes.
 *
 *	TEST(queue_survives_a_crash)
 *	{
 *		Harness *h = harness_new();
 *		Peer *server = peer_spawn(h, "server", server_main, NULL);
 *
 *		harness_wait(h, server, "received");
 *		harness_kill(server);
 *		harness_finish(h);
 *	}
 *
 * A peer is a fork of the test without exec (peer_spawn_exec() apart): what it runs is
 * fn(ctx), with the assertions of unit.h, which include this header's wrappers: a failed
 * one in a peer fails the test, with the peer's name, file and line. The test and a peer
 * talk over a SOCK_SEQPACKET pair: small values, bytes and descriptors in either
 * direction, and sync points, at which the peer stands still until the test releases or
 * kills it. Values and sync points keep their order only among their own kind.
 *
 * Everything has one deadline, HARNESS_SECONDS after harness_new(), stretched under
 * sanitizers and by TEST_TIMEOUT_SCALE in the environment. When it passes, the state of
 * the test and of all peers is printed, all are killed, and the test fails; a watchdog
 * process sees to it when the test itself hangs, and then the whole program dies.
 *
 * harness_finish() waits for every peer that was not killed, wants exit status 0 of those
 * of which nothing else was expected, and then counts: descriptors of the test that were
 * not open at harness_new(), children that nobody reaped, descendants of peers that are
 * still alive, names left behind in the port directories of the uids that took part. Any
 * of these fails the test.
 *
 * A peer dies with the test (PR_SET_PDEATHSIG), and is the leader of its own process
 * group. Spawn from the main thread: the kernel means the death of the spawning *thread*.
 * One harness at a time; a test that fails leaves none behind.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef HARNESS_NO_UNIT
#include "tests/lib/unit.h"
#endif

#define HARNESS_SECONDS 20
#define HARNESS_NOBODY 65534 /* the uid to drop to for attacks */
#define HARNESS_BYTES_MAX 16384
#define HARNESS_FDS_MAX 64

typedef struct Harness Harness;
typedef struct Peer Peer;

/* What a peer's function gets. */
typedef struct PeerCtx {
	const char *name;
	void *arg;
	bool is_other_uid; /* peer_spawn_as() did change the uid */
} PeerCtx;

typedef void (*PeerFn)(PeerCtx *ctx);

/* Where in a test something was asked for. */
typedef struct HarnessWhere {
	const char *file;
	int line;
} HarnessWhere;

/* How to end the running test; neither returns. */
typedef struct HarnessGlue {
	void (*fail)(const char *file, int line, const char *text);
	void (*skip)(const char *reason);
} HarnessGlue;

#define HARNESS_HERE ((HarnessWhere){__FILE__, __LINE__})

/* The test's side. A function that cannot do what it says fails the test, and does not return. */

#define harness_new() harness_new_at(HARNESS_HERE, unit_state.name, &harness_unit_glue)
#define harness_finish(h) harness_finish_at(HARNESS_HERE, (h))

/* Moves the deadline to `seconds` from now, stretched like the default. */
void harness_set_deadline(Harness *h, unsigned seconds);

/* Forks a peer that runs fn and exits with status 0 when it returns. */
#define peer_spawn(h, name, fn, arg)                                                               \
	peer_spawn_at(HARNESS_HERE, (h), (PeerSpec){(name), (fn), (arg), (uid_t)-1, NULL})

/* The same as another uid, with its gid and no groups, dumpable as a program of that user is.
 * Who is not root cannot: then the peer stays what it is, and a line says so. */
#define peer_spawn_as(h, as_uid, name, fn, arg)                                                    \
	peer_spawn_at(HARNESS_HERE, (h), (PeerSpec){(name), (fn), (arg), (as_uid), NULL})

/* A peer that executes a program (argv, NULL at the end, looked up in PATH). The program may
 * call peer_attach() and then talk like any other peer. */
#define peer_spawn_exec(h, name, argv)                                                             \
	peer_spawn_at(HARNESS_HERE, (h), (PeerSpec){(name), NULL, NULL, (uid_t)-1, (argv)})

/* Waits until the peer stands at that sync point; at another one, the test fails. */
#define harness_wait(h, peer, point) harness_wait_at(HARNESS_HERE, (h), (peer), (point))

/* Lets the peer go on from the sync point at which harness_wait() saw it. */
#define harness_release(peer) harness_release_at(HARNESS_HERE, (peer))

/* SIGKILL, wherever the peer is, and waits until it is dead and reaped. */
#define harness_kill(peer) harness_kill_at(HARNESS_HERE, (peer))

/* harness_wait(), then harness_kill(). */
#define harness_kill_when(h, peer, point)                                                          \
	do {                                                                                       \
		harness_wait(h, peer, point);                                                      \
		harness_kill(peer);                                                                \
	} while (0)

/* SIGSTOP and SIGCONT; the former waits until the peer has stopped. */
#define harness_stop(peer) harness_stop_at(HARNESS_HERE, (peer))
void harness_continue(Peer *peer);

/* Wait for the end of the peer, which must be this one. */
#define harness_expect_exit(peer, status)                                                          \
	harness_expect_end_at(HARNESS_HERE, (peer), CLD_EXITED, (status))
#define harness_expect_signal(peer, signal)                                                        \
	harness_expect_end_at(HARNESS_HERE, (peer), CLD_KILLED, (signal))

/* Wait until an assertion of the peer fails whose "file:line: text" has `part` in it. */
#define harness_expect_failure(peer, part) harness_expect_failure_at(HARNESS_HERE, (peer), (part))

#define harness_send_u64(peer, value) harness_send_u64_at(HARNESS_HERE, (peer), (value))
#define harness_recv_u64(peer) harness_recv_u64_at(HARNESS_HERE, (peer))
#define harness_send_bytes(peer, p, n) harness_send_bytes_at(HARNESS_HERE, (peer), (p), (n))
/* Returns the number of bytes received; more than n fail the test. */
#define harness_recv_bytes(peer, p, n) harness_recv_bytes_at(HARNESS_HERE, (peer), (p), (n))
/* The descriptors stay the caller's; received ones are the caller's, close-on-exec. */
#define harness_send_fds(peer, fds, n) harness_send_fds_at(HARNESS_HERE, (peer), (fds), (n))
#define harness_recv_fds(peer, fds, n) harness_recv_fds_at(HARNESS_HERE, (peer), (fds), (n))

pid_t peer_pid(const Peer *peer);
int peer_pidfd(const Peer *peer); /* the harness's */

/* The peer's side. */

/* Stands at a sync point until harness_release(). */
#define peer_reach(ctx, point) peer_reach_at(HARNESS_HERE, (ctx), (point))
#define peer_send_u64(ctx, value) peer_send_u64_at(HARNESS_HERE, (ctx), (value))
#define peer_recv_u64(ctx) peer_recv_u64_at(HARNESS_HERE, (ctx))
#define peer_send_bytes(ctx, p, n) peer_send_bytes_at(HARNESS_HERE, (ctx), (p), (n))
#define peer_recv_bytes(ctx, p, n) peer_recv_bytes_at(HARNESS_HERE, (ctx), (p), (n))
#define peer_send_fds(ctx, fds, n) peer_send_fds_at(HARNESS_HERE, (ctx), (fds), (n))
#define peer_recv_fds(ctx, fds, n) peer_recv_fds_at(HARNESS_HERE, (ctx), (fds), (n))

/* In a program that peer_spawn_exec() started: its context; NULL when run by itself. */
PeerCtx *peer_attach(void);

/* Milliseconds, stretched as deadlines are: for time-outs that a test must not meet. */
unsigned harness_scale_ms(unsigned ms);

/* Behind the macros. */

typedef struct PeerSpec {
	const char *name;
	PeerFn fn;
	void *arg;
	uid_t uid; /* -1: the test's own */
	const char *const *argv;
} PeerSpec;

Harness *harness_new_at(HarnessWhere where, const char *test, const HarnessGlue *glue);
void harness_finish_at(HarnessWhere where, Harness *h);
Peer *peer_spawn_at(HarnessWhere where, Harness *h, PeerSpec spec);
void harness_wait_at(HarnessWhere where, Harness *h, Peer *peer, const char *point);
void harness_release_at(HarnessWhere where, Peer *peer);
void harness_kill_at(HarnessWhere where, Peer *peer);
void harness_stop_at(HarnessWhere where, Peer *peer);
void harness_expect_end_at(HarnessWhere where, Peer *peer, int code, int status);
void harness_expect_failure_at(HarnessWhere where, Peer *peer, const char *part);
void harness_send_u64_at(HarnessWhere where, Peer *peer, uint64_t value);
uint64_t harness_recv_u64_at(HarnessWhere where, Peer *peer);
void harness_send_bytes_at(HarnessWhere where, Peer *peer, const void *p, size_t n);
size_t harness_recv_bytes_at(HarnessWhere where, Peer *peer, void *p, size_t n);
void harness_send_fds_at(HarnessWhere where, Peer *peer, const int *fds, size_t n);
void harness_recv_fds_at(HarnessWhere where, Peer *peer, int *fds, size_t n);
void peer_reach_at(HarnessWhere where, PeerCtx *ctx, const char *point);
void peer_send_u64_at(HarnessWhere where, PeerCtx *ctx, uint64_t value);
uint64_t peer_recv_u64_at(HarnessWhere where, PeerCtx *ctx);
void peer_send_bytes_at(HarnessWhere where, PeerCtx *ctx, const void *p, size_t n);
size_t peer_recv_bytes_at(HarnessWhere where, PeerCtx *ctx, void *p, size_t n);
void peer_send_fds_at(HarnessWhere where, PeerCtx *ctx, const int *fds, size_t n);
void peer_recv_fds_at(HarnessWhere where, PeerCtx *ctx, int *fds, size_t n);

/* In a peer: tells the test and ends the process; elsewhere: returns. */
void peer_failed(const char *file, int line, const char *text);
void peer_skipped(const char *reason);

/* In the test: kills and forgets all that a harness left by an assertion still has. */
void harness_abandon(void);

#ifndef HARNESS_NO_UNIT

/* Other threads end the whole program, and all peers with it. */
__attribute__((__unused__)) static bool harness_unit_is_runner(void)
{
	return getpid() == unit_state.pid && pthread_equal(pthread_self(), unit_state.thread);
}

/* The assertions of unit.h end in this from here on. */
__attribute__((__noreturn__, __unused__, __format__(__printf__, 3, 4))) static void
harness_unit_fail(const char *file, int line, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	peer_failed(file, line, text);
	if (harness_unit_is_runner())
		harness_abandon();
	unit_fail(file, line, "%s", text);
}

__attribute__((__noreturn__, __unused__)) static void harness_unit_skip(const char *reason)
{
	peer_skipped(reason);
	if (harness_unit_is_runner())
		harness_abandon();
	printf("SKIP %s: %s\n", unit_state.name, reason);
	unit_end(UNIT_SKIPPED);
}

__attribute__((__noreturn__, __unused__)) static void harness_glue_fail(
	const char *file, int line, const char *text)
{
	unit_fail(file, line, "%s", text);
}

__attribute__((__noreturn__, __unused__)) static void harness_glue_skip(const char *reason)
{
	harness_unit_skip(reason);
}

__attribute__((__unused__)) static const HarnessGlue harness_unit_glue = {
	harness_glue_fail,
	harness_glue_skip,
};

#undef unit_fail_here
#define unit_fail_here(...) harness_unit_fail(__FILE__, __LINE__, __VA_ARGS__)
#undef SKIP
#define SKIP(reason) harness_unit_skip(reason)

#endif
