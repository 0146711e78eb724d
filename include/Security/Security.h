/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _SECURITY_SECURITY_H_
#define _SECURITY_SECURITY_H_

/* All of the public interface of libcodesign that is not private in the lineage. */

#include <Security/CSCommon.h>
#include <Security/SecBase.h>
#include <Security/SecCertificate.h>
#include <Security/SecCode.h>
#include <Security/SecRequirement.h>
#include <Security/SecStaticCode.h>

#endif
