/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_CONFINE_PRIVATE_H
#define PORTCULLIS_LAUNCHD_CONFINE_PRIVATE_H

/* What confine.c prepares for the child. */

#include "launchd/confine-cover.h"
#include "launchd/confine.h"

typedef enum ConfineRecipe {
	CONFINE_OTHER_USER, /* as root */
	CONFINE_USER_NAMESPACE,
} ConfineRecipe;

typedef enum ConfineStep {
	CONFINE_STEP_NAMESPACES,
	CONFINE_STEP_USER_MAP,
	CONFINE_STEP_SEAL,
	CONFINE_STEP_PRIVATE,
	CONFINE_STEP_PORTS,
	CONFINE_STEP_COVER,
	CONFINE_STEP_RECORD,
	CONFINE_STEP_CAPABILITIES,
	CONFINE_STEP_LANDLOCK,
	CONFINE_STEP_TRIAL, /* it is confined, and something succeeded that must not */
	_CONFINE_STEP_N,
} ConfineStep;

struct Confinement {
	ConfineRecipe recipe;
	ConfineCovers covers;
	char uid_map[40], gid_map[40]; /* of the user namespace: everybody is who he was */
	char *ports; /* a directory that takes the place of PORTS_PLACE */
	uint64_t *
		guest_id; /* where the child writes the number of its mount namespace; NULL: nowhere */
	ConfineStep step; /* in the child: what it is at */
};

/* Sockets get their inodes here: src/port/portdir.c. */
#define CONFINE_PORTS_PLACE "/dev/shm"

/* In a child that has been through both phases: 0, or -errno if it can still do what it must not. */
int confine_try_to_leave(Confinement *c);

#endif
