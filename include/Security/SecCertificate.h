/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _SECURITY_SECCERTIFICATE_H_
#define _SECURITY_SECCERTIFICATE_H_

/*
 * Certificates (X.509), as chains of signers are made of them. Constant; may be used by all threads at
 * once. Equal if their bytes are.
 */

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFString.h>
#include <Security/SecBase.h>

CF_EXTERN_C_BEGIN

CF_EXPORT CFTypeID SecCertificateGetTypeID(void);

/* The certificate whose DER fills @data. NULL: it does not. */
CF_EXPORT SecCertificateRef SecCertificateCreateWithData(CFAllocatorRef allocator, CFDataRef data);

/* Its DER. NULL: no memory. */
CF_EXPORT CFDataRef SecCertificateCopyData(SecCertificateRef certificate);

/* Whom it is about, for people: its common name, or else unit, organisation or first address. NULL:
 * there is none of these, or no memory. */
CF_EXPORT CFStringRef SecCertificateCopySubjectSummary(SecCertificateRef certificate);

CF_EXTERN_C_END

#endif
