/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ports that a task has from the start. In a fork child and after exec all of these are new:
 * the child's space is empty but for its special and registered ports.
 */
#ifndef _MACH_MACH_INIT_H_
#define _MACH_MACH_INIT_H_

#include <stdarg.h>
#include <mach/mach_traps.h>
#include <mach/mach_types.h>
#include <mach/vm_page_size.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A send right to the host port: one reference, which the caller must drop with
 * mach_port_deallocate(). MACH_PORT_NULL if there is no memory.
 */
mach_port_t mach_host_self(void);

/*
 * A send right to the calling thread's port: one reference, which the caller must drop with
 * mach_port_deallocate(). MACH_PORT_NULL if there is no memory.
 */
mach_port_t mach_thread_self(void);

/* True if the name denotes the calling task's own port, of any flavour. */
boolean_t mach_task_is_self(task_name_t task);

/*
 * The size of a page. Returns KERN_SUCCESS, or KERN_INVALID_ARGUMENT if host is null or
 * out_page_size is NULL.
 */
kern_return_t host_page_size(host_t host, vm_size_t *out_page_size);

/* The calling task's control port; a borrowed name, not to be deallocated. */
extern mach_port_t mach_task_self_;

#define mach_task_self() mach_task_self_
#define current_task() mach_task_self()

/*
 * Where services are looked up: a borrowed send right that the task got from its parent, or
 * MACH_PORT_NULL. What children get is set with task_set_bootstrap_port(), not by assigning here.
 */
extern mach_port_t bootstrap_port;

/* Slots of mach_ports_register(), by convention. */
#define NAME_SERVER_SLOT 0
#define ENVIRONMENT_SLOT 1
#define SERVICE_SLOT 2
#define MACH_PORTS_SLOTS_USED 3

/* What mach_error() prints with, in place of vfprintf(stderr, ...) if it is not NULL. */
extern int (*vprintf_stderr_func)(const char *format, va_list ap);

#ifdef __cplusplus
}
#endif

#endif
