/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_PREPROCESS_H
#define PORTCULLIS_MIG_PREPROCESS_H

#include <stdint.h>

#include "mig/arena.h"
#include "mig/options.h"

/* The preprocessor failed or was not there; a message has been printed. */
#define PREPROCESS_E_FAILED 1

/*
 * Run the C preprocessor over a .defs file: `CC -E -x c -D__MACH30__ ARGS -I DIRECTORY-OF-FILE`,
 * without a shell. (CC itself may have arguments: it is split at blanks, as make does.) What it says
 * on stderr goes there. *ret_text lives in the arena, ends with a NUL, and holds *ret_size bytes.
 */
int preprocess_file(Arena *a, const Options *o, const char *file, char **ret_text,
	uint32_t *ret_size) __attribute__((__warn_unused_result__));

/* The rule of make that says what files the outputs of this one depend on, for -MD: `TARGETS: FILES`.
 * The targets are those of -MT and -MQ; without any, those that are given. */
int preprocess_dependencies(Arena *a, const Options *o, const char *file,
	const char *const *targets, size_t n_targets, char **ret_text, uint32_t *ret_size)
	__attribute__((__warn_unused_result__));

#endif
