/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/test-sema.h"

#define ASSERT_DATA(type, n_bytes, value)                                                          \
	do {                                                                                       \
		const Type *data = (type);                                                         \
                                                                                                   \
		ASSERT_EQ(data->kind, TYPE_DATA);                                                  \
		ASSERT_EQ(data->size, (n_bytes));                                                  \
		ASSERT_EQ((data->size + data->pad) % 4, 0);                                        \
		ASSERT_LT(data->pad, 4);                                                           \
		ASSERT_EQ(data->by_value, (value));                                                \
		ASSERT_FALSE(data->variable);                                                      \
	} while (0)

TEST(elementary_data_has_its_size)
{
	Analysis x;

	ANALYSE(&x, "type a = MACH_MSG_TYPE_CHAR; type b = MACH_MSG_TYPE_INTEGER_16;"
		    "type c = MACH_MSG_TYPE_INTEGER_64; type d = (MACH_MSG_TYPE_UNSTRUCTURED, 96);"
		    "type e = MACH_MSG_TYPE_REAL_64; type f = MACH_MSG_TYPE_PORT_NAME; type g = 9;"
		    "type h = MACH_MSG_TYPE_BOOLEAN;");
	ASSERT_DATA(type_of(&x, "a"), 1, true);
	ASSERT_EQ(type_of(&x, "a")->pad, 3);
	ASSERT_EQ(type_of(&x, "a")->limit, 1);
	ASSERT_DATA(type_of(&x, "b"), 2, true);
	ASSERT_DATA(type_of(&x, "c"), 8, true);
	ASSERT_DATA(type_of(&x, "d"), 12, true);
	ASSERT_DATA(type_of(&x, "e"), 8, true);
	ASSERT_DATA(type_of(&x, "f"), 4, true);
	ASSERT_EQ(type_of(&x, "f")->in, IPC_NAME_PORT_NAME);
	ASSERT_DATA(type_of(&x, "g"), 1, true);
	ASSERT_DATA(type_of(&x, "h"), 4, true);
	ASSERT_STREQ(type_of(&x, "h")->user_type, "h");
	analysis_deinit(&x);
}

TEST(rights_have_dispositions)
{
	Analysis x;
	const Type *t;

	ANALYSE(&x, "type a = MACH_MSG_TYPE_MAKE_SEND_ONCE; type b = polymorphic;"
		    "type c = MACH_MSG_TYPE_PORT_SEND;"
		    "type d = MACH_MSG_TYPE_MAKE_SEND | MACH_MSG_TYPE_POLYMORPHIC;");
	t = type_of(&x, "a");
	ASSERT_EQ(t->kind, TYPE_PORT);
	ASSERT_TRUE(t->by_value);
	ASSERT_EQ(t->in, IPC_NAME_MAKE_SEND_ONCE);
	ASSERT_EQ(t->out, IPC_NAME_MOVE_SEND_ONCE);
	ASSERT_EQ(t->element_size, 4);
	ASSERT_EQ(t->size, 0);
	t = type_of(&x, "b");
	ASSERT_EQ(t->in, IPC_NAME_POLYMORPHIC);
	ASSERT_EQ(t->out, IPC_NAME_POLYMORPHIC);
	t = type_of(&x, "c");
	ASSERT_EQ(t->in, IPC_NAME_POLYMORPHIC);
	ASSERT_EQ(t->out, IPC_NAME_MOVE_SEND);
	t = type_of(&x, "d");
	ASSERT_EQ(t->in, IPC_NAME_MAKE_SEND);
	ASSERT_EQ(t->out, IPC_NAME_POLYMORPHIC);
	analysis_deinit(&x);
}

TEST(fixed_data_nests)
{
	Analysis x;

	ANALYSE(&x, "type s = struct [3] of int; type a = array [2] of s; type b = array [5] of "
		    "array [2] of int;"
		    "type c = struct [2] of array [3] of MACH_MSG_TYPE_CHAR; type d = array [2] of "
		    "c_string [5];");
	ASSERT_DATA(type_of(&x, "s"), 12, true);
	ASSERT_EQ(type_of(&x, "s")->element_size, 12);
	ASSERT_NULL(type_of(&x, "s")->element);
	ASSERT_DATA(type_of(&x, "a"), 24, false);
	ASSERT_EQ(type_of(&x, "a")->limit, 2);
	ASSERT_EQ(type_of(&x, "a")->element_size, 12);
	ASSERT_PTR_EQ(type_of(&x, "a")->element, type_of(&x, "s"));
	ASSERT_DATA(type_of(&x, "b"), 40, false);
	ASSERT_EQ(type_of(&x, "b")->element_size, 8);
	ASSERT_NULL(type_of(&x, "b")->element->wire_type);
	ASSERT_DATA(type_of(&x, "c"), 6, true);
	ASSERT_EQ(type_of(&x, "c")->pad, 2);
	ASSERT_DATA(type_of(&x, "d"), 10, false);
	ASSERT_EQ(type_of(&x, "d")->element_size, 5);
	analysis_deinit(&x);
}

TEST(variable_arrays_are_inline_up_to_a_limit)
{
	Analysis x;
	const Type *t;

	ANALYSE(&x, "type a = array [*:5] of MACH_MSG_TYPE_BYTE; type s = struct [3] of int;"
		    "type b = array [*:7] of s; type c = array [*:2] of MACH_MSG_TYPE_INTEGER_64;");
	t = type_of(&x, "a");
	ASSERT_EQ(t->kind, TYPE_ARRAY);
	ASSERT_TRUE(t->variable);
	ASSERT_FALSE(t->by_value);
	ASSERT_EQ(t->limit, 5);
	ASSERT_EQ(t->size, 5);
	ASSERT_EQ(t->pad, 0);
	ASSERT_STREQ(t->element->wire_type, "uint8_t");
	t = type_of(&x, "b");
	ASSERT_EQ(t->element_size, 12);
	ASSERT_EQ(t->size, 84);
	ASSERT_STREQ(t->element->wire_type, "s");
	ASSERT_STREQ(type_of(&x, "c")->element->wire_type, "int64_t");
	analysis_deinit(&x);
}

TEST(strings_are_characters)
{
	Analysis x;
	const Type *t;

	ANALYSE(&x, "type a = c_string [5]; type b = c_string [*:33];");
	t = type_of(&x, "a");
	ASSERT_EQ(t->kind, TYPE_STRING);
	ASSERT_FALSE(t->variable || t->by_value);
	ASSERT_EQ(t->size, 5);
	ASSERT_EQ(t->pad, 3);
	ASSERT_EQ(t->element_size, 1);
	t = type_of(&x, "b");
	ASSERT_TRUE(t->variable);
	ASSERT_EQ(t->limit, 33);
	ASSERT_EQ(t->size, 33);
	ASSERT_STREQ(t->element->wire_type, "char");
	analysis_deinit(&x);
}

static void check_out_of_line(const Type *t, TypeKind kind, bool variable, uint32_t limit)
{
	ASSERT_EQ(t->kind, kind);
	ASSERT_EQ(t->variable, variable);
	ASSERT_EQ(t->limit, limit);
	ASSERT_EQ(t->size, 0);
	ASSERT_EQ(t->by_value, !t->inline_interface);
	ASSERT_NOT_NULL(t->element);
}

TEST(memory_goes_out_of_line)
{
	Analysis x;

	ANALYSE(&x,
		"type i = array [] of int; type a = array [*] of int; type b = ^ array [] of int;"
		"type c = ^ array [4] of int; type d = ^ array [*:9] of int; type s = ^ struct [3] "
		"of int;"
		"type e = ^ c_string [*:8]; type f = ^ int; type g = ^ i;");
	check_out_of_line(type_of(&x, "i"), TYPE_OOL, true, 0);
	ASSERT_TRUE(type_of(&x, "i")->inline_interface);
	check_out_of_line(type_of(&x, "a"), TYPE_OOL, true, 0);
	ASSERT_TRUE(type_of(&x, "a")->inline_interface);
	check_out_of_line(type_of(&x, "b"), TYPE_OOL, true, 0);
	ASSERT_FALSE(type_of(&x, "b")->inline_interface);
	check_out_of_line(type_of(&x, "c"), TYPE_OOL, false, 4);
	ASSERT_EQ(type_of(&x, "c")->element_size, 4);
	check_out_of_line(type_of(&x, "d"), TYPE_OOL, true, 9);
	check_out_of_line(type_of(&x, "s"), TYPE_OOL, false, 1);
	ASSERT_EQ(type_of(&x, "s")->element_size, 12);
	check_out_of_line(type_of(&x, "e"), TYPE_OOL, true, 8);
	ASSERT_EQ(type_of(&x, "e")->element_size, 1);
	check_out_of_line(type_of(&x, "f"), TYPE_OOL, false, 1);
	check_out_of_line(type_of(&x, "g"), TYPE_OOL, true, 0);
	ASSERT_FALSE(type_of(&x, "g")->inline_interface);
	analysis_deinit(&x);
}

TEST(arrays_of_rights)
{
	Analysis x;

	ANALYSE(&x, "type a = array [3] of mach_port_t; type b = array [*:4] of polymorphic;"
		    "type c = array [] of mach_port_t; type d = ^ array [] of mach_port_t;"
		    "type e = ^ array [2] of MACH_MSG_TYPE_MOVE_SEND; type f = ^ mach_port_t;");
	ASSERT_EQ(type_of(&x, "a")->kind, TYPE_PORT_ARRAY);
	ASSERT_FALSE(type_of(&x, "a")->variable || type_of(&x, "a")->by_value);
	ASSERT_EQ(type_of(&x, "a")->in, IPC_NAME_COPY_SEND);
	ASSERT_EQ(type_of(&x, "a")->out, IPC_NAME_MOVE_SEND);
	ASSERT_EQ(type_of(&x, "a")->element_size, 4);
	ASSERT_EQ(type_of(&x, "b")->kind, TYPE_PORT_ARRAY);
	ASSERT_TRUE(type_of(&x, "b")->variable);
	ASSERT_EQ(type_of(&x, "b")->in, IPC_NAME_POLYMORPHIC);
	ASSERT_STREQ(type_of(&x, "b")->element->wire_type, "mach_port_t");
	check_out_of_line(type_of(&x, "c"), TYPE_OOL_PORTS, true, 0);
	check_out_of_line(type_of(&x, "d"), TYPE_OOL_PORTS, true, 0);
	check_out_of_line(type_of(&x, "e"), TYPE_OOL_PORTS, false, 2);
	check_out_of_line(type_of(&x, "f"), TYPE_OOL_PORTS, false, 1);
	analysis_deinit(&x);
}

TEST(native_types_are_words)
{
	Analysis x;
	const Type *t;

	ANALYSE(&x, "type a = PointerTo(struct stat); type b = PointerToIfNot(int, NULL);"
		    "type c = ValueOf(unsigned long);");
	t = type_of(&x, "a");
	ASSERT_EQ(t->kind, TYPE_NATIVE);
	ASSERT_TRUE(t->native_pointer);
	ASSERT_STREQ(t->native_words, "struct stat");
	ASSERT_NULL(t->native_bad);
	ASSERT_STREQ(type_of(&x, "b")->native_bad, "NULL");
	ASSERT_FALSE(type_of(&x, "c")->native_pointer);
	ASSERT_TRUE(type_of(&x, "c")->by_value);
	analysis_deinit(&x);
}

static void check_names(const Type *t, const char *user, const char *server, const char *wire)
{
	ASSERT_STREQ(t->user_type, user);
	ASSERT_STREQ(t->server_type, server);
	ASSERT_STREQ(t->wire_type, wire);
}

TEST(names_in_c)
{
	Analysis x;

	ANALYSE(&x,
		"type a = int; type b = int ctype: B; type c = int cusertype: U;"
		"type d = int cservertype: S; type e = int ctype: B cusertype: U cservertype: S;");
	check_names(type_of(&x, "a"), "a", "a", "a");
	check_names(type_of(&x, "b"), "B", "B", "B");
	check_names(type_of(&x, "c"), "U", "c", "c");
	check_names(type_of(&x, "d"), "d", "S", "S");
	check_names(type_of(&x, "e"), "U", "S", "S");
	analysis_deinit(&x);
}

TEST(translations)
{
	Analysis x;

	ANALYSE(&x, "type a = mach_port_t intran: obj_t get(mach_port_t) outtran: mach_port_t "
		    "put(obj_t)"
		    " destructor: drop(obj_t);"
		    "type b = mach_port_t ctype: mach_port_t outtran: mach_port_t put(obj_t);"
		    "type c = mach_port_t destructor: drop(mach_port_t);");
	check_names(type_of(&x, "a"), "a", "obj_t", "mach_port_t");
	ASSERT_STREQ(type_of(&x, "a")->intran, "get");
	ASSERT_STREQ(type_of(&x, "a")->outtran, "put");
	ASSERT_STREQ(type_of(&x, "a")->destructor, "drop");
	check_names(type_of(&x, "b"), "mach_port_t", "obj_t", "mach_port_t");
	ASSERT_NULL(type_of(&x, "b")->intran);
	check_names(type_of(&x, "c"), "c", "mach_port_t", "mach_port_t");
	analysis_deinit(&x);
}

TEST(a_type_that_is_another_has_no_translations_of_it)
{
	Analysis x;

	ANALYSE(&x,
		"type a = mach_port_t intran: obj_t get(mach_port_t) destructor: drop(obj_t);"
		"type b = a; type c = a ctype: C; type d = a intran: other_t other(mach_port_t);"
		"type e = array [2] of a;");
	check_names(type_of(&x, "b"), "b", "b", "b");
	ASSERT_NULL(type_of(&x, "b")->intran);
	ASSERT_NULL(type_of(&x, "b")->destructor);
	check_names(type_of(&x, "c"), "C", "C", "C");
	check_names(type_of(&x, "d"), "d", "other_t", "mach_port_t");
	ASSERT_STREQ(type_of(&x, "d")->intran, "other");
	ASSERT_NULL(type_of(&x, "d")->destructor);
	check_names(type_of(&x, "e"), "e", "e", "e");
	ASSERT_NULL(type_of(&x, "e")->intran);
	analysis_deinit(&x);
}

TEST(names_that_contradict)
{
	EXPECT_ERROR("type a = int intran: X f(int) outtran: int g(Y);",
		"test.defs:2:46: error: the type that the server sees is 'Y' here and 'X' before",
		"test.defs:2:22: note: ");
	EXPECT_ERROR("type a = int intran: X f(int) outtran: long_t g(X);",
		"the type in the message is 'long_t' here and 'int' before");
	EXPECT_ERROR("type a = int intran: X f(int) destructor: g(Y);", "the server sees is 'Y'");
	EXPECT_ERROR("type a = int intran: X f(int) cservertype: Y;", "the server sees is 'Y'");
	EXPECT_ERROR("type a = int ctype: X ctype: Y;", "ctype is 'Y' here");
	EXPECT_ERROR("type a = int cusertype: X cusertype: Y;", "cusertype is 'Y' here");
	EXPECT_ERROR("type a = int cservertype: X cservertype: Y;", "cservertype is 'Y' here");
	EXPECT_ERROR("type a = int intran: X f(int) intran: X g(int);", "intran is 'g' here");
	EXPECT_ERROR("type a = int outtran: int f(X) outtran: int g(X);", "outtran is 'g' here");
	EXPECT_ERROR("type a = int destructor: f(X) destructor: g(X);", "destructor is 'g' here");
	EXPECT_ERROR("type a = ValueOf(int) ctype: X;", "a native type names its C type itself");
}

TEST(elementary_types_that_are_none)
{
	EXPECT_ERROR(
		"type a = MACH_MSG_TYPE_UNSTRUCTURED;", "write (MACH_MSG_TYPE_UNSTRUCTURED, BITS)");
	EXPECT_ERROR("type a = MACH_MSG_TYPE_STRING;", "write c_string[N]");
	EXPECT_ERROR("type a = (MACH_MSG_TYPE_BYTE, 12);", "12 is not a size in bits");
	EXPECT_ERROR("type a = (MACH_MSG_TYPE_UNSTRUCTURED, 0);", "0 is not a size in bits");
	EXPECT_ERROR("type a = (MACH_MSG_TYPE_COPY_SEND, 64);", "a right has 32 bits");
	EXPECT_ERROR("type a = MACH_MSG_TYPE_COPY_SEND | MACH_MSG_TYPE_BYTE;",
		"a right cannot arrive as data");
	EXPECT_WARNING(
		"type a = (MACH_MSG_TYPE_INTEGER_32, 64);", "has 32 bits; it is taken as 64");
}

TEST(counts_that_are_none)
{
	EXPECT_ERROR(
		"type a = array [0] of int;", "test.defs:2:17: error: a count of 0 makes no type");
	EXPECT_ERROR("type a = struct [0] of int;", "a count of 0");
	EXPECT_ERROR("type a = c_string [*:0];", "a count of 0");
	EXPECT_ERROR("type a = array [1-2] of int;", "a count of -1");
	EXPECT_ERROR("type a = array [268435456] of int;",
		"268435456 elements of 4 bytes are too large");
	EXPECT_ERROR("type a = array [65536] of struct [65536] of int;",
		"65536 elements of 262144 bytes");
	EXPECT_ERROR(
		"type a = c_string [1073741824];", "1073741824 elements of 1 bytes are too large");
	EXPECT_ERROR("type a = array [268435456] of mach_port_t;", "are too large");
}

TEST(constructors_that_do_not_fit)
{
	EXPECT_ERROR("type a = array [2] of array [*:3] of int;", "write [N] instead of [*:N]");
	EXPECT_ERROR("type a = array [2] of c_string [*:3];", "write [N] instead of [*:N]");
	EXPECT_ERROR("type a = array [2] of array [] of int;", "write ^ before the array instead");
	EXPECT_ERROR("type a = array [2] of ^ int;", "an array of memory out of line");
	EXPECT_ERROR(
		"type a = array [2] of array [3] of mach_port_t;", "an array of arrays of rights");
	EXPECT_ERROR(
		"type a = array [2] of ^ array [] of mach_port_t;", "an array of arrays of rights");
	EXPECT_ERROR(
		"type a = array [2] of ValueOf(int);", "write the native type of the whole array");
	EXPECT_ERROR("type a = struct [2] of mach_port_t;", "write array[N] for rights");
	EXPECT_ERROR("type a = struct [2] of ^ int;", "write arguments of their own");
	EXPECT_ERROR("type a = struct [2] of array [*:2] of int;",
		"a struct holds data of a fixed size");
	EXPECT_ERROR("type a = ^ ^ int;", "memory out of line cannot hold pointers");
	EXPECT_ERROR("type a = ^ PointerTo(int);", "a native type cannot travel out of line");
	EXPECT_ERROR("type a = array [*:2] of struct [3] of int;",
		"the elements of this array have no name");
	EXPECT_ERROR("type a = array [*:2] of array [3] of int;",
		"the elements of this array have no name");
}

TEST(types_that_are_not_there)
{
	/* Once for each name; and not for what was wrong already. */
	EXPECT_ERROR("type a = nosuch_t; type b = nosuch_t; type c = array [2] of a;",
		"test.defs:2:10: error: type 'nosuch_t' is not declared; declare it");
	EXPECT_ERRORS(
		2, "type a = array [2] of one_t;\ntype b = ^ two_t;", "'one_t'", "test.defs:3:12");
	EXPECT_ERROR("routine r(p : nosuch_t);", "test.defs:2:15: error: type 'nosuch_t'");
}

TEST(a_second_declaration_says_the_same)
{
	Analysis x;

	EXPECT_ERROR("type a = int;\ntype a = mach_port_t;",
		"test.defs:3:6: error: type 'a' is declared again, and not the same",
		"test.defs:2:6: note: the first declaration is here");
	EXPECT_ERROR("type a = int; type a = int ctype: X;", "is declared again");
	EXPECT_ERROR(
		"type a = array[*:2] of int; type a = array[*:3] of int;", "is declared again");
	ANALYSE(&x, "type a = array [*:2] of int; type a = array [*:2] of int; type int = 2;");
	ASSERT_EQ(x.interface->n_types, 3);
	analysis_deinit(&x);
}

TEST(names_of_types_are_names_in_c)
{
	Analysis x;

	EXPECT_ERROR("type struct = int;", "a word of the language");
	EXPECT_ERROR("type return = int;",
		"test.defs:2:6: error: 'return' is a word of C; choose another");
	ANALYSE(&x, "type unsigned = MACH_MSG_TYPE_INTEGER_32; type char = MACH_MSG_TYPE_CHAR;");
	analysis_deinit(&x);
}
