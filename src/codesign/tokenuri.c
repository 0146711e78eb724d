/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/tokenuri.h"

#include <string.h>
#include <strings.h>

#define SCHEME "pkcs11:"
#define SCHEME_SIZE (sizeof(SCHEME) - 1)

/* RFC 7512, section 2.3; a bit of `seen` for each. */
static const char *const ATTRIBUTES[] = {"object", "id", "token", "manufacturer", "serial", "model",
	"library-manufacturer", "library-version", "library-description", "slot-manufacturer",
	"slot-description", "slot-id"};
#define N_NAMING 2u /* the first ones, of which there must be one */

typedef struct Parser {
	TokenUri *uri;
	size_t used; /* of uri->object */
	uint32_t seen;
	CodeProblem *problem;
} Parser;

/* One attribute: its name, and the value as it is written. */
typedef struct Attribute {
	const char *name;
	size_t name_size;
	const char *value;
	size_t value_size;
} Attribute;

bool token_uri_is(const char *text)
{
	return strncasecmp(text, SCHEME, SCHEME_SIZE) == 0;
}

static int refuse(const Parser *self, const char *text)
{
	return code_problem(self->problem, CODE_E_PARAMETER, "%s", text);
}

static bool is_name(const Attribute *attribute, const char *name)
{
	return strlen(name) == attribute->name_size &&
	       memcmp(name, attribute->name, attribute->name_size) == 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value with its %XX undone, as a string in @ret, which may be NULL. False: it is none. */
static bool decode_value(const Attribute *attribute, char *ret)
{
	const char *p = attribute->value, *end = p + attribute->value_size;

	while (p < end) {
		int c = *p++;

		if (c <= ' ' || c >= 0x7f)
			return false;
		if (c == '%') {
			if (end - p < 2 || hex_digit(p[0]) < 0 || hex_digit(p[1]) < 0)
				return false;
			c = hex_digit(p[0]) << 4 | hex_digit(p[1]);
			p += 2;
			if (c == 0 && ret)
				return false;
		}
		if (ret)
			*ret++ = (char)c;
	}
	if (ret)
		*ret = 0;
	return true;
}

static void append(Parser *self, const char *text, size_t n)
{
	/* No more than was in the URI. */
	memcpy(self->uri->object + self->used, text, n);
	self->used += n;
	self->uri->object[self->used] = 0;
}

static int add_to_path(Parser *self, const Attribute *attribute)
{
	if (is_name(attribute, "type")) {
		if ((attribute->value_size == 7 && memcmp(attribute->value, "private", 7) == 0) ||
			(attribute->value_size == 4 && memcmp(attribute->value, "cert", 4) == 0))
			return 0;
		return refuse(self, "the type in a PKCS#11 URI of an identity is private or cert");
	}
	for (size_t i = 0; i < ARRAY_SIZE(ATTRIBUTES); i++) {
		if (!is_name(attribute, ATTRIBUTES[i]))
			continue;
		if (self->seen & UINT32_C(1) << i)
			return refuse(self, "there is an attribute twice in the PKCS#11 URI");
		if (!decode_value(attribute, NULL))
			return refuse(self, "there is a value in the PKCS#11 URI that is not one");
		if (self->seen)
			append(self, ";", 1);
		append(self, attribute->name,
			(size_t)(attribute->value + attribute->value_size - attribute->name));
		self->seen |= UINT32_C(1) << i;
		return 0;
	}
	return refuse(self, "there is an unknown attribute in the PKCS#11 URI");
}

static int add_to_query(Parser *self, const Attribute *attribute)
{
	char *path = self->uri->pin_source;

	if (is_name(attribute, "pin-value"))
		return refuse(self,
			"others can see a PIN in a PKCS#11 URI: name a file that has it "
			"by pin-source");
	if (is_name(attribute, "module-path") || is_name(attribute, "module-name"))
		return refuse(self, "modules for tokens are configured for p11-kit or OpenSSL, and "
				    "not named by PKCS#11 URIs");
	if (!is_name(attribute, "pin-source"))
		return refuse(self, "there is an unknown attribute in the PKCS#11 URI");
	if (path[0])
		return refuse(self, "there is an attribute twice in the PKCS#11 URI");
	if (!decode_value(attribute, path))
		return refuse(self, "there is a value in the PKCS#11 URI that is not one");
	if (strncmp(path, "file:", 5) == 0)
		memmove(path, path + 5, strlen(path + 5) + 1);
	if (strncmp(path, "///", 3) == 0) /* an authority that is empty */
		memmove(path, path + 2, strlen(path + 2) + 1);
	return path[0] == '/' ? 0 : refuse(self, "a pin-source is a file with an absolute path");
}

/* Each of what @separator parts, up to @end. */
static int parse_attributes(Parser *self, const char *p, const char *end, char separator,
	int (*add)(Parser *self, const Attribute *attribute))
{
	while (p < end) {
		const char *stop = memchr(p, separator, (size_t)(end - p));
		const char *equals;
		Attribute attribute;
		int r;

		if (!stop)
			stop = end;
		equals = memchr(p, '=', (size_t)(stop - p));
		if (!equals)
			return refuse(self, "there is an attribute without a value in the PKCS#11 "
					    "URI");
		attribute = (Attribute){.name = p,
			.name_size = (size_t)(equals - p),
			.value = equals + 1,
			.value_size = (size_t)(stop - equals - 1)};
		r = add(self, &attribute);
		if (r != 0)
			return r;
		p = stop + (stop < end);
	}
	return 0;
}

int token_uri_parse(const char *text, TokenUri *ret, CodeProblem *problem)
{
	Parser parser = {.uri = ret, .problem = problem};
	const char *query, *end;
	int r;

	*ret = (TokenUri){.object = ""};
	if (!token_uri_is(text))
		return refuse(&parser, "this is no PKCS#11 URI");
	if (strnlen(text, TOKEN_URI_MAX + 1) > TOKEN_URI_MAX)
		return refuse(&parser, "the PKCS#11 URI is too long");
	end = text + strlen(text);
	query = strchr(text, '?');
	append(&parser, SCHEME, SCHEME_SIZE);
	r = parse_attributes(&parser, text + SCHEME_SIZE, query ? query : end, ';', add_to_path);
	if (r == 0 && query)
		r = parse_attributes(&parser, query + 1, end, '&', add_to_query);
	if (r == 0 && !(parser.seen & ((1u << N_NAMING) - 1)))
		r = refuse(&parser, "the PKCS#11 URI names no object: it needs object= or id=");
	return r;
}
