/* SPDX-License-Identifier: Apache-2.0 */
/* The size of a page of memory, and rounding to it. */
#ifndef _MACH_VM_PAGE_SIZE_H_
#define _MACH_VM_PAGE_SIZE_H_

#include <mach/machine/vm_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Set before main() runs; read only. */
extern vm_size_t vm_page_size;
extern vm_size_t vm_page_mask;
extern int vm_page_shift;

/* The same numbers: on Linux a task's pages are the kernel's pages. */
extern vm_size_t vm_kernel_page_size;
extern vm_size_t vm_kernel_page_mask;
extern int vm_kernel_page_shift;

#ifdef __cplusplus
}
#endif

#define trunc_page(x) ((x) & (~(vm_size_t)vm_page_mask))
#define round_page(x) trunc_page((x) + vm_page_mask)

#define mach_vm_trunc_page(x) ((mach_vm_offset_t)(x) & ~(mach_vm_offset_t)vm_page_mask)
#define mach_vm_round_page(x) mach_vm_trunc_page((mach_vm_offset_t)(x) + vm_page_mask)

#define trunc_page_kernel(x) ((x) & (~vm_kernel_page_mask))
#define round_page_kernel(x) trunc_page_kernel((x) + vm_kernel_page_mask)

#endif
