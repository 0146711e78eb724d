/* SPDX-License-Identifier: Apache-2.0 */
#include "port/inherit.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/memfd.h"
#include "base/random.h"
#include "port/backing.h"
#include "port/port.h"
#include "port/probe.h"
#include "port/task.h"

#define BLOCK_MAGIC 0x31495350u
#define BLOCK_NAME "portcullis-ports"
#define BLOCK_LINK "/memfd:" BLOCK_NAME " (deleted)"
/* Above what shells and daemons renumber. */
#define BLOCK_FD_MIN 200

typedef struct SlotRecord {
	uint32_t present;
	int32_t addr;
	int32_t pipe_w;
	uint32_t pad;
	Ident ident;
} SlotRecord;

typedef struct Block {
	uint32_t magic;
	uint32_t n_registered;
	uint64_t cookie;
	SlotRecord slots[TASK_N_SLOTS];
} Block;

static Block block;
static int block_fd = -EBADF;

static int dup_inheritable(int fd)
{
	int r = fcntl(fd, F_DUPFD, MIN(BLOCK_FD_MIN, fd_limit() / 2));

	return r < 0 ? -errno : r;
}

static void block_close(Block *b, int fd)
{
	for (unsigned i = 0; i < TASK_N_SLOTS; i++) {
		if (!b->slots[i].present)
			continue;
		fd_close(b->slots[i].addr);
		fd_close(b->slots[i].pipe_w);
	}
	fd_close(fd);
	memset(b, 0, sizeof(*b));
}

static int record_slot(SlotRecord *record, const Right *right)
{
	Backing *b;
	bool owned;
	int r, fd;

	if (right->kind != RIGHT_SEND || right->port->state == PORT_DEAD)
		return 0;
	if (right->port->kobject_type)
		return KERN_INVALID_ARGUMENT;
	r = backing_make(right->port);
	if (r)
		return KERN_RESOURCE_SHORTAGE;
	b = right->port->backing;
	r = backing_export_pipe(b, &fd, &owned);
	if (r)
		return KERN_RESOURCE_SHORTAGE;
	record->ident = b->ident;
	record->addr = dup_inheritable(b->addr);
	record->pipe_w = dup_inheritable(fd);
	if (owned)
		fd_close(fd);
	record->present = 1;
	return record->addr < 0 || record->pipe_w < 0 ? KERN_RESOURCE_SHORTAGE : 0;
}

static int block_make(Block *b, int *ret_fd)
{
	_cleanup_close_ int fd = -EBADF;
	bool any = false;
	int r;

	b->magic = BLOCK_MAGIC;
	b->cookie = random_u64();
	b->n_registered = task.n_registered;
	for (unsigned i = 0; i < TASK_N_SLOTS; i++) {
		r = record_slot(&b->slots[i], &task.slots[i]);
		if (r)
			return r;
		any |= b->slots[i].present;
	}
	if (!any) {
		*ret_fd = -EBADF;
		return 0;
	}
	fd = memfd_new_sealed(BLOCK_NAME, b, sizeof(*b));
	if (fd < 0)
		return KERN_RESOURCE_SHORTAGE;
	*ret_fd = dup_inheritable(fd);
	return *ret_fd < 0 ? KERN_RESOURCE_SHORTAGE : 0;
}

static int announce(void)
{
	char value[64];

	if (block_fd < 0)
		return unsetenv(INHERIT_VARIABLE);
	snprintf(value, sizeof(value), "%d:%016" PRIx64, block_fd, block.cookie);
	return setenv(INHERIT_VARIABLE, value, 1);
}

int inherit_publish(void)
{
	Block fresh = {0};
	int fd = -EBADF;
	int r;

	r = block_make(&fresh, &fd);
	if (r) {
		block_close(&fresh, fd);
		return r;
	}
	block_close(&block, block_fd);
	block = fresh;
	block_fd = fd;
	return announce() ? KERN_RESOURCE_SHORTAGE : 0;
}

/* Whether these two are what the record says. */
static bool slot_check(const SlotRecord *record, int addr, int pipe_w, Ident *ret)
{
	*ret = (Ident){0};
	if (probe_kind(addr) != PROBE_ADDR || probe_kind(pipe_w) != PROBE_PIPE_W ||
		ident_read(addr, ret))
		return false;
	memcpy(ret->secret, record->ident.secret, sizeof(ret->secret));
	return ident_equal(ret, &record->ident);
}

static int import_slot(const SlotRecord *record, Right *ret)
{
	_cleanup_close_ int addr = -EBADF, pipe_w = -EBADF;
	Ident ident;
	int r;

	if (!slot_check(record, record->addr, record->pipe_w, &ident))
		return KERN_INVALID_ARGUMENT;
	addr = fd_dup(record->addr);
	pipe_w = fd_dup(record->pipe_w);
	if (addr < 0 || pipe_w < 0)
		return KERN_RESOURCE_SHORTAGE;
	r = right_adopt_send_consume(TAKE_FD(addr), &ident, TAKE_FD(pipe_w), (uid_t)-1, ret);
	/* Of a port of ours whose secret was renewed since: no right to it is left. */
	if (!r && ret->kind == RIGHT_DEAD) {
		*ret = RIGHT_NULL;
		r = KERN_INVALID_ARGUMENT;
	}
	return r;
}

static bool is_same_as_before(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (block.slots[i].present &&
			(block.slots[i].addr == block.slots[n].addr ||
				block.slots[i].pipe_w == block.slots[n].pipe_w))
			return true;
	}
	return false;
}

void inherit_reimport(void)
{
	task.n_registered = MIN(block.n_registered, (uint32_t)TASK_REGISTERED_MAX);
	for (unsigned i = 0; i < TASK_N_SLOTS; i++) {
		if (!block.slots[i].present)
			continue;
		if (!is_same_as_before(i) && import_slot(&block.slots[i], &task.slots[i]) == 0)
			continue;
		log_warning("inherited port %u is not usable", i);
		/* The numbers may be those of other descriptors: they are not ours to close. */
		block.slots[i].present = 0;
	}
}

static bool block_decode(int fd, Block *ret)
{
	uint64_t size;

	return probe_kind(fd) == PROBE_MEMFD && memfd_check_sealed(fd, &size) == 0 &&
	       size == sizeof(*ret) && pread(fd, ret, sizeof(*ret), 0) == (ssize_t)sizeof(*ret) &&
	       ret->magic == BLOCK_MAGIC;
}

/* The block that the variable names, if it is what it says. */
static bool block_read(const char *value, Block *ret, int *ret_fd)
{
	uint64_t cookie;
	char *end;
	long fd;

	fd = strtol(value, &end, 10);
	if (end == value || *end != ':' || fd < FD_ABOVE_STDIO || fd > INT32_MAX)
		return false;
	cookie = strtoull(end + 1, &end, 16);
	if (*end || !block_decode((int)fd, ret) || ret->cookie != cookie)
		return false;
	*ret_fd = (int)fd;
	return true;
}

void inherit_import(void)
{
	const char *value = secure_getenv(INHERIT_VARIABLE);
	int fd;

	if (!value)
		return;
	if (!block_read(value, &block, &fd)) {
		/* A program in between closed or renumbered its descriptors: there is nothing. */
		log_info("%s does not name inherited ports any more", INHERIT_VARIABLE);
		memset(&block, 0, sizeof(block));
		return;
	}
	block_fd = fd;
	inherit_reimport();
}

unsigned inherit_list(int *ret)
{
	unsigned n = 0;

	_Static_assert(2 * TASK_N_SLOTS + 1 <= INHERIT_FDS_MAX, "room for all of a block");
	if (block_fd < 0)
		return 0;
	ret[n++] = block_fd;
	for (unsigned i = 0; i < TASK_N_SLOTS; i++) {
		if (!block.slots[i].present)
			continue;
		ret[n++] = block.slots[i].addr;
		ret[n++] = block.slots[i].pipe_w;
	}
	return n;
}

/* --- Of another process --- */

static int code_of_errno(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return KERN_RESOURCE_SHORTAGE;
	case ESRCH:
	case ENOENT:
		return KERN_TERMINATED;
	case EBADF:
		return KERN_FAILURE;
	default:
		return KERN_NO_ACCESS;
	}
}

/* A duplicate of one of its descriptors, which is a stranger's as any that came in a message. */
static int other_dup(const PidRef *process, int fd, int *ret)
{
	int copy = fd_above_stdio_consume(pidfd_getfd(process->fd, fd, 0));

	if (copy < 0)
		return code_of_errno(errno);
	*ret = copy;
	return 0;
}

/* A descriptor of the right name: as a duplicate. KERN_FAILURE: it is another. */
static int other_dup_block(const PidRef *process, DIR *dir, const char *name, int *ret)
{
	char link[sizeof(BLOCK_LINK) + 1];
	ssize_t n;

	if (!isdigit((unsigned char)*name))
		return KERN_FAILURE;
	n = readlinkat(dirfd(dir), name, link, sizeof(link));
	if (n < 0)
		return errno == EACCES || errno == EPERM ? KERN_NO_ACCESS : KERN_FAILURE;
	if (n != (ssize_t)sizeof(BLOCK_LINK) - 1 || memcmp(link, BLOCK_LINK, (size_t)n) != 0)
		return KERN_FAILURE;
	return other_dup(process, atoi(name), ret);
}

/* Whoever changes its ports lets go of the block that it had. Two that differ are nobody's doing. */
static int other_block(const PidRef *process, DIR *dir, Block *ret)
{
	bool found = false;
	struct dirent *entry;
	Block b;

	while ((entry = readdir(dir)) != NULL) {
		int fd, r;
		bool ok;

		r = other_dup_block(process, dir, entry->d_name, &fd);
		if (r == KERN_FAILURE)
			continue;
		if (r)
			return r;
		ok = block_decode(fd, &b);
		probe_close_consume(fd);
		if (ok && found && b.cookie != ret->cookie)
			return KERN_FAILURE;
		if (ok)
			*ret = b;
		found |= ok;
	}
	return found ? 0 : KERN_FAILURE;
}

static int other_adopt(const SlotRecord *record, int *addr, int *pipe_w, PortName *ret)
{
	Right right = RIGHT_NULL;
	Ident ident;
	int r;

	if (!slot_check(record, *addr, *pipe_w, &ident))
		return KERN_FAILURE;
	task_lock();
	r = right_adopt_send_consume(TAKE_FD(*addr), &ident, TAKE_FD(*pipe_w), (uid_t)-1, &right);
	if (!r && right.kind != RIGHT_SEND)
		r = KERN_FAILURE;
	else if (r || right_copyout(&right, ret))
		r = KERN_RESOURCE_SHORTAGE;
	right_drop(&right);
	task_unlock();
	return r;
}

int inherit_dup_bootstrap(const PidRef *process, PortName *ret)
{
	int addr = -EBADF, pipe_w = -EBADF, r;
	const SlotRecord *record;
	char path[32];
	Block b = {0};
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)process->pid);
	dir = opendir(path);
	if (!dir)
		return code_of_errno(errno);
	r = other_block(process, dir, &b);
	(void)closedir(dir);
	if (pidref_verify(process))
		return KERN_TERMINATED;
	record = &b.slots[TASK_SLOT_BOOTSTRAP];
	if (!r && !record->present)
		r = KERN_FAILURE;
	if (!r)
		r = other_dup(process, record->addr, &addr);
	if (!r)
		r = other_dup(process, record->pipe_w, &pipe_w);
	if (!r)
		r = other_adopt(record, &addr, &pipe_w, ret);
	probe_close_consume(addr);
	probe_close_consume(pipe_w);
	return r;
}
