/* SPDX-License-Identifier: Apache-2.0 */
/* Code on the disk: every way to change a signed file is noticed, and where signatures are found. */

#include <pthread.h>
#include <stdatomic.h>

#include "codesign/container.h"
#include "codesign/test-support.h"

static CodeProblem problem;
static const ElfKind PLAIN = {.has_interpreter = true};

/* A signed file's bytes, to be freed. */
static uint8_t *make_signed(const char *path, const ElfKind *kind, size_t *ret_size)
{
	write_elf(path, kind);
	ASSERT_OK(signer_embed(&SUPPORT_SPEC, path, &problem));
	return read_file(path, ret_size);
}

static int check_bytes(const void *data, size_t size)
{
	int fd = memory_file(data, size), r = check_fd(fd);

	close(fd);
	return r;
}

/* Each bit of each byte. The range that is named contains the byte, or is the part of the signature. */
TEST(each_byte_of_a_signed_file_counts)
{
	size_t size;
	uint8_t *data = make_signed(in_dir("flip"), &PLAIN, &size);
	int fd = memory_file(data, size);

	ASSERT_OK(check_fd(fd));
	for (size_t at = 0; at < size; at++) {
		for (int bit = 0; bit < 8; bit++) {
			uint8_t changed = data[at] ^ (uint8_t)(1 << bit);
			int r;

			ASSERT_EQ(pwrite(fd, &changed, 1, (off_t)at), 1);
			r = check_fd(fd);
			ASSERT_GT(r, 0);
			ASSERT_NE(r, CODE_E_UNSIGNED);
			ASSERT_EQ(support_problem.code, r);
			ASSERT_TRUE(support_problem.has_range);
			ASSERT_GE(at, support_problem.start);
			ASSERT_LT(at, support_problem.end);
		}
		ASSERT_EQ(pwrite(fd, data + at, 1, (off_t)at), 1);
	}
	ASSERT_OK(check_fd(fd));
	close(fd);
	free(data);
}

TEST(a_file_cut_anywhere_or_made_longer)
{
	size_t size;
	uint8_t *data = make_signed(in_dir("cut"), &PLAIN, &size);
	uint8_t *longer = calloc(1, size + 5000);

	for (size_t n = 0; n < size; n++) {
		int r = check_bytes(data, n);

		ASSERT_GT(r, 0);
		/* Too little is left of it to tell that there was a signature. */
		if (n >= 64)
			ASSERT_NE(r, CODE_E_UNSIGNED);
	}
	memcpy(longer, data, size);
	for (size_t n = 1; n < 5000; n += 37) {
		ASSERT_EQ(check_bytes(longer, size + n), CODE_E_MODIFIED);
		ASSERT_EQ(support_problem.start, size);
	}
	free(longer);
	free(data);
}

/* Inserted before the signature, with a trailer that fits again. */
TEST(bytes_put_before_the_signature)
{
	size_t size;
	uint8_t *data = make_signed(in_dir("insert"), &PLAIN, &size);
	uint64_t limit = blob_read_be64(data + size - 16);
	uint8_t *other = calloc(1, size + 64);

	for (size_t n = 8; n <= 64; n += 8) {
		int r;

		memcpy(other, data, limit);
		memset(other + limit, 0, n);
		memcpy(other + limit + n, data + limit, size - limit);
		blob_write_be64(other + size + n - 16, limit + n);
		r = check_bytes(other, size + n);
		ASSERT_TRUE(r == CODE_E_DAMAGED || r == CODE_E_MODIFIED);
		/* The mark moved along, so that only the code limit says that there is more. */
		memcpy(other + limit + n - CONTAINER_MARK_SIZE, data + limit - CONTAINER_MARK_SIZE,
			CONTAINER_MARK_SIZE);
		ASSERT_EQ(check_bytes(other, size + n), CODE_E_MODIFIED);
	}
	free(other);
	free(data);
}

TEST(the_signature_of_another_file)
{
	static const ElfKind other_kind = {.has_interpreter = true, .text_size = 48};
	size_t size, other_size;
	uint8_t *data = make_signed(in_dir("mine"), &PLAIN, &size);
	uint8_t *other = make_signed(in_dir("other"), &other_kind, &other_size);
	uint64_t limit = blob_read_be64(data + size - 16);
	uint64_t other_limit = blob_read_be64(other + other_size - 16);
	uint8_t *mixed = malloc(size + other_size);

	memcpy(mixed, data, limit);
	memcpy(mixed + limit, other + other_limit, other_size - other_limit);
	blob_write_be64(mixed + limit + (other_size - other_limit) - 16, limit);
	ASSERT_EQ(check_bytes(mixed, limit + (other_size - other_limit)), CODE_E_MODIFIED);
	/* The header of another file, of the same size. */
	memcpy(mixed, data, size);
	memcpy(mixed, other, 64);
	ASSERT_EQ(check_bytes(mixed, size), CODE_E_MODIFIED);
	ASSERT_EQ(support_problem.start, 0);
	free(mixed);
	free(data);
	free(other);
}

TEST(the_first_page_that_differs_is_named)
{
	static const ElfKind kind = {.text_size = 200000};
	size_t size;
	uint8_t *data = make_signed(in_dir("pages"), &kind, &size);
	char line[300];

	data[100000] ^= 1;
	data[190000] ^= 1;
	ASSERT_EQ(check_bytes(data, size), CODE_E_MODIFIED);
	ASSERT_STREQ(code_problem_format(&support_problem, line, sizeof(line)),
		"bytes 98304 to 114687: the content is not what was signed");
	free(data);
}

TEST(what_was_signed_is_told_without_reading_the_file)
{
	const char *path = in_dir("told");
	_cleanup_staticcode_ StaticCode *code = NULL;
	const Signature *s;
	uint64_t offset;
	size_t size;

	write_elf(path, &PLAIN);
	ASSERT_OK(signer_embed(&SUPPORT_SPEC, path, &problem));
	ASSERT_OK(staticcode_new(path, &code, &problem));
	ASSERT_EQ(staticcode_get_source(code), CODE_SOURCE_NONE);
	ASSERT_NULL(staticcode_find_signature(code));
	ASSERT_OK(staticcode_load(code, &problem));
	ASSERT_EQ(staticcode_get_source(code), CODE_SOURCE_EMBEDDED);
	s = staticcode_find_signature(code);
	ASSERT_STREQ(signature_get_best(s)->identifier, "org.example.code");
	ASSERT_STREQ(staticcode_find_path(code), path);
	ASSERT_PTR_EQ(staticcode_get_bytes(code, &size, &offset), s->super.blob.data);
	ASSERT_EQ(offset, signature_get_best(s)->code_limit);
	ASSERT_EQ(offset + size + CONTAINER_TRAILER_SIZE, staticcode_get_file(code)->size);
	ASSERT_OK(staticcode_check_contents(code, false, NULL, NULL, &problem));
}

TEST(an_unsigned_file_is_code_too)
{
	const char *path = in_dir("unsigned");
	_cleanup_staticcode_ StaticCode *code = NULL;

	write_elf(path, &PLAIN);
	ASSERT_OK(staticcode_new(path, &code, &problem));
	staticcode_set_database(code, NULL);
	ASSERT_EQ(staticcode_load(code, &problem), CODE_E_UNSIGNED);
	problem = (CodeProblem){0};
	ASSERT_EQ(staticcode_load(code, &problem), CODE_E_UNSIGNED);
	ASSERT_EQ(problem.code, CODE_E_UNSIGNED);
	ASSERT_NULL(staticcode_find_signature(code));
	ASSERT_EQ(staticcode_check_contents(code, false, NULL, NULL, &problem), CODE_E_UNSIGNED);
}

TEST(what_is_no_file_is_no_code)
{
	StaticCode *code;
	int fds[2];

	ASSERT_SYS(mkfifo(in_dir("fifo"), 0600));
	ASSERT_EQ(staticcode_new(in_dir("fifo"), &code, &problem), CODE_E_NOT_REGULAR);
	ASSERT_EQ(staticcode_new(in_dir("nothing"), &code, &problem), CODE_E_NOT_FOUND);
	ASSERT_EQ(staticcode_new("/dev/zero", &code, &problem), CODE_E_NOT_REGULAR);
	ASSERT_SYS(pipe2(fds, O_CLOEXEC));
	ASSERT_EQ(staticcode_new_fd(fds[0], &code, &problem), CODE_E_NOT_REGULAR);
	close(fds[0]);
	close(fds[1]);
}

static uint8_t *detach(const char *path, const SignerSpec *spec, size_t *ret_size)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	uint8_t *data;

	ASSERT_OK(codefile_open_at(AT_FDCWD, path, true, &file, &problem));
	ASSERT_OK(signer_detach(spec, &file, &data, ret_size, &problem));
	return data;
}

TEST(a_signature_beside_the_file)
{
	const char *path = in_dir("script");
	_cleanup_free_ uint8_t *signature = NULL;
	size_t size;

	write_file(path, "#!/bin/sh\nexit 0\n", 17);
	ASSERT_EQ(check_file(path), CODE_E_UNSIGNED);
	signature = detach(path, &SUPPORT_SPEC, &size);
	ASSERT_OK(detached_write_beside(path, signature, size, &problem));
	ASSERT_OK(check_file(path));
	write_file(path, "#!/bin/sh\nexit 1\n", 17);
	ASSERT_EQ(check_file(path), CODE_E_MODIFIED);
	write_file(path, "#!/bin/sh\nexit 0\n\n", 18);
	ASSERT_EQ(check_file(path), CODE_E_MODIFIED);
	ASSERT_EQ(support_problem.start, 17);
	write_file(path, "#!/bin/sh\nexit 0", 16);
	ASSERT_EQ(check_file(path), CODE_E_MODIFIED);
	write_file(path, "#!/bin/sh\nexit 0\n", 17);
	for (size_t at = 0; at < size; at++) {
		signature[at] ^= 0x10;
		ASSERT_OK(detached_write_beside(path, signature, size, &problem));
		ASSERT_GT(check_file(path), 0);
		signature[at] ^= 0x10;
	}
	ASSERT_OK(detached_remove_beside(path, &problem));
	ASSERT_EQ(check_file(path), CODE_E_UNSIGNED);
	ASSERT_EQ(detached_remove_beside(path, &problem), CODE_E_UNSIGNED);
}

TEST(a_fifo_beside_the_file_is_not_waited_for)
{
	write_file(in_dir("odd"), "x", 1);
	ASSERT_SYS(mkfifo(in_dir("odd.codesig"), 0600));
	ASSERT_EQ(check_file(in_dir("odd")), CODE_E_NOT_REGULAR);
}

TEST(which_signature_counts)
{
	const char *path = in_dir("several");
	_cleanup_staticcode_ StaticCode *code = NULL, *given = NULL;
	_cleanup_free_ uint8_t *signature = NULL;
	SignerSpec other = SUPPORT_SPEC;
	size_t size;

	write_elf(path, &PLAIN);
	ASSERT_OK(signer_embed(&SUPPORT_SPEC, path, &problem));
	other.identifier = "org.example.other";
	signature = detach(path, &other, &size);
	ASSERT_OK(detached_write_beside(path, signature, size, &problem));
	ASSERT_OK(staticcode_new(path, &code, &problem));
	ASSERT_OK(staticcode_load(code, &problem));
	ASSERT_EQ(staticcode_get_source(code), CODE_SOURCE_EMBEDDED);
	ASSERT_OK(staticcode_new(path, &given, &problem));
	ASSERT_OK(staticcode_set_signature(given, signature, size, &problem));
	ASSERT_OK(staticcode_check_contents(given, true, NULL, NULL, &problem));
	ASSERT_EQ(staticcode_get_source(given), CODE_SOURCE_GIVEN);
	ASSERT_STREQ(signature_get_best(staticcode_find_signature(given))->identifier,
		"org.example.other");
	/* A given one is the only one: also if it is none. */
	given = staticcode_free(given);
	ASSERT_OK(staticcode_new(path, &given, &problem));
	ASSERT_OK(staticcode_set_signature(given, "x", 1, &problem));
	ASSERT_EQ(staticcode_load(given, &problem), CODE_E_DAMAGED);
}

TEST(a_stripped_file_may_have_a_new_signature_beside_it)
{
	const char *path = in_dir("stripped");
	_cleanup_free_ uint8_t *signature = NULL, *data = NULL;
	size_t size, limit, all;

	data = make_signed(path, &PLAIN, &all);
	limit = blob_read_be64(data + all - 16);
	write_file(path, data, limit);
	ASSERT_EQ(check_file(path), CODE_E_MODIFIED);
	signature = detach(path, &SUPPORT_SPEC, &size);
	ASSERT_OK(detached_write_beside(path, signature, size, &problem));
	ASSERT_OK(check_file(path));
}

TEST(the_database_is_asked_by_content)
{
	const char *path = in_dir("tool"), *copy = in_dir("copy"), *database = in_dir("database");
	_cleanup_staticcode_ StaticCode *code = NULL, *other = NULL;
	_cleanup_free_ uint8_t *signature = NULL;
	size_t size;

	write_elf(path, &PLAIN);
	write_elf(copy, &PLAIN);
	signature = detach(path, &SUPPORT_SPEC, &size);
	ASSERT_SYS(mkdir(database, 0755));
	ASSERT_OK(staticcode_new(path, &code, &problem));
	ASSERT_OK(detached_write_database(
		database, staticcode_get_file(code), signature, size, &problem));
	staticcode_set_database(code, database);
	ASSERT_OK(staticcode_check_contents(code, true, NULL, NULL, &problem));
	ASSERT_EQ(staticcode_get_source(code), CODE_SOURCE_DATABASE);
	ASSERT_OK(staticcode_new(copy, &other, &problem));
	staticcode_set_database(other, database);
	ASSERT_OK(staticcode_check_contents(other, true, NULL, NULL, &problem));
	ASSERT_SYS(chmod(database, 0777));
	other = staticcode_free(other);
	ASSERT_OK(staticcode_new(copy, &other, &problem));
	staticcode_set_database(other, database);
	ASSERT_EQ(staticcode_load(other, &problem), CODE_E_DATABASE);
}

/* A signature that speaks of so many bytes of a file that has few: with the seal of an attacker. */
static int check_with_limit(uint64_t limit, uint8_t page_shift)
{
	_cleanup_superblob_builder_ SuperBlobBuilder b;
	_cleanup_staticcode_ StaticCode *code = NULL;
	_cleanup_free_ uint8_t *directory = NULL, *signature = NULL;
	CodeDirectorySpec spec = {
		.identifier = "a",
		.flags = CODE_FLAG_ADHOC,
		.hash_type = CODE_HASH_SHA256,
		.page_shift = page_shift,
		.code_limit = limit,
	};
	uint8_t *hashes;
	size_t size;
	int fd = memory_file("abc", 3), r;

	superblob_builder_init(&b);
	r = codedir_encode(&spec, &directory, &size, &hashes, &problem);
	if (r == 0)
		r = superblob_builder_add(&b, 0, directory, size);
	if (r == 0)
		r = signature_encode(&b, &signature, &size, &problem);
	if (r == 0)
		r = staticcode_new_fd(fd, &code, &problem);
	if (r == 0)
		r = staticcode_set_signature(code, signature, size, &problem);
	if (r == 0)
		r = staticcode_check_contents(code, true, NULL, NULL, &problem);
	close(fd);
	return r;
}

TEST(code_limits_near_the_ends_of_numbers)
{
	static const uint64_t limits[] = {0, 2, 4, UINT32_MAX - 1, UINT32_MAX, UINT64_C(1) << 32,
		(UINT64_C(1) << 32) + 3, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		ASSERT_EQ(check_with_limit(limits[i], 0), CODE_E_MODIFIED);
		ASSERT_EQ(problem.start, MIN(limits[i], UINT64_C(3)));
		ASSERT_EQ(problem.end, MAX(limits[i], UINT64_C(3)));
		if (limits[i] <= (UINT64_C(1) << 32) + 3)
			ASSERT_EQ(check_with_limit(limits[i], 30), CODE_E_MODIFIED);
	}
	ASSERT_EQ(check_with_limit(3, 0), CODE_E_MODIFIED); /* zeros are no hash */
	ASSERT_EQ(problem.start, 0);
}

/* The file changes between opening and the end. */
static bool touch(void *userdata, uint64_t done, uint64_t total)
{
	(void)done, (void)total;
	ASSERT_EQ(pwrite(*(int *)userdata, "", 1, 100000), 1);
	return true;
}

TEST(a_file_that_changes_while_it_is_judged)
{
	static const ElfKind kind = {.text_size = 2000000};
	static const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	const char *path = in_dir("moving");
	_cleanup_staticcode_ StaticCode *code = NULL;
	size_t size;
	int fd, r;

	free(make_signed(path, &kind, &size));
	ASSERT_SYS(utimensat(AT_FDCWD, path, old, 0));
	fd = ASSERT_SYS(open(path, O_RDWR | O_CLOEXEC));
	ASSERT_OK(staticcode_new(path, &code, &problem));
	/* The byte is in a group that was read already, or not: it is noticed in both cases. */
	r = staticcode_check_contents(code, false, touch, &fd, &problem);
	ASSERT_TRUE(r == CODE_E_CHANGED || r == CODE_E_MODIFIED);
	close(fd);
}

/* Cut again and again by another thread: always an answer, and never "valid" of a file that was cut. */
typedef struct Cutter {
	int fd;
	_Atomic bool stop;
	size_t size;
} Cutter;

static void *cut(void *arg)
{
	Cutter *c = arg;

	while (!atomic_load(&c->stop)) {
		(void)!ftruncate(c->fd, (off_t)c->size / 3);
		(void)!ftruncate(c->fd, (off_t)c->size);
	}
	return NULL;
}

TEST(a_file_that_is_cut_while_it_is_read)
{
	static const ElfKind kind = {.text_size = 2000000};
	Cutter c = {0};
	pthread_t thread;
	uint8_t *data;

	data = make_signed(in_dir("cutting"), &kind, &c.size);
	c.fd = memory_file(data, c.size);
	ASSERT_EQ(pthread_create(&thread, NULL, cut, &c), 0);
	for (int i = 0; i < 200; i++)
		ASSERT_GE(check_fd(c.fd), 0);
	atomic_store(&c.stop, true);
	pthread_join(thread, NULL);
	ASSERT_GT(check_fd(c.fd), 0);
	close(c.fd);
	free(data);
}
