/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose memory a call is about; numbers and protections in both spellings.
 *
 * A task that names itself by mach_task_self() is recognised by the number, without a lock. All other
 * names are looked up, and the port is kept for as long as the call lasts: see taskref.h.
 */
#include <sys/mman.h>

#include "task/api_vm.h"
#include "task/trust.h"

kern_return_t vm_task_get(vm_map_t name, TaskFlavor least, VmTask *ret)
{
	int r;

	if (name != MACH_PORT_NULL && name == mach_task_self_) {
		ret->is_self = true;
		return KERN_SUCCESS;
	}
	r = task_ref_get(name, least, &ret->ref);
	if (r != 0)
		return vm_fold(r);
	ret->is_self = ret->ref.is_self;
	return ret->is_self ? KERN_SUCCESS : vm_fold(trust_access(&ret->ref, &ret->access));
}

void vm_task_done(VmTask *task)
{
	task_ref_done(&task->ref);
}

kern_return_t vm_task_result(const VmTask *task, int r)
{
	if (r == MACH_SEND_INVALID_DEST && task->ref.port)
		(void)task_ref_is_dead(&task->ref);
	return vm_fold(r);
}

kern_return_t vm_task_agent(VmTask *task, mach_port_t *ret)
{
	return vm_fold(task_ref_agent(&task->ref, ret));
}

bool vm_page_range(mach_vm_address_t address, mach_vm_size_t size, mach_vm_address_t *ret_start,
	mach_vm_size_t *ret_size)
{
	mach_vm_address_t end;

	if (__builtin_add_overflow(address, size, &end) ||
		__builtin_add_overflow(end, (mach_vm_address_t)vm_page_mask, &end))
		return false;
	*ret_start = vm_page_trunc(address);
	*ret_size = vm_page_trunc(end) - *ret_start;
	return true;
}

int vm_prot_to_posix(vm_prot_t protection)
{
	return (protection & VM_PROT_READ ? PROT_READ : 0) |
	       (protection & VM_PROT_WRITE ? PROT_WRITE : 0) |
	       (protection & VM_PROT_EXECUTE ? PROT_EXEC : 0);
}

vm_prot_t vm_prot_from_posix(int prot)
{
	return (prot & PROT_READ ? VM_PROT_READ : 0) | (prot & PROT_WRITE ? VM_PROT_WRITE : 0) |
	       (prot & PROT_EXEC ? VM_PROT_EXECUTE : 0);
}
