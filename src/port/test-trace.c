/* SPDX-License-Identifier: Apache-2.0 */
#include "port/test-support.h"
#include "port/trace.h"

static char text[8192];

/* What is written to stderr meanwhile. */
#define TRACED(call)                                                                               \
	do {                                                                                       \
		int ends_[2], saved_ = ASSERT_FD(fd_dup(STDERR_FILENO));                           \
		ssize_t n_;                                                                        \
		ASSERT_SYS(pipe2(ends_, O_CLOEXEC));                                               \
		ASSERT_SYS(dup2(ends_[1], STDERR_FILENO));                                         \
		call;                                                                              \
		ASSERT_SYS(dup2(saved_, STDERR_FILENO));                                           \
		close(saved_);                                                                     \
		close(ends_[1]);                                                                   \
		n_ = read(ends_[0], text, sizeof(text) - 1);                                       \
		close(ends_[0]);                                                                   \
		ASSERT_GT(n_, 0);                                                                  \
		text[n_] = '\0';                                                                   \
	} while (0)

TEST(a_plain_message)
{
	struct {
		mach_msg_header_t header;
		uint8_t bytes[40];
	} msg = {.header = {.msgh_bits = MACH_MSGH_BITS(
				    MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
			 .msgh_remote_port = 0x103,
			 .msgh_local_port = 0x203,
			 .msgh_id = 77},
		.bytes = {1, 2, 3}};
	mach_msg_trailer_t trailer = {.msgh_trailer_size = 52};

	TRACED(trace_message("send", &msg.header, sizeof(msg), NULL));
	ASSERT_STRSTR(text, "send id 77 size 64");
	ASSERT_STRSTR(text, "remote 0x103 copy-send");
	ASSERT_STRSTR(text, "local 0x203 make-send-once");
	ASSERT_STRSTR(text, "data 01020300");
	ASSERT_STRSTR(text, "(40 bytes)");
	ASSERT_NULL(strstr(text, "trailer"));
	TRACED(trace_message("receive", &msg.header, sizeof(msg), (const uint8_t *)&trailer));
	ASSERT_STRSTR(text, "trailer 52");
	TRACED(trace_message("send", &msg.header, 8, NULL));
	ASSERT_STRSTR(text, "8 bytes are no message");
	TRACED(trace_result("send", &msg.header, MACH_SEND_INVALID_DEST));
	ASSERT_STRSTR(text, "failed: 0x10000003");
}

typedef struct Complex {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t port;
	mach_msg_ool_descriptor_t ool;
	mach_msg_ool_ports_descriptor_t ports;
	mach_msg_guarded_port_descriptor_t guarded;
} __attribute__((__packed__, __aligned__(4))) Complex;

static void fill(Complex *m)
{
	memset(m, 0, sizeof(*m));
	m->header.msgh_bits = MACH_MSGH_BITS_COMPLEX;
	m->body.msgh_descriptor_count = 4;
	m->port.type = MACH_MSG_PORT_DESCRIPTOR;
	m->port.name = 0x303;
	m->port.disposition = MACH_MSG_TYPE_MOVE_RECEIVE;
	m->ool.type = MACH_MSG_OOL_DESCRIPTOR;
	m->ool.size = 4096;
	m->ool.deallocate = true;
	m->ports.type = MACH_MSG_OOL_PORTS_DESCRIPTOR;
	m->ports.count = 3;
	m->ports.disposition = 9;
	m->guarded.type = MACH_MSG_GUARDED_PORT_DESCRIPTOR;
	m->guarded.flags = 2;
}

TEST(descriptors)
{
	Complex m;

	fill(&m);
	TRACED(trace_message("send", &m.header, sizeof(m), NULL));
	ASSERT_STRSTR(text, "{port 0x303 move-receive}");
	ASSERT_STRSTR(text, "{4096 bytes at (nil) deallocate}");
	ASSERT_STRSTR(text, "{3 ports at (nil) ?}");
	ASSERT_STRSTR(text, "{guarded port 0 none flags 0x2}");
}

/* A message is printed before it was looked at: it may be anything. */
TEST(descriptors_that_are_none)
{
	Complex m;

	for (size_t n = sizeof(m.header); n < sizeof(m); n += 4) {
		fill(&m);
		TRACED(trace_message("send", &m.header, n, NULL));
		ASSERT_STRSTR(text, "send id 0");
	}
	m.body.msgh_descriptor_count = UINT32_MAX;
	TRACED(trace_message("send", &m.header, sizeof(m), NULL));
	m.port.type = 200;
	TRACED(trace_message("send", &m.header, sizeof(m), NULL));
	ASSERT_STRSTR(text, "descriptor of type 200?");
}

/* One line for each, however long. */
TEST(a_long_line_is_cut)
{
	static struct {
		mach_msg_base_t base;
		mach_msg_port_descriptor_t ports[200];
	} m;

	m.base.header.msgh_bits = MACH_MSGH_BITS_COMPLEX;
	m.base.body.msgh_descriptor_count = 200;
	TRACED(trace_message("send", &m.base.header, sizeof(m), NULL));
	ASSERT_LT(strlen(text), 4096);
	ASSERT_EQ(text[strlen(text) - 1], '\n');
	ASSERT_PTR_EQ(strchr(text, '\n'), text + strlen(text) - 1);
}
