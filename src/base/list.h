/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_LIST_H
#define PORTCULLIS_BASE_LIST_H

/*
 * Intrusive lists: TAILQ_* (append at the end, walk both ways) and LIST_* (removal without knowing
 * the head) of <sys/queue.h>. glibc's copy lacks the variants that allow the element at hand to be
 * removed and freed; removing *another* element within the loop is still not allowed.
 */

#include <sys/queue.h>

#ifndef TAILQ_FOREACH_SAFE
#define TAILQ_FOREACH_SAFE(var, head, field, next)                                                 \
	for ((var) = TAILQ_FIRST(head); (var) && ((next) = TAILQ_NEXT(var, field), 1);             \
		(var) = (next))
#endif

#ifndef LIST_FOREACH_SAFE
#define LIST_FOREACH_SAFE(var, head, field, next)                                                  \
	for ((var) = LIST_FIRST(head); (var) && ((next) = LIST_NEXT(var, field), 1); (var) = (next))
#endif

#endif
