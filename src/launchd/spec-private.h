/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_SPEC_PRIVATE_H
#define PORTCULLIS_LAUNCHD_SPEC_PRIVATE_H

/*
 * What the files spec*.c share: how a dictionary is walked by a table of its keys.
 *
 * A wrong value is no reason to stop: it is put into the report, and the walk goes on with the next
 * key. The int of these functions is therefore 0 or -ENOMEM only, and whether anything was wrong is
 * asked of the report at the end.
 *
 * The same tables serve the way back (spec-format.c): what has a simple kind needs no code in either
 * direction, only its row.
 */

#include <plist/plist.h>

#include "base/bytes.h"
#include "launchd/spec.h"

/* Dictionaries and arrays within each other, and how many of all; bytes after all references of a
 * binary list are followed. libplist recurses without a bound. */
#define SPEC_DEPTH_MAX 16U
#define SPEC_NODES_MAX 65536U
#define SPEC_BYTES_MAX (4 * SPEC_FILE_MAX)
/* Of what is shown of a key or a value. */
#define SPEC_SHOWN_MAX 160U

/* Where the walk is. */
typedef struct SpecPath {
	char text[1024];
	size_t size;
} SpecPath;

typedef struct SpecParse {
	SpecReport *report;
	SpecPath path;
	/* The names of keys without a meaning here, and of keys with one some day: ", " between them. */
	ByteWriter ignored, later;
} SpecParse;

typedef enum SpecKind {
	SPEC_KIND_BOOL, /* bool */
	SPEC_KIND_TRI, /* SpecTri */
	SPEC_KIND_INT, /* int64_t, from min to max */
	SPEC_KIND_STRING, /* char *, for which check has nothing to say */
	SPEC_KIND_STRINGS, /* char **, NULL-terminated, each like that */
	SPEC_KIND_OWN, /* what parse and format know */
	SPEC_KIND_IGNORED, /* means nothing here */
	SPEC_KIND_LATER, /* is not supported yet */
} SpecKind;

typedef struct SpecKey SpecKey;
struct SpecKey {
	const char *name;
	SpecKind kind;
	size_t offset; /* of the member of the object that the dictionary is parsed into */
	int64_t min, max;
	int64_t fallback; /* the default of a BOOL or INT, which is not written out */
	/* NULL, or what a string should have been. */
	const char *(*check)(const char *value);
	int (*parse)(SpecParse *p, plist_t value, void *object);
	/* NULL in *ret: there is nothing to write. */
	int (*format)(const void *object, plist_t *ret);
};

/* spec-path.c */
void spec_path_push_key(SpecPath *path, const char *key, size_t *ret_mark);
void spec_path_push_index(SpecPath *path, size_t index, size_t *ret_mark);
void spec_path_pop(SpecPath *path, size_t mark);
/* The first bytes of @text that are at most SPEC_SHOWN_MAX, made printable, in quotes. */
void spec_show(const char *text, char ret[static 4 * SPEC_SHOWN_MAX + 8]);

/* spec-report.c. The path is "" for the whole file. 0 or -ENOMEM. */
int spec_report_add(SpecReport *report, bool is_error, const char *path, const char *format, ...)
	_printf_(4, 5) _warn_unused_;
int spec_error(SpecParse *p, const char *format, ...) _printf_(2, 3) _warn_unused_;
int spec_warning(SpecParse *p, const char *format, ...) _printf_(2, 3) _warn_unused_;
/* "expected @expected, found …". */
int spec_error_expected(SpecParse *p, plist_t value, const char *expected) _warn_unused_;

/* spec-key.c */
typedef int (*SpecEntry)(SpecParse *p, const char *key, plist_t value, void *object);
/* Each entry of a dictionary, with the path at its key; a key that is there twice is an error. */
int spec_dict_each(SpecParse *p, plist_t dict, SpecEntry entry, void *object) _warn_unused_;
/* A dictionary with the keys of a table. Not a dictionary: that is reported. */
int spec_parse_dict(
	SpecParse *p, plist_t dict, const SpecKey *keys, size_t n_keys, void *object) _warn_unused_;
/* Single values. *ret is untouched where the value is wrong (which is reported), and otherwise what was
 * there before is freed. */
int spec_parse_bool(SpecParse *p, plist_t value, bool *ret) _warn_unused_;
int spec_parse_int(
	SpecParse *p, plist_t value, int64_t min, int64_t max, int64_t *ret) _warn_unused_;
int spec_parse_string(
	SpecParse *p, plist_t value, const char *(*check)(const char *), char **ret) _warn_unused_;
/* One of the words of a list that ends in NULL, in any case: its index. */
int spec_parse_word(
	SpecParse *p, plist_t value, const char *const *words, size_t *ret) _warn_unused_;
/* An integer, or a string of one as strtoul(3) reads it: with 0 in front it is octal. */
int spec_parse_mode(SpecParse *p, plist_t value, int64_t max, int64_t *ret) _warn_unused_;
/* A string that is not checked but for being UTF-8; NULL: it is not one, which is reported. Borrowed
 * from the value. */
int spec_get_string(
	SpecParse *p, plist_t value, const char *expected, const char **ret) _warn_unused_;

/* spec-check.c: NULL, or what it should have been. */
const char *spec_check_text(const char *value);
const char *spec_check_filled(const char *value);
const char *spec_check_absolute(const char *value);
const char *spec_check_label(const char *value);
const char *spec_check_service(const char *value);
const char *spec_check_account(const char *value);
const char *spec_check_variable(const char *value);
const char *spec_check_socket_path(const char *value);
bool spec_is_utf8(const char *text, size_t size);

/* spec-format.c. What of @object differs from the defaults, as a dictionary. */
int spec_format_dict(
	const SpecKey *keys, size_t n_keys, const void *object, plist_t *ret) _warn_unused_;

/* The objects, one file each. */
int spec_parse_services(SpecParse *p, plist_t value, void *spec) _warn_unused_;
int spec_format_services(const void *spec, plist_t *ret) _warn_unused_;
void spec_services_free(JobSpec *spec);
int spec_parse_keep_alive(SpecParse *p, plist_t value, void *spec) _warn_unused_;
int spec_format_keep_alive(const void *spec, plist_t *ret) _warn_unused_;
void spec_keep_alive_free(JobSpec *spec);
int spec_parse_soft_limits(SpecParse *p, plist_t value, void *spec) _warn_unused_;
int spec_format_soft_limits(const void *spec, plist_t *ret) _warn_unused_;
int spec_parse_hard_limits(SpecParse *p, plist_t value, void *spec) _warn_unused_;
int spec_format_hard_limits(const void *spec, plist_t *ret) _warn_unused_;
int spec_parse_sockets(SpecParse *p, plist_t value, void *spec) _warn_unused_;
int spec_format_sockets(const void *spec, plist_t *ret) _warn_unused_;
void spec_sockets_free(JobSpec *spec);
int spec_parse_inetd(SpecParse *p, plist_t value, void *spec) _warn_unused_;
int spec_format_inetd(const void *spec, plist_t *ret) _warn_unused_;
int spec_parse_environment(SpecParse *p, plist_t value, void *spec) _warn_unused_;
int spec_format_environment(const void *spec, plist_t *ret) _warn_unused_;
int spec_parse_linux(SpecParse *p, plist_t value, void *spec) _warn_unused_;
int spec_format_linux(const void *spec, plist_t *ret) _warn_unused_;
void spec_strings_free(char **strings);

/* spec-table.c: the keys of a job. */
extern const SpecKey spec_keys[];
extern const size_t spec_n_keys;

/* spec-plist.c. The tree of a property list in XML or binary form, bounded and in UTF-8; NULL where it
 * is not one, which is reported. */
int spec_plist_decode(SpecParse *p, const void *data, size_t size, plist_t *ret) _warn_unused_;
static inline void spec_plist_freep(plist_t *p)
{
	if (*p)
		plist_free(*p);
}
#define _cleanup_plist_ _cleanup_(spec_plist_freep)

#endif
