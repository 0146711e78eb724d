/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What strings may be. Each function gives NULL for one that is right, else words for what was
 * expected. All strings are known to be UTF-8 before they come here.
 */
#include <limits.h>
#include <string.h>
#include <sys/un.h>

#include "launchd/spec-private.h"

/* How long the character at @p is, which has @left bytes; 0: it is none. Shortest forms only, no
 * surrogates, nothing above U+10FFFF, and no NUL. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	unsigned char low = 0x80, high = 0xbf;

	if (p[0] == 0 || (p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4 || n > left)
		return 0;
	if (n == 1)
		return 1;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return n;
}

bool spec_is_utf8(const char *text, size_t size)
{
	const unsigned char *p = (const unsigned char *)text;

	while (size > 0) {
		size_t n = utf8_length(p, size);

		if (n == 0)
			return false;
		p += n;
		size -= n;
	}
	return true;
}

static bool has_control(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	for (; *p; p++)
		if (*p < 0x20 || *p == 0x7f || (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
			return true;
	return false;
}

static bool is_name(const char *name)
{
	size_t n = strnlen(name, SPEC_NAME_MAX + 1);

	return n > 0 && n <= SPEC_NAME_MAX && spec_is_utf8(name, n) && !has_control(name);
}

bool spec_is_service_name(const char *name)
{
	return is_name(name);
}

bool spec_is_label(const char *name)
{
	return is_name(name) && !strchr(name, '/');
}

const char *spec_check_text(const char *value)
{
	return NULL;
}

const char *spec_check_filled(const char *value)
{
	return value[0] ? NULL : "a string that is not empty";
}

const char *spec_check_absolute(const char *value)
{
	return value[0] == '/' && strlen(value) < PATH_MAX ? NULL : "an absolute path";
}

const char *spec_check_label(const char *value)
{
	return spec_is_label(value) ? NULL
				    : "a label: 1 to 127 bytes without control characters and '/'";
}

const char *spec_check_service(const char *value)
{
	return spec_is_service_name(value)
		       ? NULL
		       : "the name of a service: 1 to 127 bytes without control characters";
}

const char *spec_check_account(const char *value)
{
	size_t n = strlen(value);

	return n > 0 && n < LOGIN_NAME_MAX && !has_control(value) && !strpbrk(value, ":/")
		       ? NULL
		       : "the name of a user or group";
}

const char *spec_check_variable(const char *value)
{
	return value[0] && !strchr(value, '=') && !has_control(value)
		       ? NULL
		       : "the name of an environment variable";
}

const char *spec_check_socket_path(const char *value)
{
	return value[0] == '/' && strlen(value) < sizeof(((struct sockaddr_un *)NULL)->sun_path)
		       ? NULL
		       : "an absolute path of at most 107 bytes";
}
