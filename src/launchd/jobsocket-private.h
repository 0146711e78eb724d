/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_JOBSOCKET_PRIVATE_H
#define PORTCULLIS_LAUNCHD_JOBSOCKET_PRIVATE_H

/* How each family of sockets is made. */

#include "launchd/jobsocket.h"
#include "launchd/refusal.h"

/* JOBSOCKET_E_REFUSED with "SOCKET: HOW WHAT: why", or -ENOMEM. */
int jobsocket_refuse_errno(const SpecSocket *spec, char **ret_problem, const char *how,
	const char *what, int error) _warn_unused_;

/* Fill the rest of @socket, whose spec is set. */
int jobsocket_open_unix(JobSocket *socket, const char *directory, char **ret_problem) _warn_unused_;
int jobsocket_open_inet(JobSocket *socket, char **ret_problem) _warn_unused_;
/* Remove what it left in the file system. */
void jobsocket_close_unix(JobSocket *socket);

#endif
