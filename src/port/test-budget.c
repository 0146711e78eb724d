/* SPDX-License-Identifier: Apache-2.0 */
#include "port/budget.h"
#include "port/sender.h"
#include "port/test-support.h"

#define STRANGER 4242

static unsigned maximum(void)
{
	return (unsigned)fd_limit() / 4;
}

PORT_TEST(each_uid_has_its_own)
{
	QuotaCharge a = QUOTA_CHARGE_INIT, b = QUOTA_CHARGE_INIT, none = QUOTA_CHARGE_INIT;

	ASSERT_TRUE(LOCKED(budget_charge(&none, STRANGER, 0)));
	ASSERT_TRUE(LOCKED(budget_charge(&none, BUDGET_NOBODY, 1u << 30)));
	ASSERT_NULL(none.quota);
	ASSERT_TRUE(LOCKED(budget_charge(&a, STRANGER, maximum())));
	ASSERT_FALSE(LOCKED(budget_charge(&a, STRANGER, 1)));
	ASSERT_FALSE(LOCKED(budget_charge(&none, STRANGER, 1)));
	ASSERT_NULL(none.quota);
	ASSERT_TRUE(LOCKED(budget_charge(&b, STRANGER + 1, 1)));
	ASSERT_TRUE(LOCKED(budget_charge(&b, STRANGER + 1, 2)));
	quota_uncharge(&a);
	ASSERT_TRUE(LOCKED(budget_charge(&a, STRANGER, 1)));
	quota_uncharge(&a);
	quota_uncharge(&b);
}

/* One that never reads what it asked for leaves more to others of its user than it has. */
PORT_TEST(a_process_has_half_of_what_is_left)
{
	BudgetCharge a = BUDGET_CHARGE_INIT, b = BUDGET_CHARGE_INIT, c = BUDGET_CHARGE_INIT;
	unsigned third = maximum() / 3;

	ASSERT_TRUE(LOCKED(budget_charge_answer(&a, STRANGER, 17, third - 1)));
	ASSERT_TRUE(LOCKED(budget_charge_answer(&a, STRANGER, 17, 1)));
	ASSERT_FALSE(LOCKED(budget_charge_answer(&a, STRANGER, 17, third / 2)));
	ASSERT_FALSE(LOCKED(budget_charge_answer(&b, STRANGER, 17, third / 2)));
	ASSERT_NULL(b.user.quota);
	ASSERT_TRUE(LOCKED(budget_charge_answer(&b, STRANGER, 18, third / 4)));
	ASSERT_TRUE(LOCKED(budget_charge_answer(&b, STRANGER, 18, third / 4)));
	ASSERT_FALSE(LOCKED(budget_charge_answer(&b, STRANGER, 18, third)));
	ASSERT_TRUE(a.user.user == b.user.user);
	budget_uncharge(&a);
	budget_uncharge(&b);
	/* One of any size goes, and then no other. */
	ASSERT_TRUE(LOCKED(budget_charge_answer(&a, STRANGER, 17, maximum() + 1)));
	ASSERT_FALSE(LOCKED(budget_charge_answer(&b, STRANGER, 17, 1)));
	ASSERT_FALSE(LOCKED(budget_charge_answer(&c, STRANGER, 18, 1)));
	budget_uncharge(&a);
	ASSERT_NULL(a.process.quota);
}

static int end_with(int *ret_peer, bool unread)
{
	int pair[2];

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	if (unread)
		ASSERT_EQ(send(pair[0], "x", 1, 0), 1);
	*ret_peer = pair[1];
	return pair[0];
}

PORT_TEST(kept_until_read)
{
	BudgetCharge charge = BUDGET_CHARGE_INIT;
	QuotaCharge more = QUOTA_CHARGE_INIT;
	int peer, end = end_with(&peer, true);
	char byte;

	ASSERT_TRUE(LOCKED(budget_charge(&charge.user, STRANGER, maximum())));
	LOCKED_DO(budget_keep_take(end, &charge));
	ASSERT_NULL(charge.user.quota);
	ASSERT_FD_OPEN(end);
	LOCKED_DO(budget_sweep());
	ASSERT_FALSE(LOCKED(budget_charge(&more, STRANGER, 1)));
	ASSERT_EQ(recv(peer, &byte, 1, MSG_DONTWAIT), 1);
	LOCKED_DO(budget_sweep());
	ASSERT_TRUE(LOCKED(budget_charge(&more, STRANGER, maximum())));
	quota_uncharge(&more);
	close(peer);
}

PORT_TEST(kept_until_the_peer_is_gone)
{
	BudgetCharge charge = BUDGET_CHARGE_INIT;
	QuotaCharge more = QUOTA_CHARGE_INIT;
	int peer, end = end_with(&peer, true);

	ASSERT_TRUE(LOCKED(budget_charge(&charge.user, STRANGER, maximum())));
	LOCKED_DO(budget_keep_take(end, &charge));
	close(peer);
	LOCKED_DO(budget_sweep());
	ASSERT_TRUE(LOCKED(budget_charge(&more, STRANGER, 1)));
	quota_uncharge(&more);
}

PORT_TEST(without_a_charge_nothing_is_kept)
{
	BudgetCharge charge = BUDGET_CHARGE_INIT;
	int peer, end = end_with(&peer, false);

	LOCKED_DO(budget_keep_take(end, &charge));
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_FD_CLOSED(end);
	close(peer);
}

PORT_TEST(many_are_swept)
{
	int peers[200];

	for (unsigned i = 0; i < 200; i++) {
		BudgetCharge charge = BUDGET_CHARGE_INIT;
		int end = end_with(&peers[i], i % 2);

		ASSERT_TRUE(LOCKED(budget_charge(&charge.user, STRANGER, 1)));
		LOCKED_DO(budget_keep_take(end, &charge));
	}
	for (unsigned i = 0; i < 200; i++)
		close(peers[i]);
	LOCKED_DO(budget_sweep());
}

/* What a crowd has left goes while others are served. */
PORT_TEST(each_new_one_has_two_old_ones_looked_at)
{
	int peers[100], n_fds = ASSERT_SYS(fd_count_open());

	for (unsigned i = 0; i < 100; i++) {
		BudgetCharge charge = BUDGET_CHARGE_INIT;
		int end = end_with(&peers[i], true);

		ASSERT_TRUE(LOCKED(budget_charge(&charge.user, STRANGER, 1)));
		LOCKED_DO(budget_keep_take(end, &charge));
	}
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_EQ(fd_count_open(), n_fds + 200);
	for (unsigned i = 0; i < 100; i++)
		close(peers[i]);
	for (unsigned i = 0; i < 101; i++) {
		BudgetCharge charge = BUDGET_CHARGE_INIT;
		int peer, end = end_with(&peer, false);

		ASSERT_TRUE(LOCKED(budget_charge(&charge.user, STRANGER, 1)));
		LOCKED_DO(budget_keep_take(end, &charge));
		close(peer);
	}
	/* All but the last. */
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_EQ(fd_count_open(), n_fds + 1);
	LOCKED_DO(budget_sweep());
}

PORT_TEST(a_child_forgets)
{
	BudgetCharge charge = BUDGET_CHARGE_INIT;
	QuotaCharge more = QUOTA_CHARGE_INIT;
	int peer, end = end_with(&peer, true);

	ASSERT_TRUE(LOCKED(budget_charge(&charge.user, STRANGER, maximum())));
	LOCKED_DO(budget_keep_take(end, &charge));
	LOCKED_DO(budget_forget_all());
	ASSERT_TRUE(LOCKED(budget_charge(&more, STRANGER, maximum())));
	quota_uncharge(&more);
	close(peer);
}

/* What is sent in a busy queue's depth and once more is what can be in it at most. */
PORT_TEST(a_busy_queue_does_not_add_up)
{
	Remote remote = remote_make();
	Right right = remote_right(&remote);
	Sender *sender;

	if (maximum() < 2048) {
		LOCKED_DO(right_drop(&right));
		remote_free(&remote);
		SKIP("two full queues are more than the limit of descriptors here");
	}
	LOCKED_DO(right.port->backing->uid = STRANGER);
	ASSERT_OK(LOCKED(sender_get(right.port, &sender)));
	ASSERT_EQ(send(sender->fd, "x", 1, 0), 1);
	for (unsigned i = 0; i < maximum(); i++)
		ASSERT_TRUE(LOCKED(sender_may_send(sender, 1)));
	sender_put(sender);
	LOCKED_DO(right_drop(&right));
	remote_free(&remote);
}

/* A port that does not take out what it is sent costs its uid, not ours. */
PORT_TEST(senders_charge_what_is_unread)
{
	Remote remote = remote_make();
	Right right = remote_right(&remote);
	Sender *sender;
	char byte;

	LOCKED_DO(right.port->backing->uid = STRANGER);
	ASSERT_OK(LOCKED(sender_get(right.port, &sender)));
	ASSERT_EQ(send(sender->fd, "x", 1, 0), 1);
	ASSERT_TRUE(LOCKED(sender_may_send(sender, maximum() / 2 + 1)));
	ASSERT_FALSE(LOCKED(sender_may_send(sender, maximum() / 2 + 1)));
	ASSERT_TRUE(LOCKED(sender_may_send(sender, 0)));
	ASSERT_EQ(recv(remote.sock, &byte, 1, MSG_DONTWAIT), 1);
	ASSERT_TRUE(LOCKED(sender_may_send(sender, maximum() / 2 + 1)));
	sender_put(sender);
	LOCKED_DO(right_drop(&right));
	remote_free(&remote);
}
