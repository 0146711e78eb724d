/* SPDX-License-Identifier: Apache-2.0 */
/* What a host and its extension have agreed on: the list in the host's memory, and how it is shown. */
#pragma once

#include <mach/mach.h>
#include <stdint.h>

typedef struct Note {
	uint64_t next; /* address of the next one in the host's memory; 0 ends the list */
	uint32_t number;
	char text[52];
} Note;

#define NOTES_MAX 1000 /* a list that is longer is none, or goes round */

#define HELLO_ID 100
#define LIST_ID 101

/* From the host: its read port, and where the list begins. */
#pragma pack(push, 4)
typedef struct ListMessage {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t task;
	uint64_t first; /* address of the pointer to the first note */
} ListMessage;
#pragma pack(pop)
