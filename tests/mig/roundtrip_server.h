/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TESTS_MIG_ROUNDTRIP_SERVER_H
#define PORTCULLIS_TESTS_MIG_ROUNDTRIP_SERVER_H

/* The server of roundtrip.defs: what the generated header declares is in roundtrip_server.c. */

#include "tests/mig/roundtrip_types.h"

#include "roundtripServer.h"

/* late() and patient() of this number wait for the first of these messages, and destroy all that comes
 * before it. The second ends the server (see roundtrip_peer.h). */
#define ROUNDTRIP_WAIT (-424242)
#define ROUNDTRIP_GO 4000
#define ROUNDTRIP_QUIT 3999

/* fails() with this code does not come back. */
#define ROUNDTRIP_DIE 666

#endif
