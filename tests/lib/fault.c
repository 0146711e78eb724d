/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See fault.h. Every __wrap_NAME here is what `NAME` means in the other objects of the
 * same link; __real_NAME is what it meant before. One static state, no locks: the
 * wrappers run inside malloc callers, in constructors and in fork children.
 *
 * 64-bit file offsets rename open, openat, fcntl, mmap and ftruncate to NAME64, and
 * _FORTIFY_SOURCE turns open and recv into checking variants: all spellings are wrapped.
 */
#include "tests/lib/fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* More struck runs than this means that fn never stops making calls: a bug of the test. */
#define FAULT_RUNS_MAX 100000u

static const struct {
	const char *name;
	int error;
} fault_kinds[_FAULT_N] = {
	[FAULT_MALLOC] = {"malloc", ENOMEM},
	[FAULT_SOCKET] = {"socket", EMFILE},
	[FAULT_SOCKETPAIR] = {"socketpair", EMFILE},
	[FAULT_ACCEPT] = {"accept4", EMFILE},
	[FAULT_PIPE] = {"pipe2", EMFILE},
	[FAULT_SENDMSG] = {"sendmsg", ENOBUFS},
	[FAULT_RECVMSG] = {"recvmsg", ENOMEM},
	[FAULT_CONNECT] = {"connect", ENOMEM},
	[FAULT_BIND] = {"bind", ENOSPC},
	[FAULT_OPEN] = {"open", EMFILE},
	[FAULT_MEMFD] = {"memfd_create", EMFILE},
	[FAULT_TRUNCATE] = {"ftruncate", ENOSPC},
	[FAULT_MMAP] = {"mmap", ENOMEM},
	[FAULT_DUPFD] = {"fcntl(F_DUPFD_CLOEXEC)", EMFILE},
	[FAULT_EPOLL] = {"epoll_create1", EMFILE},
	[FAULT_EPOLL_CTL] = {"epoll_ctl", ENOSPC},
	[FAULT_EVENTFD] = {"eventfd", EMFILE},
	[FAULT_THREAD] = {"pthread_create", EAGAIN},
};

static atomic_int armed_kind = -1;
static atomic_uint armed_n;
static atomic_int armed_error;
static atomic_uint n_calls;
static _Atomic(const void *) struck_site;
static _Thread_local unsigned paused;
static atomic_int only_pid; /* 0: in children too */

/* Counts one call; the errno that it must fail with, or 0. */
static int fault_hit(FaultKind kind, const void *site)
{
	if (atomic_load_explicit(&armed_kind, memory_order_relaxed) != (int)kind || paused > 0)
		return 0;
	if (atomic_load(&only_pid) != 0 && atomic_load(&only_pid) != getpid())
		return 0;
	if (atomic_fetch_add(&n_calls, 1) + 1 != atomic_load(&armed_n))
		return 0;
	atomic_store(&struck_site, site);
	if (atomic_load(&armed_error) == FAULT_KILL)
		(void)raise(SIGKILL);
	return atomic_load(&armed_error);
}

void fault_arm_errno(FaultKind kind, unsigned n, int error)
{
	atomic_store(&armed_kind, -1);
	atomic_store(&n_calls, 0);
	atomic_store(&struck_site, NULL);
	atomic_store(&armed_n, n);
	atomic_store(&armed_error, error);
	atomic_store(&armed_kind, (int)kind);
}

void fault_arm(FaultKind kind, unsigned n)
{
	fault_arm_errno(kind, n, fault_kinds[kind].error);
}

bool fault_disarm(void)
{
	atomic_store(&armed_kind, -1);
	return atomic_load(&struck_site) != NULL;
}

unsigned fault_n_calls(void)
{
	return atomic_load(&n_calls);
}

const void *fault_site(void)
{
	return atomic_load(&struck_site);
}

const char *fault_kind_name(FaultKind kind)
{
	return (unsigned)kind < _FAULT_N ? fault_kinds[kind].name : "?";
}

void fault_spare_children(void)
{
	atomic_store(&only_pid, getpid());
}

void fault_pause(void)
{
	paused++;
}

void fault_resume(void)
{
	paused--;
}

static void fault_tell(FaultKind kind, unsigned n)
{
	const void *site = fault_site();
	Dl_info info = {};

	(void)dladdr(site, &info);
	fprintf(stderr, "fault: %s call %u, from %s (%s+0x%tx)\n", fault_kind_name(kind), n,
		info.dli_sname != NULL ? info.dli_sname : "?",
		info.dli_fname != NULL ? info.dli_fname : "?",
		info.dli_fbase != NULL ? (const char *)site - (const char *)info.dli_fbase : 0);
}

unsigned fault_run_all(FaultKind kind, void (*fn)(void *arg), void *arg)
{
	bool verbose = getenv("FAULT_VERBOSE") != NULL;

	for (unsigned n = 1; n <= FAULT_RUNS_MAX; n++) {
		fault_arm(kind, n);
		fn(arg);
		if (!fault_disarm())
			return n - 1;
		if (verbose)
			fault_tell(kind, n);
	}
	fprintf(stderr, "fault: %s is still reached after %u runs\n", fault_kind_name(kind),
		FAULT_RUNS_MAX);
	abort();
}

unsigned fault_run_kinds(void (*fn)(void *arg), void *arg)
{
	unsigned sum = 0;

	for (int kind = 0; kind < _FAULT_N; kind++)
		sum += fault_run_all((FaultKind)kind, fn, arg);
	return sum;
}

/*
 * The wrappers. FAULT_WRAP(kind, type of the result, what a failure returns, name,
 * parameters, arguments); the prototypes are written here because no header has them.
 */
#define FAULT_WRAP(kind, type, failure, name, params, args)                                        \
	type __real_##name params;                                                                 \
	type __wrap_##name params;                                                                 \
	type __wrap_##name params                                                                  \
	{                                                                                          \
		int error = fault_hit(kind, __builtin_return_address(0));                          \
                                                                                                   \
		if (error == 0)                                                                    \
			return __real_##name args;                                                 \
		errno = error;                                                                     \
		return failure;                                                                    \
	}

FAULT_WRAP(FAULT_MALLOC, void *, NULL, malloc, (size_t size), (size))
FAULT_WRAP(FAULT_MALLOC, void *, NULL, calloc, (size_t n, size_t size), (n, size))
FAULT_WRAP(FAULT_MALLOC, void *, NULL, realloc, (void *p, size_t size), (p, size))
FAULT_WRAP(FAULT_MALLOC, void *, NULL, reallocarray, (void *p, size_t n, size_t size), (p, n, size))

FAULT_WRAP(FAULT_SOCKET, int, -1, socket, (int domain, int type, int protocol),
	(domain, type, protocol))
FAULT_WRAP(FAULT_SOCKETPAIR, int, -1, socketpair, (int domain, int type, int protocol, int fds[2]),
	(domain, type, protocol, fds))
FAULT_WRAP(FAULT_ACCEPT, int, -1, accept4,
	(int fd, struct sockaddr *addr, socklen_t *len, int flags), (fd, addr, len, flags))
FAULT_WRAP(FAULT_PIPE, int, -1, pipe2, (int fds[2], int flags), (fds, flags))
FAULT_WRAP(FAULT_CONNECT, int, -1, connect, (int fd, const struct sockaddr *addr, socklen_t len),
	(fd, addr, len))
FAULT_WRAP(FAULT_BIND, int, -1, bind, (int fd, const struct sockaddr *addr, socklen_t len),
	(fd, addr, len))
FAULT_WRAP(FAULT_SENDMSG, ssize_t, -1, sendmsg, (int fd, const struct msghdr *msg, int flags),
	(fd, msg, flags))
FAULT_WRAP(FAULT_SENDMSG, ssize_t, -1, send, (int fd, const void *buf, size_t len, int flags),
	(fd, buf, len, flags))
FAULT_WRAP(FAULT_SENDMSG, ssize_t, -1, sendto,
	(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
		socklen_t tolen),
	(fd, buf, len, flags, to, tolen))
FAULT_WRAP(FAULT_RECVMSG, ssize_t, -1, recvmsg, (int fd, struct msghdr *msg, int flags),
	(fd, msg, flags))
FAULT_WRAP(FAULT_RECVMSG, ssize_t, -1, recv, (int fd, void *buf, size_t len, int flags),
	(fd, buf, len, flags))
FAULT_WRAP(FAULT_RECVMSG, ssize_t, -1, recvfrom,
	(int fd, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *fromlen),
	(fd, buf, len, flags, from, fromlen))
FAULT_WRAP(FAULT_RECVMSG, ssize_t, -1, __recv_chk,
	(int fd, void *buf, size_t len, size_t buflen, int flags), (fd, buf, len, buflen, flags))

FAULT_WRAP(FAULT_SENDMSG, ssize_t, -1, uncancelled_sendmsg,
	(int fd, const struct msghdr *msg, int flags), (fd, msg, flags))
FAULT_WRAP(FAULT_SENDMSG, ssize_t, -1, uncancelled_sendto,
	(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
		socklen_t tolen),
	(fd, buf, len, flags, to, tolen))
FAULT_WRAP(FAULT_RECVMSG, ssize_t, -1, uncancelled_recvmsg, (int fd, struct msghdr *msg, int flags),
	(fd, msg, flags))

FAULT_WRAP(FAULT_MEMFD, int, -1, memfd_create, (const char *name, unsigned flags), (name, flags))
FAULT_WRAP(FAULT_TRUNCATE, int, -1, ftruncate, (int fd, off_t size), (fd, size))
FAULT_WRAP(FAULT_TRUNCATE, int, -1, ftruncate64, (int fd, off64_t size), (fd, size))
FAULT_WRAP(FAULT_MMAP, void *, (void *)-1, mmap,
	(void *addr, size_t len, int prot, int flags, int fd, off_t off),
	(addr, len, prot, flags, fd, off))
FAULT_WRAP(FAULT_MMAP, void *, (void *)-1, mmap64,
	(void *addr, size_t len, int prot, int flags, int fd, off64_t off),
	(addr, len, prot, flags, fd, off))
FAULT_WRAP(FAULT_EPOLL, int, -1, epoll_create1, (int flags), (flags))
FAULT_WRAP(FAULT_EVENTFD, int, -1, eventfd, (unsigned count, int flags), (count, flags))
FAULT_WRAP(FAULT_OPEN, int, -1, __open_2, (const char *path, int flags), (path, flags))
FAULT_WRAP(FAULT_OPEN, int, -1, __open64_2, (const char *path, int flags), (path, flags))
FAULT_WRAP(FAULT_OPEN, int, -1, __openat_2, (int dirfd, const char *path, int flags),
	(dirfd, path, flags))
FAULT_WRAP(FAULT_OPEN, int, -1, __openat64_2, (int dirfd, const char *path, int flags),
	(dirfd, path, flags))

/* Only these two flags say that a mode follows. */
static bool open_has_mode(int flags)
{
	return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

#define FAULT_WRAP_OPEN(name)                                                                      \
	int __real_##name(const char *path, int flags, ...);                                       \
	int __wrap_##name(const char *path, int flags, ...);                                       \
	int __wrap_##name(const char *path, int flags, ...)                                        \
	{                                                                                          \
		int error = fault_hit(FAULT_OPEN, __builtin_return_address(0));                    \
		mode_t mode = 0;                                                                   \
		va_list ap;                                                                        \
                                                                                                   \
		if (error != 0) {                                                                  \
			errno = error;                                                             \
			return -1;                                                                 \
		}                                                                                  \
		va_start(ap, flags);                                                               \
		if (open_has_mode(flags))                                                          \
			mode = va_arg(ap, mode_t);                                                 \
		va_end(ap);                                                                        \
		return __real_##name(path, flags, mode);                                           \
	}

FAULT_WRAP_OPEN(open)
FAULT_WRAP_OPEN(open64)

#define FAULT_WRAP_OPENAT(name)                                                                    \
	int __real_##name(int dirfd, const char *path, int flags, ...);                            \
	int __wrap_##name(int dirfd, const char *path, int flags, ...);                            \
	int __wrap_##name(int dirfd, const char *path, int flags, ...)                             \
	{                                                                                          \
		int error = fault_hit(FAULT_OPEN, __builtin_return_address(0));                    \
		mode_t mode = 0;                                                                   \
		va_list ap;                                                                        \
                                                                                                   \
		if (error != 0) {                                                                  \
			errno = error;                                                             \
			return -1;                                                                 \
		}                                                                                  \
		va_start(ap, flags);                                                               \
		if (open_has_mode(flags))                                                          \
			mode = va_arg(ap, mode_t);                                                 \
		va_end(ap);                                                                        \
		return __real_##name(dirfd, path, flags, mode);                                    \
	}

FAULT_WRAP_OPENAT(openat)
FAULT_WRAP_OPENAT(openat64)

/* To take something out needs nothing. */
int __real_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	int error = 0;

	if (op != EPOLL_CTL_DEL)
		error = fault_hit(FAULT_EPOLL_CTL, __builtin_return_address(0));
	if (error == 0)
		return __real_epoll_ctl(epfd, op, fd, event);
	errno = error;
	return -1;
}

/* Whatever the third argument is, it fits a pointer on every ABI that we build for. */
#define FAULT_WRAP_FCNTL(name)                                                                     \
	int __real_##name(int fd, int command, ...);                                               \
	int __wrap_##name(int fd, int command, ...);                                               \
	int __wrap_##name(int fd, int command, ...)                                                \
	{                                                                                          \
		int error = 0;                                                                     \
		va_list ap;                                                                        \
		void *arg;                                                                         \
                                                                                                   \
		if (command == F_DUPFD_CLOEXEC)                                                    \
			error = fault_hit(FAULT_DUPFD, __builtin_return_address(0));               \
		if (error != 0) {                                                                  \
			errno = error;                                                             \
			return -1;                                                                 \
		}                                                                                  \
		va_start(ap, command);                                                             \
		arg = va_arg(ap, void *);                                                          \
		va_end(ap);                                                                        \
		return __real_##name(fd, command, arg);                                            \
	}

FAULT_WRAP_FCNTL(fcntl)
FAULT_WRAP_FCNTL(fcntl64)

int __real_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);

int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	int error = fault_hit(FAULT_THREAD, __builtin_return_address(0));

	return error != 0 ? error : __real_pthread_create(thread, attr, fn, arg);
}
