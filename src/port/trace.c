/* SPDX-License-Identifier: Apache-2.0 */
#include "port/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <mach/mach_error.h>

#include "base/cleanup.h"

#define LINE_MAX_SIZE 2048
#define MAX_BYTES 32

typedef struct Line {
	char text[LINE_MAX_SIZE];
	size_t used;
} Line;

__attribute__((format(printf, 2, 3))) static void add(Line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - 1 - line->used;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line->text + line->used, room + 1, format, ap);
	va_end(ap);
	if (n > 0)
		line->used += MIN((size_t)n, room);
}

static void line_print(Line *line)
{
	line->text[MIN(line->used, sizeof(line->text) - 1)] = '\n';
	/* One write for each line, so that threads and processes do not mix theirs. */
	(void)!write(STDERR_FILENO, line->text, line->used + 1);
}

static const char *disposition_name(unsigned d)
{
	static const char *const names[] = {"move-receive", "move-send", "move-send-once",
		"copy-send", "make-send", "make-send-once"};

	if (d < MACH_MSG_TYPE_MOVE_RECEIVE || d > MACH_MSG_TYPE_MAKE_SEND_ONCE)
		return d ? "?" : "none";
	return names[d - MACH_MSG_TYPE_MOVE_RECEIVE];
}

static size_t add_descriptor(Line *line, const uint8_t *p)
{
	mach_msg_descriptor_t d;

	memset(&d, 0, sizeof(d));
	memcpy(&d, p, sizeof(d.port));
	switch (d.type.type) {
	case MACH_MSG_PORT_DESCRIPTOR:
		add(line, " {port %#x %s}", d.port.name, disposition_name(d.port.disposition));
		return sizeof(d.port);
	case MACH_MSG_GUARDED_PORT_DESCRIPTOR:
		memcpy(&d, p, sizeof(d.guarded_port));
		add(line, " {guarded port %#x %s flags %#x}", d.guarded_port.name,
			disposition_name(d.guarded_port.disposition), d.guarded_port.flags);
		return sizeof(d.guarded_port);
	case MACH_MSG_OOL_PORTS_DESCRIPTOR:
		memcpy(&d, p, sizeof(d.ool_ports));
		add(line, " {%u ports at %p %s}", d.ool_ports.count, d.ool_ports.address,
			disposition_name(d.ool_ports.disposition));
		return sizeof(d.ool_ports);
	case MACH_MSG_OOL_DESCRIPTOR:
	case MACH_MSG_OOL_VOLATILE_DESCRIPTOR:
		memcpy(&d, p, sizeof(d.out_of_line));
		add(line, " {%u bytes at %p%s}", d.out_of_line.size, d.out_of_line.address,
			d.out_of_line.deallocate ? " deallocate" : "");
		return sizeof(d.out_of_line);
	default:
		add(line, " {descriptor of type %u?}", d.type.type);
		return 0;
	}
}

static const uint8_t *add_descriptors(Line *line, const mach_msg_header_t *msg, const uint8_t *end)
{
	const mach_msg_base_t *base = (const mach_msg_base_t *)msg;
	const uint8_t *p = (const uint8_t *)(base + 1);

	if (end < p)
		return end;
	for (uint32_t n = base->body.msgh_descriptor_count; n > 0; n--) {
		size_t size;

		if ((size_t)(end - p) < sizeof(mach_msg_port_descriptor_t))
			return end;
		size = add_descriptor(line, p);
		if (!size || (size_t)(end - p) < size)
			return end;
		p += size;
	}
	return p;
}

static void add_bytes(Line *line, const uint8_t *p, const uint8_t *end)
{
	size_t n = (size_t)(end - p);

	if (p >= end)
		return;
	add(line, " data");
	for (size_t i = 0; i < MIN(n, (size_t)MAX_BYTES); i++)
		add(line, "%s%02x", i % 4 ? "" : " ", p[i]);
	if (n > MAX_BYTES)
		add(line, " ... (%zu bytes)", n);
}

void trace_message(const char *what, const mach_msg_header_t *msg, mach_msg_size_t size,
	const uint8_t *trailer)
{
	const uint8_t *p = (const uint8_t *)(msg + 1);
	const uint8_t *end = (const uint8_t *)msg + size;
	Line line = {.used = 0};

	if (size < sizeof(*msg)) {
		add(&line, "portcullis[%d] %s: %u bytes are no message", (int)getpid(), what, size);
		line_print(&line);
		return;
	}
	add(&line, "portcullis[%d] %s id %d size %u remote %#x %s local %#x %s", (int)getpid(),
		what, msg->msgh_id, size, msg->msgh_remote_port,
		disposition_name(MACH_MSGH_BITS_REMOTE(msg->msgh_bits)), msg->msgh_local_port,
		disposition_name(MACH_MSGH_BITS_LOCAL(msg->msgh_bits)));
	if (msg->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		p = add_descriptors(&line, msg, end);
	add_bytes(&line, p, end);
	if (trailer) {
		mach_msg_trailer_t t;

		memcpy(&t, trailer, sizeof(t));
		add(&line, " trailer %u", t.msgh_trailer_size);
	}
	line_print(&line);
}

void trace_result(const char *what, const mach_msg_header_t *msg, int code)
{
	Line line = {.used = 0};

	add(&line, "portcullis[%d] %s id %d failed: %#x %s", (int)getpid(), what, msg->msgh_id,
		(unsigned)code, mach_error_string(code));
	line_print(&line);
}
