/* SPDX-License-Identifier: Apache-2.0 */
#include "task/threadref.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/pidref.h"
#include "port/kport.h"
#include "port/port.h"
#include "port/space.h"
#include "port/task.h"

/* The facts are the inode of the pidfd, which no other thread ever has, and the number of the thread: an
 * id is not needed. */
static const uint8_t thread_id[16] = "thread of a task";

static KobjectType type_of(TaskFlavor flavor)
{
	switch (flavor) {
	case TASK_IS_CONTROL:
		return KOBJECT_THREAD;
	case TASK_IS_READ:
		return KOBJECT_THREAD_READ;
	default:
		return KOBJECT_THREAD_INSPECT;
	}
}

static TaskFlavor flavor_of(KobjectType type)
{
	if (type == KOBJECT_THREAD)
		return TASK_IS_CONTROL;
	return type == KOBJECT_THREAD_READ ? TASK_IS_READ : TASK_IS_INSPECT;
}

static bool is_thread(KobjectType type)
{
	return type == KOBJECT_THREAD || type == KOBJECT_THREAD_READ ||
	       type == KOBJECT_THREAD_INSPECT;
}

/* Before 6.13 the number of the thread's process is found by name only, while the thread lives. */
static pid_t process_of(const PidRef *thread)
{
	KernelPidfdInfo info = {.mask = PIDFD_INFO_PID};
	char path[64], line[128];
	pid_t pid = 0;
	FILE *file;

	if (ioctl(thread->fd, KERNEL_PIDFD_GET_INFO, &info) == 0)
		return (pid_t)info.tgid;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)thread->pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (!pid && fgets(line, sizeof(line), file)) {
		int n;

		if (sscanf(line, "Tgid: %d", &n) == 1)
			pid = n;
	}
	fclose(file);
	return pidref_is_alive(thread) ? pid : 0;
}

static bool is_thread_pidfd(int fd, PidRef *ret)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && flags & O_EXCL && !(flags & O_PATH) &&
	       pidref_set_pidfd_take(ret, fd) == 0;
}

static int examine(const int *fds, unsigned n, uint64_t facts[2])
{
	PidRef thread = PIDREF_NULL; /* the descriptor is the caller's */

	if (!is_thread_pidfd(fds[0], &thread))
		return KERN_INVALID_ARGUMENT;
	facts[0] = thread.id;
	facts[1] = (uint64_t)thread.pid;
	if (!pidref_is_alive(&thread))
		return KERN_TERMINATED;
	return thread.pid > 0 ? 0 : KERN_INVALID_ARGUMENT;
}

/* The pidfd of a thread of this process. Returns 0, KERN_TERMINATED or -errno. */
static int open_own(const Kobject *object, int *ret)
{
	PidRef thread = PIDREF_NULL;
	int fd = pidfd_open((pid_t)object->facts[1], PIDFD_THREAD);
	int r;

	if (fd < 0)
		return errno == ESRCH || errno == EINVAL ? KERN_TERMINATED : -errno;
	r = pidref_set_pidfd_consume(&thread, fd_above_stdio_consume(fd));
	if (r)
		return r < 0 ? r : KERN_TERMINATED;
	if (thread.id != object->facts[0] || !pidref_is_alive(&thread)) {
		pidref_done(&thread);
		return KERN_TERMINATED;
	}
	*ret = thread.fd;
	return 0;
}

static int open_thread(Port *port, int ret_fds[KOBJECT_MAX_FDS], unsigned *ret_n)
{
	int r = open_own(port->kobject, &ret_fds[0]);

	*ret_n = !r;
	return r;
}

static bool is_dead(const Kobject *object)
{
	struct pollfd p = {.fd = object->fds[0], .events = POLLIN};
	int fd = -EBADF;
	int r;

	if (object->n_fds > 0)
		return poll(&p, 1, 0) > 0;
	r = open_own(object, &fd);
	if (!r)
		fd_close(fd);
	return r == KERN_TERMINATED;
}

#define CLASS(kind)                                                                                \
	{                                                                                          \
		.type = (kind), .min_fds = 1, .max_fds = 1, .open = open_thread,                   \
		.examine = examine, .watch_fds = 1, .own_may_die = true, .is_dead = is_dead,       \
	}

static const KobjectClass classes[] = {
	CLASS(KOBJECT_THREAD),
	CLASS(KOBJECT_THREAD_READ),
	CLASS(KOBJECT_THREAD_INSPECT),
};

__attribute__((constructor(101))) static void register_classes(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(classes); i++)
		kobject_register(&classes[i]);
}

/* Consumes the descriptor. Takes the lock. */
static int adopt_consume(KobjectType type, PidRef *thread, bool is_own, Right *ret)
{
	KportArrival a = {.type = type, .facts = {thread->id, (uint64_t)thread->pid}};
	Port *port = NULL;
	int r;

	memcpy(a.id, thread_id, sizeof(a.id));
	if (is_own) {
		pidref_done(thread);
	} else {
		a.fds[0] = thread->fd;
		a.n_fds = 1;
	}
	task_lock();
	r = kport_adopt_consume(&a, &port);
	if (!r) {
		port_srights_add(port, 1);
		*ret = (Right){.kind = RIGHT_SEND, .port = port};
	}
	task_unlock();
	return r;
}

int thread_right(pid_t pid, pid_t tid, TaskFlavor flavor, Right *ret)
{
	PidRef thread = PIDREF_NULL;
	int fd = pidfd_open(tid, PIDFD_THREAD);

	if (fd < 0)
		return errno == ESRCH || errno == EINVAL ? KERN_NOT_FOUND : KERN_RESOURCE_SHORTAGE;
	fd = fd_above_stdio_consume(fd);
	if (fd < 0 || pidref_set_pidfd_consume(&thread, fd))
		return KERN_RESOURCE_SHORTAGE;
	/* The number may be that of another thread by now. */
	if (process_of(&thread) != pid) {
		pidref_done(&thread);
		return KERN_NOT_FOUND;
	}
	return adopt_consume(type_of(flavor), &thread, pid == getpid(), ret);
}

int thread_ref_get(PortName name, ThreadRef *ret)
{
	PidRef thread = PIDREF_NULL; /* the descriptor is the port's */
	Entry *entry;
	Port *port = NULL;
	int r = 0;

	task_lock();
	entry = space_find(name);
	if (entry && entry->type == ENTRY_DEAD_NAME)
		r = MACH_SEND_INVALID_DEST;
	else if (!entry || !(entry->type & ENTRY_SEND) || !is_thread(entry->port->kobject_type))
		r = KERN_INVALID_ARGUMENT;
	else
		port = port_ref(entry->port);
	task_unlock();
	if (r)
		return r;
	*ret = (ThreadRef){
		.port = port,
		.flavor = flavor_of(port->kobject_type),
		.pidfd = port->kobject->fds[0],
	};
	if (port->kobject->n_fds == 0) {
		r = open_own(port->kobject, &ret->pidfd);
		if (r < 0) {
			kport_put(port);
			return KERN_RESOURCE_SHORTAGE;
		}
	}
	if (!r && pidref_set_pidfd_take(&thread, ret->pidfd) == 0 && thread.pid > 0) {
		ret->tid = thread.pid;
		ret->pid = process_of(&thread);
	}
	if (ret->pid > 0)
		return 0;
	if (r)
		ret->pidfd = -EBADF;
	(void)thread_ref_is_dead(ret);
	thread_ref_done(ret);
	return MACH_SEND_INVALID_DEST;
}

void thread_ref_done(ThreadRef *ref)
{
	if (ref->port->kobject->n_fds == 0)
		fd_close(ref->pidfd);
	kport_put(ref->port);
	ref->port = NULL;
}

bool thread_ref_is_dead(const ThreadRef *ref)
{
	if (!kobject_is_dead(ref->port->kobject))
		return false;
	task_lock();
	kport_mark_dead(ref->port);
	task_unlock();
	return true;
}
