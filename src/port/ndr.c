/* SPDX-License-Identifier: Apache-2.0 */
/* How this machine represents numbers, as generated code copies it into messages. */
#include <mach/ndr.h>

#include "base/cleanup.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NDR_INT_NATIVE NDR_INT_LITTLE_ENDIAN
#else
#define NDR_INT_NATIVE NDR_INT_BIG_ENDIAN
#endif

/* Not const, because programs of the lineage declare it themselves, and do so without. */
_public_ NDR_record_t NDR_record = {
	.mig_encoding = NDR_PROTOCOL_2_0,
	.int_rep = NDR_INT_NATIVE,
	.char_rep = NDR_CHAR_ASCII,
	.float_rep = NDR_FLOAT_IEEE,
};
