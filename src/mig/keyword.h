/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_KEYWORD_H
#define PORTCULLIS_MIG_KEYWORD_H

/*
 * The words of the language, and those that it had once: what to write instead of them. Keywords
 * are the same in capital letters, but for a few that are written exactly so.
 */

/* The token of the grammar, or 0 if it is a name like any other. */
int keyword_find(const char *text);

/* What to say about a word that meant something once, or in another dialect; NULL: nothing. */
const char *keyword_find_advice(const char *text);

#endif
