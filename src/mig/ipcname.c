/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/ipcname.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define NAME(x) "MACH_MSG_TYPE_" #x

#define DATA(x, number, n_bits, c_type)                                                            \
	{                                                                                          \
		.text = NAME(x), .in = (number), .out = (number), .bits = (n_bits),                \
		.ctype = (c_type), .in_text = NAME(x), .out_text = NAME(x)                         \
	}
#define PORT(x, sent, arrives, arrives_text)                                                       \
	{                                                                                          \
		.text = NAME(x), .in = (sent), .out = (arrives), .bits = 32,                       \
		.ctype = "mach_port_t", .in_text = NAME(x), .out_text = NAME(arrives_text),        \
		.port = true                                                                       \
	}

/* The first with a number is what the number means. */
static const IpcName names[] = {
	DATA(UNSTRUCTURED, IPC_NAME_UNSTRUCTURED, 0, NULL),
	DATA(INTEGER_16, IPC_NAME_INTEGER_16, 16, "int16_t"),
	DATA(INTEGER_32, IPC_NAME_INTEGER_32, 32, "int"),
	DATA(CHAR, IPC_NAME_CHAR, 8, "char"),
	DATA(BYTE, IPC_NAME_BYTE, 8, "uint8_t"),
	DATA(REAL, IPC_NAME_REAL, 0, NULL),
	DATA(INTEGER_64, IPC_NAME_INTEGER_64, 64, "int64_t"),
	DATA(STRING, IPC_NAME_STRING, 0, "char"),
	DATA(PORT_NAME, IPC_NAME_PORT_NAME, 32, "mach_port_name_t"),
	PORT(MOVE_RECEIVE, IPC_NAME_MOVE_RECEIVE, IPC_NAME_MOVE_RECEIVE, PORT_RECEIVE),
	PORT(MOVE_SEND, IPC_NAME_MOVE_SEND, IPC_NAME_MOVE_SEND, PORT_SEND),
	PORT(MOVE_SEND_ONCE, IPC_NAME_MOVE_SEND_ONCE, IPC_NAME_MOVE_SEND_ONCE, PORT_SEND_ONCE),
	PORT(COPY_SEND, IPC_NAME_COPY_SEND, IPC_NAME_MOVE_SEND, PORT_SEND),
	PORT(MAKE_SEND, IPC_NAME_MAKE_SEND, IPC_NAME_MOVE_SEND, PORT_SEND),
	PORT(MAKE_SEND_ONCE, IPC_NAME_MAKE_SEND_ONCE, IPC_NAME_MOVE_SEND_ONCE, PORT_SEND_ONCE),
	PORT(POLYMORPHIC, IPC_NAME_POLYMORPHIC, IPC_NAME_POLYMORPHIC, POLYMORPHIC),
	/* Other spellings. A right named as it arrives is sent with whatever the sender says. */
	DATA(BOOLEAN, IPC_NAME_INTEGER_32, 32, "boolean_t"),
	DATA(INTEGER_8, IPC_NAME_BYTE, 8, "int8_t"),
	DATA(REAL_32, IPC_NAME_REAL, 32, "float"),
	DATA(REAL_64, IPC_NAME_REAL, 64, "double"),
	DATA(STRING_C, IPC_NAME_STRING, 0, "char"),
	{
		.text = NAME(PORT_RECEIVE),
		.in = IPC_NAME_POLYMORPHIC,
		.out = IPC_NAME_MOVE_RECEIVE,
		.bits = 32,
		.ctype = "mach_port_t",
		.in_text = NAME(POLYMORPHIC),
		.out_text = NAME(PORT_RECEIVE),
		.port = true,
	},
	{
		.text = NAME(PORT_SEND),
		.in = IPC_NAME_POLYMORPHIC,
		.out = IPC_NAME_MOVE_SEND,
		.bits = 32,
		.ctype = "mach_port_t",
		.in_text = NAME(POLYMORPHIC),
		.out_text = NAME(PORT_SEND),
		.port = true,
	},
	{
		.text = NAME(PORT_SEND_ONCE),
		.in = IPC_NAME_POLYMORPHIC,
		.out = IPC_NAME_MOVE_SEND_ONCE,
		.bits = 32,
		.ctype = "mach_port_t",
		.in_text = NAME(POLYMORPHIC),
		.out_text = NAME(PORT_SEND_ONCE),
		.port = true,
	},
};

const IpcName *ipcname_find(const char *text)
{
	if (strcasecmp(text, "polymorphic") == 0)
		text = NAME(POLYMORPHIC);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i].text, text) == 0)
			return &names[i];
	}
	return NULL;
}

const IpcName *ipcname_find_number(int64_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].in == number)
			return &names[i];
	}
	return NULL;
}

const char *ipcname_text(int32_t number)
{
	const IpcName *name = ipcname_find_number(number);

	return name ? name->text : "MACH_MSG_TYPE_PORT_NONE";
}
