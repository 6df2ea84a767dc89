/*
 * abi.h - what differs between an x86-64 and an i386 task, as data.
 *
 * Both are always built in.  A task's ABI is a value (struct abi *): it indexes tables, it is never
 * an #ifdef and never a branch on a name.
 */
#ifndef ABI_ABI_H
#define ABI_ABI_H

#include <stddef.h>
#include <stdint.h>

enum call {
#define CALL(name, x86_64, i386) CALL_##name,
#include "abi/calls.def"
#undef CALL
	NCALLS
};

struct abi {
	const char *name;      /* "x86-64", "i386" */
	uint32_t id;	       /* in the image: ELF's e_machine, 62 or 3 */
	uint32_t word;	       /* bytes in a long or a pointer: 8 or 4 */
	uint64_t task_size;    /* first address behind what a task may map */
	uint64_t code_segment; /* user code selector: 0x33 or 0x23 */
	uint64_t map_vdso;     /* arch_prctl code that maps this ABI's vdso */
	const uint16_t *call;  /* numbers by enum call */
	/* Calls that end with EINTR when their thread is merely stopped (signal(7)); 0 at the end.
	 */
	const uint16_t *not_restarted;
};

extern const struct abi abi_x86_64, abi_i386;

const char *call_name(unsigned call);
const struct abi *abi_by_id(uint32_t id); /* NULL if unknown */

#endif
