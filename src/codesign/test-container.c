/* SPDX-License-Identifier: Apache-2.0 */
/* The container: what a file is after a signature was grafted on, and what is told of what became of it. */

#include "codesign/container.h"
#include "codesign/test-protocol.h"
#include "codesign/test-support.h"

static CodeProblem problem;

static const ElfKind KINDS[] = {
	{0},
	{.is_32 = true},
	{.is_big = true},
	{.is_32 = true, .is_big = true},
	{.has_no_sections = true},
	{.is_32 = true, .has_no_sections = true},
	{.has_no_names = true},
	{.has_interpreter = true, .text_size = 5000},
	{.n_extra = 0xff10},
	{.n_extra = 0xff00 - 4}, /* the mark is one too many for the header */
	{.n_extra = 0xff00 - 5, .has_no_names = true},
};

static const uint8_t BLOB[12] = {0xfa, 0xde, 0x0c, 0xc0, 0, 0, 0, 12};

/* A file with a signature that is one by its outside only. To be freed. */
static uint8_t *graft(const void *data, size_t size, size_t *ret_size, uint64_t *ret_limit)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_container_graft_ ContainerGraft g = {0};
	int fd = memory_file(data, size), r;
	Container c;
	uint8_t *p;

	ASSERT_OK(codefile_open_fd(fd, &file, &problem));
	r = container_graft_init(&g, &file, &problem);
	close(fd);
	ASSERT_OK(r);
	ASSERT_EQ(g.code_limit, size + g.tail_size);
	c = (Container){.code_limit = g.code_limit, .blob_size = sizeof(BLOB)};
	*ret_size = g.code_limit + sizeof(BLOB) + CONTAINER_TRAILER_SIZE;
	*ret_limit = g.code_limit;
	p = malloc(*ret_size);
	memcpy(p, data, size);
	memcpy(p, g.header, g.header_size);
	memcpy(p + size, g.tail, g.tail_size);
	memcpy(p + g.code_limit, BLOB, sizeof(BLOB));
	container_encode_trailer(&c, p + g.code_limit + sizeof(BLOB));
	return p;
}

static int find(const void *data, size_t size, Container *ret)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	int fd = memory_file(data, size), r;

	problem = (CodeProblem){0};
	ASSERT_OK(codefile_open_fd(fd, &file, &problem));
	r = container_find(&file, ret, &problem);
	close(fd);
	if (r > 0)
		ASSERT_EQ(problem.code, r);
	return r;
}

TEST(what_is_grafted_is_found)
{
	for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
		ElfImage image = make_elf(&KINDS[i]);
		Container c;
		uint64_t limit;
		size_t size;
		uint8_t *p;

		ASSERT_EQ(find(image.data, image.size, &c), CODE_E_UNSIGNED);
		p = graft(image.data, image.size, &size, &limit);
		ASSERT_OK(find(p, size, &c));
		ASSERT_EQ(c.code_limit, limit);
		ASSERT_EQ(c.blob_size, sizeof(BLOB));
		free(p);
		free(image.data);
	}
}

TEST(it_is_still_the_same_elf_file)
{
	for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
		_cleanup_codefile_ CodeFile before_file = CODEFILE_NULL, after_file = CODEFILE_NULL;
		_cleanup_elf_ Elf before = {0}, after = {0};
		ElfImage image = make_elf(&KINDS[i]);
		ElfSection s, t, mark;
		uint64_t limit;
		size_t size;
		uint8_t *p = graft(image.data, image.size, &size, &limit);
		int fd = memory_file(image.data, image.size), after_fd = memory_file(p, size);

		ASSERT_OK(codefile_open_fd(fd, &before_file, &problem));
		ASSERT_OK(codefile_open_fd(after_fd, &after_file, &problem));
		close(fd);
		close(after_fd);
		ASSERT_OK(elf_init(&before, &before_file, &problem));
		ASSERT_OK(elf_init(&after, &after_file, &problem));
		ASSERT_EQ(elf_find_section(&after, ".codesign", &mark), after.n_sections - 1);
		ASSERT_EQ(mark.type, ELF_SECTION_NOTE);
		ASSERT_EQ(mark.flags, 0);
		ASSERT_EQ(mark.offset + mark.size, limit);
		for (uint32_t k = 1; k < before.n_sections; k++) {
			elf_get_section(&before, k, &s);
			elf_get_section(&after, k, &t);
			if (k != before.names_index)
				ASSERT_EQ(s.offset, t.offset);
			ASSERT_EQ(s.type, t.type);
			if (before.names_index != 0)
				ASSERT_EQ(s.name, t.name);
		}
		ASSERT_EQ(elf_find_section(&after, ".shstrtab", &s), after.names_index);
		if (before.names_index != 0)
			ASSERT_MEMEQ(after.names, before.names, before.names_size);
		ASSERT_EQ(before.text_size, after.text_size);
		free(p);
		free(image.data);
	}
}

TEST(the_original_can_be_told)
{
	for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
		_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
		ElfImage image = make_elf(&KINDS[i]);
		ContainerOriginal original;
		Container c;
		uint64_t limit;
		size_t size;
		uint8_t *p = graft(image.data, image.size, &size, &limit);
		int fd = memory_file(p, size);

		ASSERT_OK(codefile_open_fd(fd, &file, &problem));
		close(fd);
		ASSERT_OK(container_find(&file, &c, &problem));
		ASSERT_OK(container_get_original(&file, &c, &original, &problem));
		ASSERT_EQ(original.size, image.size);
		memcpy(p, original.header, original.header_size);
		ASSERT_MEMEQ(p, image.data, image.size);
		free(p);
		free(image.data);
	}
}

TEST(each_byte_of_the_trailer_counts)
{
	ElfImage image = make_elf(&KINDS[0]);
	Container c;
	uint64_t limit;
	size_t size;
	uint8_t *p = graft(image.data, image.size, &size, &limit);

	for (size_t at = size - CONTAINER_TRAILER_SIZE; at < size; at++) {
		for (int bit = 0; bit < 8; bit++) {
			int r;

			p[at] ^= (uint8_t)(1 << bit);
			r = find(p, size, &c);
			ASSERT_TRUE(r == CODE_E_MODIFIED || r == CODE_E_DAMAGED ||
				    r == CODE_E_UNSUPPORTED);
			ASSERT_TRUE(problem.has_range);
			ASSERT_EQ(problem.start, size - CONTAINER_TRAILER_SIZE);
			ASSERT_EQ(problem.end, size);
			p[at] ^= (uint8_t)(1 << bit);
		}
	}
	free(p);
	free(image.data);
}

TEST(sizes_near_the_ends_of_numbers_in_the_trailer)
{
	static const uint64_t values[] = {0, 1, UINT32_MAX, UINT64_C(1) << 32, INT64_MAX,
		UINT64_C(1) << 63, UINT64_MAX - 31, UINT64_MAX - 32, UINT64_MAX};
	ElfImage image = make_elf(&KINDS[0]);
	Container c;
	uint64_t limit;
	size_t size;
	uint8_t *p = graft(image.data, image.size, &size, &limit);

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		blob_write_be64(p + size - 16, values[i]);
		ASSERT_EQ(find(p, size, &c), CODE_E_DAMAGED);
		blob_write_be64(p + size - 16, limit);
		blob_write_be64(p + size - 8, values[i]);
		ASSERT_EQ(find(p, size, &c), CODE_E_DAMAGED);
		/* A sum that wraps around to the right one. */
		blob_write_be64(p + size - 16, values[i]);
		blob_write_be64(p + size - 8, size - CONTAINER_TRAILER_SIZE - values[i]);
		ASSERT_EQ(find(p, size, &c), CODE_E_DAMAGED);
		blob_write_be64(p + size - 16, limit);
		blob_write_be64(p + size - 8, sizeof(BLOB));
		ASSERT_OK(find(p, size, &c));
	}
	free(p);
	free(image.data);
}

TEST(what_was_added_and_what_is_missing_is_named)
{
	ElfImage image = make_elf(&KINDS[0]);
	Container c;
	uint64_t limit;
	size_t size;
	uint8_t *p = graft(image.data, image.size, &size, &limit), *longer = calloc(1, size + 100);

	memcpy(longer, p, size);
	ASSERT_EQ(find(longer, size + 1, &c), CODE_E_MODIFIED);
	ASSERT_EQ(problem.start, size);
	ASSERT_EQ(problem.end, size + 1);
	/* Also if what was added ends as a signature does. */
	memcpy(longer + size + 50, p + size - CONTAINER_TRAILER_SIZE, CONTAINER_TRAILER_SIZE);
	ASSERT_EQ(find(longer, size + 50 + CONTAINER_TRAILER_SIZE, &c), CODE_E_DAMAGED);
	for (size_t n = limit + 8; n < size; n++) {
		ASSERT_EQ(find(p, n, &c), CODE_E_MODIFIED);
		ASSERT_EQ(problem.start, n);
		ASSERT_EQ(problem.end, size);
	}
	for (size_t n = 16; n < limit + 8; n++) {
		int r = find(p, n, &c);

		ASSERT_TRUE(r == CODE_E_MODIFIED || r == CODE_E_FORMAT);
	}
	free(longer);
	free(p);
	free(image.data);
}

TEST(a_mark_without_a_signature_is_a_trace)
{
	ElfImage image = make_elf(&KINDS[0]);
	Container c;
	uint64_t limit;
	size_t size;
	uint8_t *p = graft(image.data, image.size, &size, &limit);

	ASSERT_EQ(find(p, limit, &c), CODE_E_MODIFIED);
	ASSERT_STRSTR(problem.text, "changed after it was signed");
	/* The mark is gone, and the trailer is there. */
	p[limit - 30] ^= 1;
	ASSERT_EQ(find(p, size, &c), CODE_E_DAMAGED);
	p[limit - 30] ^= 1;
	p[0] = 'X';
	ASSERT_EQ(find(p, size, &c), CODE_E_MODIFIED);
	ASSERT_EQ(problem.end, 4);
	free(p);
	free(image.data);
}

TEST(a_stale_mark_is_used_again)
{
	ElfImage image = make_elf(&KINDS[0]);
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_elf_ Elf elf = {0};
	ElfSection mark;
	Container c;
	uint64_t limit, again;
	size_t size, new_size;
	uint8_t *p = graft(image.data, image.size, &size, &limit);
	uint8_t *q = graft(p, limit, &new_size, &again);
	int fd = memory_file(q, new_size);

	ASSERT_OK(find(q, new_size, &c));
	ASSERT_OK(codefile_open_fd(fd, &file, &problem));
	close(fd);
	ASSERT_OK(elf_init(&elf, &file, &problem));
	ASSERT_EQ(elf.n_sections, 4);
	ASSERT_EQ(elf_find_section(&elf, ".codesign", &mark), 3);
	ASSERT_EQ(mark.offset + mark.size, again);
	free(q);
	free(p);
	free(image.data);
}

TEST(what_lies_behind_the_sections_stays_at_the_end)
{
	ElfImage image = make_elf(&KINDS[0]);
	uint8_t *p = calloc(1, image.size + 9000);
	static const struct {
		size_t more, at;
		int expected;
	} cases[] = {{10, 0, 0}, {4096, 0, 0}, {4097, 0, CODE_E_FORMAT}, {1, 1, CODE_E_FORMAT},
		{4096, 4096, CODE_E_FORMAT}, {8000, 1, CODE_E_FORMAT}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
		_cleanup_container_graft_ ContainerGraft g = {0};
		int fd;

		memset(p, 0, image.size + 9000);
		memcpy(p, image.data, image.size);
		if (cases[i].at > 0)
			p[image.size + cases[i].at - 1] = 1;
		fd = memory_file(p, image.size + cases[i].more);
		ASSERT_OK(codefile_open_fd(fd, &file, &problem));
		close(fd);
		ASSERT_EQ(container_graft_init(&g, &file, &problem), cases[i].expected);
		if (cases[i].expected != 0)
			ASSERT_EQ(problem.start, image.size);
	}
	free(p);
	free(image.data);
}

TEST(other_files_cannot_carry_one)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_container_graft_ ContainerGraft g = {0};
	static const char script[] = "#!/bin/sh\necho hello, this is longer than a header\n";
	Container c;
	int fd = memory_file(script, sizeof(script));

	ASSERT_OK(codefile_open_fd(fd, &file, &problem));
	close(fd);
	ASSERT_EQ(container_graft_init(&g, &file, &problem), CODE_E_FORMAT);
	ASSERT_EQ(container_find(&file, &c, &problem), CODE_E_UNSIGNED);
	ASSERT_EQ(find("", 0, &c), CODE_E_UNSIGNED);
	ASSERT_EQ(find("\177ELF", 4, &c), CODE_E_UNSIGNED);
}

/* doc/protocol.md, byte for byte. */
TEST(the_mark_and_the_trailer_of_the_document)
{
	static const ElfKind kind = {.text_size = 40};
	ElfImage image = make_elf(&kind);
	uint8_t expected[128];
	uint64_t limit;
	size_t size;
	uint8_t *p = graft(image.data, image.size, &size, &limit);

	ASSERT_EQ(image.size, 425);
	ASSERT_EQ(read_example("### The mark", expected, sizeof(expected)), CONTAINER_MARK_SIZE);
	ASSERT_MEMEQ(p + limit - CONTAINER_MARK_SIZE, expected, CONTAINER_MARK_SIZE);
	ASSERT_EQ(read_example("### The trailer", expected, sizeof(expected)),
		CONTAINER_TRAILER_SIZE);
	ASSERT_MEMEQ(p + size - CONTAINER_TRAILER_SIZE, expected, CONTAINER_TRAILER_SIZE);
	free(p);
	free(image.data);
}
