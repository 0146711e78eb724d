/* SPDX-License-Identifier: Apache-2.0 */
/* The ports that every task has without being sent them; see task_get_special_port(). */
#ifndef _MACH_TASK_SPECIAL_PORTS_H_
#define _MACH_TASK_SPECIAL_PORTS_H_

typedef int task_special_port_t;

#define TASK_KERNEL_PORT 1 /* the task's control port */
#define TASK_HOST_PORT 2 /* the host port */
#define TASK_NAME_PORT 3 /* the task's name port */
#define TASK_BOOTSTRAP_PORT 4 /* where services are looked up; children inherit it */
#define TASK_INSPECT_PORT 5 /* the task's inspect port */
#define TASK_READ_PORT 6 /* the task's read port */
#define TASK_ACCESS_PORT 9
#define TASK_DEBUG_CONTROL_PORT 10
#define TASK_RESOURCE_NOTIFY_PORT 11

#define TASK_MAX_SPECIAL_PORT TASK_RESOURCE_NOTIFY_PORT

#define task_get_kernel_port(task, port) (task_get_special_port((task), TASK_KERNEL_PORT, (port)))
#define task_get_host_port(task, port) (task_get_special_port((task), TASK_HOST_PORT, (port)))
#define task_get_bootstrap_port(task, port)                                                        \
	(task_get_special_port((task), TASK_BOOTSTRAP_PORT, (port)))
#define task_set_bootstrap_port(task, port)                                                        \
	(task_set_special_port((task), TASK_BOOTSTRAP_PORT, (port)))

#endif
