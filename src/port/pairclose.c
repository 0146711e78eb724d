/* SPDX-License-Identifier: Apache-2.0 */
#include "port/pairclose.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "port/reaper.h"

static bool plainly;

void pair_close_plainly(bool on)
{
	plainly = on;
}

typedef enum Look { LOOK_EMPTY, LOOK_ENDED, LOOK_FULL } Look;

/* A message shows by its length, or, if it has none, by the control data that found no room. What is
 * no connected socket (a listening one has others inside) is as good as full. */
static Look look(int fd)
{
	struct msghdr msg = {0};
	ssize_t n;

	n = recvmsg(fd, &msg, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN ? LOOK_EMPTY : LOOK_FULL;
	return n == 0 && !(msg.msg_flags & MSG_CTRUNC) ? LOOK_ENDED : LOOK_FULL;
}

int pair_close_consume(int fd)
{
	if (fd < 0)
		return -EBADF;
	if (plainly)
		return fd_close(fd);
	if (shutdown(fd, SHUT_RD) == 0 && look(fd) == LOOK_ENDED)
		return fd_close(fd);
	reaper_close_consume(fd);
	return -EBADF;
}
