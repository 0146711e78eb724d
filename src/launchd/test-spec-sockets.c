/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/test-spec.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define S(key, text) "<key>" key "</key><string>" text "</string>"
#define I(key, number) "<key>" key "</key><integer>" #number "</integer>"
#define B(key, value) "<key>" key "</key><" #value "/>"
#define SOCKET(keys) "<key>Sockets</key><dict><key>L</key><dict>" keys "</dict></dict>"
#define PORT S("SockServiceName", "http")
#define UNIX_PATH S("SockPathName", "/run/x")

/* The only socket of the keys; p is for the caller to end. */
static const SpecSocket *parse_one(Parsed *p, const char *keys)
{
	parsed_init_right(p, keys);
	ASSERT_EQ(p->report.n_warnings, 0);
	ASSERT_EQ(p->spec->n_sockets, 1);
	assert_round_trip(p->spec);
	ASSERT_STREQ(p->spec->sockets[0].name, "L");
	return &p->spec->sockets[0];
}

TEST(a_port)
{
	const SpecSocket *s;
	Parsed p;

	s = parse_one(&p, SOCKET(PORT));
	ASSERT_EQ(s->type, SOCK_STREAM);
	ASSERT_EQ(s->family, AF_UNSPEC);
	ASSERT_EQ(s->protocol, 0);
	ASSERT_TRUE(s->passive);
	ASSERT_NULL(s->path);
	ASSERT_NULL(s->node);
	ASSERT_STREQ(s->service, "http");
	ASSERT_EQ(s->path_mode, SPEC_UNSET);
	parsed_deinit(&p);
	s = parse_one(&p,
		SOCKET(I("SockServiceName", 80) S("SockNodeName", "::1") S("SockFamily", "ipv6") B(
			"SockPassive", false) S("SockProtocol", "TCP") S("SockType", "Stream")));
	ASSERT_STREQ(s->service, "80");
	ASSERT_STREQ(s->node, "::1");
	ASSERT_EQ(s->family, AF_INET6);
	ASSERT_EQ(s->protocol, IPPROTO_TCP);
	ASSERT_FALSE(s->passive);
	parsed_deinit(&p);
}

TEST(datagrams)
{
	const SpecSocket *s;
	Parsed p;

	s = parse_one(&p, SOCKET(PORT S("SockType", "dgram") S("SockFamily", "IPv4")
					  S("MulticastGroup", "224.0.0.251")));
	ASSERT_EQ(s->type, SOCK_DGRAM);
	ASSERT_EQ(s->family, AF_INET);
	ASSERT_STREQ(s->multicast_group, "224.0.0.251");
	parsed_deinit(&p);
	/* The protocol says it as well. */
	s = parse_one(&p, SOCKET(PORT S("SockProtocol", "UDP")));
	ASSERT_EQ(s->type, SOCK_DGRAM);
	ASSERT_EQ(s->protocol, IPPROTO_UDP);
	parsed_deinit(&p);
}

TEST(a_path)
{
	const SpecSocket *s;
	Parsed p;

	s = parse_one(&p, SOCKET(UNIX_PATH));
	ASSERT_EQ(s->family, AF_UNIX);
	ASSERT_EQ(s->type, SOCK_STREAM);
	ASSERT_STREQ(s->path, "/run/x");
	parsed_deinit(&p);
	s = parse_one(&p, SOCKET(UNIX_PATH S("SockFamily", "Unix") S("SockType", "seqpacket")
					  S("SockPathMode", "0660") I("SockPathOwner", 0)
						  I("SockPathGroup", 4294967294)));
	ASSERT_EQ(s->type, SOCK_SEQPACKET);
	ASSERT_EQ(s->path_mode, 0660);
	ASSERT_EQ(s->path_owner, 0);
	ASSERT_EQ(s->path_group, 4294967294);
	parsed_deinit(&p);
	s = parse_one(&p, SOCKET(S("SecureSocketWithKey", "X_SOCKET") I("SockPathMode", 384)));
	ASSERT_STREQ(s->secure_key, "X_SOCKET");
	ASSERT_EQ(s->path_mode, 0600);
	ASSERT_EQ(s->family, AF_UNIX);
	parsed_deinit(&p);
}

TEST(several_of_a_name)
{
	Parsed p;

	parsed_init_right(&p, "<key>Sockets</key><dict><key>A</key><array><dict>" PORT
			      "</dict><dict>" UNIX_PATH "</dict></array><key>B</key><dict>" PORT
			      "</dict><key>C</key><array></array></dict>");
	ASSERT_EQ(p.spec->n_sockets, 3);
	ASSERT_STREQ(p.spec->sockets[0].name, "A");
	ASSERT_STREQ(p.spec->sockets[1].name, "A");
	ASSERT_STREQ(p.spec->sockets[1].path, "/run/x");
	ASSERT_STREQ(p.spec->sockets[2].name, "B");
	assert_round_trip(p.spec);
	parsed_deinit(&p);
}

TEST(bonjour_is_ignored)
{
	Parsed p;

	parsed_init_right(&p, SOCKET(PORT "<key>Bonjour</key><array/>"));
	ASSERT_STRSTR(p.said, "ignored: Sockets.L.Bonjour\n");
	parsed_deinit(&p);
}

TEST(wrong_types_and_ranges)
{
	static const char *const wrong[][2] = {
		{B("SockType", true), "SockType: expected \"stream\", \"dgram\" or \"seqpacket\""},
		{S("SockType", "raw"), "found the string \"raw\""},
		{S("SockPassive", "no"), "SockPassive: expected a boolean"},
		{I("SockNodeName", 1), "SockNodeName: expected a string"},
		{S("SockNodeName", ""), "SockNodeName: expected a string that is not empty"},
		{S("SockServiceName", ""), "SockServiceName: expected a string that is not"},
		{I("SockServiceName", 0), "SockServiceName: expected an integer from 1 to 65535"},
		{I("SockServiceName", 65536), "found 65536"},
		{B("SockServiceName", true), "a service or a port number, found a boolean"},
		{S("SockFamily", "IPX"), "SockFamily: expected \"IPv4\", \"IPv6\", \"Unix\" or "},
		{I("SockFamily", 2), "SockFamily: expected"},
		{S("SockProtocol", "ICMP"), "SockProtocol: expected \"TCP\" or \"UDP\""},
		{B("SockProtocol", true), "SockProtocol: expected"},
		{S("SockPathName", "x"), "SockPathName: expected an absolute path of at most 107"},
		{B("SockPathName", true), "SockPathName: expected a string"},
		{I("SockPathMode", 512), "SockPathMode: expected an integer from 0 to 511"},
		{S("SockPathMode", "07777"), "SockPathMode: expected a number from 0 to 0777"},
		{B("SockPathMode", true), "SockPathMode: expected an integer or a string"},
		{I("SockPathOwner", -1), "SockPathOwner: expected an integer from 0"},
		{S("SockPathOwner", "root"), "SockPathOwner: expected an integer"},
		{I("SockPathGroup", 4294967295), "SockPathGroup: expected an integer from 0"},
		{S("SecureSocketWithKey", "a=b"), "the name of an environment variable"},
		{B("SecureSocketWithKey", true), "SecureSocketWithKey: expected a string"},
		{S("MulticastGroup", ""), "MulticastGroup: expected"},
		{B("MulticastGroup", true), "MulticastGroup: expected a string"},
		{B("Socktype", true), "Sockets.L.Socktype: unknown key; it is written SockType"},
	};
	char *keys;
	Parsed p;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		ASSERT_GT(asprintf(&keys, SOCKET("%s"), wrong[i][0]), 0);
		parsed_init_keys(&p, keys);
		if (p.report.n_errors != 1 || !strstr(p.said, wrong[i][1]))
			FAIL("%s: %s", keys, p.said);
		parsed_deinit(&p);
		free(keys);
	}
	assert_wrong("<key>Sockets</key><dict><key>L</key><true/></dict>",
		"Sockets.L: expected a dictionary or an array of them");
	assert_wrong("<key>Sockets</key><dict><key>L</key><array><true/></array></dict>",
		"Sockets.L[0]: expected a dictionary, found a boolean");
	assert_wrong("<key>Sockets</key><dict><key></key><array/></dict>",
		"Sockets.\"\": expected a string that is not empty");
}

TEST(what_does_not_go_together)
{
	assert_wrong(SOCKET(""), "expected SockServiceName, SockPathName or SecureSocketWithKey");
	assert_wrong(SOCKET(UNIX_PATH S("SecureSocketWithKey", "X")), "expected either SockPath");
	assert_wrong(SOCKET(UNIX_PATH PORT), "expected a Unix socket to have no");
	assert_wrong(SOCKET(UNIX_PATH S("SockNodeName", "h")), "expected a Unix socket to have no");
	assert_wrong(SOCKET(UNIX_PATH S("SockProtocol", "TCP")), "expected a Unix socket to");
	assert_wrong(SOCKET(UNIX_PATH S("MulticastGroup", "h")), "expected a Unix socket to");
	assert_wrong(SOCKET(UNIX_PATH S("SockFamily", "IPv4")), "expected SockFamily \"Unix\"");
	assert_wrong(SOCKET(S("SecureSocketWithKey", "X") B("SockPassive", false)), "be passive");
	assert_wrong(SOCKET(PORT S("SockFamily", "Unix")), "expected SockPathName or Secure");
	assert_wrong(SOCKET(PORT I("SockPathMode", 0)), "only with a path");
	assert_wrong(SOCKET(PORT I("SockPathOwner", 0)), "only with a path");
	assert_wrong(SOCKET(PORT I("SockPathGroup", 0)), "only with a path");
	assert_wrong(SOCKET(PORT S("SockType", "seqpacket")), "only with a path");
	assert_wrong(SOCKET(PORT S("SockType", "dgram") S("SockProtocol", "TCP")), "SockType that");
	assert_wrong(
		SOCKET(PORT S("SockType", "stream") S("SockProtocol", "UDP")), "SockType that");
	assert_wrong(SOCKET(PORT S("MulticastGroup", "h")), "only with SockType \"dgram\"");
}

TEST(inetd)
{
	Parsed p;

	parsed_init_right(&p, SOCKET(PORT) "<key>inetdCompatibility</key><dict>" B("Wait", false)
				      I("Instances", 42) "</dict>");
	ASSERT_TRUE(p.spec->is_inetd);
	ASSERT_FALSE(p.spec->inetd_wait);
	ASSERT_EQ(p.spec->inetd_instances, 42);
	assert_round_trip(p.spec);
	parsed_deinit(&p);
	parsed_init_right(&p, SOCKET(PORT) "<key>inetdCompatibility</key><dict/>");
	ASSERT_TRUE(p.spec->is_inetd);
	ASSERT_EQ(p.spec->inetd_instances, SPEC_UNSET);
	assert_round_trip(p.spec);
	parsed_deinit(&p);
	assert_wrong("<key>inetdCompatibility</key><dict/>", "expected Sockets, since");
	assert_wrong("<key>inetdCompatibility</key><dict/><key>Sockets</key><dict/>",
		"expected Sockets, since");
	assert_wrong(SOCKET(PORT) "<key>inetdCompatibility</key><dict>" S("Wait", "x") "</dict>",
		"inetdCompatibility.Wait: expected a boolean");
	assert_wrong(SOCKET(PORT) "<key>inetdCompatibility</key><dict>" I("Instances", 0) "</dict>",
		"inetdCompatibility.Instances: expected an integer from 1");
	assert_wrong(SOCKET(PORT) "<key>inetdCompatibility</key><dict>" B("Wait", true)
			     I("Instances", 2) "</dict>",
		"expected Instances only where Wait is false");
	assert_wrong(SOCKET(PORT) "<key>inetdCompatibility</key><dict>" B("wait", true) "</dict>",
		"unknown key; it is written Wait");
}
