/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake at birth: a parent and its child hand one port right to each other, in either
 * direction, before they have any port in common.
 *
 * The two share a pipe that nobody else has. The server, which is who receives the right, makes a
 * random 64-bit token, registers a service under a random name with the bootstrap server, and
 * writes both into the pipe. The client reads them, looks the service up and sends the token and
 * the right in one message. The token proves to the server that the message comes from whoever has
 * the other end of the pipe, although anybody may find the service. Parent or child may be either.
 * The protocol is that of the public child_port interface (MIG subsystem 10011), so either end may
 * also be a program that was written for that.
 *
 * Each role has a blocking call, and a form for event loops:
 *
 * 	portcullis_handshake_t h;
 * 	kr = portcullis_handshake_start_server(bootstrap, fd, MACH_MSG_TYPE_PORT_SEND, &h);
 * 	... poll portcullis_handshake_fd(h) for POLLIN; then
 * 	kr = portcullis_handshake_step(h);            PORTCULLIS_HANDSHAKE_PENDING: poll again
 * 	kr = portcullis_handshake_get_port(h, &port, &type);
 * 	portcullis_handshake_destroy(h);
 *
 * A handshake object is used by one thread at a time. The bootstrap server is asked with ordinary
 * calls, which wait for its answer; nothing else waits for a peer.
 */
#ifndef _PORTCULLIS_CHILD_PORT_H_
#define _PORTCULLIS_CHILD_PORT_H_

#include <mach/error.h>
#include <mach/kern_return.h>
#include <mach/message.h>
#include <mach/port.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PORTCULLIS_HANDSHAKE_ERROR(n) ((kern_return_t)(err_local | err_sub(1) | (n)))

/* There is more to come: poll again. */
#define PORTCULLIS_HANDSHAKE_PENDING PORTCULLIS_HANDSHAKE_ERROR(1)
/* Server: the client's end of the pipe is closed, and no message with the token has come. */
#define PORTCULLIS_HANDSHAKE_NO_CLIENT PORTCULLIS_HANDSHAKE_ERROR(2)
/* Client: the pipe was closed before all was read, or the service is gone: there is no server. */
#define PORTCULLIS_HANDSHAKE_NO_SERVER PORTCULLIS_HANDSHAKE_ERROR(3)
/* Client: what came through the pipe is no token and name. */
#define PORTCULLIS_HANDSHAKE_GARBAGE PORTCULLIS_HANDSHAKE_ERROR(4)
/* Server: the client proved itself, but what it sent is not the kind of right that was asked for;
 * it was destroyed. */
#define PORTCULLIS_HANDSHAKE_WRONG_RIGHT PORTCULLIS_HANDSHAKE_ERROR(5)

/* For `expected`: any right will do. */
#define PORTCULLIS_HANDSHAKE_ANY_RIGHT ((mach_msg_type_name_t)0)

/* For `timeout_ms`: as long as it takes. */
#define PORTCULLIS_HANDSHAKE_FOREVER (-1)

typedef struct portcullis_handshake *portcullis_handshake_t;

/*
 * Make the pipe. The caller owns both descriptors, which are close-on-exec: the one of the two that
 * belongs to the child is made to survive its exec (dup2(2), or fcntl(F_SETFD, 0) in the child),
 * and each process closes the other one at once, for a pipe with a forgotten end is never seen to
 * close. KERN_INVALID_ARGUMENT, KERN_RESOURCE_SHORTAGE.
 */
kern_return_t portcullis_handshake_pipe(int *server_fd, int *client_fd);

/*
 * Server: receive a right. Registers a service in the namespace of `bootstrap` (MACH_PORT_NULL: the
 * task's own), writes token and name into the pipe, and waits until the client has sent the token
 * and a right.
 *
 * server_fd is the end to write to (any pipe or stream socket); it is closed in every case, and the
 * service destroyed, whose name the bootstrap server then forgets. `expected` is
 * MACH_MSG_TYPE_PORT_SEND, _SEND_ONCE or _RECEIVE, or PORTCULLIS_HANDSHAKE_ANY_RIGHT. On success
 * *port is the right (one user reference), the caller's, and *type, if type is not NULL, what it
 * is.
 *
 * Messages with a wrong token, and any other, are destroyed with the rights in them, and do not end
 * the wait. The first message with the token ends it; another is destroyed.
 *
 * PORTCULLIS_HANDSHAKE_NO_CLIENT, PORTCULLIS_HANDSHAKE_WRONG_RIGHT, KERN_OPERATION_TIMED_OUT,
 * KERN_INVALID_ARGUMENT (no such descriptor, right or pointer), KERN_RESOURCE_SHORTAGE, and what
 * bootstrap_check_in() returns. *port is MACH_PORT_NULL then.
 */
kern_return_t portcullis_handshake_serve(mach_port_t bootstrap, int server_fd,
	mach_msg_type_name_t expected, int timeout_ms, mach_port_t *port,
	mach_msg_type_name_t *type);

/*
 * Client: give a right. Reads token and name from client_fd, which is closed in every case, looks
 * the service up (`bootstrap` as above), and sends port with the given disposition
 * (MACH_MSG_TYPE_COPY_SEND, _MAKE_SEND_ONCE, _MOVE_RECEIVE, ...).
 *
 * Success says that the message was sent, not that the server took it. A right that is moved is
 * gone then; it is also gone if the sending itself failed (the codes of mach_msg()), and still the
 * caller's after any other failure.
 *
 * PORTCULLIS_HANDSHAKE_NO_SERVER, PORTCULLIS_HANDSHAKE_GARBAGE, KERN_OPERATION_TIMED_OUT,
 * KERN_INVALID_ARGUMENT, KERN_RESOURCE_SHORTAGE, what bootstrap_look_up() returns but for
 * BOOTSTRAP_UNKNOWN_SERVICE, and the codes of mach_msg(): MACH_SEND_INVALID_RIGHT if there is no
 * such right.
 */
kern_return_t portcullis_handshake_check_in(mach_port_t bootstrap, int client_fd, mach_port_t port,
	mach_msg_type_name_t disposition, int timeout_ms);

/*
 * The same two for event loops. The descriptor belongs to the handshake on success, and is closed
 * on failure. The server's service is registered, and token and name are written, when the call
 * returns; the client's right is touched in portcullis_handshake_step() only.
 */
kern_return_t portcullis_handshake_start_server(mach_port_t bootstrap, int server_fd,
	mach_msg_type_name_t expected, portcullis_handshake_t *handshake);
kern_return_t portcullis_handshake_start_client(mach_port_t bootstrap, int client_fd,
	mach_port_t port, mach_msg_type_name_t disposition, portcullis_handshake_t *handshake);

/* A descriptor that polls readable when a step has something to do. The handshake's own; -1 when it
 * is over. */
int portcullis_handshake_fd(portcullis_handshake_t handshake);

/*
 * Do what can be done without waiting. KERN_SUCCESS: done, and the descriptor is gone.
 * PORTCULLIS_HANDSHAKE_PENDING, or a failure as above, which is final: further steps return the
 * same.
 */
kern_return_t portcullis_handshake_step(portcullis_handshake_t handshake);

/*
 * After success of a server: take the right out, once. type may be NULL. KERN_INVALID_ARGUMENT:
 * there is none (any more).
 */
kern_return_t portcullis_handshake_get_port(
	portcullis_handshake_t handshake, mach_port_t *port, mach_msg_type_name_t *type);

/*
 * After success of a server: who sent the message with the token, as the kernel says it.
 * KERN_INVALID_ARGUMENT: there was none.
 */
kern_return_t portcullis_handshake_get_peer(portcullis_handshake_t handshake, audit_token_t *peer);

/*
 * End it at any point: the descriptor is closed, the service is gone, a right that was not taken
 * out is destroyed. NULL is allowed. A child made by fork must not use a handshake of its parent
 * but to destroy it, which then leaves the parent's alone.
 */
void portcullis_handshake_destroy(portcullis_handshake_t handshake);

#ifdef __cplusplus
}
#endif

#endif
