/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of jobs in the network: one for each family that the description allows, and that this system
 * has. "Loopback" and "all" are known without asking anybody; other hosts have to be numbers.
 */
#include "launchd/jobsocket-private.h"

#include <netdb.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"

static bool is_localhost(const char *node)
{
	return node && strcasecmp(node, "localhost") == 0;
}

/* The address of one family. Returns 0, JOBSOCKET_E_REFUSED, or JOBSOCKET_E_UNKNOWN: none in it. */
static int resolve(const SpecSocket *spec, int family, struct addrinfo **ret, char **ret_problem)
{
	struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = spec->type,
		.ai_protocol = spec->protocol,
		.ai_flags = AI_NUMERICHOST | (spec->passive ? AI_PASSIVE : 0),
	};
	const char *node = spec->node;
	int e;

	if (is_localhost(node))
		node = family == AF_INET ? "127.0.0.1" : "::1";
	e = getaddrinfo(node, spec->service, &hints, ret);
	if (e == 0)
		return 0;
	/* A number of the other family is none in this one. */
	if (e == EAI_ADDRFAMILY || e == EAI_NONAME || e == EAI_FAMILY)
		return JOBSOCKET_E_UNKNOWN;
	return refusal_format(JOBSOCKET_E_REFUSED, ret_problem, "socket \"%s\": port \"%s\": %s",
		spec->name, spec->service, e == EAI_SYSTEM ? strerror(errno) : gai_strerror(e));
}

static int join_group(const SpecSocket *spec, int fd, int family)
{
	struct addrinfo hints = {.ai_family = family, .ai_flags = AI_NUMERICHOST}, *group = NULL;
	int r = 0;

	if (getaddrinfo(spec->multicast_group, NULL, &hints, &group) != 0)
		return -EADDRNOTAVAIL;
	if (family == AF_INET) {
		struct ip_mreqn request = {
			.imr_multiaddr = ((struct sockaddr_in *)(void *)group->ai_addr)->sin_addr,
		};

		r = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request));
	} else {
		struct sockaddr_in6 *address = (struct sockaddr_in6 *)(void *)group->ai_addr;
		struct ipv6_mreq request = {
			.ipv6mr_multiaddr = address->sin6_addr,
			.ipv6mr_interface = address->sin6_scope_id,
		};

		r = setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request));
	}
	if (r < 0)
		r = -errno;
	freeaddrinfo(group);
	return r;
}

/* Bound and listening, or on its way to being connected. Returns the descriptor or -errno, which is
 * no error of ours. */
static int open_one(const SpecSocket *spec, const struct addrinfo *info)
{
	_cleanup_close_ int fd = -EBADF;
	int one = 1, r;

	fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		info->ai_protocol);
	if (fd < 0)
		return -errno;
	fd = fd_above_stdio_consume(TAKE_FD(fd));
	if (fd < 0)
		return fd;
	if (!spec->passive) {
		if (connect(fd, info->ai_addr, info->ai_addrlen) < 0 && errno != EINPROGRESS)
			return -errno;
		return TAKE_FD(fd);
	}
	/* The two families are two sockets. */
	if (info->ai_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return -errno;
	if (bind(fd, info->ai_addr, info->ai_addrlen) < 0)
		return -errno;
	if (spec->multicast_group) {
		r = join_group(spec, fd, info->ai_family);
		if (r < 0)
			return r;
	}
	if (spec->type != SOCK_DGRAM && listen(fd, SOMAXCONN) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int open_family(const SpecSocket *spec, int family, int *ret_fd, char **ret_problem)
{
	struct addrinfo *info = NULL;
	int r, fd;

	r = resolve(spec, family, &info, ret_problem);
	if (r != 0)
		return r;
	fd = open_one(spec, info);
	freeaddrinfo(info);
	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	/* The system does not have this family, or not this address of it. */
	if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL)
		return JOBSOCKET_E_UNKNOWN;
	return jobsocket_refuse_errno(spec, ret_problem,
		spec->passive ? "cannot listen at port" : "cannot connect to port", spec->service,
		-fd);
}

int jobsocket_open_inet(JobSocket *socket, char **ret_problem)
{
	static const int families[] = {AF_INET, AF_INET6};
	const SpecSocket *spec = socket->spec;
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		int r;

		if (spec->family != AF_UNSPEC && spec->family != families[i])
			continue;
		/* To be connected, one is enough. */
		if (any && !spec->passive)
			break;
		r = open_family(spec, families[i], &socket->fds[i], ret_problem);
		if (r != 0 && r != JOBSOCKET_E_UNKNOWN)
			return error_trace(r);
		any = any || r == 0;
	}
	if (any)
		return 0;
	return refusal_format(JOBSOCKET_E_REFUSED, ret_problem,
		"socket \"%s\": \"%s\" port \"%s\" is no address of this host (names of hosts are "
		"not "
		"looked up)",
		spec->name, spec->node ? spec->node : "*", spec->service);
}
