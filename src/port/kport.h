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

/* An object that arrived, by its id: the port that is known already, or a new one; referenced for the
 * caller. With the lock. The descriptors are consumed. Returns 0, KERN_INVALID_ARGUMENT (an object of
 * another type has this id), KERN_RESOURCE_SHORTAGE. */
int kport_adopt_consume(
	KobjectType type, const uint8_t id[16], const int *fds, unsigned n, Port **ret);

/* The port is about to be freed. With the lock. */
void kport_forget(Port *port);
