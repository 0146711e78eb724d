/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_INTERFACE_H
#define PORTCULLIS_MIG_INTERFACE_H

/*
 * A subsystem as the emitters see it: every default filled in, every argument typed, both messages of
 * every routine laid out, and the parameter lists of both C functions made. Emitters decide nothing
 * about the language; the analysis decides nothing about text.
 */

#include <stdbool.h>
#include <stdint.h>

#include "mig/ast.h"
#include "mig/type.h"

typedef struct Routine Routine;

typedef enum ArgKind {
	ARG_IN,
	ARG_OUT,
	ARG_INOUT,
	ARG_REQUEST_PORT, /* where the request goes */
	ARG_REPLY_PORT, /* where the answer goes: both sides see it; S: the server alone, U: the client */
	ARG_SREPLY_PORT,
	ARG_UREPLY_PORT,
	ARG_WAIT_TIME, /* the client's time-out for the answer; likewise the next two */
	ARG_SEND_TIME,
	ARG_MSG_OPTION,
	ARG_SERVER_SEC_TOKEN, /* from the trailer of the request */
	ARG_SERVER_AUDIT_TOKEN,
	ARG_SERVER_CONTEXT_TOKEN,
	ARG_MSG_SEQNO,
	ARG_USER_SEC_TOKEN, /* from the trailer of the answer */
	ARG_USER_AUDIT_TOKEN,
	ARG_SEC_TOKEN, /* from both */
	ARG_AUDIT_TOKEN,
} ArgKind;

typedef enum ArgDealloc {
	DEALLOC_NO,
	DEALLOC_YES, /* memory out of line: whoever sends it loses it */
	DEALLOC_ASK, /* ... if a further parameter says so */
} ArgDealloc;

typedef struct Arg {
	const char *name;
	Span span;
	ArgKind kind;
	const Type *type;
	/* The effective disposition of rights, as sent and as received: the type's. */
	ArgDealloc dealloc;
	bool physical_copy; /* copy is MACH_MSG_PHYSICAL_COPY; otherwise MACH_MSG_VIRTUAL_COPY */
	bool count_in_out; /* the client sends the room that it has */
	bool is_const; /* the client's pointer is to const */
	/* The result of the C functions instead of an argument; its type takes the place of RetCode. */
	bool ret_code;
	/* Whose count this argument shares (samecount); itself if it has its own; NULL if its type has
	 * none. */
	const struct Arg *count;
} Arg;

/* The client puts it into the request. */
static inline bool arg_is_in(const Arg *a)
{
	return a->kind == ARG_IN || a->kind == ARG_INOUT;
}

/* The server puts it into the answer. */
static inline bool arg_is_out(const Arg *a)
{
	return a->kind == ARG_OUT || a->kind == ARG_INOUT;
}

/*
 * One member of a message after its header. Descriptors come first, then NDR if anything is inline,
 * then (simple answer) RetCode, then the inline members. A variable member shifts those behind it.
 */
typedef enum FieldKind {
	FIELD_PORT, /* mach_msg_port_descriptor_t NAME */
	FIELD_PORT_ARRAY, /* mach_msg_port_descriptor_t NAME[limit] */
	FIELD_OOL, /* mach_msg_ool_descriptor_t NAME */
	FIELD_OOL_PORTS, /* mach_msg_ool_ports_descriptor_t NAME */
	FIELD_COUNT, /* mach_msg_type_number_t NAMECnt: elements of the argument */
	FIELD_ROOM, /* the same in a request, for CountInOut: elements that the client has room for */
	FIELD_DATA, /* TYPE NAME; char NAMEPad[pad] */
	FIELD_STRING, /* char NAME[limit]; pad */
	FIELD_STRING_HEAD, /* mach_msg_type_number_t NAMEOffset; mach_msg_type_number_t NAMECnt */
	FIELD_STRING_BYTES, /* char NAME[limit], cut after Cnt bytes rounded up to 4: variable */
	FIELD_ARRAY, /* ELEMENT NAME[limit], cut after Cnt elements rounded up to 4: variable */
	FIELD_PRESENT, /* boolean_t NAME__Present__, of a native that may be absent */
	FIELD_NATIVE, /* WORDS NAME, padded to 4 */
} FieldKind;

typedef struct Field {
	FieldKind kind;
	const Arg *arg;
	const char *name; /* of the C member */
	uint32_t size; /* in the message at most, padding included; 0 for FIELD_NATIVE (sizeof) */
	bool variable;
	/* How many variable members come before this one: its place is known only after so many counts
	 * have been read. */
	unsigned shift;
} Field;

typedef struct Message {
	bool complex; /* has descriptors */
	bool ndr; /* anything follows the descriptors */
	bool native; /* sizes are not known to the compiler, only to C */
	const Field *descriptors;
	unsigned n_descriptors; /* members; see descriptor_count */
	unsigned descriptor_count; /* in msgh_body: an array of rights counts with its limit */
	const Field *inlines;
	unsigned n_inlines;
	unsigned n_variable; /* of inlines */
	uint32_t max_size; /* with header, without trailer; natives not counted */
	uint32_t min_size;
} Message;

typedef enum ParamKind {
	PARAM_VALUE, /* the argument itself */
	PARAM_POLY, /* mach_msg_type_name_t NAMEPoly, after it */
	PARAM_COUNT, /* mach_msg_type_number_t NAMECnt, after that */
	PARAM_DEALLOC, /* boolean_t NAMEDealloc, after that; the sender's side only */
} ParamKind;

/* One parameter of a C function. */
typedef struct Param {
	ParamKind kind;
	const Arg *arg;
	const char *name;
	const char *ctype;
	bool pointer; /* declared as `ctype *name` */
	bool is_const; /* declared as `const ctype name` */
} Param;

typedef struct ParamList {
	const Param *params;
	unsigned n;
} ParamList;

struct Routine {
	const char *name; /* as in the file */
	Span span;
	int32_t id; /* msgh_id of the request; + 100: of the answer */
	bool simple; /* simpleroutine: no answer */
	const char *user_name, *server_name; /* with their prefixes */
	const Arg *const *args; /* as declared, and only those */
	unsigned n_args;
	/* The special ones among them, NULL if not declared. */
	const Arg *request_port; /* never NULL */
	const Arg *reply_port; /* of any of the three kinds */
	const Arg *wait_time, *send_time, *msg_option, *ret_code;
	/* What the statements before the routine said; NULL: nothing. An argument goes first. C text. */
	const char *wait_time_text, *send_time_text, *msg_option_text;
	AstConsume consume; /* what happens to rights when the request cannot be sent */
	Message request;
	Message reply; /* not for a simple routine */
	ParamList user, server;
	/* The server needs a trailer, of MACH_MSG_TRAILER... what the tokens need. */
	bool server_trailer, user_trailer;
};

typedef struct Import {
	const char *text; /* with its quotes or brackets */
	AstImport kind;
} Import;

typedef struct Interface {
	const char *name;
	int32_t base;
	bool kernel_user, kernel_server;
	const char *user_prefix, *server_prefix; /* "" if there is none */
	const char *demux; /* NAME_server, or what ServerDemux says */
	const char *rcsid; /* NULL: none */
	long on_stack_limit; /* OnStackLimit; -1: none said */
	const Import *imports;
	unsigned n_imports;
	const Routine *const *routines; /* by id - base; NULL for a skipped id */
	unsigned n_routines;
	const Type *const *types; /* all that have a name, in order */
	unsigned n_types;
} Interface;

/* Message ids are positive, and so are those of the answers. */
#define INTERFACE_ID_MAX (INT32_MAX - 100)

#endif
