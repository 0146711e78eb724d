/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _SECURITY_SECBASE_H_
#define _SECURITY_SECBASE_H_

/*
 * What all of <Security/…> shares. Functions return an OSStatus: errSecSuccess, or a code of this header
 * or of <Security/CSCommon.h>, and then have set nothing. What they return through a pointer is the
 * caller's, to be released by CFRelease().
 */

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFString.h>

CF_EXTERN_C_BEGIN

typedef struct __SecCertificate *SecCertificateRef;

enum {
	errSecSuccess = 0,
	errSecUnimplemented = -4,
	errSecIO = -36,
	errSecParam = -50, /* an argument is NULL or of another type */
	errSecAllocate = -108, /* there is no memory */
	errSecInternalComponent = -2070,
	errSecCertificateExpired = -67818, /* a certificate is not valid at this time */
	errSecCertificateRevoked = -67820, /* one is revoked, or it is not known whether it is */
};

/* A sentence for people about a code of errSec… or errSecCS…, in English; for any other one its number
 * in words. @reserved is NULL. NULL: another @reserved, or no memory. */
CF_EXPORT CFStringRef SecCopyErrorMessageString(OSStatus status, void *reserved);

CF_EXTERN_C_END

#endif
