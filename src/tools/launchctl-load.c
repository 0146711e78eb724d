/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing jobs, and taking them away: load, unload, bootstrap, bootout, submit; and plist, which only
 * looks at files.
 *
 * A file is opened once, judged and read by that descriptor, and what was read is what is sent: nobody
 * can put another in its place in between. Whether the property list makes sense is for the server to
 * say; its report is shown as it is.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job_user.h"
#include "launchd/spec.h"
#include "tools/launchctl.h"

/* What is to be done to each file. */
typedef struct Errand {
	const Manager *manager;
	uid_t uid; /* whose domain it is: whose files are believed */
	const char *failed; /* "Bootstrap failed" */
	uint32_t flags; /* of load; or whether to disable */
	int (*run)(const struct Errand *errand, const char *path, const char *data, size_t size);
} Errand;

/* --- Files --- */

static int failed(const Errand *e, int status, const char *path, const char *cause)
{
	return fail(
		status, "%s: %d: %s: %s: %s", e->failed, status, status_text(status), path, cause);
}

static int run_file(const Errand *e, const char *path)
{
	_cleanup_spec_report_ SpecReport report;
	_cleanup_free_ char *data = NULL;
	size_t size = 0;
	int r;

	spec_report_init(&report, path);
	r = spec_read_file(e->uid, &report, &data, &size);
	if (r == 0)
		return e->run(e, path, data, size);
	return failed(e, STATUS_FAILED, path, r < 0 ? strerror(-r) : report.problems[0].text);
}

/* Of a folder: the status of the last that failed. */
typedef struct Folder {
	const Errand *errand;
	int status;
} Folder;

static int run_entry(void *userdata, const char *path)
{
	Folder *f = userdata;
	int status = run_file(f->errand, path);

	f->status = status ? status : f->status;
	return 0;
}

static int run_folder(const Errand *e, const char *path)
{
	Folder f = {.errand = e};
	int r = spec_each_file(path, run_entry, &f);

	return r < 0 ? failed(e, STATUS_FAILED, path, strerror(-r)) : f.status;
}

/* Files and folders. The status of the last that failed. */
static int run_paths(const Errand *e, char **paths)
{
	int status = 0;

	for (; *paths; paths++) {
		struct stat st;
		int one = stat(*paths, &st) == 0 && S_ISDIR(st.st_mode) ? run_folder(e, *paths)
									: run_file(e, *paths);

		status = one ? one : status;
	}
	return status;
}

/* --- load --- */

static int send_job(const Errand *e, const char *path, const char *data, size_t size)
{
	_cleanup_free_ char *real = *path ? realpath(path, NULL) : NULL;
	const char *shown = real ? real : path;
	mach_msg_type_number_t n = 0;
	job_text_t problems = NULL;
	job_label_t label = "";
	kern_return_t kr, outcome = KERN_SUCCESS;

	kr = job_mig_load(e->manager->port, (char *)data, (mach_msg_type_number_t)size,
		(char *)shown, (mach_msg_type_number_t)strlen(shown), e->flags, label, &outcome,
		&problems, &n);
	if (kr == BOOTSTRAP_NOT_PRIVILEGED && e->manager->is_subset)
		return failed(e, STATUS_DENIED, path,
			"jobs are loaded into the root of a domain, and this is a subset");
	if (kr != KERN_SUCCESS)
		return failed(e, cause_status(kr), path, cause_text(kr));
	if (n > 0)
		(void)fwrite(problems, 1, n, stderr);
	release(problems, n);
	if (outcome == KERN_SUCCESS)
		return 0;
	return failed(e, cause_status(outcome), *path ? path : "(submitted)", cause_text(outcome));
}

/* --- unload --- */

static int unload_label(const Errand *e, const char *label, const char *path)
{
	char phrase[160], cause[400];
	job_label_t name;
	kern_return_t kr;

	(void)mig_strncpy(name, label, sizeof(name));
	kr = job_mig_unload(e->manager->port, name, e->flags);
	if (kr == KERN_SUCCESS)
		return 0;
	domain_phrase(e->manager->name, phrase, sizeof(phrase));
	if (kr != JOB_UNKNOWN)
		return failed(e, cause_status(kr), path, cause_text(kr));
	(void)snprintf(cause, sizeof(cause), "there is no service \"%s\" in %s", label, phrase);
	return failed(e, STATUS_NO_PROCESS, path, cause);
}

/* Which job a file describes. */
static int unload_job(const Errand *e, const char *path, const char *data, size_t size)
{
	_cleanup_spec_report_ SpecReport report;
	_cleanup_spec_ JobSpec *spec = NULL;
	int r;

	spec_report_init(&report, path);
	r = spec_parse(data, size, &report, &spec);
	if (r == 0)
		return unload_label(e, spec->label, path);
	spec_report_print(&report, stderr);
	return failed(e, STATUS_FAILED, path, r < 0 ? strerror(-r) : cause_text(JOB_INVALID));
}

/* --- load, unload, bootstrap, bootout --- */

static int errand_open(Errand *e, const Target *target, Manager *m)
{
	int status = manager_open(target, m), pid;
	unsigned uid = 0;

	if (!status)
		status = manager_ask(m, &pid, &uid);
	e->manager = m;
	e->uid = uid;
	return status;
}

/* The options of both; those that chose among the sessions of a desktop choose nothing here. */
static bool parse_load_options(
	const Command *self, int argc, char **argv, bool *ret_enable, bool *ret_force)
{
	int c;

	*ret_enable = *ret_force = false;
	while ((c = getopt(argc, argv, "wFS:D:")) != -1) {
		switch (c) {
		case 'w':
			*ret_enable = true;
			break;
		case 'F':
			*ret_force = true;
			break;
		case 'S':
		case 'D':
			fprintf(stderr, "launchctl: -%c has no effect here\n", c);
			break;
		default:
			(void)command_bad_option(self);
			return false;
		}
	}
	if (optind == argc)
		(void)command_usage(self);
	return optind < argc;
}

/* Of both the status is 0, whatever happened to the jobs: scripts expect that. */
static int run_load(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	const Target own = {.kind = TARGET_OWN};
	Errand e = {.failed = "Load failed", .run = send_job};
	bool enable, force;

	if (!parse_load_options(self, argc, argv, &enable, &force))
		return STATUS_USAGE;
	e.flags = (force ? JOB_LOAD_FORCE : 0) | (enable ? JOB_LOAD_ENABLE : 0);
	if (!errand_open(&e, &own, &m))
		(void)run_paths(&e, argv + optind);
	return 0;
}

static int run_unload(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	const Target own = {.kind = TARGET_OWN};
	Errand e = {.failed = "Unload failed", .run = unload_job};
	bool disable, force;

	if (!parse_load_options(self, argc, argv, &disable, &force))
		return STATUS_USAGE;
	e.flags = disable;
	if (!errand_open(&e, &own, &m))
		(void)run_paths(&e, argv + optind);
	return 0;
}

static int run_bootstrap(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	Errand e = {.failed = "Bootstrap failed", .run = send_job};
	Target target;
	int status;

	if (argc < 3)
		return command_usage(self);
	status = target_get(self, argv[1], false, &target);
	if (!status)
		status = errand_open(&e, &target, &m);
	return status ? status : run_paths(&e, argv + 2);
}

static int run_bootout(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	Errand e = {.failed = "Boot-out failed", .run = unload_job};
	Target target;
	int status;

	if (argc < 2)
		return command_usage(self);
	/* With paths it is a domain. Without, a service. */
	status = target_get(self, argv[1], argc == 2, &target);
	if (!status)
		status = errand_open(&e, &target, &m);
	if (status)
		return status;
	return argc == 2 ? unload_label(&e, target.label, argv[1]) : run_paths(&e, argv + 2);
}

/* --- submit --- */

/* A job that is kept alive until it succeeds, of a command line. NULL: no memory. */
static JobSpec *spec_of(const char *label, char *const *paths, char *const *arguments, size_t n)
{
	_cleanup_spec_ JobSpec *spec = spec_new();
	char **members[3];

	if (!spec)
		return NULL;
	members[0] = &spec->program;
	members[1] = &spec->stdout_path;
	members[2] = &spec->stderr_path;
	for (size_t i = 0; i < 3; i++) {
		*members[i] = paths[i] ? strdup(paths[i]) : NULL;
		if (paths[i] && !*members[i])
			return NULL;
	}
	spec->label = strdup(label);
	spec->arguments = calloc(n + 1, sizeof(char *));
	if (!spec->label || !spec->arguments)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		spec->arguments[i] = strdup(arguments[i]);
		if (!spec->arguments[i])
			return NULL;
	}
	spec->keep_alive.successful_exit = SPEC_TRI_FALSE;
	return TAKE_PTR(spec);
}

static int submit(const JobSpec *spec)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	Errand e = {.failed = "Submit failed"};
	const Target own = {.kind = TARGET_OWN};
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int status;

	if (spec_to_xml(spec, &text, &size) < 0)
		return fail(STATUS_FAILED, "launchctl: no memory");
	status = errand_open(&e, &own, &m);
	return status ? status : send_job(&e, "", text, size);
}

static int run_submit(const Command *self, int argc, char **argv)
{
	_cleanup_spec_ JobSpec *spec = NULL;
	char *label = NULL, *paths[3] = {NULL, NULL, NULL};
	int c;

	while ((c = getopt(argc, argv, "+l:p:o:e:")) != -1) {
		switch (c) {
		case 'l':
			label = optarg;
			break;
		case 'p':
			paths[0] = optarg;
			break;
		case 'o':
			paths[1] = optarg;
			break;
		case 'e':
			paths[2] = optarg;
			break;
		default:
			return command_bad_option(self);
		}
	}
	if (!label || optind >= argc)
		return command_usage(self);
	if (!spec_is_label(label))
		return fail(STATUS_USAGE, "Not a label that a service can have: \"%s\"", label);
	spec = spec_of(label, paths, argv + optind, (size_t)(argc - optind));
	return spec ? submit(spec) : fail(STATUS_FAILED, "launchctl: no memory");
}

/* --- plist --- */

static int run_plist(const Command *self, int argc, char **argv)
{
	int status = 0;

	if (argc < 2)
		return command_usage(self);
	for (int i = 1; i < argc; i++) {
		_cleanup_spec_report_ SpecReport report;
		_cleanup_spec_ JobSpec *spec = NULL;
		int r;

		spec_report_init(&report, argv[i]);
		r = spec_load_file(geteuid(), &report, &spec);
		spec_report_print(&report, stderr);
		if (r < 0)
			fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
		else if (r == 0)
			printf("%s: OK\n", argv[i]);
		/* So that it stands where it belongs among the reports. */
		(void)fflush(stdout);
		status = r ? 1 : status;
	}
	return status ? status : flush_output();
}

const Command load_commands[] = {
	{"bootstrap", run_bootstrap, "DOMAIN PATH ...", "Load services into a domain"},
	{"bootout", run_bootout, "SERVICE | DOMAIN PATH ...", "Unload services"},
	{"load", run_load, "[-wF] PATH ...", "Load services into this domain"},
	{"unload", run_unload, "[-w] PATH ...", "Unload services of this domain"},
	{"submit", run_submit,
		"-l LABEL [-p PROGRAM] [-o FILE] [-e FILE] -- COMMAND [ARGUMENT ...]",
		"Make a service of a command, without a file"},
	{"plist", run_plist, "FILE ...", "Check files without loading them"},
	{NULL, NULL, NULL, NULL},
};
