/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointers in boxes, so that an array or a dictionary of objects can hold what is none. A box has its own
 * copy of the callbacks: it may outlive the container.
 */
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "object/api_cf.h"
#include "object/text.h"

static const CfBox *box_of(const Object *object)
{
	return (const CfBox *)object;
}

static void deinit_box(Object *object)
{
	const CfBox *box = box_of(object);

	if (box->hooks.release)
		box->hooks.release(kCFAllocatorSystemDefault, box->pointer);
}

static bool equal_boxes(const Object *one, const Object *other, ObjectWalk *walk)
{
	const CfBox *a = box_of(one), *b = box_of(other);

	return a->pointer == b->pointer ||
	       (a->hooks.equal && a->hooks.equal(a->pointer, b->pointer));
}

static uint32_t hash_box(const Object *object)
{
	const CfBox *box = box_of(object);
	CFHashCode hash = (CFHashCode)box->pointer;

	if (box->hooks.hash)
		hash = box->hooks.hash(box->pointer);
	else if (box->hooks.equal) /* nothing is known of what makes two equal */
		hash = 0;
	return hash_bytes(&hash, sizeof(hash));
}

static int describe_box(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	const CfBox *box = box_of(object);
	_cleanup_object_ Object *string = NULL;

	if (box->hooks.describe)
		string = cf_object(box->hooks.describe(box->pointer));
	if (!object_is_type(string, OBJECT_STRING))
		return object_describe_put(text, "<%p>", box->pointer);
	return object_describe_text(text, object_string_get(string), object_string_size(string));
}

static const ObjectClass box_class = {.name = "pointer",
	.type = OBJECT_OTHER,
	.size = sizeof(CfBox),
	.deinit = deinit_box,
	.equal = equal_boxes,
	.hash = hash_box,
	.describe = describe_box};

CfBox cf_box_on_stack(const void *pointer, const CfPointerHooks *hooks)
{
	return (CfBox){.object = {.class = &box_class, .n_refs = OBJECT_IMMORTAL},
		.pointer = pointer,
		.hooks = *hooks};
}

int cf_box_new(const void *pointer, const CfPointerHooks *hooks, Object **ret)
{
	Object *object;
	CfBox *box;
	int r = object_new(&box_class, false, &object);

	if (r < 0)
		return error_trace(r);
	box = (CfBox *)object;
	box->hooks = *hooks;
	box->pointer = hooks->retain ? hooks->retain(kCFAllocatorSystemDefault, pointer) : pointer;
	*ret = object;
	return 0;
}

void cf_pointers_deinit(Object *object)
{
	object_unref(((CfPointers *)object)->boxes);
}

bool cf_pointers_equal(const Object *one, const Object *other, ObjectWalk *walk)
{
	return object_equal_within(
		((const CfPointers *)one)->boxes, ((const CfPointers *)other)->boxes, walk);
}

uint32_t cf_pointers_hash(const Object *object)
{
	return object_hash(((const CfPointers *)object)->boxes);
}

int cf_pointers_describe(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	return object_describe_within(((const CfPointers *)object)->boxes, text, walk);
}

const void *cf_type_retain(CFAllocatorRef allocator, const void *value)
{
	return CFRetain(value);
}

void cf_type_release(CFAllocatorRef allocator, const void *value)
{
	CFRelease(value);
}
