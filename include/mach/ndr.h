/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the numbers in a message are represented. Messages do not leave the machine, so the record
 * is always the same and no receiver converts; it is there because the wire layout has it.
 */
#ifndef _MACH_NDR_H_
#define _MACH_NDR_H_

typedef struct {
	unsigned char mig_vers;
	unsigned char if_vers;
	unsigned char reserved1;
	unsigned char mig_encoding;
	unsigned char int_rep;
	unsigned char char_rep;
	unsigned char float_rep;
	unsigned char reserved2;
} NDR_record_t;

#define NDR_PROTOCOL_2_0 0

#define NDR_INT_BIG_ENDIAN 0
#define NDR_INT_LITTLE_ENDIAN 1
#define NDR_FLOAT_IEEE 0
#define NDR_FLOAT_VAX 1
#define NDR_FLOAT_CRAY 2
#define NDR_FLOAT_IBM 3
#define NDR_CHAR_ASCII 0
#define NDR_CHAR_EBCDIC 1

/* Generated code leaves its conversion routines out. */
#ifndef __NDR_convert__
#define __NDR_convert__ 0
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The record of this machine, to be copied into each message with inline data. */
extern NDR_record_t NDR_record;

#ifdef __cplusplus
}
#endif

#endif
