/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/unit.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/pidref.h"
#include "launchd/guest.h"

/* A peer: a child that makes namespaces if it is to, writes what it is in to `id`, and connects. */
static pid_t peer_start(int flags, uint64_t *id, int go)
{
	pid_t pid = fork();
	char c;

	ASSERT_GE(pid, 0);
	if (pid > 0)
		return pid;
	if (flags && unshare(flags) < 0)
		_exit(2);
	if (id && guest_read_own_id(id) < 0)
		_exit(3);
	/* It is there until it is told to go. */
	if (write(go, "x", 1) != 1 || read(go, &c, 1) < 0)
		_exit(4);
	_exit(0);
}

static void peer_end(pid_t pid, int go)
{
	int status;

	ASSERT_EQ(write(go, "x", 1), 1);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
}

/* False: this kernel, or this user, cannot. */
static bool is_ready(int go)
{
	char c;

	return read(go, &c, 1) == 1;
}

static bool is_guest(pid_t pid)
{
	PidRef ref = PIDREF_NULL;
	bool guest;

	ASSERT_OK(pidref_set_pid(&ref, pid));
	guest = guest_is_process(pid, (uint32_t)ref.id);
	ASSERT_TRUE(guest_is_process(pid, (uint32_t)ref.id + 1) || !guest);
	pidref_done(&ref);
	return guest;
}

static int flags_here(void)
{
	return CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
}

TEST(a_namespace_is_remembered_when_its_job_is_gone)
{
	uint64_t *id;
	int go[2];
	pid_t pid;

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, go));
	ASSERT_OK(guest_reserve("a", &id));
	ASSERT_EQ(*id, 0);
	pid = peer_start(flags_here(), id, go[1]);
	close(go[1]);
	if (!is_ready(go[0])) {
		close(go[0]);
		waitpid(pid, NULL, 0);
		guest_deinit();
		SKIP("no namespaces can be made here");
	}
	ASSERT_NE(*id, 0);
	ASSERT_TRUE(is_guest(pid));
	ASSERT_FALSE(is_guest(getpid()));
	peer_end(pid, go[0]);
	/* Who is gone cannot be told. */
	ASSERT_TRUE(guest_is_process(pid, 1));
	close(go[0]);
	guest_deinit();
}

TEST(a_process_that_was_not_confined_is_none)
{
	uint64_t *id;
	int go[2];
	pid_t pid;

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, go));
	pid = peer_start(0, NULL, go[1]);
	close(go[1]);
	ASSERT_TRUE(is_ready(go[0]));
	/* Nobody is asked where there has been no guest. */
	ASSERT_FALSE(guest_is_process(pid, 0));
	ASSERT_OK(guest_reserve("a", &id));
	ASSERT_FALSE(is_guest(pid));
	ASSERT_TRUE(guest_is_process(pid, 0));
	peer_end(pid, go[0]);
	close(go[0]);
	guest_deinit();
}

TEST(peers_of_connections)
{
	const char *label = "";
	uint64_t *id;
	int pair[2];

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	ASSERT_FALSE(guest_is_peer(pair[0], &label));
	ASSERT_TRUE(label == NULL);
	ASSERT_OK(guest_reserve("job", &id));
	ASSERT_FALSE(guest_is_peer(pair[0], &label));
	/* As if the namespace that we are in had been made for a job. */
	ASSERT_OK(guest_read_own_id(id));
	ASSERT_TRUE(guest_is_peer(pair[0], &label));
	ASSERT_STREQ(label, "job");
	close(pair[0]);
	close(pair[1]);
	guest_deinit();
}

/* A connection from a process in another user namespace, which is there or gone when it is looked at. */
static bool is_refused(int flags, bool is_gone, bool *ret_skip)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(sa_family_t); /* any abstract name */
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), go[2], fd, status;
	const char *label = "";
	bool refused;
	pid_t pid;
	char c;

	ASSERT_SYS(bind(listener, (struct sockaddr *)&address, size));
	size = sizeof(address);
	ASSERT_SYS(getsockname(listener, (struct sockaddr *)&address, &size));
	ASSERT_SYS(listen(listener, 1));
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, go));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (pid == 0) {
		fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		if (flags && unshare(flags) < 0)
			_exit(2);
		if (connect(fd, (struct sockaddr *)&address, size) < 0)
			_exit(3);
		_exit(write(go[1], "x", 1) == 1 && (is_gone || read(go[1], &c, 1) == 1) ? 0 : 4);
	}
	close(go[1]);
	*ret_skip = read(go[0], &c, 1) != 1;
	if (is_gone || *ret_skip)
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
	fd = *ret_skip ? -1 : accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	refused = fd < 0 || guest_is_peer(fd, &label);
	if (!is_gone && !*ret_skip) {
		ASSERT_EQ(write(go[0], "x", 1), 1);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
	}
	if (fd >= 0)
		close(fd);
	close(go[0]);
	close(listener);
	return refused;
}

TEST(peers_in_other_user_namespaces)
{
	bool skip;

	ASSERT_FALSE(is_refused(0, false, &skip));
	ASSERT_TRUE(is_refused(0, true, &skip));
	ASSERT_TRUE(is_refused(CLONE_NEWUSER, false, &skip));
	if (skip)
		SKIP("no user namespace can be made here");
	ASSERT_TRUE(is_refused(CLONE_NEWUSER, true, &skip));
}

TEST(only_the_last_ones_are_remembered)
{
	uint64_t *first, *id;

	ASSERT_OK(guest_reserve("first", &first));
	ASSERT_OK(guest_read_own_id(first));
	ASSERT_TRUE(is_guest(getpid()));
	for (unsigned i = 0; i < GUEST_MAX; i++)
		ASSERT_OK(guest_reserve("more", &id));
	ASSERT_EQ(*first, 0);
	ASSERT_FALSE(is_guest(getpid()));
	guest_deinit();
}
