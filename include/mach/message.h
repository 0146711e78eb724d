/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages: their layout, the options and results of sending and receiving them, and the
 * primitives themselves.
 *
 * A message is a header, then, if MACH_MSGH_BITS_COMPLEX is set, a count of descriptors and the
 * descriptors (each as long as its own kind, one behind the other), then inline data. On receipt a
 * trailer follows at the next multiple of four bytes; msgh_size does not count it.
 *
 * Layouts are packed to four bytes and shared with generated code: they do not change.
 */
#ifndef _MACH_MESSAGE_H_
#define _MACH_MESSAGE_H_

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/machine/vm_types.h>
#include <mach/port.h>

typedef natural_t mach_msg_timeout_t; /* milliseconds */
#define MACH_MSG_TIMEOUT_NONE ((mach_msg_timeout_t)0)

/*
 * msgh_bits: what is done with the rights that the header names (MACH_MSG_TYPE_*, five bits each
 * for the remote, local and voucher port), and whether there are descriptors.
 */
typedef unsigned int mach_msg_bits_t;

#define MACH_MSGH_BITS_ZERO 0x00000000
#define MACH_MSGH_BITS_REMOTE_MASK 0x0000001f
#define MACH_MSGH_BITS_LOCAL_MASK 0x00001f00
#define MACH_MSGH_BITS_VOUCHER_MASK 0x001f0000
#define MACH_MSGH_BITS_PORTS_MASK                                                                  \
	(MACH_MSGH_BITS_REMOTE_MASK | MACH_MSGH_BITS_LOCAL_MASK | MACH_MSGH_BITS_VOUCHER_MASK)
#define MACH_MSGH_BITS_COMPLEX 0x80000000U
#define MACH_MSGH_BITS_USER 0x801f1f1fU /* all that a sender may set */
#define MACH_MSGH_BITS_RAISEIMP 0x20000000U
#define MACH_MSGH_BITS_DENAP MACH_MSGH_BITS_RAISEIMP
#define MACH_MSGH_BITS_IMPHOLDASRT 0x10000000U
#define MACH_MSGH_BITS_DENAPHOLDASRT MACH_MSGH_BITS_IMPHOLDASRT
#define MACH_MSGH_BITS_CIRCULAR 0x10000000U /* internal */
#define MACH_MSGH_BITS_USED 0xb01f1f1fU

#define MACH_MSGH_BITS(remote, local) ((remote) | ((local) << 8))
#define MACH_MSGH_BITS_SET_PORTS(remote, local, voucher)                                           \
	(((remote)&MACH_MSGH_BITS_REMOTE_MASK) | (((local) << 8) & MACH_MSGH_BITS_LOCAL_MASK) |    \
		(((voucher) << 16) & MACH_MSGH_BITS_VOUCHER_MASK))
#define MACH_MSGH_BITS_SET(remote, local, voucher, other)                                          \
	(MACH_MSGH_BITS_SET_PORTS((remote), (local), (voucher)) |                                  \
		((other) & ~MACH_MSGH_BITS_PORTS_MASK))

#define MACH_MSGH_BITS_REMOTE(bits) ((bits)&MACH_MSGH_BITS_REMOTE_MASK)
#define MACH_MSGH_BITS_LOCAL(bits) (((bits)&MACH_MSGH_BITS_LOCAL_MASK) >> 8)
#define MACH_MSGH_BITS_VOUCHER(bits) (((bits)&MACH_MSGH_BITS_VOUCHER_MASK) >> 16)
#define MACH_MSGH_BITS_PORTS(bits) ((bits)&MACH_MSGH_BITS_PORTS_MASK)
#define MACH_MSGH_BITS_OTHER(bits) ((bits) & ~MACH_MSGH_BITS_PORTS_MASK)

#define MACH_MSGH_BITS_HAS_REMOTE(bits) (MACH_MSGH_BITS_REMOTE(bits) != MACH_MSGH_BITS_ZERO)
#define MACH_MSGH_BITS_HAS_LOCAL(bits) (MACH_MSGH_BITS_LOCAL(bits) != MACH_MSGH_BITS_ZERO)
#define MACH_MSGH_BITS_HAS_VOUCHER(bits) (MACH_MSGH_BITS_VOUCHER(bits) != MACH_MSGH_BITS_ZERO)
#define MACH_MSGH_BITS_IS_COMPLEX(bits) (((bits)&MACH_MSGH_BITS_COMPLEX) != MACH_MSGH_BITS_ZERO)
#define MACH_MSGH_BITS_RAISED_IMPORTANCE(bits)                                                     \
	(((bits)&MACH_MSGH_BITS_RAISEIMP) != MACH_MSGH_BITS_ZERO)
#define MACH_MSGH_BITS_HOLDS_IMPORTANCE_ASSERTION(bits)                                            \
	(((bits)&MACH_MSGH_BITS_IMPHOLDASRT) != MACH_MSGH_BITS_ZERO)

typedef natural_t mach_msg_size_t;
typedef integer_t mach_msg_id_t;
typedef natural_t mach_msg_type_size_t;
typedef natural_t mach_msg_type_number_t;
typedef unsigned int mach_msg_priority_t;

#define MACH_MSG_SIZE_NULL ((mach_msg_size_t *)0)
#define MACH_MSG_SIZE_MAX ((mach_msg_size_t)~0)
#define MACH_MSG_SIZE_RELIABLE ((mach_msg_size_t)256 * 1024)
#define MACH_MSG_PRIORITY_UNSPECIFIED ((mach_msg_priority_t)0)

/* What is done with a right that is put into a message. */
typedef unsigned int mach_msg_type_name_t;

#define MACH_MSG_TYPE_PORT_NONE 0
#define MACH_MSG_TYPE_PORT_NAME 15 /* just a number: no right goes with it */
#define MACH_MSG_TYPE_MOVE_RECEIVE 16 /* the sender loses its receive right */
#define MACH_MSG_TYPE_MOVE_SEND 17 /* the sender loses one reference */
#define MACH_MSG_TYPE_MOVE_SEND_ONCE 18 /* the sender loses the right */
#define MACH_MSG_TYPE_COPY_SEND 19 /* from a send right, which the sender keeps */
#define MACH_MSG_TYPE_MAKE_SEND 20 /* from a receive right */
#define MACH_MSG_TYPE_MAKE_SEND_ONCE 21 /* from a receive right */
#define MACH_MSG_TYPE_COPY_RECEIVE 22 /* not valid */
#define MACH_MSG_TYPE_DISPOSE_RECEIVE 24 /* in generated code only */
#define MACH_MSG_TYPE_DISPOSE_SEND 25
#define MACH_MSG_TYPE_DISPOSE_SEND_ONCE 26
#define MACH_MSG_TYPE_LAST 22

/* What a receiver finds: the kind of right that it has got. */
#define MACH_MSG_TYPE_PORT_RECEIVE MACH_MSG_TYPE_MOVE_RECEIVE
#define MACH_MSG_TYPE_PORT_SEND MACH_MSG_TYPE_MOVE_SEND
#define MACH_MSG_TYPE_PORT_SEND_ONCE MACH_MSG_TYPE_MOVE_SEND_ONCE

/* In interface definitions: chosen at run time. */
#define MACH_MSG_TYPE_POLYMORPHIC ((mach_msg_type_name_t)-1)

#define MACH_MSG_TYPE_PORT_ANY(x)                                                                  \
	(((x) >= MACH_MSG_TYPE_MOVE_RECEIVE) && ((x) <= MACH_MSG_TYPE_MAKE_SEND_ONCE))
#define MACH_MSG_TYPE_PORT_ANY_SEND(x)                                                             \
	(((x) >= MACH_MSG_TYPE_MOVE_SEND) && ((x) <= MACH_MSG_TYPE_MAKE_SEND_ONCE))
#define MACH_MSG_TYPE_PORT_ANY_RIGHT(x)                                                            \
	(((x) >= MACH_MSG_TYPE_MOVE_RECEIVE) && ((x) <= MACH_MSG_TYPE_MOVE_SEND_ONCE))

/* How out-of-line memory is passed; the receiver sees no difference. */
typedef unsigned int mach_msg_copy_options_t;

#define MACH_MSG_PHYSICAL_COPY 0
#define MACH_MSG_VIRTUAL_COPY 1
#define MACH_MSG_ALLOCATE 2
#define MACH_MSG_OVERWRITE 3 /* deprecated */

/* Flags of a guarded port descriptor. */
typedef unsigned int mach_msg_guard_flags_t;

#define MACH_MSG_GUARD_FLAGS_NONE 0x0000
#define MACH_MSG_GUARD_FLAGS_IMMOVABLE_RECEIVE 0x0001 /* it shall stay where it arrives */
#define MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND 0x0002 /* it must be unguarded when sent */
#define MACH_MSG_GUARD_FLAGS_MASK 0x0003

/* Kinds of descriptors. */
typedef unsigned int mach_msg_descriptor_type_t;

#define MACH_MSG_PORT_DESCRIPTOR 0
#define MACH_MSG_OOL_DESCRIPTOR 1
#define MACH_MSG_OOL_PORTS_DESCRIPTOR 2
#define MACH_MSG_OOL_VOLATILE_DESCRIPTOR 3
#define MACH_MSG_GUARDED_PORT_DESCRIPTOR 4
#define MACH_MSG_DESCRIPTOR_MAX MACH_MSG_GUARDED_PORT_DESCRIPTOR

#pragma pack(push, 4)

/* What all descriptors have in common: the kind, in the twelfth byte. */
typedef struct {
	natural_t pad1;
	mach_msg_size_t pad2;
	unsigned int pad3 : 24;
	mach_msg_descriptor_type_t type : 8;
} mach_msg_type_descriptor_t;

/* One right. */
typedef struct {
	mach_port_t name;
	mach_msg_size_t pad1;
	unsigned int pad2 : 16;
	mach_msg_type_name_t disposition : 8;
	mach_msg_descriptor_type_t type : 8;
} mach_msg_port_descriptor_t;

/* Memory; `deallocate` takes it from the sender. The receiver must vm_deallocate() it. */
typedef struct {
	uint32_t address;
	mach_msg_size_t size;
	boolean_t deallocate : 8;
	mach_msg_copy_options_t copy : 8;
	unsigned int pad1 : 8;
	mach_msg_descriptor_type_t type : 8;
} mach_msg_ool_descriptor32_t;

typedef struct {
	uint64_t address;
	boolean_t deallocate : 8;
	mach_msg_copy_options_t copy : 8;
	unsigned int pad1 : 8;
	mach_msg_descriptor_type_t type : 8;
	mach_msg_size_t size;
} mach_msg_ool_descriptor64_t;

typedef struct {
	void *address;
#if !defined(__LP64__)
	mach_msg_size_t size;
#endif
	boolean_t deallocate : 8;
	mach_msg_copy_options_t copy : 8;
	unsigned int pad1 : 8;
	mach_msg_descriptor_type_t type : 8;
#if defined(__LP64__)
	mach_msg_size_t size;
#endif
} mach_msg_ool_descriptor_t;

/* An array of rights, all with one disposition; the array itself is memory as above. */
typedef struct {
	uint32_t address;
	mach_msg_size_t count;
	boolean_t deallocate : 8;
	mach_msg_copy_options_t copy : 8;
	mach_msg_type_name_t disposition : 8;
	mach_msg_descriptor_type_t type : 8;
} mach_msg_ool_ports_descriptor32_t;

typedef struct {
	uint64_t address;
	boolean_t deallocate : 8;
	mach_msg_copy_options_t copy : 8;
	mach_msg_type_name_t disposition : 8;
	mach_msg_descriptor_type_t type : 8;
	mach_msg_size_t count;
} mach_msg_ool_ports_descriptor64_t;

typedef struct {
	void *address;
#if !defined(__LP64__)
	mach_msg_size_t count;
#endif
	boolean_t deallocate : 8;
	mach_msg_copy_options_t copy : 8;
	mach_msg_type_name_t disposition : 8;
	mach_msg_descriptor_type_t type : 8;
#if defined(__LP64__)
	mach_msg_size_t count;
#endif
} mach_msg_ool_ports_descriptor_t;

/* A receive right that arrives guarded by `context`, which is the descriptor's own address. */
typedef struct {
	uint32_t context;
	mach_port_name_t name;
	mach_msg_guard_flags_t flags : 16;
	mach_msg_type_name_t disposition : 8;
	mach_msg_descriptor_type_t type : 8;
} mach_msg_guarded_port_descriptor32_t;

typedef struct {
	uint64_t context;
	mach_msg_guard_flags_t flags : 16;
	mach_msg_type_name_t disposition : 8;
	mach_msg_descriptor_type_t type : 8;
	mach_port_name_t name;
} mach_msg_guarded_port_descriptor64_t;

typedef struct {
	mach_port_context_t context;
#if !defined(__LP64__)
	mach_port_name_t name;
#endif
	mach_msg_guard_flags_t flags : 16;
	mach_msg_type_name_t disposition : 8;
	mach_msg_descriptor_type_t type : 8;
#if defined(__LP64__)
	mach_port_name_t name;
#endif
} mach_msg_guarded_port_descriptor_t;

/* Any of them. Larger than some, so never the element type of an array of descriptors. */
typedef union {
	mach_msg_port_descriptor_t port;
	mach_msg_ool_descriptor_t out_of_line;
	mach_msg_ool_ports_descriptor_t ool_ports;
	mach_msg_type_descriptor_t type;
	mach_msg_guarded_port_descriptor_t guarded_port;
} mach_msg_descriptor_t;

typedef struct {
	mach_msg_size_t msgh_descriptor_count;
} mach_msg_body_t;

#define MACH_MSG_DESCRIPTOR_NULL ((mach_msg_descriptor_t *)0)
#define MACH_MSG_BODY_NULL ((mach_msg_body_t *)0)

/*
 * To a sender the remote port is the destination and the local port the right to answer with. A
 * receiver finds them the other way round: the remote port is the right to answer with, the local
 * port is its own name of the port that the message came to.
 */
typedef struct {
	mach_msg_bits_t msgh_bits;
	mach_msg_size_t msgh_size;
	mach_port_t msgh_remote_port;
	mach_port_t msgh_local_port;
	mach_port_name_t msgh_voucher_port; /* must be null on Linux */
	mach_msg_id_t msgh_id; /* free for the sender's use */
} mach_msg_header_t;

#define msgh_reserved msgh_voucher_port
#define MACH_MSG_NULL ((mach_msg_header_t *)0)

typedef struct {
	mach_msg_header_t header;
	mach_msg_body_t body;
} mach_msg_base_t;

/* With MACH64_MSG_VECTOR: the message, and perhaps auxiliary data, each with its buffer. */
typedef struct {
	mach_vm_address_t msgv_data;
	mach_vm_address_t msgv_rcv_addr; /* if not 0, where to receive */
	mach_msg_size_t msgv_send_size;
	mach_msg_size_t msgv_rcv_size;
} mach_msg_vector_t;

typedef uint32_t mach_msgv_index_t; /* of such a vector */
#define MACH_MSGV_IDX_MSG ((mach_msgv_index_t)0)
#define MACH_MSGV_IDX_AUX ((mach_msgv_index_t)1)
#define MACH_MSGV_MAX_COUNT (MACH_MSGV_IDX_AUX + 1)

typedef struct {
	mach_msg_size_t msgdh_size;
	uint32_t msgdh_reserved;
} mach_msg_aux_header_t;

/* Trailers: each has all that the one before it has. */
typedef unsigned int mach_msg_trailer_type_t;
typedef unsigned int mach_msg_trailer_size_t;
typedef char *mach_msg_trailer_info_t;
#define MACH_MSG_TRAILER_FORMAT_0 0

typedef struct {
	mach_msg_trailer_type_t msgh_trailer_type;
	mach_msg_trailer_size_t msgh_trailer_size;
} mach_msg_trailer_t;

/* msgh_seqno: the number of the message within its port, counted as they are received. */
typedef struct {
	mach_msg_trailer_type_t msgh_trailer_type;
	mach_msg_trailer_size_t msgh_trailer_size;
	mach_port_seqno_t msgh_seqno;
} mach_msg_seqno_trailer_t;

/* The sender's effective user and group. */
typedef struct {
	unsigned int val[2];
} security_token_t;

typedef struct {
	mach_msg_trailer_type_t msgh_trailer_type;
	mach_msg_trailer_size_t msgh_trailer_size;
	mach_port_seqno_t msgh_seqno;
	security_token_t msgh_sender;
} mach_msg_security_trailer_t;

/* Who the sender is; to be read with the audit_token_to_*() calls of <bsm/libbsm.h> only. */
typedef struct {
	unsigned int val[8];
} audit_token_t;

/* For a token that holds nothing yet: nobody's pid and nobody's user. */
#define INVALID_AUDIT_TOKEN_VALUE                                                                  \
	{                                                                                          \
		{                                                                                  \
			UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX,      \
				UINT_MAX                                                           \
		}                                                                                  \
	}

typedef struct {
	mach_msg_trailer_type_t msgh_trailer_type;
	mach_msg_trailer_size_t msgh_trailer_size;
	mach_port_seqno_t msgh_seqno;
	security_token_t msgh_sender;
	audit_token_t msgh_audit;
} mach_msg_audit_trailer_t;

/* msgh_context: the context of the receive right; see mach_port_set_context(). */
typedef struct {
	mach_msg_trailer_type_t msgh_trailer_type;
	mach_msg_trailer_size_t msgh_trailer_size;
	mach_port_seqno_t msgh_seqno;
	security_token_t msgh_sender;
	audit_token_t msgh_audit;
	mach_port_context_t msgh_context;
} mach_msg_context_trailer_t;

typedef struct {
	mach_port_name_t sender;
} msg_labels_t;

typedef int mach_msg_filter_id;
#define MACH_MSG_FILTER_POLICY_ALLOW ((mach_msg_filter_id)0)

/* msgh_ad and msgh_labels are always 0 on Linux. */
typedef struct {
	mach_msg_trailer_type_t msgh_trailer_type;
	mach_msg_trailer_size_t msgh_trailer_size;
	mach_port_seqno_t msgh_seqno;
	security_token_t msgh_sender;
	audit_token_t msgh_audit;
	mach_port_context_t msgh_context;
	mach_msg_filter_id msgh_ad;
	msg_labels_t msgh_labels;
} mach_msg_mac_trailer_t;

typedef mach_msg_mac_trailer_t mach_msg_max_trailer_t;
typedef mach_msg_security_trailer_t mach_msg_format_0_trailer_t;

#define MACH_MSG_TRAILER_MINIMUM_SIZE sizeof(mach_msg_trailer_t)
#define MACH_MSG_TRAILER_FORMAT_0_SIZE sizeof(mach_msg_format_0_trailer_t)
#define MAX_TRAILER_SIZE ((mach_msg_size_t)sizeof(mach_msg_max_trailer_t))

/* What the trailer of a notification holds; objects of these names have the same values. */
#define KERNEL_SECURITY_TOKEN_VALUE                                                                \
	{                                                                                          \
		{                                                                                  \
			0, 1                                                                       \
		}                                                                                  \
	}
#define KERNEL_AUDIT_TOKEN_VALUE                                                                   \
	{                                                                                          \
		{                                                                                  \
			0, 0, 0, 0, 0, 0, 0, 0                                                     \
		}                                                                                  \
	}

typedef struct {
	mach_msg_header_t header;
} mach_msg_empty_send_t;

typedef struct {
	mach_msg_header_t header;
	mach_msg_trailer_t trailer;
} mach_msg_empty_rcv_t;

typedef union {
	mach_msg_empty_send_t send;
	mach_msg_empty_rcv_t rcv;
} mach_msg_empty_t;

#pragma pack(pop)

#if defined(__cplusplus)
#define MACH_MSG_HEADER_EMPTY (mach_msg_header_t())
#else
#define MACH_MSG_HEADER_EMPTY ((mach_msg_header_t){0})
#endif

/* A size rounded up to where a trailer may start. */
#define round_msg(x) (((mach_msg_size_t)(x) + sizeof(natural_t) - 1) & ~(sizeof(natural_t) - 1))

/* From the days when msgh_seqno was msgh_kind. */
#define MACH_MSGH_KIND_NORMAL 0x00000000
#define MACH_MSGH_KIND_NOTIFICATION 0x00000001
#define msgh_kind msgh_seqno
#define mach_msg_kind_t mach_port_seqno_t

/* Options of the message primitives. */
typedef integer_t mach_msg_option_t;
typedef integer_t mach_msg_options_t;

#define MACH_MSG_OPTION_NONE 0x00000000
#define MACH_SEND_MSG 0x00000001
#define MACH_RCV_MSG 0x00000002
#define MACH_RCV_LARGE 0x00000004 /* keep a message that does not fit; tell its size */
#define MACH_RCV_LARGE_IDENTITY 0x00000008 /* tell also which port has it */
#define MACH_SEND_TIMEOUT 0x00000010 /* the time-out holds for sending */
#define MACH_SEND_OVERRIDE 0x00000020 /* ignored on Linux */
#define MACH_SEND_INTERRUPT 0x00000040 /* a signal ends a blocked send */
#define MACH_SEND_NOTIFY 0x00000080 /* a send that times out arms send-possible */
#define MACH_RCV_TIMEOUT 0x00000100 /* the time-out holds for receiving */
#define MACH_MSG_STRICT_REPLY 0x00000200 /* ignored on Linux */
#define MACH_RCV_INTERRUPT 0x00000400 /* a signal ends a blocked receive */
#define MACH_RCV_VOUCHER 0x00000800 /* ignored on Linux */
#define MACH_RCV_GUARDED_DESC 0x00001000 /* ignored on Linux: they come in any case */
#define MACH_RCV_SYNC_WAIT 0x00004000 /* ignored on Linux */
#define MACH_RCV_SYNC_PEEK 0x00008000 /* ignored on Linux */
#define MACH_SEND_ALWAYS 0x00010000 /* for the system itself */
#define MACH_SEND_FILTER_NONFATAL 0x00010000 /* ignored on Linux */
#define MACH_SEND_TRAILER 0x00020000 /* refused: no sender writes its own trailer */
#define MACH_SEND_NOIMPORTANCE 0x00040000 /* ignored on Linux */
#define MACH_SEND_NODENAP MACH_SEND_NOIMPORTANCE
#define MACH_SEND_IMPORTANCE 0x00080000 /* for the system itself */
#define MACH_SEND_SYNC_OVERRIDE 0x00100000 /* ignored on Linux */
#define MACH_SEND_PROPAGATE_QOS 0x00200000 /* ignored on Linux */
#define MACH_SEND_SYNC_USE_THRPRI MACH_SEND_PROPAGATE_QOS
#define MACH_SEND_KERNEL 0x00400000 /* for the system itself */
#define MACH_SEND_SYNC_BOOTSTRAP_CHECKIN 0x00800000 /* ignored on Linux */
#define MACH_RCV_NOTIFY 0x00000000 /* legacy */
#define MACH_RCV_OVERWRITE 0x00000000 /* legacy */

/* Which trailer is wanted: or MACH_RCV_TRAILER_ELEMENTS(...) into the options. */
#define MACH_RCV_TRAILER_NULL 0 /* mach_msg_trailer_t */
#define MACH_RCV_TRAILER_SEQNO 1 /* mach_msg_seqno_trailer_t */
#define MACH_RCV_TRAILER_SENDER 2 /* mach_msg_security_trailer_t */
#define MACH_RCV_TRAILER_AUDIT 3 /* mach_msg_audit_trailer_t */
#define MACH_RCV_TRAILER_CTX 4 /* mach_msg_context_trailer_t */
#define MACH_RCV_TRAILER_AV 7 /* mach_msg_mac_trailer_t */
#define MACH_RCV_TRAILER_LABELS 8 /* mach_msg_mac_trailer_t */

#define MACH_RCV_TRAILER_TYPE(x) (((x)&0xf) << 28)
#define MACH_RCV_TRAILER_ELEMENTS(x) (((x)&0xf) << 24)
#define MACH_RCV_TRAILER_MASK ((0xf << 24))
#define GET_RCV_ELEMENTS(y) (((y) >> 24) & 0xf)

/* The size of the trailer that a set of options asks for. */
#define REQUESTED_TRAILER_SIZE_NATIVE(y)                                                           \
	((mach_msg_trailer_size_t)(GET_RCV_ELEMENTS(y) == MACH_RCV_TRAILER_NULL                    \
					   ? sizeof(mach_msg_trailer_t)                            \
				   : GET_RCV_ELEMENTS(y) == MACH_RCV_TRAILER_SEQNO                 \
					   ? sizeof(mach_msg_seqno_trailer_t)                      \
				   : GET_RCV_ELEMENTS(y) == MACH_RCV_TRAILER_SENDER                \
					   ? sizeof(mach_msg_security_trailer_t)                   \
				   : GET_RCV_ELEMENTS(y) == MACH_RCV_TRAILER_AUDIT                 \
					   ? sizeof(mach_msg_audit_trailer_t)                      \
				   : GET_RCV_ELEMENTS(y) == MACH_RCV_TRAILER_CTX                   \
					   ? sizeof(mach_msg_context_trailer_t)                    \
					   : sizeof(mach_msg_max_trailer_t)))
#define REQUESTED_TRAILER_SIZE(y) REQUESTED_TRAILER_SIZE_NATIVE(y)

/* Options of mach_msg2(): those above, and some that do not fit into 32 bits. */
typedef uint64_t mach_msg_option64_t;

#define MACH64_MSG_OPTION_NONE 0x0ull
#define MACH64_SEND_MSG ((mach_msg_option64_t)MACH_SEND_MSG)
#define MACH64_RCV_MSG ((mach_msg_option64_t)MACH_RCV_MSG)
#define MACH64_RCV_LARGE ((mach_msg_option64_t)MACH_RCV_LARGE)
#define MACH64_RCV_LARGE_IDENTITY ((mach_msg_option64_t)MACH_RCV_LARGE_IDENTITY)
#define MACH64_SEND_TIMEOUT ((mach_msg_option64_t)MACH_SEND_TIMEOUT)
#define MACH64_SEND_OVERRIDE ((mach_msg_option64_t)MACH_SEND_OVERRIDE)
#define MACH64_SEND_INTERRUPT ((mach_msg_option64_t)MACH_SEND_INTERRUPT)
#define MACH64_SEND_NOTIFY ((mach_msg_option64_t)MACH_SEND_NOTIFY)
#define MACH64_SEND_FILTER_NONFATAL ((mach_msg_option64_t)MACH_SEND_FILTER_NONFATAL)
#define MACH64_SEND_TRAILER ((mach_msg_option64_t)MACH_SEND_TRAILER)
#define MACH64_SEND_NOIMPORTANCE ((mach_msg_option64_t)MACH_SEND_NOIMPORTANCE)
#define MACH64_SEND_NODENAP ((mach_msg_option64_t)MACH_SEND_NODENAP)
#define MACH64_SEND_SYNC_OVERRIDE ((mach_msg_option64_t)MACH_SEND_SYNC_OVERRIDE)
#define MACH64_SEND_PROPAGATE_QOS ((mach_msg_option64_t)MACH_SEND_PROPAGATE_QOS)
#define MACH64_SEND_SYNC_BOOTSTRAP_CHECKIN ((mach_msg_option64_t)MACH_SEND_SYNC_BOOTSTRAP_CHECKIN)
#define MACH64_RCV_TIMEOUT ((mach_msg_option64_t)MACH_RCV_TIMEOUT)
#define MACH64_RCV_INTERRUPT ((mach_msg_option64_t)MACH_RCV_INTERRUPT)
#define MACH64_RCV_VOUCHER ((mach_msg_option64_t)MACH_RCV_VOUCHER)
#define MACH64_RCV_GUARDED_DESC ((mach_msg_option64_t)MACH_RCV_GUARDED_DESC)
#define MACH64_RCV_SYNC_WAIT ((mach_msg_option64_t)MACH_RCV_SYNC_WAIT)
#define MACH64_RCV_SYNC_PEEK ((mach_msg_option64_t)MACH_RCV_SYNC_PEEK)
#define MACH64_MSG_STRICT_REPLY ((mach_msg_option64_t)MACH_MSG_STRICT_REPLY)
#define MACH64_MSG_VECTOR 0x0000000100000000ull /* data is a mach_msg_vector_t array */
#define MACH64_SEND_KOBJECT_CALL 0x0000000200000000ull /* to an object of the system */
#define MACH64_SEND_MQ_CALL 0x0000000400000000ull /* to a port with a queue */
#define MACH64_SEND_USER_CALL MACH64_SEND_MQ_CALL
#define MACH64_SEND_ANY 0x0000000800000000ull
#define MACH64_SEND_DK_CALL 0x0000001000000000ull

/*
 * Results. To MACH_RCV_HEADER_ERROR, MACH_RCV_BODY_ERROR and pseudo-receives the bits of
 * MACH_MSG_MASK may be added, which tell what there was too little of.
 */
typedef kern_return_t mach_msg_return_t;

#define MACH_MSG_SUCCESS 0x00000000
#define MACH_MSG_MASK 0x00003e00
#define MACH_MSG_IPC_SPACE 0x00002000 /* names */
#define MACH_MSG_VM_SPACE 0x00001000 /* addresses */
#define MACH_MSG_IPC_KERNEL 0x00000800 /* what rights are made of */
#define MACH_MSG_VM_KERNEL 0x00000400 /* what memory is made of */

#define MACH_SEND_IN_PROGRESS 0x10000001 /* internal */
#define MACH_SEND_INVALID_DATA 0x10000002 /* not on Linux: a bad buffer faults */
#define MACH_SEND_INVALID_DEST 0x10000003 /* no send right, or the port is dead */
#define MACH_SEND_TIMED_OUT 0x10000004 /* the queue stayed full; see mach_msg() */
#define MACH_SEND_INVALID_VOUCHER 0x10000005 /* not a voucher */
#define MACH_SEND_INTERRUPTED 0x10000007 /* by a signal; see mach_msg() */
#define MACH_SEND_MSG_TOO_SMALL 0x10000008 /* shorter than what must be in it */
#define MACH_SEND_INVALID_REPLY 0x10000009 /* the right to answer with is not there */
#define MACH_SEND_INVALID_RIGHT 0x1000000a /* a right in the body is not there, or stays */
#define MACH_SEND_INVALID_NOTIFY 0x1000000b /* timed out, and no request to arm; see mach_msg() */
#define MACH_SEND_INVALID_MEMORY 0x1000000c /* out-of-line memory cannot be read */
#define MACH_SEND_NO_BUFFER 0x1000000d /* out of memory or quota; see mach_msg() */
#define MACH_SEND_TOO_LARGE 0x1000000e /* too many bytes or too many rights */
#define MACH_SEND_INVALID_TYPE 0x1000000f /* no such descriptor or disposition */
#define MACH_SEND_INVALID_HEADER 0x10000010 /* msgh_bits make no sense */
#define MACH_SEND_INVALID_TRAILER 0x10000011 /* see MACH_SEND_TRAILER */
#define MACH_SEND_INVALID_CONTEXT 0x10000012
#define MACH_SEND_INVALID_OPTIONS 0x10000013 /* not on Linux */
#define MACH_SEND_INVALID_RT_OOL_SIZE 0x10000015 /* historical */
#define MACH_SEND_NO_GRANT_DEST 0x10000016 /* the port takes no rights */
#define MACH_SEND_MSG_FILTERED 0x10000017
#define MACH_SEND_AUX_TOO_SMALL 0x10000018
#define MACH_SEND_AUX_TOO_LARGE 0x10000019

#define MACH_RCV_IN_PROGRESS 0x10004001 /* internal */
#define MACH_RCV_INVALID_NAME 0x10004002 /* no receive right or port set */
#define MACH_RCV_TIMED_OUT 0x10004003 /* no message came in time */
#define MACH_RCV_TOO_LARGE 0x10004004 /* the buffer is too small; see mach_msg() */
#define MACH_RCV_INTERRUPTED 0x10004005 /* by a signal */
#define MACH_RCV_PORT_CHANGED 0x10004006 /* historical */
#define MACH_RCV_INVALID_NOTIFY 0x10004007
#define MACH_RCV_INVALID_DATA 0x10004008 /* not on Linux: a bad buffer faults */
#define MACH_RCV_PORT_DIED 0x10004009 /* the right went while the thread waited */
#define MACH_RCV_IN_SET 0x1000400a /* historical */
#define MACH_RCV_HEADER_ERROR 0x1000400b /* lost on receipt; see mach_msg() */
#define MACH_RCV_BODY_ERROR 0x1000400c /* received, but with parts missing */
#define MACH_RCV_INVALID_TYPE 0x1000400d
#define MACH_RCV_SCATTER_SMALL 0x1000400e
#define MACH_RCV_INVALID_TRAILER 0x1000400f /* no such trailer */
#define MACH_RCV_IN_PROGRESS_TIMED 0x10004011 /* internal */
#define MACH_RCV_INVALID_REPLY 0x10004012
#define MACH_RCV_INVALID_ARGUMENTS 0x10004013

#ifdef __cplusplus
extern "C" {
#endif

extern const security_token_t KERNEL_SECURITY_TOKEN;
extern const audit_token_t KERNEL_AUDIT_TOKEN;

/*
 * Send a message (MACH_SEND_MSG), receive one (MACH_RCV_MSG), or do the one and then the other. If
 * sending fails, nothing is received.
 *
 * msg		the message to send, and the buffer to receive into
 * option	MACH_SEND_* and MACH_RCV_* options
 * send_size	size of the message to send; msgh_size is not looked at
 * rcv_size	size of the buffer, which has to hold the trailer too
 * rcv_name	the receive right or port set to receive from
 * timeout	milliseconds, for MACH_SEND_TIMEOUT and MACH_RCV_TIMEOUT; 0 does not wait
 * notify	ignored; MACH_PORT_NULL
 *
 * Ownership when sending: on success all rights and memory that the dispositions and `deallocate`
 * give away are gone from the caller. MACH_SEND_TIMED_OUT, MACH_SEND_INVALID_NOTIFY,
 * MACH_SEND_INTERRUPTED and MACH_SEND_NO_BUFFER give them back (pseudo-receive): *msg is rewritten
 * and names rights and memory that the caller owns, to be sent again or given to
 * mach_msg_destroy(). An error in the header takes nothing. An error in the body takes the rights
 * of the header and of the descriptors before the faulty one; *msg is not changed. What is only
 * found when the message leaves the process (a right that cannot, memory that cannot be read) takes
 * all of them.
 *
 * Ownership when receiving: the caller owns all rights and memory that the message names, but not
 * msgh_local_port, which is the caller's own name of the port. With a body error the parts that
 * are missing are MACH_PORT_NULL. MACH_RCV_TOO_LARGE destroys the message and stores its header
 * with the size that it had; with MACH_RCV_LARGE the message stays queued instead, and only
 * msgh_size (with MACH_RCV_LARGE_IDENTITY also msgh_local_port) is stored. MACH_RCV_HEADER_ERROR
 * says that there was no room for the right to answer with: the message is lost, and its header
 * stored. Room is names, and on Linux descriptors: a process that has too few loses the rights in
 * what it receives. With MACH_MSG_VM_KERNEL alone it says that there was no memory to receive
 * with: then nothing was taken and nothing stored.
 *
 * A destination that dies while the message is under way swallows it: the result is
 * MACH_MSG_SUCCESS, all rights in it are released, and its send-once rights notify.
 *
 * On Linux the queue limit of a port is exact for senders in the receiver's own process; a sender
 * in another process is held back at the latest when the kernel's queue for the port is full. A
 * buffer that cannot be read or written is a fault, as with any bad pointer; only where it is the
 * kernel that reads the bytes behind the descriptors it is MACH_SEND_INVALID_MEMORY.
 *
 * Returns MACH_MSG_SUCCESS, or when sending MACH_SEND_INVALID_DEST, _TIMED_OUT, _INVALID_VOUCHER,
 * _INTERRUPTED, _MSG_TOO_SMALL, _INVALID_REPLY, _INVALID_RIGHT, _INVALID_NOTIFY, _INVALID_MEMORY,
 * _NO_BUFFER, _TOO_LARGE, _INVALID_TYPE, _INVALID_HEADER or _INVALID_TRAILER; when receiving
 * MACH_RCV_INVALID_NAME, _TIMED_OUT, _TOO_LARGE, _INTERRUPTED, _PORT_DIED, _HEADER_ERROR,
 * _BODY_ERROR or _INVALID_TRAILER. Interrupted calls are repeated unless MACH_SEND_INTERRUPT or
 * MACH_RCV_INTERRUPT is given.
 */
mach_msg_return_t mach_msg(mach_msg_header_t *msg, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_name_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_name_t notify);

/*
 * Like mach_msg(), but receives into rcv_msg if that is not NULL. rcv_limit is ignored: rcv_size
 * is the size of either buffer. A pseudo-receive goes to msg all the same.
 */
mach_msg_return_t mach_msg_overwrite(mach_msg_header_t *msg, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_name_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_name_t notify, mach_msg_header_t *rcv_msg,
	mach_msg_size_t rcv_limit);

/*
 * What mach_msg2() calls, with its arguments packed in pairs: the first of the two named in the
 * lower half, the second in the upper half. On Linux MACH64_MSG_VECTOR takes one vector, without
 * auxiliary data, and the choice among the MACH64_SEND_*_CALL options is not checked.
 * Results and ownership are those of mach_msg().
 */
mach_msg_return_t mach_msg2_internal(void *data, mach_msg_option64_t option64,
	uint64_t bits_and_send_size, uint64_t remote_and_local, uint64_t voucher_and_id,
	uint64_t desc_count_and_rcv_name, uint64_t rcv_size_and_priority, uint64_t timeout);

/*
 * mach_msg() with the header passed by value: the one in the buffer is not looked at when sending,
 * but for MACH_MSGH_BITS_COMPLEX and the number of descriptors.
 */
static inline mach_msg_return_t mach_msg2(void *data, mach_msg_option64_t option64,
	mach_msg_header_t header, mach_msg_size_t send_size, mach_msg_size_t rcv_size,
	mach_port_t rcv_name, uint64_t timeout, uint32_t priority)
{
	const void *first = data;
	mach_msg_size_t n_descriptors = 0;

	if (option64 & MACH64_MSG_VECTOR)
		first = (const void *)(uintptr_t)((const mach_msg_vector_t *)data)->msgv_data;
	if (option64 & MACH64_SEND_MSG) {
		const mach_msg_base_t *base = (const mach_msg_base_t *)first;

		if (MACH_MSGH_BITS_IS_COMPLEX(base->header.msgh_bits))
			n_descriptors = base->body.msgh_descriptor_count;
	}
	return mach_msg2_internal(data, option64, (uint64_t)send_size << 32 | header.msgh_bits,
		(uint64_t)header.msgh_local_port << 32 | header.msgh_remote_port,
		(uint64_t)(uint32_t)header.msgh_id << 32 | header.msgh_voucher_port,
		(uint64_t)rcv_name << 32 | n_descriptors, (uint64_t)priority << 32 | rcv_size,
		timeout);
}

/*
 * Drop one reference of a voucher. There are none on Linux: KERN_SUCCESS for MACH_PORT_NULL, else
 * what mach_port_deallocate() says.
 */
kern_return_t mach_voucher_deallocate(mach_port_name_t voucher);

#ifdef __cplusplus
}
#endif

#endif
