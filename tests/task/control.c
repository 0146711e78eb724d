/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done to whole tasks: found by number and by token, listed thread by thread, stopped and ended.
 */
#include <linux/capability.h>
#include <mach/thread_act.h>
#include <mach_debug/ipc_info.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <portcullis/task.h>

#include "task/forpid.h"
#include "task/threadref.h"
#include "tests/task/task.h"

enum { GIVE = 1, GO, DONE };

static volatile uint64_t treasure = UINT64_C(0xfeedfacecafebeef);

static mach_port_t by_number(
	kern_return_t (*call)(mach_port_name_t, int, mach_port_name_t *), int pid, kern_return_t r)
{
	mach_port_t port = 77;

	ASSERT_EQ(call(SELF, pid, &port), r);
	if (r)
		ASSERT_EQ(port, MACH_PORT_NULL);
	return port;
}

static void drop(mach_port_t port)
{
	ASSERT_EQ(mach_port_deallocate(SELF, port), KERN_SUCCESS);
}

/* By number. */

TEST(a_process_gets_its_own_ports)
{
	mach_port_t control = by_number(task_for_pid, getpid(), KERN_SUCCESS);
	mach_port_t read = by_number(task_read_for_pid, getpid(), KERN_SUCCESS);
	mach_port_t inspect = by_number(task_inspect_for_pid, getpid(), KERN_SUCCESS);
	mach_port_t name = by_number(task_name_for_pid, getpid(), KERN_SUCCESS);
	mach_port_t again = own_flavor(TASK_READ_PORT);
	int pid = 0;

	ASSERT_EQ(control, SELF);
	ASSERT_EQ(read, again);
	ASSERT_EQ(kind_of(inspect), IPC_OTYPE_TASK_INSPECT);
	ASSERT_EQ(pid_for_task(name, &pid), KERN_SUCCESS);
	ASSERT_EQ(pid, getpid());
	drop(control);
	drop(read);
	drop(again);
	drop(inspect);
	drop(name);
}

TEST(there_is_no_such_process)
{
	mach_port_t port = make_send_receive();
	pid_t zombie;
	int pid = 0;

	by_number(task_for_pid, 0, KERN_FAILURE);
	by_number(task_for_pid, -1, KERN_FAILURE);
	by_number(task_name_for_pid, INT32_MAX, KERN_FAILURE);
	ASSERT_EQ(task_for_pid(port, getpid(), &(mach_port_t){0}), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_for_pid(MACH_PORT_NULL, getpid(), &(mach_port_t){0}), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(pid_for_task(port, &pid), KERN_FAILURE);
	ASSERT_EQ(pid, -1);
	ASSERT_EQ(pid_for_task(MACH_PORT_NULL, &pid), KERN_FAILURE);
	destroy(port);
	zombie = ASSERT_SYS(fork());
	if (zombie == 0)
		_exit(0);
	ASSERT_SYS(waitid(P_PID, (id_t)zombie, NULL, WEXITED | WNOWAIT));
	by_number(task_for_pid, zombie, KERN_FAILURE);
	by_number(task_name_for_pid, zombie, KERN_FAILURE);
	ASSERT_EQ(waitpid(zombie, NULL, 0), zombie);
	by_number(task_name_for_pid, zombie, KERN_FAILURE);
}

/* A process that knows nothing of ports, and one that does. */
static void sleeper(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = task_peer_begin(ctx, &hub);
	char *argv[] = {(char *)"sleep", (char *)"1000", NULL};

	hear(own, GO);
	execvp(argv[0], argv);
	FAIL("no sleep");
}

STAGE(the_privileged_get_any)
{
	mach_port_t own, control, read, name;
	Peer *peer = stage_spawn_with_port(s, "sleeper", sleeper, NULL, &own);
	pid_t pid = peer_pid(peer);
	TaskRef ref = {.port = NULL};
	uint64_t word = 0;

	if (!forpid_is_privileged()) {
		by_number(task_for_pid, pid, KERN_FAILURE);
		by_number(task_read_for_pid, pid, KERN_FAILURE);
		by_number(task_inspect_for_pid, pid, KERN_FAILURE);
		name = by_number(task_name_for_pid, pid, KERN_SUCCESS);
		harness_kill(peer);
		drop(name);
		deallocate(own);
		return;
	}
	control = by_number(task_for_pid, pid, KERN_SUCCESS);
	ASSERT_EQ(by_number(task_for_pid, pid, KERN_SUCCESS), control);
	read = by_number(task_read_for_pid, pid, KERN_SUCCESS);
	ASSERT_OK(task_ref_get(read, TASK_IS_READ, &ref));
	ASSERT_EQ(pread(ref.mem, &word, sizeof(word), (off_t)(uintptr_t)&treasure),
		(ssize_t)sizeof(word));
	ASSERT_EQ(word, treasure);
	task_ref_done(&ref);
	/* Without an agent. */
	ASSERT_EQ(task_set_special_port(control, TASK_BOOTSTRAP_PORT, s->hub), KERN_NOT_SUPPORTED);
	ASSERT_EQ(task_get_special_port(control, TASK_READ_PORT, &name), KERN_SUCCESS);
	drop(name);
	/* Another image is another task. */
	tell(own, GO);
	EVENTUALLY(task_ref_get(control, TASK_IS_NAME, &ref) == MACH_SEND_INVALID_DEST || ({
		bool dead = task_ref_is_dead(&ref);
		task_ref_done(&ref);
		dead;
	}));
	ASSERT_EQ(type_of(control), MACH_PORT_TYPE_DEAD_NAME);
	name = by_number(task_for_pid, pid, KERN_SUCCESS);
	ASSERT_NE(name, control);
	ASSERT_EQ(task_terminate(name), KERN_SUCCESS);
	harness_expect_signal(peer, SIGKILL);
	drop(name);
	drop(control);
	drop(control);
	drop(read);
	deallocate(own);
}

/* By token. */

static void token_holder(PeerCtx *ctx)
{
	mach_port_t hub, token, port = MACH_PORT_NULL;
	mach_port_t own = task_peer_begin(ctx, &hub);
	kern_return_t kr;

	token = take(own, GIVE);
	ASSERT_EQ(kind_of(token), IPC_OTYPE_TASK_ID_TOKEN);
	ASSERT_EQ(task_identity_token_get_task_port(token, TASK_FLAVOR_NAME, &port), KERN_SUCCESS);
	ASSERT_EQ(pid_of(port), getppid());
	/* What the task itself gives is the same port. */
	ASSERT_EQ(take(own, GIVE), port);
	drop_refs(port, MACH_PORT_RIGHT_SEND, 2);
	kr = task_identity_token_get_task_port(token, TASK_FLAVOR_READ, &port);
	if (forpid_is_privileged())
		drop(port);
	else
		ASSERT_EQ(kr, KERN_DENIED);
	ASSERT_EQ(task_identity_token_get_task_port(token, 4, &port), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_identity_token_get_task_port(own, 0, &port), KERN_INVALID_ARGUMENT);
	give(hub, GIVE, token, MOVE);
	destroy(own);
	deallocate(hub);
}

STAGE(a_token_says_who_and_no_more)
{
	mach_port_t own, token, again, port;
	Peer *peer = stage_spawn_as(s, HARNESS_NOBODY, "holder", token_holder, NULL);

	own = take(s->hub, HELLO);
	ASSERT_EQ(task_create_identity_token(SELF, &token), KERN_SUCCESS);
	ASSERT_EQ(task_create_identity_token(SELF, &again), KERN_SUCCESS);
	ASSERT_EQ(again, token);
	for (unsigned i = 0; i <= TASK_FLAVOR_NAME; i++) {
		ASSERT_EQ(task_identity_token_get_task_port(token, i, &port), KERN_SUCCESS);
		ASSERT_TRUE(mach_task_is_self(port));
		drop(port);
	}
	ASSERT_EQ(task_create_identity_token(s->hub, &port), KERN_INVALID_ARGUMENT);
	give(own, GIVE, token, COPY);
	give(own, GIVE, own_flavor(TASK_NAME_PORT), MOVE);
	ASSERT_EQ(take(s->hub, GIVE), token);
	harness_expect_exit(peer, 0);
	drop_refs(token, MACH_PORT_RIGHT_SEND, 3);
	deallocate(own);
}

/* A task that gives its control port and waits. */
static void servant(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = task_peer_begin(ctx, &hub);
	volatile uint64_t *counter = ctx->arg;

	give(hub, GIVE, SELF, COPY);
	while (counter)
		++*counter;
	hear(own, DONE);
	destroy(own);
	deallocate(hub);
}

STAGE(a_token_dies_with_its_task)
{
	mach_port_t own, control, token, port;
	Peer *peer = stage_spawn_with_port(s, "servant", servant, NULL, &own);

	control = take(s->hub, GIVE);
	ASSERT_EQ(task_create_identity_token(control, &token), KERN_SUCCESS);
	request_new(token, MACH_NOTIFY_DEAD_NAME, 0, s->hub);
	harness_kill(peer);
	await_dead_name(s->hub, token);
	ASSERT_EQ(
		task_identity_token_get_task_port(token, TASK_FLAVOR_NAME, &port), KERN_NOT_FOUND);
	drop(token);
	drop(token);
	drop(control);
	deallocate(own);
}

/* Threads. */

static void *thread_main(void *arg)
{
	mach_port_t *ports = arg;

	ports[0] = mach_thread_self();
	ASSERT_EQ(mach_thread_self(), ports[0]);
	drop(ports[0]);
	(void)pthread_barrier_wait((pthread_barrier_t *)(uintptr_t)(ports + 2));
	(void)pthread_barrier_wait((pthread_barrier_t *)(uintptr_t)(ports + 2));
	return NULL;
}

static bool is_in(mach_port_t port, const mach_port_t *ports, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static void drop_threads(thread_act_array_t threads, mach_msg_type_number_t n)
{
	for (unsigned i = 0; i < n; i++)
		drop(threads[i]);
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)threads, n * sizeof(*threads)), KERN_SUCCESS);
}

TEST(threads_of_this_task)
{
	struct {
		mach_port_t ports[2];
		pthread_barrier_t barrier;
	} shared;
	mach_port_t self = mach_thread_self(), hub = make_receive();
	mach_msg_type_number_t n = 0;
	thread_act_array_t threads;
	ThreadRef ref;
	pthread_t thread;

	_Static_assert(sizeof(shared.ports) == 2 * sizeof(mach_port_t), "the barrier follows");
	pthread_barrier_init(&shared.barrier, NULL, 2);
	ASSERT_EQ(pthread_create(&thread, NULL, thread_main, shared.ports), 0);
	(void)pthread_barrier_wait(&shared.barrier);
	ASSERT_EQ(task_threads(SELF, &threads, &n), KERN_SUCCESS);
	ASSERT_TRUE(is_in(self, threads, n));
	ASSERT_TRUE(is_in(shared.ports[0], threads, n));
	ASSERT_OK(thread_ref_get(self, &ref));
	ASSERT_EQ(ref.tid, gettid());
	ASSERT_EQ(ref.pid, getpid());
	ASSERT_FALSE(thread_ref_is_dead(&ref));
	thread_ref_done(&ref);
	ASSERT_OK(thread_ref_get(shared.ports[0], &ref));
	ASSERT_NE(ref.tid, gettid());
	request_new(shared.ports[0], MACH_NOTIFY_DEAD_NAME, 0, hub);
	(void)pthread_barrier_wait(&shared.barrier);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	await_dead_name(hub, shared.ports[0]);
	drop(shared.ports[0]);
	destroy(hub);
	ASSERT_TRUE(thread_ref_is_dead(&ref));
	thread_ref_done(&ref);
	ASSERT_EQ(type_of(shared.ports[0]), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(thread_ref_get(shared.ports[0], &ref), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(thread_ref_get(SELF, &ref), KERN_INVALID_ARGUMENT);
	drop_threads(threads, n);
	drop(self);
	pthread_barrier_destroy(&shared.barrier);
	wait_for_closes();
}

/* From a thread port that came by a task port of that flavour. */
static void check_special(mach_port_t thread, int which, int task_flavor)
{
	bool may = which == THREAD_INSPECT_PORT || task_flavor == TASK_KERNEL_PORT ||
		   (which == THREAD_READ_PORT && task_flavor == TASK_READ_PORT);
	mach_port_t port = MACH_PORT_NULL;

	ASSERT_EQ(thread_get_special_port(thread, which, &port),
		may ? KERN_SUCCESS : KERN_INVALID_CAPABILITY);
	if (may)
		drop(port);
}

STAGE(threads_of_another_task)
{
	static const struct {
		int which;
		natural_t kind;
	} flavors[] = {
		{TASK_KERNEL_PORT, IPC_OTYPE_THREAD_CONTROL},
		{TASK_READ_PORT, IPC_OTYPE_THREAD_READ},
		{TASK_INSPECT_PORT, IPC_OTYPE_THREAD_INSPECT},
	};
	mach_port_t own, control, port;
	Peer *peer = stage_spawn_with_port(s, "servant", servant, NULL, &own);
	mach_msg_type_number_t n = 0;
	thread_act_array_t threads;

	control = take(s->hub, GIVE);
	for (unsigned i = 0; i < 3; i++) {
		bool found = false;

		ASSERT_EQ(task_get_special_port(control, flavors[i].which, &port), KERN_SUCCESS);
		ASSERT_EQ(task_threads(port, &threads, &n), KERN_SUCCESS);
		ASSERT_GT(n, 0);
		for (unsigned k = 0; k < n; k++) {
			ThreadRef ref;

			ASSERT_EQ(kind_of(threads[k]), flavors[i].kind);
			ASSERT_OK(thread_ref_get(threads[k], &ref));
			ASSERT_EQ(ref.pid, peer_pid(peer));
			found |= ref.tid == ref.pid;
			thread_ref_done(&ref);
			for (int w = THREAD_KERNEL_PORT; w <= THREAD_MAX_SPECIAL_PORT; w++)
				check_special(threads[k], w, flavors[i].which);
		}
		ASSERT_TRUE(found);
		drop_threads(threads, n);
		drop(port);
	}
	ASSERT_EQ(task_get_special_port(control, TASK_NAME_PORT, &port), KERN_SUCCESS);
	ASSERT_EQ(task_threads(port, &threads, &n), KERN_INVALID_CAPABILITY);
	drop(port);
	tell(own, DONE);
	harness_expect_exit(peer, 0);
	ASSERT_EQ(task_threads(control, &threads, &n), MACH_SEND_INVALID_DEST);
	drop(control);
	deallocate(own);
	forget_reply_port();
}

/* Names. */

static bool is_listed(task_t space, mach_port_name_t name)
{
	mach_msg_type_number_t n = 0, n_types = 0;
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	bool found;

	ASSERT_EQ(mach_port_names(space, &names, &n, &types, &n_types), KERN_SUCCESS);
	ASSERT_EQ(n, n_types);
	found = is_in(name, names, n);
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)names, n * sizeof(*names)), KERN_SUCCESS);
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)types, n * sizeof(*types)), KERN_SUCCESS);
	return found;
}

STAGE(the_names_of_another_task)
{
	mach_port_t own, control, read, back = MACH_PORT_NULL;
	Peer *peer = stage_spawn_with_port(s, "servant", servant, NULL, &own);
	mach_port_name_t name = MACH_PORT_NULL, given = 0x7a7a03;
	mach_msg_type_name_t kind = 0;
	mach_port_type_t type = 0;
	mach_port_urefs_t refs = 0;
	semaphore_t semaphore;

	control = take(s->hub, GIVE);
	ASSERT_EQ(mach_port_allocate(control, MACH_PORT_RIGHT_RECEIVE, &name), KERN_SUCCESS);
	ASSERT_TRUE(is_listed(control, name));
	ASSERT_EQ(mach_port_type(control, name, &type), KERN_SUCCESS);
	ASSERT_EQ(type, MACH_PORT_TYPE_RECEIVE);
	/* A send right to it, from there to here. */
	ASSERT_EQ(mach_port_extract_right(control, name, MAKE, &back, &kind), KERN_SUCCESS);
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_SEND);
	ASSERT_EQ(type_of(back), MACH_PORT_TYPE_SEND);
	tell(back, 1);
	ASSERT_EQ(mach_port_destroy(control, name), KERN_SUCCESS);
	ASSERT_EQ(mach_port_type(control, name, &type), KERN_INVALID_NAME);
	deallocate(back);
	/* And one of ours, under the name that we say. */
	ASSERT_EQ(mach_port_insert_right(control, given, s->hub, MAKE), KERN_RIGHT_EXISTS);
	back = make_receive();
	ASSERT_EQ(mach_port_insert_right(control, given, back, MAKE), KERN_SUCCESS);
	ASSERT_EQ(mach_port_get_refs(control, given, MACH_PORT_RIGHT_SEND, &refs), KERN_SUCCESS);
	ASSERT_EQ(refs, 1);
	ASSERT_EQ(mach_port_mod_refs(control, given, MACH_PORT_RIGHT_SEND, 2), KERN_SUCCESS);
	ASSERT_EQ(mach_port_deallocate(control, given), KERN_SUCCESS);
	ASSERT_EQ(mach_port_get_refs(control, given, MACH_PORT_RIGHT_SEND, &refs), KERN_SUCCESS);
	ASSERT_EQ(refs, 2);
	destroy(back);
	ASSERT_EQ(semaphore_create(control, &semaphore, SYNC_POLICY_FIFO, 1), KERN_SUCCESS);
	ASSERT_EQ(semaphore_wait(semaphore), KERN_SUCCESS);
	drop(semaphore);
	/* Not with less. */
	ASSERT_EQ(task_get_special_port(control, TASK_READ_PORT, &read), KERN_SUCCESS);
	ASSERT_EQ(mach_port_type(read, given, &type), KERN_INVALID_CAPABILITY);
	ASSERT_EQ(mach_port_type(s->hub, given, &type), KERN_INVALID_TASK);
	ASSERT_EQ(semaphore_create(read, &semaphore, SYNC_POLICY_FIFO, 1), KERN_INVALID_CAPABILITY);
	drop(read);
	drop(control);
	harness_kill(peer);
	deallocate(own);
	forget_reply_port();
}

/* The end. */

STAGE(the_holder_of_a_control_port_ends_a_task)
{
	mach_port_t own, control, read;
	Peer *peer = stage_spawn_with_port(s, "servant", servant, NULL, &own);

	control = take(s->hub, GIVE);
	ASSERT_EQ(task_get_special_port(control, TASK_READ_PORT, &read), KERN_SUCCESS);
	ASSERT_EQ(task_terminate(read), KERN_INVALID_CAPABILITY);
	ASSERT_EQ(task_terminate(control), KERN_SUCCESS);
	harness_expect_signal(peer, SIGKILL);
	EVENTUALLY(task_terminate(control) == MACH_SEND_INVALID_DEST);
	drop(control);
	drop(read);
	deallocate(own);
	forget_reply_port();
}

/* One that may not send it a signal: the agent does it. */
static void executioner(PeerCtx *ctx)
{
	mach_port_t hub, control;
	mach_port_t own = task_peer_begin(ctx, &hub);
	TaskRef ref;

	control = take(own, GIVE);
	ASSERT_OK(task_ref_get(control, TASK_IS_CONTROL, &ref));
	if (ctx->is_other_uid)
		ASSERT_EQ(kill(pid_of(control), 0), -1);
	ASSERT_EQ(task_terminate(control), KERN_SUCCESS);
	EVENTUALLY(task_ref_is_dead(&ref));
	task_ref_done(&ref);
	drop(control);
	destroy(own);
	deallocate(hub);
}

STAGE(another_user_ends_a_task_that_lets_it)
{
	mach_port_t servant_port, own, control;
	Peer *peer = stage_spawn_with_port(s, "servant", servant, NULL, &servant_port);
	Peer *other;

	control = take(s->hub, GIVE);
	other = stage_spawn_as(s, HARNESS_NOBODY, "executioner", executioner, NULL);
	own = take(s->hub, HELLO);
	give(own, GIVE, control, MOVE);
	harness_expect_signal(peer, SIGKILL);
	harness_expect_exit(other, 0);
	deallocate(own);
	deallocate(servant_port);
}

/* To stop. */

STAGE(without_a_group_nothing_is_suspended)
{
	mach_port_t own, control, read, token;
	Peer *peer = stage_spawn_with_port(s, "servant", servant, NULL, &own);

	control = take(s->hub, GIVE);
	ASSERT_EQ(task_get_special_port(control, TASK_READ_PORT, &read), KERN_SUCCESS);
	ASSERT_EQ(task_suspend(control), KERN_NOT_SUPPORTED);
	ASSERT_EQ(task_suspend(read), KERN_NOT_SUPPORTED);
	ASSERT_EQ(task_resume(control), KERN_NOT_SUPPORTED);
	ASSERT_EQ(task_suspend2(control, &token), KERN_NOT_SUPPORTED);
	ASSERT_EQ(task_suspend(SELF), KERN_NOT_SUPPORTED);
	ASSERT_EQ(task_resume2(SELF), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_suspend(s->hub), KERN_INVALID_ARGUMENT);
	drop(read);
	drop(control);
	tell(own, DONE);
	harness_expect_exit(peer, 0);
	deallocate(own);
	forget_reply_port();
}

typedef struct Group {
	char path[128];
} Group;

static bool group_new(Group *group)
{
	static const char *const places[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};

	for (unsigned i = 0; i < 2; i++) {
		char path[160];

		snprintf(group->path, sizeof(group->path), "%s/portcullis-test-%d", places[i],
			(int)getpid());
		if (mkdir(group->path, 0755) < 0)
			continue;
		snprintf(path, sizeof(path), "%s/cgroup.kill", group->path);
		if (access(path, W_OK) == 0)
			return true;
		(void)rmdir(group->path);
	}
	return false;
}

static void group_enter(const Group *group)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group->path);
	fd = ASSERT_SYS(open(path, O_WRONLY | O_CLOEXEC));
	ASSERT_EQ(write(fd, "0", 1), 1);
	close(fd);
}

typedef struct Counted {
	volatile uint64_t counter;
	Group group;
} Counted;

static void counting_servant(PeerCtx *ctx)
{
	Counted *shared = ctx->arg;

	group_enter(&shared->group);
	ctx->arg = (void *)(uintptr_t)&shared->counter;
	servant(ctx);
}

static bool is_counting(const Counted *shared)
{
	uint64_t before = shared->counter;

	for (unsigned i = 0; i < 50 && shared->counter == before; i++)
		(void)poll(NULL, 0, 1);
	return shared->counter != before;
}

#define STANDS_STILL(shared) EVENTUALLY(!is_counting(shared))
#define GOES_ON(shared) EVENTUALLY(is_counting(shared))

STAGE(a_task_in_its_own_group_is_suspended)
{
	Counted *shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mach_port_t own, control, token;
	Peer *peer;

	ASSERT_TRUE(shared != MAP_FAILED);
	if (!group_new(&shared->group)) {
		ASSERT_SYS(munmap(shared, sizeof(*shared)));
		printf("note: no control group can be made here\n");
		return;
	}
	peer = stage_spawn_with_port(s, "servant", counting_servant, shared, &own);
	control = take(s->hub, GIVE);
	GOES_ON(shared);
	ASSERT_EQ(task_resume(control), KERN_FAILURE);
	ASSERT_EQ(task_suspend(control), KERN_SUCCESS);
	STANDS_STILL(shared);
	ASSERT_EQ(task_suspend2(control, &token), KERN_SUCCESS);
	ASSERT_EQ(task_resume(control), KERN_SUCCESS);
	STANDS_STILL(shared);
	ASSERT_EQ(task_resume2(token), KERN_SUCCESS);
	GOES_ON(shared);
	ASSERT_EQ(task_resume(control), KERN_FAILURE);
	/* A token that is dropped resumes too. */
	ASSERT_EQ(task_suspend2(control, &token), KERN_SUCCESS);
	STANDS_STILL(shared);
	drop(token);
	GOES_ON(shared);
	ASSERT_EQ(task_suspend(control), KERN_SUCCESS);
	harness_kill(peer);
	EVENTUALLY(task_suspend(control) == MACH_SEND_INVALID_DEST);
	drop(control);
	deallocate(own);
	EVENTUALLY(rmdir(shared->group.path) == 0);
	ASSERT_SYS(munmap(shared, sizeof(*shared)));
}

/* A program that gives up being dumpable. */
static void undumpable(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = task_peer_begin(ctx, &hub);
	bool prepared = ctx->arg != NULL;

	if (prepared)
		ASSERT_EQ(portcullis_task_prepare(), KERN_SUCCESS);
	ASSERT_SYS(prctl(PR_SET_DUMPABLE, 0));
	if (!prepared && geteuid() != 0) {
		ASSERT_EQ(try_give(hub, GIVE, own_flavor(TASK_READ_PORT), MOVE),
			MACH_SEND_INVALID_RIGHT);
		ASSERT_EQ(portcullis_task_prepare(), KERN_NO_ACCESS);
	}
	give(hub, GIVE, own_flavor(prepared ? TASK_READ_PORT : TASK_INSPECT_PORT), MOVE);
	hear(own, DONE);
}

STAGE(memory_is_opened_while_it_can_be)
{
	for (unsigned prepared = 0; prepared < 2; prepared++) {
		Peer *peer = stage_spawn_as(
			s, HARNESS_NOBODY, "undumpable", undumpable, (void *)(uintptr_t)prepared);
		mach_port_t own = take(s->hub, HELLO);
		mach_port_t port = take(s->hub, GIVE);
		TaskRef ref = {.port = NULL};
		uint64_t word = 0;

		ASSERT_OK(task_ref_get(port, TASK_IS_INSPECT, &ref));
		if (prepared) {
			ASSERT_EQ(pread(ref.mem, &word, sizeof(word), (off_t)(uintptr_t)&treasure),
				(ssize_t)sizeof(word));
			ASSERT_EQ(word, treasure);
		}
		task_ref_done(&ref);
		tell(own, DONE);
		harness_expect_exit(peer, 0);
		deallocate(port);
		deallocate(own);
	}
}
