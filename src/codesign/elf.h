/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_ELF_H
#define PORTCULLIS_CODESIGN_ELF_H

/*
 * As much of an ELF file as a signature needs: where its sections are and what they are called, where
 * its parts end, which segment is the program's text. Both sizes of words and both orders of bytes.
 *
 * Nothing in the file is believed: each offset and count is held against the size of the file before
 * it is used, tables are copied into memory at once and not read twice, and there is a limit to them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codesign/codefile.h"
#include "codesign/problem.h"

#define ELF_HEADER_SIZE_MAX 64u
#define ELF_TABLE_MAX (8u * 1024 * 1024) /* of sections, and of their names */
#define ELF_SEGMENTS_MAX (1024u * 1024) /* of segments, and what is in the dynamic one */
#define ELF_NUMBERS_RESERVED 0xff00u /* section numbers from here are elsewhere */
#define ELF_NUMBER_ELSEWHERE 0xffffu

/* One form for both sizes of words. */
typedef struct ElfSection {
	uint32_t name;
	uint32_t type;
	uint64_t flags;
	uint64_t address;
	uint64_t offset;
	uint64_t size;
	uint32_t link;
	uint32_t info;
	uint64_t align;
	uint64_t entry_size;
} ElfSection;

#define ELF_SECTION_STRTAB 3u
#define ELF_SECTION_NOTE 7u
#define ELF_SECTION_NOBITS 8u

typedef struct Elf {
	bool is_64;
	bool is_big; /* big-endian */
	uint8_t header[ELF_HEADER_SIZE_MAX];
	size_t header_size;
	uint64_t end; /* behind the last byte that the headers speak of */
	bool is_program; /* not a library or an object */
	bool has_dynamic; /* a segment for the dynamic linker was seen */
	uint64_t text_offset; /* the first segment that is executable; size 0: none */
	uint64_t text_size;
	size_t section_size; /* of one entry of the table */
	uint32_t n_sections;
	uint32_t names_index; /* the section with the sections' names; 0: there is none */
	uint8_t *table; /* owned, as it is in the file; NULL without sections */
	uint8_t *names; /* owned */
	size_t names_size;
} Elf;

/* Whether the file begins as an ELF file does, and in which order its bytes are. Returns 0 or -errno. */
int elf_probe(
	const CodeFile *file, bool *ret, bool *ret_is_big, CodeProblem *problem) _warn_unused_;

/* Returns 0, CODE_E_FORMAT, CODE_E_TOO_BIG, CODE_E_CHANGED or -errno. */
int elf_init(Elf *self, const CodeFile *file, CodeProblem *problem) _warn_unused_;
void elf_deinit(Elf *self);
#define _cleanup_elf_ _cleanup_(elf_deinit)

/* The @i-th section; @i < n_sections. */
void elf_get_section(const Elf *self, uint32_t i, ElfSection *ret);

/* Write @section as the @i-th of @table, which may be another one than that of the file. */
void elf_encode_section(const Elf *self, uint8_t *table, uint32_t i, const ElfSection *section);

/* The number of the first section with that name, or 0. */
uint32_t elf_find_section(const Elf *self, const char *name, ElfSection *ret);

/* The fields of the header that say where the sections are. */
typedef struct ElfTableFields {
	uint64_t offset;
	uint16_t entry_size;
	uint16_t n;
	uint16_t names;
} ElfTableFields;

void elf_get_table_fields(const Elf *self, ElfTableFields *ret);

/* A number of @n bytes in the order of the file. */
void elf_write_number(uint8_t *p, size_t n, bool is_big, uint64_t v);

/* The same on the bytes of a header, of which no more than e_ident need be right. */
bool elf_is_header(const uint8_t header[ELF_HEADER_SIZE_MAX], bool *ret_is_64, bool *ret_is_big);
void elf_set_table_fields(uint8_t header[ELF_HEADER_SIZE_MAX], const ElfTableFields *fields);

#endif
