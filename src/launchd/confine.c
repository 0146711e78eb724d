/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/confine.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/error.h"
#include "launchd/account.h"
#include "launchd/confine-ports.h"
#include "launchd/confine-private.h"
#include "launchd/guest.h"
#include "launchd/refusal.h"

#define GROUPS_FOLDER "/sys/fs/cgroup"
#define SYSTEM_FOLDER "/run/portcullis"
#define RUNTIME_FOLDERS "/run/user"

typedef struct Trial {
	int32_t error; /* errno; 0: it works */
	uint32_t step;
} Trial;

static bool works; /* it was tried, and does */
static char *why_not; /* it was tried, and did not */
static char *server_path;

static ConfineRecipe recipe_here(void)
{
	return geteuid() == 0 ? CONFINE_OTHER_USER : CONFINE_USER_NAMESPACE;
}

static void server_path_clear(void)
{
	free(server_path);
	server_path = NULL;
}

static void why_not_clear(void)
{
	free(why_not);
	why_not = NULL;
}

int confine_set_path(const char *path)
{
	_cleanup_free_ char *here = path && *path != '/' ? getcwd(NULL, 0) : NULL;
	char *copy = NULL;

	if (path && *path != '/' && !here)
		return error_origin(-errno);
	if (path && asprintf(&copy, "%s%s%s", here ? here : "", here ? "/" : "", path) < 0)
		return error_origin(-ENOMEM);
	server_path_clear();
	server_path = copy;
	return 0;
}

void confine_deinit(void)
{
	server_path_clear();
	confine_ports_deinit();
	guest_deinit();
	works = false;
	why_not_clear();
}

/* --- What is hidden --- */

/* A place that is not there yet could come later: whoever may make it does so now. */
static int cover_folder(ConfineCovers *covers, const char *path, mode_t mode, bool make)
{
	if (make && mkdir(path, mode) < 0 && errno != EEXIST)
		return error_origin(-errno);
	return error_trace(confine_covers_add(covers, path));
}

/* All of it, since a user's servers of other kinds that start programs are there as well. Only one that
 * is as it should be: it may be said to be anything, and the job needs "/tmp". */
static int cover_runtime_folder(ConfineCovers *covers, const char *folder)
{
	_cleanup_free_ char *path = NULL;
	struct stat st;

	if (!folder || *folder != '/' || stat(folder, &st) < 0)
		return 0;
	if (st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return error_trace(confine_covers_add(covers, folder));
	if (asprintf(&path, "%s/portcullis", folder) < 0)
		return error_origin(-ENOMEM);
	return error_trace(cover_folder(covers, path, 0700, true));
}

/* The groups that a user may divide are the user's files, and cgroup.kill is as good as a signal. Those of
 * version 2 may lie among those of version 1. */
static int cover_groups(ConfineCovers *covers)
{
	const char *place = cgroup_find_place();
	int r = 0;

	if (place && strcmp(place, GROUPS_FOLDER) != 0)
		r = confine_covers_add(covers, place);
	return error_trace(r < 0 ? r : confine_covers_add(covers, GROUPS_FOLDER));
}

static int list_covers(uid_t uid, ConfineCovers *covers)
{
	bool is_root = geteuid() == 0;
	char path[sizeof(RUNTIME_FOLDERS) + 16];
	int r;

	/* Before what it lies in: it is a file system of its own, which may be seen elsewhere. */
	(void)snprintf(path, sizeof(path), RUNTIME_FOLDERS "/%u", (unsigned)uid);
	r = confine_covers_add(covers, path);
	if (r == 0)
		r = cover_runtime_folder(covers, secure_getenv("XDG_RUNTIME_DIR"));
	if (r == 0)
		r = cover_folder(covers, RUNTIME_FOLDERS, 0755, is_root);
	if (r == 0)
		r = cover_folder(covers, SYSTEM_FOLDER, 0755, is_root);
	if (r == 0 && server_path)
		r = confine_covers_add(covers, server_path);
	if (r == 0)
		r = cover_groups(covers);
	return error_trace(r);
}

/* --- Before the fork --- */

static int prepare(uid_t uid, gid_t gid, Confinement **ret)
{
	_cleanup_confine_ Confinement *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_origin(-ENOMEM);
	c->recipe = recipe_here();
	(void)snprintf(c->uid_map, sizeof(c->uid_map), "%u %u 1\n", (unsigned)uid, (unsigned)uid);
	(void)snprintf(c->gid_map, sizeof(c->gid_map), "%u %u 1\n", (unsigned)gid, (unsigned)gid);
	r = list_covers(uid, &c->covers);
	if (r < 0)
		return error_trace(r);
	*ret = TAKE_PTR(c);
	return 0;
}

static int find_user(const JobSpec *spec, Account *account, char **ret_problem)
{
	int r = account_find(
		spec->user_name, spec->group_name, spec->init_groups, account, ret_problem);

	if (r != 0)
		return r < 0 ? error_trace(r) : CONFINE_E_REFUSED;
	if (account->uid == 0)
		return refusal_format(CONFINE_E_REFUSED, ret_problem,
			"%s, since root cannot be confined",
			spec->user_name ? "its UserName must be another one"
					: "it needs a UserName");
	return 0;
}

int confine_new(const JobSpec *spec, Confinement **ret, char **ret_problem)
{
	_cleanup_account_ Account account = ACCOUNT_INIT;
	_cleanup_confine_ Confinement *c = NULL;
	int r;

	r = find_user(spec, &account, ret_problem);
	if (r == 0)
		r = confine_probe(ret_problem);
	if (r == 0)
		r = prepare(account.uid, account.gid, &c);
	if (r == 0)
		r = confine_ports_make(spec->label, account.uid, account.gid, &c->ports);
	if (r == 0 && c->ports)
		r = confine_covers_add(&c->covers, CONFINE_PORTS_PLACE);
	if (r == 0)
		r = guest_reserve(spec->label, &c->guest_id);
	if (r != 0)
		return error_trace(r);
	*ret = TAKE_PTR(c);
	return 0;
}

Confinement *confine_free(Confinement *c)
{
	if (!c)
		return NULL;
	confine_covers_deinit(&c->covers);
	free(c->ports);
	free(c);
	return NULL;
}

void confine_freep(Confinement **confinementp)
{
	*confinementp = confine_free(*confinementp);
}

/* --- The trial --- */

static _noreturn_ void try_child(Confinement *c, Trial *trial)
{
	int r = confine_child(c, SPAWN_CONFINE_AS_LAUNCHD);

	if (r == 0)
		r = confine_child(c, SPAWN_CONFINE_AS_USER);
	if (r == 0)
		r = confine_try_to_leave(c);
	trial->step = (uint32_t)c->step;
	trial->error = -r;
	_exit(0);
}

static int run_trial(Confinement *c, Trial *trial)
{
	sigset_t all, before;
	int status;
	pid_t pid;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = _Fork();
	if (pid == 0)
		try_child(c, trial);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return error_origin(-errno);
	/* It makes a few system calls; nothing in them waits for anybody. */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_origin(-errno);
	return 0;
}

static const char *step_text(uint32_t step)
{
	static const char *const texts[_CONFINE_STEP_N] = {
		[CONFINE_STEP_NAMESPACES] = "namespaces cannot be made",
		[CONFINE_STEP_USER_MAP] = "a user namespace cannot be given its users",
		[CONFINE_STEP_SEAL] = "a user namespace cannot be sealed",
		[CONFINE_STEP_PRIVATE] = "mounts cannot be made private",
		[CONFINE_STEP_PORTS] = "the directory of ports cannot be replaced",
		[CONFINE_STEP_COVER] = "the paths of servers cannot be covered",
		[CONFINE_STEP_RECORD] = "a mount namespace has no number",
		[CONFINE_STEP_CAPABILITIES] = "capabilities cannot be given up",
		[CONFINE_STEP_LANDLOCK] = "there is no Landlock with scopes (Linux 6.12)",
		[CONFINE_STEP_TRIAL] = "a process that was confined could do what it must not",
	};

	return step < _CONFINE_STEP_N ? texts[step] : "?";
}

int confine_probe(char **ret_problem)
{
	_cleanup_confine_ Confinement *c = NULL;
	Trial *trial, outcome;
	int r;

	if (works)
		return 0;
	r = prepare(geteuid(), getegid(), &c);
	if (r < 0)
		return error_trace(r);
	trial = mmap(
		NULL, sizeof(*trial), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (trial == MAP_FAILED)
		return error_origin(-errno);
	/* What stays if the child dies of it. */
	*trial = (Trial){.error = ECHILD};
	r = run_trial(c, trial);
	outcome = *trial;
	(void)munmap(trial, sizeof(*trial));
	if (r < 0)
		return error_trace(r);
	why_not_clear();
	works = outcome.error == 0;
	if (works)
		return 0;
	r = refusal_format(CONFINE_E_REFUSED, ret_problem, "%s: %s", step_text(outcome.step),
		strerror(outcome.error));
	if (r == CONFINE_E_REFUSED)
		why_not = strdup(*ret_problem);
	return error_trace(r);
}

char *confine_describe(void)
{
	char *text = NULL;

	if (works)
		return strdup(recipe_here() == CONFINE_OTHER_USER
				      ? "another user, mount namespace, Landlock"
				      : "sealed user namespace, mount namespace, Landlock");
	if (!why_not || asprintf(&text, "impossible: %s", why_not) < 0)
		return NULL;
	return text;
}
