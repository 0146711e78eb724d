/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launchctl in a session: each case is a script that `launchd --session` runs, with what it is to print.
 *
 * SUBSET and COMPLETION in the environment are a program and a file under test.
 */
#include "tests/integration/launchd_script.h"

/* --- Names --- */

/* The subset program forks while it has threads, and its child starts some: ThreadSanitizer does not follow
 * that, and the child hangs in it. All other builds run these. */
static void skip_under_tsan(void)
{
#ifdef __SANITIZE_THREAD__
	SKIP("ThreadSanitizer does not support threads in a fork child");
#endif
}

TEST(a_session_has_a_manager)
{
	EXPECT("ctl managername | hide; ctl bstree | hide; ctl bslist\n"
	       "[ \"$(ctl managername)\" = \"session/$(ctl managerpid)\" ] && echo same\n"
	       "[ \"$(ctl managerpid)\" = \"$PPID\" ] && echo parent\n"
	       "[ \"$(ctl manageruid)\" = \"$(id -u)\" ] && echo mine\n",
		"session/N\n"
		"session/N/\n"
		"same\nparent\nmine\n");
}

TEST(the_status_of_the_command_is_passed_on)
{
	sh("exit 7", true);
	ASSERT_EQ(run.status, 7);
}

/* Until both of its processes have done what they do. */
#define SUBSET                                                                                     \
	"\"$SUBSET\" & program=$!\n"                                                               \
	"until ctl bstree >tree && grep -q CHILD tree && grep -q PARENT-2 tree; do :; done\n"      \
	"subset=$(sed -n 's/^ *\\(.*\\) (Explicit Subset).*/\\1/p' tree)\n"                        \
	"finish() { kill $(ctl bstree -j | sed -n 's/.*\\[\\([0-9]*\\)\\].anonymous.*/\\1/p'); "   \
	"wait 2>/dev/null; }\n"

TEST(the_subset_program_shows_what_its_comments_say)
{
	skip_under_tsan();
	EXPECT(SUBSET
		"ctl bstree | hide; ctl bstree -j | sed \"s/$program/P/g\" | hide\n"
		"ctl bslist; ctl bslist \"$subset\"; ctl bslist -j \"$subset\" | hide\n"
		"finish 2>/dev/null\n"
		"until ctl bstree >tree && ! grep -q -e A -e Subset tree; do :; done; hide <tree\n",
		"session/N/\n"
		"    A  PARENT\n"
		"    bootstrap-subse[N].subset.N (Explicit Subset)/\n"
		"        A  CHILD\n"
		"        A  PARENT-N\n"
		"        A  PARENT-N\n"
		"session/N/\n"
		"    A  PARENT (bootstrap-subse[P].anonymous)\n"
		"    bootstrap-subse[P].subset.N (Explicit Subset)/\n"
		"        A  CHILD (bootstrap-subse[N].anonymous)\n"
		"        A  PARENT-N (bootstrap-subse[P].anonymous)\n"
		"        A  PARENT-N (bootstrap-subse[P].anonymous)\n"
		"A  PARENT\n"
		"A  CHILD\n"
		"A  PARENT-1\n"
		"A  PARENT-2\n"
		"A  CHILD (bootstrap-subse[N].anonymous)\n"
		"A  PARENT-N (bootstrap-subse[N].anonymous)\n"
		"A  PARENT-N (bootstrap-subse[N].anonymous)\n"
		"session/N/\n");
}

TEST(bsexec_runs_a_command_in_a_namespace)
{
	skip_under_tsan();
	EXPECT(SUBSET "ctl bsexec \"$subset\" \"$LAUNCHCTL\" bslist\n"
		      "ctl bsexec \"$subset\" \"$LAUNCHCTL\" managername | hide\n"
		      "ctl bsexec $$ \"$LAUNCHCTL\" managername >name; hide <name\n"
		      "ctl bsexec $PPID sh -c 'exit 5'; echo $?\n"
		      "ctl bsexec $PPID /nonexistent 2>&1; echo $?\n"
		      "ctl bslist session; ctl bslist session/$PPID\n"
		      "try bsexec nothing true | hide\n"
		      "ctl bsexec $program \"$LAUNCHCTL\" managername | hide\n"
		      "sleep 1000 & ctl bsexec $! \"$LAUNCHCTL\" managername | hide; kill $!\n"
		      "\"$LAUNCHCTL\" bsexec \"$subset\" sleep 1000 & "
		      "until ctl bslist $! | grep CHILD; do :; done; kill $!\n"
		      "ctl bsexec $PPID \"$LAUNCHCTL\" managername | hide\n"
		      "try bslist 2147483646\n"
		      "try bsexec $PPID\n"
		      "finish 2>/dev/null\n",
		"A  CHILD\n"
		"A  PARENT-1\n"
		"A  PARENT-2\n"
		"bootstrap-subse[N].subset.N\n"
		"session/N\n"
		"5\n"
		"/nonexistent: No such file or directory\n127\n"
		"A  PARENT\nA  PARENT\n"
		"Could not find a namespace \"nothing\" in or below session/N: launchctl bstree "
		"tells their names\n= N\n"
		"bootstrap-subse[N].subset.N\n"
		"session/N\n"
		"A  CHILD\n"
		"session/N\n"
		"Could not find process 2147483646: No such process\n= 3\n"
		"Usage: launchctl bsexec PID | .. | NAMESPACE COMMAND [ARGUMENT ...]\n= 64\n");
}

TEST(a_subset_manages_no_jobs)
{
	skip_under_tsan();
	static const char script[] = SUBSET
		"within() { ctl bsexec \"$subset\" \"$LAUNCHCTL\" \"$@\" 2>&1; echo \"= $?\"; }\n"
		"within list | hide; within start x | hide; within bslist .. | hide\n"
		"finish 2>/dev/null\n";

	if (geteuid() == 0)
		EXPECT(script, "PID\tStatus\tLabel\n= N\n"
			       "Could not find service \"x\" in domain for session: N\n= N\n"
			       "A  PARENT\n= N\n");
	else
		EXPECT(script,
			"Could not list the services in domain for subset: "
			"bootstrap-subse[N].subset.N: jobs are managed from the root of the "
			"domain, and this is a subset\n= N\n"
			"Could not start service \"x\": N: Operation not permitted: jobs are "
			"managed from the root of the domain, and this is the subset "
			"bootstrap-subse[N].subset.N\n= N\n"
			"Could not get the namespace above bootstrap-subse[N].subset.N: only root "
			"may have it\n= N\n");
}

/* --- Jobs --- */

TEST(a_job_is_loaded_and_unloaded)
{
	EXPECT("job com.example.x /bin/sleep '<key>MachServices</key><dict>"
	       "<key>com.example.x.service</key><true/></dict>'\n"
	       "try list; try load com.example.x.plist; try list; try bslist -j\n"
	       "try list com.example.x; try blame session/com.example.x\n"
	       "try load com.example.x.plist\n"
	       "try unload com.example.x.plist; try list; try unload com.example.x.plist | hide\n",
		"PID\tStatus\tLabel\n= 0\n"
		"= 0\n"
		"PID\tStatus\tLabel\n-\t-\tcom.example.x\n= 0\n"
		"D  com.example.x.service (com.example.x)\n= 0\n"
		"{\n"
		"\t\"LimitLoadToSessionType\" = \"Background\";\n"
		"\t\"MachServices\" = {\n"
		"\t\t\"com.example.x.service\" = mach-port-object;\n"
		"\t};\n"
		"\t\"Label\" = \"com.example.x\";\n"
		"\t\"OnDemand\" = true;\n"
		"\t\"LastExitStatus\" = 0;\n"
		"\t\"Program\" = \"/bin/sleep\";\n"
		"\t\"ProgramArguments\" = (\n"
		"\t\t\"/bin/sleep\";\n"
		"\t\t\"1000\";\n"
		"\t);\n"
		"};\n= 0\n"
		"(not running)\n= 0\n"
		"Load failed: 37: Operation already in progress: com.example.x.plist: a service "
		"with this label is loaded already\n= 0\n"
		"= 0\n"
		"PID\tStatus\tLabel\n= 0\n"
		"Unload failed: N: No such process: com.example.x.plist: there is no service "
		"\"com.example.x\" in domain for session: N\n= N\n");
}

TEST(bootstrap_and_bootout_have_statuses)
{
	EXPECT("mkdir jobs && cd jobs\n"
	       "job com.example.a /bin/sleep; job com.example.b /bin/sleep; cd ..\n"
	       "job bad /bin/sleep '<key>KeepAlive</key><integer>1</integer>'\n"
	       "job open /bin/sleep; chmod 666 open.plist; ln -s open.plist link.plist\n"
	       "try bootstrap session jobs; try list | cut -f 3\n"
	       "try bootstrap session/$PPID jobs/com.example.a.plist\n"
	       "try bootstrap session/ bad.plist | sed \"s|$FOLDER/||\"\n"
	       "try bootstrap session/ open.plist; try bootstrap session/ link.plist\n"
	       "try bootstrap session/ nowhere.plist\n"
	       "try bootout session/com.example.a; try bootout session jobs/com.example.b.plist\n"
	       "try bootout session/com.example.a | sed \"s/$PPID/N/\"; try list\n",
		"= 0\n"
		"Label\ncom.example.a\ncom.example.b\n= 0\n"
		"Bootstrap failed: 37: Operation already in progress: jobs/com.example.a.plist: a "
		"service with this label is loaded already\n= 37\n"
		"bad.plist: KeepAlive: expected a boolean or a dictionary of conditions, found 1\n"
		"Bootstrap failed: 5: Input/output error: bad.plist: the property list is not "
		"valid\n= 5\n"
		"Bootstrap failed: 5: Input/output error: open.plist: expected a file that only "
		"its owner can write to, found mode 0666\n= 5\n"
		"Bootstrap failed: 5: Input/output error: link.plist: cannot be opened: a symbolic "
		"link is not followed\n= 5\n"
		"Bootstrap failed: 5: Input/output error: nowhere.plist: cannot be opened: No such "
		"file or directory\n= 5\n"
		"= 0\n= 0\n"
		"Boot-out failed: 3: No such process: session/com.example.a: there is no service "
		"\"com.example.a\" in domain for session: N\n= 3\n"
		"PID\tStatus\tLabel\n= 0\n");
}

TEST(services_that_are_not_there_have_a_status)
{
	EXPECT("for verb in print kickstart blame 'kill TERM'; do\n"
	       "	try $verb session/nope | sed \"s/$PPID/N/\"\n"
	       "done\n"
	       "for verb in list start stop remove; do try $verb nope | sed \"s/$PPID/N/\"; done\n",
		"Could not find service \"nope\" in domain for session: N\n= 113\n"
		"Could not find service \"nope\" in domain for session: N\n= 113\n"
		"Could not find service \"nope\" in domain for session: N\n= 113\n"
		"Could not find service \"nope\" in domain for session: N\n= 113\n"
		"Could not find service \"nope\" in domain for session: N\n= 113\n"
		"Could not find service \"nope\" in domain for session: N\n= 3\n"
		"Could not find service \"nope\" in domain for session: N\n= 3\n"
		"Could not find service \"nope\" in domain for session: N\n= 3\n");
}

TEST(kickstart_starts_at_once_and_again)
{
	EXPECT("job com.example.x /bin/sleep; ctl load com.example.x.plist\n"
	       "try kickstart -p session/com.example.x >first; hide <first\n"
	       "ctl kickstart -p session/com.example.x | cmp - first 2>&1 | hide\n"
	       "try blame session/com.example.x\n"
	       "try kickstart -kp session/com.example.x >second; hide <second\n"
	       "cmp -s first second || echo another\n"
	       "ctl list | sed 's/^[0-9][0-9]*/PID/'\n"
	       "ctl kill sigkill session/com.example.x; echo $?\n"
	       "until ctl list | grep -q ^-; do :; done\n"
	       "try kill 15 session/com.example.x; try kill NONE session/com.example.x\n"
	       "ctl start com.example.x; echo $?; ctl stop session/com.example.x; echo $?\n"
	       "until ctl list | grep -q ^-; do :; done; ctl list; ctl stop com.example.x\n",
		"service spawned with pid: N\n= N\n"
		"cmp: EOF on - after byte N, line N\n"
		"non-ipc demand\n= 0\n"
		"service spawned with pid: N\n= N\n"
		"another\n"
		"PID\tStatus\tLabel\nPID\t-9\tcom.example.x\n"
		"0\n"
		"No process to signal: \"com.example.x\" is not running\n= 3\n"
		"Not a signal: \"NONE\"\nUsage: launchctl kill SIGNAL SERVICE\n= 64\n"
		"0\n0\n"
		"PID\tStatus\tLabel\n-\t-15\tcom.example.x\n");
}

TEST(a_start_that_fails_says_why)
{
	EXPECT("job com.example.x /nonexistent; ctl load com.example.x.plist\n"
	       "try kickstart -p session/com.example.x; try start com.example.x\n"
	       "ctl print session/com.example.x | grep -e state -e problem\n",
		"Could not start service \"com.example.x\": 5: Input/output error: cannot execute "
		"\"/nonexistent\": No such file or directory\n= 5\n"
		"Could not start service \"com.example.x\": 5: Input/output error: cannot execute "
		"\"/nonexistent\": No such file or directory\n= 5\n"
		"\tstate = spawn failed\n"
		"\tproblem = cannot execute \"/nonexistent\": No such file or directory\n");
}

TEST(services_are_disabled_and_enabled)
{
	EXPECT("job com.example.x /bin/sleep '<key>RunAtLoad</key><true/>'\n"
	       "try print-disabled session; try disable session/com.example.x\n"
	       "try load com.example.x.plist; try list; try print-disabled session/\n"
	       "try kickstart session/com.example.x | sed \"s/$PPID/N/\"\n"
	       "ctl print session/com.example.x | grep properties\n"
	       "try enable session/com.example.x; try print-disabled session\n"
	       "try kickstart session/com.example.x; ctl list | sed 's/^[0-9][0-9]*/PID/'\n",
		"\tdisabled services = {\n\t}\n= 0\n"
		"= 0\n"
		"= 0\n"
		"PID\tStatus\tLabel\n-\t-\tcom.example.x\n= 0\n"
		"\tdisabled services = {\n\t\t\"com.example.x\" => disabled\n\t}\n= 0\n"
		"Could not start service \"com.example.x\" in domain for session: N: 119: Service "
		"is disabled: it is disabled; enable it first\n= 119\n"
		"\tproperties = runatload | disabled\n"
		"= 0\n"
		"\tdisabled services = {\n\t\t\"com.example.x\" => enabled\n\t}\n= 0\n"
		"= 0\nPID\tStatus\tLabel\nPID\t-\tcom.example.x\n");
}

TEST(load_can_overrule_what_a_file_says)
{
	EXPECT("job x /bin/sleep '<key>Disabled</key><true/>'\n"
	       "look() { ctl print session/x | grep -c 'properties.*disabled'; "
	       "ctl print-disabled session | grep x; }\n"
	       "try load x.plist; look; ctl bootout session/x\n"
	       "try load -F x.plist; look; ctl bootout session/x\n"
	       "try load -w x.plist; look; try unload -w x.plist\n"
	       "try load x.plist; look; try load -S Aqua -F x.plist nowhere.plist; try load -x\n",
		"= 0\n1\n"
		"= 0\n0\n"
		"= 0\n0\n\t\t\"x\" => enabled\n"
		"= 0\n"
		"= 0\n1\n\t\t\"x\" => disabled\n"
		"launchctl: -S has no effect here\n"
		"Load failed: 37: Operation already in progress: x.plist: a service with this "
		"label is loaded already\n"
		"Load failed: 5: Input/output error: nowhere.plist: cannot be opened: No such file "
		"or directory\n= 0\n"
		"Not an option of load, or one that lacks its value: -x\n"
		"Usage: launchctl load [-wF] PATH ...\n= 64\n");
}

TEST(submitted_commands_get_the_environment)
{
	EXPECT("try getenv ANSWER; try setenv ANSWER '4 2' OTHER ''; try getenv ANSWER\n"
	       "try getenv OTHER; try unsetenv OTHER; try getenv OTHER; try setenv A\n"
	       "try setenv A=B c\n"
	       "try submit -l com.example.x -o \"$FOLDER/out\" -e \"$FOLDER/err\" -- "
	       "sh -c 'echo \"$ANSWER $XPC_SERVICE_NAME\"; echo oops >&2'\n"
	       "until ctl list | grep -q '^-.*0.*com.example.x'; do :; done\n"
	       "cat out err; ctl print session/com.example.x | grep -e type -e ^.path\n"
	       "try remove com.example.x; try list; try submit -l x\n"
	       "try submit -l a/b -- true\n",
		"= 1\n= 0\n4 2\n= 0\n\n= 0\n= 0\n= 1\n"
		"Usage: launchctl setenv NAME VALUE ...\n= 64\n"
		"Could not set \"A=B\": not a name or a value that a variable can have\n= 5\n"
		"= 0\n"
		"4 2 com.example.x\noops\n"
		"\tpath = (submitted)\n\ttype = Submitted\n"
		"= 0\nPID\tStatus\tLabel\n= 0\n"
		"Usage: launchctl submit -l LABEL [-p PROGRAM] [-o FILE] [-e FILE] -- COMMAND "
		"[ARGUMENT ...]\n= 64\n"
		"Not a label that a service can have: \"a/b\"\n= 64\n");
}

/* --- print --- */

TEST(print_shows_the_domain_and_its_services)
{
	EXPECT("job com.example.x /bin/sleep '<key>MachServices</key><dict>"
	       "<key>com.example.x.service</key><true/></dict>"
	       "<key>StartInterval</key><integer>300</integer>'\n"
	       /* Without what the domain has of the test's own environment. */
	       "ours() { sed -e '/^[[:blank:]]*[A-Z_]* => /{/XPC_/b' -e '/A => B/!d' -e '}'; }\n"
	       "ctl load com.example.x.plist; ctl setenv A B\n"
	       "ctl print session/com.example.x | sed \"s|$FOLDER||\" | sed 's/0x[0-9a-f]*/PORT/' "
	       "| sed \"s/$PPID/N/\" | ours\n"
	       "ctl print session | sed 's/0x[0-9a-f]*/PORT/; s/  *PORT/PORT/; s/euid.*/euid/; "
	       "/^.confinement/d' | sed \"s/$PPID/N/\" | ours\n"
	       "ctl print --json session/com.example.x | grep -c '^{.*\"run interval\":300.*}$'\n"
	       "ctl print --json session | grep -c '^{.*\"services\":{\"com.example.x\":{.*}$'\n",
		"session/N/com.example.x = {\n"
		"\tactive count = 0\n"
		"\tpath = /com.example.x.plist\n"
		"\ttype = LaunchAgent\n"
		"\tstate = waiting\n"
		"\n"
		"\tprogram = /bin/sleep\n"
		"\targuments = {\n"
		"\t\t/bin/sleep\n"
		"\t\t1000\n"
		"\t}\n"
		"\n"
		"\tinherited environment = {\n"
		"\t\tA => B\n"
		"\t}\n"
		"\tdefault environment = {\n"
		"\t}\n"
		"\tenvironment = {\n"
		"\t\tXPC_SERVICE_NAME => com.example.x\n"
		"\t}\n"
		"\n"
		"\tdomain = session/N\n"
		"\tminimum runtime = 10\n"
		"\texit timeout = 20\n"
		"\truns = 0\n"
		"\timmediate reason = none\n"
		"\tlast exit code = (never exited)\n"
		"\n"
		"\tendpoints = {\n"
		"\t\t\"com.example.x.service\" = {\n"
		"\t\t\tport = PORT\n"
		"\t\t\tactive = 0\n"
		"\t\t\tmanaged = 1\n"
		"\t\t\treset = 0\n"
		"\t\t\thide = 0\n"
		"\t\t\twatching = 1\n"
		"\t\t}\n"
		"\t}\n"
		"\n"
		"\trun interval = 300 seconds\n"
		"}\n"
		"session/N = {\n"
		"\ttype = session\n"
		"\thandle = N\n"
		"\tactive count = 0\n"
		"\tservice count = 1\n"
		"\tactive service count = 0\n"
		"\tcreator = launchd[N]\n"
		"\tcreator euid\n"
		"\n"
		"\tenvironment = {\n"
		"\t\tA => B\n"
		"\t}\n"
		"\n"
		"\tservices = {\n"
		"\t\t       0      - \tcom.example.x\n"
		"\t}\n"
		"\n"
		"\tunmanaged processes = {\n"
		"\t}\n"
		"\n"
		"\tendpoints = {\n"
		"\t\tPORT    M   D  com.example.x.service\n"
		"\t}\n"
		"\n"
		"\tdisabled services = {\n"
		"\t}\n"
		"}\n"
		"1\n1\n");
}

TEST(procinfo_tells_who_is_responsible)
{
	EXPECT("job com.example.x /bin/sleep; ctl load com.example.x.plist\n"
	       "pid=$(ctl kickstart -p session/com.example.x | sed 's/.*: //')\n"
	       "ctl procinfo $pid >info\n"
	       "grep -e responsible -e bootstrap -e ^domain -e comm info | hide\n"
	       "ctl procinfo $$ | grep -e responsible -e bootstrap | "
	       "sed \"s/$$/SELF/; s/$PPID/SESSION/\"\n"
	       "try procinfo 2147483646; try procinfo 0; try procinfo x\n",
		"responsible pid = N\n"
		"responsible service = com.example.x\n"
		"\tbootstrap = session/N\n"
		"domain = session/N\n"
		"\tcomm = sleep\n"
		"responsible pid = SELF\n"
		"\tbootstrap = session/SESSION\n"
		"Could not look at process 2147483646: No such process\n= 3\n"
		"Usage: launchctl procinfo PID\n= 64\n"
		"Usage: launchctl procinfo PID\n= 64\n");
}

/* --- Without a domain --- */

TEST(codes_are_explained)
{
	EXPECT_OUTSIDE("try error posix 2; try error mach 0x10000003; try error bootstrap 1102\n"
		       "try error 3; try error 113; try error -306 | cut -c 1-5\n"
		       "try error posix; try error stone 3; try error 1 2 3\n",
		"2: No such file or directory\n= 0\n"
		"0x10000003: (ipc/send) invalid destination port\n= 0\n"
		"1102: Unknown service name\n= 0\n"
		"3: No such process\n= 0\n"
		"113: Could not find specified service\n= 0\n"
		"-306:\n= 0\n"
		"Usage: launchctl error [posix | mach | bootstrap] CODE\n= 64\n"
		"Usage: launchctl error [posix | mach | bootstrap] CODE\n= 64\n"
		"Usage: launchctl error [posix | mach | bootstrap] CODE\n= 64\n");
}

TEST(files_are_checked_without_loading)
{
	EXPECT_OUTSIDE(
		"job com.example.x /bin/sleep; job other /bin/sleep; mv other.plist o.plist\n"
		"job bad relative/path '<key>Nix</key>"
		"<true/>'\n"
		"try plist com.example.x.plist o.plist; try plist bad.plist nowhere.plist\n"
		"try plist\n",
		"com.example.x.plist: OK\n"
		"o.plist: warning: Label: expected the file to be called other.plist\n"
		"o.plist: OK\n= 0\n"
		"bad.plist: Nix: unknown key\n"
		"bad.plist: ProgramArguments[0]: expected an absolute path, or a name without '/', "
		"where there is no Program\n"
		"nowhere.plist: cannot be opened: No such file or directory\n= 1\n"
		"Usage: launchctl plist FILE ...\n= 64\n");
}

TEST(command_lines_that_make_no_sense_have_status_64)
{
	EXPECT_OUTSIDE(
		"try | head -1; try nonsense | head -1; try load; try kickstart\n"
		"me() { sed \"s|/$(id -u)\\([/ ]\\)|/ME\\1|\"; }\n"
		"try print a b | tail -1; try print nonsense/x | me; try print user/x | me\n"
		"try kickstart nonsense | me; try bootstrap nonsense x | me; try kickstart -x y\n"
		"try attach x | head -1\n"
		"try print gui/501; try kickstart session; try print-disabled session/x\n"
		"try bstree x; try version x; try help nonsense; ctl help bslist; ctl help "
		"| head -1\n",
		"Usage: launchctl SUBCOMMAND [ARGUMENT ...]; launchctl help lists them\n"
		"Unrecognized subcommand: nonsense\n"
		"Usage: launchctl load [-wF] PATH ...\n= 64\n"
		"Usage: launchctl kickstart [-k] [-p] SERVICE\n= 64\n"
		"= 64\n"
		"Unrecognized target \"nonsense/x\": say system/LABEL, user/ME/LABEL or "
		"session/LABEL\nUsage: launchctl print [--json] DOMAIN | SERVICE\n= 64\n"
		"Unrecognized target \"user/x\": say system/LABEL, user/ME/LABEL or "
		"session/LABEL\nUsage: launchctl print [--json] DOMAIN | SERVICE\n= 64\n"
		"Unrecognized target \"nonsense\": say system/nonsense, user/ME/nonsense or "
		"session/nonsense\nUsage: launchctl kickstart [-k] [-p] SERVICE\n= 64\n"
		"Unrecognized target \"nonsense\": say system, user/ME or session\n"
		"Usage: launchctl bootstrap DOMAIN PATH ...\n= 64\n"
		"Not an option of kickstart, or one that lacks its value: -x\n"
		"Usage: launchctl kickstart [-k] [-p] SERVICE\n= 64\n"
		"There is no subcommand attach in this launchctl\n"
		"Could not find domain \"gui/501\": there are only system, user/UID and session "
		"here\n= 112\n"
		"\"session\" is a domain and names no service\n"
		"Usage: launchctl kickstart [-k] [-p] SERVICE\n= 64\n"
		"\"session/x\" is a service; a domain is wanted\n"
		"Usage: launchctl print-disabled DOMAIN\n= 64\n"
		"Usage: launchctl bstree [-j]\n= 64\n"
		"Usage: launchctl version\n= 64\n"
		"Unrecognized subcommand: nonsense\n= 64\n"
		"Usage: launchctl bslist [PID | .. | NAMESPACE] [-j]\n\n"
		"\tList the services of a namespace\n"
		"Usage: launchctl SUBCOMMAND [ARGUMENT ...]\n");
}

TEST(domains_that_cannot_be_reached_say_why)
{
	EXPECT_OUTSIDE(
		"try print session/x; try print user/$(id -u)/x | "
		"sed \"s|$FOLDER|DIR|; s/: $(id -u):/: ME:/\"\n"
		"try print user/4000000000\n"
		"XDG_RUNTIME_DIR= ctl print user/$(id -u) 2>&1 | sed \"s/: $(id -u):/: ME:/\"\n",
		"Could not find domain for session: a session is reached from within it only, and "
		"this process is not in one\n= 112\n"
		"Could not find domain for user: ME: DIR/portcullis/bootstrap: No such file or "
		"directory\n= 112\n"
		"Could not find domain for user: 4000000000: a user's launchd is for that user "
		"only; run launchctl as user 4000000000\n= 112\n"
		"Could not find domain for user: ME: XDG_RUNTIME_DIR is not set\n");
}

TEST(the_domain_of_a_user_is_reached_by_its_path)
{
	EXPECT_OUTSIDE("\"$LAUNCHD\" --user & daemon=$!\n"
		       "until ctl bstree >tree 2>/dev/null; do kill -0 $daemon || exit 98; done\n"
		       "sed \"s/$(id -u)/ME/\" tree; job com.example.x /bin/sleep\n"
		       "try bootstrap user/$(id -u) com.example.x.plist\n"
		       "ctl print user/$(id -u)/com.example.x | sed -n \"1s/$(id -u)/ME/p\"\n"
		       "[ $(ctl managerpid) = $daemon ] && echo pid\n"
		       "try kickstart user/$(id -u)/com.example.x\n"
		       "kill $daemon; wait $daemon; echo $?; ls portcullis\n",
		"user/ME/\n"
		"= 0\n"
		"user/ME/com.example.x = {\n"
		"pid\n"
		"= 0\n"
		"0\n");
}

TEST(other_users_manage_nothing)
{
	if (geteuid() != 0)
		SKIP("not root");
	/* Where coverage is counted, the other user has a place of its own for the counts. */
	EXPECT("chmod 755 .; cp \"$LAUNCHCTL\" ctl && chmod 755 ctl || exit 97\n"
	       "mkdir counts && chmod 777 counts\n"
	       "as() { GCOV_PREFIX=$PWD/counts setpriv --reuid=65534 --regid=65534 --clear-groups "
	       "\"$@\" 2>&1; "
	       "echo \"= $?\"; }\n"
	       "job com.example.x /bin/sleep; ctl load com.example.x.plist\n"
	       "for verb in list 'start com.example.x' 'print session/com.example.x' 'getenv A' "
	       "'setenv A B' 'bootout session/com.example.x' 'disable session/com.example.x' "
	       "bstree; do as ./ctl $verb; done | hide; ctl list\n",
		"Could not list the services in domain for session: N: only root and the user "
		"whose domain it is may do that\n= N\n"
		"Could not start service \"com.example.x\" in domain for session: N: N: Operation "
		"not permitted: only root and the user whose domain it is may do that\n= N\n"
		"Could not print service \"com.example.x\" in domain for session: N: N: Operation "
		"not permitted: only root and the user whose domain it is may do that\n= N\n"
		"Could not get \"A\": only root and the user whose domain it is may do that\n= N\n"
		"Could not set \"A\": only root and the user whose domain it is may do that\n= N\n"
		"Boot-out failed: N: Operation not permitted: session/com.example.x: only root and "
		"the user whose domain it is may do that\n= N\n"
		"Could not disable service \"com.example.x\" in domain for session: N: N: "
		"Operation not permitted: only root and the user whose domain it is may do that\n"
		"= N\n"
		"session/N/\n"
		"Could not list the namespaces below session/N: only root and the user whose "
		"domain it is may do that\n= N\n"
		"PID\tStatus\tLabel\n-\t-\tcom.example.x\n");
}

/* --- Completion --- */

TEST(completion_knows_the_subcommands)
{
	if (!getenv("COMPLETION"))
		SKIP("COMPLETION names no file");
	EXPECT("command -v bash >/dev/null || { echo same; exit; }\n"
	       "job com.example.x /bin/sleep; ctl load com.example.x.plist; mkdir bin\n"
	       "ln -s \"$LAUNCHCTL\" bin/launchctl; PATH=$PWD/bin:$PATH\n"
	       "cat >try.sh <<'E'\n"
	       ". \"$COMPLETION\"\n"
	       "words() { COMP_WORDS=(launchctl \"$@\") COMP_CWORD=$#; _launchctl; "
	       "printf '%s\\n' \"${COMPREPLY[@]}\"; }\n"
	       "diff <(launchctl help | sed -n 's/^\\t\\([a-z-]*\\) .*/\\1/p') <(words '') && "
	       "echo same\n"
	       "words start com; words kickstart session/com; words kill SIGTER; words error m\n"
	       "words load com; words print sy\n"
	       "E\n"
	       "bash try.sh 2>&1\n",
		"same\ncom.example.x\nsession/com.example.x\nSIGTERM\nmach\ncom.example.x.plist\n"
		"system/\n");
}
