/* SPDX-License-Identifier: Apache-2.0 */
/* What generated client and server code is made of. */
#ifndef _MACH_MIG_H_
#define _MACH_MIG_H_

#include <stdint.h>
#include <mach/message.h>
#include <mach/port.h>
#include <mach/vm_types.h>

/* Generated code checks the types of what it receives. */
#ifndef __MigTypeCheck
#ifdef TypeCheck
#define __MigTypeCheck TypeCheck
#else
#define __MigTypeCheck 1
#endif
#endif

/* Its structures are packed to four bytes. */
#define __MigPackStructs 1

/* Unpacks a request, calls the routine, packs the answer. */
typedef void (*mig_stub_routine_t)(mach_msg_header_t *InHeadP, mach_msg_header_t *OutHeadP);
typedef mig_stub_routine_t mig_routine_t;

/* Finds the stub for a request. */
typedef mig_routine_t (*mig_server_routine_t)(mach_msg_header_t *InHeadP);

/* A routine, whatever its arguments. */
typedef kern_return_t (*mig_impl_routine_t)(void);

typedef mach_msg_type_descriptor_t routine_arg_descriptor;
typedef mach_msg_type_descriptor_t *routine_arg_descriptor_t;
typedef mach_msg_type_descriptor_t *mig_routine_arg_descriptor_t;

#define MIG_ROUTINE_ARG_DESCRIPTOR_NULL ((mig_routine_arg_descriptor_t)0)

struct routine_descriptor {
	mig_impl_routine_t impl_routine;
	mig_stub_routine_t stub_routine;
	unsigned int argc; /* words of arguments */
	unsigned int descr_count; /* descriptors in the request */
	routine_arg_descriptor_t arg_descr;
	unsigned int max_reply_msg; /* size of the largest answer */
};
typedef struct routine_descriptor *routine_descriptor_t;
typedef struct routine_descriptor mig_routine_descriptor;
typedef mig_routine_descriptor *mig_routine_descriptor_t;

#define MIG_ROUTINE_DESCRIPTOR_NULL ((mig_routine_descriptor_t)0)

typedef struct mig_subsystem {
	mig_server_routine_t server;
	mach_msg_id_t start; /* first message id */
	mach_msg_id_t end; /* last message id + 1 */
	mach_msg_size_t maxsize; /* size of the largest answer */
	vm_address_t reserved;
	mig_routine_descriptor routine[1]; /* end - start of them */
} * mig_subsystem_t;

#define MIG_SUBSYSTEM_NULL ((mig_subsystem_t)0)

typedef struct mig_symtab {
	char *ms_routine_name;
	int ms_routine_number;
	void (*ms_routine)(void);
} mig_symtab_t;

#if defined(__has_attribute)
#if __has_attribute(mig_server_routine)
#define MIG_SERVER_ROUTINE __attribute__((mig_server_routine))
#endif
#endif
#ifndef MIG_SERVER_ROUTINE
#define MIG_SERVER_ROUTINE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The calling thread's reply port: a receive right that lasts until the thread ends or the port is
 * deallocated, made on first use and made anew in a fork child. The caller borrows the name.
 * MACH_PORT_NULL if none could be made.
 */
mach_port_t mig_get_reply_port(void);

/*
 * Destroy the calling thread's reply port, because an answer to something else may still come to
 * it. The next mig_get_reply_port() makes another. A port that is not the thread's own is left
 * alone.
 */
void mig_dealloc_reply_port(mach_port_t reply_port);

/* Give a reply port back after a call that went well. It is kept for the next call. */
void mig_put_reply_port(mach_port_t reply_port);

/*
 * Copy a string into a buffer of len bytes, cutting it if it is too long and ending it with a NUL
 * in any case (len > 0). Returns the bytes written, the NUL counted; 0 if len is not positive.
 */
int mig_strncpy(char *dest, const char *src, int len);

/* The same, and fills the rest of the buffer with zeros: no stale bytes go into a message. */
int mig_strncpy_zerofill(char *dest, const char *src, int len);

/*
 * Memory for arrays that a server returns out of line: *address is 0 if there is none. To be
 * released with mig_deallocate() or vm_deallocate(), or moved into a message.
 */
void mig_allocate(vm_address_t *address, vm_size_t size);

/* Release what mig_allocate() gave. */
void mig_deallocate(vm_address_t address, vm_size_t size);

#ifdef __cplusplus
}
#endif

#endif
