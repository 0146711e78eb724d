/* SPDX-License-Identifier: Apache-2.0 */

#include "base/hash.h"
/* After hash.h, to make allocation fail on demand: uthash_malloc is looked up where it is used. */
#include "tests/lib/unit.h"

static size_t mallocs_left = SIZE_MAX;

static void *failing_malloc(size_t size)
{
	if (mallocs_left == 0)
		return NULL;
	mallocs_left--;
	return malloc(size);
}

#undef uthash_malloc
#define uthash_malloc(size) failing_malloc(size)

typedef struct Thing {
	uint32_t id;
	UT_hash_handle hh;
} Thing;

/* Returns false if there was no memory. */
static bool thing_add(Thing **table, uint32_t id)
{
	Thing *thing = calloc(1, sizeof(*thing));

	ASSERT_NOT_NULL(thing);
	thing->id = id;
	HASH_ADD(hh, *table, id, sizeof(thing->id), thing);
	if (hash_is_linked(thing, hh))
		return true;
	free(thing);
	return false;
}

static Thing *thing_find(Thing *table, uint32_t id)
{
	Thing *thing;

	HASH_FIND(hh, table, &id, sizeof(id), thing);
	return thing;
}

static void table_free(Thing **table)
{
	Thing *thing, *next;

	HASH_ITER (hh, *table, thing, next) {
		HASH_DELETE(hh, *table, thing);
		free(thing);
	}
	ASSERT_NULL(*table);
}

TEST(many_are_found_again)
{
	Thing *table = NULL;

	ASSERT_NULL(thing_find(table, 1));
	for (uint32_t i = 0; i < 5000; i++)
		ASSERT_TRUE(thing_add(&table, i * 64));
	ASSERT_EQ(HASH_COUNT(table), 5000u);
	for (uint32_t i = 0; i < 5000; i++)
		ASSERT_EQ(thing_find(table, i * 64)->id, i * 64);
	ASSERT_NULL(thing_find(table, 1));
	table_free(&table);
}

TEST(no_memory_leaves_the_table_as_it_was)
{
	/* Wherever memory ends, what was added is there and what was not is not. */
	for (size_t budget = 0; budget < 12; budget++) {
		Thing *table = NULL;
		unsigned n = 0;

		mallocs_left = budget;
		for (uint32_t i = 0; i < 2000; i++)
			n += thing_add(&table, i);
		mallocs_left = SIZE_MAX;
		ASSERT_EQ(HASH_COUNT(table), n);
		for (uint32_t i = 0, found = 0; i < 2000; i++) {
			found += thing_find(table, i) != NULL;
			if (i == 1999)
				ASSERT_EQ(found, n);
		}
		if (budget == 0)
			ASSERT_EQ(n, 0u);
		table_free(&table);
	}
}

TEST(keyed_and_stable)
{
	uint8_t data[64];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	ASSERT_EQ(hash_bytes(data, 10), hash_bytes(data, 10));
	/* One in 2^32 to fail by chance, each. */
	ASSERT_NE(hash_bytes(data, 10), hash_bytes(data, 11));
	ASSERT_NE(hash_bytes(data, 8), hash_bytes(data + 1, 8));
}

TEST(siphash_vectors)
{
	/* Made with a separate implementation, which reproduces the authors' vectors for 2-4. */
	static const struct {
		size_t n;
		uint64_t hash;
	} vectors[] = {
		{0, UINT64_C(0xabac0158050fc4dc)},
		{1, UINT64_C(0xc9f49bf37d57ca93)},
		{7, UINT64_C(0xd3927d989bb11140)},
		{8, UINT64_C(0x369095118d299a8e)},
		{15, UINT64_C(0xd320d86d2a519956)},
		{16, UINT64_C(0xcc4fdd1a7d908b66)},
		{63, UINT64_C(0x9d199062b7bbb3a8)},
	};
	const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	uint8_t data[64];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		ASSERT_EQ(hash_sip13(key, data, vectors[i].n), vectors[i].hash);
}

TEST(siphash_depends_on_key_length_and_every_byte)
{
	const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	const uint64_t other[2] = {key[0], key[1] ^ 1};
	uint8_t data[24] = {0};

	for (size_t n = 0; n < sizeof(data); n++) {
		uint64_t plain = hash_sip13(key, data, n);

		ASSERT_NE(plain, hash_sip13(other, data, n));
		ASSERT_NE(plain, hash_sip13(key, data, n + 1));
		for (size_t i = 0; i < n; i++) {
			data[i] ^= 0x80;
			ASSERT_NE(plain, hash_sip13(key, data, n));
			data[i] ^= 0x80;
		}
	}
}
