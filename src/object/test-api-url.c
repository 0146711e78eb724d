/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>

#include "object/test-support.h"

static CFURLRef path(const char *text, bool is_directory)
{
	CFURLRef url = CFURLCreateFromFileSystemRepresentation(
		NULL, (const UInt8 *)text, (CFIndex)strlen(text), is_directory);

	ASSERT_NOT_NULL(url);
	return url;
}

static CFURLRef url_of(const char *text)
{
	_cleanup_cf_ CFStringRef string = string_of(text);

	return CFURLCreateWithString(NULL, string, NULL);
}

static void has_text(CFURLRef url, const char *text)
{
	ASSERT_STREQ(CFStringGetCStringPtr(CFURLGetString(url), kCFStringEncodingUTF8), text);
}

static void has_path(CFURLRef url, const char *text)
{
	UInt8 buffer[PATH_MAX];

	ASSERT_TRUE(CFURLGetFileSystemRepresentation(url, true, buffer, sizeof(buffer)));
	ASSERT_STREQ((const char *)buffer, text);
}

TEST(paths_come_back)
{
	static const char *const paths[][2] = {{"/bin/ls", "file:///bin/ls"}, {"/", "file:///"},
		{"/a b/%25;?#\xc3\xa9", "file:///a%20b/%2525%3B%3F%23%C3%A9"},
		{"/\xff\xfe", "file:///%FF%FE"}, {"/a:b", "file:///a:b"}};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_cf_ CFURLRef url = path(paths[i][0], false);

		has_text(url, paths[i][1]);
		has_path(url, paths[i][0]);
		ASSERT_NULL(CFURLGetBaseURL(url));
	}
}

TEST(directories_end_in_a_slash)
{
	_cleanup_cf_ CFURLRef folder = path("/a/b", true), with_slash = path("/a/b/", true);
	_cleanup_cf_ CFURLRef file = path("/a/b//", false), root = path("/", true);

	has_text(folder, "file:///a/b/");
	has_text(with_slash, "file:///a/b/");
	has_text(file, "file:///a/b");
	has_text(root, "file:///");
	has_path(folder, "/a/b");
	has_path(root, "/");
	ASSERT_TRUE(CFURLHasDirectoryPath(folder));
	ASSERT_FALSE(CFURLHasDirectoryPath(file));
	ASSERT_TRUE(CFEqual(folder, with_slash));
	ASSERT_EQ(CFHash(folder), CFHash(with_slash));
	ASSERT_FALSE(CFEqual(folder, file));
	is_string(CFURLCopyFileSystemPath(folder, kCFURLPOSIXPathStyle), "/a/b");
}

TEST(relative_paths_are_of_the_current_folder)
{
	_cleanup_cf_ CFURLRef url = path("a:b/../c d", false), absolute = CFURLCopyAbsoluteURL(url);
	char expected[PATH_MAX + 8], folder[PATH_MAX];
	UInt8 buffer[PATH_MAX];

	ASSERT_NOT_NULL(getcwd(folder, sizeof(folder)));
	snprintf(expected, sizeof(expected), "%s%sc d", folder, folder[1] ? "/" : "");
	has_text(url, "a%3Ab/../c%20d");
	has_path(url, expected);
	has_path(absolute, expected);
	ASSERT_TRUE(CFURLGetFileSystemRepresentation(url, false, buffer, sizeof(buffer)));
	ASSERT_STREQ((const char *)buffer, "a:b/../c d");
	ASSERT_NOT_NULL(CFURLGetBaseURL(url));
	ASSERT_NULL(CFURLGetBaseURL(absolute));
	is_string(CFURLCopyFileSystemPath(url, kCFURLPOSIXPathStyle), "a:b/../c d");
	is_string(CFURLCopyScheme(url), "file");
}

TEST(what_is_no_path_is_refused)
{
	_cleanup_cf_ CFURLRef url = path("/bin/ls", false), web = url_of("http://a/b");
	_cleanup_cf_ CFURLRef remote = url_of("file://host/b"), nul = url_of("file:///a%00b");
	_cleanup_cf_ CFURLRef local = url_of("file://localhost/b");
	UInt8 buffer[8];

	ASSERT_NULL(CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)"", 0, false));
	ASSERT_NULL(CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)"/\0a", 3, false));
	ASSERT_NULL(CFURLCreateWithFileSystemPath(NULL, CFSTR("/"), 1, true));
	ASSERT_FALSE(CFURLGetFileSystemRepresentation(url, true, buffer, 7));
	ASSERT_TRUE(CFURLGetFileSystemRepresentation(url, true, buffer, 8));
	ASSERT_FALSE(CFURLGetFileSystemRepresentation(web, true, buffer, 8));
	ASSERT_FALSE(CFURLGetFileSystemRepresentation(remote, true, buffer, 8));
	ASSERT_FALSE(CFURLGetFileSystemRepresentation(nul, true, buffer, 8));
	ASSERT_NULL(CFURLCopyFileSystemPath(web, kCFURLPOSIXPathStyle));
	has_path(local, "/b");
	ASSERT_ABORTS(CFURLGetString((CFURLRef)kCFNull), "an object of another type");
}

TEST(urls_are_made_of_text)
{
	static const char *const bad[] = {"", "a b", "a%2", "a%zz", "a\"b", "a\xc3\xa9"};
	_cleanup_cf_ CFURLRef url = url_of("http://user@host:80/a%20b/c.tar.gz?q=1#f");

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ASSERT_NULL(url_of(bad[i]));
	is_string(CFURLCopyScheme(url), "http");
	is_string(CFURLCopyPath(url), "/a%20b/c.tar.gz");
	is_string(CFURLCopyLastPathComponent(url), "c.tar.gz");
	is_string(CFURLCopyPathExtension(url), "gz");
	ASSERT_EQ(CFGetTypeID(url), CFURLGetTypeID());
}

/* The examples of RFC 3986, section 5.4. */
TEST(relative_urls_are_resolved)
{
	static const char *const examples[][2] = {{"g:h", "g:h"}, {"g", "http://a/b/c/g"},
		{"./g", "http://a/b/c/g"}, {"g/", "http://a/b/c/g/"}, {"/g", "http://a/g"},
		{"//g", "http://g"}, {"g?y", "http://a/b/c/g?y"}, {"#s", "http://a/b/c/d;p#s"},
		{";x", "http://a/b/c/;x"}, {".", "http://a/b/c/"}, {"./", "http://a/b/c/"},
		{"..", "http://a/b/"}, {"../g", "http://a/b/g"}, {"../..", "http://a/"},
		{"../../../g", "http://a/g"}, {"/./g", "http://a/g"}, {"/../g", "http://a/g"},
		{"g.", "http://a/b/c/g."}, {"..g", "http://a/b/c/..g"},
		{"./g/.", "http://a/b/c/g/"}, {"g/../h", "http://a/b/c/h"}};
	_cleanup_cf_ CFURLRef base = url_of("http://a/b/c/d;p");

	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		_cleanup_cf_ CFStringRef text = string_of(examples[i][0]);
		_cleanup_cf_ CFURLRef url = CFURLCreateWithString(NULL, text, base);
		_cleanup_cf_ CFURLRef whole = CFURLCopyAbsoluteURL(url);

		has_text(url, examples[i][0]);
		has_text(whole, examples[i][1]);
	}
}

TEST(components_are_taken_off_and_put_on)
{
	_cleanup_cf_ CFURLRef url = path("/a/b.c", false), up = NULL, down = NULL,
			      root = path("/", true);
	_cleanup_cf_ CFURLRef folder = NULL, hidden = path("/.profile", false), still = NULL;

	up = CFURLCreateCopyDeletingLastPathComponent(NULL, url);
	has_text(up, "file:///a/");
	down = CFURLCreateCopyAppendingPathComponent(NULL, up, CFSTR("x y"), false);
	has_text(down, "file:///a/x%20y");
	folder = CFURLCreateCopyAppendingPathComponent(NULL, down, CFSTR("z"), true);
	has_text(folder, "file:///a/x%20y/z/");
	is_string(CFURLCopyLastPathComponent(folder), "z");
	is_string(CFURLCopyLastPathComponent(root), "/");
	is_string(CFURLCopyPathExtension(url), "c");
	ASSERT_NULL(CFURLCopyPathExtension(folder));
	ASSERT_NULL(CFURLCopyPathExtension(hidden));
	still = CFURLCreateCopyDeletingLastPathComponent(NULL, root);
	has_text(still, "file:///");
	ASSERT_NULL(CFURLCreateCopyAppendingPathComponent(NULL, up, CFSTR(""), false));
	is_string(CFCopyDescription(url), "\"file:///a/b.c\"");
}
