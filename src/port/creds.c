/* SPDX-License-Identifier: Apache-2.0 */
#include "port/creds.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Written while there is one thread. */
static bool differ;

void creds_begin(void)
{
	differ = getuid() != geteuid() || getgid() != getegid();
}

bool creds_are_told(void)
{
	return unlikely(differ);
}

void creds_of_self(uid_t *ret_uid, gid_t *ret_gid)
{
	*ret_uid = differ ? geteuid() : getuid();
	*ret_gid = differ ? getegid() : getgid();
}

size_t creds_put(void *control)
{
	struct cmsghdr *c = control;
	struct ucred cred;

	if (likely(!differ))
		return 0;
	cred.pid = getpid();
	creds_of_self(&cred.uid, &cred.gid);
	memset(control, 0, CREDS_SPACE);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(cred));
	memcpy(CMSG_DATA(c), &cred, sizeof(cred));
	return CREDS_SPACE;
}
