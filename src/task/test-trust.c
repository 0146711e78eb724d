/* SPDX-License-Identifier: Apache-2.0 */
#include "task/trust.h"

#include <sys/pidfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/lib/harness.h"

static void idle(PeerCtx *ctx)
{
	peer_reach(ctx, "idle");
}

static bool trusts(pid_t pid)
{
	_cleanup_close_ int pidfd = ASSERT_SYS(pidfd_open(pid, 0));

	return trust_could_kill_us(pidfd);
}

TEST(the_own_user_and_root)
{
	ASSERT_TRUE(trusts(getpid()));
	ASSERT_TRUE(trusts(1));
	ASSERT_FALSE(trust_could_kill_us(-EBADF));
	ASSERT_FALSE(trust_could_kill_us(STDIN_FILENO));
}

TEST(another_user)
{
	Harness *h;
	Peer *peer;

	if (geteuid() != 0)
		SKIP("only root can have a process of another user");
	h = harness_new();
	peer = peer_spawn_as(h, HARNESS_NOBODY, "idle", idle, NULL);
	harness_wait(h, peer, "idle");
	ASSERT_FALSE(trust_could_kill_us(peer_pidfd(peer)));
	harness_release(peer);
	harness_expect_exit(peer, 0);
	harness_finish(h);
}

static void look_at_parent(PeerCtx *ctx)
{
	peer_send_u64(ctx, trusts(getppid()));
}

TEST(root_from_below)
{
	Harness *h = harness_new();
	Peer *peer = peer_spawn_as(h, HARNESS_NOBODY, "reader", look_at_parent, NULL);

	ASSERT_EQ(harness_recv_u64(peer), 1);
	harness_expect_exit(peer, 0);
	harness_finish(h);
}
