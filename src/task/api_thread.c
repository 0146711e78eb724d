/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads by name: the calling one, and all of a task. Those of another one are listed by the number of
 * its process, so that each is checked to be of that process, and the process to be the task at the end.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "port/api.h"
#include "port/names.h"
#include "port/region.h"
#include "port/right.h"
#include "task/flavor.h"
#include "task/threadref.h"

/* A thread keeps its port: one reference, so that the name stays the same until it ends. */
typedef struct OwnThread {
	PortName name;
	pid_t tid;
	uint32_t generation; /* of the task: in a fork child the thread is another */
} OwnThread;

static _Thread_local OwnThread own;
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

/* A program that drops more references than it has may have dropped the one that is kept. */
static Entry *find_kept(void)
{
	Entry *entry = NULL;

	if (own.name && own.generation == task.generation)
		entry = space_find_raw(own.name);
	if (!entry || entry->type != ENTRY_SEND || entry->port->kobject_type != KOBJECT_THREAD ||
		entry->port->kobject->facts[1] != (uint64_t)own.tid)
		return NULL;
	return entry;
}

static void thread_done(void *p)
{
	Entry *entry;

	task_lock();
	entry = find_kept();
	if (entry)
		(void)name_deallocate(entry->name);
	task_unlock();
	own.name = MACH_PORT_NULL;
}

static void make_key(void)
{
	(void)pthread_key_create(&key, thread_done);
}

static PortName one_more(void)
{
	PortName name = MACH_PORT_NULL;
	Entry *entry;

	task_lock();
	entry = find_kept();
	if (entry) {
		entry_urefs_add(entry, 1);
		name = entry->name;
	}
	task_unlock();
	return name;
}

_public_ mach_port_t mach_thread_self(void)
{
	PortName name = one_more();
	Right right = RIGHT_NULL;

	if (name)
		return name;
	own = (OwnThread){.tid = gettid(), .generation = task.generation};
	if (thread_right(getpid(), own.tid, TASK_IS_CONTROL, &right))
		return MACH_PORT_NULL;
	pthread_once(&key_once, make_key);
	(void)pthread_setspecific(key, &own);
	task_lock();
	(void)right_copyout(&right, &own.name);
	right_drop(&right);
	task_unlock();
	return one_more();
}

_public_ mach_port_name_t thread_self_trap(void)
{
	return mach_thread_self();
}

typedef struct TidList {
	pid_t *tids;
	uint32_t n, cap;
} TidList;

static void tids_deinit(TidList *list)
{
	free(list->tids);
}

static int tids_add(TidList *list, pid_t tid)
{
	if (list->n == list->cap) {
		uint32_t cap = list->cap ? list->cap * 2 : 64;
		pid_t *tids = reallocarray(list->tids, cap, sizeof(*tids));

		if (!tids)
			return KERN_RESOURCE_SHORTAGE;
		list->tids = tids;
		list->cap = cap;
	}
	list->tids[list->n++] = tid;
	return 0;
}

/* Of whoever has that number: that it was the target is checked thread by thread, and at the end. */
static int tids_read(pid_t pid, TidList *list)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return KERN_FAILURE;
	while (!r && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			r = tids_add(list, (pid_t)atoi(entry->d_name));
	}
	closedir(dir);
	return r;
}

/* Names for the threads that are still there. */
static int name_threads(
	const TidList *list, pid_t pid, TaskFlavor flavor, mach_port_t *names, uint32_t *ret_n)
{
	uint32_t n = 0;
	int r = 0;

	for (uint32_t i = 0; i < list->n && !r; i++) {
		Right right = RIGHT_NULL;

		r = thread_right(pid, list->tids[i], flavor, &right);
		if (r == KERN_NOT_FOUND) {
			r = 0;
			continue;
		}
		if (r)
			break;
		task_lock();
		r = right_copyout(&right, &names[n]);
		right_drop(&right);
		task_unlock();
		n += !r;
	}
	*ret_n = n;
	return r;
}

static void drop_names(const mach_port_t *names, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		(void)mach_port_deallocate(mach_task_self(), names[i]);
}

static int list_threads(
	TaskRef *ref, const TidList *list, pid_t pid, mach_port_t **ret_names, uint32_t *ret_n)
{
	uint64_t address = 0;
	uint32_t n = 0;
	int r;

	task_lock();
	r = region_allocate(&address, list->n * sizeof(mach_port_t), true, false);
	task_unlock();
	if (r)
		return KERN_RESOURCE_SHORTAGE;
	r = name_threads(list, pid, ref->flavor, (mach_port_t *)(uintptr_t)address, &n);
	if (!r && task_ref_is_dead(ref))
		r = MACH_SEND_INVALID_DEST;
	if (r) {
		drop_names((mach_port_t *)(uintptr_t)address, n);
		(void)vm_deallocate(
			mach_task_self(), (vm_address_t)address, list->n * sizeof(mach_port_t));
		return r;
	}
	*ret_names = (mach_port_t *)(uintptr_t)address;
	*ret_n = n;
	return 0;
}

_public_ kern_return_t task_threads(
	task_inspect_t target, thread_act_array_t *list, mach_msg_type_number_t *count)
{
	_cleanup_(tids_deinit) TidList tids = {0};
	TaskRef ref;
	pid_t pid = 0;
	int r;

	if (!list || !count)
		return KERN_INVALID_ARGUMENT;
	r = task_ref_get(target, TASK_IS_INSPECT, &ref);
	if (r)
		return r;
	r = task_ref_pid(&ref, &pid);
	if (!r)
		r = tids_read(pid, &tids);
	if (r == KERN_FAILURE && task_ref_is_dead(&ref))
		r = MACH_SEND_INVALID_DEST;
	if (!r)
		r = list_threads(&ref, &tids, pid, list, count);
	task_ref_done(&ref);
	return r;
}
