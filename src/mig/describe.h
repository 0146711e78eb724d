/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_DESCRIBE_H
#define PORTCULLIS_MIG_DESCRIBE_H

/*
 * What `mig -v` tells: a line for the subsystem, for each type and for each routine, in the order of
 * the file. It is for people, who want to know how large a message is and which ids are taken; its
 * form is no interface.
 */

#include <stdio.h>

#include "mig/interface.h"

void describe_interface(const Interface *i, FILE *out);

#endif
