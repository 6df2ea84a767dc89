/*
 * ranges.c - ranges of addresses, sorted.
 */
#include "tree/ranges.h"

#include <stdlib.h>

void ranges_done(struct ranges *l)
{
	buf_done(&l->span);
}

struct ranges *ranges_new(void)
{
	return calloc(1, sizeof(struct ranges));
}

void ranges_free(struct ranges *l)
{
	if (l)
		ranges_done(l);
	free(l);
}

static size_t count(const struct ranges *l)
{
	return l->span.len / sizeof(struct span);
}

void ranges_add(struct ranges *l, uint64_t start, uint64_t end)
{
	struct span r = { start, end };

	if (start < end)
		buf_put(&l->span, &r, sizeof r);
}

static int by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

void ranges_sort(struct ranges *l)
{
	if (count(l))
		qsort(l->span.p, count(l), sizeof(struct span), by_start);
}

const struct span *ranges_overlap(const struct ranges *l)
{
	const struct span *r = l->span.p;

	for (size_t i = 1; i < count(l); i++)
		if (r[i].start < r[i - 1].end)
			return &r[i];
	return NULL;
}

void ranges_join(struct ranges *l)
{
	struct span *r = l->span.p;
	size_t n = 0;

	for (size_t i = 0; i < count(l); i++) {
		if (!n || r[i].start > r[n - 1].end)
			r[n++] = r[i];
		else if (r[i].end > r[n - 1].end)
			r[n - 1].end = r[i].end;
	}
	l->span.len = n * sizeof *r;
}

bool ranges_hold(const struct ranges *l, uint64_t start, uint64_t end)
{
	const struct span *r = l->span.p;
	size_t lo = 0, hi = count(l);

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (r[mid].end <= start)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < count(l) && r[lo].start <= start && end <= r[lo].end;
}
