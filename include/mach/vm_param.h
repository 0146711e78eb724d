/* SPDX-License-Identifier: Apache-2.0 */
/* The page size under its older names. */
#ifndef _MACH_VM_PARAM_H_
#define _MACH_VM_PARAM_H_

#include <mach/vm_page_size.h>

#ifndef PAGE_SIZE
#define PAGE_SIZE vm_page_size
#endif
#ifndef PAGE_MASK
#define PAGE_MASK vm_page_mask
#endif
#ifndef PAGE_SHIFT
#define PAGE_SHIFT vm_page_shift
#endif

#define page_aligned(x) (((x)&vm_page_mask) == 0)

#endif
