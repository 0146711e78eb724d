/* SPDX-License-Identifier: Apache-2.0 */
/* Each key of launchd.plist(5): what is right, of the wrong type, and out of range. */
#include "launchd/test-spec.h"

#define T "<true/>"
#define F "<false/>"
#define S(text) "<string>" text "</string>"
#define I(number) "<integer>" #number "</integer>"
#define A(items) "<array>" items "</array>"
#define D(items) "<dict>" items "</dict>"
#define K(name, value) "<key>" name "</key>" value
#define N32 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define N127 N32 N32 N32 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"

#define VALUES_MAX 12

typedef struct Row {
	const char *key; /* a path of keys: all but the last are dictionaries */
	const char *right[VALUES_MAX];
	/* Pairs: a wrong value, and words of the error about it. */
	const char *wrong[VALUES_MAX];
} Row;

#define BOOLEAN(name)                                                                              \
	{                                                                                          \
		name, {T, F},                                                                      \
		{                                                                                  \
			S("yes"), "expected a boolean, found the string \"yes\"", I(1),            \
				"expected a boolean, found 1", A(""), "found an array"             \
		}                                                                                  \
	}
#define PATH(name)                                                                                 \
	{                                                                                          \
		name, {S("/"), S("/a b/c")},                                                       \
		{                                                                                  \
			S("a"), "expected an absolute path, found the string \"a\"", S(""),        \
				"an absolute path", T, "expected a string, found a boolean"        \
		}                                                                                  \
	}
#define SECONDS(name)                                                                              \
	{                                                                                          \
		name, {I(1), I(2147483647)},                                                       \
		{                                                                                  \
			I(-1), "to 2147483647, found -1", I(2147483648), "found 2147483648",       \
				S("5"), "expected an integer", "<real>1.5</real>",                 \
				"found a real number"                                              \
		}                                                                                  \
	}
#define ACCOUNT(name)                                                                              \
	{                                                                                          \
		name, {S("daemon"), S("_x-1")},                                                    \
		{                                                                                  \
			S(""), "the name of a user or group", S("a:b"), "the name of", S("a/b"),   \
				"the name of", I(0), "expected a string, found 0"                  \
		}                                                                                  \
	}
#define LIMIT(name)                                                                                \
	{                                                                                          \
		name, {I(0), I(1024), I(9223372036854775807)},                                     \
		{                                                                                  \
			I(-1), "found -1", S("unlimited"), "found the string \"unlimited\"", T,    \
				"expected an integer from 0 to 9223372036854775807"                \
		}                                                                                  \
	}
#define LIMITS(which)                                                                              \
	{which, {D("")},                                                                           \
		{A(""), "expected a dictionary of limits", D(K("Files", I(1))),                    \
			".Files: unknown key"}},                                                   \
		LIMIT(which ".Core"), LIMIT(which ".CPU"), LIMIT(which ".Data"),                   \
		LIMIT(which ".FileSize"), LIMIT(which ".MemoryLock"),                              \
		LIMIT(which ".NumberOfFiles"), LIMIT(which ".NumberOfProcesses"),                  \
		LIMIT(which ".ResidentSetSize"), LIMIT(which ".Stack")

static const Row rows[] = {
	{"Label", {S("a"), S("a.b c"), S(N127)},
		{S(""), "Label: expected a label", S("a/b"), "expected a label", S("a&#x7f;"),
			"expected a label", S(N127 "n"), "1 to 127 bytes", T, "expected a string"}},
	PATH("Program"),
	{"ProgramArguments", {A(S("")), A(S("x") S("y\nz"))},
		{A(""), "an array of strings that is not empty", S("x"),
			"expected an array of strings, found the string", A(S("x") T),
			"ProgramArguments[1]: expected a string, found a boolean"}},

	{"MachServices", {D(""), D(K("a/b", T)), D(K(N127, T)), D(K("a", T) K("b", D("")))},
		{T, "expected a dictionary of services", D(K("a", F)),
			"MachServices.a: expected true or a dictionary, found false",
			D(K("a.b", I(1))), "MachServices.\"a.b\": expected true or a dictionary",
			D(K("", T)), "the name of a service", D(K("a&#10;b", T)),
			"the name of a service", D(K(N127 "n", T)), "1 to 127 bytes"}},
	BOOLEAN("MachServices.x.ResetAtClose"),
	BOOLEAN("MachServices.x.HideUntilCheckIn"),
	{"MachServices.x.DrainMessagesOnCrash", {T, F, S("One"), S("All"), S("all")},
		{S("Two"), "expected \"One\" or \"All\", found the string \"Two\"", I(1),
			"expected \"One\", \"All\" or a boolean"}},

	BOOLEAN("Disabled"),
	BOOLEAN("RunAtLoad"),
	BOOLEAN("LaunchOnlyOnce"),
	BOOLEAN("OnDemand"),
	BOOLEAN("EnableTransactions"),
	BOOLEAN("AbandonProcessGroup"),
	BOOLEAN("InitGroups"),
	{"KeepAlive", {T, F, D("")},
		{S("yes"), "expected a boolean or a dictionary of conditions", I(1), "found 1",
			D(K("successfulExit", T)),
			"KeepAlive.successfulExit: unknown key; it is written SuccessfulExit"}},
	BOOLEAN("KeepAlive.SuccessfulExit"),
	BOOLEAN("KeepAlive.Crashed"),
	BOOLEAN("KeepAlive.AfterInitialDemand"),
	{"KeepAlive.PathState", {D(""), D(K("/a", T) K("/b", F))},
		{D(K("a", T)), "PathState.a: expected an absolute path", D(K("/a", I(1))),
			"PathState.\"/a\": expected a boolean, found 1", T,
			"a dictionary of booleans"}},
	{"KeepAlive.OtherJobEnabled", {D(""), D(K("com.x", T) K("y", F))},
		{D(K("a/b", T)), "expected a label", D(K("a", S("x"))), "expected a boolean", T,
			"a dictionary of booleans"}},
	{"KeepAlive.OtherJobActive", {D(""), D(K("com.x", T) K("y", F))},
		{D(K("", T)), "expected a label", D(K("a", S("x"))), "expected a boolean", T,
			"a dictionary of booleans"}},

	SECONDS("StartInterval"),
	{"StartInterval", {NULL}, {I(0), "expected an integer from 1"}},
	SECONDS("ThrottleInterval"),
	{"ThrottleInterval", {I(0)}, {NULL}},
	SECONDS("ExitTimeOut"),
	{"ExitTimeOut", {I(0)}, {NULL}},
	{"WatchPaths", {A(S("/a")), A(S("/a") S("/b"))},
		{A(S("/a") S("b")), "WatchPaths[1]: expected an absolute path", S("/a"),
			"expected an array of strings", A(""), "not empty"}},

	PATH("WorkingDirectory"),
	PATH("RootDirectory"),
	ACCOUNT("UserName"),
	ACCOUNT("GroupName"),
	{"Umask", {I(0), I(18), I(0x1ff), S("022"), S("0x12"), S("18"), S("0")},
		{I(512), "found 512", I(-1), "found -1", S("01000"), "found the string \"01000\"",
			S("-1"), "a number from 0 to 0777", S("8x"), "a number from 0 to 0777", T,
			"expected an integer or a string"}},
	{"Umask", {NULL},
		{S(""), "a number from 0 to 0777", S("089"), "a number from 0 to 0777", S(" 1"),
			"a number", S("99999999999999999999"), "a number"}},
	{"Nice", {I(-20), I(0), I(19), I(20)},
		{I(-21), "expected an integer from -20 to 20, found -21", I(21), "found 21", S("5"),
			"expected an integer"}},
	{"EnvironmentVariables", {D(""), D(K("A", S("")) K("B", S("x=y\nz")))},
		{D(K("A", I(1))), "EnvironmentVariables.A: expected a string, found 1",
			D(K("", S("x"))), "the name of an environment variable",
			D(K("a=b", S("x"))), "the name of an environment variable", A(""),
			"expected a dictionary of strings"}},
	PATH("StandardInPath"),
	PATH("StandardOutPath"),
	PATH("StandardErrorPath"),
	LIMITS("SoftResourceLimits"),
	LIMITS("HardResourceLimits"),
	{"Linux", {D("")},
		{T, "expected a dictionary", D(K("confined", T)),
			"Linux.confined: unknown key; it is written Confined"}},
	BOOLEAN("Linux.Confined"),
	/* More of these in test-spec-sockets.c. */
	{"Sockets", {D("")}, {A(""), "expected a dictionary of sockets"}},
	{"inetdCompatibility", {NULL}, {T, "inetdCompatibility: expected a dictionary"}},
};

/* The key with its value, within the dictionaries of the path; the label is the frame's own. */
static char *text_of(const char *path, const char *value)
{
	const char *dot = strchr(path, '.');
	char *inner, *text;

	if (!dot) {
		ASSERT_GT(asprintf(&text, "<key>%s</key>%s", path, value), 0);
		return text;
	}
	inner = text_of(dot + 1, value);
	ASSERT_GT(asprintf(&text, "<key>%.*s</key><dict>%s</dict>", (int)(dot - path), path, inner),
		0);
	free(inner);
	return text;
}

static void parse(Parsed *p, const char *key, const char *value)
{
	char *keys = text_of(key, value), *text;
	int n = asprintf(&text, OPEN "%s%s%s" CLOSE, strcmp(key, "Label") == 0 ? "" : LABEL,
		strcmp(key, "Program") == 0 ? "" : PROGRAM, keys);

	ASSERT_GT(n, 0);
	parsed_init(p, text, (size_t)n);
	free(text);
	free(keys);
}

TEST(right_values)
{
	Parsed p;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t j = 0; j < VALUES_MAX && rows[i].right[j]; j++) {
			parse(&p, rows[i].key, rows[i].right[j]);
			if (p.result != 0 || p.report.n_warnings > 0)
				FAIL("%s %s: %s", rows[i].key, rows[i].right[j], p.said);
			assert_round_trip(p.spec);
			parsed_deinit(&p);
		}
	}
}

TEST(wrong_values)
{
	Parsed p;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t j = 0; j < VALUES_MAX && rows[i].wrong[j]; j += 2) {
			parse(&p, rows[i].key, rows[i].wrong[j]);
			if (p.result != SPEC_E_INVALID || p.report.n_errors != 1 ||
				!strstr(p.said, rows[i].wrong[j + 1]))
				FAIL("%s %s: %s instead of %s", rows[i].key, rows[i].wrong[j],
					p.said, rows[i].wrong[j + 1]);
			/* The path is there. */
			ASSERT_STRSTR(p.report.problems[0].path, rows[i].key);
			parsed_deinit(&p);
		}
	}
}

/* Unless a row was forgotten, every key is in the tables above, or is ignored whatever its value. */
TEST(every_key_has_a_row)
{
	for (size_t i = 0; i < spec_n_keys; i++) {
		bool found = false;
		Parsed p;

		for (size_t j = 0; j < ARRAY_SIZE(rows); j++)
			found = found || strcmp(rows[j].key, spec_keys[i].name) == 0;
		if (found)
			continue;
		for (const char *const *v = (const char *const[]){T, S("x"), A(""), D(""), NULL};
			*v; v++) {
			parse(&p, spec_keys[i].name, *v);
			if (p.result != 0 || p.report.n_warnings != 1 ||
				!strstr(p.said, spec_keys[i].name))
				FAIL("%s: %s", spec_keys[i].name, p.said);
			assert_round_trip(p.spec);
			parsed_deinit(&p);
		}
	}
}

TEST(no_key_is_in_the_table_twice)
{
	for (size_t i = 0; i < spec_n_keys; i++)
		for (size_t j = 0; j < i; j++)
			ASSERT_NE(strcmp(spec_keys[i].name, spec_keys[j].name), 0);
}

static int64_t number_of(const char *key, const char *value, size_t offset)
{
	int64_t number;
	Parsed p;

	parse(&p, key, value);
	ASSERT_OK(p.result);
	number = *(int64_t *)((char *)p.spec + offset);
	parsed_deinit(&p);
	return number;
}

TEST(umask_in_all_notations)
{
	ASSERT_EQ(number_of("Umask", I(22), offsetof(JobSpec, umask)), 22);
	ASSERT_EQ(number_of("Umask", I(0x12), offsetof(JobSpec, umask)), 18);
	ASSERT_EQ(number_of("Umask", S("022"), offsetof(JobSpec, umask)), 18);
	ASSERT_EQ(number_of("Umask", S("22"), offsetof(JobSpec, umask)), 22);
	ASSERT_EQ(number_of("Umask", S("0x1f"), offsetof(JobSpec, umask)), 31);
}

TEST(nice_to_the_end_of_our_range)
{
	ASSERT_EQ(number_of("Nice", I(20), offsetof(JobSpec, nice)), 19);
	ASSERT_EQ(number_of("Nice", I(-20), offsetof(JobSpec, nice)), -20);
}

static SpecDrain drain_of(const char *value)
{
	SpecDrain drain;
	Parsed p;

	parse(&p, "MachServices.x.DrainMessagesOnCrash", value);
	ASSERT_OK(p.result);
	drain = p.spec->services[0].drain;
	parsed_deinit(&p);
	return drain;
}

TEST(draining)
{
	ASSERT_EQ(drain_of(T), SPEC_DRAIN_ALL);
	ASSERT_EQ(drain_of(F), SPEC_DRAIN_NONE);
	ASSERT_EQ(drain_of(S("one")), SPEC_DRAIN_ONE);
	ASSERT_EQ(drain_of(S("All")), SPEC_DRAIN_ALL);
}

TEST(a_soft_limit_above_the_hard_one)
{
	/* In either order. */
	assert_wrong(K("SoftResourceLimits", D(K("Core", I(2))))
			     K("HardResourceLimits", D(K("Core", I(1)))),
		"HardResourceLimits.Core: expected the soft limit not to be above");
	assert_wrong(K("HardResourceLimits", D(K("Core", I(1))))
			     K("SoftResourceLimits", D(K("Core", I(9223372036854775807)))),
		"SoftResourceLimits.Core: expected the soft limit not to be above");
}
