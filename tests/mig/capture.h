/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TESTS_MIG_CAPTURE_H
#define PORTCULLIS_TESTS_MIG_CAPTURE_H

/*
 * The client's stubs are compiled with roundtrip_mach_msg() in place of mach_msg(): a test has each
 * request as bytes, before it is sent, and may send it or not, and may answer it itself.
 */

#include <mach/mach.h>

#include "roundtrip.h"

mach_msg_return_t roundtrip_mach_msg(mach_msg_header_t *message, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t receive_limit, mach_port_t receive_name,
	mach_msg_timeout_t timeout, mach_port_t notify);

#endif
