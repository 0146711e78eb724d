/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <launch.h>: one call of idl/job.defs, to the server that the task's bootstrap port leads to. Sockets
 * come as fileports; here they become the caller's descriptors. Any thread; no state.
 */
#include <errno.h>
#include <launch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fileport.h>
#include <unistd.h>

#include <mach/mach.h>
#include <mach/mig_errors.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "job_user.h"

typedef struct Sockets {
	job_ports_t ports; /* out of line */
	mach_msg_type_number_t n;
} Sockets;

static void sockets_done(Sockets *s)
{
	for (mach_msg_type_number_t i = 0; i < s->n; i++) {
		if (MACH_PORT_VALID(s->ports[i]))
			(void)mach_port_deallocate(mach_task_self(), s->ports[i]);
	}
	if (s->n > 0)
		(void)vm_deallocate(
			mach_task_self(), (vm_address_t)s->ports, s->n * sizeof(mach_port_t));
}
#define _cleanup_sockets_ _cleanup_(sockets_done)

static int error_of(kern_return_t kr)
{
	switch (kr) {
	case JOB_NO_SOCKET:
		return ENOENT;
	case JOB_ALREADY:
		return EALREADY;
	case BOOTSTRAP_NO_MEMORY:
	case KERN_RESOURCE_SHORTAGE:
	case MACH_SEND_NO_BUFFER:
		return ENOMEM;
	/* Nobody is there, or a server that has no jobs, or does not know us as one. */
	case MACH_SEND_INVALID_DEST:
	case MIG_BAD_ID:
	case BOOTSTRAP_NOT_PRIVILEGED:
	case JOB_UNKNOWN:
	case JOB_NOT_RUNNING:
		return ESRCH;
	default:
		return EIO;
	}
}

/* All of them, or none. 0 or an error number. */
static int open_all(const Sockets *s, int *fds)
{
	for (mach_msg_type_number_t i = 0; i < s->n; i++) {
		fds[i] = fileport_makefd(s->ports[i]);
		if (fds[i] < 0) {
			int error = errno == EINVAL ? EIO : errno;

			while (i > 0)
				(void)fd_close(fds[--i]);
			return error;
		}
	}
	return 0;
}

_public_ int launch_activate_socket(const char *name, int **fds, size_t *cnt)
{
	_cleanup_sockets_ Sockets s = {.n = 0};
	_cleanup_free_ int *list = NULL;
	job_label_t text = "";
	kern_return_t kr;
	int error;

	if (!name || !*name || !fds || !cnt || strnlen(name, sizeof(text)) == sizeof(text))
		return EINVAL;
	(void)mig_strncpy(text, name, sizeof(text));
	/* Without a server of ours we are nobody's job; another's would not know us. */
	if (!MACH_PORT_VALID(bootstrap_port))
		return ESRCH;
	kr = job_mig_activate_socket(bootstrap_port, text, &s.ports, &s.n);
	if (kr != KERN_SUCCESS) {
		s.n = 0;
		return error_of(kr);
	}
	list = calloc(s.n ? s.n : 1, sizeof(*list));
	if (!list)
		return ENOMEM;
	error = open_all(&s, list);
	if (error)
		return error;
	*fds = TAKE_PTR(list);
	*cnt = s.n;
	return 0;
}
