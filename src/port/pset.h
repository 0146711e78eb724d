/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port sets. A port may be in several; a set holds no messages, only memberships. Fairness is
 * round robin: among local queues by moving the member that was served to the end of the
 * list, among descriptors by epoll's ready list, which does the same.
 */
#pragma once

#include "base/list.h"
#include "port/port.h"
#include "port/source.h"
#include "port/types.h"

typedef struct Membership {
	TAILQ_ENTRY(Membership) by_set;
	TAILQ_ENTRY(Membership) by_port;
	PortSet *set;
	Port *port;
} Membership;

struct PortSet {
	uint32_t refs; /* the name, and each thread at work on it */
	PortName name; /* 0 once destroyed */
	TAILQ_HEAD(, Membership) members;
	uint32_t n_members;
	WaiterList receivers;
	int epoll_fd;
	int event_fd;
	Source event;
	bool event_set;
	bool by_reply; /* its ports report no pidfds: see serve.h */
};

PortSet *pset_new(void);
PortSet *pset_unref(PortSet *set);
static inline PortSet *pset_ref(PortSet *set)
{
	set->refs++;
	return set;
}

/* KERN_ALREADY_IN_SET, KERN_RESOURCE_SHORTAGE. */
int pset_insert(PortSet *set, Port *port);
/* KERN_NOT_IN_SET. */
int pset_remove(PortSet *set, Port *port);
/* Leaves all sets; returns whether it was in one. */
bool pset_remove_all(Port *port);
/* Leaves all sets but this one. */
void pset_remove_others(PortSet *set, Port *port);
bool pset_is_member(const PortSet *set, const Port *port);

/* The set loses its name: members leave, waiters get MACH_RCV_PORT_DIED. */
void pset_destroy(PortSet *set);

/* A message waits in the memory of a member. */
void pset_announce(PortSet *set);

/* The oldest message in memory of the next member in turn; see queue_pop_into() on `local`. *ret_port
 * is borrowed. */
Message *pset_pop(PortSet *set, Message *local, Port **ret_port);

/* Makes the epoll set; all sources of all members are in it from then on. */
int pset_need_epoll(PortSet *set);

/* Whether any member has a descriptor to watch. */
bool pset_has_sources(const PortSet *set);

/* In a fork child: the threads that waited are not here. */
void pset_forget_threads(PortSet *set);

/* All waiters look again. */
void pset_rouse(PortSet *set);
