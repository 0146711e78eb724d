/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lsmp looks at processes that work, stand still, die, lie, and hang whoever reads them.
 *
 * The program under test is the one that LSMP in the environment names. The layouts of the library
 * are used where a peer shall spoil its own memory, or that of nobody else.
 */
#include "tests/integration/integration.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <mach/semaphore.h>
#include <sys/fileport.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "port/anchor.h"

#define MAX_TEXT (1u << 20)
#define SAME_UID ((uid_t)-1)

/* Running lsmp. */

typedef struct Listing {
	int status;
	char out[MAX_TEXT];
	char err[65536];
	pid_t group; /* what lsmp leaves behind is in this process group */
} Listing;

static Listing listing;

static void read_back(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	ASSERT_GE(n, 0);
	ASSERT_LT((size_t)n, size - 1);
	text[n] = '\0';
	close(fd);
}

__attribute__((__noreturn__)) static void lsmp_exec(int lsmp, uid_t uid, char **argv)
{
	(void)setpgid(0, 0);
	if (uid != SAME_UID && (setgid(uid) < 0 || setuid(uid) < 0))
		_exit(98);
	/* The program may lie where that user cannot go. */
	fexecve(lsmp, argv, environ);
	_exit(99);
}

/* Runs lsmp with up to three arguments, as another user if uid says so. */
static const Listing *lsmp_as(uid_t uid, const char *a, const char *b, const char *c)
{
	char *argv[] = {(char *)"lsmp", (char *)a, (char *)b, (char *)c, NULL};
	const char *path = getenv("LSMP");
	int lsmp, out, err, status;

	if (!path)
		SKIP("LSMP names no program");
	lsmp = ASSERT_SYS(open(path, O_PATH | O_CLOEXEC));
	out = ASSERT_SYS(memfd_create("out", MFD_CLOEXEC));
	err = ASSERT_SYS(memfd_create("err", MFD_CLOEXEC));
	listing.group = ASSERT_SYS(fork());
	if (listing.group == 0) {
		(void)dup2(out, STDOUT_FILENO);
		(void)dup2(err, STDERR_FILENO);
		lsmp_exec(lsmp, uid, argv);
	}
	ASSERT_EQ(waitpid(listing.group, &status, 0), listing.group);
	ASSERT_TRUE(WIFEXITED(status));
	listing.status = WEXITSTATUS(status);
	close(lsmp);
	read_back(out, listing.out, sizeof(listing.out));
	read_back(err, listing.err, sizeof(listing.err));
	/* A reader that crashed, or a sanitizer that has something to say. */
	if (strstr(listing.err, "its reader ended") || strstr(listing.err, "Sanitizer"))
		FAIL("lsmp says: %s", listing.err);
	return &listing;
}

static const char *pid_text(pid_t pid)
{
	static char text[4][16];
	static unsigned i;

	i = (i + 1) % 4;
	snprintf(text[i], sizeof(text[i]), "%d", pid);
	return text[i];
}

#define lsmp(a, b, c) lsmp_as(SAME_UID, a, b, c)
#define lsmp_of(pid) expect_status(lsmp(pid_text(pid), NULL, NULL), 0)

static const Listing *expect_status(const Listing *l, int status)
{
	if (l->status != status)
		FAIL("status %d: %s%s", l->status, l->err, l->out);
	return l;
}

/* It fails for this process, and says why. */
static void expect_refusal(const Listing *l, pid_t pid, const char *why)
{
	char text[200];

	expect_status(l, 1);
	snprintf(text, sizeof(text), "lsmp: %d: %s", pid, why);
	ASSERT_STRSTR(l->err, text);
}

/* Looking at what it prints. */

/* What was printed of a process, up to the empty line behind it. With -a there are those of other tests
 * before and behind it, of which nothing is known. */
static const char *section_of(const Listing *l, pid_t pid)
{
	static char section[MAX_TEXT];
	char start[64];
	const char *p, *end;

	snprintf(start, sizeof(start), "\n\n%d ", pid);
	p = strncmp(l->out, start + 2, strlen(start + 2)) ? strstr(l->out, start) : l->out;
	if (!p)
		FAIL("process %d: not in: %s", pid, l->out);
	p += strspn(p, "\n");
	end = strstr(p, "\n\n");
	snprintf(section, sizeof(section), "%.*s", end ? (int)(end + 1 - p) : -1, p);
	return section;
}

/* The line of a name in what was printed of a process. */
static const char *line_of(const Listing *l, pid_t pid, mach_port_t name)
{
	const char *section = section_of(l, pid), *p;
	static char line[1024];
	char start[64];

	snprintf(start, sizeof(start), "\n  %#010x ", name);
	p = strstr(section, start);
	if (!p)
		FAIL("process %d, name %#x: not in: %s", pid, name, section);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(p + 1, "\n"), p + 1);
	return line;
}

static void expect_columns(const char *line, const char *rights, unsigned refs, const char *queue)
{
	char name[32], found[64], port[32], found_queue[32];
	unsigned n;

	ASSERT_EQ(sscanf(line, "%31s %63s %u %31s %31s", name, found, &n, port, found_queue), 5);
	ASSERT_STREQ(found, rights);
	ASSERT_EQ(n, refs);
	if (queue)
		ASSERT_STREQ(found_queue, queue);
}

/* The fourth column; "-" for none. */
static void port_column(const char *line, char port[32])
{
	ASSERT_EQ(sscanf(line, "%*s %*s %*s %31s", port), 1);
}

static const char *json_value(const char *p);

static const char *json_space(const char *p)
{
	return p + strspn(p, " \n\t");
}

static const char *json_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p != '\\')
			continue;
		p++;
		if (*p == 'u') {
			if (strspn(p + 1, "0123456789abcdef") < 4)
				return NULL;
			p += 4;
		} else if (!*p || !strchr("\"\\/bfnrt", *p)) {
			return NULL;
		}
	}
	return p + 1;
}

static const char *json_list(const char *p, bool is_object)
{
	char stop = is_object ? '}' : ']';

	p = json_space(p + 1);
	if (*p == stop)
		return p + 1;
	for (;;) {
		if (is_object) {
			p = json_string(json_space(p));
			if (!p || *(p = json_space(p)) != ':')
				return NULL;
			p++;
		}
		p = json_value(p);
		if (!p)
			return NULL;
		p = json_space(p);
		if (*p == stop)
			return p + 1;
		if (*p++ != ',')
			return NULL;
	}
}

/* The end of a well-formed value, or NULL. */
static const char *json_value(const char *p)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t n;

	p = json_space(p);
	if (*p == '{' || *p == '[')
		return json_list(p, *p == '{');
	if (*p == '"')
		return json_string(p);
	for (size_t i = 0; i < 3; i++)
		if (!strncmp(p, words[i], strlen(words[i])))
			return p + strlen(words[i]);
	n = strspn(p, "-0123456789");
	return n > 0 ? p + n : NULL;
}

static void expect_json(const Listing *l)
{
	const char *end = json_value(l->out);

	if (!end || *json_space(end))
		FAIL("not JSON, from: %.100s", end ? end : l->out);
}

/* A process with some of everything. */

typedef struct Zoo {
	mach_port_t busy, set, member, dead, once, guarded, reply, semaphore, fileport, asked;
	mach_port_t read, thread;
} Zoo;

static mach_port_t make_reply_right(void)
{
	mach_port_options_t options = {.flags = MPO_REPLY_PORT};
	mach_port_t name;

	ASSERT_EQ(mach_port_construct(SELF, &options, 0, &name), KERN_SUCCESS);
	return name;
}

static Zoo zoo_make(void)
{
	Zoo zoo = {
		.busy = make_receive(),
		.set = make_set(),
		.member = make_receive(),
		.dead = make_dead_name(),
		.guarded = make_receive(),
		.reply = make_reply_right(),
		.asked = make_receive(),
	};

	add_sends(zoo.busy, 7);
	ASSERT_EQ(set_qlimit(zoo.busy, 17), KERN_SUCCESS);
	for (int i = 0; i < 3; i++)
		post(zoo.busy, 4000 + i);
	zoo.once = make_send_once(zoo.busy);
	ASSERT_EQ(mach_port_insert_member(SELF, zoo.member, zoo.set), KERN_SUCCESS);
	ASSERT_EQ(mach_port_guard(SELF, zoo.guarded, 0x5ec7e7, TRUE), KERN_SUCCESS);
	ASSERT_EQ(semaphore_create(SELF, &zoo.semaphore, 0, 1), KERN_SUCCESS);
	ASSERT_EQ(fileport_makeport(STDOUT_FILENO, &zoo.fileport), 0);
	ASSERT_EQ(task_get_special_port(SELF, TASK_READ_PORT, &zoo.read), KERN_SUCCESS);
	zoo.thread = mach_thread_self();
	add_sends(zoo.asked, 1);
	request_new(zoo.asked, MACH_NOTIFY_NO_SENDERS, 0, zoo.busy);
	return zoo;
}

static void zoo_main(PeerCtx *ctx)
{
	Zoo zoo = zoo_make();

	peer_send_bytes(ctx, &zoo, sizeof(zoo));
	peer_reach(ctx, "open");
	/* Its rights go with the process. */
}

static Peer *zoo_start(Harness *h, uid_t uid, Zoo *ret)
{
	Peer *peer = uid == SAME_UID ? peer_spawn(h, "zoo", zoo_main, NULL)
				     : peer_spawn_as(h, uid, "zoo", zoo_main, NULL);

	ASSERT_EQ(harness_recv_bytes(peer, ret, sizeof(*ret)), sizeof(*ret));
	harness_wait(h, peer, "open");
	return peer;
}

static void zoo_stop(Peer *peer)
{
	harness_release(peer);
	harness_expect_exit(peer, 0);
}

static void expect_zoo(const Listing *l, pid_t pid, const Zoo *zoo)
{
	char text[64];

	expect_columns(line_of(l, pid, zoo->busy), "receive,send", 7, "3/17");
	ASSERT_STRSTR(line_of(l, pid, zoo->asked), "no-senders");
	expect_columns(line_of(l, pid, zoo->set), "set", 1, "-");
	snprintf(text, sizeof(text), "members %#010x\n", zoo->member);
	ASSERT_STRSTR(section_of(l, pid), text);
	expect_columns(line_of(l, pid, zoo->member), "receive", 1, "0/5");
	ASSERT_STRSTR(line_of(l, pid, zoo->member), "in-set");
	expect_columns(line_of(l, pid, zoo->dead), "dead", 1, "-");
	expect_columns(line_of(l, pid, zoo->once), "send-once", 1, "-");
	snprintf(text, sizeof(text), "to=%#010x", zoo->busy);
	ASSERT_STRSTR(line_of(l, pid, zoo->once), text);
	expect_columns(line_of(l, pid, zoo->guarded), "receive", 1, "0/5");
	ASSERT_STRSTR(line_of(l, pid, zoo->guarded), "guarded,strict");
	ASSERT_STRSTR(line_of(l, pid, zoo->reply), "reply");
	expect_columns(line_of(l, pid, zoo->semaphore), "send", 1, "-");
	ASSERT_STRSTR(line_of(l, pid, zoo->semaphore), "semaphore");
	ASSERT_STRSTR(line_of(l, pid, zoo->fileport), "fileport");
	snprintf(text, sizeof(text), "task-read,pid=%d", (int)pid);
	ASSERT_STRSTR(line_of(l, pid, zoo->read), text);
	snprintf(text, sizeof(text), "thread,pid=%d", (int)pid);
	ASSERT_STRSTR(line_of(l, pid, zoo->thread), text);
	ASSERT_TRUE(strstr(section_of(l, pid), "changing") == NULL);
	ASSERT_TRUE(strstr(section_of(l, pid), "unproven") == NULL);
}

/* What is there is shown, and nothing of it is changed. */

STAGE(all_kinds_of_rights_are_shown)
{
	Zoo zoo;
	Peer *peer = zoo_start(s->h, SAME_UID, &zoo);

	for (int i = 0; i < 3; i++)
		expect_zoo(lsmp_of(peer_pid(peer)), peer_pid(peer), &zoo);
	zoo_stop(peer);
}

STAGE(a_stopped_process_is_shown_too)
{
	Zoo zoo;
	Peer *peer = zoo_start(s->h, SAME_UID, &zoo);

	harness_stop(peer);
	expect_zoo(lsmp_of(peer_pid(peer)), peer_pid(peer), &zoo);
	harness_continue(peer);
	zoo_stop(peer);
}

TEST(root_sees_processes_of_others)
{
	Harness *h;
	Zoo zoo;
	Peer *peer;

	if (geteuid() != 0)
		SKIP("not root");
	h = harness_new();
	peer = zoo_start(h, HARNESS_NOBODY, &zoo);
	expect_zoo(lsmp_of(peer_pid(peer)), peer_pid(peer), &zoo);
	zoo_stop(peer);
	harness_finish(h);
}

STAGE(verbose_shows_messages_and_no_guard)
{
	Zoo zoo;
	Peer *peer = zoo_start(s->h, SAME_UID, &zoo);
	const Listing *l = expect_status(lsmp("-v", pid_text(peer_pid(peer)), NULL), 0);

	expect_zoo(l, peer_pid(peer), &zoo);
	ASSERT_STRSTR(l->out, "message id 4000, 24 bytes, 0 descriptors\n");
	ASSERT_STRSTR(l->out, "message id 4002, 24 bytes, 0 descriptors\n");
	ASSERT_TRUE(strstr(l->out, "5ec7e7") == NULL);
	zoo_stop(peer);
}

STAGE(json_says_the_same)
{
	Zoo zoo;
	Peer *peer = zoo_start(s->h, SAME_UID, &zoo);
	const Listing *l = expect_status(lsmp("-j", pid_text(peer_pid(peer)), NULL), 0);
	char text[200];

	expect_json(l);
	snprintf(text, sizeof(text), "{\"name\":%u,\"rights\":[\"receive\",\"send\"],\"refs\":7,",
		zoo.busy);
	ASSERT_STRSTR(l->out, text);
	snprintf(text, sizeof(text), "{\"name\":%u,\"rights\":[\"set\"]", zoo.set);
	ASSERT_STRSTR(l->out, text);
	snprintf(text, sizeof(text), "\"members\":[%u]", zoo.member);
	ASSERT_STRSTR(l->out, text);
	ASSERT_STRSTR(l->out, "\"queue\":{\"messages\":3,\"limit\":17,");
	ASSERT_STRSTR(l->out, "{\"id\":4001,\"bytes\":24,\"descriptors\":0,\"from\":0}");
	ASSERT_TRUE(strstr(l->out, "6211559") == NULL); /* the guard */
	zoo_stop(peer);
}

/* Who else has rights to a port. */

static void keep_one_right(PeerCtx *ctx)
{
	mach_port_t hub, right;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	right = take(own, 1);
	peer_send_u64(ctx, own);
	peer_send_u64(ctx, right);
	peer_send_u64(ctx, hub);
	peer_reach(ctx, "holding");
	destroy(right);
	destroy(own);
	peer_end();
}

typedef struct Keeper {
	Peer *peer;
	pid_t pid;
	mach_port_t theirs; /* our name for the peer's own port */
	mach_port_t own, right, hub; /* the peer's names */
} Keeper;

static Keeper keeper_start(Stage *s, mach_port_t name, unsigned kind)
{
	Keeper k;

	k.peer = stage_spawn_with_port(s, "keeper", keep_one_right, NULL, &k.theirs);
	k.pid = peer_pid(k.peer);
	give(k.theirs, 1, name, kind);
	k.own = (mach_port_t)harness_recv_u64(k.peer);
	k.right = (mach_port_t)harness_recv_u64(k.peer);
	k.hub = (mach_port_t)harness_recv_u64(k.peer);
	harness_wait(s->h, k.peer, "holding");
	return k;
}

static void keeper_stop(Keeper *k)
{
	harness_release(k->peer);
	harness_expect_exit(k->peer, 0);
	destroy(k->theirs);
}

static void expect_holder(
	const Listing *l, pid_t pid, mach_port_t name, pid_t holder, const char *what)
{
	char text[64];

	snprintf(text, sizeof(text), "%d:%s", holder, what);
	ASSERT_STRSTR(line_of(l, pid, name), text);
}

STAGE(ports_match_across_processes)
{
	char ours[32], theirs[32];
	mach_port_t port = make_send_receive();
	Keeper k = keeper_start(s, port, COPY);
	const Listing *l;

	l = expect_status(lsmp(pid_text(getpid()), pid_text(k.pid), NULL), 0);
	expect_holder(l, getpid(), port, k.pid, "send");
	expect_holder(l, k.pid, k.right, getpid(), "receive+send");
	expect_holder(l, k.pid, k.own, getpid(), "send");
	expect_holder(l, getpid(), k.theirs, k.pid, "receive");
	port_column(line_of(l, getpid(), port), ours);
	port_column(line_of(l, k.pid, k.right), theirs);
	ASSERT_STREQ(ours, theirs);
	port_column(line_of(l, k.pid, k.own), theirs);
	ASSERT_TRUE(strcmp(ours, theirs) != 0);
	/* Holders are looked for in processes that were not asked about, too. */
	l = lsmp_of(k.pid);
	expect_holder(l, k.pid, k.right, getpid(), "receive+send");
	expect_holder(l, k.pid, k.hub, getpid(), "receive+send");
	keeper_stop(&k);
	destroy(port);
}

STAGE(send_once_rights_match_across_processes)
{
	mach_port_t port = make_receive();
	Keeper k = keeper_start(s, port, MAKE_ONCE);
	const Listing *l = expect_status(lsmp(pid_text(getpid()), pid_text(k.pid), NULL), 0);

	expect_columns(line_of(l, k.pid, k.right), "send-once", 1, "-");
	expect_holder(l, k.pid, k.right, getpid(), "receive");
	expect_holder(l, getpid(), port, k.pid, "send-once");
	keeper_stop(&k);
	await_send_once(port);
	destroy(port);
}

STAGE(a_dead_port_is_no_longer_matched)
{
	mach_port_t port = make_send_receive();
	Keeper k = keeper_start(s, port, COPY);
	const Listing *l;

	destroy(port);
	l = lsmp_of(k.pid);
	ASSERT_TRUE(strstr(line_of(l, k.pid, k.right), ":receive") == NULL);
	keeper_stop(&k);
}

/* Queues. */

STAGE(messages_in_the_kernel_are_announced)
{
	mach_port_t port = make_send_receive();
	Keeper k = keeper_start(s, port, COPY);
	const Listing *l;

	harness_stop(k.peer);
	expect_columns(line_of(lsmp_of(k.pid), k.pid, k.own), "receive", 1, "0/5");
	tell(k.theirs, 2);
	tell(k.theirs, 3);
	l = expect_status(lsmp("-v", pid_text(k.pid), NULL), 0);
	expect_columns(line_of(l, k.pid, k.own), "receive", 1, "0+/5");
	ASSERT_STRSTR(l->out, "in the kernel: first message ");
	harness_continue(k.peer);
	keeper_stop(&k);
	destroy(port);
}

static void count_garbage(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	peer_send_u64(ctx, own);
	peer_reach(ctx, "listening");
	hear_nothing(own);
	peer_reach(ctx, "counted");
	destroy(own);
	peer_end();
}

/* Sends bytes that are no message to the address that the peer has under this descriptor. */
static void send_garbage(pid_t pid, int address)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = ASSERT_SYS(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	snprintf(to.sun_path, sizeof(to.sun_path), "/proc/%d/fd/%d", pid, address);
	ASSERT_SYS(connect(fd, (struct sockaddr *)&to, sizeof(to)));
	ASSERT_EQ(send(fd, "garbage", 7, 0), 7);
	close(fd);
}

STAGE(what_was_dropped_is_counted)
{
	mach_port_t theirs, own;
	Peer *peer = stage_spawn_with_port(s, "listener", count_garbage, NULL, &theirs);
	const Listing *l;
	const char *p;

	own = (mach_port_t)harness_recv_u64(peer);
	harness_wait(s->h, peer, "listening");
	l = expect_status(lsmp("-v", pid_text(peer_pid(peer)), NULL), 0);
	ASSERT_TRUE(strstr(l->out, "dropped") == NULL);
	(void)line_of(l, peer_pid(peer), own);
	p = strstr(l->out, "receiver here");
	ASSERT_NOT_NULL(p);
	p = strstr(p, "address ");
	ASSERT_NOT_NULL(p);
	send_garbage(peer_pid(peer), atoi(p + strlen("address ")));
	harness_release(peer);
	harness_wait(s->h, peer, "counted");
	l = lsmp_of(peer_pid(peer));
	ASSERT_STRSTR(line_of(l, peer_pid(peer), own), "dropped=1");
	harness_release(peer);
	harness_expect_exit(peer, 0);
	destroy(theirs);
}

/* What cannot be looked at is said, clearly. */

TEST(command_lines_that_make_no_sense_are_refused)
{
	ASSERT_EQ(lsmp(NULL, NULL, NULL)->status, 64);
	ASSERT_STRSTR(listing.err, "usage: lsmp");
	ASSERT_EQ(lsmp("-x", NULL, NULL)->status, 64);
	ASSERT_EQ(lsmp("-a", "1", NULL)->status, 64);
	ASSERT_EQ(lsmp("0", NULL, NULL)->status, 64);
	ASSERT_EQ(lsmp("-1", NULL, NULL)->status, 64);
	ASSERT_EQ(lsmp("12x", NULL, NULL)->status, 64);
	ASSERT_EQ(lsmp("99999999999999999999", NULL, NULL)->status, 64);
}

TEST(no_such_process)
{
	pid_t zombie;
	siginfo_t info;

	/* More than the kernel gives out. */
	expect_refusal(lsmp("4194999", NULL, NULL), 4194999, "no such process");
	zombie = ASSERT_SYS(fork());
	if (zombie == 0)
		_exit(0);
	ASSERT_SYS(waitid(P_PID, (id_t)zombie, &info, WEXITED | WNOWAIT));
	expect_refusal(lsmp(pid_text(zombie), NULL, NULL), zombie, "no such process");
	ASSERT_CHILD_EXITS(zombie, 0);
}

static void *stay(void *arg)
{
	int *ends = arg;
	pid_t tid = (pid_t)syscall(SYS_gettid);
	char byte;

	if (write(ends[1], &tid, sizeof(tid)) == sizeof(tid))
		(void)!read(ends[2], &byte, 1);
	return NULL;
}

TEST(a_thread_is_no_process)
{
	int ends[4];
	pthread_t thread;
	pid_t tid;

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	ASSERT_SYS(pipe2(ends + 2, O_CLOEXEC));
	ASSERT_EQ(pthread_create(&thread, NULL, stay, ends), 0);
	ASSERT_EQ(read(ends[0], &tid, sizeof(tid)), sizeof(tid));
	expect_refusal(
		lsmp(pid_text(tid), NULL, NULL), tid, "no such process: a thread of process ");
	close(ends[3]);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	for (int i = 0; i < 3; i++)
		close(ends[i]);
}

TEST(a_process_without_ports)
{
	static const char *const argv[] = {"sleep", "1000", NULL};
	Harness *h = harness_new();
	Peer *peer = peer_spawn_exec(h, "sleep", argv);

	/* Until it has become that program it is a copy of this one. */
	EVENTUALLY(strstr(lsmp(pid_text(peer_pid(peer)), NULL, NULL)->err, "does not use libmach"));
	expect_status(&listing, 1);
	harness_kill(peer);
	harness_finish(h);
}

static void make_a_clone(PeerCtx *ctx)
{
	pid_t pid;

	(void)peer_begin(ctx);
	/* Without the library's knowledge: the child has no space of its own. */
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	peer_send_u64(ctx, (uint64_t)pid);
	peer_reach(ctx, "cloned");
	kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	peer_end();
}

STAGE(a_raw_clone_has_no_ports_of_its_own)
{
	Peer *peer = stage_spawn(s, "cloner", make_a_clone, NULL);
	pid_t clone = (pid_t)harness_recv_u64(peer);
	char why[64];

	harness_wait(s->h, peer, "cloned");
	snprintf(why, sizeof(why), "has no ports of its own: its memory is process %d's",
		peer_pid(peer));
	expect_refusal(lsmp(pid_text(clone), NULL, NULL), clone, why);
	harness_release(peer);
	harness_expect_exit(peer, 0);
}

TEST(other_users_are_refused)
{
	Harness *h;
	Zoo zoo;
	Peer *peer;

	if (geteuid() != 0)
		SKIP("not root");
	h = harness_new();
	peer = zoo_start(h, SAME_UID, &zoo);
	expect_refusal(lsmp_as(HARNESS_NOBODY, pid_text(peer_pid(peer)), NULL, NULL),
		peer_pid(peer), "not permitted: it must be of the same user");
	ASSERT_STREQ(listing.out, "");
	/* Those that cannot be read are not missed when all are asked for. */
	ASSERT_LE(lsmp_as(HARNESS_NOBODY, "-a", NULL, NULL)->status, 1);
	ASSERT_TRUE(strstr(listing.err, pid_text(peer_pid(peer))) == NULL);
	zoo_stop(peer);
	harness_finish(h);
}

static void become_private(PeerCtx *ctx)
{
	(void)peer_begin(ctx);
	ASSERT_SYS(prctl(PR_SET_DUMPABLE, 0));
	peer_reach(ctx, "private");
	peer_end();
}

STAGE(processes_that_are_not_dumpable_are_refused)
{
	bool is_root = geteuid() == 0;
	Peer *peer;

	peer = is_root ? stage_spawn_as(s, HARNESS_NOBODY, "private", become_private, NULL)
		       : stage_spawn(s, "private", become_private, NULL);
	harness_wait(s->h, peer, "private");
	expect_refusal(
		lsmp_as(is_root ? HARNESS_NOBODY : SAME_UID, pid_text(peer_pid(peer)), NULL, NULL),
		peer_pid(peer), "not permitted");
	harness_release(peer);
	harness_expect_exit(peer, 0);
}

STAGE(one_failure_does_not_hide_the_others)
{
	Zoo zoo;
	Peer *peer = zoo_start(s->h, SAME_UID, &zoo);
	const Listing *l = lsmp("4194999", pid_text(peer_pid(peer)), NULL);

	expect_refusal(l, 4194999, "no such process");
	expect_zoo(l, peer_pid(peer), &zoo);
	l = expect_status(lsmp("-j", "4194999", pid_text(peer_pid(peer))), 1);
	expect_json(l);
	ASSERT_STRSTR(l->out, "{\"pid\":4194999,\"error\":\"no such process\"}");
	zoo_stop(peer);
}

STAGE(all_processes_are_listed)
{
	Zoo zoo;
	Peer *peer = zoo_start(s->h, SAME_UID, &zoo);

	/* Other tests run meanwhile, and some of their processes are made to be unreadable. */
	expect_zoo(lsmp("-a", NULL, NULL), peer_pid(peer), &zoo);
	(void)line_of(&listing, getpid(), s->hub);
	expect_json(lsmp("-aj", NULL, NULL));
	zoo_stop(peer);
}

/* Processes that mean harm. */

static Anchor *own_anchor(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long address = 0;
	char line[512];

	ASSERT_NOT_NULL(maps);
	while (!address && fgets(line, sizeof(line), maps))
		if (strstr(line, "/memfd:" ANCHOR_NAME))
			address = strtoul(line, NULL, 16);
	fclose(maps);
	ASSERT_TRUE(address != 0);
	return (Anchor *)address;
}

static void call_itself_names(PeerCtx *ctx)
{
	(void)peer_begin(ctx);
	/* Moves a cursor, closes a string, is no UTF-8. */
	ASSERT_SYS(prctl(PR_SET_NAME, "\x1b[2J\"\\\xff\xc3\xa9\n"));
	peer_reach(ctx, "named");
	peer_end();
}

STAGE(names_of_processes_are_quoted)
{
	Peer *peer = stage_spawn(s, "named", call_itself_names, NULL);

	harness_wait(s->h, peer, "named");
	ASSERT_STRSTR(lsmp_of(peer_pid(peer))->out, " \\x1b[2J\"\\x5c\\xff\\xc3\\xa9\\x0a (uid ");
	expect_json(expect_status(lsmp("-j", pid_text(peer_pid(peer)), NULL), 0));
	ASSERT_STRSTR(listing.out, "\"command\":\"\\u001b[2J\\\"\\\\\\ufffd\xc3\xa9\\u000a\"");
	harness_release(peer);
	harness_expect_exit(peer, 0);
}

static void spoil_anchor(PeerCtx *ctx)
{
	Anchor *anchor, good;

	(void)peer_begin(ctx);
	anchor = own_anchor();
	good = *anchor;
	anchor->version = 99;
	peer_reach(ctx, "another version");
	anchor->version = ANCHOR_VERSION;
	anchor->layout++;
	peer_reach(ctx, "another layout");
	*anchor = good;
	anchor->chunks = 0x10;
	peer_reach(ctx, "no table");
	anchor->chunks = UINT64_MAX;
	peer_reach(ctx, "table at the end");
	anchor->magic = 0;
	peer_reach(ctx, "no anchor");
	*anchor = good;
	peer_end();
}

STAGE(other_versions_and_nonsense_are_told)
{
	Peer *peer = stage_spawn(s, "spoiler", spoil_anchor, NULL);
	pid_t pid = peer_pid(peer);
	static const char *const steps[][2] = {
		{"another version",
			"runs another version of libmach than this lsmp knows (layout 99)"},
		{"another layout", "runs another version of libmach"},
		{"no table", "what it has in memory makes no sense"},
		{"table at the end", "what it has in memory makes no sense"},
		{"no anchor", "has no ports"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		harness_wait(s->h, peer, steps[i][0]);
		expect_refusal(lsmp(pid_text(pid), NULL, NULL), pid, steps[i][1]);
		harness_release(peer);
	}
	harness_expect_exit(peer, 0);
}

/* Everything that a walk of the space meets, to be written over. */
typedef struct Targets {
	uint64_t *at[4096]; /* words */
	size_t n;
} Targets;

static void targets_add(Targets *t, void *object, size_t size)
{
	for (size_t i = 0; object && i < size / 8 && t->n < ARRAY_SIZE(t->at); i++)
		t->at[t->n++] = (uint64_t *)object + i;
}

static void targets_add_port(Targets *t, Port *port)
{
	targets_add(t, port, sizeof(*port));
	targets_add(t, port->extra, sizeof(*port->extra));
	targets_add(t, port->backing, sizeof(*port->backing));
	if (!port->kobject_type)
		targets_add(t, port->queue.tqh_first, sizeof(Message));
	if (port->extra)
		targets_add(t, port->extra->sets.tqh_first, sizeof(Membership));
}

static void targets_find(Targets *t, const Anchor *anchor)
{
	Entry **chunks = (Entry **)anchor->chunks;

	for (unsigned i = 0; i < SPACE_CHUNK; i++) {
		Entry *entry = &chunks[0][i];

		if (!entry->type)
			continue;
		if (entry->type & (ENTRY_SEND | ENTRY_RECEIVE))
			targets_add_port(t, entry->port);
		else if (entry->type == ENTRY_SEND_ONCE)
			targets_add(t, entry->once, sizeof(SendOnce));
		else if (entry->type == ENTRY_PORT_SET)
			targets_add(t, entry->set, sizeof(PortSet));
		targets_add(t, entry, sizeof(*entry));
	}
}

static void scribble(PeerCtx *ctx)
{
	static Targets t;
	uint64_t random = 88172645463325252u;
	Zoo zoo;

	(void)peer_begin(ctx);
	zoo = zoo_make();
	targets_find(&t, own_anchor());
	ASSERT_GE(t.n, 100);
	peer_send_bytes(ctx, &zoo, sizeof(zoo));
	/* Pointers into its own objects, small and large numbers, until it is killed. */
	for (;;) {
		uint64_t *word;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		word = t.at[random % t.n];
		switch (random >> 60) {
		case 0:
			*word = random;
			break;
		case 1:
			*word = UINT64_MAX;
			break;
		case 2:
			*word = random % 17;
			break;
		case 3:
			*word ^= UINT64_C(1) << (random >> 20) % 64;
			break;
		default:
			*word = (uint64_t)(uintptr_t)t.at[(random >> 20) % t.n];
		}
		if (random % 16 == 0)
			sched_yield();
	}
}

STAGE(a_process_that_spoils_its_tables_does_no_harm)
{
	Peer *peer = stage_spawn(s, "scribbler", scribble, NULL);
	Zoo zoo;

	ASSERT_EQ(harness_recv_bytes(peer, &zoo, sizeof(zoo)), sizeof(zoo));
	for (int i = 0; i < 15; i++) {
		(void)lsmp("-v", pid_text(peer_pid(peer)), NULL);
		ASSERT_LE(listing.status, 1);
		expect_json(lsmp("-j", pid_text(peer_pid(peer)), NULL));
	}
	harness_kill(peer);
}

static void *churn(void *arg)
{
	atomic_bool *stop = arg;

	while (!atomic_load(stop)) {
		mach_port_t port = make_send_receive(), once = make_send_once(port);
		mach_port_t set = make_set();

		post(port, 1);
		ASSERT_EQ(mach_port_insert_member(SELF, port, set), KERN_SUCCESS);
		destroy(once);
		destroy(port);
		drop_set(set);
	}
	return NULL;
}

static void be_busy(PeerCtx *ctx)
{
	static atomic_bool stop;
	pthread_t threads[2];

	(void)peer_begin(ctx);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(pthread_create(&threads[i], NULL, churn, &stop), 0);
	peer_reach(ctx, "busy");
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(pthread_join(threads[i], NULL), 0);
	peer_end();
}

STAGE(a_busy_process_is_shown_as_it_goes)
{
	Peer *peer = stage_spawn(s, "busy", be_busy, NULL);

	harness_wait(s->h, peer, "busy");
	for (int i = 0; i < 20; i++) {
		const Listing *l = lsmp_of(peer_pid(peer));

		ASSERT_STRSTR(l->out, "task");
		ASSERT_STRSTR(l->out, "host");
	}
	harness_release(peer);
	harness_expect_exit(peer, 0);
}

/*
 * Memory of which a read does not return: a page of a file on FUSE, whose server, a child of the peer,
 * says what the file is like and then never gives out what is in it. userfaultfd would be another
 * way, but there reads through /proc/PID/mem fail instead of waiting.
 */

#define TRAP_SIZE (1 << 20)

static const char trap_path[] = "/tmp/trap";

static void trap_write(const char *path, const char *format, unsigned id)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)dprintf(fd, format, id);
		close(fd);
	}
}

/* Mounts the file; returns the server's descriptor, or why there is none. */
static int trap_mount(const char **ret_reason)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char options[128];
	int dev;

	*ret_reason = "no mount namespace";
	if (unshare(CLONE_NEWNS) < 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			return -1;
		trap_write("/proc/self/setgroups", "deny", 0);
		trap_write("/proc/self/uid_map", "0 %u 1", uid);
		trap_write("/proc/self/gid_map", "0 %u 1", gid);
		/* The new capabilities have made it private. */
		(void)prctl(PR_SET_DUMPABLE, 1);
	}
	*ret_reason = "no mount of a tmpfs";
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0)
		return -1;
	close(open(trap_path, O_CREAT | O_RDWR | O_CLOEXEC, 0644));
	*ret_reason = "no FUSE";
	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=100644,user_id=0,group_id=0", dev);
	if (dev < 0 || mount("trap", trap_path, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		return -1;
	return dev;
}

__attribute__((__noreturn__)) static void trap_serve(int dev)
{
	static _Alignas(8) char request[1 << 17];
	const struct fuse_in_header *in = (const void *)request;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(dev, request, sizeof(request)) > 0) {
		struct {
			struct fuse_out_header header;
			union {
				struct fuse_init_out init;
				struct fuse_open_out open;
				struct fuse_attr_out attr;
			};
		} out = {.header.unique = in->unique};
		size_t size = 0;

		if (in->opcode == FUSE_READ)
			continue;
		if (in->opcode == FUSE_INIT) {
			out.init.major = FUSE_KERNEL_VERSION;
			out.init.minor = 31;
			size = sizeof(out.init);
		} else if (in->opcode == FUSE_OPEN) {
			size = sizeof(out.open);
		} else if (in->opcode == FUSE_GETATTR) {
			out.attr.attr = (struct fuse_attr){
				.ino = 1, .size = TRAP_SIZE, .mode = S_IFREG | 0644, .nlink = 1};
			size = sizeof(out.attr);
		} else if (in->opcode != FUSE_FLUSH && in->opcode != FUSE_RELEASE) {
			out.header.error = -ENOSYS;
		}
		out.header.len = (uint32_t)(sizeof(out.header) + size);
		(void)!write(dev, &out, out.header.len);
	}
	_exit(0);
}

static void hang_readers(PeerCtx *ctx)
{
	const char *reason;
	uint64_t chunks;
	Anchor *anchor;
	int dev, file;
	struct stat st;
	pid_t server;
	void *pages;

	/* Before the library has threads, with which there can be no new user namespace. */
	dev = trap_mount(&reason);
	if (dev < 0)
		SKIP(reason);
	server = _Fork();
	if (server == 0)
		trap_serve(dev);
	close(dev);
	file = ASSERT_SYS(open(trap_path, O_RDONLY | O_CLOEXEC));
	/* So that the kernel knows its size. */
	ASSERT_SYS(fstat(file, &st));
	ASSERT_EQ(st.st_size, TRAP_SIZE);
	pages = mmap(NULL, TRAP_SIZE, PROT_READ, MAP_PRIVATE, file, 0);
	ASSERT_TRUE(pages != MAP_FAILED);
	close(file);
	anchor = own_anchor();
	chunks = anchor->chunks;
	anchor->chunks = (uint64_t)(uintptr_t)pages;
	peer_reach(ctx, "trap is set");
	/* Whoever hangs in it goes on with an error. */
	kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	ASSERT_SYS(munmap(pages, TRAP_SIZE));
	anchor->chunks = chunks;
}

/* What lsmp had to leave behind ends when the trap does. */
static void reap(pid_t group)
{
	while (waitpid(-group, NULL, 0) > 0 || errno == EINTR)
		;
}

TEST(who_hangs_its_readers_is_given_up)
{
	Harness *h = harness_new();
	Peer *trap = peer_spawn(h, "trap", hang_readers, NULL);
	pid_t groups[3];
	Zoo zoo;
	Peer *peer = zoo_start(h, SAME_UID, &zoo);
	const char *why = "does not answer reads (gave up after 2 s)";

	harness_wait(h, trap, "trap is set");
	expect_refusal(lsmp(pid_text(peer_pid(trap)), NULL, NULL), peer_pid(trap), why);
	groups[0] = listing.group;
	expect_refusal(lsmp(pid_text(peer_pid(trap)), pid_text(peer_pid(peer)), NULL),
		peer_pid(trap), why);
	expect_zoo(&listing, peer_pid(peer), &zoo);
	groups[1] = listing.group;
	/* Nor does it matter where it was not asked about. */
	expect_zoo(lsmp_of(peer_pid(peer)), peer_pid(peer), &zoo);
	groups[2] = listing.group;
	harness_release(trap);
	harness_expect_exit(trap, 0);
	zoo_stop(peer);
	for (int i = 0; i < 3; i++)
		reap(groups[i]);
	harness_finish(h);
}
