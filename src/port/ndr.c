/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record that says how the data behind it is represented: this machine's byte order, ASCII, IEEE
 * floating point. Not const, because generated code of others declares it that way.
 */
#include <mach/ndr.h>

#include "base/cleanup.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NDR_INT_NATIVE NDR_INT_LITTLE_ENDIAN
#else
#define NDR_INT_NATIVE NDR_INT_BIG_ENDIAN
#endif

_public_ NDR_record_t NDR_record = {
	.mig_encoding = NDR_PROTOCOL_2_0,
	.int_rep = NDR_INT_NATIVE,
	.char_rep = NDR_CHAR_ASCII,
	.float_rep = NDR_FLOAT_IEEE,
};
