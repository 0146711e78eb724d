/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COREFOUNDATION_CFSTRING_H
#define COREFOUNDATION_CFSTRING_H

/*
 * Strings; CFString(3). Lengths, places and ranges are counted in UTF-16 units, as in the lineage; a place
 * within a surrogate pair counts as the one in front of it. A string holds valid Unicode without NUL
 * characters: what would make another one is refused (NULL, or nothing is done, as said below).
 */

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFData.h>

CF_EXTERN_C_BEGIN

typedef UInt32 CFStringEncoding;
/* Those that are known; of others, the functions below say that they cannot. */
#define kCFStringEncodingInvalidId (0xffffffffU)
enum {
	kCFStringEncodingISOLatin1 = 0x0201,
	kCFStringEncodingASCII = 0x0600,
	kCFStringEncodingUnicode =
		0x0100, /* UTF-16, with a byte order mark or in the host's order */
	kCFStringEncodingUTF16 = 0x0100,
	kCFStringEncodingUTF8 = 0x08000100,
	kCFStringEncodingUTF16BE = 0x10000100,
	kCFStringEncodingUTF16LE = 0x14000100
};

typedef CF_OPTIONS(CFOptionFlags, CFStringCompareFlags) {
	/* Simple case folding of Unicode. */
	kCFCompareCaseInsensitive = 1,
	kCFCompareBackwards = 4, /* find: the last one */
	kCFCompareAnchored = 8, /* find: at the beginning (or end) of the range only */
};

/* A string that is there for the life of the process: CFSTR("text"), of a literal in UTF-8. It is an
 * expression, not a constant initialiser. */
#define CFSTR(cStr) __CFStringMakeConstantString("" cStr "")
CF_EXPORT CFStringRef __CFStringMakeConstantString(const char *cStr);

CF_EXPORT CFTypeID CFStringGetTypeID(void);

/* Creating. NULL: not valid in the encoding, not a known one, or no memory. */
CF_EXPORT CFStringRef CFStringCreateWithCString(
	CFAllocatorRef alloc, const char *cStr, CFStringEncoding encoding);
CF_EXPORT CFStringRef CFStringCreateWithBytes(CFAllocatorRef alloc, const UInt8 *bytes,
	CFIndex numBytes, CFStringEncoding encoding, Boolean isExternalRepresentation);
CF_EXPORT CFStringRef CFStringCreateWithCharacters(
	CFAllocatorRef alloc, const UniChar *chars, CFIndex numChars);
/* These copy, and then free what they were given as @contentsDeallocator says. */
CF_EXPORT CFStringRef CFStringCreateWithCStringNoCopy(CFAllocatorRef alloc, const char *cStr,
	CFStringEncoding encoding, CFAllocatorRef contentsDeallocator);
CF_EXPORT CFStringRef CFStringCreateWithBytesNoCopy(CFAllocatorRef alloc, const UInt8 *bytes,
	CFIndex numBytes, CFStringEncoding encoding, Boolean isExternalRepresentation,
	CFAllocatorRef contentsDeallocator);
CF_EXPORT CFStringRef CFStringCreateWithSubstring(
	CFAllocatorRef alloc, CFStringRef str, CFRange range);
CF_EXPORT CFStringRef CFStringCreateCopy(CFAllocatorRef alloc, CFStringRef theString);
/* As printf(3), with %@ for an object (a string: its text; others as CFCopyDescription()), %C for a
 * UniChar and %S for a NUL-terminated array of them. %s is UTF-8; what is not, becomes U+FFFD. NULL: the
 * format has something else (places of arguments as in %1$d, %n). formatOptions is NULL. */
CF_EXPORT CFStringRef CFStringCreateWithFormat(
	CFAllocatorRef alloc, CFTypeRef formatOptions, CFStringRef format, ...);
CF_EXPORT CFStringRef CFStringCreateWithFormatAndArguments(
	CFAllocatorRef alloc, CFTypeRef formatOptions, CFStringRef format, va_list arguments);
/* @maxLength is not a limit. */
CF_EXPORT CFMutableStringRef CFStringCreateMutable(CFAllocatorRef alloc, CFIndex maxLength);
CF_EXPORT CFMutableStringRef CFStringCreateMutableCopy(
	CFAllocatorRef alloc, CFIndex maxLength, CFStringRef theString);

/* Reading. */
CF_EXPORT CFIndex CFStringGetLength(CFStringRef theString);
CF_EXPORT UniChar CFStringGetCharacterAtIndex(CFStringRef theString, CFIndex idx);
CF_EXPORT void CFStringGetCharacters(CFStringRef theString, CFRange range, UniChar *buffer);
/* All of it and a NUL, or false and nothing. */
CF_EXPORT Boolean CFStringGetCString(
	CFStringRef theString, char *buffer, CFIndex bufferSize, CFStringEncoding encoding);
/* The text itself, for UTF-8 always, for ASCII if it is ASCII; of a mutable string until it is changed.
 * NULL: it is not kept in that encoding. */
CF_EXPORT const char *CFStringGetCStringPtr(CFStringRef theString, CFStringEncoding encoding);
/* As much of @range as fits; how many units that were, and in *usedBufLen how many bytes. @buffer may be
 * NULL: only count. A character that the encoding lacks becomes @lossByte; if that is 0, it ends there. */
CF_EXPORT CFIndex CFStringGetBytes(CFStringRef theString, CFRange range, CFStringEncoding encoding,
	UInt8 lossByte, Boolean isExternalRepresentation, UInt8 *buffer, CFIndex maxBufLen,
	CFIndex *usedBufLen);
/* kCFNotFound: too much, or an unknown encoding. */
CF_EXPORT CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding);
CF_EXPORT CFStringEncoding CFStringGetSystemEncoding(void);
CF_EXPORT Boolean CFStringIsEncodingAvailable(CFStringEncoding encoding);
CF_EXPORT CFDataRef CFStringCreateExternalRepresentation(
	CFAllocatorRef alloc, CFStringRef theString, CFStringEncoding encoding, UInt8 lossByte);
CF_EXPORT CFStringRef CFStringCreateFromExternalRepresentation(
	CFAllocatorRef alloc, CFDataRef data, CFStringEncoding encoding);
/* Names of files are UTF-8. */
CF_EXPORT Boolean CFStringGetFileSystemRepresentation(
	CFStringRef string, char *buffer, CFIndex maxBufLen);
CF_EXPORT CFIndex CFStringGetMaximumSizeOfFileSystemRepresentation(CFStringRef string);
CF_EXPORT CFStringRef CFStringCreateWithFileSystemRepresentation(
	CFAllocatorRef alloc, const char *buffer);
/* The number at the beginning, behind blanks; 0 if there is none; INT32_MAX or INT32_MIN beyond. */
CF_EXPORT SInt32 CFStringGetIntValue(CFStringRef str);
CF_EXPORT double CFStringGetDoubleValue(CFStringRef str);

/* Comparing, by code points. Options that are not defined above end the process. */
CF_EXPORT CFComparisonResult CFStringCompare(
	CFStringRef theString1, CFStringRef theString2, CFStringCompareFlags compareOptions);
CF_EXPORT CFComparisonResult CFStringCompareWithOptions(CFStringRef theString1,
	CFStringRef theString2, CFRange rangeToCompare, CFStringCompareFlags compareOptions);
CF_EXPORT Boolean CFStringHasPrefix(CFStringRef theString, CFStringRef prefix);
CF_EXPORT Boolean CFStringHasSuffix(CFStringRef theString, CFStringRef suffix);
/* {kCFNotFound, 0}: it is not there; an empty string is nowhere. */
CF_EXPORT CFRange CFStringFind(
	CFStringRef theString, CFStringRef stringToFind, CFStringCompareFlags compareOptions);
CF_EXPORT Boolean CFStringFindWithOptions(CFStringRef theString, CFStringRef stringToFind,
	CFRange rangeToSearch, CFStringCompareFlags searchOptions, CFRange *result);
CF_EXPORT CFStringRef CFStringCreateByCombiningStrings(
	CFAllocatorRef alloc, CFArrayRef theArray, CFStringRef separatorString);
CF_EXPORT CFArrayRef CFStringCreateArrayBySeparatingStrings(
	CFAllocatorRef alloc, CFStringRef theString, CFStringRef separatorString);

/* Changing. What is not valid text leaves the string as it was. */
CF_EXPORT void CFStringAppend(CFMutableStringRef theString, CFStringRef appendedString);
CF_EXPORT void CFStringAppendCharacters(
	CFMutableStringRef theString, const UniChar *chars, CFIndex numChars);
CF_EXPORT void CFStringAppendCString(
	CFMutableStringRef theString, const char *cStr, CFStringEncoding encoding);
CF_EXPORT void CFStringAppendFormat(
	CFMutableStringRef theString, CFTypeRef formatOptions, CFStringRef format, ...);
CF_EXPORT void CFStringAppendFormatAndArguments(CFMutableStringRef theString,
	CFTypeRef formatOptions, CFStringRef format, va_list arguments);
CF_EXPORT void CFStringInsert(CFMutableStringRef str, CFIndex idx, CFStringRef insertedStr);
CF_EXPORT void CFStringDelete(CFMutableStringRef theString, CFRange range);
CF_EXPORT void CFStringReplace(
	CFMutableStringRef theString, CFRange range, CFStringRef replacement);
CF_EXPORT void CFStringReplaceAll(CFMutableStringRef theString, CFStringRef replacement);
/* How many there were. */
CF_EXPORT CFIndex CFStringFindAndReplace(CFMutableStringRef theString, CFStringRef stringToFind,
	CFStringRef replacementString, CFRange rangeToSearch, CFStringCompareFlags compareOptions);
/* Blanks and ends of lines of Unicode, at both ends. */
CF_EXPORT void CFStringTrimWhitespace(CFMutableStringRef theString);

/* The description of @obj, or the text of a string, and a newline, on standard error. */
CF_EXPORT void CFShow(CFTypeRef obj);

CF_EXTERN_C_END

#endif
