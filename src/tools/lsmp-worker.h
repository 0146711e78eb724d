/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Examines processes, each in a child of its own.
 *
 * A process that is examined may have made its memory such that a read of it never ends, not even
 * when the reader is killed. So each one is read by a worker that has nothing but the pipe on which
 * it returns its model: who does not deliver in time is killed, not waited for, and left to init.
 * Some workers run at a time, so that one hung process does not delay the others.
 *
 * What all processes together can make us hold is bounded, too: beyond that, models are refused.
 */
#pragma once

#include <sys/types.h>

#include "tools/lsmp-model.h"

#define WORKER_SECONDS 2

typedef struct Process {
	pid_t pid;
	bool wanted; /* is to be printed, not only searched for holders of rights */
	Model model; /* valid when workers_run() is done, whatever the outcome */
} Process;

typedef struct WorkerOptions {
	bool messages; /* list the messages in queues */
} WorkerOptions;

/* Fills the model of each process. Returns 0 or -errno. */
int workers_run(Process *processes, size_t n, const WorkerOptions *options) _warn_unused_;
