/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As whom this process sends. By itself the kernel names the real user and group of a sender; a
 * process whose effective ones are others says so in each message, and the kernel checks it.
 *
 * Asking the kernel for each message who we are would cost a tenth of a small one. So whether the ids
 * differ is looked at when the library is loaded and in each fork child, once: nobody else ever asks.
 * In a set-user-ID program and in the child of one that has changed its effective ids they did then,
 * and each message has what is true when it is sent. A process that was born with one identity, and
 * takes on another one later, goes on being known by its real one.
 */
#pragma once

#include <stddef.h>
#include <sys/socket.h>

#include "port/types.h"

#define CREDS_SPACE CMSG_SPACE(sizeof(struct ucred))

/* At the start and in a fork child. */
void creds_begin(void);

/* Writes a control message to the beginning of a buffer that is aligned for one, if one is needed.
 * Returns how long it is: CREDS_SPACE or 0. */
size_t creds_put(void *control);

/* Whether the above is needed. */
bool creds_are_told(void);

/* What a message to ourselves is from. */
void creds_of_self(uid_t *ret_uid, gid_t *ret_gid);
