/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The speed of calls on another task, by the public interface, beside what a program would do
 * without it: pread() of /proc/PID/mem, process_vm_readv(), reading and parsing /proc/PID/maps.
 *
 * Births are measured where there is a bootstrap server: run it by launchd --session.
 *
 * The target is a child that lays out its memory, sends its read port and stands still. The memory
 * is laid out before the fork, so that both know where it is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mach/mach.h>
#include <mach/mach_vm.h>
#include <mach/task.h>
#include <mach/task_info.h>
#include <portcullis/child_port.h>
#include <portcullis/task.h>
#include <servers/bootstrap.h>

#include "base/kernel.h"
#include "bench/bench.h"

#define MACH(x)                                                                                    \
	do {                                                                                       \
		kern_return_t mach_r_ = (x);                                                       \
		if (mach_r_ != KERN_SUCCESS)                                                       \
			bench_die("%s:%d: %s: %s (%#x)", __FILE__, __LINE__, #x,                   \
				mach_error_string(mach_r_), (unsigned)mach_r_);                    \
	} while (0)

#define BULK ((size_t)64 << 20)
#define N_REGIONS 10000
#define PAGE ((size_t)4096)

typedef struct RightMessage {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t right;
	mach_msg_trailer_t trailer;
} RightMessage;

typedef struct Target {
	pid_t pid;
	mach_port_t task; /* its read port */
} Target;

/* In the target, and by inheritance at the same place in ours. */
static char *memory;
static size_t memory_size;
static char *own_memory;

static void *map(size_t size)
{
	return BENCH_SYS(mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
}

static void send_read_port(void)
{
	mach_port_array_t ports;
	mach_msg_type_number_t n;
	RightMessage message = {
		.header = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0) |
					MACH_MSGH_BITS_COMPLEX,
			.msgh_size = sizeof(message) - sizeof(message.trailer)},
		.body = {1},
		.right = {.disposition = MACH_MSG_TYPE_MOVE_SEND, .type = MACH_MSG_PORT_DESCRIPTOR},
	};

	MACH(mach_ports_lookup(mach_task_self(), &ports, &n));
	message.header.msgh_remote_port = ports[0];
	MACH(task_get_special_port(mach_task_self(), TASK_READ_PORT, &message.right.name));
	MACH(mach_msg_send(&message.header));
}

static void target_main(void *arg)
{
	int n_regions = *(const int *)arg;
	char *lines;

	if (memory)
		memset(memory, 7, memory_size);
	if (n_regions > 0) {
		lines = BENCH_SYS(mmap(NULL, (size_t)n_regions * PAGE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		for (int i = 0; i < n_regions; i += 2)
			BENCH_SYS(mprotect(lines + (size_t)i * PAGE, PAGE, PROT_READ));
	}
	send_read_port();
	for (;;)
		pause();
}

static Target make_target(size_t size, int n_regions)
{
	RightMessage message = {};
	mach_port_t port;
	Target target;

	memory_size = size;
	memory = size > 0 ? map(size) : NULL;
	own_memory = size > 0 ? map(size) : NULL;
	if (own_memory)
		memset(own_memory, 1, size);
	MACH(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port));
	MACH(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND));
	MACH(mach_ports_register(mach_task_self(), &port, 1));
	target.pid = bench_fork(target_main, &n_regions);
	MACH(mach_msg(&message.header, MACH_RCV_MSG, 0, sizeof(message), port,
		MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL));
	target.task = message.right.name;
	return target;
}

static int open_file(const Target *target, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)target->pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bench_skip("%s: %m", path);
	return fd;
}

/* Small reads. */

static double read_8(int trust)
{
	BenchLoop loop = {.warm = 1000, .stride = 256};
	Target target = make_target(PAGE, 0);
	mach_vm_size_t n;
	uint64_t value;

	MACH(portcullis_task_set_trust(target.task, trust, 0));
	while (bench_loop(&loop))
		MACH(mach_vm_read_overwrite(target.task, (mach_vm_address_t)(uintptr_t)memory,
			sizeof(value), (mach_vm_address_t)(uintptr_t)&value, &n));
	bench_end(target.pid);
	return bench_loop_ns(&loop);
}

static double read_8_auto(void)
{
	return read_8(PORTCULLIS_TASK_TRUST_AUTO);
}

static double read_8_guarded(void)
{
	return read_8(PORTCULLIS_TASK_TRUST_NONE);
}

static double raw_pread_8(void)
{
	BenchLoop loop = {.warm = 1000, .stride = 256};
	Target target = make_target(PAGE, 0);
	int fd = open_file(&target, "mem");
	uint64_t value;

	while (bench_loop(&loop))
		BENCH_SYS(pread(fd, &value, sizeof(value), (off_t)(uintptr_t)memory));
	bench_end(target.pid);
	return bench_loop_ns(&loop);
}

/* Large ones, into memory that is in use. */

static double read_bulk(void)
{
	BenchLoop loop = {.warm = 1, .stride = 1};
	Target target = make_target(BULK, 0);
	mach_vm_size_t n;

	while (bench_loop(&loop))
		MACH(mach_vm_read_overwrite(target.task, (mach_vm_address_t)(uintptr_t)memory, BULK,
			(mach_vm_address_t)(uintptr_t)own_memory, &n));
	bench_end(target.pid);
	return bench_loop_ns(&loop);
}

static double raw_vm_readv_bulk(void)
{
	BenchLoop loop = {.warm = 1, .stride = 1};
	Target target = make_target(BULK, 0);
	struct iovec to = {own_memory, BULK}, from = {memory, BULK};

	while (bench_loop(&loop))
		BENCH_SYS(process_vm_readv(target.pid, &to, 1, &from, 1, 0));
	bench_end(target.pid);
	return bench_loop_ns(&loop);
}

static double raw_pread_bulk(void)
{
	BenchLoop loop = {.warm = 1, .stride = 1};
	Target target = make_target(BULK, 0);
	int fd = open_file(&target, "mem");

	while (bench_loop(&loop))
		BENCH_SYS(pread(fd, own_memory, BULK, (off_t)(uintptr_t)memory));
	bench_end(target.pid);
	return bench_loop_ns(&loop);
}

/* Walks. The figure is for one region. */

static double walk(void)
{
	BenchLoop loop = {.warm = 1, .stride = 1};
	Target target = make_target(0, N_REGIONS);
	size_t n_regions = 1;

	while (bench_loop(&loop)) {
		struct vm_region_basic_info_64 info;
		mach_vm_address_t address = 0;
		mach_vm_size_t size = 0;
		mach_port_t object;
		kern_return_t kr;

		for (n_regions = 0;; n_regions++, address += size) {
			mach_msg_type_number_t count = VM_REGION_BASIC_INFO_COUNT_64;

			kr = mach_vm_region(target.task, &address, &size, VM_REGION_BASIC_INFO_64,
				(vm_region_info_t)&info, &count, &object);
			if (kr != KERN_SUCCESS)
				break;
		}
		if (kr != KERN_INVALID_ADDRESS || n_regions < N_REGIONS)
			bench_die("the walk ended after %zu regions: %#x", n_regions, (unsigned)kr);
	}
	bench_end(target.pid);
	return bench_loop_ns(&loop) / (double)n_regions;
}

static double raw_query_walk(void)
{
	BenchLoop loop = {.warm = 1, .stride = 1};
	Target target = make_target(0, N_REGIONS);
	int fd = open_file(&target, "maps");
	size_t n_regions = 1;

	while (bench_loop(&loop)) {
		KernelProcmapQuery q = {
			.size = sizeof(q), .query_flags = KERNEL_PROCMAP_COVERING_OR_NEXT};

		for (n_regions = 0; ioctl(fd, KERNEL_PROCMAP_QUERY, &q) == 0; n_regions++)
			q.query_addr = q.vma_end;
	}
	bench_end(target.pid);
	return bench_loop_ns(&loop) / (double)n_regions;
}

typedef struct Line {
	unsigned long start, end, offset, ino;
	unsigned major, minor;
	char prot[5];
} Line;

/* As most programs do. */
static int parse_by_format(const char *text, Line *line)
{
	return sscanf(text, "%lx-%lx %4s %lx %x:%x %lu", &line->start, &line->end, line->prot,
		       &line->offset, &line->major, &line->minor, &line->ino) == 7;
}

/* As fast as it goes with what the C library has. */
static int parse_by_hand(const char *text, Line *line)
{
	char *at;

	line->start = strtoul(text, &at, 16);
	line->end = strtoul(at + 1, &at, 16);
	memcpy(line->prot, at + 1, 4);
	line->prot[4] = '\0';
	line->offset = strtoul(at + 5, &at, 16);
	line->major = (unsigned)strtoul(at, &at, 16);
	line->minor = (unsigned)strtoul(at + 1, &at, 16);
	line->ino = strtoul(at, &at, 10);
	return *at == ' ' || *at == '\n';
}

static double parse_maps(int (*parse)(const char *, Line *))
{
	BenchLoop loop = {.warm = 1, .stride = 1};
	Target target = make_target(0, N_REGIONS);
	size_t n_regions = 1;

	while (bench_loop(&loop)) {
		FILE *f = fdopen(open_file(&target, "maps"), "r");
		char *text = NULL;
		size_t size = 0;
		Line line;

		for (n_regions = 0; getline(&text, &size, f) > 0; n_regions++)
			if (!parse(text, &line))
				bench_die("cannot parse %s", text);
		free(text);
		fclose(f);
		if (n_regions < N_REGIONS)
			bench_die("only %zu regions", n_regions);
	}
	bench_end(target.pid);
	return bench_loop_ns(&loop) / (double)n_regions;
}

static double raw_parse_by_format(void)
{
	return parse_maps(parse_by_format);
}

static double raw_parse_by_hand(void)
{
	return parse_maps(parse_by_hand);
}

/* Counters. */

static double basic_info(void)
{
	BenchLoop loop = {.warm = 100, .stride = 16};
	Target target = make_target(0, 0);
	struct mach_task_basic_info info;

	while (bench_loop(&loop)) {
		mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;

		MACH(task_info(target.task, MACH_TASK_BASIC_INFO, (task_info_t)&info, &count));
	}
	bench_end(target.pid);
	return bench_loop_ns(&loop);
}

static void read_file(const Target *target, const char *name)
{
	char text[4096];
	int fd = open_file(target, name);

	BENCH_SYS(read(fd, text, sizeof(text)));
	close(fd);
}

static double raw_stat_and_status(void)
{
	BenchLoop loop = {.warm = 100, .stride = 16};
	Target target = make_target(0, 0);

	while (bench_loop(&loop)) {
		read_file(&target, "stat");
		read_file(&target, "status");
	}
	bench_end(target.pid);
	return bench_loop_ns(&loop);
}

/* Births. The child is this program; the library is made ready in either case. */

static pid_t start_child(const char *how, int fd_for_child)
{
	char number[16];
	pid_t pid;

	snprintf(number, sizeof(number), "%d", fd_for_child);
	pid = BENCH_SYS(fork());
	if (pid == 0) {
		if (fd_for_child >= 0)
			BENCH_SYS(fcntl(fd_for_child, F_SETFD, 0));
		execl("/proc/self/exe", "bench-task", how, number, NULL);
		_exit(127);
	}
	return pid;
}

static void await_child(pid_t pid)
{
	int status;

	BENCH_SYS(waitpid(pid, &status, 0));
	if (status != 0)
		bench_die("the child ended with status %#x", (unsigned)status);
}

static double birth_with_handshake(void)
{
	BenchLoop loop = {.warm = 5, .stride = 1};

	if (bootstrap_port == MACH_PORT_NULL)
		bench_skip("no bootstrap server: run it by launchd --session");
	while (bench_loop(&loop)) {
		mach_port_t port;
		int ours, theirs;
		pid_t pid;

		MACH(portcullis_handshake_pipe(&ours, &theirs));
		pid = start_child("--hand", theirs);
		close(theirs);
		MACH(portcullis_handshake_serve(
			MACH_PORT_NULL, ours, MACH_MSG_TYPE_PORT_SEND, 10000, &port, NULL));
		await_child(pid);
		MACH(mach_port_deallocate(mach_task_self(), port));
	}
	return bench_loop_ns(&loop);
}

static double raw_birth(void)
{
	BenchLoop loop = {.warm = 5, .stride = 1};

	while (bench_loop(&loop))
		await_child(start_child("--nothing", -1));
	return bench_loop_ns(&loop);
}

/* What a child does that start_child() made. */
static int child_main(const char *how, const char *fd)
{
	mach_port_t port;

	if (strcmp(how, "--nothing") == 0)
		return 0;
	MACH(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port));
	MACH(portcullis_handshake_check_in(
		MACH_PORT_NULL, atoi(fd), port, MACH_MSG_TYPE_MAKE_SEND, 10000));
	return 0;
}

static const BenchMeasure measures[] = {
	{"read-8", read_8_auto},
	{"read-8-guarded", read_8_guarded},
	{"read-bulk", read_bulk},
	{"walk", walk},
	{"basic-info", basic_info},
	{"birth", birth_with_handshake},
	{"raw-pread-8", raw_pread_8},
	{"raw-readv-bulk", raw_vm_readv_bulk},
	{"raw-pread-bulk", raw_pread_bulk},
	{"raw-query-walk", raw_query_walk},
	{"raw-parse", raw_parse_by_format},
	{"raw-parse-by-hand", raw_parse_by_hand},
	{"raw-stat-status", raw_stat_and_status},
	{"raw-birth", raw_birth},
};

static const BenchRow rows[] = {
	{"8 bytes read / pread of /proc/PID/mem", "read-8", "raw-pread-8", BENCH_NS, 1.2, 1.1},
	{"64 MiB read / process_vm_readv", "read-bulk", "raw-readv-bulk", BENCH_US, 2, 1},
	{"a region of 10,000 / maps by getline, sscanf", "walk", "raw-parse", BENCH_NS, 0.5, 0.5},
	{"handshake and exec / fork and exec", "birth", "raw-birth", BENCH_US, 1.5, 1.2},
	/* For information. */
	{"  8 bytes by a disposable process / pread", "read-8-guarded", "raw-pread-8", BENCH_NS},
	{"  64 MiB read / pread", "read-bulk", "raw-pread-bulk", BENCH_US},
	{"  raw: 64 MiB by pread / process_vm_readv", "raw-pread-bulk", "raw-readv-bulk", BENCH_US},
	{"  a region / PROCMAP_QUERY", "walk", "raw-query-walk", BENCH_NS},
	{"  a region / maps by getline, strtoul", "walk", "raw-parse-by-hand", BENCH_NS},
	{"  MACH_TASK_BASIC_INFO / stat and status read", "basic-info", "raw-stat-status",
		BENCH_US},
};

int main(int argc, char **argv)
{
	static const BenchSuite suite = {
		.name = "bench-task",
		.measures = measures,
		.n_measures = ARRAY_SIZE(measures),
		.rows = rows,
		.n_rows = ARRAY_SIZE(rows),
	};

	if (argc == 3 && (strcmp(argv[1], "--hand") == 0 || strcmp(argv[1], "--nothing") == 0))
		return child_main(argv[1], argv[2]);
	return bench_main(&suite, argc, argv);
}
