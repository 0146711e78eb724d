/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a message in the program's memory to a Message: what each name and address in it stands for
 * is taken out of the space, in the order and with the failures of the original.
 *
 * The header's rights are checked together before either is taken, so that a bad header consumes
 * nothing. A bad descriptor destroys what was taken before it; what comes after stays.
 */
#pragma once

#include "port/message.h"
#include "port/right.h"
#include "port/types.h"

typedef struct Outgoing {
	Right dest; /* the destination right; RIGHT_NONE with `dest_port` for COPY_SEND */
	Port *dest_port; /* COPY_SEND: one reference */
	bool swallowed; /* a dead send-once right: the message goes nowhere, and that is fine */
	Message m; /* last: it ends in an array without a size */
} Outgoing;

/* Returns 0 or MACH_SEND_*. On failure there is nothing left to dispose of; after MACH_SEND_NO_BUFFER,
 * to which modifier bits may be added, all rights are the program's again: see copyin_return(). */
int copyin(mach_msg_header_t *header, mach_msg_size_t size, Outgoing *ret);

/* A send that failed after copy-in: everything goes back into the program's message, dispositions
 * now being MOVE_*. Returns modifier bits (MACH_MSG_IPC_SPACE ...) for what could not. */
int copyin_return(Outgoing *out, mach_msg_header_t *header);

/* A destination that was dead all along, seen only now: the simple message's reply right is given
 * up without a notification, for nothing was consumed. */
void copyin_undo_simple(Outgoing *out);

void outgoing_clear(Outgoing *out);
