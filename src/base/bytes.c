/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer half of the bounded buffers; the reader is all inline in bytes.h.
 *
 * Invariants of a writer: used <= size <= max; p may be NULL only while size is 0; memory at or above
 * used is undefined. A growable writer's size doubles, so that appending n bytes one by one costs
 * O(n), and is clipped at max.
 */

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/error.h"

#define GROWABLE_START 64

void bytes_writer_init_fixed(ByteWriter *w, void *storage, size_t size)
{
	*w = (ByteWriter){.p = storage, .size = size, .max = size};
}

void bytes_writer_init_growable(ByteWriter *w, size_t max)
{
	*w = (ByteWriter){.max = max, .owned = true};
}

void bytes_writer_deinit(ByteWriter *w)
{
	if (w->owned)
		free(w->p);
	*w = (ByteWriter){0};
}

/* Make room for @n more bytes, which max allows. */
static int grow(ByteWriter *w, size_t n)
{
	size_t size = MAX(w->size, (size_t)GROWABLE_START);
	uint8_t *p;

	while (size - w->used < n)
		size = size > w->max / 2 ? w->max : size * 2;
	size = MIN(size, w->max);
	p = realloc(w->p, size);
	if (!p)
		return error_origin(-ENOMEM);
	w->p = p;
	w->size = size;
	return 0;
}

int bytes_put_space(ByteWriter *w, size_t n, uint8_t **ret)
{
	if (unlikely(w->failed || n > w->max - w->used)) {
		w->failed = true;
		return BYTES_E_FULL;
	}
	if (unlikely(n > w->size - w->used)) {
		int r = grow(w, n);

		if (r < 0) {
			w->failed = true;
			return error_trace(r);
		}
	}
	*ret = w->p;
	if (w->used > 0) /* else p may be NULL */
		*ret += w->used;
	w->used += n;
	return 0;
}

int bytes_put_blob(ByteWriter *w, const void *data, size_t n)
{
	uint8_t *p;
	int r = bytes_put_space(w, n, &p);

	if (r == 0 && n > 0)
		memcpy(p, data, n);
	return r;
}

int bytes_put_zero(ByteWriter *w, size_t n)
{
	uint8_t *p;
	int r = bytes_put_space(w, n, &p);

	if (r == 0 && n > 0)
		memset(p, 0, n);
	return r;
}

int bytes_put_align(ByteWriter *w, size_t align)
{
	assert(align > 0 && (align & (align - 1)) == 0);
	return bytes_put_zero(w, -w->used & (align - 1));
}

uint8_t *bytes_writer_steal(ByteWriter *w, size_t *ret_size)
{
	size_t max = w->max;
	uint8_t *p = NULL;

	assert(w->owned);
	*ret_size = 0;
	if (!w->failed) {
		*ret_size = w->used;
		p = TAKE_PTR(w->p);
	}
	bytes_writer_deinit(w);
	bytes_writer_init_growable(w, max);
	return p;
}
