/* SPDX-License-Identifier: Apache-2.0 */
/* ZeroMQ and nng; see peers.h. D-Bus is in peers-dbus.c. */
#include "bench/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"

#define MESSAGE_SIZE 64

static char directory[64];
static char address[128];

static void remove_directory(void)
{
	(void)unlink(address + strlen("ipc://"));
	(void)rmdir(directory);
}

/* ipc:// and a path in a fresh directory. */
__attribute__((__unused__)) static const char *make_address(void)
{
	snprintf(directory, sizeof(directory), "/tmp/bench-XXXXXX");
	if (mkdtemp(directory) == NULL)
		bench_die("mkdtemp: %m");
	snprintf(address, sizeof(address), "ipc://%s/s", directory);
	bench_at_end(remove_directory);
	return address;
}

#ifdef HAVE_ZMQ

#include <zmq.h>

static void zmq_server(void *arg)
{
	void *context = zmq_ctx_new();
	void *socket = zmq_socket(context, ZMQ_REP);
	char bytes[MESSAGE_SIZE];

	if (zmq_bind(socket, arg) != 0)
		bench_die("zmq_bind: %s", zmq_strerror(zmq_errno()));
	for (;;)
		if (zmq_recv(socket, bytes, sizeof(bytes), 0) != MESSAGE_SIZE ||
			zmq_send(socket, bytes, sizeof(bytes), 0) != MESSAGE_SIZE)
			bench_die("zmq: %s", zmq_strerror(zmq_errno()));
}

double peer_zeromq(void)
{
	BenchLoop loop = {.warm = 500, .stride = 64};
	char bytes[MESSAGE_SIZE] = {0};
	/* A context has threads, so the fork comes first; connecting waits for the server. */
	pid_t pid = bench_fork(zmq_server, (void *)make_address());
	void *context = zmq_ctx_new();
	void *socket = zmq_socket(context, ZMQ_REQ);

	if (zmq_connect(socket, address) != 0)
		bench_die("zmq_connect: %s", zmq_strerror(zmq_errno()));
	while (bench_loop(&loop))
		if (zmq_send(socket, bytes, sizeof(bytes), 0) != MESSAGE_SIZE ||
			zmq_recv(socket, bytes, sizeof(bytes), 0) != MESSAGE_SIZE)
			bench_die("zmq: %s", zmq_strerror(zmq_errno()));
	bench_end(pid);
	return bench_loop_ns(&loop);
}

#else

double peer_zeromq(void)
{
	bench_skip("built without ZeroMQ (Debian: libzmq3-dev)");
}

#endif

#ifdef HAVE_NNG

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

static void nng_check(const char *what, int r)
{
	if (r != 0)
		bench_die("%s: %s", what, nng_strerror(r));
}

static void nng_server(void *arg)
{
	nng_socket socket;
	char bytes[MESSAGE_SIZE];

	nng_check("nng_rep0_open", nng_rep0_open(&socket));
	nng_check("nng_listen", nng_listen(socket, arg, NULL, 0));
	for (;;) {
		size_t n = sizeof(bytes);

		nng_check("nng_recv", nng_recv(socket, bytes, &n, 0));
		nng_check("nng_send", nng_send(socket, bytes, n, 0));
	}
}

double peer_nng(void)
{
	BenchLoop loop = {.warm = 500, .stride = 64};
	char bytes[MESSAGE_SIZE] = {0};
	pid_t pid = bench_fork(nng_server, (void *)make_address());
	nng_socket socket;

	nng_check("nng_req0_open", nng_req0_open(&socket));
	/* Tries again until the server listens. */
	nng_check("nng_dial", nng_dial(socket, address, NULL, NNG_FLAG_NONBLOCK));
	while (bench_loop(&loop)) {
		size_t n = sizeof(bytes);

		nng_check("nng_send", nng_send(socket, bytes, sizeof(bytes), 0));
		nng_check("nng_recv", nng_recv(socket, bytes, &n, 0));
	}
	bench_end(pid);
	return bench_loop_ns(&loop);
}

#else

double peer_nng(void)
{
	bench_skip("built without nng (Debian: libnng-dev)");
}

#endif
