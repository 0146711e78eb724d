/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two ways to print what was found: text for people, JSON for programs.
 *
 * Names of processes are chosen by whoever runs them, so neither passes on bytes that a terminal
 * or a parser would act on.
 */
#pragma once

#include <stdio.h>

#include "tools/lsmp-match.h"

/* Prints one process whose outcome is OUTCOME_OK. */
void text_print(FILE *out, const Match *m, uint32_t process, bool verbose);

/* Prints all wanted processes as one array; those that could not be read have an "error". */
void json_print(FILE *out, const Match *m);

/* Why a process could not be read; "" for OUTCOME_OK. */
void outcome_format(const ModelHead *head, char *text, size_t size);
