/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams in: from a port's socket, from the near end of a send-once right, from the carriers of
 * a receive right that moved here. What a peer sends and does not fit is dropped, counted and
 * logged with who sent it; the port goes on.
 */
#pragma once

#include "base/sockmsg.h"
#include "port/message.h"
#include "port/types.h"

typedef enum PullResult {
	PULL_MESSAGE, /* *m is a message; it may borrow from the buffer */
	PULL_NOTHING, /* something was read that is no message: look again */
	PULL_EMPTY, /* nothing is there */
} PullResult;

/* Room for the largest datagram. One for each thread, made on first use; NULL: no memory. */
uint8_t *pull_buffer(void);

/* One recvmsg into a buffer of pull_buffer()'s size. Needs no lock. 0 or -errno. */
int pull_recv(int fd, uint8_t *buffer, SockMsg *sm, int flags);

/* Makes sense of what pull_recv() got. Consumes what sm holds. Called with the lock. An answer may
 * be gone afterwards. */
PullResult pull_socket_datagram(Port *port, const uint8_t *buffer, SockMsg *sm, Message *m);
PullResult pull_answer_datagram(Answer *answer, const uint8_t *buffer, SockMsg *sm, Message *m);

/* Both at once, without blocking. */
PullResult pull_socket(Port *port, uint8_t *buffer, Message *m);
PullResult pull_answer(Answer *answer, uint8_t *buffer, Message *m);

/* The next message as a heap object, or NULL when there is none. */
Message *pull_socket_heap(Port *port);
Message *pull_backlog(Port *port);
void pull_forget_backlog(Port *port);

/* Reads and destroys all that is in a socket which was shut before. */
void pull_discard(int sock, Port *port);

/* Before a receive. Where descriptors are short, those that nobody has any more are closed first: for
 * what finds no room the kernel drops, and the message says so. It is received all the same: a message
 * that stayed in the queue would be looked at for ever by those who wait for it. */
void pull_make_slots(void);

void pull_after_fork(void);
