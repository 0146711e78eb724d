/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back: from a JobSpec to a property list, by the same tables of keys.
 *
 * libplist ends the process when there is no memory for a node, so most of what is made here is not
 * checked; -ENOMEM is for what it does not make itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "launchd/spec-private.h"

static plist_t new_integer(int64_t value)
{
#ifdef HAVE_PLIST_NEW_INT
	return plist_new_int(value);
#else
	/* As a signed number: it is shown with its sign. */
	return plist_new_uint((uint64_t)value);
#endif
}

static plist_t new_strings(char *const *strings)
{
	plist_t array;

	if (!strings)
		return NULL;
	array = plist_new_array();
	for (; *strings; strings++)
		plist_array_append_item(array, plist_new_string(*strings));
	return array;
}

static int format_value(const SpecKey *key, const void *object, plist_t *ret)
{
	const void *member = (const char *)object + key->offset;

	switch (key->kind) {
	case SPEC_KIND_BOOL:
		if (*(const bool *)member != (key->fallback != 0))
			*ret = plist_new_bool(*(const bool *)member);
		break;
	case SPEC_KIND_TRI:
		if (*(const SpecTri *)member != SPEC_TRI_UNSET)
			*ret = plist_new_bool(*(const SpecTri *)member == SPEC_TRI_TRUE);
		break;
	case SPEC_KIND_INT:
		if (*(const int64_t *)member != key->fallback)
			*ret = new_integer(*(const int64_t *)member);
		break;
	case SPEC_KIND_STRING:
		if (*(char *const *)member)
			*ret = plist_new_string(*(char *const *)member);
		break;
	case SPEC_KIND_STRINGS:
		*ret = new_strings(*(char **const *)member);
		break;
	case SPEC_KIND_OWN:
		return key->format ? key->format(object, ret) : 0;
	case SPEC_KIND_IGNORED:
	case SPEC_KIND_LATER:
		break;
	}
	return 0;
}

int spec_format_dict(const SpecKey *keys, size_t n_keys, const void *object, plist_t *ret)
{
	_cleanup_plist_ plist_t dict = plist_new_dict();
	int r;

	for (size_t i = 0; i < n_keys; i++) {
		plist_t value = NULL;

		r = format_value(&keys[i], object, &value);
		if (r < 0)
			return error_trace(r);
		if (value)
			plist_dict_set_item(dict, keys[i].name, value);
	}
	*ret = TAKE_PTR(dict);
	return 0;
}

static void xml_freep(char **p)
{
	if (*p)
		plist_to_xml_free(*p);
}

int spec_to_xml(const JobSpec *spec, char **ret_text, size_t *ret_size)
{
	_cleanup_plist_ plist_t dict = NULL;
	_cleanup_(xml_freep) char *xml = NULL;
	_cleanup_free_ char *text = NULL;
	uint32_t size = 0;
	int r = spec_format_dict(spec_keys, spec_n_keys, spec, &dict);

	if (r < 0)
		return error_trace(r);
	plist_to_xml(dict, &xml, &size);
	if (!xml)
		return error_origin(-ENOMEM);
	/* Memory of ours: the caller need not know where the text was made. */
	text = strndup(xml, size);
	if (!text)
		return error_origin(-ENOMEM);
	*ret_size = strlen(text);
	*ret_text = TAKE_PTR(text);
	return 0;
}
