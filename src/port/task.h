/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task: what there is once in a process. One lock guards the name space and every object
 * of this layer; it is held for short, bounded work only, never while a thread waits for a
 * peer. Threads that block do so outside it, on descriptors that a count keeps open.
 */
#pragma once

#include <pthread.h>

#include "port/right.h"
#include "port/types.h"

#define TASK_REGISTERED_MAX 3

/* Slots of rights that children inherit over fork and exec. */
enum {
	TASK_SLOT_BOOTSTRAP,
	TASK_SLOT_REGISTERED,
	TASK_SLOT_ACCESS = TASK_SLOT_REGISTERED + TASK_REGISTERED_MAX,
	TASK_N_SLOTS,
};

#define TASK_N_FLAVORS 3

typedef struct Task {
	pthread_mutex_t lock;
	uint64_t next_serial;
	pid_t pid;
	PortName self_name; /* mach_task_self_ */
	PortName host_name;
	Right slots[TASK_N_SLOTS];
	Right debug_control; /* a special port that nobody inherits */
	Right flavors[TASK_N_FLAVORS]; /* own task ports of lesser flavours, once asked for */
	uint32_t n_registered;
	uint32_t generation; /* grows in each fork child */
	bool trace;
	bool leases;
	bool forgetting; /* in a fork child: see task.c */
} Task;

extern Task task;

/* First use: floor check, descriptor limit, fork handlers, inherited ports. Idempotent; runs
 * from a constructor of the highest priority. */
void task_init(void);

/* For layers above: called in a fork child, with the lock, when all names are gone and before there are
 * new ones. At most TASK_AT_FORK_MAX of them, each once in the life of a process. */
#define TASK_AT_FORK_MAX 8
void task_at_fork(void (*in_child)(void));

static inline void task_lock(void)
{
	pthread_mutex_lock(&task.lock);
}

static inline void task_unlock(void)
{
	pthread_mutex_unlock(&task.lock);
}

static inline uint64_t task_serial(void)
{
	return ++task.next_serial;
}
