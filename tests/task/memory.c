/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another task's memory, regions and counters, by its ports of each flavour; memory entries between
 * processes; and what becomes of all that when the target is gone.
 */
#include <sys/mman.h>

#include <bsm/libbsm.h>
#include <mach/mach_vm.h>
#include <mach/task_info.h>
#include <mach/thread_act.h>
#include <mach/vm_map.h>
#include <portcullis/task.h>

#include "tests/task/task.h"

enum { GIVE = 1, DONE, ENTRY, EXEC, ASK = 100 };

#define PAGE ((mach_vm_size_t)4096)
#define RW (VM_PROT_READ | VM_PROT_WRITE)

/* The same in each process, as they are forks of one. PAGE each: writable, read-only, nothing. */
static char *grounds;

static const struct {
	int which;
	TaskFlavor flavor;
} flavors[] = {
	{TASK_KERNEL_PORT, TASK_IS_CONTROL},
	{TASK_READ_PORT, TASK_IS_READ},
	{TASK_INSPECT_PORT, TASK_IS_INSPECT},
	{TASK_NAME_PORT, TASK_IS_NAME},
};
#define N_FLAVORS 4

__attribute__((__constructor__)) static void lay_out(void)
{
	grounds = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(grounds, 'o', 3 * PAGE);
	(void)mprotect(grounds + PAGE, PAGE, PROT_READ);
	(void)mprotect(grounds + 2 * PAGE, PAGE, PROT_NONE);
}

static mach_vm_address_t at(mach_vm_size_t offset)
{
	return (mach_vm_address_t)(uintptr_t)grounds + offset;
}

static void put(char *to, const char *text)
{
	memcpy(to, text, strlen(text) + 1);
}

static void make_entry(mach_port_t hub, vm_prot_t permission)
{
	memory_object_size_t size = PAGE;
	mach_port_t entry;

	put(grounds, "entry");
	ASSERT_EQ(
		mach_make_memory_entry_64(SELF, &size, at(0), permission, &entry, 0), KERN_SUCCESS);
	give(hub, GIVE, entry, MOVE);
}

/* A process that gives what it is asked for. */
static void target(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = task_peer_begin(ctx, &hub);
	Buffer buffer;

	memset(grounds, 't', PAGE);
	for (;;) {
		receive_any(own, &buffer);
		if (buffer.header.msgh_id == DONE)
			break;
		if (buffer.header.msgh_id == EXEC)
			execl("/bin/sleep", "sleep", "1000", NULL);
		else if (buffer.header.msgh_id >= ASK + 100)
			make_entry(hub, buffer.header.msgh_id - ASK - 100);
		else
			give(hub, GIVE, own_flavor(buffer.header.msgh_id - ASK), MOVE);
	}
	peer_send_u64(ctx, (uint8_t)grounds[0]);
	forget_reply_port();
	destroy(own);
	deallocate(hub);
}

typedef struct Scene {
	Peer *peer;
	mach_port_t own;
	mach_port_t tasks[N_FLAVORS];
} Scene;

static mach_port_t ask(Stage *s, const Scene *scene, int what)
{
	tell(scene->own, ASK + what);
	return take(s->hub, GIVE);
}

static Scene scene_begin(Stage *s)
{
	Scene scene = {.peer = NULL};

	scene.peer = stage_spawn_with_port(s, "target", target, NULL, &scene.own);
	for (unsigned i = 0; i < N_FLAVORS; i++)
		scene.tasks[i] = ask(s, &scene, flavors[i].which);
	return scene;
}

static uint8_t scene_end(Scene *scene)
{
	uint8_t first;

	for (unsigned i = 0; i < N_FLAVORS; i++)
		deallocate(scene->tasks[i]);
	tell(scene->own, DONE);
	first = (uint8_t)harness_recv_u64(scene->peer);
	harness_expect_exit(scene->peer, 0);
	deallocate(scene->own);
	forget_reply_port();
	return first;
}

/* What a call with that minimum says for a port of that flavour. */
static kern_return_t allowed(TaskFlavor least, unsigned i)
{
	return flavors[i].flavor <= least ? KERN_SUCCESS : KERN_INVALID_CAPABILITY;
}

static void read_with(mach_port_t of, kern_return_t expected)
{
	mach_vm_read_entry_t list = {{at(0), 8}, {at(PAGE), PAGE}};
	mach_msg_type_number_t count = 0;
	mach_vm_size_t n = 0;
	vm_offset_t data = 0;
	char bytes[8] = "";

	ASSERT_EQ(mach_vm_read_overwrite(
			  of, at(PAGE - 4), 8, (mach_vm_address_t)(uintptr_t)bytes, &n),
		expected);
	ASSERT_EQ(mach_vm_read(of, at(0), 2 * PAGE, &data, &count), expected);
	ASSERT_EQ(mach_vm_read_list(of, list, 2), expected);
	if (expected != KERN_SUCCESS)
		return;
	ASSERT_EQ(n, 8);
	ASSERT_EQ(memcmp(bytes, "ttttoooo", 8), 0);
	ASSERT_EQ(count, 2 * PAGE);
	ASSERT_EQ(((char *)data)[0], 't');
	ASSERT_EQ(((char *)data)[2 * PAGE - 1], 'o');
	ASSERT_EQ(vm_deallocate(SELF, data, count), KERN_SUCCESS);
	ASSERT_EQ(*(char *)(uintptr_t)list[0].address, 't');
	ASSERT_EQ(*(char *)(uintptr_t)list[1].address, 'o');
	for (unsigned i = 0; i < 2; i++)
		ASSERT_EQ(mach_vm_deallocate(SELF, list[i].address, list[i].size), KERN_SUCCESS);
}

STAGE(reading_takes_a_read_port)
{
	Scene scene = scene_begin(s);

	for (unsigned i = 0; i < N_FLAVORS; i++)
		read_with(scene.tasks[i], allowed(TASK_IS_READ, i));
	(void)scene_end(&scene);
}

STAGE(what_cannot_be_read)
{
	Scene scene = scene_begin(s);
	mach_port_t of = scene.tasks[1];
	mach_vm_read_entry_t list = {{at(0), 8}, {at(2 * PAGE), 8}, {0, 8}, {0, 0}};
	mach_vm_size_t n = 77;
	char bytes[8];
	mach_vm_address_t to = (mach_vm_address_t)(uintptr_t)bytes;

	ASSERT_EQ(mach_vm_read_overwrite(of, at(2 * PAGE), 8, to, &n), KERN_PROTECTION_FAILURE);
	ASSERT_EQ(mach_vm_read_overwrite(of, 0, 8, to, &n), KERN_INVALID_ADDRESS);
	ASSERT_EQ(mach_vm_read_overwrite(of, at(0), 8, 0, &n), KERN_INVALID_ADDRESS);
	ASSERT_EQ(n, 77);
	ASSERT_EQ(mach_vm_read_overwrite(of, at(0), 8, to, NULL), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_vm_read_list(of, list, 4), KERN_PROTECTION_FAILURE);
	ASSERT_NE(list[0].address, 0);
	ASSERT_EQ(mach_vm_deallocate(SELF, list[0].address, 8), KERN_SUCCESS);
	for (unsigned i = 1; i < 4; i++) {
		ASSERT_EQ(list[i].address, 0);
		ASSERT_EQ(list[i].size, 0);
	}
	ASSERT_EQ(mach_vm_read_list(of, list, VM_MAP_ENTRY_MAX + 1), KERN_INVALID_ARGUMENT);
	(void)scene_end(&scene);
}

STAGE(writing_takes_the_control_port)
{
	Scene scene = scene_begin(s);
	char bytes[] = "w";
	vm_offset_t from = (vm_offset_t)bytes;

	for (unsigned i = 0; i < N_FLAVORS; i++) {
		mach_port_t of = scene.tasks[i];

		ASSERT_EQ(mach_vm_write(of, at(0), from, 1), allowed(TASK_IS_CONTROL, i));
		ASSERT_EQ(mach_vm_copy(of, at(PAGE), 1, at(1)), allowed(TASK_IS_CONTROL, i));
	}
	ASSERT_EQ(mach_vm_write(scene.tasks[0], at(PAGE), from, 1), KERN_PROTECTION_FAILURE);
	ASSERT_EQ(mach_vm_write(scene.tasks[0], at(PAGE - 1), from, 2), KERN_PROTECTION_FAILURE);
	ASSERT_EQ(mach_vm_write(scene.tasks[0], 0, from, 1), KERN_INVALID_ADDRESS);
	ASSERT_EQ(mach_vm_write(scene.tasks[0], at(0), 0, 1), KERN_INVALID_ADDRESS);
	ASSERT_EQ(mach_vm_copy(scene.tasks[0], at(0), PAGE, at(PAGE)), KERN_PROTECTION_FAILURE);
	ASSERT_EQ(scene_end(&scene), 'w');
	ASSERT_EQ(grounds[0], 'o');
}

STAGE(layout_is_changed_by_the_agent)
{
	Scene scene = scene_begin(s);
	mach_vm_address_t address = 0;
	char bytes[] = "new", back[4];
	mach_vm_size_t n;

	for (unsigned i = 1; i < N_FLAVORS; i++) {
		ASSERT_EQ(mach_vm_allocate(scene.tasks[i], &address, PAGE, VM_FLAGS_ANYWHERE),
			KERN_INVALID_CAPABILITY);
		ASSERT_EQ(mach_vm_protect(scene.tasks[i], at(PAGE), PAGE, FALSE, RW),
			KERN_INVALID_CAPABILITY);
		ASSERT_EQ(mach_vm_deallocate(scene.tasks[i], at(0), PAGE), KERN_INVALID_CAPABILITY);
	}
	ASSERT_EQ(
		mach_vm_allocate(scene.tasks[0], &address, PAGE, VM_FLAGS_ANYWHERE), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_write(scene.tasks[0], address, (vm_offset_t)bytes, 4), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_read_overwrite(
			  scene.tasks[1], address, 4, (mach_vm_address_t)(uintptr_t)back, &n),
		KERN_SUCCESS);
	ASSERT_STREQ(back, "new");
	ASSERT_EQ(mach_vm_inherit(scene.tasks[0], address, PAGE, VM_INHERIT_NONE), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_deallocate(scene.tasks[0], address, PAGE), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_write(scene.tasks[0], address, (vm_offset_t)bytes, 4),
		KERN_INVALID_ADDRESS);
	ASSERT_EQ(mach_vm_protect(scene.tasks[0], at(PAGE), PAGE, FALSE, RW), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_write(scene.tasks[0], at(PAGE), (vm_offset_t)bytes, 4), KERN_SUCCESS);
	(void)scene_end(&scene);
}

STAGE(regions_take_a_read_port)
{
	Scene scene = scene_begin(s);
	struct vm_region_submap_info_64 submap;
	struct vm_region_basic_info_64 basic;
	mach_msg_type_number_t count;
	mach_vm_address_t address;
	mach_vm_size_t size;
	natural_t depth = 5;

	for (unsigned i = 0; i < N_FLAVORS; i++) {
		address = at(PAGE + 5);
		count = VM_REGION_BASIC_INFO_COUNT_64;
		ASSERT_EQ(mach_vm_region(scene.tasks[i], &address, &size, VM_REGION_BASIC_INFO_64,
				  (vm_region_info_t)&basic, &count, NULL),
			allowed(TASK_IS_READ, i));
		count = VM_REGION_SUBMAP_INFO_COUNT_64;
		ASSERT_EQ(mach_vm_region_recurse(scene.tasks[i], &address, &size, &depth,
				  (vm_region_recurse_info_t)&submap, &count),
			allowed(TASK_IS_READ, i));
	}
	address = at(PAGE + 5);
	count = VM_REGION_BASIC_INFO_COUNT_64;
	ASSERT_EQ(mach_vm_region(scene.tasks[1], &address, &size, VM_REGION_BASIC_INFO_64,
			  (vm_region_info_t)&basic, &count, NULL),
		KERN_SUCCESS);
	ASSERT_EQ(address, at(PAGE));
	ASSERT_EQ(size, PAGE);
	ASSERT_EQ(basic.protection, VM_PROT_READ);
	ASSERT_EQ(depth, 0);
	ASSERT_EQ(submap.share_mode, SM_PRIVATE);
	(void)scene_end(&scene);
}

static void look_at_pages(mach_port_t port)
{
	integer_t disposition = -1, refs = -1;

	ASSERT_EQ(mach_vm_page_query(port, at(7), &disposition, &refs), KERN_SUCCESS);
	ASSERT_EQ(disposition, VM_PAGE_QUERY_PAGE_PRESENT);
	ASSERT_EQ(refs, 1);
	/* Nothing is there, or nothing any more. */
	ASSERT_EQ(mach_vm_page_query(port, 0, &disposition, &refs), KERN_SUCCESS);
	ASSERT_EQ(disposition, 0);
	ASSERT_EQ(refs, 0);
	ASSERT_EQ(vm_map_page_query(port, (vm_offset_t)-1, &disposition, &refs), KERN_SUCCESS);
	ASSERT_EQ(disposition, 0);
}

STAGE(pages_take_a_read_port)
{
	Scene scene = scene_begin(s);
	integer_t disposition, refs;

	for (unsigned i = 0; i < N_FLAVORS; i++)
		ASSERT_EQ(mach_vm_page_query(scene.tasks[i], at(0), &disposition, &refs),
			allowed(TASK_IS_READ, i));
	look_at_pages(scene.tasks[1]);
	look_at_pages(scene.tasks[0]);
	/* By a process that is thrown away. */
	ASSERT_EQ(portcullis_task_set_trust(scene.tasks[1], PORTCULLIS_TASK_TRUST_NONE, 10000),
		KERN_SUCCESS);
	look_at_pages(scene.tasks[1]);
	(void)scene_end(&scene);
}

/* Whom the kernel does not tell: the target does, where it may be asked. */
static void page_reader(PeerCtx *ctx)
{
	mach_port_t hub, read, control;
	mach_port_t own = task_peer_begin(ctx, &hub);
	integer_t disposition, refs;
	kern_return_t kr;

	read = take(own, GIVE);
	control = take(own, GIVE);
	kr = mach_vm_page_query(read, at(0), &disposition, &refs);
	ASSERT_EQ(kr, ctx->is_other_uid ? KERN_NOT_SUPPORTED : KERN_SUCCESS);
	look_at_pages(control);
	give(hub, GIVE, control, MOVE);
	deallocate(read);
	forget_reply_port();
	destroy(own);
	deallocate(hub);
}

STAGE(pages_by_another_user)
{
	Scene scene = scene_begin(s);
	Peer *peer = stage_spawn_as(s, HARNESS_NOBODY, "reader", page_reader, NULL);
	mach_port_t own = take(s->hub, HELLO);

	give(own, GIVE, scene.tasks[1], COPY);
	give(own, GIVE, scene.tasks[0], COPY);
	deallocate(take(s->hub, GIVE));
	harness_expect_exit(peer, 0);
	deallocate(own);
	(void)scene_end(&scene);
}

STAGE(counters_take_a_name_port)
{
	Scene scene = scene_begin(s);
	struct mach_task_basic_info basic;
	struct task_vm_info vm;
	mach_msg_type_number_t count;
	audit_token_t token;

	for (unsigned i = 0; i < N_FLAVORS; i++) {
		count = MACH_TASK_BASIC_INFO_COUNT;
		ASSERT_EQ(task_info(scene.tasks[i], MACH_TASK_BASIC_INFO, (task_info_t)&basic,
				  &count),
			KERN_SUCCESS);
		ASSERT_GT(basic.resident_size, 0);
		count = TASK_AUDIT_TOKEN_COUNT;
		ASSERT_EQ(task_info(scene.tasks[i], TASK_AUDIT_TOKEN, (task_info_t)&token, &count),
			KERN_SUCCESS);
		ASSERT_EQ(audit_token_to_pid(token), peer_pid(scene.peer));
		count = TASK_VM_INFO_COUNT;
		ASSERT_EQ(task_info(scene.tasks[i], TASK_VM_INFO, (task_info_t)&vm, &count),
			KERN_SUCCESS);
		ASSERT_EQ(vm.region_count > 0, flavors[i].flavor <= TASK_IS_INSPECT);
	}
	(void)scene_end(&scene);
}

STAGE(threads_of_another_task)
{
	Scene scene = scene_begin(s);
	struct thread_identifier_info identifier;
	mach_msg_type_number_t n_threads = 0, count;
	thread_act_array_t threads;
	bool has_first = false;

	ASSERT_EQ(task_threads(scene.tasks[2], &threads, &n_threads), KERN_SUCCESS);
	for (unsigned i = 0; i < n_threads; i++) {
		count = THREAD_IDENTIFIER_INFO_COUNT;
		ASSERT_EQ(thread_info(threads[i], THREAD_IDENTIFIER_INFO,
				  (thread_info_t)&identifier, &count),
			KERN_SUCCESS);
		has_first = has_first || identifier.thread_id == (uint64_t)peer_pid(scene.peer);
		deallocate(threads[i]);
	}
	ASSERT_TRUE(has_first);
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)threads, n_threads * sizeof(*threads)),
		KERN_SUCCESS);
	(void)scene_end(&scene);
}

static void map_entry(mach_port_t of, mach_port_t entry, vm_prot_t prot, kern_return_t expected,
	mach_vm_address_t *address)
{
	*address = 0;
	ASSERT_EQ(mach_vm_map(of, address, PAGE, 0, VM_FLAGS_ANYWHERE, entry, 0, FALSE, prot, prot,
			  VM_INHERIT_NONE),
		expected);
}

STAGE(entries_travel)
{
	Scene scene = scene_begin(s);
	mach_port_t entry = ask(s, &scene, 100 + RW);
	mach_vm_address_t address, there = 0;
	char bytes[8];
	mach_vm_size_t n;

	map_entry(SELF, entry, RW, KERN_SUCCESS, &address);
	ASSERT_STREQ((char *)(uintptr_t)address, "entry");
	put((char *)(uintptr_t)address, "shared");
	ASSERT_EQ(mach_vm_read_overwrite(
			  scene.tasks[1], at(0), 8, (mach_vm_address_t)(uintptr_t)bytes, &n),
		KERN_SUCCESS);
	ASSERT_STREQ(bytes, "shared");
	/* Home again, and into the target's memory. */
	map_entry(scene.tasks[0], entry, VM_PROT_READ, KERN_SUCCESS, &there);
	ASSERT_EQ(mach_vm_read_overwrite(
			  scene.tasks[1], there, 8, (mach_vm_address_t)(uintptr_t)bytes, &n),
		KERN_SUCCESS);
	ASSERT_STREQ(bytes, "shared");
	ASSERT_EQ(mach_vm_deallocate(SELF, address, PAGE), KERN_SUCCESS);
	deallocate(entry);
	ASSERT_EQ(scene_end(&scene), 's');
}

/* What the kernel says to a holder who does not ask the library. */
STAGE(nobody_writes_through_a_read_only_entry)
{
	Scene scene = scene_begin(s);
	mach_port_t entry = ask(s, &scene, 100 + VM_PROT_READ);
	mach_vm_address_t address;
	char path[64];
	Port *port;
	int fd, again;

	map_entry(SELF, entry, RW, KERN_INVALID_RIGHT, &address);
	map_entry(SELF, entry, VM_PROT_READ, KERN_SUCCESS, &address);
	ASSERT_STREQ((char *)(uintptr_t)address, "entry");
	ASSERT_EQ(mprotect((void *)(uintptr_t)address, PAGE, PROT_READ | PROT_WRITE), -1);
	ASSERT_EQ(mach_vm_deallocate(SELF, address, PAGE), KERN_SUCCESS);
	ASSERT_OK(kport_get(entry, KOBJECT_NAMED_ENTRY, &port));
	fd = kport_object(port)->fds[0];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = ASSERT_SYS(open(path, O_RDWR | O_CLOEXEC));
	for (int i = 0; i < 2; i++) {
		int which = i == 0 ? fd : again;
		void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, which, 0);

		ASSERT_TRUE(p == MAP_FAILED);
		ASSERT_EQ(pwrite(which, "x", 1, 0), -1);
		ASSERT_EQ(ftruncate(which, 0), -1);
		ASSERT_EQ(
			fallocate(which, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE), -1);
	}
	close(again);
	kport_put(port);
	deallocate(entry);
	ASSERT_EQ(scene_end(&scene), 'e');
}

static kern_return_t basic_info(mach_port_t of)
{
	mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
	struct mach_task_basic_info info;

	return task_info(of, MACH_TASK_BASIC_INFO, (task_info_t)&info, &count);
}

/* Each call on what is left. */
static void assert_gone(const Scene *scene)
{
	struct vm_region_basic_info_64 basic;
	mach_msg_type_number_t count;
	mach_vm_address_t address = 0;
	mach_vm_size_t n = 0;
	char bytes[8];

	ASSERT_EQ(mach_vm_read_overwrite(
			  scene->tasks[1], at(0), 8, (mach_vm_address_t)(uintptr_t)bytes, &n),
		MACH_SEND_INVALID_DEST);
	ASSERT_EQ(type_of(scene->tasks[1]), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(mach_vm_write(scene->tasks[0], at(0), (vm_offset_t)bytes, 8),
		MACH_SEND_INVALID_DEST);
	ASSERT_EQ(mach_vm_allocate(scene->tasks[0], &address, PAGE, VM_FLAGS_ANYWHERE),
		MACH_SEND_INVALID_DEST);
	count = VM_REGION_BASIC_INFO_COUNT_64;
	ASSERT_EQ(mach_vm_region(scene->tasks[1], &address, &n, VM_REGION_BASIC_INFO_64,
			  (vm_region_info_t)&basic, &count, NULL),
		MACH_SEND_INVALID_DEST);
	for (unsigned i = 0; i < N_FLAVORS; i++) {
		/* Memory goes a moment before the descriptors, which is all that a name port has. */
		EVENTUALLY(basic_info(scene->tasks[i]) == MACH_SEND_INVALID_DEST);
		ASSERT_EQ(type_of(scene->tasks[i]), MACH_PORT_TYPE_DEAD_NAME);
	}
}

STAGE(an_exec_is_the_end_of_it)
{
	Scene scene = scene_begin(s);
	char byte;
	mach_vm_size_t n;

	tell(scene.own, EXEC);
	EVENTUALLY(mach_vm_read_overwrite(scene.tasks[1], at(0), 1,
			   (mach_vm_address_t)(uintptr_t)&byte, &n) != KERN_SUCCESS);
	assert_gone(&scene);
	for (unsigned i = 0; i < N_FLAVORS; i++)
		deallocate(scene.tasks[i]);
	harness_kill(scene.peer);
	EVENTUALLY(type_of(scene.own) == MACH_PORT_TYPE_DEAD_NAME ||
		   try_tell(scene.own, DONE) != MACH_MSG_SUCCESS);
	deallocate(scene.own);
	forget_reply_port();
}

STAGE(an_exit_is_the_end_of_it)
{
	Scene scene = scene_begin(s);

	harness_kill(scene.peer);
	assert_gone(&scene);
	for (unsigned i = 0; i < N_FLAVORS; i++)
		deallocate(scene.tasks[i]);
	EVENTUALLY(type_of(scene.own) == MACH_PORT_TYPE_DEAD_NAME ||
		   try_tell(scene.own, DONE) != MACH_MSG_SUCCESS);
	deallocate(scene.own);
	forget_reply_port();
}

STAGE(trust_can_be_set)
{
	Scene scene = scene_begin(s);
	mach_msg_timeout_t timeout;
	boolean_t is_guarded;
	int trust;

	/* A child, and of the same user. */
	ASSERT_EQ(portcullis_task_get_trust(scene.tasks[1], &trust, &timeout, &is_guarded),
		KERN_SUCCESS);
	ASSERT_EQ(trust, PORTCULLIS_TASK_TRUST_AUTO);
	ASSERT_EQ(timeout, 2000);
	ASSERT_FALSE(is_guarded);
	ASSERT_EQ(portcullis_task_set_trust(scene.tasks[1], PORTCULLIS_TASK_TRUST_NONE, 20000),
		KERN_SUCCESS);
	ASSERT_EQ(portcullis_task_get_trust(scene.tasks[1], &trust, &timeout, &is_guarded),
		KERN_SUCCESS);
	ASSERT_EQ(trust, PORTCULLIS_TASK_TRUST_NONE);
	ASSERT_EQ(timeout, 20000);
	ASSERT_TRUE(is_guarded);
	read_with(scene.tasks[1], KERN_SUCCESS);
	ASSERT_EQ(portcullis_task_set_trust(scene.tasks[1], 3, 0), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(portcullis_task_set_trust(scene.tasks[3], 0, 0), KERN_INVALID_CAPABILITY);
	ASSERT_EQ(portcullis_task_set_trust(SELF, PORTCULLIS_TASK_TRUST_NONE, 0), KERN_SUCCESS);
	ASSERT_EQ(portcullis_task_get_trust(SELF, &trust, NULL, NULL), KERN_SUCCESS);
	ASSERT_EQ(trust, PORTCULLIS_TASK_TRUST_FULL);
	(void)scene_end(&scene);
}

/* The other way round than usual: root looks at somebody else. */
STAGE(strangers_are_guarded)
{
	Scene scene = {.peer = NULL};
	boolean_t is_guarded;
	int trust;

	if (geteuid() != 0)
		SKIP("only root can have a process of another user");
	scene.peer = stage_spawn_as(s, HARNESS_NOBODY, "target", target, NULL);
	scene.own = take(s->hub, HELLO);
	for (unsigned i = 0; i < N_FLAVORS; i++)
		scene.tasks[i] = ask(s, &scene, flavors[i].which);
	ASSERT_EQ(
		portcullis_task_get_trust(scene.tasks[1], &trust, NULL, &is_guarded), KERN_SUCCESS);
	ASSERT_TRUE(is_guarded);
	read_with(scene.tasks[1], KERN_SUCCESS);
	look_at_pages(scene.tasks[1]);
	(void)scene_end(&scene);
}
