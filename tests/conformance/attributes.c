/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of receive rights, and what the receive status counts. */
#include "tests/conformance/conformance.h"

static kern_return_t get(mach_port_t name, int flavor, void *info, unsigned *count)
{
	return mach_port_get_attributes(SELF, name, flavor, info, count);
}

static kern_return_t set(mach_port_t name, int flavor, void *info, unsigned count)
{
	return mach_port_set_attributes(SELF, name, flavor, info, count);
}

static unsigned qlimit_of(mach_port_t name)
{
	mach_port_limits_t limits = {.mpl_qlimit = ~0u};
	mach_msg_type_number_t count = MACH_PORT_LIMITS_INFO_COUNT;

	ASSERT_EQ(get(name, MACH_PORT_LIMITS_INFO, &limits, &count), KERN_SUCCESS);
	ASSERT_EQ(count, MACH_PORT_LIMITS_INFO_COUNT);
	return limits.mpl_qlimit;
}

/* --- Limits. --- */

RULE(queue_limit_is_five_at_first)
{
	mach_port_t port = make_receive();

	ASSERT_EQ(qlimit_of(port), MACH_PORT_QLIMIT_DEFAULT);
	ASSERT_EQ(qlimit_of(port), 5);
	ASSERT_EQ(status_of(port).mps_qlimit, 5);
	drop_receive(port);
}

RULE(queue_limit_goes_from_zero_to_1024)
{
	static const unsigned limits[] = {0, 1, 5, 16, 1000, 1023, 1024};
	mach_port_t port = make_receive();

	for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		ASSERT_EQ(set_qlimit(port, limits[i]), KERN_SUCCESS);
		ASSERT_EQ(qlimit_of(port), limits[i]);
		ASSERT_EQ(status_of(port).mps_qlimit, limits[i]);
	}
	drop_receive(port);
}

RULE(queue_limit_above_1024_is_invalid_value)
{
	static const unsigned limits[] = {1025, MACH_PORT_QLIMIT_KERNEL, 65536, 0x80000000u, ~0u};
	mach_port_t port = make_receive();

	for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		ASSERT_EQ(set_qlimit(port, limits[i]), KERN_INVALID_VALUE);
	ASSERT_EQ(qlimit_of(port), 5);
	drop_receive(port);
}

RULE(queue_limit_holds_exactly)
{
	static const unsigned limits[] = {0, 1, 2, 5, 16, 100, 1024};
	mach_port_t port = make_receive();

	for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		ASSERT_EQ(set_qlimit(port, limits[i]), KERN_SUCCESS);
		for (unsigned j = 0; j < limits[i]; j++)
			post(port, 1);
		ASSERT_EQ(queued(port), limits[i]);
		add_sends(port, 1);
		ASSERT_EQ(send_empty(port, MACH_MSG_TYPE_MOVE_SEND, 1), MACH_SEND_TIMED_OUT);
		ASSERT_EQ(queued(port), limits[i]);
		deallocate(port);
		for (unsigned j = 0; j < limits[i]; j++)
			ASSERT_EQ(take_id(port), 1);
	}
	drop_receive(port);
}

RULE(lower_queue_limit_keeps_what_is_queued)
{
	mach_port_t port = make_receive();

	fill_queue(port);
	ASSERT_EQ(set_qlimit(port, 2), KERN_SUCCESS);
	ASSERT_EQ(queued(port), 5);
	add_sends(port, 1);
	for (unsigned left = 5; left >= 2; left--) {
		mach_msg_header_t header = make_header(
			port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0, 1);

		ASSERT_EQ(send_message(&header, sizeof(header)), MACH_SEND_TIMED_OUT);
		mach_msg_destroy(&header);
		take_id(port);
	}
	ASSERT_EQ(send_empty(port, MACH_MSG_TYPE_COPY_SEND, 1), MACH_MSG_SUCCESS);
	destroy(port);
}

RULE(limits_need_their_count)
{
	mach_port_t port = make_receive();
	mach_port_limits_t limits = {.mpl_qlimit = 7};
	mach_msg_type_number_t count = 0;

	ASSERT_EQ(get(port, MACH_PORT_LIMITS_INFO, &limits, &count), KERN_FAILURE);
	ASSERT_EQ(set(port, MACH_PORT_LIMITS_INFO, &limits, 0), KERN_FAILURE);
	ASSERT_EQ(qlimit_of(port), 5);
	drop_receive(port);
}

/* --- Receive status. --- */

RULE(status_of_a_new_port_is_empty)
{
	mach_port_t port = make_receive();
	mach_port_status_t status = status_of(port);

	ASSERT_EQ(status.mps_pset, 0);
	ASSERT_EQ(status.mps_seqno, 0);
	ASSERT_EQ(status.mps_mscount, 0);
	ASSERT_EQ(status.mps_qlimit, 5);
	ASSERT_EQ(status.mps_msgcount, 0);
	ASSERT_EQ(status.mps_sorights, 0);
	ASSERT_EQ(status.mps_srights, FALSE);
	ASSERT_EQ(status.mps_pdrequest, FALSE);
	ASSERT_EQ(status.mps_nsrequest, FALSE);
	ASSERT_EQ(status.mps_flags, 0);
	drop_receive(port);
}

RULE(status_needs_its_count)
{
	mach_port_t port = make_receive();
	mach_port_status_t status;
	mach_msg_type_number_t count = MACH_PORT_RECEIVE_STATUS_COUNT - 1;

	ASSERT_EQ(get(port, MACH_PORT_RECEIVE_STATUS, &status, &count), KERN_FAILURE);
	drop_receive(port);
}

RULE(status_has_ten_words_and_the_extended_one_seventeen)
{
	ASSERT_EQ(MACH_PORT_LIMITS_INFO_COUNT, 1);
	ASSERT_EQ(MACH_PORT_RECEIVE_STATUS_COUNT, 10);
	ASSERT_EQ(MACH_PORT_INFO_EXT_COUNT, 17);
}

RULE(status_cannot_be_set)
{
	mach_port_t port = make_receive();
	mach_port_status_t status = status_of(port);

	ASSERT_EQ(set(port, MACH_PORT_RECEIVE_STATUS, &status, MACH_PORT_RECEIVE_STATUS_COUNT),
		KERN_INVALID_ARGUMENT);
	drop_receive(port);
}

RULE(message_count_follows_the_queue)
{
	mach_port_t port = make_receive();

	for (unsigned i = 1; i <= 5; i++) {
		post(port, 1);
		ASSERT_EQ(queued(port), i);
	}
	for (unsigned i = 5; i-- > 0;) {
		take_id(port);
		ASSERT_EQ(queued(port), i);
	}
	drop_receive(port);
}

RULE(make_send_count_counts_what_is_made)
{
	mach_port_t port = make_receive(), to = make_receive(), once;

	add_sends(port, 2);
	ASSERT_EQ(status_of(port).mps_mscount, 2);
	ASSERT_EQ(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_COPY_SEND), KERN_SUCCESS);
	ASSERT_EQ(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 5), KERN_SUCCESS);
	once = make_send_once(port);
	ASSERT_EQ(status_of(port).mps_mscount, 2);
	ASSERT_EQ(send_port(to, port, MACH_MSG_TYPE_COPY_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_port(to, port, MACH_MSG_TYPE_MOVE_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(status_of(port).mps_mscount, 2);
	ASSERT_EQ(send_port(to, port, MACH_MSG_TYPE_MAKE_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(status_of(port).mps_mscount, 3);
	ASSERT_EQ(send_empty(port, MACH_MSG_TYPE_MAKE_SEND, 1), MACH_MSG_SUCCESS);
	ASSERT_EQ(status_of(port).mps_mscount, 4);
	drop_receive(to);
	destroy(port);
	destroy(once);
}

RULE(make_send_count_can_be_set)
{
	mach_port_t port = make_receive();

	ASSERT_EQ(mach_port_set_mscount(SELF, port, 100), KERN_SUCCESS);
	ASSERT_EQ(status_of(port).mps_mscount, 100);
	add_sends(port, 1);
	ASSERT_EQ(status_of(port).mps_mscount, 101);
	destroy(port);
}

RULE(send_rights_are_told_as_a_boolean)
{
	mach_port_t port = make_receive(), to = make_receive();

	add_sends(port, 3);
	ASSERT_EQ(status_of(port).mps_srights, TRUE);
	drop_refs(port, MACH_PORT_RIGHT_SEND, 3);
	ASSERT_EQ(status_of(port).mps_srights, FALSE);
	ASSERT_EQ(send_port(to, port, MACH_MSG_TYPE_MAKE_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(status_of(port).mps_srights, TRUE);
	drop_receive(to);
	ASSERT_EQ(status_of(port).mps_srights, FALSE);
	drop_receive(port);
}

RULE(send_once_rights_are_counted)
{
	mach_port_t port = make_receive(), to = make_receive(), once[3];

	for (unsigned i = 0; i < 3; i++)
		once[i] = make_send_once(port);
	ASSERT_EQ(send_port(to, port, MACH_MSG_TYPE_MAKE_SEND_ONCE), MACH_MSG_SUCCESS);
	ASSERT_EQ(status_of(port).mps_sorights, 4);
	ASSERT_EQ(send_empty(once[0], MACH_MSG_TYPE_MOVE_SEND_ONCE, 1), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(port), 1);
	ASSERT_EQ(status_of(port).mps_sorights, 3);
	drop_receive(to);
	expect_notification(port, MACH_NOTIFY_SEND_ONCE);
	ASSERT_EQ(status_of(port).mps_sorights, 2);
	drop_receive(port);
	destroy(once[1]);
	destroy(once[2]);
}

RULE(requests_are_told)
{
	mach_port_t port = make_send_receive(), notify = make_receive(), previous;

	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	ASSERT_EQ(status_of(port).mps_nsrequest, TRUE);
	ASSERT_EQ(status_of(port).mps_pdrequest, FALSE);
	ASSERT_EQ(
		request(port, MACH_NOTIFY_NO_SENDERS, 0, MACH_PORT_NULL, &previous), KERN_SUCCESS);
	ASSERT_EQ(status_of(port).mps_nsrequest, FALSE);
	destroy(previous);
	expect_notification(notify, MACH_NOTIFY_SEND_ONCE);
	request_new(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify);
	ASSERT_EQ(status_of(port).mps_pdrequest, TRUE);
	destroy(port);
	expect_notification(notify, MACH_NOTIFY_PORT_DESTROYED);
	drop_receive(notify);
}

RULE(extended_info_begins_with_the_status)
{
	mach_port_t port = make_send_receive();
	mach_port_status_t status;
	mach_port_info_ext_t info;
	mach_msg_type_number_t count = MACH_PORT_INFO_EXT_COUNT;

	post(port, 1);
	status = status_of(port);
	memset(&info, 0xee, sizeof(info));
	ASSERT_EQ(get(port, MACH_PORT_INFO_EXT, &info, &count), KERN_SUCCESS);
	ASSERT_EQ(count, MACH_PORT_INFO_EXT_COUNT);
	ASSERT_MEMEQ(&info.mpie_status, &status, sizeof(status));
	ASSERT_EQ(info.mpie_boost_cnt, 0);
	count = MACH_PORT_INFO_EXT_COUNT - 1;
	ASSERT_EQ(get(port, MACH_PORT_INFO_EXT, &info, &count), KERN_FAILURE);
	destroy(port);
}

/* --- Sequence numbers. --- */

static unsigned take_seqno(mach_port_t port)
{
	Buffer buffer;

	ASSERT_EQ(receive_with(port, &buffer, MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_SEQNO), 0),
		MACH_MSG_SUCCESS);
	return ((const mach_msg_seqno_trailer_t *)trailer_of(&buffer))->msgh_seqno;
}

RULE(sequence_number_grows_with_each_message_received)
{
	mach_port_t port = make_receive();

	for (unsigned i = 0; i < 3; i++)
		post(port, 1);
	ASSERT_EQ(status_of(port).mps_seqno, 0);
	for (unsigned i = 0; i < 3; i++) {
		ASSERT_EQ(take_seqno(port), i);
		ASSERT_EQ(status_of(port).mps_seqno, i + 1);
	}
	drop_receive(port);
}

RULE(sequence_number_can_be_set)
{
	mach_port_t port = make_receive();

	ASSERT_EQ(mach_port_set_seqno(SELF, port, 1000), KERN_SUCCESS);
	ASSERT_EQ(status_of(port).mps_seqno, 1000);
	post(port, 1);
	post(port, 1);
	ASSERT_EQ(take_seqno(port), 1000);
	ASSERT_EQ(take_seqno(port), 1001);
	drop_receive(port);
}

RULE(sequence_number_belongs_to_the_port_not_to_the_set)
{
	mach_port_t port = make_receive(), other = make_receive(), pset = make_set();
	unsigned sum = 0;

	ASSERT_EQ(mach_port_insert_member(SELF, port, pset), KERN_SUCCESS);
	ASSERT_EQ(mach_port_insert_member(SELF, other, pset), KERN_SUCCESS);
	for (unsigned i = 0; i < 2; i++) {
		post(port, 1);
		post(other, 1);
	}
	for (unsigned i = 0; i < 4; i++)
		sum += take_seqno(pset);
	ASSERT_EQ(sum, 0 + 0 + 1 + 1);
	drop_receive(port);
	drop_receive(other);
	drop_set(pset);
}

/* --- Other flavors. --- */

RULE(temporary_owner_is_told_by_the_flags)
{
	mach_port_t port = make_receive();

	ASSERT_EQ(set(port, MACH_PORT_TEMPOWNER, NULL, 0), KERN_SUCCESS);
	ASSERT_EQ(status_of(port).mps_flags & MACH_PORT_STATUS_FLAG_TEMPOWNER,
		MACH_PORT_STATUS_FLAG_TEMPOWNER);
	drop_receive(port);
}

RULE(unknown_flavor_is_invalid_argument)
{
	static const int flavors[] = {0, 10, 77, -1};
	mach_port_t port = make_receive();
	integer_t info[64] = {0};

	for (unsigned i = 0; i < sizeof(flavors) / sizeof(flavors[0]); i++) {
		mach_msg_type_number_t count = 64;

		ASSERT_EQ(get(port, flavors[i], info, &count), KERN_INVALID_ARGUMENT);
		ASSERT_EQ(set(port, flavors[i], info, 64), KERN_INVALID_ARGUMENT);
		ASSERT_EQ(mach_port_assert_attributes(SELF, port, flavors[i], info, 64),
			KERN_INVALID_ARGUMENT);
	}
	drop_receive(port);
}

RULE(throttling_what_is_no_service_port_is_invalid_capability)
{
	mach_port_t port = make_receive();
	integer_t throttled = 1;
	mach_msg_type_number_t count = MACH_PORT_SERVICE_THROTTLED_COUNT;

	ASSERT_EQ(get(port, MACH_PORT_SERVICE_THROTTLED, &throttled, &count),
		KERN_INVALID_CAPABILITY);
	ASSERT_EQ(
		set(port, MACH_PORT_SERVICE_THROTTLED, &throttled, count), KERN_INVALID_CAPABILITY);
	drop_receive(port);
}

RULE(dead_name_request_size_can_be_asked)
{
	mach_port_t port = make_send_receive();
	integer_t size = -1;
	mach_msg_type_number_t count = MACH_PORT_DNREQUESTS_SIZE_COUNT;

	ASSERT_EQ(get(port, MACH_PORT_DNREQUESTS_SIZE, &size, &count), KERN_SUCCESS);
	ASSERT_EQ(count, 1);
	ASSERT_GE(size, 0);
	destroy(port);
}

RULE(attributes_of_what_is_no_receive_right_are_an_error)
{
	mach_port_t port = make_send_receive(), park = park_receive(port);
	mach_port_limits_t limits = {.mpl_qlimit = 7};
	mach_msg_type_number_t count = MACH_PORT_LIMITS_INFO_COUNT;

	ASSERT_EQ(get(port, MACH_PORT_LIMITS_INFO, &limits, &count), KERN_INVALID_RIGHT);
	ASSERT_EQ(set_qlimit(port, 7), KERN_INVALID_RIGHT);
	destroy(port);
	ASSERT_EQ(get(port, MACH_PORT_LIMITS_INFO, &limits, &count), KERN_INVALID_NAME);
	ASSERT_EQ(set_qlimit(port, 7), KERN_INVALID_NAME);
	ASSERT_EQ(set_qlimit(MACH_PORT_NULL, 7), KERN_INVALID_RIGHT);
	destroy(park);
}

/* --- mach_port_assert_attributes --- */

static kern_return_t assert_guard(mach_port_t name, uint64_t guard, unsigned count)
{
	mach_port_guard_info_t info = {.mpgi_guard = guard};

	return mach_port_assert_attributes(
		SELF, name, MACH_PORT_GUARD_INFO, (mach_port_info_t)&info, count);
}

RULE(assert_of_the_strict_guard_succeeds)
{
	mach_port_t port = make_receive();

	ASSERT_EQ(mach_port_guard(SELF, port, 0x1234, TRUE), KERN_SUCCESS);
	ASSERT_EQ(assert_guard(port, 0x1234, MACH_PORT_GUARD_INFO_COUNT), KERN_SUCCESS);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, 0x1234), KERN_SUCCESS);
}

RULE(assert_of_another_guard_is_invalid_argument)
{
	mach_port_t port = make_receive();

	ASSERT_EQ(assert_guard(port, 0, MACH_PORT_GUARD_INFO_COUNT), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_guard(SELF, port, 0x1234, TRUE), KERN_SUCCESS);
	ASSERT_EQ(assert_guard(port, 0x1235, MACH_PORT_GUARD_INFO_COUNT), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(assert_guard(port, 0x1234, MACH_PORT_GUARD_INFO_COUNT - 1), KERN_FAILURE);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, 0x1234), KERN_SUCCESS);
}

/* --- Counts of rights and requests. --- */

RULE(srights_counts_rights_not_references)
{
	mach_port_t port = make_receive(), to = make_receive();
	mach_port_rights_t rights = 99;

	ASSERT_EQ(mach_port_get_srights(SELF, port, &rights), KERN_SUCCESS);
	ASSERT_EQ(rights, 0);
	add_sends(port, 3);
	ASSERT_EQ(mach_port_get_srights(SELF, port, &rights), KERN_SUCCESS);
	ASSERT_EQ(rights, 1);
	ASSERT_EQ(send_port(to, port, MACH_MSG_TYPE_COPY_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(mach_port_get_srights(SELF, port, &rights), KERN_SUCCESS);
	ASSERT_EQ(rights, 2);
	drop_receive(to);
	ASSERT_EQ(mach_port_get_srights(SELF, port, &rights), KERN_SUCCESS);
	ASSERT_EQ(rights, 1);
	destroy(port);
}

RULE(dead_name_requests_are_counted)
{
	mach_port_t port = make_send_receive(), notify = make_receive(), previous;
	unsigned total = 99, used = 99;

	ASSERT_EQ(mach_port_dnrequest_info(SELF, port, &total, &used), KERN_SUCCESS);
	ASSERT_EQ(used, 0);
	request_new(port, MACH_NOTIFY_DEAD_NAME, 0, notify);
	ASSERT_EQ(mach_port_dnrequest_info(SELF, port, &total, &used), KERN_SUCCESS);
	ASSERT_EQ(used, 1);
	ASSERT_GE(total, used);
	ASSERT_EQ(request(port, MACH_NOTIFY_DEAD_NAME, 0, MACH_PORT_NULL, &previous), KERN_SUCCESS);
	ASSERT_EQ(mach_port_dnrequest_info(SELF, port, &total, &used), KERN_SUCCESS);
	ASSERT_EQ(used, 0);
	destroy(previous);
	destroy(port);
	destroy(notify);
}

/* --- Context. --- */

RULE(context_is_kept)
{
	mach_port_t port = make_receive();
	mach_port_context_t context = 99;

	ASSERT_EQ(mach_port_get_context(SELF, port, &context), KERN_SUCCESS);
	ASSERT_EQ(context, 0);
	ASSERT_EQ(mach_port_set_context(SELF, port, 0x123456789abcdef0), KERN_SUCCESS);
	ASSERT_EQ(mach_port_get_context(SELF, port, &context), KERN_SUCCESS);
	ASSERT_EQ(context, 0x123456789abcdef0);
	ASSERT_EQ(mach_port_set_context(SELF, port, 0), KERN_SUCCESS);
	ASSERT_EQ(mach_port_get_context(SELF, port, &context), KERN_SUCCESS);
	ASSERT_EQ(context, 0);
	drop_receive(port);
}

/* --- mach_port_peek --- */

static kern_return_t peek(mach_port_t port, unsigned elements, mach_port_seqno_t *seqno,
	mach_msg_size_t *size, mach_msg_max_trailer_t *trailer)
{
	mach_msg_id_t id = 0;
	mach_msg_type_number_t count = sizeof(*trailer);
	kern_return_t kr;

	kr = mach_port_peek(SELF, port, MACH_RCV_TRAILER_ELEMENTS(elements), seqno, size, &id,
		(char *)trailer, &count);
	return kr == KERN_SUCCESS ? id : -(int)kr;
}

RULE(peek_looks_without_receiving)
{
	mach_port_t port = make_receive();
	mach_msg_max_trailer_t trailer;
	mach_port_seqno_t seqno = 0;
	mach_msg_size_t size = 0;

	memset(&trailer, 0xee, sizeof(trailer));
	post(port, 41);
	post(port, 42);
	ASSERT_EQ(peek(port, MACH_RCV_TRAILER_AUDIT, &seqno, &size, &trailer), 41);
	ASSERT_EQ(size, sizeof(mach_msg_header_t));
	ASSERT_EQ(trailer.msgh_trailer_type, MACH_MSG_TRAILER_FORMAT_0);
	ASSERT_EQ(trailer.msgh_audit.val[5], (unsigned)getpid());
	ASSERT_EQ(trailer.msgh_sender.val[0], geteuid());
	ASSERT_EQ(queued(port), 2);
	ASSERT_EQ(take_id(port), 41);
	seqno = 0;
	ASSERT_EQ(peek(port, MACH_RCV_TRAILER_NULL, &seqno, &size, &trailer), 42);
	ASSERT_EQ(seqno, 1);
	ASSERT_EQ(take_id(port), 42);
	drop_receive(port);
}

RULE(peek_finds_a_message_by_its_number)
{
	mach_port_t port = make_receive();
	mach_msg_max_trailer_t trailer;
	mach_port_seqno_t seqno = 2;
	mach_msg_size_t size;

	for (int i = 0; i < 4; i++)
		post(port, 40 + i);
	ASSERT_EQ(peek(port, MACH_RCV_TRAILER_NULL, &seqno, &size, &trailer), 42);
	ASSERT_EQ(seqno, 2);
	seqno = 4;
	ASSERT_EQ(peek(port, MACH_RCV_TRAILER_NULL, &seqno, &size, &trailer), -KERN_FAILURE);
	drop_receive(port);
}

RULE(peek_at_an_empty_queue_is_failure)
{
	mach_port_t port = make_receive();
	mach_msg_max_trailer_t trailer;
	mach_port_seqno_t seqno = 0;
	mach_msg_size_t size;

	ASSERT_EQ(peek(port, MACH_RCV_TRAILER_NULL, &seqno, &size, &trailer), -KERN_FAILURE);
	drop_receive(port);
}

RULE(peek_beyond_the_audit_trailer_is_invalid_value)
{
	mach_port_t port = make_receive();
	mach_msg_max_trailer_t trailer;
	mach_port_seqno_t seqno = 0;
	mach_msg_size_t size;

	post(port, 1);
	ASSERT_EQ(peek(port, MACH_RCV_TRAILER_CTX, &seqno, &size, &trailer), -KERN_INVALID_VALUE);
	drop_receive(port);
}
