/* SPDX-License-Identifier: Apache-2.0 */
#include "task/entry.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/memfd.h"
#include "port/test-support.h"
#include "tests/lib/hostile.h"

static int new_memory(size_t size)
{
	int fd = memfd_new("entry");

	ASSERT_GE(fd, 0);
	ASSERT_SYS(ftruncate(fd, (off_t)size));
	return fd;
}

static void release(Kobject *object)
{
	task_lock();
	kobject_free(object);
	task_unlock();
}

PORT_TEST(writable_and_not)
{
	Kobject *object = NULL;
	MemoryEntry entry;
	uint64_t facts[2];
	void *p;

	ASSERT_OK(entry_new_consume(new_memory(8192), true, &object));
	ASSERT_OK(entry_look(object, &entry));
	ASSERT_EQ(entry.size, 8192);
	ASSERT_EQ(entry.prot, PROT_READ | PROT_WRITE);
	ASSERT_EQ(ftruncate(entry.fd, 0), -1);
	ASSERT_OK(kobject_examine(KOBJECT_NAMED_ENTRY, object->fds, 1, facts));
	ASSERT_EQ(facts[0], object->facts[0]);
	ASSERT_EQ(facts[1], 8192);
	release(object);
	ASSERT_OK(entry_new_consume(new_memory(4096), false, &object));
	ASSERT_OK(entry_look(object, &entry));
	ASSERT_EQ(entry.prot, PROT_READ);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, entry.fd, 0);
	ASSERT_TRUE(p == MAP_FAILED);
	release(object);
}

/* What is sealed one way stays so. */
PORT_TEST(the_other_kind)
{
	int fd = new_memory(4096), copy = fd_dup(fd);
	Kobject *object = NULL, *other = NULL;

	ASSERT_OK(entry_new_consume(fd, true, &object));
	ASSERT_EQ(entry_new_consume(fd_dup(copy), false, &other), KERN_NOT_SUPPORTED);
	ASSERT_OK(entry_new_consume(fd_dup(copy), true, &other));
	release(object);
	release(other);
	fd_close(copy);
	ASSERT_EQ(entry_new_consume(memfd_new_sealed("sealed", "x", 1), true, &object),
		KERN_NOT_SUPPORTED);
	ASSERT_OK(entry_new_consume(memfd_new_sealed("sealed", "x", 1), false, &object));
	release(object);
}

/* Of a stranger's descriptors only memory whose size is final will do. */
PORT_TEST(hostile_descriptors)
{
	uint64_t facts[2];

	for (HostileKind kind = 0; kind < _HOSTILE_N; kind++) {
		Hostile hostile = HOSTILE_NULL;
		bool is_final = kind == HOSTILE_MEMFD_SPARSE || kind == HOSTILE_MEMFD_EMPTY;

		if (hostile_make(kind, &hostile) != 0)
			continue;
		if ((kobject_examine(KOBJECT_NAMED_ENTRY, &hostile.fd, 1, facts) == 0) != is_final)
			FAIL("%s", hostile_kind_name(kind));
		hostile_deinit(&hostile);
	}
}
