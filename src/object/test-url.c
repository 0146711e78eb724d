/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "object/url.h"
#include "tests/lib/unit.h"

static void is_span(UrlSpan span, const char *text)
{
	if (!text) {
		ASSERT_NULL(span.at);
		return;
	}
	ASSERT_EQ(span.size, strlen(text));
	ASSERT_MEMEQ(span.at, text, span.size);
}

static void splits(const char *text, const char *scheme, const char *authority, const char *path,
	const char *rest)
{
	UrlParts parts = url_split(text);

	is_span(parts.scheme, scheme);
	is_span(parts.authority, authority);
	is_span(parts.path, path);
	is_span(parts.rest, rest);
}

TEST(urls_are_split)
{
	splits("http://a:1/b/c?d#e", "http", "a:1", "/b/c", "?d#e");
	splits("file:///x", "file", "", "/x", NULL);
	splits("mailto:a@b", "mailto", NULL, "a@b", NULL);
	splits("//host", NULL, "host", "", NULL);
	splits("a/b:c", NULL, NULL, "a/b:c", NULL);
	splits("?q", NULL, NULL, "", "?q");
	splits("", NULL, NULL, "", NULL);
	splits("1a:b", NULL, NULL, "1a:b", NULL);
}

TEST(files_are_told_from_the_rest)
{
	static const struct {
		const char *text;
		bool is_file;
	} urls[] = {{"file:///a", true}, {"FILE:/a", true}, {"file://localhost/a", true},
		{"file://other/a", false}, {"http:///a", false}, {"/a", true}, {"//host/a", false}};

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		UrlParts parts = url_split(urls[i].text);

		ASSERT_EQ(url_is_of_file(&parts), urls[i].is_file);
	}
}

TEST(every_byte_of_a_path_comes_back)
{
	_cleanup_free_ char *encoded = NULL, *decoded = NULL;
	char path[256] = "/";
	size_t size;

	for (int i = 1; i < 256; i++)
		path[i] = (char)i;
	ASSERT_OK(url_encode_path(path, sizeof(path), &encoded));
	ASSERT_TRUE(url_is_valid(encoded));
	ASSERT_NULL(strpbrk(encoded, "?#"));
	ASSERT_OK(url_decode((UrlSpan){.at = encoded, .size = strlen(encoded)}, &decoded, &size));
	ASSERT_EQ(size, sizeof(path));
	ASSERT_MEMEQ(decoded, path, size);
}

TEST(a_relative_path_is_no_scheme)
{
	_cleanup_free_ char *encoded = NULL;

	ASSERT_OK(url_encode_path("a:b", 3, &encoded));
	ASSERT_STREQ(encoded, "a%3Ab");
}

TEST(broken_escapes_stay)
{
	_cleanup_free_ char *decoded = NULL;
	size_t size;

	ASSERT_OK(url_decode((UrlSpan){.at = "%4%zz%41%4", .size = 10}, &decoded, &size));
	ASSERT_STREQ(decoded, "%4%zzA%4");
}

TEST(components_are_found)
{
	is_span(url_trim((UrlSpan){.at = "/a//", .size = 4}), "/a");
	is_span(url_trim((UrlSpan){.at = "//", .size = 2}), "/");
	is_span(url_trim((UrlSpan){.at = "", .size = 0}), "");
	is_span(url_last_component((UrlSpan){.at = "/a/bc", .size = 5}), "bc");
	is_span(url_last_component((UrlSpan){.at = "bc", .size = 2}), "bc");
	is_span(url_last_component((UrlSpan){.at = "/", .size = 1}), "/");
}
