/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Trust, and several threads that use it at once: to judge chains, good and bad, of certificates of
 * their own and of ones that they share; and some that read the same files meanwhile.
 */
#include "codesign/cms.h"
#include "codesign/test-pki.h"
#include "codesign/trust.h"

#define N_THREADS 6
#define N_ROUNDS 60

static CodeProblem problem;

typedef struct Scene {
	const char *root;
	Trust *trust;
	PkiCert ca, middle, leaf, revoked, foreign, stranger;
} Scene;

typedef struct Worker {
	pthread_t thread;
	const Scene *scene;
	unsigned n_wrong;
} Worker;

static void scene_init(Scene *self)
{
	self->root = in_dir("anchors.d");
	self->ca = pki_root("CA");
	self->stranger = pki_root("CA");
	self->middle = pki_make(
		&(PkiSpec){.name = "middle", .issuer = &self->ca, .is_authority = true});
	self->leaf = pki_signer("leaf", &self->middle);
	self->revoked = pki_signer("revoked", &self->middle);
	self->foreign = pki_signer("foreign", &self->stranger);
	pki_mkdir(self->root);
	pki_mkdir(in_dir("anchors.d/vendor"));
	pki_write_cert(&self->ca, in_dir("anchors.d/vendor/ca.pem"));
	pki_write_crl(&self->ca, NULL, in_dir("anchors.d/vendor/ca.crl"));
	pki_write_crl(&self->middle, &self->revoked, in_dir("anchors.d/vendor/middle.crl"));
	ASSERT_OK(trust_new(&self->root, 1, &self->trust, &problem));
}

static void scene_deinit(Scene *self)
{
	pki_deinit(&self->ca);
	pki_deinit(&self->middle);
	pki_deinit(&self->leaf);
	pki_deinit(&self->revoked);
	pki_deinit(&self->foreign);
	pki_deinit(&self->stranger);
	trust_free(self->trust);
}

static int judge(const Scene *scene, const Trust *trust, X509 *leaf)
{
	STACK_OF(X509) *others = sk_X509_new_null(), *chain = NULL;
	int r;

	(void)sk_X509_push(others, scene->middle.x);
	r = trust_check(
		trust, leaf, others, TRUST_CHECK_EXPIRY | TRUST_CHECK_REVOCATION, &chain, NULL);
	if (r == 0 && !trust_is_anchor(trust, "vendor", sk_X509_value(chain, 2)))
		r = -1;
	sk_X509_pop_free(chain, X509_free);
	sk_X509_free(others);
	return r;
}

static void *work(void *arg)
{
	Worker *self = arg;
	const Scene *scene = self->scene;

	for (unsigned i = 0; i < N_ROUNDS; i++) {
		X509 *own = X509_dup(scene->leaf.x);
		Trust *trust = NULL;

		self->n_wrong += judge(scene, scene->trust, scene->leaf.x) != 0;
		self->n_wrong += judge(scene, scene->trust, own) != 0;
		self->n_wrong += judge(scene, scene->trust, scene->revoked.x) != CODE_E_REVOKED;
		self->n_wrong += judge(scene, scene->trust, scene->foreign.x) != CODE_E_UNTRUSTED;
		if (i % 8 == 0) {
			self->n_wrong += trust_new(&scene->root, 1, &trust, NULL) != 0 ||
					 judge(scene, trust, own) != 0;
			trust_free(trust);
		}
		X509_free(own);
	}
	return NULL;
}

TEST(one_for_all)
{
	Worker workers[N_THREADS] = {0};
	Scene scene;

	scene_init(&scene);
	for (size_t i = 0; i < N_THREADS; i++) {
		workers[i].scene = &scene;
		ASSERT_EQ(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (size_t i = 0; i < N_THREADS; i++) {
		ASSERT_EQ(pthread_join(workers[i].thread, NULL), 0);
		ASSERT_EQ(workers[i].n_wrong, 0u);
	}
	scene_deinit(&scene);
}
