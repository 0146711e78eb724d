/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of a handshake: reads what the server wrote, bit by bit as it comes, and when it is
 * complete looks the service up and sends the one message. The caller's right is not touched
 * before that.
 */
#include <string.h>

#include <mach/mach.h>
#include <servers/bootstrap.h>

#include "childport/child_port_user.h"
#include "childport/handshake.h"

/* What a bootstrap server answers for a service whose server has gone in between. */
static kern_return_t find_service(Handshake *h, const char *name, mach_port_t *ret)
{
	kern_return_t kr = bootstrap_look_up(h->bootstrap, name, ret);

	if (kr == BOOTSTRAP_UNKNOWN_SERVICE || (!kr && !MACH_PORT_VALID(*ret)))
		return PORTCULLIS_HANDSHAKE_NO_SERVER;
	return kr;
}

static kern_return_t check_in(Handshake *h, const BirthPaper *paper, unsigned timeout_ms)
{
	mach_port_t service;
	kern_return_t kr = find_service(h, paper->name, &service);

	if (kr)
		return kr;
	kr = handshake_mig_check_in(service, timeout_ms, paper->token, h->given, h->disposition);
	(void)mach_port_deallocate(mach_task_self(), service);
	if (kr == MACH_SEND_INVALID_DEST)
		return PORTCULLIS_HANDSHAKE_NO_SERVER;
	return kr == MACH_SEND_TIMED_OUT ? KERN_OPERATION_TIMED_OUT : kr;
}

kern_return_t handshake_client_step(Handshake *h, unsigned timeout_ms)
{
	BirthPaper paper;
	kern_return_t kr;

	switch (birthpipe_read(h->pipe, &h->reader, &paper)) {
	case 0:
		kr = check_in(h, &paper, timeout_ms);
		explicit_bzero(&paper, sizeof(paper));
		explicit_bzero(&h->reader, sizeof(h->reader));
		return handshake_end(h, kr);
	case BIRTHPIPE_E_AGAIN:
		return PORTCULLIS_HANDSHAKE_PENDING;
	case BIRTHPIPE_E_CLOSED:
		return handshake_end(h, PORTCULLIS_HANDSHAKE_NO_SERVER);
	case BIRTHPIPE_E_GARBAGE:
		return handshake_end(h, PORTCULLIS_HANDSHAKE_GARBAGE);
	default:
		return handshake_end(h, KERN_INVALID_ARGUMENT);
	}
}
