/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print, print-disabled, blame, list: what launchd says of its jobs.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job_user.h"
#include "tools/launchctl.h"

kern_return_t describe(const Manager *m, const char *label, plist_t *ret)
{
	mach_msg_type_number_t n = 0;
	job_text_t text = NULL;
	plist_t root = NULL;
	kern_return_t kr;
	job_label_t name;

	(void)mig_strncpy(name, label, sizeof(name));
	*ret = NULL;
	kr = job_mig_describe(m->port, name, &text, &n);
	if (kr != KERN_SUCCESS)
		return kr;
	plist_from_xml(text, n, &root);
	release(text, n);
	if (!PLIST_IS_DICT(root)) {
		launchctl_plist_freep(&root);
		return MIG_TYPE_ERROR;
	}
	*ret = root;
	return KERN_SUCCESS;
}

int manager_ask(const Manager *m, int *ret_pid, unsigned *ret_uid)
{
	job_label_t name;
	kern_return_t kr = job_mig_manager(m->port, ret_pid, ret_uid, name);

	if (kr == KERN_SUCCESS)
		return 0;
	return fail(cause_status(kr), "Could not ask who serves %s: %s", m->name, cause_text(kr));
}

int flush_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return fail(STATUS_FAILED, "launchctl: the output could not be written");
}

/* For a failure that is about the domain. */
static int fail_domain(const Manager *m, const char *what, kern_return_t kr)
{
	char phrase[160];

	domain_phrase(m->name, phrase, sizeof(phrase));
	return fail(cause_status(kr), "Could not %s %s: %s", what, phrase,
		kr == BOOTSTRAP_NOT_PRIVILEGED && m->is_subset
			? "jobs are managed from the root of the domain, and this is a subset"
			: cause_text(kr));
}

/* --- list --- */

static int list_one(const Manager *m, const char *label)
{
	_cleanup_description_ plist_t job = NULL;
	kern_return_t kr = describe(m, label, &job);

	if (kr != KERN_SUCCESS)
		return fail_service(m, "list service", label, kr);
	format_legacy(stdout, strcmp(m->name, "System") == 0 ? "System" : "Background", job);
	return flush_output();
}

static int compare_lines(const void *a, const void *b)
{
	const job_line_t *x = a, *y = b;

	return strcmp(x->label, y->label);
}

/* In order, each label ended. Release them. */
static kern_return_t lines_get(const Manager *m, job_lines_t *ret, mach_msg_type_number_t *ret_n)
{
	kern_return_t kr;

	*ret = NULL;
	*ret_n = 0;
	kr = job_mig_list(m->port, ret, ret_n);
	if (kr != KERN_SUCCESS)
		return kr;
	for (unsigned i = 0; i < *ret_n; i++)
		(*ret)[i].label[sizeof(job_label_t) - 1] = '\0';
	if (*ret_n > 0)
		qsort(*ret, *ret_n, sizeof(**ret), compare_lines);
	return KERN_SUCCESS;
}

static int run_list(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	Target target = {.kind = TARGET_OWN};
	mach_msg_type_number_t n;
	job_lines_t lines;
	kern_return_t kr;
	int status = 0;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return command_usage(self);
	if (argc == 2 && strchr(argv[1], '/'))
		status = target_get(self, argv[1], true, &target);
	else if (argc == 2)
		target.label = argv[1];
	if (!status)
		status = manager_open(&target, &m);
	if (status)
		return status;
	if (target.label)
		return list_one(&m, target.label);
	kr = lines_get(&m, &lines, &n);
	if (kr != KERN_SUCCESS)
		return fail_domain(&m, "list the services in", kr);
	format_list(stdout, lines, n);
	release(lines, n * sizeof(*lines));
	return flush_output();
}

/* --- print --- */

static int print_job(const Manager *m, const Target *target, bool json)
{
	_cleanup_description_ plist_t job = NULL, d = NULL;
	char name[160], text[320];
	kern_return_t kr = describe(m, target->label, &job);

	if (kr != KERN_SUCCESS)
		return fail_service(m, "print service", target->label, kr);
	domain_target(m->name, name, sizeof(name));
	(void)snprintf(text, sizeof(text), "%s/%s", name, target->label);
	if (json) {
		plist_dict_set_item(job, "domain", plist_new_string(name));
		format_json(stdout, job);
		putchar('\n');
	} else {
		(void)describe(m, "", &d);
		format_job(stdout, text, job, d);
	}
	return flush_output();
}

static int print_domain_text(const Manager *m, const char *name, plist_t description)
{
	_cleanup_services_ ServiceTable services = {.n = 0};
	mach_msg_type_number_t n = 0;
	job_lines_t lines = NULL;
	DomainView view = {.target = name, .description = description};
	kern_return_t kr = lines_get(m, &lines, &n);
	int status;

	if (kr == KERN_SUCCESS)
		kr = services_get(m->port, &services);
	status = kr == KERN_SUCCESS ? manager_ask(m, &view.pid, &view.uid)
				    : fail_domain(m, "print", kr);
	view.lines = lines;
	view.n_lines = n;
	view.services = services;
	if (!status)
		format_domain(stdout, &view);
	release(lines, n * sizeof(*lines));
	return status ? status : flush_output();
}

static int print_domain(const Manager *m, bool json)
{
	_cleanup_description_ plist_t d = NULL;
	kern_return_t kr = describe(m, "", &d);
	char name[160];

	if (kr != KERN_SUCCESS)
		return fail_domain(m, "print", kr);
	domain_target(m->name, name, sizeof(name));
	if (!json)
		return print_domain_text(m, name, d);
	format_json(stdout, d);
	putchar('\n');
	return flush_output();
}

static int run_print(const Command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	bool json = false;
	Target target;
	int c, status;

	while ((c = getopt_long(argc, argv, "j", options, NULL)) != -1) {
		if (c != 'j')
			return command_bad_option(self);
		json = true;
	}
	if (argc - optind != 1)
		return command_usage(self);
	if (target_parse(argv[optind], &target) == TARGET_OK)
		status = 0;
	else
		status = target_get(self, argv[optind], true, &target);
	if (!status)
		status = manager_open(&target, &m);
	if (status)
		return status;
	return target.label ? print_job(&m, &target, json) : print_domain(&m, json);
}

static int run_print_disabled(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	_cleanup_description_ plist_t d = NULL;
	kern_return_t kr;
	Target target;
	int status;

	if (argc != 2)
		return command_usage(self);
	status = target_get(self, argv[1], false, &target);
	if (!status)
		status = manager_open(&target, &m);
	if (status)
		return status;
	kr = describe(&m, "", &d);
	if (kr != KERN_SUCCESS)
		return fail_domain(&m, "print", kr);
	format_disabled(stdout, d);
	return flush_output();
}

static int run_blame(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	_cleanup_description_ plist_t job = NULL;
	const char *reason;
	kern_return_t kr;
	Target target;
	uint64_t pid;
	int status;

	if (argc != 2)
		return command_usage(self);
	status = target_get(self, argv[1], true, &target);
	if (!status)
		status = manager_open(&target, &m);
	if (status)
		return status;
	kr = describe(&m, target.label, &job);
	if (kr != KERN_SUCCESS)
		return fail_service(&m, "blame service", target.label, kr);
	reason = plist_find_text(job, "reason");
	if (!plist_find_number(job, "pid", &pid) || pid == 0)
		reason = "(not running)";
	format_text(stdout, reason ? reason : "(unknown)");
	putchar('\n');
	return flush_output();
}

const Command print_commands[] = {
	{"list", run_list, "[LABEL]", "List the services of this domain, or one of them"},
	{"print", run_print, "[--json] DOMAIN | SERVICE", "Show a domain or a service"},
	{"print-disabled", run_print_disabled, "DOMAIN", "Show which services are disabled"},
	{"blame", run_blame, "SERVICE", "Say why a service is running"},
	{NULL, NULL, NULL, NULL},
};
