/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_TEST_SUPPORT_H
#define PORTCULLIS_CODESIGN_TEST_SUPPORT_H

/*
 * What the tests of signatures share: a directory of their own, which is gone when the program is;
 * files; ELF files of every kind, made by hand; and signing in one line.
 */

#include <ftw.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "codesign/codefile.h"
#include "codesign/detached.h"
#include "codesign/signer.h"
#include "codesign/staticcode.h"
#include "tests/lib/unit.h"

static char support_dir[128];
static pid_t support_owner;

_unused_ static int support_remove(
	const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	(void)remove(path); /* what stays is somebody else's */
	return 0;
}

_unused_ static void support_clean(void)
{
	if (getpid() == support_owner)
		(void)nftw(support_dir, support_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of @name in the directory, which is made when it is first asked for; 64 are valid. */
_unused_ static const char *in_dir(const char *name)
{
	static char paths[64][256];
	static unsigned next;
	char *path = paths[next++ % 64];

	if (support_dir[0] == 0) {
		const char *top = getenv("TMPDIR");

		snprintf(support_dir, sizeof(support_dir), "%s/codesign-XXXXXX",
			top && top[0] && strlen(top) < 64 ? top : "/tmp");
		ASSERT_NOT_NULL(mkdtemp(support_dir));
		support_owner = getpid();
		atexit(support_clean);
	}
	snprintf(path, sizeof(paths[0]), "%s/%s", support_dir, name);
	return path;
}

_unused_ static void write_file(const char *path, const void *data, size_t size)
{
	int fd = ASSERT_SYS(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755));

	ASSERT_EQ(write(fd, data, size), (ssize_t)size);
	close(fd);
}

/* All of a file, to be freed. */
_unused_ static uint8_t *read_file(const char *path, size_t *ret_size)
{
	int fd = ASSERT_SYS(open(path, O_RDONLY | O_CLOEXEC));
	struct stat st;
	uint8_t *data;

	ASSERT_SYS(fstat(fd, &st));
	data = malloc((size_t)st.st_size + 1);
	ASSERT_NOT_NULL(data);
	ASSERT_EQ(read(fd, data, (size_t)st.st_size), st.st_size);
	close(fd);
	*ret_size = (size_t)st.st_size;
	return data;
}

_unused_ static void assert_same_file(const char *path, const void *data, size_t size)
{
	size_t found_size;
	uint8_t *found = read_file(path, &found_size);
	bool is_same = found_size == size && memcmp(found, data, size) == 0;

	free(found);
	ASSERT_TRUE(is_same);
}

/* Which ELF file to make. */
typedef struct ElfKind {
	bool is_32;
	bool is_big;
	bool has_no_sections;
	bool has_no_names;
	bool has_interpreter;
	unsigned n_extra; /* empty sections more */
	size_t text_size; /* 0: 40 */
} ElfKind;

typedef struct ElfImage {
	uint8_t *data; /* to be freed */
	size_t size;
	const ElfKind *kind;
} ElfImage;

_unused_ static void image_put(ElfImage *image, size_t n, uint64_t v)
{
	for (size_t i = 0; i < n; i++)
		image->data[image->size + (image->kind->is_big ? n - 1 - i : i)] =
			(uint8_t)(v >> (8 * i));
	image->size += n;
}

_unused_ static void image_put_section(
	ElfImage *image, uint32_t name, uint32_t type, uint64_t offset, uint64_t size)
{
	size_t word = image->kind->is_32 ? 4 : 8;

	image_put(image, 4, name);
	image_put(image, 4, type);
	image_put(image, word, 0);
	image_put(image, word, 0);
	image_put(image, word, offset);
	image_put(image, word, size);
	image_put(image, 4, 0);
	image_put(image, 4, 0);
	image_put(image, word, 1);
	image_put(image, word, 0);
}

_unused_ static void image_put_segment(
	ElfImage *image, uint32_t type, uint64_t offset, uint64_t size)
{
	size_t word = image->kind->is_32 ? 4 : 8;

	image_put(image, 4, type);
	if (word == 8)
		image_put(image, 4, 5); /* readable, executable */
	image_put(image, word, offset);
	image_put(image, word, 0x400000);
	image_put(image, word, 0x400000);
	image_put(image, word, size);
	image_put(image, word, size);
	if (word == 4)
		image_put(image, 4, 5);
	image_put(image, word, 4096);
}

/* Header, two segments, text, names, table of sections: in this order, without gaps. */
_unused_ static ElfImage make_elf(const ElfKind *kind)
{
	static const char names[] = "\0.text\0.shstrtab";
	size_t word = kind->is_32 ? 4 : 8, header = kind->is_32 ? 52 : 64;
	size_t segment = kind->is_32 ? 32 : 56, section = kind->is_32 ? 40 : 64;
	size_t text_size = kind->text_size ? kind->text_size : 40;
	size_t text = header + 2 * segment, names_at = text + text_size;
	size_t table = names_at + sizeof(names), n = kind->has_no_sections ? 0 : 3 + kind->n_extra;
	ElfImage image = {.data = calloc(1, table + n * section + 1), .kind = kind};

	ASSERT_NOT_NULL(image.data);
	image.data[0] = 0x7f;
	image.data[1] = 'E';
	image.data[2] = 'L';
	image.data[3] = 'F';
	image.data[4] = kind->is_32 ? 1 : 2;
	image.data[5] = kind->is_big ? 2 : 1;
	image.data[6] = 1;
	image.size = 16;
	image_put(&image, 2, 3); /* ET_DYN */
	image_put(&image, 2, 62);
	image_put(&image, 4, 1);
	image_put(&image, word, 0x400000 + text);
	image_put(&image, word, header);
	image_put(&image, word, kind->has_no_sections ? 0 : table);
	image_put(&image, 4, 0);
	image_put(&image, 2, header);
	image_put(&image, 2, segment);
	image_put(&image, 2, 2);
	image_put(&image, 2, kind->has_no_sections ? 0 : section);
	image_put(&image, 2, n >= 0xff00 ? 0 : n);
	image_put(&image, 2, n == 0 || kind->has_no_names ? 0 : 2);
	image_put_segment(&image, kind->has_interpreter ? 3 : 4, text, 8);
	image_put_segment(&image, 1, 0, text + text_size);
	for (size_t i = 0; i < text_size; i++)
		image.data[image.size++] = (uint8_t)(i * 7 + (i >> 8));
	if (n == 0)
		return image;
	memcpy(image.data + image.size, names, sizeof(names));
	image.size += sizeof(names);
	image_put_section(&image, 0, 0, 0, n >= 0xff00 ? n : 0);
	image_put_section(&image, 1, 1, text, text_size);
	image_put_section(&image, 7, 3, names_at, sizeof(names));
	for (unsigned i = 0; i < kind->n_extra; i++)
		image_put_section(&image, 0, 8, 0, 0);
	return image;
}

_unused_ static void write_elf(const char *path, const ElfKind *kind)
{
	ElfImage image = make_elf(kind);

	write_file(path, image.data, image.size);
	free(image.data);
}

static const SignerSpec SUPPORT_SPEC = {
	.identifier = "org.example.code",
	.page_shift = CODE_PAGE_SHIFT_DEFAULT,
};

/* What is said of a file: the code of a problem, which is in support_problem. */
static CodeProblem support_problem;

_unused_ static int check_file(const char *path)
{
	StaticCode *code = NULL;
	int r;

	support_problem = (CodeProblem){0};
	r = staticcode_new(path, &code, &support_problem);
	if (r == 0) {
		staticcode_set_database(code, NULL);
		r = staticcode_check_contents(code, true, NULL, NULL, &support_problem);
	}
	staticcode_free(code);
	return r;
}

/* The file of these bytes, in memory. */
_unused_ static int memory_file(const void *data, size_t size)
{
	int fd = ASSERT_SYS(memfd_create("test", MFD_CLOEXEC));

	ASSERT_EQ(write(fd, data, size), (ssize_t)size);
	return fd;
}

_unused_ static int check_fd(int fd)
{
	StaticCode *code = NULL;
	int r;

	support_problem = (CodeProblem){0};
	r = staticcode_new_fd(fd, &code, &support_problem);
	if (r == 0) {
		staticcode_set_database(code, NULL);
		r = staticcode_check_contents(code, true, NULL, NULL, &support_problem);
	}
	staticcode_free(code);
	return r;
}

#endif
