/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What codesign does while something fails, each allocation and each open in turn: a file is signed, or it
 * is as it was; what is displayed is whole, or the status says that it is not; and what is not what was
 * signed, or not signed at all, is never valid. The command's own parts run in this process, all but its
 * main().
 */
#include <getopt.h>

#include "codesign/identity.h"
#include "codesign/test-support.h"
#include "tests/lib/fault.h"
#include "tools/codesign.h"

#define ARGUMENTS_MAX 20

static uint8_t *original;
static size_t original_size;

static const char list[] = "<plist version=\"1.0\"><dict><key>a</key><true/></dict></plist>";

/* An exit status: what main() does. */
static int run(const char *const *arguments)
{
	char *argv[ARGUMENTS_MAX + 2] = {(char *)(uintptr_t) "codesign"};
	Options options;
	int argc = 1, status;

	while (arguments[argc - 1]) {
		ASSERT_LT(argc, ARGUMENTS_MAX);
		argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
		argc++;
	}
	optind = 0;
	status = options_parse(argc, argv, &options);
	if (status)
		return status;
	switch (options.action) {
	case ACTION_SIGN:
		return sign_all(&options);
	case ACTION_REMOVE:
		return remove_all(&options);
	case ACTION_VERIFY:
		return verify_all(&options);
	default:
		return display_all(&options);
	}
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

/* A home with an identity, and a program. What is said is of no interest. */
static void prepare(void)
{
	static const ElfKind kind = {.has_interpreter = true, .text_size = 3000};
	ElfImage image;

	if (original)
		return;
	ASSERT_NOT_NULL(freopen("/dev/null", "w", stderr));
	ASSERT_SYS(setenv("HOME", in_dir("."), 1));
	ASSERT_OK(identity_make(NULL, "me", NULL));
	write_file(in_dir("list"), list, sizeof(list) - 1);
	image = make_elf(&kind);
	original = image.data;
	original_size = image.size;
}

static bool is_original(const char *path)
{
	size_t size;
	_cleanup_free_ uint8_t *data = read_file(path, &size);

	return size == original_size && memcmp(data, original, size) == 0;
}

/* --- Signing --- */

static void sign_or_not(void *arg)
{
	const char *path = in_dir("program");
	int status;

	(void)arg;
	fault_pause();
	write_file(path, original, original_size);
	fault_resume();
	status = RUN("-s", "me", "-v", "-r", "=host => anchor trusted", "--entitlements",
		in_dir("list"), "--prefix", "org.example.", path);
	fault_pause();
	if (status == 0 || !is_original(path))
		ASSERT_EQ(RUN("-v", "-R", "=entitlement[a] exists and anchor trusted", path), 0);
	fault_resume();
}

TEST(a_file_is_signed_or_as_it_was)
{
	prepare();
	ASSERT_GT(fault_run_kinds(sign_or_not, NULL), 15);
}

static void sign_beside_or_not(void *arg)
{
	const char *path = in_dir("note"), *beside = in_dir("note.codesig");
	int status;

	(void)arg;
	fault_pause();
	write_file(path, list, 20);
	(void)unlink(beside); /* it may not be there */
	fault_resume();
	status = RUN("-s", "me", path);
	fault_pause();
	if (status == 0 || access(beside, F_OK) == 0)
		ASSERT_EQ(RUN("-v", path), 0);
	fault_resume();
	(void)RUN("--remove-signature", path);
}

TEST(a_signature_is_beside_a_file_or_not_there)
{
	prepare();
	ASSERT_GT(fault_run_kinds(sign_beside_or_not, NULL), 15);
}

/* --- Verifying --- */

static void verify_well(void *arg)
{
	ASSERT_LE((unsigned)RUN("-vv", "-R", "=anchor trusted", arg), STATUS_FAILED);
}

static void verify_badly(void *arg)
{
	ASSERT_EQ(RUN("-vv", "-R", "=always", arg), STATUS_FAILED);
}

static void verify_unmet(void *arg)
{
	int status = RUN("-v", "-R", "=anchor trusted and identifier other", arg);

	ASSERT_TRUE(status == STATUS_FAILED || status == STATUS_REQUIREMENT);
}

TEST(what_is_not_valid_never_is)
{
	const char *path = in_dir("verified"), *plain = in_dir("unsigned");
	uint8_t changed;
	int fd;

	prepare();
	changed = original[200] ^ 1;
	write_file(path, original, original_size);
	write_file(plain, original, original_size);
	ASSERT_EQ(RUN("-s", "me", path), 0);
	ASSERT_GT(fault_run_kinds(verify_well, (void *)(uintptr_t)path), 15);
	ASSERT_GT(fault_run_kinds(verify_unmet, (void *)(uintptr_t)path), 15);
	ASSERT_GT(fault_run_kinds(verify_badly, (void *)(uintptr_t)plain), 15);
	fd = ASSERT_SYS(open(path, O_WRONLY | O_CLOEXEC));
	ASSERT_EQ(pwrite(fd, &changed, 1, 200), 1);
	close(fd);
	ASSERT_GT(fault_run_kinds(verify_badly, (void *)(uintptr_t)path), 15);
}

static void verify_folder_badly(void *arg)
{
	ASSERT_EQ(RUN("-v", "--deep", "--strict", arg), STATUS_FAILED);
}

TEST(a_folder_is_looked_through_to_the_end)
{
	const char *top = in_dir("folder"), *path = in_dir("folder/sub/last");

	prepare();
	ASSERT_SYS(mkdir(top, 0755));
	ASSERT_SYS(mkdir(in_dir("folder/sub"), 0755));
	write_file(in_dir("folder/first"), original, original_size);
	ASSERT_SYS(symlink("sub", in_dir("folder/link")));
	write_file(path, original, original_size);
	ASSERT_EQ(RUN("-s", "me", in_dir("folder/first")), 0);
	ASSERT_GT(fault_run_kinds(verify_folder_badly, (void *)(uintptr_t)top), 15);
	ASSERT_EQ(RUN("-s", "me", path), 0);
	ASSERT_EQ(RUN("-v", "--deep", "--strict", top), 0);
}

/* --- Displaying --- */

static void display_or_not(void *arg)
{
	const char *requirements = in_dir("requirements"), *entitlements = in_dir("taken");
	int status;

	fault_pause();
	(void)unlink(requirements); /* these may not be there */
	(void)unlink(entitlements);
	(void)unlink("codesign1");
	fault_resume();
	status = RUN("-dvvvvvv", "-r", requirements, "--entitlements", entitlements, "--xml",
		"--extract-certificates", arg);
	fault_pause();
	if (status == 0) {
		size_t size;
		_cleanup_free_ uint8_t *text = read_file(requirements, &size);

		assert_same_file(entitlements, list, sizeof(list) - 1);
		text[size] = 0;
		ASSERT_NOT_NULL(strstr((char *)text, "host => anchor trusted\n"));
		ASSERT_NOT_NULL(strstr((char *)text, "# designated => identifier displayed and"));
		ASSERT_SYS(access("codesign1", R_OK));
	}
	fault_resume();
}

TEST(what_is_displayed_is_whole_or_the_status_says_so)
{
	const char *path = in_dir("displayed");
	_cleanup_free_ char *here = getcwd(NULL, 0);

	prepare();
	ASSERT_SYS(chdir(in_dir(".")));
	write_file(path, original, original_size);
	ASSERT_EQ(RUN("-s", "me", "-r", "=host => anchor trusted", "--entitlements", in_dir("list"),
			  path),
		0);
	ASSERT_GT(fault_run_kinds(display_or_not, (void *)(uintptr_t)path), 15);
	ASSERT_SYS(chdir(here));
}
