/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/pbecost.h"

#include <openssl/asn1t.h>
#include <string.h>

#include "codesign/ssl.h"

#define DEPTH_MAX 8u /* of bags in bags */

typedef struct Budget {
	uint64_t left;
	bool is_exceeded;
} Budget;

/* A number of rounds, times @factor; NULL is one. */
static void charge(Budget *self, const ASN1_INTEGER *rounds, uint64_t factor)
{
	uint64_t n = 1;

	if (rounds && ASN1_INTEGER_get_uint64(&n, rounds) != 1)
		n = UINT64_MAX; /* negative, or larger than that */
	if (factor > 0 && n <= self->left / factor)
		self->left -= n * factor;
	else
		self->is_exceeded = true;
}

static void *unpack(const X509_ALGOR *algorithm, const ASN1_ITEM *type)
{
	const void *value = NULL;
	int value_type = V_ASN1_UNDEF;

	X509_ALGOR_get0(NULL, &value_type, &value, algorithm);
	return value_type == V_ASN1_SEQUENCE ? ASN1_item_unpack(value, type) : NULL;
}

static int get_nid(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *oid = NULL;

	X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	return OBJ_obj2nid(oid);
}

/* Memory that is walked through: N times r blocks, p times. */
static void charge_scrypt(Budget *self, const X509_ALGOR *function)
{
	SCRYPT_PARAMS *p = unpack(function, ASN1_ITEM_rptr(SCRYPT_PARAMS));
	uint64_t r = 0, n = 0;

	if (!p)
		return; /* libcrypto will not do it, either */
	if (ASN1_INTEGER_get_uint64(&r, p->blockSize) == 1 &&
		ASN1_INTEGER_get_uint64(&n, p->parallelizationParameter) == 1 && r < 1024 &&
		n < 1024)
		charge(self, p->costParameter, r * n);
	else
		self->is_exceeded = true;
	SCRYPT_PARAMS_free(p);
}

static void charge_function(Budget *self, const X509_ALGOR *function)
{
	PBKDF2PARAM *p;

	if (get_nid(function) == NID_id_scrypt) {
		charge_scrypt(self, function);
		return;
	}
	p = unpack(function, ASN1_ITEM_rptr(PBKDF2PARAM));
	if (p)
		charge(self, p->iter, 1);
	PBKDF2PARAM_free(p);
}

/* PBES2 with its function, or an older one with rounds of its own. */
static void charge_algorithm(Budget *self, const X509_ALGOR *algorithm)
{
	PBE2PARAM *two;
	PBEPARAM *one;

	if (get_nid(algorithm) == NID_pbes2) {
		two = unpack(algorithm, ASN1_ITEM_rptr(PBE2PARAM));
		if (two)
			charge_function(self, two->keyfunc);
		PBE2PARAM_free(two);
		return;
	}
	one = unpack(algorithm, ASN1_ITEM_rptr(PBEPARAM));
	if (one)
		charge(self, one->iter, 1);
	PBEPARAM_free(one);
}

static void charge_sig(Budget *self, const X509_SIG *sig)
{
	const X509_ALGOR *algorithm = NULL;

	X509_SIG_get0(sig, &algorithm, NULL);
	charge_algorithm(self, algorithm);
}

static void charge_bags(Budget *self, const STACK_OF(PKCS12_SAFEBAG) * bags, unsigned depth)
{
	if (depth > DEPTH_MAX)
		self->is_exceeded = true;
	for (int i = 0; !self->is_exceeded && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);

		if (PKCS12_SAFEBAG_get_nid(bag) == NID_pkcs8ShroudedKeyBag)
			charge_sig(self, PKCS12_SAFEBAG_get0_pkcs8(bag));
		else if (PKCS12_SAFEBAG_get_nid(bag) == NID_safeContentsBag)
			charge_bags(self, PKCS12_SAFEBAG_get0_safes(bag), depth + 1);
	}
}

static void charge_safe(Budget *self, PKCS7 *safe)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;

	if (PKCS7_type_is_encrypted(safe) && safe->d.encrypted && safe->d.encrypted->enc_data)
		charge_algorithm(self, safe->d.encrypted->enc_data->algorithm);
	else if (PKCS7_type_is_data(safe) && safe->d.data)
		bags = PKCS12_unpack_p7data(safe);
	charge_bags(self, bags, 0);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

bool pbe_is_pkcs12_cheap(const PKCS12 *pkcs12)
{
	Budget budget = {.left = PBE_COST_MAX};
	const ASN1_INTEGER *rounds = NULL;
	STACK_OF(PKCS7) * safes;

	PKCS12_get0_mac(NULL, NULL, NULL, &rounds, pkcs12);
	if (PKCS12_mac_present(pkcs12))
		charge(&budget, rounds, 1);
	safes = PKCS12_unpack_authsafes(pkcs12);
	for (int i = 0; i < sk_PKCS7_num(safes); i++)
		charge_safe(&budget, sk_PKCS7_value(safes, i));
	sk_PKCS7_pop_free(safes, PKCS7_free);
	ERR_clear_error();
	return !budget.is_exceeded;
}

bool pbe_is_pem_cheap(const uint8_t *data, int size)
{
	_cleanup_bio_ BIO *bio = BIO_new_mem_buf(data, size);
	Budget budget = {.left = PBE_COST_MAX, .is_exceeded = !bio};
	char *name, *header;
	unsigned char *der;
	long n;

	while (!budget.is_exceeded && PEM_read_bio(bio, &name, &header, &der, &n)) {
		const unsigned char *p = der;
		X509_SIG *sig = strcmp(name, PEM_STRING_PKCS8) == 0 ? d2i_X509_SIG(NULL, &p, n)
								    : NULL;

		if (sig)
			charge_sig(&budget, sig);
		X509_SIG_free(sig);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)n);
	}
	ERR_clear_error();
	return !budget.is_exceeded;
}
