/* SPDX-License-Identifier: Apache-2.0 */

#include <sys/resource.h>

#include "base/fd.h"
#include "base/fdlist.h"
#include "tests/lib/unit.h"

static int open_null(void)
{
	return ASSERT_SYS(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

TEST(deinit_closes_what_is_owned)
{
	FdList list = FDLIST_INIT;
	int owned = open_null(), lent = open_null(), copied;

	ASSERT_OK(fdlist_add_consume(&list, owned));
	ASSERT_OK(fdlist_add_borrow(&list, lent));
	ASSERT_OK(fdlist_add_dup(&list, lent));
	ASSERT_EQ(fdlist_count(&list), 3u);
	ASSERT_EQ(fdlist_get(&list, 0), owned);
	ASSERT_EQ(fdlist_get(&list, 1), lent);
	copied = fdlist_get(&list, 2);
	ASSERT_NE(copied, lent);
	ASSERT_FD_CLOEXEC(copied);
	ASSERT_EQ(fdlist_get(&list, 3), -EBADF);
	ASSERT_TRUE(fdlist_is_borrowed(&list, 1));
	ASSERT_FALSE(fdlist_is_borrowed(&list, 0));
	ASSERT_FALSE(fdlist_is_borrowed(&list, 1000));

	fdlist_deinit(&list);
	ASSERT_EQ(fdlist_count(&list), 0u);
	ASSERT_FD_CLOSED(owned);
	ASSERT_FD_CLOSED(copied);
	ASSERT_FD_OPEN(lent);
	fd_close(lent);
}

TEST(steal_takes_one_out)
{
	_cleanup_fdlist_ FdList list = FDLIST_INIT;
	_cleanup_close_ int lent = open_null(), mine = -EBADF;
	int a = open_null(), b = open_null();

	ASSERT_OK(fdlist_add_consume(&list, a));
	ASSERT_OK(fdlist_add_consume(&list, b));
	ASSERT_OK(fdlist_add_borrow(&list, lent));
	mine = fdlist_steal(&list, 0);
	ASSERT_EQ(mine, a);
	ASSERT_EQ(fdlist_steal(&list, 0), -EBADF);
	ASSERT_EQ(fdlist_get(&list, 0), -EBADF);
	ASSERT_EQ(fdlist_get(&list, 1), b);
	ASSERT_EQ(fdlist_steal(&list, 2), -EBADF);
	ASSERT_EQ(fdlist_steal(&list, 3), -EBADF);
	ASSERT_EQ(fdlist_count(&list), 3u);
	fdlist_deinit(&list);
	ASSERT_FD_OPEN(mine);
	ASSERT_FD_CLOSED(b);
}

TEST(full_list_closes_what_it_refuses)
{
	_cleanup_fdlist_ FdList list;
	_cleanup_close_ int lent = open_null();
	int last;

	fdlist_init(&list);
	for (size_t i = 0; i < FDLIST_MAX; i++) {
		int fd = ASSERT_FD(fd_dup(lent));

		ASSERT_OK(fdlist_add_consume(&list, fd));
		ASSERT_EQ(fdlist_get(&list, i), fd);
	}
	/* All of them survived the way from the struct to the heap and the growing there. */
	for (size_t i = 0; i < FDLIST_MAX; i++)
		ASSERT_FD_OPEN(fdlist_array(&list)[i]);
	last = ASSERT_FD(fd_dup(lent));
	ASSERT_EQ(fdlist_add_consume(&list, last), FDLIST_E_FULL);
	ASSERT_FD_CLOSED(last);
	ASSERT_EQ(fdlist_add_dup(&list, lent), FDLIST_E_FULL);
	ASSERT_EQ(fdlist_add_borrow(&list, lent), FDLIST_E_FULL);
	ASSERT_FD_OPEN(lent);
	ASSERT_EQ(fdlist_count(&list), (size_t)FDLIST_MAX);
}

TEST(borrowed_beyond_the_first_word)
{
	_cleanup_fdlist_ FdList list = FDLIST_INIT;
	_cleanup_close_ int lent = open_null();

	for (size_t i = 0; i < FDLIST_MAX; i++)
		ASSERT_OK(fdlist_add_borrow(&list, lent));
	for (size_t i = 0; i < FDLIST_MAX; i++)
		ASSERT_TRUE(fdlist_is_borrowed(&list, i));
	fdlist_deinit(&list);
	ASSERT_FD_OPEN(lent);
	ASSERT_FALSE(fdlist_is_borrowed(&list, 0));
}

TEST(array_is_added_whole_or_closed_whole)
{
	_cleanup_fdlist_ FdList list = FDLIST_INIT;
	_cleanup_close_ int lent = open_null();
	int some[20], none[FDLIST_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		some[i] = ASSERT_FD(fd_dup(lent));
	ASSERT_OK(fdlist_add_array_consume(&list, some, ARRAY_SIZE(some)));
	ASSERT_EQ(fdlist_count(&list), ARRAY_SIZE(some));
	ASSERT_MEMEQ(fdlist_array(&list), some, sizeof(some));
	ASSERT_OK(fdlist_add_array_consume(&list, NULL, 0));

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		none[i] = ASSERT_FD(fd_dup(lent));
	ASSERT_EQ(fdlist_add_array_consume(&list, none, ARRAY_SIZE(none)), FDLIST_E_FULL);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		ASSERT_FD_CLOSED(none[i]);
	ASSERT_EQ(fdlist_count(&list), ARRAY_SIZE(some));
}

TEST(cmsg_is_what_the_kernel_wants)
{
	_cleanup_fdlist_ FdList list = FDLIST_INIT;
	_cleanup_close_ int lent = open_null();
	struct cmsghdr *cmsg;
	size_t len = 1;

	ASSERT_NULL(fdlist_cmsg(&list, &len));
	ASSERT_EQ(len, 0u);
	for (size_t i = 1; i <= FDLIST_INLINE + 2; i++) {
		ASSERT_OK(fdlist_add_borrow(&list, lent));
		cmsg = fdlist_cmsg(&list, &len);
		ASSERT_EQ(len, CMSG_LEN(i * sizeof(int)));
		ASSERT_EQ(cmsg->cmsg_len, len);
		ASSERT_EQ(cmsg->cmsg_level, SOL_SOCKET);
		ASSERT_EQ(cmsg->cmsg_type, SCM_RIGHTS);
		ASSERT_MEMEQ(CMSG_DATA(cmsg), fdlist_array(&list), i * sizeof(int));
	}
}

TEST(moved_by_assignment)
{
	FdList first = FDLIST_INIT, second;
	int fd = open_null();

	ASSERT_OK(fdlist_add_consume(&first, fd));
	second = first;
	fdlist_init(&first);
	ASSERT_EQ(fdlist_get(&second, 0), fd);
	fdlist_deinit(&first);
	ASSERT_FD_OPEN(fd);
	fdlist_deinit(&second);
	ASSERT_FD_CLOSED(fd);
}

static int disposed[2];
static size_t n_disposed;

static void dispose(int fd)
{
	disposed[n_disposed++] = fd;
	fd_close(fd);
}

TEST(dispose_by_function)
{
	FdList list = FDLIST_INIT;
	_cleanup_close_ int lent = open_null();
	int a = open_null(), b = open_null();

	ASSERT_OK(fdlist_add_consume(&list, a));
	ASSERT_OK(fdlist_add_borrow(&list, lent));
	ASSERT_OK(fdlist_add_consume(&list, b));
	fdlist_deinit_by(&list, dispose);
	ASSERT_EQ(n_disposed, 2u);
	ASSERT_EQ(disposed[0], a);
	ASSERT_EQ(disposed[1], b);
}

TEST(dup_that_fails)
{
	_cleanup_fdlist_ FdList list = FDLIST_INIT;
	struct rlimit rl, none;

	ASSERT_SYS(getrlimit(RLIMIT_NOFILE, &rl));
	none = rl;
	none.rlim_cur = 3;
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &none));
	int r = fdlist_add_dup(&list, STDIN_FILENO);
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &rl));
	ASSERT_LT(r, 0);
	ASSERT_EQ(fdlist_count(&list), 0u);
}
