/* SPDX-License-Identifier: Apache-2.0 */
#include "port/answer.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "port/port.h"
#include "port/pairclose.h"
#include "port/probe.h"
#include "port/queue.h"
#include "port/reaper.h"
#include "port/task.h"

static Answer *answer_new(int fd)
{
	Answer *answer = alloc_zero(sizeof(*answer));

	if (!answer)
		return NULL;
	answer->fd = fd;
	return answer;
}

int answer_link(Answer *answer, Port *port)
{
	int r = port_need_extra(port);

	if (r)
		return r;
	answer->port = port;
	answer->serial = task_serial();
	answer->source = SOURCE_INIT(SOURCE_ANSWER, answer->fd, port);
	answer->source.answer = answer;
	TAILQ_INSERT_TAIL(&port->extra->answers, answer, link);
	port->extra->n_answers++;
	answer->linked = true;
	r = source_publish(&answer->source);
	if (r < 0) {
		answer_unlink(answer);
		return r;
	}
	/* Whoever sleeps without a descriptor must watch this one from now on. */
	waiter_wake_all(&port->extra->receivers);
	return 0;
}

void answer_unlink(Answer *answer)
{
	if (!answer->linked)
		return;
	source_deinit(&answer->source);
	TAILQ_REMOVE(&answer->port->extra->answers, answer, link);
	answer->port->extra->n_answers--;
	answer->linked = false;
}

int answer_pair(int *ret_near, int *ret_far)
{
	int pair[2], on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		int fd = fd_above_stdio_consume(pair[i]);

		if (fd < 0) {
			fd_close(pair[!i]);
			return fd;
		}
		pair[i] = fd;
	}
	(void)setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	*ret_near = pair[0];
	*ret_far = pair[1];
	return 0;
}

static int answer_add_take(Port *port, int fd, Answer **ret)
{
	Answer *answer = answer_new(fd);
	int r;

	if (!answer)
		return KERN_RESOURCE_SHORTAGE;
	r = answer_link(answer, port);
	if (r) {
		free(answer);
		return r;
	}
	*ret = answer;
	return 0;
}

int answer_adopt_take(Port *port, int fd, Answer **ret)
{
	int on = 1;

	int r;

	(void)setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	r = answer_add_take(port, fd, ret);
	if (!r)
		(*ret)->foreign = true;
	return r;
}

int answer_make(Port *port, Answer **ret, int *ret_far)
{
	_cleanup_close_ int near = -EBADF, far = -EBADF;
	int r;

	r = answer_pair(&near, &far);
	if (r)
		return r;
	r = answer_add_take(port, near, ret);
	if (r)
		return r;
	near = -EBADF;
	*ret_far = TAKE_FD(far);
	return 0;
}

Answer *answer_find(Port *port, uint64_t serial)
{
	Answer *answer;

	TAILQ_FOREACH (answer, &port->extra->answers, link) {
		if (answer->serial == serial)
			return answer;
	}
	return NULL;
}

Answer *answer_free(Answer *answer)
{
	if (!answer)
		return NULL;
	answer_unlink(answer);
	if (answer->lease)
		return NULL; /* part of the lease, as is the descriptor */
	answer->port->sorights--;
	if (answer->foreign)
		probe_close_lazily_consume(answer->fd);
	else
		pair_close_consume(answer->fd);
	free(answer);
	return NULL;
}

Answer *answer_free_read(Answer *answer, uid_t uid)
{
	assert(!answer->lease);
	answer_unlink(answer);
	answer->port->sorights--;
	probe_close_blaming_consume(answer->fd, uid, REAPER_KIN_UNAWAITED);
	free(answer);
	return NULL;
}

void answer_interrupt(Answer *answer)
{
	(void)shutdown(answer->fd, SHUT_RD);
}
