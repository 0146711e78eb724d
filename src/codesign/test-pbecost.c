/* SPDX-License-Identifier: Apache-2.0 */
/* How much work a passphrase takes. */

#include "codesign/identity.h"
#include "codesign/pbecost.h"
#include "codesign/test-pki.h"

static CodeProblem problem;

static int decode(const uint8_t *data, size_t size)
{
	_cleanup_identity_ Identity *identity = NULL;

	problem = (CodeProblem){0};
	return identity_decode(data, size, "secret", &identity, &problem);
}

/* The first number that is @from, in any of its encodings, becomes @to, as long. */
static void change_number(uint8_t *data, size_t size, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i + 5 <= size; i++) {
		size_t n = data[i + 1];
		uint32_t value = 0;

		if (data[i] != 0x02 || n != 3)
			continue;
		for (size_t k = 0; k < n; k++)
			value = value << 8 | data[i + 2 + k];
		if (value != from)
			continue;
		for (size_t k = 0; k < n; k++)
			data[i + 2 + k] = (uint8_t)(to >> 8 * (n - 1 - k));
		return;
	}
	FAIL("there is no such number");
}

/* PKCS#12 of which the key, the certificates and the whole take so many rounds. */
static int try_pkcs12(int pbe, int rounds, int mac_rounds, uint32_t from)
{
	_cleanup_pki_ PkiCert leaf = pki_root("leaf");
	PKCS12 *pkcs12 = PKCS12_create(
		"secret", NULL, leaf.key, leaf.x, NULL, pbe, pbe, rounds, mac_rounds, 0);
	unsigned char *der = NULL;
	int size = i2d_PKCS12(pkcs12, &der), r;

	ASSERT_GT(size, 0);
	if (from)
		change_number(der, (size_t)size, from, 0x7fffff);
	r = decode(der, (size_t)size);
	OPENSSL_free(der);
	PKCS12_free(pkcs12);
	return r;
}

TEST(pkcs12)
{
	static const int kinds[] = {NID_aes_256_cbc, NID_pbe_WithSHA1And3_Key_TripleDES_CBC};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		ASSERT_OK(try_pkcs12(kinds[i], 70000, 70001, 0));
		ASSERT_EQ(try_pkcs12(kinds[i], 70000, 1000, 70000), CODE_E_IDENTITY);
		ASSERT_STRSTR(problem.text, "work");
		ASSERT_EQ(try_pkcs12(kinds[i], 1000, 70001, 70001), CODE_E_IDENTITY);
		ASSERT_STRSTR(problem.text, "work");
	}
}

TEST(pem)
{
	_cleanup_pki_ PkiCert leaf = pki_root("leaf");
	PKCS8_PRIV_KEY_INFO *key = EVP_PKEY2PKCS8(leaf.key);
	X509_SIG *sig = PKCS8_encrypt(-1, EVP_aes_256_cbc(), "secret", 6, NULL, 0, 70000, key);
	unsigned char *der = NULL;
	int size = i2d_X509_SIG(sig, &der);

	for (int dear = 0; dear < 2; dear++) {
		BIO *bio = BIO_new(BIO_s_mem());
		uint8_t *text;

		ASSERT_EQ(PEM_write_bio_X509(bio, leaf.x), 1);
		ASSERT_GT(PEM_write_bio(bio, PEM_STRING_PKCS8, "", der, size), 0);
		size_t n = (size_t)BIO_get_mem_data(bio, &text);
		ASSERT_EQ(decode(text, n), dear ? CODE_E_IDENTITY : 0);
		BIO_free(bio);
		change_number(der, (size_t)size, dear ? 0x7fffff : 70000, 0x7fffff);
	}
	ASSERT_STRSTR(problem.text, "work");
	OPENSSL_free(der);
	X509_SIG_free(sig);
	PKCS8_PRIV_KEY_INFO_free(key);
}

/* A number that costs this much memory and time. */
TEST(scrypt)
{
	_cleanup_pki_ PkiCert leaf = pki_root("leaf");
	PKCS8_PRIV_KEY_INFO *key = EVP_PKEY2PKCS8(leaf.key);
	static const struct {
		uint64_t n, r, p;
		int expected;
	} cases[] = {{16384, 8, 1, 0}, {16384, 1, 600, CODE_E_IDENTITY}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		X509_ALGOR *algorithm = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(),
			(const unsigned char *)"salt", 4, NULL, cases[i].n, cases[i].r, cases[i].p);
		X509_SIG *sig;
		BIO *bio = BIO_new(BIO_s_mem());
		uint8_t *text;
		unsigned char *der = NULL;

		ASSERT_NOT_NULL(algorithm);
		if (cases[i].expected == 0) {
			sig = PKCS8_set0_pbe("secret", 6, key, algorithm);
		} else { /* without doing the work */
			X509_ALGOR *inside;
			ASN1_OCTET_STRING *content;

			sig = X509_SIG_new();
			X509_SIG_getm(sig, &inside, &content);
			ASSERT_EQ(X509_ALGOR_copy(inside, algorithm), 1);
			ASSERT_EQ(ASN1_OCTET_STRING_set(
					  content, (const uint8_t *)"0123456789abcdef", 16),
				1);
			X509_ALGOR_free(algorithm);
		}
		int size = i2d_X509_SIG(sig, &der);
		ASSERT_GT(PEM_write_bio(bio, PEM_STRING_PKCS8, "", der, size), 0);
		ASSERT_EQ(PEM_write_bio_X509(bio, leaf.x), 1);
		size_t n = (size_t)BIO_get_mem_data(bio, &text);
		ASSERT_EQ(decode(text, n), cases[i].expected);
		BIO_free(bio);
		OPENSSL_free(der);
		X509_SIG_free(sig);
	}
	ASSERT_STRSTR(problem.text, "work");
	PKCS8_PRIV_KEY_INFO_free(key);
}
