/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public headers against the public values: every constant and every layout that programs,
 * messages on the wire and generated code rely on. Nearly all of it is checked by the compiler;
 * what runs is what only a running program can tell: bit-fields, and macros that are statements.
 *
 * The numbers are written out on purpose, rather than derived: this file is the second opinion.
 */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <bsm/libbsm.h>
#include <mach/mach.h>
#include <mach/mach_vm.h>
#include <mach/notify.h>
#include <mach/vm_param.h>
#include <mach/vm_task.h>
#include <mach_debug/mach_debug_types.h>
#include <sys/fileport.h>

#include "tests/lib/unit.h"

#define VALUE(name, value) _Static_assert((name) == (value), #name)
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#define FIELD(type, field, offset)                                                                 \
	_Static_assert(offsetof(type, field) == (offset), #type "." #field)
#define SAME_TYPE(a, b) _Static_assert(__builtin_types_compatible_p(a, b), #a " is " #b)

/* --- Basic types --- */

SIZE(natural_t, 4);
SIZE(integer_t, 4);
SIZE(boolean_t, 4);
SIZE(kern_return_t, 4);
SIZE(mach_port_t, 4);
SIZE(mach_port_name_t, 4);
SIZE(mach_msg_timeout_t, 4);
SIZE(mach_msg_option_t, 4);
SIZE(mach_msg_option64_t, 8);
SIZE(mach_msg_type_name_t, 4);
SIZE(mach_msg_type_number_t, 4);
SIZE(mach_vm_address_t, 8);
SIZE(mach_vm_size_t, 8);
SIZE(vm_offset_t, sizeof(void *));
SIZE(vm_size_t, sizeof(void *));
SIZE(mach_port_context_t, sizeof(void *));
SIZE(semaphore_t, 4);
SIZE(fileport_t, 4);
SAME_TYPE(mach_port_t, mach_port_name_t);
SAME_TYPE(natural_t, unsigned int);
SAME_TYPE(kern_return_t, int);
SAME_TYPE(mach_msg_return_t, kern_return_t);
SAME_TYPE(mach_error_t, kern_return_t);
SAME_TYPE(mach_msg_type_name_t, unsigned int);
SAME_TYPE(mach_msg_option_t, int);
SAME_TYPE(vm_map_t, mach_port_t);
SAME_TYPE(task_t, mach_port_t);
#if defined(__x86_64__)
SAME_TYPE(boolean_t, unsigned int);
#else
SAME_TYPE(boolean_t, int);
#endif
VALUE(TRUE, 1);
VALUE(FALSE, 0);

/* --- mach/port.h --- */

VALUE(MACH_PORT_NULL, 0);
VALUE(MACH_PORT_DEAD, 0xffffffffu);
_Static_assert(!MACH_PORT_VALID(MACH_PORT_NULL), "null");
_Static_assert(!MACH_PORT_VALID(MACH_PORT_DEAD), "dead");
_Static_assert(MACH_PORT_VALID(0x103), "a name");
VALUE(MACH_PORT_INDEX(0x12345607u), 0x123456u);
VALUE(MACH_PORT_GEN(0x12345607u), 0x07000000u);
VALUE(MACH_PORT_MAKE(0x123456u, 0x07000000u), 0x12345607u);
VALUE(MACH_PORT_MAKE(1u, 0x03000000u), 0x103u);

VALUE(MACH_PORT_RIGHT_SEND, 0);
VALUE(MACH_PORT_RIGHT_RECEIVE, 1);
VALUE(MACH_PORT_RIGHT_SEND_ONCE, 2);
VALUE(MACH_PORT_RIGHT_PORT_SET, 3);
VALUE(MACH_PORT_RIGHT_DEAD_NAME, 4);
VALUE(MACH_PORT_RIGHT_LABELH, 5);
VALUE(MACH_PORT_RIGHT_NUMBER, 6);
VALUE(MACH_PORT_TYPE_NONE, 0);
VALUE(MACH_PORT_TYPE_SEND, 0x10000);
VALUE(MACH_PORT_TYPE_RECEIVE, 0x20000);
VALUE(MACH_PORT_TYPE_SEND_ONCE, 0x40000);
VALUE(MACH_PORT_TYPE_PORT_SET, 0x80000);
VALUE(MACH_PORT_TYPE_DEAD_NAME, 0x100000);
VALUE(MACH_PORT_TYPE_LABELH, 0x200000);
VALUE(MACH_PORT_TYPE_SEND_RECEIVE, 0x30000);
VALUE(MACH_PORT_TYPE_SEND_RIGHTS, 0x50000);
VALUE(MACH_PORT_TYPE_PORT_RIGHTS, 0x70000);
VALUE(MACH_PORT_TYPE_PORT_OR_DEAD, 0x170000);
VALUE(MACH_PORT_TYPE_ALL_RIGHTS, 0x1f0000);
VALUE(MACH_PORT_TYPE_DNREQUEST, 0x80000000u);
VALUE(MACH_PORT_TYPE_SPREQUEST, 0x40000000u);
VALUE(MACH_PORT_TYPE_SPREQUEST_DELAYED, 0x20000000u);
VALUE(MACH_PORT_SRIGHTS_NONE, 0);
VALUE(MACH_PORT_SRIGHTS_PRESENT, 1);
VALUE(MACH_PORT_QLIMIT_ZERO, 0);
VALUE(MACH_PORT_QLIMIT_MIN, 0);
VALUE(MACH_PORT_QLIMIT_BASIC, 5);
VALUE(MACH_PORT_QLIMIT_DEFAULT, 5);
VALUE(MACH_PORT_QLIMIT_SMALL, 16);
VALUE(MACH_PORT_QLIMIT_LARGE, 1024);
VALUE(MACH_PORT_QLIMIT_MAX, 1024);
VALUE(MACH_PORT_QLIMIT_KERNEL, 65534);
VALUE(MACH_PORT_STATUS_FLAG_TEMPOWNER, 0x01);
VALUE(MACH_PORT_STATUS_FLAG_GUARDED, 0x02);
VALUE(MACH_PORT_STATUS_FLAG_STRICT_GUARD, 0x04);
VALUE(MACH_PORT_STATUS_FLAG_IMP_DONATION, 0x08);
VALUE(MACH_PORT_STATUS_FLAG_REVIVE, 0x10);
VALUE(MACH_PORT_STATUS_FLAG_TASKPTR, 0x20);
VALUE(MACH_PORT_STATUS_FLAG_GUARD_IMMOVABLE_RECEIVE, 0x40);
VALUE(MACH_PORT_STATUS_FLAG_NO_GRANT, 0x80);

VALUE(MACH_PORT_LIMITS_INFO, 1);
VALUE(MACH_PORT_RECEIVE_STATUS, 2);
VALUE(MACH_PORT_DNREQUESTS_SIZE, 3);
VALUE(MACH_PORT_TEMPOWNER, 4);
VALUE(MACH_PORT_IMPORTANCE_RECEIVER, 5);
VALUE(MACH_PORT_DENAP_RECEIVER, 6);
VALUE(MACH_PORT_INFO_EXT, 7);
VALUE(MACH_PORT_GUARD_INFO, 8);
VALUE(MACH_PORT_SERVICE_THROTTLED, 9);
VALUE(MACH_PORT_LIMITS_INFO_COUNT, 1);
VALUE(MACH_PORT_RECEIVE_STATUS_COUNT, 10);
VALUE(MACH_PORT_DNREQUESTS_SIZE_COUNT, 1);
VALUE(MACH_PORT_INFO_EXT_COUNT, 17);
VALUE(MACH_PORT_GUARD_INFO_COUNT, 2);
VALUE(MACH_PORT_SERVICE_THROTTLED_COUNT, 1);

VALUE(MPO_CONTEXT_AS_GUARD, 0x01);
VALUE(MPO_QLIMIT, 0x02);
VALUE(MPO_TEMPOWNER, 0x04);
VALUE(MPO_IMPORTANCE_RECEIVER, 0x08);
VALUE(MPO_INSERT_SEND_RIGHT, 0x10);
VALUE(MPO_STRICT, 0x20);
VALUE(MPO_DENAP_RECEIVER, 0x40);
VALUE(MPO_IMMOVABLE_RECEIVE, 0x80);
VALUE(MPO_FILTER_MSG, 0x100);
VALUE(MPO_TG_BLOCK_TRACKING, 0x200);
VALUE(MPO_SERVICE_PORT, 0x400);
VALUE(MPO_CONNECTION_PORT, 0x800);
VALUE(MPO_REPLY_PORT, 0x1000);
VALUE(MPO_ENFORCE_REPLY_PORT_SEMANTICS, 0x2000);
VALUE(MPO_PROVISIONAL_REPLY_PORT, 0x4000);
VALUE(MPO_EXCEPTION_PORT, 0x8000);
VALUE(MPG_FLAGS_NONE, 0);
VALUE(MPG_STRICT, 1);
VALUE(MPG_IMMOVABLE_RECEIVE, 2);
VALUE(GUARD_TYPE_MACH_PORT, 1);

VALUE(kGUARD_EXC_DESTROY, 1);
VALUE(kGUARD_EXC_MOD_REFS, 2);
VALUE(kGUARD_EXC_INVALID_OPTIONS, 3);
VALUE(kGUARD_EXC_SET_CONTEXT, 4);
VALUE(kGUARD_EXC_THREAD_SET_STATE, 5);
VALUE(kGUARD_EXC_EXCEPTION_BEHAVIOR_ENFORCE, 6);
VALUE(kGUARD_EXC_UNGUARDED, 8);
VALUE(kGUARD_EXC_INCORRECT_GUARD, 16);
VALUE(kGUARD_EXC_IMMOVABLE, 32);
VALUE(kGUARD_EXC_STRICT_REPLY, 64);
VALUE(kGUARD_EXC_MSG_FILTERED, 128);
VALUE(kGUARD_EXC_INVALID_RIGHT, 256);
VALUE(kGUARD_EXC_INVALID_NAME, 512);
VALUE(kGUARD_EXC_INVALID_VALUE, 1024);
VALUE(kGUARD_EXC_INVALID_ARGUMENT, 2048);
VALUE(kGUARD_EXC_RIGHT_EXISTS, 4096);
VALUE(kGUARD_EXC_KERN_NO_SPACE, 8192);
VALUE(kGUARD_EXC_KERN_FAILURE, 16384);
VALUE(kGUARD_EXC_KERN_RESOURCE, 32768);
VALUE(kGUARD_EXC_SEND_INVALID_REPLY, 0x10000);
VALUE(kGUARD_EXC_SEND_INVALID_VOUCHER, 0x20000);
VALUE(kGUARD_EXC_SEND_INVALID_RIGHT, 0x40000);
VALUE(kGUARD_EXC_RCV_INVALID_NAME, 0x80000);
VALUE(kGUARD_EXC_RCV_GUARDED_DESC, 0x100000);
VALUE(kGUARD_EXC_PROVISIONAL_REPLY_PORT, 0x100002);
VALUE(kGUARD_EXC_MOD_REFS_NON_FATAL, 0x200000);
VALUE(kGUARD_EXC_IMMOVABLE_NON_FATAL, 0x400000);
VALUE(kGUARD_EXC_REQUIRE_REPLY_PORT_SEMANTICS, 0x800000);
VALUE(MAX_FATAL_kGUARD_EXC_CODE, 128);
VALUE(MAX_OPTIONAL_kGUARD_EXC_CODE, 0x80000);

SIZE(mach_port_status_t, 40);
FIELD(mach_port_status_t, mps_pset, 0);
FIELD(mach_port_status_t, mps_seqno, 4);
FIELD(mach_port_status_t, mps_mscount, 8);
FIELD(mach_port_status_t, mps_qlimit, 12);
FIELD(mach_port_status_t, mps_msgcount, 16);
FIELD(mach_port_status_t, mps_sorights, 20);
FIELD(mach_port_status_t, mps_srights, 24);
FIELD(mach_port_status_t, mps_pdrequest, 28);
FIELD(mach_port_status_t, mps_nsrequest, 32);
FIELD(mach_port_status_t, mps_flags, 36);
SIZE(mach_port_limits_t, 4);
SIZE(mach_port_info_ext_t, 68);
FIELD(mach_port_info_ext_t, mpie_boost_cnt, 40);
SIZE(mach_port_guard_info_t, 8);
SIZE(mach_port_qos_t, 8);
FIELD(mach_port_qos_t, len, 4);
SIZE(mach_service_port_info_data_t, 256);
FIELD(mach_service_port_info_data_t, mspi_domain_type, 255);
VALUE(MACH_SERVICE_PORT_INFO_STRING_NAME_MAX_BUF_LEN, 255);
SIZE(mach_port_options_t, 24);
FIELD(mach_port_options_t, flags, 0);
FIELD(mach_port_options_t, mpl, 4);
FIELD(mach_port_options_t, reserved, 8);
FIELD(mach_port_options_t, work_interval_port, 8);
FIELD(mach_port_options_t, service_port_info, 8);
FIELD(mach_port_options_t, service_port_name, 8);

/* --- mach/message.h: header --- */

VALUE(MACH_MSG_TIMEOUT_NONE, 0);
VALUE(MACH_MSGH_BITS_REMOTE_MASK, 0x1f);
VALUE(MACH_MSGH_BITS_LOCAL_MASK, 0x1f00);
VALUE(MACH_MSGH_BITS_VOUCHER_MASK, 0x1f0000);
VALUE(MACH_MSGH_BITS_PORTS_MASK, 0x1f1f1f);
VALUE(MACH_MSGH_BITS_COMPLEX, 0x80000000u);
VALUE(MACH_MSGH_BITS_USER, 0x801f1f1fu);
VALUE(MACH_MSGH_BITS_RAISEIMP, 0x20000000u);
VALUE(MACH_MSGH_BITS_CIRCULAR, 0x10000000u);
VALUE(MACH_MSGH_BITS_USED, 0xb01f1f1fu);
VALUE(MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE), 0x1513);
VALUE(MACH_MSGH_BITS_SET(19, 21, 17, MACH_MSGH_BITS_COMPLEX), 0x80111513u);
VALUE(MACH_MSGH_BITS_REMOTE(0x80111513u), 19);
VALUE(MACH_MSGH_BITS_LOCAL(0x80111513u), 21);
VALUE(MACH_MSGH_BITS_VOUCHER(0x80111513u), 17);
VALUE(MACH_MSGH_BITS_PORTS(0x80111513u), 0x111513u);
VALUE(MACH_MSGH_BITS_OTHER(0x80111513u), 0x80000000u);
_Static_assert(MACH_MSGH_BITS_IS_COMPLEX(0x80111513u), "complex");
_Static_assert(!MACH_MSGH_BITS_IS_COMPLEX(0x111513u), "simple");
_Static_assert(!MACH_MSGH_BITS_HAS_VOUCHER(0x1513u), "no voucher");
_Static_assert(MACH_MSGH_BITS_HAS_LOCAL(0x1513u), "local");
_Static_assert(MACH_MSGH_BITS_HAS_REMOTE(0x1513u), "remote");

VALUE(MACH_MSG_TYPE_PORT_NONE, 0);
VALUE(MACH_MSG_TYPE_PORT_NAME, 15);
VALUE(MACH_MSG_TYPE_MOVE_RECEIVE, 16);
VALUE(MACH_MSG_TYPE_MOVE_SEND, 17);
VALUE(MACH_MSG_TYPE_MOVE_SEND_ONCE, 18);
VALUE(MACH_MSG_TYPE_COPY_SEND, 19);
VALUE(MACH_MSG_TYPE_MAKE_SEND, 20);
VALUE(MACH_MSG_TYPE_MAKE_SEND_ONCE, 21);
VALUE(MACH_MSG_TYPE_COPY_RECEIVE, 22);
VALUE(MACH_MSG_TYPE_LAST, 22);
VALUE(MACH_MSG_TYPE_DISPOSE_RECEIVE, 24);
VALUE(MACH_MSG_TYPE_DISPOSE_SEND, 25);
VALUE(MACH_MSG_TYPE_DISPOSE_SEND_ONCE, 26);
VALUE(MACH_MSG_TYPE_PORT_RECEIVE, 16);
VALUE(MACH_MSG_TYPE_PORT_SEND, 17);
VALUE(MACH_MSG_TYPE_PORT_SEND_ONCE, 18);
VALUE(MACH_MSG_TYPE_POLYMORPHIC, 0xffffffffu);
_Static_assert(MACH_MSG_TYPE_PORT_ANY(16) && MACH_MSG_TYPE_PORT_ANY(21), "any");
_Static_assert(!MACH_MSG_TYPE_PORT_ANY(15) && !MACH_MSG_TYPE_PORT_ANY(22), "none");
_Static_assert(!MACH_MSG_TYPE_PORT_ANY_SEND(16) && MACH_MSG_TYPE_PORT_ANY_SEND(17), "send");
_Static_assert(MACH_MSG_TYPE_PORT_ANY_RIGHT(18) && !MACH_MSG_TYPE_PORT_ANY_RIGHT(19), "right");

VALUE(MACH_MSG_PORT_DESCRIPTOR, 0);
VALUE(MACH_MSG_OOL_DESCRIPTOR, 1);
VALUE(MACH_MSG_OOL_PORTS_DESCRIPTOR, 2);
VALUE(MACH_MSG_OOL_VOLATILE_DESCRIPTOR, 3);
VALUE(MACH_MSG_GUARDED_PORT_DESCRIPTOR, 4);
VALUE(MACH_MSG_DESCRIPTOR_MAX, 4);
VALUE(MACH_MSG_PHYSICAL_COPY, 0);
VALUE(MACH_MSG_VIRTUAL_COPY, 1);
VALUE(MACH_MSG_ALLOCATE, 2);
VALUE(MACH_MSG_OVERWRITE, 3);
VALUE(MACH_MSG_GUARD_FLAGS_NONE, 0);
VALUE(MACH_MSG_GUARD_FLAGS_IMMOVABLE_RECEIVE, 1);
VALUE(MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND, 2);
VALUE(MACH_MSG_GUARD_FLAGS_MASK, 3);

SIZE(mach_msg_header_t, 24);
FIELD(mach_msg_header_t, msgh_bits, 0);
FIELD(mach_msg_header_t, msgh_size, 4);
FIELD(mach_msg_header_t, msgh_remote_port, 8);
FIELD(mach_msg_header_t, msgh_local_port, 12);
FIELD(mach_msg_header_t, msgh_voucher_port, 16);
FIELD(mach_msg_header_t, msgh_reserved, 16);
FIELD(mach_msg_header_t, msgh_id, 20);
SIZE(mach_msg_body_t, 4);
SIZE(mach_msg_base_t, 28);
FIELD(mach_msg_base_t, body, 24);
SIZE(mach_msg_type_descriptor_t, 12);
SIZE(mach_msg_port_descriptor_t, 12);
FIELD(mach_msg_port_descriptor_t, name, 0);
FIELD(mach_msg_port_descriptor_t, pad1, 4);
SIZE(mach_msg_ool_descriptor32_t, 12);
SIZE(mach_msg_ool_descriptor64_t, 16);
SIZE(mach_msg_ool_ports_descriptor32_t, 12);
SIZE(mach_msg_ool_ports_descriptor64_t, 16);
SIZE(mach_msg_guarded_port_descriptor32_t, 12);
SIZE(mach_msg_guarded_port_descriptor64_t, 16);
#if defined(__LP64__)
SIZE(mach_msg_ool_descriptor_t, 16);
FIELD(mach_msg_ool_descriptor_t, address, 0);
FIELD(mach_msg_ool_descriptor_t, size, 12);
SIZE(mach_msg_ool_ports_descriptor_t, 16);
FIELD(mach_msg_ool_ports_descriptor_t, count, 12);
SIZE(mach_msg_guarded_port_descriptor_t, 16);
FIELD(mach_msg_guarded_port_descriptor_t, context, 0);
FIELD(mach_msg_guarded_port_descriptor_t, name, 12);
SIZE(mach_msg_descriptor_t, 16);
#endif
_Static_assert(_Alignof(mach_msg_ool_descriptor_t) == 4, "packed to four");
_Static_assert(_Alignof(mach_msg_context_trailer_t) == 4, "packed to four");
SIZE(mach_msg_empty_send_t, 24);
SIZE(mach_msg_empty_rcv_t, 32);
SIZE(mach_msg_empty_t, 32);
SIZE(mach_msg_vector_t, 24);
FIELD(mach_msg_vector_t, msgv_rcv_addr, 8);
FIELD(mach_msg_vector_t, msgv_send_size, 16);
FIELD(mach_msg_vector_t, msgv_rcv_size, 20);
SIZE(mach_msg_aux_header_t, 8);
VALUE(MACH_MSGV_IDX_MSG, 0);
VALUE(MACH_MSGV_IDX_AUX, 1);
VALUE(MACH_MSG_SIZE_MAX, 0xffffffffu);
VALUE(MACH_MSG_SIZE_RELIABLE, 262144);
VALUE(round_msg(0), 0);
VALUE(round_msg(1), 4);
VALUE(round_msg(24), 24);
VALUE(round_msg(25), 28);

/* --- mach/message.h: trailers --- */

VALUE(MACH_MSG_TRAILER_FORMAT_0, 0);
SIZE(mach_msg_trailer_t, 8);
SIZE(mach_msg_seqno_trailer_t, 12);
SIZE(mach_msg_security_trailer_t, 20);
SIZE(mach_msg_format_0_trailer_t, 20);
SIZE(mach_msg_audit_trailer_t, 52);
#if defined(__LP64__)
SIZE(mach_msg_context_trailer_t, 60);
SIZE(mach_msg_mac_trailer_t, 68);
FIELD(mach_msg_mac_trailer_t, msgh_ad, 60);
FIELD(mach_msg_mac_trailer_t, msgh_labels, 64);
VALUE(MAX_TRAILER_SIZE, 68);
#endif
FIELD(mach_msg_mac_trailer_t, msgh_trailer_type, 0);
FIELD(mach_msg_mac_trailer_t, msgh_trailer_size, 4);
FIELD(mach_msg_mac_trailer_t, msgh_seqno, 8);
FIELD(mach_msg_mac_trailer_t, msgh_sender, 12);
FIELD(mach_msg_mac_trailer_t, msgh_audit, 20);
FIELD(mach_msg_mac_trailer_t, msgh_context, 52);
VALUE(MACH_MSG_TRAILER_MINIMUM_SIZE, 8);
VALUE(MACH_MSG_TRAILER_FORMAT_0_SIZE, 20);
SIZE(audit_token_t, 32);
SIZE(security_token_t, 8);
VALUE(MACH_RCV_TRAILER_NULL, 0);
VALUE(MACH_RCV_TRAILER_SEQNO, 1);
VALUE(MACH_RCV_TRAILER_SENDER, 2);
VALUE(MACH_RCV_TRAILER_AUDIT, 3);
VALUE(MACH_RCV_TRAILER_CTX, 4);
VALUE(MACH_RCV_TRAILER_AV, 7);
VALUE(MACH_RCV_TRAILER_LABELS, 8);
VALUE(MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0), 0);
VALUE(MACH_RCV_TRAILER_TYPE(1), 0x10000000);
VALUE(MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT), 0x03000000);
VALUE(MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_LABELS), 0x08000000);
VALUE(MACH_RCV_TRAILER_MASK, 0x0f000000);
VALUE(GET_RCV_ELEMENTS(0x03000002), 3);

#define WITH_TRAILER(elements) (MACH_RCV_MSG | MACH_RCV_TRAILER_ELEMENTS(elements))
VALUE(REQUESTED_TRAILER_SIZE(MACH_RCV_MSG), 8);
VALUE(REQUESTED_TRAILER_SIZE(WITH_TRAILER(MACH_RCV_TRAILER_SEQNO)), 12);
VALUE(REQUESTED_TRAILER_SIZE(WITH_TRAILER(MACH_RCV_TRAILER_SENDER)), 20);
VALUE(REQUESTED_TRAILER_SIZE(WITH_TRAILER(MACH_RCV_TRAILER_AUDIT)), 52);
#if defined(__LP64__)
VALUE(REQUESTED_TRAILER_SIZE(WITH_TRAILER(MACH_RCV_TRAILER_CTX)), 60);
VALUE(REQUESTED_TRAILER_SIZE(WITH_TRAILER(5)), 68);
VALUE(REQUESTED_TRAILER_SIZE(WITH_TRAILER(MACH_RCV_TRAILER_AV)), 68);
VALUE(REQUESTED_TRAILER_SIZE(WITH_TRAILER(MACH_RCV_TRAILER_LABELS)), 68);
#endif

/* --- mach/message.h: options --- */

VALUE(MACH_MSG_OPTION_NONE, 0);
VALUE(MACH_SEND_MSG, 0x1);
VALUE(MACH_RCV_MSG, 0x2);
VALUE(MACH_RCV_LARGE, 0x4);
VALUE(MACH_RCV_LARGE_IDENTITY, 0x8);
VALUE(MACH_SEND_TIMEOUT, 0x10);
VALUE(MACH_SEND_OVERRIDE, 0x20);
VALUE(MACH_SEND_INTERRUPT, 0x40);
VALUE(MACH_SEND_NOTIFY, 0x80);
VALUE(MACH_RCV_TIMEOUT, 0x100);
VALUE(MACH_MSG_STRICT_REPLY, 0x200);
VALUE(MACH_RCV_INTERRUPT, 0x400);
VALUE(MACH_RCV_VOUCHER, 0x800);
VALUE(MACH_RCV_GUARDED_DESC, 0x1000);
VALUE(MACH_RCV_SYNC_WAIT, 0x4000);
VALUE(MACH_RCV_SYNC_PEEK, 0x8000);
VALUE(MACH_SEND_ALWAYS, 0x10000);
VALUE(MACH_SEND_FILTER_NONFATAL, 0x10000);
VALUE(MACH_SEND_TRAILER, 0x20000);
VALUE(MACH_SEND_NOIMPORTANCE, 0x40000);
VALUE(MACH_SEND_NODENAP, 0x40000);
VALUE(MACH_SEND_IMPORTANCE, 0x80000);
VALUE(MACH_SEND_SYNC_OVERRIDE, 0x100000);
VALUE(MACH_SEND_PROPAGATE_QOS, 0x200000);
VALUE(MACH_SEND_KERNEL, 0x400000);
VALUE(MACH_SEND_SYNC_BOOTSTRAP_CHECKIN, 0x800000);
VALUE(MACH_RCV_NOTIFY, 0);
VALUE(MACH_RCV_OVERWRITE, 0);
VALUE(MACH64_SEND_MSG, 0x1);
VALUE(MACH64_RCV_MSG, 0x2);
VALUE(MACH64_MSG_STRICT_REPLY, 0x200);
VALUE(MACH64_MSG_VECTOR, UINT64_C(1) << 32);
VALUE(MACH64_SEND_KOBJECT_CALL, UINT64_C(1) << 33);
VALUE(MACH64_SEND_MQ_CALL, UINT64_C(1) << 34);
VALUE(MACH64_SEND_USER_CALL, UINT64_C(1) << 34);
VALUE(MACH64_SEND_ANY, UINT64_C(1) << 35);
VALUE(MACH64_SEND_DK_CALL, UINT64_C(1) << 36);

/* --- mach/message.h: results --- */

VALUE(MACH_MSG_SUCCESS, 0);
VALUE(MACH_MSG_MASK, 0x3e00);
VALUE(MACH_MSG_IPC_SPACE, 0x2000);
VALUE(MACH_MSG_VM_SPACE, 0x1000);
VALUE(MACH_MSG_IPC_KERNEL, 0x800);
VALUE(MACH_MSG_VM_KERNEL, 0x400);
VALUE(MACH_SEND_IN_PROGRESS, 0x10000001);
VALUE(MACH_SEND_INVALID_DATA, 0x10000002);
VALUE(MACH_SEND_INVALID_DEST, 0x10000003);
VALUE(MACH_SEND_TIMED_OUT, 0x10000004);
VALUE(MACH_SEND_INVALID_VOUCHER, 0x10000005);
VALUE(MACH_SEND_INTERRUPTED, 0x10000007);
VALUE(MACH_SEND_MSG_TOO_SMALL, 0x10000008);
VALUE(MACH_SEND_INVALID_REPLY, 0x10000009);
VALUE(MACH_SEND_INVALID_RIGHT, 0x1000000a);
VALUE(MACH_SEND_INVALID_NOTIFY, 0x1000000b);
VALUE(MACH_SEND_INVALID_MEMORY, 0x1000000c);
VALUE(MACH_SEND_NO_BUFFER, 0x1000000d);
VALUE(MACH_SEND_TOO_LARGE, 0x1000000e);
VALUE(MACH_SEND_INVALID_TYPE, 0x1000000f);
VALUE(MACH_SEND_INVALID_HEADER, 0x10000010);
VALUE(MACH_SEND_INVALID_TRAILER, 0x10000011);
VALUE(MACH_SEND_INVALID_CONTEXT, 0x10000012);
VALUE(MACH_SEND_INVALID_OPTIONS, 0x10000013);
VALUE(MACH_SEND_INVALID_RT_OOL_SIZE, 0x10000015);
VALUE(MACH_SEND_NO_GRANT_DEST, 0x10000016);
VALUE(MACH_SEND_MSG_FILTERED, 0x10000017);
VALUE(MACH_SEND_AUX_TOO_SMALL, 0x10000018);
VALUE(MACH_SEND_AUX_TOO_LARGE, 0x10000019);
VALUE(MACH_RCV_IN_PROGRESS, 0x10004001);
VALUE(MACH_RCV_INVALID_NAME, 0x10004002);
VALUE(MACH_RCV_TIMED_OUT, 0x10004003);
VALUE(MACH_RCV_TOO_LARGE, 0x10004004);
VALUE(MACH_RCV_INTERRUPTED, 0x10004005);
VALUE(MACH_RCV_PORT_CHANGED, 0x10004006);
VALUE(MACH_RCV_INVALID_NOTIFY, 0x10004007);
VALUE(MACH_RCV_INVALID_DATA, 0x10004008);
VALUE(MACH_RCV_PORT_DIED, 0x10004009);
VALUE(MACH_RCV_IN_SET, 0x1000400a);
VALUE(MACH_RCV_HEADER_ERROR, 0x1000400b);
VALUE(MACH_RCV_BODY_ERROR, 0x1000400c);
VALUE(MACH_RCV_INVALID_TYPE, 0x1000400d);
VALUE(MACH_RCV_SCATTER_SMALL, 0x1000400e);
VALUE(MACH_RCV_INVALID_TRAILER, 0x1000400f);
VALUE(MACH_RCV_IN_PROGRESS_TIMED, 0x10004011);
VALUE(MACH_RCV_INVALID_REPLY, 0x10004012);
VALUE(MACH_RCV_INVALID_ARGUMENTS, 0x10004013);

/* --- mach/kern_return.h --- */

VALUE(KERN_SUCCESS, 0);
VALUE(KERN_INVALID_ADDRESS, 1);
VALUE(KERN_PROTECTION_FAILURE, 2);
VALUE(KERN_NO_SPACE, 3);
VALUE(KERN_INVALID_ARGUMENT, 4);
VALUE(KERN_FAILURE, 5);
VALUE(KERN_RESOURCE_SHORTAGE, 6);
VALUE(KERN_NOT_RECEIVER, 7);
VALUE(KERN_NO_ACCESS, 8);
VALUE(KERN_MEMORY_FAILURE, 9);
VALUE(KERN_MEMORY_ERROR, 10);
VALUE(KERN_ALREADY_IN_SET, 11);
VALUE(KERN_NOT_IN_SET, 12);
VALUE(KERN_NAME_EXISTS, 13);
VALUE(KERN_ABORTED, 14);
VALUE(KERN_INVALID_NAME, 15);
VALUE(KERN_INVALID_TASK, 16);
VALUE(KERN_INVALID_RIGHT, 17);
VALUE(KERN_INVALID_VALUE, 18);
VALUE(KERN_UREFS_OVERFLOW, 19);
VALUE(KERN_INVALID_CAPABILITY, 20);
VALUE(KERN_RIGHT_EXISTS, 21);
VALUE(KERN_INVALID_HOST, 22);
VALUE(KERN_MEMORY_PRESENT, 23);
VALUE(KERN_MEMORY_DATA_MOVED, 24);
VALUE(KERN_MEMORY_RESTART_COPY, 25);
VALUE(KERN_INVALID_PROCESSOR_SET, 26);
VALUE(KERN_POLICY_LIMIT, 27);
VALUE(KERN_INVALID_POLICY, 28);
VALUE(KERN_INVALID_OBJECT, 29);
VALUE(KERN_ALREADY_WAITING, 30);
VALUE(KERN_DEFAULT_SET, 31);
VALUE(KERN_EXCEPTION_PROTECTED, 32);
VALUE(KERN_INVALID_LEDGER, 33);
VALUE(KERN_INVALID_MEMORY_CONTROL, 34);
VALUE(KERN_INVALID_SECURITY, 35);
VALUE(KERN_NOT_DEPRESSED, 36);
VALUE(KERN_TERMINATED, 37);
VALUE(KERN_LOCK_SET_DESTROYED, 38);
VALUE(KERN_LOCK_UNSTABLE, 39);
VALUE(KERN_LOCK_OWNED, 40);
VALUE(KERN_LOCK_OWNED_SELF, 41);
VALUE(KERN_SEMAPHORE_DESTROYED, 42);
VALUE(KERN_RPC_SERVER_TERMINATED, 43);
VALUE(KERN_RPC_TERMINATE_ORPHAN, 44);
VALUE(KERN_RPC_CONTINUE_ORPHAN, 45);
VALUE(KERN_NOT_SUPPORTED, 46);
VALUE(KERN_NODE_DOWN, 47);
VALUE(KERN_NOT_WAITING, 48);
VALUE(KERN_OPERATION_TIMED_OUT, 49);
VALUE(KERN_CODESIGN_ERROR, 50);
VALUE(KERN_POLICY_STATIC, 51);
VALUE(KERN_INSUFFICIENT_BUFFER_SIZE, 52);
VALUE(KERN_DENIED, 53);
VALUE(KERN_MISSING_KC, 54);
VALUE(KERN_INVALID_KC, 55);
VALUE(KERN_NOT_FOUND, 56);
VALUE(KERN_RETURN_MAX, 0x100);

/* --- mach/error.h --- */

VALUE(err_none, 0);
VALUE(err_kern, 0);
VALUE(err_us, 0x04000000);
VALUE(err_server, 0x08000000);
VALUE(err_ipc, 0x0c000000);
VALUE(err_mach_ipc, 0x10000000);
VALUE(err_dipc, 0x1c000000);
VALUE(err_local, (int)0xf8000000u);
VALUE(err_ipc_compat, (int)0xfc000000u);
VALUE(err_sub(1), 0x4000);
VALUE(err_get_system(MACH_RCV_TIMED_OUT), 4);
VALUE(err_get_sub(MACH_RCV_TIMED_OUT), 1);
VALUE(err_get_code(MACH_RCV_TIMED_OUT), 3);
VALUE(err_get_system(err_local), 0x3e);
VALUE(unix_err(2), 0xc002);

/* --- MIG --- */

VALUE(MIG_TYPE_ERROR, -300);
VALUE(MIG_REPLY_MISMATCH, -301);
VALUE(MIG_REMOTE_ERROR, -302);
VALUE(MIG_BAD_ID, -303);
VALUE(MIG_BAD_ARGUMENTS, -304);
VALUE(MIG_NO_REPLY, -305);
VALUE(MIG_EXCEPTION, -306);
VALUE(MIG_ARRAY_TOO_LARGE, -307);
VALUE(MIG_SERVER_DIED, -308);
VALUE(MIG_TRAILER_ERROR, -309);
VALUE(__MigTypeCheck, 1);
VALUE(__MigPackStructs, 1);
SIZE(NDR_record_t, 8);
FIELD(NDR_record_t, mig_vers, 0);
FIELD(NDR_record_t, if_vers, 1);
FIELD(NDR_record_t, mig_encoding, 3);
FIELD(NDR_record_t, int_rep, 4);
FIELD(NDR_record_t, char_rep, 5);
FIELD(NDR_record_t, float_rep, 6);
SIZE(mig_reply_error_t, 36);
FIELD(mig_reply_error_t, NDR, 24);
FIELD(mig_reply_error_t, RetCode, 32);
#if defined(__LP64__)
SIZE(struct routine_descriptor, 40);
FIELD(struct routine_descriptor, impl_routine, 0);
FIELD(struct routine_descriptor, stub_routine, 8);
FIELD(struct routine_descriptor, argc, 16);
FIELD(struct routine_descriptor, descr_count, 20);
FIELD(struct routine_descriptor, arg_descr, 24);
FIELD(struct routine_descriptor, max_reply_msg, 32);
FIELD(struct mig_subsystem, server, 0);
FIELD(struct mig_subsystem, start, 8);
FIELD(struct mig_subsystem, end, 12);
FIELD(struct mig_subsystem, maxsize, 16);
FIELD(struct mig_subsystem, reserved, 24);
FIELD(struct mig_subsystem, routine, 32);
#endif

/* --- mach/notify.h --- */

VALUE(MACH_NOTIFY_FIRST, 64);
VALUE(MACH_NOTIFY_PORT_DELETED, 65);
VALUE(MACH_NOTIFY_SEND_POSSIBLE, 66);
VALUE(MACH_NOTIFY_PORT_DESTROYED, 69);
VALUE(MACH_NOTIFY_NO_SENDERS, 70);
VALUE(MACH_NOTIFY_SEND_ONCE, 71);
VALUE(MACH_NOTIFY_DEAD_NAME, 72);
VALUE(MACH_NOTIFY_LAST, 77);
SIZE(mach_port_deleted_notification_t, 56);
FIELD(mach_port_deleted_notification_t, not_port, 32);
FIELD(mach_port_deleted_notification_t, trailer, 36);
SIZE(mach_send_possible_notification_t, 56);
SIZE(mach_port_destroyed_notification_t, 60);
FIELD(mach_port_destroyed_notification_t, not_body, 24);
FIELD(mach_port_destroyed_notification_t, not_port, 28);
FIELD(mach_port_destroyed_notification_t, trailer, 40);
SIZE(mach_no_senders_notification_t, 56);
FIELD(mach_no_senders_notification_t, not_count, 32);
SIZE(mach_send_once_notification_t, 44);
FIELD(mach_send_once_notification_t, trailer, 24);
SIZE(mach_dead_name_notification_t, 56);

/* --- Tasks, memory, time --- */

VALUE(TASK_KERNEL_PORT, 1);
VALUE(TASK_HOST_PORT, 2);
VALUE(TASK_NAME_PORT, 3);
VALUE(TASK_BOOTSTRAP_PORT, 4);
VALUE(TASK_INSPECT_PORT, 5);
VALUE(TASK_READ_PORT, 6);
VALUE(TASK_ACCESS_PORT, 9);
VALUE(TASK_DEBUG_CONTROL_PORT, 10);
VALUE(TASK_RESOURCE_NOTIFY_PORT, 11);
VALUE(TASK_PORT_REGISTER_MAX, 3);
VALUE(TASK_FLAVOR_CONTROL, 0);
VALUE(TASK_FLAVOR_READ, 1);
VALUE(TASK_FLAVOR_INSPECT, 2);
VALUE(TASK_FLAVOR_NAME, 3);
VALUE(THREAD_FLAVOR_CONTROL, 0);
VALUE(THREAD_FLAVOR_READ, 1);
VALUE(THREAD_FLAVOR_INSPECT, 2);
VALUE(NAME_SERVER_SLOT, 0);
VALUE(ENVIRONMENT_SLOT, 1);
VALUE(SERVICE_SLOT, 2);
VALUE(MACH_PORTS_SLOTS_USED, 3);
VALUE(FILEPORT_NULL, 0);
VALUE(VM_FLAGS_FIXED, 0);
VALUE(VM_FLAGS_ANYWHERE, 1);
VALUE(VM_FLAGS_PURGABLE, 2);
VALUE(VM_FLAGS_NO_CACHE, 0x10);
VALUE(VM_FLAGS_OVERWRITE, 0x4000);
VALUE(VM_FLAGS_RETURN_DATA_ADDR, 0x100000);
VALUE(VM_FLAGS_ALIAS_MASK, 0xff000000u);
VALUE(VM_MAKE_TAG(VM_MEMORY_MACH_MSG), 0x14000000);
VALUE(VM_PROT_NONE, 0);
VALUE(VM_PROT_READ, 1);
VALUE(VM_PROT_WRITE, 2);
VALUE(VM_PROT_EXECUTE, 4);
VALUE(VM_PROT_DEFAULT, 3);
VALUE(VM_PROT_ALL, 7);
VALUE(VM_PROT_COPY, 0x10);
VALUE(VM_PROT_IS_MASK, 0x40);
VALUE(VM_PROT_NO_CHANGE, 0x01000000);
VALUE(VM_INHERIT_SHARE, 0);
VALUE(VM_INHERIT_COPY, 1);
VALUE(VM_INHERIT_NONE, 2);
VALUE(SYNC_POLICY_FIFO, 0);
VALUE(SYNC_POLICY_FIXED_PRIORITY, 1);
VALUE(SYNC_POLICY_LIFO, 2);
VALUE(SYNC_POLICY_PREPOST, 4);
VALUE(SYSTEM_CLOCK, 0);
VALUE(CALENDAR_CLOCK, 1);
VALUE(NSEC_PER_SEC, 1000000000);
SIZE(mach_timespec_t, 8);
FIELD(mach_timespec_t, tv_nsec, 4);

SIZE(ipc_info_space_t, 24);
SIZE(ipc_info_space_basic_t, 24);
FIELD(ipc_info_space_basic_t, iisb_table_inuse, 12);
SIZE(ipc_info_name_t, 28);
FIELD(ipc_info_name_t, iin_type, 8);
FIELD(ipc_info_name_t, iin_urefs, 12);
FIELD(ipc_info_name_t, iin_object, 16);
SIZE(ipc_info_tree_name_t, 36);
SIZE(kobject_description_t, 512);
VALUE(IPC_OTYPE_NONE, 0);
VALUE(IPC_OTYPE_TASK_CONTROL, 2);
VALUE(IPC_OTYPE_SEMAPHORE, 23);
VALUE(IPC_OTYPE_FILEPORT, 34);

/* --- What only runs --- */

/* The word with the kind of a descriptor, as it goes over the wire on a little-endian machine. */
#define DESCRIPTOR_WORD(d, offset)                                                                 \
	({                                                                                         \
		uint32_t word_;                                                                    \
		memcpy(&word_, (const char *)&(d) + (offset), sizeof(word_));                      \
		word_;                                                                             \
	})

TEST(descriptors_keep_their_kind_in_the_twelfth_byte)
{
	mach_msg_port_descriptor_t port = {
		.disposition = MACH_MSG_TYPE_MOVE_RECEIVE,
		.type = MACH_MSG_PORT_DESCRIPTOR,
	};
	mach_msg_ool_descriptor_t ool = {
		.deallocate = 1,
		.copy = MACH_MSG_VIRTUAL_COPY,
		.type = MACH_MSG_OOL_DESCRIPTOR,
	};
	mach_msg_ool_ports_descriptor_t ports = {
		.copy = MACH_MSG_ALLOCATE,
		.disposition = MACH_MSG_TYPE_COPY_SEND,
		.type = MACH_MSG_OOL_PORTS_DESCRIPTOR,
	};
	mach_msg_guarded_port_descriptor_t guarded = {
		.flags = MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND,
		.disposition = MACH_MSG_TYPE_MOVE_RECEIVE,
		.type = MACH_MSG_GUARDED_PORT_DESCRIPTOR,
	};
	mach_msg_type_descriptor_t any = {.type = 0xab};

	ASSERT_EQ(DESCRIPTOR_WORD(port, 8), 0x00100000u);
	ASSERT_EQ(DESCRIPTOR_WORD(ool, 8), 0x01000101u);
	ASSERT_EQ(DESCRIPTOR_WORD(ports, 8), 0x02130200u);
	ASSERT_EQ(DESCRIPTOR_WORD(guarded, 8), 0x04100002u);
	ASSERT_EQ(DESCRIPTOR_WORD(any, 8), 0xab000000u);
}

TEST(qos_has_its_flags_in_the_lowest_bits)
{
	mach_port_qos_t qos = {.name = 1};

	ASSERT_EQ(DESCRIPTOR_WORD(qos, 0), 1);
	qos = (mach_port_qos_t){.prealloc = 1, .len = 7};
	ASSERT_EQ(DESCRIPTOR_WORD(qos, 0), 2);
	ASSERT_EQ(DESCRIPTOR_WORD(qos, 4), 7);
}

TEST(initialisers_fill_the_whole_thing)
{
	audit_token_t invalid = INVALID_AUDIT_TOKEN_VALUE;
	audit_token_t kernel = KERNEL_AUDIT_TOKEN_VALUE;
	security_token_t sender = KERNEL_SECURITY_TOKEN_VALUE;
	mach_msg_header_t empty = MACH_MSG_HEADER_EMPTY;
	static const mach_msg_header_t zero;

	for (size_t i = 0; i < 8; i++) {
		ASSERT_EQ(invalid.val[i], UINT_MAX);
		ASSERT_EQ(kernel.val[i], 0);
	}
	ASSERT_EQ(sender.val[0], 0);
	ASSERT_EQ(sender.val[1], 1);
	ASSERT_MEMEQ(&empty, &zero, sizeof(zero));
}

TEST(times_are_compared_and_added)
{
	mach_timespec_t a = {.tv_sec = 1, .tv_nsec = 600000000};
	mach_timespec_t b = {.tv_sec = 2, .tv_nsec = 500000000};
	mach_timespec_t bad = {.tv_sec = 0, .tv_nsec = 1000000000};

	ASSERT_TRUE(CMP_MACH_TIMESPEC(&a, &b) < 0);
	ASSERT_TRUE(CMP_MACH_TIMESPEC(&b, &a) > 0);
	ASSERT_TRUE(CMP_MACH_TIMESPEC(&a, &a) == 0);
	ASSERT_FALSE(BAD_MACH_TIMESPEC(&a));
	ASSERT_TRUE(BAD_MACH_TIMESPEC(&bad));
	ADD_MACH_TIMESPEC(&b, &a);
	ASSERT_EQ(b.tv_sec, 4);
	ASSERT_EQ(b.tv_nsec, 100000000);
	SUB_MACH_TIMESPEC(&b, &a);
	ASSERT_EQ(b.tv_sec, 2);
	ASSERT_EQ(b.tv_nsec, 500000000);
}
