/* SPDX-License-Identifier: Apache-2.0 */
/* The C types of bootstrap.defs. */
#ifndef PORTCULLIS_IDL_BOOTSTRAP_TYPES_H
#define PORTCULLIS_IDL_BOOTSTRAP_TYPES_H

#include <mach/mach.h>
#include <servers/bootstrap.h>

/* A name as it travels: only as long as it is. */
typedef char service_name_t[BOOTSTRAP_MAX_NAME_LEN];

/* Of bootstrap_mig_look_up(): who holds the receive right that a send right was given for. */
typedef struct service_owner {
	int32_t pid; /* 0: the server itself, until somebody checks in */
	uint32_t uid;
} service_owner_t;

#endif
