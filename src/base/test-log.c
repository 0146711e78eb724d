/* SPDX-License-Identifier: Apache-2.0 */

#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "tests/lib/unit.h"

/* What is written to stderr, each write a datagram of its own. */
typedef struct Capture {
	int reader;
	int saved;
} Capture;

static Capture capture_begin(void)
{
	Capture capture;
	int fds[2];

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds));
	capture.reader = fds[0];
	capture.saved = ASSERT_FD(fd_dup(STDERR_FILENO));
	ASSERT_SYS(dup2(fds[1], STDERR_FILENO));
	fd_close(fds[1]);
	return capture;
}

static void capture_end(Capture *capture)
{
	dup2(capture->saved, STDERR_FILENO);
	fd_close(capture->saved);
	fd_close(capture->reader);
	log_set_level(LOG_LEVEL_NONE);
}

/* The next line, or "" if there is none. Valid until the next call. */
static const char *next_line(const Capture *capture)
{
	static char line[2 * LOG_LINE_MAX];
	ssize_t n = recv(capture->reader, line, sizeof(line) - 1, MSG_DONTWAIT);

	line[MAX(n, (ssize_t)0)] = '\0';
	return line;
}

#define CAPTURE(name) _cleanup_(capture_end) Capture name = capture_begin()

TEST(line_has_its_parts)
{
	CAPTURE(capture);
	char expected[128];

	log_set_level(LOG_LEVEL_INFO);
	errno = EXDEV;
	log_info("answer %d", 42);
	ASSERT_EQ(errno, EXDEV);
	snprintf(expected, sizeof(expected), "portcullis[%d]: info: test-log: answer 42\n",
		(int)getpid());
	ASSERT_STREQ(next_line(&capture), expected);
}

static int n_evaluated;

static int evaluate(void)
{
	return ++n_evaluated;
}

TEST(levels)
{
	CAPTURE(capture);

	for (int level = LOG_LEVEL_NONE; level < _LOG_LEVEL_N; level++) {
		n_evaluated = 0;
		log_set_level((LogLevel)level);
		ASSERT_EQ(log_get_level(), (LogLevel)level);
		log_err("%d", evaluate());
		log_warning("%d", evaluate());
		log_notice("%d", evaluate());
		log_info("%d", evaluate());
		log_debug("%d", evaluate());
		ASSERT_EQ(n_evaluated, level + 1);
		for (int i = 0; i < n_evaluated; i++)
			ASSERT_NE(next_line(&capture)[0], '\0');
		ASSERT_STREQ(next_line(&capture), "");
	}
}

TEST(level_names)
{
	LogLevel level = LOG_LEVEL_INFO;

	ASSERT_TRUE(log_level_parse("err", &level));
	ASSERT_EQ(level, LOG_LEVEL_ERR);
	ASSERT_TRUE(log_level_parse("debug", &level));
	ASSERT_EQ(level, LOG_LEVEL_DEBUG);
	ASSERT_TRUE(log_level_parse("none", &level));
	ASSERT_EQ(level, LOG_LEVEL_NONE);
	ASSERT_FALSE(log_level_parse("", &level));
	ASSERT_FALSE(log_level_parse("loud", &level));
	ASSERT_EQ(level, LOG_LEVEL_NONE);
}

/* The level that the environment asks for, as a child that starts afresh sees it. */
static void assert_level_of_environment(const char *value, int expected)
{
	pid_t pid = ASSERT_SYS(fork());

	if (pid == 0) {
		if (value)
			setenv("PORTCULLIS_LOG", value, 1);
		else
			unsetenv("PORTCULLIS_LOG");
		atomic_store(&log_level_in_force, _LOG_LEVEL_N);
		for (int level = 0; level < _LOG_LEVEL_N; level++)
			ASSERT_EQ(log_enabled((LogLevel)level), level <= expected);
		exit(0);
	}
	ASSERT_CHILD_EXITS(pid, 0);
}

TEST(environment)
{
	assert_level_of_environment(NULL, LOG_LEVEL_NONE);
	assert_level_of_environment("", LOG_LEVEL_NONE);
	assert_level_of_environment("nonsense", LOG_LEVEL_NONE);
	assert_level_of_environment("warning", LOG_LEVEL_WARNING);
	assert_level_of_environment("debug", LOG_LEVEL_DEBUG);
}

TEST(hostile_text_stays_on_its_line)
{
	CAPTURE(capture);
	const char *line;

	log_set_level(LOG_LEVEL_DEBUG);
	log_err("peer says \"%s\"", "x\nportcullis[1]: err: all is well\x1b[2J\x7f\\\xe2\x80\xae");
	line = next_line(&capture);
	ASSERT_STRSTR(line,
		"\"x\\x0aportcullis[1]: err: all is well\\x1b[2J\\x7f\\\\\\xe2\\x80\\xae\"\n");
	ASSERT_PTR_EQ(strchr(line, '\n'), line + strlen(line) - 1);
}

TEST(long_text_is_cut)
{
	CAPTURE(capture);
	char text[3000];
	const char *line;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_set_level(LOG_LEVEL_DEBUG);
	log_err("%s", text);
	line = next_line(&capture);
	ASSERT_LE(strlen(line), (size_t)LOG_LINE_MAX);
	ASSERT_STRSTR(line, "aaa...\n");
	memset(text, '\n', sizeof(text) - 1);
	log_err("%s", text);
	line = next_line(&capture);
	ASSERT_LE(strlen(line), (size_t)LOG_LINE_MAX);
	ASSERT_STRSTR(line, "\\x0a...\n");
}

TEST(sanitise_never_exceeds_its_buffer)
{
	static const char text[] = "ab\ncd\\ef\x80gh";

	ASSERT_EQ(log_sanitise(text, 3, NULL, 0), 0u);
	for (size_t size = 1; size < 40; size++) {
		char *out = malloc(size);
		size_t n = log_sanitise(text, sizeof(text) - 1, out, size);

		ASSERT_LT(n, size);
		ASSERT_EQ(out[n], '\0');
		ASSERT_EQ(strlen(out), n);
		if (size > 18)
			ASSERT_STREQ(out, "ab\\x0acd\\\\ef\\x80gh");
		else if (size > 3)
			ASSERT_STREQ(out + n - 3, "...");
		free(out);
	}
	ASSERT_EQ(log_sanitise("", 0, (char[1]){1}, 1), 0u);
}

static void complain(unsigned uid)
{
	log_peer_warning((&(PeerId){77, uid}), "sent %s", "nonsense\n");
}

TEST(peer_lines_name_the_peer_and_are_limited)
{
	CAPTURE(capture);
	int n = 0;

	log_set_level(LOG_LEVEL_WARNING);
	for (int i = 0; i < 1000; i++) {
		const char *line;

		complain(1234);
		line = next_line(&capture);
		if (line[0] == '\0')
			continue;
		n++;
		ASSERT_STRSTR(
			line, "]: warning: test-log: peer pid 77 uid 1234: sent nonsense\\x0a\n");
	}
	ASSERT_EQ(n, LOG_PEER_BURST);
	/* Another call site is not affected, and a level that is off costs no line. */
	log_peer_debug((&(PeerId){78, 0}), "off");
	ASSERT_STREQ(next_line(&capture), "");
	log_peer_warning((&(PeerId){78, 0}), "other");
	ASSERT_STRSTR(next_line(&capture), "peer pid 78 uid 0: other\n");
}

TEST(what_was_suppressed_is_counted)
{
	CAPTURE(capture);
	LogLimit limit = {0};
	PeerId peer = {1, 2};

	log_set_level(LOG_LEVEL_WARNING);
	for (int i = 0; i < LOG_PEER_BURST + 5; i++) {
		log_print_peer(LOG_LEVEL_WARNING, "x/module.c", &limit, &peer, "line");
		ASSERT_EQ(next_line(&capture)[0] == '\0', i >= LOG_PEER_BURST);
	}
	/* As if the window were over. */
	atomic_fetch_sub(&limit.window_start_ns, LOG_PEER_WINDOW_NS);
	log_print_peer(LOG_LEVEL_WARNING, "module", &limit, &peer, "line");
	ASSERT_STRSTR(next_line(&capture),
		"warning: module: peer pid 1 uid 2: (5 earlier lines suppressed) line\n");
	log_print_peer(LOG_LEVEL_WARNING, "module", &limit, &peer, "line");
	ASSERT_STRSTR(next_line(&capture), "peer pid 1 uid 2: line\n");
}

static void *log_thread(void *text)
{
	for (int i = 0; i < 100; i++) {
		log_err("%s", (const char *)text);
		complain(1);
	}
	return NULL;
}

TEST(lines_of_threads_do_not_mix)
{
	static char texts[4][200];
	int fd, saved = ASSERT_FD(fd_dup(STDERR_FILENO)), n = 0;
	pthread_t threads[4];
	char line[512];
	FILE *f;

	/* A file, since nobody reads meanwhile. */
	f = tmpfile();
	ASSERT_NOT_NULL(f);
	fd = fileno(f);
	ASSERT_SYS(fcntl(fd, F_SETFL, O_APPEND));
	ASSERT_SYS(dup2(fd, STDERR_FILENO));
	log_set_level(LOG_LEVEL_ERR);
	for (int i = 0; i < 4; i++) {
		memset(texts[i], 'a' + i, sizeof(texts[i]) - 1);
		ASSERT_OK(pthread_create(&threads[i], NULL, log_thread, texts[i]));
	}
	for (int i = 0; i < 4; i++)
		ASSERT_OK(pthread_join(threads[i], NULL));
	ASSERT_SYS(dup2(saved, STDERR_FILENO));
	fd_close(saved);
	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		const char *text = strrchr(line, ' ') + 1;

		ASSERT_EQ(strspn(text, (char[2]){text[0], '\0'}), sizeof(texts[0]) - 1);
		n++;
	}
	ASSERT_EQ(n, 400);
	fclose(f);
}
