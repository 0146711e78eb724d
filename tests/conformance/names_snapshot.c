/* SPDX-License-Identifier: Apache-2.0 */
/* The routines that list names: mach_port_names, _get_set_status, _space_info, _space_basic_info. */
#include "tests/conformance/conformance.h"

typedef struct Snapshot {
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t n_names, n_types;
} Snapshot;

static Snapshot snapshot_take(void)
{
	Snapshot snapshot = {0};

	ASSERT_EQ(mach_port_names(SELF, &snapshot.names, &snapshot.n_names, &snapshot.types,
			  &snapshot.n_types),
		KERN_SUCCESS);
	ASSERT_EQ(snapshot.n_names, snapshot.n_types);
	return snapshot;
}

static void snapshot_drop(Snapshot *snapshot)
{
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)snapshot->names,
			  snapshot->n_names * sizeof(*snapshot->names)),
		KERN_SUCCESS);
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)snapshot->types,
			  snapshot->n_types * sizeof(*snapshot->types)),
		KERN_SUCCESS);
}

/* What the snapshot says that a name denotes; 0 if the name is not in it. */
static mach_port_type_t snapshot_find(const Snapshot *snapshot, mach_port_name_t name)
{
	mach_port_type_t type = 0;
	unsigned found = 0;

	for (mach_msg_type_number_t i = 0; i < snapshot->n_names; i++) {
		if (snapshot->names[i] == name) {
			type = snapshot->types[i];
			found++;
		}
	}
	ASSERT_LE(found, 1);
	return type;
}

RULE(names_lists_every_kind_of_right)
{
	mach_port_t receive = make_receive(), both = make_send_receive(), set = make_set();
	mach_port_t dead = make_dead_name(), once = make_send_once(receive);
	mach_port_t send = make_send_receive(), park = park_receive(send);
	Snapshot snapshot = snapshot_take();

	ASSERT_EQ(snapshot_find(&snapshot, receive), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(snapshot_find(&snapshot, both), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(snapshot_find(&snapshot, send), MACH_PORT_TYPE_SEND);
	ASSERT_EQ(snapshot_find(&snapshot, set), MACH_PORT_TYPE_PORT_SET);
	ASSERT_EQ(snapshot_find(&snapshot, dead), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(snapshot_find(&snapshot, once), MACH_PORT_TYPE_SEND_ONCE);
	ASSERT_TRUE(snapshot_find(&snapshot, SELF) & MACH_PORT_TYPE_SEND);
	snapshot_drop(&snapshot);
	destroy(receive);
	destroy(once);
	destroy(both);
	destroy(send);
	destroy(park);
	destroy(set);
	destroy(dead);
}

RULE(names_and_type_agree)
{
	mach_port_t port = make_send_receive(), dead = make_dead_name();
	Snapshot snapshot = snapshot_take();

	for (mach_msg_type_number_t i = 0; i < snapshot.n_names; i++)
		ASSERT_EQ(type_of(snapshot.names[i]), snapshot.types[i]);
	snapshot_drop(&snapshot);
	destroy(port);
	destroy(dead);
}

RULE(names_of_freed_rights_are_not_listed)
{
	mach_port_t stale = make_stale();
	Snapshot snapshot = snapshot_take();

	ASSERT_EQ(snapshot_find(&snapshot, stale), 0);
	snapshot_drop(&snapshot);
}

RULE(names_grows_by_what_is_allocated)
{
	enum { N = 1500 };
	static mach_port_t names[N];
	Snapshot snapshot = snapshot_take();
	unsigned before = snapshot.n_names;

	snapshot_drop(&snapshot);
	for (unsigned i = 0; i < N; i++)
		names[i] = make_receive();
	snapshot = snapshot_take();
	ASSERT_EQ(snapshot.n_names, before + N);
	for (unsigned i = 0; i < N; i += 100)
		ASSERT_EQ(snapshot_find(&snapshot, names[i]), MACH_PORT_TYPE_RECEIVE);
	snapshot_drop(&snapshot);
	for (unsigned i = 0; i < N; i++)
		drop_receive(names[i]);
}

RULE(names_arrays_are_the_callers_own_memory)
{
	Snapshot first = snapshot_take(), second = snapshot_take();

	ASSERT_TRUE(first.names != second.names);
	ASSERT_TRUE(first.types != second.types);
	memset(first.names, 0xff, first.n_names * sizeof(*first.names));
	memset(first.types, 0xff, first.n_types * sizeof(*first.types));
	ASSERT_TRUE(snapshot_find(&second, SELF) & MACH_PORT_TYPE_SEND);
	snapshot_drop(&first);
	snapshot_drop(&second);
}

RULE(type_tells_of_a_dead_name_request)
{
	mach_port_t name = make_send_receive(), notify = make_receive(), previous;
	Snapshot snapshot;

	request_new(name, MACH_NOTIFY_DEAD_NAME, 0, notify);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_RECEIVE | MACH_PORT_TYPE_DNREQUEST);
	snapshot = snapshot_take();
	ASSERT_EQ(snapshot_find(&snapshot, name),
		MACH_PORT_TYPE_SEND_RECEIVE | MACH_PORT_TYPE_DNREQUEST);
	snapshot_drop(&snapshot);
	ASSERT_EQ(request(name, MACH_NOTIFY_DEAD_NAME, 0, MACH_PORT_NULL, &previous), KERN_SUCCESS);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_RECEIVE);
	destroy(previous);
	destroy(name);
	destroy(notify);
}

RULE(type_tells_of_a_send_possible_request)
{
	mach_port_t name = make_send_receive(), notify = make_receive(), previous;

	ASSERT_EQ(set_qlimit(name, 1), KERN_SUCCESS);
	fill_queue(name);
	request_new(name, MACH_NOTIFY_SEND_POSSIBLE, 1, notify);
	ASSERT_TRUE(type_of(name) & MACH_PORT_TYPE_SPREQUEST);
	ASSERT_EQ(request(name, MACH_NOTIFY_SEND_POSSIBLE, 0, notify, &previous), KERN_SUCCESS);
	ASSERT_TRUE(type_of(name) & MACH_PORT_TYPE_SPREQUEST_DELAYED);
	destroy(previous);
	destroy(name);
	destroy(notify);
}

/* --- get_set_status --- */

RULE(set_status_lists_the_members)
{
	mach_port_t set = make_set(), ports[5];
	mach_port_name_array_t members = NULL;
	mach_msg_type_number_t count = 99;

	for (unsigned i = 0; i < 5; i++) {
		ports[i] = make_receive();
		ASSERT_EQ(mach_port_insert_member(SELF, ports[i], set), KERN_SUCCESS);
	}
	ASSERT_EQ(mach_port_get_set_status(SELF, set, &members, &count), KERN_SUCCESS);
	ASSERT_EQ(count, 5);
	for (unsigned i = 0; i < 5; i++) {
		unsigned found = 0;

		for (unsigned j = 0; j < 5; j++)
			found += members[j] == ports[i];
		ASSERT_EQ(found, 1);
	}
	ASSERT_EQ(
		vm_deallocate(SELF, (vm_address_t)members, count * sizeof(*members)), KERN_SUCCESS);
	for (unsigned i = 0; i < 5; i++)
		drop_receive(ports[i]);
	drop_set(set);
}

RULE(set_status_of_an_empty_set_is_empty)
{
	mach_port_t set = make_set();
	mach_port_name_array_t members = NULL;
	mach_msg_type_number_t count = 99;

	ASSERT_EQ(mach_port_get_set_status(SELF, set, &members, &count), KERN_SUCCESS);
	ASSERT_EQ(count, 0);
	drop_set(set);
}

RULE(set_status_forgets_members_that_died)
{
	mach_port_t set = make_set(), port = make_receive();
	mach_port_name_array_t members = NULL;
	mach_msg_type_number_t count = 99;

	ASSERT_EQ(mach_port_insert_member(SELF, port, set), KERN_SUCCESS);
	drop_receive(port);
	ASSERT_EQ(mach_port_get_set_status(SELF, set, &members, &count), KERN_SUCCESS);
	ASSERT_EQ(count, 0);
	drop_set(set);
}

RULE(set_status_of_what_is_no_set_is_an_error)
{
	mach_port_t port = make_receive();
	mach_port_name_array_t members = NULL;
	mach_msg_type_number_t count = 99;

	ASSERT_EQ(mach_port_get_set_status(SELF, port, &members, &count), KERN_INVALID_RIGHT);
	ASSERT_EQ(
		mach_port_get_set_status(SELF, make_stale(), &members, &count), KERN_INVALID_NAME);
	ASSERT_EQ(mach_port_get_set_status(SELF, MACH_PORT_NULL, &members, &count),
		KERN_INVALID_RIGHT);
	ASSERT_EQ(mach_port_get_set_status(SELF, MACH_PORT_DEAD, &members, &count),
		KERN_INVALID_RIGHT);
	ASSERT_NULL(members);
	ASSERT_EQ(count, 99);
	drop_receive(port);
}

/* --- space_info --- */

typedef struct Space {
	ipc_info_space_t info;
	ipc_info_name_array_t table;
	mach_msg_type_number_t n_table;
} Space;

static Space space_take(void)
{
	Space space = {0};
	ipc_info_tree_name_array_t tree = NULL;
	mach_msg_type_number_t n_tree = 99;

	ASSERT_EQ(mach_port_space_info(
			  SELF, &space.info, &space.table, &space.n_table, &tree, &n_tree),
		KERN_SUCCESS);
	ASSERT_EQ(n_tree, 0);
	ASSERT_NULL(tree);
	return space;
}

static void space_drop(Space *space)
{
	ASSERT_EQ(vm_deallocate(
			  SELF, (vm_address_t)space->table, space->n_table * sizeof(*space->table)),
		KERN_SUCCESS);
}

static const ipc_info_name_t *space_entry(const Space *space, mach_port_name_t name)
{
	for (mach_msg_type_number_t i = 0; i < space->n_table; i++)
		if (space->table[i].iin_name == name && space->table[i].iin_type)
			return &space->table[i];
	FAIL("%#x is not in the table", name);
}

RULE(space_info_tells_names_types_and_references)
{
	mach_port_t port = make_receive(), dead = make_dead_name(), set = make_set();
	Space space;

	add_sends(port, 3);
	space = space_take();
	ASSERT_EQ(space_entry(&space, port)->iin_type, MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(space_entry(&space, port)->iin_urefs, 3);
	ASSERT_EQ(space_entry(&space, dead)->iin_type, MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(space_entry(&space, dead)->iin_urefs, 1);
	ASSERT_EQ(space_entry(&space, set)->iin_type, MACH_PORT_TYPE_PORT_SET);
	space_drop(&space);
	destroy(port);
	destroy(dead);
	destroy(set);
}

RULE(space_info_tells_ports_apart)
{
	mach_port_t port = make_receive(), other = make_receive(), once = make_send_once(port);
	Space space = space_take();

	ASSERT_EQ(space_entry(&space, port)->iin_object, space_entry(&space, once)->iin_object);
	ASSERT_NE(space_entry(&space, port)->iin_object, space_entry(&space, other)->iin_object);
	space_drop(&space);
	destroy(port);
	destroy(once);
	destroy(other);
}

RULE(space_basic_info_counts_the_names_in_use)
{
	mach_port_t ports[10];
	ipc_info_space_basic_t before, after;

	ASSERT_EQ(mach_port_space_basic_info(SELF, &before), KERN_SUCCESS);
	for (unsigned i = 0; i < 10; i++)
		ports[i] = make_receive();
	ASSERT_EQ(mach_port_space_basic_info(SELF, &after), KERN_SUCCESS);
	ASSERT_EQ(after.iisb_table_inuse, before.iisb_table_inuse + 10);
	ASSERT_GE(after.iisb_table_size, after.iisb_table_inuse);
	for (unsigned i = 0; i < 10; i++)
		drop_receive(ports[i]);
	ASSERT_EQ(mach_port_space_basic_info(SELF, &after), KERN_SUCCESS);
	ASSERT_EQ(after.iisb_table_inuse, before.iisb_table_inuse);
}
