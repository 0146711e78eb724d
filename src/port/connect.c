/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connecting by descriptor.
 *
 * connect() takes a path only, so the way to an O_PATH descriptor is its link in /proc/self/fd. To
 * an inode of a port directory that is all. But the inode may lie on FUSE, and then the kernel asks
 * the FUSE server for permission, for as long as that pleases, signal or no signal: so an address
 * of an unknown device is connected by a helper thread, which the caller leaves to itself when the
 * deadline has passed. The helper owns what it uses, and cleans up when it comes back, if ever. At
 * most HELPERS_MAX of them are about at a time. While one of them is stuck, somebody seems to mean it,
 * and the next have less time: a peer that sends one such address after the other shall not
 * cost us the whole deadline for each.
 *
 * Where no path leads to /proc any more, after a chroot for example, a descriptor of /proc that was
 * opened before still does: a thread that shares no file system context with the others makes the
 * descriptor directory its working directory, and connects to a bare number. It is the same helper.
 *
 * A job is shared by its caller and its helper; the last of the two frees it. All else is guarded by
 * one lock, a leaf.
 */
#include "port/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"

#define HELPERS_MAX 32
#define STACK_SIZE (256u * 1024u) /* as in the reaper */

typedef struct Job {
	pthread_cond_t changed;
	unsigned refs;
	bool done;
	bool by_number; /* through proc_fd, with a working directory of its own */
	bool overdue; /* its caller has left */
	int addr_fd;
	int sock;
	int result; /* of connect_path() */
} Job;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t helper_left = PTHREAD_COND_INITIALIZER;
static unsigned n_helpers;
static unsigned n_overdue; /* of these, those that nobody waits for any more */
static _Atomic int proc_fd = -EBADF; /* O_PATH of /proc */

void connect_prepare(void)
{
	int fd, none = -EBADF;

	if (atomic_load(&proc_fd) >= 0)
		return;
	fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fd = fd_above_stdio_consume(fd);
	if (fd >= 0 && !atomic_compare_exchange_strong(&proc_fd, &none, fd))
		fd_close(fd);
}

void connect_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void connect_after_fork_parent(void)
{
	pthread_mutex_unlock(&lock);
}

void connect_after_fork(void)
{
	int fd = atomic_load(&proc_fd);

	(void)pthread_cond_init(&helper_left, NULL);
	n_helpers = 0;
	n_overdue = 0;
	/* "self" is whoever asks, so the inherited descriptor serves the child as well; unless
	 * somebody closed it, and the number is something else by now. */
	if (fd >= 0 && faccessat(fd, "self/fd", F_OK, 0) < 0)
		atomic_store(&proc_fd, -EBADF);
	pthread_mutex_unlock(&lock);
}

/* What connect() or sendto() said, as connect_dgram() returns it. */
static int fold(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return KERN_INVALID_CAPABILITY;
	case EACCES: /* somebody changed the inode's mode */
	case EPERM: /* the receiver connected its socket elsewhere */
	case EPROTOTYPE: /* no datagram socket */
		return KERN_NO_ACCESS;
	default:
		return -error;
	}
}

static int socket_new(int flags)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | flags, 0);

	if (fd < 0) {
		/* Forbidden here: not the same as what a peer's socket says with EPERM. */
		return error_origin(errno == EPERM ? -EACCES : -errno);
	}
	return fd_above_stdio_consume(fd);
}

/* Decimal, without the weight of printf: this is on the way of every right that arrives. */
static void append_number(char *to, unsigned number)
{
	char digits[3 * sizeof(number)];
	unsigned n = 0;

	do {
		digits[n++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (n > 0)
		*to++ = digits[--n];
	*to = '\0';
}

static void address_fill(struct sockaddr_un *address, const char *prefix, int fd)
{
	size_t len = strlen(prefix);

	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, prefix, len);
	append_number(address->sun_path + len, (unsigned)fd);
}

/* Returns 0 or errno. */
static int connect_path(int sock, const char *prefix, int addr_fd)
{
	struct sockaddr_un address;

	address_fill(&address, prefix, addr_fd);
	return connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
}

static Job *job_unref(Job *job)
{
	if (--job->refs > 0)
		return NULL;
	(void)pthread_cond_destroy(&job->changed);
	/* Both are ours alone, but for the inode: closing an O_PATH descriptor asks nobody. */
	fd_close(job->sock);
	fd_close(job->addr_fd);
	free(job);
	return NULL;
}

static Job *job_new(int addr_fd, bool by_number)
{
	_cleanup_free_ Job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->addr_fd = fd_dup(addr_fd);
	if (job->addr_fd < 0)
		return NULL;
	job->sock = socket_new(0);
	if (job->sock < 0) {
		fd_close(job->addr_fd);
		return NULL;
	}
	(void)pthread_cond_init(&job->changed, NULL);
	job->refs = 1;
	job->by_number = by_number;
	return TAKE_PTR(job);
}

/* A thread that does this never shares a working directory with others again. */
static int enter_descriptors(void)
{
	_cleanup_close_ int fd = -EBADF;

	fd = openat(atomic_load(&proc_fd), "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	return unshare(CLONE_FS) < 0 || fchdir(fd) < 0 ? errno : 0;
}

static void *helper_main(void *arg)
{
	Job *job = arg;
	int r = 0;

	if (job->by_number)
		r = enter_descriptors();
	if (r == 0)
		r = connect_path(job->sock, job->by_number ? "" : "/proc/self/fd/", job->addr_fd);
	pthread_mutex_lock(&lock);
	job->result = r;
	job->done = true;
	n_overdue -= job->overdue;
	pthread_cond_signal(&job->changed);
	(void)job_unref(job);
	n_helpers--;
	pthread_cond_signal(&helper_left);
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* With the lock. */
static int helper_start(Job *job)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all;
	int r;

	sigfillset(&all);
	r = pthread_attr_init(&attr);
	if (r != 0)
		return error_origin(-r);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, MAX((size_t)PTHREAD_STACK_MIN, STACK_SIZE));
	(void)pthread_attr_setsigmask_np(&attr, &all);
	r = pthread_create(&thread, &attr, helper_main, job);
	(void)pthread_attr_destroy(&attr);
	if (r != 0)
		return error_origin(-r);
	n_helpers++;
	job->refs++;
	return 0;
}

/* Returns 0, an errno of connect(), or MACH_SEND_TIMED_OUT; -errno. With the lock. */
static int job_run(Job *job)
{
	Deadline deadline = deadline_after_ms(
		n_overdue > 0 ? CONNECT_HURRY_MS : CONNECT_DEADLINE_MS);
	struct timespec until = deadline_to_timespec(deadline);
	int r;

	while (n_helpers >= HELPERS_MAX)
		if (n_overdue >= HELPERS_MAX || pthread_cond_clockwait(&helper_left, &lock,
							CLOCK_MONOTONIC, &until) == ETIMEDOUT)
			return MACH_SEND_TIMED_OUT;
	r = helper_start(job);
	if (r < 0)
		return r;
	while (!job->done)
		if (pthread_cond_clockwait(&job->changed, &lock, CLOCK_MONOTONIC, &until) ==
				ETIMEDOUT &&
			!job->done) {
			job->overdue = true;
			n_overdue++;
			return MACH_SEND_TIMED_OUT;
		}
	return job->result != 0 ? fold(job->result) : 0;
}

static int connect_by_helper(int addr_fd, bool by_number, int *ret_sock)
{
	Job *job;
	int r;

	if (by_number && atomic_load(&proc_fd) < 0)
		return error_origin(-ENOENT);
	job = job_new(addr_fd, by_number);
	if (!job)
		return error_origin(errno == EMFILE || errno == ENFILE ? -errno : -ENOMEM);
	pthread_mutex_lock(&lock);
	r = job_run(job);
	if (r == 0)
		*ret_sock = TAKE_FD(job->sock);
	(void)job_unref(job);
	pthread_mutex_unlock(&lock);
	return r;
}

static int connect_here(int addr_fd, int *ret_sock)
{
	_cleanup_close_ int sock = socket_new(0);
	int r;

	if (sock < 0)
		return sock;
	r = connect_path(sock, "/proc/self/fd/", addr_fd);
	if (r != 0)
		return fold(r);
	*ret_sock = TAKE_FD(sock);
	return 0;
}

int connect_dgram(int addr_fd, bool known_device, int *ret_sock)
{
	int r;

	if (likely(known_device))
		r = connect_here(addr_fd, ret_sock);
	else
		r = connect_by_helper(addr_fd, false, ret_sock);
	/* The link itself is always there: what is missing is the way to it. */
	if (unlikely(r == -ENOENT || r == -ENOTDIR))
		r = connect_by_helper(addr_fd, true, ret_sock);
	return r;
}

void connect_poke(int addr_fd)
{
	_cleanup_close_ int sock = socket_new(SOCK_NONBLOCK), connected = -EBADF;
	struct sockaddr_un address;

	if (sock < 0)
		return;
	address_fill(&address, "/proc/self/fd/", addr_fd);
	if (sendto(sock, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address,
		    sizeof(address)) == 0 ||
		(errno != ENOENT && errno != ENOTDIR))
		return;
	if (connect_by_helper(addr_fd, true, &connected) == 0)
		(void)send(connected, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL);
}
