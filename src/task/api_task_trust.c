/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the holder of a task port thinks of the target: <portcullis/task.h>. The façade of trust.h, which
 * keeps the state with the port. A task has nothing to fear of itself.
 */
#include <portcullis/task.h>

#include "task/api_vm.h"
#include "task/trust.h"

_Static_assert(PORTCULLIS_TASK_TRUST_AUTO == (int)TRUST_AUTO &&
		       PORTCULLIS_TASK_TRUST_FULL == (int)TRUST_FULL &&
		       PORTCULLIS_TASK_TRUST_NONE == (int)TRUST_NONE,
	"passed on as they are");

_public_ kern_return_t portcullis_task_set_trust(
	task_inspect_t task, int trust, mach_msg_timeout_t timeout)
{
	_cleanup_vm_task_ VmTask target = VM_TASK_NULL;
	TrustPolicy policy = {
		.mode = (TrustMode)trust, .timeout_ms = timeout > 0 ? timeout : TRUST_TIMEOUT_MS};
	kern_return_t kr;

	if (trust < 0 || trust >= _TRUST_MODE_N)
		return KERN_INVALID_ARGUMENT;
	kr = vm_task_get(task, TASK_IS_INSPECT, &target);
	if (kr == KERN_SUCCESS && !target.is_self)
		kr = vm_fold(trust_set(&target.ref, policy));
	return kr;
}

_public_ kern_return_t portcullis_task_get_trust(
	task_inspect_t task, int *trust, mach_msg_timeout_t *timeout, boolean_t *is_guarded)
{
	_cleanup_vm_task_ VmTask target = VM_TASK_NULL;
	TrustPolicy policy = {.mode = TRUST_FULL, .timeout_ms = TRUST_TIMEOUT_MS};
	kern_return_t kr;

	if (!trust)
		return KERN_INVALID_ARGUMENT;
	kr = vm_task_get(task, TASK_IS_INSPECT, &target);
	if (kr == KERN_SUCCESS && !target.is_self)
		kr = vm_fold(trust_get(&target.ref, &policy));
	if (kr != KERN_SUCCESS)
		return kr;
	*trust = (int)policy.mode;
	if (timeout)
		*timeout = policy.timeout_ms;
	if (is_guarded)
		*is_guarded = !target.is_self && target.access.is_guarded;
	return KERN_SUCCESS;
}
