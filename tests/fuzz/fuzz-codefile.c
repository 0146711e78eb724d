/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that may be ELF files, that may be signed. Whatever the bytes are, there is an answer with a
 * reason; a file that can carry a signature is given one, and then has it, is valid, and is told to be
 * changed when its last byte before the signature is another.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codesign/container.h"
#include "codesign/signer.h"
#include "codesign/staticcode.h"
#include "tests/fuzz/must.h"

#define SIZE_MAX_TRIED (64U << 10)

static void must_write(int fd, uint64_t at, const void *data, size_t size)
{
	MUST(pwrite(fd, data, size, (off_t)at) == (ssize_t)size);
}

static int check(int fd)
{
	StaticCode *code = NULL;
	CodeProblem problem = {0};
	int r;

	MUST(staticcode_new_fd(fd, &code, NULL) == 0);
	staticcode_set_database(code, NULL);
	r = staticcode_check_contents(code, true, NULL, NULL, &problem);
	MUST(r >= 0 && problem.code == r);
	MUST(!problem.has_range || problem.start < problem.end);
	staticcode_free(code);
	return r;
}

/* The original of what is signed can always be told, or that it cannot. */
static void check_original(int fd)
{
	CodeFile file;
	Container container;
	ContainerOriginal original;

	MUST(codefile_open_fd(fd, &file, NULL) == 0);
	if (container_find(&file, &container, NULL) == 0 &&
		container_get_original(&file, &container, &original, NULL) == 0) {
		MUST(original.size < container.code_limit);
		MUST(original.header_size <= original.size);
	}
	codefile_deinit(&file);
}

/* An ad-hoc signature with nothing in it but the code limit. */
static uint8_t *sign(int fd, uint64_t limit, size_t *ret_size)
{
	static const SignerSpec spec = {.identifier = "fuzz", .page_shift = 12};
	uint8_t *data;
	CodeFile file;

	MUST(codefile_open_fd(fd, &file, NULL) == 0);
	MUST(file.size == limit);
	MUST(signer_detach(&spec, &file, &data, ret_size, NULL) == 0);
	codefile_deinit(&file);
	return data;
}

static void graft_and_check(int fd, const ContainerGraft *graft, uint64_t size)
{
	Container container = {.code_limit = graft->code_limit};
	uint8_t trailer[CONTAINER_TRAILER_SIZE], *signature, byte;
	size_t signature_size;

	MUST(graft->code_limit == size + graft->tail_size);
	must_write(fd, 0, graft->header, graft->header_size);
	must_write(fd, size, graft->tail, graft->tail_size);
	signature = sign(fd, graft->code_limit, &signature_size);
	container.blob_size = (uint32_t)signature_size;
	container_encode_trailer(&container, trailer);
	must_write(fd, graft->code_limit, signature, signature_size);
	must_write(fd, graft->code_limit + signature_size, trailer, sizeof(trailer));
	free(signature);
	MUST(check(fd) == 0);
	MUST(pread(fd, &byte, 1, (off_t)size - 1) == 1);
	byte ^= 1;
	must_write(fd, size - 1, &byte, 1);
	MUST(check(fd) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ContainerGraft graft;
	CodeFile file;
	int fd, r;

	if (size > SIZE_MAX_TRIED)
		return 0;
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	MUST(fd >= 0);
	must_write(fd, 0, data, size);
	(void)check(fd);
	check_original(fd);
	MUST(codefile_open_fd(fd, &file, NULL) == 0);
	r = container_graft_init(&graft, &file, NULL);
	MUST(r >= 0);
	codefile_deinit(&file);
	if (r == 0) {
		graft_and_check(fd, &graft, size);
		container_graft_deinit(&graft);
	}
	close(fd);
	return 0;
}
