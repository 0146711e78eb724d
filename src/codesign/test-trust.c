/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to trust: anchors, chains, dates, lists of revoked certificates, and the authority of requirements. */

#include "codesign/test-pki.h"
#include "codesign/trust.h"

static CodeProblem problem;

/* A new root with these purposes, for each test its own. */
static const char *new_root(const char *name)
{
	const char *root = in_dir(name);
	static const char *const purposes[] = {"platform", "vendor", "user", "acme"};

	pki_mkdir(root);
	for (size_t i = 0; i < ARRAY_SIZE(purposes); i++) {
		char path[300];

		snprintf(path, sizeof(path), "%s/%s", root, purposes[i]);
		pki_mkdir(path);
	}
	return root;
}

static const char *below(const char *root, const char *file)
{
	static char paths[8][400];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", root, file);
	return path;
}

static int open_root(const char *root, Trust **ret)
{
	problem = (CodeProblem){0};
	return trust_new(&root, 1, ret, &problem);
}

/* What is said of @leaf with up to two others, and how many certificates the chain has. */
static int judge(const char *root, const PkiCert *leaf, const PkiCert *one, const PkiCert *two,
	unsigned flags, int *ret_n)
{
	_cleanup_trust_ Trust *trust = NULL;
	_cleanup_certificates_ STACK_OF(X509) *chain = NULL;
	STACK_OF(X509) *others = sk_X509_new_null();
	int r;

	ASSERT_OK(open_root(root, &trust));
	if (one)
		sk_X509_push(others, one->x);
	if (two)
		sk_X509_push(others, two->x);
	r = trust_check(trust, leaf->x, others, flags, &chain, &problem);
	sk_X509_free(others);
	if (r == 0 && ret_n)
		*ret_n = sk_X509_num(chain);
	if (r != 0)
		ASSERT_EQ(problem.code, r);
	return r;
}

TEST(a_chain_ends_in_an_anchor)
{
	const char *root = new_root("chain");
	_cleanup_pki_ PkiCert ca = pki_root("CA");
	_cleanup_pki_ PkiCert stranger = pki_root("CA");
	_cleanup_pki_ PkiCert middle = pki_make(
		&(PkiSpec){.name = "middle", .issuer = &ca, .is_authority = true});
	_cleanup_pki_ PkiCert leaf = pki_signer("leaf", &middle);
	_cleanup_pki_ PkiCert foreign = pki_signer("foreign", &stranger);
	int n = 0;

	ASSERT_EQ(judge(root, &leaf, &middle, &ca, 0, NULL), CODE_E_UNTRUSTED);
	pki_write_cert(&ca, below(root, "vendor/ca.pem"));
	ASSERT_OK(judge(root, &leaf, &middle, &ca, 0, &n));
	ASSERT_EQ(n, 3);
	ASSERT_OK(judge(root, &leaf, &middle, NULL, 0, &n));
	ASSERT_EQ(judge(root, &leaf, &ca, NULL, 0, NULL), CODE_E_UNTRUSTED);
	ASSERT_EQ(judge(root, &foreign, &stranger, NULL, 0, NULL), CODE_E_UNTRUSTED);
	/* An anchor need not be a root. */
	pki_write_cert(&middle, below(root, "platform/middle.pem"));
	ASSERT_SYS(unlink(below(root, "vendor/ca.pem")));
	ASSERT_OK(judge(root, &leaf, NULL, NULL, 0, &n));
	ASSERT_EQ(n, 2);
}

TEST(authorities_of_one_name_are_told_apart)
{
	const char *root = new_root("namesakes");
	_cleanup_pki_ PkiCert one = pki_root("CA"), other = pki_root("CA"), third = pki_root("CA");
	_cleanup_pki_ PkiCert by_one = pki_signer("a", &one), by_other = pki_signer("b", &other),
			      by_third = pki_signer("c", &third);

	pki_write_cert(&one, below(root, "vendor/one.pem"));
	pki_write_cert(&other, below(root, "acme/other.pem"));
	pki_write_crl(&one, NULL, below(root, "vendor/one.crl"));
	pki_write_crl(&other, NULL, below(root, "acme/other.crl"));
	ASSERT_OK(judge(root, &by_one, &third, &other, TRUST_CHECK_EXPIRY, NULL));
	ASSERT_OK(judge(root, &by_other, &third, &one, TRUST_CHECK_EXPIRY, NULL));
	ASSERT_EQ(judge(root, &by_third, &third, NULL, 0, NULL), CODE_E_UNTRUSTED);
	ASSERT_OK(judge(root, &by_one, NULL, NULL, TRUST_CHECK_REVOCATION, NULL));
	ASSERT_OK(judge(root, &by_other, NULL, NULL, TRUST_CHECK_REVOCATION, NULL));
}

TEST(certificates_are_for_what_they_say)
{
	const char *root = new_root("usage");
	_cleanup_pki_ PkiCert ca = pki_root("CA");
	PkiSpec specs[] = {
		{.name = "none"},
		{.name = "tls", .usage = "serverAuth,clientAuth"},
		{.name = "any", .usage = "anyExtendedKeyUsage"},
		{.name = "agreement", .usage = "codeSigning", .key_usage = "keyAgreement"},
		{.name = "small", .usage = "codeSigning", .rsa_bits = 1024},
		{.name = "sha1", .usage = "codeSigning", .md = EVP_sha1()},
	};

	pki_write_cert(&ca, below(root, "vendor/ca.pem"));
	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		PkiCert leaf;

		specs[i].issuer = &ca;
		leaf = pki_make(&specs[i]);
		ASSERT_EQ(judge(root, &leaf, NULL, NULL, 0, NULL), CODE_E_UNTRUSTED);
		pki_deinit(&leaf);
	}
	_cleanup_pki_ PkiCert good = pki_make(&(PkiSpec){.name = "good",
		.issuer = &ca,
		.usage = "critical,codeSigning,emailProtection",
		.key_usage = "digitalSignature",
		.rsa_bits = 2048});
	ASSERT_OK(judge(root, &good, NULL, NULL, 0, NULL));
}

TEST(who_is_no_authority_vouches_for_nobody)
{
	const char *root = new_root("authority");
	_cleanup_pki_ PkiCert ca = pki_root("CA");
	_cleanup_pki_ PkiCert narrow = pki_make(&(PkiSpec){.name = "narrow",
		.issuer = &ca,
		.is_authority = true,
		.constraints = "critical,CA:TRUE,pathlen:0"});
	_cleanup_pki_ PkiCert below_narrow = pki_make(
		&(PkiSpec){.name = "below", .issuer = &narrow, .is_authority = true});
	_cleanup_pki_ PkiCert tls = pki_make(&(PkiSpec){
		.name = "tls", .issuer = &ca, .is_authority = true, .usage = "serverAuth"});
	_cleanup_pki_ PkiCert signer = pki_signer("signer", &ca);
	_cleanup_pki_ PkiCert plain = pki_make(
		&(PkiSpec){.name = "plain", .issuer = &ca, .constraints = ""});
	_cleanup_pki_ PkiCert by_narrow = pki_signer("a", &narrow);
	_cleanup_pki_ PkiCert by_below = pki_signer("b", &below_narrow);
	_cleanup_pki_ PkiCert by_tls = pki_signer("c", &tls);
	_cleanup_pki_ PkiCert by_signer = pki_signer("d", &signer);
	_cleanup_pki_ PkiCert by_plain = pki_signer("e", &plain);

	pki_write_cert(&ca, below(root, "acme/ca.pem"));
	ASSERT_OK(judge(root, &by_narrow, &narrow, NULL, 0, NULL));
	ASSERT_EQ(judge(root, &by_below, &below_narrow, &narrow, 0, NULL), CODE_E_UNTRUSTED);
	ASSERT_EQ(judge(root, &by_tls, &tls, NULL, 0, NULL), CODE_E_UNTRUSTED);
	ASSERT_EQ(judge(root, &by_signer, &signer, NULL, 0, NULL), CODE_E_UNTRUSTED);
	ASSERT_EQ(judge(root, &by_plain, &plain, NULL, 0, NULL), CODE_E_UNTRUSTED);
}

TEST(weak_authorities_vouch_for_nobody)
{
	const char *root = new_root("weak");
	_cleanup_pki_ PkiCert ca = pki_root("CA");
	_cleanup_pki_ PkiCert small = pki_make(
		&(PkiSpec){.name = "small", .issuer = &ca, .is_authority = true, .rsa_bits = 1024});
	_cleanup_pki_ PkiCert sha1 = pki_make(
		&(PkiSpec){.name = "sha1", .issuer = &ca, .is_authority = true, .md = EVP_sha1()});
	_cleanup_pki_ PkiCert anchor = pki_make(
		&(PkiSpec){.name = "anchor", .is_authority = true, .rsa_bits = 1024});
	_cleanup_pki_ PkiCert by_small = pki_signer("a", &small), by_sha1 = pki_signer("b", &sha1),
			      by_anchor = pki_signer("c", &anchor);

	pki_write_cert(&ca, below(root, "vendor/ca.pem"));
	pki_write_cert(&anchor, below(root, "vendor/anchor.pem"));
	ASSERT_EQ(judge(root, &by_small, &small, NULL, 0, NULL), CODE_E_UNTRUSTED);
	ASSERT_EQ(judge(root, &by_sha1, &sha1, NULL, 0, NULL), CODE_E_UNTRUSTED);
	ASSERT_EQ(judge(root, &by_anchor, NULL, NULL, 0, NULL), CODE_E_UNTRUSTED);
}

/* The same key and name as @cert, by @issuer. */
static PkiCert cross(const PkiCert *cert, const PkiCert *issuer)
{
	X509 *x = X509_dup(cert->x);

	ASSERT_EQ(X509_set_issuer_name(x, X509_get_subject_name(issuer->x)), 1);
	ASSERT_GT(X509_sign(x, issuer->key, EVP_sha256()), 0);
	EVP_PKEY_up_ref(cert->key);
	return (PkiCert){.x = x, .key = cert->key};
}

TEST(chains_that_go_round_end)
{
	const char *root = new_root("loop");
	_cleanup_pki_ PkiCert ca = pki_root("CA"), one = pki_root("one"), two = pki_root("two");
	_cleanup_pki_ PkiCert one_by_two = cross(&one, &two), two_by_one = cross(&two, &one);
	_cleanup_pki_ PkiCert leaf = pki_signer("leaf", &one);
	_cleanup_pki_ PkiCert selfish = pki_make(
		&(PkiSpec){.name = "self", .usage = "codeSigning"});
	int n = 0;

	pki_write_cert(&ca, below(root, "vendor/ca.pem"));
	ASSERT_EQ(judge(root, &leaf, &one_by_two, &two_by_one, 0, NULL), CODE_E_UNTRUSTED);
	ASSERT_EQ(judge(root, &selfish, &selfish, NULL, 0, NULL), CODE_E_UNTRUSTED);
	/* There is a way out of it. */
	pki_write_cert(&two, below(root, "vendor/two.pem"));
	ASSERT_OK(judge(root, &leaf, &one_by_two, &two_by_one, 0, &n));
	ASSERT_EQ(n, 3);
	/* Who is an anchor himself needs nobody. */
	pki_write_cert(&selfish, below(root, "vendor/self.pem"));
	ASSERT_OK(judge(root, &selfish, NULL, NULL, TRUST_CHECK_REVOCATION, &n));
	ASSERT_EQ(n, 1);
}

TEST(crowds_of_certificates)
{
	const char *root = new_root("crowd");
	_cleanup_pki_ PkiCert ca = pki_root("CA"), stranger = pki_root("CA");
	_cleanup_pki_ PkiCert leaf = pki_signer("leaf", &ca);
	_cleanup_trust_ Trust *trust = NULL;
	STACK_OF(X509) *others = sk_X509_new_null(), *chain = NULL;
	BIO *bio = BIO_new(BIO_s_mem());

	/* Namesakes in the thousands hide nobody, and nobody waits for them for long. */
	pki_write_cert(&ca, below(root, "vendor/ca.pem"));
	ASSERT_OK(open_root(root, &trust));
	for (int i = 0; i < 10000; i++)
		sk_X509_push(others, stranger.x);
	ASSERT_OK(trust_check(trust, leaf.x, others, 0, &chain, &problem));
	ASSERT_EQ(sk_X509_num(chain), 2);
	sk_X509_pop_free(chain, X509_free);
	sk_X509_free(others);
	/* As anchors they are too many. */
	for (unsigned i = 0; i <= TRUST_FILES_MAX; i++)
		ASSERT_EQ(PEM_write_bio_X509(bio, stranger.x), 1);
	pki_write(bio, below(root, "vendor/many.pem"), 0644);
	trust = trust_free(trust);
	ASSERT_EQ(open_root(root, &trust), CODE_E_TOO_BIG);
	ASSERT_SYS(unlink(below(root, "vendor/many.pem")));
	for (unsigned i = 0; i < TRUST_FILES_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "acme/%u.pem", i);
		pki_write_cert(&stranger, below(root, name));
	}
	ASSERT_EQ(open_root(root, &trust), CODE_E_TOO_BIG);
	root = new_root("large");
	pki_write_cert(&ca, below(root, "vendor/ca.pem"));
	ASSERT_SYS(truncate(below(root, "vendor/ca.pem"), (off_t)5 << 20));
	ASSERT_EQ(open_root(root, &trust), CODE_E_TOO_BIG);
}

TEST(chains_are_short)
{
	const char *root = new_root("depth");
	PkiCert certs[TRUST_CHAIN_MAX + 1];
	_cleanup_trust_ Trust *trust = NULL;
	STACK_OF(X509) *others = sk_X509_new_null();

	certs[0] = pki_root("0");
	pki_write_cert(&certs[0], below(root, "user/ca.pem"));
	ASSERT_OK(open_root(root, &trust));
	for (int i = 1; i <= TRUST_CHAIN_MAX; i++) {
		char name[12];

		snprintf(name, sizeof(name), "%d", i);
		certs[i] = pki_make(
			&(PkiSpec){.name = name, .issuer = &certs[i - 1], .is_authority = true});
		sk_X509_push(others, certs[i].x);
	}
	for (int n = TRUST_CHAIN_MAX - 1; n <= TRUST_CHAIN_MAX + 1; n++) {
		PkiCert leaf = pki_signer("leaf", &certs[n - 2]);
		_cleanup_certificates_ STACK_OF(X509) *chain = NULL;
		int r = trust_check(trust, leaf.x, others, 0, &chain, &problem);

		ASSERT_EQ(r, n <= TRUST_CHAIN_MAX ? 0 : CODE_E_UNTRUSTED);
		if (r == 0)
			ASSERT_EQ(sk_X509_num(chain), n);
		pki_deinit(&leaf);
	}
	sk_X509_free(others);
	for (int i = 0; i <= TRUST_CHAIN_MAX; i++)
		pki_deinit(&certs[i]);
}

TEST(dates_count_where_asked_for)
{
	const char *root = new_root("dates");
	_cleanup_pki_ PkiCert ca = pki_root("CA");
	_cleanup_pki_ PkiCert old = pki_make(&(PkiSpec){.name = "old",
		.issuer = &ca,
		.usage = "codeSigning",
		.from_days = -20,
		.to_days = -10});
	_cleanup_pki_ PkiCert early = pki_make(&(PkiSpec){
		.name = "early", .issuer = &ca, .usage = "codeSigning", .from_days = 10});
	_cleanup_trust_ Trust *trust = NULL;
	_cleanup_certificates_ STACK_OF(X509) *chain = NULL;

	pki_write_cert(&ca, below(root, "acme/ca.pem"));
	ASSERT_OK(judge(root, &old, NULL, NULL, 0, NULL));
	ASSERT_OK(judge(root, &early, NULL, NULL, 0, NULL));
	ASSERT_EQ(judge(root, &old, NULL, NULL, TRUST_CHECK_EXPIRY, NULL), CODE_E_EXPIRED);
	ASSERT_EQ(judge(root, &early, NULL, NULL, TRUST_CHECK_EXPIRY, NULL), CODE_E_EXPIRED);
	ASSERT_OK(open_root(root, &trust));
	ASSERT_OK(trust_check_at(trust, early.x, NULL, TRUST_CHECK_EXPIRY, time(NULL) + 15 * 86400,
		&chain, &problem));
}

TEST(revoked_ones_are_told)
{
	const char *root = new_root("revoked");
	_cleanup_pki_ PkiCert ca = pki_root("CA");
	_cleanup_pki_ PkiCert good = pki_signer("good", &ca);
	_cleanup_pki_ PkiCert bad = pki_signer("bad", &ca);
	_cleanup_pki_ PkiCert middle = pki_make(
		&(PkiSpec){.name = "middle", .issuer = &ca, .is_authority = true});
	_cleanup_pki_ PkiCert deep = pki_signer("deep", &middle);
	_cleanup_pki_ PkiCert stranger = pki_root("CA");

	pki_write_cert(&ca, below(root, "vendor/ca.pem"));
	/* No list: nobody knows. */
	ASSERT_OK(judge(root, &good, NULL, NULL, 0, NULL));
	ASSERT_EQ(judge(root, &good, NULL, NULL, TRUST_CHECK_REVOCATION, NULL), CODE_E_REVOKED);
	/* One that another authority of that name made is none. */
	pki_write_crl(&stranger, NULL, below(root, "vendor/ca.crl"));
	ASSERT_EQ(judge(root, &good, NULL, NULL, TRUST_CHECK_REVOCATION, NULL), CODE_E_REVOKED);
	pki_write_crl(&stranger, &good, below(root, "vendor/ca.crl"));
	ASSERT_OK(judge(root, &good, NULL, NULL, 0, NULL));
	pki_write_crl(&ca, &bad, below(root, "vendor/ca.crl"));
	ASSERT_OK(judge(root, &good, NULL, NULL, TRUST_CHECK_REVOCATION, NULL));
	ASSERT_EQ(judge(root, &bad, NULL, NULL, TRUST_CHECK_REVOCATION, NULL), CODE_E_REVOKED);
	/* Also where no list is asked for; then others need none. */
	ASSERT_EQ(judge(root, &bad, NULL, NULL, 0, NULL), CODE_E_REVOKED);
	ASSERT_OK(judge(root, &deep, &middle, NULL, 0, NULL));
	/* Each issuer needs one, but for the anchor. */
	ASSERT_EQ(judge(root, &deep, &middle, NULL, TRUST_CHECK_REVOCATION, NULL), CODE_E_REVOKED);
	pki_write_crl(&middle, NULL, below(root, "vendor/middle.crl"));
	ASSERT_OK(judge(root, &deep, &middle, NULL, TRUST_CHECK_REVOCATION, NULL));
	pki_write_crl(&ca, &middle, below(root, "vendor/ca.crl"));
	ASSERT_EQ(judge(root, &deep, &middle, NULL, TRUST_CHECK_REVOCATION, NULL), CODE_E_REVOKED);
	ASSERT_EQ(judge(root, &deep, &middle, NULL, 0, NULL), CODE_E_REVOKED);
	/* An anchor that another one issued needs none, whatever the other thinks of it. */
	ASSERT_SYS(unlink(below(root, "vendor/ca.pem")));
	pki_write_cert(&middle, below(root, "vendor/middle.pem"));
	ASSERT_OK(judge(root, &deep, NULL, NULL, TRUST_CHECK_REVOCATION, NULL));
	ASSERT_SYS(unlink(below(root, "vendor/ca.crl")));
	ASSERT_OK(judge(root, &deep, NULL, NULL, TRUST_CHECK_REVOCATION, NULL));
	pki_write_crl(&middle, &deep, below(root, "vendor/middle.crl"));
	ASSERT_EQ(judge(root, &deep, NULL, NULL, TRUST_CHECK_REVOCATION, NULL), CODE_E_REVOKED);
	ASSERT_EQ(judge(root, &deep, NULL, NULL, 0, NULL), CODE_E_REVOKED);
}

TEST(files_that_others_can_write_are_refused)
{
	const char *root = new_root("files");
	_cleanup_pki_ PkiCert ca = pki_root("CA");
	const char *file = below(root, "vendor/ca.pem");
	Trust *trust = NULL;

	pki_write_cert(&ca, file);
	ASSERT_SYS(chmod(file, 0664));
	ASSERT_EQ(open_root(root, &trust), CODE_E_ANCHORS);
	ASSERT_STRSTR(problem.text, "ca.pem");
	ASSERT_SYS(chmod(file, 0646));
	ASSERT_EQ(open_root(root, &trust), CODE_E_ANCHORS);
	ASSERT_SYS(chmod(file, 0644));
	ASSERT_SYS(chmod(below(root, "user"), 0777));
	ASSERT_EQ(open_root(root, &trust), CODE_E_ANCHORS);
	ASSERT_SYS(chmod(below(root, "user"), 0755));
	ASSERT_SYS(chmod(root, 0775));
	ASSERT_EQ(open_root(root, &trust), CODE_E_ANCHORS);
	ASSERT_SYS(chmod(root, 0755));
	if (geteuid() == 0) {
		ASSERT_SYS(chown(file, 12345, 0));
		ASSERT_EQ(open_root(root, &trust), CODE_E_ANCHORS);
		ASSERT_SYS(chown(file, 0, 0));
	}
	ASSERT_OK(open_root(root, &trust));
	trust_free(trust);
}

TEST(files_that_are_not_what_they_say_are_refused)
{
	const char *root = new_root("damaged");
	_cleanup_pki_ PkiCert ca = pki_root("CA");
	static const char broken[] =
		"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
	const char *file = below(root, "vendor/x.pem");
	Trust *trust = NULL;

	write_file(file, "", 0);
	ASSERT_EQ(open_root(root, &trust), CODE_E_ANCHORS);
	write_file(file, broken, sizeof(broken) - 1);
	ASSERT_EQ(open_root(root, &trust), CODE_E_ANCHORS);
	write_file(file, broken, 40);
	ASSERT_EQ(open_root(root, &trust), CODE_E_ANCHORS);
	pki_write_crl(&ca, NULL, file);
	ASSERT_EQ(open_root(root, &trust), CODE_E_ANCHORS);
	ASSERT_SYS(unlink(file));
	ASSERT_SYS(symlink("/dev/null", file));
	ASSERT_EQ(open_root(root, &trust), CODE_E_NOT_REGULAR);
	ASSERT_SYS(unlink(file));
	ASSERT_SYS(mkfifo(file, 0600));
	ASSERT_EQ(open_root(root, &trust), CODE_E_NOT_REGULAR);
	ASSERT_SYS(unlink(file));
	ASSERT_SYS(symlink("vendor", below(root, "link")));
	ASSERT_EQ(open_root(root, &trust), CODE_E_ACCESS);
	ASSERT_SYS(unlink(below(root, "link")));
	/* Other names are nobody's business. */
	write_file(below(root, "vendor/README"), "hello", 5);
	write_file(below(root, "README"), "hello", 5);
	write_file(below(root, "vendor/.x.pem"), "hello", 5);
	ASSERT_OK(open_root(root, &trust));
	trust_free(trust);
	ASSERT_OK(open_root(below(root, "there-is-none"), &trust));
	ASSERT_FALSE(trust_is_anchor(trust, NULL, ca.x));
	trust_free(trust);
}

static bool ask(Trust *trust, ReqAnchor kind, const char *name, X509 *x)
{
	const ReqData data = {.p = (const uint8_t *)name, .n = name ? (uint32_t)strlen(name) : 0};
	bool answer = true;

	ASSERT_OK(trust_authority.is_anchor(trust, kind, data, &x, 1, x, &answer));
	return answer;
}

TEST(requirements_ask_by_purpose)
{
	const char *roots[] = {new_root("purposes"), new_root("more-purposes")};
	_cleanup_pki_ PkiCert platform = pki_root("platform"), vendor = pki_root("vendor"),
			      acme = pki_root("acme"), other = pki_root("acme");
	_cleanup_trust_ Trust *trust = NULL;

	pki_write_cert(&platform, below(roots[0], "platform/a.pem"));
	pki_write_cert(&vendor, below(roots[1], "vendor/a.pem"));
	pki_write_cert(&acme, below(roots[1], "acme/a.pem"));
	ASSERT_OK(trust_new(roots, 2, &trust, &problem));
	ASSERT_TRUE(ask(trust, REQ_ANCHOR_PLATFORM, NULL, platform.x));
	ASSERT_FALSE(ask(trust, REQ_ANCHOR_PLATFORM, NULL, vendor.x));
	ASSERT_TRUE(ask(trust, REQ_ANCHOR_PLATFORM_GENERIC, NULL, platform.x));
	ASSERT_TRUE(ask(trust, REQ_ANCHOR_PLATFORM_GENERIC, NULL, vendor.x));
	ASSERT_FALSE(ask(trust, REQ_ANCHOR_PLATFORM_GENERIC, NULL, acme.x));
	ASSERT_TRUE(ask(trust, REQ_ANCHOR_NAMED, "acme", acme.x));
	ASSERT_FALSE(ask(trust, REQ_ANCHOR_NAMED, "acm", acme.x));
	ASSERT_FALSE(ask(trust, REQ_ANCHOR_NAMED, "", acme.x));
	ASSERT_FALSE(ask(trust, REQ_ANCHOR_NAMED, "acme", other.x));
	ASSERT_FALSE(ask(trust, REQ_ANCHOR_NAMED, "acme", vendor.x));
	ASSERT_TRUE(ask(trust, REQ_ANCHOR_TRUSTED, NULL, acme.x));
	ASSERT_FALSE(ask(trust, REQ_ANCHOR_TRUSTED, NULL, other.x));
}

TEST(defaults_are_the_users_and_the_administrators)
{
	const char *home = in_dir("home"), *root;
	_cleanup_pki_ PkiCert ca = pki_root("CA");
	_cleanup_trust_ Trust *trust = NULL;

	pki_mkdir(home);
	pki_mkdir(below(home, ".config"));
	pki_mkdir(below(home, ".config/portcullis"));
	root = new_root("home/.config/portcullis/anchors.d");
	pki_write_cert(&ca, below(root, "user/ca.pem"));
	ASSERT_SYS(setenv("HOME", home, 1));
	ASSERT_OK(trust_new_default(&trust, &problem));
	ASSERT_TRUE(trust_is_anchor(trust, "user", ca.x));
}

/* A single anchor is the end of chains, and of no purpose. */
TEST(a_single_anchor)
{
	_cleanup_pki_ PkiCert ca = pki_root("CA"), other = pki_root("CA");
	_cleanup_pki_ PkiCert leaf = pki_signer("leaf", &ca);
	_cleanup_trust_ Trust *right = NULL, *wrong = NULL;
	_cleanup_certificates_ STACK_OF(X509) *chain = NULL;

	ASSERT_OK(trust_new_single(ca.x, &right));
	ASSERT_OK(trust_new_single(other.x, &wrong));
	ASSERT_EQ(trust_check(wrong, leaf.x, NULL, 0, &chain, &problem), CODE_E_UNTRUSTED);
	ASSERT_OK(trust_check(right, leaf.x, NULL, 0, &chain, &problem));
	ASSERT_EQ(sk_X509_num(chain), 2);
	ASSERT_FALSE(trust_is_anchor(right, NULL, ca.x));
}
