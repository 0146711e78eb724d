/* SPDX-License-Identifier: Apache-2.0 */
#include "port/takeover.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/sockmsg.h"
#include "port/backing.h"
#include "port/decode.h"
#include "port/port.h"
#include "port/probe.h"

#define TAKEOVER_SIZE (sizeof(WireHeader) + sizeof(uint64_t))
/* More than a queue holds. */
#define LOOK_MAX 1024
#define DUE_MAX 520

bool takeover_decode(const WireHeader *h, const uint8_t *bytes, size_t n, uint64_t *ret_old_id)
{
	if (h->type != WIRE_TAKEOVER || n != TAKEOVER_SIZE)
		return false;
	memcpy(ret_old_id, bytes + sizeof(*h), sizeof(*ret_old_id));
	return true;
}

/* Which datagram is looked at next: bytes of the queue before it. */
static bool look_at(int sock, int offset)
{
	return setsockopt(sock, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)) == 0;
}

static bool look_further(int sock, int n)
{
	socklen_t size = sizeof(int);
	int offset;

	return getsockopt(sock, SOL_SOCKET, SO_PEEK_OFF, &offset, &size) == 0 && offset >= 0 &&
	       look_at(sock, offset + n);
}

/* Shows one datagram after the other, as much of it as a TAKEOVER has, and its size, until one is what is
 * looked for. */
static bool look_through(
	int sock, bool (*fn)(void *, const uint8_t *bytes, size_t n), void *userdata)
{
	_Alignas(WireHeader) uint8_t bytes[TAKEOVER_SIZE];

	for (unsigned i = 0; i < LOOK_MAX; i++) {
		ssize_t n = recv(sock, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0)
			return false;
		if (n > 0 && fn(userdata, bytes, (size_t)n))
			return true;
		if (n > (ssize_t)sizeof(bytes) && !look_further(sock, (int)n - (int)sizeof(bytes)))
			return false;
	}
	return false;
}

static int socket_of(const Port *port)
{
	return port->backing ? port->backing->sock : -EBADF;
}

/* The one that is wanted */

typedef struct Wanted {
	Port *port;
	uint64_t old_id, seq;
} Wanted;

static bool is_wanted(void *userdata, const uint8_t *bytes, size_t n)
{
	const Wanted *w = userdata;
	const WireHeader *h = n == TAKEOVER_SIZE ? decode_header(bytes, n) : NULL;
	uint64_t old_id;

	return h && takeover_decode(h, bytes, n, &old_id) && old_id == w->old_id &&
	       h->lease_seq == w->seq && backing_has_secret(w->port->backing, h->secret);
}

/* It was seen; once more, with its descriptor. */
static bool fetch(Wanted *w, int sock, uint64_t *ret_id, int *ret_fd)
{
	_Alignas(WireHeader) uint8_t bytes[TAKEOVER_SIZE];
	struct iovec iov = {bytes, sizeof(bytes)};
	SockMsg sm;
	bool ok;

	if (!look_further(sock, -(int)TAKEOVER_SIZE) || sockmsg_peek_all(sock, &iov, 1, &sm))
		return false;
	ok = !sm.data_truncated && is_wanted(w, bytes, sm.n_bytes) && sm.has_cred && sm.pid != 0 &&
	     fdlist_count(&sm.fds) == 1 && probe_kind(fdlist_get(&sm.fds, 0)) == PROBE_SEQPACKET;
	if (ok) {
		*ret_id = decode_header(bytes, sm.n_bytes)->lease_id;
		*ret_fd = fdlist_steal(&sm.fds, 0);
	}
	fdlist_deinit_by(&sm.fds, probe_dispose);
	sockmsg_deinit(&sm);
	return ok;
}

bool takeover_find(Port *port, uint64_t old_id, uint64_t seq, uint64_t *ret_id, int *ret_fd)
{
	Wanted w = {port, old_id, seq};
	int sock = socket_of(port);
	bool found;

	if (sock < 0 || !look_at(sock, 0))
		return false;
	found = look_through(sock, is_wanted, &w) && fetch(&w, sock, ret_id, ret_fd);
	(void)look_at(sock, -1);
	return found;
}

/* Those that have not come */

typedef struct Due {
	Port *port;
	unsigned n;
	struct {
		uint64_t id, seq;
	} requests[DUE_MAX];
} Due;

static void remove_due(Due *due, uint64_t id, uint64_t seq)
{
	for (unsigned i = 0; i < due->n; i++) {
		if (due->requests[i].id == id && due->requests[i].seq == seq) {
			due->requests[i] = due->requests[--due->n];
			return;
		}
	}
}

static bool note_due(void *userdata, const uint8_t *bytes, size_t n)
{
	Due *due = userdata;
	const WireHeader *h = decode_header(bytes, n);
	uint64_t old_id;

	if (!h || !backing_has_secret(due->port->backing, h->secret))
		return false;
	if (takeover_decode(h, bytes, n, &old_id)) {
		remove_due(due, old_id, h->lease_seq);
	} else if (h->type == WIRE_MESSAGE && h->flags & WIRE_F_LEASE &&
		   !(h->flags & WIRE_F_REPLY) && due->n < DUE_MAX) {
		due->requests[due->n].id = h->lease_id;
		due->requests[due->n].seq = h->lease_seq;
		due->n++;
	}
	return false;
}

bool takeover_is_due(Port *port)
{
	int sock = socket_of(port);
	Due due;

	due.port = port;
	due.n = 0;
	if (sock < 0 || !look_at(sock, 0))
		return false;
	(void)look_through(sock, note_due, &due);
	(void)look_at(sock, -1);
	return due.n > 0;
}
