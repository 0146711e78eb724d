/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of task_policy_set() and task_policy_get(): an array of integers, and its flavor. */
#ifndef _MACH_TASK_POLICY_H_
#define _MACH_TASK_POLICY_H_

#include <mach/machine/vm_types.h>

typedef natural_t task_policy_flavor_t;
typedef integer_t *task_policy_t;

#define TASK_CATEGORY_POLICY 1
#define TASK_SUPPRESSION_POLICY 3
#define TASK_POLICY_STATE 4

#endif
