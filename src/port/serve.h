/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What launchd needs beyond the public calls, having ports by the ten thousand and one thread for all
 * of them:
 *
 * - a wait for a message that other things end too, so that nothing else is asked on the way to one;
 * - the socket of a port, to wait for a first message without taking it, and without the descriptors
 *   that a port set or an event loop of the port's own would cost;
 * - a port that gives its descriptors back when nobody is left who could send to it;
 * - who sent a request, without a descriptor for each message.
 *
 * Who asked. SO_PASSPIDFD makes a pidfd with each message, which costs more than the rest of its way.
 * A request, however, brings the far end of a pair for its answer, or a number on a lease that began
 * with one, and of a pair the kernel remembers who made it (SO_PEERPIDFD, which nobody can forge). If
 * that process is alive, and its pid is the one that the kernel has put on the message, then it has had
 * that pid since before the message was sent: it is the sender. That is found out once for each lease.
 * What comes without a pair, or with one that somebody else has made, is from nobody (pidversion 0).
 *
 * Each of these takes the task's lock.
 */
#pragma once

#include "port/types.h"

/* A receive from the port set with MACH_RCV_INTERRUPT returns MACH_RCV_INTERRUPTED when `fd` is
 * readable, which is not looked at any further. The descriptor stays the caller's, and open for as long
 * as the set is there. 0 or -errno. */
int serve_watch(PortName set, int fd);

/* The socket behind a receive right, which is made if there is none yet: borrowed, good until the right
 * leaves its name or serve_conceal(), and readable when something has come, or not for
 * long: the port is not to be in a set or waited at meanwhile. 0 or -errno. */
int serve_expose(PortName name, int *ret_sock);

/* Whether nothing is queued at a receive right and nobody else may send to it. To know that, our own
 * write end of its epoch pipe is closed, which is done behind our back: who asks for the first time is
 * told no, and is to ask again a little later. */
bool serve_is_idle(PortName name);

/* Gives up the descriptors of a receive right that is idle; whoever watched its socket does not any
 * more. */
void serve_conceal(PortName name);

/* For whoever serves what somebody else has served before, and has just been given the receive right: waits,
 * a moment at most, until the clients whose requests are in its queue have noticed. See takeover.h. */
void serve_await_clients(PortName name);

/* Audit trailers of requests to this port say what the reply right proves, for the life of the receive
 * right in this task. Of a port set: a receive from it asks none of its ports for pidfds, so that it is
 * of such ports only. 0 or -EINVAL. */
int serve_identify_by_reply(PortName name);
