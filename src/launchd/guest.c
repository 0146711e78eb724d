/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/pidref.h"

typedef enum Verdict {
	IS_NO_GUEST,
	IS_GUEST,
	IS_ELSEWHERE, /* in another user namespace */
	IS_SECRET, /* we may not ask */
	IS_UNKNOWN, /* for example gone, while others may hold what it had */
} Verdict;

typedef struct Guests {
	uint64_t *ids; /* GUEST_MAX of them, shared with children; 0: none (yet) */
	char **labels;
	size_t n_made; /* ever */
} Guests;

static Guests guests;

/* The oldest is forgotten for the newest. */
static void slot_clear(size_t i)
{
	free(guests.labels[i]);
	guests.labels[i] = NULL;
	__atomic_store_n(&guests.ids[i], 0, __ATOMIC_RELEASE);
}

int guest_reserve(const char *label, uint64_t **ret)
{
	_cleanup_free_ char *copy = strdup(label);
	size_t i = guests.n_made % GUEST_MAX;

	if (!copy)
		return error_origin(-ENOMEM);
	if (!guests.labels) {
		guests.labels = calloc(GUEST_MAX, sizeof(*guests.labels));
		if (!guests.labels)
			return error_origin(-ENOMEM);
	}
	if (!guests.ids) {
		void *shared = mmap(NULL, GUEST_MAX * sizeof(*guests.ids), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (shared == MAP_FAILED)
			return error_origin(-errno);
		guests.ids = shared;
	}
	slot_clear(i);
	guests.labels[i] = TAKE_PTR(copy);
	guests.n_made++;
	*ret = &guests.ids[i];
	return 0;
}

void guest_deinit(void)
{
	for (size_t i = 0; guests.labels && i < GUEST_MAX; i++)
		free(guests.labels[i]);
	free(guests.labels);
	if (guests.ids)
		(void)munmap(guests.ids, GUEST_MAX * sizeof(*guests.ids));
	guests = (Guests){.ids = NULL};
}

static const char *find_label(uint64_t id)
{
	size_t n = MIN(guests.n_made, (size_t)GUEST_MAX);

	for (size_t i = 0; i < n; i++)
		if (__atomic_load_n(&guests.ids[i], __ATOMIC_ACQUIRE) == id)
			return guests.labels[i];
	return NULL;
}

int guest_read_own_id(uint64_t *ret)
{
	_cleanup_close_ int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	uint64_t id = 0;

	if (fd < 0 || ioctl(fd, NS_GET_MNTNS_ID, &id) < 0)
		return -errno;
	*ret = id;
	return 0;
}

static Verdict verdict_of_errno(void)
{
	return errno == EACCES || errno == EPERM ? IS_SECRET : IS_UNKNOWN;
}

/* Whether the process lives in our own user namespace. */
static Verdict judge_user(int pidfd)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat theirs, ours;

	fd = fd_above_stdio_consume(ioctl(pidfd, PIDFD_GET_USER_NAMESPACE, 0));
	if (fd < 0)
		return verdict_of_errno();
	if (fstat(fd, &theirs) < 0 || stat("/proc/self/ns/user", &ours) < 0)
		return IS_UNKNOWN;
	return theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino ? IS_NO_GUEST
									    : IS_ELSEWHERE;
}

static Verdict judge_mounts(int pidfd, const char **ret_label)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t id = 0;

	fd = fd_above_stdio_consume(ioctl(pidfd, PIDFD_GET_MNT_NAMESPACE, 0));
	if (fd < 0)
		return verdict_of_errno();
	if (ioctl(fd, NS_GET_MNTNS_ID, &id) < 0 || id == 0)
		return IS_UNKNOWN;
	*ret_label = find_label(id);
	return *ret_label ? IS_GUEST : IS_NO_GUEST;
}

static Verdict judge_peer(int pidfd, const char **ret_label)
{
	Verdict user = judge_user(pidfd), mounts = judge_mounts(pidfd, ret_label);

	return mounts == IS_NO_GUEST ? user : mounts;
}

bool guest_is_peer(int socket_fd, const char **ret_label)
{
	_cleanup_close_ int pidfd = -EBADF;
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t size = sizeof(peer);
	Verdict verdict = IS_UNKNOWN;
	int fd = -EBADF;

	*ret_label = NULL;
	/* No guest is root, and who is not root may not ask about root. */
	if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == 0 &&
		geteuid() != 0)
		return false;
	size = sizeof(fd);
	if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0) {
		pidfd = fd_above_stdio_consume(fd);
		if (pidfd >= 0)
			verdict = judge_peer(pidfd, ret_label);
	}
	return verdict == IS_SECRET ? guests.n_made > 0 : verdict != IS_NO_GUEST;
}

bool guest_is_process(pid_t pid, uint32_t version)
{
	_cleanup_pidref_ PidRef ref = PIDREF_NULL;
	const char *label;

	if (guests.n_made == 0)
		return false;
	if (pidref_set_pid(&ref, pid) != 0 || (uint32_t)ref.id != version)
		return true;
	return judge_mounts(ref.fd, &label) != IS_NO_GUEST;
}
