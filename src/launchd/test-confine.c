/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/confine-private.h"

#include "launchd/confine-ports.h"
#include "launchd/guest.h"
#include "launchd/test-job.h"
#include "tests/lib/unit.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CONFINED "<key>Linux</key><dict><key>Confined</key><true/></dict>"
#define NOBODY 65534

/* In a process of its own, as root and as an ordinary user where both can be had. */
static void run_in_child(int (*run)(void), bool as_nobody)
{
	int status;
	pid_t pid = fork();

	ASSERT_GE(pid, 0);
	if (pid == 0) {
		if (as_nobody && (setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
					 setresuid(NOBODY, NOBODY, NOBODY) < 0))
			_exit(90);
		/* What changed its user cannot write to its own /proc. */
		if (as_nobody && prctl(PR_SET_DUMPABLE, 1) < 0)
			_exit(91);
		_exit(run());
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	if (status == 77 << 8)
		SKIP("the kernel does not allow what this is about");
	ASSERT_EQ(status, 0);
}

static bool is_root(void)
{
	return geteuid() == 0;
}

/* --- It works, and says so --- */

static int probe(void)
{
	_cleanup_free_ char *problem = NULL, *text = NULL;
	int r = confine_probe(&problem);

	if (r == CONFINE_E_REFUSED) {
		printf("refused: %s\n", problem);
		fflush(stdout);
		return 77;
	}
	text = confine_describe();
	return r == 0 && text && strstr(text, "mount namespace, Landlock") ? 0 : 1;
}

TEST(probe_works)
{
	run_in_child(probe, false);
}

TEST(probe_works_for_an_ordinary_user)
{
	if (!is_root())
		SKIP("only root can become another user");
	run_in_child(probe, true);
}

/* --- It does not work, and says so --- */

/* As where the administrator forbids namespaces to users. */
static int probe_without_namespaces(void)
{
	_cleanup_free_ char *problem = NULL, *text = NULL;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{.effective = 0}};
	char map[40];
	int fd;

	if (!is_root()) {
		snprintf(map, sizeof(map), "%u %u 1\n", (unsigned)geteuid(), (unsigned)geteuid());
		if (unshare(CLONE_NEWUSER) < 0)
			return 77;
		fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, map, strlen(map)) < 0 || close(fd) < 0)
			return 77;
		fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) != 1 || close(fd) < 0)
			return 77;
	}
	if (syscall(SYS_capset, &header, none) < 0)
		return 2;
	if (confine_describe())
		return 3;
	if (confine_probe(&problem) != CONFINE_E_REFUSED)
		return 4;
	if (!strstr(problem, "namespaces cannot be made: "))
		return 5;
	text = confine_describe();
	if (!text || strncmp(text, "impossible: namespaces", 22) != 0)
		return 6;
	return 0;
}

TEST(probe_fails_without_namespaces)
{
	run_in_child(probe_without_namespaces, false);
}

TEST(probe_fails_for_an_ordinary_user_without_namespaces)
{
	if (!is_root())
		SKIP("only root can become another user");
	run_in_child(probe_without_namespaces, true);
}

static int refuse_job(void)
{
	_cleanup_free_ char *problem = NULL;
	Confinement *c = NULL;
	JobSpec *spec;
	int r;

	if (probe_without_namespaces() == 77)
		return 77;
	spec = spec_of_shell("a", ":", CONFINED "%s",
		is_root() ? "<key>UserName</key><string>nobody</string>" : "");
	r = confine_new(spec, &c, &problem);
	spec_free(spec);
	confine_deinit();
	return r == CONFINE_E_REFUSED && !c && strstr(problem, "namespaces cannot be made") ? 0 : 7;
}

TEST(job_is_refused_without_namespaces)
{
	run_in_child(refuse_job, false);
}

/* --- Who can be confined --- */

TEST(root_is_refused)
{
	static const char *const users[] = {"", "<key>UserName</key><string>root</string>"};
	static const char *const words[] = {"it needs a UserName", "must be another one"};

	if (!is_root())
		SKIP("for root only");
	for (unsigned i = 0; i < 2; i++) {
		_cleanup_free_ char *problem = NULL;
		JobSpec *spec = spec_of_shell("a", ":", CONFINED "%s", users[i]);
		Confinement *c = NULL;

		ASSERT_EQ(confine_new(spec, &c, &problem), CONFINE_E_REFUSED);
		ASSERT_STRSTR(problem, words[i]);
		spec_free(spec);
	}
	confine_deinit();
}

/* --- The trial finds what is open --- */

/* Each thing that would be left out is noticed. */
static int leave_out(unsigned what)
{
	Confinement c = {
		.recipe = is_root() ? CONFINE_OTHER_USER : CONFINE_USER_NAMESPACE,
	};
	ConfineCover cover = {.path = (char *)"/etc", .is_directory = true};
	int r = 0;

	snprintf(c.uid_map, sizeof(c.uid_map), "%u %u 1\n", (unsigned)geteuid(),
		(unsigned)geteuid());
	snprintf(c.gid_map, sizeof(c.gid_map), "%u %u 1\n", (unsigned)getegid(),
		(unsigned)getegid());
	r = confine_child(&c, SPAWN_CONFINE_AS_LAUNCHD);
	if (r < 0)
		return 77;
	if (what != 1)
		r = confine_child(&c, SPAWN_CONFINE_AS_USER);
	if (r < 0)
		return 77;
	if (what == 2)
		c.covers = (ConfineCovers){.items = &cover, .n = 1};
	r = confine_try_to_leave(&c);
	return what == 0 ? r != 0 : r == 0;
}

static int leave_out_nothing(void)
{
	return leave_out(0);
}

static int leave_out_domain(void)
{
	return leave_out(1);
}

static int leave_out_cover(void)
{
	return leave_out(2);
}

TEST(trial_notices_what_was_left_out)
{
	run_in_child(leave_out_nothing, false);
	run_in_child(leave_out_domain, false);
	run_in_child(leave_out_cover, false);
}

/* --- The directory of ports --- */

TEST(ports_have_a_directory_for_each_label)
{
	_cleanup_free_ char *a = NULL, *again = NULL, *b = NULL, *file = NULL, *deep = NULL;
	struct stat st;

	ASSERT_OK(confine_ports_make("a", geteuid(), getegid(), &a));
	if (!a)
		SKIP("no /dev/shm");
	ASSERT_OK(confine_ports_make("a", geteuid(), getegid(), &again));
	ASSERT_OK(confine_ports_make("b", geteuid(), getegid(), &b));
	ASSERT_STREQ(a, again);
	ASSERT_NE(strcmp(a, b), 0);
	ASSERT_SYS(lstat(a, &st));
	ASSERT_EQ(st.st_mode, S_IFDIR | 0700);
	ASSERT_EQ(st.st_uid, geteuid());
	/* It is removed with what a job has left in it, and a link leads nowhere. */
	ASSERT_GT(asprintf(&deep, "%s/deep", a), 0);
	ASSERT_SYS(mkdir(deep, 0700));
	ASSERT_GT(asprintf(&file, "%s/deep/link", a), 0);
	ASSERT_SYS(symlink("/", file));
	confine_ports_deinit();
	ASSERT_EQ(lstat(a, &st), -1);
	ASSERT_EQ(lstat(b, &st), -1);
	ASSERT_SYS(lstat("/etc", &st));
}

TEST(ports_that_a_cleaner_took)
{
	_cleanup_free_ char *a = NULL, *b = NULL;

	ASSERT_OK(confine_ports_make("a", geteuid(), getegid(), &a));
	if (!a)
		SKIP("no /dev/shm");
	ASSERT_SYS(rmdir(a));
	ASSERT_OK(confine_ports_make("a", geteuid(), getegid(), &b));
	ASSERT_NE(strcmp(a, b), 0);
	confine_ports_deinit();
}
