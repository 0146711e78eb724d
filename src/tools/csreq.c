/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csreq: requirements from text to their binary form, and back. Exit status: 0, 1 if the input is no
 * requirement or something failed, 2 for a wrong command line.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "codesign/reqfile.h"

#define INPUT_MAX (4u * 1024 * 1024)

typedef struct Options {
	const char *input;
	const char *output; /* NULL: none */
	bool text;
	bool verbose;
} Options;

static void print_usage(FILE *out)
{
	fprintf(out,
		"usage: csreq [-v] -r FILE|-|=TEXT [-t] [-b FILE|-]\n"
		"  -r  the requirement or set: a file, standard input, or the text itself\n"
		"  -t  print it as text\n"
		"  -b  write its binary form\n"
		"  -v  say what it is\n"
		"Without -t and -b it is only checked. See csreq(1), codesign-requirements(7).\n");
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "csreq: %s: %s\n", what, why);
	return 1;
}

static int fail_errno(const char *what, int r)
{
	return fail(what, strerror(-r));
}

/* The name of the input, for people. */
static const char *name_of(const char *input)
{
	return input[0] == '='			     ? "text"
	       : input[0] == '-' && input[1] == '\0' ? "standard input"
						     : input;
}

static int read_all(int fd, ByteWriter *w)
{
	for (;;) {
		char buffer[16384];
		ssize_t n = read(fd, buffer, sizeof(buffer));
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		r = bytes_put_blob(w, buffer, (size_t)n);
		if (r)
			return r > 0 ? -EFBIG : r;
	}
}

/* -errno; what cannot be parsed is nobody's error yet. */
static int read_input(const char *input, ByteWriter *w)
{
	_cleanup_close_ int fd = -EBADF;

	if (input[0] == '=')
		return bytes_put_blob(w, input + 1, strlen(input + 1)) == 0 ? 0 : -EFBIG;
	if (strcmp(input, "-") == 0)
		return read_all(STDIN_FILENO, w);
	fd = open(input, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : read_all(fd, w);
}

static const char *reason_of(int e)
{
	switch (e) {
	case REQ_E_UNSUPPORTED:
		return "a kind of requirement that is not known";
	case REQ_E_UNIMPLEMENTED:
		return "an operator that is not known";
	case REQ_E_LIMIT:
		return "too large or nested too deeply";
	default:
		return "invalid or corrupted code requirement(s)";
	}
}

static int decode(const ByteWriter *data, ReqParsed *ret)
{
	*ret = REQ_PARSED_INIT;
	if (data->used >= 4 && blob_read_be32(data->p) == BLOB_MAGIC_REQUIREMENTS)
		return req_set_decode(data->p, data->used, &ret->set);
	return requirement_decode(data->p, data->used, &ret->requirement);
}

/* An exit status. */
static int parse(const char *input, const ByteWriter *data, ReqParsed *ret)
{
	static const ReqParseOptions options = {REQ_PARSE_ANY, req_file_hash_certificate};
	_cleanup_req_diag_ ReqDiag diag;
	int r;

	req_diag_init(&diag);
	if (data->used > 0 && data->p[0] == BLOB_MAGIC_REQUIREMENT >> 24) {
		r = decode(data, ret);
		if (r > 0)
			fprintf(stderr, "error: %s\n", reason_of(r));
		else if (r < 0)
			fail_errno(name_of(input), r);
		return r != 0;
	}
	r = req_parse(
		data->used > 0 ? (const char *)data->p : "", data->used, &options, &diag, ret);
	if (r > 0)
		fprintf(stderr,
			"error: invalid or corrupted code requirement(s)\n"
			"Requirement syntax error(s):\n%s",
			req_diag_get(&diag));
	else if (r < 0)
		fail_errno(name_of(input), r);
	return r != 0;
}

static int print_text(const ReqParsed *parsed)
{
	_cleanup_free_ char *text = NULL;
	int r = parsed->set ? req_set_format(parsed->set, &text)
			    : requirement_format(parsed->requirement, &text);

	if (r)
		return fail_errno("text", r);
	if (printf("%s%s", text, parsed->set ? "" : "\n") < 0 || fflush(stdout) != 0)
		return fail("standard output", strerror(errno));
	return 0;
}

/* What was written last may fail only here. */
static int close_output(int fd)
{
	return close(fd) == 0 ? 0 : -errno;
}

static int write_binary(const char *output, const ReqParsed *parsed)
{
	_cleanup_free_ uint8_t *owned = NULL;
	_cleanup_close_ int fd = -EBADF;
	const uint8_t *data;
	size_t size;
	int r = 0;

	if (parsed->set) {
		r = req_set_encode(parsed->set, &owned, &size);
		if (r)
			return r > 0 ? fail(output, reason_of(r)) : fail_errno(output, r);
		data = owned;
	} else {
		BlobView view = requirement_get_blob(parsed->requirement);

		data = view.data;
		size = view.size;
	}
	if (strcmp(output, "-") == 0) {
		r = fd_write_all(STDOUT_FILENO, data, size);
		return r ? fail_errno("standard output", r) : 0;
	}
	fd = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	r = fd < 0 ? -errno : fd_write_all(fd, data, size);
	if (r == 0)
		r = close_output(TAKE_FD(fd));
	return r ? fail_errno(output, r) : 0;
}

static void print_kind(const ReqParsed *parsed)
{
	if (parsed->set) {
		uint32_t n = req_set_n(parsed->set);

		fprintf(stderr, "a set of %u requirement%s\n", n, n == 1 ? "" : "s");
	} else {
		uint32_t n;

		(void)requirement_get_steps(parsed->requirement, &n);
		fprintf(stderr, "a requirement of %u term%s, %u bytes\n", n, n == 1 ? "" : "s",
			requirement_get_blob(parsed->requirement).size);
	}
}

/* An exit status; -1: go on. */
static int parse_options(int argc, char **argv, Options *ret)
{
	int c;

	while ((c = getopt(argc, argv, "r:tb:vh")) != -1) {
		switch (c) {
		case 'r':
			ret->input = optarg;
			break;
		case 't':
			ret->text = true;
			break;
		case 'b':
			ret->output = optarg;
			break;
		case 'v':
			ret->verbose = true;
			break;
		case 'h':
			print_usage(stdout);
			return 0;
		default:
			print_usage(stderr);
			return 2;
		}
	}
	if (ret->input && ret->input[0] != '\0' && optind == argc)
		return -1;
	print_usage(stderr);
	return 2;
}

int main(int argc, char **argv)
{
	_cleanup_req_parsed_ ReqParsed parsed = REQ_PARSED_INIT;
	_cleanup_bytes_writer_ ByteWriter data;
	Options options = {0};
	int r;

	bytes_writer_init_growable(&data, INPUT_MAX);
	r = parse_options(argc, argv, &options);
	if (r >= 0)
		return r;
	r = read_input(options.input, &data);
	if (r)
		return fail_errno(name_of(options.input), r);
	if (parse(options.input, &data, &parsed) != 0)
		return 1;
	if (options.verbose)
		print_kind(&parsed);
	if (options.text && print_text(&parsed) != 0)
		return 1;
	return options.output ? write_binary(options.output, &parsed) : 0;
}
