/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of pages: the same on one thread and on two, and of the right bytes. */

#include <pthread.h>
#include <stdatomic.h>

#include "codesign/codedir.h"
#include "codesign/pagehash.h"
#include "codesign/test-support.h"

#define BIG (5 * 256 * 1024 + 777)

static CodeProblem problem;
static uint8_t content[BIG];

static void fill(void)
{
	uint32_t v = 1;

	for (size_t i = 0; i < sizeof(content); i++) {
		v = v * 1664525 + 1013904223;
		content[i] = (uint8_t)(v >> 24);
	}
}

static int open_content(CodeFile *file, size_t size)
{
	int fd = memory_file(content, size);

	ASSERT_OK(codefile_open_fd(fd, file, &problem));
	return fd;
}

TEST(pages_of_every_size_on_one_thread_and_two)
{
	static const size_t sizes[] = {0, 1, 511, 512, 513, 4096, 262144, 262145, BIG - 777, BIG};
	static const uint8_t shifts[] = {0, 9, 12, 14, 18, 19, 20, 30};
	static uint8_t hashes[BIG / 512 * 48 + 48], expected[CODE_HASH_SIZE_MAX];

	fill();
	for (size_t i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(shifts) * 12; i++) {
		_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
		PageHashJob job = {
			.file = &file,
			.limit = sizes[i / 12 % ARRAY_SIZE(sizes)],
			.page_shift = shifts[i / 12 / ARRAY_SIZE(sizes)],
			.type = i % 2 ? CODE_HASH_SHA384 : CODE_HASH_SHA256,
			.n_threads = 1 + (i / 2) % 2,
			.at_once = i / 4 % 3, /* any, one, two */
		};
		size_t page = job.page_shift ? (size_t)1 << job.page_shift : BIG;
		size_t hash_size = code_hash_get_size(job.type), n = 0;
		uint32_t bad;
		int fd = open_content(&file, job.limit);

		ASSERT_OK(pagehash_make(&job, hashes, &problem));
		for (size_t at = 0; at < job.limit; at += page, n++) {
			ASSERT_OK(digest_bytes(job.type, content + at,
				MIN(page, (size_t)job.limit - at), expected));
			ASSERT_MEMEQ(hashes + n * hash_size, expected, hash_size);
		}
		ASSERT_EQ(n, codedir_count_pages(job.limit, job.page_shift));
		ASSERT_OK(pagehash_compare(&job, hashes, &bad, &problem));
		close(fd);
	}
}

TEST(the_first_page_that_differs_is_named)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	PageHashJob job = {.file = &file, .limit = BIG, .page_shift = 12, .type = CODE_HASH_SHA256};
	uint32_t n = codedir_count_pages(BIG, 12), bad;
	uint8_t *hashes = malloc(n * 32);
	int fd;

	fill();
	fd = open_content(&file, BIG);
	ASSERT_OK(pagehash_make(&job, hashes, &problem));
	for (uint32_t page = 0; page < n; page += 7) {
		for (job.n_threads = 1; job.n_threads <= 2; job.n_threads++) {
			hashes[page * 32] ^= 1;
			hashes[(n - 1) * 32 + 31] ^= 1; /* and a later one */
			ASSERT_EQ(pagehash_compare(&job, hashes, &bad, &problem), CODE_E_MODIFIED);
			ASSERT_EQ(bad, page);
			ASSERT_TRUE(problem.has_range);
			ASSERT_EQ(problem.start, (uint64_t)page << 12);
			ASSERT_EQ(problem.end, MIN((uint64_t)(page + 1) << 12, (uint64_t)BIG));
			hashes[page * 32] ^= 1;
			hashes[(n - 1) * 32 + 31] ^= 1;
		}
	}
	free(hashes);
	close(fd);
}

TEST(a_file_that_is_shorter_is_an_answer_and_no_signal)
{
	static uint8_t hashes[BIG / 512 * 32 + 32];
	static const uint8_t shifts[] = {0, 12, 20};

	fill();
	for (size_t i = 0; i < ARRAY_SIZE(shifts) * 2; i++) {
		_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
		PageHashJob job = {
			.file = &file,
			.limit = BIG,
			.type = CODE_HASH_SHA256,
			.page_shift = shifts[i / 2],
			.n_threads = 1 + i % 2,
		};
		int fd = open_content(&file, BIG);

		ASSERT_SYS(ftruncate(fd, BIG / 2));
		ASSERT_EQ(pagehash_make(&job, hashes, &problem), CODE_E_CHANGED);
		ASSERT_STRSTR(problem.text, "cut");
		close(fd);
	}
}

typedef struct Seen {
	pthread_t thread;
	uint64_t last;
	unsigned n;
	unsigned stop_at;
} Seen;

static bool note_progress(void *userdata, uint64_t done, uint64_t total)
{
	Seen *seen = userdata;

	ASSERT_TRUE(pthread_equal(seen->thread, pthread_self()));
	ASSERT_EQ(total, BIG);
	ASSERT_LE(done, total);
	ASSERT_GT(done, 0);
	seen->last = done;
	return ++seen->n != seen->stop_at;
}

TEST(progress_is_shown_on_the_callers_thread_and_can_stop_it)
{
	static uint8_t hashes[BIG / 512 * 32 + 32];
	static const uint8_t shifts[] = {0, 12, 20};

	fill();
	for (size_t i = 0; i < ARRAY_SIZE(shifts) * 2; i++) {
		_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
		Seen seen = {.thread = pthread_self()};
		PageHashJob job = {
			.file = &file,
			.limit = BIG,
			.type = CODE_HASH_SHA256,
			.page_shift = shifts[i / 2],
			.n_threads = 1 + i % 2,
			.progress = note_progress,
			.userdata = &seen,
		};
		int fd = open_content(&file, BIG);

		ASSERT_OK(pagehash_make(&job, hashes, &problem));
		ASSERT_EQ(seen.last, BIG);
		seen = (Seen){.thread = pthread_self(), .stop_at = 1};
		ASSERT_EQ(pagehash_make(&job, hashes, &problem), CODE_E_REFUSED);
		ASSERT_EQ(seen.n, 1);
		close(fd);
	}
}
