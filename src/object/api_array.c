/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <CoreFoundation/CFArray.h> on array.h. An array with the callbacks of objects is an array of the value
 * model, which all other layers understand. One with other callbacks is an object of a class that only
 * this file knows, around an array of boxes. The functions below see one array of elements, and ask
 * element_of() and wrap() for what lies between.
 */
#include <stdlib.h>

#include "base/error.h"
#include "object/api_cf.h"
#include "object/array.h"

static int dup_pointers(const Object *object, bool is_mutable, Object **ret);

const ObjectClass cf_pointer_array_class = {.name = "CFArray",
	.type = OBJECT_OTHER,
	.size = sizeof(CfPointers),
	.deinit = cf_pointers_deinit,
	.equal = cf_pointers_equal,
	.hash = cf_pointers_hash,
	.describe = cf_pointers_describe,
	.dup = dup_pointers};

_public_ const CFArrayCallBacks kCFTypeArrayCallBacks = {.retain = cf_type_retain,
	.release = cf_type_release,
	.copyDescription = CFCopyDescription,
	.equal = CFEqual};

static int new_pointers(const CfPointerHooks *hooks, Object **ret)
{
	_cleanup_object_ Object *boxes = NULL;
	int r = object_array_new(&boxes);

	if (r == 0)
		r = object_new(&cf_pointer_array_class, true, ret);
	if (r != 0)
		return error_trace(r);
	((CfPointers *)*ret)->hooks[0] = *hooks;
	((CfPointers *)*ret)->boxes = TAKE_PTR(boxes);
	return 0;
}

static int dup_pointers(const Object *object, bool is_mutable, Object **ret)
{
	const CfPointers *pointers = (const CfPointers *)object;
	_cleanup_object_ Object *boxes = NULL, *copy = NULL;
	int r = object_dup(pointers->boxes, true, &boxes);

	if (r == 0)
		r = new_pointers(&pointers->hooks[0], &copy);
	if (r != 0)
		return r;
	object_assign(&((CfPointers *)copy)->boxes, boxes);
	copy->is_mutable = is_mutable;
	*ret = TAKE_PTR(copy);
	return 0;
}

/* The array of elements of an argument. */
static Object *elements_of(CFArrayRef array, const char *function)
{
	if (object_is(cf_object(array), &cf_pointer_array_class))
		return ((CfPointers *)cf_object(array))->boxes;
	return cf_check(array, OBJECT_ARRAY, function);
}

static Object *mutable_elements_of(CFArrayRef array, const char *function)
{
	Object *elements = elements_of(array, function);

	if (!object_is_mutable(cf_object(array)))
		cf_abort(function, "an immutable object");
	return elements;
}

static const CfPointerHooks *hooks_of(CFArrayRef array)
{
	if (object_is(cf_object(array), &cf_pointer_array_class))
		return &((const CfPointers *)cf_object(array))->hooks[0];
	return NULL;
}

static const void *element_of(CFArrayRef array, const Object *elements, CFIndex idx)
{
	Object *element = object_array_get(elements, (size_t)idx);

	return hooks_of(array) ? cf_box_get(element) : element;
}

/* @value as an element: a new reference. */
static Object *wrap(CFArrayRef array, const void *value, const char *function)
{
	Object *box = NULL;

	if (hooks_of(array)) {
		cf_must(cf_box_new(value, hooks_of(array), &box), function);
		return box;
	}
	if (!value)
		cf_abort(function, "NULL instead of an object");
	return object_ref(cf_object(value));
}

static bool is_for_objects(const CFArrayCallBacks *callbacks)
{
	return callbacks && callbacks->retain == kCFTypeArrayCallBacks.retain &&
	       callbacks->release == kCFTypeArrayCallBacks.release &&
	       callbacks->equal == kCFTypeArrayCallBacks.equal;
}

_public_ CFTypeID CFArrayGetTypeID(void)
{
	return OBJECT_ARRAY;
}

_public_ CFMutableArrayRef CFArrayCreateMutable(
	CFAllocatorRef allocator, CFIndex capacity, const CFArrayCallBacks *callBacks)
{
	CfPointerHooks hooks = {0};
	Object *array;
	int r;

	if (!cf_can_allocate(allocator))
		return NULL;
	if (callBacks)
		hooks = (CfPointerHooks){.retain = callBacks->retain,
			.release = callBacks->release,
			.describe = callBacks->copyDescription,
			.equal = callBacks->equal};
	r = is_for_objects(callBacks) ? object_array_new(&array) : new_pointers(&hooks, &array);
	return r == 0 ? (CFMutableArrayRef)array : NULL;
}

_public_ CFArrayRef CFArrayCreate(CFAllocatorRef allocator, const void **values, CFIndex numValues,
	const CFArrayCallBacks *callBacks)
{
	CFMutableArrayRef array = CFArrayCreateMutable(allocator, numValues, callBacks);

	cf_require(numValues >= 0 && (values || numValues == 0), "a count without values");
	if (!array)
		return NULL;
	for (CFIndex i = 0; i < numValues; i++) {
		_cleanup_object_ Object *element = wrap(array, values[i], __func__);

		if (object_array_add(elements_of(array, __func__), element) != 0) {
			CFRelease(array);
			return NULL;
		}
	}
	object_freeze(cf_object(array));
	return array;
}

static Object *copy(
	CFAllocatorRef allocator, CFArrayRef array, bool is_mutable, const char *function)
{
	Object *ret;

	(void)elements_of(array, function);
	if (!cf_can_allocate(allocator) || object_dup(cf_object(array), is_mutable, &ret) != 0)
		return NULL;
	return ret;
}

_public_ CFArrayRef CFArrayCreateCopy(CFAllocatorRef allocator, CFArrayRef theArray)
{
	return (CFArrayRef)copy(allocator, theArray, false, __func__);
}

_public_ CFMutableArrayRef CFArrayCreateMutableCopy(
	CFAllocatorRef allocator, CFIndex capacity, CFArrayRef theArray)
{
	return (CFMutableArrayRef)copy(allocator, theArray, true, __func__);
}

_public_ CFIndex CFArrayGetCount(CFArrayRef theArray)
{
	return (CFIndex)object_array_n(elements_of(theArray, __func__));
}

/* The first element in @range (the last for @step -1) that equals @value; kCFNotFound. */
static CFIndex find(
	CFArrayRef array, CFRange range, const void *value, int step, const char *function)
{
	const Object *elements = elements_of(array, function);
	CfPointerHooks no_hooks = {0};
	CfBox box = cf_box_on_stack(value, hooks_of(array) ? hooks_of(array) : &no_hooks);
	const Object *wanted = hooks_of(array) ? &box.object : cf_object(value);

	cf_check_range(range, (CFIndex)object_array_n(elements), function);
	for (CFIndex i = 0; i < range.length; i++) {
		CFIndex at = step > 0 ? range.location + i : range.location + range.length - 1 - i;

		if (object_equal_by_number(object_array_get(elements, (size_t)at), wanted))
			return at;
	}
	return kCFNotFound;
}

_public_ CFIndex CFArrayGetCountOfValue(CFArrayRef theArray, CFRange range, const void *value)
{
	CFIndex n = 0, at;

	while ((at = find(theArray, range, value, 1, __func__)) != kCFNotFound) {
		n++;
		range.length -= at + 1 - range.location;
		range.location = at + 1;
	}
	return n;
}

_public_ Boolean CFArrayContainsValue(CFArrayRef theArray, CFRange range, const void *value)
{
	return find(theArray, range, value, 1, __func__) != kCFNotFound;
}

_public_ CFIndex CFArrayGetFirstIndexOfValue(CFArrayRef theArray, CFRange range, const void *value)
{
	return find(theArray, range, value, 1, __func__);
}

_public_ CFIndex CFArrayGetLastIndexOfValue(CFArrayRef theArray, CFRange range, const void *value)
{
	return find(theArray, range, value, -1, __func__);
}

_public_ const void *CFArrayGetValueAtIndex(CFArrayRef theArray, CFIndex idx)
{
	const Object *elements = elements_of(theArray, __func__);

	cf_require(idx >= 0 && (size_t)idx < object_array_n(elements), "an index out of bounds");
	return element_of(theArray, elements, idx);
}

_public_ void CFArrayGetValues(CFArrayRef theArray, CFRange range, const void **values)
{
	const Object *elements = elements_of(theArray, __func__);

	cf_check_range(range, (CFIndex)object_array_n(elements), __func__);
	for (CFIndex i = 0; i < range.length; i++)
		values[i] = element_of(theArray, elements, range.location + i);
}

_public_ void CFArrayApplyFunction(
	CFArrayRef theArray, CFRange range, CFArrayApplierFunction applier, void *context)
{
	cf_check_range(range, CFArrayGetCount(theArray), __func__);
	for (CFIndex i = 0; i < range.length; i++)
		applier(CFArrayGetValueAtIndex(theArray, range.location + i), context);
}

_public_ void CFArrayInsertValueAtIndex(CFMutableArrayRef theArray, CFIndex idx, const void *value)
{
	Object *elements = mutable_elements_of(theArray, __func__);
	_cleanup_object_ Object *element = NULL;

	cf_require(idx >= 0 && (size_t)idx <= object_array_n(elements), "an index out of bounds");
	element = wrap(theArray, value, __func__);
	cf_must(object_array_insert(elements, (size_t)idx, element), __func__);
}

_public_ void CFArrayAppendValue(CFMutableArrayRef theArray, const void *value)
{
	CFArrayInsertValueAtIndex(theArray, CFArrayGetCount(theArray), value);
}

_public_ void CFArraySetValueAtIndex(CFMutableArrayRef theArray, CFIndex idx, const void *value)
{
	Object *elements = mutable_elements_of(theArray, __func__);
	_cleanup_object_ Object *element = NULL;

	if (idx == CFArrayGetCount(theArray)) {
		CFArrayAppendValue(theArray, value);
		return;
	}
	cf_require(idx >= 0 && (size_t)idx < object_array_n(elements), "an index out of bounds");
	element = wrap(theArray, value, __func__);
	object_array_set(elements, (size_t)idx, element);
}

_public_ void CFArrayRemoveValueAtIndex(CFMutableArrayRef theArray, CFIndex idx)
{
	Object *elements = mutable_elements_of(theArray, __func__);

	cf_require(idx >= 0 && (size_t)idx < object_array_n(elements), "an index out of bounds");
	object_array_remove(elements, (size_t)idx);
}

_public_ void CFArrayRemoveAllValues(CFMutableArrayRef theArray)
{
	Object *elements = mutable_elements_of(theArray, __func__);

	cf_must(object_array_replace(elements, 0, object_array_n(elements), NULL, 0), __func__);
}

_public_ void CFArrayReplaceValues(
	CFMutableArrayRef theArray, CFRange range, const void **newValues, CFIndex newCount)
{
	Object *elements = mutable_elements_of(theArray, __func__);
	_cleanup_free_ Object **wrapped = NULL;

	cf_check_range(range, (CFIndex)object_array_n(elements), __func__);
	cf_require(newCount >= 0 && (newValues || newCount == 0), "a count without values");
	if (newCount > 0) {
		wrapped = calloc((size_t)newCount, sizeof(*wrapped));
		cf_must(wrapped ? 0 : -ENOMEM, __func__);
	}
	for (CFIndex i = 0; i < newCount; i++)
		wrapped[i] = wrap(theArray, newValues[i], __func__);
	cf_must(object_array_replace(elements, (size_t)range.location, (size_t)range.length,
			wrapped, (size_t)newCount),
		__func__);
	for (CFIndex i = 0; i < newCount; i++)
		object_unref(wrapped[i]);
}

_public_ void CFArrayExchangeValuesAtIndices(CFMutableArrayRef theArray, CFIndex idx1, CFIndex idx2)
{
	Object *elements = mutable_elements_of(theArray, __func__);
	CFIndex n = (CFIndex)object_array_n(elements);

	cf_require(idx1 >= 0 && idx1 < n && idx2 >= 0 && idx2 < n, "an index out of bounds");
	object_array_swap(elements, (size_t)idx1, (size_t)idx2);
}

typedef struct Order {
	CFArrayRef array;
	CFComparatorFunction comparator;
	void *context;
} Order;

static int compare(const Object *one, const Object *other, void *data)
{
	const Order *order = data;
	bool is_boxed = hooks_of(order->array) != NULL;

	return (int)order->comparator(is_boxed ? cf_box_get(one) : one,
		is_boxed ? cf_box_get(other) : other, order->context);
}

_public_ void CFArraySortValues(
	CFMutableArrayRef theArray, CFRange range, CFComparatorFunction comparator, void *context)
{
	Object *elements = mutable_elements_of(theArray, __func__);
	Order order = {.array = theArray, .comparator = comparator, .context = context};

	cf_check_range(range, (CFIndex)object_array_n(elements), __func__);
	cf_must(object_array_sort(
			elements, (size_t)range.location, (size_t)range.length, compare, &order),
		__func__);
}

_public_ void CFArrayAppendArray(
	CFMutableArrayRef theArray, CFArrayRef otherArray, CFRange otherRange)
{
	cf_check_range(otherRange, CFArrayGetCount(otherArray), __func__);
	for (CFIndex i = 0; i < otherRange.length; i++)
		CFArrayAppendValue(
			theArray, CFArrayGetValueAtIndex(otherArray, otherRange.location + i));
}
