/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watched paths.
 *
 * inotify watches inodes, not paths. So a PathWatch has up to two inodes: the anchor, which is the
 * deepest directory above the target that exists, and the target itself if it exists. Whenever the next
 * component of the path changes in the anchor, or one of the two goes away, both are found anew. The
 * anchor stays watched while the target exists, because that is where a rename over the target shows.
 *
 * inotify gives one watch per inode, however often it is asked; PathInode counts who uses it. The mask
 * is the same for all, so that asking again changes nothing.
 *
 * Reading events and calling back are two steps: events only mark watches as due, which moves them to a
 * list, and freeing a watch takes it out of that list.
 */
#include "launchd/watchpath.h"

#include <assert.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/list.h"

#define MASK                                                                                       \
	(IN_ATTRIB | IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |          \
		IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
/* The inode is not at the path any more, or may not be: a link count that drops shows as IN_ATTRIB. */
#define MASK_MOVED (IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)
/* How often the search for the anchor follows a path that changes under its hands. */
#define ATTEMPTS 8

typedef struct PathLink PathLink;

typedef struct PathInode {
	int wd;
	LIST_HEAD(, PathLink) links;
	UT_hash_handle hh;
} PathInode;

struct PathLink {
	PathWatch *watch;
	PathInode *inode; /* NULL: not linked */
	LIST_ENTRY(PathLink) entry;
};

struct PathWatch {
	PathWatcher *watcher;
	PathWatchFn fn;
	void *userdata;
	PathLink anchor, target;
	size_t anchor_size; /* of the part of the path that is the anchor; 0: none */
	bool is_due;
	TAILQ_ENTRY(PathWatch) entry; /* in all, or in due */
	char path[];
};

TAILQ_HEAD(PathWatchList, PathWatch);

struct PathWatcher {
	Loop *loop;
	int fd;
	LoopSource *source;
	PathInode *by_wd;
	struct PathWatchList all, due;
};

/* Inodes */

static void link_detach(PathWatcher *watcher, PathLink *link)
{
	PathInode *inode = link->inode;

	if (!inode)
		return;
	LIST_REMOVE(link, entry);
	link->inode = NULL;
	if (!LIST_EMPTY(&inode->links))
		return;
	/* EINVAL: the inode is gone, and IN_IGNORED is on its way. */
	(void)inotify_rm_watch(watcher->fd, inode->wd);
	HASH_DELETE(hh, watcher->by_wd, inode);
	free(inode);
}

static void inode_freep(PathInode **inodep)
{
	free(*inodep);
}

static int inode_new(PathWatcher *watcher, int wd, PathInode **ret)
{
	_cleanup_(inode_freep) PathInode *inode = calloc(1, sizeof(*inode));

	if (!inode)
		return error_origin(-ENOMEM);
	inode->wd = wd;
	LIST_INIT(&inode->links);
	HASH_ADD(hh, watcher->by_wd, wd, sizeof(inode->wd), inode);
	if (!hash_is_linked(inode, hh)) {
		(void)inotify_rm_watch(watcher->fd, wd);
		return error_origin(-ENOMEM);
	}
	*ret = TAKE_PTR(inode);
	return 0;
}

/* Watch what is at @path, in place of what the link had. Returns 0 or -errno. */
static int link_attach(PathWatcher *watcher, PathLink *link, const char *path, uint32_t flags)
{
	int wd = inotify_add_watch(watcher->fd, path, MASK | flags);
	PathInode *inode = NULL;
	int r;

	if (wd < 0)
		return -errno;
	HASH_FIND(hh, watcher->by_wd, &wd, sizeof(wd), inode);
	if (inode && inode == link->inode)
		return 0;
	if (!inode) {
		r = inode_new(watcher, wd, &inode);
		if (r < 0)
			return r;
	}
	link_detach(watcher, link);
	link->inode = inode;
	LIST_INSERT_HEAD(&inode->links, link, entry);
	return 0;
}

/* Paths */

static bool is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR;
}

/* The length of the directory above the first @size bytes of the path, without a '/' at the end but for
 * the root; 0: there is none. */
static size_t parent_size(const char *path, size_t size)
{
	while (size > 1 && path[size - 1] == '/')
		size--;
	if (size <= 1)
		return 0;
	while (size > 0 && path[size - 1] != '/')
		size--;
	while (size > 1 && path[size - 1] == '/')
		size--;
	return size;
}

/* The component of the path that follows its first @size bytes. */
static const char *next_component(const char *path, size_t size, size_t *ret_size)
{
	path += size;
	path += strspn(path, "/");
	*ret_size = strcspn(path, "/");
	return path;
}

static bool is_last_component(const PathWatch *watch)
{
	size_t size;
	const char *name = next_component(watch->path, watch->anchor_size, &size);

	return name[size + strspn(name + size, "/")] == '\0';
}

/* Find the deepest directory above the target. */
static int find_anchor(PathWatch *watch)
{
	size_t size = parent_size(watch->path, strlen(watch->path));
	char prefix[PATH_MAX];
	int r = 0;

	for (; size > 0; size = parent_size(watch->path, size)) {
		memcpy(prefix, watch->path, size);
		prefix[size] = '\0';
		r = link_attach(watch->watcher, &watch->anchor, prefix, IN_ONLYDIR);
		if (!is_absent(r))
			break;
	}
	watch->anchor_size = r == 0 ? size : 0;
	return r;
}

/* Whether the component after the anchor exists, so that a deeper anchor may be had. */
static bool is_anchor_shallow(const PathWatch *watch)
{
	char prefix[PATH_MAX];
	size_t size;
	const char *name;

	if (watch->anchor_size == 0 || is_last_component(watch))
		return false;
	name = next_component(watch->path, watch->anchor_size, &size);
	size += (size_t)(name - watch->path);
	memcpy(prefix, watch->path, size);
	prefix[size] = '\0';
	return access(prefix, F_OK) == 0;
}

/* Find both inodes anew. What is not there is no error. */
static int watch_search(PathWatch *watch)
{
	int r;

	for (int i = 0; i < ATTEMPTS; i++) {
		r = find_anchor(watch);
		if (r < 0)
			return error_origin(r);
		r = link_attach(watch->watcher, &watch->target, watch->path, 0);
		if (r == 0)
			return 0;
		/* A file that we may not read can still be seen to come and go, from above. */
		if (!is_absent(r) && (r != -EACCES || watch->anchor_size == 0))
			return error_origin(r);
		link_detach(watch->watcher, &watch->target);
		/* What came after the anchor was watched is reported; what came before it is not. */
		if (!is_anchor_shallow(watch))
			return 0;
	}
	return 0;
}

/* Events */

static void watch_set_due(PathWatch *watch)
{
	if (watch->is_due)
		return;
	watch->is_due = true;
	TAILQ_REMOVE(&watch->watcher->all, watch, entry);
	TAILQ_INSERT_TAIL(&watch->watcher->due, watch, entry);
}

/* Whether an event in the anchor is about the next component, or about the anchor itself. */
static bool is_on_the_path(const PathWatch *watch, const struct inotify_event *event)
{
	size_t size;
	const char *name = next_component(watch->path, watch->anchor_size, &size);

	if (event->len == 0)
		return event->mask & MASK_MOVED;
	return strlen(event->name) == size && memcmp(event->name, name, size) == 0;
}

static void watch_note(PathLink *link, const struct inotify_event *event)
{
	PathWatch *watch = link->watch;

	/* Only marked here: searching would change the list that the caller walks. */
	if (link == &watch->target || is_on_the_path(watch, event))
		watch_set_due(watch);
}

static void note_event(PathWatcher *watcher, const struct inotify_event *event)
{
	PathInode *inode = NULL;
	PathWatch *watch, *next;
	PathLink *link;

	if (event->mask & IN_Q_OVERFLOW) {
		TAILQ_FOREACH_SAFE (watch, &watcher->all, entry, next)
			watch_set_due(watch);
		return;
	}
	HASH_FIND(hh, watcher->by_wd, &event->wd, sizeof(event->wd), inode);
	if (!inode)
		return;
	LIST_FOREACH (link, &inode->links, entry)
		watch_note(link, event);
}

/* A watch that is due: it is where it was before, or its place has changed. */
static int watch_dispatch(PathWatch *watch)
{
	bool was_there = watch->target.inode != NULL, was_parent = is_last_component(watch);
	int r;

	TAILQ_REMOVE(&watch->watcher->due, watch, entry);
	TAILQ_INSERT_TAIL(&watch->watcher->all, watch, entry);
	watch->is_due = false;
	r = watch_search(watch);
	if (r < 0)
		log_warning("cannot watch %s: %s", watch->path, strerror(-r));
	/* A directory on the way that came or went is no news by itself. */
	if (!was_there && !was_parent && !watch->target.inode)
		return 0;
	return watch->fn(watch->userdata);
}

static int on_events(void *userdata, uint32_t events)
{
	PathWatcher *watcher = userdata;
	char buffer[4096] __attribute__((__aligned__(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	PathWatch *watch;
	ssize_t n;

	n = read(watcher->fd, buffer, sizeof(buffer));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : error_origin(-errno);
	for (char *p = buffer; p < buffer + n; p += sizeof(*event) + event->len) {
		event = (const struct inotify_event *)p;
		note_event(watcher, event);
	}
	while ((watch = TAILQ_FIRST(&watcher->due))) {
		int r = watch_dispatch(watch);

		if (r < 0)
			return error_trace(r);
	}
	return 0;
}

/* Lifetimes */

static int watcher_open(PathWatcher *watcher)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (watcher->fd >= 0)
		return 0;
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd < 0)
		return error_origin(-errno);
	fd = fd_above_stdio_consume(TAKE_FD(fd));
	if (fd < 0)
		return error_trace(fd);
	r = loop_add_fd(watcher->loop, fd, EPOLLIN, on_events, watcher, &watcher->source);
	if (r < 0)
		return error_trace(r);
	watcher->fd = TAKE_FD(fd);
	return 0;
}

int path_watcher_new(Loop *loop, PathWatcher **ret)
{
	PathWatcher *watcher = calloc(1, sizeof(*watcher));

	if (!watcher)
		return error_origin(-ENOMEM);
	watcher->loop = loop;
	watcher->fd = -EBADF;
	TAILQ_INIT(&watcher->all);
	TAILQ_INIT(&watcher->due);
	*ret = watcher;
	return 0;
}

PathWatcher *path_watcher_free(PathWatcher *watcher)
{
	if (!watcher)
		return NULL;
	assert(TAILQ_EMPTY(&watcher->all) && TAILQ_EMPTY(&watcher->due));
	assert(!watcher->by_wd);
	watcher->source = loop_source_remove(watcher->source);
	watcher->fd = fd_close(watcher->fd);
	free(watcher);
	return NULL;
}

PathWatch *path_watch_free(PathWatch *watch)
{
	PathWatcher *watcher;

	if (!watch)
		return NULL;
	watcher = watch->watcher;
	link_detach(watcher, &watch->anchor);
	link_detach(watcher, &watch->target);
	if (watch->is_due)
		TAILQ_REMOVE(&watcher->due, watch, entry);
	else
		TAILQ_REMOVE(&watcher->all, watch, entry);
	free(watch);
	return NULL;
}

static void path_watch_freep(PathWatch **watchp)
{
	*watchp = path_watch_free(*watchp);
}

int path_watch_new(
	PathWatcher *watcher, const char *path, PathWatchFn fn, void *userdata, PathWatch **ret)
{
	_cleanup_(path_watch_freep) PathWatch *watch = NULL;
	size_t size = strlen(path);
	int r;

	assert(path[0] == '/' && size < PATH_MAX);
	r = watcher_open(watcher);
	if (r < 0)
		return error_trace(r);
	watch = calloc(1, sizeof(*watch) + size + 1);
	if (!watch)
		return error_origin(-ENOMEM);
	watch->watcher = watcher;
	watch->fn = fn;
	watch->userdata = userdata;
	watch->anchor.watch = watch->target.watch = watch;
	memcpy(watch->path, path, size + 1);
	TAILQ_INSERT_TAIL(&watcher->all, watch, entry);
	r = watch_search(watch);
	if (r < 0)
		return error_trace(r);
	*ret = TAKE_PTR(watch);
	return 0;
}
