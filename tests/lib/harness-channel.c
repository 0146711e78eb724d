/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control channel between a test and a peer: packets on a SOCK_SEQPACKET pair, each
 * with a kind, a number, bytes and descriptors. Either end takes what it waits for and
 * stashes the rest, so that a value does not get in the way of a sync point. Both ends
 * are ours: a malformed packet is a bug of the harness.
 */
#include "tests/lib/harness-private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct PacketHeader {
	uint32_t kind;
	uint32_t n_bytes;
	uint64_t number;
} PacketHeader;

typedef union PacketControl {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * HARNESS_FDS_MAX)];
} PacketControl;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 5
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 5
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 1
#endif

Nanos harness_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

Nanos harness_scale_ns(Nanos ns)
{
	const char *env = getenv("TEST_TIMEOUT_SCALE");
	double scale = env != NULL ? strtod(env, NULL) : 1;

	if (!(scale > 0.001 && scale < 1000))
		scale = 1;
	return (Nanos)((double)(ns * SANITIZED) * scale);
}

unsigned harness_scale_ms(unsigned ms)
{
	return (unsigned)(harness_scale_ns((Nanos)ms * 1000000) / 1000000);
}

int harness_left_ms(Nanos deadline)
{
	Nanos left = deadline - harness_now();

	return left <= 0 ? 0 : left > INT64_C(1000000000000) ? 1000000 : (int)(left / 1000000 + 1);
}

void harness_copy_name(char *to, const char *name)
{
	size_t n = strnlen(name, HARNESS_NAME_MAX - 1);

	memcpy(to, name, n);
	memset(to + n, 0, HARNESS_NAME_MAX - n);
}

Packet *packet_free(Packet *packet)
{
	if (packet == NULL)
		return NULL;
	for (size_t i = 0; i < packet->n_fds; i++)
		if (packet->fds[i] >= 0)
			close(packet->fds[i]);
	free(packet);
	return NULL;
}

static int channel_wait(Channel *c, short events, Nanos deadline)
{
	struct pollfd p = {.fd = c->fd, .events = events};
	int r = poll(&p, 1, harness_left_ms(deadline));

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	return r == 0 ? -ETIMEDOUT : 0;
}

int channel_send(Channel *c, PacketKind kind, const PacketData *data, Nanos deadline)
{
	PacketHeader header = {(uint32_t)kind, (uint32_t)data->n_bytes, data->number};
	struct iovec iov[2] = {
		{.iov_base = &header, .iov_len = sizeof(header)},
		{.iov_base = (void *)data->bytes, .iov_len = data->n_bytes},
	};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	PacketControl control = {};
	int r;

	if (data->n_bytes > HARNESS_BYTES_MAX || data->n_fds > HARNESS_FDS_MAX)
		return -EMSGSIZE;
	if (data->n_fds > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * data->n_fds);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * data->n_fds);
		memcpy(CMSG_DATA(&control.header), data->fds, sizeof(int) * data->n_fds);
	}
	while (sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return errno == ECONNRESET ? -EPIPE : -errno;
		r = channel_wait(c, POLLOUT, deadline);
		if (r < 0)
			return r;
	}
	return 0;
}

static void packet_take_fds(Packet *packet, struct msghdr *msg)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		packet->n_fds = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(packet->fds, CMSG_DATA(cmsg), packet->n_fds * sizeof(int));
	}
}

int channel_receive(Channel *c, Packet **ret)
{
	PacketHeader header;
	PacketControl control;
	Packet *packet = malloc(sizeof(*packet) + HARNESS_BYTES_MAX + 1);
	struct iovec iov[2];
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	if (packet == NULL)
		return -ENOMEM;
	memset(packet, 0, sizeof(*packet));
	iov[0] = (struct iovec){.iov_base = &header, .iov_len = sizeof(header)};
	iov[1] = (struct iovec){.iov_base = packet->bytes, .iov_len = HARNESS_BYTES_MAX};
	n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n <= 0) {
		int r = n == 0 || errno == ECONNRESET ? CHANNEL_E_CLOSED : -errno;

		free(packet);
		return r == -EINTR ? -EAGAIN : r;
	}
	packet_take_fds(packet, &msg);
	if ((size_t)n < sizeof(header) || header.kind >= _PACKET_N ||
		(size_t)n != sizeof(header) + header.n_bytes || (msg.msg_flags & MSG_CTRUNC) != 0) {
		packet_free(packet);
		return -EPROTO;
	}
	packet->kind = (PacketKind)header.kind;
	packet->number = header.number;
	packet->n_bytes = header.n_bytes;
	packet->bytes[packet->n_bytes] = '\0';
	*ret = packet;
	return 0;
}

void channel_stash(Channel *c, Packet *packet_consume)
{
	packet_consume->next = NULL;
	if (c->last != NULL)
		c->last->next = packet_consume;
	else
		c->first = packet_consume;
	c->last = packet_consume;
}

Packet *channel_find(Channel *c, PacketKind kind)
{
	Packet *before = NULL;

	for (Packet *p = c->first; p != NULL; before = p, p = p->next) {
		if (p->kind != kind)
			continue;
		if (before != NULL)
			before->next = p->next;
		else
			c->first = p->next;
		if (c->last == p)
			c->last = before;
		p->next = NULL;
		return p;
	}
	return NULL;
}

void channel_deinit(Channel *c)
{
	while (c->first != NULL) {
		Packet *p = c->first;

		c->first = p->next;
		packet_free(p);
	}
	c->last = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -EBADF;
}
