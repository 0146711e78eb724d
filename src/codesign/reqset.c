/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqset.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

typedef struct Entry {
	uint32_t type;
	Requirement *requirement;
} Entry;

struct ReqSet {
	Object object;
	Entry *entries; /* by type, ascending */
	uint32_t n;
	uint32_t room;
};

static void req_set_deinit(Object *object)
{
	ReqSet *self = (ReqSet *)(void *)object;

	for (uint32_t i = 0; i < self->n; i++)
		requirement_unref(self->entries[i].requirement);
	free(self->entries);
}

const ObjectClass req_set_class = {
	.name = "SecRequirements",
	.type = OBJECT_OTHER,
	.size = sizeof(ReqSet),
	.deinit = req_set_deinit,
};

int req_set_new(ReqSet **ret)
{
	Object *object;
	int r = object_new(&req_set_class, false, &object);

	if (r)
		return error_trace(r);
	*ret = (ReqSet *)(void *)object;
	return 0;
}

ReqSet *req_set_ref(ReqSet *self)
{
	return (ReqSet *)(void *)object_ref(&self->object);
}

ReqSet *req_set_unref(ReqSet *self)
{
	if (self)
		object_unref(&self->object);
	return NULL;
}

/* Where an entry of @type is, or would be. */
static uint32_t place_of(const ReqSet *self, uint32_t type)
{
	uint32_t i = 0;

	while (i < self->n && self->entries[i].type < type)
		i++;
	return i;
}

static int make_room(ReqSet *self)
{
	uint32_t room = self->room ? 2 * self->room : 4;
	Entry *entries;

	if (self->n < self->room)
		return 0;
	if (self->n >= REQ_SET_MAX)
		return REQ_E_LIMIT;
	entries = realloc(self->entries, room * sizeof(entries[0]));
	if (!entries)
		return error_origin(-ENOMEM);
	self->entries = entries;
	self->room = room;
	return 0;
}

int req_set_add(ReqSet *self, uint32_t type, Requirement *requirement)
{
	uint32_t i = place_of(self, type);
	Entry *entry;
	int r;

	if (i < self->n && self->entries[i].type == type) {
		requirement_ref(requirement);
		requirement_unref(self->entries[i].requirement);
		self->entries[i].requirement = requirement;
		return 0;
	}
	r = make_room(self);
	if (r)
		return r;
	entry = &self->entries[i];
	memmove(entry + 1, entry, (self->n - i) * sizeof(*entry));
	*entry = (Entry){type, requirement_ref(requirement)};
	self->n++;
	return 0;
}

Requirement *req_set_find(const ReqSet *self, uint32_t type)
{
	uint32_t i = place_of(self, type);

	return i < self->n && self->entries[i].type == type ? self->entries[i].requirement : NULL;
}

uint32_t req_set_n(const ReqSet *self)
{
	return self->n;
}

Requirement *req_set_get(const ReqSet *self, uint32_t i, uint32_t *ret_type)
{
	*ret_type = self->entries[i].type;
	return self->entries[i].requirement;
}

static int decode_entries(ReqSet *self, const SuperBlob *blob)
{
	for (uint32_t i = 0; i < blob->n; i++) {
		_cleanup_requirement_ Requirement *requirement = NULL;
		uint32_t type;
		BlobView view = superblob_get(blob, i, &type);
		int r = requirement_decode(view.data, view.size, &requirement);

		if (r == 0)
			r = req_set_add(self, type, requirement);
		if (r)
			return r;
	}
	return 0;
}

int req_set_decode(const void *blob, size_t size, ReqSet **ret)
{
	_cleanup_req_set_ ReqSet *self = NULL;
	SuperBlob super;
	int r = superblob_decode(blob, size, BLOB_MAGIC_REQUIREMENTS, &super);

	if (r)
		return r == BLOB_E_TOO_BIG ? REQ_E_LIMIT : REQ_E_INVALID;
	if (super.n > REQ_SET_MAX)
		return REQ_E_LIMIT;
	r = req_set_new(&self);
	if (r == 0)
		r = decode_entries(self, &super);
	if (r)
		return r;
	*ret = TAKE_PTR(self);
	return 0;
}

int req_set_encode(const ReqSet *self, uint8_t **ret, size_t *ret_size)
{
	_cleanup_superblob_builder_ SuperBlobBuilder builder;
	int r = 0;

	superblob_builder_init(&builder);
	for (uint32_t i = 0; i < self->n && r == 0; i++) {
		BlobView view = requirement_get_blob(self->entries[i].requirement);

		r = superblob_builder_add(&builder, self->entries[i].type, view.data, view.size);
	}
	if (r == 0)
		r = superblob_builder_encode(&builder, BLOB_MAGIC_REQUIREMENTS, ret, ret_size);
	return r > 0 ? REQ_E_LIMIT : r;
}

const char *req_type_find_name(uint32_t type)
{
	static const char *const names[] = {
		[REQ_TYPE_HOST] = "host",
		[REQ_TYPE_GUEST] = "guest",
		[REQ_TYPE_DESIGNATED] = "designated",
		[REQ_TYPE_LIBRARY] = "library",
		[REQ_TYPE_PLUGIN] = "plugin",
	};

	return type < ARRAY_SIZE(names) ? names[type] : NULL;
}

static int format_entry(const Entry *entry, ByteWriter *w)
{
	const char *name = req_type_find_name(entry->type);
	char tag[64];
	int n, r;

	if (name)
		n = snprintf(tag, sizeof(tag), "%s => ", name);
	else
		n = snprintf(tag, sizeof(tag), "/*unknown type*/ %u => ", entry->type);
	r = bytes_put_blob(w, tag, (size_t)n);
	if (r == 0)
		r = requirement_format_to(entry->requirement, w);
	if (r == 0)
		r = bytes_put_u8(w, '\n');
	return r;
}

int req_set_format(const ReqSet *self, char **ret)
{
	_cleanup_bytes_writer_ ByteWriter w;
	size_t size;
	int r = 0;

	bytes_writer_init_growable(&w, SIZE_MAX / 2);
	for (uint32_t i = 0; i < self->n && r == 0; i++)
		r = format_entry(&self->entries[i], &w);
	if (r == 0)
		r = bytes_put_u8(&w, '\0');
	if (r)
		return error_fold(r);
	*ret = (char *)bytes_writer_steal(&w, &size);
	return 0;
}
