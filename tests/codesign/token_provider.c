/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identities in tokens by a provider of libcrypto, which comes before the engine: one that this test
 * brings (mocktoken.c). And what is said where there is neither.
 */
#include "codesign/identity.h"
#include "codesign/test-pki.h"

#define PIN "73519"

static CodeProblem problem;

static int load(const char *uri, const char *pin, Identity **ret)
{
	int r;

	problem = (CodeProblem){0};
	*ret = NULL;
	r = identity_load_uri(uri, pin, ret, &problem);
	ASSERT_EQ(problem.code, r);
	ASSERT_NULL(strstr(problem.text, PIN));
	ASSERT_EQ(ERR_peek_error(), 0UL);
	return r;
}

/* Once a provider is loaded it stays: before that, in a process of its own. */
static void load_nothing(void)
{
	Identity *identity;

	ASSERT_SYS(setenv("OPENSSL_MODULES", in_dir("nothing"), 1));
	ASSERT_SYS(setenv("OPENSSL_ENGINES", in_dir("nothing"), 1));
	ASSERT_EQ(load("pkcs11:object=mock", PIN, &identity), CODE_E_UNSUPPORTED);
	ASSERT_STRSTR(problem.text, "pkcs11-provider");
	ASSERT_STRSTR(problem.text, "libengine-pkcs11-openssl");
	/* A URI that is none is told as that before anything is looked for. */
	ASSERT_EQ(load("pkcs11:object=a;x=y", NULL, &identity), CODE_E_PARAMETER);
}

TEST(by_the_provider)
{
	_cleanup_pki_ PkiCert leaf = pki_root("leaf");
	const char *modules = getenv("MOCK_MODULES");
	Identity *identity;
	int status;
	BIO *bio;
	pid_t pid = ASSERT_SYS(fork());

	if (pid == 0) {
		load_nothing();
		exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	ASSERT_NOT_NULL(modules);
	ASSERT_SYS(setenv("OPENSSL_MODULES", modules, 1));
	ASSERT_SYS(setenv("MOCK_TOKEN", in_dir("."), 1));
	bio = BIO_new(BIO_s_mem());
	ASSERT_EQ(i2d_PKCS8PrivateKey_bio(bio, leaf.key, NULL, NULL, 0, NULL, NULL), 1);
	pki_write(bio, in_dir("private.der"), 0600);
	bio = BIO_new(BIO_s_mem());
	ASSERT_EQ(i2d_X509_bio(bio, leaf.x), 1);
	pki_write(bio, in_dir("cert.der"), 0600);
	ASSERT_OK(load("pkcs11:object=mock", PIN, &identity));
	ASSERT_EQ(X509_cmp(identity_get_certificate(identity), leaf.x), 0);
	ASSERT_EQ(EVP_PKEY_eq(identity_get_key(identity), leaf.key), 1);
	identity_free(identity);
	ASSERT_EQ(load("pkcs11:object=mock", "12345", &identity), CODE_E_IDENTITY);
	ASSERT_EQ(load("pkcs11:object=mock", NULL, &identity), CODE_E_IDENTITY);
	ASSERT_EQ(load("pkcs11:object=other", PIN, &identity), CODE_E_IDENTITY);
	ASSERT_STRSTR(problem.text, "gives that key");
	/* A certificate of another key is none. */
	write_file(in_dir("cert.der"), "", 0);
	ASSERT_EQ(load("pkcs11:object=mock", PIN, &identity), CODE_E_IDENTITY);
	ASSERT_STRSTR(problem.text, "certificate");
}
