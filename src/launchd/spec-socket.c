/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: what launchd listens at, or connects to, for the job. A name has one description or an array
 * of them; JobSpec keeps one list, in which those of one name stand together.
 *
 * What the description leaves out is filled in here, and descriptions that no socket can follow are
 * errors: a path and a port at once, a stream over UDP, a group to join for what has no datagrams.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "launchd/spec-private.h"

static const char *const type_words[] = {"stream", "dgram", "seqpacket", NULL};
static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
/* The last is no family: both, as without the key. */
static const char *const family_words[] = {"IPv4", "IPv6", "Unix", "IPv4v6", NULL};
static const int families[] = {AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC};
static const char *const protocol_words[] = {"TCP", "UDP", NULL};
static const int protocols[] = {IPPROTO_TCP, IPPROTO_UDP};

static int parse_choice(
	SpecParse *p, plist_t value, const char *const *words, const int *values, int *ret)
{
	size_t i = SIZE_MAX;
	int r = spec_parse_word(p, value, words, &i);

	if (i != SIZE_MAX)
		*ret = values[i];
	return r;
}

static int format_choice(const char *const *words, const int *values, int value, plist_t *ret)
{
	for (size_t i = 0; words[i]; i++)
		if (values[i] == value)
			*ret = plist_new_string(words[i]);
	return 0;
}

static int parse_type(SpecParse *p, plist_t value, void *object)
{
	return parse_choice(p, value, type_words, types, &((SpecSocket *)object)->type);
}

static int format_type(const void *object, plist_t *ret)
{
	return format_choice(type_words, types, ((const SpecSocket *)object)->type, ret);
}

static int parse_family(SpecParse *p, plist_t value, void *object)
{
	return parse_choice(p, value, family_words, families, &((SpecSocket *)object)->family);
}

static int format_family(const void *object, plist_t *ret)
{
	const SpecSocket *socket = object;

	if (socket->family == AF_UNSPEC)
		return 0;
	return format_choice(family_words, families, socket->family, ret);
}

static int parse_protocol(SpecParse *p, plist_t value, void *object)
{
	return parse_choice(p, value, protocol_words, protocols, &((SpecSocket *)object)->protocol);
}

static int format_protocol(const void *object, plist_t *ret)
{
	return format_choice(
		protocol_words, protocols, ((const SpecSocket *)object)->protocol, ret);
}

static int parse_port(SpecParse *p, plist_t value, void *object)
{
	_cleanup_free_ char *text = NULL;
	SpecSocket *socket = object;
	char *old = socket->service;
	int64_t port = 0;
	int r;

	if (plist_get_node_type(value) == PLIST_STRING)
		return spec_parse_string(p, value, spec_check_filled, &socket->service);
	if (plist_get_node_type(value) != PLIST_UINT)
		return spec_error_expected(p, value, "the name of a service or a port number");
	r = spec_parse_int(p, value, 1, UINT16_MAX, &port);
	if (r < 0 || port == 0)
		return r;
	if (asprintf(&text, "%" PRId64, port) < 0) {
		text = NULL;
		return error_origin(-ENOMEM);
	}
	socket->service = TAKE_PTR(text);
	text = old;
	return 0;
}

static int format_port(const void *object, plist_t *ret)
{
	const SpecSocket *socket = object;

	if (socket->service)
		*ret = plist_new_string(socket->service);
	return 0;
}

static int parse_path_mode(SpecParse *p, plist_t value, void *object)
{
	return spec_parse_mode(p, value, 0777, &((SpecSocket *)object)->path_mode);
}

static int format_path_mode(const void *object, plist_t *ret)
{
	const SpecSocket *socket = object;

	if (socket->path_mode != SPEC_UNSET)
		*ret = plist_new_uint((uint64_t)socket->path_mode);
	return 0;
}

#define TEXT(name, member, check)                                                                  \
	{                                                                                          \
		name, SPEC_KIND_STRING, offsetof(SpecSocket, member), 0, 0, 0, check               \
	}
#define ID(name, member)                                                                           \
	{                                                                                          \
		name, SPEC_KIND_INT, offsetof(SpecSocket, member), 0, UINT32_MAX - 1, SPEC_UNSET   \
	}
#define OWN(name, what)                                                                            \
	{                                                                                          \
		name, SPEC_KIND_OWN, .parse = parse_##what, .format = format_##what                \
	}

static const SpecKey socket_keys[] = {
	OWN("SockType", type),
	{"SockPassive", SPEC_KIND_BOOL, offsetof(SpecSocket, passive), 0, 0, true},
	TEXT("SockNodeName", node, spec_check_filled),
	OWN("SockServiceName", port),
	OWN("SockFamily", family),
	OWN("SockProtocol", protocol),
	TEXT("SockPathName", path, spec_check_socket_path),
	OWN("SockPathMode", path_mode),
	ID("SockPathOwner", path_owner),
	ID("SockPathGroup", path_group),
	TEXT("SecureSocketWithKey", secure_key, spec_check_variable),
	TEXT("MulticastGroup", multicast_group, spec_check_filled),
	/* Nothing here announces services in the network. */
	{"Bonjour", SPEC_KIND_IGNORED},
};

/* The path decides before the family does: most files leave the family out. */
static int complete_unix(SpecParse *p, SpecSocket *socket)
{
	if (socket->path && socket->secure_key)
		return spec_error(p, "expected either SockPathName or SecureSocketWithKey");
	if (socket->node || socket->service || socket->multicast_group || socket->protocol != 0)
		return spec_error(p, "expected a Unix socket to have no SockNodeName, "
				     "SockServiceName, SockProtocol or MulticastGroup");
	if (socket->family != AF_UNSPEC && socket->family != AF_UNIX)
		return spec_error(p, "expected SockFamily \"Unix\" for a socket with a path");
	if (!socket->passive && socket->secure_key)
		return spec_error(p, "expected a socket of SecureSocketWithKey to be passive");
	socket->family = AF_UNIX;
	if (socket->type == 0)
		socket->type = SOCK_STREAM;
	return 0;
}

static int complete_inet(SpecParse *p, SpecSocket *socket)
{
	if (!socket->service)
		return spec_error(
			p, "expected SockServiceName, SockPathName or SecureSocketWithKey");
	if (socket->path_mode != SPEC_UNSET || socket->path_owner != SPEC_UNSET ||
		socket->path_group != SPEC_UNSET)
		return spec_error(p, "expected SockPathMode, SockPathOwner and SockPathGroup only "
				     "with a path");
	if (socket->type == 0)
		socket->type = socket->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	if (socket->type == SOCK_SEQPACKET)
		return spec_error(p, "expected SockType \"seqpacket\" only with a path");
	if ((socket->protocol == IPPROTO_TCP && socket->type != SOCK_STREAM) ||
		(socket->protocol == IPPROTO_UDP && socket->type != SOCK_DGRAM))
		return spec_error(p, "expected a SockType that the SockProtocol has");
	if (socket->multicast_group && socket->type != SOCK_DGRAM)
		return spec_error(p, "expected MulticastGroup only with SockType \"dgram\"");
	return 0;
}

static int parse_socket(SpecParse *p, const char *name, plist_t value, JobSpec *spec)
{
	size_t n_errors = p->report->n_errors;
	SpecSocket *sockets, *socket;
	int r;

	sockets = reallocarray(spec->sockets, spec->n_sockets + 1, sizeof(*sockets));
	if (!sockets)
		return error_origin(-ENOMEM);
	spec->sockets = sockets;
	socket = &sockets[spec->n_sockets++];
	*socket = (SpecSocket){
		.passive = true,
		.path_mode = SPEC_UNSET,
		.path_owner = SPEC_UNSET,
		.path_group = SPEC_UNSET,
		.name = strdup(name),
	};
	if (!socket->name)
		return error_origin(-ENOMEM);
	r = spec_parse_dict(p, value, socket_keys, ARRAY_SIZE(socket_keys), socket);
	/* What misses because it was wrong is not worth a second error. */
	if (r < 0 || p->report->n_errors != n_errors)
		return r;
	if (socket->path || socket->secure_key)
		return complete_unix(p, socket);
	if (socket->family == AF_UNIX)
		return spec_error(p, "expected SockPathName or SecureSocketWithKey");
	return complete_inet(p, socket);
}

static int parse_group(SpecParse *p, const char *name, plist_t value, void *spec)
{
	const char *expected = spec_check_filled(name);
	uint32_t n;
	int r = 0;

	if (expected)
		return spec_error(p, "expected %s", expected);
	if (plist_get_node_type(value) == PLIST_DICT)
		return parse_socket(p, name, value, spec);
	if (plist_get_node_type(value) != PLIST_ARRAY)
		return spec_error_expected(p, value, "a dictionary or an array of them");
	n = plist_array_get_size(value);
	for (uint32_t i = 0; i < n && r == 0; i++) {
		size_t mark;

		spec_path_push_index(&p->path, i, &mark);
		r = parse_socket(p, name, plist_array_get_item(value, i), spec);
		spec_path_pop(&p->path, mark);
	}
	return r;
}

int spec_parse_sockets(SpecParse *p, plist_t value, void *object)
{
	if (plist_get_node_type(value) != PLIST_DICT)
		return spec_error_expected(p, value, "a dictionary of sockets");
	spec_sockets_free(object);
	return spec_dict_each(p, value, parse_group, object);
}

int spec_format_sockets(const void *object, plist_t *ret)
{
	const JobSpec *spec = object;
	_cleanup_plist_ plist_t all = NULL;

	if (spec->n_sockets == 0)
		return 0;
	all = plist_new_dict();
	for (size_t i = 0; i < spec->n_sockets; i++) {
		const SpecSocket *socket = &spec->sockets[i];
		plist_t group = plist_dict_get_item(all, socket->name), one = NULL;
		int r = spec_format_dict(socket_keys, ARRAY_SIZE(socket_keys), socket, &one);

		if (r < 0)
			return error_trace(r);
		if (!group) {
			group = plist_new_array();
			plist_dict_set_item(all, socket->name, group);
		}
		plist_array_append_item(group, one);
	}
	*ret = TAKE_PTR(all);
	return 0;
}

void spec_sockets_free(JobSpec *spec)
{
	for (size_t i = 0; i < spec->n_sockets; i++) {
		SpecSocket *socket = &spec->sockets[i];

		free(socket->name);
		free(socket->path);
		free(socket->secure_key);
		free(socket->node);
		free(socket->service);
		free(socket->multicast_group);
	}
	free(spec->sockets);
	spec->sockets = NULL;
	spec->n_sockets = 0;
}
