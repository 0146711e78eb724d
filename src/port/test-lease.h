/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of leases, in which the other side is raw sockets: datagrams by hand. */
#pragma once

#include "base/sockmsg.h"
#include "port/names.h"
#include "port/test-support.h"
#include "port/wire.h"

typedef struct Datagram {
	WireHeader h;
	uint8_t rest[512];
	size_t n_bytes;
	int fd; /* the first one that came with it; -EBADF */
} Datagram;

/* Without waiting. False: nothing is there, or the end. */
__attribute__((__unused__)) static bool read_datagram(int sock, Datagram *ret)
{
	struct iovec iov = {&ret->h, sizeof(ret->h) + sizeof(ret->rest)};
	SockMsg sm;

	memset(ret, 0, sizeof(*ret));
	ret->fd = -EBADF;
	if (sockmsg_recv(sock, &iov, 1, &sm, MSG_DONTWAIT))
		return false;
	ret->n_bytes = sm.n_bytes;
	ret->fd = fdlist_steal(&sm.fds, 0);
	sockmsg_deinit(&sm);
	return ret->n_bytes > 0;
}

__attribute__((__unused__)) static bool has_ended(int sock)
{
	char byte;

	(void)reaper_wait(WAIT_MS);
	return recv(sock, &byte, 1, MSG_DONTWAIT) == 0;
}

__attribute__((__unused__)) static void write_datagram(int sock, WireHeader h, int fd)
{
	struct iovec iov = {&h, sizeof(h)};
	FdList fds = FDLIST_INIT;

	h.magic = WIRE_MAGIC;
	h.version = WIRE_VERSION;
	if (fd >= 0)
		ASSERT_OK(fdlist_add_borrow(&fds, fd));
	ASSERT_OK(sockmsg_send(sock, &iov, 1, &fds, MSG_DONTWAIT));
	fdlist_deinit(&fds);
}

__attribute__((__unused__)) static int32_t receive_id(PortName name)
{
	struct {
		mach_msg_header_t header;
		uint8_t rest[512];
	} msg;

	if (mach_msg(&msg.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(msg), name, 0, 0))
		return 0;
	mach_msg_destroy(&msg.header);
	return msg.header.msgh_id;
}

__attribute__((__unused__)) static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}
