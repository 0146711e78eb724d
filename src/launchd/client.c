/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/client.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "launchd/service.h"

Client *client_find(pid_t pid, uint32_t version)
{
	const ClientKey key = {.pid = (uint32_t)pid, .version = version};
	Client *c;

	HASH_FIND(hh, server.clients, &key, sizeof(key), c);
	return c;
}

static int on_end(void *userdata, uint32_t events)
{
	(void)events;
	client_free(userdata);
	return 0;
}

/* What `bslist -j` shows. A process may call itself what it likes: nothing of that is shown that a
 * terminal would obey. */
static void label_make(Client *c)
{
	char path[32], name[32] = "";
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%u/comm", c->key.pid);
	f = fopen(path, "re");
	if (f) {
		if (!fgets(name, sizeof(name), f))
			*name = '\0';
		(void)fclose(f);
	}
	for (char *p = name; *p; p++) {
		if (*p == '\n')
			*p = '\0';
		else if (*p < ' ' || *p > '~')
			*p = '?';
	}
	(void)snprintf(c->label, sizeof(c->label), "%s[%u].anonymous", name, c->key.pid);
}

/* The pid of the trailer may be another's by now: the pidversion tells. */
static int process_open(const Caller *caller, PidRef *ret)
{
	_cleanup_pidref_ PidRef ref = PIDREF_NULL;
	int r;

	if (caller->pid <= 0 || caller->version == 0)
		return SERVER_E_DENIED;
	r = pidref_set_pid(&ref, caller->pid);
	if (r)
		return r == PIDREF_E_GONE ? SERVER_E_DENIED : SERVER_E_FULL;
	if ((uint32_t)ref.id != caller->version)
		return SERVER_E_DENIED;
	*ret = ref;
	ref = PIDREF_NULL;
	return 0;
}

static int client_new(const Caller *caller, Client **ret)
{
	Client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return SERVER_E_FULL;
	c->key = (ClientKey){.pid = (uint32_t)caller->pid, .version = caller->version};
	c->process = PIDREF_NULL;
	owner_init(&c->owner, OWNER_CLIENT, caller->uid, c->label);
	r = server_charge(caller, SERVER_QUOTA_CLIENTS, &c->charge);
	if (!r)
		r = process_open(caller, &c->process);
	if (!r)
		r = loop_add_fd(server.loop, c->process.fd, EPOLLIN, on_end, c, &c->end);
	if (!r) {
		HASH_ADD(hh, server.clients, key, sizeof(c->key), c);
		r = hash_is_linked(c, hh) ? 0 : SERVER_E_FULL;
	}
	if (r) {
		client_free(c);
		return r < 0 ? SERVER_E_FULL : r;
	}
	c->owner.pid = caller->pid;
	label_make(c);
	*ret = c;
	return 0;
}

int client_get(const Caller *caller, Client **ret)
{
	*ret = client_find(caller->pid, caller->version);
	return *ret ? 0 : client_new(caller, ret);
}

Client *client_free(Client *c)
{
	if (!c)
		return NULL;
	owner_deinit(&c->owner);
	if (c->hh.tbl)
		HASH_DELETE(hh, server.clients, c);
	c->end = loop_source_remove(c->end);
	pidref_done(&c->process);
	quota_uncharge(&c->charge);
	free(c);
	return NULL;
}
