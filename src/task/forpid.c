/* SPDX-License-Identifier: Apache-2.0 */
#include "task/forpid.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/random.h"
#include "port/kport.h"
#include "port/port.h"
#include "port/task.h"
#include "task/access.h"
#include "task/bundle.h"
#include "task/flavor.h"
#include "task/trust.h"

bool forpid_is_privileged(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	return syscall(SYS_capget, &header, data) == 0 &&
	       data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective & CAP_TO_MASK(CAP_SYS_PTRACE);
}

/* All of the target's uids are ours: it runs no program that gained any. */
static bool is_own_user(const PidRef *target)
{
	KernelPidfdInfo info = {.mask = PIDFD_INFO_CREDS};
	uid_t uid = geteuid();
	char path[64];
	struct stat st;

	if (ioctl(target->fd, KERNEL_PIDFD_GET_INFO, &info) == 0)
		return info.ruid == uid && info.euid == uid && info.suid == uid;
	/* Before 6.13: the owner is root unless anybody of that user may look into it. */
	snprintf(path, sizeof(path), "/proc/%d", (int)target->pid);
	return stat(path, &st) == 0 && st.st_uid == uid && pidref_verify(target) == 0;
}

/* A port of that process that is here already, if it is of the image that runs now. */
static bool find_known(const PidRef *target, TaskFlavor flavor, Right *ret)
{
	TaskRef ref = {.port = NULL};
	Port *port;
	bool dead;

	do {
		task_lock();
		port = kport_find_by_fact(bundle_type(flavor), target->id);
		if (port)
			task_ref_port(port, &ref);
		task_unlock();
		if (!port)
			return false;
		/* Dead ones are not known any more. */
		dead = task_ref_is_dead(&ref);
		if (!dead) {
			task_lock();
			port_srights_add(ref.port, 1);
			*ret = (Right){.kind = RIGHT_SEND, .port = port_ref(ref.port)};
			task_unlock();
		}
		task_ref_done(&ref);
	} while (dead);
	return true;
}

/* An exec between two opens would make two images one: the pin, opened first, shows it. */
static bool is_one_image(const PidRef *target, TaskFlavor flavor, const int *fds)
{
	Access access = {
		.maps = fds[BUNDLE_MAPS],
		.mem = -EBADF,
		.is_guarded = !trust_could_kill_us(target->fd),
		.timeout_ms = TRUST_TIMEOUT_MS,
	};

	if (pidref_verify(target) != 0 || !pidref_is_alive(target))
		return false;
	return flavor == TASK_IS_NAME || !access_is_gone(&access);
}

static int open_bundle(const PidRef *target, TaskFlavor flavor, KportArrival *a)
{
	char number[16];
	int r;

	for (unsigned i = BUNDLE_LIFE; i <= BUNDLE_PIDFD; i++) {
		int fd = fd_dup(target->fd);

		if (fd < 0)
			return KERN_RESOURCE_SHORTAGE;
		a->fds[a->n_fds++] = fd;
	}
	snprintf(number, sizeof(number), "%d", (int)target->pid);
	r = bundle_open_files(flavor, number, a->fds);
	if (r)
		return r == -EMFILE || r == -ENFILE || r == -ENOMEM ? KERN_RESOURCE_SHORTAGE
								    : KERN_FAILURE;
	a->n_fds = bundle_size(flavor);
	return is_one_image(target, flavor, a->fds) ? 0 : KERN_FAILURE;
}

int forpid_right(const PidRef *target, TaskFlavor flavor, Right *ret)
{
	KportArrival a = {.type = bundle_type(flavor), .facts = {target->id, 0}};
	int r;

	if (!pidref_is_alive(target) || target->pid <= 0)
		return KERN_FAILURE;
	if (!forpid_is_privileged() && (flavor != TASK_IS_NAME || !is_own_user(target)))
		return KERN_FAILURE;
	if (find_known(target, flavor, ret))
		return 0;
	r = open_bundle(target, flavor, &a);
	if (!r) {
		(void)random_bytes(a.id, sizeof(a.id));
		return flavor_adopt_consume(&a, ret);
	}
	while (a.n_fds > 0)
		fd_close(a.fds[--a.n_fds]);
	return r;
}
