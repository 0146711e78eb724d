/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What launchctl prints, byte for byte where other programs read it, and how it reads targets.
 */
#include "tests/lib/unit.h"

#include "tools/launchctl.h"

/* The subcommands are not here. */
int command_usage(const Command *command)
{
	(void)command;
	return STATUS_USAGE;
}

/* --- Printing into memory --- */

static char *text;
static size_t text_size;

static FILE *begin(void)
{
	free(text);
	text = NULL;
	return open_memstream(&text, &text_size);
}

#define EXPECT(out, expected)                                                                      \
	do {                                                                                       \
		fclose(out);                                                                       \
		ASSERT_STREQ(text, expected);                                                      \
	} while (0)

static plist_t parse(const char *body)
{
	plist_t value = NULL;
	char *xml;

	ASSERT_TRUE(asprintf(&xml, "<plist version=\"1.0\">%s</plist>", body) > 0);
	plist_from_xml(xml, (uint32_t)strlen(xml), &value);
	free(xml);
	ASSERT_NOT_NULL(value);
	return value;
}

/* --- bslist, bstree --- */

TEST(services_have_a_letter_for_their_status)
{
	FILE *out = begin();

	format_service(out, 0, BOOTSTRAP_STATUS_ACTIVE, "com.example.a", NULL);
	format_service(out, 4, BOOTSTRAP_STATUS_ON_DEMAND, "com.example.b", "com.example.job");
	format_service(out, 8, BOOTSTRAP_STATUS_INACTIVE, "com.example.c", "sh[12].anonymous");
	EXPECT(out, "A  com.example.a\n"
		    "    D  com.example.b (com.example.job)\n"
		    "        I  com.example.c (sh[12].anonymous)\n");
}

TEST(namespaces_say_what_they_are)
{
	FILE *out = begin();

	format_namespace(out, 4, "sh[12].subset.1", BOOTSTRAP_PROPERTY_EXPLICITSUBSET);
	format_namespace(out, 0, "a", BOOTSTRAP_PROPERTY_IMPLICITSUBSET);
	format_namespace(out, 0, "b", BOOTSTRAP_PROPERTY_MOVEDSUBSET);
	format_namespace(out, 0, "c", BOOTSTRAP_PROPERTY_PERUSER);
	format_namespace(
		out, 0, "d", BOOTSTRAP_PROPERTY_XPC_DOMAIN | BOOTSTRAP_PROPERTY_XPC_SINGLETON);
	format_namespace(out, 0, "e", BOOTSTRAP_PROPERTY_XPC_DOMAIN);
	format_namespace(out, 0, "f", 0);
	EXPECT(out, "    sh[12].subset.1 (Explicit Subset)/\n"
		    "a (Implicit Subset)/\n"
		    "b (Moved Subset)/\n"
		    "c (Per-user)/\n"
		    "d (XPC Singleton Domain)/\n"
		    "e (XPC Private Domain)/\n"
		    "f (Unknown)/\n");
}

TEST(a_terminal_obeys_no_name)
{
	FILE *out = begin();

	format_text(out, "a\x1b[2Jb\n\x7f");
	fputc('|', out);
	format_text(out, "gr\xc3\xbc\xc3\x9f"
			 "e \xc2\x9b"
			 "x");
	fputc('|', out);
	format_text(out, "\xff\xc3");
	EXPECT(out, "a\\x1b[2Jb\\x0a\\x7f|gr\xc3\xbc\xc3\x9f"
		    "e \\xc2\\x9bx|\\xff\\xc3");
}

/* --- list --- */

TEST(list_has_three_columns)
{
	const job_line_t lines[] = {
		{.label = "com.example.running", .pid = 4711, .status = -1},
		{.label = "com.example.again", .pid = 4712, .status = 0},
		{.label = "com.example.never", .pid = 0, .status = -1},
		{.label = "com.example.failed", .pid = 0, .status = 78 << 8},
		{.label = "com.example.killed", .pid = 0, .status = 9},
	};
	FILE *out = begin();

	format_list(out, lines, 5);
	EXPECT(out, "PID\tStatus\tLabel\n"
		    "4711\t-\tcom.example.running\n"
		    "4712\t0\tcom.example.again\n"
		    "-\t-\tcom.example.never\n"
		    "-\t78\tcom.example.failed\n"
		    "-\t-9\tcom.example.killed\n");
}

#define JOB                                                                                        \
	"<dict><key>label</key><string>com.example.x</string>"                                     \
	"<key>path</key><string>/x/com.example.x.plist</string>"                                   \
	"<key>state</key><string>running</string><key>reason</key><string>ipc (mach)</string>"     \
	"<key>enabled</key><true/><key>runs</key><integer>7</integer>"                             \
	"<key>pid</key><integer>4711</integer>"                                                    \
	"<key>program</key><string>/bin/x</string>"                                                \
	"<key>arguments</key><array><string>/bin/x</string><string>-v</string></array>"            \
	"<key>environment</key><array><string>K=V=W</string></array>"                              \
	"<key>minimum runtime</key><integer>10</integer>"                                          \
	"<key>exit timeout</key><integer>20</integer>"                                             \
	"<key>run interval</key><integer>300</integer>"                                            \
	"<key>keepalive</key><true/><key>runatload</key><true/>"                                   \
	"<key>endpoints</key><dict><key>com.example.s</key>"                                       \
	"<dict><key>port</key><integer>1024</integer><key>active</key><true/>"                     \
	"<key>hide</key><false/></dict></dict><key>dynamic endpoints</key><dict/>"                 \
	"<key>news</key><dict><key>a</key><integer>-1</integer>"                                   \
	"<key>b</key><array><string>c</string></array></dict>"

TEST(a_job_in_the_old_style)
{
	plist_t job = parse(JOB "<key>last terminating signal</key><integer>9</integer></dict>");
	FILE *out = begin();

	format_legacy(out, "System", job);
	EXPECT(out, "{\n"
		    "\t\"LimitLoadToSessionType\" = \"System\";\n"
		    "\t\"MachServices\" = {\n"
		    "\t\t\"com.example.s\" = mach-port-object;\n"
		    "\t};\n"
		    "\t\"Label\" = \"com.example.x\";\n"
		    "\t\"OnDemand\" = false;\n"
		    "\t\"LastExitStatus\" = 9;\n"
		    "\t\"PID\" = 4711;\n"
		    "\t\"Program\" = \"/bin/x\";\n"
		    "\t\"ProgramArguments\" = (\n"
		    "\t\t\"/bin/x\";\n"
		    "\t\t\"-v\";\n"
		    "\t);\n"
		    "};\n");
	plist_free(job);
}

TEST(the_last_exit_status_is_that_of_waitpid)
{
	plist_t job = parse("<dict><key>label</key><string>x</string>"
			    "<key>last exit code</key><integer>2</integer></dict>");
	FILE *out = begin();

	format_legacy(out, "Background", job);
	EXPECT(out, "{\n"
		    "\t\"LimitLoadToSessionType\" = \"Background\";\n"
		    "\t\"Label\" = \"x\";\n"
		    "\t\"OnDemand\" = true;\n"
		    "\t\"LastExitStatus\" = 512;\n"
		    "};\n");
	plist_free(job);
}

/* --- print --- */

TEST(print_shows_a_job)
{
	plist_t job = parse(JOB "<key>last exit code</key><integer>78</integer></dict>");
	plist_t domain = parse(
		"<dict><key>environment</key><array><string>A=B</string></array></dict>");
	FILE *out = begin();

	format_job(out, "user/501/com.example.x", job, domain);
	EXPECT(out, "user/501/com.example.x = {\n"
		    "\tactive count = 1\n"
		    "\tpath = /x/com.example.x.plist\n"
		    "\ttype = LaunchAgent\n"
		    "\tstate = running\n"
		    "\n"
		    "\tprogram = /bin/x\n"
		    "\targuments = {\n"
		    "\t\t/bin/x\n"
		    "\t\t-v\n"
		    "\t}\n"
		    "\n"
		    "\tinherited environment = {\n"
		    "\t\tA => B\n"
		    "\t}\n"
		    "\tdefault environment = {\n"
		    "\t\tPATH => /usr/bin:/bin:/usr/sbin:/sbin\n"
		    "\t}\n"
		    "\tenvironment = {\n"
		    "\t\tK => V=W\n"
		    "\t\tXPC_SERVICE_NAME => com.example.x\n"
		    "\t}\n"
		    "\n"
		    "\tdomain = user/501\n"
		    "\tminimum runtime = 10\n"
		    "\texit timeout = 20\n"
		    "\truns = 7\n"
		    "\tpid = 4711\n"
		    "\timmediate reason = ipc (mach)\n"
		    "\tlast exit code = 78: EX_CONFIG\n"
		    "\n"
		    "\tendpoints = {\n"
		    "\t\t\"com.example.s\" = {\n"
		    "\t\t\tport = 0x400\n"
		    "\t\t\tactive = 1\n"
		    "\t\t\thide = 0\n"
		    "\t\t}\n"
		    "\t}\n"
		    "\n"
		    "\trun interval = 300 seconds\n"
		    "\tproperties = keepalive | runatload\n"
		    "\tnews = {\n"
		    "\t\ta = -1\n"
		    "\t\tb = {\n"
		    "\t\t\tc\n"
		    "\t\t}\n"
		    "\t}\n"
		    "}\n");
	plist_free(job);
	plist_free(domain);
}

TEST(print_shows_a_job_of_which_little_is_known)
{
	plist_t job = parse("<dict><key>label</key><string>x</string><key>enabled</key><false/>"
			    "<key>state</key><integer>3</integer></dict>");
	FILE *out = begin();

	format_job(out, "system/x", job, NULL);
	EXPECT(out, "system/x = {\n"
		    "\tactive count = 0\n"
		    "\tpath = (submitted)\n"
		    "\ttype = Submitted\n"
		    "\tstate = 3\n"
		    "\n"
		    "\tdefault environment = {\n"
		    "\t\tPATH => /usr/bin:/bin:/usr/sbin:/sbin\n"
		    "\t}\n"
		    "\tenvironment = {\n"
		    "\t\tXPC_SERVICE_NAME => x\n"
		    "\t}\n"
		    "\n"
		    "\tdomain = system\n"
		    "\tlast exit code = (never exited)\n"
		    "\n"
		    "\tproperties = disabled\n"
		    "}\n");
	plist_free(job);
}

TEST(print_shows_a_domain)
{
	static const job_line_t lines[] = {
		{.label = "com.example.a", .pid = 593, .status = -1},
		{.label = "com.example.b", .pid = 0, .status = 9},
		{.label = "com.example.c", .pid = 0, .status = 256},
	};
	name_t names[] = {"one", "two", "three", "four"};
	name_t jobs[] = {"sh[7].anonymous", "com.example.a", "a.b[8].anonymous", "sh[7].anonymous"};
	bootstrap_status_t active[] = {1, 2, 0, 1};
	plist_t d = parse("<dict><key>environment</key><array><string>A=</string></array>"
			  "<key>endpoints</key><dict><key>two</key><dict>"
			  "<key>port</key><integer>1027</integer><key>managed</key><true/></dict>"
			  "<key>one</key><dict><key>active</key><true/></dict></dict>"
			  "<key>disabled services</key><dict><key>x</key><true/>"
			  "<key>y</key><false/></dict><key>mood</key><string>good</string></dict>");
	const DomainView view = {
		.target = "session/12",
		.pid = 12,
		.uid = 501,
		.description = d,
		.lines = lines,
		.n_lines = 3,
		.services = {.names = names, .jobs = jobs, .active = active, .n = 4},
	};
	FILE *out = begin();

	format_domain(out, &view);
	EXPECT(out, "session/12 = {\n"
		    "\ttype = session\n"
		    "\thandle = 12\n"
		    "\tactive count = 1\n"
		    "\tservice count = 3\n"
		    "\tactive service count = 1\n"
		    "\tcreator = launchd[12]\n"
		    "\tcreator euid = 501\n"
		    "\tmood = good\n"
		    "\n"
		    "\tenvironment = {\n"
		    "\t\tA => \n"
		    "\t}\n"
		    "\n"
		    "\tservices = {\n"
		    "\t\t     593      - \tcom.example.a\n"
		    "\t\t       0     -9 \tcom.example.b\n"
		    "\t\t       0      1 \tcom.example.c\n"
		    "\t}\n"
		    "\n"
		    "\tunmanaged processes = {\n"
		    "\t\tsh.7 = {\n"
		    "\t\t\tactive count = 2\n"
		    "\t\t\tdynamic endpoints = {\n"
		    "\t\t\t\t\"one\" = {\n"
		    "\t\t\t\t\tactive = 1\n"
		    "\t\t\t\t}\n"
		    "\t\t\t\t\"four\" = {\n"
		    "\t\t\t\t\tactive = 1\n"
		    "\t\t\t\t}\n"
		    "\t\t\t}\n"
		    "\t\t}\n"
		    "\t\ta.b.8 = {\n"
		    "\t\t\tactive count = 1\n"
		    "\t\t\tdynamic endpoints = {\n"
		    "\t\t\t\t\"three\" = {\n"
		    "\t\t\t\t\tactive = 0\n"
		    "\t\t\t\t}\n"
		    "\t\t\t}\n"
		    "\t\t}\n"
		    "\t}\n"
		    "\n"
		    "\tendpoints = {\n"
		    "\t\t       0x403    M   D  two\n"
		    "\t\t           0    U   A  one\n"
		    "\t}\n"
		    "\n"
		    "\tdisabled services = {\n"
		    "\t\t\"x\" => disabled\n"
		    "\t\t\"y\" => enabled\n"
		    "\t}\n"
		    "}\n");
	plist_free(d);
}

TEST(json_is_json)
{
	plist_t value = parse("<dict><key>a \"b\"</key><string>c\\d\x01&lt;\xc3\xa9</string>"
			      "<key>n</key><integer>-5</integer><key>t</key><true/>"
			      "<key>l</key><array><integer>1</integer><false/><dict/></array>"
			      "<key>d</key><data>AA==</data></dict>");
	FILE *out = begin();

	format_json(out, value);
	EXPECT(out, "{\"a \\\"b\\\"\":\"c\\\\d\\u0001<\xc3\xa9\",\"n\":-5,\"t\":true,"
		    "\"l\":[1,false,{}],\"d\":null}");
	plist_free(value);
}

TEST(exit_codes_of_sysexits_have_names)
{
	FILE *out = begin();

	for (unsigned code = 62; code < 80; code += 16) {
		format_exit_code(out, code);
		fputc('|', out);
	}
	format_exit_code(out, 64);
	fputc('|', out);
	format_exit_code(out, 79);
	EXPECT(out, "62|78: EX_CONFIG|64: EX_USAGE|79");
}

/* --- Targets --- */

static Target parsed(const char *target)
{
	Target t;

	ASSERT_EQ(target_parse(target, &t), TARGET_OK);
	return t;
}

TEST(targets_are_domains_or_services)
{
	static const char *const systems[] = {"system", "system/"};
	static const char *const users[] = {"user/501", "user/501/"};
	static const char *const sessions[] = {"session", "session/", "session/12", "session/12/"};

	for (int i = 0; i < 2; i++) {
		Target t = parsed(systems[i]);

		ASSERT_EQ(t.kind, TARGET_SYSTEM);
		ASSERT_NULL(t.label);
		t = parsed(users[i]);
		ASSERT_EQ(t.kind, TARGET_USER);
		ASSERT_EQ(t.number, 501);
		ASSERT_NULL(t.label);
	}
	for (int i = 0; i < 4; i++) {
		Target t = parsed(sessions[i]);

		ASSERT_EQ(t.kind, TARGET_SESSION);
		ASSERT_EQ(t.has_number, i >= 2);
		ASSERT_NULL(t.label);
	}
	ASSERT_STREQ(parsed("system/com.example.x").label, "com.example.x");
	ASSERT_STREQ(parsed("user/0/x").label, "x");
	ASSERT_STREQ(parsed("session/x").label, "x");
	ASSERT_STREQ(parsed("session/12x").label, "12x");
	ASSERT_STREQ(parsed("session/12/12").label, "12");
}

TEST(other_targets_are_refused)
{
	static const struct {
		const char *text;
		TargetError error;
	} cases[] = {
		{"", TARGET_UNRECOGNIZED},
		{"com.example.x", TARGET_UNRECOGNIZED},
		{"systems/x", TARGET_UNRECOGNIZED},
		{"user", TARGET_UNRECOGNIZED},
		{"user/", TARGET_UNRECOGNIZED},
		{"user/x", TARGET_UNRECOGNIZED},
		{"user/-1", TARGET_UNRECOGNIZED},
		{"user/4294967295/x", TARGET_UNRECOGNIZED},
		{"user/99999999999999999999", TARGET_UNRECOGNIZED},
		{"gui/501/x", TARGET_ABSENT},
		{"login/1", TARGET_ABSENT},
		{"pid/1/x", TARGET_ABSENT},
		{"system/a/b", TARGET_BAD_LABEL},
		{"system/a\nb", TARGET_BAD_LABEL},
		{"system//x", TARGET_BAD_LABEL},
	};
	Target t;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (target_parse(cases[i].text, &t) != cases[i].error)
			unit_fail_here("%s", cases[i].text);
	}
}

TEST(domains_have_names_and_phrases)
{
	static const char *const cases[][3] = {
		{"System", "system", "domain for system"},
		{"user/501", "user/501", "domain for user: 501"},
		{"session/12", "session/12", "domain for session: 12"},
		{"sh[1].subset.2", "sh[1].subset.2", "domain for subset: sh[1].subset.2"},
	};
	char buffer[160];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		domain_target(cases[i][0], buffer, sizeof(buffer));
		ASSERT_STREQ(buffer, cases[i][1]);
		domain_phrase(cases[i][0], buffer, sizeof(buffer));
		ASSERT_STREQ(buffer, cases[i][2]);
	}
}

/* --- Statuses --- */

TEST(every_failure_has_a_status_and_a_cause)
{
	static const struct {
		kern_return_t kr;
		int status;
	} cases[] = {
		{BOOTSTRAP_NOT_PRIVILEGED, 1},
		{BOOTSTRAP_NO_MEMORY, 5},
		{JOB_UNKNOWN, 113},
		{JOB_EXISTS, 37},
		{JOB_INVALID, 5},
		{JOB_DISABLED, 119},
		{JOB_NOT_RUNNING, 3},
		{JOB_IN_USE, 5},
		{JOB_ALREADY, 37},
		{MIG_BAD_ID, 5},
		{MACH_SEND_INVALID_DEST, 5},
	};

	ASSERT_EQ(cause_status(KERN_SUCCESS), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ASSERT_EQ(cause_status(cases[i].kr), cases[i].status);
		ASSERT_NOT_NULL(status_text(cases[i].status));
		ASSERT_TRUE(strlen(cause_text(cases[i].kr)) > 0);
	}
	ASSERT_NULL(status_text(2));
}
