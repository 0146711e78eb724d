/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_CONFINE_H
#define PORTCULLIS_LAUNCHD_CONFINE_H

/*
 * Jobs that are Confined: they can reach no bootstrap server but by the port that they were given.
 *
 * There are two recipes. Who is root gives the job another user and a mount namespace that belongs to
 * our own user namespace; who is not gives it a user namespace in which no more can be made and in which
 * it has no capability, and a mount namespace there. In both the directories and sockets by which servers
 * are found are covered by mounts that it cannot take away, and it is in a Landlock domain, which keeps
 * it from mounting anything, from tracing, looking into or signalling what is outside, and from abstract
 * sockets of others. doc/design/0009 says why, and why nothing less is enough.
 *
 * Whether a recipe works here is tried, before the first confined job, by a child that goes through all
 * of it and then tries to get out. Where it does not work the job is refused; there is no third way.
 *
 *	confine.c	what is prepared before the fork, and the trial
 *	confine-child.c	what the child does: system calls only
 *	confine-cover.c	what is to be hidden, and where it can be seen
 *	guest.c		the namespaces that were made, and who lives in them
 *
 * One thread. A Confinement is for one process, and is read by it alone: free it after the fork.
 */

#include "launchd/spawn.h"

enum {
	_CONFINE_E_SUCCESS,
	CONFINE_E_REFUSED, /* it cannot be had: *ret_problem says why */
	_CONFINE_E_N,
};

typedef struct Confinement Confinement;

/* Where our own server is found, besides the well-known paths. NULL: nowhere. 0 or -errno. */
int confine_set_path(const char *path) _warn_unused_;

/* All that a confined run of the job needs. Returns 0, CONFINE_E_REFUSED with the reason on the heap, or
 * -errno. */
int confine_new(const JobSpec *spec, Confinement **ret, char **ret_problem) _warn_unused_;
Confinement *confine_free(Confinement *confinement);
void confine_freep(Confinement **confinementp);
#define _cleanup_confine_ _cleanup_(confine_freep)

/* For SpawnExtra: the userdata is the Confinement. */
int confine_child(void *userdata, SpawnConfinePhase phase);

/* Whether jobs can be confined here; tried if it is not known. Returns 0, CONFINE_E_REFUSED with the
 * reason on the heap, or -errno. */
int confine_probe(char **ret_problem) _warn_unused_;
/* The recipe, or why there is none, in words: for `launchctl print`. On the heap. NULL: it was not tried
 * yet; or no memory. */
char *confine_describe(void);

void confine_deinit(void);

#endif
