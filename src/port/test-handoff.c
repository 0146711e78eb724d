/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights over a socket: between two processes, and from whoever would like to be believed.
 */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/un.h>

#include "base/memfd.h"
#include "port/handoff.h"
#include "port/names.h"
#include "port/probe.h"
#include "port/test-support.h"

#define MESSAGE_ID 4711

/* What travels, spelled out: a peer may send it with anything in it. */
typedef struct Letter {
	uint32_t magic;
	uint32_t pad;
	Ident ident;
} Letter;

#define LETTER_MAGIC 0x31484f50u

static void make_pair(int type, int ret[2])
{
	ASSERT_SYS(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret));
}

static void close_pair(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

static void post(int sock, const void *bytes, size_t n_bytes, const int *fds, unsigned n_fds)
{
	_cleanup_fdlist_ FdList list = FDLIST_INIT;
	struct iovec iov = {.iov_base = (void *)bytes, .iov_len = n_bytes};

	for (unsigned i = 0; i < n_fds; i++)
		ASSERT_OK(fdlist_add_borrow(&list, fds[i]));
	ASSERT_OK(sockmsg_send(sock, &iov, 1, &list, 0));
}

static Letter letter_of(const Remote *remote)
{
	return (Letter){.magic = LETTER_MAGIC, .ident = remote->ident};
}

/* Nothing is named, and no name is told, but by a success. */
static int receive(int sock, PortName *ret)
{
	unsigned before = portcheck_names();
	PortName name = 0x7777;
	int r = handoff_receive(sock, &name);

	ASSERT_IN_ORDER();
	if (r) {
		ASSERT_EQ(name, 0x7777);
		ASSERT_EQ(portcheck_names(), before);
	}
	*ret = name;
	return r;
}

static void assert_refused(int sock)
{
	PortName name;

	ASSERT_EQ(receive(sock, &name), HANDOFF_E_BAD);
	/* That was all. */
	ASSERT_EQ(receive(sock, &name), HANDOFF_E_EMPTY);
}

static void say(PortName name)
{
	mach_msg_header_t h = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_size = sizeof(h),
		.msgh_remote_port = name,
		.msgh_id = MESSAGE_ID};

	ASSERT_OK(mach_msg(&h, MACH_SEND_MSG, sizeof(h), 0, 0, 0, 0));
}

static void hear(PortName name)
{
	struct {
		mach_msg_header_t h;
		mach_msg_max_trailer_t trailer;
	} m;

	ASSERT_OK(mach_msg(&m.h, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), name, WAIT_MS, 0));
	ASSERT_EQ(m.h.msgh_id, MESSAGE_ID);
}

/* The child does it all; the parent only waits for it. */
static pid_t spawn_sayer(int sock)
{
	pid_t child;

	fflush(stdout);
	child = ASSERT_SYS(fork());
	if (child == 0) {
		PortName name;

		/* The child's own, from which nothing is inherited. */
		ASSERT_EQ(portcheck_names(), 0);
		while (receive(sock, &name) == HANDOFF_E_EMPTY)
			sched_yield();
		ASSERT_EQ(type_of(name), ENTRY_SEND);
		ASSERT_EQ(urefs_of(name), 1);
		say(name);
		drop(name);
		ASSERT_IN_ORDER();
		_exit(0);
	}
	return child;
}

static void hand_to_a_child(int type)
{
	PortName name = make_receive(NULL);
	int pair[2];
	pid_t child;

	make_pair(type, pair);
	add_send(name, 1);
	child = spawn_sayer(pair[1]);
	ASSERT_OK(handoff_send(pair[0], name));
	ASSERT_EQ(urefs_of(name), 1);
	hear(name);
	ASSERT_CHILD_EXITS(child, 0);
	drop(name);
	close_pair(pair);
}

PORT_TEST(a_right_for_another_process)
{
	hand_to_a_child(SOCK_SEQPACKET);
	hand_to_a_child(SOCK_DGRAM);
}

PORT_TEST(a_port_of_our_own_comes_home)
{
	PortName name = make_receive(NULL), again;
	int pair[2];

	make_pair(SOCK_SEQPACKET, pair);
	add_send(name, 1);
	for (unsigned i = 0; i < 3; i++)
		ASSERT_OK(handoff_send(pair[0], name));
	for (unsigned i = 0; i < 3; i++) {
		ASSERT_OK(receive(pair[1], &again));
		ASSERT_EQ(again, name);
	}
	ASSERT_EQ(urefs_of(name), 4);
	say(name);
	hear(name);
	drop(name);
	close_pair(pair);
}

PORT_TEST(anothers_port_is_passed_on)
{
	Remote remote = remote_make();
	PortName name = remote_name(&remote), again;
	int pair[2];

	make_pair(SOCK_SEQPACKET, pair);
	ASSERT_OK(handoff_send(pair[0], name));
	/* Two rights to one port have one name. */
	ASSERT_OK(receive(pair[1], &again));
	ASSERT_EQ(again, name);
	ASSERT_EQ(urefs_of(name), 2);
	ASSERT_OK(handoff_send(pair[0], name));
	drop(name);
	ASSERT_OK(receive(pair[1], &name));
	ASSERT_EQ(type_of(name), ENTRY_SEND);
	ASSERT_TRUE(LOCKED(ident_equal(&space_find(name)->port->backing->ident, &remote.ident)));
	/* Charged for what it does not read: whoever is at the other end. */
	ASSERT_EQ(LOCKED(space_find(name)->port->backing->uid), getuid());
	drop(name);
	remote_free(&remote);
	close_pair(pair);
}

PORT_TEST(what_is_no_send_right)
{
	PortName receive_only = make_receive(NULL), once = make_once(receive_only);
	Remote remote = remote_make();
	PortName dead = remote_name(&remote);
	int pair[2];
	PortName name;

	make_pair(SOCK_SEQPACKET, pair);
	ASSERT_EQ(handoff_send(pair[0], MACH_PORT_NULL), KERN_INVALID_NAME);
	ASSERT_EQ(handoff_send(pair[0], MACH_PORT_DEAD), KERN_INVALID_NAME);
	ASSERT_EQ(handoff_send(pair[0], 0x12345), KERN_INVALID_NAME);
	ASSERT_EQ(handoff_send(pair[0], receive_only), KERN_INVALID_RIGHT);
	ASSERT_EQ(handoff_send(pair[0], once), KERN_INVALID_RIGHT);
	ASSERT_EQ(handoff_send(pair[0], mach_task_self()), KERN_INVALID_RIGHT);
	LOCKED_DO(port_mark_dead(space_find(dead)->port));
	ASSERT_GT(handoff_send(pair[0], dead), 0);
	ASSERT_EQ(receive(pair[1], &name), HANDOFF_E_EMPTY);
	drop(dead);
	drop(once);
	drop(receive_only);
	remote_free(&remote);
	close_pair(pair);
}

PORT_TEST(nothing_and_the_end)
{
	int pair[2];
	PortName name;

	make_pair(SOCK_SEQPACKET, pair);
	ASSERT_EQ(receive(pair[1], &name), HANDOFF_E_EMPTY);
	close(pair[0]);
	ASSERT_EQ(receive(pair[1], &name), HANDOFF_E_CLOSED);
	ASSERT_EQ(receive(pair[1], &name), HANDOFF_E_CLOSED);
	close(pair[1]);

	/* It had been sent something that it did not read. */
	make_pair(SOCK_SEQPACKET, pair);
	post(pair[1], "x", 1, NULL, 0);
	close(pair[0]);
	ASSERT_EQ(receive(pair[1], &name), HANDOFF_E_CLOSED);
	close(pair[1]);
	ASSERT_LT(receive(STDIN_FILENO, &name), 0);
}

PORT_TEST(nobody_takes_it)
{
	PortName name = make_receive(NULL);
	int pair[2], r;
	PortName again;
	unsigned n = 0, n_back = 0;

	make_pair(SOCK_SEQPACKET, pair);
	add_send(name, 1);
	while ((r = handoff_send(pair[0], name)) == 0)
		n++;
	/* The peer is too slow, or too much of ours is on its way. */
	ASSERT_TRUE(r == -EAGAIN || r == -ETOOMANYREFS);
	ASSERT_GT(n, 0);
	while (receive(pair[1], &again) == 0)
		n_back++;
	ASSERT_EQ(n_back, n);
	ASSERT_EQ(urefs_of(name), n + 1);
	close(pair[1]);
	ASSERT_EQ(handoff_send(pair[0], name), -EPIPE);
	close(pair[0]);
	ASSERT_LT(handoff_send(STDIN_FILENO, name), 0);
	drop(name);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

PORT_TEST(letters_of_a_wrong_size)
{
	static const size_t sizes[] = {1, 4, sizeof(Letter) - 1, sizeof(Letter) + 1, 4096};
	Remote remote = remote_make();
	struct {
		Letter letter;
		char more[4096];
	} m = {.letter = letter_of(&remote)};
	int fds[] = {remote.addr, remote.pipe_w}, pair[2];
	PortName name;

	make_pair(SOCK_SEQPACKET, pair);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		post(pair[0], &m, sizes[i], fds, 2);
		assert_refused(pair[1]);
	}
	/* Nothing but descriptors is not the end. */
	post(pair[0], &m, 0, fds, 2);
	assert_refused(pair[1]);
	post(pair[0], &m, sizeof(Letter), fds, 2);
	ASSERT_OK(receive(pair[1], &name));
	drop(name);
	remote_free(&remote);
	close_pair(pair);
}

PORT_TEST(too_few_descriptors_and_too_many)
{
	static const unsigned counts[] = {0, 1, 3, 8, 9, FDLIST_MAX};
	Remote remote = remote_make();
	Letter letter = letter_of(&remote);
	int fds[FDLIST_MAX], pair[2];

	for (unsigned i = 0; i < FDLIST_MAX; i++)
		fds[i] = i == 0 ? remote.addr : remote.pipe_w;
	make_pair(SOCK_SEQPACKET, pair);
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		post(pair[0], &letter, sizeof(letter), fds, counts[i]);
		assert_refused(pair[1]);
	}
	remote_free(&remote);
	close_pair(pair);
}

/* An O_PATH descriptor of a socket that is not the one that the letter speaks of, and of no socket. */
static void try_other_addresses(int sock, const Letter *letter, int pipe_w)
{
	Remote other = remote_make();
	int fds[2] = {other.addr, pipe_w};
	int folder = ASSERT_SYS(open("/", O_PATH | O_CLOEXEC));

	post(sock, letter, sizeof(*letter), fds, 2);
	fds[0] = folder;
	post(sock, letter, sizeof(*letter), fds, 2);
	close(folder);
	remote_free(&other);
}

PORT_TEST(descriptors_of_a_wrong_kind)
{
	Remote remote = remote_make();
	Letter letter = letter_of(&remote);
	int pair[2], wrong[8], fds[2];
	unsigned n = 0;

	wrong[n++] = remote.addr;
	wrong[n++] = remote.pipe_w;
	wrong[n++] = remote.pipe_r;
	wrong[n++] = remote.sock;
	wrong[n++] = ASSERT_SYS(eventfd(0, EFD_CLOEXEC));
	wrong[n++] = ASSERT_SYS(memfd_create("x", MFD_CLOEXEC));
	wrong[n++] = ASSERT_SYS(open("/dev/null", O_RDWR | O_CLOEXEC));
	wrong[n++] = ASSERT_SYS(open("/", O_PATH | O_CLOEXEC));
	make_pair(SOCK_SEQPACKET, pair);
	for (unsigned i = 0; i < n * n; i++) {
		fds[0] = wrong[i / n];
		fds[1] = wrong[i % n];
		if (i == 1)
			continue; /* the right ones */
		post(pair[0], &letter, sizeof(letter), fds, 2);
		assert_refused(pair[1]);
	}
	try_other_addresses(pair[0], &letter, remote.pipe_w);
	ASSERT_EQ(handoff_receive(pair[1], &(PortName){0}), HANDOFF_E_BAD);
	assert_refused(pair[1]);
	for (unsigned i = 4; i < n; i++)
		close(wrong[i]);
	remote_free(&remote);
	close_pair(pair);
}

/* A bit that is not as it was: no right, or another one, to which nobody listens. */
PORT_TEST(every_bit_counts)
{
	const size_t secret = offsetof(Letter, ident.secret), pad = offsetof(Letter, pad);
	Remote remote = remote_make();
	PortName genuine = remote_name(&remote), name;
	int fds[] = {remote.addr, remote.pipe_w}, pair[2];

	make_pair(SOCK_SEQPACKET, pair);
	for (size_t bit = 0; bit < sizeof(Letter) * 8; bit++) {
		Letter letter = letter_of(&remote);
		bool is_secret = bit / 8 >= secret && bit / 8 < secret + 16;
		bool is_pad = bit / 8 >= pad && bit / 8 < pad + sizeof(letter.pad);
		int r;

		((uint8_t *)&letter)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		post(pair[0], &letter, sizeof(letter), fds, 2);
		r = receive(pair[1], &name);
		ASSERT_EQ(r, is_secret || is_pad ? 0 : HANDOFF_E_BAD);
		if (r)
			continue;
		/* The genuine one is not spoilt. */
		ASSERT_EQ(name == genuine, is_pad);
		if (name != genuine)
			drop(name);
	}
	ASSERT_EQ(urefs_of(genuine), 1 + 8 * sizeof(((Letter *)0)->pad));
	drop(genuine);
	remote_free(&remote);
	close_pair(pair);
}

PORT_TEST(garbage)
{
	Remote remote = remote_make();
	int pool[4] = {remote.addr, remote.pipe_w, remote.pipe_r, remote.sock}, pair[2];
	unsigned seed = 1;
	PortName name;

	make_pair(SOCK_DGRAM, pair);
	for (unsigned i = 0; i < 3000; i++) {
		uint8_t bytes[2 * sizeof(Letter)];
		Letter letter = letter_of(&remote);
		size_t n_bytes = rand_r(&seed) % 4 ? sizeof(letter)
						   : (size_t)rand_r(&seed) % sizeof(bytes);
		unsigned n_fds = rand_r(&seed) % 2 ? 2 : (unsigned)rand_r(&seed) % 6;
		int fds[6];

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)rand_r(&seed);
		/* The more of it is genuine, the further it gets. */
		memcpy(bytes, &letter, (size_t)rand_r(&seed) % (sizeof(letter) + 1));
		for (unsigned k = 0; k < n_fds; k++)
			fds[k] = rand_r(&seed) % 2 ? pool[k % 2] : pool[rand_r(&seed) % 4];
		post(pair[0], bytes, n_bytes, fds, n_fds);
		if (receive(pair[1], &name) == 0)
			drop(name);
	}
	remote_free(&remote);
	close_pair(pair);
}

/* No slot is left but `n_left`. */
static unsigned use_up(int *fds, unsigned max, unsigned n_left)
{
	unsigned n = 0;
	int fd;

	while (n < max && (fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
		fds[n++] = fd;
	ASSERT_LT(n, max);
	ASSERT_GE(n, n_left);
	while (n_left-- > 0)
		close(fds[--n]);
	return n;
}

PORT_TEST(no_descriptors_are_left)
{
	struct rlimit before, few;
	Remote remote = remote_make();
	Letter letter = letter_of(&remote);
	PortName name = remote_name(&remote), again;
	int fds[] = {remote.addr, remote.pipe_w}, pair[2], filler[1024];
	int sent[2], received[2];

	make_pair(SOCK_SEQPACKET, pair);
	ASSERT_SYS(getrlimit(RLIMIT_NOFILE, &before));
	few = before;
	few.rlim_cur = 1000;
	for (unsigned left = 0; left < 2; left++) {
		unsigned n;

		post(pair[0], &letter, sizeof(letter), fds, 2);
		ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &few));
		n = use_up(filler, sizeof(filler) / sizeof(filler[0]), left);
		received[left] = handoff_receive(pair[1], &again);
		sent[left] = handoff_send(pair[0], name);
		while (n > 0)
			close(filler[--n]);
		ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &before));
		ASSERT_EQ(received[left], -EMFILE);
		ASSERT_EQ(sent[left], -EMFILE);
		ASSERT_TRUE(reaper_wait(WAIT_MS));
	}
	drop(name);
	remote_free(&remote);
	close_pair(pair);
}
