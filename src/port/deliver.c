/* SPDX-License-Identifier: Apache-2.0 */
#include "port/deliver.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/uncancelled.h"
#include "port/backing.h"
#include "port/budget.h"
#include "port/creds.h"
#include "port/encode.h"
#include "port/hold.h"
#include "port/lease_client.h"
#include "port/lease_server.h"
#include "port/message.h"
#include "port/move.h"
#include "port/once.h"
#include "port/port.h"
#include "port/probe.h"
#include "port/queue.h"
#include "port/reaper.h"
#include "port/region.h"
#include "port/sender.h"
#include "port/task.h"

#define SMALL_DATAGRAM 1024u

/* How long a sender that may wait does so while too many descriptors of its user are in flight, which is
 * for others to end: in steps that double, from the first to the last. */
#define CROWDED_FIRST_MS 1
#define CROWDED_LAST_MS 512

/* The datagram is out: what it carried is no longer ours. */
static void commit(Message *m, bool has_receive)
{
	message_drop_memory(m);
	if (has_receive)
		move_commit_message(m);
	message_clear_sent(m);
	if (has_receive)
		move_kick_collector();
}

static int code_of(int r)
{
	switch (r) {
	case -EAGAIN:
		return MACH_SEND_TIMED_OUT;
	case -EINTR:
		return MACH_SEND_INTERRUPTED;
	case -EFAULT:
		return MACH_SEND_INVALID_MEMORY;
	case -ECONNREFUSED:
	case -ENOTCONN:
	case -ECONNRESET:
	case -EPIPE:
	case -EPERM: /* a former owner connected the port's socket to something else */
		return MACH_SEND_INVALID_DEST;
	default:
		return r > 0 ? r : MACH_SEND_NO_BUFFER;
	}
}

/* Small messages go in one piece: gathering costs the kernel more than copying costs us. Not where there
 * is out-of-line memory, whose address the kernel is to check. */
static bool gather(const Encoder *e, uint8_t *bytes)
{
	size_t n = 0;

	if (e->n_bytes > SMALL_DATAGRAM || e->n_iov > 3)
		return false;
	for (uint32_t i = 0; i < e->n_iov; i++) {
		if (e->iov[i].iov_len > 0)
			memcpy(bytes + n, e->iov[i].iov_base, e->iov[i].iov_len);
		n += e->iov[i].iov_len;
	}
	return true;
}

/* An address that is none. The kernel does not look at it for a connected SOCK_SEQPACKET socket, and
 * refuses to send to it through any other kind of AF_UNIX socket. */
static const sa_family_t no_address = AF_UNSPEC;

/* `pair`: fails if it is not the end of a pair. */
static int send_datagram(int fd, const Encoder *e, int flags, bool pair)
{
	union {
		struct cmsghdr align;
		char bytes[CREDS_SPACE + CMSG_SPACE(WIRE_MAX_FDS * sizeof(int))];
	} control;
	uint8_t bytes[SMALL_DATAGRAM];
	size_t n_control = creds_put(&control);
	struct iovec iov = {bytes, e->n_bytes};
	struct msghdr msg = {
		.msg_iov = (struct iovec *)(uintptr_t)e->iov,
		.msg_iovlen = e->n_iov,
		.msg_name = pair ? (void *)(uintptr_t)&no_address : NULL,
		.msg_namelen = pair ? sizeof(no_address) : 0,
	};

	if (gather(e, bytes)) {
		if (e->n_fds == 0 && n_control == 0)
			return uncancelled_sendto(fd, bytes, e->n_bytes, flags | MSG_NOSIGNAL,
				       msg.msg_name, msg.msg_namelen) < 0
				       ? -errno
				       : 0;
		msg.msg_iov = &iov;
		msg.msg_iovlen = 1;
	}
	if (e->n_fds > 0) {
		struct cmsghdr *c = (struct cmsghdr *)(void *)(control.bytes + n_control);

		n_control += CMSG_SPACE(e->n_fds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(e->n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), e->fds, e->n_fds * sizeof(int));
	}
	if (n_control > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = n_control;
	}
	return uncancelled_sendmsg(fd, &msg, flags | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Answers are charged by the socket they went to: what it has read is given back first. */
static bool charge_answer(int fd, BudgetCharge *charge, uid_t uid, pid_t pid, unsigned n_fds)
{
	int unread = 0;

	if (n_fds == 0)
		return true;
	if (charge->user.quota && ioctl(fd, SIOCOUTQ, &unread) == 0 && unread == 0)
		budget_uncharge(charge);
	if (budget_charge_answer(charge, uid, pid, n_fds))
		return true;
	budget_sweep();
	return budget_charge_answer(charge, uid, pid, n_fds);
}

int deliver_answer_on(int fd, Message *m, BudgetCharge *charge, uid_t uid, pid_t pid, uint64_t seq)
{
	Encoder e;
	int r;

	encoder_init(&e);
	r = encode_message(&e, m);
	if (!r && !charge_answer(fd, charge, uid, pid, e.n_fds + e.n_carried))
		r = MACH_SEND_NO_BUFFER;
	if (!r) {
		e.header.flags |= WIRE_F_ONCE;
		if (seq) {
			e.header.flags |= WIRE_F_OFFER;
			e.header.lease_seq = seq;
		}
		/* Never blocking: a client that stuffs its own end must not hold us up. */
		r = send_datagram(fd, &e, MSG_DONTWAIT, true);
		if (r == -EFAULT)
			r = MACH_SEND_INVALID_MEMORY;
		else if (r == -ETOOMANYREFS || r == -ENOBUFS || r == -ENOMEM)
			r = MACH_SEND_NO_BUFFER;
	} else if (r < 0) {
		r = MACH_SEND_NO_BUFFER;
	}
	encoder_deinit(&e);
	if (!r)
		commit(m, e.has_receive);
	return r;
}

/* Memory that the message only points to becomes its own. */
static int own_memory(Message *m)
{
	for (uint32_t i = 0; i < m->n_items; i++) {
		Item *item = &m->items[i];
		uint64_t copy = 0;

		if (item->owned || !item->address || !item->size)
			continue;
		/* It is to be gone from the sender: whole, if it can be had without a copy. */
		if (item->deallocate && region_extract(item->address, item->size, &item->fd,
						&item->fd_offset) == 0) {
			item->address = 0;
			continue;
		}
		if (region_allocate(&copy, item->size, true, false))
			return MACH_SEND_NO_BUFFER;
		if (region_copy_in((void *)(uintptr_t)copy, item->address, item->size)) {
			(void)region_deallocate(copy, item->size);
			return MACH_SEND_INVALID_MEMORY;
		}
		if (item->deallocate)
			(void)region_deallocate(item->address, item->size);
		item->address = copy;
		item->owned = true;
	}
	return 0;
}

static int append_local(Port *port, Message *m)
{
	Message *heap;
	int r;

	r = own_memory(m);
	if (r)
		return r;
	r = message_note_transit(m, port);
	if (r == -ELOOP) {
		message_clear(m);
		return 0;
	}
	heap = r ? NULL : message_to_heap(m);
	if (!heap)
		return MACH_SEND_NO_BUFFER;
	if (heap->dest_disposition == MACH_MSG_TYPE_PORT_SEND) {
		heap->holds_dest = true;
		port_srights_add(port, 1);
	}
	queue_append_take(port, heap);
	return 0;
}

int deliver_once(Right *right, Message *m)
{
	SendOnce *once = right->once;
	BudgetCharge charge = BUDGET_CHARGE_INIT;
	int r = 0;

	m->dest_disposition = MACH_MSG_TYPE_PORT_SEND_ONCE;
	switch (once->kind) {
	case ONCE_LOCAL:
		if (once->port->state == PORT_LOCAL)
			r = append_local(once->port, m);
		break;
	case ONCE_PAIR:
		r = deliver_answer_on(once->fd, m, &charge, once->uid, once->pid, 0);
		if (!r && charge.user.quota)
			budget_keep_take(TAKE_FD(once->fd), &charge);
		else if (!r)
			once->fd = probe_close_blaming_consume(
				once->fd, once->uid, REAPER_KIN_UNAWAITED);
		break;
	case ONCE_LEASE:
		r = lease_server_answer(once->lease, once->seq, m);
		break;
	case ONCE_DEAD:
		break;
	}
	if (r > 0)
		return r;
	/* What nobody gets is gone all the same. */
	message_drop_memory(m);
	message_clear(m);
	*right = RIGHT_NULL;
	once_free(once);
	return 0;
}

/* Waits for room as poll sees it, then tries again: for sends with a time-out only. */
static int send_until(int fd, const Encoder *e, Deadline deadline)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		int r = send_datagram(fd, e, MSG_DONTWAIT, false);

		if (r != -EAGAIN || deadline_is_past(deadline))
			return r;
		if (poll(&p, 1, deadline_to_poll_ms(deadline)) < 0)
			return -errno;
	}
}

/* Descriptors in the list belong to objects that other threads may change once the lock is
 * dropped: duplicates are sent instead. */
static int own_all_fds(Encoder *e)
{
	uint32_t n = e->n_fds;

	e->n_fds = 0;
	for (uint32_t i = 0; i < n; i++) {
		int fd = fd_dup(e->fds[i]);
		int r = fd < 0 ? fd : encode_own_fd(e, fd);

		if (r)
			return r;
	}
	return 0;
}

/* What the list borrows stays open without the lock. */
static int keep_fds(Encoder *e, const Message *m, Hold *hold)
{
	int r;

	/* A carrier is the encoder's own, and what is in it is out of all hands. */
	if (e->header.flags & WIRE_F_CARRIER)
		return 0;
	/* The far end of an offer is its lease's. */
	r = e->header.flags & WIRE_F_OFFER ? KERN_NOT_SUPPORTED : hold_message(hold, m);
	return r ? own_all_fds(e) : 0;
}

/* After a queue was full, so many sends that may wait do not ask first whether it still is. */
#define PATIENT_SENDS 15

static bool is_expected_full(Sender *sender, Deadline deadline)
{
	if (deadline != DEADLINE_NONE || sender->n_patient == 0)
		return false;
	sender->n_patient--;
	return true;
}

/* First without blocking: what is refused then was dead before. *ret_blocked says that the
 * destination was alive and full. What carries no descriptors never needs the lock. What is expected to
 * wait anyway spares the kernel the attempt; whether it was refused at once is not known then. */
static int send_through(
	Sender *sender, Encoder *e, const Message *m, Deadline deadline, bool *ret_blocked)
{
	bool locked = e->n_fds > 0;
	Hold hold = HOLD_INIT;
	int r;

	sender_ref(sender);
	if (!locked)
		task_unlock();
	if (locked && is_expected_full(sender, deadline)) {
		r = -EAGAIN;
	} else {
		r = send_datagram(sender->fd, e, MSG_DONTWAIT, false);
		*ret_blocked = r == -EAGAIN && !deadline_is_past(deadline);
		if (*ret_blocked && locked)
			sender->n_patient = PATIENT_SENDS;
	}
	if (r == -EAGAIN && !deadline_is_past(deadline)) {
		r = locked ? keep_fds(e, m, &hold) : 0;
		if (locked)
			task_unlock();
		locked = false;
		if (!r && deadline == DEADLINE_NONE)
			r = send_datagram(sender->fd, e, 0, false);
		else if (!r)
			r = send_until(sender->fd, e, deadline);
	}
	if (!locked)
		task_lock();
	hold_release(&hold);
	sender_unref(sender);
	return r;
}

/* The lease that the reply right of this message can use, or NULL. */
static LeaseClient *lease_of(Port *dest, Message *m)
{
	if (m->reply.kind != RIGHT_SEND_ONCE || m->reply.once->kind != ONCE_LOCAL)
		return NULL;
	return lease_client_for(m->reply.once->port, dest);
}

static int encode_for(Encoder *e, Port *port, Message *m, LeaseClient *lease)
{
	Right reply;
	int r;

	memcpy(e->header.secret, port->backing->ident.secret, sizeof(e->header.secret));
	if (!lease)
		return encode_message(e, m);
	/* The lease speaks for the reply right. */
	reply = right_take(&m->reply);
	if (lease->fresh) {
		WireRecord *record;

		r = encode_new_record(e, &record);
		record->kind = WIRE_SEND_ONCE;
		record->n_fds = 1;
		if (!r)
			r = encode_add_fd(e, lease->far);
		e->header.flags |= WIRE_F_REPLY;
		if (!r)
			r = encode_message(e, m);
	} else {
		r = encode_message(e, m);
	}
	m->reply = reply;
	lease_client_fill(lease, &e->header);
	return r;
}

/* What sender_get() says. The inode may have been closed to us, or another socket be behind it: that
 * is as good as dead, as it is when it is found out at the send. */
static int not_connected(Port *port, int r)
{
	if (r != KERN_INVALID_CAPABILITY && r != KERN_NO_ACCESS)
		return r > 0 ? r : MACH_SEND_NO_BUFFER;
	if (port->state == PORT_REMOTE)
		port_mark_dead(port);
	return MACH_SEND_INVALID_DEST;
}

/* -ETOOMANYREFS, beside Mach's codes: it may go another time. */
static int deliver_remote(Port *port, Message *m, Deadline deadline)
{
	bool blocked = false;
	LeaseClient *lease;
	Sender *sender;
	Encoder e;
	int r;

	r = sender_get(port, &sender);
	if (r)
		return not_connected(port, r);
	lease = lease_of(port, m);
	encoder_init(&e);
	r = encode_for(&e, port, m, lease);
	/* What goes wrong here says nothing about the destination: a directory for ports that
	 * cannot be had, no descriptors left. Memory of the caller that is not there is told. */
	if (r < 0 && r != -EFAULT && r != -ETOOMANYREFS)
		r = MACH_SEND_NO_BUFFER;
	if (!r && !sender_may_send(sender, e.n_fds + e.n_carried))
		r = MACH_SEND_NO_BUFFER;
	if (!r)
		r = send_through(
			lease && !lease->fresh ? lease->sender : sender, &e, m, deadline, &blocked);
	encoder_deinit(&e);
	/* The reply port may have been destroyed meanwhile, and its leases with it. */
	if (lease && m->reply.once->kind != ONCE_LOCAL)
		lease = NULL;
	if (lease && r)
		lease_client_abort(lease);
	else if (lease)
		lease_client_sent(lease);
	sender_unref(sender);
	if (!r) {
		commit(m, e.has_receive);
		return 0;
	}
	if (r == -ETOOMANYREFS)
		return r;
	r = code_of(r);
	if (r != MACH_SEND_INVALID_DEST)
		return r;
	if (port->state == PORT_REMOTE)
		port_mark_dead(port);
	/* It died while we waited: the message was as good as queued. */
	if (!blocked)
		return r;
	message_clear(m);
	return 0;
}

/* Returns 0 when it is worth another try. */
static int wait_for_others(unsigned *ms, Deadline deadline)
{
	int left = deadline_to_poll_ms(deadline);
	int r;

	if (*ms > CROWDED_LAST_MS || deadline_is_past(deadline))
		return MACH_SEND_NO_BUFFER;
	task_unlock();
	r = poll(NULL, 0, left < 0 ? (int)*ms : MIN((int)*ms, left));
	task_lock();
	*ms *= 2;
	return r < 0 ? MACH_SEND_INTERRUPTED : 0;
}

int deliver_port(Port *port, Message *m, Deadline deadline)
{
	unsigned crowded_ms = CROWDED_FIRST_MS;
	bool waited = false;
	int r;

	m->dest_disposition = MACH_MSG_TYPE_PORT_SEND;
	for (;;) {
		if (port->state == PORT_REMOTE) {
			r = deliver_remote(port, m, deadline);
			if (r == -ETOOMANYREFS) {
				r = wait_for_others(&crowded_ms, deadline);
				if (r)
					return r;
				waited = true;
				continue;
			}
			if (r != MACH_SEND_INVALID_DEST || !waited)
				return r;
		}
		if (port->state == PORT_DEAD) {
			if (!waited)
				return MACH_SEND_INVALID_DEST;
			message_clear(m);
			return 0;
		}
		if (port->kobject_type) {
			/* No routine of these objects is reached by messages in this release. */
			message_clear(m);
			return 0;
		}
		r = queue_wait_room(port, deadline);
		if (!r)
			return append_local(port, m);
		if (r != MACH_SEND_INVALID_DEST)
			return r;
		waited = true;
	}
}
