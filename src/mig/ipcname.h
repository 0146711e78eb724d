/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_IPCNAME_H
#define PORTCULLIS_MIG_IPCNAME_H

/*
 * The elementary types of the language: MACH_MSG_TYPE_*. A port type has two of them, one for the
 * right as it is sent (its disposition) and one for the right that arrives.
 */

#include <stdbool.h>
#include <stdint.h>

/* The values are those of <mach/message.h>, where they are on the wire. */
enum {
	IPC_NAME_UNSTRUCTURED = 0,
	IPC_NAME_INTEGER_16 = 1,
	IPC_NAME_INTEGER_32 = 2,
	IPC_NAME_CHAR = 8,
	IPC_NAME_BYTE = 9,
	IPC_NAME_REAL = 10,
	IPC_NAME_INTEGER_64 = 11,
	IPC_NAME_STRING = 12,
	IPC_NAME_PORT_NAME = 15,
	IPC_NAME_MOVE_RECEIVE = 16, /* arrives as a receive right */
	IPC_NAME_MOVE_SEND = 17, /* and so on */
	IPC_NAME_MOVE_SEND_ONCE = 18,
	IPC_NAME_COPY_SEND = 19,
	IPC_NAME_MAKE_SEND = 20,
	IPC_NAME_MAKE_SEND_ONCE = 21,
	IPC_NAME_POLYMORPHIC = -1, /* told at run time */
};

typedef struct IpcName {
	const char *text; /* MACH_MSG_TYPE_..., as it is written in C; NULL for a bare number */
	int32_t in; /* sent with this */
	int32_t out; /* arrives as this */
	uint32_t bits; /* of one element; 0 if the name alone does not say */
	const char *ctype; /* of one element without a name of its own */
	const char *in_text, *out_text; /* as written in C */
	bool port;
} IpcName;

/* By its exact spelling (`polymorphic` in any case). NULL if there is none. */
const IpcName *ipcname_find(const char *text);
/* By its number; what it means depends on the side for rights. NULL if there is none. */
const IpcName *ipcname_find_number(int64_t number);
/* How a number is written in C. */
const char *ipcname_text(int32_t number);

#endif
