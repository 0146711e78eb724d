/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/fd.h"

#define CGROUP2_MAGIC 0x63677270L

static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

const char *cgroup_find_place(void)
{
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (statfs(places[i], &fs) == 0 && (long)fs.f_type == CGROUP2_MAGIC)
			return places[i];
	}
	return NULL;
}

/* "0::/path" is the line of version 2. A group outside the namespace of groups has "/.." in front. */
static bool read_own_path(char *path, size_t size)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(path, (int)size, file)) {
		size_t n = strcspn(path, "\n");

		path[n] = '\0';
		found = strncmp(path, "0::/", 4) == 0;
		if (found)
			memmove(path, path + 3, n - 2);
	}
	fclose(file);
	return found;
}

int cgroup_open_own(void)
{
	const char *place = cgroup_find_place();
	char path[PATH_MAX], whole[PATH_MAX + 64];
	int fd;

	if (!place || !read_own_path(path, sizeof(path)))
		return -ENOENT;
	snprintf(whole, sizeof(whole), "%s%s", place, path);
	fd = open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? -ENOENT : error_origin(-errno);
	return fd_above_stdio_consume(fd);
}
