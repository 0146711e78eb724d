/* SPDX-License-Identifier: Apache-2.0 */
#include "port/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "port/backing.h"

#define MIN_BUCKETS 64u

static Backing **buckets;
static size_t n_buckets; /* a power of two, or 0 */
static size_t n_backings;

/* What an address is without its secret. */
typedef struct Place {
	uint64_t dev;
	uint64_t ino;
	uint64_t btime_ns;
} Place;

typedef struct Renewed {
	Place place;
	UT_hash_handle hh;
} Renewed;

static Renewed *renewed;

/* Keyed: the secret is a peer's choice, and must not choose the bucket. Who is looked for and not
 * found is added next, as a rule. */
static uint32_t hash_of(const Ident *ident)
{
	static Ident last; /* with the lock, all three */
	static uint32_t hash_of_last;
	static bool is_set;

	if (!is_set || !ident_equal(ident, &last)) {
		last = *ident;
		hash_of_last = hash_bytes(ident, sizeof(*ident));
		is_set = true;
	}
	return hash_of_last;
}

static int grow(void)
{
	size_t n = n_buckets ? n_buckets * 2 : MIN_BUCKETS;
	Backing **old = buckets;
	size_t n_old = n_buckets;
	Backing **bigger = calloc(n, sizeof(*bigger));

	if (!bigger)
		return n_buckets ? 0 : KERN_RESOURCE_SHORTAGE;
	buckets = bigger;
	n_buckets = n;
	for (size_t i = 0; i < n_old; i++) {
		while (old[i]) {
			Backing *b = old[i];
			size_t k = b->hash & (n - 1);

			old[i] = b->next;
			b->next = buckets[k];
			buckets[k] = b;
		}
	}
	free(old);
	return 0;
}

int registry_add(Backing *backing)
{
	size_t k;

	if (n_backings >= n_buckets && grow())
		return KERN_RESOURCE_SHORTAGE;
	backing->hash = hash_of(&backing->ident);
	k = backing->hash & (n_buckets - 1);
	backing->next = buckets[k];
	buckets[k] = backing;
	backing->registered = true;
	n_backings++;
	return 0;
}

void registry_remove(Backing *backing)
{
	Backing **p;

	if (!backing->registered)
		return;
	p = &buckets[backing->hash & (n_buckets - 1)];
	while (*p != backing)
		p = &(*p)->next;
	*p = backing->next;
	backing->registered = false;
	if (--n_backings == 0) {
		free(buckets);
		buckets = NULL;
		n_buckets = 0;
	}
}

Backing *registry_find(const Ident *ident)
{
	Backing *b;

	if (n_buckets == 0)
		return NULL;
	b = buckets[hash_of(ident) & (n_buckets - 1)];
	while (b && !ident_equal(&b->ident, ident))
		b = b->next;
	return b;
}

static Place place_of(const Ident *ident)
{
	return (Place){ident->dev, ident->ino, ident->btime_ns};
}

static Renewed *renewed_find(const Ident *ident)
{
	Place place = place_of(ident);
	Renewed *r;

	HASH_FIND(hh, renewed, &place, sizeof(place), r);
	return r;
}

void registry_note_renewed(Backing *backing)
{
	Renewed *r;

	if (backing->renewed)
		return;
	r = calloc(1, sizeof(*r));
	if (!r)
		return;
	r->place = place_of(&backing->ident);
	HASH_ADD(hh, renewed, place, sizeof(r->place), r);
	if (!r->hh.tbl)
		free(r);
	else
		backing->renewed = true;
}

void registry_forget_renewed(Backing *backing)
{
	Renewed *r = backing->renewed ? renewed_find(&backing->ident) : NULL;

	if (r) {
		HASH_DEL(renewed, r);
		free(r);
	}
	backing->renewed = false;
}

bool registry_was_renewed(const Ident *ident)
{
	return renewed && renewed_find(ident) != NULL;
}
