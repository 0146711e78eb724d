/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes inputs for the fuzz targets to start from, one of every shape: make-seeds DIRECTORY puts them
 * into DIRECTORY/fuzz-NAME/. They are in the language of wiregen.c and of the targets themselves; when
 * that changes, this program is what is adapted, and the corpus is made anew from it (see
 * meson.build).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/wiregen.h"

#define MAX_SEED 512

typedef struct Seed {
	uint8_t bytes[MAX_SEED];
	size_t n;
} Seed;

static const char *directory;
static const char *target;
static unsigned n_written;

static void put(Seed *s, unsigned n, ...)
{
	va_list ap;

	va_start(ap, n);
	while (n-- > 0 && s->n < MAX_SEED)
		s->bytes[s->n++] = (uint8_t)va_arg(ap, int);
	va_end(ap);
}

/* How many arguments there are behind the first. */
#define N_ARGS(...) (sizeof((int[]){__VA_ARGS__}) / sizeof(int))
#define PUT(s, ...) put((s), N_ARGS(__VA_ARGS__), __VA_ARGS__)

static void begin(const char *name)
{
	char path[4096];

	target = name;
	n_written = 0;
	snprintf(path, sizeof(path), "%s/%s", directory, target);
	if (mkdir(path, 0777) < 0 && errno != EEXIST) {
		perror(path);
		exit(1);
	}
}

static void write_seed(Seed *s)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/seed-%03u", directory, target, n_written++);
	f = fopen(path, "wb");
	if (!f || fwrite(s->bytes, 1, s->n, f) != s->n || fclose(f)) {
		perror(path);
		exit(1);
	}
	s->n = 0;
}

/* What an item needs behind its kind. */
static void put_arguments(Seed *s, unsigned item)
{
	switch (item) {
	case GEN_SEND_REMOTE:
		PUT(s, 1);
		break;
	case GEN_RECEIVE_REMOTE:
		/* One pipe, one answer, a carrier with one plain message. */
		PUT(s, 0x35, 1, GEN_FD_SEQPACKET, 1, 0, 0);
		break;
	case GEN_RECEIVE_FRESH:
		PUT(s, 0x36, GEN_FD_SEQPACKET, 2, 0, 0, 0, 1, GEN_SEND_ONCE);
		break;
	case GEN_SEMAPHORE:
		PUT(s, 1);
		break;
	case GEN_FILEPORT:
		PUT(s, 2, GEN_FD_EVENTFD);
		break;
	case GEN_MEMORY:
		PUT(s, 16, 0, 1);
		break;
	case GEN_MEMORY_FD:
		PUT(s, 200, 0, 0, 4);
		break;
	case GEN_PORTS:
		PUT(s, 3, GEN_SEND_FRESH);
		break;
	case GEN_GUARDED:
		PUT(s, 1, 1);
		break;
	case GEN_RECORD:
		for (unsigned i = 0; i < sizeof(WireRecord); i++)
			PUT(s, i == 0 ? WIRE_SEND : i == 12 ? 2 : 0);
		PUT(s, 2, GEN_FD_ADDR, GEN_FD_PIPE_W);
		break;
	default:
		break;
	}
}

static void put_item(Seed *s, unsigned item)
{
	PUT(s, item);
	put_arguments(s, item);
}

/* A datagram with one item and four bytes of data. */
static void put_datagram(Seed *s, unsigned mode, unsigned item)
{
	PUT(s, mode, 0x11);
	put_item(s, item);
	PUT(s, 1, 2, 3, 4);
}

/* A message with a reply right that is a pair, offered for a lease, or a lease itself. */
static void put_request(Seed *s, unsigned flags, unsigned id, unsigned seq)
{
	if (flags & WIRE_F_LEASE)
		PUT(s, GEN_HEADER, WIRE_MESSAGE, flags, id, seq, 0);
	else
		PUT(s, GEN_HEADER | GEN_REPLY, WIRE_MESSAGE, flags, id, seq, 0, GEN_SEND_ONCE);
}

static void decode_seeds(void)
{
	static const unsigned hows[] = {0, 0x21, 0x02, 0x05, 0x11};
	static const unsigned modes[] = {0, GEN_BODY, GEN_CARRIER, GEN_BODY | GEN_CARRIER};
	Seed s = {.n = 0};

	begin("fuzz-decode");
	for (unsigned item = 0; item < _GEN_ITEM_N; item++) {
		PUT(&s, hows[item % 5]);
		put_datagram(&s, modes[item % 4], item);
		write_seed(&s);
		/* The same twice, the second under names or in the queue. */
		PUT(&s, 0x21);
		put_datagram(&s, 0, item);
		PUT(&s, 0x02);
		put_datagram(&s, 0, item);
		write_seed(&s);
		/* As a reply right. */
		PUT(&s, 0x01, GEN_REPLY, 0x10);
		put_item(&s, item);
		PUT(&s, 1, 2, 3, 4);
		write_seed(&s);
		/* With descriptors missing, and with others in their place. */
		PUT(&s, 0x09);
		put_datagram(&s, GEN_PATCHED, item);
		PUT(&s, 0x48, 0, item + 3);
		write_seed(&s);
		/* An array of them. */
		PUT(&s, 0x21, 0, 0x01, GEN_PORTS, 2, item);
		put_arguments(&s, item);
		put_arguments(&s, item);
		write_seed(&s);
	}
	PUT(&s, 0x21);
	put_request(&s, WIRE_F_OFFER, 1, 1);
	PUT(&s, 0x02);
	put_request(&s, WIRE_F_LEASE, 1, 2);
	PUT(&s, 0x01);
	put_request(&s, WIRE_F_LEASE, 2, 1);
	write_seed(&s);
	PUT(&s, 0, GEN_RAW | GEN_RAW_HEADER);
	for (unsigned i = 0; i < sizeof(WireHeader); i++)
		PUT(&s, i == 5 ? WIRE_MESSAGE : 0);
	PUT(&s, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 2, GEN_FD_NULL, GEN_FD_EPOLL);
	write_seed(&s);
}

/* The steps of fuzz-socket.c. */
enum {
	DATAGRAM,
	RECEIVE,
	ANSWER_RAW,
	CLOSE_END,
	CALL,
	READ_REMOTE,
	REPLY,
	PEEK,
	MOVE,
	DESTROY,
	NOTIFY,
	SET,
	KILL_REMOTE,
	KEEPER,
	POLLABLE,
	SEND_HERE,
};

/* What the peer may say to a request, on the last end that it was given. */
static void put_answer(Seed *s, unsigned type, unsigned how)
{
	PUT(s, ANSWER_RAW, how | 0xc0, GEN_HEADER, type, 0, 0, 0, 0);
}

/* The request was passed on: the answer is to come by this descriptor. */
static void put_moved(Seed *s, unsigned fd)
{
	PUT(s, ANSWER_RAW, 2 | 0xc0, GEN_RAW | GEN_HEADER, WIRE_MOVED, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		fd);
}

static void moved_seeds(void)
{
	static const unsigned fds[] = {GEN_FD_CARRIER, GEN_FD_CARRIER_TAKEN, GEN_FD_SEQPACKET,
		GEN_FD_SEQPACKET_LISTENING, GEN_FD_NULL};
	Seed s = {.n = 0};

	for (unsigned i = 0; i < 5; i++) {
		PUT(&s, CALL, 0, READ_REMOTE, 0);
		put_answer(&s, WIRE_MESSAGE, 2);
		PUT(&s, RECEIVE, 3, CALL, 0, READ_REMOTE, 0);
		put_moved(&s, fds[i]);
		PUT(&s, RECEIVE, 3);
		/* On the writer, which was kept last. */
		put_answer(&s, WIRE_MESSAGE, 3);
		PUT(&s, RECEIVE, 3, RECEIVE, 3, DESTROY, 3);
		write_seed(&s);
	}
}

static void call_seeds(void)
{
	static const unsigned types[] = {WIRE_MESSAGE, WIRE_DIED, WIRE_EVICT, WIRE_MOVED, 6};
	Seed s = {.n = 0};

	for (unsigned i = 0; i < 5; i++) {
		PUT(&s, CALL, 0, READ_REMOTE, 0);
		put_answer(&s, types[i], 2);
		PUT(&s, RECEIVE, 3, RECEIVE, 3);
		/* Again, on the lease. */
		PUT(&s, CALL, 0, READ_REMOTE, 0);
		put_answer(&s, WIRE_MESSAGE, 2);
		PUT(&s, RECEIVE, 3);
		PUT(&s, CALL, 0, READ_REMOTE, 0);
		put_answer(&s, types[i], 2);
		PUT(&s, RECEIVE, 3);
		write_seed(&s);
		/* The end goes while the request waits, or after it was read. */
		PUT(&s, CALL, 0, READ_REMOTE, 0);
		put_answer(&s, WIRE_MESSAGE, 2);
		PUT(&s, RECEIVE, 3, CALL, 0, CLOSE_END, 2, RECEIVE, 3, READ_REMOTE, 0, READ_REMOTE,
			0);
		put_answer(&s, types[i], 3);
		PUT(&s, RECEIVE, 3);
		write_seed(&s);
	}
	/* Eviction before the first request was taken, and before the second. */
	PUT(&s, CALL, 0, READ_REMOTE, 0, ANSWER_RAW, 0, GEN_HEADER, WIRE_EVICT, 0, 0, 0, 0);
	PUT(&s, RECEIVE, 3, RECEIVE, 3);
	write_seed(&s);
	PUT(&s, CALL, 0, READ_REMOTE, 0);
	put_answer(&s, WIRE_MESSAGE, 2);
	PUT(&s, RECEIVE, 3, CALL, 0, ANSWER_RAW, 0, GEN_HEADER, WIRE_EVICT, 0, 0, 1, 0);
	PUT(&s, RECEIVE, 3, READ_REMOTE, 0, READ_REMOTE, 0);
	put_answer(&s, WIRE_MESSAGE, 1);
	PUT(&s, RECEIVE, 3);
	write_seed(&s);
	/* In the general form, on an ordinary port; then the port goes away. */
	PUT(&s, CALL, 4, READ_REMOTE, 0);
	put_answer(&s, WIRE_MESSAGE, 0);
	PUT(&s, RECEIVE, 1, CALL, 4, DESTROY, 0);
	write_seed(&s);
	PUT(&s, CALL, 0x1c, 3, READ_REMOTE, 0, KILL_REMOTE, 0, RECEIVE, 3, CALL, 0, CALL, 0);
	write_seed(&s);
}

static void serve_seeds(void)
{
	Seed s = {.n = 0};

	/* An offer is kept, answered, used again, evicted by a move. */
	PUT(&s, DATAGRAM, 0);
	put_request(&s, WIRE_F_OFFER, 1, 1);
	PUT(&s, RECEIVE, 1, REPLY, 0x10);
	PUT(&s, DATAGRAM, 0);
	put_request(&s, WIRE_F_LEASE, 1, 2);
	PUT(&s, RECEIVE, 1, REPLY, 0x40);
	PUT(&s, DATAGRAM, 0);
	put_request(&s, WIRE_F_LEASE, 1, 3);
	PUT(&s, RECEIVE, 1, MOVE, 0, READ_REMOTE, 0, REPLY, 0);
	write_seed(&s);
	/* A request of another run, answered before and after its client comes back. */
	for (unsigned early = 0; early < 2; early++) {
		PUT(&s, DATAGRAM, 0);
		put_request(&s, WIRE_F_LEASE, 2, 1);
		PUT(&s, RECEIVE, 1);
		if (early)
			PUT(&s, REPLY, 0);
		PUT(&s, DATAGRAM, 0, GEN_RAW | GEN_HEADER, WIRE_TAKEOVER, 0, 3, 1, 0, 8, 0);
		PUT(&s, 8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, GEN_FD_SEQPACKET);
		PUT(&s, PEEK, 0, RECEIVE, 1, REPLY, early ? 0x40 : 0);
		write_seed(&s);
	}
	/* The right moves on. */
	PUT(&s, DATAGRAM, 0);
	put_request(&s, WIRE_F_OFFER, 1, 1);
	PUT(&s, RECEIVE, 1, CALL, 0x5c, 2, READ_REMOTE, 0, CLOSE_END, 0);
	write_seed(&s);
}

static void socket_seeds(void)
{
	Seed s = {.n = 0};

	begin("fuzz-socket");
	for (unsigned item = 0; item < _GEN_ITEM_N; item++) {
		PUT(&s, DATAGRAM, item % 3);
		put_datagram(&s, 0, item);
		PUT(&s, PEEK, item % 3, RECEIVE, item % 3 == 1 ? 0 : 1 + item % 3, DESTROY, item);
		write_seed(&s);
		/* It waits when the receive right moves away, or is destroyed. */
		PUT(&s, SET, 1, POLLABLE, 4, DATAGRAM, 0);
		put_datagram(&s, item & 1 ? GEN_BODY : 0, item);
		PUT(&s, SEND_HERE, item << 1, MOVE, 0, READ_REMOTE, 0);
		write_seed(&s);
	}
	for (unsigned i = 0; i < 4; i++) {
		PUT(&s, SEND_HERE, 0x80, NOTIFY, i | i << 3, DATAGRAM, 1);
		put_datagram(&s, 0, GEN_SEND_REMOTE);
		PUT(&s, RECEIVE, 0, NOTIFY, i | 0x28, KILL_REMOTE, 1, CALL, 1, RECEIVE, 1);
		write_seed(&s);
	}
	PUT(&s, KEEPER, 0, DATAGRAM, 0);
	put_datagram(&s, 0, GEN_SEND_ONCE);
	PUT(&s, DESTROY, 0, KEEPER, 0, RECEIVE, 1);
	write_seed(&s);
	call_seeds();
	serve_seeds();
	moved_seeds();
}

static void put_descriptor(Seed *s, unsigned type, unsigned name, unsigned disposition)
{
	PUT(s, type);
	switch (type) {
	case 1:
	case 3:
		/* address, size, how */
		PUT(s, 0x80 + name % 8, 40 + 60 * (name & 3), disposition & 1);
		break;
	case 2:
		PUT(s, 0x40 | (disposition & 1), disposition, name, name + 1);
		break;
	case 4:
		PUT(s, name, disposition, name & 1 ? 0x81 : 2);
		break;
	default:
		PUT(s, name, disposition);
	}
}

static void copyin_seeds(void)
{
	Seed s = {.n = 0};

	begin("fuzz-copyin");
	/* Every name as destination and as reply, with the disposition that fits some of them. */
	for (unsigned name = 0; name < 23; name++) {
		PUT(&s, 0x04, 1 + name % 5, 5, name, 4, 0);
		PUT(&s, 0x0c, 3, name % 6, 4, name, 0);
		PUT(&s, 0x14, 3, 1 + name % 5, 11, name, 0);
		write_seed(&s);
		for (unsigned type = 0; type < 5; type += 2) {
			PUT(&s, 0x0c, 3, 5, 5, 4, 1);
			put_descriptor(&s, type, name, name % 6);
			PUT(&s, 0x00, 3, 5, 11, 4, 2);
			put_descriptor(&s, type, name, type == 4 ? 0 : (name + 3) % 6);
			put_descriptor(&s, 1, name, name);
			write_seed(&s);
		}
	}
	/* Full queues, and what is given back. */
	for (unsigned i = 0; i < 6; i++)
		PUT(&s, 0x10, 3, 4, 4, 4, 0);
	write_seed(&s);
	/* A port into its own queue, and two into each other's. */
	PUT(&s, 0, 3, 5, 4, 0, 1);
	put_descriptor(&s, 0, 4, 0);
	write_seed(&s);
	PUT(&s, 0, 3, 5, 4, 0, 1);
	put_descriptor(&s, 0, 5, 0);
	PUT(&s, 0, 3, 5, 5, 0, 1);
	put_descriptor(&s, 0, 4, 0);
	write_seed(&s);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make-seeds DIRECTORY\n");
		return 2;
	}
	directory = argv[1];
	decode_seeds();
	socket_seeds();
	copyin_seeds();
	return 0;
}
