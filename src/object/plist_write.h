/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_PLIST_WRITE_H
#define PORTCULLIS_OBJECT_PLIST_WRITE_H

/* Property lists in XML, from objects. For plist.c. */

#include "object/object.h"

/* 0, OBJECT_E_UNSUPPORTED, OBJECT_E_LIMIT, BYTES_E_FULL or -ENOMEM: all of it, with head and foot. */
int plist_write_xml(const Object *object, ByteWriter *out) _warn_unused_;

#endif
