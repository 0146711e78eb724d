/* SPDX-License-Identifier: Apache-2.0 */
/* The public prototypes, and the message ids. */
kern_return_t task_create(task_t target_task, ledger_array_t ledgers, mach_msg_type_number_t ledgersCnt, boolean_t inherit_memory, task_t *child_task);
kern_return_t task_terminate(task_t target_task);
kern_return_t task_threads(task_inspect_t target_task, thread_act_array_t *act_list, mach_msg_type_number_t *act_listCnt);
kern_return_t mach_ports_register(task_t target_task, mach_port_array_t init_port_set, mach_msg_type_number_t init_port_setCnt);
kern_return_t mach_ports_lookup(task_t target_task, mach_port_array_t *init_port_set, mach_msg_type_number_t *init_port_setCnt);
kern_return_t task_info(task_name_t target_task, task_flavor_t flavor, task_info_t task_info_out, mach_msg_type_number_t *task_info_outCnt);
kern_return_t task_set_info(task_t target_task, task_flavor_t flavor, task_info_t task_info_in, mach_msg_type_number_t task_info_inCnt);
kern_return_t task_suspend(task_read_t target_task);
kern_return_t task_resume(task_read_t target_task);
kern_return_t task_get_special_port(task_inspect_t task, int which_port, mach_port_t *special_port);
kern_return_t task_set_special_port(task_t task, int which_port, mach_port_t special_port);
kern_return_t thread_create(task_t parent_task, thread_act_t *child_act);
kern_return_t thread_create_running(task_t parent_task, thread_state_flavor_t flavor, thread_state_t new_state, mach_msg_type_number_t new_stateCnt, thread_act_t *child_act);
kern_return_t task_set_exception_ports(task_t task, exception_mask_t exception_mask, mach_port_t new_port, exception_behavior_t behavior, thread_state_flavor_t new_flavor);
kern_return_t task_get_exception_ports(task_t task, exception_mask_t exception_mask, exception_mask_array_t masks, mach_msg_type_number_t *masksCnt, exception_handler_array_t old_handlers, exception_behavior_array_t old_behaviors, exception_flavor_array_t old_flavors);
kern_return_t task_swap_exception_ports(task_t task, exception_mask_t exception_mask, mach_port_t new_port, exception_behavior_t behavior, thread_state_flavor_t new_flavor, exception_mask_array_t masks, mach_msg_type_number_t *masksCnt, exception_handler_array_t old_handlers, exception_behavior_array_t old_behaviors, exception_flavor_array_t old_flavors);
kern_return_t lock_set_create(task_t task, lock_set_t *new_lock_set, int n_ulocks, int policy);
kern_return_t lock_set_destroy(task_t task, lock_set_t lock_set);
kern_return_t semaphore_create(task_t task, semaphore_t *semaphore, int policy, int value);
kern_return_t semaphore_destroy(task_t task, semaphore_t semaphore);
kern_return_t task_policy_set(task_policy_set_t task, task_policy_flavor_t flavor, task_policy_t policy_info, mach_msg_type_number_t policy_infoCnt);
kern_return_t task_policy_get(task_policy_get_t task, task_policy_flavor_t flavor, task_policy_t policy_info, mach_msg_type_number_t *policy_infoCnt, boolean_t *get_default);
kern_return_t task_sample(task_t task, mach_port_t reply);
kern_return_t task_policy(task_t task, policy_t policy, policy_base_t base, mach_msg_type_number_t baseCnt, boolean_t set_limit, boolean_t change);
kern_return_t task_set_emulation(task_t target_port, vm_address_t routine_entry_pt, int routine_number);
kern_return_t task_set_ras_pc(task_t target_task, vm_address_t basepc, vm_address_t boundspc);
kern_return_t task_assign(task_t task, processor_set_t new_set, boolean_t assign_threads);
kern_return_t task_assign_default(task_t task, boolean_t assign_threads);
kern_return_t task_get_assignment(task_inspect_t task, processor_set_name_t *assigned_set);
kern_return_t task_set_policy(task_t task, processor_set_t pset, policy_t policy, policy_base_t base, mach_msg_type_number_t baseCnt, policy_limit_t limit, mach_msg_type_number_t limitCnt, boolean_t change);
kern_return_t task_get_state(task_read_t task, thread_state_flavor_t flavor, thread_state_t old_state, mach_msg_type_number_t *old_stateCnt);
kern_return_t task_set_state(task_t task, thread_state_flavor_t flavor, thread_state_t new_state, mach_msg_type_number_t new_stateCnt);
kern_return_t task_set_phys_footprint_limit(task_t task, int new_limit, int *old_limit);
kern_return_t task_suspend2(task_read_t target_task, task_suspension_token_t *suspend_token);
kern_return_t task_resume2(task_suspension_token_t suspend_token);
kern_return_t task_purgable_info(task_inspect_t task, task_purgable_info_t *stats);
kern_return_t task_get_mach_voucher(task_read_t task, mach_voucher_selector_t which, ipc_voucher_t *voucher);
kern_return_t task_set_mach_voucher(task_t task, ipc_voucher_t voucher);
kern_return_t task_swap_mach_voucher(task_t task, ipc_voucher_t new_voucher, ipc_voucher_t *old_voucher);
kern_return_t task_generate_corpse(task_read_t task, mach_port_t *corpse_task_port);
kern_return_t task_map_corpse_info(task_t task, task_read_t corspe_task, vm_address_t *kcd_addr_begin, uint32_t *kcd_size);
kern_return_t task_map_corpse_info_64(task_t task, task_read_t corspe_task, mach_vm_address_t *kcd_addr_begin, mach_vm_size_t *kcd_size);
kern_return_t task_inspect(task_inspect_t task, task_inspect_flavor_t flavor, task_inspect_info_t info_out, mach_msg_type_number_t *info_outCnt);
kern_return_t task_get_exc_guard_behavior(task_inspect_t task, task_exc_guard_behavior_t *behavior);
kern_return_t task_set_exc_guard_behavior(task_t task, task_exc_guard_behavior_t behavior);
kern_return_t task_create_identity_token(task_t task, task_id_token_t *token);
kern_return_t task_identity_token_get_task_port(task_id_token_t token, task_flavor_t flavor, mach_port_t *task_port);
kern_return_t task_get_exception_ports_info(mach_port_t port, exception_mask_t exception_mask, exception_mask_array_t masks, mach_msg_type_number_t *masksCnt, exception_handler_info_array_t old_handlers_info, exception_behavior_array_t old_behaviors, exception_flavor_array_t old_flavors);
kern_return_t task_test_sync_upcall(task_t task, mach_port_t port);
kern_return_t task_set_corpse_forking_behavior(task_t task, task_corpse_forking_behavior_t behavior);
kern_return_t task_test_async_upcall_propagation(task_t task, mach_port_t port, int qos, int iotier);
kern_return_t task_map_kcdata_object_64(task_t task, kcdata_object_t kcdata_object, mach_vm_address_t *kcd_addr_begin, mach_vm_size_t *kcd_size);
kern_return_t task_register_hardened_exception_handler(task_t task, uint32_t signed_pc_key, exception_mask_t exceptions_allowed, exception_behavior_t behaviors_allowed, thread_state_flavor_t flavors_allowed, mach_port_t new_exception_port);

static const struct Id generated[] = { subsystem_to_name_map_task };
static const struct Id published[] = {
	{"task_create", 3400},
	{"task_terminate", 3401},
	{"task_threads", 3402},
	{"mach_ports_register", 3403},
	{"mach_ports_lookup", 3404},
	{"task_info", 3405},
	{"task_set_info", 3406},
	{"task_suspend", 3407},
	{"task_resume", 3408},
	{"task_get_special_port", 3409},
	{"task_set_special_port", 3410},
	{"thread_create", 3411},
	{"thread_create_running", 3412},
	{"task_set_exception_ports", 3413},
	{"task_get_exception_ports", 3414},
	{"task_swap_exception_ports", 3415},
	{"lock_set_create", 3416},
	{"lock_set_destroy", 3417},
	{"semaphore_create", 3418},
	{"semaphore_destroy", 3419},
	{"task_policy_set", 3420},
	{"task_policy_get", 3421},
	{"task_sample", 3422},
	{"task_policy", 3423},
	{"task_set_emulation", 3424},
	{"task_set_ras_pc", 3427},
	{"task_assign", 3429},
	{"task_assign_default", 3430},
	{"task_get_assignment", 3431},
	{"task_set_policy", 3432},
	{"task_get_state", 3433},
	{"task_set_state", 3434},
	{"task_set_phys_footprint_limit", 3435},
	{"task_suspend2", 3436},
	{"task_resume2", 3437},
	{"task_purgable_info", 3438},
	{"task_get_mach_voucher", 3439},
	{"task_set_mach_voucher", 3440},
	{"task_swap_mach_voucher", 3441},
	{"task_generate_corpse", 3442},
	{"task_map_corpse_info", 3443},
	{"task_map_corpse_info_64", 3450},
	{"task_inspect", 3451},
	{"task_get_exc_guard_behavior", 3452},
	{"task_set_exc_guard_behavior", 3453},
	{"task_create_identity_token", 3457},
	{"task_identity_token_get_task_port", 3458},
	{"task_get_exception_ports_info", 3460},
	{"task_test_sync_upcall", 3461},
	{"task_set_corpse_forking_behavior", 3462},
	{"task_test_async_upcall_propagation", 3463},
	{"task_map_kcdata_object_64", 3464},
	{"task_register_hardened_exception_handler", 3465},
};
