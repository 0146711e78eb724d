/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor: samples another process while it works: what the system counts of it, and what it counts
 * itself, in a structure on its heap. The worker takes part once, by handing out its read port and saying
 * where the structure is; from then on it is not asked, and does not notice. The monitor cannot
 * change anything: see extension-host.c for what keeps it so.
 *
 *	monitor [SAMPLES]
 *
 * What is read of a process that goes on is not of one moment. The worker makes a number odd before it
 * changes the structure, and even afterwards; the monitor reads again until it saw the same even
 * number before and after.
 */
#include <mach/mach.h>
#include <mach/mach_vm.h>
#include <mach/task_info.h>
#include <mach/vm_map.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N_KINDS 4
#define TRIES 1000
#define ITEM_SIZE 4096
#define LENGTH_MAX 4000

/* The worker's counters, on its heap. */
typedef struct Counters {
	_Atomic uint64_t version; /* odd while they are being changed */
	uint64_t done[N_KINDS];
	uint64_t list_length;
} Counters;

typedef struct Hello {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t task;
	uint64_t counters; /* where they are, there */
	mach_msg_trailer_t room_for_trailer;
} Hello;

static void check(kern_return_t kr, const char *what)
{
	if (kr == KERN_SUCCESS)
		return;
	fprintf(stderr, "monitor: %s: %s\n", what, mach_error_string(kr));
	exit(1);
}

/* The worker. */

static void say_hello(mach_port_t to, const Counters *counters)
{
	Hello hello = {
		.header =
			{
				.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0) |
					     MACH_MSGH_BITS_COMPLEX,
				.msgh_size = offsetof(Hello, room_for_trailer),
				.msgh_remote_port = to,
			},
		.body = {.msgh_descriptor_count = 1},
		.task = {.disposition = MACH_MSG_TYPE_MOVE_SEND, .type = MACH_MSG_PORT_DESCRIPTOR},
		.counters = (uint64_t)(uintptr_t)counters,
	};

	check(task_get_special_port(mach_task_self(), TASK_READ_PORT, &hello.task.name),
		"own read port");
	check(mach_msg_send(&hello.header), "hello");
}

_Noreturn static void work(mach_port_t to)
{
	Counters *counters = calloc(1, sizeof(*counters));
	void **list = NULL, **item;

	if (!counters)
		exit(1);
	say_hello(to, counters);
	for (uint64_t i = 0;; i++) {
		item = malloc(ITEM_SIZE);
		if (!item)
			continue;
		for (int k = 0; k < 64; k++)
			memset(item, k, ITEM_SIZE);
		atomic_fetch_add(&counters->version, 1);
		*item = list;
		list = item;
		counters->done[i % N_KINDS]++;
		counters->list_length++;
		for (; counters->list_length > LENGTH_MAX; counters->list_length--) {
			item = *list;
			free(list);
			list = item;
		}
		atomic_fetch_add(&counters->version, 1);
	}
}

static pid_t start_worker(mach_port_t port)
{
	pid_t parent = getpid(), child;

	check(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		"insert_right");
	check(task_set_bootstrap_port(mach_task_self(), port), "set_bootstrap_port");
	child = fork();
	if (child < 0) {
		perror("monitor: fork");
		exit(1);
	}
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			work(bootstrap_port);
		exit(1);
	}
	return child;
}

/* The monitor. */

static kern_return_t read_at(mach_port_t task, uint64_t from, void *to, size_t size)
{
	mach_vm_size_t n;

	return mach_vm_read_overwrite(task, from, size, (mach_vm_address_t)(uintptr_t)to, &n);
}

/* A copy of one moment, if one can be had. */
static void read_counters(mach_port_t task, uint64_t where, Counters *ret)
{
	uint64_t version = 1;

	for (int i = 0; i < TRIES; i++) {
		check(read_at(task, where, ret, sizeof(*ret)), "counters");
		check(read_at(task, where, &version, sizeof(version)), "version");
		if (version % 2 == 0 && version == atomic_load(&ret->version))
			return;
	}
	fprintf(stderr, "monitor: the worker is too fast\n");
}

/* What there is of memory that the worker can write to. */
static mach_vm_size_t count_writable(mach_port_t task)
{
	vm_region_basic_info_data_64_t info;
	mach_vm_address_t at = 0;
	mach_vm_size_t size, sum = 0;
	mach_msg_type_number_t n = VM_REGION_BASIC_INFO_COUNT_64;

	while (mach_vm_region(task, &at, &size, VM_REGION_BASIC_INFO_64, (vm_region_info_t)&info,
		       &n, NULL) == KERN_SUCCESS) {
		if (info.protection & VM_PROT_WRITE)
			sum += size;
		at += size;
	}
	return sum;
}

/* Returns how much work was done so far. */
static uint64_t sample(mach_port_t task, uint64_t where)
{
	mach_msg_type_number_t n = MACH_TASK_BASIC_INFO_COUNT,
			       n_live = TASK_THREAD_TIMES_INFO_COUNT;
	struct task_thread_times_info live;
	struct mach_task_basic_info info;
	Counters counters = {0};
	uint64_t sum = 0;
	double seconds;

	check(task_info(task, MACH_TASK_BASIC_INFO, (task_info_t)&info, &n), "task_info");
	check(task_info(task, TASK_THREAD_TIMES_INFO, (task_info_t)&live, &n_live), "task_info");
	seconds = live.user_time.seconds + live.system_time.seconds +
		  (live.user_time.microseconds + live.system_time.microseconds) / 1e6;
	read_counters(task, where, &counters);
	for (int i = 0; i < N_KINDS; i++)
		sum += counters.done[i];
	printf("%10.2f %12llu %12llu %12llu %12llu\n", seconds,
		(unsigned long long)info.resident_size / 1024,
		(unsigned long long)count_writable(task) / 1024, (unsigned long long)sum,
		(unsigned long long)counters.list_length);
	return sum;
}

int main(int argc, char **argv)
{
	int n_samples = argc > 1 ? atoi(argv[1]) : 5;
	struct timespec pause = {.tv_nsec = 50000000};
	uint64_t before = 0, now = 0;
	mach_port_t port;
	char byte = 0;
	Hello hello = {.counters = 0};
	pid_t pid;

	check(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), "allocate");
	pid = start_worker(port);
	check(mach_msg(&hello.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(hello), port,
		      10000, MACH_PORT_NULL),
		"hello of the worker");
	printf("process %d\n%10s %12s %12s %12s %12s\n", pid, "cpu s", "resident KB", "writable KB",
		"work done", "list");
	for (int i = 0; i < n_samples; i++) {
		before = now;
		now = sample(hello.task.name, hello.counters);
		nanosleep(&pause, NULL);
	}
	if (now < before || mach_vm_write(hello.task.name, hello.counters, (vm_offset_t)&byte, 1) !=
				    KERN_INVALID_CAPABILITY)
		return 1;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (read_at(hello.task.name, hello.counters, &byte, 1) != MACH_SEND_INVALID_DEST)
		return 1;
	printf("the worker has ended, and its port with it\n");
	return 0;
}
