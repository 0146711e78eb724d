/* SPDX-License-Identifier: Apache-2.0 */
#include "task/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "port/kport.h"
#include "port/port.h"
#include "port/space.h"
#include "port/task.h"
#include "task/agent.h"
#include "task/group.h"

typedef struct Own {
	uint8_t id[16]; /* of all flavours; the type tells them apart */
	bool has_id;
	int life_r, life_w;
	int mem_read, mem_write; /* kept by own_prepare() */
	bool hooked;
} Own;

static Own own = {.life_r = -EBADF, .life_w = -EBADF, .mem_read = -EBADF, .mem_write = -EBADF};

/* The pipe is the parent's, whose end is told by the last write end; so is its memory. */
static void after_fork(void)
{
	own.has_id = false;
	own.life_r = fd_close(own.life_r);
	own.life_w = fd_close(own.life_w);
	own.mem_read = fd_close(own.mem_read);
	own.mem_write = fd_close(own.mem_write);
}

static void hook(void)
{
	if (!own.hooked)
		task_at_fork(after_fork);
	own.hooked = true;
}

static Port *control_port(void)
{
	Entry *entry = task.self_name ? space_find_raw(task.self_name) : NULL;

	return entry && entry->type & ENTRY_SEND ? entry->port : NULL;
}

static int make_port(TaskFlavor flavor)
{
	Kobject *object;
	Port *port;

	if (kobject_new_consume(bundle_type(flavor), NULL, 0, &object))
		return KERN_RESOURCE_SHORTAGE;
	port = port_new_kobject_take(object);
	if (!port) {
		kobject_free(object);
		return KERN_RESOURCE_SHORTAGE;
	}
	port_make_send(port);
	task.flavors[flavor - 1] = (Right){.kind = RIGHT_SEND, .port = port};
	return 0;
}

int own_port(TaskFlavor flavor, Right *ret)
{
	Port *port;

	_Static_assert(_TASK_FLAVOR_N == TASK_N_FLAVORS + 1, "all but control");
	if (flavor != TASK_IS_CONTROL && task.flavors[flavor - 1].kind == RIGHT_NONE &&
		make_port(flavor))
		return KERN_RESOURCE_SHORTAGE;
	port = flavor == TASK_IS_CONTROL ? control_port() : task.flavors[flavor - 1].port;
	if (!port)
		return KERN_RESOURCE_SHORTAGE;
	port_make_send(port);
	*ret = (Right){.kind = RIGHT_SEND, .port = port_ref(port)};
	return 0;
}

static int make_life(void)
{
	int ends[2];

	if (own.life_r >= 0)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_origin(-errno);
	hook();
	own.life_r = fd_above_stdio_consume(ends[0]);
	own.life_w = fd_above_stdio_consume(ends[1]);
	if (own.life_r >= 0 && own.life_w >= 0)
		return 0;
	own.life_r = fd_close(own.life_r);
	own.life_w = fd_close(own.life_w);
	return -EMFILE;
}

static int inode_of(int fd, uint64_t *ret)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &stx) < 0)
		return error_origin(-errno);
	*ret = stx.stx_ino;
	return 0;
}

static void fill_id(uint8_t id[16])
{
	if (!own.has_id)
		(void)random_bytes(own.id, sizeof(own.id));
	own.has_id = true;
	memcpy(id, own.id, sizeof(own.id));
}

/* The first time that the port leaves: from now on it is recognised when it comes home. */
static int make_known(Port *port, const int *fds)
{
	static const uint8_t none[16];
	Kobject *object = port->kobject;
	int r;

	if (memcmp(object->id, none, sizeof(none)) != 0)
		return 0;
	r = inode_of(fds[BUNDLE_PIDFD], &object->facts[0]);
	if (!r)
		r = inode_of(fds[BUNDLE_LIFE], &object->facts[1]);
	if (r)
		return r;
	fill_id(object->id);
	r = kport_make_known(port);
	if (r)
		memset(object->id, 0, sizeof(object->id));
	return r ? -ENOMEM : 0;
}

/* What is not to be opened any more, or what was opened in time. */
static int open_files(TaskFlavor flavor, int *fds)
{
	int kept = flavor == TASK_IS_CONTROL ? own.mem_write : own.mem_read;
	int r;

	if (kept < 0 || flavor > TASK_IS_READ)
		return bundle_open_files(flavor, "self", fds);
	r = bundle_open_files(TASK_IS_INSPECT, "self", fds);
	if (r)
		return r;
	fds[BUNDLE_MEM] = fd_dup(kept);
	return MIN(fds[BUNDLE_MEM], 0);
}

/* How many descriptors there are then. A failure leaves those for the caller that are open. */
static int open_all(TaskFlavor flavor, int *fds, unsigned *ret_n)
{
	int r;

	fds[BUNDLE_LIFE] = fd_dup(own.life_r);
	if (fds[BUNDLE_LIFE] < 0)
		return fds[BUNDLE_LIFE];
	r = pidfd_open(task.pid, 0);
	fds[BUNDLE_PIDFD] = r < 0 ? -errno : fd_above_stdio_consume(r);
	if (fds[BUNDLE_PIDFD] < 0)
		return fds[BUNDLE_PIDFD];
	r = open_files(flavor, fds);
	if (r)
		return r;
	*ret_n = bundle_size(flavor);
	if (flavor == TASK_IS_CONTROL)
		*ret_n += group_open_own(fds + BUNDLE_FREEZE);
	return 0;
}

int own_open(Port *port, int ret_fds[KOBJECT_MAX_FDS], unsigned *ret_n)
{
	TaskFlavor flavor = TASK_IS_NAME;
	unsigned n = 0;
	int r;

	if (!bundle_flavor(port->kobject_type, &flavor))
		return MACH_SEND_INVALID_RIGHT;
	r = make_life();
	if (r)
		return r;
	for (unsigned i = 0; i < KOBJECT_MAX_FDS; i++)
		ret_fds[i] = -EBADF;
	r = open_all(flavor, ret_fds, &n);
	if (!r && flavor == TASK_IS_CONTROL && port->kobject->companion.kind == RIGHT_NONE)
		r = agent_start(&port->kobject->companion);
	if (!r)
		r = make_known(port, ret_fds);
	if (r) {
		for (unsigned i = 0; i < KOBJECT_MAX_FDS; i++)
			ret_fds[i] = fd_close(ret_fds[i]);
		/* Not dumpable, or without /proc: the message cannot be sent at any time. */
		return r == -EACCES || r == -EPERM || r == -ENOENT ? MACH_SEND_INVALID_RIGHT : r;
	}
	*ret_n = n;
	return 0;
}

static int describe(KportArrival *a)
{
	int fds[KOBJECT_MAX_FDS] = {-EBADF, -EBADF};
	unsigned n = 0;
	int r;

	r = make_life();
	if (!r)
		r = open_all(TASK_IS_NAME, fds, &n);
	if (!r)
		r = inode_of(fds[BUNDLE_PIDFD], &a->facts[0]);
	if (!r)
		r = inode_of(fds[BUNDLE_LIFE], &a->facts[1]);
	if (r) {
		fd_close(fds[BUNDLE_LIFE]);
		fd_close(fds[BUNDLE_PIDFD]);
		return KERN_RESOURCE_SHORTAGE;
	}
	fill_id(a->id);
	a->fds[BUNDLE_LIFE] = fds[BUNDLE_LIFE];
	a->fds[BUNDLE_PIDFD] = fds[BUNDLE_PIDFD];
	a->n_fds = n;
	return 0;
}

int own_describe(KportArrival *ret)
{
	int r;

	task_lock();
	r = describe(ret);
	task_unlock();
	return r;
}

int own_prepare(void)
{
	int fds[2] = {-EBADF, -EBADF};
	int r = 0;

	for (unsigned i = 0; i < 2 && !r; i++) {
		int fd = open("/proc/self/mem", (i ? O_RDWR : O_RDONLY) | O_CLOEXEC);

		fds[i] = fd < 0 ? -errno : fd_above_stdio_consume(fd);
		r = MIN(fds[i], 0);
	}
	if (r) {
		fd_close(fds[0]);
		return error_trace(r);
	}
	task_lock();
	hook();
	fd_close(own.mem_read);
	fd_close(own.mem_write);
	own.mem_read = fds[0];
	own.mem_write = fds[1];
	task_unlock();
	return 0;
}
