/*
 * open.c - every open file of an image, opened once, under the numbers that the task inherits.
 *
 * The numbers lie above all that the program uses itself and above those that we have open, so that
 * the task can give each descriptor its own number with dup3 and then close the rest in one range.
 */
#include "tree/open.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"
#include "tree/load.h"

/* Above our own, with room for those that restore functions need for a moment. */
#define LOWEST_BASE 64

static size_t count_files(const struct image *im)
{
	size_t n = 0;

	for (size_t i = 0; i < im->items.n; i++)
		n += im->items.item[i].ops->scope == SCOPE_FILE;
	return n;
}

static uint32_t highest_number(const struct image *im)
{
	uint32_t highest = 0;

	for (size_t i = 0; i < im->items.n; i++) {
		const struct item *it = &im->items.item[i];

		if (it->ops->highest_fd && it->ops->highest_fd(it->obj) > highest)
			highest = it->ops->highest_fd(it->obj);
	}
	return highest;
}

int open_number(struct ctx *cx, const struct image *im, struct rebuild *rb)
{
	size_t n = count_files(im);
	uint32_t base = highest_number(im) + 1;

	rb->stash_base = (int) (base < LOWEST_BASE ? LOWEST_BASE : base);
	rb->stash = calloc(n + 1, sizeof *rb->stash);
	if (!rb->stash)
		return fail(cx, -ENOMEM, "list files");
	for (size_t i = 0; i < im->items.n; i++) {
		const struct item *it = &im->items.item[i];

		if (it->ops->scope != SCOPE_FILE)
			continue;
		if (rebuild_fd(rb, it->id) >= 0)
			return fail(cx, ERR_DAMAGED,
				    "file %" PRIu64 " stands in the image twice: it is damaged",
				    it->id);
		rb->stash[rb->nstash] = (struct stash){ it->id, rb->stash_base + (int) rb->nstash };
		rb->nstash++;
	}
	return 0;
}

static int raise_limit(struct ctx *cx, const struct rebuild *rb)
{
	struct rlimit l;
	rlim_t need = (rlim_t) rb->stash_base + rb->nstash + LOWEST_BASE;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return fail(cx, -errno, "read the limit of descriptors");
	if (l.rlim_cur >= need)
		return 0;
	l.rlim_cur = need;
	if (l.rlim_max < need)
		l.rlim_max = need;
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		return fail(cx, -errno, "allow %ju open files (raise it with ulimit -Hn)",
			    (uintmax_t) need);
	return 0;
}

static const struct item *description(const struct image *im, uint64_t id)
{
	for (size_t i = 0; i < im->items.n; i++)
		if (im->items.item[i].ops->scope == SCOPE_DESCRIPTION && im->items.item[i].id == id)
			return &im->items.item[i];
	return NULL;
}

static int open_one(struct ctx *cx, const struct image *im, const struct item *it,
		    struct rebuild *rb)
{
	const struct item *around = description(im, it->id);
	_close_ int fd = -1;
	int number = rebuild_fd(rb, it->id), r;

	if (!around)
		return fail(cx, ERR_DAMAGED, "file %" PRIu64 " has no description", it->id);
	r = it->ops->restore(cx, rb, it->obj, &it->bulk, &fd);
	if (r >= 0 && !it->ops->borrowed)
		r = around->ops->restore(cx, rb, around->obj, &around->bulk, &fd);
	if (r < 0)
		return blame(cx, r, "%s", it->ops->record.name);
	if (dup3(fd, number, O_CLOEXEC) < 0)
		return fail(cx, -errno, "give %s the number %d", it->ops->record.name, number);
	return 0;
}

int open_files(struct ctx *cx, const struct image *im, struct rebuild *rb)
{
	int r = raise_limit(cx, rb);

	rb->opened = true;
	for (size_t i = 0; r >= 0 && i < im->items.n; i++)
		if (im->items.item[i].ops->scope == SCOPE_FILE)
			r = open_one(cx, im, &im->items.item[i], rb);
	return r;
}

void open_close(struct rebuild *rb)
{
	for (size_t i = 0; rb->opened && i < rb->nstash; i++)
		(void) close(rb->stash[i].fd);
	rb->opened = false;
	for (size_t i = 0; i < rb->nshared; i++) {
		close_p(&rb->shared[i].fd);
		rb->shared[i].fd = -1;
	}
}

void open_done(struct rebuild *rb)
{
	open_close(rb);
	free(rb->stash);
	free(rb->shared);
	rb->stash = NULL;
	rb->shared = NULL;
	rb->nstash = rb->nshared = 0;
}
