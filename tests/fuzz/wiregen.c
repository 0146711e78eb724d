/* SPDX-License-Identifier: Apache-2.0 */
/* See wiregen.h. Whatever fails for want of descriptors or memory here ends the process: it is not
 * what is being tested. */
#include "tests/fuzz/wiregen.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mach/mach.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/memfd.h"
#include "port/answer.h"
#include "port/carrier.h"
#include "port/ident.h"
#include "port/kobject.h"
#include "port/portdir.h"

#define MAX_DEPTH 2
#define HUGE_SIZE (UINT64_C(1) << 43)
#define MEMFD_SIZE 8192u
#define PAGE_SIZE_OF_SEMAPHORE 4096

/* Input. */

uint8_t input_u8(Input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

uint16_t input_u16(Input *in)
{
	uint16_t low = input_u8(in);

	return (uint16_t)(low | input_u8(in) << 8);
}

uint32_t input_u32(Input *in)
{
	uint32_t low = input_u16(in);

	return low | (uint32_t)input_u16(in) << 16;
}

uint64_t input_u64(Input *in)
{
	uint64_t low = input_u32(in);

	return low | (uint64_t)input_u32(in) << 32;
}

static void input_bytes(Input *in, void *ret, size_t n)
{
	uint8_t *p = ret;

	while (n-- > 0)
		*p++ = input_u8(in);
}

/* Descriptors. */

static int must(int fd)
{
	if (fd < 0)
		abort();
	return fd_above_stdio_consume(fd);
}

void wiregen_keep(WireGen *gen, int fd)
{
	if (gen->n_kept == GEN_MAX_KEPT) {
		close(gen->kept[0]);
		memmove(gen->kept, gen->kept + 1, (GEN_MAX_KEPT - 1) * sizeof(int));
		gen->n_kept--;
	}
	gen->kept[gen->n_kept++] = fd;
}

static int end_of_pair(WireGen *gen, int type, bool keep)
{
	int pair[2], on = 1;

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	(void)setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	if (keep)
		wiregen_keep(gen, pair[1]);
	else
		close(pair[1]);
	return pair[0];
}

static int end_of_pipe(WireGen *gen, bool reading)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		abort();
	wiregen_keep(gen, ends[reading]);
	return ends[!reading];
}

static int both_ends_of_pipe(void)
{
	char path[32];
	int ends[2], fd;

	if (pipe2(ends, O_CLOEXEC) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	fd = must(open(path, O_RDWR | O_CLOEXEC));
	close(ends[0]);
	close(ends[1]);
	return fd;
}

static bool send_raw(int sock, const void *bytes, size_t n_bytes, const int *fds, unsigned n_fds)
{
	struct iovec iov = {(void *)(uintptr_t)bytes, n_bytes};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(GEN_MAX_FDS * sizeof(int))];
	} control;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds > 0) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	return sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static int full_end(const int *fds, unsigned n_fds)
{
	int near, far;

	if (answer_pair(&near, &far))
		abort();
	(void)send_raw(far, "unasked", 8, fds, n_fds);
	close(far);
	return near;
}

static int memfd_of(uint64_t size, int seal)
{
	static const char text[] = "out of line, and sealed";
	int fd = must(memfd_new("fuzz"));

	if (ftruncate(fd, (off_t)size) < 0 || pwrite(fd, text, sizeof(text), 0) < 0)
		abort();
	if (seal && (seal > 1 ? memfd_seal_size(fd) : memfd_seal(fd)))
		abort();
	return fd;
}

static int listening_socket(void)
{
	int fd = must(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	sa_family_t any = AF_UNIX;

	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0)
		(void)listen(fd, 1);
	return fd;
}

static int fresh_addr(void)
{
	Ident ident;
	int sock, addr;

	if (portdir_mint(&sock, &addr, &ident))
		abort();
	close(sock);
	return addr;
}

static int fd_with_fds(WireGen *gen)
{
	int fds[2] = {must(eventfd(0, EFD_CLOEXEC)), end_of_pipe(gen, true)};
	int fd = full_end(fds, 2);

	close(fds[0]);
	close(fds[1]);
	return fd;
}

static int other_fd(WireGen *gen, unsigned kind)
{
	switch (kind) {
	case GEN_FD_EVENTFD:
		return must(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	case GEN_FD_DIRECTORY:
		return must(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	case GEN_FD_EPOLL:
		return must(epoll_create1(EPOLL_CLOEXEC));
	case GEN_FD_PIDFD:
		return must((int)syscall(SYS_pidfd_open, getpid(), 0));
	case GEN_FD_REMOTE_SOCK:
		return must(fd_dup(wiregen_remote(gen, 0)->sock));
	case GEN_FD_PATH:
		return must(open("/dev/null", O_PATH | O_CLOEXEC));
	default:
		return must(open("/dev/null", O_RDWR | O_CLOEXEC));
	}
}

/* With descriptors in it, and the writer kept; or with its one connection gone. */
static int carrier_with(WireGen *gen, bool there)
{
	int fds[2] = {fresh_addr(), end_of_pipe(gen, false)};
	int writer, carrier;

	if (carrier_new(&writer, &carrier))
		abort();
	(void)carrier_write(writer, NULL, 0, fds, 2);
	close(fds[0]);
	close(fds[1]);
	if (!there)
		close(must(accept4(carrier, NULL, NULL, SOCK_CLOEXEC)));
	wiregen_keep(gen, writer);
	return carrier;
}

int wiregen_fd(WireGen *gen, unsigned kind)
{
	switch (kind % _GEN_FD_N) {
	case GEN_FD_SEQPACKET:
		return end_of_pair(gen, SOCK_SEQPACKET, true);
	case GEN_FD_SEQPACKET_ENDED:
		return end_of_pair(gen, SOCK_SEQPACKET, false);
	case GEN_FD_SEQPACKET_FULL:
		return full_end(NULL, 0);
	case GEN_FD_SEQPACKET_FDS:
		return fd_with_fds(gen);
	case GEN_FD_SEQPACKET_LISTENING:
		return listening_socket();
	case GEN_FD_CARRIER:
		return carrier_with(gen, true);
	case GEN_FD_CARRIER_TAKEN:
		return carrier_with(gen, false);
	case GEN_FD_DGRAM:
		return end_of_pair(gen, SOCK_DGRAM, true);
	case GEN_FD_STREAM:
		return end_of_pair(gen, SOCK_STREAM, true);
	case GEN_FD_PIPE_R:
		return end_of_pipe(gen, true);
	case GEN_FD_PIPE_W:
		return end_of_pipe(gen, false);
	case GEN_FD_PIPE_RW:
		return both_ends_of_pipe();
	case GEN_FD_ADDR:
		return fresh_addr();
	case GEN_FD_ADDR_OWN:
		return must(fd_dup(gen->addr));
	case GEN_FD_MEMFD:
		return memfd_of(MEMFD_SIZE, 1);
	case GEN_FD_MEMFD_SMALL:
		return memfd_of(64, 1);
	case GEN_FD_MEMFD_UNSEALED:
		return memfd_of(MEMFD_SIZE, 0);
	case GEN_FD_MEMFD_HUGE:
		return memfd_of(HUGE_SIZE, 1);
	case GEN_FD_MEMFD_PAGE:
		return memfd_of(PAGE_SIZE_OF_SEMAPHORE, 2);
	default:
		return other_fd(gen, kind % _GEN_FD_N);
	}
}

/* The peer. */

void wiregen_init(WireGen *gen)
{
	memset(gen, 0, sizeof(*gen));
	gen->addr = -EBADF;
	for (unsigned i = 0; i < GEN_REMOTES; i++)
		gen->remotes[i].sock = -EBADF;
}

GenRemote *wiregen_remote(WireGen *gen, unsigned i)
{
	GenRemote *remote = &gen->remotes[i % GEN_REMOTES];
	int ends[2];
	Ident ident;

	if (remote->sock >= 0)
		return remote;
	if (portdir_mint(&remote->sock, &remote->addr, &ident) || pipe2(ends, O_CLOEXEC) < 0)
		abort();
	(void)(void)!fd_set_nonblock(remote->sock, true);
	remote->pipe_r = ends[0];
	remote->pipe_w = ends[1];
	memset(remote->secret, (int)(0x40 + i % GEN_REMOTES), sizeof(remote->secret));
	return remote;
}

void wiregen_deinit(WireGen *gen)
{
	for (unsigned i = 0; i < gen->n_kept; i++)
		close(gen->kept[i]);
	for (unsigned i = 0; i < GEN_REMOTES; i++) {
		GenRemote *remote = &gen->remotes[i];

		if (remote->sock < 0)
			continue;
		close(remote->sock);
		close(remote->addr);
		close(remote->pipe_r);
		close(remote->pipe_w);
	}
}

/* Datagrams. */

static bool add_fd(Datagram *d, int fd)
{
	if (d->n_fds == GEN_MAX_FDS) {
		close(fd);
		return false;
	}
	d->fds[d->n_fds++] = fd;
	return true;
}

static WireHeader *header_of(Datagram *d)
{
	return (WireHeader *)(void *)d->bytes;
}

/* A spare one when there is no room. */
static WireRecord *add_record(Datagram *d)
{
	static WireRecord spare;
	WireRecord *record;

	if (d->n_bytes + sizeof(*record) > GEN_MAX_BYTES)
		return &spare;
	record = (WireRecord *)(void *)(d->bytes + d->n_bytes);
	memset(record, 0, sizeof(*record));
	d->n_bytes += sizeof(*record);
	header_of(d)->n_records++;
	return record;
}

static void add_send(Datagram *d, WireRecord *record, int addr, int pipe_w, const uint8_t *secret)
{
	record->kind = WIRE_SEND;
	record->n_fds = 2;
	memcpy(record->value, secret, sizeof(record->value));
	(void)add_fd(d, addr);
	(void)add_fd(d, pipe_w);
}

static void add_send_of(WireGen *gen, Input *in, Datagram *d, WireRecord *record, unsigned item)
{
	static const uint8_t other[16] = "somebody else's";
	GenRemote *remote;

	switch (item) {
	case GEN_SEND_OWN:
		add_send(d, record, must(fd_dup(gen->addr)), end_of_pipe(gen, false), gen->secret);
		break;
	case GEN_SEND_OLD:
		add_send(d, record, must(fd_dup(gen->addr)), end_of_pipe(gen, false), other);
		break;
	case GEN_SEND_REMOTE:
		remote = wiregen_remote(gen, input_u8(in));
		add_send(d, record, must(fd_dup(remote->addr)), must(fd_dup(remote->pipe_w)),
			remote->secret);
		break;
	default:
		add_send(d, record, fresh_addr(), end_of_pipe(gen, false), other);
	}
}

/* A carrier with datagrams in it. */
static int carrier_of(WireGen *gen, Input *in)
{
	Datagram *inner = malloc(sizeof(*inner));
	unsigned n = input_u8(in) & 3;
	int near, far;

	if (!inner || carrier_new(&far, &near))
		abort();
	gen->depth++;
	while (n-- > 0 && gen->depth <= MAX_DEPTH) {
		wiregen_datagram(gen, in, inner);
		(void)datagram_send(inner, far);
		datagram_deinit(inner);
	}
	gen->depth--;
	free(inner);
	close(far);
	return near;
}

static void add_receive(WireGen *gen, Input *in, Datagram *d, WireRecord *record, bool remote)
{
	unsigned counts = input_u8(in);
	unsigned n_pipes = counts & 3, n_answers = counts >> 2 & 3, n_carriers = counts >> 4 & 1;
	Ident ident;
	int sock, addr;

	record->kind = WIRE_RECEIVE;
	record->count = counts >> 5;
	record->size = n_pipes | n_answers << 16 | (uint64_t)n_carriers << 32;
	record->n_fds = 2 + n_pipes + n_answers + n_carriers;
	if (remote) {
		GenRemote *r = wiregen_remote(gen, input_u8(in));

		sock = must(fd_dup(r->sock));
		addr = must(fd_dup(r->addr));
		memcpy(record->value, r->secret, sizeof(record->value));
	} else if (portdir_mint(&sock, &addr, &ident)) {
		abort();
	}
	(void)add_fd(d, sock);
	(void)add_fd(d, addr);
	while (n_pipes-- > 0)
		(void)add_fd(d, end_of_pipe(gen, true));
	while (n_answers-- > 0)
		(void)add_fd(d, wiregen_fd(gen, input_u8(in) & 3));
	while (n_carriers-- > 0)
		(void)add_fd(d, carrier_of(gen, in));
}

static void add_object(WireGen *gen, Input *in, Datagram *d, WireRecord *record, bool semaphore)
{
	record->kind = WIRE_KOBJECT;
	record->value[0] = input_u8(in) & 3; /* few ids, so that they meet again */
	if (semaphore) {
		record->aux = KOBJECT_SEMAPHORE;
		record->n_fds = 2;
		(void)add_fd(d, memfd_of(PAGE_SIZE_OF_SEMAPHORE, 2));
		(void)add_fd(d, end_of_pipe(gen, true));
	} else {
		record->aux = KOBJECT_FILEPORT;
		record->n_fds = 1;
		(void)add_fd(d, wiregen_fd(gen, input_u8(in)));
	}
}

static void add_any_record(WireGen *gen, Input *in, Datagram *d, WireRecord *record)
{
	unsigned n;

	input_bytes(in, record, sizeof(*record));
	n = input_u8(in) & 7;
	while (n-- > 0)
		(void)add_fd(d, wiregen_fd(gen, input_u8(in)));
}

/* A right, where one is expected. */
static void add_right(WireGen *gen, Input *in, Datagram *d, WireRecord *record, unsigned item)
{
	switch (item) {
	case GEN_NULL:
		record->kind = WIRE_NULL;
		break;
	case GEN_DEAD:
		record->kind = WIRE_DEAD;
		break;
	case GEN_SEND_ONCE:
		record->kind = WIRE_SEND_ONCE;
		record->n_fds = 1;
		(void)add_fd(d, end_of_pair(gen, SOCK_SEQPACKET, true));
		break;
	case GEN_RECEIVE_REMOTE:
	case GEN_RECEIVE_FRESH:
		add_receive(gen, in, d, record, item == GEN_RECEIVE_REMOTE);
		break;
	case GEN_SEMAPHORE:
	case GEN_FILEPORT:
		add_object(gen, in, d, record, item == GEN_SEMAPHORE);
		break;
	case GEN_RECORD:
		add_any_record(gen, in, d, record);
		break;
	default:
		add_send_of(gen, in, d, record, item);
	}
	if (item != GEN_RECORD)
		record->disposition = MACH_MSG_TYPE_PORT_SEND;
}

static size_t add_memory(Input *in, Datagram *d, WireRecord *record, bool fd)
{
	record->type = MACH_MSG_OOL_DESCRIPTOR;
	record->kind = WIRE_MEMORY;
	record->size = input_u16(in) & 0x3ff;
	record->flags = input_u8(in) & WIRE_RF_DEALLOCATE;
	record->copy = MACH_MSG_PHYSICAL_COPY;
	if (record->size == 0)
		return 0;
	if (!fd) {
		record->flags |= WIRE_RF_INLINE;
		return record->size;
	}
	record->n_fds = 1;
	record->value[0] = input_u8(in);
	(void)add_fd(d, memfd_of(MEMFD_SIZE, 1));
	return 0;
}

/* Returns how many bytes of inline memory go with it. */
static size_t add_item(WireGen *gen, Input *in, Datagram *d)
{
	unsigned item = input_u8(in) % _GEN_ITEM_N;
	WireRecord *record = add_record(d);
	unsigned n;

	switch (item) {
	case GEN_MEMORY:
	case GEN_MEMORY_FD:
		return add_memory(in, d, record, item == GEN_MEMORY_FD);
	case GEN_PORTS:
		n = input_u8(in);
		record->type = MACH_MSG_OOL_PORTS_DESCRIPTOR;
		record->kind = WIRE_PORTS;
		record->disposition = n >> 4;
		record->count = n &= 7;
		item = input_u8(in) % _GEN_ITEM_N;
		while (n-- > 0)
			add_right(gen, in, d, add_record(d), item);
		return 0;
	case GEN_GUARDED:
		record->type = MACH_MSG_GUARDED_PORT_DESCRIPTOR;
		record->guard_flags = input_u8(in) & 3;
		record->context = 42;
		add_receive(gen, in, d, record, false);
		return 0;
	default:
		record->type = MACH_MSG_PORT_DESCRIPTOR;
		add_right(gen, in, d, record, item);
		return 0;
	}
}

static void add_bytes(Input *in, Datagram *d, size_t n)
{
	n = MIN(n, GEN_MAX_BYTES - d->n_bytes);
	input_bytes(in, d->bytes + d->n_bytes, n);
	d->n_bytes += n;
}

static void add_items(WireGen *gen, Input *in, Datagram *d, bool reply)
{
	WireHeader *h = header_of(d);
	unsigned n = input_u8(in);
	size_t memory = 0;

	h->tail_size = (n >> 4) * 4;
	n &= 15;
	if (reply) {
		h->flags |= WIRE_F_REPLY;
		h->reply_disposition = MACH_MSG_TYPE_PORT_SEND_ONCE;
		add_right(gen, in, d, add_record(d), input_u8(in) % _GEN_ITEM_N);
	}
	if (n > 0)
		h->flags |= WIRE_F_COMPLEX;
	while (n-- > 0)
		memory += add_item(gen, in, d);
	add_bytes(in, d, h->tail_size);
	add_bytes(in, d, memory);
}

static void fill_header(WireGen *gen, Input *in, Datagram *d, unsigned mode)
{
	WireHeader *h = header_of(d);

	memset(h, 0, sizeof(*h));
	d->n_bytes = sizeof(*h);
	if (mode & GEN_RAW_HEADER)
		input_bytes(in, h, sizeof(*h));
	else
		h->id = 1000;
	h->magic = WIRE_MAGIC;
	h->version = WIRE_VERSION;
	if (!(mode & GEN_RAW_HEADER))
		h->type = WIRE_MESSAGE;
	if (mode & GEN_HEADER) {
		h->type = input_u8(in) % 7;
		h->flags = input_u8(in);
		h->lease_id = input_u8(in) & 3;
		h->lease_seq = input_u8(in) & 7;
	}
	if (!(mode & GEN_NO_SECRET))
		memcpy(h->secret, gen->secret, sizeof(h->secret));
}

static void move_body_to_memfd(Datagram *d)
{
	int fd = must(memfd_new("fuzz-body"));
	size_t n = d->n_bytes - sizeof(WireHeader);

	if (pwrite(fd, d->bytes + sizeof(WireHeader), n, 0) < 0 || memfd_seal(fd))
		abort();
	if (!add_fd(d, fd))
		return;
	d->n_bytes = sizeof(WireHeader);
	header_of(d)->flags |= WIRE_F_BODY;
}

static void move_fds_to_carrier(Datagram *d)
{
	int near, far;

	if (d->n_fds == 0 || carrier_new(&far, &near))
		return;
	/* As many packets as an honest sender would not use. */
	for (unsigned i = 0; i < d->n_fds; i += 3) {
		if (!send_raw(far, "", 1, d->fds + i, MIN(d->n_fds - i, 3u)))
			break;
	}
	close(far);
	for (unsigned i = 0; i < d->n_fds; i++)
		close(d->fds[i]);
	d->fds[0] = near;
	d->n_fds = 1;
	header_of(d)->flags |= WIRE_F_CARRIER;
}

static void patch(WireGen *gen, Input *in, Datagram *d)
{
	unsigned counts = input_u8(in);

	for (unsigned n = counts & 7; n > 0; n--) {
		size_t at = input_u16(in) % d->n_bytes;

		d->bytes[at] ^= input_u8(in);
	}
	for (unsigned n = counts >> 3 & 3; n > 0 && d->n_fds > 0; n--) {
		unsigned i = input_u8(in) % d->n_fds;

		close(d->fds[i]);
		d->fds[i] = wiregen_fd(gen, input_u8(in));
	}
	if (counts & 0x20)
		(void)add_fd(d, wiregen_fd(gen, input_u8(in)));
	if (counts & 0x40 && d->n_fds > 0)
		close(d->fds[--d->n_fds]);
	if (counts & 0x80)
		d->n_bytes -= MIN(d->n_bytes - 1, input_u16(in));
}

void wiregen_datagram(WireGen *gen, Input *in, Datagram *d)
{
	unsigned mode = input_u8(in);
	unsigned n;

	d->n_fds = 0;
	fill_header(gen, in, d, mode);
	if (mode & GEN_RAW) {
		if (!(mode & GEN_RAW_HEADER)) {
			header_of(d)->n_records = input_u8(in);
			header_of(d)->tail_size = input_u16(in) & 0xfff;
		}
		add_bytes(in, d, input_u16(in) & 0xfff);
		for (n = input_u8(in) & 15; n > 0; n--)
			(void)add_fd(d, wiregen_fd(gen, input_u8(in)));
	} else {
		header_of(d)->n_records = header_of(d)->tail_size = 0;
		add_items(gen, in, d, mode & GEN_REPLY);
	}
	if (mode & GEN_BODY)
		move_body_to_memfd(d);
	if (mode & GEN_PATCHED)
		patch(gen, in, d);
	if (mode & GEN_CARRIER)
		move_fds_to_carrier(d);
}

void datagram_deinit(Datagram *d)
{
	for (unsigned i = 0; i < d->n_fds; i++)
		close(d->fds[i]);
	d->n_fds = 0;
}

bool datagram_send(const Datagram *d, int sock)
{
	return send_raw(sock, d->bytes, d->n_bytes, d->fds, d->n_fds);
}
