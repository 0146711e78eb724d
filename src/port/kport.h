/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports of the library's own objects, as the calls on such objects see them: by name. All take the
 * task's lock themselves, so they are called without it. A port that kport_get() returned stays, and
 * its object with it, until kport_put(): a thread may block on the object meanwhile, whatever
 * happens to the name.
 */
#pragma once

#include "port/kobject.h"
#include "port/types.h"

/* Makes a port of the object and a send right to it under a new name. The object is the port's from
 * here on, and is freed on failure. Returns 0, KERN_NO_SPACE or KERN_RESOURCE_SHORTAGE. */
int kport_insert_consume(Kobject *object, PortName *ret_name);

/* The port behind a name, referenced for the caller. Returns 0, KERN_INVALID_NAME (the name denotes
 * nothing), KERN_INVALID_RIGHT (no send right), KERN_TERMINATED (the port died) or
 * KERN_INVALID_ARGUMENT (the object is not of that type). */
int kport_get(PortName name, KobjectType type, Port **ret);

/* Borrowed: as long as the port. */
Kobject *kport_object(Port *port);

void kport_put(Port *port);

/* Drops one user reference of a send right (or of the dead name that it has become).
 * Returns 0, KERN_INVALID_NAME or KERN_INVALID_RIGHT. */
int kport_drop(PortName name);

/* kport_insert_consume() for callers that hold the lock. */
int kport_insert_locked_consume(Kobject *object, PortName *ret_name);

/* An object that arrived: its descriptors, what kobject_examine() said of them, and its id. */
typedef struct KportArrival {
	KobjectType type;
	uint8_t id[16];
	uint64_t facts[2];
	int fds[KOBJECT_MAX_FDS];
	unsigned n_fds;
	Right companion;
} KportArrival;

/* The port that is known already by the same type, id and facts, or a new one; referenced for the
 * caller. With the lock. Descriptors and companion are consumed. Returns 0 or
 * KERN_RESOURCE_SHORTAGE. */
int kport_adopt_consume(KportArrival *arrival, Port **ret);

/* An object of our own got its id: arrivals of it are the port from now on. With the lock. Returns 0
 * or KERN_RESOURCE_SHORTAGE. */
int kport_make_known(Port *port);

/* A known port of that type with this first fact, whatever its id; borrowed. With the lock. */
Port *kport_find_by_fact(KobjectType type, uint64_t fact);

/* The object has died: names turn into dead names. With the lock, which it may leave. */
void kport_mark_dead(Port *port);

/* The port is about to be freed. With the lock. */
void kport_forget(Port *port);
