/*
 * collect.c - walking the object table over a process.
 */
#include "tree/collect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"
#include "program/program.h"
#include "tree/items.h"

static int collect_one(struct ctx *cx, const struct obj_ops *ops, const struct seen *s, uint64_t id,
		       bool bulk, struct items *l)
{
	struct item *it;
	int r = items_add(cx, l, ops, id, &it);

	if (r < 0)
		return r;
	r = ops->collect(cx, s, it->obj);
	if (r >= 0 && bulk && ops->dump)
		r = ops->dump(cx, s, it->obj, &it->bulk);
	if (r < 0)
		items_drop_last(l);
	return blame(cx, r, "%s", ops->record.name);
}

static int blame_file(struct ctx *cx, int r, const struct seen_file *f)
{
	return f->number < 0 ? blame(cx, r, "memory of %s", f->link)
			     : blame(cx, r, "fd %d", f->number);
}

static int collect_file(struct ctx *cx, const struct target *t, struct seen_file *f, bool bulk,
			struct items *l)
{
	struct seen s = { .target = t, .file = f };
	int r;

	f->ops = NULL;
	for (size_t i = 0; i < nobjects && !f->ops; i++)
		if (objects[i]->scope == SCOPE_FILE && objects[i]->match(&s))
			f->ops = objects[i];
	if (!f->ops)
		return fail(cx, ERR_UNSUPPORTED, "%s: not supported yet; close it first", f->link);
	r = collect_one(cx, f->ops, &s, f->id, bulk, l);
	for (size_t i = 0; r >= 0 && i < nobjects; i++)
		if (objects[i]->scope == SCOPE_DESCRIPTION)
			r = collect_one(cx, objects[i], &s, f->id, bulk, l);
	return r;
}

static int walk_files(struct ctx *cx, struct target *t, bool bulk, struct items *l)
{
	for (size_t i = 0; i < t->nfiles; i++) {
		int r = collect_file(cx, t, &t->file[i], bulk, l);

		if (r < 0)
			return blame_file(cx, r, &t->file[i]);
	}
	return 0;
}

int collect_files(struct ctx *cx, struct target *t, struct items *l)
{
	return walk_files(cx, t, true, l);
}

int collect_maps(struct ctx *cx, struct target *t, struct items *l)
{
	for (size_t m = 0; m < t->maps.n; m++) {
		struct seen s = { .target = t, .map = &t->maps.map[m] };

		for (size_t i = 0; i < nobjects; i++) {
			int r;

			if (objects[i]->scope != SCOPE_VMA || !objects[i]->match(&s))
				continue;
			r = collect_one(cx, objects[i], &s, (uint64_t) t->pid, false, l);
			if (r < 0)
				return blame(cx, r, "memory 0x%" PRIx64 " %s", s.map->start,
					     s.map->name);
			break;
		}
	}
	return 0;
}

int collect_outside(struct ctx *cx, struct target *t, struct items *l)
{
	int r = walk_files(cx, t, false, l);

	return r < 0 ? r : collect_maps(cx, t, l);
}

/* Where in the program the questions of each row begin. */
struct questions {
	unsigned op;
	uint32_t data;
};

static bool applies(const struct obj_ops *o, const struct seen *s, bool leader)
{
	if (o->scope != SCOPE_THREAD && !(leader && o->scope == SCOPE_TASK))
		return false;
	return !o->match || o->match(s);
}

static void ask_all(const struct seen *s, bool leader, struct program *p, struct questions *q)
{
	for (size_t i = 0; i < nobjects; i++) {
		if (!applies(objects[i], s, leader) || !objects[i]->ask)
			continue;
		p->who = objects[i]->record.name;
		buf_align(&p->data, 16);
		q[i] = (struct questions){ program_count(p), (uint32_t) p->data.len };
		objects[i]->ask(s, p);
	}
}

static int collect_answers(struct ctx *cx, struct seen *s, bool leader, const struct questions *q,
			   struct items *l)
{
	for (size_t i = 0; i < nobjects; i++) {
		int r;

		if (!applies(objects[i], s, leader))
			continue;
		s->first_op = q[i].op;
		s->first_data = q[i].data;
		r = collect_one(cx, objects[i], s,
				(uint64_t) (objects[i]->scope == SCOPE_TASK ? s->target->pid
									    : s->thread->state.tid),
				true, l);
		if (r < 0)
			return r;
	}
	return 0;
}

static int visit_thread(struct ctx *cx, struct target *t, struct seen_thread *thread,
			struct visit *v, struct items *l)
{
	_program_ struct program p;
	struct seen s = { .target = t, .thread = thread, .answers = &p };
	bool leader = thread == t->thread;
	_free_ struct questions *q = calloc(nobjects, sizeof *q);
	int r;

	program_init(&p, t->abi);
	if (!q)
		return fail(cx, -ENOMEM, "ask it");
	visit_begin_list(v, &p);
	ask_all(&s, leader, &p, q);
	visit_end_list(v, &thread->state, &p);
	r = visit_run(cx, v, &thread->state, &p, NULL, NULL);
	return r < 0 ? r : collect_answers(cx, &s, leader, q, l);
}

int collect_inside(struct ctx *cx, struct target *t, struct visit *v, struct items *l)
{
	for (size_t i = 0; i < t->nthreads; i++) {
		int r = visit_thread(cx, t, &t->thread[i], v, l);

		if (r < 0)
			return i ? blame(cx, r, "thread %d", (int) t->thread[i].state.tid) : r;
	}
	return 0;
}

size_t collect_room(const struct target *t)
{
	_program_ struct program p;
	struct seen s = { .target = t, .thread = t->thread };

	program_init(&p, t->abi);
	for (size_t i = 0; i < nobjects; i++)
		if (applies(objects[i], &s, true) && objects[i]->ask)
			objects[i]->ask(&s, &p);
	return program_size(&p) + 8 * sizeof(struct op) + 256;
}
