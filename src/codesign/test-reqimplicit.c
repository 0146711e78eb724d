/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqimplicit.h"

#include "codesign/reqeval.h"
#include "codesign/test-req.h"
#include "codesign/test-reqcert.h"

static const uint8_t digests[2][48] = {{1, 2, 3}, {4, 5, 6}};

static X509 *make(long serial, const char *organisation)
{
	X509 *x = test_new_x509(serial);

	if (organisation)
		test_add_subject(x, "2.5.4.10", MBSTRING_UTF8, organisation, strlen(organisation));
	return test_finish_x509(x);
}

/* Of a chain with these organisations, leaf first: which slot is in the text; and it holds for the chain. */
static void check_slot(const char *const *organisations, size_t n, const char *slot, size_t index)
{
	X509 *chain[4];
	unsigned char hash[EVP_MAX_MD_SIZE];
	_cleanup_requirement_ Requirement *r = NULL;
	_cleanup_free_ char *text = NULL;
	char expected[256], *end;
	unsigned n_hash;
	bool holds;

	for (size_t i = 0; i < n; i++)
		chain[i] = make((long)i + 1, organisations[i]);
	ASSERT_OK(requirement_new_implicit(&(ReqIdentity){.identifier = "org.example.tool",
						   .certificates = chain,
						   .n_certificates = n},
		&r));
	ASSERT_OK(requirement_format(r, &text));
	ASSERT_EQ(X509_digest(chain[index], EVP_sha256(), hash, &n_hash), 1);
	end = expected +
	      sprintf(expected, "identifier \"org.example.tool\" and certificate %s = H\"", slot);
	for (unsigned i = 0; i < n_hash; i++)
		end += sprintf(end, "%02x", hash[i]);
	stpcpy(end, "\"");
	ASSERT_STREQ(text, expected);
	ASSERT_OK(requirement_evaluate(r,
		&(ReqContext){.identifier = "org.example.tool",
			.certificates = chain,
			.n_certificates = n},
		&holds));
	ASSERT_TRUE(holds);
	for (size_t i = 0; i < n; i++)
		X509_free(chain[i]);
}

TEST(the_highest_of_the_signer)
{
	check_slot((const char *const[]){"A", "A", "B"}, 3, "1", 1);
	check_slot((const char *const[]){"A", "B", "A"}, 3, "leaf", 0);
	check_slot((const char *const[]){"A", "A", "A"}, 3, "root", 2);
	check_slot((const char *const[]){"A", "A", "A", "B"}, 4, "2", 2);
	check_slot((const char *const[]){NULL, "A", "A"}, 3, "leaf", 0);
	check_slot((const char *const[]){NULL, NULL}, 2, "leaf", 0);
	check_slot((const char *const[]){"A", NULL}, 2, "leaf", 0);
	check_slot((const char *const[]){"A"}, 1, "root", 0);
	check_slot((const char *const[]){NULL}, 1, "leaf", 0);
}

static void check(const ReqIdentity *identity, const char *expected)
{
	_cleanup_requirement_ Requirement *r = NULL;
	_cleanup_free_ char *text = NULL;

	ASSERT_OK(requirement_new_implicit(identity, &r));
	ASSERT_OK(requirement_format(r, &text));
	ASSERT_STREQ(text, expected);
}

TEST(ad_hoc)
{
	ReqData hashes[] = {{digests[0], 20}, {digests[1], 32}};
	ReqIdentity identity = {.identifier = "x", .cdhashes = hashes, .n_cdhashes = 1};
	Requirement *none = NULL;

	check(&identity, "cdhash H\"0102030000000000000000000000000000000000\"");
	identity.n_cdhashes = 2;
	check(&identity, "cdhash H\"0102030000000000000000000000000000000000\" or cdhash H\""
			 "0405060000000000000000000000000000000000000000000000000000000000\"");
	hashes[1].n = 31;
	ASSERT_EQ(requirement_new_implicit(&identity, &none), REQ_E_INVALID);
}

TEST(platform)
{
	_cleanup_x509_ X509 *x = make(1, "A");
	ReqIdentity identity = {.identifier = "org.example.tool",
		.certificates = &x,
		.n_certificates = 1,
		.is_platform = true};

	check(&identity, "identifier \"org.example.tool\" and anchor apple");
}

TEST(an_identifier_that_is_too_long)
{
	_cleanup_free_ char *name = malloc(REQ_BLOB_MAX + 2);
	_cleanup_x509_ X509 *x = make(1, "A");
	ReqIdentity identity = {.identifier = name, .certificates = &x, .n_certificates = 1};
	Requirement *none = NULL;

	memset(name, 'a', REQ_BLOB_MAX + 1);
	name[REQ_BLOB_MAX + 1] = '\0';
	ASSERT_EQ(requirement_new_implicit(&identity, &none), REQ_E_LIMIT);
	name[REQ_BLOB_MAX - 20] = '\0';
	ASSERT_EQ(requirement_new_implicit(&identity, &none), REQ_E_LIMIT);
}
