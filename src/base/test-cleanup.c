/* SPDX-License-Identifier: Apache-2.0 */

#include "base/cleanup.h"
#include "tests/lib/unit.h"

typedef struct Outer {
	int before;
	int inner;
} Outer;

static int n_evaluated;

static int evaluate(int v)
{
	n_evaluated++;
	return v;
}

TEST(take_leaves_nothing)
{
	int fd = 7;
	char *text = strdup("x"), *mine;

	ASSERT_EQ(TAKE_FD(fd), 7);
	ASSERT_EQ(fd, -EBADF);
	mine = TAKE_PTR(text);
	ASSERT_NULL(text);
	ASSERT_STREQ(mine, "x");
	free(mine);
}

TEST(scope_end_closes_and_frees)
{
	int kept, p[2];

	ASSERT_SYS(pipe2(p, O_CLOEXEC));
	{
		_cleanup_close_ int a = p[0], b = p[1], none = -EBADF;
		_cleanup_free_ char *text = strdup("freed, or the leak checker objects");

		ASSERT_NOT_NULL(text);
		ASSERT_EQ(none, -EBADF);
		ASSERT_FD_OPEN(b);
		kept = TAKE_FD(a);
	}
	ASSERT_FD_OPEN(kept);
	ASSERT_FD_CLOSED(p[1]);
	close(kept);
}

TEST(macros)
{
	Outer outer = {1, 2};
	int *inner = &outer.inner;
	int three[3];

	ASSERT_PTR_EQ(container_of(inner, Outer, inner), &outer);
	ASSERT_EQ(ARRAY_SIZE(three), 3u);
	ASSERT_EQ(MIN(evaluate(3), evaluate(2)), 2);
	ASSERT_EQ(MAX(evaluate(3), evaluate(2)), 3);
	ASSERT_EQ(n_evaluated, 4);
	ASSERT_TRUE(likely(2));
	ASSERT_FALSE(unlikely(0));
}
