/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment of jobs, who manages a domain, what codes mean, what is known of a process.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job_user.h"
#include "tools/launchctl.h"

/* --- getenv, setenv, unsetenv --- */

static int open_own_domain(Manager *m)
{
	const Target own = {.kind = TARGET_OWN};

	return manager_open(&own, m);
}

static int run_getenv(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	mach_msg_type_number_t n = 0;
	job_text_t value = NULL;
	kern_return_t kr;
	int status;

	if (argc != 2)
		return command_usage(self);
	status = open_own_domain(&m);
	if (status)
		return status;
	kr = job_mig_get_environment(
		m.port, argv[1], (mach_msg_type_number_t)strlen(argv[1]), &value, &n);
	/* What is not set is no mistake, but a script wants to know. */
	if (kr == JOB_UNKNOWN)
		return 1;
	if (kr != KERN_SUCCESS)
		return fail(cause_status(kr), "Could not get \"%s\": %s", argv[1], cause_text(kr));
	if (n > 0)
		(void)fwrite(value, 1, n, stdout);
	putchar('\n');
	release(value, n);
	return flush_output();
}

static int set_variable(const Manager *m, const char *name, const char *value)
{
	const char *text = value ? value : "";
	kern_return_t kr;

	kr = job_mig_set_environment(m->port, (char *)name, (mach_msg_type_number_t)strlen(name),
		(char *)text, (mach_msg_type_number_t)strlen(text), value == NULL);
	if (kr == KERN_SUCCESS)
		return 0;
	return fail(cause_status(kr), "Could not %s \"%s\": %s", value ? "set" : "unset", name,
		kr == JOB_INVALID ? "not a name or a value that a variable can have"
				  : cause_text(kr));
}

static int run_setenv(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	int status;

	if (argc < 3 || argc % 2 == 0)
		return command_usage(self);
	status = open_own_domain(&m);
	for (int i = 1; i < argc && !status; i += 2)
		status = set_variable(&m, argv[i], argv[i + 1]);
	return status;
}

static int run_unsetenv(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	int status;

	if (argc < 2)
		return command_usage(self);
	status = open_own_domain(&m);
	for (int i = 1; i < argc && !status; i++)
		status = set_variable(&m, argv[i], NULL);
	return status;
}

/* --- managerpid, manageruid, managername --- */

static int run_manager(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	unsigned uid;
	int pid, status;

	(void)argv;
	if (argc != 1)
		return command_usage(self);
	status = manager_open_own(&m);
	if (!status)
		status = manager_ask(&m, &pid, &uid);
	if (status)
		return status;
	if (strcmp(self->name, "managerpid") == 0)
		printf("%d\n", pid);
	else if (strcmp(self->name, "manageruid") == 0)
		printf("%u\n", uid);
	else
		printf("%s\n", m.name);
	return flush_output();
}

/* --- error --- */

/* Of any notation that C has; negative ones too. */
static bool parse_code(const char *text, int32_t *ret)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 0);
	if (end == text || *end || errno || value < INT32_MIN || value > (long long)UINT32_MAX)
		return false;
	*ret = (int32_t)(uint32_t)value;
	return true;
}

static int run_error(const Command *self, int argc, char **argv)
{
	const char *kind = argc == 3 ? argv[1] : "";
	int32_t code;

	if (argc < 2 || argc > 3 || !parse_code(argv[argc - 1], &code))
		return command_usage(self);
	if (strcmp(kind, "posix") == 0)
		printf("%d: %s\n", code, strerror(code));
	else if (strcmp(kind, "mach") == 0)
		printf("%#x: %s\n", (unsigned)code, mach_error_string(code));
	else if (strcmp(kind, "bootstrap") == 0)
		printf("%d: %s\n", code, bootstrap_strerror(code));
	else if (argc == 3)
		return command_usage(self);
	else
		printf("%d: %s\n", code, status_text(code) ? status_text(code) : strerror(code));
	return flush_output();
}

/* --- procinfo --- */

typedef struct ProcessInfo {
	char program[PATH_MAX];
	char command[64], state[64];
	int ppid;
	unsigned uid[4], gid[4]; /* real, effective, saved, file system */
} ProcessInfo;

static void line_parse(ProcessInfo *info, const char *line)
{
	unsigned *const ids = strncmp(line, "Gid:", 4) == 0 ? info->gid : info->uid;

	if (strncmp(line, "Uid:", 4) == 0 || ids == info->gid)
		(void)sscanf(line + 4, "%u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]);
	else if (strncmp(line, "PPid:", 5) == 0)
		info->ppid = atoi(line + 5);
	else if (strncmp(line, "Name:", 5) == 0)
		(void)sscanf(line + 5, " %63[^\n]", info->command);
	else if (strncmp(line, "State:", 6) == 0)
		(void)sscanf(line + 6, " %63[^\n]", info->state);
}

static int process_read(int pid, ProcessInfo *ret)
{
	char path[64], line[512];
	FILE *f;
	ssize_t n;

	*ret = (ProcessInfo){.ppid = 0};
	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		line_parse(ret, line);
	(void)fclose(f);
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, ret->program, sizeof(ret->program) - 1);
	if (n < 0)
		(void)snprintf(ret->program, sizeof(ret->program), "(%s)", strerror(errno));
	return 0;
}

/* Who answers for it: the job that it is, or descends from. */
typedef struct Responsible {
	int pid;
	job_label_t label; /* empty: no job, but the domain's launchd, or nobody */
	bool is_ours; /* of this domain */
} Responsible;

static bool find_responsible(
	const job_line_t *lines, unsigned n, int server, int pid, Responsible *ret)
{
	for (unsigned i = 0; i < n; i++) {
		if (lines[i].pid != pid)
			continue;
		*ret = (Responsible){.pid = pid, .is_ours = true};
		(void)mig_strncpy(ret->label, lines[i].label, sizeof(ret->label));
		return true;
	}
	if (pid != server)
		return false;
	ret->is_ours = true;
	return true;
}

/* Goes up from a process to a job or to launchd. Without a domain, the process answers for itself. */
static Responsible responsible_of(const Manager *m, int pid)
{
	mach_msg_type_number_t n = 0;
	job_lines_t lines = NULL;
	Responsible r = {.pid = pid};
	job_label_t name;
	unsigned uid;
	int server = 0;

	if (!MACH_PORT_VALID(m->port) ||
		job_mig_manager(m->port, &server, &uid, name) != KERN_SUCCESS)
		return r;
	(void)job_mig_list(m->port, &lines, &n);
	for (int p = pid, depth = 0; p > 0 && depth < 1000; depth++) {
		ProcessInfo info;

		if (find_responsible(lines, n, server, p, &r) || process_read(p, &info) < 0)
			break;
		p = info.ppid;
	}
	release(lines, n * sizeof(*lines));
	return r;
}

static void print_text_line(const char *name, const char *value)
{
	printf("%s = ", name);
	format_text(stdout, value);
	putchar('\n');
}

static void print_process(int pid, const ProcessInfo *info)
{
	printf("bsd proc info = {\n\tpid = %d\n\tppid = %d\n\t", pid, info->ppid);
	print_text_line("status", info->state);
	printf("\tuid = %u\n\tsvuid = %u\n\truid = %u\n", info->uid[1], info->uid[2], info->uid[0]);
	printf("\tgid = %u\n\tsvgid = %u\n\trgid = %u\n\t", info->gid[1], info->gid[2],
		info->gid[0]);
	print_text_line("comm", info->command);
	printf("}\n");
}

static void print_bootstrap(const Manager *m, int pid)
{
	mach_port_t port = MACH_PORT_NULL;
	kern_return_t kr = process_dup_bootstrap(pid, &port);
	const char *why = cause_text(kr);
	name_t name;

	if (kr == KERN_SUCCESS)
		why = "of another domain";
	else if (kr == KERN_NO_ACCESS)
		why = "not to be seen: Operation not permitted";
	else if (kr == KERN_FAILURE)
		why = "none";
	printf("task-special ports = {\n");
	if (kr == KERN_SUCCESS && manager_knows(m, port, name))
		print_text_line("\tbootstrap", name);
	else
		printf("\tbootstrap = (%s)\n", why);
	printf("}\n");
	if (MACH_PORT_VALID(port))
		(void)mach_port_deallocate(mach_task_self(), port);
}

static int run_procinfo(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	char name[160];
	ProcessInfo info;
	Responsible who;
	mach_port_t own;
	int32_t pid;
	int r;

	if (argc != 2 || !parse_code(argv[1], &pid) || pid <= 0)
		return command_usage(self);
	r = process_read(pid, &info);
	if (r < 0)
		return fail(r == -ENOENT ? STATUS_NO_PROCESS : STATUS_DENIED,
			"Could not look at process %d: %s", pid,
			r == -ENOENT ? status_text(STATUS_NO_PROCESS) : strerror(-r));
	/* Without a domain there is something to tell, too. */
	if (task_get_bootstrap_port(mach_task_self(), &own) == KERN_SUCCESS && MACH_PORT_VALID(own))
		(void)open_own_domain(&m);
	who = responsible_of(&m, pid);
	print_text_line("program path", info.program);
	printf("responsible pid = %d\n", who.pid);
	if (*who.label)
		print_text_line("responsible service", who.label);
	domain_target(m.name, name, sizeof(name));
	print_bootstrap(&m, pid);
	if (who.is_ours)
		print_text_line("domain", name);
	print_process(pid, &info);
	return flush_output();
}

/* --- version, help --- */

static int run_version(const Command *self, int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return command_usage(self);
	printf("Portcullis launchctl %s\n", LAUNCHCTL_VERSION);
	return flush_output();
}

static void print_help(const Command *command)
{
	printf("\t%-15s %s\n", command->name, command->what);
}

static int run_help(const Command *self, int argc, char **argv)
{
	if (argc > 2)
		return command_usage(self);
	if (argc == 1)
		printf("Usage: launchctl SUBCOMMAND [ARGUMENT ...]\n\nSubcommands:\n");
	for (const Command *const *table = all_commands; *table; table++) {
		for (const Command *c = *table; c->name; c++) {
			if (argc == 1) {
				print_help(c);
			} else if (strcmp(c->name, argv[1]) == 0) {
				printf("Usage: launchctl %s%s%s\n\n\t%s\n", c->name,
					*c->arguments ? " " : "", c->arguments, c->what);
				return flush_output();
			}
		}
	}
	if (argc == 2)
		return fail(STATUS_USAGE, "Unrecognized subcommand: %s", argv[1]);
	printf("\nA DOMAIN is system, user/UID or session; a SERVICE is DOMAIN/LABEL.\n");
	return flush_output();
}

const Command misc_commands[] = {
	{"getenv", run_getenv, "NAME", "Print a variable of the environment of services"},
	{"setenv", run_setenv, "NAME VALUE ...", "Set variables for services that start later"},
	{"unsetenv", run_unsetenv, "NAME ...", "Unset them"},
	{"managerpid", run_manager, "", "Print the pid of the launchd of this domain"},
	{"manageruid", run_manager, "", "Print the user of the launchd of this domain"},
	{"managername", run_manager, "", "Print the name of this namespace"},
	{"procinfo", run_procinfo, "PID", "Show what is known of a process"},
	{"error", run_error, "[posix | mach | bootstrap] CODE", "Say what a code means"},
	{"version", run_version, "", "Print the version"},
	{"help", run_help, "[SUBCOMMAND]", "Print this"},
	{NULL, NULL, NULL, NULL},
};
