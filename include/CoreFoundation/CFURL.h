/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COREFOUNDATION_CFURL_H
#define COREFOUNDATION_CFURL_H

/*
 * URLs, above all those of files; CFURL(3). A path that is not absolute is relative to the folder that was
 * the current one when the URL was made.
 */

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFString.h>

CF_EXTERN_C_BEGIN

typedef const struct __CFURL *CFURLRef;

typedef CF_ENUM(CFIndex, CFURLPathStyle) {
	kCFURLPOSIXPathStyle = 0,
};

CF_EXPORT CFTypeID CFURLGetTypeID(void);

/* Of a path. Any bytes but NUL are a path for the second. An empty path, another style: NULL. */
CF_EXPORT CFURLRef CFURLCreateWithFileSystemPath(CFAllocatorRef allocator, CFStringRef filePath,
	CFURLPathStyle pathStyle, Boolean isDirectory);
CF_EXPORT CFURLRef CFURLCreateFromFileSystemRepresentation(
	CFAllocatorRef allocator, const UInt8 *buffer, CFIndex bufLen, Boolean isDirectory);
/* Of the text of a URL: ASCII without blanks, "%" with two digits behind it. @baseURL may be NULL; else
 * a relative @URLString is resolved against it. NULL: it is none. */
CF_EXPORT CFURLRef CFURLCreateWithString(
	CFAllocatorRef allocator, CFStringRef URLString, CFURLRef baseURL);

/* The absolute path of a file URL (or, for !@resolveAgainstBase, as it was given) with a NUL. False: it
 * does not fit, or is no file's. */
CF_EXPORT Boolean CFURLGetFileSystemRepresentation(
	CFURLRef url, Boolean resolveAgainstBase, UInt8 *buffer, CFIndex maxBufLen);
/* As it was given, without a "/" at the end; NULL: no path, or one that is not UTF-8. */
CF_EXPORT CFStringRef CFURLCopyFileSystemPath(CFURLRef anURL, CFURLPathStyle pathStyle);
/* Relative, if it has a base. */
CF_EXPORT CFStringRef CFURLGetString(CFURLRef anURL);
CF_EXPORT CFURLRef CFURLGetBaseURL(CFURLRef anURL);
CF_EXPORT CFURLRef CFURLCopyAbsoluteURL(CFURLRef relativeURL);
/* NULL: there is none. */
CF_EXPORT CFStringRef CFURLCopyScheme(CFURLRef anURL);
/* With its escapes. */
CF_EXPORT CFStringRef CFURLCopyPath(CFURLRef anURL);
/* Of the path, without escapes: what is behind the last "/", not counting one at the end; behind its last
 * "." (NULL: there is none). */
CF_EXPORT CFStringRef CFURLCopyLastPathComponent(CFURLRef url);
CF_EXPORT CFStringRef CFURLCopyPathExtension(CFURLRef url);
/* Whether the path ends in "/". */
CF_EXPORT Boolean CFURLHasDirectoryPath(CFURLRef anURL);
CF_EXPORT CFURLRef CFURLCreateCopyAppendingPathComponent(
	CFAllocatorRef allocator, CFURLRef url, CFStringRef pathComponent, Boolean isDirectory);
CF_EXPORT CFURLRef CFURLCreateCopyDeletingLastPathComponent(CFAllocatorRef allocator, CFURLRef url);

CF_EXTERN_C_END

#endif
