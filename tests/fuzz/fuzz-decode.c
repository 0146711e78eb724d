/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder: one datagram, as if it had arrived at a port of this process, and what may become of
 * the message. Afterwards there is as much as there was before: no descriptor more, no name more, and
 * every count right.
 *
 *	input := how datagram...
 *
 * Further datagrams meet what the ones before have left: ports that are known, ids that are taken.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "port/copyout.h"
#include "port/decode.h"
#include "port/encode.h"
#include "port/message.h"
#include "port/queue.h"
#include "port/task.h"

#define MAX_DATAGRAMS 4
#define BUFFER_SIZE (1u << 20)

enum {
	HOW_NAMES = 1 << 0, /* its rights get names */
	HOW_QUEUE = 1 << 1, /* it waits in the port's queue */
	HOW_ENCODE = 1 << 2, /* it is sent on */
	HOW_CUT = 1 << 3, /* the kernel lost descriptors */
	HOW_STRANGER = 1 << 4,
	HOW_KEEP = 1 << 5, /* they stay */
};

/* As a receiver does. */
static void give_names(Port *port, Message *m, bool keep)
{
	static uint8_t buffer[BUFFER_SIZE];
	Received received = {.m = m, .port = port};

	if (m->size + MAX_TRAILER_SIZE > sizeof(buffer))
		return;
	(void)copyout(&received, (mach_msg_header_t *)(void *)buffer,
		MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AV));
	for (uint32_t i = 0; i < m->n_items; i++)
		MUST(!m->items[i].owned);
	task_unlock();
	if (keep)
		fuzz_keep_rights((mach_msg_header_t *)(void *)buffer);
	else
		mach_msg_destroy((mach_msg_header_t *)(void *)buffer);
	task_lock();
}

static void send_on(Message *m)
{
	Encoder e;

	encoder_init(&e);
	if (encode_message(&e, m) == 0) {
		MUST(e.header.n_records == e.n_records);
		MUST(e.n_bytes <= WIRE_MAX_DATAGRAM || e.header.flags & WIRE_F_BODY);
	}
	encoder_deinit(&e);
}

static void dispose(Port *port, Message *m, unsigned how)
{
	Message *heap;

	if (how & HOW_ENCODE)
		send_on(m);
	if (how & HOW_QUEUE) {
		MUST(message_note_transit(m, port) == 0);
		heap = message_to_heap(m);
		MUST(heap != NULL);
		queue_append_take(port, heap);
		return;
	}
	if (how & HOW_NAMES)
		give_names(port, m, how & HOW_KEEP);
	message_free(m);
}

/* The bytes in a block of their exact size, for the sake of the sanitizer. */
static void decode_one(Port *port, const Datagram *datagram, unsigned how)
{
	Creds creds = {.pid = 77, .uid = how & HOW_STRANGER ? 65534 : getuid()};
	_cleanup_free_ uint8_t *bytes = malloc(datagram->n_bytes + 1);
	int fds[GEN_MAX_FDS];
	const WireHeader *h;
	Message m;
	Decoder d = {
		.bytes = bytes,
		.n_bytes = datagram->n_bytes,
		.fds = fds,
		.n_fds = datagram->n_fds,
		.creds = &creds,
		.cut = how & HOW_CUT,
	};

	MUST(bytes != NULL);
	memcpy(bytes, datagram->bytes, datagram->n_bytes);
	memcpy(fds, datagram->fds, datagram->n_fds * sizeof(int));
	h = decode_header(bytes, datagram->n_bytes);
	if (h && decode_message(&d, h, port, &m) == 0) {
		MUST(m.size % 4 == 0 && m.size >= sizeof(mach_msg_header_t));
		MUST(m.complex || m.n_items == 0);
		MUST(d.cut || d.next_fd == d.n_fds);
		decoder_deinit(&d);
		dispose(port, &m, how);
	} else {
		decoder_deinit(&d);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Datagram datagram;
	Input in = {data, data + size};
	unsigned n = 0;
	WireGen gen;
	Port *port;

	fuzz_begin();
	wiregen_init(&gen);
	(void)fuzz_port(&port);
	fuzz_aim(&gen, port);
	do {
		unsigned how = input_u8(&in);

		wiregen_datagram(&gen, &in, &datagram);
		task_lock();
		decode_one(port, &datagram, how);
		task_unlock();
		must_be_in_order();
	} while (!input_is_over(&in) && ++n < MAX_DATAGRAMS);
	portcheck_clear();
	wiregen_deinit(&gen);
	must_be_empty();
	return 0;
}
