/*
 * cpu.h - what the two CPU records have in common: everything but the general registers.
 */
#ifndef OBJ_CPU_H
#define OBJ_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "abi/abi.h"
#include "abi/segment.h"
#include "image/record.h"
#include "tracee/regs.h"

struct ctx;
struct gate;
struct rebuild;
struct seen;

struct cpu_common {
	int64_t interrupted; /* number of the call it was interrupted in, -1 for none */
	int32_t outcome;     /* what the kernel left of that call: an error number, or 0 */
	uint16_t cs, ss, ds, es, fs, gs; /* enum segment */
	uint32_t tls_base[TLS_ENTRIES], tls_limit[TLS_ENTRIES], tls_flags[TLS_ENTRIES];
	struct bytes xsave;
};

#define CPU_SCALAR(T, t, m)                                                                        \
	{                                                                                          \
#m, t, offsetof(struct T, common.m), 1                                             \
	}
#define CPU_ARRAY(T, t, m)                                                                         \
	{                                                                                          \
#m, t, offsetof(struct T, common.m), TLS_ENTRIES                                   \
	}
#define CPU_COMMON_FIELDS(T)                                                                       \
	CPU_SCALAR(T, F_S64, interrupted), CPU_SCALAR(T, F_S32, outcome),                          \
		CPU_SCALAR(T, F_U16, cs), CPU_SCALAR(T, F_U16, ss), CPU_SCALAR(T, F_U16, ds),      \
		CPU_SCALAR(T, F_U16, es), CPU_SCALAR(T, F_U16, fs), CPU_SCALAR(T, F_U16, gs),      \
		CPU_ARRAY(T, F_X32, tls_base), CPU_ARRAY(T, F_X32, tls_limit),                     \
		CPU_ARRAY(T, F_X32, tls_flags), CPU_SCALAR(T, F_BYTES, xsave)

/* Whether the thread runs code of that ABI. */
bool cpu_is(const struct seen *s, const struct abi *abi);

int cpu_collect_common(struct ctx *cx, const struct seen *s, struct cpu_common *ret);
void cpu_gate_common(struct gate *g, const struct cpu_common *c, uint64_t ip,
		     uint16_t code_segment);

/* The address at which a segment begins: that of its TLS entry, or 0. */
uint64_t cpu_base_of(const struct cpu_common *c, uint16_t segment);

/* What of the flags cpu_go_common cannot set. */
void cpu_late_flags(struct rebuild *rb, uint64_t flags);

/* Sets all registers: g holds the general ones. */
int cpu_go_common(struct ctx *cx, struct rebuild *rb, const struct cpu_common *c, struct gregs *g);

/* For show, behind the general registers: the interrupted call.  For registers: all of a record of
 * type t, whose fields before the common ones are the general registers. */
void cpu_show_common(const struct cpu_common *c, FILE *f);
void cpu_registers_common(const struct record_type *t, const void *obj, uint64_t flags,
			  const struct cpu_common *c, FILE *f);

#endif
