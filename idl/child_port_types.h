/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stubs made of child_port.defs include.
 */
#ifndef PORTCULLIS_IDL_CHILD_PORT_TYPES_H
#define PORTCULLIS_IDL_CHILD_PORT_TYPES_H

#include <stdint.h>

#include <mach/mach_types.h>
#include <mach/message.h>

#endif
