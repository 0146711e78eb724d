/* SPDX-License-Identifier: Apache-2.0 */
/* The C types of mig.defs. */
#pragma once

#include <mach/mach.h>
#include <stdint.h>

typedef char bench_text_t[128];
typedef int32_t *bench_array_t;
