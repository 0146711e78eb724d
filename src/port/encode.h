/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as a datagram.
 *
 * Encoding first turns each right into a form that can leave (a port gets its descriptors, a
 * local send-once right becomes a pair); that is harmless if the send then fails: the right is
 * as good as before. The descriptors in the list stay owned by the rights until the datagram is
 * out; whoever sent it then disposes of the rights (message_clear_sent()), or leaves them as they are.
 */
#pragma once

#include <sys/uio.h>

#include "port/kobject.h"
#include "port/types.h"
#include "port/wire.h"

#define ENCODE_STACK_FDS 32
#define ENCODE_STACK_RECORDS 4
#define ENCODE_MAX_IOV 12

typedef struct Encoder {
	WireHeader header;
	WireRecord stack_records[ENCODE_STACK_RECORDS];
	WireRecord *records;
	uint32_t n_records;
	uint32_t cap_records;
	int stack_fds[ENCODE_STACK_FDS];
	int *fds; /* borrowed from the rights, but for `own` */
	uint32_t n_fds;
	uint32_t n_carried; /* descriptors that are in a carrier instead */
	uint32_t cap_fds;
	int body; /* the memfd of the body; its close() waits for nobody */
	int *own; /* other descriptors made for this datagram: closed at the end */
	uint32_t n_own;
	uint32_t cap_own;
	int plain[KOBJECT_MAX_FDS]; /* the same, of kinds that can be closed at once */
	uint32_t n_plain;
	struct iovec iov[ENCODE_MAX_IOV];
	uint32_t n_iov;
	size_t n_bytes;
	bool has_receive;
} Encoder;

void encoder_init(Encoder *e);
void encoder_deinit(Encoder *e);

/* Encodes the whole message. Returns 0, MACH_SEND_INVALID_MEMORY, MACH_SEND_NO_BUFFER,
 * MACH_SEND_TOO_LARGE or -errno. */
int encode_message(Encoder *e, Message *m);

/* For move.c. */
int encode_add_fd(Encoder *e, int fd_borrowed);
int encode_own_fd(Encoder *e, int fd_take);
int encode_right(Encoder *e, WireRecord *record, Right *right);
int encode_new_record(Encoder *e, WireRecord **ret);
