/* SPDX-License-Identifier: Apache-2.0 */
/* Signing files: what is kept, what is refused, and that nothing is left lying about. */

#include <dirent.h>
#include <sys/xattr.h>

#include "codesign/container.h"
#include "codesign/test-support.h"

static CodeProblem problem;
static const ElfKind PLAIN = {0};

static unsigned count_files(void)
{
	DIR *dir = opendir(in_dir("."));
	unsigned n = 0;

	ASSERT_NOT_NULL(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

TEST(a_file_is_signed_and_as_it_was_when_the_signature_is_removed)
{
	static const ElfKind kinds[] = {{0}, {.is_32 = true}, {.is_big = true},
		{.is_32 = true, .is_big = true}, {.has_no_sections = true}, {.has_no_names = true},
		{.has_interpreter = true, .text_size = 100000}, {.n_extra = 0xff10}};
	const char *path = in_dir("file");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		ElfImage image = make_elf(&kinds[i]);
		unsigned n;

		write_file(path, image.data, image.size);
		n = count_files();
		ASSERT_EQ(check_file(path), CODE_E_UNSIGNED);
		ASSERT_OK(signer_embed(&SUPPORT_SPEC, path, &problem));
		ASSERT_OK(check_file(path));
		ASSERT_OK(signer_remove(path, false, &problem));
		ASSERT_EQ(count_files(), n);
		assert_same_file(path, image.data, image.size);
		ASSERT_EQ(signer_remove(path, false, &problem), CODE_E_UNSIGNED);
		free(image.data);
	}
}

TEST(every_page_size_and_hash)
{
	static const uint8_t shifts[] = {0, 9, 12, 14, 16, 20, 30};
	static const ElfKind kind = {.text_size = 70000};
	const char *path = in_dir("pages");

	for (size_t i = 0; i < ARRAY_SIZE(shifts) * 4; i++) {
		SignerSpec spec = SUPPORT_SPEC;

		write_elf(path, &kind);
		spec.page_shift = shifts[i / 4];
		spec.n_hashes = i % 4 == 0 ? 0 : i % 4 == 3 ? 2 : 1;
		spec.hashes[0] = i % 4 == 1 ? CODE_HASH_SHA384 : CODE_HASH_SHA256;
		spec.hashes[1] = CODE_HASH_SHA384;
		ASSERT_OK(signer_embed(&spec, path, &problem));
		ASSERT_OK(check_file(path));
	}
}

TEST(a_signature_is_replaced_only_when_asked_to)
{
	const char *path = in_dir("again");
	SignerSpec spec = SUPPORT_SPEC;
	ElfImage image = make_elf(&PLAIN);
	size_t size, again_size;
	uint8_t *first, *again;

	write_file(path, image.data, image.size);
	ASSERT_OK(signer_embed(&spec, path, &problem));
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_SIGNED);
	first = read_file(path, &size);
	spec.replace = true;
	ASSERT_OK(signer_embed(&spec, path, &problem));
	again = read_file(path, &again_size);
	ASSERT_EQ(size, again_size);
	ASSERT_MEMEQ(first, again, size); /* the same input, the same signature */
	/* What is left of a signature. */
	spec.replace = false;
	write_file(path, first, size - 10);
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_MODIFIED);
	spec.replace = true;
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_FORMAT); /* a blob behind the mark */
	free(first);
	free(again);
	free(image.data);
}

TEST(mode_owner_attributes_and_times_are_kept)
{
	const char *path = in_dir("kept");
	static const struct timespec old[2] = {
		{.tv_sec = 1000000}, {.tv_sec = 2000000, .tv_nsec = 5}};
	SignerSpec spec = SUPPORT_SPEC;
	struct stat before, after;
	bool has_attributes;
	char value[8];

	write_elf(path, &PLAIN);
	if (geteuid() == 0)
		ASSERT_SYS(chown(path, 12345, 54321));
	ASSERT_SYS(chmod(path, 04751));
	has_attributes = setxattr(path, "user.note", "kept", 4, 0) == 0;
	ASSERT_SYS(utimensat(AT_FDCWD, path, old, 0));
	ASSERT_SYS(stat(path, &before));
	spec.keep_times = true;
	ASSERT_OK(signer_embed(&spec, path, &problem));
	ASSERT_SYS(stat(path, &after));
	ASSERT_EQ(after.st_mode & 07777, 04751);
	ASSERT_EQ(after.st_uid, before.st_uid);
	ASSERT_EQ(after.st_gid, before.st_gid);
	ASSERT_EQ(after.st_mtim.tv_sec, 2000000);
	ASSERT_EQ(after.st_mtim.tv_nsec, 5);
	ASSERT_NE(after.st_ino, before.st_ino);
	if (has_attributes)
		ASSERT_EQ(getxattr(path, "user.note", value, sizeof(value)), 4);
	spec.keep_times = false;
	ASSERT_OK(signer_remove(path, false, &problem));
	ASSERT_SYS(stat(path, &after));
	ASSERT_GT(after.st_mtim.tv_sec, 2000000);
	ASSERT_EQ(after.st_mode & 07777, 04751);
}

TEST(a_symbolic_link_stands_for_its_file)
{
	const char *target = in_dir("real"), *link = in_dir("link");
	struct stat st;

	write_elf(target, &PLAIN);
	ASSERT_SYS(symlink("real", link));
	ASSERT_OK(signer_embed(&SUPPORT_SPEC, link, &problem));
	ASSERT_SYS(lstat(link, &st));
	ASSERT_TRUE(S_ISLNK(st.st_mode));
	ASSERT_OK(check_file(target));
	ASSERT_OK(check_file(link));
}

TEST(other_names_keep_the_old_content)
{
	const char *path = in_dir("one"), *other = in_dir("two");

	write_elf(path, &PLAIN);
	ASSERT_SYS(link(path, other));
	ASSERT_OK(signer_embed(&SUPPORT_SPEC, path, &problem));
	ASSERT_OK(check_file(path));
	ASSERT_EQ(check_file(other), CODE_E_UNSIGNED);
}

TEST(what_cannot_be_signed)
{
	const char *fifo = in_dir("fifo"), *script = in_dir("script"), *loop = in_dir("loop");

	ASSERT_SYS(mkfifo(fifo, 0600));
	ASSERT_SYS(symlink("loop", loop));
	write_file(script, "#!/bin/sh\nexit 0\n", 17);
	ASSERT_EQ(signer_embed(&SUPPORT_SPEC, fifo, &problem), CODE_E_NOT_REGULAR);
	ASSERT_EQ(signer_embed(&SUPPORT_SPEC, "/dev/null", &problem), CODE_E_NOT_REGULAR);
	ASSERT_EQ(signer_embed(&SUPPORT_SPEC, in_dir(""), &problem), CODE_E_NOT_REGULAR);
	ASSERT_EQ(signer_embed(&SUPPORT_SPEC, in_dir("missing"), &problem), CODE_E_NOT_FOUND);
	ASSERT_EQ(signer_embed(&SUPPORT_SPEC, loop, &problem), CODE_E_NOT_REGULAR);
	ASSERT_EQ(signer_embed(&SUPPORT_SPEC, script, &problem), CODE_E_FORMAT);
	ASSERT_EQ(signer_remove(script, false, &problem), CODE_E_UNSIGNED);
	ASSERT_EQ(signer_remove(fifo, false, &problem), CODE_E_NOT_REGULAR);
}

TEST(parameters_that_make_no_sense)
{
	const char *path = in_dir("parameters");
	SignerSpec spec = SUPPORT_SPEC;
	ElfImage image = make_elf(&PLAIN);
	SignerPart part = {.slot = CODE_SLOT_ENTITLEMENTS, .data = "x", .size = 1};
	SignerPart twice[2] = {part, part};

	write_file(path, image.data, image.size);
	spec.identifier = "";
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_PARAMETER);
	spec = SUPPORT_SPEC;
	spec.page_shift = 3;
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_PARAMETER);
	spec = SUPPORT_SPEC;
	spec.n_hashes = 2;
	spec.hashes[0] = spec.hashes[1] = CODE_HASH_SHA256;
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_PARAMETER);
	spec.n_hashes = 3;
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_PARAMETER);
	spec = SUPPORT_SPEC;
	spec.parts = &part;
	spec.n_parts = 1;
	part.slot = 0;
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_PARAMETER);
	part.slot = CODE_SLOT_SPECIAL_MAX + 1;
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_PARAMETER);
	part.slot = CODE_SLOT_REQUIREMENTS;
	part.is_blob = true;
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_PARAMETER);
	part.is_blob = false;
	part.is_external = true;
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_PARAMETER);
	spec.parts = twice;
	spec.n_parts = 2;
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_PARAMETER);
	assert_same_file(path, image.data, image.size);
	free(image.data);
}

typedef struct Cms {
	int result;
	bool is_empty;
	uint32_t n_directories;
	uint8_t hash[CODE_HASH_SIZE_MAX];
} Cms;

static int make_cms(void *userdata, const SignerRequest *request, uint8_t **ret, size_t *ret_size,
	CodeProblem *p)
{
	Cms *cms = userdata;
	uint8_t hash[CODE_HASH_SIZE_MAX];

	if (cms->result != 0)
		return code_problem(p, cms->result, "no");
	ASSERT_OK(digest_bytes(CODE_HASH_SHA256, request->data, request->size, hash));
	ASSERT_MEMEQ(hash, request->hashes[0], 32);
	ASSERT_EQ(request->directories[0].blob.size, request->size);
	cms->n_directories = request->n_directories;
	memcpy(cms->hash, request->hashes[request->n_directories - 1], CODE_HASH_SIZE_MAX);
	*ret = (uint8_t *)strdup("a CMS");
	*ret_size = cms->is_empty ? 0 : 5;
	return 0;
}

TEST(the_callback_signs_the_directory)
{
	const char *path = in_dir("cms");
	_cleanup_staticcode_ StaticCode *code = NULL;
	SignerSpec spec = SUPPORT_SPEC;
	Cms cms = {0};
	ElfImage image = make_elf(&PLAIN);
	const Signature *s;
	size_t size;

	write_file(path, image.data, image.size);
	spec.sign = make_cms;
	spec.sign_userdata = &cms;
	spec.flags = CODE_FLAG_ADHOC | CODE_FLAG_RUNTIME;
	spec.runtime = 1;
	spec.n_hashes = 2;
	spec.hashes[0] = CODE_HASH_SHA256;
	spec.hashes[1] = CODE_HASH_SHA384;
	cms.result = CODE_E_REFUSED;
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_REFUSED);
	cms.result = 0;
	cms.is_empty = true;
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_REFUSED);
	assert_same_file(path, image.data, image.size);
	cms.is_empty = false;
	ASSERT_OK(signer_embed(&spec, path, &problem));
	ASSERT_EQ(cms.n_directories, 2);
	ASSERT_OK(staticcode_new(path, &code, &problem));
	ASSERT_OK(staticcode_load(code, &problem));
	s = staticcode_find_signature(code);
	ASSERT_MEMEQ(signature_find_cms(s, &size), "a CMS", 5);
	ASSERT_MEMEQ(signature_get_cdhash(s), cms.hash, 48);
	ASSERT_EQ(signature_get_best(s)->flags, CODE_FLAG_RUNTIME);
	free(image.data);
}

TEST(the_text_segment_is_named)
{
	const char *path = in_dir("text");
	static const ElfKind program = {.has_interpreter = true};
	_cleanup_staticcode_ StaticCode *code = NULL;
	const CodeDirectory *d;

	write_elf(path, &program);
	ASSERT_OK(signer_embed(&SUPPORT_SPEC, path, &problem));
	ASSERT_OK(staticcode_new(path, &code, &problem));
	ASSERT_OK(staticcode_load(code, &problem));
	d = signature_get_best(staticcode_find_signature(code));
	ASSERT_EQ(d->exec_flags, CODE_EXEC_MAIN_BINARY);
	ASSERT_EQ(d->exec_base, 0);
	ASSERT_EQ(d->exec_limit, 64 + 2 * 56 + 40);
}

static bool refuse(void *userdata, uint64_t done, uint64_t total)
{
	(void)userdata, (void)done, (void)total;
	return false;
}

TEST(signing_can_be_interrupted)
{
	const char *path = in_dir("interrupted");
	static const ElfKind kind = {.text_size = 1000000};
	SignerSpec spec = SUPPORT_SPEC;
	ElfImage image = make_elf(&kind);
	unsigned n;

	write_file(path, image.data, image.size);
	n = count_files();
	spec.progress = refuse;
	ASSERT_EQ(signer_embed(&spec, path, &problem), CODE_E_REFUSED);
	assert_same_file(path, image.data, image.size);
	ASSERT_EQ(count_files(), n);
	free(image.data);
}

TEST(a_directory_that_may_not_be_written_to)
{
	const char *dir = in_dir("closed"), *path = in_dir("closed/file");

	if (geteuid() == 0)
		SKIP("root may write there");
	ASSERT_SYS(mkdir(dir, 0755));
	write_elf(path, &PLAIN);
	ASSERT_SYS(chmod(dir, 0555));
	ASSERT_EQ(signer_embed(&SUPPORT_SPEC, path, &problem), CODE_E_ACCESS);
	ASSERT_SYS(chmod(dir, 0755));
}

TEST(a_detached_signature_is_of_any_file)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_free_ uint8_t *data = NULL;
	const char *path = in_dir("any");
	Signature s;
	size_t size;

	write_file(path, "any bytes", 9);
	ASSERT_OK(codefile_open_at(AT_FDCWD, path, true, &file, &problem));
	ASSERT_OK(signer_detach(&SUPPORT_SPEC, &file, &data, &size, &problem));
	ASSERT_OK(signature_decode(data, size, &s, &problem));
	ASSERT_EQ(signature_get_best(&s)->code_limit, 9);
	assert_same_file(path, "any bytes", 9);
}
