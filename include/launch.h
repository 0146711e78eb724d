/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a job asks of the launchd that has started it: the sockets that its launchd.plist(5) declares.
 */
#ifndef __LAUNCH_H__
#define __LAUNCH_H__

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The sockets that the calling job's property list declares under the key `name` of Sockets: launchd has
 * made them, and they are bound and listen (or are connected) already. There may be several under one
 * name, for the addresses that a host name has. Each name is handed over once in each run of the job.
 *
 * On success *fds is an array of *cnt descriptors, which the caller owns: close() each, free() the array.
 * They are close-on-exec. On failure *fds and *cnt are unchanged.
 *
 * Returns 0 or an error number:
 *	EINVAL		name, fds or cnt is NULL, or the name is empty or too long for one
 *	ENOENT		the job declares no socket of that name
 *	ESRCH		the calling process is no job, or not of the launchd that its bootstrap port leads to;
 *			a child of a job is none
 *	EALREADY	this run of the job has them already
 *	EMFILE, ENFILE	there are not enough descriptors; the sockets are lost for this run
 *	ENOMEM		no memory here or in launchd
 *	EIO		launchd gave an answer that makes no sense, or none
 */
int launch_activate_socket(const char *name, int **fds, size_t *cnt);

#ifdef __cplusplus
}
#endif

#endif
