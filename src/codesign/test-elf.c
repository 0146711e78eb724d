/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files of each kind are read; broken ones are refused, and hurt nobody. */

#include "codesign/elf.h"
#include "codesign/test-support.h"

static CodeProblem problem;

static int read_elf(const void *data, size_t size, Elf *ret)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	int fd = memory_file(data, size), r;

	*ret = (Elf){0};
	ASSERT_OK(codefile_open_fd(fd, &file, &problem));
	r = elf_init(ret, &file, &problem);
	close(fd);
	return r;
}

static const ElfKind KINDS[] = {
	{0},
	{.is_32 = true},
	{.is_big = true},
	{.is_32 = true, .is_big = true},
	{.has_no_sections = true},
	{.has_no_names = true},
	{.has_interpreter = true, .text_size = 5000},
	{.is_32 = true, .has_interpreter = true, .n_extra = 5},
	{.n_extra = 0xff10},
};

TEST(files_of_each_kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
		const ElfKind *kind = &KINDS[i];
		_cleanup_elf_ Elf elf;
		ElfImage image = make_elf(kind);
		ElfSection s;

		ASSERT_OK(read_elf(image.data, image.size, &elf));
		ASSERT_EQ(elf.is_64, !kind->is_32);
		ASSERT_EQ(elf.is_big, kind->is_big);
		ASSERT_EQ(elf.is_program, kind->has_interpreter);
		ASSERT_EQ(elf.n_sections, kind->has_no_sections ? 0 : 3 + kind->n_extra);
		ASSERT_EQ(elf.names_index, kind->has_no_sections || kind->has_no_names ? 0 : 2);
		ASSERT_EQ(elf.text_offset, 0);
		ASSERT_GT(elf.text_size, 100);
		if (!kind->has_no_sections)
			ASSERT_EQ(elf.end, image.size);
		if (elf.names_index != 0) {
			ASSERT_EQ(elf_find_section(&elf, ".text", &s), 1);
			ASSERT_EQ(s.size, kind->text_size ? kind->text_size : 40);
			ASSERT_EQ(elf_find_section(&elf, ".shstrtab", &s), 2);
		}
		ASSERT_EQ(elf_find_section(&elf, ".tex", &s), 0);
		ASSERT_EQ(elf_find_section(&elf, ".codesign", &s), 0);
		free(image.data);
	}
}

TEST(a_section_is_written_as_it_was_read)
{
	for (size_t i = 0; i < 4; i++) {
		_cleanup_elf_ Elf elf;
		ElfImage image = make_elf(&KINDS[i]);
		uint8_t table[3 * 64];
		ElfSection s;

		ASSERT_OK(read_elf(image.data, image.size, &elf));
		for (uint32_t k = 0; k < 3; k++) {
			elf_get_section(&elf, k, &s);
			elf_encode_section(&elf, table, k, &s);
		}
		ASSERT_MEMEQ(table, elf.table, 3 * elf.section_size);
		free(image.data);
	}
}

TEST(what_is_no_elf_file)
{
	static const uint8_t bad_class[64] = "\177ELF\3\1\1", bad_order[64] = "\177ELF\2\3\1";
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	bool is_elf, is_big;
	int fd;
	Elf elf;

	ASSERT_EQ(read_elf("", 0, &elf), CODE_E_FORMAT);
	ASSERT_EQ(read_elf("#!/bin/sh\n", 10, &elf), CODE_E_FORMAT);
	ASSERT_EQ(read_elf(bad_class, 64, &elf), CODE_E_FORMAT);
	ASSERT_EQ(read_elf(bad_order, 64, &elf), CODE_E_FORMAT);
	fd = memory_file("#!/bin/sh\nexit 0\n", 17);
	ASSERT_OK(codefile_open_fd(fd, &file, &problem));
	ASSERT_OK(elf_probe(&file, &is_elf, &is_big, &problem));
	ASSERT_FALSE(is_elf);
	close(fd);
}

/* Cut anywhere; each byte of it overwritten by each of some values. */
TEST(no_file_is_too_broken_to_be_looked_at)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff};

	for (size_t i = 0; i < 7; i++) {
		ElfImage image = make_elf(&KINDS[i]);
		Elf elf;

		for (size_t n = 0; n < image.size; n++) {
			int r = read_elf(image.data, n, &elf);

			ASSERT_TRUE(r == 0 || r == CODE_E_FORMAT);
			elf_deinit(&elf);
		}
		for (size_t at = 0; at < MIN(image.size, (size_t)1024); at++) {
			uint8_t before = image.data[at];

			for (size_t k = 0; k < sizeof(values); k++) {
				int r;

				image.data[at] = values[k];
				r = read_elf(image.data, image.size, &elf);
				ASSERT_TRUE(r == 0 || r == CODE_E_FORMAT || r == CODE_E_TOO_BIG);
				if (r == 0)
					ASSERT_LE(elf.end, image.size);
				elf_deinit(&elf);
			}
			image.data[at] = before;
		}
		free(image.data);
	}
}

/* Offsets and sizes for which a sum overflows. */
TEST(numbers_near_the_ends)
{
	static const uint64_t values[] = {UINT64_MAX, UINT64_MAX - 63, UINT64_MAX - 64, INT64_MAX,
		UINT64_C(1) << 63, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(0xffffffffffff0000)};
	static const ElfKind kind = {0};
	static const size_t places[] = {32, 40, 64 + 8, 64 + 32, 64 + 56 + 8, 64 + 56 + 32};
	ElfImage image = make_elf(&kind);
	size_t table = image.size - 3 * 64;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(places) + 4; k++) {
			static const size_t in_section[] = {64 + 24, 64 + 32, 128 + 24, 128 + 32};
			size_t at = k < ARRAY_SIZE(places)
					    ? places[k]
					    : table + in_section[k - ARRAY_SIZE(places)];
			uint8_t before[8];
			Elf elf;
			int r;

			memcpy(before, image.data + at, 8);
			for (size_t b = 0; b < 8; b++)
				image.data[at + b] = (uint8_t)(values[i] >> (8 * b));
			r = read_elf(image.data, image.size, &elf);
			ASSERT_TRUE(r == 0 || r == CODE_E_FORMAT || r == CODE_E_TOO_BIG);
			if (r == 0)
				ASSERT_LE(elf.end, image.size);
			elf_deinit(&elf);
			memcpy(image.data + at, before, 8);
		}
	}
	free(image.data);
}

TEST(a_table_that_is_too_large_is_not_read)
{
	static const ElfKind kind = {0};
	ElfImage image = make_elf(&kind);
	size_t table = image.size - 3 * 64;
	Elf elf;

	image.data[60] = image.data[61] = 0; /* the number is in section 0 */
	for (size_t b = 0; b < 4; b++)
		image.data[table + 32 + b] = 0xff;
	ASSERT_EQ(read_elf(image.data, image.size, &elf), CODE_E_TOO_BIG);
	free(image.data);
}
