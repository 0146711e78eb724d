/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED /* engines: see token.h */
#include "codesign/token.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/error.h"
#include "codesign/ownfile.h"
#include "codesign/ssl.h"
#include "codesign/tokenuri.h"

#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#endif

#define NAME "pkcs11" /* of the provider, and of the engine */
#define PIN_SIZE_MAX 255u
#define CERTIFICATES_MAX 16

/* What is loaded, and by what. */
typedef struct Loader {
	char private_uri[TOKEN_URI_MAX + sizeof(";type=private")];
	char cert_uri[TOKEN_URI_MAX + sizeof(";type=cert")];
	const char *pin; /* or NULL */
	UI_METHOD *ui; /* that answers with the PIN */
	EVP_PKEY *key;
	STACK_OF(X509) * certificates;
	bool has_more; /* than CERTIFICATES_MAX */
} Loader;

static void loader_deinit(Loader *self)
{
	UI_destroy_method(self->ui);
	EVP_PKEY_free(self->key);
	sk_X509_pop_free(self->certificates, X509_free);
}

/* Of the first error in libcrypto's queue, which is the module's own: "PIN incorrect", for example. */
static int refuse(CodeProblem *problem, const char *text)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	if (ssl_is_memory_gone())
		return error_origin(-ENOMEM);
	return code_problem(problem, CODE_E_IDENTITY, "%s%s%.60s", text, reason ? ": " : "",
		reason ? reason : "");
}

static void *pin_data(const Loader *self)
{
	return (void *)(uintptr_t)self->pin; /* ssl_passphrase() only reads it */
}

static int keep_certificate(Loader *self, X509 *certificate_consume)
{
	bool fits = sk_X509_num(self->certificates) < CERTIFICATES_MAX;

	if (fits && sk_X509_push(self->certificates, certificate_consume) > 0)
		return 0;
	X509_free(certificate_consume);
	self->has_more |= !fits;
	return fits ? error_origin(-ENOMEM) : 0;
}

static int keep_info(Loader *self, OSSL_STORE_INFO *info)
{
	X509 *certificate;

	switch (OSSL_STORE_INFO_get_type(info)) {
	case OSSL_STORE_INFO_PKEY:
		if (!self->key)
			self->key = OSSL_STORE_INFO_get1_PKEY(info);
		return 0;
	case OSSL_STORE_INFO_CERT:
		certificate = OSSL_STORE_INFO_get1_CERT(info);
		return certificate ? keep_certificate(self, certificate) : error_origin(-ENOMEM);
	default: /* a public key, say */
		return 0;
	}
}

/* One URI, of a type. Whether something was found is seen in @self. */
static int load_from_store(Loader *self, const char *uri)
{
	OSSL_STORE_CTX *store = OSSL_STORE_open_ex(
		uri, NULL, "?provider=" NAME, self->ui, pin_data(self), NULL, NULL, NULL);
	int r = 0;

	while (r == 0 && store && !OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (!info)
			break; /* the end, or an error that is in the queue */
		r = keep_info(self, info);
		OSSL_STORE_INFO_free(info);
	}
	(void)OSSL_STORE_close(store); /* it was only read */
	return r;
}

static int load_by_provider(Loader *self)
{
	int r = load_from_store(self, self->private_uri);

	return r == 0 && self->key ? load_from_store(self, self->cert_uri) : r;
}

#ifndef OPENSSL_NO_ENGINE

/* A key holds the engine by itself. */
static int load_by_engine_take(Loader *self, ENGINE *engine)
{
	struct {
		const char *id;
		X509 *certificate;
	} ask = {.id = self->cert_uri}; /* what the command below takes */

	/* It would else talk to standard error, and use the PIN that it was given last. */
	(void)ENGINE_ctrl_cmd_string(engine, "QUIET", NULL, 1);
	if (self->pin && !ENGINE_ctrl_cmd_string(engine, "PIN", self->pin, 0))
		return 0;
	self->key = ENGINE_load_private_key(engine, self->private_uri, self->ui, pin_data(self));
	if (!self->key || !ENGINE_ctrl_cmd(engine, "LOAD_CERT_CTRL", 0, &ask, NULL, 1))
		return 0;
	return ask.certificate ? keep_certificate(self, ask.certificate) : 0;
}

/* Sets *ret if there is such an engine. */
static int load_by_engine(Loader *self, bool *ret)
{
	ENGINE *engine;
	int r = 0;

	ENGINE_load_dynamic();
	engine = ENGINE_by_id(NAME);
	*ret = engine;
	if (!engine)
		return 0;
	ERR_clear_error();
	if (ENGINE_init(engine)) {
		r = load_by_engine_take(self, engine);
		(void)ENGINE_finish(engine); /* the key has the last word */
	}
	ENGINE_free(engine);
	return r;
}

#else

static int load_by_engine(Loader *self, bool *ret)
{
	(void)self;
	*ret = false;
	return 0;
}

#endif

/* It is never unloaded, for a key may be held for as long as the process lives. */
static bool has_provider(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static OSSL_PROVIDER *provider;
	bool is_there;

	(void)pthread_mutex_lock(&lock);
	if (!provider) /* 1: with the others that are there by default */
		provider = OSSL_PROVIDER_try_load(NULL, NAME, 1);
	is_there = provider;
	(void)pthread_mutex_unlock(&lock);
	return is_there;
}

static int load(Loader *self, CodeProblem *problem)
{
	bool is_there = true;
	int r;

	ERR_clear_error();
	if (has_provider())
		r = load_by_provider(self);
	else
		r = load_by_engine(self, &is_there);
	if (r != 0)
		return r;
	if (!is_there) {
		if (ssl_is_memory_gone())
			return error_origin(-ENOMEM);
		return code_problem(problem, CODE_E_UNSUPPORTED,
			"OpenSSL cannot use tokens here: install pkcs11-provider, or "
			"libengine-pkcs11-openssl (Debian 12)");
	}
	if (self->has_more)
		return code_problem(problem, CODE_E_IDENTITY,
			"the PKCS#11 URI is of more than %d certificates", CERTIFICATES_MAX);
	return self->key ? 0
			 : refuse(problem, self->pin ? "no token gives that key with this PIN"
						     : "no token gives that key without a PIN");
}

static int load_parsed(const TokenUri *uri, const char *pin, EVP_PKEY **ret_key,
	STACK_OF(X509) * *ret_certificates, CodeProblem *problem)
{
	_cleanup_(loader_deinit) Loader loader = {.pin = pin};
	int r;

	(void)snprintf(loader.private_uri, sizeof(loader.private_uri), "%s;type=private",
		uri->object); /* it fits */
	(void)snprintf(loader.cert_uri, sizeof(loader.cert_uri), "%s;type=cert", uri->object);
	loader.ui = UI_UTIL_wrap_read_pem_callback(ssl_passphrase, 0);
	loader.certificates = sk_X509_new_null();
	if (!loader.ui || !loader.certificates)
		return error_origin(-ENOMEM);
	r = load(&loader, problem);
	ERR_clear_error();
	if (r != 0)
		return r;
	*ret_key = TAKE_PTR(loader.key);
	*ret_certificates = TAKE_PTR(loader.certificates);
	return 0;
}

/* What is in the file but for a newline at its end. */
static int load_with_source(const TokenUri *uri, EVP_PKEY **ret_key,
	STACK_OF(X509) * *ret_certificates, CodeProblem *problem)
{
	uint8_t *pin = NULL;
	size_t size = 0;
	int r = ownfile_read(
		AT_FDCWD, uri->pin_source, OWNFILE_SECRET, PIN_SIZE_MAX, &pin, &size, problem);

	if (r == CODE_E_NOT_FOUND) /* which is said of identities */
		return code_problem(
			problem, CODE_E_ACCESS, "there is no pin-source %.120s", uri->pin_source);
	if (r != 0)
		return r;
	if (size > 0 && pin[size - 1] == '\n')
		pin[size - 1] = 0;
	r = load_parsed(uri, (const char *)pin, ret_key, ret_certificates, problem);
	ownfile_free(pin, size);
	return r;
}

int token_load(const char *text, const char *pin, EVP_PKEY **ret_key,
	STACK_OF(X509) * *ret_certificates, CodeProblem *problem)
{
	TokenUri uri;
	int r = token_uri_parse(text, &uri, problem);

	if (r != 0)
		return r;
	if (getauxval(AT_SECURE))
		return code_problem(problem, CODE_E_UNSUPPORTED,
			"a program with more rights than who started it uses no tokens");
	if (pin || !uri.pin_source[0])
		return load_parsed(&uri, pin, ret_key, ret_certificates, problem);
	return load_with_source(&uri, ret_key, ret_certificates, problem);
}
