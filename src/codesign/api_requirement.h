/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_API_REQUIREMENT_H
#define PORTCULLIS_CODESIGN_API_REQUIREMENT_H

/* What api_requirement.c and api_requirements.c share. */

#include <CoreFoundation/CFError.h>

#include "codesign/api_sec.h"
#include "codesign/reqparse.h"

/* Parse for the public interface: files are read, and errors told in a CFError. */
OSStatus sec_requirement_parse(
	CFStringRef text, ReqParseWhat what, CFErrorRef *errors, ReqParsed *ret);

/* A new string. */
OSStatus sec_string_of(const char *text, CFStringRef *ret);

#endif
