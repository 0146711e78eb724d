/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_TEST_JOB_H
#define PORTCULLIS_LAUNCHD_TEST_JOB_H

/* Jobs for the tests: specs from a few keys, a directory for their files, a loop with a deadline. */

#include <ftw.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/loop.h"
#include "launchd/spec.h"

#include "tests/lib/unit.h"

#define DEADLINE_MS 60000

/* XML text with its special characters spelled out. */
__attribute__((__unused__)) static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else
			fputc(*text, out);
	}
}

/* A job of these keys, which say what the program is. */
__attribute__((__unused__)) static JobSpec *spec_of(const char *label, const char *keys)
{
	SpecReport report;
	JobSpec *spec = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>"
		     "<key>Label</key><string>");
	put_escaped(out, label);
	fprintf(out, "</string>%s</dict></plist>\n", keys);
	fclose(out);
	spec_report_init(&report, "test.plist");
	if (spec_parse(text, size, &report, &spec) != 0) {
		spec_report_print(&report, stdout);
		FAIL("the test's own property list is wrong: %s", text);
	}
	spec_report_deinit(&report);
	free(text);
	return spec;
}

/* A job that runs a line of shell; @keys (printf's) are the other ones. */
__attribute__((__unused__, __format__(__printf__, 3, 4))) static JobSpec *spec_of_shell(
	const char *label, const char *script, const char *keys, ...)
{
	JobSpec *spec;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	va_list args;

	fputs("<key>ProgramArguments</key><array><string>/bin/sh</string><string>-c</string>"
	      "<string>",
		out);
	put_escaped(out, script);
	fputs("</string></array>", out);
	va_start(args, keys);
	vfprintf(out, keys, args);
	va_end(args);
	fclose(out);
	spec = spec_of(label, text);
	free(text);
	return spec;
}

/* A directory that everybody can write to, removed with all that is in it. */
typedef struct TestDir {
	char path[64];
} TestDir;

__attribute__((__unused__)) static void dir_init(TestDir *dir)
{
	snprintf(dir->path, sizeof(dir->path), "/tmp/launchd-test.XXXXXX");
	if (!mkdtemp(dir->path) || chmod(dir->path, 0777) < 0)
		FAIL("cannot make %s", dir->path);
}

__attribute__((__unused__)) static int dir_remove_entry(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

__attribute__((__unused__)) static void dir_deinit(TestDir *dir)
{
	if (dir->path[0])
		nftw(dir->path, dir_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	dir->path[0] = '\0';
}

/* Valid until the eighth call after it. */
__attribute__((__unused__)) static const char *dir_at(const TestDir *dir, const char *name)
{
	static char paths[8][256];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir->path, name);
	return path;
}

__attribute__((__unused__)) static bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* All that is in a file, or "" if there is none; on the heap. */
__attribute__((__unused__)) static char *file_read(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *in = fopen(path, "re");
	size_t n;

	if (in) {
		n = fread(text, 1, 65535, in);
		text[n] = '\0';
		fclose(in);
	}
	return text;
}

__attribute__((__unused__)) static void file_write(const char *path, const char *text, mode_t mode)
{
	FILE *out = fopen(path, "we");

	if (!out)
		FAIL("cannot write %s: %s", path, strerror(errno));
	fputs(text, out);
	fchmod(fileno(out), mode);
	fclose(out);
}

__attribute__((__unused__)) static size_t count_lines(const char *path)
{
	char *text = file_read(path);
	size_t n = 0;

	for (const char *p = text; *p; p++)
		n += *p == '\n';
	free(text);
	return n;
}

/* Run the loop until something is so. */
#define RUN_UNTIL(loop, condition)                                                                 \
	do {                                                                                       \
		Deadline run_deadline_ = deadline_after_ms(DEADLINE_MS);                           \
		while (!(condition)) {                                                             \
			if (deadline_is_past(run_deadline_))                                       \
				FAIL("never came true: %s", #condition);                           \
			ASSERT_OK(loop_run_once((loop), 1000));                                    \
		}                                                                                  \
	} while (0)

#endif
