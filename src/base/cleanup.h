/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_CLEANUP_H
#define PORTCULLIS_BASE_CLEANUP_H

/*
 * Scope-bound ownership, and the few macros that every file needs.
 *
 * A local that owns something is declared empty and with a cleanup attribute; whoever passes the
 * thing on takes it out with TAKE_PTR() or TAKE_FD(), which leaves the local empty again. A function
 * can then return from anywhere without leaking:
 *
 *	_cleanup_close_ int fd = -EBADF;
 *	_cleanup_free_ char *text = NULL;
 *	...
 *	*ret_fd = TAKE_FD(fd);
 *	return 0;
 *
 * An owning local without the attribute is a bug even if the function happens not to leak: the rule
 * is useful only while it has no exceptions. An absent descriptor is always -EBADF, never -1 or 0,
 * so that using one by mistake reads as "bad file descriptor" wherever the number turns up.
 */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define _cleanup_(f) __attribute__((__cleanup__(f)))
#define _warn_unused_ __attribute__((__warn_unused_result__))
#define _printf_(a, b) __attribute__((__format__(__printf__, a, b)))
#define _hidden_ __attribute__((__visibility__("hidden")))
#define _public_ __attribute__((__visibility__("default")))
#define _unused_ __attribute__((__unused__))
#define _noreturn_ __attribute__((__noreturn__))
#define _cold_ __attribute__((__cold__, __noinline__))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a)                                                                              \
	(sizeof(a) / sizeof((a)[0]) +                                                              \
		0 * sizeof(char[__builtin_types_compatible_p(__typeof__(a), __typeof__(&(a)[0]))   \
					? -1                                                       \
					: 1]))

/* <sys/param.h>, which <resolv.h> and others pull in, has MIN and MAX that evaluate twice. */
#undef MIN
#undef MAX
#define MIN(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) min_a_ = (a);                                                        \
		__typeof__(b) min_b_ = (b);                                                        \
		min_a_ < min_b_ ? min_a_ : min_b_;                                                 \
	})
#define MAX(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) max_a_ = (a);                                                        \
		__typeof__(b) max_b_ = (b);                                                        \
		max_a_ > max_b_ ? max_a_ : max_b_;                                                 \
	})

/* The object that holds *@p as its @member; @p must not be NULL. */
#define container_of(p, type, member)                                                              \
	({                                                                                         \
		__typeof__(((type *)0)->member) *co_p_ = (p);                                      \
		(type *)(void *)((char *)co_p_ - offsetof(type, member));                          \
	})

/* The value of an owning variable; the variable is left empty. */
#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *take_pp_ = &(p);                                                    \
		__typeof__(p) take_p_ = *take_pp_;                                                 \
		*take_pp_ = NULL;                                                                  \
		take_p_;                                                                           \
	})
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *take_fdp_ = &(fd);                                                            \
		int take_fd_ = *take_fdp_;                                                         \
		*take_fdp_ = -EBADF;                                                               \
		take_fd_;                                                                          \
	})

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

/* In fd.c: close what *@fdp holds, if anything, and leave -EBADF there. */
void fd_closep(int *fdp);

#define _cleanup_free_ _cleanup_(cleanup_freep)
#define _cleanup_close_ _cleanup_(fd_closep)

#endif
