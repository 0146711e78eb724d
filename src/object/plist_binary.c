/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a binary property list is sound and of a bearable size: every object is followed from the
 * root, as libplist does afterwards, with a bound on the depth, the number of visits and the bytes that
 * all of it would take.
 *
 *	"bplist00"  objects  table of their offsets  32 bytes: sizes and counts
 *
 * An object begins with a byte: its kind, and a size in the low half, 15 meaning that an integer object
 * with the size follows. Numbers are big-endian.
 */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "object/plist_guard.h"

#define HEADER "bplist00"
#define HEADER_SIZE 8U
#define TRAILER_SIZE 32U
#define NS_PER_S INT64_C(1000000000)
#define EPOCH_S INT64_C(978307200) /* 2001-01-01 00:00:00 UTC */

typedef struct Binary {
	const uint8_t *data;
	size_t size;
	unsigned offset_size, ref_size;
	uint64_t n_objects, root, table;
	unsigned n_nodes;
	uint64_t n_bytes;
	const char *problem; /* the first one, which ends the walk */
	const PlistGuard *guard;
	bool no_memory;
} Binary;

static uint64_t get_number(const uint8_t *at, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value = value << 8 | at[i];
	return value;
}

static bool fail(Binary *b, const char *problem)
{
	if (!b->problem)
		b->problem = problem;
	return false;
}

static bool read_trailer(Binary *b)
{
	const uint8_t *trailer;

	if (b->size < HEADER_SIZE + TRAILER_SIZE || memcmp(b->data, HEADER, HEADER_SIZE) != 0)
		return fail(b, "its head is wrong");
	trailer = b->data + b->size - TRAILER_SIZE;
	b->offset_size = trailer[6];
	b->ref_size = trailer[7];
	b->n_objects = get_number(trailer + 8, 8);
	b->root = get_number(trailer + 16, 8);
	b->table = get_number(trailer + 24, 8);
	if (b->offset_size < 1 || b->offset_size > 8 || b->ref_size < 1 || b->ref_size > 8)
		return fail(b, "its sizes are wrong");
	if (b->table < HEADER_SIZE || b->table > b->size - TRAILER_SIZE || b->n_objects == 0 ||
		b->n_objects > (b->size - TRAILER_SIZE - b->table) / b->offset_size)
		return fail(b, "its table of offsets does not fit");
	return true;
}

/* The count of an object whose first byte is at *at; *at is moved behind it. */
static bool read_count(Binary *b, size_t *at, uint64_t *ret)
{
	unsigned low = b->data[*at] & 0x0f;

	*at += 1;
	*ret = low;
	if (low != 0x0f)
		return true;
	if (*at >= b->table || (b->data[*at] & 0xf0) != 0x10 || (b->data[*at] & 0x0f) > 3)
		return fail(b, "the size of an object is wrong");
	low = 1U << (b->data[*at] & 0x0f);
	*at += 1;
	if (low > b->table - *at)
		return fail(b, "an object is cut off");
	*ret = get_number(b->data + *at, low);
	*at += low;
	return true;
}

static bool visit(Binary *b, uint64_t index, unsigned depth, bool is_key);

/* n references at @at: of a dictionary, the first half of them to its keys. */
static bool visit_refs(Binary *b, size_t at, uint64_t n, uint64_t n_keys, unsigned depth)
{
	if (depth >= b->guard->depth_max)
		return fail(b, "it is nested too deeply");
	if (n > (b->table - at) / b->ref_size)
		return fail(b, "an object is cut off");
	for (uint64_t i = 0; i < n; i++)
		if (!visit(b, get_number(b->data + at + i * b->ref_size, b->ref_size), depth + 1,
			    i < n_keys))
			return false;
	return true;
}

/* Bytes of an object with nothing in it. */
static bool has_room(Binary *b, size_t at, uint64_t n, unsigned each)
{
	if (n > (b->table - at) / each)
		return fail(b, "an object is cut off");
	b->n_bytes += n * each;
	return b->n_bytes <= b->guard->n_bytes_max || fail(b, "it is too large");
}

/* libplist gives up the whole process over a NUL in a key. */
static bool is_ascii(const uint8_t *text, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (text[i] == 0 || text[i] >= 0x80)
			return false;
	return true;
}

/* No NUL, and surrogates in pairs only. */
static bool is_utf16(const uint8_t *text, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t unit = get_number(text + 2 * i, 2);

		if (unit == 0 || (unit >= 0xdc00 && unit < 0xe000))
			return false;
		if (unit < 0xd800 || unit >= 0xe000)
			continue;
		if (++i == n || (text[2 * i] & 0xfc) != 0xdc)
			return false;
	}
	return true;
}

static bool visit_text(Binary *b, size_t at, bool is_wide)
{
	uint64_t n;

	if (!read_count(b, &at, &n) || !has_room(b, at, n, is_wide ? 2 : 1))
		return false;
	if (is_wide ? is_utf16(b->data + at, n) : is_ascii(b->data + at, n))
		return true;
	return fail(b, "a string is wrong");
}

/* Seconds since the beginning of 2001. */
static bool visit_date(Binary *b, size_t at)
{
	uint64_t bits;
	double seconds, whole;
	int64_t ns;

	if (!has_room(b, at, 8, 1))
		return false;
	bits = get_number(b->data + at, 8);
	memcpy(&seconds, &bits, sizeof(seconds));
	whole = floor(seconds);
	/* Negated: also NaN. */
	if (!(whole > -1e11 && whole < 1e11) ||
		__builtin_mul_overflow((int64_t)whole + EPOCH_S, NS_PER_S, &ns) ||
		__builtin_add_overflow(ns, llround((seconds - whole) * (double)NS_PER_S), &ns))
		return fail(b, "a date is out of range");
	if (b->guard->notes && plist_notes_add_date(b->guard->notes, ns) < 0) {
		b->no_memory = true;
		return false;
	}
	return true;
}

static bool visit_object(Binary *b, size_t at, unsigned depth)
{
	uint8_t first = b->data[at];
	uint64_t n = first & 0x0f;

	switch (first & 0xf0) {
	case 0x00:
		return first == 0x08 || first == 0x09 || fail(b, "a simple object is of no kind");
	case 0x10: /* an integer; none of 16 bytes: libplist would take half of it */
	case 0x20: /* a real */
		if (n > 3)
			return fail(b, "a number has more than 8 bytes");
		if ((first & 0xf0) == 0x20 && n < 2)
			return fail(b, "a real has less than 4 bytes");
		return has_room(b, at + 1, 1U << n, 1);
	case 0x30:
		return first == 0x33 ? visit_date(b, at + 1) : fail(b, "a date is wrong");
	case 0x40:
		return read_count(b, &at, &n) && has_room(b, at, n, 1);
	case 0x50:
	case 0x60:
		return visit_text(b, at, (first & 0xf0) == 0x60);
	case 0xa0:
		return read_count(b, &at, &n) && visit_refs(b, at, n, 0, depth);
	case 0xd0:
		if (!read_count(b, &at, &n))
			return false;
		/* Twice as many references; n fits, or the test that follows fails anyway. */
		return n <= b->size ? visit_refs(b, at, 2 * n, n, depth)
				    : fail(b, "an object is cut off");
	default:
		return fail(b, "an object is of no kind that belongs into it");
	}
}

static bool visit(Binary *b, uint64_t index, unsigned depth, bool is_key)
{
	uint64_t at;

	if (index >= b->n_objects)
		return fail(b, "there is no such object");
	if (++b->n_nodes > b->guard->n_nodes_max)
		return fail(b, "it has too many values");
	at = get_number(b->data + b->table + index * b->offset_size, b->offset_size);
	if (at < HEADER_SIZE || at >= b->table)
		return fail(b, "an offset is wrong");
	if (is_key && (b->data[at] & 0xf0) != 0x50 && (b->data[at] & 0xf0) != 0x60)
		return fail(b, "a key is not a string");
	if (is_key && b->guard->notes)
		b->guard->notes->n_keys++;
	return visit_object(b, (size_t)at, depth);
}

int plist_binary_check(const PlistGuard *guard, const uint8_t *data, size_t size)
{
	Binary b = {.data = data, .size = size, .guard = guard};
	PlistProblem problem = {0};

	assert(guard->depth_max <= PLIST_GUARD_DEPTH_MAX);
	if (read_trailer(&b) && visit(&b, b.root, 0, false))
		return 0;
	if (b.no_memory)
		return error_origin(-ENOMEM);
	problem.text = b.problem;
	return guard->report(guard->data, &problem) < 0 ? -ENOMEM : 0;
}
