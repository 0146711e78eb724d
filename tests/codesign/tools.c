/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed files and the tools of others: what copies and packs them keeps the signature valid; what
 * changes them is told as a change; and they still run, load, and give their original back. Tools that
 * are not installed are left out.
 */
#include "codesign/test-support.h"
#include "tests/codesign/shell.h"

static CodeProblem problem;

static bool have(const char *tool)
{
	return shell("command -v %s", tool) == 0;
}

static void copy_file(const char *from, const char *to)
{
	size_t size;
	uint8_t *data = read_file(from, &size);

	write_file(to, data, size);
	free(data);
}

/* A signed copy of a program that all systems have. */
static void make_program(const char *path)
{
	copy_file("/bin/ls", path);
	ASSERT_OK(signer_embed(&SUPPORT_SPEC, path, &problem));
	ASSERT_OK(check_file(path));
}

static void assert_is_program(const char *path, bool expected)
{
	_cleanup_staticcode_ StaticCode *code = NULL;

	ASSERT_OK(staticcode_new(path, &code, &problem));
	ASSERT_OK(staticcode_load(code, &problem));
	ASSERT_EQ(signature_get_best(staticcode_find_signature(code))->exec_flags,
		expected ? CODE_EXEC_MAIN_BINARY : 0);
}

TEST(it_runs_and_gives_its_original_back)
{
	const char *path = in_dir("ls");
	size_t size;
	uint8_t *original = read_file("/bin/ls", &size);

	make_program(path);
	ASSERT_EQ(shell("test \"$(%s -d /)\" = /", path), 0);
	ASSERT_OK(signer_remove(path, false, &problem));
	assert_same_file(path, original, size);
	free(original);
}

/* Each way of linking that the compiler of this machine knows. */
TEST(programs_and_libraries_of_all_kinds)
{
	static const char *const ways[] = {"-no-pie", "-pie -fPIE", "-static", "-static-pie -fPIE",
		"-m32", "-fuse-ld=bfd", "-fuse-ld=gold", "-fuse-ld=lld", "-s", "-g",
		"-Wl,-z,noseparate-code"};
	const char *source = in_dir("program.c"), *path = in_dir("program");
	unsigned n = 0;

	if (!have("cc"))
		SKIP("there is no compiler");
	write_file(source, "int main(void) { return 7; }\n", 29);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		size_t size;
		uint8_t *original;

		if (shell("cc %s -o %s %s", ways[i], path, source) != 0 || shell("%s", path) != 7)
			continue;
		original = read_file(path, &size);
		ASSERT_OK(signer_embed(&SUPPORT_SPEC, path, &problem));
		ASSERT_OK(check_file(path));
		assert_is_program(path, true);
		ASSERT_EQ(shell("%s", path), 7);
		ASSERT_OK(signer_remove(path, false, &problem));
		assert_same_file(path, original, size);
		free(original);
		n++;
	}
	ASSERT_GT(n, 0);
}

TEST(a_library_is_linked_and_loaded)
{
	const char *source = in_dir("library.c"), *library = in_dir("liblibrary.so");
	const char *program = in_dir("user");

	if (!have("cc"))
		SKIP("there is no compiler");
	write_file(source, "int f(void) { return 9; }\n", 26);
	ASSERT_EQ(shell("cc -shared -fPIC -o %s %s", library, source), 0);
	ASSERT_OK(signer_embed(&SUPPORT_SPEC, library, &problem));
	ASSERT_EQ(shell("echo 'int f(void); int main(void) { return f(); }' | cc -x c -o %s - -x "
			"none %s",
			  program, library),
		0);
	ASSERT_EQ(shell("%s", program), 9);
	ASSERT_OK(check_file(library));
	assert_is_program(library, false);
}

TEST(an_object_file_is_linked)
{
	const char *object = in_dir("object.o"), *program = in_dir("linked");

	if (!have("cc"))
		SKIP("there is no compiler");
	ASSERT_EQ(shell("echo 'int main(void) { return 5; }' | cc -x c -c -o %s -", object), 0);
	ASSERT_OK(signer_embed(&SUPPORT_SPEC, object, &problem));
	ASSERT_OK(check_file(object));
	ASSERT_EQ(shell("cc -o %s %s", program, object), 0);
	ASSERT_EQ(shell("%s", program), 5);
	/* The mark is the object's, and not what its signature is of: the program is told to be another. */
	ASSERT_GT(check_file(program), 0);
}

TEST(what_copies_and_packs_keeps_it)
{
	static const char *const ways[] = {"cp %s/f %s/g", "cp -a %s/f %s/g", "cat %s/f > %s/g",
		"tar -cf - -C %s f | tar -xOf - > %s/g", "tar -czf - -C %s f | tar -xzOf - > %s/g",
		"gzip -c %s/f | gzip -dc > %s/g"};
	const char *dir = in_dir("");
	unsigned n = 0;

	make_program(in_dir("f"));
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		char command[600];

		(void)unlink(in_dir("g"));
		snprintf(command, sizeof(command), ways[i], dir, dir);
		if (shell("%s", command) != 0)
			continue;
		ASSERT_OK(check_file(in_dir("g")));
		n++;
	}
	ASSERT_GT(n, 2);
}

TEST(a_package_keeps_it)
{
	static const char control[] = "Package: p\nVersion: 1\nArchitecture: all\n"
				      "Maintainer: nobody <nobody@example.org>\nDescription: p\n";

	if (!have("dpkg-deb"))
		SKIP("there is no dpkg-deb");
	ASSERT_EQ(shell("mkdir -p %s/DEBIAN %s/bin", in_dir("package"), in_dir("package")), 0);
	write_file(in_dir("package/DEBIAN/control"), control, sizeof(control) - 1);
	make_program(in_dir("package/bin/ls"));
	ASSERT_EQ(shell("dpkg-deb -b --root-owner-group %s %s", in_dir("package"), in_dir("p.deb")),
		0);
	ASSERT_EQ(shell("dpkg-deb -x %s %s", in_dir("p.deb"), in_dir("unpacked")), 0);
	ASSERT_OK(check_file(in_dir("unpacked/bin/ls")));
}

TEST(what_changes_the_file_is_told)
{
	static const struct {
		const char *tool, *arguments;
	} ways[] = {
		{"strip", ""},
		{"strip", "--strip-debug"},
		{"strip", "--strip-unneeded"},
		{"strip", "--remove-section=.comment"},
		{"objcopy", ""},
		{"objcopy", "--only-keep-debug"},
		{"objcopy", "--remove-section=.note.ABI-tag"},
		{"eu-strip", ""},
		{"patchelf", "--set-rpath /nowhere"},
		{"llvm-strip", "--strip-debug"},
		{"llvm-strip", "--strip-unneeded"},
	};
	const char *path = in_dir("changed");
	SignerSpec again = SUPPORT_SPEC;
	unsigned n = 0;

	again.replace = true;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!have(ways[i].tool))
			continue;
		make_program(path);
		ASSERT_EQ(shell("%s %s %s", ways[i].tool, ways[i].arguments, path), 0);
		ASSERT_EQ(check_file(path), CODE_E_MODIFIED);
		n++;
		if (strcmp(ways[i].tool, "patchelf") == 0)
			continue; /* the old signature is in the middle now */
		ASSERT_EQ(signer_embed(&SUPPORT_SPEC, path, &problem), CODE_E_MODIFIED);
		ASSERT_OK(signer_embed(&again, path, &problem));
		ASSERT_OK(check_file(path));
	}
	if (n == 0)
		SKIP("none of the tools is there");
}

TEST(a_running_program_is_signed)
{
	const char *path = in_dir("sleeper");
	char *const arguments[] = {(char *)path, (char *)"1000", NULL};
	int status;
	pid_t pid;

	copy_file("/bin/sleep", path);
	ASSERT_EQ(posix_spawn(&pid, path, NULL, NULL, arguments, environ), 0);
	ASSERT_OK(signer_embed(&SUPPORT_SPEC, path, &problem));
	ASSERT_OK(check_file(path));
	ASSERT_SYS(kill(pid, SIGTERM));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_TRUE(WIFSIGNALED(status));
}
