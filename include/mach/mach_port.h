/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports and rights: making them, counting their references, looking at them, asking to be told
 * what becomes of them.
 *
 * The first argument says whose names are meant: mach_task_self(). mach_port_names, _type, _allocate,
 * _deallocate, _destroy, _get_refs, _mod_refs, _insert_right and _extract_right also take the control
 * port of another task, with the further codes that <mach/task.h> lists; its agent does it. All others,
 * and any other port, give KERN_INVALID_TASK. That code, and KERN_RESOURCE_SHORTAGE (no memory,
 * descriptors or quota), may come from every call and are not named again below. Where a receive
 * right or a port set is asked for, MACH_PORT_NULL and MACH_PORT_DEAD give KERN_INVALID_RIGHT unless
 * said otherwise.
 *
 * A name has user references. Dropping the last one of a send, send-once or dead-name right frees
 * the name; using it later gives KERN_INVALID_NAME, until the generation in it rolls over.
 * References stick at 65535: more can be added without an error, but then they can only be
 * dropped all at once.
 *
 * All calls may be made from any thread. On failure they change nothing and leave the output
 * arguments as they were.
 */
#ifndef _MACH_MACH_PORT_H_
#define _MACH_MACH_PORT_H_

#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/port.h>
#include <mach_debug/mach_debug_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * List all names, with what each denotes (MACH_PORT_TYPE_*), as of one moment. The caller owns both
 * arrays, which have the same count, and must vm_deallocate() them.
 */
kern_return_t mach_port_names(ipc_space_t task, mach_port_name_array_t *names,
	mach_msg_type_number_t *namesCnt, mach_port_type_array_t *types,
	mach_msg_type_number_t *typesCnt);

/*
 * What a name denotes, including the notifications asked for on it.
 * KERN_INVALID_NAME: it denotes nothing.
 */
kern_return_t mach_port_type(ipc_space_t task, mach_port_name_t name, mach_port_type_t *ptype);

/*
 * Make a receive right, an empty port set or a dead name, under a name of the caller's choice; its
 * low two bits must be set and its index not be 0.
 * KERN_INVALID_VALUE: not such a name, or not one of those three rights.
 * KERN_NAME_EXISTS: the name denotes something already.
 * KERN_FAILURE: its index is 0, or is used by a name of another generation.
 * KERN_NO_SPACE: the index is too large.
 */
kern_return_t mach_port_allocate_name(
	ipc_space_t task, mach_port_right_t right, mach_port_name_t name);

/*
 * Make a receive right, an empty port set or a dead name. The caller owns the right in *name. A
 * receive right costs no descriptor until a right to its port leaves the process.
 * KERN_INVALID_VALUE: right is none of those three.
 * KERN_NO_SPACE: all names are taken.
 */
kern_return_t mach_port_allocate(ipc_space_t task, mach_port_right_t right, mach_port_name_t *name);

/*
 * Give up all that a name denotes, with all its references. A receive right's port dies: queued
 * messages are destroyed and its senders get dead names. MACH_PORT_NULL and MACH_PORT_DEAD are no
 * error.
 * KERN_INVALID_NAME: the name denotes nothing.
 * KERN_INVALID_RIGHT: the port is guarded; nothing is given up.
 */
kern_return_t mach_port_destroy(ipc_space_t task, mach_port_name_t name);

/*
 * Drop one reference of a send, send-once or dead-name right. A send-once right given up so sends
 * its notification. MACH_PORT_NULL and MACH_PORT_DEAD are no error.
 * KERN_INVALID_NAME: the name denotes nothing.
 * KERN_INVALID_RIGHT: only a receive right or a port set.
 */
kern_return_t mach_port_deallocate(ipc_space_t task, mach_port_name_t name);

/*
 * The references that a name has of one kind of right; 0 if it denotes other rights only. A
 * receive right, a port set and a send-once right count as one.
 * KERN_INVALID_VALUE: no such kind of right.
 * KERN_INVALID_NAME: the name denotes nothing. For MACH_PORT_NULL and MACH_PORT_DEAD the count is 1
 * if a send or send-once right is asked for.
 */
kern_return_t mach_port_get_refs(
	ipc_space_t task, mach_port_name_t name, mach_port_right_t right, mach_port_urefs_t *refs);

/*
 * Change that count. Only send rights and dead names may have more than one reference; -1 on a
 * receive right destroys its port, after which the send rights under that name are a dead name.
 * KERN_INVALID_VALUE: no such kind of right, or no such change.
 * KERN_INVALID_NAME: the name denotes nothing; see mach_port_get_refs() about null names.
 * KERN_INVALID_RIGHT: it denotes no such right, or the port is guarded.
 * KERN_UREFS_OVERFLOW: historical; references stick instead.
 */
kern_return_t mach_port_mod_refs(
	ipc_space_t task, mach_port_name_t name, mach_port_right_t right, mach_port_delta_t delta);

/*
 * Look at a queued message without receiving it: the one numbered *request_seqnop, or the next if
 * that is 0. Gives its number, its size, its id and a trailer of the kind asked for, which is
 * written to trailer_infop; *trailer_infopCnt is the size of that buffer and then of the trailer.
 * trailer_type is made as for receiving: MACH_RCV_TRAILER_ELEMENTS() of up to the audit trailer.
 * KERN_INVALID_NAME: name denotes nothing. KERN_INVALID_RIGHT: no receive right.
 * KERN_INVALID_VALUE: a larger trailer, or the buffer is too small for it.
 * KERN_FAILURE: no such message is queued.
 */
kern_return_t mach_port_peek(ipc_space_t task, mach_port_name_t name,
	mach_msg_trailer_type_t trailer_type, mach_port_seqno_t *request_seqnop,
	mach_msg_size_t *msg_sizep, mach_msg_id_t *msg_idp, mach_msg_trailer_info_t trailer_infop,
	mach_msg_type_number_t *trailer_infopCnt);

/*
 * Set the make-send count of a receive right.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing, or no receive right.
 */
kern_return_t mach_port_set_mscount(
	ipc_space_t task, mach_port_name_t name, mach_port_mscount_t mscount);

/*
 * List the members of a port set. The caller owns the array and must vm_deallocate() it.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing, or no port set.
 */
kern_return_t mach_port_get_set_status(ipc_space_read_t task, mach_port_name_t name,
	mach_port_name_array_t *members, mach_msg_type_number_t *membersCnt);

/*
 * Take a receive right out of all port sets that it is in, and put it into `after`, unless that is
 * MACH_PORT_NULL.
 * KERN_INVALID_NAME: member or after denotes nothing.
 * KERN_INVALID_RIGHT: member is no receive right, or after no port set.
 * KERN_NOT_IN_SET: after is MACH_PORT_NULL and member was in no set.
 */
kern_return_t mach_port_move_member(
	ipc_space_t task, mach_port_name_t member, mach_port_name_t after);

/*
 * Ask for a notification (see <mach/notify.h>), or with a null notify port take the request back.
 * The send-once right that was registered before comes back in *previous: the caller owns it, or
 * finds MACH_PORT_NULL.
 *
 * msgid	MACH_NOTIFY_PORT_DESTROYED, on a receive right; once for each right, sync 0
 *		MACH_NOTIFY_NO_SENDERS, on a receive right; sync is the make-send count from which on
 *		it counts. Sent at once if there are no senders and the count is reached.
 *		MACH_NOTIFY_DEAD_NAME, on a send or send-once right
 *		MACH_NOTIFY_SEND_POSSIBLE, on a send or send-once right; if sync is not 0 it is armed
 *		now, or sent at once if there is room, else by the next send with MACH_SEND_NOTIFY.
 *		Shares its slot with MACH_NOTIFY_DEAD_NAME.
 * notify	the port to tell; what notifyPoly says is done with the right: MOVE_SEND_ONCE or
 *		MAKE_SEND_ONCE
 *
 * KERN_INVALID_VALUE: no such msgid, or sync must be 0.
 * KERN_INVALID_NAME: name denotes nothing.
 * KERN_INVALID_RIGHT: it denotes no right of the kind that msgid is about; also a null name, for
 * the first two, and a reply port.
 * KERN_INVALID_CAPABILITY: notify is dead or not what notifyPoly says.
 * KERN_INVALID_ARGUMENT: for the last two: a null or dead name, or notify is null where it must not
 * be. Send-possible on a dead name sends a dead-name notification at once instead.
 * KERN_FAILURE: port-destroyed was asked for before, on the same right.
 * KERN_UREFS_OVERFLOW: an immediate notification would need a reference too many.
 *
 * On Linux the notification is made by this process when the kernel tells it of the event; a peer
 * can neither forge nor suppress one. That senders are gone is known when the last of them dropped
 * its right or died; a process that forked without this library keeps the rights of its parent.
 */
kern_return_t mach_port_request_notification(ipc_space_t task, mach_port_name_t name,
	mach_msg_id_t msgid, mach_port_mscount_t sync, mach_port_t notify,
	mach_msg_type_name_t notifyPoly, mach_port_t *previous);

/*
 * Put a right under a name: for example MACH_MSG_TYPE_MAKE_SEND with the receive right's own name
 * twice gives that name a send right too. What polyPoly says is done with the right `poly`.
 * KERN_INVALID_VALUE: name is null or dead, or polyPoly no disposition.
 * KERN_NAME_EXISTS: the name denotes something else.
 * KERN_INVALID_CAPABILITY: poly is null or dead, or may not be used so.
 * KERN_INVALID_RIGHT: poly is no right of that kind.
 * KERN_RIGHT_EXISTS: the task has that right under another name.
 * KERN_UREFS_OVERFLOW: historical; references stick instead.
 */
kern_return_t mach_port_insert_right(
	ipc_space_t task, mach_port_name_t name, mach_port_t poly, mach_msg_type_name_t polyPoly);

/*
 * Take a right from under a name, as if it were sent and received: the caller owns *poly, of kind
 * *polyPoly (MACH_MSG_TYPE_PORT_*). From a dead name comes MACH_PORT_DEAD.
 * KERN_INVALID_VALUE: msgt_name is no disposition.
 * KERN_INVALID_NAME: name denotes nothing.
 * KERN_INVALID_RIGHT: not such a right, or a null name.
 * KERN_INVALID_CAPABILITY: the right may not be moved.
 */
kern_return_t mach_port_extract_right(ipc_space_t task, mach_port_name_t name,
	mach_msg_type_name_t msgt_name, mach_port_t *poly, mach_msg_type_name_t *polyPoly);

/*
 * Set the number that the next message received from a port gets in its trailer.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing, or no receive right.
 */
kern_return_t mach_port_set_seqno(ipc_space_t task, mach_port_name_t name, mach_port_seqno_t seqno);

/*
 * Get attributes of a receive right; *port_info_outCnt is the number of integers that fit, and then
 * that were written. A null name has no limits: MACH_PORT_LIMITS_INFO writes nothing, and succeeds.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing, or no receive right.
 * KERN_INVALID_ARGUMENT: no such flavor, or not one to get.
 * KERN_INVALID_CAPABILITY: MACH_PORT_SERVICE_THROTTLED of what is no service port.
 * KERN_FAILURE: too few fit.
 */
kern_return_t mach_port_get_attributes(ipc_space_read_t task, mach_port_name_t name,
	mach_port_flavor_t flavor, mach_port_info_t port_info_out,
	mach_msg_type_number_t *port_info_outCnt);

/*
 * Set attributes: the queue limit above all. Raising it wakes blocked senders.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing, or no receive right.
 * KERN_INVALID_VALUE: the limit is above MACH_PORT_QLIMIT_MAX.
 * KERN_INVALID_ARGUMENT: no such flavor, not one to set, or not for such a port.
 * KERN_INVALID_CAPABILITY: MACH_PORT_SERVICE_THROTTLED of what is no service port.
 * KERN_FAILURE: too few integers.
 * On Linux the limit is exact for senders in the receiver's process; for others the kernel's own
 * limit may come first.
 */
kern_return_t mach_port_set_attributes(ipc_space_t task, mach_port_name_t name,
	mach_port_flavor_t flavor, mach_port_info_t port_info, mach_msg_type_number_t port_infoCnt);

/*
 * Make sure that an attribute is what the caller believes: MACH_PORT_GUARD_INFO, that the port is
 * guarded with that guard, strictly or not.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing, or no receive right.
 * KERN_FAILURE: too few integers.
 * KERN_INVALID_ARGUMENT: it is not, or no such flavor.
 */
kern_return_t mach_port_assert_attributes(ipc_space_t task, mach_port_name_t name,
	mach_port_flavor_t flavor, mach_port_info_t info, mach_msg_type_number_t infoCnt);

/*
 * mach_port_allocate() with wishes. The only one left is qos->prealloc, a message buffer of qos->len
 * bytes to be set aside: it is checked, and nothing is set aside; *qos stays as it is.
 * KERN_INVALID_ARGUMENT: qos->name is set; that is for mach_port_allocate_full().
 * KERN_INVALID_VALUE: qos->prealloc, but not a receive right.
 * KERN_RESOURCE_SHORTAGE: qos->prealloc, with a qos->len that no message can have.
 * Else the results of mach_port_allocate().
 */
kern_return_t mach_port_allocate_qos(
	ipc_space_t task, mach_port_right_t right, mach_port_qos_t *qos, mach_port_name_t *name);

/*
 * All of these in one: with qos->name set *name is the name to be used, as for
 * mach_port_allocate_name(), else it is where the name is stored. proto must be MACH_PORT_NULL.
 * KERN_INVALID_VALUE: it is not. Else the results of the three.
 */
kern_return_t mach_port_allocate_full(ipc_space_t task, mach_port_right_t right, mach_port_t proto,
	mach_port_qos_t *qos, mach_port_name_t *name);

/*
 * The number of send rights to a port. On Linux nobody counts them: 0 if there are none, else the
 * rights that this task holds, and one more if others hold any.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing or is null, or is no receive right.
 */
kern_return_t mach_port_get_srights(
	ipc_space_t task, mach_port_name_t name, mach_port_rights_t *srights);

/*
 * All about all names, for debuggers. The caller owns *table_info and must vm_deallocate() it;
 * *tree_info is always empty, and NULL.
 */
kern_return_t mach_port_space_info(ipc_space_read_t space, ipc_info_space_t *space_info,
	ipc_info_name_array_t *table_info, mach_msg_type_number_t *table_infoCnt,
	ipc_info_tree_name_array_t *tree_info, mach_msg_type_number_t *tree_infoCnt);

/* The size of the table of names, and how much of it is used. */
kern_return_t mach_port_space_basic_info(
	ipc_space_inspect_t task, ipc_info_space_basic_t *basic_info);

/*
 * The number of dead-name and send-possible requests on a port: that there is room for, and that
 * are registered. On Linux those of this task.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing or is null, or is no receive right.
 */
kern_return_t mach_port_dnrequest_info(
	ipc_space_t task, mach_port_name_t name, unsigned *dnr_total, unsigned *dnr_used);

/*
 * What system object a port stands for (IPC_OTYPE_*), if any. *object_addr is always 0 on Linux.
 * KERN_INVALID_NAME: name denotes nothing, or is null.
 * KERN_INVALID_RIGHT: it denotes no send or receive right.
 */
kern_return_t mach_port_kobject(ipc_space_read_t task, mach_port_name_t name,
	natural_t *object_type, mach_vm_address_t *object_addr);

/* The same, with an address of 32 bits. */
kern_return_t mach_port_kernel_object(
	ipc_space_read_t task, mach_port_name_t name, unsigned *object_type, unsigned *object_addr);

/* mach_port_kobject(), and a line of text about the object, empty if there is nothing to say. */
kern_return_t mach_port_kobject_description(ipc_space_read_t task, mach_port_name_t name,
	natural_t *object_type, mach_vm_address_t *object_addr, kobject_description_t description);

/*
 * Put a receive right into a port set too; it may be in several.
 * KERN_INVALID_NAME: name or pset denotes nothing.
 * KERN_INVALID_RIGHT: name is no receive right, or pset no port set.
 * KERN_ALREADY_IN_SET: it is in that set.
 */
kern_return_t mach_port_insert_member(
	ipc_space_t task, mach_port_name_t name, mach_port_name_t pset);

/*
 * Take a receive right out of one port set.
 * KERN_INVALID_NAME: name or pset denotes nothing.
 * KERN_INVALID_RIGHT: name is no receive right, or pset no port set.
 * KERN_NOT_IN_SET: it is not in that set.
 */
kern_return_t mach_port_extract_member(
	ipc_space_t task, mach_port_name_t name, mach_port_name_t pset);

/*
 * Get the context of a receive right: a number of the caller's, which MACH_RCV_TRAILER_CTX puts
 * into the trailer. 0 for a strictly guarded port.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing, or no receive right.
 */
kern_return_t mach_port_get_context(
	ipc_space_read_t task, mach_port_name_t name, mach_port_context_t *context);

/*
 * Set it.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing, or no receive right.
 * KERN_INVALID_ARGUMENT: the port is strictly guarded.
 */
kern_return_t mach_port_set_context(
	ipc_space_t task, mach_port_name_t name, mach_port_context_t context);

/*
 * Make a receive right as the options say (MPO_*), with a context, which with MPO_CONTEXT_AS_GUARD
 * guards it. The caller owns the right in *name, and with MPO_INSERT_SEND_RIGHT a send right too.
 * KERN_INVALID_VALUE: the queue limit is above MACH_PORT_QLIMIT_MAX.
 * KERN_INVALID_ARGUMENT: options is NULL, unknown flags, or flags that exclude one another.
 * KERN_NOT_SUPPORTED: MPO_SERVICE_PORT or MPO_CONNECTION_PORT, which launchd does not know.
 * KERN_NO_SPACE: all names are taken. KERN_RESOURCE_SHORTAGE: no memory.
 */
kern_return_t mach_port_construct(ipc_space_t task, mach_port_options_ptr_t options,
	mach_port_context_t context, mach_port_name_t *name);

/*
 * Destroy a receive right and change the send references under its name by srdelta (0 or less), in
 * one step: nobody can come in between.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing or is null, or is no receive right.
 * KERN_INVALID_VALUE: there are fewer send references.
 * KERN_INVALID_ARGUMENT: the guard is wrong, or the port has none and guard is not 0.
 */
kern_return_t mach_port_destruct(ipc_space_t task, mach_port_name_t name, mach_port_delta_t srdelta,
	mach_port_context_t guard);

/*
 * Guard a receive right: only mach_port_destruct() with the same guard destroys it then, and if
 * strict, its context cannot be changed.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing or is null, or is no receive right.
 * KERN_INVALID_ARGUMENT: it is guarded already, or has a context.
 * On Linux a violation of a guard is told to the caller by the result only: no exception is raised.
 */
kern_return_t mach_port_guard(
	ipc_space_t task, mach_port_name_t name, mach_port_context_t guard, boolean_t strict);

/*
 * The same, with flags: MPG_STRICT, and MPG_IMMOVABLE_RECEIVE: the right cannot leave the task.
 * KERN_INVALID_CAPABILITY: immovable, but a port-destroyed notification would move it.
 * Else the results of mach_port_guard().
 */
kern_return_t mach_port_guard_with_flags(
	ipc_space_t task, mach_port_name_t name, mach_port_context_t guard, uint64_t flags);

/*
 * Take a guard away. A right that was made immovable stays so.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing or is null, or is no receive right.
 * KERN_INVALID_ARGUMENT: it has none, or another.
 */
kern_return_t mach_port_unguard(ipc_space_t task, mach_port_name_t name, mach_port_context_t guard);

/*
 * Put another guard in place of one.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT: name denotes nothing or is null, or is no receive right.
 * KERN_INVALID_ARGUMENT: it has none, or another, or a strict one.
 */
kern_return_t mach_port_swap_guard(ipc_space_t task, mach_port_name_t name,
	mach_port_context_t old_guard, mach_port_context_t new_guard);

#ifdef __cplusplus
}
#endif

#endif
