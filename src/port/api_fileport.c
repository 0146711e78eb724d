/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of <sys/fileport.h>. A fileport is a kernel object with one descriptor, which may be of
 * any kind and is therefore never looked at, only duplicated, sent on, and closed by the reaper.
 * No state.
 */
#include <sys/fileport.h>

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "port/kport.h"

static int fail(int error)
{
	errno = error;
	return -1;
}

_public_ int fileport_makeport(int fd, fileport_t *port)
{
	int copy, r;
	Kobject *object;
	PortName name;

	if (!port)
		return fail(EINVAL);
	copy = fd_dup(fd);
	if (copy < 0)
		return fail(-copy);
	r = kobject_new_consume(KOBJECT_FILEPORT, &copy, 1, &object);
	if (r == 0)
		r = kport_insert_consume(object, &name);
	if (r != 0)
		return fail(r < 0 ? -r : r == KERN_NO_SPACE ? EAGAIN : ENOMEM);
	*port = name;
	return 0;
}

_public_ int fileport_makefd(fileport_t port_name)
{
	Port *port;
	int fd, r;

	if (port_name == FILEPORT_NULL || port_name == MACH_PORT_DEAD ||
		kport_get(port_name, KOBJECT_FILEPORT, &port) != 0)
		return fail(EINVAL);
	/* The program's own descriptor: like any other, the lowest number that is free. */
	fd = fcntl(kport_object(port)->fds[0], F_DUPFD_CLOEXEC, 0);
	r = errno;
	kport_put(port);
	return fd < 0 ? fail(r) : fd;
}
