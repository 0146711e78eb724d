/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watcher: one thread, started when the first request about another process is armed, that
 * waits for what no thread of the program waits for: an epoch pipe that hangs up (no-senders),
 * one whose reader is gone (dead name), room in somebody's queue (send possible, or a lease's
 * TAKEOVER that found the queue full). All signals are blocked in it.
 *
 * POLLERR on a pipe is a prompt only, which a holder of the same uid can delay: ports with an
 * armed dead-name request are probed every WATCH_PROBE_MS too.
 */
#pragma once

#include "port/types.h"

#define WATCH_PROBE_MS 5000
#define WATCH_SUSPECT_MS 10
#define WATCH_SUSPECT_PROBES 100

typedef enum WatchKind {
	WATCH_NO_SENDERS,
	WATCH_DEAD,
	WATCH_ROOM,
	WATCH_TAKEOVER,
	WATCH_ONCE,
} WatchKind;

/* Watches for the event at a port; a second call for the same port and kind is free.
 * Returns 0, KERN_RESOURCE_SHORTAGE or -errno. */
int watch_port(Port *port, WatchKind kind);
int watch_lease(LeaseClient *lease);
/* A name with a request that stands for a send-once right of another process. */
int watch_once(SendOnce *once);

/* The port got, or is about to lose, an epoch pipe while no-senders is armed. */
int watch_new_pipe(Port *port);
void watch_forget_pipe(Port *port, int fd);

void watch_forget_port(Port *port);
void watch_forget_kind(Port *port, WatchKind kind);
void watch_forget_lease(LeaseClient *lease);
void watch_forget_once(SendOnce *once);

/* The watcher is to call request_watch_again() every WATCH_PROBE_MS, if it runs. */
void watch_again_later(void);

/* In a fork child. */
void watch_after_fork(void);
