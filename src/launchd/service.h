/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_SERVICE_H
#define PORTCULLIS_LAUNCHD_SERVICE_H

/*
 * A named port.
 *
 * 	declared	the server has the receive right, and keeps a duplicate (portcullis_keeper_create())
 * 			while somebody who checked in has it: messages outlive their receiver
 * 	registered	the port is somebody's; the name goes when the port dies
 *
 * The server always has a send right, under the same name. So a client's rights stay good from one
 * run of a job to the next, and nobody sees when one ends.
 */

#include <portcullis/port.h>

#include "launchd/namespace.h"

struct Service {
	UT_hash_handle hh; /* Namespace.services, by name */
	UT_hash_handle hh_port; /* Server.registered, by port */
	char name[SPEC_NAME_MAX + 1];
	Namespace *ns;
	Owner *owner;
	mach_port_t port;
	portcullis_keeper_t keeper; /* NULL: registered */
	bool held; /* the receive right is here */
	bool active; /* somebody has checked in, or it was registered */
	bool on_demand; /* a message starts its owner */
	bool demanded; /* one has come: no more is listened for until the owner has run */
	int demand_fd; /* polls readable when a message has come; -EBADF while nobody listens */
	LoopSource *demand;
	bool hide_until_check_in, reset_at_close;
	SpecDrain drain;
	LIST_ENTRY(Service) owner_link;
	QuotaCharge charge;
};

/* With a port of its own, charged to the caller (see server_charge()). 0, SERVER_E_ACTIVE (the name
 * is taken), SERVER_E_FULL, SERVER_E_UNKNOWN (no name). */
int service_declare(Namespace *ns, const char *name, Owner *owner, const Caller *caller,
	Service **ret) _warn_unused_;
/* Without a declaration: the receive right is the caller's to pass on, and the service goes with
 * it. The codes are service_declare()'s. */
int service_check_in_new(Namespace *ns, const char *name, Owner *owner, const Caller *caller,
	mach_port_t *ret_receive) _warn_unused_;
/* As a job's specification says, which starts the job when a message comes. */
int service_declare_spec(Namespace *ns, const SpecService *spec, Owner *owner) _warn_unused_;
/* With somebody's port; takes the send right on success. */
int service_register_take(Namespace *ns, const char *name, Owner *owner, const Caller *caller,
	mach_port_t port) _warn_unused_;
/* The name vanishes. A port that the server has dies. */
Service *service_free(Service *service);

/* The receive right leaves with the answer that is being made. */
void service_check_in(Service *service);
/* Whoever checked in is gone, or never got the answer: the receive right is the server's again. */
void service_take_back(Service *service, bool crashed);

/* A message that waits, or comes, is to start the owner. It is not looked at: what is taken out of
 * the queue would be lost with the run that it is handed to. */
void service_listen(Service *service);

/* One of those that are registered with this port: it may have several names. */
Service *service_find_registered(mach_port_t port);

#endif
