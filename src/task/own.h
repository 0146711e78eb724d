/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This process's own task ports: one of each flavour for an image, made when somebody asks for it.
 * A fork child has others. They come home as what they are: a port that arrives with an id of ours
 * is the own port, under its own name.
 */
#pragma once

#include "port/kport.h"
#include "task/bundle.h"

/* Another send right to the own port of that flavour. With the lock. Returns 0 or
 * KERN_RESOURCE_SHORTAGE. */
int own_port(TaskFlavor flavor, Right *ret);

/* KobjectClass.open of task ports: only own ones keep no descriptors. */
int own_open(Port *port, int ret_fds[KOBJECT_MAX_FDS], unsigned *ret_n);

/* What this process is known by, with life pipe and pidfd: for objects beside the task ports. Takes the
 * lock. Returns 0 or KERN_RESOURCE_SHORTAGE. */
int own_describe(KportArrival *ret);

/* Opens now what own_open() could not open later, when this process is no longer dumpable, and keeps
 * it. Takes the lock. Returns 0 or -errno. */
int own_prepare(void);
