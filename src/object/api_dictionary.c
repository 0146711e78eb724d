/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <CoreFoundation/CFDictionary.h> on dictionary.h, in the way of api_array.c: a dictionary with the
 * callbacks of objects is one of the value model; others are a class of this file's around a dictionary of
 * boxes.
 */
#include "base/error.h"
#include "object/api_cf.h"
#include "object/dictionary.h"

static int dup_pointers(const Object *object, bool is_mutable, Object **ret);

const ObjectClass cf_pointer_dictionary_class = {.name = "CFDictionary",
	.type = OBJECT_OTHER,
	.size = sizeof(CfPointers),
	.deinit = cf_pointers_deinit,
	.equal = cf_pointers_equal,
	.hash = cf_pointers_hash,
	.describe = cf_pointers_describe,
	.dup = dup_pointers};

/* What the lineage calls copying a string key: a mutable one must not change in the dictionary. */
static const void *retain_copy(CFAllocatorRef allocator, const void *value)
{
	Object *copy;

	cf_require(value, "NULL instead of an object");
	cf_must(object_dup(cf_object(value), false, &copy), "CFDictionary");
	return copy;
}

_public_ const CFDictionaryKeyCallBacks kCFTypeDictionaryKeyCallBacks = {.retain = cf_type_retain,
	.release = cf_type_release,
	.copyDescription = CFCopyDescription,
	.equal = CFEqual,
	.hash = CFHash};
_public_ const CFDictionaryKeyCallBacks kCFCopyStringDictionaryKeyCallBacks = {
	.retain = retain_copy,
	.release = cf_type_release,
	.copyDescription = CFCopyDescription,
	.equal = CFEqual,
	.hash = CFHash};
_public_ const CFDictionaryValueCallBacks kCFTypeDictionaryValueCallBacks = {
	.retain = cf_type_retain,
	.release = cf_type_release,
	.copyDescription = CFCopyDescription,
	.equal = CFEqual};

static int new_pointers(const CfPointerHooks hooks[static 2], Object **ret)
{
	_cleanup_object_ Object *boxes = NULL;
	int r = object_dictionary_new(&boxes);

	if (r == 0)
		r = object_new(&cf_pointer_dictionary_class, true, ret);
	if (r != 0)
		return error_trace(r);
	((CfPointers *)*ret)->hooks[0] = hooks[0];
	((CfPointers *)*ret)->hooks[1] = hooks[1];
	((CfPointers *)*ret)->boxes = TAKE_PTR(boxes);
	return 0;
}

static int dup_pointers(const Object *object, bool is_mutable, Object **ret)
{
	const CfPointers *pointers = (const CfPointers *)object;
	_cleanup_object_ Object *boxes = NULL, *copy = NULL;
	int r = object_dup(pointers->boxes, true, &boxes);

	if (r == 0)
		r = new_pointers(pointers->hooks, &copy);
	if (r != 0)
		return r;
	object_assign(&((CfPointers *)copy)->boxes, boxes);
	copy->is_mutable = is_mutable;
	*ret = TAKE_PTR(copy);
	return 0;
}

/* The dictionary of entries of an argument. */
static Object *entries_of(CFDictionaryRef dictionary, const char *function)
{
	if (object_is(cf_object(dictionary), &cf_pointer_dictionary_class))
		return ((CfPointers *)cf_object(dictionary))->boxes;
	return cf_check(dictionary, OBJECT_DICTIONARY, function);
}

static Object *mutable_entries_of(CFDictionaryRef dictionary, const char *function)
{
	Object *entries = entries_of(dictionary, function);

	if (!object_is_mutable(cf_object(dictionary)))
		cf_abort(function, "an immutable object");
	return entries;
}

/* Of keys (0) or values (1); NULL: they are objects. */
static const CfPointerHooks *hooks_of(CFDictionaryRef dictionary, unsigned which)
{
	if (object_is(cf_object(dictionary), &cf_pointer_dictionary_class))
		return &((const CfPointers *)cf_object(dictionary))->hooks[which];
	return NULL;
}

static const void *unwrap(CFDictionaryRef dictionary, const Object *object)
{
	return object && hooks_of(dictionary, 0) ? cf_box_get(object) : object;
}

/* A new reference. */
static Object *wrap(
	CFDictionaryRef dictionary, unsigned which, const void *value, const char *function)
{
	Object *box = NULL;

	if (hooks_of(dictionary, which)) {
		cf_must(cf_box_new(value, hooks_of(dictionary, which), &box), function);
		return box;
	}
	if (!value)
		cf_abort(function, "NULL instead of an object");
	return object_ref(cf_object(value));
}

/* What to look for, borrowed: @key itself or *box. */
static const Object *key_for(CFDictionaryRef dictionary, const void *key, CfBox *box)
{
	if (!hooks_of(dictionary, 0))
		return cf_object(key);
	*box = cf_box_on_stack(key, hooks_of(dictionary, 0));
	return &box->object;
}

static Object *find(CFDictionaryRef dictionary, const void *key, const char *function)
{
	const Object *entries = entries_of(dictionary, function), *wanted;
	CfBox box;

	wanted = key_for(dictionary, key, &box);
	return wanted ? object_dictionary_find(entries, wanted) : NULL;
}

static bool is_for_objects(
	const CFDictionaryKeyCallBacks *keys, const CFDictionaryValueCallBacks *values)
{
	return keys && values &&
	       (keys->retain == kCFTypeDictionaryKeyCallBacks.retain ||
		       keys->retain == kCFCopyStringDictionaryKeyCallBacks.retain) &&
	       keys->release == kCFTypeDictionaryKeyCallBacks.release &&
	       keys->equal == kCFTypeDictionaryKeyCallBacks.equal &&
	       keys->hash == kCFTypeDictionaryKeyCallBacks.hash &&
	       values->retain == kCFTypeDictionaryValueCallBacks.retain &&
	       values->release == kCFTypeDictionaryValueCallBacks.release &&
	       values->equal == kCFTypeDictionaryValueCallBacks.equal;
}

_public_ CFTypeID CFDictionaryGetTypeID(void)
{
	return OBJECT_DICTIONARY;
}

_public_ CFMutableDictionaryRef CFDictionaryCreateMutable(CFAllocatorRef allocator,
	CFIndex capacity, const CFDictionaryKeyCallBacks *keyCallBacks,
	const CFDictionaryValueCallBacks *valueCallBacks)
{
	CfPointerHooks hooks[2] = {0};
	Object *dictionary;
	int r;

	if (!cf_can_allocate(allocator))
		return NULL;
	if (keyCallBacks)
		hooks[0] = (CfPointerHooks){.retain = keyCallBacks->retain,
			.release = keyCallBacks->release,
			.describe = keyCallBacks->copyDescription,
			.equal = keyCallBacks->equal,
			.hash = keyCallBacks->hash};
	if (valueCallBacks)
		hooks[1] = (CfPointerHooks){.retain = valueCallBacks->retain,
			.release = valueCallBacks->release,
			.describe = valueCallBacks->copyDescription,
			.equal = valueCallBacks->equal};
	r = is_for_objects(keyCallBacks, valueCallBacks) ? object_dictionary_new(&dictionary)
							 : new_pointers(hooks, &dictionary);
	return r == 0 ? (CFMutableDictionaryRef)dictionary : NULL;
}

static int set(CFDictionaryRef dictionary, const void *key, const void *value, const char *function)
{
	_cleanup_object_ Object *my_key = wrap(dictionary, 0, key, function);
	_cleanup_object_ Object *my_value = wrap(dictionary, 1, value, function);

	return object_dictionary_set(entries_of(dictionary, function), my_key, my_value);
}

_public_ CFDictionaryRef CFDictionaryCreate(CFAllocatorRef allocator, const void **keys,
	const void **values, CFIndex numValues, const CFDictionaryKeyCallBacks *keyCallBacks,
	const CFDictionaryValueCallBacks *valueCallBacks)
{
	CFMutableDictionaryRef dictionary = CFDictionaryCreateMutable(
		allocator, numValues, keyCallBacks, valueCallBacks);

	cf_require(numValues >= 0 && ((keys && values) || numValues == 0),
		"a count without keys and values");
	if (!dictionary)
		return NULL;
	for (CFIndex i = 0; i < numValues; i++) {
		if (find(dictionary, keys[i], __func__))
			continue;
		if (set(dictionary, keys[i], values[i], __func__) != 0) {
			CFRelease(dictionary);
			return NULL;
		}
	}
	object_freeze(cf_object(dictionary));
	return dictionary;
}

static Object *copy(
	CFAllocatorRef allocator, CFDictionaryRef dictionary, bool is_mutable, const char *function)
{
	Object *ret;

	(void)entries_of(dictionary, function);
	if (!cf_can_allocate(allocator) || object_dup(cf_object(dictionary), is_mutable, &ret) != 0)
		return NULL;
	return ret;
}

_public_ CFDictionaryRef CFDictionaryCreateCopy(CFAllocatorRef allocator, CFDictionaryRef theDict)
{
	return (CFDictionaryRef)copy(allocator, theDict, false, __func__);
}

_public_ CFMutableDictionaryRef CFDictionaryCreateMutableCopy(
	CFAllocatorRef allocator, CFIndex capacity, CFDictionaryRef theDict)
{
	return (CFMutableDictionaryRef)copy(allocator, theDict, true, __func__);
}

_public_ CFIndex CFDictionaryGetCount(CFDictionaryRef theDict)
{
	return (CFIndex)object_dictionary_n(entries_of(theDict, __func__));
}

_public_ CFIndex CFDictionaryGetCountOfKey(CFDictionaryRef theDict, const void *key)
{
	return find(theDict, key, __func__) ? 1 : 0;
}

_public_ CFIndex CFDictionaryGetCountOfValue(CFDictionaryRef theDict, const void *value)
{
	const Object *entries = entries_of(theDict, __func__), *wanted = cf_object(value);
	Object *key, *found;
	size_t cursor = 0;
	CFIndex n = 0;
	CfBox box;

	if (hooks_of(theDict, 1)) {
		box = cf_box_on_stack(value, hooks_of(theDict, 1));
		wanted = &box.object;
	}
	while (object_dictionary_next(entries, &cursor, &key, &found))
		n += object_equal_by_number(found, wanted);
	return n;
}

_public_ Boolean CFDictionaryContainsKey(CFDictionaryRef theDict, const void *key)
{
	return find(theDict, key, __func__) != NULL;
}

_public_ Boolean CFDictionaryContainsValue(CFDictionaryRef theDict, const void *value)
{
	return CFDictionaryGetCountOfValue(theDict, value) > 0;
}

_public_ const void *CFDictionaryGetValue(CFDictionaryRef theDict, const void *key)
{
	return unwrap(theDict, find(theDict, key, __func__));
}

_public_ Boolean CFDictionaryGetValueIfPresent(
	CFDictionaryRef theDict, const void *key, const void **value)
{
	const Object *found = find(theDict, key, __func__);

	if (found && value)
		*value = unwrap(theDict, found);
	return found != NULL;
}

_public_ void CFDictionaryGetKeysAndValues(
	CFDictionaryRef theDict, const void **keys, const void **values)
{
	const Object *entries = entries_of(theDict, __func__);
	Object *key, *value;
	size_t cursor = 0;

	for (size_t i = 0; object_dictionary_next(entries, &cursor, &key, &value); i++) {
		if (keys)
			keys[i] = unwrap(theDict, key);
		if (values)
			values[i] = unwrap(theDict, value);
	}
}

_public_ void CFDictionaryApplyFunction(
	CFDictionaryRef theDict, CFDictionaryApplierFunction applier, void *context)
{
	const Object *entries = entries_of(theDict, __func__);
	Object *key, *value;
	size_t cursor = 0;

	while (object_dictionary_next(entries, &cursor, &key, &value))
		applier(unwrap(theDict, key), unwrap(theDict, value), context);
}

_public_ void CFDictionarySetValue(
	CFMutableDictionaryRef theDict, const void *key, const void *value)
{
	(void)mutable_entries_of(theDict, __func__);
	cf_must(set(theDict, key, value, __func__), __func__);
}

_public_ void CFDictionaryAddValue(
	CFMutableDictionaryRef theDict, const void *key, const void *value)
{
	if (!CFDictionaryContainsKey(theDict, key))
		CFDictionarySetValue(theDict, key, value);
}

_public_ void CFDictionaryReplaceValue(
	CFMutableDictionaryRef theDict, const void *key, const void *value)
{
	if (CFDictionaryContainsKey(theDict, key))
		CFDictionarySetValue(theDict, key, value);
}

_public_ void CFDictionaryRemoveValue(CFMutableDictionaryRef theDict, const void *key)
{
	Object *entries = mutable_entries_of(theDict, __func__);
	const Object *wanted;
	CfBox box;

	wanted = key_for(theDict, key, &box);
	if (wanted)
		object_dictionary_remove(entries, wanted);
}

_public_ void CFDictionaryRemoveAllValues(CFMutableDictionaryRef theDict)
{
	object_dictionary_clear(mutable_entries_of(theDict, __func__));
}
