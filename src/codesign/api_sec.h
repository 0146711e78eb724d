/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_API_SEC_H
#define PORTCULLIS_CODESIGN_API_SEC_H

/*
 * What the files that spell <Security/…> share. A SecSomethingRef is the address of an Object, as a
 * CFTypeRef is. Arguments are looked at in this order: flags, whether what has to be there is, types.
 */

#include <Security/CSCommon.h>

#include "codesign/reqterm.h"
#include "object/api_cf.h"

/* Return from an entry whose flags are not all among @allowed. */
#define SEC_CHECK_FLAGS(flags, allowed)                                                            \
	do {                                                                                       \
		if ((flags) & ~(SecCSFlags)(allowed))                                              \
			return errSecCSInvalidFlags;                                               \
	} while (0)

/* Return from one that was not given an argument. */
#define SEC_REQUIRE(argument)                                                                      \
	do {                                                                                       \
		if (!(argument))                                                                   \
			return errSecCSObjectRequired;                                             \
	} while (0)

/* Return from one that was given something else than an object of this type, or of this class. */
#define SEC_CHECK_TYPE(cf, type)                                                                   \
	do {                                                                                       \
		SEC_REQUIRE(cf);                                                                   \
		if (!object_is_type(cf_object(cf), (type)))                                        \
			return errSecCSInvalidObjectRef;                                           \
	} while (0)
#define SEC_CHECK_CLASS(cf, class)                                                                 \
	do {                                                                                       \
		SEC_REQUIRE(cf);                                                                   \
		if (!object_is(cf_object(cf), &(class)))                                           \
			return errSecCSInvalidObjectRef;                                           \
	} while (0)

/* Of a result that is -errno. */
static inline OSStatus sec_status_of_errno(int r)
{
	return r == 0 ? errSecSuccess : r == -ENOMEM ? errSecAllocate : errSecCSInternalError;
}

/* Of a result of the functions about requirements. */
static inline OSStatus sec_status_of_requirement(int r)
{
	switch (r) {
	case REQ_E_INVALID:
	case REQ_E_LIMIT:
	case REQ_E_SYNTAX:
		return errSecCSReqInvalid;
	case REQ_E_UNSUPPORTED:
		return errSecCSReqUnsupported;
	case REQ_E_UNIMPLEMENTED:
		return errSecCSUnimplemented;
	default:
		return sec_status_of_errno(r);
	}
}

#endif
