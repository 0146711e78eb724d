/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a requirement costs that most signed programs have: from text, from its binary form, and held
 * against a chain of three certificates; beside the hash of one page of 4 KiB.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "bench/bench.h"
#include "codesign/reqeval.h"
#include "codesign/reqparse.h"

#define PAGE 4096u

static const char text[] = "identifier \"org.example.Editor\" and anchor apple generic and "
			   "certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */ and "
			   "certificate leaf[field.1.2.840.113635.100.6.1.13] /* exists */ and "
			   "certificate leaf[subject.OU] = J5B52CMB62";

static void must(bool good, const char *what)
{
	if (!good)
		bench_die("%s", what);
}

static X509 *make_certificate(const char *name, const char *oid)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);

	must(key && object && content && x, "no memory");
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
	X509_NAME_add_entry_by_txt(
		subject, "OU", MBSTRING_UTF8, (const unsigned char *)"J5B52CMB62", -1, -1, 0);
	ASN1_OCTET_STRING_set(content, (const unsigned char *)"\x05", 2);
	X509_add_ext(x, X509_EXTENSION_create_by_OBJ(NULL, object, 0, content), -1);
	X509_set_pubkey(x, key);
	must(X509_sign(x, key, EVP_sha256()) > 0, "no signature");
	ASN1_OCTET_STRING_free(content);
	ASN1_OBJECT_free(object);
	EVP_PKEY_free(key);
	return x;
}

static int is_anchor(void *userdata, ReqAnchor kind, ReqData name, X509 *const *certificates,
	size_t n, X509 *certificate, bool *ret)
{
	(void)userdata;
	(void)kind;
	(void)name;
	*ret = certificate == certificates[n - 1];
	return 0;
}

static const ReqContext *get_context(void)
{
	static const ReqAuthority authority = {.is_anchor = is_anchor};
	static X509 *chain[3];
	static ReqContext context = {.identifier = "org.example.Editor",
		.certificates = chain,
		.n_certificates = 3,
		.authority = &authority};

	chain[0] = make_certificate("leaf", "1.2.840.113635.100.6.1.13");
	chain[1] = make_certificate("middle", "1.2.840.113635.100.6.2.6");
	chain[2] = make_certificate("root", "1.2.3");
	return &context;
}

static Requirement *compile(void)
{
	Requirement *r;

	must(requirement_parse(text, sizeof(text) - 1, &r) == 0, "no requirement");
	return r;
}

static void evaluate(const Requirement *r, const ReqContext *context)
{
	bool holds;

	must(requirement_evaluate(r, context, &holds) == 0 && holds, "does not hold");
}

static double measure_both(void)
{
	BenchLoop loop = {.warm = 1000, .stride = 256};
	const ReqContext *context = get_context();

	while (bench_loop(&loop)) {
		Requirement *r = compile();

		evaluate(r, context);
		requirement_unref(r);
	}
	return bench_loop_ns(&loop);
}

static double measure_compile(void)
{
	BenchLoop loop = {.warm = 1000, .stride = 256};

	while (bench_loop(&loop))
		requirement_unref(compile());
	return bench_loop_ns(&loop);
}

static double measure_evaluate(void)
{
	BenchLoop loop = {.warm = 1000, .stride = 1024};
	const ReqContext *context = get_context();
	Requirement *r = compile();

	while (bench_loop(&loop))
		evaluate(r, context);
	requirement_unref(r);
	return bench_loop_ns(&loop);
}

static double measure_decode(void)
{
	BenchLoop loop = {.warm = 1000, .stride = 1024};
	Requirement *r = compile(), *other;
	BlobView blob = requirement_get_blob(r);

	while (bench_loop(&loop)) {
		must(requirement_decode(blob.data, blob.size, &other) == 0, "no requirement");
		requirement_unref(other);
	}
	requirement_unref(r);
	return bench_loop_ns(&loop);
}

static double measure_format(void)
{
	BenchLoop loop = {.warm = 1000, .stride = 256};
	Requirement *r = compile();

	while (bench_loop(&loop)) {
		char *formatted;

		must(requirement_format(r, &formatted) == 0, "no text");
		free(formatted);
	}
	requirement_unref(r);
	return bench_loop_ns(&loop);
}

static double measure_hash(void)
{
	static uint8_t page[PAGE];
	uint8_t hash[EVP_MAX_MD_SIZE];
	BenchLoop loop = {.warm = 1000, .stride = 256};
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	must(md && c, "no memory");
	while (bench_loop(&loop)) {
		EVP_DigestInit_ex2(c, md, NULL);
		EVP_DigestUpdate(c, page, sizeof(page));
		EVP_DigestFinal_ex(c, hash, NULL);
	}
	EVP_MD_CTX_free(c);
	EVP_MD_free(md);
	return bench_loop_ns(&loop);
}

static const BenchMeasure measures[] = {
	{"compile-evaluate", measure_both},
	{"compile", measure_compile},
	{"evaluate", measure_evaluate},
	{"decode", measure_decode},
	{"format", measure_format},
	{"sha256-4k", measure_hash},
};

static const BenchRow rows[] = {
	{"compile and evaluate / SHA-256 of 4 KiB", "compile-evaluate", "sha256-4k", BENCH_US, 10,
		5, .pinned_only = true},
	{"compile / SHA-256 of 4 KiB", "compile", "sha256-4k", BENCH_US, 0, 0, .pinned_only = true},
	{"evaluate / SHA-256 of 4 KiB", "evaluate", "sha256-4k", BENCH_US, 0, 0,
		.pinned_only = true},
	{"from its binary form / SHA-256 of 4 KiB", "decode", "sha256-4k", BENCH_US, 0, 0,
		.pinned_only = true},
	{"to text / SHA-256 of 4 KiB", "format", "sha256-4k", BENCH_US, 0, 0, .pinned_only = true},
};

int main(int argc, char **argv)
{
	static const BenchSuite suite = {
		.name = "requirement",
		.measures = measures,
		.n_measures = sizeof(measures) / sizeof(measures[0]),
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	};

	return bench_main(&suite, argc, argv);
}
