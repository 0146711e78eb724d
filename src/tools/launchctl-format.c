/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists: services and namespaces, jobs, and a job in the old style. Other programs read them, so
 * that every blank counts. What `print` shows is in launchctl-show.c, and free to change.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "launchd/spec-private.h"
#include "tools/launchctl-format.h"

void format_text(FILE *out, const char *text)
{
	bool utf8 = spec_is_utf8(text, strlen(text));

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		/* U+0080 to U+009F are control characters too. */
		bool c1 = *p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;

		if (*p < ' ' || *p == 0x7f || (*p >= 0x80 && !utf8)) {
			fprintf(out, "\\x%02x", *p);
		} else if (c1) {
			fprintf(out, "\\x%02x\\x%02x", p[0], p[1]);
			p++;
		} else {
			fputc(*p, out);
		}
	}
}

/* --- bslist, bstree --- */

void format_service(
	FILE *out, unsigned depth, bootstrap_status_t status, const char *name, const char *job)
{
	const char *letter = status == BOOTSTRAP_STATUS_ACTIVE	    ? "A"
			     : status == BOOTSTRAP_STATUS_ON_DEMAND ? "D"
								    : "I";

	fprintf(out, "%*s%-3s", (int)depth, "", letter);
	format_text(out, name);
	if (job) {
		fputs(" (", out);
		format_text(out, job);
		fputc(')', out);
	}
	fputc('\n', out);
}

static const char *property_text(bootstrap_property_t property)
{
	if (property & BOOTSTRAP_PROPERTY_PERUSER)
		return "Per-user";
	if (property & BOOTSTRAP_PROPERTY_EXPLICITSUBSET)
		return "Explicit Subset";
	if (property & BOOTSTRAP_PROPERTY_IMPLICITSUBSET)
		return "Implicit Subset";
	if (property & BOOTSTRAP_PROPERTY_MOVEDSUBSET)
		return "Moved Subset";
	if (property & BOOTSTRAP_PROPERTY_XPC_SINGLETON)
		return "XPC Singleton Domain";
	if (property & BOOTSTRAP_PROPERTY_XPC_DOMAIN)
		return "XPC Private Domain";
	return "Unknown";
}

void format_namespace(FILE *out, unsigned depth, const char *name, bootstrap_property_t property)
{
	fprintf(out, "%*s", (int)depth, "");
	format_text(out, name);
	fprintf(out, " (%s)/\n", property_text(property));
}

/* --- list --- */

/* As the column "Status" has it. */
static void status_format(int32_t status, char text[static 16])
{
	if (status < 0)
		(void)snprintf(text, 16, "-");
	else if (WIFSIGNALED(status))
		(void)snprintf(text, 16, "-%d", WTERMSIG(status));
	else
		(void)snprintf(text, 16, "%d", WEXITSTATUS(status));
}

void format_list(FILE *out, const job_line_t *lines, size_t n)
{
	fputs("PID\tStatus\tLabel\n", out);
	for (size_t i = 0; i < n; i++) {
		char status[16];

		status_format(lines[i].status, status);
		if (lines[i].pid > 0)
			fprintf(out, "%d\t%s\t", lines[i].pid, status);
		else
			fprintf(out, "-\t%s\t", status);
		format_text(out, lines[i].label);
		fputc('\n', out);
	}
}

/* --- list LABEL --- */

static void legacy_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	format_text(out, text);
	fputc('"', out);
}

static void legacy_text(FILE *out, const char *key, const char *value)
{
	if (!value)
		return;
	fprintf(out, "\t\"%s\" = ", key);
	legacy_quoted(out, value);
	fputs(";\n", out);
}

static void legacy_array(FILE *out, const char *key, plist_t array)
{
	if (!PLIST_IS_ARRAY(array))
		return;
	fprintf(out, "\t\"%s\" = (\n", key);
	for (uint32_t i = 0; i < plist_array_get_size(array); i++) {
		const char *text = plist_get_string_ptr(plist_array_get_item(array, i), NULL);

		fputs("\t\t", out);
		legacy_quoted(out, text ? text : "");
		fputs(";\n", out);
	}
	fputs("\t);\n", out);
}

static void legacy_service(void *ctx, const char *key, plist_t value)
{
	FILE *out = ctx;

	(void)value;
	fputs("\t\t", out);
	legacy_quoted(out, key);
	fputs(" = mach-port-object;\n", out);
}

static void legacy_services(FILE *out, plist_t endpoints)
{
	if (!PLIST_IS_DICT(endpoints) || plist_dict_get_size(endpoints) == 0)
		return;
	fputs("\t\"MachServices\" = {\n", out);
	plist_each(endpoints, legacy_service, out);
	fputs("\t};\n", out);
}

/* As waitpid() gives it. */
static uint64_t legacy_status(plist_t job)
{
	uint64_t value = 0;

	if (plist_find_number(job, "last terminating signal", &value))
		return value;
	return plist_find_number(job, "last exit code", &value) ? value << 8 : 0;
}

void format_legacy(FILE *out, const char *session_type, plist_t job)
{
	uint64_t pid;

	fputs("{\n", out);
	legacy_text(out, "StandardOutPath", plist_find_text(job, "stdout path"));
	legacy_text(out, "StandardErrorPath", plist_find_text(job, "stderr path"));
	legacy_text(out, "LimitLoadToSessionType", session_type);
	legacy_services(out, plist_dict_get_item(job, "endpoints"));
	legacy_text(out, "Label", plist_find_text(job, "label"));
	fprintf(out, "\t\"OnDemand\" = %s;\n", plist_is_true(job, "keepalive") ? "false" : "true");
	fprintf(out, "\t\"LastExitStatus\" = %" PRIu64 ";\n", legacy_status(job));
	if (plist_find_number(job, "pid", &pid) && pid > 0)
		fprintf(out, "\t\"PID\" = %" PRIu64 ";\n", pid);
	legacy_text(out, "Program", plist_find_text(job, "program"));
	legacy_array(out, "ProgramArguments", plist_dict_get_item(job, "arguments"));
	fputs("};\n", out);
}

/* --- Exit codes --- */

void format_exit_code(FILE *out, unsigned code)
{
	static const char *const names[] = {
		[EX_USAGE - EX__BASE] = "EX_USAGE",
		[EX_DATAERR - EX__BASE] = "EX_DATAERR",
		[EX_NOINPUT - EX__BASE] = "EX_NOINPUT",
		[EX_NOUSER - EX__BASE] = "EX_NOUSER",
		[EX_NOHOST - EX__BASE] = "EX_NOHOST",
		[EX_UNAVAILABLE - EX__BASE] = "EX_UNAVAILABLE",
		[EX_SOFTWARE - EX__BASE] = "EX_SOFTWARE",
		[EX_OSERR - EX__BASE] = "EX_OSERR",
		[EX_OSFILE - EX__BASE] = "EX_OSFILE",
		[EX_CANTCREAT - EX__BASE] = "EX_CANTCREAT",
		[EX_IOERR - EX__BASE] = "EX_IOERR",
		[EX_TEMPFAIL - EX__BASE] = "EX_TEMPFAIL",
		[EX_PROTOCOL - EX__BASE] = "EX_PROTOCOL",
		[EX_NOPERM - EX__BASE] = "EX_NOPERM",
		[EX_CONFIG - EX__BASE] = "EX_CONFIG",
	};

	fprintf(out, "%u", code);
	if (code >= EX__BASE && code - EX__BASE < sizeof(names) / sizeof(names[0]))
		fprintf(out, ": %s", names[code - EX__BASE]);
}
