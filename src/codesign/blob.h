/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_BLOB_H
#define PORTCULLIS_CODESIGN_BLOB_H

/*
 * Blobs: what signatures, requirements and entitlements are kept in.
 *
 * A blob is a magic number, its own length with these eight bytes, and a content that the magic
 * tells. A SuperBlob's content is an index of {slot, offset} and other blobs: the signature of a file
 * is one, a set of requirements another. All numbers are big-endian 32-bit, whatever the machine.
 *
 * A view borrows the bytes and never looks outside them. What a view or a SuperBlob was decoded from
 * may come from a stranger; once decoded, its accessors cannot fail.
 *
 * There is one encoding of each SuperBlob, and the decoder takes no other: the blobs follow each
 * other and the index without gap or overlap in the order of the index, the slots ascend strictly, and
 * the length says where the last one ends. So nothing can be hidden between blobs, no blob can be
 * read as two, and encoding what was decoded gives the same bytes.
 *
 * Not thread-safe, but for views, which are constant.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"

enum {
	_BLOB_E_SUCCESS,
	BLOB_E_SHORT, /* the bytes end before what they promise, or have no room for a header */
	BLOB_E_MAGIC, /* another kind of blob than was asked for */
	BLOB_E_LENGTH, /* the length is not that of what holds the blob */
	BLOB_E_INDEX, /* slots that do not ascend, blobs that do not follow each other */
	BLOB_E_TOO_BIG, /* larger than BLOB_MAX, or more blobs than SUPERBLOB_COUNT_MAX */
	_BLOB_E_N,
};

/* The magic numbers of the lineage, all that we know. */
#define BLOB_MAGIC_REQUIREMENT UINT32_C(0xfade0c00)
#define BLOB_MAGIC_REQUIREMENTS UINT32_C(0xfade0c01)
#define BLOB_MAGIC_CODE_DIRECTORY UINT32_C(0xfade0c02)
#define BLOB_MAGIC_SIGNATURE UINT32_C(0xfade0cc0) /* SuperBlob: the signature of one file */
#define BLOB_MAGIC_DETACHED UINT32_C(0xfade0cc1) /* SuperBlob of such, one for each architecture */
#define BLOB_MAGIC_WRAPPER UINT32_C(0xfade0b01) /* any bytes: CMS, identification */
#define BLOB_MAGIC_ENTITLEMENTS UINT32_C(0xfade7171) /* a property list, as XML */
#define BLOB_MAGIC_ENTITLEMENTS_DER UINT32_C(0xfade7172)
#define BLOB_MAGIC_LAUNCH_CONSTRAINT UINT32_C(0xfade8181)

#define BLOB_HEADER_SIZE 8u
/* Nobody signs with more; a length above it is refused before anything is read or allocated. */
#define BLOB_MAX (64u * 1024 * 1024)
#define SUPERBLOB_COUNT_MAX 4096u

/* Big-endian numbers at any address. */
uint16_t blob_read_be16(const uint8_t *p);
uint32_t blob_read_be32(const uint8_t *p);
uint64_t blob_read_be64(const uint8_t *p);
void blob_write_be32(uint8_t *p, uint32_t v);
void blob_write_be64(uint8_t *p, uint64_t v);

/* The same for readers and writers; results as bytes_get_u32() and bytes_put_u32() have them. */
int blob_get_be32(ByteReader *r, uint32_t *ret) _warn_unused_;
int blob_get_be64(ByteReader *r, uint64_t *ret) _warn_unused_;
int blob_put_be32(ByteWriter *w, uint32_t v) _warn_unused_;
int blob_put_be64(ByteWriter *w, uint64_t v) _warn_unused_;

/* The lineage's string of bytes: length, bytes, zeros up to a multiple of 4. The get borrows, and
 * takes no padding but zeros (BYTES_E_SHORT for that, too: `failed` is set). */
int blob_get_data(ByteReader *r, const uint8_t **ret_data, size_t *ret_size) _warn_unused_;
int blob_put_data(ByteWriter *w, const void *data, size_t size) _warn_unused_;

typedef struct BlobView {
	const uint8_t *data; /* the header included; borrowed */
	uint32_t size; /* of all of it; at least BLOB_HEADER_SIZE once decoded */
	uint32_t magic;
} BlobView;

#define BLOB_VIEW_NULL ((BlobView){0})

/* The blob that fills @data exactly. @magic 0 takes any. Returns 0, BLOB_E_SHORT, BLOB_E_MAGIC,
 * BLOB_E_LENGTH or BLOB_E_TOO_BIG. */
int blob_decode(const void *data, size_t size, uint32_t magic, BlobView *ret) _warn_unused_;

/* The blob at the beginning of @data; what follows it is not looked at. */
int blob_decode_prefix(const void *data, size_t size, uint32_t magic, BlobView *ret) _warn_unused_;

/* What follows the header; borrowed. */
const uint8_t *blob_get_payload(BlobView blob, size_t *ret_size);

/* Append a blob of @magic with @payload as its content. Returns 0, BYTES_E_FULL or -ENOMEM. */
int blob_encode(ByteWriter *w, uint32_t magic, const void *payload, size_t size) _warn_unused_;

/* A SuperBlob that was checked as a whole. */
typedef struct SuperBlob {
	BlobView blob;
	uint32_t n; /* blobs in it */
} SuperBlob;

/* Returns 0 or any BLOB_E_*. @magic as for blob_decode(). Of the blobs inside only the headers are
 * looked at. */
int superblob_decode(const void *data, size_t size, uint32_t magic, SuperBlob *ret) _warn_unused_;

/* The @i-th blob, with its slot unless @ret_slot is NULL; @i < n. */
BlobView superblob_get(const SuperBlob *self, uint32_t i, uint32_t *ret_slot);

/* Whether there is a blob at @slot; only then *ret is set. */
bool superblob_find(const SuperBlob *self, uint32_t slot, BlobView *ret);

/* Makes a SuperBlob. What is added is copied. */
typedef struct SuperBlobItem SuperBlobItem;
typedef struct SuperBlobBuilder {
	SuperBlobItem *items; /* by slot, ascending */
	uint32_t n;
	uint32_t size; /* room for so many */
} SuperBlobBuilder;

void superblob_builder_init(SuperBlobBuilder *self);
void superblob_builder_deinit(SuperBlobBuilder *self);

#define _cleanup_superblob_builder_ _cleanup_(superblob_builder_deinit)

/* Put the blob @data at @slot, in place of what may be there. It must be one whole blob. Returns 0,
 * what blob_decode() returns, BLOB_E_TOO_BIG, or -ENOMEM. */
int superblob_builder_add(
	SuperBlobBuilder *self, uint32_t slot, const void *data, size_t size) _warn_unused_;

/* The same with a blob of @magic made of @payload. */
int superblob_builder_add_payload(SuperBlobBuilder *self, uint32_t slot, uint32_t magic,
	const void *payload, size_t size) _warn_unused_;

/* All of it, in memory that the caller frees. Returns 0, BLOB_E_TOO_BIG or -ENOMEM. */
int superblob_builder_encode(const SuperBlobBuilder *self, uint32_t magic, uint8_t **ret,
	size_t *ret_size) _warn_unused_;

#endif
