/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/options.h"

#include <sys/utsname.h>

#include "tests/lib/unit.h"

typedef struct Fixture {
	Arena arena;
	Options options;
	char *out, *err;
	size_t n_out, n_err;
	FILE *out_stream, *err_stream;
	int result;
} Fixture;

/* words: the command line without the command, in one string. */
static void fixture_init(Fixture *f, const char *words)
{
	char *argv[32] = {(char *)"mig"}, *state = NULL;
	int argc = 1;

	memset(f, 0, sizeof(*f));
	arena_init(&f->arena);
	f->out_stream = open_memstream(&f->out, &f->n_out);
	f->err_stream = open_memstream(&f->err, &f->n_err);
	for (char *w = strtok_r(arena_strdup(&f->arena, words), " ", &state); w;
		w = strtok_r(NULL, " ", &state))
		argv[argc++] = w;
	ASSERT_SYS(unsetenv("MIGCC"));
	ASSERT_SYS(unsetenv("SDKROOT"));
	f->result = options_parse(&f->arena, argc, argv, f->out_stream, f->err_stream, &f->options);
	fflush(f->out_stream);
	fflush(f->err_stream);
}

static void fixture_deinit(Fixture *f)
{
	fclose(f->out_stream);
	fclose(f->err_stream);
	free(f->out);
	free(f->err);
	arena_deinit(&f->arena);
}

static void check_error(const char *words, const char *text)
{
	Fixture f;

	fixture_init(&f, words);
	ASSERT_EQ(f.result, OPTIONS_E_USAGE);
	ASSERT_STRSTR(f.err, text);
	fixture_deinit(&f);
}

TEST(defaults)
{
	Fixture f;

	fixture_init(&f, "a.defs b.defs");
	ASSERT_OK(f.result);
	ASSERT_EQ(f.options.n_files, 2u);
	ASSERT_STREQ(f.options.files[1], "b.defs");
	ASSERT_STREQ(f.options.cc, "cc");
	ASSERT_TRUE(f.options.rpc);
	ASSERT_FALSE(f.options.quiet);
	ASSERT_EQ(f.options.max_on_stack, -1);
	ASSERT_NULL(f.options.depfile);
	ASSERT_STREQ(f.err, "");
	fixture_deinit(&f);
}

TEST(letters_switch_on_and_off)
{
	Fixture f;

	fixture_init(&f, "-q -v -n -R x.defs");
	ASSERT_TRUE(f.options.quiet && f.options.verbose && f.options.check_ndr);
	ASSERT_FALSE(f.options.rpc);
	fixture_deinit(&f);
	fixture_init(&f, "-q -v -n -R -Q -V -N -r x.defs");
	ASSERT_FALSE(f.options.quiet || f.options.verbose || f.options.check_ndr);
	ASSERT_TRUE(f.options.rpc);
	fixture_deinit(&f);
}

TEST(outputs_have_names)
{
	Fixture f;

	fixture_init(&f, "-user u -server s -header h -sheader sh -iheader /dev/null -dheader d "
			 "x.defs -i pre");
	ASSERT_OK(f.result);
	ASSERT_STREQ(f.options.user, "u");
	ASSERT_STREQ(f.options.server, "s");
	ASSERT_STREQ(f.options.header, "h");
	ASSERT_STREQ(f.options.sheader, "sh");
	ASSERT_STREQ(f.options.iheader, "/dev/null");
	ASSERT_STREQ(f.options.dheader, "d");
	ASSERT_STREQ(f.options.user_prefix_files, "pre");
	fixture_deinit(&f);
}

TEST(numbers)
{
	Fixture f;

	fixture_init(&f, "-maxonstack 4096 -max_descrs 7 -max_reply_descrs 0 x.defs");
	ASSERT_OK(f.result);
	ASSERT_EQ(f.options.max_on_stack, 4096);
	ASSERT_EQ(f.options.max_descriptors, 7);
	ASSERT_EQ(f.options.max_reply_descriptors, 0);
	fixture_deinit(&f);
	check_error("-maxonstack 0x10 x.defs", "-maxonstack: the argument must be a decimal");
	check_error("-maxonstack -1 x.defs", "decimal");
	check_error("-max_descrs 99999999999 x.defs", "31 bits");
}

TEST(the_preprocessor_gets_what_is_its_own)
{
	static const char *const expected[] = {"-DA=1", "-D", "B", "-I/x", "-I", "y", "-UC",
		"-include", "f.h", "-isystem", "z", "-std=c11", "-Wall", "-isysroot", "/sdk"};
	Fixture f;

	fixture_init(&f, "-DA=1 -D B -I/x x.defs -isysroot /sdk -I y -UC -include f.h -isystem z "
			 "-std=c11 -Wall");
	ASSERT_OK(f.result);
	ASSERT_EQ(f.options.n_files, 1u);
	ASSERT_EQ(f.options.n_cpp_args, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < f.options.n_cpp_args; i++)
		ASSERT_STREQ(f.options.cpp_args[i], expected[i]);
	fixture_deinit(&f);
}

TEST(dependencies)
{
	Fixture f;

	fixture_init(&f, "-MD x.defs");
	ASSERT_OK(f.result);
	ASSERT_STREQ(f.options.depfile, "");
	fixture_deinit(&f);
	fixture_init(&f, "-MD -MF x.d -MT t -MP x.defs");
	ASSERT_STREQ(f.options.depfile, "x.d");
	ASSERT_EQ(f.options.n_dep_args, 3u);
	ASSERT_EQ(f.options.n_cpp_args, 0u);
	fixture_deinit(&f);
	check_error("-M x.defs", "write -MD");
}

TEST(the_command_is_chosen_by_option_or_environment)
{
	char *argv[] = {(char *)"mig", (char *)"x.defs", NULL};
	Options o;
	Arena a;
	Fixture f;

	fixture_init(&f, "-cc clang x.defs");
	ASSERT_STREQ(f.options.cc, "clang");
	fixture_deinit(&f);
	arena_init(&a);
	ASSERT_SYS(setenv("MIGCC", "gcc -m32", 1));
	ASSERT_OK(options_parse(&a, 2, argv, stdout, stderr, &o));
	ASSERT_STREQ(o.cc, "gcc -m32");
	ASSERT_SYS(unsetenv("MIGCC"));
	ASSERT_SYS(setenv("SDKROOT", "/sdk", 1));
	ASSERT_OK(options_parse(&a, 2, argv, stdout, stderr, &o));
	ASSERT_STREQ(o.cpp_args[1], "/sdk");
	ASSERT_SYS(unsetenv("SDKROOT"));
	arena_deinit(&a);
}

TEST(one_warning_for_all_without_effect)
{
	Fixture f;

	fixture_init(&f, "-l -x -L -S -split -cpp /bin/cpp -migcom m x.defs");
	ASSERT_OK(f.result);
	ASSERT_STREQ(f.err, "mig: warning: without effect here: -l, -x, -split, -cpp, -migcom\n");
	fixture_deinit(&f);
	fixture_init(&f, "-l -x -q x.defs");
	ASSERT_STREQ(f.err, "");
	fixture_deinit(&f);
}

TEST(this_machine_may_be_named)
{
	struct utsname u;
	char words[256];
	Fixture f;

	ASSERT_SYS(uname(&u));
	snprintf(
		words, sizeof(words), "-arch %s -target %s-linux-gnu x.defs", u.machine, u.machine);
	fixture_init(&f, words);
	ASSERT_OK(f.result);
	ASSERT_STREQ(f.err, "");
	fixture_deinit(&f);
	fixture_init(&f, "-arch pdp11 x.defs");
	ASSERT_OK(f.result);
	ASSERT_STRSTR(f.err, "-arch pdp11");
	fixture_deinit(&f);
}

TEST(mistakes_are_told)
{
	check_error("", "no file is given");
	check_error("-nosuch x.defs", "-nosuch: there is no such option; the manual page");
	check_error("-nostdincx x.defs", "there is no such option");
	check_error("-C x.defs", "there is no such option");
	check_error("- x.defs", "there is no such option");
	check_error("x.defs -user", "-user: an argument is missing");
	check_error("x.defs -D", "-D: an argument is missing");
	check_error("-user u x.defs y.defs", "several files");
}

TEST(a_double_dash_ends_the_options)
{
	Fixture f;

	fixture_init(&f, "-q -- -v");
	ASSERT_OK(f.result);
	ASSERT_FALSE(f.options.verbose);
	ASSERT_STREQ(f.options.files[0], "-v");
	fixture_deinit(&f);
}

TEST(questions_are_answered)
{
	Fixture f;

	fixture_init(&f, "-version");
	ASSERT_EQ(f.result, OPTIONS_E_DONE);
	ASSERT_STRSTR(f.out, "mig (portcullis)");
	fixture_deinit(&f);
	fixture_init(&f, "-help");
	ASSERT_EQ(f.result, OPTIONS_E_DONE);
	ASSERT_STRSTR(f.out, "usage: mig");
	fixture_deinit(&f);
}
