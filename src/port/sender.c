/* SPDX-License-Identifier: Apache-2.0 */
#include "port/sender.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "port/backing.h"
#include "port/budget.h"
#include "port/connect.h"
#include "port/port.h"
#include "port/task.h"

/* What systemd sets, if nobody says what it is here. */
#define DEPTH_MAX 513u

Sender *sender_new_take(int fd, uid_t uid)
{
	Sender *sender = alloc_zero(sizeof(*sender));

	if (!sender)
		return NULL;
	sender->refs = 1;
	sender->fd = fd;
	sender->uid = uid;
	return sender;
}

Sender *sender_unref(Sender *sender)
{
	if (!sender || atomic_fetch_sub_explicit(&sender->refs, 1, memory_order_acq_rel) > 1)
		return NULL;
	quota_uncharge(&sender->unread[0]);
	quota_uncharge(&sender->unread[1]);
	fd_close(sender->fd);
	free(sender);
	return NULL;
}

void sender_put(Sender *sender)
{
	uint32_t refs = atomic_load_explicit(&sender->refs, memory_order_relaxed);

	/* Only the last one has work to do that needs the lock. */
	while (refs > 1) {
		if (atomic_compare_exchange_weak_explicit(&sender->refs, &refs, refs - 1,
			    memory_order_release, memory_order_relaxed))
			return;
	}
	task_lock();
	sender_unref(sender);
	task_unlock();
}

int sender_connect(Port *port, Sender **ret)
{
	_cleanup_close_ int fd = -EBADF, addr = -EBADF;
	bool known = port->backing->known_device;
	uid_t uid = port->backing->uid;
	Sender *sender;
	int r;

	if (known) {
		r = connect_dgram(port->backing->addr, true, &fd);
	} else {
		/* It may take its time: not under the lock, and on a descriptor of its own. */
		addr = fd_dup(port->backing->addr);
		if (addr < 0)
			return addr;
		task_unlock();
		r = connect_dgram(addr, false, &fd);
		task_lock();
	}
	if (r)
		return r;
	sender = sender_new_take(fd, uid);
	if (!sender)
		return -ENOMEM;
	fd = -EBADF;
	*ret = sender;
	return 0;
}

int sender_get(Port *port, Sender **ret)
{
	Sender *sender;
	int r;

	if (!port->backing->sender) {
		r = sender_connect(port, &sender);
		if (r)
			return r;
		/* Another thread may have been faster, or the port may have come home. */
		if (port->backing->sender || port->state != PORT_REMOTE) {
			*ret = sender;
			return 0;
		}
		port->backing->sender = sender;
	}
	*ret = sender_ref(port->backing->sender);
	return 0;
}

bool sender_has_unread(const Sender *sender)
{
	int bytes = 0;

	return ioctl(sender->fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

/* How many messages a queue of the kernel's may hold. */
static uint32_t queue_depth(void)
{
	static uint32_t depth; /* with the lock */
	char text[16];
	int fd;

	if (depth > 0)
		return depth;
	depth = DEPTH_MAX;
	fd = open("/proc/sys/net/unix/max_dgram_qlen", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t n = read(fd, text, sizeof(text) - 1);

		text[MAX(n, 0)] = '\0';
		depth = (uint32_t)atoi(text) + 1;
	}
	fd_close(fd);
	return depth;
}

/* A busy queue may never be seen empty; but it holds so many messages, and no more. */
static void window_turn(Sender *sender)
{
	if (sender->n_window++ < queue_depth())
		return;
	quota_uncharge(&sender->unread[1]);
	sender->unread[1] = sender->unread[0];
	sender->unread[0] = (QuotaCharge)QUOTA_CHARGE_INIT;
	sender->n_window = 1;
}

bool sender_may_send(Sender *sender, unsigned n_fds)
{
	if (n_fds == 0)
		return true;
	window_turn(sender);
	if (budget_charge(&sender->unread[0], sender->uid, n_fds))
		return true;
	if (!sender_has_unread(sender)) {
		quota_uncharge(&sender->unread[0]);
		quota_uncharge(&sender->unread[1]);
		if (budget_charge(&sender->unread[0], sender->uid, n_fds))
			return true;
	}
	budget_sweep();
	return budget_charge(&sender->unread[0], sender->uid, n_fds);
}
