/* SPDX-License-Identifier: Apache-2.0 */
#include "port/express.h"
#include "port/names.h"
#include "port/sender.h"
#include "port/test-support.h"

typedef struct Plain {
	mach_msg_header_t header;
	uint8_t bytes[EXPRESS_MAX + 4];
} Plain;

static Plain plain_to(PortName dest)
{
	Plain msg = {.header = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
			     .msgh_remote_port = dest,
			     .msgh_id = 31}};

	memset(msg.bytes, 'e', sizeof(msg.bytes));
	return msg;
}

static PortName begin(Remote *remote)
{
	PortName name;
	Sender *sender;
	Plain msg;

	*remote = remote_make();
	name = remote_name(remote);
	/* By the usual way at first. */
	msg = plain_to(name);
	ASSERT_FALSE(express_send(&msg.header, sizeof(msg.header)));
	ASSERT_OK(LOCKED(sender_get(space_find(name)->port, &sender)));
	sender_put(sender);
	return name;
}

static void end(PortName name, Remote *remote)
{
	if (type_of(name))
		ASSERT_OK(LOCKED(name_destroy(name)));
	remote_free(remote);
}

PORT_TEST(plain_messages)
{
	Remote remote;
	PortName name = begin(&remote);
	Plain msg = plain_to(name);
	struct {
		WireHeader h;
		uint8_t bytes[EXPRESS_MAX];
	} got;

	for (uint32_t n = 0; n <= EXPRESS_MAX; n += 64) {
		ASSERT_TRUE(express_send(&msg.header, sizeof(msg.header) + n));
		ASSERT_EQ(recv(remote.sock, &got, sizeof(got), MSG_DONTWAIT | MSG_TRUNC),
			(ssize_t)(sizeof(got.h) + n));
		ASSERT_PTR_EQ(decode_header((uint8_t *)&got, sizeof(got)), &got.h);
		ASSERT_EQ(got.h.type, WIRE_MESSAGE);
		ASSERT_EQ(got.h.id, 31);
		ASSERT_EQ(got.h.tail_size, n);
		ASSERT_EQ(got.h.flags + got.h.n_records, 0);
		ASSERT_MEMEQ(got.h.secret, remote.ident.secret, sizeof(got.h.secret));
		ASSERT_MEMEQ(got.bytes, msg.bytes, n);
	}
	end(name, &remote);
}

PORT_TEST(what_goes_the_usual_way)
{
	Remote remote;
	PortName name = begin(&remote), receive = make_receive(NULL);
	Plain msg = plain_to(name);
	const mach_msg_size_t size = sizeof(msg.header);

	ASSERT_FALSE(express_send(&msg.header, size - 4));
	ASSERT_FALSE(express_send(&msg.header, size + 2));
	ASSERT_FALSE(express_send(&msg.header, size + EXPRESS_MAX + 4));
	msg.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	ASSERT_FALSE(express_send(&msg.header, size));
	msg = plain_to(name);
	msg.header.msgh_local_port = receive;
	ASSERT_FALSE(express_send(&msg.header, size));
	msg = plain_to(name);
	msg.header.msgh_voucher_port = receive;
	ASSERT_FALSE(express_send(&msg.header, size));
	msg = plain_to(receive);
	ASSERT_FALSE(express_send(&msg.header, size));
	msg = plain_to(0x7654303);
	ASSERT_FALSE(express_send(&msg.header, size));
	ASSERT_LT(recv(remote.sock, &msg, sizeof(msg), MSG_DONTWAIT), 0);
	ASSERT_OK(LOCKED(name_destroy(receive)));
	end(name, &remote);
}

PORT_TEST(full_and_dead_ports)
{
	Remote remote;
	PortName name = begin(&remote);
	Plain msg = plain_to(name);
	unsigned n = 0;

	while (express_send(&msg.header, sizeof(msg.header)))
		ASSERT_LT(n++, 100000);
	ASSERT_GT(n, 0);
	ASSERT_EQ(mach_msg(&msg.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg.header), 0, 0,
			  0, 0),
		MACH_SEND_TIMED_OUT);
	remote_die(&remote);
	msg = plain_to(name);
	ASSERT_FALSE(express_send(&msg.header, sizeof(msg.header)));
	ASSERT_EQ(mach_msg(&msg.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg.header), 0, 0,
			  0, 0),
		MACH_SEND_INVALID_DEST);
	ASSERT_EQ(type_of(name), ENTRY_DEAD_NAME);
	end(name, &remote);
}
