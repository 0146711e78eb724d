/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF files, read within bounds. Offsets of fields are those of the ELF specification; each is given
 * for words of 32 and of 64 bits.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/error.h"
#include "codesign/elf.h"

#define IDENT_SIZE 16u
#define SEGMENT_LOAD 1u
#define SEGMENT_DYNAMIC 2u
#define SEGMENT_INTERPRETER 3u
#define SEGMENT_EXECUTABLE 1u
#define SEGMENTS_ELSEWHERE 0xffffu
#define DYNAMIC_FLAGS_1 UINT64_C(0x6ffffffb)
#define DYNAMIC_FLAGS_1_PIE UINT64_C(0x08000000)
#define TYPE_EXECUTABLE 2u

/* Where a field is: {32, 64}. */
typedef uint8_t Place[2];

static const Place AT_TYPE = {16, 16};
static const Place AT_SEGMENTS = {28, 32};
static const Place AT_SECTIONS = {32, 40};
static const Place AT_SEGMENT_SIZE = {42, 54};
static const Place AT_N_SEGMENTS = {44, 56};
static const Place AT_SECTION_SIZE = {46, 58};
static const Place AT_N_SECTIONS = {48, 60};
static const Place AT_NAMES = {50, 62};
static const Place HEADER_SIZE = {52, 64};
static const Place SECTION_SIZE = {40, 64};
static const Place SEGMENT_SIZE = {32, 56};

static uint64_t read_number(const uint8_t *p, size_t n, bool is_big)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = (v << 8) | p[is_big ? i : n - 1 - i];
	return v;
}

void elf_write_number(uint8_t *p, size_t n, bool is_big, uint64_t v)
{
	for (size_t i = 0; i < n; i++)
		p[is_big ? n - 1 - i : i] = (uint8_t)(v >> (8 * i));
}

static uint16_t header_u16(const Elf *e, const Place at)
{
	return (uint16_t)read_number(e->header + at[e->is_64], 2, e->is_big);
}

static uint64_t header_word(const Elf *e, const Place at)
{
	return read_number(e->header + at[e->is_64], e->is_64 ? 8 : 4, e->is_big);
}

bool elf_is_header(const uint8_t header[ELF_HEADER_SIZE_MAX], bool *ret_is_64, bool *ret_is_big)
{
	if (memcmp(header, "\177ELF", 4) != 0 || header[4] < 1 || header[4] > 2 || header[5] < 1 ||
		header[5] > 2)
		return false;
	*ret_is_64 = header[4] == 2;
	*ret_is_big = header[5] == 2;
	return true;
}

void elf_get_table_fields(const Elf *self, ElfTableFields *ret)
{
	*ret = (ElfTableFields){
		.offset = header_word(self, AT_SECTIONS),
		.entry_size = header_u16(self, AT_SECTION_SIZE),
		.n = header_u16(self, AT_N_SECTIONS),
		.names = header_u16(self, AT_NAMES),
	};
}

void elf_set_table_fields(uint8_t header[ELF_HEADER_SIZE_MAX], const ElfTableFields *fields)
{
	bool is_64, is_big, is_header;

	is_header = elf_is_header(header, &is_64, &is_big);
	assert(is_header);
	elf_write_number(header + AT_SECTIONS[is_64], is_64 ? 8 : 4, is_big, fields->offset);
	elf_write_number(header + AT_SECTION_SIZE[is_64], 2, is_big, fields->entry_size);
	elf_write_number(header + AT_N_SECTIONS[is_64], 2, is_big, fields->n);
	elf_write_number(header + AT_NAMES[is_64], 2, is_big, fields->names);
}

int elf_probe(const CodeFile *file, bool *ret, bool *ret_is_big, CodeProblem *problem)
{
	uint8_t ident[IDENT_SIZE];
	int r;

	*ret = *ret_is_big = false;
	if (file->size < IDENT_SIZE)
		return 0;
	r = codefile_read(file, 0, ident, sizeof(ident), problem);
	if (r != 0)
		return r;
	*ret = memcmp(ident, "\177ELF", 4) == 0;
	*ret_is_big = ident[5] == 2;
	return 0;
}

/* Whether [@offset, @offset + @size) lies in the file. */
static bool is_within(const CodeFile *file, uint64_t offset, uint64_t size)
{
	return offset <= file->size && size <= file->size - offset;
}

/* A copy of a part of the file, @size > 0. */
static int copy_part(const CodeFile *file, uint64_t offset, uint64_t size, uint8_t **ret,
	const char *what, CodeProblem *problem)
{
	_cleanup_free_ uint8_t *p = NULL;
	int r;

	if (!is_within(file, offset, size))
		return code_problem(problem, CODE_E_FORMAT,
			"%s of the ELF file lies outside of it: it was cut, or never was one",
			what);
	if (size > ELF_TABLE_MAX)
		return code_problem(
			problem, CODE_E_TOO_BIG, "%s of the ELF file is too large", what);
	p = malloc(size);
	if (!p)
		return error_origin(-ENOMEM);
	r = codefile_read(file, offset, p, size, problem);
	if (r != 0)
		return r;
	*ret = TAKE_PTR(p);
	return 0;
}

static void reach(Elf *e, const CodeFile *file, uint64_t offset, uint64_t size)
{
	if (size > 0 && is_within(file, offset, size))
		e->end = MAX(e->end, offset + size);
}

/* The size of the @k-th field of a section: words, but for the first two, and for link and info. */
static size_t section_field_size(const Elf *e, size_t k)
{
	return !e->is_64 || k < 2 || k == 6 || k == 7 ? 4 : 8;
}

static void decode_section(const Elf *e, const uint8_t *p, ElfSection *ret)
{
	uint64_t v[10];

	for (size_t k = 0; k < ARRAY_SIZE(v); k++) {
		v[k] = read_number(p, section_field_size(e, k), e->is_big);
		p += section_field_size(e, k);
	}
	*ret = (ElfSection){(uint32_t)v[0], (uint32_t)v[1], v[2], v[3], v[4], v[5], (uint32_t)v[6],
		(uint32_t)v[7], v[8], v[9]};
}

void elf_get_section(const Elf *self, uint32_t i, ElfSection *ret)
{
	assert(i < self->n_sections);
	decode_section(self, self->table + i * self->section_size, ret);
}

void elf_encode_section(const Elf *self, uint8_t *table, uint32_t i, const ElfSection *section)
{
	uint8_t *p = table + i * self->section_size;
	const uint64_t v[10] = {section->name, section->type, section->flags, section->address,
		section->offset, section->size, section->link, section->info, section->align,
		section->entry_size};

	for (size_t k = 0; k < ARRAY_SIZE(v); k++) {
		elf_write_number(p, section_field_size(self, k), self->is_big, v[k]);
		p += section_field_size(self, k);
	}
}

/* The table of sections, and their names. */
static int read_sections(Elf *e, const CodeFile *file, CodeProblem *problem)
{
	uint8_t first[64];
	ElfTableFields fields;
	ElfSection s;
	uint64_t n;
	int r;

	e->section_size = SECTION_SIZE[e->is_64];
	elf_get_table_fields(e, &fields);
	if (fields.offset == 0)
		return 0;
	if (fields.entry_size != e->section_size ||
		!is_within(file, fields.offset, e->section_size))
		return code_problem(problem, CODE_E_FORMAT,
			"the table of sections of the ELF file lies outside of it, or has entries "
			"of a "
			"wrong size: it was cut, or never was one");
	/* The first section is none: it has the numbers that are too large for the header. */
	r = codefile_read(file, fields.offset, first, e->section_size, problem);
	if (r != 0)
		return r;
	decode_section(e, first, &s);
	n = fields.n != 0 ? fields.n : s.size;
	if (n == 0)
		return 0;
	if (n > ELF_TABLE_MAX / e->section_size)
		return code_problem(problem, CODE_E_TOO_BIG, "the ELF file has too many sections");
	r = copy_part(file, fields.offset, n * e->section_size, &e->table, "the table of sections",
		problem);
	if (r != 0)
		return r;
	e->n_sections = (uint32_t)n;
	reach(e, file, fields.offset, n * e->section_size);
	e->names_index = fields.names == ELF_NUMBER_ELSEWHERE ? s.link : fields.names;
	if (e->names_index >= n)
		return code_problem(
			problem, CODE_E_FORMAT, "the ELF file has no such section for names");
	return 0;
}

static int read_names(Elf *e, const CodeFile *file, CodeProblem *problem)
{
	ElfSection s;

	for (uint32_t i = 0; i < e->n_sections; i++) {
		elf_get_section(e, i, &s);
		if (i > 0 && s.type != ELF_SECTION_NOBITS)
			reach(e, file, s.offset, s.size);
	}
	if (e->names_index == 0)
		return 0;
	elf_get_section(e, e->names_index, &s);
	if (s.type != ELF_SECTION_STRTAB || s.size == 0)
		return code_problem(
			problem, CODE_E_FORMAT, "the ELF file has no proper names of sections");
	e->names_size = s.size;
	return copy_part(file, s.offset, s.size, &e->names, "the names of sections", problem);
}

/* Whether the linker says that this is a program, which without an interpreter nothing else does. A
 * segment that lies elsewhere, as in files of debug information, says nothing. */
static int read_dynamic(
	Elf *e, const CodeFile *file, uint64_t offset, uint64_t size, CodeProblem *problem)
{
	_cleanup_free_ uint8_t *p = NULL;
	size_t word = e->is_64 ? 8 : 4;
	int r;

	/* The first one alone: a loader takes one, and there could be very many. */
	if (e->has_dynamic || size == 0 || size > ELF_SEGMENTS_MAX ||
		!is_within(file, offset, size))
		return 0;
	e->has_dynamic = true;
	r = copy_part(file, offset, size, &p, "the dynamic segment", problem);
	for (uint64_t at = 0; r == 0 && at + 2 * word <= size; at += 2 * word)
		if (read_number(p + at, word, e->is_big) == DYNAMIC_FLAGS_1 &&
			(read_number(p + at + word, word, e->is_big) & DYNAMIC_FLAGS_1_PIE))
			e->is_program = true;
	return r;
}

static int note_segment(Elf *e, const CodeFile *file, const uint8_t *p, CodeProblem *problem)
{
	size_t word = e->is_64 ? 8 : 4;
	uint64_t type = read_number(p, 4, e->is_big);
	uint64_t flags = read_number(p + (e->is_64 ? 4 : 24), 4, e->is_big);
	uint64_t offset = read_number(p + (e->is_64 ? 8 : 4), word, e->is_big);
	uint64_t size = read_number(p + (e->is_64 ? 32 : 16), word, e->is_big);

	reach(e, file, offset, size);
	if (type == SEGMENT_INTERPRETER)
		e->is_program = true;
	if (type == SEGMENT_LOAD && (flags & SEGMENT_EXECUTABLE) && e->text_size == 0 &&
		is_within(file, offset, size)) {
		e->text_offset = offset;
		e->text_size = size;
	}
	return type == SEGMENT_DYNAMIC ? read_dynamic(e, file, offset, size, problem) : 0;
}

static int read_segments(Elf *e, const CodeFile *file, CodeProblem *problem)
{
	_cleanup_free_ uint8_t *table = NULL;
	uint64_t offset = header_word(e, AT_SEGMENTS), n = header_u16(e, AT_N_SEGMENTS);
	size_t size = SEGMENT_SIZE[e->is_64];
	ElfSection s;
	int r;

	if (n == SEGMENTS_ELSEWHERE && e->n_sections > 0) {
		elf_get_section(e, 0, &s);
		n = s.info;
	}
	if (offset == 0 || n == 0)
		return 0;
	if (header_u16(e, AT_SEGMENT_SIZE) != size)
		return code_problem(
			problem, CODE_E_FORMAT, "the ELF file has segments of a wrong size");
	if (n * size > ELF_SEGMENTS_MAX)
		return code_problem(problem, CODE_E_TOO_BIG, "the ELF file has too many segments");
	r = copy_part(file, offset, n * size, &table, "the table of segments", problem);
	if (r != 0)
		return r;
	reach(e, file, offset, n * size);
	for (uint64_t i = 0; r == 0 && i < n; i++)
		r = note_segment(e, file, table + i * size, problem);
	return r;
}

int elf_init(Elf *self, const CodeFile *file, CodeProblem *problem)
{
	_cleanup_elf_ Elf e = {0};
	size_t n = (size_t)MIN(file->size, (uint64_t)ELF_HEADER_SIZE_MAX);
	int r;

	r = codefile_read(file, 0, e.header, n, problem);
	if (r != 0)
		return r;
	if (!elf_is_header(e.header, &e.is_64, &e.is_big))
		return code_problem(problem, CODE_E_FORMAT, "it is not an ELF file");
	e.header_size = HEADER_SIZE[e.is_64];
	if (n < e.header_size)
		return code_problem(problem, CODE_E_FORMAT, "the header of the ELF file is cut");
	e.end = e.header_size;
	e.is_program = header_u16(&e, AT_TYPE) == TYPE_EXECUTABLE;
	r = read_sections(&e, file, problem);
	if (r == 0)
		r = read_names(&e, file, problem);
	if (r == 0)
		r = read_segments(&e, file, problem);
	if (r != 0)
		return r;
	*self = e;
	e.table = NULL;
	e.names = NULL;
	return 0;
}

void elf_deinit(Elf *self)
{
	free(self->table);
	free(self->names);
	self->table = NULL;
	self->names = NULL;
}

uint32_t elf_find_section(const Elf *self, const char *name, ElfSection *ret)
{
	size_t size = strlen(name) + 1;

	for (uint32_t i = 1; i < self->n_sections; i++) {
		elf_get_section(self, i, ret);
		if (ret->name < self->names_size && size <= self->names_size - ret->name &&
			memcmp(self->names + ret->name, name, size) == 0)
			return i;
	}
	return 0;
}
