/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launchd as a program: what it is told, how it ends, and how it is reached.
 */
#include "tests/integration/launchd_script.h"

#include <sys/socket.h>
#include <sys/un.h>

/* --- The command of a session --- */

TEST(the_status_is_that_of_the_command)
{
	EXPECT_OUTSIDE("s() { \"$LAUNCHD\" --session -- \"$@\" 2>&1; echo \"= $?\"; }\n"
		       "s true; s false; s sh -c 'exit 77'; s sh -c 'kill -9 $$'\n"
		       "s ./nothing; echo >file; s ./file\n",
		"= 0\n= 1\n= 77\n= 137\n"
		"launchd: ./nothing: No such file or directory\n= 127\n"
		"launchd: ./file: Permission denied\n= 126\n");
}

TEST(command_lines_that_make_no_sense)
{
	EXPECT_OUTSIDE("usage='usage: launchd --session'\n"
		       "u() { \"$LAUNCHD\" \"$@\" >text 2>&1; r=$?; grep -c \"$usage\" text; "
		       "echo \"= $r\"; }\n"
		       "u; u --session; u --user true; u --system -- true; u --help\n"
		       "\"$LAUNCHD\" --nonsense 2>/dev/null; echo \"= $?\"\n",
		"1\n= 64\n1\n= 64\n1\n= 64\n1\n= 64\n1\n= 0\n= 64\n");
}

TEST(signals_are_passed_on_to_the_command)
{
	EXPECT_OUTSIDE("cat >command <<'E'\n"
		       "trap 'echo hangup' HUP; trap 'echo terminated; exit 5' TERM\n"
		       /* A signal just before a call that blocks is heard when that returns. */
		       "echo >ready; while [ -e ready ]; do sleep 1 & wait $!; done\n"
		       "E\n"
		       "\"$LAUNCHD\" --session -- sh command >out 2>/dev/null & daemon=$!\n"
		       "until [ -e ready ]; do :; done\n"
		       "kill -INT $daemon; kill -QUIT $daemon; kill -HUP $daemon\n"
		       "until grep -q hangup out; do :; done\n"
		       "kill -TERM $daemon; wait $daemon; echo $?; cat out\n",
		"5\nhangup\nterminated\n");
}

TEST(jobs_end_with_their_session)
{
	EXPECT_OUTSIDE(
		"cat >stubborn <<'E'\n"
		"trap '' TERM; echo >ready; while :; do read x <fifo; done\n"
		"E\n"
		"mkfifo fifo; job com.example.x /bin/sleep '<key>RunAtLoad</key><true/>'\n"
		"cat >com.example.y.plist <<E\n"
		"<plist version=\"1.0\"><dict><key>Label</key><string>com.example.y</string>\n"
		"<key>ProgramArguments</key><array><string>/bin/sh</string>"
		"<string>$PWD/stubborn</string></array>\n"
		"<key>WorkingDirectory</key><string>$PWD</string>\n"
		"<key>RunAtLoad</key><true/><key>ExitTimeOut</key><integer>1</integer>"
		"</dict></plist>\n"
		"E\n"
		"cat >command <<'E'\n"
		"\"$LAUNCHCTL\" bootstrap session com.example.x.plist com.example.y.plist || exit "
		"1\n"
		"until [ -e ready ] && \"$LAUNCHCTL\" list | grep -q '^[0-9].*x$'; do :; done\n"
		"\"$LAUNCHCTL\" list | sed -n 's/^\\([0-9]*\\)\\t.*/\\1/p' >pids\n"
		"E\n"
		"\"$LAUNCHD\" --session -- sh command; echo $?; wc -l <pids | tr -d ' '\n"
		"for pid in $(cat pids); do kill -0 $pid 2>&1 | grep -c -i 'no such'; done\n",
		"0\n2\n1\n1\n");
}

TEST(without_its_launchd_a_command_is_told_so)
{
	EXPECT_OUTSIDE("cat >command <<'E'\n"
		       "kill -9 $PPID; \"$LAUNCHCTL\" managername >out 2>&1\n"
		       "until ! \"$LAUNCHCTL\" managername >out 2>&1; do :; done\n"
		       "\"$LAUNCHCTL\" list >out 2>&1; echo \"= $?\" >>out; mv out result\n"
		       "E\n"
		       "(\"$LAUNCHD\" --session -- sh command) 2>/dev/null\n"
		       "until [ -e result ]; do :; done; cat result\n",
		"Could not reach the domain: launchd is gone\n= 112\n");
}

/* --- The path --- */

TEST(a_session_may_have_a_path)
{
	EXPECT_OUTSIDE(
		"mkfifo fifo; \"$LAUNCHD\" --session --path \"$FOLDER/portcullis/bootstrap\" -- "
		"sh -c 'echo >ready; read x <fifo' & daemon=$!\n"
		"until [ -e ready ]; do :; done\n"
		"ctl managername | sed \"s/$daemon/N/\"; ls -l portcullis | cut -c 1-4 | "
		"tail -1; ls -ld portcullis | cut -c 1-10\n"
		"echo >fifo; wait $daemon; echo $?; ls portcullis\n",
		"session/N\n"
		"srw-\n"
		"drwx------\n"
		"0\n");
}

TEST(one_server_has_a_path)
{
	EXPECT_OUTSIDE(
		"start() { \"$LAUNCHD\" --user & daemon=$!\n"
		"	until [ \"$(ctl managerpid 2>/dev/null)\" = $daemon ]; do :; done; }\n"
		"start; \"$LAUNCHD\" --user 2>&1 | sed \"s|$FOLDER|DIR|\"\n"
		"{ kill -9 $daemon; wait $daemon; } 2>/dev/null; ls portcullis\n"
		"try managername | sed \"s|$FOLDER|DIR|\"\n"
		"start; kill -INT $daemon; wait $daemon; echo $?; ls portcullis\n"
		"echo >portcullis/bootstrap; \"$LAUNCHD\" --user 2>&1 | sed "
		"\"s|$FOLDER|DIR|\"; cat portcullis/bootstrap\n"
		"unset XDG_RUNTIME_DIR; \"$LAUNCHD\" --user 2>&1; echo $?\n",
		"launchd: DIR/portcullis/bootstrap: another launchd is there already\n"
		"bootstrap\n"
		"Could not find a domain: no launchd is at DIR/portcullis/bootstrap or "
		"/run/portcullis/bootstrap: No such file or directory\n"
		"Start one (launchd --user), or run this in a session: launchd --session -- "
		"COMMAND\n= 112\n"
		"0\n"
		"launchd: DIR/portcullis/bootstrap: a file that is no socket is in the way\n"
		"\n"
		"launchd: XDG_RUNTIME_DIR is not set; say where with --path\n1\n");
}

/* --- Jobs from the start --- */

TEST(a_session_begins_with_what_is_named)
{
	EXPECT_OUTSIDE(
		"services() { echo \"<key>MachServices</key><dict><key>$1</key><true/></dict>\"; "
		"}\n"
		"job one /bin/sleep \"$(services com.example.one)\"; mkdir more; cd more\n"
		"job two /bin/sleep \"$(services com.example.two)\"; job bad x/y; job open "
		"/bin/sleep\n"
		"job three /bin/sleep \"$(services com.example.two)\"; chmod 666 open.plist\n"
		"cp ../one.plist .; ln -s ../one.plist link.plist; echo >readme; cd ..\n"
		"\"$LAUNCHD\" --session --load one.plist --load \"$FOLDER/more\" --load nowhere -- "
		"sh -c '\"$LAUNCHCTL\" list; \"$LAUNCHCTL\" bslist; "
		"\"$LAUNCHCTL\" print session/one | grep path' 2>&1 | sed \"s|$FOLDER|DIR|\"\n",
		"DIR/more/bad.plist: ProgramArguments[0]: expected an absolute path, or a name "
		"without '/', where there is no Program\n"
		"launchd: DIR/more/bad.plist: not loaded\n"
		"DIR/more/link.plist: cannot be opened: a symbolic link is not followed\n"
		"launchd: DIR/more/link.plist: not loaded\n"
		"launchd: DIR/more/one.plist: not loaded: a service with this label is loaded "
		"already\n"
		"DIR/more/open.plist: expected a file that only its owner can write to, found mode "
		"0666\n"
		"launchd: DIR/more/open.plist: not loaded\n"
		"DIR/more/two.plist: MachServices: \"com.example.two\" is the name of somebody "
		"else's service already\n"
		"launchd: DIR/more/two.plist: not loaded\n"
		"DIR/nowhere: cannot be opened: No such file or directory\n"
		"launchd: DIR/nowhere: not loaded\n"
		"PID\tStatus\tLabel\n-\t-\tone\n-\t-\tthree\n"
		"D  com.example.one\nD  com.example.two\n"
		"\tpath = DIR/one.plist\n");
}

TEST(the_command_knows_where_sockets_are)
{
	EXPECT_OUTSIDE("job one /bin/sleep '<key>Sockets</key><dict><key>s</key><dict>"
		       "<key>SecureSocketWithKey</key><string>MY_SOCKET</string></dict></dict>'\n"
		       "\"$LAUNCHD\" --session --load one.plist -- sh -c '[ -S \"$MY_SOCKET\" ] && "
		       "echo \"$MY_SOCKET\" | sed \"s|$FOLDER|DIR|; s|launch-.*/|NAME/|\"; "
		       "[ \"$MY_SOCKET\" = \"$($LAUNCHCTL getenv MY_SOCKET)\" ] && echo same'\n"
		       "ls portcullis\n",
		"DIR/portcullis/NAME/socket\nsame\n");
}

TEST(a_user_has_jobs_from_the_start)
{
	EXPECT_OUTSIDE("start() { \"$LAUNCHD\" --user \"$@\" 2>err & daemon=$!\n"
		       "	until [ \"$(ctl managerpid 2>/dev/null)\" = $daemon ]; do :; done\n"
		       "	ctl list | grep example; kill $daemon; wait $daemon\n"
		       "	grep -e agents -e Agents err | sed \"s|$FOLDER|DIR|\"; }\n"
		       "mkdir -p portcullis/LaunchAgents others; job com.example.other /bin/sleep\n"
		       "cd portcullis/LaunchAgents; job com.example.mine /bin/sleep; cd ../..\n"
		       "start; echo .; start --load com.example.other.plist; echo .\n"
		       /* Where others could put something, nothing is believed. */
		       "chmod 777 portcullis/LaunchAgents; start; echo .\n"
		       "start --load portcullis/LaunchAgents\n",
		"-\t-\tcom.example.mine\n.\n"
		"-\t-\tcom.example.other\n.\n"
		"DIR/portcullis/LaunchAgents: expected a folder that only its owner can write to, "
		"found mode 0777\n"
		"launchd: DIR/portcullis/LaunchAgents: not loaded\n.\n"
		"-\t-\tcom.example.mine\n");
}

/* --- Orphans --- */

TEST(orphans_that_it_adopts_are_reaped)
{
	/* The command makes orphans that end; and goes on to be waited for itself. */
	static const char command[] =
		"job com.example.x /bin/true; ctl load com.example.x.plist\n"
		"for i in 1 2 3; do (sh -c 'until [ -e go ]; do :; done' &) ; done; echo >go\n"
		"ctl start com.example.x; until ctl list | grep -q '^-.0.com.example.x'; do :; "
		"done\n"
		"until grep -l \"^PPid:.$PPID$\" /proc/[0-9]*/status 2>/dev/null >children; "
		"[ $(wc -l <children) = 1 ]; do :; done; echo alone; exit 6\n";
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ASSERT_GT(n, 0);
	self[n] = '\0';
	(void)setenv("SELF", self, 1);
	(void)setenv("PRELUDE", prelude, 1);
	(void)setenv("COMMAND", command, 1);
	EXPECT_OUTSIDE("printf '%s%s' \"$PRELUDE\" \"$COMMAND\" >script\n"
		       "ACT_AS_ADOPTER=script \"$SELF\"; echo $?\n",
		"alone\n6\n");
}

/* --- Socket activation --- */

/* This program again, in the place of a service manager. */
static int act_as_manager(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char pid[16];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		return 90;
	strcpy(address.sun_path, path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 16) < 0 || (fd != 3 && (dup2(fd, 3) < 0 || close(fd) < 0)))
		return 91;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)setenv("LISTEN_PID", pid, 1);
	(void)setenv("LISTEN_FDS", "1", 1);
	(void)execl(getenv("LAUNCHD"), "launchd", "--user", NULL);
	return 92;
}

TEST(a_socket_is_taken_from_a_service_manager)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ASSERT_GT(n, 0);
	self[n] = '\0';
	(void)setenv("SELF", self, 1);
	EXPECT_OUTSIDE(
		"mkdir -m 700 portcullis\n"
		"ACT_AS_MANAGER=$PWD/portcullis/bootstrap \"$SELF\" & daemon=$!\n"
		"until [ -e portcullis/bootstrap ]; do :; done\n"
		"until ctl managerpid >pid 2>/dev/null; do kill -0 $daemon || exit 98; done\n"
		"[ $(cat pid) = $daemon ] && echo same\n"
		"kill $daemon; wait $daemon; echo $?; ls portcullis\n",
		"same\n0\nbootstrap\n");
}

TEST(a_socket_of_another_kind_is_refused)
{
	EXPECT_OUTSIDE(
		"try_fd() { sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec \"$LAUNCHD\" --user' 2>&1; "
		"echo $?; }\n"
		"try_fd 3</dev/null\n",
		"launchd: the service manager's socket: Protocol wrong type for socket\n1\n");
}

__attribute__((__constructor__)) static void look_who_we_are(void)
{
	const char *script = getenv("ACT_AS_ADOPTER");

	if (getenv("ACT_AS_MANAGER"))
		_exit(act_as_manager(getenv("ACT_AS_MANAGER")));
	if (!script)
		return;
	/* launchd as process 1 of a container would be, without one. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void)unsetenv("ACT_AS_ADOPTER");
	(void)execl(getenv("LAUNCHD"), "launchd", "--session", "--", "sh", script, NULL);
	_exit(93);
}
