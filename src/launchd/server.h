/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_SERVER_H
#define PORTCULLIS_LAUNCHD_SERVER_H

/*
 * The bootstrap server: the namespaces and services of one domain, and the ports by which it is asked.
 *
 *	Server ── root Namespace ── Namespaces below, as a tree
 *	                         └─ Services by name ── owned by a Job or by a Client
 *
 * One thread, one Loop, and one port set with every bootstrap port in it. What the thread waits for is a
 * message from the set; whatever the loop has to do ends that wait, and has its turn between any two
 * messages (server_run()). No answer is ever waited for: one that does not go out at once is destroyed,
 * and what it was to carry comes back.
 *
 * A Client is a process that is no job and has made something exist here. It is known by pid and
 * pidversion, which together no other process has; a pidfd tells of its end, and with it goes all that
 * it made. Everything that a process can make exist is charged to its user.
 *
 * Requests say who they are from in their trailer, which the kernel vouches for: serve.h has how, without
 * a pidfd for each. Nothing is decided from a bare pid.
 *
 * A service's port is memory until somebody is given a right to it, then four descriptors while nobody
 * serves it and five while somebody does. Those to which no right is left anywhere are taken back to
 * memory when they have become many (services_sweep()). A request that
 * brings what there are no descriptors for is refused: with BOOTSTRAP_NO_MEMORY, or with MIG_SERVER_DIED
 * where its reply right is what was lost. Whoever asked before, and brings nothing, needs no descriptors.
 * Without memory for any request they stay where they are, and are looked at every SERVER_REST_MS.
 */

#include <mach/mach.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/pidref.h"
#include "base/quota.h"

typedef struct Server Server;
typedef struct Namespace Namespace;
typedef struct Service Service;
typedef struct Client Client;
typedef struct Owner Owner;

enum {
	_SERVER_E_SUCCESS,
	SERVER_E_UNKNOWN, /* no such service, or no name that one can have */
	SERVER_E_DENIED, /* it belongs to somebody else, or is not for everybody */
	SERVER_E_ACTIVE, /* there is a server already */
	SERVER_E_FULL, /* the user has used up what it may make exist; or there is no memory */
	SERVER_E_NONE, /* no namespaces below */
	_SERVER_E_N,
};

/* What one user may make exist at most; not for the user that the server runs as, nor for root. Each of
 * them costs descriptors, of which no user gets more than a quarter: see maximum(). */
#define SERVER_MAX_SERVICES 4096
#define SERVER_MAX_NAMESPACES 256
#define SERVER_MAX_CLIENTS 4096
/* How deep namespaces may nest. */
#define SERVER_MAX_DEPTH 100
/* Connections that are taken before other events are looked at. */
#define SERVER_BATCH 64
/* How long requests and connections are left alone when they cannot be had. */
#define SERVER_REST_MS 50
/* What could not be had is tried again after so long. */
#define SERVER_RETRY_MS 200

enum {
	SERVER_QUOTA_SERVICES,
	SERVER_QUOTA_NAMESPACES,
	SERVER_QUOTA_CLIENTS,
	_SERVER_QUOTA_N,
};

/* Who asks. Made of a request's trailer. */
typedef struct Caller {
	pid_t pid; /* 0: not visible from here */
	uint32_t version;
	uid_t uid; /* effective */
	Owner *owner; /* the job that it is, or the client that it has become; NULL: neither so far */
} Caller;

/* Whose a service or a namespace is. */
typedef enum OwnerKind {
	OWNER_SERVER, /* the server's own */
	OWNER_JOB,
	OWNER_CLIENT,
} OwnerKind;

TAILQ_HEAD(ServiceList, Service);

/* Embedded in what owns. */
struct Owner {
	OwnerKind kind;
	uid_t uid; /* as look-ups tell */
	const char *label; /* how `bslist -j` shows it; borrowed from what embeds this */
	pid_t pid; /* of the running process, or 0 */
	struct ServiceList services; /* in the order in which they were declared */
	/* The first message for a service of a job that is not running. */
	void (*demand)(Owner *owner, Service *service);
};

void owner_init(Owner *owner, OwnerKind kind, uid_t uid, const char *label);
/* Its process has ended: services that a job declared are to be served again, others vanish. */
void owner_process_ended(Owner *owner, bool crashed);
/* Messages that wait for its services are to be told of again. */
void owner_listen(Owner *owner);
/* All of its services vanish. */
void owner_deinit(Owner *owner);

/* Finds the job that a process is. Set by who knows the jobs; NULL: there are none. */
typedef Owner *(*ServerFindJob)(void *userdata, pid_t pid, uint32_t version);

struct Server {
	Loop *loop; /* borrowed */
	uid_t uid; /* whose domain it is */
	mach_port_t requests; /* port set: bootstrap ports, and `notify` */
	mach_port_t notify; /* receive right: notifications, from nobody else */
	LoopSource *retry; /* timer: server_retry_later() */
	Namespace *root;
	Namespace *by_port; /* hash */
	Namespace *by_requestor; /* hash; several may have the same */
	Service *registered; /* hash by port: those whose names go when it dies */
	struct ServiceList exposed; /* those whose ports are here, with descriptors */
	unsigned n_exposed, sweep_at;
	LoopSource *sweep; /* timer */
	bool is_resting;
	Client *clients; /* hash by pid and version */
	Owner self; /* of what the server itself declares */
	Quota quota;
	Service *handed_out; /* by the request that is being answered */
	ServerFindJob find_job;
	void *find_job_data;
	/* Requests that are not of the bootstrap subsystem: fills `reply` and returns true. */
	boolean_t (*control)(mach_msg_header_t *request, mach_msg_header_t *reply);
	char buffer[8192] __attribute__((__aligned__(8)));
	char reply[8192] __attribute__((__aligned__(8)));
};

/* There is one server in a process: the stubs that mig makes have no other way to it. */
extern Server server;

/* *name is the root's name, for bstree. 0, SERVER_E_FULL, or -errno. */
int server_init(Loop *loop, uid_t uid, const char *root_name) _warn_unused_;
void server_deinit(void);
/* Answers requests, and runs the loop, until loop_quit(). 0 or -errno. */
int server_run(void) _warn_unused_;

/* Services that are deaf or lost are seen to again. */
void server_retry_later(void);

/* Whether the end of a port is told of already: for the sake of another name, or namespace. */
bool server_is_watching(mach_port_t port);

/* Who sent a request. */
Caller server_caller(const audit_token_t *token);
/* The owner that things are to be charged to: the caller's job, or the client made of it. 0,
 * SERVER_E_DENIED for a process that cannot be seen or is gone, SERVER_E_FULL. */
int server_owner_of(const Caller *caller, Owner **ret) _warn_unused_;
/* Root, or the user whose domain it is; and not confined. */
bool server_is_privileged(const Caller *caller);
/* Charges the caller's user, unless it may have what it likes. NULL: the server's own doing. */
int server_charge(const Caller *caller, unsigned kind, QuotaCharge *ret) _warn_unused_;

#endif
