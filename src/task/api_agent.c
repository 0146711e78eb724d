/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends of idl/agent.defs. The server's routines do what the public ones do on this very task; a
 * right that came in a request is theirs when they succeed, and the server loop's when they fail.
 */
#include <signal.h>
#include <unistd.h>

#include <mach/mach_vm.h>

#include "agent_server.h"
#include "agent_user.h"
#include "port/api.h"
#include "port/names.h"
#include "task/agent.h"
#include "task/agentcall.h"

/* Room for a write that fits inline; larger ones come out of line. */
#define REQUEST_MAX 4096

void agent_serve(PortName port)
{
	for (;;) {
		/* It ends when the port dies, which only exec and exit do; anything else is tried
		 * again, as nobody would serve the right that others hold. */
		kern_return_t kr = mach_msg_server(agent_server, REQUEST_MAX, port, 0);

		if (kr == MACH_RCV_PORT_DIED || kr == MACH_RCV_INVALID_NAME ||
			kr == MACH_RCV_PORT_CHANGED)
			return;
	}
}

int agent_call_code(TaskRef *ref, int r)
{
	if (r == MACH_SEND_INVALID_DEST || r == MIG_SERVER_DIED) {
		(void)task_ref_is_dead(ref);
		return MACH_SEND_INVALID_DEST;
	}
	if (r == MACH_RCV_TIMED_OUT || r == MACH_SEND_TIMED_OUT)
		return KERN_OPERATION_TIMED_OUT;
	/* The target's routines give codes of the kernel's; whatever else it says is no code. */
	if (r < 0 || (r > KERN_RETURN_MAX && r != MACH_SEND_INVALID_RIGHT))
		return KERN_FAILURE;
	return r;
}

int agent_call_read_port(TaskRef *ref, Right *ret)
{
	mach_port_t agent, port = MACH_PORT_NULL;
	int r;

	r = task_ref_agent(ref, &agent);
	if (!r)
		r = agent_call_code(ref, agent_get_special_port(agent, TASK_READ_PORT, &port));
	if (r)
		return r;
	task_lock();
	r = right_copyin(port, MACH_MSG_TYPE_MOVE_SEND, ret);
	task_unlock();
	return r ? KERN_FAILURE : 0;
}

/* The rights of a request that was carried out are not needed any more. */
static kern_return_t done_with(kern_return_t kr, mach_port_t port)
{
	if (kr == KERN_SUCCESS && MACH_PORT_VALID(port))
		(void)mach_port_deallocate(mach_task_self(), port);
	return kr;
}

kern_return_t agent_do_get_special_port(mach_port_t agent, int32_t which, mach_port_t *port)
{
	return task_get_special_port(mach_task_self(), which, port);
}

kern_return_t agent_do_set_special_port(mach_port_t agent, int32_t which, agent_port_t port)
{
	return done_with(task_set_special_port(mach_task_self(), which, port), port);
}

kern_return_t agent_do_ports_register(mach_port_t agent, uint32_t count, agent_port_t first,
	agent_port_t second, agent_port_t third)
{
	mach_port_t ports[TASK_PORT_REGISTER_MAX] = {first, second, third};
	kern_return_t kr = mach_ports_register(mach_task_self(), ports, count);

	for (unsigned i = 0; i < TASK_PORT_REGISTER_MAX; i++)
		(void)done_with(kr, ports[i]);
	return kr;
}

kern_return_t agent_do_ports_lookup(
	mach_port_t agent, mach_port_t *first, mach_port_t *second, mach_port_t *third)
{
	mach_msg_type_number_t count = 0;
	mach_port_array_t ports = NULL;
	kern_return_t kr;

	kr = mach_ports_lookup(mach_task_self(), &ports, &count);
	if (kr)
		return kr;
	*first = ports[0];
	*second = ports[1];
	*third = ports[2];
	return vm_deallocate(mach_task_self(), (vm_address_t)ports, count * sizeof(*ports));
}

kern_return_t agent_do_vm_allocate(
	mach_port_t agent, agent_address_t *address, agent_size_t size, int32_t flags)
{
	return mach_vm_allocate(mach_task_self(), address, size, flags);
}

kern_return_t agent_do_vm_deallocate(mach_port_t agent, agent_address_t address, agent_size_t size)
{
	return mach_vm_deallocate(mach_task_self(), address, size);
}

kern_return_t agent_do_vm_protect(mach_port_t agent, agent_address_t address, agent_size_t size,
	int32_t set_maximum, int32_t protection)
{
	return mach_vm_protect(mach_task_self(), address, size, (boolean_t)set_maximum, protection);
}

kern_return_t agent_do_vm_inherit(
	mach_port_t agent, agent_address_t address, agent_size_t size, uint32_t inheritance)
{
	return mach_vm_inherit(mach_task_self(), address, size, inheritance);
}

kern_return_t agent_do_vm_write(
	mach_port_t agent, agent_address_t address, agent_data_t data, mach_msg_type_number_t size)
{
	kern_return_t kr = mach_vm_write(
		mach_task_self(), address, (vm_offset_t)(uintptr_t)data, size);

	if (kr == KERN_SUCCESS)
		(void)vm_deallocate(mach_task_self(), (vm_address_t)(uintptr_t)data, size);
	return kr;
}

kern_return_t agent_do_terminate(mach_port_t agent)
{
	(void)kill(getpid(), SIGKILL);
	return MIG_NO_REPLY;
}

kern_return_t agent_do_semaphore_create(
	mach_port_t agent, int32_t policy, int32_t value, mach_port_t *semaphore)
{
	return semaphore_create(mach_task_self(), semaphore, policy, value);
}

kern_return_t agent_do_port_names(mach_port_t agent, agent_names_t *names,
	mach_msg_type_number_t *n_names, agent_names_t *kinds, mach_msg_type_number_t *n_kinds)
{
	return mach_port_names(mach_task_self(), names, n_names, kinds, n_kinds);
}

kern_return_t agent_do_port_type(mach_port_t agent, uint32_t name, uint32_t *kind)
{
	return mach_port_type(mach_task_self(), name, kind);
}

kern_return_t agent_do_port_get_refs(
	mach_port_t agent, uint32_t name, uint32_t right, uint32_t *refs)
{
	return mach_port_get_refs(mach_task_self(), name, right, refs);
}

kern_return_t agent_do_port_allocate(mach_port_t agent, uint32_t right, uint32_t *name)
{
	return mach_port_allocate(mach_task_self(), right, name);
}

kern_return_t agent_do_port_deallocate(mach_port_t agent, uint32_t name)
{
	return mach_port_deallocate(mach_task_self(), name);
}

kern_return_t agent_do_port_destroy(mach_port_t agent, uint32_t name)
{
	return mach_port_destroy(mach_task_self(), name);
}

kern_return_t agent_do_port_mod_refs(
	mach_port_t agent, uint32_t name, uint32_t right, int32_t delta)
{
	return mach_port_mod_refs(mach_task_self(), name, right, delta);
}

/* The right has got a name here as it came, which it loses again with its only reference. */
kern_return_t agent_do_port_insert_right(
	mach_port_t agent, uint32_t name, mach_port_t right, mach_msg_type_name_t kind)
{
	return mach_port_insert_right(mach_task_self(), name, right, kind);
}

kern_return_t agent_do_port_extract_right(mach_port_t agent, uint32_t name, uint32_t disposition,
	mach_port_t *right, mach_msg_type_name_t *kind)
{
	return mach_port_extract_right(mach_task_self(), name, disposition, right, kind);
}

kern_return_t agent_do_vm_map(mach_port_t agent, agent_address_t *address, agent_size_t size,
	agent_address_t mask, int32_t flags, agent_port_t object, agent_address_t offset,
	int32_t copy, int32_t protection, int32_t maximum, uint32_t inheritance)
{
	kern_return_t kr = mach_vm_map(mach_task_self(), address, size, mask, flags, object, offset,
		(boolean_t)copy, protection, maximum, inheritance);

	return done_with(kr, object);
}

kern_return_t agent_do_vm_page_query(
	mach_port_t agent, agent_address_t offset, int32_t *disposition, int32_t *ref_count)
{
	return mach_vm_page_query(mach_task_self(), offset, disposition, ref_count);
}
