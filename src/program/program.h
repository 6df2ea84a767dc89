/*
 * program.h - syscall programs: lists of system calls as data.
 *
 * What only a task itself can ask or do is put into such a list and run by the task: in a frozen
 * one during a checkpoint (visit.h), in a new one at restart (tree/spawn.c).  This layer knows no
 * object kind.  A program is built at offsets; program_place turns them into addresses of the task.
 */
#ifndef PROGRAM_PROGRAM_H
#define PROGRAM_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "abi/abi.h"
#include "base/buf.h"

struct ctx;

/* As the stub reads it (stub_x86_64.S). */
struct op {
	uint64_t nr;
	uint64_t flags;
	uint64_t arg[6];
	int64_t ret;  /* OP_NOT_RUN until the stub has run it */
	uint64_t aux; /* OP_EQUAL: the expected result; OP_CHILD: the child's list */
};

#define OP_NOT_RUN INT64_C(-0x5245505249534521) /* no system call returns this */

enum op_flags {
	OP_IA32 = 0x01,	      /* int $0x80 with the number of the i386 table */
	OP_MUST = 0x02,	      /* an error ends the list */
	OP_EQUAL = 0x04,      /* any result but aux ends the list */
	OP_CHILD = 0x08,      /* the new thread or child goes on with the list at aux */
	OP_FINAL = 0x10,      /* where a list that ended by failing goes on */
	OP_STACK = 0x20,      /* the stack pointer becomes aux first (rt_sigreturn) */
	OP_LOAD_FLAGS = 0x40, /* no call: the flags register is loaded from the address in aux */
	/* 0x100 << n: argument n is the result of the op whose index it holds.
	 * 0x10000 << n: argument n is an offset into the data (for the builder; the stub ignores
	 * it). */
};
#define OP_REF(n)  (0x100u << (n))
#define OP_DATA(n) (0x10000u << (n))

struct arg {
	enum { ARG_VALUE, ARG_RESULT, ARG_DATA } kind;
	uint64_t v;
};
#define VAL(x)	  ((struct arg){ ARG_VALUE, (uint64_t) (x) })
#define RESULT(i) ((struct arg){ ARG_RESULT, (i) }) /* what op i returned */
#define AT(off)	  ((struct arg){ ARG_DATA, (off) }) /* the address of the data at off */

struct program {
	const struct abi *abi;
	struct buf ops; /* struct op */
	struct buf data;
	struct buf note;       /* const char * for each op: whose it is */
	struct buf relocation; /* struct relocation: pointers inside the data */
	const char *who;       /* note for the ops being added */
	uint64_t base;	       /* of ops[0] in the task, once placed; the data follows the ops */
};

#define _program_ _cleanup_(program_done)

void program_init(struct program *p, const struct abi *abi);
void program_done(struct program *p);
int program_err(const struct program *p); /* 0 or -ENOMEM: appending is sticky, as in struct buf */

/* Appends a call and returns its index.  A native call is made the 64-bit way whatever the task;
 * one of the task's own ABI is for calls whose data or meaning differ between the two. */
unsigned program_add(struct program *p, uint32_t flags, bool own_abi, enum call call,
		     const struct arg *args, size_t nargs);
#define program_native(p, flags, call, ...)                                                        \
	program_add(p, flags, false, CALL_##call, (struct arg[]){ __VA_ARGS__ },                   \
		    sizeof((struct arg[]){ __VA_ARGS__ }) / sizeof(struct arg))
#define program_own(p, flags, call, ...)                                                           \
	program_add(p, flags, true, CALL_##call, (struct arg[]){ __VA_ARGS__ },                    \
		    sizeof((struct arg[]){ __VA_ARGS__ }) / sizeof(struct arg))

/* The value that OP_EQUAL or OP_CHILD needs. */
void program_aux(struct program *p, unsigned op, uint64_t aux);

/* Loads the flags register: the one way to set those bits that neither ptrace nor rt_sigreturn
 * does. */
void program_set_flags(struct program *p, uint64_t flags);

/* Room for n bytes of data, 16-byte aligned, a copy of from or zero; returns its offset. */
uint32_t program_data(struct program *p, const void *from, size_t n);
/* Makes the 8 bytes of data at off hold the address of the data at to. */
void program_pointer(struct program *p, uint32_t off, uint32_t to);

unsigned program_count(const struct program *p);
size_t program_size(const struct program *p); /* bytes in the task, ops and data */

/* Resolves everything for ops at base; once. */
int program_place(struct ctx *cx, struct program *p, uint64_t base);
uint64_t program_op_address(const struct program *p, unsigned op);
uint64_t program_data_address(const struct program *p, uint32_t off);

/* After a run, when ops and data have been read back. */
int64_t program_result(const struct program *p, unsigned op);
const void *program_data_at(const struct program *p, uint32_t off);

/* One line per op: "12 task: umask(0x12)". */
void program_print(const struct program *p, FILE *f);

/* Describes op for a message: "mmap(0x1000, ...) of vma: Cannot allocate memory". */
void program_describe(const struct program *p, unsigned op, char *ret, size_t size);

/* The interpreter's code. */
extern const char stub_begin[], stub_end[];

#endif
