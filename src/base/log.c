/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines.
 *
 * A line is composed on the caller's stack and goes out in one write(2), so that lines of threads and
 * processes that share a stderr never mix, no lock is needed, and logging works in a fork child.
 *
 * Escaping is done last, over the whole text, arguments and format alike: whoever adds a log line
 * cannot forget it. Printable ASCII stays, a backslash is doubled, every other byte becomes \xNN,
 * multi-byte characters included, since those can reverse or hide text on a terminal.
 *
 * The level is read from the environment by the first line that could be printed. A log_set_level()
 * that came before it, or comes at the same time, wins.
 *
 * The limit of peer lines is a window for each call site. It is kept with plain atomics: under
 * contention a line more or less may pass, but never a stream.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define MODULE_MAX 64

_Atomic int log_level_in_force = _LOG_LEVEL_N;

static const char *const level_names[_LOG_LEVEL_N] = {
	[LOG_LEVEL_ERR] = "err",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_NOTICE] = "notice",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

bool log_level_parse(const char *text, LogLevel *ret)
{
	if (strcmp(text, "none") == 0) {
		*ret = LOG_LEVEL_NONE;
		return true;
	}
	for (int i = 0; i < _LOG_LEVEL_N; i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*ret = (LogLevel)i;
			return true;
		}
	}
	return false;
}

LogLevel log_get_level(void)
{
	int in_force = atomic_load_explicit(&log_level_in_force, memory_order_relaxed);
	LogLevel level = LOG_LEVEL_NONE;
	const char *text;

	if (in_force != _LOG_LEVEL_N)
		return (LogLevel)in_force;
	text = secure_getenv("PORTCULLIS_LOG");
	if (text)
		(void)log_level_parse(text, &level); /* a word that we do not know opens nothing */
	if (atomic_compare_exchange_strong(&log_level_in_force, &in_force, level))
		return level;
	return (LogLevel)in_force;
}

bool log_enabled_slow(LogLevel level)
{
	int saved = errno;
	bool enabled = level <= log_get_level();

	errno = saved;
	return enabled;
}

void log_set_level(LogLevel level)
{
	atomic_store_explicit(&log_level_in_force, level, memory_order_relaxed);
}

size_t log_sanitise(const char *text, size_t size, char *ret, size_t ret_size)
{
	static const char cut[] = "...";
	static const char hex[] = "0123456789abcdef";
	size_t used = 0, safe = 0; /* safe: the longest prefix that leaves room for the mark */

	if (ret_size == 0)
		return 0;
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = c >= 0x20 && c < 0x7f && c != '\\';
		size_t n = plain ? 1 : c == '\\' ? 2 : 4;

		if (used + n >= ret_size) {
			used = safe;
			for (const char *p = cut; *p && used + 1 < ret_size; p++)
				ret[used++] = *p;
			break;
		}
		if (plain) {
			ret[used++] = (char)c;
		} else if (c == '\\') {
			ret[used++] = '\\';
			ret[used++] = '\\';
		} else {
			ret[used++] = '\\';
			ret[used++] = 'x';
			ret[used++] = hex[c >> 4];
			ret[used++] = hex[c & 15];
		}
		if (used + sizeof(cut) <= ret_size)
			safe = used;
	}
	ret[used] = '\0';
	return used;
}

/* "src/base/log.c" -> "log" */
static void module_name(const char *path, char ret[MODULE_MAX])
{
	const char *base = strrchr(path, '/');
	const char *end;

	base = base ? base + 1 : path;
	end = strrchr(base, '.');
	if (!end)
		end = base + strlen(base);
	snprintf(ret, MODULE_MAX, "%.*s", (int)(end - base), base);
}

static _printf_(4, 0) void print_line(
	LogLevel level, const char *path, const char *prefix, const char *format, va_list args)
{
	char module[MODULE_MAX], raw[LOG_LINE_MAX], line[LOG_LINE_MAX];
	int n, n_prefix;

	n_prefix = snprintf(raw, sizeof(raw), "%s", prefix);
	n = vsnprintf(raw + n_prefix, sizeof(raw) - (size_t)n_prefix, format, args);
	if (n < 0)
		raw[n_prefix] = '\0';
	module_name(path, module);
	n = snprintf(line, sizeof(line), "portcullis[%d]: %s: %s: ", (int)getpid(),
		level_names[level], module);
	/* One byte is kept for the newline. */
	n += (int)log_sanitise(raw, strlen(raw), line + n, sizeof(line) - (size_t)n - 1);
	line[n++] = '\n';
	/* Nobody to tell if this fails. */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

void log_print(LogLevel level, const char *module, const char *format, ...)
{
	int saved = errno;
	va_list args;

	va_start(args, format);
	print_line(level, module, "", format, args);
	va_end(args);
	errno = saved;
}

/* Whether one more line may pass; *ret_suppressed is how many did not since the last that did. */
static bool limit_allows(LogLimit *limit, uint32_t *ret_suppressed)
{
	uint64_t start = atomic_load(&limit->window_start_ns);
	uint64_t now = clock_now_ns();

	if (start == 0 || now - start >= LOG_PEER_WINDOW_NS) {
		if (atomic_compare_exchange_strong(&limit->window_start_ns, &start, now))
			atomic_store(&limit->n_lines, 0);
	}
	if (atomic_fetch_add(&limit->n_lines, 1) >= LOG_PEER_BURST) {
		atomic_fetch_sub(&limit->n_lines, 1); /* cannot wrap then */
		atomic_fetch_add(&limit->n_suppressed, 1);
		return false;
	}
	*ret_suppressed = atomic_exchange(&limit->n_suppressed, 0);
	return true;
}

void log_print_peer(LogLevel level, const char *module, LogLimit *limit, const PeerId *peer,
	const char *format, ...)
{
	int saved = errno;
	uint32_t suppressed;
	char prefix[128];
	va_list args;

	if (limit_allows(limit, &suppressed)) {
		int n = snprintf(prefix, sizeof(prefix), "peer pid %d uid %u: ", (int)peer->pid,
			(unsigned)peer->uid);

		if (suppressed > 0)
			snprintf(prefix + n, sizeof(prefix) - (size_t)n,
				"(%u earlier lines suppressed) ", suppressed);
		va_start(args, format);
		print_line(level, module, prefix, format, args);
		va_end(args);
	}
	errno = saved;
}
