/*
 * cpu_facts.c - what CPUID says of this machine's CPU.
 *
 * Under a hypervisor every CPUID is a trap (5 us here), so each leaf is asked for once.
 */
#include "image/cpu_facts.h"

#include <cpuid.h>
#include <string.h>

struct leaf {
	uint32_t a, b, c, d;
};

static struct leaf leaf(uint32_t number, uint32_t sub, uint32_t max)
{
	struct leaf l = { 0 };

	if (number <= max)
		__cpuid_count(number, sub, l.a, l.b, l.c, l.d);
	return l;
}

static uint64_t xgetbv0(void)
{
	uint32_t lo, hi;

	__asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t) hi << 32 | lo;
}

/* AMD and Intel number alike since both have extended families. */
static void model(struct cpu_facts *f, uint32_t a)
{
	f->stepping = a & 15;
	f->model_id = (a >> 4 & 15) | (a >> 12 & 0xf0);
	f->family = a >> 8 & 15;
	if (f->family == 15)
		f->family += a >> 20 & 255;
}

static void brand(struct cpu_facts *f, uint32_t max)
{
	char *p = f->model;

	for (uint32_t i = 0; i < 3; i++) {
		struct leaf l = leaf(0x80000002 + i, 0, max);

		memcpy(f->model + i * sizeof l, &l, sizeof l);
	}
	while (*p == ' ') /* some are right-aligned, some padded behind */
		p++;
	memmove(f->model, p, strlen(p) + 1);
	for (p = f->model + strlen(f->model); p > f->model && p[-1] == ' ';)
		*--p = '\0';
}

static void xsave(struct cpu_facts *f, uint32_t max)
{
	f->xcr0 = xgetbv0();
	f->xsave_size = leaf(0xd, 0, max).b;
	for (uint32_t i = 2; i < 63; i++) {
		struct leaf l;

		if (!(f->xcr0 >> i & 1))
			continue;
		l = leaf(0xd, i, max);
		f->xsave[f->nxsave].number = i;
		f->xsave[f->nxsave].offset = l.b;
		f->xsave[f->nxsave].size = l.a;
		f->xsave[f->nxsave++].flags = l.c;
	}
}

void cpu_facts(struct cpu_facts *ret)
{
	uint32_t max = __get_cpuid_max(0, NULL), xmax;
	struct leaf l0, l1, l7, l7_1, lx1;

	*ret = (struct cpu_facts){ 0 };
	if (max == 0) /* a 486 without CPUID: nothing more can be said */
		return;
	l0 = leaf(0, 0, max);
	memcpy(ret->vendor, &l0.b, 4);
	memcpy(ret->vendor + 4, &l0.d, 4);
	memcpy(ret->vendor + 8, &l0.c, 4);
	l1 = leaf(1, 0, max);
	model(ret, l1.a);
	l7 = leaf(7, 0, max);
	l7_1 = l7.a >= 1 ? leaf(7, 1, max) : (struct leaf){ 0 };
	xmax = leaf(0x80000000, 0, UINT32_MAX).a;
	if (xmax < 0x80000000)
		xmax = 0;
	lx1 = leaf(0x80000001, 0, xmax);
	memcpy(ret->features,
	       (uint32_t[CPU_WORDS]){ l1.d, l1.c, l7.b, l7.c, l7.d, l7_1.a, l7_1.d,
				      leaf(0xd, 1, max).a, lx1.d, lx1.c,
				      leaf(0x80000008, 0, xmax).b, leaf(0x80000021, 0, xmax).a,
				      /* AVX10 exists where leaf 7.1 EDX bit 19 is set */
				      l7_1.d >> 19 & 1 ? leaf(0x24, 0, max).b : 0 },
	       sizeof ret->features);
	if (xmax >= 0x80000004)
		brand(ret, xmax);
	if (l1.c & bit_OSXSAVE)
		xsave(ret, max);
}
