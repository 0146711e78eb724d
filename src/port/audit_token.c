/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the words of an audit token mean. Whoever makes a token (the receiving side of the
 * transport) fills these words in this order; everybody else reads it through the functions here.
 * A token says who the sender was when it sent; nothing in it keeps the process alive or its pid
 * from being used again.
 */
#include <stddef.h>

#include <bsm/libbsm.h>
#include <mach/message.h>

#include "base/cleanup.h"

enum {
	TOKEN_AUID,
	TOKEN_EUID,
	TOKEN_EGID,
	TOKEN_RUID,
	TOKEN_RGID,
	TOKEN_PID,
	TOKEN_ASID,
	TOKEN_PIDVERSION,
	_TOKEN_N,
};

_Static_assert(sizeof(audit_token_t) == _TOKEN_N * sizeof(unsigned int), "a word for each");

_public_ const security_token_t KERNEL_SECURITY_TOKEN = KERNEL_SECURITY_TOKEN_VALUE;
_public_ const audit_token_t KERNEL_AUDIT_TOKEN = KERNEL_AUDIT_TOKEN_VALUE;

_public_ uid_t audit_token_to_auid(audit_token_t atoken)
{
	return (uid_t)atoken.val[TOKEN_AUID];
}

_public_ uid_t audit_token_to_euid(audit_token_t atoken)
{
	return (uid_t)atoken.val[TOKEN_EUID];
}

_public_ gid_t audit_token_to_egid(audit_token_t atoken)
{
	return (gid_t)atoken.val[TOKEN_EGID];
}

_public_ uid_t audit_token_to_ruid(audit_token_t atoken)
{
	return (uid_t)atoken.val[TOKEN_RUID];
}

_public_ gid_t audit_token_to_rgid(audit_token_t atoken)
{
	return (gid_t)atoken.val[TOKEN_RGID];
}

_public_ pid_t audit_token_to_pid(audit_token_t atoken)
{
	return (pid_t)atoken.val[TOKEN_PID];
}

_public_ au_asid_t audit_token_to_asid(audit_token_t atoken)
{
	return (au_asid_t)atoken.val[TOKEN_ASID];
}

_public_ int audit_token_to_pidversion(audit_token_t atoken)
{
	return (int)atoken.val[TOKEN_PIDVERSION];
}

#define STORE(p, value)                                                                            \
	do {                                                                                       \
		if (p)                                                                             \
			*(p) = value;                                                              \
	} while (0)

_public_ void audit_token_to_au32(audit_token_t atoken, uid_t *auidp, uid_t *euidp, gid_t *egidp,
	uid_t *ruidp, gid_t *rgidp, pid_t *pidp, au_asid_t *asidp, au_tid_t *tidp)
{
	STORE(auidp, audit_token_to_auid(atoken));
	STORE(euidp, audit_token_to_euid(atoken));
	STORE(egidp, audit_token_to_egid(atoken));
	STORE(ruidp, audit_token_to_ruid(atoken));
	STORE(rgidp, audit_token_to_rgid(atoken));
	STORE(pidp, audit_token_to_pid(atoken));
	STORE(asidp, audit_token_to_asid(atoken));
	STORE(tidp, (au_tid_t){0});
}
