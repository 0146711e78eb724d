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
#include "port/watch.h"

/* Objects that travel: a second arrival of one is the same port. */
typedef struct KnownKey {
	uint8_t id[16];
	uint64_t facts[2];
	uint64_t type;
} KnownKey;

typedef struct Known {
	KnownKey key;
	Port *port; /* borrowed: forgotten when the port goes */
	UT_hash_handle hh;
} Known;

static Known *known;

static Known *known_find(const KnownKey *key)
{
	Known *k;

	HASH_FIND(hh, known, key, sizeof(*key), k);
	return k;
}

static KnownKey key_of(const Kobject *object)
{
	KnownKey key = {.facts = {object->facts[0], object->facts[1]}, .type = object->type};

	memcpy(key.id, object->id, sizeof(key.id));
	return key;
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
	k->key = key_of(port->kobject);
	k->port = port;
	HASH_ADD(hh, known, key, sizeof(k->key), k);
	if (!k->hh.tbl) {
		free(k);
		return KERN_RESOURCE_SHORTAGE;
	}
	return 0;
}

int kport_make_known(Port *port)
{
	return known_add(port);
}

static Port *kport_find(KobjectType type, const uint8_t id[16], const uint64_t facts[2])
{
	KnownKey key = {.facts = {facts[0], facts[1]}, .type = type};
	Known *k;

	memcpy(key.id, id, sizeof(key.id));
	k = known_find(&key);
	return k ? k->port : NULL;
}

Port *kport_find_by_fact(KobjectType type, uint64_t fact)
{
	Known *k, *next;

	HASH_ITER (hh, known, k, next) {
		if (k->key.type == type && k->key.facts[0] == fact)
			return k->port;
	}
	return NULL;
}

void kport_forget(Port *port)
{
	KnownKey key = key_of(port->kobject);
	Known *k = known_find(&key);

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

static Kobject *arrival_to_object_consume(KportArrival *a)
{
	Kobject *object;

	if (kobject_new_consume(a->type, a->fds, a->n_fds, &object)) {
		right_drop(&a->companion);
		return NULL;
	}
	memcpy(object->id, a->id, sizeof(object->id));
	object->facts[0] = a->facts[0];
	object->facts[1] = a->facts[1];
	object->companion = right_take(&a->companion);
	return object;
}

int kport_adopt_consume(KportArrival *a, Port **ret)
{
	Port *port = kport_find(a->type, a->id, a->facts);
	Kobject *object;

	if (port) {
		for (unsigned i = 0; i < a->n_fds; i++)
			probe_close_consume(a->fds[i]);
		*ret = port_ref(port);
		right_drop(&a->companion);
		return 0;
	}
	object = arrival_to_object_consume(a);
	return object ? kport_new_consume(object, ret) : KERN_RESOURCE_SHORTAGE;
}

void kport_mark_dead(Port *port)
{
	if (port->state == PORT_DEAD)
		return;
	port_ref(port);
	port->state = PORT_DEAD;
	watch_forget_port(port);
	kport_forget(port);
	if (port->name)
		name_check(space_find_raw(port->name));
	port_unref(port);
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
