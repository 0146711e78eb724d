/* SPDX-License-Identifier: Apache-2.0 */
/* The public prototypes, and the message ids. */
kern_return_t exception_raise(mach_port_t exception_port, mach_port_t thread, mach_port_t task, exception_type_t exception, exception_data_t code, mach_msg_type_number_t codeCnt);
kern_return_t exception_raise_state(mach_port_t exception_port, exception_type_t exception, const exception_data_t code, mach_msg_type_number_t codeCnt, int *flavor, const thread_state_t old_state, mach_msg_type_number_t old_stateCnt, thread_state_t new_state, mach_msg_type_number_t *new_stateCnt);
kern_return_t exception_raise_state_identity(mach_port_t exception_port, mach_port_t thread, mach_port_t task, exception_type_t exception, exception_data_t code, mach_msg_type_number_t codeCnt, int *flavor, thread_state_t old_state, mach_msg_type_number_t old_stateCnt, thread_state_t new_state, mach_msg_type_number_t *new_stateCnt);

static const struct Id generated[] = { subsystem_to_name_map_exc };
static const struct Id published[] = {
	{"exception_raise", 2401},
	{"exception_raise_state", 2402},
	{"exception_raise_state_identity", 2403},
};
