/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "base/memfd.h"
#include "port/kobject.h"
#include "port/reaper.h"
#include "port/test-bounded.h"
#include "tests/lib/hostile.h"
#include "tests/lib/unit.h"

#define WAIT_MS 20000

static const uint8_t no_id[16];

TEST(owns_its_descriptors)
{
	Kobject *object;
	int fd = ASSERT_FD(memfd_new("test")), copy = ASSERT_FD(fd_dup(fd));
	int fds[] = {fd, copy};

	ASSERT_OK(kobject_new_consume(KOBJECT_FILEPORT, fds, 2, &object));
	ASSERT_EQ(object->n_fds, 2);
	ASSERT_EQ(object->fds[0], fd);
	ASSERT_EQ(object->fds[2], -EBADF);
	ASSERT_TRUE(kobject_may_travel(object));
	ASSERT_TRUE(kobject_travels(object, 1));
	ASSERT_FALSE(kobject_travels(object, 2));
	ASSERT_NULL(kobject_free(object));
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_FD_CLOSED(fd);
	ASSERT_FD_CLOSED(copy);
	ASSERT_NULL(kobject_free(NULL));
}

TEST(too_many_descriptors)
{
	Kobject *object = NULL;
	int fds[KOBJECT_MAX_FDS + 1];

	for (int i = 0; i <= KOBJECT_MAX_FDS; i++)
		fds[i] = ASSERT_FD(memfd_new("test"));
	ASSERT_EQ(kobject_new_consume(KOBJECT_FILEPORT, fds, KOBJECT_MAX_FDS + 1, &object),
		KERN_INVALID_ARGUMENT);
	ASSERT_NULL(object);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

TEST(ids_tell_objects_apart)
{
	Kobject *a, *b, *host;
	int fd;

	fd = ASSERT_FD(memfd_new("test"));
	ASSERT_OK(kobject_new_consume(KOBJECT_FILEPORT, &fd, 1, &a));
	fd = ASSERT_FD(memfd_new("test"));
	ASSERT_OK(kobject_new_consume(KOBJECT_FILEPORT, &fd, 1, &b));
	ASSERT_OK(kobject_new_consume(KOBJECT_HOST, NULL, 0, &host));
	ASSERT_NE(memcmp(a->id, b->id, sizeof(a->id)), 0);
	ASSERT_NE(memcmp(a->id, no_id, sizeof(a->id)), 0);
	ASSERT_MEMEQ(host->id, no_id, sizeof(no_id));
	ASSERT_FALSE(kobject_may_travel(host));
	(void)kobject_free(a);
	(void)kobject_free(b);
	(void)kobject_free(host);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

TEST(data_is_freed)
{
	Kobject *object;

	ASSERT_OK(kobject_new_consume(KOBJECT_TASK, NULL, 0, &object));
	object->data = malloc(7);
	object->free_data = free;
	(void)kobject_free(object);
}

TEST(what_may_be_what)
{
	int fds[] = {ASSERT_FD(memfd_new("test")), -EBADF};

	ASSERT_TRUE(kobject_fds_plausible(KOBJECT_FILEPORT, fds, 1));
	ASSERT_FALSE(kobject_fds_plausible(KOBJECT_FILEPORT, fds, 0));
	ASSERT_FALSE(kobject_fds_plausible(KOBJECT_FILEPORT, fds, 2));
	ASSERT_FALSE(kobject_fds_plausible(KOBJECT_HOST, fds, 0));
	ASSERT_FALSE(kobject_fds_plausible(KOBJECT_TASK, fds, 1));
	ASSERT_FALSE(kobject_fds_plausible((KobjectType)99, fds, 1));
	close(fds[0]);
}

static void free_it(void *arg)
{
	(void)kobject_free(arg);
}

/* A fileport may be anything. */
TEST(hostile_file_is_freed_without_waiting)
{
	const HostileKind kinds[] = {HOSTILE_FUSE_FILE, HOSTILE_TCP_LINGER, HOSTILE_SOCKET_NESTED};

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		Kobject *object;
		Bounded bounded;
		bool in_time;
		Hostile h;
		int fd;

		if (hostile_make(kinds[i], &h) != 0) {
			printf("no %s: %s\n", hostile_kind_name(kinds[i]), h.reason);
			continue;
		}
		fd = TAKE_FD(h.fd);
		ASSERT_TRUE(kobject_fds_plausible(KOBJECT_FILEPORT, &fd, 1));
		ASSERT_OK(kobject_new_consume(KOBJECT_FILEPORT, &fd, 1, &object));
		in_time = bounded_run(&bounded, free_it, object);
		hostile_deinit(&h);
		if (!in_time)
			bounded_join(&bounded);
		ASSERT_TRUE(in_time);
		ASSERT_TRUE(reaper_wait(WAIT_MS));
	}
}

TEST(fork_child_has_none)
{
	Kobject *object;
	int fd = ASSERT_FD(memfd_new("test"));
	pid_t pid;

	ASSERT_OK(kobject_new_consume(KOBJECT_SEMAPHORE, &fd, 1, &object));
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		ASSERT_FD_CLOSED(fd);
		(void)kobject_free(object);
		child_exit(0);
	}
	ASSERT_CHILD_EXITS(pid, 0);
	ASSERT_FD_OPEN(fd);
	(void)kobject_free(object);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}
