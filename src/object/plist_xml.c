/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a property list in XML is well-formed, in the plain way in which all tools write them, and if
 * not, in which line it is not. One pass with a small stack; the first mistake ends it.
 *
 * Not accepted, though XML has it: a document type with declarations of its own, attributes but on
 * <plist>, prefixes of name spaces, an encoding other than UTF-8. What libplist would misread is not
 * accepted either: numbers with something behind them or with zeros in front, dates that are none, data
 * with other characters than those of base64.
 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "object/locale.h"
#include "object/plist_guard.h"
#include "object/utf.h"

typedef enum Element {
	TOP,
	PLIST,
	DICT,
	ARRAY,
	KEY,
	STRING,
	INTEGER,
	REAL,
	TRUE_,
	FALSE_,
	DATE,
	DATA,
	N_ELEMENTS,
} Element;

static const char *const names[] = {"", "plist", "dict", "array", "key", "string", "integer",
	"real", "true", "false", "date", "data"};
_Static_assert(ARRAY_SIZE(names) == N_ELEMENTS, "a name for each element");

typedef struct Level {
	Element element;
	unsigned serial; /* of the element */
	unsigned n_children; /* of a dictionary: keys and values */
	const char *content;
	bool is_plain; /* no comments or CDATA in the content */
} Level;

typedef struct Key {
	unsigned dict; /* serial */
	const char *text; /* as written */
	size_t size;
} Key;

typedef struct Xml {
	const PlistGuard *guard;
	const char *start, *at, *end;
	/* <plist>, containers, and a leaf. */
	Level stack[PLIST_GUARD_DEPTH_MAX + 3];
	unsigned depth;
	unsigned n_elements;
	Key *keys;
	size_t n_keys;
} Xml;

#define PROBLEM_MAX 256U

/* Each function below returns 0, STOP (or another number > 0) after a mistake, or -ENOMEM. */
#define STOP 1

static size_t line_of(const Xml *x, const char *at)
{
	size_t line = 1;

	for (const char *c = x->start; c < at; c++)
		line += *c == '\n';
	return line;
}

_printf_(3, 4) static int fail(Xml *x, const char *at, const char *format, ...)
{
	char text[PROBLEM_MAX];
	PlistProblem problem = {.line = line_of(x, at), .text = text};
	va_list args;
	int r;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	r = x->guard->report(x->guard->data, &problem);
	return r != 0 ? r : STOP;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What XML cannot hold. */
static bool is_control(unsigned long c)
{
	return c < 0x20 && c != '\t' && c != '\r' && c != '\n';
}

static bool has(const Xml *x, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(x->end - x->at) >= n && memcmp(x->at, text, n) == 0;
}

static Level *top(Xml *x)
{
	return &x->stack[x->depth];
}

static bool is_leaf(const Level *level)
{
	return level->element >= KEY;
}

/* Past the next @text. */
static int skip_past(Xml *x, const char *text, const char *what)
{
	const char *found = memmem(x->at, (size_t)(x->end - x->at), text, strlen(text));

	if (!found)
		return fail(x, x->at, "expected %s to end", what);
	x->at = found + strlen(text);
	return 0;
}

/* <!DOCTYPE ...>, and <?xml ...?>. Quotes are counted, as libplist looks for the end outside them. */
static int skip_prolog(Xml *x, const char *end, const char *what)
{
	const char *begin = x->at;
	unsigned n_quotes = 0;
	int r;

	if (x->depth > 0)
		return fail(x, x->at, "expected %s to be in front of the property list", what);
	r = skip_past(x, end, what);
	for (const char *c = begin + 1; r == 0 && c < x->at; c++) {
		n_quotes += *c == '"';
		if (*c == '[' || *c == '<')
			return fail(x, c, "expected %s without declarations", what);
	}
	if (r == 0 && n_quotes % 2 != 0)
		return fail(x, begin, "expected quotes in pairs");
	return r;
}

static int scan_special(Xml *x)
{
	Level *level = top(x);

	level->is_plain = false;
	if (has(x, "<!--")) {
		x->at += strlen("<!--");
		return skip_past(x, "-->", "the comment");
	}
	if (has(x, "<![CDATA[") && (level->element == STRING || level->element == KEY))
		return skip_past(x, "]]>", "CDATA");
	if (has(x, "<!DOCTYPE"))
		return skip_prolog(x, ">", "the document type");
	if (has(x, "<?"))
		return skip_prolog(x, "?>", "the processing instruction");
	return fail(x, x->at, "expected an element of a property list");
}

/* The content without blanks at its ends; false: it is not plain text. */
static bool trim(const Level *level, const char *end, const char **ret_begin, size_t *ret_size)
{
	const char *begin = level->content;

	while (begin < end && is_blank(*begin))
		begin++;
	while (end > begin && is_blank(end[-1]))
		end--;
	*ret_begin = begin;
	*ret_size = (size_t)(end - begin);
	return level->is_plain;
}

/* Digits, with a sign or as hexadecimal, that fit into 64 bits; nothing that libplist would take for
 * octal. */
static int check_integer(Xml *x, const Level *level, const char *end)
{
	char text[32], *stop;
	const char *digits, *begin;
	size_t size;

	if (!trim(level, end, &begin, &size) || size == 0 || size >= sizeof(text))
		return fail(x, level->content, "expected an integer");
	memcpy(text, begin, size);
	text[size] = '\0';
	digits = text + (text[0] == '-' || text[0] == '+');
	if (digits[0] < '0' || digits[0] > '9')
		return fail(x, level->content, "expected an integer");
	if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9')
		return fail(x, level->content,
			"expected an integer without zeros in front (an octal number may be "
			"written as a string)");
	errno = 0;
	(void)strtoll(text, &stop, 0);
	if (*stop)
		return fail(x, level->content, "expected an integer");
	if (errno != 0)
		return fail(x, level->content, "expected an integer of 64 bits");
	return 0;
}

static int check_real(Xml *x, const Level *level, const char *end)
{
	static const char *const words[] = {
		"nan", "inf", "infinity", "+inf", "+infinity", "-inf", "-infinity"};
	char text[64], *stop;
	const char *begin;
	size_t size;

	if (!trim(level, end, &begin, &size) || size == 0 || size >= sizeof(text))
		return fail(x, level->content, "expected a number");
	memcpy(text, begin, size);
	text[size] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(text, words[i]) == 0)
			return 0;
	(void)locale_strtod(text, &stop);
	if (*stop || strspn(text, "+-0123456789.eE") != size)
		return fail(x, level->content, "expected a number");
	return 0;
}

static int check_date(Xml *x, const Level *level, const char *end)
{
	const char *begin;
	int64_t ns;
	size_t size;

	if (!trim(level, end, &begin, &size) || !plist_date_parse(begin, size, &ns))
		return fail(x, level->content, "expected a date such as 2001-01-01T00:00:00Z");
	return x->guard->notes ? plist_notes_add_date(x->guard->notes, ns) : 0;
}

/* base64, with blanks anywhere. */
static int check_data(Xml *x, const Level *level, const char *end)
{
	size_t n = 0, n_pad = 0;
	bool is_good = level->is_plain;

	for (const char *c = level->content; is_good && c < end; c++) {
		if (is_blank(*c))
			continue;
		n++;
		n_pad += *c == '=';
		is_good = *c == '=' ? n_pad <= 2
				    : n_pad == 0 && (isalnum((unsigned char)*c) || *c == '+' ||
							    *c == '/');
	}
	if (!is_good || n % 4 != 0)
		return fail(x, level->content, "expected data in base64");
	return 0;
}

static int add_key(Xml *x, const char *text, size_t size)
{
	/* Grown at powers of two. */
	if ((x->n_keys & (x->n_keys - 1)) == 0) {
		size_t room = x->n_keys > 0 ? 2 * x->n_keys : 1;
		Key *keys = reallocarray(x->keys, room, sizeof(*keys));

		if (!keys)
			return error_origin(-ENOMEM);
		x->keys = keys;
	}
	x->keys[x->n_keys++] = (Key){
		.dict = x->stack[x->depth - 1].serial, .text = text, .size = size};
	return 0;
}

/* An element ends; its content went up to @end. */
static int end_element(Xml *x, const char *end)
{
	const Level *level = top(x);
	int r = 0;

	if (level->element == INTEGER)
		r = check_integer(x, level, end);
	else if (level->element == REAL)
		r = check_real(x, level, end);
	else if (level->element == DATE)
		r = check_date(x, level, end);
	else if (level->element == DATA)
		r = check_data(x, level, end);
	else if (level->element == KEY)
		r = add_key(x, level->content, (size_t)(end - level->content));
	else if ((level->element == TRUE_ || level->element == FALSE_) && end > level->content)
		r = fail(x, level->content, "expected nothing in a boolean");
	else if (level->element == DICT && level->n_children % 2 != 0)
		r = fail(x, end, "expected a value for the last key");
	else if (level->element == PLIST && level->n_children == 0)
		r = fail(x, end, "expected something in the property list");
	x->depth--;
	return r;
}

/* Whether an element may begin here. */
static int check_place(Xml *x, Element element)
{
	Level *parent = top(x);
	bool wants_key = parent->element == DICT && parent->n_children % 2 == 0;

	if (is_leaf(parent))
		return fail(x, x->at, "expected </%s>", names[parent->element]);
	if ((element == PLIST) != (parent->element == TOP))
		return fail(x, x->at, "expected one <plist> around everything");
	if (parent->element < DICT && parent->n_children > 0)
		return fail(x, x->at, "expected nothing more");
	if (wants_key && element != KEY)
		return fail(x, x->at, "expected <key>");
	if (!wants_key && element == KEY)
		return fail(x, x->at,
			parent->element == DICT ? "expected a value for the key"
						: "expected no key here");
	if (x->depth > x->guard->depth_max && element < KEY)
		return fail(x, x->at, "expected less nesting");
	if (++x->n_elements > x->guard->n_nodes_max)
		return fail(x, x->at, "expected fewer values");
	parent->n_children++;
	return 0;
}

static Element find_element(const char *name, size_t size)
{
	for (Element e = PLIST; e < N_ELEMENTS; e++)
		if (strlen(names[e]) == size && memcmp(names[e], name, size) == 0)
			return e;
	return TOP;
}

static int scan_name(Xml *x, Element *ret)
{
	const char *name = x->at;

	while (x->at < x->end && ((*x->at >= 'a' && *x->at <= 'z')))
		x->at++;
	*ret = find_element(name, (size_t)(x->at - name));
	if (*ret == TOP)
		return fail(x, name, "expected an element of a property list");
	return 0;
}

static int scan_start(Xml *x)
{
	bool is_empty = false;
	Element element;
	int r;

	x->at++;
	r = scan_name(x, &element);
	if (r == 0)
		r = check_place(x, element);
	if (r != 0)
		return r;
	if (element == PLIST && x->at < x->end && is_blank(*x->at))
		while (x->at < x->end && *x->at != '>' && *x->at != '<' && *x->at != '/')
			x->at++;
	while (x->at < x->end && is_blank(*x->at))
		x->at++;
	if (x->at < x->end && *x->at == '/') {
		is_empty = true;
		x->at++;
	}
	if (x->at >= x->end || *x->at != '>')
		return fail(x, x->at, "expected > behind <%s", names[element]);
	x->at++;
	x->stack[++x->depth] = (Level){
		.element = element, .serial = x->n_elements, .content = x->at, .is_plain = true};
	return is_empty ? end_element(x, x->at) : 0;
}

static int scan_end(Xml *x)
{
	const char *begin = x->at;
	Element element;
	int r;

	x->at += strlen("</");
	r = scan_name(x, &element);
	if (r != 0)
		return r;
	if (x->depth == 0 || element != top(x)->element)
		return x->depth == 0 ? fail(x, begin, "expected nothing more")
				     : fail(x, begin, "expected </%s>, found </%s>",
					       names[top(x)->element], names[element]);
	while (x->at < x->end && is_blank(*x->at))
		x->at++;
	if (x->at >= x->end || *x->at != '>')
		return fail(x, x->at, "expected > behind </%s", names[element]);
	x->at++;
	return end_element(x, begin);
}

/* &NAME; or &#NUMBER; of a character: libplist is content with a part of it. */
static int scan_reference(Xml *x)
{
	static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
	char text[12], *stop;
	const char *end = memchr(x->at, ';', MIN((size_t)(x->end - x->at), sizeof(text) - 1));
	unsigned long number;
	bool is_hex;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (has(x, known[i])) {
			x->at += strlen(known[i]);
			return 0;
		}
	}
	if (!end || !has(x, "&#"))
		return fail(x, x->at, "expected &amp; or another character behind &");
	snprintf(text, sizeof(text), "%.*s", (int)(end - x->at), x->at);
	is_hex = text[2] == 'x';
	number = strtoul(text + 2 + is_hex, &stop, is_hex ? 16 : 10);
	if (!isxdigit((unsigned char)text[2 + is_hex]) || *stop || is_control(number) ||
		number > 0x10ffff || (number >= 0xd800 && number < 0xe000))
		return fail(x, x->at, "expected the number of a character");
	x->at = end + 1;
	return 0;
}

static int scan_text(Xml *x)
{
	int r = 0;

	while (r == 0 && x->at < x->end && *x->at != '<') {
		if (!is_leaf(top(x)) && !is_blank(*x->at))
			return fail(x, x->at, "expected an element, found text");
		if (*x->at == '&')
			r = scan_reference(x);
		else
			x->at++;
	}
	return r;
}

static int scan(Xml *x)
{
	for (;;) {
		int r = scan_text(x);

		if (r == 0 && x->at == x->end) {
			if (x->depth > 0)
				return fail(x, x->at, "expected </%s>, found the end",
					names[top(x)->element]);
			if (x->n_elements == 0)
				return fail(x, x->at, "expected <plist>, found the end");
			return 0;
		}
		if (r == 0 && (has(x, "<!") || has(x, "<?")))
			r = scan_special(x);
		else if (r == 0)
			r = has(x, "</") ? scan_end(x) : scan_start(x);
		if (r != 0)
			return r;
	}
}

static int compare_keys(const void *a, const void *b)
{
	const Key *one = a, *other = b;
	int order;

	if (one->dict != other->dict)
		return one->dict < other->dict ? -1 : 1;
	order = memcmp(one->text, other->text, MIN(one->size, other->size));
	if (order == 0 && one->size != other->size)
		order = one->size < other->size ? -1 : 1;
	return order;
}

static int check_keys(Xml *x)
{
	int r = 0;

	if (x->n_keys > 1)
		qsort(x->keys, x->n_keys, sizeof(*x->keys), compare_keys);
	for (size_t i = 1; i < x->n_keys && r == 0; i++) {
		const Key *one = &x->keys[i - 1], *other = &x->keys[i];
		PlistProblem problem = {.key_size = one->size};

		if (compare_keys(one, other) != 0)
			continue;
		problem.key = MAX(one->text, other->text);
		problem.line = line_of(x, problem.key);
		r = x->guard->report(x->guard->data, &problem);
	}
	return r;
}

int plist_xml_check(const PlistGuard *guard, const char *text, size_t size)
{
	static const PlistProblem not_utf8 = {.line = 1, .text = "expected text in UTF-8"};
	Xml x = {.guard = guard, .start = text, .at = text, .end = text + size};
	_cleanup_free_ Key *keys = NULL;
	size_t n_units;
	int r;

	assert(guard->depth_max <= PLIST_GUARD_DEPTH_MAX);
	if (!utf8_check(text, size, &n_units))
		return guard->report(guard->data, &not_utf8) < 0 ? -ENOMEM : 0;
	for (const char *c = text; c < x.end; c++) {
		if (is_control((unsigned char)*c)) {
			r = fail(&x, c, "expected text without control characters");
			return r < 0 ? r : 0;
		}
	}
	r = scan(&x);
	if (r == 0)
		r = check_keys(&x);
	if (guard->notes)
		guard->notes->n_keys = x.n_keys;
	keys = x.keys;
	return r < 0 ? r : 0;
}
