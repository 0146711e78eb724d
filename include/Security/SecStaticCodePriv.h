/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _SECURITY_SECSTATICCODEPRIV_H_
#define _SECURITY_SECSTATICCODEPRIV_H_

/* More about code on disk. */

#include <Security/SecStaticCode.h>

/* Flags of SecStaticCodeCheckValidity() that are private in the lineage. They have no effect: the
 * structure of signatures is always looked at strictly, and extended attributes are not looked
 * at. */
enum {
	kSecCSStrictValidateStructure = 1 << 13,
	kSecCSSkipRootVolumeExceptions = 1 << 14,
	kSecCSSkipXattrFiles = 1 << 15,
};

#endif
