/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: a thread of the target that does what no descriptor lets another process do, for whoever
 * holds the task's control port. It is started when the control port leaves the process for the first
 * time, and never ends; its port has a name here that no routine lists. A send right to that port is
 * the companion of the control port: nobody else has one.
 *
 * Requests are served one after the other, by routines on the task itself (idl/agent.defs), so that
 * they can do what the task could do and nothing else. All signals are blocked in the thread.
 */
#pragma once

#include "port/right.h"

/* A send right to the agent's port; starts it. With the lock. Returns 0 or -errno. */
int agent_start(Right *ret);

/* Serves requests on that port, and does not return: the body of the thread, in api_agent.c. */
void agent_serve(PortName port);
