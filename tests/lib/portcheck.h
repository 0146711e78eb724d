/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this process's name space, with all that hangs on it, in good order? For fuzz targets, torture
 * and unit tests that link the library's inside.
 *
 * What is checked at a moment at which no other thread is inside the library:
 *
 *	every name is legal, found under itself, and is of a kind that there can be
 *	user references are within their bounds; a name and its port, set or right know each other
 *	a port has as many references, send rights and send-once rights as can be counted: in names,
 *	in messages that wait (in messages in messages too), in leases and in the task's slots
 *	counters of queues, memberships and answers are what their lists say
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Takes the task's lock. False: `text` says what is wrong. */
bool portcheck(char *text, size_t size);

/* Names beyond those that every task has (itself, its host, its bootstrap port, its threads). */
unsigned portcheck_names(void);

/* How many ports of the library's own have a socket; a program that guesses their names can end them. */
unsigned portcheck_own_ports(void);

/* Destroys all of these, guarded ones too. */
void portcheck_clear(void);

/* How many descriptors are open once those that are on their way to be closed are. -1: they will not
 * close. */
int portcheck_fds(void);

/* Has the library open what it opens once and keeps, so that it is no leak later. */
void portcheck_warm_up(void);
