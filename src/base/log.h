/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_LOG_H
#define PORTCULLIS_BASE_LOG_H

/*
 * Log lines on stderr:	portcullis[PID]: LEVEL: MODULE: TEXT
 *
 * A library has no business writing to somebody else's stderr, so by default nothing is printed: the
 * environment variable PORTCULLIS_LOG (err, warning, notice, info, debug; ignored in set-id
 * programs), or log_set_level() in our own daemons and tools, opens the log up to a level.
 *
 * The text may hold what a peer sent: everything that is not printable ASCII is escaped, and the line
 * is cut at LOG_LINE_MAX, so that no peer can fake or break a line. Each line is one write(2).
 * Lines that a peer can cause go through log_peer_*(), which names the culprit and is limited to
 * LOG_PEER_BURST lines in LOG_PEER_WINDOW_NS for each call site.
 *
 * Safe from any thread. Preserves errno. Arguments are not evaluated when the level is off.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

#define LOG_LINE_MAX 1024
#define LOG_PEER_BURST 8
#define LOG_PEER_WINDOW_NS (UINT64_C(5) * 1000000000)

typedef enum LogLevel {
	LOG_LEVEL_NONE = -1,
	LOG_LEVEL_ERR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	_LOG_LEVEL_N,
} LogLevel;

/* Whom a line is about, as the kernel told us. */
typedef struct PeerId {
	pid_t pid;
	uid_t uid;
} PeerId;

/* The state of one rate-limited call site; zero-initialised. */
typedef struct LogLimit {
	_Atomic uint64_t window_start_ns;
	_Atomic uint32_t n_lines;
	_Atomic uint32_t n_suppressed;
} LogLimit;

/* Private to log_enabled(): the level in force, or _LOG_LEVEL_N until the environment was read. */
extern _Atomic int log_level_in_force;
bool log_enabled_slow(LogLevel level);

static inline bool log_enabled(LogLevel level)
{
	int in_force = atomic_load_explicit(&log_level_in_force, memory_order_relaxed);

	if (likely((int)level > in_force))
		return false;
	return in_force != _LOG_LEVEL_N || log_enabled_slow(level);
}

void log_set_level(LogLevel level);
LogLevel log_get_level(void);

/* Parse "err" ... "debug", or "none". Returns false, and leaves *ret untouched, for anything else. */
bool log_level_parse(const char *text, LogLevel *ret);

/* Take @size bytes at @text, escape them, and write at most @ret_size - 1 bytes and a NUL to @ret;
 * what is cut ends in "...". Returns the length. */
size_t log_sanitise(const char *text, size_t size, char *ret, size_t ret_size);

/* Print one line; @module may be a path, of which the base name without ".c" is printed. For the
 * macros below, which ask log_enabled() first. */
void log_print(LogLevel level, const char *module, const char *format, ...) _printf_(3, 4);
void log_print_peer(LogLevel level, const char *module, LogLimit *limit, const PeerId *peer,
	const char *format, ...) _printf_(5, 6);

#define log_at_(level, ...)                                                                        \
	do {                                                                                       \
		if (log_enabled(level))                                                            \
			log_print((level), __FILE__, __VA_ARGS__);                                 \
	} while (0)

#define log_err(...) log_at_(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warning(...) log_at_(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_at_(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_at_(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at_(LOG_LEVEL_DEBUG, __VA_ARGS__)

#define log_peer_at_(level, peer, ...)                                                             \
	do {                                                                                       \
		if (log_enabled(level)) {                                                          \
			static LogLimit log_limit_;                                                \
			log_print_peer((level), __FILE__, &log_limit_, (peer), __VA_ARGS__);       \
		}                                                                                  \
	} while (0)

/* log_peer_warning(&(PeerId){pid, uid}, "sent %zu bytes of nonsense", n); */
#define log_peer_warning(peer, ...) log_peer_at_(LOG_LEVEL_WARNING, (peer), __VA_ARGS__)
#define log_peer_notice(peer, ...) log_peer_at_(LOG_LEVEL_NOTICE, (peer), __VA_ARGS__)
#define log_peer_info(peer, ...) log_peer_at_(LOG_LEVEL_INFO, (peer), __VA_ARGS__)
#define log_peer_debug(peer, ...) log_peer_at_(LOG_LEVEL_DEBUG, (peer), __VA_ARGS__)

#endif
