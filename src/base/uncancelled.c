/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uncancelled.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sanitizer.h"

#if UNDER_ASAN || UNDER_TSAN
#define CALL(name, ...) name(__VA_ARGS__)
#else
#define CALL(name, ...) syscall(SYS_##name, __VA_ARGS__)
#endif

ssize_t uncancelled_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return CALL(sendmsg, fd, msg, flags);
}

ssize_t uncancelled_sendto(int fd, const void *bytes, size_t size, int flags,
	const struct sockaddr *to, socklen_t to_size)
{
	return CALL(sendto, fd, bytes, size, flags, to, to_size);
}

ssize_t uncancelled_recvmsg(int fd, struct msghdr *msg, int flags)
{
	return CALL(recvmsg, fd, msg, flags);
}

int uncancelled_close(int fd)
{
	return (int)CALL(close, fd);
}

int uncancelled_fallocate(int fd, int mode, off_t offset, off_t size)
{
#if UINTPTR_MAX < UINT64_MAX
	/* Each of the numbers takes two registers, in an order of the processor's. */
	return fallocate(fd, mode, offset, size);
#else
	return (int)CALL(fallocate, fd, mode, offset, size);
#endif
}
