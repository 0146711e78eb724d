/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TESTS_INTEGRATION_H
#define PORTCULLIS_TESTS_INTEGRATION_H

/*
 * What the integration programs share: several processes, public headers only.
 *
 *	static void client(PeerCtx *ctx)
 *	{
 *		mach_port_t hub = peer_begin(ctx);
 *		mach_port_t port = take(ctx, ...);
 *		...
 *		peer_end();
 *	}
 *
 *	STAGE(a_right_crosses_over)
 *	{
 *		Peer *p = stage_spawn(s, "client", client, NULL);
 *		...
 *	}
 *
 * The test is a process of the play like all others. It has a port, the hub, of which every peer
 * inherits a send right; what peers and test need to know of each other they send to each other.
 * A peer says hello on the hub before it does anything else, and stage_spawn() waits for that.
 *
 * The test and each peer that ends by peer_end() have, at the end, as many names and descriptors as
 * at the beginning. Descriptors are closed on other threads too, not always with an event to wait
 * for: they are counted until the number is right, or time is up.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <bsm/libbsm.h>
#include <mach/mach.h>
#include <mach/notify.h>
#include <portcullis/port.h>

#define UNIT_NO_MAIN
#include "tests/lib/harness.h"

#include "tests/conformance/conformance.h"

/* A file whose tests start the program anew defines INTEGRATION_PROGRAM before it includes this: what
 * `--program ARGUMENTS` runs. own_path() is the program. */

#define HELLO 0x68656c6f
#define COPY MACH_MSG_TYPE_COPY_SEND
#define MAKE MACH_MSG_TYPE_MAKE_SEND
#define MOVE MACH_MSG_TYPE_MOVE_SEND
#define MAKE_ONCE MACH_MSG_TYPE_MAKE_SEND_ONCE
#define MOVE_ONCE MACH_MSG_TYPE_MOVE_SEND_ONCE
#define MOVE_RECEIVE MACH_MSG_TYPE_MOVE_RECEIVE
#define AUDIT_TRAILER                                                                              \
	(MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0) |                                        \
		MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT))

/* How long a wait that must end may take. */
#define PATIENCE_MS harness_scale_ms(8000)

typedef struct Scope {
	unsigned n_names;
	unsigned n_fds;
} Scope;

typedef struct Stage {
	Harness *h;
	mach_port_t hub;
	Scope scope;
} Stage;

/* One of the peers: where to look for the reason when the test waits in vain. */
static Peer *stage_witness;

unused_ static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	unsigned n = 0;

	ASSERT_NOT_NULL(dir);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n - 1;
}

unused_ static void list_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		char target[256];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n > 0)
			printf("  descriptor %s: %.*s\n", entry->d_name, (int)n, target);
	}
	if (dir)
		closedir(dir);
}

/* Waits for a condition of which nobody is told. */
#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		uint64_t eventually_end_ = now_ms() + PATIENCE_MS;                                 \
		while (!(condition)) {                                                             \
			if (now_ms() > eventually_end_)                                            \
				FAIL("never: %s", #condition);                                     \
			(void)poll(NULL, 0, 1);                                                    \
		}                                                                                  \
	} while (0)

unused_ static Scope scope_begin(void)
{
	wait_for_closes();
	return (Scope){.n_names = count_names(), .n_fds = count_fds()};
}

unused_ static void scope_end(const Scope *scope)
{
	uint64_t end = now_ms() + harness_scale_ms(3000);

	ASSERT_EQ(count_names(), scope->n_names);
	wait_for_closes();
	while (count_fds() != scope->n_fds) {
		if (now_ms() > end) {
			list_fds();
			ASSERT_EQ(count_fds(), scope->n_fds);
		}
		(void)poll(NULL, 0, 1);
	}
}

/* Everything that the library opens once and keeps is open after this. */
unused_ static void make_familiar(void)
{
	mach_port_t port = make_send_receive();
	portcullis_keeper_t keeper;

	ASSERT_EQ(portcullis_keeper_create(port, &keeper), KERN_SUCCESS);
	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, port);
	portcullis_keeper_destroy(keeper);
	destroy(port);
	wait_for_closes();
}

/* In the test: nothing came. If a peer failed, that is the reason, and the harness finds it. */
unused_ static void look_for_the_reason(HarnessWhere where)
{
	if (!harness_unit_is_runner() || !stage_witness)
		return;
	printf("note: %s:%d: it does not come\n", where.file, where.line);
	(void)harness_recv_u64(stage_witness);
}

/* Messages. All of these wait, PATIENCE_MS at most; a failure bears the line of the caller. */

unused_ static void receive_id_at(HarnessWhere where, mach_port_t from, int id, Buffer *buffer)
{
	mach_msg_return_t mr = receive_with(from, buffer, AUDIT_TRAILER, PATIENCE_MS);

	if (mr == MACH_RCV_TIMED_OUT)
		look_for_the_reason(where);
	if (mr != MACH_MSG_SUCCESS)
		harness_unit_fail(
			where.file, where.line, "waiting for message %d: %#x", id, (unsigned)mr);
	if (id >= 0 && buffer->header.msgh_id != id)
		harness_unit_fail(where.file, where.line, "message %d instead of %d",
			buffer->header.msgh_id, id);
}

#define receive_id(from, id, buffer) receive_id_at(HARNESS_HERE, from, id, buffer)
#define receive_any(from, buffer) receive_id_at(HARNESS_HERE, from, -1, buffer)

unused_ static mach_msg_return_t send_patiently(void *message, size_t size)
{
	return mach_msg(message, MACH_SEND_MSG | MACH_SEND_TIMEOUT, (mach_msg_size_t)size, 0,
		MACH_PORT_NULL, PATIENCE_MS, MACH_PORT_NULL);
}

/* Fills the queue of a port of another process; returns how many messages went in. */
unused_ static unsigned stuff(mach_port_t to, int first_id)
{
	unsigned refs = send_refs(to), n = 0;

	while (send_empty(to, COPY, first_id + (int)n) == MACH_MSG_SUCCESS)
		n++;
	/* A message that was not sent gives back what it took. */
	ASSERT_EQ(send_refs(to), refs + 1);
	drop_refs(to, MACH_PORT_RIGHT_SEND, 1);
	return n;
}

/* An empty message, and one with a port. */
unused_ static mach_msg_return_t try_tell(mach_port_t to, int id)
{
	mach_msg_header_t header = make_header(to, COPY, MACH_PORT_NULL, 0, id);

	return send_patiently(&header, sizeof(header));
}

unused_ static mach_msg_return_t try_give(mach_port_t to, int id, mach_port_t name, unsigned kind)
{
	PortMessage message = make_port_message(to, name, kind);

	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY, 0);
	message.header.msgh_id = id;
	return send_patiently(&message, sizeof(message));
}

unused_ static void sent_at(HarnessWhere where, mach_msg_return_t mr)
{
	if (mr == MACH_SEND_TIMED_OUT)
		look_for_the_reason(where);
	if (mr != MACH_MSG_SUCCESS)
		harness_unit_fail(where.file, where.line, "sending: %#x", (unsigned)mr);
}

#define tell(to, id) sent_at(HARNESS_HERE, try_tell(to, id))
#define give(to, id, name, kind) sent_at(HARNESS_HERE, try_give(to, id, name, kind))

unused_ static void hear_at(HarnessWhere where, mach_port_t from, int id)
{
	Buffer buffer;

	receive_id_at(where, from, id, &buffer);
	mach_msg_destroy(&buffer.header);
}

unused_ static mach_port_t take_at(HarnessWhere where, mach_port_t from, int id)
{
	Buffer buffer;

	receive_id_at(where, from, id, &buffer);
	return received_port(&buffer);
}

#define hear(from, id) hear_at(HARNESS_HERE, from, id)
#define take(from, id) take_at(HARNESS_HERE, from, id)

/* Nothing waits. */
unused_ static void hear_nothing_at(HarnessWhere where, mach_port_t from)
{
	Buffer buffer;
	mach_msg_return_t mr = receive_now(from, &buffer);

	if (mr == MACH_MSG_SUCCESS)
		harness_unit_fail(where.file, where.line, "message %d", buffer.header.msgh_id);
	if (mr != MACH_RCV_TIMED_OUT)
		harness_unit_fail(where.file, where.line, "receiving: %#x", (unsigned)mr);
}

#define hear_nothing(from) hear_nothing_at(HARNESS_HERE, from)

unused_ static audit_token_t audit_of(const Buffer *buffer)
{
	return ((const mach_msg_audit_trailer_t *)trailer_of(buffer))->msgh_audit;
}

/* A notification: nobody has sent it. With a number in it, but for MACH_NOTIFY_SEND_ONCE. */
unused_ static unsigned notification_at(HarnessWhere where, mach_port_t from, int id)
{
	mach_dead_name_notification_t *n;
	Buffer buffer;

	receive_id_at(where, from, id, &buffer);
	n = (mach_dead_name_notification_t *)&buffer;
	if (audit_token_to_pid(audit_of(&buffer)) != 0 ||
		MACH_MSGH_BITS_LOCAL(buffer.header.msgh_bits) != MACH_MSG_TYPE_PORT_SEND_ONCE)
		harness_unit_fail(where.file, where.line, "a forged notification");
	return id == MACH_NOTIFY_SEND_ONCE ? 0 : n->not_port;
}

#define await_number(from, id) notification_at(HARNESS_HERE, from, id)
#define await_dead_name(from, name)                                                                \
	ASSERT_EQ(await_number(from, MACH_NOTIFY_DEAD_NAME), (unsigned)(name))
#define await_no_senders(from, count)                                                              \
	ASSERT_EQ(await_number(from, MACH_NOTIFY_NO_SENDERS), (unsigned)(count))
#define await_send_once(from) (void)await_number(from, MACH_NOTIFY_SEND_ONCE)

/* The hub. */

unused_ static mach_port_t hub_open(void)
{
	mach_port_t hub = make_send_receive();

	ASSERT_EQ(mach_ports_register(SELF, &hub, 1), KERN_SUCCESS);
	return hub;
}

unused_ static void hub_close(mach_port_t hub)
{
	ASSERT_EQ(mach_ports_register(SELF, NULL, 0), KERN_SUCCESS);
	destroy(hub);
}

/* The send right that a child inherits. */
unused_ static mach_port_t hub_find(void)
{
	mach_port_array_t ports = NULL;
	mach_msg_type_number_t n = 0;
	mach_port_t hub;

	ASSERT_EQ(mach_ports_lookup(SELF, &ports, &n), KERN_SUCCESS);
	ASSERT_GE(n, 1);
	hub = ports[0];
	for (unsigned i = 1; i < n; i++)
		if (MACH_PORT_VALID(ports[i]))
			deallocate(ports[i]);
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)ports, n * sizeof(*ports)), KERN_SUCCESS);
	ASSERT_EQ(type_of(hub), MACH_PORT_TYPE_SEND);
	return hub;
}

/* In a peer. */

static Scope peer_scope;

unused_ static mach_port_t peer_begin(PeerCtx *ctx)
{
	mach_port_t hub;

	(void)ctx;
	make_familiar();
	hub = hub_find();
	tell(hub, HELLO);
	peer_scope = scope_begin();
	return hub;
}

unused_ static void peer_end(void)
{
	scope_end(&peer_scope);
}

/* A peer that introduces itself: its own port, of which the test gets a send right. */
unused_ static mach_port_t peer_begin_with_port(PeerCtx *ctx, mach_port_t *ret_hub)
{
	mach_port_t own;

	*ret_hub = peer_begin(ctx);
	own = make_receive();
	give(*ret_hub, HELLO, own, MAKE);
	return own;
}

/* In the test. */

unused_ static void stage_begin(Stage *s)
{
	stage_witness = NULL;
	s->scope = scope_begin();
	s->h = harness_new();
	s->hub = hub_open();
}

unused_ static void stage_end(Stage *s)
{
	Scope scope = {.n_names = s->scope.n_names, .n_fds = count_fds()};

	hub_close(s->hub);
	ASSERT_EQ(count_names(), scope.n_names);
	stage_witness = NULL;
	harness_finish(s->h);
}

#define STAGE(name)                                                                                \
	static void stage_##name(Stage *s);                                                        \
	TEST(name)                                                                                 \
	{                                                                                          \
		Stage s;                                                                           \
		stage_begin(&s);                                                                   \
		stage_##name(&s);                                                                  \
		stage_end(&s);                                                                     \
	}                                                                                          \
	static void stage_##name(unused_ Stage *s)

#define stage_spawn(s, name, fn, arg) stage_greet(s, peer_spawn((s)->h, name, fn, arg))
#define stage_spawn_as(s, uid, name, fn, arg)                                                      \
	stage_greet(s, peer_spawn_as((s)->h, uid, name, fn, arg))

unused_ static Peer *stage_greet(Stage *s, Peer *peer)
{
	stage_witness = peer;
	hear(s->hub, HELLO);
	return peer;
}

/* A peer that begins with peer_begin_with_port(). */
#define stage_spawn_with_port(s, name, fn, arg, ret_port)                                          \
	({                                                                                         \
		Peer *spawned_ = stage_spawn(s, name, fn, arg);                                    \
		*(ret_port) = take((s)->hub, HELLO);                                               \
		spawned_;                                                                          \
	})

/* Whether this program was started without leases. */
unused_ static bool leases_are_off(void)
{
	const char *value = getenv("PORTCULLIS_LEASES");

	return value && strcmp(value, "0") == 0;
}

unused_ static const char *own_path(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	ASSERT_GT(n, 0);
	path[n] = '\0';
	return path;
}

/* How many messages of other processes a port holds: the kernel's word. */
unused_ static unsigned kernel_depth(void)
{
	FILE *file = fopen("/proc/sys/net/unix/max_dgram_qlen", "re");
	unsigned depth = 0;

	ASSERT_NOT_NULL(file);
	ASSERT_EQ(fscanf(file, "%u", &depth), 1);
	fclose(file);
	return depth + 1;
}

/*
 * Each test is a program of its own, so that one that fails, and leaves the library without the
 * descriptors that the runner closes, fails alone.
 */

static inline int run_one(const char *name)
{
	size_t n = ((uintptr_t)__stop_unit_tests - (uintptr_t)__start_unit_tests) /
		   sizeof(__start_unit_tests[0]);

	unit_state.name = "main";
	make_familiar();
	for (size_t i = 0; i < n; i++)
		if (__start_unit_tests[i] && strcmp(__start_unit_tests[i]->name, name) == 0)
			return unit_run_one(__start_unit_tests[i]);
	return UNIT_FAILED;
}

static inline int run_each(void)
{
	size_t n = ((uintptr_t)__stop_unit_tests - (uintptr_t)__start_unit_tests) /
		   sizeof(__start_unit_tests[0]);
	int counts[3] = {0};

	/* The last one that was written is the first one in the list. */
	for (size_t i = n; i-- > 0;) {
		int status = UNIT_FAILED << 8;
		pid_t pid;

		if (!__start_unit_tests[i])
			continue;
		if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL,
			    (char *[]){program_invocation_name, (char *)"--one",
				    (char *)__start_unit_tests[i]->name, NULL},
			    environ) == 0)
			(void)waitpid(pid, &status, 0);
		if (WIFSIGNALED(status))
			printf("FAIL %s: died of signal %d\n", __start_unit_tests[i]->name,
				WTERMSIG(status));
		if (!WIFEXITED(status) || WEXITSTATUS(status) > UNIT_SKIPPED)
			status = UNIT_FAILED << 8;
		counts[WEXITSTATUS(status)]++;
	}
	printf("%d passed, %d failed, %d skipped\n", counts[UNIT_PASSED], counts[UNIT_FAILED],
		counts[UNIT_SKIPPED]);
	return counts[UNIT_FAILED] > 0 || counts[UNIT_PASSED] + counts[UNIT_SKIPPED] == 0;
}

int main(int argc, char **argv)
{
	struct sigaction on_alarm = {.sa_handler = unit_on_deadline};

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGALRM, &on_alarm, NULL);
	unit_state.thread = pthread_self();
	unit_state.pid = getpid();
	if (argc < 2)
		return run_each();
	if (argc == 3 && strcmp(argv[1], "--one") == 0)
		return run_one(argv[2]);
#ifdef INTEGRATION_PROGRAM
	if (strcmp(argv[1], "--program") == 0)
		return INTEGRATION_PROGRAM(argc - 2, argv + 2);
#endif
	if (strcmp(argv[1], "-l") != 0)
		make_familiar();
	return unit_main(argc, argv);
}

#endif
