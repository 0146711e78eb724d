/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_WATCHPATH_H
#define PORTCULLIS_LAUNCHD_WATCHPATH_H

/*
 * Paths that are watched: for WatchPaths, for KeepAlive.PathState, and for programs that are not there
 * yet. The path need not exist, nor any directory of it.
 *
 * A watch reports that the path came, went, became another file, or that the file (or the list of
 * entries, where it is a directory) was written to. It says once that something happened, never how
 * often or what; and it may report too much, but not too little, as far as inotify(7) sees it: what
 * other machines do to a network file system it does not see, nor that a symbolic link in the middle of
 * the path points elsewhere now.
 *
 * A PathWatcher has one inotify descriptor, opened with the first watch, and belongs to its Loop's
 * thread. It outlives its watches. Callbacks may add and free any watch.
 */

#include "base/loop.h"

typedef struct PathWatcher PathWatcher;
typedef struct PathWatch PathWatch;

typedef int (*PathWatchFn)(void *userdata);

int path_watcher_new(Loop *loop, PathWatcher **ret) _warn_unused_;
/* All watches must be gone. Accepts NULL, returns NULL. */
PathWatcher *path_watcher_free(PathWatcher *watcher);

/* Watch @path, which is absolute. A return < 0 of @fn ends the loop. Returns 0 or -errno (ENOSPC: more
 * watches than the user may have; EACCES: a directory that we may not read). */
int path_watch_new(PathWatcher *watcher, const char *path, PathWatchFn fn, void *userdata,
	PathWatch **ret) _warn_unused_;
PathWatch *path_watch_free(PathWatch *watch);

#endif
