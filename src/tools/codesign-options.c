/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codesign's command line. Each option says which actions it goes with; one that would have no effect is
 * refused, for who gives it expects one.
 *
 * The first -v, where nothing else is asked for, means --verify, as in the lineage.
 */
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "codesign/detached.h"
#include "tools/codesign.h"

#define WITH(action) (1u << (action))
#define WITH_SIGN WITH(ACTION_SIGN)
#define WITH_REMOVE WITH(ACTION_REMOVE)
#define WITH_VERIFY WITH(ACTION_VERIFY)
#define WITH_DISPLAY WITH(ACTION_DISPLAY)

/* Options without a letter. */
enum {
	OPTION_ANY_SIGNER = 1000,
	OPTION_CHECK_EXPIRATION,
	OPTION_CHECK_REVOCATION,
	OPTION_CONTINUE,
	OPTION_DATABASE,
	OPTION_DEEP,
	OPTION_DER,
	OPTION_DIGEST_ALGORITHM,
	OPTION_ENTITLEMENTS,
	OPTION_EXTRACT_CERTIFICATES,
	OPTION_GENERATE_DER,
	OPTION_HELP,
	OPTION_MAKE_IDENTITY,
	OPTION_PASSPHRASE,
	OPTION_PASSPHRASE_ENV,
	OPTION_PASSPHRASE_FD,
	OPTION_PASSPHRASE_FILE,
	OPTION_PREFIX,
	OPTION_PRESERVE_METADATA,
	OPTION_PRESERVE_TIMES,
	OPTION_REMOVE_SIGNATURE,
	OPTION_RUNTIME_VERSION,
	OPTION_STRICT,
	OPTION_TIMESTAMP,
	OPTION_VERBOSE,
	OPTION_VERIFY,
	OPTION_VERSION,
	OPTION_XML,
};

static const struct option long_options[] = {
	{"any-signer", no_argument, NULL, OPTION_ANY_SIGNER},
	{"check-expiration", no_argument, NULL, OPTION_CHECK_EXPIRATION},
	{"check-revocation", no_argument, NULL, OPTION_CHECK_REVOCATION},
	{"continue", no_argument, NULL, OPTION_CONTINUE},
	{"deep", no_argument, NULL, OPTION_DEEP},
	{"der", no_argument, NULL, OPTION_DER},
	{"detached", required_argument, NULL, 'D'},
	{"detached-database", optional_argument, NULL, OPTION_DATABASE},
	{"digest-algorithm", required_argument, NULL, OPTION_DIGEST_ALGORITHM},
	{"display", no_argument, NULL, 'd'},
	{"dryrun", no_argument, NULL, 'n'},
	{"entitlements", required_argument, NULL, OPTION_ENTITLEMENTS},
	{"extract-certificates", optional_argument, NULL, OPTION_EXTRACT_CERTIFICATES},
	{"force", no_argument, NULL, 'f'},
	{"generate-entitlement-der", no_argument, NULL, OPTION_GENERATE_DER},
	{"help", no_argument, NULL, OPTION_HELP},
	{"hosting", no_argument, NULL, 'h'},
	{"identifier", required_argument, NULL, 'i'},
	{"make-identity", required_argument, NULL, OPTION_MAKE_IDENTITY},
	{"options", required_argument, NULL, 'o'},
	{"pagesize", required_argument, NULL, 'P'},
	{"passphrase", required_argument, NULL, OPTION_PASSPHRASE},
	{"passphrase-env", required_argument, NULL, OPTION_PASSPHRASE_ENV},
	{"passphrase-fd", required_argument, NULL, OPTION_PASSPHRASE_FD},
	{"passphrase-file", required_argument, NULL, OPTION_PASSPHRASE_FILE},
	{"prefix", required_argument, NULL, OPTION_PREFIX},
	{"preserve-metadata", required_argument, NULL, OPTION_PRESERVE_METADATA},
	{"preserve-times", no_argument, NULL, OPTION_PRESERVE_TIMES},
	{"remove-signature", no_argument, NULL, OPTION_REMOVE_SIGNATURE},
	{"requirements", required_argument, NULL, 'r'},
	{"runtime-version", required_argument, NULL, OPTION_RUNTIME_VERSION},
	{"sign", required_argument, NULL, 's'},
	{"strict", no_argument, NULL, OPTION_STRICT},
	{"test-requirement", required_argument, NULL, 'R'},
	{"timestamp", optional_argument, NULL, OPTION_TIMESTAMP},
	{"verbose", optional_argument, NULL, OPTION_VERBOSE},
	{"verify", no_argument, NULL, OPTION_VERIFY},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"xml", no_argument, NULL, OPTION_XML},
	{NULL, 0, NULL, 0},
};

/* Those that do not go with all actions. */
static const struct {
	int option;
	unsigned actions;
} usable[] = {
	{'i', WITH_SIGN},
	{'o', WITH_SIGN},
	{'P', WITH_SIGN},
	{'f', WITH_SIGN},
	{'n', WITH_SIGN},
	{'r', WITH_SIGN | WITH_DISPLAY},
	{'D', WITH_SIGN | WITH_VERIFY | WITH_DISPLAY},
	{'R', WITH_VERIFY},
	{OPTION_ANY_SIGNER, WITH_VERIFY},
	{OPTION_CHECK_EXPIRATION, WITH_VERIFY},
	{OPTION_CHECK_REVOCATION, WITH_VERIFY},
	{OPTION_DATABASE, WITH_SIGN | WITH_REMOVE | WITH_VERIFY | WITH_DISPLAY},
	{OPTION_DEEP, WITH_VERIFY},
	{OPTION_DER, WITH_DISPLAY},
	{OPTION_DIGEST_ALGORITHM, WITH_SIGN},
	{OPTION_ENTITLEMENTS, WITH_SIGN | WITH_DISPLAY},
	{OPTION_EXTRACT_CERTIFICATES, WITH_DISPLAY},
	{OPTION_GENERATE_DER, WITH_SIGN},
	{OPTION_PASSPHRASE_ENV, WITH_SIGN},
	{OPTION_PASSPHRASE_FD, WITH_SIGN},
	{OPTION_PASSPHRASE_FILE, WITH_SIGN},
	{OPTION_PREFIX, WITH_SIGN},
	{OPTION_PRESERVE_METADATA, WITH_SIGN},
	{OPTION_PRESERVE_TIMES, WITH_SIGN | WITH_REMOVE},
	{OPTION_RUNTIME_VERSION, WITH_SIGN},
	{OPTION_STRICT, WITH_VERIFY},
	{OPTION_TIMESTAMP, WITH_SIGN},
	{OPTION_XML, WITH_DISPLAY},
};

/* What was read so far. */
typedef struct Parser {
	Options *options;
	bool seen[ARRAY_SIZE(usable)];
	bool has_two_actions;
	bool after_v; /* a digit is its value */
	unsigned n_verbose;
	bool has_level;
	unsigned level;
	unsigned n_passphrases;
} Parser;

void options_print_usage(FILE *out)
{
	fputs("usage: codesign -s IDENTITY [OPTION ...] FILE ...       sign\n"
	      "       codesign --remove-signature FILE ...             take signatures away\n"
	      "       codesign -v [-R REQUIREMENT] [OPTION ...] PATH ...   verify\n"
	      "       codesign -d [-v ...] [OPTION ...] FILE ...       display\n"
	      "       codesign --make-identity NAME                    make an identity to try it\n"
	      "IDENTITY is a name, a file in PEM or PKCS#12, or - for a signature by nobody.\n"
	      "See codesign(1).\n",
		out);
}

static int usage(void)
{
	options_print_usage(stderr);
	return STATUS_USAGE;
}

_printf_(1, 2) static int refuse(const char *format, ...);

static int refuse(const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	(void)fail("%s", text ? text : "no memory");
	return STATUS_USAGE;
}

static void set_action(Parser *p, Action action)
{
	if (p->options->action != ACTION_NONE && p->options->action != action)
		p->has_two_actions = true;
	p->options->action = action;
}

static const char *name_of(int option)
{
	for (const struct option *o = long_options; o->name; o++) {
		if (o->val == option)
			return o->name;
	}
	return "";
}

static int refuse_value(int option, const char *value, const char *why)
{
	return refuse("--%s: '%s' is not %s", name_of(option), value, why);
}

/* What chooses the action, and how much is said. False: it is another option. */
static bool parse_action(Parser *p, int c)
{
	Options *o = p->options;

	switch (c) {
	case 's':
		set_action(p, ACTION_SIGN);
		o->identity = optarg;
		return true;
	case 'd':
		set_action(p, ACTION_DISPLAY);
		return true;
	case 'h':
		set_action(p, ACTION_HOSTING);
		return true;
	case OPTION_VERIFY:
		set_action(p, ACTION_VERIFY);
		return true;
	case OPTION_REMOVE_SIGNATURE:
		set_action(p, ACTION_REMOVE);
		return true;
	case OPTION_MAKE_IDENTITY:
		set_action(p, ACTION_MAKE_IDENTITY);
		o->new_identity = optarg;
		return true;
	case OPTION_HELP:
		set_action(p, ACTION_HELP);
		return true;
	case OPTION_VERSION:
		set_action(p, ACTION_VERSION);
		return true;
	case 'v':
		p->n_verbose++;
		p->after_v = true;
		return true;
	default:
		return false;
	}
}

/* Options that have no value, or any. False: it is another one. */
static bool parse_simple(Options *o, int c)
{
	switch (c) {
	case 'f':
		o->force = true;
		return true;
	case 'n':
		o->dry_run = true;
		return true;
	case OPTION_PRESERVE_TIMES:
		o->keep_times = true;
		return true;
	case OPTION_DEEP:
		o->deep = true;
		return true;
	case OPTION_STRICT:
		o->strict = true;
		return true;
	case OPTION_ANY_SIGNER:
		o->any_signer = true;
		return true;
	case OPTION_CHECK_EXPIRATION:
		o->check_expiration = true;
		return true;
	case OPTION_CHECK_REVOCATION:
		o->check_revocation = true;
		return true;
	case OPTION_XML:
		o->form = FORM_XML;
		return true;
	case OPTION_DER:
		o->form = FORM_DER;
		return true;
	case OPTION_CONTINUE: /* it always does */
	case OPTION_GENERATE_DER: /* always, too */
		return true;
	default:
		return false;
	}
}

static bool parse_text(Parser *p, int c)
{
	Options *o = p->options;

	switch (c) {
	case 'i':
		o->identifier = optarg;
		return true;
	case 'r':
		o->requirements = optarg;
		return true;
	case 'R':
		o->test_requirement = optarg;
		return true;
	case 'D':
		o->detached = optarg;
		return true;
	case OPTION_DATABASE:
		o->use_database = true;
		if (optarg)
			o->database = optarg;
		return true;
	case OPTION_ENTITLEMENTS:
		o->entitlements = optarg;
		return true;
	case OPTION_EXTRACT_CERTIFICATES:
		o->certificates = optarg ? optarg : "codesign";
		return true;
	case OPTION_PREFIX:
		o->prefix = optarg;
		return true;
	case OPTION_PASSPHRASE_FILE:
		o->passphrase_file = optarg;
		p->n_passphrases++;
		return true;
	case OPTION_PASSPHRASE_ENV:
		o->passphrase_variable = optarg;
		p->n_passphrases++;
		return true;
	default:
		return false;
	}
}

/* Options whose value has a form. */
static int parse_value(Parser *p, int c)
{
	Options *o = p->options;
	const char *why = "a number";
	bool is_good;
	unsigned n;

	switch (c) {
	case 'o':
		is_good = value_parse_flags(optarg, &o->flags, &why);
		break;
	case 'P':
		is_good = value_parse_page_size(optarg, &o->page_shift, &why);
		break;
	case OPTION_DIGEST_ALGORITHM:
		is_good = value_parse_hashes(optarg, o->hashes, &o->n_hashes, &why);
		break;
	case OPTION_RUNTIME_VERSION:
		is_good = value_parse_version(optarg, &o->runtime, &why);
		break;
	case OPTION_PRESERVE_METADATA:
		is_good = value_parse_preserve(optarg, &o->preserve, &why);
		break;
	case OPTION_PASSPHRASE_FD:
		is_good = value_parse_number(optarg, INT_MAX, &n);
		o->passphrase_fd = is_good ? (int)n : -1;
		p->n_passphrases++;
		break;
	case OPTION_VERBOSE:
		p->n_verbose++;
		is_good = !optarg || value_parse_number(optarg, 99, &p->level);
		p->has_level = p->has_level || optarg;
		break;
	case OPTION_TIMESTAMP:
		why = "none: timestamps of authorities are not supported; give --timestamp=none, "
		      "or "
		      "nothing: the time that the signer claims is in the signature";
		is_good = optarg && strcmp(optarg, "none") == 0;
		break;
	case OPTION_PASSPHRASE:
		return refuse("a passphrase on the command line could be read by everybody on this "
			      "machine; use --passphrase-file, --passphrase-fd or "
			      "--passphrase-env");
	default:
		return usage(); /* getopt_long() has said why */
	}
	return is_good ? 0 : refuse_value(c, optarg ? optarg : "", why);
}

static int parse_one(Parser *p, int c)
{
	bool was_after_v = p->after_v;

	p->after_v = false;
	if (c >= '0' && c <= '9') {
		if (!was_after_v)
			return refuse("a digit is the value of -v, as in -v4");
		p->has_level = true;
		p->level = (unsigned)(c - '0');
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(usable); i++) {
		if (usable[i].option == c)
			p->seen[i] = true;
	}
	if (parse_action(p, c) || parse_simple(p->options, c) || parse_text(p, c))
		return 0;
	return parse_value(p, c);
}

static void choose_action(Parser *p)
{
	Options *o = p->options;

	if (o->action == ACTION_NONE && p->n_verbose > 0) {
		o->action = ACTION_VERIFY;
		p->n_verbose--;
	}
	o->verbosity = p->has_level ? p->level : p->n_verbose;
}

static const char *name_of_action(Action action)
{
	switch (action) {
	case ACTION_SIGN:
		return "to sign";
	case ACTION_REMOVE:
		return "to remove a signature";
	case ACTION_VERIFY:
		return "to verify";
	case ACTION_DISPLAY:
		return "to display";
	default:
		return "there";
	}
}

static int check_usable(const Parser *p)
{
	Action action = p->options->action;

	for (size_t i = 0; i < ARRAY_SIZE(usable); i++) {
		if (p->seen[i] && !(usable[i].actions & WITH(action)))
			return refuse("--%s means nothing %s", name_of(usable[i].option),
				name_of_action(action));
	}
	return 0;
}

static bool is_text(const char *option, const char *expected)
{
	return option && strcmp(option, expected) == 0;
}

/* Whether something goes into a file whose name is given. */
static bool has_output(const Options *o)
{
	return o->action == ACTION_DISPLAY &&
	       (o->certificates || (o->requirements && !is_text(o->requirements, "-")) ||
		       (o->entitlements && !is_text(o->entitlements, "-")));
}

/* What does not go together. */
static int check_combinations(const Parser *p)
{
	const Options *o = p->options;

	if (p->n_passphrases > 1)
		return refuse("there is one passphrase: give one of --passphrase-file, "
			      "--passphrase-fd and --passphrase-env");
	if (o->detached && o->use_database && o->action == ACTION_SIGN)
		return refuse("--detached and --detached-database are two places");
	if (o->n_paths > 1 && (o->detached || has_output(o)))
		return refuse("for more than one file, the name of a file that belongs to one of "
			      "them makes no sense");
	if (o->detached && o->deep)
		return refuse("--detached is the signature of one file, --deep is about many");
	if (o->action == ACTION_SIGN && is_text(o->requirements, "-") &&
		is_text(o->entitlements, "-"))
		return refuse("requirements and entitlements cannot both be on standard input");
	if (o->runtime && !(o->flags & CODE_FLAG_RUNTIME))
		return refuse("--runtime-version goes with -o runtime");
	return 0;
}

/* Processes are what hosting brings; a file can be called by a number. */
static int check_path(const char *path)
{
	if (path[0] == 0)
		return refuse("an empty name is that of no file");
	if (path[0] == '+' || (path[strspn(path, "0123456789")] == 0 && access(path, F_OK) != 0))
		return refuse("%s: running processes cannot be looked at yet, only files", path);
	return 0;
}

static int check(const Parser *p)
{
	const Options *o = p->options;
	int status;

	if (p->has_two_actions)
		return refuse("one thing at a time: sign, verify or display");
	if (o->action == ACTION_HELP || o->action == ACTION_VERSION)
		return 0;
	if (o->action == ACTION_NONE)
		return usage();
	if (o->action == ACTION_HOSTING)
		return refuse("-h shows the hosts of a running process; hosting is not there yet");
	status = check_usable(p);
	if (status == 0)
		status = check_combinations(p);
	if (status)
		return status;
	if (o->action == ACTION_MAKE_IDENTITY)
		return o->n_paths == 0 ? 0 : usage();
	if (o->n_paths == 0)
		return usage();
	for (int i = 0; status == 0 && i < o->n_paths; i++)
		status = check_path(o->paths[i]);
	return status;
}

/* ":-" is what the lineage had before --xml. */
static void choose_form(Options *o)
{
	if (o->action == ACTION_DISPLAY && o->entitlements && o->entitlements[0] == ':') {
		o->entitlements++;
		if (o->form == FORM_TREE)
			o->form = FORM_XML;
	}
}

int options_parse(int argc, char **argv, Options *ret)
{
	Parser p = {.options = ret};
	int c, status;

	*ret = (Options){
		.passphrase_fd = -1,
		.page_shift = CODE_PAGE_SHIFT_DEFAULT,
		.database = DETACHED_DATABASE,
	};
	while ((c = getopt_long(argc, argv, "s:i:o:r:fvdD:nR:P:h0123456789", long_options, NULL)) !=
		-1) {
		status = parse_one(&p, c);
		if (status)
			return status;
	}
	ret->paths = argv + optind;
	ret->n_paths = argc - optind;
	choose_action(&p);
	choose_form(ret);
	return check(&p);
}
