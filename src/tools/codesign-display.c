/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codesign -d: what signatures say. Lines for people go to stderr, as in the lineage; what was asked for
 * by an option goes where the option says. Nothing is verified: a file can have been changed since.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "codesign/entitlements.h"
#include "codesign/ssl.h"
#include "tools/codesign.h"

#define HEX_SIZE (2 * CODE_HASH_SIZE_MAX + 1)

/* --- The lines --- */

static void show_directory(const StaticCode *code, const CodeInfo *info)
{
	const CodeDirectory *d = info->directory;
	char flags[CODE_FLAGS_TEXT_SIZE], format[CODEINFO_FORMAT_SIZE];

	print_line(stderr, "Identifier=%s", d->identifier);
	if (codeinfo_get_format(code, format, NULL) == 0)
		print_line(stderr, "Format=%s", format);
	code_flags_format(d->flags, flags);
	print_line(stderr,
		"CodeDirectory v=%" PRIx32 " size=%" PRIu32 " flags=%s hashes=%" PRIu32 "+%" PRIu32
		" location=%s",
		d->version, d->blob.size, flags, d->n_code, d->n_special,
		codeinfo_get_source_name(info->source));
}

static void show_hashes(const CodeInfo *info)
{
	const Signature *s = info->signature;
	const CodeDirectory *d = info->directory;
	char hex[HEX_SIZE], choices[SIGNER_HASHES_MAX * 32] = "";

	if (d->platform != 0)
		print_line(stderr, "Platform identifier=%u", d->platform);
	print_line(stderr, "Hash type=%s size=%u", code_hash_get_name(d->hash_type), d->hash_size);
	for (uint32_t i = 0; i < s->n_directories; i++) {
		const char *name = code_hash_get_name(s->directories[i].hash_type);
		size_t used = strlen(choices);

		show_hex(s->directory_hashes[i], CODE_CDHASH_SIZE, hex);
		print_line(stderr, "CandidateCDHash %s=%s", name, hex);
		show_hex(s->directory_hashes[i], s->directories[i].hash_size, hex);
		print_line(stderr, "CandidateCDHashFull %s=%s", name, hex);
		(void)snprintf(choices + used, sizeof(choices) - used, "%s%s", used ? "," : "",
			name); /* what does not fit is not made by anyone */
	}
	print_line(stderr, "Hash choices=%s", choices);
	if (d->page_shift != 0)
		print_line(stderr, "Page size=%lu", 1ul << d->page_shift);
	else
		print_line(stderr, "Page size=none");
	show_hex(info->hash, CODE_CDHASH_SIZE, hex);
	print_line(stderr, "CDHash=%s", hex);
	show_hex(info->hash, d->hash_size, hex);
	print_line(stderr, "CDHashFull=%s", hex);
}

static void show_segment(const CodeDirectory *d)
{
	if (d->exec_limit == 0)
		return;
	print_line(stderr, "Executable Segment base=%" PRIu64, d->exec_base);
	print_line(stderr, "Executable Segment limit=%" PRIu64, d->exec_limit);
	print_line(stderr, "Executable Segment flags=0x%" PRIx64, d->exec_flags);
}

static void show_slots(const CodeDirectory *d)
{
	char hex[HEX_SIZE];

	for (uint32_t slot = d->n_special; slot > 0; slot--) {
		const uint8_t *hash = codedir_find_special_hash(d, slot);

		if (hash)
			show_hex(hash, d->hash_size, hex);
		print_line(stderr, "    -%" PRIu32 "=%s", slot, hash ? hex : "absent");
	}
	for (uint32_t page = 0; page < d->n_code; page++) {
		show_hex(codedir_get_code_hash(d, page), d->hash_size, hex);
		print_line(stderr, "    %" PRIu32 "=%s", page, hex);
	}
}

static void show_signer(const Options *options, const CodeInfo *info)
{
	char time[SHOW_TIME_SIZE];
	size_t size = 0;

	if (info->is_adhoc) {
		print_line(stderr, "Signature=adhoc");
		return;
	}
	(void)signature_find_cms(info->signature, &size); /* it is there */
	print_line(stderr, "Signature size=%zu", size);
	if (options->verbosity < 2)
		return;
	for (size_t i = 0; i < info->n_certificates; i++) {
		_cleanup_free_ char *subject = show_subject(info->certificates[i]);

		print_line(stderr, "Authority=%s", subject ? subject : "");
	}
	if (info->n_certificates > 0)
		print_line(stderr, "Trust=%s",
			info->trust_outcome == 0 ? "leads to an anchor" : info->trust_problem.text);
	if (info->has_time) {
		show_time(info->time, time);
		print_line(stderr, "Signed Time=%s", time);
	}
}

static void show_parts(const CodeInfo *info)
{
	const CodeDirectory *d = info->directory;
	BlobView part;

	print_line(stderr, "Info.plist=%s",
		info->info || codedir_find_special_hash(d, CODE_SLOT_INFO) ? "bound" : "not bound");
	print_line(stderr, "TeamIdentifier=%s", d->team ? d->team : "not set");
	if (d->runtime != 0)
		print_line(stderr, "Runtime Version=%u.%u.%u", d->runtime >> 16,
			d->runtime >> 8 & 0xff, d->runtime & 0xff);
	print_line(stderr, "Sealed Resources=%s",
		codedir_find_special_hash(d, CODE_SLOT_RESOURCES) ? "present" : "none");
	if (signature_find_part(info->signature, CODE_SLOT_REQUIREMENTS, &part))
		print_line(stderr, "Internal requirements count=%" PRIu32 " size=%" PRIu32,
			info->requirements ? req_set_n(info->requirements) : 0, part.size);
	else
		print_line(stderr, "Internal requirements=none");
}

static void show_lines(
	const Options *options, const char *path, const StaticCode *code, const CodeInfo *info)
{
	const char *real = staticcode_find_path(code);

	print_line(stderr, "Executable=%s", real ? real : path);
	if (options->verbosity < 1)
		return;
	show_directory(code, info);
	if (options->verbosity >= 3)
		show_hashes(info);
	if (options->verbosity >= 4)
		show_segment(info->directory);
	if (options->verbosity >= 6)
		show_slots(info->directory);
	show_signer(options, info);
	show_parts(info);
}

/* --- What options ask for --- */

static int extract_requirements(const Options *options, const char *path, const CodeInfo *info)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int r = show_requirements(info, &text, &size);

	return r < 0 ? report(options, path, r, NULL)
		     : output_write(options->requirements, text, size);
}

/* As the signature has them, else made of what it has. */
static int get_entitlements(
	const CodeInfo *info, Form form, uint8_t **ret, const uint8_t **ret_data, size_t *ret_size)
{
	int r;

	if (form == FORM_XML && codeinfo_find_entitlements_xml(info, ret_data, ret_size))
		return 0;
	if (form == FORM_DER && codeinfo_find_entitlements_der(info, ret_data, ret_size))
		return 0;
	r = form == FORM_XML ? entitlements_encode_xml(info->entitlements, ret, ret_size)
			     : entitlements_encode_der(info->entitlements, ret, ret_size);
	*ret_data = *ret;
	return r > 0 ? -EINVAL : r;
}

static int get_tree(const CodeInfo *info, uint8_t **ret, size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);

	if (!out)
		return -errno;
	show_tree(out, info->entitlements);
	if (fclose(out) != 0)
		return -ENOMEM;
	*ret = (uint8_t *)TAKE_PTR(text);
	return 0;
}

static int extract_entitlements(const Options *options, const char *path, const CodeInfo *info)
{
	_cleanup_free_ uint8_t *owned = NULL;
	const uint8_t *data;
	size_t size = 0;
	int r;

	if (!info->entitlements)
		return 0;
	if (options->form == FORM_TREE) {
		r = get_tree(info, &owned, &size);
		data = owned;
	} else {
		r = get_entitlements(info, options->form, &owned, &data, &size);
	}
	return r < 0 ? report(options, path, r, NULL)
		     : output_write(options->entitlements, data, size);
}

static int extract_certificate(const Options *options, const char *path, X509 *x, size_t i)
{
	_cleanup_free_ char *name = NULL;
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der), status;

	if (n <= 0 || asprintf(&name, "%s%zu", options->certificates, i) < 0) {
		name = NULL;
		OPENSSL_free(der);
		return report(options, path, -ENOMEM, NULL);
	}
	status = output_write(name, der, (size_t)n);
	OPENSSL_free(der);
	return status;
}

static int extract(const Options *options, const char *path, const CodeInfo *info)
{
	int status = 0;

	if (options->requirements)
		status = extract_requirements(options, path, info);
	if (status == 0 && options->entitlements)
		status = extract_entitlements(options, path, info);
	for (size_t i = 0; status == 0 && options->certificates && i < info->n_certificates; i++)
		status = extract_certificate(options, path, info->certificates[i], i);
	return status;
}

/* --- One file, all files --- */

static int display(const Options *options, const char *path, const Trust *trust)
{
	_cleanup_staticcode_ StaticCode *code = NULL;
	_cleanup_codeinfo_ CodeInfo *info = NULL;
	CodeProblem problem;
	int r, status;

	r = input_open_code(options, path, &code, &problem);
	if (r == 0)
		r = codeinfo_new(code, trust, 0, &info, &problem);
	if (r)
		return report(options, path, r, &problem);
	show_lines(options, path, code, info);
	status = extract(options, path, info);
	if (info->outcome != 0)
		status = report(options, path, info->outcome, &info->problem);
	return status;
}

int display_all(const Options *options)
{
	_cleanup_trust_ Trust *trust = NULL;
	CodeProblem problem;
	int status = 0, r = trust_new_default(&trust, &problem);

	/* What a signature says can be shown without knowing whom to trust. */
	if (r && options->verbosity >= 2)
		(void)report(options, "the anchors", r, &problem);
	for (int i = 0; i < options->n_paths; i++)
		status = status_worse(status, display(options, options->paths[i], trust));
	return status_worse(status, output_flush());
}
