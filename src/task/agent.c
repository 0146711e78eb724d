/* SPDX-License-Identifier: Apache-2.0 */
#include "task/agent.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "port/names.h"
#include "port/port.h"
#include "port/space.h"
#include "port/task.h"

static PortName agent_name; /* of the receive right; 0 until there is a thread */
static bool hooked;

static void after_fork(void)
{
	agent_name = MACH_PORT_NULL;
}

static void *agent_thread(void *arg)
{
	agent_serve((PortName)(uintptr_t)arg);
	return NULL;
}

static int start_thread(PortName name)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, &attr, agent_thread, (void *)(uintptr_t)name);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}

static int make_port(PortName *ret)
{
	Right right = {.kind = RIGHT_RECEIVE};
	int r;

	right.port = port_new_local();
	if (!right.port)
		return -ENOMEM;
	r = right_copyout(&right, ret);
	if (r) {
		right_drop(&right);
		return -ENOMEM;
	}
	space_find_raw(*ret)->flags |= ENTRY_F_HIDDEN;
	return 0;
}

int agent_start(Right *ret)
{
	PortName name = MACH_PORT_NULL;
	Port *port;
	int r;

	if (!agent_name) {
		r = make_port(&name);
		if (r)
			return r;
		r = start_thread(name);
		if (r) {
			(void)name_destroy(name);
			return r;
		}
		if (!hooked)
			task_at_fork(after_fork);
		hooked = true;
		agent_name = name;
	}
	port = space_find_raw(agent_name)->port;
	port_make_send(port);
	*ret = (Right){.kind = RIGHT_SEND, .port = port_ref(port)};
	return 0;
}
