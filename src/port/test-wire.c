/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc/protocol.md says what the code does: the tables of the header and of the record, the numbers
 * of types, kinds and flags, and the example, byte for byte. The document is found from where this
 * file was compiled; where it is not there the cases are skipped.
 */
#include <mach/mach.h>

#include "base/cleanup.h"
#include "port/names.h"
#include "port/test-transit.h"

#define DOC_MAX (128u * 1024u)
#define EXAMPLE_MAX 1024u

/* The document; NUL-terminated. Skips the test where there is none. */
static const char *document(void)
{
	static char text[DOC_MAX];
	static const char here[] = __FILE__;
	static const char down[] = "src/port/test-wire.c";
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%.*sdoc/protocol.md", (int)(sizeof(here) - sizeof(down)),
		here);
	f = fopen(path, "re");
	if (!f)
		SKIP("doc/protocol.md cannot be found from here");
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

typedef struct Field {
	const char *name;
	size_t offset, size;
} Field;

#define FIELD(type, name)                                                                          \
	{                                                                                          \
#name, offsetof(type, name), sizeof(((type *)0)->name)                             \
	}

static void check_table(const char *heading, const Field *fields, size_t n)
{
	const char *at = strstr(document(), heading);
	char row[128];

	ASSERT_NOT_NULL(at);
	for (size_t i = 0; i < n; i++) {
		snprintf(row, sizeof(row), "\n| %zu | %zu | `%s` |", fields[i].offset,
			fields[i].size, fields[i].name);
		ASSERT_STRSTR(at, row);
	}
}

TEST(the_table_of_the_header)
{
	static const Field fields[] = {
		FIELD(WireHeader, magic),
		FIELD(WireHeader, version),
		FIELD(WireHeader, type),
		FIELD(WireHeader, flags),
		FIELD(WireHeader, lane),
		FIELD(WireHeader, seq),
		FIELD(WireHeader, after),
		FIELD(WireHeader, id),
		FIELD(WireHeader, n_records),
		FIELD(WireHeader, tail_size),
		FIELD(WireHeader, secret),
		FIELD(WireHeader, lease_id),
		FIELD(WireHeader, lease_seq),
		FIELD(WireHeader, reply_disposition),
		FIELD(WireHeader, pad),
	};

	check_table("\n## The header", fields, ARRAY_SIZE(fields));
}

TEST(the_table_of_the_record)
{
	static const Field fields[] = {
		FIELD(WireRecord, kind),
		FIELD(WireRecord, type),
		FIELD(WireRecord, disposition),
		FIELD(WireRecord, flags),
		FIELD(WireRecord, copy),
		FIELD(WireRecord, aux),
		FIELD(WireRecord, guard_flags),
		FIELD(WireRecord, n_fds),
		FIELD(WireRecord, count),
		FIELD(WireRecord, size),
		FIELD(WireRecord, context),
		FIELD(WireRecord, value),
	};

	check_table("\n## The records", fields, ARRAY_SIZE(fields));
}

#define NUMBER(name)                                                                               \
	{                                                                                          \
#name, name                                                                        \
	}

/* Each number is in a row `| NUMBER | `NAME` |`. */
TEST(the_numbers)
{
	static const struct {
		const char *name;
		unsigned number;
	} numbers[] = {
		NUMBER(WIRE_MESSAGE),
		NUMBER(WIRE_DIED),
		NUMBER(WIRE_MOVED),
		NUMBER(WIRE_EVICT),
		NUMBER(WIRE_TAKEOVER),
		NUMBER(WIRE_F_COMPLEX),
		NUMBER(WIRE_F_CARRIER),
		NUMBER(WIRE_F_BODY),
		NUMBER(WIRE_F_ONCE),
		NUMBER(WIRE_F_REPLY),
		NUMBER(WIRE_F_LEASE),
		NUMBER(WIRE_F_OFFER),
		NUMBER(WIRE_NULL),
		NUMBER(WIRE_DEAD),
		NUMBER(WIRE_SEND),
		NUMBER(WIRE_SEND_ONCE),
		NUMBER(WIRE_RECEIVE),
		NUMBER(WIRE_KOBJECT),
		NUMBER(WIRE_MEMORY),
		NUMBER(WIRE_PORTS),
		NUMBER(WIRE_RF_DEALLOCATE),
		NUMBER(WIRE_RF_INLINE),
		NUMBER(WIRE_RF_GUARDED),
		NUMBER(WIRE_RF_SUPERVISED),
		NUMBER(WIRE_MAX_FDS),
		NUMBER(WIRE_MAX_DATAGRAM),
		NUMBER(WIRE_MAX_RECORDS),
		NUMBER(WIRE_MAX_BODY),
		NUMBER(WIRE_MEMORY_INLINE),
		NUMBER(MOVE_MAX_PIPES),
		NUMBER(MOVE_MAX_ANSWERS),
		NUMBER(MOVE_MAX_CARRIERS),
		NUMBER(MESSAGE_MAX_PORTS),
		NUMBER(MESSAGE_MAX_SIZE),
	};
	const char *text = document();
	char row[128];

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		snprintf(row, sizeof(row), "\n| %u | `%s` |", numbers[i].number, numbers[i].name);
		ASSERT_STRSTR(text, row);
	}
}

/* The bytes in the block behind "## An example": a line is an offset, bytes, and a remark after
 * two spaces. */
static size_t example_read(uint8_t bytes[EXAMPLE_MAX])
{
	const char *line = strstr(document(), "\n## An example");
	size_t n = 0;

	ASSERT_NOT_NULL(line);
	line = strstr(line, "\n```hex\n");
	ASSERT_NOT_NULL(line);
	for (line += sizeof("\n```hex\n") - 1; *line && *line != '`';
		line = strchr(line, '\n') + 1) {
		char *p;

		ASSERT_EQ(strtoul(line, &p, 16), n);
		while (p[0] == ' ' && p[1] != ' ') {
			ASSERT_LT(n, EXAMPLE_MAX);
			bytes[n++] = (uint8_t)strtoul(p + 1, &p, 16);
		}
	}
	return n;
}

/* A dead name, five bytes out of line and eight inline, to a port whose secret is 00 to 0f. */
static void example_make(Packet *packet)
{
	static const char memory[] = "hello", tail[] = "in line";
	Message m;
	int r;

	message_init(&m);
	m.id = 1000;
	m.complex = true;
	ASSERT_OK(message_alloc_items(&m, 2));
	m.items[0].type = MACH_MSG_PORT_DESCRIPTOR;
	m.items[0].disposition = MACH_MSG_TYPE_PORT_SEND;
	m.items[0].right = (Right){.kind = RIGHT_DEAD};
	m.items[1].type = MACH_MSG_OOL_DESCRIPTOR;
	m.items[1].copy = MACH_MSG_VIRTUAL_COPY;
	m.items[1].address = (uint64_t)(uintptr_t)memory;
	m.items[1].size = sizeof(memory) - 1;
	m.tail = (const uint8_t *)tail;
	m.tail_size = sizeof(tail);
	r = LOCKED(packet_encode(packet, &m));
	ASSERT_OK(r);
	for (uint8_t i = 0; i < 16; i++)
		packet->bytes[offsetof(WireHeader, secret) + i] = i;
	LOCKED_DO(message_clear_sent(&m));
}

PORT_TEST(the_example_is_what_is_sent)
{
	static Packet packet;
	uint8_t bytes[EXAMPLE_MAX];
	size_t n;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		SKIP("the example is of a little-endian machine");
	n = example_read(bytes);
	example_make(&packet);
	ASSERT_EQ(packet.n_fds, 0);
	ASSERT_EQ(packet.n_bytes, n);
	ASSERT_MEMEQ(packet.bytes, bytes, n);
}

PORT_TEST(the_example_is_what_is_received)
{
	static Packet packet;
	Message *m;
	PortName name;
	Port *port;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		SKIP("the example is of a little-endian machine");
	packet.n_bytes = example_read(packet.bytes);
	name = make_receive(&port);
	ASSERT_OK(LOCKED(packet_decode(&packet, packet.n_bytes, port, false, &m)));
	ASSERT_EQ(m->id, 1000);
	ASSERT_EQ(m->n_items, 2);
	ASSERT_EQ(m->items[0].right.kind, RIGHT_DEAD);
	ASSERT_EQ(m->items[1].size, 5);
	ASSERT_MEMEQ((void *)(uintptr_t)m->items[1].address, "hello", 5);
	ASSERT_EQ(m->tail_size, 8);
	ASSERT_MEMEQ(m->tail, "in line", 8);
	LOCKED_DO(message_free(m));
	ASSERT_OK(LOCKED(name_destroy(name)));
}
