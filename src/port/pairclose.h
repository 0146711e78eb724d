/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closing the end of a SEQPACKET pair whose other end a peer had in hand, on the hot path of every
 * RPC: no other thread is asked unless it must be.
 *
 * What can block is freeing a message that lies unread in the socket, for it may hold a descriptor
 * that blocks its closer. So the socket is shut for reading, after which nothing can be added, and
 * looked at: only an empty one is closed here.
 */
#pragma once

#include <stdbool.h>

/* Always returns -EBADF. */
int pair_close_consume(int fd);

/* While on, it is close() alone: in a fork child, whose descriptors are the parent's too. */
void pair_close_plainly(bool on);
