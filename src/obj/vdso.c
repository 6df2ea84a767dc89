/*
 * vdso - the code that the kernel maps into every process, and its data.
 *
 * State:    where it stands; which code it is (a digest: the kernel's own, not the program's).
 * Read:     the [vvar...] and [vdso] mappings.
 * Rebuild:  arch_prctl(ARCH_MAP_VDSO_32 or _64) at the same place (since v4.9; needs
 *           CONFIG_CHECKPOINT_RESTORE); afterwards the code there must be the same.
 * Lost:     nothing.  Refused: a vdso torn apart from its data, and restart under a kernel whose
 *           vdso differs.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "abi/abi.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"
#include "program/foothold.h"
#include "program/program.h"
#include "tracee/mem.h"

struct vdso {
	uint64_t start;	    /* of the data that precedes it */
	uint64_t code, end; /* the code mapping */
	uint64_t digest;    /* XXH3 of the code, without the zeros at its end */
};

static const struct field vdso_fields[] = {
	FIELD(vdso, F_X64, start),
	FIELD(vdso, F_X64, code),
	FIELD(vdso, F_X64, end),
	FIELD(vdso, F_X64, digest),
};

static bool vdso_match(const struct seen *s)
{
	return maps_named(&s->target->maps, "[vdso]") != NULL;
}

static int digest(struct ctx *cx, pid_t pid, uint64_t start, uint64_t end, uint64_t *ret)
{
	_buf_ struct buf b = { 0 };
	unsigned char *p = buf_grow(&b, end - start);
	size_t n = end - start;
	int r;

	if (!p)
		return fail(cx, -ENOMEM, "read its code");
	r = mem_read(cx, pid, start, p, n);
	if (r < 0)
		return r;
	n = foothold_cut(p, n);
	while (n && !p[n - 1])
		n--;
	*ret = XXH3_64bits(p, n);
	return 0;
}

static int vdso_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	const struct maps *maps = &s->target->maps;
	const struct map *code = maps_named(maps, "[vdso]"), *m = code;
	struct vdso *o = obj;

	while (m > maps->map && m[-1].end == m->start && !strncmp(m[-1].name, "[vvar", 5))
		m--;
	if (m == code)
		return fail(cx, ERR_UNSUPPORTED, "was moved away from its data: not supported yet");
	*o = (struct vdso){ .start = m->start, .code = code->start, .end = code->end };
	return digest(cx, s->target->pid, code->start, code->end, &o->digest);
}

static void vdso_gate(struct gate *g, const void *obj)
{
	const struct vdso *o = obj;

	if ((o->start | o->code | o->end) & 4095 || o->start >= o->code || o->code >= o->end ||
	    o->end > g->abi->task_size || o->end - o->start > 1 << 20)
		gate_problem(g, ERR_DAMAGED, "its place cannot be");
}

static void vdso_extent(const void *obj, uint64_t *ret_start, uint64_t *ret_end)
{
	const struct vdso *o = obj;

	*ret_start = o->start;
	*ret_end = o->end;
}

static int vdso_map(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct vdso *o = obj;

	(void) cx;
	(void) program_native(rb->program, OP_MUST, arch_prctl, VAL(rb->abi->map_vdso),
			      VAL(o->start));
	return 0;
}

static int vdso_mapped(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct vdso *o = obj;
	_maps_ struct maps maps = { 0 };
	const struct map *code;
	uint64_t now;
	int r = maps_read(cx, rb->pid, &maps);

	if (r < 0)
		return r;
	code = maps_named(&maps, "[vdso]");
	if (!code || code->start != o->code || code->end != o->end)
		return fail(cx, ERR_UNSUPPORTED,
			    "this kernel lays it out differently from the one that made the image: "
			    "restart there");
	r = digest(cx, rb->pid, o->code, o->end, &now);
	if (r < 0)
		return r;
	if (now != o->digest)
		return fail(cx, ERR_UNSUPPORTED,
			    "this kernel's differs from that of the kernel that made the image: "
			    "restart there");
	return 0;
}

static void vdso_show(const void *obj, FILE *f)
{
	const struct vdso *o = obj;

	fprintf(f,
		"%012" PRIx64 "-%012" PRIx64
		" r-xp 00000000 [vdso] with its data, digest %016" PRIx64,
		o->start, o->end, o->digest);
}

const struct obj_ops vdso_ops = {
	.record = { .kind = 0x11,
		    .version = 1,
		    .name = "vdso",
		    .size = sizeof(struct vdso),
		    FIELDS(vdso_fields) },
	.scope = SCOPE_TASK,
	.match = vdso_match,
	.collect = vdso_collect,
	.gate = vdso_gate,
	.extent = vdso_extent,
	.map = vdso_map,
	.mapped = vdso_mapped,
	.show = vdso_show,
};
