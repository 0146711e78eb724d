/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hold: what keeps the descriptors of a message open while a thread sends it without the lock.
 *
 * A send right lends its address and its end of the epoch pipe. The address lives as long as the port,
 * and the message has a reference on that. The end of the pipe may be closed by other threads: when
 * no-senders is asked for, or the port is found dead. Whoever is about to close one asks hold_keeps()
 * first; if somebody holds it, the last who does closes it instead.
 *
 * All of this under the task's lock. A hold belongs to the thread that sends, and lies on its stack.
 */
#pragma once

#include "base/list.h"
#include "port/types.h"

#define HOLD_SOME 4

typedef struct HoldPin {
	TAILQ_ENTRY(HoldPin) link;
	int fd;
	uid_t uid; /* on whose account it is closed, if it is */
	bool is_last; /* nobody but those who hold it has it any more */
} HoldPin;

typedef struct Hold {
	HoldPin some[HOLD_SOME];
	HoldPin *pins; /* NULL: none */
	uint32_t n_pins;
} Hold;

#define HOLD_INIT ((Hold){.pins = NULL})

/* Holds what an encoded message lends. Returns 0, -ENOMEM, or KERN_NOT_SUPPORTED: there is more in it
 * than send rights to ordinary ports, send-once rights and memory, and nothing is held. */
int hold_message(Hold *hold, const Message *m);

void hold_release(Hold *hold);

/* Asked by whoever is about to close an end of a pipe that it lends. True: it is not its to close any
 * more. */
bool hold_keeps(int fd, uid_t uid);

/* In a fork child: those who held have stayed in the parent. */
void hold_after_fork(void);
