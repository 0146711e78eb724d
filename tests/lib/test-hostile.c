/* SPDX-License-Identifier: Apache-2.0 */
/*
 * That each hostile descriptor can be made and disposed of, and that the worst of them do
 * what they are said to do.
 */
#include "tests/lib/hostile.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>

#include "tests/lib/harness.h"

#define SEALS_ALL (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Skips the test where the kind cannot be made. */
static void make(HostileKind kind, Hostile *ret)
{
	int r = hostile_make(kind, ret);

	if (r == HOSTILE_E_SKIP)
		SKIP(ret->reason);
	ASSERT_OK(r);
}

TEST(every_kind_is_made_and_unmade)
{
	for (int kind = 0; kind < _HOSTILE_N; kind++) {
		Hostile h;
		int r = hostile_make((HostileKind)kind, &h);

		ASSERT_STREQ(hostile_kind_name((HostileKind)kind), hostile_kind_name(h.kind));
		if (r == HOSTILE_E_SKIP) {
			printf("note: no %s: %s\n", hostile_kind_name(h.kind), h.reason);
			continue;
		}
		if (r != 0)
			FAIL("%s: %s", hostile_kind_name(h.kind), strerror(-r));
		ASSERT_GE(h.fd, 3);
		ASSERT_FD_CLOEXEC(h.fd);
		hostile_spring(&h);
		hostile_deinit(&h);
		hostile_deinit(&h);
	}
}

/* One system call on the descriptor that is passed as the argument. */

static void victim_fstat(PeerCtx *ctx)
{
	int fd = (int)(intptr_t)ctx->arg;
	struct stat st;

	peer_send_u64(ctx, 1);
	(void)fstat(fd, &st);
}

static void victim_fstatfs(PeerCtx *ctx)
{
	int fd = (int)(intptr_t)ctx->arg;
	struct statfs st;

	peer_send_u64(ctx, 1);
	(void)fstatfs(fd, &st);
}

static void victim_close(PeerCtx *ctx)
{
	peer_send_u64(ctx, 1);
	close((int)(intptr_t)ctx->arg);
}

static void victim_connect(PeerCtx *ctx)
{
	int fd = (int)(intptr_t)ctx->arg;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = ASSERT_SYS(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d", fd);
	peer_send_u64(ctx, 1);
	(void)connect(sock, (struct sockaddr *)&addr, sizeof(addr));
}

/* True once the process sleeps in a function of the kernel whose name has `part` in it; false when
 * it has ended. */
static bool sleeps_in(Peer *peer, const char *part)
{
	for (;;) {
		struct pollfd ended = {.fd = peer_pidfd(peer), .events = POLLIN};
		char path[64], wchan[128] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/wchan", peer_pid(peer));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			(void)!read(fd, wchan, sizeof(wchan) - 1);
			close(fd);
		}
		if (strstr(wchan, part) != NULL)
			return true;
		/* Between two looks; the harness's deadline ends them. */
		if (poll(&ended, 1, 1) > 0)
			return false;
	}
}

static void must_hang(HostileKind kind, PeerFn victim, const char *where)
{
	Hostile hostile;
	Harness *h;
	Peer *p;

	make(kind, &hostile);
	h = harness_new();
	p = peer_spawn(h, "victim", victim, (void *)(intptr_t)hostile.fd);
	(void)harness_recv_u64(p);
	if (!sleeps_in(p, where)) {
		hostile_deinit(&hostile);
		FAIL("%s does not block", hostile_kind_name(kind));
	}
	/* Lets the victim go. */
	hostile_deinit(&hostile);
	harness_expect_exit(p, 0);
	harness_finish(h);
}

TEST(fuse_blocks_fstat)
{
	must_hang(HOSTILE_FUSE_PATH, victim_fstat, "request_wait_answer");
}

TEST(fuse_blocks_fstatfs)
{
	must_hang(HOSTILE_FUSE_PATH, victim_fstatfs, "request_wait_answer");
}

TEST(fuse_blocks_connect)
{
	must_hang(HOSTILE_FUSE_SOCKET, victim_connect, "request_wait_answer");
}

TEST(fuse_blocks_close)
{
	must_hang(HOSTILE_FUSE_FILE, victim_close, "request_wait_answer");
}

/* The maker's copy goes once the peer has its own. */
static void victim_closes_last(PeerCtx *ctx)
{
	int fd;

	peer_recv_fds(ctx, &fd, 1);
	peer_send_u64(ctx, 1);
	(void)peer_recv_u64(ctx);
	close(fd);
}

static void last_close_must_hang(HostileKind kind)
{
	Harness *h = harness_new();
	Peer *p = peer_spawn(h, "victim", victim_closes_last, NULL);
	Hostile hostile;

	make(kind, &hostile);
	harness_send_fds(p, &hostile.fd, 1);
	(void)harness_recv_u64(p);
	hostile_release(&hostile);
	harness_send_u64(p, 1);
	if (!sleeps_in(p, "wait_woken"))
		FAIL("%s does not block", hostile_kind_name(kind));
	hostile_deinit(&hostile);
	harness_expect_exit(p, 0);
	harness_finish(h);
}

TEST(a_lingering_socket_blocks_its_last_close)
{
	last_close_must_hang(HOSTILE_TCP_LINGER);
}

TEST(a_nested_lingering_socket_blocks_the_close_of_the_outer_one)
{
	last_close_must_hang(HOSTILE_SOCKET_NESTED);
}

TEST(a_shrinking_memfd_shrinks)
{
	Hostile h;
	struct stat st;

	make(HOSTILE_MEMFD_SHRINK, &h);
	ASSERT_EQ(fcntl(h.fd, F_GET_SEALS), F_SEAL_GROW | F_SEAL_WRITE);
	hostile_spring(&h);
	ASSERT_SYS(fstat(h.fd, &st));
	ASSERT_EQ(st.st_size, 0);
	hostile_deinit(&h);
}

TEST(sealed_ones_have_all_seals)
{
	static const HostileKind kinds[] = {HOSTILE_MEMFD_SPARSE, HOSTILE_MEMFD_EMPTY,
		HOSTILE_MEMFD_HUGETLB, HOSTILE_MEMFD_WRITE_ONLY};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		Hostile h;

		if (hostile_make(kinds[i], &h) == HOSTILE_E_SKIP)
			continue;
		ASSERT_EQ(fcntl(h.fd, F_GET_SEALS), SEALS_ALL);
		hostile_deinit(&h);
	}
}

TEST(stuffed_ones_are_full)
{
	static const HostileKind kinds[] = {
		HOSTILE_PIPE_FULL, HOSTILE_SEQPACKET_FULL, HOSTILE_EVENTFD_FULL};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct pollfd p = {.events = POLLOUT};
		Hostile h;

		make(kinds[i], &h);
		p.fd = h.fd;
		ASSERT_EQ(poll(&p, 1, 0), 0);
		hostile_deinit(&h);
	}
}

TEST(an_orphan_pipe_says_so)
{
	struct pollfd p = {.events = POLLOUT};
	Hostile h;

	make(HOSTILE_PIPE_ORPHAN, &h);
	p.fd = h.fd;
	ASSERT_EQ(poll(&p, 1, 0), 1);
	ASSERT_TRUE((p.revents & POLLERR) != 0);
	hostile_deinit(&h);
}

TEST(addresses_are_o_path_sockets_of_the_port_file_system)
{
	struct stat shm, st;
	Hostile h;

	make(HOSTILE_DGRAM_PATH, &h);
	ASSERT_SYS(stat("/dev/shm", &shm));
	ASSERT_SYS(fstat(h.fd, &st));
	ASSERT_EQ(st.st_dev, shm.st_dev);
	ASSERT_TRUE(S_ISSOCK(st.st_mode));
	ASSERT_TRUE((fcntl(h.fd, F_GETFL) & O_PATH) != 0);
	hostile_deinit(&h);
}
