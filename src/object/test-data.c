/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "object/data.h"
#include "tests/lib/unit.h"

TEST(bytes_come_back)
{
	_cleanup_object_ Object *data = NULL, *same = NULL, *empty = NULL;

	ASSERT_OK(object_data_new("a\0b", 3, &data));
	ASSERT_OK(object_data_new("a\0b", 3, &same));
	ASSERT_OK(object_data_new(NULL, 0, &empty));
	ASSERT_EQ(object_data_size(data), 3);
	ASSERT_MEMEQ(object_data_get(data), "a\0b", 3);
	ASSERT_TRUE(object_equal(data, same));
	ASSERT_EQ(object_hash(data), object_hash(same));
	ASSERT_FALSE(object_equal(data, empty));
	ASSERT_NOT_NULL(object_data_get(empty));
	ASSERT_EQ(object_data_new("", OBJECT_SIZE_MAX + 1, &same), OBJECT_E_LIMIT);
}

TEST(mutable_data_change)
{
	_cleanup_object_ Object *data = NULL, *copy = NULL, *open = NULL;

	ASSERT_OK(object_data_new_mutable(&data));
	ASSERT_NOT_NULL(object_data_get(data));
	ASSERT_OK(object_data_add(data, "abcdef", 6));
	ASSERT_OK(object_data_replace(data, 1, 2, "XYZ", 3));
	ASSERT_EQ(object_data_size(data), 7);
	ASSERT_MEMEQ(object_data_get(data), "aXYZdef", 7);
	ASSERT_OK(object_data_resize(data, 9));
	ASSERT_MEMEQ(object_data_get(data), "aXYZdef\0", 9);
	ASSERT_OK(object_dup(data, false, &copy));
	ASSERT_OK(object_dup(copy, true, &open));
	object_data_get_mutable(data)[0] = 'b';
	ASSERT_FALSE(object_equal(data, copy));
	ASSERT_TRUE(object_equal(open, copy));
	ASSERT_OK(object_data_resize(data, 0));
	ASSERT_EQ(object_data_size(data), 0);
	ASSERT_EQ(object_data_resize(data, OBJECT_SIZE_MAX + 1), OBJECT_E_LIMIT);
	ASSERT_EQ(object_data_add(data, "", OBJECT_SIZE_MAX + 1), OBJECT_E_LIMIT);
}

TEST(a_description_shows_the_beginning)
{
	uint8_t bytes[100] = {0};
	_cleanup_object_ Object *data = NULL;
	_cleanup_free_ char *text = NULL;

	ASSERT_OK(object_data_new(bytes, sizeof(bytes), &data));
	ASSERT_OK(object_describe(data, &text));
	ASSERT_STRSTR(text, "<100 bytes: 00000000 00000000");
	ASSERT_STRSTR(text, "...>");
}
