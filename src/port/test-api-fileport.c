/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/fileport.h>
#include <unistd.h>

#include <mach/mach.h>

#include "port/reaper.h"
#include "port/test-bounded.h"
#include "tests/lib/hostile.h"
#include "tests/lib/unit.h"

#define WAIT_MS 20000

static void drop(fileport_t port)
{
	ASSERT_EQ(mach_port_deallocate(mach_task_self(), port), KERN_SUCCESS);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

TEST(there_and_back)
{
	fileport_t port = FILEPORT_NULL;
	int ends[2], fd;
	char byte;

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	ASSERT_SYS(fileport_makeport(ends[1], &port));
	ASSERT_NE(port, FILEPORT_NULL);
	close(ends[1]);
	for (int i = 0; i < 2; i++) {
		fd = ASSERT_SYS(fileport_makefd(port));
		ASSERT_FD_CLOEXEC(fd);
		ASSERT_EQ(write(fd, "x", 1), 1);
		ASSERT_EQ(read(ends[0], &byte, 1), 1);
		close(fd);
	}
	drop(port);
	/* The last right was what kept the file open. */
	ASSERT_EQ(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

TEST(errors)
{
	fileport_t port = 42;
	int fd = ASSERT_SYS(open("/", O_PATH | O_CLOEXEC));

	ASSERT_EQ(fileport_makeport(-1, &port), -1);
	ASSERT_EQ(errno, EBADF);
	ASSERT_EQ(fileport_makeport(fd, NULL), -1);
	ASSERT_EQ(errno, EINVAL);
	ASSERT_EQ(port, 42);
	close(fd);
	for (unsigned i = 0; i < 4; i++) {
		const fileport_t bad[] = {
			FILEPORT_NULL, MACH_PORT_DEAD, 0x7ffff03, mach_task_self()};

		errno = 0;
		ASSERT_EQ(fileport_makefd(bad[i]), -1);
		ASSERT_EQ(errno, EINVAL);
	}
}

typedef struct Trip {
	int fd;
	int r;
} Trip;

static void make_and_drop(void *arg)
{
	Trip *trip = arg;
	fileport_t port;

	trip->r = fileport_makeport(trip->fd, &port);
	if (trip->r == 0)
		trip->r = mach_port_deallocate(mach_task_self(), port) == KERN_SUCCESS ? 0 : -1;
}

TEST(any_file_will_do)
{
	for (HostileKind kind = 0; kind < _HOSTILE_N; kind++) {
		Bounded bounded;
		bool in_time;
		Hostile h;
		Trip trip;

		if (hostile_make(kind, &h) != 0)
			continue;
		trip.fd = h.fd;
		in_time = bounded_run(&bounded, make_and_drop, &trip);
		hostile_deinit(&h);
		if (!in_time)
			bounded_join(&bounded);
		ASSERT_TRUE(in_time);
		ASSERT_OK(trip.r);
		ASSERT_TRUE(reaper_wait(WAIT_MS));
	}
}
