/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/trust.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "codesign/anchors-path.h"
#include "codesign/anchors.h"
#include "codesign/ssl.h"

#define SECURITY_LEVEL 2 /* of libcrypto: at least 112 bits */

struct Trust {
	Anchors anchors;
	X509_STORE *store; /* of these, and nothing else */
};

Trust *trust_free(Trust *self)
{
	if (!self)
		return NULL;
	X509_STORE_free(self->store);
	anchors_deinit(&self->anchors);
	free(self);
	return NULL;
}

/* Authorities may have one name and different keys: without an identifier of the key in @x only its
 * signature says which of them is meant. */
static int is_issued(X509_STORE_CTX *context, X509 *x, X509 *issuer)
{
	bool is_named;

	(void)context;
	if (X509_check_issued(issuer, x) != X509_V_OK)
		return 0;
	is_named = X509_get0_authority_key_id(x) || X509_cmp(x, issuer) == 0;
	return is_named || X509_verify(x, X509_get0_pubkey(issuer)) == 1;
}

/* The lists of the issuer of the certificate at hand, and not those of its namesakes. */
static STACK_OF(X509_CRL) * find_crls(const X509_STORE_CTX *context, const X509_NAME *name)
{
	STACK_OF(X509_CRL) *crls = X509_STORE_CTX_get1_crls(context, name);
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
	int at = X509_STORE_CTX_get_error_depth(context), last = sk_X509_num(chain) - 1;
	EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(chain, at < last ? at + 1 : last));

	for (int i = sk_X509_CRL_num(crls) - 1; i >= 0; i--)
		if (X509_CRL_verify(sk_X509_CRL_value(crls, i), key) != 1)
			X509_CRL_free(sk_X509_CRL_delete(crls, i));
	return crls;
}

static X509_STORE *new_store(void)
{
	X509_STORE *store = X509_STORE_new();

	if (store) {
		X509_STORE_set_check_issued(store, is_issued);
		X509_STORE_set_lookup_crls(store, find_crls);
	}
	return store;
}

static bool fill_store(Trust *self)
{
	self->store = new_store();
	if (!self->store)
		return false;
	for (size_t i = 0; i < self->anchors.n_purposes; i++) {
		STACK_OF(X509) *certificates = self->anchors.purposes[i].certificates;

		for (int k = 0; k < sk_X509_num(certificates); k++)
			if (!X509_STORE_add_cert(self->store, sk_X509_value(certificates, k)))
				return false;
	}
	for (int i = 0; i < sk_X509_CRL_num(self->anchors.crls); i++)
		if (!X509_STORE_add_crl(self->store, sk_X509_CRL_value(self->anchors.crls, i)))
			return false;
	return true;
}

int trust_new(const char *const *roots, size_t n, Trust **ret, CodeProblem *problem)
{
	_cleanup_trust_ Trust *self = calloc(1, sizeof(*self));

	if (!self)
		return error_origin(-ENOMEM);
	for (size_t i = 0; i < n; i++) {
		int r = anchors_add_root(&self->anchors, roots[i], problem);

		if (r != 0)
			return r;
	}
	if (!fill_store(self)) {
		ERR_clear_error();
		return error_origin(-ENOMEM);
	}
	*ret = TAKE_PTR(self);
	return 0;
}

int trust_new_single(X509 *certificate, Trust **ret)
{
	_cleanup_trust_ Trust *self = calloc(1, sizeof(*self));

	if (self)
		self->store = new_store();
	if (!self || !self->store || !X509_STORE_add_cert(self->store, certificate)) {
		ERR_clear_error();
		return error_origin(-ENOMEM);
	}
	*ret = TAKE_PTR(self);
	return 0;
}

int trust_new_default(Trust **ret, CodeProblem *problem)
{
	_cleanup_free_ char *config = NULL, *own = NULL;
	const char *roots[2] = {ANCHORS_PATH};
	int r = ownfile_find_config(&config, problem);

	if (r == CODE_E_NOT_FOUND)
		return trust_new(roots, 1, ret, problem);
	if (r != 0)
		return r;
	if (asprintf(&own, "%s/anchors.d", config) < 0) {
		own = NULL;
		return error_origin(-ENOMEM);
	}
	roots[1] = own;
	return trust_new(roots, ARRAY_SIZE(roots), ret, problem);
}

static int outcome_of(int error)
{
	switch (error) {
	case X509_V_ERR_OUT_OF_MEM:
		return error_origin(-ENOMEM);
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return CODE_E_EXPIRED;
	case X509_V_ERR_CERT_REVOKED:
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
	case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
	case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
	case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
	case X509_V_ERR_DIFFERENT_CRL_SCOPE:
	case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
		return CODE_E_REVOKED;
	default:
		return CODE_E_UNTRUSTED;
	}
}

static bool is_list_needed(X509_STORE_CTX *context)
{
	const unsigned *flags = X509_STORE_CTX_get_app_data(context);

	return *flags & TRUST_CHECK_REVOCATION;
}

/* The anchor at the end of a chain is trusted whatever any list says. Who does not ask for lists gets by
 * without one, but not by one that is there. */
static int on_verify(int ok, X509_STORE_CTX *context)
{
	int last = sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;
	int error = X509_STORE_CTX_get_error(context);

	if (!ok && outcome_of(error) == CODE_E_REVOKED &&
		(X509_STORE_CTX_get_error_depth(context) == last ||
			(error != X509_V_ERR_CERT_REVOKED && !is_list_needed(context)))) {
		X509_STORE_CTX_set_error(context, X509_V_OK);
		return 1;
	}
	return ok;
}

static int untrusted(CodeProblem *problem, const char *text)
{
	return code_problem(problem, CODE_E_UNTRUSTED, "%s", text);
}

/* X509_get_extension_flags() and its like also decode all extensions, once. */
static int check_leaf(X509 *leaf, CodeProblem *problem)
{
	if (X509_get_extension_flags(leaf) & EXFLAG_INVALID)
		return untrusted(problem, "the signer's certificate has invalid extensions");
	if (!(X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE) ||
		!(X509_get_extended_key_usage(leaf) & XKU_CODE_SIGN))
		return untrusted(problem, "the signer's certificate is not for signing code");
	if (!(X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE)) /* all, where there is no such */
		return untrusted(problem, "the signer's certificate is not for signatures");
	return 0;
}

static int check_authorities(STACK_OF(X509) * chain, CodeProblem *problem)
{
	for (int i = 1; i < sk_X509_num(chain); i++) {
		X509 *x = sk_X509_value(chain, i);
		uint32_t flags = X509_get_extension_flags(x);

		if (X509_check_ca(x) != 1) /* 1: by its basic constraints */
			return untrusted(problem, "a certificate was signed by no authority");
		if ((flags & EXFLAG_XKUSAGE) &&
			!(X509_get_extended_key_usage(x) & (XKU_CODE_SIGN | XKU_ANYEKU)))
			return untrusted(problem, "an authority is not one for signing code");
	}
	return sk_X509_num(chain) <= TRUST_CHAIN_MAX
		       ? 0
		       : untrusted(problem, "the chain of certificates is too long");
}

static void set_parameters(X509_STORE_CTX *context, unsigned flags, int64_t time)
{
	X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
	unsigned long bits = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST |
			     X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;

	if (flags & TRUST_CHECK_EXPIRY)
		X509_VERIFY_PARAM_set_time(parameters, (time_t)time);
	else
		bits |= X509_V_FLAG_NO_CHECK_TIME;
	(void)X509_VERIFY_PARAM_set_flags(parameters, bits); /* cannot fail */
	X509_VERIFY_PARAM_set_depth(parameters, TRUST_CHAIN_MAX - 2); /* counts what is between */
	X509_VERIFY_PARAM_set_auth_level(parameters, SECURITY_LEVEL);
	X509_STORE_CTX_set_verify_cb(context, on_verify);
}

static int build(const Trust *self, X509 *leaf, STACK_OF(X509) * others, unsigned flags,
	int64_t time, STACK_OF(X509) * *ret, CodeProblem *problem)
{
	_cleanup_store_ctx_ X509_STORE_CTX *context = X509_STORE_CTX_new();
	int error, r;

	if (!context || !X509_STORE_CTX_init(context, self->store, leaf, others))
		return error_origin(-ENOMEM);
	if (X509_STORE_CTX_set_app_data(context, &flags) != 1)
		return error_origin(-ENOMEM);
	set_parameters(context, flags, time);
	if (X509_verify_cert(context) != 1) {
		error = X509_STORE_CTX_get_error(context);
		r = outcome_of(error == X509_V_OK ? X509_V_ERR_UNSPECIFIED : error);
		return r < 0 ? r
			     : code_problem(problem, r, "the signer's certificate: %s",
				       X509_verify_cert_error_string(error));
	}
	*ret = X509_STORE_CTX_get1_chain(context);
	return *ret ? 0 : error_origin(-ENOMEM);
}

int trust_check_at(const Trust *self, X509 *leaf, STACK_OF(X509) * others, unsigned flags,
	int64_t time, STACK_OF(X509) * *ret, CodeProblem *problem)
{
	_cleanup_certificates_ STACK_OF(X509) *chain = NULL;
	int r;

	ERR_clear_error();
	r = check_leaf(leaf, problem);
	if (r == 0)
		r = build(self, leaf, others, flags, time, &chain, problem);
	if (r == 0)
		r = check_authorities(chain, problem);
	ERR_clear_error();
	if (r == 0)
		*ret = TAKE_PTR(chain);
	return r;
}

int trust_check(const Trust *self, X509 *leaf, STACK_OF(X509) * others, unsigned flags,
	STACK_OF(X509) * *ret, CodeProblem *problem)
{
	return trust_check_at(self, leaf, others, flags, (int64_t)time(NULL), ret, problem);
}

static bool has_certificate(const AnchorsPurpose *purpose, const X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(purpose->certificates); i++)
		if (X509_cmp(sk_X509_value(purpose->certificates, i), certificate) == 0)
			return true;
	return false;
}

static bool is_anchor_of(
	const Trust *self, const void *name, size_t n, bool any, const X509 *certificate)
{
	for (size_t i = 0; i < self->anchors.n_purposes; i++) {
		const AnchorsPurpose *purpose = &self->anchors.purposes[i];

		if ((any || (strlen(purpose->name) == n && memcmp(purpose->name, name, n) == 0)) &&
			has_certificate(purpose, certificate))
			return true;
	}
	return false;
}

bool trust_is_anchor(const Trust *self, const char *purpose, const X509 *certificate)
{
	return is_anchor_of(self, purpose, purpose ? strlen(purpose) : 0, !purpose, certificate);
}

static int authority_is_anchor(void *userdata, ReqAnchor kind, ReqData name,
	X509 *const *certificates, size_t n, X509 *certificate, bool *ret)
{
	const Trust *self = userdata;

	(void)certificates, (void)n;
	switch (kind) {
	case REQ_ANCHOR_PLATFORM:
		*ret = trust_is_anchor(self, "platform", certificate);
		break;
	case REQ_ANCHOR_PLATFORM_GENERIC:
		*ret = trust_is_anchor(self, "platform", certificate) ||
		       trust_is_anchor(self, "vendor", certificate);
		break;
	case REQ_ANCHOR_NAMED:
		*ret = is_anchor_of(self, name.p, name.n, false, certificate);
		break;
	case REQ_ANCHOR_TRUSTED:
		*ret = trust_is_anchor(self, NULL, certificate);
		break;
	default:
		*ret = false;
	}
	return 0;
}

const ReqAuthority trust_authority = {.is_anchor = authority_is_anchor};
