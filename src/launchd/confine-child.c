/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the child of a confined job does. System calls only: see spawn-child.c.
 *
 * The order matters. Everything that takes capabilities is done in the first phase, within namespaces
 * that are ours already; the bounding set goes there too, since giving that up takes a capability. In the
 * second phase the child is the user of the job, and lays down what is left. From then on it may write
 * nothing that is not the job's.
 */
#include "launchd/confine-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/kernel.h"
#include "launchd/guest.h"

/* More than the kernel has; the first that it does not know ends the loop. */
#define CAPABILITIES_MAX 64

static int write_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t size = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, size);
	return n < 0 ? -errno : n == (ssize_t)size ? 0 : -EIO;
}

/* --- The first phase --- */

static int seal(Confinement *c)
{
	int r;

	c->step = CONFINE_STEP_USER_MAP;
	/* Else an unprivileged user may not map groups. */
	r = write_file("/proc/self/setgroups", "deny");
	if (r == 0)
		r = write_file("/proc/self/uid_map", c->uid_map);
	if (r == 0)
		r = write_file("/proc/self/gid_map", c->gid_map);
	if (r < 0)
		return r;
	c->step = CONFINE_STEP_SEAL;
	return write_file("/proc/sys/user/max_user_namespaces", "0");
}

static int cover(const ConfineCover *cover)
{
	/* The empty file system belongs to whoever mounts it, who is the job's own user in a user
	 * namespace: so it is read-only too. */
	if (!cover->is_directory)
		return mount("/dev/null", cover->path, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
	return mount("none", cover->path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		       "mode=0555,size=4096,nr_inodes=2") < 0
		       ? -errno
		       : 0;
}

static int make_covers(Confinement *c)
{
	int r = 0;

	c->step = CONFINE_STEP_COVER;
	for (size_t i = 0; r == 0 && i < c->covers.n; i++)
		r = cover(&c->covers.items[i]);
	return r;
}

static int make_mounts(Confinement *c)
{
	_cleanup_close_ int ports = -EBADF;
	int r;

	c->step = CONFINE_STEP_PRIVATE;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	c->step = CONFINE_STEP_PORTS;
	if (c->ports)
		ports = open(c->ports, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->ports && ports < 0)
		return -errno;
	r = make_covers(c);
	/* On top of the cover of the place, under which the directory has no path any more. */
	if (r == 0 && c->ports) {
		c->step = CONFINE_STEP_PORTS;
		if (fchdir(ports) < 0 || mount(".", CONFINE_PORTS_PLACE, NULL, MS_BIND, NULL) < 0)
			r = -errno;
	}
	if (r < 0)
		return r;
	c->step = CONFINE_STEP_RECORD;
	return c->guest_id ? guest_read_own_id(c->guest_id) : 0;
}

static int drop_bounding_set(Confinement *c)
{
	c->step = CONFINE_STEP_CAPABILITIES;
	for (unsigned long capability = 0; capability < CAPABILITIES_MAX; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return errno == EINVAL && capability > 0 ? 0 : -errno;
	return 0;
}

static int confine_as_launchd(Confinement *c)
{
	int flags = CLONE_NEWNS | (c->recipe == CONFINE_USER_NAMESPACE ? CLONE_NEWUSER : 0), r = 0;

	c->step = CONFINE_STEP_NAMESPACES;
	if (unshare(flags) < 0)
		return -errno;
	if (c->recipe == CONFINE_USER_NAMESPACE)
		r = seal(c);
	if (r == 0)
		r = make_mounts(c);
	return r < 0 ? r : drop_bounding_set(c);
}

/* --- The second phase --- */

static int drop_capabilities(Confinement *c)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{.effective = 0}};

	c->step = CONFINE_STEP_CAPABILITIES;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
		syscall(SYS_capset, &header, none) < 0)
		return -errno;
	return 0;
}

/* A domain that handles any right to files keeps its processes from changing mounts. The right that it
 * handles is one that the job could not use anyway, making block devices; and moving files between
 * directories, which a domain forbids by itself, is allowed everywhere. */
static int enter_domain(Confinement *c)
{
	const KernelLandlockRulesetAttr rules = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_REFER,
		.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL,
	};
	struct landlock_path_beneath_attr everywhere = {
		.allowed_access = LANDLOCK_ACCESS_FS_REFER,
	};
	_cleanup_close_ int fd = -EBADF, root = -EBADF;

	c->step = CONFINE_STEP_LANDLOCK;
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (fd < 0)
		return -errno;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	everywhere.parent_fd = root;
	if (syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &everywhere, 0) < 0 ||
		syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return -errno;
	return 0;
}

static int confine_as_user(Confinement *c)
{
	int r = drop_capabilities(c);

	return r < 0 ? r : enter_domain(c);
}

int confine_child(void *userdata, SpawnConfinePhase phase)
{
	return phase == SPAWN_CONFINE_AS_LAUNCHD ? confine_as_launchd(userdata)
						 : confine_as_user(userdata);
}

/* --- The trial --- */

static bool is_covered(const ConfineCover *cover)
{
	struct stat st;

	if (stat(cover->path, &st) < 0)
		return false;
	return cover->is_directory ? access(cover->path, W_OK) < 0 && errno == EROFS
				   : !S_ISSOCK(st.st_mode);
}

int confine_try_to_leave(Confinement *c)
{
	c->step = CONFINE_STEP_TRIAL;
	for (size_t i = 0; i < c->covers.n; i++)
		if (!is_covered(&c->covers.items[i]))
			return -ENOTUNIQ;
	if (mount("none", "/", "tmpfs", 0, NULL) == 0)
		return -ENOTBLK;
	if (kill(getppid(), 0) == 0)
		return -ESRCH;
	if (c->recipe == CONFINE_USER_NAMESPACE && unshare(CLONE_NEWUSER) == 0)
		return -EUSERS;
	return 0;
}
