/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is mapped where: mach_vm_region() and its kin. One question to the kernel for each call;
 * nothing is kept between calls, as the target goes on.
 *
 * Linux says less than Mach of a region, and some of it only at a price: how many pages of it are
 * resident is in files that can keep a reader waiting, and which no task port carries. Such fields
 * are 0; <mach/vm_region.h> names them.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <mach/vm_behavior.h>

#include "base/fd.h"
#include "port/vmarea.h"
#include "task/api_vm.h"

/* The mapping at an address, or the next above it. */
static kern_return_t find(vm_map_read_t name, mach_vm_address_t address, AccessArea *ret)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	_cleanup_close_ int own = -EBADF;
	kern_return_t kr;

	kr = vm_task_get(name, TASK_IS_READ, &task);
	if (kr != KERN_SUCCESS)
		return kr;
	if (task.is_self) {
		own = vmarea_open();
		if (own < 0)
			return KERN_FAILURE;
		task.access = (Access){.maps = own, .mem = -EBADF};
	}
	return vm_task_result(&task, access_find(&task.access, address, ret));
}

static vm_inherit_t inheritance_of(const AccessArea *area)
{
	return area->is_shared ? VM_INHERIT_SHARE : VM_INHERIT_COPY;
}

static unsigned char share_mode_of(const AccessArea *area)
{
	if (area->is_shared)
		return SM_TRUESHARED;
	if (area->ino != 0)
		return SM_COW;
	return area->prot == PROT_NONE ? SM_EMPTY : SM_PRIVATE;
}

static uint32_t object_id_of(const AccessArea *area)
{
	return (uint32_t)(area->ino ^ area->ino >> 32);
}

/* On Linux a mapping has no maximum of its own. */
static kern_return_t fill_basic_64(
	const AccessArea *area, vm_region_info_t info, mach_msg_type_number_t *count)
{
	struct vm_region_basic_info_64 *basic = (void *)info;

	if (*count < VM_REGION_BASIC_INFO_COUNT_64)
		return KERN_INVALID_ARGUMENT;
	*basic = (struct vm_region_basic_info_64){
		.protection = vm_prot_from_posix(area->prot),
		.max_protection = VM_PROT_ALL,
		.inheritance = inheritance_of(area),
		.shared = area->is_shared,
		.offset = area->offset,
		.behavior = VM_BEHAVIOR_DEFAULT,
	};
	*count = VM_REGION_BASIC_INFO_COUNT_64;
	return KERN_SUCCESS;
}

static kern_return_t fill_basic(
	const AccessArea *area, vm_region_info_t info, mach_msg_type_number_t *count)
{
	struct vm_region_basic_info *basic = (void *)info;

	if (*count < VM_REGION_BASIC_INFO_COUNT)
		return KERN_INVALID_ARGUMENT;
	*basic = (struct vm_region_basic_info){
		.protection = vm_prot_from_posix(area->prot),
		.max_protection = VM_PROT_ALL,
		.inheritance = inheritance_of(area),
		.shared = area->is_shared,
		.offset = (uint32_t)area->offset,
		.behavior = VM_BEHAVIOR_DEFAULT,
	};
	*count = VM_REGION_BASIC_INFO_COUNT;
	return KERN_SUCCESS;
}

static kern_return_t fill_extended(
	const AccessArea *area, vm_region_info_t info, mach_msg_type_number_t *count)
{
	struct vm_region_extended_info *extended = (void *)info;

	if (*count < VM_REGION_EXTENDED_INFO_COUNT)
		return KERN_INVALID_ARGUMENT;
	*extended = (struct vm_region_extended_info){
		.protection = vm_prot_from_posix(area->prot),
		.ref_count = 1,
		.external_pager = area->ino != 0,
		.share_mode = share_mode_of(area),
	};
	*count = VM_REGION_EXTENDED_INFO_COUNT;
	return KERN_SUCCESS;
}

static kern_return_t fill_top(
	const AccessArea *area, vm_region_info_t info, mach_msg_type_number_t *count)
{
	struct vm_region_top_info *top = (void *)info;

	if (*count < VM_REGION_TOP_INFO_COUNT)
		return KERN_INVALID_ARGUMENT;
	*top = (struct vm_region_top_info){
		.obj_id = object_id_of(area),
		.ref_count = 1,
		.share_mode = share_mode_of(area),
	};
	*count = VM_REGION_TOP_INFO_COUNT;
	return KERN_SUCCESS;
}

static kern_return_t fill(const AccessArea *area, vm_region_flavor_t flavor, vm_region_info_t info,
	mach_msg_type_number_t *count)
{
	switch (flavor) {
	case VM_REGION_BASIC_INFO_64:
		return fill_basic_64(area, info, count);
	case VM_REGION_BASIC_INFO:
		return fill_basic(area, info, count);
	case VM_REGION_EXTENDED_INFO:
		return fill_extended(area, info, count);
	case VM_REGION_TOP_INFO:
		return fill_top(area, info, count);
	default:
		return KERN_INVALID_ARGUMENT;
	}
}

_public_ kern_return_t mach_vm_region(vm_map_read_t target_task, mach_vm_address_t *address,
	mach_vm_size_t *size, vm_region_flavor_t flavor, vm_region_info_t info,
	mach_msg_type_number_t *infoCnt, mach_port_t *object_name)
{
	AccessArea area;
	kern_return_t kr;

	if (!address || !size || !info || !infoCnt)
		return KERN_INVALID_ARGUMENT;
	kr = find(target_task, *address, &area);
	if (kr == KERN_SUCCESS)
		kr = fill(&area, flavor, info, infoCnt);
	if (kr != KERN_SUCCESS)
		return kr;
	*address = area.start;
	*size = area.end - area.start;
	if (object_name)
		*object_name = MACH_PORT_NULL;
	return KERN_SUCCESS;
}

/* The versions of the structure differ in what is at its end; the short one has fewer fields. */
static kern_return_t fill_submap(
	const AccessArea *area, vm_region_recurse_info_t info, mach_msg_type_number_t *count)
{
	struct vm_region_submap_info_64 full = {
		.protection = vm_prot_from_posix(area->prot),
		.max_protection = VM_PROT_ALL,
		.inheritance = inheritance_of(area),
		.offset = area->offset,
		.ref_count = 1,
		.external_pager = area->ino != 0,
		.share_mode = share_mode_of(area),
		.behavior = VM_BEHAVIOR_DEFAULT,
		.object_id = object_id_of(area),
		.object_id_full = area->ino,
	};
	struct vm_region_submap_short_info_64 brief = {
		.protection = full.protection,
		.max_protection = full.max_protection,
		.inheritance = full.inheritance,
		.offset = full.offset,
		.ref_count = full.ref_count,
		.external_pager = full.external_pager,
		.share_mode = full.share_mode,
		.behavior = full.behavior,
		.object_id = full.object_id,
	};

	if (*count < VM_REGION_SUBMAP_SHORT_INFO_COUNT_64)
		return KERN_INVALID_ARGUMENT;
	if (*count < VM_REGION_SUBMAP_INFO_V0_COUNT_64)
		*count = VM_REGION_SUBMAP_SHORT_INFO_COUNT_64;
	else if (*count < VM_REGION_SUBMAP_INFO_V1_COUNT_64)
		*count = VM_REGION_SUBMAP_INFO_V0_COUNT_64;
	else if (*count < VM_REGION_SUBMAP_INFO_V2_COUNT_64)
		*count = VM_REGION_SUBMAP_INFO_V1_COUNT_64;
	else
		*count = VM_REGION_SUBMAP_INFO_V2_COUNT_64;
	memcpy(info,
		*count == VM_REGION_SUBMAP_SHORT_INFO_COUNT_64 ? (void *)&brief : (void *)&full,
		*count * sizeof(natural_t));
	return KERN_SUCCESS;
}

_public_ kern_return_t mach_vm_region_recurse(vm_map_read_t target_task, mach_vm_address_t *address,
	mach_vm_size_t *size, natural_t *nesting_depth, vm_region_recurse_info_t info,
	mach_msg_type_number_t *infoCnt)
{
	AccessArea area;
	kern_return_t kr;

	if (!address || !size || !nesting_depth || !info || !infoCnt)
		return KERN_INVALID_ARGUMENT;
	kr = find(target_task, *address, &area);
	if (kr == KERN_SUCCESS)
		kr = fill_submap(&area, info, infoCnt);
	if (kr != KERN_SUCCESS)
		return kr;
	*address = area.start;
	*size = area.end - area.start;
	*nesting_depth = 0; /* no mapping lies within another */
	return KERN_SUCCESS;
}

_public_ kern_return_t vm_region_64(vm_map_read_t target_task, vm_address_t *address,
	vm_size_t *size, vm_region_flavor_t flavor, vm_region_info_t info,
	mach_msg_type_number_t *infoCnt, mach_port_t *object_name)
{
	mach_vm_address_t start;
	mach_vm_size_t length;
	kern_return_t kr;

	if (!address || !size)
		return KERN_INVALID_ARGUMENT;
	start = *address;
	kr = mach_vm_region(target_task, &start, &length, flavor, info, infoCnt, object_name);
	if (kr == KERN_SUCCESS) {
		*address = (vm_address_t)start;
		*size = (vm_size_t)length;
	}
	return kr;
}

_public_ kern_return_t vm_region(vm_map_read_t target_task, vm_address_t *address, vm_size_t *size,
	vm_region_flavor_t flavor, vm_region_info_t info, mach_msg_type_number_t *infoCnt,
	mach_port_t *object_name)
{
	return vm_region_64(target_task, address, size, flavor, info, infoCnt, object_name);
}

_public_ kern_return_t vm_region_recurse_64(vm_map_read_t target_task, vm_address_t *address,
	vm_size_t *size, natural_t *nesting_depth, vm_region_recurse_info_64_t info,
	mach_msg_type_number_t *infoCnt)
{
	mach_vm_address_t start;
	mach_vm_size_t length;
	kern_return_t kr;

	if (!address || !size)
		return KERN_INVALID_ARGUMENT;
	start = *address;
	kr = mach_vm_region_recurse(target_task, &start, &length, nesting_depth, info, infoCnt);
	if (kr == KERN_SUCCESS) {
		*address = (vm_address_t)start;
		*size = (vm_size_t)length;
	}
	return kr;
}
