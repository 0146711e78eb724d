/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_CGROUP_H
#define PORTCULLIS_BASE_CGROUP_H

/*
 * Where control groups of version 2 are, and which one this process is in. The hierarchy is looked for
 * where it is mounted by custom: by itself, or beside those of version 1.
 *
 * Stateless, hence thread-safe. Nothing here blocks: it is the kernel's own file system.
 */

#include "base/cleanup.h"

/* The directory under which the groups are; NULL: nowhere. */
const char *cgroup_find_place(void);

/* The directory of the group that this process is in, close-on-exec and above stdio. It may be the
 * root of all groups, which has neither cgroup.freeze nor cgroup.kill. Returns the descriptor, or
 * -errno: -ENOENT if it cannot be seen from here. */
int cgroup_open_own(void) _warn_unused_;

#endif
