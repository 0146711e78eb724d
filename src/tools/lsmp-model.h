/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lsmp knows of one process.
 *
 * A model is made by a worker, which reads the memory of a process that may be hostile, and is then
 * handed to lsmp itself over a pipe, as one block: a head, and four arrays, of which the first (the
 * rows, one for each name) refers to the others by index. The worker may have been fooled, so
 * model_decode() believes no count and no index.
 *
 * The block is the native layout of these structs: both ends are one program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/cleanup.h"

/* What a process can make us hold: twice what a large one has. */
#define MODEL_MAX_ROWS (1u << 18)
#define MODEL_MAX_EXTRAS (1u << 18)

/* How the examination of a process ended. */
typedef enum Outcome {
	OUTCOME_OK,
	OUTCOME_GONE, /* there is no such process (any more) */
	OUTCOME_THREAD, /* the number is a thread's; detail: the process that it belongs to */
	OUTCOME_DENIED, /* detail: errno */
	OUTCOME_NO_SPACE, /* does not use the library */
	OUTCOME_BORROWED, /* a raw clone with the memory of another process; detail: which */
	OUTCOME_OTHER_LAYOUT, /* detail: the version of the library that it runs */
	OUTCOME_BROKEN, /* its memory makes no sense */
	OUTCOME_HUNG, /* a read of its memory did not return */
	OUTCOME_CRASHED, /* the worker did; detail: wait status */
	OUTCOME_FAILED, /* detail: errno */
} Outcome;

/* Which port a right is to. Equal keys are one port, in whatever process. */
typedef enum KeyKind {
	KEY_NONE, /* no right has left its process yet */
	KEY_SOCKET, /* device, inode, birth time: the kernel's word about the holder's descriptor */
	KEY_OBJECT, /* type, id: the process's own word */
} KeyKind;

typedef struct PortKey {
	uint64_t kind;
	uint64_t word[3];
} PortKey;

enum {
	ROW_CHANGING = 1 << 0, /* the process was at work on it, each time that we looked */
	ROW_UNPROVEN = 1 << 1, /* its descriptors are not what its memory says */
	ROW_MORE = 1 << 2, /* lists were cut off */
	ROW_REQUEST = 1 << 3, /* dead-name or send-possible is asked for */
	ROW_NO_SENDERS = 1 << 4,
	ROW_PORT_DESTROYED = 1 << 5,
	ROW_SUPERVISED = 1 << 6,
	ROW_IN_SETS = 1 << 7,
};

enum {
	ROW_FD_SOCKET,
	ROW_FD_ADDRESS,
	ROW_FD_PIPE,
	ROW_FD_SENDER,
	ROW_FD_ONCE,
	_ROW_FD_N,
};

typedef struct Span {
	uint32_t first;
	uint32_t n;
} Span;

typedef struct Row {
	uint32_t name;
	uint16_t urefs;
	uint8_t type; /* ENTRY_* */
	uint8_t state; /* PortState, where has_port */
	uint16_t notes; /* ROW_* */
	uint16_t flags; /* PORT_F_* */
	uint8_t has_port;
	uint8_t kobject_type;
	uint16_t qlimit;
	uint32_t msgcount; /* in its memory */
	uint32_t
		n_carriers; /* messages of an earlier owner that are not in its memory yet, in pieces */
	uint32_t srights;
	uint32_t mscount;
	uint32_t seqno;
	uint32_t sorights;
	uint32_t n_leases;
	uint32_t n_pipes;
	uint32_t task; /* of a task or thread port: the process; 0: not known */
	uint32_t target; /* SEND_ONCE to a port of the process itself: that port's name */
	int32_t fds[_ROW_FD_N]; /* in that process; < 0: none */
	uint64_t dropped;
	uint64_t
		context; /* 0 where it is a guard: that one is between the process and its library */
	uint64_t socket; /* inode of the queue of a receive right, or of a send-once right's end */
	PortKey key;
	Span names; /* members of a set, or the sets that the port is in */
	Span sockets; /* inodes of the ends on which answers are awaited */
	Span messages; /* those in its memory, if asked for */
} Row;

typedef struct QueuedMessage {
	int32_t id;
	uint32_t size;
	uint32_t pid; /* of the sender; 0: made by the library */
	uint32_t n_items;
} QueuedMessage;

typedef struct ModelHead {
	uint32_t outcome; /* Outcome */
	int32_t detail;
	uint32_t uid;
	uint32_t truncated; /* there are more names than are listed */
	uint32_t n_rows, n_sockets, n_messages, n_names;
	char comm[64];
} ModelHead;

typedef struct Model {
	ModelHead head;
	const Row *rows;
	const uint64_t *sockets;
	const QueuedMessage *messages;
	const uint32_t *names;
	uint8_t *block; /* owned; what the arrays point into */
} Model;

typedef struct ModelWriter {
	ModelHead head;
	ByteWriter rows, sockets, messages, names;
} ModelWriter;

void model_writer_init(ModelWriter *w);
void model_writer_deinit(ModelWriter *w);

/* Writes head and arrays to a pipe. Returns 0 or -errno. */
int model_writer_send(ModelWriter *w, int fd) _warn_unused_;

/* The largest block that model_writer_send() makes. */
size_t model_max_size(void);

/* Owns the block on success. False: it is not what model_writer_send() makes. */
bool model_decode_take(uint8_t *block, size_t size, Model *ret);

void model_deinit(Model *model);

/* Ten hexadecimal digits for a key, or "-". */
#define KEY_TEXT_SIZE 11
void key_format(const PortKey *key, char text[KEY_TEXT_SIZE]);

/* Rights as words ("receive", "send"), and notes and flags as words; both return how many there
 * are, never more than ROW_MAX_WORDS. */
#define ROW_MAX_WORDS 24
unsigned rights_words(uint8_t type, const char *words[ROW_MAX_WORDS]);
unsigned row_words(const Row *row, const char *words[ROW_MAX_WORDS]);

/* "task", "semaphore", …; NULL for an ordinary port. */
const char *object_name(uint8_t kobject_type);
