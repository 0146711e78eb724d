/* SPDX-License-Identifier: Apache-2.0 */
/* The C side of the types of all cases. */
#ifndef GOLDEN_TYPES_H
#define GOLDEN_TYPES_H

#include <mach/message.h>
#include <mach/std_types.h>
#include <stdint.h>

typedef char letter_t;
typedef float real32_t;
typedef double real64_t;
typedef struct { int32_t a, b; } pair32_t;
typedef struct { pair32_t pairs[2]; int64_t c; } nested_t;
typedef struct { uint8_t bytes[7]; } seven_t;
typedef uint8_t fixed8_t[8];
typedef uint8_t fixed_board_t[8];
typedef uint8_t fixed5_t[5];
typedef int64_t fixed64_t[4];
typedef int *limited32_t;
typedef uint8_t *limited8_t;
typedef int64_t *limited64_t;
typedef seven_t *limited_seven_t;
typedef int *unbounded32_t;
typedef fixed8_t *rows_t;
typedef int *ool32_t;
typedef seven_t *ool_seven_t;
typedef nested_t *ool_one_t;
typedef char name_t[128];
typedef name_t *name_array_t;
typedef char short_string_t[10];
typedef mach_port_t ports2_t[2];
typedef mach_port_t *ports_limited_t;
typedef mach_port_t *ports_unbounded_t;
typedef mach_port_t *ports_ool_t;
typedef uint8_t uuid_bytes_t[16];
typedef mach_port_t token_port_t;
typedef uint64_t token_t;
typedef mach_port_t golden_port_t;

struct native { int32_t a; char b[5]; };
typedef struct object *object_t;
typedef struct place *place_t;
typedef uint32_t object_number_t;
typedef int32_t pair_of_ints_t[2];

object_t object_from_number(object_number_t number);
object_number_t object_to_number(object_t object);
void object_release(object_t object);
place_t place_from_port(mach_port_t port);
mach_port_t place_to_port(place_t place);
void place_release(place_t place);

#endif
