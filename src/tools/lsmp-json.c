/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, written as it is walked: a Json remembers only whether a comma is due. Numbers that may
 * exceed 2^53 are strings.
 */
#include "tools/lsmp-print.h"

#include <inttypes.h>
#include <string.h>

#include "port/port.h"
#include "port/space.h"

typedef struct Json {
	FILE *out;
	bool comma;
} Json;

/* How many bytes at p are one well-formed character of UTF-8; 0: none. */
static unsigned utf8_length(const unsigned char *p)
{
	static const struct {
		unsigned char first, last, low, high;
		unsigned length;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		unsigned n = 2;

		if (*p < forms[i].first || *p > forms[i].last)
			continue;
		if (p[1] < forms[i].low || p[1] > forms[i].high)
			return 0;
		while (n < forms[i].length && (p[n] & 0xc0) == 0x80)
			n++;
		return n == forms[i].length ? n : 0;
	}
	return 0;
}

static void put_string(Json *j, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	fputc('"', j->out);
	while (*p) {
		unsigned n = utf8_length(p);

		if (n > 0) {
			fwrite(p, 1, n, j->out);
			p += n;
			continue;
		}
		if (*p == '"' || *p == '\\')
			fprintf(j->out, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			fprintf(j->out, "\\u%04x", *p);
		else if (*p >= 0x80)
			fputs("\\ufffd", j->out);
		else
			fputc(*p, j->out);
		p++;
	}
	fputc('"', j->out);
}

/* Before each element; `key` is NULL in arrays. */
static void begin_element(Json *j, const char *key)
{
	if (j->comma)
		fputc(',', j->out);
	j->comma = true;
	if (key) {
		put_string(j, key);
		fputc(':', j->out);
	}
}

static void begin(Json *j, const char *key, char bracket)
{
	begin_element(j, key);
	fputc(bracket, j->out);
	j->comma = false;
}

static void end(Json *j, char bracket)
{
	fputc(bracket, j->out);
	j->comma = true;
}

static void add_number(Json *j, const char *key, int64_t value)
{
	begin_element(j, key);
	fprintf(j->out, "%" PRId64, value);
}

static void add_string(Json *j, const char *key, const char *value)
{
	begin_element(j, key);
	put_string(j, value);
}

/* As a string: a reader may keep numbers as doubles. */
static void add_large(Json *j, const char *key, uint64_t value)
{
	begin_element(j, key);
	fprintf(j->out, "\"%" PRIu64 "\"", value);
}

static void add_bool(Json *j, const char *key, bool value)
{
	begin_element(j, key);
	fputs(value ? "true" : "false", j->out);
}

static void add_null(Json *j, const char *key)
{
	begin_element(j, key);
	fputs("null", j->out);
}

static void add_words(Json *j, const char *key, const char *const *words, unsigned n)
{
	begin(j, key, '[');
	for (unsigned i = 0; i < n; i++)
		add_string(j, NULL, words[i]);
	end(j, ']');
}

static void add_rights(Json *j, uint8_t type)
{
	const char *words[ROW_MAX_WORDS];

	add_words(j, "rights", words, rights_words(type, words));
}

typedef struct HolderCtx {
	Json *j;
	const Match *m;
} HolderCtx;

static void add_holder(void *ctx, const Holder *holder)
{
	HolderCtx *c = ctx;
	const Process *p = &c->m->processes[holder->process];

	begin(c->j, NULL, '{');
	add_number(c->j, "pid", p->pid);
	add_string(c->j, "command", p->model.head.comm);
	add_rights(c->j, holder->type);
	end(c->j, '}');
}

static void add_key(Json *j, const PortKey *key)
{
	char text[KEY_TEXT_SIZE];

	key_format(key, text);
	if (key->kind == KEY_NONE)
		add_null(j, "port");
	else
		add_string(j, "port", text);
	if (key->kind == KEY_SOCKET) {
		begin(j, "identity", '{');
		add_large(j, "device", key->word[0]);
		add_large(j, "inode", key->word[1]);
		add_large(j, "born_ns", key->word[2]);
		end(j, '}');
	}
}

static void add_queue(Json *j, const Model *model, const Row *row, const Facts *facts)
{
	begin(j, "queue", '{');
	add_number(j, "messages", row->msgcount);
	add_number(j, "limit", row->qlimit);
	if (facts->queue_known)
		add_bool(j, "in_kernel", facts->queued_bytes > 0);
	else
		add_null(j, "in_kernel");
	add_number(j, "in_kernel_first_bytes", facts->queued_bytes);
	add_number(j, "carriers", row->n_carriers);
	add_large(j, "dropped", row->dropped);
	begin(j, "listed", '[');
	for (uint32_t i = 0; i < row->messages.n; i++) {
		const QueuedMessage *q = &model->messages[row->messages.first + i];

		begin(j, NULL, '{');
		add_number(j, "id", q->id);
		add_number(j, "bytes", q->size);
		add_number(j, "descriptors", q->n_items);
		add_number(j, "from", q->pid);
		end(j, '}');
	}
	end(j, ']');
	end(j, '}');
}

static void add_port(Json *j, const Row *row)
{
	static const char *const states[] = {
		[PORT_LOCAL] = "here",
		[PORT_REMOTE] = "elsewhere",
		[PORT_DEAD] = "dead",
	};

	if (object_name(row->kobject_type)) {
		add_string(j, "object", object_name(row->kobject_type));
		if (row->task)
			add_number(j, "task", row->task);
		return;
	}
	add_string(j, "receiver", row->state < ARRAY_SIZE(states) ? states[row->state] : "?");
	add_number(j, "send_rights", row->srights);
	add_number(j, "send_once_made", row->sorights);
	add_number(j, "make_send", row->mscount);
	add_number(j, "seqno", row->seqno);
	add_number(j, "leases", row->n_leases);
	add_large(j, "context", row->context);
}

static void add_fds(Json *j, const Row *row)
{
	static const char *const what[_ROW_FD_N] = {
		[ROW_FD_SOCKET] = "socket",
		[ROW_FD_ADDRESS] = "address",
		[ROW_FD_PIPE] = "pipe",
		[ROW_FD_SENDER] = "sender",
		[ROW_FD_ONCE] = "pair",
	};

	begin(j, "descriptors", '{');
	for (unsigned i = 0; i < _ROW_FD_N; i++)
		if (row->fds[i] >= 0)
			add_number(j, what[i], row->fds[i]);
	add_number(j, "epoch_pipes", row->n_pipes);
	end(j, '}');
}

static void add_row(Json *j, const Match *m, RowRef ref)
{
	const Model *model = &m->processes[ref.process].model;
	const Row *row = &model->rows[ref.row];
	Facts facts = match_facts(m, ref);
	HolderCtx holders = {j, m};
	const char *words[ROW_MAX_WORDS];

	fputs(j->comma ? "," : "", j->out);
	j->comma = false;
	fputs("\n  ", j->out);
	begin(j, NULL, '{');
	add_number(j, "name", row->name);
	add_rights(j, row->type);
	add_number(j, "refs", row->urefs);
	add_key(j, &facts.key);
	add_words(j, "notes", words, row_words(row, words));
	add_bool(j, "proven", facts.proven);
	if (row->has_port)
		add_port(j, row);
	if (row->type & ENTRY_RECEIVE)
		add_queue(j, model, row, &facts);
	if (row->target)
		add_number(j, "to", row->target);
	begin(j, row->type == ENTRY_PORT_SET ? "members" : "in_sets", '[');
	for (uint32_t i = 0; i < row->names.n; i++)
		add_number(j, NULL, model->names[row->names.first + i]);
	end(j, ']');
	add_fds(j, row);
	begin(j, "also_held_by", '[');
	match_others(m, ref, add_holder, &holders);
	end(j, ']');
	end(j, '}');
}

static void add_process(Json *j, const Match *m, uint32_t process)
{
	const Process *p = &m->processes[process];
	const ModelHead *head = &p->model.head;
	char error[160];

	fputs(j->comma ? ",\n" : "\n", j->out);
	j->comma = false;
	begin(j, NULL, '{');
	add_number(j, "pid", p->pid);
	if (head->outcome != OUTCOME_OK) {
		outcome_format(head, error, sizeof(error));
		add_string(j, "error", error);
		end(j, '}');
		return;
	}
	add_string(j, "command", head->comm);
	add_number(j, "uid", head->uid);
	add_bool(j, "truncated", head->truncated);
	begin(j, "names", '[');
	for (uint32_t i = 0; i < head->n_rows; i++)
		add_row(j, m, (RowRef){.process = process, .row = i});
	end(j, ']');
	end(j, '}');
}

void json_print(FILE *out, const Match *m)
{
	Json j = {.out = out};

	fputc('[', out);
	for (uint32_t i = 0; i < m->n_processes; i++)
		if (m->processes[i].wanted)
			add_process(&j, m, i);
	fputs("\n]\n", out);
}
