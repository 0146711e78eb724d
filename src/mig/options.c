/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: a table of mig's own options, and one of those that the preprocessor gets as
 * they are. Everything else is an error: an option with a slip of the pen that is silently handed on
 * would be an error of the preprocessor at best. Files and options may be mixed.
 */
#include "mig/options.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"

/* From the build. */
#ifndef MIG_VERSION
#define MIG_VERSION "?"
#endif

#define HELP_END "The manual page mig(1) says more.\n"

typedef struct Parse {
	Options *o;
	Arena *arena;
	char **next; /* arguments that are left */
	char *const *last;
	FILE *out, *err;
	const char *without_effect; /* a list for the one warning */
	const char *sysroot;
} Parse;

typedef enum What {
	SET_STRING, /* const char *, from the next argument */
	SET_NUMBER, /* long, likewise */
	SET_TRUE,
	SET_FALSE,
	TAKES_NOTHING, /* accepted without a word: what it asks for is the case anyway */
	HAS_NO_EFFECT,
	HAS_NO_EFFECT_1, /* nor has its argument */
	FOR_MACHINE, /* ignored if the argument names this machine */
	FOR_DEPENDENCIES, /* -MT and the like: the option and its argument */
	SYSROOT,
	VERSION,
	HELP,
} What;

typedef struct Option {
	const char *text;
	What what;
	size_t offset; /* in Options */
} Option;

#define AT(member) offsetof(Options, member)

static const Option options[] = {
	{"-q", SET_TRUE, AT(quiet)},
	{"-Q", SET_FALSE, AT(quiet)},
	{"-v", SET_TRUE, AT(verbose)},
	{"-V", SET_FALSE, AT(verbose)},
	{"-r", SET_TRUE, AT(rpc)},
	{"-R", SET_FALSE, AT(rpc)},
	{"-n", SET_TRUE, AT(check_ndr)},
	{"-N", SET_FALSE, AT(check_ndr)},
	{"-l", HAS_NO_EFFECT, 0},
	{"-L", TAKES_NOTHING, 0},
	{"-k", HAS_NO_EFFECT, 0},
	{"-K", TAKES_NOTHING, 0},
	{"-b", HAS_NO_EFFECT, 0},
	{"-B", TAKES_NOTHING, 0},
	{"-s", HAS_NO_EFFECT, 0},
	{"-S", TAKES_NOTHING, 0},
	{"-t", HAS_NO_EFFECT, 0},
	{"-T", TAKES_NOTHING, 0},
	{"-x", HAS_NO_EFFECT, 0},
	{"-X", TAKES_NOTHING, 0},
	{"-i", SET_STRING, AT(user_prefix_files)},
	{"-user", SET_STRING, AT(user)},
	{"-server", SET_STRING, AT(server)},
	{"-header", SET_STRING, AT(header)},
	{"-sheader", SET_STRING, AT(sheader)},
	{"-iheader", SET_STRING, AT(iheader)},
	{"-dheader", SET_STRING, AT(dheader)},
	{"-split", HAS_NO_EFFECT, 0},
	{"-maxonstack", SET_NUMBER, AT(max_on_stack)},
	{"-max_descrs", SET_NUMBER, AT(max_descriptors)},
	{"-max_reply_descrs", SET_NUMBER, AT(max_reply_descriptors)},
	{"-novouchers", SET_TRUE, AT(novouchers)},
	{"-mach_msg2", SET_TRUE, AT(mach_msg2)},
	{"-arch", FOR_MACHINE, 0},
	{"-target", FOR_MACHINE, 0},
	{"-cc", SET_STRING, AT(cc)},
	{"-cpp", HAS_NO_EFFECT_1, 0},
	{"-migcom", HAS_NO_EFFECT_1, 0},
	{"-isysroot", SYSROOT, 0},
	{"-MF", SET_STRING, AT(depfile)},
	{"-MT", FOR_DEPENDENCIES, 0},
	{"-MQ", FOR_DEPENDENCIES, 0},
	{"-version", VERSION, 0},
	{"--version", VERSION, 0},
	{"-help", HELP, 0},
	{"--help", HELP, 0},
};

/* What is handed to the preprocessor: the beginning of an option, whose argument may follow it. */
static const struct {
	const char *text;
	enum { JOINED, SEPARATE, EITHER, ALONE } form;
} cpp_options[] = {
	{"-D", EITHER},
	{"-U", EITHER},
	{"-I", EITHER},
	{"-include", SEPARATE},
	{"-imacros", SEPARATE},
	{"-isystem", EITHER},
	{"-idirafter", EITHER},
	{"-iquote", EITHER},
	{"-nostdinc", ALONE},
	{"-undef", ALONE},
	{"-ansi", ALONE},
	{"-pedantic", ALONE},
	{"-pthread", ALONE},
	{"-w", ALONE},
	{"-m32", ALONE},
	{"-m64", ALONE},
	{"-mx32", ALONE},
	{"-march=", JOINED},
	{"-mabi=", JOINED},
	{"-std=", JOINED},
	{"--sysroot=", JOINED},
	{"-f", JOINED},
	{"-W", JOINED},
	{"-O", JOINED},
	{"-g", JOINED},
};

static int complain(const Parse *p, const char *option, const char *text)
{
	fprintf(p->err, "mig: %s: %s\n", option, text);
	return OPTIONS_E_USAGE;
}

/* NULL if there is none; that has been told. */
static const char *take_argument(Parse *p, const char *option)
{
	if (p->next < p->last && **p->next != '\0')
		return *p->next++;
	(void)complain(p, option, "an argument is missing; write it after the option");
	return NULL;
}

static int parse_number(const Parse *p, const char *option, const char *text, long *ret)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value > INT32_MAX)
		return complain(p, option,
			"the argument must be a decimal number of at most 31 "
			"bits; correct it");
	*ret = value;
	return 0;
}

/* Whether it is the architecture of this machine, under any of its names. */
static bool is_this_machine(const char *arch)
{
	struct utsname u;
	size_t n;

	if (uname(&u) < 0)
		return true;
	n = strlen(u.machine);
	if (strncmp(arch, u.machine, n) == 0 && (arch[n] == '\0' || arch[n] == '-'))
		return true;
	return strcmp(u.machine, "aarch64") == 0 && strncmp(arch, "arm64", 5) == 0;
}

/* Room for all of them was made at the start. */
static void add(const char **list, size_t *n, const char *text)
{
	list[(*n)++] = text;
}

static void no_effect(Parse *p, const char *option)
{
	p->without_effect = p->without_effect
				    ? arena_printf(p->arena, "%s, %s", p->without_effect, option)
				    : option;
}

static void print_help(FILE *out)
{
	fputs("usage: mig [-qvrRn] [-user FILE] [-server FILE] [-header FILE] [-sheader FILE]\n"
	      "           [-iheader FILE] [-dheader FILE] [-i PREFIX] [-maxonstack BYTES] [-MD]\n"
	      "           [-cc COMMAND] [-D NAME] [-U NAME] [-I FOLDER] ... FILE.defs ...\n"
	      "Writes the C code of both sides of an interface of messages.\n" HELP_END,
		out);
}

static int answer(Parse *p, What what)
{
	if (what == VERSION)
		fprintf(p->out, "mig (portcullis) %s\n", MIG_VERSION);
	else
		print_help(p->out);
	return OPTIONS_E_DONE;
}

static int parse_argument(Parse *p, const Option *option, void *member)
{
	const char *argument = take_argument(p, option->text);

	if (!argument)
		return OPTIONS_E_USAGE;
	switch (option->what) {
	case SET_STRING:
		*(const char **)member = argument;
		return 0;
	case SET_NUMBER:
		return parse_number(p, option->text, argument, member);
	case HAS_NO_EFFECT_1:
		no_effect(p, option->text);
		return 0;
	case FOR_MACHINE:
		if (!is_this_machine(argument))
			no_effect(p, arena_printf(p->arena, "%s %s", option->text, argument));
		return 0;
	case SYSROOT:
		p->sysroot = argument;
		return 0;
	default:
		add(p->o->dep_args, &p->o->n_dep_args, option->text);
		add(p->o->dep_args, &p->o->n_dep_args, argument);
		return 0;
	}
}

static int parse_known(Parse *p, const Option *option)
{
	void *member = (char *)p->o + option->offset;

	switch (option->what) {
	case SET_TRUE:
	case SET_FALSE:
		*(bool *)member = option->what == SET_TRUE;
		return 0;
	case TAKES_NOTHING:
		return 0;
	case HAS_NO_EFFECT:
		no_effect(p, option->text);
		return 0;
	case VERSION:
	case HELP:
		return answer(p, option->what);
	default:
		return parse_argument(p, option, member);
	}
}

/* 0 if it was for the preprocessor, or is wrong (*ret_error); otherwise 1. */
static int parse_cpp(Parse *p, const char *text, int *ret_error)
{
	for (size_t i = 0; i < ARRAY_SIZE(cpp_options); i++) {
		size_t n = strlen(cpp_options[i].text);
		const char *argument = NULL;
		bool is_joined = text[n < strlen(text) ? n : strlen(text)] != '\0';

		if (strncmp(text, cpp_options[i].text, n) != 0)
			continue;
		if (is_joined && (cpp_options[i].form == ALONE || cpp_options[i].form == SEPARATE))
			continue;
		if (!is_joined &&
			(cpp_options[i].form == EITHER || cpp_options[i].form == SEPARATE)) {
			argument = take_argument(p, text);
			*ret_error = argument ? 0 : OPTIONS_E_USAGE;
			if (!argument)
				return 0;
		}
		add(p->o->cpp_args, &p->o->n_cpp_args, text);
		if (argument)
			add(p->o->cpp_args, &p->o->n_cpp_args, argument);
		return 0;
	}
	return 1;
}

static int parse_one(Parse *p, const char *text)
{
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (strcmp(options[i].text, text) == 0)
			return parse_known(p, &options[i]);
	}
	if (strcmp(text, "-MD") == 0 || strcmp(text, "-MMD") == 0) {
		if (!p->o->depfile)
			p->o->depfile = "";
		return 0;
	}
	if (strcmp(text, "-MP") == 0) {
		add(p->o->dep_args, &p->o->n_dep_args, text);
		return 0;
	}
	if (strcmp(text, "-M") == 0 || strcmp(text, "-MM") == 0)
		return complain(p, text, "dependencies go to a file only; write -MD");
	if (parse_cpp(p, text, &error) == 0)
		return error;
	return complain(p, text, "there is no such option; the manual page mig(1) lists them");
}

static void set_defaults(Parse *p, size_t n)
{
	const char *cc = getenv("MIGCC"), *sysroot = getenv("SDKROOT");

	*p->o = (Options){
		.rpc = true,
		.max_on_stack = -1,
		.max_descriptors = -1,
		.max_reply_descriptors = -1,
		.cc = cc && *cc ? cc : "cc",
		.files = arena_new_array(p->arena, const char *, n),
		/* Two more for the system root. */
		.cpp_args = arena_new_array(p->arena, const char *, n + 2),
		.dep_args = arena_new_array(p->arena, const char *, n),
	};
	p->sysroot = sysroot && *sysroot ? sysroot : NULL;
}

static bool has_outputs(const Options *o)
{
	const char *const names[] = {
		o->user, o->server, o->header, o->sheader, o->iheader, o->dheader, o->depfile};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i] && *names[i] && strcmp(names[i], "/dev/null") != 0)
			return true;
	}
	return false;
}

static int finish(Parse *p)
{
	Options *o = p->o;

	if (o->n_files == 0) {
		fputs("mig: no file is given; name a .defs file, or see mig -help\n", p->err);
		return OPTIONS_E_USAGE;
	}
	if (o->n_files > 1 && has_outputs(o)) {
		fputs("mig: several files cannot have one output; leave the names of outputs out, "
		      "or run mig for each\n",
			p->err);
		return OPTIONS_E_USAGE;
	}
	if (p->sysroot) {
		add(o->cpp_args, &o->n_cpp_args, "-isysroot");
		add(o->cpp_args, &o->n_cpp_args, p->sysroot);
	}
	if (!o->depfile && o->n_dep_args > 0)
		no_effect(p, o->dep_args[0]);
	if (o->user_prefix_files && o->user)
		no_effect(p, "-user");
	if (p->without_effect && !o->quiet)
		fprintf(p->err, "mig: warning: without effect here: %s\n", p->without_effect);
	return 0;
}

int options_parse(Arena *a, int argc, char **argv, FILE *out, FILE *err, Options *ret)
{
	Parse p = {.o = ret, .arena = a, .out = out, .err = err};
	bool is_over = false;
	int r;

	p.next = argv + (argc > 0);
	p.last = argv + argc;
	set_defaults(&p, (size_t)argc + 1);
	while (p.next < p.last) {
		const char *text = *p.next++;

		if (is_over || text[0] != '-') {
			add(ret->files, &ret->n_files, text);
			continue;
		}
		if (strcmp(text, "--") == 0) {
			is_over = true;
			continue;
		}
		r = parse_one(&p, text);
		if (r != 0)
			return r;
	}
	return finish(&p);
}
