/* SPDX-License-Identifier: Apache-2.0 */
/* The data representation that this machine writes into messages; see <mach/ndr.h>. */
#ifndef _MACH_MACHINE_NDR_DEF_H_
#define _MACH_MACHINE_NDR_DEF_H_

#include <mach/ndr.h>

#endif
