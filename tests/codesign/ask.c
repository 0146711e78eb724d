/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program believes that another user starts: for trust_attack.c, which makes it set-uid. Says
 * whether the certificate in the file of its argument is an anchor, whether it is privileged, and what
 * becomes of a key in a token.
 */
#include <stdio.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "codesign/identity.h"
#include "codesign/ssl.h"
#include "codesign/trust.h"

static int ask(const char *path)
{
	CodeProblem problem = {0};
	BIO *bio = BIO_new_file(path, "r");
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, ssl_passphrase, NULL) : NULL;
	Identity *identity = NULL;
	Trust *trust = NULL;
	int r;

	if (!x)
		return 1;
	r = trust_new_default(&trust, &problem);
	printf("secure %d trust %d anchor %d", getauxval(AT_SECURE) != 0, r,
		r == 0 && trust_is_anchor(trust, NULL, x));
	r = identity_load_uri("pkcs11:object=a", NULL, &identity, &problem);
	printf(" token %d %s\n", r, problem.text);
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	/* Not exit(): what is not freed is nobody's business here. */
	_exit(argc == 2 ? ask(argv[1]) : 2);
}
