/* SPDX-License-Identifier: Apache-2.0 */

#include "base/bytes.h"
#include "base/fd.h"
#include "base/sanitizer.h"
#include "tests/lib/unit.h"

TEST(what_is_put_is_got)
{
	_cleanup_bytes_writer_ ByteWriter w = {0};
	static const uint8_t five[5] = {1, 2, 3, 4, 5};
	const uint8_t *blob;
	uint8_t u8, copy[5];
	ByteReader r;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	bytes_writer_init_growable(&w, 4096);
	ASSERT_OK(bytes_put_u8(&w, 0x12));
	ASSERT_OK(bytes_put_u16(&w, 0x3456));
	ASSERT_OK(bytes_put_u32(&w, 0x789abcde));
	ASSERT_OK(bytes_put_u64(&w, UINT64_C(0x1122334455667788)));
	ASSERT_OK(bytes_put_blob(&w, five, sizeof(five)));
	ASSERT_OK(bytes_put_blob(&w, five, sizeof(five)));
	ASSERT_OK(bytes_put_zero(&w, 3));
	ASSERT_EQ(w.used, 28u);

	bytes_reader_init(&r, w.p, w.used);
	ASSERT_OK(bytes_get_u8(&r, &u8));
	ASSERT_OK(bytes_get_u16(&r, &u16));
	ASSERT_OK(bytes_get_u32(&r, &u32));
	ASSERT_OK(bytes_get_u64(&r, &u64));
	ASSERT_EQ(u8, 0x12);
	ASSERT_EQ(u16, 0x3456);
	ASSERT_EQ(u32, 0x789abcdeu);
	ASSERT_EQ(u64, UINT64_C(0x1122334455667788));
	ASSERT_OK(bytes_get_blob(&r, sizeof(five), &blob));
	ASSERT_PTR_EQ(blob, w.p + 15);
	ASSERT_MEMEQ(blob, five, sizeof(five));
	ASSERT_OK(bytes_get_copy(&r, copy, sizeof(copy)));
	ASSERT_MEMEQ(copy, five, sizeof(five));
	ASSERT_OK(bytes_get_skip(&r, 3));
	ASSERT_EQ(r.left, 0u);
	ASSERT_FALSE(r.failed);
}

TEST(short_read_changes_nothing_and_sticks)
{
	static const uint8_t three[3] = {1, 2, 3};
	const uint8_t *blob = NULL;
	ByteReader r;
	uint32_t u32 = 7;
	uint8_t u8 = 7;

	bytes_reader_init(&r, three, sizeof(three));
	ASSERT_EQ(bytes_get_u32(&r, &u32), BYTES_E_SHORT);
	ASSERT_EQ(u32, 7u);
	ASSERT_EQ(r.left, 3u);
	ASSERT_PTR_EQ(r.p, three);
	ASSERT_TRUE(r.failed);
	ASSERT_EQ(bytes_get_u8(&r, &u8), BYTES_E_SHORT);
	ASSERT_EQ(u8, 7);

	bytes_reader_init(&r, three, sizeof(three));
	ASSERT_EQ(bytes_get_blob(&r, SIZE_MAX, &blob), BYTES_E_SHORT);
	ASSERT_NULL(blob);
	ASSERT_EQ(bytes_get_skip(&r, 0), BYTES_E_SHORT);
}

TEST(empty_input)
{
	const uint8_t *blob;
	ByteReader r;
	uint8_t u8;

	bytes_reader_init(&r, NULL, 0);
	ASSERT_OK(bytes_get_blob(&r, 0, &blob));
	ASSERT_OK(bytes_get_copy(&r, NULL, 0));
	ASSERT_EQ(bytes_get_u8(&r, &u8), BYTES_E_SHORT);
}

TEST(fixed_writer_stops_at_its_end)
{
	uint8_t storage[6] = {0};
	ByteWriter w;

	bytes_writer_init_fixed(&w, storage, 5);
	ASSERT_OK(bytes_put_u32(&w, 0xffffffff));
	ASSERT_EQ(bytes_put_u16(&w, 0xffff), BYTES_E_FULL);
	ASSERT_EQ(w.used, 4u);
	/* It would fit, but then the output had a hole. */
	ASSERT_EQ(bytes_put_u8(&w, 0xff), BYTES_E_FULL);
	ASSERT_EQ(storage[4], 0);
	ASSERT_EQ(storage[5], 0);
	bytes_writer_deinit(&w);

	bytes_writer_init_fixed(&w, NULL, 0);
	ASSERT_OK(bytes_put_blob(&w, NULL, 0));
	ASSERT_EQ(bytes_put_zero(&w, 1), BYTES_E_FULL);
}

TEST(growable_writer_stops_at_its_maximum)
{
	_cleanup_bytes_writer_ ByteWriter w = {0};
	static const uint8_t data[1000];
	volatile size_t huge = SIZE_MAX; /* or the compiler sees it coming */

	bytes_writer_init_growable(&w, sizeof(data));
	for (size_t i = 0; i < 999; i++)
		ASSERT_OK(bytes_put_u8(&w, (uint8_t)i));
	ASSERT_LE(w.size, sizeof(data));
	for (size_t i = 0; i < 999; i++)
		ASSERT_EQ(w.p[i], (uint8_t)i);
	ASSERT_OK(bytes_put_u8(&w, 1));
	ASSERT_EQ(bytes_put_u8(&w, 1), BYTES_E_FULL);
	ASSERT_EQ(w.used, sizeof(data));
	bytes_writer_deinit(&w);

	bytes_writer_init_growable(&w, sizeof(data));
	ASSERT_OK(bytes_put_blob(&w, data, sizeof(data)));
	ASSERT_EQ(bytes_put_blob(&w, data, huge), BYTES_E_FULL);
	bytes_writer_deinit(&w);

	/* A maximum below the first allocation. */
	bytes_writer_init_growable(&w, 3);
	ASSERT_OK(bytes_put_u16(&w, 1));
	ASSERT_EQ(w.size, 3u);
	ASSERT_EQ(bytes_put_u16(&w, 1), BYTES_E_FULL);
}

TEST(out_of_memory_is_an_error)
{
	_cleanup_bytes_writer_ ByteWriter w = {0};
	uint8_t *p;

	if (UNDER_ASAN || UNDER_TSAN)
		SKIP("the sanitizer ends the program");
	bytes_writer_init_growable(&w, SIZE_MAX / 2 + 2);
	ASSERT_EQ(bytes_put_space(&w, SIZE_MAX / 2 + 1, &p), -ENOMEM);
	ASSERT_TRUE(w.failed);
	ASSERT_EQ(bytes_put_u8(&w, 1), BYTES_E_FULL);
}

TEST(alignment)
{
	_cleanup_bytes_writer_ ByteWriter w = {0};
	uint8_t *p;

	bytes_writer_init_growable(&w, 64);
	ASSERT_OK(bytes_put_align(&w, 8));
	ASSERT_EQ(w.used, 0u);
	ASSERT_OK(bytes_put_u8(&w, 0xff));
	ASSERT_OK(bytes_put_align(&w, 8));
	ASSERT_EQ(w.used, 8u);
	ASSERT_MEMEQ(w.p, "\xff\0\0\0\0\0\0\0", 8);
	ASSERT_OK(bytes_put_align(&w, 1));
	ASSERT_EQ(w.used, 8u);
	ASSERT_OK(bytes_put_space(&w, 4, &p));
	ASSERT_PTR_EQ(p, w.p + 8);
	memset(p, 0, 4);
}

TEST(steal_gives_the_memory_away)
{
	_cleanup_bytes_writer_ ByteWriter w = {0};
	_cleanup_free_ uint8_t *p = NULL;
	size_t size = 7;

	bytes_writer_init_growable(&w, 16);
	ASSERT_NULL(bytes_writer_steal(&w, &size));
	ASSERT_EQ(size, 0u);
	ASSERT_OK(bytes_put_u16(&w, 0x0101));
	p = bytes_writer_steal(&w, &size);
	ASSERT_EQ(size, 2u);
	ASSERT_MEMEQ(p, "\1\1", 2);
	ASSERT_EQ(w.used, 0u);
	ASSERT_OK(bytes_put_u64(&w, 1));
	ASSERT_OK(bytes_put_u64(&w, 1));
	ASSERT_EQ(bytes_put_u8(&w, 1), BYTES_E_FULL);
	ASSERT_NULL(bytes_writer_steal(&w, &size));
	ASSERT_FALSE(w.failed);
	ASSERT_EQ(w.max, 16u);
}
