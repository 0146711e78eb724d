/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_SEMA_PRIVATE_H
#define PORTCULLIS_MIG_SEMA_PRIVATE_H

/*
 * The parts of the analysis: statements (sema.c), routines (sema_routine.c), their arguments
 * (sema_arg.c, sema_flag.c), and what names may be (sema_name.c). What is wrong is told where it is
 * found; a part that fails gives NULL or false, and the rest goes on, to tell more in one run.
 */

#include "mig/nametable.h"
#include "mig/sema.h"

/* What statements say of the routines behind them. */
typedef struct Settings {
	const char *user_prefix, *server_prefix;
	const char *wait_time, *send_time, *msg_option; /* NULL: nothing */
	AstConsume consume;
} Settings;

typedef struct Sema {
	Arena *arena;
	Diag *diag;
	const Options *options;
	TypeTable types;
	NameTable routines;
	Settings settings;
} Sema;

/* A routine while its arguments are being looked at: args[i] is what asts[i] became. */
typedef struct RoutineDraft {
	Routine *routine;
	Arg **args; /* NULL: was wrong */
	const AstArg **asts;
	unsigned n;
} RoutineDraft;

/* NULL if it is wrong. */
const Routine *sema_routine(Sema *s, const AstStatement *statement, int32_t id);

/* What an argument is by itself, before its routine and its flags are looked at. */
Arg *sema_arg(Sema *s, const AstArg *ast);
/* Whether the type fits what the argument is for, and whether that can go in this routine. */
bool sema_arg_check(Sema *s, const Routine *r, const Arg *arg, const AstArg *ast);
/* Its flags, and its count: the arguments before it are done. */
bool sema_flags(Sema *s, const RoutineDraft *draft, unsigned index);

typedef enum NameUse {
	NAME_TYPE, /* may be a type of C */
	NAME_ROUTINE,
	NAME_ARG,
} NameUse;

/* Whether C can have such a name. */
bool sema_check_name(Sema *s, const AstName *name, NameUse use);
/* Whether all names that a finished routine's arguments lead to are different. */
bool sema_check_derived_names(Sema *s, const Routine *r);
/* Whether all functions and variables of the finished interface have names of their own. demux: where
 * the name of that function comes from. */
bool sema_check_functions(Sema *s, const Interface *i, Span demux);

#endif
