/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_OUTPUT_H
#define PORTCULLIS_MIG_OUTPUT_H

/*
 * The files to be written. Each is made in memory first; output_commit() then writes all of them
 * beside their places and renames them, so that an error leaves what was there before.
 */

#include <stdio.h>

#include "mig/arena.h"

typedef struct OutputFile OutputFile;

typedef struct Output {
	Arena *arena;
	OutputFile *files;
} Output;

void output_init(Output *o, Arena *a);
/* Frees what was not committed. */
void output_deinit(Output *o);

/* A stream to write to, closed by commit or deinit. "/dev/null": what is written is thrown away.
 * path is borrowed until then. */
FILE *output_open(Output *o, const char *path);

/* The paths of all files that were opened, in that order. */
const char *const *output_get_paths(const Output *o, size_t *ret_n);

/* 0, or -errno with the path that it is about in *ret_path; then nothing was changed as far as can be. */
int output_commit(Output *o, const char **ret_path) __attribute__((__warn_unused_result__));

#endif
