/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a page is: mach_vm_page_query().
 *
 * No descriptor of a task port tells it. So the kernel is asked by the number of the process, where it
 * lets the caller (who could attach to the target then); else the target's agent is, by whoever has a
 * control port. A target that is not trusted is looked at by a disposable process: its pages can keep
 * a reader of pagemap waiting, and already the opening of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent_user.h"
#include "base/error.h"
#include "base/fd.h"
#include "task/api_vm.h"
#include "task/guard.h"

/* An entry of pagemap: proc(5). */
#define PAGE_EXCLUSIVE (UINT64_C(1) << 56)
#define PAGE_OF_FILE (UINT64_C(1) << 61)
#define PAGE_SWAPPED (UINT64_C(1) << 62)
#define PAGE_PRESENT (UINT64_C(1) << 63)

/* Returns how many bytes, 0 where there is nothing to tell of, or -errno. */
static ssize_t read_plainly(const char *path, uint64_t where, uint64_t *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	fd = fd < 0 ? -errno : fd_above_stdio_consume(TAKE_FD(fd));
	if (fd < 0)
		return fd;
	n = pread(fd, ret, sizeof(*ret), (off_t)where);
	return n < 0 ? -errno : n;
}

static int read_guarded(
	const Access *access, const char *path, uint64_t where, uint64_t *ret, ssize_t *ret_n)
{
	char buffer[64];
	GuardCall call = {
		.op = GUARD_READ_FILE,
		.fd = -EBADF,
		.where = where,
		.buffer = buffer,
		.size = sizeof(buffer),
	};
	int r;

	snprintf(buffer, sizeof(buffer), "%s", path);
	r = guard_run(&call, access->timeout_ms, ret_n);
	if (r == 0 && *ret_n > 0)
		memcpy(ret, buffer, sizeof(*ret));
	return r;
}

/* Returns 0, KERN_NO_ACCESS, or as guard_run(). */
static int read_entry(const VmTask *task, uint64_t address, uint64_t *ret)
{
	uint64_t where = address / vm_page_size * sizeof(*ret);
	char path[64] = "/proc/self/pagemap";
	ssize_t n = 0;
	pid_t pid;
	int r = 0;

	*ret = 0;
	if (!task->is_self) {
		r = task_ref_pid(&task->ref, &pid);
		if (r != 0)
			return r;
		snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	}
	if (!task->is_self && task->access.is_guarded)
		r = read_guarded(&task->access, path, where, ret, &n);
	else
		n = read_plainly(path, where, ret);
	if (r != 0 || n >= 0)
		return r;
	return n == -EACCES || n == -EPERM || n == -ENOENT || n == -ESRCH ? KERN_NO_ACCESS
									  : error_origin((int)n);
}

static void fill(uint64_t entry, integer_t *disposition, integer_t *ref_count)
{
	bool is_present = (entry & PAGE_PRESENT) != 0;

	*disposition = (is_present ? VM_PAGE_QUERY_PAGE_PRESENT : 0) |
		       ((entry & PAGE_SWAPPED) != 0 ? VM_PAGE_QUERY_PAGE_PAGED_OUT : 0) |
		       ((entry & PAGE_OF_FILE) != 0 ? VM_PAGE_QUERY_PAGE_EXTERNAL : 0);
	*ref_count = !is_present ? 0 : (entry & PAGE_EXCLUSIVE) != 0 ? 1 : 2;
}

/* Only a control port leads to the agent. */
static kern_return_t ask_agent(
	VmTask *task, mach_vm_offset_t offset, integer_t *disposition, integer_t *ref_count)
{
	if (task->ref.flavor != TASK_IS_CONTROL)
		return KERN_NOT_SUPPORTED;
	return ASK_AGENT(task, agent_vm_page_query, offset, disposition, ref_count);
}

_public_ kern_return_t mach_vm_page_query(vm_map_read_t target_map, mach_vm_offset_t offset,
	integer_t *disposition, integer_t *ref_count)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	kern_return_t kr;
	uint64_t entry;
	int r;

	if (!disposition || !ref_count)
		return KERN_INVALID_ARGUMENT;
	kr = vm_task_get(target_map, TASK_IS_READ, &task);
	if (kr != KERN_SUCCESS)
		return kr;
	r = read_entry(&task, offset, &entry);
	/* What was opened by its number is of the image that the port is of if that is still there. */
	if (!task.is_self && r <= KERN_NO_ACCESS && task_ref_is_dead(&task.ref))
		return MACH_SEND_INVALID_DEST;
	if (r == KERN_NO_ACCESS)
		return task.is_self ? KERN_FAILURE
				    : ask_agent(&task, offset, disposition, ref_count);
	if (r == 0)
		fill(entry, disposition, ref_count);
	return vm_task_result(&task, r);
}

_public_ kern_return_t vm_map_page_query(
	vm_map_read_t target_map, vm_offset_t offset, integer_t *disposition, integer_t *ref_count)
{
	return mach_vm_page_query(target_map, offset, disposition, ref_count);
}
