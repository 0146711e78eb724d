/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formats of CFStringCreateWithFormat(). Each conversion is taken apart; numbers are put together again
 * for printf(3), with their full width; text is padded here, by characters. Numbers have a '.' in every
 * locale.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "object/api_string.h"
#include "object/locale.h"
#include "object/text.h"
#include "object/utf.h"

#define FORMATTED_MAX ((size_t)64 << 20)
#define WIDTH_MAX (1 << 20)

typedef struct Conversion {
	char flags[8];
	int width, precision; /* -1: none */
	char length; /* of "hlLqzt", 'H' for hh, 'q' for ll and j; 0: none */
	char kind;
} Conversion;

_Static_assert(sizeof(intmax_t) == sizeof(long long), "%jd is %lld");

typedef struct Format {
	ByteWriter out;
	const char *at;
	va_list arguments;
} Format;

/* A number, or '*': of the arguments. */
static int scan_number(Format *f, int *ret)
{
	*ret = 0;
	if (*f->at == '*') {
		f->at++;
		*ret = va_arg(f->arguments, int);
		return *ret < -WIDTH_MAX || *ret > WIDTH_MAX ? OBJECT_E_LIMIT : 0;
	}
	while (*f->at >= '0' && *f->at <= '9') {
		*ret = 10 * *ret + (*f->at++ - '0');
		if (*ret > WIDTH_MAX)
			return OBJECT_E_LIMIT;
	}
	return 0;
}

static void scan_length(Format *f, Conversion *c)
{
	if (!*f->at || !strchr("hlLqjzt", *f->at))
		return;
	c->length = *f->at++;
	if (c->length == 'j') /* intmax_t, which is a long long or as wide */
		c->length = 'q';
	if (c->length == 'h' && *f->at == 'h') {
		c->length = 'H';
		f->at++;
	} else if (c->length == 'l' && *f->at == 'l') {
		c->length = 'q';
		f->at++;
	}
}

/* What is behind a '%'. */
static int scan(Format *f, Conversion *c)
{
	size_t n_flags = 0;
	int r;

	*c = (Conversion){.width = -1, .precision = -1};
	while (*f->at && strchr("-+ #0'", *f->at)) {
		if (!strchr(c->flags, *f->at) && n_flags < sizeof(c->flags) - 1)
			c->flags[n_flags++] = *f->at;
		f->at++;
	}
	if (*f->at == '*' || (*f->at >= '1' && *f->at <= '9')) {
		r = scan_number(f, &c->width);
		if (r != 0)
			return r;
		if (c->width < 0) {
			c->width = -c->width;
			if (!strchr(c->flags, '-') && n_flags < sizeof(c->flags) - 1)
				c->flags[n_flags++] = '-';
		}
	}
	if (*f->at == '.') {
		f->at++;
		r = scan_number(f, &c->precision);
		if (r != 0)
			return r;
		c->precision = MAX(c->precision, -1);
	}
	scan_length(f, c);
	c->kind = *f->at;
	if (c->kind)
		f->at++;
	return 0;
}

_printf_(2, 3) static int put_number(Format *f, const char *format, ...)
{
	va_list arguments, again;
	uint8_t *space;
	int n, r;

	va_start(arguments, format);
	va_copy(again, arguments);
	n = locale_vsnprintf(NULL, 0, format, arguments);
	assert(n >= 0);
	r = bytes_put_space(&f->out, (size_t)n + 1, &space);
	if (r == 0) {
		locale_vsnprintf((char *)space, (size_t)n + 1, format, again);
		f->out.used--; /* the NUL */
	}
	va_end(again);
	va_end(arguments);
	return r;
}

/* The conversion for printf(3), with @length in place of its own. */
static void write_conversion(const Conversion *c, const char *length, char ret[static 48])
{
	char width[16] = "", precision[16] = "";

	if (c->width >= 0)
		snprintf(width, sizeof(width), "%d", c->width);
	if (c->precision >= 0)
		snprintf(precision, sizeof(precision), ".%d", c->precision);
	snprintf(ret, 48, "%%%s%s%s%s%c", c->flags, width, precision, length, c->kind);
}

static int put_signed(Format *f, const Conversion *c)
{
	char conversion[48];
	intmax_t value;

	switch (c->length) {
	case 'l':
		value = va_arg(f->arguments, long);
		break;
	case 'q':
		value = va_arg(f->arguments, long long);
		break;
	case 'z':
	case 't':
		value = va_arg(f->arguments, ptrdiff_t);
		break;
	default:
		value = va_arg(f->arguments, int);
		if (c->length == 'h')
			value = (short)value;
		else if (c->length == 'H')
			value = (signed char)value;
	}
	write_conversion(c, "j", conversion);
	return put_number(f, conversion, value);
}

static int put_unsigned(Format *f, const Conversion *c)
{
	char conversion[48];
	uintmax_t value;

	switch (c->length) {
	case 'l':
		value = va_arg(f->arguments, unsigned long);
		break;
	case 'q':
		value = va_arg(f->arguments, unsigned long long);
		break;
	case 'z':
	case 't':
		value = va_arg(f->arguments, size_t);
		break;
	default:
		value = va_arg(f->arguments, unsigned);
		if (c->length == 'h')
			value = (unsigned short)value;
		else if (c->length == 'H')
			value = (unsigned char)value;
	}
	write_conversion(c, "j", conversion);
	return put_number(f, conversion, value);
}

static int put_real(Format *f, const Conversion *c)
{
	char conversion[48];

	write_conversion(c, c->length == 'L' ? "L" : "", conversion);
	if (c->length == 'L')
		return put_number(f, conversion, va_arg(f->arguments, long double));
	return put_number(f, conversion, va_arg(f->arguments, double));
}

static int put_blanks(Format *f, int n)
{
	int r = 0;

	for (; r == 0 && n > 0; n--)
		r = bytes_put_u8(&f->out, ' ');
	return r;
}

/* @size bytes of valid UTF-8. */
static int put_text(Format *f, const Conversion *c, const char *text, size_t size)
{
	bool is_left = strchr(c->flags, '-') != NULL;
	int n_blanks, r;
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += ((uint8_t)text[i] & 0xc0) != 0x80;
	n_blanks = c->width > 0 && n < (size_t)c->width ? c->width - (int)n : 0;
	r = is_left ? 0 : put_blanks(f, n_blanks);
	if (r == 0)
		r = bytes_put_blob(&f->out, text, size);
	return r == 0 && is_left ? put_blanks(f, n_blanks) : r;
}

/* Bytes that may be anything: what is not UTF-8 becomes U+FFFD. */
static int put_bytes(Format *f, const Conversion *c, const char *text, size_t size)
{
	_cleanup_bytes_writer_ ByteWriter clean = {0};
	size_t n_units;
	int r = 0;

	if (utf8_check(text, size, &n_units))
		return put_text(f, c, text, size);
	bytes_writer_init_growable(&clean, FORMATTED_MAX);
	for (size_t i = 0; r == 0 && i < size;) {
		size_t n = 1;

		while (n < MIN(size - i, (size_t)UTF8_CHAR_MAX) &&
			!utf8_check(text + i, n, &n_units))
			n++;
		if (utf8_check(text + i, n, &n_units)) {
			r = bytes_put_blob(&clean, text + i, n);
			i += n;
		} else {
			r = bytes_put_blob(&clean, "\xef\xbf\xbd", 3);
			i++;
		}
	}
	return r != 0 ? r : put_text(f, c, (const char *)clean.p, clean.used);
}

static int put_c_string(Format *f, const Conversion *c)
{
	const char *text = va_arg(f->arguments, const char *);

	if (!text)
		text = "(null)";
	return put_bytes(
		f, c, text, c->precision >= 0 ? strnlen(text, (size_t)c->precision) : strlen(text));
}

static int put_units(Format *f, const Conversion *c)
{
	const uint16_t *units = va_arg(f->arguments, const uint16_t *);
	_cleanup_free_ char *text = NULL;
	size_t n = 0, size;
	int r;

	if (!units)
		return put_text(f, c, "(null)", strlen("(null)"));
	while (n != (size_t)c->precision && units[n] != 0)
		n++;
	r = cf_decode_units(units, n, &text, &size);
	return r != 0 ? r : put_text(f, c, text, size);
}

static int put_object(Format *f, const Conversion *c)
{
	const Object *object = va_arg(f->arguments, const Object *);
	_cleanup_free_ char *text = NULL;
	int r;

	if (object_is_type(object, OBJECT_STRING))
		return put_text(f, c, object_string_get(object), object_string_size(object));
	r = object_describe(object, &text);
	return r != 0 ? r : put_text(f, c, text, strlen(text));
}

static int put_character(Format *f, const Conversion *c)
{
	uint32_t character = va_arg(f->arguments, unsigned);
	char text[UTF8_CHAR_MAX];

	character &= c->kind == 'c' ? 0xffU : 0xffffU;
	if (character == 0 || (character >= 0xd800 && character < 0xe000))
		character = 0xfffd;
	return put_text(f, c, text, utf8_put(character, text));
}

static int put_conversion(Format *f)
{
	char conversion[48];
	Conversion c;
	int r = scan(f, &c);

	if (r != 0)
		return r;
	switch (c.kind) {
	case '%':
		return bytes_put_u8(&f->out, '%');
	case '@':
		return put_object(f, &c);
	case 'd':
	case 'i':
		return c.length == 'L' ? OBJECT_E_UNSUPPORTED : put_signed(f, &c);
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		return c.length == 'L' ? OBJECT_E_UNSUPPORTED : put_unsigned(f, &c);
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
	case 'a':
	case 'A':
		return put_real(f, &c);
	case 'c':
	case 'C':
		return put_character(f, &c);
	case 's':
		return c.length == 0 ? put_c_string(f, &c) : OBJECT_E_UNSUPPORTED;
	case 'S':
		return put_units(f, &c);
	case 'p':
		write_conversion(&c, "", conversion);
		return put_number(f, conversion, va_arg(f->arguments, void *));
	default:
		return OBJECT_E_UNSUPPORTED;
	}
}

int cf_format(const char *format, va_list arguments, char **ret, size_t *ret_size)
{
	Format f = {.at = format};
	int r = 0;

	bytes_writer_init_growable(&f.out, FORMATTED_MAX);
	va_copy(f.arguments, arguments);
	while (r == 0 && *f.at) {
		size_t n = strcspn(f.at, "%");

		if (n > 0)
			r = bytes_put_blob(&f.out, f.at, n);
		f.at += n;
		if (r == 0 && *f.at) {
			f.at++;
			r = put_conversion(&f);
		}
	}
	va_end(f.arguments);
	if (r == 0)
		r = bytes_put_u8(&f.out, '\0');
	if (r == 0) {
		*ret = (char *)bytes_writer_steal(&f.out, ret_size);
		*ret_size -= 1;
	}
	bytes_writer_deinit(&f.out);
	return r == BYTES_E_FULL ? OBJECT_E_LIMIT : r;
}
