/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of codesign's options, from text. All of a value must make sense: what is left over, or is
 * too large, is an error and never ignored.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tools/codesign.h"

/* What may be asked for by name: all bits of the table, but for what follows from the signer. */
static uint32_t signable_flags(void)
{
	uint32_t flags = 0;

	for (size_t i = 0; i < CODE_FLAG_NAMES; i++) {
		if (code_flag_names[i].is_signable)
			flags |= code_flag_names[i].flag;
	}
	return flags;
}

/* All of @text, in decimal, or in hexadecimal behind 0x. */
static bool parse_number(const char *text, unsigned long max, unsigned long *ret)
{
	bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = is_hex ? text + 2 : text;
	unsigned long n;

	if (!*digits ||
		digits[strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789")] != 0)
		return false;
	errno = 0;
	n = strtoul(digits, NULL, is_hex ? 16 : 10);
	if (errno != 0 || n > max)
		return false;
	*ret = n;
	return true;
}

bool value_parse_number(const char *text, unsigned max, unsigned *ret)
{
	unsigned long n;

	if (!parse_number(text, max, &n))
		return false;
	*ret = (unsigned)n;
	return true;
}

/* The flag whose name begins with these @n bytes; 0: none, or several. */
static uint32_t find_flag(const char *name, size_t n)
{
	uint32_t found = 0;

	for (size_t i = 0; i < CODE_FLAG_NAMES; i++) {
		const CodeFlagName *flag = &code_flag_names[i];

		if (!flag->is_signable || strncmp(flag->name, name, n) != 0)
			continue;
		if (strlen(flag->name) == n)
			return flag->flag;
		if (found)
			return 0;
		found = flag->flag;
	}
	return found;
}

bool value_parse_flags(const char *text, uint32_t *ret, const char **ret_why)
{
	uint32_t flags = 0;
	unsigned long number;

	*ret_why = "names of flags with commas between them (hard, host, kill, expires, restrict, "
		   "enforcement, library-validation, runtime, linker-signed), or one number";
	if (parse_number(text, UINT32_MAX, &number)) {
		*ret_why = "a number without bits that have no name, or that nobody may ask for";
		if ((number & ~(unsigned long)signable_flags()) != 0)
			return false;
		*ret = (uint32_t)number;
		return true;
	}
	for (;;) {
		size_t n = strcspn(text, ",");
		uint32_t flag = n > 0 ? find_flag(text, n) : 0;

		if (!flag)
			return false;
		flags |= flag;
		if (!text[n])
			break;
		text += n + 1;
	}
	*ret = flags;
	return true;
}

bool value_parse_page_size(const char *text, uint8_t *ret_shift, const char **ret_why)
{
	unsigned long size;

	*ret_why = "bytes: a power of two from 512 to 1073741824, or 0 for one page";
	if (!parse_number(text, 1ul << CODE_PAGE_SHIFT_MAX, &size))
		return false;
	if (size == 0) {
		*ret_shift = 0;
		return true;
	}
	for (uint8_t shift = CODE_PAGE_SHIFT_MIN; shift <= CODE_PAGE_SHIFT_MAX; shift++) {
		if (size == 1ul << shift) {
			*ret_shift = shift;
			return true;
		}
	}
	return false;
}

bool value_parse_hashes(const char *text, CodeHash ret[static SIGNER_HASHES_MAX], uint32_t *ret_n,
	const char **ret_why)
{
	static const CodeHash known[] = {CODE_HASH_SHA256, CODE_HASH_SHA384};
	uint32_t n_found = 0;

	*ret_why = "sha256, sha384, or both with a comma between them";
	for (;;) {
		size_t n = strcspn(text, ",");
		CodeHash found = CODE_HASH_NONE;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
			const char *name = code_hash_get_name(known[i]);

			if (strlen(name) == n && strncmp(name, text, n) == 0)
				found = known[i];
		}
		if (found == CODE_HASH_NONE || n_found == SIGNER_HASHES_MAX ||
			(n_found == 1 && ret[0] == found))
			return false;
		ret[n_found++] = found;
		if (!text[n])
			break;
		text += n + 1;
	}
	*ret_n = n_found;
	return true;
}

bool value_parse_preserve(const char *text, unsigned *ret, const char **ret_why)
{
	static const struct {
		const char *name;
		unsigned bit;
	} known[] = {
		{"identifier", PRESERVE_IDENTIFIER},
		{"requirements", PRESERVE_REQUIREMENTS},
		{"entitlements", PRESERVE_ENTITLEMENTS},
		{"flags", PRESERVE_FLAGS},
		{"runtime", PRESERVE_RUNTIME},
	};
	unsigned bits = 0;

	*ret_why = "a list of identifier, requirements, entitlements, flags and runtime, with "
		   "commas between them";
	for (;;) {
		size_t n = strcspn(text, ",");
		unsigned found = 0;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
			if (strlen(known[i].name) == n && strncmp(known[i].name, text, n) == 0)
				found = known[i].bit;
		}
		if (!found)
			return false;
		bits |= found;
		if (!text[n])
			break;
		text += n + 1;
	}
	*ret = bits;
	return true;
}

bool value_parse_version(const char *text, uint32_t *ret, const char **ret_why)
{
	static const unsigned long max[] = {0xffff, 0xff, 0xff};
	unsigned long parts[ARRAY_SIZE(max)] = {0};

	*ret_why = "a version such as 10.4 or 10.4.11";
	for (size_t i = 0; i < ARRAY_SIZE(max); i++) {
		size_t n = strcspn(text, ".");
		char part[8];

		if (n == 0 || n >= sizeof(part))
			return false;
		memcpy(part, text, n);
		part[n] = 0;
		if (part[strspn(part, "0123456789")] != 0 || !parse_number(part, max[i], &parts[i]))
			return false;
		text += n;
		if (!*text)
			break;
		if (i == ARRAY_SIZE(max) - 1)
			return false;
		text++;
	}
	if ((parts[0] | parts[1] | parts[2]) == 0)
		return false;
	*ret = (uint32_t)(parts[0] << 16 | parts[1] << 8 | parts[2]);
	return true;
}
