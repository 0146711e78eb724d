/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codesign -s, --remove-signature and --make-identity.
 *
 * What is the same for all files is read once, before the first of them is touched: a wrong passphrase
 * leaves all of them alone. Where a signature goes is decided for each: into an ELF file, beside any
 * other one, unless the command line says where.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codesign/cms.h"
#include "codesign/container.h"
#include "codesign/detached.h"
#include "codesign/elf.h"
#include "codesign/identity.h"
#include "codesign/ownfile.h"
#include "codesign/ssl.h"
#include "codesign/tokenuri.h"
#include "tools/codesign.h"

#define PARTS_MAX 3u /* requirements, entitlements in two forms */

typedef struct Sign {
	const Options *options;
	Identity *identity; /* NULL: ad hoc */
	CmsSigner cms;
	char *team; /* owned by libcrypto; NULL: none */
	uint8_t *requirements;
	Entitlements entitlements;
	SignerPart parts[PARTS_MAX];
	SignerSpec spec; /* but for what is of one file */
} Sign;

static void sign_deinit(Sign *self)
{
	identity_free(self->identity);
	OPENSSL_free(self->team);
	free(self->requirements);
	entitlements_deinit(&self->entitlements);
}
#define _cleanup_sign_ _cleanup_(sign_deinit)

/* --- Who signs --- */

/* A name comes before a file here that is called so. */
static int find_identity(
	const char *text, const char *passphrase, Identity **ret, CodeProblem *problem)
{
	struct stat st;
	int r;

	r = identity_open(NULL, text, passphrase, ret, problem);
	if ((r == CODE_E_NOT_FOUND || r == CODE_E_PARAMETER) && stat(text, &st) == 0)
		r = identity_load(text, passphrase, ret, problem);
	return r;
}

/* What is wrong with an identity, which is called as it was given: but for what comes behind the `?` of a
 * URI, which may be secret. */
static int report_identity(const Options *options, int r, const CodeProblem *problem)
{
	const char *text = options->identity;
	_cleanup_free_ char *name = strndup(
		text, token_uri_is(text) ? strcspn(text, "?") : SIZE_MAX);

	if (!name || r < 0)
		return report(options, name ? name : "the identity", r, problem);
	if (r == CODE_E_NOT_FOUND && !token_uri_is(text))
		return fail_file(name,
			"there is no such identity; codesign --make-identity NAME makes one for a "
			"start");
	if (r == CODE_E_NOT_FOUND || r == CODE_E_PARAMETER)
		return fail_file(name, "%s", problem->text);
	return report(options, name, r, problem);
}

static int load_identity(const Options *options, Identity **ret)
{
	const char *text = options->identity;
	char *passphrase = NULL;
	CodeProblem problem;
	size_t size = 0;
	int status, r;

	if (strcmp(text, "-") == 0)
		return 0;
	status = input_read_passphrase(options, &passphrase, &size);
	if (status)
		return status;
	r = find_identity(text, passphrase, ret, &problem);
	ownfile_free(passphrase, size);
	return r ? report_identity(options, r, &problem) : 0;
}

/* The team is the unit of whom the signer's certificate is about; verification asks for that. */
static void find_team(Sign *self)
{
	X509_NAME *name = X509_get_subject_name(identity_get_certificate(self->identity));
	int i = X509_NAME_get_index_by_NID(name, NID_organizationalUnitName, -1);
	unsigned char *text = NULL;
	int n;

	if (i < 0)
		return;
	n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
	if (n > 0 && strlen((char *)text) == (size_t)n && codedir_is_name((char *)text))
		self->team = (char *)text;
	else
		OPENSSL_free(text);
	ERR_clear_error();
}

/* --- What is signed --- */

/* @parts are what @spec has, with room for one more. */
static void add_part(SignerPart *parts, SignerSpec *spec, uint32_t slot, const void *data,
	size_t size, bool is_blob)
{
	parts[spec->n_parts++] = (SignerPart){
		.slot = slot, .data = data, .size = size, .is_blob = is_blob};
	spec->parts = parts;
}

static int read_parts(Sign *self)
{
	const Options *options = self->options;
	Entitlements *e = &self->entitlements;
	size_t size;
	int status;

	if (options->requirements) {
		status = input_read_requirements(options->requirements, &self->requirements, &size);
		if (status)
			return status;
		add_part(self->parts, &self->spec, CODE_SLOT_REQUIREMENTS, self->requirements, size,
			true);
	}
	if (options->entitlements) {
		status = input_read_entitlements(options->entitlements, e);
		if (status)
			return status;
		add_part(self->parts, &self->spec, CODE_SLOT_ENTITLEMENTS, e->xml, e->xml_size,
			false);
		add_part(self->parts, &self->spec, CODE_SLOT_ENTITLEMENTS_DER, e->der, e->der_size,
			false);
	}
	return 0;
}

static int sign_init(Sign *self, const Options *options)
{
	int status;

	*self = (Sign){.options = options};
	self->spec = (SignerSpec){
		.flags = options->flags,
		.runtime = options->runtime,
		.page_shift = options->page_shift,
		.n_hashes = options->n_hashes,
		.replace = options->force,
		.keep_times = options->keep_times,
		.progress = progress_show,
	};
	memcpy(self->spec.hashes, options->hashes, sizeof(self->spec.hashes));
	status = load_identity(options, &self->identity);
	if (status)
		return status;
	if (self->identity) {
		find_team(self);
		self->cms.identity = self->identity;
		self->spec.team = self->team;
		self->spec.sign = cms_sign;
		self->spec.sign_userdata = &self->cms;
	}
	return read_parts(self);
}

/* --- One file --- */

typedef struct Target {
	const char *path; /* as it was given */
	char *real; /* without symbolic links */
	CodeFile file;
	bool is_elf;
} Target;

static void target_deinit(Target *self)
{
	free(self->real);
	codefile_deinit(&self->file);
}
#define _cleanup_target_ _cleanup_(target_deinit)

static int target_init(Target *self, const char *path, CodeProblem *problem)
{
	uint8_t header[ELF_HEADER_SIZE_MAX] = {0};
	bool is_64, is_big;
	int r;

	*self = (Target){.path = path, .file = CODEFILE_NULL};
	r = codefile_open_path(path, &self->file, &self->real, problem);
	if (r == 0)
		r = codefile_read(&self->file, 0, header,
			(size_t)MIN(self->file.size, (uint64_t)sizeof(header)), problem);
	if (r == 0)
		self->is_elf = elf_is_header(header, &is_64, &is_big);
	return r;
}

/* --- What the old signature says --- */

/* What of it goes into the new one; all borrowed from the first two. */
typedef struct Old {
	StaticCode *code;
	CodeInfo *info; /* NULL: there is none, or nothing of it is wanted */
	SignerPart parts[PARTS_MAX];
} Old;

static void old_deinit(Old *self)
{
	codeinfo_free(self->info);
	staticcode_free(self->code);
}
#define _cleanup_old_ _cleanup_(old_deinit)

static int old_init(Old *self, const Options *options, const Target *target, CodeProblem *problem)
{
	int r;

	*self = (Old){0};
	if (!options->preserve || (options->detached && access(options->detached, F_OK) != 0))
		return 0;
	r = input_open_code(options, target->real, &self->code, problem);
	if (r == 0)
		r = codeinfo_new(self->code, NULL, 0, &self->info, problem);
	if (r == CODE_E_UNSIGNED || r == CODE_E_FORMAT)
		return 0;
	if (r == 0 && self->info->outcome != 0) {
		*problem = self->info->problem;
		return self->info->outcome;
	}
	return r;
}

static void take_part(Old *self, uint32_t slot, SignerSpec *spec)
{
	BlobView part;

	if (signature_find_part(self->info->signature, slot, &part))
		add_part(self->parts, spec, slot, part.data, part.size, true);
}

/* What is given counts more. */
static void old_use(Old *self, const Options *options, SignerSpec *spec)
{
	const CodeDirectory *d;

	if (!self->info)
		return;
	d = self->info->directory;
	if (spec->n_parts > 0)
		memcpy(self->parts, spec->parts, spec->n_parts * sizeof(SignerPart));
	if ((options->preserve & PRESERVE_IDENTIFIER) && !options->identifier)
		spec->identifier = d->identifier;
	if ((options->preserve & PRESERVE_FLAGS) && options->flags == 0)
		spec->flags = d->flags & ~CODE_FLAG_ADHOC;
	if ((options->preserve & PRESERVE_RUNTIME) && options->runtime == 0 &&
		(spec->flags & CODE_FLAG_RUNTIME))
		spec->runtime = d->runtime;
	if ((options->preserve & PRESERVE_REQUIREMENTS) && !options->requirements)
		take_part(self, CODE_SLOT_REQUIREMENTS, spec);
	if ((options->preserve & PRESERVE_ENTITLEMENTS) && !options->entitlements) {
		take_part(self, CODE_SLOT_ENTITLEMENTS, spec);
		take_part(self, CODE_SLOT_ENTITLEMENTS_DER, spec);
	}
}

/* --- The new one --- */

/* The name of the file, behind a prefix if it has no dot. On the heap. */
static char *make_identifier(const Options *options, const Target *target)
{
	const char *slash = strrchr(target->real, '/');
	const char *name = slash ? slash + 1 : target->real;
	char *identifier = NULL;

	if (options->identifier)
		return strdup(options->identifier);
	if (asprintf(&identifier, "%s%s",
		    options->prefix && !strchr(name, '.') ? options->prefix : "", name) < 0)
		return NULL;
	return identifier;
}

/* All of the work but for the result. */
static int try_embedded(const SignerSpec *spec, const Target *target, CodeProblem *problem)
{
	_cleanup_container_graft_ ContainerGraft graft = {0};
	_cleanup_free_ uint8_t *data = NULL;
	Container container;
	size_t size;
	int r = container_find(&target->file, &container, problem);

	if (r == 0 && !spec->replace)
		return code_problem(problem, CODE_E_SIGNED, "the file is signed already");
	if (r == CODE_E_UNSIGNED)
		r = container_graft_init(&graft, &target->file, problem);
	else if ((r == CODE_E_MODIFIED || r == CODE_E_DAMAGED) && spec->replace)
		r = 0;
	if (r == 0)
		r = signer_detach(spec, &target->file, &data, &size, problem);
	return r;
}

static int sign_embedded(
	const Options *options, const SignerSpec *spec, const Target *target, CodeProblem *problem)
{
	Container container;

	if (options->dry_run)
		return try_embedded(spec, target, problem);
	if (spec->replace && container_find(&target->file, &container, NULL) == 0)
		print_line(stderr, "%s: replacing existing signature", target->path);
	return signer_embed(spec, target->real, problem);
}

/* What is where the signature is to go: CODE_E_UNSIGNED where there is nothing; CODE_E_DATABASE,
 * CODE_E_EXISTS: it cannot be put there at all. */
static int find_detached(const Options *options, const Target *target, CodeProblem *problem)
{
	_cleanup_free_ uint8_t *data = NULL;
	struct stat st;
	size_t size;

	if (options->use_database)
		return detached_read_database(
			options->database, &target->file, &data, &size, problem);
	if (!options->detached)
		return detached_read_beside(target->real, &data, &size, problem);
	if (!output_is_replaceable(options->detached))
		return code_problem(problem, CODE_E_EXISTS, "%.120s: %s", options->detached,
			OUTPUT_NOT_REPLACEABLE);
	return lstat(options->detached, &st) == 0 ? 0 : CODE_E_UNSIGNED;
}

static int write_detached(const Options *options, const Target *target, const uint8_t *data,
	size_t size, CodeProblem *problem)
{
	if (options->use_database)
		return detached_write_database(
			options->database, &target->file, data, size, problem);
	if (options->detached)
		return detached_write(options->detached, data, size, problem);
	return detached_write_beside(target->real, data, size, problem);
}

static int sign_detached(
	const Options *options, const SignerSpec *spec, const Target *target, CodeProblem *problem)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;
	int r = find_detached(options, target, problem);

	if (r < 0 || r == CODE_E_DATABASE || r == CODE_E_EXISTS)
		return r;
	if (r != CODE_E_UNSIGNED && !options->force)
		return code_problem(problem, CODE_E_SIGNED,
			r == 0 ? "there is a signature where this one would go"
			       : "there is something else where the signature would go");
	if (r == 0)
		print_line(stderr, "%s: replacing existing signature", target->path);
	r = signer_detach(spec, &target->file, &data, &size, problem);
	if (r == 0 && !options->dry_run)
		r = write_detached(options, target, data, size, problem);
	return r;
}

static void tell_signed(const Options *options, const Target *target, const char *identifier)
{
	_cleanup_staticcode_ StaticCode *code = NULL;
	char format[CODEINFO_FORMAT_SIZE] = "generic";

	if (options->verbosity == 0)
		return;
	if (staticcode_new_fd(target->file.fd, &code, NULL) == 0 &&
		codeinfo_get_format(code, format, NULL) != 0)
		format[0] = 0;
	print_line(stderr, "%s: %s %s [%s]", target->path,
		options->dry_run ? "would be signed:" : "signed", format, identifier);
}

static void tell_place(const Options *options, const Target *target)
{
	if (options->detached || options->use_database || target->is_elf || options->dry_run)
		return;
	print_line(stderr, "%s: not an ELF file: its signature is in %s" DETACHED_SUFFIX,
		target->path, target->real);
}

static int sign_by(
	const Options *options, const SignerSpec *given, const Target *target, CodeProblem *problem)
{
	SignerSpec spec = *given;
	Progress progress;
	int r;

	progress_init(&progress, target->path);
	spec.progress_userdata = &progress;
	if (options->detached || options->use_database || !target->is_elf)
		r = sign_detached(options, &spec, target, problem);
	else
		r = sign_embedded(options, &spec, target, problem);
	progress_end(&progress);
	return r;
}

static int sign_target(const Sign *self, const Target *target)
{
	const Options *options = self->options;
	_cleanup_free_ char *identifier = make_identifier(options, target);
	_cleanup_old_ Old old = {0};
	SignerSpec spec = self->spec;
	CodeProblem problem;
	int r;

	if (!identifier)
		return report(options, target->path, -ENOMEM, NULL);
	spec.identifier = identifier;
	r = old_init(&old, options, target, &problem);
	if (r > 0)
		return fail_file(target->path, "nothing can be preserved of the old signature: %s",
			problem.text);
	if (r)
		return report(options, target->path, r, &problem);
	old_use(&old, options, &spec);
	r = sign_by(options, &spec, target, &problem);
	if (r == CODE_E_NOT_FOUND && options->use_database)
		return fail_file(target->path,
			"there is no database of signatures; make one with: mkdir -p %s",
			options->database);
	if (r)
		return report(options, target->path, r, &problem);
	tell_signed(options, target, spec.identifier);
	tell_place(options, target);
	return 0;
}

int sign_all(const Options *options)
{
	_cleanup_sign_ Sign self;
	int status = sign_init(&self, options);

	if (status)
		return status;
	for (int i = 0; i < options->n_paths; i++) {
		_cleanup_target_ Target target;
		CodeProblem problem;
		int r = target_init(&target, options->paths[i], &problem);

		status = status_worse(status, r ? report(options, options->paths[i], r, &problem)
						: sign_target(&self, &target));
	}
	return status;
}

/* --- Taking signatures away --- */

static bool is_none(int r)
{
	return r == CODE_E_UNSIGNED || r == CODE_E_MODIFIED || r == CODE_E_FORMAT ||
	       r == CODE_E_TOO_BIG;
}

/* The one that is in the file, else the one beside it: as they are looked for. */
static int remove_signature(const Options *options, const Target *target, CodeProblem *problem)
{
	CodeProblem beside;
	int r;

	if (options->use_database)
		return detached_remove_database(options->database, &target->file, problem);
	r = signer_remove(target->real, options->keep_times, problem);
	if (is_none(r)) {
		int other = detached_remove_beside(target->real, &beside);

		if (other > 0 && other != CODE_E_UNSIGNED)
			*problem = beside;
		if (other != CODE_E_UNSIGNED)
			r = other;
	}
	return r;
}

int remove_all(const Options *options)
{
	int status = 0;

	for (int i = 0; i < options->n_paths; i++) {
		const char *path = options->paths[i];
		_cleanup_target_ Target target;
		CodeProblem problem;
		int r = target_init(&target, path, &problem);

		if (r == 0)
			r = remove_signature(options, &target, &problem);
		if (r)
			status = report(options, path, r, &problem);
		else if (options->verbosity > 0)
			print_line(stderr, "%s: the signature was removed", path);
	}
	return status;
}

/* --- A first identity --- */

int make_identity(const Options *options)
{
	const char *name = options->new_identity;
	_cleanup_free_ char *config = NULL;
	CodeProblem problem;
	int r = ownfile_find_config(&config, &problem);

	if (r == 0)
		r = identity_make(config, name, &problem);
	if (r == CODE_E_EXISTS)
		return fail_file(name, "%s; choose another name, or remove it first", problem.text);
	if (r)
		return report(options, name, r, &problem);
	print_line(stderr, "%s: made the identity %s/identities/%s.pem", name, config, name);
	print_line(stderr, "%s: you trust what it signs from now on, by %s/anchors.d/user/%s.pem",
		name, config, name);
	return 0;
}
