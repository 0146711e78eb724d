/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Something is short while code is verified: memory (libcrypto's too), descriptors, threads. Each
 * call fails once; what comes of it is an error, or the right answer, and never that bad code is
 * good.
 */
#include <CoreFoundation/CoreFoundation.h>
#include <Security/SecCodePriv.h>
#include <Security/SecStaticCode.h>
#include <openssl/crypto.h>

#include "codesign/test-signed.h"
#include "codesign/verifier.h"
#include "tests/lib/fault.h"

/* Of libcrypto's allocations, which are some thousands each time, one in so many can be struck;
 * 0: none. */
static unsigned crypto_stride;

static bool is_spared(void)
{
	static unsigned n;

	return crypto_stride == 0 || ++n % crypto_stride != 0;
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
	bool spared = is_spared();
	void *p;

	(void)file, (void)line;
	if (spared)
		fault_pause();
	p = malloc(size);
	if (spared)
		fault_resume();
	return p;
}

static void *crypto_realloc(void *p, size_t size, const char *file, int line)
{
	bool spared = is_spared();

	(void)file, (void)line;
	if (spared)
		fault_pause();
	p = realloc(p, size);
	if (spared)
		fault_resume();
	return p;
}

static void crypto_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

__attribute__((__constructor__)) static void take_crypto(void)
{
	/* Before libcrypto allocates anything; else it goes on with its own, and less is tried. */
	(void)CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
}

static const char XML[] = PLIST_HEAD "<key>a</key><true/>" PLIST_TAIL;

typedef struct Subject {
	const char *path;
	Trust *trust;
	Requirement *requirement;
	CFURLRef url;
	SecRequirementRef ref;
	int expected; /* of the core */
	OSStatus expected_status;
} Subject;

/* A file by somebody who is trusted, with one of everything. */
static void make_file(const char *path, const Identity *identity)
{
	size_t der_size, set_size;
	_cleanup_free_ uint8_t *der = entitlements_der(XML, &der_size);
	_cleanup_free_ uint8_t *set = compile_set("designated => anchor trusted", &set_size);
	const SignerPart parts[] = {
		{.slot = CODE_SLOT_REQUIREMENTS, .data = set, .size = set_size, .is_blob = true},
		{.slot = CODE_SLOT_ENTITLEMENTS, .data = XML, .size = strlen(XML)},
		{.slot = CODE_SLOT_ENTITLEMENTS_DER, .data = der, .size = der_size},
	};
	SignerSpec spec = SUPPORT_SPEC;

	spec.parts = parts;
	spec.n_parts = ARRAY_SIZE(parts);
	sign_elf(path, &spec, identity);
}

static void subject_init(Subject *self)
{
	static char config[300];
	const char *home = in_dir("home"), *root;
	_cleanup_identity_ Identity *identity = NULL;

	*self = (Subject){.path = in_dir("code")};
	if (access(home, F_OK) != 0) {
		ASSERT_SYS(mkdir(home, 0700));
		ASSERT_SYS(setenv("HOME", home, 1));
		ASSERT_SYS(mkdir(in_dir("home/.config"), 0700));
		snprintf(config, sizeof(config), "%s", in_dir("home/.config/portcullis"));
		ASSERT_OK(identity_make(config, "me", NULL));
	}
	ASSERT_OK(identity_load_name(config, "me", NULL, &identity, NULL));
	make_file(self->path, identity);
	root = in_dir("home/.config/portcullis/anchors.d");
	ASSERT_OK(trust_new(&root, 1, &self->trust, NULL));
	self->requirement = compile("anchor trusted and entitlement[a] exists");
	self->ref = (SecRequirementRef)(void *)self->requirement;
	self->url = CFURLCreateFromFileSystemRepresentation(
		NULL, (const UInt8 *)self->path, (CFIndex)strlen(self->path), false);
}

static void subject_deinit(Subject *self)
{
	trust_free(self->trust);
	requirement_unref(self->requirement);
	CFRelease(self->url);
}

/* Bad code may seem bad in another way, when libcrypto does not say that it was memory. */
static void check(const Subject *self, int r)
{
	if (r == 0 && self->expected != 0)
		FAIL("verified, instead of %d", self->expected);
}

static void verify(void *arg)
{
	const Subject *self = arg;
	const VerifierOptions options = {
		.trust = self->trust,
		.flags = VERIFIER_STRICT | VERIFIER_NEED_ANCHOR | VERIFIER_OWN_REQUIREMENT |
			 VERIFIER_CHECK_EXPIRY,
		.requirement = self->requirement,
	};
	_cleanup_staticcode_ StaticCode *code = NULL;
	_cleanup_codeinfo_ CodeInfo *info = NULL;
	int r;

	r = staticcode_new(self->path, &code, NULL);
	if (r == 0) {
		staticcode_set_database(code, NULL);
		r = verifier_check(code, &options, &info, NULL);
		ASSERT_EQ(info != NULL, r == 0);
	}
	check(self, r);
}

static void verify_by_the_public_interface(void *arg)
{
	const Subject *self = arg;
	SecStaticCodeRef code = NULL;
	CFDictionaryRef info = NULL;
	CFErrorRef error = NULL;
	OSStatus status;

	status = SecStaticCodeCreateWithPath(self->url, 0, &code);
	ASSERT_EQ(code != NULL, status == errSecSuccess);
	if (!code)
		return;
	status = SecStaticCodeCheckValidityWithErrors(
		code, kSecCSCheckTrustedAnchors, self->ref, &error);
	ASSERT_TRUE(status != errSecSuccess || !error);
	if (status == errSecSuccess)
		ASSERT_EQ(self->expected_status, errSecSuccess);
	if (error)
		CFRelease(error);
	status = SecCodeCopySigningInformation(code, 0x7f, &info);
	ASSERT_EQ(info != NULL, status == errSecSuccess);
	if (info)
		CFRelease(info);
	CFRelease(code);
}

/* Once more when all is there: nothing of a failure stays. */
static void run(Subject *self, FaultKind kind, void (*fn)(void *arg), unsigned at_least)
{
	_cleanup_staticcode_ StaticCode *code = NULL;
	const VerifierOptions options = {.trust = self->trust};

	ASSERT_GE(fault_run_all(kind, fn, self), at_least);
	ASSERT_OK(staticcode_new(self->path, &code, NULL));
	ASSERT_EQ(verifier_check(code, &options, NULL, NULL), self->expected);
}

static void run_all(Subject *self)
{
	crypto_stride = 5;
	run(self, FAULT_MALLOC, verify, 100);
	crypto_stride = 0;
	run(self, FAULT_MALLOC, verify, 20);
	run(self, FAULT_MALLOC, verify_by_the_public_interface, 50);
	run(self, FAULT_OPEN, verify, 1);
	run(self, FAULT_OPEN, verify_by_the_public_interface, 2);
	run(self, FAULT_DUPFD, verify_by_the_public_interface, 0);
	run(self, FAULT_THREAD, verify, 0);
}

TEST(good_code)
{
	Subject subject;

	subject_init(&subject);
	run_all(&subject);
	subject_deinit(&subject);
}

TEST(code_that_was_changed)
{
	Subject subject;
	uint8_t changed = 0x99;
	int fd;

	subject_init(&subject);
	fd = ASSERT_SYS(open(subject.path, O_WRONLY | O_CLOEXEC));
	ASSERT_EQ(pwrite(fd, &changed, 1, 200), 1);
	close(fd);
	subject.expected = CODE_E_MODIFIED;
	subject.expected_status = errSecCSSignatureFailed;
	run_all(&subject);
	subject_deinit(&subject);
}

/* A signature that is all right but for the last bit of the CMS: libcrypto alone can tell. */
TEST(a_forged_signature)
{
	_cleanup_staticcode_ StaticCode *code = NULL;
	_cleanup_free_ uint8_t *bytes = NULL, *file = NULL;
	SuperBlobBuilder builder;
	const uint8_t *old;
	size_t size, file_size;
	uint64_t offset;
	Subject subject;

	subject_init(&subject);
	ASSERT_OK(staticcode_new(subject.path, &code, NULL));
	ASSERT_OK(staticcode_load(code, NULL));
	old = staticcode_get_bytes(code, &size, &offset);
	superblob_builder_init(&builder);
	for (uint32_t i = 0; i + 1 < staticcode_find_signature(code)->super.n; i++) {
		uint32_t slot;
		BlobView blob = superblob_get(&staticcode_find_signature(code)->super, i, &slot);
		uint8_t *copy = memcpy(malloc(blob.size), blob.data, blob.size);

		if (slot == CODE_SLOT_CMS)
			copy[blob.size - 1] ^= 1;
		ASSERT_OK(superblob_builder_add(&builder, slot, copy, blob.size));
		free(copy);
	}
	(void)old;
	ASSERT_OK(signature_encode(&builder, &bytes, &size, NULL));
	superblob_builder_deinit(&builder);
	file = read_file(subject.path, &file_size);
	memcpy(file + offset, bytes, size);
	write_file(subject.path, file, file_size);
	subject.expected = CODE_E_CMS;
	subject.expected_status = errSecCSSignatureFailed;
	run_all(&subject);
	subject_deinit(&subject);
}
