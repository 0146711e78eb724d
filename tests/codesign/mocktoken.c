/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider of libcrypto with a token in it, in files: the directory MOCK_TOKEN has private.der and
 * cert.der, and the PIN is 73519. What it does is what the store of a provider for PKCS#11 does, but that it
 * gives the key away.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Store {
	int is_key;
	int is_over;
} Store;

static void *store_open(void *context, const char *uri)
{
	Store *self = calloc(1, sizeof(*self));

	(void)context;
	if (self) {
		self->is_key = strstr(uri, ";type=private") != NULL;
		self->is_over = strstr(uri, "object=mock;") == NULL;
	}
	return self;
}

static const OSSL_PARAM *store_settable(void *context)
{
	static const OSSL_PARAM none = OSSL_PARAM_END;

	(void)context;
	return &none;
}

static int store_set(void *self, const OSSL_PARAM *params)
{
	(void)self, (void)params;
	return 1;
}

static int store_eof(void *self)
{
	return ((Store *)self)->is_over;
}

static int store_close(void *self)
{
	free(self);
	return 1;
}

static size_t read_file(const char *name, unsigned char *data, size_t size)
{
	char path[500];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", getenv("MOCK_TOKEN"), name);
	f = fopen(path, "re");
	if (f) {
		n = fread(data, 1, size, f);
		fclose(f);
	}
	return n;
}

static int store_load(void *store, OSSL_CALLBACK *give, void *give_arg,
	OSSL_PASSPHRASE_CALLBACK *ask, void *ask_arg)
{
	Store *self = store;
	int type = self->is_key ? OSSL_OBJECT_PKEY : OSSL_OBJECT_CERT;
	unsigned char data[8192];
	char structure[] = "PrivateKeyInfo", pin[32] = "";
	size_t n = 0, size;
	OSSL_PARAM params[4], *p = params;

	self->is_over = 1;
	if (self->is_key && (!ask(pin, sizeof(pin), &n, NULL, ask_arg) || n != 5 ||
				    memcmp(pin, "73519", 5) != 0))
		return 0;
	size = read_file(self->is_key ? "private.der" : "cert.der", data, sizeof(data));
	*p++ = OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, data, size);
	if (self->is_key)
		*p++ = OSSL_PARAM_construct_utf8_string(
			OSSL_OBJECT_PARAM_DATA_STRUCTURE, structure, 0);
	*p = OSSL_PARAM_construct_end();
	return give(params, give_arg);
}

static const OSSL_ALGORITHM *query(void *context, int operation, int *ret_no_cache)
{
	static const OSSL_DISPATCH functions[] = {
		{OSSL_FUNC_STORE_OPEN, (void (*)(void))store_open},
		{OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, (void (*)(void))store_settable},
		{OSSL_FUNC_STORE_SET_CTX_PARAMS, (void (*)(void))store_set},
		{OSSL_FUNC_STORE_LOAD, (void (*)(void))store_load},
		{OSSL_FUNC_STORE_EOF, (void (*)(void))store_eof},
		{OSSL_FUNC_STORE_CLOSE, (void (*)(void))store_close},
		{0, NULL},
	};
	static const OSSL_ALGORITHM stores[] = {
		{"pkcs11", "provider=pkcs11", functions, "a token of files"},
		{NULL, NULL, NULL, NULL},
	};

	(void)context;
	*ret_no_cache = 0;
	return operation == OSSL_OP_STORE ? stores : NULL;
}

static const OSSL_DISPATCH provider[] = {
	{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
	{0, NULL},
};

__attribute__((__visibility__("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *handle,
	const OSSL_DISPATCH *in, const OSSL_DISPATCH **ret, void **ret_context)
{
	static int something;

	(void)handle, (void)in;
	*ret = provider;
	*ret_context = &something;
	return 1;
}
