/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forward declarations of the layer `port`, and the one rule about its error codes.
 *
 * A core function returns 0, a negative errno that its caller did not expect, or a
 * positive code. The positive codes of this layer are Mach's own (KERN_*, MACH_SEND_*,
 * MACH_RCV_*: they are all positive); a second table of the same names would only be
 * one more thing to keep in step. The façade (api_*.c) folds what is negative into
 * KERN_RESOURCE_SHORTAGE or KERN_FAILURE.
 *
 * Unless a header says otherwise, core functions are called with the task's lock held
 * (task_lock()), and never block.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <mach/kern_return.h>
#include <mach/message.h>
#include <mach/port.h>

typedef uint32_t PortName;

typedef struct Answer Answer;
typedef struct Backing Backing;
typedef struct Creds Creds;
typedef struct Entry Entry;
typedef struct Ident Ident;
typedef struct Item Item;
typedef struct LeaseClient LeaseClient;
typedef struct LeaseServer LeaseServer;
typedef struct Message Message;
typedef struct Port Port;
typedef struct PortExtra PortExtra;
typedef struct PortSet PortSet;
typedef struct Right Right;
typedef struct SendOnce SendOnce;
typedef struct Sender Sender;
typedef struct Source Source;
typedef struct Waiter Waiter;
