/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share. A violated invariant ends the process, whoever runs the target.
 */
#pragma once

#include <mach/mach.h>

#include "port/port.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/wiregen.h"
#include "tests/lib/portcheck.h"

/* At the start of every input: the first time, has the library make what it keeps for good. */
void fuzz_begin(void);

/* After any step. */
void must_be_in_order(void);

/* After everything was given up: nothing is left but what there was at the start. */
void must_be_empty(void);

/* A receive right whose port has its descriptors already. *ret_port is borrowed, and may be NULL. */
mach_port_t fuzz_port(Port **ret_port);

/* The secret and address of a port of ours, for the peer. */
void fuzz_aim(WireGen *gen, Port *port);

/* A send right to one of the peer's ports, and a send-once right of the general form to it, as if they
 * had been received. */
mach_port_t fuzz_remote_right(WireGen *gen, unsigned i);
mach_port_t fuzz_remote_once(WireGen *gen);

/* A received message: its memory is given back, its rights stay under their names. */
void fuzz_keep_rights(mach_msg_header_t *msg);
