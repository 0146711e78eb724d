/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stubs of the published child_port.defs import, under the path that it names.
 */
#ifndef PORTCULLIS_TESTS_CHILD_PORT_TYPES_H
#define PORTCULLIS_TESTS_CHILD_PORT_TYPES_H

#include <stdint.h>

#include <mach/mach_types.h>
#include <mach/message.h>

typedef mach_port_t child_port_server_t;
typedef uint64_t child_port_token_t;

#endif
