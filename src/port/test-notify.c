/* SPDX-License-Identifier: Apache-2.0 */
#include <mach/notify.h>

#include "port/names.h"
#include "port/notify.h"
#include "port/test-support.h"
#include "tests/lib/fault.h"

typedef struct Notification {
	mach_msg_header_t header;
	NDR_record_t ndr;
	uint32_t number;
	uint8_t trailer[256];
} Notification;

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

/* The next one, with an audit trailer; 0 if there is none. */
static int32_t next(PortName name, Notification *ret)
{
	const mach_msg_option_t option = MACH_RCV_MSG | MACH_RCV_TIMEOUT |
					 MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT);

	memset(ret, 0, sizeof(*ret));
	if (mach_msg(&ret->header, option, 0, sizeof(*ret), name, 0, 0))
		return 0;
	if (ret->header.msgh_bits & MACH_MSGH_BITS_COMPLEX)
		mach_msg_destroy(&ret->header);
	return ret->header.msgh_id;
}

PORT_TEST(a_number_and_nobody_who_sent_it)
{
	PortName name = make_receive(NULL);
	Right right = once_right(name);
	mach_msg_audit_trailer_t trailer;
	Notification n;

	LOCKED_DO(notify_number(&right, MACH_NOTIFY_DEAD_NAME, 77));
	ASSERT_EQ(right.kind, RIGHT_NONE);
	ASSERT_EQ(next(name, &n), MACH_NOTIFY_DEAD_NAME);
	ASSERT_EQ(n.header.msgh_size, 36);
	ASSERT_MEMEQ(&n.ndr, &NDR_record, sizeof(NDR_record));
	ASSERT_EQ(n.number, 77);
	ASSERT_EQ(MACH_MSGH_BITS_LOCAL(n.header.msgh_bits), MACH_MSG_TYPE_PORT_SEND_ONCE);
	memcpy(&trailer, n.trailer, sizeof(trailer));
	ASSERT_EQ(trailer.msgh_sender.val[0], 0);
	ASSERT_EQ(trailer.msgh_sender.val[1], 1);
	ASSERT_EQ(trailer.msgh_audit.val[5], 0);
	/* The right of a port that has gone, and none at all. */
	right = once_right(name);
	drop(name);
	LOCKED_DO(notify_number(&right, MACH_NOTIFY_DEAD_NAME, 1));
	ASSERT_EQ(right.kind, RIGHT_NONE);
	LOCKED_DO(notify_number(&right, MACH_NOTIFY_DEAD_NAME, 1));
}

PORT_TEST(a_send_once_right_dies)
{
	PortName name = make_receive(NULL);
	Right right = once_right(name);
	Notification n;
	Message m;

	LOCKED_DO(right_drop(&right));
	ASSERT_EQ(next(name, &n), MACH_NOTIFY_SEND_ONCE);
	ASSERT_EQ(n.header.msgh_size, sizeof(mach_msg_header_t));
	notify_fill_send_once(&m);
	ASSERT_TRUE(notify_is_send_once(&m));
	/* What a peer sends has a pid. */
	m.creds.pid = 1;
	ASSERT_FALSE(notify_is_send_once(&m));
	notify_fill_send_once(&m);
	m.dest_disposition = MACH_MSG_TYPE_PORT_SEND;
	ASSERT_FALSE(notify_is_send_once(&m));
	notify_fill_send_once(&m);
	m.id++;
	ASSERT_FALSE(notify_is_send_once(&m));
	drop(name);
}

/* Exactly one message comes of a send-once right, whatever is missing. */
static void number_or_death(void *arg)
{
	PortName name;
	Right right;
	Notification n;
	int32_t id;

	fault_pause();
	name = make_receive(NULL);
	right = once_right(name);
	fault_resume();
	LOCKED_DO(notify_number(&right, MACH_NOTIFY_NO_SENDERS, 5));
	fault_pause();
	id = next(name, &n);
	ASSERT_TRUE(id == MACH_NOTIFY_NO_SENDERS || id == MACH_NOTIFY_SEND_ONCE);
	*(unsigned *)arg += id == MACH_NOTIFY_SEND_ONCE;
	ASSERT_EQ(next(name, &n), 0);
	drop(name);
	fault_resume();
}

PORT_TEST(a_number_without_memory)
{
	unsigned n_died = 0;

	ASSERT_GE(fault_run_all(FAULT_MALLOC, number_or_death, &n_died), 1);
	ASSERT_GE(n_died, 1);
}

static void death(void *arg)
{
	PortName name;
	Right right;
	Notification n;

	fault_pause();
	name = make_receive(NULL);
	right = once_right(name);
	/* Room for what is owed: a port has it once somebody waited there. */
	ASSERT_OK(LOCKED(port_need_extra(right.once->port)));
	fault_resume();
	LOCKED_DO(right_drop(&right));
	fault_pause();
	ASSERT_EQ(next(name, &n), MACH_NOTIFY_SEND_ONCE);
	ASSERT_EQ(next(name, &n), 0);
	drop(name);
	fault_resume();
	(void)arg;
}

PORT_TEST(a_death_without_memory)
{
	ASSERT_GE(fault_run_all(FAULT_MALLOC, death, NULL), 1);
}

static void destroyed_or_death(void *arg)
{
	mach_port_t self = mach_task_self(), previous;
	PortName notify, name;
	Notification n;
	int32_t id;

	fault_pause();
	notify = make_receive(NULL);
	name = make_receive(NULL);
	ASSERT_EQ(mach_port_request_notification(self, name, MACH_NOTIFY_PORT_DESTROYED, 0, notify,
			  MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		0);
	fault_resume();
	ASSERT_OK(mach_port_mod_refs(self, name, MACH_PORT_RIGHT_RECEIVE, -1));
	fault_pause();
	id = next(notify, &n);
	ASSERT_TRUE(id == MACH_NOTIFY_PORT_DESTROYED || id == MACH_NOTIFY_SEND_ONCE);
	*(unsigned *)arg += id == MACH_NOTIFY_SEND_ONCE;
	ASSERT_EQ(next(notify, &n), 0);
	drop(notify);
	fault_resume();
}

PORT_TEST(port_destroyed_without_memory)
{
	unsigned n_died = 0;

	ASSERT_GE(fault_run_all(FAULT_MALLOC, destroyed_or_death, &n_died), 1);
	ASSERT_GE(n_died, 1);
}
