/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kernel this is, and whether kernel.h spells its structs right.
 */

#include <stddef.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "base/kernel.h"

_Static_assert(sizeof(KernelPidfdInfo) == 64, "struct pidfd_info, first version");
_Static_assert(sizeof(KernelProcmapQuery) == 104, "struct procmap_query");
_Static_assert(sizeof(KernelPagemapScan) == 96, "struct pm_scan_arg");
_Static_assert(sizeof(KernelPageRegion) == 24, "struct page_region");
_Static_assert(sizeof(KernelMntIdReq) == 32, "struct mnt_id_req, second version");
_Static_assert(sizeof(KernelStatmount) == 512, "struct statmount");
_Static_assert(offsetof(KernelStatmount, mnt_ns_id) == 112, "struct statmount, 6.11");
_Static_assert(sizeof(KernelLandlockRulesetAttr) == 24, "struct landlock_ruleset_attr, 6.12");

static bool is_release_at_least(const char *release, int major, int minor)
{
	char *end;
	long found;

	found = strtol(release, &end, 10);
	if (end == release || *end != '.' || found != major)
		return end != release && *end == '.' && found > major;
	release = end + 1;
	found = strtol(release, &end, 10);
	return end != release && found >= minor;
}

int kernel_check_release(const char *release)
{
	return is_release_at_least(release, KERNEL_FLOOR_MAJOR, KERNEL_FLOOR_MINOR)
		       ? 0
		       : KERNEL_E_TOO_OLD;
}

bool kernel_is_at_least(int major, int minor)
{
	struct utsname name;

	return uname(&name) == 0 && is_release_at_least(name.release, major, minor);
}

int kernel_check_floor(void)
{
	struct utsname name;

	if (uname(&name) < 0)
		return KERNEL_E_TOO_OLD;
	return kernel_check_release(name.release);
}
