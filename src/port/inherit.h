/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a child gets from its parent: the bootstrap port and the registered ports, over fork and over
 * exec alike.
 *
 * They are kept as a block: a sealed memfd that says what they are, and two descriptors for each
 * (address and pipe end), all without close-on-exec. PORTCULLIS_PORTS=<memfd>:<cookie> in the
 * environment names it; the cookie is in the memfd too, so that a number that means something
 * else by now is not taken for it. A forked child reads its block as a new program image does.
 */
#pragma once

#include "base/pidref.h"
#include "port/types.h"

#define INHERIT_VARIABLE "PORTCULLIS_PORTS"

/* Makes the block anew from task.slots, after one of them changed. With the lock. Returns 0,
 * KERN_RESOURCE_SHORTAGE, or KERN_INVALID_ARGUMENT: a right among them cannot be inherited. */
int inherit_publish(void);

/* Fills task.slots from the block that the environment names. With the lock. */
void inherit_import(void);

/* The same in a fork child, from the block that this process has. */
void inherit_reimport(void);

/* How many descriptors a block has at most. */
#define INHERIT_FDS_MAX 16

/* The descriptors that a new program image must have, at the same numbers, for the variable to mean
 * something: for whoever starts programs and closes everything else. Borrowed; at most
 * INHERIT_FDS_MAX. With the lock. Returns how many. */
unsigned inherit_list(int *ret);

/*
 * The bootstrap port that the children of another process would get, under a name with one more user
 * reference. Nobody gives it to us: descriptors are taken out of the process, by the kernel's leave, which is
 * the one that a debugger needs. So it is for who could have all that the process has anyway. What the
 * descriptors are is up to the process, and who answers at the port. Takes the lock.
 *
 * 0; KERN_FAILURE: it has none; KERN_NO_ACCESS: the kernel does not let us; KERN_TERMINATED: the process is
 * gone; KERN_RESOURCE_SHORTAGE.
 */
int inherit_dup_bootstrap(const PidRef *process, PortName *ret);
