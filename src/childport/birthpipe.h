/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipe between a parent and its child, through which the server of a handshake tells its client
 * a token and the name of a service: 8 bytes of token, 4 bytes of length, the name without a NUL,
 * numbers as the machine has them. Whatever can be written to and read from will do: a pipe, or a
 * stream socket of which each side has shut one direction down.
 *
 * Nothing here waits, and no SIGPIPE is raised, whatever the program does with that signal. The
 * other end is believed nothing: the client reads no byte beyond the name, and refuses a name that
 * no server would choose.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <servers/bootstrap.h>

#include "base/cleanup.h"

/* The other end is closed. */
#define BIRTHPIPE_E_CLOSED 1
/* Reading: there is more to come. Writing: the pipe is full, as no new one is. */
#define BIRTHPIPE_E_AGAIN 2
/* Reading: that is no token and name. */
#define BIRTHPIPE_E_GARBAGE 3

typedef struct BirthPaper {
	uint64_t token;
	char name[BOOTSTRAP_MAX_NAME_LEN];
} BirthPaper;

/* A paper in the making: what has come so far. */
typedef struct BirthReader {
	uint8_t bytes[sizeof(uint64_t) + sizeof(uint32_t) + BOOTSTRAP_MAX_NAME_LEN];
	size_t n;
} BirthReader;

/* Both descriptors are the caller's. 0 or -errno. */
int birthpipe_make(int *ret_server, int *ret_client) _warn_unused_;

/* All of it at once, or nothing. 0, BIRTHPIPE_E_CLOSED, BIRTHPIPE_E_AGAIN or -errno. */
int birthpipe_write(int fd, const BirthPaper *paper) _warn_unused_;

/* Reads what is there. 0: *ret is complete; BIRTHPIPE_E_*; -errno. */
int birthpipe_read(int fd, BirthReader *reader, BirthPaper *ret) _warn_unused_;

/* Whether nobody has the end to read from any more. A socket whose peer has shut down its sending
 * side, as these have from the start, is not closed. */
bool birthpipe_is_closed(int fd);
