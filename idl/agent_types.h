/* SPDX-License-Identifier: Apache-2.0 */
/* What agent.defs speaks of, in C. */
#pragma once

#include <stdint.h>

#include <mach/mach.h>

typedef uint64_t agent_address_t;
typedef uint64_t agent_size_t;
typedef mach_port_t agent_port_t;
typedef uint8_t *agent_data_t;
typedef uint32_t *agent_names_t;
