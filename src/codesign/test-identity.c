/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: from PEM and PKCS#12, by name, and made. */

#include <openssl/pkcs12.h>

#include "codesign/identity.h"
#include "codesign/test-pki.h"
#include "codesign/trust.h"

static CodeProblem problem;

static int load(const char *path, const char *passphrase, X509 *expected, int n_others)
{
	_cleanup_identity_ Identity *identity = NULL;
	int r;

	problem = (CodeProblem){0};
	r = identity_load(path, passphrase, &identity, &problem);
	if (r != 0) {
		ASSERT_EQ(problem.code, r);
		ASSERT_NULL(identity);
		return r;
	}
	ASSERT_EQ(X509_cmp(identity_get_certificate(identity), expected), 0);
	ASSERT_EQ(sk_X509_num(identity_get_others(identity)), n_others);
	ASSERT_EQ(X509_check_private_key(expected, identity_get_key(identity)), 1);
	return 0;
}

TEST(pem_in_any_order)
{
	const char *path = in_dir("order.pem");
	_cleanup_pki_ PkiCert ca = pki_root("CA"), leaf = pki_signer("leaf", &ca);
	BIO *bio = BIO_new(BIO_s_mem());

	ASSERT_EQ(PEM_write_bio_X509(bio, ca.x), 1);
	ASSERT_EQ(PEM_write_bio_PrivateKey(bio, leaf.key, NULL, NULL, 0, NULL, NULL), 1);
	ASSERT_EQ(PEM_write_bio_X509(bio, leaf.x), 1);
	pki_write(bio, path, 0600);
	ASSERT_OK(load(path, NULL, leaf.x, 1));
}

TEST(pem_with_a_passphrase)
{
	const char *path = in_dir("passphrase.pem");
	_cleanup_pki_ PkiCert leaf = pki_root("leaf");
	BIO *bio = BIO_new(BIO_s_mem());

	ASSERT_EQ(PEM_write_bio_PrivateKey(bio, leaf.key, EVP_aes_256_cbc(),
			  (const unsigned char *)"secret", 6, NULL, NULL),
		1);
	ASSERT_EQ(PEM_write_bio_X509(bio, leaf.x), 1);
	pki_write(bio, path, 0600);
	ASSERT_OK(load(path, "secret", leaf.x, 0));
	ASSERT_EQ(load(path, "Secret", NULL, 0), CODE_E_IDENTITY);
	ASSERT_EQ(load(path, NULL, NULL, 0), CODE_E_IDENTITY); /* and nobody is asked */
}

TEST(pkcs12_with_a_passphrase)
{
	const char *path = in_dir("identity.p12");
	_cleanup_pki_ PkiCert ca = pki_root("CA"), leaf = pki_signer("leaf", &ca);
	STACK_OF(X509) *others = sk_X509_new_null();
	BIO *bio = BIO_new(BIO_s_mem());
	PKCS12 *pkcs12;

	sk_X509_push(others, ca.x);
	pkcs12 = PKCS12_create("secret", "leaf", leaf.key, leaf.x, others, 0, 0, 0, 0, 0);
	ASSERT_NOT_NULL(pkcs12);
	ASSERT_EQ(i2d_PKCS12_bio(bio, pkcs12), 1);
	pki_write(bio, path, 0600);
	PKCS12_free(pkcs12);
	sk_X509_free(others);
	ASSERT_OK(load(path, "secret", leaf.x, 1));
	ASSERT_EQ(load(path, "other", NULL, 0), CODE_E_IDENTITY);
	ASSERT_EQ(load(path, NULL, NULL, 0), CODE_E_IDENTITY);
	write_file(path, "0\x82\x10\x00garbage", 11);
	ASSERT_EQ(load(path, "secret", NULL, 0), CODE_E_IDENTITY);
}

TEST(keys_are_their_owners_alone)
{
	const char *path = in_dir("mode.pem");
	_cleanup_pki_ PkiCert leaf = pki_root("leaf");
	const PkiCert *const certs[] = {&leaf, NULL};
	static const mode_t bad[] = {0640, 0604, 0620, 0602, 0610};

	pki_write_identity(certs, path);
	ASSERT_OK(load(path, NULL, leaf.x, 0));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ASSERT_SYS(chmod(path, bad[i]));
		ASSERT_EQ(load(path, NULL, NULL, 0), CODE_E_ANCHORS);
		ASSERT_STRSTR(problem.text, "0600");
	}
	ASSERT_SYS(chmod(path, 0600));
	ASSERT_SYS(symlink(path, in_dir("link.pem")));
	ASSERT_EQ(load(in_dir("link.pem"), NULL, NULL, 0), CODE_E_NOT_REGULAR);
	ASSERT_EQ(load(in_dir("nothing.pem"), NULL, NULL, 0), CODE_E_NOT_FOUND);
	if (geteuid() == 0) {
		ASSERT_SYS(chown(path, 12345, 0));
		ASSERT_EQ(load(path, NULL, NULL, 0), CODE_E_ANCHORS);
	}
}

TEST(what_does_not_fit_together_is_refused)
{
	const char *path = in_dir("bad.pem");
	_cleanup_pki_ PkiCert leaf = pki_root("leaf"), other = pki_root("other");
	_cleanup_pki_ PkiCert small = pki_make(&(PkiSpec){.name = "small", .rsa_bits = 1024});
	const PkiCert *const weak[] = {&small, NULL};
	Identity *identity = NULL;
	BIO *bio = BIO_new(BIO_s_mem());

	ASSERT_EQ(PEM_write_bio_PrivateKey(bio, leaf.key, NULL, NULL, 0, NULL, NULL), 1);
	ASSERT_EQ(PEM_write_bio_X509(bio, other.x), 1);
	pki_write(bio, path, 0600);
	ASSERT_EQ(load(path, NULL, NULL, 0), CODE_E_IDENTITY);
	pki_write_identity(weak, path);
	ASSERT_EQ(load(path, NULL, NULL, 0), CODE_E_IDENTITY);
	pki_write_cert(&leaf, path);
	ASSERT_SYS(chmod(path, 0600));
	ASSERT_EQ(load(path, NULL, NULL, 0), CODE_E_IDENTITY);
	ASSERT_EQ(identity_decode((const uint8_t *)"", 0, NULL, &identity, &problem),
		CODE_E_IDENTITY);
}

TEST(one_command_makes_all_that_is_needed)
{
	const char *config = in_dir("new/config"), *root = in_dir("new/config/anchors.d");
	_cleanup_identity_ Identity *identity = NULL;
	_cleanup_trust_ Trust *trust = NULL;
	_cleanup_certificates_ STACK_OF(X509) *chain = NULL;
	size_t size, same_size;
	uint8_t *before, *after;
	struct stat st;

	ASSERT_OK(identity_make(config, "me", &problem));
	ASSERT_SYS(stat(in_dir("new/config/identities/me.pem"), &st));
	ASSERT_EQ(st.st_mode & 07777, 0600);
	ASSERT_EQ(st.st_nlink, 1);
	ASSERT_SYS(stat(in_dir("new/config/identities"), &st));
	ASSERT_EQ(st.st_mode & 07777, 0700);
	ASSERT_OK(identity_load_name(config, "me", NULL, &identity, &problem));
	ASSERT_OK(trust_new(&root, 1, &trust, &problem));
	ASSERT_OK(trust_check(trust, identity_get_certificate(identity),
		identity_get_others(identity), TRUST_CHECK_EXPIRY, &chain, &problem));
	ASSERT_EQ(sk_X509_num(chain), 2);
	ASSERT_TRUE(trust_is_anchor(trust, "user", sk_X509_value(chain, 1)));
	ASSERT_FALSE(trust_is_anchor(trust, "platform", sk_X509_value(chain, 1)));
	/* Never twice. */
	before = read_file(in_dir("new/config/identities/me.pem"), &size);
	ASSERT_EQ(identity_make(config, "me", &problem), CODE_E_EXISTS);
	after = read_file(in_dir("new/config/identities/me.pem"), &same_size);
	ASSERT_EQ(size, same_size);
	ASSERT_MEMEQ(before, after, size);
	free(before);
	free(after);
	/* Nor half: an anchor of that name leaves no key behind. */
	ASSERT_SYS(unlink(in_dir("new/config/identities/me.pem")));
	ASSERT_EQ(identity_make(config, "me", &problem), CODE_E_EXISTS);
	ASSERT_NE(access(in_dir("new/config/identities/me.pem"), F_OK), 0);
	ASSERT_OK(identity_make(config, "me2", &problem));
}

TEST(names_stay_in_their_folder)
{
	static const char *const bad[] = {"", ".", "..", "../me", "a/b", ".me", "a b", "a\n",
		"a-name-that-is-longer-than-any-that-is-taken-here-x"};
	const char *config = in_dir("names");
	Identity *identity = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ASSERT_EQ(identity_make(config, bad[i], &problem), CODE_E_PARAMETER);
		ASSERT_EQ(identity_load_name(config, bad[i], NULL, &identity, &problem),
			CODE_E_PARAMETER);
	}
	ASSERT_EQ(identity_load_name(config, "me", NULL, &identity, &problem), CODE_E_NOT_FOUND);
	ASSERT_OK(identity_make(config, "me", &problem));
	ASSERT_EQ(identity_load_name(config, "you", NULL, &identity, &problem), CODE_E_NOT_FOUND);
	ASSERT_STRSTR(problem.text, "you");
	ASSERT_SYS(chmod(in_dir("names/identities"), 0777));
	ASSERT_EQ(identity_load_name(config, "me", NULL, &identity, &problem), CODE_E_ANCHORS);
}
