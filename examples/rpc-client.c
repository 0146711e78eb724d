/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of rpc-server: rpc-client A B asks for A + B, and for some more sums.
 *
 * Each request carries a send-once right to the reply port of this thread: the server can answer
 * once, and if it dies instead the answer is a send-once notification, never silence.
 */
#include <mach/mach.h>
#include <mach/notify.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUEST_ADD 1000

typedef struct {
	mach_msg_header_t header;
	int32_t a, b;
} Request;

typedef struct {
	mach_msg_header_t header;
	int64_t sum;
	mach_msg_trailer_t trailer;
} Reply;

static kern_return_t add(mach_port_t service, int32_t a, int32_t b, int64_t *sum)
{
	mach_port_t reply_port = mig_get_reply_port();
	union {
		Request request;
		Reply reply;
	} message = {
		.request =
			{
				.header =
					{
						.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
							MACH_MSG_TYPE_MAKE_SEND_ONCE),
						.msgh_size = sizeof(Request),
						.msgh_remote_port = service,
						.msgh_local_port = reply_port,
						.msgh_id = REQUEST_ADD,
					},
				.a = a,
				.b = b,
			},
	};
	kern_return_t kr;

	kr = mach_msg(&message.request.header, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(Request),
		sizeof(message), reply_port, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	if (kr != MACH_MSG_SUCCESS)
		return kr;
	if (message.reply.header.msgh_id == MACH_NOTIFY_SEND_ONCE)
		return MIG_SERVER_DIED;
	if (message.reply.header.msgh_id != REQUEST_ADD + 100 ||
		message.reply.header.msgh_size != offsetof(Reply, trailer)) {
		mach_msg_destroy(&message.reply.header);
		return MIG_REPLY_MISMATCH;
	}
	*sum = message.reply.sum;
	return KERN_SUCCESS;
}

int main(int argc, char **argv)
{
	int32_t a = argc > 1 ? atoi(argv[1]) : 40;
	int32_t b = argc > 2 ? atoi(argv[2]) : 2;
	int64_t sum;

	if (bootstrap_port == MACH_PORT_NULL) {
		fputs("rpc-client: nobody gave me a port: run rpc-server rpc-client A B\n", stderr);
		return 1;
	}
	for (int i = 0; i < 3; i++) {
		kern_return_t kr = add(bootstrap_port, a + i, b, &sum);

		if (kr != KERN_SUCCESS) {
			fprintf(stderr, "rpc-client: %s\n", mach_error_string(kr));
			return 1;
		}
		printf("rpc-client: %d + %d = %lld\n", a + i, b, (long long)sum);
		if (sum != (int64_t)a + i + b)
			return 1;
	}
	return 0;
}
