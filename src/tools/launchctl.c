/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launchctl: talks to launchd. The subcommands are in groups:
 *
 *	names	bslist, bstree, bsexec		launchctl-names.c
 *	load	load, bootstrap, submit, plist	launchctl-load.c
 *	jobs	start, kickstart, kill, enable	launchctl-jobs.c
 *	print	list, print, blame		launchctl-print.c
 *	misc	getenv, manager*, error, help	launchctl-misc.c
 *
 * and below them: which domain is meant (-target), how failures are told (-error), what is printed
 * (-format for lists, -show for `print`, -plist for values and JSON).
 */
#include "tools/launchctl.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>

const Command *const all_commands[] = {
	load_commands,
	jobs_commands,
	print_commands,
	names_commands,
	misc_commands,
	NULL,
};

int command_usage(const Command *command)
{
	return fail(STATUS_USAGE, "Usage: launchctl %s%s%s", command->name,
		*command->arguments ? " " : "", command->arguments);
}

int command_bad_option(const Command *command)
{
	if (optopt)
		(void)fail(STATUS_USAGE, "Not an option of %s, or one that lacks its value: -%c",
			command->name, optopt);
	return command_usage(command);
}

/* What others have under this name, and what would mean nothing here. */
static bool is_known_elsewhere(const char *name)
{
	static const char *const names[] = {"asuser", "attach", "config", "debug", "examine",
		"export", "getrusage", "hostinfo", "limit", "log", "print-cache", "reboot",
		"resolveport", "shutdown", "singleuser", "stderr", "stdout", "umask", "variant"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static const Command *find_command(const char *name)
{
	for (const Command *const *table = all_commands; *table; table++) {
		for (const Command *c = *table; c->name; c++) {
			if (strcmp(c->name, name) == 0)
				return c;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const Command *command;
	const char *name = argc > 1 ? argv[1] : "";

	/* The subcommands say themselves what is wrong. */
	opterr = 0;
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0)
		name = "version";
	command = find_command(name);
	if (command)
		return command->run(command, argc - 1, argv + 1);
	if (is_known_elsewhere(name))
		(void)fail(STATUS_USAGE, "There is no subcommand %s in this launchctl", name);
	else if (*name)
		(void)fail(STATUS_USAGE, "Unrecognized subcommand: %s", name);
	return fail(STATUS_USAGE, "Usage: launchctl SUBCOMMAND [ARGUMENT ...]; launchctl help "
				  "lists them");
}
