/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error codes as text: that each code that a header defines has a text of its own system, that
 * no number at all makes the functions fail, and what mach_error() prints.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <mach/error.h>
#include <mach/kern_return.h>
#include <mach/mach_error.h>
#include <mach/mach_init.h>
#include <mach/message.h>
#include <mach/mig_errors.h>

#include "base/cleanup.h"
#include "tests/lib/unit.h"

static bool has_text(mach_error_t error)
{
	return strcmp(mach_error_string(error), "unknown error code") != 0;
}

/* The text of a known code starts with its type. */
static void assert_known(mach_error_t error, const char *type)
{
	if (!has_text(error) || strncmp(mach_error_string(error), type, strlen(type)) != 0)
		FAIL("%#x: \"%s\" is no %s", (unsigned int)error, mach_error_string(error), type);
	ASSERT_STREQ(mach_error_type(error), type);
}

TEST(all_kern_codes_have_a_text)
{
	for (int code = KERN_SUCCESS; code <= KERN_NOT_FOUND; code++)
		assert_known(code, "(os/kern)");
	ASSERT_FALSE(has_text(KERN_NOT_FOUND + 1));
	ASSERT_FALSE(has_text(KERN_RETURN_MAX));
	ASSERT_STREQ(mach_error_type(KERN_RETURN_MAX), "(os/kern)");
}

TEST(all_send_codes_have_a_text)
{
	for (int code = MACH_SEND_IN_PROGRESS; code <= MACH_SEND_AUX_TOO_LARGE; code++) {
		bool is_gap = code == 0x10000006 || code == 0x10000014;

		if (is_gap)
			ASSERT_FALSE(has_text(code));
		else
			assert_known(code, "(ipc/send)");
	}
	ASSERT_FALSE(has_text(MACH_SEND_AUX_TOO_LARGE + 1));
}

TEST(all_receive_codes_have_a_text)
{
	for (int code = MACH_RCV_IN_PROGRESS; code <= MACH_RCV_INVALID_ARGUMENTS; code++) {
		if (code == 0x10004010)
			ASSERT_FALSE(has_text(code));
		else
			assert_known(code, "(ipc/rcv)");
	}
	ASSERT_FALSE(has_text(MACH_RCV_INVALID_ARGUMENTS + 1));
}

TEST(all_mig_codes_have_a_text)
{
	for (int code = MIG_TYPE_ERROR; code >= MIG_TRAILER_ERROR; code--)
		assert_known(code, "(ipc/mig)");
	ASSERT_FALSE(has_text(MIG_TRAILER_ERROR - 1));
	ASSERT_FALSE(has_text(MIG_TYPE_ERROR + 1));
	ASSERT_FALSE(has_text(MIG_TYPE_ERROR - 100));
}

TEST(the_well_known_texts_are_exact)
{
	ASSERT_STREQ(mach_error_string(KERN_SUCCESS), "(os/kern) successful");
	ASSERT_STREQ(mach_error_string(KERN_INVALID_NAME), "(os/kern) invalid name");
	ASSERT_STREQ(mach_error_string(KERN_TERMINATED), "(os/kern) object terminated");
	ASSERT_STREQ(mach_error_string(KERN_NOT_FOUND), "(os/kern) result not found");
	ASSERT_STREQ(
		mach_error_string(MACH_SEND_INVALID_DEST), "(ipc/send) invalid destination port");
	ASSERT_STREQ(mach_error_string(MACH_SEND_TIMED_OUT), "(ipc/send) timed out");
	ASSERT_STREQ(mach_error_string(MACH_RCV_PORT_DIED), "(ipc/rcv) port died");
	ASSERT_STREQ(mach_error_string(MIG_SERVER_DIED), "(ipc/mig) server died");
	ASSERT_STREQ(mach_error_string(MIG_BAD_ID), "(ipc/mig) bad request message ID");
}

TEST(the_bits_of_a_shortage_do_not_matter)
{
	ASSERT_STREQ(mach_error_string(MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE),
		mach_error_string(MACH_RCV_BODY_ERROR));
	ASSERT_STREQ(mach_error_string(MACH_RCV_HEADER_ERROR | MACH_MSG_MASK),
		mach_error_string(MACH_RCV_HEADER_ERROR));
	ASSERT_STREQ(mach_error_string(MACH_SEND_TIMED_OUT | MACH_MSG_IPC_KERNEL),
		mach_error_string(MACH_SEND_TIMED_OUT));
}

TEST(errno_values_have_a_text)
{
	ASSERT_STREQ(mach_error_type(unix_err(ENOENT)), "(os/unix)");
	ASSERT_STREQ(mach_error_string(unix_err(ENOENT)), "No such file or directory");
	ASSERT_FALSE(has_text(unix_err(0x3fff)));
}

TEST(no_number_is_too_strange)
{
	static const int strange[] = {INT_MIN, INT_MAX, -1, -2, 0x14000000, 0x0fffffff, 0x1000c001};

	ASSERT_STREQ(mach_error_type(err_local | 1), "(?/?)");
	for (size_t i = 0; i < ARRAY_SIZE(strange); i++) {
		ASSERT_FALSE(has_text(strange[i]));
		ASSERT_STREQ(mach_error_type(strange[i]), "(?/?)");
	}
	/* Each system and each subsystem, at both ends of its codes. */
	for (unsigned int high = 0; high < 1u << 18; high++) {
		ASSERT_TRUE(mach_error_string((int)(high << 14)) != NULL);
		ASSERT_TRUE(mach_error_string((int)(high << 14 | 0x3fff)) != NULL);
		ASSERT_TRUE(mach_error_type((int)(high << 14)) != NULL);
	}
}

static char printed[256];

static int print_to_buffer(const char *format, va_list ap)
{
	return vsnprintf(printed, sizeof(printed), format, ap);
}

TEST(mach_error_prints_through_the_hook)
{
	vprintf_stderr_func = print_to_buffer;
	mach_error("mach_port_allocate:", KERN_NO_SPACE);
	ASSERT_STREQ(printed, "mach_port_allocate: (os/kern) no space available\n");
	mach_error("mach_msg:", 0x10000014);
	ASSERT_STREQ(printed, "mach_msg: (ipc/send) unknown error code (10000014)\n");
	mach_error("what:", -1);
	ASSERT_STREQ(printed, "what: (?/?) unknown error code (ffffffff)\n");
	vprintf_stderr_func = NULL;
}

TEST(mach_error_prints_to_stderr)
{
	_cleanup_free_ char *text = NULL;
	FILE *saved = stderr;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	ASSERT_TRUE(file != NULL);
	stderr = file;
	mach_error("task:", KERN_INVALID_TASK);
	stderr = saved;
	fclose(file);
	ASSERT_STREQ(text, "task: (os/kern) invalid task\n");
}
