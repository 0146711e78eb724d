/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that a program which uses Mach ports needs, and the message calls that are built on
 * mach_msg(). Not in here: <mach/mach_vm.h>, <mach/notify.h>, <sys/fileport.h>, <bsm/libbsm.h>.
 */
#ifndef _MACH_MACH_H_
#define _MACH_MACH_H_

#include <mach/std_types.h>
#include <mach/mach_types.h>
#include <mach/mach_error.h>
#include <mach/mach_init.h>
#include <mach/mach_interface.h>
#include <mach/mach_port.h>
#include <mach/mach_traps.h>
#include <mach/message.h>
#include <mach/mig.h>
#include <mach/mig_errors.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Prepare an answer to a request: a mig_reply_error_t header that goes to where the request wants
 * it, with the message id that belongs to it and MIG_BAD_ID as the result. Takes no right; `out`
 * names the right that `in` owns.
 */
void mig_reply_setup(mach_msg_header_t *in, mach_msg_header_t *out);

/*
 * Release all rights and all memory in a message: one that was received, or one that a failed send
 * gave back (see mach_msg()), or one that was never sent, with what its dispositions would give
 * away. Memory is released where the descriptor says `deallocate`, which it does on receipt.
 * msgh_local_port is not touched: on receipt it is no right of the message; after a failed send,
 * which may have given a right back in it, the caller has to release it. Errors are ignored.
 */
void mach_msg_destroy(mach_msg_header_t *msg);

/* Send msgh_size bytes, and wait as long as it takes. Results and ownership as for mach_msg(). */
mach_msg_return_t mach_msg_send(mach_msg_header_t *msg);

/*
 * Receive from msgh_local_port into a buffer of msgh_size bytes, and wait as long as it takes.
 * Results and ownership as for mach_msg().
 */
mach_msg_return_t mach_msg_receive(mach_msg_header_t *msg);

/*
 * Receive requests from a receive right or port set, for ever: give each to demux() with a buffer
 * for the answer, and send the answer. The buffer for requests holds max_size bytes and the trailer
 * that the options ask for, and with MACH_RCV_LARGE grows for a request that does not fit; the one
 * for answers holds max_size bytes.
 * What demux() makes of a request is told by the answer, not by what it returns: a simple answer
 * with an error in RetCode means that the request is to be destroyed, all but its reply port, to
 * which the answer goes; MIG_NO_REPLY that the request now belongs to somebody and that no answer
 * is sent; all else that its rights are taken care of. An answer that cannot be sent at once,
 * because the client is gone or keeps its reply port full, is destroyed.
 * Returns only on failure, with the result of mach_msg(), or KERN_RESOURCE_SHORTAGE.
 */
mach_msg_return_t mach_msg_server(boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *),
	mach_msg_size_t max_size, mach_port_t rcv_name, mach_msg_options_t options);

/* The same for one request; MACH_MSG_SUCCESS once it was served. */
mach_msg_return_t mach_msg_server_once(boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *),
	mach_msg_size_t max_size, mach_port_t rcv_name, mach_msg_options_t options);

/* On Linux the same as mach_msg_server(): there is no importance to pass on. */
mach_msg_return_t mach_msg_server_importance(
	boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *), mach_msg_size_t max_size,
	mach_port_t rcv_name, mach_msg_options_t options);

/*
 * Vouchers travel with messages elsewhere. There are none on Linux, so these four do nothing:
 * set() says FALSE (no voucher was put in), and adopt() gives a state that revert() ignores.
 */
typedef struct voucher_mach_msg_state_s *voucher_mach_msg_state_t;

#define VOUCHER_MACH_MSG_API_VERSION 20140205
#define VOUCHER_MACH_MSG_STATE_UNCHANGED ((voucher_mach_msg_state_t)~0ul)

boolean_t voucher_mach_msg_set(mach_msg_header_t *msg);
void voucher_mach_msg_clear(mach_msg_header_t *msg);
voucher_mach_msg_state_t voucher_mach_msg_adopt(mach_msg_header_t *msg);
void voucher_mach_msg_revert(voucher_mach_msg_state_t state);

#ifdef __cplusplus
}
#endif

#endif
