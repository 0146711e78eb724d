/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bootstrap server: names for ports. A task has a bootstrap port, which it got at birth from its
 * parent; it stands for one namespace of the server. Namespaces nest: a look-up goes on to the ones
 * above, everything else is about one namespace alone.
 *
 * A task that was given none at birth finds the server of its session on its first call with
 * MACH_PORT_NULL as the bootstrap port, which then is also what `bootstrap_port` says.
 *
 * Calls return BOOTSTRAP_SUCCESS, a code of this header, or one of mach_msg() and MIG when the server
 * is gone (MACH_SEND_INVALID_DEST, MIG_SERVER_DIED).
 *
 * Rights: what a call gives belongs to the caller, one user reference each.
 */
#ifndef _BOOTSTRAP_H_
#define _BOOTSTRAP_H_

#include <sys/types.h>
#include <mach/mach_types.h>
#include <mach/mach_init.h>
#include <mach/std_types.h>

/* A service's name with its NUL. */
#define BOOTSTRAP_MAX_NAME_LEN 128
#define BOOTSTRAP_MAX_CMD_LEN 512
#define BOOTSTRAP_MAX_LOOKUP_COUNT 20

#define BOOTSTRAP_SUCCESS 0
#define BOOTSTRAP_NOT_PRIVILEGED 1100
#define BOOTSTRAP_NAME_IN_USE 1101
#define BOOTSTRAP_UNKNOWN_SERVICE 1102
#define BOOTSTRAP_SERVICE_ACTIVE 1103
#define BOOTSTRAP_BAD_COUNT 1104
#define BOOTSTRAP_NO_MEMORY 1105
#define BOOTSTRAP_NO_CHILDREN 1106

/* What a service's server is doing. */
#define BOOTSTRAP_STATUS_INACTIVE 0
#define BOOTSTRAP_STATUS_ACTIVE 1 /* it has checked in */
#define BOOTSTRAP_STATUS_ON_DEMAND 2 /* it is started when the first message comes */

/* Flags of the calls whose names end in 2. */
#define BOOTSTRAP_PER_PID_SERVICE 1 /* not here: BOOTSTRAP_NOT_PRIVILEGED */
#define BOOTSTRAP_ALLOW_LOOKUP 2
#define BOOTSTRAP_DENY_JOB_CREATION 4
#define BOOTSTRAP_PRIVILEGED_SERVER 8 /* look_up2: only if root's server answers for it */
#define BOOTSTRAP_FORCE_LOCAL 16 /* look_up2: this namespace alone */
#define BOOTSTRAP_SPECIFIC_INSTANCE 32
#define BOOTSTRAP_STRICT_CHECKIN 64 /* check_in2: only what a job has declared */
#define BOOTSTRAP_STRICT_LOOKUP 128

/* What kind of namespace it is: bootstrap_lookup_children(). */
#define BOOTSTRAP_PROPERTY_EXPLICITSUBSET 1
#define BOOTSTRAP_PROPERTY_IMPLICITSUBSET 2
#define BOOTSTRAP_PROPERTY_MOVEDSUBSET 4
#define BOOTSTRAP_PROPERTY_PERUSER 8
#define BOOTSTRAP_PROPERTY_XPC_DOMAIN 16
#define BOOTSTRAP_PROPERTY_XPC_SINGLETON 32

typedef char name_t[BOOTSTRAP_MAX_NAME_LEN];
typedef char cmd_t[BOOTSTRAP_MAX_CMD_LEN];
typedef name_t *name_array_t;
typedef int bootstrap_status_t;
typedef bootstrap_status_t *bootstrap_status_array_t;
typedef unsigned int bootstrap_property_t;
typedef bootstrap_property_t *bootstrap_property_array_t;
typedef boolean_t *bool_array_t;

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Become the server of a service: *service is its receive right, with the messages that were sent
 * before. A name that no job has declared is declared by this call, and vanishes with the caller.
 *
 * BOOTSTRAP_UNKNOWN_SERVICE: no name that can be had (empty, too long, with control characters).
 * BOOTSTRAP_NOT_PRIVILEGED: another job has declared it. BOOTSTRAP_SERVICE_ACTIVE: its server is there
 * already.
 */
kern_return_t bootstrap_check_in(mach_port_t bp, const char *service_name, mach_port_t *service);
/* With flags: BOOTSTRAP_STRICT_CHECKIN: BOOTSTRAP_UNKNOWN_SERVICE unless a job has declared it. */
kern_return_t bootstrap_check_in2(
	mach_port_t bp, const char *service_name, mach_port_t *service, uint64_t flags);

/*
 * A send right to a service, of this namespace or the nearest above that has it. The server need not
 * run: it is started by the first message. BOOTSTRAP_UNKNOWN_SERVICE: there is none.
 */
kern_return_t bootstrap_look_up(mach_port_t bp, const char *service_name, mach_port_t *service);
/* With flags. BOOTSTRAP_PRIVILEGED_SERVER: BOOTSTRAP_NOT_PRIVILEGED unless root's server answered.
 * target_pid is 0. */
kern_return_t bootstrap_look_up2(mach_port_t bp, const char *service_name, mach_port_t *service,
	pid_t target_pid, uint64_t flags);

/*
 * Give a name to a port that the caller has rights to; it is taken away when the port dies, or by a
 * call with MACH_PORT_NULL. The caller keeps its rights. For programs that are not jobs; a job's
 * services are declared in its launchd.plist(5).
 *
 * BOOTSTRAP_NOT_PRIVILEGED: the name is another job's, or is to be checked in. BOOTSTRAP_SERVICE_ACTIVE:
 * the port that has the name lives. BOOTSTRAP_NO_MEMORY: service is MACH_PORT_DEAD.
 */
kern_return_t bootstrap_register(mach_port_t bp, const char *service_name, mach_port_t service);
kern_return_t bootstrap_register2(
	mach_port_t bp, const char *service_name, mach_port_t service, uint64_t flags);

/*
 * Declare a service, and get a send right to it at once; its receive right is for whoever checks in
 * later. The codes of bootstrap_check_in().
 */
kern_return_t bootstrap_create_service(
	mach_port_t bp, const char *service_name, mach_port_t *service);

/*
 * A new namespace below bp's. It ends, with all that is in it, when the requestor port dies; a task's
 * own port (mach_task_self()) does so when the task ends.
 *
 * BOOTSTRAP_NOT_PRIVILEGED: requestor is MACH_PORT_NULL. BOOTSTRAP_NO_MEMORY: a hundred levels deep.
 */
kern_return_t bootstrap_subset(
	mach_port_t bp, mach_port_t requestor_port, mach_port_t *subset_port);

/* Another send right to the same namespace: there are no unprivileged ports any more. */
kern_return_t bootstrap_unprivileged(mach_port_t bp, mach_port_t *unpriv_port);

/* The namespace above; the root's is itself. BOOTSTRAP_NOT_PRIVILEGED: the caller is not root. */
kern_return_t bootstrap_parent(mach_port_t bp, mach_port_t *parent_port);

/* The namespace at the top. BOOTSTRAP_NOT_PRIVILEGED as for bootstrap_parent(). */
kern_return_t bootstrap_get_root(mach_port_t bp, mach_port_t *root);

/* Whether a service's server has checked in: BOOTSTRAP_STATUS_*. Checks nothing in, unlike elsewhere.
 * BOOTSTRAP_UNKNOWN_SERVICE. */
kern_return_t bootstrap_status(
	mach_port_t bp, const char *service_name, bootstrap_status_t *service_active);

/*
 * The services of this namespace: names, the labels of their jobs, and their status. Three arrays of
 * the same length, each to be released with vm_deallocate().
 */
kern_return_t bootstrap_info(mach_port_t bp, name_array_t *service_names,
	mach_msg_type_number_t *service_namesCnt, name_array_t *service_jobs,
	mach_msg_type_number_t *service_jobsCnt, bootstrap_status_array_t *service_active,
	mach_msg_type_number_t *service_activeCnt, uint64_t flags);

/*
 * The namespaces below this one: ports, names, BOOTSTRAP_PROPERTY_*. All three arrays have the same
 * length and are to be released with vm_deallocate(), the rights one by one.
 * BOOTSTRAP_NO_CHILDREN: there are none. BOOTSTRAP_NOT_PRIVILEGED: the caller is neither root nor the
 * user whose server it is.
 */
kern_return_t bootstrap_lookup_children(mach_port_t bp, mach_port_array_t *child_ports,
	name_array_t *child_names, bootstrap_property_array_t *child_properties,
	mach_msg_type_number_t *child_count);

/* What a code means, in English; also for codes of mach_error(3). Never NULL. */
const char *bootstrap_strerror(kern_return_t r);

#ifdef __cplusplus
}
#endif

#endif
