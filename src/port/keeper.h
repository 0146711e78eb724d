/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keepers of receive rights, see <portcullis/port.h>: what the core must know of them.
 */
#pragma once

/* In a fork child: their descriptors are closed. They would keep ports alive of which this process
 * has nothing. */
void keeper_forget_all(void);
