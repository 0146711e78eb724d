/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What codesign reads besides the files that it is about: requirements, entitlements, passphrases,
 * signatures that are elsewhere. Of files only regular ones are read, so that none is waited for; what is to
 * come through a pipe comes by standard input or by a descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "codesign/detached.h"
#include "codesign/entitlements.h"
#include "codesign/ownfile.h"
#include "codesign/reqfile.h"
#include "tools/codesign.h"

#define REQUIREMENTS_MAX ((size_t)4 << 20)
#define PASSPHRASE_MAX ((size_t)1024)

static bool is_stdin(const char *input)
{
	return strcmp(input, "-") == 0;
}

static const char *name_of(const char *input)
{
	return input[0] == '=' ? "the requirement" : is_stdin(input) ? "standard input" : input;
}

/* At most @max bytes up to the end. -errno; -EFBIG: there are more. */
static int read_fd(int fd, size_t max, uint8_t **ret, size_t *ret_size)
{
	_cleanup_free_ uint8_t *data = malloc(max + 1);
	size_t used;
	int r;

	if (!data)
		return -ENOMEM;
	r = fd_read_up_to(fd, data, max + 1, &used);
	if (r < 0)
		return r;
	if (used > max)
		return -EFBIG;
	*ret = TAKE_PTR(data);
	*ret_size = used;
	return 0;
}

static int read_input(const char *input, size_t max, uint8_t **ret, size_t *ret_size)
{
	const char *why = NULL;
	int r;

	if (is_stdin(input))
		r = read_fd(STDIN_FILENO, max, ret, ret_size);
	else
		r = req_file_read(input, max, ret, ret_size, &why);
	if (r == 0)
		return 0;
	(void)fail_file(name_of(input), "%s", r > 0 ? why : strerror(-r));
	return STATUS_FAILED;
}

/* --- Requirements --- */

/* Whoever forgot the '=' is told so. */
static void advise_on_text(const char *input)
{
	if (strchr(input, ' ') && access(input, F_OK) != 0)
		print_line(stderr, "\tThere is no such file; a text is given behind a '='");
}

static int refuse_text(const char *name, ReqDiag *diag)
{
	const char *line = req_diag_get(diag);

	(void)fail_file(name, "invalid or corrupted code requirement(s)");
	while (*line) {
		size_t n = strcspn(line, "\n");

		print_line(stderr, "\t%.*s", (int)n, line);
		line += n + (line[n] == '\n');
	}
	return STATUS_FAILED;
}

static int parse_text(const char *name, const uint8_t *data, size_t size, ReqParsed *ret)
{
	static const ReqParseOptions options = {REQ_PARSE_ANY, req_file_hash_certificate};
	_cleanup_req_diag_ ReqDiag diag;
	int r;

	req_diag_init(&diag);
	r = req_parse(size > 0 ? (const char *)data : "", size, &options, &diag, ret);
	if (r > 0)
		return refuse_text(name, &diag);
	return r < 0 ? fail_file(name, "%s", strerror(-r)) : 0;
}

static int decode(const char *name, const uint8_t *data, size_t size, ReqParsed *ret)
{
	int r;

	if (size >= 4 && blob_read_be32(data) == BLOB_MAGIC_REQUIREMENTS)
		r = req_set_decode(data, size, &ret->set);
	else
		r = requirement_decode(data, size, &ret->requirement);
	if (r < 0)
		return fail_file(name, "%s", strerror(-r));
	return r ? fail_file(name, "invalid or corrupted code requirement(s)") : 0;
}

/* Text, or the binary form that begins as no text can. */
static int parse(const char *name, const uint8_t *data, size_t size, ReqParsed *ret)
{
	if (size > 0 && data[0] == BLOB_MAGIC_REQUIREMENT >> 24)
		return decode(name, data, size, ret);
	return parse_text(name, data, size, ret);
}

static int read_parsed(const char *input, ReqParsed *ret)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;
	int status;

	if (input[0] == '=')
		return parse(name_of(input), (const uint8_t *)input + 1, strlen(input + 1), ret);
	status = read_input(input, REQUIREMENTS_MAX, &data, &size);
	if (status)
		advise_on_text(input);
	return status ? status : parse(name_of(input), data, size, ret);
}

int input_read_requirement(const char *input, Requirement **ret)
{
	_cleanup_req_parsed_ ReqParsed parsed = REQ_PARSED_INIT;
	int status = read_parsed(input, &parsed);

	if (status)
		return status;
	if (parsed.set)
		return fail_file(name_of(input),
			"this is a set of requirements; -R takes one, without a type and '=>'");
	*ret = TAKE_PTR(parsed.requirement);
	return 0;
}

int input_read_requirements(const char *input, uint8_t **ret, size_t *ret_size)
{
	_cleanup_req_parsed_ ReqParsed parsed = REQ_PARSED_INIT;
	int status = read_parsed(input, &parsed), r;

	if (status)
		return status;
	if (!parsed.set)
		return fail_file(name_of(input), "this is one requirement; -r takes a set: write "
						 "'designated => ' before it");
	r = req_set_encode(parsed.set, ret, ret_size);
	if (r < 0)
		return fail_file(name_of(input), "%s", strerror(-r));
	return r ? fail_file(name_of(input), "the requirements are too large") : 0;
}

/* --- Entitlements --- */

void entitlements_deinit(Entitlements *self)
{
	free(self->xml);
	free(self->der);
	*self = (Entitlements){0};
}

/* What the lineage lets one keep in a file: the blob, or what is in it. */
static void strip_blob(uint8_t *data, size_t *size)
{
	BlobView blob;

	if (blob_decode(data, *size, BLOB_MAGIC_ENTITLEMENTS, &blob) != 0)
		return;
	*size -= BLOB_HEADER_SIZE;
	memmove(data, data + BLOB_HEADER_SIZE, *size);
}

int input_read_entitlements(const char *input, Entitlements *ret)
{
	_cleanup_entitlements_ Entitlements self = {0};
	_cleanup_object_ Object *object = NULL;
	PlistError error = {""};
	int status, r;

	status = read_input(input, ENTITLEMENTS_SIZE_MAX, &self.xml, &self.xml_size);
	if (status)
		return status;
	strip_blob(self.xml, &self.xml_size);
	r = entitlements_decode_xml(self.xml, self.xml_size, &object, &error);
	if (r == 0)
		r = entitlements_encode_der(object, &self.der, &self.der_size);
	if (r == OBJECT_E_UNSUPPORTED)
		return fail_file(name_of(input),
			"entitlements are a dictionary of strings, "
			"booleans, integers, data, arrays and dictionaries");
	if (r > 0)
		return fail_file(name_of(input),
			"this is no XML property list with entitlements: %s",
			error.text[0] ? error.text : "it is too large or nested too deeply");
	if (r < 0)
		return fail_file(name_of(input), "%s", strerror(-r));
	*ret = self;
	self = (Entitlements){0};
	return 0;
}

/* --- Passphrases --- */

/* The first line of @data, which is overwritten. */
static int take_line(const uint8_t *data, size_t size, char **ret, size_t *ret_size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t n = end ? (size_t)(end - data) : size;
	char *line = malloc(n + 1);

	if (!line)
		return -ENOMEM;
	if (n > 0)
		memcpy(line, data, n);
	line[n] = 0;
	*ret = line;
	*ret_size = n + 1;
	return 0;
}

static int take_passphrase(
	const char *name, int r, uint8_t *data, size_t size, char **ret, size_t *ret_size)
{
	if (r == 0 && size > PASSPHRASE_MAX)
		r = -EFBIG;
	if (r == 0)
		r = take_line(data, size, ret, ret_size);
	ownfile_free(data, size);
	return r < 0 ? fail_file(name, "%s", strerror(-r)) : 0;
}

int input_read_passphrase(const Options *options, char **ret, size_t *ret_size)
{
	uint8_t *data = NULL;
	size_t size = 0;
	int r;

	*ret = NULL;
	*ret_size = 0;
	if (options->passphrase_file) {
		CodeProblem problem;

		r = ownfile_read(AT_FDCWD, options->passphrase_file, OWNFILE_SECRET, PASSPHRASE_MAX,
			&data, &size, &problem);
		if (r > 0)
			return report(options, options->passphrase_file, r, &problem);
		return take_passphrase(options->passphrase_file, r, data, size, ret, ret_size);
	}
	if (options->passphrase_fd >= 0) {
		r = read_fd(options->passphrase_fd, PASSPHRASE_MAX, &data, &size);
		return take_passphrase("the passphrase", r, data, size, ret, ret_size);
	}
	if (options->passphrase_variable) {
		const char *value = getenv(options->passphrase_variable);

		if (!value)
			return fail("there is no variable %s in the environment",
				options->passphrase_variable);
		r = take_line((const uint8_t *)value, strlen(value), ret, ret_size);
		return r < 0 ? fail("%s", strerror(-r)) : 0;
	}
	return 0;
}

/* --- Code --- */

int input_open_code(const Options *options, const char *at, StaticCode **ret, CodeProblem *problem)
{
	_cleanup_staticcode_ StaticCode *code = NULL;
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;
	int r;

	r = staticcode_new(at, &code, problem);
	if (r != 0)
		return r;
	staticcode_set_database(code, options->database);
	if (options->detached) {
		CodeProblem why;

		r = detached_read(options->detached, &data, &size, &why);
		if (r > 0)
			return code_problem(problem, CODE_E_ACCESS, "the signature %.120s: %s",
				options->detached, why.text);
		if (r == 0)
			r = staticcode_set_signature(code, data, size, problem);
		if (r != 0)
			return r;
	}
	*ret = TAKE_PTR(code);
	return 0;
}
