/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_CONFINE_PORTS_H
#define PORTCULLIS_LAUNCHD_CONFINE_PORTS_H

/*
 * Where the ports of a confined job get their inodes.
 *
 * All processes of a user bind the sockets of their ports in one directory of /dev/shm, for an instant
 * each, and a process of that user that watches it could take an address there or put its own in its
 * place. So a confined job has a /dev/shm of its own: another directory of the same file system, since
 * receivers know addresses on that one for what they are. It has no other use for shared memory with
 * processes that are not confined with it.
 *
 * There is one directory for each label, made when it is first needed and removed with what is in it
 * when we end: what a job left running may go on using it. One thread.
 */

#include <sys/types.h>

#include "base/cleanup.h"

/* The directory's path, on the heap; NULL where there is no /dev/shm that one can write to, and then
 * ports are made elsewhere. 0 or -errno. */
int confine_ports_make(const char *label, uid_t uid, gid_t gid, char **ret) _warn_unused_;

void confine_ports_deinit(void);

#endif
