/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_QUOTA_H
#define PORTCULLIS_BASE_QUOTA_H

/*
 * Quotas: whatever a peer can make us hold is charged to the peer's uid.
 *
 * A Quota counts some kinds of resource (the owner numbers them from 0: ports, queued bytes,
 * descriptors in flight, ...), each with a maximum that holds for every uid by itself. Since no uid's
 * use counts against another's, nobody can exhaust what is somebody else's.
 *
 * A QuotaCharge is the receipt: embed it in the object that it pays for, and uncharge it in that
 * object's destructor. A uid's record exists only while it has charges, so that passing through many
 * uids leaves nothing behind.
 *
 * Safe from any thread (one mutex per Quota); a single QuotaCharge is its owner's to guard.
 */

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

#define QUOTA_KINDS_MAX 16

enum {
	_QUOTA_E_SUCCESS,
	QUOTA_E_EXCEEDED, /* this would exceed the uid's maximum; nothing was charged */
	_QUOTA_E_N,
};

typedef struct QuotaUser QuotaUser;

typedef struct Quota {
	pthread_mutex_t lock;
	QuotaUser *users; /* hash by uid */
	unsigned n_kinds;
	uint64_t maxima[QUOTA_KINDS_MAX];
} Quota;

typedef struct QuotaCharge {
	Quota *quota; /* NULL: nothing charged */
	QuotaUser *user;
	unsigned kind;
	uint64_t amount;
} QuotaCharge;

#define QUOTA_CHARGE_INIT                                                                          \
	{                                                                                          \
		.quota = NULL                                                                      \
	}

/* @maxima has @n_kinds entries, at most QUOTA_KINDS_MAX. */
void quota_init(Quota *quota, const uint64_t *maxima, unsigned n_kinds);

/* All charges must have been given back. */
void quota_deinit(Quota *quota);

/* Charge @amount of @kind to @uid. *ret must not hold a charge; it is set only on success.
 * Returns 0, QUOTA_E_EXCEEDED, or -ENOMEM. */
int quota_charge(
	Quota *quota, uid_t uid, unsigned kind, uint64_t amount, QuotaCharge *ret) _warn_unused_;

/* Make a charge that is held larger by @amount. Returns 0 or QUOTA_E_EXCEEDED. */
int quota_grow(QuotaCharge *charge, uint64_t amount) _warn_unused_;

/* Give a charge back; *charge is empty afterwards. An empty one is left alone. */
void quota_uncharge(QuotaCharge *charge);

#define _cleanup_quota_charge_ _cleanup_(quota_uncharge)

/* What @uid is charged for @kind at this moment. */
uint64_t quota_usage(Quota *quota, uid_t uid, unsigned kind);

/* How many uids have charges. */
unsigned quota_n_users(Quota *quota);

#endif
