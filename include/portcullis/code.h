/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODE_H
#define PORTCULLIS_CODE_H

/* What libcodesign has beyond the lineage's interface. */

#include <CoreFoundation/CFString.h>

CF_EXTERN_C_BEGIN

/* Keys of a CFError of SecStaticCodeCheckValidityWithErrors(3), both CFNumbers or both absent:
 * the first bytes of the file that the problem is about, and the byte behind the last one of
 * these. */
CF_EXPORT const CFStringRef kPortcullisCodeErrorStart;
CF_EXPORT const CFStringRef kPortcullisCodeErrorEnd;

CF_EXTERN_C_END

#endif
