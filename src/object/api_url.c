/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <CoreFoundation/CFURL.h> on url.h. A URL is its text and, if that is relative, maybe the absolute URL that
 * it is relative to.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "object/api_cf.h"
#include "object/text.h"
#include "object/url.h"

typedef struct Url {
	Object object;
	Object *string;
	Object *base; /* or NULL */
} Url;

static void deinit_url(Object *object)
{
	object_unref(((Url *)object)->string);
	object_unref(((Url *)object)->base);
}

static bool equal_urls(const Object *one, const Object *other, ObjectWalk *walk)
{
	const Url *a = (const Url *)one, *b = (const Url *)other;

	return object_equal(a->string, b->string) && object_equal_within(a->base, b->base, walk);
}

static uint32_t hash_url(const Object *object)
{
	return object_hash(((const Url *)object)->string);
}

static int describe_url(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	const Url *url = (const Url *)object;
	const char *string = object_string_get(url->string);
	int r = object_describe_text(text, string, object_string_size(url->string));

	if (r == 0 && url->base) {
		r = object_describe_put(text, " of ");
		if (r == 0)
			r = object_describe_within(url->base, text, walk);
	}
	return r;
}

static const ObjectClass url_class = {.name = "CFURL",
	.type = OBJECT_OTHER,
	.size = sizeof(Url),
	.deinit = deinit_url,
	.equal = equal_urls,
	.hash = hash_url,
	.describe = describe_url};

_public_ CFTypeID CFURLGetTypeID(void)
{
	return object_class_id(&url_class);
}

static const Url *check(CFURLRef url, const char *function)
{
	if (!url)
		cf_abort(function, "NULL instead of an object");
	if (!object_is(cf_object(url), &url_class))
		cf_abort(function, "an object of another type");
	return (const Url *)cf_object(url);
}

#define check_url(url) check((url), __func__)

static const char *text_of(const Url *url)
{
	return object_string_get(url->string);
}

static CFURLRef new_url(const char *text, const Object *base)
{
	_cleanup_object_ Object *string = NULL;
	Object *url;

	if (object_string_new_z(text, &string) != 0 || object_new(&url_class, false, &url) != 0)
		return NULL;
	((Url *)url)->string = TAKE_PTR(string);
	((Url *)url)->base = object_ref((Object *)base);
	return (CFURLRef)url;
}

/* As the text of an absolute URL, if it can be made one. */
static int resolve(const Url *url, char **ret)
{
	if (url->base)
		return url_resolve(text_of((const Url *)url->base), text_of(url), ret);
	*ret = strdup(text_of(url));
	return *ret ? 0 : error_origin(-ENOMEM);
}

/* Of the path of a file. */
static CFURLRef new_file_url(const char *path, size_t size, bool is_directory, const Object *base)
{
	_cleanup_free_ char *encoded = NULL, *text = NULL;
	UrlSpan trimmed = url_trim((UrlSpan){.at = path, .size = size});
	bool ends = trimmed.size == 1 && path[0] == '/';

	if (url_encode_path(path, trimmed.size, &encoded) < 0 ||
		asprintf(&text, "%s%s%s", base ? "" : "file://", encoded,
			is_directory && !ends ? "/" : "") < 0)
		return NULL;
	return new_url(text, base);
}

_public_ CFURLRef CFURLCreateFromFileSystemRepresentation(
	CFAllocatorRef allocator, const UInt8 *buffer, CFIndex bufLen, Boolean isDirectory)
{
	const char *path = (const char *)buffer;
	_cleanup_object_ Object *base = NULL;
	char folder[PATH_MAX];

	cf_require(bufLen >= 0 && (buffer || bufLen == 0), "a length without bytes");
	if (!cf_can_allocate(allocator) || bufLen == 0 || memchr(path, '\0', (size_t)bufLen))
		return NULL;
	if (path[0] != '/') {
		if (!getcwd(folder, sizeof(folder)) || folder[0] != '/')
			return NULL;
		base = cf_object(new_file_url(folder, strlen(folder), true, NULL));
		if (!base)
			return NULL;
	}
	return new_file_url(path, (size_t)bufLen, isDirectory, base);
}

_public_ CFURLRef CFURLCreateWithFileSystemPath(CFAllocatorRef allocator, CFStringRef filePath,
	CFURLPathStyle pathStyle, Boolean isDirectory)
{
	const Object *path = cf_check(filePath, OBJECT_STRING, __func__);

	if (pathStyle != kCFURLPOSIXPathStyle)
		return NULL;
	return CFURLCreateFromFileSystemRepresentation(allocator,
		(const UInt8 *)object_string_get(path), (CFIndex)object_string_size(path),
		isDirectory);
}

_public_ CFURLRef CFURLCreateWithString(
	CFAllocatorRef allocator, CFStringRef URLString, CFURLRef baseURL)
{
	const char *text = object_string_get(cf_string(URLString));
	_cleanup_object_ Object *base = NULL;

	if (!cf_can_allocate(allocator) || !url_is_valid(text))
		return NULL;
	if (baseURL && !url_split(text).scheme.at) {
		base = cf_object(CFURLCopyAbsoluteURL(baseURL));
		if (!base || !url_split(text_of((const Url *)base)).scheme.at)
			return NULL;
	}
	return new_url(text, base);
}

/* The path of the file, or NULL; of the absolute URL, or of what was given. */
static char *path_of(const Url *url, bool is_absolute, size_t *ret_size)
{
	_cleanup_free_ char *whole = NULL, *path = NULL;
	UrlParts parts;

	if (resolve(url, &whole) < 0)
		return NULL;
	parts = url_split(whole);
	if (!url_is_of_file(&parts))
		return NULL;
	if (!is_absolute)
		parts = url_split(text_of(url));
	if (parts.path.size == 0 || url_decode(url_trim(parts.path), &path, ret_size) < 0 ||
		strlen(path) != *ret_size)
		return NULL;
	return TAKE_PTR(path);
}

_public_ Boolean CFURLGetFileSystemRepresentation(
	CFURLRef url, Boolean resolveAgainstBase, UInt8 *buffer, CFIndex maxBufLen)
{
	_cleanup_free_ char *path = NULL;
	size_t size;

	path = path_of(check_url(url), resolveAgainstBase, &size);
	if (!path || maxBufLen < 1 || size > (size_t)maxBufLen - 1)
		return false;
	memcpy(buffer, path, size + 1);
	return true;
}

static CFStringRef new_string(const char *text, size_t size)
{
	Object *string;

	return object_string_new(text, size, &string) == 0 ? (CFStringRef)string : NULL;
}

_public_ CFStringRef CFURLCopyFileSystemPath(CFURLRef anURL, CFURLPathStyle pathStyle)
{
	_cleanup_free_ char *path = NULL;
	size_t size;

	path = path_of(check_url(anURL), false, &size);
	if (!path || pathStyle != kCFURLPOSIXPathStyle)
		return NULL;
	return new_string(path, size);
}

_public_ CFStringRef CFURLGetString(CFURLRef anURL)
{
	return (CFStringRef)check_url(anURL)->string;
}

_public_ CFURLRef CFURLGetBaseURL(CFURLRef anURL)
{
	return (CFURLRef)check_url(anURL)->base;
}

_public_ CFURLRef CFURLCopyAbsoluteURL(CFURLRef relativeURL)
{
	const Url *url = check_url(relativeURL);
	_cleanup_free_ char *text = NULL;

	if (!url->base)
		return (CFURLRef)object_ref((Object *)&url->object);
	return resolve(url, &text) == 0 ? new_url(text, NULL) : NULL;
}

_public_ CFStringRef CFURLCopyScheme(CFURLRef anURL)
{
	_cleanup_free_ char *text = NULL;
	UrlParts parts;

	if (resolve(check_url(anURL), &text) < 0)
		return NULL;
	parts = url_split(text);
	return parts.scheme.at ? new_string(parts.scheme.at, parts.scheme.size) : NULL;
}

_public_ CFStringRef CFURLCopyPath(CFURLRef anURL)
{
	UrlParts parts = url_split(text_of(check_url(anURL)));

	return new_string(parts.path.at, parts.path.size);
}

/* The last component of the path, without escapes. */
static char *last_component_of(const Url *url, size_t *ret_size)
{
	UrlSpan span = url_last_component(url_trim(url_split(text_of(url)).path));
	char *text;

	return url_decode(span, &text, ret_size) == 0 ? text : NULL;
}

_public_ CFStringRef CFURLCopyLastPathComponent(CFURLRef url)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	text = last_component_of(check_url(url), &size);
	return text ? new_string(text, size) : NULL;
}

_public_ CFStringRef CFURLCopyPathExtension(CFURLRef url)
{
	_cleanup_free_ char *text = NULL;
	const char *dot;
	size_t size;

	text = last_component_of(check_url(url), &size);
	dot = text ? memrchr(text, '.', size) : NULL;
	if (!dot || dot == text || dot == text + size - 1)
		return NULL;
	return new_string(dot + 1, size - (size_t)(dot + 1 - text));
}

_public_ Boolean CFURLHasDirectoryPath(CFURLRef anURL)
{
	UrlSpan path = url_split(text_of(check_url(anURL))).path;

	return path.size > 0 && path.at[path.size - 1] == '/';
}

/* @url with another path: @size bytes of its own, and @more. */
static CFURLRef with_path(const Url *url, size_t size, const char *more)
{
	UrlParts parts = url_split(text_of(url));
	size_t front = (size_t)(parts.path.at - text_of(url)) + size;
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%.*s%s%s", (int)front, text_of(url), more,
		    parts.rest.at ? parts.rest.at : "") < 0)
		return NULL;
	return new_url(text, url->base);
}

_public_ CFURLRef CFURLCreateCopyAppendingPathComponent(
	CFAllocatorRef allocator, CFURLRef url, CFStringRef pathComponent, Boolean isDirectory)
{
	const Object *component = cf_string(pathComponent);
	const Url *from = check_url(url);
	UrlSpan path = url_split(text_of(from)).path;
	_cleanup_free_ char *encoded = NULL, *more = NULL;
	bool has_slash = path.size == 0 || path.at[path.size - 1] == '/';

	if (!cf_can_allocate(allocator) || object_string_size(component) == 0 ||
		url_encode_path(object_string_get(component), object_string_size(component),
			&encoded) < 0 ||
		asprintf(&more, "%s%s%s", has_slash ? "" : "/", encoded,
			isDirectory && encoded[strlen(encoded) - 1] != '/' ? "/" : "") < 0)
		return NULL;
	return with_path(from, path.size, more);
}

_public_ CFURLRef CFURLCreateCopyDeletingLastPathComponent(CFAllocatorRef allocator, CFURLRef url)
{
	const Url *from = check_url(url);
	UrlSpan path = url_trim(url_split(text_of(from)).path);
	UrlSpan last = url_last_component(path);

	if (!cf_can_allocate(allocator))
		return NULL;
	if (last.at == path.at) /* one component, or the root */
		return path.size > 0 && path.at[0] == '/' ? with_path(from, path.size, "")
							  : with_path(from, 0, "./");
	return with_path(from, path.size - last.size, "");
}
