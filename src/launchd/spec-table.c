/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every key that a launchd.plist may have at its top. What is not in this list is a mistake of whoever
 * wrote the file; what means nothing on this system, or not yet, is in it and does no harm.
 */
#include "launchd/spec-private.h"

/* The opposite of KeepAlive, and older. */
static int parse_on_demand(SpecParse *p, plist_t value, void *object)
{
	JobSpec *spec = object;
	bool on_demand = true;
	int r = spec_parse_bool(p, value, &on_demand);

	if (r < 0)
		return r;
	if (plist_dict_get_item(plist_get_parent(value), "KeepAlive"))
		return spec_warning(p, "has no effect beside KeepAlive");
	spec->keep_alive.always = !on_demand;
	return 0;
}

static int parse_umask(SpecParse *p, plist_t value, void *object)
{
	return spec_parse_mode(p, value, 0777, &((JobSpec *)object)->umask);
}

static int format_umask(const void *object, plist_t *ret)
{
	const JobSpec *spec = object;

	if (spec->umask != SPEC_UNSET)
		*ret = plist_new_uint((uint64_t)spec->umask);
	return 0;
}

#define BOOL(name, member)                                                                         \
	{                                                                                          \
		name, SPEC_KIND_BOOL, offsetof(JobSpec, member)                                    \
	}
#define SECONDS(name, member, min, fallback)                                                       \
	{                                                                                          \
		name, SPEC_KIND_INT, offsetof(JobSpec, member), min, INT32_MAX, fallback           \
	}
#define TEXT(name, member, check)                                                                  \
	{                                                                                          \
		name, SPEC_KIND_STRING, offsetof(JobSpec, member), 0, 0, 0, spec_check_##check     \
	}
#define TEXTS(name, member, check)                                                                 \
	{                                                                                          \
		name, SPEC_KIND_STRINGS, offsetof(JobSpec, member), 0, 0, 0, spec_check_##check    \
	}
#define OWN(name, what)                                                                            \
	{                                                                                          \
		name, SPEC_KIND_OWN, .parse = spec_parse_##what, .format = spec_format_##what      \
	}
#define IGNORED(name)                                                                              \
	{                                                                                          \
		name, SPEC_KIND_IGNORED                                                            \
	}
#define LATER(name)                                                                                \
	{                                                                                          \
		name, SPEC_KIND_LATER                                                              \
	}

const SpecKey spec_keys[] = {
	TEXT("Label", label, label),
	TEXT("Program", program, absolute),
	TEXTS("ProgramArguments", arguments, text),
	OWN("MachServices", services),
	OWN("Sockets", sockets),
	OWN("inetdCompatibility", inetd),

	BOOL("Disabled", disabled),
	BOOL("RunAtLoad", run_at_load),
	BOOL("LaunchOnlyOnce", launch_only_once),
	OWN("KeepAlive", keep_alive),
	{"OnDemand", SPEC_KIND_OWN, .parse = parse_on_demand},
	SECONDS("StartInterval", start_interval_s, 1, SPEC_UNSET),
	TEXTS("WatchPaths", watch_paths, absolute),
	SECONDS("ThrottleInterval", throttle_interval_s, 0, SPEC_THROTTLE_DEFAULT_S),
	SECONDS("ExitTimeOut", exit_timeout_s, 0, SPEC_EXIT_TIMEOUT_DEFAULT_S),
	BOOL("EnableTransactions", enable_transactions),
	BOOL("AbandonProcessGroup", abandon_process_group),

	TEXT("WorkingDirectory", working_directory, absolute),
	TEXT("RootDirectory", root_directory, absolute),
	TEXT("UserName", user_name, account),
	TEXT("GroupName", group_name, account),
	{"InitGroups", SPEC_KIND_BOOL, offsetof(JobSpec, init_groups), 0, 0, true},
	{"Umask", SPEC_KIND_OWN, .parse = parse_umask, .format = format_umask},
	/* Elsewhere the range ends at 20, so that is accepted. */
	{"Nice", SPEC_KIND_INT, offsetof(JobSpec, nice), -20, 20, SPEC_UNSET},
	OWN("EnvironmentVariables", environment),
	TEXT("StandardInPath", stdin_path, absolute),
	TEXT("StandardOutPath", stdout_path, absolute),
	TEXT("StandardErrorPath", stderr_path, absolute),
	OWN("SoftResourceLimits", soft_limits),
	OWN("HardResourceLimits", hard_limits),
	OWN("Linux", linux),

	LATER("LaunchEvents"),
	LATER("QueueDirectories"),
	LATER("StartCalendarInterval"),
	LATER("StartOnMount"),

	IGNORED("AssociatedBundleIdentifiers"),
	IGNORED("BeginTransactionAtShutdown"),
	IGNORED("BinaryOrderPreference"),
	IGNORED("BundleProgram"),
	IGNORED("CFBundleIdentifier"),
	IGNORED("Debug"),
	IGNORED("DisableASLR"),
	IGNORED("EmbeddedPrivilegeDispensation"),
	IGNORED("EnableGlobbing"),
	IGNORED("EnablePressuredExit"),
	IGNORED("EventMonitor"),
	IGNORED("HopefullyExitsFirst"),
	IGNORED("HopefullyExitsLast"),
	IGNORED("JetsamProperties"),
	IGNORED("JoinGUISession"),
	IGNORED("LegacyTimers"),
	IGNORED("LimitLoadFromHardware"),
	IGNORED("LimitLoadFromHosts"),
	IGNORED("LimitLoadToHardware"),
	IGNORED("LimitLoadToHosts"),
	IGNORED("LimitLoadToSessionType"),
	IGNORED("LowPriorityBackgroundIO"),
	IGNORED("LowPriorityIO"),
	IGNORED("MachServiceLookupPolicies"),
	IGNORED("MaterializeDatalessFiles"),
	IGNORED("MultipleInstances"),
	IGNORED("POSIXSpawnType"),
	IGNORED("ProcessType"),
	IGNORED("QuarantineData"),
	IGNORED("SandboxFlags"),
	IGNORED("SandboxProfile"),
	IGNORED("SecuritySessionUUID"),
	IGNORED("ServiceIPC"),
	IGNORED("SessionCreate"),
	IGNORED("ShutdownMonitor"),
	IGNORED("TimeOut"),
	IGNORED("UserEnvironmentVariables"),
	IGNORED("WaitForDebugger"),
	IGNORED("XPCDomain*"),
};

const size_t spec_n_keys = ARRAY_SIZE(spec_keys);
