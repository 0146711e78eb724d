/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mach_port_space_info() and mach_port_space_basic_info() tell about a task's names. For
 * looking at, not for deciding by: much of it describes a table layout of long ago.
 */
#ifndef _MACH_DEBUG_IPC_INFO_H_
#define _MACH_DEBUG_IPC_INFO_H_

#include <mach/machine/vm_types.h>
#include <mach/port.h>

/* What a port stands for, if it is more than a queue; see mach_port_kobject(). */
typedef natural_t ipc_info_object_type_t;

#define IPC_OTYPE_NONE 0
#define IPC_OTYPE_THREAD_CONTROL 1
#define IPC_OTYPE_TASK_CONTROL 2
#define IPC_OTYPE_HOST 3
#define IPC_OTYPE_HOST_PRIV 4
#define IPC_OTYPE_TASK_NAME 20
#define IPC_OTYPE_SEMAPHORE 23
#define IPC_OTYPE_CLOCK 25
#define IPC_OTYPE_NAMED_ENTRY 28
#define IPC_OTYPE_FILEPORT 34
#define IPC_OTYPE_TASK_INSPECT 44
#define IPC_OTYPE_TASK_READ 45
#define IPC_OTYPE_THREAD_INSPECT 46
#define IPC_OTYPE_THREAD_READ 47
#define IPC_OTYPE_TASK_ID_TOKEN 50
#define IPC_OTYPE_UNKNOWN (~0u)

typedef struct ipc_info_space {
	natural_t iis_genno_mask; /* bits of a name that are its generation */
	natural_t iis_table_size; /* slots in the table */
	natural_t iis_table_next; /* slots after it next grows */
	natural_t iis_tree_size; /* always 0 */
	natural_t iis_tree_small; /* always 0 */
	natural_t iis_tree_hash; /* always 0 */
} ipc_info_space_t;

typedef struct ipc_info_space_basic {
	natural_t iisb_genno_mask; /* bits of a name that are its generation */
	natural_t iisb_table_size; /* slots in the table */
	natural_t iisb_table_next; /* slots after it next grows */
	natural_t iisb_table_inuse; /* slots that hold a right */
	natural_t iisb_reserved[2];
} ipc_info_space_basic_t;

typedef struct ipc_info_name {
	mach_port_name_t iin_name; /* the name, with its generation */
	integer_t iin_collision; /* always 0 */
	mach_port_type_t iin_type; /* what it denotes: MACH_PORT_TYPE_* */
	mach_port_urefs_t iin_urefs; /* its user references */
	natural_t iin_object; /* tells ports apart; equal for two rights to one port */
	natural_t iin_next;
	natural_t iin_hash;
} ipc_info_name_t;

typedef ipc_info_name_t *ipc_info_name_array_t;

typedef struct ipc_info_tree_name {
	ipc_info_name_t iitn_name;
	mach_port_name_t iitn_lchild;
	mach_port_name_t iitn_rchild;
} ipc_info_tree_name_t;

typedef ipc_info_tree_name_t *ipc_info_tree_name_array_t;

typedef struct ipc_info_port {
	natural_t iip_port_object;
	natural_t iip_receiver_object;
} ipc_info_port_t;

/* Which port an exception goes to, told without giving a right to it. */
typedef ipc_info_port_t exception_handler_info_t;
typedef exception_handler_info_t *exception_handler_info_array_t;

#endif
