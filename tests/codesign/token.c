/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identities whose keys are in a token: SoftHSM's, by whatever of libcrypto is installed. Without
 * SoftHSM there is nothing to try it with.
 */
#include "codesign/cms.h"
#include "codesign/test-pki.h"
#include "codesign/trust.h"
#include "tests/codesign/shell.h"

#define PIN "73519"

static CodeProblem problem;

static const char *find_module(void)
{
	static const char *const paths[] = {"/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib64/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (access(paths[i], R_OK) == 0)
			return paths[i];
	return NULL;
}

static void write_der(const PkiCert *cert, const char *key_path, const char *cert_path)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ASSERT_EQ(i2d_PKCS8PrivateKey_bio(bio, cert->key, NULL, NULL, 0, NULL, NULL), 1);
	pki_write(bio, key_path, 0600);
	bio = BIO_new(BIO_s_mem());
	ASSERT_EQ(i2d_X509_bio(bio, cert->x), 1);
	pki_write(bio, cert_path, 0600);
}

/* Put a key and its certificate, if it is to have one, into the token. */
static void import(const PkiCert *cert, const char *label, int id, bool has_certificate)
{
	const char *tool = "pkcs11-tool --module \"$PKCS11_MODULE_PATH\" --token-label portcullis "
			   "--login --pin " PIN;
	const char *key = in_dir("key.der"), *x = in_dir("cert.der");

	write_der(cert, key, x);
	ASSERT_EQ(shell("%s --type privkey --write-object %s --label %s --id %02d", tool, key,
			  label, id),
		0);
	if (has_certificate)
		ASSERT_EQ(shell("%s --type cert --write-object %s --label %s --id %02d", tool, x,
				  label, id),
			0);
}

static PkiCert authority;

/* A token with an RSA key, one on P-256, and one that nobody vouches for; made once. */
static void need_token(void)
{
	static bool is_there;
	_cleanup_pki_ PkiCert rsa = {0}, ec = {0};
	const char *module = find_module();
	char text[600];

	if (is_there)
		return;
	if (!module || shell("command -v softhsm2-util && command -v pkcs11-tool") != 0)
		SKIP("SoftHSM or pkcs11-tool is not installed");
	snprintf(text, sizeof(text), "directories.tokendir = %s\nlog.level = ERROR\n",
		in_dir("tokens"));
	write_file(in_dir("softhsm.conf"), text, strlen(text));
	pki_mkdir(in_dir("tokens"));
	ASSERT_SYS(setenv("SOFTHSM2_CONF", in_dir("softhsm.conf"), 1));
	ASSERT_SYS(setenv("PKCS11_MODULE_PATH", module, 1)); /* for the engine */
	ASSERT_SYS(setenv("PKCS11_PROVIDER_MODULE", module, 1)); /* for the provider */
	ASSERT_EQ(shell("softhsm2-util --module %s --init-token --free --label portcullis "
			"--pin " PIN " --so-pin 1234567",
			  module),
		0);
	authority = pki_root("CA");
	rsa = pki_make(&(PkiSpec){
		.name = "rsa", .issuer = &authority, .usage = "codeSigning", .rsa_bits = 2048});
	ec = pki_signer("ec", &authority);
	import(&rsa, "rsa", 1, true);
	import(&ec, "ec", 2, true);
	import(&ec, "alone", 3, false);
	is_there = true;
}

static void open_it(const char *uri, const char *pin, int expected, Identity **ret)
{
	int r;

	problem = (CodeProblem){0};
	*ret = NULL;
	r = identity_open(NULL, uri, pin, ret, &problem);
	if (r == CODE_E_UNSUPPORTED)
		exit(CODE_E_UNSUPPORTED); /* neither provider nor engine */
	ASSERT_EQ(r, expected);
	ASSERT_EQ(problem.code, r);
	ASSERT_NULL(strstr(problem.text, PIN));
	ASSERT_EQ(ERR_peek_error(), 0UL);
}

/* A process that has logged in to a token stays so: each attempt is one of a new process. */
static void in_child(void (*attempt)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	need_token();
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		attempt(arg);
		_exit(0); /* the engine does not free what it has */
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_TRUE(WIFEXITED(status));
	if (WEXITSTATUS(status) == CODE_E_UNSUPPORTED)
		SKIP("libcrypto has neither a provider nor an engine for tokens");
	ASSERT_EQ(WEXITSTATUS(status), 0);
}

typedef struct Attempt {
	const char *uri;
	const char *pin;
	int expected;
	const char *why; /* what is said of it */
} Attempt;

static void attempt_once(void *arg)
{
	const Attempt *attempt = arg;
	Identity *identity;

	open_it(attempt->uri, attempt->pin, attempt->expected, &identity);
	if (attempt->expected != 0)
		ASSERT_STRSTR(problem.text, attempt->why);
	identity_free(identity);
}

static void expect(const char *uri, const char *pin, int expected, const char *why)
{
	Attempt attempt = {uri, pin, expected, why};

	in_child(attempt_once, &attempt);
}

static void sign_and_check(const Identity *identity, const char *name)
{
	const char *path = in_dir(name), *root = in_dir("anchors.d");
	_cleanup_staticcode_ StaticCode *code = NULL;
	_cleanup_certificates_ STACK_OF(X509) *chain = NULL;
	_cleanup_trust_ Trust *trust = NULL;
	_cleanup_cms_ Cms *cms = NULL;
	CmsSigner signer = {.identity = identity};
	SignerSpec spec = SUPPORT_SPEC;
	const Signature *s;
	size_t size = 0;

	write_elf(path, &(ElfKind){.text_size = 100});
	spec.sign = cms_sign;
	spec.sign_userdata = &signer;
	ASSERT_OK(signer_embed(&spec, path, &problem));
	ASSERT_OK(staticcode_new(path, &code, &problem));
	ASSERT_OK(staticcode_check_contents(code, true, NULL, NULL, &problem));
	s = staticcode_find_signature(code);
	const uint8_t *der = signature_find_cms(s, &size);
	const SignerRequest request = {.data = s->directories[0].blob.data,
		.size = s->directories[0].blob.size,
		.directories = s->directories,
		.hashes = s->directory_hashes,
		.n_directories = s->n_directories};
	ASSERT_OK(cms_verify(der, size, &request, &cms, &problem));
	if (access(root, F_OK) != 0) {
		pki_mkdir(root);
		pki_mkdir(in_dir("anchors.d/vendor"));
		pki_write_cert(&authority, in_dir("anchors.d/vendor/ca.pem"));
	}
	ASSERT_OK(trust_new(&root, 1, &trust, &problem));
	ASSERT_OK(trust_check(trust, cms_get_signer(cms), cms_get_certificates(cms),
		TRUST_CHECK_EXPIRY, &chain, &problem));
	ASSERT_EQ(X509_cmp(sk_X509_value(chain, 0), identity_get_certificate(identity)), 0);
}

static void sign_with_each(void *arg)
{
	static const char *const uris[] = {"pkcs11:token=portcullis;object=rsa",
		"pkcs11:object=ec;type=private", "pkcs11:token=portcullis;id=%02;type=cert"};

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(uris); i++) {
		_cleanup_identity_ Identity *identity = NULL;

		open_it(uris[i], PIN, 0, &identity);
		sign_and_check(identity, "code");
	}
}

TEST(keys_in_a_token_sign)
{
	in_child(sign_with_each, NULL);
}

static void sign_with_two(void *arg)
{
	_cleanup_identity_ Identity *one = NULL, *other = NULL;

	(void)arg;
	open_it("pkcs11:object=rsa", PIN, 0, &one);
	open_it("pkcs11:object=ec", PIN, 0, &other);
	sign_and_check(one, "one");
	one = identity_free(one);
	sign_and_check(other, "other");
}

TEST(two_at_once)
{
	in_child(sign_with_two, NULL);
}

TEST(the_pin_from_a_file)
{
	const char *pin = in_dir("pin");
	char uri[400];

	snprintf(uri, sizeof(uri), "pkcs11:object=ec?pin-source=file:%s", pin);
	expect(uri, NULL, CODE_E_ACCESS, "pin-source");
	write_file(pin, PIN "\n", sizeof(PIN));
	ASSERT_SYS(chmod(pin, 0644));
	expect(uri, NULL, CODE_E_ANCHORS, "0600");
	ASSERT_SYS(chmod(pin, 0600));
	expect(uri, NULL, 0, NULL);
	write_file(pin, "99999\n", 6);
	expect(uri, NULL, CODE_E_IDENTITY, "this PIN");
	/* A passphrase that was given comes first. */
	expect(uri, PIN, 0, NULL);
}

TEST(what_is_not_there_or_not_allowed)
{
	expect("pkcs11:object=nobody", PIN, CODE_E_IDENTITY, "key");
	expect("pkcs11:token=other;object=ec", PIN, CODE_E_IDENTITY, "key");
	expect("pkcs11:object=ec", NULL, CODE_E_IDENTITY, "without a PIN");
	expect("pkcs11:object=ec", "12345", CODE_E_IDENTITY, "this PIN");
	expect("pkcs11:object=ec", "", CODE_E_IDENTITY, "this PIN");
	expect("pkcs11:object=alone", PIN, CODE_E_IDENTITY, "certificate");
	expect("pkcs11:object=ec", PIN, 0, NULL);
}

/* And what it says shows no PIN. */
TEST(the_command_signs_by_it)
{
	const char *command = getenv("CODESIGN"), *path = in_dir("by-command"),
		   *pin = in_dir("pin2");

	need_token();
	ASSERT_NOT_NULL(command);
	write_elf(path, &(ElfKind){.text_size = 100});
	write_file(pin, PIN "\n", sizeof(PIN));
	ASSERT_SYS(chmod(pin, 0600));
	if (shell("%s -s 'pkcs11:object=ec?pin-source=%s' %s 2>&1 | grep -q 'cannot use tokens'",
		    command, pin, path) == 0)
		SKIP("libcrypto has neither a provider nor an engine for tokens");
	ASSERT_OK(check_file(path));
	ASSERT_EQ(shell("%s -dvv %s 2>&1 | grep -qx Authority=ec", command, path), 0);
	ASSERT_EQ(
		shell("%s -f -s pkcs11:object=ec --passphrase-file %s %s", command, pin, path), 0);
	ASSERT_NE(shell("%s -f -s pkcs11:object=ec %s", command, path), 0);
	ASSERT_NE(shell("%s -f -s 'pkcs11:object=ec?pin-value=" PIN "' %s", command, path), 0);
	ASSERT_NE(shell("%s -f -s 'pkcs11:object=ec?pin-value=" PIN "' %s 2>&1 | grep -q " PIN,
			  command, path),
		0);
	ASSERT_OK(check_file(path));
}
