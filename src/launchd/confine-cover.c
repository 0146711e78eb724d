/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/confine-cover.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

/* Neither is there in a place where anybody would look. */
#define MOUNTS_MAX 65536
#define COVERS_MAX 1024

/* A line of the table. */
typedef struct Mount {
	char device[24]; /* of the file system: "8:1" */
	char *root; /* the directory of the file system that is seen ... */
	char *point; /* ... here */
} Mount;

typedef struct Mounts {
	Mount *items;
	size_t n;
} Mounts;

void confine_covers_deinit(ConfineCovers *covers)
{
	for (size_t i = 0; i < covers->n; i++)
		free(covers->items[i].path);
	free(covers->items);
	*covers = (ConfineCovers){.n = 0};
}

static void mounts_deinit(Mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++) {
		free(mounts->items[i].root);
		free(mounts->items[i].point);
	}
	free(mounts->items);
}
#define _cleanup_mounts_ _cleanup_(mounts_deinit)

/* --- The table --- */

/* Spaces and the like are written in octal. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
			from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static int read_line(const char *line, Mount *ret)
{
	_cleanup_free_ char *root = NULL, *point = NULL;
	char device[sizeof(ret->device)];

	if (sscanf(line, "%*d %*d %23s %ms %ms", device, &root, &point) != 3)
		return error_origin(-EBADMSG);
	unescape(root);
	unescape(point);
	*ret = (Mount){.root = TAKE_PTR(root), .point = TAKE_PTR(point)};
	memcpy(ret->device, device, sizeof(device));
	return 0;
}

static int read_table(const char *table, Mounts *mounts)
{
	_cleanup_free_ char *line = NULL;
	size_t room = 0, space = 0;
	int r = 0;
	FILE *f = fopen(table, "re");

	if (!f)
		return error_origin(-errno);
	while (r == 0 && getline(&line, &space, f) >= 0) {
		if (mounts->n == room) {
			Mount *more;

			room = room ? 2 * room : 64;
			more = room > MOUNTS_MAX ? NULL
						 : reallocarray(mounts->items, room, sizeof(*more));
			if (!more) {
				r = error_origin(-ENOMEM);
				break;
			}
			mounts->items = more;
		}
		r = read_line(line, &mounts->items[mounts->n]);
		mounts->n += r == 0;
	}
	(void)fclose(f);
	return r;
}

/* --- Paths --- */

/* What is left of @path below @folder: "", or "/more"; NULL: it is not below it. */
static const char *below(const char *path, const char *folder)
{
	size_t n = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

	if (strncmp(path, folder, n) != 0 || (path[n] != '\0' && path[n] != '/'))
		return NULL;
	return strcmp(path, "/") == 0 ? "" : path + n;
}

static int join(const char *folder, const char *rest, char **ret)
{
	char *path = NULL;

	if (asprintf(&path, "%s%s", strcmp(folder, "/") == 0 && *rest ? "" : folder, rest) < 0)
		return error_origin(-ENOMEM);
	*ret = path;
	return 0;
}

/* With no symbolic link but perhaps its last part, which is not looked at. */
static int resolve(const char *path, char **ret)
{
	_cleanup_free_ char *folder = strdup(path), *real = NULL, *rest = NULL;
	char *slash;
	struct stat st;

	if (!folder)
		return error_origin(-ENOMEM);
	if (lstat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode)) {
		*ret = realpath(path, NULL);
		return *ret ? 0 : -errno;
	}
	slash = strrchr(folder, '/');
	if (!slash)
		return error_origin(-EINVAL);
	rest = strdup(slash);
	*slash = '\0';
	real = realpath(*folder ? folder : "/", NULL);
	if (!real || !rest)
		return -errno;
	return join(real, rest, ret);
}

/* --- Covers --- */

static void discard(ConfineCovers *covers, size_t i)
{
	free(covers->items[i].path);
	covers->items[i] = covers->items[--covers->n];
}

static int append(ConfineCovers *covers, char *path_consume, bool is_directory)
{
	_cleanup_free_ char *path = path_consume;
	ConfineCover *more;

	for (size_t i = 0; i < covers->n; i++)
		if (strcmp(path, covers->items[i].path) == 0 ||
			(covers->items[i].is_directory && below(path, covers->items[i].path)))
			return 0;
	/* What lies below the new one would not be found any more. */
	for (size_t i = 0; is_directory && i < covers->n;) {
		if (!below(covers->items[i].path, path)) {
			i++;
			continue;
		}
		discard(covers, i);
	}
	if (covers->n == COVERS_MAX)
		return error_origin(-E2BIG);
	more = reallocarray(covers->items, covers->n + 1, sizeof(*more));
	if (!more)
		return error_origin(-ENOMEM);
	covers->items = more;
	covers->items[covers->n++] = (ConfineCover){
		.path = TAKE_PTR(path), .is_directory = is_directory};
	return 0;
}

/* Hides what is at a path. What we cannot reach, nobody of our user or of a lesser one can. */
static int hide(ConfineCovers *covers, char *path_consume)
{
	_cleanup_free_ char *path = path_consume;
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES
			       ? 0
			       : error_origin(-errno);
	return error_trace(append(covers, TAKE_PTR(path), S_ISDIR(st.st_mode)));
}

/* Everywhere that a directory of a file system can be seen, or a part of it. */
static int hide_everywhere(
	ConfineCovers *covers, const Mounts *mounts, const char *device, const char *inside)
{
	for (size_t i = 0; i < mounts->n; i++) {
		const Mount *m = &mounts->items[i];
		const char *rest = below(inside, m->root);
		char *path;
		int r;

		if (strcmp(m->device, device) != 0 || (!rest && !below(m->root, inside)))
			continue;
		r = join(m->point, rest ? rest : "", &path);
		if (r == 0)
			r = hide(covers, path);
		if (r < 0)
			return error_trace(r);
	}
	return 0;
}

/* The mount that a path is on: of those that fit best the last, which lies on top. */
static const Mount *find_mount(const Mounts *mounts, const char *path)
{
	const Mount *found = NULL;

	for (size_t i = 0; i < mounts->n; i++) {
		const Mount *m = &mounts->items[i];

		if (below(path, m->point) && (!found || strlen(m->point) >= strlen(found->point)))
			found = m;
	}
	return found;
}

int confine_covers_add_from(ConfineCovers *covers, const char *path, const char *table)
{
	_cleanup_mounts_ Mounts mounts = {.n = 0};
	_cleanup_free_ char *real = NULL, *inside = NULL;
	const Mount *on;
	int r;

	r = resolve(path, &real);
	if (r == -ENOENT || r == -ENOTDIR || r == -EACCES)
		return 0;
	if (r == 0)
		r = read_table(table, &mounts);
	if (r < 0)
		return error_trace(r);
	on = find_mount(&mounts, real);
	if (!on)
		return error_origin(-ENODEV);
	r = join(on->root, below(real, on->point), &inside);
	if (r == 0)
		r = hide_everywhere(covers, &mounts, on->device, inside);
	if (r < 0)
		return error_trace(r);
	return error_trace(hide(covers, TAKE_PTR(real)));
}

int confine_covers_add(ConfineCovers *covers, const char *path)
{
	return error_trace(confine_covers_add_from(covers, path, "/proc/self/mountinfo"));
}
