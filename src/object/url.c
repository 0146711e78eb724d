/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "object/url.h"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool url_is_valid(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~' || strchr("\"<>\\^`{|}", *text))
			return false;
		if (*text == '%' && (hex_digit(text[1]) < 0 || hex_digit(text[2]) < 0))
			return false;
	}
	return true;
}

/* Of the scheme in front of its ':'; 0: there is none. */
static size_t scheme_length(const char *text)
{
	size_t n = 0;

	while (is_letter(text[n]) ||
		(n > 0 && text[n] && (is_digit(text[n]) || strchr("+-.", text[n]))))
		n++;
	return text[n] == ':' ? n : 0;
}

UrlParts url_split(const char *text)
{
	UrlParts parts = {0};
	size_t n = scheme_length(text);

	if (n > 0) {
		parts.scheme = (UrlSpan){.at = text, .size = n};
		text += n + 1;
	}
	if (text[0] == '/' && text[1] == '/') {
		text += 2;
		n = strcspn(text, "/?#");
		parts.authority = (UrlSpan){.at = text, .size = n};
		text += n;
	}
	n = strcspn(text, "?#");
	parts.path = (UrlSpan){.at = text, .size = n};
	if (text[n])
		parts.rest = (UrlSpan){.at = text + n, .size = strlen(text + n)};
	return parts;
}

static bool is_word(UrlSpan span, const char *word)
{
	return span.size == strlen(word) && strncasecmp(span.at, word, span.size) == 0;
}

bool url_is_of_file(const UrlParts *parts)
{
	if (parts->scheme.at && !is_word(parts->scheme, "file"))
		return false;
	if (!parts->scheme.at)
		return !parts->authority.at;
	return !parts->authority.at || parts->authority.size == 0 ||
	       is_word(parts->authority, "localhost");
}

int url_encode_path(const char *path, size_t size, char **ret)
{
	static const char digits[] = "0123456789ABCDEF";
	bool is_absolute = size > 0 && path[0] == '/';
	char *text = malloc(3 * size + 1), *at = text;

	if (!text)
		return error_origin(-ENOMEM);
	for (size_t i = 0; i < size; i++) {
		char c = path[i];

		if (is_letter(c) || is_digit(c) || (c && strchr("/-._~!$&'()*+,=@", c)) ||
			(c == ':' && is_absolute)) {
			*at++ = c;
			continue;
		}
		*at++ = '%';
		*at++ = digits[(unsigned char)c >> 4];
		*at++ = digits[(unsigned char)c & 15];
	}
	*at = '\0';
	*ret = text;
	return 0;
}

int url_decode(UrlSpan span, char **ret, size_t *ret_size)
{
	char *text = malloc(span.size + 1);
	size_t n = 0;

	if (!text)
		return error_origin(-ENOMEM);
	for (size_t i = 0; i < span.size; i++) {
		bool is_escape = span.at[i] == '%' && span.size - i > 2;
		int high = is_escape ? hex_digit(span.at[i + 1]) : -1;
		int low = is_escape ? hex_digit(span.at[i + 2]) : -1;

		if (high >= 0 && low >= 0) {
			text[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			text[n++] = span.at[i];
		}
	}
	text[n] = '\0';
	*ret = text;
	*ret_size = n;
	return 0;
}

UrlSpan url_trim(UrlSpan path)
{
	while (path.size > 1 && path.at[path.size - 1] == '/')
		path.size--;
	return path;
}

UrlSpan url_last_component(UrlSpan path)
{
	const char *slash = path.size > 1 ? memrchr(path.at, '/', path.size) : NULL;

	if (!slash)
		return path;
	return (UrlSpan){.at = slash + 1, .size = path.size - (size_t)(slash + 1 - path.at)};
}

static char *put_span(char *at, const char *before, UrlSpan span, const char *after)
{
	if (!span.at)
		return at;
	at = stpcpy(at, before);
	at = mempcpy(at, span.at, span.size);
	return stpcpy(at, after);
}

/* In place: "." and ".." are taken out of the path that begins at @path. Returns its end. */
static char *remove_dots(char *path, char *end)
{
	char *out = path, *in = path;

	while (in < end) {
		char *next = memchr(in + 1, '/', (size_t)(end - in - 1));
		size_t size;

		if (!next)
			next = end;
		size = (size_t)(next - in);
		if (size == 2 && in[0] == '/' && in[1] == '.') {
			if (next == end)
				*out++ = '/';
		} else if (size == 3 && memcmp(in, "/..", 3) == 0) {
			while (out > path && *--out != '/')
				;
			if (next == end)
				*out++ = '/';
		} else {
			memmove(out, in, size);
			out += size;
		}
		in = next;
	}
	return out;
}

int url_resolve(const char *base, const char *text, char **ret)
{
	UrlParts from = url_split(base), to = url_split(text);
	char *result = malloc(strlen(base) + strlen(text) + 8), *at = result, *path;
	size_t kept = 0;

	if (!result)
		return error_origin(-ENOMEM);
	at = put_span(at, "", to.scheme.at ? to.scheme : from.scheme, ":");
	at = put_span(
		at, "//", to.scheme.at || to.authority.at ? to.authority : from.authority, "");
	path = at;
	if (!to.scheme.at && !to.authority.at && (to.path.size == 0 || to.path.at[0] != '/')) {
		const char *slash = memrchr(from.path.at, '/', from.path.size);

		kept = to.path.size == 0 ? from.path.size
		       : slash		 ? (size_t)(slash + 1 - from.path.at)
					 : 0;
		if (kept == 0 && from.authority.at)
			*at++ = '/';
		at = mempcpy(at, from.path.at, kept);
	}
	at = mempcpy(at, to.path.at, to.path.size);
	if (at > path && *path == '/')
		at = remove_dots(path, at);
	at = put_span(at, "", to.rest, "");
	*at = '\0';
	*ret = result;
	return 0;
}
