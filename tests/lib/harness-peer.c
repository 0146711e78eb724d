/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer's side of the harness: what happens between the fork and fn(ctx), and how a
 * peer talks to the test. One static context for each process: a peer is a process, and
 * assertions in any of its threads must find the channel.
 *
 * A peer ends with _exit: what the test registered with atexit is not the peer's to run.
 */
#include "tests/lib/harness-private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same as unit.h's. */
#define PEER_EXIT_FAILED 99

static struct {
	bool is_peer;
	PeerCtx ctx;
	Channel channel;
	pthread_mutex_t send_lock; /* a failing thread may send while another does */
	Shared *shared; /* NULL after an exec */
	SharedPeer *own;
	char name[HARNESS_NAME_MAX];
} self = {.channel = {.fd = -EBADF}, .send_lock = PTHREAD_MUTEX_INITIALIZER};

#ifdef PORTCULLIS_COVERAGE
void __gcov_dump(void);
#endif

__attribute__((__noreturn__)) static void peer_exit(int status)
{
	fflush(stdout);
	fflush(stderr);
#ifdef PORTCULLIS_COVERAGE
	__gcov_dump();
#endif
	_exit(status);
}

/* Later than the test's own and the watchdog's: those know whom a peer waits for in vain. */
static Nanos peer_deadline(void)
{
	Nanos span = harness_scale_ns(HARNESS_SECONDS * INT64_C(1000000000));

	return span + (self.shared != NULL ? atomic_load(&self.shared->deadline) : harness_now());
}

static int peer_send(PacketKind kind, const PacketData *data)
{
	int r;

	pthread_mutex_lock(&self.send_lock);
	r = channel_send(&self.channel, kind, data, peer_deadline());
	pthread_mutex_unlock(&self.send_lock);
	return r;
}

void peer_failed(const char *file, int line, const char *text)
{
	char bytes[2048];
	size_t n;

	if (!self.is_peer)
		return;
	n = (size_t)snprintf(bytes, sizeof(bytes), "%s%c%s", file, '\0', text);
	if (n >= sizeof(bytes))
		n = sizeof(bytes) - 1;
	if (peer_send(PACKET_FAIL, &(PacketData){(uint64_t)line, bytes, n, NULL, 0}) < 0)
		printf("FAIL peer %s: %s:%d: %s\n", self.ctx.name, file, line, text);
	peer_exit(PEER_EXIT_FAILED);
}

void peer_skipped(const char *reason)
{
	if (!self.is_peer)
		return;
	(void)peer_send(PACKET_SKIP, &(PacketData){0, reason, strlen(reason), NULL, 0});
	peer_exit(0);
}

static void peer_check_sent(HarnessWhere where, int r, const char *what)
{
	char text[128];

	if (r >= 0)
		return;
	snprintf(text, sizeof(text), "%s: %s", what, strerror(-r));
	peer_failed(where.file, where.line, text);
}

/* The next packet of that kind; others are kept for later. */
static Packet *peer_next(HarnessWhere where, PacketKind kind, const char *what)
{
	Nanos deadline = peer_deadline();
	char text[128];
	int r;

	for (;;) {
		struct pollfd p = {.fd = self.channel.fd, .events = POLLIN};
		Packet *packet = channel_find(&self.channel, kind);

		if (packet != NULL)
			return packet;
		r = channel_receive(&self.channel, &packet);
		if (r == 0) {
			channel_stash(&self.channel, packet);
			continue;
		}
		if (r != -EAGAIN)
			break;
		r = poll(&p, 1, harness_left_ms(deadline));
		if (r == 0) {
			r = -ETIMEDOUT;
			break;
		}
	}
	/* The test is gone. We are about to be killed, and nobody is left to be told. */
	if (r == CHANNEL_E_CLOSED)
		_exit(PEER_EXIT_FAILED);
	snprintf(text, sizeof(text), "waiting for %s: %s", what, strerror(-r));
	peer_failed(where.file, where.line, text);
	abort();
}

void peer_reach_at(HarnessWhere where, PeerCtx *ctx, const char *point)
{
	PacketData data = {.bytes = point, .n_bytes = strlen(point)};

	if (self.own != NULL)
		harness_copy_name(self.own->point, point);
	peer_check_sent(where, peer_send(PACKET_REACH, &data), point);
	packet_free(peer_next(where, PACKET_RELEASE, "the release"));
}

void peer_send_u64_at(HarnessWhere where, PeerCtx *ctx, uint64_t value)
{
	peer_check_sent(where, peer_send(PACKET_U64, &(PacketData){.number = value}), "u64");
}

uint64_t peer_recv_u64_at(HarnessWhere where, PeerCtx *ctx)
{
	Packet *packet = peer_next(where, PACKET_U64, "a u64");
	uint64_t value = packet->number;

	packet_free(packet);
	return value;
}

void peer_send_bytes_at(HarnessWhere where, PeerCtx *ctx, const void *p, size_t n)
{
	PacketData data = {.bytes = p, .n_bytes = n};

	peer_check_sent(where, peer_send(PACKET_BYTES, &data), "bytes");
}

size_t peer_recv_bytes_at(HarnessWhere where, PeerCtx *ctx, void *p, size_t n)
{
	Packet *packet = peer_next(where, PACKET_BYTES, "bytes");
	size_t n_bytes = packet->n_bytes;

	if (n_bytes > n)
		peer_failed(where.file, where.line, "more bytes than there is room for");
	memcpy(p, packet->bytes, n_bytes);
	packet_free(packet);
	return n_bytes;
}

void peer_send_fds_at(HarnessWhere where, PeerCtx *ctx, const int *fds, size_t n)
{
	PacketData data = {.fds = fds, .n_fds = n};

	peer_check_sent(where, peer_send(PACKET_FDS, &data), "descriptors");
}

void peer_recv_fds_at(HarnessWhere where, PeerCtx *ctx, int *fds, size_t n)
{
	Packet *packet = peer_next(where, PACKET_FDS, "descriptors");

	if (packet->n_fds != n)
		peer_failed(where.file, where.line, "another number of descriptors");
	memcpy(fds, packet->fds, n * sizeof(int));
	packet->n_fds = 0;
	packet_free(packet);
}

/* As another user a process loses its parent-death signal and its dumpable state. */
static void peer_become(uid_t uid)
{
	if (uid == (uid_t)-1 || uid == geteuid())
		return;
	if (geteuid() != 0) {
		printf("note: peer %s stays uid %u: only root can make it uid %u\n", self.name,
			(unsigned)geteuid(), (unsigned)uid);
		return;
	}
	if (setgroups(0, NULL) < 0 || setresgid((gid_t)uid, (gid_t)uid, (gid_t)uid) < 0 ||
		setresuid(uid, uid, uid) < 0)
		peer_failed(__FILE__, __LINE__, strerror(errno));
	(void)prctl(PR_SET_DUMPABLE, 1);
	self.ctx.is_other_uid = true;
}

__attribute__((__noreturn__)) static void peer_exec(const char *const *argv)
{
	char number[16], text[256];
	int fd = dup(self.channel.fd); /* not close-on-exec */

	snprintf(number, sizeof(number), "%d", fd);
	(void)setenv(HARNESS_CHANNEL_ENV, number, 1);
	fflush(stdout);
	execvp(argv[0], (char *const *)argv);
	snprintf(text, sizeof(text), "exec of %s: %s", argv[0], strerror(errno));
	close(fd);
	peer_failed(__FILE__, __LINE__, text);
	_exit(PEER_EXIT_FAILED);
}

void peer_main(Peer *peer, const PeerSpec *spec, int fd)
{
	pid_t test = peer->harness->shared->test_pid;

	self.is_peer = true;
	self.channel.fd = fd;
	self.shared = peer->harness->shared;
	self.own = peer->shared;
	harness_copy_name(self.name, spec->name);
	self.ctx = (PeerCtx){.name = self.name, .arg = spec->arg};
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_NAME, self.name);
	/* The ends of other peers' channels, and of ours, that belong to the test. */
	for (Peer *p = peer->harness->peers; p != NULL; p = p->next) {
		channel_deinit(&p->channel);
		if (p->pidfd >= 0)
			close(p->pidfd);
		p->pidfd = -EBADF;
	}
	peer_become(spec->uid);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != test)
		_exit(PEER_EXIT_FAILED);
	if (spec->argv != NULL)
		peer_exec(spec->argv);
	spec->fn(&self.ctx);
	peer_exit(0);
}

PeerCtx *peer_attach(void)
{
	const char *number = getenv(HARNESS_CHANNEL_ENV);

	if (number == NULL)
		return NULL;
	if (!self.is_peer) {
		self.is_peer = true;
		self.channel.fd = (int)strtol(number, NULL, 10);
		(void)fcntl(self.channel.fd, F_SETFD, FD_CLOEXEC);
		self.ctx = (PeerCtx){.name = program_invocation_short_name};
		(void)unsetenv(HARNESS_CHANNEL_ENV);
	}
	return &self.ctx;
}
