/* SPDX-License-Identifier: Apache-2.0 */
/* What the server has to write, and what it calls. */
kern_return_t catch_mach_exception_raise(mach_port_t exception_port, mach_port_t thread, mach_port_t task, exception_type_t exception, mach_exception_data_t code, mach_msg_type_number_t codeCnt);
kern_return_t catch_mach_exception_raise_state(mach_port_t exception_port, exception_type_t exception, mach_exception_data_t code, mach_msg_type_number_t codeCnt, int *flavor, thread_state_t old_state, mach_msg_type_number_t old_stateCnt, thread_state_t new_state, mach_msg_type_number_t *new_stateCnt);
kern_return_t catch_mach_exception_raise_state_identity(mach_port_t exception_port, mach_port_t thread, mach_port_t task, exception_type_t exception, mach_exception_data_t code, mach_msg_type_number_t codeCnt, int *flavor, thread_state_t old_state, mach_msg_type_number_t old_stateCnt, thread_state_t new_state, mach_msg_type_number_t *new_stateCnt);
#if defined(MACH_EXC_SERVER_TASKIDTOKEN)
kern_return_t catch_mach_exception_raise_identity_protected(mach_port_t exception_port, uint64_t thread_id, mach_port_t task_id_token, exception_type_t exception, mach_exception_data_t code, mach_msg_type_number_t codeCnt);
#endif
#if defined(MACH_EXC_SERVER_TASKIDTOKEN_STATE)
kern_return_t catch_mach_exception_raise_state_identity_protected(mach_port_t exception_port, uint64_t thread_id, mach_port_t task_id_token, exception_type_t exception, mach_exception_data_t code, mach_msg_type_number_t codeCnt, int *flavor, thread_state_t old_state, mach_msg_type_number_t old_stateCnt, thread_state_t new_state, mach_msg_type_number_t *new_stateCnt);
#endif
boolean_t mach_exc_server(mach_msg_header_t *in, mach_msg_header_t *out);
mig_routine_t mach_exc_server_routine(mach_msg_header_t *in);
