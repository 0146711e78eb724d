/* SPDX-License-Identifier: Apache-2.0 */
/* The public prototypes, and the message ids. */
kern_return_t mach_exception_raise(mach_port_t exception_port, mach_port_t thread, mach_port_t task, exception_type_t exception, mach_exception_data_t code, mach_msg_type_number_t codeCnt);
kern_return_t mach_exception_raise_state(mach_port_t exception_port, exception_type_t exception, const mach_exception_data_t code, mach_msg_type_number_t codeCnt, int *flavor, const thread_state_t old_state, mach_msg_type_number_t old_stateCnt, thread_state_t new_state, mach_msg_type_number_t *new_stateCnt);
kern_return_t mach_exception_raise_state_identity(mach_port_t exception_port, mach_port_t thread, mach_port_t task, exception_type_t exception, mach_exception_data_t code, mach_msg_type_number_t codeCnt, int *flavor, thread_state_t old_state, mach_msg_type_number_t old_stateCnt, thread_state_t new_state, mach_msg_type_number_t *new_stateCnt);
#if defined(MACH_EXC_SERVER_TASKIDTOKEN)
kern_return_t mach_exception_raise_identity_protected(mach_port_t exception_port, uint64_t thread_id, mach_port_t task_id_token, exception_type_t exception, mach_exception_data_t code, mach_msg_type_number_t codeCnt);
#endif
#if defined(MACH_EXC_SERVER_TASKIDTOKEN_STATE)
kern_return_t mach_exception_raise_state_identity_protected(mach_port_t exception_port, uint64_t thread_id, mach_port_t task_id_token, exception_type_t exception, mach_exception_data_t code, mach_msg_type_number_t codeCnt, int *flavor, thread_state_t old_state, mach_msg_type_number_t old_stateCnt, thread_state_t new_state, mach_msg_type_number_t *new_stateCnt);
#endif

static const struct Id generated[] = { subsystem_to_name_map_mach_exc };
static const struct Id published[] = {
	{"mach_exception_raise", 2405},
	{"mach_exception_raise_state", 2406},
	{"mach_exception_raise_state_identity", 2407},
#if defined(MACH_EXC_SERVER_TASKIDTOKEN)
	{"mach_exception_raise_identity_protected", 2408},
#endif
#if defined(MACH_EXC_SERVER_TASKIDTOKEN_STATE)
	{"mach_exception_raise_state_identity_protected", 2410},
#endif
};
