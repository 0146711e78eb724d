/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/describe.h"

#include <inttypes.h>

static void describe_count(const Type *t, const char *what, FILE *out)
{
	if (t->variable && t->limit)
		fprintf(out, "at most %" PRIu32 " %s", t->limit, what);
	else if (t->variable)
		fprintf(out, "%s", what);
	else
		fprintf(out, "%" PRIu32 " %s", t->limit, what);
}

static void describe_elements(const Type *t, FILE *out)
{
	describe_count(t, "elements", out);
	fprintf(out, " of %" PRIu32 " bytes", t->element_size);
}

static void describe_type(const Type *t, FILE *out)
{
	fprintf(out, "type %s: ", t->name);
	switch (t->kind) {
	case TYPE_DATA:
		fprintf(out, "%" PRIu32 " bytes", t->size);
		break;
	case TYPE_ARRAY:
		describe_elements(t, out);
		break;
	case TYPE_STRING:
		fprintf(out, "a string of %s%" PRIu32 " bytes", t->variable ? "at most " : "",
			t->limit);
		break;
	case TYPE_OOL:
		fputs("out of line, ", out);
		describe_elements(t, out);
		break;
	case TYPE_PORT:
		fputs("a right", out);
		break;
	case TYPE_PORT_ARRAY:
		describe_count(t, "rights", out);
		break;
	case TYPE_OOL_PORTS:
		fputs("out of line, ", out);
		describe_count(t, "rights", out);
		break;
	case TYPE_NATIVE:
		fprintf(out, "the bytes of %s", t->native_words);
		break;
	}
	putc('\n', out);
}

static void describe_message(const Message *m, const char *what, FILE *out)
{
	fprintf(out, ", %s %s%" PRIu32, what, m->native ? "at least " : "", m->min_size);
	if (m->max_size > m->min_size)
		fprintf(out, " to %" PRIu32, m->max_size);
	fputs(" bytes", out);
	if (m->descriptor_count)
		fprintf(out, " and %u descriptors", m->descriptor_count);
}

static void describe_routine(const Routine *r, FILE *out)
{
	fprintf(out, "%s %s: id %" PRId32, r->simple ? "simpleroutine" : "routine", r->name, r->id);
	describe_message(&r->request, "request", out);
	if (!r->simple)
		describe_message(&r->reply, "answer", out);
	putc('\n', out);
}

void describe_interface(const Interface *i, FILE *out)
{
	fprintf(out, "subsystem %s: ids from %" PRId32 ", %u of them\n", i->name, i->base,
		i->n_routines);
	for (unsigned n = 0; n < i->n_types; n++)
		describe_type(i->types[n], out);
	for (unsigned n = 0; n < i->n_routines; n++) {
		if (i->routines[n])
			describe_routine(i->routines[n], out);
		else
			fprintf(out, "skip: id %" PRId64 "\n", (int64_t)i->base + n);
	}
}
