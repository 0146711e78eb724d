/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_SPEC_H
#define PORTCULLIS_LAUNCHD_SPEC_H

/*
 * Job specifications: everything that a launchd.plist(5) says, typed and checked.
 *
 * A JobSpec is made whole from one property list, is never changed afterwards, and has one owner. Who
 * has one may rely on all that is written here: names, paths and numbers are within their bounds,
 * absolute paths are absolute, lists end in NULL where it says so, and values that the file leaves out
 * are the defaults. Nothing was resolved yet: no user, path, host or program was looked up.
 *
 * What is wrong with a file goes into a SpecReport, all of it and not only the first thing, each with
 * the path of keys that leads there, such as MachServices."com.example.x".ResetAtClose. A file with an
 * error gives no JobSpec at all. A warning does no harm to the job.
 *
 * Pure functions of their arguments; any thread may call them. No file is opened but by
 * spec_load_file().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/cleanup.h"

/* A larger file is refused unread. */
#define SPEC_FILE_MAX ((size_t)1 << 20)
/* Bytes in a label, or in the name of a service. */
#define SPEC_NAME_MAX ((size_t)127)
/* What SpecReport keeps; further problems are only counted. */
#define SPEC_PROBLEMS_MAX 100

/* A number that the file does not give, where there is no default that says the same. */
#define SPEC_UNSET INT64_MIN
#define SPEC_THROTTLE_DEFAULT_S 10
#define SPEC_EXIT_TIMEOUT_DEFAULT_S 20
/* The value of a limit that means none: RLIM_INFINITY. */
#define SPEC_UNLIMITED UINT64_MAX

enum {
	_SPEC_E_SUCCESS,
	SPEC_E_INVALID, /* the report has at least one error */
	_SPEC_E_N,
};

/* A boolean that may be left out. */
typedef enum SpecTri {
	SPEC_TRI_UNSET,
	SPEC_TRI_FALSE,
	SPEC_TRI_TRUE,
} SpecTri;

/* What becomes of the messages that are queued at a service when its job crashes. */
typedef enum SpecDrain {
	SPEC_DRAIN_NONE, /* the next run gets them all */
	SPEC_DRAIN_ONE, /* the first is thrown away: it may be what made the job crash */
	SPEC_DRAIN_ALL,
	_SPEC_DRAIN_N,
} SpecDrain;

typedef struct SpecService {
	char *name;
	bool reset_at_close;
	bool hide_until_check_in;
	SpecDrain drain;
} SpecService;

/* A thing, and how it must be for the job to be kept alive. */
typedef struct SpecCondition {
	char *subject; /* an absolute path, or the label of a job */
	bool value;
} SpecCondition;

typedef struct SpecConditions {
	SpecCondition *items;
	size_t n_items;
} SpecConditions;

/* The conditions are OR'ed. None of them, and not always: the job runs on demand only. */
typedef struct SpecKeepAlive {
	bool always;
	SpecTri successful_exit; /* TRUE: while it exits with 0; FALSE: until it does */
	SpecTri crashed; /* TRUE: when a signal ended it, as a crash does; FALSE: when not */
	SpecTri after_initial_demand; /* TRUE: the others count only after a first demand */
	SpecConditions path_state; /* TRUE: while the path exists */
	SpecConditions other_job_enabled; /* TRUE: while that label is loaded and enabled */
	SpecConditions other_job_active; /* TRUE: while that label has a process */
} SpecKeepAlive;

/* A limit of setrlimit(2). At least one of the two is given; soft <= hard if both are. */
typedef struct SpecLimit {
	int resource; /* RLIMIT_* */
	bool has_soft, has_hard;
	uint64_t soft, hard; /* SPEC_UNLIMITED: none */
} SpecLimit;

/* The values are those of socket(2): SOCK_*, AF_*, IPPROTO_*. */
typedef struct SpecSocket {
	char *name; /* as launch_activate_socket() takes it; several may share one, and stand together */
	int type; /* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
	int family; /* AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX */
	int protocol; /* 0, IPPROTO_TCP, IPPROTO_UDP */
	bool passive; /* bound (and listening), else connected */
	/* Of a Unix socket, exactly one is set; of another neither, and service is. */
	char *path; /* absolute, and fits into sockaddr_un */
	char *secure_key; /* at a path of our choice, which the job finds in this variable */
	int64_t path_mode; /* permissions, or SPEC_UNSET */
	int64_t path_owner, path_group; /* ids, or SPEC_UNSET */
	char *node; /* a host or address, or NULL for all or loopback */
	char *service; /* a name of services(5), or a port number */
	char *multicast_group; /* to be joined, or NULL; SOCK_DGRAM only */
} SpecSocket;

typedef struct JobSpec {
	char *label;
	char *program; /* absolute; NULL: it is arguments[0] */
	/* NULL-terminated; NULL if not given, then program is argv[0]. Without program, arguments[0] is
	 * absolute, or has no '/' and is to be looked for in PATH. */
	char **arguments;

	SpecService *services;
	size_t n_services;
	SpecSocket *sockets;
	size_t n_sockets;

	/* When it runs. */
	bool disabled; /* of the file; what `launchctl enable` says goes above it */
	bool run_at_load;
	bool launch_only_once;
	SpecKeepAlive keep_alive;
	int64_t start_interval_s; /* > 0, or SPEC_UNSET */
	char **watch_paths; /* NULL-terminated, absolute; NULL if none */
	int64_t throttle_interval_s; /* between two starts; 0 means none */
	int64_t exit_timeout_s; /* between SIGTERM and SIGKILL; 0 means for ever */
	bool enable_transactions;
	bool abandon_process_group;

	/* How its process is made. */
	char *working_directory, *root_directory; /* absolute, or NULL */
	char *user_name, *group_name; /* or NULL */
	bool init_groups; /* initgroups() with user_name; true unless the file says no */
	int64_t umask; /* 0 to 0777, or SPEC_UNSET */
	int64_t nice; /* -20 to 19, or SPEC_UNSET */
	char **environment; /* "NAME=VALUE", NULL-terminated; NULL if none */
	char *stdin_path, *stdout_path, *stderr_path; /* absolute, or NULL */
	SpecLimit *limits; /* each resource at most once */
	size_t n_limits;

	/* inetd's way: descriptors 0, 1 and 2 are the socket (wait), or a connection of it. */
	bool is_inetd;
	bool inetd_wait;
	int64_t inetd_instances; /* at most so many at a time (> 0), or SPEC_UNSET; not with wait */

	/* The dictionary "Linux": ours. */
	bool confined;
} JobSpec;

typedef struct SpecProblem {
	bool is_error; /* else a warning */
	char *path; /* of keys; "" where it is about the whole file */
	char *text; /* what was expected and what is there; printable, on one line */
} SpecProblem;

typedef struct SpecReport {
	const char *file; /* borrowed: how the file is called in messages */
	SpecProblem *problems; /* in the order of the file */
	size_t n_problems;
	size_t n_errors, n_warnings; /* also of those not kept */
} SpecReport;

void spec_report_init(SpecReport *report, const char *file);
void spec_report_deinit(SpecReport *report);
/* "FILE: PATH: TEXT", on the heap. NULL: no memory. */
char *spec_problem_format(const SpecReport *report, const SpecProblem *problem);
/* All of it, a line for each; warnings say that they are warnings. */
void spec_report_print(const SpecReport *report, FILE *out);

/* The job that a property list in XML or binary form describes. The report has been initialised; an
 * error that is in it already counts as one of the job. Returns 0, SPEC_E_INVALID, or -ENOMEM. */
int spec_parse(const void *data, size_t size, SpecReport *report, JobSpec **ret) _warn_unused_;

/* Open (no symbolic link at the end, no waiting) and read report->file, if it may define jobs for the user
 * @uid (0: for the system): a regular file that belongs to root or to @uid, that nobody else can write
 * to, and of a bearable size. What open() and read() say is an error in the report. Returns 0 with the
 * bytes on the heap, SPEC_E_INVALID, or -ENOMEM. */
int spec_read_file(uid_t uid, SpecReport *report, char **ret_data, size_t *ret_size) _warn_unused_;
/* The same, and parse it. A file that is not called LABEL.plist gets a warning. Returns as spec_parse(). */
int spec_load_file(uid_t uid, SpecReport *report, JobSpec **ret) _warn_unused_;

/* Whether what lies in the folder report->file may define jobs for @uid: it belongs to root or to @uid,
 * and nobody else can put anything there. Returns 0, SPEC_E_INVALID, or -ENOMEM. */
int spec_check_folder(uid_t uid, SpecReport *report) _warn_unused_;
/* Calls @fn for each file of a folder that is called *.plist, in the order of their names, until it
 * returns anything but 0, and returns that. What is in the folder is not looked at. -errno: it cannot be
 * read. */
int spec_each_file(const char *folder, int (*fn)(void *userdata, const char *path),
	void *userdata) _warn_unused_;

/* All defaults, for who makes a job up to write it out: what it lacks is allocated by malloc() and so
 * on, and is the spec's. NULL: no memory. */
JobSpec *spec_new(void);
JobSpec *spec_free(JobSpec *spec);
static inline void spec_freep(JobSpec **p)
{
	spec_free(*p);
}
static inline void spec_report_deinitp(SpecReport *report)
{
	spec_report_deinit(report);
}
#define _cleanup_spec_ _cleanup_(spec_freep)
#define _cleanup_spec_report_ _cleanup_(spec_report_deinitp)

/* The same job as a property list in XML; parsing that gives an equal JobSpec. Keys that were ignored
 * are not in it, nor are defaults. Ends in a newline and a NUL that *ret_size does not count. Returns 0
 * or -ENOMEM. */
int spec_to_xml(const JobSpec *spec, char **ret_text, size_t *ret_size) _warn_unused_;

/* Whether the job is to run as soon as it is loaded: RunAtLoad, or a KeepAlive that needs a first run
 * or always holds. Conditions on paths and jobs are for the caller to ask. */
bool spec_is_started_at_load(const JobSpec *spec);

/* Whether @name may be the name of a service: 1 to SPEC_NAME_MAX bytes of UTF-8 without control
 * characters. A label may have no '/' either. */
bool spec_is_service_name(const char *name);
bool spec_is_label(const char *name);

#endif
