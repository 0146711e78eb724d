/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TOOLS_LAUNCHCTL_FORMAT_H
#define PORTCULLIS_TOOLS_LAUNCHCTL_FORMAT_H

/*
 * What launchctl prints, made of what was found out. Pure functions but for the stream that they are
 * given; nothing here asks anybody.
 *
 * Text that others have chosen (names, paths, values) is printed so that a terminal does not obey it:
 * control characters, and bytes that are not UTF-8, as \xNN.
 */

#include <plist/plist.h>
#include <servers/bootstrap.h>
#include <stdbool.h>
#include <stdio.h>

#include "job_user.h"

void format_text(FILE *out, const char *text);

/* "A  com.example.x (job)"; job may be NULL. */
void format_service(
	FILE *out, unsigned depth, bootstrap_status_t status, const char *name, const char *job);
/* "name (Explicit Subset)/" */
void format_namespace(FILE *out, unsigned depth, const char *name, bootstrap_property_t property);

/* `list`: the lines, and their head. */
void format_list(FILE *out, const job_line_t *lines, size_t n);
/* `list LABEL`: a property list in the old style. */
void format_legacy(FILE *out, const char *session_type, plist_t job);

/* Who is served in a namespace, as bootstrap_info() tells. */
typedef struct ServiceTable {
	name_array_t names, jobs;
	bootstrap_status_array_t active;
	unsigned n;
} ServiceTable;

/* `print SERVICE`. domain: what the server says of it; may be NULL. */
void format_job(FILE *out, const char *target, plist_t job, plist_t domain);

/* `print DOMAIN` */
typedef struct DomainView {
	const char *target;
	int pid; /* of its launchd */
	unsigned uid;
	plist_t description;
	const job_line_t *lines;
	size_t n_lines;
	ServiceTable services;
} DomainView;

void format_domain(FILE *out, const DomainView *view);
/* `print-disabled` */
void format_disabled(FILE *out, plist_t domain);

/* As one line of JSON. */
void format_json(FILE *out, plist_t value);

/* "0", "78: EX_CONFIG" */
void format_exit_code(FILE *out, unsigned code);

/* --- Looking into a property list (launchctl-plist.c) --- */

/* NULL, false, 0: there is none of that type. */
const char *plist_find_text(plist_t dict, const char *key);
bool plist_find_number(plist_t dict, const char *key, uint64_t *ret);
bool plist_is_true(plist_t dict, const char *key);
typedef void (*PlistEntry)(void *ctx, const char *key, plist_t value);
/* Each entry of a dictionary, in its order; nothing of what is none. */
void plist_each(plist_t dict, PlistEntry entry, void *ctx);

#endif
