/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel objects without a kernel: a type, descriptors, and an id.
 *
 * The id is what makes two arrivals of one object one name. It is no secret and proves nothing: a
 * peer that sends other descriptors under the id of an object that we hold gets us to use the ones
 * that we have. Where that would be an attack, the class says what of the descriptors has to agree
 * too (KobjectClass.examine).
 *
 * An object is immutable once made, but for `data`, whose owner sees to its own threads, for what
 * KobjectClass.open fills in, and for `has_travelled`. Freeing is the holder's business: the port's,
 * which counts. All objects are in one list under a lock of its own, so that a fork child finds their
 * descriptors.
 */
#include "port/kobject.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "port/reaper.h"
#include "port/semaphore.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(KobjectList, Kobject) objects = LIST_HEAD_INITIALIZER(objects);

static int examine_semaphore(const int *fds, unsigned n, uint64_t facts[2])
{
	return semaphore_fds_plausible(fds) ? 0 : KERN_INVALID_ARGUMENT;
}

static const KobjectClass semaphore_class = {
	.type = KOBJECT_SEMAPHORE,
	.min_fds = 2,
	.max_fds = 2,
	.examine = examine_semaphore,
};

/* A fileport's descriptor is not looked at, at all. */
static const KobjectClass fileport_class = {
	.type = KOBJECT_FILEPORT,
	.min_fds = 1,
	.max_fds = 1,
	.foreign_close = true,
};

/* Written by constructors only. */
static const KobjectClass *classes[KOBJECT_N_TYPES] = {
	[KOBJECT_SEMAPHORE] = &semaphore_class,
	[KOBJECT_FILEPORT] = &fileport_class,
};

void kobject_register(const KobjectClass *class)
{
	assert(class->type < KOBJECT_N_TYPES && class->max_fds <= KOBJECT_MAX_FDS);
	classes[class->type] = class;
}

const KobjectClass *kobject_class(KobjectType type)
{
	return type < KOBJECT_N_TYPES ? classes[type] : NULL;
}

static void close_all(const int *fds, unsigned n_fds)
{
	for (unsigned i = 0; i < n_fds; i++)
		reaper_close_consume(fds[i]);
}

int kobject_new_consume(KobjectType type, const int *fds, unsigned n_fds, Kobject **ret)
{
	Kobject *object;

	if (n_fds > KOBJECT_MAX_FDS) {
		close_all(fds, n_fds);
		return KERN_INVALID_ARGUMENT;
	}
	object = calloc(1, sizeof(*object));
	if (!object) {
		close_all(fds, n_fds);
		return error_origin(-ENOMEM);
	}
	object->type = (uint8_t)type;
	object->n_fds = (uint8_t)n_fds;
	for (unsigned i = 0; i < KOBJECT_MAX_FDS; i++)
		object->fds[i] = i < n_fds ? fds[i] : -EBADF;
	if (n_fds > 0)
		(void)random_bytes(object->id, sizeof(object->id));
	pthread_mutex_lock(&lock);
	LIST_INSERT_HEAD(&objects, object, link);
	pthread_mutex_unlock(&lock);
	*ret = object;
	return 0;
}

Kobject *kobject_free(Kobject *object)
{
	if (!object)
		return NULL;
	pthread_mutex_lock(&lock);
	LIST_REMOVE(object, link);
	pthread_mutex_unlock(&lock);
	if (object->free_data)
		object->free_data(object->data);
	close_all(object->fds, object->n_fds);
	right_drop(&object->companion);
	free(object);
	return NULL;
}

bool kobject_may_travel(const Kobject *object)
{
	const KobjectClass *class = kobject_class(object->type);

	return object->n_fds > 0 || (class && class->open);
}

bool kobject_travels(const Kobject *object, unsigned i)
{
	return i < object->n_fds;
}

int kobject_examine(KobjectType type, const int *fds, unsigned n, uint64_t ret_facts[2])
{
	const KobjectClass *class = kobject_class(type);

	ret_facts[0] = ret_facts[1] = 0;
	if (!class || class->max_fds == 0 || n < class->min_fds || n > class->max_fds)
		return KERN_INVALID_ARGUMENT;
	return class->examine ? class->examine(fds, n, ret_facts) : 0;
}

bool kobject_is_dead(const Kobject *object)
{
	const KobjectClass *class = kobject_class(object->type);

	return class && class->is_dead && class->is_dead(object);
}

void kobject_before_fork(void)
{
	pthread_mutex_lock(&lock);
	semaphore_before_fork();
}

void kobject_after_fork_parent(void)
{
	semaphore_after_fork_parent();
	pthread_mutex_unlock(&lock);
}

void kobject_after_fork(void)
{
	Kobject *object = NULL;

	semaphore_after_fork();
	LIST_FOREACH (object, &objects, link) {
		for (unsigned i = 0; i < object->n_fds; i++) {
			/* A file may have any close() at all; what is ours is open in the parent
			 * still, so that this one has nothing to do. */
			if (classes[object->type] && classes[object->type]->foreign_close)
				reaper_park_consume(object->fds[i]);
			else
				fd_close(object->fds[i]);
			object->fds[i] = -EBADF;
		}
		object->n_fds = 0;
	}
	pthread_mutex_unlock(&lock);
}
