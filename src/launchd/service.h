/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_SERVICE_H
#define PORTCULLIS_LAUNCHD_SERVICE_H

/*
 * A named port.
 *
 *	declared	the server has the receive right, and keeps a duplicate (portcullis_keeper_create())
 *			while somebody who checked in has it: messages outlive their receiver
 *	registered	the port is somebody's; the name goes when the port dies
 *
 * The server always has a send right, under the same name. So a client's rights stay good from one run
 * of a job to the next, and nobody sees when one ends.
 *
 * A declared service that nobody has looked up is memory: its port has no descriptors, and nothing to be
 * watched, as nobody could send to it. It is *exposed* from the first look-up on, while its receive right
 * is here: its socket is watched if a message is to start its owner.
 */

#include <portcullis/port.h>

#include "launchd/namespace.h"

struct Service {
	UT_hash_handle hh; /* Namespace.services, by name */
	UT_hash_handle hh_port; /* Server.registered, by port */
	Namespace *ns;
	Owner *owner;
	mach_port_t port;
	portcullis_keeper_t keeper; /* while somebody who checked in has the receive right */
	bool declared; /* else registered */
	bool held; /* the receive right is here */
	bool exposed; /* ... and its port has descriptors: in Server.exposed */
	bool active; /* somebody has checked in, or it was registered */
	bool on_demand; /* a message starts its owner */
	bool demanded; /* one has come: no more is listened for until the owner has run */
	bool deaf, lost; /* it is to be listened to, or taken back, and could not be */
	bool crashed; /* whoever had it last */
	bool hide_until_check_in, reset_at_close;
	SpecDrain drain;
	LoopSource *demand; /* tells of a message, while it is listened for */
	TAILQ_ENTRY(Service) owner_link, exposed_link;
	QuotaCharge charge;
	char name[];
};

/* The server's services as a whole: 0 or -errno. */
int services_init(void) _warn_unused_;
void services_deinit(void);
/* Exposed services to which nobody has a right any more become memory again: those of which that is known
 * already; of the others it is found out, and they are looked at again a moment later. */
void services_sweep(void);

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

/* A right to it is about to be given out. 0, or SERVER_E_FULL: there are no descriptors for it. */
int service_expose(Service *service) _warn_unused_;
/* The receive right leaves with the answer that is being made. 0 or SERVER_E_FULL. */
int service_check_in(Service *service) _warn_unused_;
/* Whoever checked in is gone, or never got the answer: the receive right is the server's again. */
void service_take_back(Service *service, bool crashed);
/* What could not be done then: see server_retry_later(). */
void service_retry(Service *service);

/* A message that waits, or comes, is to start the owner. It is not looked at: what is taken out of
 * the queue would be lost with the run that it is handed to. */
void service_listen(Service *service);

/* One of those that are registered with this port: it may have several names. */
Service *service_find_registered(mach_port_t port);

#endif
