/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reply ports: one for each thread, made on first use, kept from call to call so that leases can be.
 * They go with their thread; a fork child makes its own.
 */
#include <mach/mig.h>

#include "port/api.h"

typedef struct ThreadPorts {
	PortName reply;
	PortName special_reply;
	uint32_t generation; /* of the task: names of another one are those of the parent */
	bool registered;
} ThreadPorts;

static _Thread_local ThreadPorts thread_ports;
static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;

static void destroy_receive(PortName name)
{
	if (MACH_PORT_VALID(name))
		(void)mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1);
}

static void thread_done(void *p)
{
	ThreadPorts *t = p;

	if (t->generation == task.generation) {
		destroy_receive(t->reply);
		destroy_receive(t->special_reply);
	}
	t->reply = t->special_reply = MACH_PORT_NULL;
}

static void make_key(void)
{
	(void)pthread_key_create(&thread_key, thread_done);
}

static ThreadPorts *thread_get(void)
{
	ThreadPorts *t = &thread_ports;

	if (likely(t->registered && t->generation == task.generation))
		return t;
	pthread_once(&thread_key_once, make_key);
	(void)pthread_setspecific(thread_key, t);
	*t = (ThreadPorts){.generation = task.generation, .registered = true};
	return t;
}

_public_ mach_port_name_t mach_reply_port(void)
{
	mach_port_options_t options = {.flags = MPO_REPLY_PORT};
	mach_port_name_t name = MACH_PORT_NULL;

	if (mach_port_construct(mach_task_self(), &options, 0, &name) != KERN_SUCCESS)
		return MACH_PORT_NULL;
	return name;
}

_public_ mach_port_t mig_get_reply_port(void)
{
	ThreadPorts *t = thread_get();

	if (t->reply == MACH_PORT_NULL)
		t->reply = mach_reply_port();
	return t->reply;
}

_public_ void mig_dealloc_reply_port(mach_port_t port)
{
	ThreadPorts *t = thread_get();

	/* A port of the caller's own making is the caller's. */
	if (port != t->reply)
		return;
	t->reply = MACH_PORT_NULL;
	destroy_receive(port);
}

_public_ void mig_put_reply_port(mach_port_t port)
{
	ThreadPorts *t = thread_get();

	if (t->reply == MACH_PORT_NULL)
		t->reply = port;
}

_public_ mach_port_name_t thread_get_special_reply_port(void)
{
	ThreadPorts *t = thread_get();

	if (t->special_reply == MACH_PORT_NULL)
		t->special_reply = mach_reply_port();
	return t->special_reply;
}
