/* SPDX-License-Identifier: Apache-2.0 */

#include "base/quota.h"
#include "tests/lib/unit.h"

enum { KIND_PORTS, KIND_BYTES, N_KINDS };

static const uint64_t maxima[N_KINDS] = {[KIND_PORTS] = 3, [KIND_BYTES] = UINT64_MAX};

TEST(charge_and_uncharge)
{
	_cleanup_(quota_deinit) Quota quota;
	QuotaCharge a = QUOTA_CHARGE_INIT, b = QUOTA_CHARGE_INIT, c = QUOTA_CHARGE_INIT;

	quota_init(&quota, maxima, N_KINDS);
	ASSERT_OK(quota_charge(&quota, 1000, KIND_PORTS, 2, &a));
	ASSERT_EQ(quota_usage(&quota, 1000, KIND_PORTS), 2u);
	ASSERT_EQ(quota_usage(&quota, 1000, KIND_BYTES), 0u);
	ASSERT_EQ(quota_charge(&quota, 1000, KIND_PORTS, 2, &b), QUOTA_E_EXCEEDED);
	ASSERT_NULL(b.quota);
	ASSERT_OK(quota_charge(&quota, 1000, KIND_PORTS, 1, &b));
	ASSERT_EQ(quota_charge(&quota, 1000, KIND_PORTS, 1, &c), QUOTA_E_EXCEEDED);
	ASSERT_OK(quota_charge(&quota, 1000, KIND_PORTS, 0, &c));
	quota_uncharge(&a);
	ASSERT_NULL(a.quota);
	quota_uncharge(&a);
	ASSERT_EQ(quota_usage(&quota, 1000, KIND_PORTS), 1u);
	quota_uncharge(&b);
	ASSERT_EQ(quota_n_users(&quota), 1u);
	quota_uncharge(&c);
	ASSERT_EQ(quota_n_users(&quota), 0u);
}

TEST(sums_cannot_overflow)
{
	_cleanup_(quota_deinit) Quota quota;
	QuotaCharge a = QUOTA_CHARGE_INIT, b = QUOTA_CHARGE_INIT;

	quota_init(&quota, maxima, N_KINDS);
	ASSERT_OK(quota_charge(&quota, 0, KIND_BYTES, UINT64_MAX, &a));
	ASSERT_EQ(quota_charge(&quota, 0, KIND_BYTES, 1, &b), QUOTA_E_EXCEEDED);
	ASSERT_EQ(quota_charge(&quota, 0, KIND_BYTES, UINT64_MAX, &b), QUOTA_E_EXCEEDED);
	ASSERT_EQ(quota_charge(&quota, 0, KIND_PORTS, UINT64_MAX, &b), QUOTA_E_EXCEEDED);
	quota_uncharge(&a);
}

TEST(one_uid_cannot_exhaust_another)
{
	_cleanup_(quota_deinit) Quota quota;
	QuotaCharge charges[100] = {0};

	quota_init(&quota, maxima, N_KINDS);
	for (uid_t uid = 0; uid < 100; uid++) {
		QuotaCharge refused = QUOTA_CHARGE_INIT;

		ASSERT_OK(quota_charge(&quota, uid, KIND_PORTS, 3, &charges[uid]));
		ASSERT_EQ(quota_charge(&quota, uid, KIND_PORTS, 1, &refused), QUOTA_E_EXCEEDED);
	}
	ASSERT_EQ(quota_n_users(&quota), 100u);
	for (uid_t uid = 0; uid < 100; uid++)
		quota_uncharge(&charges[uid]);
	ASSERT_EQ(quota_n_users(&quota), 0u);
}

TEST(refusal_leaves_no_record)
{
	_cleanup_(quota_deinit) Quota quota;
	QuotaCharge a = QUOTA_CHARGE_INIT;

	quota_init(&quota, maxima, N_KINDS);
	ASSERT_EQ(quota_charge(&quota, 5, KIND_PORTS, 4, &a), QUOTA_E_EXCEEDED);
	ASSERT_EQ(quota_n_users(&quota), 0u);
}

static void *churn(void *quota)
{
	for (uid_t i = 0; i < 20000; i++) {
		_cleanup_quota_charge_ QuotaCharge a = QUOTA_CHARGE_INIT, b = QUOTA_CHARGE_INIT;
		int r = quota_charge(quota, i % 3, KIND_PORTS, 2, &a);

		ASSERT_GE(r, 0);
		ASSERT_OK(quota_charge(quota, i % 3, KIND_BYTES, i, &b));
		ASSERT_LE(quota_usage(quota, i % 3, KIND_PORTS), 3u);
	}
	return NULL;
}

TEST(threads)
{
	_cleanup_(quota_deinit) Quota quota;
	pthread_t threads[4];

	quota_init(&quota, maxima, N_KINDS);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, churn, &quota));
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_OK(pthread_join(threads[i], NULL));
	ASSERT_EQ(quota_n_users(&quota), 0u);
}
