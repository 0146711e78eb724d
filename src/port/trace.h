/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PORTCULLIS_TRACE=msg: every message that this process sends and receives, decoded, one line each
 * on stderr. A message is printed as the program sees it: before copy-in, after copy-out.
 */
#pragma once

#include "port/types.h"

/* `trailer` is NULL for a message that is being sent. */
void trace_message(const char *what, const mach_msg_header_t *msg, mach_msg_size_t size,
	const uint8_t *trailer);

/* A send that failed. */
void trace_result(const char *what, const mach_msg_header_t *msg, int code);
