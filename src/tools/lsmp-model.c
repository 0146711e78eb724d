/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/lsmp-model.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hash.h"
#include "port/kobject.h"
#include "port/port.h"
#include "port/space.h"

_Static_assert(sizeof(ModelHead) % 8 == 0 && sizeof(Row) % 8 == 0 && sizeof(QueuedMessage) % 8 == 0,
	"the arrays of a block are aligned");

void model_writer_init(ModelWriter *w)
{
	memset(&w->head, 0, sizeof(w->head));
	bytes_writer_init_growable(&w->rows, MODEL_MAX_ROWS * sizeof(Row));
	bytes_writer_init_growable(&w->sockets, MODEL_MAX_EXTRAS * sizeof(uint64_t));
	bytes_writer_init_growable(&w->messages, MODEL_MAX_EXTRAS * sizeof(QueuedMessage));
	bytes_writer_init_growable(&w->names, MODEL_MAX_EXTRAS * sizeof(uint32_t));
}

void model_writer_deinit(ModelWriter *w)
{
	bytes_writer_deinit(&w->rows);
	bytes_writer_deinit(&w->sockets);
	bytes_writer_deinit(&w->messages);
	bytes_writer_deinit(&w->names);
}

size_t model_max_size(void)
{
	return sizeof(ModelHead) + MODEL_MAX_ROWS * sizeof(Row) +
	       MODEL_MAX_EXTRAS * (sizeof(uint64_t) + sizeof(QueuedMessage) + sizeof(uint32_t));
}

int model_writer_send(ModelWriter *w, int fd)
{
	int r;

	w->head.n_rows = (uint32_t)(w->rows.used / sizeof(Row));
	w->head.n_sockets = (uint32_t)(w->sockets.used / sizeof(uint64_t));
	w->head.n_messages = (uint32_t)(w->messages.used / sizeof(QueuedMessage));
	w->head.n_names = (uint32_t)(w->names.used / sizeof(uint32_t));
	r = fd_write_all(fd, &w->head, sizeof(w->head));
	if (r == 0)
		r = fd_write_all(fd, w->rows.p, w->rows.used);
	if (r == 0)
		r = fd_write_all(fd, w->sockets.p, w->sockets.used);
	if (r == 0)
		r = fd_write_all(fd, w->messages.p, w->messages.used);
	if (r == 0)
		r = fd_write_all(fd, w->names.p, w->names.used);
	return error_trace(r);
}

static bool span_is_in(Span span, uint32_t n)
{
	return span.first <= n && span.n <= n - span.first;
}

static const void *get_array(ByteReader *r, uint32_t n, size_t size)
{
	const uint8_t *p = NULL;

	return bytes_get_blob(r, n * size, &p) ? NULL : p;
}

bool model_decode_take(uint8_t *block, size_t size, Model *ret)
{
	Model m = {0};
	ByteReader r;

	bytes_reader_init(&r, block, size);
	if (bytes_get_copy(&r, &m.head, sizeof(m.head)))
		return false;
	m.head.comm[sizeof(m.head.comm) - 1] = '\0';
	m.rows = get_array(&r, m.head.n_rows, sizeof(Row));
	m.sockets = get_array(&r, m.head.n_sockets, sizeof(uint64_t));
	m.messages = get_array(&r, m.head.n_messages, sizeof(QueuedMessage));
	m.names = get_array(&r, m.head.n_names, sizeof(uint32_t));
	if (r.failed || r.left > 0)
		return false;
	for (uint32_t i = 0; i < m.head.n_rows; i++) {
		const Row *row = &m.rows[i];

		if (!span_is_in(row->names, m.head.n_names) ||
			!span_is_in(row->sockets, m.head.n_sockets) ||
			!span_is_in(row->messages, m.head.n_messages))
			return false;
	}
	m.block = block;
	*ret = m;
	return true;
}

void model_deinit(Model *model)
{
	free(model->block);
	memset(model, 0, sizeof(*model));
}

void key_format(const PortKey *key, char text[KEY_TEXT_SIZE])
{
	/* The same in each run, so that two listings can be compared. */
	static const uint64_t seed[2] = {0, 0};

	if (key->kind == KEY_NONE)
		snprintf(text, KEY_TEXT_SIZE, "-");
	else
		snprintf(text, KEY_TEXT_SIZE, "%010" PRIx64,
			hash_sip13(seed, key, sizeof(*key)) & UINT64_C(0xffffffffff));
}

/* A bit, and what it is called. */
typedef struct Word {
	unsigned bit;
	const char *word;
} Word;

static unsigned add_words(const Word *table, size_t size, unsigned bits, const char **words)
{
	unsigned n = 0;

	for (size_t i = 0; i < size; i++)
		if (bits & table[i].bit)
			words[n++] = table[i].word;
	return n;
}

unsigned rights_words(uint8_t type, const char *words[ROW_MAX_WORDS])
{
	static const Word table[] = {
		{ENTRY_RECEIVE, "receive"},
		{ENTRY_SEND, "send"},
		{ENTRY_SEND_ONCE, "send-once"},
		{ENTRY_PORT_SET, "set"},
		{ENTRY_DEAD_NAME, "dead"},
	};

	return add_words(table, ARRAY_SIZE(table), type, words);
}

unsigned row_words(const Row *row, const char *words[ROW_MAX_WORDS])
{
	static const Word flags[] = {
		{PORT_F_REPLY, "reply"},
		{PORT_F_GUARDED, "guarded"},
		{PORT_F_STRICT, "strict"},
		{PORT_F_IMMOVABLE, "immovable"},
		{PORT_F_TEMPOWNER, "temp-owner"},
		{PORT_F_IMPORTANCE, "importance"},
		{PORT_F_TRANSIT, "moving"},
	};
	static const Word notes[] = {
		{ROW_SUPERVISED, "kept"},
		{ROW_IN_SETS, "in-set"},
		{ROW_NO_SENDERS, "no-senders"},
		{ROW_PORT_DESTROYED, "port-destroyed"},
		{ROW_REQUEST, "name-request"},
		{ROW_MORE, "more"},
		{ROW_UNPROVEN, "unproven"},
		{ROW_CHANGING, "changing"},
	};
	unsigned n;

	n = add_words(flags, ARRAY_SIZE(flags), row->flags, words);
	return n + add_words(notes, ARRAY_SIZE(notes), row->notes, words + n);
}

const char *object_name(uint8_t kobject_type)
{
	switch (kobject_type) {
	case KOBJECT_NONE:
		return NULL;
	case KOBJECT_THREAD:
		return "thread";
	case KOBJECT_THREAD_READ:
		return "thread-read";
	case KOBJECT_THREAD_INSPECT:
		return "thread-inspect";
	case KOBJECT_TASK:
		return "task";
	case KOBJECT_TASK_READ:
		return "task-read";
	case KOBJECT_TASK_INSPECT:
		return "task-inspect";
	case KOBJECT_TASK_NAME:
		return "task-name";
	case KOBJECT_TASK_ID_TOKEN:
		return "task-token";
	case KOBJECT_SUSPENSION:
		return "suspension";
	case KOBJECT_NAMED_ENTRY:
		return "memory";
	case KOBJECT_HOST:
		return "host";
	case KOBJECT_SEMAPHORE:
		return "semaphore";
	case KOBJECT_FILEPORT:
		return "fileport";
	default:
		return "object";
	}
}
