/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page says what the code does: its examples are right, and it has every key. */
#include "launchd/test-spec.h"

/* As the compiler was given this file, so from the directory of the build. */
static char *read_page(void)
{
	const char *slash = strrchr(__FILE__, '/');
	char path[4096], *page = NULL;
	size_t size = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%.*s/../../man/launchd.plist.5",
		(int)(slash ? slash - __FILE__ : 1), slash ? __FILE__ : ".");
	in = fopen(path, "re");
	if (!in)
		SKIP("the manual page is not at hand");
	if (getdelim(&page, &size, '\0', in) < 0)
		FAIL("%s: nothing in it", path);
	fclose(in);
	return page;
}

static void check_example(const char *begin, size_t size)
{
	Parsed p;

	parsed_init(&p, begin, size);
	if (p.result != 0 || p.report.n_warnings > 0)
		FAIL("%.*s: %s", (int)size, begin, p.said);
	assert_round_trip(p.spec);
	parsed_deinit(&p);
}

TEST(its_examples_are_right)
{
	static const char end[] = "</plist>\n";
	char *page = read_page(), *at = page;
	unsigned n = 0;

	while ((at = strstr(at, "<?xml"))) {
		char *stop = strstr(at, end);

		ASSERT_NOT_NULL(stop);
		check_example(at, (size_t)(stop - at) + strlen(end));
		at = stop;
		n++;
	}
	ASSERT_EQ(n, 2);
	free(page);
}

static bool is_word_at(const char *page, const char *at, size_t size)
{
	return at > page && at[-1] == ' ' && (at[size] == ' ' || at[size] == '\n');
}

TEST(it_has_every_key)
{
	char *page = read_page();

	for (size_t i = 0; i < spec_n_keys; i++) {
		const char *name = spec_keys[i].name, *at = page;
		size_t n = strcspn(name, "*");
		char word[64];

		snprintf(word, sizeof(word), "%.*s", (int)n, name);
		while ((at = strstr(at, word)) && !is_word_at(page, at, n))
			at++;
		if (!at)
			FAIL("the manual page does not have %s", name);
	}
	free(page);
}
