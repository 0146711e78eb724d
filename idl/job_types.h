/* SPDX-License-Identifier: Apache-2.0 */
/* The C types and codes of job.defs. */
#ifndef PORTCULLIS_IDL_JOB_TYPES_H
#define PORTCULLIS_IDL_JOB_TYPES_H

#include <mach/mach.h>
#include <stdint.h>
#include <servers/bootstrap.h>

/* Besides BOOTSTRAP_NOT_PRIVILEGED and BOOTSTRAP_NO_MEMORY of <servers/bootstrap.h>. */
#define JOB_UNKNOWN 1200 /* no job has this label */
#define JOB_EXISTS 1201 /* one has it already */
#define JOB_INVALID 1202 /* the property list is wrong: the text says where */
#define JOB_DISABLED 1203 /* it may not run: `launchctl enable` first */
#define JOB_NOT_RUNNING 1204 /* it has no process */
#define JOB_IN_USE 1205 /* another's service has a name that it declares */
#define JOB_NO_SOCKET 1206 /* it declares no socket of that name */
#define JOB_ALREADY 1207 /* the socket was handed over; or the job is being removed */
#define JOB_REFUSED 1208 /* it cannot be set up: the text says why */
#define JOB_INETD 1209 /* it runs for connections only */

typedef char job_label_t[128];
typedef char *job_text_t; /* bytes, not ended by a NUL */
typedef mach_port_t *job_ports_t;

/* One line of `launchctl list`. */
typedef struct job_line {
	job_label_t label;
	int32_t pid; /* 0: it does not run */
	int32_t status; /* of its last end, as waitpid() gives it; -1: it has not ended so far */
} job_line_t;
typedef job_line_t *job_lines_t;

#define JOB_LOAD_FORCE 1 /* also if its file says Disabled */
#define JOB_LOAD_ENABLE 2 /* and remember that it is enabled */

#define JOB_KICKSTART_KILL 1 /* the process that it has goes first */

#endif
