/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures beside files and in the database: where they are put, and whose they may be. */

#include "codesign/test-support.h"

static CodeProblem problem;

static void open_file(const char *path, CodeFile *ret)
{
	ASSERT_OK(codefile_open_at(AT_FDCWD, path, true, ret, &problem));
}

TEST(a_file_of_bytes_is_written_and_read)
{
	const char *path = in_dir("signature");
	uint8_t *data;
	size_t size;
	struct stat st;

	ASSERT_OK(detached_write(path, (const uint8_t *)"bytes", 5, &problem));
	ASSERT_SYS(stat(path, &st));
	ASSERT_EQ(st.st_mode & 07777, 0644);
	ASSERT_OK(detached_read(path, &data, &size, &problem));
	ASSERT_EQ(size, 5);
	ASSERT_MEMEQ(data, "bytes", 5);
	free(data);
	ASSERT_OK(detached_write(path, NULL, 0, &problem));
	ASSERT_OK(detached_read(path, &data, &size, &problem));
	ASSERT_EQ(size, 0);
	free(data);
	ASSERT_EQ(detached_read(in_dir("missing"), &data, &size, &problem), CODE_E_NOT_FOUND);
	ASSERT_EQ(detached_write(in_dir("no/such"), NULL, 0, &problem), CODE_E_NOT_FOUND);
	ASSERT_EQ(detached_write(in_dir(""), NULL, 0, &problem), CODE_E_NOT_REGULAR);
}

TEST(a_file_that_is_too_large_is_not_read)
{
	const char *path = in_dir("large");
	uint8_t *data;
	size_t size;
	int fd = ASSERT_SYS(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));

	ASSERT_SYS(ftruncate(fd, (off_t)BLOB_MAX + 1));
	close(fd);
	ASSERT_EQ(detached_read(path, &data, &size, &problem), CODE_E_TOO_BIG);
}

/* The rule of doc/protocol.md, by hand. */
TEST(the_name_of_an_entry)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_digest_ Digest *digest = NULL;
	const char *path = in_dir("named");
	static uint8_t content[20000];
	uint8_t hash[2][CODE_HASH_SIZE_MAX], name[CODE_HASH_SIZE_MAX], size[8];
	char found[DETACHED_NAME_SIZE], expected[DETACHED_NAME_SIZE];

	memset(content, 7, sizeof(content));
	write_file(path, content, sizeof(content));
	open_file(path, &file);
	ASSERT_OK(detached_format_name(&file, found, &problem));
	ASSERT_OK(digest_bytes(CODE_HASH_SHA256, content, 16384, hash[0]));
	ASSERT_OK(
		digest_bytes(CODE_HASH_SHA256, content + 16384, sizeof(content) - 16384, hash[1]));
	blob_write_be64(size, sizeof(content));
	ASSERT_OK(digest_new(CODE_HASH_SHA256, &digest));
	ASSERT_OK(digest_start(digest));
	ASSERT_OK(digest_update(digest, "portcullis content 1", 21));
	ASSERT_OK(digest_update(digest, size, 8));
	ASSERT_OK(digest_update(digest, hash[0], 32));
	ASSERT_OK(digest_update(digest, hash[1], 32));
	ASSERT_OK(digest_finish(digest, name));
	for (size_t i = 0; i < 32; i++)
		snprintf(expected + 2 * i + (i > 0), 4, i ? "%02x" : "%02x/", name[i]);
	memcpy(expected + 65, ".codesig", sizeof(".codesig"));
	ASSERT_STREQ(found, expected);
}

TEST(an_entry_is_written_found_and_removed)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL, empty = CODEFILE_NULL;
	const char *path = in_dir("file"), *database = in_dir("entries");
	uint8_t *data;
	size_t size;

	write_file(path, "content", 7);
	open_file(path, &file);
	ASSERT_EQ(detached_read_database(database, &file, &data, &size, &problem), CODE_E_UNSIGNED);
	ASSERT_EQ(detached_write_database(database, &file, (const uint8_t *)"s", 1, &problem),
		CODE_E_NOT_FOUND);
	ASSERT_SYS(mkdir(database, 0755));
	ASSERT_EQ(detached_read_database(database, &file, &data, &size, &problem), CODE_E_UNSIGNED);
	ASSERT_OK(detached_write_database(database, &file, (const uint8_t *)"s", 1, &problem));
	ASSERT_OK(detached_write_database(database, &file, (const uint8_t *)"t", 1, &problem));
	ASSERT_OK(detached_read_database(database, &file, &data, &size, &problem));
	ASSERT_EQ(size, 1);
	ASSERT_EQ(data[0], 't');
	free(data);
	write_file(in_dir("empty"), "", 0);
	open_file(in_dir("empty"), &empty);
	ASSERT_EQ(
		detached_read_database(database, &empty, &data, &size, &problem), CODE_E_UNSIGNED);
	ASSERT_OK(detached_remove_database(database, &file, &problem));
	ASSERT_EQ(detached_remove_database(database, &file, &problem), CODE_E_UNSIGNED);
	ASSERT_EQ(detached_read_database(database, &file, &data, &size, &problem), CODE_E_UNSIGNED);
}

TEST(a_database_that_others_can_write_to_is_not_believed)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	const char *path = in_dir("f"), *database = in_dir("open");
	char name[DETACHED_NAME_SIZE], entry[300], folder[300];
	uint8_t *data;
	size_t size;

	write_file(path, "content", 7);
	open_file(path, &file);
	ASSERT_SYS(mkdir(database, 0755));
	ASSERT_OK(detached_write_database(database, &file, (const uint8_t *)"s", 1, &problem));
	ASSERT_OK(detached_format_name(&file, name, &problem));
	snprintf(entry, sizeof(entry), "%s/%s", database, name);
	snprintf(folder, sizeof(folder), "%s/%.2s", database, name);
	for (int i = 0; i < 4; i++) {
		static const mode_t modes[] = {0775, 0777, 0757, 0755};
		int expected = i < 3 ? CODE_E_DATABASE : 0;
		const char *const places[] = {database, folder, entry};

		for (size_t k = 0; k < 3; k++) {
			ASSERT_SYS(chmod(places[k], modes[i]));
			data = NULL;
			ASSERT_EQ(detached_read_database(database, &file, &data, &size, &problem),
				expected);
			free(data);
			ASSERT_SYS(chmod(places[k], 0755));
		}
	}
	/* A link to somewhere else. */
	ASSERT_SYS(rename(entry, in_dir("moved")));
	ASSERT_SYS(symlink(in_dir("moved"), entry));
	ASSERT_EQ(detached_read_database(database, &file, &data, &size, &problem),
		CODE_E_NOT_REGULAR);
	if (geteuid() == 0) {
		ASSERT_SYS(chown(database, 65534, 65534));
		ASSERT_EQ(detached_read_database(database, &file, &data, &size, &problem),
			CODE_E_DATABASE);
	}
}

TEST(large_files_have_names_too)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	const char *path = in_dir("sparse");
	char name[DETACHED_NAME_SIZE];
	int fd = ASSERT_SYS(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));

	ASSERT_SYS(ftruncate(fd, 30 << 20));
	close(fd);
	open_file(path, &file);
	ASSERT_OK(detached_format_name(&file, name, &problem));
	ASSERT_EQ(strlen(name), DETACHED_NAME_SIZE - 1);
}
