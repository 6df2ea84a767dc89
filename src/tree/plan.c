/*
 * plan.c - an image compiled into the programs of one task.
 *
 * First program: the task, fresh from the skeleton executable, unmaps all that it has and maps all
 * that the image says.  Then we fill its memory.  Second program: files, threads, everything else;
 * a list for each thread.  Each list ends by sending its thread a signal, which we see and take
 * away.
 */
#include "tree/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "abi/abi.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"
#include "tree/load.h"

#define PAGE UINT64_C(4096)

/* Filled in once it is known where the area lies. */
enum { UNMAP_BELOW, UNMAP_ABOVE };

typedef int compile_fn(struct ctx *, struct rebuild *, const void *);

/* Appends what the rows of a scope have to say about their records. */
static int compile(struct ctx *cx, const struct image *im, struct rebuild *rb, enum scope scope,
		   compile_fn *(*which)(const struct obj_ops *) )
{
	for (size_t o = 0; o < nobjects; o++) {
		compile_fn *fn = which(objects[o]);

		if (objects[o]->scope != scope || !fn)
			continue;
		for (size_t i = 0; i < im->items.n; i++) {
			const struct item *it = &im->items.item[i];
			int r;

			if (it->ops != objects[o])
				continue;
			rb->program->who = objects[o]->record.name;
			r = fn(cx, rb, it->obj);
			if (r < 0)
				return blame(cx, r, "%s", objects[o]->record.name);
		}
	}
	return 0;
}

/* The records of the threads, those of one thread together, in the order of the table. */
struct by_thread {
	const struct item **item;
	size_t n;
};

static void by_thread_done(struct by_thread *l)
{
	free(l->item);
}

static size_t row_of(const struct item *it)
{
	size_t o = 0;

	while (o < nobjects && objects[o] != it->ops)
		o++;
	return o;
}

static int by_thread_and_row(const void *a, const void *b)
{
	const struct item *x = *(const struct item *const *) a,
			  *y = *(const struct item *const *) b;
	size_t i, k;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	i = row_of(x);
	k = row_of(y);
	return (i > k) - (i < k);
}

static int sort_by_thread(struct ctx *cx, const struct image *im, struct by_thread *ret)
{
	ret->item = calloc(im->items.n + 1, sizeof(*ret->item));
	if (!ret->item)
		return fail(cx, -ENOMEM, "sort the records");
	for (size_t i = 0; i < im->items.n; i++)
		if (im->items.item[i].ops->scope == SCOPE_THREAD)
			ret->item[ret->n++] = &im->items.item[i];
	qsort(ret->item, ret->n, sizeof(*ret->item), by_thread_and_row);
	return 0;
}

/* The first of the thread's records. */
static size_t first_of(const struct by_thread *l, uint64_t tid)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->item[mid]->id < tid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int compile_thread(struct ctx *cx, const struct by_thread *l, struct rebuild *rb,
			  uint64_t tid)
{
	for (size_t i = first_of(l, tid); i < l->n && l->item[i]->id == tid; i++) {
		const struct item *it = l->item[i];
		int r;

		if (!it->ops->late)
			continue;
		rb->program->who = it->ops->record.name;
		r = it->ops->late(cx, rb, it->obj);
		if (r < 0)
			return blame(cx, r, "%s", it->ops->record.name);
	}
	return 0;
}

static compile_fn *map_of(const struct obj_ops *o)
{
	return o->map;
}

static compile_fn *late_of(const struct obj_ops *o)
{
	return o->late;
}

static compile_fn *last_of(const struct obj_ops *o)
{
	return o->last;
}

static void end_list(struct plan *p, struct program *prog, pid_t pid, pid_t tid)
{
	prog->who = "end";
	(void) program_native(prog, OP_FINAL, tgkill, VAL(pid), VAL(tid), VAL(p->signal));
}

static int build_map(struct ctx *cx, const struct image *im, struct rebuild *rb, struct plan *p)
{
	int r;

	rb->program = &p->map;
	p->map.who = "clear";
	(void) program_native(&p->map, OP_MUST, munmap, VAL(0), VAL(0));
	(void) program_native(&p->map, OP_MUST, munmap, VAL(0), VAL(0));
	r = compile(cx, im, rb, SCOPE_TASK, map_of);
	if (r >= 0)
		r = compile(cx, im, rb, SCOPE_VMA, map_of);
	return r;
}

/* The calls that make the other threads; their lists are filled in afterwards. */
static void clone_threads(const struct image *im, struct plan *p)
{
	const uint32_t *tid = im->process.tids.p;

	p->late.who = "thread";
	for (size_t i = 1; i < im->process.tids.len / sizeof *tid; i++) {
		struct clone_args a = {
			.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				 CLONE_SYSVSEM | CLONE_PTRACE,
			.set_tid_size = 1,
		};
		uint32_t id = program_data(&p->late, &tid[i], sizeof tid[i]);
		uint32_t args = program_data(&p->late, &a, sizeof a);

		program_pointer(&p->late, args + offsetof(struct clone_args, set_tid), id);
		(void) program_native(&p->late, OP_MUST | OP_CHILD, clone3, AT(args),
				      VAL(sizeof a));
	}
}

static int thread_list(struct ctx *cx, const struct image *im, struct rebuild *rb, struct plan *p,
		       const struct by_thread *l, uint32_t tid)
{
	int r;

	rb->tid = (pid_t) tid;
	r = compile_thread(cx, l, rb, tid);
	if (r >= 0 && tid == im->pid)
		r = compile(cx, im, rb, SCOPE_TASK, last_of);
	end_list(p, &p->late, (pid_t) im->pid, (pid_t) tid);
	return r;
}

static int build_late(struct ctx *cx, const struct image *im, struct rebuild *rb, struct plan *p)
{
	const uint32_t *tid = im->process.tids.p;
	size_t n = im->process.tids.len / sizeof *tid;
	_cleanup_(by_thread_done) struct by_thread l = { 0 };
	unsigned first_clone;
	int r = sort_by_thread(cx, im, &l);

	if (r < 0)
		return r;
	rb->program = &p->late;
	first_clone = program_count(&p->late);
	clone_threads(im, p);
	r = compile(cx, im, rb, SCOPE_VMA, late_of);
	if (r >= 0)
		r = compile(cx, im, rb, SCOPE_TASK, late_of);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (i)
			program_aux(&p->late, first_clone + (unsigned) i - 1,
				    program_count(&p->late));
		r = thread_list(cx, im, rb, p, &l, tid[i]);
	}
	return r;
}

/* A signal that none of the calls queues: it must not be pending already when a list ends with it.
 */
static int unused_signal(const struct image *im)
{
	static const int candidates[] = { SIGURG,  SIGWINCH,  SIGUSR1, SIGUSR2, SIGHUP,
					  SIGALRM, SIGVTALRM, SIGPROF, SIGIO,	SIGPIPE,
					  SIGINT,  SIGQUIT,   SIGTERM };
	uint64_t used = 0;

	for (size_t i = 0; i < im->items.n; i++)
		if (im->items.item[i].ops->signals)
			used |= im->items.item[i].ops->signals(im->items.item[i].obj);
	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++)
		if (!(used >> (candidates[i] - 1) & 1))
			return candidates[i];
	return 0;
}

struct extent {
	uint64_t start, end;
};

static int by_start(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* The lowest place that nothing of the image needs. */
static int find_area(struct ctx *cx, const struct image *im, const struct abi *abi, struct plan *p)
{
	size_t need = p->area_size + 4 * PAGE, n = 0;
	_free_ struct extent *e = calloc(im->items.n + 1, sizeof *e);
	uint64_t at = 0x10000;

	if (!e)
		return fail(cx, -ENOMEM, "look for free memory");
	for (size_t i = 0; i < im->items.n; i++)
		if (im->items.item[i].ops->extent)
			im->items.item[i].ops->extent(im->items.item[i].obj, &e[n].start,
						      &e[n].end),
				n++;
	qsort(e, n, sizeof *e, by_start);
	for (size_t i = 0; i < n; i++) {
		if (e[i].end + PAGE <= at)
			continue;
		if (e[i].start >= at + need)
			break;
		at = e[i].end + PAGE;
	}
	if (at + need > abi->task_size)
		return fail(cx, -ENOMEM, "the image leaves no room for %zu bytes", need);
	p->skeleton = at + PAGE;
	p->area = at + 3 * PAGE;
	return 0;
}

static void set_arg(struct program *p, unsigned op, unsigned arg, uint64_t v)
{
	((struct op *) p->ops.p)[op].arg[arg] = v;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Both programs run at the same place, behind the stub. */
static int place(struct ctx *cx, const struct image *im, const struct abi *abi, struct plan *p)
{
	size_t stub = (size_t) (stub_end - stub_begin + 63) & ~(size_t) 63;
	uint64_t end;
	int r;

	p->area_size = (stub + larger(program_size(&p->map), program_size(&p->late)) + PAGE - 1) &
		       ~(size_t) (PAGE - 1);
	r = find_area(cx, im, abi, p);
	if (r < 0)
		return r;
	end = p->area + p->area_size;
	set_arg(&p->map, UNMAP_BELOW, 1, p->area);
	set_arg(&p->map, UNMAP_ABOVE, 0, end);
	set_arg(&p->map, UNMAP_ABOVE, 1, abi->task_size - end);
	r = program_place(cx, &p->map, p->area + stub);
	return r < 0 ? r : program_place(cx, &p->late, p->area + stub);
}

int plan_build(struct ctx *cx, const struct image *im, struct rebuild *rb, struct plan *ret)
{
	_plan_ struct plan p = { .signal = unused_signal(im) };
	int r;

	rb->pid = (pid_t) im->pid;
	rb->abi = abi_by_id(im->process.abi);
	program_init(&p.map, rb->abi);
	program_init(&p.late, rb->abi);
	if (!p.signal)
		return fail(cx, ERR_UNSUPPORTED, "every signal is pending: not supported");
	r = build_map(cx, im, rb, &p);
	end_list(&p, &p.map, rb->pid, rb->pid);
	if (r >= 0)
		r = build_late(cx, im, rb, &p);
	if (r >= 0)
		r = place(cx, im, rb->abi, &p);
	rb->program = NULL;
	if (r < 0)
		return r;
	*ret = p;
	p = (struct plan){ 0 };
	return 0;
}

void plan_done(struct plan *p)
{
	program_done(&p->map);
	program_done(&p->late);
}

void plan_print(const struct plan *p, const struct rebuild *rb, FILE *f)
{
	fprintf(f, "# process %d, %s; descriptors from %d on are inherited\n", (int) rb->pid,
		rb->abi->name, rb->stash_base);
	fprintf(f, "# at 0x%" PRIx64 ": lay out the memory\n", p->map.base);
	program_print(&p->map, f);
	fprintf(f,
		"# fill the memory\n# at 0x%" PRIx64 ": files, threads, and what belongs to them\n",
		p->late.base);
	program_print(&p->late, f);
	fputs("# registers; unmap this; run\n", f);
}
