/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TOOLS_CODESIGN_H
#define PORTCULLIS_TOOLS_CODESIGN_H

/*
 * What the files codesign*.c share: the command line, and how things are told.
 *
 * A function that deals with one file prints what is wrong with it itself, and returns an exit status.
 * Whatever goes to a terminal or into a log goes through print_line(), which makes control characters
 * visible: names of files, certificates and identifiers are somebody else's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "codesign/codeinfo.h"
#include "codesign/problem.h"
#include "codesign/requirement.h"
#include "codesign/signer.h"

/* Exit statuses. */
#define STATUS_FAILED 1
#define STATUS_USAGE 2
#define STATUS_REQUIREMENT 3 /* all is as it was signed, but does not meet a requirement */

typedef enum Action {
	ACTION_NONE,
	ACTION_SIGN,
	ACTION_REMOVE,
	ACTION_VERIFY,
	ACTION_DISPLAY,
	ACTION_MAKE_IDENTITY,
	ACTION_HOSTING,
	ACTION_HELP,
	ACTION_VERSION,
} Action;

/* In what form entitlements are shown. */
typedef enum Form {
	FORM_TREE,
	FORM_XML,
	FORM_DER,
} Form;

/* What a new signature may have from the one that it replaces. */
#define PRESERVE_IDENTIFIER 0x1u
#define PRESERVE_REQUIREMENTS 0x2u
#define PRESERVE_ENTITLEMENTS 0x4u
#define PRESERVE_FLAGS 0x8u
#define PRESERVE_RUNTIME 0x10u

/* The command line, checked: what goes together does. All strings are from there. */
typedef struct Options {
	Action action;
	unsigned verbosity;
	char *const *paths;
	int n_paths;

	/* To sign: by whom. */
	const char *identity; /* a name or a path; "-": nobody */
	const char *passphrase_file; /* these three are NULL, NULL and -1, but for one */
	const char *passphrase_variable;
	int passphrase_fd;

	/* What. */
	const char *identifier; /* NULL: made of the file's name, with */
	const char *prefix; /* NULL: none */
	uint32_t flags;
	uint32_t runtime;
	uint8_t page_shift;
	CodeHash hashes[SIGNER_HASHES_MAX];
	uint32_t n_hashes;
	unsigned preserve; /* of PRESERVE_*: what the old signature says, where nothing is given */
	bool force;
	bool dry_run;
	bool keep_times;

	/* These three are of signing and of display: where from, where to. */
	const char *requirements;
	const char *entitlements;
	Form form;

	/* Where the signature is. */
	const char *detached; /* NULL: in the file or beside it */
	bool use_database; /* to sign: there and nowhere else */
	const char *database; /* DETACHED_DATABASE, unless another was named */

	/* To verify. */
	const char *test_requirement;
	bool deep;
	bool strict;
	bool any_signer;
	bool check_expiration;
	bool check_revocation;

	/* To display. */
	const char *certificates; /* a prefix for their files; NULL: they are not wanted */

	const char *new_identity;
} Options;

/* --- codesign-options.c --- */

/* 0, or STATUS_USAGE after saying why. */
int options_parse(int argc, char **argv, Options *ret);
void options_print_usage(FILE *out);

/* --- codesign-value.c: the values of options. False, with what was expected in *ret_why --- */

/* "runtime,hard", abbreviated as long as it is clear, or a number. */
bool value_parse_flags(const char *text, uint32_t *ret, const char **ret_why);
/* Bytes, a power of two, or 0: all of the file. */
bool value_parse_page_size(const char *text, uint8_t *ret_shift, const char **ret_why);
/* "sha256", "sha256,sha384". */
bool value_parse_hashes(const char *text, CodeHash ret[static SIGNER_HASHES_MAX], uint32_t *ret_n,
	const char **ret_why);
/* "identifier,entitlements": a set of PRESERVE_*. */
bool value_parse_preserve(const char *text, unsigned *ret, const char **ret_why);
/* "10.4", "10.4.11". */
bool value_parse_version(const char *text, uint32_t *ret, const char **ret_why);
bool value_parse_number(const char *text, unsigned max, unsigned *ret);

/* --- codesign-report.c --- */

/* A line, whose end is added. Control characters and what is not UTF-8 are written as \xNN. */
void print_line(FILE *out, const char *format, ...) _printf_(2, 3);

/* "codesign: ..."; STATUS_FAILED. */
int fail(const char *format, ...) _printf_(1, 2);
/* "PATH: ..."; STATUS_FAILED. */
int fail_file(const char *path, const char *format, ...) _printf_(2, 3);

/* What @r, of the core, says of a file (or of what @name is), and what can be done about it. @problem
 * counts if @r > 0. STATUS_FAILED. */
int report(const Options *options, const char *name, int r, const CodeProblem *problem);

/* The worse of two statuses. */
int status_worse(int one, int other);

/* A bar on stderr, for work that takes long enough to look at. */
typedef struct Progress {
	FILE *out; /* NULL: none */
	const char *name;
	uint64_t begin_ns;
	uint64_t shown_ns;
	bool is_shown;
} Progress;

/* Nothing is shown where stderr is no terminal. */
void progress_init(Progress *self, const char *name);
/* A PageHashProgress. */
bool progress_show(void *self, uint64_t done, uint64_t total);
void progress_show_at(Progress *self, uint64_t now_ns, uint64_t done, uint64_t total);
/* Takes the bar away. */
void progress_end(Progress *self);

/* --- codesign-input.c: what comes from files. 0, or an exit status after saying why --- */

/* A requirement that code is held against: "=text", or a file. */
int input_read_requirement(const char *input, Requirement **ret);
/* A set of them, in its binary form; on the heap. */
int input_read_requirements(const char *input, uint8_t **ret, size_t *ret_size);

/* Entitlements in both forms, on the heap. */
typedef struct Entitlements {
	uint8_t *xml;
	size_t xml_size;
	uint8_t *der;
	size_t der_size;
} Entitlements;

void entitlements_deinit(Entitlements *self);
#define _cleanup_entitlements_ _cleanup_(entitlements_deinit)
int input_read_entitlements(const char *input, Entitlements *ret);

/* To be freed by ownfile_free(), with the size of it; NULL: none was given. */
int input_read_passphrase(const Options *options, char **ret, size_t *ret_size);

/* The code at @at, with the signature that is to be looked at. Returns as staticcode_new(), with nothing
 * said. */
int input_open_code(const Options *options, const char *at, StaticCode **ret, CodeProblem *problem);

/* --- codesign-output.c --- */

/* Whether a new file may take the place of what is at @path: of nothing, or of a regular file. */
bool output_is_replaceable(const char *path);
#define OUTPUT_NOT_REPLACEABLE "it is a symbolic link, or no regular file, and is left as it is"

/* Put @data into a file, a new one in its place; "-" is stdout, and a device or a pipe is written to. 0,
 * or an exit status after saying why. */
int output_write(const char *path, const void *data, size_t size);
/* Whether all that was printed arrived. */
int output_flush(void);

/* --- The actions, one file each --- */

int sign_all(const Options *options);
int remove_all(const Options *options);
int verify_all(const Options *options);
int display_all(const Options *options);
int make_identity(const Options *options);

/* --- codesign-verify.c, for codesign-deep.c --- */

typedef struct Verify {
	const Options *options;
	Trust *trust;
	Requirement *requirement; /* NULL: none was asked for */
} Verify;

/* How a file is. */
typedef enum Verdict {
	VERDICT_VALID,
	VERDICT_UNMET, /* but for a requirement */
	VERDICT_UNSIGNED,
	VERDICT_INVALID,
} Verdict;

/* @path is what it is called, @at where it is opened; @expected, unless NULL, what must be found there. In
 * *ret_source is where the signature was, if it was a proper one. */
Verdict verify_file(const Verify *self, const char *path, const char *at,
	const struct stat *expected, CodeSource *ret_source);
/* A folder and all that is in it; an exit status. */
int verify_folder(const Verify *self, const char *path);

/* --- codesign-show.c: parts of what is displayed --- */

/* A dictionary and what is in it, with a line for each value. */
void show_tree(FILE *out, const Object *value);
/* The requirements of code as text, those that follow from the signer behind a '#'. On the heap; 0 or
 * -ENOMEM. */
int show_requirements(const CodeInfo *info, char **ret, size_t *ret_size);
/* Whom a certificate is about. On the heap; NULL: no memory. */
char *show_subject(X509 *certificate);
/* "2026-11-22 16:12:00 UTC"; @time as reqtime.h counts. */
#define SHOW_TIME_SIZE 64u
void show_time(int64_t time, char ret[static SHOW_TIME_SIZE]);
/* Hexadecimal; @ret has room for two digits of each byte and a NUL. */
void show_hex(const uint8_t *bytes, size_t n, char *ret);

#endif
