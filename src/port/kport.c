/* SPDX-License-Identifier: Apache-2.0 */
#include "port/kport.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "port/names.h"
#include "port/port.h"
#include "port/probe.h"
#include "port/space.h"
#include "port/task.h"

/* Objects that travel, by id: a second arrival of one is the same port. */
typedef struct Known {
	uint8_t id[16];
	Port *port; /* borrowed: forgotten when the port goes */
	UT_hash_handle hh;
} Known;

static Known *known;

static Known *known_find(const uint8_t *id)
{
	Known *k;

	HASH_FIND(hh, known, id, sizeof(k->id), k);
	return k;
}

static int known_add(Port *port)
{
	static const uint8_t none[16];
	Known *k;

	if (!memcmp(port->kobject->id, none, sizeof(none)))
		return 0;
	k = calloc(1, sizeof(*k));
	if (!k)
		return KERN_RESOURCE_SHORTAGE;
	memcpy(k->id, port->kobject->id, sizeof(k->id));
	k->port = port;
	HASH_ADD(hh, known, id, sizeof(k->id), k);
	if (!k->hh.tbl) {
		free(k);
		return KERN_RESOURCE_SHORTAGE;
	}
	return 0;
}

void kport_forget(Port *port)
{
	Known *k = known_find(port->kobject->id);

	if (k && k->port == port) {
		HASH_DEL(known, k);
		free(k);
	}
}

static int kport_new_consume(Kobject *object, Port **ret)
{
	Port *port = port_new_kobject_take(object);

	if (!port) {
		kobject_free(object);
		return KERN_RESOURCE_SHORTAGE;
	}
	if (known_add(port)) {
		port_unref(port);
		return KERN_RESOURCE_SHORTAGE;
	}
	*ret = port;
	return 0;
}

int kport_adopt_consume(
	KobjectType type, const uint8_t id[16], const int *fds, unsigned n, Port **ret)
{
	Known *k = known_find(id);
	Kobject *object;
	int r;

	if (k) {
		for (unsigned i = 0; i < n; i++)
			probe_close_consume(fds[i]);
		if (k->port->kobject_type != type)
			return KERN_INVALID_ARGUMENT;
		*ret = port_ref(k->port);
		return 0;
	}
	r = kobject_new_consume(type, fds, n, &object);
	if (r)
		return KERN_RESOURCE_SHORTAGE;
	memcpy(object->id, id, sizeof(object->id));
	return kport_new_consume(object, ret);
}

int kport_insert_locked_consume(Kobject *object, PortName *ret_name)
{
	Right right;
	Port *port;
	int r;

	r = kport_new_consume(object, &port);
	if (r)
		return r;
	port_make_send(port);
	right = (Right){.kind = RIGHT_SEND, .port = port};
	r = right_copyout(&right, ret_name);
	if (r)
		right_drop(&right);
	return r;
}

int kport_insert_consume(Kobject *object, PortName *ret_name)
{
	int r;

	task_lock();
	r = kport_insert_locked_consume(object, ret_name);
	task_unlock();
	return r;
}

int kport_get(PortName name, KobjectType type, Port **ret)
{
	Entry *entry;
	int r = 0;

	task_lock();
	entry = space_find(name);
	if (!entry)
		r = KERN_INVALID_NAME;
	else if (entry->type & ENTRY_DEAD_NAME)
		r = KERN_TERMINATED;
	else if (!(entry->type & ENTRY_SEND))
		r = KERN_INVALID_RIGHT;
	else if (entry->port->kobject_type != type)
		r = KERN_INVALID_ARGUMENT;
	else
		*ret = port_ref(entry->port);
	task_unlock();
	return r;
}

Kobject *kport_object(Port *port)
{
	return port->kobject;
}

void kport_put(Port *port)
{
	task_lock();
	port_unref(port);
	task_unlock();
}

int kport_drop(PortName name)
{
	int r;

	task_lock();
	r = name_deallocate(name);
	task_unlock();
	return r;
}
