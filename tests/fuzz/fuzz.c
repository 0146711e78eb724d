/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "port/backing.h"
#include "port/decode.h"
#include "port/space.h"
#include "port/task.h"
#include "task/own.h"

/* Says whose descriptors they are, where it is there to be asked. */
void __lsan_do_leak_check(void) __attribute__((__weak__));

static int n_fds_at_start;

/* What a task has from the first time on that its control port leaves it. */
static void send_own_port(void)
{
	int fds[KOBJECT_MAX_FDS];
	Right right = RIGHT_NULL;
	unsigned n = 0;

	task_lock();
	MUST(own_port(TASK_IS_CONTROL, &right) == 0);
	MUST(own_open(right.port, fds, &n) == 0);
	while (n > 0)
		fd_close(fds[--n]);
	MUST(backing_make(right.port->kobject->companion.port) == 0);
	right_drop(&right);
	task_unlock();
}

#define FDS_OF_PORT 2

/* Without those of the library's own ports, which an input may end as well. */
static int count_fds(void)
{
	int n = portcheck_fds();

	MUST(n > 0);
	return n - FDS_OF_PORT * (int)portcheck_own_ports();
}

/* A semaphore that was sent and dropped leaves a descriptor, which goes while others are made. */
static void sweep_orphans(void)
{
	semaphore_t semaphore;

	MUST(semaphore_create(mach_task_self(), &semaphore, SYNC_POLICY_FIFO, 0) == 0);
	MUST(semaphore_destroy(mach_task_self(), semaphore) == 0);
}

#define STEADY_TIMES 8

/* The agent's thread closes in its own time what the warm-up gave it: nothing goes any more when the
 * first input is counted. */
static void wait_until_steady(void)
{
	int n = count_fds();

	for (int times = 0; times < STEADY_TIMES; times++) {
		int now;

		sweep_orphans();
		(void)usleep(1000);
		now = count_fds();
		if (now != n)
			times = 0;
		n = now;
	}
}

static void warm_up(void)
{
	portcheck_warm_up();
	send_own_port();
	wait_until_steady();
	/* As many references as there can be never get fewer: the two names that are not the
	 * input's cannot be moved away. */
	(void)mach_port_mod_refs(mach_task_self(), task.self_name, MACH_PORT_RIGHT_SEND, 65534);
	(void)mach_port_mod_refs(mach_task_self(), task.host_name, MACH_PORT_RIGHT_SEND, 65534);
}

void fuzz_begin(void)
{
	static bool is_warm;

	if (!is_warm)
		warm_up();
	is_warm = true;
	/* For each input, since the fuzzer opens descriptors of its own in between. */
	n_fds_at_start = count_fds();
}

void must_be_in_order(void)
{
	char text[256];

	if (portcheck(text, sizeof(text)))
		return;
	fprintf(stderr, "%s\n", text);
	abort();
}

static int count_without_orphans(void)
{
	int n = count_fds();

	for (int i = 0; i < 64 && n > n_fds_at_start; i++) {
		sweep_orphans();
		n = count_fds();
	}
	return n;
}

void must_be_empty(void)
{
	int n;

	must_be_in_order();
	MUST(portcheck_names() == 0);
	n = count_without_orphans();
	if (n == n_fds_at_start)
		return;
	fprintf(stderr, "%d descriptors are open, %d were\n", n, n_fds_at_start);
	(void)!system("ls -l /proc/$PPID/fd >&2");
	if (__lsan_do_leak_check)
		__lsan_do_leak_check();
	abort();
}

mach_port_t fuzz_port(Port **ret_port)
{
	mach_port_t name;
	Entry *entry;

	MUST(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name) == 0);
	task_lock();
	entry = space_find_raw(name);
	MUST(backing_make(entry->port) == 0);
	if (ret_port)
		*ret_port = entry->port;
	task_unlock();
	return name;
}

void fuzz_aim(WireGen *gen, Port *port)
{
	gen->addr = port->backing->addr;
	memcpy(gen->secret, port->backing->ident.secret, sizeof(gen->secret));
}

static mach_port_t take_right(const WireRecord *record, int *fds, unsigned n_fds)
{
	Creds creds = {.pid = 77, .uid = getuid(), .gid = getgid()};
	Decoder d = {.fds = fds, .n_fds = n_fds, .creds = &creds};
	PortName name = MACH_PORT_NULL;
	Right right = RIGHT_NULL;

	task_lock();
	if (decode_right(&d, record, &right) == 0)
		MUST(right_copyout(&right, &name) == 0);
	decoder_deinit(&d);
	task_unlock();
	return name;
}

mach_port_t fuzz_remote_right(WireGen *gen, unsigned i)
{
	GenRemote *remote = wiregen_remote(gen, i);
	WireRecord record = {.kind = WIRE_SEND, .n_fds = 2};
	int fds[2] = {dup(remote->addr), dup(remote->pipe_w)};

	memcpy(record.value, remote->secret, sizeof(record.value));
	return take_right(&record, fds, 2);
}

mach_port_t fuzz_remote_once(WireGen *gen)
{
	WireRecord record = {.kind = WIRE_SEND_ONCE, .n_fds = 1};
	int fd = wiregen_fd(gen, GEN_FD_SEQPACKET);

	return take_right(&record, &fd, 1);
}

static uint8_t *keep_rights_of(uint8_t *p)
{
	mach_msg_descriptor_t *d = (mach_msg_descriptor_t *)(void *)p;

	switch (d->type.type) {
	case MACH_MSG_PORT_DESCRIPTOR:
		d->port.name = MACH_PORT_NULL;
		return p + sizeof(d->port);
	case MACH_MSG_GUARDED_PORT_DESCRIPTOR:
		d->guarded_port.name = MACH_PORT_NULL;
		return p + sizeof(d->guarded_port);
	case MACH_MSG_OOL_PORTS_DESCRIPTOR:
		if (d->ool_ports.count > 0)
			memset(d->ool_ports.address, 0, d->ool_ports.count * sizeof(mach_port_t));
		return p + sizeof(d->ool_ports);
	default:
		return p + sizeof(d->out_of_line);
	}
}

void fuzz_keep_rights(mach_msg_header_t *msg)
{
	mach_msg_base_t *base = (mach_msg_base_t *)msg;
	uint8_t *p = (uint8_t *)(base + 1);

	msg->msgh_remote_port = MACH_PORT_NULL;
	if (msg->msgh_bits & MACH_MSGH_BITS_COMPLEX) {
		for (unsigned n = base->body.msgh_descriptor_count; n > 0; n--)
			p = keep_rights_of(p);
	}
	mach_msg_destroy(msg);
}
