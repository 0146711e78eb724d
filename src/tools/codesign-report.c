/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How codesign tells what it found: lines, problems with what can be done about them, and progress.
 *
 * Names of files, of signers and of code were chosen by somebody else, and are read on terminals: what
 * a terminal would act on is never written as it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "object/utf.h"
#include "tools/codesign.h"

/* --- Lines --- */

/* The bytes of one character of UTF-8 at @p, 0 if there is none. */
static size_t character_size(const char *p)
{
	size_t units;

	for (size_t n = 1; n <= UTF8_CHAR_MAX && (n == 1 || p[n - 1]); n++) {
		if (utf8_check(p, n, &units))
			return n;
	}
	return 0;
}

/* C0, DEL and C1: what a terminal would act on. */
static bool is_control(const char *p, size_t n)
{
	unsigned char c = (unsigned char)p[0];

	return c < 0x20 || c == 0x7f ||
	       (n == 2 && c == 0xc2 && (unsigned char)p[1] >= 0x80 && (unsigned char)p[1] < 0xa0);
}

static void put_visible(FILE *out, const char *text)
{
	while (*text) {
		size_t n = character_size(text);

		if (n > 0 && (*text == '\t' || !is_control(text, n))) {
			(void)fwrite(text, 1, n, out); /* output_flush() asks how it went */
		} else {
			n = n > 0 ? n : 1;
			for (size_t i = 0; i < n; i++)
				fprintf(out, "\\x%02x", (unsigned char)text[i]);
		}
		text += n;
	}
}

_printf_(3, 0) static void put_line(FILE *out, const char *prefix, const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	if (prefix) {
		put_visible(out, prefix);
		fputs(": ", out);
	}
	put_visible(out, text ? text : "there is no memory to say more");
	fputc('\n', out);
}

void print_line(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_line(out, NULL, format, args);
	va_end(args);
}

int fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_line(stderr, "codesign", format, args);
	va_end(args);
	return STATUS_FAILED;
}

int fail_file(const char *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_line(stderr, path, format, args);
	va_end(args);
	return STATUS_FAILED;
}

/* --- Problems --- */

/* What the lineage says, which scripts may look for, before what was found in particular. */
static const char *heading_of(const Options *options, int code)
{
	if (options->action != ACTION_VERIFY && options->action != ACTION_DISPLAY)
		return NULL;
	switch (code) {
	case CODE_E_UNSIGNED:
		return "code object is not signed at all";
	case CODE_E_MODIFIED:
	case CODE_E_COMPONENT:
		return "invalid signature (code or signature have been modified)";
	case CODE_E_DAMAGED:
	case CODE_E_CMS:
	case CODE_E_ENTITLEMENTS:
	case CODE_E_TEAM:
		return "invalid signature";
	case CODE_E_UNSUPPORTED:
		return "unsupported signature";
	case CODE_E_UNTRUSTED:
	case CODE_E_EXPIRED:
	case CODE_E_REVOKED:
		return "the signer is not trusted";
	case CODE_E_CHANGED:
		return "the code on disk was changed while it was looked at";
	default:
		return NULL;
	}
}

static const char *advice_on_reading(const Options *options, int code)
{
	switch (code) {
	case CODE_E_UNSIGNED:
		return "Sign it with: codesign -s IDENTITY FILE";
	case CODE_E_MODIFIED:
	case CODE_E_COMPONENT:
	case CODE_E_DAMAGED:
	case CODE_E_CMS:
		return "Get the file again from where it came; if the change is yours, sign it "
		       "anew with: codesign -f -s IDENTITY FILE";
	case CODE_E_UNTRUSTED:
		return options->action == ACTION_DISPLAY
			       ? NULL
			       : "If you trust who signed it, put the certificate of the "
				 "authority into ~/.config/portcullis/anchors.d/user; codesign "
				 "-dvv shows who that is";
	case CODE_E_REVOKED:
		return "Get a new version from the signer; a list of revoked certificates that is "
		       "missing belongs beside the anchor, as a .crl file";
	case CODE_E_EXPIRED:
		return "Get a version that was signed with a valid certificate";
	case CODE_E_NOT_REGULAR:
		return "Only regular files have signatures; of a folder, --deep verifies what is "
		       "in it";
	default:
		return NULL;
	}
}

static const char *advice_on_writing(int code)
{
	switch (code) {
	case CODE_E_SIGNED:
		return "Give -f to replace that signature";
	case CODE_E_MODIFIED:
	case CODE_E_DAMAGED:
		return "Give -f to sign what the file is now";
	case CODE_E_FORMAT:
		return "Sign it with a signature of its own: --detached FILE.codesig";
	case CODE_E_PARAMETER:
		return "Give another identifier with -i, or see codesign(1) for what can be signed";
	case CODE_E_NOT_REGULAR:
		return "Only regular files can be signed";
	default:
		return NULL;
	}
}

static const char *advice_on(const Options *options, int code)
{
	const char *advice = NULL;

	switch (code) {
	case CODE_E_CHANGED:
		return "Try again when nobody is writing to it";
	case CODE_E_ANCHORS:
		return "Only you or root may own it and be able to write to it, and nobody else "
		       "may read a key: chmod go-w, chmod 600, chown";
	case CODE_E_DATABASE:
		return "Only root or you may own the database and be able to write to it";
	case CODE_E_IDENTITY:
		return "An identity is a file with a private key and its certificate, PEM or "
		       "PKCS#12; --passphrase-file opens one that is locked; codesign "
		       "--make-identity NAME makes one for a start";
	default:
		break;
	}
	if (options->action == ACTION_VERIFY || options->action == ACTION_DISPLAY)
		advice = advice_on_reading(options, code);
	else if (options->action == ACTION_SIGN)
		advice = advice_on_writing(code);
	return advice;
}

int report(const Options *options, const char *name, int r, const CodeProblem *problem)
{
	char text[CODE_PROBLEM_TEXT_SIZE + 64];
	const char *heading, *advice;

	if (r < 0) {
		(void)fail_file(name, "%s", strerror(-r));
		if (r == -ENOSPC || r == -EDQUOT || r == -EFBIG)
			print_line(stderr, "\tMake room for another copy of it; the file is as it "
					   "was");
		return STATUS_FAILED;
	}
	heading = heading_of(options, r);
	(void)code_problem_format(problem, text, sizeof(text));
	if (heading && r == CODE_E_UNSIGNED)
		(void)fail_file(name, "%s", heading);
	else if (heading)
		(void)fail_file(name, "%s: %s", heading, text);
	else
		(void)fail_file(name, "%s", text);
	advice = advice_on(options, r);
	if (advice)
		print_line(stderr, "\t%s", advice);
	return STATUS_FAILED;
}

int status_worse(int one, int other)
{
	static const int order[] = {STATUS_USAGE, STATUS_FAILED, STATUS_REQUIREMENT};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (one == order[i] || other == order[i])
			return order[i];
	}
	return 0;
}

/* --- Progress --- */

#define PROGRESS_AFTER_NS (CLOCK_NS_PER_SEC / 4)
#define PROGRESS_EVERY_NS (CLOCK_NS_PER_SEC / 10)
#define PROGRESS_WIDTH 30
#define PROGRESS_NAME_MAX 40 /* what is longer would not leave the bar in one line */

void progress_init(Progress *self, const char *name)
{
	const char *slash = strrchr(name, '/');

	*self = (Progress){
		.out = isatty(STDERR_FILENO) ? stderr : NULL,
		.name = slash && slash[1] ? slash + 1 : name,
		.begin_ns = clock_now_ns(),
	};
	if (strlen(self->name) > PROGRESS_NAME_MAX)
		self->name = "";
}

void progress_show_at(Progress *self, uint64_t now_ns, uint64_t done, uint64_t total)
{
	int filled, percent;

	if (!self->out || total == 0 || now_ns - self->begin_ns < PROGRESS_AFTER_NS ||
		(self->is_shown && now_ns - self->shown_ns < PROGRESS_EVERY_NS && done < total))
		return;
	self->is_shown = true;
	self->shown_ns = now_ns;
	percent = (int)((double)done * 100 / (double)total);
	filled = percent * PROGRESS_WIDTH / 100;
	fprintf(self->out, "\r[%.*s%*s] %3d %% ", filled, "##############################",
		PROGRESS_WIDTH - filled, "", percent);
	put_visible(self->out, self->name);
	fputs("\033[K", self->out);
	(void)fflush(self->out); /* it is only a bar */
}

bool progress_show(void *self, uint64_t done, uint64_t total)
{
	progress_show_at(self, clock_now_ns(), done, total);
	return true;
}

void progress_end(Progress *self)
{
	if (self->is_shown) {
		fputs("\r\033[K", self->out);
		(void)fflush(self->out); /* as above */
	}
	self->is_shown = false;
}
