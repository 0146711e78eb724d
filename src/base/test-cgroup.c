/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/fd.h"
#include "tests/lib/unit.h"

/* A process is listed in its own group: by the number that the reader knows it by. */
static bool is_member(int dir)
{
	_cleanup_close_ int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	bool found = false;
	char line[32];
	FILE *file = fd < 0 ? NULL : fdopen(TAKE_FD(fd), "r");

	while (file && !found && fgets(line, sizeof(line), file))
		found = atoi(line) == getpid();
	if (file)
		fclose(file);
	return found;
}

TEST(this_process_is_in_its_group)
{
	const char *place = cgroup_find_place();
	_cleanup_close_ int fd = -EBADF;

	fd = cgroup_open_own();
	if (fd == -ENOENT)
		SKIP("no control groups of version 2 are to be seen here");
	ASSERT_NOT_NULL(place);
	ASSERT_GE(fd, FD_ABOVE_STDIO);
	ASSERT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ASSERT_TRUE(is_member(fd));
}

/* It follows the process: a child that moves is in another one. */
TEST(it_is_the_present_one)
{
	_cleanup_close_ int fd = -EBADF;
	char name[64];
	int status;
	pid_t pid;

	fd = cgroup_open_own();
	snprintf(name, sizeof(name), "portcullis-test-%d", (int)getpid());
	if (fd < 0 || mkdirat(fd, name, 0755) < 0)
		SKIP("no control group can be made here");
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		int group = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int procs = openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC), own;
		struct stat a, b;

		/* Not where the group that holds both is another's. */
		if (write(procs, "0", 1) != 1)
			_exit(77);
		own = cgroup_open_own();
		_exit(own >= 0 && fstat(group, &a) == 0 && fstat(own, &b) == 0 &&
					a.st_ino == b.st_ino
				? 0
				: 1);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_SYS(unlinkat(fd, name, AT_REMOVEDIR));
	if (status == 77 << 8)
		SKIP("a process cannot be moved to a control group here");
	ASSERT_EQ(status, 0);
}
