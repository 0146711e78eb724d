/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom to trust: files of anchors and of revoked certificates, and a chain to be built with them. An
 * input is a byte of flags, and then pieces: a byte that says what it is, two for its size, and DER, or
 * text that goes into the file as it is. The time is one at which the first certificates were valid.
 */
#include <fcntl.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codesign/trust.h"
#include "tests/fuzz/must.h"

#define NOW INT64_C(1800000000)
#define PIECES_MAX 64

enum {
	ANCHOR,
	REVOKED,
	OTHER,
	LEAF,
	ANCHOR_TEXT,
	REVOKED_TEXT,
	_PIECE_N,
};

typedef struct Input {
	BIO *anchors;
	BIO *revoked;
	STACK_OF(X509) * others;
	X509 *leaf;
} Input;

static char root[] = "/tmp/fuzz-trust-XXXXXX";

static void clean(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/vendor/x.pem", root);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/vendor/x.crl", root);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/vendor", root);
	(void)rmdir(path);
	(void)rmdir(root);
}

static void make_root(void)
{
	char path[64];

	MUST(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/vendor", root);
	MUST(mkdir(path, 0755) == 0);
	atexit(clean);
}

static void put_certificate(Input *self, const uint8_t *p, size_t n, bool is_leaf)
{
	X509 *x = d2i_X509(NULL, &p, (long)n);

	if (is_leaf && !self->leaf)
		self->leaf = x;
	else if (x)
		MUST(sk_X509_push(self->others, x) > 0);
}

static void put_piece(Input *self, unsigned kind, const uint8_t *p, size_t n)
{
	switch (kind) {
	case ANCHOR:
		MUST(PEM_write_bio(self->anchors, "CERTIFICATE", "", p, (long)n) > 0 || n == 0);
		break;
	case REVOKED:
		MUST(PEM_write_bio(self->revoked, "X509 CRL", "", p, (long)n) > 0 || n == 0);
		break;
	case ANCHOR_TEXT:
		(void)BIO_write(self->anchors, p, (int)n);
		break;
	case REVOKED_TEXT:
		(void)BIO_write(self->revoked, p, (int)n);
		break;
	default:
		put_certificate(self, p, n, kind == LEAF);
	}
}

static void write_file(BIO *bio, const char *name)
{
	char path[64], *data;
	long size = BIO_get_mem_data(bio, &data);
	int fd;

	snprintf(path, sizeof(path), "%s/vendor/%s", root, name);
	(void)unlink(path);
	if (size <= 0)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	MUST(fd >= 0 && write(fd, data, (size_t)size) == size && close(fd) == 0);
}

static void check(const Input *input, unsigned flags)
{
	const char *roots[] = {root};
	STACK_OF(X509) *chain = NULL;
	CodeProblem problem = {0};
	Trust *trust = NULL;
	int r;

	write_file(input->anchors, "x.pem");
	write_file(input->revoked, "x.crl");
	r = trust_new(roots, 1, &trust, &problem);
	MUST(r >= 0 && problem.code == r && (r == 0) == (trust != NULL));
	if (r != 0 || !input->leaf) {
		trust_free(trust);
		return;
	}
	problem = (CodeProblem){0};
	r = trust_check_at(trust, input->leaf, input->others, flags, NOW, &chain, &problem);
	MUST(r >= 0 && problem.code == r && (r == 0) == (chain != NULL));
	if (r == 0) {
		int n = sk_X509_num(chain);

		MUST(n >= 1 && n <= TRUST_CHAIN_MAX);
		MUST(X509_cmp(sk_X509_value(chain, 0), input->leaf) == 0);
		MUST(trust_is_anchor(trust, "vendor", sk_X509_value(chain, n - 1)));
	}
	sk_X509_pop_free(chain, X509_free);
	trust_free(trust);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input input = {.anchors = BIO_new(BIO_s_mem()),
		.revoked = BIO_new(BIO_s_mem()),
		.others = sk_X509_new_null()};
	unsigned flags = size > 0 ? data[0] & 3u : 0;
	size_t at = 1;

	MUST(input.anchors && input.revoked && input.others);
	if (strchr(root, 'X'))
		make_root();
	for (int i = 0; i < PIECES_MAX && at + 3 <= size; i++) {
		size_t n = (size_t)data[at + 1] << 8 | data[at + 2];

		if (n > size - at - 3)
			n = size - at - 3;
		put_piece(&input, data[at] % _PIECE_N, data + at + 3, n);
		at += 3 + n;
	}
	check(&input, flags);
	BIO_free(input.anchors);
	BIO_free(input.revoked);
	sk_X509_pop_free(input.others, X509_free);
	X509_free(input.leaf);
	return 0;
}
