/* SPDX-License-Identifier: Apache-2.0 */
#include "port/budget.h"

#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/list.h"
#include "port/probe.h"

typedef struct Kept {
	TAILQ_ENTRY(Kept) link;
	int fd;
	BudgetCharge charge;
} Kept;

static Quota in_flight, unread_answers; /* of a user, of a process */
static uint64_t maximum;
static bool quotas_ready;
static TAILQ_HEAD(, Kept) kept = TAILQ_HEAD_INITIALIZER(kept);

static void need_quotas(void)
{
	if (quotas_ready)
		return;
	maximum = (uint64_t)fd_limit() / 4;
	quota_init(&in_flight, &maximum, 1);
	quota_init(&unread_answers, &maximum, 1);
	quotas_ready = true;
}

static bool charge_to(Quota *quota, QuotaCharge *charge, uid_t id, uint64_t n)
{
	if (charge->quota)
		return quota_grow(charge, n) == 0;
	return quota_charge(quota, id, 0, n, charge) == 0;
}

bool budget_charge(QuotaCharge *charge, uid_t uid, unsigned n_fds)
{
	if (n_fds == 0 || uid == BUDGET_NOBODY)
		return true;
	need_quotas();
	return charge_to(&in_flight, charge, uid, MIN((uint64_t)n_fds, maximum));
}

/* A process may have half as much unread as is left of its user's: alone a third of all, and whoever comes
 * after it finds twice as much as it has. One that has nothing unread may have one answer of any size. */
static bool process_has_room(uid_t uid, pid_t pid, uint64_t n)
{
	uint64_t left = maximum - MIN(quota_usage(&in_flight, uid, 0), maximum);
	uint64_t unread = quota_usage(&unread_answers, (uid_t)pid, 0);

	return unread == 0 || unread + n <= left / 2;
}

bool budget_charge_answer(BudgetCharge *charge, uid_t uid, pid_t pid, unsigned n_fds)
{
	uint64_t n;

	if (n_fds == 0 || uid == BUDGET_NOBODY)
		return true;
	need_quotas();
	n = MIN((uint64_t)n_fds, maximum);
	if (pid > 0 && !process_has_room(uid, pid, n))
		return false;
	if (!budget_charge(&charge->user, uid, n_fds))
		return false;
	/* Out of memory: then its user alone is charged. */
	if (pid > 0)
		(void)charge_to(&unread_answers, &charge->process, (uid_t)pid, n);
	return true;
}

void budget_uncharge(BudgetCharge *charge)
{
	quota_uncharge(&charge->user);
	quota_uncharge(&charge->process);
}

static void kept_free(Kept *k)
{
	TAILQ_REMOVE(&kept, k, link);
	budget_uncharge(&k->charge);
	probe_close_lazily_consume(k->fd);
	free(k);
}

static bool answer_was_read(int fd)
{
	struct pollfd p = {.fd = fd};
	int bytes = 0;

	if (ioctl(fd, SIOCOUTQ, &bytes) < 0 || bytes == 0)
		return true;
	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR);
}

/* Each new one has two old ones looked at: what was read, or a crowd of peers that has gone left behind,
 * goes while others are served, and what is kept is what is unread, and little else. */
static void look_at_oldest(const Kept *newest)
{
	for (int i = 0; i < 2; i++) {
		Kept *k = TAILQ_FIRST(&kept);

		if (k == newest)
			return;
		if (answer_was_read(k->fd)) {
			kept_free(k);
			continue;
		}
		TAILQ_REMOVE(&kept, k, link);
		TAILQ_INSERT_TAIL(&kept, k, link);
	}
}

void budget_keep_take(int fd, BudgetCharge *charge)
{
	Kept *k = charge->user.quota ? calloc(1, sizeof(*k)) : NULL;

	if (!k) {
		budget_uncharge(charge);
		probe_close_lazily_consume(fd);
		return;
	}
	k->fd = fd;
	k->charge = *charge;
	*charge = (BudgetCharge)BUDGET_CHARGE_INIT;
	TAILQ_INSERT_TAIL(&kept, k, link);
	look_at_oldest(k);
}

void budget_sweep(void)
{
	Kept *k, *next;

	TAILQ_FOREACH_SAFE (k, &kept, link, next) {
		if (answer_was_read(k->fd))
			kept_free(k);
	}
}

void budget_forget_all(void)
{
	while (!TAILQ_EMPTY(&kept))
		kept_free(TAILQ_FIRST(&kept));
}
