/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source: a descriptor that says when a port may have a message. A port has one for its
 * socket, one for each answer it waits for, one for its local queue. Each is in the epoll
 * set of its port, where there is one, and in that of every set that the port is in.
 *
 * epoll keeps reporting a description that others still hold after our descriptor is closed,
 * so a source is always taken out before its descriptor is closed or passed on; and what an
 * event names is an id, never a pointer, so that an event that was already on its way to a
 * thread finds nothing rather than a freed object.
 */
#pragma once

#include "base/hash.h"
#include "port/types.h"

/* The id of what is no source, but ends a wait for one: see serve.h. */
#define SOURCE_NONE 0

typedef enum SourceKind {
	SOURCE_SOCKET,
	SOURCE_ANSWER,
	SOURCE_EVENT, /* the local queue of a port or set */
} SourceKind;

struct Source {
	uint64_t id; /* SOURCE_NONE: not registered */
	SourceKind kind;
	int fd; /* borrowed */
	Port *port; /* borrowed; NULL for the event of a set */
	Answer *answer; /* SOURCE_ANSWER */
	UT_hash_handle hh;
};

#define SOURCE_INIT(k, f, p) ((Source){.kind = (k), .fd = (f), .port = (p)})

/* Registers the source and adds it to epoll_fd. Returns 0 or -errno. */
int source_add(Source *source, int epoll_fd);

/* Takes it out of one epoll set. */
void source_remove(Source *source, int epoll_fd);

/* Takes it out of the registry and of every epoll set that its port belongs to. */
void source_deinit(Source *source);

Source *source_find(uint64_t id);

/* Adds a source that has just come into being to all epoll sets that its port belongs to. */
int source_publish(Source *source);

/* The same for the socket of a port, if anybody watches it. */
int source_publish_socket(Port *port);

/* source_deinit() and free(); NULL is allowed. */
Source *source_free(Source *source);

/* Adds all sources of a port to an epoll set, or takes them out. */
int source_add_port(Port *port, int epoll_fd);
void source_remove_port(Port *port, int epoll_fd);
