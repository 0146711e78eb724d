/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_AST_H
#define PORTCULLIS_MIG_AST_H

/*
 * A .defs file as it was written: what the parser makes, and the semantic analysis reads. Nothing
 * is looked up or decided here. Lists are in the order of the file. All of it lives in the arena.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "mig/ipcname.h"
#include "mig/source.h"

typedef struct AstName {
	const char *text;
	Span span;
} AstName;

typedef enum AstSpecKind {
	AST_SPEC_IPC, /* MACH_MSG_TYPE_X, or (MACH_MSG_TYPE_X, BITS) */
	AST_SPEC_NAMED, /* a type declared before */
	AST_SPEC_ARRAY, /* array [N], [*:N], [*], [] of element */
	AST_SPEC_STRUCT, /* struct [N] of element */
	AST_SPEC_STRING, /* c_string [N], [*:N] */
	AST_SPEC_POINTER, /* ^ element */
	AST_SPEC_NATIVE, /* PointerTo(), PointerToIfNot(), ValueOf() */
} AstSpecKind;

typedef enum AstBound {
	AST_BOUND_FIXED, /* [N] */
	AST_BOUND_LIMITED, /* [*:N] */
	AST_BOUND_NONE, /* [*], [] */
} AstBound;

typedef enum AstNative {
	AST_NATIVE_POINTER,
	AST_NATIVE_POINTER_IF_NOT,
	AST_NATIVE_VALUE,
} AstNative;

typedef enum AstTransKind {
	AST_INTRAN, /* intran: result function(argument) */
	AST_OUTTRAN, /* outtran: result function(argument) */
	AST_DESTRUCTOR, /* destructor: function(argument) */
	AST_CTYPE, /* ctype: result; likewise the next two */
	AST_CUSERTYPE,
	AST_CSERVERTYPE,
} AstTransKind;

typedef struct AstTrans {
	AstTransKind kind;
	AstName result, function, argument; /* what the kind has no use for is NULL */
	STAILQ_ENTRY(AstTrans) link;
} AstTrans;

STAILQ_HEAD(AstTransList, AstTrans);

typedef struct AstSpec AstSpec;
struct AstSpec {
	AstSpecKind kind;
	Span span;
	/* AST_SPEC_IPC: as it is sent and as it arrives; the same unless written `a | b`. */
	const IpcName *in, *out;
	int64_t bits; /* -1: as the name says */
	AstName name; /* AST_SPEC_NAMED */
	AstBound bound; /* AST_SPEC_ARRAY, AST_SPEC_STRING */
	int64_t count; /* ... and AST_SPEC_STRUCT; the limit, for AST_BOUND_LIMITED */
	Span count_span;
	AstSpec *element; /* AST_SPEC_ARRAY, STRUCT, POINTER */
	AstNative native;
	const char *words; /* AST_SPEC_NATIVE: the C type */
	const char *bad; /* ... and the C expression that stands for "none" */
	struct AstTransList trans;
};

typedef enum AstDirection {
	AST_IN_DEFAULT, /* none written */
	AST_IN,
	AST_OUT,
	AST_INOUT,
	AST_REQUESTPORT,
	AST_REPLYPORT,
	AST_SREPLYPORT,
	AST_UREPLYPORT,
	AST_WAITTIME,
	AST_SENDTIME,
	AST_MSGOPTION,
	AST_SECTOKEN, /* user: of the answer; server: of the request */
	AST_SERVERSECTOKEN,
	AST_USERSECTOKEN,
	AST_AUDITTOKEN,
	AST_SERVERAUDITTOKEN,
	AST_USERAUDITTOKEN,
	AST_SERVERCONTEXTTOKEN,
	AST_MSGSEQNO,
	AST_USERIMPL, /* `userimpl x : t`: an argument that travels in a trailer of one's own */
	AST_SERVERIMPL,
} AstDirection;

typedef enum AstFlag {
	AST_FLAG_SAMECOUNT = 1 << 0,
	AST_FLAG_RETCODE = 1 << 1,
	AST_FLAG_PHYSICALCOPY = 1 << 2,
	AST_FLAG_OVERWRITE = 1 << 3,
	AST_FLAG_DEALLOC = 1 << 4,
	AST_FLAG_MAYBE_DEALLOC = 1 << 5, /* dealloc[] */
	AST_FLAG_NOTDEALLOC = 1 << 6,
	AST_FLAG_COUNTINOUT = 1 << 7,
	AST_FLAG_AUTO = 1 << 8,
	AST_FLAG_CONST = 1 << 9,
	AST_FLAG_VIRTUALCOPY = 1 << 10,
} AstFlag;

typedef struct AstArg {
	AstDirection direction;
	Span direction_span; /* of the name if none was written */
	AstName name;
	AstSpec *type; /* a name, `name = spec` (then type_name is set too), or a native type */
	AstName type_name; /* text NULL: not declared here */
	unsigned flags; /* AstFlag */
	Span flag_spans[16]; /* by bit number */
	STAILQ_ENTRY(AstArg) link;
} AstArg;

STAILQ_HEAD(AstArgList, AstArg);

typedef enum AstKind {
	AST_SUBSYSTEM, /* name, number, modes */
	AST_MSGOPTION_STATEMENT, /* text; likewise the next two; NULL text: cancelled */
	AST_WAITTIME_STATEMENT,
	AST_SENDTIME_STATEMENT,
	AST_SPECIAL_REPLY_PORT, /* number */
	AST_CONSUME_ON_SEND_ERROR, /* number: AstConsume */
	AST_USER_TYPE_LIMIT, /* number */
	AST_ON_STACK_LIMIT, /* number */
	AST_ERROR, /* name */
	AST_SERVER_PREFIX, /* name; likewise the next two */
	AST_USER_PREFIX,
	AST_SERVER_DEMUX,
	AST_TYPE, /* name, spec */
	AST_ROUTINE, /* name, args, simple */
	AST_SKIP,
	AST_IMPORT, /* text with its quotes or brackets, import */
	AST_RCSID, /* text */
} AstKind;

typedef enum AstConsume {
	AST_CONSUME_NONE,
	AST_CONSUME_TIMEOUT,
	AST_CONSUME_ANY,
} AstConsume;

typedef enum AstImport {
	AST_IMPORT_ALL, /* import: user's and server's headers */
	AST_IMPORT_USER, /* uimport: the user's header */
	AST_IMPORT_SERVER, /* simport: the server's header and code */
	AST_IMPORT_INTERNAL, /* iimport: the internal header */
	AST_IMPORT_DEFINES, /* dimport: the header of defines */
} AstImport;

typedef struct AstStatement {
	AstKind kind;
	Span span;
	AstName name;
	int64_t number;
	Span number_span;
	const char *text;
	AstImport import;
	bool kernel_user, kernel_server; /* AST_SUBSYSTEM */
	bool simple; /* AST_ROUTINE */
	struct AstArgList args;
	AstSpec *spec;
	STAILQ_ENTRY(AstStatement) link;
} AstStatement;

STAILQ_HEAD(AstStatementList, AstStatement);

typedef struct Ast {
	struct AstStatementList statements;
} Ast;

#endif
