/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BOOTSTRAP_CONTACT_H
#define PORTCULLIS_BOOTSTRAP_CONTACT_H

/*
 * A task that was born without a bootstrap port finds the server by its path: the user's
 * ($XDG_RUNTIME_DIR/portcullis/bootstrap), else the system's (/run/portcullis/bootstrap). The server
 * hands its port to whoever may have it, over the connection, and that is all that the path is for.
 *
 * A path can be anybody's. The peer must be root or our own user, as the kernel says.
 */

#include <stddef.h>

#include <mach/port.h>

#define CONTACT_SYSTEM_PATH "/run/portcullis/bootstrap"
/* Below $XDG_RUNTIME_DIR. */
#define CONTACT_USER_NAME "portcullis/bootstrap"
/* A server that does not answer is none. */
#define CONTACT_TIMEOUT_MS 5000

/* A send right for the caller. 0, or -errno: -ENOENT if there is no server, -EACCES if it will not
 * have us or is not to be believed, -ETIMEDOUT. */
int contact_server(mach_port_t *ret) __attribute__((__warn_unused_result__));

/* Where the user's server is. 0, -ENOENT: $XDG_RUNTIME_DIR is not set, or no absolute path;
 * -ENAMETOOLONG. */
int contact_user_path(char *path, size_t size) __attribute__((__warn_unused_result__));

/* The same with a given path; -ENAMETOOLONG if no socket can have it. The time is for all of it. */
int contact_path(const char *path, unsigned timeout_ms, mach_port_t *ret)
	__attribute__((__warn_unused_result__));

#endif
