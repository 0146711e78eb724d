/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CodeDirectories.
 *
 * Versions only ever added fields, so a version is a length of the header. Where a number of 32 bits is
 * too small for the code limit, it is all ones, and one of 64 bits has the limit; else the latter is 0.
 */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "codesign/codedir.h"

enum {
	AT_VERSION = 8,
	AT_FLAGS = 12,
	AT_HASHES = 16,
	AT_IDENTIFIER = 20,
	AT_N_SPECIAL = 24,
	AT_N_CODE = 28,
	AT_LIMIT = 32,
	AT_HASH_SIZE = 36,
	AT_HASH_TYPE = 37,
	AT_PLATFORM = 38,
	AT_PAGE_SHIFT = 39,
	AT_SPARE2 = 40,
	AT_SCATTER = 44,
	AT_TEAM = 48,
	AT_SPARE3 = 52,
	AT_LIMIT64 = 56,
	AT_EXEC_BASE = 64,
	AT_EXEC_LIMIT = 72,
	AT_EXEC_FLAGS = 80,
	AT_RUNTIME = 88,
	AT_PRE_ENCRYPT = 92,
};

#define VERSION_TEAM 0x20200u
#define VERSION_LIMIT64 0x20300u
#define VERSION_EXEC 0x20400u
#define VERSION_RUNTIME 0x20500u

static const struct {
	uint32_t version;
	uint32_t header_size;
} VERSIONS[] = {
	{0x20001, AT_SCATTER},
	{0x20100, AT_TEAM},
	{VERSION_TEAM, AT_SPARE3},
	{VERSION_LIMIT64, AT_EXEC_BASE},
	{VERSION_EXEC, AT_RUNTIME},
	{VERSION_RUNTIME, AT_PRE_ENCRYPT + 4},
};

/* 0 if there is no such version. */
static uint32_t header_size_of(uint32_t version)
{
	for (size_t i = 0; i < ARRAY_SIZE(VERSIONS); i++)
		if (VERSIONS[i].version == version)
			return VERSIONS[i].header_size;
	return 0;
}

uint32_t codedir_count_pages(uint64_t limit, uint8_t page_shift)
{
	uint64_t n;

	if (limit == 0)
		return 0;
	n = page_shift == 0 ? 1 : ((limit - 1) >> page_shift) + 1;
	return n > BLOB_MAX ? UINT32_MAX : (uint32_t)n;
}

static bool is_page_shift(unsigned shift)
{
	return shift == 0 || (shift >= CODE_PAGE_SHIFT_MIN && shift <= CODE_PAGE_SHIFT_MAX);
}

/* The length of the UTF-8 character at @p, which is no control character; 0 if there is none. The
 * text ends in a 0, which is where a cut character is found out. */
static size_t character_size(const uint8_t *p)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c = p[0];

	if (n == 1)
		return c < 0x20 || c == 0x7f ? 0 : 1;
	if (n == 0 || c > 0xf4)
		return 0;
	c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = (c << 6) | (p[i] & 0x3f);
	}
	if (c < smallest[n] || c < 0xa0 || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
		return 0;
	return n;
}

bool codedir_is_name(const char *text)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t n;

	if (strlen(text) > CODE_IDENTIFIER_MAX)
		return false;
	for (; *p; p += n) {
		n = character_size(p);
		if (n == 0)
			return false;
	}
	return p != (const uint8_t *)text;
}

/* A string that ends within the blob, at *at if it is where it must be; *at moves behind it. */
static const char *find_string(BlobView blob, uint32_t offset, uint32_t *at)
{
	const char *text = (const char *)blob.data + offset;
	const char *end;

	if (offset != *at || offset >= blob.size)
		return NULL;
	end = memchr(text, 0, blob.size - offset);
	if (!end || !codedir_is_name(text))
		return NULL;
	*at = offset + (uint32_t)(end - text) + 1;
	return text;
}

/* The header's numbers. It lies within the blob. */
static int decode_header(CodeDirectory *d, CodeProblem *problem)
{
	const uint8_t *p = d->blob.data;

	d->flags = blob_read_be32(p + AT_FLAGS);
	d->n_special = blob_read_be32(p + AT_N_SPECIAL);
	d->n_code = blob_read_be32(p + AT_N_CODE);
	d->code_limit = blob_read_be32(p + AT_LIMIT);
	d->platform = p[AT_PLATFORM];
	d->page_shift = p[AT_PAGE_SHIFT];
	if (!code_hash_is_supported(p[AT_HASH_TYPE]))
		return code_problem(problem, CODE_E_UNSUPPORTED,
			"the signature uses the hash %s (%u), which is not accepted",
			code_hash_get_name(p[AT_HASH_TYPE]), p[AT_HASH_TYPE]);
	d->hash_type = (CodeHash)p[AT_HASH_TYPE];
	d->hash_size = p[AT_HASH_SIZE];
	if (d->hash_size != code_hash_get_size(d->hash_type))
		return code_problem(
			problem, CODE_E_DAMAGED, "the CodeDirectory has hashes of a wrong size");
	if (!is_page_shift(d->page_shift))
		return code_problem(problem, CODE_E_UNSUPPORTED,
			"the CodeDirectory has pages of 2^%u bytes", d->page_shift);
	if (d->version >= VERSION_LIMIT64 && blob_read_be64(p + AT_LIMIT64) != 0) {
		if (d->code_limit != UINT32_MAX || blob_read_be64(p + AT_LIMIT64) <= UINT32_MAX)
			return code_problem(
				problem, CODE_E_DAMAGED, "the CodeDirectory has two code limits");
		d->code_limit = blob_read_be64(p + AT_LIMIT64);
	}
	if (d->version >= VERSION_EXEC) {
		d->exec_base = blob_read_be64(p + AT_EXEC_BASE);
		d->exec_limit = blob_read_be64(p + AT_EXEC_LIMIT);
		d->exec_flags = blob_read_be64(p + AT_EXEC_FLAGS);
	}
	if (d->version >= VERSION_RUNTIME)
		d->runtime = blob_read_be32(p + AT_RUNTIME);
	return 0;
}

/* Fields that nobody uses are 0. */
static bool is_rest_zero(const CodeDirectory *d)
{
	const uint8_t *p = d->blob.data;

	return blob_read_be32(p + AT_SPARE2) == 0 &&
	       (d->version < 0x20100 || blob_read_be32(p + AT_SCATTER) == 0) &&
	       (d->version < VERSION_LIMIT64 || blob_read_be32(p + AT_SPARE3) == 0) &&
	       (d->version < VERSION_RUNTIME || blob_read_be32(p + AT_PRE_ENCRYPT) == 0);
}

/* Strings and hashes, which follow the header. */
static int decode_parts(CodeDirectory *d, uint32_t header_size, CodeProblem *problem)
{
	const uint8_t *p = d->blob.data;
	uint32_t at = header_size;
	uint32_t team = d->version >= VERSION_TEAM ? blob_read_be32(p + AT_TEAM) : 0;
	uint64_t hashes;

	d->identifier = find_string(d->blob, blob_read_be32(p + AT_IDENTIFIER), &at);
	if (!d->identifier)
		return code_problem(
			problem, CODE_E_DAMAGED, "the CodeDirectory has no proper identifier");
	if (team != 0) {
		d->team = find_string(d->blob, team, &at);
		if (!d->team)
			return code_problem(problem, CODE_E_DAMAGED,
				"the CodeDirectory has no proper team identifier");
	}
	if (d->n_special > CODE_SLOT_SPECIAL_MAX)
		return code_problem(problem, CODE_E_DAMAGED,
			"the CodeDirectory has %" PRIu32 " special slots", d->n_special);
	if (d->n_code != codedir_count_pages(d->code_limit, d->page_shift))
		return code_problem(problem, CODE_E_DAMAGED,
			"the CodeDirectory has %" PRIu32 " hashes for %" PRIu64 " bytes", d->n_code,
			d->code_limit);
	hashes = (uint64_t)at + (uint64_t)d->n_special * d->hash_size;
	if (blob_read_be32(p + AT_HASHES) != hashes ||
		hashes + (uint64_t)d->n_code * d->hash_size != d->blob.size)
		return code_problem(problem, CODE_E_DAMAGED,
			"the parts of the CodeDirectory do not fill it exactly");
	d->hashes = p + hashes;
	return 0;
}

/* A special slot that is last has a hash, else there would be fewer. */
static bool is_last_special_used(const CodeDirectory *d)
{
	return d->n_special == 0 || codedir_find_special_hash(d, d->n_special) != NULL;
}

int codedir_decode(const void *data, size_t size, CodeDirectory *ret, CodeProblem *problem)
{
	CodeDirectory d = {0};
	uint32_t header_size;
	int r;

	if (blob_decode(data, size, BLOB_MAGIC_CODE_DIRECTORY, &d.blob) != 0 || size < AT_SCATTER)
		return code_problem(problem, CODE_E_DAMAGED, "the CodeDirectory is not one");
	d.version = blob_read_be32(d.blob.data + AT_VERSION);
	header_size = header_size_of(d.version);
	if (header_size == 0)
		return code_problem(problem, CODE_E_UNSUPPORTED,
			"the CodeDirectory has the version %#" PRIx32, d.version);
	if (size < header_size)
		return code_problem(problem, CODE_E_DAMAGED, "the CodeDirectory is cut");
	r = decode_header(&d, problem);
	if (r == 0)
		r = decode_parts(&d, header_size, problem);
	if (r != 0)
		return r;
	if (!is_rest_zero(&d) || !is_last_special_used(&d))
		return code_problem(problem, CODE_E_DAMAGED,
			"the CodeDirectory uses fields that have no meaning");
	*ret = d;
	return 0;
}

const uint8_t *codedir_get_code_hash(const CodeDirectory *self, uint32_t page)
{
	assert(page < self->n_code);
	return self->hashes + (size_t)page * self->hash_size;
}

const uint8_t *codedir_find_special_hash(const CodeDirectory *self, uint32_t slot)
{
	static const uint8_t zeros[CODE_HASH_SIZE_MAX];
	const uint8_t *hash;

	if (slot == 0 || slot > self->n_special)
		return NULL;
	hash = self->hashes - (size_t)slot * self->hash_size;
	return memcmp(hash, zeros, self->hash_size) == 0 ? NULL : hash;
}

void codedir_get_page_range(
	const CodeDirectory *self, uint32_t page, uint64_t *ret_start, uint64_t *ret_end)
{
	*ret_start = (uint64_t)page << self->page_shift;
	*ret_end = self->code_limit;
	if (self->page_shift != 0)
		*ret_end = MIN(self->code_limit, (uint64_t)(page + 1) << self->page_shift);
}

int codedir_hash(const CodeDirectory *self, uint8_t ret[CODE_HASH_SIZE_MAX])
{
	return digest_bytes(self->hash_type, self->blob.data, self->blob.size, ret);
}

static uint32_t version_for(const CodeDirectorySpec *spec)
{
	if (spec->runtime != 0)
		return VERSION_RUNTIME;
	if (spec->exec_base != 0 || spec->exec_limit != 0 || spec->exec_flags != 0)
		return VERSION_EXEC;
	if (spec->code_limit > UINT32_MAX)
		return VERSION_LIMIT64;
	return spec->team ? VERSION_TEAM : VERSIONS[0].version;
}

static int check_spec(const CodeDirectorySpec *spec, CodeProblem *problem)
{
	if (!spec->identifier || !codedir_is_name(spec->identifier))
		return code_problem(problem, CODE_E_PARAMETER,
			"an identifier is 1 to %u bytes of UTF-8 without control characters",
			CODE_IDENTIFIER_MAX);
	if (spec->team && !codedir_is_name(spec->team))
		return code_problem(problem, CODE_E_PARAMETER,
			"a team identifier is 1 to %u bytes of UTF-8 without control characters",
			CODE_IDENTIFIER_MAX);
	if (!code_hash_is_supported(spec->hash_type))
		return code_problem(problem, CODE_E_PARAMETER, "the hash %s is not supported",
			code_hash_get_name(spec->hash_type));
	if (!is_page_shift(spec->page_shift))
		return code_problem(problem, CODE_E_PARAMETER,
			"a page size is 0 or a power of two from %u to %u",
			1u << CODE_PAGE_SHIFT_MIN, 1u << CODE_PAGE_SHIFT_MAX);
	return 0;
}

/* Everything but the hashes. The parts lie as decode_parts() wants them. */
static void write_header(
	uint8_t *p, const CodeDirectorySpec *spec, uint32_t version, uint32_t size, uint32_t hashes)
{
	uint32_t at = header_size_of(version);
	bool is_big = spec->code_limit > UINT32_MAX;

	blob_write_be32(p, BLOB_MAGIC_CODE_DIRECTORY);
	blob_write_be32(p + 4, size);
	blob_write_be32(p + AT_VERSION, version);
	blob_write_be32(p + AT_FLAGS, spec->flags);
	blob_write_be32(p + AT_HASHES, hashes);
	blob_write_be32(p + AT_IDENTIFIER, at);
	blob_write_be32(p + AT_N_SPECIAL, spec->n_special);
	blob_write_be32(p + AT_N_CODE, codedir_count_pages(spec->code_limit, spec->page_shift));
	blob_write_be32(p + AT_LIMIT, is_big ? UINT32_MAX : (uint32_t)spec->code_limit);
	p[AT_HASH_SIZE] = (uint8_t)code_hash_get_size(spec->hash_type);
	p[AT_HASH_TYPE] = (uint8_t)spec->hash_type;
	p[AT_PLATFORM] = spec->platform;
	p[AT_PAGE_SHIFT] = spec->page_shift;
	memcpy(p + at, spec->identifier, strlen(spec->identifier));
	at += (uint32_t)strlen(spec->identifier) + 1;
	if (spec->team) {
		blob_write_be32(p + AT_TEAM, at);
		memcpy(p + at, spec->team, strlen(spec->team));
	}
	if (is_big)
		blob_write_be64(p + AT_LIMIT64, spec->code_limit);
	if (version >= VERSION_EXEC) {
		blob_write_be64(p + AT_EXEC_BASE, spec->exec_base);
		blob_write_be64(p + AT_EXEC_LIMIT, spec->exec_limit);
		blob_write_be64(p + AT_EXEC_FLAGS, spec->exec_flags);
	}
	if (version >= VERSION_RUNTIME)
		blob_write_be32(p + AT_RUNTIME, spec->runtime);
}

int codedir_encode(const CodeDirectorySpec *spec, uint8_t **ret, size_t *ret_size,
	uint8_t **ret_hashes, CodeProblem *problem)
{
	uint32_t version = version_for(spec);
	uint64_t hashes, size;
	size_t hash_size;
	uint8_t *p;
	int r;

	r = check_spec(spec, problem);
	if (r != 0)
		return r;
	assert(spec->n_special <= CODE_SLOT_SPECIAL_MAX);
	hash_size = code_hash_get_size(spec->hash_type);
	hashes = header_size_of(version) + strlen(spec->identifier) + 1 +
		 (spec->team ? strlen(spec->team) + 1 : 0) + spec->n_special * hash_size;
	size = hashes +
	       codedir_count_pages(spec->code_limit, spec->page_shift) * (uint64_t)hash_size;
	if (size > BLOB_MAX / 2)
		return code_problem(problem, CODE_E_TOO_BIG,
			"a file of %" PRIu64 " bytes needs larger pages", spec->code_limit);
	p = calloc(1, size);
	if (!p)
		return error_origin(-ENOMEM);
	write_header(p, spec, version, (uint32_t)size, (uint32_t)hashes);
	*ret = p;
	*ret_size = size;
	*ret_hashes = p + hashes;
	return 0;
}
