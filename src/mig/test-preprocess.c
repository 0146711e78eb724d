/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/preprocess.h"

#include "tests/lib/unit.h"

typedef struct Place {
	char folder[64];
	Arena arena;
	Options options;
	char *text;
	uint32_t size;
} Place;

static void place_init(Place *p)
{
	memset(p, 0, sizeof(*p));
	strcpy(p->folder, "/tmp/mig-cpp.XXXXXX");
	ASSERT_NOT_NULL(mkdtemp(p->folder));
	arena_init(&p->arena);
	p->options.cc = "cc";
}

static const char *at(Place *p, const char *name)
{
	return arena_printf(&p->arena, "%s/%s", p->folder, name);
}

static const char *put(Place *p, const char *name, const char *text)
{
	const char *path = at(p, name);
	FILE *f = fopen(path, "we");

	ASSERT_NOT_NULL(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void place_deinit(Place *p)
{
	struct dirent *entry;
	DIR *dir = opendir(p->folder);

	ASSERT_NOT_NULL(dir);
	while ((entry = readdir(dir)))
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	ASSERT_SYS(rmdir(p->folder));
	arena_deinit(&p->arena);
}

static int run(Place *p, const char *path)
{
	return preprocess_file(&p->arena, &p->options, path, &p->text, &p->size);
}

/* The compiler's complaints are expected, and would only confuse. */
static int run_silently(Place *p, const char *path)
{
	int saved = dup(2), null = open("/dev/null", O_WRONLY | O_CLOEXEC), r;

	ASSERT_FD(saved);
	ASSERT_FD(null);
	fflush(stderr);
	dup2(null, 2);
	r = run(p, path);
	dup2(saved, 2);
	close(saved);
	close(null);
	return r;
}

TEST(macros_are_replaced_and_comments_gone)
{
	static const char *args[] = {"-DNAME=fine"};
	const char *file;
	Place p;

	place_init(&p);
	p.options.cpp_args = args;
	p.options.n_cpp_args = 1;
	file = put(&p, "a.defs",
		"#ifdef __MACH30__\nsubsystem NAME 100; /* \303\244 */\n#endif\n"
		"linux unix // end\n");
	ASSERT_OK(run(&p, file));
	ASSERT_STRSTR(p.text, "subsystem fine 100;");
	ASSERT_STRSTR(p.text, "linux unix");
	ASSERT_NULL(strstr(p.text, "end"));
	ASSERT_EQ(p.text[p.size], 0);
	ASSERT_EQ(strlen(p.text), p.size);
	place_deinit(&p);
}

TEST(files_beside_it_are_found)
{
	const char *file;
	Place p;

	place_init(&p);
	(void)put(&p, "b.defs", "type x = int;\n");
	file = put(&p, "a.defs", "#include <b.defs>\n");
	ASSERT_OK(run(&p, file));
	ASSERT_STRSTR(p.text, "type x = int;");
	ASSERT_STRSTR(p.text, "/b.defs\"");
	place_deinit(&p);
}

TEST(what_the_preprocessor_refuses_is_an_error)
{
	const char *file;
	Place p;

	place_init(&p);
	file = put(&p, "a.defs", "#error no\n");
	ASSERT_EQ(run_silently(&p, file), PREPROCESS_E_FAILED);
	ASSERT_EQ(run_silently(&p, at(&p, "nosuch.defs")), PREPROCESS_E_FAILED);
	ASSERT_EQ(run_silently(&p, p.folder), PREPROCESS_E_FAILED);
	place_deinit(&p);
}

TEST(a_missing_compiler_is_an_error)
{
	const char *file;
	Place p;

	place_init(&p);
	file = put(&p, "a.defs", "x\n");
	p.options.cc = "/nonexistent/cc";
	ASSERT_EQ(run_silently(&p, file), PREPROCESS_E_FAILED);
	p.options.cc = " ";
	ASSERT_EQ(run_silently(&p, file), PREPROCESS_E_FAILED);
	place_deinit(&p);
}

TEST(the_command_may_have_words_but_no_shell)
{
	const char *file;
	Place p;

	place_init(&p);
	file = put(&p, "a$(echo b).defs", "one TWO\n");
	p.options.cc = "  cc  -DTWO=three ";
	ASSERT_OK(run(&p, file));
	ASSERT_STRSTR(p.text, "one three");
	place_deinit(&p);
}

TEST(output_without_end_is_cut_off)
{
	const char *file;
	Place p;

	place_init(&p);
	file = put(&p, "a.defs", "x\n");
	/* Says what its arguments are, until nobody reads it any more. */
	p.options.cc = "yes --";
	ASSERT_EQ(run_silently(&p, file), PREPROCESS_E_FAILED);
	place_deinit(&p);
}

TEST(outputs_depend_on_what_was_read)
{
	static const char *const targets[] = {"x.h", "x $User.c"};
	const char *file;
	Place p;

	place_init(&p);
	(void)put(&p, "b.defs", "type x = int;\n");
	file = put(&p, "a.defs", "#include <b.defs>\n");
	ASSERT_OK(
		preprocess_dependencies(&p.arena, &p.options, file, targets, 2, &p.text, &p.size));
	ASSERT_EQ(strncmp(p.text, "x.h x\\ $$User.c:", 16), 0);
	ASSERT_STRSTR(p.text, "a.defs");
	ASSERT_STRSTR(p.text, "b.defs");
	place_deinit(&p);
}
