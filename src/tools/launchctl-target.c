/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which domain is meant, and the way to it. The caller's own is reached by its bootstrap port; those of
 * the machine and of a user also by their paths. A session has no path: it is reached from within.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootstrap/contact.h"
#include "launchd/spec.h"
#include "tools/launchctl-identify.h"
#include "tools/launchctl.h"

#define SYSTEM_NAME "System"
#define USER_PREFIX "user/"
#define SESSION_PREFIX "session/"

/* --- Parsing --- */

/* A number up to the end or a '/'; NULL: there is none. Else where it ends. */
static const char *parse_number(const char *text, unsigned *ret)
{
	unsigned long value = 0;
	const char *p = text;

	for (; isdigit((unsigned char)*p); p++) {
		value = value * 10 + (unsigned long)(*p - '0');
		if (value >= UINT32_MAX)
			return NULL;
	}
	if (p == text || (*p && *p != '/'))
		return NULL;
	*ret = (unsigned)value;
	return p;
}

/* The word before the first '/', if it is this one: what comes behind it. */
static const char *after_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(text, word, n) != 0 || (text[n] && text[n] != '/'))
		return NULL;
	return text + n;
}

static TargetError parse_label(const char *rest, Target *t)
{
	if (*rest == '/')
		rest++;
	if (!*rest)
		return TARGET_OK;
	if (!spec_is_label(rest))
		return TARGET_BAD_LABEL;
	t->label = rest;
	return TARGET_OK;
}

static TargetError parse_user(const char *rest, Target *t)
{
	const char *end = *rest == '/' ? parse_number(rest + 1, &t->number) : NULL;

	if (!end)
		return TARGET_UNRECOGNIZED;
	t->has_number = true;
	return parse_label(end, t);
}

/* The number may be left out: there is only one that can be reached. */
static TargetError parse_session(const char *rest, Target *t)
{
	const char *end = *rest == '/' ? parse_number(rest + 1, &t->number) : NULL;

	t->has_number = end != NULL;
	return parse_label(end ? end : rest, t);
}

TargetError target_parse(const char *text, Target *ret)
{
	static const char *const absent[] = {"gui", "login", "pid"};
	const char *rest;

	*ret = (Target){.kind = TARGET_SYSTEM};
	rest = after_word(text, "system");
	if (rest)
		return parse_label(rest, ret);
	ret->kind = TARGET_USER;
	rest = after_word(text, "user");
	if (rest)
		return parse_user(rest, ret);
	ret->kind = TARGET_SESSION;
	rest = after_word(text, "session");
	if (rest)
		return parse_session(rest, ret);
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		if (after_word(text, absent[i]))
			return TARGET_ABSENT;
	}
	return TARGET_UNRECOGNIZED;
}

/* A label alone is what most people try. */
static int fail_unrecognized(const Command *command, const char *text, bool service)
{
	const char *label = spec_is_label(text) ? text : "LABEL";

	if (service)
		(void)fail(STATUS_USAGE,
			"Unrecognized target \"%s\": say system/%s, user/%u/%s or session/%s", text,
			label, (unsigned)geteuid(), label, label);
	else
		(void)fail(STATUS_USAGE,
			"Unrecognized target \"%s\": say system, user/%u or session", text,
			(unsigned)geteuid());
	return command_usage(command);
}

int target_get(const Command *command, const char *text, bool service, Target *ret)
{
	switch (target_parse(text, ret)) {
	case TARGET_OK:
		break;
	case TARGET_ABSENT:
		return fail(STATUS_NO_DOMAIN,
			"Could not find domain \"%s\": there are only system, user/UID and "
			"session here",
			text);
	case TARGET_BAD_LABEL:
		return fail(STATUS_USAGE, "Not a label that a service can have: \"%s\"", text);
	default:
		return fail_unrecognized(command, text, service);
	}
	if (service == (ret->label != NULL))
		return 0;
	(void)fail(STATUS_USAGE,
		service ? "\"%s\" is a domain and names no service"
			: "\"%s\" is a service; a domain is wanted",
		text);
	return command_usage(command);
}

/* --- Names --- */

void domain_target(const char *name, char *text, size_t size)
{
	(void)snprintf(text, size, "%s", strcmp(name, SYSTEM_NAME) == 0 ? "system" : name);
}

void domain_phrase(const char *name, char *text, size_t size)
{
	const char *slash = strchr(name, '/');

	if (strcmp(name, SYSTEM_NAME) == 0)
		(void)snprintf(text, size, "domain for system");
	else if (slash)
		(void)snprintf(
			text, size, "domain for %.*s: %s", (int)(slash - name), name, slash + 1);
	else
		(void)snprintf(text, size, "domain for subset: %s", name);
}

/* --- Reaching it --- */

/* Which one it is that a port leads to. */
static kern_return_t identify(Manager *m)
{
	bootstrap_property_t property;
	kern_return_t kr = namespace_identify(m->port, m->name, &property);

	m->is_subset = property & BOOTSTRAP_PROPERTY_EXPLICITSUBSET;
	return kr;
}

/* Out of the subset that the caller is in. Only root may. */
static kern_return_t climb(Manager *m)
{
	mach_port_t root;

	if (!m->is_subset || bootstrap_get_root(m->port, &root) != BOOTSTRAP_SUCCESS)
		return KERN_SUCCESS;
	(void)mach_port_deallocate(mach_task_self(), m->port);
	m->port = root;
	return identify(m);
}

static int fail_no_domain(int error)
{
	char path[256];

	if (contact_user_path(path, sizeof(path)) < 0)
		(void)snprintf(path, sizeof(path), "$XDG_RUNTIME_DIR/%s", CONTACT_USER_NAME);
	return fail(STATUS_NO_DOMAIN,
		"Could not find a domain: no launchd is at %s or %s: %s\n"
		"Start one (launchd --user), or run this in a session: launchd --session -- "
		"COMMAND",
		path, CONTACT_SYSTEM_PATH, strerror(-error));
}

int manager_open_port_consume(mach_port_t port, Manager *m)
{
	kern_return_t kr;

	*m = (Manager){.port = port};
	kr = identify(m);
	if (kr != KERN_SUCCESS) {
		manager_close(m);
		return fail(STATUS_NO_DOMAIN, "Could not reach the domain: %s", cause_text(kr));
	}
	return 0;
}

int manager_open_own(Manager *m)
{
	mach_port_t port;

	*m = (Manager){.port = MACH_PORT_NULL};
	if (task_get_bootstrap_port(mach_task_self(), &port) != KERN_SUCCESS ||
		!MACH_PORT_VALID(port)) {
		int r = contact_server(&port);

		if (r < 0)
			return fail_no_domain(r);
	}
	return manager_open_port_consume(port, m);
}

static int open_path(const char *path, const char *whose, Manager *m)
{
	kern_return_t kr;
	int r = contact_path(path, CONTACT_TIMEOUT_MS, &m->port);

	if (r < 0)
		return fail(STATUS_NO_DOMAIN, "Could not find domain for %s: %s: %s", whose, path,
			r == -EACCES ? "whoever listens there is neither root nor this user, or "
				       "does not want it"
				     : strerror(-r));
	kr = identify(m);
	if (kr != KERN_SUCCESS) {
		manager_close(m);
		return fail(STATUS_NO_DOMAIN, "Could not reach domain for %s: %s: %s", whose, path,
			cause_text(kr));
	}
	return 0;
}

static int open_user(unsigned uid, Manager *m)
{
	char path[256], whose[32];
	int r;

	(void)snprintf(whose, sizeof(whose), "user: %u", uid);
	if (uid != geteuid())
		return fail(STATUS_NO_DOMAIN,
			"Could not find domain for %s: a user's launchd is for that user only; run "
			"launchctl as user %u",
			whose, uid);
	r = contact_user_path(path, sizeof(path));
	if (r < 0)
		return fail(STATUS_NO_DOMAIN, "Could not find domain for %s: XDG_RUNTIME_DIR is %s",
			whose, r == -ENOENT ? "not set" : "too long");
	return open_path(path, whose, m);
}

static bool has_name(const Manager *m, const Target *target)
{
	char name[64];

	switch (target->kind) {
	case TARGET_SYSTEM:
		return strcmp(m->name, SYSTEM_NAME) == 0;
	case TARGET_USER:
		(void)snprintf(name, sizeof(name), USER_PREFIX "%u", target->number);
		return strcmp(m->name, name) == 0;
	case TARGET_SESSION:
		(void)snprintf(name, sizeof(name), SESSION_PREFIX "%u", target->number);
		return target->has_number
			       ? strcmp(m->name, name) == 0
			       : strncmp(m->name, SESSION_PREFIX, strlen(SESSION_PREFIX)) == 0;
	default:
		return true;
	}
}

/* Whether the caller's own domain is the one that is meant: then it is open. */
static bool own_is(const Target *target, Manager *m)
{
	mach_port_t port;

	if (task_get_bootstrap_port(mach_task_self(), &port) != KERN_SUCCESS ||
		!MACH_PORT_VALID(port))
		return false;
	m->port = port;
	if (identify(m) == KERN_SUCCESS && climb(m) == KERN_SUCCESS && has_name(m, target))
		return true;
	manager_close(m);
	return false;
}

int manager_open(const Target *target, Manager *ret)
{
	*ret = (Manager){.port = MACH_PORT_NULL};
	if (target->kind == TARGET_OWN) {
		int status = manager_open_own(ret);

		if (!status)
			(void)climb(ret);
		return status;
	}
	if (own_is(target, ret))
		return 0;
	if (target->kind == TARGET_SYSTEM)
		return open_path(CONTACT_SYSTEM_PATH, "system", ret);
	if (target->kind == TARGET_USER)
		return open_user(target->number, ret);
	return fail(STATUS_NO_DOMAIN,
		"Could not find domain for session: a session is reached from within it only, and "
		"this process is not in %s",
		target->has_number ? "that one" : "one");
}

void manager_close(Manager *manager)
{
	if (MACH_PORT_VALID(manager->port))
		(void)mach_port_deallocate(mach_task_self(), manager->port);
	manager->port = MACH_PORT_NULL;
}
