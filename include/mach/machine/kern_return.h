/* SPDX-License-Identifier: Apache-2.0 */
/* The type of a result code; the codes themselves are in <mach/kern_return.h>. */
#ifndef _MACH_MACHINE_KERN_RETURN_H_
#define _MACH_MACHINE_KERN_RETURN_H_

typedef int kern_return_t;

#endif
