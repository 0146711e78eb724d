/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launchd: the bootstrap server of a domain.
 *
 *	--session -- COMMAND ...	a domain of its own, for COMMAND and what it starts; ends with COMMAND
 *					and with its exit status
 *	--user				the domain of the user, at $XDG_RUNTIME_DIR/portcullis/bootstrap
 *	--system			that of the machine, at /run/portcullis/bootstrap
 *
 * Jobs of the domain are loaded before anybody is let in: from --load, or by startup.h.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/pidref.h"
#include "bootstrap/contact.h"
#include "job_server.h"
#include "launchd/domain.h"
#include "launchd/listener.h"
#include "launchd/namespace.h"
#include "launchd/startup.h"

#define EXIT_USAGE 64
#define EXIT_NOT_FOUND 127
#define EXIT_NOT_EXECUTABLE 126

typedef enum Mode {
	MODE_NONE,
	MODE_SESSION,
	MODE_USER,
	MODE_SYSTEM,
} Mode;

typedef struct Daemon {
	Mode mode;
	const char *path; /* --path */
	const char **loads; /* --load, which is borrowed; as many as fit into argv */
	unsigned n_loads;
	char **command;
	bool adopts; /* orphans become our children */
	Loop *loop;
	Listener *listener;
	LoopSource *signals, *command_end;
	int signal_fd;
	PidRef process; /* of COMMAND */
	DomainOptions options;
	char socket_directory[PATH_MAX];
	int status;
} Daemon;

static int complain(const char *what, int error)
{
	fprintf(stderr, "launchd: %s: %s\n", what, strerror(error));
	return 1;
}

static int complain_of_path(const char *path, int error)
{
	if (error == EADDRINUSE)
		fprintf(stderr, "launchd: %s: another launchd is there already\n", path);
	else if (error == EEXIST)
		fprintf(stderr, "launchd: %s: a file that is no socket is in the way\n", path);
	else
		(void)complain(path, error);
	return 1;
}

static void usage(FILE *out)
{
	fputs("usage: launchd --session [--path PATH] [--load FILE | FOLDER] ... -- COMMAND "
	      "[ARGUMENT ...]\n"
	      "       launchd --user | --system [--path PATH] [--load FILE | FOLDER] ...\n",
		out);
}

/* --- The command of a session --- */

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Who adopts orphans has to bury them. */
static void reap(const Daemon *d)
{
	if (d->adopts)
		supervisor_reap_orphans(
			domain.supervisor, pidref_is_set(&d->process) ? d->process.pid : 0);
}

static int on_command_end(void *userdata, uint32_t events)
{
	Daemon *d = userdata;
	int status = 0;

	(void)events;
	if (waitpid(d->process.pid, &status, WNOHANG) <= 0)
		return 0;
	d->status = exit_status(status);
	d->command_end = loop_source_remove(d->command_end);
	pidref_done(&d->process);
	reap(d);
	loop_quit(d->loop);
	return 0;
}

static _Noreturn void run_command(Daemon *d, const sigset_t *mask)
{
	static const int ours[] = {SIGINT, SIGQUIT, SIGPIPE};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		(void)signal(ours[i], SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	/* Where sockets are, of jobs that are there by now. */
	for (size_t i = 0; i < domain.environment.n; i++)
		(void)putenv(domain.environment.items[i]);
	(void)execvp(d->command[0], d->command);
	(void)complain(d->command[0], errno);
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

static int start_command(Daemon *d, const sigset_t *mask)
{
	pid_t pid;
	int r;

	fflush(NULL);
	/* Without the library's handlers: the child only becomes another program. */
	pid = _Fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run_command(d, mask);
	r = pidref_set_pid(&d->process, pid);
	if (r)
		return r < 0 ? r : -ESRCH;
	return loop_add_fd(d->loop, d->process.fd, EPOLLIN, on_command_end, d, &d->command_end);
}

/* --- Signals --- */

/* SIGTERM and SIGHUP are passed on to COMMAND, whose end is ours. Without one they end us. */
static int on_signal(void *userdata, uint32_t events)
{
	struct signalfd_siginfo info;
	Daemon *d = userdata;

	(void)events;
	if (read(d->signal_fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo == SIGCHLD)
		reap(d);
	else if (pidref_is_set(&d->process))
		(void)syscall(SYS_pidfd_send_signal, d->process.fd, (int)info.ssi_signo, NULL, 0);
	else
		loop_quit(d->loop);
	return 0;
}

/* In a container, or if who ran us has said so (which outlives exec). */
static bool is_adopter(void)
{
	int is_subreaper = 0;

	return getpid() == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper) == 0 && is_subreaper);
}

static int watch_signals(Daemon *d, sigset_t *ret_old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (d->mode != MODE_SESSION)
		sigaddset(&set, SIGINT);
	d->adopts = is_adopter();
	if (d->adopts)
		sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, ret_old) < 0)
		return -errno;
	/* What is typed at a terminal goes to the command too, which decides. */
	if (d->mode == MODE_SESSION) {
		(void)signal(SIGINT, SIG_IGN);
		(void)signal(SIGQUIT, SIG_IGN);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	d->signal_fd = fd_above_stdio_consume(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
	if (d->signal_fd < 0)
		return -errno;
	return loop_add_fd(d->loop, d->signal_fd, EPOLLIN, on_signal, d, &d->signals);
}

/* --- The path --- */

static int default_path(const Daemon *d, char *path, size_t size)
{
	int r;

	if (d->mode == MODE_SYSTEM)
		return snprintf(path, size, "%s", CONTACT_SYSTEM_PATH) < (int)size ? 0
										   : -ENAMETOOLONG;
	r = contact_user_path(path, size);
	if (r == -ENOENT)
		fputs("launchd: XDG_RUNTIME_DIR is not set; say where with --path\n", stderr);
	return r;
}

/* Socket activation: descriptor 3, if it is for us. */
static bool is_activated(const Daemon *d)
{
	const char *pid = secure_getenv("LISTEN_PID"), *n = secure_getenv("LISTEN_FDS");

	return d->mode != MODE_SESSION && pid && n && strtol(pid, NULL, 10) == getpid() &&
	       strcmp(n, "1") == 0;
}

static int open_activated(Daemon *d)
{
	_cleanup_close_ int fd = fd_above_stdio_consume(3);
	int r = fd < 0 ? fd : fd_set_cloexec(fd, true);

	if (!r)
		r = listener_new_fd_take(fd, d->mode == MODE_SYSTEM, &d->listener);
	if (r < 0) {
		(void)complain("the service manager's socket", -r);
		return r;
	}
	(void)TAKE_FD(fd);
	return 0;
}

static int open_path(Daemon *d)
{
	const char *where = d->path;
	char path[256];
	int r;

	if (is_activated(d))
		return open_activated(d);
	if (!where) {
		r = default_path(d, path, sizeof(path));
		if (r < 0)
			return r;
		where = path;
	}
	r = listener_new(where, d->mode == MODE_SYSTEM, &d->listener);
	if (r < 0)
		(void)complain_of_path(where, -r);
	return r;
}

/* --- main --- */

static const char *root_name(const Daemon *d)
{
	static char name[64];

	switch (d->mode) {
	case MODE_SYSTEM:
		return "System";
	case MODE_USER:
		(void)snprintf(name, sizeof(name), "user/%u", (unsigned)getuid());
		return name;
	default:
		(void)snprintf(name, sizeof(name), "session/%d", (int)getpid());
		return name;
	}
}

/* Where sockets go whose place is left to us. With the server's own, confined jobs see none of them. */
static void choose_socket_directory(Daemon *d)
{
	const char *folder = secure_getenv("XDG_RUNTIME_DIR");
	const char *inner = "/portcullis";

	if (d->mode == MODE_SYSTEM) {
		folder = "/run";
	} else if (!folder || *folder != '/') {
		folder = secure_getenv("TMPDIR");
		folder = folder && *folder == '/' ? folder : "/tmp";
		inner = "";
	}
	(void)snprintf(d->socket_directory, sizeof(d->socket_directory), "%s%s", folder, inner);
	d->options.socket_directory = d->socket_directory;
}

/* Ports are descriptors, and a domain may have thousands. */
static void raise_limit(Daemon *d)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	/* Jobs are not to have so many: select(2) is not for them. */
	d->options.nofile = limit;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int on_jobs_ended(void *userdata, uint32_t events)
{
	(void)events;
	loop_quit(userdata);
	return 0;
}

/* Each process gets its time to end; clients are served meanwhile. */
static int end_jobs(Daemon *d)
{
	int r = supervisor_shutdown(domain.supervisor, on_jobs_ended, d->loop);

	return r < 0 ? r : server_run();
}

/* A user's jobs get what the user's programs have; a job with UserName has its own besides. */
static int give_environment(Daemon *d)
{
	static const char *const names[] = {
		"HOME", "USER", "LOGNAME", "SHELL", "LANG", "TMPDIR", "XDG_RUNTIME_DIR", "PATH"};

	if (d->mode == MODE_SYSTEM)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);
		int r = value ? environment_add_value(&domain.environment, names[i], value) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static void load_jobs(const Daemon *d)
{
	for (unsigned i = 0; i < d->n_loads; i++)
		startup_load(d->loads[i]);
	if (d->n_loads == 0 && d->mode != MODE_SESSION)
		startup_load_default(d->mode == MODE_SYSTEM);
}

static int serve(Daemon *d)
{
	sigset_t mask;
	int r = watch_signals(d, &mask);

	if (r < 0)
		return complain("signals", -r);
	r = server_init(d->loop, getuid(), root_name(d));
	if (r)
		return complain("bootstrap server", r < 0 ? -r : ENOMEM);
	/* The command and what it starts find the session by the bootstrap port that this sets. */
	r = domain_init(&d->options);
	if (!r)
		r = give_environment(d);
	if (r < 0)
		return complain("jobs", -r);
	server.control = job_server;
	load_jobs(d);
	if (d->mode != MODE_SESSION || d->path) {
		r = open_path(d);
		if (r < 0)
			return 1;
	}
	if (d->mode == MODE_SESSION) {
		r = start_command(d, &mask);
		if (r < 0)
			return complain(d->command[0], -r);
	}
	r = server_run();
	if (r < 0)
		return complain("event loop", -r);
	r = end_jobs(d);
	return r < 0 ? complain("event loop", -r) : d->status;
}

static int parse(Daemon *d, int argc, char **argv)
{
	static const struct option options[] = {
		{"session", no_argument, NULL, 's'},
		{"user", no_argument, NULL, 'u'},
		{"system", no_argument, NULL, 'S'},
		{"path", required_argument, NULL, 'p'},
		{"load", required_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		switch (c) {
		case 's':
			d->mode = MODE_SESSION;
			break;
		case 'u':
			d->mode = MODE_USER;
			break;
		case 'S':
			d->mode = MODE_SYSTEM;
			break;
		case 'p':
			d->path = optarg;
			break;
		case 'l':
			d->loads[d->n_loads++] = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	d->command = argv + optind;
	if (d->mode == MODE_NONE || (d->mode == MODE_SESSION) != (optind < argc)) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return 0;
}

int main(int argc, char **argv)
{
	_cleanup_free_ const char **loads = calloc((size_t)argc + 1, sizeof(*loads));
	Daemon d = {.signal_fd = -EBADF, .process = PIDREF_NULL, .loads = loads};
	int r;

	if (!loads)
		return complain("arguments", ENOMEM);
	r = parse(&d, argc, argv);
	if (r)
		return r;
	raise_limit(&d);
	choose_socket_directory(&d);
	r = loop_new(&d.loop);
	if (r < 0)
		return complain("event loop", -r);
	r = serve(&d);
	d.listener = listener_free(d.listener);
	domain_deinit();
	server_deinit();
	d.command_end = loop_source_remove(d.command_end);
	d.signals = loop_source_remove(d.signals);
	d.signal_fd = fd_close(d.signal_fd);
	pidref_done(&d.process);
	d.loop = loop_free(d.loop);
	return r;
}
