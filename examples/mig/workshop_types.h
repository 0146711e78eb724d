/* SPDX-License-Identifier: Apache-2.0 */
/* What the types of workshop.defs are in C: each has the size that its declaration says. */
#ifndef WORKSHOP_TYPES_H
#define WORKSHOP_TYPES_H

#include <mach/std_types.h>
#include <mach/message.h>
#include <stdint.h>

typedef struct {
	int64_t x, y;
} point_t;

typedef struct {
	point_t points[3];
} path_t;

typedef uint8_t board_t[8];
typedef int *samples_t;
typedef int *tape_t;

typedef struct {
	uint8_t bytes[4096];
} Picture;

typedef Picture *picture_ptr_t;

typedef char label_t[16];
typedef char title_t[64];

typedef mach_port_t pair_t[2];
typedef mach_port_t *few_t;
typedef mach_port_t *crowd_t;
typedef mach_port_t *many_t;

typedef uint32_t ticket_number_t;

struct workshop_options {
	int level;
	char mode[8];
};

struct workshop_version {
	uint16_t major, minor;
};

#endif
