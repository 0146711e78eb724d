/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A holder that goes behind the library's back and works on the descriptors of a bundle, and on the
 * target by its number: whatever goes beyond the flavour is refused by the kernel. By a process of
 * another user, and by one of the same user in a Landlock domain that does nothing but limit whom it
 * may signal.
 *
 * Of a process of the same user outside any domain nothing can be said, and nothing is tried.
 */
#include <linux/landlock.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/kernel.h"
#include "tests/task/task.h"

enum { GIVE = 1, GO };

/* What they are after. */
static volatile uint64_t treasure = UINT64_C(0x0123456789abcdef);
static const uint64_t loot = UINT64_C(0x6666666666666666);
#define TREASURE ((off_t)(uintptr_t)&treasure)

/* An attempt that must fail; with one of these errors, so that it is known to have been refused for the
 * right reason. */
static void refused(long result, const char *what, const int *errors, size_t n)
{
	int error = errno;

	if (result >= 0)
		FAIL("%s: not refused", what);
	for (size_t i = 0; i < n; i++)
		if (error == errors[i])
			return;
	FAIL("%s: %s", what, strerror(error));
}

#define REFUSED(attempt, ...)                                                                      \
	do {                                                                                       \
		static const int refused_[] = {__VA_ARGS__};                                       \
		errno = 0;                                                                         \
		refused((long)(attempt), #attempt, refused_,                                       \
			sizeof(refused_) / sizeof(refused_[0]));                                   \
	} while (0)

static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, flags | O_CLOEXEC);
}

/* No descriptor of the bundle but a control port's memory can be written to, in whatever way. */
static void attack_file(int fd)
{
	uint64_t word = loot;
	struct iovec iov = {&word, sizeof(word)};
	int source;

	REFUSED(pwrite(fd, &word, sizeof(word), TREASURE), EBADF, ESPIPE);
	REFUSED(pwritev(fd, &iov, 1, TREASURE), EBADF, ESPIPE);
	REFUSED(pwritev2(fd, &iov, 1, TREASURE, RWF_APPEND), EBADF, ESPIPE);
	REFUSED(write(fd, &word, sizeof(word)), EBADF);
	REFUSED(ftruncate(fd, 0), EBADF, EINVAL);
	REFUSED(fallocate(fd, 0, 0, 1), EBADF);
	REFUSED(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0,
		EACCES, ENODEV);
	source = ASSERT_SYS(open("/dev/zero", O_RDONLY | O_CLOEXEC));
	REFUSED(sendfile(fd, source, NULL, 8), EBADF);
	REFUSED(copy_file_range(source, NULL, fd, NULL, 8, 0), EBADF, EINVAL, EXDEV);
	close(source);
	/* The mode of an open file is for ever: this says yes and changes nothing. */
	(void)fcntl(fd, F_SETFL, O_RDWR);
	REFUSED(pwrite(fd, &word, sizeof(word), TREASURE), EBADF, ESPIPE);
}

static void attack_mode(int fd)
{
	REFUSED(reopen(fd, O_RDWR), EACCES, EPERM);
	REFUSED(reopen(fd, O_WRONLY), EACCES, EPERM);
	REFUSED(fchmod(fd, 0777), EPERM);
	REFUSED(fchown(fd, getuid(), getgid()), EPERM);
}

static void attack_pidfd(int pidfd)
{
	struct iovec iov = {(void *)(uintptr_t)((uintptr_t)&treasure & ~4095ul), 4096};

	REFUSED(pidfd_send_signal(pidfd, SIGKILL, NULL, 0), EPERM);
	REFUSED(pidfd_send_signal(pidfd, SIGSTOP, NULL, 0), EPERM);
	REFUSED(pidfd_send_signal(pidfd, 0, NULL, 0), EPERM);
	for (int fd = 0; fd < 8; fd++)
		REFUSED(pidfd_getfd(pidfd, fd, 0), EPERM);
	REFUSED(setns(pidfd, CLONE_NEWNS), EPERM);
	REFUSED(setns(pidfd, CLONE_NEWUSER), EPERM, EINVAL);
	REFUSED(syscall(SYS_process_madvise, pidfd, &iov, 1, MADV_PAGEOUT, 0), EPERM, EACCES);
	REFUSED(syscall(SYS_process_mrelease, pidfd, 0), EPERM, EINVAL, ESRCH);
	REFUSED(ioctl(pidfd, PIDFD_GET_USER_NAMESPACE, 0), EACCES, EPERM);
	REFUSED(ioctl(pidfd, PIDFD_GET_MNT_NAMESPACE, 0), EACCES, EPERM);
	REFUSED(ioctl(pidfd, PIDFD_GET_PID_NAMESPACE, 0), EACCES, EPERM);
}

static void attack_by_number(pid_t pid)
{
	uint64_t word = loot;
	struct iovec local = {&word, sizeof(word)};
	struct iovec remote = {(void *)(uintptr_t)&treasure, sizeof(treasure)};

	REFUSED(process_vm_writev(pid, &local, 1, &remote, 1, 0), EPERM);
	REFUSED(process_vm_readv(pid, &local, 1, &remote, 1, 0), EPERM);
	REFUSED(ptrace(PTRACE_SEIZE, pid, NULL, NULL), EPERM);
	REFUSED(ptrace(PTRACE_ATTACH, pid, NULL, NULL), EPERM);
	REFUSED(kill(pid, SIGKILL), EPERM);
	REFUSED(kill(pid, SIGSTOP), EPERM);
	REFUSED(open_of(pid, "mem", O_RDWR), EACCES, EPERM);
	REFUSED(open_of(pid, "mem", O_RDONLY), EACCES, EPERM);
	REFUSED(open_of(pid, "environ", O_RDONLY), EACCES, EPERM);
	REFUSED(open_of(pid, "fd/0", O_RDONLY), EACCES, EPERM);
	REFUSED(open_of(pid, "cwd/.", O_RDONLY | O_DIRECTORY), EACCES, EPERM);
}

/* What the flavour is for. */
static void use_bundle(const int *fds, unsigned n)
{
	uint64_t word = 0;
	char text[64];

	if (n > BUNDLE_MAPS) {
		ASSERT_GT(pread(fds[BUNDLE_MAPS], text, sizeof(text), 0), 0);
		ASSERT_GT(pread(fds[BUNDLE_STAT], text, sizeof(text), 0), 0);
		ASSERT_GT(pread(fds[BUNDLE_STATUS], text, sizeof(text), 0), 0);
	}
	if (n > BUNDLE_MEM) {
		ASSERT_EQ(pread(fds[BUNDLE_MEM], &word, sizeof(word), TREASURE),
			(ssize_t)sizeof(word));
		ASSERT_EQ(word, treasure);
	}
}

static void attack_bundle(mach_port_t task_port, bool is_other_uid)
{
	TaskRef ref = {.port = NULL};
	const int *fds;
	unsigned n;
	pid_t pid;

	ASSERT_OK(task_ref_get(task_port, TASK_IS_NAME, &ref));
	ASSERT_OK(task_ref_pid(&ref, &pid));
	fds = ref.port->kobject->fds;
	n = ref.port->kobject->n_fds;
	ASSERT_EQ(n, bundle_size(ref.flavor));
	use_bundle(fds, n);
	REFUSED(write(fds[BUNDLE_LIFE], "x", 1), EBADF);
	if (is_other_uid) /* a pipe is a file of its user's */
		attack_mode(fds[BUNDLE_LIFE]);
	attack_pidfd(fds[BUNDLE_PIDFD]);
	for (unsigned i = BUNDLE_MAPS; i < n; i++)
		attack_file(fds[i]);
	if (n > BUNDLE_MEM) {
		REFUSED(reopen(fds[BUNDLE_MEM], O_RDWR), EACCES, EPERM);
		REFUSED(reopen(fds[BUNDLE_MEM], O_WRONLY), EACCES, EPERM);
		REFUSED(reopen(fds[BUNDLE_MEM], O_RDONLY), EACCES, EPERM);
	}
	attack_by_number(pid);
	use_bundle(fds, n);
	task_ref_done(&ref);
}

/* The least that a domain can be: it may not signal processes outside. */
static bool enter_domain(void)
{
	KernelLandlockRulesetAttr rules = {.scoped = LANDLOCK_SCOPE_SIGNAL};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	bool good;

	if (fd < 0)
		return false;
	good = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close(fd);
	return good;
}

#define N_WEAK 3 /* flavours that may not write */

/* Whom the attacker attacks. */
typedef enum Stand {
	OTHER_USER,
	DOMAIN_OF_OTHER_USER,
	DOMAIN_OF_SAME_USER,
} Stand;

static void attacker(PeerCtx *ctx)
{
	Stand stand = (Stand)(uintptr_t)ctx->arg;
	mach_port_t hub, ports[N_WEAK];
	mach_port_t own = task_peer_begin(ctx, &hub);
	bool can = stand == OTHER_USER ? ctx->is_other_uid : enter_domain();

	peer_send_u64(ctx, can);
	for (unsigned i = 0; i < N_WEAK; i++) {
		ports[i] = take(own, GIVE);
		ASSERT_EQ(type_of(ports[i]), MACH_PORT_TYPE_SEND);
	}
	for (unsigned i = 0; i < N_WEAK && can; i++)
		attack_bundle(ports[i], ctx->is_other_uid && stand != DOMAIN_OF_SAME_USER);
	for (unsigned i = 0; i < N_WEAK; i++)
		deallocate(ports[i]);
	destroy(own);
	deallocate(hub);
}

static void let_attack(Stage *s, Peer *peer, mach_port_t own)
{
	static const int which[N_WEAK] = {TASK_READ_PORT, TASK_INSPECT_PORT, TASK_NAME_PORT};
	uint64_t before = treasure;
	bool could = harness_recv_u64(peer);

	for (unsigned i = 0; i < N_WEAK; i++)
		give(own, GIVE, own_flavor(which[i]), MOVE);
	harness_expect_exit(peer, 0);
	ASSERT_EQ(treasure, before);
	deallocate(own);
	if (!could)
		printf("note: this attack cannot be tried here\n");
}

STAGE(another_user_can_do_what_the_flavor_says)
{
	mach_port_t own;
	Peer *peer;

	ASSERT_SYS(prctl(PR_SET_DUMPABLE, 1));
	peer = stage_spawn_as(
		s, HARNESS_NOBODY, "attacker", attacker, (void *)(uintptr_t)OTHER_USER);
	own = take(s->hub, HELLO);
	let_attack(s, peer, own);
}

STAGE(a_domain_can_do_what_the_flavor_says)
{
	mach_port_t own;
	Peer *peer = stage_spawn_as(
		s, HARNESS_NOBODY, "attacker", attacker, (void *)(uintptr_t)DOMAIN_OF_OTHER_USER);

	own = take(s->hub, HELLO);
	let_attack(s, peer, own);
}

/* The same where both are of one user: a target that is not root either. */
static void victim(PeerCtx *ctx)
{
	static const int which[N_WEAK] = {TASK_READ_PORT, TASK_INSPECT_PORT, TASK_NAME_PORT};
	mach_port_t hub, to;
	mach_port_t own = task_peer_begin(ctx, &hub);

	to = take(own, GO);
	for (unsigned i = 0; i < N_WEAK; i++)
		give(to, GIVE, own_flavor(which[i]), MOVE);
	hear(own, GO);
	ASSERT_EQ(treasure, UINT64_C(0x0123456789abcdef));
	deallocate(to);
	destroy(own);
	deallocate(hub);
}

STAGE(a_domain_of_the_same_user)
{
	mach_port_t victim_port, attacker_port;
	Peer *target = stage_spawn_as(s, HARNESS_NOBODY, "victim", victim, NULL);
	Peer *peer;

	victim_port = take(s->hub, HELLO);
	peer = stage_spawn_as(
		s, HARNESS_NOBODY, "attacker", attacker, (void *)(uintptr_t)DOMAIN_OF_SAME_USER);
	attacker_port = take(s->hub, HELLO);
	if (!harness_recv_u64(peer))
		printf("note: this attack cannot be tried here\n");
	give(victim_port, GO, attacker_port, MOVE);
	harness_expect_exit(peer, 0);
	tell(victim_port, GO);
	harness_expect_exit(target, 0);
	deallocate(victim_port);
}
