/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/jobsocket.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "launchd/jobsocket-private.h"

int jobsocket_refuse_errno(
	const SpecSocket *spec, char **ret_problem, const char *how, const char *what, int error)
{
	return refusal_format(JOBSOCKET_E_REFUSED, ret_problem, "socket \"%s\": %s \"%s\": %s",
		spec->name, how, what,
		error == EADDRINUSE ? "another server is there" : strerror(error));
}

static void jobsocket_close(JobSocket *socket)
{
	for (size_t i = 0; i < ARRAY_SIZE(socket->fds); i++)
		socket->fds[i] = fd_close(socket->fds[i]);
	jobsocket_close_unix(socket);
}

bool jobsockets_is_accepting(const JobSpec *spec)
{
	return spec->is_inetd && !spec->inetd_wait && spec->n_sockets > 0 &&
	       spec->sockets[0].type != SOCK_DGRAM && spec->sockets[0].passive;
}

static int jobsocket_open(
	JobSocket *socket, const char *directory, bool is_accepting, char **ret_problem)
{
	int r;

	r = socket->spec->family == AF_UNIX ? jobsocket_open_unix(socket, directory, ret_problem)
					    : jobsocket_open_inet(socket, ret_problem);
	if (r != 0 || is_accepting)
		return error_trace(r);
	for (size_t i = 0; i < ARRAY_SIZE(socket->fds); i++) {
		if (socket->fds[i] < 0)
			continue;
		r = fd_set_nonblock(socket->fds[i], false);
		if (r < 0)
			return error_trace(r);
	}
	return 0;
}

int jobsockets_init(
	JobSockets *sockets, const JobSpec *spec, const char *directory, char **ret_problem)
{
	int r;

	*sockets = (JobSockets){.items = NULL};
	if (spec->n_sockets == 0)
		return 0;
	sockets->items = calloc(spec->n_sockets, sizeof(*sockets->items));
	if (!sockets->items)
		return error_origin(-ENOMEM);
	for (; sockets->n < spec->n_sockets; sockets->n++) {
		JobSocket *socket = &sockets->items[sockets->n];

		*socket = (JobSocket){
			.spec = &spec->sockets[sockets->n],
			.fds = {-EBADF, -EBADF},
		};
		r = jobsocket_open(socket, directory, jobsockets_is_accepting(spec), ret_problem);
		if (r != 0) {
			sockets->n++;
			jobsockets_deinit(sockets);
			return error_trace(r);
		}
	}
	return 0;
}

void jobsockets_deinit(JobSockets *sockets)
{
	jobsockets_disarm(sockets);
	for (size_t i = 0; i < sockets->n; i++)
		jobsocket_close(&sockets->items[i]);
	free(sockets->items);
	*sockets = (JobSockets){.items = NULL};
}

int jobsockets_arm(JobSockets *sockets, Loop *loop, LoopFn fn, void *userdata)
{
	int r = 0;

	if (sockets->sources || sockets->n == 0)
		return 0;
	sockets->sources = calloc(2 * sockets->n, sizeof(*sockets->sources));
	if (!sockets->sources)
		return error_origin(-ENOMEM);
	for (size_t i = 0; i < 2 * sockets->n && r == 0; i++) {
		int fd = sockets->items[i / 2].fds[i % 2];

		if (fd < 0)
			continue;
		r = loop_add_fd(
			loop, fd, EPOLLIN, fn, userdata, &sockets->sources[sockets->n_sources]);
		sockets->n_sources += r == 0;
	}
	if (r < 0)
		jobsockets_disarm(sockets);
	return error_trace(r);
}

void jobsockets_disarm(JobSockets *sockets)
{
	_cleanup_free_ LoopSource **sources = TAKE_PTR(sockets->sources);

	for (size_t i = 0; i < sockets->n_sources; i++)
		loop_source_remove(sources[i]);
	sockets->n_sources = 0;
}

static int add_duplicates(JobSocket *socket, FdList *list)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(socket->fds) && r == 0; i++)
		if (socket->fds[i] >= 0)
			r = fdlist_add_dup(list, socket->fds[i]);
	return r == FDLIST_E_FULL ? JOBSOCKET_E_TOO_MANY : error_fold(r);
}

int jobsockets_dup(JobSockets *sockets, const char *name, FdList *ret)
{
	_cleanup_fdlist_ FdList list = FDLIST_INIT;
	int fds[FDLIST_MAX], r;
	bool any = false;
	size_t n;

	for (size_t i = 0; i < sockets->n; i++) {
		JobSocket *socket = &sockets->items[i];

		if (strcmp(socket->spec->name, name) != 0)
			continue;
		any = true;
		if (socket->is_taken)
			return JOBSOCKET_E_TAKEN;
		r = add_duplicates(socket, &list);
		if (r != 0)
			return r;
	}
	if (!any)
		return JOBSOCKET_E_UNKNOWN;
	n = fdlist_count(&list);
	for (size_t i = 0; i < n; i++)
		fds[i] = fdlist_steal(&list, i);
	r = fdlist_add_array_consume(ret, fds, n);
	if (r != 0)
		return r == FDLIST_E_FULL ? JOBSOCKET_E_TOO_MANY : error_trace(r);
	jobsockets_set_taken(sockets, name, true);
	return 0;
}

void jobsockets_set_taken(JobSockets *sockets, const char *name, bool is_taken)
{
	for (size_t i = 0; i < sockets->n; i++)
		if (strcmp(sockets->items[i].spec->name, name) == 0)
			sockets->items[i].is_taken = is_taken;
}

void jobsockets_reset(JobSockets *sockets)
{
	for (size_t i = 0; i < sockets->n; i++)
		sockets->items[i].is_taken = false;
}

int jobsockets_add_environment(const JobSockets *sockets, Environment *env)
{
	for (size_t i = 0; i < sockets->n; i++) {
		const JobSocket *socket = &sockets->items[i];
		int r;

		if (!socket->spec->secure_key)
			continue;
		r = environment_add_value(env, socket->spec->secure_key, socket->path);
		if (r < 0)
			return error_trace(r);
	}
	return 0;
}

int jobsockets_get_first(const JobSockets *sockets)
{
	if (sockets->n == 0)
		return -EBADF;
	return sockets->items[0].fds[0] >= 0 ? sockets->items[0].fds[0] : sockets->items[0].fds[1];
}

int jobsockets_accept(JobSockets *sockets)
{
	for (size_t i = 0; i < 2 * sockets->n; i++) {
		int fd = sockets->items[i / 2].fds[i % 2], connection;

		if (fd < 0)
			continue;
		connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (connection >= 0)
			return fd_above_stdio_consume(connection);
		/* A client that gave up before is none. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			return -errno;
	}
	return -EAGAIN;
}
