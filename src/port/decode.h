/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A datagram as a message. Everything in it is hostile: sizes, counts, kinds, descriptors. A
 * decoder returns KERN_INVALID_ARGUMENT for whatever does not fit, and then nothing of it is
 * left: every descriptor is closed by probe_close_consume(), no object refers to it.
 */
#pragma once

#include "port/message.h"
#include "port/probe.h"
#include "port/types.h"
#include "port/wire.h"

typedef struct Decoder {
	const uint8_t *bytes;
	size_t n_bytes;
	int *fds; /* taken out one by one; -EBADF where taken */
	bool fds_heap;
	uint32_t n_fds;
	uint32_t next_fd;
	Creds *creds;
	uint32_t room; /* for descriptors from a carrier */
	bool cut; /* descriptors were lost on the way: rights may be missing */
	bool rights_lost; /* out: a right became MACH_PORT_NULL for that reason */
} Decoder;

/* The header alone: magic, version, type, sizes. Returns NULL if it is not one. */
const WireHeader *decode_header(const uint8_t *bytes, size_t n_bytes);

/* Fills `m`, which is empty before and borrows the tail from d->bytes. `port` is the port that
 * the datagram arrived at. Returns 0, KERN_INVALID_ARGUMENT, KERN_RESOURCE_SHORTAGE. */
int decode_message(Decoder *d, const WireHeader *header, Port *port, Message *m);

/* For move.c. */
int decode_take_fd(Decoder *d);
/* A descriptor of the expected kind; any other is closed and refused. */
int decode_take_kind(Decoder *d, ProbeKind kind);
int decode_right(Decoder *d, const WireRecord *record, Right *ret);

/* Closes what is left. */
void decoder_deinit(Decoder *d);
