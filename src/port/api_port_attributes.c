/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mach_port: attributes of receive rights.
 */
#include <string.h>

#include "port/api.h"
#include "port/backing.h"
#include "port/copyout.h"
#include "port/message.h"
#include "port/pset.h"
#include "port/queue.h"

static uint32_t count_srights(Port *port)
{
	uint32_t n = port->srights;

	if (port->backing && !backing_no_senders(port->backing))
		n++; /* how many others there are nobody knows */
	return n;
}

static natural_t status_flags(const Port *port)
{
	natural_t flags = 0;

	if (port->flags & PORT_F_TEMPOWNER)
		flags |= MACH_PORT_STATUS_FLAG_TEMPOWNER;
	if (port->flags & PORT_F_GUARDED)
		flags |= MACH_PORT_STATUS_FLAG_GUARDED;
	if (port->flags & PORT_F_STRICT)
		flags |= MACH_PORT_STATUS_FLAG_STRICT_GUARD;
	if (port->flags & PORT_F_IMMOVABLE)
		flags |= MACH_PORT_STATUS_FLAG_GUARD_IMMOVABLE_RECEIVE;
	if (port->flags & PORT_F_IMPORTANCE)
		flags |= MACH_PORT_STATUS_FLAG_IMP_DONATION;
	return flags;
}

static void fill_status(Port *port, mach_port_status_t *status)
{
	const PortExtra *x = port->extra;

	/* What waits in the kernel is counted by taking it over, up to the limit. */
	if (port->msgcount < port->qlimit && (!x || x->direct == 0) && port->backing) {
		queue_pull(port, port->qlimit - port->msgcount);
		if (port->msgcount > 0)
			queue_announce(port);
	}
	*status = (mach_port_status_t){
		.mps_pset = x && !TAILQ_EMPTY(&x->sets),
		.mps_seqno = port->seqno,
		.mps_mscount = port->mscount,
		.mps_qlimit = port->qlimit,
		.mps_msgcount = port->msgcount,
		.mps_sorights = port->sorights,
		.mps_srights = count_srights(port) > 0,
		.mps_pdrequest = x && x->pdrequest.kind != RIGHT_NONE,
		.mps_nsrequest = x && x->nsrequest.kind != RIGHT_NONE,
		.mps_flags = status_flags(port),
	};
}

static void fill_info_ext(Port *port, mach_port_info_ext_t *info)
{
	memset(info, 0, sizeof(*info));
	fill_status(port, &info->mpie_status);
	/* Ours: how many messages of peers were refused. */
	info->reserved[0] = port->extra ? (uint32_t)port->extra->dropped : 0;
}

static kern_return_t check_count(mach_port_flavor_t flavor, mach_msg_type_number_t count)
{
	static const natural_t needed[] = {
		[MACH_PORT_LIMITS_INFO] = MACH_PORT_LIMITS_INFO_COUNT,
		[MACH_PORT_RECEIVE_STATUS] = MACH_PORT_RECEIVE_STATUS_COUNT,
		[MACH_PORT_DNREQUESTS_SIZE] = MACH_PORT_DNREQUESTS_SIZE_COUNT,
		[MACH_PORT_INFO_EXT] = MACH_PORT_INFO_EXT_COUNT,
		[MACH_PORT_GUARD_INFO] = MACH_PORT_GUARD_INFO_COUNT,
	};

	if (flavor < 0 || (size_t)flavor >= ARRAY_SIZE(needed))
		return KERN_SUCCESS;
	return count < needed[flavor] ? KERN_FAILURE : KERN_SUCCESS;
}

static kern_return_t get_null_attributes(
	mach_port_flavor_t flavor, mach_port_info_t info, mach_msg_type_number_t *count)
{
	switch (flavor) {
	case MACH_PORT_LIMITS_INFO:
		*count = 0;
		return KERN_SUCCESS;
	case MACH_PORT_DNREQUESTS_SIZE:
		*info = 0;
		*count = MACH_PORT_DNREQUESTS_SIZE_COUNT;
		return KERN_SUCCESS;
	default:
		return KERN_INVALID_RIGHT;
	}
}

static kern_return_t get_attributes(
	Port *port, mach_port_flavor_t flavor, mach_port_info_t info, mach_msg_type_number_t *count)
{
	switch (flavor) {
	case MACH_PORT_LIMITS_INFO:
		((mach_port_limits_t *)info)->mpl_qlimit = port->qlimit;
		*count = MACH_PORT_LIMITS_INFO_COUNT;
		return KERN_SUCCESS;
	case MACH_PORT_RECEIVE_STATUS:
		fill_status(port, (mach_port_status_t *)info);
		*count = MACH_PORT_RECEIVE_STATUS_COUNT;
		return KERN_SUCCESS;
	case MACH_PORT_DNREQUESTS_SIZE:
		*info = 0;
		*count = MACH_PORT_DNREQUESTS_SIZE_COUNT;
		return KERN_SUCCESS;
	case MACH_PORT_INFO_EXT:
		fill_info_ext(port, (mach_port_info_ext_t *)info);
		*count = MACH_PORT_INFO_EXT_COUNT;
		return KERN_SUCCESS;
	case MACH_PORT_SERVICE_THROTTLED:
		return KERN_INVALID_CAPABILITY; /* none is a service port */
	default:
		return KERN_INVALID_ARGUMENT;
	}
}

static bool is_get_flavor(mach_port_flavor_t flavor)
{
	return flavor == MACH_PORT_LIMITS_INFO || flavor == MACH_PORT_RECEIVE_STATUS ||
	       flavor == MACH_PORT_DNREQUESTS_SIZE || flavor == MACH_PORT_INFO_EXT ||
	       flavor == MACH_PORT_SERVICE_THROTTLED;
}

_public_ kern_return_t mach_port_get_attributes(ipc_space_read_t space, mach_port_name_t name,
	mach_port_flavor_t flavor, mach_port_info_t info, mach_msg_type_number_t *count)
{
	kern_return_t r;
	Port *port;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	if (!is_get_flavor(flavor))
		return KERN_INVALID_ARGUMENT;
	r = check_count(flavor, *count);
	if (r)
		return r;
	if (!MACH_PORT_VALID(name))
		return get_null_attributes(flavor, info, count);
	task_lock();
	r = api_receive_right(name, KERN_INVALID_RIGHT, &port);
	if (!r)
		r = get_attributes(port, flavor, info, count);
	task_unlock();
	return r;
}

static void set_qlimit(Port *port, uint32_t qlimit)
{
	port->qlimit = (uint16_t)qlimit;
	queue_room_made(port);
}

_public_ kern_return_t mach_port_set_attributes(ipc_space_t space, mach_port_name_t name,
	mach_port_flavor_t flavor, mach_port_info_t info, mach_msg_type_number_t count)
{
	kern_return_t r;
	Port *port;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	if (flavor != MACH_PORT_LIMITS_INFO && flavor != MACH_PORT_DNREQUESTS_SIZE &&
		flavor != MACH_PORT_TEMPOWNER && flavor != MACH_PORT_IMPORTANCE_RECEIVER &&
		flavor != MACH_PORT_DENAP_RECEIVER && flavor != MACH_PORT_SERVICE_THROTTLED)
		return KERN_INVALID_ARGUMENT;
	r = check_count(flavor, count);
	if (r)
		return r;
	if (flavor == MACH_PORT_LIMITS_INFO &&
		((mach_port_limits_t *)info)->mpl_qlimit > MACH_PORT_QLIMIT_MAX)
		return KERN_INVALID_VALUE;
	task_lock();
	r = api_receive_right(name, KERN_INVALID_RIGHT, &port);
	if (r)
		goto out;
	switch (flavor) {
	case MACH_PORT_LIMITS_INFO:
		set_qlimit(port, ((mach_port_limits_t *)info)->mpl_qlimit);
		break;
	case MACH_PORT_TEMPOWNER:
		port->flags |= PORT_F_TEMPOWNER;
		break;
	case MACH_PORT_IMPORTANCE_RECEIVER:
		port->flags |= PORT_F_IMPORTANCE;
		break;
	case MACH_PORT_SERVICE_THROTTLED:
		r = KERN_INVALID_CAPABILITY;
		break;
	default:
		break; /* accepted, without effect */
	}
out:
	task_unlock();
	return r;
}

_public_ kern_return_t mach_port_assert_attributes(ipc_space_t space, mach_port_name_t name,
	mach_port_flavor_t flavor, mach_port_info_t info, mach_msg_type_number_t count)
{
	mach_port_guard_info_t guard;
	kern_return_t r;
	Port *port;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	if (flavor != MACH_PORT_GUARD_INFO)
		return KERN_INVALID_ARGUMENT;
	r = check_count(flavor, count);
	if (r)
		return r;
	memcpy(&guard, info, sizeof(guard));
	task_lock();
	r = api_receive_right(name, KERN_INVALID_RIGHT, &port);
	if (!r && (!(port->flags & PORT_F_GUARDED) || port->context != guard.mpgi_guard))
		r = KERN_INVALID_ARGUMENT;
	task_unlock();
	return r;
}

_public_ kern_return_t mach_port_set_mscount(
	ipc_space_t space, mach_port_name_t name, mach_port_mscount_t mscount)
{
	kern_return_t r;
	Port *port;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = api_receive_right(name, KERN_INVALID_RIGHT, &port);
	if (!r)
		port->mscount = mscount;
	task_unlock();
	return r;
}

_public_ kern_return_t mach_port_set_seqno(
	ipc_space_t space, mach_port_name_t name, mach_port_seqno_t seqno)
{
	kern_return_t r;
	Port *port;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = api_receive_right(name, KERN_INVALID_RIGHT, &port);
	if (!r)
		port->seqno = seqno;
	task_unlock();
	return r;
}

_public_ kern_return_t mach_port_get_srights(
	ipc_space_t space, mach_port_name_t name, mach_port_rights_t *srights)
{
	kern_return_t r;
	Port *port;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = api_receive_right(name, KERN_INVALID_NAME, &port);
	if (!r)
		*srights = count_srights(port);
	task_unlock();
	return r;
}

/* The message with this number, 0 being the next one. */
static Message *find_message(Port *port, uint32_t *seqno)
{
	uint32_t n = port->seqno;
	Message *m;

	if (TAILQ_EMPTY(&port->queue) && (!port->extra || port->extra->direct == 0)) {
		queue_pull(port, 1);
		if (!TAILQ_EMPTY(&port->queue))
			queue_announce(port);
	}
	m = TAILQ_FIRST(&port->queue);
	if (*seqno == 0)
		*seqno = n;
	while (m && n != *seqno) {
		m = TAILQ_NEXT(m, link);
		n++;
	}
	return m;
}

_public_ kern_return_t mach_port_peek(ipc_space_t space, mach_port_name_t name,
	mach_msg_trailer_type_t trailer_type, mach_port_seqno_t *seqno, mach_msg_size_t *size,
	mach_msg_id_t *id, mach_msg_trailer_info_t trailer, mach_msg_type_number_t *trailer_count)
{
	mach_msg_size_t wanted = trailer_size((mach_msg_option_t)trailer_type);
	kern_return_t r;
	Message *m;
	Port *port;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	if (wanted > sizeof(mach_msg_audit_trailer_t) || wanted > *trailer_count)
		return KERN_INVALID_VALUE;
	task_lock();
	r = api_receive_right(name, KERN_INVALID_RIGHT, &port);
	m = r ? NULL : find_message(port, seqno);
	if (m) {
		*size = m->size;
		*id = m->id;
		fill_trailer(port, m, *seqno, (uint8_t *)trailer, (mach_msg_option_t)trailer_type);
		*trailer_count = wanted;
	} else if (!r) {
		r = KERN_FAILURE;
	}
	task_unlock();
	return r;
}
