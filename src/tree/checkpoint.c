/*
 * checkpoint.c - a process becomes an image: preflight, stop, collect, snapshot, resume, write,
 * publish.
 *
 * The order in which things are given back is that of their variables, last first: the visit before
 * the seizure, so that a process is let go only when nothing of ours is in it.
 */
#include "tree/checkpoint.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "image/header.h"
#include "image/writer.h"
#include "obj/common/target.h"
#include "program/visit.h"
#include "tracee/seize.h"
#include "tree/collect.h"
#include "tree/items.h"
#include "tree/look.h"
#include "tree/pages.h"
#include "tree/preflight.h"
#include "tree/process.h"
#include "tree/snapshot.h"
#include "tree/threads.h"

/* Up to this many pages are copied faster than their page tables are forked: bench/run. */
#define COPY_PAGES 1024

struct job {
	const struct checkpoint_options *o;
	struct writer *w;
	struct checkpoint_report *report;
	struct maps before; /* with flags, from before the stop */
	enum live live;	    /* decided */

	/* Given back from the last to the first. */
	struct seizure seizure;
	uint64_t stopped_at;
	struct snapshot snapshot;
	struct visit visit;
	struct target target;
	struct items items, maps;
	struct memory memory;
	struct image_header header;
	struct process process;
};

static void resume(struct job *j)
{
	if (j->visit.leader)
		visit_done(&j->visit);
	target_close_copies(&j->target);
	if (!j->seizure.n)
		return;
	seizure_done(&j->seizure);
	if (j->stopped_at)
		j->report->stopped_ns = now_ns() - j->stopped_at;
}

static void job_done(struct job *j)
{
	resume(j);
	snapshot_done(&j->snapshot);
	memory_done(&j->memory);
	items_done(&j->maps);
	items_done(&j->items);
	target_done(&j->target);
	maps_done(&j->before);
	record_free(&process_type, &j->process);
	record_free(&image_header_type, &j->header);
}

static uint64_t status_set(const struct target *t, const char *key)
{
	uint64_t v = 0;

	(void) procfs_number(t->thread->status.p, key, 16, &v);
	return v;
}

/* Everything but memory, with the process standing still. */
static int collect(struct ctx *cx, struct job *j)
{
	struct target *t = &j->target;
	int r;

	phase(cx, "look");
	r = preflight_stopped(cx, j->o->pid);
	if (r >= 0)
		r = target_look(cx, j->o->pid, LOOK_STOPPED,
				j->live == LIVE_FORK ? &j->before : NULL, t);
	if (r >= 0)
		r = threads_look(cx, &j->seizure, t);
	phase(cx, "visit");
	if (r >= 0)
		r = visit_begin(cx, &t->maps, t->abi, &t->thread->state, status_set(t, "SigCgt"),
				status_set(t, "SigIgn"), collect_room(t), &j->visit);
	if (r >= 0)
		r = collect_inside(cx, t, &j->visit, &j->items);
	if (r >= 0)
		r = collect_files(cx, t, &j->items);
	if (r >= 0)
		r = process_collect(cx, t, &j->process);
	return r;
}

static bool not_forked(uint32_t flags)
{
	return flags & (VMFLAG_DONTFORK | VMFLAG_WIPEONFORK);
}

static bool forked(uint32_t flags)
{
	return !not_forked(flags);
}

/* Flags that something was done by before the twin showed how they really are. */
static uint32_t flags_matter(const struct map *m)
{
	return VMFLAG_WIPEONFORK | (m->shared ? VMFLAG_MAYWRITE : 0u);
}

/* What the twin shows of each mapping must fit what was known when it was made: whoever changed
 * that in the instant before the stop is asked to try again. */
static int check_twin(struct ctx *cx, struct target *t, pid_t twin)
{
	size_t missing = 0, k = 0;
	_maps_ struct maps theirs = { 0 };
	int r = maps_read(cx, twin, &theirs);

	if (r >= 0)
		r = maps_flags(cx, twin, &theirs, &missing);
	for (size_t i = 0; r >= 0 && i < t->maps.n; i++) {
		struct map *m = &t->maps.map[i];
		const struct map *o;

		while (k < theirs.n && theirs.map[k].start < m->start)
			k++;
		o = k < theirs.n && theirs.map[k].start == m->start && theirs.map[k].end == m->end
			    ? &theirs.map[k]
			    : NULL;
		if (m->flags & VMFLAG_DONTFORK ? o != NULL : !o)
			return fail(cx, -EAGAIN,
				    "its memory was being changed: try again, or --live copy");
		if (o && flags_matter(m) & (o->flags ^ m->flags))
			return fail(cx, -EAGAIN,
				    "its memory was being changed: try again, or --live copy");
		if (o)
			m->flags = o->flags;
	}
	return r;
}

static int snapshot_by_fork(struct ctx *cx, struct job *j)
{
	int r;

	phase(cx, "fork");
	r = memory_scan(cx, &j->memory, j->o->pid, &j->target.maps, not_forked);
	if (r >= 0)
		r = memory_copy(cx, &j->memory);
	if (r >= 0)
		r = snapshot_fork(cx, &j->visit, &j->target, &j->snapshot);
	if (r < 0)
		return r;
	resume(j);
	phase(cx, "pages");
	r = check_twin(cx, &j->target, j->snapshot.pid);
	return r < 0 ? r : memory_scan(cx, &j->memory, j->snapshot.pid, &j->target.maps, forked);
}

static int snapshot_by_copy(struct ctx *cx, struct job *j)
{
	int r;

	phase(cx, "pages");
	r = memory_scan(cx, &j->memory, j->o->pid, &j->target.maps, NULL);
	if (r < 0 || j->o->then != THEN_RUN)
		return r; /* it stands still until the image is written: no copy is needed */
	phase(cx, "copy");
	r = memory_copy(cx, &j->memory);
	if (r >= 0)
		resume(j);
	return r;
}

/* Resident pages of its own, while it still runs. */
static uint64_t own_pages(pid_t pid)
{
	_buf_ struct buf b = { 0 };
	struct ctx unheard = { 0 };
	uint64_t kib = 0;

	if (procfs_read(&unheard, pid, "status", &b) >= 0)
		(void) procfs_number(b.p, "RssAnon", 10, &kib);
	return kib / 4;
}

static enum live choose(const struct checkpoint_options *o)
{
	if (o->then != THEN_RUN)
		return LIVE_COPY;
	if (o->live != LIVE_AUTO)
		return o->live;
	return own_pages(o->pid) <= COPY_PAGES ? LIVE_COPY : LIVE_FORK;
}

static int write_image(struct ctx *cx, struct job *j)
{
	int r;

	phase(cx, "write");
	j->header.root_pid = (uint32_t) j->o->pid;
	r = writer_put(cx, j->w, &image_header_type, 0, &j->header);
	if (r >= 0)
		r = writer_put(cx, j->w, &process_type, (uint64_t) j->o->pid, &j->process);
	if (r >= 0)
		r = collect_maps(cx, &j->target, &j->maps);
	if (r >= 0)
		r = items_write(cx, &j->items, j->w);
	if (r >= 0)
		r = items_write(cx, &j->maps, j->w);
	if (r >= 0)
		r = memory_write(cx, &j->memory, j->w);
	if (r >= 0)
		r = interrupted(cx);
	phase(cx, "publish");
	return r < 0 ? r : writer_publish(cx, j->w);
}

/* The image is safe: what was asked for may be done to the process, which still stands still. */
static int finish(struct ctx *cx, struct job *j)
{
	int sig = j->o->then == THEN_KILL ? SIGKILL : SIGSTOP;

	if (j->o->then == THEN_RUN)
		return 0;
	visit_done(&j->visit);
	if (kill(j->o->pid, sig) < 0)
		return fail(cx, -errno, "the image is written, but send SIG%s", sigabbrev_np(sig));
	return 0;
}

/* No twin can be made: memory is copied, with its flags as they are now. */
static int fall_back(struct ctx *cx, struct job *j)
{
	size_t missing;

	j->live = j->report->live = LIVE_COPY;
	return maps_flags(cx, j->o->pid, &j->target.maps, &missing);
}

static int run(struct ctx *cx, struct job *j)
{
	int r;

	phase(cx, "preflight");
	r = preflight(cx, j->o->pid, &j->before);
	if (r >= 0)
		r = image_header_collect(cx, &j->header);
	if (r >= 0)
		r = interrupted(cx);
	if (r < 0)
		return r;
	j->live = j->report->live = choose(j->o);
	phase(cx, "stop");
	j->stopped_at = now_ns();
	r = seize_process(cx, j->o->pid, &j->seizure);
	if (r >= 0)
		r = collect(cx, j);
	if (r < 0)
		return r;
	if (j->live == LIVE_FORK) {
		r = snapshot_possible(cx, &j->visit, &j->target);
		if (r < 0)
			return r;
		if (r == 0)
			r = fall_back(cx, j);
		if (r < 0)
			return r;
	}
	r = j->live == LIVE_FORK ? snapshot_by_fork(cx, j) : snapshot_by_copy(cx, j);
	if (r >= 0)
		r = write_image(cx, j);
	if (r >= 0)
		r = finish(cx, j);
	j->report->pages = j->memory.pages;
	j->report->threads = j->target.nthreads;
	return r;
}

static int attempt(struct ctx *cx, const struct checkpoint_options *o, struct writer *w,
		   struct checkpoint_report *ret)
{
	_cleanup_(job_done) struct job j = {
		.o = o,
		.w = w,
		.report = ret,
		.visit = { .memfd = -1 },
		.memory = { .pid = o->pid },
	};

	*ret = (struct checkpoint_report){ 0 };
	return run(cx, &j);
}

int checkpoint_process(struct ctx *cx, const struct checkpoint_options *o, struct writer *w,
		       struct checkpoint_report *ret)
{
	struct checkpoint_options again = *o;
	uint64_t begin = writer_bytes(w);
	int r = attempt(cx, o, w, ret);

	/* Nothing has been written yet: a copy does not depend on what was known before the stop.
	 */
	if (r == -EAGAIN && o->live == LIVE_AUTO && writer_bytes(w) == begin) {
		again.live = LIVE_COPY;
		r = attempt(cx, &again, w, ret);
	}
	return r;
}
