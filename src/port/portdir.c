/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where sockets get their inodes.
 *
 * bind() wants a path, so for an instant each port has a name in a directory that only its owner
 * can search. The name is random and says nothing about the process: it stays readable for
 * whoever holds the port (getpeername). The directory is held open from when it was checked, and
 * the inode is picked up relative to that descriptor: what bind() made by path counts only if it
 * is found there. So nothing is gained by putting a directory or link of one's own where a cleaner
 * has removed ours; the port is then simply made again, in a new directory.
 *
 * There are three places, tried in order for each port, so that somebody who fills up or squats
 * one of them keeps nobody from making ports. All processes use the first one where it works, which
 * makes the device of an address one that its receiver knows.
 *
 * The directories belong to the effective uid that they were opened for, and are forgotten when
 * that changes: as root in a user's directory we would bind where that user can swap inodes.
 *
 * One lock guards everything, and is held over the few system calls of a mint: the kernel would
 * serialise them on the directory anyway. It is a leaf. The list of devices is read without it.
 */
#include "port/portdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/random.h"
#include "port/ident.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* 6.6; the same number on every architecture that we know */
#endif

#define USUAL_PLACE "/dev/shm"
#define NAME_LEN 16
#define PATH_SIZE (sizeof(((struct sockaddr_un *)0)->sun_path) - NAME_LEN - 1)
#define DEVICES_MAX 16
#define SWEEP_MAX 4096
#define TRIES_MAX 4

enum { PLACE_SHM, PLACE_RUNTIME, PLACE_TMP, _PLACE_N };

typedef struct Place {
	int fd; /* O_PATH; -EBADF: not opened yet, or lost */
	int refused; /* -errno: do not try again */
	uint64_t dev;
	uint64_t ino;
	size_t path_len;
	char path[PATH_SIZE];
} Place;

static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;
static uid_t places_uid = (uid_t)-1;
static Place places[_PLACE_N] = {{.fd = -EBADF}, {.fd = -EBADF}, {.fd = -EBADF}};

/* Zero: free. No file system has the device 0:0. */
static _Atomic uint64_t devices[DEVICES_MAX];
static atomic_bool devices_looked;

static bool device_find(uint64_t dev)
{
	for (unsigned i = 0; i < DEVICES_MAX; i++) {
		uint64_t d = atomic_load_explicit(&devices[i], memory_order_relaxed);

		if (d == dev)
			return dev != 0;
		if (d == 0)
			return false;
	}
	return false;
}

static void device_add(uint64_t dev)
{
	for (unsigned i = 0; i < DEVICES_MAX; i++) {
		uint64_t free_slot = 0;

		if (atomic_compare_exchange_strong(&devices[i], &free_slot, dev) ||
			free_slot == dev)
			return;
	}
}

bool portdir_knows_device(uint64_t dev)
{
	struct statx stx;

	if (likely(device_find(dev)))
		return true;
	if (atomic_exchange_explicit(&devices_looked, true, memory_order_relaxed))
		return false;
	if (statx(AT_FDCWD, USUAL_PLACE, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &stx) < 0)
		return false;
	device_add(makedev(stx.stx_dev_major, stx.stx_dev_minor));
	return device_find(dev);
}

static int statx_fd(int fd, struct statx *ret)
{
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
		    ret) < 0)
		return error_origin(-errno);
	return 0;
}

/* Of an O_PATH descriptor, wherever its name is by now. */
static int chmod_fd(int fd, mode_t mode)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];

	if (likely(syscall(SYS_fchmodat2, fd, "", mode, AT_EMPTY_PATH) == 0))
		return 0;
	/* Sandboxes that are older than the call refuse it, with either code. */
	if (errno != ENOSYS && errno != EPERM)
		return error_origin(-errno);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, mode) < 0 ? error_origin(-errno) : 0;
}

static int place_path(Place *place, unsigned which, uid_t uid)
{
	const char *runtime;
	struct statx stx;
	int n;

	if (which == PLACE_RUNTIME) {
		runtime = secure_getenv("XDG_RUNTIME_DIR");
		if (!runtime || runtime[0] != '/')
			return -ENOENT;
		if (statx(AT_FDCWD, runtime, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &stx) < 0)
			return -errno;
		if (stx.stx_uid != uid || (stx.stx_mode & (S_IWGRP | S_IWOTH)) != 0)
			return -EPERM;
		n = snprintf(place->path, sizeof(place->path), "%s/portcullis-ports", runtime);
	} else {
		n = snprintf(place->path, sizeof(place->path), "%s/portcullis-%u",
			which == PLACE_SHM ? USUAL_PLACE : "/tmp", (unsigned)uid);
	}
	if (n < 0 || (size_t)n >= sizeof(place->path))
		return -ENAMETOOLONG;
	place->path_len = (size_t)n;
	return 0;
}

/* Ours, for us alone, and really in that file system: whoever may mount FUSE onto a directory of
 * theirs there can give it any owner and mode. */
static int place_check(const Place *place, int fd, uid_t uid, struct statx *ret)
{
	int r = statx_fd(fd, ret);

	if (r < 0)
		return r;
	if (S_ISDIR(ret->stx_mode) && ret->stx_uid == uid && (ret->stx_mode & 077) == 0 &&
		(ret->stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0)
		return 0;
	log_warning("%s is refused: uid %u, mode %o%s", place->path, (unsigned)ret->stx_uid,
		(unsigned)ret->stx_mode,
		ret->stx_attributes & STATX_ATTR_MOUNT_ROOT ? ", something is mounted there" : "");
	return -EPERM;
}

/* An O_PATH descriptor of the directory, made if need be. Opening it that way cannot block, and
 * looks at no link. */
static int place_open_path(const Place *place)
{
	int fd;

	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		fd = open(place->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			return fd_above_stdio_consume(fd);
		if (errno == ELOOP || errno == ENOTDIR) {
			log_warning("%s is refused: not a directory", place->path);
			return -EPERM;
		}
		if (errno != ENOENT)
			return -errno;
		if (mkdir(place->path, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return -ENOENT;
}

static unsigned sweep(int dir_fd, unsigned older_than_s)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	unsigned n_seen = 0, n_removed = 0;
	struct dirent *entry;
	struct timespec now;

	if (!dir) {
		fd_close(fd);
		return 0;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	while ((entry = readdir(dir)) && n_seen++ < SWEEP_MAX) {
		struct statx stx;

		if (statx(fd, entry->d_name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
			    STATX_TYPE | STATX_BTIME, &stx) < 0 ||
			!S_ISSOCK(stx.stx_mode) ||
			stx.stx_btime.tv_sec + (int64_t)older_than_s > (int64_t)now.tv_sec)
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0)
			n_removed++;
	}
	closedir(dir);
	return n_removed;
}

static int place_open(Place *place, unsigned which, uid_t uid)
{
	_cleanup_close_ int fd = -EBADF;
	struct statx stx;
	int r;

	r = place_path(place, which, uid);
	if (r < 0)
		return r;
	fd = place_open_path(place);
	if (fd < 0)
		return fd;
	r = place_check(place, fd, uid, &stx);
	if (r < 0)
		return r;
	/* A umask that keeps the owner out. */
	if ((stx.stx_mode & 0700) != 0700) {
		r = chmod_fd(fd, 0700);
		if (r < 0)
			return r;
	}
	if (sweep(fd, PORTDIR_STALE_S) > 0)
		log_info("%s: removed sockets that a crash left there", place->path);
	place->dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	place->ino = stx.stx_ino;
	place->fd = TAKE_FD(fd);
	return 0;
}

static void place_close(Place *place)
{
	place->fd = fd_close(place->fd);
}

static int socket_new(void)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int on = 1, raised;

	if (fd < 0)
		return error_origin(-errno);
	raised = fd_above_stdio_consume(TAKE_FD(fd));
	if (raised < 0)
		return raised;
	fd = raised;
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return error_origin(-errno);
	return TAKE_FD(fd);
}

/* Appends a name to the directory's path; returns where it starts. */
static const char *address_fill(struct sockaddr_un *address, const Place *place)
{
	static const char digits[16] = "0123456789abcdef";
	char *name = address->sun_path + place->path_len + 1;
	uint64_t random = random_u64();

	memcpy(address->sun_path, place->path, place->path_len);
	name[-1] = '/';
	for (unsigned i = 0; i < NAME_LEN; i++, random >>= 4)
		name[i] = digits[random & 15];
	name[NAME_LEN] = '\0';
	return name;
}

/* -EAGAIN: the directory is not the one that it was; try again. */
static int mint_once(Place *place, int *ret_sock, int *ret_addr, Ident *ret_ident)
{
	_cleanup_close_ int sock = -EBADF, addr = -EBADF;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *name;
	int r;

	sock = socket_new();
	if (sock < 0)
		return sock;
	name = address_fill(&address, place);
	if (bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == EADDRINUSE)
			return -EAGAIN;
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			return error_origin(-errno);
		place_close(place);
		return -EAGAIN;
	}
	addr = openat(place->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (addr < 0) {
		r = -errno;
		(void)unlink(address.sun_path);
		if (r != -ENOENT)
			return error_origin(r);
		place_close(place);
		return -EAGAIN;
	}
	(void)unlinkat(place->fd, name, 0);
	r = fd_above_stdio_consume(TAKE_FD(addr));
	if (r < 0)
		return r;
	addr = r;
	r = ident_read(addr, ret_ident);
	if (r != 0)
		return r < 0 ? r : -EOPNOTSUPP; /* a file system without birth times */
	r = chmod_fd(addr, 0777);
	if (r < 0)
		return error_trace(r);
	*ret_sock = TAKE_FD(sock);
	*ret_addr = TAKE_FD(addr);
	return 0;
}

static int mint_at(unsigned which, uid_t uid, int *ret_sock, int *ret_addr, Ident *ret_ident)
{
	Place *place = &places[which];
	int r = -EAGAIN;

	if (unlikely(place->refused < 0))
		return place->refused;
	for (unsigned tries = 0; tries < TRIES_MAX && r == -EAGAIN; tries++) {
		if (unlikely(place->fd < 0)) {
			r = place_open(place, which, uid);
			if (r < 0)
				break;
		}
		r = mint_once(place, ret_sock, ret_addr, ret_ident);
	}
	if (unlikely(r == -EPERM || r == -EOPNOTSUPP)) {
		if (r == -EOPNOTSUPP)
			log_warning("%s is refused: no birth times there", place->path);
		place_close(place);
		place->refused = r;
	}
	return r;
}

/* Whether another place may do better. */
static bool is_fault_of_place(int r)
{
	switch (-r) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EAFNOSUPPORT:
		return false;
	default:
		return true;
	}
}

int portdir_mint(int *ret_sock, int *ret_addr, Ident *ret_ident)
{
	uid_t uid = geteuid();
	Ident ident = {};
	int r, first = 0;

	pthread_mutex_lock(&places_lock);
	if (unlikely(uid != places_uid)) {
		for (unsigned i = 0; i < _PLACE_N; i++) {
			place_close(&places[i]);
			places[i].refused = 0;
		}
		places_uid = uid;
	}
	for (unsigned i = 0; i < _PLACE_N; i++) {
		r = mint_at(i, uid, ret_sock, ret_addr, &ident);
		if (likely(r == 0) || !is_fault_of_place(r))
			break;
		/* The usual place is the one worth an error message. */
		if (first == 0)
			first = r;
	}
	pthread_mutex_unlock(&places_lock);
	if (unlikely(r < 0))
		return error_trace(first != 0 && is_fault_of_place(r) ? first : r);
	if (unlikely(!device_find(ident.dev)))
		device_add(ident.dev);
	ret_ident->dev = ident.dev;
	ret_ident->ino = ident.ino;
	ret_ident->btime_ns = ident.btime_ns;
	return 0;
}

unsigned portdir_sweep(unsigned older_than_s)
{
	unsigned n = 0;

	pthread_mutex_lock(&places_lock);
	for (unsigned i = 0; i < _PLACE_N; i++)
		if (places[i].fd >= 0)
			n += sweep(places[i].fd, older_than_s);
	pthread_mutex_unlock(&places_lock);
	return n;
}

void portdir_before_fork(void)
{
	pthread_mutex_lock(&places_lock);
}

void portdir_after_fork_parent(void)
{
	pthread_mutex_unlock(&places_lock);
}

void portdir_after_fork(void)
{
	struct statx stx;

	/* The child's copies are as good as the originals, unless somebody closed them: then the
	 * numbers may stand for anything by now. */
	for (unsigned i = 0; i < _PLACE_N; i++) {
		Place *place = &places[i];

		if (place->fd >= 0 &&
			(statx_fd(place->fd, &stx) < 0 || stx.stx_ino != place->ino ||
				makedev(stx.stx_dev_major, stx.stx_dev_minor) != place->dev))
			place->fd = -EBADF;
	}
	pthread_mutex_unlock(&places_lock);
}
