/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions: what a thread can run into, and how its exception port wants to be told. Types and
 * constants only: this release raises none.
 */
#ifndef _MACH_EXCEPTION_TYPES_H_
#define _MACH_EXCEPTION_TYPES_H_

#include <stdint.h>
#include <mach/machine/vm_types.h>
#include <mach/thread_status.h>

typedef int exception_type_t;

#define EXC_BAD_ACCESS 1 /* memory that is not there, or not for this */
#define EXC_BAD_INSTRUCTION 2
#define EXC_ARITHMETIC 3
#define EXC_EMULATION 4
#define EXC_SOFTWARE 5 /* raised by software; see EXC_SOFT_SIGNAL */
#define EXC_BREAKPOINT 6
#define EXC_SYSCALL 7
#define EXC_MACH_SYSCALL 8
#define EXC_RPC_ALERT 9
#define EXC_CRASH 10 /* the process is about to end abnormally */
#define EXC_RESOURCE 11 /* a limit was hit */
#define EXC_GUARD 12 /* a guarded thing was misused */
#define EXC_CORPSE_NOTIFY 13

#define EXC_TYPES_COUNT 14 /* 0 is none */

/* First code of EXC_SOFTWARE: the second is the number of a signal. */
#define EXC_SOFT_SIGNAL 0x10003

/* A set of them. */
typedef unsigned int exception_mask_t;

#define EXC_MASK_BAD_ACCESS (1 << EXC_BAD_ACCESS)
#define EXC_MASK_BAD_INSTRUCTION (1 << EXC_BAD_INSTRUCTION)
#define EXC_MASK_ARITHMETIC (1 << EXC_ARITHMETIC)
#define EXC_MASK_EMULATION (1 << EXC_EMULATION)
#define EXC_MASK_SOFTWARE (1 << EXC_SOFTWARE)
#define EXC_MASK_BREAKPOINT (1 << EXC_BREAKPOINT)
#define EXC_MASK_SYSCALL (1 << EXC_SYSCALL)
#define EXC_MASK_MACH_SYSCALL (1 << EXC_MACH_SYSCALL)
#define EXC_MASK_RPC_ALERT (1 << EXC_RPC_ALERT)
#define EXC_MASK_CRASH (1 << EXC_CRASH)
#define EXC_MASK_RESOURCE (1 << EXC_RESOURCE)
#define EXC_MASK_GUARD (1 << EXC_GUARD)
#define EXC_MASK_CORPSE_NOTIFY (1 << EXC_CORPSE_NOTIFY)
#define EXC_MASK_ALL                                                                               \
	(EXC_MASK_BAD_ACCESS | EXC_MASK_BAD_INSTRUCTION | EXC_MASK_ARITHMETIC |                    \
		EXC_MASK_EMULATION | EXC_MASK_SOFTWARE | EXC_MASK_BREAKPOINT | EXC_MASK_SYSCALL |  \
		EXC_MASK_MACH_SYSCALL | EXC_MASK_RPC_ALERT | EXC_MASK_RESOURCE | EXC_MASK_GUARD)

/* Which message is sent: of <mach/exc.defs>, or with MACH_EXCEPTION_CODES <mach/mach_exc.defs>. */
typedef int exception_behavior_t;

#define EXCEPTION_DEFAULT 1
#define EXCEPTION_STATE 2
#define EXCEPTION_STATE_IDENTITY 3
#define EXCEPTION_IDENTITY_PROTECTED 4
#define EXCEPTION_STATE_IDENTITY_PROTECTED 5

#define MACH_EXCEPTION_BACKTRACE_PREFERRED 0x20000000
#define MACH_EXCEPTION_ERRORS 0x40000000
#define MACH_EXCEPTION_CODES 0x80000000
#define MACH_EXCEPTION_MASK                                                                        \
	(MACH_EXCEPTION_CODES | MACH_EXCEPTION_ERRORS | MACH_EXCEPTION_BACKTRACE_PREFERRED)

/* What more is known of an exception: two codes. */
typedef integer_t exception_data_type_t;
typedef integer_t *exception_data_t;
typedef int64_t mach_exception_data_type_t;
typedef int64_t mach_exception_code_t;
typedef int64_t mach_exception_subcode_t;
typedef int64_t *mach_exception_data_t;

#define EXCEPTION_CODE_MAX 2

/* One element for each kind of registration; four arrays of the same count belong together. */
typedef exception_mask_t *exception_mask_array_t;
typedef exception_behavior_t *exception_behavior_array_t;
typedef thread_state_flavor_t *exception_flavor_array_t;

#endif
