/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/lsmp-diag.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/fd.h"

static int diag_ask(void)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req body;
	} request = {
		.header =
			{
				.nlmsg_len = sizeof(request),
				.nlmsg_type = SOCK_DIAG_BY_FAMILY,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			},
		.body =
			{
				.sdiag_family = AF_UNIX,
				.udiag_states = UINT32_MAX,
				.udiag_show = UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_VFS,
			},
	};
	_cleanup_close_ int fd = -EBADF;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return -errno;
	if (send(fd, &request, sizeof(request), 0) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static uint32_t attribute_u32(const struct rtattr *a)
{
	uint32_t value = 0;

	if (RTA_PAYLOAD(a) >= sizeof(value))
		memcpy(&value, RTA_DATA(a), sizeof(value));
	return value;
}

static void take_attributes(const struct nlmsghdr *h, DiagSocket *s, bool is_listener)
{
	const struct unix_diag_msg *m = NLMSG_DATA(h);
	int left = (int)(h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)));

	for (const struct rtattr *a = (const void *)(m + 1); RTA_OK(a, left);
		a = RTA_NEXT(a, left)) {
		switch (a->rta_type) {
		case UNIX_DIAG_PEER:
			s->peer = attribute_u32(a);
			break;
		case UNIX_DIAG_RQLEN:
			if (!is_listener) /* there it counts connections */
				s->queued = attribute_u32(a);
			break;
		case UNIX_DIAG_VFS:
			s->bound_inode = attribute_u32(a);
			break;
		default:
			break;
		}
	}
}

/* One datagram of the dump. True: there are more. */
static bool take_datagram(const uint8_t *buffer, size_t size, ByteWriter *out)
{
	enum { STATE_LISTEN = 10 }; /* TCP_LISTEN, which AF_UNIX uses too */
	ssize_t left = (ssize_t)size;

	for (const struct nlmsghdr *h = (const void *)buffer; NLMSG_OK(h, left);
		h = NLMSG_NEXT(h, left)) {
		const struct unix_diag_msg *m = NLMSG_DATA(h);
		DiagSocket s = {0};

		if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
			return false;
		s.inode = m->udiag_ino;
		take_attributes(h, &s, m->udiag_state == STATE_LISTEN);
		if (bytes_put_blob(out, &s, sizeof(s)))
			return false;
	}
	return true;
}

static int compare(const void *a, const void *b)
{
	const DiagSocket *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

void diag_init(Diag *diag)
{
	static _Alignas(struct nlmsghdr) uint8_t buffer[65536];
	_cleanup_bytes_writer_ ByteWriter out = {0};
	_cleanup_close_ int fd = diag_ask();
	size_t size;
	ssize_t n;

	*diag = (Diag){0};
	bytes_writer_init_growable(&out, DIAG_MAX_SOCKETS * sizeof(DiagSocket));
	if (fd < 0)
		return;
	do {
		n = recv(fd, buffer, sizeof(buffer), 0);
	} while ((n < 0 && errno == EINTR) || (n > 0 && take_datagram(buffer, (size_t)n, &out)));
	out.failed = false;
	diag->sockets = (DiagSocket *)(void *)bytes_writer_steal(&out, &size);
	diag->n = size / sizeof(DiagSocket);
	if (diag->n > 0)
		qsort(diag->sockets, diag->n, sizeof(DiagSocket), compare);
}

void diag_deinit(Diag *diag)
{
	free(diag->sockets);
	*diag = (Diag){0};
}

const DiagSocket *diag_find(const Diag *diag, uint64_t inode)
{
	DiagSocket key = {.inode = (uint32_t)inode};

	if (inode == 0 || diag->n == 0)
		return NULL;
	return bsearch(&key, diag->sockets, diag->n, sizeof(key), compare);
}
