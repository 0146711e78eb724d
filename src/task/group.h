/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups, as far as a control port brings one along: cgroup.freeze and cgroup.kill of a group
 * in which its task is alone. Whoever has these descriptors open can stop and end what is in the
 * group, whatever user he is.
 */
#pragma once

#include "port/types.h"

/* Opens the two files of this process's own group, if it is alone in it and may write them, into
 * ret_fds[0] and ret_fds[1], above stdio and close-on-exec. Returns how many that are: 2, or 0. */
unsigned group_open_own(int ret_fds[2]);

/* Whether a descriptor is that file of some group, and open for writing: whoever could open it so may
 * use it. Never blocks. */
bool group_is_file(int fd, const char *name);
