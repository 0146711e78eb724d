/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates are somebody else's: what OpenSSL parsed is still any bytes that its author liked. A
 * field that is there more than once matches if one of them does: whoever signed the certificate vouches
 * for all that is in it.
 */

#include "codesign/reqcert.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "codesign/reqmatch.h"

#define SECOND_NS INT64_C(1000000000)
#define YEAR_MAX 2261 /* what nanoseconds can hold */
#define YEAR_MIN 1678

int req_cert_has_hash(X509 *certificate, ReqData hash, bool *ret)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	const EVP_MD *md = hash.n == 20 ? EVP_sha1() : EVP_sha256();

	if (X509_digest(certificate, md, digest, &n) != 1)
		return error_origin(-ENOMEM);
	*ret = n == hash.n && memcmp(digest, hash.p, n) == 0;
	return 0;
}

static bool is_oid(const ASN1_OBJECT *object, const uint8_t *der, size_t n)
{
	return OBJ_length(object) == n && n > 0 && memcmp(OBJ_get0_data(object), der, n) == 0;
}

/* The fields of a subject that the lineage has a name for, and their OIDs. */
static const struct {
	const char *name;
	const char *der;
} subjects[] = {
	{"C", "\x55\x04\x06"},
	{"CN", "\x55\x04\x03"},
	{"D", "\x55\x04\x0d"},
	{"L", "\x55\x04\x07"},
	{"O", "\x55\x04\x0a"},
	{"C-O", "\x55\x04\x0a\x01"},
	{"OU", "\x55\x04\x0b"},
	{"C-OU", "\x55\x04\x0b\x01"},
	{"ST", "\x55\x04\x08"},
	{"C-ST", "\x55\x04\x08\x01"},
	{"STREET", "\x55\x04\x09"},
	{"C-STREET", "\x55\x04\x09\x01"},
	{"UID", "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"},
};

static const char *find_subject(const uint8_t *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++)
		if (strlen(subjects[i].name) == n && memcmp(subjects[i].name, name, n) == 0)
			return subjects[i].der;
	return NULL;
}

/* Whatever kind of string that is, as UTF-8; what cannot be is no text, and matches nothing but that it
 * is there. */
static bool match_string(const ReqTerm *term, const ASN1_STRING *string)
{
	unsigned char *text = NULL;
	int n = ASN1_STRING_to_UTF8(&text, string);
	bool matches;

	if (n < 0)
		return term->match == REQ_MATCH_EXISTS;
	matches = req_match_text(term, text, (size_t)n);
	OPENSSL_free(text);
	return matches;
}

static bool match_subject(X509 *certificate, const ReqTerm *term, const char *oid)
{
	const X509_NAME *name = X509_get_subject_name(certificate);
	bool is_there = false;

	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);

		if (!is_oid(X509_NAME_ENTRY_get_object(entry), (const uint8_t *)oid, strlen(oid)))
			continue;
		is_there = true;
		if (match_string(term, X509_NAME_ENTRY_get_data(entry)))
			return true;
	}
	return !is_there && req_match_missing(term);
}

static bool match_email(X509 *certificate, const ReqTerm *term)
{
	STACK_OF(OPENSSL_STRING) *emails = X509_get1_email(certificate);
	int n = emails ? sk_OPENSSL_STRING_num(emails) : 0;
	bool matches = n == 0 && req_match_missing(term);

	for (int i = 0; i < n && !matches; i++) {
		const char *email = sk_OPENSSL_STRING_value(emails, i);

		matches = req_match_text(term, email, strlen(email));
	}
	X509_email_free(emails);
	return matches;
}

static bool match_field(X509 *certificate, const ReqTerm *term)
{
	static const char prefix[] = "subject.";
	size_t skip = strlen(prefix);
	const char *oid;

	if (term->key.n == 5 && memcmp(term->key.p, "email", 5) == 0)
		return match_email(certificate, term);
	if (term->key.n < skip || memcmp(term->key.p, prefix, skip) != 0)
		return false;
	oid = find_subject(term->key.p + skip, term->key.n - skip);
	return oid && match_subject(certificate, term, oid);
}

static const X509_EXTENSION *find_extension(X509 *certificate, ReqData oid)
{
	for (int i = 0; i < X509_get_ext_count(certificate); i++) {
		X509_EXTENSION *extension = X509_get_ext(certificate, i);

		if (is_oid(X509_EXTENSION_get_object(extension), oid.p, oid.n))
			return extension;
	}
	return NULL;
}

static bool match_policy(X509 *certificate, const ReqTerm *term)
{
	CERTIFICATEPOLICIES *policies = X509_get_ext_d2i(
		certificate, NID_certificate_policies, NULL, NULL);
	bool is_there = false;

	for (int i = 0; policies && i < sk_POLICYINFO_num(policies) && !is_there; i++)
		is_there = is_oid(
			sk_POLICYINFO_value(policies, i)->policyid, term->key.p, term->key.n);
	CERTIFICATEPOLICIES_free(policies);
	return is_there ? req_match_bool(term, true) : req_match_missing(term);
}

/* The time in an extension: DER of a time, or of a text that reads as one. */
static bool get_time(const ASN1_OCTET_STRING *content, int64_t *ret_ns)
{
	const unsigned char *p = ASN1_STRING_get0_data(content);
	int n = ASN1_STRING_length(content);
	char text[32];
	ASN1_TIME *time;
	struct tm tm;
	bool is_good;

	/* Tag and length of a short string; GeneralizedTime and UTCTime are no longer. */
	if (n < 3 || p[1] != n - 2 || p[1] >= sizeof(text))
		return false;
	if (p[0] != V_ASN1_GENERALIZEDTIME && p[0] != V_ASN1_UTCTIME && p[0] != V_ASN1_UTF8STRING &&
		p[0] != V_ASN1_IA5STRING && p[0] != V_ASN1_PRINTABLESTRING)
		return false;
	memcpy(text, p + 2, p[1]);
	text[p[1]] = '\0';
	time = ASN1_TIME_new();
	is_good = time && strlen(text) == p[1] && ASN1_TIME_set_string_X509(time, text) == 1 &&
		  ASN1_TIME_to_tm(time, &tm) == 1;
	ASN1_TIME_free(time);
	if (!is_good || tm.tm_year + 1900 < YEAR_MIN || tm.tm_year + 1900 > YEAR_MAX)
		return false;
	*ret_ns = (int64_t)timegm(&tm) * SECOND_NS;
	return true;
}

static bool match_date(X509 *certificate, const ReqTerm *term)
{
	const X509_EXTENSION *extension = find_extension(certificate, term->key);
	int64_t time_ns;

	if (!extension)
		return req_match_missing(term);
	if (!get_time(X509_EXTENSION_get_data((X509_EXTENSION *)extension), &time_ns))
		return false;
	return req_match_date(term, time_ns);
}

int req_cert_match(X509 *certificate, const ReqTerm *term, bool *ret)
{
	switch (term->op) {
	case REQ_OP_CERT_FIELD:
		*ret = match_field(certificate, term);
		return 0;
	case REQ_OP_CERT_GENERIC:
		*ret = find_extension(certificate, term->key) ? req_match_bool(term, true)
							      : req_match_missing(term);
		return 0;
	case REQ_OP_CERT_POLICY:
		*ret = match_policy(certificate, term);
		return 0;
	default:
		*ret = match_date(certificate, term);
		return 0;
	}
}
