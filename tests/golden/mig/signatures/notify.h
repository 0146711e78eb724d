/* SPDX-License-Identifier: Apache-2.0 */
/* The public prototypes, and the message ids. */
kern_return_t mach_notify_port_deleted(mach_port_t notify, mach_port_name_t name);
#if defined(MACH_NOTIFY_SEND_POSSIBLE_EXPECTED)
kern_return_t mach_notify_send_possible(mach_port_t notify, mach_port_name_t name);
#endif
kern_return_t mach_notify_port_destroyed(mach_port_t notify, mach_port_t rights);
kern_return_t mach_notify_no_senders(mach_port_t notify, mach_port_mscount_t mscount);
kern_return_t mach_notify_send_once(mach_port_t notify);
kern_return_t mach_notify_dead_name(mach_port_t notify, mach_port_name_t name);

static const struct Id generated[] = { subsystem_to_name_map_notify };
static const struct Id published[] = {
	{"mach_notify_port_deleted", 65},
#if defined(MACH_NOTIFY_SEND_POSSIBLE_EXPECTED)
	{"mach_notify_send_possible", 66},
#endif
	{"mach_notify_port_destroyed", 69},
	{"mach_notify_no_senders", 70},
	{"mach_notify_send_once", 71},
	{"mach_notify_dead_name", 72},
};
