/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors in flight. The kernel counts them for the sender's uid over the whole machine, so
 * a peer that does not read what we answer spends what is ours. What we have sent to a uid and
 * do not know to be read is therefore counted here, up to a quarter of the descriptor limit for
 * each uid, and every socket that carried descriptors is asked (SIOCOUTQ) whether they were
 * taken before anything is refused. Rights that were made in this process, for its own children
 * say, are charged to nobody (uid -1).
 *
 * Unread answers are counted for the process that asked as well, which may have half as much unread as
 * is left of what its user may have: so one client that never reads leaves room for the others of its
 * user, and one that is alone is not kept small. A pid is good enough for that: nothing is decided by it
 * but whose room is used.
 */
#pragma once

#include <sys/types.h>

#include "base/quota.h"
#include "port/types.h"

#define BUDGET_NOBODY ((uid_t)-1)

/* Adds to a charge (which may be empty). False: the uid has too many unread. What is more than the
 * maximum by itself counts as the maximum: it goes if nothing else is unread. */
bool budget_charge(QuotaCharge *charge, uid_t uid, unsigned n_fds);

typedef struct BudgetCharge {
	QuotaCharge user, process;
} BudgetCharge;

#define BUDGET_CHARGE_INIT                                                                         \
	{                                                                                          \
		.user = QUOTA_CHARGE_INIT, .process = QUOTA_CHARGE_INIT                            \
	}

/* The same for an answer to a request of that process (0: not known, only its user is charged). */
bool budget_charge_answer(BudgetCharge *charge, uid_t uid, pid_t pid, unsigned n_fds);

void budget_uncharge(BudgetCharge *charge);

/* The socket of an answer that carried descriptors: kept until the peer has read it or is gone,
 * so that the charge can be given back. Takes both. */
void budget_keep_take(int fd, BudgetCharge *charge);

/* Asks the kept sockets; gives back what was read. */
void budget_sweep(void);

/* In a fork child: the kept sockets are the parent's business. */
void budget_forget_all(void);
