/*
 * rebuild.c - problems at the gate, and the descriptors that objects share at restart.
 */
#include "obj/common/rebuild.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

__attribute__((format(printf, 3, 0))) static void add_line(struct buf *b, const char *who,
							   const char *fmt, va_list ap)
{
	char text[1024];
	int n = snprintf(text, sizeof text, "%.250s%s", who ? who : "", who ? ": " : "");

	n += vsnprintf(text + n, sizeof text - (size_t) n - 1, fmt, ap);
	if ((size_t) n > sizeof text - 2)
		n = sizeof text - 2;
	text[n++] = '\n';
	buf_put(b, text, (size_t) n);
}

bool gate_has_file(const struct gate *g, uint64_t id)
{
	size_t lo = 0, hi = g->nfiles;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (g->file[mid] < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < g->nfiles && g->file[lo] == id;
}

void gate_problem(struct gate *g, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line(&g->problems, g->who, fmt, ap);
	va_end(ap);
	g->nproblems++;
	if (g->worst == 0 || err == ERR_UNSUPPORTED)
		g->worst = err;
}

void gate_changed(struct gate *g, const char *fmt, ...)
{
	va_list ap;

	if (g->changed_files == CHANGED_IGNORE)
		return;
	va_start(ap, fmt);
	if (g->changed_files == CHANGED_WARN) {
		add_line(&g->warnings, g->who, fmt, ap);
	} else {
		add_line(&g->problems, g->who, fmt, ap);
		g->nproblems++;
		if (g->worst == 0)
			g->worst = -ESTALE;
	}
	va_end(ap);
}

int rebuild_fd(const struct rebuild *rb, uint64_t id)
{
	for (size_t i = 0; i < rb->nstash; i++)
		if (rb->stash[i].id == id)
			return rb->stash[i].fd;
	return -1;
}

int rebuild_shared(const struct rebuild *rb, uint16_t kind, uint64_t key)
{
	for (size_t i = 0; i < rb->nshared; i++)
		if (rb->shared[i].kind == kind && rb->shared[i].key == key)
			return rb->shared[i].fd;
	return -1;
}

int rebuild_take(struct rebuild *rb, uint16_t kind, uint64_t key)
{
	for (size_t i = 0; i < rb->nshared; i++)
		if (rb->shared[i].kind == kind && rb->shared[i].key == key)
			return take_fd(&rb->shared[i].fd);
	return -1;
}

int rebuild_share(struct ctx *cx, struct rebuild *rb, uint16_t kind, uint64_t key, int fd)
{
	void *p = reallocarray(rb->shared, rb->nshared + 1, sizeof *rb->shared);

	if (!p) {
		close_p(&fd);
		return fail(cx, -ENOMEM, "keep a shared descriptor");
	}
	rb->shared = p;
	rb->shared[rb->nshared++] = (struct shared_fd){ kind, key, fd };
	return 0;
}
