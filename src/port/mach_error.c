/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error codes as text.
 *
 * An error code is three numbers (system, subsystem, code; see <mach/error.h>), and there is one
 * table of texts for each pair of system and subsystem that we return codes of. The texts are what
 * programs of the lineage print and what people search for, so they are part of the interface and
 * do not change; codes newer than those tables got texts of our own in the same manner.
 *
 * Two kinds of code need folding first: MIG_* are small negative numbers, which stand for system
 * "mach ipc", subsystem 2; and a receive error may carry the bits of MACH_MSG_MASK, which say what
 * there was too little of and do not matter here.
 *
 * All strings are constant, so every function may be called from any thread.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <mach/error.h>
#include <mach/kern_return.h>
#include <mach/mach_error.h>
#include <mach/mach_init.h>
#include <mach/message.h>
#include <mach/mig_errors.h>
#include <portcullis/child_port.h>

#include "base/cleanup.h"

#define TEXT_UNKNOWN_CODE "unknown error code"
#define TYPE_UNKNOWN "(?/?)"

/* Index: the low digits of MIG_*, counted from MIG_TYPE_ERROR. */
#define MIG_INDEX(code) (MIG_TYPE_ERROR - (code))

typedef struct ErrorTable {
	uint8_t system;
	uint16_t sub;
	const char *type;
	const char *const *texts; /* NULL where a code has none */
	size_t n_texts;
} ErrorTable;

static const char *const texts_kern[] = {
	[KERN_SUCCESS] = "(os/kern) successful",
	[KERN_INVALID_ADDRESS] = "(os/kern) invalid address",
	[KERN_PROTECTION_FAILURE] = "(os/kern) protection failure",
	[KERN_NO_SPACE] = "(os/kern) no space available",
	[KERN_INVALID_ARGUMENT] = "(os/kern) invalid argument",
	[KERN_FAILURE] = "(os/kern) failure",
	[KERN_RESOURCE_SHORTAGE] = "(os/kern) resource shortage",
	[KERN_NOT_RECEIVER] = "(os/kern) not receiver",
	[KERN_NO_ACCESS] = "(os/kern) no access",
	[KERN_MEMORY_FAILURE] = "(os/kern) memory failure",
	[KERN_MEMORY_ERROR] = "(os/kern) memory error",
	[KERN_ALREADY_IN_SET] = "(os/kern) already in set",
	[KERN_NOT_IN_SET] = "(os/kern) not in set",
	[KERN_NAME_EXISTS] = "(os/kern) name exists",
	[KERN_ABORTED] = "(os/kern) aborted",
	[KERN_INVALID_NAME] = "(os/kern) invalid name",
	[KERN_INVALID_TASK] = "(os/kern) invalid task",
	[KERN_INVALID_RIGHT] = "(os/kern) invalid right",
	[KERN_INVALID_VALUE] = "(os/kern) invalid value",
	[KERN_UREFS_OVERFLOW] = "(os/kern) urefs overflow",
	[KERN_INVALID_CAPABILITY] = "(os/kern) invalid capability",
	[KERN_RIGHT_EXISTS] = "(os/kern) right exists",
	[KERN_INVALID_HOST] = "(os/kern) invalid host",
	[KERN_MEMORY_PRESENT] = "(os/kern) memory present",
	[KERN_MEMORY_DATA_MOVED] = "(os/kern) memory data moved",
	[KERN_MEMORY_RESTART_COPY] = "(os/kern) memory restart copy",
	[KERN_INVALID_PROCESSOR_SET] = "(os/kern) invalid processor set",
	[KERN_POLICY_LIMIT] = "(os/kern) policy limit",
	[KERN_INVALID_POLICY] = "(os/kern) invalid policy",
	[KERN_INVALID_OBJECT] = "(os/kern) invalid object",
	[KERN_ALREADY_WAITING] = "(os/kern) already waiting",
	[KERN_DEFAULT_SET] = "(os/kern) default set",
	[KERN_EXCEPTION_PROTECTED] = "(os/kern) exception protected",
	[KERN_INVALID_LEDGER] = "(os/kern) invalid ledger",
	[KERN_INVALID_MEMORY_CONTROL] = "(os/kern) invalid memory control",
	[KERN_INVALID_SECURITY] = "(os/kern) invalid security",
	[KERN_NOT_DEPRESSED] = "(os/kern) not depressed",
	[KERN_TERMINATED] = "(os/kern) object terminated",
	[KERN_LOCK_SET_DESTROYED] = "(os/kern) lock set destroyed",
	[KERN_LOCK_UNSTABLE] = "(os/kern) lock unstable",
	[KERN_LOCK_OWNED] = "(os/kern) lock owned by another",
	[KERN_LOCK_OWNED_SELF] = "(os/kern) lock owned by self",
	[KERN_SEMAPHORE_DESTROYED] = "(os/kern) semaphore destroyed",
	[KERN_RPC_SERVER_TERMINATED] = "(os/kern) RPC terminated",
	[KERN_RPC_TERMINATE_ORPHAN] = "(os/kern) terminate orphan",
	[KERN_RPC_CONTINUE_ORPHAN] = "(os/kern) let orphan continue",
	[KERN_NOT_SUPPORTED] = "(os/kern) service not supported",
	[KERN_NODE_DOWN] = "(os/kern) remote node down",
	[KERN_NOT_WAITING] = "(os/kern) thread not waiting",
	[KERN_OPERATION_TIMED_OUT] = "(os/kern) operation timed out",
	[KERN_CODESIGN_ERROR] = "(os/kern) code signing error",
	[KERN_POLICY_STATIC] = "(os/kern) policy is static",
	[KERN_INSUFFICIENT_BUFFER_SIZE] = "(os/kern) insufficient input buffer size",
	[KERN_DENIED] = "(os/kern) denied by security policy",
	[KERN_MISSING_KC] = "(os/kern) missing kernel collection",
	[KERN_INVALID_KC] = "(os/kern) invalid kernel collection",
	[KERN_NOT_FOUND] = "(os/kern) result not found",
};

static const char *const texts_send[] = {
	[0] = "(ipc/send) no error",
	[err_get_code(MACH_SEND_IN_PROGRESS)] = "(ipc/send) send in progress",
	[err_get_code(MACH_SEND_INVALID_DATA)] = "(ipc/send) invalid data",
	[err_get_code(MACH_SEND_INVALID_DEST)] = "(ipc/send) invalid destination port",
	[err_get_code(MACH_SEND_TIMED_OUT)] = "(ipc/send) timed out",
	[err_get_code(MACH_SEND_INVALID_VOUCHER)] = "(ipc/send) invalid voucher",
	[err_get_code(MACH_SEND_INTERRUPTED)] = "(ipc/send) interrupted",
	[err_get_code(MACH_SEND_MSG_TOO_SMALL)] = "(ipc/send) msg too small",
	[err_get_code(MACH_SEND_INVALID_REPLY)] = "(ipc/send) invalid reply port",
	[err_get_code(MACH_SEND_INVALID_RIGHT)] = "(ipc/send) invalid port right",
	[err_get_code(MACH_SEND_INVALID_NOTIFY)] = "(ipc/send) invalid notify port",
	[err_get_code(MACH_SEND_INVALID_MEMORY)] = "(ipc/send) invalid memory",
	[err_get_code(MACH_SEND_NO_BUFFER)] = "(ipc/send) no msg buffer",
	[err_get_code(MACH_SEND_TOO_LARGE)] = "(ipc/send) msg too large",
	[err_get_code(MACH_SEND_INVALID_TYPE)] = "(ipc/send) invalid msg-type",
	[err_get_code(MACH_SEND_INVALID_HEADER)] = "(ipc/send) invalid msg-header",
	[err_get_code(MACH_SEND_INVALID_TRAILER)] = "(ipc/send) invalid msg-trailer",
	[err_get_code(MACH_SEND_INVALID_CONTEXT)] = "(ipc/send) invalid context for reply",
	[err_get_code(MACH_SEND_INVALID_OPTIONS)] = "(ipc/send) invalid options",
	[err_get_code(MACH_SEND_INVALID_RT_OOL_SIZE)] = "(ipc/send) out-of-line buffer too large",
	[err_get_code(
		MACH_SEND_NO_GRANT_DEST)] = "(ipc/send) destination does not accept OOL ports",
	[err_get_code(MACH_SEND_MSG_FILTERED)] = "(ipc/send) msg filtered",
	[err_get_code(MACH_SEND_AUX_TOO_SMALL)] = "(ipc/send) auxiliary data too small",
	[err_get_code(MACH_SEND_AUX_TOO_LARGE)] = "(ipc/send) auxiliary data too large",
};

static const char *const texts_rcv[] = {
	[0] = "(ipc/rcv) no error",
	[err_get_code(MACH_RCV_IN_PROGRESS)] = "(ipc/rcv) receive in progress",
	[err_get_code(MACH_RCV_INVALID_NAME)] = "(ipc/rcv) invalid name",
	[err_get_code(MACH_RCV_TIMED_OUT)] = "(ipc/rcv) timed out",
	[err_get_code(MACH_RCV_TOO_LARGE)] = "(ipc/rcv) msg too large",
	[err_get_code(MACH_RCV_INTERRUPTED)] = "(ipc/rcv) interrupted",
	[err_get_code(MACH_RCV_PORT_CHANGED)] = "(ipc/rcv) port changed",
	[err_get_code(MACH_RCV_INVALID_NOTIFY)] = "(ipc/rcv) invalid notify port",
	[err_get_code(MACH_RCV_INVALID_DATA)] = "(ipc/rcv) invalid data",
	[err_get_code(MACH_RCV_PORT_DIED)] = "(ipc/rcv) port died",
	[err_get_code(MACH_RCV_IN_SET)] = "(ipc/rcv) port in set",
	[err_get_code(MACH_RCV_HEADER_ERROR)] = "(ipc/rcv) header error",
	[err_get_code(MACH_RCV_BODY_ERROR)] = "(ipc/rcv) body error",
	[err_get_code(MACH_RCV_INVALID_TYPE)] = "(ipc/rcv) invalid scatter list entry",
	[err_get_code(MACH_RCV_SCATTER_SMALL)] = "(ipc/rcv) overwrite region too small",
	[err_get_code(MACH_RCV_INVALID_TRAILER)] = "(ipc/rcv) invalid msg-trailer",
	[err_get_code(MACH_RCV_IN_PROGRESS_TIMED)] = "(ipc/rcv) timed receive in progress",
	[err_get_code(MACH_RCV_INVALID_REPLY)] = "(ipc/rcv) invalid reply port",
	[err_get_code(MACH_RCV_INVALID_ARGUMENTS)] = "(ipc/rcv) invalid arguments",
};

static const char *const texts_mig[] = {
	[MIG_INDEX(MIG_TYPE_ERROR)] = "(ipc/mig) client type check failure",
	[MIG_INDEX(MIG_REPLY_MISMATCH)] = "(ipc/mig) wrong reply message ID",
	[MIG_INDEX(MIG_REMOTE_ERROR)] = "(ipc/mig) server detected error",
	[MIG_INDEX(MIG_BAD_ID)] = "(ipc/mig) bad request message ID",
	[MIG_INDEX(MIG_BAD_ARGUMENTS)] = "(ipc/mig) server type check failure",
	[MIG_INDEX(MIG_NO_REPLY)] = "(ipc/mig) no reply should be sent",
	[MIG_INDEX(MIG_EXCEPTION)] = "(ipc/mig) server raised exception",
	[MIG_INDEX(MIG_ARRAY_TOO_LARGE)] = "(ipc/mig) array not large enough",
	[MIG_INDEX(MIG_SERVER_DIED)] = "(ipc/mig) server died",
	[MIG_INDEX(MIG_TRAILER_ERROR)] = "(ipc/mig) unknown trailer format",
};

enum { SYSTEM_OS = 0, SYSTEM_MACH_IPC = 4, SYSTEM_LOCAL = 0x3e };
enum { SUB_KERN = 0, SUB_UNIX = 3 };
enum { SUB_SEND = 0, SUB_RCV = 1, SUB_MIG = 2 };
enum { SUB_HANDSHAKE = 1 };

/* Of <portcullis/child_port.h>. */
static const char *const texts_handshake[] = {
	[err_get_code(PORTCULLIS_HANDSHAKE_PENDING)] = "(portcullis/handshake) not over yet",
	[err_get_code(PORTCULLIS_HANDSHAKE_NO_CLIENT)] =
		"(portcullis/handshake) the client is gone, or did not prove itself",
	[err_get_code(
		PORTCULLIS_HANDSHAKE_NO_SERVER)] = "(portcullis/handshake) the server is gone",
	[err_get_code(PORTCULLIS_HANDSHAKE_GARBAGE)] =
		"(portcullis/handshake) what came through the pipe makes no sense",
	[err_get_code(PORTCULLIS_HANDSHAKE_WRONG_RIGHT)] =
		"(portcullis/handshake) the client sent another kind of right",
};

static const ErrorTable error_tables[] = {
	{SYSTEM_OS, SUB_KERN, "(os/kern)", texts_kern, ARRAY_SIZE(texts_kern)},
	{SYSTEM_OS, SUB_UNIX, "(os/unix)", NULL, 0},
	{SYSTEM_MACH_IPC, SUB_SEND, "(ipc/send)", texts_send, ARRAY_SIZE(texts_send)},
	{SYSTEM_MACH_IPC, SUB_RCV, "(ipc/rcv)", texts_rcv, ARRAY_SIZE(texts_rcv)},
	{SYSTEM_MACH_IPC, SUB_MIG, "(ipc/mig)", texts_mig, ARRAY_SIZE(texts_mig)},
	{SYSTEM_LOCAL, SUB_HANDSHAKE, "(portcullis/handshake)", texts_handshake,
		ARRAY_SIZE(texts_handshake)},
};

/* Bring the codes that do not have the three parts into that form; unsigned, as bits are. */
static unsigned int error_fold(mach_error_t error)
{
	unsigned int bits = (unsigned int)error;

	if (error <= MIG_TYPE_ERROR && error > MIG_TYPE_ERROR - 100)
		return (unsigned int)(err_mach_ipc | err_sub(SUB_MIG) | MIG_INDEX(error));
	if (err_get_system(bits) == SYSTEM_MACH_IPC && err_get_sub(bits) <= SUB_RCV)
		return bits & ~(unsigned int)MACH_MSG_MASK;
	return bits;
}

static const ErrorTable *error_find_table(unsigned int folded)
{
	for (size_t i = 0; i < ARRAY_SIZE(error_tables); i++) {
		const ErrorTable *table = &error_tables[i];

		if (err_get_system(folded) == table->system && err_get_sub(folded) == table->sub)
			return table;
	}
	return NULL;
}

/* The text of a folded code, or NULL. */
static const char *error_find_text(unsigned int folded)
{
	const ErrorTable *table = error_find_table(folded);
	size_t code = err_get_code(folded);

	if (!table)
		return NULL;
	if (table->system == SYSTEM_OS && table->sub == SUB_UNIX)
		return strerrordesc_np((int)code);
	return code < table->n_texts ? table->texts[code] : NULL;
}

_public_ char *mach_error_string(mach_error_t error_value)
{
	const char *text = error_find_text(error_fold(error_value));

	return (char *)(text ? text : TEXT_UNKNOWN_CODE);
}

_public_ char *mach_error_type(mach_error_t error_value)
{
	const ErrorTable *table = error_find_table(error_fold(error_value));

	return (char *)(table ? table->type : TYPE_UNKNOWN);
}

/* NULL means standard error. */
_public_ int (*vprintf_stderr_func)(const char *format, va_list ap);

static _printf_(1, 2) void error_print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vprintf_stderr_func)
		vprintf_stderr_func(format, args);
	else
		vfprintf(stderr, format, args);
	va_end(args);
}

_public_ void mach_error(const char *str, mach_error_t error_value)
{
	if (error_find_text(error_fold(error_value)))
		error_print("%s %s\n", str, mach_error_string(error_value));
	else
		error_print("%s %s %s (%x)\n", str, mach_error_type(error_value),
			mach_error_string(error_value), (unsigned int)error_value);
}
