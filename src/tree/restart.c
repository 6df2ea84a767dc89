/*
 * restart.c - an image becomes a process: read, gate, plan, open, spawn, run, go.
 */
#include "tree/restart.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "obj/object.h"
#include "tracee/seize.h"
#include "tree/fill.h"
#include "tree/gate.h"
#include "tree/load.h"
#include "tree/open.h"
#include "tree/plan.h"
#include "tree/spawn.h"

struct job {
	const struct restart_options *o;
	struct image image;
	struct rebuild rb;
	struct plan plan;
	struct spawned spawned;
};

static void job_done(struct job *j)
{
	spawned_done(&j->spawned);
	plan_done(&j->plan);
	open_done(&j->rb);
	image_done(&j->image);
}

static int gate(struct ctx *cx, struct job *j)
{
	_buf_ struct buf warnings = { 0 };
	int r = gate_check(cx, &j->image, j->o->changed_files, &warnings);

	if (r >= 0 && warnings.len && j->o->say)
		(void) fwrite(warnings.p, 1, warnings.len, j->o->say);
	return r;
}

/* Lets the rows of the objects look at the memory that the kernel laid out. */
static int check_mapped(struct ctx *cx, struct job *j)
{
	for (size_t i = 0; i < j->image.items.n; i++) {
		const struct item *it = &j->image.items.item[i];
		int r = it->ops->mapped ? it->ops->mapped(cx, &j->rb, it->obj) : 0;

		if (r < 0)
			return blame(cx, r, "%s", it->ops->record.name);
	}
	return 0;
}

/* Registers and all else that goes through ptrace, in the order of the table. */
static int set_threads(struct ctx *cx, struct job *j)
{
	for (size_t i = 0; i < j->image.items.n; i++) {
		const struct item *it = &j->image.items.item[i];
		int r;

		if (!it->ops->go)
			continue;
		j->rb.tid = (pid_t) it->id;
		r = it->ops->go(cx, &j->rb, it->obj);
		if (r < 0)
			return blame(cx, r, "thread %d: %s", (int) it->id, it->ops->record.name);
	}
	return 0;
}

static int write_pidfile(struct ctx *cx, const struct job *j)
{
	char text[16];
	int n;

	if (!j->o->pidfile)
		return 0;
	_close_ int fd = open(j->o->pidfile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	n = snprintf(text, sizeof text, "%d\n", (int) j->image.pid);
	if (fd < 0 || write(fd, text, (size_t) n) != n)
		return fail(cx, -errno, "write %s", j->o->pidfile);
	return 0;
}

/* All threads run from here on.  Up to the last detach our death is still the death of all. */
static int let_go(struct ctx *cx, struct job *j)
{
	const uint32_t *tid = j->image.process.tids.p;

	for (size_t i = j->image.process.tids.len / sizeof *tid; i-- > 0;) {
		int r = tracee_detach(cx, (pid_t) tid[i]);

		/* One that runs already may have ended all of them. */
		if (r < 0 && r != -ESRCH)
			return r;
	}
	j->spawned.pid = 0;
	return 0;
}

static int rebuild(struct ctx *cx, struct job *j)
{
	size_t threads = j->image.process.tids.len / sizeof(uint32_t);
	int r;

	phase(cx, "spawn");
	r = spawn(cx, &j->image, &j->plan, &j->rb, j->o->orphan, &j->spawned);
	open_close(&j->rb);
	phase(cx, "map");
	if (r >= 0)
		r = spawn_run(cx, &j->spawned, &j->plan, &j->plan.map, 1);
	if (r >= 0)
		r = check_mapped(cx, j);
	phase(cx, "fill");
	if (r >= 0)
		r = fill_memory(cx, &j->image, j->spawned.pid, j->plan.area,
				j->plan.area + j->plan.area_size);
	phase(cx, "run");
	if (r >= 0)
		r = spawn_run(cx, &j->spawned, &j->plan, &j->plan.late, threads);
	phase(cx, "go");
	if (r >= 0)
		r = spawn_clear(cx, &j->spawned, &j->plan);
	if (r >= 0)
		r = set_threads(cx, j);
	if (r >= 0)
		r = interrupted(cx);
	if (r >= 0)
		r = write_pidfile(cx, j);
	return r < 0 ? r : let_go(cx, j);
}

static int run(struct ctx *cx, struct job *j, struct reader *reader, pid_t *ret_pid)
{
	int r;

	phase(cx, "read");
	r = image_load(cx, reader, &j->image);
	phase(cx, "gate");
	if (r >= 0)
		r = gate(cx, j);
	phase(cx, "plan");
	if (r >= 0)
		r = open_number(cx, &j->image, &j->rb);
	if (r >= 0)
		r = plan_build(cx, &j->image, &j->rb, &j->plan);
	if (r >= 0)
		r = interrupted(cx);
	if (r < 0)
		return r;
	if (j->o->explain) {
		plan_print(&j->plan, &j->rb, j->o->explain);
		*ret_pid = 0;
		return 0;
	}
	phase(cx, "open");
	r = open_files(cx, &j->image, &j->rb);
	if (r >= 0)
		r = rebuild(cx, j);
	*ret_pid = (pid_t) j->image.pid;
	return r;
}

int restart_process(struct ctx *cx, struct reader *reader, const struct restart_options *o,
		    pid_t *ret_pid)
{
	_cleanup_(job_done) struct job j = { .o = o, .rb = { .stdin_taken = o->stdin_taken } };

	return run(cx, &j, reader, ret_pid);
}
