/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fail the n-th call: torture of the error paths of whatever is linked into a test
 * statically. The linker sends each listed function to a wrapper of fault.c
 * (--wrap=NAME, see `fault_link_args` in tests/lib/meson.build), which counts the calls of
 * its kind in this process and lets the chosen one fail with a chosen errno. Calls that
 * libc makes by itself (the malloc of strdup) do not pass there, nor do those of shared
 * libraries.
 *
 * Only one fault is armed at a time, and it strikes once. Counting is atomic over all
 * threads; a thread exempts itself (the scaffolding of a test) between fault_pause() and
 * fault_resume(). A fork child inherits what is armed, and its count so far.
 */
#pragma once

#include <stdbool.h>

typedef enum FaultKind {
	FAULT_MALLOC, /* malloc, calloc, realloc, reallocarray: ENOMEM */
	FAULT_SOCKET, /* socket: EMFILE */
	FAULT_SOCKETPAIR, /* socketpair: EMFILE */
	FAULT_ACCEPT, /* accept4: EMFILE */
	FAULT_PIPE, /* pipe2: EMFILE */
	FAULT_SENDMSG, /* sendmsg, send, sendto: ENOBUFS */
	FAULT_RECVMSG, /* recvmsg, recv, recvfrom: ENOMEM */
	FAULT_CONNECT, /* connect: ENOMEM */
	FAULT_BIND, /* bind: ENOSPC */
	FAULT_OPEN, /* open, openat: EMFILE */
	FAULT_MEMFD, /* memfd_create: EMFILE */
	FAULT_TRUNCATE, /* ftruncate: ENOSPC */
	FAULT_MMAP, /* mmap: ENOMEM */
	FAULT_DUPFD, /* fcntl(F_DUPFD_CLOEXEC) only: EMFILE */
	FAULT_EPOLL, /* epoll_create1: EMFILE */
	FAULT_EPOLL_CTL, /* epoll_ctl, but for EPOLL_CTL_DEL: ENOSPC */
	FAULT_EVENTFD, /* eventfd: EMFILE */
	FAULT_THREAD, /* pthread_create: EAGAIN */
	_FAULT_N,
} FaultKind;

/* The n-th call of `kind` from now on fails with the errno that the table above names.
 * n = 0 arms nothing but counts. */
void fault_arm(FaultKind kind, unsigned n);

/* The same with an errno of one's own, or with FAULT_KILL: the process is killed instead. */
#define FAULT_KILL (-1)
void fault_arm_errno(FaultKind kind, unsigned n, int error);

/* Nothing fails any more. Returns whether the armed call was reached. */
bool fault_disarm(void);

/* Calls of the armed kind since fault_arm(). */
unsigned fault_n_calls(void);

/* Where in the text the last struck call returned to, for messages; NULL when none was. */
const void *fault_site(void);

const char *fault_kind_name(FaultKind kind);

/* From now on no call fails in a process that this one forks. */
void fault_spare_children(void);

void fault_pause(void);
void fault_resume(void);

/* Calls fn(arg) with the first call of `kind` failing, then the second, and so on until a
 * run that does not get that far, which is the last. Returns how many runs were struck.
 * fn asserts what holds in both cases: no leak, no crash, a documented error. With
 * FAULT_VERBOSE in the environment each struck call is named on stderr. */
unsigned fault_run_all(FaultKind kind, void (*fn)(void *arg), void *arg);

/* fault_run_all() for each kind in turn. Returns the sum. */
unsigned fault_run_kinds(void (*fn)(void *arg), void *arg);
