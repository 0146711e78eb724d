/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host with a guest that it does not trust, each step in plain words:
 *
 *	launchd --session -- house-host /path/to/house-guest
 *
 * The host makes a namespace below its own and starts the guest in it, as another user if it is
 * root, else in a Landlock domain. By two handshakes the guest hands the host a port, and the host
 * its read port to the guest. The guest walks a structure in the host's memory, and can change
 * nothing. Then the host executes another image, and the port is dead.
 *
 * Exit status 0: all of it was as it should be.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bsm/libbsm.h>
#include <mach/mach_error.h>
#include <portcullis/child_port.h>
#include <servers/bootstrap.h>

#include "house.h"

#define NOBODY 65534
#define SECOND_LIFE "--second-life"

static Room cellar = {.name = "cellar"}, kitchen = {.next = &cellar, .name = "kitchen"},
	    attic = {.next = &kitchen, .name = "attic"};
static House house = {HOUSE_MAGIC, &attic, "look at all of it, touch none of it"};

static pid_t guest_pid = -1;

static void say(const char *text)
{
	printf("\n== %s\n", text);
	(void)fflush(stdout);
}

static void fail(const char *what, const char *why)
{
	printf("host:     %s: %s\n", what, why);
	exit(1);
}

static void must(const char *what, kern_return_t kr)
{
	if (kr != KERN_SUCCESS)
		fail(what, mach_error_string(kr));
}

static void *wind_clocks(void *unused)
{
	(void)unused;
	for (;;) {
		for (Room *r = house.rooms; r; r = r->next)
			__atomic_fetch_add(&r->clock, 1, __ATOMIC_RELAXED);
		(void)usleep(1000);
	}
	return NULL;
}

/* A tool of this project, with output between ours. */
static void show(const char *tool, const char *argument)
{
	int status = 1;
	pid_t pid;

	printf("$ %s %s\n", tool, argument);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)execlp(tool, tool, argument, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		fail(tool, "it failed");
}

/* --- Where the guest lives --- */

/* Older headers have neither the calls nor the second scope's number. */
static int enter_landlock_domain(void)
{
	struct {
		uint64_t handled_access_fs, handled_access_net, scoped;
	} rules = {.scoped = 1 << 0 | 1 << 1}; /* no abstract sockets, no signals outside */
	int fd = (int)syscall(444, &rules, sizeof(rules), 0); /* landlock_create_ruleset */

	if (fd < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		syscall(446, fd, 0) < 0) /* landlock_restrict_self */
		return -1;
	return close(fd);
}

static bool is_other_user(const char *program)
{
	pid_t pid;
	int status = 1;

	if (geteuid() != 0)
		return false;
	/* It must be able to get at its own program. */
	pid = fork();
	if (pid == 0)
		_exit(setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
					setresuid(NOBODY, NOBODY, NOBODY) || access(program, X_OK)
				? 1
				: 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* In the child: what it is to have is its namespace, its pipes, and no way back. */
static void become_guest(bool other_user)
{
	if (other_user && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
				  setresuid(NOBODY, NOBODY, NOBODY)))
		_exit(120);
	if (enter_landlock_domain() < 0)
		_exit(121);
}

static pid_t start(const char *program, bool other_user, int inbox_pipe, int read_pipe)
{
	char one[16], two[16];
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid != 0)
		return pid;
	become_guest(other_user);
	if (inbox_pipe < 0) {
		(void)execl(program, program, "--impostor", (char *)NULL);
	} else {
		(void)fcntl(inbox_pipe, F_SETFD, 0);
		(void)fcntl(read_pipe, F_SETFD, 0);
		(void)snprintf(one, sizeof(one), "%d", inbox_pipe);
		(void)snprintf(two, sizeof(two), "%d", read_pipe);
		(void)execl(program, program, one, two, (char *)NULL);
	}
	_exit(122);
}

static void await_exit(const char *who, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail(who, "did not end as it should");
}

/* --- The steps --- */

static mach_port_t make_namespace(void)
{
	mach_port_t subset;

	must("a namespace", bootstrap_subset(bootstrap_port, mach_task_self(), &subset));
	return subset;
}

/* Children are born with this one as their bootstrap port. */
static void children_get(mach_port_t namespace)
{
	must("the children's bootstrap port", task_set_bootstrap_port(mach_task_self(), namespace));
}

/* The pipe's other end is the guest's alone; a stranger has none, and finds the service only. */
static void refuse_impostor(portcullis_handshake_t handshake, const char *program, bool other_user)
{
	await_exit("the impostor", start(program, other_user, -1, -1));
	if (portcullis_handshake_step(handshake) != PORTCULLIS_HANDSHAKE_PENDING)
		fail("the impostor", "was taken for the guest");
	printf("host:     a message without the token: it was destroyed, and we go on waiting\n");
}

static mach_port_t hear_from_guest(portcullis_handshake_t handshake)
{
	audit_token_t token;
	mach_port_t inbox;

	must("the handshake", handshake_wait(handshake));
	must("the guest's port", portcullis_handshake_get_port(handshake, &inbox, NULL));
	must("whose it is", portcullis_handshake_get_peer(handshake, &token));
	printf("host:     a port has come with the token, from pid %d, user %d, as the kernel "
	       "says;\n"
	       "host:     the guest that we started is %d\n",
		(int)audit_token_to_pid(token), (int)audit_token_to_euid(token), (int)guest_pid);
	if (audit_token_to_pid(token) != guest_pid)
		fail("the handshake", "that is another process");
	portcullis_handshake_destroy(handshake);
	return inbox;
}

static void invite(mach_port_t inbox, mach_port_t desk)
{
	Visit m = {.header = {.msgh_bits = MACH_MSGH_BITS(
				      MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND),
			   .msgh_size = VISIT_SIZE,
			   .msgh_remote_port = inbox,
			   .msgh_local_port = desk,
			   .msgh_id = MESSAGE_VISIT},
		.house = (mach_vm_address_t)&house};

	must("to invite the guest", mach_msg_send(&m.header));
}

static void await_done(mach_port_t desk)
{
	Done in;

	must("to hear from the guest", mach_msg(&in.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
					       sizeof(in), desk, PATIENCE_MS, MACH_PORT_NULL));
	if (in.header.msgh_id != MESSAGE_DONE)
		fail("the guest", "says something else");
}

static void show_moment(void)
{
	char pid[16];

	say("This is the moment: the namespaces, and who holds what");
	show("launchctl", "bstree");
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	show("lsmp", pid);
	(void)snprintf(pid, sizeof(pid), "%d", (int)guest_pid);
	show("lsmp", pid);
}

static mach_port_t meet_guest(const char *program, bool other_user, mach_port_t namespace)
{
	int inbox_server, inbox_client, read_server, read_client;
	portcullis_handshake_t handshake;
	mach_port_t inbox, read_port;

	say("Two handshakes: the guest hands over a port of its own, the host its read port.\n"
	    "   Before that, an impostor in the same namespace tries to be the guest");
	must("a pipe", portcullis_handshake_pipe(&inbox_server, &inbox_client));
	must("a pipe", portcullis_handshake_pipe(&read_server, &read_client));
	must("to be the server of a handshake",
		portcullis_handshake_start_server(
			namespace, inbox_server, MACH_MSG_TYPE_PORT_SEND, &handshake));
	refuse_impostor(handshake, program, other_user);
	guest_pid = start(program, other_user, inbox_client, read_server);
	(void)close(inbox_client);
	(void)close(read_server);
	inbox = hear_from_guest(handshake);
	must("the read port", task_get_special_port(mach_task_self(), TASK_READ_PORT, &read_port));
	must("to hand over the read port",
		portcullis_handshake_check_in(
			namespace, read_client, read_port, MACH_MSG_TYPE_COPY_SEND, PATIENCE_MS));
	return inbox;
}

/* What exec leaves: the process and its children. The guest must have seen that the host is
 * another. */
static int second_life(pid_t guest)
{
	await_exit("the guest", guest);
	say("All of it was as it should be");
	return 0;
}

static void end_first_life(char *self)
{
	char guest[16], life[] = SECOND_LIFE;
	char *argv[] = {self, life, guest, NULL};

	say("The host executes another image; its memory is gone, and so is what the port stood "
	    "for");
	(void)snprintf(guest, sizeof(guest), "%d", (int)guest_pid);
	(void)execv("/proc/self/exe", argv);
	fail("exec", strerror(errno));
}

int main(int argc, char **argv)
{
	mach_port_t own = bootstrap_port, namespace, inbox, desk;
	bool other_user;
	pthread_t clock;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && !strcmp(argv[1], SECOND_LIFE))
		return second_life((pid_t)atoi(argv[2]));
	if (argc != 2) {
		fprintf(stderr, "usage: launchd --session -- house-host /path/to/house-guest\n");
		return 2;
	}
	say("A session of its own: a bootstrap server for this command, without root or "
	    "installation");
	printf("host:     pid %d, user %d; it keeps a house of three rooms, whose clocks go on\n",
		(int)getpid(), (int)geteuid());
	if (pthread_create(&clock, NULL, wind_clocks, NULL))
		fail("a thread", "there is none to be had");
	say("A namespace for the guest, below the host's");
	namespace = make_namespace();
	children_get(namespace);
	other_user = is_other_user(argv[1]);
	printf("host:     the guest will be %s\n",
		other_user ? "user 65534, in a Landlock domain"
			   : "of the host's user, in a Landlock domain");
	inbox = meet_guest(argv[1], other_user, namespace);
	children_get(own);
	must("a port", mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &desk));
	invite(inbox, desk);
	await_done(desk);
	show_moment();
	end_first_life(argv[0]);
	return 1;
}
