/* SPDX-License-Identifier: Apache-2.0 */
#include "port/anchor.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/memfd.h"
#include "port/backing.h"
#include "port/once.h"
#include "port/port.h"
#include "port/pset.h"
#include "port/space.h"

static Anchor *anchor;

void anchor_publish(void)
{
	_cleanup_close_ int fd = memfd_new(ANCHOR_NAME);
	Anchor *a;

	if (fd < 0 || ftruncate(fd, sizeof(Anchor)) < 0)
		return;
	a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (a == MAP_FAILED)
		return;
	*a = (Anchor){
		.version = ANCHOR_VERSION,
		.pid = (uint32_t)getpid(),
		.chunks = (uint64_t)(uintptr_t)space_chunks(),
		.n_chunks = SPACE_MAX_INDEX / SPACE_CHUNK,
		.entries_in_chunk = SPACE_CHUNK,
		.entry_size = sizeof(Entry),
		.port_size = sizeof(Port),
		.extra_size = sizeof(PortExtra),
		.backing_size = sizeof(Backing),
		.once_size = sizeof(SendOnce),
		.set_size = sizeof(PortSet),
		.layout = anchor_layout(),
	};
	/* Last: who looks meanwhile sees no anchor rather than half of one. */
	__atomic_store_n(&a->magic, ANCHOR_MAGIC, __ATOMIC_RELEASE);
	anchor = a;
}

void anchor_after_fork(void)
{
	/* The parent's page is shared: the child makes one of its own. */
	if (anchor)
		(void)munmap(anchor, sizeof(*anchor));
	anchor = NULL;
}
