/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_ACCOUNT_H
#define PORTCULLIS_LAUNCHD_ACCOUNT_H

/*
 * Whom a job runs as: UserName, GroupName and InitGroups, looked up in the user database, before the
 * fork, since nothing of that may be done after it. What is asked for and cannot be had is a reason not
 * to run: a job is never run as somebody else.
 *
 * The database is what nsswitch.conf(5) says; answers are bounded in size, but a database in the network
 * answers when it does.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/cleanup.h"

enum {
	_ACCOUNT_E_SUCCESS,
	ACCOUNT_E_REFUSED, /* *ret_problem says why */
	_ACCOUNT_E_N,
};

typedef struct Account {
	bool is_changed; /* else the job runs as we do, and none of the rest but the strings counts */
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary */
	size_t n_groups;
	char *name, *home, *shell; /* NULL without a user_name */
} Account;

#define ACCOUNT_INIT                                                                               \
	{                                                                                          \
		.is_changed = false                                                                \
	}

/* Either name may be NULL. Who is not root may name itself only. Returns 0, ACCOUNT_E_REFUSED with
 * the reason on the heap, or -errno. */
int account_find(const char *user_name, const char *group_name, bool init_groups, Account *ret,
	char **ret_problem) _warn_unused_;

void account_deinit(Account *account);
#define _cleanup_account_ _cleanup_(account_deinit)

#endif
