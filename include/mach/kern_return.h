/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Result codes of all calls but the message primitives, which have their own in <mach/message.h>.
 * mach_error_string() turns either kind into text.
 */
#ifndef _MACH_KERN_RETURN_H_
#define _MACH_KERN_RETURN_H_

#include <mach/machine/kern_return.h>

#define KERN_SUCCESS 0
#define KERN_INVALID_ADDRESS 1 /* no memory is mapped at the address */
#define KERN_PROTECTION_FAILURE 2 /* the memory is there, but may not be used so */
#define KERN_NO_SPACE 3 /* no free address range, or no free port name */
#define KERN_INVALID_ARGUMENT 4 /* an argument makes no sense */
#define KERN_FAILURE 5 /* refused, for no reason that has a code of its own */
#define KERN_RESOURCE_SHORTAGE 6 /* out of memory, descriptors or quota */
#define KERN_NOT_RECEIVER 7 /* the caller does not hold the receive right */
#define KERN_NO_ACCESS 8 /* a restriction that no right lifts */
#define KERN_MEMORY_FAILURE 9 /* the memory's object is gone */
#define KERN_MEMORY_ERROR 10 /* the memory's object could not give the data */
#define KERN_ALREADY_IN_SET 11 /* the port is a member of that port set */
#define KERN_NOT_IN_SET 12 /* the port is not a member of it */
#define KERN_NAME_EXISTS 13 /* the name denotes another right */
#define KERN_ABORTED 14 /* interrupted before it was done */
#define KERN_INVALID_NAME 15 /* the name denotes no right */
#define KERN_INVALID_TASK 16 /* not a live task that the caller may act on */
#define KERN_INVALID_RIGHT 17 /* the name denotes a right of the wrong kind */
#define KERN_INVALID_VALUE 18 /* a number is out of range */
#define KERN_UREFS_OVERFLOW 19 /* too many user references */
#define KERN_INVALID_CAPABILITY 20 /* the right given is null, dead, or cannot be used so */
#define KERN_RIGHT_EXISTS 21 /* the task has that right under another name */
#define KERN_INVALID_HOST 22 /* not a host port */
#define KERN_MEMORY_PRESENT 23 /* the page is there already */
#define KERN_MEMORY_DATA_MOVED 24 /* used between memory managers only */
#define KERN_MEMORY_RESTART_COPY 25 /* used between memory managers only */
#define KERN_INVALID_PROCESSOR_SET 26
#define KERN_POLICY_LIMIT 27 /* beyond the limit of a scheduling policy */
#define KERN_INVALID_POLICY 28 /* no such scheduling policy */
#define KERN_INVALID_OBJECT 29 /* not an object of the kind asked for */
#define KERN_ALREADY_WAITING 30 /* another thread waits there already */
#define KERN_DEFAULT_SET 31 /* the default processor set cannot be destroyed */
#define KERN_EXCEPTION_PROTECTED 32
#define KERN_INVALID_LEDGER 33
#define KERN_INVALID_MEMORY_CONTROL 34
#define KERN_INVALID_SECURITY 35
#define KERN_NOT_DEPRESSED 36
#define KERN_TERMINATED 37 /* the object was destroyed, perhaps during the call */
#define KERN_LOCK_SET_DESTROYED 38
#define KERN_LOCK_UNSTABLE 39
#define KERN_LOCK_OWNED 40
#define KERN_LOCK_OWNED_SELF 41
#define KERN_SEMAPHORE_DESTROYED 42 /* historical; a destroyed semaphore says KERN_TERMINATED */
#define KERN_RPC_SERVER_TERMINATED 43
#define KERN_RPC_TERMINATE_ORPHAN 44
#define KERN_RPC_CONTINUE_ORPHAN 45
#define KERN_NOT_SUPPORTED 46 /* this system cannot do it */
#define KERN_NODE_DOWN 47
#define KERN_NOT_WAITING 48 /* the thread does not wait for that */
#define KERN_OPERATION_TIMED_OUT 49
#define KERN_CODESIGN_ERROR 50 /* a signature check failed */
#define KERN_POLICY_STATIC 51
#define KERN_INSUFFICIENT_BUFFER_SIZE 52
#define KERN_DENIED 53 /* a security policy forbids it */
#define KERN_MISSING_KC 54
#define KERN_INVALID_KC 55
#define KERN_NOT_FOUND 56 /* no such thing */

#define KERN_RETURN_MAX 0x100

#endif
