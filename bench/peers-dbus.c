/* SPDX-License-Identifier: Apache-2.0 */
/*
 * D-Bus by sd-bus: directly between two processes, and through a private dbus-daemon or
 * dbus-broker, started for the measure and ended with it. See peers.h.
 *
 * dbus-broker needs a controller, which is usually dbus-broker-launch and wants systemd.
 * Here the measure is the controller: it gives the broker one listening socket and a
 * policy that allows everything. The form of the policy is not a stable interface; if
 * this broker wants another one, the measure skips itself.
 */
#include "bench/peers.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/bench.h"

#ifdef HAVE_SYSTEMD

#include <systemd/sd-bus.h>

#define MESSAGE_SIZE 64
#define NAME "org.example.Echo"
#define PATH "/org/example/Echo"

static char directory[64];

static void remove_directory(void)
{
	static const char *const names[] = {"/bus", "/config", "/" NAME ".service"};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", directory, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(directory);
}

static void make_directory(void)
{
	snprintf(directory, sizeof(directory), "/tmp/bench-XXXXXX");
	if (mkdtemp(directory) == NULL)
		bench_die("mkdtemp: %m");
	bench_at_end(remove_directory);
}

static void check(const char *what, int r)
{
	if (r < 0)
		bench_die("%s: %s", what, strerror(-r));
}

static int echo(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	sd_bus_message *answer = NULL;
	const void *bytes;
	size_t n;
	int r;

	r = sd_bus_message_read_array(request, 'y', &bytes, &n);
	if (r >= 0)
		r = sd_bus_message_new_method_return(request, &answer);
	if (r >= 0)
		r = sd_bus_message_append_array(answer, 'y', bytes, n);
	if (r >= 0)
		r = sd_bus_send(NULL, answer, NULL);
	sd_bus_message_unref(answer);
	return r;
}

static int end(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	bool *ended = userdata;

	*ended = true;
	return 1;
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Echo", "ay", "ay", echo, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD(
		"End", "", "", end, SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_METHOD_NO_REPLY),
	SD_BUS_VTABLE_END,
};

__attribute__((__noreturn__)) static void serve(sd_bus *bus)
{
	check("vtable", sd_bus_add_object_vtable(bus, NULL, PATH, NAME, vtable, NULL));
	for (;;) {
		int r = sd_bus_process(bus, NULL);

		check("sd_bus_process", r);
		if (r == 0)
			check("sd_bus_wait", sd_bus_wait(bus, UINT64_MAX));
	}
}

static void call(sd_bus *bus, const char *destination)
{
	static const char bytes[MESSAGE_SIZE];
	sd_bus_message *request = NULL, *answer = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	const void *got;
	size_t n;

	check("new call",
		sd_bus_message_new_method_call(bus, &request, destination, PATH, NAME, "Echo"));
	check("append", sd_bus_message_append_array(request, 'y', bytes, sizeof(bytes)));
	if (sd_bus_call(bus, request, 0, &error, &answer) < 0)
		bench_die("call: %s: %s", error.name, error.message);
	check("read", sd_bus_message_read_array(answer, 'y', &got, &n));
	if (n != MESSAGE_SIZE)
		bench_die("an answer of %zu bytes", n);
	sd_bus_message_unref(request);
	sd_bus_message_unref(answer);
}

static double call_for_a_while(sd_bus *bus, const char *destination)
{
	BenchLoop loop = {.warm = 300, .stride = 32};

	while (bench_loop(&loop))
		call(bus, destination);
	return bench_loop_ns(&loop);
}

static void direct_server(void *arg)
{
	int *ends = arg;
	sd_bus *bus = NULL;
	sd_id128_t id = {.bytes = {1}};

	check("sd_bus_new", sd_bus_new(&bus));
	check("sd_bus_set_fd", sd_bus_set_fd(bus, ends[1], ends[1]));
	check("sd_bus_set_server", sd_bus_set_server(bus, 1, id));
	check("sd_bus_start", sd_bus_start(bus));
	serve(bus);
}

double peer_sdbus_direct(void)
{
	sd_bus *bus = NULL;
	int ends[2];
	double ns;
	pid_t pid;

	BENCH_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends));
	pid = bench_fork(direct_server, ends);
	check("sd_bus_new", sd_bus_new(&bus));
	check("sd_bus_set_fd", sd_bus_set_fd(bus, ends[0], ends[0]));
	check("sd_bus_start", sd_bus_start(bus));
	ns = call_for_a_while(bus, NULL);
	bench_end(pid);
	return ns;
}

/* A connection to the message bus in our directory. */
static sd_bus *bus_connect(void)
{
	char address[128];
	sd_bus *bus = NULL;

	snprintf(address, sizeof(address), "unix:path=%s/bus", directory);
	check("sd_bus_new", sd_bus_new(&bus));
	check("sd_bus_set_address", sd_bus_set_address(bus, address));
	check("sd_bus_set_bus_client", sd_bus_set_bus_client(bus, 1));
	check("sd_bus_start", sd_bus_start(bus));
	return bus;
}

static void bus_server(void *arg)
{
	const int *ready = arg;
	sd_bus *bus = bus_connect();

	check("request_name", sd_bus_request_name(bus, NAME, 0));
	BENCH_SYS(write(*ready, "r", 1));
	serve(bus);
}

/* With a daemon that listens. */
static double bus_round_trip(void)
{
	int ready[2];
	char byte;
	double ns;
	pid_t pid;

	BENCH_SYS(pipe2(ready, O_CLOEXEC));
	pid = bench_fork(bus_server, &ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		bench_die("the server did not start");
	ns = call_for_a_while(bus_connect(), NAME);
	bench_end(pid);
	return ns;
}

typedef struct Daemon {
	const char *program;
	int fd; /* kept open in it */
} Daemon;

static void keep_open(int fd)
{
	(void)fcntl(fd, F_SETFD, 0);
}

static void daemon_main(void *arg)
{
	const Daemon *d = arg;
	char config[128], address[64];

	keep_open(d->fd);
	/* It complains of limits that it may not raise. */
	if (freopen("/dev/null", "we", stderr) == NULL)
		_exit(127);
	snprintf(config, sizeof(config), "--config-file=%s/config", directory);
	snprintf(address, sizeof(address), "--print-address=%d", d->fd);
	execlp(d->program, d->program, "--nofork", config, address, (char *)NULL);
	_exit(127);
}

static void write_config(void)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/config", directory);
	file = fopen(path, "we");
	if (file == NULL)
		bench_die("%s: %m", path);
	fprintf(file,
		"<busconfig>"
		"<type>session</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>"
		"<servicedir>%s</servicedir>"
		"<policy context=\"default\"><allow send_destination=\"*\"/>"
		"<allow receive_sender=\"*\"/><allow own=\"*\"/><allow user=\"*\"/></policy>"
		"</busconfig>\n",
		directory, directory);
	(void)fclose(file);
}

static pid_t start_dbus_daemon(void)
{
	int ends[2];
	Daemon d = {.program = "dbus-daemon"};
	char text[256];
	pid_t pid;

	make_directory();
	write_config();
	BENCH_SYS(pipe2(ends, O_CLOEXEC));
	d.fd = ends[1];
	pid = bench_fork(daemon_main, &d);
	close(ends[1]);
	/* The address comes once it listens; the end of the pipe, if it could not start. */
	if (read(ends[0], text, sizeof(text)) <= 0)
		bench_skip("no dbus-daemon (Debian: dbus-daemon)");
	return pid;
}

double peer_sdbus_daemon(void)
{
	pid_t pid = start_dbus_daemon();
	double ns = bus_round_trip();

	bench_end(pid);
	return ns;
}

/* --- Activation --- */

/* In what dbus-daemon starts: calls, until it is told to end. */
int peer_dbus_serve(void)
{
	sd_bus *bus = NULL;
	bool ended = false;

	check("sd_bus_open", sd_bus_open_user(&bus));
	check("vtable", sd_bus_add_object_vtable(bus, NULL, PATH, NAME, vtable, &ended));
	check("request_name", sd_bus_request_name(bus, NAME, 0));
	while (!ended) {
		int r = sd_bus_process(bus, NULL);

		check("sd_bus_process", r);
		if (r == 0 && !ended)
			check("sd_bus_wait", sd_bus_wait(bus, UINT64_MAX));
	}
	sd_bus_flush_close_unref(bus);
	return 0;
}

static void write_service(void)
{
	char path[128], program[256];
	ssize_t n = BENCH_SYS(readlink("/proc/self/exe", program, sizeof(program) - 1));
	FILE *file;

	program[n] = '\0';
	(void)snprintf(path, sizeof(path), "%s/" NAME ".service", directory);
	file = fopen(path, "we");
	if (file == NULL)
		bench_die("%s: %m", path);
	fprintf(file, "[D-BUS Service]\nName=" NAME "\nExec=%s --serve-dbus\n", program);
	(void)fclose(file);
}

/* It leaves the bus when it ends. */
static void end_service(sd_bus *bus)
{
	sd_bus_message *request = NULL, *answer = NULL;
	int has_owner = 1;

	check("new call", sd_bus_message_new_method_call(bus, &request, NAME, PATH, NAME, "End"));
	check("no reply", sd_bus_message_set_expect_reply(request, 0));
	check("end", sd_bus_send(bus, request, NULL));
	sd_bus_message_unref(request);
	while (has_owner) {
		check("NameHasOwner",
			sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
				"org.freedesktop.DBus", "NameHasOwner", NULL, &answer, "s", NAME));
		check("answer", sd_bus_message_read(answer, "b", &has_owner));
		sd_bus_message_unref(answer);
	}
}

double peer_dbus_activation(void)
{
	BenchLoop loop = {.warm = 5, .stride = 1};
	double best = 0, sum = 0;
	pid_t pid = start_dbus_daemon();
	unsigned n = 0;
	sd_bus *bus;

	write_service();
	bus = bus_connect();
	while (bench_loop(&loop)) {
		double ns = bench_now();

		call(bus, NAME);
		ns = bench_now() - ns;
		end_service(bus);
		if (loop.n <= loop.warm)
			continue;
		best = n == 0 || ns < best ? ns : best;
		sum += ns;
		n++;
	}
	bench_end(pid);
	return bench_pick(best, sum / n);
}

static void broker_main(void *arg)
{
	const Daemon *d = arg;
	char fd[16];

	keep_open(d->fd);
	snprintf(fd, sizeof(fd), "%d", d->fd);
	/* The quotas are those of one user, for whom all this runs. */
	execlp(d->program, d->program, "--controller", fd, "--machine-id",
		"00000000000000000000000000000001", "--max-matches", "1000", "--max-objects",
		"1000", (char *)NULL);
	_exit(127);
}

static int bus_listen(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = BENCH_SYS(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/bus", directory);
	BENCH_SYS(bind(sock, (struct sockaddr *)&addr, sizeof(addr)));
	BENCH_SYS(listen(sock, 10));
	return sock;
}

/* Rules of a policy: connecting; owning names; sending; receiving. */
#define RULES "bta(btbs)a(btssssuutt)a(btssssuutt)"
#define POLICY "(a(u(" RULES "))a(buu(" RULES "))a(ss)bs)"
#define ANY_MESSAGE "", "", "", "", 0, 0, UINT64_C(0), UINT64_MAX

static int broker_add_listener(sd_bus *controller, int sock)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	const int yes = 1;

	return sd_bus_call_method(controller, NULL, "/org/bus1/DBus/Broker", "org.bus1.DBus.Broker",
		"AddListener", &error, NULL, "ohv", "/org/bus1/DBus/Listener/0", sock, POLICY,
		/* one set of rules, for every uid */
		1, UINT32_MAX, yes, UINT64_C(1), 1, yes, UINT64_C(1), yes, "", 1, yes, UINT64_C(1),
		ANY_MESSAGE, 1, yes, UINT64_C(1), ANY_MESSAGE,
		/* none for groups, no SELinux, no AppArmor, the kind of bus */
		0, 0, 0, "session");
}

double peer_sdbus_broker(void)
{
	Daemon d = {.program = "dbus-broker"};
	sd_bus *controller = NULL;
	int ends[2], sock, r;
	double ns;
	pid_t pid;

	make_directory();
	sock = bus_listen();
	BENCH_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends));
	d.fd = ends[1];
	pid = bench_fork(broker_main, &d);
	close(ends[1]);
	check("sd_bus_new", sd_bus_new(&controller));
	check("sd_bus_set_fd", sd_bus_set_fd(controller, ends[0], ends[0]));
	check("sd_bus_start", sd_bus_start(controller));
	r = broker_add_listener(controller, sock);
	if (r < 0)
		bench_skip("no dbus-broker, or one that wants another policy (Debian: "
			   "dbus-broker): %s",
			strerror(-r));
	ns = bus_round_trip();
	bench_end(pid);
	return ns;
}

#else

double peer_sdbus_direct(void)
{
	bench_skip("built without sd-bus (Debian: libsystemd-dev)");
}

double peer_sdbus_daemon(void)
{
	bench_skip("built without sd-bus (Debian: libsystemd-dev)");
}

double peer_sdbus_broker(void)
{
	bench_skip("built without sd-bus (Debian: libsystemd-dev)");
}

double peer_dbus_activation(void)
{
	bench_skip("built without sd-bus (Debian: libsystemd-dev)");
}

int peer_dbus_serve(void)
{
	return 1;
}

#endif
