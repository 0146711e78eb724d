/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bench-codesign runs:
 *
 *	codesign-run make FILE SIZE	an ELF file of about that size, signed ad hoc
 *	codesign-run verify FILE	verify it, as a command does; print the most memory that took, in KiB
 *	codesign-run measure FILE N	verify it and hash it in turn N times each; print the best, in us:
 *					verified on two threads, on one, hashed by read(2) and SHA-256 on one
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "codesign/signer.h"
#include "codesign/staticcode.h"

#define RUNS_MAX 101
#define PIECE (256U * 1024)

static void fail(const char *what, int code)
{
	fprintf(stderr, "codesign-run: %s: %d\n", what, code);
	exit(2);
}

/* A header, one segment that is all of the file, and noise. */
static void write_elf(const char *path, size_t size)
{
	static uint8_t buffer[PIECE];
	uint64_t state = 88172645463325252ULL, n = size;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	uint8_t head[64 + 56] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

	if (fd < 0)
		fail(path, errno);
	head[16] = 2;
	head[18] = 62;
	head[20] = 1;
	head[32] = head[52] = 64;
	head[54] = 56;
	head[56] = 1;
	head[64] = 1;
	head[68] = 5;
	memcpy(head + 64 + 32, &n, sizeof(n));
	memcpy(head + 64 + 40, &n, sizeof(n));
	for (size_t done = 0; done < size;) {
		size_t piece = MIN(size - done, (size_t)PIECE);

		for (size_t i = 0; i < PIECE; i += sizeof(state)) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			memcpy(buffer + i, &state, sizeof(state));
		}
		if (done == 0)
			memcpy(buffer, head, sizeof(head));
		if (write(fd, buffer, piece) != (ssize_t)piece)
			fail(path, errno);
		done += piece;
	}
	close(fd);
}

static void make(const char *path, size_t size)
{
	static const SignerSpec spec = {
		.identifier = "org.example.large", .page_shift = CODE_PAGE_SHIFT_DEFAULT};
	CodeProblem problem = {0};
	int r;

	write_elf(path, size);
	r = signer_embed(&spec, path, &problem);
	if (r != 0)
		fail(problem.text, r);
}

static void verify(const char *path)
{
	StaticCode *code = NULL;
	CodeProblem problem = {0};
	int r = staticcode_new(path, &code, &problem);

	if (r == 0)
		r = staticcode_check_contents(code, false, NULL, NULL, &problem);
	if (r != 0)
		fail(problem.text, r);
	staticcode_free(code);
}

/* The same content on one thread. */
static void verify_on_one(const char *path)
{
	StaticCode *code = NULL;
	const CodeDirectory *d;
	PageHashJob job = {.n_threads = 1};
	uint32_t page;
	int r = staticcode_new(path, &code, NULL);

	if (r == 0)
		r = staticcode_load(code, NULL);
	if (r != 0)
		fail(path, r);
	d = signature_get_best(staticcode_find_signature(code));
	job.file = staticcode_get_file(code);
	job.limit = d->code_limit;
	job.type = d->hash_type;
	job.page_shift = d->page_shift;
	r = pagehash_compare(&job, d->hashes, &page, NULL);
	if (r != 0)
		fail(path, r);
	staticcode_free(code);
}

static void hash_raw(const char *path)
{
	static uint8_t buffer[PIECE];
	uint8_t hash[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || !context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		fail(path, errno);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		EVP_DigestUpdate(context, buffer, (size_t)n);
	EVP_DigestFinal_ex(context, hash, NULL);
	EVP_MD_CTX_free(context);
	close(fd);
}

/* The peak of this program alone: what getrusage(2) says is at least what its parent had. */
static void print_peak(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long peak = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &peak) == 1)
			break;
	if (f)
		fclose(f);
	printf("%ld\n", peak);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* In turn, so that what else the machine does meets all of them. */
static void measure(const char *path, unsigned n)
{
	static uint64_t times[3][RUNS_MAX];
	static void (*const runs[3])(const char *) = {verify, verify_on_one, hash_raw};

	n = MAX(1u, MIN(n, (unsigned)RUNS_MAX));
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < 3; k++) {
			uint64_t begin = clock_now_ns();

			runs[k](path);
			times[k][i] = clock_now_ns() - begin;
		}
	}
	for (unsigned k = 0; k < 3; k++) {
		qsort(times[k], n, sizeof(times[k][0]), compare);
		printf("%lu%c", (unsigned long)(times[k][0] / 1000), k == 2 ? '\n' : ' ');
	}
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "make") == 0) {
		make(argv[2], strtoul(argv[3], NULL, 10));
	} else if (argc == 3 && strcmp(argv[1], "verify") == 0) {
		verify(argv[2]);
		print_peak();
	} else if (argc == 4 && strcmp(argv[1], "measure") == 0) {
		measure(argv[2], (unsigned)strtoul(argv[3], NULL, 10));
	} else {
		fprintf(stderr,
			"usage: codesign-run make FILE SIZE | verify FILE | measure FILE N\n");
		return 2;
	}
	return 0;
}
