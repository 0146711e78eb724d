/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "port/types.h"

/* What an audit token calls pidversion: the low half of the pidfd's inode number, which no other
 * process since boot has had. It does not change on exec: see audit_token_to_pidversion(3). */
uint32_t pidversion_of(int pidfd);
uint32_t pidversion_self(void);

/* That of the process that made the pair which this end is of, if it is `pid` and alive; else 0. The
 * caller knows that it is an AF_UNIX socket. */
uint32_t pidversion_of_maker(int fd, pid_t pid);
