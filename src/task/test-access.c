/* SPDX-License-Identifier: Apache-2.0 */
/* A peer lays out memory and stands still; the test looks at it by descriptors that it opened itself. */
#include "task/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mach/kern_return.h>
#include <mach/message.h>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/lib/harness.h"

#define PAGE ((size_t)4096)
#define BIG ((size_t)20 << 20)

/* PAGE each: writable, read-only, none, a hole, writable. */
typedef struct Layout {
	char *base;
	char *big;
} Layout;

typedef struct Scene {
	Harness *h;
	Peer *peer;
	Access access;
	Layout layout;
} Scene;

static void check_sum(PeerCtx *ctx, const char *base)
{
	peer_send_u64(ctx, (uint64_t)(uint8_t)base[0] << 8 | (uint8_t)base[4 * PAGE]);
}

static void target(PeerCtx *ctx)
{
	Layout layout;

	layout.base = mmap(
		NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(layout.base != MAP_FAILED);
	for (size_t i = 0; i < 5 * PAGE; i++)
		layout.base[i] = (char)(i * 7);
	ASSERT_SYS(mprotect(layout.base + PAGE, PAGE, PROT_READ));
	ASSERT_SYS(mprotect(layout.base + 2 * PAGE, PAGE, PROT_NONE));
	ASSERT_SYS(munmap(layout.base + 3 * PAGE, PAGE));
	layout.big = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(layout.big != MAP_FAILED);
	for (size_t i = 0; i < BIG; i += 8)
		memcpy(layout.big + i, &i, 8);
	peer_send_bytes(ctx, &layout, sizeof(layout));
	peer_reach(ctx, "laid out");
	check_sum(ctx, layout.base);
	ASSERT_SYS(mprotect(layout.base, PAGE, PROT_NONE));
	peer_reach(ctx, "protected");
	execl("/bin/sleep", "sleep", "1000", NULL);
}

static int open_file(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return ASSERT_SYS(open(path, flags | O_CLOEXEC));
}

static void scene_begin(Scene *s, bool is_guarded)
{
	pid_t pid;

	s->h = harness_new();
	s->peer = peer_spawn(s->h, "target", target, NULL);
	harness_wait(s->h, s->peer, "laid out");
	ASSERT_EQ(harness_recv_bytes(s->peer, &s->layout, sizeof(s->layout)), sizeof(s->layout));
	pid = peer_pid(s->peer);
	s->access = (Access){
		.maps = open_file(pid, "maps", O_RDONLY),
		.mem = open_file(pid, "mem", O_RDWR),
		.task = (uint64_t)pid,
		.is_guarded = is_guarded,
		.timeout_ms = harness_scale_ms(10000),
	};
}

static void scene_end(Scene *s)
{
	fd_close(s->access.maps);
	fd_close(s->access.mem);
	harness_kill(s->peer);
	harness_finish(s->h);
}

static uint64_t at(const Scene *s, size_t offset)
{
	return (uint64_t)(uintptr_t)s->layout.base + offset;
}

static void look_around(bool is_guarded)
{
	char buffer[2 * PAGE];
	Scene s;

	scene_begin(&s, is_guarded);
	ASSERT_OK(access_read(&s.access, at(&s, 0), buffer, 2 * PAGE));
	for (size_t i = 0; i < 2 * PAGE; i++)
		ASSERT_EQ(buffer[i], (char)(i * 7));
	ASSERT_OK(access_read(&s.access, at(&s, 5), buffer, 0));
	ASSERT_OK(access_read(&s.access, at(&s, 5), buffer, 8));
	ASSERT_EQ(buffer[0], 35);
	ASSERT_EQ(access_read(&s.access, at(&s, 2 * PAGE), buffer, 8), KERN_PROTECTION_FAILURE);
	ASSERT_EQ(access_read(&s.access, at(&s, 2 * PAGE - 4), buffer, 8), KERN_PROTECTION_FAILURE);
	ASSERT_EQ(access_read(&s.access, at(&s, 3 * PAGE), buffer, 8), KERN_INVALID_ADDRESS);
	ASSERT_EQ(access_read(&s.access, at(&s, 5 * PAGE), buffer, 0), 0);
	ASSERT_EQ(access_read(&s.access, UINT64_MAX - 4, buffer, 8), KERN_INVALID_ADDRESS);
	ASSERT_EQ(access_read(&s.access, UINT64_MAX - 1000, buffer, 8), KERN_INVALID_ADDRESS);
	ASSERT_EQ(access_read(&s.access, 0, buffer, 8), KERN_INVALID_ADDRESS);
	scene_end(&s);
}

TEST(reads)
{
	look_around(false);
}

TEST(guarded_reads)
{
	look_around(true);
}

static void write_around(bool is_guarded)
{
	char buffer[PAGE];
	Scene s;

	scene_begin(&s, is_guarded);
	ASSERT_OK(access_write(&s.access, at(&s, 0), "\x12", 1));
	ASSERT_OK(access_write(&s.access, at(&s, 4 * PAGE), "\x34", 1));
	ASSERT_OK(access_write(&s.access, at(&s, 4 * PAGE), "\x34", 0));
	ASSERT_EQ(access_write(&s.access, at(&s, PAGE), "\x12", 1), KERN_PROTECTION_FAILURE);
	ASSERT_EQ(
		access_write(&s.access, at(&s, PAGE - 1), "\x56\x78", 2), KERN_PROTECTION_FAILURE);
	ASSERT_EQ(access_write(&s.access, at(&s, 2 * PAGE), "\x12", 1), KERN_PROTECTION_FAILURE);
	ASSERT_EQ(access_write(&s.access, at(&s, 3 * PAGE), "\x12", 1), KERN_INVALID_ADDRESS);
	ASSERT_OK(access_read(&s.access, at(&s, PAGE - 1), buffer, 2));
	ASSERT_EQ(buffer[0], (char)((PAGE - 1) * 7));
	ASSERT_EQ(buffer[1], 0);
	harness_release(s.peer);
	ASSERT_EQ(harness_recv_u64(s.peer), 0x1234);
	scene_end(&s);
}

TEST(writes)
{
	write_around(false);
}

TEST(guarded_writes)
{
	write_around(true);
}

TEST(bad_memory_of_the_caller)
{
	void *hole = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	Scene s;

	for (int i = 0; i < 2; i++) {
		scene_begin(&s, i == 1);
		ASSERT_EQ(access_read(&s.access, at(&s, 0), hole, 8), KERN_INVALID_ADDRESS);
		ASSERT_EQ(access_write(&s.access, at(&s, 0), hole, 8), KERN_INVALID_ADDRESS);
		scene_end(&s);
	}
	ASSERT_SYS(munmap(hole, PAGE));
}

static void read_big(bool is_guarded)
{
	char *buffer = malloc(BIG);
	Scene s;

	ASSERT_NOT_NULL(buffer);
	scene_begin(&s, is_guarded);
	ASSERT_OK(access_read(&s.access, (uintptr_t)s.layout.big + 8, buffer, BIG - 8));
	for (size_t i = 0; i < BIG - 8; i += 8) {
		size_t value;

		memcpy(&value, buffer + i, sizeof(value));
		ASSERT_EQ(value, i + 8);
	}
	ASSERT_EQ(access_read(&s.access, at(&s, 0), buffer, BIG), KERN_PROTECTION_FAILURE);
	scene_end(&s);
	free(buffer);
}

TEST(large_reads)
{
	read_big(false);
}

TEST(large_guarded_reads)
{
	read_big(true);
}

static void find_all(bool is_guarded)
{
	AccessArea area;
	Scene s;

	scene_begin(&s, is_guarded);
	ASSERT_OK(access_find(&s.access, at(&s, 5), &area));
	ASSERT_EQ(area.end, at(&s, PAGE));
	ASSERT_EQ(area.prot, PROT_READ | PROT_WRITE);
	ASSERT_FALSE(area.is_shared);
	ASSERT_EQ(area.ino, 0);
	ASSERT_OK(access_find(&s.access, at(&s, PAGE), &area));
	ASSERT_EQ(area.start, at(&s, PAGE));
	ASSERT_EQ(area.end, at(&s, 2 * PAGE));
	ASSERT_EQ(area.prot, PROT_READ);
	ASSERT_OK(access_find(&s.access, at(&s, 3 * PAGE), &area));
	ASSERT_EQ(area.start, at(&s, 4 * PAGE));
	ASSERT_OK(access_check(&s.access, at(&s, 0), 2 * PAGE, PROT_READ));
	ASSERT_OK(access_check(&s.access, at(&s, 3 * PAGE), 0, PROT_READ));
	ASSERT_EQ(
		access_check(&s.access, at(&s, 0), 2 * PAGE, PROT_WRITE), KERN_PROTECTION_FAILURE);
	ASSERT_EQ(access_check(&s.access, at(&s, 0), 4 * PAGE, 0), KERN_INVALID_ADDRESS);
	ASSERT_EQ(access_find(&s.access, UINT64_MAX - PAGE, &area), KERN_INVALID_ADDRESS);
	scene_end(&s);
}

TEST(regions)
{
	find_all(false);
}

TEST(guarded_regions)
{
	find_all(true);
}

/* What one thread remembers of a page is forgotten soon. */
TEST(protections_that_change)
{
	Deadline deadline = deadline_after_ms(harness_scale_ms(10000));
	char byte;
	Scene s;
	int r;

	scene_begin(&s, false);
	ASSERT_OK(access_read(&s.access, at(&s, 0), &byte, 1));
	harness_release(s.peer);
	(void)harness_recv_u64(s.peer);
	harness_wait(s.h, s.peer, "protected");
	do {
		s.access.now_ns = access_coarse_now_ns();
		r = access_read(&s.access, at(&s, 0), &byte, 1);
	} while (r == 0 && !deadline_is_past(deadline));
	ASSERT_EQ(r, KERN_PROTECTION_FAILURE);
	scene_end(&s);
}

static void assert_gone(const Scene *s)
{
	AccessArea area;
	char byte;

	ASSERT_EQ(access_read(&s->access, at(s, 0), &byte, 1), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(access_write(&s->access, at(s, 0), "x", 1), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(access_find(&s->access, 0, &area), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(access_check(&s->access, at(s, 0), 1, PROT_READ), MACH_SEND_INVALID_DEST);
}

static void lose(bool is_guarded, bool by_exec)
{
	AccessArea area;
	char byte;
	Scene s;

	scene_begin(&s, is_guarded);
	ASSERT_OK(access_read(&s.access, at(&s, 0), &byte, 1));
	if (by_exec) {
		harness_release(s.peer);
		(void)harness_recv_u64(s.peer);
		harness_wait(s.h, s.peer, "protected");
		harness_release(s.peer);
		while (access_find(&s.access, 0, &area) == 0)
			;
	} else {
		harness_kill(s.peer);
	}
	assert_gone(&s);
	scene_end(&s);
}

TEST(an_exec_ends_it)
{
	lose(false, true);
	lose(true, true);
}

TEST(an_exit_ends_it)
{
	lose(false, false);
	lose(true, false);
}
