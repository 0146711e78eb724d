/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports whose receive right is the library's own: semaphores, fileports, the task, host
 * and thread ports of this process and of others. A holder has send rights only. Such an object
 * travels as its descriptors and a 128-bit id, by which a second arrival of the same
 * object is recognised; and perhaps with a companion, a send right to an ordinary port that
 * belongs to it.
 *
 * What an object is made of is its class's business, and classes are registered by the layers that
 * know them: see KobjectClass.
 */
#pragma once

#include "base/list.h"
#include "port/right.h"
#include "port/types.h"

/* mach_port_kobject's object types: the values are IPC_OTYPE_* of <mach_debug/ipc_info.h>. */
typedef enum KobjectType {
	KOBJECT_NONE = 0,
	KOBJECT_THREAD = 1,
	KOBJECT_TASK = 2,
	KOBJECT_HOST = 3,
	KOBJECT_TASK_NAME = 20,
	KOBJECT_SEMAPHORE = 23,
	KOBJECT_NAMED_ENTRY = 28,
	KOBJECT_FILEPORT = 34,
	KOBJECT_TASK_INSPECT = 44,
	KOBJECT_TASK_READ = 45,
	KOBJECT_THREAD_INSPECT = 46,
	KOBJECT_THREAD_READ = 47,
	KOBJECT_TASK_ID_TOKEN = 50,
	KOBJECT_SUSPENSION = 51, /* of a task: ours alone, never seen outside */
	KOBJECT_N_TYPES = 64,
} KobjectType;

#define KOBJECT_MAX_FDS 8

typedef struct Kobject {
	uint8_t type;
	uint8_t n_fds; /* descriptors owned by this object */
	bool has_travelled; /* others may have its descriptors; with the task's lock */
	int fds[KOBJECT_MAX_FDS];
	uint8_t id[16]; /* zero when the object never travels */
	/* What the kernel says of its descriptors: see KobjectClass.examine. */
	uint64_t facts[2];
	Right companion; /* a send right, or none */
	void *data; /* owned; freed by free_data */
	void (*free_data)(void *data);
	LIST_ENTRY(Kobject) link; /* of all objects */
} Kobject;

/* All hooks but the last two may be absent, and none may block on a peer. */
typedef struct KobjectClass {
	KobjectType type;
	uint8_t min_fds; /* how many descriptors one has that arrives */
	uint8_t max_fds;
	bool may_have_companion;
	/* The last close of such a descriptor may be anybody's business: fork children leave it. */
	bool foreign_close;

	/* What travels of an object that keeps no descriptors: opened for one message, and closed when
	 * it is out. May give the object its id, facts and companion. With the lock. Returns 0,
	 * MACH_SEND_INVALID_RIGHT (this one cannot), KERN_TERMINATED (it has died) or -errno. */
	int (*open)(Port *port, int ret_fds[KOBJECT_MAX_FDS], unsigned *ret_n);
	/* Those of them whose close() waits for nobody, even as the last of copies that others had: files
	 * that cannot be polled. They are gone as soon as the message is. */
	unsigned plain_fds;

	/* Whether descriptors may be what a peer says they are; looks at them with calls that cannot
	 * block. Facts are what two arrivals must agree in, beside their id, to be one object: a peer
	 * chooses ids. Returns 0, KERN_INVALID_ARGUMENT, or KERN_TERMINATED: they were. */
	int (*examine)(const int *fds, unsigned n, uint64_t ret_facts[2]);

	/* What becomes readable or hangs up when the object may have died: indices into fds, a set of
	 * bits; and whether it has. */
	unsigned watch_fds;
	bool own_may_die; /* also of this process, before it: its descriptors are opened for watching */
	bool (*is_dead)(const Kobject *object);
} KobjectClass;

/* Before the first object of that class exists: from a constructor. */
void kobject_register(const KobjectClass *class);

/* NULL: objects of this type are just names. */
const KobjectClass *kobject_class(KobjectType type);

/* fds are owned by the object from here on, in success and failure. Needs no lock. An object with
 * descriptors gets a fresh id; one that arrived has its id written over by the caller. Returns 0,
 * KERN_INVALID_ARGUMENT (too many) or -errno. */
int kobject_new_consume(KobjectType type, const int *fds, unsigned n_fds, Kobject **ret);

/* Never blocks: descriptors that others have had a hand in are closed by the reaper. With the lock
 * where the object has a companion. */
Kobject *kobject_free(Kobject *object);

/* Whether it can be sent to other processes at all, and whether its descriptor `i` goes with it. */
bool kobject_may_travel(const Kobject *object);
bool kobject_travels(const Kobject *object, unsigned i);

/* As KobjectClass.examine, for any type; without that hook the number of descriptors decides. */
int kobject_examine(KobjectType type, const int *fds, unsigned n, uint64_t ret_facts[2]);

static inline bool kobject_fds_plausible(KobjectType type, const int *fds, unsigned n)
{
	uint64_t facts[2];

	return kobject_examine(type, fds, n, facts) == 0;
}

/* Whether it has died, as far as that can be seen at once. */
bool kobject_is_dead(const Kobject *object);

/* Around a fork, below the task's lock; in the child after reaper_after_fork(). There the descriptors
 * of all objects are closed; the objects themselves are left to whoever has them, and may still be
 * freed. */
void kobject_before_fork(void);
void kobject_after_fork_parent(void);
void kobject_after_fork(void);
