/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mach_port_request_notification().
 */
#include <mach/notify.h>

#include "port/api.h"
#include "port/request.h"
#include "port/right.h"

static kern_return_t check_name(mach_port_name_t name, mach_msg_id_t msgid)
{
	if (MACH_PORT_VALID(name))
		return KERN_SUCCESS;
	switch (msgid) {
	case MACH_NOTIFY_DEAD_NAME:
	case MACH_NOTIFY_SEND_POSSIBLE:
		return KERN_INVALID_ARGUMENT;
	default:
		return KERN_INVALID_RIGHT;
	}
}

static int request(mach_port_name_t name, mach_msg_id_t msgid, mach_port_mscount_t sync,
	Right *notify, Right *previous)
{
	Port *port;
	int r;

	switch (msgid) {
	case MACH_NOTIFY_PORT_DESTROYED:
		if (sync != 0)
			return KERN_INVALID_VALUE;
		r = api_receive_right(name, KERN_INVALID_RIGHT, &port);
		return r ? r : request_port_destroyed(port, notify, previous);
	case MACH_NOTIFY_NO_SENDERS:
		r = api_receive_right(name, KERN_INVALID_RIGHT, &port);
		return r ? r : request_no_senders(port, sync, notify, previous);
	default:
		return request_name(
			name, msgid == MACH_NOTIFY_SEND_POSSIBLE, sync != 0, notify, previous);
	}
}

static int take_notify(mach_port_t notify, mach_msg_type_name_t type, Right *ret)
{
	int r;

	if (notify == MACH_PORT_NULL)
		return 0;
	if (notify == MACH_PORT_DEAD)
		return KERN_INVALID_CAPABILITY;
	if (type != MACH_MSG_TYPE_MAKE_SEND_ONCE && type != MACH_MSG_TYPE_MOVE_SEND_ONCE)
		return KERN_INVALID_VALUE;
	r = right_copyin(notify, type, ret);
	if (r)
		return r;
	return right_is_dead(ret) ? KERN_INVALID_CAPABILITY : 0;
}

_public_ kern_return_t mach_port_request_notification(ipc_space_t space, mach_port_name_t name,
	mach_msg_id_t msgid, mach_port_mscount_t sync, mach_port_t notify,
	mach_msg_type_name_t notifyPoly, mach_port_t *previous)
{
	Right right = RIGHT_NULL, old = RIGHT_NULL;
	PortName old_name = MACH_PORT_NULL;
	int r;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	if (msgid != MACH_NOTIFY_PORT_DESTROYED && msgid != MACH_NOTIFY_NO_SENDERS &&
		msgid != MACH_NOTIFY_DEAD_NAME && msgid != MACH_NOTIFY_SEND_POSSIBLE)
		return KERN_INVALID_VALUE;
	task_lock();
	r = take_notify(notify, notifyPoly, &right);
	if (!r)
		r = check_name(name, msgid);
	if (!r)
		r = request(name, msgid, sync, &right, &old);
	/* A request that is refused takes nothing and makes nothing. */
	if (r)
		right_undo_copyin(notify, notifyPoly, &right);
	/* Without a name the right that was registered before dies, of which its port is told: the
	 * new request stands. */
	if (!r && right_copyout(&old, &old_name))
		old_name = MACH_PORT_NULL;
	right_drop(&old);
	task_unlock();
	if (!r)
		*previous = old_name;
	return api_code(r);
}
