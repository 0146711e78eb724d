/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/confine-ports.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/list.h"
#include "launchd/confine-private.h"

#define TEMPLATE CONFINE_PORTS_PLACE "/portcullis-guest-XXXXXX"
/* What a job has nested deeper stays. */
#define DEPTH_MAX 16

typedef struct Folder {
	LIST_ENTRY(Folder) link;
	uid_t uid;
	char *label;
	char path[sizeof(TEMPLATE)];
} Folder;

static LIST_HEAD(, Folder) folders = LIST_HEAD_INITIALIZER(folders);

/* Relative to directories that are held open: what a job replaces by a link meanwhile is not followed. */
static void empty(int fd_consume, unsigned depth)
{
	DIR *dir = fdopendir(fd_consume);
	struct dirent *entry;

	if (!dir) {
		fd_close(fd_consume);
		return;
	}
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;
		int fd;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
			unlinkat(dirfd(dir), name, 0) == 0)
			continue;
		fd = openat(dirfd(dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && depth < DEPTH_MAX)
			empty(fd, depth + 1);
		else
			fd_close(fd);
		(void)unlinkat(dirfd(dir), name, AT_REMOVEDIR);
	}
	closedir(dir);
}

static void folder_free(Folder *folder)
{
	int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	LIST_REMOVE(folder, link);
	if (fd >= 0)
		empty(fd, 0);
	(void)rmdir(folder->path);
	free(folder->label);
	free(folder);
}

static int folder_new(const char *label, uid_t uid, gid_t gid, Folder **ret)
{
	_cleanup_free_ Folder *folder = calloc(1, sizeof(*folder));
	_cleanup_free_ char *copy = strdup(label);
	int r;

	if (!folder || !copy)
		return error_origin(-ENOMEM);
	memcpy(folder->path, TEMPLATE, sizeof(TEMPLATE));
	if (!mkdtemp(folder->path))
		return -errno;
	/* It is root's until it is given away, in a directory where nobody else can take it. */
	if (geteuid() == 0 && chown(folder->path, uid, gid) < 0) {
		r = error_origin(-errno);
		(void)rmdir(folder->path);
		return r;
	}
	folder->uid = uid;
	folder->label = TAKE_PTR(copy);
	LIST_INSERT_HEAD(&folders, folder, link);
	*ret = TAKE_PTR(folder);
	return 0;
}

static Folder *folder_find(const char *label, uid_t uid)
{
	struct stat st;
	Folder *folder;

	LIST_FOREACH (folder, &folders, link) {
		if (folder->uid != uid || strcmp(folder->label, label) != 0)
			continue;
		/* Unless a cleaner took it. */
		if (lstat(folder->path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid)
			return folder;
		folder_free(folder);
		return NULL;
	}
	return NULL;
}

int confine_ports_make(const char *label, uid_t uid, gid_t gid, char **ret)
{
	Folder *folder = folder_find(label, uid);
	char *path;
	int r = folder ? 0 : folder_new(label, uid, gid, &folder);

	if (r == -ENOENT || r == -ENOTDIR || r == -EACCES || r == -EROFS) {
		log_info("no directory of its own for the ports of %s: %s", label, strerror(-r));
		*ret = NULL;
		return 0;
	}
	if (r < 0 || !folder)
		return error_trace(r);
	path = strdup(folder->path);
	if (!path)
		return error_origin(-ENOMEM);
	*ret = path;
	return 0;
}

void confine_ports_deinit(void)
{
	Folder *folder;

	while ((folder = LIST_FIRST(&folders)))
		folder_free(folder);
}
