/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dictionaries: entries in the order in which they came, and a table of their numbers for look-ups.
 *
 * The table is open-addressed, at least twice as large as there is room for entries, and made only when
 * there are more than a few of these: below, all are looked at, by their hashes. An entry that was removed
 * stays as a hole until there is no room, when either the holes are squeezed out or the room is doubled.
 * The hash is keyed with a secret of the process, so that who chooses the keys cannot make them collide.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "object/dictionary.h"
#include "object/text.h"

#define ROOM_MIN 8U /* and up to so many entries there is no table */

typedef struct Entry {
	Object *key; /* NULL: a hole */
	Object *value;
	uint32_t hash;
} Entry;

typedef struct Dictionary {
	Object object;
	size_t n; /* entries that are no holes */
	size_t n_used, room; /* entries */
	Entry *entries;
	size_t n_slots; /* a power of two, or 0 */
	uint32_t *slots; /* 0, or the number of an entry + 1 */
} Dictionary;

static Dictionary *dictionary_of(const Object *object)
{
	assert(object_type(object) == OBJECT_DICTIONARY);
	return (Dictionary *)object;
}

/* A key to look for: an object, or the text of a string. */
typedef struct Wanted {
	const Object *key;
	const char *text;
	size_t size;
	uint32_t hash;
	ObjectWalk *walk; /* what is left of the bounds of who looks, or NULL */
} Wanted;

static bool equal_keys(const Object *one, const Object *other, ObjectWalk *walk)
{
	bool by_number, is_equal;

	if (!walk)
		return object_equal_by_number(one, other);
	by_number = walk->by_number;
	walk->by_number = true;
	is_equal = object_equal_within(one, other, walk);
	walk->by_number = by_number;
	return is_equal;
}

static bool is_wanted(const Entry *entry, const Wanted *wanted)
{
	if (!entry->key || entry->hash != wanted->hash)
		return false;
	if (wanted->key)
		return equal_keys(entry->key, wanted->key, wanted->walk);
	return object_type(entry->key) == OBJECT_STRING &&
	       object_string_size(entry->key) == wanted->size &&
	       memcmp(object_string_get(entry->key), wanted->text, wanted->size) == 0;
}

static Entry *find_entry(const Dictionary *dictionary, const Wanted *wanted)
{
	size_t mask = dictionary->n_slots - 1;

	if (dictionary->n_slots == 0) {
		for (size_t i = 0; i < dictionary->n_used; i++)
			if (is_wanted(&dictionary->entries[i], wanted))
				return &dictionary->entries[i];
		return NULL;
	}
	for (size_t i = wanted->hash & mask; dictionary->slots[i] != 0; i = (i + 1) & mask) {
		Entry *entry = &dictionary->entries[dictionary->slots[i] - 1];

		if (is_wanted(entry, wanted))
			return entry;
	}
	return NULL;
}

static Entry *find_within(const Object *dictionary, const Object *key, ObjectWalk *walk)
{
	Wanted wanted = {.key = key, .walk = walk};

	assert(key);
	wanted.hash = object_hash(key);
	return find_entry(dictionary_of(dictionary), &wanted);
}

static Entry *find_by_key(const Object *dictionary, const Object *key)
{
	return find_within(dictionary, key, NULL);
}

static void deinit_dictionary(Object *object)
{
	Dictionary *dictionary = dictionary_of(object);

	for (size_t i = 0; i < dictionary->n_used; i++) {
		object_unref(dictionary->entries[i].key);
		object_unref(dictionary->entries[i].value);
	}
	free(dictionary->entries);
	free(dictionary->slots);
}

static bool equal_dictionaries(const Object *one, const Object *other, ObjectWalk *walk)
{
	const Dictionary *a = dictionary_of(one);

	if (a->n != dictionary_of(other)->n)
		return false;
	for (size_t i = 0; i < a->n_used; i++) {
		const Entry *found;

		if (!a->entries[i].key)
			continue;
		found = find_within(other, a->entries[i].key, walk);
		if (!found || !object_equal_within(a->entries[i].value, found->value, walk))
			return false;
	}
	return true;
}

static uint32_t hash_dictionary(const Object *object)
{
	size_t key[2] = {OBJECT_DICTIONARY, dictionary_of(object)->n};

	return hash_bytes(key, sizeof(key));
}

static int describe_dictionary(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	Object *key, *value;
	size_t cursor = 0;
	bool is_first = true;
	int r = object_describe_put(text, "{");

	while (r == 0 && object_dictionary_next(object, &cursor, &key, &value)) {
		if (!is_first)
			r = object_describe_put(text, ", ");
		is_first = false;
		if (r == 0)
			r = object_describe_within(key, text, walk);
		if (r == 0)
			r = object_describe_put(text, ": ");
		if (r == 0)
			r = object_describe_within(value, text, walk);
	}
	return r != 0 ? r : object_describe_put(text, "}");
}

static int dup_dictionary(const Object *object, bool is_mutable, Object **ret)
{
	_cleanup_object_ Object *copy = NULL;
	Object *key, *value;
	size_t cursor = 0;
	int r = object_dictionary_new(&copy);

	while (r == 0 && object_dictionary_next(object, &cursor, &key, &value))
		r = object_dictionary_set(copy, key, value);
	if (r != 0)
		return error_trace(r);
	copy->is_mutable = is_mutable;
	*ret = TAKE_PTR(copy);
	return 0;
}

static const ObjectClass dictionary_class = {.name = "dictionary",
	.type = OBJECT_DICTIONARY,
	.size = sizeof(Dictionary),
	.deinit = deinit_dictionary,
	.equal = equal_dictionaries,
	.hash = hash_dictionary,
	.describe = describe_dictionary,
	.dup = dup_dictionary};

int object_dictionary_new(Object **ret)
{
	int r = object_new(&dictionary_class, true, ret);

	return r < 0 ? error_trace(r) : 0;
}

size_t object_dictionary_n(const Object *dictionary)
{
	return dictionary_of(dictionary)->n;
}

bool object_dictionary_has_string_keys(const Object *object)
{
	const Dictionary *dictionary = dictionary_of(object);

	for (size_t i = 0; i < dictionary->n_used; i++)
		if (dictionary->entries[i].key &&
			object_type(dictionary->entries[i].key) != OBJECT_STRING)
			return false;
	return true;
}

Object *object_dictionary_find(const Object *dictionary, const Object *key)
{
	const Entry *entry = find_by_key(dictionary, key);

	return entry ? entry->value : NULL;
}

Object *object_dictionary_find_key(const Object *dictionary, const Object *key)
{
	const Entry *entry = find_by_key(dictionary, key);

	return entry ? entry->key : NULL;
}

Object *object_dictionary_find_text(const Object *dictionary, const char *key, size_t size)
{
	Wanted wanted = {.text = key, .size = size, .hash = hash_bytes(key, size)};
	const Entry *entry = find_entry(dictionary_of(dictionary), &wanted);

	return entry ? entry->value : NULL;
}

Object *object_dictionary_find_z(const Object *dictionary, const char *key)
{
	return object_dictionary_find_text(dictionary, key, strlen(key));
}

Object *object_dictionary_find_type(const Object *dictionary, const char *key, ObjectType type)
{
	Object *value = object_dictionary_find_z(dictionary, key);

	return object_is_type(value, type) ? value : NULL;
}

bool object_dictionary_next(
	const Object *object, size_t *cursor, Object **ret_key, Object **ret_value)
{
	const Dictionary *dictionary = dictionary_of(object);

	while (*cursor < dictionary->n_used) {
		const Entry *entry = &dictionary->entries[(*cursor)++];

		if (!entry->key)
			continue;
		*ret_key = entry->key;
		*ret_value = entry->value;
		return true;
	}
	return false;
}

static void put_in_slot(Dictionary *dictionary, size_t number)
{
	size_t mask = dictionary->n_slots - 1;
	size_t i = dictionary->entries[number].hash & mask;

	while (dictionary->slots[i] != 0)
		i = (i + 1) & mask;
	dictionary->slots[i] = (uint32_t)number + 1;
}

static void squeeze(Dictionary *dictionary)
{
	size_t n = 0;

	for (size_t i = 0; i < dictionary->n_used; i++)
		if (dictionary->entries[i].key)
			dictionary->entries[n++] = dictionary->entries[i];
	dictionary->n_used = n;
}

/* Room for one more entry. */
static int grow(Dictionary *dictionary)
{
	size_t room = MAX(dictionary->room, (size_t)ROOM_MIN), n_slots;
	_cleanup_free_ uint32_t *slots = NULL, *old_slots = NULL;
	Entry *entries;

	if (dictionary->n_used < dictionary->room)
		return 0;
	if (dictionary->n >= OBJECT_COUNT_MAX)
		return OBJECT_E_LIMIT;
	if (dictionary->n > dictionary->room / 2)
		room *= 2;
	n_slots = room > ROOM_MIN ? 2 * room : 0;
	if (n_slots > 0) {
		slots = calloc(n_slots, sizeof(*slots));
		if (!slots)
			return error_origin(-ENOMEM);
	}
	if (room != dictionary->room) {
		entries = reallocarray(dictionary->entries, room, sizeof(Entry));
		if (!entries)
			return error_origin(-ENOMEM);
		dictionary->entries = entries;
		dictionary->room = room;
	}
	squeeze(dictionary);
	old_slots = dictionary->slots;
	dictionary->slots = TAKE_PTR(slots);
	dictionary->n_slots = n_slots;
	for (size_t i = 0; n_slots > 0 && i < dictionary->n_used; i++)
		put_in_slot(dictionary, i);
	return 0;
}

int object_dictionary_set(Object *object, Object *key, Object *value)
{
	Dictionary *dictionary = dictionary_of(object);
	_cleanup_object_ Object *mine = NULL;
	Entry *entry;
	int r;

	assert(object->is_mutable && key && value);
	entry = find_by_key(object, key);
	if (entry) {
		object_assign(&entry->value, value);
		return 0;
	}
	r = object_dup(key, false, &mine);
	if (r == 0)
		r = grow(dictionary);
	if (r != 0)
		return r;
	dictionary->entries[dictionary->n_used] = (Entry){
		.key = TAKE_PTR(mine), .value = object_ref(value), .hash = object_hash(key)};
	if (dictionary->n_slots > 0)
		put_in_slot(dictionary, dictionary->n_used);
	dictionary->n_used++;
	dictionary->n++;
	return 0;
}

int object_dictionary_set_z(Object *dictionary, const char *key, Object *value)
{
	_cleanup_object_ Object *string = NULL;
	int r = object_string_new_z(key, &string);

	if (r == 0)
		r = object_dictionary_set(dictionary, string, value);
	return r;
}

int object_dictionary_set_z_take(Object *dictionary, const char *key, Object *value)
{
	int r = object_dictionary_set_z(dictionary, key, value);

	if (r == 0)
		object_unref(value);
	return r;
}

bool object_dictionary_remove(Object *object, const Object *key)
{
	Dictionary *dictionary = dictionary_of(object);
	Entry *entry, old;

	assert(object->is_mutable);
	entry = find_by_key(object, key);
	if (!entry)
		return false;
	/* Gone before it is released: what is released may look here. */
	old = *entry;
	entry->key = NULL;
	entry->value = NULL;
	dictionary->n--;
	object_unref(old.key);
	object_unref(old.value);
	return true;
}

void object_dictionary_clear(Object *object)
{
	Dictionary *dictionary = dictionary_of(object);
	Dictionary old = *dictionary;

	assert(object->is_mutable);
	dictionary->n = dictionary->n_used = dictionary->room = dictionary->n_slots = 0;
	dictionary->entries = NULL;
	dictionary->slots = NULL;
	for (size_t i = 0; i < old.n_used; i++) {
		object_unref(old.entries[i].key);
		object_unref(old.entries[i].value);
	}
	free(old.entries);
	free(old.slots);
}
