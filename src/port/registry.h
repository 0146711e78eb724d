/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All backings of this process, by identity: how a right that arrives is known to be one that is held
 * already. A chained hash of its own, because a process may hold a hundred thousand rights and a
 * general-purpose handle would be the largest part of each.
 *
 * Beside it, the addresses of our own ports whose secret was renewed: a right that bears the old one may
 * still come home.
 */
#pragma once

#include "port/ident.h"
#include "port/types.h"

/* Returns 0 or KERN_RESOURCE_SHORTAGE. */
int registry_add(Backing *backing);
void registry_remove(Backing *backing);
Backing *registry_find(const Ident *ident);

/* Without memory it is not noted, and such a right is a dead port's instead of MACH_PORT_DEAD. */
void registry_note_renewed(Backing *backing);
void registry_forget_renewed(Backing *backing);
bool registry_was_renewed(const Ident *ident);
