/*
 * gate.c - everything that speaks against a restart, found before anything is created.
 */
#include "tree/gate.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/abi.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "image/header.h"
#include "obj/object.h"
#include "proc/procfs.h"
#include "tree/complete.h"
#include "tree/load.h"

#define MAX_THREADS 65536

static void check_kernel(struct gate *g, const struct image *im)
{
	uint64_t need = im->process.abi == abi_i386.id ? CAN_IA32 : CAN_X86_64;

	if (!(g->host->abilities & need))
		gate_problem(g, ERR_UNSUPPORTED, "this kernel does not run %s programs",
			     g->abi->name);
	if (!(g->host->abilities & CAN_CHECKPOINT_RESTORE))
		gate_problem(g, ERR_UNSUPPORTED, "this kernel lacks CONFIG_CHECKPOINT_RESTORE");
	if (g->image->page_size != g->host->page_size)
		gate_problem(g, ERR_UNSUPPORTED, "pages had %u bytes and have %u here",
			     g->image->page_size, g->host->page_size);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

	return (x > y) - (x < y);
}

static void check_pid(struct gate *g, uint32_t id)
{
	_buf_ struct buf comm = { 0 };
	struct ctx unheard = { 0 };

	if (kill((pid_t) id, 0) < 0 && errno == ESRCH) {
		if (kill(-(pid_t) id, 0) == 0)
			gate_problem(g, -EEXIST,
				     "PID %u is in use as a process group: end that first", id);
		return;
	}
	if (procfs_read(&unheard, (pid_t) id, "comm", &comm) >= 0 && comm.len)
		gate_problem(g, -EEXIST, "PID %u is in use (by %.*s): end that process first", id,
			     (int) strcspn(comm.p, "\n"), (char *) comm.p);
	else
		gate_problem(g, -EEXIST, "PID %u is in use: end that process first", id);
}

/* The thread ids, ascending; NULL if they cannot be. */
static uint32_t *check_ids(struct gate *g, const struct image *im)
{
	const uint32_t *tid = im->process.tids.p;
	size_t n = im->process.tids.len / sizeof *tid;
	_free_ uint32_t *sorted = NULL;

	if (!n || n > MAX_THREADS || tid[0] != im->pid) {
		gate_problem(g, ERR_DAMAGED, "its list of threads cannot be");
		return NULL;
	}
	sorted = malloc(n * sizeof *sorted);
	if (!sorted) {
		gate_problem(g, -ENOMEM, "check its threads");
		return NULL;
	}
	memcpy(sorted, tid, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_value);
	for (size_t i = 0; i < n; i++) {
		if (!sorted[i] || sorted[i] > INT32_MAX || (i && sorted[i] == sorted[i - 1])) {
			gate_problem(g, ERR_DAMAGED, "its list of threads cannot be");
			return NULL;
		}
		check_pid(g, sorted[i]);
	}
	return take_ptr(sorted);
}

/* Every record must belong to something; then the rows say what is wrong inside. */
static void check_items(struct gate *g, const struct image *im, const uint32_t *sorted_tids)
{
	size_t threads = im->process.tids.len / sizeof *sorted_tids;

	for (size_t i = 0; i < im->items.n; i++) {
		const struct item *it = &im->items.item[i];
		uint32_t id = (uint32_t) it->id;
		bool known =
			it->ops->scope == SCOPE_FILE || it->ops->scope == SCOPE_DESCRIPTION ||
			it->id == im->pid ||
			(it->ops->scope == SCOPE_THREAD && it->id <= INT32_MAX && sorted_tids &&
			 bsearch(&id, sorted_tids, threads, sizeof id, by_value));

		g->who = it->ops->record.name;
		if (!known)
			gate_problem(g, ERR_DAMAGED,
				     "belongs to no process or thread of the image");
		else if (it->ops->gate)
			it->ops->gate(g, it->obj);
	}
	g->who = NULL;
}

/* One line: the problems, most of them short, with "; " between. */
static int verdict(struct ctx *cx, const struct gate *g)
{
	char text[sizeof cx->why], *to = text;
	const char *p = g->problems.p;
	size_t n = g->problems.len - 1;

	if (n > sizeof text - 1)
		n = sizeof text - 1;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n' && (size_t) (to - text) + 3 < sizeof text) {
			*to++ = ';';
			*to++ = ' ';
		} else if ((size_t) (to - text) + 1 < sizeof text) {
			*to++ = p[i];
		}
	}
	*to = '\0';
	return fail(cx, g->worst, "%s", text);
}

int gate_check(struct ctx *cx, const struct image *im, enum changed_files changed,
	       struct buf *warnings)
{
	struct image_header host = { 0 };
	struct gate g = { .changed_files = changed, .image = &im->header, .host = &host };
	_buf_ struct buf file_ids = { 0 };
	_free_ uint32_t *sorted_tids = NULL;
	int r = image_header_collect(cx, &host);

	if (r < 0)
		return r;
	g.abi = abi_by_id(im->process.abi);
	if (!g.abi) {
		r = fail(cx, ERR_UNSUPPORTED,
			 "the image is of a program for machine %u: this reprise knows x86-64 and "
			 "i386",
			 im->process.abi);
	} else {
		check_kernel(&g, im);
		sorted_tids = check_ids(&g, im);
		complete_check(&g, im, &file_ids);
		check_items(&g, im, sorted_tids);
		if (buf_err(&g.problems))
			r = fail(cx, -ENOMEM, "check the image");
		else if (g.nproblems)
			r = verdict(cx, &g);
		*warnings = g.warnings;
		g.warnings = (struct buf){ 0 };
	}
	buf_done(&g.problems);
	buf_done(&g.warnings);
	record_free(&image_header_type, &host);
	return r;
}
