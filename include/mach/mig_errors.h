/* SPDX-License-Identifier: Apache-2.0 */
/* What generated code returns besides the codes of <mach/kern_return.h> and <mach/message.h>. */
#ifndef _MACH_MIG_ERRORS_H_
#define _MACH_MIG_ERRORS_H_

#include <mach/kern_return.h>
#include <mach/message.h>
#include <mach/mig.h>
#include <mach/ndr.h>

#define MIG_TYPE_ERROR -300 /* the answer is not what the interface says */
#define MIG_REPLY_MISMATCH -301 /* the answer is to another request */
#define MIG_REMOTE_ERROR -302 /* the server failed */
#define MIG_BAD_ID -303 /* the server knows no such request */
#define MIG_BAD_ARGUMENTS -304 /* the request is not what the interface says */
#define MIG_NO_REPLY -305 /* from a server routine: the answer is sent elsewhere */
#define MIG_EXCEPTION -306 /* the server raised an exception */
#define MIG_ARRAY_TOO_LARGE -307 /* an array does not fit */
#define MIG_SERVER_DIED -308 /* the request was destroyed unanswered */
#define MIG_TRAILER_ERROR -309 /* the trailer that the interface needs is missing */

#pragma pack(push, 4)

/* The answer of a routine that has nothing to say but its result. */
typedef struct {
	mach_msg_header_t Head;
	NDR_record_t NDR;
	kern_return_t RetCode;
} mig_reply_error_t;

#pragma pack(pop)

#endif
