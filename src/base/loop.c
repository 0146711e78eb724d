/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop.
 *
 * One epoll set, level-triggered. A round is: wait, take a batch of what is ready, call each source's
 * function once. Level-triggered, because a function may then stop whenever it has done its share,
 * without an obligation to drain; and the kernel moves what it reported to the end of its queue, so
 * that a source that is always ready comes round again only after all others had their turn.
 *
 * Removal. The functions may remove any source, which frees it at once. What could still point to it
 * is the rest of the batch at hand, which is small: removal looks for it there and crosses it out.
 * After a function returns, the loop never touches the source that it was called for.
 *
 * Timers lie in a binary heap by deadline. The earliest one arms a timerfd, which is in the epoll set
 * like any other descriptor: so loop_fd() polls readable for timers too, and another loop can drive
 * this one. Those that are due are first moved from the heap to a list and then called: a timer that
 * its function arms anew with a deadline of the past goes to the heap, and has to wait for the next
 * round. A source knows which of both holds it, and removal takes it out.
 *
 * Waking writes to an eventfd, which is all that other threads ever touch, besides the quit flag.
 *
 * Invariants: events[at..n) hold sources that exist, or NULL; the heap has room for every timer
 * source, so that arming one cannot fail for memory; outside of a round no timer is due, and the
 * timerfd is armed for the top of the heap.
 */

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/loop.h"

#define BATCH_MAX 64

typedef enum TimerState {
	TIMER_IDLE,
	TIMER_ARMED, /* in the heap */
	TIMER_DUE, /* in the list of those to be called */
} TimerState;

struct LoopSource {
	Loop *loop;
	LoopFn fn;
	void *userdata;
	int fd; /* borrowed; -EBADF for a timer */

	Deadline deadline;
	uint64_t order; /* of arming, among equal deadlines */
	size_t heap_index;
	TimerState state;
	TAILQ_ENTRY(LoopSource) due_entry;
};

TAILQ_HEAD(LoopDueList, LoopSource);

struct Loop {
	int epoll_fd;
	int wake_fd;
	int timer_fd; /* -EBADF until the first timer */
	LoopFn wake_fn;
	void *wake_userdata;
	atomic_bool quit;
	bool in_round;

	struct epoll_event events[BATCH_MAX];
	int n_events;
	int at_event;

	LoopSource **heap;
	size_t n_heap;
	size_t heap_room;
	size_t n_timers;
	size_t n_sources; /* timers included */
	uint64_t next_order;
	Deadline timer_fd_deadline;
	struct LoopDueList due;
};

/* The heap */

static bool timer_is_before(const LoopSource *a, const LoopSource *b)
{
	return a->deadline != b->deadline ? a->deadline < b->deadline : a->order < b->order;
}

static void heap_put(Loop *loop, size_t i, LoopSource *source)
{
	loop->heap[i] = source;
	source->heap_index = i;
}

static void heap_sift_up(Loop *loop, size_t i)
{
	LoopSource *source = loop->heap[i];

	while (i > 0 && timer_is_before(source, loop->heap[(i - 1) / 2])) {
		heap_put(loop, i, loop->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_put(loop, i, source);
}

static void heap_sift_down(Loop *loop, size_t i)
{
	LoopSource *source = loop->heap[i];
	size_t child;

	while ((child = 2 * i + 1) < loop->n_heap) {
		if (child + 1 < loop->n_heap &&
			timer_is_before(loop->heap[child + 1], loop->heap[child]))
			child++;
		if (!timer_is_before(loop->heap[child], source))
			break;
		heap_put(loop, i, loop->heap[child]);
		i = child;
	}
	heap_put(loop, i, source);
}

static void heap_insert(Loop *loop, LoopSource *source)
{
	assert(loop->n_heap < loop->heap_room);
	source->state = TIMER_ARMED;
	heap_put(loop, loop->n_heap++, source);
	heap_sift_up(loop, source->heap_index);
}

static void heap_remove(Loop *loop, LoopSource *source)
{
	size_t i = source->heap_index;
	LoopSource *last = loop->heap[--loop->n_heap];

	source->state = TIMER_IDLE;
	if (last == source)
		return;
	heap_put(loop, i, last);
	heap_sift_up(loop, i);
	heap_sift_down(loop, last->heap_index);
}

static int heap_reserve(Loop *loop, size_t n)
{
	size_t room = MAX(n, 2 * loop->heap_room);
	LoopSource **heap;

	if (n <= loop->heap_room)
		return 0;
	heap = reallocarray(loop->heap, room, sizeof(*heap));
	if (!heap)
		return error_origin(-ENOMEM);
	loop->heap = heap;
	loop->heap_room = room;
	return 0;
}

/* Timers */

static int timer_fd_update(Loop *loop)
{
	Deadline deadline = loop->n_heap > 0 ? loop->heap[0]->deadline : DEADLINE_NONE;
	struct itimerspec spec = {0}; /* all 0: disarmed */

	if (loop->in_round || deadline == loop->timer_fd_deadline)
		return 0;
	if (deadline != DEADLINE_NONE)
		spec.it_value = deadline_to_timespec(MAX(deadline, (Deadline)1));
	if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		return error_origin(-errno);
	loop->timer_fd_deadline = deadline;
	return 0;
}

static int timer_fd_open(Loop *loop)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = &loop->timer_fd};
	_cleanup_close_ int fd = -EBADF;

	if (loop->timer_fd >= 0)
		return 0;
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return error_origin(-errno);
	fd = fd_above_stdio_consume(TAKE_FD(fd));
	if (fd < 0)
		return error_trace(fd);
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return error_origin(-errno);
	loop->timer_fd = TAKE_FD(fd);
	return 0;
}

static void timer_disarm(LoopSource *source)
{
	if (source->state == TIMER_ARMED)
		heap_remove(source->loop, source);
	else if (source->state == TIMER_DUE)
		TAILQ_REMOVE(&source->loop->due, source, due_entry);
	source->state = TIMER_IDLE;
}

int loop_source_set_deadline(LoopSource *source, Deadline deadline)
{
	Loop *loop = source->loop;

	assert(source->fd < 0);
	timer_disarm(source);
	source->deadline = deadline;
	if (deadline != DEADLINE_NONE) {
		source->order = loop->next_order++;
		heap_insert(loop, source);
	}
	return error_trace(timer_fd_update(loop));
}

static int dispatch_timers(Loop *loop)
{
	uint64_t now = clock_now_ns(), count;
	LoopSource *source;
	int r = 0;

	/* Only to make it unreadable; 0 bytes of news is as good. */
	if (read(loop->timer_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return error_origin(-errno);
	loop->timer_fd_deadline = DEADLINE_NONE;

	while (loop->n_heap > 0 && loop->heap[0]->deadline <= now) {
		source = loop->heap[0];
		heap_remove(loop, source);
		source->state = TIMER_DUE;
		TAILQ_INSERT_TAIL(&loop->due, source, due_entry);
	}
	while (r == 0 && (source = TAILQ_FIRST(&loop->due))) {
		TAILQ_REMOVE(&loop->due, source, due_entry);
		source->state = TIMER_IDLE;
		r = source->fn(source->userdata, 0);
	}
	/* After an error: what was not called keeps its deadline and its place. */
	while ((source = TAILQ_FIRST(&loop->due))) {
		TAILQ_REMOVE(&loop->due, source, due_entry);
		heap_insert(loop, source);
	}
	return r;
}

/* Sources */

static int source_new(Loop *loop, LoopFn fn, void *userdata, LoopSource **ret)
{
	LoopSource *source = calloc(1, sizeof(*source));

	if (!source)
		return error_origin(-ENOMEM);
	source->loop = loop;
	source->fn = fn;
	source->userdata = userdata;
	source->fd = -EBADF;
	source->deadline = DEADLINE_NONE;
	*ret = source;
	return 0;
}

int loop_add_fd(Loop *loop, int fd, uint32_t events, LoopFn fn, void *userdata, LoopSource **ret)
{
	_cleanup_free_ LoopSource *source = NULL;
	struct epoll_event event = {.events = events};
	int r;

	r = source_new(loop, fn, userdata, &source);
	if (r < 0)
		return error_trace(r);
	event.data.ptr = source;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return error_origin(-errno);
	source->fd = fd;
	loop->n_sources++;
	*ret = TAKE_PTR(source);
	return 0;
}

int loop_add_timer(Loop *loop, Deadline deadline, LoopFn fn, void *userdata, LoopSource **ret)
{
	_cleanup_free_ LoopSource *source = NULL;
	int r;

	r = timer_fd_open(loop);
	if (r < 0)
		return error_trace(r);
	r = heap_reserve(loop, loop->n_timers + 1);
	if (r < 0)
		return error_trace(r);
	r = source_new(loop, fn, userdata, &source);
	if (r < 0)
		return error_trace(r);
	r = loop_source_set_deadline(source, deadline);
	if (r < 0) {
		timer_disarm(source);
		return error_trace(r);
	}
	loop->n_timers++;
	loop->n_sources++;
	*ret = TAKE_PTR(source);
	return 0;
}

int loop_source_modify(LoopSource *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	assert(source->fd >= 0);
	if (epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) < 0)
		return error_origin(-errno);
	return 0;
}

LoopSource *loop_source_remove(LoopSource *source)
{
	Loop *loop;
	int r;

	if (!source)
		return NULL;
	loop = source->loop;
	if (source->fd >= 0) {
		r = epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
		/* If the descriptor was closed before, a duplicate somewhere may keep the
		 * registration alive, and the kernel would go on to report a freed source. */
		assert(r == 0);
		(void)r;
		for (int i = loop->at_event; i < loop->n_events; i++)
			if (loop->events[i].data.ptr == source)
				loop->events[i].data.ptr = NULL;
	} else {
		timer_disarm(source);
		loop->n_timers--;
		/* A failure leaves the timerfd armed for nothing: one empty round. */
		(void)timer_fd_update(loop);
	}
	loop->n_sources--;
	free(source);
	return NULL;
}

void loop_source_removep(LoopSource **sourcep)
{
	*sourcep = loop_source_remove(*sourcep);
}

/* The loop */

Loop *loop_free(Loop *loop)
{
	if (!loop)
		return NULL;
	assert(!loop->in_round);
	assert(loop->n_sources == 0);
	fd_close(loop->timer_fd);
	fd_close(loop->wake_fd);
	fd_close(loop->epoll_fd);
	free(loop->heap);
	free(loop);
	return NULL;
}

void loop_freep(Loop **loopp)
{
	*loopp = loop_free(*loopp);
}

int loop_new(Loop **ret)
{
	_cleanup_loop_ Loop *loop = NULL;
	struct epoll_event event = {.events = EPOLLIN};

	loop = calloc(1, sizeof(*loop));
	if (!loop)
		return error_origin(-ENOMEM);
	loop->epoll_fd = loop->wake_fd = loop->timer_fd = -EBADF;
	loop->timer_fd_deadline = DEADLINE_NONE;
	TAILQ_INIT(&loop->due);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return error_origin(-errno);
	loop->epoll_fd = fd_above_stdio_consume(loop->epoll_fd);
	if (loop->epoll_fd < 0)
		return error_trace(loop->epoll_fd);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wake_fd < 0)
		return error_origin(-errno);
	loop->wake_fd = fd_above_stdio_consume(loop->wake_fd);
	if (loop->wake_fd < 0)
		return error_trace(loop->wake_fd);
	event.data.ptr = &loop->wake_fd;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) < 0)
		return error_origin(-errno);
	*ret = TAKE_PTR(loop);
	return 0;
}

void loop_set_wake_fn(Loop *loop, LoopFn fn, void *userdata)
{
	loop->wake_fn = fn;
	loop->wake_userdata = userdata;
}

void loop_wake(Loop *loop)
{
	uint64_t one = 1;
	int saved = errno;

	/* EAGAIN means that the counter is full: it is awake as can be. */
	if (write(loop->wake_fd, &one, sizeof(one)) < 0)
		errno = saved;
}

void loop_quit(Loop *loop)
{
	atomic_store(&loop->quit, true);
	loop_wake(loop);
}

static int dispatch_wake(Loop *loop)
{
	uint64_t count;

	if (read(loop->wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return error_origin(-errno);
	return loop->wake_fn ? loop->wake_fn(loop->wake_userdata, 0) : 0;
}

static int dispatch_event(Loop *loop, void *what, uint32_t events)
{
	LoopSource *source = what;

	if (!what)
		return 0;
	if (what == &loop->wake_fd)
		return dispatch_wake(loop);
	if (what == &loop->timer_fd)
		return dispatch_timers(loop);
	return source->fn(source->userdata, events);
}

int loop_run_once(Loop *loop, int timeout_ms)
{
	int r = 0, update;

	if (loop->in_round)
		return error_origin(-EBUSY);
	loop->n_events = epoll_wait(loop->epoll_fd, loop->events, BATCH_MAX, timeout_ms);
	if (loop->n_events < 0) {
		loop->n_events = 0;
		return errno == EINTR ? 0 : error_origin(-errno);
	}
	loop->in_round = true;
	/* What an error leaves uncalled is reported again, being level-triggered. */
	for (loop->at_event = 0; r == 0 && loop->at_event < loop->n_events;) {
		struct epoll_event *event = &loop->events[loop->at_event++];

		r = dispatch_event(loop, event->data.ptr, event->events);
	}
	loop->in_round = false;
	loop->n_events = loop->at_event = 0;
	update = timer_fd_update(loop);
	return r != 0 ? error_trace(r) : error_trace(update);
}

bool loop_take_quit(Loop *loop)
{
	return atomic_exchange(&loop->quit, false);
}

int loop_run(Loop *loop)
{
	while (!loop_take_quit(loop)) {
		int r = loop_run_once(loop, -1);

		if (r < 0)
			return error_trace(r);
	}
	return 0;
}

int loop_fd(const Loop *loop)
{
	return loop->epoll_fd;
}
