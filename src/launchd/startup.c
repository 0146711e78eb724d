/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/startup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "launchd/domain.h"

/* cause: NULL if the report has said it. */
static void complain(const char *path, const char *cause)
{
	fprintf(stderr, "launchd: %s: not loaded%s%s\n", path, cause ? ": " : "",
		cause ? cause : "");
}

/* As `print` shows it, from wherever. A link at its end stays one: it is not followed. NULL: no memory. */
static char *absolute(const char *path)
{
	_cleanup_free_ char *folder = *path == '/' ? strdup("") : getcwd(NULL, 0);
	char *whole;

	while (strncmp(path, "./", 2) == 0)
		path += 2;
	if (!folder || asprintf(&whole, "%s%s%s", folder, *folder ? "/" : "", path) < 0)
		return NULL;
	return whole;
}

/* is_default: a label that is there already is no mistake then, but what the order of folders is for. */
static void load_file(const char *path, bool is_default)
{
	_cleanup_spec_report_ SpecReport report;
	_cleanup_free_ char *whole = absolute(path);
	JobSpec *spec;
	Job *job;
	int r;

	spec_report_init(&report, whole ? whole : path);
	r = spec_load_file(server.uid, &report, &spec);
	if (r == SPEC_E_INVALID)
		r = DOMAIN_E_INVALID;
	else if (r == 0)
		r = domain_add_consume(spec, false, &report, &job);
	spec_report_print(&report, stderr);
	if (r == DOMAIN_E_EXISTS && is_default)
		log_notice("%s: its label is loaded from elsewhere", report.file);
	else if (r == DOMAIN_E_EXISTS)
		complain(report.file, "a service with this label is loaded already");
	else if (r)
		complain(report.file, r < 0 ? strerror(-r) : NULL);
}

static int load_entry(void *userdata, const char *path)
{
	load_file(path, *(const bool *)userdata);
	return 0;
}

static void load_folder(const char *path, bool is_default)
{
	int r = spec_each_file(path, load_entry, &is_default);

	if (r < 0)
		complain(path, strerror(-r));
}

void startup_load(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		load_folder(path, false);
	else
		load_file(path, false);
}

/* --- Folders --- */

static void add_folder(StartupFolders *f, const char *root, const char *inner, const char *kind)
{
	int n = snprintf(
		f->paths[f->n], sizeof(f->paths[0]), "%s%s/portcullis/%s", root, inner, kind);

	f->n += n > 0 && (size_t)n < sizeof(f->paths[0]);
}

void startup_folders(bool is_system, StartupFolders *ret)
{
	const char *kind = is_system ? "LaunchDaemons" : "LaunchAgents";
	const char *config = secure_getenv("XDG_CONFIG_HOME"), *home = secure_getenv("HOME");

	ret->n = 0;
	if (!is_system && config && *config == '/')
		add_folder(ret, config, "", kind);
	else if (!is_system && home && *home == '/')
		add_folder(ret, home, "/.config", kind);
	add_folder(ret, "/etc", "", kind);
	add_folder(ret, "/usr/lib", "", kind);
}

void startup_load_default(bool is_system)
{
	StartupFolders folders;

	startup_folders(is_system, &folders);
	for (unsigned i = 0; i < folders.n; i++) {
		_cleanup_spec_report_ SpecReport report;
		const char *path = folders.paths[i];

		spec_report_init(&report, path);
		if (access(path, F_OK) < 0 && errno == ENOENT)
			continue;
		if (spec_check_folder(server.uid, &report) == 0) {
			load_folder(path, true);
			continue;
		}
		spec_report_print(&report, stderr);
		complain(path, NULL);
	}
}
