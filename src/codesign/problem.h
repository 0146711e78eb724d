/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_PROBLEM_H
#define PORTCULLIS_CODESIGN_PROBLEM_H

/*
 * What is wrong with a file or its signature.
 *
 * The functions of the core return one of these codes, and write down the first problem that they
 * meet, for people: the code again, the range of bytes of the file that it is about, and a line of
 * text that names neither. The caller owns the CodeProblem, and may give NULL where it does not care.
 * It is set whenever a CODE_E_* is returned, and never otherwise.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

enum {
	_CODE_E_SUCCESS,
	CODE_E_NOT_FOUND, /* there is no such file */
	CODE_E_ACCESS, /* it may not be read, or its place not be written to */
	CODE_E_NOT_REGULAR, /* a directory, FIFO, socket or device */
	CODE_E_UNSIGNED, /* no signature, and no trace of one */
	CODE_E_MODIFIED, /* the file is not what was signed */
	CODE_E_DAMAGED, /* the signature is not one by its structure */
	CODE_E_UNSUPPORTED, /* a version or an algorithm that we do not take */
	CODE_E_COMPONENT, /* something that the signature seals is missing or differs */
	CODE_E_CHANGED, /* the file changed while it was looked at */
	CODE_E_TOO_BIG, /* more than we would hold */
	CODE_E_FORMAT, /* no ELF file, or one that cannot carry a signature */
	CODE_E_SIGNED, /* there is a signature already, and it was not to be replaced */
	CODE_E_PARAMETER, /* what was asked for cannot be signed: an empty identifier, say */
	CODE_E_DATABASE, /* others could have written to the database of signatures */
	CODE_E_REFUSED, /* the callback that makes the CMS, or shows the progress, said no */
	CODE_E_CMS, /* the CMS is not one that we take, or does not sign this CodeDirectory */
	CODE_E_UNTRUSTED, /* no chain of certificates leads from the signer to an anchor */
	CODE_E_EXPIRED, /* a certificate of the chain is not valid at this time */
	CODE_E_REVOKED, /* a certificate of the chain is revoked, or it is not known whether it is */
	CODE_E_ANCHORS, /* others could have written to what says whom to trust, or it is damaged */
	CODE_E_IDENTITY, /* what is there is no key with its certificate, or the passphrase is wrong */
	CODE_E_EXISTS, /* there is one already */
	CODE_E_REQUIREMENT, /* the code does not meet a requirement */
	CODE_E_ENTITLEMENTS, /* the entitlements make no sense, or their two forms differ */
	CODE_E_TEAM, /* the team is not that of the signer's certificate */
	_CODE_E_N,
};

#define CODE_PROBLEM_TEXT_SIZE 200u

typedef struct CodeProblem {
	int code;
	bool has_range;
	uint64_t start; /* bytes of the file: from, ... */
	uint64_t end; /* ... up to and without */
	char text[CODE_PROBLEM_TEXT_SIZE];
} CodeProblem;

/* Write the problem down, if @self is not NULL. Both return @code. */
int code_problem(CodeProblem *self, int code, const char *format, ...) _printf_(3, 4);
int code_problem_range(CodeProblem *self, int code, uint64_t start, uint64_t end,
	const char *format, ...) _printf_(5, 6);

/* The text and the range in one line, without a newline: "bytes 16384 to 32767: …". At most @size
 * bytes, the final 0 included. Returns @buffer. */
const char *code_problem_format(const CodeProblem *self, char *buffer, size_t size);

#endif
