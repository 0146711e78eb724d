/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose services are: a job, a client, or the server itself. Embedded in each of these; what differs
 * between them is what becomes of a service when the process ends, and whether a message can start one.
 */
#include "launchd/service.h"

void owner_init(Owner *owner, OwnerKind kind, uid_t uid, const char *label)
{
	*owner = (Owner){.kind = kind, .uid = uid, .label = label};
	TAILQ_INIT(&owner->services);
}

void owner_process_ended(Owner *owner, bool crashed)
{
	Service *s, *next;

	owner->pid = 0;
	TAILQ_FOREACH_SAFE (s, &owner->services, owner_link, next) {
		/* What it made up itself goes with it; what was declared for it stays. */
		if (!s->on_demand) {
			service_free(s);
			continue;
		}
		service_take_back(s, crashed);
		/* It may have ended without having asked for what it was started for. */
		service_listen(s);
	}
}

void owner_listen(Owner *owner)
{
	Service *s;

	TAILQ_FOREACH (s, &owner->services, owner_link)
		service_listen(s);
}

void owner_deinit(Owner *owner)
{
	Service *s;

	while ((s = TAILQ_FIRST(&owner->services)))
		service_free(s);
}
