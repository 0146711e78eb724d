/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mach_msg_destroy(): what a message that was received, or came back unsent, still holds.
 */
#include <mach/mach.h>
#include <mach/vm_map.h>

#include "base/cleanup.h"

static void destroy_port(mach_port_t port, mach_msg_type_name_t type)
{
	mach_port_t self = mach_task_self();

	if (!MACH_PORT_VALID(port))
		return;
	switch (type) {
	case MACH_MSG_TYPE_MOVE_SEND:
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		(void)mach_port_deallocate(self, port);
		break;
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		(void)mach_port_mod_refs(self, port, MACH_PORT_RIGHT_RECEIVE, -1);
		break;
	case MACH_MSG_TYPE_MAKE_SEND:
		/* Made and dropped: whoever waits for no-senders is told. */
		(void)mach_port_insert_right(self, port, port, MACH_MSG_TYPE_MAKE_SEND);
		(void)mach_port_deallocate(self, port);
		break;
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		if (mach_port_extract_right(
			    self, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &port, &type) == KERN_SUCCESS)
			(void)mach_port_deallocate(self, port);
		break;
	default:
		break;
	}
}

static void destroy_memory(void *address, mach_msg_size_t size)
{
	if (size > 0)
		(void)vm_deallocate(mach_task_self(), (vm_offset_t)(uintptr_t)address, size);
}

static const uint8_t *destroy_descriptor(const uint8_t *p)
{
	const mach_msg_descriptor_t *d = (const mach_msg_descriptor_t *)(const void *)p;

	switch (d->type.type) {
	case MACH_MSG_PORT_DESCRIPTOR:
		destroy_port(d->port.name, d->port.disposition);
		return p + sizeof(d->port);
	case MACH_MSG_GUARDED_PORT_DESCRIPTOR:
		/* Only who knows the guard can destroy what it guards. */
		if (MACH_PORT_VALID(d->guarded_port.name))
			(void)mach_port_destruct(
				mach_task_self(), d->guarded_port.name, 0, d->guarded_port.context);
		return p + sizeof(d->guarded_port);
	case MACH_MSG_OOL_DESCRIPTOR:
	case MACH_MSG_OOL_VOLATILE_DESCRIPTOR:
		if (d->out_of_line.deallocate)
			destroy_memory(d->out_of_line.address, d->out_of_line.size);
		return p + sizeof(d->out_of_line);
	case MACH_MSG_OOL_PORTS_DESCRIPTOR: {
		const mach_port_t *ports = d->ool_ports.address;

		for (mach_msg_size_t i = 0; i < d->ool_ports.count; i++)
			destroy_port(ports[i], d->ool_ports.disposition);
		if (d->ool_ports.deallocate)
			destroy_memory(d->ool_ports.address,
				d->ool_ports.count * (mach_msg_size_t)sizeof(mach_port_t));
		return p + sizeof(d->ool_ports);
	}
	default:
		return NULL;
	}
}

_public_ void mach_msg_destroy(mach_msg_header_t *msg)
{
	mach_msg_bits_t bits = msg->msgh_bits;
	const mach_msg_base_t *base = (const mach_msg_base_t *)msg;
	const uint8_t *p = (const uint8_t *)(base + 1);

	destroy_port(msg->msgh_remote_port, MACH_MSGH_BITS_REMOTE(bits));
	destroy_port(msg->msgh_voucher_port, MACH_MSGH_BITS_VOUCHER(bits));
	if (!(bits & MACH_MSGH_BITS_COMPLEX))
		return;
	for (mach_msg_size_t n = base->body.msgh_descriptor_count; n > 0 && p; n--)
		p = destroy_descriptor(p);
}
