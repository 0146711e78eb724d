/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small ELF file that the command has signed, by an identity that the command has made: each of its
 * bytes is changed in turn, and each change is noticed; so is each byte that is cut off or added. The
 * environment's CODESIGN is the command.
 */
#include "codesign/test-support.h"
#include "codesign/verifier.h"

static Trust *trust;
static CodeProblem problem;

static int run(const char *arguments)
{
	char command[1024];
	int status;

	snprintf(command, sizeof(command), "\"$CODESIGN\" %s", arguments);
	status = ASSERT_SYS(system(command));
	ASSERT_TRUE(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The signed file; a home in which its signer is trusted. */
static uint8_t *make_signed(const char *entitlements, size_t *ret_size)
{
	static const ElfKind kind = {.has_interpreter = true, .text_size = 200};
	const char *path = in_dir("small");
	char arguments[512];

	ASSERT_SYS(setenv("HOME", in_dir("."), 1));
	if (access(in_dir(".config"), F_OK) != 0)
		ASSERT_EQ(run("--make-identity flip 2>/dev/null"), 0);
	write_elf(path, &kind);
	snprintf(arguments, sizeof(arguments),
		"-s flip -r '=host => anchor trusted' -P 512 -o runtime %s%s '%s'",
		entitlements ? "--entitlements " : "", entitlements ? entitlements : "", path);
	ASSERT_EQ(run(arguments), 0);
	ASSERT_OK(trust_new_default(&trust, &problem));
	return read_file(path, ret_size);
}

static int verify(int fd)
{
	const VerifierOptions options = {.trust = trust, .flags = VERIFIER_NEED_ANCHOR};
	StaticCode *code;
	int r;

	problem = (CodeProblem){0};
	ASSERT_OK(staticcode_new_fd(fd, &code, &problem));
	staticcode_set_database(code, NULL);
	r = verifier_check(code, &options, NULL, &problem);
	staticcode_free(code);
	return r;
}

static void finish(int fd, uint8_t *data)
{
	ASSERT_OK(verify(fd));
	close(fd);
	free(data);
	trust = trust_free(trust);
}

/* A bit that moves along, and all bits: what says where it is contains the byte. */
TEST(each_byte_that_is_changed_is_noticed)
{
	static const char xml[] = "<plist version=\"1.0\"><dict><key>a</key><true/></dict></plist>";
	const char *list = in_dir("entitlements");
	size_t size;
	uint8_t *data;
	int fd;

	write_file(list, xml, sizeof(xml) - 1);
	data = make_signed(list, &size);
	fd = memory_file(data, size);
	ASSERT_OK(verify(fd));
	for (size_t at = 0; at < size; at++) {
		for (int k = 0; k < 2; k++) {
			uint8_t changed = data[at] ^ (uint8_t)(k == 0 ? 1 << (at % 8) : 0xff);
			int r;

			ASSERT_EQ(pwrite(fd, &changed, 1, (off_t)at), 1);
			r = verify(fd);
			ASSERT_GT(r, 0);
			ASSERT_EQ(problem.code, r);
			ASSERT_TRUE(problem.has_range);
			ASSERT_GE(at, problem.start);
			ASSERT_LT(at, problem.end);
		}
		ASSERT_EQ(pwrite(fd, data + at, 1, (off_t)at), 1);
	}
	finish(fd, data);
}

TEST(each_byte_that_is_missing_or_too_many_is_noticed)
{
	size_t size;
	uint8_t *data = make_signed(NULL, &size);
	int fd = memory_file(data, size);

	for (size_t n = 0; n < size; n++) {
		ASSERT_SYS(ftruncate(fd, (off_t)n));
		ASSERT_GT(verify(fd), 0);
		ASSERT_EQ(pwrite(fd, data, size, 0), (ssize_t)size);
	}
	for (size_t n = 1; n < 300; n++) {
		ASSERT_SYS(ftruncate(fd, (off_t)(size + n)));
		ASSERT_GT(verify(fd), 0);
	}
	ASSERT_SYS(ftruncate(fd, (off_t)size));
	finish(fd, data);
}

/* The two halves of two signed files do not make a third one. */
TEST(parts_of_two_signed_files_are_none)
{
	size_t size, other_size;
	uint8_t *data = make_signed(NULL, &size), *other;
	int fd;

	trust = trust_free(trust);
	other = make_signed(NULL, &other_size);
	/* A CMS can be a byte longer or shorter. */
	size = MIN(size, other_size);
	fd = memory_file(other, other_size);
	for (size_t at = 1; at < size; at++) {
		bool is_same = memcmp(data, other, at) == 0;

		ASSERT_EQ(pwrite(fd, data, at, 0), (ssize_t)at);
		if (!is_same && memcmp(data + at, other + at, size - at) != 0)
			ASSERT_GT(verify(fd), 0);
		ASSERT_EQ(pwrite(fd, other, at, 0), (ssize_t)at);
	}
	finish(fd, other);
	free(data);
}
