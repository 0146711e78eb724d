/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_PLIST_GUARD_H
#define PORTCULLIS_OBJECT_PLIST_GUARD_H

/*
 * What goes over a property list before libplist sees a byte of it: the essay is at the head of plist.c.
 * Each form has a check of its own, plist_xml.c and plist_binary.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Nested containers, as the deepest that any user of this may allow. */
#define PLIST_GUARD_DEPTH_MAX 128U

typedef struct PlistProblem {
	size_t line; /* 0: a binary list has none */
	const char *text;
	/* A key that is there twice (then there is no text), as written: not NUL-terminated. */
	const char *key;
	size_t key_size;
} PlistProblem;

/* What is taken down for who makes objects of it: the dates of a list, in the order of the values, in ns
 * since 1970, which are more exact and of more years than libplist gives them; and how many keys there are,
 * as it keeps only one of those that are equal once their escapes are read. */
typedef struct PlistNotes {
	int64_t *dates;
	size_t n_dates, room;
	size_t n_keys;
} PlistNotes;

typedef struct PlistGuard {
	unsigned depth_max, n_nodes_max;
	size_t n_bytes_max; /* of all strings and data of a binary list, each time they are referred to */
	/* A mistake: 0 to see further ones, if there can be any; > 0: that is enough; -ENOMEM ends it. */
	int (*report)(void *data, const PlistProblem *problem);
	void *data;
	PlistNotes *notes; /* or NULL: not wanted */
} PlistGuard;

/* 0, which does not say that the list is good (was anything reported?), or -ENOMEM. */
int plist_xml_check(const PlistGuard *guard, const char *text, size_t size) _warn_unused_;
int plist_binary_check(const PlistGuard *guard, const uint8_t *data, size_t size) _warn_unused_;

/* -ENOMEM. */
int plist_notes_add_date(PlistNotes *notes, int64_t ns) _warn_unused_;
void plist_notes_deinit(PlistNotes *notes);
#define _cleanup_plist_notes_ _cleanup_(plist_notes_deinit)

/* "2001-01-01T00:00:00Z", of any length, as ns since 1970. */
bool plist_date_parse(const char *text, size_t size, int64_t *ret_ns);

#endif
