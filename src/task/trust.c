/* SPDX-License-Identifier: Apache-2.0 */
#include "task/trust.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/kernel.h"
#include "port/kport.h"
#include "task/procfile.h"

typedef struct Trust {
	atomic_int mode; /* TrustMode */
	atomic_uint timeout_ms;
	atomic_bool is_guarded; /* of the verdict */
	_Atomic uint64_t until_ns; /* ... and how long it is good */
} Trust;

typedef struct Ids {
	uid_t ruid;
	uid_t euid;
} Ids;

static bool find_ids(int pidfd, Ids *ret)
{
	KernelPidfdInfo info = {.mask = PIDFD_INFO_CREDS};
	ProcStatus status;

	if (ioctl(pidfd, KERNEL_PIDFD_GET_INFO, &info) == 0) {
		*ret = (Ids){info.ruid, info.euid};
		return (info.mask & PIDFD_INFO_CREDS) != 0;
	}
	/* Before 6.13. */
	if (procfile_status(pidfd, NULL, &status) != 0)
		return false;
	*ret = (Ids){status.ruid, status.euid};
	return true;
}

bool trust_could_kill_us(int pidfd)
{
	uid_t real, effective, saved;
	Ids ids;

	if (pidfd < 0 || getresuid(&real, &effective, &saved) < 0 || !find_ids(pidfd, &ids))
		return false;
	return ids.euid == 0 || ids.euid == real || ids.euid == saved || ids.ruid == real ||
	       ids.ruid == saved;
}

static Trust *make_state(const TaskRef *ref)
{
	Kobject *object = kport_object(ref->port);
	void *none = NULL;
	_cleanup_free_ Trust *trust = calloc(1, sizeof(*trust));

	if (!trust)
		return NULL;
	atomic_init(&trust->timeout_ms, TRUST_TIMEOUT_MS);
	__atomic_store_n(&object->free_data, free, __ATOMIC_RELAXED);
	if (__atomic_compare_exchange_n(
		    &object->data, &none, trust, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return TAKE_PTR(trust);
	return none; /* somebody was quicker */
}

static Trust *get_state(const TaskRef *ref)
{
	Trust *trust = __atomic_load_n(&kport_object(ref->port)->data, __ATOMIC_ACQUIRE);

	return trust ? trust : make_state(ref);
}

static bool look_again(Trust *trust, int pidfd, uint64_t now)
{
	bool is_guarded = !trust_could_kill_us(pidfd);

	atomic_store(&trust->is_guarded, is_guarded);
	atomic_store_explicit(&trust->until_ns, now + TRUST_KEEP_NS, memory_order_release);
	return is_guarded;
}

static bool must_guard(Trust *trust, int pidfd, uint64_t now)
{
	int mode = atomic_load_explicit(&trust->mode, memory_order_relaxed);

	if (mode != TRUST_AUTO)
		return mode == TRUST_NONE;
	if (now < atomic_load_explicit(&trust->until_ns, memory_order_acquire))
		return atomic_load_explicit(&trust->is_guarded, memory_order_relaxed);
	return look_again(trust, pidfd, now);
}

int trust_access(const TaskRef *ref, Access *ret)
{
	const Kobject *object = kport_object(ref->port);
	Trust *trust = __atomic_load_n(&object->data, __ATOMIC_ACQUIRE);
	uint64_t now = access_coarse_now_ns();

	if (unlikely(!trust))
		trust = make_state(ref);
	if (!trust)
		return KERN_RESOURCE_SHORTAGE;
	*ret = (Access){
		.maps = ref->maps,
		.mem = ref->mem,
		.task = object->facts[0],
		.now_ns = now,
		.is_guarded = must_guard(trust, ref->pidfd, now),
		.timeout_ms = atomic_load_explicit(&trust->timeout_ms, memory_order_relaxed),
	};
	return 0;
}

int trust_set(const TaskRef *ref, TrustPolicy policy)
{
	Trust *trust = get_state(ref);

	if (!trust)
		return KERN_RESOURCE_SHORTAGE;
	atomic_store(&trust->timeout_ms, policy.timeout_ms);
	atomic_store(&trust->until_ns, 0);
	atomic_store(&trust->mode, (int)policy.mode);
	return 0;
}

int trust_get(const TaskRef *ref, TrustPolicy *ret)
{
	Trust *trust = get_state(ref);

	if (!trust)
		return KERN_RESOURCE_SHORTAGE;
	ret->mode = (TrustMode)atomic_load(&trust->mode);
	ret->timeout_ms = atomic_load(&trust->timeout_ms);
	return 0;
}
