/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the harness share. harness.c is the test's side, harness-peer.c the
 * peer's, harness-channel.c what both talk through, harness-count.c what is counted at
 * the end, harness-dump.c what is printed when a deadline passes, and the watchdog.
 *
 * The harness uses nothing of src/: it must not depend on what it tests.
 */
#pragma once

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HARNESS_NO_UNIT
#include "tests/lib/harness.h"

#define HARNESS_NAME_MAX 48
#define HARNESS_PEERS_MAX 256
#define HARNESS_CHANNEL_ENV "PORTCULLIS_TEST_CHANNEL"

/* Time. */

typedef int64_t Nanos; /* CLOCK_MONOTONIC */

Nanos harness_now(void);
Nanos harness_scale_ns(Nanos ns);
int harness_left_ms(Nanos deadline); /* for poll: 0 when it is past */

/* The channel. */

typedef enum PacketKind {
	PACKET_REACH, /* peer: stands at the sync point `bytes` */
	PACKET_RELEASE, /* test: go on */
	PACKET_U64,
	PACKET_BYTES,
	PACKET_FDS,
	PACKET_FAIL, /* peer: `number` is the line, `bytes` are file NUL text */
	PACKET_SKIP, /* peer: `bytes` is the reason */
	_PACKET_N,
} PacketKind;

typedef struct Packet Packet;

struct Packet {
	Packet *next;
	PacketKind kind;
	uint64_t number;
	size_t n_fds;
	int fds[HARNESS_FDS_MAX]; /* owned */
	size_t n_bytes;
	char bytes[]; /* always followed by a NUL */
};

/* One end, with what was received and not yet asked for. */
typedef struct Channel {
	int fd;
	Packet *first;
	Packet *last;
} Channel;

/* What channel_receive() says of a far end that is gone. */
#define CHANNEL_E_CLOSED 1

typedef struct PacketData {
	uint64_t number;
	const void *bytes;
	size_t n_bytes;
	const int *fds;
	size_t n_fds;
} PacketData;

/* Returns 0, or -errno: -ETIMEDOUT, -EPIPE. */
int channel_send(Channel *c, PacketKind kind, const PacketData *data, Nanos deadline);

/* Takes one packet from the socket, without waiting. Returns 0, -EAGAIN, CHANNEL_E_CLOSED or
 * another -errno. */
int channel_receive(Channel *c, Packet **ret);

void channel_stash(Channel *c, Packet *packet_consume);
Packet *channel_find(Channel *c, PacketKind kind); /* the oldest, taken out; NULL */
void channel_deinit(Channel *c);

/* Closes the descriptors that nobody took, too. */
Packet *packet_free(Packet *packet);

/* What the test, its peers and the watchdog see of each other: one shared page or two. */
typedef struct SharedPeer {
	atomic_int pid; /* 0: not alive any more */
	char name[HARNESS_NAME_MAX];
	char point[HARNESS_NAME_MAX]; /* the sync point last reached; may be torn */
} SharedPeer;

typedef struct Shared {
	_Atomic(Nanos) deadline;
	char test[HARNESS_NAME_MAX];
	pid_t test_pid;
	atomic_int n_peers;
	SharedPeer peers[HARNESS_PEERS_MAX];
} Shared;

/* Counting. */

typedef struct Census Census;

Census *census_new(void);
Census *census_free(Census *census);

/* Baseline of a uid's port directories; harmless when it was taken already. */
void census_add_uid(Census *census, uid_t uid);

/* What is there now and was not then, as text; NULL when nothing is. Tries again for a while, since
 * a library may close on a thread of its own. Kills what is left of descendants. The caller
 * frees the text. */
char *census_compare(Census *census);

/* Kills and reaps what is left of the descendants of peers. */
void census_sweep(const Census *census);

/* The dump and the watchdog. */

void dump_all(int out, const Shared *shared);

/* Forks a process that waits for shared->deadline (and some), then dumps and kills the test and
 * all peers. Returns its pid or -errno. */
pid_t watchdog_start(Shared *shared);
void watchdog_stop(pid_t pid);

/* The test's side. */

struct Peer {
	Peer *next;
	Harness *harness;
	SharedPeer *shared;
	Channel channel;
	int pidfd;
	pid_t pid;
	bool waiting; /* at a sync point that harness_wait() saw */
	bool reaped;
	bool settled; /* its end was expected, and seen */
	siginfo_t end;
};

struct Harness {
	const HarnessGlue *glue;
	Shared *shared;
	Census *census;
	Peer *peers;
	Peer *tolerated; /* whose failed assertion is being waited for */
	pid_t watchdog;
	bool failing;
	char name[HARNESS_NAME_MAX];
};

/* In the new process of a peer; never returns. `fd` is the peer's end of its channel. */
__attribute__((__noreturn__)) void peer_main(Peer *peer, const PeerSpec *spec, int fd);

void harness_copy_name(char *to, const char *name);
