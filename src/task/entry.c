/* SPDX-License-Identifier: Apache-2.0 */
#include "task/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/memfd.h"

#define SEALS_READ_ONLY (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

/* By the kernel's word alone; the descriptor is known to be a memfd. */
static int prot_of(int fd)
{
	int flags = fcntl(fd, F_GETFL), seals = fcntl(fd, F_GET_SEALS);

	if (flags < 0 || seals < 0)
		return error_origin(-errno);
	return (flags & O_ACCMODE) == O_RDWR && (seals & SEALS_READ_ONLY) == 0
		       ? PROT_READ | PROT_WRITE
		       : PROT_READ;
}

/* Facts: which file, and how large. */
static int examine(const int *fds, unsigned n, uint64_t facts[2])
{
	struct statx stx;

	if (memfd_check_size_sealed(fds[0], &facts[1]) != 0 ||
		statx(fds[0], "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &stx) < 0)
		return KERN_INVALID_ARGUMENT;
	facts[0] = stx.stx_ino;
	return 0;
}

static const KobjectClass class = {
	.type = KOBJECT_NAMED_ENTRY,
	.min_fds = 1,
	.max_fds = 1,
	.examine = examine,
};

__attribute__((__constructor__(101))) static void register_class(void)
{
	kobject_register(&class);
}

static int finish(int memfd, bool is_writable)
{
	int seals = fcntl(memfd, F_GET_SEALS), prot;

	if (seals < 0)
		return error_origin(-errno);
	if (!is_writable && (seals & (SEALS_READ_ONLY | F_SEAL_SEAL)) == 0 &&
		fcntl(memfd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) < 0)
		return error_origin(-errno);
	if (!(seals & F_SEAL_SEAL) && memfd_seal_size(memfd) < 0)
		return error_origin(-errno);
	prot = prot_of(memfd);
	if (prot < 0)
		return prot;
	return ((prot & PROT_WRITE) != 0) == is_writable ? 0 : KERN_NOT_SUPPORTED;
}

int entry_new_consume(int memfd, bool is_writable, Kobject **ret)
{
	Kobject *object;
	int r;

	r = finish(memfd, is_writable);
	if (r != 0) {
		fd_close(memfd);
		return r;
	}
	r = kobject_new_consume(KOBJECT_NAMED_ENTRY, &memfd, 1, &object);
	if (r != 0)
		return r;
	r = examine(object->fds, 1, object->facts);
	if (r != 0) {
		kobject_free(object);
		return error_origin(-ENOTRECOVERABLE);
	}
	*ret = object;
	return 0;
}

int entry_look(const Kobject *object, MemoryEntry *ret)
{
	int prot = prot_of(object->fds[0]);

	if (prot < 0)
		return prot;
	*ret = (MemoryEntry){.fd = object->fds[0], .size = object->facts[1], .prot = prot};
	return 0;
}
