/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children that execute another program: what that inherits, and what comes of it when the environment and
 * the descriptors were anybody's in between. The program is this file, started with another argument.
 */
#include <spawn.h>
#include <sys/socket.h>

#define INTEGRATION_PROGRAM child_program
static int child_program(int argc, char **argv);

#include "tests/integration/children.h"

#define VARIABLE "PORTCULLIS_PORTS"

static int program_inherits(void)
{
	mach_port_t ports[3], own;

	ASSERT_EQ(count_names(), 3);
	ASSERT_EQ(type_of(bootstrap_port), MACH_PORT_TYPE_SEND);
	look_up(ports);
	own = make_receive();
	give(bootstrap_port, BOOT, own, MAKE);
	tell(ports[0], HELLO);
	tell(ports[1], WORD + 1);
	ASSERT_EQ(ports[2], MACH_PORT_NULL);
	hear(own, GO);
	destroy(own);
	return 0;
}

/* Nothing was inherited; all else works. */
static int program_is_alone(void)
{
	mach_port_t ports[3], port;

	ASSERT_EQ(bootstrap_port, MACH_PORT_NULL);
	ASSERT_EQ(count_names(), 2);
	look_up(ports);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(ports[i], MACH_PORT_NULL);
	port = make_send_receive();
	post(port, WORD);
	hear(port, WORD);
	set_bootstrap(port);
	reap(fork_child(bootstrap_user, NULL), 0);
	hear(port, BOOT);
	return 0;
}

/* Only the bootstrap port is gone. */
static int program_lacks_bootstrap(void)
{
	mach_port_t ports[3];

	ASSERT_EQ(bootstrap_port, MACH_PORT_NULL);
	look_up(ports);
	tell(ports[0], HELLO);
	return 0;
}

/* What it is told, it tells: the variable is there or not, and what it says does no harm. */
static int program_survives(void)
{
	mach_port_t ports[3], port = make_send_receive();

	look_up(ports);
	post(port, WORD);
	hear(port, WORD);
	return 0;
}

static int child_program(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} programs[] = {
		{"inherits", program_inherits},
		{"alone", program_is_alone},
		{"lacks-bootstrap", program_lacks_bootstrap},
		{"survives", program_survives},
	};

	ASSERT_EQ(argc, 1);
	for (unsigned i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (strcmp(programs[i].name, argv[0]) == 0)
			return programs[i].run();
	return 1;
}

static void expect_program(pid_t pid)
{
	reap(pid, 0);
}

/* Runs it by a shell command, in which $0 is the program. */
static pid_t run_by_shell(const char *command, const char *program)
{
	pid_t pid;

	fflush(stdout);
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		execlp("sh", "sh", "-c", command, own_path(), program, (char *)NULL);
		_exit(9);
	}
	return pid;
}

typedef struct Family {
	mach_port_t boot, one;
} Family;

static Family family_begin(Stage *s)
{
	Family f = {make_send_receive(), make_send_receive()};

	ASSERT_EQ(mach_ports_register(SELF, (mach_port_t[]){s->hub, f.one}, 2), KERN_SUCCESS);
	set_bootstrap(f.boot);
	return f;
}

static void family_end(Stage *s, Family *f)
{
	ASSERT_EQ(mach_ports_register(SELF, &s->hub, 1), KERN_SUCCESS);
	set_bootstrap(MACH_PORT_NULL);
	hear_nothing(f->boot);
	hear_nothing(f->one);
	destroy(f->boot);
	destroy(f->one);
}

static void talk_to_child(Stage *s, Family *f, pid_t pid)
{
	mach_port_t child = take(f->boot, BOOT);

	hear(s->hub, HELLO);
	receive_id(f->one, WORD + 1, &received);
	ASSERT_EQ(audit_token_to_pid(audit_of(&received)), pid);
	tell(child, GO);
	expect_program(pid);
	deallocate(child);
}

STAGE(a_program_inherits_its_special_ports)
{
	Family f = family_begin(s);

	for (int i = 0; i < 3; i++)
		talk_to_child(s, &f, run_by_shell("exec \"$0\" --program \"$1\"", "inherits"));
	family_end(s, &f);
}

STAGE(special_ports_pass_through_programs_that_know_nothing_of_them)
{
	Family f = family_begin(s);

	talk_to_child(s, &f,
		run_by_shell("exec env A=b nice sh -c 'exec \"$0\" --program \"$1\"' \"$0\" \"$1\"",
			"inherits"));
	family_end(s, &f);
}

STAGE(posix_spawn_hands_them_on)
{
	Family f = family_begin(s);
	char *argv[] = {(char *)(uintptr_t)own_path(), (char *)(uintptr_t) "--program",
		(char *)(uintptr_t) "inherits", NULL};
	pid_t pid;

	ASSERT_OK(posix_spawn(&pid, own_path(), NULL, NULL, argv, environ));
	talk_to_child(s, &f, pid);
	family_end(s, &f);
}

/* The environment and the descriptors are anybody's. */

STAGE(without_the_variable_there_is_nothing)
{
	Family f = family_begin(s);

	expect_program(run_by_shell("unset " VARIABLE "; exec \"$0\" --program \"$1\"", "alone"));
	expect_program(run_by_shell("exec env -i \"$0\" --program \"$1\"", "alone"));
	family_end(s, &f);
}

STAGE(nonsense_in_the_variable_is_nothing)
{
	static const char *const values[] = {"", ":", "x", "7", "200", "-1:0", "0:0", "1:0", "2:0",
		"200:", "200:zz", "202:0", "99999999999999999999:0", "202:0000000000000000",
		"202:0000000000000000 ", " 202:0", "0x10:0", "999999:1111111111111111",
		"::::", "202:ffffffffffffffffffffffffffffffffffffff"};
	Family f = family_begin(s);

	for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
		char command[256];

		snprintf(command, sizeof(command),
			VARIABLE "='%s'; export " VARIABLE "; exec \"$0\" --program \"$1\"",
			values[i]);
		expect_program(run_by_shell(command, "alone"));
	}
	family_end(s, &f);
}

STAGE(a_wrong_cookie_is_nothing)
{
	Family f = family_begin(s);

	expect_program(run_by_shell(
		VARIABLE "=\"${" VARIABLE "%?}x\"; exec \"$0\" --program \"$1\"", "alone"));
	expect_program(run_by_shell(VARIABLE
		"=\"${" VARIABLE "%%:*}:0123456789abcdef\"; exec \"$0\" --program \"$1\"",
		"alone"));
	family_end(s, &f);
}

/* A child that spoils what it has inherited before it executes the program. */
typedef void (*Spoil)(void);

/* The descriptors without close-on-exec above the usual ones: the block's, in order of their birth. */
static int inherited_fd(unsigned nth)
{
	for (int fd = 100; fd < 1000; fd++) {
		int flags = fcntl(fd, F_GETFD);
		struct stat st;

		if (flags < 0 || flags & FD_CLOEXEC || fstat(fd, &st) < 0)
			continue;
		if ((S_ISSOCK(st.st_mode) || S_ISREG(st.st_mode)) && nth-- == 0)
			return fd;
	}
	return -1;
}

static int block_fd(void)
{
	const char *value = getenv(VARIABLE);

	return value ? atoi(value) : -1;
}

static void run_spoilt(Spoil spoil, const char *program)
{
	pid_t pid;

	fflush(stdout);
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		spoil();
		execl(own_path(), own_path(), "--program", program, (char *)NULL);
		_exit(9);
	}
	expect_program(pid);
}

static void close_all(void)
{
	closefrom(3);
}

static void close_first_address(void)
{
	ASSERT_SYS(close(inherited_fd(0)));
}

static void replace(int fd, int by)
{
	ASSERT_GE(fd, 0);
	ASSERT_SYS(dup2(by, fd));
	(void)fcntl(fd, F_SETFD, 0);
}

static void address_is_a_file(void)
{
	replace(inherited_fd(0), ASSERT_SYS(open("/dev/null", O_RDWR | O_CLOEXEC)));
}

static void address_is_another_socket(void)
{
	int pair[2];

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
	replace(inherited_fd(0), pair[0]);
}

static void block_is_a_file(void)
{
	replace(block_fd(), ASSERT_SYS(open("/dev/zero", O_RDWR | O_CLOEXEC)));
}

static void block_is_a_terminal_of_pipes(void)
{
	int ends[2];

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	replace(block_fd(), ends[0]);
}

/* The same block, but somebody can write to it. */
static void block_is_unsealed(void)
{
	int fd = ASSERT_SYS(memfd_create("portcullis-ports", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	char bytes[4096];
	ssize_t n = pread(block_fd(), bytes, sizeof(bytes), 0);

	ASSERT_GT(n, 0);
	ASSERT_EQ(write(fd, bytes, (size_t)n), n);
	replace(block_fd(), fd);
}

static void seal(int fd)
{
	ASSERT_SYS(
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
}

/* Sealed, with the right cookie; the rest is noise. */
static void block_is_noise(void)
{
	int fd = ASSERT_SYS(memfd_create("portcullis-ports", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	unsigned char bytes[4096];
	ssize_t n = pread(block_fd(), bytes, sizeof(bytes), 0);

	ASSERT_GT(n, 16);
	for (ssize_t i = 16; i < n; i++)
		bytes[i] = (unsigned char)(i * 37 + 11);
	ASSERT_EQ(write(fd, bytes, (size_t)n), n);
	seal(fd);
	replace(block_fd(), fd);
}

/* Every byte of the block once wrong: whatever comes of it, no crash and no hang. */
static unsigned spoilt_byte;

static void block_has_a_wrong_byte(void)
{
	int fd = ASSERT_SYS(memfd_create("portcullis-ports", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	unsigned char bytes[4096];
	ssize_t n = pread(block_fd(), bytes, sizeof(bytes), 0);

	ASSERT_GT(n, 0);
	bytes[spoilt_byte % (size_t)n] ^= (unsigned char)(1u << spoilt_byte % 8);
	ASSERT_EQ(write(fd, bytes, (size_t)n), n);
	seal(fd);
	replace(block_fd(), fd);
}

static void block_is_too_short(void)
{
	int fd = ASSERT_SYS(memfd_create("portcullis-ports", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	char bytes[4096];
	ssize_t n = pread(block_fd(), bytes, sizeof(bytes), 0);

	ASSERT_GT(n, 8);
	ASSERT_EQ(write(fd, bytes, (size_t)n - 8), n - 8);
	seal(fd);
	replace(block_fd(), fd);
}

STAGE(closed_descriptors_are_missed)
{
	Family f = family_begin(s);

	run_spoilt(close_all, "alone");
	run_spoilt(close_first_address, "lacks-bootstrap");
	hear(s->hub, HELLO);
	family_end(s, &f);
}

STAGE(other_descriptors_in_their_place_are_seen)
{
	Family f = family_begin(s);

	run_spoilt(address_is_a_file, "lacks-bootstrap");
	hear(s->hub, HELLO);
	run_spoilt(address_is_another_socket, "lacks-bootstrap");
	hear(s->hub, HELLO);
	run_spoilt(block_is_a_file, "alone");
	run_spoilt(block_is_a_terminal_of_pipes, "alone");
	run_spoilt(block_is_unsealed, "alone");
	run_spoilt(block_is_too_short, "alone");
	family_end(s, &f);
}

STAGE(noise_in_their_place_is_survived)
{
	Family f = family_begin(s);

	run_spoilt(block_is_noise, "survives");
	for (spoilt_byte = 0; spoilt_byte < 300; spoilt_byte += 3)
		run_spoilt(block_has_a_wrong_byte, "survives");
	family_end(s, &f);
}

/* A peer that executes another program: what it had dies. */
static void exec_victim(PeerCtx *ctx)
{
	mach_port_t hub, right, notify = make_receive();
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	right = take(own, GIVE);
	request_new(own, MACH_NOTIFY_NO_SENDERS, 0, notify);
	(void)right;
	tell(hub, DONE);
	peer_reach(ctx, "ready");
	execl(own_path(), own_path(), "--program", "inherits", (char *)NULL);
}

STAGE(rights_die_on_exec)
{
	Family f = family_begin(s);
	mach_port_t port = make_receive(), notify = make_receive(), deaths = make_receive(), own;
	Peer *peer = stage_spawn_with_port(s, "victim", exec_victim, NULL, &own);

	give(own, GIVE, port, MAKE);
	hear(s->hub, DONE);
	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	request_new(own, MACH_NOTIFY_DEAD_NAME, 0, deaths);
	harness_wait(s->h, peer, "ready");
	hear_nothing(notify);
	hear_nothing(deaths);
	harness_release(peer);
	await_no_senders(notify, 1);
	await_dead_name(deaths, own);
	{
		mach_port_t child = take(f.boot, BOOT);

		hear(s->hub, HELLO);
		hear(f.one, WORD + 1);
		tell(child, GO);
		deallocate(child);
	}
	harness_expect_exit(peer, 0);
	destroy(port);
	destroy(notify);
	destroy(deaths);
	destroy(own);
	family_end(s, &f);
}
