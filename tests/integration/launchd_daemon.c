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
		       "echo >ready; while :; do wait; read x <fifo; done\n"
		       "E\n"
		       "mkfifo fifo\n"
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
		"(kill -9 $daemon; wait $daemon) 2>/dev/null; ls portcullis\n"
		"try managername | sed \"s|$FOLDER|DIR|\"\n"
		"start; kill -INT $daemon; wait $daemon; echo $?; ls portcullis\n"
		"echo >portcullis/bootstrap; \"$LAUNCHD\" --user 2>&1 | sed "
		"\"s|$FOLDER|DIR|\"; cat portcullis/bootstrap\n"
		"unset XDG_RUNTIME_DIR; \"$LAUNCHD\" --user 2>&1; echo $?\n",
		"launchd: DIR/portcullis/bootstrap: Address already in use\n"
		"bootstrap\n"
		"Could not find a domain: no launchd is at /run/portcullis/bootstrap or "
		"$XDG_RUNTIME_DIR/portcullis/bootstrap: No such file or directory\n= 112\n"
		"0\n"
		"launchd: DIR/portcullis/bootstrap: File exists\n"
		"\n"
		"launchd: XDG_RUNTIME_DIR is not set; say where with --path\n1\n");
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

__attribute__((__constructor__)) static void look_who_we_are(void)
{
	if (getenv("ACT_AS_MANAGER"))
		_exit(act_as_manager(getenv("ACT_AS_MANAGER")));
}
