/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqimplicit.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"
#include "codesign/reqast.h"

/* The organisation of a subject; NULL: it has none. */
static const ASN1_STRING *find_organisation(X509 *certificate)
{
	const X509_NAME *name = X509_get_subject_name(certificate);
	int i = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);

	return i < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));
}

static bool is_of(X509 *certificate, const ASN1_STRING *organisation)
{
	const ASN1_STRING *other = find_organisation(certificate);

	return other && ASN1_STRING_cmp(other, organisation) == 0;
}

static int32_t find_slot(const ReqIdentity *identity)
{
	const ASN1_STRING *organisation = find_organisation(identity->certificates[0]);
	size_t slot = 0;

	if (!organisation)
		return REQ_SLOT_LEAF;
	while (slot + 1 < identity->n_certificates &&
		is_of(identity->certificates[slot + 1], organisation))
		slot++;
	return slot + 1 == identity->n_certificates ? REQ_SLOT_ROOT : (int32_t)slot;
}

static int add_leaf(ReqAst *ast, const ReqTerm *term, uint32_t *ret)
{
	return req_ast_add(ast, term, REQ_NODE_NONE, REQ_NODE_NONE, ret);
}

static int add_cdhashes(ReqAst *ast, const ReqIdentity *identity, uint32_t *ret)
{
	ReqTerm either = {.op = REQ_OP_OR};
	int r = 0;

	for (size_t i = 0; i < identity->n_cdhashes && r == 0; i++) {
		ReqTerm term = {.op = REQ_OP_CDHASH, .key = identity->cdhashes[i]};
		uint32_t node;

		if (!req_is_code_hash_size(term.key.n))
			return REQ_E_INVALID;
		r = add_leaf(ast, &term, &node);
		if (r == 0 && i > 0)
			r = req_ast_add(ast, &either, *ret, node, &node);
		if (r == 0)
			*ret = node;
	}
	return r;
}

/* The identifier, and @signer. */
static int add_signer(ReqAst *ast, const char *identifier, const ReqTerm *signer, uint32_t *ret)
{
	ReqTerm both = {.op = REQ_OP_AND}, name = {.op = REQ_OP_IDENTIFIER};
	size_t n = strlen(identifier);
	uint32_t left, right;
	int r;

	if (n > REQ_BLOB_MAX)
		return REQ_E_LIMIT;
	name.key = (ReqData){(const uint8_t *)identifier, (uint32_t)n};
	r = add_leaf(ast, &name, &left);
	if (r == 0)
		r = add_leaf(ast, signer, &right);
	return r ? r : req_ast_add(ast, &both, left, right, ret);
}

int requirement_new_implicit(const ReqIdentity *identity, Requirement **ret)
{
	_cleanup_req_ast_ ReqAst ast = REQ_AST_INIT;
	unsigned char hash[EVP_MAX_MD_SIZE];
	ReqTerm signer = {.op = REQ_OP_APPLE_ANCHOR};
	uint32_t root;
	unsigned n;
	int r;

	assert(identity->n_cdhashes > 0 || identity->n_certificates > 0);
	if (identity->n_certificates > 0 && !identity->is_platform) {
		signer = (ReqTerm){.op = REQ_OP_ANCHOR_HASH, .slot = find_slot(identity)};
		if (X509_digest(identity->certificates[signer.slot == REQ_SLOT_ROOT
							       ? identity->n_certificates - 1
							       : (size_t)signer.slot],
			    EVP_sha256(), hash, &n) != 1)
			return error_origin(-ENOMEM);
		signer.key = (ReqData){hash, n};
	}
	if (identity->n_certificates > 0)
		r = add_signer(&ast, identity->identifier, &signer, &root);
	else
		r = add_cdhashes(&ast, identity, &root);
	return r ? r : req_ast_compile(&ast, root, ret);
}
