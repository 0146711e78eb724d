/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another user wants to be believed: by root's programs in his home, by a set-uid program that he
 * starts, by a database of anchors that he may write to in part. Users are changed to, which takes root;
 * what an ordinary user can try alone is in test-trust.c.
 */
#include <grp.h>

#include "codesign/test-pki.h"
#include "codesign/trust.h"

#define NOBODY 65534

static CodeProblem problem;

static void need_root(void)
{
	if (geteuid() != 0)
		SKIP("only root can become another user");
}

/* In a child that is nobody. */
static void as_nobody(void (*act)(const char *path), const char *path)
{
	int status;
	pid_t pid = ASSERT_SYS(fork());

	if (pid == 0) {
		ASSERT_SYS(setgroups(0, NULL));
		ASSERT_SYS(setgid(NOBODY));
		ASSERT_SYS(setuid(NOBODY));
		act(path);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
}

static void own(const char *path)
{
	ASSERT_SYS(chown(path, NOBODY, NOBODY));
}

/* A home with anchors, all of which are nobody's. */
static const char *make_home(const PkiCert *ca)
{
	static const char *const names[] = {"home", "home/.config", "home/.config/portcullis",
		"home/.config/portcullis/anchors.d", "home/.config/portcullis/anchors.d/user"};
	const char *file = in_dir("home/.config/portcullis/anchors.d/user/ca.pem");

	ASSERT_SYS(chmod(in_dir("."), 0755));
	if (access(in_dir("home"), F_OK) == 0)
		return in_dir("home");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		pki_mkdir(in_dir(names[i]));
		own(in_dir(names[i]));
	}
	pki_write_cert(ca, file);
	own(file);
	return in_dir("home");
}

static PkiCert authority(void)
{
	return pki_root("nobody's");
}

static void trust_own_home(const char *path)
{
	_cleanup_trust_ Trust *trust = NULL;
	X509 *x;
	BIO *bio = BIO_new_file(path, "r");

	x = PEM_read_bio_X509(bio, NULL, ssl_passphrase, NULL);
	ASSERT_OK(trust_new_default(&trust, &problem));
	ASSERT_TRUE(trust_is_anchor(trust, "user", x));
	BIO_free(bio);
	X509_free(x);
}

TEST(a_home_that_is_somebody_elses)
{
	_cleanup_pki_ PkiCert ca = {0};
	Trust *trust = NULL;

	need_root();
	ca = authority();
	ASSERT_SYS(setenv("HOME", make_home(&ca), 1));
	/* He trusts it himself; root, with his HOME, does not, and says so. */
	as_nobody(trust_own_home, in_dir("home/.config/portcullis/anchors.d/user/ca.pem"));
	ASSERT_EQ(trust_new_default(&trust, &problem), CODE_E_ANCHORS);
	ASSERT_STRSTR(problem.text, "somebody else");
}

/* What he can do where only one thing is not root's. */
static void try_to_plant(const char *root)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/vendor/planted.pem", root);
	if (symlink("/tmp", path) < 0)
		(void)mkfifo(path, 0666); /* it may not be allowed, either */
}

TEST(a_directory_that_he_may_write_to)
{
	const char *root = in_dir("anchors.d"), *vendor = in_dir("anchors.d/vendor"),
		   *planted = in_dir("anchors.d/vendor/planted.pem");
	_cleanup_pki_ PkiCert ca = {0};
	Trust *trust = NULL;
	static const struct {
		mode_t mode;
		uid_t uid;
		gid_t gid;
		bool is_good;
	} cases[] = {
		{0755, 0, 0, true},
		{0755, 0, NOBODY, true},
		{0777, 0, 0, false},
		{01777, 0, 0, false},
		{0775, 0, NOBODY, false},
		{02775, 0, NOBODY, false},
		{0755, NOBODY, 0, false},
	};

	need_root();
	ca = authority();
	ASSERT_SYS(chmod(in_dir("."), 0755));
	pki_mkdir(root);
	pki_mkdir(vendor);
	pki_write_cert(&ca, in_dir("anchors.d/vendor/ca.pem"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_SYS(chown(vendor, cases[i].uid, cases[i].gid));
		ASSERT_SYS(chmod(vendor, cases[i].mode));
		as_nobody(try_to_plant, root);
		ASSERT_EQ(access(planted, F_OK) == 0, !cases[i].is_good);
		ASSERT_EQ(trust_new(&root, 1, &trust, &problem),
			cases[i].is_good ? 0 : CODE_E_ANCHORS);
		trust = trust_free(trust);
		/* What he left there counts as what it is, when the directory is put right. */
		ASSERT_SYS(chown(vendor, 0, 0));
		ASSERT_SYS(chmod(vendor, 0755));
		if (access(planted, F_OK) == 0) {
			ASSERT_EQ(trust_new(&root, 1, &trust, &problem), CODE_E_NOT_REGULAR);
			ASSERT_SYS(unlink(planted));
		}
	}
}

TEST(a_file_of_his_in_a_directory_of_roots)
{
	const char *root = in_dir("files.d"), *file = in_dir("files.d/vendor/ca.pem");
	_cleanup_pki_ PkiCert ca = {0};
	Trust *trust = NULL;

	need_root();
	ca = authority();
	pki_mkdir(root);
	pki_mkdir(in_dir("files.d/vendor"));
	pki_write_cert(&ca, file);
	own(file);
	ASSERT_EQ(trust_new(&root, 1, &trust, &problem), CODE_E_ANCHORS);
	ASSERT_SYS(chown(file, 0, NOBODY));
	ASSERT_SYS(chmod(file, 0664));
	ASSERT_EQ(trust_new(&root, 1, &trust, &problem), CODE_E_ANCHORS);
	ASSERT_SYS(chmod(file, 0644));
	ASSERT_OK(trust_new(&root, 1, &trust, &problem));
	trust_free(trust);
}

static int ask_fd;

static void ask(const char *certificate)
{
	ASSERT_SYS(dup2(ask_fd, 1));
	execl(in_dir("ask"), "ask", certificate, (char *)NULL);
	_exit(1);
}

TEST(a_set_uid_program_that_he_starts)
{
	_cleanup_pki_ PkiCert ca = {0};
	const char *program = getenv("ASK"), *file;
	char answer[400] = "", expected[60];
	int fds[2];
	size_t size;

	need_root();
	ASSERT_NOT_NULL(program);
	ca = authority();
	ASSERT_SYS(setenv("HOME", make_home(&ca), 1));
	file = in_dir("home/.config/portcullis/anchors.d/user/ca.pem");
	uint8_t *data = read_file(program, &size);
	write_file(in_dir("ask"), data, size);
	free(data);
	ASSERT_SYS(chmod(in_dir("ask"), 04755));
	ASSERT_SYS(pipe2(fds, O_CLOEXEC));
	ask_fd = fds[1];
	as_nobody(ask, file);
	close(fds[1]);
	ASSERT_GT(read(fds[0], answer, sizeof(answer) - 1), 0);
	close(fds[0]);
	if (strstr(answer, "secure 0"))
		SKIP("set-uid programs get no rights here");
	ASSERT_STRSTR(answer, "anchor 0");
	snprintf(expected, sizeof(expected), "token %d a program with more rights",
		CODE_E_UNSUPPORTED);
	ASSERT_STRSTR(answer, expected);
}
