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
	QuotaCharge charge;
} Kept;

static Quota in_flight;
static uint64_t maximum;
static bool in_flight_ready;
static TAILQ_HEAD(, Kept) kept = TAILQ_HEAD_INITIALIZER(kept);

bool budget_charge(QuotaCharge *charge, uid_t uid, unsigned n_fds)
{
	uint64_t n;

	if (n_fds == 0 || uid == BUDGET_NOBODY)
		return true;
	if (!in_flight_ready) {
		maximum = (uint64_t)fd_limit() / 4;
		quota_init(&in_flight, &maximum, 1);
		in_flight_ready = true;
	}
	n = MIN((uint64_t)n_fds, maximum);
	if (charge->quota)
		return quota_grow(charge, n) == 0;
	return quota_charge(&in_flight, uid, 0, n, charge) == 0;
}

static void kept_free(Kept *k)
{
	TAILQ_REMOVE(&kept, k, link);
	quota_uncharge(&k->charge);
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

void budget_keep_take(int fd, QuotaCharge *charge)
{
	Kept *k = charge->quota ? calloc(1, sizeof(*k)) : NULL;

	if (!k) {
		quota_uncharge(charge);
		probe_close_lazily_consume(fd);
		return;
	}
	k->fd = fd;
	k->charge = *charge;
	*charge = (QuotaCharge)QUOTA_CHARGE_INIT;
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
