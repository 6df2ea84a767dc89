/*
 * cpu_facts.h - what CPUID says of this machine's CPU.  Internal to this layer.
 */
#ifndef IMAGE_CPU_FACTS_H
#define IMAGE_CPU_FACTS_H

#include <stdint.h>

enum { CPU_WORDS = 13, XSAVE_COMPONENTS = 61 };

struct cpu_facts {
	char vendor[13], model[49];
	uint32_t family, model_id, stepping;
	uint32_t features[CPU_WORDS]; /* in the order of doc/IMAGE.md, "cpu_features" */
	uint64_t xcr0;
	uint32_t xsave_size;
	struct {
		uint32_t number, offset, size, flags;
	} xsave[XSAVE_COMPONENTS];
	unsigned nxsave;
};

void cpu_facts(struct cpu_facts *ret);

#endif
