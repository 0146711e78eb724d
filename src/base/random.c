/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers.
 *
 * A system call for each 64 bits would cost more than the message that they protect, so every thread
 * keeps a buffer. What must never happen is that a child goes on with the bytes that its parent also
 * has. pthread_atfork() does not see raw clones; so one page is marked MADV_WIPEONFORK and holds an
 * epoch: the kernel zeroes it in every process that gets a copy of the memory, however it was made. A
 * buffer that was filled in another epoch than the current one is stale. The counter from which
 * epochs are drawn is copied along, hence the child's epoch is always a new one.
 *
 * Without that page there is no buffer, only the system call.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/kernel.h"
#include "base/random.h"

#define BUFFER_WORDS 64

typedef struct RandomBuffer {
	uint64_t epoch; /* 0: never filled */
	size_t n; /* words left, at the front */
	uint64_t words[BUFFER_WORDS];
} RandomBuffer;

static _Thread_local RandomBuffer buffer;
static _Atomic uint64_t *epoch_page; /* NULL if there is none */
static _Atomic uint64_t epoch_counter;

static void epoch_init(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return;
	if (madvise(p, size, MADV_WIPEONFORK) < 0)
		munmap(p, size);
	else
		epoch_page = p;
}

/* Never 0, unless there is no page. */
static uint64_t epoch_get(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint64_t epoch;

	pthread_once(&once, epoch_init);
	if (unlikely(!epoch_page))
		return 0;
	epoch = atomic_load_explicit(epoch_page, memory_order_relaxed);
	if (unlikely(epoch == 0)) {
		uint64_t fresh = atomic_fetch_add(&epoch_counter, 1) + 1;

		/* Of several threads, the first one's epoch counts. */
		if (atomic_compare_exchange_strong(epoch_page, &epoch, fresh))
			epoch = fresh;
	}
	return epoch;
}

int random_bytes(void *p, size_t size)
{
	uint8_t *at = p;

	while (size > 0) {
		ssize_t n = getrandom(at, size, 0);

		if (n > 0) {
			at += n;
			size -= (size_t)n;
		} else if (n < 0 && errno != EINTR) {
			abort();
		}
	}
	return 0;
}

uint64_t random_u64(void)
{
	uint64_t epoch = epoch_get();
	uint64_t value;

	if (unlikely(epoch == 0)) {
		(void)random_bytes(&value, sizeof(value));
		return value;
	}
	if (unlikely(buffer.n == 0 || buffer.epoch != epoch)) {
		(void)random_bytes(buffer.words, sizeof(buffer.words));
		buffer.n = BUFFER_WORDS;
		buffer.epoch = epoch;
	}
	value = buffer.words[--buffer.n];
	buffer.words[buffer.n] = 0;
	return value;
}
