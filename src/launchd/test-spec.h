/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_TEST_SPEC_H
#define PORTCULLIS_LAUNCHD_TEST_SPEC_H

/* Property lists for the tests: a frame of XML around the keys at hand, and what became of it. */

#include "launchd/spec-private.h"

#include "tests/lib/unit.h"

#define LABEL "<key>Label</key><string>com.example.test</string>"
#define PROGRAM "<key>Program</key><string>/bin/true</string>"
#define OPEN "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>"
#define CLOSE "</dict></plist>\n"

typedef struct Parsed {
	SpecReport report;
	JobSpec *spec;
	int result;
	char *said; /* all of the report */
} Parsed;

__attribute__((__unused__)) static void parsed_init(Parsed *p, const void *data, size_t size)
{
	size_t n_said = 0;
	FILE *out;
	/* Of the exact size, for the sake of the sanitizer. */
	char *copy = malloc(size > 0 ? size : 1);

	memcpy(copy, data, size);
	memset(p, 0, sizeof(*p));
	spec_report_init(&p->report, "test.plist");
	p->result = spec_parse(copy, size, &p->report, &p->spec);
	free(copy);
	out = open_memstream(&p->said, &n_said);
	spec_report_print(&p->report, out);
	fclose(out);
	ASSERT_EQ(p->result == 0, p->spec != NULL);
	ASSERT_EQ(p->result == SPEC_E_INVALID, p->report.n_errors > 0);
}

/* The keys of a job, in XML, without the label and program. */
__attribute__((__unused__)) static void parsed_init_keys(Parsed *p, const char *keys)
{
	char *text;
	int n = asprintf(&text, OPEN LABEL PROGRAM "%s" CLOSE, keys);

	ASSERT_GT(n, 0);
	parsed_init(p, text, (size_t)n);
	free(text);
}

__attribute__((__unused__)) static void parsed_deinit(Parsed *p)
{
	spec_report_deinit(&p->report);
	spec_free(p->spec);
	free(p->said);
}

/* A job that is right, and without warnings unless one is named. */
__attribute__((__unused__)) static void parsed_init_right(Parsed *p, const char *keys)
{
	parsed_init_keys(p, keys);
	if (p->result != 0)
		FAIL("%s: %s", keys, p->said);
}

/* The keys are wrong, and the report has these words. */
__attribute__((__unused__)) static void assert_wrong(const char *keys, const char *words)
{
	Parsed p;

	parsed_init_keys(&p, keys);
	if (p.result != SPEC_E_INVALID)
		FAIL("%s: accepted", keys);
	if (!strstr(p.said, words))
		FAIL("%s: \"%s\" is not in \"%s\"", keys, words, p.said);
	parsed_deinit(&p);
}

__attribute__((__unused__)) static char *xml_of(const JobSpec *spec)
{
	char *text = NULL;
	size_t size = 0;

	ASSERT_OK(spec_to_xml(spec, &text, &size));
	ASSERT_EQ(strlen(text), size);
	return text;
}

/* Written out, read again and written out: the same text. */
__attribute__((__unused__)) static void assert_round_trip(const JobSpec *spec)
{
	char *text = xml_of(spec), *again;
	Parsed p;

	parsed_init(&p, text, strlen(text));
	if (p.result != 0 || p.report.n_warnings > 0)
		FAIL("%s\n%s", text, p.said);
	again = xml_of(p.spec);
	ASSERT_STREQ(text, again);
	parsed_deinit(&p);
	free(text);
	free(again);
}

#endif
