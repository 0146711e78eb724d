/* SPDX-License-Identifier: Apache-2.0 */
#include "childport/birthpipe.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "tests/lib/unit.h"

#define TOKEN UINT64_C(0x0123456789abcdef)

static const BirthPaper paper = {.token = TOKEN, .name = "portcullis.some.service"};

static void check_paper(int from)
{
	BirthReader reader = {.n = 0};
	BirthPaper got;

	ASSERT_OK(birthpipe_read(from, &reader, &got));
	ASSERT_EQ(got.token, TOKEN);
	ASSERT_STREQ(got.name, paper.name);
}

TEST(there_and_back)
{
	int server, client;

	ASSERT_OK(birthpipe_make(&server, &client));
	ASSERT_FALSE(birthpipe_is_closed(server));
	ASSERT_OK(birthpipe_write(server, &paper));
	check_paper(client);
	ASSERT_FALSE(birthpipe_is_closed(server));
	close(client);
	ASSERT_TRUE(birthpipe_is_closed(server));
	close(server);
}

TEST(any_pipe_will_do)
{
	int ends[2];

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	ASSERT_OK(birthpipe_write(ends[1], &paper));
	check_paper(ends[0]);
	close(ends[0]);
	ASSERT_TRUE(birthpipe_is_closed(ends[1]));
	close(ends[1]);
}

/* The program has not asked for SIGPIPE to be ignored; it would end the test. */
TEST(nobody_reads)
{
	int server, client, ends[2];
	sigset_t pending;

	ASSERT_OK(birthpipe_make(&server, &client));
	close(client);
	ASSERT_EQ(birthpipe_write(server, &paper), BIRTHPIPE_E_CLOSED);
	close(server);
	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	close(ends[0]);
	ASSERT_EQ(birthpipe_write(ends[1], &paper), BIRTHPIPE_E_CLOSED);
	close(ends[1]);
	ASSERT_SYS(sigpending(&pending));
	ASSERT_FALSE(sigismember(&pending, SIGPIPE));
}

/* One that was pending before, with the program's doing, is left so. */
TEST(a_signal_of_the_program_is_left_alone)
{
	static const struct timespec no_time;
	sigset_t mask, before;
	int ends[2];

	sigemptyset(&mask);
	sigaddset(&mask, SIGPIPE);
	ASSERT_SYS(sigprocmask(SIG_BLOCK, &mask, &before));
	ASSERT_SYS(raise(SIGPIPE));
	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	close(ends[0]);
	ASSERT_EQ(birthpipe_write(ends[1], &paper), BIRTHPIPE_E_CLOSED);
	close(ends[1]);
	ASSERT_EQ(sigtimedwait(&mask, NULL, &no_time), SIGPIPE);
	ASSERT_SYS(sigprocmask(SIG_SETMASK, &before, NULL));
}

TEST(a_full_pipe_is_not_waited_for)
{
	static const char page[4096];
	int ends[2];

	ASSERT_SYS(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	while (write(ends[1], page, sizeof(page)) > 0)
		;
	ASSERT_SYS(fcntl(ends[1], F_SETFL, 0));
	ASSERT_EQ(birthpipe_write(ends[1], &paper), BIRTHPIPE_E_AGAIN);
	close(ends[0]);
	close(ends[1]);
}

/* However it is cut, nothing is taken for complete before it is, and nothing behind it is read. */
TEST(byte_by_byte)
{
	int server, client, from, to;
	uint8_t bytes[200];
	ssize_t size;
	BirthReader reader = {.n = 0};
	BirthPaper got;

	ASSERT_OK(birthpipe_make(&server, &client));
	ASSERT_OK(birthpipe_write(server, &paper));
	size = read(client, bytes, sizeof(bytes));
	ASSERT_EQ(size, (ssize_t)(12 + strlen(paper.name)));
	ASSERT_OK(birthpipe_make(&to, &from));
	for (ssize_t i = 0; i < size; i++) {
		ASSERT_EQ(birthpipe_read(from, &reader, &got), BIRTHPIPE_E_AGAIN);
		ASSERT_EQ(send(to, bytes + i, 1, 0), 1);
	}
	ASSERT_EQ(send(to, "x", 1, 0), 1);
	ASSERT_OK(birthpipe_read(from, &reader, &got));
	ASSERT_EQ(got.token, TOKEN);
	ASSERT_STREQ(got.name, paper.name);
	ASSERT_EQ(read(from, bytes, sizeof(bytes)), 1);
	close(from);
	close(to);
	close(server);
	close(client);
}

/* What is left of a server that died while it wrote. */
TEST(closed_at_every_byte)
{
	for (size_t n = 0; n < 12 + strlen(paper.name); n++) {
		uint8_t bytes[12 + sizeof(paper.name)] = {0};
		BirthReader reader = {.n = 0};
		BirthPaper got;
		int server, client;

		bytes[8] = (uint8_t)strlen(paper.name);
		memcpy(bytes + 12, paper.name, strlen(paper.name));
		ASSERT_OK(birthpipe_make(&server, &client));
		ASSERT_EQ(send(server, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
		close(server);
		ASSERT_EQ(birthpipe_read(client, &reader, &got), BIRTHPIPE_E_CLOSED);
		close(client);
	}
}

static void check_garbage(uint32_t length, const char *name, size_t size)
{
	BirthReader reader = {.n = 0};
	BirthPaper got;
	uint8_t bytes[512] = {0};
	int server, client;

	memcpy(bytes + 8, &length, sizeof(length));
	memcpy(bytes + 12, name, size);
	ASSERT_OK(birthpipe_make(&server, &client));
	ASSERT_EQ(send(server, bytes, 12 + size, MSG_NOSIGNAL), (ssize_t)(12 + size));
	ASSERT_EQ(birthpipe_read(client, &reader, &got), BIRTHPIPE_E_GARBAGE);
	close(server);
	close(client);
}

TEST(garbage)
{
	char name[200];

	memset(name, 'n', sizeof(name));
	check_garbage(0, name, 0);
	check_garbage(128, name, 128);
	check_garbage(200, name, 200);
	check_garbage(UINT32_MAX, name, 200);
	check_garbage(0x80000000u, name, 0);
	check_garbage(4, "a\0bc", 4);
	check_garbage(4, "a\nbc", 4);
	check_garbage(1, "\x7f", 1);
}

/* The longest name that there can be. */
TEST(the_longest_name)
{
	BirthPaper longest = {.token = 1}, got;
	BirthReader reader = {.n = 0};
	int server, client;

	memset(longest.name, 'n', sizeof(longest.name) - 1);
	ASSERT_OK(birthpipe_make(&server, &client));
	ASSERT_OK(birthpipe_write(server, &longest));
	ASSERT_OK(birthpipe_read(client, &reader, &got));
	ASSERT_STREQ(got.name, longest.name);
	close(server);
	close(client);
}
