/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stddef.h>

#include "house.h"

kern_return_t handshake_wait(portcullis_handshake_t handshake)
{
	kern_return_t kr;

	while ((kr = portcullis_handshake_step(handshake)) == PORTCULLIS_HANDSHAKE_PENDING) {
		struct pollfd p = {.fd = portcullis_handshake_fd(handshake), .events = POLLIN};

		(void)poll(&p, 1, -1);
	}
	return kr;
}
