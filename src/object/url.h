/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_URL_H
#define PORTCULLIS_OBJECT_URL_H

/*
 * The text of URLs (RFC 3986), and paths of files in it. What is returned is on the heap, NUL-terminated.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

typedef struct UrlSpan {
	const char *at;
	size_t size;
} UrlSpan;

/* The parts of a URL; what it does not have has at == NULL, the path is always there, maybe empty. */
typedef struct UrlParts {
	UrlSpan scheme; /* without the ':' */
	UrlSpan authority; /* without the "//" */
	UrlSpan path;
	UrlSpan rest; /* query and fragment, from the '?' or '#' on */
} UrlParts;

/* Whether it can be a URL, absolute or relative: its characters, and two digits behind each '%'. */
bool url_is_valid(const char *text);
UrlParts url_split(const char *text);
/* Whether it names a file of this machine, or has no scheme and no authority. */
bool url_is_of_file(const UrlParts *parts);

/* The bytes of a path with everything escaped that is not itself in a URL. If it is relative, nothing
 * in it can be taken for a scheme. -ENOMEM. */
int url_encode_path(const char *path, size_t size, char **ret) _warn_unused_;
/* Without escapes; *ret_size: also a NUL may be in it. -ENOMEM. */
int url_decode(UrlSpan span, char **ret, size_t *ret_size) _warn_unused_;
/* @text as it is meant by who stands at @base, which is absolute (section 5.2). -ENOMEM. */
int url_resolve(const char *base, const char *text, char **ret) _warn_unused_;
/* A path without "/" at the end, unless it is "/". */
UrlSpan url_trim(UrlSpan path);
/* What is behind the last '/' of a path that url_trim() has seen. */
UrlSpan url_last_component(UrlSpan path);

#endif
