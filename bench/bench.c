/* SPDX-License-Identifier: Apache-2.0 */
/* See bench.h. */
#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REPEATS 5
#define REPEATS_MAX 101
#define SECONDS_MAX 120 /* for one figure, before it counts as hanging */
#define LOOP_SECONDS 0.4
#define WINDOW_SECONDS 0.02

static struct {
	bool json;
	bool median;
	bool no_pinned;
	bool no_unpinned;
	bool no_verdict;
	unsigned repeats;
	double scale;
	const char *only;
} options = {.repeats = REPEATS, .scale = 1};

static bool is_pinned; /* of a measure */

/* Of a measure. */

double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Called when round `next` has begun; the rounds before it are done. */
bool bench_loop_look(BenchLoop *loop)
{
	double now = bench_now(), span = now - loop->window_start;
	size_t done = loop->n - 1;

	if (loop->start == 0 && done < loop->warm) {
		loop->next = loop->warm;
		return true;
	}
	if (loop->start == 0) {
		loop->start = loop->window_start = now;
		loop->window_n = done;
		loop->best = INFINITY;
	} else if (span >= WINDOW_SECONDS * 1e9) {
		loop->best = fmin(loop->best, span / (double)(done - loop->window_n));
		loop->window_start = now;
		loop->window_n = done;
	}
	loop->end = now;
	loop->measured_n = done - loop->warm;
	loop->next = done + loop->stride;
	return loop->best == INFINITY || now - loop->start < LOOP_SECONDS * 1e9 * options.scale;
}

double bench_loop_ns(const BenchLoop *loop)
{
	return bench_pick(loop->best, (loop->end - loop->start) / (double)loop->measured_n);
}

double bench_pick(double best, double mean)
{
	return is_pinned ? best : mean;
}

static void (*at_end)(void);

void bench_at_end(void (*fn)(void))
{
	at_end = fn;
}

static void say(const char *kind, const char *format, va_list ap)
{
	char text[512];

	if (at_end != NULL)
		at_end();
	vsnprintf(text, sizeof(text), format, ap);
	printf("%s %s\n", kind, text);
	fflush(stdout);
}

void bench_skip(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("skip", format, ap);
	va_end(ap);
	exit(0);
}

void bench_die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("fail", format, ap);
	va_end(ap);
	exit(1);
}

pid_t bench_fork(void (*fn)(void *arg), void *arg)
{
	pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = BENCH_SYS(fork());
	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	fn(arg);
	fflush(stdout);
	_exit(0);
}

void bench_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

void *bench_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		bench_die("mmap: %m");
	return p;
}

BenchFn bench_find(const BenchSuite *suite, const char *key)
{
	for (size_t i = 0; i < suite->n_measures; i++)
		if (strcmp(suite->measures[i].key, key) == 0)
			return suite->measures[i].fn;
	return NULL;
}

static void pin(void)
{
	cpu_set_t set, one;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		CPU_SET(cpu, &one);
		break;
	}
	(void)sched_setaffinity(0, sizeof(one), &one);
}

/* --measure KEY pinned|unpinned */
static int measure_main(const BenchSuite *suite, const char *key, const char *where)
{
	BenchFn fn = bench_find(suite, key);
	double figure;

	if (fn == NULL)
		bench_die("no measure %s", key);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	is_pinned = strcmp(where, "pinned") == 0;
	if (is_pinned)
		pin();
	figure = fn();
	if (at_end != NULL)
		at_end();
	printf("figure %.9g\n", figure);
	fflush(stdout);
	/* What the measure left to the end of the process is not measured, and not waited for. */
	_exit(0);
}

/* Of the table. */

typedef struct Cell {
	size_t n;
	double samples[REPEATS_MAX];
	char why[600]; /* when there is no figure */
	bool failed;
	bool pinned;
} Cell;

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double cell_quantile(const Cell *cell, bool median)
{
	double sorted[REPEATS_MAX];

	if (cell->n == 0)
		return NAN;
	memcpy(sorted, cell->samples, cell->n * sizeof(double));
	qsort(sorted, cell->n, sizeof(double), compare_doubles);
	return sorted[median ? cell->n / 2 : 0];
}

static double cell_figure(const Cell *cell)
{
	return cell_quantile(cell, options.median || !cell->pinned);
}

__attribute__((__noreturn__)) static void measure_exec(
	const char *key, bool pinned, bool no_lease, int out)
{
	char scale[32];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(out, STDOUT_FILENO);
	(void)setenv("PORTCULLIS_LEASES", no_lease ? "0" : "1", 1);
	snprintf(scale, sizeof(scale), "%.9g", options.scale);
	/* One group, so that a measure that hangs is killed with all its processes. */
	(void)setpgid(0, 0);
	execl("/proc/self/exe", program_invocation_name, "--scale", scale, "--measure", key,
		pinned ? "pinned" : "unpinned", (char *)NULL);
	_exit(127);
}

/* All that the process says until it ends, or until its time is over. */
static void measure_read(int fd, pid_t pid, char *text, size_t size)
{
	double end = bench_now() + SECONDS_MAX * 1e9;
	size_t n = 0;

	while (n < size - 1) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		double left = end - bench_now();
		ssize_t got;

		if (left <= 0 || poll(&p, 1, (int)(left / 1e6) + 1) == 0) {
			n = (size_t)snprintf(text, size, "fail hangs\n");
			break;
		}
		got = read(fd, text + n, size - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
		/* Processes that it left behind may keep the pipe open. */
		if (memchr(text, '\n', n) != NULL)
			break;
	}
	text[n] = '\0';
	(void)kill(-pid, SIGKILL);
}

static void cell_sample(Cell *cell, const char *key, bool no_lease)
{
	int ends[2], status = 0;
	char text[sizeof(cell->why)];
	pid_t pid;

	if (cell->why[0] != '\0' || cell->n == REPEATS_MAX)
		return;
	BENCH_SYS(pipe2(ends, O_CLOEXEC));
	fflush(NULL);
	pid = BENCH_SYS(fork());
	if (pid == 0)
		measure_exec(key, cell->pinned, no_lease, ends[1]);
	(void)setpgid(pid, pid);
	close(ends[1]);
	measure_read(ends[0], pid, text, sizeof(text));
	close(ends[0]);
	(void)waitpid(pid, &status, 0);
	text[strcspn(text, "\n")] = '\0';
	if (sscanf(text, "figure %lf", &cell->samples[cell->n]) == 1) {
		cell->n++;
		return;
	}
	cell->failed = strncmp(text, "skip ", 5) != 0;
	if (strlen(text) > 5)
		snprintf(cell->why, sizeof(cell->why), "%s", text + 5);
	else
		snprintf(cell->why, sizeof(cell->why), "ended with wait status %#x",
			(unsigned)status);
}

static void format_figure(char *text, size_t size, BenchUnit unit, double figure)
{
	if (isnan(figure))
		snprintf(text, size, "-");
	else if (unit == BENCH_RATE)
		snprintf(text, size, "%.0f/s", 1e9 / figure);
	else if (unit == BENCH_BYTES)
		snprintf(text, size, "%.0f B", figure);
	else if (unit == BENCH_NS)
		snprintf(text, size, "%.1f ns", figure);
	else
		snprintf(text, size, "%.2f us", figure / 1000);
}

/* More is better for rates; for the rest it is the other way round. */
static bool row_meets(const BenchRow *row, double ratio, double bound)
{
	return row->unit == BENCH_RATE ? ratio >= bound : ratio <= bound;
}

static double row_ratio(const BenchRow *row, double ours, double raw)
{
	if (row->unit == BENCH_BYTES)
		return ours;
	return row->unit == BENCH_RATE ? raw / ours : ours / raw;
}

static const char *row_verdict(const BenchRow *row, double ratio)
{
	if (isnan(ratio))
		return "-";
	if (row->required <= 0)
		return "";
	if (!row_meets(row, ratio, row->required))
		return "MISS";
	return row_meets(row, ratio, row->aim) ? "ok, aim met" : "ok";
}

static void format_bound(char *text, size_t size, const BenchRow *row, double bound)
{
	const char *sign = row->unit == BENCH_RATE ? ">=" : "<=";

	if (row->required <= 0)
		snprintf(text, size, " ");
	else
		snprintf(text, size, "%s %.4g", sign, bound);
}

static void print_text(const BenchRow *row, const Cell *ours, const Cell *raw)
{
	double ratio = row_ratio(row, cell_figure(ours), cell_figure(raw));
	char a[32], b[32], required[32], aim[32], r[32] = "-";

	format_figure(a, sizeof(a), row->unit, cell_figure(ours));
	format_figure(b, sizeof(b), row->unit, cell_figure(raw));
	format_bound(required, sizeof(required), row, row->required);
	format_bound(aim, sizeof(aim), row, row->aim);
	if (!isnan(ratio) && row->unit != BENCH_BYTES)
		snprintf(r, sizeof(r), "%.2f", ratio);
	printf("%-58s %13s %13s %8s %8s %8s  %s\n", row->what, a, b, r, required, aim,
		row_verdict(row, ratio));
	if (ours->why[0] != '\0')
		printf("    %s: %s\n", ours->failed ? "FAILED" : "skipped", ours->why);
	if (raw->why[0] != '\0')
		printf("    raw %s: %s\n", raw->failed ? "FAILED" : "skipped", raw->why);
	fflush(stdout);
}

static void print_json_text(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			printf("\\u%04x", (unsigned)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static void print_json_cell(const char *name, const Cell *cell)
{
	printf(",\"%s\":{\"samples\":[", name);
	for (size_t i = 0; i < cell->n; i++)
		printf("%s%.9g", i > 0 ? "," : "", cell->samples[i]);
	putchar(']');
	if (cell->n > 0)
		printf(",\"best\":%.9g,\"median\":%.9g", cell_quantile(cell, false),
			cell_quantile(cell, true));
	if (cell->why[0] != '\0') {
		printf(",\"%s\":", cell->failed ? "failed" : "skipped");
		print_json_text(cell->why);
	}
	putchar('}');
}

/* One object to a line. Samples are nanoseconds, or bytes. */
static void print_json(const BenchRow *row, bool pinned, const Cell *ours, const Cell *raw)
{
	double ratio = row_ratio(row, cell_figure(ours), cell_figure(raw));

	printf("{\"what\":");
	print_json_text(row->what);
	printf(",\"pinned\":%s", pinned ? "true" : "false");
	print_json_cell("ours", ours);
	if (row->raw != NULL)
		print_json_cell("raw", raw);
	if (!isnan(ratio))
		printf(",\"%s\":%.6g", row->unit == BENCH_BYTES ? "bytes" : "ratio", ratio);
	if (row->required > 0)
		printf(",\"required\":%.6g,\"aim\":%.6g,\"verdict\":\"%s\"", row->required,
			row->aim, row_verdict(row, ratio));
	printf("}\n");
	fflush(stdout);
}

/* False when what is required is missed, or a measure failed; one that was skipped is no failure. */
static bool run_row(const BenchRow *row, bool pinned)
{
	static Cell ours, raw;
	double ratio;

	memset(&ours, 0, sizeof(ours));
	memset(&raw, 0, sizeof(raw));
	ours.pinned = raw.pinned = pinned;
	for (unsigned i = 0; i < options.repeats; i++) {
		cell_sample(&ours, row->ours, row->no_lease);
		if (row->raw != NULL)
			cell_sample(&raw, row->raw, row->no_lease);
	}
	if (options.json)
		print_json(row, pinned, &ours, &raw);
	else
		print_text(row, &ours, &raw);
	if (ours.failed || raw.failed)
		return false;
	ratio = row_ratio(row, cell_figure(&ours), cell_figure(&raw));
	return options.no_verdict || row->required <= 0 || isnan(ratio) ||
	       row_meets(row, ratio, row->required);
}

static void print_head(const BenchSuite *suite, bool pinned)
{
	printf("\n%s, %s: %s\n", suite->name, pinned ? "all processes on one CPU" : "not pinned",
		pinned && !options.median ? "best" : "median");
	printf("%-58s %13s %13s %8s %8s %8s\n", "", "ours", "raw", "ratio", "required", "aim");
}

static bool run_table(const BenchSuite *suite, bool pinned)
{
	bool good = true;

	if (!options.json)
		print_head(suite, pinned);
	for (size_t i = 0; i < suite->n_rows; i++) {
		const BenchRow *row = &suite->rows[i];

		if (row->pinned_only && !pinned)
			continue;
		if (options.only != NULL && strstr(row->what, options.only) == NULL)
			continue;
		good &= run_row(row, pinned);
	}
	return good;
}

static void print_machine(void)
{
	struct utsname name;
	char qlen[16] = "?";
	FILE *file = fopen("/proc/sys/net/unix/max_dgram_qlen", "re");

	if (file != NULL) {
		if (fgets(qlen, sizeof(qlen), file) != NULL)
			qlen[strcspn(qlen, "\n")] = '\0';
		(void)fclose(file);
	}
	(void)uname(&name);
	printf("Linux %s %s, %ld CPUs, max_dgram_qlen %s; %u repetitions\n", name.release,
		name.machine, sysconf(_SC_NPROCESSORS_ONLN), qlen, options.repeats);
}

static int usage(const BenchSuite *suite)
{
	fprintf(stderr,
		"usage: %s [--json] [--median] [--repeats N] [--scale X] [--only TEXT]\n"
		"       [--pinned | --unpinned] [--no-verdict] [--list]\n",
		suite->name);
	return 64;
}

static int list(const BenchSuite *suite)
{
	for (size_t i = 0; i < suite->n_rows; i++)
		puts(suite->rows[i].what);
	return 0;
}

/* True if it is one of the options without a value. */
static bool parse_flag(const char *arg)
{
	static const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{"--json", &options.json},
		{"--median", &options.median},
		{"--pinned", &options.no_unpinned},
		{"--unpinned", &options.no_pinned},
		{"--no-verdict", &options.no_verdict},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(arg, flags[i].name) != 0)
			continue;
		*flags[i].flag = true;
		return true;
	}
	return false;
}

static bool parse_value(const char *arg, const char *value)
{
	if (strcmp(arg, "--repeats") == 0)
		options.repeats = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(arg, "--scale") == 0)
		options.scale = strtod(value, NULL);
	else if (strcmp(arg, "--only") == 0)
		options.only = value;
	else
		return false;
	return options.repeats >= 1 && options.repeats <= REPEATS_MAX && options.scale > 0;
}

int bench_main(const BenchSuite *suite, int argc, char **argv)
{
	bool good = true;

	for (int i = 1; i < argc; i++) {
		if (parse_flag(argv[i]))
			continue;
		if (strcmp(argv[i], "--list") == 0)
			return list(suite);
		if (strcmp(argv[i], "--measure") == 0 && i + 2 < argc)
			return measure_main(suite, argv[i + 1], argv[i + 2]);
		if (i + 1 == argc || !parse_value(argv[i], argv[i + 1]))
			return usage(suite);
		i++;
	}
	if (!options.json)
		print_machine();
	if (!options.no_pinned)
		good &= run_table(suite, true);
	if (!options.no_unpinned)
		good &= run_table(suite, false);
	return good ? 0 : 1;
}
