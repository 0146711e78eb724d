/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There is no memory, or no descriptor, on the way of whom to trust: anchors, CMS, identities,
 * entitlements. Each call fails once: first ours, and nothing may leak then; and then libcrypto's as well,
 * which loses memory itself at times, so that only the answers are looked at: -ENOMEM, a no, or the right
 * one; never a yes to what is wrong.
 */
#include <dirent.h>
#include <openssl/pkcs12.h>

#include "codesign/cms.h"
#include "codesign/entitlements.h"
#include "codesign/ownfile.h"
#include "codesign/test-pki.h"
#include "codesign/trust.h"
#include "tests/lib/fault.h"

static bool is_theirs_counted;
static CodeProblem problem;

static void *their_malloc(size_t size, const char *file, int line)
{
	void *p;

	(void)file, (void)line;
	if (is_theirs_counted)
		return malloc(size);
	fault_pause();
	p = malloc(size);
	fault_resume();
	return p;
}

static void *their_realloc(void *old, size_t size, const char *file, int line)
{
	void *p;

	(void)file, (void)line;
	if (is_theirs_counted)
		return realloc(old, size);
	fault_pause();
	p = realloc(old, size);
	fault_resume();
	return p;
}

static void their_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

/* Before libcrypto has any memory. */
__attribute__((__constructor__)) static void take_over(void)
{
	if (!CRYPTO_set_mem_functions(their_malloc, their_realloc, their_free))
		abort();
}

/* What fails says so; of what libcrypto could not do something else may be said than why. */
static void check(int r, int other)
{
	if (r == 0 || r == -ENOMEM || r == -EMFILE)
		return;
	if (!is_theirs_counted || r != other)
		unit_fail_here("%d: %s", r, problem.text);
}

typedef struct Scene {
	const char *root;
	PkiCert ca, middle, leaf, stranger;
	uint8_t *pem, *pkcs12;
	size_t pem_size, pkcs12_size;
	Identity *identity;
} Scene;

static Scene scene;

static void write_pem(void)
{
	const char *path = in_dir("identity.pem");
	const PkiCert *const certs[] = {&scene.leaf, &scene.middle, NULL};

	pki_write_identity(certs, path);
	scene.pem = read_file(path, &scene.pem_size);
	ASSERT_OK(identity_decode(scene.pem, scene.pem_size, NULL, &scene.identity, &problem));
}

static void make_pkcs12(void)
{
	PKCS12 *pkcs12 = PKCS12_create("secret", NULL, scene.leaf.key, scene.leaf.x, NULL,
		NID_aes_128_cbc, NID_aes_128_cbc, 10, 10, 0);
	unsigned char *der = NULL;

	ASSERT_NOT_NULL(pkcs12);
	scene.pkcs12_size = (size_t)i2d_PKCS12(pkcs12, &der);
	scene.pkcs12 = der;
	PKCS12_free(pkcs12);
}

static void make_scene(void)
{
	if (scene.root)
		return;
	scene.root = strdup(in_dir("anchors.d"));
	scene.ca = pki_root("CA");
	scene.stranger = pki_root("CA");
	scene.middle = pki_make(
		&(PkiSpec){.name = "middle", .issuer = &scene.ca, .is_authority = true});
	scene.leaf = pki_signer("leaf", &scene.middle);
	pki_mkdir(scene.root);
	pki_mkdir(in_dir("anchors.d/vendor"));
	pki_mkdir(in_dir("anchors.d/acme"));
	pki_write_cert(&scene.ca, in_dir("anchors.d/vendor/ca.pem"));
	pki_write_cert(&scene.stranger, in_dir("anchors.d/acme/other.pem"));
	pki_write_crl(&scene.ca, NULL, in_dir("anchors.d/vendor/ca.crl"));
	pki_write_crl(&scene.middle, NULL, in_dir("anchors.d/acme/middle.crl"));
	write_pem();
	make_pkcs12();
}

/* Bad is one that no anchor leads to. */
static void judge(const Trust *trust, X509 *leaf, bool is_bad)
{
	STACK_OF(X509) *chain = NULL, *others;
	int r;

	fault_pause();
	others = sk_X509_new_null();
	sk_X509_push(others, scene.middle.x);
	fault_resume();
	r = trust_check(
		trust, leaf, others, TRUST_CHECK_EXPIRY | TRUST_CHECK_REVOCATION, &chain, &problem);
	sk_X509_free(others);
	if (r == 0) {
		ASSERT_FALSE(is_bad);
		ASSERT_EQ(sk_X509_num(chain), 3);
		ASSERT_TRUE(trust_is_anchor(trust, "vendor", sk_X509_value(chain, 2)));
		ASSERT_FALSE(trust_is_anchor(trust, "acme", sk_X509_value(chain, 2)));
	} else if (!is_bad) {
		check(r, r == CODE_E_EXPIRED || r == CODE_E_REVOKED ? r : CODE_E_UNTRUSTED);
	}
	sk_X509_pop_free(chain, X509_free);
}

static void read_anchors(void *arg)
{
	Trust *trust = NULL;
	int r;

	(void)arg;
	problem = (CodeProblem){0};
	r = trust_new((const char *const *)&scene.root, 1, &trust, &problem);
	check(r, CODE_E_ANCHORS);
	if (r != 0)
		return;
	judge(trust, scene.leaf.x, false);
	judge(trust, scene.stranger.x, true);
	trust_free(trust);
}

static const uint8_t BYTES[] = "these are the bytes of a CodeDirectory";

static void sign_and_verify(void *arg)
{
	static const CodeDirectory directory = {.hash_type = CODE_HASH_SHA256};
	static uint8_t hashes[1][CODE_HASH_SIZE_MAX];
	const CmsSigner signer = {.identity = scene.identity, .has_time = true, .time = 1};
	SignerRequest request = {.data = BYTES,
		.size = sizeof(BYTES),
		.directories = &directory,
		.hashes = (const uint8_t(*)[CODE_HASH_SIZE_MAX])hashes,
		.n_directories = 1};
	STACK_OF(X509) *chain = NULL;
	uint8_t *der = NULL;
	size_t size = 0;
	Cms *cms = NULL;
	int r;

	(void)arg;
	fault_pause();
	ASSERT_OK(digest_bytes(CODE_HASH_SHA256, BYTES, sizeof(BYTES), hashes[0]));
	fault_resume();
	r = cms_sign((void *)(uintptr_t)&signer, &request, &der, &size, &problem);
	check(r, CODE_E_CMS);
	if (r != 0)
		return;
	r = cms_verify(der, size, &request, &cms, &problem);
	check(r, CODE_E_CMS);
	if (r == 0)
		r = cms_dup_chain(cms, &chain);
	if (r == 0)
		ASSERT_TRUE(sk_X509_num(chain) == 2 || is_theirs_counted);
	sk_X509_pop_free(chain, X509_free);
	cms = cms_free(cms);
	/* Of another CodeDirectory it is never one. */
	request.size--;
	ASSERT_NE(cms_verify(der, size, &request, &cms, &problem), 0);
	free(der);
}

static void read_identities(void *arg)
{
	Identity *identity = NULL;
	int r;

	(void)arg;
	r = identity_decode(scene.pem, scene.pem_size, NULL, &identity, &problem);
	check(r, CODE_E_IDENTITY);
	if (r == 0)
		ASSERT_EQ(X509_cmp(identity_get_certificate(identity), scene.leaf.x), 0);
	identity = identity_free(identity);
	r = identity_decode(scene.pkcs12, scene.pkcs12_size, "secret", &identity, &problem);
	check(r, CODE_E_IDENTITY);
	identity = identity_free(identity);
	ASSERT_NE(
		identity_decode(scene.pkcs12, scene.pkcs12_size, "other", &identity, &problem), 0);
	r = identity_load(in_dir("identity.pem"), NULL, &identity, &problem);
	check(r, CODE_E_IDENTITY);
	identity_free(identity);
	r = identity_load_uri("pkcs11:object=a;type=other", NULL, &identity, &problem);
	ASSERT_TRUE(r == CODE_E_PARAMETER || r == -ENOMEM);
}

static unsigned count_files(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	unsigned n = 0;

	while (d && (e = readdir(d)))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	if (d)
		closedir(d);
	return n;
}

/* Both files or none; and nothing else. */
static void make_identity(void *arg)
{
	static const char key[] = "config/identities", anchor[] = "config/anchors.d/user";
	char path[200];
	int r;

	(void)arg;
	r = identity_make(in_dir("config"), "me", &problem);
	fault_pause();
	check(r, CODE_E_IDENTITY);
	ASSERT_EQ(count_files(in_dir(key)), r == 0);
	ASSERT_EQ(count_files(in_dir(anchor)), r == 0);
	snprintf(path, sizeof(path), "%s/me.pem", in_dir(key));
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/me.pem", in_dir(anchor));
	(void)unlink(path);
	fault_resume();
}

static void convert_entitlements(void *arg)
{
	static const char xml[] =
		"<plist version=\"1.0\"><dict><key>b</key><integer>1</integer><key>a</key><array>"
		"<string>x</string><data>AAEC</data></array></dict></plist>";
	Object *entitlements = NULL, *again = NULL;
	uint8_t *der = NULL, *text = NULL;
	size_t size, text_size;
	int r;

	(void)arg;
	r = entitlements_decode_xml(xml, sizeof(xml) - 1, &entitlements, NULL);
	check(r, 0);
	if (r == 0)
		r = entitlements_encode_der(entitlements, &der, &size);
	if (r == 0)
		r = entitlements_decode_der(der, size, &again);
	if (r == 0) {
		ASSERT_TRUE(object_equal(entitlements, again));
		r = entitlements_encode_xml(again, &text, &text_size);
	}
	check(r, 0);
	free(text);
	free(der);
	object_unref(again);
	object_unref(entitlements);
}

static void (*const WAYS[])(void *) = {
	read_anchors,
	sign_and_verify,
	read_identities,
	make_identity,
	convert_entitlements,
};

/* There are thousands of theirs in each: the first ones, and further on ever fewer of them. */
static unsigned run_some(void (*fn)(void *arg))
{
	unsigned n_struck = 0;

	for (unsigned n = 1;; n += 1 + n / 32) {
		fault_arm(FAULT_MALLOC, n);
		fn(NULL);
		if (!fault_disarm())
			return n_struck;
		n_struck++;
	}
}

static void walk_all(bool with_theirs)
{
	make_scene();
	for (size_t i = 0; i < ARRAY_SIZE(WAYS); i++) {
		/* What is made once is there. */
		WAYS[i](NULL);
		WAYS[i](NULL);
		is_theirs_counted = with_theirs;
		if (with_theirs)
			ASSERT_GT(run_some(WAYS[i]), 10u);
		else
			ASSERT_GT(fault_run_kinds(WAYS[i], NULL), 1);
		is_theirs_counted = false;
		WAYS[i](NULL);
	}
}

TEST(what_is_ours)
{
	walk_all(false);
}

/* In a process whose leaks nobody looks for. */
TEST(what_is_libcryptos)
{
	pid_t pid = ASSERT_SYS(fork());
	int status;

	if (pid == 0) {
		walk_all(true);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
}
