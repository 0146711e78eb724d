/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/lsmp-match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "port/space.h"

static const Row *row_at(const Match *m, RowRef ref)
{
	return &m->processes[ref.process].model.rows[ref.row];
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_refs(RowRef a, RowRef b)
{
	int c = compare_u64(a.process, b.process);

	return c ? c : compare_u64(a.row, b.row);
}

static int compare_keys(const void *a, const void *b)
{
	const KeyEntry *x = a, *y = b;
	int c = memcmp(&x->key, &y->key, sizeof(x->key));

	return c ? c : compare_refs(x->ref, y->ref);
}

static int compare_sockets(const void *a, const void *b)
{
	const SocketEntry *x = a, *y = b;
	int c = compare_u64(x->inode, y->inode);

	return c ? c : compare_refs(x->ref, y->ref);
}

/* A receive right is where its socket is bound to the very inode that is the port's address, a send
 * right where the address is a port's: what a process says beyond that is its own claim. */
static bool row_is_proven(const Match *m, const Row *row)
{
	const DiagSocket *s;

	if (row->notes & ROW_UNPROVEN)
		return false;
	if (!(row->type & ENTRY_RECEIVE) || row->socket == 0)
		return true;
	s = diag_find(&m->diag, row->socket);
	return !s || s->bound_inode == (uint32_t)row->key.word[1];
}

typedef struct Collector {
	ByteWriter keys, answers, onces;
} Collector;

static int collect_socket(ByteWriter *w, uint64_t inode, RowRef ref)
{
	SocketEntry entry = {.inode = inode, .ref = ref};

	return error_fold(bytes_put_blob(w, &entry, sizeof(entry)));
}

static int collect_row(const Match *m, Collector *c, RowRef ref)
{
	const Row *row = row_at(m, ref);
	const uint64_t *sockets = m->processes[ref.process].model.sockets + row->sockets.first;
	KeyEntry entry;
	int r = 0;

	/* Padding is compared too. */
	memset(&entry, 0, sizeof(entry));
	entry.key = row->key;
	entry.ref = ref;
	if (row->key.kind != KEY_NONE && row->type != ENTRY_SEND_ONCE && row_is_proven(m, row))
		r = error_fold(bytes_put_blob(&c->keys, &entry, sizeof(entry)));
	if (!r && row->type == ENTRY_SEND_ONCE && row->socket)
		r = collect_socket(&c->onces, row->socket, ref);
	for (uint32_t i = 0; i < row->sockets.n && !r; i++)
		r = collect_socket(&c->answers, sockets[i], ref);
	return r;
}

static int collect_all(const Match *m, Collector *c)
{
	int r = 0;

	for (uint32_t p = 0; p < m->n_processes && !r; p++) {
		for (uint32_t i = 0; i < m->processes[p].model.head.n_rows && !r; i++)
			r = collect_row(m, c, (RowRef){.process = p, .row = i});
	}
	return r;
}

static void *sort_array(
	ByteWriter *w, size_t size, int (*compare)(const void *, const void *), size_t *ret_n)
{
	size_t bytes;
	void *array = bytes_writer_steal(w, &bytes);

	*ret_n = bytes / size;
	if (array)
		qsort(array, *ret_n, size, compare);
	return array;
}

int match_init(Match *m, const Process *processes, size_t n)
{
	Collector c;
	int r;

	*m = (Match){.processes = processes, .n_processes = n};
	diag_init(&m->diag);
	/* What the models hold is bounded, and these are smaller. */
	bytes_writer_init_growable(&c.keys, SIZE_MAX / 2);
	bytes_writer_init_growable(&c.answers, SIZE_MAX / 2);
	bytes_writer_init_growable(&c.onces, SIZE_MAX / 2);
	r = collect_all(m, &c);
	if (!r) {
		m->keys = sort_array(&c.keys, sizeof(KeyEntry), compare_keys, &m->n_keys);
		m->answers = sort_array(
			&c.answers, sizeof(SocketEntry), compare_sockets, &m->n_answers);
		m->onces = sort_array(&c.onces, sizeof(SocketEntry), compare_sockets, &m->n_onces);
	}
	bytes_writer_deinit(&c.keys);
	bytes_writer_deinit(&c.answers);
	bytes_writer_deinit(&c.onces);
	return error_trace(r);
}

void match_deinit(Match *m)
{
	free(m->keys);
	free(m->answers);
	free(m->onces);
	diag_deinit(&m->diag);
	*m = (Match){0};
}

/* The first entry with this inode, or NULL. */
static const SocketEntry *find_socket(const SocketEntry *all, size_t n, uint64_t inode)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && all[low].inode == inode ? &all[low] : NULL;
}

static const KeyEntry *find_key(const Match *m, const PortKey *key)
{
	size_t low = 0, high = m->n_keys;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(&m->keys[middle].key, key, sizeof(*key)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->n_keys && !memcmp(&m->keys[low].key, key, sizeof(*key)) ? &m->keys[low]
										: NULL;
}

static uint32_t peer_of(const Match *m, uint64_t inode)
{
	const DiagSocket *s = diag_find(&m->diag, inode);

	return s ? s->peer : 0;
}

Facts match_facts(const Match *m, RowRef ref)
{
	const Row *row = row_at(m, ref);
	Facts f = {.key = row->key, .proven = row_is_proven(m, row)};
	const SocketEntry *answer;
	const DiagSocket *s;

	if (row->type == ENTRY_SEND_ONCE && row->socket) {
		answer = find_socket(m->answers, m->n_answers, peer_of(m, row->socket));
		if (answer) {
			f.owner = row_at(m, answer->ref);
			f.owner_process = answer->ref.process;
			f.key = f.owner->key;
		}
	}
	if (row->type & ENTRY_RECEIVE) {
		s = diag_find(&m->diag, row->socket);
		f.queue_known = s || row->socket == 0;
		f.queued_bytes = s ? s->queued : 0;
	}
	return f;
}

static void others_by_key(const Match *m, const PortKey *key, uint32_t self, HolderFn fn, void *ctx)
{
	const KeyEntry *end = m->keys + m->n_keys;
	const KeyEntry *k;

	if (key->kind == KEY_NONE || m->n_keys == 0)
		return;
	for (k = find_key(m, key); k && k < end && !memcmp(&k->key, key, sizeof(*key)); k++) {
		if (k->ref.process != self)
			fn(ctx, &(Holder){k->ref.process, row_at(m, k->ref)->type});
	}
}

static void others_once(const Match *m, RowRef ref, HolderFn fn, void *ctx)
{
	const Row *row = row_at(m, ref);
	const uint64_t *sockets = m->processes[ref.process].model.sockets + row->sockets.first;

	for (uint32_t i = 0; i < row->sockets.n; i++) {
		uint32_t peer = peer_of(m, sockets[i]);
		const SocketEntry *once = peer ? find_socket(m->onces, m->n_onces, peer) : NULL;

		if (once && once->ref.process != ref.process)
			fn(ctx, &(Holder){once->ref.process, ENTRY_SEND_ONCE});
	}
}

void match_others(const Match *m, RowRef ref, HolderFn fn, void *ctx)
{
	const Row *row = row_at(m, ref);
	Facts f = match_facts(m, ref);

	if (!f.proven)
		return;
	others_by_key(m, &f.key, ref.process, fn, ctx);
	/* A port that never left its process but for send-once rights has no key. */
	if (f.key.kind == KEY_NONE && f.owner && f.owner_process != ref.process)
		fn(ctx, &(Holder){f.owner_process, f.owner->type});
	if (row->type & ENTRY_RECEIVE)
		others_once(m, ref, fn, ctx);
}
