/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integer and address types of the machine. natural_t and integer_t are 32 bits wide everywhere,
 * because they make up the wire format; the vm_* types are as wide as a pointer and the mach_vm_*
 * types are always 64 bits wide.
 */
#ifndef _MACH_MACHINE_VM_TYPES_H_
#define _MACH_MACHINE_VM_TYPES_H_

#include <stdint.h>

typedef unsigned int natural_t;
typedef int integer_t;

typedef uintptr_t vm_offset_t;
typedef uintptr_t vm_size_t;

typedef uint64_t mach_vm_address_t;
typedef uint64_t mach_vm_offset_t;
typedef uint64_t mach_vm_size_t;

typedef uint64_t vm_map_offset_t;
typedef uint64_t vm_map_address_t;
typedef uint64_t vm_map_size_t;

typedef vm_offset_t mach_port_context_t;

#endif
