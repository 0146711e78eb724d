/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports whose receive right is the library's own: semaphores, fileports, the task, host
 * and thread ports of this process. A holder has send rights only. Such an object
 * travels as its descriptors and a 128-bit id, by which a second arrival of the same
 * object is recognised (the descriptors themselves must not be looked at).
 */
#pragma once

#include "base/list.h"
#include "port/types.h"

/* mach_port_kobject's object types: the values are IPC_OTYPE_* of <mach_debug/ipc_info.h>. */
typedef enum KobjectType {
	KOBJECT_NONE = 0,
	KOBJECT_THREAD = 1,
	KOBJECT_TASK = 2,
	KOBJECT_HOST = 3,
	KOBJECT_SEMAPHORE = 23,
	KOBJECT_FILEPORT = 34,
} KobjectType;

#define KOBJECT_MAX_FDS 3

typedef struct Kobject {
	uint8_t type;
	uint8_t n_fds; /* descriptors owned by this object */
	int fds[KOBJECT_MAX_FDS];
	uint8_t id[16]; /* zero when the object never travels */
	void *data; /* owned; freed by free_data */
	void (*free_data)(void *data);
	LIST_ENTRY(Kobject) link; /* of all objects */
} Kobject;

/* fds are owned by the object from here on, in success and failure. Needs no lock. An object with
 * descriptors gets a fresh id; one that arrived has its id written over by the caller. Returns 0,
 * KERN_INVALID_ARGUMENT (too many) or -errno. */
int kobject_new_consume(KobjectType type, const int *fds, unsigned n_fds, Kobject **ret);

/* Never blocks: descriptors that others have had a hand in are closed by the reaper. */
Kobject *kobject_free(Kobject *object);

/* Whether it can be sent to other processes at all, and whether its descriptor `i` goes with it. */
bool kobject_may_travel(const Kobject *object);
bool kobject_travels(const Kobject *object, unsigned i);

/* Whether `n` descriptors of these kinds may be what a peer says they are. Looks at them
 * with calls that cannot block; a fileport's descriptor is not looked at, at all. */
bool kobject_fds_plausible(KobjectType type, const int *fds, unsigned n);

/* Around a fork, below the task's lock; in the child after reaper_after_fork(). There the descriptors
 * of all objects are closed; the objects themselves are left to whoever has them, and may still be
 * freed. */
void kobject_before_fork(void);
void kobject_after_fork_parent(void);
void kobject_after_fork(void);
