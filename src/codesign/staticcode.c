/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code on the disk. The signature is read once, into memory of our own; the file's content is read once
 * more, to be hashed.
 *
 * Invariant: `outcome` is what loading found, or LOAD_PENDING; `signature` is meaningful if it is 0, and
 * borrows from `bytes`.
 */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "codesign/container.h"
#include "codesign/detached.h"
#include "codesign/staticcode.h"

#define LOAD_PENDING (-1)

struct StaticCode {
	CodeFile file;
	char *path; /* owned; NULL: it was opened by a descriptor */
	const char *database; /* borrowed; NULL: none */
	int outcome;
	CodeProblem problem; /* if outcome > 0 */
	CodeSource source; /* where bytes are from */
	uint8_t *bytes; /* owned */
	size_t size;
	uint64_t offset;
	Signature signature;
};

static StaticCode *allocate(void)
{
	StaticCode *self = alloc_zero(sizeof(*self));

	if (self) {
		self->file = CODEFILE_NULL;
		self->database = DETACHED_DATABASE;
		self->outcome = LOAD_PENDING;
	}
	return self;
}

int staticcode_new(const char *path, StaticCode **ret, CodeProblem *problem)
{
	_cleanup_staticcode_ StaticCode *self = allocate();
	int r;

	if (!self)
		return error_origin(-ENOMEM);
	r = codefile_open_path(path, &self->file, &self->path, problem);
	if (r != 0)
		return r;
	*ret = TAKE_PTR(self);
	return 0;
}

int staticcode_new_fd(int fd, StaticCode **ret, CodeProblem *problem)
{
	_cleanup_staticcode_ StaticCode *self = allocate();
	int r;

	if (!self)
		return error_origin(-ENOMEM);
	r = codefile_open_fd(fd, &self->file, problem);
	if (r != 0)
		return r;
	*ret = TAKE_PTR(self);
	return 0;
}

StaticCode *staticcode_free(StaticCode *self)
{
	if (self) {
		codefile_deinit(&self->file);
		free(self->path);
		free(self->bytes);
		free(self);
	}
	return NULL;
}

int staticcode_set_signature(StaticCode *self, const void *data, size_t size, CodeProblem *problem)
{
	_cleanup_free_ uint8_t *copy = NULL;

	assert(self->outcome == LOAD_PENDING && !self->bytes);
	if (size > BLOB_MAX)
		return code_problem(problem, CODE_E_TOO_BIG, "the signature is too large");
	copy = malloc(MAX(size, (size_t)1));
	if (!copy)
		return error_origin(-ENOMEM);
	if (size > 0)
		memcpy(copy, data, size);
	self->bytes = TAKE_PTR(copy);
	self->size = size;
	self->source = CODE_SOURCE_GIVEN;
	return 0;
}

void staticcode_set_database(StaticCode *self, const char *directory)
{
	self->database = directory;
}

static int read_embedded(StaticCode *self, const Container *container, CodeProblem *problem)
{
	_cleanup_free_ uint8_t *bytes = malloc(MAX(container->blob_size, 1u));
	int r;

	if (!bytes)
		return error_origin(-ENOMEM);
	r = codefile_read(&self->file, container->code_limit, bytes, container->blob_size, problem);
	if (r != 0)
		return r;
	self->bytes = TAKE_PTR(bytes);
	self->size = container->blob_size;
	self->offset = container->code_limit;
	self->source = CODE_SOURCE_EMBEDDED;
	return 0;
}

/* Whether the search goes on elsewhere, because the file itself has no signature. */
static bool is_none(int outcome)
{
	return outcome == CODE_E_UNSIGNED || outcome == CODE_E_MODIFIED ||
	       outcome == CODE_E_FORMAT || outcome == CODE_E_TOO_BIG;
}

/* In the file, beside it, in the database. If there is none, what was said of the file counts: that it
 * is not signed, or that it was. */
static int find_bytes(StaticCode *self, CodeProblem *problem)
{
	Container container;
	int first, r;

	if (self->bytes)
		return 0;
	first = container_find(&self->file, &container, problem);
	if (first == 0)
		return read_embedded(self, &container, problem);
	if (!is_none(first))
		return first;
	if (self->path) {
		CodeProblem elsewhere;

		r = detached_read_beside(self->path, &self->bytes, &self->size, &elsewhere);
		if (r == 0)
			self->source = CODE_SOURCE_BESIDE;
		if (r > 0 && r != CODE_E_UNSIGNED && problem)
			*problem = elsewhere;
		if (r != CODE_E_UNSIGNED)
			return r;
	}
	if (self->database) {
		CodeProblem elsewhere;

		r = detached_read_database(
			self->database, &self->file, &self->bytes, &self->size, &elsewhere);
		if (r == 0)
			self->source = CODE_SOURCE_DATABASE;
		if (r > 0 && r != CODE_E_UNSIGNED && problem)
			*problem = elsewhere;
		if (r != CODE_E_UNSIGNED)
			return r;
	}
	return first;
}

/* Whether the CodeDirectory speaks of as much of the file as there is before the signature. */
static int check_limit(const StaticCode *self, CodeProblem *problem)
{
	uint64_t limit = self->signature.directories[0].code_limit;
	uint64_t found = self->source == CODE_SOURCE_EMBEDDED ? self->offset : self->file.size;

	if (limit == found)
		return 0;
	return code_problem_range(problem, CODE_E_MODIFIED, MIN(limit, found), MAX(limit, found),
		limit < found ? "something was added to what was signed"
			      : "the end of what was signed is missing");
}

static int load(StaticCode *self, CodeProblem *problem)
{
	int r;

	r = find_bytes(self, problem);
	if (r != 0)
		return r;
	r = signature_decode(self->bytes, self->size, &self->signature, problem);
	if (r > 0 && self->source == CODE_SOURCE_EMBEDDED && problem && !problem->has_range) {
		problem->has_range = true;
		problem->start = self->offset;
		problem->end = self->offset + self->size;
	}
	if (r == 0)
		r = check_limit(self, problem);
	return r;
}

int staticcode_load(StaticCode *self, CodeProblem *problem)
{
	if (self->outcome == LOAD_PENDING) {
		CodeProblem found = {0};
		int r = load(self, &found);

		if (r < 0)
			return error_trace(r);
		self->outcome = r;
		self->problem = found;
	}
	if (self->outcome > 0 && problem)
		*problem = self->problem;
	return self->outcome;
}

int staticcode_check_contents(
	StaticCode *self, bool all, PageHashProgress progress, void *userdata, CodeProblem *problem)
{
	int r;

	r = staticcode_load(self, problem);
	for (uint32_t i = 0; r == 0 && i < self->signature.n_directories; i++) {
		const CodeDirectory *d = &self->signature.directories[i];
		PageHashJob job = {
			.file = &self->file,
			.limit = d->code_limit,
			.type = d->hash_type,
			.page_shift = d->page_shift,
			.progress = progress,
			.userdata = userdata,
		};
		uint32_t page;

		if (all || i == self->signature.best)
			r = pagehash_compare(&job, d->hashes, &page, problem);
	}
	if (r == 0)
		r = codefile_check_unchanged(&self->file, problem);
	return r;
}

const CodeFile *staticcode_get_file(const StaticCode *self)
{
	return &self->file;
}

const char *staticcode_find_path(const StaticCode *self)
{
	return self->path;
}

CodeSource staticcode_get_source(const StaticCode *self)
{
	return self->outcome == 0 ? self->source : CODE_SOURCE_NONE;
}

const Signature *staticcode_find_signature(const StaticCode *self)
{
	return self->outcome == 0 ? &self->signature : NULL;
}

const uint8_t *staticcode_get_bytes(const StaticCode *self, size_t *ret_size, uint64_t *ret_offset)
{
	assert(self->outcome == 0);
	*ret_size = self->size;
	*ret_offset = self->offset;
	return self->bytes;
}
