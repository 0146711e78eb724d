/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lsmp: lists the ports and rights of running processes, without their help and without stopping
 * them.
 *
 *	worker	reads one process, in a child that can be given up	lsmp-worker.c
 *	target	the process from outside: memory, descriptors		lsmp-target.c
 *	space	walks the tables in that memory				lsmp-space.c
 *	model	what was found, as it travels from the worker		lsmp-model.c
 *	match	who holds rights to the same port			lsmp-match.c
 *	diag	what the kernel knows of sockets			lsmp-diag.c
 *	text, json	how it is printed
 *
 * It is not linked with the library that it looks at: it has the layouts from the headers only, and
 * no space of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "tools/lsmp-print.h"

typedef struct Options {
	bool all, json, verbose;
	char **pids;
} Options;

static int usage(void)
{
	fputs("usage: lsmp [-jv] PID ...\n"
	      "       lsmp -a [-jv]\n",
		stderr);
	return EX_USAGE;
}

/* A positive number, or 0. */
static pid_t parse_pid(const char *text)
{
	char *stop;
	long pid;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	pid = strtol(text, &stop, 10);
	return *stop || errno || pid <= 0 || pid > INT32_MAX ? 0 : (pid_t)pid;
}

static bool parse_options(int argc, char **argv, Options *ret)
{
	int c;

	*ret = (Options){0};
	while ((c = getopt(argc, argv, "ajv")) != -1) {
		switch (c) {
		case 'a':
			ret->all = true;
			break;
		case 'j':
			ret->json = true;
			break;
		case 'v':
			ret->verbose = true;
			break;
		default:
			return false;
		}
	}
	ret->pids = argv + optind;
	for (char **pid = ret->pids; *pid; pid++) {
		if (parse_pid(*pid))
			continue;
		fprintf(stderr, "lsmp: not a process id: %s\n", *pid);
		return false;
	}
	/* All, or these: not both, not neither. */
	return ret->all == !*ret->pids;
}

static int compare_processes(const void *a, const void *b)
{
	const Process *x = a, *y = b;

	/* Of two entries for one process the wanted one is the first. */
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return y->wanted - x->wanted;
}

static int add_process(ByteWriter *w, pid_t pid, bool wanted)
{
	Process p = {.pid = pid, .wanted = wanted};

	return error_fold(bytes_put_blob(w, &p, sizeof(p)));
}

static void closedirp(DIR **dirp)
{
	if (*dirp)
		closedir(*dirp);
}

/* All processes that may be read: those of this user, or all for root. */
static int add_all(ByteWriter *w, bool wanted)
{
	_cleanup_(closedirp) DIR *dir = opendir("/proc");
	uid_t self = geteuid();
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return error_origin(-errno);
	while (!r && (entry = readdir(dir)) != NULL) {
		pid_t pid = parse_pid(entry->d_name);
		struct stat st;

		if (!pid || pid == getpid())
			continue;
		if (self != 0 &&
			(fstatat(dirfd(dir), entry->d_name, &st, 0) < 0 || st.st_uid != self))
			continue;
		r = add_process(w, pid, wanted);
	}
	return r;
}

/* The processes to examine, each once, in order. */
static int list_processes(const Options *options, Process **ret, size_t *ret_n)
{
	_cleanup_bytes_writer_ ByteWriter w = {0};
	size_t size, n = 0;
	Process *all;
	int r = 0;

	bytes_writer_init_growable(&w, (size_t)1 << 30);
	for (char **pid = options->pids; *pid && !r; pid++)
		r = add_process(&w, parse_pid(*pid), true);
	if (!r)
		r = add_all(&w, options->all);
	if (r < 0)
		return error_trace(r);
	all = (Process *)(void *)bytes_writer_steal(&w, &size);
	if (size > 0)
		qsort(all, size / sizeof(Process), sizeof(Process), compare_processes);
	for (size_t i = 0; i < size / sizeof(Process); i++) {
		if (n == 0 || all[n - 1].pid != all[i].pid)
			all[n++] = all[i];
	}
	*ret = all;
	*ret_n = n;
	return 0;
}

static void processes_free(Process *processes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		model_deinit(&processes[i].model);
	free(processes);
}

void outcome_format(const ModelHead *head, char *text, size_t size)
{
	switch ((Outcome)head->outcome) {
	case OUTCOME_OK:
		snprintf(text, size, "%s", "");
		break;
	case OUTCOME_GONE:
		snprintf(text, size, "no such process");
		break;
	case OUTCOME_THREAD:
		snprintf(text, size, "no such process: a thread of process %d", head->detail);
		break;
	case OUTCOME_DENIED:
		snprintf(text, size,
			"not permitted: it must be of the same user and dumpable, or "
			"the caller root (%s)",
			strerror(head->detail));
		break;
	case OUTCOME_NO_SPACE:
		snprintf(text, size, "has no ports: it does not use libmach");
		break;
	case OUTCOME_BORROWED:
		snprintf(text, size, "has no ports of its own: its memory is process %d's",
			head->detail);
		break;
	case OUTCOME_OTHER_LAYOUT:
		snprintf(text, size,
			"runs another version of libmach than this lsmp knows "
			"(layout %d)",
			head->detail);
		break;
	case OUTCOME_BROKEN:
		snprintf(text, size, "what it has in memory makes no sense");
		break;
	case OUTCOME_HUNG:
		snprintf(text, size, "does not answer reads (gave up after %d s)", WORKER_SECONDS);
		break;
	case OUTCOME_CRASHED:
		snprintf(text, size, "its reader ended with status %#x", head->detail);
		break;
	default:
		snprintf(text, size, "%s", strerror(head->detail));
		break;
	}
}

/* Whether a process belongs into the listing. With -a, those that have no ports, may not be read or
 * have ended meanwhile are not missed. */
static bool is_shown(const Options *options, const Process *p)
{
	if (!p->wanted || !options->all)
		return p->wanted;
	switch ((Outcome)p->model.head.outcome) {
	case OUTCOME_GONE:
	case OUTCOME_DENIED:
	case OUTCOME_NO_SPACE:
	case OUTCOME_BORROWED:
		return false;
	default:
		return true;
	}
}

/* Messages about what could not be read; the exit status. */
static int report(const Process *processes, size_t n)
{
	char text[160];
	int status = 0;

	for (size_t i = 0; i < n; i++) {
		const Process *p = &processes[i];

		if (!p->wanted || p->model.head.outcome == OUTCOME_OK)
			continue;
		outcome_format(&p->model.head, text, sizeof(text));
		fprintf(stderr, "lsmp: %d: %s\n", p->pid, text);
		status = 1;
	}
	return status;
}

static int print_all(const Options *options, const Match *m)
{
	if (options->json) {
		json_print(stdout, m);
	} else {
		for (uint32_t i = 0; i < m->n_processes; i++) {
			const Process *p = &m->processes[i];

			if (p->wanted && p->model.head.outcome == OUTCOME_OK)
				text_print(stdout, m, i, options->verbose);
		}
	}
	return fflush(stdout) || ferror(stdout) ? -EIO : 0;
}

static int examine(const Options *options, Process *processes, size_t n, int *ret_status)
{
	WorkerOptions how = {.messages = options->verbose || options->json};
	Match m = {0};
	int r;

	r = workers_run(processes, n, &how);
	if (r < 0)
		return error_trace(r);
	for (size_t i = 0; i < n; i++)
		processes[i].wanted = is_shown(options, &processes[i]);
	r = match_init(&m, processes, n);
	if (r == 0)
		r = print_all(options, &m);
	match_deinit(&m);
	*ret_status = report(processes, n);
	return error_trace(r);
}

int main(int argc, char **argv)
{
	Process *processes = NULL;
	Options options;
	int status = 0;
	size_t n = 0;
	int r;

	if (!parse_options(argc, argv, &options))
		return usage();
	r = list_processes(&options, &processes, &n);
	if (r == 0)
		r = examine(&options, processes, n, &status);
	processes_free(processes, n);
	if (r == 0)
		return status;
	fprintf(stderr, "lsmp: %s\n", strerror(-r));
	return 1;
}
