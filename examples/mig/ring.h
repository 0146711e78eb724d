/* SPDX-License-Identifier: Apache-2.0 */
/* To show that a right is one: a message of nothing but a header is sent to it, and received. */
#ifndef RING_H
#define RING_H

#include <mach/mach.h>
#include <stdio.h>
#include <stdlib.h>

#define RING_ID 4711

/* Rings at a port, with the right as the disposition says. */
static inline void ring(mach_port_t port, mach_msg_type_name_t disposition)
{
	mach_msg_header_t bell = {
		.msgh_bits = MACH_MSGH_BITS(disposition, 0),
		.msgh_size = sizeof(bell),
		.msgh_remote_port = port,
		.msgh_id = RING_ID,
	};
	mach_msg_return_t mr = mach_msg_send(&bell);

	if (mr != MACH_MSG_SUCCESS) {
		fprintf(stderr, "ring: %s\n", mach_error_string(mr));
		exit(1);
	}
}

/* 1 if it has rung at a receive right, or does within ten seconds; else 0. */
static inline int listen_once(mach_port_t port)
{
	struct {
		mach_msg_header_t header;
		mach_msg_trailer_t trailer;
	} bell;

	return mach_msg(&bell.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(bell), port, 10000,
		       MACH_PORT_NULL) == MACH_MSG_SUCCESS &&
	       bell.header.msgh_id == RING_ID;
}

#endif
