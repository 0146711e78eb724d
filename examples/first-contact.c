/* SPDX-License-Identifier: Apache-2.0 */
/*
 * first-contact: two processes, forks of this program, meet over a port. Each step says what
 * happens and what proves it; the first one that does not hold ends the program with status 1.
 *
 *	1  the child gets one right from its parent, and answers with a right of its own
 *	2  a remote procedure call, whose right to answer is good for one answer
 *	3  memory moves from one process to the other, without a copy
 *	4  a region that the other side can read, and cannot ever write
 *	5  lsmp looks at both, one of them stopped, and says who holds what
 *	6  kill -9: whoever held a right to the dead process's ports is told
 *
 * lsmp is the program of that name in PATH, or what LSMP in the environment or the first argument
 * says.
 */
#include <bsm/libbsm.h>
#include <errno.h>
#include <fcntl.h>
#include <mach/mach.h>
#include <mach/notify.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fileport.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 10000
#define MEMORY_SIZE ((vm_size_t)4 << 20)

enum { ID_HELLO = 1, ID_SQUARE, ID_MEMORY, ID_REGION, ID_WAIT, ID_IDLE };

/* Every message of this program; one kind of descriptor at most. */
typedef struct {
	mach_msg_header_t header;
	mach_msg_body_t body;
	union {
		mach_msg_port_descriptor_t port;
		mach_msg_ool_descriptor_t memory;
	};
	char text[160];
	int64_t number;
	mach_msg_audit_trailer_t
		room_for_trailer; /* it follows the message, however long that is */
} Message;

#define MESSAGE_SIZE offsetof(Message, room_for_trailer)

static const char *who = "parent";

__attribute__((noreturn, format(printf, 1, 2))) static void give_up(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "first-contact: %s: ", who);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void check(kern_return_t kr, const char *what)
{
	if (kr != KERN_SUCCESS)
		give_up("%s: %s", what, mach_error_string(kr));
}

/* A fact that the step rests on; `held` is what was looked at. */
static void prove(bool held, const char *fact)
{
	if (!held)
		give_up("does not hold: %s", fact);
	printf("     proof: %s\n", fact);
}

static mach_port_t new_port(void)
{
	mach_port_t port;

	check(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), "allocate");
	return port;
}

static Message message_to(mach_port_t to, mach_msg_type_name_t how, int id)
{
	return (Message){
		.header =
			{
				.msgh_bits = MACH_MSGH_BITS(how, 0),
				.msgh_size = MESSAGE_SIZE,
				.msgh_remote_port = to,
				.msgh_id = id,
			},
	};
}

static void add_right(Message *m, mach_port_t name, mach_msg_type_name_t how)
{
	m->header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	m->body.msgh_descriptor_count = 1;
	m->port = (mach_msg_port_descriptor_t){
		.name = name,
		.disposition = how,
		.type = MACH_MSG_PORT_DESCRIPTOR,
	};
}

static void send_message(Message *m)
{
	check(mach_msg(&m->header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, MESSAGE_SIZE, 0,
		      MACH_PORT_NULL, WAIT_MS, MACH_PORT_NULL),
		"send");
}

static void receive(mach_port_t port, int id, Message *m)
{
	const mach_msg_option_t options = MACH_RCV_MSG | MACH_RCV_TIMEOUT |
					  MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0) |
					  MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT);

	check(mach_msg(&m->header, options, 0, sizeof(*m), port, WAIT_MS, MACH_PORT_NULL),
		"receive");
	if (m->header.msgh_id != id)
		give_up("message %d came instead of %d", m->header.msgh_id, id);
}

/* The process that sent a message, in the word of the kernel; 0: the library made it. */
static pid_t sender_of(const Message *m)
{
	const mach_msg_audit_trailer_t *trailer = (const void *)((const char *)m +
								 round_msg(m->header.msgh_size));

	return audit_token_to_pid(trailer->msgh_audit);
}

/* A request with a send-once right to `reply`, and the answer. */
static void call(Message *m, mach_port_t reply)
{
	int id = m->header.msgh_id;

	m->header.msgh_bits |= MACH_MSGH_BITS(0, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	m->header.msgh_local_port = reply;
	send_message(m);
	receive(reply, id, m);
}

/* The line of /proc/self/maps for an address, from the permissions on; false: there is none. */
static bool find_mapping(const void *address, char *line, size_t size)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	bool found = false;

	while (maps && !found && fgets(line, (int)size, maps))
		found = sscanf(line, "%lx-%lx", &start, &end) == 2 &&
			start <= (unsigned long)address && (unsigned long)address < end;
	if (maps)
		fclose(maps);
	line[strcspn(line, "\n")] = '\0';
	return found;
}

/* The child's side. */

static mach_msg_return_t answer(const Message *request, const char *text, int64_t number)
{
	Message m = message_to(request->header.msgh_remote_port,
		MACH_MSGH_BITS_REMOTE(request->header.msgh_bits), request->header.msgh_id);

	snprintf(m.text, sizeof(m.text), "%s", text);
	m.number = number;
	return mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, MESSAGE_SIZE, 0,
		MACH_PORT_NULL, WAIT_MS, MACH_PORT_NULL);
}

static void child_looks_at_memory(const Message *m)
{
	const char *bytes = m->memory.address;
	char line[512], text[sizeof(m->text)];
	int64_t sum = 0;

	for (vm_size_t i = 0; i < m->memory.size; i++)
		sum += bytes[i];
	if (!find_mapping(bytes, line, sizeof(line)))
		give_up("what arrived is mapped nowhere");
	snprintf(text, sizeof(text), "%s", strchr(line, ' ') + 1);
	check(answer(m, text, sum), "answer");
	check(vm_deallocate(mach_task_self(), (vm_address_t)m->memory.address, m->memory.size),
		"vm_deallocate");
}

/* Tries all ways to change a region that came as a descriptor; tells what became of them. */
static void child_tries_to_write(const Message *m)
{
	int fd = fileport_makefd(m->port.name);
	const char *shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	char text[sizeof(m->text)];
	const char *writable;
	int failed = 0;

	if (fd < 0 || shared == MAP_FAILED)
		give_up("the region cannot be read: %s", strerror(errno));
	failed += pwrite(fd, "x", 1, 0) < 0 && errno == EPERM;
	writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	failed += writable == MAP_FAILED;
	failed += mprotect((void *)shared, 4096, PROT_READ | PROT_WRITE) < 0;
	failed += ftruncate(fd, 0) < 0 && errno == EPERM;
	snprintf(text, sizeof(text), "%s", shared);
	check(answer(m, text, failed), "answer");
	munmap((void *)shared, 4096);
	close(fd);
}

static void child_serves(mach_port_t port)
{
	Message m, again;
	mach_msg_return_t second;

	receive(port, ID_SQUARE, &m);
	check(answer(&m, "", m.number * m.number), "answer");
	second = answer(&m, "", 0);
	again = message_to(bootstrap_port, MACH_MSG_TYPE_COPY_SEND, ID_SQUARE);
	again.number = second;
	send_message(&again);

	receive(port, ID_MEMORY, &m);
	child_looks_at_memory(&m);
	receive(port, ID_REGION, &m);
	child_tries_to_write(&m);

	/* This one is never answered: the right to do so dies with us. */
	receive(port, ID_WAIT, &m);
	raise(SIGSTOP);
	for (;;)
		pause();
}

static void child_main(pid_t parent)
{
	mach_port_t mine = new_port();
	Message hello = message_to(bootstrap_port, MACH_MSG_TYPE_COPY_SEND, ID_HELLO);

	who = "child";
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		exit(1);
	add_right(&hello, mine, MACH_MSG_TYPE_MAKE_SEND);
	hello.number = mine;
	snprintf(hello.text, sizeof(hello.text), "hello from process %d", getpid());
	send_message(&hello);
	child_serves(mine);
}

/* The parent's side, step by step. */

static pid_t step_meet(mach_port_t port, mach_port_t *ret_child_port)
{
	pid_t self = getpid(), child;
	Message m;

	printf("1. A right to one port is all that the child gets from its parent; it sends back a "
	       "right\n   to a port of its own.\n");
	check(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		"insert_right");
	check(task_set_bootstrap_port(mach_task_self(), port), "set_bootstrap_port");
	fflush(stdout);
	child = fork();
	if (child == 0)
		child_main(self);
	if (child < 0)
		give_up("fork: %s", strerror(errno));
	receive(port, ID_HELLO, &m);
	*ret_child_port = m.port.name;
	printf("     \"%s\"; its port is called %#llx there and %#x here\n", m.text,
		(unsigned long long)m.number, m.port.name);
	prove(sender_of(&m) == child, "the kernel itself names the child as the sender");
	return child;
}

static void step_call(mach_port_t port, mach_port_t child_port, mach_port_t reply)
{
	Message m = message_to(child_port, MACH_MSG_TYPE_COPY_SEND, ID_SQUARE);

	printf("2. The parent calls the child. The request carries a send-once right to answer "
	       "with.\n");
	m.number = 111;
	call(&m, reply);
	printf("     the square of 111 is %lld\n", (long long)m.number);
	prove(m.number == 12321, "the answer is right");
	receive(port, ID_SQUARE, &m);
	prove(m.number == MACH_SEND_INVALID_DEST,
		"the child tried to answer twice, and had no right to any more");
}

static void step_memory(mach_port_t child_port, mach_port_t reply)
{
	Message m = message_to(child_port, MACH_MSG_TYPE_COPY_SEND, ID_MEMORY);
	vm_address_t address = 0;
	char line[512];

	printf("3. %zu MiB move from the parent to the child, without a copy.\n",
		(size_t)(MEMORY_SIZE >> 20));
	check(vm_allocate(mach_task_self(), &address, MEMORY_SIZE, VM_FLAGS_ANYWHERE),
		"vm_allocate");
	memset((void *)address, 1, MEMORY_SIZE);
	m.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	m.body.msgh_descriptor_count = 1;
	m.memory = (mach_msg_ool_descriptor_t){
		.address = (void *)address,
		.size = MEMORY_SIZE,
		.deallocate = TRUE,
		.type = MACH_MSG_OOL_DESCRIPTOR,
	};
	call(&m, reply);
	prove(m.number == (int64_t)MEMORY_SIZE, "the child read every byte");
	prove(!find_mapping((void *)address, line, sizeof(line)) || !strstr(line, "/memfd:"),
		"the parent has it no more");
	printf("     there: %s\n", m.text);
	prove(strstr(m.text, "/memfd:") && m.text[3] == 'p',
		"the child has the pages of the memfd themselves, privately");
}

static void step_region(mach_port_t child_port, mach_port_t reply)
{
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	const char text[] = "written once, read by all";
	Message m = message_to(child_port, MACH_MSG_TYPE_COPY_SEND, ID_REGION);
	int fd = memfd_create("first-contact", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	fileport_t region;

	printf("4. The parent gives the child a region of memory that can only be read.\n");
	if (fd < 0 || ftruncate(fd, 4096) < 0 || pwrite(fd, text, sizeof(text), 0) < 0 ||
		fcntl(fd, F_ADD_SEALS, seals) < 0 || fileport_makeport(fd, &region) < 0)
		give_up("the region: %s", strerror(errno));
	prove(fcntl(fd, F_GET_SEALS) == seals, "the kernel has sealed it, for the parent too");
	close(fd);
	add_right(&m, region, MACH_MSG_TYPE_MOVE_SEND);
	call(&m, reply);
	printf("     the child reads \"%s\"\n", m.text);
	prove(!strcmp(m.text, text), "these are the bytes that were written");
	prove(m.number == 4, "write, a writable mapping, mprotect and truncate: all four refused");
}

/* The text that a program prints; it is looked up in PATH. */
static FILE *start_lsmp(const char *lsmp, pid_t child, pid_t *ret_pid)
{
	char self_text[16], child_text[16];
	int ends[2];

	snprintf(self_text, sizeof(self_text), "%d", getpid());
	snprintf(child_text, sizeof(child_text), "%d", child);
	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) < 0)
		give_up("%s: %s", lsmp, strerror(errno));
	*ret_pid = fork();
	if (*ret_pid < 0)
		give_up("%s: %s", lsmp, strerror(errno));
	if (*ret_pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execlp(lsmp, lsmp, self_text, child_text, (char *)NULL);
		give_up("%s: %s", lsmp, strerror(errno));
	}
	close(ends[1]);
	return fdopen(ends[0], "re");
}

/* Runs lsmp on both, shows what it says, and returns it. */
static char *run_lsmp(const char *lsmp, pid_t child)
{
	size_t size = 0;
	char *all = NULL, line[512];
	FILE *text = open_memstream(&all, &size);
	int status;
	pid_t pid;
	FILE *out = start_lsmp(lsmp, child, &pid);

	if (!out || !text)
		give_up("%s: %s", lsmp, strerror(errno));
	while (fgets(line, sizeof(line), out)) {
		printf("%s%s", line[0] == '\n' ? "" : "     ", line);
		fputs(line, text);
	}
	fclose(out);
	fclose(text);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		give_up("%s failed", lsmp);
	return all;
}

static bool line_has(const char *text, const char *a, const char *b, const char *c)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		char line[512];

		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		if (strstr(line, a) && strstr(line, b) && strstr(line, c))
			return true;
		text += n + (text[n] == '\n');
	}
	return false;
}

static void step_look(const char *lsmp, pid_t child, mach_port_t child_port, mach_port_t reply)
{
	Message m = message_to(child_port, MACH_MSG_TYPE_COPY_SEND, ID_WAIT);
	char by_child[64], by_parent[64];
	int status;
	char *text;

	printf("5. The child takes a request, stops without having answered, and gets another "
	       "message.\n   lsmp looks at both: it stops nobody, and needs no help.\n");
	m.header.msgh_bits |= MACH_MSGH_BITS(0, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	m.header.msgh_local_port = reply;
	send_message(&m);
	if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status))
		give_up("the child did not stop");
	m = message_to(child_port, MACH_MSG_TYPE_COPY_SEND, ID_IDLE);
	send_message(&m);
	text = run_lsmp(lsmp, child);
	snprintf(by_child, sizeof(by_child), "%d:send", child);
	snprintf(by_parent, sizeof(by_parent), "%d:send", getpid());
	prove(line_has(text, "receive,send", by_child, ""),
		"the child has a send right to the parent's port");
	prove(line_has(text, "receive", "0+/", by_parent) ||
			line_has(text, "receive", "0?/", by_parent),
		"the parent has one to the child's, where a message waits in the kernel");
	snprintf(by_child, sizeof(by_child), "%d:send-once", child);
	prove(line_has(text, "receive", by_child, ""),
		"the stopped child still owes the parent one answer");
	free(text);
}

static void step_kill(pid_t child, mach_port_t child_port, mach_port_t reply)
{
	mach_port_t told = new_port(), previous;
	mach_dead_name_notification_t n = {.not_port = MACH_PORT_NULL};
	mach_port_type_t type;
	Message m;

	printf("6. kill -9 ends the child. It has no chance to say goodbye; the kernel does.\n");
	check(mach_port_request_notification(mach_task_self(), child_port, MACH_NOTIFY_DEAD_NAME, 0,
		      told, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		"request_notification");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	check(mach_msg(&n.not_header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(n), told, WAIT_MS,
		      MACH_PORT_NULL),
		"receive");
	prove(n.not_header.msgh_id == MACH_NOTIFY_DEAD_NAME && n.not_port == child_port,
		"a dead-name notification came for the child's port");
	check(mach_port_type(mach_task_self(), child_port, &type), "type");
	prove(type & MACH_PORT_TYPE_DEAD_NAME, "its name now denotes a dead name");
	receive(reply, MACH_NOTIFY_SEND_ONCE, &m);
	prove(sender_of(&m) == 0, "the answer that was owed came as a send-once notification");
}

int main(int argc, char **argv)
{
	const char *lsmp = argc > 1 ? argv[1] : getenv("LSMP");
	mach_port_t port = new_port(), reply = new_port(), child_port;
	pid_t child;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("Two processes, %d and its child.\n\n", getpid());
	child = step_meet(port, &child_port);
	step_call(port, child_port, reply);
	step_memory(child_port, reply);
	step_region(child_port, reply);
	step_look(lsmp ? lsmp : "lsmp", child, child_port, reply);
	step_kill(child, child_port, reply);
	printf("\nAll of it held.\n");
	return 0;
}
