/*
 * fpu.c - the XSAVE area: what is in use in it, and whether this CPU lays it out the same way.
 *
 * Layout (Intel SDM vol. 1, 13.4): 512 bytes of FXSAVE area, the header with XSTATE_BV at 512, then
 * the components at the offsets that the image's header gives.
 */
#include "obj/common/fpu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "image/header.h"
#include "obj/common/rebuild.h"
#include "obj/common/target.h"

#define LEGACY_SIZE 512
#define HEADER_SIZE 64

int fpu_collect(struct ctx *cx, const struct seen *s, struct bytes *ret)
{
	const struct buf *b = &s->thread->state.xstate;

	ret->p = malloc(b->len);
	if (!ret->p)
		return fail(cx, -ENOMEM, "copy FPU state");
	memcpy(ret->p, b->p, b->len);
	ret->len = b->len;
	return 0;
}

/* The layout entry of a component: number, offset, size, flags. */
static const uint32_t *component(const struct image_header *h, uint32_t number)
{
	const uint32_t *p = h->xsave_layout.p;

	for (size_t i = 0; i + 4 <= h->xsave_layout.len / sizeof *p; i += 4)
		if (p[i] == number)
			return p + i;
	return NULL;
}

/* What no kernel accepts: MXCSR's reserved bits, XSTATE_BV bit 63, a compacted area, and anything
 * behind XCOMP_BV in the header (SDM vol. 1, 13.4.2 and 13.8). */
static bool plausible(const char *area)
{
	uint32_t mxcsr;
	uint64_t head[HEADER_SIZE / 8];

	memcpy(&mxcsr, area + 24, sizeof mxcsr);
	memcpy(head, area + LEGACY_SIZE, sizeof head);
	for (unsigned i = 1; i < HEADER_SIZE / 8; i++)
		if (head[i])
			return false;
	return !(mxcsr >> 16) && !(head[0] >> 63);
}

void fpu_gate(struct gate *g, const struct bytes *xsave)
{
	uint64_t used;

	if (xsave->len < LEGACY_SIZE + HEADER_SIZE || xsave->len > 65536) {
		gate_problem(g, ERR_DAMAGED, "an FPU state of %zu bytes cannot be", xsave->len);
		return;
	}
	if (!plausible(xsave->p)) {
		gate_problem(g, ERR_DAMAGED, "its FPU state has reserved bits set");
		return;
	}
	if (xsave->len < g->host->xsave_size)
		gate_problem(g, ERR_UNSUPPORTED,
			     "its FPU state has %zu bytes and takes %u here: not supported yet",
			     xsave->len, g->host->xsave_size);
	memcpy(&used, (const char *) xsave->p + LEGACY_SIZE, sizeof used);
	for (uint32_t i = 2; i < 63; i++) {
		const uint32_t *was, *is;

		if (!(used >> i & 1))
			continue;
		was = component(g->image, i);
		is = component(g->host, i);
		if (!was || was[1] > xsave->len || was[2] > xsave->len - was[1])
			gate_problem(g, ERR_DAMAGED,
				     "XSAVE component %u has no place in the FPU state", i);
		else if (!is || !(g->host->xcr0 >> i & 1))
			gate_problem(g, ERR_UNSUPPORTED,
				     "uses XSAVE component %u (%s), which this CPU or kernel "
				     "lacks: restart on one like %s",
				     i,
				     i == 2		? "AVX"
				     : i >= 5 && i <= 7 ? "AVX-512"
				     : i == 9		? "protection keys"
							: "see XCR0",
				     g->image->cpu_model ? g->image->cpu_model
							 : "that of the image");
		else if (is[1] != was[1] || is[2] != was[2])
			gate_problem(
				g, ERR_UNSUPPORTED,
				"XSAVE component %u lies elsewhere on this CPU: not supported yet",
				i);
	}
}

/* Intel SDM vol. 1, 13.1; 11 and 12 belong to shadow stacks, 17 and 18 to AMX, 19 to APX. */
static const char *const component_names[] = {
	"x87",
	"SSE",
	"AVX",
	"bounds registers",
	"bounds config",
	"AVX-512 mask",
	"AVX-512 upper",
	"AVX-512 high",
	"PT",
	"protection keys",
	"PASID",
	"user shadow stack",
	"kernel shadow stack",
	"HDC",
	"user interrupts",
	"LBR",
	"HWP",
	"tile config",
	"tile data",
	"APX",
};

void fpu_show(const struct bytes *xsave, FILE *f)
{
	uint64_t used;
	const char *comma = "";

	if (xsave->len < LEGACY_SIZE + HEADER_SIZE) {
		fprintf(f, "%zu bytes", xsave->len);
		return;
	}
	memcpy(&used, (const char *) xsave->p + LEGACY_SIZE, sizeof used);
	for (uint32_t i = 0; i < 63; i++) {
		if (!(used >> i & 1))
			continue;
		fputs(comma, f);
		if (i < ARRAY_SIZE(component_names))
			fputs(component_names[i], f);
		else
			fprintf(f, "component %u", i);
		comma = ", ";
	}
	fprintf(f, "%s in use (%zu bytes)", *comma ? "" : "nothing", xsave->len);
}
