/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the codec: a message encoded, as the bytes and descriptors that would go out, and decoded
 * again as often as one likes.
 */
#pragma once

#include "port/encode.h"
#include "port/move.h"
#include "port/test-support.h"

#define PACKET_FDS 600u

typedef struct Packet {
	uint8_t bytes[WIRE_MAX_DATAGRAM];
	size_t n_bytes;
	int fds[PACKET_FDS];
	unsigned n_fds;
	bool has_receive;
} Packet;

/* The packet has duplicates of the descriptors; the message stays as it is. Returns the encoder's
 * result. */
__attribute__((__unused__)) static int packet_encode(Packet *p, Message *m)
{
	Encoder e;
	int r;

	p->n_bytes = p->n_fds = 0;
	encoder_init(&e);
	r = encode_message(&e, m);
	for (unsigned i = 0; !r && i < e.n_iov; i++) {
		if (e.iov[i].iov_len == 0)
			continue;
		memcpy(p->bytes + p->n_bytes, e.iov[i].iov_base, e.iov[i].iov_len);
		p->n_bytes += e.iov[i].iov_len;
	}
	for (unsigned i = 0; !r && i < e.n_fds; i++)
		p->fds[p->n_fds++] = fd_dup(e.fds[i]);
	p->has_receive = e.has_receive;
	encoder_deinit(&e);
	return r;
}

__attribute__((__unused__)) static void packet_close(Packet *p)
{
	for (unsigned i = 0; i < p->n_fds; i++)
		(void)probe_close_consume(p->fds[i]);
	p->n_fds = 0;
}

/* Decodes `n_bytes` of it with duplicates of its descriptors, as if it had arrived at `port`. *m is
 * on the heap on success, NULL otherwise. With the lock. */
__attribute__((__unused__)) static int packet_decode(
	const Packet *p, size_t n_bytes, Port *port, bool cut, Message **ret)
{
	Creds creds = {.pid = 1000, .uid = getuid(), .gid = getgid()};
	uint8_t *bytes = malloc(n_bytes + 1);
	const WireHeader *h;
	int fds[PACKET_FDS];
	Message m;
	int r = -1;
	Decoder d = {
		.bytes = bytes,
		.n_bytes = n_bytes,
		.fds = fds,
		.n_fds = p->n_fds,
		.creds = &creds,
		.cut = cut,
	};

	memcpy(bytes, p->bytes, n_bytes);
	for (unsigned i = 0; i < p->n_fds; i++)
		fds[i] = fd_dup(p->fds[i]);
	*ret = NULL;
	h = decode_header(bytes, n_bytes);
	if (h)
		r = decode_message(&d, h, port, &m);
	decoder_deinit(&d);
	if (h && !r)
		*ret = message_to_heap(&m);
	free(bytes);
	return r;
}

/* There and back. The message is disposed of as after a send. */
__attribute__((__unused__)) static Message *message_travel(Message *m, Port *port)
{
	static Packet packet;
	Message *back = NULL;
	int r;

	task_lock();
	r = packet_encode(&packet, m);
	if (!r) {
		if (packet.has_receive)
			move_commit_message(m);
		message_clear_sent(m);
		r = packet_decode(&packet, packet.n_bytes, port, false, &back);
	}
	packet_close(&packet);
	task_unlock();
	ASSERT_OK(r);
	ASSERT_NOT_NULL(back);
	return back;
}
