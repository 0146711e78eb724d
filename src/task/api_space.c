/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name space of another task, by its control port: its agent does the same to it as the task would.
 * What the agent may be asked is what it can do without knowing more than a name; all other routines
 * of <mach/mach_port.h> are for one's own space.
 */
#include "agent_user.h"
#include "port/api.h"
#include "task/agentcall.h"
#include "task/taskref.h"

static int open_other(task_t space, TaskRef *ref, mach_port_t *agent)
{
	int r;

	if (!MACH_PORT_VALID(space))
		return KERN_INVALID_TASK;
	r = task_ref_get(space, TASK_IS_CONTROL, ref);
	if (r)
		return r == KERN_INVALID_ARGUMENT ? KERN_INVALID_TASK : r;
	/* Own by another name there is none: the own control port is told apart before. */
	r = ref->is_self ? KERN_INVALID_TASK : task_ref_agent(ref, agent);
	if (r)
		task_ref_done(ref);
	return r;
}

static kern_return_t close_other(TaskRef *ref, kern_return_t kr)
{
	/* The agent's name is still there, so that the port can be asked whether it is dead. */
	kr = agent_call_code(ref, kr);
	task_ref_done(ref);
	return kr;
}

#define ASK_OTHER(space, stub, ...)                                                                \
	({                                                                                         \
		mach_port_t agent_ = MACH_PORT_NULL;                                               \
		TaskRef ref_ = {.port = NULL};                                                     \
		kern_return_t kr_ = open_other((space), &ref_, &agent_);                           \
		kr_ == KERN_SUCCESS ? close_other(&ref_, stub(agent_, __VA_ARGS__)) : kr_;         \
	})

static kern_return_t other_names(ipc_space_t space, mach_port_name_array_t *names,
	mach_msg_type_number_t *n_names, mach_port_type_array_t *types,
	mach_msg_type_number_t *n_types)
{
	return ASK_OTHER(space, agent_port_names, names, n_names, types, n_types);
}

static kern_return_t other_type(ipc_space_t space, mach_port_name_t name, mach_port_type_t *type)
{
	return ASK_OTHER(space, agent_port_type, name, type);
}

static kern_return_t other_allocate(
	ipc_space_t space, mach_port_right_t right, mach_port_name_t *name)
{
	return ASK_OTHER(space, agent_port_allocate, right, name);
}

static kern_return_t other_deallocate(ipc_space_t space, mach_port_name_t name)
{
	return ASK_OTHER(space, agent_port_deallocate, name);
}

static kern_return_t other_destroy(ipc_space_t space, mach_port_name_t name)
{
	return ASK_OTHER(space, agent_port_destroy, name);
}

static kern_return_t other_get_refs(
	ipc_space_t space, mach_port_name_t name, mach_port_right_t right, mach_port_urefs_t *refs)
{
	return ASK_OTHER(space, agent_port_get_refs, name, right, refs);
}

static kern_return_t other_mod_refs(
	ipc_space_t space, mach_port_name_t name, mach_port_right_t right, mach_port_delta_t delta)
{
	return ASK_OTHER(space, agent_port_mod_refs, name, right, delta);
}

static kern_return_t other_insert_right(
	ipc_space_t space, mach_port_name_t name, mach_port_t right, mach_msg_type_name_t kind)
{
	if (kind < MACH_MSG_TYPE_MOVE_RECEIVE || kind > MACH_MSG_TYPE_MAKE_SEND_ONCE)
		return KERN_INVALID_VALUE;
	return ASK_OTHER(space, agent_port_insert_right, name, right, kind);
}

static kern_return_t other_extract_right(ipc_space_t space, mach_port_name_t name,
	mach_msg_type_name_t disposition, mach_port_t *right, mach_msg_type_name_t *kind)
{
	return ASK_OTHER(space, agent_port_extract_right, name, disposition, right, kind);
}

static kern_return_t other_semaphore_create(
	task_t target, semaphore_t *semaphore, int policy, int value)
{
	kern_return_t kr = ASK_OTHER(target, agent_semaphore_create, policy, value, semaphore);

	return kr == KERN_INVALID_TASK ? KERN_INVALID_ARGUMENT : kr;
}

const ApiOther api_other = {
	.names = other_names,
	.type = other_type,
	.allocate = other_allocate,
	.deallocate = other_deallocate,
	.destroy = other_destroy,
	.get_refs = other_get_refs,
	.mod_refs = other_mod_refs,
	.insert_right = other_insert_right,
	.extract_right = other_extract_right,
	.semaphore_create = other_semaphore_create,
};
