/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets that keep whoever looks at them waiting: a page of a FUSE file whose server does not
 * answer, a map of memory that is locked by somebody who waits for such a page, a file of /proc
 * that another holder reads into one. A reader that does not trust them comes back in time, with
 * nothing left behind.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include <mach/mach_vm.h>
#include <mach/task_info.h>
#include <portcullis/task.h>

#include "base/clock.h"
#include "port/reaper.h"
#include "task/guard.h"
#include "tests/lib/hostile.h"
#include "tests/task/task.h"

enum { GIVE = 1, DISARM, LEAVE, WEDGE, HOLD, ASK = 100 };

#define PAGE ((mach_vm_size_t)4096)
#define TIMEOUT_MS 200
#define REAPER_MS 10000

/* Where nothing else lies, and which everybody may map. */
#define LOWEST ((uintptr_t)0x10000)

/* Without those that are closed in a moment: what is counted at the beginning must not hide what stays. */
static unsigned count_settled_fds(void)
{
	ASSERT_TRUE(reaper_wait(REAPER_MS));
	return count_fds();
}

/* Where the page is; 0: there can be none here. */
typedef struct Trap {
	uint64_t page;
	char reason[128];
} Trap;

typedef struct Wedge {
	char *page;
	int fd; /* if there is one, it is read into the page */
	int file; /* that the page is of */
	atomic_bool is_over;
} Wedge;

/* Waits for the page: by the kernel, for which one that never comes is an error and no signal. */
static void *touch(void *arg)
{
	Wedge *w = arg;
	int ends[2];

	if (w->fd >= 0) {
		(void)!pread(w->fd, w->page, 4096, 0);
	} else if (pipe2(ends, O_CLOEXEC) == 0) {
		(void)!write(ends[1], w->page, 1);
		close(ends[0]);
		close(ends[1]);
	}
	return NULL;
}

/* Wants to lock it for writing, so that all others have to wait behind this. */
static void *change(void *arg)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)munmap(p, 4096);
	return NULL;
}

/* Replaces the lowest mapping by the file, which waits for the page as soon as that is being read: all
 * the while the map is locked, and nobody can look at that mapping. */
static void *hold(void *arg)
{
	Wedge *w = arg;
	void *lowest = mmap((void *)LOWEST, PAGE, PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	while (lowest != MAP_FAILED && !atomic_load(&w->is_over))
		lowest = mmap(lowest, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, w->file, 0);
	return NULL;
}

static void start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	ASSERT_EQ(pthread_create(thread, NULL, fn, arg), 0);
}

static void target(PeerCtx *ctx)
{
	mach_port_t hub, own = task_peer_begin(ctx, &hub);
	Hostile hostile = HOSTILE_NULL;
	Wedge wedge = {.fd = -EBADF};
	pthread_t threads[2];
	bool is_wedged = false;
	Trap trap = {0};
	Buffer buffer;
	void *page;

	if (hostile_make(HOSTILE_FUSE_FILE, &hostile) == 0) {
		page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, hostile.fd, 0);
		trap.page = page == MAP_FAILED ? 0 : (uint64_t)(uintptr_t)page;
		wedge.page = page;
		wedge.file = hostile.fd;
	}
	memcpy(trap.reason, hostile.reason, sizeof(trap.reason));
	peer_send_bytes(ctx, &trap, sizeof(trap));
	for (;;) {
		receive_any(own, &buffer);
		if (buffer.header.msgh_id == LEAVE)
			break;
		if (buffer.header.msgh_id == WEDGE || buffer.header.msgh_id == HOLD) {
			bool holds = buffer.header.msgh_id == HOLD;

			start(&threads[0], touch, &wedge);
			start(&threads[1], holds ? hold : change, &wedge);
			is_wedged = true;
		} else if (buffer.header.msgh_id == DISARM) {
			atomic_store(&wedge.is_over, true);
			hostile_deinit(&hostile);
			tell(hub, DISARM);
		} else {
			give(hub, GIVE, own_flavor(buffer.header.msgh_id - ASK), MOVE);
		}
	}
	for (int i = 0; is_wedged && i < 2; i++)
		ASSERT_EQ(pthread_join(threads[i], NULL), 0);
	if (trap.page)
		ASSERT_SYS(munmap((void *)(uintptr_t)trap.page, PAGE));
	destroy(own);
	deallocate(hub);
}

typedef struct Scene {
	Peer *peer;
	mach_port_t own;
	mach_port_t task;
	Trap trap;
	unsigned n_fds;
} Scene;

static Scene scene_begin(Stage *s)
{
	Scene scene;

	/* Of our own user: others may not be allowed to have FUSE files here. */
	scene.peer = stage_spawn_with_port(s, "target", target, NULL, &scene.own);
	ASSERT_EQ(harness_recv_bytes(scene.peer, &scene.trap, sizeof(scene.trap)),
		sizeof(scene.trap));
	if (scene.trap.page == 0) {
		tell(scene.own, LEAVE);
		SKIP(scene.trap.reason);
	}
	tell(scene.own, ASK + TASK_READ_PORT);
	scene.task = take(s->hub, GIVE);
	ASSERT_EQ(portcullis_task_set_trust(scene.task, PORTCULLIS_TASK_TRUST_NONE, TIMEOUT_MS),
		KERN_SUCCESS);
	scene.n_fds = count_settled_fds();
	return scene;
}

static kern_return_t peek(const Scene *scene, uint64_t where, void *byte)
{
	mach_vm_size_t n;

	return mach_vm_read_overwrite(
		scene->task, where, 1, (mach_vm_address_t)(uintptr_t)byte, &n);
}

/* Those that could not be killed are gone when the page has failed them. */
static void scene_end(Stage *s, Scene *scene)
{
	unsigned n_fds = scene->n_fds;
	uint64_t here = (uint64_t)(uintptr_t) __func__;
	char byte;

	tell(scene->own, DISARM);
	hear(s->hub, DISARM);
	/* The clean-up is the next call's. */
	EVENTUALLY(peek(scene, here, &byte) == KERN_SUCCESS && count_fds() <= n_fds);
	tell(scene->own, LEAVE);
	harness_expect_exit(scene->peer, 0);
	deallocate(scene->task);
	deallocate(scene->own);
}

static void assert_prompt(uint64_t start)
{
	ASSERT_LT(clock_now_ns() - start, harness_scale_ms(8000) * CLOCK_NS_PER_MS);
}

STAGE(a_page_that_never_comes)
{
	Scene scene = scene_begin(s);
	uint64_t began;
	char byte;

	for (int i = 0; i < 3; i++) {
		began = clock_now_ns();
		ASSERT_EQ(peek(&scene, scene.trap.page, &byte), KERN_OPERATION_TIMED_OUT);
		ASSERT_GE(clock_now_ns() - began, TIMEOUT_MS * CLOCK_NS_PER_MS);
		assert_prompt(began);
		/* The rest of it is there: in time, as soon as the machine has time for it. */
		EVENTUALLY(peek(&scene, (uint64_t)(uintptr_t) __func__, &byte) == KERN_SUCCESS);
	}
	scene_end(s, &scene);
}

/* How many may be stuck at a time has a limit; then it is said at once. */
STAGE(many_pages_that_never_come)
{
	Scene scene = scene_begin(s);
	unsigned n_timed_out = 0;
	kern_return_t kr;
	uint64_t began;
	char byte;

	ASSERT_EQ(
		portcullis_task_set_trust(scene.task, PORTCULLIS_TASK_TRUST_NONE, 5), KERN_SUCCESS);
	began = clock_now_ns();
	for (int i = 0; i < 40; i++) {
		kr = peek(&scene, scene.trap.page, &byte);
		ASSERT_TRUE(kr == KERN_OPERATION_TIMED_OUT || kr == KERN_RESOURCE_SHORTAGE);
		n_timed_out += kr == KERN_OPERATION_TIMED_OUT;
	}
	ASSERT_GE(n_timed_out, 16);
	assert_prompt(began);
	ASSERT_EQ(portcullis_task_set_trust(scene.task, PORTCULLIS_TASK_TRUST_NONE, TIMEOUT_MS),
		KERN_SUCCESS);
	scene_end(s, &scene);
}

/* Whatever the answer is, it comes. */
STAGE(a_map_that_is_locked)
{
	struct vm_region_basic_info_64 basic;
	Scene scene = scene_begin(s);
	mach_msg_type_number_t count;
	mach_vm_address_t address;
	struct task_vm_info vm;
	mach_vm_size_t size;
	kern_return_t kr;
	uint64_t began;

	tell(scene.own, WEDGE);
	began = clock_now_ns();
	for (int i = 0; i < 5; i++) {
		address = 0;
		count = VM_REGION_BASIC_INFO_COUNT_64;
		kr = mach_vm_region(scene.task, &address, &size, VM_REGION_BASIC_INFO_64,
			(vm_region_info_t)&basic, &count, NULL);
		ASSERT_TRUE(kr == KERN_SUCCESS || kr == KERN_OPERATION_TIMED_OUT);
		count = TASK_VM_INFO_COUNT;
		kr = task_info(scene.task, TASK_VM_INFO, (task_info_t)&vm, &count);
		ASSERT_TRUE(kr == KERN_SUCCESS || kr == KERN_OPERATION_TIMED_OUT);
	}
	assert_prompt(began);
	scene_end(s, &scene);
}

/* Whether the target's image is there can be told at any time: nothing of its memory is looked at. */
STAGE(a_map_that_is_held)
{
	struct vm_region_basic_info_64 basic;
	Scene scene = scene_begin(s);
	TaskRef ref = {.port = NULL};
	bool is_held = false;
	uint64_t began;

	tell(scene.own, HOLD);
	for (int i = 0; i < 1000 && !is_held; i++) {
		mach_msg_type_number_t count = VM_REGION_BASIC_INFO_COUNT_64;
		mach_vm_address_t address = 0;
		mach_vm_size_t size;

		is_held = mach_vm_region(scene.task, &address, &size, VM_REGION_BASIC_INFO_64,
				  (vm_region_info_t)&basic, &count,
				  NULL) == KERN_OPERATION_TIMED_OUT;
	}
	if (!is_held)
		printf("note: this kernel keeps no map locked\n");
	ASSERT_OK(task_ref_get(scene.task, TASK_IS_READ, &ref));
	began = clock_now_ns();
	for (int i = 0; i < 5; i++)
		ASSERT_FALSE(task_ref_is_dead(&ref));
	assert_prompt(began);
	task_ref_done(&ref);
	scene_end(s, &scene);
}

static bool is_busy(int fd)
{
	char text[64];
	GuardCall call = {GUARD_READ, fd, 0, text, sizeof(text)};
	ssize_t n = 0;
	int r = guard_run(&call, 20, &n);

	return r == KERN_OPERATION_TIMED_OUT;
}

/* Whoever reads a file of /proc has it to himself until it has been written to his memory: so
 * counters are not taken from the descriptors of the bundle. */
STAGE(a_file_that_is_being_read)
{
	Hostile hostile = HOSTILE_NULL;
	struct mach_task_basic_info basic;
	mach_port_t own;
	mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
	Peer *peer = stage_spawn_with_port(s, "target", target, NULL, &own);
	unsigned n_fds;
	Wedge wedges[2];
	pthread_t threads[2];
	uint64_t began;
	TaskRef ref = {.port = NULL};
	mach_port_t name;
	Trap trap;
	void *page;

	ASSERT_EQ(harness_recv_bytes(peer, &trap, sizeof(trap)), sizeof(trap));
	if (hostile_make(HOSTILE_FUSE_FILE, &hostile) != 0) {
		tell(own, LEAVE);
		SKIP(hostile.reason);
	}
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, hostile.fd, 0);
	ASSERT_TRUE(page != MAP_FAILED);
	tell(own, ASK + TASK_INSPECT_PORT);
	name = take(s->hub, GIVE);
	ASSERT_OK(task_ref_get(name, TASK_IS_INSPECT, &ref));
	wedges[0] = (Wedge){.page = page, .fd = ref.stat};
	wedges[1] = (Wedge){.page = page, .fd = ref.status};
	for (int i = 0; i < 2; i++)
		start(&threads[i], touch, &wedges[i]);
	n_fds = count_settled_fds();
	EVENTUALLY(is_busy(ref.stat) && is_busy(ref.status));
	began = clock_now_ns();
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(task_info(name, MACH_TASK_BASIC_INFO, (task_info_t)&basic, &count),
			KERN_SUCCESS);
	assert_prompt(began);
	hostile_deinit(&hostile);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(pthread_join(threads[i], NULL), 0);
	ASSERT_SYS(munmap(page, PAGE));
	/* Those that were left behind are freed by whoever comes next. */
	EVENTUALLY(!is_busy(ref.stat) && !is_busy(ref.status) && count_fds() <= n_fds);
	task_ref_done(&ref);
	tell(own, DISARM);
	hear(s->hub, DISARM);
	tell(own, LEAVE);
	harness_expect_exit(peer, 0);
	deallocate(name);
	deallocate(own);
}
