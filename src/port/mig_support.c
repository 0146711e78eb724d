/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small things that generated code and hand-written servers call: bounded string copies, the head
 * of an answer, and vouchers, of which there are none. The thread's reply port is not here: it has
 * state, and a file of its own.
 */
#include <string.h>

#include <mach/mach.h>
#include <mach/mig.h>
#include <mach/mig_errors.h>

#include "base/cleanup.h"

/* The ids of a request and of its answer are this far apart. */
#define MIG_REPLY_ID_OFFSET 100

/*
 * Copy what fits of @src, with a NUL behind it; returns the bytes used, of @len. A NULL source
 * counts as an empty string of no length: generated code passes on what its caller left out.
 */
static int string_copy(char *dest, const char *src, int len)
{
	size_t n;

	if (!dest || len <= 0)
		return 0;
	if (!src) {
		dest[0] = '\0';
		return 0;
	}
	n = strnlen(src, (size_t)len - 1);
	memcpy(dest, src, n);
	dest[n] = '\0';
	return (int)n + 1;
}

_public_ int mig_strncpy(char *dest, const char *src, int len)
{
	return string_copy(dest, src, len);
}

_public_ int mig_strncpy_zerofill(char *dest, const char *src, int len)
{
	int n = string_copy(dest, src, len);

	if (dest && n < len)
		memset(dest + n, 0, (size_t)(len - n));
	return n;
}

_public_ void mig_reply_setup(mach_msg_header_t *in, mach_msg_header_t *out)
{
	mig_reply_error_t *reply = (mig_reply_error_t *)out;

	*reply = (mig_reply_error_t){
		.Head =
			{
				.msgh_bits = MACH_MSGH_BITS(
					MACH_MSGH_BITS_REMOTE(in->msgh_bits), 0),
				.msgh_size = sizeof(*reply),
				.msgh_remote_port = in->msgh_remote_port,
				/* A request may have any id; overflow is its sender's problem, not ours. */
				.msgh_id = (mach_msg_id_t)((unsigned int)in->msgh_id +
							   MIG_REPLY_ID_OFFSET),
			},
		.NDR = NDR_record,
		.RetCode = MIG_BAD_ID,
	};
}

_public_ kern_return_t mach_voucher_deallocate(mach_port_name_t voucher)
{
	return mach_port_deallocate(mach_task_self(), voucher);
}

_public_ boolean_t voucher_mach_msg_set(mach_msg_header_t *msg _unused_)
{
	return FALSE;
}

_public_ void voucher_mach_msg_clear(mach_msg_header_t *msg _unused_)
{
}

_public_ voucher_mach_msg_state_t voucher_mach_msg_adopt(mach_msg_header_t *msg _unused_)
{
	return VOUCHER_MACH_MSG_STATE_UNCHANGED;
}

_public_ void voucher_mach_msg_revert(voucher_mach_msg_state_t state _unused_)
{
}
