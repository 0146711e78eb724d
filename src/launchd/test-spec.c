/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/test-spec.h"

#include <sys/resource.h>
#include <sys/socket.h>

TEST(a_file_that_says_little)
{
	Parsed p;

	parsed_init_right(&p, "");
	ASSERT_EQ(p.report.n_warnings, 0);
	ASSERT_STREQ(p.said, "");
	ASSERT_STREQ(p.spec->label, "com.example.test");
	ASSERT_STREQ(p.spec->program, "/bin/true");
	ASSERT_NULL(p.spec->arguments);
	ASSERT_EQ(p.spec->n_services, 0);
	ASSERT_EQ(p.spec->n_sockets, 0);
	ASSERT_FALSE(p.spec->disabled);
	ASSERT_FALSE(p.spec->run_at_load);
	ASSERT_FALSE(p.spec->keep_alive.always);
	ASSERT_EQ(p.spec->keep_alive.crashed, SPEC_TRI_UNSET);
	ASSERT_EQ(p.spec->start_interval_s, SPEC_UNSET);
	ASSERT_EQ(p.spec->throttle_interval_s, 10);
	ASSERT_EQ(p.spec->exit_timeout_s, 20);
	ASSERT_TRUE(p.spec->init_groups);
	ASSERT_EQ(p.spec->umask, SPEC_UNSET);
	ASSERT_EQ(p.spec->nice, SPEC_UNSET);
	ASSERT_NULL(p.spec->environment);
	ASSERT_FALSE(p.spec->is_inetd);
	ASSERT_FALSE(p.spec->confined);
	ASSERT_FALSE(spec_is_started_at_load(p.spec));
	assert_round_trip(p.spec);
	parsed_deinit(&p);
}

static const char everything[] =
	"<key>ProgramArguments</key><array><string>true</string><string>a b &amp; c</string>"
	"<string></string></array>"
	"<key>MachServices</key><dict><key>com.example.plain</key><true/>"
	"<key>com.example.one</key><dict><key>ResetAtClose</key><true/>"
	"<key>HideUntilCheckIn</key><true/><key>DrainMessagesOnCrash</key><string>One</string>"
	"</dict><key>com.example.all</key><dict><key>DrainMessagesOnCrash</key>"
	"<string>All</string></dict></dict>"
	"<key>Disabled</key><true/><key>RunAtLoad</key><true/><key>LaunchOnlyOnce</key><true/>"
	"<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/><key>Crashed</key><true/>"
	"<key>AfterInitialDemand</key><true/><key>PathState</key><dict><key>/a</key><true/>"
	"<key>/b</key><false/></dict><key>OtherJobEnabled</key><dict><key>x</key><true/></dict>"
	"<key>OtherJobActive</key><dict><key>y</key><false/></dict></dict>"
	"<key>StartInterval</key><integer>300</integer>"
	"<key>WatchPaths</key><array><string>/etc/a</string></array>"
	"<key>ThrottleInterval</key><integer>1</integer><key>ExitTimeOut</key><integer>0</integer>"
	"<key>EnableTransactions</key><true/><key>AbandonProcessGroup</key><true/>"
	"<key>WorkingDirectory</key><string>/w</string><key>RootDirectory</key><string>/r</string>"
	"<key>UserName</key><string>u</string><key>GroupName</key><string>g</string>"
	"<key>InitGroups</key><false/><key>Umask</key><string>027</string>"
	"<key>Nice</key><integer>-5</integer>"
	"<key>EnvironmentVariables</key><dict><key>A</key><string>1=2</string><key>B</key>"
	"<string></string></dict>"
	"<key>StandardInPath</key><string>/i</string><key>StandardOutPath</key><string>/o</string>"
	"<key>StandardErrorPath</key><string>/e</string>"
	"<key>SoftResourceLimits</key><dict><key>Core</key><integer>0</integer>"
	"<key>NumberOfFiles</key><integer>256</integer></dict>"
	"<key>HardResourceLimits</key><dict><key>NumberOfFiles</key><integer>512</integer>"
	"<key>Stack</key><integer>9223372036854775807</integer></dict>"
	"<key>Sockets</key><dict><key>Listener</key><dict><key>SockPathName</key>"
	"<string>/run/x</string></dict></dict>"
	"<key>inetdCompatibility</key><dict><key>Wait</key><true/></dict>"
	"<key>Linux</key><dict><key>Confined</key><true/></dict>";

static void check_lists(const JobSpec *s)
{
	ASSERT_STREQ(s->arguments[0], "true");
	ASSERT_STREQ(s->arguments[1], "a b & c");
	ASSERT_STREQ(s->arguments[2], "");
	ASSERT_NULL(s->arguments[3]);
	ASSERT_STREQ(s->watch_paths[0], "/etc/a");
	ASSERT_NULL(s->watch_paths[1]);
	ASSERT_STREQ(s->environment[0], "A=1=2");
	ASSERT_STREQ(s->environment[1], "B=");
	ASSERT_NULL(s->environment[2]);
	ASSERT_EQ(s->n_services, 3);
	ASSERT_STREQ(s->services[0].name, "com.example.plain");
	ASSERT_FALSE(s->services[0].reset_at_close);
	ASSERT_FALSE(s->services[0].hide_until_check_in);
	ASSERT_EQ(s->services[0].drain, SPEC_DRAIN_NONE);
	ASSERT_TRUE(s->services[1].reset_at_close);
	ASSERT_TRUE(s->services[1].hide_until_check_in);
	ASSERT_EQ(s->services[1].drain, SPEC_DRAIN_ONE);
	ASSERT_EQ(s->services[2].drain, SPEC_DRAIN_ALL);
}

static void check_conditions(const SpecKeepAlive *k)
{
	ASSERT_FALSE(k->always);
	ASSERT_EQ(k->successful_exit, SPEC_TRI_FALSE);
	ASSERT_EQ(k->crashed, SPEC_TRI_TRUE);
	ASSERT_EQ(k->after_initial_demand, SPEC_TRI_TRUE);
	ASSERT_EQ(k->path_state.n_items, 2);
	ASSERT_STREQ(k->path_state.items[0].subject, "/a");
	ASSERT_TRUE(k->path_state.items[0].value);
	ASSERT_STREQ(k->path_state.items[1].subject, "/b");
	ASSERT_FALSE(k->path_state.items[1].value);
	ASSERT_EQ(k->other_job_enabled.n_items, 1);
	ASSERT_STREQ(k->other_job_enabled.items[0].subject, "x");
	ASSERT_EQ(k->other_job_active.n_items, 1);
	ASSERT_FALSE(k->other_job_active.items[0].value);
}

static const SpecLimit *limit_of(const JobSpec *s, int resource)
{
	for (size_t i = 0; i < s->n_limits; i++)
		if (s->limits[i].resource == resource)
			return &s->limits[i];
	FAIL("no limit %d", resource);
}

static void check_process(const JobSpec *s)
{
	const SpecLimit *files = limit_of(s, RLIMIT_NOFILE), *stack = limit_of(s, RLIMIT_STACK);

	ASSERT_EQ(s->n_limits, 3);
	ASSERT_TRUE(files->has_soft && files->has_hard);
	ASSERT_EQ(files->soft, 256);
	ASSERT_EQ(files->hard, 512);
	ASSERT_FALSE(stack->has_soft);
	ASSERT_TRUE(stack->has_hard && stack->hard == SPEC_UNLIMITED);
	ASSERT_TRUE(limit_of(s, RLIMIT_CORE)->has_soft);
	ASSERT_STREQ(s->working_directory, "/w");
	ASSERT_STREQ(s->root_directory, "/r");
	ASSERT_STREQ(s->user_name, "u");
	ASSERT_STREQ(s->group_name, "g");
	ASSERT_FALSE(s->init_groups);
	ASSERT_EQ(s->umask, 027);
	ASSERT_EQ(s->nice, -5);
	ASSERT_STREQ(s->stdin_path, "/i");
	ASSERT_STREQ(s->stdout_path, "/o");
	ASSERT_STREQ(s->stderr_path, "/e");
}

static void check_everything(const JobSpec *s)
{
	check_lists(s);
	check_conditions(&s->keep_alive);
	check_process(s);
	ASSERT_TRUE(s->disabled && s->run_at_load && s->launch_only_once);
	ASSERT_TRUE(s->enable_transactions && s->abandon_process_group);
	ASSERT_EQ(s->start_interval_s, 300);
	ASSERT_EQ(s->throttle_interval_s, 1);
	ASSERT_EQ(s->exit_timeout_s, 0);
	ASSERT_EQ(s->n_sockets, 1);
	ASSERT_STREQ(s->sockets[0].name, "Listener");
	ASSERT_STREQ(s->sockets[0].path, "/run/x");
	ASSERT_TRUE(s->is_inetd && s->inetd_wait && s->confined);
}

TEST(a_file_that_says_everything)
{
	Parsed p;

	parsed_init_right(&p, everything);
	ASSERT_EQ(p.report.n_warnings, 0);
	check_everything(p.spec);
	assert_round_trip(p.spec);
	parsed_deinit(&p);
}

TEST(what_is_written_out_has_it_all)
{
	Parsed p, again;
	char *text;

	parsed_init_right(&p, everything);
	text = xml_of(p.spec);
	parsed_init(&again, text, strlen(text));
	ASSERT_OK(again.result);
	check_everything(again.spec);
	free(text);
	parsed_deinit(&again);
	parsed_deinit(&p);
}

TEST(a_job_that_is_made_up)
{
	_cleanup_spec_ JobSpec *spec = spec_new();
	char *text;
	Parsed p;

	spec->label = strdup("submitted <&> job");
	spec->program = strdup("/bin/sleep");
	spec->arguments = calloc(3, sizeof(*spec->arguments));
	spec->arguments[0] = strdup("sleep");
	spec->arguments[1] = strdup("1");
	spec->keep_alive.always = true;
	text = xml_of(spec);
	parsed_init(&p, text, strlen(text));
	ASSERT_OK(p.result);
	ASSERT_STREQ(p.spec->label, "submitted <&> job");
	ASSERT_STREQ(p.spec->arguments[1], "1");
	ASSERT_TRUE(p.spec->keep_alive.always);
	ASSERT_EQ(p.spec->exit_timeout_s, SPEC_EXIT_TIMEOUT_DEFAULT_S);
	parsed_deinit(&p);
	free(text);
}

/* A job with very many services is read in no time. */
TEST(ten_thousand_services)
{
	size_t size = 0;
	char *keys = NULL;
	FILE *out = open_memstream(&keys, &size);
	Parsed p;

	fputs("<key>MachServices</key><dict>", out);
	for (int i = 0; i < 10000; i++)
		fprintf(out, "<key>com.example.service.%d</key><true/>", i);
	fputs("</dict>", out);
	fclose(out);
	parsed_init_right(&p, keys);
	ASSERT_EQ(p.spec->n_services, 10000);
	ASSERT_STREQ(p.spec->services[9999].name, "com.example.service.9999");
	parsed_deinit(&p);
	free(keys);
}

TEST(the_binary_form)
{
	plist_t tree = NULL;
	char *text, *binary = NULL;
	uint32_t size = 0;
	Parsed p;

	ASSERT_GT(asprintf(&text, OPEN LABEL PROGRAM "%s" CLOSE, everything), 0);
	plist_from_xml(text, (uint32_t)strlen(text), &tree);
	ASSERT_NOT_NULL(tree);
	plist_to_bin(tree, &binary, &size);
	ASSERT_NOT_NULL(binary);
	parsed_init(&p, binary, size);
	if (p.result != 0)
		FAIL("%s", p.said);
	check_everything(p.spec);
	parsed_deinit(&p);
	plist_to_bin_free(binary);
	plist_free(tree);
	free(text);
}

TEST(all_errors_are_collected)
{
	static const char keys[] =
		"<key>runatload</key><true/><key>Nice</key><integer>21</integer>"
		"<key>MachServices</key><dict><key>com.x</key><dict><key>ResetAtClose</key>"
		"<string>yes</string><key>Foo</key><true/></dict></dict>"
		"<key>WatchPaths</key><array><string>/a</string><string>b</string></array>"
		"<key>KeepAlive</key><dict><key>PathState</key><dict><key>x y</key><true/></dict>"
		"</dict><key>Umask</key><string>9</string><key>Debug</key><true/>";
	Parsed p;

	parsed_init_keys(&p, keys);
	ASSERT_EQ(p.result, SPEC_E_INVALID);
	ASSERT_EQ(p.report.n_errors, 6);
	ASSERT_STREQ(p.said,
		"test.plist: runatload: unknown key; it is written RunAtLoad\n"
		"test.plist: Nice: expected an integer from -20 to 20, found 21\n"
		"test.plist: MachServices.\"com.x\".ResetAtClose: expected a boolean, found the "
		"string \"yes\"\n"
		"test.plist: MachServices.\"com.x\".Foo: unknown key\n"
		"test.plist: WatchPaths[1]: expected an absolute path, found the string \"b\"\n"
		"test.plist: KeepAlive.PathState.\"x y\": expected an absolute path\n"
		"test.plist: warning: no meaning on this system, and ignored: Debug\n");
	parsed_deinit(&p);
}

TEST(one_warning_for_all_that_is_ignored)
{
	Parsed p;

	parsed_init_right(&p,
		"<key>ProcessType</key><string>Background</string><key>SessionCreate</key><true/>"
		"<key>XPCDomainWhatever</key><dict/><key>StartCalendarInterval</key><dict/>"
		"<key>QueueDirectories</key><array/>"
		"<key>MachServices</key><dict><key>com.x</key><dict><key>HostSpecialPort</key>"
		"<integer>8</integer></dict></dict>"
		"<key>KeepAlive</key><dict><key>NetworkState</key><true/></dict>");
	ASSERT_EQ(p.report.n_warnings, 2);
	ASSERT_STREQ(p.said,
		"test.plist: warning: not supported yet, and ignored: StartCalendarInterval, "
		"QueueDirectories\n"
		"test.plist: warning: no meaning on this system, and ignored: ProcessType, "
		"SessionCreate, XPCDomainWhatever, MachServices.\"com.x\".HostSpecialPort, "
		"KeepAlive.NetworkState\n");
	parsed_deinit(&p);
}

static void parse_root(Parsed *p, const char *text)
{
	parsed_init(p, text, strlen(text));
}

static void assert_root_wrong(const char *text, const char *words)
{
	Parsed p;

	parse_root(&p, text);
	ASSERT_EQ(p.result, SPEC_E_INVALID);
	ASSERT_EQ(p.report.n_errors, 1);
	ASSERT_STRSTR(p.said, words);
	parsed_deinit(&p);
}

TEST(what_must_be_there)
{
	assert_root_wrong(OPEN PROGRAM CLOSE, "test.plist: expected Label\n");
	assert_root_wrong(OPEN LABEL CLOSE, "test.plist: expected Program or ProgramArguments\n");
	assert_root_wrong("<plist><array/></plist>", "expected a dictionary, found an array");
	/* What is wrong is not missing as well. */
	assert_root_wrong(OPEN LABEL "<key>Program</key><true/>" CLOSE, "Program: expected a ");
	assert_root_wrong(
		OPEN LABEL "<key>ProgramArguments</key><true/>" CLOSE, "ProgramArguments: ");
	assert_root_wrong(OPEN PROGRAM "<key>Label</key><true/>" CLOSE, "Label: expected a ");
}

#define ARGUMENT(text) "<key>ProgramArguments</key><array><string>" text "</string></array>"

TEST(the_program_in_the_arguments)
{
	Parsed p;

	parse_root(&p, OPEN LABEL ARGUMENT("sh") CLOSE);
	ASSERT_OK(p.result);
	ASSERT_NULL(p.spec->program);
	assert_round_trip(p.spec);
	parsed_deinit(&p);
	parse_root(&p, OPEN LABEL ARGUMENT("/bin/sh") CLOSE);
	ASSERT_OK(p.result);
	parsed_deinit(&p);
	assert_root_wrong(OPEN LABEL ARGUMENT("bin/sh") CLOSE,
		"ProgramArguments[0]: expected an absolute path, or a name without '/'");
	assert_root_wrong(OPEN LABEL ARGUMENT("") CLOSE, "ProgramArguments[0]: expected");
	parsed_init_right(&p, ARGUMENT("any/thing"));
	parsed_deinit(&p);
}

static bool is_always(const char *keys, unsigned n_warnings)
{
	Parsed p;
	bool always;

	parsed_init_right(&p, keys);
	ASSERT_EQ(p.report.n_warnings, n_warnings);
	always = p.spec->keep_alive.always;
	assert_round_trip(p.spec);
	parsed_deinit(&p);
	return always;
}

TEST(on_demand_is_the_old_word)
{
	ASSERT_TRUE(is_always("<key>OnDemand</key><false/>", 0));
	ASSERT_FALSE(is_always("<key>OnDemand</key><true/>", 0));
	ASSERT_TRUE(is_always("<key>KeepAlive</key><true/>", 0));
	ASSERT_FALSE(is_always("<key>KeepAlive</key><false/>", 0));
	ASSERT_FALSE(is_always("<key>KeepAlive</key><dict/>", 0));
	/* In either order. */
	ASSERT_TRUE(is_always("<key>KeepAlive</key><true/><key>OnDemand</key><true/>", 1));
	ASSERT_TRUE(is_always("<key>OnDemand</key><true/><key>KeepAlive</key><true/>", 1));
	ASSERT_FALSE(is_always("<key>OnDemand</key><false/><key>KeepAlive</key><dict/>", 1));
}

static bool starts(const char *keys)
{
	Parsed p;
	bool result;

	parsed_init_right(&p, keys);
	result = spec_is_started_at_load(p.spec);
	parsed_deinit(&p);
	return result;
}

#define KEEP(keys) "<key>KeepAlive</key><dict>" keys "</dict>"

TEST(what_starts_at_load)
{
	ASSERT_TRUE(starts("<key>RunAtLoad</key><true/>"));
	ASSERT_TRUE(starts("<key>KeepAlive</key><true/>"));
	ASSERT_TRUE(starts(KEEP("<key>SuccessfulExit</key><true/>")));
	ASSERT_TRUE(starts(KEEP("<key>SuccessfulExit</key><false/>")));
	ASSERT_TRUE(starts(KEEP("<key>Crashed</key><true/>")));
	ASSERT_FALSE(starts(KEEP("<key>Crashed</key><true/><key>AfterInitialDemand</key><true/>")));
	ASSERT_TRUE(starts(KEEP("<key>Crashed</key><true/><key>AfterInitialDemand</key><false/>")));
	ASSERT_FALSE(starts(KEEP("<key>PathState</key><dict><key>/a</key><true/></dict>")));
	ASSERT_FALSE(starts("<key>StartInterval</key><integer>5</integer>"));
}

TEST(names)
{
	char name[SPEC_NAME_MAX + 2];

	memset(name, 'n', sizeof(name));
	name[SPEC_NAME_MAX] = '\0';
	ASSERT_TRUE(spec_is_service_name(name));
	ASSERT_TRUE(spec_is_label(name));
	name[SPEC_NAME_MAX] = 'n';
	name[SPEC_NAME_MAX + 1] = '\0';
	ASSERT_FALSE(spec_is_service_name(name));
	ASSERT_FALSE(spec_is_label(name));
	ASSERT_FALSE(spec_is_label(""));
	ASSERT_FALSE(spec_is_service_name(""));
	ASSERT_TRUE(spec_is_service_name("a/b"));
	ASSERT_FALSE(spec_is_label("a/b"));
	ASSERT_TRUE(spec_is_label("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"));
	for (const char *const *bad = (const char *const[]){"a\nb", "\x1b[2J", "\x7f", "\xc2\x85",
		     "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", NULL};
		*bad; bad++) {
		ASSERT_FALSE(spec_is_label(*bad));
		ASSERT_FALSE(spec_is_service_name(*bad));
	}
}

/* A file can neither fake a line of the report, nor fill the screen. */
TEST(what_is_shown_is_harmless)
{
	Parsed p;

	parsed_init_keys(&p, "<key>a&#10;test.plist: \"b\\&#x9b;&#x20ac;</key><true/>");
	ASSERT_STREQ(p.said,
		"test.plist: \"a\\x0atest.plist: \\\"b\\\\\\xc2\\x9b\xe2\x82\xac\": unknown "
		"key\n");
	parsed_deinit(&p);
}

TEST(long_keys_and_many_problems)
{
	static char keys[200000];
	size_t at = 0;
	Parsed p;

	at += (size_t)sprintf(keys + at, "<key>");
	for (int i = 0; i < 1000; i++)
		at += (size_t)sprintf(keys + at, "\xe2\x82\xac");
	at += (size_t)sprintf(keys + at, "</key><true/>");
	for (int i = 0; i < 500; i++)
		at += (size_t)sprintf(keys + at, "<key>Unknown%d</key><true/>", i);
	parsed_init_keys(&p, keys);
	ASSERT_EQ(p.report.n_errors, 501);
	ASSERT_EQ(p.report.n_problems, SPEC_PROBLEMS_MAX);
	ASSERT_LE(strlen(p.report.problems[0].path), SPEC_SHOWN_MAX + 8);
	ASSERT_TRUE(spec_is_utf8(p.report.problems[0].path, strlen(p.report.problems[0].path)));
	ASSERT_STRSTR(p.report.problems[0].path, "\"...");
	ASSERT_STRSTR(p.said, "test.plist: and 401 more\n");
	parsed_deinit(&p);
}

TEST(many_ignored_keys)
{
	static char keys[200000];
	size_t at = 0;
	Parsed p;

	for (int i = 0; i < 1000; i++)
		at += (size_t)sprintf(keys + at, "<key>XPCDomain%d</key><true/>", i);
	parsed_init_right(&p, keys);
	ASSERT_EQ(p.report.n_warnings, 1);
	ASSERT_STRSTR(p.said, "XPCDomain7, ");
	ASSERT_STRSTR(p.said, ", ...\n");
	ASSERT_LT(strlen(p.said), 4096);
	parsed_deinit(&p);
}
