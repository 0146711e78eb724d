/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file descriptor as a port: a send right that can be put into messages like any other, and
 * turned back into a descriptor of the same open file by whoever gets it.
 */
#ifndef _SYS_FILEPORT_H_
#define _SYS_FILEPORT_H_

#include <mach/port.h>

typedef mach_port_t fileport_t;

#define FILEPORT_NULL ((fileport_t)0)

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Make a fileport of a descriptor; any kind will do. The caller keeps the descriptor and owns one
 * send right in *port. The file stays open until the last right to the port is gone.
 * Returns 0, or -1 and errno: EBADF no such descriptor, EINVAL port is NULL, EMFILE or ENFILE no
 * descriptor left, ENOMEM, EAGAIN no name left.
 */
int fileport_makeport(int fd, fileport_t *port);

/*
 * A new descriptor, close-on-exec, of the open file behind a fileport. The caller owns it, and
 * keeps its right to the port.
 * Returns the descriptor, or -1 and errno: EINVAL the name denotes no fileport, EMFILE or ENFILE
 * no descriptor left.
 */
int fileport_makefd(fileport_t port);

#ifdef __cplusplus
}
#endif

#endif
