/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptors of a port that has rights in more than one process.
 *
 * The receiver's side has the socket, its address, and the read ends of the epoch pipes;
 * every holder of send rights, this process included where the port is REMOTE, has the
 * address and a write end. While nobody asked for no-senders the receiver's side keeps a
 * write end too, and what it hands out are duplicates of it; arming drops it, and the next
 * right that leaves gets a pipe of its own. No senders: every read end has hung up.
 *
 * The epoch secret is what shows that a message comes from a holder of a send right: nothing
 * counts O_PATH descriptors, so somebody may keep the address after dropping the right. It is
 * renewed at no-senders.
 */
#pragma once

#include "port/ident.h"
#include "port/source.h"
#include "port/types.h"

struct Backing {
	Ident ident; /* the key of the registry */
	Port *port; /* borrowed */
	Backing *next; /* in a bucket of the registry */
	Sender *sender; /* REMOTE: made on first use */
	Source *source; /* of sock, where there is one */
	int *pipes; /* the read ends but for the first */
	int addr;
	int sock; /* LOCAL; else -EBADF */
	int pipe_w; /* see above; -EBADF when there is none */
	uint32_t n_pipes; /* read ends, LOCAL only */
	int pipe_r0; /* the first read end, so that the usual port needs no array */
	uid_t uid; /* who gave us the right: charged for what it does not read */
	uint32_t hash; /* of ident, while it is registered */
	bool known_device;
	bool supervised;
	bool foreign; /* the socket had another owner before, who may have kept a duplicate */
	bool registered;
	bool renewed; /* secrets were given up: such a one may still arrive */
	bool pass_pidfd; /* the socket reports pidfds */
};

/* In a time that does not tell where they differ. */
static inline bool backing_has_secret(const Backing *backing, const uint8_t *secret)
{
	uint8_t difference = 0;

	for (size_t i = 0; i < sizeof(backing->ident.secret); i++)
		difference |= backing->ident.secret[i] ^ secret[i];
	return difference == 0;
}

/* Gives a local port its descriptors. Returns 0 or -errno. */
int backing_make(Port *port);

/* A registered backing without a port around an address that arrived. 0 or -ENOMEM. */
int backing_new_take(int addr, const Ident *ident, Backing **ret);

Backing *backing_free(Backing *backing);

/* A send right arrived, whose address has this identity (the secret included). *ret is the backing
 * that this process has already (the descriptors were closed, or completed it), a new one without a
 * port, or NULL: a port of our own whose secret has changed since. Takes both descriptors on
 * success. 0 or -errno. */
int backing_adopt_send_take(int addr, const Ident *ident, int pipe_w, uid_t uid, Backing **ret);

/* A write end to hand out with a send right: borrowed if *ret_owned is false, as that of a REMOTE port
 * always is, else the caller's. Returns 0 or -errno. */
int backing_export_pipe(Backing *backing, int *ret_fd, bool *ret_owned);

/* Adds a read end (taken). */
int backing_add_pipe_take(Backing *backing, int fd);
int backing_pipe(const Backing *backing, uint32_t i);

/* Drops our own write end, removes read ends that have hung up; true if none is left, that
 * is: no send right is anywhere else. */
bool backing_no_senders(Backing *backing);
/* The second half of that: what goes while we may still hand out our own write end. */
void backing_remove_ended(Backing *backing);
/* The first half: our own write end, which is the caller's now; -EBADF if there is none, or a message
 * that is being sent holds it. */
int backing_take_own_end(Backing *backing);

/* A new secret: whoever kept the address is a stranger from now on. */
int backing_renew(Backing *backing);

/* Closes the receiver's side with what still is in the socket: every message in it is
 * destroyed by us, not by the kernel (closing a foreign descriptor may block). */
void backing_close_receive(Backing *backing);

/* The receive right has moved to another process: what is in its socket is left alone. */
void backing_release_receive(Backing *backing);

/* A write end for send rights of this process, before the receive right moves away. */
int backing_own_pipe(Backing *backing);

/* The port has come home: what is sent to it goes through memory from now on. */
void backing_close_sender(Backing *backing);

/* Releases the holder's side: sender and pipe end. The address stays. */
void backing_close_send(Backing *backing);
