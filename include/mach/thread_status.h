/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of a thread travel as an array of 32-bit words; the flavor says which registers
 * they are. The flavors belong to the processor, and none is defined here yet.
 */
#ifndef _MACH_THREAD_STATUS_H_
#define _MACH_THREAD_STATUS_H_

#include <mach/machine/vm_types.h>

typedef int thread_state_flavor_t;
typedef thread_state_flavor_t *thread_state_flavor_array_t;

typedef natural_t *thread_state_t;

/* Words of the largest state of any flavor, on any processor. */
#define THREAD_STATE_MAX 1296

typedef natural_t thread_state_data_t[THREAD_STATE_MAX];

#define THREAD_STATE_FLAVOR_LIST 0

#endif
