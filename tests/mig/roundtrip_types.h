/* SPDX-License-Identifier: Apache-2.0 */
/* The C types of roundtrip.defs. */
#ifndef PORTCULLIS_TESTS_MIG_ROUNDTRIP_TYPES_H
#define PORTCULLIS_TESTS_MIG_ROUNDTRIP_TYPES_H

#include <mach/mach.h>
#include <stdint.h>

typedef char name_t[64];
typedef char long_name_t[200];
typedef uint8_t byte_t;
/* More alignment than a message has. */
typedef struct point {
	int32_t x, y;
	double z;
} point_t;
typedef int32_t ints_t[6];
typedef uint64_t wides_t[3];
typedef uint64_t table_t[2][3];
typedef int32_t *some_ints_t;
typedef uint64_t *some_wides_t;
typedef char *some_bytes_t;
typedef point_t *some_points_t;
typedef mach_port_t ports_t[3];
typedef mach_port_t *some_ports_t;
typedef struct lamp *lamp_t;

/* The server's view of a port: see roundtrip_server.c. */
#ifdef __cplusplus
extern "C" {
#endif
lamp_t lamp_from_port(mach_port_t port);
mach_port_t port_from_lamp(lamp_t lamp);
void lamp_release(lamp_t lamp);
#ifdef __cplusplus
}
#endif

#endif
