/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs and SuperBlobs: one encoding is taken, and everything else refused. */

#include "codesign/blob.h"
#include "tests/lib/unit.h"

static const uint8_t SET[] = {0xfa, 0xde, 0x0c, 0x01, 0, 0, 0, 48, 0, 0, 0,
	2, /* header, two blobs */
	0, 0, 0, 1, 0, 0, 0, 28, /* slot 1 at 28 */
	0, 0, 0, 3, 0, 0, 0, 36, /* slot 3 at 36 */
	0xfa, 0xde, 0x0c, 0x00, 0, 0, 0, 8, /* empty */
	0xfa, 0xde, 0x0c, 0x00, 0, 0, 0, 12, 1, 2, 3, 4};

TEST(a_blob_has_magic_length_and_payload)
{
	static const uint8_t bytes[] = {0xfa, 0xde, 0x0b, 0x01, 0, 0, 0, 10, 7, 8};
	BlobView blob;
	size_t size;

	ASSERT_OK(blob_decode(bytes, sizeof(bytes), 0, &blob));
	ASSERT_EQ(blob.magic, BLOB_MAGIC_WRAPPER);
	ASSERT_EQ(blob.size, 10);
	ASSERT_EQ(blob_get_payload(blob, &size)[1], 8);
	ASSERT_EQ(size, 2);
	ASSERT_OK(blob_decode(bytes, sizeof(bytes), BLOB_MAGIC_WRAPPER, &blob));
	ASSERT_EQ(blob_decode(bytes, sizeof(bytes), BLOB_MAGIC_REQUIREMENT, &blob), BLOB_E_MAGIC);
	ASSERT_EQ(blob_decode(bytes, sizeof(bytes) - 1, 0, &blob), BLOB_E_SHORT);
	for (size_t n = 0; n < 8; n++)
		ASSERT_EQ(blob_decode(bytes, n, 0, &blob), BLOB_E_SHORT);
}

TEST(the_length_of_a_blob_is_that_of_its_bytes)
{
	uint8_t bytes[16] = {0xfa, 0xde, 0x0b, 0x01, 0, 0, 0, 12};
	BlobView blob;

	ASSERT_EQ(blob_decode(bytes, sizeof(bytes), 0, &blob), BLOB_E_LENGTH);
	ASSERT_OK(blob_decode_prefix(bytes, sizeof(bytes), 0, &blob));
	ASSERT_EQ(blob.size, 12);
	blob_write_be32(bytes + 4, 7);
	ASSERT_EQ(blob_decode_prefix(bytes, sizeof(bytes), 0, &blob), BLOB_E_LENGTH);
	blob_write_be32(bytes + 4, 0);
	ASSERT_EQ(blob_decode_prefix(bytes, sizeof(bytes), 0, &blob), BLOB_E_LENGTH);
	blob_write_be32(bytes + 4, UINT32_MAX);
	ASSERT_EQ(blob_decode_prefix(bytes, sizeof(bytes), 0, &blob), BLOB_E_TOO_BIG);
	blob_write_be32(bytes + 4, BLOB_MAX);
	ASSERT_EQ(blob_decode_prefix(bytes, sizeof(bytes), 0, &blob), BLOB_E_SHORT);
}

TEST(a_superblob_is_read)
{
	SuperBlob s;
	BlobView blob;
	uint32_t slot;

	ASSERT_OK(superblob_decode(SET, sizeof(SET), BLOB_MAGIC_REQUIREMENTS, &s));
	ASSERT_EQ(s.n, 2);
	blob = superblob_get(&s, 0, &slot);
	ASSERT_EQ(slot, 1);
	ASSERT_EQ(blob.size, 8);
	ASSERT_TRUE(superblob_find(&s, 3, &blob));
	ASSERT_EQ(blob.size, 12);
	ASSERT_PTR_EQ(blob.data, SET + 36);
	ASSERT_FALSE(superblob_find(&s, 2, &blob));
	ASSERT_EQ(superblob_decode(SET, sizeof(SET), BLOB_MAGIC_SIGNATURE, &s), BLOB_E_MAGIC);
}

/* One byte of the header or the index is changed in every way: only what the index does not cover,
 * the slots that still ascend and the content, may be taken. */
TEST(no_other_index_is_taken)
{
	for (size_t at = 0; at < 44; at++) {
		for (unsigned v = 0; v < 256; v++) {
			uint8_t bytes[sizeof(SET)];
			SuperBlob s;
			bool is_slot = (at >= 12 && at < 16) || (at >= 20 && at < 24);
			bool is_magic = (at >= 28 && at < 32) || (at >= 36 && at < 40);

			memcpy(bytes, SET, sizeof(SET));
			if (bytes[at] == v)
				continue;
			bytes[at] = (uint8_t)v;
			if (superblob_decode(bytes, sizeof(bytes), BLOB_MAGIC_REQUIREMENTS, &s) !=
				0)
				continue;
			if (is_slot)
				ASSERT_LT(blob_read_be32(bytes + 12), blob_read_be32(bytes + 20));
			else
				ASSERT_TRUE(is_magic);
		}
	}
}

TEST(gaps_overlaps_and_cut_ends_are_refused)
{
	uint8_t bytes[sizeof(SET) + 4];
	SuperBlob s;

	for (size_t n = 0; n < sizeof(SET); n++)
		ASSERT_NE(superblob_decode(SET, n, 0, &s), 0);
	/* Four bytes that belong to no blob: at the end, and between. */
	memcpy(bytes, SET, sizeof(SET));
	memset(bytes + sizeof(SET), 0, 4);
	blob_write_be32(bytes + 4, sizeof(bytes));
	ASSERT_EQ(superblob_decode(bytes, sizeof(bytes), 0, &s), BLOB_E_INDEX);
	memmove(bytes + 40, bytes + 36, 12);
	blob_write_be32(bytes + 24, 40);
	ASSERT_EQ(superblob_decode(bytes, sizeof(bytes), 0, &s), BLOB_E_INDEX);
	/* Two slots, one blob. */
	memcpy(bytes, SET, sizeof(SET));
	blob_write_be32(bytes + 24, 28);
	ASSERT_EQ(superblob_decode(bytes, sizeof(SET), 0, &s), BLOB_E_INDEX);
	/* A count that overflows when it is multiplied. */
	memcpy(bytes, SET, sizeof(SET));
	blob_write_be32(bytes + 8, 0x20000000);
	ASSERT_EQ(superblob_decode(bytes, sizeof(SET), 0, &s), BLOB_E_TOO_BIG);
	blob_write_be32(bytes + 8, 5);
	ASSERT_EQ(superblob_decode(bytes, sizeof(SET), 0, &s), BLOB_E_SHORT);
}

TEST(what_is_built_can_be_read_and_is_the_same)
{
	_cleanup_superblob_builder_ SuperBlobBuilder b;
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t size;

	superblob_builder_init(&b);
	ASSERT_OK(superblob_builder_add(&b, 3, SET, sizeof(SET)));
	ASSERT_OK(superblob_builder_add_payload(&b, 1, BLOB_MAGIC_REQUIREMENT, NULL, 0));
	ASSERT_OK(superblob_builder_add(&b, 3, SET + 36, 12)); /* in place of the first */
	ASSERT_OK(superblob_builder_encode(&b, BLOB_MAGIC_REQUIREMENTS, &bytes, &size));
	ASSERT_EQ(size, sizeof(SET));
	ASSERT_MEMEQ(bytes, SET, sizeof(SET));
	ASSERT_EQ(superblob_builder_add(&b, 9, SET, 20), BLOB_E_SHORT);
}

TEST(a_builder_keeps_many_in_order_and_no_more_than_the_limit)
{
	_cleanup_superblob_builder_ SuperBlobBuilder b;
	_cleanup_free_ uint8_t *bytes = NULL;
	SuperBlob s;
	size_t size;
	uint32_t slot;

	superblob_builder_init(&b);
	for (uint32_t i = SUPERBLOB_COUNT_MAX; i > 0; i--)
		ASSERT_OK(superblob_builder_add_payload(&b, i * 3, BLOB_MAGIC_WRAPPER, &i, 2));
	ASSERT_EQ(
		superblob_builder_add_payload(&b, 1, BLOB_MAGIC_WRAPPER, NULL, 0), BLOB_E_TOO_BIG);
	ASSERT_OK(superblob_builder_encode(&b, BLOB_MAGIC_SIGNATURE, &bytes, &size));
	ASSERT_OK(superblob_decode(bytes, size, BLOB_MAGIC_SIGNATURE, &s));
	ASSERT_EQ(s.n, SUPERBLOB_COUNT_MAX);
	(void)superblob_get(&s, 10, &slot);
	ASSERT_EQ(slot, 33);
}

TEST(an_empty_superblob_is_one)
{
	_cleanup_superblob_builder_ SuperBlobBuilder b;
	_cleanup_free_ uint8_t *bytes = NULL;
	SuperBlob s;
	size_t size;

	superblob_builder_init(&b);
	ASSERT_OK(superblob_builder_encode(&b, BLOB_MAGIC_REQUIREMENTS, &bytes, &size));
	ASSERT_EQ(size, 12);
	ASSERT_OK(superblob_decode(bytes, size, 0, &s));
	ASSERT_EQ(s.n, 0);
}

TEST(data_is_padded_with_zeros)
{
	uint8_t storage[32];
	ByteWriter w;
	ByteReader r;
	const uint8_t *data;
	size_t size;

	bytes_writer_init_fixed(&w, storage, sizeof(storage));
	ASSERT_OK(blob_put_data(&w, "abcde", 5));
	ASSERT_OK(blob_put_be32(&w, 7));
	ASSERT_EQ(w.used, 16);
	bytes_reader_init(&r, storage, w.used);
	ASSERT_OK(blob_get_data(&r, &data, &size));
	ASSERT_EQ(size, 5);
	ASSERT_MEMEQ(data, "abcde", 5);
	ASSERT_EQ(r.left, 4);
	ASSERT_NE(blob_get_data(&r, &data, &size), 0); /* 7 bytes that are not there */
	ASSERT_TRUE(r.failed);
	storage[10] = 1;
	bytes_reader_init(&r, storage, w.used);
	ASSERT_NE(blob_get_data(&r, &data, &size), 0);
}

TEST(numbers_are_big_endian)
{
	uint8_t b[8];
	ByteReader r;
	uint64_t v;

	blob_write_be64(b, UINT64_C(0x0102030405060708));
	ASSERT_EQ(b[0], 1);
	ASSERT_EQ(b[7], 8);
	ASSERT_EQ(blob_read_be64(b), UINT64_C(0x0102030405060708));
	ASSERT_EQ(blob_read_be32(b + 4), 0x05060708);
	ASSERT_EQ(blob_read_be16(b + 2), 0x0304);
	bytes_reader_init(&r, b, 8);
	ASSERT_OK(blob_get_be64(&r, &v));
	ASSERT_EQ(v, UINT64_C(0x0102030405060708));
	ASSERT_NE(blob_get_be64(&r, &v), 0);
}
