/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqfile.h"

#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codesign/test-req.h"
#include "codesign/test-reqcert.h"

static char folder[64];

static void make_folder(void)
{
	stpcpy(folder, "/tmp/portcullis-test-XXXXXX");
	ASSERT_NOT_NULL(mkdtemp(folder));
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const void *data, size_t size)
{
	FILE *f = fopen(path_of(name), "we");
	int r;

	ASSERT_NOT_NULL(f);
	ASSERT_EQ(fwrite(data, 1, size, f), size);
	r = fclose(f);
	ASSERT_EQ(r, 0);
}

static int hash_file(const char *name, uint8_t ret[static 32])
{
	const char *why = NULL;
	int r = req_file_hash_certificate(path_of(name), ret, &why);

	if (r > 0)
		ASSERT_NOT_NULL(why);
	return r;
}

static void remove_folder(const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		unlink(path_of(names[i]));
	ASSERT_SYS(rmdir(folder));
}

TEST(forms_of_certificates)
{
	static const char *const names[] = {"der", "pem", "more"};
	_cleanup_x509_ X509 *x = test_finish_x509(test_new_x509(1));
	unsigned char expected[EVP_MAX_MD_SIZE], *der = NULL;
	uint8_t hash[32];
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	unsigned n;
	int size = i2d_X509(x, &der);

	make_folder();
	ASSERT_EQ(X509_digest(x, EVP_sha256(), expected, &n), 1);
	write_file("der", der, (size_t)size);
	ASSERT_OK(hash_file("der", hash));
	ASSERT_MEMEQ(hash, expected, 32);
	/* In PEM there may be text around it. */
	BIO_puts(bio, "the root of all\n");
	PEM_write_bio_X509(bio, x);
	size = (int)BIO_get_mem_data(bio, &pem);
	write_file("pem", pem, (size_t)size);
	memset(hash, 0, sizeof(hash));
	ASSERT_OK(hash_file("pem", hash));
	ASSERT_MEMEQ(hash, expected, 32);
	BIO_free(bio);
	/* Something behind the DER. */
	der = OPENSSL_realloc(der, 4096);
	size = i2d_X509(x, NULL);
	der[size] = 0;
	write_file("more", der, (size_t)size + 1);
	ASSERT_EQ(hash_file("more", hash), REQ_E_INVALID);
	OPENSSL_free(der);
	remove_folder(names, ARRAY_SIZE(names));
}

TEST(what_is_no_certificate)
{
	static const char *const names[] = {"text", "empty", "fifo", "large", "link"};
	uint8_t hash[32];

	make_folder();
	write_file("text", "hello\n", 6);
	write_file("empty", "", 0);
	write_file("large", "", 0);
	ASSERT_SYS(truncate(path_of("large"), 1 << 30));
	ASSERT_SYS(mkfifo(path_of("fifo"), 0600));
	ASSERT_SYS(symlink("/dev/zero", path_of("link")));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ASSERT_EQ(hash_file(names[i], hash), REQ_E_INVALID);
	ASSERT_EQ(hash_file("nothing", hash), REQ_E_INVALID);
	ASSERT_EQ(hash_file("", hash), REQ_E_INVALID);
	remove_folder(names, ARRAY_SIZE(names));
}

TEST(in_a_text)
{
	static const char *const names[] = {"root"};
	ReqParseOptions options = {REQ_PARSE_ANY, req_file_hash_certificate};
	_cleanup_x509_ X509 *x = test_finish_x509(test_new_x509(1));
	_cleanup_req_diag_ ReqDiag diag;
	_cleanup_req_parsed_ ReqParsed parsed = REQ_PARSED_INIT;
	unsigned char hash[EVP_MAX_MD_SIZE], *der = NULL;
	char text[256], hex[512], expected[512], *end;
	int size = i2d_X509(x, &der);
	unsigned n;

	make_folder();
	write_file("root", der, (size_t)size);
	OPENSSL_free(der);
	snprintf(text, sizeof(text), "anchor = \"%s\"", path_of("root"));
	req_diag_init(&diag);
	ASSERT_OK(req_parse(text, strlen(text), &options, &diag, &parsed));
	format_terms(parsed.requirement, hex, sizeof(hex));
	ASSERT_EQ(X509_digest(x, EVP_sha256(), hash, &n), 1);
	end = expected + sprintf(expected, "00000004 ffffffff 00000020");
	for (unsigned i = 0; i < n; i++)
		end += sprintf(end, "%s%02x", i % 4 == 0 ? " " : "", hash[i]);
	ASSERT_STREQ(hex, expected);
	remove_folder(names, ARRAY_SIZE(names));
}
