/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over a corpus without libFuzzer: replay DIRECTORY..., every file once, in
 * the order of their names. So what fuzzing found stays found, with any compiler and under any
 * sanitizer. The name of the file at hand is printed first: a crash says which one it was.
 *
 * An empty corpus is a failure; a test that tests nothing should not pass.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((__weak__));

/* The content of a file, with its exact size, so that a sanitizer sees a read beyond it. */
static uint8_t *read_whole(int fd, size_t size)
{
	uint8_t *data = malloc(size > 0 ? size : 1);
	size_t done = 0;

	while (data && done < size) {
		ssize_t n = read(fd, data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			free(data);
			return NULL;
		}
		done += (size_t)n;
	}
	return data;
}

static int replay_file(int dir_fd, const char *name)
{
	struct stat st;
	uint8_t *data = NULL;
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &st) == 0)
		data = read_whole(fd, (size_t)st.st_size);
	if (fd >= 0)
		close(fd);
	if (!data) {
		perror(name);
		return -1;
	}
	(void)LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	free(data);
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Returns how many files there were, or -1. */
static int replay_directory(const char *path)
{
	struct dirent **entries;
	int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = scandir(path, &entries, is_visible, alphasort);
	int result = n;

	if (dir_fd < 0 || n < 0) {
		perror(path);
		exit(1);
	}
	for (int i = 0; i < n; i++) {
		printf("%s/%s\n", path, entries[i]->d_name);
		fflush(stdout);
		if (replay_file(dir_fd, entries[i]->d_name) < 0)
			result = -1;
		free(entries[i]);
	}
	free(entries);
	close(dir_fd);
	return result;
}

int main(int argc, char **argv)
{
	int total = 0;

	if (LLVMFuzzerInitialize)
		(void)LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		int n = replay_directory(argv[i]);

		if (n < 0)
			return 1;
		total += n;
	}
	printf("%d inputs replayed\n", total);
	return total == 0;
}
