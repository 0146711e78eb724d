/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line for each name, in columns that people read and scripts can split: no column is empty, and
 * none but the last has blanks in it. What only some names have follows on lines of its own, further
 * in. The columns are wide enough for what is usual, and move when it is not.
 */
#include "tools/lsmp-print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "port/port.h"
#include "port/space.h"

/* So many of anything stand on one line; -v and -j show all. */
#define LINE_MAX_ITEMS 8u

/* Items at the end of a line, separated by commas; "-" if there are none. */
typedef struct Items {
	FILE *out;
	unsigned n, hidden;
	unsigned max;
} Items;

_printf_(2, 3) static void items_add(Items *items, const char *format, ...)
{
	va_list args;

	if (items->n >= items->max) {
		items->hidden++;
		return;
	}
	if (items->n++ > 0)
		fputc(',', items->out);
	va_start(args, format);
	vfprintf(items->out, format, args);
	va_end(args);
}

static void items_end(Items *items)
{
	if (items->n == 0)
		fputc('-', items->out);
	if (items->hidden > 0)
		fprintf(items->out, " and %u more", items->hidden);
	fputc('\n', items->out);
}

/* The names are the processes' own: no byte of them is to mean anything to a terminal. */
static void print_comm(FILE *out, const char *comm)
{
	for (const unsigned char *p = (const unsigned char *)comm; *p; p++) {
		if (*p < 0x20 || *p >= 0x7f || *p == '\\')
			fprintf(out, "\\x%02x", *p);
		else
			fputc(*p, out);
	}
}

static void join(char *text, size_t size, const char *const *words, unsigned n)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "", words[i]);
}

static void rights_format(uint8_t type, char *text, size_t size)
{
	const char *words[ROW_MAX_WORDS];

	join(text, size, words, rights_words(type, words));
	if (!text[0])
		snprintf(text, size, "?");
}

/* Messages in memory, "+" if some wait in the kernel, "?" if that is not known; the limit. */
static void queue_format(const Row *row, const Facts *facts, char *text, size_t size)
{
	const char *more = "";

	if (!(row->type & ENTRY_RECEIVE) || row->kobject_type) {
		snprintf(text, size, "-");
		return;
	}
	if (facts->queued_bytes > 0 || row->n_carriers > 0)
		more = "+";
	else if (!facts->queue_known)
		more = "?";
	snprintf(text, size, "%u%s/%u", row->msgcount, more, row->qlimit);
}

typedef struct HolderList {
	const Match *m;
	Items items;
} HolderList;

static void add_holder(void *ctx, const Holder *holder)
{
	HolderList *list = ctx;
	char rights[64];

	rights_format(holder->type, rights, sizeof(rights));
	for (char *p = rights; *p; p++)
		if (*p == ',')
			*p = '+';
	items_add(&list->items, "%d:%s", list->m->processes[holder->process].pid, rights);
}

static void notes_format(const Row *row, const Facts *facts, char *text, size_t size)
{
	const char *words[ROW_MAX_WORDS + 2];
	unsigned n = 0;
	size_t used;

	if (object_name(row->kobject_type))
		words[n++] = object_name(row->kobject_type);
	n += row_words(row, words + n);
	if (!facts->proven && !(row->notes & ROW_UNPROVEN))
		words[n++] = "unproven";
	join(text, size, words, n);
	used = strlen(text);
	if (row->task)
		used += (size_t)snprintf(
			text + used, size - used, "%spid=%" PRIu32, used ? "," : "", row->task);
	if (row->target)
		used += (size_t)snprintf(
			text + used, size - used, "%sto=%#010x", used ? "," : "", row->target);
	if (row->dropped)
		used += (size_t)snprintf(text + used, size - used, "%sdropped=%" PRIu64,
			used ? "," : "", row->dropped);
	if (used == 0)
		snprintf(text, size, "-");
}

static void print_names(FILE *out, const Model *model, const Row *row, bool verbose)
{
	Items items = {.out = out, .max = verbose ? UINT32_MAX : LINE_MAX_ITEMS};
	bool is_set = row->type == ENTRY_PORT_SET;

	if (row->names.n == 0 || (!is_set && !verbose))
		return;
	fprintf(out, "              %s ", is_set ? "members" : "in sets");
	for (uint32_t i = 0; i < row->names.n; i++)
		items_add(&items, "%#010x", model->names[row->names.first + i]);
	items_end(&items);
}

static void print_row(FILE *out, const Match *m, RowRef ref, bool verbose)
{
	const Model *model = &m->processes[ref.process].model;
	const Row *row = &model->rows[ref.row];
	Facts facts = match_facts(m, ref);
	HolderList others = {m, {.out = out, .max = verbose ? UINT32_MAX : LINE_MAX_ITEMS}};
	char rights[64], queue[64], key[KEY_TEXT_SIZE], notes[512];

	rights_format(row->type, rights, sizeof(rights));
	queue_format(row, &facts, queue, sizeof(queue));
	notes_format(row, &facts, notes, sizeof(notes));
	key_format(&facts.key, key);
	fprintf(out, "  %#010x  %-12s  %5u  %-10s  %-8s  %-20s  ", row->name, rights,
		MAX(row->urefs, (uint16_t)1), key, queue, notes);
	match_others(m, ref, add_holder, &others);
	items_end(&others.items);
	print_names(out, model, row, verbose);
}

static void print_fds(FILE *out, const Row *row)
{
	static const char *const what[_ROW_FD_N] = {
		[ROW_FD_SOCKET] = "socket",
		[ROW_FD_ADDRESS] = "address",
		[ROW_FD_PIPE] = "pipe",
		[ROW_FD_SENDER] = "sender",
		[ROW_FD_ONCE] = "pair",
	};
	bool any = false;

	for (unsigned i = 0; i < _ROW_FD_N; i++) {
		if (row->fds[i] < 0)
			continue;
		fprintf(out, "%s%s %d", any ? ", " : "              descriptors: ", what[i],
			row->fds[i]);
		any = true;
	}
	if (row->n_pipes > 0)
		fprintf(out, ", %u epoch pipe%s", row->n_pipes, row->n_pipes == 1 ? "" : "s");
	if (any)
		fputc('\n', out);
}

static const char *state_name(const Row *row)
{
	switch (row->state) {
	case PORT_LOCAL:
		return row->flags & PORT_F_TRANSIT ? "moving" : "here";
	case PORT_REMOTE:
		return "elsewhere";
	default:
		return "dead";
	}
}

/* What only -v shows. */
static void print_details(FILE *out, const Match *m, RowRef ref)
{
	const Model *model = &m->processes[ref.process].model;
	const Row *row = &model->rows[ref.row];
	Facts facts = match_facts(m, ref);

	if (row->has_port && !row->kobject_type)
		fprintf(out,
			"              receiver %s; send rights here %u, send-once made %u, "
			"make-send %u, seqno %u, leases %u\n",
			state_name(row), row->srights, row->sorights, row->mscount, row->seqno,
			row->n_leases);
	if (row->context)
		fprintf(out, "              context %#" PRIx64 "\n", row->context);
	if (facts.key.kind == KEY_SOCKET)
		fprintf(out,
			"              device %#" PRIx64 ", inode %" PRIu64 ", born %" PRIu64
			".%09" PRIu64 "\n",
			facts.key.word[0], facts.key.word[1], facts.key.word[2] / CLOCK_NS_PER_SEC,
			facts.key.word[2] % CLOCK_NS_PER_SEC);
	print_fds(out, row);
	for (uint32_t i = 0; i < row->messages.n; i++) {
		const QueuedMessage *q = &model->messages[row->messages.first + i];

		fprintf(out, "              message id %d, %u bytes, %u descriptors", q->id,
			q->size, q->n_items);
		if (q->pid)
			fprintf(out, ", from %u", q->pid);
		fputc('\n', out);
	}
	if (facts.queued_bytes > 0)
		fprintf(out, "              in the kernel: first message %u bytes\n",
			facts.queued_bytes);
	if (row->n_carriers > 0)
		fprintf(out, "              from the last receiver: %u carriers\n",
			row->n_carriers);
}

void text_print(FILE *out, const Match *m, uint32_t process, bool verbose)
{
	const Process *p = &m->processes[process];
	const ModelHead *head = &p->model.head;

	fprintf(out, "%d ", p->pid);
	print_comm(out, head->comm);
	fprintf(out, " (uid %u): %u name%s%s\n", head->uid, head->n_rows,
		head->n_rows == 1 ? "" : "s",
		head->truncated ? ", and more that are not shown" : "");
	fprintf(out, "  %-10s  %-12s  %5s  %-10s  %-8s  %-20s  %s\n", "NAME", "RIGHTS", "REFS",
		"PORT", "QUEUE", "NOTES", "ALSO HELD BY");
	for (uint32_t i = 0; i < head->n_rows; i++) {
		RowRef ref = {.process = process, .row = i};

		print_row(out, m, ref, verbose);
		if (verbose)
			print_details(out, m, ref);
	}
	fputc('\n', out);
}
