/* SPDX-License-Identifier: Apache-2.0 */
/* CodeDirectories: what is made can be read, and nothing else can. */

#include "codesign/codedir.h"
#include "tests/lib/unit.h"

static CodeProblem problem;

static const CodeDirectorySpec PLAIN = {
	.identifier = "org.example.a",
	.hash_type = CODE_HASH_SHA256,
	.page_shift = 12,
	.code_limit = 5000,
};

/* Made, filled with numbers, and read. @ret borrows from what is returned, which is to be freed. */
static uint8_t *make(const CodeDirectorySpec *spec, CodeDirectory *ret, size_t *ret_size)
{
	uint8_t *data, *hashes;
	size_t size;

	ASSERT_OK(codedir_encode(spec, &data, &size, &hashes, &problem));
	for (uint8_t *p = hashes - spec->n_special * code_hash_get_size(spec->hash_type);
		p < data + size; p++)
		*p = (uint8_t)(p - data) | 1;
	ASSERT_OK(codedir_decode(data, size, ret, &problem));
	if (ret_size)
		*ret_size = size;
	return data;
}

TEST(a_directory_says_what_was_asked_for)
{
	CodeDirectorySpec spec = PLAIN;
	CodeDirectory d;
	uint8_t *data;
	uint64_t start, end;

	spec.team = "TEAM";
	spec.flags = 0x10002;
	spec.platform = 3;
	spec.n_special = 5;
	spec.exec_base = 4096;
	spec.exec_limit = 900;
	spec.exec_flags = CODE_EXEC_MAIN_BINARY;
	spec.runtime = 0x0e0000;
	data = make(&spec, &d, NULL);
	ASSERT_STREQ(d.identifier, "org.example.a");
	ASSERT_STREQ(d.team, "TEAM");
	ASSERT_EQ(d.version, 0x20500);
	ASSERT_EQ(d.flags, 0x10002);
	ASSERT_EQ(d.platform, 3);
	ASSERT_EQ(d.page_shift, 12);
	ASSERT_EQ(d.hash_type, CODE_HASH_SHA256);
	ASSERT_EQ(d.hash_size, 32);
	ASSERT_EQ(d.n_special, 5);
	ASSERT_EQ(d.n_code, 2);
	ASSERT_EQ(d.code_limit, 5000);
	ASSERT_EQ(d.exec_base, 4096);
	ASSERT_EQ(d.exec_limit, 900);
	ASSERT_EQ(d.exec_flags, 1);
	ASSERT_EQ(d.runtime, 0x0e0000);
	ASSERT_PTR_EQ(codedir_get_code_hash(&d, 1), d.hashes + 32);
	ASSERT_PTR_EQ(codedir_find_special_hash(&d, 5), d.hashes - 160);
	ASSERT_NULL(codedir_find_special_hash(&d, 6));
	ASSERT_NULL(codedir_find_special_hash(&d, 0));
	codedir_get_page_range(&d, 1, &start, &end);
	ASSERT_EQ(start, 4096);
	ASSERT_EQ(end, 5000);
	codedir_get_page_range(&d, 0, &start, &end);
	ASSERT_EQ(end, 4096);
	free(data);
}

TEST(the_version_is_the_lowest_that_can_say_it)
{
	static const struct {
		const char *team;
		uint64_t limit, exec;
		uint32_t runtime, version;
	} cases[] = {
		{NULL, 1, 0, 0, 0x20001},
		{"T", 1, 0, 0, 0x20200},
		{NULL, UINT64_C(1) << 32, 0, 0, 0x20300},
		{NULL, UINT32_MAX, 0, 0, 0x20001},
		{"T", 1, 9, 0, 0x20400},
		{NULL, 1, 0, 9, 0x20500},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CodeDirectorySpec spec = PLAIN;
		CodeDirectory d;
		uint8_t *data;

		spec.team = cases[i].team;
		spec.code_limit = cases[i].limit;
		spec.exec_limit = cases[i].exec;
		spec.runtime = cases[i].runtime;
		spec.page_shift = 30;
		data = make(&spec, &d, NULL);
		ASSERT_EQ(d.version, cases[i].version);
		ASSERT_EQ(d.code_limit, cases[i].limit);
		free(data);
	}
}

TEST(limits_near_the_ends_of_numbers)
{
	static const uint64_t limits[] = {0, 1, UINT32_MAX - 1, UINT32_MAX, UINT64_C(1) << 32,
		(UINT64_C(1) << 32) + 1, INT64_MAX, UINT64_MAX - 1, UINT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		CodeDirectorySpec spec = PLAIN;
		CodeDirectory d;
		uint64_t start, end;
		uint8_t *data;

		spec.page_shift = 0;
		spec.code_limit = limits[i];
		data = make(&spec, &d, NULL);
		ASSERT_EQ(d.code_limit, limits[i]);
		ASSERT_EQ(d.n_code, limits[i] > 0);
		if (d.n_code > 0) {
			codedir_get_page_range(&d, 0, &start, &end);
			ASSERT_EQ(start, 0);
			ASSERT_EQ(end, limits[i]);
		}
		free(data);
		/* Too many pages for any signature, or not: never a wrong number of them. */
		ASSERT_EQ(codedir_count_pages(limits[i], 30),
			limits[i] == 0				 ? 0
			: ((limits[i] - 1) >> 30) + 1 > BLOB_MAX ? UINT32_MAX
								 : ((limits[i] - 1) >> 30) + 1);
	}
	ASSERT_EQ(codedir_count_pages(UINT64_MAX, 9), UINT32_MAX);
	ASSERT_EQ(codedir_count_pages(4096, 12), 1);
	ASSERT_EQ(codedir_count_pages(4097, 12), 2);
}

TEST(too_many_pages_are_refused)
{
	CodeDirectorySpec spec = PLAIN;
	uint8_t *data, *hashes;
	size_t size;

	spec.page_shift = 9;
	spec.code_limit = UINT64_MAX;
	ASSERT_EQ(codedir_encode(&spec, &data, &size, &hashes, &problem), CODE_E_TOO_BIG);
	spec.code_limit = UINT64_C(1) << 32;
	ASSERT_EQ(codedir_encode(&spec, &data, &size, &hashes, &problem), CODE_E_TOO_BIG);
}

/* Each bit of the header and the strings: either it is refused, or it says something else that it may
 * say, and encodes to what was read. */
TEST(no_bit_of_the_header_is_without_meaning)
{
	CodeDirectorySpec spec = PLAIN;
	CodeDirectory d, changed;
	uint8_t *data;
	size_t size;

	spec.team = "TEAM";
	spec.n_special = 2;
	spec.exec_limit = 1;
	data = make(&spec, &d, &size);
	for (size_t bit = 0; bit < 8 * (size_t)(d.hashes - data - 64); bit++) {
		bool is_other;

		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (codedir_decode(data, size, &changed, &problem) == 0) {
			is_other = changed.flags != d.flags || changed.platform != d.platform ||
				   changed.exec_base != d.exec_base ||
				   changed.exec_limit != d.exec_limit ||
				   changed.exec_flags != d.exec_flags ||
				   changed.code_limit != d.code_limit ||
				   changed.page_shift != d.page_shift;
			ASSERT_TRUE(is_other || bit / 8 >= 88); /* the names */
		}
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n < size; n++)
		ASSERT_NE(codedir_decode(data, n, &changed, &problem), 0);
	free(data);
}

TEST(counts_that_do_not_fit_are_refused)
{
	CodeDirectory d;
	size_t size;
	uint8_t *data = make(&PLAIN, &d, &size);
	static const uint32_t values[] = {0, 3, 0x7fffffff, 0x80000000, UINT32_MAX};

	for (size_t at = 16; at < 36; at += 4) { /* offsets, counts, limit */
		uint32_t before = blob_read_be32(data + at);

		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			if (at == 24 && values[i] == 0)
				continue; /* no special slots: so it is */
			blob_write_be32(data + at, values[i]);
			ASSERT_EQ(codedir_decode(data, size, &d, &problem), CODE_E_DAMAGED);
		}
		blob_write_be32(data + at, before);
	}
	ASSERT_OK(codedir_decode(data, size, &d, &problem));
	free(data);
}

TEST(old_and_cut_hashes_are_not_supported)
{
	CodeDirectory d;
	size_t size;
	uint8_t *data = make(&PLAIN, &d, &size);
	static const uint8_t types[] = {
		0, CODE_HASH_SHA1, CODE_HASH_SHA256_CUT, CODE_HASH_SHA512, 9};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		data[37] = types[i];
		ASSERT_EQ(codedir_decode(data, size, &d, &problem), CODE_E_UNSUPPORTED);
	}
	data[37] = CODE_HASH_SHA256;
	data[36] = 20;
	ASSERT_EQ(codedir_decode(data, size, &d, &problem), CODE_E_DAMAGED);
	data[36] = 32;
	blob_write_be32(data + 8, 0x20501);
	ASSERT_EQ(codedir_decode(data, size, &d, &problem), CODE_E_UNSUPPORTED);
	blob_write_be32(data + 8, 0x30000);
	ASSERT_EQ(codedir_decode(data, size, &d, &problem), CODE_E_UNSUPPORTED);
	free(data);
}

TEST(names_are_text)
{
	char text[CODE_IDENTIFIER_MAX + 2];
	static const char *const good[] = {
		"a", "org.example.tool", "Grüße", "日本", "\360\237\224\221", "a b"};
	static const char *const bad[] = {"", "a\nb", "\177", "\200", "\303", "\303(", "\300\257",
		"\355\240\200", "\364\220\200\200", "\370\210\200\200\200", "\302\205", "\033[1m"};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ASSERT_TRUE(codedir_is_name(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ASSERT_FALSE(codedir_is_name(bad[i]));
	memset(text, 'a', sizeof(text));
	text[CODE_IDENTIFIER_MAX] = 0;
	ASSERT_TRUE(codedir_is_name(text));
	text[CODE_IDENTIFIER_MAX] = 'a';
	text[CODE_IDENTIFIER_MAX + 1] = 0;
	ASSERT_FALSE(codedir_is_name(text));
}

TEST(parameters_that_cannot_be_are_refused)
{
	CodeDirectorySpec spec = PLAIN;
	uint8_t *data, *hashes;
	size_t size;

	spec.identifier = NULL;
	ASSERT_EQ(codedir_encode(&spec, &data, &size, &hashes, &problem), CODE_E_PARAMETER);
	spec.identifier = "\n";
	ASSERT_EQ(codedir_encode(&spec, &data, &size, &hashes, &problem), CODE_E_PARAMETER);
	spec = PLAIN;
	spec.team = "";
	ASSERT_EQ(codedir_encode(&spec, &data, &size, &hashes, &problem), CODE_E_PARAMETER);
	spec = PLAIN;
	spec.hash_type = CODE_HASH_SHA1;
	ASSERT_EQ(codedir_encode(&spec, &data, &size, &hashes, &problem), CODE_E_PARAMETER);
	spec = PLAIN;
	spec.page_shift = 8;
	ASSERT_EQ(codedir_encode(&spec, &data, &size, &hashes, &problem), CODE_E_PARAMETER);
	ASSERT_STRSTR(problem.text, "page size");
}

TEST(the_hash_of_a_directory_is_of_all_its_bytes)
{
	CodeDirectory d;
	size_t size;
	uint8_t *data = make(&PLAIN, &d, &size), hash[CODE_HASH_SIZE_MAX],
		other[CODE_HASH_SIZE_MAX];

	ASSERT_OK(codedir_hash(&d, hash));
	ASSERT_OK(digest_bytes(CODE_HASH_SHA256, data, size, other));
	ASSERT_MEMEQ(hash, other, 32);
	data[size - 1] ^= 1;
	ASSERT_OK(codedir_hash(&d, other));
	ASSERT_TRUE(memcmp(hash, other, 32) != 0);
	free(data);
}
