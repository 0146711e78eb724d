/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mach_port: construction with options, contexts and guards. What is a guard violation elsewhere
 * (EXC_GUARD) is the return code alone here.
 */
#include "port/api.h"
#include "port/names.h"

#define MPO_KNOWN                                                                                  \
	(MPO_CONTEXT_AS_GUARD | MPO_QLIMIT | MPO_TEMPOWNER | MPO_IMPORTANCE_RECEIVER |             \
		MPO_INSERT_SEND_RIGHT | MPO_STRICT | MPO_DENAP_RECEIVER | MPO_IMMOVABLE_RECEIVE |  \
		MPO_FILTER_MSG | MPO_TG_BLOCK_TRACKING | MPO_SERVICE_PORT | MPO_CONNECTION_PORT |  \
		MPO_REPLY_PORT | MPO_ENFORCE_REPLY_PORT_SEMANTICS | MPO_PROVISIONAL_REPLY_PORT |   \
		MPO_EXCEPTION_PORT)

static bool at_most_one(uint32_t flags)
{
	return (flags & (flags - 1)) == 0;
}

static kern_return_t check_options(const mach_port_options_t *options)
{
	const uint32_t kinds = MPO_SERVICE_PORT | MPO_CONNECTION_PORT | MPO_TG_BLOCK_TRACKING;
	const uint32_t replies = MPO_REPLY_PORT | MPO_ENFORCE_REPLY_PORT_SEMANTICS |
				 MPO_PROVISIONAL_REPLY_PORT | MPO_EXCEPTION_PORT;

	if (options->flags & ~(uint32_t)MPO_KNOWN || !at_most_one(options->flags & kinds) ||
		!at_most_one(options->flags & replies))
		return KERN_INVALID_ARGUMENT;
	if (options->flags & MPO_QLIMIT && options->mpl.mpl_qlimit > MACH_PORT_QLIMIT_MAX)
		return KERN_INVALID_VALUE;
	/* A reply port has send-once rights only. */
	if (options->flags & MPO_REPLY_PORT && options->flags & MPO_INSERT_SEND_RIGHT)
		return KERN_INVALID_ARGUMENT;
	/* What a service port is is the bootstrap server's business, and there is none yet. */
	if (options->flags & (MPO_SERVICE_PORT | MPO_CONNECTION_PORT))
		return KERN_NOT_SUPPORTED;
	return KERN_SUCCESS;
}

static void apply_options(
	Port *port, const mach_port_options_t *options, mach_port_context_t context)
{
	port->context = context;
	if (options->flags & MPO_CONTEXT_AS_GUARD) {
		port->flags |= PORT_F_GUARDED;
		if (options->flags & MPO_STRICT)
			port->flags |= PORT_F_STRICT;
	}
	if (options->flags & MPO_QLIMIT)
		port->qlimit = (uint16_t)options->mpl.mpl_qlimit;
	if (options->flags & MPO_TEMPOWNER)
		port->flags |= PORT_F_TEMPOWNER;
	if (options->flags & MPO_IMPORTANCE_RECEIVER)
		port->flags |= PORT_F_IMPORTANCE;
	if (options->flags & MPO_IMMOVABLE_RECEIVE)
		port->flags |= PORT_F_IMMOVABLE;
	if (options->flags & MPO_REPLY_PORT)
		port->flags |= PORT_F_REPLY | PORT_F_IMMOVABLE;
}

_public_ kern_return_t mach_port_construct(ipc_space_t space, mach_port_options_ptr_t options,
	mach_port_context_t context, mach_port_name_t *name)
{
	Entry *entry;
	int r;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	if (!options)
		return KERN_INVALID_ARGUMENT;
	r = check_options(options);
	if (r)
		return r;
	task_lock();
	r = space_alloc(&entry);
	if (!r) {
		Port *port = port_new_local();

		if (port) {
			entry->type = ENTRY_RECEIVE;
			entry->port = port;
			port->name = entry->name;
			apply_options(port, options, context);
			if (options->flags & MPO_INSERT_SEND_RIGHT) {
				port_make_send(port);
				entry->type |= ENTRY_SEND;
				entry->urefs = 1;
			}
			*name = entry->name;
		} else {
			space_release(entry);
			r = KERN_RESOURCE_SHORTAGE;
		}
	}
	task_unlock();
	return api_code(r);
}

_public_ kern_return_t mach_port_destruct(ipc_space_t space, mach_port_name_t name,
	mach_port_delta_t srdelta, mach_port_context_t guard)
{
	int r;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	if (!MACH_PORT_VALID(name))
		return KERN_INVALID_NAME;
	task_lock();
	r = name_destruct(name, srdelta, guard);
	task_unlock();
	return api_code(r);
}

_public_ kern_return_t mach_port_get_context(
	ipc_space_read_t space, mach_port_name_t name, mach_port_context_t *context)
{
	kern_return_t r;
	Port *port;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = api_receive_right(name, KERN_INVALID_RIGHT, &port);
	/* A strict guard is a secret. */
	if (!r)
		*context = port->flags & PORT_F_STRICT ? 0 : port->context;
	task_unlock();
	return r;
}

_public_ kern_return_t mach_port_set_context(
	ipc_space_t space, mach_port_name_t name, mach_port_context_t context)
{
	kern_return_t r;
	Port *port;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = api_receive_right(name, KERN_INVALID_RIGHT, &port);
	if (!r && port->flags & PORT_F_STRICT)
		r = KERN_INVALID_ARGUMENT;
	if (!r)
		port->context = context;
	task_unlock();
	return r;
}

static kern_return_t guard_port(Port *port, mach_port_context_t guard, uint64_t flags)
{
	if (port->flags & PORT_F_GUARDED || port->context != 0)
		return KERN_INVALID_ARGUMENT;
	/* Port-destroyed would move it. */
	if (flags & MPG_IMMOVABLE_RECEIVE && port->extra &&
		port->extra->pdrequest.kind != RIGHT_NONE)
		return KERN_INVALID_CAPABILITY;
	port->context = guard;
	port->flags |= PORT_F_GUARDED;
	if (flags & MPG_STRICT)
		port->flags |= PORT_F_STRICT;
	if (flags & MPG_IMMOVABLE_RECEIVE)
		port->flags |= PORT_F_IMMOVABLE;
	return KERN_SUCCESS;
}

_public_ kern_return_t mach_port_guard_with_flags(
	ipc_space_t space, mach_port_name_t name, mach_port_context_t guard, uint64_t flags)
{
	kern_return_t r;
	Port *port;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = api_receive_right(name, KERN_INVALID_NAME, &port);
	if (!r)
		r = guard_port(port, guard, flags);
	task_unlock();
	return r;
}

_public_ kern_return_t mach_port_guard(
	ipc_space_t space, mach_port_name_t name, mach_port_context_t guard, boolean_t strict)
{
	return mach_port_guard_with_flags(space, name, guard, strict ? MPG_STRICT : 0);
}

_public_ kern_return_t mach_port_unguard(
	ipc_space_t space, mach_port_name_t name, mach_port_context_t guard)
{
	kern_return_t r;
	Port *port;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = api_receive_right(name, KERN_INVALID_NAME, &port);
	if (!r && (!(port->flags & PORT_F_GUARDED) || port->context != guard))
		r = KERN_INVALID_ARGUMENT;
	if (!r) {
		port->context = 0;
		port->flags &= (uint16_t) ~(PORT_F_GUARDED | PORT_F_STRICT);
	}
	task_unlock();
	return r;
}

_public_ kern_return_t mach_port_swap_guard(ipc_space_t space, mach_port_name_t name,
	mach_port_context_t old_guard, mach_port_context_t new_guard)
{
	kern_return_t r;
	Port *port;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = api_receive_right(name, KERN_INVALID_NAME, &port);
	if (!r && (!(port->flags & PORT_F_GUARDED) || port->flags & PORT_F_STRICT ||
			  port->context != old_guard))
		r = KERN_INVALID_ARGUMENT;
	if (!r)
		port->context = new_guard;
	task_unlock();
	return r;
}
