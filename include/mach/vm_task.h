/* SPDX-License-Identifier: Apache-2.0 */
/* An older name of <mach/vm_map.h>. */
#ifndef _MACH_VM_TASK_H_
#define _MACH_VM_TASK_H_

#include <mach/vm_map.h>

#endif
