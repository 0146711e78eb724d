/* SPDX-License-Identifier: Apache-2.0 */
#include "object/test-support.h"

static int n_retained, n_released;

static const void *count_retain(CFAllocatorRef allocator, const void *value)
{
	n_retained++;
	return value;
}

static void count_release(CFAllocatorRef allocator, const void *value)
{
	n_released++;
}

static Boolean equal_ints(const void *one, const void *other)
{
	return *(const int *)one == *(const int *)other;
}

static CFStringRef describe_int(const void *value)
{
	return CFStringCreateWithFormat(NULL, NULL, CFSTR("int %d"), *(const int *)value);
}

static const CFArrayCallBacks counting = {0, count_retain, count_release, describe_int, equal_ints};

static CFComparisonResult by_number(const void *one, const void *other, void *context)
{
	return CFNumberCompare(one, other, context);
}

static CFComparisonResult by_int(const void *one, const void *other, void *context)
{
	return *(const int *)one - *(const int *)other;
}

static void add_up(const void *value, void *context)
{
	int number;

	CFNumberGetValue(value, kCFNumberIntType, &number);
	*(int *)context += number;
}

TEST(arrays_hold_objects)
{
	_cleanup_cf_ CFNumberRef one = number_of(1), two = number_of(2);
	const void *values[] = {one, two, one}, *again[3];
	CFArrayRef array = CFArrayCreate(NULL, values, 3, &kCFTypeArrayCallBacks);
	CFRange all = CFRangeMake(0, 3);
	int sum = 0;

	ASSERT_EQ(CFGetRetainCount(one), 3);
	ASSERT_EQ(CFArrayGetCount(array), 3);
	ASSERT_PTR_EQ(CFArrayGetValueAtIndex(array, 1), two);
	CFArrayGetValues(array, all, again);
	ASSERT_MEMEQ(values, again, sizeof(values));
	ASSERT_EQ(CFArrayGetCountOfValue(array, all, one), 2);
	ASSERT_EQ(CFArrayGetFirstIndexOfValue(array, all, one), 0);
	ASSERT_EQ(CFArrayGetLastIndexOfValue(array, all, one), 2);
	ASSERT_EQ(CFArrayGetFirstIndexOfValue(array, CFRangeMake(0, 1), two), kCFNotFound);
	ASSERT_TRUE(CFArrayContainsValue(array, all, two));
	ASSERT_FALSE(CFArrayContainsValue(array, all, kCFNull));
	CFArrayApplyFunction(array, CFRangeMake(1, 2), add_up, &sum);
	ASSERT_EQ(sum, 3);
	is_string(CFCopyDescription(array), "[1, 2, 1]");
	ASSERT_ABORTS(CFArrayGetValueAtIndex(array, 3), "out of bounds");
	ASSERT_ABORTS(CFArrayAppendValue((CFMutableArrayRef)array, one), "an immutable object");
	CFRelease(array);
	ASSERT_EQ(CFGetRetainCount(one), 1);
}

TEST(mutable_arrays_change)
{
	_cleanup_cf_ CFNumberRef one = number_of(1), two = number_of(2), three = number_of(3);
	_cleanup_cf_ CFMutableArrayRef array = CFArrayCreateMutable(
		NULL, 0, &kCFTypeArrayCallBacks);
	_cleanup_cf_ CFMutableArrayRef copy = NULL;
	_cleanup_cf_ CFArrayRef fixed = NULL;
	const void *values[] = {three, three};

	CFArrayAppendValue(array, two);
	CFArrayInsertValueAtIndex(array, 0, one);
	CFArraySetValueAtIndex(array, 2, three);
	CFArrayExchangeValuesAtIndices(array, 0, 2);
	is_string(CFCopyDescription(array), "[3, 2, 1]");
	CFArraySortValues(array, CFRangeMake(0, 3), by_number, NULL);
	is_string(CFCopyDescription(array), "[1, 2, 3]");
	CFArrayReplaceValues(array, CFRangeMake(0, 1), values, 2);
	is_string(CFCopyDescription(array), "[3, 3, 2, 3]");
	CFArraySetValueAtIndex(array, 0, one);
	CFArrayRemoveValueAtIndex(array, 1);
	copy = CFArrayCreateMutableCopy(NULL, 0, array);
	fixed = CFArrayCreateCopy(NULL, array);
	CFArrayAppendArray(copy, array, CFRangeMake(1, 2));
	CFArrayAppendArray(copy, copy, CFRangeMake(0, 1));
	is_string(CFCopyDescription(copy), "[1, 2, 3, 2, 3, 1]");
	CFArrayRemoveAllValues(array);
	ASSERT_EQ(CFArrayGetCount(array), 0);
	ASSERT_EQ(CFArrayGetCount(fixed), 3);
	ASSERT_ABORTS(CFArrayAppendValue(array, NULL), "NULL instead of an object");
	ASSERT_ABORTS(CFArrayRemoveValueAtIndex(array, 0), "out of bounds");
}

TEST(arrays_of_pointers_use_their_callbacks)
{
	int numbers[] = {3, 1, 2}, other = 1;
	_cleanup_cf_ CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &counting);
	_cleanup_cf_ CFArrayRef copy = NULL;

	n_retained = n_released = 0;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		CFArrayAppendValue(array, &numbers[i]);
	ASSERT_EQ(n_retained, 3);
	ASSERT_PTR_EQ(CFArrayGetValueAtIndex(array, 1), &numbers[1]);
	ASSERT_EQ(CFArrayGetFirstIndexOfValue(array, CFRangeMake(0, 3), &other), 1);
	CFArraySortValues(array, CFRangeMake(0, 3), by_int, NULL);
	ASSERT_PTR_EQ(CFArrayGetValueAtIndex(array, 0), &numbers[1]);
	is_string(CFCopyDescription(array), "[\"int 1\", \"int 2\", \"int 3\"]");
	copy = CFArrayCreateCopy(NULL, array);
	ASSERT_TRUE(CFEqual(array, copy));
	ASSERT_EQ(CFHash(array), CFHash(copy));
	CFArrayRemoveAllValues(array);
	ASSERT_EQ(n_released, 0);
	CFRelease(copy);
	copy = NULL;
	ASSERT_EQ(n_released, 3);
}

TEST(arrays_without_callbacks_hold_anything)
{
	const void *values[] = {NULL, (void *)1, (void *)2};
	_cleanup_cf_ CFArrayRef array = CFArrayCreate(NULL, values, 3, NULL);

	ASSERT_NULL(CFArrayGetValueAtIndex(array, 0));
	ASSERT_EQ(CFArrayGetFirstIndexOfValue(array, CFRangeMake(0, 3), (void *)2), 2);
	ASSERT_FALSE(CFPropertyListIsValid(array, kCFPropertyListXMLFormat_v1_0));
}
