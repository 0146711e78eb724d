/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading an audit token: who sent a message. The token is made from the credentials that came with
 * the message (SCM_CREDENTIALS). Of a process whose effective user and group were others than the
 * real ones when it began, by exec or fork, these are the effective ones, which the library names for
 * it; of all others the real ones. A sender can name the real, the effective or the saved one, and
 * without capabilities nothing else: the kernel looks. Tokens of notifications are all zero.
 *
 * On Linux there is one user and one group in a token: as the real ones it has the same. And exec does
 * not change the pid version, as the kernel has none: it only tells processes apart that had the same
 * pid one after the other. What a process runs is not in the token.
 */
#ifndef _BSM_AUDIT_H_
#define _BSM_AUDIT_H_

#include <stdint.h>
#include <sys/types.h>
#include <mach/message.h>

typedef uid_t au_id_t;
typedef pid_t au_asid_t;

struct au_tid {
	dev_t port;
	uint32_t machine;
};
typedef struct au_tid au_tid_t;

#define AU_DEFAUDITID ((uid_t)(-1))
#define AU_DEFAUDITSID 0

#ifdef __cplusplus
extern "C" {
#endif

/* The audit user. On Linux always AU_DEFAUDITID; in a notification 0. */
uid_t audit_token_to_auid(audit_token_t atoken);

/* The user to decide by: one that the sender may act as, by itself its real one. */
uid_t audit_token_to_euid(audit_token_t atoken);

/* The group, likewise. */
gid_t audit_token_to_egid(audit_token_t atoken);

/* On Linux the same as audit_token_to_euid(). */
uid_t audit_token_to_ruid(audit_token_t atoken);

/* On Linux the same as audit_token_to_egid(). */
gid_t audit_token_to_rgid(audit_token_t atoken);

/* The process; 0 in a notification. The number may have been reused since. */
pid_t audit_token_to_pid(audit_token_t atoken);

/* The audit session. On Linux always AU_DEFAUDITSID. */
au_asid_t audit_token_to_asid(audit_token_t atoken);

/* Which of the processes that had this pid; 0 if it is not known: of an answer that came with a
 * send-once right, of what was queued at a receive right that moved here, and of messages that were
 * read from the kernel before the port's receiver first asked for an audit trailer. */
int audit_token_to_pidversion(audit_token_t atoken);

/*
 * All of these at once; a NULL pointer skips one. The terminal is always {0, 0}, as the token holds
 * none.
 */
void audit_token_to_au32(audit_token_t atoken, uid_t *auidp, uid_t *euidp, gid_t *egidp,
	uid_t *ruidp, gid_t *rgidp, pid_t *pidp, au_asid_t *asidp, au_tid_t *tidp);

#ifdef __cplusplus
}
#endif

#endif
