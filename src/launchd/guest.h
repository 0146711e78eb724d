/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_GUEST_H
#define PORTCULLIS_LAUNCHD_GUEST_H

/*
 * Guests: the mount namespaces that were made for confined jobs, and who lives in one.
 *
 * A namespace is known by the number that the kernel never gives out twice (NS_GET_MNTNS_ID), and is
 * remembered for longer than its job runs: what a job left behind is still a guest. The child of the job
 * writes the number into memory that it shares with us, before it becomes the program of the job; so
 * whatever a guest does, its number is there already, and nobody waits for anybody.
 *
 * A process is asked for by pidfd, and the pidfd for the namespace: no pid is looked at in between that
 * could have become another's. What cannot be told counts as a guest: also a process that is gone, since
 * others may have what was its. Only of a process that is not dumpable, about which who is not root may
 * not ask, the best is thought until there has been a guest.
 *
 * The last GUEST_MAX namespaces are remembered. One thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

#define GUEST_MAX 8192

/* A place for the number of a namespace that a child is about to make; the child writes it there.
 * Memory that children share. 0 or -errno. */
int guest_reserve(const char *label, uint64_t **ret) _warn_unused_;

/* In the child, system calls only: the number of the mount namespace that it is in. 0 or -errno. */
int guest_read_own_id(uint64_t *ret) _warn_unused_;

/* Whether the peer of a connection may not have a bootstrap port: it lives in a namespace that is a
 * guest's, or in another user namespace than we do, where a guest could be that another server made.
 * *ret_label: of the job if it is known, else NULL; borrowed until the next call of guest_reserve(). */
bool guest_is_peer(int socket_fd, const char **ret_label);

/* Whether the process that sent a request is a guest. @version: the low half of its PidRef.id. */
bool guest_is_process(pid_t pid, uint32_t version);

/* Forget all of them. */
void guest_deinit(void);

#endif
