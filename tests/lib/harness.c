/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test's side of the harness; see harness.h for what it promises.
 *
 * Whatever the test waits for, the channels of all peers are served, so that the failed
 * assertion of one peer ends the test at once, even if it waits for another. A harness
 * ends in harness_finish(), or, when an assertion fails, in harness_abandon(), which
 * kills and reaps everything before the runner goes on with the next test.
 *
 * A peer is signalled and awaited through its pidfd, and reaped exactly once.
 */
#include "tests/lib/harness-private.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED_ADDRESSES
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED_ADDRESSES
#endif
#endif

#ifdef SANITIZED_ADDRESSES
#include <dirent.h>
#endif

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* The harness of the running test. */
static Harness *current;

static int peer_signal(const Peer *peer, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, peer->pidfd, signal, NULL, 0);
}

/* Reaps a peer that has ended; 0 while it has not. */
static int peer_reap(Peer *peer)
{
	siginfo_t info = {};

	if (peer->reaped)
		return 1;
	if (waitid(P_PIDFD, (id_t)peer->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return errno == EINTR ? 0 : -errno;
	if (info.si_pid == 0)
		return 0;
	/* Nobody may signal the number once it can belong to another process. */
	atomic_store(&peer->shared->pid, 0);
	(void)waitid(P_PIDFD, (id_t)peer->pidfd, &peer->end, WEXITED);
	peer->reaped = true;
	return 1;
}

static void peer_describe_end(const Peer *peer, char *text, size_t size)
{
	if (!peer->reaped)
		snprintf(text, size, "is running");
	else if (peer->end.si_code == CLD_EXITED)
		snprintf(text, size, "exited with status %d", peer->end.si_status);
	else
		snprintf(text, size, "died of signal %d (%s)", peer->end.si_status,
			strsignal(peer->end.si_status));
}

static void peer_free(Peer *peer)
{
	channel_deinit(&peer->channel);
	if (peer->pidfd >= 0)
		close(peer->pidfd);
	free(peer);
}

/* Kills what lives, and forgets everything. What it counted is not looked at. */
static void harness_free(Harness *h)
{
	for (Peer *p = h->peers; p != NULL; p = p->next) {
		if (p->reaped)
			continue;
		(void)kill(-p->pid, SIGKILL);
		(void)peer_signal(p, SIGKILL);
	}
	while (h->peers != NULL) {
		Peer *p = h->peers;
		struct pollfd ended = {.fd = p->pidfd, .events = POLLIN};

		h->peers = p->next;
		if (!p->reaped)
			(void)poll(&ended, 1, (int)harness_scale_ms(5000));
		(void)peer_reap(p);
		peer_free(p);
	}
	watchdog_stop(h->watchdog);
	if (h->census != NULL)
		census_sweep(h->census);
	census_free(h->census);
	if (h->shared != NULL)
		(void)munmap(h->shared, sizeof(*h->shared));
	free(h);
}

void harness_abandon(void)
{
	Harness *h = current;

	current = NULL;
	if (h != NULL)
		harness_free(h);
}

__attribute__((__noreturn__, __format__(__printf__, 3, 4))) static void harness_fail(
	HarnessWhere where, Harness *h, const char *format, ...)
{
	const HarnessGlue *glue = h->glue;
	char text[4096];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	harness_abandon();
	glue->fail(where.file, where.line, text);
	abort();
}

__attribute__((__noreturn__)) static void harness_fail_late(
	HarnessWhere where, Harness *h, const char *peer, const char *what)
{
	fflush(stdout);
	dump_all(STDERR_FILENO, h->shared);
	harness_fail(where, h, "deadline: peer %s: waiting for %s", peer, what);
}

Harness *harness_new_at(HarnessWhere where, const char *test, const HarnessGlue *glue)
{
	Harness *h;

	harness_abandon();
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		abort();
	current = h;
	h->glue = glue;
	harness_copy_name(h->name, test);
	h->shared = mmap(NULL, sizeof(*h->shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (h->shared == MAP_FAILED) {
		h->shared = NULL;
		harness_fail(where, h, "shared page: %s", strerror(errno));
	}
	harness_copy_name(h->shared->test, test);
	h->shared->test_pid = getpid();
	harness_set_deadline(h, HARNESS_SECONDS);
	h->census = census_new();
	h->watchdog = watchdog_start(h->shared);
	if (h->census == NULL || h->watchdog < 0)
		harness_fail(where, h, "no census or no watchdog");
	return h;
}

void harness_set_deadline(Harness *h, unsigned seconds)
{
	Nanos span = harness_scale_ns(seconds * INT64_C(1000000000));

	atomic_store(&h->shared->deadline, harness_now() + span);
}

/* Fails or skips the test as the packet says; returns if it is about something else. */
static void harness_judge(Harness *h, Peer *peer, const Packet *packet)
{
	const HarnessGlue *glue = h->glue;
	const char *text;
	char copy[1024];

	if (packet->kind == PACKET_FAIL && h->tolerated != peer) {
		text = packet->bytes + strlen(packet->bytes) + 1;
		harness_fail((HarnessWhere){strdupa(packet->bytes), (int)packet->number}, h,
			"peer %s: %s", peer->shared->name, text);
	}
	if (packet->kind == PACKET_SKIP) {
		snprintf(copy, sizeof(copy), "%s", packet->bytes);
		harness_abandon();
		glue->skip(copy);
	}
}

/* Takes in what has arrived from one peer. */
static void harness_drain(HarnessWhere where, Harness *h, Peer *peer)
{
	while (peer->channel.fd >= 0) {
		Packet *packet;
		int r = channel_receive(&peer->channel, &packet);

		if (r == -EAGAIN)
			return;
		if (r < 0)
			harness_fail(
				where, h, "peer %s: channel: %s", peer->shared->name, strerror(-r));
		if (r == CHANNEL_E_CLOSED) {
			close(peer->channel.fd);
			peer->channel.fd = -EBADF;
			return;
		}
		/* Stashed first: if it ends the test it is freed with the rest. */
		channel_stash(&peer->channel, packet);
		harness_judge(h, peer, packet);
	}
}

/* Waits until something happens to any peer, or to none before the deadline: then false. */
static bool harness_pump(HarnessWhere where, Harness *h, const Peer *awaited)
{
	struct pollfd p[HARNESS_PEERS_MAX + 1];
	Peer *of[HARNESS_PEERS_MAX + 1];
	nfds_t n = 0;
	int r;

	for (Peer *peer = h->peers; peer != NULL; peer = peer->next) {
		if (peer->channel.fd < 0)
			continue;
		of[n] = peer;
		p[n++] = (struct pollfd){.fd = peer->channel.fd, .events = POLLIN};
	}
	/* A peer's channel may outlive it in its children, so its end is looked at too. */
	p[n] = (struct pollfd){.fd = awaited->reaped ? -1 : awaited->pidfd, .events = POLLIN};
	r = poll(p, n + 1, harness_left_ms(atomic_load(&h->shared->deadline)));
	if (r < 0 && errno != EINTR)
		harness_fail(where, h, "poll: %s", strerror(errno));
	for (nfds_t i = 0; r > 0 && i < n; i++)
		if (p[i].revents != 0)
			harness_drain(where, h, of[i]);
	return r != 0;
}

/* The next packet of that kind from the peer. */
static Packet *harness_next(HarnessWhere where, Peer *peer, PacketKind kind, const char *what)
{
	Harness *h = peer->harness;
	char end[64];

	for (;;) {
		/* What it sent before its end must be seen: asked for the end first, then drained. */
		bool ended = peer_reap(peer) != 0;
		Packet *packet;

		harness_drain(where, h, peer);
		packet = channel_find(&peer->channel, kind);
		if (packet != NULL)
			return packet;
		if (ended) {
			peer_describe_end(peer, end, sizeof(end));
			harness_fail(
				where, h, "peer %s %s before %s", peer->shared->name, end, what);
		}
		if (!harness_pump(where, h, peer))
			harness_fail_late(where, h, peer->shared->name, what);
	}
}

static void harness_wait_for_end(HarnessWhere where, Peer *peer)
{
	while (peer_reap(peer) == 0)
		if (!harness_pump(where, peer->harness, peer))
			harness_fail_late(where, peer->harness, peer->shared->name, "its end");
	harness_drain(where, peer->harness, peer);
}

#ifdef SANITIZED_ADDRESSES
/* Whether a thread of this process is asleep, or gone. */
static bool thread_sleeps(const char *tid)
{
	char path[64], text[256], *end = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%s/stat", tid);
	file = fopen(path, "re");
	if (file == NULL)
		return true;
	if (fgets(text, sizeof(text), file) != NULL)
		end = strrchr(text, ')');
	fclose(file);
	return end == NULL || end[1] == '\0' || strchr("SXZ", end[2]) != NULL;
}

static bool other_threads_sleep(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	bool sleep = true;

	while (dir != NULL && sleep && (entry = readdir(dir)) != NULL)
		sleep = entry->d_name[0] == '.' || atoi(entry->d_name) == gettid() ||
			thread_sleeps(entry->d_name);
	if (dir != NULL)
		closedir(dir);
	return sleep;
}
#endif

/* The sanitizer's allocator knows nothing of forks: a thread that is within it leaves it locked in the
 * child for ever. So there is no fork while the library's threads are at work. */
static pid_t peer_fork(void)
{
#ifdef SANITIZED_ADDRESSES
	Nanos end = harness_now() + INT64_C(2000000000);

	while (!other_threads_sleep() && harness_now() < end)
		(void)poll(NULL, 0, 1);
#endif
	return fork();
}

Peer *peer_spawn_at(HarnessWhere where, Harness *h, PeerSpec spec)
{
	Peer *peer = calloc(1, sizeof(*peer));
	int pair[2], n = atomic_load(&h->shared->n_peers);

	if (getpid() != h->shared->test_pid)
		harness_fail(where, h, "a peer cannot spawn peers of the test's harness");
	if (peer == NULL || n == HARNESS_PEERS_MAX ||
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		free(peer);
		harness_fail(where, h, "peer %s: no memory, slot or socket", spec.name);
	}
	peer->harness = h;
	peer->shared = &h->shared->peers[n];
	harness_copy_name(peer->shared->name, spec.name);
	peer->channel.fd = pair[0];
	peer->pidfd = -EBADF;
	peer->next = h->peers;
	h->peers = peer;
	if (spec.uid != (uid_t)-1)
		census_add_uid(h->census, spec.uid);
	/* Else each child would print again what is still buffered. */
	fflush(NULL);
	peer->pid = peer_fork();
	if (peer->pid == 0)
		peer_main(peer, &spec, pair[1]);
	close(pair[1]);
	if (peer->pid < 0) {
		peer->reaped = true;
		harness_fail(where, h, "peer %s: fork: %s", spec.name, strerror(errno));
	}
	/* Both sides do it, so that it is done when either goes on. */
	(void)setpgid(peer->pid, peer->pid);
	peer->pidfd = (int)syscall(SYS_pidfd_open, peer->pid, 0);
	if (peer->pidfd < 0)
		harness_fail(where, h, "peer %s: pidfd_open: %s", spec.name, strerror(errno));
	atomic_store(&peer->shared->pid, peer->pid);
	atomic_store(&h->shared->n_peers, n + 1);
	return peer;
}

void harness_wait_at(HarnessWhere where, Harness *h, Peer *peer, const char *point)
{
	char what[HARNESS_NAME_MAX + 32], reached[HARNESS_NAME_MAX];
	Packet *packet;

	snprintf(what, sizeof(what), "sync point \"%s\"", point);
	packet = harness_next(where, peer, PACKET_REACH, what);
	harness_copy_name(reached, packet->bytes);
	packet_free(packet);
	if (strncmp(reached, point, HARNESS_NAME_MAX - 1) != 0)
		harness_fail(where, h, "peer %s is at sync point \"%s\" instead of \"%s\"",
			peer->shared->name, reached, point);
	peer->waiting = true;
}

static void harness_send(HarnessWhere where, Peer *peer, PacketKind kind, const PacketData *data)
{
	Harness *h = peer->harness;
	int r = peer->channel.fd < 0 ? -EPIPE : 0;

	if (r == 0)
		r = channel_send(&peer->channel, kind, data, atomic_load(&h->shared->deadline));
	if (r == 0)
		return;
	/* If it failed, that says more than that it is gone. */
	harness_drain(where, h, peer);
	harness_fail(where, h, "sending to peer %s: %s", peer->shared->name, strerror(-r));
}

void harness_release_at(HarnessWhere where, Peer *peer)
{
	if (!peer->waiting)
		harness_fail(where, peer->harness, "peer %s is not known to be at a sync point",
			peer->shared->name);
	peer->waiting = false;
	harness_send(where, peer, PACKET_RELEASE, &(PacketData){});
}

void harness_kill_at(HarnessWhere where, Peer *peer)
{
	(void)peer_signal(peer, SIGKILL);
	harness_wait_for_end(where, peer);
	peer->settled = true;
}

void harness_stop_at(HarnessWhere where, Peer *peer)
{
	siginfo_t info;

	(void)peer_signal(peer, SIGSTOP);
	/* Nothing but the watchdog bounds this wait: a stopped child has no descriptor event. */
	while (waitid(P_PIDFD, (id_t)peer->pidfd, &info, WSTOPPED | WEXITED | WNOWAIT) < 0)
		if (errno != EINTR)
			harness_fail(where, peer->harness, "stopping a peer: %s", strerror(errno));
	if (info.si_code != CLD_STOPPED)
		harness_fail(where, peer->harness, "peer %s ended instead of stopping",
			peer->shared->name);
	(void)waitid(P_PIDFD, (id_t)peer->pidfd, &info, WSTOPPED);
}

void harness_continue(Peer *peer)
{
	(void)peer_signal(peer, SIGCONT);
}

static void harness_check_end(HarnessWhere where, Peer *peer, int code, int status)
{
	/* A core dump is a death by signal all the same. */
	int got = peer->end.si_code == CLD_DUMPED ? CLD_KILLED : peer->end.si_code;
	char end[64];

	peer->settled = true;
	if (got == code && peer->end.si_status == status)
		return;
	peer_describe_end(peer, end, sizeof(end));
	harness_fail(where, peer->harness, "peer %s %s, expected %s %d", peer->shared->name, end,
		code == CLD_EXITED ? "exit status" : "signal", status);
}

void harness_expect_end_at(HarnessWhere where, Peer *peer, int code, int status)
{
	harness_wait_for_end(where, peer);
	harness_check_end(where, peer, code, status);
}

void harness_expect_failure_at(HarnessWhere where, Peer *peer, const char *part)
{
	Harness *h = peer->harness;
	char text[4096];
	Packet *packet;

	h->tolerated = peer;
	packet = harness_next(where, peer, PACKET_FAIL, "a failed assertion");
	snprintf(text, sizeof(text), "%s:%d: %s", packet->bytes, (int)packet->number,
		packet->bytes + strlen(packet->bytes) + 1);
	packet_free(packet);
	harness_wait_for_end(where, peer);
	h->tolerated = NULL;
	peer->settled = true;
	if (strstr(text, part) == NULL)
		harness_fail(where, h, "peer failed with \"%s\", which lacks \"%s\"", text, part);
}

void harness_send_u64_at(HarnessWhere where, Peer *peer, uint64_t value)
{
	harness_send(where, peer, PACKET_U64, &(PacketData){.number = value});
}

uint64_t harness_recv_u64_at(HarnessWhere where, Peer *peer)
{
	Packet *packet = harness_next(where, peer, PACKET_U64, "a u64");
	uint64_t value = packet->number;

	packet_free(packet);
	return value;
}

void harness_send_bytes_at(HarnessWhere where, Peer *peer, const void *p, size_t n)
{
	harness_send(where, peer, PACKET_BYTES, &(PacketData){.bytes = p, .n_bytes = n});
}

size_t harness_recv_bytes_at(HarnessWhere where, Peer *peer, void *p, size_t n)
{
	Packet *packet = harness_next(where, peer, PACKET_BYTES, "bytes");
	size_t n_bytes = packet->n_bytes;

	if (n_bytes <= n)
		memcpy(p, packet->bytes, n_bytes);
	packet_free(packet);
	if (n_bytes > n)
		harness_fail(where, peer->harness, "peer %s sent %zu bytes, room for %zu",
			peer->shared->name, n_bytes, n);
	return n_bytes;
}

void harness_send_fds_at(HarnessWhere where, Peer *peer, const int *fds, size_t n)
{
	harness_send(where, peer, PACKET_FDS, &(PacketData){.fds = fds, .n_fds = n});
}

void harness_recv_fds_at(HarnessWhere where, Peer *peer, int *fds, size_t n)
{
	Packet *packet = harness_next(where, peer, PACKET_FDS, "descriptors");
	size_t n_fds = packet->n_fds;

	if (n_fds == n) {
		memcpy(fds, packet->fds, n * sizeof(int));
		packet->n_fds = 0;
	}
	packet_free(packet);
	if (n_fds != n)
		harness_fail(where, peer->harness, "peer %s sent %zu descriptors instead of %zu",
			peer->shared->name, n_fds, n);
}

pid_t peer_pid(const Peer *peer)
{
	return peer->pid;
}

int peer_pidfd(const Peer *peer)
{
	return peer->pidfd;
}

/* Everything that the harness itself holds goes, so that the rest is the test's. */
static void harness_close_all(Harness *h)
{
	watchdog_stop(h->watchdog);
	h->watchdog = 0;
	while (h->peers != NULL) {
		Peer *p = h->peers;

		h->peers = p->next;
		peer_free(p);
	}
}

void harness_finish_at(HarnessWhere where, Harness *h)
{
	char text[3072];
	char *difference;

	for (Peer *p = h->peers; p != NULL; p = p->next) {
		if (p->settled)
			continue;
		if (p->waiting)
			harness_fail(where, h, "peer %s is still at sync point \"%s\"",
				p->shared->name, p->shared->point);
		harness_wait_for_end(where, p);
		harness_check_end(where, p, CLD_EXITED, 0);
	}
	harness_close_all(h);
	difference = census_compare(h->census);
	if (difference == NULL) {
		harness_abandon();
		return;
	}
	snprintf(text, sizeof(text), "%s", difference);
	free(difference);
	harness_fail(where, h, "%s", text);
}
