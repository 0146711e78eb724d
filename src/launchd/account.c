/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/account.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "launchd/refusal.h"

/* Of one record of the database. */
#define RECORD_MAX ((size_t)1 << 20)
#define GROUPS_MAX 65536

void account_deinit(Account *account)
{
	free(account->groups);
	free(account->name);
	free(account->home);
	free(account->shell);
	*account = (Account)ACCOUNT_INIT;
}

/* Room for twice as much as last time. */
static int grow(char **buffer, size_t *size)
{
	char *bigger;

	if (*size >= RECORD_MAX)
		return error_origin(-E2BIG);
	bigger = realloc(*buffer, *size ? 2 * *size : 4096);
	if (!bigger)
		return error_origin(-ENOMEM);
	*size = *size ? 2 * *size : 4096;
	*buffer = bigger;
	return 0;
}

static int find_user(const char *name, Account *account, char **ret_problem)
{
	_cleanup_free_ char *buffer = NULL;
	struct passwd record, *found = NULL;
	size_t size = 0;
	int r, error = ERANGE;

	while (error == ERANGE || error == EINTR) {
		r = grow(&buffer, &size);
		if (r < 0)
			return error_trace(r);
		error = getpwnam_r(name, &record, buffer, size, &found);
	}
	if (!found)
		return refusal_format(ACCOUNT_E_REFUSED, ret_problem,
			"there is no user \"%s\"%s%s (UserName)", name, error ? ": " : "",
			error ? strerror(error) : "");
	account->uid = found->pw_uid;
	account->gid = found->pw_gid;
	account->name = strdup(found->pw_name);
	account->home = strdup(found->pw_dir[0] ? found->pw_dir : "/");
	account->shell = strdup(found->pw_shell[0] ? found->pw_shell : "/bin/sh");
	if (!account->name || !account->home || !account->shell)
		return error_origin(-ENOMEM);
	return 0;
}

static int find_group(const char *name, Account *account, char **ret_problem)
{
	_cleanup_free_ char *buffer = NULL;
	struct group record, *found = NULL;
	size_t size = 0;
	int r, error = ERANGE;

	while (error == ERANGE || error == EINTR) {
		r = grow(&buffer, &size);
		if (r < 0)
			return error_trace(r);
		error = getgrnam_r(name, &record, buffer, size, &found);
	}
	if (!found)
		return refusal_format(ACCOUNT_E_REFUSED, ret_problem,
			"there is no group \"%s\"%s%s (GroupName)", name, error ? ": " : "",
			error ? strerror(error) : "");
	account->gid = found->gr_gid;
	return 0;
}

/* The groups of the user, or no other than the one that it has anyway. */
static int find_groups(Account *account, bool init_groups)
{
	int n = init_groups && account->name ? 64 : 1;

	for (;;) {
		int room = n;
		gid_t *groups = reallocarray(account->groups, (size_t)n, sizeof(*groups));

		if (!groups)
			return error_origin(-ENOMEM);
		account->groups = groups;
		groups[0] = account->gid;
		if (!init_groups || !account->name ||
			getgrouplist(account->name, account->gid, groups, &n) >= 0)
			break;
		n = MAX(n, 2 * room);
		if (n > GROUPS_MAX)
			return error_origin(-E2BIG);
	}
	account->n_groups = (size_t)n;
	return 0;
}

int account_find(const char *user_name, const char *group_name, bool init_groups, Account *ret,
	char **ret_problem)
{
	_cleanup_account_ Account account = ACCOUNT_INIT;
	int r;

	account.uid = geteuid();
	account.gid = getegid();
	if (user_name) {
		r = find_user(user_name, &account, ret_problem);
		if (r != 0)
			return error_trace(r);
	}
	if (group_name) {
		r = find_group(group_name, &account, ret_problem);
		if (r != 0)
			return error_trace(r);
	}
	account.is_changed = geteuid() == 0 && (user_name || group_name);
	if (geteuid() != 0 && account.uid != geteuid())
		return refusal_format(ACCOUNT_E_REFUSED, ret_problem,
			"only root can run it as user \"%s\" (UserName)", user_name);
	if (geteuid() != 0 && group_name && account.gid != getegid())
		return refusal_format(ACCOUNT_E_REFUSED, ret_problem,
			"only root can run it as group \"%s\" (GroupName)", group_name);
	if (account.is_changed) {
		r = find_groups(&account, init_groups);
		if (r < 0)
			return error_trace(r);
	}
	*ret = account;
	account = (Account)ACCOUNT_INIT;
	return 0;
}
