/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQPARSE_H
#define PORTCULLIS_CODESIGN_REQPARSE_H

/*
 * From text to requirements: codesign-requirements(7) has the language. An error does not end the
 * work; the diag has as many as make sense.
 *
 * Reading a text may mean reading a file: `anchor = /path/of/a/certificate` stands for the hash of what
 * is in it. Whoever parses for others decides whether they may; without a loader it is an error.
 */

#include "codesign/reqast.h"
#include "codesign/reqdiag.h"
#include "codesign/reqset.h"

#define REQ_FILE_HASH_SIZE 32u /* SHA-256 */

typedef enum ReqParseWhat {
	REQ_PARSE_ANY, /* whichever the text is */
	REQ_PARSE_REQUIREMENT,
	REQ_PARSE_SET,
} ReqParseWhat;

typedef struct ReqParseOptions {
	ReqParseWhat what;
	/* The hash of the certificate in a file: as req_file_hash_certificate(), with text for people in
	 * *ret_why on a positive result. NULL: files are not read. */
	int (*hash_certificate)(
		const char *path, uint8_t ret[static REQ_FILE_HASH_SIZE], const char **ret_why);
} ReqParseOptions;

/* One of both is there. */
typedef struct ReqParsed {
	Requirement *requirement;
	ReqSet *set;
} ReqParsed;

#define REQ_PARSED_INIT ((ReqParsed){NULL, NULL})

void req_parsed_deinit(ReqParsed *self);
#define _cleanup_req_parsed_ _cleanup_(req_parsed_deinit)

/* @options NULL: any, no files. Returns 0; REQ_E_SYNTAX, and then @diag has errors; -ENOMEM. */
int req_parse(const char *text, size_t size, const ReqParseOptions *options, ReqDiag *diag,
	ReqParsed *ret) _warn_unused_;

/* The same of one requirement, whose errors are of no interest. */
int requirement_parse(const char *text, size_t size, Requirement **ret) _warn_unused_;

#endif
