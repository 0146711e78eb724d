/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answer: the near end of a send-once right that is held by another process. What is read
 * from it is the one message that the right brings; end of file before that is the kernel's
 * word that the right died, and becomes the send-once notification.
 */
#pragma once

#include "base/list.h"
#include "port/source.h"
#include "port/types.h"

struct Answer {
	TAILQ_ENTRY(Answer) link;
	Port *port; /* borrowed: the port owns its answers */
	LeaseClient *lease; /* the lease whose current request this is; NULL: general form */
	int fd; /* owned, but by the lease where there is one */
	bool linked;
	bool foreign; /* came with a receive right: its last owner may have kept a duplicate */
	uint64_t serial; /* which one it is, for threads that let go of the lock */
	Source source;
};

/* A SEQPACKET pair whose near end reports credentials. Returns 0 or -errno. */
int answer_pair(int *ret_near, int *ret_far);

/* Makes a pair: the near end becomes an answer of the port (sorights is the caller's), the far
 * end is the caller's. Returns 0, KERN_RESOURCE_SHORTAGE or -errno. */
int answer_make(Port *port, Answer **ret, int *ret_far);

/* An answer from a descriptor that came with a receive right. */
int answer_adopt_take(Port *port, int fd, Answer **ret);

/* Links an answer that is part of a lease. */
int answer_link(Answer *answer, Port *port);
void answer_unlink(Answer *answer);

/* The port's answer with this serial, if it is still there. */
Answer *answer_find(Port *port, uint64_t serial);

/* Unlinks, closes and frees. What was not read is destroyed here, never by close(). */
Answer *answer_free(Answer *answer);

/* The same in the general form, after its message, from that user, was read: nobody waits for the end of
 * it any more. It is cheaper to let the reaper close it then than to make sure that it is empty. */
Answer *answer_free_read(Answer *answer, uid_t uid);

/* Ends a recv() that another thread is blocked in; the send-once right dies by it. */
void answer_interrupt(Answer *answer);
