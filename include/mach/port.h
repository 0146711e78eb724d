/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports, the rights to them, and their attributes: the types and constants. The calls that use
 * them are in <mach/mach_port.h> and <mach/message.h>.
 *
 * A port is a queue of messages with one receiver. A task knows its rights by names: a name is a
 * number that means something in one task only. A send and the receive right to one port share a
 * name; each send-once right has a name of its own.
 */
#ifndef _MACH_PORT_H_
#define _MACH_PORT_H_

#include <stdint.h>
#include <mach/boolean.h>
#include <mach/machine/vm_types.h>

/* A name, as a number: says nothing about who owns the right. */
typedef natural_t mach_port_name_t;
typedef mach_port_name_t *mach_port_name_array_t;

/* The same number, where a right goes with it. */
typedef mach_port_name_t mach_port_t;
typedef mach_port_t *mach_port_array_t;

#define MACH_PORT_NULL 0 /* no right */
#define MACH_PORT_DEAD ((mach_port_name_t)~0) /* a right was here, but its port died */
#define MACH_PORT_VALID(name) (((name) != MACH_PORT_NULL) && ((name) != MACH_PORT_DEAD))

/* A name that the library chose: a slot and the generation of that slot. */
#define MACH_PORT_INDEX(name) ((name) >> 8)
#define MACH_PORT_GEN(name) (((name)&0xff) << 24)
#define MACH_PORT_MAKE(index, gen) (((index) << 8) | (gen) >> 24)

/* Kinds of rights. */
typedef natural_t mach_port_right_t;

#define MACH_PORT_RIGHT_SEND ((mach_port_right_t)0)
#define MACH_PORT_RIGHT_RECEIVE ((mach_port_right_t)1)
#define MACH_PORT_RIGHT_SEND_ONCE ((mach_port_right_t)2)
#define MACH_PORT_RIGHT_PORT_SET ((mach_port_right_t)3)
#define MACH_PORT_RIGHT_DEAD_NAME ((mach_port_right_t)4)
#define MACH_PORT_RIGHT_LABELH ((mach_port_right_t)5) /* obsolete */
#define MACH_PORT_RIGHT_NUMBER ((mach_port_right_t)6) /* how many kinds there are */

/* All that a name denotes, one bit for each kind of right. */
typedef natural_t mach_port_type_t;
typedef mach_port_type_t *mach_port_type_array_t;

#define MACH_PORT_TYPE(right)                                                                      \
	((mach_port_type_t)(((mach_port_type_t)1) << ((right) + ((mach_port_right_t)16))))
#define MACH_PORT_TYPE_NONE ((mach_port_type_t)0)
#define MACH_PORT_TYPE_SEND MACH_PORT_TYPE(MACH_PORT_RIGHT_SEND)
#define MACH_PORT_TYPE_RECEIVE MACH_PORT_TYPE(MACH_PORT_RIGHT_RECEIVE)
#define MACH_PORT_TYPE_SEND_ONCE MACH_PORT_TYPE(MACH_PORT_RIGHT_SEND_ONCE)
#define MACH_PORT_TYPE_PORT_SET MACH_PORT_TYPE(MACH_PORT_RIGHT_PORT_SET)
#define MACH_PORT_TYPE_DEAD_NAME MACH_PORT_TYPE(MACH_PORT_RIGHT_DEAD_NAME)
#define MACH_PORT_TYPE_LABELH MACH_PORT_TYPE(MACH_PORT_RIGHT_LABELH)

#define MACH_PORT_TYPE_SEND_RECEIVE (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_RECEIVE)
#define MACH_PORT_TYPE_SEND_RIGHTS (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_SEND_ONCE)
#define MACH_PORT_TYPE_PORT_RIGHTS (MACH_PORT_TYPE_SEND_RIGHTS | MACH_PORT_TYPE_RECEIVE)
#define MACH_PORT_TYPE_PORT_OR_DEAD (MACH_PORT_TYPE_PORT_RIGHTS | MACH_PORT_TYPE_DEAD_NAME)
#define MACH_PORT_TYPE_ALL_RIGHTS (MACH_PORT_TYPE_PORT_OR_DEAD | MACH_PORT_TYPE_PORT_SET)

/* Not rights: a notification was asked for on the name. */
#define MACH_PORT_TYPE_DNREQUEST 0x80000000u /* dead-name */
#define MACH_PORT_TYPE_SPREQUEST 0x40000000u /* send-possible, armed */
#define MACH_PORT_TYPE_SPREQUEST_DELAYED 0x20000000u /* send-possible, armed by the next send */

typedef natural_t mach_port_urefs_t; /* user references of a name */
typedef integer_t mach_port_delta_t; /* a change of them */

typedef natural_t mach_port_seqno_t; /* number of a message within its port */
typedef natural_t mach_port_mscount_t; /* send rights made so far */
typedef natural_t mach_port_msgcount_t; /* a number of messages */
typedef natural_t mach_port_rights_t; /* a number of rights */

typedef unsigned int mach_port_srights_t;
#define MACH_PORT_SRIGHTS_NONE 0
#define MACH_PORT_SRIGHTS_PRESENT 1

/* Of a receive right: flavor MACH_PORT_RECEIVE_STATUS. */
typedef struct mach_port_status {
	mach_port_rights_t mps_pset; /* 1 if it is in any port set, else 0 */
	mach_port_seqno_t mps_seqno; /* of the next message to be received */
	mach_port_mscount_t mps_mscount; /* make-send count */
	mach_port_msgcount_t mps_qlimit; /* queue limit */
	mach_port_msgcount_t mps_msgcount; /* messages queued */
	mach_port_rights_t mps_sorights; /* send-once rights */
	boolean_t mps_srights; /* whether send rights exist */
	boolean_t mps_pdrequest; /* port-destroyed notification asked for */
	boolean_t mps_nsrequest; /* no-senders notification asked for */
	natural_t mps_flags; /* MACH_PORT_STATUS_FLAG_* */
} mach_port_status_t;

/* Bits of mps_flags. */
#define MACH_PORT_STATUS_FLAG_TEMPOWNER 0x01
#define MACH_PORT_STATUS_FLAG_GUARDED 0x02
#define MACH_PORT_STATUS_FLAG_STRICT_GUARD 0x04
#define MACH_PORT_STATUS_FLAG_IMP_DONATION 0x08
#define MACH_PORT_STATUS_FLAG_REVIVE 0x10
#define MACH_PORT_STATUS_FLAG_TASKPTR 0x20
#define MACH_PORT_STATUS_FLAG_GUARD_IMMOVABLE_RECEIVE 0x40
#define MACH_PORT_STATUS_FLAG_NO_GRANT 0x80

/* How many messages a port's queue may hold. */
#define MACH_PORT_QLIMIT_ZERO (0)
#define MACH_PORT_QLIMIT_BASIC (5)
#define MACH_PORT_QLIMIT_SMALL (16)
#define MACH_PORT_QLIMIT_LARGE (1024)
#define MACH_PORT_QLIMIT_KERNEL (65534)
#define MACH_PORT_QLIMIT_MIN MACH_PORT_QLIMIT_ZERO
#define MACH_PORT_QLIMIT_DEFAULT MACH_PORT_QLIMIT_BASIC
#define MACH_PORT_QLIMIT_MAX MACH_PORT_QLIMIT_LARGE

/* Flavor MACH_PORT_LIMITS_INFO. */
typedef struct mach_port_limits {
	mach_port_msgcount_t mpl_qlimit;
} mach_port_limits_t;

/* Flavor MACH_PORT_INFO_EXT. */
typedef struct mach_port_info_ext {
	mach_port_status_t mpie_status;
	mach_port_msgcount_t mpie_boost_cnt;
	uint32_t reserved[6];
} mach_port_info_ext_t;

/* Flavor MACH_PORT_GUARD_INFO. */
typedef struct mach_port_guard_info {
	uint64_t mpgi_guard;
} mach_port_guard_info_t;

/* Attributes travel as an array of integers; the flavor says what they are. */
typedef integer_t *mach_port_info_t;
typedef int mach_port_flavor_t;

#define MACH_PORT_LIMITS_INFO 1 /* get, set: mach_port_limits_t */
#define MACH_PORT_RECEIVE_STATUS 2 /* get: mach_port_status_t */
#define MACH_PORT_DNREQUESTS_SIZE 3 /* get, set: int */
#define MACH_PORT_TEMPOWNER 4 /* set: no data */
#define MACH_PORT_IMPORTANCE_RECEIVER 5 /* set: no data */
#define MACH_PORT_DENAP_RECEIVER 6 /* set: no data */
#define MACH_PORT_INFO_EXT 7 /* get: mach_port_info_ext_t */
#define MACH_PORT_GUARD_INFO 8 /* assert: mach_port_guard_info_t */
#define MACH_PORT_SERVICE_THROTTLED 9 /* get, set: int */

#define MACH_PORT_LIMITS_INFO_COUNT ((natural_t)(sizeof(mach_port_limits_t) / sizeof(natural_t)))
#define MACH_PORT_RECEIVE_STATUS_COUNT ((natural_t)(sizeof(mach_port_status_t) / sizeof(natural_t)))
#define MACH_PORT_DNREQUESTS_SIZE_COUNT 1
#define MACH_PORT_INFO_EXT_COUNT ((natural_t)(sizeof(mach_port_info_ext_t) / sizeof(natural_t)))
#define MACH_PORT_GUARD_INFO_COUNT ((natural_t)(sizeof(mach_port_guard_info_t) / sizeof(natural_t)))
#define MACH_PORT_SERVICE_THROTTLED_COUNT 1

/* What mach_port_allocate_qos() and mach_port_allocate_full() take; 64 bits. */
typedef struct mach_port_qos {
	unsigned int name : 1; /* the caller chooses the name */
	unsigned int prealloc : 1; /* for a message buffer, which is not set aside on Linux */
	boolean_t pad1 : 30;
	natural_t len; /* of that buffer */
} mach_port_qos_t;

#define MACH_SERVICE_PORT_INFO_STRING_NAME_MAX_BUF_LEN 255

typedef struct mach_service_port_info {
	char mspi_string_name[MACH_SERVICE_PORT_INFO_STRING_NAME_MAX_BUF_LEN];
	uint8_t mspi_domain_type;
} mach_service_port_info_data_t;

#define MACH_SERVICE_PORT_INFO_COUNT ((char)(sizeof(mach_service_port_info_data_t) / sizeof(char)))

typedef struct mach_service_port_info *mach_service_port_info_t;

/* Flags of mach_port_construct(). */
#define MPO_CONTEXT_AS_GUARD 0x01 /* the context guards the port */
#define MPO_QLIMIT 0x02 /* mpl holds the queue limit */
#define MPO_TEMPOWNER 0x04 /* the receive right will be handed on */
#define MPO_IMPORTANCE_RECEIVER 0x08 /* accepted, without effect on Linux */
#define MPO_INSERT_SEND_RIGHT 0x10 /* with one send right under the same name */
#define MPO_STRICT 0x20 /* with a guard, which then protects the context too */
#define MPO_DENAP_RECEIVER 0x40 /* accepted, without effect on Linux */
#define MPO_IMMOVABLE_RECEIVE 0x80 /* the receive right stays in this task */
#define MPO_FILTER_MSG 0x100 /* accepted, without effect on Linux */
#define MPO_TG_BLOCK_TRACKING 0x200 /* accepted, without effect on Linux */
#define MPO_SERVICE_PORT 0x400 /* KERN_NOT_SUPPORTED on Linux */
#define MPO_CONNECTION_PORT 0x800 /* KERN_NOT_SUPPORTED on Linux */
#define MPO_REPLY_PORT 0x1000 /* answers only: one send-once right at a time */
#define MPO_ENFORCE_REPLY_PORT_SEMANTICS 0x2000 /* accepted, without effect on Linux */
#define MPO_PROVISIONAL_REPLY_PORT 0x4000 /* like a reply port, but may be misused */
#define MPO_EXCEPTION_PORT 0x8000 /* accepted, without effect on Linux */

typedef struct mach_port_options {
	uint32_t flags; /* MPO_* */
	mach_port_limits_t mpl; /* with MPO_QLIMIT */
	union {
		uint64_t reserved[2];
		mach_port_name_t work_interval_port;
		mach_service_port_info_t service_port_info; /* with MPO_SERVICE_PORT */
		mach_port_name_t service_port_name; /* with MPO_CONNECTION_PORT */
	};
} mach_port_options_t;

typedef mach_port_options_t *mach_port_options_ptr_t;

/* Guards: flags of mach_port_guard_with_flags(). */
#define MPG_FLAGS_NONE (0x00ull)
#define MPG_STRICT 0x01
#define MPG_IMMOVABLE_RECEIVE 0x02

#define GUARD_TYPE_MACH_PORT 0x1

/* What a guard violation consists of. */
enum mach_port_guard_exception_codes {
	kGUARD_EXC_DESTROY = 1,
	kGUARD_EXC_MOD_REFS = 2,
	kGUARD_EXC_INVALID_OPTIONS = 3,
	kGUARD_EXC_SET_CONTEXT = 4,
	kGUARD_EXC_THREAD_SET_STATE = 5,
	kGUARD_EXC_EXCEPTION_BEHAVIOR_ENFORCE = 6,
	kGUARD_EXC_UNGUARDED = 1u << 3,
	kGUARD_EXC_INCORRECT_GUARD = 1u << 4,
	kGUARD_EXC_IMMOVABLE = 1u << 5,
	kGUARD_EXC_STRICT_REPLY = 1u << 6,
	kGUARD_EXC_MSG_FILTERED = 1u << 7,
	/* fatal only where asked for */
	kGUARD_EXC_INVALID_RIGHT = 1u << 8,
	kGUARD_EXC_INVALID_NAME = 1u << 9,
	kGUARD_EXC_INVALID_VALUE = 1u << 10,
	kGUARD_EXC_INVALID_ARGUMENT = 1u << 11,
	kGUARD_EXC_RIGHT_EXISTS = 1u << 12,
	kGUARD_EXC_KERN_NO_SPACE = 1u << 13,
	kGUARD_EXC_KERN_FAILURE = 1u << 14,
	kGUARD_EXC_KERN_RESOURCE = 1u << 15,
	kGUARD_EXC_SEND_INVALID_REPLY = 1u << 16,
	kGUARD_EXC_SEND_INVALID_VOUCHER = 1u << 17,
	kGUARD_EXC_SEND_INVALID_RIGHT = 1u << 18,
	kGUARD_EXC_RCV_INVALID_NAME = 1u << 19,
	/* never fatal */
	kGUARD_EXC_RCV_GUARDED_DESC = 0x100000,
	kGUARD_EXC_PROVISIONAL_REPLY_PORT = 0x100002,
	kGUARD_EXC_MOD_REFS_NON_FATAL = 1u << 21,
	kGUARD_EXC_IMMOVABLE_NON_FATAL = 1u << 22,
	kGUARD_EXC_REQUIRE_REPLY_PORT_SEMANTICS = 1u << 23
};

#define MAX_FATAL_kGUARD_EXC_CODE (1u << 7)
#define MAX_OPTIONAL_kGUARD_EXC_CODE (1u << 19)

/* Detail bits that go with some of those codes. */
#define MPG_FLAGS_STRICT_REPLY_INVALID_REPLY_DISP (0x01ull << 56)
#define MPG_FLAGS_STRICT_REPLY_INVALID_REPLY_PORT (0x02ull << 56)
#define MPG_FLAGS_STRICT_REPLY_INVALID_VOUCHER (0x04ull << 56)
#define MPG_FLAGS_STRICT_REPLY_NO_BANK_ATTR (0x08ull << 56)
#define MPG_FLAGS_STRICT_REPLY_MISMATCHED_PERSONA (0x10ull << 56)
#define MPG_FLAGS_STRICT_REPLY_MASK (0xffull << 56)
#define MPG_FLAGS_MOD_REFS_PINNED_DEALLOC (0x01ull << 56)
#define MPG_FLAGS_MOD_REFS_PINNED_DESTROY (0x02ull << 56)
#define MPG_FLAGS_MOD_REFS_PINNED_COPYIN (0x04ull << 56)
#define MPG_FLAGS_IMMOVABLE_PINNED (0x01ull << 56)

#endif
