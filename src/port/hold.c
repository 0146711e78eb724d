/* SPDX-License-Identifier: Apache-2.0 */
#include "port/hold.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "port/backing.h"
#include "port/message.h"
#include "port/port.h"
#include "port/probe.h"
#include "port/reaper.h"

static TAILQ_HEAD(, HoldPin) all_pins = TAILQ_HEAD_INITIALIZER(all_pins);

/* What a right lends: a descriptor, -EBADF, or KERN_NOT_SUPPORTED. */
typedef struct Lent {
	int fd;
	uid_t uid;
} Lent;

static int lent_by(const Right *right, Lent *ret)
{
	const Port *port = right->port;

	ret->fd = -EBADF;
	if (right->kind == RIGHT_RECEIVE)
		return KERN_NOT_SUPPORTED;
	/* Of a send-once right the descriptor is the message's own. */
	if (right->kind != RIGHT_SEND)
		return 0;
	if (port->kobject_type)
		return KERN_NOT_SUPPORTED;
	if (port->backing)
		*ret = (Lent){port->backing->pipe_w, port->backing->uid};
	return 0;
}

/* Without `hold`, only counts. */
static int visit(const Right *right, Hold *hold, uint32_t *n)
{
	Lent lent;
	int r;

	r = lent_by(right, &lent);
	if (r || lent.fd < 0)
		return r;
	if (hold) {
		HoldPin *pin = &hold->pins[*n];

		*pin = (HoldPin){.fd = lent.fd, .uid = lent.uid};
		TAILQ_INSERT_TAIL(&all_pins, pin, link);
	}
	++*n;
	return 0;
}

static int visit_all(const Message *m, Hold *hold, uint32_t *n)
{
	int r;

	*n = 0;
	r = visit(&m->reply, hold, n);
	for (uint32_t i = 0; i < m->n_items && !r; i++) {
		const Item *item = &m->items[i];

		r = visit(&item->right, hold, n);
		for (uint32_t k = 0; item->rights && k < item->count && !r; k++)
			r = visit(&item->rights[k], hold, n);
	}
	return r;
}

int hold_message(Hold *hold, const Message *m)
{
	uint32_t n;
	int r;

	r = visit_all(m, NULL, &n);
	if (r || n == 0)
		return r;
	hold->pins = n <= HOLD_SOME ? hold->some : reallocarray(NULL, n, sizeof(HoldPin));
	if (!hold->pins)
		return -ENOMEM;
	return visit_all(m, hold, &hold->n_pins);
}

static HoldPin *find(int fd)
{
	HoldPin *pin;

	TAILQ_FOREACH (pin, &all_pins, link) {
		if (pin->fd == fd)
			return pin;
	}
	return NULL;
}

static void release(HoldPin *pin)
{
	HoldPin *other;

	TAILQ_REMOVE(&all_pins, pin, link);
	if (!pin->is_last)
		return;
	other = find(pin->fd);
	if (other)
		other->is_last = true;
	else
		probe_close_blaming_consume(pin->fd, pin->uid, REAPER_NO_KIN);
}

void hold_release(Hold *hold)
{
	for (uint32_t i = 0; i < hold->n_pins; i++)
		release(&hold->pins[i]);
	if (hold->pins != hold->some)
		free(hold->pins);
	hold->pins = NULL;
	hold->n_pins = 0;
}

bool hold_keeps(int fd, uid_t uid)
{
	HoldPin *pin = find(fd);

	if (!pin)
		return false;
	pin->is_last = true;
	pin->uid = uid;
	return true;
}

void hold_after_fork(void)
{
	TAILQ_INIT(&all_pins);
}
