/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs and SuperBlobs. blob.h says what a decoder takes.
 *
 * Invariant of a builder: the items are sorted by slot, and each has one whole blob of its own.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "codesign/blob.h"

#define INDEX_START 12u /* magic, length, count */
#define INDEX_ENTRY 8u /* slot, offset */

struct SuperBlobItem {
	uint32_t slot;
	uint32_t size;
	uint8_t *data;
};

uint16_t blob_read_be16(const uint8_t *p)
{
	return (uint16_t)((p[0] << 8) | p[1]);
}

uint32_t blob_read_be32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

uint64_t blob_read_be64(const uint8_t *p)
{
	return ((uint64_t)blob_read_be32(p) << 32) | blob_read_be32(p + 4);
}

void blob_write_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

void blob_write_be64(uint8_t *p, uint64_t v)
{
	blob_write_be32(p, (uint32_t)(v >> 32));
	blob_write_be32(p + 4, (uint32_t)v);
}

int blob_get_be32(ByteReader *r, uint32_t *ret)
{
	const uint8_t *p;
	int e = bytes_get_blob(r, 4, &p);

	if (e == 0)
		*ret = blob_read_be32(p);
	return e;
}

int blob_get_be64(ByteReader *r, uint64_t *ret)
{
	const uint8_t *p;
	int e = bytes_get_blob(r, 8, &p);

	if (e == 0)
		*ret = blob_read_be64(p);
	return e;
}

int blob_put_be32(ByteWriter *w, uint32_t v)
{
	uint8_t b[4];

	blob_write_be32(b, v);
	return bytes_put_blob(w, b, sizeof(b));
}

int blob_put_be64(ByteWriter *w, uint64_t v)
{
	uint8_t b[8];

	blob_write_be64(b, v);
	return bytes_put_blob(w, b, sizeof(b));
}

int blob_get_data(ByteReader *r, const uint8_t **ret_data, size_t *ret_size)
{
	ByteReader try = *r;
	const uint8_t *data, *pad;
	uint32_t size;
	size_t n_pad;

	r->failed = true; /* unless the end is reached */
	if (blob_get_be32(&try, &size) != 0 || bytes_get_blob(&try, size, &data) != 0)
		return BYTES_E_SHORT;
	n_pad = -(size_t)size & 3;
	if (bytes_get_blob(&try, n_pad, &pad) != 0)
		return BYTES_E_SHORT;
	for (size_t i = 0; i < n_pad; i++)
		if (pad[i] != 0)
			return BYTES_E_SHORT;
	*r = try;
	*ret_data = data;
	*ret_size = size;
	return 0;
}

int blob_put_data(ByteWriter *w, const void *data, size_t size)
{
	int r;

	if (size > BLOB_MAX) {
		w->failed = true;
		return BYTES_E_FULL;
	}
	r = blob_put_be32(w, (uint32_t)size);
	if (r == 0)
		r = bytes_put_blob(w, data, size);
	if (r == 0)
		r = bytes_put_zero(w, -size & 3);
	return r;
}

int blob_decode_prefix(const void *data, size_t size, uint32_t magic, BlobView *ret)
{
	const uint8_t *p = data;
	uint32_t found, length;

	if (size < BLOB_HEADER_SIZE)
		return BLOB_E_SHORT;
	found = blob_read_be32(p);
	length = blob_read_be32(p + 4);
	if (magic != 0 && found != magic)
		return BLOB_E_MAGIC;
	if (length < BLOB_HEADER_SIZE)
		return BLOB_E_LENGTH;
	if (length > BLOB_MAX)
		return BLOB_E_TOO_BIG;
	if (length > size)
		return BLOB_E_SHORT;
	*ret = (BlobView){.data = p, .size = length, .magic = found};
	return 0;
}

int blob_decode(const void *data, size_t size, uint32_t magic, BlobView *ret)
{
	BlobView blob;
	int r = blob_decode_prefix(data, size, magic, &blob);

	if (r != 0)
		return r;
	if (blob.size != size)
		return BLOB_E_LENGTH;
	*ret = blob;
	return 0;
}

const uint8_t *blob_get_payload(BlobView blob, size_t *ret_size)
{
	assert(blob.size >= BLOB_HEADER_SIZE);
	*ret_size = blob.size - BLOB_HEADER_SIZE;
	return blob.data + BLOB_HEADER_SIZE;
}

int blob_encode(ByteWriter *w, uint32_t magic, const void *payload, size_t size)
{
	int r;

	if (size > BLOB_MAX - BLOB_HEADER_SIZE) {
		w->failed = true;
		return BYTES_E_FULL;
	}
	r = blob_put_be32(w, magic);
	if (r == 0)
		r = blob_put_be32(w, (uint32_t)size + BLOB_HEADER_SIZE);
	if (r == 0)
		r = bytes_put_blob(w, payload, size);
	return r;
}

/* Whether the blobs tile what follows the index, in its order. */
static int check_index(BlobView blob, uint32_t n)
{
	uint32_t at = INDEX_START + n * INDEX_ENTRY, last_slot = 0;

	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *entry = blob.data + INDEX_START + i * INDEX_ENTRY;
		uint32_t slot = blob_read_be32(entry);
		BlobView inner;
		int r;

		if ((i > 0 && slot <= last_slot) || blob_read_be32(entry + 4) != at)
			return BLOB_E_INDEX;
		r = blob_decode_prefix(blob.data + at, blob.size - at, 0, &inner);
		if (r != 0)
			return r;
		at += inner.size;
		last_slot = slot;
	}
	return at == blob.size ? 0 : BLOB_E_INDEX;
}

int superblob_decode(const void *data, size_t size, uint32_t magic, SuperBlob *ret)
{
	BlobView blob;
	uint32_t n;
	int r;

	r = blob_decode(data, size, magic, &blob);
	if (r != 0)
		return r;
	if (blob.size < INDEX_START)
		return BLOB_E_SHORT;
	n = blob_read_be32(blob.data + 8);
	if (n > SUPERBLOB_COUNT_MAX)
		return BLOB_E_TOO_BIG;
	if (n * INDEX_ENTRY > blob.size - INDEX_START)
		return BLOB_E_SHORT;
	r = check_index(blob, n);
	if (r != 0)
		return r;
	*ret = (SuperBlob){.blob = blob, .n = n};
	return 0;
}

BlobView superblob_get(const SuperBlob *self, uint32_t i, uint32_t *ret_slot)
{
	const uint8_t *entry = self->blob.data + INDEX_START + i * INDEX_ENTRY;
	const uint8_t *inner;

	assert(i < self->n);
	inner = self->blob.data + blob_read_be32(entry + 4);
	if (ret_slot)
		*ret_slot = blob_read_be32(entry);
	return (BlobView){
		.data = inner,
		.size = blob_read_be32(inner + 4),
		.magic = blob_read_be32(inner),
	};
}

bool superblob_find(const SuperBlob *self, uint32_t slot, BlobView *ret)
{
	for (uint32_t i = 0; i < self->n; i++) {
		uint32_t found;
		BlobView blob = superblob_get(self, i, &found);

		if (found == slot) {
			*ret = blob;
			return true;
		}
	}
	return false;
}

void superblob_builder_init(SuperBlobBuilder *self)
{
	*self = (SuperBlobBuilder){0};
}

static void item_clear(SuperBlobItem *item)
{
	free(item->data);
	item->data = NULL;
}

void superblob_builder_deinit(SuperBlobBuilder *self)
{
	for (uint32_t i = 0; i < self->n; i++)
		item_clear(&self->items[i]);
	free(self->items);
	*self = (SuperBlobBuilder){0};
}

/* The place of @slot: where it is, or where it would come. */
static uint32_t place_of(const SuperBlobBuilder *self, uint32_t slot)
{
	uint32_t i = 0;

	while (i < self->n && self->items[i].slot < slot)
		i++;
	return i;
}

/* An empty item at @i; those behind it move on. */
static int insert_item(SuperBlobBuilder *self, uint32_t i, uint32_t slot)
{
	if (self->n == SUPERBLOB_COUNT_MAX)
		return BLOB_E_TOO_BIG;
	if (self->n == self->size) {
		uint32_t size = MAX(self->size * 2, 8u);
		SuperBlobItem *items = reallocarray(self->items, size, sizeof(*items));

		if (!items)
			return error_origin(-ENOMEM);
		self->items = items;
		self->size = size;
	}
	memmove(&self->items[i + 1], &self->items[i], (self->n - i) * sizeof(*self->items));
	self->items[i] = (SuperBlobItem){.slot = slot};
	self->n++;
	return 0;
}

/* The bytes go in as they are; they are one whole blob. */
static int builder_add_take(SuperBlobBuilder *self, uint32_t slot, uint8_t *data, uint32_t size)
{
	uint32_t i = place_of(self, slot);
	int r;

	if (i == self->n || self->items[i].slot != slot) {
		r = insert_item(self, i, slot);
		if (r != 0)
			return r;
	} else {
		item_clear(&self->items[i]);
	}
	self->items[i].data = data;
	self->items[i].size = size;
	return 0;
}

int superblob_builder_add(SuperBlobBuilder *self, uint32_t slot, const void *data, size_t size)
{
	_cleanup_free_ uint8_t *copy = NULL;
	BlobView blob;
	int r;

	r = blob_decode(data, size, 0, &blob);
	if (r != 0)
		return r;
	copy = malloc(size);
	if (!copy)
		return error_origin(-ENOMEM);
	memcpy(copy, data, size);
	r = builder_add_take(self, slot, copy, blob.size);
	if (r == 0)
		(void)TAKE_PTR(copy); /* it is the builder's now */
	return r;
}

int superblob_builder_add_payload(
	SuperBlobBuilder *self, uint32_t slot, uint32_t magic, const void *payload, size_t size)
{
	_cleanup_free_ uint8_t *blob = NULL;
	int r;

	if (size > BLOB_MAX - BLOB_HEADER_SIZE)
		return BLOB_E_TOO_BIG;
	blob = malloc(size + BLOB_HEADER_SIZE);
	if (!blob)
		return error_origin(-ENOMEM);
	blob_write_be32(blob, magic);
	blob_write_be32(blob + 4, (uint32_t)size + BLOB_HEADER_SIZE);
	if (size > 0)
		memcpy(blob + BLOB_HEADER_SIZE, payload, size);
	r = builder_add_take(self, slot, blob, (uint32_t)size + BLOB_HEADER_SIZE);
	if (r == 0)
		(void)TAKE_PTR(blob); /* it is the builder's now */
	return r;
}

int superblob_builder_encode(
	const SuperBlobBuilder *self, uint32_t magic, uint8_t **ret, size_t *ret_size)
{
	uint64_t size = INDEX_START + (uint64_t)self->n * INDEX_ENTRY;
	uint32_t at = (uint32_t)size;
	uint8_t *p;

	for (uint32_t i = 0; i < self->n; i++)
		size += self->items[i].size;
	if (size > BLOB_MAX)
		return BLOB_E_TOO_BIG;
	p = malloc(size);
	if (!p)
		return error_origin(-ENOMEM);
	blob_write_be32(p, magic);
	blob_write_be32(p + 4, (uint32_t)size);
	blob_write_be32(p + 8, self->n);
	for (uint32_t i = 0; i < self->n; i++) {
		uint8_t *entry = p + INDEX_START + i * INDEX_ENTRY;

		blob_write_be32(entry, self->items[i].slot);
		blob_write_be32(entry + 4, at);
		memcpy(p + at, self->items[i].data, self->items[i].size);
		at += self->items[i].size;
	}
	*ret = p;
	*ret_size = size;
	return 0;
}
