/* SPDX-License-Identifier: Apache-2.0 */
/* All calls on ports, tasks and memory. */
#ifndef _MACH_MACH_INTERFACE_H_
#define _MACH_MACH_INTERFACE_H_

#include <mach/mach_port.h>
#include <mach/semaphore.h>
#include <mach/task.h>
#include <mach/vm_map.h>

#endif
