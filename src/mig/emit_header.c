/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers. The client's and the server's have the prototypes of their side, the structures of
 * all messages and the table of names; each may be included twice, both in one file, and in C++. The
 * internal header has the prototypes alone, and the header of definitions only numbers, for
 * assembler and for other preprocessors.
 */
#include "mig/emit_header.h"

#include "mig/emit_message.h"
#include "mig/emit_server.h"

static void guard_open(const Emit *e, const char *what)
{
	const char *sub = e->i->name;

	emit_banner(e);
	put(e, "#ifndef _%s_%s_\n#define _%s_%s_\n\n/* Module %s */\n\n", sub, what, sub, what,
		sub);
}

static void guard_close(const Emit *e, const char *what)
{
	put(e, "#endif /* _%s_%s_ */\n", e->i->name, what);
}

/* Where a program may put declarations of its own around ours. */
static void put_seam(const Emit *e, const char *name)
{
	put(e, "#ifdef %s\n%s\n#endif /* %s */\n\n", name, name, name);
}

static void cplusplus(const Emit *e, bool open)
{
	PUT_LINES(e, "#ifdef __cplusplus", open ? "extern \"C\" {" : "}", "#endif", "");
}

static void put_linkage(const Emit *e)
{
	PUT_LINES(e, "#ifndef mig_external", "#define mig_external", "#endif", "");
}

static void prototypes(const Emit *e, Side side)
{
	for (unsigned n = 0; n < e->i->n_routines; n++) {
		const Routine *r = e->i->routines[n];

		if (!r)
			continue;
		emit_prototype(e, r, side);
		PUT_LINES(e, ";", "");
	}
}

void emit_user_header(const Emit *e)
{
	guard_open(e, "user");
	emit_includes(e);
	put(e, "#ifndef %s_MSG_COUNT\n#define %s_MSG_COUNT %u\n#endif\n\n", e->i->name, e->i->name,
		e->i->n_routines);
	emit_imports(e, 1U << AST_IMPORT_ALL | 1U << AST_IMPORT_USER);
	put(e, "\n");
	put_seam(e, "__BeforeMigUserHeader");
	put_linkage(e);
	cplusplus(e, true);
	prototypes(e, SIDE_USER);
	cplusplus(e, false);
	put_seam(e, "__AfterMigUserHeader");
	emit_structs(e);
	emit_name_map(e);
	guard_close(e, "user");
}

void emit_server_header(const Emit *e)
{
	guard_open(e, "server");
	emit_includes(e);
	put(e, "#ifndef %s_MSG_COUNT\n#define %s_MSG_COUNT %u\n#endif\n\n", e->i->name, e->i->name,
		e->i->n_routines);
	emit_imports(e, 1U << AST_IMPORT_ALL | 1U << AST_IMPORT_SERVER);
	put(e, "\n");
	put_seam(e, "__BeforeMigServerHeader");
	put_linkage(e);
	cplusplus(e, true);
	prototypes(e, SIDE_SERVER);
	put(e,
		"mig_external boolean_t %s(\n\tmach_msg_header_t *InHeadP,\n"
		"\tmach_msg_header_t *OutHeadP);\n\n"
		"mig_external mig_routine_t %s_routine(\n\tmach_msg_header_t *InHeadP);\n\n",
		e->i->demux, e->i->demux);
	put(e, "/* Description of this subsystem, for use in direct RPC */\nextern const ");
	emit_subsystem_struct(e);
	put(e, " %s%s_subsystem;\n\n", e->i->server_prefix, e->i->name);
	cplusplus(e, false);
	put_seam(e, "__AfterMigServerHeader");
	emit_structs(e);
	emit_name_map(e);
	guard_close(e, "server");
}

void emit_internal_header(const Emit *e)
{
	guard_open(e, "internal");
	emit_includes(e);
	emit_imports(e, 1U << AST_IMPORT_ALL | 1U << AST_IMPORT_INTERNAL);
	put(e, "\n");
	put_linkage(e);
	cplusplus(e, true);
	prototypes(e, SIDE_USER);
	cplusplus(e, false);
	guard_close(e, "internal");
}

void emit_defines_header(const Emit *e)
{
	guard_open(e, "defines");
	emit_imports(e, 1U << AST_IMPORT_DEFINES);
	put(e, "\n#define %s_FIRST_ID %d\n#define %s_LAST_ID %d\n\n", e->i->name, e->i->base,
		e->i->name, e->i->base + (int)e->i->n_routines - 1);
	for (unsigned n = 0; n < e->i->n_routines; n++) {
		const Routine *r = e->i->routines[n];

		if (r)
			put(e, "#define %s_%s_ID %d\n", e->i->name, r->name, r->id);
	}
	put(e, "\n");
	guard_close(e, "defines");
}
