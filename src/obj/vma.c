/*
 * vma - one mapping of a process's memory.
 *
 * State:    range, protection, sharing, the file and offset behind it, advice given with
 *           madvise(2).  (Contents: tree/pages.c.)
 * Read:     /proc/PID/maps; VmFlags in /proc/PID/smaps.
 * Rebuild:  mmap at the same place; writable for a while if contents must be put into it; then
 *           mprotect and madvise.
 * Lost:     which neighbouring mappings the kernel had not merged; VM_ACCOUNT of a mapping that was
 *           writable once.  Refused: hugetlb, locked, sealed, droppable, userfaultfd, device and
 *           shadow stack memory, deleted files.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/abi.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"
#include "program/program.h"

struct vma {
	uint64_t start, end;
	uint32_t prot; /* PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4 */
	bool shared, grows_down, no_reserve;
	bool filled;   /* pages records hold contents for it */
	uint64_t file; /* id of the file record, 0: none */
	uint64_t offset;
	uint32_t advice; /* bits of enum advice_bit */
	char *name;	 /* as maps shows it, for people */
};

static const struct field vma_fields[] = {
	FIELD(vma, F_X64, start),   FIELD(vma, F_X64, end),	    FIELD(vma, F_U32, prot),
	FIELD(vma, F_BOOL, shared), FIELD(vma, F_BOOL, grows_down), FIELD(vma, F_BOOL, no_reserve),
	FIELD(vma, F_BOOL, filled), FIELD(vma, F_U64, file),	    FIELD(vma, F_X64, offset),
	FIELD(vma, F_X32, advice),  FIELD(vma, F_STR, name),
};

/* Advice that stays with a mapping: its VmFlag, and what gives it. */
static const struct {
	enum vmflag flag;
	int advice;
} advices[] = {
	{ VMFLAG_SEQ_READ, MADV_SEQUENTIAL },	{ VMFLAG_RAND_READ, MADV_RANDOM },
	{ VMFLAG_DONTFORK, MADV_DONTFORK },	{ VMFLAG_WIPEONFORK, MADV_WIPEONFORK },
	{ VMFLAG_DONTDUMP, MADV_DONTDUMP },	{ VMFLAG_HUGEPAGE, MADV_HUGEPAGE },
	{ VMFLAG_NOHUGEPAGE, MADV_NOHUGEPAGE }, { VMFLAG_MERGEABLE, MADV_MERGEABLE },
};

static const struct {
	enum vmflag flag;
	const char *what;
} refusals[] = {
	{ VMFLAG_HUGETLB, "huge pages (hugetlb)" },
	{ VMFLAG_UFFD, "registered with userfaultfd" },
	{ VMFLAG_IO, "a device's memory" },
	{ VMFLAG_SEALED, "sealed (mseal)" },
	{ VMFLAG_DROPPABLE, "droppable (MAP_DROPPABLE)" },
	{ VMFLAG_SHADOW_STACK, "a shadow stack" },
	{ VMFLAG_LOCKED, "locked (mlock)" },
	{ VMFLAG_UNKNOWN,
	  "marked in a way that this reprise does not know (see VmFlags in smaps)" },
};

static bool vma_match(const struct seen *s)
{
	static const char *const kernels[] = { "[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]" };

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++)
		if (!strcmp(s->map->name, kernels[i]))
			return false;
	return true;
}

static int find_file(struct ctx *cx, const struct seen *s, struct vma *v)
{
	const struct map *m = s->map;

	if (!m->ino) {
		if (m->name[0] == '/' || m->shared)
			return fail(cx, ERR_UNSUPPORTED, "maps %s: not supported yet", m->name);
		return 0;
	}
	v->file = target_file_of_map(s->target, m);
	if (!v->file)
		return fail(cx, ERR_UNSUPPORTED, "maps %s, which cannot be opened", m->name);
	return 0;
}

static int vma_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	const struct map *m = s->map;
	struct vma *v = obj;

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (m->flags & refusals[i].flag)
			return fail(cx, ERR_UNSUPPORTED, "is %s: not supported yet",
				    refusals[i].what);
	*v = (struct vma){
		.start = m->start,
		.end = m->end,
		.prot = m->prot,
		.shared = m->shared,
		.grows_down = m->flags & VMFLAG_GROWSDOWN,
		.no_reserve = m->flags & VMFLAG_NORESERVE,
		.filled = m->filled,
		.offset = m->ino ? m->offset : 0,
	};
	for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
		if (m->flags & advices[i].flag)
			v->advice |= 1u << i;
	if (m->name[0]) {
		v->name = strdup(m->name);
		if (!v->name)
			return fail(cx, -ENOMEM, "collect");
	}
	return find_file(cx, s, v);
}

static void vma_gate(struct gate *g, const void *obj)
{
	const struct vma *v = obj;

	if (v->start >= v->end || (v->start | v->end) & 4095 || v->offset & 4095 ||
	    v->end > g->abi->task_size || v->offset > INT64_MAX - (v->end - v->start) ||
	    v->prot & ~(uint32_t) (PROT_READ | PROT_WRITE | PROT_EXEC) ||
	    v->advice >> ARRAY_SIZE(advices) || (v->shared && !v->file) || (v->shared && v->filled))
		gate_problem(g, ERR_DAMAGED, "0x%" PRIx64 "-0x%" PRIx64 " cannot be", v->start,
			     v->end);
	if (v->file && !gate_has_file(g, v->file))
		gate_problem(g, ERR_DAMAGED,
			     "0x%" PRIx64 " maps file %" PRIu64 ", which the image does not hold",
			     v->start, v->file);
}

/* Not writable, but contents will be written: it was writable once. */
static bool opened_for_filling(const struct vma *v)
{
	return v->filled && !(v->prot & PROT_WRITE);
}

static void vma_extent(const void *obj, uint64_t *ret_start, uint64_t *ret_end)
{
	const struct vma *o = obj;

	*ret_start = o->start;
	*ret_end = o->end;
}

static bool vma_holds(const void *obj)
{
	const struct vma *o = obj;

	return o->filled && !o->shared;
}

static int vma_map(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct vma *v = obj;
	int flags = MAP_FIXED_NOREPLACE | (v->shared ? MAP_SHARED : MAP_PRIVATE) |
		    (v->file ? 0 : MAP_ANONYMOUS) | (v->grows_down ? MAP_GROWSDOWN : 0) |
		    (v->no_reserve ? MAP_NORESERVE : 0);
	uint32_t prot = v->prot | (opened_for_filling(v) ? PROT_READ | PROT_WRITE : 0u);
	int fd = v->file ? rebuild_fd(rb, v->file) : -1;
	unsigned op;

	if (v->file && fd < 0)
		return fail(cx, ERR_DAMAGED,
			    "0x%" PRIx64 " maps file %" PRIu64 ", which the image does not hold",
			    v->start, v->file);
	op = program_native(rb->program, OP_EQUAL, mmap, VAL(v->start), VAL(v->end - v->start),
			    VAL(prot), VAL(flags), VAL(fd), VAL(v->offset));
	program_aux(rb->program, op, v->start);
	return 0;
}

static int vma_late(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct vma *v = obj;

	(void) cx;
	if (opened_for_filling(v))
		(void) program_native(rb->program, OP_MUST, mprotect, VAL(v->start),
				      VAL(v->end - v->start), VAL(v->prot));
	for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
		if (v->advice & 1u << i)
			(void) program_native(rb->program, OP_MUST, madvise, VAL(v->start),
					      VAL(v->end - v->start), VAL(advices[i].advice));
	return 0;
}

/* As a line of /proc/PID/maps, without device and inode. */
static void vma_show(const void *obj, FILE *f)
{
	static const char *const names[ARRAY_SIZE(advices)] = {
		"sequential", "random",	  "dontfork",	"wipeonfork",
		"dontdump",   "hugepage", "nohugepage", "mergeable",
	};
	const struct vma *v = obj;

	fprintf(f, "%012" PRIx64 "-%012" PRIx64 " %c%c%c%c %08" PRIx64, v->start, v->end,
		v->prot & PROT_READ ? 'r' : '-', v->prot & PROT_WRITE ? 'w' : '-',
		v->prot & PROT_EXEC ? 'x' : '-', v->shared ? 's' : 'p', v->offset);
	if (v->name)
		fprintf(f, " %s", v->name);
	for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
		if (v->advice >> i & 1)
			fprintf(f, " (%s)", names[i]);
	if (v->grows_down)
		fputs(" (grows down)", f);
	if (v->no_reserve)
		fputs(" (noreserve)", f);
}

const struct obj_ops vma_ops = {
	.record = { .kind = 0x30,
		    .version = 1,
		    .name = "vma",
		    .size = sizeof(struct vma),
		    FIELDS(vma_fields) },
	.scope = SCOPE_VMA,
	.match = vma_match,
	.collect = vma_collect,
	.gate = vma_gate,
	.extent = vma_extent,
	.holds = vma_holds,
	.map = vma_map,
	.late = vma_late,
	.show = vma_show,
};
