/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_LISTENER_H
#define PORTCULLIS_LAUNCHD_LISTENER_H

/*
 * The server's path: a SEQPACKET socket, over which whoever connects is given the bootstrap port, and
 * nothing else is ever said. Nothing is read from a connection, and no connection is kept.
 *
 * Who may connect is decided by file permissions, and once more by what the kernel says of the peer:
 * root, and in a user's domain that user. Guests (guest.h) get nothing.
 */

#include "launchd/server.h"

typedef struct Listener Listener;

/* At a path, whose folder is made if it is not there (0700, or 0755 for all users). Another server there
 * that answers: -EADDRINUSE; one that is gone leaves its path to us. anybody: any user may connect. */
int listener_new(const char *path, bool anybody, Listener **ret) _warn_unused_;
/* On a socket that somebody else bound and listens at (socket activation). Takes it on success.
 * -EPROTOTYPE: it is none, or of another kind. */
int listener_new_fd_take(int fd, bool anybody, Listener **ret) _warn_unused_;
/* Removes the path that it made. */
Listener *listener_free(Listener *listener);

#endif
