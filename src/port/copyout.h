/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a Message to a message in the program's memory: each right gets a name, memory an address, and
 * a trailer says who sent it. What cannot be given (no name, no memory) becomes MACH_PORT_NULL or 0
 * and is reported in the modifier bits of the result.
 */
#pragma once

#include "port/message.h"
#include "port/receive.h"
#include "port/types.h"

/* Bytes of the trailer that these options ask for. */
mach_msg_size_t trailer_size(mach_msg_option_t options);

/* Writes the trailer that the options ask for. */
void fill_trailer(
	const Port *port, Message *m, uint32_t seqno, uint8_t *at, mach_msg_option_t options);

/* The whole message into `buffer`, which has room for it and its trailer. Returns MACH_MSG_SUCCESS,
 * or MACH_RCV_HEADER_ERROR / MACH_RCV_BODY_ERROR with modifier bits. */
int copyout(Received *received, mach_msg_header_t *buffer, mach_msg_option_t options);

/* What a receiver gets of a message that was too large and is lost. */
void copyout_too_large(Received *received, mach_msg_header_t *buffer, mach_msg_size_t room,
	mach_msg_option_t options);

/* Parts, for the return of an unsent message. Both return modifier bits. */
int copyout_right(Right *right, PortName *ret_name);
int copyout_items(Message *m, uint8_t *body);

/* In copyin.c: MACH_MSG_TYPE_PORT_* of a disposition. */
unsigned copyin_type(unsigned disposition);
