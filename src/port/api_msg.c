/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mach_msg() and its relatives: options and results on the outside, copyin, delivery, reception and
 * copyout inside. One lock section for each half of the call, which delivery and reception leave
 * while they wait.
 */
#include <stdlib.h>
#include <string.h>

#include <mach/mach.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "port/copyin.h"
#include "port/copyout.h"
#include "port/deliver.h"
#include "port/express.h"
#include "port/port.h"
#include "port/pidversion.h"
#include "port/receive.h"
#include "port/request.h"
#include "port/task.h"
#include "port/trace.h"

static Deadline deadline_of(bool wanted, mach_msg_timeout_t timeout)
{
	if (!wanted)
		return DEADLINE_NONE;
	return timeout == 0 ? 0 : deadline_after_ms(timeout);
}

static int deliver(Outgoing *out, Deadline deadline, bool interruptible)
{
	int r;

	if (out->swallowed) {
		message_clear(&out->m);
		return 0;
	}
	do {
		if (out->dest_port)
			r = deliver_port(out->dest_port, &out->m, deadline);
		else if (out->dest.kind == RIGHT_SEND_ONCE)
			r = deliver_once(&out->dest, &out->m);
		else if (out->dest.kind == RIGHT_SEND)
			r = deliver_port(out->dest.port, &out->m, deadline);
		else
			r = MACH_SEND_INVALID_DEST;
	} while (r == MACH_SEND_INTERRUPTED && !interruptible);
	return r;
}

/* What becomes of a message that was not sent. */
static int give_back(Outgoing *out, mach_msg_header_t *msg, mach_msg_option_t option, int r)
{
	PortName dest = msg->msgh_remote_port;

	switch (r) {
	case MACH_SEND_TIMED_OUT:
		if (option & MACH_SEND_NOTIFY && !request_arm_send_possible(dest))
			r = MACH_SEND_INVALID_NOTIFY;
		return r | copyin_return(out, msg);
	case MACH_SEND_INTERRUPTED:
	case MACH_SEND_NO_BUFFER:
		return r | copyin_return(out, msg);
	case MACH_SEND_INVALID_DEST:
		if (!out->m.complex) {
			copyin_undo_simple(out);
			return r;
		}
		/* The rights were taken before the port was seen to be dead: so it died since. */
		message_drop_memory(&out->m);
		outgoing_clear(out);
		return MACH_MSG_SUCCESS;
	default:
		outgoing_clear(out);
		return r;
	}
}

static mach_msg_return_t send_half(mach_msg_header_t *msg, mach_msg_option_t option,
	mach_msg_size_t size, mach_msg_timeout_t timeout)
{
	Deadline deadline = deadline_of(option & MACH_SEND_TIMEOUT, timeout);
	Outgoing out;
	int r;

	if (option & MACH_SEND_TRAILER)
		return MACH_SEND_INVALID_TRAILER;
	if (unlikely(task.trace))
		trace_message("send", msg, size, NULL);
	if (express_send(msg, size))
		return MACH_MSG_SUCCESS;
	task_lock();
	r = copyin(msg, size, &out);
	if (!r) {
		out.m.creds = (Creds){.pid = task.pid, .uid = CREDS_SELF};
		r = deliver(&out, deadline, option & MACH_SEND_INTERRUPT);
		if (r)
			r = give_back(&out, msg, option, r);
		else
			outgoing_clear(&out);
	}
	task_unlock();
	if (unlikely(task.trace) && r)
		trace_result("send", msg, r);
	return r;
}

static mach_msg_return_t too_large(Received *received, mach_msg_header_t *buffer,
	mach_msg_size_t room, mach_msg_option_t option)
{
	if (!(option & MACH_RCV_LARGE)) {
		copyout_too_large(received, buffer, room, option);
		message_free(received->m);
		return MACH_RCV_TOO_LARGE;
	}
	if (room >= offsetof(mach_msg_header_t, msgh_remote_port))
		buffer->msgh_size = received->m->size;
	if (option & MACH_RCV_LARGE_IDENTITY && room >= sizeof(*buffer))
		buffer->msgh_local_port = received->port->name;
	receive_put_back(received);
	return MACH_RCV_TOO_LARGE;
}

static mach_msg_return_t hand_over(Received *received, mach_msg_header_t *buffer,
	mach_msg_size_t room, mach_msg_option_t option)
{
	uint64_t needed = (uint64_t)round_msg(received->m->size) + trailer_size(option);
	int r;

	if (needed > room) {
		r = too_large(received, buffer, room, option);
	} else {
		r = copyout(received, buffer, option);
		message_free(received->m);
	}
	port_unref(received->port);
	return r;
}

static mach_msg_return_t receive_half(mach_msg_header_t *buffer, mach_msg_option_t option,
	mach_msg_size_t room, PortName name, mach_msg_timeout_t timeout)
{
	Deadline deadline = deadline_of(option & MACH_RCV_TIMEOUT, timeout);
	Received received;
	int r;

	if (GET_RCV_ELEMENTS(option) > MACH_RCV_TRAILER_LABELS)
		return MACH_RCV_INVALID_TRAILER;
	task_lock();
	if (GET_RCV_ELEMENTS(option) >= MACH_RCV_TRAILER_AUDIT)
		receive_want_pidfd(name);
	do {
		r = receive_message(name, deadline, &received);
	} while (r == MACH_RCV_INTERRUPTED && !(option & MACH_RCV_INTERRUPT));
	if (!r)
		r = hand_over(&received, buffer, room, option);
	task_unlock();
	if (unlikely(task.trace) && r == MACH_MSG_SUCCESS)
		trace_message("receive", buffer, buffer->msgh_size,
			(const uint8_t *)buffer + round_msg(buffer->msgh_size));
	return r;
}

_public_ mach_msg_return_t mach_msg_overwrite(mach_msg_header_t *msg, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_name_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_name_t notify, mach_msg_header_t *rcv_msg,
	mach_msg_size_t rcv_limit)
{
	mach_msg_return_t r = MACH_MSG_SUCCESS;

	(void)notify;
	(void)rcv_limit; /* rcv_size is the limit; the parameter is what remains of scatter lists */
	if (option & MACH_SEND_MSG)
		r = send_half(msg, option, send_size, timeout);
	if (!r && option & MACH_RCV_MSG)
		r = receive_half(rcv_msg ? rcv_msg : msg, option, rcv_size, rcv_name, timeout);
	return r;
}

_public_ mach_msg_return_t mach_msg(mach_msg_header_t *msg, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_name_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_name_t notify)
{
	return mach_msg_overwrite(
		msg, option, send_size, rcv_size, rcv_name, timeout, notify, NULL, 0);
}

/* The traps are what mach_msg() is made of elsewhere; they differ in not starting again after a
 * signal. */
_public_ mach_msg_return_t mach_msg_trap(mach_msg_header_t *msg, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_name_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_name_t notify)
{
	return mach_msg(msg, option | MACH_SEND_INTERRUPT | MACH_RCV_INTERRUPT, send_size, rcv_size,
		rcv_name, timeout, notify);
}

_public_ mach_msg_return_t mach_msg_overwrite_trap(mach_msg_header_t *msg, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_name_t rcv_name,
	mach_msg_timeout_t timeout, mach_msg_priority_t priority, mach_msg_header_t *rcv_msg,
	mach_msg_size_t rcv_limit)
{
	return mach_msg_overwrite(msg, option | MACH_SEND_INTERRUPT | MACH_RCV_INTERRUPT, send_size,
		rcv_size, rcv_name, timeout, priority, rcv_msg, rcv_limit);
}

_public_ mach_msg_return_t mach_msg_send(mach_msg_header_t *msg)
{
	return mach_msg(msg, MACH_SEND_MSG, msg->msgh_size, 0, MACH_PORT_NULL,
		MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

_public_ mach_msg_return_t mach_msg_receive(mach_msg_header_t *msg)
{
	return mach_msg(msg, MACH_RCV_MSG, 0, msg->msgh_size, msg->msgh_local_port,
		MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

_public_ mach_msg_return_t mach_msg2_internal(void *data, mach_msg_option64_t option64,
	uint64_t bits_and_send_size, uint64_t remote_and_local, uint64_t voucher_and_id,
	uint64_t desc_count_and_rcv_name, uint64_t rcv_size_and_priority, uint64_t timeout)
{
	mach_msg_option_t option = (mach_msg_option_t)option64;
	mach_msg_header_t *send = data, *receive = data;
	mach_msg_header_t header;

	if (option64 & MACH64_MSG_VECTOR) {
		const mach_msg_vector_t *vector = data;

		send = (mach_msg_header_t *)(uintptr_t)vector->msgv_data;
		receive = vector->msgv_rcv_addr
				  ? (mach_msg_header_t *)(uintptr_t)vector->msgv_rcv_addr
				  : send;
	}
	if (option & MACH_SEND_MSG) {
		/* The arguments are the header; what the buffer says of itself does not count. */
		header = *send;
		send->msgh_bits = (mach_msg_bits_t)bits_and_send_size;
		send->msgh_remote_port = (mach_port_t)remote_and_local;
		send->msgh_local_port = (mach_port_t)(remote_and_local >> 32);
		send->msgh_voucher_port = (mach_port_t)voucher_and_id;
		send->msgh_id = (mach_msg_id_t)(voucher_and_id >> 32);
		if (send->msgh_bits & MACH_MSGH_BITS_COMPLEX &&
			((mach_msg_base_t *)send)->body.msgh_descriptor_count !=
				(uint32_t)desc_count_and_rcv_name) {
			*send = header;
			return MACH_SEND_INVALID_HEADER;
		}
	}
	return mach_msg_overwrite(send, option | MACH_SEND_INTERRUPT | MACH_RCV_INTERRUPT,
		(mach_msg_size_t)(bits_and_send_size >> 32), (mach_msg_size_t)rcv_size_and_priority,
		(mach_port_name_t)(desc_count_and_rcv_name >> 32), (mach_msg_timeout_t)timeout,
		(mach_port_name_t)(rcv_size_and_priority >> 32), receive, 0);
}
