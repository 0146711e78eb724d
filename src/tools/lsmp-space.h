/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the space of another process, name by name, while that process goes on changing it.
 *
 * Nothing is locked, so a row counts only if the objects that it was read from still refer to each
 * other, and to the same name, afterwards; else it is read again, and after some tries it says
 * that it is changing. Lists are followed as long as each element points back to the one before it, and
 * never further than a fixed number of steps.
 *
 * Where the kernel can be asked about a descriptor of the process it is asked: what port a right is
 * to is not taken from the process's memory.
 */
#pragma once

#include "base/clock.h"
#include "tools/lsmp-target.h"

/* Fills the arrays of the writer; stops at the deadline, or when there is no room for more, and
 * then says so in head.truncated. Returns OUTCOME_OK or OUTCOME_BROKEN. */
Outcome space_read(const Target *t, bool want_messages, Deadline deadline, ModelWriter *w);
