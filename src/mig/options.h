/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_OPTIONS_H
#define PORTCULLIS_MIG_OPTIONS_H

/* What the command line asks for. */

#include <stdbool.h>
#include <stdio.h>

#include "mig/arena.h"

/* Something is wrong with the command line; it has been told. */
#define OPTIONS_E_USAGE 2
/* -version or -help was given and has been answered. */
#define OPTIONS_E_DONE 3

typedef struct Options {
	const char **files; /* the .defs files, at least one */
	size_t n_files;
	/* For the C preprocessor, in the order given: -D, -I, -U, and whatever mig itself does not know
	 * but the preprocessor does. */
	const char **cpp_args;
	size_t n_cpp_args;
	const char *cc; /* the command that preprocesses: -cc, else MIGCC, else "cc" */
	/* Where the output goes: NULL for the default, "/dev/null" for nowhere. */
	const char *user, *server, *header, *sheader, *iheader, *dheader;
	const char *user_prefix_files; /* -i: one file for each routine of the user's side */
	bool quiet; /* -q: no warnings */
	bool verbose; /* -v: a line for each routine and type */
	bool rpc; /* -r: one mach_msg() to send and receive; -R: two */
	bool check_ndr; /* -n */
	bool mach_msg2; /* -mach_msg2 */
	bool novouchers; /* -novouchers */
	long max_on_stack; /* -maxonstack; -1: no limit */
	long max_descriptors; /* -max_descrs, of a request; -1: no limit */
	long max_reply_descriptors; /* -max_reply_descrs */
	/* -MT, -MQ, -MP: for the dependency file only. */
	const char **dep_args;
	size_t n_dep_args;
	const char *depfile; /* -MD: NULL for none; "" for the default name (FILE.d) */
} Options;

/* Errors and warnings about options that have no effect here go to err, answers to out. */
int options_parse(Arena *a, int argc, char **argv, FILE *out, FILE *err, Options *ret)
	__attribute__((__warn_unused_result__));

#endif
