/* SPDX-License-Identifier: Apache-2.0 */
#include "task/suspend.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "port/kport.h"
#include "port/names.h"
#include "port/port.h"
#include "port/space.h"
#include "port/task.h"

/* By port, which it references: it goes when the count is zero. */
typedef struct Suspension {
	Port *port;
	int freeze; /* the port's */
	unsigned count;
	UT_hash_handle hh;
} Suspension;

static Suspension *suspensions;
static bool hooked;

static Suspension *suspension_free(Suspension *s)
{
	HASH_DEL(suspensions, s);
	port_unref(s->port);
	free(s);
	return NULL;
}

/* A child has suspended nobody. The ports are let go of with all others. */
static void after_fork(void)
{
	Suspension *s, *next;

	HASH_ITER (hh, suspensions, s, next)
		(void)suspension_free(s);
}

static Suspension *suspension_find(Port *port)
{
	Suspension *s;

	HASH_FIND_PTR(suspensions, &port, s);
	return s;
}

static Suspension *suspension_new(const TaskRef *ref)
{
	_cleanup_free_ Suspension *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->port = ref->port;
	s->freeze = ref->freeze;
	HASH_ADD_PTR(suspensions, port, s);
	if (!s->hh.tbl)
		return NULL;
	if (!hooked)
		task_at_fork(after_fork);
	hooked = true;
	port_ref(s->port);
	return TAKE_PTR(s);
}

static bool freeze(int fd, bool on)
{
	return pwrite(fd, on ? "1" : "0", 1, 0) == 1;
}

static int suspend_locked(const TaskRef *ref)
{
	Suspension *s = suspension_find(ref->port);

	if (!s) {
		s = suspension_new(ref);
		if (!s)
			return KERN_RESOURCE_SHORTAGE;
		if (!freeze(s->freeze, true)) {
			suspension_free(s);
			return KERN_FAILURE;
		}
	}
	s->count++;
	return 0;
}

/* Who is gone is not suspended any more. */
static bool is_gone(const TaskRef *ref)
{
	Suspension *s;

	if (!task_ref_is_dead(ref))
		return false;
	task_lock();
	s = suspension_find(ref->port);
	if (s)
		suspension_free(s);
	task_unlock();
	return true;
}

int suspend_task(const TaskRef *ref)
{
	int r;

	if (is_gone(ref))
		return MACH_SEND_INVALID_DEST;
	if (ref->freeze < 0)
		return KERN_NOT_SUPPORTED;
	task_lock();
	r = suspend_locked(ref);
	task_unlock();
	return r;
}

static int resume_locked(Port *port)
{
	Suspension *s = suspension_find(port);

	if (!s)
		return KERN_FAILURE;
	if (--s->count > 0)
		return 0;
	(void)freeze(s->freeze, false);
	suspension_free(s);
	return 0;
}

int resume_task(const TaskRef *ref)
{
	int r;

	if (is_gone(ref))
		return MACH_SEND_INVALID_DEST;
	if (ref->freeze < 0)
		return KERN_NOT_SUPPORTED;
	task_lock();
	r = resume_locked(ref->port);
	task_unlock();
	return r;
}

/* With the lock: the port of the token is being freed. In a fork child all is let go of anyway. */
static void token_free(void *data)
{
	Port *port = data;

	if (!task.forgetting)
		(void)resume_locked(port);
	port_unref(port);
}

int suspend_token(const TaskRef *ref, PortName *ret)
{
	Kobject *object;
	int r;

	if (kobject_new_consume(KOBJECT_SUSPENSION, NULL, 0, &object))
		return KERN_RESOURCE_SHORTAGE;
	task_lock();
	object->data = port_ref(ref->port);
	object->free_data = token_free;
	r = kport_insert_locked_consume(object, ret);
	task_unlock();
	return r ? KERN_RESOURCE_SHORTAGE : 0;
}

int resume_token(PortName name)
{
	Entry *entry;
	int r = KERN_INVALID_ARGUMENT;

	task_lock();
	entry = space_find(name);
	if (entry && entry->type & ENTRY_SEND && entry->port->kobject_type == KOBJECT_SUSPENSION)
		r = name_deallocate(name);
	task_unlock();
	return r;
}
