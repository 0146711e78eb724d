/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_BYTES_H
#define PORTCULLIS_BASE_BYTES_H

/*
 * Bounded reader and writer of bytes: the only way in which untrusted input is taken apart, and
 * output is put together. Numbers are in host order, since both ends run on one machine, and need
 * not be aligned.
 *
 * Reader: borrows the bytes. A get either returns 0 and advances past what it read, or returns
 * BYTES_E_SHORT, advances nothing, leaves *ret untouched, and sets `failed` for good: a decoder may
 * check every step, or run to the end and look at `failed` once.
 *
 * Writer: three storages behind one interface.
 *	bytes_writer_init_fixed()	the caller's memory, never grows
 *	bytes_writer_init_growable()	heap, doubles up to `max`, which must be given: there is no
 *					unbounded buffer in this project
 * A put either appends all of it or nothing. Once one failed, `failed` is set and all later puts
 * fail too, so that a gap cannot go unnoticed.
 *
 * Not thread-safe.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

enum {
	_BYTES_E_SUCCESS,
	BYTES_E_SHORT, /* the input ends before what was asked for */
	BYTES_E_FULL, /* the output would exceed its storage or its maximum */
	_BYTES_E_N,
};

typedef struct ByteReader {
	const uint8_t *p;
	size_t left;
	bool failed;
} ByteReader;

static inline void bytes_reader_init(ByteReader *r, const void *data, size_t size)
{
	*r = (ByteReader){.p = data, .left = size, .failed = false};
}

/* The next @n bytes, borrowed from the input; @n may be 0. */
static inline _warn_unused_ int bytes_get_blob(ByteReader *r, size_t n, const uint8_t **ret)
{
	if (unlikely(r->failed || n > r->left)) {
		r->failed = true;
		return BYTES_E_SHORT;
	}
	*ret = r->p;
	if (n > 0) /* p may be NULL then */
		r->p += n;
	r->left -= n;
	return 0;
}

/* The next @n bytes, copied to @dst. */
static inline _warn_unused_ int bytes_get_copy(ByteReader *r, void *dst, size_t n)
{
	const uint8_t *p;
	int e = bytes_get_blob(r, n, &p);

	if (likely(e == 0) && n > 0)
		memcpy(dst, p, n);
	return e;
}

static inline _warn_unused_ int bytes_get_skip(ByteReader *r, size_t n)
{
	const uint8_t *p;

	return bytes_get_blob(r, n, &p);
}

static inline _warn_unused_ int bytes_get_u8(ByteReader *r, uint8_t *ret)
{
	return bytes_get_copy(r, ret, sizeof(*ret));
}

static inline _warn_unused_ int bytes_get_u16(ByteReader *r, uint16_t *ret)
{
	return bytes_get_copy(r, ret, sizeof(*ret));
}

static inline _warn_unused_ int bytes_get_u32(ByteReader *r, uint32_t *ret)
{
	return bytes_get_copy(r, ret, sizeof(*ret));
}

static inline _warn_unused_ int bytes_get_u64(ByteReader *r, uint64_t *ret)
{
	return bytes_get_copy(r, ret, sizeof(*ret));
}

typedef struct ByteWriter {
	uint8_t *p;
	size_t size; /* room at p */
	size_t used;
	size_t max; /* size never exceeds this */
	bool owned; /* p is ours and may be reallocated */
	bool failed;
} ByteWriter;

void bytes_writer_init_fixed(ByteWriter *w, void *storage, size_t size);
void bytes_writer_init_growable(ByteWriter *w, size_t max);
void bytes_writer_deinit(ByteWriter *w);

#define _cleanup_bytes_writer_ _cleanup_(bytes_writer_deinit)

/* Append @n bytes of undefined content and return where they are, valid until the next put.
 * Returns 0, BYTES_E_FULL, or -ENOMEM (growable only). So do all puts. */
int bytes_put_space(ByteWriter *w, size_t n, uint8_t **ret) _warn_unused_;

int bytes_put_blob(ByteWriter *w, const void *data, size_t n) _warn_unused_;
int bytes_put_zero(ByteWriter *w, size_t n) _warn_unused_;

/* Append zeros until `used` is a multiple of @align, which is a power of two. */
int bytes_put_align(ByteWriter *w, size_t align) _warn_unused_;

static inline _warn_unused_ int bytes_put_u8(ByteWriter *w, uint8_t v)
{
	return bytes_put_blob(w, &v, sizeof(v));
}

static inline _warn_unused_ int bytes_put_u16(ByteWriter *w, uint16_t v)
{
	return bytes_put_blob(w, &v, sizeof(v));
}

static inline _warn_unused_ int bytes_put_u32(ByteWriter *w, uint32_t v)
{
	return bytes_put_blob(w, &v, sizeof(v));
}

static inline _warn_unused_ int bytes_put_u64(ByteWriter *w, uint64_t v)
{
	return bytes_put_blob(w, &v, sizeof(v));
}

/* The heap memory of a growable writer, for the caller to free; *ret_size is what is used of it.
 * The writer is empty and usable afterwards. NULL if nothing was ever put, or the writer failed. */
uint8_t *bytes_writer_steal(ByteWriter *w, size_t *ret_size);

#endif
