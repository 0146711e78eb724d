/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqoid.h"

#include <inttypes.h>
#include <stdio.h>

/* 64 bits, 7 in each byte. */
#define ARC_BYTES_MAX 10u
/* Of the arcs of the DER: the first one is made of two of the text, which makes room for so many. */
#define ARC_MAX (UINT64_MAX - 80)

/* The decimal number at the beginning, with no zeros before it, and what follows it. */
static bool parse_arc(const char **p, const char *end, uint64_t *ret)
{
	const char *start = *p;
	uint64_t v = 0;

	for (; *p < end && **p >= '0' && **p <= '9'; ++*p) {
		if (__builtin_mul_overflow(v, 10u, &v) ||
			__builtin_add_overflow(v, (unsigned)(**p - '0'), &v))
			return false;
	}
	*ret = v;
	return *p > start && v <= ARC_MAX;
}

static size_t put_arc(uint8_t *out, uint64_t v)
{
	size_t n = 1;

	for (uint64_t rest = v >> 7; rest; rest >>= 7)
		n++;
	for (size_t i = n; i-- > 0; v >>= 7)
		out[i] = (uint8_t)((v & 0x7f) | (i + 1 < n ? 0x80 : 0));
	return n;
}

bool req_oid_parse(const char *text, size_t n, uint8_t *ret, size_t *ret_size)
{
	const char *p = text, *end = text + n;
	uint64_t first, arc;
	size_t used = 0;

	if (!parse_arc(&p, end, &first) || first > 2 || p == end)
		return false;
	for (bool is_second = true; p < end; is_second = false) {
		if (*p++ != '.' || !parse_arc(&p, end, &arc))
			return false;
		if (is_second && first < 2 && arc >= 40)
			return false;
		if (used + ARC_BYTES_MAX > REQ_OID_MAX)
			return false;
		used += put_arc(ret + used, is_second ? first * 40 + arc : arc);
	}
	*ret_size = used;
	return true;
}

/* The arc at the beginning; its size, or 0 if it is not there as a whole, not in its shortest form, or
 * too large. */
static size_t get_arc(const uint8_t *p, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	if (n == 0 || p[0] == 0x80)
		return 0;
	for (size_t i = 0; i < n && v <= UINT64_MAX >> 7; i++) {
		v = v << 7 | (p[i] & 0x7f);
		if (!(p[i] & 0x80)) {
			*ret = v;
			return v <= ARC_MAX ? i + 1 : 0;
		}
	}
	return 0;
}

bool req_oid_is_formattable(const uint8_t *der, size_t n)
{
	uint64_t arc;
	size_t size;

	/* The parser wants room for the longest arc. */
	if (n == 0 || n > REQ_OID_MAX - ARC_BYTES_MAX)
		return false;
	for (size_t i = 0; i < n; i += size) {
		size = get_arc(der + i, n - i, &arc);
		if (size == 0)
			return false;
	}
	return true;
}

int req_oid_format(ByteWriter *w, const uint8_t *der, size_t n)
{
	uint64_t arc = 0;
	size_t i = get_arc(der, n, &arc);
	uint64_t first = arc < 80 ? arc / 40 : 2;
	char text[64];
	int size = snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64, first, arc - first * 40);
	int r = bytes_put_blob(w, text, (size_t)size);

	while (i < n && r == 0) {
		i += get_arc(der + i, n - i, &arc);
		size = snprintf(text, sizeof(text), ".%" PRIu64, arc);
		r = bytes_put_blob(w, text, (size_t)size);
	}
	return r;
}
