/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures in ELF files; container.h shows the layout.
 *
 * Numbers of the mark and the trailer are big-endian, as those of the blobs are. The mark has what it
 * takes to undo the signing, and lies in the part that is hashed.
 */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "codesign/blob.h"
#include "codesign/container.h"

#define VERSION 1u
/* Zeros that may lie behind what the headers of a file speak of. */
#define SLACK_MAX 4096u

static const uint8_t TRAILER_MAGIC[8] = "PCLSIGND";

/* A note: sizes of name and content, type, name; the first three in the file's order of bytes. */
enum {
	MARK_AT_NAME = 12,
	MARK_AT_VERSION = 24,
	MARK_AT_FIELDS = 28, /* entry size, number, names; then six bytes of 0 */
	MARK_AT_OFFSET = 40,
	MARK_AT_SIZE = 48,
};
#define MARK_NAME "Portcullis"
#define MARK_TYPE UINT32_C(0x50434c53)

enum {
	TRAILER_AT_VERSION = 8,
	TRAILER_AT_REST = 12,
	TRAILER_AT_OFFSET = 16,
	TRAILER_AT_SIZE = 24,
};

void container_encode_trailer(const Container *container, uint8_t ret[CONTAINER_TRAILER_SIZE])
{
	memset(ret, 0, CONTAINER_TRAILER_SIZE);
	memcpy(ret, TRAILER_MAGIC, sizeof(TRAILER_MAGIC));
	blob_write_be32(ret + TRAILER_AT_VERSION, VERSION);
	blob_write_be64(ret + TRAILER_AT_OFFSET, container->code_limit);
	blob_write_be64(ret + TRAILER_AT_SIZE, container->blob_size);
}

static int decode_trailer(
	const CodeFile *file, const uint8_t *p, Container *ret, CodeProblem *problem)
{
	uint64_t offset = blob_read_be64(p + TRAILER_AT_OFFSET);
	uint64_t size = blob_read_be64(p + TRAILER_AT_SIZE);
	uint64_t before = file->size - CONTAINER_TRAILER_SIZE;

	if (blob_read_be32(p + TRAILER_AT_VERSION) != VERSION)
		return code_problem_range(problem, CODE_E_UNSUPPORTED, before, file->size,
			"the trailer of the signature has the version %" PRIu32,
			blob_read_be32(p + TRAILER_AT_VERSION));
	if (blob_read_be32(p + TRAILER_AT_REST) != 0 || size > BLOB_MAX || offset > before ||
		size != before - offset || offset < CONTAINER_MARK_SIZE)
		return code_problem_range(problem, CODE_E_DAMAGED, before, file->size,
			"the trailer of the signature does not fit the file");
	*ret = (Container){.code_limit = offset, .blob_size = (uint32_t)size};
	return 0;
}

/* Where the signature behind a mark would end, if one is there. */
static bool find_expected_end(const CodeFile *file, const ElfSection *mark, uint64_t *ret)
{
	uint8_t bytes[BLOB_HEADER_SIZE];
	uint64_t limit;

	if (mark->size != CONTAINER_MARK_SIZE || mark->offset > file->size ||
		file->size - mark->offset < CONTAINER_MARK_SIZE + sizeof(bytes))
		return false;
	limit = mark->offset + CONTAINER_MARK_SIZE;
	if (codefile_read(file, limit, bytes, sizeof(bytes), NULL) != 0 ||
		blob_read_be32(bytes) != BLOB_MAGIC_SIGNATURE)
		return false;
	*ret = limit + blob_read_be32(bytes + 4) + CONTAINER_TRAILER_SIZE;
	return true;
}

/* A mark is there, but no trailer: say as exactly as can be what became of the end. */
static int explain_mark(const CodeFile *file, const ElfSection *mark, CodeProblem *problem)
{
	uint64_t end;

	if (!find_expected_end(file, mark, &end))
		return code_problem(problem, CODE_E_MODIFIED,
			"the file was changed after it was signed: it has the mark of a signature, "
			"which is not there any more");
	if (end < file->size)
		return code_problem_range(problem, CODE_E_MODIFIED, end, file->size,
			"something was added behind the end of the signature");
	if (end > file->size)
		return code_problem_range(problem, CODE_E_MODIFIED, file->size, end,
			"the end of the signature is missing");
	return code_problem_range(problem, CODE_E_MODIFIED, file->size - CONTAINER_TRAILER_SIZE,
		file->size, "the trailer of the signature was overwritten");
}

static int find_trace(const CodeFile *file, CodeProblem *problem)
{
	_cleanup_elf_ Elf elf = {0};
	ElfSection mark;
	bool is_elf, is_big;
	int r;

	r = elf_probe(file, &is_elf, &is_big, problem);
	if (r != 0)
		return r;
	if (is_elf) {
		r = elf_init(&elf, file, problem);
		if (r != 0)
			return r;
		if (elf_find_section(&elf, CONTAINER_SECTION, &mark) != 0)
			return explain_mark(file, &mark, problem);
	}
	return code_problem(problem, CODE_E_UNSIGNED, "the file is not signed");
}

/* What all marks have in common. */
static void encode_mark_head(uint8_t p[CONTAINER_MARK_SIZE], bool is_big)
{
	memset(p, 0, CONTAINER_MARK_SIZE);
	elf_write_number(p, 4, is_big, sizeof(MARK_NAME));
	elf_write_number(p + 4, 4, is_big, CONTAINER_MARK_SIZE - MARK_AT_VERSION);
	elf_write_number(p + 8, 4, is_big, MARK_TYPE);
	memcpy(p + MARK_AT_NAME, MARK_NAME, sizeof(MARK_NAME));
	blob_write_be32(p + MARK_AT_VERSION, VERSION);
}

/* Whether the mark that belongs before the SuperBlob is there. */
static int read_mark(const CodeFile *file, uint64_t code_limit, bool is_big,
	uint8_t ret[CONTAINER_MARK_SIZE], CodeProblem *problem)
{
	uint8_t expected[CONTAINER_MARK_SIZE];
	uint64_t at = code_limit - CONTAINER_MARK_SIZE;
	int r;

	r = codefile_read(file, at, ret, CONTAINER_MARK_SIZE, problem);
	if (r != 0)
		return r;
	encode_mark_head(expected, is_big);
	if (memcmp(ret, expected, MARK_AT_FIELDS) != 0 ||
		memcmp(ret + MARK_AT_FIELDS + 6, expected + MARK_AT_FIELDS + 6, 6) != 0)
		return code_problem_range(problem, CODE_E_DAMAGED, at, code_limit,
			"the mark that belongs before the signature is not there");
	return 0;
}

int container_find(const CodeFile *file, Container *ret, CodeProblem *problem)
{
	uint8_t trailer[CONTAINER_TRAILER_SIZE], mark[CONTAINER_MARK_SIZE];
	Container found = {0};
	bool is_elf, is_big;
	int r;

	if (file->size < CONTAINER_TRAILER_SIZE)
		return find_trace(file, problem);
	r = codefile_read(file, file->size - sizeof(trailer), trailer, sizeof(trailer), problem);
	if (r != 0)
		return r;
	if (memcmp(trailer, TRAILER_MAGIC, sizeof(TRAILER_MAGIC)) != 0)
		return find_trace(file, problem);
	r = elf_probe(file, &is_elf, &is_big, problem);
	if (r != 0)
		return r;
	if (!is_elf)
		return code_problem_range(problem, CODE_E_MODIFIED, 0, 4,
			"the file ends in a signature, but is no ELF file");
	r = decode_trailer(file, trailer, &found, problem);
	if (r == 0)
		r = read_mark(file, found.code_limit, is_big, mark, problem);
	if (r == 0)
		*ret = found;
	return r;
}

int container_get_original(const CodeFile *file, const Container *container, ContainerOriginal *ret,
	CodeProblem *problem)
{
	uint8_t mark[CONTAINER_MARK_SIZE];
	ContainerOriginal original = {0};
	ElfTableFields fields;
	bool is_elf, is_64, is_big;
	int r;

	r = elf_probe(file, &is_elf, &is_big, problem);
	if (r == 0)
		r = read_mark(file, container->code_limit, is_big, mark, problem);
	if (r != 0)
		return r;
	original.size = blob_read_be64(mark + MARK_AT_SIZE);
	if (original.size > container->code_limit - CONTAINER_MARK_SIZE ||
		original.size < ELF_HEADER_SIZE_MAX - 12)
		return code_problem(
			problem, CODE_E_DAMAGED, "the mark of the signature does not fit the file");
	original.header_size = (size_t)MIN(original.size, (uint64_t)ELF_HEADER_SIZE_MAX);
	r = codefile_read(file, 0, original.header, original.header_size, problem);
	if (r != 0)
		return r;
	if (!elf_is_header(original.header, &is_64, &is_big))
		return code_problem_range(problem, CODE_E_MODIFIED, 0, ELF_HEADER_SIZE_MAX,
			"the file does not begin as an ELF file");
	fields = (ElfTableFields){
		.offset = blob_read_be64(mark + MARK_AT_OFFSET),
		.entry_size = blob_read_be16(mark + MARK_AT_FIELDS),
		.n = blob_read_be16(mark + MARK_AT_FIELDS + 2),
		.names = blob_read_be16(mark + MARK_AT_FIELDS + 4),
	};
	elf_set_table_fields(original.header, &fields);
	*ret = original;
	return 0;
}

static void encode_mark(const Elf *elf, uint64_t size, uint8_t ret[CONTAINER_MARK_SIZE])
{
	ElfTableFields fields;

	elf_get_table_fields(elf, &fields);
	encode_mark_head(ret, elf->is_big);
	blob_write_be32(ret + MARK_AT_FIELDS, ((uint32_t)fields.entry_size << 16) | fields.n);
	blob_write_be32(ret + MARK_AT_FIELDS + 4, (uint32_t)fields.names << 16);
	blob_write_be64(ret + MARK_AT_OFFSET, fields.offset);
	blob_write_be64(ret + MARK_AT_SIZE, size);
}

/* Where the parts of a tail lie, counted from the beginning of the file, and what is new. */
typedef struct TailPlan {
	uint64_t names_at;
	uint64_t names_size;
	uint64_t table_at;
	uint64_t mark_at;
	uint32_t n_sections;
	uint32_t names_index;
	uint32_t mark_index;
	uint32_t mark_name; /* offsets into the names */
	uint32_t names_name;
	bool has_own_names; /* the file has names of sections */
} TailPlan;

static uint64_t align_up(uint64_t v)
{
	return (v + 7) & ~UINT64_C(7);
}

/* The mark takes the place of a stale one, which a tool has carried over; else it is a new section.
 * Names are always copied: those of the file may be in use for something else, too. */
static void plan_tail(const Elf *elf, uint64_t size, TailPlan *plan)
{
	ElfSection stale;

	*plan = (TailPlan){
		.names_at = align_up(size),
		.n_sections = elf->n_sections > 0 ? elf->n_sections : 1,
		.names_index = elf->names_index,
		.has_own_names = elf->names_index != 0,
	};
	if (plan->has_own_names) {
		plan->names_size = elf->names_size + 1; /* the last name may not have ended */
	} else {
		plan->names_index = plan->n_sections++;
		plan->names_name = 1;
		plan->names_size = 1 + sizeof(".shstrtab");
	}
	plan->mark_index = elf_find_section(elf, CONTAINER_SECTION, &stale);
	if (plan->mark_index == 0)
		plan->mark_index = plan->n_sections++;
	plan->mark_name = (uint32_t)plan->names_size;
	plan->names_size += sizeof(CONTAINER_SECTION);
	plan->table_at = align_up(plan->names_at + plan->names_size);
	plan->mark_at = plan->table_at + (uint64_t)plan->n_sections * elf->section_size;
}

static void write_names(const Elf *elf, const TailPlan *plan, uint8_t *p)
{
	if (plan->has_own_names)
		memcpy(p, elf->names, elf->names_size);
	else
		memcpy(p + plan->names_name, ".shstrtab", sizeof(".shstrtab"));
	memcpy(p + plan->mark_name, CONTAINER_SECTION, sizeof(CONTAINER_SECTION));
}

/* Section 0 is none, and has the numbers that are too large for the header. */
static void write_table(const Elf *elf, const TailPlan *plan, uint8_t *table)
{
	ElfSection s;

	for (uint32_t i = 0; i < elf->n_sections; i++) {
		elf_get_section(elf, i, &s);
		if (!plan->has_own_names)
			s.name = 0;
		if (i == 0) {
			s.size = plan->n_sections >= ELF_NUMBERS_RESERVED ? plan->n_sections : 0;
			s.link = plan->names_index >= ELF_NUMBERS_RESERVED ? plan->names_index : 0;
		}
		elf_encode_section(elf, table, i, &s);
	}
	if (plan->has_own_names)
		elf_get_section(elf, plan->names_index, &s);
	else
		s = (ElfSection){.name = plan->names_name, .type = ELF_SECTION_STRTAB, .align = 1};
	s.offset = plan->names_at;
	s.size = plan->names_size;
	elf_encode_section(elf, table, plan->names_index, &s);
	s = (ElfSection){
		.name = plan->mark_name,
		.type = ELF_SECTION_NOTE,
		.offset = plan->mark_at,
		.size = CONTAINER_MARK_SIZE,
		.align = 4,
	};
	elf_encode_section(elf, table, plan->mark_index, &s);
}

static int check_rest(const CodeFile *file, const Elf *elf, CodeProblem *problem)
{
	uint8_t rest[SLACK_MAX];
	uint64_t n = file->size - elf->end;
	int r;

	if (n <= sizeof(rest)) {
		r = codefile_read(file, elf->end, rest, (size_t)n, problem);
		if (r != 0)
			return r;
		while (n > 0 && rest[n - 1] == 0)
			n--;
	}
	if (n > 0)
		return code_problem_range(problem, CODE_E_FORMAT, elf->end, file->size,
			"there is something behind the last section, which the program may look "
			"for at "
			"the end of the file: sign it with a detached signature");
	return 0;
}

int container_graft_init(ContainerGraft *self, const CodeFile *original, CodeProblem *problem)
{
	_cleanup_elf_ Elf elf = {0};
	ElfTableFields fields;
	TailPlan plan;
	uint8_t *tail;
	size_t size;
	int r;

	r = elf_init(&elf, original, problem);
	if (r == 0)
		r = check_rest(original, &elf, problem);
	if (r != 0)
		return r;
	plan_tail(&elf, original->size, &plan);
	if (!elf.is_64 && plan.mark_at > UINT32_MAX - CONTAINER_MARK_SIZE)
		return code_problem(
			problem, CODE_E_TOO_BIG, "the file is too large for 32-bit ELF");
	size = (size_t)(plan.mark_at + CONTAINER_MARK_SIZE - original->size);
	tail = calloc(1, size);
	if (!tail)
		return error_origin(-ENOMEM);
	write_names(&elf, &plan, tail + (plan.names_at - original->size));
	write_table(&elf, &plan, tail + (plan.table_at - original->size));
	encode_mark(&elf, original->size, tail + (plan.mark_at - original->size));
	fields = (ElfTableFields){
		.offset = plan.table_at,
		.entry_size = (uint16_t)elf.section_size,
		.n = plan.n_sections >= ELF_NUMBERS_RESERVED ? 0 : (uint16_t)plan.n_sections,
		.names = plan.names_index >= ELF_NUMBERS_RESERVED ? ELF_NUMBER_ELSEWHERE
								  : (uint16_t)plan.names_index,
	};
	*self = (ContainerGraft){
		.header_size = elf.header_size,
		.tail = tail,
		.tail_size = size,
		.code_limit = original->size + size,
		.text_offset = elf.text_offset,
		.text_size = elf.text_size,
		.is_program = elf.is_program,
	};
	memcpy(self->header, elf.header, elf.header_size);
	elf_set_table_fields(self->header, &fields);
	return 0;
}

void container_graft_deinit(ContainerGraft *self)
{
	free(self->tail);
	self->tail = NULL;
}
