/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody would try who holds a read port and wants to write.
 */
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include <stdbool.h>
#include <sys/types.h>

/* Tries all of it on a byte of `target` at `address`, with the descriptors of the read port taken
 * from under the library, and prints what came of each. True: the kernel refused every one. */
bool attempts_all_refused(pid_t target, void *address);

#endif
