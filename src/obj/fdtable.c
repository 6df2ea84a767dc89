/*
 * fdtable - which descriptor numbers a process has, and what each refers to.
 *
 * State:    number, close-on-exec flag, and the id of the open file description, for each
 *           descriptor.
 * Read:     /proc/PID/fd; fdinfo "flags" holds O_CLOEXEC; kcmp(2) tells descriptors of one
 *           description (tree/look.c).
 * Rebuild:  dup3 from the numbers under which the task inherited every description once; then
 *           close_range for those.
 * Lost:     nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/overview.h"
#include "obj/object.h"
#include "program/program.h"

struct fdtable {
	struct bytes numbers, cloexec; /* uint32_t each, in step with files */
	struct bytes files;	       /* uint64_t: ids of file records */
};

static const struct field fdtable_fields[] = {
	FIELD(fdtable, F_U32S, numbers),
	FIELD(fdtable, F_U32S, cloexec),
	FIELD(fdtable, F_U64S, files),
};

static struct bytes take(struct buf *b)
{
	struct bytes v = { take_ptr(b->p), b->len };

	*b = (struct buf){ 0 };
	return v;
}

static int fdtable_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	_buf_ struct buf numbers = { 0 }, cloexec = { 0 }, files = { 0 };
	struct fdtable *o = obj;

	for (size_t i = 0; i < s->target->nfds; i++) {
		const struct seen_fd *f = &s->target->fd[i];
		uint32_t number = (uint32_t) f->number, flag = f->cloexec;

		buf_put(&numbers, &number, sizeof number);
		buf_put(&cloexec, &flag, sizeof flag);
		buf_put(&files, &f->file, sizeof f->file);
	}
	if (buf_err(&numbers) || buf_err(&cloexec) || buf_err(&files))
		return fail(cx, -ENOMEM, "collect");
	o->numbers = take(&numbers);
	o->cloexec = take(&cloexec);
	o->files = take(&files);
	return 0;
}

static size_t count(const struct fdtable *o)
{
	return o->numbers.len / sizeof(uint32_t);
}

static bool in_step(const struct fdtable *o)
{
	return o->cloexec.len == o->numbers.len && o->files.len == 2 * o->numbers.len;
}

static void fdtable_gate(struct gate *g, const void *obj)
{
	const struct fdtable *o = obj;
	const uint32_t *number = o->numbers.p, *cloexec = o->cloexec.p;
	const uint64_t *file = o->files.p;

	if (!in_step(o)) {
		gate_problem(g, ERR_DAMAGED, "its lists differ in length");
		return;
	}
	for (size_t i = 0; i < count(o); i++)
		if (number[i] > INT32_MAX - 65536 || (i && number[i] <= number[i - 1])) {
			gate_problem(g, ERR_DAMAGED, "descriptor numbers do not ascend");
			return;
		}
	for (size_t i = 0; i < count(o); i++)
		if (cloexec[i] > 1) {
			gate_problem(g, ERR_DAMAGED, "descriptor %u has impossible flags",
				     number[i]);
			return;
		}
	for (size_t i = 0; i < count(o); i++)
		if (!gate_has_file(g, file[i])) {
			gate_problem(g, ERR_DAMAGED,
				     "descriptor %u refers to file %" PRIu64
				     ", which the image does not hold",
				     number[i], file[i]);
			return;
		}
}

static uint32_t fdtable_highest(const void *obj)
{
	const struct fdtable *o = obj;

	return count(o) ? ((const uint32_t *) o->numbers.p)[count(o) - 1] : 0;
}

static int fdtable_late(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct fdtable *o = obj;
	const uint32_t *number = o->numbers.p, *cloexec = o->cloexec.p;
	const uint64_t *file = o->files.p;

	(void) program_native(rb->program, OP_MUST, close_range, VAL(0), VAL(rb->stash_base - 1),
			      VAL(0));
	for (size_t i = 0; i < count(o); i++) {
		int from = rebuild_fd(rb, file[i]);
		unsigned op;

		if (from < 0)
			return fail(cx, ERR_DAMAGED,
				    "descriptor %u refers to file %" PRIu64
				    ", which the image does not hold",
				    number[i], file[i]);
		op = program_native(rb->program, OP_EQUAL, dup3, VAL(from), VAL(number[i]),
				    VAL(cloexec[i] ? O_CLOEXEC : 0));
		program_aux(rb->program, op, number[i]);
	}
	(void) program_native(rb->program, OP_MUST, close_range, VAL(rb->stash_base),
			      VAL(UINT32_MAX), VAL(0));
	return 0;
}

/* How many all three lists have: an image that was not judged may hold anything. */
static size_t whole(const struct fdtable *o)
{
	size_t n = count(o), cloexec = o->cloexec.len / sizeof(uint32_t),
	       files = o->files.len / sizeof(uint64_t);

	n = n < cloexec ? n : cloexec;
	return n < files ? n : files;
}

static void fdtable_show(const void *obj, FILE *f)
{
	const struct fdtable *o = obj;
	const uint32_t *number = o->numbers.p, *cloexec = o->cloexec.p;
	const uint64_t *file = o->files.p;

	for (size_t i = 0; i < whole(o); i++)
		fprintf(f, "%s%u%s -> file %" PRIu64, i ? ", " : "", number[i],
			cloexec[i] ? " (close-on-exec)" : "", file[i]);
}

static void fdtable_overview(const void *obj, struct overview *v)
{
	const struct fdtable *o = obj;

	for (size_t i = 0; i < whole(o); i++) {
		struct overview_fd fd = {
			.number = ((const uint32_t *) o->numbers.p)[i],
			.cloexec = ((const uint32_t *) o->cloexec.p)[i],
			.file = ((const uint64_t *) o->files.p)[i],
		};

		buf_put(&v->fds, &fd, sizeof fd);
	}
}

const struct obj_ops fdtable_ops = {
	.record = { .kind = 0x13,
		    .version = 1,
		    .name = "fdtable",
		    .size = sizeof(struct fdtable),
		    FIELDS(fdtable_fields) },
	.scope = SCOPE_TASK,
	.collect = fdtable_collect,
	.gate = fdtable_gate,
	.highest_fd = fdtable_highest,
	.late = fdtable_late,
	.show = fdtable_show,
	.overview = fdtable_overview,
};
