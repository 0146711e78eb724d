/* SPDX-License-Identifier: Apache-2.0 */
/* What the server has to write, and what it calls. */
#if !defined(SEQNOS)
kern_return_t do_mach_notify_port_deleted(mach_port_t notify, mach_port_name_t name);
#if defined(MACH_NOTIFY_SEND_POSSIBLE_EXPECTED)
kern_return_t do_mach_notify_send_possible(mach_port_t notify, mach_port_name_t name);
#endif
kern_return_t do_mach_notify_port_destroyed(mach_port_t notify, mach_port_t rights);
kern_return_t do_mach_notify_no_senders(mach_port_t notify, mach_port_mscount_t mscount);
kern_return_t do_mach_notify_send_once(mach_port_t notify);
kern_return_t do_mach_notify_dead_name(mach_port_t notify, mach_port_name_t name);
boolean_t notify_server(mach_msg_header_t *in, mach_msg_header_t *out);
mig_routine_t notify_server_routine(mach_msg_header_t *in);
#endif
#if defined(SEQNOS)
kern_return_t do_seqnos_mach_notify_port_deleted(mach_port_t notify, mach_port_seqno_t seqno, mach_port_name_t name);
#if defined(MACH_NOTIFY_SEND_POSSIBLE_EXPECTED)
kern_return_t do_seqnos_mach_notify_send_possible(mach_port_t notify, mach_port_seqno_t seqno, mach_port_name_t name);
#endif
kern_return_t do_seqnos_mach_notify_port_destroyed(mach_port_t notify, mach_port_seqno_t seqno, mach_port_t rights);
kern_return_t do_seqnos_mach_notify_no_senders(mach_port_t notify, mach_port_seqno_t seqno, mach_port_mscount_t mscount);
kern_return_t do_seqnos_mach_notify_send_once(mach_port_t notify, mach_port_seqno_t seqno);
kern_return_t do_seqnos_mach_notify_dead_name(mach_port_t notify, mach_port_seqno_t seqno, mach_port_name_t name);
boolean_t seqnos_notify_server(mach_msg_header_t *in, mach_msg_header_t *out);
mig_routine_t seqnos_notify_server_routine(mach_msg_header_t *in);
#endif
