/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotas.
 *
 * A user record is found by uid through a hash, and counts its charges: the last one to go takes the
 * record with it. Charges point at the record, so giving back needs no look-up.
 *
 * Invariants, under the lock: a record exists if and only if it has a charge; used[k] is the sum of
 * the amounts of its charges of kind k, and never above maxima[k].
 */

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/quota.h"

struct QuotaUser {
	uid_t uid;
	size_t n_charges;
	UT_hash_handle hh;
	uint64_t used[];
};

void quota_init(Quota *quota, const uint64_t *maxima, unsigned n_kinds)
{
	assert(n_kinds <= QUOTA_KINDS_MAX);
	*quota = (Quota){.users = NULL, .n_kinds = n_kinds};
	for (unsigned i = 0; i < n_kinds; i++)
		quota->maxima[i] = maxima[i];
	pthread_mutex_init(&quota->lock, NULL); /* cannot fail on Linux */
}

void quota_deinit(Quota *quota)
{
	assert(!quota->users);
	pthread_mutex_destroy(&quota->lock);
}

/* All below with the lock held. */

static QuotaUser *user_find(Quota *quota, uid_t uid)
{
	QuotaUser *user;

	HASH_FIND(hh, quota->users, &uid, sizeof(uid), user);
	return user;
}

static QuotaUser *user_new(Quota *quota, uid_t uid)
{
	QuotaUser *user = calloc(1, sizeof(*user) + quota->n_kinds * sizeof(user->used[0]));

	if (!user)
		return NULL;
	user->uid = uid;
	HASH_ADD(hh, quota->users, uid, sizeof(user->uid), user);
	if (!hash_is_linked(user, hh)) {
		free(user);
		return NULL;
	}
	return user;
}

static void user_free(Quota *quota, QuotaUser *user)
{
	HASH_DELETE(hh, quota->users, user);
	free(user);
}

static int charge_locked(Quota *quota, uid_t uid, unsigned kind, uint64_t amount, QuotaUser **ret)
{
	QuotaUser *user = user_find(quota, uid);
	uint64_t used = user ? user->used[kind] : 0;

	if (amount > quota->maxima[kind] - used)
		return QUOTA_E_EXCEEDED;
	if (!user) {
		user = user_new(quota, uid);
		if (!user)
			return error_origin(-ENOMEM);
	}
	user->used[kind] += amount;
	user->n_charges++;
	*ret = user;
	return 0;
}

int quota_charge(Quota *quota, uid_t uid, unsigned kind, uint64_t amount, QuotaCharge *ret)
{
	QuotaUser *user;
	int r;

	assert(kind < quota->n_kinds);
	assert(!ret->quota);
	pthread_mutex_lock(&quota->lock);
	r = charge_locked(quota, uid, kind, amount, &user);
	pthread_mutex_unlock(&quota->lock);
	if (r != 0)
		return r;
	*ret = (QuotaCharge){.quota = quota, .user = user, .kind = kind, .amount = amount};
	return 0;
}

int quota_grow(QuotaCharge *charge, uint64_t amount)
{
	Quota *quota = charge->quota;
	uint64_t *used = &charge->user->used[charge->kind];
	int r = QUOTA_E_EXCEEDED;

	pthread_mutex_lock(&quota->lock);
	if (amount <= quota->maxima[charge->kind] - *used) {
		*used += amount;
		charge->amount += amount;
		r = 0;
	}
	pthread_mutex_unlock(&quota->lock);
	return r;
}

void quota_uncharge(QuotaCharge *charge)
{
	Quota *quota = charge->quota;
	QuotaUser *user = charge->user;

	if (!quota)
		return;
	pthread_mutex_lock(&quota->lock);
	assert(user->used[charge->kind] >= charge->amount);
	user->used[charge->kind] -= charge->amount;
	if (--user->n_charges == 0)
		user_free(quota, user);
	pthread_mutex_unlock(&quota->lock);
	*charge = (QuotaCharge)QUOTA_CHARGE_INIT;
}

uint64_t quota_usage(Quota *quota, uid_t uid, unsigned kind)
{
	QuotaUser *user;
	uint64_t used;

	assert(kind < quota->n_kinds);
	pthread_mutex_lock(&quota->lock);
	user = user_find(quota, uid);
	used = user ? user->used[kind] : 0;
	pthread_mutex_unlock(&quota->lock);
	return used;
}

unsigned quota_n_users(Quota *quota)
{
	unsigned n;

	pthread_mutex_lock(&quota->lock);
	n = HASH_CNT(hh, quota->users);
	pthread_mutex_unlock(&quota->lock);
	return n;
}
