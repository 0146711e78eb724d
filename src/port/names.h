/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the routines of mach_port do to one name: user references, insertion, extraction,
 * destruction. The codes are those of the reference for each routine; NULL and DEAD names are
 * the façade's business.
 */
#pragma once

#include "port/right.h"
#include "port/types.h"

int name_deallocate(PortName name);
int name_destroy(PortName name);
int name_mod_refs(PortName name, unsigned right, int delta);
int name_get_refs(PortName name, unsigned right, uint32_t *ret_refs);
int name_insert_right(PortName name, PortName poly, unsigned disposition);
int name_destruct(PortName name, int srdelta, uint64_t guard);

/* Parts of an entry go: the caller has the object's reference or count where it says so. */

/* The send right's references are used up; its count of the port's srights is the caller's. */
void name_remove_send(Entry *entry);
/* The receive right leaves; the name stays if there are send rights. */
void name_remove_receive(Entry *entry);
/* One reference of a dead name goes. */
void name_consume_dead(Entry *entry);
/* The send-once right comes out, the name is freed. */
SendOnce *name_take_once(Entry *entry);

/* Turns a name whose port has died into a dead name, firing its dead-name request; leaves any
 * other name as it is. */
void name_check(Entry *entry);
