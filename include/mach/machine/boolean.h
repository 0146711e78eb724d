/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boolean_t: unsigned on x86-64 and signed elsewhere, as it always was; code that keeps one in a
 * bit-field can tell.
 */
#ifndef _MACH_MACHINE_BOOLEAN_H_
#define _MACH_MACHINE_BOOLEAN_H_

#if defined(__x86_64__)
typedef unsigned int boolean_t;
#else
typedef int boolean_t;
#endif

#endif
