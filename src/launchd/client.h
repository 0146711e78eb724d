/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_CLIENT_H
#define PORTCULLIS_LAUNCHD_CLIENT_H

/*
 * A process that is no job of ours and owns something here: a service it checked in or registered. Made
 * on the first such request, gone with the process and all that it owned.
 */

#include "launchd/server.h"

typedef struct ClientKey {
	uint32_t pid;
	uint32_t version;
} ClientKey;

struct Client {
	UT_hash_handle hh; /* Server.clients */
	ClientKey key;
	Owner owner;
	char label[64];
	PidRef process;
	LoopSource *end;
	QuotaCharge charge;
};

/* The client that the caller is already. NULL: none. */
Client *client_find(pid_t pid, uint32_t version);
/* ... or becomes. 0, SERVER_E_DENIED (it is gone, or not to be seen), SERVER_E_FULL. */
int client_get(const Caller *caller, Client **ret) _warn_unused_;
Client *client_free(Client *client);

#endif
