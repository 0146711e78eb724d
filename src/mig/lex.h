/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_LEX_H
#define PORTCULLIS_MIG_LEX_H

/*
 * The tokens of a preprocessed text. In some places the language wants raw text, where no keyword
 * counts: the parser asks for it by lex_want() before it asks for the token; it is for that token
 * only. What is no token at all is told to diag and passed over.
 */

#include <stdint.h>

#include "mig/arena.h"
#include "mig/diag.h"
#include "mig/ipcname.h"
#include "mig/source.h"

typedef enum LexWant {
	LEX_TOKENS,
	LEX_TEXT, /* what is in quotes, or all up to the semicolon */
	LEX_FILE, /* "FILE" or <FILE>, which stay around it */
	LEX_WORDS, /* up to a comma or the parenthesis that closes */
} LexWant;

typedef struct Lexer {
	void *scanner; /* of flex */
	Arena *arena;
	Diag *diag;
	uint32_t offset;
	LexWant want;
	/* Of the token at hand. */
	Span span;
	Span previous; /* of the one before */
	union {
		const char *text;
		int64_t number;
		const IpcName *ipc;
	} value;
} Lexer;

/* Keep what is given until lex_deinit(). */
void lex_init(Lexer *l, const Source *source, Arena *a, Diag *d);
void lex_deinit(Lexer *l);

static inline void lex_want(Lexer *l, LexWant want)
{
	l->want = want;
}

/* A token of the grammar; 0 at the end. */
int lex_next(Lexer *l);

#endif
